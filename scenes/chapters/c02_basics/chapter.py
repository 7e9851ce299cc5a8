"""The model from outside, then its two halves and their tasks."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, RIGHT, VGroup

from scenes.animations import (
    Flight,
    Travel,
    appear,
    appear_in_turn,
    deal,
    dim,
    draw,
    exchange,
    fill,
    leave,
    move_ring,
    pulses,
    ring_around,
)
from scenes.chapters.c02_basics.machine import ClosedModel, ModelHalf, OpenModel, RecurrentReader, TranslationTokens
from scenes.chapters.c02_basics.predictions import RECORDED, Continuation, ModelFamilies, preferring
from scenes.chapters.c02_basics.reading import DecoderWriting, EncoderOutputs, TokenVectors, TwoContexts
from scenes.mobjects.next_word import PairTable
from scenes.mobjects.passage import rows_of
from scenes.mobjects.sentences import across, is_short, one_by_one, spelled
from scenes.mobjects.text import Words
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Beat, Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.training_pairs import in_spanish, met
from transformer_core.tracing.trace import Trace

#: Two matrices of parameters that are shown for all, by the names under them.
SHOWN = {"input embeddings": "embed_src.table", "output embeddings": "output.w"}
#: The memory of an LSTM that reads the same sentence, after each word.
MEMORIES = "lstm.encoder.cells"


class Basics(Chapter):
    """The model at work, closed and then opened half by half."""

    number = 2
    title = "Basics"
    needs = ("cross-attention",)

    def steps(self, trace: Trace) -> Iterator[Step]:
        text = TranslationTokens(trace)
        params = trace["config.parameters"]
        machine = ClosedModel(text.source, text.output, f"{params:,.0f} parameters")
        yield from self.in_and_out(text, trace, machine)
        yield from self.never_seen(trace, machine)
        yield from self.two_halves(text, trace, machine)
        yield from self.stripes(text, trace)
        yield from self.understand(text, trace)
        yield from self.generate(text, trace)
        families = ModelFamilies(trace, text.memory, text.source, text.output)
        yield from self.families(trace, families)
        if RECORDED in trace:
            yield from self.what_comes_next(trace, families.alone[1])
            yield from self.likely_is_not_true(trace, families.alone[1])
        yield from self.where_it_fails(text, trace)
        yield from self.who_does_what(text, trace)

    def in_and_out(self, text: TranslationTokens, trace: Trace, picture: ClosedModel) -> Iterator[Step]:
        """The question, and the model at work behind closed doors."""
        tokens = "cut into tokens: words, or parts of words."
        goes_in = f"“{spelled(text.source)}” goes in, {tokens}" if text.short else f"A sentence goes in, {tokens}"
        given = "given" in trace.about
        if not text.output:
            comes_out = "Not a word comes out: the first choice is the end mark."
        elif text.short:
            comes_out = f"“{spelled(text.output)}” " + claim(
                given, "is laid beside it, one token at a time.", "comes out, one token at a time."
            )
        else:
            comes_out = claim(given, "Another is laid beside it, token by token.", "Another comes out, token by token.")
        yield Step(
            claim(bool(text.output), "A sentence goes in, another comes out", "A sentence goes in, nothing comes out"),
            beat(goes_in, draw(*picture.goes_in, kind="flow"), picture.enter()),
            beat(comes_out, *one_by_one(picture.comes_out, picture.output, picture.doors)),
            beat("All that lies between is a transformer:", appear(picture.note)),
            beat(
                "numbers that training sets, its parameters.",
                appear_in_turn(picture.filled({name: trace[f"parameters.{SHOWN[name]}"] for name in SHOWN}), "slow"),
            ),
            beat("Which of its parts does what?", ambient=pulses([*picture.goes_in, *picture.comes_out], role="focus")),
            stage=[picture.source, picture.box, picture.title],
        )

    def never_seen(self, trace: Trace, machine: ClosedModel) -> Iterator[Step]:
        """The pair that training never joined, among those that it did."""
        found = met(trace)
        if found is None:
            return
        noun, adjective, own = found
        table = trace["training.pairs"]
        count = table.pick(noun=noun, adjective=adjective)
        of_noun = trace["training.noun_totals"].pick(noun=noun)
        of_adjective = trace["training.adjective_totals"].pick(adjective=adjective)
        picture = PairTable(table, noun, adjective, machine.between)
        totals, never = picture.totals(of_noun, of_adjective), count == 0
        known = {str(chip.label).lower(): chip for chip in machine.source}
        heads = [*picture.rows, *picture.columns]
        sources = [known.get(str(chip.label)) for chip in picture.mine]
        coming = [
            Travel(source, chip, kind="row") if source else appear(chip)
            for source, chip in zip(sources, picture.mine, strict=True)
        ]
        rest = [*picture.hollow, *picture.others, *totals, *(chip for chip in heads if chip not in picture.mine)]
        origins = {form: chip for chip in picture.beside for form in in_spanish(str(chip.label))}
        made = [(origins.get(str(getattr(chip, "label", ""))), chip) for chip in machine.output if own]
        yield Step(
            claim(never, "It never saw this pair", "How often did it see this pair?"),
            beat(
                "It learned from pairs of sentences that a small grammar makes.",
                tuple(coming),
                (
                    appear_in_turn([chip for chip in heads if chip not in picture.mine], "slow"),
                    fill(picture.hollow, "slow"),
                ),
            ),
            beat("Each cell counts those that join its two words.", fill(picture.others, "cell")),
            beat(
                claim(
                    never,
                    claim(
                        own,
                        f"None joins “{noun}” and “{adjective}”: this pair was kept back.",
                        f"None joins “{noun}” and “{adjective}”.",
                    ),
                    f"“{noun}” stood with “{adjective}” {count:,.0f} times.",
                ),
                appear(picture.cell),
                appear(picture.ring),
            ),
            beat(
                f"“{noun}” came with an adjective {of_noun:,.0f} times,",
                dim(*picture.aside) if len(picture.aside) else None,
                appear(totals[0]),
            ),
            beat(
                f"“{adjective}” with a noun {of_adjective:,.0f} times"
                + claim(all(picture.more), "; some are shown.", "."),
                appear(totals[1]),
            ),
            beat(
                claim(
                    never,
                    claim(
                        own,
                        "So the answer can’t be a memory of this sentence: it is put together.",
                        "An answer with both could not be remembered: it must be put together.",
                    ),
                    "So a part of this answer may be remembered.",
                ),
                (leave(*rest), *exchange(picture.mine, picture.beside, "row")),
                tuple(Flight(out, chip, picture.bend(out, chip), "slow") for out, chip in made if out) or None,
            ),
            stage=[machine.source, machine.output],
        )

    def two_halves(self, text: TranslationTokens, trace: Trace, closed: ClosedModel) -> Iterator[Step]:
        """The box opens."""
        picture = OpenModel(trace, text.source, text.output)
        yield Step(
            "An encoder and a decoder",
            beat(
                "The box opens: it has two halves, each a stack of layers.",
                (
                    leave(closed.box, closed.title),
                    deal([closed.box, closed.box], [picture.encoder, picture.decoder]),
                    *exchange(closed.source, picture.source),
                ),
            ),
            beat("The encoder reads the sentence, and works out what each word means there.", *picture.read()),
            beat("It hands over a vector for each token.", *picture.hand_over()),
            beat(
                "From them, the decoder generates the answer.",
                *picture.write(),
                ambient=pulses(picture.ways, role="focus"),
            ),
            stage=[closed.source, closed.box, closed.title],
        )

    def stripes(self, text: TranslationTokens, trace: Trace) -> Iterator[Step]:
        """The picture of a vector explained: a cell for each number."""
        token = focus_of(trace).query_token
        picture = TokenVectors(trace, text.source, rows_of(trace, "embed_src.sum").pick(position=token))
        place = picture.line.place(token)
        yield Step(
            "How to read a vector",
            beat(
                "Inside the model, each token is a vector. "
                + claim(
                    "embed_src.positional" in trace,
                    f"This is “{token}” at its place: {trace['config.d_model']} numbers.",
                    f"This is “{token}”: {trace['config.d_model']} numbers.",
                ),
                picture.line.mark({place: "residual"}),
                Travel(picture.line.chips[place], picture.vector, kind="row"),
            ),
            beat(
                "Each stripe is one number: blue above zero, orange below.",
                (draw(*picture.rays, kind="slow"), deal(picture.origins, picture.cells, kind="slow")),
            ),
            beat("The stronger the colour, the farther from zero.", appear(ring_around(picture.strongest))),
            stage=[picture.line, picture.encoder],
        )

    def understand(self, text: TranslationTokens, trace: Trace) -> Iterator[Step]:
        """The left half: vectors in, vectors out."""
        picture = EncoderOutputs(trace, rows_of(trace, "embed_src.sum"), text.memory)
        words, width = trace["config.words"], trace["config.d_model"]
        token = focus_of(trace).query_token
        mine = next(k for k, name in enumerate(picture.names) if name.label.position == token.position)
        others = [k for k in range(len(picture.names)) if k != mine]
        flow = pulses([*picture.ways_in, *picture.ways_out], role="focus")
        told = self.in_context(text, trace, picture) or [
            beat(
                claim(
                    float(words) > 1,
                    "What has changed: each vector now knows its context. It is a contextual embedding.",
                    "With more tokens, each vector would get to know its context.",
                ),
                appear(ring_around(picture.before[mine])),
                appear(ring_around(picture.after[mine])),
                ambient=flow,
            )
        ]
        yield Step(
            "The encoder: understand",
            beat(
                "The encoder reads the whole sentence at once.",
                deal([picture.names[k] for k in others], [picture.before[k] for k in others]) if others else None,
                draw(*picture.ways_in, kind="row"),
            ),
            beat("Layer by layer, it compares the tokens with each other,", *picture.compare()),
            beat(
                "and hands out a new vector for each.",
                (draw(*picture.ways_out, kind="row"), deal(picture.columns[-1], picture.after)),
            ),
            beat(
                f"The shape stays: {counted(words, 'vector')} of {width} numbers went in, {words} came out.",
                appear(shape := ring_around(VGroup(*picture.before))),
                move_ring(shape, VGroup(*picture.after)),
                leave(shape),
                ambient=flow,
            ),
            *told,
            stage=[*picture.names, picture.encoder, picture.before[mine]],
        )

    def in_context(self, text: TranslationTokens, trace: Trace, reading: EncoderOutputs) -> list[Beat]:
        """A word of two sentences goes into the encoder as one vector, and two come out, each with its context."""
        token = TwoContexts.word_of(trace)
        if token is None:
            return []
        picture = TwoContexts(trace, token, text.memory.name)
        names, rows, ways_in = (
            [part for one in picture.both for part in getattr(one, kind)] for kind in ("names", "before", "ways_in")
        )
        inside = [vector for one in picture.both for column in one.columns for vector in column]
        strands = [line for one in picture.both for fan in one.fans for line in fan]
        flow = pulses([*ways_in, *picture.ways_out], role="focus")
        gone = [*reading.names, *reading.before, *reading.after, *reading.ways_in, *reading.ways_out]
        gone += [*reading.between, *(part for parts in (*reading.columns, *reading.fans) for part in parts)]
        return [
            beat(
                f"What has changed? Here “{token}” goes in twice, as the same vector.",
                (leave(*gone), *exchange([reading.encoder], [picture.both[0].encoder])),
                (appear(*names), deal(names, rows)),
                (appear(picture.same), draw(*ways_in, kind="flow")),
                (appear(*inside, rise=False), draw(*strands, kind="row")),
            ),
            beat(
                "Two come out: each knows its context.",
                (draw(*picture.ways_out, kind="flow"), deal(picture.doors, picture.after)),
                (draw(*picture.links, kind="flow"), appear(picture.key)),
            ),
            beat("It is a contextual embedding.", ambient=flow),
        ]

    def generate(self, text: TranslationTokens, trace: Trace) -> Iterator[Step]:
        """The right half: a probability for each word, and the next input."""
        probs, vocab = rows_of(trace, "probs"), trace["config.target_vocab"]
        picture = DecoderWriting(trace, text.memory, probs, rows_of(trace, "tail_prob"))
        first, share = probs.pick(position=0).largest()
        ends = probs.pick(position=len(probs) - 1).largest()[0].position == trace.about["end"]
        turns = [picture.turn(t) for t in range(1, len(probs))]
        many = len(probs) > 1
        follows = (
            "Here, the next input is given."
            if "given" in trace.about
            else claim(many, "It is written, and becomes the next input.", "It ends the sentence at once.")
        )
        close = claim(
            ends,
            claim(many, "So it goes on, word by word, until the end mark wins.", "That is all: the end mark won."),
            "So it goes on, word by word.",
        )
        flow = pulses([*picture.handed], role="focus")
        yield Step(
            "The decoder: generate",
            beat(
                "The decoder reads the encoder’s vectors, and what has been written so far.",
                (appear_in_turn([*picture.slots]), draw(*picture.handed, kind="row")),
                appear(picture.written.chips[0]),
                draw(picture.feeds[0]),
                ambient=flow,
            ),
            beat(
                f"It gives each of {vocab} words a probability, again with a softmax.",
                draw(*picture.chooses),
                *picture.compute(),
            ),
            beat(f"“{first}” gets {share:share}. {follows}", appear(picture.rings[0]), *(turns[0] if turns else [])),
            beat(
                close,
                *(play for turn in turns[1:] for play in turn),
                appear(picture.rings[-1]) if many and ends else None,
                ambient=flow,
            ),
            stage=[*picture.names, *picture.memory, picture.decoder],
        )

    def families(self, trace: Trace, picture: ModelFamilies) -> Iterator[Step]:
        """The same parts, three kinds of model."""
        encoder, decoder = picture.alone
        goes_on = Continuation.of(trace, "rome", decoder).sample(decoder) if RECORDED in trace else []
        flow = pulses(picture.road, role="focus")
        yield Step(
            "Three families, the same parts",
            beat(
                "An encoder-decoder turns one sequence into another: BART, and the model that we look at.",
                appear(picture.both[0].heading, picture.names[1]),
                *picture.translate(),
                ambient=flow,
            ),
            beat(
                "An encoder-only model makes a vector for each token, to search with, or to sort texts: BERT.",
                (Travel(picture.both[0], encoder, kind="row"), appear(picture.names[2])),
                appear_in_turn(encoder.working(), "rest"),
                deal([encoder.bars[0]] * len(picture.vectors), picture.vectors),
                ambient=flow,
            ),
            beat(
                "A decoder-only model goes on with a text: GPT, and with it most chatbots of today.",
                (Travel(picture.both[1], decoder, kind="row"), appear(picture.names[0])),
                *goes_on,
                ambient=flow,
            ),
            stage=[picture.both[1], picture.both[0].plate, picture.both[0].bars, picture.both[0].layers, picture.road],
        )

    def what_comes_next(self, trace: Trace, decoder: ModelHalf) -> Iterator[Step]:
        """A real decoder, with two texts that it was given."""
        asked, walk = (Continuation.of(trace, name, decoder) for name in ("rome", "walk"))
        (best, share), (other, less) = asked.probs.largest(), walk.probs.largest()
        then = Continuation.of(trace, "rome_then", decoder, asked)
        read, ways = ring_around(VGroup(asked.text, asked.answer), roomy=True), across([decoder], [asked.text], DOWN)
        yield Step(
            "A decoder alone: what comes next?",
            beat(
                "This is a small language model, pretrained on texts from the web to predict the next token.",
                draw(ways, back=True),
                asked.opens("tour"),
            ),
            beat(f"“{best}” gets {share:share}, and is written.", asked.write()),
            beat(
                "Then it is read, too, and so on, token by token.",
                appear(read),
                then.opens("row"),
                (leave(read), *then.write()),
            ),
            beat("Often there is no single answer:", leave(asked.text, then), appear(walk.text), walk.opens("row")),
            beat(
                f"here “{other}” is the likeliest, with {less:share}.",
                appear(ring := ring_around(walk.words[0], roomy=True)),
                (leave(ring), *walk.write()),
            ),
            stage=[decoder, asked.text],
        )

    def likely_is_not_true(self, trace: Trace, decoder: ModelHalf) -> Iterator[Step]:
        """A fluent model that is wrong."""
        picture = Continuation.of(trace, "water", decoder)
        best, share = picture.probs.largest()
        right, less = picture.probs.words("rank")[1], picture.probs.quantity(1)
        wrong, ring = (ring_around(picture.words[k], role, roomy=True) for k, role in enumerate(("warning", "focus")))
        likely = Words("likely", "stage word", "weight").next_to(wrong, RIGHT, gap("chip"))
        true = Words("true", "stage word").next_to(ring, RIGHT, gap("chip"))
        flow = pulses(picture.threads, picture.probs.values[: len(picture.threads)].tolist(), "background")
        yield Step(
            "Likely is not the same as true",
            beat(f"Here the same model gives “{best}” {share:share},", picture.opens()),
            beat(f"and “{right}”, which is right, only {less:share}.", appear(ring, true)),
            beat("It learned which words are likely, and nobody told it which are true.", appear(likely), ambient=flow),
            beat("Chatbots are then fine-tuned on answers that people prefer.", *preferring()),
            beat("Yet they, too, can state what isn’t so: they hallucinate.", appear(wrong), ambient=flow),
            stage=[decoder, across([decoder], [picture.text], DOWN), picture.text],
        )

    def where_it_fails(self, text: TranslationTokens, trace: Trace) -> Iterator[Step]:
        """Another translation than the grammar's, or words that it knows in an order that the grammar never makes."""
        gold, short = trace.about.get("gold"), is_short(text.source)
        missed = gold is not None and short and list(gold["words"]) != list(trace.about["output_tokens"])
        own = missed or (not trace.about.get("in_grammar", True) and short)
        if not own and "foreign" not in trace.about:
            return
        at_ = "" if own else "other.foreign."
        source = trace[f"{at_}embed_src.sum"].words("position")
        output = trace[f"{at_}probs"].words("position")[1:]
        picture = ClosedModel(source, output)
        told = "counts in its training sentences"
        world = (found := met(trace)) and PairTable(trace["training.pairs"], *found[:2], picture.inside, told)
        gives = f"gives “{spelled(output)}”" if output else "gives nothing, for the end mark comes first"
        if own and not is_short(output):
            gives = f"gives {trace['config.output_words']} words, and ends in “{spelled(output[-2:])}”"
        yield Step(
            claim(missed, "Where it fails", "Outside its grammar"),
            beat(
                claim(
                    missed,
                    "Our model can fail on a sentence of its grammar, and gives no warning:",
                    "Our model reads what its grammar never makes, too, and gives no warning:",
                ),
                draw(*picture.goes_in, kind="flow"),
                picture.enter(),
            ),
            beat(f"“{spelled(source)}” {gives}.", *one_by_one(picture.comes_out, picture.output, picture.doors)),
            beat(
                "It has learned the small world of its grammar.",
                (leave(picture.title), appear(world.title, world.rows, world.columns)) if world else None,
                fill([*world.others, world.cell], "slow") if world else None,
                appear(ring_around(picture.box)),
            ),
            beat("Every claim about our model is about that world.", ambient=pulses(picture.goes_in, role="focus")),
            stage=[picture.source, picture.box, picture.title],
        )

    def who_does_what(self, text: TranslationTokens, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        picture = OpenModel(trace, text.source, text.output)
        gone = [picture.encoder, picture.decoder, *picture.ways, *picture.output, *picture.states[-1]]
        gone += [bar for bars in picture.lit for bar in bars]
        reader = RecurrentReader(text.source, rows_of(trace, MEMORIES) if MEMORIES in trace else None)
        yield Step(
            "Who does what",
            beat(
                "So the encoder turns each token into a vector that knows its context;",
                *picture.read(),
                *picture.hand_over("row"),
            ),
            beat("the decoder writes from these vectors, one token at a time.", *picture.write()),
            beat(
                "But people read word by word. Why not the machine?",
                (leave(*gone), appear(reader.box, reader.title), *exchange(picture.source, reader.source)),
                *reader.read(),
            ),
            beat(
                "Your turn: what could get lost on the way?"
                + claim(MEMORIES in trace, " The next chapter measures it.", ""),
                ambient=pulses(reader.ways, role="focus"),
            ),
            stage=[picture.source, picture.encoder, picture.decoder],
        )
