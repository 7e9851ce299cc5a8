"""The decoder: it reads what it has written, never ahead, and asks the source before each word."""

from __future__ import annotations

from collections.abc import Iterator

from manim import VGroup

from scenes.animations import appear, appear_in_turn, fill, fly, leave, ring_around
from scenes.animations.branching import multiply
from scenes.layout import at_floor, centred
from scenes.mobjects.bridge import Bridge, Pathway
from scenes.mobjects.masking import Leak, MaskBoard
from scenes.mobjects.race import named_head
from scenes.mobjects.reading_out import ReadingOut, WholeWay
from scenes.mobjects.rows import Answer
from scenes.mobjects.shifted import Shifted
from scenes.mobjects.two_runs import OneRun, TwoRuns
from scenes.mobjects.wording import counted
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

#: From this share on a row is as good as whole, to two decimals.
ALL = 0.995


class Decoder(Chapter):
    """Shift, mask, ask the source: how each row comes to predict its next word."""

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
        if len(decoded.reads) > 1:  # else nothing stands ahead of any row
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
            "Move it one place on, behind a start mark: this it reads. |"
            "Each row reads one and writes the next. |"
            f"The row that reads “{decoded.reads[row]}” has to write “{decoded.writes[row]}”.",
            show=[
                [appear(picture.sources), appear(picture.names[0])],
                [*begun, appear(picture.reads[0], picture.names[1])],
                [appear(picture.box, picture.title), appear_in_turn([*picture.ways]), appear(picture.writes[-1])],
                appear(ring_around(picture.column(row))),
            ],
        )

    def mask_before(self, trace: Trace) -> Iterator[Step]:
        """Minus infinity before the softmax."""
        head, row = argmax_leak(trace)
        part = trace.under(FIRST, batch=0, head=head)
        board = MaskBoard(part)
        centred(board)
        most, share = part.in_full("weights", query=row.position).largest()
        yield Step(
            "A mask before the softmax",
            say="All rows run at once: each meets every key, even later ones. |"
            "A row may look back, never ahead: scores ahead become minus infinity. |"
            "Their exponential is zero. The others share one. |"
            f"{named_head(0, head)}: “{row}” gives “{most}” {share:share}, nothing ahead.",
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
        safe = "Mask first, and no share moves." if kept == 0 else f"Mask first, and shares move by {kept:.0e}."
        left = f"{total:.2f}" if total < ALL else f"{total:share}"
        moved = f"{leak:.2f}" if leak > 1 - ALL else f"{leak:.0e}"
        yield Step(
            "Why not set zeros afterwards?",
            say=f"The row of “{row}”, masked first: its shares make one. |"
            f"Set zeros after the softmax, and {left} is left. |"
            f"Worse: make the hidden “{last}” a “{changed}”, and a share moves by {moved}. |"
            f"The future leaks through the sum. {safe}",
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
        """Cross-attention: one row asks, then all."""
        looks, gold = decoded.mean_weights(trace), gold_alignment(trace)
        row = len(decoded.written) - 1
        top_key, share = trace.in_full(f"{decoded.cross}.mean_weights", batch=0, query=row).largest()
        picture = Bridge(looks, decoded.written)
        rest = [curves for i, curves in enumerate(picture.curves) if i != row]
        names = picture.names
        hits, words = trace[f"{decoded.cross}.alignment_hits"] if gold else 0, trace["config.output_words"]
        right = f"Right, by the grammar: {hits} of {words}." if gold else self.shared_out(decoded, trace)
        others = claim(len(decoded.written) > 1, "Every row does the same.", "Each later row would do the same.")
        yield Step(
            "Before each word, ask the source",
            say="The decoder must know the source, too: its rows ask, the encoder’s last rows answer. |"
            f"About to write “{decoded.writes[row]}”, it gives {share:share} to “{top_key}”. |"
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
        """Tell which source positions get the most attention of each row that writes a word."""
        places = trace[f"{decoded.cross}.top_keys"].pick(batch=0).values[: len(decoded.written)]
        different = len(set(places.tolist()))
        if len(places) == 1:
            return ""
        return claim(
            different == len(places),
            "Each has a favourite of its own.",
            claim(different == 1, "All have the same favourite.", "Some share a favourite."),
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
        listed = f"The favourites stand at {order}. " if len(here.written) <= 5 else ""
        back = claim(judged, "Where the order differs, the path turns back.", "The path of favourites turns back.")
        told = (
            f"The favourite stands at {order}: of one, there is no path."
            if single
            else listed + claim(bool(turns > 0), back, "Here the path of favourites never turns back.")
        )
        known = (
            f"In new sentences the favourite is right for {trace['card.aligned']:share} of all words."
            if judged
            else "No rule was given for it."
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
        """Another noun, another form: the gender was in the row that the decoder looks at."""
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
            f"From such rows a linear reader tells the gender of nouns it never read: {read:share} right."
            if read is not None and read >= trace["roles.role_threshold"]
            else "The noun has left its mark there. Whether it is used, a test must tell."
        )
        picture = TwoRuns(runs, place, likeness)
        first, second = (run.noun for run in runs)
        yield Step(
            "What the encoder had to prepare",
            say=f"Change “{first}” to “{second}”: “{ours.writes[row]}” becomes “{theirs.writes[row]}”. |"
            f"Both times the decoder looks at “{adjective}”: the same row before the encoder, |"
            f"another behind it. Cosine {likeness[1]:.2f}. |"
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
        """The last row meets every word's vector."""
        row = len(decoded.written) - 1
        logits, probs = (trace[name].pick(batch=0, position=row) for name in ("logits", "probs"))
        best = [int(i) for i in trace["word_order"].pick(batch=0, position=row).values[:5]]
        last = trace[trace.parents["logits"][0]].pick(batch=0, position=row)
        picture = ReadingOut(last, decoded.reads[row], trace["parameters.output.w"], logits, probs, best)
        likeliest, share = probs.largest()
        tied = (
            "These are the vectors by which the decoder reads its words, too."
            if trace.about.get("config", {}).get("tied_output")
            else "The decoder reads its words by other vectors than these."
        )
        yield Step(
            "From row to word",
            say=f"The last row of “{decoded.reads[row]}” meets the vectors of all "
            f"{trace['config.target_vocab']} words. |"
            "Each dot product is a logit; softmax makes the logits probabilities. |"
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
        answer = at_floor(Answer("Shift, mask, ask the source: each row predicts its next word."))
        yield Step(
            "The way of one row",
            say="So this is the way of one row. It looks back, never ahead. |It asks the source. |"
            "It thinks, and names the next word. |"
            "Your turn: set zeros afterwards, but then divide the row by its sum. Is it wrong?",
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
        answer = at_floor(Answer("Shift and mask: each row predicts its next word, and that is read next."))
        yield Step(
            "The way of one row",
            say="So a row looks back, never ahead. |"
            f"It thinks, and names the next word: {counted(trace['config.decoder_layers'], 'such block')}, "
            "no source to ask. |"
            f"“{decoded.writes[row]}” is read next, and so on. |"
            "Your turn: set zeros afterwards, but then divide the row by its sum. Is it wrong?",
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
