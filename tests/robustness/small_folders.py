"""Small models in folders, as a user would bring them: one of each kind, and a checkpoint of this project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models"))

from small_models import MAKERS, sentence_pieces, torch_model

from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.pretrained import save, save_torch
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.trace import NamedTensor, Trace

WORDS = Vocabulary.of(
    "the cat sees other ship sails home old car is red".split(), "el gato ve otro barco coche rojo es viejo".split()
)


def build(home: Path) -> dict[str, Path]:
    """A folder for each of Hugging Face's kinds and for torch.nn, and a checkpoint, by name."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for kind, (make, tokens) in MAKERS.items():
        tokenizer = tokens()
        with torch.random.fork_rng():
            torch.manual_seed(11)
            model = make(tokenizer.get_vocab_size()).eval()
        model.save_pretrained(home / kind)
        tokenizer.save(str(home / kind / "tokenizer.json"))
    module, source, target, output = torch_model()
    save_torch(module, home / "torch", source, target, 0, 1, output, max_positions=48)
    sentence_pieces().save(str(home / "torch" / "tokenizer.json"))
    (home / "own").mkdir()
    checkpoint(home / "own" / "model.safetensors")
    return {path.name: path for path in home.iterdir()}


def checkpoint(path: Path) -> Path:
    """A translator of this project without training, its words in its header and something measured beside it."""
    sizes = {"d_model": 16, "d_ff": 24, "heads": 4, "encoder_layers": 2, "decoder_layers": 1, "max_positions": 32}
    model = Transformer(Config(len(WORDS.source), len(WORDS.target), dropout=0.0, **sizes), seed=5).eval()
    measured = NamedTensor("training.loss", np.array([3.0, 2.0]), ("step",))
    Trace({measured.name: measured}).save(path.with_suffix(".npz"))
    return save(model, path, {"task": "none", "vocabulary": WORDS.to_json()})
