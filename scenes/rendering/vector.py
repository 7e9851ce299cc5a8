"""A moment of a step as SVG: each mobject with its curves and colours, in the order in which it is drawn."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
from manim import Mobject, VMobject
from manim.utils.family import extract_mobject_family_members

from scenes.rendering.leaves import COLOURS, LINE_WIDTH
from scenes.rendering.outlines import _close
from scenes.theme import at, shape, units

#: As Manim names them, by number: how lines meet and end.
JOINS, CAPS = ("miter", "round", "bevel", "miter"), ("butt", "round", "butt", "square")
WIDTHS = ("background_stroke_width", None, "stroke_width")


def svg(
    mobjects: Sequence[Mobject],
    title: str,
    told: str,
    background: str = "",
    logo: Path | None = None,
    made: str = "",
    width: float = 0.0,
) -> str:
    """A picture of `mobjects` in the shape that is drawn in, `width` px wide; clear without a `background`.

    Texts are outlines. `made` says what it was made from. No two pictures share an id, so that one page may hold both.
    """
    wide, high = shape().width, shape().height
    width = width or wide
    leaves = extract_mobject_family_members(mobjects, use_z_index=True, only_those_with_points=True)
    gradients: list[str] = []
    body = "\n".join(_drawn(leaf, gradients) for leaf in leaves if isinstance(leaf, VMobject))
    own = hashlib.blake2b(f"{title}{told}{body}".encode(), digest_size=4).hexdigest()
    ground = f'<rect width="100%" height="100%" fill="{background}"/>' if background else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{width:g}" '
        f'height="{width * high / wide:g}" role="img" aria-labelledby="title-{own} told-{own}">'
        f'<title id="title-{own}">{escape(_printable(title))}</title>'
        f'<desc id="told-{own}">{escape(_printable(told))}</desc>'
        f"<metadata>{escape(_printable(made))}</metadata>"
    )
    defs = f"<defs>{''.join(gradients)}</defs>" if gradients else ""
    drawn = "\n".join(filter(None, [defs, ground, _image(logo), body]))
    drawn = drawn.replace('id="g', f'id="{own}-g').replace("url(#g", f"url(#{own}-g")
    return f"{head}\n{drawn}\n</svg>\n"


def _printable(text: str) -> str:
    """`text` without characters that XML has no place for."""
    return "".join(char for char in text if char.isprintable() or char in "\n\t" or category(char) == "Zs")


def _image(logo: Path | None) -> str:
    if logo is None:
        return ""
    left, top, width, height = shape().logo
    data = b64encode(logo.read_bytes()).decode()
    return (
        f'<image x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" preserveAspectRatio="xMaxYMax" '
        f'href="data:image/png;base64,{data}"/>'
    )


def _drawn(leaf: VMobject, gradients: list[str]) -> str:
    """A leaf as its path once for each of what is painted: the stroke behind, the fill, the stroke."""
    state, path = leaf.__dict__, _path(leaf)
    found = []
    for name, thick in zip(COLOURS, WIDTHS, strict=True):
        width = float(state[thick]) * LINE_WIDTH / units(1) if thick else None
        rgbas = np.asarray(state[name])
        if not path or width == 0 or not rgbas[:, 3].any():
            continue
        colour, opacity = _paint(leaf, rgbas, gradients)
        if width is None:
            found.append(f'<path d="{path}" fill="{colour}"{_unless_one("fill-opacity", opacity)}/>')
        else:
            join, cap = JOINS[state["joint_type"].value], CAPS[state["cap_style"].value]
            found.append(
                f'<path d="{path}" fill="none" stroke="{colour}"{_unless_one("stroke-opacity", opacity)} '
                f'stroke-width="{width:.4g}" stroke-linejoin="{join}" stroke-linecap="{cap}" stroke-miterlimit="10"/>'
            )
    return "".join(found)


def _unless_one(name: str, value: float) -> str:
    return "" if value == 1 else f' {name}="{value:.4g}"'


def _hex(rgba: Any) -> str:
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in np.clip(rgba[:3], 0, 1))


def _paint(leaf: VMobject, rgbas: np.ndarray, gradients: list[str]) -> tuple[str, float]:
    """A colour and its opacity, or a gradient that is defined for it."""
    if len(rgbas) == 1:
        return _hex(rgbas[0]), float(rgbas[0][3])
    (x1, y1), (x2, y2) = (_spot(point) for point in leaf.get_gradient_start_and_end_points())
    stops = "".join(
        f'<stop offset="{k / (len(rgbas) - 1):.4g}" stop-color="{_hex(rgba)}" stop-opacity="{rgba[3]:.4g}"/>'
        for k, rgba in enumerate(rgbas)
    )
    name = f"g{len(gradients)}"
    ends = f'x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}"'
    gradients.append(f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" {ends}>{stops}</linearGradient>')
    return f"url(#{name})", 1.0


def _spot(point: np.ndarray) -> np.ndarray:
    """A point of the scene in px from the top left of the frame."""
    return (np.asarray(point)[..., :2] - at(0, 0)[:2]) * (1, -1) / units(1)


def contours(leaf: VMobject) -> Iterator[tuple[np.ndarray, bool]]:
    """The contours of a leaf in px: cubic curves, curve × 4 × 2, and whether the ends meet.

    A new one begins where a curve does not go on from where the last one ended.
    """
    points = leaf.points[: len(leaf.points) // 4 * 4]
    if not len(points) or not np.isfinite(points).all():
        return
    curves, near = points[:, :2].reshape(-1, 4, 2), np.array([[leaf.tolerance_for_point_equality]])
    starts = np.flatnonzero(np.append(True, ~_close(curves[:-1, 3], curves[1:, 0], near)))
    for start, end in zip(starts, np.append(starts[1:], len(curves)), strict=True):
        meets = _close(curves[start : start + 1, 0], curves[end - 1 : end, 3], near)[0]
        yield _spot(curves[start:end]), bool(meets)


def _path(leaf: VMobject) -> str:
    parts = []
    for spots, closed in contours(leaf):
        parts.append("M" + _pair(spots[0, 0]))
        parts += ["C" + " ".join(map(_pair, curve[1:])) for curve in spots]
        parts += ["Z"] * closed
    return "".join(parts)


def _pair(spot: np.ndarray) -> str:
    return f"{spot[0]:.2f},{spot[1]:.2f}".replace(".00", "")
