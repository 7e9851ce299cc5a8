"""One process renders again and again, and takes no more memory and files than at the beginning.

The long trial, 200 renders, and 200 saves under `lecture watch`: `python tests/robustness/long_run.py`.
"""

import json
import subprocess
import sys
from pathlib import Path

import long_run
from long_run import Sample, grown
from trial import ROOT


def test_twelve_renders_in_one_process_leave_memory_and_files_as_they_were():
    command = [sys.executable, Path(long_run.__file__), "--what", "drawing", "--times", "12"]
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    figures = json.loads(run.stdout.splitlines()[-1])["drawing"]
    assert (figures["renders"], figures["grown"], run.returncode) == (12, [], 0)


def test_what_grows_is_seen():
    quiet = [Sample(100 * 2**20 + number % 3 * 2**20, 9, 4, 1) for number in range(40)]
    assert grown(quiet) == []
    leaking = [Sample(s.memory + number * 2**20, s.files + number // 20, 4, 1) for number, s in enumerate(quiet)]
    assert [line.partition(":")[0] for line in grown(leaking)] == ["memory", "files"]
