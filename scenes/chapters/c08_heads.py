"""Several heads, each with shares of its own; and attention to another sequence."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, VGroup

from scenes.animations import appear, appear_in_turn, fill, follow, grow, leave, ring_around, slide
from scenes.animations.branching import multiply, reshape
from scenes.layout import STAGE, at_floor, centred
from scenes.mobjects.budgets import Budgets, letter_of
from scenes.mobjects.cuts import Cuts
from scenes.mobjects.cutting import Cutting
from scenes.mobjects.joining import Joining
from scenes.mobjects.patterns import Patterns, sharpest
from scenes.mobjects.race import Race, TwoModels, fact, named_head
from scenes.mobjects.role_table import CALLED, HundredCases, RoleTable, layer_name, role_name, stacked
from scenes.mobjects.rows import Answer
from scenes.mobjects.sorted_heads import SortedHeads, pattern_name
from scenes.mobjects.two_ways import Guess, both_guesses
from scenes.mobjects.wiring import Ledger, Wiring
from scenes.mobjects.wording import counted, entering, strongest
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.studies.focus import Focus, best_head, focus_of, layers_of, stack_of
from transformer_core.studies.measures.patterns import widest
from transformer_core.studies.measures.significance import tallies_count
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import Trace

#: The role that chapters five to seven follow.
ROLE, OTHER_ROLE = "adjective(inflected)->noun", "adjective(invariant)->noun"
#: A sentence of fewer words leaves its heads little to choose.
FEW = 4
#: A change of a role is told from so many cases on.
ENOUGH = 100


class Heads(Chapter):
    """Several rows of shares for one token, what they add up to, and a decoder that asks another sequence."""

    number = 8
    title = "Several heads; self and cross"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return f"{focus_of(trace).path} *.cross_attn"

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.one_must_divide(focus, trace)
        yield from self.not_a_slice(focus, trace)
        yield from self.side_by_side(focus, trace)
        yield from self.sorted_by_pattern(trace)
        yield from self.names_are_earned(trace)
        yield from self.guesses(trace)
        yield from self.only_when_needed(trace)
        yield from self.one_takes_it(trace)
        yield from self.a_sum_of_heads(focus, trace)
        if "decoder.0.cross_attn.q" in trace:
            yield from self.self_or_cross(trace)
        yield from self.a_choice_we_made(trace)
        yield from self.separate_projections(focus, trace)

    def one_must_divide(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The question of the chapter: one row of shares has only one to give."""
        query_token, picture = focus.query_token, Budgets(trace, focus)
        share = trace[f"{focus.path}.weights"].pick(
            batch=0, head=focus.head, query=query_token, key=focus.top_key.position
        )
        most, largest = trace.in_full(f"{focus.path}.mean_weights", batch=0, query=query_token.position).largest()
        heads = trace["config.heads"]
        cut = (
            f"It would have to cut: the most is {largest:share}, to “{most}”. |"
            if largest < share
            else claim(
                len(picture.looks[0].chips) == 1,
                "Here nothing else is there to look at. |",
                "Each further look takes from the others. |",
            )
        )
        single = VGroup(picture.single.pieces)
        one, wide = picture.looks
        yield Step(
            "What if a word must look at two things?",
            say=f"A row’s shares add up to one. Here “{query_token}” gives “{focus.top_key}” {share:share} of it. |"
            f"What if it must look at more? {cut}"
            f"So we take {counted(heads, 'head')}: each has a whole one to spend.",
            show=[
                [
                    appear(picture.query_token, picture.single.outline, picture.one_name),
                    appear(picture.single.pieces, picture.single.names, picture.single.most),
                    appear(one.chips),
                    *([appear(one.arcs, one.marks)] if len(one.arcs) else []),
                ],
                [
                    leave(picture.single.names, picture.single.most, picture.one_name, one.arcs, one.marks),
                    (reshape(single, VGroup(picture.cut.pieces)), appear(picture.cut_name)),
                    (appear(picture.cut.names, picture.cut.most), appear_in_turn([*wide.arcs])),
                ],
                [
                    leave(one.chips, wide.arcs),
                    (
                        *multiply(VGroup(picture.cut.pieces), [VGroup(row.pieces) for row in picture.rows]),
                        appear(picture.letters, picture.rows_name, *(row.outline for row in picture.rows)),
                    ),
                    appear(*(row.names for row in picture.rows), *(row.most for row in picture.rows)),
                ],
            ],
        )

    def not_a_slice(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Every head reads the whole row; the slicing happens in the weights."""
        path, query_token = focus.path, focus.query_token
        row = entering(trace, focus).pick(position=query_token)
        entry = strongest(row).position
        matrices, queries = (
            trace[f"parameters.{path}.w_q"],
            trace[f"{path}.q"].pick(batch=0, query=query_token.position),
        )
        picture = Cutting(row, query_token, matrices, queries, trace[f"{path}.query_sensitivity"], entry)
        width, heads = trace["config.d_model"], trace["config.heads"]
        reached = trace[f"{path}.sensitive_heads"].pick(d_model=entry)
        yield Step(
            "A slice of the row for each head?",
            say="Does each head get a slice? No. |"
            f"Every head reads all {width} entries, through its own columns of the query matrix. |"
            "Nudge one entry. With slices, one query would move. |"
            f"Here {reached} of {heads} {claim(float(reached) == 1, 'does', 'do')}: the matrix is what is cut.",
            show=[
                [
                    appear(picture.token, picture.strip, picture.homes),
                    (reshape(picture.homes, picture.slices), appear(picture.letters)),
                    appear_in_turn([*picture.crosses]),
                ],
                [
                    leave(picture.homes, picture.letters, picture.crosses),
                    appear(picture.names, picture.matrices),
                    appear_in_turn([*picture.funnels]),
                    appear(picture.queries, picture.tag),
                ],
                appear(picture.rings[0]),
                [appear(picture.rings[1:]), appear(picture.changes, picture.change_name, picture.reaches)],
            ],
            stay=(),
        )

    def side_by_side(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """All heads of a layer, and of another one."""
        layers = layers_of(trace)
        here, other = focus.layer, next((layer for layer in layers if layer != focus.layer), focus.layer)
        weights = trace[f"{focus.path}.weights"].pick(batch=0)
        heads, letters = trace["config.heads"], [letter_of(head) for head in range(len(weights))]
        masked = trace[f"{focus.path}.masked"].pick(batch=0, head=0)
        first = Patterns(trace[f"{focus.stack}.{other}.self_attn.weights"].pick(batch=0), letters, masked)
        picture = Patterns(weights, letters, masked)
        names = [picture.named(layer_name(layer)) for layer in (other, here)]
        disputed, words = trace[f"{focus.path}.queries_in_dispute"].pick(batch=0), trace["config.words"]
        query_token, most = trace[f"{focus.path}.distinct_top_keys"].pick(batch=0).largest()
        rings = VGroup(*(ring_around(grid.band(query_token.position)) for grid in picture.grids))
        found = picture.favourites(trace.in_full(f"{focus.path}.weights", batch=0, query=query_token.position))
        blurred = trace.about.get("card", {}).get("recipe", {}).get("entropy_penalty", 0) > 0
        another = claim(other != here, "Another layer, other heads.", "This model has a single layer.")
        sharp = " A small penalty on blur keeps them sharp." if blurred else ""
        told = (
            f"Their favourites differ for {disputed} of {counted(words, 'word')}. |"
            f"“{query_token}” has {most} different ones."
            if disputed > 0
            else "Here every head has the same favourites. |"
            + claim(
                len(weights[0]) < FEW,
                "A short sentence leaves little to choose.",
                "They share them out in other parts.",
            )
        )
        again = (
            [
                (
                    *(reshape(a.lines, b.lines) for a, b in zip(first.grids, picture.grids, strict=True)),
                    leave(names[0]),
                    follow(names[1]),
                )
            ]
            if other != here
            else None
        )
        yield Step(
            "The same sentence, a pattern for each head",
            say=f"Rows ask, columns answer; a square is a share. "
            f"{counted(heads, 'head')}, {counted(heads, 'pattern')}. |{another}{sharp} |{told}",
            show=[
                [appear(first.row_words, first.column_words, first.letters, names[0]), appear_in_turn([*first.grids])],
                again,
                None,
                [appear(rings), appear(found)],
            ],
            stay=(),
        )

    def sorted_by_pattern(self, trace: Trace) -> Iterator[Step]:
        """Every head of a stack whose heads have earned no roles, sorted by the pattern that it shows here."""
        if trace["config.words"] < 2 or "roles.score" in trace:
            return
        picture, stack = SortedHeads.of(trace), stack_of(trace)
        clear, heads = trace[f"{stack}.clear_heads"], trace[f"{stack}.all_heads"]
        if picture.first:
            layer, head, shown = picture.first
            told = (
                f"Clearest: head {letter_of(head)}, {layer_name(layer)}: “{pattern_name(shown.name)}” gets "
                f"{shown.score:share}, by chance {shown.chance:share}."
            )
        else:
            layer, head, spread = widest(trace, stack)
            told = f"{named_head(layer, head)} spreads most: as if over {spread:.1f} of {trace['config.words']} tokens."
        yield Step(
            "Sorted by what they do",
            say="What does each head do with this sentence? |"
            "Sort them by the pattern that gets most attention on average, beyond chance. "
            f"{clear} of {heads} {claim(float(clear) == 1, 'shows', 'show')} one clearly. |{told}",
            show=[
                [appear(picture.layer_names, picture.letters), appear_in_turn([*picture.grids])],
                [
                    leave(picture.layer_names, picture.letters),
                    slide(picture.grids, picture.sorted, "slow"),
                    appear(picture.names, rise=False),
                ],
                [appear(picture.heads, picture.numbers), appear(ring_around(picture.grid(layer, head)))],
            ],
            stay=(),
            here=f"{stack}.*.self_attn",
        )

    def names_are_earned(self, trace: Trace) -> Iterator[Step]:
        """A role is a score over many sentences, not one pretty picture."""
        if "roles.score" not in trace:
            return
        earned = trace["roles.role_threshold"]
        table = self.table = RoleTable(trace["roles.score"], earned)
        rings = table.rings()
        best = [(role, best_head(trace, role)) for role in table.winners]
        told = [f"{Phrase(CALLED[role])}, {place[-1]:share}" for role, place in best[:2] if place]
        unnamed = len(table.unnamed)
        yield Step(
            "A name has to be earned",
            say="One picture is no proof. In how many new cases does the largest share lie "
            "where the grammar says? |"
            f"From {earned:.0%} on we name it: {'; '.join(told)}. |"
            + claim(
                unnamed == 0,
                "Every role found a head.",
                claim(unnamed == 1, "The grey role found no head.", "The grey roles found no head."),
            ),
            show=[
                [appear(*table.calls.values(), table.heads), appear_in_turn([*table.lines.values()])],
                appear_in_turn([*rings]),
                (*(reshape(table.calls[role], table.muted(role), "rest") for role in table.unnamed),),
            ],
            stay=(),
        )

    def guesses(self, trace: Trace) -> Iterator[Step]:
        """Two guesses of the notes, measured."""
        nouns, adjectives = best_head(trace, "determiner->noun"), best_head(trace, "noun->adjective")
        if nouns is None or adjectives is None:
            return
        first, second = nouns[-1], adjectives[-1]
        line = trace["roles.role_threshold"]
        one, other = (
            Guess("A determiner looks for its noun", first, line),
            Guess("A noun looks for its adjective", second, line),
        )
        STAGE.fit(VGroup(one, other).arrange(DOWN, buff=gap("part")))
        yield Step(
            "Two guesses, measured",
            beat(
                "What do queries look for? A guess: a determiner looks for its noun,",
                appear(one.bar.track),
                appear(one.line),
            ),
            beat("and a noun for its adjective.", appear(other.text, other.bar.track, other.line)),
            beat(
                f"How often does the largest weight of the best head lie there? "
                f"In {first:share} and {second:share} of new cases.",
                appear(one.mark, other.mark),
                grow(one.bar.bar),
                appear(one.bar.number),
                grow(other.bar.bar),
                appear(other.bar.number),
            ),
            beat(both_guesses(first, second, line), appear(one.verdict), appear(other.verdict)),
            stage=[one.text],
        )

    def only_when_needed(self, trace: Trace) -> Iterator[Step]:
        """The pair of chapter seven, over all cases: same English grammar, other need."""
        names = ROLE, OTHER_ROLE
        place = best_head(trace, names[0])
        if place is None or "roles.queries" not in trace:
            return
        layer, head, score = place
        other = trace["roles.score"].pick(role=names[1], layer=layer, head=head)
        cases = [trace["roles.queries"].pick(role=name) for name in names]
        panels = stacked(
            [
                HundredCases(score, "Spanish gives it a gender", f"rojo or roja: {cases[0]:,.0f} cases"),
                HundredCases(other, "Spanish gives it none", f"always verde: {cases[1]:,.0f} cases"),
            ],
            54,
        )
        centred(panels)
        seeds = trace.under("experiment.heads_over_seeds")
        held = f", and it held in {seeds['held']} of {seeds['tried']} trainings" if "held" in seeds else ""
        verdict = (
            f"Same English grammar, other need. Nobody programmed this{held}."
            if score - other > 0.5
            else claim(
                bool(abs(score - other) < 0.1),
                "This model hardly tells the two apart.",
                "This model tells the two apart only in part.",
            )
        )
        yield Step(
            "It looks only when it needs to",
            say=f"Not one pair, but all new cases: this head looks from adjective to noun in {score:share}, "
            f"if Spanish gives the adjective a gender. |If not: {other:share}. |{verdict}",
            show=[
                [appear(panels[0].title, panels[0].note), fill(panels[0].dots, "row"), appear(panels[0].score)],
                [appear(panels[1].title, panels[1].note), fill(panels[1].dots, "row"), appear(panels[1].score)],
                None,
            ],
            stay=(),
        )

    def one_takes_it(self, trace: Trace) -> Iterator[Step]:
        """How a head comes to its role: several try, one keeps it."""
        watched = "experiment.emergence.roles"
        place = best_head(trace, ROLE)
        if place is None or f"{watched}.score" not in trace:
            return
        picture = Race(
            trace[f"{watched}.score"].pick(role=ROLE), trace["experiment.emergence.step"], trace["roles.role_threshold"]
        )
        step, (peak, last) = trace[f"{watched}.onset"].pick(role=ROLE), picture.peak()
        if place[:2] != picture.best or step < 0:  # another training than that of this model
            return
        rival = (
            f"Its rival had {peak:share} and let go: {last:share}."
            if last + 0.1 < peak
            else f"Its rival has {last:share}, too."
        )
        seeds = trace.under("experiment.heads_over_seeds")
        again = (
            f"In {seeds['tried']} trainings it settled in {counted(seeds['places'].pick(role=ROLE), 'different head')}."
            if "tried" in seeds
            else "Which one takes it, only the training tells."
        )
        yield Step(
            "Several try, one takes it",
            say="Nobody tells a head what to become. One role, through the training: several heads try. |"
            f"{named_head(*picture.best)} keeps it from step {step:,.0f}. |{rival} |{again}",
            show=[
                [appear(picture.plot, picture.ticks, picture.line), fill(picture.steps, "slow")],
                appear(picture.labels[0]),
                appear(picture.labels[1]),
                None,
            ],
            stay=(),
        )

    def a_choice_we_made(self, trace: Trace) -> Iterator[Step]:
        """Fewer cross-attention heads leave more to the encoder."""
        if "experiment.cross_heads.best_role" not in trace or trace["config.cross_heads"] != 1:
            return
        run = trace.under("experiment.cross_heads")
        one, four = (run["best_role"].pick(model=model) for model in ("one", "four"))
        roles = [role for role in one.labels["role"] if one.pick(role=role) >= trace["roles.role_threshold"]]
        told = [role for role in roles if run["queries"].pick(role=role) >= ENOUGH]
        fallen = max(told, key=lambda role: float(one.pick(role=role)) - float(four.pick(role=role)))
        exact = [run["exact"].pick(model=model) for model in ("one", "four")]
        picture = TwoModels(run["best_role"], roles, ("one cross-attention head", "four of them"))
        right = fact("whole sentences right", exact, ".1%").next_to(picture, DOWN, buff=gap("grid"))
        centred(VGroup(picture, right))
        tallies = [(float(share) * float(run["sentences"]), float(run["sentences"])) for share in exact]
        alike = claim(
            tallies_count(*tallies),
            "Right sentences differ, too, by one training each.",
            "By right sentences, the two can’t be told apart.",
        )
        yield Step(
            "A choice we made",
            say="Our decoder has one cross-attention head a layer; the paper has as many as elsewhere. |"
            f"With four, the role “{role_name(fallen)}” falls from {one.pick(role=fallen):share} "
            f"to {four.pick(role=fallen):share}: the decoder can look for itself. |{alike}",
            show=[
                [appear(picture.calls, picture.names[0]), appear_in_turn([*picture.ones])],
                [appear(picture.names[1]), appear_in_turn([*picture.others])],
                appear(right),
            ],
            stay=(),
            here="*.cross_attn",
        )

    def a_sum_of_heads(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Concat and W_O: each head writes, and what they write adds up."""
        part, query_token = trace.under(focus.path, batch=0, query=focus.query_token.position), focus.query_token
        lengths = part["head_norms"]
        picture = Joining(
            part["z"],
            trace[f"parameters.{focus.path}.w_o"],
            part["head_out"],
            part["head_sums"],
            lengths,
            query_token,
            bias=f"parameters.{focus.path}.b_o" in trace,
        )
        longest, length = lengths.largest()
        yield Step(
            "Joined, then mixed: a sum of heads",
            say=f"Each head made a short row for “{query_token}”. Joined, they meet one more matrix. |"
            "Cut it in as many blocks: each head meets its own, and writes a whole row. |"
            "Add them up: the same output. |"
            f"Head {letter_of(longest.position)} writes most here: length {length:.2f}.",
            show=[
                [appear(picture.joined, picture.joined_name), appear(picture.whole, picture.block_name)],
                [
                    (
                        reshape(picture.joined, picture.pieces),
                        reshape(picture.whole, picture.blocks),
                        leave(picture.joined_name),
                        appear(picture.letters),
                    ),
                    (appear_in_turn([*picture.parts]), appear(picture.part_name)),
                ],
                [appear(picture.line, picture.sum_name, picture.states[0]), *picture.growing()],
                [appear(picture.lengths, picture.length_name), appear(ring_around(picture.parts[longest.position]))],
            ],
            stay=(),
        )

    def self_or_cross(self, trace: Trace) -> Iterator[Step]:
        """Who supplies the queries, who the keys and values."""
        layer = len([name for name in range(64) if f"decoder.{name}.self_attn.q" in trace]) - 1
        own, cross = f"decoder.{layer}.self_attn", f"decoder.{layer}.cross_attn"
        weights = trace[f"{own}.weights"].pick(batch=0)
        argmax_ratio = trace[f"{cross}.pattern_clearness"].pick(batch=0).largest()[0].position
        asked = trace[f"{cross}.weights"].pick(batch=0, head=argmax_ratio)
        rows, columns = trace[f"{cross}.query_count"], trace[f"{cross}.key_count"]
        picture = Wiring(asked.words("key"), asked.words("query"), ("the encoder’s last rows", "the decoder’s rows"))
        before = Ledger(weights[sharpest(weights)], f"{rows} × {rows}")
        after = Ledger(asked, f"{rows} × {columns}")
        yield Step(
            "Self or cross: who supplies what?",
            say="Self-attention: one sequence asks itself. "
            f"Here the decoder: {counted(rows, 'row')}, {counted(rows, 'column')}. |"
            "Now unplug keys and values, and plug them into the encoder’s last rows. |"
            f"That is cross-attention: the decoder asks, the source answers, {rows} × {columns}. |"
            "The formula is the same.",
            show=[
                [
                    appear(picture.below, picture.below_words, picture.below_name),
                    appear(*picture.inlets.values()),
                    appear(picture.box, picture.formula),
                    (appear(picture.outlet), appear(before)),
                ],
                [appear(picture.above, picture.above_words, picture.above_name), (*picture.replug(), leave(before))],
                appear(after),
                appear(ring_around(picture.box)),
            ],
            stay=(),
            here=f"{own} {cross}",
        )

    def separate_projections(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        picture = Cuts(trace[f"parameters.{focus.path}.w_q"])
        removed = trace.under("experiment.parts_removed.exact")
        without = {"part": "all heads but one"}
        worth = (
            f"Retrained with one head: {removed['over_seeds'].pick(**without):share} of sentences right, "
            f"not {removed['over_seeds'].pick(part='nothing'):share}."
            if "experiment.parts_removed.exact" in trace and removed["effect"].pick(**without) == 1
            else "What a head learns is up to training."
        )
        together = trace[f"{focus.path}.heads_per_key"]
        alone = together == 1
        told = (
            "Each head is a projection of its own, with shares of its own, and their outputs add up. |"
            if alone
            else f"Each head has its own queries and shares; {together} heads share keys and values. "
            "Their outputs add up. |"
        )
        answer = at_floor(
            Answer(
                "Each head is a projection of its own, with shares of its own; their outputs add up."
                if alone
                else "Each head has its own queries; a group of heads shares keys and values."
            )
        )
        yield Step(
            "Several heads, several looks",
            say=f"{told}{worth} |Your turn: cut the matrix for more heads. Does it take more parameters?",
            show=[
                [appear(picture.squares[1], picture.names[1]), appear_in_turn([*picture.lines[1]]), appear(answer)],
                None,
                [
                    appear(picture.squares[0], picture.names[0], picture.squares[2], picture.names[2]),
                    appear_in_turn([*picture.lines[2]]),
                ],
            ],
            stay=(),
        )
