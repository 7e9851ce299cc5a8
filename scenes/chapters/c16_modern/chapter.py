"""From 2017 to today: each block of a language model beside the one that the viewer has seen."""

from __future__ import annotations

from collections.abc import Iterator

from manim import Mobject, VGroup

from scenes.animations import (
    Wipe,
    appear,
    appear_in_turn,
    draw,
    exchange,
    follow,
    leave,
    pulses,
    reshape,
    ring_around,
)
from scenes.chapters.c16_modern.blocks import (
    CacheArea,
    GatedUnits,
    ModelsToScale,
    NormedVector,
    SharedKeys,
    size_of,
)
from scenes.chapters.c16_modern.dials import ALONE, RotaryDials
from scenes.chapters.c16_modern.plan import (
    CHANGED,
    KEY,
    MOVED,
    NORMED,
    QUERY,
    OpenLayer,
    TranslatorToDecoder,
    UnchangedParts,
)
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.tracing.trace import Trace


class Modern(Chapter):
    """Decoder alone, RMSNorm, rotary positions, SwiGLU, shared keys, the size of the cache, and what stayed."""

    number = 16
    title = "From the first Transformer to today"
    recorded = "modern_blocks"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run = trace.under("experiment.modern_blocks")
        year = run["years"].pick(part="Vaswani et al.")
        norms, dials, sharing = ("norm 1", "norm 2"), RotaryDials(run, QUERY, KEY), SharedKeys(run)
        yield from self.decoder_alone(run, OpenLayer(year, (), first=True), OpenLayer(year, ()))
        yield from self.divide_only(run, OpenLayer(year, ()))
        docked, again = (OpenLayer(year, (*norms, "positions")) for _ in range(2))
        yield from self.turned(run, OpenLayer(year, norms), docked, dials)
        yield from self.only_the_distance(run, dials)
        yield from self.a_gate(run, again)
        attention = OpenLayer(year, (*norms, "positions", "feed-forward"))
        yield from self.shared_keys(run, attention, sharing)
        cache = CacheArea(run, sharing)
        yield from self.a_third(run, sharing, cache, attention.ground)
        yield from self.how_large(run)
        cross = trace["experiment.emergence.decoder.1.cross_attn.weights"]
        trained = cross.pick(checkpoint=cross.size("checkpoint") - 1, batch=0, head=0)
        yield from self.what_stayed(UnchangedParts(year, trained))

    def decoder_alone(self, run: Trace, plan: OpenLayer, today: OpenLayer) -> Iterator[Step]:
        """The question; the translator loses its encoder, and grows."""
        both = TranslatorToDecoder(run["layers"])
        ring = ring_around(both.encoder.plate)
        few, many = (run["layers"].pick(part=part) for part in ("decoder", "SmolLM2"))
        _, name, _ = run["parameters"].words("model")
        yield Step(
            "What has changed since the first Transformer?",
            beat(
                f"Our translator is built nearly as in {run['years'].quantity(0):.0f}. "
                "How much of it is in today’s language models?",
                appear_in_turn([*both.encoder.boxes.values()]),
                draw(*both.roads),
                ambient=pulses(both.roads),
            ),
            beat("They continue one text alone:", appear(ring), ambient=pulses(both.roads)),
            beat("so the encoder goes,", (leave(ring), *both.step_forward())),
            beat("and with it cross-attention, which asked the encoder.", leave(*both.crossing), both.close_up()),
            stage=[both.encoder.plate, both.encoder.title, both.decoder],
            noted=False,
        )
        yield Step(
            "Norms come first now",
            beat(
                f"The decoder is left, and grows: from {few:.0f} layers to the {many:.0f} of {name}.",
                both.fold(),
                (both.grow(), appear(both.many.title)),
            ),
            beat(
                "Open a layer: each part changed a little.",
                *plan.opened(both.many),
                *plan.climb(),
            ),
            beat(
                "Norms come before each sublayer now, as in our translator: the stream is only added to.",
                leave(*plan.piles),
                *plan.become(today, *today.piles, today.called),
                *today.climb(),
            ),
            noted=False,
        )

    def divide_only(self, run: Trace, plan: OpenLayer) -> Iterator[Step]:
        """Layer norm takes the mean off a vector and leaves outlines; RMSNorm fills them without that."""
        picture, year = NormedVector(run), run["years"].pick(part="Zhang and Sennrich")
        (spread, size), (one, other) = picture.bands, picture.ones
        yield Step(
            "RMSNorm only divides",
            beat(
                f"The norm first: a vector of “{run['tokens'].label('position', NORMED)}”.",
                *plan.into("norm 1", picture.zero, picture.drawn),
                appear_in_turn([*picture.before]),
            ),
            beat(
                "Layer norm takes off the mean, then divides by the standard deviation.",
                appear(picture.norms[0], picture.level),
                exchange([picture.before, picture.level], [picture.centred, picture.fallen], "row"),
                (leave(picture.fallen), follow(spread)),
                *picture.divide([picture.centred, spread], [picture.divided, one]),
            ),
            beat(
                f"RMSNorm (Zhang and Sennrich, {year:.0f}) only divides, by the root of the mean square.",
                appear(picture.outlines),
                (leave(one), *exchange([picture.divided], [picture.again], "row"), appear(picture.norms[1])),
                appear(size),
            ),
            beat(
                "Do its bars fit into those outlines?",
                *picture.divide([picture.again, size], [picture.within, other]),
            ),
            beat(
                claim(
                    picture.alike,
                    "No difference to be seen, for the mean was next to nothing,",
                    "They differ, for the mean was not small,",
                ),
                draw(picture.mean[0], kind="row"),
            ),
            beat(
                f"typically {run['mean_share']:.0%} of the root mean square.",
                appear(picture.share),
            ),
            stage=[plan],
        )

    def turned(self, run: Trace, plan: OpenLayer, docked: OpenLayer, dials: RotaryDials) -> Iterator[Step]:
        """Rotary positions: nothing is added; each pair of a query turns."""
        ring = ring_around(plan.boxes["positions"])
        first, year = run["turns"].quantity(0), run["years"].pick(part="Su et al.")
        once, again = map(dials.tick, range(ALONE))
        yield Step(
            "RoPE: a position turns the query",
            beat("The translator adds positions to its embeddings. Here, nothing is added.", appear(ring)),
            beat(
                f"Queries and keys turn instead: rotary positions, RoPE (Su et al., {year:.0f}).",
                leave(ring),
                *plan.become(docked),
                *docked.into("attention", dials.vectors["query"], dials.names["query"], dials.large),
            ),
            beat(
                f"Two entries of the query of “{dials.labels['query']}” become a clock hand.",
                dials.begin(),
                appear(dials.numbers, dials.chips["query"]),
            ),
            beat(f"A position further, it turns by {first:.0f}°, and so on:", *once, *again),
            beat("here, a position is an angle.", *dials.spread()),
            beat(
                "Every pair turns by an angle of its own: some fast, some slowly.",
                appear(dials.traces, rise=False),
                dials.roll({"query": range(ALONE, QUERY + MOVED + 1)}),
            ),
            stage=[plan],
        )

    def only_the_distance(self, run: Trace, dials: RotaryDials) -> Iterator[Step]:
        """Both tokens move: the score stays. One moves: it changes."""
        moved = run["positions"].quantity(MOVED)
        queries, keys = (range(start, start + MOVED + 1) for start in (QUERY, KEY))
        end, back, half = queries[-1], range(keys[-1], -1, -1), MOVED // 2
        scores, score, between = run["scores"], dials.score(QUERY, KEY), dials.sectors(QUERY, KEY)
        after, adds = scores.pick(query=end, key=keys[-1]), dials.columns(QUERY - KEY)
        stays = bool(abs(after - scores.pick(query=QUERY, key=KEY)) < ROUNDING)

        def together(way: slice) -> tuple[object, ...]:
            rolled = dials.roll({"query": queries[way], "key": keys[way]}, between)
            return rolled, dials.counted(score, queries[way], keys[way])

        def alone(way: range) -> tuple[object, ...]:
            changed = dials.change(adds, [end - place for place in way])
            return dials.roll({"key": way}), *changed, dials.counted(score, range(end, end + 1), way)

        yield Step(
            "Only the distance counts",
            beat(
                f"The key of “{dials.labels['key']}” has hands, too; they show angles, not lengths. "
                "Blue columns raise the score, orange ones lower it.",
                (
                    leave(dials.traces, dials.speeds),
                    dials.roll({"query": range(QUERY + MOVED, QUERY - 1, -1)}, kind="row"),
                ),
                appear(dials.vectors["key"], dials.names["key"], dials.others, dials.chips["key"]),
                dials.deal("key"),
                (appear(dials.title, dials.zero, score), appear_in_turn([*adds])),
            ),
            beat(
                f"Move both words {moved:.0f} positions on: hands turn, fast or slowly,",
                (appear(between), leave(dials.others)),
                together(slice(half + 1)),
            ),
            beat(
                claim(
                    stays,
                    f"but the angles between them stay, and so does the score: {after:.1f}.",
                    f"and the score becomes {after:.1f}.",
                ),
                together(slice(half, None)),
            ),
            beat("Move the key alone, and both change.", leave(between), alone(back)),
            beat(
                "So of positions, only the signed distance counts in a score. Values are not turned.", alone(back[::-1])
            ),
        )

    def a_gate(self, run: Trace, plan: OpenLayer) -> Iterator[Step]:
        """A unit of the feed-forward network: ReLU, and then a gate for a second number."""
        picture, year = GatedUnits(run), run["years"].pick(part="Shazeer")
        rings = [ring_around(picture.column(place)) for place in picture.shut]
        yield Step(
            "SwiGLU: one number gates another",
            beat(
                f"Some of the {run['d_ff']:,.0f} neurons of a feed-forward network: "
                "ReLU would set negative ones to zero.",
                *plan.into("feed-forward", picture.zeros[0], picture.names["first number"]),
                appear_in_turn([*picture.bars["gate_before"]]),
                picture.become("gate_before", "relu"),
            ),
            beat(
                f"SwiGLU (Shazeer, {year:.0f}) bends them by SiLU, a smooth ReLU: each becomes a gate.",
                (*picture.become("relu", "again"), appear(picture.bend.frame)),
                draw(*picture.bend.curves),
                *picture.bent(),
            ),
            beat(
                "A second number, with a matrix of its own, is multiplied by that gate.",
                appear(picture.zeros[1], picture.names["second number"]),
                appear_in_turn([*picture.bars["number"]]),
                picture.multiply(),
                (
                    leave(picture.names["second number"]),
                    follow(picture.names["area: product"]),
                    appear(picture.formula.part("weight")),
                ),
            ),
            beat("Where the gate is nearly shut, little comes through.", appear_in_turn(rings, "slow")),
            beat(
                "A last matrix makes one vector of them, which is added to the stream.",
                leave(*rings),
                picture.add_up(),
                (draw(picture.stream, picture.join), appear(picture.formula.rest())),
            ),
            stage=[plan],
        )

    def shared_keys(self, run: Trace, plan: OpenLayer, picture: SharedKeys) -> Iterator[Step]:
        """Nine queries, three keys and values."""
        (queries, shared), (_, name, _) = run["heads"].quantities(), run["parameters"].words("model")
        year = run["years"].pick(part="Ainslie et al.")
        yield Step(
            "Queries share keys and values",
            beat(
                f"Back to attention: {queries:.0f} heads, and {queries:.0f} queries. With keys and values for each, "
                "as in our translator.",
                *plan.into("attention", picture.names, *picture.queries),
                (appear(picture.kept), appear_in_turn(picture.before), draw(*picture.own)),
                ambient=pulses(picture.own),
            ),
            beat(
                f"{name} has {shared:.0f} of each: grouped-query attention (Ainslie et al., {year:.0f}).",
                picture.merge(),
                appear(*(vector for pair in picture.pairs for vector in pair), rise=False),
                ambient=pulses(picture.lines),
            ),
            beat(
                "Each query still has attention weights of its own. In trials, models lost little by sharing.",
                ambient=pulses(picture.lines),
            ),
            stage=[plan],
        )

    def a_third(self, run: Trace, sharing: SharedKeys, picture: CacheArea, ground: Mobject) -> Iterator[Step]:
        """The size of the cache; the ground on which keys and values stand becomes that of the cache."""
        every, shared = (run["cache"].pick(choice=choice) for choice in ("every", "shared"))
        tokens, (*_, large) = run["lengths"].largest()[-1], run["parameters"].words("model")
        whole, third = every.largest()[-1], shared.largest()[-1]
        hollow, asking = [one for pair in sharing.before for one in pair], [sharing.names, *sharing.queries]
        plates = [band.copy().replace(one, stretch=True) for one, band in zip(hollow, picture.column, strict=True)]
        yield Step(
            claim(bool(abs(3 * third - whole) < ROUNDING), "So the cache is a third", "So the cache is smaller"),
            beat(
                "The KV cache holds the keys and values of all tokens.",
                (appear_in_turn(plates), draw(*sharing.own)),
                leave(*asking, sharing.kept, *sharing.own),
                (reshape(ground, picture.outline), *exchange(plates, [*picture.column], "camera")),
                appear(picture.one, picture.kinds, picture.cache),
            ),
            beat(
                f"With keys for every head, {tokens:,.0f} tokens take {whole:,.0f} megabytes:",
                (leave(picture.one, picture.kinds, picture.cache), reshape(picture.column, picture.states[0])),
                appear(picture.tokens, picture.every, picture.named, picture.heads),
                picture.grow(),
            ),
            beat(
                claim(
                    bool(whole > run["weights_size"]),
                    "more than all its parameters, as published.",
                    "less than all its parameters, as published.",
                ),
                appear(picture.level, picture.size),
            ),
            beat(
                f"With shared keys, it is {third:,.0f}.",
                reshape(picture.column, picture.low, "camera"),
                appear(picture.shared),
            ),
            beat(
                f"And {large}, by its published sizes: {run['large_token']:.1f} megabytes for each token.",
                appear(picture.large),
                appear(picture.large_told),
            ),
            stage=[ground, *asking, sharing.kept],
            noted=False,
        )

    def how_large(self, run: Trace) -> Iterator[Step]:
        """Parameters as areas, to scale: the lecture's translator, the model of this chapter, and GPT-3."""
        own, small, large = run["parameters"].quantities()
        (few, some, _), names = run["millions"].quantities(), run["parameters"].words("model")
        year = run["years"].pick(part="Brown et al.")
        sizes = [*zip(names, run["millions"].quantities(), run["billions"].quantities(), strict=True)]
        called, beside = ([VGroup(Words(f"{name}", style), size_of(m, b)) for name, m, b in sizes]
                          for style in ("chapter", "title"))  # fmt: skip
        first = ModelsToScale(own, small, beside[0], called[1])
        second = ModelsToScale(small, large, beside[1], called[2])
        yield Step(
            "How large is a language model?",
            beat(
                f"{names[1]} is called small. Let a square stand for its {some:.0f} million parameters.",
                *map(appear, first.words),
            ),
            beat(
                f"To scale, our translator, with {few:.1f} million, is this dot.",
                appear(first.small),
                appear(first.ring, first.called),
                (leave(first.ring), draw(*first.grid, kind="row")),
            ),
            beat(
                f"Beside {names[2]} (Brown et al., {year:.0f}), {names[1]} is the dot.",
                leave(first.small, first.grid, first.called, first.words),
                *second.zoomed(first),
                (leave(first.large), appear(second.words, second.small, second.ring, second.called)),
                (leave(second.ring), draw(*second.grid, kind="row")),
            ),
            stage=[first.large],
            noted=False,
        )

    def what_stayed(self, picture: UnchangedParts) -> Iterator[Step]:
        """The answer, and a question."""
        plan = picture.plan
        source, written = picture.texts
        turns = [(draw(*arcs, back=True), appear(chip)) for chip, arcs in zip(written.chips, picture.back, strict=True)]
        half = len(turns) // 2
        rings = [ring_around(plan.boxes[block]) for block in CHANGED]
        yield Step(
            "Every part was changed, and the idea stayed",
            beat(
                "So what has changed? Every part, a little, and the norm comes first.",
                appear_in_turn(rings, "slow"),
                ambient=pulses([plan.stream]),
            ),
            beat(
                "What stayed is the heart: scores of queries and keys weigh values.",
                leave(*rings, plan),
                Wipe(picture.formula, kind="slow"),
            ),
            beat("And the stream: every sublayer adds to it, layer upon layer.", appear(picture.sum)),
            beat(
                "Your turn: without an encoder, how could such a model translate?",
                leave(picture.formula, picture.sum),
                appear(source, picture.equals),
            ),
            beat(
                "As one text: its last token attends back, and the next word is written,",
                *(play for turn in turns[:half] for play in turn),
            ),
            beat(
                "here drawn with the weights of our translator’s cross-attention.",
                appear(picture.whose),
                *(play for turn in turns[half:] for play in turn),
            ),
            stage=[plan],
            noted=False,
        )
