"""The tensors of a .safetensors file, or of several with an index: each is read when it is taken."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


class Weights:
    """What a folder holds, by name, and what of it was taken so far; `written_by` is the class that wrote it.

    Raises:
        FileNotFoundError: no .safetensors in the folder.
        ValueError: the weights are a pickle, or the index points out of the folder.
    """

    def __init__(self, folder: Path, written_by: str = "AutoModel") -> None:
        self.folder = folder
        self.files = _files(folder, written_by)
        self.taken: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.files

    def take(self, *names: str) -> Tensor:
        """The tensor by the first of these names that the folder has; older files use other names.

        Raises:
            ValueError: it has none of them.
        """
        found = [name for name in names if name in self.files]
        if not found:
            raise ValueError(f"{self.folder} has no tensor called {' or '.join(names)}")
        self.taken.update(found)
        with safe_open(self.files[found[0]], framework="pt") as file:
            tensor: Tensor = file.get_tensor(found[0])
        return tensor

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
            raise ValueError(f"{self.folder} has tensors without a place in this model: {', '.join(sorted(left))}")


def _files(folder: Path, written_by: str) -> dict[str, Path]:
    """Which file holds which tensor."""
    whole, index = folder / WHOLE, folder / INDEX
    if whole.exists():
        with safe_open(whole, framework="pt") as file:
            return dict.fromkeys(file.keys(), whole)
    if index.exists():
        places: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        if any(Path(place).name != place for place in places.values()):
            raise ValueError(f"{index} points out of its folder")
        return {name: folder / place for name, place in places.items()}
    pickles = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
    if pickles:
        raise ValueError(
            f"{folder / pickles[0]} is a pickle, which may run any code when it is read: if you trust it, convert it "
            f"once with transformers, {written_by}.from_pretrained(folder).save_pretrained(folder)"
        )
    raise FileNotFoundError(f"{folder} has no {WHOLE}")
