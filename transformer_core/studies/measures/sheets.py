"""The sheet: all mixes a x + b y of two rows, and where a sublayer takes them.

x is the vector of the query token, y that of its top key (see `transformer_core.studies.focus`); a token that is
alone meets its own row behind the block. Of attention, a mix is one of all rows at once: Y is the sentence turned round
until the top key stands where the query token stood.

A sheet is seen in the plane of f(x) - f(0) and f(y) - f(0): coordinates along f(x) - f(0), and across it on the side of
f(y), both from f(0). If f is linear or affine, the whole sheet lies in that plane and its lines stay straight and even.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.feed_forward import ACTIVATIONS, entering, gate_of, weights_of
from transformer_core.studies.measures.linearity import FACTORS, Split, attending, feeding
from transformer_core.studies.measures.naming import Values, measure
from transformer_core.tracing.trace import Trace

#: The factors of which a sheet is made, for a and for b.
MIXES = np.linspace(-1, 2, 61)
EVERY_WAY = np.stack(np.meshgrid(MIXES, MIXES, indexing="ij"), -1).reshape(-1, 2)
#: The points of a sheet with a name: f(0), f(x), f(y), and the two sides of the test.
POINTS = ("zero", "x", "y", "mixed before", "mixed after")
#: How many mixes are computed at once.
AT_ONCE = 128


class MixedRows(NamedTuple):
    """The rows X and Y that are mixed, "batch position d_model", and the row to look at."""

    x: np.ndarray
    y: np.ndarray
    row: int


def two(trace: Trace, prefix: str) -> MixedRows:
    """The two rows, or sentences, that the sublayer at `prefix` is tested with."""
    focus, block = focus_of(trace), prefix.rpartition(".")[0]
    x = entering(trace, prefix, "pre" if prefix.endswith("ffn") else "q")
    turn = focus.query_token.position - focus.top_key.position
    y = np.roll(x, turn, axis=1) if turn else trace.full(f"{block}.resid_post").values
    return MixedRows(x, y, focus.query_token.position)


def mapped(f: Split, rows: MixedRows, ways: np.ndarray) -> np.ndarray:
    """f at the mixes a x + b y of `ways`, pairs of (a, b): "mix d_model"."""
    here = slice(rows.row, rows.row + 1)
    x, y = (f.cut(f.linear(part), here) for part in (rows.x, rows.y))
    ways = ways.astype(rows.x.dtype)
    found = []
    for at in range(0, len(ways), AT_ONCE):
        some = ways[at : at + AT_ONCE]
        mixes = []
        for one, other in zip(x, y, strict=True):
            a, b = (some[:, side].reshape(-1, *[1] * (one.ndim - 1)) for side in (0, 1))
            mixes.append(a * one + b * other)
        found.append(f.rest(mixes, here)[:, 0])
    return np.concatenate(found)


def grid(f: Split, rows: MixedRows) -> np.ndarray:
    """f at every mix of the sheet: "row column d_model"."""
    return mapped(f, rows, EVERY_WAY).reshape(len(MIXES), len(MIXES), -1)


def named_points(f: Split, rows: MixedRows) -> np.ndarray:
    """f at the points of `POINTS`, and last a f(x) + b f(y): "choice d_model"."""
    one, other = FACTORS
    points = mapped(f, rows, np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (one, other)]))
    return np.vstack([points, one * points[1] + other * points[2]])


def plane(points: np.ndarray) -> np.ndarray:
    """An orthonormal basis of the plane of f(x) - f(0) and f(y) - f(0): "d_model component"."""
    along, across = points[1] - points[0], points[2] - points[0]
    along = along / np.linalg.norm(along)
    across = across - (across @ along) * along
    return np.column_stack([along, across / np.linalg.norm(across)])


#: What leaves rows as they are.
AS_IT_IS = Split(lambda rows: (rows,), lambda rows, _at: rows[0])


def maps(trace: Trace, prefix: str) -> dict[str, Split]:
    """The maps of a sublayer that a sheet can be sent through, by name; `entering` leaves it as it is."""
    if prefix.endswith("ffn"):
        return {
            "entering": AS_IT_IS,
            "two_matrices": feeding(trace, prefix, nonlinear=False),
            "feed_forward": feeding(trace, prefix),
        }
    return {
        "entering": AS_IT_IS,
        "fixed_weights": attending(trace, prefix, frozen=True),
        "attention": attending(trace, prefix),
    }


def _register(name: str) -> None:
    """`<name>_sheet`, `<name>_points` and `<name>_apart` of a sublayer."""

    def sheet(trace: Trace, prefix: str) -> Values:
        f, rows = maps(trace, prefix)[name], two(trace, prefix)
        found = named_points(f, rows)
        return (grid(f, rows) - found[0]) @ plane(found)

    def points(trace: Trace, prefix: str) -> Values:
        found = named_points(maps(trace, prefix)[name], two(trace, prefix))
        return (found - found[0]) @ plane(found)

    def apart(trace: Trace, prefix: str) -> Values:
        """|f(a x + b y) - (a f(x) + b f(y))| / |a f(x) + b f(y)|."""
        before, after = named_points(maps(trace, prefix)[name], two(trace, prefix))[3:]
        return np.linalg.norm(before - after) / np.linalg.norm(after)

    measure("row column component", name=f"{name}_sheet")(sheet)
    measure("choice component", name=f"{name}_points", choice=POINTS)(points)
    measure("", name=f"{name}_apart")(apart)


for _name in ("entering", "two_matrices", "feed_forward", "fixed_weights", "attention"):
    _register(_name)


def across(rows: MixedRows, weights: np.ndarray) -> np.ndarray:
    """x . w and y . w for every column w of some weights: "choice neuron"."""
    return np.stack([row[0, rows.row] @ weights for row in (rows.x, rows.y)])


def moving(
    trace: Trace, prefix: str, rows: MixedRows, ways: np.ndarray, some: Sequence[int] | slice = slice(None)
) -> np.ndarray:
    """(g(h) - h) w_2, h = a x . w_1 + b y . w_1 and g the activation or gate: "neuron mix d_model", of some neurons."""
    w1, _, w2, _ = weights_of(trace, prefix)
    activation, gate = ACTIVATIONS[trace.about["config"]["activation"]], gate_of(trace, prefix)
    h = ways @ across(rows, w1[:, some])
    bent = activation(h) if gate is None else activation(ways @ across(rows, gate[0][:, some])) * h
    return (bent - h).T[..., None] * w2[some, None]


def folding(trace: Trace, prefix: str) -> tuple[list[int], np.ndarray]:
    """Two neurons whose activation moves corners of the sheet far, and the plane in which that is seen.

    The first moves one farthest; the other does so, too, and folds along another line. From above the sheet of the two
    matrices the eye goes halfway down to the side to which both neurons add, so that what they move rises.
    """
    rows = two(trace, prefix)
    basis = plane(named_points(maps(trace, prefix)["two_matrices"], rows))
    corners = np.array([(a, b) for a in MIXES[[0, -1]] for b in MIXES[[0, -1]]])
    x, y = unit(across(rows, weights_of(trace, prefix)[0]).T).T
    moved = moving(trace, prefix, rows, corners)
    most = np.linalg.norm(moved, axis=-1).max(-1)
    first = int(most.argmax())
    other = int((most * np.abs(x * y[first] - y * x[first])).argmax())
    sides = moved[[first, other]].sum(1)
    side = unit(unit(sides - sides @ basis @ basis.T).sum(0))
    return [first, other], np.column_stack([basis[:, 0], (basis[:, 1] + side) / np.sqrt(2)])


def unit(vectors: np.ndarray) -> np.ndarray:
    """v / |v|, and nothing for nothing."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def folded(trace: Trace, prefix: str, ways: np.ndarray) -> np.ndarray:
    """Mixes behind two matrices with the activation in no neuron, in one, and in two: "fold mix component"."""
    rows, (some, basis) = two(trace, prefix), folding(trace, prefix)
    flat = mapped(maps(trace, prefix)["two_matrices"], rows, ways)
    return np.cumsum([flat, *moving(trace, prefix, rows, ways, some)], axis=0) @ basis


