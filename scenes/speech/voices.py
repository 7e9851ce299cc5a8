"""The voices at hand: what this machine can speak with, offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import util
from typing import TYPE_CHECKING, Any

from scenes.speech.spanish import phonemes

if TYPE_CHECKING:
    import numpy as np
    from hibari import Hibari

#: What `lecture voices install` installs; pinned, since another version says the same text otherwise.
PACKAGE = "hibari-tts==0.2.1"
INSTALL = "lecture voices install"
#: What stands for nobody in the place of a voice.
SILENT = "none"
WITHOUT = f"--voice {SILENT} makes a silent film"
#: Slower than the voice's own pace, which is that of conversation.
PACE = 0.9
SEED = 0
#: Words that this voice would say wrongly, in its phonemes.
SAID = {"ReLU": "ɹˈAlu", "live": "lˈɪv", "logits": "lˈOʤɪts", "logit": "lˈOʤɪt"}


class NotInstalledError(ValueError):
    """No voice is installed, or not all of it; the message is one line that says how to get one."""

    @classmethod
    def broken(cls, error: Exception) -> NotInstalledError:
        """For a package that is there and cannot be used, such as one whose installation was interrupted."""
        why = " ".join(str(error).split()) or type(error).__name__
        return cls(f"the voice is not installed completely ({why}): {INSTALL} repairs it, {WITHOUT}")


@dataclass(frozen=True)
class Voice:
    """A voice: what language it speaks, and how to tell it from others.

    Attributes:
        name: what `--voice` calls it.
        language: of what it reads, as in `en`.
        about: for a list.
    """

    name: str
    language: str
    about: str

    @property
    def key(self) -> str:
        """Text of all that its sound depends on besides the words: package, voice, pace, seed and pronunciations."""
        return f"{PACKAGE} {self.name} {PACE} {SEED} {sorted(SAID.items())}"

    @cached_property
    def model(self) -> Hibari:
        """The voice, with all that it reads from its package.

        Raises:
            NotInstalledError: a part of it is missing or damaged.
        """
        try:
            from hibari import Hibari

            model = Hibari(voice=self.name)
            model.g2p  # noqa: B018 - which is read when it is first asked for
        except Exception as error:
            raise NotInstalledError.broken(error) from error
        return model

    def say(self, text: str) -> tuple[np.ndarray, int]:
        """The sound of `text` (see `scenes.speech.spoken`), mono, and how many samples a second it has.

        The same text has the same samples in every run.

        Raises:
            ValueError: the voice cannot read this text.
            NotInstalledError: a part of the voice is missing.
        """
        model = self.model
        try:
            return model(_marked(text), speed=PACE, seed=SEED), model.sample_rate
        except Exception as error:
            raise ValueError(f"the voice {self.name} cannot read “{text}”") from error


def _marked(text: str) -> str:
    """`text` in the notation of misaki: `[word](/phonemes/)` for what is not read as English."""
    text = re.sub("«([^»]*)»", lambda found: _each(found[1], phonemes), text)
    text = re.sub(r"\b([Hh]eads?) A\b", r"\1 [A](/ˈA/)", text)
    for word, sounds in SAID.items():
        text = re.sub(rf"\b{word}\b(?!\])", f"[{word}](/{sounds}/)", text)
    return text


def _each(words: str, sounds: Callable[[str], str]) -> str:
    return " ".join(f"[{word}](/{sounds(word)}/)" for word in words.split())


def voices() -> list[Voice]:
    """Return the voices that need no download.

    Raises:
        NotInstalledError: the package of the voices is installed, but incomplete.
    """
    if util.find_spec("hibari") is None:
        return []
    try:
        from hibari.voices import VOICES, voice_path

        found = []
        for name, facts in VOICES.items():
            with suppress(FileNotFoundError):
                voice_path(name, download_missing=False)
                found.append(Voice(name, "en", _about(facts)))
    except Exception as error:
        raise NotInstalledError.broken(error) from error
    return found


def _about(facts: dict[str, Any]) -> str:
    return f"{facts['accent']} English, {facts['gender']}"


def voice(name: str, language: str) -> Voice:
    """The voice called `name`, which has to speak `language`.

    Raises:
        NotInstalledError: no voice is at hand, or it is broken.
        ValueError: this one is not, or speaks another language.
    """
    there = voices()
    if not there:
        raise NotInstalledError(f"no voice is installed: {INSTALL} brings one, {WITHOUT}")
    found = next((one for one in there if one.name == name), None)
    if found is None:
        raise ValueError(f"there is no voice {name!r}: it is one of {', '.join(one.name for one in there)}, none")
    if found.language != language:
        raise ValueError(f"the voice {name} speaks {found.language}, not {language}: use recordings of your own")
    return found
