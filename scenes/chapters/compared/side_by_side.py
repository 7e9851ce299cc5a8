"""One sentence through two models, or through one before and after a change, with the difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from manim import VGroup

from scenes.animations import appear, appear_in_turn, follow, ring_around
from scenes.chapters.compared.differences import HeadTable, MovedTable, NextWords
from scenes.chapters.compared.pair_claims import counts, described, distances, partner, question, wrote
from scenes.chapters.compared.readings import Distances, TwoOutputs, TwoReadings
from scenes.mobjects.apart import DifferenceTrio, TwoRows, largest, seen_at
from scenes.mobjects.beside import SIDES, ComparedPair, Legend, SizeTable
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Beat, Chapter, Step, beat
from transformer_core.tracing.trace import Trace


class SideBySide(Chapter):
    """The same steps for two models, A and B, and what they differ by."""

    number = 1
    title = "Side by side"

    def steps(self, trace: Trace) -> Iterator[Step]:
        two = ComparedPair(trace)
        yield from self.who(two, trace)
        yield from self.what_they_read(two, trace)
        if two.stack:
            yield from self.one_row(two, trace)
            yield from self.one_head(two, trace)
            yield from self.all_heads(two, trace)
            yield from self.layer_by_layer(two, trace)
        if "diff.said" in trace:
            yield from self.next_word(trace)
        elif two.stack:
            yield from self.likeness(two, trace)
        yield from self.what_it_comes_to(two, trace)

    def who(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """Two names, what was made of them, their sizes."""
        legend, sizes = Legend(two), SizeTable(trace)
        compared, same = trace["diff.parameters.compared"], trace["diff.parameters.same"]
        if SizeTable.differ(trace):
            told = "What differs in size is marked: there nothing can be subtracted."
        elif same == compared:
            told = f"All {compared:,.0f} parameters are the same."
        else:
            told = "Each step shows A, then B, then what differs."
        yield Step(
            "Who stands side by side",
            beat(question(two), appear(legend.cards[0])),
            beat(described(two), appear(legend.cards[1])),
            beat(told, appear_in_turn([*sizes.lines]), appear(sizes.floor, sizes.equal)),
        )

    def what_they_read(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """The tokens of both: only what they read alike can be compared."""
        picture = TwoReadings(trace)
        words = [trace[f"{letter}.read"].words("position") for letter in SIDES]
        counts = [trace[f"{letter}.counted"] for letter in SIDES]
        if two.stack:
            told = "Both read the same tokens, so each vector of A has its like in B."
        elif tuple(words[0]) == tuple(words[1]):
            told = "The tokens are the same, but one has an encoder and the other has none: no vector has its like."
        else:
            told = "They cut the sentence differently, so no vector of one belongs to a vector of the other."
        yield Step(
            "What each of them reads",
            beat(
                f"The same sentence becomes {counted(counts[0], 'token')} in A and {counts[1]:.0f} in B.",
                appear(picture.signs),
                appear_in_turn([*picture.tokens]),
            ),
            beat(told, appear(picture.joins), appear(picture.marks, picture.note)),
            stage=[],
        )

    def one_row(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """The token whose vectors end up farthest apart, as they enter and as they leave."""
        stack = two.stack
        moved = trace[f"diff.{stack}.moved"].pick(layer=-1)
        token = moved.label("position", int(moved.values.argmax()))
        there = token.position
        picture = TwoRows.of(trace, stack, there, {letter: two.layers(letter) - 1 for letter in SIDES})
        widths = [trace[f"{letter}.config.d_model"] for letter in SIDES]
        distance = trace[f"diff.{stack}.moved"]
        first, end = (distance.quantity(layer, there) for layer in (0, len(distance) - 1))
        told = f"The vectors of “{token}” end up farthest apart. Orange is below zero, blue above."
        if two.same_width and not moved.values.any():
            told = f"The vector of “{token}” in A and in B, and B minus A."
            found = "B minus A is zero: both are the same to the last bit."
        elif two.same_width:
            told += " Below them stands B minus A."
            found = (
                f"At the input they are {first:share} of their lengths apart, "
                f"and after the last layer {end:share} of their lengths."
            )
        else:
            found = f"A vector of {widths[0]} entries and one of {widths[1]}: there is nothing to subtract."
        entering, *leaving = picture
        yield Step(
            f"The vector of “{token}”, twice", beat(told, appear(entering)), beat(found, appear(*leaving)), stage=[]
        )

    def one_head(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """The head that is farthest from its partner."""
        stack, seen = two.stack, two.sight
        layer, head, there = two.farthest()
        pair = [
            trace[f"{letter}.{stack}.{floor}.self_attn.weights"].pick(batch=0, head=of, query=seen, key=seen)
            for letter, floor, of in (("a", layer, head), ("b", *there))
        ]
        masked = trace[f"a.{stack}.{layer}.self_attn.masked"].pick(batch=0, head=head, query=seen, key=seen)
        apart = trace[f"diff.{stack}.attention"].pick(query=seen, key=seen)
        picture = DifferenceTrio(
            pair[0], pair[1], apart, masked=masked, names=[two.head_name(layer, head), two.head_name(*there)]
        )
        distance = trace[f"diff.{stack}.heads"].quantity(layer, head)
        most = largest(apart)
        at = seen_at(apart, most)
        query_token, key = apart.label("query", at[0]), apart.label("key", at[1])
        ours, theirs = (weights.quantity(*at) for weights in pair)
        if distance == 0:
            told = "No attention weight differs: the matrices are the same to the last bit."
        elif not most:
            told = "What differs is out of sight."
        elif two.seen:
            told = f"Farthest apart in sight: “{query_token}” gives “{key}” {ours:weight} in A, {theirs:weight} in B."
        else:
            told = f"Farthest apart: “{query_token}” gives “{key}” {ours:weight} in A, {theirs:weight} in B."
        yield Step(
            "The head that differs most" if distance else "One head, twice",
            *_matrices(
                picture,
                at if most else None,
                f"Attention weights: a row for each query. Layer {two.number(layer)}, head {two.number(head)} of A"
                f"{partner(two, there)}.",
                f"On average, a query of B puts {distance:share} of its attention elsewhere than in A.",
                told,
            ),
            stage=[],
        )

    def all_heads(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """Every head against its partner."""
        layer, head, _ = two.farthest()
        heads = trace[f"diff.{two.stack}.heads"]
        picture = HeadTable(heads, trace[f"diff.{two.stack}.numbers"], layer)
        mean, most = trace[f"diff.{two.stack}.heads_mean"], heads.quantity(layer, head)
        held = (
            "Each head of A is compared with the head of B at the same place."
            if trace.about["same_places"]
            else "Heads of two trainings have no order in common: each of A meets the head of B most like it."
        )
        told = (
            f"On average {mean:share} of a head’s attention lies elsewhere; of one head, {most:share}."
            if most
            else "All of them attend alike: nothing differs."
        )
        yield Step(
            "All heads, A against B",
            beat(held, appear(picture.letters, picture.names), appear_in_turn(picture.grid.rows)),
            beat("The brighter a cell, the more of its attention lies elsewhere.", appear(picture.ramp)),
            beat(told, appear(ring_around(picture.grid.cells[layer, head])) if most else None),
            stage=[],
        )

    def layer_by_layer(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """Show how far the vectors of A and B are apart, layer by layer from the input up."""
        stack = two.stack
        moved, distance = trace[f"diff.{stack}.moved"].pick(position=two.sight), trace[f"diff.{stack}.distance"]
        numbers = trace[f"diff.{stack}.numbers"] if two.same_depth else None
        of_a_cell = (
            "distance of the two vectors, in parts of their lengths"
            if two.same_width
            else "difference between the cosines with other tokens, in A and in B"
        )
        picture = MovedTable(moved, distance, numbers, of_a_cell)
        first, last = distance.quantity(0), distance.quantity(-1)
        measure = (
            "Each cell: how far the two vectors of a token are apart, in parts of their lengths."
            if two.same_width
            else "Widths differ. So each cell compares a token’s cosines with the others, in A and in B."
        )
        if not distance.values.any():
            told = "Nothing differs anywhere: both residual streams are the same."
        elif first == 0:
            told = f"Nothing differs at the input; at the end the vectors are {last:share} apart on average."
        else:
            told = f"On average the vectors are {first:share} apart at the input and {last:share} at the end."
        yield Step(
            "Where the two part ways",
            beat(measure, appear(picture.words, picture.names, picture.ramp), appear_in_turn(picture.grid.rows)),
            beat(told, appear(picture.mean, picture.means)),
            stage=[],
        )

    def next_word(self, trace: Trace) -> Iterator[Step]:
        """The same beginning, and what both would write next."""
        said = trace["diff.said"]
        place = int(said.values.argmax())
        sides = [trace[f"{letter}.probs"].pick(batch=0, position=place) for letter in SIDES]
        apart = trace["diff.probs"].pick(batch=0, position=place)
        labels = said.words("position")[: place + 1]
        picture = NextWords(sides[0], sides[1], apart, labels)
        (word, share), (other, other_share) = (side.largest() for side in sides)
        moved = said.quantity(place)
        if moved == 0:
            told = "Every probability is the same."
        elif word == other:
            told = f"Both would write “{word}”: A with {share:share}, B with {other_share:share}."
        else:
            told = f"A would write “{word}” ({share:share}), B “{other}” ({other_share:share})."
        here = ": here their next words are farthest apart" if moved else ""
        gone = [beat(f"B puts {moved:share} of the probability elsewhere than A.")] if moved else []
        yield Step(
            "Which word comes next?",
            beat(
                f"Both have read the same so far, up to “{labels[-1]}”{here}.",
                appear(picture.context),
                appear(picture.heads, picture.zero),
            ),
            beat(told, appear_in_turn([*picture.lines])),
            *gone,
            stage=[],
        )

    def likeness(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """Compare two encoders by the cosine of each pair of their last vectors."""
        stack, seen = two.stack, two.sight
        first, second, apart = (
            trace[f"{letter}.{stack}.likeness"].pick(query=seen, key=seen) for letter in ("a", "b", "diff")
        )
        picture = DifferenceTrio(first, second, apart, shares=False)
        most = largest(apart)
        at = seen_at(apart, most)
        one, other = apart.label("query", at[0]), apart.label("key", at[1])
        told = (
            f"The cosine of “{one}” and “{other}” is {first.quantity(*at):.2f} in A, {second.quantity(*at):.2f} in B."
            if most
            else "No pair in sight differs."
            if two.seen
            else "No pair differs."
        )
        yield Step(
            "What is like what?",
            *_matrices(
                picture,
                at if most else None,
                "The cosine of each pair of last vectors: one for the same direction, zero at a right angle.",
                "So models of different widths can be compared.",
                told,
            ),
            stage=[],
        )

    def what_it_comes_to(self, two: ComparedPair, trace: Trace) -> Iterator[Step]:
        """Outputs side by side, and the distances once more."""
        writes = any(trace[f"{letter}.config.output_words"] for letter in SIDES)
        lines = TwoOutputs(two, writes)
        first = trace["diff.first"].words("choice")
        verdicts = Distances(distances(two, trace), counts(trace), lines.foot)
        points, equal = trace["diff.points"], trace["diff.equal_points"]
        if points == 0:
            claim = "Nothing in the two passes can be subtracted."
        elif not first:
            claim = f"All {points} tensors that can be compared are the same to the last bit."
        else:
            claim = f"Of {points} tensors that can be compared, {equal} are the same to the last bit."
        both, found = appear_in_turn([*lines.lines]), appear_in_turn([*verdicts.lines])
        said = f"{wrote(two)}{claim}"
        yield Step(
            "How far apart are they?",
            *(
                [beat(said, both), beat(f"The first tensor that differs is {first[0]}.", found)]
                if first
                else [beat(said, both, found)]
            ),
            stage=[],
        )


def _matrices(picture: DifferenceTrio, most: Sequence[int] | None, *said: str) -> list[Beat]:
    """The matrices of A and B, then their difference, then a ring around the entry that differs most."""
    one, other, found = said
    return [
        beat(
            one,
            appear(picture.row_words, picture.column_words, picture.heads[:2], picture.called),
            appear(*picture.grids[:2], picture.ramp),
        ),
        beat(other, follow(VGroup(picture.grids[2], picture.heads[2])), appear(picture.note)),
        beat(found, appear(ring_around(picture.difference(*most))) if most else None),
    ]
