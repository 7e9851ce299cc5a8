"""The effect of an edit on a sentence, as tensors of its trace. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from transformer_core.tracing.trace import NamedTensor, Trace


def edit_tensors(lines: Sequence[str], edited: Trace) -> dict[str, NamedTensor]:
    """`edits`, the lines themselves along "choice"; `edit_outputs`, what was written before and is now, if anything is;
    and `edit_effect`: how far the output moved.

    With a decoder that is the largest share of probability, max_i 1/2 sum_w |p'_iw - p_iw|, that went to other tokens
    where both had written the same so far; else |x' - x| / |x| of the last rows of the encoder.
    """
    lines = tuple(lines)
    before = "other.unedited."
    if "probs" in edited.tensors and edited.about["target_tokens"]:
        ours, theirs = edited.tensors["probs"], edited.tensors[f"{before}probs"]
        words = [tensor.labels["position"] for tensor in (ours, theirs)]
        same = next((i for i, pair in enumerate(zip(*words, strict=False)) if pair[0] != pair[1]), min(map(len, words)))
        moved = 0.5 * np.abs(ours.values[0, :same] - theirs.values[0, :same]).sum(-1).max()
    else:
        rows = [name for name in edited.tensors if name.startswith("encoder.") and name.endswith(".resid_post")]
        ours, theirs = edited.tensors[rows[-1]], edited.tensors[before + rows[-1]]
        moved = np.linalg.norm(ours.values - theirs.values) / np.linalg.norm(theirs.values)
    outputs = (str(edited.about.get("unedited_output", "")), str(edited.about.get("output", "")))
    written = NamedTensor("edit_outputs", np.arange(2), ("choice",), {"choice": outputs})
    return ({"edit_outputs": written} if any(outputs) else {}) | {
        "edits": NamedTensor("edits", np.arange(len(lines)), ("choice",), {"choice": lines}),
        "edit_effect": NamedTensor("edit_effect", np.array(moved), ()),
    }
