"""An attention sink: the weights of a query that has no need of a head, above the lengths of the values."""

from __future__ import annotations

from manim import VGroup

from scenes.layout import STAGE, Room
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.softmax_stages import SoftmaxStages
from transformer_core.studies.focus import Focus, layers_of, swap_of
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: Px of the side with the name of the bars.
SIDE = 290.0


class Sink(VGroup):
    """Arcs from a query to what it attends to, and below each token how long its value is.

    Args:
        weights: of the query, "key".
        norms: of the values, "key".
        query: the position of the query.
        noun: the token that it might have attended to.
        room: the rectangle that is filled.
    """

    def __init__(self, weights: NamedTensor, norms: NamedTensor, query: int, noun: Label, room: Room = STAGE) -> None:
        self.query_token, self.noun = weights.label("key", query), noun
        self.sink, self.weight = weights.largest()
        self.norm, self.other_norm = (norms.quantity(token.position) for token in (self.sink, noun))
        #: The largest weight that the sink gave to the noun before, if there was a layer before.
        self.before: Quantity | None = None
        _, columns = room.split_columns(SIDE)
        self.arcs = Arcs(weights.words("key"), query, weights, columns.golden_rows()[0])
        below, keys = self.arcs.ribbon.below(columns), range(len(weights))
        self.bars = SoftmaxStages([norms], ["length of value"], self.arcs.ribbon, keys, below, [".2f"]).stages[0]
        super().__init__(self.arcs, self.bars.whole)

    @classmethod
    def of(cls, trace: Trace, focus: Focus) -> Sink | None:
        """Of the sentence with an adjective that needs no noun; None where there is none, or no sink in it."""
        swap = swap_of(trace, focus)
        if not swap:
            return None
        head = trace.under(f"other.swap.{focus.path}", batch=0, head=focus.head)
        query = swap["position"]
        picture = cls(head["weights"].pick(query=query), head["v_norm"], query, focus.top_key)
        if picture.sink.position in (query, focus.top_key.position) or picture.weight < 0.5:
            return None
        pair = {"query": picture.sink.position, "key": focus.top_key.position}
        before = (f"other.swap.{focus.stack}.{layer}.self_attn.weights" for layer in layers_of(trace)[: focus.layer])
        given = [trace[name].pick(batch=0, **pair).largest()[-1] for name in before]
        picture.before = max(given, key=float) if given else None
        return picture
