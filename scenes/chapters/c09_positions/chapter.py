"""Positional encoding and embeddings: why the model must be told where a word stands, and how it is told."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from manim import VGroup

from scenes.animations import (
    Flight,
    Sweep,
    Through,
    Visit,
    appear,
    appear_in_turn,
    draw,
    exchange,
    fill,
    follow,
    leave,
    move_ring,
    reshape,
    ring_around,
    slide,
)
from scenes.chapters.c09_positions.clocks import (
    DotProductReadout,
    LargeSineDial,
    OffsetBars,
    PositionClocks,
    PositionProducts,
)
from scenes.chapters.c09_positions.sums import (
    AddedPosition,
    NearestTokens,
    NumberOrWave,
    OfferedVectors,
    TipToTail,
    TradingPlaces,
    TwoOrders,
    WithAndWithout,
    both_orders,
    shuffled_order,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.curves import Curves
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.text import Words
from scenes.mobjects.wording import head_name
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.focus import DECODER, Focus, embedding_of, first_in_sight, focus_of, layers_of, stack_of
from transformer_core.studies.measures.selection import argmax_ratio, argmax_terms
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import NamedTensor, Trace

#: How the ways to tell a position are called, and their roles.
WAYS = {
    "waves": ("sine waves", "weight"),
    "learned": ("learned vectors", "residual"),
    "none": ("no positions", "warning"),
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
        embedding, first = trace.under(embedding_of(focus.stack)), f"{focus.stack}.0.self_attn"
        waves = trace.about["config"]["positions"] in ("interleaved", "halves")
        yield from self.shuffled(focus, trace, first)
        plain, other = (trace[f"other.{key}.{first}.weights"].words("key") for key in ("no_positions", "shuffled"))
        ribbons = both_orders(plain, other)
        yield from self.a_sum_has_no_order(focus, trace, first, *ribbons)
        if "positional" in embedding:
            yield from self.not_the_index(focus, trace, embedding, ribbons[0], waves)
            clocks = None
            if waves:
                words = () if first_in_sight(trace, focus.stack) else embedding["sum"].words("position")
                clocks = PositionClocks(embedding, words)
                yield from self.clock_hands(trace, embedding, clocks)
                clocks = yield from self.a_step_is_a_turn(embedding, clocks)
            else:
                yield from self.which_are_alike(embedding)
            arrows = yield from self.word_and_position(focus, trace, embedding, clocks)
            if waves:
                yield from self.before_or_after(trace, embedding, arrows)
        yield from self.other_ways(trace, embedding, waves)
        if "positional" in embedding:
            yield from self.with_positions(focus, trace, embedding, first)

    def shuffled(self, focus: Focus, trace: Trace, first: str) -> Iterator[Step]:
        """The question, and what was measured; in a decoder only the last word sees the same words as before."""
        ahead = focus.stack == DECODER
        picture = TradingPlaces(trace, first)
        by_word: NamedTensor = trace[f"other.shuffled.{first}.out.permutation_difference_by_row"]
        *_, last = by_word.words("position")
        words = len(by_word)
        compared = [words - 1] if ahead else [*range(words)]
        most = max((by_word.quantity(i) for i in compared), key=float)
        same = bool(most < ROUNDING)
        changed = f"The vectors change by {most:.0%} of the largest entry."
        if ahead:
            told = claim(same, f"“{last}” has the same vector as before.", changed)
            rest = claim(
                bool(by_word.values.max() > ROUNDING),
                "The others now follow other words, so the causal mask tells a little of the order.",
                "Before it stand too few words to trade places.",
            )
        else:
            told = claim(same, "Each word gets the same vector as before: vectors only travel along.", changed)
            rest = claim(
                same,
                "So attention among all words cannot tell the two apart: it must be told the order.",
                "So this model tells the two sentences apart, even without positions.",
            )
        if words == 1 and not ahead:
            told = "A single word has nobody to trade places with."
            rest = "With two, each would keep its vector: attention must be told the order."
        yield Step(
            "Why must the model be told the order?",
            beat(
                "Give attention nothing but the embeddings of these words: it makes a vector for each.",
                appear(picture.names[:2], picture.band),
                picture.attend(),
            ),
            beat(
                claim(
                    ahead,
                    "Now shuffle all words but the last, and let it run again.",
                    "Now shuffle the words, and let it run again.",
                ),
                picture.trade_places(),
                appear(picture.names[2:], picture.other_band),
                picture.attend(again=True),
            ),
            beat(told, (draw(*(picture.ways[i] for i in compared), kind="row"), picture.along(compared))),
            beat(rest, *(appear(ring_around(VGroup(*row))) for row in picture.rows_of(compared))),
            stage=[picture.ribbon],
        )

    def a_sum_has_no_order(
        self, focus: Focus, trace: Trace, first: str, upper: Ribbon, lower: Ribbon, between: Room
    ) -> Iterator[Step]:
        """Inside one head: the same terms as arrows, in another order."""
        order = shuffled_order(trace)
        plain, other = (trace.under(f"other.{key}.{first}", batch=0) for key in ("no_positions", "shuffled"))
        query_token = plain["z"].words("query")[-1] if focus.stack == DECODER else focus.query_token
        here, there = query_token.position, order.index(query_token.position)
        head, _ = argmax_terms(plain["weighted_v"].pick(query=here))
        terms, others = (
            run["weighted_value_plane"].pick(head=head, query=at) for run, at in ((plain, here), (other, there))
        )
        picture = TwoOrders(terms, others, between)
        yield Step(
            "A sum has no order",
            beat(
                f"Why? For “{query_token}”, a head makes a weighted sum: values times their attention weights.",
                (appear(picture.origin), upper.mark({here: "query"})),
                picture.grow(picture.chains[0]),
                appear(picture.end),
            ),
            beat(
                "Shuffle: queries and keys are made of the words alone, so the weights are the same.",
                (lower.mark({there: "query"}), leave(picture.names[0]), picture.fade()),
                tuple(Flight(upper.chips[j], lower.chips[i], kind="slow") for i, j in enumerate(order)),
            ),
            beat("The same terms now follow one another in the new order.", picture.grow(picture.chains[-1])),
            beat(
                "They lead to the same point, because a sum has no order.",
                draw(picture.output, kind="slow"),
                appear(picture.output_name),
            ),
            stage=[upper, lower],
        )

    def not_the_index(
        self, focus: Focus, trace: Trace, embedding: Trace, ribbon: Ribbon, waves: bool
    ) -> Iterator[Step]:
        """A bare number grows, and a wave does not: the word rides on what is added to each of its entries."""
        query_token = focus.query_token
        picture = NumberOrWave(embedding, query_token, ribbon.below(STAGE), waves)
        largest, last = picture.largest, picture.lifts[-1]
        entries = embedding["token"].pick(batch=0, position=query_token.position).quantities()
        scaled = all(abs(entry) < largest for entry in entries)
        first = claim(scaled, f"Times the root of {trace['config.d_model']}, the word’s", "The word’s")
        word, here = picture.word, picture.place
        back = Through(word, picture.counted[::-1], "row")
        closing = [beat("Here each position has learned entries instead.", back, slide(word, picture.learned, "slow"))]
        if waves:
            (first_wave, second_wave), again = picture.waves, picture.again
            spots, others = ([wave.entries[place] for place in (0, again)] for wave in picture.waves)
            rings = [*map(ring_around, spots)]
            closing = [
                beat(
                    "A sine wave never exceeds one, so the word stays in sight.",
                    back,
                    (Through(word, picture.waved[:1], "row"), reshape(picture.token_name, picture.raised_name)),
                    (appear(first_wave.zero, picture.wave_names[0]), *picture.wave()),
                ),
                beat(
                    claim(
                        picture.near,
                        f"But one alone repeats: {picture.lifts[again]} looks like {picture.lifts[0]}. "
                        "A slower one tells them apart.",
                        "But one alone repeats. Slower ones help.",
                    ),
                    (leave(picture.ring), *map(appear, rings)),
                    (appear(second_wave.zero, picture.wave_names[1]), Sweep(second_wave.entries, "row")),
                    tuple(move_ring(*pair) for pair in zip(rings, others, strict=True)),
                ),
            ]
        yield Step(
            "Why not just add the number?",
            beat(
                "A layer reads only vectors, so one way is to write positions into them.",
                (ribbon.mark({ribbon.place(query_token): "residual"}), appear(word[:5], picture.token_name)),
                fill(picture.entries, "slow"),
                appear(picture.peak),
            ),
            beat(
                "As a plain number, one more for each word?",
                (leave(picture.peak), appear(picture.numbers, picture.position_name, picture.ring)),
                picture.count(slice(here + 1)),
            ),
            beat(
                claim(
                    bool(last > 2 * largest),
                    f"{first} entries stay within {largest:.1f}. At position {last}, it drowns.",
                    f"{first} entries stay within {largest:.1f}, and the number grows to {last}.",
                ),
                picture.count(slice(here, None)),
            ),
            *closing,
            stage=[ribbon],
        )

    def clock_hands(self, trace: Trace, embedding: Trace, clocks: PositionClocks) -> Iterator[Step]:
        """The set piece: many waves of falling speed are the hands of clocks, and a row is read off them."""
        count, width = embedding["sin_cos_pairs"], trace["config.d_model"]
        large = LargeSineDial(clocks.dials[0].tensor, embedding["position_numbers"], STAGE)
        middle = len(clocks.columns) // 2
        fast, slow = VGroup(*clocks.columns[: max(1, middle)]), VGroup(*clocks.columns[middle:])
        ring = ring_around(fast)
        yield Step(
            "A position is a set of clock hands",
            beat("Picture a clock hand. How far right it reaches is a sine, how far up a cosine.", *large.readings()),
            beat(
                "At each word, it ticks. "
                + claim(large.again, f"After {large.later} steps, it is almost where it began: one is not enough.", ""),
                leave(large.legs),
                large.tick(),
            ),
            beat(
                f"{width} entries make {count} such hands; here are some.",
                (
                    leave(large.start, large.names, large.numbers, *large.bars),
                    *exchange([large.dial, large.hand], [clocks.faces[0], clocks.hands[0]]),
                ),
                (appear_in_turn([*clocks.faces[1:]]), appear_in_turn([*clocks.hands[1:]]), appear(clocks.speeds)),
                appear(clocks.heads, clocks.title, clocks.numbers),
            ),
            beat("Each is slower than the last: together, a positional encoding.", clocks.grow()),
            beat("Fast ones tell neighbours apart,", (leave(clocks.ring), appear(ring))),
            beat("slow ones tell start from end:", move_ring(ring, slow)),
            beat("like digits of a number.", move_ring(ring, clocks.rows[-1])),
            stage=[large.dial, large.start, large.hand],
        )

    def a_step_is_a_turn(self, embedding: Trace, clocks: PositionClocks) -> Generator[Step, None, PositionClocks]:
        """Two positions are as alike as their distance says: both hands of each clock turn alike."""
        products, numbers = embedding["position_products"], embedding["position_numbers"]
        products_map = PositionProducts(products, numbers, STAGE)
        apart, way = products_map.apart, clocks.places[: len(clocks.places) - products_map.apart]
        placed, told, foot = clocks.beside(products_map.beside(STAGE))
        pairs, others = (some.pairs_at(way[0], apart) for some in (clocks, placed))
        readout = DotProductReadout(products, numbers, apart, foot)
        start, distance, count = numbers.quantity(0), numbers.quantity(apart), embedding["sin_cos_pairs"]
        sectors, ours, theirs = ([pair[k] for pair in pairs] for k in range(3))
        rewound, diagonal = clocks.hands_at(way[0]), products_map.diagonal
        some = Words(f"some of {count} clocks", "fact", "ink2").settle(told.centre)

        def pass_over(places: range, kind: str = "slow") -> tuple[object, ...]:
            """The first position runs over some places: hands, the map and the numbers go along."""
            turned = placed.turn(others, places, placed.pairs_at(places[-1], apart), kind)
            return turned, Visit(products_map.lit, [diagonal[i] for i in places], kind), *readout.count(places, kind)

        yield Step(
            "A step is a turn",
            beat(
                f"How alike are two positions? An angle lies between the hands of {start} and {distance}.",
                clocks.turn(clocks.hands, [clocks.places[-1], way[0]], rewound, "row"),
                (*exchange([*clocks.hands], ours), appear(readout.names[0], readout.here)),
                (clocks.part(ours, theirs), appear(readout.names[1], readout.there)),
                appear(*sectors, rise=False),
            ),
            beat(
                f"Their dot product adds up the cosines of all {count} angles.",
                exchange([*clocks.faces, *pairs], [*placed.faces, *others]),
                appear(readout.names[2], readout.product, products_map.map, products_map.names, products_map.lit, some),
            ),
            beat(
                "A position further, both hands have turned alike: angle and dot product stay.",
                (draw(products_map.outline[0], kind="row"), *pass_over(way, "tour")),
            ),
            beat(
                "So the dot product of two positions depends only on their distance.",
                (appear(products_map.outline[1]), *pass_over(range(way[-1], len(diagonal)))),
            ),
            beat(
                "Many newer models rotate queries and keys likewise: rotary embeddings, RoPE.",
                pass_over(range(len(diagonal))[::-1]),
            ),
            stage=[clocks.faces, clocks.hands],
        )
        return placed

    def which_are_alike(self, embedding: Trace) -> Iterator[Step]:
        """The dot products of learned encodings, which follow no formula."""
        products, numbers = embedding["position_products"], embedding["position_numbers"]
        products_map = PositionProducts(products, numbers, STAGE)
        distance, spread = numbers.quantity(products_map.apart), embedding["position_products_spread"]
        yield Step(
            "Which positions are alike?",
            beat(
                "How alike are two positions? Take the dot products of all encodings.",
                appear(products_map.names, products_map.map),
            ),
            beat(
                f"Compare all pairs at a distance of {distance}.",
                appear(products_map.outline, rise=False),
                Visit(products_map.lit, products_map.diagonal, "slow"),
                appear(DotProductReadout(products, numbers, products_map.apart, products_map.beside(STAGE))),
            ),
            beat(f"Learned encodings follow no formula: pairs equally far apart differ by up to {spread:.2f}."),
            stage=[],
        )

    def word_and_position(
        self, focus: Focus, trace: Trace, embedding: Trace, clocks: PositionClocks | None
    ) -> Generator[Step, None, TipToTail]:
        """Entry by entry, tip to tail; and the word is still there."""
        query_token, here = focus.query_token, focus.query_token.position
        part = embedding.under("", batch=0, position=here)
        angle, cosines, own = part["sum_angle"], part["cosine_with_words"], round(float(part["ids"]))
        best, run = cosines.largest()[0], trace.under("experiment.word_from_sum")
        alone = "recovered" in run and bool(run["recovered"] >= 0.9)
        share = (run["recovered"] if alone else run["reader"]) if "recovered" in run else None
        measured = f"words found again, of {run['words']} at {run['positions']} positions" if share is not None else ""
        left, right = STAGE.golden_columns()
        arrows = TipToTail(part, query_token, left)
        nearest = NearestTokens(cosines, own, share, measured, right)
        added = AddedPosition(part, query_token)
        place, word, total = added.rows
        clocks = clocks if here < len(embedding["position_numbers"]) else None
        hands = [clocks.faces, clocks.hands_at(here)] if clocks else []
        found = claim(
            bool(best.position == own),
            f"No: by cosine, the nearest of all tokens is still “{query_token}”.",
            f"By cosine, the nearest of all tokens is “{best}”.",
        )
        told = "Training learns the embeddings inside such sums."
        if share is not None:
            told = claim(
                alone,
                f"Over all words and positions of the training, the nearest is right in {share:share}.",
                f"Over all words and positions of the training, a linear reader finds it in {share:share}.",
            )
        yield Step(
            "Does adding break the word?",
            beat(
                claim(
                    clocks is not None,
                    "All hands of a position are a vector, and it is added to the embedding of the word there.",
                    "The encoding of a position is added to the embedding of the word there.",
                ),
                (
                    *([clocks.into(place), leave(*hands), follow(place)] if clocks else [appear(place)]),
                    follow(added.names[0]),
                ),
                appear(word, added.names[1]),
                (added.meet(), follow(total)),
                appear(added.names[2]),
            ),
            beat(
                claim(
                    abs(angle - 90) < 10,
                    f"As arrows, the two lie almost at right angles: {angle:.0f}°.",
                    f"As arrows, the two lie {angle:.0f}° apart.",
                ),
                (
                    appear(arrows.origin),
                    leave(*added.names),
                    *exchange([*added.rows], [arrows.place, arrows.word, arrows.total]),
                ),
                appear(arrows.chip, arrows.place_name, arrows.total_name),
                (draw(arrows.angle), appear(arrows.degrees)),
            ),
            beat(
                f"Does the sum forget the word? {found}",
                appear(nearest.title),
                appear_in_turn([*nearest.lines[::-1]], "slow"),
                appear(ring_around(nearest.lines[0][0])),
            ),
            beat(told, *([appear(nearest.share_name), appear(nearest.share)] if share is not None else [])),
            stage=hands,
        )
        return arrows

    def before_or_after(self, trace: Trace, embedding: Trace, arrows: TipToTail) -> Iterator[Step]:
        """The plain dot product has no direction; what a head makes of it can have one."""
        run = trace.under("experiment.direction")
        if "asymmetry" not in run:
            return
        head, step, contrast = argmax_ratio(run["asymmetry"], run["asymmetry_spread"])
        products, distance = embedding["position_products"], embedding["position_numbers"].quantity(step + 1)
        offsets = [int(label) for label in run["place_with_place"].labels["offset"]]
        marked, middle = (-(step + 1), step + 1), max(offsets)
        alone = [products.quantity(middle, middle + offset) for offset in offsets]
        through = run["place_with_place"].pick(head=head).quantities()
        bare, seen = (
            OffsetBars(entries, offsets, distance, room, [*alone, *through])
            for entries, room in ((alone, STAGE.golden_columns()[1]), (through, STAGE))
        )
        before, after = (run[name].pick(head=head, distance=step) for name in ("before", "behind"))
        rings = [ring_around(bare.bars[offsets.index(offset)]) for offset in marked]
        formula = bare.heading(Formula("(e + p) W = e W + p W", LARGE))
        averaged = f"part of a score from positions: mean over all pairs of {run['sentences']} sentences"
        name = bare.heading(Words("dot product of the encodings alone", "block", "ink2"))
        measured, symbols = seen.heading(Words(averaged, "block", "ink2")), arrows.symbols()
        yield Step(
            "Before or after?",
            beat(
                f"Is a key before its query, or after it? {distance} before or {distance} after: the same dot product.",
                (appear(name, bare.zero, bare.sides), fill(bare.bars, "slow")),
                (appear(bare.numbers), *map(appear, rings)),
            ),
            beat(
                "But W_Q and W_K come first, and a matrix acts on both parts of a sum.",
                leave(*rings, bare.numbers),
                (leave(name, *arrows.names), follow(formula), *map(follow, symbols)),
            ),
            beat(
                f"Look at the part of the scores from positions alone, in {head_name(layers_of(trace)[0], head)}.",
                (leave(formula, *arrows.whole, *symbols), follow(measured)),
                bare.become(seen),
            ),
            beat(
                f"A key {distance} after gets {after:.1f}, {distance} before {before:.1f}: "
                + claim(bool(contrast > 1), "direction is learned.", "no head here prefers a direction."),
                appear(seen.numbers),
                *(appear(ring_around(seen.bars[offsets.index(offset)])) for offset in marked),
            ),
            stage=[*arrows.whole, *arrows.names],
        )

    def other_ways(self, trace: Trace, embedding: Trace, sinusoidal: bool) -> Iterator[Step]:
        """Other ways, where they were trained: vectors below the sentence, and then how well models do with them."""
        run = trace.under("experiment.positions_compared")
        if "exact" not in run:
            return
        seeds = {kind: run["exact"].pick(choice=kind) for kind in WAYS}
        ends = {kind: (run["exact.over_seeds"].pick(choice=kind), ".0%") for kind in WAYS}
        (waves, _), (learned, _), (none, _) = ends.values()
        rows, steps = {kind: run["curve"].pick(choice=kind) for kind in WAYS}, run["step"]
        curves = Curves(steps, rows, WAYS, ends, steps.quantities()[1::2], STAGE)
        read = {side: run["place_read.over_seeds"].pick(model=side) for side in ("decoder", "encoder")}
        ways = [WAYS[kind] for kind in ("waves", "learned")]
        offered = OfferedVectors(embedding["positional"].pick(batch=0), ways) if sinusoidal else None
        yield Step(
            "Other ways to tell the position",
            beat("Other models learn a vector for each position.", *(offered.offer() if offered else [])),
            beat(
                f"Trained alike for {steps.quantity(-1):,.0f} steps, sine waves get {waves:.0%} of new "
                f"sentences right, learned vectors {learned:.0%}.",
                leave(*offered.whole) if offered else None,
                (appear(curves.plot), appear_in_turn([*curves.ticks])),
                *curves.drawn("waves", "learned"),
            ),
            beat(
                claim(
                    counts(seeds["waves"], seeds["learned"]),
                    "Here, waves learn faster; trained longer, both usually end alike.",
                    "The gap may be luck.",
                ),
                appear(ring_around(curves.labels["waves"])),
            ),
            beat(
                claim(
                    bool(run["place_read"].pick(model="decoder").values.min() > 0.1 > abs(read["encoder"])),
                    f"With no positions, {none:.0%}: a decoder partly knows them, as each word sees only earlier ones.",
                    f"With no positions at all, {none:.0%}: no vector tells where it stands.",
                ),
                *curves.drawn("none"),
                appear(ring_around(curves.labels["none"], "warning")),
            ),
            stage=offered.standing if offered else [],
        )

    def with_positions(self, focus: Focus, trace: Trace, embedding: Trace, first: str) -> Iterator[Step]:
        """Close: the sentence without positions and with them, shuffled side by side."""
        run = trace.under("experiment.shuffle")
        bare, placed = (run["typical"].pick(choice=kind, layer="last row") for kind in ("without", "with positions"))
        *words, last = trace[f"other.placed.{first}.out"].words("position")
        # In a decoder, the mask tells the others a little of the order.
        ahead = focus.stack == DECODER
        shown = [len(words)] if ahead else [*range(len(words) + 1)]
        picture = WithAndWithout(trace, first, embedding["positional"].pick(batch=0), shown)
        same, other = picture.shares
        without, along = range(len(picture.rounds))
        yield Step(
            "With positions, the order counts",
            beat(
                claim(
                    ahead,
                    f"A sum forgets the order. Without positions, attention makes a vector for “{last}”.",
                    "A sum forgets the order. Without positions, attention makes a vector for each word.",
                ),
                appear(picture.names[0], picture.sides),
                picture.dealt(without),
            ),
            beat("Let words trade places, compute anew,", picture.trade_places(without), picture.anew(without)),
            beat(
                claim(
                    max(same) < ROUNDING,
                    "and subtract what was there before: nothing is left.",
                    "and subtract what was there before: even so, something is left.",
                ),
                picture.subtracted(without),
            ),
            beat(
                "Now the encoding of each position is added.",
                picture.back(),
                (appear(picture.names[1]), appear_in_turn(picture.places)),
                picture.dealt(along),
            ),
            beat("Your turn: words trade places, positions stay. What changes?", picture.trade_places(along)),
            beat(
                claim(
                    max(other) > ROUNDING,
                    "With them, the vectors have become others.",
                    "With them, nothing either: there is nobody to trade places with.",
                ),
                picture.anew(along),
                picture.subtracted(along),
            ),
            beat(
                claim(
                    bool(bare < ROUNDING < placed),
                    f"So it is in {run['sentences']} new sentences, too.",
                    "Not all sentences show it as clearly.",
                ),
                appear(*map(ring_around, (picture.kept, picture.rounds[1][-1]))),
            ),
            stage=[picture.ribbon],
        )
