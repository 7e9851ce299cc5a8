"""The package: a wheel that is whole, and a core that installs and runs without anything that draws."""

import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def package(wheel, tmp_path_factory):
    """The wheel, unpacked into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def bare(package):
    """A Python that sees our wheel, what it requires without any extra, what those require, and nothing else."""
    (metadata,) = package.glob("transformer_lecture-*.dist-info")
    for needed in closure(PathDistribution(metadata), ""):
        for top in {Path(file).parts[0] for file in needed.files or ()} - {"..", "bin", "__pycache__"}:
            place = package / top
            if not place.exists():
                place.symlink_to(needed.locate_file(top))

    def run(*arguments):
        code = f"import sys; sys.path.append({str(package)!r}); {arguments[0]}"
        command = [sys.executable, "-I", "-S", "-c", code, *arguments[1:]]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=package)

    return run


def closure(start: Distribution, extra: str) -> list[Distribution]:
    """Return all that a distribution requires, directly and through others."""
    found: dict[str, Distribution] = {}
    waiting = [(start, extra)]
    while waiting:
        one, of = waiting.pop()
        for line in one.requires or ():
            needed = Requirement(line)
            if (needed.marker is None or needed.marker.evaluate({"extra": of})) and needed.name not in found:
                found[needed.name] = distribution(needed.name)
                waiting += [(found[needed.name], each) for each in ("", *needed.extras)]
    return [*found.values()]


def test_the_wheel_has_the_packages_their_types_the_model_and_the_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        points = next(name for name in names if name.endswith("entry_points.txt"))
        assert b"lecture = scenes.cli.begin:main" in archive.read(points)
    assert "assets/models/english-spanish.safetensors" in names
    assert {"scenes/cli/main.py", "transformer_core/tracing/trace.py", "scenes/chapters/c06_scores.py"} <= set(names)
    assert {"scenes/py.typed", "transformer_core/py.typed"} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "renders"))]


def test_the_core_requires_nothing_that_draws(package):
    (metadata,) = package.glob("transformer_lecture-*.dist-info")
    core = {needed.name for needed in closure(PathDistribution(metadata), "")}
    drawing = {needed.name for needed in closure(PathDistribution(metadata), "drawing")}
    assert "torch" in core
    assert not core & {"manim", "av", "pillow", "uharfbuzz", "pycairo"}
    assert {"manim", "av", "pillow", "uharfbuzz"} <= drawing


def test_the_core_alone_reads_a_sentence_and_tells_about_its_model(bare):
    code = """
from transformer_core import read
weights = read("The car is red")["encoder.1.self_attn.weights"].pick(batch=0)
print(weights.pick(head=1, query="red").largest()[0])
"""
    done = bare(f"exec({code!r})")
    assert done.stdout.split() == ["car"], done.stderr
    done = bare("from scenes.cli.main import main; main()", "words")
    assert "car" in done.stdout, done.stderr


@pytest.mark.parametrize("module", ["scenes.stage.chapter", "scenes.chapters.c06_scores", "scenes.rendering"])
def test_whoever_imports_a_picture_without_manim_reads_how_to_get_it(bare, module):
    done = bare(f"import {module}")
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: pictures are drawn with Manim, which is not installed: "
        "pip install 'transformer-lecture[drawing]'"
    )


def test_a_command_that_draws_says_so_in_one_line(bare):
    done = bare("from scenes.cli.main import main; main()", "render", "scores")
    assert done.returncode == 1
    assert done.stderr == (
        "lecture: pictures are drawn with Manim, which is not installed: pip install 'transformer-lecture[drawing]'\n"
    )
