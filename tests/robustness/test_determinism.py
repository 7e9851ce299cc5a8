"""The same command makes the same files, whoever draws them, in what order, and on what machine of this kind.

The long trial, over several ways to run and every kind of file: `python tests/robustness/determinism.py`.
"""

import shutil
import sys

import pytest
from determinism import SHUFFLED
from tiny_lecture import Tiny
from trial import hashes, outlived, start

from scenes.production.cache_folder import TAG


@pytest.mark.slow
def test_shuffled_jobs_of_two_workers_in_other_surroundings_make_the_same_files(known, tmp_path):
    other = Tiny(tmp_path)
    shutil.copytree(known.cache / "traces", other.cache / "traces")
    shutil.copy(known.cache / TAG, other.cache / TAG)
    home = tmp_path / "home"
    (home / ".config" / "manim").mkdir(parents=True)
    for folder, wish in ((home / ".config" / "manim", "frame_height = 4"), (tmp_path, "renderer = opengl")):
        (folder / "manim.cfg").write_text(f"[CLI]\nbackground_color = #FF0000\n{wish}\n")
    surroundings = {
        "PYTHONHASHSEED": "77", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "HOME": str(home), "USER": "other",
        "OMP_NUM_THREADS": "2", "LECTURE_CACHE": str(other.cache),
    }  # fmt: skip
    command = (sys.executable, "-c", SHUFFLED.format(seed=5), "render", "tiny.toml", "--trust", "--jobs", 2)
    run = start((*command, "--output", "out"), tmp_path, **surroundings)
    said = run.communicate()[1]
    assert run.returncode == 0
    assert said.startswith("lecture: manim.cfg is for other scenes and is not read")
    assert outlived(run.pid) < 10
    assert hashes(other.folder / "out") == hashes(known.folder / "out")
