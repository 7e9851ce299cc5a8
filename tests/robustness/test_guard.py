"""The guard around hostile input sees each fault that it is there for: here they are planted."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz
import guarding
from guarding import attempt, judged, limited_memory, watched

from transformer_core.files.atomic import reading
from transformer_core.files.foreign import parsed


def _connects():
    with socket.socket() as one:
        one.settimeout(0.01)
        one.connect(("127.0.0.1", 9))


def _goes_on():
    while True:
        pass


def _sleeps_where_its_end_is_taken_for_a_refusal():
    with reading(Path("x"), guarding.TooSlow):
        time.sleep(60)


def _takes_a_lack_of_memory_for_damage():
    with reading(Path("x"), MemoryError):
        np.zeros(3 * 2**30, np.uint8)


def _writes_by_number():
    os.close(os.open("../elsewhere.txt", os.O_WRONLY | os.O_CREAT))


class Planted:
    """Cases of letters, of which one does harm."""

    def __init__(self, _folder):
        self.armed = False  # the first run is for what is imported once

    def case(self, random):
        return [random.choice("abcde") for _ in range(6)]

    def prepare(self, case): ...

    def sorts(self, case):
        return {*case}

    def run(self, case):
        if "e" in case and self.armed:
            raise KeyError("e")
        self.armed = True
        return case if "a" in case else attempt(lambda: parsed("[]", "x"))


FAULTS = [
    (lambda: {}["x"], "a crash: KeyError"),
    (lambda: int("x"), "nobody raised this on purpose: ValueError"),
    (lambda: sys.exit("x"), "a crash: SystemExit"),
    (lambda: np.zeros(3 * 2**30, np.uint8), "a crash: MemoryError"),
    (_takes_a_lack_of_memory_for_damage, "too much memory was asked for: ValueError"),
    (lambda: Path("../elsewhere.txt").write_text("x"), "reached out: open"),
    (_writes_by_number, "reached out: open"),
    (lambda: Path("../elsewhere").mkdir(), "reached out: os.mkdir"),
    (lambda: Path("inside").rename("../elsewhere"), "reached out: os.rename"),
    (lambda: Path("inside").symlink_to("../outside"), "reached out: os.symlink"),
    (lambda: os.utime("../outside"), "reached out: os.utime"),
    (lambda: Path("link/x").write_text("x"), "reached out: open"),
    (lambda: subprocess.run(["true"], check=False), "reached out: "),
    (_connects, "reached out: socket.connect"),
    (lambda: socket.gethostbyname("localhost"), "reached out: socket.gethostbyname"),
    (lambda: socket.socket().close(), "reached out: socket.__new__"),
    (lambda: __import__("pickle").loads(b"\x80\x02cbuiltins\nlen\n."), "reached out: pickle.find_class"),
    (_goes_on, "no answer within 1 seconds"),
    (lambda: time.sleep(60), "no answer within 1 seconds"),
    (_sleeps_where_its_end_is_taken_for_a_refusal, "1."),
]


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_the_guard_sees_each_fault(fault, said, tmp_path, monkeypatch):
    monkeypatch.setattr(guarding, "SECONDS", 1.0)
    home = tmp_path / "in"
    home.mkdir()
    (home / "inside").touch()
    (home / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").mkdir()
    monkeypatch.chdir(home)
    with limited_memory():
        outcome = judged(fault, watched(home))
    assert outcome.failed.startswith(said)
    assert not outcome.answered


def test_what_stays_within_the_limits_is_an_answer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def modest():
        Path("x").write_text("x")
        Path("x").rename("y")
        return np.zeros(2**30, np.uint8).size

    with limited_memory():
        outcome = judged(modest, watched(tmp_path))
    assert (outcome.answered, outcome.failed) == (True, "")


def test_the_time_that_others_have_the_processor_is_not_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(guarding, "_clock", lambda: 0.0)  # as if all of it was waited for a processor
    monkeypatch.setattr(guarding, "SECONDS", 0.2)
    assert judged(lambda: time.sleep(0.5) or 1, watched(tmp_path)).answered


def test_a_failing_case_is_made_as_short_as_it_may_be():
    assert fuzz.shorter([*"some long text with an x in it"], lambda case: "x" in case and "m" in case) == ["m", "x"]


def test_a_run_counts_what_was_answered_refused_and_failed_and_keeps_what_failed(tmp_path, monkeypatch):
    monkeypatch.setitem(fuzz.KINDS, "planted", (__name__, "Planted"))
    (tmp_path / "home").mkdir()
    saved = tmp_path / "saved"
    found = fuzz.fuzz("planted", 40, 1, tmp_path / "home", saved, lambda *_: None)
    cases = [Planted(None).case(Random(f"planted 1 {number}")) for number in range(40)]
    failing = [number for number, case in enumerate(cases) if "e" in case]
    assert 0 < found["failures"] == len(failing) < 40
    assert found["answered"] == sum("a" in case and "e" not in case for case in cases)
    assert found["refused"] == 40 - found["answered"] - found["failures"]
    assert found["sorts"]["a"] == sum("a" in case for case in cases)
    assert {path.name for path in (saved / "planted").iterdir()} == {f"1-{number}.json" for number in failing}
    assert json.loads((saved / "planted" / f"1-{failing[0]}.json").read_text())["case"] == "['e']"
    again = fuzz.fuzz("planted", 10, 1, tmp_path / "home", saved, lambda *_: None, first=30)
    assert again["failures"] == sum(number >= 30 for number in failing)


@pytest.mark.parametrize(("sleeps", "failures"), [(1, 0), (2, 1)])
def test_a_case_that_takes_too_long_fails_if_it_does_so_twice(sleeps, failures, tmp_path, monkeypatch):
    naps = iter([0.0] + [1.0] * sleeps + [0.0] * 9)  # the first run is for what is imported once

    def run(_planted, case):
        time.sleep(next(naps))
        return case

    monkeypatch.setattr(Planted, "run", run)
    monkeypatch.setattr(guarding, "SECONDS", 0.2)
    monkeypatch.setitem(fuzz.KINDS, "planted", (__name__, "Planted"))
    found = fuzz.fuzz("planted", 3, 1, tmp_path, tmp_path / "saved", lambda *_: None)
    assert (found["failures"], found["tried_twice"], found["answered"]) == (failures, 1, 3 - failures)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [({}, 0)] + [({name: 2**32}, 1) for name in ("failures", "files_outside", "connections", "peak_memory")],
)
def test_the_status_of_a_run_tells_whether_anything_happened(trouble, status, tmp_path, monkeypatch):
    calm = {"failures": 0, "files_outside": 0, "connections": 0, "peak_memory": 2**30}
    monkeypatch.setattr(fuzz, "fuzz", lambda *_: calm | trouble)
    done = CliRunner().invoke(fuzz.main, ["texts", "--saved", str(tmp_path)])
    assert done.exit_code == status
    assert json.loads(done.stdout.splitlines()[-1]) == calm | trouble


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("open('{outside}', 'w')", "Read-only file system"),
        ("__import__('os').mkdir('/dev/shm/elsewhere')", "Read-only file system"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "Network is unreachable"),
    ],
)
@pytest.mark.usefixtures("namespace")
def test_nothing_is_written_or_asked_from_where_a_run_is_sealed(harm, said):
    outside = Path(__file__).with_name("elsewhere")
    command = [Path(__file__).with_name("sealed.sh"), sys.executable, "-c", harm.format(outside=outside)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert not outside.exists()


@pytest.mark.usefixtures("namespace")
def test_a_sealed_run_may_write_what_is_gone_with_it():
    command = [Path(__file__).with_name("sealed.sh"), "sh", "-c", "echo x > /tmp/elsewhere && cat /tmp/elsewhere"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "x\n"
    assert not Path("/tmp/elsewhere").exists()
