"""Parcels: jobs that travel to a machine with another disk, and what they bring back, as bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scenes.production.drawing import Job
from scenes.production.files import whole
from scenes.production.repertoire import CHAPTERS

#: Names of files, and what is in them.
Files = dict[str, bytes]


def trace_of(job: Job) -> Files:
    """The files of the trace that `job` reads: megabytes, and the same for all jobs of an order."""
    return {path.name: path.read_bytes() for path in (job.trace, job.trace.with_suffix(".json"))}


@dataclass(frozen=True)
class Parcel:
    """A job whose paths mean nothing where it is done, with what it reads but the trace and the package."""

    job: Job
    chapter: bytes | None
    assets: Files

    @classmethod
    def of(cls, job: Job) -> Parcel:
        assets = {asset.name: asset.path.read_bytes() for asset in job.look.brand.assets}
        return cls(job, None if job.entry.path.parent == CHAPTERS else job.entry.path.read_bytes(), assets)

    def unpacked(self, folder: Path, trace: Files) -> Job:
        """The job with all that it reads and makes in `folder`."""
        chapter = (CHAPTERS if self.chapter is None else folder) / self.job.entry.path.name
        if self.chapter is not None:
            chapter.write_bytes(self.chapter)
        for name, content in (trace | self.assets).items():
            (folder / name).write_bytes(content)
        return replace(
            self.job,
            entry=replace(self.job.entry, path=chapter),
            trace=folder / self.job.trace.name,
            look=replace(self.job.look, brand=self.job.look.brand.moved(folder)),
            clips={number: folder / "made" / clip.name for number, clip in self.job.clips.items()},
            posters=self.job.posters and folder / "made",
        )


def made_in(folder: Path) -> Files:
    """What a job that was unpacked in `folder` has made."""
    return {path.name: path.read_bytes() for path in sorted((folder / "made").glob("*"))}


def keep(job: Job, made: Files) -> None:
    """Put what was made elsewhere where `job` wants it; every file is whole."""
    folders = {clip.stem: clip.parent for clip in job.clips.values()}
    for name, content in made.items():
        home = folders.get(Path(name).stem, job.posters)
        if home is None:
            raise ValueError(f"nobody asked for {name!r}")
        with whole(home / Path(name).name) as part:
            part.write_bytes(content)
