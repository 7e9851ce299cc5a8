"""Sharing of the tests between processes: a chapter is walked in one of them, and a file is done by one."""

import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).resolve().parent
WHO = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("what", ["Scores-a", "Scores-b", "Heads-a", "Heads-b", "Stream-a", "Stream-b"])
def test_it(what, request):
    with Path("seen").open("a") as seen:
        seen.write(f"{request.node.nodeid} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


def test_what_belongs_together_is_done_by_one_process_and_the_rest_is_shared(tmp_path):
    for file in ("pictures/test_one.py", "pictures/test_two.py", "core/test_three.py", "core/test_four.py"):
        path = tmp_path / "tests" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(WHO)
    shutil.copy(TESTS / "conftest.py", tmp_path / "tests")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    flags = "-n 2 --dist loadscope --random-order -q -p no:cacheprovider --import-mode=importlib".split()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *flags, "tests"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    workers = defaultdict(set)
    for line in (tmp_path / "seen").read_text().splitlines():
        test, _, worker = line.rpartition(" ")
        file, chapter = test.partition("::")[0], test.partition("[")[2].partition("-")[0]
        workers[chapter if "pictures" in file else file].add(worker)
    assert set(workers) == {"Scores", "Heads", "Stream", "tests/core/test_three.py", "tests/core/test_four.py"}
    assert all(len(names) == 1 for names in workers.values())
    assert len(set.union(*workers.values())) == 2
