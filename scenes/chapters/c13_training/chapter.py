"""Training: guesses, a loss, its gradient, and a step, over and over."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import appear, appear_in_turn, deal, draw, fill, gather, leave, move_ring, pulses, ring_around
from scenes.chapters.c13_training.descent import Backward, Valley
from scenes.chapters.c13_training.lesson import CrossEntropy, Lesson
from scenes.chapters.c13_training.pushes import ROUNDING, Nudges, Pushes
from scenes.layout import STAGE
from scenes.mobjects.black_box import spelled
from scenes.mobjects.card import Card
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.learning import Bill, Skills, Starts, TimeLapse
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.wording import counted, named_head
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.measures.learning import first_right, winner
from transformer_core.studies.measures.selection import sharpest
from transformer_core.tracing.trace import NamedTensor, Trace

#: The training that was watched, one early step of it, and the attention that is looked at there.
RUN, EARLY, PATH = "experiment.emergence", "experiment.descent", "decoder.1.cross_attn"
SMOOTHING = "experiment.sampling.smoothing"
#: The role that chapters five to eight follow.
ROLE = "adjective(inflected)->noun"
SCALES = {"quarter": "a quarter as large", "as they are": "as they are", "fourfold": "four times as large"}


class Training(Chapter):
    """A watched training: what is asked, how wrong the guess was, which way the gradient points, and what forms."""

    number = 13
    title = "Training"
    needs = ("cross-attention",)
    looks_at = "output"  # where the loss is taken

    def steps(self, trace: Trace) -> Iterator[Step]:
        if f"{RUN}.probs" in trace and f"{EARLY}.probs" in trace:
            yield from self.teacher_forcing(trace)
            yield from self.cross_entropy(trace)
            yield from self.nudged(trace)
            yield from self.backpropagation(trace)
            yield from self.gradient_descent(trace)
            yield from self.pushes(trace)
            yield from self.time_lapse(trace)
            yield from self.skills(trace)
        card = Card("an experiment")
        yield from self.where_to_start(trace, card)
        yield from self.the_bill(trace, card)
        if f"{RUN}.probs" in trace:
            yield from self.what_is_left(trace)

    def teacher_forcing(self, trace: Trace) -> Iterator[Step]:
        """The question of the chapter; and what the decoder reads in training."""
        early = trace.under(EARLY)
        probs = early["probs"].pick(batch=0)
        reads, end = probs.words("position"), probs.label("vocab", probs.labels["vocab"].index("<end>"))
        guesses = [probs.pick(position=i).largest()[0] for i in range(len(reads))]
        hits = [str(guess) == str(right) for guess, right in zip(guesses, [*reads[1:], end], strict=True)]
        source = spelled(early[f"{PATH}.weights"].words("key"))
        picture = Lesson(reads, guesses, end, hits, source)
        wrong = hits.index(False)
        whole = Heatmap(early["initial_w_q"], STAGE.width, STAGE.height).move_to(STAGE.centre)
        new = claim(early["in_training"] == 0, "unseen in training", "seen in training")
        yield Step(
            "How do random numbers learn to translate?",
            beat("At first, all weights are random numbers. How do they learn to translate?", fill(whole, "slow")),
            beat(
                f"We watch “{source}”, {new}, and its right translation.",
                (leave(whole), gather([whole], picture.box)),
                (appear(picture.title, picture.names[0]), appear_in_turn([*picture.truth])),
            ),
            beat(
                "The decoder reads the right words, one place late, and guesses each next one.",
                (appear(picture.reads[0], picture.names[2]), deal(picture.truth[:-1], picture.reads[1:], kind="slow")),
                (appear_in_turn([*picture.ways]), appear(picture.names[1])),
                appear_in_turn([*picture.guesses]),
            ),
            beat(
                f"At step {early['step']:,.0f} it guesses “{guesses[wrong]}” for “{reads[wrong + 1]}”, "
                f"yet it reads “{reads[wrong + 1]}” next: this is teacher forcing.",
                appear_in_turn([*picture.signs]),
                appear(ring_around(picture.guesses[wrong])),
                appear(ring_around(picture.reads[wrong + 1])),
                ambient=pulses([way[0] for way in picture.ways], role="residual"),
            ),
            stage=[],
        )

    def cross_entropy(self, trace: Trace) -> Iterator[Step]:
        """From logits to the loss of one word, and its way through the training."""
        early = trace.under(EARLY)
        picture, read = CrossEntropy(early, trace.under(RUN)), early["probs"].label("position", int(early["place"]))
        slides = claim(
            bool(picture.losses[-1] < picture.losses[0]),
            "As training goes on, the loss slides down.",
            "As training goes on, the loss moves along the curve.",
        )
        smoothed = ""
        if SMOOTHING in trace:
            smoothed = f" Label smoothing leaves {trace[SMOOTHING]:share} to all words: p stops short of one."
        yield Step(
            "How wrong is a guess? Cross-entropy",
            beat(
                f"Each word gets a logit: how well does it fit after “{read}”?",
                appear(picture.floors[0], picture.names[0]),
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
                (appear(picture.card, picture.plot), draw(picture.curve, kind="row")),
                (gather([picture.number], picture.point), appear(picture.readings, picture.reading_names)),
            ),
            beat(f"{slides}{smoothed}", leave(picture.numbers[1]), picture.run()),
            stage=[*picture.ribbon],
        )

    def nudged(self, trace: Trace) -> Iterator[Step]:
        """The slope of the loss along each score: together they are the gradient."""
        early, (place, row) = trace.under(EARLY), row_of_interest(trace)
        slopes, pushes = (early[f"gradients.{PATH}.{name}"].pick(**row) for name in ("scaled", "score_push"))
        picture, weights = Nudges(early, slopes, pushes), early[f"{PATH}.weights"].pick(**row)
        up, down = pushes.largest()[0], pushes.smallest()[0]
        large, reads = picture.large, early["probs"].words("position")
        standing = [*picture.ribbon, *picture.names[:2], picture.tracks]
        yield Step(
            f"Nudge one score, and watch the loss of “{reads[place + 1]}”",
            beat(
                f"After “{reads[place]}”, at step {early['step']:,.0f}, the decoder gives "
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
        others = [curve for curve in picture.curves if curve is not small]
        shown = [*small.frame, *small.halves, small.dot]
        yield Step(
            "All slopes together: the gradient",
            beat(
                "Now each of the other scores, by itself.",
                appear(*(part for curve in others for part in (*curve.frame, curve.dot))),
                *picture.move_others(),
            ),
            beat(
                "The slope tells what a tiny nudge does. All slopes together are the gradient.",
                *(draw(tangent) for tangent in picture.tangents),
            ),
            beat(
                f"So go against it: more for “{up}”, less for “{down}”.",
                appear(picture.lines, picture.names[2]),
                appear_in_turn([*picture.pushes], "slow"),
                appear(picture.push_numbers),
            ),
            stage=[*standing, picture.bars, picture.numbers, picture.loss, *shown],
        )

    def backpropagation(self, trace: Trace) -> Iterator[Step]:
        """Backpropagation: the slope of every weight from a single pass back."""
        early = trace.under(EARLY)
        picture = Backward(early["part_gradients"], early["batch_loss"], early["parameters"])
        forward, back = (pulses([way[0] for way in ways], role="ink") for ways in (picture.forward, picture.back))
        yield Step(
            "Backpropagation: all slopes in one pass",
            beat(
                f"To nudge each of {early['parameters']:,.0f} weights would take as many passes.",
                (appear(picture.many), appear_in_turn([*picture.forward])),
                ambient=forward,
            ),
            beat(
                f"Instead, a batch of {early['batch_sentences']:.0f} training sentences runs forward, to a mean loss.",
                appear(picture.loss),
                ambient=forward,
            ),
            beat(
                "Then, by the chain rule, each layer tells the one before how its output would change the loss.",
                appear(picture.chain, picture.legend),
                *picture.handed_back(),
                ambient=back,
            ),
            beat(
                "One pass back gives all slopes at once: backpropagation.",
                draw(picture.struck),
                appear(picture.single),
                ambient=back,
            ),
            stage=[picture.boxes],
        )

    def gradient_descent(self, trace: Trace) -> Iterator[Step]:
        """A ball on the real loss, along the real gradient."""
        early, card = trace.under(EARLY), Card("measured: the loss of one batch, along its gradient")
        picture, large = Valley(early, card.inside), early["large_losses"].values
        climbs = claim(
            bool((large[1:] > large[:-1]).all()),
            "the ball leaps over the valley, and climbs.",
            "the ball leaps back and forth.",
        )
        yield Step(
            "Gradient descent: a step downhill",
            beat(
                "Move all weights against the gradient: the loss of the batch is a valley.",
                draw(picture.curve, kind="slow"),
            ),
            beat(
                "The model is this ball. The slope says which way is down.",
                appear(picture.ball),
                draw(picture.slope),
            ),
            beat(
                "Step, find the slope again, step: gradient descent. Where it is flatter, steps are shorter.",
                leave(picture.slope),
                picture.descend("small"),
            ),
            beat(
                f"The learning rate sets their length. At {early['rate_ratio']:.0f} times that, {climbs}",
                (leave(*picture.visited["small"][2:]), appear(picture.steps["small"])),
                (leave(*picture.visited["small"][:2]), *picture.back("small")),
                (appear(picture.steps["large"]), *picture.descend("large", "slow")),
            ),
            stage=[card, picture.plot, picture.scale, picture.loss_name, picture.loss],
        )

    def pushes(self, trace: Trace) -> Iterator[Step]:
        """The formula: which scores does the loss push, and why."""
        place, row = row_of_interest(trace)
        early, slopes = trace.under(EARLY), trace.under(f"{EARLY}.gradients.{PATH}", **row)
        weights = early[f"{PATH}.weights"].pick(**row)
        pushed = slopes["score_push"]
        picture = Pushes(weights, slopes["loss_decrease_by_value"], pushed)
        formula = Formula(
            "- (partial L) / (partial s_(i j)) = {{ w_(i j) : weight }} thin (- g_i) dot ({{ v_j : value }} - z_i)",
            LARGE,
        )
        picture.foot.fit(formula)
        read = picture.reading(formula)
        error = trace[f"{EARLY}.gradients.{PATH}.score_gradient_difference"]
        up, target = pushed.largest()[0], early["probs"].words("position")[place + 1]
        yield Step(
            "Attention goes where it helps",
            beat(
                f"What pushes up the score of “{up}”? First, its attention weight.",
                appear_in_turn([*picture.bars], "slow"),
                appear(picture.numbers),
            ),
            beat(
                f"Then, by its slope, how much the loss of “{target}” would fall if the output were its value alone.",
                appear(picture.names[1]),
                appear_in_turn([*picture.ways], "slow"),
                appear(picture.way_numbers),
            ),
            beat(
                "The push on a score is its attention weight times how much that value would lower the loss.",
                appear(picture.signs, picture.names[2]),
                picture.multiply(),
                appear(picture.push_numbers),
            ),
            beat(
                claim(
                    bool(error < ROUNDING),
                    "Backpropagation finds the same numbers.",
                    "Backpropagation finds nearly the same numbers.",
                ),
                appear(formula, read),
            ),
            stage=[*picture.ribbon, picture.names[0], picture.tracks, picture.zero, picture.lines],
        )

    def time_lapse(self, trace: Trace) -> Iterator[Step]:
        """The watched sentence through the whole training: guesses, two patterns, and new sentences."""
        run = trace.under(RUN)
        picture, own = time_lapse_of(trace), watched(trace)
        last, right = len(run["step"]) - 1, first_right(trace, RUN)
        half = last // 2 if right is None else right
        row = own.size("query") - 1
        top_key, most = own.pick(checkpoint=last, query=row).largest()
        before = own.pick(checkpoint=0, query=row, key=top_key.position)
        step, share = run["step"].quantity(half), run["exact"].quantity(half)
        repeats = [str(one[0]) for one in picture.guesses] == [str(one) for one in run["probs"].words("position")]
        yield Step(
            "Training as a time-lapse",
            beat(
                claim(repeats, "Untrained, it repeats what it reads.", "Untrained, it guesses anything."),
                (appear(picture.labels, picture.words, picture.share), fill(picture.rows, "row")),
            ),
            beat(
                f"Loss, gradient, step: the optimizer, AdamW, repeats it {run['step'].quantity(last):,.0f} times.",
                picture.run(half),
            ),
            beat(
                f"At step {step:,.0f}, {share:share} of new sentences are right."
                if right is None
                else f"At step {step:,.0f} our sentence is right; so are {share:share} of new ones.",
                appear(ring := ring_around(picture.slots)),
                move_ring(ring, picture.share),
            ),
            beat("One sentence is not enough, so training goes on.", leave(ring), picture.run(last, half)),
            beat(
                f"“{own.label('query', row)}” first gave “{top_key}” {before:share} "
                f"of its attention; now {most:share}.",
                appear(ring_around(picture.grids[1].band(row)), picture.under(before, most)),
            ),
            stage=[*picture.standing],
        )

    def skills(self, trace: Trace) -> Iterator[Step]:
        """Show from which training step on each skill stays."""
        run, earned = trace.under(RUN), trace["roles.role_threshold"]
        picture, since = Skills(run), run["learned_onset"]
        names = since.labels["line"]
        first, last = since.quantity(0), since.quantity(len(names) - 1)
        order = (
            f"First at step {first:,.0f}, whole sentences last, at {last:,.0f}."
            if names[-1] == "whole sentences" and last > 0
            else f"The first at step {first:,.0f}."
        )
        yield Step(
            "Skills appear one after another",
            beat(
                claim(
                    bool(run["abrupt_lines"] > run["lines"] / 2),
                    "Each line is a skill on new sentences; most rise by half in one doubling.",
                    "Each line is a skill on new sentences; they appear little by little.",
                ),
                picture.draw(),
            ),
            beat(
                f"From the mark on, a skill stays above {earned:.0%}. {order}",
                (appear(picture.stays), appear_in_turn([mark for mark in picture.marks if len(mark)], "slow")),
            ),
            stage=[picture.plots, picture.calls, picture.ends, picture.axis_name],
        )

    def where_to_start(self, trace: Trace, card: Card) -> Iterator[Step]:
        """Initial weights of three scales."""
        run = "experiment.initial_scales"
        if f"{run}.exact" not in trace:
            return
        first = trace[f"{run}.first_weights"]
        usual = "as they are"
        head = sharpest(first.pick(choice=usual))
        means = {name: trace[f"{run}.exact.over_seeds"].pick(choice=name) for name in SCALES}
        picture = Starts(
            [first.pick(choice=name, head=head) for name in SCALES], list(SCALES.values()), list(means.values())
        )
        card.inside.fit(picture)
        effect = trace[f"{run}.exact.effect"]
        apart = {name: bool(effect.pick(choice=name)) for name in SCALES if name != usual}
        sharp = [float(trace[f"{run}.first_largest"].pick(choice=name)) for name in SCALES]
        verdict = {
            (False, True): "A quarter as large: no difference beyond chance.",
            (True, True): "A quarter as large: a difference beyond chance, too.",
            (True, False): "A difference beyond chance only for a quarter as large.",
            (False, False): "No difference is beyond chance here.",
        }[apart["quarter"], apart["fourfold"]]
        yield Step(
            "Initialization: how large is random?",
            beat(
                claim(
                    sharp == sorted(sharp),
                    "How large should random weights be? Too large, and attention begins as spikes.",
                    "How large should random weights be? Here is the first attention of three scales.",
                ),
                appear_in_turn([*picture.grids], "slow"),
            ),
            beat(
                f"Of new sentences, {means['fourfold']:share} are right then, not {means[usual]:share}. {verdict}",
                appear(picture.bar_name),
                appear_in_turn([*picture.bars[::-1]], "slow"),
            ),
            stage=[card, picture.row_words, picture.column_words, picture.names],
        )

    def the_bill(self, trace: Trace, card: Card) -> Iterator[Step]:
        """The cost of a longer sentence: counted, and measured."""
        run = trace.under("experiment.attention_cost")
        if "milliseconds" not in run:
            return
        meeting = run["overtaken"].quantity(1)
        time, memory = (run[name].pick(part="scores and blends") for name in ("time_ratio", "memory_ratio"))
        picture = Bill(int(trace["config.words"]), run["lengths"], run["milliseconds"], meeting, time)
        card.inside.fit(picture)
        before, after = run["lengths"].quantities()[-2:]
        yield Step(
            "The price of attention: n squared",
            beat(
                f"This sentence has {counted(trace['config.score_count'], 'score')} in each head; "
                "twice as many words, four times as many.",
                appear(picture.small),
                appear(picture.large),
            ),
            beat(
                f"From {before:,.0f} words to {after:,.0f}, they take {time:.1f} times the time, "
                f"and {memory:.1f} times the memory;",
                draw(*picture.curves, kind="slow"),
                (appear(picture.labels), draw(picture.square[0]), appear(picture.square[1])),
            ),
            beat(
                claim(
                    meeting > 0,
                    f"at {meeting:.0f} words, they already take more time than everything else.",
                    f"by multiplications, they overtake everything else at {run['crossover']} words.",
                ),
                appear(picture.meeting) if meeting > 0 else None,
            ),
            stage=[card, picture.plot, picture.ticks],
        )

    def what_is_left(self, trace: Trace) -> Iterator[Step]:
        """Close: the answer, over the training once more."""
        run, picture = trace.under(RUN), time_lapse_of(trace)
        last = len(run["step"]) - 1
        yield Step(
            "Guess, loss, gradient, step",
            beat("The loss of a guess, its gradient, a small step: over and over.", picture.run(last)),
            beat(
                "Whatever attention helps grows stronger. So random numbers learn to translate.",
                appear(ring_around(picture.slots)),
                *(appear(ring_around(grid)) for grid in picture.grids),
            ),
            stage=[*picture.standing, picture.labels, picture.words, picture.share, picture.rows],
        )


def row_of_interest(trace: Trace) -> tuple[int, dict[str, int]]:
    """The place of the word whose loss is looked at, and the row of attention that is about to write it."""
    place = int(trace[f"{EARLY}.place"])
    return place, {"batch": 0, "head": 0, "query": place}


def watched(trace: Trace) -> NamedTensor:
    """The weights of the head that takes the role, look by look, "checkpoint query key"."""
    layer, head = winner(trace, RUN, ROLE)
    return trace[f"{RUN}.encoder.{layer}.self_attn.weights"].pick(batch=0, head=head)


def time_lapse_of(trace: Trace) -> TimeLapse:
    """The watched training in fast motion, with two patterns."""
    own, cross = watched(trace), trace[f"{RUN}.{PATH}.weights"].pick(batch=0, head=0)
    # A row of the cross-attention is called by the word that it writes.
    written = cross.words("query")[1:]
    asked: NamedTensor = cross.pick(query=tuple(range(len(written))))
    name = named_head(*winner(trace, RUN, ROLE))
    return TimeLapse(trace.under(RUN), {"Cross-attention": (asked, written), name: (own, own.words("query"))})
