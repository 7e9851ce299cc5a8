"""The residual stream: each sublayer adds to it, so that words and gradients get through, and norms keep its size."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from manim import DOWN, LEFT, UP, VGroup

from scenes.animations import (
    Reform,
    Travel,
    Wipe,
    appear,
    appear_in_turn,
    draw,
    fill,
    leave,
    move_ring,
    pulses,
    reshape,
    ring_around,
    slide,
)
from scenes.chapters.c10_residual.alike import GradientTowers, VectorsByDepth
from scenes.chapters.c10_residual.arrows import StreamSum, SumOfTwo
from scenes.chapters.c10_residual.norms import NormOrders, running, small_bars, under_formula
from scenes.layout import STAGE
from scenes.mobjects.curves import Curves
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.norm_stages import NormStages
from scenes.mobjects.region import Region
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.river import River
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.mobjects.wording import layer_name
from scenes.stage.chapter import Beat, Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.studies.focus import Focus, focus_of
from transformer_core.studies.measures.selection import argmax_norm
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import Trace

#: The stages of both kinds of norm.
LAYER_NORM, RMS_NORM = ("centred", "normalized", "scaled_by_gain", "out"), ("normalized", "out")
#: Ways to build a stack, what they are called, and in which role.
WAYS = {
    "pre-norm, no Add": ("Norm alone", "weight"),
    "no norm, no Add": ("neither", "ink3"),
    "pre-norm": ("Add and Norm", "residual"),
    "no norm": ("Add alone", "ink2"),
}


class Residual(Chapter):
    """The residual stream: what is added stays, and what is normed keeps its size."""

    number = 10
    title = "Residual layers: Add, Norm"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return f"{focus_of(trace).stack}.stream"

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        ribbon = Ribbon(trace[f"{focus.block}.resid_pre"].words("position"))
        river = River.of(trace, focus.stack, ribbon.below(STAGE))
        yield from self.replace_or_add(focus, trace, ribbon)
        yield from self.a_channel(trace, ribbon, river)
        yield from self.a_road_back(trace, ribbon, river)
        region = Region("experiments with other models")
        towers = yield from self.does_it_arrive(trace, region)
        fans = yield from self.all_become_one(trace, region, towers)
        yield from self.trained_without(trace, region, fans)
        yield from self.layer_norm(focus, trace, ribbon)
        yield from self.before_or_after(trace, ribbon)
        yield from self.zeros(ribbon, river)

    def replace_or_add(self, focus: Focus, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """The question of the chapter."""
        query_token = focus.query_token
        part = trace.under(focus.path, batch=0, position=query_token.position)
        replaced, added = part["turned_if_replaced"], part["turned_if_added"]
        names = f"{focus.block}.resid_pre", f"{focus.path}.out"
        rows = [trace[name].pick(batch=0, position=(query_token.position,)) for name in names]
        picture = SumOfTwo(part, rows, ribbon.below(STAGE))
        (before, found), (old, new) = picture.vectors, picture.symbols
        threads = picture.threads(ribbon.chips)
        ring = ring_around(picture.names[2], roomy=True)
        yield Step(
            "Replace the vector, or add to it?",
            beat(
                f"Attention in the {layer_name(focus.layer)} has an answer for “{query_token}”: a vector f(x). "
                "What becomes of the old x?",
                ribbon.mark({ribbon.place(query_token): "residual"}),
                (Travel(ribbon.chips[ribbon.place(query_token)], before, kind="row"), appear(old)),
                draw(*threads),
                (appear(found, new), leave(*threads)),
            ),
            beat(
                claim(
                    bool(replaced > 75),
                    f"If it takes the place of x, the vector turns by {replaced:.0f} degrees: little points along x.",
                    f"If it takes the place of x, the vector turns by {replaced:.0f} degrees.",
                ),
                (
                    appear(picture.origin),
                    Travel(before, picture.before, leaving=True),
                    Travel(old, picture.names[0], leaving=True),
                ),
                (Travel(found, picture.found, leaving=True), Travel(new, picture.names[1], leaving=True)),
                draw(picture.turns[0][0]),
                appear(picture.turns[0][1]),
            ),
            beat(
                claim(
                    bool(added < 45),
                    f"If it is added, the vector turns by {added:.0f}: the word stays, and has learned something.",
                    f"If it is added, the vector turns by {added:.0f}: here the answer outweighs the word.",
                ),
                Travel(picture.found, picture.moved, kind="row"),
                (draw(picture.sum), appear(picture.names[2])),
                (draw(picture.turns[1][0]), appear(picture.turns[1][1])),
            ),
            beat("This sum, x + f(x), is a residual connection, or Add.", appear(ring)),
            beat("A sublayer learns only what to change.", move_ring(ring, picture.names[1])),
            stage=[ribbon],
        )

    def a_channel(self, trace: Trace, ribbon: Ribbon, river: River) -> Iterator[Step]:
        """The set piece: the stream of the token that it turns most, as a river that swells."""
        (chip, others), stack, token = alone(ribbon, river), focus_of(trace).stack, river.token
        ways = StreamSum(trace.under(stack, batch=0, position=token.position), ribbon.below(STAGE))
        behind = trace.about["config"]["norm_order"] == "post"
        yield Step(
            "The residual stream: one channel for all sublayers",
            beat(
                claim(
                    bool(trace["config.words"] > 1),
                    f"This is the vector of “{token}”, the word that the {Phrase(stack)} turns most.",
                    f"This is the vector of “{token}”, before the first layer.",
                ),
                (ribbon.mark({ribbon.place(token): "residual"}), Travel(chip, river.strip, kind="row")),
            ),
            beat(
                "Above it, a band: as wide as the vector is long.",
                (Wipe(river.stretches[0], kind="slow"), appear(river.ends[0]), *others),
                appear_in_turn([*river.boxes], "slow"),
            ),
            beat("Attention reads it, and adds its output.", river.first()),
            beat("Then every other sublayer does.", river.rest(), appear(river.ends[1])),
            beat(
                "This is the residual stream: a channel that every sublayer reads from and writes to.",
                ambient=river.flow(),
            ),
            beat("A norm after each Add sets the length anew.", ambient=river.flow()) if behind else None,
            beat(
                f"End to end, all lengths make {ways.lengths[0]:.1f}.",
                leave(river.strip, river.numbers, river.ends, river.boxes, river.reads),
                (leave(river.stretches[1:], *river.mouths), *ways.laid(river), appear(ways.totals[0])),
            )
            if not behind
            else None,
            beat(
                f"But each points its own way: they lead only {ways.lengths[1]:.1f} far.",
                (appear(ways.origin), *ways.bend()),
                (ways.lead(), appear(ways.totals[1])),
            )
            if not behind
            else None,
            stage=[ribbon],
        )

    def a_road_back(self, trace: Trace, ribbon: Ribbon, river: River) -> Iterator[Step]:
        """The gradient in one sentence, and its way along the stream."""
        slope = Formula('"slope of" x + f(x) = {{ "one" : warning }} + "slope of" f', LARGE)
        river.bed.fit(slope)
        answers = river.answers()
        places = range(0, len(answers), len(answers) // 4)
        ring = ring_around(river.strip[0])
        way = Words("← gradient, a sketch", "large number", "warning").settle(river.bed.centre)
        (shrinking, swelling), (little, much) = river.gradients(), river.grown()
        yield Step(
            "The way back: a road for the gradient",
            beat(
                "Training asks of every number: how does the error change if it grows a little?",
                *(
                    (move_ring(ring, river.strip[i]) if i else appear(ring), Wipe(answers[i], towards=UP))
                    for i in places
                ),
            ),
            beat(
                "Together, the answers are the gradient, computed backwards.",
                (fill(VGroup(*(one for i, one in enumerate(answers) if i not in places))), move_ring(ring, answers)),
                (leave(ring, river.strip, answers), appear(way)),
            ),
            beat(
                "Without Add, each sublayer multiplies it by its slope.",
                (leave(river.stretches, river.falls, river.reads), reshape(river.boxes, river.strung())),
            ),
            beat("If slopes are small, it vanishes;", river.sends(shrinking)),
            beat("if large, it explodes.", leave(shrinking), river.sends(swelling)),
            beat(
                claim(
                    trace.about["config"]["norm_order"] == "post",
                    "But x + f(x) has the slope of f, plus one: on one copy’s way, only norms stand.",
                    "But x + f(x) has the slope of f, plus one: one copy gets past all sublayers.",
                ),
                (leave(swelling, way), reshape(river.boxes, river.home)),
                (Wipe(river.road, towards=LEFT, kind="slow"), appear(slope)),
            ),
            beat(
                "What returns through them is added: can it explode?",
                Wipe(little, towards=LEFT),
                reshape(little, much, "slow"),
            ),
            stage=[alone(ribbon, river)[0], *(part for part in river if part not in (river.ends, river.numbers))],
        )

    def does_it_arrive(self, trace: Trace, region: Region) -> Generator[Step, None, GradientTowers]:
        """Gradients before any training, by depth: four ways to build a stack."""
        run = trace.under("experiment.gradient_by_depth")
        depths, rows = run["depths"], {way: run["first"].pick(choice=way) for way in WAYS}
        ends = {way: row.quantity(-1) for way, row in rows.items()}
        towers = GradientTowers(rows, depths, WAYS, region.inside)
        key = Words("gradient at the first layer, log scale", "fact", "ink2").end_in(region.head)
        starts = [states[0] for states in towers.states.values()]
        tame = "pre-norm, no Add", "pre-norm"
        yield Step(
            "Does the gradient arrive?",
            beat(
                "How large is the gradient at the first layer, in ever deeper untrained models?",
                (appear(*towers.names.values(), towers.scale, key), appear_in_turn(starts, "slow")),
                ambient=pulses([*towers.beams.values()], role="warning"),
            ),
            beat(
                claim(
                    bool(ends["no norm, no Add"] < 0.01),
                    "With neither Add nor Norm, it vanishes.",
                    "With neither Add nor Norm, it shrinks.",
                ),
                *towers.grow("no norm, no Add"),
            ),
            beat(
                claim(bool(ends["no norm"] > 1000), "With Add alone, it explodes.", "With Add alone, it grows."),
                *towers.grow("no norm"),
            ),
            beat(
                claim(
                    all(0.1 < ends[way] < 10 for way in tame),
                    "With Norm it keeps its size: with Add, and also without.",
                    "With Norm it changes less.",
                ),
                *towers.grow(*tame),
            ),
            beat(
                "So Norm tames the gradient. Then what is Add for?",
                appear(*(ring_around(towers.told[way], roomy=True) for way in tame)),
                ambient=pulses([towers.beams[way] for way in tame], role="warning"),
            ),
            stage=[region],
        )
        return towers

    def all_become_one(
        self, trace: Trace, region: Region, towers: GradientTowers
    ) -> Generator[Step, None, VectorsByDepth]:
        """Attention mixes vectors until nothing of their own is left; what is added does not forget."""
        run = trace.under("experiment.rows_alike")
        names = {way: WAYS[way] for way in run["fan"].labels["choice"]}
        fans, shares = ({way: run[name].pick(choice=way) for way in names} for name in ("fan", "share"))
        picture = VectorsByDepth(fans, run["layer_numbers"], shares, names, towers, region.head)
        without, added = names
        gone, left = run["layers_until_alike"].pick(choice=without), shares[added].quantity(-1)
        ring = ring_around(picture.owns[without], roomy=True)
        kept = ring_around(picture.owns[added], roomy=True)
        stacks = [part[way] for part in (towers.names, towers.towers) for way in names]
        yield Step(
            "Without Add, all vectors become one",
            beat(
                "Look at the vectors of a sentence instead: how much of each is its own? "
                f"At first, {shares[added].quantity(0):.0%} on average.",
                appear(*picture.chips[without], *picture.chips[added]),
                (appear(picture.origins), picture.come()),
                (
                    appear(picture.depth, *picture.owns.values(), *picture.rings.values()),
                    appear(*(states[0][0] for states in picture.states.values()), rise=False),
                ),
            ),
            beat("Attention mixes them, again and again.", (*picture.deepen(last=gone),)),
            beat(
                f"Without Add, next to nothing of their own is left after {gone} layers: rank collapse.",
                appear(ring),
                ambient=pulses([*picture.states[without][0][3::3]]),
            ),
            beat(
                f"With Add, each carries itself along: {left:.0%} is its own at the end.",
                leave(ring),
                (*picture.deepen(gone),),
            ),
            beat("Add keeps the words apart.", appear(kept), ambient=pulses([*picture.states[added][0][3::3]])),
            stage=[region, *stacks],
        )
        picture.parts += [kept, *stacks]
        return picture

    def trained_without(self, trace: Trace, region: Region, fans: VectorsByDepth) -> Iterator[Step]:
        """Training without Add, and with everything else the same; the `fans` of untrained models leave for it."""
        run, names = trace.under("experiment.parts_removed"), {"residual": "pre-norm, no Add", "nothing": "pre-norm"}
        steps, mean, ends = run["step"], run["curve.over_seeds"], run["exact.over_seeds"]
        shares = {part: ends.pick(part=part) for part in names}
        rows = {part: run["curve"].pick(part=part) for part in names}
        called, told = {part: WAYS[way] for part, way in names.items()}, {part: (shares[part], ".0%") for part in names}
        curves = Curves(steps, rows, called, told, steps.quantities()[1::2], region.inside, "part")
        others = [part for part in mean.labels["part"] if part not in names and " and " not in part]
        least = min(ends.pick(part=part) for part in others)
        lowest = min(float(mean.pick(part=part).values[-1]) for part in others)
        another = VGroup(Words(text, "fact", "ink2") for text in ("without another part", f"{least:.0%} or more"))
        another.arrange(DOWN, buff=gap("line"), aligned_edge=LEFT)
        curves.plot.label(another, float(steps.values[-1]), lowest)
        yield Step(
            "Can training make up for Add?",
            beat("Train both kinds, with Norm, on the same data,", ambient=pulses(fans.ways)),
            beat(
                f"for {run['steps']:,.0f} steps, several times.",
                (leave(*fans.parts), appear(curves.plot), appear_in_turn([*curves.ticks], "slow")),
            ),
            beat(f"With Add, {shares['nothing']:.0%} of new sentences come out right.", *curves.drawn("nothing")),
            beat(f"Without it, {shares['residual']:.0%}.", *curves.drawn("residual")),
            beat("So a tame gradient is not enough.", appear(ring_around(curves.labels["residual"], roomy=True))),
            beat(
                claim(
                    bool(shares["residual"] < least),
                    "At this size, no other part left out cost as much.",
                    "At this size, some other part left out cost even more.",
                ),
                appear(another),
                draw(*(curves.plot.curve(steps, mean.pick(part=part), "ink3") for part in others), kind="slow"),
            ),
            stage=[region, *fans.parts],
        )

    def layer_norm(self, focus: Focus, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """A layer norm or an RMSNorm, stage by stage on one vector, then on all."""
        query_token = focus.query_token
        norm = argmax_norm(trace, focus.stack, query_token)
        if norm is None:
            return
        path, layer = norm
        whole, part = trace.under(path, batch=0), trace.under(path, batch=0, position=query_token.position)
        by_mean = f"{path}.mean" in trace
        made, first = (LAYER_NORM, "mean") if by_mean else (RMS_NORM, "mean_square")
        entering = trace[trace.parents[f"{path}.{first}"][0]].pick(batch=0)
        room, formulas = under_formula(ribbon.below(STAGE), formulas_of(part, by_mean))
        stages = NormStages([entering.pick(position=query_token.position), *(part[name] for name in made)], room)
        bars, own = small_bars(entering, whole, ribbon, stages.scale, stages.unit)
        here, name = ribbon.place(query_token), Phrase("Layer norm" if by_mean else "RMSNorm")
        yield Step(
            claim(by_mean, "Layer norm, step by step", "RMSNorm, step by step"),
            beat(
                f"Each addition changes how long a vector is. {name} brings all to one size: "
                + claim(
                    path.endswith("final_norm"),
                    f"here “{query_token}”, after the last layer.",
                    f"here “{query_token}”, in the {layer_name(layer)}.",
                ),
                ribbon.mark({here: "residual"}),
                (appear(stages.zero), fill(stages.states[0], "slow")),
                appear(formulas[0]),
            ),
            *(centred_and_scaled if by_mean else scaled)(part, stages, formulas),
            beat(
                claim(
                    by_mean,
                    "Each vector has a mean and a variance of its own: none looks at another.",
                    "Each vector has a mean square of its own: none looks at another.",
                ),
                (leave(stages.zero, formulas[-1], stages.before, stages.states[-1]), appear_in_turn([*bars], "slow")),
                appear_in_turn([*own], "tour"),
            ),
            stage=[ribbon],
        )

    def before_or_after(self, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """Two places for the norm, and what deep models make of them, or of none, in a few steps."""
        run = trace.under("experiment.depth_and_norm")
        names = ("pre-norm", "post-norm", "no norm")
        shares = {name: run["exact.over_seeds"].pick(model=f"{name}, no warm-up") for name in names}
        picture = NormOrders(shares, run["steps"], ribbon.below(STAGE))
        pre, post, none = picture.orders
        yield Step(
            "Before the sublayer, or after the sum?",
            beat("Where should the norm stand?", Wipe(pre.stream)),
            beat(
                "On the branch, so that the stream runs free: pre-norm.",
                (draw(*pre.ways), appear(pre.sublayer, pre.norm, pre.plus, pre.heading)),
                ambient=running(pre),
            ),
            beat(
                "Or on the stream itself, after the sum:",
                (*(Travel(a, b, kind="row") for a, b in zip(pre.parts(), post.parts(), strict=True)),),
                ambient=running(pre),
            ),
            beat(
                "post-norm, as in the first Transformer.",
                (draw(*post.ways), appear(post.heading)),
                ambient=running(pre, post),
            ),
            beat(
                "There, nothing gets past unchanged.",
                appear(ring_around(post.norm, "warning")),
                ambient=running(pre, post),
            ),
            beat(
                f"{run['layers']} layers deep, after {run['steps']} steps, without the slow start called warm-up, "
                f"pre-norm gets {shares['pre-norm']:.0%} of new sentences right, "
                + claim(
                    bool(shares["post-norm"] == shares["no norm"]),
                    f"post-norm {shares['post-norm']:.0%}, like no norm at all.",
                    f"post-norm {shares['post-norm']:.0%}, and no norm at all {shares['no norm']:.0%}.",
                ),
                (draw(*none.ways), appear(none.stream, none.sublayer, none.plus, none.heading, picture.caption)),
                appear_in_turn([*picture.results], "slow"),
                ambient=running(pre, post, none),
            ),
            stage=[ribbon],
        )

    def zeros(self, ribbon: Ribbon, river: River) -> Iterator[Step]:
        """Close: the answer, and a question about zeros."""
        doubt, ring = river.doubt(river.most), ring_around(river.boxes[river.most - 1][0])
        (passed, width), (below, gates, above, told) = river.passed(river.most), river.gates()
        yield Step(
            "Add keeps, Norm tames",
            beat(
                "So it is added: each word stays in the stream.",
                (ribbon.mark({ribbon.place(river.token): "residual"}), *alone(ribbon, river)[1]),
                ambient=river.flow(),
            ),
            beat(
                f"Before its gain, Norm brings what each sublayer reads to one length: {river.read[0]:.2f}.",
                (leave(river.reads, river.numbers), Wipe(below, towards=UP), appear(gates, rise=False)),
                Wipe(above, towards=UP, kind="slow"),
                appear(told),
                ambient=river.flow(),
            )
            if river.read
            else beat("Norm keeps vectors and gradients in bounds.", ambient=river.flow()),
            beat(
                f"Your turn: {river.most_label} writes only zeros. What becomes of “{river.token}”?",
                leave(*river.dry(river.most)),
                (appear(doubt), appear(ring)),
            ),
            beat("It passes unchanged.", leave(doubt[-1]), Wipe(passed), appear(width)),
            stage=[ribbon, river],
        )


def alone(ribbon: Ribbon, river: River) -> tuple[Token, list[object]]:
    """The chip of the token whose stream it is; all others, whose streams are not shown, leave."""
    chip = ribbon.chips[ribbon.place(river.token)]
    others = [one for one in ribbon.chips if one is not chip]
    return chip, [leave(*others)] if others else []


def formulas_of(part: Trace, by_mean: bool) -> list[str]:
    """The norm of one vector, stage by stage, with its numbers."""
    if by_mean:
        centred = f"x - {part['mean']:.2f}"
        divided = f"({centred}) / sqrt({part['var']:.3f})"
        return ["x", centred, divided, f"{divided} dot g", f"{divided} dot g + b"]
    divided = f"x / sqrt({part['mean_square']:.2f})"
    return ["x", divided, f"{divided} dot g"]


def centred_and_scaled(part: Trace, stages: NormStages, formulas: Sequence[Formula]) -> Iterator[Beat]:
    """The stages of a layer norm."""
    mean, variance, states = part["mean"], part["var"], stages.states
    level, flat = stages.level(float(mean)), stages.level()
    wide, one = stages.band(part["scale"]), stages.band(part["spread_after"])
    middle, before, after = map(stages.told, (mean, part["scale"], part["spread_after"]))
    yield beat(
        f"Take the mean of its entries, {mean:.2f}, off each.",
        (draw(level), appear(middle)),
        (leave(middle), slide(states[0], states[1], "row"), reshape(level, flat), Reform(*formulas[:2])),
    )
    yield beat(
        f"Their variance is {variance:.3f}: divide by its root, and their spread becomes one.",
        (leave(level), appear(wide, before)),
        (leave(before), slide(states[1], states[2], "row"), reshape(wide, one), Reform(*formulas[1:3])),
        appear(after),
    )
    yield beat(
        "Last come a learned gain g and shift b for each entry.",
        (leave(wide, after), appear(stages.outline(states[2]), rise=False)),
        (slide(states[2], states[3], "row"), Reform(*formulas[2:4])),
        (slide(states[3], states[4], "row"), Reform(*formulas[3:])),
    )


def scaled(part: Trace, stages: NormStages, formulas: Sequence[Formula]) -> Iterator[Beat]:
    """The stages of an RMSNorm, which leaves out the mean and the shift."""
    square, states, wide = part["mean_square"], stages.states, stages.band(part["scale"])
    yield beat(
        f"RMSNorm keeps the mean. Divide by the root of the mean square of the entries, {square:.2f}.",
        appear(wide, told := stages.told(part["scale"])),
        (leave(wide, told), slide(states[0], states[1], "row"), Reform(*formulas[:2])),
    )
    yield beat(
        "Last comes a learned gain g for each entry.",
        appear(stages.outline(states[1]), rise=False),
        (slide(states[1], states[2], "row"), Reform(*formulas[1:])),
    )
