"""The commands, options, counts and code that README and the pages name are as they say."""

import io
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import click
import pytest

from scenes.chapters.c06_scores import Scores
from scenes.cli.main import lecture
from scenes.production.repertoire import repertoire
from scenes.publishing.policy import FOLDER, one_file
from scenes.stage.chapter import TooLongError
from scenes.stage.notes import Note
from transformer_core.studies.sentence.read import read
from transformer_core.tracing.trace import Trace

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NUMBERS = {"fifteen": 15, "sixteen": 16, "seventeen": 17, "twenty": 20}


def commands(text: str) -> list[list[str]]:
    """The words of each line of code that calls the command: between backticks, in a fence, or indented."""
    fenced = "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    lines = re.findall(r"^((?:\./)?lecture [^\n]+)", fenced, re.MULTILINE)
    lines += re.findall(r"^ {4}((?:\./)?lecture [^\n]+)", text, re.MULTILINE)
    lines += re.findall(r"(?<=`)((?:\./)?lecture [^`\n]+)(?=`)", text)
    return [shlex.split(line, comments=True)[1:] for line in lines]


def wrong(words: list[str]) -> str:
    """Find the words of a shell line that the command does not know."""
    command: click.Command = lecture
    while isinstance(command, click.Group) and words and re.fullmatch("[a-z]+", words[0]):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return words[0]
        command, words = found, words[1:]
    if command.name == "test":  # its options are those of pytest
        return ""
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    asked = [word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return next((word for word in asked if word not in known and word[:2] not in known and word != "--help"), "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_and_option_that_a_page_names_exists(page):
    for words in commands(page.read_text(encoding="utf-8")):
        assert wrong(words) == "", words


def test_a_command_and_an_option_that_do_not_exist_are_found():
    asked = commands("`./lecture fly`\n```sh\n./lecture render attention --wings 2  # up\nlecture render -qh\n```")
    assert [wrong(words) for words in asked] == ["--wings", "", "fly"]


def readme_code() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_check_of_the_readme_holds_for_a_film_and_fails_for_another_number(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Trace.load(finished.folder / "trace.npz").save(tmp_path / "red.npz")
    index = (finished.folder / "out" / "steps.json").read_text(encoding="utf-8")
    (tmp_path / "steps.json").write_text(index, encoding="utf-8")
    exec(readme_code()[0], {})
    bent = re.sub(r'("value": )0\.', r"\g<1>7.", index)
    assert bent != index
    (tmp_path / "steps.json").write_text(bent, encoding="utf-8")
    with pytest.raises(AssertionError):
        exec(readme_code()[0], {})


def test_the_readme_prints_the_share_that_the_model_gives():
    code = readme_code()[1]
    with redirect_stdout(out := io.StringIO()):
        exec(code, {})
    share, certainty = out.getvalue().splitlines()
    (promised,) = re.findall(r"largest\(\)\)  # (.*?)\.\.\.\)", code)
    assert share.startswith(promised)
    assert float(re.findall(r"[01]\.\d+", certainty)[0]) < float(read("The car is red")["probs"].values.max())


def test_the_readme_counts_chapters_and_words_rightly():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (chapters,) = re.findall(r"draws all (\w+) chapters", text)
    assert NUMBERS[chapters] == len(repertoire())
    (words,) = re.findall(r"may have up to (\d+) words", text)
    sentence = ["the", "car"] * 7
    assert len(sentence) == int(words) + 1
    with pytest.raises(TooLongError, match=f"has {len(sentence)} words, and a picture has room for {words}"):
        Scores(trace=read(" ".join(sentence))).perform()


def test_a_sentence_that_the_grammar_does_not_make_is_told_so_in_each_picture():
    note = Note.of(read("red the car is"), "")
    assert note is not None
    assert str(note) == "The model never learned sentences like this one."
    assert Note.of(read("The car is red"), "") is None


@pytest.mark.parametrize("policy", [FOLDER, one_file(["play()"])], ids=["of a page", "of slides"])
def test_the_policy_of_a_page_and_of_slides_names_no_server(policy):
    """`publishing/test_attacks.py` holds that each document begins with it."""
    assert policy.startswith("default-src 'none'; ")
    sources = {word for rule in policy.split("; ") for word in rule.split()[1:] if "sha256-" not in word}
    assert sources <= {"'none'", "'self'", "file:", "data:", "'unsafe-inline'"}


def test_the_voice_speaks_without_a_network(tmp_path):
    pytest.importorskip("hibari")
    code = (
        "import socket\n"
        "def refuse(*_): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from scenes.speech.voices import voice\n"
        "samples, rate = voice('heart', 'en').say('The car is red.')\n"
        "print(0.5 < len(samples) / rate < 5)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "True\n", done.stderr
