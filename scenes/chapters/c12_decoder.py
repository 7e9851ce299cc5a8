"""The decoder: shifted right, a causal mask, cross-attention, and from the last vector to a word."""

from __future__ import annotations

from collections.abc import Iterator

from manim import VGroup

from scenes.animations import appear, appear_in_turn, fill, fly, leave, ring_around
from scenes.animations.branching import multiply
from scenes.layout import at_floor, centred
from scenes.mobjects.bridge import Bridge, Pathway
from scenes.mobjects.masking import Leak, MaskBoard
from scenes.mobjects.reading_out import ReadingOut, WholeWay
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.rows import Answer
from scenes.mobjects.shifted import Shifted
from scenes.mobjects.two_runs import OneRun, TwoRuns
from scenes.mobjects.wording import counted, named_head
from scenes.stage.chapter import Chapter, Step, claim
from transformer_core.studies.decoder_rows import (
    FIRST,
    DecoderRows,
    argmax_leak,
    decoder_rows_of,
    gold_alignment,
    same_source_row,
)
from transformer_core.tracing.trace import Trace

#: From this sum on a row of attention weights is as good as whole, to two decimals.
ALL = 0.995


class Decoder(Chapter):
    """Shift, mask, ask the source: how each position comes to predict the next word."""

    number = 12
    title = "Decoder"
    needs = ("a decoder",)
    at_the_end = True

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - the whole decoder, whatever the trace
        return "decoder"

    def steps(self, trace: Trace) -> Iterator[Step]:
        decoded = decoder_rows_of(trace)
        yield from self.shifted_by_one(decoded)
        yield from self.mask_before(trace)
        if len(decoded.reads) > 1:  # else no position has a later one
            yield from self.not_zero_afterwards(decoded, trace)
        asks = f"{decoded.cross}.q" in trace
        if asks:
            yield from self.ask_the_source(decoded, trace)
            yield from self.reading_jumps(decoded, trace)
            yield from self.what_the_encoder_prepared(trace)
        yield from self.row_to_word(decoded, trace)
        yield from self.the_whole_way(decoded, trace) if asks else self.its_own_reader(decoded, trace)

    def shifted_by_one(self, decoded: DecoderRows) -> Iterator[Step]:
        """The question of the chapter, and the first half of the answer."""
        picture = Shifted(decoded.reads, decoded.writes)
        row = len(decoded.written) - 1
        begun = [multiply(picture.sources, [VGroup(*picture.reads[1:])])] if len(picture.sources) else []
        yield Step(
            "Learning to write without peeking",
            say="How can a decoder learn to write without peeking? This is what it has to write. |"
            "Shifted right by one, after a start mark, it is also what the decoder reads. |"
            "So each position reads one word, and must predict the next. |"
            f"At “{decoded.reads[row]}” it has to write “{decoded.writes[row]}”.",
            show=[
                [appear(picture.sources), appear(picture.names[0])],
                [*begun, appear(picture.reads[0], picture.names[1])],
                [appear(picture.box, picture.title), appear_in_turn([*picture.ways]), appear(picture.writes[-1])],
                appear(ring_around(picture.column(row))),
            ],
        )

    def mask_before(self, trace: Trace) -> Iterator[Step]:
        """The causal mask: minus infinity before the softmax."""
        head, row = argmax_leak(trace)
        part = trace.under(FIRST, batch=0, head=head)
        board = MaskBoard(part)
        centred(board)
        most, share = part.in_full("weights", query=row.position).largest()
        yield Step(
            "A causal mask before the softmax",
            say="All positions are computed at once, so every query meets every key, even later ones. |"
            "The causal mask hides the future: scores of later keys become minus infinity. |"
            "The exponential of that is zero, so all the attention goes to the others. |"
            f"{named_head(0, head)}: “{row}” gives “{most}” {share:share}, and later tokens nothing.",
            show=[
                [appear(board.query_tokens, board.answers), appear_in_turn(board.scores.rows)],
                [fill(board.hatches, "row"), leave(*board.behind)],
                [board.soften(), appear_in_turn([board.sum_name, *board.sums])],
                appear(ring_around(board.shares.row(row.position))),
            ],
            stay=(),
            here=FIRST,
        )

    def not_zero_afterwards(self, decoded: DecoderRows, trace: Trace) -> Iterator[Step]:
        """The other order of mask and softmax leaks the future."""
        head, row = argmax_leak(trace)
        part, other = trace.under(FIRST, batch=0, head=head), trace.under(f"other.later.{FIRST}", batch=0, head=head)
        last, changed = decoded.reads[-1], other["weights"].label("key", len(decoded.reads) - 1)
        picture = Leak(part, other, row, last, changed)
        total, leak = (
            part["post_softmax_mask_sums"].pick(query=row.position),
            part["post_softmax_mask_leak"].pick(query=row.position),
        )
        kept = part["masked_leak"].pick(query=row.position)
        safe = claim(
            kept < ROUNDING, "With the mask first, none moves.", f"With the mask first, they move by {kept:.0e}."
        )
        left = f"{total:.2f}" if total < ALL else f"{total:share}"
        moved = f"a weight moves by {leak:.2f}" if leak > 1 - ALL else "the other weights move a little"
        yield Step(
            "Why not set zeros afterwards?",
            say=f"With the mask first, the attention weights of “{row}” add up to one. |"
            f"Set later ones to zero after the softmax, and {left} is left. |"
            f"Worse: swap the hidden “{last}” for “{changed}”, and {moved}. |"
            f"The future leaks in, because softmax divides by a sum over all keys. {safe}",
            show=[
                [
                    appear(picture.token, picture.before.title, picture.before.budget.outline, picture.sum_name),
                    appear(picture.before.filled, picture.before.total),
                ],
                [
                    appear(picture.after.title, picture.after.budget.outline, picture.after.filled),
                    appear(*picture.after.lost, picture.after.total),
                ],
                [
                    (
                        appear(picture.leaked.title, picture.leaked.budget.outline),
                        *multiply(picture.after.budget.pieces, [picture.leaked.budget.pieces]),
                    ),
                    appear(picture.leaked.budget.names, *picture.leaked.lost, picture.leaked.total),
                ],
                None,
            ],
            stay=(),
            here=FIRST,
        )

    def ask_the_source(self, decoded: DecoderRows, trace: Trace) -> Iterator[Step]:
        """Cross-attention: one position asks, then all."""
        looks, gold = decoded.mean_weights(trace), gold_alignment(trace)
        row = len(decoded.written) - 1
        top_key, share = trace.in_full(f"{decoded.cross}.mean_weights", batch=0, query=row).largest()
        picture = Bridge(looks, decoded.written)
        rest = [curves for i, curves in enumerate(picture.curves) if i != row]
        names = picture.names
        hits, words = trace[f"{decoded.cross}.alignment_hits"] if gold else 0, trace["config.output_words"]
        right = f"Right, by the grammar: {hits} of {words}." if gold else self.shared_out(decoded, trace)
        others = claim(
            len(decoded.written) > 1, "Every position does the same.", "Each later position would do the same."
        )
        yield Step(
            "Cross-attention: queries from the decoder",
            say="The decoder must know the source, too. In cross-attention, queries come from the decoder, "
            "keys and values from the encoder’s output. |"
            f"About to write “{decoded.writes[row]}”, it gives “{top_key}” an attention weight of {share:share}. |"
            f"{others} {right}",
            show=[
                [appear(picture.source, names[0]), appear(picture.written, names[1])],
                [
                    appear(ring_around(picture.written[row])),
                    appear_in_turn([*picture.curves[row]]),
                    appear(picture.share_beside(row)),
                ],
                appear_in_turn(rest),
            ],
            stay=(),
            here=decoded.cross,
        )

    @staticmethod
    def shared_out(decoded: DecoderRows, trace: Trace) -> str:
        """Tell which source tokens get the largest attention weight of each position that writes a word."""
        places = trace[f"{decoded.cross}.top_keys"].pick(batch=0).values[: len(decoded.written)]
        different = len(set(places.tolist()))
        if len(places) == 1:
            return ""
        return claim(
            different == len(places),
            "Each attends most to a token of its own.",
            claim(different == 1, "All attend most to the same token.", "Some attend most to the same token."),
        )

    def reading_jumps(self, decoded: DecoderRows, trace: Trace) -> Iterator[Step]:
        """Where Spanish turns two words round, the path turns back."""
        here = decoded
        if "phrase" in trace.about.get("others", {}) and not trace[f"{decoded.cross}.backward_jumps"].pick(batch=0):
            here = decoder_rows_of(trace, "other.phrase")
        looks = here.mean_weights(trace)
        gold = gold_alignment(trace) if here is decoded else ()
        bridge = Bridge.left_of_a_grid(looks, here.written)
        grid = Pathway(looks, here.written, gold)
        grid.place()
        turns, places = (
            trace[f"{here.cross}.backward_jumps"].pick(batch=0),
            trace[f"{here.cross}.top_key_numbers"].pick(batch=0),
        )
        source = looks.words("key")
        spoken = " ".join(f"{label}" for label in source)
        order = ", ".join(f"{places.quantity(i)}" for i in range(len(here.written)))
        single, judged = len(here.written) == 1, "alignment" in trace.about.get("card", {})
        listed = f"The largest weights are at positions {order}. " if len(here.written) <= 5 else ""
        back = claim(
            judged, "Where the order differs, the path turns back.", "The path of the largest weights turns back."
        )
        told = (
            f"The largest weight is at position {order}: with one word, there is no path."
            if single
            else listed + claim(bool(turns > 0), back, "Here the path of the largest weights never turns back.")
        )
        known = (
            f"In new sentences, the largest weight is at the right token for {trace['card.aligned']:share} of words."
            if judged
            else "No rule told it to."
        )
        order_differs = (
            "Spanish often puts the noun before its adjective."
            if "in_grammar" in trace.about
            else "Two languages need not agree on the order."
        )
        start = f"Now {spoken}. " if here is not decoded else ""
        yield Step(
            "Writing goes forward, reading may turn back",
            say=f"{start}{order_differs} |{told} |{known}",
            show=[
                [appear(bridge.source, bridge.written), appear_in_turn(bridge.curves)],
                [appear(grid.pattern, grid.columns, grid.rows), appear_in_turn([*grid.way])],
                appear(grid.gold) if len(grid.gold) else None,
            ],
            stay=(),
            here=decoded.cross,
        )

    def what_the_encoder_prepared(self, trace: Trace) -> Iterator[Step]:
        """Another noun, another form: the gender was in the vector that the decoder attends to."""
        swap = trace.about.get("gender")
        if not swap:
            return
        ours, theirs = decoder_rows_of(trace), decoder_rows_of(trace, "other.gender")
        place = swap["adjective"]
        row = same_source_row(ours, theirs, trace, place)
        if row is None:
            return
        last = trace.parents[f"decoder.{ours.layer}.cross_attn.k"][0]
        runs = [
            OneRun(
                decoded.mean_weights(trace).words("key"),
                decoded.written,
                trace[decoded.named("embed_src.sum")].pick(batch=0, position=place),
                trace[decoded.named(last)].pick(batch=0, position=place),
                decoded.mean_weights(trace).label("key", swap["position"]),
                row,
            )
            for decoded in (ours, theirs)
        ]
        likeness = [
            trace[f"other.gender.{name}.cosine_with_other"].pick(batch=0, position=place)
            for name in ("embed_src.sum", last)
        ]
        adjective = ours.mean_weights(trace).label("key", place)
        probe = "experiment.probe.told_last"
        read = trace[probe].pick(choice="inflected") if probe in trace else None
        told = (
            "A linear probe, one weighted sum of its entries, tells the gender even of nouns it never met: "
            f"{read:share} right."
            if read is not None and read >= trace["roles.role_threshold"]
            else "The noun has left its mark there. Whether the decoder uses it, an experiment must tell."
        )
        picture = TwoRuns(runs, place, likeness)
        first, second = (run.noun for run in runs)
        yield Step(
            "Gender in the encoder’s output",
            say=f"Change “{first}” to “{second}”: “{ours.writes[row]}” becomes “{theirs.writes[row]}”. |"
            f"Both times the decoder attends to “{adjective}”: the same vector goes into the encoder, |"
            f"but not the same comes out. Their cosine is {likeness[1]:.2f}. |"
            f"{told}",
            show=[
                [
                    appear(picture.sources, picture.names[0]),
                    appear(picture.outputs, picture.names[1]),
                    appear(picture.forms),
                ],
                [
                    appear(picture.asked),
                    appear(picture.titles[0], picture.before, picture.before_names),
                    appear(picture.cosines[0]),
                ],
                [
                    *multiply(picture.before, [picture.after]),
                    appear(picture.titles[1], picture.after_names, picture.cosines[1]),
                ],
                None,
            ],
            stay=(),
            here="encoder",
        )

    def row_to_word(self, decoded: DecoderRows, trace: Trace) -> Iterator[Step]:
        """The last vector meets every word's vector."""
        row = len(decoded.written) - 1
        logits, probs = (trace[name].pick(batch=0, position=row) for name in ("logits", "probs"))
        best = [int(i) for i in trace["word_order"].pick(batch=0, position=row).values[:5]]
        last = trace[trace.parents["logits"][0]].pick(batch=0, position=row)
        picture = ReadingOut(last, decoded.reads[row], trace["parameters.output.w"], logits, probs, best)
        likeliest, share = probs.largest()
        tied = (
            "The decoder reads its words by the same vectors: they are its embeddings."
            if trace.about.get("config", {}).get("tied_output")
            else "The decoder reads its words by other vectors, its embeddings."
        )
        yield Step(
            "From vector to word",
            say=f"Each of {trace['config.target_vocab']} words has a vector. Compare them all with the last vector at "
            f"“{decoded.reads[row]}”. |"
            "Each dot product is the logit of a word; softmax turns the logits into probabilities. |"
            f"“{likeliest}” gets {share:share}. {tied}",
            show=[
                [
                    appear(picture.token, picture.row, picture.row_name),
                    (appear(picture.line, picture.table_name), appear_in_turn([*picture.words])),
                    fill(picture.vectors, "row"),
                ],
                [
                    appear(picture.names[0]),
                    appear_in_turn([*picture.logits]),
                    (appear(picture.names[1]), appear_in_turn([*picture.bars])),
                ],
                appear(ring_around(picture.words[0])),
            ],
            stay=(),
            here="output",
        )

    def the_whole_way(self, decoded: DecoderRows, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        row = len(decoded.written) - 1
        picture = WholeWay(decoded.reads[row], decoded.writes[row], decoded.mean_weights(trace).words("key"))
        answer = at_floor(Answer("Shift, mask, ask the source: each position predicts the next word."))
        yield Step(
            "The way of one vector",
            say="So this is the way of one vector. Masked attention brings in what came before, never what comes "
            "after. |Cross-attention brings in the source. |"
            "The feed-forward network works on it alone, and the next word is predicted. |"
            f"{afterwards(trace)}",
            show=[
                [appear(picture.band, picture.reads), appear(picture.blocks[0], *picture.ways[:2])],
                [
                    appear(picture.source, picture.source_name),
                    appear(picture.supply),
                    appear(picture.blocks[1], *picture.ways[2:4]),
                ],
                [appear(picture.blocks[2], *picture.ways[4:]), appear(picture.writes)],
                appear(answer),
            ],
            stay=(),
        )

    def its_own_reader(self, decoded: DecoderRows, trace: Trace) -> Iterator[Step]:
        """Close, for a decoder alone: the answer, what is done with it, and a question to take away."""
        row = len(decoded.written) - 1
        picture = WholeWay(decoded.reads[row], decoded.writes[row], decoded.reads[: row + 1], alone=True)
        answer = at_floor(Answer("Shift and mask: each position predicts the next word, and that is read next."))
        yield Step(
            "The way of one vector",
            say="So this is the way of one vector. Masked attention brings in what came before, never what comes "
            "after. |"
            "The feed-forward network works on it alone, and the next word is predicted: "
            f"{counted(trace['config.decoder_layers'], 'such block')}, no source to ask. |"
            f"“{decoded.writes[row]}” is read next, and so on. |"
            f"{afterwards(trace)}",
            show=[
                [
                    appear(picture.band, picture.reads),
                    appear(picture.source, picture.source_name),
                    appear(picture.supply, picture.blocks[0], *picture.ways[:2]),
                ],
                [appear(picture.blocks[1], *picture.ways[2:]), appear(picture.writes)],
                fly(picture.writes, picture.again),
                appear(answer),
            ],
            stay=(),
        )


def afterwards(trace: Trace) -> str:
    """Zeros after the softmax are right again once the weights are divided by their sum: the old one cancels."""
    return claim(
        bool(trace["decoder.0.self_attn.divided_difference"] < ROUNDING),
        "And zeros after the softmax? Divide by the new sum, and the weights are right: the old one cancels.",
        "And zeros after the softmax, divided by the new sum? The weights are nearly right.",
    )
