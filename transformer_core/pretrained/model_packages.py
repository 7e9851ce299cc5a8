"""Models that come as packages of Python: only files of them are read, and no code of theirs runs."""

from __future__ import annotations

import tomllib
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


def _packages() -> dict[str, Package]:
    """The packages in the table beside this file, by the name that the lecture calls them."""
    found = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {
        name: Package(**facts | {"hashes": tuple(facts["hashes"]), "needs": tuple(map(tuple, facts["needs"]))})
        for name, facts in found.items()
    }


PACKAGES = _packages()
