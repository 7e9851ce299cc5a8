"""Requirements of chapters: what a chapter needs, against what the model has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from transformer_core.tracing.trace import Trace

Facts = dict[str, Any]
#: What a chapter may need, and whether the model of a trace with these facts has it.
NEEDS: dict[str, Callable[[Facts], bool]] = {
    "self-attention": lambda about: max(about["config"][f"{side}_layers"] for side in ("encoder", "decoder")) > 0,
    "an encoder": lambda about: about["config"]["encoder_layers"] > 0,
    "a decoder": lambda about: about["config"]["decoder_layers"] > 0,
    "cross-attention": lambda about: min(about["config"][f"{side}_layers"] for side in ("encoder", "decoder")) > 0,
    "a feed-forward network": lambda about: about["config"].get("d_ff", 1) > 0,
    "added positions": lambda about: not about["config"].get("rotary"),
    "a vocabulary to predict": lambda about: about["config"]["output_layer"] != "none",
    "an LSTM": lambda about: "long" in about,
}


def lacks(trace: Trace, needs: Sequence[str]) -> str:
    """The first of `needs` that the model of this trace does not have; nothing if it has them all.

    A trace without a model lacks nothing.

    Raises:
        KeyError: a need that is not among `NEEDS`.
    """
    if "config" not in trace.about:
        return ""
    return next((need for need in needs if not NEEDS[need](trace.about)), "")
