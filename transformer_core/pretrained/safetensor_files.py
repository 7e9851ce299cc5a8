"""Reading .safetensors that somebody else wrote: one line for what is wrong with a file, a tensor or a size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from transformer_core.config import Config
from transformer_core.files.pickles import is_pickle, refusal
from transformer_core.files.tensors import check_header

#: A table of sinusoids is computed, not stored, so that no file bounds it: "position d_model".
MOST_SINUSOIDS = 2**25


@contextmanager
def opened_file(path: Path) -> Iterator[Any]:
    """The file at `path`, as `safetensors.safe_open` gives it. Nothing is allocated before its header was checked.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a pickle, or no .safetensors that is whole.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    check_header(path)
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, OverflowError) as error:
        line = refusal(path) if is_pickle(path) else f"{path} is no .safetensors that can be read: {error}"
        raise ValueError(line) from None


def tensor_in(file: Any, name: str, path: Path, dtype: torch.dtype | None = None) -> Tensor:
    """The tensor called `name` of an opened file, as `dtype`, if it holds numbers that a model can compute with.

    Raises:
        ValueError: whole numbers, or an entry that is nan or infinite; the line names the tensor.
    """
    tensor: Tensor = file.get_tensor(name)
    if not tensor.is_floating_point():
        raise ValueError(f"{name} in {path} holds {tensor.dtype}: weights are floating-point numbers")
    return finite(tensor if dtype is None else tensor.to(dtype), name, path)


def finite(tensor: Tensor, name: str, path: Path) -> Tensor:
    """The tensor itself, if each of its entries is a number.

    Raises:
        ValueError: an entry that is nan or infinite; the line names the tensor.
    """
    seen = tensor if tensor.dtype in {torch.float32, torch.float64} else tensor.float()
    strange = ~torch.isfinite(seen)
    count = int(strange.sum())
    if count:
        at = [int(i) for i in torch.nonzero(strange)[0]]
        entry, kind = ("entry", "is") if count == 1 else ("entries", "are")
        raise ValueError(
            f"{name} in {path} has {count} {entry} that {kind} no finite number, the first, {seen[tuple(at)].item()}, "
            f"at {at}: nothing can be computed with such weights"
        )
    return tensor


def check_sizes(config: Config, size: int, where: object) -> None:
    """Refuse sizes that weights of `size` bytes cannot fill, before anything is made of those sizes.

    Every layer holds at least the four matrices of its attention, and every word a row.

    Raises:
        ValueError: it names what asks for more numbers than there are bytes.
    """
    d = config.d_model
    layers = config.encoder_layers + config.decoder_layers
    asked = {
        "vocabulary": max(config.source_vocab, config.target_vocab) * d,
        "token types": config.token_types * d,
        "layers": layers * 4 * d * d,
        "feed-forward layers": layers * 2 * d * config.d_ff,
        "positions": config.max_positions * d if config.positions == "learned" else 0,
    }
    for what, numbers in asked.items():
        if numbers > size:
            raise ValueError(
                f"the sizes in {where} ask for at least {numbers} numbers in the {what}: the weights are {size} bytes"
            )
    if config.positions in {"interleaved", "halves"} and config.max_positions * d > MOST_SINUSOIDS:
        raise ValueError(f"{where} asks for {config.max_positions} positions of {d} numbers: {MOST_SINUSOIDS} are most")
