"""The decoder rows that a lecture follows: the token each reads and writes, and its top source token. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transformer_core.studies.focus import DECODER, layers_of
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: Where two runs of one word are compared: the first layer reads the words themselves.
FIRST = "decoder.0.self_attn"


@dataclass(frozen=True)
class DecoderRows:
    """The rows of a decoder for one pair of sentences.

    Attributes:
        prefix: of the run, "" or "other.<key>".
        reads, writes: the word that each row reads, and the likeliest next one, which it writes.
        layer: the decoder layer whose cross-attention aligns best, by the card, or the last.
    """

    prefix: str
    reads: tuple[Label, ...]
    writes: tuple[Label, ...]
    layer: int

    def named(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name

    @property
    def cross(self) -> str:
        return self.named(f"decoder.{self.layer}.cross_attn")

    def mean_weights(self, trace: Trace) -> NamedTensor:
        """The cross-attention weights of the rows that write one of `written`, as means over the heads: "query key"."""
        return trace[f"{self.cross}.mean_weights"].pick(batch=0, query=tuple(range(len(self.written))))

    def memory(self, trace: Trace) -> NamedTensor:
        """The final vectors of the encoder, which cross-attention reads: "position d_model"."""
        return trace[self.named(trace.parents[f"decoder.{self.layer}.cross_attn.k"][0])].pick(batch=0)

    @property
    def last(self) -> int:
        """The row that writes the last word."""
        return len(self.written) - 1

    @property
    def written(self) -> tuple[Label, ...]:
        """The words without the end mark; of an empty translation the end mark, for that is all it has."""
        return self.writes[:-1] or self.writes


def decoder_rows_of(trace: Trace, prefix: str = "") -> DecoderRows:
    """The rows of the run at `prefix`."""
    probs = trace[f"{prefix}.probs" if prefix else "probs"].pick(batch=0)
    best = trace.about.get("card", {}).get("alignment", {}).get("layer", layers_of(trace, DECODER)[-1])
    reads, writes = probs.words("position"), tuple(probs.pick(position=row).largest()[0] for row in range(len(probs)))
    if [*map(str, writes[:-1])] != [*map(str, reads[1:])]:  # a given text need not be what it would write
        writes = (*reads[1:], writes[-1])
    return DecoderRows(prefix, reads, writes, int(best))


def argmax_leak(trace: Trace) -> tuple[int, Label]:
    """The head of the first layer, and the row before the last, that a change of the last word would move most.

    Of a decoder that reads the start mark alone, that row.
    """
    leak = trace[f"{FIRST}.post_softmax_mask_leak"].pick(batch=0)
    head, row, _ = leak.pick(query=slice(max(1, leak.size("query") - 1))).largest()
    return head.position, row


def gold_alignment(trace: Trace) -> Sequence[Sequence[int]]:
    """For each written word the source positions that it translates, if the model wrote what the grammar would."""
    gold = trace.about.get("gold")
    if not gold or list(gold["words"]) != list(trace.about["output_tokens"]):
        return ()
    return gold["alignment"]


def same_source_row(ours: DecoderRows, theirs: DecoderRows, trace: Trace, word: int) -> int | None:
    """The row that writes a form of the source word at `word` in both runs, and looks at it both times; or None."""
    for row in range(min(len(ours.written), len(theirs.written))):
        looks = [int(decoded.mean_weights(trace).values[row].argmax()) for decoded in (ours, theirs)]
        if looks == [word, word] and str(ours.writes[row]) != str(theirs.writes[row]):
            return row
    return None
