"""Voices: who speaks, and the command `lecture voices`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from scenes.cli import installing
from scenes.cli.output import tell
from scenes.speech.engines import RELEASES, SILENT, NotInstalledError, ProgramVoice
from scenes.speech.voices import KNOWN, bringing, voice
from scenes.speech.voices import voices as known_models

#: The packages that an installer loads for each language, besides those that the voice runs on.
SIZES = {"en": "14 MB and its runtime", "es": "103 MB and its runtime"}


def speakers(names: Sequence[str], language: str, command: str | None = None) -> dict[str, Any]:
    """The voice and the recordings called `names`; a command takes the place of the voice.

    Raises:
        NotInstalledError: a voice is wanted and not installed: a silent film would not be what was asked for.
    """
    from scenes.speech.recordings import Recordings

    if SILENT in names and not command:
        return {}
    folders = [Path(name) for name in names if _is_folder(name)]
    voices = [name for name in names if not _is_folder(name) and name != SILENT]
    if len(folders) > 1 or len(voices) > 1:
        raise click.ClickException(f"one voice and one folder of recordings at most, not {', '.join(names)}")
    found: dict[str, Any] = {"recordings": Recordings(folders[0])} if folders else {}
    if command:
        program = ProgramVoice("", "", language, command)
        return found | {"voice": replace(program, name=Path(program.words[0]).stem)}
    return found | ({"voice": voice(voices[0], language)} if voices else {})


def read_out(beats: Sequence[str], model: str | None, language: str) -> list[str]:
    """Return the text of each beat as a voice reads it in a language: numbers and signs are written as words."""
    from scenes.speech.narration import foreign_words
    from scenes.speech.spoken import spoken

    return [spoken(beat, foreign_words(model, language), language) for beat in beats]


def _is_folder(name: str) -> bool:
    return os.sep in name or "/" in name or Path(name).is_dir()


@click.group(invoke_without_command=True)
@click.pass_context
def voices(context: click.Context) -> None:
    """The voices at hand; own recordings need none."""
    if context.invoked_subcommand is not None:
        return
    there = known_models()
    for one in there:
        tell(f"{one.name:10}  {one.language or 'any'}  {one.about}")
    for name, language in KNOWN.items():
        if name not in {one.name for one in there}:
            tell(f"{name:10}  {language}  not installed: {bringing(language)} brings it, {SIZES[language]}")


@voices.command()
@click.option("--language", type=click.Choice([*RELEASES]), default="en")
def install(language: str) -> None:
    """Bring a voice that speaks offline.

    It is installed by pip, or by uv where pip is not there.
    """
    names = [name for name, speaks in KNOWN.items() if speaks == language]
    installing.check_writable()
    command = [*installing.installer("install"), *RELEASES[language]]
    if _broken(names[0], language):
        # To an installer a package is there though files of it are missing: all of it anew, then what it needs.
        installing.run([*command, "--force-reinstall", "--no-deps"], RELEASES[language][0])
    installing.run(command, RELEASES[language][0])
    tell(f"installed; lecture voices lists it, --voice {names[0]} speaks")


def _broken(name: str, language: str) -> bool:
    """Check whether a voice is installed that cannot speak."""
    try:
        if name in {one.name for one in known_models(language)}:
            voice(name, language).say("A.")
    except NotInstalledError:
        return True
    return False
