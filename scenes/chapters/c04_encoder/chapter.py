"""The encoder, box by box: what goes in, what comes out, and why it is there."""

from __future__ import annotations

from collections.abc import Iterator

from manim import RIGHT, VGroup

from scenes.animations import (
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    leave,
    pulses,
    reshape,
    ring_around,
)
from scenes.chapters.c04_encoder.encoder_plan import HEADING, EncoderPlan, added, kind_of, later_attention, scale_of
from scenes.chapters.c04_encoder.sublayers import (
    AttentionMixing,
    EmbeddingLookup,
    FeedForwardVector,
    LayerPass,
    ResidualAddition,
    TakenShares,
    WeightStrands,
    grown,
    into,
)
from scenes.mobjects.norm_stages import NormStages
from scenes.mobjects.passage import final_of, rows_of
from scenes.mobjects.text import Words
from scenes.mobjects.wording import counted, letter_of
from scenes.stage.chapter import Beat, Chapter, Step, beat, claim
from scenes.theme import at
from transformer_core.studies.focus import Focus, focus_of, swap_of
from transformer_core.tracing.trace import Trace

NORMS = {"pre": "with a norm before each and one at the end", "post": "with a norm after each", "none": "without norms"}
#: The lengths of the vectors, and of what each sublayer adds; the first entry of both is that of the embedding.
LENGTHS = ("residual_norms", "contribution_norms")
ACTIVATIONS = {"relu": "ReLU sets what is negative to zero", "silu": "SiLU bends them", "gelu": "GELU bends them"}


