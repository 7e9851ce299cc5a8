"""Cluster: the jobs of an order on the workers of a Dask scheduler, which share no disk with this machine.

A job travels with the bytes of the files that it reads, and its clips and posters come back as bytes. A worker that is
lost loses nothing: the scheduler gives its job to another one, and a clip has the same bytes wherever it was made.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from scenes.production.crew import CrewError, Tick, Work, in_one_line
from scenes.production.drawing import SCENES, Job, sources_of
from scenes.production.fingerprint import hashed, source
from scenes.production.parcels import Files, Parcel, keep, made_in, trace_of

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECTING = 10  # seconds until a scheduler has answered
WORKERS = 60  # seconds until a worker has come
SENDINGS = 4  # times that a job is sent when all workers that had it or its files are lost
INSTALL = "a cluster needs Dask: pip install 'transformer-lecture[cluster]', here and where the workers are"
#: Manim has one configuration a process, and a worker may have several threads.
_alone = Lock()
#: The code that this process has imported, as it was then.
_begun = hashed(source(SCENES), source(SCENES.parent / "transformer_core"))


@dataclass(frozen=True)
class Answer:
    """What a worker says of a job: the line of its failure, or what it returned and made."""

    failed: str = ""
    result: Any = None
    made: Files = field(default_factory=dict)
    done: tuple[int, int] = (0, 0)


def work(function: Callable[[Any, Tick], Any], parcel: Parcel, trace: Files, number: int, topic: str) -> Answer:
    """On a worker: do job `number`, and tell `topic` the frames and steps that are done so far."""
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
            return Answer(failed=in_one_line(error))
        return Answer("", result, made_in(Path(folder)), (frames, steps))


def _agree(job: Job, address: str) -> None:
    """Refuse a job that the code of this process would draw differently."""
    if hashed(source(SCENES), source(SCENES.parent / "transformer_core")) != _begun:
        raise CrewError(f"the code of the worker at {address} was changed since it began: start it again")
    if sources_of(job.entry, job.look.language) != job.sources:
        raise CrewError(
            f"the worker at {address} has other code, libraries or results than this machine: install the same there"
        )


class Cluster:
    """Does jobs on the workers of the scheduler at `address`, such as tcp://host:8786.

    Args:
        address: of the scheduler.
        tick: told the progress that the jobs report; less than nothing when a job begins again elsewhere.

    Raises:
        CrewError: nobody answers there, or Dask is not installed.
    """

    def __init__(self, address: str, tick: Tick) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise CrewError(INSTALL) from None
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        for name in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is told in one line
        self.address, self.tick = address, tick
        self.futures: dict[int, Future] = {}
        self.news: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.topic = f"lecture-{uuid4().hex}"
        try:
            self.client: Client = Client(address, timeout=CONNECTING, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CrewError(f"no Dask scheduler answers at {address}") from error
        self.client.subscribe_topic(self.topic, lambda event: self.news.put(("tick", event[1])))

    @property
    def size(self) -> int:
        """How many jobs are done at the same time: one in each worker."""
        with self._in_touch():
            if not self.client.nthreads():
                try:
                    self.client.wait_for_workers(1, timeout=WORKERS)
                except TimeoutError:
                    line = f"the scheduler at {self.address} has no workers: dask worker {self.address}"
                    raise CrewError(line) from None
            return len(self.client.nthreads())

    def prepare(self, count: int) -> None:
        """The workers are there, whatever comes."""

    def perform(self, works: Sequence[Work]) -> list[Any]:
        """Do all `works`, and put what they make where they want it; their results in the order of `works`.

        Raises:
            CrewError: a job failed, a worker has other code, or the scheduler or all workers are lost.
        """
        results: list[Any] = [None] * len(works)
        self.traces: dict[Path, Future] = {}
        self.told = dict.fromkeys(range(len(works)), (0, 0))
        self.sendings = dict.fromkeys(self.told, 0)
        self.futures = {number: self._sent(number, works[number]) for number in self.told}
        while self.futures:
            kind, (number, *facts) = self._next()
            if number not in self.futures:
                continue
            if kind == "tick":
                self._tell(number, *facts)
            elif (answer := self._answer(self.futures[number])) is None:
                self.traces.clear()
                self.futures[number] = self._sent(number, works[number])
            else:
                self._tell(number, *answer.done)
                keep(works[number][1], answer.made)
                results[number] = answer.result
                del self.futures[number]
        return results

    def _sent(self, number: int, wanted: Work) -> Future:
        function, job = wanted
        self.sendings[number] += 1
        if self.sendings[number] > SENDINGS:
            raise CrewError(f"a job was lost {SENDINGS} times with the workers that had it")
        with self._in_touch():
            if job.trace not in self.traces and self.size:
                (self.traces[job.trace],) = self.client.scatter([trace_of(job)], broadcast=True)
            trace = self.traces[job.trace]
            future = self.client.submit(work, function, Parcel.of(job), trace, number, self.topic, pure=False)
        future.add_done_callback(lambda _: self.news.put(("done", (number,))))
        return future

    def _next(self) -> tuple[str, Any]:
        while True:
            try:
                return self.news.get(timeout=1)
            except Empty:
                self._reachable()

    def _reachable(self) -> None:
        """Dask goes on trying to reach a scheduler that is gone; its jobs are lost already."""
        if self.client.status != "running":
            raise CrewError(f"lost the scheduler at {self.address}; finished steps are kept")

    @contextmanager
    def _in_touch(self) -> Iterator[None]:
        """For what asks the scheduler."""
        from distributed.comm import CommClosedError

        self._reachable()
        try:
            yield
        except CommClosedError:
            raise CrewError(f"lost the scheduler at {self.address}; finished steps are kept") from None

    def _tell(self, number: int, frames: int, steps: int) -> None:
        """Report what a job has done by now, of which some was reported before."""
        before, self.told[number] = self.told[number], (frames, steps)
        self.tick(frames - before[0], steps - before[1])

    def _answer(self, future: Future) -> Answer | None:
        """What came of a job; None if it was lost on the way, with all who had its files."""
        if future.status in {"cancelled", "lost"}:
            time.sleep(0.1)  # a lost scheduler takes its futures along, a moment before its loss is noted
            self._reachable()
            return None
        error = future.exception()
        if error is not None:
            raise CrewError(f"a worker could not do its job: {in_one_line(error)}")
        answer: Answer = future.result()
        if answer.failed:
            raise CrewError(answer.failed)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(CrewError), self._in_touch():
            self.client.cancel(list(self.futures.values()), force=True)
        self.client.close(timeout=2)
