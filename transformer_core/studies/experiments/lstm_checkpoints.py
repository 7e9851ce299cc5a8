"""The LSTM translators that come with the lecture: trained once as `against_lstm` trains them, measured, saved.

    python -c "from transformer_core.studies.experiments.lstm_checkpoints import make; make()"

writes `assets/models/lstm.safetensors` and `lstm-with-attention.safetensors`, each with a card beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transformer_core.files.atomic import write
from transformer_core.studies.experiments.against_lstm import LONGER, built
from transformer_core.studies.experiments.translation import held_out, is_right, train, vocabulary
from transformer_core.studies.sentence.lstm_trace import CHECKPOINTS, save_lstm
from transformer_core.studies.translator.evaluate import by_length
from transformer_core.studies.translator.lstm import LSTMTranslator
from transformer_core.training.train import Recipe, one_thread
from transformer_core.versions import versions

COMMAND = 'python -c "from transformer_core.studies.experiments.lstm_checkpoints import make; make()"'

_PAGE = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")


def make(
    recipe: Recipe = LONGER,
    sentences: int = 3000,
    folder: Path | None = None,
    look: Callable[[int], None] = lambda _step: None,
) -> list[dict[str, Any]]:
    """Train, measure and save both; returns their cards."""
    cards = []
    for name, path in CHECKPOINTS.items():
        model = built(name, recipe)
        assert isinstance(model, LSTMTranslator)
        with one_thread():
            train(model, recipe, look)
            model.half().float()  # the figures are those of the file
            card = _card(name, model, recipe, sentences)
        output = (folder or path.parent) / path.name
        save_lstm(model, output, card)
        write(output.with_suffix(".md"), _page(card).encode())
        cards.append(card)
    return cards


def _card(name: str, model: LSTMTranslator, recipe: Recipe, sentences: int) -> dict[str, Any]:
    pairs = held_out(sentences)
    return {
        "name": name,
        "command": COMMAND,
        "recipe": asdict(recipe),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "accuracy": by_length(pairs, is_right(model, pairs)),
        "d_state": model.encoder.hidden_size,
        "versions": versions("torch", "safetensors", "numpy"),
        "vocabulary": vocabulary().to_json(),
    }


def _page(card: dict[str, Any]) -> str:
    lengths = card["accuracy"]["by_length"].items()
    return _PAGE.format(
        card=card,
        attends=", the second of which attends to the states of the first" if "attention" in card["name"] else "",
        versions=", ".join(f"{name} {number}" for name, number in card["versions"].items()),
        by_length="\n".join(f"| {n} | {found['sentences']} | {found['exact']:.1%} |" for n, found in lengths),
    )
