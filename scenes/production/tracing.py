"""What `lecture trace` saves: one forward pass, and what the chapters derive from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scenes.production.facts import StepFacts
from transformer_core.trace import Trace

__all__ = ["whole_trace"]


def whole_trace(path: Path, steps: Iterable[StepFacts]) -> Trace:
    """The trace saved at `path`, with every measure of it that one of `steps` shows."""
    trace = Trace.load(path)
    for name in dict.fromkeys(str(entry["name"]) for step in steps for entry in step.shown):
        trace.full(name)
    return trace
