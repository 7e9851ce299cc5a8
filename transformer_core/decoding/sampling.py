"""Writing a sentence, one token at a time: the likeliest, or one drawn by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from transformer_core.attention import Cache
from transformer_core.model import Transformer, probabilities
from transformer_core.tracing.tap import to_numpy, under, unseen
from transformer_core.tracing.trace import NamedTensor

#: From probabilities "batch vocab" to ids "batch".
Choose = Callable[[Tensor], Tensor]


def greedy(
    model: Transformer,
    source_ids: Int[Tensor, "batch key"] | None,
    start: int | Int[Tensor, "batch query"],
    end: int,
    longest: int = 64,
    source_padding: Bool[Tensor, "batch key"] | None = None,
    cached: bool = True,
) -> list[list[int]]:
    """y_t = argmax p(y | y_<t, source): at every step the likeliest token, until `end`.

    With a cache, a step computes queries for the newest token alone, and reads the keys and values of earlier
    ones; without, it reads the whole target again. Both write the same tokens. A recorder sees step t as `step.{t}.*`.

    Args:
        model: an encoder-decoder, in evaluation mode; or a decoder, with `source_ids` None.
        source_ids: the ids of each source; `source_padding` is True where there is no token.
        start: the id of the mark before the first token; or the ids to go on from.
        end: the id of the mark after the last token, or -1 for none.
        longest: most tokens to write.

    Returns:
        The ids written for each source, without the marks.

    Raises:
        ValueError: the model has no decoder, or is in training mode, where dropout would choose.
    """
    with unseen():
        return write(model, source_ids, start, end, longest, source_padding, cached, lambda probs: probs.argmax(-1))


@dataclass(frozen=True)
class Sampled:
    """Sentences that were written, and the probabilities that each token was chosen from.

    `ids` are those of each sentence, without the marks; `token` has all that were written, the end mark and what came
    after it included. `probs` are the model's probabilities, `rule` those after temperature, top-k and top-p.
    """

    ids: list[list[int]]
    token: Int[Tensor, "batch step"]
    probs: Float[Tensor, "batch step vocab"]
    rule: Float[Tensor, "batch step vocab"]

    @property
    def log_prob(self) -> Float[Tensor, "batch step"]:
        """log p(y_t | y_<t, source) of each token, by the model, in nats. Their sum is the score of the beams."""
        return self.probs.gather(-1, self.token[..., None])[..., 0].log()

    @property
    def entropy(self) -> Float[Tensor, "batch step"]:
        """H_t = -Σ_word p log p, in nats: how undecided the model was at each step. Shannon 1948."""
        return torch.special.entr(self.probs).sum(-1)

    def tensors(self, words: Sequence[str], at: int = 0, prefix: str = "sampled.") -> dict[str, NamedTensor]:
        """Sentence `at` up to its end mark: `probs`, `rule`, `log_prob`, `entropy`, along "step", labelled by the
        tokens written, and "vocab", labelled by `words`."""
        length = min(len(self.ids[at]) + 1, self.token.shape[1])
        labels = {"step": tuple(words[i] for i in self.token[at, :length].tolist()), "vocab": tuple(words)}
        values = {"probs": self.probs, "rule": self.rule, "log_prob": self.log_prob, "entropy": self.entropy}
        return named(prefix, {n: value[at, :length] for n, value in values.items()}, ("step", "vocab"), labels)


@torch.no_grad()
def sample(
    model: Transformer,
    source_ids: Int[Tensor, "batch key"] | None,
    start: int | Int[Tensor, "batch query"],
    end: int,
    longest: int = 64,
    source_padding: Bool[Tensor, "batch key"] | None = None,
    cached: bool = True,
    *,
    seed: int = 0,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
) -> Sampled:
    """y_t ~ p(y | y_<t, source) as `reshaped` leaves it: the same seed writes the same sentences.

    Arguments and errors as for `greedy` and `reshaped`. With temperature 0 it is greedy decoding.
    """
    random = torch.Generator(device=model.device).manual_seed(seed)
    seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def choose(probs: Tensor) -> Tensor:
        rule = reshaped(probs, temperature, top_k, top_p)
        token = torch.multinomial(rule, 1, generator=random)[:, 0]
        seen.append((token, probs, rule))
        return token

    ids = write(model, source_ids, start, end, longest, source_padding, cached, choose)
    return Sampled(ids, *(torch.stack(part, 1) for part in zip(*seen, strict=True)))


def reshaped(
    probs: Float[Tensor, "... vocab"], temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
) -> Float[Tensor, "... vocab"]:
    """softmax(logits / T), then only the k likeliest, then only the fewest that together hold p; scaled to sum to 1.

    T below 1 sharpens and above 1 flattens; 0 leaves the likeliest alone. `top_k=0` and `top_p=1` cut nothing.
    Source: Ackley et al. 1985 (temperature); Fan et al. 2018, section 5 (top-k); Holtzman et al. 2020, section 3.1
    (top-p).

    Raises:
        ValueError: a negative temperature or k, or a p that is not in (0, 1].
    """
    if temperature < 0 or top_k < 0 or not 0 < top_p <= 1:
        raise ValueError(f"no rule: temperature {temperature}, top_k {top_k}, top_p {top_p}")
    if temperature == 0:
        return torch.zeros_like(probs).scatter(-1, probs.argmax(-1, keepdim=True), 1.0)
    logs = probs.log() / temperature
    if 0 < top_k < probs.shape[-1]:
        logs = logs.masked_fill(logs < logs.topk(top_k).values[..., -1:], -torch.inf)
    left = logs.softmax(-1)
    if top_p < 1:
        likely, order = left.sort(dim=-1, descending=True, stable=True)
        # A word stays if those before it do not hold p yet: so the likeliest always does.
        beyond = likely.cumsum(-1) - likely >= top_p
        left = left.masked_fill(torch.zeros_like(beyond).scatter(-1, order, beyond), 0.0)
    return left / left.sum(-1, keepdim=True)


def write(
    model: Transformer,
    source_ids: Int[Tensor, "batch key"] | None,
    start: int | Int[Tensor, "batch query"],
    end: int,
    longest: int,
    source_padding: Bool[Tensor, "batch key"] | None,
    cached: bool,
    choose: Choose,
) -> list[list[int]]:
    """One token after the other, each chosen from the probabilities of its step."""
    memory, target = begin(model, source_ids, start, source_padding)
    given = target.shape[1]
    cache: Cache | None = {} if cached else None
    done = torch.zeros(len(target), dtype=torch.bool, device=target.device)
    for step in range(longest):
        with under(f"step.{step}"):
            probs = next_probs(model, target, memory, source_padding, cache)
        following = choose(probs)
        target = torch.cat([target, following[:, None]], 1)
        done |= following == end
        if bool(done.all()):
            break
    return [before(end, row) for row in target[:, given:].tolist()]


def begin(
    model: Transformer,
    source_ids: Int[Tensor, "batch key"] | None,
    start: int | Int[Tensor, "batch query"],
    source_padding: Bool[Tensor, "batch key"] | None,
) -> tuple[Float[Tensor, "batch key d_model"] | None, Int[Tensor, "batch query"]]:
    """The encoder's output for the source, and the ids to go on from.

    Raises:
        ValueError: the model has no decoder, or is in training mode.
    """
    if model.decoder is None or model.training:
        raise ValueError("decoding needs a model with a decoder, in evaluation mode")
    memory = None if model.encoder is None else model.encode(source_ids, source_padding)
    if isinstance(start, Tensor):
        return memory, start
    return memory, torch.full((1 if memory is None else len(memory), 1), start, device=model.device)


def next_probs(
    model: Transformer,
    target: Int[Tensor, "batch query"],
    memory: Float[Tensor, "batch key d_model"] | None,
    source_padding: Bool[Tensor, "batch key"] | None,
    cache: Cache | None,
) -> Float[Tensor, "batch vocab"]:
    """p(y_t | y_<t, source) after the last token of `target`."""
    known = target.shape[1] - 1 if cache else 0
    logits = model.decode(target[:, known:], memory, source_padding, cache=cache, start=known)
    return probabilities(logits)[:, -1]


def before(end: int, ids: list[int]) -> list[int]:
    """The ids before the first `end`."""
    return ids[: ids.index(end)] if end in ids else ids


def named(
    prefix: str, values: Mapping[str, Any], axes: tuple[str, ...], labels: Mapping[str, tuple[str, ...]]
) -> dict[str, NamedTensor]:
    """Tensors by name: each has as many of `axes` as it has dimensions."""
    found = {}
    for name, value in values.items():
        own = axes[: value.dim()]
        words = {axis: tokens for axis, tokens in labels.items() if axis in own}
        found[f"{prefix}{name}"] = NamedTensor(f"{prefix}{name}", to_numpy(value), own, words)
    return found
