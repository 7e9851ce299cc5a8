"""The encoder, box by box: what goes in, what comes out, and why it is there."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import (
    Flight,
    appear,
    appear_in_turn,
    deal,
    draw,
    pulses,
    ring_around,
)
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.encoder_plan import PANEL, Columns, Lookup, Plan, Widened, along_the_foot, own
from scenes.mobjects.passage import rows_of
from scenes.mobjects.wording import counted, head_name
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.focus import focus_of, swap_of
from transformer_core.tracing.trace import Trace

NORMS = {"pre": "with a norm before each", "post": "with a norm after each", "none": "without norms"}
ACTIVATIONS = {"relu": "ReLU sets what is negative to zero", "silu": "SiLU bends them", "gelu": "GELU bends them"}


class Encoder(Chapter):
    """A look into every box of the encoder, with the vectors of the sentence in it."""

    number = 4
    title = "The encoder, box by box"
    needs = ("an encoder",)
    mapped = False

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - every lecture has an encoder
        return "embed_src encoder"

    def steps(self, trace: Trace) -> Iterator[Step]:
        count = len(rows_of(trace, "embed_src.sum"))
        strip = Plan.strip(trace, count)
        order = trace.about["config"]["norm_order"]
        yield from self.the_plan(trace)
        yield from self.words_to_vectors(trace, strip)
        if "embed_src.positional" in trace:
            yield from self.a_place(trace, strip)
        by_mean = "encoder.0.ln1.mean" in trace
        if order == "pre" and by_mean:
            yield from self.one_size(trace, strip)
        yield from self.attention(trace, strip)
        yield from self.added(trace, strip)
        if order == "post" and by_mean:
            yield from self.one_size(trace, strip)
        if "encoder.0.ffn.out" in trace:
            yield from self.alone(trace, strip)
        yield from self.and_again(trace, strip)
        yield from self.who_sees_whom(trace)

    def the_plan(self, trace: Trace) -> Iterator[Step]:
        """The question, and all boxes at once."""
        ribbon = along_the_foot(rows_of(trace, "embed_src.sum").words("position"))
        plan = Plan.large(trace, ribbon)
        layers, norms = trace["config.encoder_layers"], NORMS[trace.about["config"]["norm_order"]]
        held = "attention and a feed-forward network" if "encoder.0.ffn.out" in trace else "attention alone"
        flow = pulses(plan.lines, role="residual")
        yield Step(
            "What are the boxes, and what goes through?",
            beat(
                claim(
                    plan.whole,
                    "This is the encoder, all of it, in the order in which it computes.",
                    "This is the encoder, in the order in which it computes; layers like these are left out.",
                ),
                appear_in_turn(plan.parts, "slow"),
            ),
            beat(
                f"{counted(layers, 'layer')} of {held}, {norms}.",
                appear_in_turn([ring_around(box) for box in plan.of_kind("self_attn", "ffn")], "slow"),
            ),
            beat(
                "Through all of them goes one vector for each token.",
                (
                    draw(*plan.lines, kind="slow"),
                    *(Flight(chip, plan.boxes["embed_src"], kind="row") for chip in ribbon),
                ),
                ambient=flow,
            ),
            beat("What does each box do with them, and why is it there?", ambient=flow),
            stage=[ribbon],
        )

    def words_to_vectors(self, trace: Trace, strip: Plan) -> Iterator[Step]:
        """An id is an address; a vector is what lives there."""
        token = focus_of(trace).query_token
        ids, vocab, width = rows_of(trace, "embed_src.ids"), trace["config.source_vocab"], trace["config.d_model"]
        table = trace["parameters.embed_src.table"]
        picture = Lookup(ids, table, rows_of(trace, "embed_src.token"), f"{vocab} × {width}")
        mine = picture.place(token)
        yield Step(
            "The embedding: words become vectors",
            beat(
                f"“{token}” is number {ids.quantity(token.position)} in a list of {vocab} tokens: an address, no more.",
                appear_in_turn(picture.ids),
                appear(picture.table, picture.heading),
            ),
            beat(
                f"There, the embedding table keeps a vector: {width} numbers, which training sets.",
                draw(picture.ways[mine]),
                appear(picture.rows[mine]),
                deal([picture.rows[mine]], [picture.vectors[mine]]),
            ),
            beat(
                "Training moves words that are used alike near each other.",
                *picture.others(mine),
            ),
            beat(
                "From here on, one token is one vector.",
                appear_in_turn([ring_around(vector, "residual") for vector in picture.vectors]),
            ),
            stage=[strip, *strip.lens("embed_src"), *picture.names],
        )

    def a_place(self, trace: Trace, strip: Plan) -> Iterator[Step]:
        """Word plus place."""
        scaled = trace.about["config"]["embedding_scale"]
        first = claim(bool(scaled), "embedding, scaled up", "embedding")
        tensors = [rows_of(trace, f"embed_src.{name}") for name in ("scaled", "positional", "sum")]
        picture = Columns(tensors, (first, "pattern of its position", "their sum"), ("+", "="))
        yield Step(
            "Each vector is marked with its position",
            beat(
                "Attention will add vectors up, and a sum is the same in any order. So the order would be lost.",
                appear(picture.headings[0]),
                deal(picture.names, picture.columns[0], kind="slow"),
            ),
            beat(
                "Therefore each position has a pattern of its own,",
                appear(picture.headings[1], picture.signs[0]),
                deal(picture.names, picture.columns[1], kind="slow"),
            ),
            beat(
                "which is added to the embedding, entry by entry.",
                appear(picture.headings[2], picture.signs[1]),
                (
                    *(Flight(*way) for way in zip(picture.columns[0], picture.columns[2], strict=True)),
                    *(Flight(*way) for way in zip(picture.columns[1], picture.columns[2], strict=True)),
                ),
                appear(*picture.columns[2]),
            ),
            beat(
                "How these patterns are made, and why they don’t spoil the word, a later chapter shows.",
                appear_in_turn([ring_around(vector) for vector in picture.columns[1]], "slow"),
            ),
            stage=[strip, *strip.lens("embed_src.positional"), *picture.names],
        )

    def one_size(self, trace: Trace, strip: Plan) -> Iterator[Step]:
        """The norm, where the config puts it: every vector to mean zero and variance one."""
        token, norm = focus_of(trace).query_token, trace.under("encoder.0.ln1", batch=0)
        pre = trace.about["config"]["norm_order"] == "pre"
        before = rows_of(trace, trace.parents["encoder.0.ln1.mean"][0])
        named = ("before", "normalized", "after gain and shift")
        picture = Columns((before, norm["normalized"], norm["out"]), named, ("→", "→"))
        mean, variance = (norm[name].pick(position=token.position) for name in ("mean", "var"))
        yield Step(
            "A layer norm brings all vectors to one scale",
            beat(
                claim(
                    pre,
                    "Vectors can be long or short, and attention should not depend on that.",
                    "After the sum, vectors can be long or short, and what follows should not depend on that.",
                ),
                appear(picture.headings[0]),
                deal(picture.names, picture.columns[0], kind="slow"),
            ),
            beat(
                f"So a layer norm takes each by itself. The numbers of “{token}” have mean {mean:.2f} "
                f"and variance {variance:.2f}:",
                appear_in_turn([ring_around(vector, "residual") for vector in picture.columns[0]], "slow"),
                appear(ring_around(picture.columns[0][picture.place(token)])),
            ),
            beat(
                "subtract the mean, divide by the standard deviation, and they have mean zero and variance one.",
                appear(picture.headings[1], picture.signs[0]),
                deal(picture.columns[0], picture.columns[1], kind="slow"),
            ),
            beat(
                "Then each entry gets a gain and a shift, which are learned in training.",
                appear(picture.headings[2], picture.signs[1]),
                deal(picture.columns[1], picture.columns[2], kind="slow"),
            ),
            stage=[strip, *strip.lens("encoder.0.ln1"), *picture.names],
        )

    def attention(self, trace: Trace, strip: Plan) -> Iterator[Step]:
        """An attention weight of one token for another, with its reason."""
        focus = focus_of(trace)
        weights = focus.seen(trace)["weights"].pick(query=focus.query_token)
        picture = Arcs(weights.words("key"), weights.position("key", focus.query_token), weights, PANEL.padded())
        best, share = weights.largest()
        flow = pulses(picture.arcs, picture.drawn_weights)
        own_token = best.position == focus.query_token.position
        reason = claim(
            swap_of(trace, focus) is not None,
            f"That is because its Spanish form depends on the gender of “{best}”.",
            claim(own_token, "Here it stays with itself.", "Which token it attends to follows from learned numbers."),
        )
        yield Step(
            "Attention: tokens look at each other",
            beat(
                "What a word means depends on the others. So here, each vector takes something from the others.",
                appear_in_turn([*picture.chips], "slow"),
            ),
            beat(
                f"In {head_name(focus.layer, focus.head)}, “{focus.query_token}” "
                f"gives “{best}” an attention weight of {share:share}.",
                draw(*picture.arcs, kind="slow"),
                appear(picture.marks),
                ambient=flow,
            ),
            beat(reason, ambient=flow),
            beat("How such weights come about is the subject of the next three chapters.", ambient=flow),
            stage=[strip, *strip.lens(focus.path)],
        )

    def added(self, trace: Trace, strip: Plan) -> Iterator[Step]:
        """The residual connection: the output of attention is added to the vector."""
        token = focus_of(trace).query_token
        tensors = [rows_of(trace, f"encoder.0.{name}") for name in ("resid_pre", "self_attn.out", "resid_attn")]
        picture = Columns(tensors, ("the vector so far", "output of attention", "their sum"), ("+", "="))
        share = trace["encoder.0.self_attn.added_share"].pick(batch=0, position=token.position)
        verdict = claim(
            bool(share < 1 / 3),
            "a small step.",
            claim(bool(share < 1), "a real change.", "longer than the vector itself."),
        )
        yield Step(
            "A residual connection: added, not replaced",
            beat(
                "The output of attention does not replace the vector.",
                (appear(picture.headings[0]), deal(picture.names, picture.columns[0])),
                (appear(picture.headings[1]), deal(picture.names, picture.columns[1])),
            ),
            beat(
                "It is added to it: this is a residual connection.",
                appear(picture.signs, picture.headings[2]),
                (
                    *(Flight(*way) for way in zip(picture.columns[0], picture.columns[2], strict=True)),
                    *(Flight(*way) for way in zip(picture.columns[1], picture.columns[2], strict=True)),
                ),
                appear(*picture.columns[2]),
            ),
            beat(
                "So the vector stays a term of the sum. "
                f"For “{token}”, the addition is {share:.0%} as long as the vector: {verdict}",
                *(appear(ring_around(column[picture.place(token)])) for column in picture.columns),
            ),
            stage=[strip, *strip.lens("encoder.0.self_attn"), *picture.names],
        )

    def alone(self, trace: Trace, strip: Plan) -> Iterator[Step]:
        """The feed-forward network: wide, bent, narrow, each vector for itself."""
        token, ffn = focus_of(trace).query_token, trace.under("encoder.0.ffn", batch=0)
        width, wide = trace["config.d_model"], trace["config.d_ff"]
        enters = rows_of(trace, trace.parents["encoder.0.ffn.pre"][0])
        bends = ACTIVATIONS.get(trace.about["config"]["activation"], ACTIVATIONS["gelu"])
        picture = Widened(
            [own(part, token) for part in (enters, ffn["pre"], ffn["post"], ffn["out"])],
            ("the vector", "widened", "bent", "narrowed"),
        )
        first, second, third, last = picture.vectors
        yield Step(
            "Feed-forward: each vector alone",
            beat(
                f"The feed-forward network takes the vector of “{token}” by itself.",
                appear(picture.names[0], first),
            ),
            beat(
                f"A matrix widens it, from {width} numbers to {wide};",
                (appear(picture.names[1]), deal([first], [second], kind="slow")),
            ),
            beat(f"{bends}; ", (appear(picture.names[2]), deal([second], [third], kind="slow"))),
            beat(
                "and another matrix narrows it again. That is added, too.",
                (appear(picture.names[3]), deal([third], [last], kind="slow")),
            ),
            beat(
                "The same small network runs on each token, without seeing the others.",
                appear_in_turn([ring_around(vector) for vector in picture.vectors], "slow"),
            ),
            stage=[strip, *strip.lens("encoder.0.ffn")],
        )

    def and_again(self, trace: Trace, strip: Plan) -> Iterator[Step]:
        """The other layers at a run: the shape stays, the vectors move on."""
        token, layers = focus_of(trace).query_token, trace["config.encoder_layers"]
        last = int(float(layers)) - 1
        cosine = trace["encoder.cosine_first_last"].pick(batch=0, position=token.position)
        ends = (rows_of(trace, "embed_src.sum"), rows_of(trace, f"encoder.{last}.resid_post"))
        words, width = trace["config.words"], trace["config.d_model"]
        picture = Columns(ends, ("into the first layer", "out of the last layer"), ("→",), apart=True)
        verdict = claim(
            bool(cosine > 0.7),
            "it has kept most of itself.",
            claim(bool(cosine > 0.3), "it has moved on.", "it is a new vector."),
        )
        yield Step(
            "And again: the shape stays",
            beat(
                claim(
                    float(layers) > 1,
                    "The other layers do the same, each with weights of its own.",
                    "This encoder has a single layer; others repeat it many times.",
                ),
                (appear(picture.headings[0]), deal(picture.names, picture.columns[0], kind="slow")),
            ),
            beat(
                f"{counted(words, 'vector')} of {width} numbers went in, and {words} of {width} come out. "
                "So layers can be stacked.",
                appear(picture.headings[1], picture.signs),
                deal(picture.columns[0], picture.columns[1], kind="slow"),
            ),
            beat(
                f"The first and the last vector of “{token}” have a cosine of {cosine:.2f}: {verdict}",
                *(appear(ring_around(column[picture.place(token)])) for column in picture.columns),
            ),
            stage=[strip, *strip.lens(strip.last), *picture.names],
        )

    def who_sees_whom(self, trace: Trace) -> Iterator[Step]:
        """Close: one vector blanked in each box, and what else changes."""
        ribbon = along_the_foot(rows_of(trace, "embed_src.sum").words("position"))
        plan = Plan.large(trace, ribbon)
        pairs, reached = trace["encoder.0.token_pairs"], trace["encoder.0.sensitive_pairs"]
        mixed = reached.pick(part="attention")
        elsewhere = all(
            reached.quantity(k) == 0 for k, part in enumerate(reached.labels["part"]) if part != "attention"
        )
        flow = pulses(plan.lines, role="residual")
        mixing, alone = plan.strands(trace)
        found = claim(
            bool(pairs == 0),
            "With a single token, there is no other vector.",
            claim(
                elsewhere,
                f"In the first layer’s attention it does, in {mixed} of {pairs} cases; in its other boxes, never.",
                f"In the first layer’s attention it does, in {mixed} of {pairs} cases.",
            ),
        )
        yield Step(
            "Where does one vector see another?",
            beat("Set the vector of one token to zero before a box. Does that of another token change?", ambient=flow),
            beat(
                found,
                appear(*(ring_around(box) for box in plan.of_kind("self_attn"))),
                draw(*mixing, kind="slow") if len(mixing) else None,
                ambient=flow,
            ),
            beat(
                "So attention lets tokens exchange what they know; all other boxes work on each by itself.",
                draw(*alone, kind="slow") if len(alone) else None,
                ambient=flow,
            ),
            beat("Your turn: which boxes would still do something for a single word?", ambient=flow),
            stage=[plan, ribbon],
        )
