"""The decoder: shifted right, a causal mask, cross-attention, and from the last vector to a word."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import (
    Dive,
    Flight,
    Rise,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    leave,
    meet,
    move_ring,
    pulses,
    ring_around,
)
from scenes.chapters.c12_decoder.bridge import ALOUD, CrossAttentionBridge
from scenes.chapters.c12_decoder.decoder_plan import ShiftedWords, VectorPath
from scenes.chapters.c12_decoder.masking import ALL, MaskBoard
from scenes.chapters.c12_decoder.outputs import EncodedPair, EncodedSentence, Unembedding
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.sentences import spelled
from scenes.mobjects.wording import head_name, layer_name
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.decoder_rows import FIRST, DecoderRows, decoder_rows_of, gold_alignment, same_source_row
from transformer_core.tracing.trace import Trace


class Decoder(Chapter):
    """Shift, mask, ask the source: how each position comes to predict the next word."""

    number = 12
    title = "Decoder"
    needs = ("a decoder",)
    at_the_end = True
    looks_at = "decoder"

    def steps(self, trace: Trace) -> Iterator[Step]:
        decoded = decoder_rows_of(trace)
        shifted = ShiftedWords(trace, decoded)
        yield from self.shifted_by_one(decoded, shifted)
        if len(decoded.reads) > 1:  # else no position has a later one
            board, dive = MaskBoard(trace), shifted.dive()
            yield from self.the_future_lies_open(decoded, shifted, board, dive)
            yield from self.mask_before(trace, board)
            yield from self.not_zero_afterwards(trace, board, shifted, dive)
        if f"{decoded.cross}.q" in trace:
            bridge = bridge_of(decoded, trace)
            yield from self.ask_the_source(decoded, trace, bridge)
            yield from self.what_the_encoder_prepared(trace)
            yield from self.reading_jumps(decoded, trace, bridge)
        yield from self.vector_to_word(decoded, trace)
        yield from self.the_whole_way(decoded, trace, shifted)

    def shifted_by_one(self, decoded: DecoderRows, picture: ShiftedWords) -> Iterator[Step]:
        """The question of the chapter, and the first half of the answer."""
        row, flow = decoded.last, pulses(picture.ways, role="residual")
        yield Step(
            "How can it learn to write without peeking?",
            beat(
                "A decoder has to write, word by word. How can it learn that without peeking?",
                appear(picture.large_names[0]),
                appear_in_turn([*picture.large[0].chips], "tour"),
            ),
            beat(
                "In training, it reads the very same words, shifted right by one, after a start mark.",
                (appear(picture.large_names[1]), *picture.slide()),
                appear(picture.large[1].chips[0]),
            ),
            beat(
                f"So each position reads one word, and must predict the next: at “{decoded.reads[row]}”, "
                f"“{decoded.writes[row]}”.",
                picture.open(),
                (appear(picture.decoder), draw(*picture.ways_in)),
                draw(*picture.ways_out),
                (picture.reads.mark({row: "query"}), picture.writes.mark({row: "query"})),
                ambient=flow,
            ),
            beat(
                f"But “{decoded.reads[row + 1]}” is read as well, one position further: it could simply be copied.",
                picture.reads.mark({row + 1: "warning"}),
                *(draw(part, kind="slow") for part in picture.peek[:1]),
                *(draw(part) for part in picture.peek[1:]),
                ambient=flow,
            )
            if row + 1 < len(decoded.reads)
            else None,
            stage=[],
        )

    def the_future_lies_open(
        self, decoded: DecoderRows, shifted: ShiftedWords, board: MaskBoard, dive: Dive
    ) -> Iterator[Step]:
        """Inside of the first attention: without a mask, each query meets the key of what it has to predict."""
        grid, row = board.grid, decoded.last
        query, key = grid.pairs.label("query", row), grid.pairs.label("key", row + 1)
        yield Step(
            "All positions at once: the future lies open",
            beat(
                "Inside, the decoder begins with self-attention. All positions are computed at once.",
                (*shifted.enter(), appear(ring := ring_around(dive.part))),
                (leave(ring), dive, *shifted.taken_along(grid.ribbon.chips)),
                deal(grid.ribbon.chips, grid.query_names, grid.queries, grid.keys),
                (appear(board.called), appear_in_turn([*grid.empty])),
            ),
            beat(
                "Rows are queries, columns keys: every query meets every key, even later ones.",
                meet(grid, [*grid.cells], "slow", at_once=True),
            ),
            beat(
                f"The query of “{query}” meets the key of “{key}”: the very word that it should predict.",
                (appear(ring_around(grid.queries[row])), appear(ring_around(grid.keys[row + 1]))),
                appear(ring_around(grid.cells[row, row + 1], "warning")),
            ),
        )

    def mask_before(self, trace: Trace, board: MaskBoard) -> Iterator[Step]:
        """The causal mask: minus infinity before the softmax."""
        query_token, hidden = board.focus, board.hidden
        ring = ring_around(hidden) if len(hidden) else None
        top_key, most = board.part.in_full("weights", query=query_token.position).largest()
        beyond = claim(bool(trace.about.get("windows")), ", with the keys out of sight", "")
        yield Step(
            "A causal mask before the softmax",
            beat("The causal mask hides the future: scores of later keys become minus infinity.", *board.shut()),
            beat("The exponential of that is zero,", appear(ring) if ring else None),
            beat("so softmax gives all attention to the tokens so far.", leave(ring) if ring else None, board.soften()),
            beat(f"Each sum is still one{beyond}.", appear(board.sum_name), appear_in_turn([*board.masked.sums])),
            beat(
                f"In the decoder’s {head_name(0, board.head)}, “{query_token}” gives "
                f"“{top_key}” {most:share}, and later tokens nothing.",
                appear(board.ring),
                move_ring(board.ring, board.top(top_key)),
                move_ring(board.ring, hidden) if ring else None,
            ),
            stage=board.scored,
        )

    def not_zero_afterwards(self, trace: Trace, board: MaskBoard, shifted: ShiftedWords, dive: Dive) -> Iterator[Step]:
        """The other order of mask and softmax leaks the future."""
        query_token = board.focus
        last, changed = (part["weights"].words("key")[-1] for part in (board.part, board.changed))
        total, leak = (
            board.part[name].pick(query=query_token.position)
            for name in ("post_softmax_mask_sums", "post_softmax_mask_leak")
        )
        kept = board.part["masked_leak"].values[:-1].max()
        left = f"{total:.2f}" if total < ALL else f"{total:share}"
        cell, ours, theirs = board.moved
        moved = f"a weight goes from {ours:.2f} to {theirs:.2f}" if leak > 1 - ALL else "the others move a little"
        yield Step(
            "Why not set zeros afterwards?",
            beat(
                "What if later weights were set to zero after the softmax?",
                leave(board.ring),
                *board.masked.turn_into(board.all_seen),
                *board.all_seen.turn_into(board.late),
            ),
            beat(
                f"Then the weights of “{query_token}” add up to only {left}.",
                board.added_up(),
                appear(ring := ring_around(board.late.sums[board.row], roomy=True)),
            ),
            beat(
                f"Worse: swap the hidden “{last}” for another word, “{changed}”: {moved}.",
                (leave(ring), *board.swap()),
                *board.late.turn_into(board.leaked),
                appear(ring := ring_around(cell, "warning")),
            ),
            beat(
                "The future leaks in: softmax divides by a sum over all keys.",
                appear(hidden := ring_around(board.other.keys[-1], "warning")),
                board.leaking(),
            ),
            beat(
                claim(
                    bool(trace[f"{FIRST}.divided_difference"] < ROUNDING and kept < ROUNDING),
                    "Dividing by the new sum repairs it; the mask needs no repair.",
                    "Divide by the new sum, and the weights are nearly right.",
                ),
                leave(ring, hidden),
                *board.leaked.turn_into(board.divided),
            ),
            beat(
                "Mask first, and nothing later is copied.",
                Rise(dive, *board.standing(board.divided)),
                leave(shifted.peek),
                *shifted.stop(),
            ),
        )

    def ask_the_source(self, decoded: DecoderRows, trace: Trace, bridge: CrossAttentionBridge) -> Iterator[Step]:
        """Cross-attention: one position asks, then all."""
        row, gold = decoded.last, gold_alignment(trace)
        top_key, most = trace.under(decoded.cross, batch=0).in_full("mean_weights", query=row).largest()
        rows = [i for i in range(len(bridge.curves)) if i != row]
        rest = [line for i in rows for line in bridge.curves[i]]
        passing, asking = bridge.ask(row)
        hits, words = trace[f"{decoded.cross}.alignment_hits"] if gold else 0, trace["config.output_words"]
        right = f"{hits} of {words} look most at the word that they translate." if gold else shared_out(decoded, trace)
        others = claim(
            len(decoded.written) > 1, "Every position does the same.", "Each later position would do the same."
        )
        yield Step(
            "Cross-attention: queries from the decoder",
            beat(
                "The decoder must know the source, too: the final vectors of the encoder.",
                (appear_in_turn([*bridge.source.chips]), appear(bridge.called)),
                deal(bridge.source.chips, [*bridge.vectors]),
            ),
            beat(
                "In cross-attention, queries come from the decoder, keys and values from these vectors.",
                deal([*bridge.read.chips], bridge.queries),
                deal([*bridge.vectors], [*bridge.keys], [*bridge.values], kind="slow"),
            ),
            beat(
                f"About to write “{decoded.writes[row]}”, it gives “{top_key}” an attention weight of {most:share}.",
                (bridge.read.mark({row: "query"}), appear_in_turn([*bridge.names[2:], *bridge.written])),
                asking,
                *bridge.take(row),
                *bridge.leads([row]),
            ),
            beat(
                f"{others} {right}",
                leave(*passing),
                (draw(*rest, kind="slow") if rest else None, *bridge.leads(rows)),
                tuple(Travel(bridge.values[bridge.top(i)], bridge.taken[i], kind="slow") for i in rows),
                ambient=pulses(bridge.lines, bridge.amounts),
            ),
            stage=[*bridge.decoder, bridge.plates[0], bridge.names[0]],
        )

    def reading_jumps(self, decoded: DecoderRows, trace: Trace, bridge: CrossAttentionBridge) -> Iterator[Step]:
        """A noun before its adjective: the path of the largest weights turns back."""
        here = decoded
        if "phrase" in trace.about.get("others", {}) and not trace[f"{decoded.cross}.backward_jumps"].pick(batch=0):
            here = decoder_rows_of(trace, "other.phrase")
            bridge = bridge_of(here, trace)
        weights = here.mean_weights(trace)
        turns, places = (trace[f"{here.cross}.{name}"].pick(batch=0) for name in ("backward_jumps", "top_key_numbers"))
        start = f"Now “{spelled(weights.words('key'))}”. " if here is not decoded else ""
        order = ", ".join(f"{place}" for place in places.quantities()[: len(here.written)])
        judged = "alignment" in trace.about.get("card", {})
        listed = f"The largest weights are at positions {order}. " if len(here.written) <= ALOUD else ""
        back = claim(
            judged, "Where the order differs, the path turns back.", "The path of the largest weights turns back."
        )
        told = (
            f"The largest weight is at position {order}: with one word, there is no path."
            if len(here.written) == 1
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
        yield Step(
            "Writing goes forward, reading may turn back",
            beat(f"{start}{order_differs}", *(bridge.come() if here is not decoded else [])),
            beat(told, *bridge.walk(places.quantities())),
            beat(known, leave(bridge.ring), ambient=pulses(bridge.lines, bridge.amounts)),
            stage=bridge.ends if here is decoded else bridge.unwritten,
        )

    def what_the_encoder_prepared(self, trace: Trace) -> Iterator[Step]:
        """Another noun, another form: the gender was in the vector that the decoder attends to."""
        swap = trace.about.get("gender")
        if not swap:
            return
        both = decoder_rows_of(trace), decoder_rows_of(trace, "other.gender")
        place = swap["adjective"]
        row = same_source_row(*both, trace, place)
        if row is None:
            return
        rows, memories = [one.mean_weights(trace) for one in both], [one.memory(trace) for one in both]
        runs = [
            EncodedSentence(
                weights.words("key"),
                weights.label("key", swap["position"]),
                decoded.written[row],
                trace[decoded.named("embed_src.sum")].pick(batch=0, position=place),
                memory.pick(position=place),
            )
            for decoded, weights, memory in zip(both, rows, memories, strict=True)
        ]
        compared = "embed_src.sum", memories[0].name
        cosines = [trace[f"other.gender.{name}.cosine_with_other"].pick(batch=0, position=place) for name in compared]
        adjective = rows[0].label("key", place)
        probe = trace.under("experiment.probe")
        read = probe["told_last"].pick(choice="inflected") if "told_last" in probe else None
        found = read is not None and read >= trace["roles.role_threshold"]
        told = (
            "A linear probe, one weighted sum of its entries, tells the gender even of nouns it never met: "
            f"{read:share} right."
            if found
            else "The noun has left its mark there. Whether the decoder uses it, an experiment must tell."
        )
        picture = EncodedPair(runs, place, cosines, probe if found else None)
        (first, second), (one, other) = (run.noun for run in runs), (run.form for run in runs)
        yield Step(
            "Gender in the encoder’s output",
            beat(
                f"What has the encoder put into “{adjective}”? Change “{first}” to “{second}”: "
                f"“{one}” becomes “{other}”.",
                appear_in_turn([ring_around(chip) for chip in picture.noun_chips]),
                appear(picture.forms[1]),
            ),
            beat(
                f"Both times, the same vector of “{adjective}” goes into the encoder,",
                appear(*(ring_around(chip, "residual") for chip in picture.word_chips)),
                picture.taken(),
                appear(picture.cosines[0]),
            ),
            beat(
                f"but not the same comes out. Their cosine is {cosines[1]:.2f}.",
                *picture.through(),
                appear(picture.cosines[1]),
            ),
            beat(told, *(picture.probe.told() if picture.probe else [])),
            stage=picture.standing,
        )

    def vector_to_word(self, decoded: DecoderRows, trace: Trace) -> Iterator[Step]:
        """The last vector meets every word's vector."""
        row = decoded.last
        picture = Unembedding(trace, row, decoded.reads[: row + 1])
        likeliest, most = trace["probs"].pick(batch=0, position=row).largest()
        config = trace.about.get("config", {})
        tied = (
            "The decoder reads its words by the same vectors: they are its embeddings."
            if config.get("tied_output")
            else "The decoder reads its words by other vectors, its embeddings."
        )
        yield Step(
            "From vector to word",
            beat(
                f"At “{decoded.reads[row]}”, a last vector leaves the decoder. How does it become a word?",
                (appear(ring_around(picture.read[row], "query")), Travel(picture.read[row], picture.row, kind="row")),
                appear(picture.slot),
            ),
            beat(
                f"Each of {trace['config.target_vocab']:,.0f} words has a vector, too. {tied}",
                appear(picture.table_name, picture.table),
                Flight(picture.table, picture.read, kind="slow") if config.get("tied_output") else None,
            ),
            beat(
                claim(
                    bool(config.get("output_bias")),
                    "The dot product of the last vector with each, plus a bias, is the logit of that word.",
                    "The dot product of the last vector with each is the logit of that word.",
                ),
                *picture.meet(),
            ),
            beat(
                f"Softmax turns the logits into probabilities: “{likeliest}” gets {most:share}.",
                *picture.soften(),
                appear(ring_around(picture.word)),
            ),
            stage=picture.standing,
        )

    def the_whole_way(self, decoded: DecoderRows, trace: Trace, shifted: ShiftedWords) -> Iterator[Step]:
        """Close: the answer, as the path of one vector in a single shot."""
        row, asks, picture = decoded.last, f"{decoded.cross}.q" in trace, VectorPath(trace, decoded)
        said = {
            "self_attn": f"Masked attention brings “{decoded.reads[row]}” what came before, never what comes after.",
            "cross_attn": "Cross-attention brings in the source.",
            "ffn": "The feed-forward network works on each vector alone."
            if asks
            else "The feed-forward network works on each vector alone: there is no source to ask.",
        }
        first = [path for path in picture.stack.boxes if path.startswith("decoder.0.")]
        others = [path for path in picture.stack.boxes if path not in first]
        layers = trace["config.decoder_layers"]
        again = {1: "That is all: one layer.", 2: "The next layer does the same."}
        yield Step(
            "The path of one vector",
            *(beat(said[path.rpartition(".")[2]], *picture.through(path, slow=True)) for path in first),
            beat(
                again.get(int(layers), f"The other layers do the same: {layers} in all."),
                *(play for path in others for play in picture.through(path)),
            ),
            beat(f"The last vector becomes “{decoded.writes[row]}”, which is read next.", *picture.write()),
            beat(
                "Each position learns on such a path, all at once: shifted and masked, none can peek.",
                *shifted.everywhere(picture),
                ambient=pulses(shifted.ways, role="residual"),
            ),
            stage=[picture.standing],
        )


def bridge_of(decoded: DecoderRows, trace: Trace) -> CrossAttentionBridge:
    """The cross-attention of a sentence."""
    weights, written = decoded.mean_weights(trace), decoded.written
    several = len(trace[f"{decoded.cross}.weights"].pick(batch=0)) > 1
    called = layer_name(decoded.layer), "mean of its heads" if several else "its only head"
    return CrossAttentionBridge(weights, decoded.reads[: len(written)], written, decoded.memory(trace), called)


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
