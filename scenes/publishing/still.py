"""A picture of what a model makes of a sentence, for where no script runs: in PowerPoint, or without JavaScript."""

from __future__ import annotations

from pathlib import Path

import torch
import typst

from scenes.publishing.markup import filled
from scenes.theme import Palette
from transformer_core import open_model, record
from transformer_core.studies.sentence.generate import generate
from transformer_core.text.vocabulary import sentence

#: Of the picture, in px: a cell, and the distance between matrices.
CELL, GAP = 22, 26
#: As a picture of pixels, in pixels an inch.
DENSITY = 144


def still(text: str, model: str | Path, palette: Palette) -> str:
    """Draw, as SVG, what the model writes for `text`, and its attention weights: a matrix for each layer and head.

    Raises:
        SentenceError: the model cannot read the text.
    """
    opened = open_model(model)
    assert opened.tokenizer is not None  # what runs in a page has words
    given, _ = generate(text, opened.model, opened.tokenizer)
    with record(only=["*_attn.weights"]) as tape:
        opened.model(torch.tensor([given.source_ids]), torch.tensor([given.target_ids]))
    told = f"{given.text} → {sentence(given.written)}"
    y, widest, layers = 2 * GAP, 14 * len(told), []
    for name, tensor in tape.trace().items():
        _, heads, rows, columns = tensor.shape
        layers.append((name, y, tensor.values[0].tolist()))
        widest = max(widest, heads * (columns * CELL + GAP))
        y += GAP // 2 + rows * CELL + GAP
    sizes = {"gap": GAP, "cell": CELL, "wide": widest + 2 * GAP, "tall": y}
    return filled("still.svg", told=told, layers=layers, palette=palette, **sizes)


def in_pixels(picture: str, folder: Path) -> Path:
    """Write an SVG as a PNG into `folder`."""
    (folder / "still.svg").write_text(picture, encoding="utf-8")
    source = folder / "still.typ"
    source.write_text('#set page(width: auto, height: auto, margin: 0pt)\n#image("still.svg")\n', encoding="utf-8")
    typst.compile(source, output=folder / "still.png", format="png", ppi=DENSITY)
    return folder / "still.png"
