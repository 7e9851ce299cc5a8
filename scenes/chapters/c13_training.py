"""How random numbers become roles: guesses, a loss, its gradient, and a step, over and over."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import appear, appear_in_turn, fill, ring_around
from scenes.animations.branching import multiply
from scenes.layout import at_floor
from scenes.mobjects.learning import Bill, Forming, Loop, Staircase, Starts
from scenes.mobjects.lesson import Lesson, Progress, SlidingLoss
from scenes.mobjects.patterns import sharpest
from scenes.mobjects.pushes import Pushes
from scenes.mobjects.race import named_head
from scenes.mobjects.rows import Answer
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, claim
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.studies.measures.learning import last_mistake, lows, steepest, winner
from transformer_core.studies.measures.word_kinds import OURS
from transformer_core.tracing.trace import Trace

#: A difference below this is rounding.
ROUNDING = 1e-6
#: The training that was watched, and the role that chapters five to eight follow.
RUN, ROLE = "experiment.emergence", "adjective(inflected)->noun"
SCALES = {"quarter": "a quarter as large", "as they are": "as they are", "fourfold": "four times as large"}


class Training(Chapter):
    """A watched training: what is asked, how wrong the guess was, where the gradient pushes, what forms."""

    number = 13
    title = "Training"
    needs = ("cross-attention",)

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - where the loss is taken, whatever the trace
        return "output"

    def steps(self, trace: Trace) -> Iterator[Step]:
        watched = f"{RUN}.probs" in trace
        if watched:
            yield from self.teacher_forcing(trace)
            yield from self.how_wrong(trace)
            yield from self.over_and_over(trace)
        yield from self.through_attention(trace)
        if watched:
            yield from self.a_pattern_forms(trace)
            yield from self.staircase(trace)
        yield from self.where_to_start(trace)
        yield from self.the_bill(trace)
        yield from self.what_is_left(trace)

    def teacher_forcing(self, trace: Trace) -> Iterator[Step]:
        """The question of the chapter; and what the decoder reads in training."""
        found = last_mistake(trace, RUN)
        if found is None:
            return
        look, wrong = found
        probs = trace[f"{RUN}.probs"].pick(checkpoint=look, batch=0)
        reads = probs.words("position")
        guesses = [probs.pick(position=i).largest()[0] for i in range(len(reads))]
        end = probs.label("vocab", 2)
        picture = Lesson(reads, guesses, end, trace[f"{RUN}.checkpoint_hits"].pick(checkpoint=look).values.tolist())
        step = trace[f"{RUN}.step"].pick(checkpoint=look)
        right = reads[wrong + 1] if wrong + 1 < len(reads) else end
        after = [appear(ring_around(picture.reads[wrong + 1]))] if wrong + 1 < len(reads) else []
        yield Step(
            "What turns random numbers into roles?",
            say="At the start all numbers are random. What makes roles of them? |"
            "A lesson: the right words, one place on. |"
            f"All rows guess in one pass. Step {step:,.0f}: “{guesses[wrong]}” where “{right}” is right. |"
            "The next row still reads the right word: the teacher dictates.",
            show=[
                [appear(picture.sources), appear(picture.names[0], picture.truth[-1])],
                [
                    (*multiply(picture.sources, [picture.reads[1:]]), appear(picture.reads[0], picture.names[2])),
                    appear(picture.box, picture.title),
                ],
                [
                    (appear_in_turn([*picture.ways]), appear(picture.names[1])),
                    appear(picture.guesses),
                    appear_in_turn([*picture.signs]),
                ],
                after,
            ],
        )

    def how_wrong(self, trace: Trace) -> Iterator[Step]:
        """Cross-entropy of one word, sliding through the training."""
        found = last_mistake(trace, RUN)
        wrong = found[1] if found else 0
        probs, losses = (
            trace[f"{RUN}.{name}"].pick(position=wrong) for name in ("checkpoint_true_probs", "checkpoint_losses")
        )
        words = trace[f"{RUN}.probs"]
        target = words.label("position", wrong + 1) if wrong + 1 < words.size("position") else words.label("vocab", 2)
        steps = trace[f"{RUN}.step"]
        picture = SlidingLoss(probs, losses, steps, target)
        smoothed = trace.about.get("card", {}).get("recipe", {}).get("smoothing", 0) > 0
        aim = "Smoothing keeps a bit for other words." if smoothed else "Nearer to one, nearer to zero."
        last = len(steps) - 1
        slides = claim(
            bool(losses.quantity(last) < losses.quantity(0)),
            "Now train: the word gets likelier, the loss slides down.",
            "Now train: the loss moves as the word’s share does.",
        )
        yield Step(
            "How wrong? Minus the logarithm",
            say=f"How wrong is a guess? Untrained, “{target}” has {probs.quantity(0):.3f}. |"
            f"The loss is minus the logarithm: {losses.quantity(0):.3f}. |"
            f"{slides} |"
            f"At the end {probs.quantity(last):.3f}, and {losses.quantity(last):.3f}. {aim}",
            show=[
                [appear(picture.chip, picture.track, picture.bar), appear(picture.share, picture.share_name)],
                [
                    appear(picture.plot, picture.curve),
                    appear(picture.point, picture.loss, picture.loss_name),
                    appear(picture.clock, picture.clock_name),
                ],
                picture.run(),
                None,
            ],
            stay=(),
        )

    def over_and_over(self, trace: Trace) -> Iterator[Step]:
        """The sentence at several looks; one sentence is not the language."""
        steps, looks = trace[f"{RUN}.step"], lows(trace, RUN)
        hits, exact, loss = (trace[f"{RUN}.{name}"] for name in ("checkpoint_hits", "exact", "held_out_loss"))
        picture = Progress(looks, steps, trace[f"{RUN}.probs"].pick(batch=0), hits, loss, exact)
        whole = [n for n, k in enumerate(looks) if hits.values[k].all()]
        first = looks[whole[0]] if whole else looks[-1]
        last = looks[-1]
        own = trace.about.get("model") == OURS
        moved = f"all {trace['config.parameters']:,.0f} numbers" if own else "all numbers"
        told = (
            f"At step {steps.quantity(first):,.0f} it is right; so are {exact.quantity(first):share} of new ones."
            if whole
            else "This sentence is not right yet."
        )
        yield Step(
            "One sentence, watched through the training",
            say=f"One sentence, in no batch. After each batch {moved} "
            "move a little, down the loss. |"
            "Chips are right words. |"
            f"{told} |"
            f"One sentence isn’t the language: {exact.quantity(last):share} of a sample takes "
            f"{steps.quantity(last):,.0f} steps.",
            show=[
                [appear(picture.names[:2], picture.lines[0])],
                appear_in_turn([*picture.lines[1:]], "slow"),
                [
                    appear(picture.names[2:]),
                    appear_in_turn([*picture.losses, *picture.shares], "row"),
                    appear(picture.ring(whole[0] if whole else len(looks) - 1)),
                ],
                None,
            ],
            stay=(),
        )

    def through_attention(self, trace: Trace) -> Iterator[Step]:
        """Which scores the loss of this very sentence pushes up, and which down."""
        place = steepest(trace)
        if place is None:
            return
        layer, head, query = place
        path = f"encoder.{layer}.self_attn"
        shares = trace[f"{path}.weights"].pick(batch=0, head=head, query=query)
        part = trace.under(f"gradients.{path}", batch=0, head=head, query=query)
        query_token = trace[f"{path}.weights"].label("query", query)
        picture = Pushes(shares, part["value_along_descent"], part["score_gradient"], query_token)
        error = trace[f"gradients.{path}.score_gradient_difference"]
        key = part.in_full("score_gradient").smallest()[0]
        yield Step(
            "Where does the loss push a score?",
            say=f"{named_head(layer, head)}: “{query_token}” asks. These shares make its mix. |"
            "From the mix, does a value point where the loss falls, or rises? |"
            f"Share times way is the push. The score of “{key}” rises most. |"
            f"Automatic differentiation agrees, {'but for rounding' if error < ROUNDING else f'to {error:.0e}'}.",
            show=[
                [
                    appear(picture.query_token, picture.chips),
                    (appear(picture.names[0]), appear_in_turn([*picture.bars])),
                ],
                [appear(picture.zero, picture.names[1:3]), appear_in_turn([*picture.ways])],
                [appear(picture.names[3]), appear_in_turn([*picture.moves])],
                appear(picture.formula),
            ],
            stay=(),
            here=path,
        )

    def a_pattern_forms(self, trace: Trace) -> Iterator[Step]:
        """Two patterns of the watched sentence, from the first look to the last."""
        layer, head = winner(trace, RUN, ROLE)
        cross = f"{RUN}.decoder.{decoder_rows_of(trace).layer}.cross_attn.weights"
        if cross not in trace:
            return
        own = trace[f"{RUN}.encoder.{layer}.self_attn.weights"].pick(batch=0, head=head)
        reads = trace[cross].words("query")
        asked = trace[cross].pick(batch=0, head=0, query=tuple(range(len(reads) - 1)))
        picture = Forming(
            [own, asked],
            [own.words("query"), reads[1:]],
            [named_head(layer, head), "the decoder asks the source"],
            trace[f"{RUN}.step"],
        )
        row = own.size("query") - 1
        last = own.pick(checkpoint=own.size("checkpoint") - 1, query=row)
        top_key, share = last.largest()
        aligned = trace[f"{RUN}.alignment"].quantity(own.size("checkpoint") - 1)
        before = own.pick(checkpoint=0, query=row, key=top_key.position)
        yield Step(
            "Watch two patterns form",
            say="Nobody draws these patterns. Before training, they come from random numbers. |"
            "Now let the steps run. |"
            f"“{own.label('query', row)}” gave “{top_key}” {before:share}; now {share:share}. |"
            f"In {aligned:share} of cases the decoder looks at the right word, in new sentences.",
            show=[
                [appear(picture.words, picture.titles), appear(picture.grids, picture.clock, picture.clock_name)],
                picture.run(),
                appear(ring_around(picture.grids[0].band(row))),
                appear(ring_around(picture.grids[1].cells)),
            ],
            stay=(),
            here=f"encoder.{layer}.self_attn {cross.removeprefix(RUN)[1:].removesuffix('.weights')}",
        )

    def staircase(self, trace: Trace) -> Iterator[Step]:
        """When each thing came to stay."""
        since, earned = trace[f"{RUN}.learned_onset"], trace["roles.role_threshold"]
        picture = Staircase(trace[f"{RUN}.learned"], since, trace[f"{RUN}.step"])
        number, lines = trace[f"{RUN}.abrupt_lines"], trace[f"{RUN}.lines"]
        names = since.labels["line"]
        first, last = since.quantity(0), since.quantity(len(names) - 1)
        order = (
            f"The first from step {first:,.0f}; whole sentences last, from {last:,.0f}. |"
            if names[-1] == "whole sentences" and last > 0
            else f"The first from step {first:,.0f}. |"
        )
        yield Step(
            "One thing after another",
            say="A line for each thing to learn: the brighter, the more often right. |"
            f"At the mark it stays above {earned:.0%}. {order}"
            f"{number} of {lines} make most of their rise within one doubling of the steps.",
            show=[
                [appear(picture.calls, picture.axis_name, picture.ends), fill(picture.columns, "slow")],
                [appear(picture.stays), appear_in_turn([mark for mark in picture.marks if len(mark)])],
                None,
            ],
            stay=(),
        )

    def where_to_start(self, trace: Trace) -> Iterator[Step]:
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
        effect = trace[f"{run}.exact.effect"]
        apart = {name: bool(effect.pick(choice=name)) for name in SCALES if name != usual}
        cost = "cost it" if means["fourfold"] < means[usual] else "help"
        sharp = [float(trace[f"{run}.first_largest"].pick(choice=name)) for name in SCALES]
        shown = (
            "small weights make flat shares, large ones spikes."
            if sharp == sorted(sharp)
            else "the first shares, for three scales of the weights."
        )
        verdict = {
            (False, True): f"The spikes {cost}; flat or mild, we can’t tell from chance.",
            (True, True): "Both other scales make a difference beyond chance.",
            (True, False): "Only the small scale differs by more than chance.",
            (False, False): "At this size, no difference that we can tell from chance.",
        }[apart["quarter"], apart["fourfold"]]
        yield Step(
            "Where to start?",
            say=f"Before any training: {shown} |"
            f"Each then learns for {trace[f'{run}.steps']:,.0f} steps. New sentences right: "
            f"{means['quarter']:share}, {means[usual]:share}, {means['fourfold']:share}. |"
            f"{verdict}",
            show=[
                [
                    appear(picture.row_words, picture.column_words, picture.names),
                    appear_in_turn([*picture.grids], "row"),
                ],
                [appear(picture.bar_name), appear_in_turn([*picture.bars])],
                None,
            ],
            stay=(),
        )

    def the_bill(self, trace: Trace) -> Iterator[Step]:
        """What a longer sentence costs: counted, and measured."""
        run = trace.under("experiment.attention_cost")
        if "milliseconds" not in run:
            return
        lengths = run["lengths"]
        before, meeting = run["overtaken"].quantities()
        picture = Bill(int(trace["config.words"]), lengths, run["milliseconds"], meeting)
        time, memory = (run[name].pick(part="scores and blends") for name in ("time_ratio", "memory_ratio"))
        overtaken = claim(
            meeting > 0,
            f"Between {before:.0f} and {meeting:.0f} words they overtake everything else; "
            f"by multiplications, at {run['crossover']}.",
            f"By multiplications they overtake everything else at {run['crossover']} words.",
        )
        ends = [lengths.quantity(len(lengths) - k) for k in range(2, 0, -1)]
        yield Step(
            "The bill: n squared",
            say=f"Our sentence has {counted(trace['config.score_count'], 'cell')}. "
            "One twice as long: four times as many. |"
            f"Measured, from {ends[0]:,.0f} words to {ends[1]:,.0f}: time for scores and blends times {time:.1f}, |"
            f"memory times {memory:.1f}. {overtaken}",
            show=[
                [appear(picture.small), appear(picture.large)],
                [appear(picture.plot, picture.ticks), appear_in_turn([*picture.curves]), appear(picture.labels)],
                appear(picture.meeting) if meeting > 0 else None,
            ],
            stay=(),
            here="*.self_attn",
        )

    def what_is_left(self, trace: Trace) -> Iterator[Step]:  # noqa: ARG002 - the same for every sentence
        """Close: the answer, and a question to take away."""
        picture = Loop(("all rows guess", "the loss", "its gradient", "a small step"))
        answer = at_floor(Answer("The gradient strengthens whatever share helped; roles are what is left."))
        yield Step(
            "Guess, loss, gradient, step",
            say="The loss asks for the next word. |"
            "Its gradient strengthens whatever share helped. |"
            "Over many steps, roles are what is left. |"
            "Your turn: when does a score get no push at all?",
            show=[
                [appear(picture.boxes[0]), appear(picture.ways[0], picture.boxes[1])],
                [appear(picture.ways[1], picture.boxes[2])],
                [appear(picture.ways[2], picture.boxes[3]), appear(picture.ways[3]), appear(answer)],
                None,
            ],
            stay=(),
        )
