"""Running pip or uv in this environment; what goes wrong is told in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec

import click

#: The first pip that goes on with a download that broke off, and how often it may.
RESUMES, TIMES = (25, 1), "5"
#: How often a server that does not answer is asked again.
RETRIES = "2"
#: What pip says of a release without a network, too.
NOT_FOUND = "Could not find a version"


def check_writable() -> None:
    """See that packages can be installed here; as root, a disk that is read-only is told by the installer."""
    place = sysconfig.get_paths()["purelib"]
    if not os.access(place, os.W_OK):
        raise click.ClickException(f"{place} cannot be written to: install the model as whoever may")


def installer(verb: str) -> list[str]:
    """The command of pip, or of uv where pip is not there, that installs or uninstalls in this environment."""
    if find_spec("pip") is not None:
        known = tuple(int(part) for part in metadata.version("pip").split(".")[:2] if part.isdigit())
        options = ["--yes"] if verb == "uninstall" else ["--retries", RETRIES]
        options += ["--resume-retries", TIMES] if verb == "install" and known >= RESUMES else []
        return [sys.executable, "-m", "pip", verb, "--disable-pip-version-check", "--no-input", *options]
    uv = shutil.which("uv")
    if uv is None:
        raise click.ClickException("neither pip nor uv is here, by which packages are installed")
    return [uv, "pip", verb, "--python", sys.executable]


def run(command: Sequence[str], what: str) -> None:
    """Run an installer, which shows its progress; its complaints become one line.

    Raises:
        ClickException: it has failed; what was there is as it was.
    """
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 - pinned above
    except OSError as error:
        raise click.ClickException(f"{command[0]} does not run: {error}") from None
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reasons = [line for line in said if line.upper().startswith("ERROR")] or said[-1:] or ["it does not say why"]
        reason = "no server of packages answers, or none has it" if NOT_FOUND in reasons[0] else reasons[0]
        raise click.ClickException(f"the installer failed at {what}: {reason}")
