"""The position-wise feed-forward network: its neurons, and what it means to be linear."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from manim import DOWN, VGroup

from scenes.animations import (
    Flight,
    Reform,
    Travel,
    Wipe,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    follow,
    gather,
    leave,
    reshape,
    ring_around,
    slide,
    through,
)
from scenes.chapters.c11_feed_forward.clouds import PointClouds
from scenes.chapters.c11_feed_forward.neurons import (
    CLOSE,
    FollowedNeuron,
    KeyValueMemory,
    NamedNeurons,
    NeuronDetector,
    entering,
    followed,
)
from scenes.chapters.c11_feed_forward.sheets import LinearityTrial
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.tensors import full_colour
from scenes.mobjects.text import Words
from scenes.mobjects.vectors import Vector
from scenes.mobjects.widening import (
    ACTIVATION_NAMES,
    MoveAndCompute,
    OneForAll,
    Widening,
    all_but,
    entering_under,
    rooms,
)
from scenes.mobjects.wording import layer_name
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import pixels
from transformer_core.studies.focus import Focus, focus_of
from transformer_core.tracing.trace import Trace


class FeedForward(Chapter):
    """A network that takes one vector at a time, and the activation that makes it more than a matrix."""

    number = 11
    title = "The feed-forward network"
    needs = ("self-attention", "a feed-forward network")

    def whereabouts(self, trace: Trace) -> str:
        return followed(trace, focus_of(trace)).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        chosen = followed(trace, focus)
        ribbon = Ribbon(entering(trace, chosen.path).words("position"), rooms()[1])
        yield from self.one_vector(chosen, trace, ribbon)
        detector = yield from self.a_detector(chosen, trace)
        memory = yield from self.a_memory(chosen, trace, detector)
        yield from self.a_name(chosen, trace, detector, memory)
        vectors = yield from self.every_vector(chosen, trace, ribbon)
        frozen = Words("f: attention, its weights frozen", "stage word")
        trial = LinearityTrial(trace.under(focus.path), focus, "fixed_weights", frozen)
        yield from self.a_test(focus, trace, trial, ribbon, vectors)
        yield from self.weights_that_follow(focus, trace, trial)
        folded = yield from self.two_are_one(focus, trace)
        yield from self.what_no_line_draws(trace, folded)
        yield from self.moving_and_computing(focus, trace)

    def one_vector(self, chosen: FollowedNeuron, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """The question of the chapter, and one vector slowly: the set piece."""
        word, gated, activation = chosen.word, gate_of(trace), activation_of(trace)
        part = trace.under(chosen.path, batch=0, position=word)
        width, neurons, active = trace["config.d_model"], trace["config.d_ff"], part["active_units"]
        stream, unit = entering(trace, chosen.path), chosen.neuron.position
        rows = [stream.pick(position=word), *(part[name] for name in ("pre", "post", "out"))]
        picture = Widening(rows, (width, neurons), unit, stages_of(trace, chosen.path), word)
        x, widened, cut, whole = picture.formulas
        here, vectors = ribbon.place(word), entering_under(ribbon, stream)
        others = all_but(here, ribbon.chips, vectors)
        told = (
            f"A {activation} gate multiplies them: {active} end above zero."
            if gated
            else f"ReLU sets what is negative to zero: {active} of them {'stays' if active == 1 else 'stay'} active."
            if activation == "ReLU"
            else f"{activation} bends them: {active} stay above zero."
        )
        yield Step(
            "Why a network for each vector alone?",
            beat("Attention has mixed the vectors.", deal(ribbon.chips, vectors, kind="slow")),
            beat(
                "Why then a feed-forward network, an FFN, that takes each one alone?",
                leave(*others) if others else None,
                (
                    *exchange((ribbon.chips[here], vectors[here]), (picture.chip, picture.enters)),
                    appear(picture.names[0], x),
                ),
            ),
            beat(
                f"In the {layer_name(chosen.layer)}, a matrix widens the vector of “{word}” "
                f"from {width:,.0f} numbers to {neurons:,.0f} neurons: each looks for a pattern.",
                Wipe(picture.reads, towards=DOWN),
                (appear(picture.zero, picture.names[1]), picture.widen(), Reform(x, widened)),
            ),
            beat(
                told,
                (
                    appear(picture.ghosts, rise=False),
                    slide(picture.before, picture.after, "slow"),
                    Reform(widened, cut),
                    appear_in_turn([*picture.counted], "slow"),
                ),
            ),
            beat(
                "A second matrix narrows it to its old width.",
                Wipe(*picture.ways, towards=DOWN),
                (picture.narrow(), Reform(cut, whole)),
                appear(picture.names[2]),
                ambient=picture.flow(),
            ),
            stage=[ribbon],
        )

    def a_detector(self, chosen: FollowedNeuron, trace: Trace) -> Generator[Step, None, NeuronDetector]:
        """A neuron compares its key with every vector, and fires for what reaches beyond a threshold."""
        word, activation = chosen.word, bend_of(trace)
        post = trace[f"{chosen.path}.post"].pick(batch=0, d_ff=chosen.neuron.position)
        biased = f"parameters.{chosen.path}.b1" in trace and not gate_of(trace)
        picture = NeuronDetector(chosen, trace, "product + bias" if biased else f"before {activation}")
        bar = picture.large[0]
        ring, others = ring_around(bar), picture.others(range(len(post)))
        dark = [appear(picture.dark, rise=False)] if activation == "ReLU" else []
        yield Step(
            "What makes a neuron fire?",
            beat(f"Neuron {chosen.neuron} fires for “{word}”. Why?", appear(ring)),
            beat(
                "Its column of the first matrix is a pattern, its key. "
                "The larger the dot product of vector and key, the harder it fires.",
                (Travel(bar, picture.pattern, kind="row"), appear(picture.names[0])),
                leave(ring),
                picture.fold(),
                *picture.measure(),
            ),
            beat("The vector of every token meets the same key.", *picture.meet()) if others else None,
            beat(
                claim(
                    any(post.values[i] > 0 for i in others),
                    f"After {activation}, other words are left above zero, too.",
                    f"After {activation}, no other word is left above zero.",
                ),
                (
                    *dark,
                    slide(picture.before, picture.after, "row"),
                    leave(*picture.numbers_before, *picture.names[3:]),
                    follow(picture.names[2]),
                ),
                appear(*picture.numbers),
            )
            if others
            else None,
            stage=[picture.chip, picture.x, picture.names[2], picture.zero, picture.large],
        )
        return picture

    def a_memory(
        self, chosen: FollowedNeuron, trace: Trace, detector: NeuronDetector
    ) -> Generator[Step, None, KeyValueMemory]:
        """Keys, activations and values: what all neurons add up to."""
        active = trace[f"{chosen.path}.active_units"].pick(batch=0, position=chosen.word)
        cut, biased = bend_of(trace) == "ReLU", f"parameters.{chosen.path}.b2" in trace
        summed = f"sum of all {active}" if cut else "sum"
        picture, here = KeyValueMemory(chosen, trace, f"{summed} + bias" if biased else summed), detector.here
        seen = [detector.arrows[here], detector.key, detector.names[1], detector.ribbon.chips[here]]
        seen += [detector.names[2], detector.after[here], detector.numbers[here]]
        rows = [picture.x, picture.keys[0], picture.heads[0], picture.chip]
        rows += [picture.heads[1], picture.bars[0], picture.numbers[0]]
        yield Step(
            "A memory of keys and values",
            beat(
                "What does it do when it fires? It adds its row of the second matrix, its value.",
                exchange(seen[:1], rows[:1], "row"),
                exchange(seen[1:3], rows[1:3], "row"),
                appear(picture.row_name, picture.heads[2]),
                (leave(detector.zero), *exchange(seen[3:], rows[3:], "row")),
                Travel(picture.bars[0], picture.values[0], kind="row"),
            ),
            beat(
                claim(
                    not cut,
                    "So does every neuron, each as much as it fires.",
                    claim(
                        len(picture.bars) > 1,
                        f"So do all {active} active neurons, each as much as it fires.",
                        "So would all other active neurons, each as much as it fires.",
                    ),
                ),
                deal([picture.x] * len(picture.keys[1:]), picture.keys[1:]),
                deal(picture.keys[1:], picture.bars[1:], picture.numbers[1:], picture.values[1:]),
                picture.weigh(),
            ),
            beat(
                "The sum is the output: a lookup as in attention, without a softmax, "
                "with keys and values from training.",
                (draw(picture.line), appear(picture.summed)),
                picture.pour(),
            ),
            beat(
                "It is added to the residual stream.",
                (appear(picture.stream, picture.stream_name), leave(picture.summed)),
                *picture.add_on(),
            ),
            stage=[detector.zero, *seen],
        )
        return picture

    def a_name(
        self, chosen: FollowedNeuron, trace: Trace, seen: NeuronDetector, memory: KeyValueMemory
    ) -> Iterator[Step]:
        """A neuron with a name, and the share that have one; only for the model that was measured."""
        if chosen.kind is None or chosen.score is None:
            return
        run, named = trace.under("experiment.neurons"), f"neuron {chosen.neuron}, {layer_name(chosen.layer)}"
        picture = NamedNeurons(trace, (chosen.layer, chosen.neuron.position), named)
        (second, other), own = picture.told[1], (memory.bars[0], memory.numbers[0])
        kept = [memory.chip, memory.x, memory.keys[0], memory.row_name, *memory.heads[:2]]
        (bar, told), more = memory.pair(seen)
        yield Step(
            "Can one say what a neuron is for?",
            beat(
                f"From new sentences, take one of the {chosen.kind} and any other word:",
                exchange(own, (bar, told), "row"),
                appear(*more) if more else None,
            ),
            beat(
                f"in {chosen.score:share} of pairs, the neuron fires harder for the first.",
                leave(*kept, *more, told),
                (
                    appear(picture.name, picture.chance, picture.unit, *picture.kinds, *picture.tracks, rise=False),
                    Travel(bar, picture.bars[0], kind="row", leaving=True),
                ),
                appear(picture.shares[0]),
            ),
            beat(
                claim(
                    bool(chosen.score - other < CLOSE),
                    f"It tells {second} as well: “{chosen.kind}” is a rough name.",
                    f"No other kind comes near: one could call it a neuron for {chosen.kind}.",
                ),
                (Wipe(picture.bars[1]), appear(picture.shares[1])),
                (*map(Wipe, picture.bars[2:]), appear(*picture.shares[2:])),
            ),
            beat(
                claim(
                    bool(run["unnamed"] > 0.5),
                    f"Names like that are rare: {run['unnamed']:share} of all neurons have none.",
                    f"Of all neurons, {run['unnamed']:share} have no such name.",
                ),
                Travel(picture.bars[0], picture.every[picture.own], kind="row"),
                (appear(picture.title), appear_in_turn(all_but(picture.own, picture.every), "slow")),
                (draw(picture.mark[0]), appear(picture.mark[1])),
            ),
            stage=[*kept, *own],
        )

    def every_vector(self, chosen: FollowedNeuron, trace: Trace, ribbon: Ribbon) -> Generator[Step, None, list[Vector]]:
        """The same network for all vectors; a vector alone comes out as among its neighbours.

        Returns: the vectors, under their tokens.
        """
        word, part, here = chosen.word, trace.under(chosen.path, batch=0), ribbon.place(chosen.word)
        apart, formula = part["per_position_difference"].pick(position=word), stages_of(trace, chosen.path)[-1]
        picture = OneForAll(ribbon, entering(trace, chosen.path), part, here, formula, layer_name(chosen.layer))
        others = all_but(here, ribbon.chips, picture.enters)
        yield Step(
            "The same network for every vector",
            beat(
                "There is one FFN in a layer, and every vector goes through it by itself.",
                *through(picture.enters, picture.label, picture.out),
                appear(picture.names[2]),
            ),
            beat(
                f"Now “{word}” alone, with no neighbour in sight.",
                leave(*others) if others else None,
                *through([picture.enters[here]], picture.label, [picture.alone]),
                appear(picture.names[3]),
            ),
            beat(
                claim(
                    bool(apart < ROUNDING),
                    "The output is the same: that is position-wise.",
                    f"The same output, to within {apart:.0e}: that is position-wise.",
                ),
                Flight(picture.out[here], picture.alone, kind="row"),
                (appear(ring_around(picture.out[here])), appear(ring_around(picture.alone))),
            ),
            beat(
                "What a vector knows about its neighbours, attention put there.",
                *((appear(*others), gather(others, picture.enters[here], "slow")) if others else ()),
            ),
            stage=[ribbon, *picture.names[:2], *picture.enters, picture.machine, picture.label],
        )
        return picture.enters

    def a_test(
        self, focus: Focus, trace: Trace, trial: LinearityTrial, ribbon: Ribbon, vectors: Sequence[Vector]
    ) -> Iterator[Step]:
        """Linear: adding up before is adding up after; and attention with its weights frozen, and no biases."""
        enters, leaves, reads = trial.enters, trial.leaves, entering(trace, focus.path, "q")
        off = " and no biases" if f"parameters.{focus.path}.b_v" in trace else ""
        # A token that is alone has but one vector here.
        pair_of = [*dict.fromkeys(ribbon.place(token) for token in (focus.query_token, focus.top_key))]
        before, look = [vectors[k] for k in pair_of], ("residual", full_colour(reads))
        taken = [
            Vector(reads[k], pixels(vectors[k].width), pixels(vectors[k].height), *look).move_to(vectors[k])
            for k in pair_of
        ]
        pair = (
            f"“{focus.query_token}” and “{focus.top_key}”"
            if focus.query_token.position != focus.top_key.position
            else f"“{focus.query_token}” before and after the block"
        )
        yield Step(
            "How to test for linearity",
            beat("Is all this more than one matrix?", (*exchange(before, taken), appear(enters.origin))),
            beat(
                f"Take two vectors, {pair}, and all their weighted sums: a grid.",
                (
                    ribbon.mark(dict.fromkeys(pair_of, "focus")),
                    *(Travel(ribbon.chips[ribbon.place(row[1].label)], row[1], kind="row") for row in trial.rows),
                    *(follow(row[0]) for row in trial.rows),
                ),
                (
                    *exchange(taken, enters.arrows[: len(taken)], "row"),
                    *map(draw, enters.arrows[len(taken) :]),
                    appear(enters.names),
                ),
                (leave(ribbon), appear_in_turn([*enters.lines], "slow")),
            ),
            beat(
                "Add so much of x and so much of y, and send the sum through f;",
                draw(enters.sums[0]),
                (draw(enters.sums[1]), appear(enters.before, trial.sides[0])),
                (appear(trial.way, trial.said, leaves.origin), Travel(enters.before, leaves.before, kind="row")),
            ),
            beat(
                "or send both through f, and add then. For a matrix that is the same: it is linear.",
                (*trial.crossing(), appear(leaves.names)),
                draw(leaves.sums[0]),
                (draw(leaves.sums[1]), appear(leaves.after, trial.sides[1])),
            ),
            beat(
                claim(
                    bool(trial.apart < ROUNDING),
                    f"So is attention with frozen weights{off}: lines stay straight and even.",
                    f"So is attention with frozen weights{off}, to within {trial.apart:.0e}.",
                ),
                trial.sent("slow"),
            ),
            stage=[ribbon, *before],
        )

    def weights_that_follow(self, focus: Focus, trace: Trace, trial: LinearityTrial) -> Iterator[Step]:
        """Attention as a whole: the weights are computed from what they weigh."""
        part, said = trace.under(focus.path), ("f: attention, as it is", "f: its weighted sum", "f: as it is")
        bent, straight, again = (
            LinearityTrial(part, focus, way, Words(text, "stage word"))
            for way, text in zip(("attention", "fixed_weights", "attention"), said, strict=True)
        )
        run, width = trace.under("experiment.linearity"), trace["config.d_model"]
        bends = bent.apart > ROUNDING
        ring = ring_around(bent.number, "warning", roomy=True)
        yield Step(
            "Attention as a whole: not linear",
            beat(
                "But the weights change with the vectors, because queries and keys are made of them.",
                (leave(trial.said), follow(bent.said)),
                trial.turns_into(bent),
            ),
            beat(
                claim(
                    bool(bends),
                    f"The grid bends: in all {width} dimensions, the two sums part by {bent.apart:.2f} "
                    "of the output’s length.",
                    "Nothing bends: with one token, its attention weight is always one.",
                ),
                appear(bent.leaves.names),
                bent.parting("cell"),
            ),
            beat(
                claim(
                    bool(run["smallest"].pick(choice="attention").smallest()[-1] > ROUNDING),
                    f"One failure refutes it: it failed on all {run['sentences']} new sentences.",
                    "One failure refutes it, though not every sentence shows one.",
                ),
                draw(ring, kind="slow") if bends else None,
            ),
            beat(
                "“Attention is linear” is half the truth: its weighted sum is,",
                leave(bent.leaves.names, bent.leaves.between, bent.number, ring),
                (leave(bent.said), follow(straight.said), *trial.turns_into(straight)),
            ),
            beat("its weights are not.", (leave(straight.said), follow(again.said), *trial.turns_into(again))),
        )

    def two_are_one(self, focus: Focus, trace: Trace) -> Generator[Step, None, VGroup]:
        """The network without its activation, and with it; biases off, or it would be affine at best.

        Returns: the grid, as the whole network folds it, and its formula.
        """
        part, path = trace.under(f"{focus.block}.ffn"), f"{focus.block}.ffn"
        gated, bend = gate_of(trace), bend_of(trace)
        off = ", biases off," if f"parameters.{path}.b2" in trace else ""
        two, one = (Formula(f"f(x) = {source}", LARGE) for source in ("(x W) W'", "x (W W')"))
        bent = Formula(f"f(x) = {stages_of(trace, path, biased=False)[-1]}", LARGE)
        plain = LinearityTrial(part, focus, "two_matrices", two)
        whole = LinearityTrial(part, focus, "feed_forward", bent)
        plain.called(one)
        leaves, found, (here, second) = plain.leaves, whole.leaves, plain.enters.creases[0]
        (first_there, _), (first_bent, second_there), bent_twice = leaves.creases
        once, twice = whole.counted("in one neuron", "in two")
        yield Step(
            "Without an activation, two matrices are one",
            beat(
                f"The FFN without its gate{off} is two matrices: lines stay straight."
                if gated
                else f"The FFN’s two matrices{off} and no {bend} between: lines stay straight.",
                plain.sent(),
                appear(leaves.arrows, leaves.names, leaves.origin, leaves.before, leaves.after, plain.sides),
            ),
            beat("Two matrices are again one: more numbers, but no new power.", Reform(two, one)),
            beat(
                f"Now {bend} goes back in one neuron: "
                + claim(bend == "ReLU", "it folds the grid along a line.", "it bends the grid."),
                (
                    leave(one, leaves.arrows, leaves.names, leaves.before, leaves.after, plain.sides),
                    *map(follow, (bent, once)),
                    reshape(plain.image, leaves.folded[0], "row"),
                    draw(here, kind="row"),
                ),
                draw(first_there, kind="row"),
                (reshape(plain.image, leaves.folded[1], "cell"), reshape(first_there, first_bent, "cell")),
            ),
            beat(
                "Then in a second,",
                (draw(second, second_there, kind="row"), leave(once), follow(twice)),
                (
                    reshape(plain.image, leaves.folded[2], "row"),
                    *(reshape(*pair, "row") for pair in zip((first_there, second_there), bent_twice, strict=True)),
                ),
            ),
            beat(
                "and then in all.",
                leave(here, second, first_there, second_there, twice),
                (reshape(plain.image, found.lines, "cell"), reshape(leaves.origin, found.origin, "cell")),
            ),
            beat(
                claim(
                    bool(whole.apart > ROUNDING),
                    f"The two sums part by {whole.apart:.2f} of the length.",
                    "Yet here the two sums agree, and one pass proves nothing.",
                ),
                appear(found.arrows, found.names, found.sums, found.before, found.after, plain.sides),
                whole.parting(),
            ),
            stage=[plain.rows, plain.way, plain.enters, plain.enters.names, plain.enters.before, two],
        )
        return VGroup(plain.image, bent)

    def what_no_line_draws(self, trace: Trace, folded: VGroup) -> Iterator[Step]:
        """The purpose of the activation: a boundary that is not straight, learned by a small layer."""
        run = trace.under("experiment.boundary")
        picture = PointClouds(run)
        (line, two, training, trained), (by_line, by_cut, learned) = picture.names, picture.right
        once, twice = picture.folds()
        yield Step(
            "What no straight line can draw",
            beat("What is a fold good for? Here, opposite corners belong together.", picture.plane.come()),
            beat(
                f"The best line gets {run['line_accuracy']:share} right: it has only two sides.",
                leave(folded),
                (draw(picture.line), appear(by_line)),
            ),
            beat(
                "Let two neurons fold it like paper, along one crease.",
                (leave(picture.line, by_line, line), follow(two), *picture.laid_out()),
                (draw(picture.crease, picture.fold), *once),
                twice,
            ),
            beat(
                "One level cut parts the corners: in the plane, two lines.",
                (appear(picture.level, by_cut), draw(*picture.level_cuts, *picture.cuts)),
            ),
            beat(
                f"Train an FFN: its own folds get {picture.shares[-1]:share} right.",
                (
                    leave(
                        picture.cuts, picture.level_cuts, picture.crease, picture.fold, picture.pages[0], two, by_cut
                    ),
                    appear(picture.cells, picture.creases[0], rise=False),
                    reshape(picture.sheets[0], picture.learned_sheets[0], "transform"),
                    follow(training),
                    follow(learned),
                    picture.stay("transform"),
                ),
                picture.learn(),
                (leave(training), follow(trained)),
            ),
            stage=[picture.plane.box, line, folded],
        )

    def moving_and_computing(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question about zero."""
        path = f"{focus.block}.ffn"
        head, x = focus.seen(trace), entering(trace, path)
        weights = head["weights"].pick(query=focus.query_token)
        called = f"FFN, {layer_name(focus.layer)}"
        picture = MoveAndCompute(focus.query_token, weights, x, trace[f"{path}.out"].pick(batch=0), called)
        biased = f"parameters.{path}.b2" in trace
        whole = picture.at_foot(Formula(stages_of(trace, path)[-1], LARGE))
        left = picture.at_foot(Formula("(x W + b) W' + b'", LARGE)) if biased else None
        zeros, landing = picture.instead(*trace[f"{path}.zero_through_biases"]) if biased else ((), ())
        question = (
            f"Your turn: take out {bend_of(trace)}, but keep the biases."
            if biased
            else "This FFN has no biases: zero goes to zero. Your turn: is it linear, then? Ask where the others go."
        )
        yield Step(
            "Moving, and computing",
            beat("So attention moves information between vectors, and the FFN computes within each:", *picture.down()),
            beat("it adds what training has stored.", appear(whole), ambient=picture.flow()),
            beat(question, (Reform(whole, left), *zeros) if left else None),
            beat("Is it linear? Ask where zero goes.", picture.go_in()) if biased else None,
            beat("It comes out as biases: affine, not linear.", landing) if biased else None,
            stage=[*picture.arcs.chips],
        )


def gate_of(trace: Trace) -> bool:
    """True if a gate multiplies the neurons."""
    return bool(trace.about["config"].get("gated", False))


def activation_of(trace: Trace) -> str:
    """The activation, as it is called."""
    return ACTIVATION_NAMES[trace.about["config"]["activation"]]


def bend_of(trace: Trace) -> str:
    """The name of that which keeps the network from being linear: its activation, or the gate."""
    return "the gate" if gate_of(trace) else activation_of(trace)


def stages_of(trace: Trace, path: str, biased: bool = True) -> list[str]:
    """The formula of the network, stage by stage: what enters, widened, bent, narrowed."""
    biased = biased and f"parameters.{path}.b2" in trace
    inside, after = ("x W + b", " + b'") if biased else ("x W", "")
    activation = f'op("{activation_of(trace)}")'
    if gate_of(trace):
        gate = inside.replace("W", "W_g").replace("b", "b_g")
        cut = f"({activation}({gate}) dot.o ({inside}))"
    else:
        cut = f"{activation}({inside})"
    return ["x", inside, cut, f"{cut} W'{after}"]
