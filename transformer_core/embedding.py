"""From token ids to vectors: the embedding table, and where each token stands."""

from __future__ import annotations

import math
from functools import lru_cache, reduce

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from transformer_core.attention import STREAM
from transformer_core.config import Config
from transformer_core.norms import norm_of
from transformer_core.tracing.tap import tap_at


@lru_cache(maxsize=16)
@torch.inference_mode(mode=False)
def sinusoids(
    positions: int, d_model: int, halves: bool = False, dtype: torch.dtype = torch.float32, device: str = "cpu"
) -> Float[Tensor, "position d_model"]:
    """PE(pos, 2i) = sin(pos / 10000^(2i/d_model)), PE(pos, 2i+1) = cos(pos / 10000^(2i/d_model)).

    Every pair of entries is the hand of a clock, each slower than the one before. With `halves`, all the sines
    come first, then all the cosines. Made in float64, then rounded to `dtype`.

    Source: Vaswani et al. 2017, section 3.5.
    """
    pair = torch.arange(0, d_model, 2, dtype=torch.float64)
    angle = torch.arange(positions, dtype=torch.float64)[:, None] * torch.exp(pair / d_model * -math.log(10000.0))
    table = torch.empty(positions, d_model, dtype=torch.float64)
    sines, cosines = (
        (slice(None, len(pair)), slice(len(pair), None)) if halves else (slice(0, None, 2), slice(1, None, 2))
    )
    table[:, sines] = angle.sin()
    table[:, cosines] = angle.cos()[:, : d_model // 2]
    return table.to(dtype).to(device)


class Embedding(nn.Module):
    """sum = √d_model · table[token] + positional + types[token_type]; BERT's goes through a layer norm.

    Source: Vaswani et al. 2017, sections 3.4 and 3.5; token types: Devlin et al. 2019, section 3.

    Raises:
        ValueError: a sequence longer than the config's `max_positions`, or types where the config has none.
    """

    def __init__(self, config: Config, vocab: int, path: str, token_types: int = 0) -> None:
        super().__init__()
        self.path, self.config = path, config
        self.table = nn.Parameter(torch.empty(vocab, config.d_model))
        self.learned = self.types = None
        if config.positions == "learned":
            self.learned = nn.Parameter(torch.empty(config.max_positions, config.d_model))
        if token_types:
            self.types = nn.Parameter(torch.empty(token_types, config.d_model))
        self.norm = norm_of(config, f"{path}.ln") if config.embedding_norm else None

    def forward(
        self,
        ids: Int[Tensor, "batch position"],
        start: int = 0,
        types: Int[Tensor, "batch position"] | None = None,
    ) -> Float[Tensor, "batch position d_model"]:
        """The vectors of the tokens: the first one stands at `start`; without `types`, every token is of type 0."""
        if types is not None and self.types is None:
            raise ValueError("this model tells no token types apart")
        tap = tap_at(self.path)
        ids = tap("ids", ids, "batch position")
        token = tap("token", F.embedding(ids, self.table), STREAM, ids)
        scale = math.sqrt(self.config.d_model)
        scaled = tap("scaled", token * scale if self.config.embedding_scale else token, STREAM, token)
        parts = [scaled]
        if self.types is not None:
            types = tap("type_ids", torch.zeros_like(ids) if types is None else types, "batch position")
            parts.append(tap("token_type", F.embedding(types, self.types), STREAM, types))
        if self.config.positions != "none":
            stop = start + ids.shape[1]
            if tap.wants("position_ids"):  # the same rows, by their numbers, for a reader
                rows = tap("position_ids", torch.arange(start, stop, device=ids.device)[None], "batch position")
                parts.append(tap("positional", self.positional(start, stop, rows), STREAM, rows))
            else:
                parts.append(tap("positional", self.positional(start, stop), STREAM))
        total = reduce(torch.add, parts)
        if self.norm is None:
            return tap("sum", self.drop(total), STREAM, *parts)
        normed = self.norm(tap("sum", total, STREAM, *parts))
        return tap("out", self.drop(normed), STREAM, normed)

    def drop(self, x: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch position d_model"]:
        return F.dropout(x, self.config.dropout) if self.training else x

    def positional(
        self, start: int, stop: int, rows: Int[Tensor, "1 position"] | None = None
    ) -> Float[Tensor, "1 position d_model"]:
        """The encodings of the positions from `start` to `stop`; or of those that `rows` number.

        Sinusoids in halves are rounded to float32 whatever the weights are, as Marian's were when it was trained.
        """
        most = self.config.max_positions
        if stop > most:
            raise ValueError(f"position {stop - 1} is beyond the {most} positions of this model")
        if self.learned is not None:
            return self.learned[None, start:stop] if rows is None else self.learned[rows]
        halves, dtype = self.config.positions == "halves", self.table.dtype
        made_in = torch.float32 if halves else dtype
        table = sinusoids(most, self.config.d_model, halves, made_in, str(self.table.device))
        return (table[None, start:stop] if rows is None else table[rows]).to(dtype)
