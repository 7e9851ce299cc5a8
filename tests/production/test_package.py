"""The package: a wheel that is whole, and a core that installs and runs without anything that draws."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from transformer_core import versions

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def unpacked(wheel, folder, extra=""):
    """A folder with the wheel, what it requires with this extra, what that requires, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (metadata,) = folder.glob("transformer_lecture-*.dist-info")
    for needed in closure(PathDistribution(metadata), extra):
        for top in {Path(file).parts[0] for file in needed.files or ()} - {"..", "bin", "__pycache__"}:
            place = folder / top
            if not place.exists():
                place.symlink_to(needed.locate_file(top))
    return folder


@pytest.fixture(scope="module")
def package(wheel, tmp_path_factory):
    """The wheel and what the core requires, in a folder of its own."""
    return unpacked(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def bare(package):
    """A Python that sees the core and what it requires."""

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
        told = archive.read(points).decode()
    assert "lecture = transformer_lecture.cli.begin:main" in told
    assert "[manim.plugins]\ntransformer_lecture = transformer_lecture" in told
    wanted = {
        "cli/main.py",
        "chapters/c06_scores.py",
        "publishing/slides.js",
        "production/new-lecture.toml",
        "py.typed",
    }
    assert {f"transformer_lecture/{name}" for name in wanted} <= set(names)
    assert {"transformer_core/tracing/trace.py", "transformer_core/py.typed"} <= set(names)
    assert {"models/english-spanish.safetensors", "languages/es.po"} <= {
        name.partition("/assets/")[2] for name in names
    }


def test_a_wheel_brings_two_packages_with_names_of_their_own(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"transformer_core", "transformer_lecture"}


def test_nothing_in_a_wheel_goes_by_the_name_of_the_checkout(package):
    code = [path for top in ("transformer_core", "transformer_lecture") for path in (package / top).rglob("*.py")]
    left = [
        f"{path.name}: {name}"
        for path in code
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names] if isinstance(node, ast.Import)
            else [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str)
            else []
        )
        if re.match(r"scenes\b(\.|$)", name)
    ]  # fmt: skip
    assert left == []


def test_a_wheel_made_of_the_source_archive_is_the_same(wheel, tmp_path):
    build = "import sys; from hatchling import build; print(getattr(build, sys.argv[1])(sys.argv[2]))"

    def built(kind, place):
        command = [sys.executable, "-c", build, kind, tmp_path]
        return subprocess.run(command, cwd=place, capture_output=True, text=True, check=True).stdout.split()[-1]

    archive = built("build_sdist", ROOT)
    shutil.unpack_archive(tmp_path / archive, tmp_path, filter="data")
    source = tmp_path / archive.removesuffix(".tar.gz")
    again = built("build_wheel", source)
    contents = []
    for one in (wheel, tmp_path / again):
        with zipfile.ZipFile(one) as opened:
            contents.append({entry.filename: entry.CRC for entry in opened.infolist()})
    assert contents[0] == contents[1]
    assert {"tests", "docs", "lecture", "lecture.ps1"} <= {path.name for path in source.iterdir()}


def test_files_of_a_user_called_as_our_folders_break_nothing(wheel, tmp_path):
    installed = unpacked(wheel, tmp_path / "installed", "drawing")
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("scenes", "assets", "theme", "stage"):
        (mine / f"{name}.py").write_text("raise SystemExit('the code of the user')\n")
    command = (
        f"import sys; sys.path[:] = ['', *sys.path, {str(installed)!r}]\n"
        "if __name__ == '__main__':\n"
        "    from transformer_lecture.cli.begin import main; main()"
    )
    environment = {**os.environ, "LECTURE_CACHE": str(tmp_path / "cache"), "LECTURE_QUIET": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, "-S", "-c", command, "stills", "scores.2", "-ql", "--output", "out"],
        cwd=mine, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert (mine / "out" / "posters" / "scores-02.png").is_file()


