"""A look inside of a trained model: read the stream early, switch parts off, transplant rows, divide up a logit.

    >>> inputs = (source_ids, target_ids)                  # what `model(...)` takes
    >>> logit_lens(model, inputs)["lens.probs"]            # "layer batch position vocab"
    >>> head_ablation(model, inputs, measure)["ablation.decoder.cross_attn"]      # "layer head"

`measure` makes one number of the logits, such as the difference between two words at one position.
"""

from transformer_core.interpret.attribution import logit_attribution
from transformer_core.interpret.heads import head_scores
from transformer_core.interpret.intervention import ablation, head_ablation, head_off, measured, patching
from transformer_core.interpret.lens import logit_lens

__all__ = [
    "ablation",
    "head_ablation",
    "head_off",
    "head_scores",
    "logit_attribution",
    "logit_lens",
    "measured",
    "patching",
]
