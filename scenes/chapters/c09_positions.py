"""Positional encoding and embeddings: why the model must be told where a word stands, and how it is told."""

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
from scenes.mobjects.clocks import Clocks
from scenes.mobjects.formulas import Formula
from scenes.mobjects.likeness import IndexAndWave, Likeness, Panel, reach_of
from scenes.mobjects.other_ways import OtherWays
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.rows import Answer
from scenes.mobjects.tip_to_tail import TipToTail, WhichWord, facts_in_line
from scenes.mobjects.tokens import in_line
from scenes.mobjects.trading import Staircase, TradingPlaces, two_orders
from scenes.mobjects.wording import layer_name, letter_of
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, Focus, embedding_of, first_in_sight, focus_of, stack_of
from transformer_core.studies.measures.selection import argmax_ratio, argmax_terms
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import NamedTensor, Trace

#: How many positions apart two tokens are where the map of all pairs is read out.
APART = 3
#: What the parts of a score are called: query first, key second.
CALLED = {
    "word with word": "word with word",
    "word with place": "word with position",
    "place with word": "position with word",
    "place with place": "position with position",
    "biases": "the biases",
}


class Positions(Chapter):
    """Shuffled words, a sum without order, clock hands, and the word that is still there after the adding."""

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
            yield from self.before_or_after(trace)
            yield from self.word_and_position(focus, trace)
            if not trace.about["config"]["embedding_norm"]:  # after a norm, a vector is no sum of word and position
                yield from self.a_score_knows_both(focus, trace)
        yield from self.other_ways(trace)

    def shuffled(self, trace: Trace) -> Iterator[Step]:
        """The question, and the measurement behind it."""
        plain, other = (trace[f"other.{key}.{self.first}.out"].pick(batch=0) for key in ("no_positions", "shuffled"))
        moved, order = trace[f"other.shuffled.{self.first}.out.permutation_difference"], trace["other.shuffled.order"]
        picture = TradingPlaces(plain, other, [int(i) for i in order.values])
        words = len(plain)
        told = (
            "Each word gets the same vector as before. |So attention cannot tell the two sentences apart."
            if words > 1 and moved < ROUNDING
            else "A single word has nobody to swap with. |With two, each would keep its vector."
            if words == 1
            else f"The vectors change by {moved:.0%} of the largest entry. |So this model tells the two apart."
        )
        fact = facts_in_line(
            (f"{moved:.0e}" if moved > 0 else "none", "the largest difference between the two vectors of a word")
        )
        flights = tuple(
            fly(picture.chips[int(j)], picture.moved_chips[i], "row") for i, j in enumerate(order.values)
        )  # fmt: skip
        yield Step(
            "Why must the model be told the order?",
            say="The words of a sentence stand in order. Why must the model be told? |"
            "Take away the positional encoding, the pattern of each position; let attention run, |"
            f"and shuffle the words. |{told}",
            show=[
                appear_in_turn([*picture.chips]),
                [appear(picture.names[0]), appear_in_turn([*picture.rows])],
                [(appear(picture.names[1]), *flights), appear_in_turn([*picture.moved_rows])],
                appear_in_turn([*picture.ways]),
                appear(fact) if words > 1 else None,
            ],
        )

    def shuffled_before(self, trace: Trace) -> Iterator[Step]:
        """The same question to a decoder, where only the last token attends to all words."""
        plain, other = (trace[f"other.{key}.{self.first}.out"].pick(batch=0) for key in ("no_positions", "shuffled"))
        moved: NamedTensor = trace[f"other.shuffled.{self.first}.out.permutation_difference_by_row"]
        order = [int(i) for i in trace["other.shuffled.order"].values]
        picture = TradingPlaces(plain, other, order)
        last, own = moved.label("position", len(order) - 1), moved.quantity(len(order) - 1)
        others = moved.pick(position=tuple(range(len(order) - 1))).largest()[-1] if len(order) > 1 else own
        told = (
            f"“{last}” keeps its vector. |The others now follow other words, so the causal mask tells a little."
            if others > ROUNDING > own
            else f"“{last}” keeps its vector. |Before it stand too few words to swap."
            if own < ROUNDING
            else f"The vector of “{last}” changes by {own:.0%} of the largest entry. |"
            "So this model tells the two apart."
        )
        facts = facts_in_line(
            (f"{own:.0e}" if own > 0 else "none", "how far the last vector moves"),
            (f"{others:.2f}", "another one, at most, relative to the largest entry"),
        )
        flights = (fly(picture.chips[j], picture.moved_chips[i], "row") for i, j in enumerate(order))
        yield Step(
            "Why must the model be told the order?",
            say="Must a model be told the order, if no token attends to later ones? |"
            "Take away the positional encoding, the pattern of each position; let attention run, |"
            f"and shuffle all words but the last. |{told}",
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
            f"Shuffle: the terms change their order, |but their sum stays {total:{picture.spec}}, "
            "because a sum has no order."
            if len(order) > 1
            else f"Here there is only one term. |Its sum is {total:{picture.spec}}, wherever the word stands: "
            "a sum has no order."
        )
        yield Step(
            "A sum has no order",
            say="Can’t the model trace which vector is which? A weighted sum cannot. |"
            f"An entry of a head’s output for “{query_token}” adds attention weight times value, word by word. |"
            f"{shuffle}",
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
        names = f"largest in “{query_token}”: {largest:.1f}", "a sine wave" if self.waves else "one entry"
        picture = IndexAndWave(numbers, wave, largest, names)
        last = numbers.quantity(len(numbers) - 1)
        drown = (
            f"That grows. The largest entry of “{query_token}” is {largest:.1f}; {last} would drown it. |"
            if last > 2 * largest
            else f"That grows with the sentence, up to {last} here. |"
        )
        instead = (
            "A sine wave never exceeds one, so our positional encoding is made of such waves."
            if self.waves
            else "Here each position has a learned vector instead: its positional encoding."
        )
        yield Step(
            "Why not just add the number?",
            say="A layer reads only the entries of a vector, so the position must be written into them. |"
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
        words = () if first_in_sight(trace, focus.stack) else part["sum"].words("position")  # they begin at position 0
        numbers, turns = part["position_numbers"], part["table_degrees_per_position"]
        places = min(len(numbers), max(12, len(words)))
        clocks = Clocks(part["table_sin_cos"], turns, numbers, words, places)
        count, width = part["sin_cos_pairs"], trace["config.d_model"]
        yield Step(
            "A position is a set of clock hands",
            say=f"Sine and cosine of one angle make a clock hand: {width} entries, {count} hands. Here are some. |"
            "Each position turns every hand by its own angle. |"
            "Fast hands tell neighbours apart, but soon repeat. Slow ones tell start from end: |"
            "together, they are like the digits of a number.",
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
        """The dot products of two position encodings: for waves they depend on the distance alone."""
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
            f"Always {product:.2f}, because each hand turns by its own fixed angle, wherever we begin. |"
            "So the dot product depends only on the distance."
            if by_distance
            else f"The first pair has {product:.2f}. These encodings follow no formula: |"
            f"pairs equally far apart differ by up to {spread:.2f}."
        )
        yield Step(
            "A step is a turn" if by_distance else "Which positions are alike?",
            say="How alike are the encodings of two positions? Take all dot products: bright means alike. |"
            f"Now compare all pairs at a distance of {distance}. |{told}",
            show=[
                appear(picture.map, picture.map_names),
                [appear(picture.plot, picture.ticks), appear_in_turn([*picture.band])],
                [slide(picture.band, picture.landed, "row"), appear(picture.value)],
                Sweep(picture.columns, "row"),
            ],
            stay=(),
        )

    def before_or_after(self, trace: Trace) -> Iterator[Step]:
        """The plain dot product has no direction; what a head makes of it can have one."""
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
        bare = Panel("encodings alone", alone, offsets, marked, None, distance, reach)
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
        before, after = (run[name].pick(head=head, distance=step) for name in ("before", "behind"))
        verdict = (
            f"Counting position only, the later key scores {after:.1f}, the earlier one {before:.1f}. |"
            "So direction is learned."
            if contrast > 1
            else f"After {after:.1f}, before {before:.1f}: less than the spread. |No head here prefers a direction."
        )
        yield Step(
            "Before or after?",
            say=f"But a key {distance} before the query, or as far after it, has the same dot product. |"
            f"Now apply a head’s query and key matrices, and average over {run['sentences']} new sentences. |{verdict}",
            show=[
                [appear(bare.zero, bare.title, bare.sides), fill(bare.bars, "row"), appear(bare.numbers)],
                [appear(seen.zero, seen.title, seen.sides), fill(seen.bars, "row")],
                appear(seen.whiskers, seen.numbers),
                None,
            ],
            stay=(),
        )

    def word_and_position(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Tip to tail, and the word is still there."""
        query_token, here = focus.query_token, focus.query_token.position
        part = trace.under(self.embedding, batch=0, position=here)
        angle, cosines, own = part["sum_angle"], part["cosine_with_words"], round(float(part["ids"]))
        arrows = TipToTail(part["sum_plane"], query_token, angle)
        which = WhichWord(cosines, own)
        centred(VGroup(arrows, which).arrange(RIGHT, buff=gap("part") * 1.3), -0.04)
        best = cosines.largest()[0]
        found = (
            f"No: by cosine, which compares directions, the nearest of all tokens is still “{query_token}”. |"
            if best.position == own
            else f"By cosine, which compares directions, the nearest of all tokens is “{best}”. |"
        )
        apart = f"almost at right angles, {angle:.0f}°" if abs(angle - 90) < 10 else f"{angle:.0f}° apart"
        run = trace.under("experiment.word_from_sum")
        facts, told = VGroup(), "Training learns the embeddings inside such sums."
        if "recovered" in run:
            right = run["recovered"] if run["recovered"] >= 0.9 else run["reader"]
            reader = Phrase("the nearest is right" if run["recovered"] >= 0.9 else "a linear probe finds it")
            told = f"For every word at every position, {reader} in {right:share}."
            facts = facts_in_line(
                (f"{right:share}", f"right, of {run['words']} words at each of {run['positions']} positions")
            )
        yield Step(
            "Why doesn’t adding break the word?",
            say=f"Draw the embedding as an arrow, then that of its position: {apart}. |"
            f"Does the sum forget the word? |{found}{told}",
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
        names = [CALLED[name] for name in parts.labels["part"]]
        picture = Staircase(parts.quantities(), names, score, high=400)
        centred(picture, 0.06)
        formula = Formula("(e + p) W = e W + p W", 44).next_to(picture, UP, buff=gap("grid"))
        formula.set_x(0)
        biggest = max(range(len(names)), key=lambda i: abs(float(parts.values[i])))
        ring = ring_around(VGroup(*picture.lines[biggest]), roomy=True)
        same = "itself" if top_key.position == here else f"“{top_key}”"
        yield Step(
            "A score knows word and position",
            say="A matrix times a sum is the sum of its products with both parts. |"
            f"So the score of “{query_token}” with {same}, in head {letter_of(head)}, {layer_name(0)}, "
            "splits in four; |"
            f"biases give the rest. Together they make {score:{picture.spec}}. |"
            f"Here the largest part is {Phrase(names[biggest])}.",
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
                "This early, that is more than chance.",
                "That may be chance.",
            )
            names = ("sine waves", "a learned vector for each", "nothing")
            picture = OtherWays(
                f"whole sentences right after {run['steps']:,.0f} steps",
                list(zip(names, (waves, learned, none), strict=True)),
            )
            centred(picture, -0.06)
            read = {side: run["place_read.over_seeds"].pick(model=side) for side in ("decoder", "encoder")}
            facts = facts_in_line(
                *((f"{share:.0%}", f"of the position can be read from {side} vectors") for side, share in read.items())
            )
            counting = run["place_read"].pick(model="decoder").values.min() > 0.1 > abs(read["encoder"])
            mask = (
                "Yet a decoder partly knows it: its third token sees three tokens, its fourth four."
                if counting
                else "Then no vector tells where it stands."
            )
            yield Step(
                "Other ways to tell the position",
                say="Train models that differ only in this. "
                f"Sine waves get {waves:.0%} of new sentences right, learned vectors {learned:.0%}. {verdict} |"
                f"With no positions at all: {none:.0%}. |{mask}",
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
        """Close: the shuffle again, with the positions put back."""
        run = trace.under("experiment.shuffle")
        bare, placed = (run["typical"].pick(choice=kind, layer="last row") for kind in ("without", "with positions"))
        picture = OtherWays(
            "how far a word’s last vector moves, relative to the largest entry",
            [("shuffled, no positions", bare), ("shuffled, with positions", placed)],
            "the largest entry" if placed > 1 else "",
        )
        centred(picture, 0.06)
        line = in_line(trace[f"{self.embedding}.sum"].words("position"), 1500)
        line.next_to(picture, UP, buff=gap("part"))
        answer = at_floor(Answer("A sum forgets the order, so each embedding gets its position added."))
        yield Step(
            "With positions, the order counts",
            say=f"Shuffle {run['sentences']} new sentences. "
            + claim(
                bool(bare < ROUNDING), "Without positions, no vector changes", "Without positions, vectors change, too"
            )
            + f"; with them, typically by {placed:.0%} of the largest entry. |"
            "A sum forgets the order, so each embedding gets its position added. |"
            "Your turn: without positions, what differs between “the red car” and “red the car”?",
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
