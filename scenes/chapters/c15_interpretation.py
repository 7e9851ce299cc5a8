"""Tests of attention patterns: ablation, activation patching and the logit lens; and an induction head as it forms."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, VGroup

from scenes.animations import appear, appear_in_turn, fill, leave, ring_around, slide
from scenes.layout import at_floor, centred
from scenes.mobjects.insight import Gallery, Lens, Stripe, Transplant
from scenes.mobjects.learning import Loop
from scenes.mobjects.race import TwoModels
from scenes.mobjects.role_table import RoleTable
from scenes.mobjects.rows import Answer
from scenes.mobjects.sorted_heads import SortedHeads, pattern_name
from scenes.mobjects.text import Words
from scenes.mobjects.wording import CALLED, named_head, role_name
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.studies.focus import best_head, focus_of, layers_of, stack_of
from transformer_core.studies.measures.ablation import roles_of
from transformer_core.studies.measures.learning import ENOUGH
from transformer_core.studies.measures.patterns import pattern_of
from transformer_core.studies.measures.word_kinds import OURS
from transformer_core.tracing.trace import Trace

#: From so many cases on an accuracy gets a bar: its standard error stays below ten points.
SOME = 30
ROLE, REST = "adjective(inflected)->noun", "everything else"
OFF = "experiment.heads_off"
#: More columns than this have no room for their words.
COLUMNS = 7
#: A guess between two genders hits about half: from here on the gender must have come from somewhere.
MORE_THAN_A_GUESS = 0.75
#: A head has a stripe where what followed the earlier copy gets most of its attention.
MOST = 0.5


class Interpretation(Chapter):
    """A pattern is a hypothesis; what happens without it is a test."""

    number = 15
    title = "Interpretability"
    needs = ("cross-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return focus_of(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        yield from self.gallery(trace)
        yield from self.sorted_by_pattern(trace)
        yield from self.switch_one_off(trace)
        yield from self.all_of_them(trace)
        yield from self.transplant(trace)
        yield from self.read_early(trace)
        yield from self.induction(trace)
        yield from self.a_pattern_is_a_guess(trace)

    def gallery(self, trace: Trace) -> Iterator[Step]:
        """The question of the chapter, and all heads with their names."""
        layers = layers_of(trace)[:2]
        weights = [trace[f"encoder.{layer}.self_attn.weights"].pick(batch=0) for layer in layers]
        names = [
            [name_here(trace, layer, head) for head in range(len(some))]
            for layer, some in zip(layers, weights, strict=True)
        ]
        picture = Gallery(weights, names)
        told = (
            f"Of {trace['roles.heads_in_all']}, {trace['roles.heads_with_a_role']} have earned a name, "
            "by where they attend. |"
            if "roles.score" in trace
            else f"Here none has earned a name; a pattern is clear in {trace['encoder.clear_heads']} of "
            f"{trace['encoder.all_heads']}. |"
        )
        yield Step(
            "Does the output depend on a pattern?",
            say="Heads attend to words. But does the output depend on it? Here are the encoder’s heads. |"
            f"{told}"
            "The pattern alone can’t tell, because later layers may ignore what a head brings.",
            show=[
                [appear(picture.titles, picture.letters), appear_in_turn([*picture.rows[0], *picture.rows[1:]])],
                [appear(picture.names), *([appear(picture.rings)] if len(picture.rings) else [])],
                None,
            ],
            here="encoder.*.self_attn",
        )

    def sorted_by_pattern(self, trace: Trace) -> Iterator[Step]:
        """The same heads, sorted by the pattern that each shows in this sentence."""
        if trace["config.words"] < 2 or "roles.score" not in trace:  # without roles, chapter eight has sorted them
            return
        picture, stack = SortedHeads.of(trace), stack_of(trace)
        clear, heads = trace[f"{stack}.clear_heads"], trace[f"{stack}.all_heads"]
        told, clearest = picture.told(trace)
        yield Step(
            "First, measure the patterns",
            say="What does each head do with this sentence? |"
            "Sort them by the pattern that gets most attention on average, beyond chance: "
            f"clear in {clear} of {heads}. |{told}",
            show=[
                [appear(picture.layer_names, picture.letters), appear_in_turn([*picture.grids])],
                [
                    leave(picture.layer_names, picture.letters),
                    slide(picture.grids, picture.sorted, "slow"),
                    appear(picture.names, rise=False),
                ],
                [appear(picture.heads, picture.numbers), appear(ring_around(clearest))],
            ],
            stay=(),
            here=f"{stack}.*.self_attn",
        )

    def switch_one_off(self, trace: Trace) -> Iterator[Step]:
        """One head, replaced by its average."""
        place = best_head(trace, ROLE)
        if place is None or not switched(trace):
            return
        layer, head, _ = place
        right = trace[f"{OFF}.ablation_accuracy"].pick(layer=layer, head=head)
        roles = [*told_roles(trace, SOME), REST]
        picture = TwoModels(right, roles, ("all heads at work", "this one off"))
        kind = Words("Spanish words right, by the role of their source word; rare roles left out", "axis", "ink2")
        kind.next_to(picture, DOWN, buff=gap("line"))
        centred(VGroup(picture, kind))
        cost = trace[f"{OFF}.ablation_effect"].pick(layer=layer, head=head)
        hit = max(roles, key=lambda role: float(cost.pick(role=role)))
        before, after = right.pick(role=ROLE).quantities()
        kept = claim(
            after >= MORE_THAN_A_GUESS,
            f"Its role, “{role_name(ROLE)}”: still {after:share}, so the gender has another way, too. |",
            f"Its role, “{role_name(ROLE)}”: from {before:share} to {after:share}. |",
        )
        lost = claim(
            hit == ROLE,
            "No kind of word loses more: that is what it does.",
            f"“{role_name(hit)}” loses most: {right.pick(role=hit).quantity(1):share}. The name told only part.",
        )
        yield Step(
            "Ablation: one head switched off",
            say=f"{named_head(layer, head)} is ablated: it gives its average, whatever it reads. |"
            f"Which words still come out right? |{kept}{lost}",
            show=[
                [appear(picture.calls, picture.names[0], kind), appear_in_turn([*picture.ones])],
                [appear(picture.names[1]), appear_in_turn([*picture.others])],
                appear(ring_around(picture.others[roles.index(ROLE)][0])),
                appear(ring_around(picture.others[roles.index(hit)][0])) if hit != ROLE else None,
            ],
            stay=(),
        )

    def all_of_them(self, trace: Trace) -> Iterator[Step]:
        """Names earned by attention weights against costs by ablation."""
        if "roles.score" not in trace or not switched(trace):
            return
        roles = told_roles(trace)
        cost = trace[f"{OFF}.ablation_effect"]
        table = RoleTable(cost.pick(role=(*roles, REST)), trace["roles.role_threshold"], roomy=True)
        heads = cost.size("head")
        places = {role: best_head(trace, role) for role in roles}
        named = {role: at for role, at in places.items() if at and at[2] >= trace["roles.role_threshold"]}
        cells = [table.lines[role][at[0] * heads + at[1]] for role, at in named.items()]
        agree = [
            role
            for role, at in named.items()
            if float(cost.pick(role=role, layer=at[0], head=at[1])) >= float(cost.pick(role=role).values.max())
        ]
        told = (
            "Each time, the head with the name costs most."
            if len(agree) == len(named)
            else "The head with the name is not always the one that costs most."
        )
        yield Step(
            "Ablate each head in turn",
            say="Now ablate each head in turn. The brighter its cell, the more words of that role go wrong. |"
            f"Rings: the heads that have earned these names, by where they attend. |{told}",
            show=[
                [appear(*table.calls.values(), table.heads), appear_in_turn([*table.lines.values()])],
                appear_in_turn([ring_around(cell) for cell in cells]),
                None,
            ],
            stay=(),
            here="encoder.*.self_attn",
        )

    def transplant(self, trace: Trace) -> Iterator[Step]:
        """Activation patching: one vector from another sentence."""
        run = "experiment.patching"
        if f"{run}.car_shift" not in trace:
            return
        shift, leads = trace[f"{run}.car_shift"], trace[f"{run}.car_leads"]
        forms = leads.words("choice")
        donor = trace[f"{run}.car_donor"].words("position")
        picture = Transplant(shift, donor, forms)
        first, start = shift[0].largest()
        last, end = shift[len(shift) - 1].largest()
        moved = (
            f"After the last layer, that of “{last}”: {end:share}. So the gender has moved there. |"
            if first.position != last.position
            else f"After the last layer, it still does: {end:share}. |"
        )
        yield Step(
            "Activation patching: transplant a vector",
            say=f"One sentence gives “{forms[0]}”, the other “{forms[1]}”. "
            "Activation patching copies one vector across. |"
            f"At the input, the vector of “{first}” moves the answer {start:share} of the way. |"
            f"{moved}"
            "Only an intervention can show this.",
            show=[
                [
                    appear(picture.into, picture.donor),
                    appear(picture.ways, picture.answers),
                    appear(picture.calls, picture.note),
                ],
                [appear(picture.grid.row(0)), appear(ring_around(picture.grid.cells[0, first.position]))],
                [
                    appear_in_turn([picture.grid.row(i) for i in range(1, len(shift))]),
                    appear(ring_around(picture.grid.cells[len(shift) - 1, last.position])),
                ],
                None,
            ],
            stay=(),
            here="encoder.stream",
        )

    def read_early(self, trace: Trace) -> Iterator[Step]:
        """The logit lens on this sentence."""
        decoded = decoder_rows_of(trace)
        count = len(decoded.reads)
        rows = tuple(range(max(0, count - COLUMNS), count))
        logits = trace["decoder.lens_logits"].pick(batch=0, position=rows)
        ranks = trace["decoder.lens_ranks"].pick(batch=0, position=rows)
        reads, writes = ([words[i] for i in rows] for words in (decoded.reads, decoded.writes))
        picture = Lens(logits, ranks, reads, writes)
        row = max(len(rows) - 2, 0)
        said = [f"{ranks.quantity(k, row):,.0f}" for k in picture.shown]
        yield Step(
            "The logit lens: read the stream early",
            say="The logit lens turns the vectors of each layer into logits, as if it were the last. |"
            "In boxes: the word that will be written. |"
            f"“{writes[row]}” ranks {said[0]} at the input, then {', '.join(said[1:])}. |"
            "That is a hint, not a proof, because early layers were never trained for it.",
            show=[
                [appear(picture.reads, picture.named), appear(picture.calls[0], picture.lines[0])],
                [
                    appear(VGroup(*picture.calls[1:])),
                    appear_in_turn([*picture.lines[1:]]),
                ],
                appear(ring_around(picture.column(row), roomy=True)),
                None,
            ],
            stay=(),
            here="decoder.stream output",
        )

    def induction(self, trace: Trace) -> Iterator[Step]:
        """An induction head: in a decoder alone a stripe appears, and with it the skill."""
        run = trace.under("experiment.induction")
        if "weights" not in run:
            return
        layer, head = (int(run["best_head"].pick(choice=name)) for name in ("layer", "head"))
        accuracy, steps = run["accuracy"], run["steps"]
        picture = Stripe(run["weights"].pick(layer=layer, head=head), accuracy, steps)
        since, until = (run["rise_steps"].pick(choice=name) for name in ("before", "after"))
        off = run["ablated"].pick(layer=layer, head=head)
        end = accuracy.quantity(len(accuracy) - 1)
        left, stripes = run["ablated_by_seed"], run["stripe_by_seed"].values
        others = [left.quantity(k, layer, int(stripes[k, layer].argmax())) for k in range(1, len(stripes))]
        spare = min(others) > off and all(sorted(some[layer])[-2] > MOST for some in stripes[1:])
        elsewhere = claim(
            spare,
            "In other trainings it costs less: there, a second head has the stripe, too.",
            f"Other trainings, without theirs: {', '.join(f'{share:share}' for share in others)}.",
        )
        yield Step(
            "An induction head finds the earlier copy",
            say="A decoder alone: random letters, written twice. What follows, the second time? |"
            "A stripe forms: this induction head attends to what followed the earlier copy. |"
            f"It learns fastest from step {since:,.0f} to {until:,.0f}. |"
            f"At last {end:share} come out right; without this head {off:share}. {elsewhere}",
            show=[
                [appear_in_turn([*picture.sequence]), appear(picture.pattern, picture.plot, picture.ticks)],
                [appear(picture.share), (*picture.run(), fill(picture.pieces, "slow"))],
                None,
                None,
            ],
            stay=(),
            here="",
        )

    def a_pattern_is_a_guess(self, trace: Trace) -> Iterator[Step]:  # noqa: ARG002 - the same for every sentence
        """Close: the answer, and a question to take away."""
        picture = Loop(("see a pattern", "guess what it does", "switch it off", "count what breaks"))
        answer = at_floor(Answer("A pattern is a hypothesis; intervention tests it."))
        yield Step(
            "See, guess, switch off, count",
            say="A pattern is a hypothesis. |"
            "Ablate the head, or transplant a vector, and count: that is a test. |"
            "Your turn: without a head nothing changes. Is the head useless?",
            show=[
                [appear(picture.boxes[0]), appear(picture.ways[0], picture.boxes[1])],
                [
                    appear(picture.ways[1], picture.boxes[2]),
                    appear(picture.ways[2], picture.boxes[3]),
                    appear(picture.ways[3]),
                    appear(answer),
                ],
                None,
            ],
            stay=(),
            here="encoder.*.self_attn",
        )


def name_here(trace: Trace, layer: int, head: int) -> str:
    """The first role that a head has earned; without roles, its pattern in this sentence; "" for none."""
    if "roles.score" in trace:
        return next((CALLED[role] for role in roles_of(trace, layer, head)), "")
    shown = pattern_of(trace, f"encoder.{layer}.self_attn", head)
    return f"{pattern_name(shown.name)} {shown.score:share}" if shown else ""


def switched(trace: Trace) -> bool:
    """Whether it was the heads of this very model that were switched off."""
    return f"{OFF}.before" in trace and trace.about.get("model") == OURS


def told_roles(trace: Trace, enough: int = ENOUGH) -> list[str]:
    """The roles with enough cases among the held-out sentences."""
    counted = trace[f"{OFF}.counted"]
    return [
        role
        for role in counted.labels["choice"]
        if role in CALLED and role != REST and counted.pick(choice=role) >= enough
    ]
