"""Mutated lecture files: each is read, or told line by line; none runs anything or leaves its folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any

import fontpkg
import hostile
from guarding import attempt
from PIL import Image

from scenes.production.lecture_file import Lecture, Table, read

KEYS = [*Table.__struct_fields__, "theme.base", "theme.font", "theme.title_font", "theme.logo", "theme.colours.query"]
#: Values that are right, or nearly so, or lead elsewhere, by the keys that they are meant for and for all others.
PLACES = (
    "logo.png", "huge.png", "own.ttf", "bad.ttf", "takes", "out", "pipe", "etc", "etc/passwd", "mine.py", "loop",
    "model.pt", "folder", "..", ".", "../../etc", "/etc/passwd", "/dev/zero", "~/x", "takes/../..", "a/" * 600,
    "x" * 5000, "con\0trol", "zero.png", "cut.safetensors",
)  # fmt: skip
WORDS = (
    "The car is red", "el coche es rojo", "attention", "scores", "en", "es", "h", "dark", "light", "film", "slides",
    "page", "Inter", "english-spanish", "encoder.1.self_attn.weights[head=2]=0", "#FF00AA", "none", "heart",
)  # fmt: skip
#: What a parser might stumble over.
RAW = (
    "[" * 3000, "a = " + "[" * 3000 + "]" * 3000, "a." * 3000 + "b = 1", "x = " + "9" * 5000,
    'y = """' + '\\"""' * 3000, "[theme" + " " * 20_000, "x = [\n[" + " " * 20_000 + '\n"a"]]',
    "# " + '"""\\' * 5000, "z = 1979-13-45", "\ufeff", "\0", "[theme]\n[theme]", "[[theme]]",
    "title = 'a'\ntitle = 'b'", "t = {a = {a = {a = 1}}}", "\r", "'" * 3000, "chapters = [" + '"a", ' * 4000 + "]",
    "\n".join(f"k{i} = 1" for i in range(5000)), "# x" + "x" * 200_000,
    "[[chapters]]\nname = 'mine.py'", "[[chapters]]\nname = 'mine.py.1'\nsteps = ['1-', -3, '0', 99999]",
    "[[chapters]]\nname = 'scores,mine.py'", "[[chapters]]\nname = 'qkv'\nmodel = '../../etc/passwd'\nsentence = 'x'",
    "[[chapters]]\ntitle = '" + "x" * 9999 + "'\nlines = ['\u202e', '|']\nsay = '|||'", "[chapters]\nname = 'x'",
    "[title_card]\nlines = 3\n[end_card]\nquestions = '" + "?" * 999 + "'",
    "chapters = [[], {}, {name = 3}, 1979-01-01]",
)  # fmt: skip


class Lectures:
    """A case is the lines of a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "lecture"
        self.folder.mkdir()
        furnish(self.folder)
        start = resources.files("scenes.production").joinpath("new-lecture.toml").read_text(encoding="utf-8")
        self.start = start.replace("# output", "output").replace("# model", "model").splitlines()

    def case(self, random: Random) -> list[str]:
        lines = [*self.start] if random.random() < 0.5 else []
        for _ in range(random.choice([1, 1, 2, 3, 8])):
            lines = changed(random, lines)
        return lines

    def prepare(self, case: Sequence[str]) -> None:
        """Write the file."""
        (self.folder / "my.toml").write_bytes("\n".join(case).encode("utf-8", errors="surrogatepass"))

    def sorts(self, case: Sequence[str]) -> set[str]:
        return hostile.sorts("\n".join(case)) | {"from the example" if case[-1:] == self.start[-1:] else "from nothing"}

    def run(self, _case: Sequence[str]) -> Any:
        lecture = attempt(lambda: read(self.folder / "my.toml"))
        assert not (self.folder / "ran").exists(), "a chapter beside the file was run"
        if lecture is not None:
            check(lecture, self.folder.resolve())
        return lecture


def check(lecture: Lecture, folder: Path) -> None:
    """Whatever it reads but for the model and installed fonts, and all that it writes, is below its folder."""
    assert lecture.output.resolve().is_relative_to(folder)
    installed = Path(fontpkg.path("Inter")).resolve().parents[2]
    for asset in lecture.brand.assets:
        assert any(asset.path.resolve().is_relative_to(place) for place in (folder, installed)), asset.path
    for name in lecture.voice:
        assert os.sep not in name or Path(name).is_relative_to(folder)
    assert lecture.table.title.isprintable()
    assert all(entry.path.is_relative_to(Path(read.__code__.co_filename).parents[1]) for entry in lecture.entries)


def furnish(folder: Path) -> None:
    """Put files beside a lecture file that it may name: sound, damaged and hostile ones."""
    Image.new("RGBA", (8, 8), "red").save(folder / "logo.png")
    png = bytearray((folder / "logo.png").read_bytes())
    png[16:24] = (100_000).to_bytes(4, "big") * 2
    (folder / "huge.png").write_bytes(png)
    shutil.copy(fontpkg.path("Inter"), folder / "own.ttf")
    (folder / "bad.ttf").write_bytes((folder / "own.ttf").read_bytes()[:2000])
    (folder / "takes").mkdir()
    (folder / "takes" / "scores-01.wav").write_bytes(b"RIFF")
    (folder / "takes" / "scores-02.wav").symlink_to("/dev/zero")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "out").symlink_to("/tmp")
    (folder / "etc").symlink_to("/etc")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    (folder / "mine.py").write_text("from pathlib import Path\n(Path(__file__).parent / 'ran').touch()\n")
    (folder / "model.pt").write_bytes(b"\x80\x02cos\nsystem\nX\x01\x00\x00\x00x\x85R.")
    (folder / "cut.safetensors").write_bytes(b"\xff" * 7)
    (folder / "folder").mkdir()
    (folder / "folder" / "config.json").write_text("{}")


def changed(random: Random, lines: list[str]) -> list[str]:
    """Lines with one change."""
    way, at = random.randrange(7), random.randrange(len(lines) + 1)
    if way == 0 and lines:
        return _bent(random, lines)
    if way == 1:
        return [*lines[:at], random.choice(RAW), *lines[at:]]
    if way == 2 and lines:
        return [*lines[:at], *lines[at + 1 :]]
    if way == 3:
        return [*lines[:at], hostile.text(random), *lines[at:]]
    key = random.choice(KEYS)
    made = f"{key} = {written(random)}"
    kept = [line for line in lines if not line.lstrip("# ").startswith(f"{key.rpartition('.')[2]} =")]
    return [made, *kept]


def _bent(random: Random, lines: list[str]) -> list[str]:
    """Some bytes of the text changed."""
    text = [*"\n".join(lines)]
    for _ in range(random.choice([1, 3, 10])):
        text[random.randrange(len(text))] = hostile.text(random)[:1]
    return "".join(text).split("\n")


def written(random: Random) -> str:
    """A value as TOML, or nearly."""
    way = random.randrange(5)
    if way == 0:
        return json.dumps(hostile.value(random), ensure_ascii=False, default=str)
    if way == 1:
        return json.dumps(hostile.text(random), ensure_ascii=random.random() < 0.5)
    if way == 2:
        return json.dumps([random.choice([*PLACES, *WORDS]) for _ in range(random.choice([0, 1, 2, 30]))])
    return json.dumps(random.choice(PLACES if way == 3 else WORDS))
