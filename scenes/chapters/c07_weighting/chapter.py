"""Formula, part two: scores become attention weights, and weights add up values."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, UP, VGroup

from scenes.animations import (
    Reform,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    gather,
    grow,
    leave,
    move_ring,
    pulses,
    recast,
    ring_around,
    slide,
    through,
)
from scenes.chapters.c07_weighting.figures import (
    AddedOutput,
    EqualScores,
    RandomWalks,
    SaturationCurve,
    for_a_formula,
    in_place_of,
    into_bars,
)
from scenes.chapters.c07_weighting.two_ways import TwoWays, two_ways
from scenes.layout import STAGE, Room
from scenes.mobjects.attention_grid import AttentionGrid, board_of, rooms
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.region import Region
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.softmax_stages import TURN, SoftmaxStage, SoftmaxStages
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.swapped_word import SwappedWord
from scenes.mobjects.temperatures import Temperatures
from scenes.mobjects.text import Words
from scenes.mobjects.value_plane import ValuePlane
from scenes.mobjects.weighted_sum import WeightedSum
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, Focus, focus_of, mixed_focus, swap_of, within_reach
from transformer_core.studies.measures.naming import attention_input
from transformer_core.studies.measures.selection import with_a_choice
from transformer_core.tracing.trace import Trace

#: The stages of a softmax whose bars stand on the floor.
RAISED = range(3, 5)


class Weighting(Chapter):
    """Scale, softmax, and the weighted sum of values."""

    number = 7
    title = "Formula, part two: weights and values"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return mixed_focus(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = mixed_focus(trace)
        board = board_of(trace, focus)
        ribbon, (side, _) = board.ribbon, rooms(board.pairs.words("query"))
        side = Room(side.left, ribbon.below(STAGE).top, side.right, side.bottom)
        stages, formulas = softmax_of(focus, trace, ribbon, side)
        yield from self.softmax(focus, trace, board, side.rows(3)[0], stages, formulas)
        yield from self.a_temperature(focus, trace, ribbon, side, stages.stages[-1], formulas[-1])
        after = board_of(trace, focus, "weights")
        stacked = StackedRows(after.pairs, after.lines)
        yield from self.every_row(focus, trace, board, after, stacked)
        yield from self.weigh_the_values(focus, trace, board, side, stacked)
        yield from self.in_a_plane(focus, trace, ribbon)
        if ways := two_ways(trace):
            yield from self.two_senses(ways, ribbon)
        yield from self.looks_when_it_must(focus_of(trace), trace)
        region = Region("an experiment: vectors of random numbers")
        yield from self.sums_of_random_products(trace, region)
        yield from self.divide_by_the_root(trace, region)
        yield from self.whole_formula(focus, trace)

    def softmax(
        self,
        focus: Focus,
        trace: Trace,
        board: AttentionGrid,
        over: Room,
        stages: SoftmaxStages,
        formulas: list[Formula],
    ) -> Iterator[Step]:
        """The row of the query token, stage by stage."""
        head, query_token, first = focus.seen(trace), focus.query_token, stages.stages[0]
        root = trace[f"{focus.path}.sqrt_d_head"]
        digits = 0 if root == round(root) else 1
        best, most = head["weights"].pick(query=query_token).largest()
        total = head["exponential_sums"].pick(query=query_token)
        whole = Words(f"sum {total:.1f}", "large number")
        beyond = claim(bool(trace.about.get("windows")), ", with the keys out of sight", "")
        over.fit(whole, most=1.0)

        ribbon, row = board.ribbon, board.seen(board.own(query_token))
        discs = [cell.disc for cell in row if cell.disc]
        rest = [*board.sides, board.empty, *board.seen(board.others(query_token))]
        ring = ring_around(board.row(query_token))
        rest += [part for cell in row for part in cell if part is not cell.disc]
        turns = [Reform(formulas[place], other, TURN) for place, other in enumerate(formulas[1:])]
        yield Step(
            f"Softmax: the attention weights of “{query_token}”",
            beat(
                f"The scores of “{query_token}” can have any size and sign. How do they become weights: positive, "
                "with the sum one?",
                ribbon.mark({ribbon.place(query_token): "query"}),
                appear(ring),
                (leave(*rest, ring), appear(first.zero, first.name, formulas[0]), *exchange(discs, first.bars, "slow")),
                appear_in_turn([*first.numbers]),
            ),
            beat(f"Divide by {root:.{digits}f}, the root of d_k.", stages.forward(turns[0])),
            beat("Subtract the largest:", stages.forward(turns[1])),
            beat("only differences matter."),
            beat(
                "Take e to the power of each: all become positive, large ones pull ahead.",
                stages.forward(leave(formulas[2]), appear(formulas[3])),
            ),
            beat(f"They add up to {total:.1f}{beyond}.", gather(stages.stages[-2].numbers, whole)),
            beat(
                f"Divide each by this sum: “{best}” gets {most:share} of the attention.",
                stages.forward(turns[-1]),
                (ribbon.mark({ribbon.place(best): "key"} | {ribbon.place(query_token): "query"}), leave(whole)),
            ),
            stage=[ribbon, *rest, *discs],
        )

    def every_row(
        self, focus: Focus, trace: Trace, before: AttentionGrid, after: AttentionGrid, stacked: StackedRows
    ) -> Iterator[Step]:
        """All rows of the head at once: scores become weights where they stand."""
        head, query_token = focus.seen(trace), focus.query_token
        weights, place = head["weights"], before.ribbon.place
        row_ring = ring_around(after.row(query_token))
        ring = ring_around(VGroup(*(cell for (_, j), cell in after.cells.items() if j == stacked.uneven)))
        below = with_a_choice(weights)
        strongest = below.largest()
        mine, rest = before.own(query_token), before.others(query_token)
        numbered = after.seen(mine, numbered=True)
        over = ", over the keys that it may see" if focus.stack == DECODER else ""
        beyond = claim(bool(trace.about.get("windows")), ", with the keys out of sight", "")
        yield Step(
            "Each query has a softmax of its own",
            beat(
                f"The weights of “{query_token}” take the place of its scores.",
                recast(before.seen(mine), numbered, "slow"),
                appear(row_ring),
            ),
            beat(
                claim(
                    len(rest) > 0,
                    "Every other row of scores gets its own softmax, at the same time.",
                    "With more queries, each row would get its own softmax.",
                ),
                leave(row_ring),
                (*recast(numbered, after.seen(mine)), *recast(before.seen(rest), after.seen(rest), "slow")),
            ),
            beat("Columns need not add up to one.", appear(ring)),
            beat(
                f"Each row does{over}{beyond}.",
                (leave(before.ribbon, *before.keys, ring), *into_bars(after, stacked, mine, "cell")),
                (leave(before.empty), *into_bars(after, stacked, rest)) if rest else leave(before.empty),
                appear(stacked.numbers, stacked.frames, rise=False),
            ),
            beat(
                claim(
                    len(below) < len(weights),
                    f"Below the first row, the largest weight is “{strongest[0]}” to “{strongest[1]}”: "
                    f"{strongest[2]:share}.",
                    f"The largest weight here is “{strongest[0]}” to “{strongest[1]}”: {strongest[2]:share}.",
                ),
                appear(ring_around(stacked.segments[place(strongest[0]), place(strongest[1])])),
            ),
            stage=[before.ribbon, *before.sides, before.empty, *before.seen(before.cells)],
        )

    def a_temperature(
        self, focus: Focus, trace: Trace, ribbon: Ribbon, side: Room, last: SoftmaxStage, formula: Formula
    ) -> Iterator[Step]:
        """Divide the scores of the same row by T: not at all, by the root of d_k, and by more and less."""
        head, query_token = focus.seen(trace), focus.query_token
        keys, root = within_reach(head, query_token), head["sqrt_d_head"]
        table = head["by_temperature"].pick(query=query_token, key=keys)
        states = Temperatures(table, head["temperatures"].quantities(), ribbon, keys, last.room)
        one, scaled, (coldest, hottest) = states.at(), states.at(float(root)), states.ends
        bars, numbers = states.states[scaled].copy(), last.numbers
        label = Words(f"temperature {states.temperatures[hottest]:.2f}", "large number")
        side.rows(3)[0].fit(label).rewrite(f"temperature {states.temperatures[scaled]:.2f}")
        divided = Formula("e^(s \\/ T) / (sum e^(s \\/ T))", LARGE)
        side.rows(3)[1].fit(divided)

        moving = bars, numbers, label
        yield Step(
            "A temperature makes attention sharp or even",
            beat(
                "Scores divided by T have the temperature T.",
                exchange(last.bars, bars),
                (appear(label), Reform(formula, divided)),
            ),
            beat(f"Here T is the root of d_k: {root:.2f}.", appear(ring := ring_around(label, roomy=True))),
            beat("Undivided, T would be one.", states.sweep(*moving, scaled, one)),
            beat("Why the root, we see soon.", leave(ring), states.sweep(*moving, one, scaled)),
            beat("Higher, differences shrink: the weights become even.", states.sweep(*moving, scaled, hottest)),
            beat("Lower, the largest score takes more and more.", states.sweep(*moving, hottest, coldest)),
        )

    def sums_of_random_products(self, trace: Trace, region: Region) -> Iterator[Step]:
        """Show by random walks how a sum of products grows with their number, and what softmax makes of it."""
        run = trace.under("experiment.variance")
        picture = RandomWalks(run, region.inside)
        lines, bounds, (raw, full, root) = picture.lines["raw"], picture.bounds["raw"], picture.best
        names, numbers = zip(*picture.kept, strict=True)
        yield Step(
            "Why the root? A score is a sum of many products",
            beat(
                "Before training, entries are random, about one in size. Add up the products of a query and a key.",
                draw(lines[0], kind="slow"),
            ),
            beat("Each pair makes such a sum.", draw(*lines[1:], kind="row")),
            beat(
                "With every product, their variance grows by one; their typical size is its root, the curve.",
                appear(picture.law),
                draw(*bounds, kind="slow"),
                appear(picture.root),
            ),
            stage=[region, picture.plot],
        )
        yield Step(
            "Undivided, divided by d_k, or by its root?",
            beat(
                f"A softmax reads {run['keys']} of these sums: with more products, one takes it all.",
                leave(picture.law, picture.root),
                appear(picture.cursor, picture.weights, picture.heading, rise=False),
                picture.live("raw"),
                appear(raw),
            ),
            beat(
                "Divide them by d_k: they shrink to nothing, and all get much the same.",
                (*exchange([raw], numbers[:1]), appear(picture.most), leave(picture.cursor)),
                (appear(picture.divisors[0], names[0]), *picture.over("raw", "full")),
                appear(full),
            ),
            beat(
                "By its root: they stay about one in size.",
                (*exchange([full], numbers[1:2]), leave(picture.divisors[0])),
                (appear(picture.divisors[1], names[1]), *picture.over("full", "near", kind="row")),
                (
                    *exchange([picture.plot, picture.divisors[1]], [picture.closer, picture.divisors[2]], "row"),
                    *picture.over("near", "root", kind="row"),
                ),
            ),
            beat(
                "And the weights stay alive, however many products.",
                appear(picture.cursor, rise=False),
                picture.live("root", back=True),
                appear(root),
                Travel(root, numbers[2]),
                appear(names[2]),
            ),
            stage=[region, picture.plot, lines, bounds],
        )

    def divide_by_the_root(self, trace: Trace, region: Region) -> Iterator[Step]:
        """The best key of one draw is lowered, undivided and over the root, and its weight lies on a curve."""
        names = {"raw": "undivided", "root": "divided by its root"}
        picture = SaturationCurve(trace.under("experiment.variance"), names, region.inside)
        fall, (undivided, divided) = picture.falls[1], picture.lowered
        before, now = picture.lengths
        yield Step(
            "Why not let the best key take it all?",
            beat(
                f"Now each sum has {now:,.0f} products, not {before:,.0f}.",
                appear(picture.told[0]),
                exchange([picture.told[0]], [picture.told[1]], "row"),
            ),
            beat(
                "Lower what softmax reads for the best key by one: undivided, no weight answers.",
                (appear(picture.plot, *picture.others), draw(picture.curve)),
                (*(grow(bar, DOWN) for bar in picture.bars), appear(*picture.names, *picture.numbers)),
                appear(picture.pushes[0]),
                undivided,
            ),
            beat(
                f"Over the root, it falls from {fall[0]:share} to {fall[-1]:share}; the others rise.",
                appear(picture.pushes[1]),
                divided,
            ),
            beat(
                "On its curve, one lies where it is flat, the other where it is steep.",
                leave(*picture.pushes),
                appear_in_turn([*picture.spots], "slow"),
            ),
            beat("Learning needs a slope.", draw(*picture.tangents), appear(picture.slopes)),
            stage=[region],
        )

    def weigh_the_values(
        self, focus: Focus, trace: Trace, board: AttentionGrid, side: Room, rows: StackedRows
    ) -> Iterator[Step]:
        """The weights of one row scale the values, which add up to one output."""
        head, query_token, ribbon = focus.seen(trace), focus.query_token, board.ribbon
        keys = within_reach(head, query_token)
        picture = WeightedSum.of(trace, focus, ribbon, side, written=True)
        beyond = claim(bool(trace.about.get("windows")), ", with the values out of sight", "")
        name = Words("values", "block", "value").move_to(board.corner.centre)
        handed = head[attention_input(head, "v")].pick(key=keys)
        values = in_place_of([board.keys[j] for j in keys], handed, "value", upright=True)
        leader, part = head.in_full("weighted_v_share", query=query_token).largest()
        narrowed, here = zip(keys, picture.shrunk, strict=True), ribbon.place(query_token)
        leading = [value for j, value in narrowed if ribbon.chips[j].label.position == leader.position]
        mine = [rows.segments[here, j] for j in keys]
        others = [part for part in rows.segments.values() if part not in mine]
        yield Step(
            "The output is a weighted sum of values",
            beat(
                "Each token also has a value: what it hands over.",
                ribbon.mark({here: "query"}),
                (appear(name), deal([ribbon.chips[j] for j in keys], values)),
            ),
            beat(
                f"The weights of “{query_token}” say how much of each value to take.",
                leave(*board.query_names, *board.queries, *others, rows.numbers, rows.frames, name),
                (*exchange(values, picture.values), *exchange(mine, picture.tiles, "row")),
                appear(picture.numbers),
                picture.weigh(),
            ),
            beat(f"Follow one entry: each weight times its value, added up{beyond}.", *picture.follow()),
            beat(f"So for every entry: this is the output of the head for “{query_token}”.", *picture.pour()),
            beat(
                claim(
                    bool(part > 0.5),
                    f"Most of it comes from “{leader}”.",
                    f"It is a mixture, and the largest part comes from “{leader}”.",
                ),
                *(appear(ring_around(value, "value")) for value in leading),
            ),
            stage=[ribbon, *board.query_names, *board.queries, *rows.segments.values(), rows.numbers, rows.frames],
        )

    def in_a_plane(self, focus: Focus, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """The same sum as arrows, tip to tail."""
        head, query_token = focus.seen(trace), focus.query_token
        keys = within_reach(head, query_token)
        whole, shrunk = (head[f"{way}value_plane"].pick(query=query_token, key=keys) for way in ("", "weighted_"))
        picture = ValuePlane(whole, shrunk, query_token, ribbon.below(STAGE))
        outline = [] if trace.about.get("windows") else picture.outline
        left = picture.origin, picture.ghosts, picture.chained, picture.chips, *outline
        added = AddedOutput(head["head_added_plane"].pick(query=query_token), query_token, ribbon.below(STAGE))
        into, out = through([picture.output], added.matrix, [added.found])
        several = len(trace[f"{focus.path}.z"].pick(batch=0)) > 1
        yield Step(
            "The same sum as arrows",
            beat(
                "Draw the values as arrows, projected onto one flat plane: some look shorter.",
                (appear(picture.origin, picture.chips), deal([ribbon.chips[j] for j in keys], picture.whole)),
            ),
            beat("Each shrinks to its weight.", (appear(picture.ghosts, rise=False), picture.shorten())),
            beat(
                "Set tip to tail, they lead to the output,", picture.chain(), (picture.lead(), appear(picture.heading))
            ),
            beat("which lies between the values.", draw(*outline, kind="row") if outline else None),
            beat(
                f"W_O makes {counted(trace['config.d_model'], 'number')} of it, as many as “{query_token}” has.",
                leave(*left),
                (appear(added.matrix, added.origin, added.names[0]), added.grow(added.before)),
                (into, leave(picture.output, picture.heading)),
                (out, appear(added.names[1])),
                leave(added.matrix),
            ),
            beat(
                "So it is added to this vector" + claim(several, ", as the outputs of the other heads are.", "."),
                (added.grow(added.sum, "slow"), appear(added.names[2])),
            ),
            stage=[ribbon],
        )

    def two_senses(self, picture: TwoWays, before: Ribbon) -> Iterator[Step]:
        """A word of two senses finds its meaning: this answers the question of the first chapter."""
        word, (first, second), (one, other) = picture.word, picture.rows, picture.deciding
        flow, other_flow = (pulses(row.arcs, row.drawn_weights) for row in picture.rows)
        yield Step(
            f"How “{word}” finds its meaning",
            beat(
                f"“{word}” has one embedding, but two meanings.",
                (leave(*before.chips), appear(*first.chips)),
                appear(picture.start),
                appear_in_turn([*picture.names]),
            ),
            beat(
                f"In {picture.where}, it attends to “{one}”.",
                (draw(*first.arcs, kind="row", back=True), appear(first.marks, picture.key)),
                ambient=flow,
            ),
            beat(
                "Sublayer by sublayer, it moves" + claim(picture.told, f" to “{picture.becomes[0]}”.", "."),
                *picture.go(),
                ambient=flow,
            ),
            beat(
                f"Change one word: now it attends to “{other}”.",
                (leave(first.arcs, first.marks), *exchange(first.chips, second.chips)),
                (draw(*second.arcs, kind="row", back=True), appear(second.marks)),
            ),
            beat(picture.led_by, *picture.go_elsewhere(), ambient=other_flow),
            stage=before.chips,
        )

    def looks_when_it_must(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Uncover the bet: another adjective takes the place of the word, and its arc goes to where it looks."""
        if not (swap := swap_of(trace, focus)):
            return
        query_token, top_key = focus.query_token, focus.top_key
        picture, below = (SwappedWord(trace, focus, swap, room, numbers=True) for room in STAGE.rows(2))
        known, guess, other, here = picture.known, below.guess, picture.others, picture.here
        share, other_share = picture.weights.pick(key=top_key), other.pick(key=top_key.position)
        line, sign = below.loose[0]
        told = (known, query_token, share), (guess, picture.asked, other_share)
        compared = [row.below(picture.noun, f"“{token}”: {part:share}") for row, token, part in told]
        (rest, most), flow = other.largest(), pulses([known.strongest], [max(known.drawn_weights)])
        verdict = claim(
            bool(share > 0.5 > other_share),
            claim(
                most >= 0.5 and rest.position not in (here, top_key.position),
                f"No, it looks at “{rest}”: later we see why.",
                "No, it does not.",
            ),
            claim(
                bool(share > other_share),
                "Here the two differ less than one might bet.",
                "Here it looks even more, though it need not.",
            ),
        )
        yield Step(
            "The bet: does it look, too?",
            beat(
                f"“{query_token}” gives “{top_key}” {share:share}, and Spanish needs the gender of the noun.",
                (draw(known.strongest, kind="row", back=True), appear(compared[0])),
                appear(picture.forms),
                exchange([picture.forms], [picture.agrees]) if picture.gendered else None,
                ambient=flow,
            ),
            beat(
                f"“{picture.asked}”, with one form for both, gives it {other_share:share}.",
                deal(known.chips, guess.chips),
                (appear(below.other), draw(line, back=True)),
                appear(sign, compared[1]),
                ambient=flow,
            ),
            beat(
                verdict,
                (leave(sign), *exchange([line], [guess.strongest])),
                (draw(*(arc for arc in guess.arcs if arc is not guess.strongest), back=True), appear(guess.marks)),
                ambient=pulses([known.strongest, *guess.arcs], [max(known.drawn_weights), *guess.drawn_weights]),
            ),
            stage=known.chips,
        )

    def whole_formula(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The formula assembles itself, each part with the picture that it stands for."""
        head, query_token = focus.seen(trace), focus.query_token
        formula = Formula(
            'op("Attention")(Q, K, V) = '
            '{{ op("softmax") : weight }} lr((frac({{ Q : query }} {{ K^T : key }}, {{ sqrt(d_k) : ink2 }}))) '
            "{{ V : value }}",
            LARGE,
        )
        above, room = for_a_formula(len(head["scores"]))
        above.fit(formula, most=1.0)
        scores, scaled, weights = (board_of(trace, focus, tensor, room) for tensor in ("scores", "scaled", "weights"))
        stacked = StackedRows(weights.pairs, weights.lines)
        discs, smaller, shares = scores.seen(scores.cells), scaled.seen(scaled.cells), weights.seen(stacked.segments)
        ribbon = scores.ribbon
        value = head[attention_input(head, "v")]
        values = in_place_of(scores.keys, value, "value", upright=True)
        outputs = in_place_of(scores.queries, head["z"], "weight")
        asking, found = (
            Words(text, "block", role).next_to(scores.queries[0], UP, buff=gap("line"))
            for text, role in (("queries", "query"), ("outputs", "weight"))
        )
        place = scores.pairs.position("query", query_token)
        tie = EqualScores(head, query_token, weights.lines[place], stacked)
        ring = ring_around(scores.query_names[place])
        mixed = in_place_of(scores.queries, head["tied_z"], "weight")[place]
        softmax, rest = formula.part("weight"), formula.rest()
        inside = [sign for sign in rest if sign.get_x() > softmax.get_x()]
        over = [sign for sign in inside if sign.height < softmax.height / 2]
        turned = claim(bool(trace.about["config"].get("rotary")), " rotated by their positions,", "")
        yield Step(
            "The whole formula, once",
            beat(
                f"Queries times keys give the scores,{turned}",
                (gather(scores.queries, formula.part("query")), gather(scores.keys, formula.part("key"))),
                appear_in_turn(discs),
            ),
            beat(
                "scaled down by the root of d_k.",
                appear(formula.part("ink2"), *over, rise=False),
                recast(discs, smaller, "row"),
            ),
            beat(
                "Softmax turns each row into weights;",
                (appear(softmax, *inside, rise=False), *recast(smaller, shares, "row")),
                (leave(scores.empty, *scores.keys), *into_bars(weights, stacked, [*stacked.segments])),
                appear(stacked.numbers, stacked.frames, rise=False),
            ),
            beat(
                "the weights mix the values.",
                (deal(ribbon.chips, values), gather(values, formula.part("value"))),
                (leave(*scores.queries, asking), appear(found), deal([VGroup(*values)] * len(outputs), outputs)),
                appear(*rest, rise=False),
            ),
            *(
                [
                    beat(
                        f"Your turn: if “{query_token}” scored “{tie.second}” as high as “{tie.first}”, "
                        "how much would each get?",
                        appear(ring),
                        *(move_ring(ring, one) for one in (*tie.pair[::-1], scores.query_names[place])),
                        leave(tie.numbers),
                    ),
                    beat(
                        f"“{query_token}” would give each {tie.share:share}: "
                        + claim(
                            bool(2 * tie.share > 0.95) and len(within_reach(head, query_token)) > 2,
                            "equal weights, and almost nothing is left.",
                            "equal scores, equal weights.",
                        ),
                        (
                            slide(VGroup(*tie.row), VGroup(*tie.raised.segments.values()), "slow"),
                            *exchange([outputs[place]], [mixed], "slow"),
                        ),
                        appear(tie.raised.numbers),
                    ),
                ]
                if tie.second
                else [beat("Your turn: two equal scores lead by far. Their weights?"), beat("Nearly one half each.")]
            ),
            stage=[ribbon, *scores.sides, asking, scores.empty],
        )


def softmax_of(focus: Focus, trace: Trace, ribbon: Ribbon, side: Room) -> tuple[SoftmaxStages, list[Formula]]:
    """The stages of the query token's row, and the formula of each, beside it."""
    head, query_token = focus.seen(trace), focus.query_token
    tensors = ("scores", "masked", "scores_minus_max", "exponentials", "weights")
    formulas = [
        Formula("s", LARGE),
        Formula("z = s / sqrt(d_k)", LARGE),
        Formula("z - max z", LARGE),
        Formula("e^(z - max z)", LARGE),
        Formula("e^(z - max z) / (sum e^(z - max z))", LARGE),
    ]
    stages = SoftmaxStages(
        [head[name].pick(query=query_token) for name in tensors],
        ("score", "scaled score z", "z minus the largest", "exponential", "attention weight"),
        ribbon,
        within_reach(head, query_token),
        ribbon.below(STAGE),
        (".2f", ".2f", ".2f", "weight", "weight"),
        head["softmax_way"].pick(query=query_token),
    )
    # Each formula stands clear of the zero line of its stage, which lies in the middle or on the floor.
    return stages, [side.rows(3)[place in RAISED].fit(formula) for place, formula in enumerate(formulas)]