class Encoder(Chapter):
    """A journey through the boxes of the encoder, with the vectors of the sentence."""

    number = 4
    title = "The encoder, box by box"
    needs = ("an encoder",)

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - every lecture has an encoder
        return "embed_src encoder"

    def steps(self, trace: Trace) -> Iterator[Step]:
        order = trace.about["config"]["norm_order"]
        by_mean = "encoder.0.ln1.mean" in trace
        yield from self.the_plan(trace)
        yield from self.words_to_vectors(trace)
        if "embed_src.positional" in trace:
            yield from self.a_place(trace)
        if order == "pre" and by_mean:
            yield from self.one_size(trace)
        yield from self.attention(trace)
        if order == "post" and by_mean:
            yield from self.one_size(trace)
        if "encoder.0.ffn.out" in trace:
            yield from self.alone(trace)
        yield from self.and_again(trace)
        yield from self.who_sees_whom(trace)

    def the_plan(self, trace: Trace) -> Iterator[Step]:
        """The question, and all boxes at once."""
        plan = EncoderPlan(trace)
        layers, norms = trace["config.encoder_layers"], NORMS[trace.about["config"]["norm_order"]]
        held = "attention and a feed-forward network" if "encoder.0.ffn.out" in trace else "attention alone"
        flow, stops = pulses(plan.lines, role="residual"), plan.travelling(trace)
        named = [
            [ring_around(box) for part, box in plan.boxes.items() if kind_of(part) == kind]
            for kind in ("self_attn", "ffn", "norm")
        ]
        yield Step(
            "What are the boxes, and what goes through?",
            beat(
                claim(
                    plan.whole,
                    "This is the encoder, all of it.",
                    "This is the encoder; layers like these are left out.",
                ),
                (appear_in_turn(plan.parts, "cell"), draw(*plan.lines, kind="cell")),
                ambient=flow,
            ),
            beat(
                f"{counted(layers, 'layer')} of {held}, {norms}.",
                appear_in_turn(plan.brackets(), "row"),
                *(play for rings in named if rings for play in (appear(*rings, rise=False), leave(*rings))),
                ambient=flow,
            ),
            beat(
                claim(
                    trace.about["config"]["norm_order"] == "post",
                    "Through all of them goes one vector for each token.",
                    "Each token’s vector goes straight on; what is computed at its side is added.",
                ),
                (draw(*plan.ways, kind="row"), appear(*plan.joins, rise=False), deal(plan.chips, stops[0][1])),
                *plan.journey(stops),
            ),
            beat("What does each box do with them, and why is it there?", ambient=flow),
            stage=plan.chips,
        )

    def words_to_vectors(self, trace: Trace) -> Iterator[Step]:
        """An id is an address; a vector is what lives there."""
        plan, token = EncoderPlan(trace, "embed_src"), focus_of(trace).query_token
        vocab, width = trace["config.source_vocab"], trace["config.d_model"]
        ids, table = rows_of(trace, "embed_src.ids"), trace["parameters.embed_src.table"]
        vectors = plan.vectors(rows_of(trace, "embed_src.token"), "out", scale=scale_of(table))
        inside, mine = EmbeddingLookup(plan, trace), plan.mine
        others = [k for k in range(len(vectors)) if k != mine]
        yield Step(
            "The embedding: words become vectors",
            beat(
                f"“{token}” is number {ids.quantity(token.position)} in the list of {vocab} tokens "
                "that the encoder reads:",
                appear_in_turn(inside.ids),
                appear(ring_around(inside.ids[mine], roomy=True)),
            ),
            beat("an address, no more.", *inside.slide([mine], "cell")),
            beat(
                f"There, the embedding table keeps a vector: {width} numbers, set by training.",
                *inside.found([mine], vectors),
            ),
            beat("The others are looked up in the same table.", *inside.slide(others), *inside.found(others, vectors)),
            beat(
                "From here on, one token is one vector.",
                appear_in_turn([ring_around(vector, "residual") for vector in vectors]),
            ),
            stage=[plan, inside.table, inside.title],
        )

    def a_place(self, trace: Trace) -> Iterator[Step]:
        """Word plus place."""
        plan, width = EncoderPlan(trace, "embed_src.positional"), trace["config.d_model"]
        raw, words, places, sums = (
            rows_of(trace, f"embed_src.{name}") for name in ("token", "scaled", "positional", "sum")
        )
        scaled = bool(trace.about["config"]["embedding_scale"])
        scale = scale_of(trace["parameters.embed_src.table"])
        found, faint, vectors = plan.vectors(raw, scale=scale), plan.vectors(raw), plan.vectors(words)
        out, patterns = plan.vectors(sums, "out"), plan.vectors(places, "middle", branch=True)
        wide, (away, back) = plan.vectors(places, "before", branch=True), plan.swapped(found)
        signs = plan.signs("+", patterns), plan.signs("=", out)
        apart, half = abs(places.values - places.values[0]), places.shape[-1] // 2
        left = bool(apart[:, :half].sum() > 2 * apart[:, half:].sum())
        texts = ("embedding", found), ("position", patterns), ("sum", out)
        heads = [plan.heading(text, column[0]) for text, column in (*texts, (f"embedding × √{width}", vectors))]
        yield Step(
            "Each vector is marked with its position",
            beat(
                "Attention will add vectors up, and a sum is the same in any order. So the order would be lost.", away
            ),
            beat("So each position has a pattern.", (appear(heads[1]), appear_in_turn(patterns)), back),
            beat(
                claim(
                    scaled,
                    claim(
                        bool(abs(raw.values).mean() < abs(places.values).mean() / 2),
                        f"On one scale, the embedding is faint beside it: it is multiplied by the root of {width},",
                        f"The embedding is multiplied by the root of {width},",
                    ),
                    "This is the embedding on the same scale,",
                ),
                exchange(found, faint, "row"),
                leave(heads[0]) if scaled else None,
                (appear(heads[-1]), *exchange(faint, vectors, "row")) if scaled else None,
            ),
            beat(
                "and the pattern is added, entry by entry.",
                appear(signs[0]),
                (appear(heads[2], signs[1]), deal(patterns, out)),
            ),
            beat(
                claim(left, "Patterns differ most at the left. ", "") + "How they are made, a later chapter shows.",
                leave(*signs, *(vectors if scaled else faint), heads[-scaled]),
                exchange(patterns, wide, "slow"),
                appear(plan.left_end(wide)) if left else None,
            ),
            stage=[plan, *found, heads[0]],
        )

    def one_size(self, trace: Trace) -> Iterator[Step]:
        """The norm, where the config puts it: every vector to mean zero and variance one."""
        token, norm = focus_of(trace).query_token, trace.under("encoder.0.ln1", batch=0)
        pre = trace.about["config"]["norm_order"] == "pre"
        plan, before = EncoderPlan(trace, "encoder.0.ln1"), rows_of(trace, trace.parents["encoder.0.ln1.mean"][0])
        vectors, out = plan.vectors(before), plan.vectors(norm["out"], "in" if pre else "out", branch=pre)
        resting = plan.waiting(vectors)
        mine, part = vectors[plan.mine], trace.under("encoder.0.ln1", batch=0, position=token.position)
        sheet, room = plan.card(plan.middle)
        head, room = room.split_rows(HEADING)
        rows = (part[name] for name in ("centred", "normalized", "out"))
        stages = NormStages([before.pick(position=token.position), *rows], room, plan.scale)
        states, level, flat = stages.states, stages.level(float(part["mean"])), stages.level()
        spreads = (f"standard deviation {part[spread]:.2f}" for spread in ("scale", "spread_after"))
        told = f"mean {part['mean']:.2f}, variance {part['var']:.2f}", *spreads, "times gain, plus shift"
        names = [Words(one, "stage word", "ink", sheet).settle(head.centre) for one in told]
        wide, one = stages.band(part["scale"]), stages.band(part["spread_after"])
        lengths = trace["encoder.residual_norms"].pick(batch=0, sublayer=0) if pre else before
        bars = plan.lengths(plan.last, lengths, norm["normalized_length"], norm["out_length"]) if pre else []
        title = plan.heading("lengths", sheet, ("before", "residual"), ("after", "ink3")).align_to(
            at(plan.last.right, plan.last.top), RIGHT
        )
        ring, (first, last) = ring_around(mine), [one.values for one in (lengths, norm["out_length"])]
        yield Step(
            "A layer norm brings all vectors to one scale",
            beat(
                claim(
                    pre,
                    "Vectors can be long or short, and attention should not depend on that.",
                    "After the sum, vectors can be long or short, and what follows should not depend on that.",
                ),
                (appear(*title[:2]), appear_in_turn([*bars[0]], "slow")) if pre else None,
            ),
            beat(
                f"So a layer norm takes each by itself. The numbers of “{token}” have mean {part['mean']:.2f} "
                f"and variance {part['var']:.2f}:",
                appear(sheet, ring),
                (appear(stages.zero), Travel(mine.cells, states[0], kind="row")),
                (draw(level), appear(names[0])),
            ),
            beat("subtract the mean,", (reshape(states[0], states[1], "row"), reshape(level, flat), leave(names[0]))),
            beat(
                "divide by the standard deviation, and they have mean zero and variance one.",
                appear(wide, names[1]),
                (reshape(states[0], states[2], "row"), reshape(wide, one)),
                (*exchange(names[1:2], names[2:3]), *((appear(title[2]), grown(bars[1])) if pre else ())),
            ),
            beat(
                "Then each entry gets a gain and a shift, learned in training"
                + claim(
                    bool(pre and last.max() - last.min() < first.max() - first.min()),
                    ": lengths differ again, but less.",
                    ".",
                ),
                (
                    leave(wide, ring),
                    *exchange(names[2:3], names[3:]),
                    reshape(states[0], states[3], "row"),
                    *(exchange(bars[1], bars[2], "row") if pre else ()),
                ),
                (*(exchange(vectors, resting) if pre else ()), deal(vectors, out, kind="slow")),
            ),
            stage=[plan, *vectors],
        )

    def attention(self, trace: Trace) -> Iterator[Step]:
        """Vectors look at each other, and what attention makes of that is added to each."""
        focus = focus_of(trace)
        plan = EncoderPlan(trace, "encoder.0.self_attn")
        mixing = AttentionMixing(plan, trace, "encoder.0.self_attn")
        told = "What a word means depends on the others. So here, each vector takes something from the others."
        looks = beat(told, (draw(*mixing.strands, kind="slow", back=True), appear(mixing.title)))
        looking = taken(trace, plan, mixing) if focus.layer else [looks, *followed(trace, focus, mixing)]
        yield Step(
            "Attention: tokens look at each other",
            *looking,
            beat(
                "How such weights come about, the next three chapters show.",
                None if focus.layer else mixing.arrive(),
                ambient=mixing.flow(),
            ),
            stage=[plan, *mixing.come],
        )
        yield from self.added(trace, plan, mixing)

    def added(self, trace: Trace, plan: EncoderPlan, mixing: AttentionMixing) -> Iterator[Step]:
        """The residual connection: the output of attention is added to the vector."""
        token = focus_of(trace).query_token
        here = {"batch": 0, "position": token.position}
        lengths = [trace[f"encoder.{name}"].pick(sublayer=k, **here) for k, name in enumerate(LENGTHS)]
        share = trace["encoder.0.self_attn.added_share"].pick(**here)
        names = ("resid_pre", "self_attn.out", "resid_attn")
        rows = [rows_of(trace, f"encoder.0.{name}").pick(position=token.position) for name in names]
        adding, mine = ResidualAddition(plan, rows, [*lengths, share]), plan.mine
        sums = plan.vectors(rows_of(trace, "encoder.0.resid_attn"), "out")
        verdict = claim(
            bool(share < 1 / 3),
            "a small step.",
            claim(bool(share < 1), "a real change.", "longer than the vector itself."),
        )
        yield Step(
            "A residual connection: added, not replaced",
            beat(
                "The output of attention does not replace the vector.",
                (leave(*mixing.vectors, *mixing.made), *adding.come(mixing.vectors[mine], mixing.made[mine])),
                *adding.replace(),
            ),
            beat("It is added to it: this is a residual connection.", *adding.add()),
            beat("So the vector is still there, in the sum.", draw(*adding.outline, kind="slow")),
            beat(
                f"In this first layer, what is added to “{token}” is {share:.0%} as long as its vector:",
                *adding.compare(),
            ),
            beat(
                verdict, appear(ring := ring_around(adding.share, roomy=True)), (leave(ring), *adding.back(sums, mine))
            ),
            stage=[plan, *mixing.vectors, *mixing.made],
        )

    def alone(self, trace: Trace) -> Iterator[Step]:
        """The feed-forward network: wide, bent, narrow, each vector for itself."""
        ffn = trace.under("encoder.0.ffn", batch=0)
        width, wide = trace["config.d_model"], trace["config.d_ff"]
        plan, mine = EncoderPlan(trace, "encoder.0.ffn"), focus_of(trace).query_token
        enters = rows_of(trace, trace.parents["encoder.0.ffn.pre"][0])
        stream = enters if trace.about["config"]["norm_order"] == "post" else rows_of(trace, "encoder.0.resid_attn")
        sums = rows_of(trace, "encoder.0.resid_ffn")
        bends = ACTIVATIONS.get(trace.about["config"]["activation"], ACTIVATIONS["gelu"])
        vectors, out = plan.vectors(stream), plan.vectors(sums, "out")
        moved = plan.waiting(plan.vectors(stream, "join"))
        made = plan.vectors(ffn["out"], "join", branch=True)
        few = bool((ffn["post"].values == 0).mean() > 1 / 2)
        rows = (enters, ffn["pre"], ffn["post"], ffn["out"])
        network = FeedForwardVector(plan, *(row.pick(position=mine) for row in rows))
        yield Step(
            "Feed-forward: each vector alone",
            beat("Attention has moved information between vectors.", appear(every := ring_around(VGroup(*vectors)))),
            beat(
                "The feed-forward network computes with it, in each vector by itself.",
                (appear(network.sheet), *exchange([every], [ring := ring_around(vectors[plan.mine])])),
                Travel(vectors[plan.mine], network.read, kind="row"),
            ),
            beat(
                f"A matrix widens it, from {width} numbers to {wide};",
                draw(*network.widen),
                (appear(network.zero), Travel(network.read, network.bars, kind="row")),
            ),
            beat(f"{bends}{claim(few, ', here most numbers', '')}; ", reshape(network.bars, network.bent, "row")),
            beat(
                "and another matrix narrows it again.",
                draw(*network.narrow),
                Travel(network.bars, network.out, kind="row"),
            ),
            beat(
                "The same small network runs on each token, without seeing the others.",
                (leave(ring, *network.shown), appear(network.own, rise=False)),
                (leave(network.own), *(Travel(network.own, one, kind="row") for one in network.copies)),
                into(vectors, network.copies),
                deal(network.copies, made),
            ),
            beat("That is added, too.", (leave(*network.copies), *exchange(vectors, moved)), added(moved, made, out)),
            stage=[plan, *vectors],
        )

    def and_again(self, trace: Trace) -> Iterator[Step]:
        """Another layer, with the attention that the lecture follows, and what comes out at the end."""
        focus, again = focus_of(trace), later_attention(trace)
        words, width = trace["config.words"], trace["config.d_model"]
        if again:
            plan = EncoderPlan(trace, again.rpartition(".")[0], behind=True)
            passing = LayerPass(plan, trace, again)
            stage, onwards, stacked = passing.enter, passing.finish(), passing.fits()
            told = [
                beat(
                    claim(
                        bool(trace["config.encoder_layers"] == 2),
                        "The other layer does the same, with parameters of its own.",
                        "The other layers do the same, each with parameters of its own.",
                    ),
                    *passing.begin(),
                    ambient=passing.flow(),
                ),
                *(followed(trace, focus, passing) if focus.layer else []),
            ]
        else:
            plan = EncoderPlan(trace, [*EncoderPlan(trace).boxes][-1], behind=True)
            stage = plan.vectors(rows_of(trace, "encoder.0.resid_post"))
            end = plan.vectors(final_of(trace), "end")
            told = [beat("This encoder has a single layer; others repeat it many times.", ambient=pulses(plan.lines))]
            onwards = [exchange(stage, end, "slow")]
            stacked = [appear_in_turn([ring_around(vector, "residual") for vector in end])]
        yield Step(
            "And again: the shape stays",
            *told,
            beat(f"{counted(words, 'vector')} of {width} numbers went in, and {words} of {width} come out.", *onwards),
            beat("So layers can be stacked.", *stacked),
            stage=[plan, *stage],
        )

    def who_sees_whom(self, trace: Trace) -> Iterator[Step]:
        """Close: one vector blanked in each box, and what else changes."""
        path = later_attention(trace) or "encoder.0.self_attn"
        plan = EncoderPlan(trace, path.rpartition(".")[0])
        passing = LayerPass(plan, trace, path)
        columns = passing.columns[:-1]
        pairs, mixed = trace["encoder.0.token_pairs"], trace["encoder.0.sensitive_pairs"].pick(part="attention")
        reached = [trace[f"{layer}.sensitive_pairs"] for layer in plan.layers]
        alike = plan.whole and all(table.pick(part="attention") == mixed for table in reached)
        elsewhere = all(
            table.quantity(k) == 0
            for table in reached
            for k, part in enumerate(table.labels["part"])
            if part != "attention"
        )
        here = plan.mine
        first, *blanked = boxes = passing.blanked(plan, trace, here)
        others = [k for k in range(len(plan.chips)) if k != here]
        told = [plan.heading("others changed:", columns[0][0]), *(box.count for box in boxes)]
        crossing = [line for box in boxes for lines in box.ways for line in lines]
        flow = pulses([plan.lines[k] for k in others], role="residual") if others else None
        every, arch, whole = passing.alone(plan, trace, path, here)
        found = claim(
            bool(pairs == 0),
            "With a single token, there is no other vector.",
            claim(
                alike and elsewhere,
                f"In attention it does, in each layer in {mixed} of {pairs} cases; in its other boxes, never.",
                f"In attention it does, in the first layer in {mixed} of {pairs} cases.",
            ),
        )
        yield Step(
            "Where does one vector see another?",
            beat(
                "Set the vector of one token to zero before a box. Does that of another token change?",
                appear(ring_around(plan.chips[here])),
                *first.blank(here),
                ambient=flow,
            ),
            beat(
                found,
                *(play for box in blanked for play in box.blank(here)),
                appear(*told),
                tuple(box.counting(here) for box in boxes),
                appear(ring := ring_around(plan.boxes[path])),
                ambient=flow,
            ),
            beat(
                "So attention lets tokens exchange what they know; all other boxes work on each by itself.",
                ambient=flow,
            ),
            beat(
                "Your turn: with a single word, which boxes still compute?",
                leave(
                    *(ring, *told, *crossing),
                    *(part for k in others for part in (plan.chips[k], plan.lines[k], *(c[k] for c in columns))),
                    *(part for k in others for some in plan.beside for part in some[k :: len(plan.chips)]),
                ),
            ),
            beat(
                "All of these: in attention, it attends to itself.",
                appear(every),
                draw(arch, kind="row"),
                appear(whole),
                ambient=pulses([plan.lines[here], arch], role="residual"),
            ),
            stage=[plan, *(vector for column in columns for vector in column)],
        )


