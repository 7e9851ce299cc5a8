"""Training: guesses, a loss, its gradient, and a step, over and over."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from manim import VGroup

from scenes.animations import (
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    follow,
    gather,
    leave,
    move_ring,
    multiply,
    pulses,
    reshape,
    ring_around,
)
from scenes.chapters.c13_training.chain import ModelParts, QueryGradient, SlopeChain
from scenes.chapters.c13_training.descent import LossValley
from scenes.chapters.c13_training.learning import CostByLength, InitialScales, SkillLinks, TimeLapse, beside
from scenes.chapters.c13_training.lesson import CrossEntropy, FollowedWeight, TeacherForcing
from scenes.chapters.c13_training.pushes import OutputDownhill, ScoreSlopes
from scenes.layout import STAGE, Room
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.region import Region
from scenes.mobjects.sentences import spelled
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.wording import counted, layer_name, named_head
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.measures.learning import first_right, winner
from transformer_core.studies.measures.selection import sharpest
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: The training that was watched, one early step of it, and the attention that is looked at there.
RUN, EARLY, PATH = "experiment.emergence", "experiment.descent", "decoder.1.cross_attn"
LAYER = layer_name(int(PATH.split(".")[1]))
#: The role that chapters five to eight follow.
ROLE = "adjective(inflected)->noun"
SCALES = {"quarter": "a quarter as large", "as they are": "as they are", "fourfold": "four times as large"}


class Training(Chapter):
    """A watched training: what is asked, how wrong the guess was, which way the gradient points, and what forms."""

    number = 13
    title = "Training"
    needs = ("cross-attention",)
    looks_at = "*"  # a gradient goes to each part

    def steps(self, trace: Trace) -> Iterator[Step]:
        forcing = yield from self.teacher_forcing(trace)
        yield from self.cross_entropy(trace, forcing)
        nudges = yield from self.nudged(trace)
        box = yield from self.backpropagation(trace, nudges)
        card = yield from self.gradient_descent(trace, box)
        lapse = yield from self.time_lapse(trace, card)
        yield from self.skills(trace, lapse)
        pattern = yield from self.where_to_start(trace)
        bill = yield from self.the_bill(trace, pattern)
        yield from self.what_is_left(trace, lapse, beside(pattern), bill)

    def teacher_forcing(self, trace: Trace) -> Generator[Step, None, TeacherForcing]:
        """The question of the chapter; and what the decoder reads in training."""
        early = trace.under(EARLY)
        probs = early["probs"].pick(batch=0)
        reads, end = probs.words("position"), probs.label("vocab", probs.labels["vocab"].index("<end>"))
        guesses = [probs.pick(position=i).largest()[0] for i in range(len(reads))]
        source = spelled(early[f"{PATH}.weights"].words("key"))
        steps = [step for step in trace[f"{RUN}.step"].quantities() if step < early["step"]]
        picture = TeacherForcing(reads, guesses, end, source, [*steps, early["step"]])
        wrong = picture.hits.index(False)
        whole = Heatmap(early["initial_w_q"], STAGE.width, STAGE.height).move_to(STAGE.centre)
        new = claim(early["in_training"] == 0, "unseen in training", "seen in training")
        yield Step(
            "How do random numbers learn to translate?",
            beat("At first, all parameters are random numbers.", fill(whole, "slow")),
            beat(
                f"After {early['step']:,.0f} steps, we give it “{source}”, {new}.",
                (leave(whole), gather([whole], picture.box)),
                (appear(picture.title, picture.names[0], picture.clock), appear_in_turn([*picture.truth])),
                picture.count(),
            ),
            beat(
                "The decoder reads the right words, one place late, and guesses each next one.",
                (appear(picture.reads[0], picture.names[2]), deal(picture.truth[:-1], picture.reads[1:], kind="slow")),
                (appear_in_turn([*picture.ways]), appear(picture.names[1])),
                appear_in_turn([*picture.guesses]),
            ),
            beat(
                f"It guesses “{guesses[wrong]}” for “{reads[wrong + 1]}”, "
                f"yet reads “{reads[wrong + 1]}” next: this is teacher forcing.",
                appear_in_turn([*picture.signs]),
                appear(ring_around(picture.guesses[wrong])),
                appear(ring_around(picture.reads[wrong + 1])),
                ambient=pulses([way[0] for way in picture.ways], role="residual"),
            ),
            stage=[],
        )
        return picture

    def cross_entropy(self, trace: Trace, forcing: TeacherForcing) -> Iterator[Step]:
        """From logits to the loss of one word, and its way through the training."""
        early = trace.under(EARLY)
        place, picture = int(early["place"]), CrossEntropy(early, trace.under(RUN), forcing)
        read, end = forcing.reads[place], picture.losses[-1]
        yield Step(
            "How wrong is a guess? Cross-entropy",
            beat(
                f"Each word gets a logit: how well does it fit after “{read.label}”?",
                appear(picture.floors[0], picture.names[0], ring_around(read, "query")),
                appear_in_turn([*picture.stages[0]], "slow"),
                appear(picture.numbers[0]),
            ),
            beat(
                f"Softmax makes them probabilities. The right word, “{picture.target}”, gets {picture.probs[0]:.4f}.",
                *picture.softmax(),
                picture.ribbon.mark({len(picture.ribbon) - 1: "residual"}),
            ),
            beat(
                f"The loss is minus its logarithm, {picture.losses[0]:.2f}: the cross-entropy.",
                (appear(picture.plot), draw(picture.curve, kind="row")),
                (gather(picture.numbers[1][-1:], picture.point), appear(picture.reading)),
            ),
            beat("Each time the probability halves, it climbs by the same;", draw(picture.stairs, kind="slow")),
            beat(
                claim(
                    end > min(picture.losses),
                    f"in training it wavers down to {end:.2f}, as each step sees other sentences.",
                    f"in training it falls to {end:.2f}.",
                ),
                leave(picture.numbers[1], picture.stairs),
                picture.run(),
            ),
            stage=[*picture.ribbon, *forcing.reads, forcing.names[2], forcing.clock],
        )

    def nudged(self, trace: Trace) -> Generator[Step, None, ScoreSlopes]:
        """The slope of the loss along each score: together they are the gradient."""
        early, (target, row) = trace.under(EARLY), row_of_interest(trace)
        slopes, weights = trace.under(f"{EARLY}.gradients.{PATH}", **row), early[f"{PATH}.weights"].pick(**row)
        pushes, picture = slopes["score_push"], ScoreSlopes(early, slopes, f"{LAYER}, its only head")
        up, down = pushes.largest()[0], pushes.smallest()[0]
        large, read = picture.large, early["probs"].label("position", row["query"])
        standing = [*picture.ribbon, *picture.names[:2], picture.facts, picture.tracks]
        yield Step(
            f"Nudge one score, and watch the loss of “{target}”",
            beat(
                f"After “{read}”, the decoder gives "
                f"“{up}” {weights.pick(key=up.position):share} of its attention, "
                f"“{down}” {weights.pick(key=down.position):share}.",
                appear_in_turn([*picture.bars], "slow"),
                appear(picture.numbers),
            ),
            beat(
                claim(
                    picture.up < picture.start,
                    f"Raise the attention score of “{up}”, and nothing else: the loss falls.",
                    f"Raise the attention score of “{up}”, and nothing else.",
                ),
                appear(large.dot),
                picture.raised(),
            ),
            beat(claim(picture.down > picture.start, "Lower it, and the loss rises.", "Lower it."), *picture.lowered()),
            stage=[*standing, *large.frame, large.plot.names, picture.loss],
        )
        small = picture.curves[picture.key]
        yield Step(
            "All slopes together: the gradient",
            beat(
                "Now each of the other scores, by itself.",
                appear(*(part for curve in picture.others for part in (*curve.frame, curve.dot))),
                *picture.move_others(),
            ),
            beat(
                "The slope tells what a tiny nudge does. All slopes together are the gradient.",
                *((draw(one), appear(told)) for one, told in zip(picture.tangents, picture.slopes, strict=True)),
            ),
            beat(
                f"So go against it: more for “{up}”, less for “{down}”.",
                appear(picture.lines, picture.names[2]),
                appear_in_turn([*picture.pushes], "slow"),
            ),
            stage=[*picture.weighed, picture.names[1], picture.loss, *small.frame, *small.halves, small.dot],
        )
        yield from self.downhill(picture, trace)
        return picture

    def downhill(self, nudges: ScoreSlopes, trace: Trace) -> Iterator[Step]:
        """The reason of a push on a score: where the value lies, seen from the output, and how much weight it has."""
        early, (target, row) = trace.under(EARLY), row_of_interest(trace)
        slopes = trace.under(f"{EARLY}.gradients.{PATH}", **row)
        probs, weights = early["nudged_probs"].pick(key=nudges.key), early[f"{PATH}.weights"].pick(**row)
        picture = OutputDownhill(nudges, slopes, weights, probs, target)
        down, up = (slopes["score_push"].label("key", key) for key in nudges.keys)
        yield Step(
            "Attention goes where it helps",
            beat(
                f"The output mixes values, mostly those of “{down}” and “{up}”.",
                (draw(*picture.values), follow(picture.chips)),
                appear(picture.dot, picture.prob),
            ),
            beat(
                claim(
                    nudges.up < nudges.start,
                    f"Raise the score of “{up}”: the output slides there, and “{target}” gets likelier.",
                    f"Raise the score of “{up}”: the output slides there.",
                ),
                *picture.slide(),
            ),
            beat(
                "How far downhill from the output does each value lie?",
                (leave(picture.prob, picture.dot[0]), appear(picture.here, rise=False), draw(picture.way)),
                appear(picture.way_name),
                draw(*picture.shadows),
                (appear(picture.bars), appear(picture.numbers)),
            ),
            beat(
                "That times its attention weight is the push on its score.",
                appear(picture.rings),
                appear(picture.factors),
            ),
            stage=[*nudges.weighed, nudges.names[1], nudges.loss],
        )

    def backpropagation(self, trace: Trace, nudges: ScoreSlopes) -> Generator[Step, None, VGroup]:
        """One score followed to the loss and back, slope by slope; then the slope of every weight, in one pass.

        Returns: the box of the loss.
        """
        early, (target, row) = trace.under(EARLY), row_of_interest(trace)
        slopes = trace.under(f"{EARLY}.gradients.{PATH}", **row)
        slope, up = slopes["scaled"].quantity(nudges.key), slopes["scaled"].label("key", nudges.key)
        picture = chain_of(trace, nudges.key, nudges.below)
        parts = ModelParts(early["parameters"], slope, early["word_loss"])
        pushes, query = (slopes["query_push"], slopes["query_matrix_push"]), early[f"{PATH}.q"].pick(**row)
        deeper = QueryGradient(query, *pushes, early["probs"].label("position", row["query"]))
        (*products, last), (lies, come) = picture.go_back(), parts.take(deeper.pushes)
        passed = picture.marks, *picture.bars[1:], *picture.numbers[1:]
        yield Step(
            "Backpropagation: all slopes in one pass",
            beat(
                f"The score of “{up}” moves its weight, that the log-odds of “{target}”, "
                "its logit against all others, and these the loss.",
                (draw(*picture.lines, picture.now), appear_in_turn([*picture.graphs])),
                appear(picture.dots),
                (*picture.nudge(), *nudges.moved(picture.way, "slow")[:-1]),
            ),
            beat(
                "Each link has a slope. Back from the loss, they multiply: the chain rule.",
                (appear_in_turn([*picture.slopes]), draw(*picture.tangents), appear(picture.start)),
                *(play for pair in products for play in pair),
            ),
            beat(f"It ends with {slope:.3f}, the slope we measured.", *last),
            beat(
                "But a score is computed: on to the query, and to each entry of its matrix.",
                leave(
                    *(part[1:] for part in (picture.heads, picture.values, picture.lines, picture.dots)),
                    *passed,
                    *nudges.weighed,
                ),
                (appear(deeper.names[0]), Travel(picture.values[0], deeper.query, kind="row")),
                (appear(deeper.names[1]), Travel(picture.bars[0], deeper.push, kind="row")),
                Travel(deeper.push, deeper.pushes, kind="row"),
                appear(deeper.names[2]),
            ),
            beat(
                f"One pass back gives all {early['parameters']:,.0f} slopes: backpropagation.",
                (
                    leave(*(part[0] for part in (picture.heads, picture.values, picture.lines, picture.dots))),
                    leave(picture.bars[0], picture.numbers[0], picture.now, deeper.query, deeper.push, *deeper.names),
                    lies,
                ),
                come,
                (appear_in_turn([*parts.forward]), appear_in_turn([*parts.back[::-1]], "slow"), appear(parts.count)),
                ambient=pulses([way[0] for way in parts.back], role="ink"),
            ),
            stage=[*nudges.weighed, picture.heads, picture.values],
        )
        return parts.boxes[-1]

    def gradient_descent(self, trace: Trace, box: VGroup) -> Generator[Step, None, VGroup]:
        """A ball on the real loss, along the real gradient."""
        early = trace.under(EARLY)
        picture, large = LossValley(early, box), early["large_losses"].values
        climbs = claim(
            bool((large[1:] > large[:-1]).all()),
            "the ball leaps over the valley, and climbs.",
            "the ball leaps back and forth.",
        )
        yield Step(
            "Gradient descent: a step downhill",
            beat(
                f"All {early['parameters']:,.0f} parameters move against their gradient: the mean loss of "
                f"{early['batch_sentences']:.0f} sentences.",
                draw(picture.curve, kind="slow"),
            ),
            beat(
                "The model is this ball. The slope says which way is down.",
                (leave(picture.note), reshape(picture.told, picture.smaller, "flow")),
                appear(picture.ball, picture.plot.names[0]),
                draw(picture.slope),
            ),
            beat(
                "Step, find the slope again, step: gradient descent. Where it is flatter, steps are shorter.",
                picture.descend(),
            ),
            beat(
                f"The learning rate sets their length. At {early['rate_ratio']:.0f} times that, {climbs}",
                (leave(*picture.visited[1:], picture.slope), *picture.again()),
                appear(picture.handle, picture.rate),
                picture.pull(),
                appear(picture.ratio),
                *picture.leap_on(),
            ),
            stage=[picture.plot.axes, picture.plot.names[1], picture.scale, picture.note, picture.told],
        )
        return picture.card

    def time_lapse(self, trace: Trace, box: VGroup) -> Generator[Step, None, TimeLapse]:
        """The watched sentence through the whole training: guesses, two patterns, and new sentences."""
        run = trace.under(RUN)
        picture, own = time_lapse_of(trace, box), watched(trace)
        last, half = len(run["step"]) - 1, first_right(trace, RUN)
        assert half is not None  # the recorded training ends with a right translation
        row = own.size("query") - 1
        top_key, most = own.pick(checkpoint=last, query=row).largest()
        looked, asks = own.pick(query=row, key=top_key.position), own.label("query", row)
        picture.watch(looked.quantities(), asks, top_key)
        step, share = run["step"].quantity(half), run["exact"].quantity(half)
        right_now = picture.share.copy().rewrite(f"{share:share}")
        repeats = [str(one[0]) for one in picture.guesses] == [str(one) for one in run["probs"].words("position")]
        yield Step(
            "Training as a time-lapse",
            beat(
                claim(repeats, "Untrained, it repeats what it reads. ", "Untrained, it guesses anything. ")
                + f"“{asks}” gives “{top_key}” {looked.quantity(0):share} of its attention.",
                (appear(picture.labels, picture.words, picture.share), fill(picture.rows, "row")),
                appear(spot := ring_around(picture.grids[1].band(row)), picture.told),
            ),
            beat("An optimizer, AdamW, rescales each slope for each step.", picture.run(half)),
            beat(
                f"At step {step:,.0f} our sentence is right; so are {share:share} of new ones.",
                *map(appear, rings := [ring_around(part) for part in (picture.slots, right_now)]),
            ),
            beat(
                "Trained matrices compute attention for each sentence.",
                (leave(*rings), *picture.run(last, half, "slow")),
            ),
            beat(f"At the end, “{asks}” gives “{top_key}” {most:share}.", move_ring(spot, picture.told, roomy=True)),
            stage=[*picture.standing],
        )
        return picture

    def skills(self, trace: Trace, lapse: TimeLapse) -> Iterator[Step]:
        """Show from which training step on each skill stays."""
        run, earned, since = trace.under(RUN), trace["roles.role_threshold"], trace[f"{RUN}.learned_onset"]
        looked = run[f"{PATH}.weights"].pick(batch=0, head=0, checkpoint=-1)
        picture = SkillLinks(run, lapse, looked, earned)
        names = since.labels["line"]
        first, last = since.quantity(0), since.quantity(len(names) - 1)
        order = (
            f"Whole sentences come last, at step {last:,.0f}."
            if names[-1] == "whole sentences" and last > 0
            else f"The first at step {first:,.0f}."
        )
        yield Step(
            "One after another, skills come to stay",
            beat(
                "Each link is a skill on new sentences.",
                picture.begin(),
                appear(picture.links, picture.note[0], picture.names, picture.plot[:4]),
            ),
            beat(
                claim(
                    bool(run["abrupt_lines"] > run["lines"] / 2),
                    "Most make half of their rise while the steps double.",
                    "They appear little by little.",
                ),
                picture.run(),
                (draw(*picture.doublings, kind="flow"), appear(picture.plot[4:])),
            ),
            beat(
                f"From its number on, each stays above {earned:.0%}. {order}",
                (appear_in_turn([*picture.marks], "slow"), appear(picture.note[1])),
            ),
            stage=[lapse.slots, lapse.words, lapse.clock_name, lapse.clock, *picture.chips],
        )

    def where_to_start(self, trace: Trace) -> Generator[Step, None, Pattern]:
        """Initial weights of three scales; returns the first pattern of the usual one."""
        run = trace.under("experiment.initial_scales")
        usual = "as they are"
        picture = InitialScales(run, SCALES, sharpest(run["first_weights"].pick(choice=usual)))
        means, steps = run["exact.over_seeds"], run["steps"]
        sharp = [float(run["first_largest"].pick(choice=name)) for name in SCALES]
        yield Step(
            "Initialization: how large is random?",
            beat(
                claim(
                    sharp == sorted(sharp),
                    "How large should random parameters be? Too large, and attention begins as spikes.",
                    "How large should random parameters be? Here is the first attention of three scales.",
                ),
                appear_in_turn([grid.lines for grid in picture.grids], "slow"),
            ),
            beat(
                f"After {steps:,.0f} steps, {means.pick(choice=usual):share} of new sentences are right as they are, "
                f"{means.pick(choice='fourfold'):share} at four times the size.",
                (appear(picture.axis), *(appear_in_turn([*marks[1:]], "slow") for marks in picture.marks)),
                appear(picture.means, *(marks[0] for marks in picture.marks), rise=False),
            ),
            beat(
                claim(
                    bool(run["exact.effect"].pick(choice="quarter")),
                    "A quarter as large: that is no chance.",
                    "A quarter as large: too few dots to be sure.",
                ),
                picture.come_close(),
                draw(picture.least),
            ),
            stage=[*(grid.cells for grid in picture.grids), *picture.names],
        )
        return picture.grids[1]

    def the_bill(self, trace: Trace, pattern: Pattern) -> Generator[Step, None, CostByLength]:
        """The cost of a longer sentence: counted, and measured; returns the figure."""
        run = trace.under("experiment.attention_cost")
        time = run["time_ratio"].pick(part="scores and blends")
        picture = CostByLength(int(trace["config.words"]), run["lengths"], run["milliseconds"], time, pattern)
        before, after = run["lengths"].quantities()[-2:]
        yield Step(
            "The price of attention: n squared",
            beat(
                f"This sentence has {counted(trace['config.score_count'], 'score')} in each head; "
                "twice as many words, four times as many.",
                (leave(pattern), appear(picture.small, rise=False)),
                multiply(picture.small, picture.others),
            ),
            beat(
                f"From {before:,.0f} words to {after:,.0f}, scores take {time:.1f} times the time.",
                (appear_in_turn([*picture.dots], "slow"), draw(picture.rest, kind="slow")),
                (draw(*picture.ways), appear(picture.growth, picture.labels)),
                (draw(picture.square), appear(picture.named)),
            ),
            stage=[pattern, Region("an experiment"), picture.plot, picture.ticks],
        )
        return picture

    def what_is_left(self, trace: Trace, lapse: TimeLapse, room: Room, bill: CostByLength) -> Iterator[Step]:
        """Close: the answer, by the one score that was followed."""
        (target, row), early, run = row_of_interest(trace), trace.under(EARLY), trace.under(RUN)
        pushed = trace[f"{EARLY}.gradients.{PATH}.score_push"].pick(**row).largest()[0]
        where, shown = row | {"key": pushed.position}, (lapse.grids[0], lapse.states[0])
        picture = FollowedWeight(early, run, PATH, where, target, room, bill.small, *shown)
        yield Step(
            "Guess, loss, gradient, step",
            beat(
                f"And our score? “{pushed}” had {picture.now:share} of the attention; "
                f"at the end, {picture.shares[-1]:share}.",
                (*exchange([bill.small], [picture.rows], "row"), appear(picture.clock)),
                (appear(picture.names[0], rise=False), picture.shrink()),
                appear(picture.names[1:], picture.ring),
                *picture.draw("attention"),
            ),
            beat(
                f"And “{target}” rose to {picture.probs[-1]:share}. Guess, loss, gradient, step: "
                "so random numbers learned to translate.",
                *picture.draw("probability"),
            ),
            stage=[bill.small, picture.plot, picture.ticks],
        )


def row_of_interest(trace: Trace) -> tuple[Label, dict[str, int]]:
    """The word whose loss is looked at, and the row of attention that is about to write it."""
    place = int(trace[f"{EARLY}.place"])
    return trace[f"{EARLY}.probs"].label("position", place + 1), {"batch": 0, "head": 0, "query": place}


def chain_of(trace: Trace, key: int, room: Room) -> SlopeChain:
    """Link one nudged score to the loss: score, attention weight, log-odds, loss."""
    early, (target, row) = trace.under(EARLY), row_of_interest(trace)
    slopes = trace.under(f"{EARLY}.gradients.{PATH}", **row)
    links = {
        f"score of “{slopes['scaled'].label('key', key)}”": slopes["nudged_scores"][key].quantities(),
        "its attention weight": early["nudged_weights"].pick(other=key, key=key).quantities(),
        f"log-odds of “{target}”": early["nudged_log_odds"][key].quantities(),
        "loss": early["nudged_loss"][key].quantities(),
    }
    local = [slopes[name].quantity(key) for name in ("score_to_weight", "weight_to_log_odds")]
    upstream = [slopes[name].quantity(key) for name in ("scaled", "weight_gradient")]
    last = early["log_odds_to_loss"]
    return SlopeChain(room, links, [*local, last], [*upstream, last])


def watched(trace: Trace) -> NamedTensor:
    """The weights of the head that takes the role, look by look, "checkpoint query key"."""
    layer, head = winner(trace, RUN, ROLE)
    return trace[f"{RUN}.encoder.{layer}.self_attn.weights"].pick(batch=0, head=head)


def time_lapse_of(trace: Trace, box: VGroup) -> TimeLapse:
    """The watched training in fast motion, with two patterns."""
    own, cross = watched(trace), trace[f"{RUN}.{PATH}.weights"].pick(batch=0, head=0)
    # A row of the cross-attention is called by the word that it writes.
    written = cross.words("query")[1:]
    asked: NamedTensor = cross.pick(query=tuple(range(len(written))))
    name = named_head(*winner(trace, RUN, ROLE))
    patterns = {f"Cross-attention, {LAYER}": (asked, written), name: (own, own.words("query"))}
    (target, row), run = row_of_interest(trace), trace.under(RUN)
    losses = run["checkpoint_losses"].pick(position=row["query"])
    return TimeLapse(run, patterns, box, losses, f"of “{target}”")
