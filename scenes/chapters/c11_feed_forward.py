"""The position-wise feed-forward network; and what it means to be linear."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import Count, Through, appear, appear_in_turn, fill, follow, leave, ring_around, slide
from scenes.animations.shading import Shades
from scenes.layout import at_floor
from scenes.mobjects.clouds import Clouds, verdict
from scenes.mobjects.rows import Answer
from scenes.mobjects.sheets import VISIBLE, Trial
from scenes.mobjects.units import CLOSE, OneUnit, found_in, runner_up
from scenes.mobjects.widening import SAID, EveryRow, Widening
from scenes.mobjects.wording import layer_name
from scenes.stage.chapter import Chapter, Step, claim
from transformer_core.studies.focus import Focus, focus_of
from transformer_core.studies.measures.word_kinds import OURS
from transformer_core.tracing.trace import Trace

#: A distance from this on is not zero when it is said to two decimals.
SEEN = 0.005


class FeedForward(Chapter):
    """A network that takes one vector at a time, and the bend that makes it more than a matrix."""

    number = 11
    title = "Feed-forward; so, what is linear?"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return f"{focus_of(trace).block}.ffn"

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.one_row(focus, trace)
        yield from self.every_row(focus, trace)
        yield from self.a_test(focus, trace)
        yield from self.shares_that_follow(focus, trace)
        yield from self.two_are_one(focus, trace)
        yield from self.what_no_line_draws(trace)
        yield from self.what_wakes_a_unit(focus, trace)
        yield from self.more_than_a_matrix(focus, trace)

    def one_row(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The question of the chapter, and one vector slowly."""
        path, query_token = f"{focus.block}.ffn", focus.query_token
        part, activation = (
            trace.under(path, batch=0, position=query_token.position),
            trace.about["config"]["activation"],
        )
        enters = trace[trace.parents[f"{path}.pre"][0]].pick(batch=0, position=query_token.position)
        gated, biased = trace.about["config"].get("gated", False), f"parameters.{path}.b2" in trace
        picture = Widening(enters, part["pre"], part["post"], part["out"], query_token, activation, gated, biased)
        width, units, awake = trace["config.d_model"], trace["config.d_ff"], part["active_units"]
        cut = (
            f"ReLU sets what is negative to zero: {awake} of them {'stays' if awake == 1 else 'stay'} active."
            if activation == "relu" and not gated
            else f"A {SAID[activation]} gate multiplies them: {awake} end above zero."
            if gated
            else f"{SAID[activation]} bends them: {awake} stay above zero."
        )
        yield Step(
            "Why a network for each vector alone?",
            say="Attention has mixed the vectors. Why then a feed-forward network, an FFN, that takes each one alone? |"
            f"In the {layer_name(focus.layer)}, a matrix widens the vector of “{query_token}” "
            f"from {width} numbers to {units} neurons. |{cut} |"
            "A second matrix narrows it to its old width.",
            show=[
                appear(picture.tokens[0], picture.enters, picture.x_name),
                [appear(picture.funnels[0], picture.zero), fill(picture.before, "cell"),
                 *([appear(picture.part)] if units > len(picture.units) else [])],
                (appear(picture.ghosts, rise=False), slide(picture.before, picture.after, "row")),
                [appear(picture.funnels[1]), (appear(picture.tokens[1]), fill(picture.leaves, "row")),
                 appear(picture.formula)],
            ],
        )  # fmt: skip

    def every_row(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The same network for all vectors; a vector alone comes out as among its neighbours."""
        path, query_token = f"{focus.block}.ffn", focus.query_token
        part = trace.under(path, batch=0)
        gated = trace.about["config"].get("gated", False)
        picture = EveryRow(trace[trace.parents[f"{path}.pre"][0]].pick(batch=0), part["post"], part["out"],
                           part["per_position"].pick(position=query_token.position), query_token, gated)  # fmt: skip
        apart = part["per_position_difference"].pick(position=query_token.position)
        here, chip = picture.here, picture.chips[picture.here]
        others = [chip for i, chip in picture.chips.items() if i != here]
        for rows in picture.rows:
            others += rows.others(here)
        others = [mobject for mobject in others if mobject.family_members_with_points()]
        rest = "All other vectors" if others else "Other words, if there were any, would"
        ways = (
            f"a gate and two matrices. |{rest} go through the same"
            if gated
            else f"two matrices. |{rest} go through the same two"
        )
        same = claim(
            apart < VISIBLE,
            "The output is the same: that is position-wise.",
            f"The same output, to within {apart:.0e}: that is position-wise.",
        )
        yield Step(
            "The same network for every vector",
            say=f"“{query_token}” goes through {ways}. |"
            f"Now “{query_token}” alone, with no neighbour in sight. |"
            f"{same} Whatever a vector knows about its neighbours, attention put there.",
            show=[
                [appear(chip, picture.rows[0].lines[here], picture.titles[0]), appear(picture.matrices[0]),
                 fill(picture.rows[1].lines[here], "rest"), appear(picture.matrices[1]),
                 fill(picture.rows[2].lines[here], "rest")],
                appear(*others) if others else None,
                [appear(picture.single_chip, picture.single[0], picture.titles[1]),
                 (appear(picture.single_matrices), appear(picture.single[1], picture.single[2]))],
                [appear(ring_around(picture.rows[2].lines[here]), ring_around(picture.single[2])),
                 appear(picture.difference(apart))],
            ],
            stay=(),
        )  # fmt: skip

    def a_test(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Linear: adding up before is adding up after; and attention with its weights frozen."""
        part = trace.under(focus.path)
        trial = self.trial = Trial(
            part, focus.query_token, focus.top_key, "fixed_shares", ("attention,", "weights frozen")
        )
        pair = (
            f"“{focus.query_token}” and “{focus.top_key}”"
            if focus.query_token.position != focus.top_key.position
            else f"“{focus.query_token}” before and after the block"
        )
        yield Step(
            "How to test for linearity",
            say="Is all this more than one big matrix? What a matrix does is linear. |"
            f"Each crossing of this grid is a weighted sum of two vectors, {pair}. |"
            "Linear means: adding up before f or after it gives the same. "
            "Attention with its weights frozen keeps all lines straight and even. |"
            + claim(
                trial.apart < VISIBLE,
                "Before or after, both end at the same point.",
                f"Both sides agree, to within {trial.apart:.0e}.",
            ),
            show=[
                [appear(trial.rows), appear(trial.enters.arrows, trial.enters.names, trial.enters.origin)],
                appear_in_turn([*trial.enters.lines]),
                [(appear(trial.way, trial.said), trial.sent()),
                 appear(trial.leaves.arrows, trial.leaves.names, trial.leaves.origin)],
                [appear(trial.sides[0], trial.enters.before, trial.leaves.before),
                 appear(trial.sides[1], trial.leaves.after), appear(trial.number)],
            ],
            stay=(),
            here=focus.path,
        )  # fmt: skip

    def shares_that_follow(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Attention as a whole: the weights are computed from what they weigh."""
        part = trace.under(focus.path)
        trial = Trial(part, focus.query_token, focus.top_key, "attention", ("attention", "as it is"))
        run = trace.under("experiment.linearity")
        everywhere = run["smallest"].pick(choice="attention").smallest()[-1] > VISIBLE
        bends = trial.apart > VISIBLE
        told = (
            f"The grid bends: the two sums part by {trial.apart:.2f} of the output’s length."
            if bends
            else "Nothing bends: with one token, its attention weight is always one."
        )
        others = (
            f"it failed on all {run['sentences']} new sentences{', too' if bends else ''}"
            if everywhere
            else "not every sentence shows it"
        )
        yield Step(
            "Attention as a whole: not linear",
            say="Now let the weights change with the vectors, because queries and keys are made of them. |"
            f"{told} |One failure is enough to refute it, and {others}. |"
            "“Attention is linear” is half the truth: its weighted sum is, its weights are not.",
            show=[
                (leave(self.trial.said), follow(trial.said)),
                [self.trial.turns_into(trial), appear(trial.difference())],
                None,
                None,
            ],
            here=focus.path,
        )

    def two_are_one(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The network without its activation, and with it; biases off, or it would be affine at best."""
        part = trace.under(f"{focus.block}.ffn")
        bend = SAID[trace.about["config"]["activation"]]
        gated, biased = trace.about["config"].get("gated", False), f"parameters.{focus.block}.ffn.b2" in trace
        bent = "the gate" if gated else bend
        bend = "gate" if gated else bend
        off = ", biases off," if biased else ""
        two = (
            f"The FFN without its gate{off} is two matrices"
            if gated
            else f"The FFN’s two matrices{off} and no {bend} between"
        )
        plain = Trial(part, focus.query_token, focus.top_key, "two_matrices", ("FFN,", f"no {bend}"))
        whole = Trial(part, focus.query_token, focus.top_key, "feed_forward", ("FFN", f"with {bent}"))
        parted = (
            f"the two sums part by {whole.apart:.2f} of the length"
            if whole.apart > VISIBLE
            else "yet here the sides agree: one pass proves nothing"
        )
        yield Step(
            "Without an activation, two matrices are one",
            say=f"{two}. Lines stay straight. |"
            "One matrix after another is again one matrix: more numbers, but no new power. |"
            f"Now {bent} goes back between them. |The grid folds, and {parted}.",
            show=[
                [appear(plain.rows, plain.enters, plain.enters.names),
                 (appear(plain.way, plain.said), plain.sent()),
                 appear(plain.leaves.arrows, plain.leaves.names, plain.leaves.origin)],
                [appear(plain.sides, plain.enters.before, plain.leaves.before, plain.leaves.after),
                 appear(plain.number)],
                (leave(plain.said), follow(whole.said)),
                [plain.turns_into(whole), appear(whole.difference())],
            ],
            stay=(),
        )  # fmt: skip

    def what_no_line_draws(self, trace: Trace) -> Iterator[Step]:
        """What the bend is for: a boundary that is not straight, learned by a small layer."""
        run = trace.under("experiment.boundary")
        picture, right = Clouds(run), run["accuracy"].quantities()
        line = verdict(run["line_accuracy"], "the best straight line", 330)
        layer = verdict(right[0], f"an FFN with {run['hidden']} neurons", 560, right[-1])
        creases = picture.creases[0]
        worst = run["accuracy_by_seed"].smallest()[-1]
        yield Step(
            "What no straight line can draw",
            say="What is an activation good for? Here, opposite corners belong together. |"
            f"The best straight line gets {run['line_accuracy']:share} right, because it has only two sides. |"
            "In a small FFN, each neuron folds the plane along a line of its own. Train it: |"
            f"{right[-1]:share} right, and {worst:share} in the worst of several trainings.",
            show=[
                [appear(picture.box), (fill(picture.kinds[0], "rest"), fill(picture.kinds[1], "rest"))],
                [appear(picture.line), appear(line)],
                [leave(picture.line), (appear(picture.cells, rise=False), appear(creases, layer))],
                (
                    Through(creases, picture.creases),
                    Shades(picture.cells, picture.fills),
                    Count(layer[1], right, ".0%", "slow"),
                ),
            ],
            stay=(),
        )

    def what_wakes_a_unit(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """A neuron with a name, and the share that have one; only for the model that was measured."""
        found = found_in(trace, focus.query_token) if trace.about.get("model") == OURS else None
        if found is None:
            return
        run, path = trace.under("experiment.neurons"), f"encoder.{found.layer}.ffn"
        post = trace[f"{path}.post"].pick(batch=0)
        order = trace[f"{path}.unit_order"].pick(batch=0, position=found.word.position)
        name = next(unit for unit in order.quantities() if unit == found.unit)
        second, other = runner_up(run["area"].pick(layer=found.layer, d_ff=found.unit))
        near = found.score - other < CLOSE
        rival = f"With one of the {second}, it is {other:share}. " if near else ""
        rough = "So its name is only rough, and names are" if near else "Names like that are"
        rare = claim(
            bool(run["unnamed"] > 0.5),
            f"{rough} rare: {run['unnamed']:share} of all neurons have none.",
            f"Of all neurons, {run['unnamed']:share} have no such name.",
        )
        picture = OneUnit(post.pick(d_ff=found.unit), run["area"].pick(layer=found.layer, d_ff=found.unit), run["best"])
        yield Step(
            "What makes a neuron fire?",
            say=f"Neuron {name} fires for “{found.word}”. What is it for? |"
            f"Take one of the {found.kind} and any other word, from new sentences: "
            f"in {found.score:share} of such pairs, it fires harder for the first. {rival}|"
            f"{rare}",
            show=[
                [appear(picture.words, picture.floor), (fill(picture.bars, "row"), appear(picture.numbers)),
                 appear(ring_around(picture.words[found.word.position]))],
                [appear_in_turn([*picture.kinds]), appear(picture.chance, picture.chance_name)],
                [appear(picture.dots), appear(picture.named)],
            ],
            stay=(),
        )  # fmt: skip

    def more_than_a_matrix(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question about zero."""
        part = trace.under(f"{focus.block}.ffn")
        bend = "gate" if trace.about["config"].get("gated", False) else SAID[trace.about["config"]["activation"]]
        biased = f"parameters.{focus.block}.ffn.b2" in trace
        way = ("biases", ("biases on,", f"no {bend}")) if biased else ("feed_forward", ("FFN,", "no biases"))
        trial = Trial(part, focus.query_token, focus.top_key, *way)
        parted = (
            f"yet the two sums part by {trial.apart:.2f}"
            if trial.apart > SEEN
            else "yet the two sums part a little"
            if trial.apart > VISIBLE
            else "and the sides agree, for these biases are still zero"
        )
        told = (
            f"Biases on, {bend} off: lines stay straight, {parted}. |Your turn: is that linear? Ask where zero goes."
            if biased
            else "This FFN has no biases: zero goes to zero. |Your turn: is it linear, then? Ask where the others go."
        )
        answer = at_floor(Answer("Attention moves between vectors; the FFN computes in each, and needs an activation."))
        yield Step(
            "Moving, and computing",
            say="Attention moves information between vectors. The FFN computes within each, and needs an activation, "
            "or it would be one matrix. |"
            f"{told}",
            show=[
                [appear(answer), appear(trial.rows, trial.enters, trial.enters.names)],
                [(appear(trial.way, trial.said), trial.sent()),
                 appear(trial.leaves.arrows, trial.leaves.names, trial.leaves.origin)],
                appear(trial.enters.before, trial.leaves.before, trial.leaves.after, trial.leaves.between),
            ],
            stay=(),
        )  # fmt: skip
