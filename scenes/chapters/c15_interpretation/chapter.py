"""Tests of attention patterns: ablation, a probe, the logit lens, activation patching; and an induction head."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from manim import DOWN, Mobject, VGroup

from scenes.animations import (
    OffAndOn,
    RunOut,
    Travel,
    Wipe,
    appear,
    appear_in_turn,
    draw,
    follow,
    grow,
    leave,
    pulses,
    ring_around,
)
from scenes.chapters.c15_interpretation.ablation import AblatedHeads, LostWords
from scenes.chapters.c15_interpretation.induction import InductionHead, InductionTraining
from scenes.chapters.c15_interpretation.large import IdleHead, LargeHead, grown
from scenes.chapters.c15_interpretation.lens import LogitLens, StreamTaps
from scenes.chapters.c15_interpretation.patching import TwoPasses, TwoRoutes
from scenes.chapters.c15_interpretation.probe import ProbePlane
from scenes.mobjects.region import Region
from scenes.mobjects.sentences import spelled
from scenes.mobjects.sorted_heads import SortedHeads, pattern_name
from scenes.mobjects.tokens import Token
from scenes.mobjects.wording import CALLED, head_name, layer_name, role_name
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.studies.focus import DECODER, best_head, focus_of, stack_of
from transformer_core.studies.measures.ablation_trainings import CASES, HARDLY, MORE_THAN_A_GUESS
from transformer_core.studies.measures.feed_forward import OURS
from transformer_core.studies.measures.stream import blocks
from transformer_core.tracing.provenance import Label, plain
from transformer_core.tracing.trace import NamedTensor, Trace

ROLE, REST, WHOLE = "adjective(inflected)->noun", "everything else", "whole sentences"
OFF, PROBE, PATCHING = "experiment.heads_off", "experiment.probe", "experiment.patching"
#: The share that is right with all heads, and with one off: "model layer head role".
RIGHT = f"{OFF}.ablation_accuracy"
#: The pair of sentences between which vectors are patched.
PAIR = "car"


class Interpretation(Chapter):
    """A pattern is a hypothesis; what happens without it is a test."""

    number = 15
    title = "Interpretability"
    needs = ("cross-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return focus_of(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        heads, taps = SortedHeads(trace), taps_of(trace)
        panels = panels_of(trace, heads, taps)
        yield from self.patterns(trace, heads, panels)
        if panels is not None:
            yield from self.ablation(trace, heads, panels)
            yield from self.by_role(trace, panels)
            yield from self.probe(trace, panels, taps)
        lens = yield from self.logit_lens(trace, taps, panels is not None and f"{PROBE}.spots" in trace)
        read = yield from self.patching(trace, lens)
        yield from self.induction(trace, read)
        yield from self.a_pattern_is_a_guess(trace, heads)

    def patterns(self, trace: Trace, heads: SortedHeads, panels: AblatedHeads | None) -> Iterator[Step]:
        """The question of the chapter, and the heads whose pattern is clear in this sentence."""
        clear, count = (trace[f"{stack_of(trace)}.{which}_heads"] for which in ("clear", "all"))
        told, chosen = heads.told(trace)
        grids, names = (panels.grids, panels.names) if panels else (heads.grids, [heads.layer_names, heads.letters])
        large = LargeHead(heads, grids, panels.below) if panels else None
        rings = VGroup(ring_around(grids[k]) for k, pattern in enumerate(heads.shown.values()) if pattern)
        yield Step(
            "Does the output depend on a pattern?",
            beat(
                "Each encoder head attends in its own way. Does the output depend on it?",
                appear(*names, *([large.pattern, *large.words] if large else [])),
                appear_in_turn([*grids], "row" if large else "slow"),
                *(large.tour() if large else []),
            ),
            beat(
                claim(
                    heads.by_place,
                    f"Ringed: those in which one place gets most attention, beyond chance: {clear} of {count}.",
                    f"Ringed: those in which one pattern gets most attention, beyond chance: {clear} of {count}.",
                ),
                (*([leave(large.ring)] if large else []), appear_in_turn([*rings], "slow")),
            ),
            beat(
                told,
                (leave(rings), appear(ring_around(grids[chosen])), *(large.back(chosen) if large else [])),
                *map(grown, large.bars if large else []),
            ),
            stage=[],
        )

    def ablation(self, trace: Trace, heads: SortedHeads, panels: AblatedHeads) -> Iterator[Step]:
        """Every head of this very model ablated in turn, the one with the clearest pattern first."""
        right = trace[RIGHT].pick(role=WHOLE)
        before, off = right.pick(model=0).quantity(0, 0), right.pick(model=1)
        (*_, left), (worst, idlest) = off.smallest(), extremes(off)
        at = heads.first[:2] if heads.first else idlest
        chosen, needed, kept = panels.place(*at), panels.place(*worst), off.quantity(*at)
        names = ("clearest:", plain(pattern_name(heads.first[2].name))) if heads.first else ("least needed",)
        mark, most = panels.mark(chosen, "focus", *names), panels.mark(needed, "warning", "most needed")
        named, earned = ((role, best_head(trace, role)) for role in told_roles(trace)), trace["roles.role_threshold"]
        role = next((role for role, one in named if one and one[:2] == worst and one[2] >= earned), REST)
        average, call = panels.average(chosen)
        grammar = [panels.called(needed, role_name(role), "warning")] if heads.by_place and role != REST else []
        yield Step(
            "Ablation: switch a head off, and count",
            beat(
                f"With all heads, {before:.1%} of {trace[f'{OFF}.counted'].pick(choice=WHOLE):,.0f} new sentences "
                "are right.",
                (appear(panels.whole), grow(panels.all, DOWN)),
            ),
            beat(
                "Ablation: a head gives only its average output over many sentences.",
                (leave(panels.grids[chosen]), Wipe(average, kind="slow"), appear(call)),
            ),
            beat(
                claim(
                    heads.first is None,
                    f"Without {head_name(*at)}, {kept:.1%} are right.",
                    claim(
                        bool(before - kept < HARDLY),
                        f"Without the clearest pattern, {kept:.1%} are still right.",
                        f"Without the clearest pattern, only {kept:.1%} are right.",
                    ),
                ),
                (leave(call), panels.count(chosen), appear(panels.counted)),
                (leave(average), Wipe(panels.grids[chosen]), appear(mark)),
            ),
            beat(
                f"Without {head_name(*worst)}, {left:.1%} are left.",
                panels.ablate([k for k in range(len(panels.grids)) if k != chosen]),
                (*([leave(mark)] if worst == at else []), appear(most)),
            ),
            beat(
                claim(
                    heads.first is None,
                    "So what depends on a head is measured without it.",
                    claim(
                        worst == at,
                        "Here, the clearest pattern is the most needed.",
                        claim(
                            heads.by_place and role != REST,
                            f"The most needed goes by grammar, not place: “{role_name(role)}”.",
                            "So the clearest is not the most needed: attention is not yet an explanation.",
                        ),
                    ),
                ),
                (*map(appear, grammar), *(OffAndOn(panels.grids[k][1], "slow") for k in {chosen, needed})),
            ),
            stage=[panels.names, panels.grids],
        )

    def by_role(self, trace: Trace, panels: AblatedHeads) -> Iterator[Step]:
        """Names earned by attention weights against costs by ablation."""
        place = best_head(trace, ROLE)
        if place is None:
            return
        roles, cost, earned = told_roles(trace), trace[f"{OFF}.ablation_effect"], trace["roles.role_threshold"]
        felt = [role for role in (*roles, REST) if cost.pick(role=role).values.max() >= HARDLY]
        picture = LostWords(cost.pick(role=tuple(felt)), HARDLY, panels.grids, panels.below)
        best = ((role, best_head(trace, role)) for role in roles)
        named = {role: at[:2] for role, at in best if at and at[2] >= earned}
        agree = all(cost.pick(role=role)[at] >= cost.pick(role=role).values.max() for role, at in named.items())
        layer, head, _ = place
        own, after = (one.pick(layer=layer, head=head) for one in (cost, trace[RIGHT].pick(model=1)))
        known = [role for role in named if role in felt]
        heads = {named[role]: ring_around(panels.grids[panels.place(*named[role])]) for role in known}
        rings = [ring_around(picture.plates[role]) for role in known]
        ring, (way, asked) = ring_around(picture.plates[ROLE], "query"), picture.other_way(ROLE)
        yield Step(
            "Which words does a head help?",
            beat(
                "Without each head, count the Spanish words that go wrong. No stream: next to none.",
                (appear_in_turn([*picture.plates.values()]), appear(picture.counted)),
                picture.tour(panels.grids),
            ),
            beat("Rings: heads that have these names by attention.", appear_in_turn([*heads.values()], "slow")),
            beat(
                claim(
                    agree,
                    "Into each of their words, theirs is the widest stream.",
                    "Into some of their words, theirs is not the widest.",
                ),
                appear_in_turn(rings, "slow"),
            ),
            beat(
                claim(
                    after.pick(role=ROLE) >= MORE_THAN_A_GUESS,
                    f"But “{role_name(ROLE)}” loses only {own.pick(role=ROLE):share}, "
                    "so the gender may have another way.",
                    f"“{role_name(ROLE)}” loses {own.pick(role=ROLE):share}.",
                ),
                (leave(*heads.values(), *rings), appear(ring)),
                (draw(way), appear(asked)),
            ),
            stage=[panels.names, panels.grids],
        )

    def probe(self, trace: Trace, panels: AblatedHeads, taps: StreamTaps) -> Iterator[Step]:
        """Vectors of adjectives on a plane for each layer, and the line of a linear probe: does it part the genders?"""
        run = trace.under(PROBE)
        if "spots" not in run:
            return
        picture = ProbePlane(run, taps.below, [vector.get_center() for vector in taps.vectors])
        first, *_, last, dealt = run["wrong_side"].quantities()
        asked, layers = run["asked"], range(1, len(picture.names) - 1)
        yield Step(
            "A linear probe: can the gender be read?",
            beat(
                "When does an adjective’s vector tell its noun’s gender? Each dot is one.",
                appear(picture.plot, picture.names[0], picture.needles[0], picture.axis),
                appear_in_turn([*picture.known[0]], "slow"),
            ),
            beat(
                "A linear probe: the line that parts them best.",
                (leave(panels.names, panels.grids), draw(picture.line), follow(taps.names)),
                appear(picture.sides, rise=False),
            ),
            beat("New nouns:", *picture.ask()),
            beat(
                f"at the input, {first} of {asked} are wrong"
                + claim(bool(1 - first / asked < MORE_THAN_A_GUESS), ": not yet readable.", "."),
                *picture.judge(),
            ),
            beat(
                f"Layer by layer: after the last, {last}.",
                *(play for layer in layers for play in picture.carry(layer)),
            ),
            beat(
                claim(
                    bool(1 - dealt / asked < MORE_THAN_A_GUESS),
                    "Random genders cannot be read: the line invents none.",
                    f"Of random genders, {dealt} are wrong.",
                ),
                *picture.carry(len(layers) + 1),
            ),
            beat("But what can be read need not be used.", *picture.carry(len(layers), back=True)),
            stage=[taps.band, taps.boxes, panels.names, panels.grids],
        )

    def logit_lens(self, trace: Trace, taps: StreamTaps, here: bool) -> Generator[Step, None, LogitLens]:
        """The logit lens on this sentence: the decoder's stream, read as if it ended earlier."""
        decoded = decoder_rows_of(trace)
        row = max(len(decoded.reads) - 2, 0)
        probs, ranks = (trace[f"{DECODER}.lens_{name}"].pick(batch=0, position=row) for name in ("probs", "ranks"))
        read, written = decoded.reads[row], decoded.writes[row]
        lens = LogitLens(taps, probs, ranks, written)
        early, *later = map(lens.read, range(len(taps.shown)))
        leads, *rising = (appear(rank, *rings) for rank, rings in zip(lens.ranks, lens.rings, strict=True))
        first, *between, last = (ranks.quantity(k) for k in taps.shown)
        passed = "".join(f"{rank:,.0f}, then " for rank in between)
        start, rival = lens.tops[0][0], rival_of(trace, lens, written)
        leading = next((k for k in range(len(ranks)) if ranks.quantity(k) == 1), None)
        yield Step(
            "The logit lens: read the stream early",
            beat(f"After “{read}”, the decoder writes “{written}”. In which layer is that decided?", *taps.run(here)),
            beat(
                "The logit lens makes logits of each layer, as if it were the last: only a hint.",
                *early,
                appear(lens.meaning),
            ),
            beat(f"At first, “{start}” leads. “{written}” has rank {first:,.0f}.", leads),
            beat(
                f"Then its rank is {passed}{last:,.0f}, with {probs.pick(layer=-1, vocab=written.position):share} "
                "at the end.",
                *(play for tap, rank in zip(later, rising, strict=True) for play in (*tap, rank)),
            ),
            beat(
                f"After the {layer_name(taps.shown[1] - 1)}, “{rival[0]}” was ahead of “{written}”: "
                "its gender came later.",
                draw(ring_around(rival[1], "query"), kind="row"),
            )
            if rival
            else beat(
                claim(
                    leading is None,
                    "So by this lens, it never leads.",
                    claim(
                        leading == 0,
                        "So it leads even before the first layer.",
                        f"So it first leads after the {layer_name(max((leading or 0) - 1, 0))}.",
                    ),
                ),
                draw(ring_around(taps.up_to(leading)), kind="slow") if leading else None,
            ),
            stage=[taps.band, taps.boxes] if here else [],
        )
        return lens

    def patching(self, trace: Trace, lens: LogitLens) -> Generator[Step, None, list[Token]]:
        """The set piece: a vector of one run flies into another, and the answer tips."""
        run = trace.under(PATCHING)
        if f"{PAIR}_prob" not in run:
            return []
        prob, alone = run[f"{PAIR}_prob"].pick(choice=1), run[f"{PAIR}_unpatched"]
        mine, other = alone.words("choice")
        region = Region(f"the stronger a cell, the likelier “{other}”, if this vector is copied")
        base, top = alone.quantity(1, 0), len(prob) - 1
        picture = TwoPasses(run, PAIR, base + HARDLY, region.inside)
        seen = lens.led(alone.pick(part="own").quantity(0), mine)
        opening = [picture.told_before(*chip) for chip in seen]
        (first, start), (last, end) = (prob[layer].largest() for layer in (0, top))
        given, idle = run[f"{PAIR}_donor_rows"].label("position", first.position), prob.quantity(top, first.position)
        lone = all(sum(value > base + HARDLY for value in line) == 1 for line in prob.values)
        moved, most = last.position != first.position, [line.largest()[0].position for line in prob]
        at = most.index(last.position)
        once = moved and most == [first.position] * at + [last.position] * (len(most) - at)
        places = [(0, first.position), *([(top, first.position)] if moved else []), (top, last.position)]
        (flown, *copied), *more = picture.patches(places)
        moving = region.called("yellow: how far each vector is moved")
        after = [f"After the last layer, the same copy gives {idle:share},", f"that of “{last}” {end:share}."]
        after = after if moved else [f"After the last layer, it is {end:share}."]
        yield Step(
            "Activation patching: transplant a vector",
            beat(
                f"After the same Spanish words, “{other}” or “{mine}”. Which vector decides?",
                *opening,
                (appear_in_turn([*picture.donor.tokens]), appear_in_turn([*picture.own.tokens])),
                *picture.forward(),
                appear(picture.before),
                appear(picture.answer, *([] if seen else picture.answers)),
            ),
            beat(
                f"Activation patching copies one. A check: “{given}” for “{first}” at the input must give “{other}”: "
                f"{start:share}.",
                flown,
                appear(moving),
                *copied,
            ),
            *(beat(said, *plays) for said, plays in zip(after, more, strict=True)),
            beat(
                "The others: "
                + claim(lone, "at each depth, only one vector decides.", "several vectors have a part in it."),
                (*picture.put_back(), leave(moving), follow(region.words)),
                picture.others(places),
            ),
            beat(
                claim(
                    once,
                    f"So the {layer_name(at - 1)} moves the gender from “{first}” to “{last}”.",
                    f"So the gender moves from “{first}” to “{last}”: only an intervention shows it.",
                )
                if moved
                else "Only an intervention can show this.",
                picture.way(most),
            ),
            stage=seen,
        )
        return (yield from self.two_routes(run, picture))

    def two_routes(self, run: Trace, passes: TwoPasses) -> Generator[Step, None, list[Token]]:
        """The head that moves the gender, and the words that the decoder goes by without it."""
        given, off, alone = (run[f"{PAIR}_{name}"] for name in ("heads", "off", "unpatched"))
        mine, other = alone.words("choice")
        picture = TwoRoutes(run, PAIR, passes)
        *place, most = given.pick(choice=1).largest()
        lone = bool((given.values[1] > alone.quantity(1, 0) + HARDLY).sum() == 1)
        layer, head = (one.position for one in place)
        own, without = (off.pick(part=part, layer=layer, head=head) for part in ("own", "donor"))
        slip, right = (run[f"{PAIR}_mended"].pick(part=part) for part in ("written", "right"))
        wrong, meant = (run[f"{PAIR}_{part}"].words("position") for part in ("written", "donor_written"))
        misled = bool(slip.quantity(0) > slip.quantity(1)) and bool(right.quantity(1) > right.quantity(0))
        noun = run[f"{PAIR}_prob"].pick(choice=1, layer=0).largest()[0]
        yield Step(
            "Two routes to the gender",
            beat(
                f"Two routes to “{mine}”: from “{noun}” by a head, and from the Spanish words.",
                appear(picture.heads, picture.decoder, picture.out),
                *picture.routes(),
                appear(picture.answer),
                ambient=pulses([*picture.first[0], picture.second[0]]),
            ),
            beat(
                f"Copy only what one head adds: {head_name(layer, head)} "
                + claim(lone, f"alone gives “{other}” {most:share}.", f"gives “{other}” most, {most:share}."),
                *picture.copy(),
                ambient=pulses(picture.first[1]),
            ),
            beat(
                f"Without this head, “{mine}” gets {own.quantity(0):share}.",
                *picture.cut(),
                ambient=pulses([picture.second[0]]),
            ),
            beat(
                claim(
                    bool(without.quantity(1) > without.quantity(0)),
                    f"After “{spelled(meant[:-1])}”, “{other}” wins: the Spanish words are enough.",
                    f"After “{spelled(meant[:-1])}”, “{other}” gets {without.quantity(1):share}.",
                ),
                *picture.after(),
            ),
            beat(
                claim(
                    misled and str(wrong[0]) != str(meant[0]),
                    f"Without it, “{spelled(wrong)}” goes wrong at “{wrong[0]}”: after “{meant[0]}”, "
                    f"“{other}” follows.",
                    f"For “{spelled(meant)}”, without it, “{other}” gets {right.quantity(1):share}.",
                ),
                *picture.slip(),
                ambient=pulses([picture.second[1]]),
            ),
            stage=[picture.source, picture.prefixes[0]],
        )
        return picture.read

    def induction(self, trace: Trace, read: list[Token]) -> Iterator[Step]:
        """An induction head: what it attends to, and how a stripe forms, and with it the skill."""
        run = trace.under("experiment.induction")
        if "weights" not in run:
            return
        layer, head = (int(run["best_head"].pick(choice=name)) for name in ("layer", "head"))
        weights, one = run["weights"].pick(layer=layer, head=head), run["one_layer"]
        region = Region("a decoder alone, trained on random letters that come twice")
        earlier = run["weights"].pick(frame=-1, layer=layer - 1) if layer else None
        copying = InductionHead(weights.pick(frame=-1), earlier, region.inside)
        letter, goal = (copying.chips[place].label for place in (copying.query, copying.goal))
        same = (copying.chips[copying.goal - 1], copying.second[-1]), (copying.chips[copying.goal], copying.next)
        rings, pairs = [*map(ring_around, same[0])], [ring_around(VGroup(*pair)) for pair in zip(*same, strict=True)]
        marked = [
            beat(
                f"A layer earlier, “{goal}” gives “{letter}” {back:share}, and can carry its mark.",
                *copying.looks_back(back),
            )
            for back in [copying.back]
            if back is not None
        ]
        yield Step(
            "An induction head finds the earlier copy",
            beat(
                f"Random letters, written twice. What follows “{letter}”, the second time?",
                copying.replaces(read),
                appear_in_turn([*copying.first[len(read) :]]),
                appear_in_turn([*copying.second]),
                appear(copying.asked),
            ),
            beat(
                f"This head attends to what followed the earlier “{letter}”: “{goal}” gets {copying.weight:share}.",
                appear(*rings),
                draw(*copying.lines, kind="row", back=True),
                appear(copying.told),
                ambient=pulses(copying.lines, copying.drawn_weights),
            ),
            *marked,
            beat(
                f"So “{goal}” can be copied: such a head is an induction head.",
                leave(copying.asked),
                Travel(copying.chips[copying.goal], copying.next, kind="row"),
                (leave(*rings), draw(*pairs, kind="slow")),
                leave(*pairs),
                *copying.into_a_grid(),
            ),
            stage=[region, *read],
        )
        off = run["ablated"].pick(layer=layer, head=head)
        left, stripes = run["ablated_by_seed"], run["stripe_by_seed"].values
        others = [left.quantity(k, layer, int(stripes[k, layer].argmax())) for k in range(1, len(stripes))]
        picture = InductionTraining(run, weights, (off, *others), copying)
        spare = min(others) > off and all(sorted(some[layer])[-2] > 0.5 for some in stripes[1:])
        yield Step(
            "A stripe forms, and with it the skill",
            beat(
                "A stripe forms, and letters come out right.",
                *picture.run(),
                (appear(picture.end), draw(picture.rise, kind="row")),
            ),
            beat(
                f"With one layer, {one.quantity(-1):.0%} are right; by chance, {run['chance']:.0%}.",
                draw(picture.chance, picture.shallow, kind="slow"),
                appear(picture.one, picture.told),
            ),
            beat(f"Ablate this head, and {off:share} are left.", *picture.ablate()),
            beat(
                claim(
                    spare,
                    "Other runs lose less: there, a second head has the stripe, too.",
                    f"Other training runs, without theirs: {', '.join(f'{share:share}' for share in others)}.",
                ),
                appear_in_turn([*picture.without, picture.runs], "slow"),
            ),
            stage=[region, copying.note, *copying.words, copying.pattern],
        )

    def a_pattern_is_a_guess(self, trace: Trace, heads: SortedHeads) -> Iterator[Step]:
        """Close: a question, and what was measured of it."""
        right = trace[RIGHT].pick(role=WHOLE) if ours(trace) else None
        layer, head = extremes(right.pick(model=1))[1] if right else min(heads.shown)
        region = Region(claim(bool(right), "our translator", "this model"))
        picture = IdleHead(heads.weights[layer][head], layer, head, right, region.inside)
        whole, without = map(grown, picture.bars) if right else (None, ())
        yield Step(
            "See, guess, switch off, count",
            beat(
                "A pattern is a hypothesis; ablating, patching and counting test it.",
                appear(region, picture.paper, picture.name),
                Wipe(picture.pattern),
                whole,
            ),
            beat(
                "Your turn: without a head nothing changes. Is the head useless?",
                (leave(picture.pattern), appear(picture.empty, rise=False), *without),
                (appear(picture.pause), RunOut(picture.pause.bar)),
            ),
            beat("The questions at the end answer it.", leave(picture.pause)) if right else None,
            stage=[],
        )


