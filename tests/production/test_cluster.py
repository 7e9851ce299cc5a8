"""The jobs of a film on a Dask cluster: the same film as here, though a worker dies; or else one line."""

import gc
import json
import os
import pickle
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import dask.config
import distributed  # noqa: F401 - which brings its part of Dask's configuration
import msgspec
import pytest

from scenes.production import cluster as clusters
from scenes.production.cluster import Cluster, WorkerAnswer
from scenes.production.crew import CrewError
from scenes.production.drawing import Job, sources_of, survey
from scenes.production.look import Look
from scenes.production.parcels import Parcel, keep, made_in, trace_of
from scenes.production.reaching import RIGHT, address_in, check
from scenes.production.repertoire import parts
from scenes.production.seals import intact
from scenes.production.studio import Studio

ROOT = Path(__file__).resolve().parents[2]
LONGEST = "600"  # seconds: whatever happens, nothing of a cluster is left after that


class Running:
    """A scheduler and two workers on this machine, which end by themselves."""

    def __init__(self, folder: Path, *protocol: str, environment: Mapping[str, str] = os.environ):
        self.folder, self.environment = folder, environment
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--idle-timeout", LONGEST,
            "--scheduler-file", str(folder / "scheduler.json"), *protocol,
        )  # fmt: skip
        self.address = self._address(folder / "scheduler.json")
        self.workers = [self._worker(number) for number in range(2)]

    def _address(self, file: Path) -> str:
        """The address that the scheduler writes, as soon as it is there: an empty file comes before its text."""
        while True:
            assert self.scheduler.poll() is None
            with suppress(OSError, ValueError):
                return json.loads(file.read_text())["address"]
            time.sleep(0.05)

    def _worker(self, number: int):
        # An empty folder to work in, and no shared name with this process: nothing here can be read by chance.
        home = self.folder / f"worker-{number}"
        home.mkdir()
        return self._start(
            "worker", "--scheduler-file", str(self.folder / "scheduler.json"), "--no-nanny", "--nthreads", "1",
            "--no-dashboard", "--lifetime", LONGEST, "--death-timeout", "10", "--local-directory", str(home),
        )  # fmt: skip

    def _start(self, what: str, *arguments: str):
        environment = {**self.environment, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=quiet, stderr=quiet)

    def end(self):
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    cluster = Running(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.end()


@pytest.fixture
def doomed(tmp_path):
    """Another one, for a test that kills a part of it: tests come in any order."""
    cluster = Running(tmp_path)
    yield cluster
    cluster.end()


@pytest.fixture(autouse=True)
def _collected():
    """Dask closes a client that was never connected when it is collected; in the thread of the next one, it hangs."""
    yield
    gc.collect()


def killing(quiet: type, marks: Path, processes: list[int]):
    """Progress that kills, once, the worker that has begun to draw the first chapter."""

    class Killing(quiet):
        killed = 0

        def advance(self, frames, steps):
            super().advance(frames, steps)
            begun = [int(mark.name) for mark in marks.iterdir()]
            if self.begun[-1][0] == "drawing" and begun and not self.killed:
                self.killed = begun[-1]
                assert self.killed in processes
                os.kill(self.killed, signal.SIGKILL)

    return Killing()


def test_a_cluster_that_loses_a_worker_makes_the_film_of_this_machine_bit_for_bit(doomed, places, quiet, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    here, there = places(tmp_path / "here"), places(tmp_path / "there")
    for place in (here, there):
        # The mark tells which process draws this.
        mark = f"__import__('pathlib').Path({str(marks)!r}, str(__import__('os').getpid())).touch()\n        first = "
        place.write("first = ", mark)
    progress = killing(quiet, marks, [worker.pid for worker in doomed.workers])
    # Large, so that there is a middle.
    large = [replace(place.order(jobs=2), look=Look(960, 540, 60, "dark")) for place in (here, there)]
    made = Studio(there.store, progress).film(replace(large[1], scheduler=doomed.address))
    assert progress.killed
    assert [worker.poll() for worker in doomed.workers].count(-signal.SIGKILL) == 1
    local = quiet()
    Studio(here.store, local).film(large[0])
    files = [path for path in sorted(here.folder.joinpath("out").rglob("*")) if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert path.read_bytes() == (there.folder / "out" / path.relative_to(here.folder / "out")).read_bytes(), path
    # What the killed worker had reported was taken back when another one began its job again.
    assert (progress.frames, progress.steps) == (local.frames, local.steps)
    assert made.drawn == 4


def test_a_job_that_travels_needs_nothing_of_the_disk_that_it_comes_from(places, tmp_path):
    place = places(tmp_path / "here")
    entry = place.order("counting").entries[0]
    job = Job(entry, place.folder / "trace.npz", "tiny", place.order().look, sources_of(entry), posters=tmp_path / "p")
    steps = survey(job, lambda *_: None)
    posters = {path.name: path.read_bytes() for path in job.posters.glob("*.png")}
    sent = pickle.dumps((Parcel.of(job), trace_of(job)))
    place.folder.rename(tmp_path / "gone")
    (tmp_path / "there").mkdir()
    parcel, trace = pickle.loads(sent)
    assert survey(parcel.unpacked(tmp_path / "there", trace), lambda *_: None) == steps
    assert made_in(tmp_path / "there", job) == posters
    back = tmp_path / "back"
    keep(replace(job, posters=back), posters, [step.key for step in steps])
    assert {path.name: path.read_bytes() for path in back.glob("*.png")} == posters
    assert posters
    assert all(intact(path) for path in back.glob("*.png"))
    assert len(list(back.iterdir())) == 2 * len(posters)


def test_a_chapter_of_the_package_is_taken_from_the_package_of_the_worker(place, tmp_path):
    place.order("counting")
    entry = parts(["qkv"])[0].entries[0]
    job = Job(entry, place.folder / "trace.npz", "tiny", place.order().look, sources_of(entry))
    parcel = Parcel.of(job)
    assert (parcel.inside, parcel.chapter) == (Path("c05_qkv/chapter.py"), b"")
    assert parcel.unpacked(tmp_path, {}).entry == entry


def test_a_failing_step_on_a_worker_is_one_line(running, place, quiet):
    place.write("        last = number", '        raise ValueError("no such\\nword")\n        last = number')
    with pytest.raises(RuntimeError, match=r"^no such word$"):
        Studio(place.store, quiet()).film(replace(place.order("counting"), scheduler=running.address))


def test_a_worker_with_other_code_refuses(running, place, quiet):
    entry = place.order("counting").entries[0]
    job = Job(entry, place.folder / "trace.npz", "tiny", place.order().look, sources_of(entry) + "older")
    with (
        pytest.raises(
            CrewError, match=r"^the worker at tcp://.* has other code, libraries or results than this machine"
        ),
        Cluster(running.address, quiet()) as cluster,
    ):
        cluster.perform([(survey, job)])


def test_a_lost_scheduler_is_one_line(doomed, place, quiet):
    class Ending(quiet):
        def advance(self, *_):
            doomed.scheduler.kill()

    assert place.order().entries[1:]  # one survey is done, another one is not
    with pytest.raises(CrewError, match=r"^lost the scheduler at tcp://.*; finished steps are kept$"):
        Studio(place.store, Ending()).film(replace(place.order(), scheduler=doomed.address))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere.invalid:8786", "[::1]:9", "127.0.0.1:9"])
def test_where_no_scheduler_answers_is_one_line(address, monkeypatch, quiet):
    monkeypatch.setattr(clusters, "CONNECTING", 0.5)
    with pytest.raises(CrewError, match=r"^no Dask scheduler answers at .* within 0.5 s; LECTURE_SCHEDULER_WAIT sets"):
        Cluster(address, quiet())


def certified(folder: Path) -> dict[str, str]:
    """The environment after the lines of `docs/cluster.md` that come before the cluster itself."""
    if not shutil.which("openssl"):
        pytest.skip("no certificate can be made here: this needs the command openssl")
    folder.mkdir()
    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    (recipe,) = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "openssl" in block]
    before, cluster = recipe.split("# As above")
    assert re.findall(r"^(?:dask|lecture) .*$", cluster, re.MULTILINE) == [
        "dask scheduler --protocol tls",
        "dask worker tls://host:8786 --nworkers 4 --nthreads 1",
        "lecture render --scheduler tls://host:8786",
    ]
    done = subprocess.run(
        ["sh", "-euc", before + "env -0"], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


def configured(environment: Mapping[str, str]):
    """Dask's configuration as a process with this environment has it from its beginning."""
    said = {name.removeprefix("DASK_"): value for name, value in environment.items() if name.startswith("DASK_D")}
    return dask.config.set({name.lower().replace("__", ".").replace("_", "-"): value for name, value in said.items()})


def test_by_the_recipe_a_cluster_with_tls_draws_and_lets_nobody_else_in(tmp_path, place, quiet, monkeypatch):
    monkeypatch.setattr(clusters, "CONNECTING", 3.0)
    ours, theirs = certified(tmp_path / "ours"), certified(tmp_path / "theirs")
    (tmp_path / "cluster").mkdir()
    cluster = Running(tmp_path / "cluster", "--protocol", "tls", environment=ours)
    try:
        assert cluster.address.startswith("tls://")
        order = replace(place.order("counting"), scheduler=cluster.address)
        with configured(ours):
            assert Studio(place.store, quiet()).stills(order).steps == 3
        assert len(list(place.folder.glob("out/posters/*.png"))) == 3
        refused = rf"^no Dask scheduler answers at {cluster.address}"
        with configured(theirs), pytest.raises(CrewError, match=refused):
            Cluster(cluster.address, quiet())
        without = rf"^{cluster.address} needs certificates, and Dask's configuration names none: see docs/cluster\.md$"
        with pytest.raises(CrewError, match=without):
            Cluster(cluster.address, quiet())
        plain = cluster.address.replace("tls", "tcp")
        with pytest.raises(CrewError, match=rf"^no Dask scheduler answers at {plain}"):
            Cluster(plain, quiet())
    finally:
        cluster.end()


NO_ADDRESSES = (
    "", " ", "http://x", "http://x:8786", "ws://127.0.0.1:8786", "inproc://x", "ucx://127.0.0.1:1", "tcp://",
    "tcp://127.0.0.1", "127.0.0.1", "127.0.0.1:abc", "tcp://127.0.0.1:0", "tcp://127.0.0.1:99999", "::1", "a b c:1",
    "tcp://host:8786:9", "tcp://host:8786/status", "tcp://[x]:1", "tcp://host:\u0661", "\x1b[2Jhost:1", "host:1\n",
)  # fmt: skip


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_refused_at_once_and_says_what_would_be_right(address, quiet, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)  # refused before Dask is asked
    with pytest.raises(CrewError, match=r"is no address of a Dask scheduler: write tcp://host:8786, or tls://host"):
        Cluster(address, quiet())


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "tls://a-b.example.org:1", "localhost:65535", "[fe80::1]:1"]
)
def test_what_is_an_address_is_taken(address):
    check(address)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, r"nothere.json: no such file or directory; `dask scheduler --scheduler-file FILE` writes one"),
        ("", r"nothere.json has no address in it"),
        ('["tcp://a:1"]', r"nothere.json has no address in it"),
    ],
)
def test_a_scheduler_file_is_read_for_its_address(content, line, tmp_path):
    right, wrong = tmp_path / "cluster.json", tmp_path / "nothere.json"
    right.write_text('{"type": "Scheduler", "address": "tcp://10.0.0.1:8786"}')
    assert address_in(str(right)) == "tcp://10.0.0.1:8786"
    with pytest.raises(CrewError, match=r"^give --scheduler or --scheduler-file, not both$"):
        address_in(str(right), "tcp://10.0.0.1:8786")
    if content is not None:
        wrong.write_text(content)
    with pytest.raises(CrewError, match=line):
        address_in(str(wrong))


