"""A chain and a grid: what an LSTM does word by word, and a Transformer with all words at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from manim import VGroup

from scenes.animations import Count, Sweep, appear, appear_in_turn, fill, fly, leave, ring_around, settle_in, slide
from scenes.animations.branching import multiply
from scenes.animations.passing import hand_out
from scenes.layout import at_floor
from scenes.mobjects.chain import Chain, Dial
from scenes.mobjects.contest import Recall, by_length, sinking
from scenes.mobjects.exchange import Ledger, Noticed, Traded
from scenes.mobjects.folding import Folding, Path
from scenes.mobjects.handover import Bought, Handover
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.rows import Answer
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import at
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.permutation import TURNED, exchanged
from transformer_core.studies.measures.recurrence import SHORT_AND_LONG, farthest, parted
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import Trace

STATES, WRITTEN, ATTENDING = "lstm.encoder.states", "lstm.decoder.logits", "lstm_with_attention.decoder.logits"
#: A recorded sentence in which two words far apart belong together, and the two words.
RECORDED = "experiment.companions.tired.encoder.0.self_attn"
RUN, RECALL = "experiment.against_lstm", "experiment.recall"
#: From so many links on, two words stand far apart.
FAR_APART = 5
#: From so many words on, a chain takes its time.
LONG = 8
#: What is smaller by more than this has vanished.
BILLION = 1_000_000_000


class AgainstLSTM(Chapter):
    """A chain against a grid: order for free, or short paths and all words at once."""

    number = 3
    title = "Transformers vs LSTMs"
    needs = ("cross-attention", "an LSTM")

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - chains are compared with the whole encoder
        return "encoder"

    def steps(self, trace: Trace) -> Iterator[Step]:
        self.words = trace["embed_src.sum"].words("position")
        self.ticks = trace["config.tokens_read"].quantities()
        self.kind = "slow" if len(self.words) < LONG else "tour"
        yield from self.a_chain(trace)
        yield from self.a_grid(trace)
        yield from self.how_far(trace)
        if WRITTEN in trace and ATTENDING in trace:
            yield from self.one_state(trace)
        yield from self.what_attention_buys(trace)
        yield from self.longer_is_harder(trace)
        yield from self.the_signal(trace)
        yield from self.be_fair(trace)
        if exchanged(self.words):
            if f"{TURNED}.{STATES}" in trace:
                yield from self.the_chain_notices(trace)
            yield from self.the_grid_does_not(trace)
        yield from self.what_is_traded(trace)

    def a_chain(self, trace: Trace) -> Iterator[Step]:
        """The question of the chapter, and the LSTM at work, step by step."""
        states = trace[STATES].pick(batch=0) if STATES in trace else None
        chain = self.chain = Chain(self.words, states, 575, widest=170)
        dial = self.dial = Dial(self.ticks, "steps" if len(self.ticks) > 1 else "step", at(960, 290))
        moments = VGroup(*(VGroup(*chain.moment(i), dial.dots[i]) for i in range(len(self.words))))
        size = "lstm.encoder.state_size"
        carried = (
            f"a hidden state of {trace[size]} numbers, and a memory of as many"
            if states is not None
            else "a hidden state"
        )
        waits = (
            f"Step {self.ticks[-1]} can’t start before step {trace['config.recurrent_path_length']} has ended. |"
            if len(self.words) > 1
            else ""
        )
        yield Step(
            "Reading word by word",
            say="People read from left to right. Why doesn’t the Transformer? |"
            f"An LSTM, an older network, does: after each word it hands on {carried}. |{waits}"
            "It knows the order by default, because it reads in order.",
            show=[
                [appear_in_turn([*chain.words]), appear(dial.rim, dial.places, dial.called)],
                [appear(dial.count), (Sweep(moments, self.kind), Count(dial.count, self.ticks, "", self.kind))],
                *([appear(ring_around(chain.links[-1]))] if len(self.words) > 1 else []),
                None,
            ],
        )

    def a_grid(self, trace: Trace) -> Iterator[Step]:
        """The chain folds into a grid: every pair in one step."""
        focus = focus_of(trace)
        weights = focus.seen(trace)["weights"]
        n, cells = trace["config.words"], trace["config.score_count"]
        picture = Folding(weights, self.ticks, f"{n} × {n}")
        layers = trace["config.encoder_layers"]
        alone = len(self.words) == 1
        laid = "Attention lays " + ("the word" if alone else f"all {n} words") + " along both sides of a grid."
        met = "It is compared with itself" if alone else f"All {cells} pairs are compared"
        fly_in = [fly(a, b) for words in (picture.columns, picture.rows)
                  for a, b in zip(self.chain.words, words, strict=True)]  # fmt: skip
        yield Step(
            "All words at once",
            say=f"{laid} |{met} in one matrix product, because no cell waits for another. |"
            f"So a layer is one step, however long the sentence; this encoder has {layers}.",
            show=[
                [
                    (leave(self.chain, self.dial.called), *fly_in, settle_in(self.dial.face, picture.chain.face)),
                    appear(picture.pattern.cells, picture.size, picture.chain.called),
                ],
                [
                    appear(picture.grid.rim, picture.grid.places, picture.grid.called),
                    (appear(picture.grid.dots, picture.grid.count), appear(picture.pattern.lines, rise=False)),
                ],
                None,
            ],
            stay=[self.chain, self.dial],
        )

    def how_far(self, trace: Trace) -> Iterator[Step]:
        """Links between two words, counted along the chain; one arc in the grid."""
        pair, path = farthest(trace), "encoder.0.self_attn"
        if pair[1] - pair[0] < FAR_APART:
            pair = (0, len(self.words) - 1)
        own = pair[1] - pair[0] >= FAR_APART
        if not own:
            path = RECORDED
            if f"{path}.weights" not in trace:
                return
        hops = trace[f"{path}.recurrent_path_lengths"]
        words = hops.words("key")
        start, end = pair if own else (hops.position("key", "animal"), hops.position("key", "tired"))
        picture = Path(words, hops, start, end)
        together = not own or pair == farthest(trace)
        told = "belong together, but stand far apart" if together else "stand far apart"
        yield Step(
            "How far apart are two words?",
            say=f"“{words[start]}” and “{words[end]}” {told}. |"
            f"Along the LSTM’s chain, “{words[start]}” must survive {picture.hops[-1]} updates of the state. |"
            "Attention connects the two within one layer. |"
            "The shorter the path, the less gets lost on it.",
            show=[
                [appear_in_turn([*picture.words]), appear(picture.ends)],
                [
                    appear(picture.chain_name, picture.count),
                    (Sweep(picture.links, "slow"), Count(picture.count, picture.hops, "", "slow")),
                ],
                [appear(picture.arc, rise=False), appear(picture.arc_name)],
                None,
            ],
            stay=(),
        )

    def one_state(self, trace: Trace) -> Iterator[Step]:
        """The outputs of two LSTMs: from the last state alone, and with attention to all states."""
        at_, gold = "", trace.about.get("gold", {}).get("words")
        if gold is None or not parted(trace[WRITTEN].words("position")[1:], gold):
            at_, gold = "other.long.", trace.about["long"]["gold"]
        states = trace[f"{at_}{STATES}"].pick(batch=0)
        alone, attending = (trace[f"{at_}{name}"].words("position")[1:] for name in (WRITTEN, ATTENDING))
        wrong = parted(alone, gold), parted(attending, gold)
        picture = Handover(states.words("position"), states, alone, attending, wrong)
        chain = picture.chain
        size = trace["lstm.encoder.state_size"]
        another = "Take another sentence. " if at_ else ""
        failed = verdict_on(alone, gold)
        better = claim([*map(str, attending)] == [*gold], "Now all are right.", "Even so, not all is right.")
        yield Step(
            "One state for a whole sentence",
            say=f"{another}An LSTM translator writes from the last state alone: |"
            f"twice {size} numbers must hold the whole sentence, compressed. {failed} |"
            f"Let it attend to all states: attention was invented for this. {better}",
            show=[
                [appear(chain.words, chain.ups, chain.cells), (fill(chain.states), appear(chain.links))],
                [
                    (leave(*picture.forgotten), appear(picture.handed)),
                    (appear(picture.last, picture.names[0]), hand_out(picture.outputs[0], chain.cells[-1])),
                    appear(picture.rings[0]) if len(picture.rings[0]) else None,
                ],
                [
                    (appear(*picture.forgotten), appear_in_turn([*picture.seen])),
                    appear(picture.names[1]),
                    hand_out(picture.outputs[1], chain.cells),
                    appear(picture.rings[1]) if len(picture.rings[1]) else None,
                ],
            ],
            stay=(),
        )

    def what_attention_buys(self, trace: Trace) -> Iterator[Step]:
        """Three translators on the same sentences."""
        exact, means = trace[f"{RUN}.exact"], trace[f"{RUN}.exact.over_seeds"]
        first, second, third = (means.pick(model=name) for name in ("LSTM", "LSTM with attention", "Transformer"))
        picture = Bought(exact, means, trace[f"{RUN}.parameters"], trace[f"{RUN}.steps"])
        bought = trace[f"{RUN}.exact.share_of_gain"]
        sure = trace[f"{RUN}.exact.effect"].pick(model="LSTM with attention") == 1
        close = (
            f"So attention alone brings {bought:.0%} of the gain."
            if sure and bought > 0.5
            else "All three were trained only briefly."
        )
        yield Step(
            "What does attention buy?",
            say="Train three translators on the same sentences, with about equally many parameters. |"
            f"The LSTM gets {first:share} of new sentences right, with attention {second:share}; |"
            f"the Transformer {third:share}. |{close}",
            show=[
                [appear(*(line[0] for line in picture.lines)), appear(picture.called)],
                [appear(*picture.lines[0][1:]), appear(*picture.lines[1][1:])],
                appear(*picture.lines[2][1:]),
                appear(picture.gain),
            ],
            stay=(),
        )

    def longer_is_harder(self, trace: Trace) -> Iterator[Step]:
        """The same three by the number of words."""
        picture = by_length(trace.under(RUN))
        lengths, mean = trace[f"{RUN}.length"], trace[f"{RUN}.by_length.over_seeds"]
        short, long = (lengths.values.tolist().index(n) for n in SHORT_AND_LONG)
        alone, attending = (mean.pick(model=name) for name in ("LSTM", "LSTM with attention"))
        until = trace[f"{RUN}.by_length.longest_solved"].values
        first = (
            "The LSTM alone falls first, because one state must hold all words." if until[0] < until[1:].min() else ""
        )
        falls = "In the end all fall. " if (mean.values[:, -1] < mean.values[:, 0]).all() else ""
        yield Step(
            claim(bool(until[0] < until[1:].min()), "Longer is harder, for some", "By the length of the sentence"),
            say="Are longer sentences harder? "
            f"With {lengths.quantity(short)} words, the LSTM gets {alone.quantity(short):share} right. |"
            f"With {lengths.quantity(long)} words it gets {alone.quantity(long):share}, "
            f"and with attention {attending.quantity(long):share}. |{falls}{first}",
            show=[
                [appear(picture.plot, picture.cursor, picture.clock, picture.readouts), picture.run(0, short, "row")],
                picture.run(short + 1, long, "slow"),
                picture.run(long + 1, len(lengths) - 1, "row"),
            ],
            stay=(),
        )

    def the_signal(self, trace: Trace) -> Iterator[Step]:
        """The gradient that reaches the first symbol, before any training, and that it vanishes."""
        picture = sinking(trace.under(RECALL))
        grid, chain = (trace[f"{RECALL}.gradient"].pick(model=n).quantities()[-1] for n in ("transformer", "LSTM"))
        back = trace[f"{RECALL}.distances"].quantities()[-1]
        yield Step(
            "The vanishing gradient",
            say="Another task: recall the first symbol of a sequence. |"
            "How much would the error change with that symbol? This is its gradient, which training learns from. |"
            f"Before training, {back} symbols back, "
            + claim(
                bool(chain < grid / BILLION),
                "the LSTM has less than a billionth of the Transformer’s. |"
                "Such a vanishing gradient teaches hardly anything, at first.",
                "the LSTM and the Transformer differ less. |The farther back, the fainter the gradient.",
            ),
            show=[
                appear(picture.plot, picture.cursor, picture.clock, picture.readouts),
                picture.run(0, len(picture.x) - 1, "tour"),
                None,
                None,
            ],
            stay=(),
        )

    def be_fair(self, trace: Trace) -> Iterator[Step]:
        """The LSTM does learn it: how soon, and how surely."""
        run = trace.under(RECALL)
        picture = Recall(run)
        grid, opened = (run["steps_median"].pick(model=name) for name in ("transformer", "LSTM, gates open"))
        arrived, of = run["steps.trainings_that_solved"], run["steps.trainings"]
        later = f"It takes {opened:,.0f} steps, and the Transformer {grid:,.0f}. |" if learned_sooner(trace) else ""
        yield Step(
            "An LSTM can learn it, too",
            say="Yet it can learn this. If its forget gates, which keep or clear the memory, start open, |"
            f"{arrived.pick(model='LSTM, gates open')} of {of} trainings succeed. |{later}"
            f"As it usually starts: {arrived.pick(model='LSTM')} of {of}, "
            f"within {run['checks'].quantities()[-1]:,.0f} steps. |"
            "So the question is how soon it learns, and how surely.",
            show=[
                [appear(picture.plot, *(call[0] for call in picture.calls.values())), Sweep(picture.pieces, "slow")],
                appear(picture.dots["LSTM, gates open"], picture.calls["LSTM, gates open"][1]),
                *([appear(picture.dots["transformer"], picture.calls["transformer"][1])] if later else []),
                appear(picture.dots["LSTM"], picture.calls["LSTM"][1]),
                None,
            ],
            stay=(),
        )

    def the_chain_notices(self, trace: Trace) -> Iterator[Step]:
        """Two words are swapped: the states differ from the first of them on."""
        order = exchanged(self.words) or []
        turned = trace[f"{TURNED}.{STATES}"].pick(batch=0)
        change = trace[f"{TURNED}.{STATES}.exchange_change"]
        picture = Noticed(trace[STATES].pick(batch=0), turned, change, order)
        first = next(i for i, j in enumerate(order) if i != j)
        same = (change.values[:first] == 0).all() and (change.values[first:] > 0.005).all()
        told = (
            ("Before, nothing changes; from" if first else "From")
            + f" “{change.label('position', first)}” on, every state is different. |"
            if same
            else "These states are different. |"
        )
        moved = [(i, j) for i, j in enumerate(order) if i != j]
        lower = [VGroup(*picture.lower.moment(i), picture.changes[i]) for i in range(len(order))]
        yield Step(
            "An LSTM notices the order",
            say="Does an LSTM know the order by default? Try it: |"
            f"swap “{self.words[first]}” and “{self.words[-1]}”. |{told}"
            "The order is part of each state, because each is made from the one before.",
            show=[
                appear(picture.upper),
                [
                    appear(*(picture.ways[i] for i, _ in moved), rise=False),
                    tuple(
                        one
                        for i, j in enumerate(order)
                        for one in multiply(picture.upper.words[j], [picture.lower.words[i]])
                    ),
                ],
                [
                    appear(picture.called),
                    Sweep(VGroup(*lower), self.kind),
                    appear(picture.rings),
                ],
                None,
            ],
            stay=(),
        )

    def the_grid_does_not(self, trace: Trace) -> Iterator[Step]:
        """The weights of the grid only move along with their words."""
        order = exchanged(self.words) or []
        focus = focus_of(trace)
        plain, turned = (
            trace[f"{variant}.{focus.path}.weights"].pick(batch=0, head=focus.head)
            for variant in ("other.no_positions", TURNED)
        )
        last = int(float(trace["config.encoder_layers"])) - 1
        most = trace[f"{TURNED}.encoder.{last}.resid_post.largest_exchange_change"]
        picture = Traded(plain, turned, order, most)
        first, second = picture.grids
        told = (
            "the weights only move along with their words, and no vector changes. |"
            if most < ROUNDING
            else f"its vectors differ by {most:.0e}. |"
        )
        yield Step(
            "Attention alone does not",
            say=f"Now attention, with no positions added: |{told}"
            "Nothing in it says which word came first. The chapter on positions mends that. |"
            f"And {trace['config.words']} words need {trace['config.score_count']} cells: "
            "the chapter on inference tells what that costs.",
            show=[
                appear(first, picture.rows[0], picture.columns[0]),
                [
                    (
                        appear(second.cells),
                        *(fly(picture.rows[0][j], picture.rows[1][i]) for i, j in enumerate(order)),
                        *(fly(picture.columns[0][j], picture.columns[1][i]) for i, j in enumerate(order)),
                    ),
                    slide(picture.before, picture.after, "cell"),
                    appear(picture.called, picture.most),
                ],
                None,
                None,
            ],
            stay=(),
        )

    def what_is_traded(self, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        picture = Ledger(
            [
                ("the order", "known by default", "must be added"),
                ("two distant words", "many updates apart", "one layer apart"),
                ("the work", "one word after another", "all words at once"),
                ("what it keeps", "one state", "a vector for each word"),
            ]
        )
        traded = claim(
            learned_sooner(trace),
            "Attention trades the order for short paths and parallel work: here it learned sooner.",
            "Attention trades the order for short paths and parallel work.",
        )
        answer = at_floor(Answer(traded))
        yield Step(
            "A chain, or a grid?",
            say="An LSTM knows the order; attention must be told. |"
            "In return, distant words are one layer apart, and all are computed at once. |"
            f"{traded} |"
            "Your turn: which of the two would you give a text that never ends?",
            show=[
                [appear(picture.heads), appear(picture.lines[0])],
                [appear_in_turn([*picture.lines[1:]])],
                appear(answer),
                None,
            ],
            stay=(),
        )


def learned_sooner(trace: Trace) -> bool:
    """Whether the Transformer learned to recall sooner than the LSTM, beyond chance."""
    run, models = trace.under(RECALL), ("transformer", "LSTM, gates open")
    grid, opened = (run["steps_median"].pick(model=name) for name in models)
    return bool(opened > grid) and counts(*(run["steps"].pick(model=name) for name in models))


def verdict_on(written: Sequence[str], gold: Sequence[str]) -> str:
    """Judge a translation by that of the grammar, in words."""
    return claim(
        [*map(str, written)] == [*gold],
        "This time all is right.",
        claim(bool(parted(written, gold)), "The ringed words are wrong.", "Some words are missing."),
    )
