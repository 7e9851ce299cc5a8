"""Every learned number of a model as area: first layer by layer, then the same areas kind by kind."""

from __future__ import annotations

from manim import VGroup

from scenes.layout import LEFT_EDGE, WIDTH
from scenes.mobjects.marks import Area, Ground, means
from scenes.mobjects.role_table import ORDINALS, layer_name
from scenes.mobjects.shapes import Box
from scenes.mobjects.text import Words
from scenes.theme import at, between, ink_on, palette, units
from transformer_core.studies.measures.sizes import columns, kind_of
from transformer_core.tracing.provenance import plain
from transformer_core.tracing.trace import NamedTensor, Trace

TOP, HIGH, SPACE = 262.0, 500.0, 18.0


def fill_of(kind: str) -> str:
    """The colour of what a part is for."""
    colours = palette()
    fills = {
        "attention": between(colours.surface, colours.weight, 0.72),
        "feed-forward": between(colours.surface, colours.weight, 0.36),
        "embeddings": between(colours.surface, colours.residual, 0.8),
        "norms": colours.ink2,
    }
    return fills.get(kind, colours.ink3)


class Areas(VGroup):
    """A rectangle for each module, as large as it has parameters, in columns.

    Args:
        trace: the lecture's trace.
        by_kind: columns for what a module is for; else a column for each layer.
    """

    def __init__(self, trace: Trace, by_kind: bool) -> None:
        self.counts: NamedTensor = trace["parameters.counts"]
        totals = trace["parameters.by_kind" if by_kind else "parameters.by_layer"]
        shares = trace["parameters.shares_by_kind"]
        modules = self.counts.labels["part"]
        found = dict(columns(modules, by_kind))
        order = [(totals.labels["part"][k], totals.quantity(k)) for k in range(len(totals))]
        room = WIDTH - (len(order) - 1) * SPACE
        whole = float(self.counts.values.sum())
        #: Px of width that one parameter takes over the full height.
        self.unit = room / whole
        boxes: dict[int, Box] = {}
        whole_model = Ground()
        self.names, self.numbers, self.inside = VGroup(), VGroup(), VGroup()
        x = LEFT_EDGE
        for name, total in order:
            wide = float(total) * self.unit
            y = TOP
            for at_ in found[name]:
                high = HIGH * float(self.counts.values[at_]) / float(total)
                kind = kind_of(modules[at_])
                slit = min(2.5, high * 0.2)
                box = Box(max(wide, 0.5), high - slit, fill_of(kind), min(5.0, high / 4))
                boxes[at_] = box.move_to(at(x + wide / 2, y + high / 2))
                means(box, Area(self.counts.quantity(at_), whole_model, self.unit * HIGH, 2.5))
                y += high
            told = f"{total:,.0f}, {shares.pick(part=name):share}" if by_kind and wide > 160 else f"{total:,.0f}"
            self._caption(name, told, x + wide / 2, wide)
            x += wide + SPACE
        self.blocks = VGroup(*(boxes[k] for k in range(len(modules))))
        if not by_kind:
            self._kinds(modules, boxes)
        super().__init__(self.blocks, self.names, self.numbers, self.inside)

    def _caption(self, name: str, total: str, x: float, wide: float) -> None:
        """The name and the number of a column where there is room for them; a thin one is told to its left."""
        shown = {"embed_src": "source", "embed_tgt": "target"}.get(name, name)
        side, _, layer = shown.partition(".")
        if layer.isdigit() and int(layer) >= len(ORDINALS):
            return  # a column of so deep a model is too thin for a name
        if layer.isdigit():
            shown = f"{side}, {layer_name(int(layer)).partition(' ')[0]}"
        text, count = Words(shown, "fact", "ink"), Words(total, "number", "ink2")
        text.settle(at(x, TOP - 32))
        count.settle(at(x, TOP + HIGH + 36))
        room = wide + SPACE - 6
        right = units(WIDTH / 2)
        for words, group in ((text, self.names), (count, self.numbers)):
            if words.width * 135 > room and x > 960:
                words.end_at(right)
            near = group[-1] if len(group) else None
            if words.width * 135 <= room or (
                x > 1600 and (near is None or near.get_right()[0] + units(16) < words.get_left()[0])
            ):
                group.add(words)

    def _kinds(self, modules: tuple[str, ...], boxes: dict[int, Box]) -> None:
        """What a module is for, written on the first one of each kind that has room for it."""
        told: set[str] = set()
        for at_, module in enumerate(modules):
            kind, box = kind_of(module), boxes[at_]
            words = Words(kind, "note", "ink", box).move_to(box)
            words.settle(box.get_center()).set_fill(ink_on(fill_of(kind)))
            roomy = words.width < box.width - units(20) and words.height < box.height - units(14)
            if kind not in told and roomy:
                told.add(kind)
                self.inside.add(words)

    @property
    def heads(self) -> list[str]:
        return [plain(words.text) for words in self.names]