def test_a_scheduler_that_says_nothing_is_one_line_after_a_few_seconds_that_are_counted_down(quiet):
    """Something takes the connection, and never answers; Dask's client alone would wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = "tcp://{}:{}".format(*mute.getsockname())
        begun, seen = time.monotonic(), quiet()
        with pytest.raises(CrewError, match=rf"^no Dask scheduler answers at {address} within 5 s; LECTURE_SCHEDULER"):
            Cluster(address, seen)
        assert time.monotonic() - begun < 7
    waits = [what for what, *_ in seen.begun]
    assert waits == [
        f"waiting for an answer of the scheduler at {address}, {left} s at most" for left in (5, 4, 3, 2, 1)
    ]


def test_the_command_itself_ends_in_time_and_in_one_line(tmp_path):
    """Also when Python ends: a client that never connected would be waited for once more."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LECTURE_CACHE": str(tmp_path / "cache")}
    wishes = ("stills", "scores", "-ql", "--output", str(tmp_path / "out"))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = "tcp://{}:{}".format(*mute.getsockname())
        for address, wait, line in (
            (
                silent,
                "1",
                f"no Dask scheduler answers at {silent} within 1 s; LECTURE_SCHEDULER_WAIT sets other seconds",
            ),
            ("http://x", "1", f"--scheduler 'http://x' is no address of a Dask scheduler: {RIGHT}"),
            (silent, "soon", "LECTURE_SCHEDULER_WAIT='soon' should be seconds, more than 0 and at most 86400"),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "scenes.cli.main", *wishes, "--scheduler", address], cwd=tmp_path, text=True,
                env={**environment, "LECTURE_SCHEDULER_WAIT": wait}, capture_output=True, check=False, timeout=20,
            )  # fmt: skip
            assert (done.returncode, done.stdout, done.stderr) == (1, "", f"lecture: {line}\n")