@measure("fold row column component")
def folded_sheets(trace: Trace, prefix: str) -> Values:
    """The sheet of the two matrices with the activation in no neuron, in one, and in two, as `folding` sees it."""
    return folded(trace, prefix, EVERY_WAY).reshape(-1, len(MIXES), len(MIXES), 2)


def crease(x: float, y: float) -> np.ndarray:
    """The factors (a, b) of a sheet, from edge to edge, where a x + b y = 0: "point factor"."""
    turn = np.array([y, -x])
    bounds = np.sort(MIXES[[0, -1]] / turn[:, None])
    return np.outer(np.linspace(bounds[:, 0].max(), bounds[:, 1].min(), len(MIXES)), turn)


@measure("sheet fold point component")
def fold_lines(trace: Trace, prefix: str) -> Values:
    """f(a x + b y) where a x . w + b y . w = 0, for w of the two neurons: on the sheet that enters, and on each folded.

    The first sheet is seen as `entering_sheet` is, the others as `folded_sheets` are.
    """
    rows, (some, _) = two(trace, prefix), folding(trace, prefix)
    ways = np.concatenate([crease(*pair) for pair in across(rows, weights_of(trace, prefix)[0]).T[some]])
    entering = mapped(AS_IT_IS, rows, ways) @ plane(named_points(AS_IT_IS, rows))
    return np.stack([entering, *folded(trace, prefix, ways)]).reshape(-1, len(some), len(MIXES), 2)
