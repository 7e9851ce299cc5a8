"""The versions that a result was made with, and how more of this project is installed where it runs."""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

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


def installing(extra: str) -> str:
    """The line that brings an extra of this project into this environment, from where the project came from.

    pip, pipx and uv all write down where a wheel or a checkout lay (PEP 610); of an index, the name alone is enough.
    """
    prefix = Path(sys.prefix)
    if prefix.parent.name.startswith(("archive-v", "environments-v")):  # uvx, which keeps nothing
        return f"uvx --from {_source(f'drawing,{extra}' if extra != 'drawing' else extra)} lecture"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx runpip {prefix.name} install {_source(extra)}"
    if find_spec("pip") is None:
        return f"uv pip install --python {prefix} {_source(extra)}"
    return f"{sys.executable} -m pip install {_source(extra)}"


def _source(extras: str) -> str:
    """This project with extras, as an installer takes it: a checkout, a file or an address, or the name alone."""
    try:
        told = json.loads(distribution(PROJECT).read_text("direct_url.json") or "{}")
    except PackageNotFoundError:  # a checkout that was never installed
        return f"-e '{Path(__file__).resolve().parents[1]}[{extras}]'"
    address = told.get("url", "")
    if told.get("dir_info", {}).get("editable"):
        return f"-e '{url2pathname(urlsplit(address).path)}[{extras}]'"
    if "vcs_info" in told:
        address = f"{told['vcs_info']['vcs']}+{address}"
    return f"'{PROJECT}[{extras}]{f' @ {address}' if address else ''}'"
