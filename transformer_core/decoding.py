"""Writing a sentence, one token at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from transformer_core.attention import Cache
from transformer_core.model import Transformer, probabilities
from transformer_core.tap import under


@torch.no_grad()
def greedy(
    model: Transformer,
    source_ids: Tensor | None,
    start: int,
    end: int,
    longest: int = 64,
    source_padding: Tensor | None = None,
    cached: bool = True,
) -> list[list[int]]:
    """y_t = argmax p(y | y_<t, source): at every step the likeliest token, until `end`.

    With a cache, a step computes queries for the newest token alone, and reads the keys and values of earlier
    ones; without, it reads the whole target again. Both write the same tokens. A recorder sees step t as `step.{t}.*`.

    Args:
        model: an encoder-decoder, in evaluation mode; or a decoder, with `source_ids` None.
        source_ids: "batch position"; `source_padding`, of the same shape, is True where there is no token.
        start, end: ids of the marks before the first and after the last token.
        longest: most tokens to write.

    Returns:
        The ids written for each source, without the marks.

    Raises:
        ValueError: the model has no decoder, or is in training mode, where dropout would choose.
    """
    if model.decoder is None or model.training:
        raise ValueError("greedy decoding needs a model with a decoder, in evaluation mode")
    memory = None if model.encoder is None else model.encode(source_ids, source_padding)
    batch = 1 if memory is None else len(memory)
    target = torch.full((batch, 1), start, device=next(model.parameters()).device)
    cache: Cache | None = {} if cached else None
    done = torch.zeros(batch, dtype=torch.bool, device=target.device)
    for step in range(longest):
        with under(f"step.{step}"):
            probs = next_probs(model, target, memory, source_padding, cache)
        following = probs.argmax(-1)
        target = torch.cat([target, following[:, None]], 1)
        done |= following == end
        if bool(done.all()):
            break
    return [before(end, row) for row in target[:, 1:].tolist()]


def next_probs(
    model: Transformer, target: Tensor, memory: Tensor | None, source_padding: Tensor | None, cache: Cache | None
) -> Tensor:
    """p(y_t | y_<t, source) after the last token of `target`: "batch vocab"."""
    known = 0 if cache is None else target.shape[1] - 1
    logits = model.decode(target[:, known:], memory, source_padding, cache=cache, start=known)
    return probabilities(logits)[:, -1]


def before(end: int, ids: list[int]) -> list[int]:
    """The ids before the first `end`."""
    return ids[: ids.index(end)] if end in ids else ids