def taken(trace: Trace, plan: EncoderPlan, mixing: AttentionMixing) -> list[Beat]:
    """The followed token looks at all vectors, takes of each what its weight says, and adds that up; so do all."""
    token, heads = focus_of(trace).query_token, trace["config.heads"]
    taking, (best, share) = TakenShares(plan, trace, mixing), mixing.weights.pick(query=token).largest()
    mine, ring = mixing.of(token), ring_around(plan.chips[plan.mine])
    others = [one for one in mixing.strands if one not in mine]
    return [
        beat(
            f"What a word means depends on the others. So “{token}” looks at them,",
            (appear(ring), appear(mixing.title)),
            draw(*mine, kind="slow", back=True),
        ),
        beat(
            f"most at “{best}”: {share:share}" + claim(bool(heads > 1), f", in the mean of {heads} heads.", "."),
            (*exchange(mine, taking.strands), appear_in_turn([*taking.shares])),
        ),
        beat("It takes so much of each vector,", deal(mixing.read, taking.parts, kind="slow")),
        beat("and adds it up: a weighted sum.", *taking.meet()),
        beat(
            "So do the others, and learned matrices make the outputs.",
            (leave(*taking.shares, ring), *exchange(taking.strands, mine), draw(*others, back=True)),
            (leave(taking.sum), mixing.arrive()),
            ambient=mixing.flow(),
        ),
    ]


def followed(trace: Trace, focus: Focus, mixing: WeightStrands) -> list[Beat]:
    """The attention weight that the lecture follows, with its reason."""
    best, share = mixing.weights.pick(query=focus.query_token).largest()
    reason = claim(
        swap_of(trace, focus) is not None,
        f"Its Spanish form depends on the gender of “{best}”: later, we test whether that is why.",
        claim(
            best.position == focus.query_token.position,
            "Here it stays with itself.",
            "Which token it attends to follows from the numbers of its matrices.",
        ),
    )
    line, number = mixing.strand(focus.query_token, best)
    others = [one for one in mixing.strands if one is not line]
    return [
        beat(
            f"In one of its heads, {letter_of(focus.head)}, “{focus.query_token}” "
            f"looks at “{best}” with an attention weight of {share:share}.",
            leave(*others),
            appear(number),
            ambient=pulses([line], [share]),
        ),
        beat(reason, (leave(number), appear(*others, rise=False)), ambient=mixing.flow()),
    ]
