"""A chain and a grid: what an LSTM does word by word, and a Transformer with all words at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import (
    Dive,
    Flight,
    Rise,
    Travel,
    Visit,
    Wipe,
    appear,
    appear_in_turn,
    draw,
    follow,
    leave,
    move_ring,
    pulses,
    ring_around,
)
from scenes.chapters.c03_lstm.comparisons import ChainOrGrid, SentenceStates, SwappedWords, where_they_rise
from scenes.chapters.c03_lstm.figures import (
    BILLION,
    NEAR,
    TICKS,
    ChainIntoGrid,
    LSTMChain,
    LSTMGates,
    MemoryShares,
    over,
    reaching,
    room_for,
)
from scenes.chapters.c03_lstm.gradients import GradientOverTime, PowersOfTen
from scenes.layout import STAGE
from scenes.mobjects.curves import Curves
from scenes.mobjects.region import Region
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.sentences import sentence
from scenes.mobjects.text import Words, number
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.permutation import TURNED, exchanged
from transformer_core.studies.measures.recurrence import SHORT_AND_LONG, parted
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import Trace

#: The LSTM of this sentence, and what is made of a longer one, in which a word belongs to another far from it.
READER, LONG = "lstm.encoder", "other.long"
ATTENDING = "lstm_with_attention"
RUN, RECALL = "experiment.against_lstm", "experiment.recall"
#: The translators, what they are called, and their roles.
TRANSLATORS = {
    "LSTM": ("LSTM", "residual"),
    "LSTM with attention": ("LSTM + attention", "key"),
    "Transformer": ("Transformer", "weight"),
}
#: The models that recall.
RECALLING = {
    "transformer": ("Transformer", "weight"),
    "LSTM, gates open": ("LSTM, gates open", "value"),
    "LSTM": ("LSTM", "residual"),
}


class AgainstLSTM(Chapter):
    """A chain against a grid: order for free, or short paths and all words at once."""

    number = 3
    title = "Transformers vs LSTMs"
    needs = ("cross-attention", "an LSTM")

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - chains are compared with the whole encoder
        return "encoder"

    def steps(self, trace: Trace) -> Iterator[Step]:
        memories = trace[f"{READER}.cells"].pick(batch=0)
        words = memories.words("position")
        ribbon = sentence(words, room_for(words), at_foot=True)
        chain = LSTMChain(memories, ribbon)
        yield from self.a_chain(trace, chain)
        yield from self.three_gates(trace, chain)
        long = sentence(trace[f"{LONG}.{READER}.cells"].words("position"), STAGE, at_foot=True)
        yield from self.a_grid(trace, chain, long)
        yield from self.how_far(trace, long)
        models = (READER.removesuffix(".encoder"), ATTENDING)
        states = SentenceStates([trace.under(f"{LONG}.{name}") for name in models], trace.about["long"]["gold"], long)
        yield from self.one_state(trace, long, states)
        yield from self.what_attention_buys(trace, states, Region("translators trained on the same sentences"))
        recall = Region("recall the first symbol of a sequence")
        run = trace.under(RECALL)
        distances = run["distances"].quantities()
        rows = {name: run["gradient"].pick(model=name) for name in RECALLING}
        back = GradientOverTime([*distances[:NEAR], distances[-1]], rows["LSTM"], recall.inside)
        ends = {name: row.quantity(-1) for name, row in rows.items()}
        powers = PowersOfTen(ends, RECALLING, back.above, back.beneath)
        yield from self.the_signal(run, recall, states, back, powers)
        yield from self.be_fair(run, recall, back)
        if order := exchanged(words):
            yield from self.who_notices(trace, order)
        yield from self.what_is_traded(trace)

    def a_chain(self, trace: Trace, chain: LSTMChain) -> Iterator[Step]:
        """The question of the chapter, and the LSTM at work, step by step."""
        chips = chain.ribbon.chips
        eye, ticks = ring_around(chips[0]), trace["config.tokens_read"].quantities()
        steps = VGroup(
            number(tick, "", "large number", "residual").next_to(cell, UP)
            for tick, cell in zip(ticks, chain.cells, strict=True)
        )
        size = trace[f"{READER}.state_size"]
        several = len(chips) > 1
        turn = ring_around(chain.cells[-2 if several else 0], "residual")
        yield Step(
            "Reading word by word: an LSTM",
            beat(
                "People read word by word. Why doesn’t the Transformer?",
                appear(eye),
                Visit(eye, chips) if several else None,
                leave(eye),
            ),
            beat("An older network does: the LSTM, or long short-term memory.", *chain.first()),
            beat(f"Its memory, the cell state, is a vector of {size} numbers.", appear(steps[0])),
            beat("Each word changes it, and hands it on.", *chain.hand_on(steps)) if several else None,
            beat(
                f"Step {ticks[-1]} has to wait for step {trace['config.recurrent_path_length']}.",
                appear(turn),
                move_ring(turn, chain.cells[-1], "residual"),
            )
            if several
            else None,
            stage=[chain.ribbon],
        )

    def three_gates(self, trace: Trace, chain: LSTMChain) -> Iterator[Step]:
        """One cell from inside: the three gates."""
        at = min(1, len(chain.cells) - 1)
        chip, room = chain.ribbon.chips[at], over(chain.ribbon)
        part = trace.under(READER, batch=0, position=chip.label.position)
        gates = LSTMGates(part, chip.label, room.padded())
        dive = Dive([chain], chain.cells[at], room)
        yield Step(
            "Three gates: keep, write, show",
            beat(
                f"What happens to the memory as “{chip.label}” is read?",
                (chain.ribbon.mark({at: "residual"}), dive),
                gates.come("keep", chain.ribbon.chips[max(at - 1, 0)]),
            ),
            beat(
                "The forget gate says what to keep: it multiplies each by a number from zero to one.",
                *gates.gate("keep"),
                appear_in_turn([*gates.worked]),
            ),
            beat(
                "The input gate says what to write,",
                leave(gates.worked),
                gates.come("write", chip),
                *gates.gate("write"),
            ),
            beat("and that is added: the new memory.", *gates.add_up()),
            beat(
                "The output gate says what to show: the hidden state.",
                gates.come("show", gates.lines["add"][2]),
                *gates.gate("show"),
            ),
            beat("All come from the word and the last hidden state.", *gates.make(), Rise(dive, gates.made)),
            stage=[chain.ribbon, chain],
        )

    def a_grid(self, trace: Trace, chain: LSTMChain, long: Ribbon) -> Iterator[Step]:
        """The set piece: the chain folds into a grid, and the grid of attention takes its place."""
        focus = focus_of(trace)
        weights, parts = focus.seen(trace)["weights"], trace[f"{READER}.memory_shares"].pick(batch=0)
        folding = ChainIntoGrid(chain, parts, weights, focus.query_token)
        first, left = parts.words("key")[0], parts.quantity(len(parts) - 1, 0)
        n, pairs = trace["config.words"], trace["config.score_count"]
        cells = [folding.memory.cells[i, 0] for i in range(len(parts))]
        ring = ring_around(cells[0], "residual")
        several = len(cells) > 1
        if several:
            yield Step(
                "What is left of the first word?",
                beat("Lay down the memory after each word, row by row.", chain.ribbon.mark({}), *folding.fold()),
                beat("Each row is a sum: a word’s part is how far its vector reaches along it.", folding.cut()),
                beat(
                    f"At first “{first}” has all of the memory, at the end {left:share}."
                    + claim(bool(left < 1 / 2), " Each new word dilutes the older ones.", ""),
                    appear(ring),
                    *(move_ring(ring, cell, "residual") for cell in cells[1:]),
                ),
                stage=[chain.ribbon, chain],
            )
        top_key, most = focus.seen(trace).in_full("weights", query=focus.query_token).largest()
        here = weights.position("query", focus.query_token)
        rows = [ring_around(folding.attention.row(i), "weight") for i in range(len(weights))]
        own, alone = ring_around(folding.attention.row(here)), (*folding.memory.chips, *folding.memory.hollow.values())
        yield Step(
            "Attention: all words at once",
            beat(
                claim(
                    several,
                    "Attention keeps all words instead, and each may look at every other.",
                    "Attention keeps each word instead. Here, there is only one.",
                ),
                folding.empty() if several else appear(*alone),
            ),
            beat(
                f"{counted(n, 'word')}, {counted(pairs, 'pair')}, one matrix product: none waits for another.",
                folding.meet(),
            ),
            beat(
                claim(bool(trace["config.heads"] > 1), "In one head, one of several attentions", "Here")
                + f", “{focus.query_token}” looks at “{top_key}” with {most:share}.",
                appear(own),
                folding.look(),
            ),
            beat(
                "So a layer is one step, however long the sentence.",
                (leave(own), appear(*rows)),
                (leave(*rows, chain.ribbon, *alone, *folding.attention.cells.values()), follow(VGroup(*long.chips))),
                draw(*reaching(long), kind="row"),
            ),
            stage=[chain.ribbon, *([folding.memory] if several else [])],
        )

    def how_far(self, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """State updates between two words that belong together, counted along the chain; one arc of attention."""
        facts, layers = trace.about["long"], range(trace.about["config"]["encoder_layers"])
        (far, near), last = facts["forms"], facts["text"].split()[-1]
        heads = [trace.full(name) for i in layers if (name := f"{LONG}.encoder.{i}.self_attn.weights") in trace]
        weights = [head.pick(batch=0, query=last, key=far).largest()[-1] for head in heads]
        weight, forms = max(weights, default=None), [*facts["forms"].values()]
        picture = MemoryShares(trace.under(f"{LONG}.{READER}"), (far, near, last), forms, weight, ribbon)
        (start, _, end), (one, between, other) = picture.places, picture.words
        yield Step(
            "How far apart are two words?",
            beat(
                f"Spanish “{other}” agrees with “{one}”, not with the nearer “{between}”.",
                ribbon.mark({start: "residual", end: "focus"}),
                appear(*picture.forms[:-1]),
                picture.agree(),
            ),
            beat(
                claim(
                    picture.fades,
                    f"Along the chain, {picture.hops} updates leave less and less of “{one}”.",
                    f"Along the chain, “{one}” has to survive {picture.hops} updates of the memory.",
                ),
                (appear_in_turn([*picture.tanks]), appear(picture.wrote)),
                appear(picture.bars[0], picture.numbers[0]),
                picture.survive(),
            ),
            beat(
                "Attention connects the two directly"
                + (
                    ", within one layer."
                    if weight is None
                    else f": in one head, “{other}” looks at “{one}” with {weight:share}."
                ),
                (draw(picture.arc, kind="row", back=True), appear(picture.told)),
                ambient=pulses([picture.arc]),
            ),
            stage=[ribbon],
        )

    def one_state(self, trace: Trace, ribbon: Ribbon, picture: SentenceStates) -> Iterator[Step]:
        """The outputs of two LSTMs: from the last state alone, and with attention to all states."""
        facts = trace.about["long"]
        gold, (_, noun) = facts["gold"], facts["forms"]
        alone, attending = picture.written
        chain, others, wrong, rings = picture.chain.vectors, picture.others.vectors, picture.wrong, picture.rings
        source = trace[f"{LONG}.{READER}.cells"]
        near = source.label("position", source.position("position", noun))
        misled = [str(alone[i]) for i in wrong] == [facts["forms"][near]]
        right, most = [*map(str, attending)] == [*gold], [row.largest() for row in picture.weights]
        tops, clear = [state for state, _ in most], all(weight > 1 / 2 for _, weight in most)
        decides = right and clear and str(tops[0]) in facts["forms"]
        strands = picture.looks()
        flow = pulses(strands)
        first = ring_around(picture.outputs[1][0], "weight")
        yield Step(
            "One state for a whole sentence",
            beat(
                "To translate, an LSTM hands over only its last memory and hidden state.",
                (ribbon.mark({}), appear_in_turn([*chain])),
                (leave(*chain), *(Travel(chain[-1], vector, kind="row") for vector in picture.neck)),
                appear(picture.called),
            ),
            beat("They must hold the whole sentence.", appear(picture.names[0]), picture.write_alone()),
            beat(
                claim(
                    misled,
                    f"“{alone[wrong[-1] if wrong else 0]}” is wrong: it agrees with “{near}”.",
                    verdict_on(alone, gold),
                ),
                (appear(*rings), ribbon.mark({near.position: "warning"} if misled else {})) if rings else None,
            ),
            beat(
                "Let it look at all states: attention was invented for this.",
                (ribbon.mark({}), leave(picture.neck, picture.called), appear_in_turn([*others])),
                (appear(picture.names[1]), picture.write_attending()),
                draw(*strands, kind="row", back=True),
            ),
            beat(
                f"Now all is right. “{attending[0]}” looks at “{tops[0]}”, which decides its form;",
                (appear(first), ribbon.mark({tops[0].position: "weight"})),
                ambient=flow,
            )
            if decides
            else beat(
                claim(
                    right,
                    "Now all is right: "
                    + claim(
                        clear, "each word takes most from one state.", "each word takes from the states that it needs."
                    ),
                    "Even so, not all is right. Each word takes from several states.",
                )
            ),
            beat(
                f"“{attending[wrong[-1]]}” still at the last state: nobody told it where to look.",
                (leave(first), ribbon.mark({}), appear(*map(ring_around, (picture.outputs[1][wrong[-1]], others[-1])))),
                ambient=flow,
            )
            if decides and wrong and tops[wrong[-1]].position == len(others) - 1
            else None,
            stage=[ribbon],
        )

    def what_attention_buys(self, trace: Trace, states: SentenceStates, region: Region) -> Iterator[Step]:
        """Three translators on the same sentences, by the number of words."""
        run = trace.under(RUN)
        means, lengths, right = run["exact.over_seeds"], run["length"], run["by_length.over_seeds"]
        _, attending, _ = TRANSLATORS
        rows, totals = ({name: of.pick(model=name) for name in TRANSLATORS} for of in (right, means))
        first, second, third = totals.values()
        ticks = lengths.quantities()[:: SHORT_AND_LONG[0]]
        curves = Curves(
            lengths, rows, TRANSLATORS, {}, ticks, region.inside, "model", totals=totals, total="all lengths"
        )
        gone = [*states.outputs, states.names, *states.rings]
        called = curves.labels["Transformer"].copy().next_to(states.outputs[-1], DOWN, gap("part"), LEFT)
        until = run["by_length.longest_solved"].values
        bought, sure = run["exact.share_of_gain"], run["exact.effect"].pick(model=attending) == 1
        yield Step(
            "What does attention buy?",
            beat("Three translators of about one size: are long sentences harder?", appear(called)),
            beat(
                f"The LSTM gets {first:share} right. "
                + claim(
                    bool(until[0] < until[1:].min()),
                    "With its one state, it falls first.",
                    "Longer ones are harder for it.",
                ),
                (leave(*gone, called), appear(region, curves.plot, curves.ticks)),
                *curves.drawn("LSTM"),
                appear(curves.total, curves.totals["LSTM"]),
            ),
            beat(f"With attention it gets {second:share}.", *curves.drawn(attending), appear(curves.totals[attending])),
            beat(
                f"The Transformer gets {third:share}. "
                + claim(
                    bool(sure and bought > 1 / 2),
                    "So most of the gain is due to attention.",
                    "All three were trained only briefly.",
                ),
                *curves.drawn("Transformer"),
                appear(curves.totals["Transformer"]),
            ),
            stage=gone,
        )

    def the_signal(
        self, run: Trace, region: Region, states: SentenceStates, picture: GradientOverTime, powers: PowersOfTen
    ) -> Iterator[Step]:
        """The gradient that reaches the first symbol, before any training, and that it vanishes."""
        gone, far = [states.outputs[0], states.names[0], *states.rings], run["distances"].quantities()[-1]
        grid, opened, chain = powers.values.values()
        (first, late, last), (wall, door, base) = RECALLING, powers.bars.values()
        sizes = run["gradient"].pick(model=last).values.tolist()
        sinks = sizes == sorted(sizes, reverse=True)
        yield Step(
            "The vanishing gradient",
            beat("Why does it forget? A simpler task: name the first symbol.", *picture.ask()),
            beat(
                "Training learns of it by a gradient: how much the error changes with its vector.",
                (leave(*gone), appear(region)),
                *picture.begin(),
            ),
            beat(
                f"In an untrained LSTM, it {claim(sinks, 'shrinks with each symbol back', 'can get small')}"
                ": a vanishing gradient.",
                picture.away(),
            ),
            beat(
                f"{far} symbols back, "
                + claim(
                    bool(chain < grid / BILLION**2),
                    "it is below a billionth of a billionth of the Transformer’s.",
                    "it differs less from that of the Transformer.",
                ),
                *picture.far_away(Wipe(wall, towards=UP, kind="appear"), appear(base, *powers.told)),
                powers.below([first, last]),
            ),
            beat(
                claim(
                    bool(opened > BILLION * chain),
                    "Forget gates that start open let over a billion times as much through.",
                    "Forget gates that start open change it, too.",
                ),
                powers.rise([first, last]),
                appear(powers.names[late], door, rise=False),
                powers.above([first, last, late]),
            ),
            stage=gone,
        )

    def be_fair(self, run: Trace, region: Region, picture: GradientOverTime) -> Iterator[Step]:
        """The LSTM does learn it: how soon, and how surely."""
        called = dict(reversed(RECALLING.items()))
        rows, steps = ({name: run[part].pick(model=name) for name in called} for part in ("curve", "steps"))
        grid, opened = (run["steps_median"].pick(model=name) for name in ("transformer", "LSTM, gates open"))
        arrived, of, checks = run["steps.trainings_that_solved"], run["steps.trainings"], run["checks"]
        ticks = checks.quantities()[len(checks) // TICKS - 1 :: len(checks) // TICKS]
        curves = Curves(checks, rows, called, {}, ticks, picture.higher, "model")
        where_they_rise(curves, checks, rows)
        solved = {name: curves.reached(name, checks, row, steps[name]) for name, row in rows.items()}
        sooner = bool(opened > grid) and counts(steps["transformer"], steps["LSTM, gates open"])
        yet = Words("not yet every distance", "stage word", "residual").next_to(solved["LSTM"], RIGHT, buff=gap("word"))
        told = f"It typically takes {opened:,.0f} steps; the Transformer takes {grid:,.0f}."
        yield Step(
            "An LSTM can learn it, too",
            beat(
                "So, can it learn this?",
                appear_in_turn([*curves.ticks]),
                appear(curves.level(run["chance"], "by chance", DOWN)),
            ),
            beat(
                f"If its forget gates start open, {arrived.pick(model='LSTM, gates open')} of {of} trainings "
                "learn every distance: the full dots.",
                *curves.drawn("LSTM, gates open", spots=solved["LSTM, gates open"]),
                leave(picture.row),
            ),
            beat(told, *curves.drawn("transformer", spots=solved["transformer"])) if sooner else None,
            beat(
                f"As it usually starts, {arrived.pick(model='LSTM')} of {of} succeeds within "
                f"{checks.quantities()[-1]:,.0f} steps"
                + claim(bool(arrived.pick(model="LSTM") < of), ", the others not yet.", "."),
                *curves.drawn("LSTM", spots=solved["LSTM"]),
                appear(yet) if arrived.pick(model="LSTM") < of else None,
            ),
            stage=[region, picture.row, curves.plot],
        )

    def who_notices(self, trace: Trace, order: Sequence[int]) -> Iterator[Step]:
        """Two words are swapped: the states of the LSTM differ from there on; attention’s vectors only move along."""
        last = trace.about["config"]["encoder_layers"] - 1
        block = f"encoder.{last}.resid_post"
        vectors, states = (
            [
                trace[name].pick(batch=0)
                for name in (before, f"{TURNED}.{after}", f"{TURNED}.{after}.exchange_difference")
            ]
            for before, after in ((f"other.no_positions.{block}", block), (f"{READER}.states", f"{READER}.states"))
        )
        picture, moved = SwappedWords(vectors, states, order), [i for i, j in enumerate(order) if i != j]
        change = trace[f"{TURNED}.{READER}.states.exchange_change"]
        most = trace[f"{TURNED}.{block}.largest_exchange_change"]
        words, first = states[0].words("position"), moved[0]
        same = (change.values[:first] == 0).all() and (change.values[first:] > ROUNDING).all()
        rings = [ring_around(vector, "residual") for vector in picture.change[1][first:]]
        yield Step(
            "Who notices the order?",
            beat(
                f"Swap “{words[first]}” and “{words[moved[-1]]}”: attention without positions, and an LSTM.",
                picture.swap(),
            ),
            beat(
                "Computed anew, attention’s vectors "
                + claim(bool(most < ROUNDING), "are the same: none changes.", "change a little."),
                *picture.at_once(),
            ),
            beat(
                claim(
                    bool(same),
                    f"In the LSTM, every state from “{change.label('position', first)}” on changes, "
                    "because each is made from the one before.",
                    "In the LSTM, states change, because each is made from the one before.",
                ),
                *picture.in_turn(),
            ),
            beat("So an LSTM knows the order. Attention must be told.", appear(*rings, rise=False)),
            stage=[picture.before, *picture.names[::2], *picture.old],
        )

    def what_is_traded(self, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and what it costs."""
        picture = ChainOrGrid(trace[f"{LONG}.{READER}.cells"].pick(batch=0))
        half, arcs = picture.half, [*picture.arcs.values()]
        yield Step(
            "A chain, or a grid?",
            beat(
                "So why doesn’t the Transformer read word by word?",
                (appear(picture.few[0]), Flight(half.chips[0], picture.few[0])),
                *picture.reads(half, picture.few, "appear"),
            ),
            beat(
                "So that, in reading, no word waits, and none is far away.",
                (appear(picture.names[1]), draw(*arcs, kind="row")),
                ambient=pulses(arcs),
            ),
            beat("The price: it must be told the order,", *picture.swap()),
            beat("and it keeps every word: twice the words, four times the pairs.", *picture.longer()),
            beat(
                "For a text too long to keep, a memory of fixed size still fits.",
                *picture.reads(picture.whole, picture.all[len(half.chips) - 1 :], "rest"),
                appear(picture.told[0]),
            ),
            stage=[half, picture.names[0]],
        )


def verdict_on(written: Sequence[str], gold: Sequence[str]) -> str:
    """Judge a translation by that of the grammar, in words."""
    return claim(
        [*map(str, written)] == [*gold],
        "This time all is right.",
        claim(bool(parted(written, gold)), "The ringed words are wrong.", "Some words are missing."),
    )