def test_in_a_checkout_the_name_of_the_wheel_leads_to_the_same_modules():
    from transformer_lecture.stage import chapter
    from transformer_lecture.stage.chapter import Chapter

    import scenes.stage.chapter
    import transformer_lecture

    assert transformer_lecture is scenes
    assert chapter is scenes.stage.chapter
    assert Chapter is scenes.stage.chapter.Chapter
    assert chapter.__spec__.name == "scenes.stage.chapter"
    assert transformer_lecture.show.__module__ == "scenes.cli.show"
    with pytest.raises(ModuleNotFoundError):
        import_module("transformer_lecture.nowhere")


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


#: Commands for which the core is enough.
CORE = [
    ("words",), ("list",), ("model",), ("models",), ("experiments",), ("voices",), ("language",), ("new", "my.toml"),
    ("trace", "--output", "all.npz"), ("explain", "probs[position=0,vocab=0]"),
]  # fmt: skip


@pytest.mark.parametrize("command", CORE, ids=lambda command: command[0])
def test_a_command_that_draws_nothing_asks_for_nothing_that_draws(bare, command, tmp_path, monkeypatch):
    monkeypatch.setenv("LECTURE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    done = bare("from transformer_lecture.cli.main import main; main()", *command)
    assert done.returncode == 0, done.stderr


NEEDS = "pictures are drawn with Manim, which is not installed: "


@pytest.mark.parametrize("module", ["stage.chapter", "chapters.c06_scores", "rendering"])
def test_whoever_imports_a_picture_without_manim_reads_how_to_get_it(bare, module):
    done = bare(f"import transformer_lecture.{module}")
    assert done.stderr.splitlines()[-1].startswith(f"ModuleNotFoundError: {NEEDS}")


def test_a_command_that_draws_says_so_in_one_line(bare):
    done = bare("from transformer_lecture.cli.main import main; main()", "render", "scores")
    assert done.returncode == 1
    assert done.stderr.startswith(f"lecture: {NEEDS}")
    assert done.stderr.endswith("'transformer-lecture[drawing]'\n")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Pretends that the project came from somewhere, by some installer."""

    def pretend(origin=None, **files):
        monkeypatch.setattr(
            versions, "distribution", lambda _: SimpleNamespace(read_text=lambda _: origin and json.dumps(origin))
        )
        prefix = tmp_path / files.pop("prefix", "env")
        prefix.mkdir(parents=True)
        for name in files.pop("has", ()):
            (prefix / name).touch()
        monkeypatch.setattr(versions.sys, "prefix", str(prefix))
        monkeypatch.setattr(versions, "find_spec", lambda _: files.get("pip", True) or None)
        return versions.installing("models").replace(str(prefix), "PREFIX").replace(sys.executable, "python")

    return pretend


WHEEL = {"url": "file:///home/me/lecture.whl", "archive_info": {}}


@pytest.mark.parametrize(
    ("origin", "how", "line"),
    [
        (None, {}, "python -m pip install 'transformer-lecture[models]'"),
        (WHEEL, {}, "python -m pip install 'transformer-lecture[models] @ file:///home/me/lecture.whl'"),
        (
            {"url": "file:///home/me/check%20out", "dir_info": {"editable": True}},
            {},
            "python -m pip install -e '/home/me/check out[models]'",
        ),
        (
            {"url": "https://host/it", "vcs_info": {"vcs": "git"}},
            {},
            "python -m pip install 'transformer-lecture[models] @ git+https://host/it'",
        ),
        (None, {"pip": False}, "uv pip install --python PREFIX 'transformer-lecture[models]'"),
        (None, {"has": ["pipx_metadata.json"]}, "pipx runpip env install 'transformer-lecture[models]'"),
        (None, {"prefix": "archive-v0/x"}, "uvx --from 'transformer-lecture[drawing,models]' lecture"),
    ],
)
def test_what_is_missing_is_installed_from_where_the_project_came_by_the_installer_that_brought_it(
    installed, origin, how, line
):
    assert installed(origin, **how) == line


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_no_page_says_to_install_the_project_from_where_it_is_not(page):
    lines = re.findall(r"pip install [\"']?transformer-lecture.*", page.read_text(encoding="utf-8"))
    assert [line for line in lines if " @ " not in line] == []
