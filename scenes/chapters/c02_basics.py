"""What goes in, what comes out, and which part does what."""

from __future__ import annotations

from collections.abc import Iterator

from manim import LEFT, UP, VGroup

from scenes.animations import appear, appear_in_turn, become, dim, fill, fly, leave, settle_in
from scenes.animations.passing import hand_out, swallow
from scenes.layout import at_floor, centred
from scenes.mobjects.black_box import Families, Machine, Reading, Senses, WholeWay, Writing
from scenes.mobjects.next_word import NextWord, PairTable, Written
from scenes.mobjects.passage import Lanes, rows_of
from scenes.mobjects.rows import Answer
from scenes.mobjects.text import Words
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.training_pairs import met
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace

#: From so many words on, a sentence is shown and not read aloud.
LONG = 6


class Basics(Chapter):
    """The model at work, closed and then opened half by half."""

    number = 2
    title = "Basics"
    needs = ("cross-attention",)

    def steps(self, trace: Trace) -> Iterator[Step]:
        self.query_token = focus_of(trace).query_token
        self.source = trace["embed_src.sum"].words("position")
        self.output = trace["probs"].words("position")[1:]
        self.size = f"{trace['config.words']} × {trace['config.d_model']}"
        last = int(float(trace["config.encoder_layers"])) - 1
        final = "encoder.final_norm.out"
        self.memory = rows_of(trace, final if final in trace else f"encoder.{last}.resid_post")
        yield from self.in_and_out(trace)
        yield from self.never_seen(trace)
        yield from self.understand(trace)
        yield from self.generate(trace)
        yield from self.families(trace)
        if "other_sense" in trace.about:
            yield from self.two_senses(trace)
            yield from self.where_it_fails(trace)
        yield from self.who_does_what(trace)

    def in_and_out(self, trace: Trace) -> Iterator[Step]:
        """The question, and the model at work behind closed doors."""
        params = trace["config.parameters"]
        machine = Machine(self.source, self.output, "Transformer", f"{params:,.0f} parameters")
        told = (
            f"“{spelled(self.source)}” goes in; “{spelled(self.output)}” "
            + ("is laid beside it, one token a pass. |" if "given" in trace.about else "comes out, one token a pass. |")
            if max(len(self.source), len(self.output)) <= LONG
            else "A sentence goes in; another comes out, one token a pass. |"
        )
        if not self.output:
            told = f"“{spelled(self.source)}” goes in; not a word comes out: the first choice is the end mark. |"
        yield Step(
            claim(bool(self.output), "A sentence goes in, another comes out", "A sentence goes in, nothing comes out"),
            say=f"What goes in, what comes out, and which part does what? |{told}"
            f"The box between holds {params:,.0f} numbers that training sets. Let us open it.",
            show=[
                [appear_in_turn([*machine.source]), appear(machine.box, machine.title)],
                [
                    (appear(machine.ways[0]), swallow(machine.source, machine.box, "row")),
                    (appear(machine.ways[1]), hand_out(machine.output, machine.box, "slow")),
                ],
                appear(*machine.closed[2:]),
            ],
        )

    def never_seen(self, trace: Trace) -> Iterator[Step]:
        """The pair that training never joined, among those that it did."""
        found = met(trace)
        if found is None:
            return
        noun, adjective, own = found
        table = trace["training.pairs"]
        count = table.pick(noun=noun, adjective=adjective)
        of_noun = trace["training.noun_totals"].pick(noun=noun)
        of_adjective = trace["training.adjective_totals"].pick(adjective=adjective)
        picture = centred(PairTable(table, noun, adjective))
        if count > 0:
            first = f"Training joined “{noun}” and “{adjective}” {count:,.0f} times. |"
            close = "So part of this answer may be memory."
        else:
            first = f"Training never joined “{noun}” and “{adjective}”. |"
            close = (
                "So the answer isn’t a stored sentence: something is put together."
                if own
                else "A sentence with both could not be remembered: it must be put together."
            )
        yield Step(
            "It never saw this pair" if count == 0 else "How often did it see this pair?",
            say=f"{first}It met “{noun}” {of_noun:,.0f} times with an adjective, “{adjective}” {of_adjective:,.0f} "
            f"times with a noun. |{close}",
            show=[
                [appear(picture.mine), appear(picture.cell)],
                [
                    appear(*(chip for chip in [*picture.rows, *picture.columns] if chip not in picture.mine)),
                    fill(VGroup(*picture.others), "row"),
                    (appear(picture.ring), dim(*picture.aside)) if picture.aside else appear(picture.ring),
                ],
                None,
            ],
            stay=(),
        )

    def understand(self, trace: Trace) -> Iterator[Step]:
        """The left half opens: rows in, rows out."""
        lanes = self.lanes = Lanes(self.memory, self.query_token, pitch=92, room=420, middle=530)
        self.reading = reading = Reading(lanes, trace, rows_of(trace, "embed_src.sum"), self.memory, self.size)
        words, width = trace["config.words"], trace["config.d_model"]
        enter, go = ("row enters", "row leaves") if float(words) == 1 else ("rows enter", "rows leave")
        yield Step(
            "The encoder: understand",
            say="The encoder reads all of the source at once. |"
            "The notes that began this lecture say: understand and compress. "
            f"But nothing gets shorter: |{words} {enter}, {words} {go}, each {width} wide. |"
            + claim(
                float(words) > 1,
                "What changes is what a row knows about its neighbours.",
                "With more rows, each gets to know its neighbours.",
            ),
            show=[
                [
                    appear_in_turn([*lanes.chips.values()]),
                    appear(reading.before, reading.names[0]),
                    appear(reading.tower, reading.tower_name),
                ],
                [
                    (appear(reading.ways), swallow([reading.before], reading.tower)),
                    (hand_out([reading.after], reading.tower), appear(reading.names[1])),
                ],
                appear(reading.sizes),
                None,
            ],
            stay=(),
        )

    def generate(self, trace: Trace) -> Iterator[Step]:
        """The right half opens: a probability for each word, and the next input."""
        lanes = self.lanes
        writing = Writing(lanes, trace, self.memory)
        probs, vocab = rows_of(trace, "probs"), trace["config.target_vocab"]
        steps = [NextWord(probs.pick(position=t), lanes.left + 900, 300) for t in range(len(probs))]
        heading = Words(f"the likeliest of {vocab} words", "aside", "ink2")
        heading.next_to(steps[0], UP, buff=gap("chip")).align_to(steps[0], LEFT)
        written = Written(probs.words("position"), 836)
        first, share = probs.pick(position=0).largest()
        reads = probs.words("position")
        lines = [step.line_of(word) for step, word in zip(steps, reads[1:], strict=False)]
        others = [
            (become(steps[t - 1], steps[t]), fly(line[0], written.chips[t]) if line else appear(written.chips[t]))
            for t, line in enumerate(lines, 1)
        ]
        ends = probs.pick(position=len(probs) - 1).largest()[0].position == trace.about["end"]
        close = claim(
            ends,
            claim(len(probs) > 1, "Word by word, until the end mark wins.", "The end mark wins at once: that is all."),
            "Word by word.",
        )
        follows = f"“{first}” gets {share:share}" + (
            ". Here the next input is given. |"
            if "given" in trace.about
            else claim(len(probs) > 1, ", and becomes the next input. |", ", the most. |")
        )
        yield Step(
            "The decoder: generate",
            say="The decoder writes. From the encoder’s rows, and from what it has written, |"
            f"it gives each of {vocab} words a probability. |{follows}{close}",
            show=[
                [
                    (
                        settle_in(self.reading.after, writing.memory),
                        leave(
                            self.reading.before,
                            self.reading.tower,
                            self.reading.tower_name,
                            self.reading.ways,
                            self.reading.names,
                            self.reading.sizes,
                        ),
                    ),
                    appear(writing.memory_name, writing.ways, writing.tower, writing.tower_name),
                    appear(written.slots, written.chips[0], writing.feed),
                ],
                [appear(writing.chooses, heading), appear_in_turn([*steps[0].lines])],
                [*reversed(others[0])] if others else None,
                others[1:] or None,
            ],
            stay=[self.reading, *lanes],
        )

    def families(self, trace: Trace) -> Iterator[Step]:
        """The same parts, three kinds of model."""
        lanes = Lanes(self.memory, self.query_token, top=610, pitch=44, room=250)
        picture = Families(trace, lanes, self.memory, self.output)
        first, second, third = picture.columns
        yield Step(
            "Three families, the same blocks",
            say="The encoder alone gives a row for each token, to tag or to search with. |"
            "The decoder alone continues a text. |Together they turn one sequence into another. |"
            "All three are built from the parts that we will see.",
            show=[
                [appear(first), appear(lanes, picture.rows)],
                [appear(second), appear(picture.continued)],
                [appear(third), appear_in_turn([*picture.translation])],
                None,
            ],
            stay=(),
        )

    def two_senses(self, trace: Trace) -> Iterator[Step]:
        """One word of the source changes the translation of another one."""
        keys = ("one_sense", "other_sense")
        fact = trace.about["one_sense"]
        layer = int(float(trace["config.decoder_layers"])) - 1
        sources = [trace[f"other.{key}.embed_src.sum"].words("position") for key in keys]
        outputs = [trace[f"other.{key}.probs"].words("position")[1:] for key in keys]
        places = [
            min(
                int(trace[f"other.{key}.decoder.{layer}.cross_attn.written_at"].pick(batch=0, key=fact["noun"])),
                len(output) - 1,
            )
            for key, output in zip(keys, outputs, strict=True)
        ]
        picture = Senses(list(zip(sources, outputs, strict=True)), fact["noun"], fact["decides"], places)
        a, b = (source[fact["decides"]] for source in sources)
        noun = sources[0][fact["noun"]]
        first, second = (output[place] for output, place in zip(outputs, places, strict=True))
        told = (
            f"and “{noun}” turns from “{first}” into “{second}”. |"
            "So one word has changed another word’s translation. By which road? That is our question."
            if str(first) != str(second)
            else f"and “{noun}” stays “{first}”: |this model doesn’t use the hint."
        )
        yield Step(
            "One word changes another",
            say=f"Change “{a}” to “{b}”, |{told}",
            show=[
                [
                    appear(picture.sources[0]),
                    (appear(picture.outputs[0]), appear(picture.links[0])),
                    (appear(picture.sources[1]), appear(picture.changed)),
                ],
                [(appear(picture.outputs[1]), appear(picture.links[1])), appear(picture.answers)],
                appear(picture.roads),
            ],
            stay=(),
        )

    def where_it_fails(self, trace: Trace) -> Iterator[Step]:
        """Another translation than the grammar's, or words that it knows in an order that the grammar never makes."""
        gold, short = trace.about.get("gold"), len(self.source) <= LONG
        missed = gold is not None and short and list(gold["words"]) != list(trace.about["output_tokens"])
        own = missed or (not trace.about["in_grammar"] and short)
        at_ = "" if own else "other.foreign."
        source = trace[f"{at_}embed_src.sum"].words("position")
        output = trace[f"{at_}probs"].words("position")[1:]
        machine = Machine(source, output, "Transformer")
        gives = f"gives “{spelled(output)}”" if output else "gives nothing, for the end mark comes first"
        if own and len(output) > LONG:
            gives = f"gives {trace['config.output_words']} words, and ends in “{spelled(output[-2:])}”"
        yield Step(
            claim(missed, "Where it fails", "Outside its grammar"),
            say=claim(
                missed,
                f"It can fail on a sentence of its grammar, and gives no warning: |“{spelled(source)}” {gives}. |",
                f"What its grammar never makes is read without a warning: |“{spelled(source)}” {gives}. |",
            )
            + "Its sentences come from a grammar that was written for it: every claim here is about that small world.",
            show=[
                [appear_in_turn([*machine.source]), *([] if missed else [appear(machine.warned())])],
                [
                    (appear(machine.closed, machine.ways), swallow(machine.source, machine.box)),
                    hand_out(machine.output, machine.box),
                ],
                None,
            ],
            stay=(),
        )

    def who_does_what(self, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        lanes = Lanes(self.memory, self.query_token, pitch=84, room=430, middle=490)
        way = WholeWay(lanes, trace, self.memory, self.output)
        answer = at_floor(Answer("The encoder turns words into rows that know their neighbours; the decoder writes."))
        words = trace["config.words"]
        stay = "stays" if float(words) == 1 else "stay"
        yield Step(
            "Who does what",
            say="The encoder turns words into rows that know their neighbours; |"
            "the decoder writes from them, one token a pass. |"
            "But people read word by word. Why not the machine? |"
            f"Your turn: if {counted(words, 'row')} {stay} {words}, what is compressed?",
            show=[
                [
                    appear_in_turn([*lanes]),
                    (appear(way.encoder, way.names[0], way.goes_in, way.ways[0]), swallow([*lanes], way.encoder)),
                    hand_out([way.memory], way.encoder),
                ],
                [
                    appear(way.ways[1], way.decoder, way.names[1], way.comes_out),
                    hand_out(way.output, way.decoder),
                ],
                appear(answer),
                None,
            ],
            stay=(),
        )


def spelled(words: tuple[Label, ...]) -> str:
    """The words of a sentence, each with its source."""
    return " ".join(f"{word}" for word in words)
