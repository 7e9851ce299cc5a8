"""The tensors of a .safetensors file, or of several with an index: each is read when it is taken.

Somebody else wrote them: one line says what is wrong with a file, a tensor or a size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from transformer_core.config import Config
from transformer_core.files.foreign import called, in_folder, is_pickle, read_object, refusal
from transformer_core.files.tensors import MOST_HEADER, check_header

CONFIG, WHOLE, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
#: So many tensors are named where there is no place for them.
MOST_NAMED = 8
#: A table of sinusoids is computed, not stored, so that no file bounds it: "position d_model".
MOST_SINUSOIDS = 2**25


class Weights:
    """The tensors of a folder, by name, and those that were taken so far; `written_by` is the class that wrote it.

    Raises:
        FileNotFoundError: no .safetensors in the folder.
        ValueError: the weights are a pickle, or the index points out of the folder.
    """

    def __init__(self, folder: Path, written_by: str = "AutoModel") -> None:
        #: The file that states the sizes, named in messages.
        self.folder, self.stated = folder, folder / CONFIG
        self.files = _files(folder, written_by)
        #: How many bytes they have: no fewer than numbers.
        self.size = sum(path.stat().st_size for path in set(self.files.values()) if path.is_file())
        self.taken: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.files

    def take(self, *names: str) -> Tensor:
        """The tensor by the first of these names that the folder has; older files use other names.

        Raises:
            FileNotFoundError: the index names a file that is not there.
            ValueError: it has none of them, or one that nothing can be computed with.
        """
        found = [name for name in names if name in self.files]
        if not found:
            raise ValueError(f"{self.folder} has no tensor called {' or '.join(names)}")
        self.taken.update(found)
        return self._read(found[0])

    def _read(self, name: str) -> Tensor:
        path = self.files[name]
        with opened_file(path) as file:
            return tensor_in(file, name, path)

    def linear(self, path: str) -> tuple[Tensor, Tensor]:
        """Weight and bias of the module at `path`; TensorFlow's layer norms call them gamma and beta."""
        return self.take(f"{path}.weight", f"{path}.gamma"), self.take(f"{path}.bias", f"{path}.beta")

    def finish(self, needless: Iterable[str]) -> None:
        """Every tensor must have found its place, but for those that no forward pass reads.

        Raises:
            ValueError: it names the tensors that were left over.
        """
        left = [n for n in self.files if n not in self.taken and not any(fnmatch(n, pattern) for pattern in needless)]
        if left:
            named = ", ".join(sorted(left)[:MOST_NAMED]) + f" and {len(left) - MOST_NAMED} more" * (
                len(left) > MOST_NAMED
            )
            raise ValueError(f"{self.folder} has tensors without a place in this model: {named}")


def _files(folder: Path, written_by: str) -> dict[str, Path]:
    """The file of each tensor."""
    whole, index = folder / WHOLE, folder / INDEX
    if whole.exists():
        with opened_file(whole) as file:
            return dict.fromkeys(file.keys(), whole)
    if index.exists():
        places = read_object(index, MOST_HEADER).get("weight_map")
        if not isinstance(places, dict) or not all(isinstance(place, str) for place in places.values()):
            raise ValueError(f"{index} does not say which file has which tensor")
        if any(place != Path(place).name or place in {"..", ""} or "\0" in place for place in places.values()):
            raise ValueError(f"{index} points out of its folder")
        return {name: folder / place for name, place in places.items()}
    pickles = in_folder(folder)
    if pickles:
        raise ValueError(refusal(pickles[0], written_by))
    raise FileNotFoundError(
        f"{folder} has no {WHOLE}: write it with transformers, {called(written_by)}.from_pretrained(folder)"
        ".save_pretrained(folder)"
    )


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