def ours(trace: Trace) -> bool:
    """Return True if the heads that the experiment ablated are those of this model."""
    return f"{OFF}.before" in trace and "roles.score" in trace and trace.about.get("model") == OURS


def taps_of(trace: Trace) -> StreamTaps:
    """The stream of the last token but one that the decoder reads, which the heads of an encoder lie along, too."""
    decoded, ranks = decoder_rows_of(trace), trace[f"{DECODER}.lens_ranks"]
    row = max(len(decoded.reads) - 2, 0)
    names = f"{DECODER}.0.resid_pre", *(f"{DECODER}.{layer}.resid_post" for layer in blocks(trace, DECODER))
    rows = [trace[name].pick(batch=0, position=row) for name in names]
    return StreamTaps(rows, ranks.words("layer"), decoded.reads[row])


def panels_of(trace: Trace, heads: SortedHeads, taps: StreamTaps) -> AblatedHeads | None:
    """The heads of this very model in a row, with what is right without each."""
    if not ours(trace):
        return None
    means, count = trace[f"{OFF}.encoder_average"], trace[f"{OFF}.counted"].pick(choice=WHOLE)
    return AblatedHeads(heads.weights, means, trace[RIGHT].pick(role=WHOLE), count, [*taps.layers, taps.below])


def told_roles(trace: Trace) -> list[str]:
    """The roles with enough cases among the held-out sentences."""
    counted = trace[f"{OFF}.counted"]
    names = [role for role in counted.labels["choice"] if role in CALLED and role != REST]
    return [role for role in names if counted.pick(choice=role) >= CASES]


def rival_of(trace: Trace, lens: LogitLens, written: Label) -> tuple[Label, Mobject] | None:
    """The other form of the adjective that is written, where it is ahead after a first layer, and where it stands."""
    name = f"{PATCHING}.{PAIR}_unpatched"
    forms = {*map(str, trace[name].words("choice"))} if name in trace else set()
    if str(written) not in forms or len(lens.tops) == 1:
        return None
    ahead = next((label for label in lens.tops[1] if str(label) in forms), None)
    place = lens.words[1].get(str(ahead))
    return (ahead, place) if ahead and place and str(ahead) != str(written) else None


def extremes(right: NamedTensor) -> list[tuple[int, int]]:
    """The head, by layer and place, without which least is right, and the one without which most is."""
    return [(layer.position, head.position) for layer, head, _ in (right.smallest(), right.largest())]
