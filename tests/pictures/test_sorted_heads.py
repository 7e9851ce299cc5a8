"""Heads sorted by their patterns: each stands in the line of its pattern, and any number of them fits the stage."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from scenes.layout import STAGE, faults
from scenes.mobjects.sorted_heads import SortedHeads
from scenes.theme import at, drawn_in
from transformer_core.tracing.trace import NamedTensor, Trace

WORDS = ("the", "old", "ship", "sails", "home")


def stack(*layers: list[np.ndarray]) -> Trace:
    """An encoder of these weights, a list of heads for each layer."""
    tensors = {}
    for layer, heads in enumerate(layers):
        path, labels = f"encoder.{layer}.self_attn", {"query": WORDS, "key": WORDS}
        weights = np.array([heads], float)
        tensors[f"{path}.weights"] = NamedTensor(f"{path}.weights", weights, ("batch", "head", "query", "key"), labels)
        tensors[f"{path}.q"] = NamedTensor(f"{path}.q", weights[..., :1], ("batch", "head", "query", "d_head"))
    return Trace(tensors)


def looking(offset: int, share: float) -> np.ndarray:
    """A head that gives the token `offset` away this share, and the rest to all alike."""
    there = np.eye(5, k=offset)
    rows: np.ndarray = share * there + (1 - share * there.sum(-1, keepdims=True)) / 5
    return rows


EVEN = np.full((5, 5), 0.2)


def test_each_head_stands_in_the_line_of_its_pattern_and_the_clearest_comes_first() -> None:
    with drawn_in("dark"):
        picture = SortedHeads(stack([looking(-1, 0.9), EVEN], [looking(1, 0.95), looking(-1, 1.0)]))
    places = {(name and str(name)): found for name, found in picture.groups}
    assert places == {"the token before": [(1, 1), (0, 0)], "the token after": [(1, 0)], None: [(0, 1)]}
    assert picture.first is not None
    layer, head, shown = picture.first
    assert (layer, head, str(shown.name)) == (1, 1, "the token before")
    first, second, behind, none = (picture.sorted[2 * layer + head] for layer, head in ((1, 1), (0, 0), (1, 0), (0, 1)))
    assert first.get_y() == pytest.approx(second.get_y())
    assert first.get_x() < second.get_x()
    assert first.get_y() > behind.get_y() > none.get_y()
    assert [text.text for text in picture.names] == ["the token before", "the token after", "none of these places"]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1, 1), (2, 4), (6, 12), (12, 12), (12, 16)], ids=str)
def test_any_number_of_heads_fits_the_stage_and_no_two_overlap(size: tuple[int, int], theme: str) -> None:
    rng = np.random.default_rng(3)
    kinds = [looking(-1, 0.95), looking(1, 0.9), EVEN, np.eye(5), np.eye(5)[[0] * 5], np.eye(5)[[4] * 5]]
    trace = stack(*([kinds[rng.integers(6)] for _ in range(size[1])] for _ in range(size[0])))
    with drawn_in(theme):
        picture = SortedHeads(trace)
        by_layer = [picture.grids, picture.layer_names, picture.letters]
        by_pattern = [picture.sorted, picture.names]
        assert faults(by_layer) == faults(by_pattern) == []
    low, high = at(STAGE.left - 2, STAGE.bottom + 2), at(STAGE.right + 2, STAGE.top)
    for grids in (picture.grids, picture.sorted):
        assert len(grids) == size[0] * size[1]
        boxes = [(*grid.get_corner((-1, -1, 0))[:2], *grid.get_corner((1, 1, 0))[:2]) for grid in grids]
        assert all(box[0] >= low[0] and box[1] >= low[1] and box[2] <= high[0] and box[3] <= high[1] for box in boxes)
        assert not any(
            min(a[2], b[2]) - max(a[0], b[0]) > 1e-6 and min(a[3], b[3]) - max(a[1], b[1]) > 1e-6
            for a, b in combinations(boxes, 2)
        )
