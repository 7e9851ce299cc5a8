"""Arguing about an architecture: an ablation study with several seeds, compared with what chance does."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import appear, appear_in_turn, fill, ring_around
from scenes.layout import at_floor
from scenes.mobjects.hard_cases import ByLength, CloseBy
from scenes.mobjects.removable import Removable
from scenes.mobjects.rows import Answer
from scenes.mobjects.size_and_data import SizeAndData
from scenes.mobjects.trials import CALLED, Bands, Crossed, DotRows
from scenes.mobjects.verdicts import Ranking, TwoChanges, clear_of_answer
from scenes.stage.chapter import Chapter, Step, claim
from transformer_core.studies.measures.ablation_trainings import TRIED, WARM_UP, single_parts
from transformer_core.studies.measures.significance import counts, tallies_count
from transformer_core.tracing.trace import NamedTensor, Trace

TRIALS, DEEP, GROWN = "experiment.parts_removed", "experiment.depth_and_norm", "experiment.size_and_data"
FAILED, LONGER = "experiment.failures", "experiment.against_lstm"


class Arguing(Chapter):
    """An argument about architecture is an experiment with a stated size."""

    number = 16
    title = "Arguing architectural decisions"

    def steps(self, trace: Trace) -> Iterator[Step]:
        if f"{TRIALS}.exact" in trace:
            run = trace.under(TRIALS)
            machine = Removable(TRIED, run["trial_layers"], run["rates"], WARM_UP)
            curves = Bands(run, ["nothing", *single_parts(run["exact.points"])[:3]])
            yield from self.rules(trace, machine, curves)
            yield from self.cannot_do_without(trace, machine, curves)
            yield from self.close_calls(trace, machine)
            yield from self.better_without(trace, machine)
            yield from self.a_verdict_has_a_size(trace, machine)
            yield from self.what_else_changed(trace, machine)
        yield from self.size_against_data(trace)
        yield from self.what_stays_hard(trace)
        yield from self.a_failure(trace)
        if f"{TRIALS}.exact" in trace:
            yield from self.the_verdicts(trace, machine)

    def rules(self, trace: Trace, machine: Removable, curves: Bands) -> Iterator[Step]:
        """The question of the chapter, and what would count as an answer."""
        run = trace.under(TRIALS)
        whole = run["exact"].pick(part="nothing")
        low, high = whole.smallest()[-1], whole.largest()[-1]
        yield Step(
            "Which parts does it need?",
            say="An ablation study takes out one part, trains anew, and counts. |"
            f"All else stays: the same sentences, {run['steps']:,.0f} steps. |"
            f"The whole model, from several random starts, called seeds: {low:.1%} to {high:.1%} right. |"
            "This spread is chance. A difference counts if chance makes it at most once in twenty.",
            show=[
                [appear(machine)],
                [appear(curves.plot)],
                [fill(curves.seeds["nothing"], "row"), appear(curves.labels["nothing"])],
                appear(curves.bands["nothing"]),
            ],
        )

    def cannot_do_without(self, trace: Trace, machine: Removable, curves: Bands) -> Iterator[Step]:
        """The three largest losses, one part after another."""
        run = trace.under(TRIALS)
        parts = single_parts(run["exact.points"])[:3]
        mean = {part: run["exact.over_seeds"].pick(part=part) for part in parts}
        first, *rest = parts
        beats = [f"Without {_spoken(first)}, {mean[first]:share} of new sentences come out right. |"]
        beats += [f"Without {_spoken(part)}: {mean[part]:share}. |" for part in rest]
        stay = [*machine.standing(), curves.plot, curves.bands["nothing"], curves.labels["nothing"]]
        shows = [
            [(*machine.whole(), *machine.without(part)), appear(curves.bands[part]), appear(curves.labels[part])]
            for part in parts
        ]
        yield Step(
            "The largest losses",
            say="".join(beats) + "No such model ever had the part, so it could not learn to rely on it.",
            show=[*shows, machine.whole()],
            stay=stay,
        )

    def close_calls(self, trace: Trace, machine: Removable) -> Iterator[Step]:
        """Small differences: some are effects, some may be chance."""
        run = trace.under(TRIALS)
        points, effect = run["exact.points"], run["exact.effect"]
        parts = single_parts(points)[2:]
        gains = [part for part in parts if effect.pick(part=part) and points.pick(part=part) > 0]
        parts = [part for part in parts if part not in gains]
        sure = [part for part in parts if effect.pick(part=part)]
        unsure = [part for part in parts if part not in sure]
        picture = DotRows(run, parts)
        told = ", ".join(f"{CALLED[part]} {points.pick(part=part):+.1f}" for part in sure)
        names = _listed([CALLED[part] for part in unsure])
        inside = claim(
            len(unsure) == 1,
            f"{names}: inside. We can’t tell it from chance, and that is a result, too.",
            f"{names}: inside. We can’t tell them from chance, and that is a result, too.",
        )
        verdict = claim(bool(unsure), inside, "No other part costs so little that chance explains it.")
        outside = claim(
            bool(sure),
            claim(
                len(sure) == 1,
                f"In percentage points, {told}: outside the band, so an effect. |",
                f"In percentage points, {told}: outside the band, so effects. |",
            ),
            "None of these lies outside the band. |",
        )
        stay = machine.standing()

        def tried(some: list[str]) -> list[object]:
            moves: list[object] = []
            for part in some:
                at = parts.index(part)
                moves += [(*machine.whole(), *machine.without(part)), appear(picture.seeds[at], picture.verdicts[at])]
            return moves

        yield Step(
            "Small differences: effect, or chance?",
            say="Each dot is a training. "
            "The hatched band is what chance explains, wider because many parts are tested. |" + outside + verdict,
            show=[
                [appear(picture.axis, picture.heads), appear(picture.bands, picture.names)],
                tried(sure),
                [*tried(unsure), machine.whole()],
            ],
            stay=stay,
        )

    def better_without(self, trace: Trace, machine: Removable) -> Iterator[Step]:
        """The norm at two depths, with all else alike."""
        if f"{DEEP}.shallow_layers" not in trace:
            return
        run, deep = trace.under(TRIALS), trace.under(DEEP)
        shallow = {"with": "shallow, pre-norm, no warm-up", "without": "shallow, no norm, no warm-up"}
        models = {"with": "pre-norm, no warm-up", "without": "no norm, no warm-up"}
        exact, mean = deep["exact"], deep["exact.over_seeds"]
        alike, order = f"{deep['steps']} steps, no warm-up", trace.about["config"]["norm_order"]
        picture = Crossed(
            {k: tuple(exact.pick(model=some[k]) for some in (shallow, models)) for k in models},
            {k: tuple(mean.pick(model=some[k]) for some in (shallow, models)) for k in models},
            {"with": claim(order != "pre", "with pre-norm", "with Norm"), "without": "without"},
            (f"{deep['shallow_layers']} layers a side", f"{deep['layers']} layers a side"),
            (alike, alike),
        )
        stay = machine.standing()
        gain = run["exact.points"].pick(part="norm")
        better = bool(run["exact.effect"].pick(part="norm")) and gain > 0
        shown = claim(
            better,
            f"Without Norm, this small model gains {gain:.1f} points, more than chance explains. |",
            f"Without Norm, this small model: {gain:+.1f} points. |",
        )
        small, large = (tuple(mean.pick(model=some[k]) for k in ("with", "without")) for some in (shallow, models))
        sure = [counts(*(exact.pick(model=some[k]) for k in ("with", "without"))) for some in (shallow, models)]
        closing = claim(
            sure[1] and large[0] > large[1],
            claim(
                sure[0] and small[1] > small[0],
                "The shallow model does better without Norm; the deep one needs it.",
                "The deep model needs Norm.",
            ),
            "At this depth, no difference that we can tell from chance.",
        )
        yield Step(
            claim(better, "Better without Norm?", "Is Norm needed?"),
            say=shown + f"Now only the depth differs, after {deep['steps']:,.0f} steps. "
            f"{deep['shallow_layers']} layers: {small[0]:share} with it, {small[1]:share} without. |"
            f"{deep['layers']} layers: {large[0]:share} with it, {large[1]:share} without. |" + closing,
            show=[
                (*machine.whole(), *machine.without("norm")),
                [appear(picture.columns[0]), (appear(picture.starts), appear(*(texts[0] for texts in picture.labels)))],
                [
                    appear(picture.columns[1]),
                    appear_in_turn([*picture.lines]),
                    appear(*(texts[1:] for texts in picture.labels)),
                ],
                None,
            ],
            stay=stay,
        )

    def a_verdict_has_a_size(self, trace: Trace, machine: Removable) -> Iterator[Step]:
        """The root with several narrow heads, and with a single wide one: two things change, and both are named."""
        run = trace.under(TRIALS)
        exact, mean, d_k = run["exact"], run["exact.over_seeds"], run["d_k"]
        both = "all heads but one, and root"
        ends = {"with": ("nothing", "all heads but one"), "without": ("root", both)}
        if both not in exact.labels["part"]:
            return
        picture = Crossed(
            {k: tuple(exact.pick(part=part) for part in pair) for k, pair in ends.items()},
            {k: tuple(mean.pick(part=part) for part in pair) for k, pair in ends.items()},
            {"with": "with the root", "without": "without"},
            (f"d_k = {d_k.pick(choice='all heads')}", f"d_k = {d_k.pick(choice='one head')}"),
            ("several heads", "one head"),
        )
        stay = machine.standing()
        small, large = (tuple(mean.pick(part=p) for p in (ends["with"][k], ends["without"][k])) for k in range(2))
        lost = [_lost(exact, *(ends[k][column] for k in ("with", "without"))) for column in range(2)]
        grows = counts(*lost) and lost[1].values.mean() > lost[0].values.mean()
        yield Step(
            "A verdict holds for one size",
            say="Scores are divided by the root of d_k. "
            f"Heads are narrow: d_k is {d_k.pick(choice='all heads')}. |"
            f"Without the root, {small[0]:share} becomes {small[1]:share}. |"
            f"With one wide head, d_k is {d_k.pick(choice='one head')}: "
            f"{large[0]:share} becomes {large[1]:share}. |"
            + claim(
                grows,
                "A larger loss. Because the head is wide, or because it is alone? This trial can’t tell.",
                "No larger loss that we can tell from chance.",
            ),
            show=[
                [
                    machine.whole(),
                    appear(picture.columns),
                    (appear(picture.starts[0]), appear(picture.labels[0][0])),
                ],
                [
                    machine.without("root"),
                    (appear(picture.starts[1]), appear(picture.labels[1][0])),
                ],
                [
                    machine.without("all heads but one"),
                    appear_in_turn([*picture.lines]),
                    appear(*(texts[1:] for texts in picture.labels)),
                ],
                None,
            ],
            stay=stay,
        )

    def what_else_changed(self, trace: Trace, machine: Removable) -> Iterator[Step]:
        """A part goes, and with it some of the model's size."""
        run, part = trace.under(TRIALS), "feed-forward"
        missing, points = run["parameters.missing"].pick(part=part), run["exact.points"].pick(part=part)
        if not (run["exact.effect"].pick(part=part) and points < 0 and missing > 0):
            return
        rows = [
            ("learned parameters", ",.0f", *(run["parameters"].pick(part=p) for p in ("nothing", part))),
            ("new sentences right", ".1%", *(run["exact.over_seeds"].pick(part=p) for p in ("nothing", part))),
        ]
        picture = TwoChanges(rows, ("with", "without"))
        stay = machine.standing()
        yield Step(
            "What else changed?",
            say="Take out the feed-forward networks, "
            f"and {missing:share} of this small model’s parameters go with them. |"
            f"{points:+.1f} points: because of the part, or of the size? |"
            "This trial can’t tell, because two things changed at once. A fair rival has as many parameters.",
            show=[
                [(*machine.whole(), *machine.without(part)), appear(picture.groups[0])],
                appear(picture.groups[1]),
                None,
            ],
            stay=stay,
        )

    def size_against_data(self, trace: Trace) -> Iterator[Step]:
        """A grid of accuracies: what is scarce depends on where one stands."""
        if f"{GROWN}.exact" not in trace:
            return
        run = trace.under(GROWN)
        picture = SizeAndData(run)
        wider, more = run["exact.gain_width"], run["exact.gain_amount"]
        exact, sure = run["exact"], run["exact.gain_amount_counts"]
        widths, amounts = run["width"].quantities(), run["amount"].quantities()
        start = f"At width {widths[0]}, twice the {amounts[0]:,.0f} sentences:"
        once = more.pick(amount=0, width=0)
        told = claim(abs(once) == 1, f"{start} {once:+.0f} point. |", f"{start} {once:+.0f} points. |")
        narrow = claim(sure.pick(amount=0, width=0) == 1, told, f"{start} we can’t tell it from chance. |")
        w, a = len(widths) - 2, len(amounts) - 2
        up, across = wider.quantity(w, a), more.quantity(a, w)
        ways = exact.pick(width=w + 1, amount=a), exact.pick(width=w, amount=a + 1)
        better = claim(
            counts(*ways),
            claim(up > across, "So there, width was missing.", "So there, sentences were missing."),
            "Which of the two gains more, we can’t tell.",
        )
        yield Step(
            "Size against data",
            say="Is a model too small, or has it too few sentences? "
            f"Each square is a model after {run['steps']:,.0f} steps. |"
            f"{narrow}"
            f"From width {widths[w]} and {amounts[a]:,.0f} sentences, twice as many gain {across:.0f} points. |"
            f"Twice the width gains {up:.0f}. {better}",
            show=[
                [
                    appear(picture.rows, picture.columns),
                    appear_in_turn([cell for row in picture.cells for cell in row]),
                ],
                appear_in_turn(picture.more[0]),
                [
                    appear_in_turn([way for row in picture.more[1:] for way in row]),
                    appear(ring_around(picture.cells[w][a + 1])),
                ],
                [
                    appear_in_turn([way for row in picture.wider for way in row]),
                    appear(ring_around(picture.cells[w + 1][a])),
                ],
            ],
            stay=(),
        )

    def what_stays_hard(self, trace: Trace) -> Iterator[Step]:
        """Accuracy by length, early and late, and how much of training was that long."""
        if f"{FAILED}.exact" not in trace:
            return
        run, brief = trace.under(FAILED), trace.under(LONGER)
        early = brief["by_length.over_seeds"].pick(model="Transformer") if "by_length" in brief else None
        if early is not None and early.labels["length"] != run["exact"].labels["length"]:
            early = None
        times = [run["steps"], *([brief["steps"]] if early is not None else [])]
        picture = ByLength(run["length"], run["exact"], early, run["training_share"], times, trace["config.words"])
        last = len(run["length"]) - 1
        hardest = run["exact"].values[last] == run["exact"].values.min() < run["exact"].values.max()
        long, late, seen = (
            run["length"].quantity(last),
            run["exact"].quantity(last),
            run["training_share"].quantity(last),
        )
        told = (
            f"At {long} words, {early.quantity(last):share} are right after {times[1]:,.0f} steps. |"
            if early is not None
            else f"At {run['length'].quantity(0)} words {run['exact'].quantity(0):share} come out right. |"
        )
        yield Step(
            "What stays hard?",
            say=claim(hardest, "Long sentences stay hard. ", "Sorted by the number of words. ")
            + told
            + f"The lecture’s model, after {times[0]:,.0f}: {late:share}. |"
            f"Only {seen:share} of its training sentences were that long. |"
            "Are they hard because they are long, or because they are rare? Here both go together, so we can’t tell.",
            show=[
                [appear(picture.plot, picture.ticks), appear(picture.early) if early is not None else None],
                appear(picture.late),
                [appear(picture.ground), fill(picture.seen, "row"), appear(picture.rarest, picture.most)],
                appear(picture.own) if len(picture.own) else None,
            ],
            stay=(),
        )

    def a_failure(self, trace: Trace) -> Iterator[Step]:
        """One sentence that goes wrong, and what happens if another noun stands there."""
        if f"{FAILED}.close.source" not in trace:
            return
        run = trace.under(FAILED)
        picture = CloseBy(run)
        head, other, wrong, right, query_token = picture.words
        odds = run["close.probs"].pick(choice="written")
        tally = run["swapped.tally"]
        like, unlike = ([tally.pick(kind=k, choice=c) for c in ("right", "tried")] for k in ("like it", "unlike it"))
        caught = tallies_count(like, unlike) and unlike[0] * like[1] > like[0] * unlike[1]
        yield Step(
            "One failure, examined",
            say=f"The model writes “{wrong}”, with probability {odds:share}. “{right}” is right, "
            f"because “{query_token}” is said of “{head}”, not “{other}”. |"
            "A hypothesis: the nearer noun gives the form. The test: put other nouns there. |"
            f"Nouns of the same gender: {like[0]} of {like[1]} right. Of the other: {unlike[0]} of {unlike[1]}. |"
            + claim(caught, "So here, the nearer noun decides.", "This test does not show it."),
            show=[
                [
                    appear(picture.source),
                    appear(picture.written),
                    appear(picture.ring, picture.right, picture.odds),
                    appear(picture.should),
                ],
                appear(picture.does),
                appear_in_turn([*picture.rows], "row"),
                appear(picture.note),
            ],
            stay=(),
        )

    def the_verdicts(self, trace: Trace, machine: Removable) -> Iterator[Step]:
        """Close: all verdicts, the answer, and a question to take away."""
        run = trace.under(TRIALS)
        parts = single_parts(run["exact.points"])
        picture = Ranking(run, parts)
        answer = at_floor(Answer("An argument about architecture is an experiment with a stated size."))
        spare = [part for part in parts if not run["exact.effect"].pick(part=part)]
        question = (
            f"Your turn: {CALLED[spare[0]]} may cost nothing here. Should every model be built so?"
            if spare
            else "Your turn: which of these would a model twice as deep miss more?"
        )
        machine = Removable(TRIED, run["trial_layers"], run["rates"], WARM_UP)
        clear_of_answer(machine, picture)
        yield Step(
            "At this size, after these steps",
            say=f"All verdicts, in percentage points: {run['trial_layers']} layers a side, {run['steps']:,.0f} steps. |"
            "A larger model, or a longer training, may judge otherwise. |" + question,
            show=[
                [appear(machine), (appear(picture.zero), appear_in_turn([*picture.lines]))],
                appear(answer),
                None,
            ],
            stay=(),
        )


def _lost(exact: NamedTensor, one: str, other: str) -> NamedTensor:
    """By how much each training does worse with `other` taken out than with `one`."""
    return NamedTensor("lost", exact.pick(part=one).values - exact.pick(part=other).values, ("seed",))


def _spoken(part: str) -> str:
    """A part, as one speaks of it."""
    return {"residual": "residual connections", "root": "the root of d_k"}.get(part, part)


def _listed(names: list[str]) -> str:
    """ "One head, no warm-up", with a capital."""
    text = ", ".join(names)
    return text[:1].upper() + text[1:]
