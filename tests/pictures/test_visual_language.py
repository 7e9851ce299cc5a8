"""What chapters are built from: blocks, ribbons, inks, and the verbs that move them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from manim import RIGHT, VGroup, config, tempconfig

from scenes.animations import Count, Through, flow
from scenes.mobjects.diagrams import HIGH, MiniMap, lies_in
from scenes.mobjects.shapes import dot, path, stream_band
from scenes.mobjects.text import Words, number
from scenes.theme import PALETTES, at, contrast, drawn_in, ink_on, palette, shared, signed, units
from transformer_core.config import Config
from transformer_core.tracing.trace import NamedTensor

SHARES = NamedTensor("shares", np.array([[0.1, 0.9], [0.4, 0.6], [0.5, 0.5]]), ("temperature", "key"))


@pytest.mark.parametrize("theme", PALETTES)
def test_a_number_can_be_read_on_every_step_of_both_ramps(theme: str) -> None:
    with drawn_in(theme):
        fills = [signed(level, 1) for level in np.linspace(-1, 1, 41)] + [
            shared(level) for level in np.linspace(0, 1, 41)
        ]
        assert min(contrast(ink_on(fill), fill) for fill in fills) >= 4.5


def test_a_stream_reaches_from_start_to_end() -> None:
    band = stream_band(np.zeros(3), 4 * RIGHT, 30)
    assert band.get_left()[0] == pytest.approx(0)
    assert band.get_right()[0] == pytest.approx(4)


def test_what_flows_ends_at_the_end_of_its_path() -> None:
    runner, way = dot(np.zeros(3)), path([np.zeros(3), np.array([1.0, 2.0, 0.0]), np.array([3.0, 2.0, 0.0])])
    animation = flow(runner, way)
    animation.begin()
    animation.finish()
    assert np.allclose(runner.get_center(), [3, 2, 0], atol=1e-3)


def test_a_number_that_counts_names_the_state_that_is_nearest_on_screen() -> None:
    states = [VGroup(dot(np.array([place, 0.0, 0.0]))) for place in (0.0, 1.0, 2.0)]
    shapes, label = states[0].copy(), number(SHARES.quantity(0, 0))
    moving, counting = Through(shapes, states), Count(label, [SHARES.quantity(i, 0) for i in range(3)], ".2f")
    with tempconfig({"frame_rate": config.frame_rate}):
        for alpha in np.linspace(0, 1, 61):
            moving.interpolate(alpha)
            counting.interpolate(alpha)
            at = shapes[0].get_center()[0]
            if abs(at % 1 - 0.5) > 0.02:
                assert label.text == f"{SHARES.values[round(at), 0]:.2f}"


def test_a_character_without_a_glyph_is_named() -> None:
    with pytest.raises(ValueError, match=r"no glyph for 字 \(U\+5B57 CJK UNIFIED IDEOGRAPH-5B57\) in “字”"):
        Words("字")


def a_model(**choices) -> dict[str, object]:
    sizes = {"source_vocab": 9, "target_vocab": 9, "d_model": 16, "heads": 4, "encoder_layers": 2, "decoder_layers": 2}
    return Config(**(sizes | choices)).as_dict()


@pytest.mark.parametrize(
    "here", ["", "encoder", "embed_src", "*.ffn", "*.ln?", "encoder.1.self_attn.weights", "output"]
)
def test_the_map_lights_what_a_chapter_looks_at_and_nothing_else(here: str) -> None:
    pieces = MiniMap(a_model(norm_order="pre"), here).pieces
    lit = {part for part, piece in pieces.items() if piece.get_fill_color().to_hex() == palette().focus}
    assert lit == {part for part in pieces if lies_in(part, here)}
    assert bool(lit) == bool(here)


@pytest.mark.parametrize(("order", "above"), [("pre", False), ("post", True)])
def test_the_map_draws_a_norm_where_the_config_puts_it(order: str, above: bool) -> None:
    pieces = MiniMap(a_model(norm_order=order)).pieces
    norm, part = pieces["encoder.1.ln1"], pieces["encoder.1.self_attn"]
    assert (norm.get_y() > part.get_y()) == above


@pytest.mark.parametrize("order", ["pre", "post", "none"])
@pytest.mark.parametrize("layers", [6, 12])
def test_the_map_of_a_deep_model_has_a_row_for_each_layer_with_its_parts_from_left_to_right(layers, order) -> None:
    drawn = MiniMap(a_model(encoder_layers=layers, decoder_layers=layers, norm_order=order), "decoder.1.cross_attn")
    rows = [[drawn.pieces[f"decoder.{n}.{kind}"] for kind in ("self_attn", "cross_attn", "ffn")] for n in range(layers)]
    for row in rows:
        assert len({round(piece.get_y(), 6) for piece in row}) == 1
        assert all(one.get_right()[0] < other.get_left()[0] for one, other in pairwise(row))
        assert min(piece.height for piece in row) > units(4.5), "as high as can be seen"
    assert all(below[0].get_top()[1] < above[0].get_bottom()[1] for below, above in pairwise(rows))
    norms = [piece for part, piece in drawn.pieces.items() if ".ln" in part]
    assert len(norms) == (5 * layers if order != "none" else 0)
    assert all(piece.width < piece.height for piece in norms)
    assert drawn.get_top()[1] < at(0, HIGH - 24)[1]


def test_the_map_of_a_model_without_norms_has_none() -> None:
    assert not [part for part in MiniMap(a_model(norm_order="none")).pieces if "ln" in part or "norm" in part]


def test_a_road_leads_from_the_encoder_to_every_cross_attention() -> None:
    drawn = MiniMap(a_model(decoder_layers=3))
    ends = [road.points[-1] for road in drawn.roads]
    goals = [piece.get_left() for part, piece in drawn.pieces.items() if part.endswith("cross_attn")]
    assert np.allclose(ends, goals)
    assert MiniMap(a_model(encoder_layers=0)).roads == []
