"""The real language model of the experiments, and the texts that it reads: SmolLM2-135M-Instruct, in 4 bits."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import LoadedModel, open_model
from transformer_core.studies.experiments.laboratory import Bench

NAME = "smollm2"
#: Ten beginnings, by a short name: facts, a habit of language, a list, a number, and two that leave much open.
PROMPTS = {
    "paris": "The capital of France is",
    "rome": "The capital of Italy is",
    "street": "The animal didn't cross the street because it was too",
    "water": "Water is made of hydrogen and",
    "days": "Monday, Tuesday, Wednesday,",
    "tale": "Once upon a",
    "sky": "On a clear day the sky is",
    "count": "1, 2, 3, 4, 5,",
    "walk": "After dinner she went for a",
    "think": "I think that",
}
#: Twelve short texts of plain prose, written for this project.
TEXTS = tuple(
    " ".join(text.split())
    for text in """
The harbour was quiet in the morning. Two men mended a net on the quay while a dog slept beside them, and far out a
white sail moved slowly along the horizon.

Bread needs only flour, water, salt and time. Mix them in the evening, let the dough rest through the night, and
bake it in a hot oven the next day.

When the teacher entered the room, the children stopped talking. She put a small box on the table and asked them to
guess what was inside.

The train was late again. People stood on the platform, looked at their phones, and said nothing, until an old man
began to sing.

A river changes its bed over the years. It takes sand from one bank and leaves it on the other, so that its bends
grow wider and wider.

Our grandmother kept letters in a tin under her bed. After she died we read them, one by one, and learned that she
had once lived in Brazil.

The committee met on Tuesday to discuss the budget. No decision was made, because three members were ill and the
others could not agree.

Bees find their way by the sun. A bee that has found flowers dances in the hive, and the direction of her dance
tells the others where to fly.

He opened the door carefully, but the hinge was old and it creaked. Somebody in the next room coughed, and a light
went on.

The first bicycles had no pedals. The rider sat on a wooden beam between two wheels and pushed himself along with
his feet.

In winter the lake freezes, and the whole village goes skating. There is hot soup at the shore, and music until the
lamps are put out.

To measure the height of a tree, walk away from it until you see its top at an angle of forty-five degrees. Your
distance from the trunk is its height.
""".split("\n\n")
)
#: Sentences that differ in their last word alone, which says what "it" is, and the noun that it may be.
PAIRS = {
    "animal": ("The animal didn't cross the street because it was too {}", "tired", "wide", " animal"),
    "trophy": ("The trophy doesn't fit in the suitcase because it is too {}", "big", "small", " trophy"),
    "ball": ("The ball broke the window because it was made of {}", "steel", "glass", " ball"),
    "truck": ("The truck passed the bus because it was driving so {}", "fast", "slow", " truck"),
    "cup": ("She poured water from the jug into the cup until it was {}", "empty", "full", " cup"),
}


@lru_cache(maxsize=1)
def language_model() -> LoadedModel:
    """The installed model, in single precision.

    Raises:
        ValueError: it is not installed; the line says how to.
    """
    return open_model(NAME, "float32")


def facts(bench: Bench) -> LoadedModel:
    """The model, whose name, config and quantisation the card of the experiment will state."""
    loaded = language_model()
    stated = {"config": loaded.model.config.as_dict(), "quantisation": loaded.facts["quantisation"]}
    bench.facts |= {"model": "SmolLM2-135M-Instruct", **stated}
    return loaded


def ids_of(loaded: LoadedModel, text: str) -> Tensor:
    """The ids of a text, without a start mark, "batch position" for one sentence."""
    assert loaded.tokenizer is not None
    return torch.tensor([loaded.tokenizer.read(text).ids])


def pieces_of(loaded: LoadedModel, ids: list[int]) -> tuple[str, ...]:
    """The pieces as they are shown."""
    assert loaded.tokenizer is not None
    return tuple(loaded.tokenizer.target[i] for i in ids)


def losses(model: Transformer, ids: Tensor) -> Tensor:
    """-log p of each piece after the first, "batch position", in nats."""
    with torch.inference_mode():
        logs = model(None, ids[:, :-1]).log_softmax(-1)
    found: Tensor = -logs.gather(-1, ids[:, 1:, None])[..., 0]
    return found
