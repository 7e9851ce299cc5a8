"""The versions that a result was made with: of this project, of Python and of libraries."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PROJECT = "transformer-lecture"


def versions(*libraries: str) -> dict[str, str]:
    """The versions of this project, of Python and of each of `libraries`, as pip names them."""
    return {PROJECT: _version(PROJECT), "python": platform.python_version()} | {n: _version(n) for n in libraries}


def _version(name: str) -> str:
    """A checkout that was never installed has none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
