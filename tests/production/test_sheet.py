"""The contact sheet of a chapter, whatever its sentence."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from scenes.production.sheet import MARGIN, contact_sheet


@pytest.mark.parametrize("heading", ["6. Scores: “The car is red”", "the car is red and " * 20, "W" * 300, "W"])
def test_a_heading_ends_within_the_sheet(heading, tmp_path):
    poster, sheet = tmp_path / "poster.png", tmp_path / "sheet.png"
    Image.new("RGB", (160, 90)).save(poster)
    contact_sheet([(poster, SimpleNamespace(number=1, title="One"))] * 4, heading, sheet)
    with Image.open(sheet) as made:
        ink = (np.asarray(made.convert("L"))[: MARGIN + 50] < 128).any(0)
    assert ink.any()
    assert not ink[-MARGIN:].any()
    assert len(heading) < 100 or ink[-3 * MARGIN :].any()
