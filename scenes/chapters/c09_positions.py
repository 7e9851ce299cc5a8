"""Positional encoding and embeddings: why the model must be told where a word stands, and how it is."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import (
    Count,
    Sweep,
    Visit,
    appear,
    appear_in_turn,
    fill,
    fly,
    ring_around,
    slide,
)
from scenes.animations.branching import reshape
from scenes.animations.turning import Turn
from scenes.layout import at_floor, centred
from scenes.mobjects.budgets import letter_of
from scenes.mobjects.clocks import Clocks
from scenes.mobjects.formulas import Formula
from scenes.mobjects.likeness import IndexAndWave, Likeness, Panel, reach_of
from scenes.mobjects.other_ways import OtherWays
from scenes.mobjects.role_table import layer_name
from scenes.mobjects.rows import Answer
from scenes.mobjects.tip_to_tail import TipToTail, WhichWord, facts_in_line
from scenes.mobjects.tokens import in_line
from scenes.mobjects.trading import Staircase, TradingPlaces, two_orders
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, Focus, embedding_of, first_in_sight, focus_of, stack_of
from transformer_core.studies.measures.selection import argmax_ratio, argmax_terms
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import NamedTensor, Trace

#: A difference below this part of the numbers that differ is rounding.
ROUNDING = 1e-6
#: How many places apart two places are where the map of all pairs is read out.
APART = 3


class Positions(Chapter):
    """Shuffled words, a sum without order, clock hands, and the word that survives the adding."""

    number = 9
    title = "Positional encoding and embeddings"
    needs = ("self-attention", "added positions")

    def whereabouts(self, trace: Trace) -> str:
        return embedding_of(stack_of(trace))

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        self.waves = trace.about["config"]["positions"] in ("interleaved", "halves")
        self.first, self.embedding = f"{focus.stack}.0.self_attn", embedding_of(focus.stack)
        yield from self.shuffled_before(trace) if focus.stack == DECODER else self.shuffled(trace)
        yield from self.a_sum_has_no_order(focus, trace)
        if f"{self.embedding}.positional" in trace:
            yield from self.not_the_index(focus, trace)
            if self.waves:
                yield from self.clock_hands(focus, trace)
            yield from self.a_step_is_a_turn(trace)
            yield from self.before_or_behind(trace)
            yield from self.word_and_place(focus, trace)
            if not trace.about["config"]["embedding_norm"]:  # behind a norm, a row is no sum of word and place
                yield from self.a_score_knows_both(focus, trace)
        yield from self.other_ways(trace)

    def shuffled(self, trace: Trace) -> Iterator[Step]:
        """The question, and the measurement behind it."""
        plain, other = (trace[f"other.{key}.{self.first}.out"].pick(batch=0) for key in ("no_positions", "shuffled"))
        moved, order = trace[f"other.shuffled.{self.first}.out.permutation_difference"], trace["other.shuffled.order"]
        picture = TradingPlaces(plain, other, [int(i) for i in order.values])
        words = len(plain)
        same = "but for rounding" if moved > 0 else "to the last digit"
        told = (
            f"Each word gets the row that it had, {same}. |Attention cannot tell the two apart."
            if words > 1 and moved < ROUNDING
            else "One word has nobody to trade places with. |With two, each would get the row that it had."
            if words == 1
            else f"The rows change by {moved:.0%} of the largest entry. |This model tells them apart."
        )
        fact = facts_in_line((f"{moved:.0e}" if moved > 0 else "none", "the largest difference between twins"))
        flights = tuple(
            fly(picture.chips[int(j)], picture.moved_chips[i], "row") for i, j in enumerate(order.values)
        )  # fmt: skip
        yield Step(
            "Why must the model be told the order?",
            say="The rows stand in order. Why must the model be told? |"
            f"Take the positions away, let attention mix the words, |and shuffle them. |{told}",
            show=[
                appear_in_turn([*picture.chips]),
                [appear(picture.names[0]), appear_in_turn([*picture.rows])],
                [(appear(picture.names[1]), *flights), appear_in_turn([*picture.moved_rows])],
                appear_in_turn([*picture.ways]),
                appear(fact) if words > 1 else None,
            ],
        )

    def shuffled_before(self, trace: Trace) -> Iterator[Step]:
        """The same question to a decoder, where only the last row sees all words."""
        plain, other = (trace[f"other.{key}.{self.first}.out"].pick(batch=0) for key in ("no_positions", "shuffled"))
        moved: NamedTensor = trace[f"other.shuffled.{self.first}.out.permutation_difference_by_row"]
        order = [int(i) for i in trace["other.shuffled.order"].values]
        picture = TradingPlaces(plain, other, order)
        last, own = moved.label("position", len(order) - 1), moved.quantity(len(order) - 1)
        others = moved.pick(position=tuple(range(len(order) - 1))).largest()[-1] if len(order) > 1 else own
        same = "but for rounding" if own > 0 else "to the last digit"
        told = (
            f"“{last}” keeps its row, {same}. |The other rows see other words: the mask tells a little."
            if others > ROUNDING > own
            else f"“{last}” keeps its row. |Before it stand too few words to trade places."
            if own < ROUNDING
            else f"The row of “{last}” changes by {own:.0%} of the largest entry. |This model tells them apart."
        )
        facts = facts_in_line(
            (f"{own:.0e}" if own > 0 else "none", "how far the last row moves"),
            (f"{others:.2f}", "another one, at most, over the largest entry"),
        )
        flights = (fly(picture.chips[j], picture.moved_chips[i], "row") for i, j in enumerate(order))
        yield Step(
            "Why must the model be told the order?",
            say="Must a model be told the order, if no row looks ahead? |"
            "Take the positions away, let attention mix the words, |"
            f"and shuffle all before the last. |{told}",
            show=[
                appear_in_turn([*picture.chips]),
                [appear(picture.names[0]), appear_in_turn([*picture.rows])],
                [(appear(picture.names[1]), *flights), appear_in_turn([*picture.moved_rows])],
                [appear(picture.ways[-1]), appear(ring_around(picture.moved_rows[-1]))],
                appear(facts) if others > ROUNDING else None,
            ],
        )

    def a_sum_has_no_order(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Inside one entry: the same terms, in another order."""
        order = [int(i) for i in trace["other.shuffled.order"].values]
        plain, other = (trace.under(f"other.{key}.{self.first}", batch=0) for key in ("no_positions", "shuffled"))
        query_token = plain["z"].words("query")[-1] if focus.stack == DECODER else focus.query_token
        here, there = query_token.position, order.index(query_token.position)
        terms = plain["weighted_v"].pick(query=here)
        head, entry = argmax_terms(terms, decimals=2)
        picture, again = two_orders(
            *(
                (
                    run["weighted_v"].pick(head=head, query=at, d_head=entry).quantities(),
                    run["weighted_v"].words("key"),
                    run["z"].pick(head=head, query=at, d_head=entry),
                )
                for run, at in ((plain, here), (other, there))
            )
        )
        rule = Formula("z = sum_j w_j v_j", 36).next_to(picture, DOWN, buff=gap("line"))
        rule.align_to(picture, LEFT if picture.total.get_x() > picture.get_x() else RIGHT)
        centred(VGroup(picture, rule))
        moves = picture.again(again, order)
        total = plain["z"].pick(head=head, query=here, d_head=entry)
        shuffle = (
            f"Shuffle: the terms trade places, |the sum stays {total:{picture.spec}}. A sum has no order."
            if len(order) > 1
            else f"Here there is one term. |The sum is {total:{picture.spec}}, wherever the word stands: "
            "it has no order."
        )
        yield Step(
            "A sum has no order",
            say="Can’t we just trace the rows? We can; the weights can’t. |"
            f"An entry that attention makes for “{query_token}” is a sum: share times value, word by word. |{shuffle}",
            show=[
                appear(*(line[0] for line in picture.lines), picture.zero),
                [
                    (appear(rule), Sweep(VGroup(*(VGroup(*line[1:]) for line in picture.lines)), "slow")),
                    appear(picture.end, picture.total),
                ],
                tuple(reshape(old, new) for old, new in moves) if len(order) > 1 else None,
                None,
            ],
            stay=(),
        )

    def not_the_index(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """A bare number grows; a wave does not."""
        part = trace.under(self.embedding)
        query_token, numbers = focus.query_token, part["position_numbers"]
        largest = part["largest_entry"].pick(batch=0, position=query_token.position)
        wave = part["position_table"].pick(d_model=0)
        names = f"largest in “{query_token}”: {largest:.1f}", "one wave" if self.waves else "one entry"
        picture = IndexAndWave(numbers, wave, largest, names)
        last = numbers.quantity(len(numbers) - 1)
        drown = (
            f"It grows. The largest entry of “{query_token}” is {largest:.1f}; {last} would drown it. |"
            if last > 2 * largest
            else f"It grows with the sentence, up to {last} here. |"
        )
        instead = (
            "A wave stays within one, at any place."
            if self.waves
            else "Here each place has numbers of its own, set in training."
        )
        yield Step(
            "Why not just add the number?",
            say="The layer reads nothing but the numbers of the row: the place must stand there. |"
            f"As a plain number? |{drown}{instead}",
            show=[
                appear(picture.zero),
                [Sweep(picture.bars, "row"), appear(picture.names[0], picture.last)],
                appear(picture.level, picture.names[1]),
                [Sweep(picture.spots, "row"), appear(picture.wave, picture.names[2])],
            ],
            stay=(),
        )

    def clock_hands(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Many waves of falling speed: the hands of clocks."""
        part = trace.under(self.embedding)
        words = () if first_in_sight(trace, focus.stack) else part["sum"].words("position")  # they begin at place 0
        numbers, turns = part["position_numbers"], part["table_degrees_per_position"]
        places = min(len(numbers), max(12, len(words)))
        clocks = Clocks(part["table_sin_cos"], turns, numbers, words, places)
        count, width = part["sin_cos_pairs"], trace["config.d_model"]
        yield Step(
            "A place is a set of clock hands",
            say=f"Sine and cosine of one angle make a clock hand: {width} entries, {count} hands. Here are some. |"
            "Walk through the places. |Fast hands tell neighbours apart, and come round again. "
            "Slow ones tell start from end: |together, like the digits of a number.",
            show=[
                [
                    appear(clocks.heads, clocks.numbers, clocks.words),
                    appear_in_turn([*clocks.table]),
                    (
                        appear_in_turn([*clocks.faces], "rest"),
                        appear_in_turn([*clocks.hands], "rest"),
                        appear_in_turn([*clocks.speeds], "rest"),
                    ),
                ],
                [
                    appear(clocks.ring, clocks.here, clocks.here_name),
                    (
                        Visit(clocks.ring, clocks.rows, "tour"),
                        Turn(clocks.hands, clocks.centres, clocks.angles, places, "tour"),
                        Sweep(clocks.trails, "tour"),
                        Count(clocks.here, [numbers.quantity(i) for i in range(places)], "", "tour"),
                    ),
                ],
                None,
                None,
            ],
            stay=(),
        )

    def a_step_is_a_turn(self, trace: Trace) -> Iterator[Step]:
        """How alike two places are depends on their distance alone, for waves."""
        part = trace.under(self.embedding)
        products, spread, numbers = (
            part["position_products"],
            part["position_products_spread"],
            part["position_numbers"],
        )
        apart = min(APART, len(numbers) - 1)
        picture = Likeness(products, numbers, apart)
        distance, product = numbers.quantity(apart), products.pick(query=0, key=apart)
        by_distance = spread < ROUNDING * float(abs(products.values).max())
        told = (
            f"Each hand has turned by its own angle, wherever we began: {product:.2f} every time. |"
            "Only the distance counts, but for rounding."
            if by_distance
            else f"The first pair has {product:.2f}. These places follow no formula: |"
            f"pairs equally far apart differ by up to {spread:.2f}."
        )
        yield Step(
            "A step is a turn" if by_distance else "Which places are alike?",
            say="How alike are two places? The dot product of every pair: bright is alike. |"
            f"Now all pairs {distance} places apart. |{told}",
            show=[
                appear(picture.map, picture.map_names),
                [appear(picture.plot, picture.ticks), appear_in_turn([*picture.band])],
                [slide(picture.band, picture.landed, "row"), appear(picture.value)],
                Sweep(picture.columns, "row"),
            ],
            stay=(),
        )

    def before_or_behind(self, trace: Trace) -> Iterator[Step]:
        """The bare product has no direction; what a head makes of it can have one."""
        run = trace.under("experiment.direction")
        if "asymmetry" not in run or not self.waves:
            return
        head, step, contrast = argmax_ratio(run["asymmetry"], run["asymmetry_spread"])
        products, numbers = (trace[f"{self.embedding}.{name}"] for name in ("position_products", "position_numbers"))
        offsets = [int(label) for label in run["place_with_place"].labels["offset"]]
        farthest, distance = max(offsets), numbers.quantity(step + 1)
        marked = (-(step + 1), step + 1)
        alone = [products.quantity(farthest, farthest + offset) for offset in offsets]
        through, spread = run["place_with_place"].pick(head=head), run["spread"].pick(head=head).quantities()
        reaches = reach_of(alone), reach_of(through.quantities(), spread)
        reach = min(low for low, _ in reaches), max(top for _, top in reaches)
        bare = Panel("two places, bare", alone, offsets, marked, None, distance, reach)
        seen = Panel(
            f"through head {letter_of(head)}, {layer_name(0)}",
            through.quantities(),
            offsets,
            marked,
            spread,
            distance,
            reach,
        )
        VGroup(bare, seen).arrange(RIGHT, buff=gap("part") * 1.6)
        bare.stand_beside(seen)
        centred(VGroup(bare, seen))
        before, behind = (run[name].pick(head=head, distance=step) for name in ("before", "behind"))
        verdict = (
            f"For the places alone, a key {distance} behind scores {behind:.1f}, one {distance} before {before:.1f}. |"
            "So direction is learned."
            if contrast > 1
            else f"Behind {behind:.1f}, before {before:.1f}: less than the spread. |No head here prefers a direction."
        )
        yield Step(
            "Before or behind?",
            say=f"But {distance} before and {distance} behind look the same: distance, no direction. |"
            f"Put a head’s query and key matrices between, and look at {run['sentences']} new sentences. |{verdict}",
            show=[
                [appear(bare.zero, bare.title, bare.sides), fill(bare.bars, "row"), appear(bare.numbers)],
                [appear(seen.zero, seen.title, seen.sides), fill(seen.bars, "row")],
                appear(seen.whiskers, seen.numbers),
                None,
            ],
            stay=(),
        )

    def word_and_place(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Tip to tail, and the word is still there."""
        query_token, here = focus.query_token, focus.query_token.position
        part = trace.under(self.embedding, batch=0, position=here)
        angle, cosines, own = part["sum_angle"], part["cosine_with_words"], round(float(part["ids"]))
        arrows = TipToTail(part["sum_plane"], query_token, angle)
        which = WhichWord(cosines, own)
        centred(VGroup(arrows, which).arrange(RIGHT, buff=gap("part") * 1.3), -0.04)
        best = cosines.largest()[0]
        vocab = trace["config.target_vocab" if focus.stack == DECODER else "config.source_vocab"]
        found = (
            f"Of {vocab} tokens, it still looks most like “{query_token}”. |"
            if best.position == own
            else f"Of {vocab} tokens, it looks most like “{best}”. |"
        )
        apart = f"almost at right angles, {angle:.0f}°" if abs(angle - 90) < 10 else f"{angle:.0f}° apart"
        run = trace.under("experiment.word_from_sum")
        facts, told = VGroup(), "Training sets the word vectors inside such sums."
        if "recovered" in run:
            right = run["recovered"] if run["recovered"] >= 0.9 else run["reader"]
            reader = "the nearest is right" if run["recovered"] >= 0.9 else "a linear reader finds it"
            told = f"Every word, every place: {reader} in {right:share}."
            facts = facts_in_line(
                (f"{right:share}", f"right, of {run['words']} words at each of {run['positions']} places")
            )
        yield Step(
            "Why doesn’t adding break the word?",
            say=f"The word’s arrow, then its place’s: in {trace['config.d_model']} dimensions, {apart}. |"
            f"Does their sum forget the word? |{found}{told}",
            show=[
                [
                    appear(arrows.origin, arrows.word, arrows.chip),
                    appear(arrows.place, arrows.place_name),
                    appear(arrows.angle, arrows.degrees),
                ],
                [
                    appear(arrows.total, arrows.total_name),
                    (appear(which.axis, which.axis_name), Sweep(which.marks, "row")),
                ],
                [appear(which.runner), appear(which.best)],
                appear(facts) if len(facts) else None,
            ],
            stay=(),
        )

    def a_score_knows_both(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """A matrix acts on a sum as on its parts: a score splits."""
        query_token, here = focus.query_token, focus.query_token.position
        sizes = trace[f"{self.first}.part_sizes"].pick(batch=0)
        head = int(sizes.values[:, 1:4].sum(-1).argmax())
        row = trace.under(self.first, batch=0, head=head, query=here)
        top_key = row["masked"].largest()[0]
        score, parts = (row[name].pick(key=top_key.position) for name in ("scores", "score_parts"))
        names = parts.words("part")
        picture = Staircase(parts.quantities(), names, score, token=False, high=400)
        centred(picture, 0.06)
        formula = Formula("(e + p) W = e W + p W", 44).next_to(picture, UP, buff=gap("grid"))
        formula.set_x(0)
        biggest = max(range(len(names)), key=lambda i: abs(float(parts.values[i])))
        ring = ring_around(VGroup(*picture.lines[biggest]), roomy=True)
        same = "itself" if top_key.position == here else f"“{top_key}”"
        yield Step(
            "A score knows both",
            say="A matrix acts on a sum as on its parts. |"
            f"The score of “{query_token}” with {same}, in head {letter_of(head)}, {layer_name(0)}, "
            "splits in four; |"
            f"biases give the rest. Together {score:{picture.spec}}. |"
            f"Here {names[biggest]} weighs most.",
            show=[
                appear(formula),
                [
                    appear(*(line[0] for line in picture.lines), picture.zero),
                    Sweep(VGroup(*(VGroup(*line[1:]) for line in picture.lines[:4])), "slow"),
                ],
                [Sweep(VGroup(VGroup(*picture.lines[4][1:])), "rest"), appear(picture.end, picture.total)],
                appear(ring),
            ],
            stay=(),
        )

    def other_ways(self, trace: Trace) -> Iterator[Step]:
        """Close: other ways where they were trained, and the answer."""
        run = trace.under("experiment.positions_compared")
        if "exact" in run:
            means, kinds = run["exact.over_seeds"], ("waves", "learned", "none")
            waves, learned, none = (means.pick(choice=kind) for kind in kinds)
            verdict = claim(
                counts(*(run["exact"].pick(choice=kind) for kind in kinds[:2])),
                "A difference beyond chance, this early.",
                "Waves or learned: we can’t tell it from chance.",
            )
            names = ("waves", "a learned row for each place", "nothing")
            picture = OtherWays(
                f"whole sentences right after {run['steps']:,.0f} steps",
                list(zip(names, (waves, learned, none), strict=True)),
            )
            centred(picture, -0.06)
            read = {side: run["place_read.over_seeds"].pick(model=side) for side in ("decoder", "encoder")}
            facts = facts_in_line(
                *((f"{share:.0%}", f"of the place can be read off {side} rows") for side, share in read.items())
            )
            counting = run["place_read"].pick(model="decoder").values.min() > 0.1 > abs(read["encoder"])
            mask = (
                "Without places, a decoder’s row still betrays some: its mask shows it only what came before."
                if counting
                else "Without places, no row betrays where it stands."
            )
            yield Step(
                "Other ways to tell the place",
                say=f"Trained for {run['steps']:,.0f} steps, alike but for the places: waves {waves:.0%} right, "
                f"learned rows {learned:.0%}. {verdict} |Nothing at all: {none:.0%}. |{mask}",
                show=[
                    [
                        appear(picture.names, picture.title, picture.tracks),
                        appear_in_turn([*picture.bars[:2]]),
                        appear(*picture.numbers[:2]),
                    ],
                    appear(picture.bars[2], picture.numbers[2]),
                    appear(facts),
                ],
                stay=(),
            )
        yield from self.told(trace)

    def told(self, trace: Trace) -> Iterator[Step]:
        """Close: the shuffle again, with the places put back."""
        run = trace.under("experiment.shuffle")
        bare, placed = (run["typical"].pick(choice=kind, layer="last row") for kind in ("without", "with positions"))
        picture = OtherWays(
            "how far a word’s last row moves, as a share of the largest entry",
            [("shuffled, no places", bare), ("shuffled, with places", placed)],
            "the largest entry" if placed > 1 else "",
        )
        centred(picture, 0.06)
        line = in_line(trace[f"{self.embedding}.sum"].words("position"), 1500)
        line.next_to(picture, UP, buff=gap("part"))
        answer = at_floor(Answer("A sum forgets the order, so the place is written into the row."))
        yield Step(
            "Told the place, it knows",
            say=f"Shuffle {run['sentences']} new sentences. "
            + claim(bool(bare < ROUNDING), "Without places, no row changes", "Without places, rows change less")
            + f"; with them, typically by {placed:.0%} of the largest entry. |"
            "A sum forgets the order, so the place is written into the row. |"
            "Your turn: without places, what differs between “the red car” and “red the car”?",
            show=[
                [
                    appear_in_turn([*line]),
                    appear(picture.names, picture.title, picture.tracks),
                    appear_in_turn([*picture.bars]),
                    appear(picture.numbers),
                ],
                appear(answer),
                None,
            ],
            stay=(),
        )
