"""How random numbers become a translator: guesses, a loss, its gradient, and a step, over and over."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import (
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    gather,
    leave,
    pulses,
    ring_around,
)
from scenes.layout import STAGE
from scenes.mobjects.card import Card
from scenes.mobjects.descent import Backward, Valley
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.learning import Bill, Loop, Skills, Starts, TimeLapse
from scenes.mobjects.lesson import CrossEntropy, Lesson
from scenes.mobjects.patterns import sharpest
from scenes.mobjects.pushes import Nudges, Pushes
from scenes.mobjects.race import named_head
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.tensors import Heatmap
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.measures.learning import first_right, winner
from transformer_core.tracing.trace import Trace

#: The training that was watched, one early step of it, and what is looked at there.
RUN, EARLY, PATH = "experiment.emergence", "experiment.descent", "decoder.1.cross_attn"
#: The role that chapters five to eight follow.
ROLE = "adjective(inflected)->noun"
#: A difference below this is rounding: the early step was kept in single precision.
ROUNDING = 1e-4
SCALES = {"quarter": "a quarter as large", "as they are": "as they are", "fourfold": "four times as large"}


class Training(Chapter):
    """A watched training: what is asked, how wrong the guess was, which way the gradient points, and what forms."""

    number = 13
    title = "Training"
    needs = ("cross-attention",)
    mapped = False

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - where the loss is taken, whatever the trace
        return "output"

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
        yield from self.what_is_left(trace)

    def teacher_forcing(self, trace: Trace) -> Iterator[Step]:
        """The question of the chapter; and what the decoder reads in training."""
        early = trace.under(EARLY)
        probs = early["probs"].pick(batch=0)
        reads, end = probs.words("position"), probs.label("vocab", 2)
        guesses = [probs.pick(position=i).largest()[0] for i in range(len(reads))]
        hits = [str(guess) == str(right) for guess, right in zip(guesses, [*reads[1:], end], strict=True)]
        picture = Lesson(reads, guesses, end, hits)
        wrong = hits.index(False)
        matrix = early["initial_w_q"]
        whole = Heatmap(matrix, STAGE.width, STAGE.height)
        whole.move_to(STAGE.centre)
        inside = picture.box.copy()
        new = claim(early["in_training"] == 0, "a sentence that training never uses", "a sentence of the training")
        yield Step(
            "How do random numbers learn to translate?",
            beat(
                "At the start, every weight of the model is a random number. How does it learn to translate?",
                fill(whole, "row"),
            ),
            beat(
                f"We test it on {new}. Its right translation stands above.",
                *exchange([whole], [inside], "row"),
                (appear(picture.box, picture.title), leave(inside)),
                (appear(picture.names[0]), appear_in_turn([*picture.truth])),
            ),
            beat(
                "The decoder reads the right words, moved by one place, and guesses each next word.",
                (appear(picture.reads[0], picture.names[2]), deal(picture.truth[:-1], picture.reads[1:])),
                (appear_in_turn([*picture.ways]), appear(picture.names[1])),
                appear_in_turn([*picture.guesses]),
                ambient=pulses([way[0] for way in picture.ways], role="residual"),
            ),
            beat(
                f"At step {early['step']:,.0f} it guesses “{guesses[wrong]}” for “{reads[wrong + 1]}”. "
                "It still reads the right word next: this is called teacher forcing.",
                appear_in_turn([*picture.signs]),
                appear(ring_around(picture.reads[wrong + 1])),
                ambient=pulses([way[0] for way in picture.ways], role="residual"),
            ),
            stage=[],
        )

    def cross_entropy(self, trace: Trace) -> Iterator[Step]:
        """From logits to the loss of one word, and its way through the training."""
        early, run = trace.under(EARLY), trace.under(RUN)
        place = int(early["place"])
        logits = early["logits"].pick(batch=0, position=place)
        reads = early["probs"].words("position")
        names = logits.labels["vocab"]
        right = names.index(str(reads[place + 1]))
        best = [int(k) for k in (-logits.values).argsort() if k != right][:5]
        ids = (*best, right)
        probs = early["probs"].pick(batch=0, position=place, vocab=ids)
        step, looks = early["step"], run["step"]
        after = tuple(k for k in range(len(looks)) if looks.values[k] > float(step))
        later = run["probs"].pick(batch=0, position=place, vocab=ids, checkpoint=after)
        losses = run["checkpoint_losses"].pick(position=place, checkpoint=after)
        target = logits.label("vocab", right)
        picture = CrossEntropy(
            logits.pick(vocab=ids),
            probs,
            target,
            early["word_loss"],
            later,
            losses,
            [step, *looks.pick(checkpoint=after).quantities()],
        )
        smoothed = trace.about.get("card", {}).get("recipe", {}).get("smoothing", 0) > 0
        slides = claim(
            bool(losses.values[-1] < early["word_loss"]),
            "As training goes on, the right word gets likelier, and the loss slides down.",
            "As training goes on, the loss moves along with the probability.",
        )
        yield Step(
            "How wrong is a guess? Cross-entropy",
            beat(
                f"Every word of the vocabulary gets a logit: how well does it fit after “{reads[place]}”?",
                appear(picture.floors[0], picture.names[0]),
                appear_in_turn([*picture.stages[0]], "slow"),
                appear(picture.numbers[0]),
            ),
            beat(
                f"Softmax makes probabilities of the logits. The right word, “{target}”, gets {picture.probs[0]:.4f}.",
                *picture.softmax(),
                picture.ribbon.mark({len(ids) - 1: "residual"}),
            ),
            beat(
                f"The loss is minus the logarithm of it: {picture.losses[0]:.2f}. This is the cross-entropy.",
                appear(picture.plot),
                draw(picture.curve, kind="row"),
                (
                    gather([picture.number], picture.point),
                    appear(picture.readings, picture.reading_names),
                ),
            ),
            beat(slides, leave(picture.numbers[1]), picture.run()),
            *([beat("Label smoothing leaves a little for the other words.")] if smoothed else []),
            stage=[*picture.ribbon],
        )

    def nudged(self, trace: Trace) -> Iterator[Step]:
        """One score is moved, then all: the slopes are the gradient."""
        early = trace.under(EARLY)
        place = int(early["place"])
        losses = early["nudged_loss"]
        words = losses.words("key")
        side, columns = STAGE.split_columns(220, 30)
        ribbon = Ribbon(words, columns)
        row = {"batch": 0, "head": 0, "query": place}
        slopes = early[f"gradients.{PATH}.scaled"].pick(**row)
        pushes = early[f"gradients.{PATH}.score_push"].pick(**row)
        picture = Nudges(
            losses, early["nudged_weights"], early["nudge"], slopes, pushes, ribbon, side, ribbon.below(STAGE)
        )
        query_token = early[f"{PATH}.weights"].label("query", place)
        up, down = pushes.largest()[0], pushes.smallest()[0]
        key, middle, last = up.position, picture.middle, picture.last
        weights = early[f"{PATH}.weights"].pick(**row)
        target = early["probs"].words("position")[place + 1]
        up_loss, down_loss, start = losses.values[key, last], losses.values[key, 0], losses.values[key, middle]
        yield Step(
            f"Nudge one score, and watch the loss of “{target}”",
            beat(
                f"Back at step {early['step']:,.0f}, in the cross-attention that reads “{query_token}”: "
                f"“{up}” has {weights.pick(key=up.position):share} of the attention, "
                f"“{down}” {weights.pick(key=down.position):share}.",
                (appear(picture.names[0], picture.tracks), appear_in_turn([*picture.bars])),
                appear(picture.numbers),
            ),
            beat(
                claim(
                    bool(up_loss < start),
                    f"Raise the score of “{up}”, and nothing else: the loss falls.",
                    f"Raise the score of “{up}”, and nothing else.",
                ),
                appear(*picture.plot_of(key), picture.names[1], picture.loss, picture.dots[key]),
                picture.move(key, middle, last, half=0),
            ),
            beat(
                claim(bool(down_loss > start), "Lower it: the loss rises.", "Lower it."),
                picture.move(key, last, middle, "row"),
                picture.move(key, middle, 0, half=1),
                picture.move(key, 0, middle, "row"),
            ),
            stage=[*ribbon],
        )
        others = [k for k in range(len(words)) if k != key]
        yield Step(
            "All slopes together: the gradient",
            beat(
                "Now the other scores, one after another.",
                appear(*(part for k in others for part in picture.plot_of(k)), *(picture.dots[k] for k in others)),
                *(
                    step
                    for k in others
                    for step in (
                        picture.move(k, middle, last, "row", half=0),
                        picture.move(k, last, 0, "row", half=1),
                        picture.move(k, 0, middle, "appear"),
                    )
                ),
            ),
            beat(
                "At each point we need only the slope: how much does the loss change with a tiny nudge?",
                draw(*picture.tangents),
            ),
            beat("All slopes together are called the gradient."),
            beat(
                f"So go against it: more for “{up}”, less for “{down}”. Where it is flat, nothing to gain.",
                appear(picture.lines, picture.names[2]),
                appear_in_turn([*picture.pushes]),
                appear(picture.push_numbers),
            ),
        )

    def backpropagation(self, trace: Trace) -> Iterator[Step]:
        """One pass back gives the slope of every weight."""
        early = trace.under(EARLY)
        picture = Backward(early["part_gradients"], early["batch_loss"])
        forward, back = pulses(picture.lines, role="ink"), pulses(picture.back_lines, role="warning")
        order = picture.order
        yield Step(
            "Backpropagation: all slopes in one pass",
            beat(
                f"The model has {early['parameters']:,.0f} weights. Nudging each of them would take as many passes.",
                appear_in_turn([*picture.forward]),
                ambient=forward,
            ),
            beat(
                f"Instead, run {early['batch_sentences']:.0f} training sentences forward, a batch: "
                f"their loss is {early['batch_loss']:.2f}.",
                appear(picture.loss),
                ambient=forward,
            ),
            beat(
                "Then go backward: by the chain rule, each layer tells the one before it what it did to the loss.",
                appear_in_turn([*picture.back][::-1], "slow"),
                ambient=back,
            ),
            beat(
                "So one pass gives all slopes. It is called backpropagation. "
                "The bars show the length of the gradient in each part.",
                (
                    appear_in_turn([picture.bars[k] for k in order]),
                    appear_in_turn([picture.numbers[k] for k in order]),
                ),
                ambient=back,
            ),
            stage=[picture.boxes],
        )

    def gradient_descent(self, trace: Trace) -> Iterator[Step]:
        """A ball on the real loss, along the real gradient."""
        early = trace.under(EARLY)
        walks = [(early[f"{name}_places"], early[f"{name}_losses"]) for name in ("small", "large")]
        picture = Valley(early["place_along"], early["loss_along"], walks, early["batch_loss"])
        small, large = (losses for _, losses in walks)
        ratio = early["rate_ratio"]
        climbs = claim(
            bool((large.values[1:] > large.values[:-1]).all()),
            "the ball leaps over the valley, and climbs.",
            "the ball leaps back and forth.",
        )
        yield Step(
            "Gradient descent: a step downhill",
            beat(
                "Move all weights together against the gradient, and measure the loss of this batch: a valley.",
                appear(picture.plot),
                draw(picture.curve, kind="slow"),
            ),
            beat(
                "The model is this ball. The slope where it lies says which way is down.",
                appear(picture.ball, picture.loss_name),
                draw(picture.slope),
            ),
            beat(
                claim(
                    bool(small.values[-1] < small.values[0]),
                    "Take a step, find the slope again, and so on: gradient descent. Flatter means shorter steps.",
                    "Take a step, find the slope again, step again: gradient descent.",
                ),
                leave(picture.slope),
                picture.descend(0),
            ),
            beat(
                "The learning rate sets how long the steps are.",
                (leave(picture.visited[0]), *picture.back(0)),
            ),
            beat(f"{ratio:.0f} times as large, {climbs}", picture.descend(1, "slow")),
            beat("Our training uses AdamW, which adapts the rate of each weight."),
            stage=[picture.loss],
        )

    def pushes(self, trace: Trace) -> Iterator[Step]:
        """The formula: which scores does the loss push, and why."""
        early = trace.under(EARLY)
        place = int(early["place"])
        row = {"batch": 0, "head": 0, "query": place}
        slopes = trace.under(f"{EARLY}.gradients.{PATH}", **row)
        weights = early[f"{PATH}.weights"].pick(**row)
        side, columns = STAGE.split_columns(330, 30)
        ribbon = Ribbon(weights.words("key"), columns)
        decreases, pushed = slopes["loss_decrease_by_value"], slopes["score_push"]
        picture = Pushes(weights, decreases, pushed, ribbon, side, ribbon.below(STAGE))
        formula = Formula(
            "- (partial L) / (partial s_(i j)) = {{ w_(i j) : weight }} thin (- g_i) dot ({{ v_j : value }} - z_i)",
            LARGE,
        )
        picture.foot.fit(formula)
        error = trace[f"{EARLY}.gradients.{PATH}.score_gradient_difference"]
        up = pushed.largest()[0]
        target = early["probs"].words("position")[place + 1]
        keys = range(len(ribbon.chips))
        yield Step(
            "Attention goes where it helps",
            beat(
                f"Why is the score of “{up}” pushed? Its weights take part in the output.",
                (appear(picture.names[0], picture.tracks), appear_in_turn([*picture.bars])),
                appear(picture.numbers),
            ),
            beat(
                f"If the output were the value of “{up}” alone, the loss of “{target}” would fall by "
                f"{decreases.pick(key=up.position):.2f}, the slope says.",
                appear(picture.names[1], picture.zero),
                appear_in_turn([*picture.ways]),
                appear(picture.way_numbers),
            ),
            beat(
                "The push on a score is its attention weight times how much that value would lower the loss.",
                appear(*picture.signs, picture.names[2], picture.lines),
                tuple(gather(picture.factors(k), picture.pushes[k]) for k in keys),
                appear(picture.push_numbers),
            ),
            beat(
                claim(
                    bool(error < ROUNDING),
                    "Backpropagation finds the same numbers.",
                    "Backpropagation finds nearly the same numbers.",
                ),
                appear(formula),
            ),
            stage=[*ribbon],
        )

    def time_lapse(self, trace: Trace) -> Iterator[Step]:
        """The watched sentence through the whole training: guesses, two patterns, and new sentences."""
        run = trace.under(RUN)
        layer, head = winner(trace, RUN, ROLE)
        own = run[f"encoder.{layer}.self_attn.weights"].pick(batch=0, head=head)
        cross = run[f"{PATH}.weights"].pick(batch=0, head=0)
        reads = cross.words("query")
        asked = cross.pick(query=tuple(range(len(reads) - 1)))
        picture = TimeLapse(
            [asked, own],
            [reads[1:], own.words("query")],
            ["cross-attention", named_head(layer, head)],
            run["probs"].pick(batch=0),
            run["checkpoint_hits"],
            run["exact"],
            run["step"],
        )
        last = len(run["step"]) - 1
        right = first_right(trace, RUN)
        half = right if right is not None else last // 2
        row = own.size("query") - 1
        final = own.pick(checkpoint=last, query=row)
        top_key, most = final.largest()
        before = own.pick(checkpoint=0, query=row, key=top_key.position)
        step, share = run["step"].quantity(half), run["exact"].quantity(half)
        middle = (
            f"At step {step:,.0f} our sentence is right; so are {share:share} of new ones."
            if right is not None
            else f"At step {step:,.0f}, {share:share} of new sentences are right."
        )
        yield Step(
            "A training as a time-lapse",
            beat(
                "Guess, loss, gradient, step: again and again, with ever new sentences.",
                appear(picture.titles, picture.labels, picture.plot, picture.clock_name, picture.clock),
                appear(picture.grids, picture.slots, picture.words, picture.share),
            ),
            beat("Nobody draws these patterns. Before training, they are noise.", picture.run(0, half)),
            beat(middle),
            beat("One sentence is not the language, so training goes on.", picture.run(half, last)),
            beat(
                f"“{own.label('query', row)}” gave “{top_key}” {before:share} of its attention; now {most:share}.",
                appear(ring_around(picture.grids[1].band(row))),
            ),
            stage=[],
        )

    def skills(self, trace: Trace) -> Iterator[Step]:
        """When each thing came to stay."""
        run, earned = trace.under(RUN), trace["roles.role_threshold"]
        since = run["learned_onset"]
        picture = Skills(run["learned"], since, run["step"])
        names = since.labels["line"]
        first, last = since.quantity(0), since.quantity(len(names) - 1)
        order = (
            f"First at step {first:,.0f}, whole sentences last, at {last:,.0f}."
            if names[-1] == "whole sentences" and last > 0
            else f"The first at step {first:,.0f}."
        )
        yield Step(
            "Skills appear one after another",
            beat("Each line is one skill: how often is it right, on new sentences?", appear(picture.axis_name)),
            beat(
                claim(
                    bool(run["abrupt_lines"] > run["lines"] / 2),
                    "Most skills appear suddenly: flat for long, then a steep rise.",
                    "Skills appear little by little.",
                ),
                picture.draw(),
            ),
            beat(
                f"The mark shows from where on a skill stays above {earned:.0%}. {order}",
                (appear(picture.stays), appear_in_turn([mark for mark in picture.marks if len(mark)])),
            ),
            stage=[picture.plots, picture.calls, picture.ends],
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
        cost = "spoil the training" if means["fourfold"] < means[usual] else "help"
        sharp = [float(trace[f"{run}.first_largest"].pick(choice=name)) for name in SCALES]
        shown = claim(
            sharp == sorted(sharp),
            "Small ones begin with even attention, large ones with spikes.",
            "Here is the first attention of three scales.",
        )
        verdict = {
            (False, True): f"The spikes {cost}; even or mild makes no difference beyond chance.",
            (True, True): "Both other scales make a difference beyond chance.",
            (True, False): "Only the small scale makes a difference beyond chance.",
            (False, False): "No difference is beyond chance here.",
        }[apart["quarter"], apart["fourfold"]]
        yield Step(
            "Initialization: how large is random?",
            beat(
                f"How large should the first random weights be? {shown}",
                appear(picture.row_words, picture.column_words, picture.names),
                appear_in_turn([*picture.grids], "slow"),
            ),
            beat(
                f"After {trace[f'{run}.steps']:,.0f} steps, {means[usual]:share} of new sentences are right, "
                f"or {means['fourfold']:share}.",
                appear(picture.bar_name),
                appear_in_turn([*picture.bars]),
            ),
            beat(verdict),
            stage=[card],
        )

    def the_bill(self, trace: Trace, card: Card) -> Iterator[Step]:
        """What a longer sentence costs: counted, and measured."""
        run = trace.under("experiment.attention_cost")
        if "milliseconds" not in run:
            return
        lengths = run["lengths"]
        meeting = run["overtaken"].quantity(1)
        picture = Bill(int(trace["config.words"]), lengths, run["milliseconds"], meeting)
        card.inside.fit(picture)
        time = run["time_ratio"].pick(part="scores and blends")
        overtaken = claim(
            meeting > 0,
            f"From {meeting:.0f} words on, attention takes longer than everything else.",
            f"By multiplications, attention overtakes everything else at {run['crossover']} words.",
        )
        yield Step(
            "The price of attention: n squared",
            beat(
                f"Our sentence has {counted(trace['config.score_count'], 'cell')} of attention in each head.",
                appear(picture.small),
            ),
            beat("Twice as many words make four times as many.", appear(picture.large)),
            beat(
                f"Measured in training: twice the words, {time:.1f} times the time.",
                appear(picture.plot, picture.ticks),
                (draw(*picture.curves, kind="slow"), appear(picture.labels)),
            ),
            beat(overtaken, appear(picture.meeting) if meeting > 0 else None),
            stage=[card],
        )

    def what_is_left(self, trace: Trace) -> Iterator[Step]:  # noqa: ARG002 - the same for every sentence
        """Close: the answer, and a question to take away."""
        picture = Loop(("guess the next word", "the loss", "the gradient", "a small step"))
        STAGE.inset(0, 40).fit(picture)
        flow = pulses([way[0] for way in picture.ways], role="residual")
        yield Step(
            "Guess, loss, gradient, step",
            beat(
                "The decoder guesses each next word, and cross-entropy says how wrong it was.",
                *((appear(picture.boxes[0]), draw(picture.ways[0])), appear(picture.boxes[1])),
            ),
            beat("Backpropagation finds every slope,", draw(picture.ways[1]), appear(picture.boxes[2])),
            beat("and each weight takes a small step downhill.", draw(picture.ways[2]), appear(picture.boxes[3])),
            beat(
                "So whatever attention helps grows stronger: that is how random numbers learn to translate.",
                draw(picture.ways[3]),
                ambient=flow,
            ),
            beat("Your turn: when does a score get no push at all?", ambient=flow),
            stage=[],
        )