def test_the_address_of_a_worker_is_told_from_that_of_the_scheduler(running, quiet):
    with Cluster(running.address, quiet()) as cluster:
        assert cluster.size
        worker = next(iter(cluster.client.nthreads()))
    with pytest.raises(
        CrewError, match=rf"^at {worker} is a Dask worker, not the scheduler: give the address of that$"
    ):
        Cluster(worker, quiet())


def test_a_scheduler_that_falls_silent_is_one_line(doomed, quiet, monkeypatch):
    monkeypatch.setattr(clusters, "ANSWERING", 1.0)
    monkeypatch.setattr(clusters, "LEAVING", 0.2)
    with Cluster(doomed.address, quiet()) as cluster:
        assert cluster.size
        doomed.scheduler.send_signal(signal.SIGSTOP)
        with pytest.raises(CrewError, match=r"^the scheduler at tcp://.* has said nothing for 1 s; finished steps are"):
            cluster.size  # noqa: B018 - which asks


def test_a_result_that_is_a_pickle_is_refused_and_runs_nothing_here(running, quiet, tmp_path, capfd):
    """A worker of somebody else may send anything: this object makes a folder where it is unpickled."""
    folder = tmp_path / "made"
    hostile = f"type('Hostile', (), {{'__reduce__': lambda self: (__import__('os').mkdir, ({str(folder)!r},))}})()"
    assert pickle.loads(pickle.dumps(eval(hostile))) is None
    folder.rmdir()
    with Cluster(running.address, quiet()) as cluster:
        assert cluster.size
        sent = cluster.client.submit(eval, hostile, pure=False)
        with pytest.raises(CrewError, match=r"^a worker at tcp://.* answers otherwise than asked: "):
            cluster._answer(sent)
    assert not folder.exists()
    assert capfd.readouterr().err == ""


def test_a_worker_that_answers_otherwise_than_asked_is_one_line_and_leaves_no_file(place, tmp_path):
    """A file of another name, which may be another step's, or lead out of the folder; a result of another type."""
    entry = place.order("counting").entries[0]
    job = Job(entry, place.folder / "trace.npz", "tiny", place.order().look, "", posters=tmp_path / "posters")
    cluster = Cluster.__new__(Cluster)
    cluster.address = "tcp://host:1"
    for result, made in (
        ([], {"other.png": b"x"}), ([], {"../escaped.png": b"x"}), ([], {"key.png-seal": b"x"}), (7, {}),
        ([{"key": 3}], {}), ({"a": object}, {}),
    ):  # fmt: skip
        packed = pickle.dumps(result) if isinstance(result, dict) else msgspec.msgpack.encode(result)
        with pytest.raises(CrewError, match=r"^a worker at tcp://host:1 answers otherwise than asked: "):
            cluster._kept(survey, job, WorkerAnswer("", packed, made))
    assert not list(tmp_path.rglob("*escaped*"))
    assert not (tmp_path / "posters").exists()
