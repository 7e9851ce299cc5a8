"""A model as wide and as deep as those that people bring: rows of 768 entries, twelve layers."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import transformers
from scenes_of import EVERY_ENCODER_CHAPTER, found_in
from small_models import word_pieces

from scenes.chapters.c15_interpretation.lens import LogitLens, StreamTaps
from scenes.layout import faults
from scenes.mobjects.river import River
from scenes.stage.reading import read
from scenes.theme import drawn_in
from transformer_core.tracing.trace import NamedTensor


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """BERT's own sizes but for its number of layers."""
    folder, tokenizer = tmp_path_factory.mktemp("wide"), word_pieces()
    config = transformers.BertConfig(vocab_size=tokenizer.get_vocab_size(), num_hidden_layers=1)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        transformers.BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return read("the old ship sails home", folder)


@pytest.mark.slow
@pytest.mark.parametrize("chapter", EVERY_ENCODER_CHAPTER, ids=lambda chapter: chapter.__name__)
def test_a_chapter_is_true_and_readable_in_rows_of_768_entries(chapter, trace):
    found = found_in(chapter, trace, "dark")
    assert found.wrong == []


@pytest.mark.parametrize("layers", [2, 6, 12, 48])
def test_the_additions_of_a_deep_stack_stand_apart(layers):
    """Check that some numbers are left out if there is no room for all, and never the largest."""
    count = 2 * layers + 1
    names = tuple(f"attention {i}" for i in range(count))
    random = np.random.default_rng(3)
    lengths = NamedTensor("lengths", random.uniform(10, 30, count), ("sublayer",), {"sublayer": names})
    widths = NamedTensor("widths", random.uniform(10, 40, count), ("sublayer",), {"sublayer": names})
    rows = [NamedTensor("row", random.normal(size=768), ("d_model",)) for _ in range(count)]
    with drawn_in("light"):
        picture = River(lengths, widths, rows)
        assert faults([picture]) == []
    most = f"{lengths.values[1:].max():.{2 if layers < 6 else 1}f}"
    assert most in [number.text for number in picture.numbers if len(number.points)]
    assert len(picture.fills[0]) == len(picture.strip) < 768
    falls = sorted((fall[0].get_left()[0], fall[0].get_right()[0]) for fall in picture.falls)
    assert all(right <= left for (_, right), (left, _) in pairwise(falls))


@pytest.mark.parametrize("layers", [2, 3, 7, 13, 49])
def test_layers_of_a_deep_stack_that_are_read_early_stand_apart(layers):
    names = ("input", *(f"layer {k}" for k in range(1, layers)))
    random = np.random.default_rng(5)
    labels = {"layer": names, "vocab": ("vieux", "bateau", "rentre", "la", "maison", "voile")}
    logits = random.normal(size=(layers, 6))
    probs = NamedTensor("probs", np.exp(logits) / np.exp(logits).sum(1, keepdims=True), ("layer", "vocab"), labels)
    ranks = NamedTensor("ranks", random.integers(1, 65_000, layers), ("layer",), {"layer": names})
    rows = [NamedTensor("row", random.normal(size=768), ("d_model",)) for _ in range(layers)]
    read, written = probs.label("vocab", 0), probs.label("vocab", 1)
    with drawn_in("dark"):
        taps = StreamTaps(rows, ranks.words("layer"), read)
        picture = LogitLens(taps, probs, ranks, written)
        assert faults([taps, picture]) == []
    assert taps.shown[0] == 0
    assert taps.shown[-1] == layers - 1
