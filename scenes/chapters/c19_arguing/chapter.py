"""Arguing about an architecture: one claim, tested harder at each step, until a checklist for all claims is left."""

from __future__ import annotations

from collections.abc import Iterator

from manim import UP, VGroup

from scenes.animations import (
    Travel,
    Wipe,
    appear,
    appear_in_turn,
    draw,
    exchange,
    fill,
    grow,
    leave,
    move_ring,
    ring_around,
)
from scenes.chapters.c19_arguing.cases import Checklist, FailuresByLength, NounInBetween, SizeAndData, TestedClaim
from scenes.chapters.c19_arguing.removable import RemovableParts
from scenes.chapters.c19_arguing.trials import (
    DotRows,
    ParameterArea,
    PermutationTest,
    RandomStart,
    SizeInteraction,
    fall,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.measures.ablation_trainings import TRIED, WHOLE
from transformer_core.studies.measures.significance import counts, tallies_count
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

TRIALS, DEEP, GROWN = "experiment.parts_removed", "experiment.depth_and_norm", "experiment.size_and_data"
FAILED, LONGER = "experiment.failures", "experiment.against_lstm"
#: The part of the claim, and what is taken out to compare.
HEADS, BOTH = "all heads but one", "all heads but one, and root"
SHALLOW = {"with": "shallow, pre-norm, no warm-up", "without": "shallow, no norm, no warm-up"}
DEEPER = {"with": "pre-norm, no warm-up", "without": "no norm, no warm-up"}


class Arguing(Chapter):
    """An argument about architecture is an experiment with a stated size."""

    number = 19
    title = "Arguing architectural decisions"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run, tested = trace.under(TRIALS), TestedClaim("“One head is enough.”")
        wide = run["d_k"].pick(choice="one head")
        machine = RemovableParts(TRIED["heads"], run["trial_layers"], wide, tested.inside)
        picture = PermutationTest(run, HEADS, tested.inside)
        yield from self.take_one_out(machine, run, tested)
        yield from self.one_training(machine, run, tested)
        yield from self.reach_of_chance(machine, tested, picture)
        yield from self.many_claims(tested, picture)
        yield from self.what_else_changed(machine, run, tested)
        yield from self.another_size(machine, run, trace.under(DEEP))
        yield from self.size_against_data(machine, trace.under(GROWN))
        yield from self.what_stays_hard(machine, trace)
        last = TestedClaim("“The noun in between gives the form.”")
        failure = NounInBetween(trace.under(FAILED), last.inside)
        yield from self.a_failure(trace.under(FAILED), last, failure)
        yield from self.a_checklist(run, trace, failure)

    def take_one_out(self, machine: RemovableParts, run: Trace, tested: TestedClaim) -> Iterator[Step]:
        """The claim of the chapter, and how to test it; two parts that leave no doubt."""
        rows = DotRows(run, (WHOLE, "residual", "positions", HEADS), machine.beside)
        first = {part: run["exact"].pick(part=part, seed=0) for part in rows.places}
        ring = machine.ringed(machine.parts[HEADS])

        def tried(part: str, *change: object) -> list[object]:
            return [(*change, appear(rows.names[part])), *rows.train(part)]

        yield Step(
            "Which parts does it need?",
            beat("A claim: in each attention, one head is enough. How can we test it?", machine.rise(), appear(ring)),
            beat(
                "An ablation study, here: train the model anew without the others, and count.",
                (leave(ring), *machine.without(HEADS)),
                appear(rows.axis, rows.zero),
            ),
            beat(
                f"After {run['steps']:,.0f} steps, the whole model gets {first[WHOLE]:share} "
                f"of new sentences right; without residual connections {first['residual']:share}, without positions "
                f"{first['positions']:share}.",
                *tried(WHOLE, *machine.whole()),
                *tried("residual", *machine.without("residual")),
                *tried("positions", *machine.whole(), *machine.without("positions")),
            ),
            beat(
                f"With one head, {first[HEADS]:share}. Is that a difference, or chance?",
                *tried(HEADS, *machine.whole(), *machine.without(HEADS)),
            ),
            stage=[tested],
        )

    def one_training(self, machine: RemovableParts, run: Trace, tested: TestedClaim) -> Iterator[Step]:
        """Another random start turns the verdict around."""
        far, rows = (DotRows(run, (WHOLE, HEADS), machine.beside, near=near) for near in (False, True))
        whole, one = (run["exact"].pick(part=part) for part in (WHOLE, HEADS))
        (seed, low), ahead, first = _lowest(run), whole.quantity(0), one.quantity(0)
        firsts, dots = ([some.seeds[part][0] for part in some.places] for some in (far, rows))
        start_of, near = ([some.axis[0], *some.names.values(), *ends] for some, ends in ((far, firsts), (rows, dots)))
        other, ends = rows.seeds[WHOLE][seed.position], rows.ends()
        drops = [rows.drop(WHOLE, k, HEADS) for k in (0, seed.position)]
        start, anew = (RandomStart(place, rows, end) for place, end in ((0, dots[0]), (seed.position, other)))
        wrong, right = tested.verdict("wrong?", "warning"), tested.verdict("right?", "residual")
        turned = bool(ahead > first > low)
        yield Step(
            "Is one training enough?",
            beat(
                f"Look closer: {ahead:.1%} and {first:.1%}. "
                + claim(bool(ahead > first), "So the claim is wrong?", "So the claim is right?"),
                (leave(far.axis[1], far.zero), *exchange(start_of, near, "camera")),
                appear(rows.axis[1], ends, *(rows.said(part) for part in rows.places)),
                appear(wrong if ahead > first else right),
            ),
            beat(
                "But a training begins with random numbers. Other starts, called seeds, end elsewhere:",
                Travel(machine, start.cells, kind="row"),
                appear(start.thread, start.note),
                (leave(start.thread), *exchange([*start.cells], [*anew.cells], "row")),
                anew.trained(other),
                (leave(anew.thread), appear(rows.said(WHOLE, seed.position))),
            ),
            beat(
                claim(
                    turned,
                    f"{low:.1%}. Beside this one, one head is ahead. "
                    "So one training of each tells nothing about so small a difference.",
                    f"{low:.1%}. Who knows what the next seed makes of it?",
                ),
                appear(ring := ring_around(other)),
                (move_ring(ring, dots[1]), draw(*drops, kind="row")),
                *([exchange([wrong], [right]), exchange([right], [tested.verdict("can’t tell")])] if turned else []),
            ),
            stage=[tested, machine.again(), far.axis, far.zero, *far.names.values(), *firsts],
        )

    def reach_of_chance(self, machine: RemovableParts, tested: TestedClaim, picture: PermutationTest) -> Iterator[Step]:
        """A permutation test: labels are dealt in every way, and the differences pile up into a hill."""
        run, small = picture.rows.run, PermutationTest(picture.rows.run, HEADS, machine.beside)
        points, beyond = run["exact.points"].pick(part=HEADS), run["exact.splits_beyond"]
        far, splits, (lowest, _) = beyond.pick(part=HEADS), run["exact.ways_to_split"], _lowest(run)
        here = [small.rows.seeds[part][k] for part, k in ((WHOLE, 0), (WHOLE, lowest.position), (HEADS, 0))]
        (*_, enough), level = run["exact.trainings_of_each"].quantities(), run["exact.level"]
        yield Step(
            "How far does chance reach?",
            beat(
                f"So train {enough} of each. Their means differ by {points:+.1f} points.",
                fall([one for one in small.dots if one not in here]),
                *small.measure(),
            ),
            beat(
                "A permutation test: if one head made no difference, the labels would mean nothing. Deal them anew:",
                (*small.widen(picture, machine), appear(picture.name)),
                *(play for split in picture.examples for play in picture.deal(split)),
            ),
            beat(f"in all {splits} ways. Their differences pile up: this hill is chance.", picture.pile()),
            beat(
                claim(
                    _as_if_alone(run),
                    f"Only {far} of {splits} are as far out as ours: at most {level:share}.",
                    f"{far} of {splits} are as far out as ours, over {level:share}: we can’t tell it from chance.",
                ),
                *picture.beyond(),
                appear(_first_verdict(run, tested)),
            ),
            stage=[tested, machine, small.rows.axis, *small.rows.names.values(), *here],
        )

    def many_claims(self, tested: TestedClaim, picture: PermutationTest) -> Iterator[Step]:
        """Other parts were tested, too: of so many tries, the one farthest out is far out by chance."""
        run = picture.rows.run
        tries, caught, dealt = (run[f"exact.{name}"] for name in ("comparisons", "studies_beyond", "studies_dealt"))
        often = caught.pick(part=HEADS) > run["exact.level"] * dealt
        before = _first_verdict(run, tested)
        yield Step(
            "How many claims were tested?",
            beat(f"But {tries} comparisons were made: as many tries for chance.", *picture.rise()),
            beat("Draw as many from the hill, and keep the one farthest out:", *picture.draw()),
            beat("again and again. These pile up, too, farther out.", picture.draw_on()),
            beat(
                f"{caught.pick(part=HEADS)} of {dealt} are as far out as ours. "
                + claim(
                    bool(often and _as_if_alone(run)),
                    "Rare as one try, ours is not rare as the farthest of many.",
                    "That is how far chance reaches with many tries.",
                ),
                *picture.beaten(),
            ),
            beat(
                claim(
                    bool(often), "We can’t tell it from chance, and that is a result, too.", "So it costs something."
                ),
                exchange([before], [tested.verdict("can’t tell") if often else tested.verdict("wrong", "warning")]),
                appear(ring_around(picture.alarms, roomy=True)),
            ),
            stage=[tested, before, picture.hill, picture.axis, picture.ours, picture.count],
        )

    def what_else_changed(self, machine: RemovableParts, run: Trace, tested: TestedClaim) -> Iterator[Step]:
        """A part goes, and with it some of the model's size; of heads it does not."""
        part, other = "feed-forward", tested.called("“It needs feed-forward networks.”")
        missing = run["parameters.missing"]
        wide, narrow = (run["d_k"].pick(choice=name) for name in ("one head", "all heads"))
        picture = ParameterArea(run, part, machine.beside)
        yield Step(
            "What else changed?",
            beat(
                "Count the parameters that are learned.",
                Wipe(picture.whole, kind="slow"),
                (appear(picture.rest, *picture.piece, rise=False), appear(picture.counts[0])),
            ),
            beat(
                claim(
                    bool(missing.pick(part=HEADS) == 0),
                    f"With one head there are just as many, only divided otherwise: d_k is {wide}, not {narrow}.",
                    "With one head their number is another one.",
                ),
                machine.without(HEADS),
                (draw(picture.outline, kind="row"), appear(picture.counts[1])),
            ),
            beat(
                f"Without feed-forward networks and their norms, {missing.pick(part=part):share} of them are gone, "
                f"and {run['exact.points'].pick(part=part):+.1f} points.",
                (leave(picture.outline, tested.words), appear(other), *machine.whole(), *machine.without(part)),
                appear(machine.lost(part)),
                *picture.lose(),
            ),
            beat(
                "Because of the network, its norm, or the size? Three things changed. A fair rival would be as large.",
                *picture.changed(machine.outlines[part][::-1]),
                appear(tested.verdict("can’t tell")),
                picture.stretched(),
            ),
            stage=[tested, machine.again(), picture.title],
        )

    def another_size(self, machine: RemovableParts, run: Trace, deep: Trace) -> Iterator[Step]:
        """Scaling by the root at two widths of heads, and the norm at two depths: verdicts that turn."""
        tested = TestedClaim("“√d_k and Norm can go.”")
        heads, norms = _roots(run, machine.beside), _norms(deep, machine.beside)
        ring = machine.ringed(machine.attention[0])
        small, large = ({k: deep["exact.over_seeds"].pick(model=some[k]) for k in some} for some in (SHALLOW, DEEPER))
        sure = [counts(*(deep["exact"].pick(model=name) for name in some.values())) for some in (SHALLOW, DEEPER)]
        better, needed = sure[0] and small["without"] > small["with"], sure[1] and large["with"] > large["without"]
        mean, exact = run["exact.over_seeds"], run["exact"]
        roots = ((WHOLE, "root"), (HEADS, BOTH))
        losses = [mean.pick(part=whole) - mean.pick(part=rootless) for whole, rootless in roots]
        hurt = min(losses) > 0 and all(counts(*(exact.pick(part=part) for part in pair)) for pair in roots)
        told = ("√d_k: here, no" if hurt else "can’t tell", "Norm: it depends on the depth")
        first, last = tested.verdict(told[0]), tested.verdict(told[1] if hurt and better and needed else "can’t tell")
        yield Step(
            "A verdict holds for one size",
            beat(
                "Without the root of d_k, narrow heads get "
                f"{mean.pick(part='root'):share}, not {mean.pick(part=WHOLE):share};",
                appear(ring),
                *heads.begin(),
            ),
            beat(
                f"one wide head {mean.pick(part=BOTH):share}, not {mean.pick(part=HEADS):share}. "
                + claim(
                    bool(hurt and losses[1] > losses[0]),
                    "Both need it, the wide one more: because it is wide, or alone? We can’t tell.",
                    "Are both worse off without it? We can’t tell.",
                ),
                machine.without(HEADS),
                *heads.end(),
                appear(first),
            ),
            beat(
                f"And Norm? In {deep['steps']} steps, without warm-up: "
                + claim(
                    bool(better),
                    "the shallow one is better off without it.",
                    "without it, the shallow one gains nothing.",
                ),
                (
                    leave(*heads.shown),
                    *exchange([*heads.columns], [*norms.columns]),
                    *machine.whole(),
                    *exchange([ring], [machine.ringed(machine.norms[0])]),
                    appear(machine.ringed(machine.norms[1])),
                ),
                *norms.begin(),
            ),
            beat(
                claim(
                    bool(needed),
                    f"The deep one needs it: {large['with']:share} with it, {large['without']:share} without.",
                    f"The deep one has {large['with']:share} with it, {large['without']:share} without.",
                ),
                *norms.end(),
                exchange([first], [last]),
            ),
            stage=[tested, machine.again(), heads.columns],
        )

    def size_against_data(self, machine: RemovableParts, run: Trace) -> Iterator[Step]:
        """Accuracies of models of several widths: what is scarce depends on where one stands."""
        tested, mean = TestedClaim("“More data helps.”"), run["exact.over_seeds"]
        picture, widths = SizeAndData(run, machine.beside), run["width"].quantities()
        low, *_, high = mean
        ends = [(row.quantity(0), row.quantity(-1)) for row in (low, high)]
        wide = run["exact"].pick(width=len(widths) - 1)
        sure = counts(*(wide.pick(amount=a) for a in range(len(low))[:: len(low) - 1]))
        gains = [after - before for before, after in ends]
        held = bool(sure and gains[1] > gains[0])
        yield Step(
            "Size against data",
            beat(
                "Is a model too small, or has it too few sentences? Each bar is as wide as its model.",
                (appear(picture.called, picture.floor, *picture.names), grow(picture.line[0]), appear(picture.amount)),
                *((grow(bar, UP), appear(told)) for bar, told in zip(picture.bars, picture.numbers, strict=True)),
            ),
            beat(
                f"At width {widths[0]}, more sentences lift {ends[0][0]:share} to {ends[0][1]:share}.",
                *map(picture.more, range(1, len(low))),
                appear(picture.gains[0]),
            ),
            beat(
                f"At width {widths[-1]}, they lift {ends[1][0]:share} to {ends[1][1]:share}.",
                *((appear(was), draw(way, kind="row")) for was, way in picture.gains[1:]),
            ),
            beat(
                claim(
                    held,
                    "So more data helps a model that has room for it.",
                    "So more data helps no more where a model is wider.",
                ),
                appear(ring := ring_around(picture.names[1], roomy=True)),
                move_ring(ring, picture.names[-1], roomy=True),
                appear(tested.verdict("if the model is wide" if held else "can’t tell")),
            ),
            stage=[tested, machine],
        )

    def what_stays_hard(self, machine: RemovableParts, trace: Trace) -> Iterator[Step]:
        """Accuracy by length, early and late, and how much of training was that long."""
        tested, run, brief = TestedClaim("“Long sentences are hard.”"), trace.under(FAILED), trace.under(LONGER)
        small, picture = (FailuresByLength(run, brief, room) for room in (machine.beside, tested.inside))
        early, late = picture.first_failed, picture.failed
        hardest = late.values[-1] == late.values.max() > late.values.min()
        yield Step(
            "What stays hard?",
            beat(
                f"Which new sentences fail? After {brief['steps']:,.0f} training steps, "
                + claim(bool(early.values[-1] == early.values.max()), "the longest.", "some of any length."),
                *small.rise(picture, machine),
            ),
            beat(
                f"After {run['steps']:,.0f} steps, {late.quantity(-1):share} of the longest fail"
                + claim(bool(hardest), ", still the most of all.", "."),
                *picture.sink(),
            ),
            beat(
                f"But only {run['training_share'].quantity(len(late) - 1):share} of the training sentences were that "
                "long.",
                fill(picture.bars, "slow"),
                appear(picture.share),
            ),
            beat(
                "Hard because long, or because rare? Again more than one thing changed: we can’t tell.",
                appear(ring_around(picture.ticks[-1])),
                appear(tested.verdict("or rare ones: can’t tell")),
            ),
            stage=[tested, machine],
        )

    def a_failure(self, run: Trace, tested: TestedClaim, picture: NounInBetween) -> Iterator[Step]:
        """A sentence that goes wrong, and the forms that other nouns give."""
        tally = run["swapped.tally"]
        head, other, wrong, right, query_token = picture.words
        like, unlike = ([tally.pick(kind=k, choice=c) for c in ("right", "tried")] for k in ("like it", "unlike it"))
        caught = tallies_count(like, unlike) and unlike[0] * like[1] > like[0] * unlike[1]
        yield Step(
            "One failure, examined",
            beat(
                f"“{right}” is right here, because “{query_token}” is said of “{head}”.",
                draw(picture.should, kind="slow"),
            ),
            beat(
                f"The model writes “{wrong}”, with probability {run['close.probs'].pick(choice='written'):share}. "
                f"Does “{other}”, in between, give the form?",
                appear(picture.wrong, picture.odds),
                draw(picture.does, kind="row"),
            ),
            beat(
                f"Put every noun there that fits. Of the gender of “{other}”, {like[0]} of {like[1]} come out right;",
                leave(picture.odds),
                *picture.try_out("like it"),
            ),
            beat(f"of the other, {unlike[0]} of {unlike[1]}.", *picture.try_out("unlike it")),
            beat(
                claim(bool(caught), "So here, the form depends on that noun.", "So this test does not show it."),
                appear(ring_around(picture.stood[-1][0], "focus")),
                appear(tested.verdict("here, yes", "residual") if caught else tested.verdict("can’t tell")),
            ),
            stage=[tested, picture.source],
        )

    def a_checklist(self, run: Trace, trace: Trace, failure: NounInBetween) -> Iterator[Step]:
        """Close: what to ask of every claim, the verdict on ours, and a question to take away."""
        unsure, picture = not run["exact.effect"].pick(part=HEADS), Checklist(_asked(run, trace, failure), STAGE)
        (fails, *shown), rest = picture.pictures[:3], picture.pictures[3:]
        last, stated, amount, first, second, third = map(ring_around, picture)
        should, does, head, slot, rich, ring, wrong = failure.failed
        tried = failure.stood[-1]
        yield Step(
            "Six questions for every claim",
            beat(
                "Ask of every claim: how many trainings? How many claims? What else changed?",
                (*exchange(tried, [slot, wrong]), appear(ring)),
                (leave(*failure.rest), *exchange([*failure.failed], [*fails], "camera")),
                *map(appear, rest),
            ),
            beat(
                "At which size, with how much data, and where does it fail?",
                *(appear(*both) for both in zip(shown, picture[1:3], strict=True)),
                appear(picture[0]),
            ),
            beat(
                "Is one head enough? "
                + claim(
                    bool(unsure),
                    f"With {run['trial_layers']} layers a side and {run['steps']:,.0f} steps, we can’t tell.",
                    f"With {run['trial_layers']} layers a side and {run['steps']:,.0f} steps, it is not.",
                ),
                appear_in_turn([first, second], "slow"),
                appear(stated),
            ),
            beat(
                "Your turn: should every model be built with one head?", appear_in_turn([third, amount, last], "slow")
            ),
            beat(
                "Nobody knows from this: an argument about architecture is an experiment with a stated size.",
                *map(leave, (first, second, third, amount, last)),
            ),
            stage=[VGroup(*picture[3:]), should, does, head, rich, *tried, *failure.rest],
        )


def _lowest(run: Trace) -> tuple[Label, Quantity]:
    """The seed with the worst of the first trainings of the whole model, as many as chance needs, and its share."""
    _, enough, *_ = run["exact.trainings_of_each"].quantities()
    found: tuple[Label, Quantity] = run["exact"].pick(part=WHOLE, seed=slice(int(enough))).smallest()
    return found


def _as_if_alone(run: Trace) -> bool:
    """Return True if the difference that one head makes would count in a permutation test of it alone."""
    return bool(run["exact.splits_beyond"].pick(part=HEADS) <= run["exact.level"] * run["exact.ways_to_split"])


def _first_verdict(run: Trace, tested: TestedClaim) -> Words:
    return tested.verdict("wrong?", "warning") if _as_if_alone(run) else tested.verdict("can’t tell")


def _norms(deep: Trace, room: Room) -> SizeInteraction:
    """With and without the norm, at two depths."""
    kinds = {f"{which} Norm": (SHALLOW[which], DEEPER[which]) for which in SHALLOW}
    sizes = (f"{deep['shallow_layers']} layers a side", f"{deep['layers']} layers a side")
    return SizeInteraction(deep, "model", kinds, sizes, room, f"{deep['steps']} steps, no warm-up")


def _roots(run: Trace, room: Room) -> SizeInteraction:
    """With and without the root, for several heads and for one."""
    several, one = (run["d_k"].pick(choice=choice) for choice in ("all heads", "one head"))
    kinds = {"divided by √d_k": (WHOLE, HEADS), "not divided": ("root", BOTH)}
    return SizeInteraction(run, "part", kinds, (f"several heads, d_k = {several}", f"one head, d_k = {one}"), room)


def _asked(run: Trace, trace: Trace, failure: NounInBetween) -> list[tuple[str, VGroup]]:
    """The questions of the checklist, each with what stood on the stage for it, without its texts."""
    left, _ = STAGE.columns(2)
    few = DotRows(run, (WHOLE, HEADS), left.golden_rows()[0], near=True)
    many = PermutationTest(run, HEADS, left)
    size, norms = ParameterArea(run, "feed-forward", left), _norms(trace.under(DEEP), left)
    grown = SizeAndData(trace.under(GROWN), left)
    return [
        ("Where does it fail?", failure.short),
        ("At which size?", VGroup((column[0] for column in norms.columns), *norms.lines, *norms.starts)),
        ("With how much data?", VGroup(*grown.states[-1], *grown.lines[-1])),
        ("How many trainings?", VGroup(few.zero[0], *few.seeds.values())),
        ("How many claims?", VGroup(*many.axis[:2], *many.farther)),
        ("What else changed?", VGroup(size.rest, size.lost[0])),
    ]
