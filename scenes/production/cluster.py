"""Cluster: the jobs of an order on the workers of a Dask scheduler, which share no disk with this machine.

A job travels with the bytes of the files that it reads, and its clips and posters come back as bytes. A worker that is
lost loses nothing: the scheduler gives its job to another one, and a clip has the same bytes wherever it was made.

Dask sends functions and errors as pickles, in both directions: who is let into a cluster can run code on all
machines of it, this one included. What a job returns is no pickle: it is refused as one, and read as MessagePack of the
type that the function declares; only files that the job asks for are kept.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_type_hints
from uuid import uuid4

import msgspec

from scenes.production.crew import CrewError, Progress, Task, Tick, Work, in_one_line
from scenes.production.drawing import SCENES, Job, sources_of
from scenes.production.fingerprint import hashed, source
from scenes.production.parcels import Files, Parcel, keep, made_in, trace_of
from scenes.production.reaching import WAIT, answered, cause, check, kind_at, patience
from transformer_core.versions import installing

if TYPE_CHECKING:
    from distributed import Client, Future

#: Seconds until a scheduler has answered, and until a worker has come; `scenes.production.reaching` has the other.
CONNECTING, WORKERS = 5.0, 60.0
ANSWERING = 60.0  # seconds until a scheduler that was there has answered, with the trace of a long text on its way
SILENCE = 30.0  # seconds without news of the jobs after which the scheduler is asked whether it is there
LEAVING = 2.0  # seconds that it takes leave in
SENDINGS = 4  # times that a job is sent when all workers that had it or its files are lost
#: How results may be packed: not as pickles. Jobs go out as Dask packs them.
BYTES = ["dask", "error"]
T = TypeVar("T")
#: Manim has one configuration a process, and a worker may have several threads.
_alone = Lock()
#: The code that this process has imported, as it was then.
_begun = hashed(source(SCENES), source(SCENES.parent / "transformer_core"))


@dataclass(frozen=True)
class WorkerAnswer:
    """The answer of a worker: the line of its failure, or its result as MessagePack and the files that it made."""

    failed: str = ""
    result: bytes = b""
    made: Files = field(default_factory=dict)
    done: tuple[int, int] = (0, 0)


def work(function: Callable[[Any, Tick], Any], parcel: Parcel, trace: Files, number: int, topic: str) -> bytes:
    """On a worker: do job `number`, and tell `topic` the frames and steps that are done; a `WorkerAnswer`, packed."""
    from distributed import get_worker

    worker, frames, steps = get_worker(), 0, 0
    key = worker.get_current_task()

    def tick(more_frames: int, more_steps: int) -> None:
        nonlocal frames, steps
        frames, steps = frames + more_frames, steps + more_steps
        worker.log_event(topic, (number, frames, steps))
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise CrewError("nobody waits for this job any more")

    with _alone, tempfile.TemporaryDirectory(prefix="lecture-") as folder:
        job = parcel.unpacked(Path(folder), trace)
        try:
            _agree(job, worker.address)
            result = function(job, tick)
        except Exception as error:
            return msgspec.msgpack.encode(WorkerAnswer(in_one_line(error)))
        made = made_in(Path(folder), job)
        return msgspec.msgpack.encode(WorkerAnswer("", msgspec.msgpack.encode(result), made, (frames, steps)))


def _agree(job: Job, address: str) -> None:
    """Refuse a job that the code of this process would draw differently."""
    if hashed(source(SCENES), source(SCENES.parent / "transformer_core")) != _begun:
        raise CrewError(f"the code of the worker at {address} was changed since it began: start it again")
    if sources_of(job.entry, job.look.language) != job.sources:
        raise CrewError(f"the worker at {address} has other code, libraries or results than this machine: install ours")


class Cluster:
    """Does jobs on the workers of the scheduler at `address`, such as tcp://host:8786.

    Args:
        address: of the scheduler.
        progress: told who is waited for and how long yet, then what the jobs report; less than nothing when a job
            begins again elsewhere.

    Raises:
        CrewError: this is no address, nobody answers there in time, or Dask is not installed.
    """

    def __init__(self, address: str, progress: Progress) -> None:
        check(address)
        try:
            from distributed import Client
        except ImportError:
            raise CrewError(f"a cluster needs Dask, here and where the workers are: {installing('cluster')}") from None
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        for name in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters of it is told in one line
        self.address, self.progress = address, progress
        self.futures: dict[int, Future] = {}
        self.news: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.topic = f"lecture-{uuid4().hex}"
        seconds = patience(CONNECTING)
        try:
            kind = answered(lambda: kind_at(address, seconds), seconds, self._waits("an answer of the scheduler"))
            if kind != "Scheduler":
                raise CrewError(f"at {address} is a Dask {kind.lower()}, not the scheduler: give the address of that")
            # A client of a silent scheduler would wait without end, also when this process ends: so it is made now.
            settings = {"timeout": seconds, "set_as_default": False, "deserializers": BYTES}
            self.client: Client = answered(lambda: Client(address, **settings), seconds)
        except TimeoutError:
            line = f"no Dask scheduler answers at {address} within {seconds:g} s; {WAIT} sets other seconds"
            raise CrewError(line) from None
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            if isinstance(error, CrewError):
                raise
            raise CrewError(f"no Dask scheduler answers at {address}: {cause(error)}") from error
        self.client.subscribe_topic(self.topic, lambda event: self.news.put(("tick", event[1])))

    @property
    def size(self) -> int:
        """Number of jobs that run at the same time: one in each worker."""
        there = self._asked(self.client.nthreads)
        if not there:
            seconds = patience(WORKERS)
            coming = partial(self.client.wait_for_workers, 1, timeout=seconds)
            try:
                answered(coming, seconds, self._waits("a worker"))
            except TimeoutError:
                raise CrewError(f"the scheduler at {self.address} has no workers: dask worker {self.address}") from None
            there = self._asked(self.client.nthreads)
        return len(there)

    def _waits(self, whom: str) -> Callable[[float], None]:
        """Says for whom, and for how long yet."""
        return lambda left: self.progress.begin(f"waiting for {whom} at {self.address}, {left:.0f} s at most", 0, 0)

    def prepare(self, count: int) -> None:  # noqa: ARG002 - workers are there, however many jobs come
        """Wait for a worker, if there is none yet."""
        self.size  # noqa: B018 - which waits

    def perform(self, works: Sequence[Work]) -> list[Any]:
        """Do all `works`, and put what they make where they want it; their results in the order of `works`.

        Raises:
            CrewError: a job failed, a worker has other code, or the scheduler or all workers are lost.
        """
        results: list[Any] = [None] * len(works)
        self.traces: dict[Path, Future] = {}
        tasks = [Task(number, work) for number, work in enumerate(works)]
        self.futures = {task.number: self._sent(task) for task in tasks}
        while self.futures:
            kind, (number, *facts) = self._next()
            if number not in self.futures:
                continue
            task = tasks[number]
            if kind == "tick":
                self._tell(task, *facts)
            elif (answer := self._answer(self.futures[number])) is None:
                self.traces.clear()
                task.losses += 1
                self.futures[number] = self._sent(task)
            else:
                self._tell(task, *answer.done)
                function, job = task.work
                results[number] = self._kept(function, job, answer)
                del self.futures[number]
        return results

    def _kept(self, function: Callable[[Any, Tick], Any], job: Job, answer: WorkerAnswer) -> Any:
        """Read the result of a job as the type that its function declares, and put its files where they belong."""
        try:
            result = msgspec.msgpack.decode(answer.result, type=get_type_hints(function)["return"])
            keep(job, answer.made, [step.key for step in result] if isinstance(result, list) else ())
        except (ValueError, msgspec.DecodeError) as error:
            raise CrewError(f"a worker at {self.address} answers otherwise than asked: {error}") from None
        return result

    def _sent(self, task: Task) -> Future:
        function, job = task.work
        if task.losses == SENDINGS:
            raise CrewError(f"a job was lost {SENDINGS} times with the workers that had it")
        with self._in_touch():
            if job.trace not in self.traces and self.size:
                spread = partial(self.client.scatter, [trace_of(job)])
                (self.traces[job.trace],) = self._asked(spread)
            trace = self.traces[job.trace]
            future = self.client.submit(work, function, Parcel.of(job), trace, task.number, self.topic, pure=False)
        future.add_done_callback(lambda _: self.news.put(("done", (task.number,))))
        return future

    def _next(self) -> tuple[str, Any]:
        asked = time.monotonic()
        while True:
            try:
                return self.news.get(timeout=1)
            except Empty:
                self._reachable()
            if time.monotonic() - asked > SILENCE:
                self._asked(self.client.nthreads)
                asked = time.monotonic()

    def _reachable(self) -> None:
        """Dask goes on trying to reach a scheduler that is gone; its jobs are lost already."""
        if self.client.status != "running":
            raise CrewError(f"lost the scheduler at {self.address}; finished steps are kept")

    def _asked(self, question: Callable[[], T]) -> T:
        """The answer to what only the scheduler knows."""
        with self._in_touch():
            try:
                return answered(question, ANSWERING)
            except TimeoutError:
                line = f"the scheduler at {self.address} has said nothing for {ANSWERING:g} s; finished steps are kept"
                raise CrewError(line) from None

    @contextmanager
    def _in_touch(self) -> Iterator[None]:
        """For what asks the scheduler."""
        from distributed.comm import CommClosedError

        self._reachable()
        try:
            yield
        except CommClosedError:
            raise CrewError(f"lost the scheduler at {self.address}; finished steps are kept") from None

    def _tell(self, task: Task, frames: int, steps: int) -> None:
        """Report what a job has done by now, of which some was reported before."""
        task.tell(self.progress.advance, frames - task.frames, steps - task.steps)

    def _answer(self, future: Future) -> WorkerAnswer | None:
        """Return the answer of a job; None if the job was lost on the way, with all workers that had its files."""
        if future.status in {"cancelled", "lost"}:
            time.sleep(0.1)  # a lost scheduler takes its futures along, a moment before its loss is noted
            self._reachable()
            return None
        error = future.exception()
        if error is not None:
            raise CrewError(f"a worker could not do its job: {in_one_line(error)}")
        try:
            with self._in_touch():
                answer = msgspec.msgpack.decode(future.result(), type=WorkerAnswer)
        except (TypeError, msgspec.DecodeError) as wrong:
            raise CrewError(f"a worker at {self.address} answers otherwise than asked: {in_one_line(wrong)}") from None
        if answer.failed:
            raise CrewError(answer.failed)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(CrewError, TimeoutError), self._in_touch():
            answered(partial(self.client.cancel, list(self.futures.values()), force=True), LEAVING)
        with suppress(TimeoutError):
            self.client.close(timeout=LEAVING)
