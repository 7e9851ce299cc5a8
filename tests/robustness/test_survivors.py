"""The reasons why no test can tell a change belong to lines that are still there."""

import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORE = HERE.parents[1] / "transformer_core"


def test_every_reason_belongs_to_a_line_of_its_file():
    groups = tomllib.loads((HERE / "survivors.toml").read_text(encoding="utf-8"))["reason"]
    assert all(group["why"].endswith(".") for group in groups)
    lines = {
        path.relative_to(CORE).as_posix(): [*map(str.strip, path.read_text(encoding="utf-8").splitlines())]
        for path in CORE.rglob("*.py")
    }
    gone = [(group["file"], was) for group in groups for was, _ in group["changes"] if was not in lines[group["file"]]]
    assert gone == []
