"""The cost of reading a sentence of 31 tokens with SmolLM2 for all that the chapters show of it, as JSON.

Processor seconds to open the model, to read the sentence, and to compute every measure that a chapter asks for; and the
memory of the process at its highest, in GB, with the drawings of the chapters. `core.py --real` runs it.
"""

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import walking
from manim import logger
from races import status
from scenes_of import EVERY_DECODER_CHAPTER

from scenes.stage.reading import read
from scenes.stage.requirements import lacks
from transformer_core.pretrained.model_registry import open_model
from transformer_core.tracing import trace as tracing

TEXT = (
    "The old lighthouse keeper opened the heavy door and saw that the sea had come up to the stairs in the night, and "
    "nobody in the village knew why it"
)


class Clock:
    """Processor time spent in calls of a function, those within each other counted once."""

    def __init__(self) -> None:
        self.spent, self.depth = 0.0, 0

    def of(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, whose time is counted."""

        def timed(*given: Any) -> Any:
            self.depth += 1
            start = time.process_time()
            try:
                return function(*given)
            finally:
                self.depth -= 1
                self.spent += 0 if self.depth else time.process_time() - start

        return timed


def measure() -> dict[str, float]:
    logger.setLevel(logging.WARNING)
    start, clock = time.process_time(), Clock()
    model = open_model("smollm2")
    trace = read(TEXT, model.model, model.tokenizer)
    spent = time.process_time() - start
    chapters = [chapter for chapter in EVERY_DECODER_CHAPTER if not lacks(trace, chapter.needs)]
    assert model.tokenizer is not None
    assert len(model.tokenizer.read(TEXT).ids) == 31
    assert len(chapters) >= 8
    with (
        patch.object(tracing, "_found", clock.of(tracing._found)),
        patch.object(walking, "trace_of", lambda *_: trace),
    ):
        for chapter in chapters:
            walking.walk(chapter, "", "dark", lambda _: None)
    return {"real_read": spent + clock.spent, "real_read_memory": status("VmHWM") / 1e9}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure()) + "\n")
