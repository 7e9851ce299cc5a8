"""The tensors of a .safetensors file, or of several with an index: each is read when it is taken."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from torch import Tensor

from transformer_core.files.json_objects import read_object
from transformer_core.files.pickles import called, in_folder, refusal
from transformer_core.files.tensors import MOST_HEADER
from transformer_core.pretrained.safetensor_files import opened_file, tensor_in

CONFIG, WHOLE, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
#: So many tensors are named where there is no place for them.
MOST_NAMED = 8


class Weights:
    """The tensors of a folder, by name, and those that were taken so far; `written_by` is the class that wrote it.

    Raises:
        FileNotFoundError: no .safetensors in the folder.
        ValueError: the weights are a pickle, or the index points out of the folder.
    """

    def __init__(self, folder: Path, written_by: str = "AutoModel") -> None:
        #: Where the sizes are stated stands beside them.
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
        path = self.files[found[0]]
        with opened_file(path) as file:
            return tensor_in(file, found[0], path)

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
