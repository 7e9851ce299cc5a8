"""The how-tos of docs/add-*.md, followed as they stand there."""

import re
from pathlib import Path

import numpy as np
import polib
import pytest
from PIL import Image

from scenes.cli.main import main
from scenes.language.catalogue import catalogue, languages
from transformer_core.studies.experiments.laboratory import Bench

ROOT = Path(__file__).resolve().parents[1]


def block(page: str, kind: str, at: int = 0) -> str:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[at]


def test_the_chapter_of_the_page_is_drawn(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(block("add-a-chapter", "py"), encoding="utf-8")
    (tmp_path / "mine.toml").write_text(block("add-a-chapter", "toml"), encoding="utf-8")
    command = block("add-a-chapter", "sh").splitlines()[0].split()
    assert command[:2] == ["./lecture", "stills"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LECTURE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    (poster,) = tmp_path.rglob("posters/*.png")
    with Image.open(poster) as picture:
        assert picture.size == (854, 480)
        assert np.asarray(picture.convert("L")).std() > 10


def test_the_experiment_of_the_page_finds_what_it_says():
    names: dict[str, object] = {"__name__": "coin"}
    exec(compile(block("add-an-experiment", "py"), "coin.py", "exec"), names)
    found = names["coin"](Bench(), throws=(10, 1000))["distance"]
    assert (found.axes, found.labels) == (("size",), {"size": ("10", "1000")})
    assert found.values[0] > 5 * found.values[1] > 0


def test_the_catalogue_of_the_page_is_a_language_that_falls_back_to_english(tmp_path, monkeypatch):
    folder = tmp_path / "assets" / "languages"
    folder.mkdir(parents=True)
    (folder / "es.po").write_bytes((ROOT / "assets" / "languages" / "es.po").read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(block("add-a-language", "py"), "de.py", "exec"), {})
    assert languages(folder) == ["en", "de", "es"]
    assert all(entry.msgctxt for entry in polib.pofile(str(folder / "de.po")))
    german = catalogue("de", folder)
    assert german.text("A sentence that nobody has translated.") == "A sentence that nobody has translated."
