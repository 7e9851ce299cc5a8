"""Parcels: jobs that travel to a machine with another disk, and what they bring back, as bytes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from scenes.production.drawing import Job
from scenes.production.repertoire import CHAPTERS
from scenes.production.seals import sealed

#: Names of files, and what is in them.
Files = dict[str, bytes]


def trace_of(job: Job) -> Files:
    """The files of the trace that `job` reads: megabytes, and the same for all jobs of an order."""
    return {path.name: path.read_bytes() for path in (job.trace, job.trace.with_suffix(".json"))}


@dataclass(frozen=True)
class Parcel:
    """A job whose paths mean nothing where it is done, with what it reads but the trace and the package."""

    job: Job
    inside: Path | None  # of the package that the worker has, too; else the chapter travels
    chapter: bytes
    assets: Files

    @classmethod
    def of(cls, job: Job) -> Parcel:
        assets = {asset.name: asset.path.read_bytes() for asset in job.look.brand.assets}
        inside = job.entry.inside
        return cls(job, inside, b"" if inside else job.entry.path.read_bytes(), assets)

    def unpacked(self, folder: Path, trace: Files) -> Job:
        """The job with all that it reads and makes in `folder`."""
        chapter = CHAPTERS / self.inside if self.inside else folder / self.job.entry.path.name
        if not self.inside:
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


def made_in(folder: Path, job: Job) -> Files:
    """Collect the clips and posters that a job unpacked in `folder` has made, without their seals."""
    kinds = {".png", job.suffix}
    return {path.name: path.read_bytes() for path in sorted((folder / "made").glob("*")) if path.suffix in kinds}


def keep(job: Job, made: Files, keys: Collection[str] = ()) -> None:
    """Put what was made elsewhere where `job` wants it, each file whole and sealed here.

    Args:
        job: says where its clips go.
        made: names and contents of files.
        keys: of the steps whose posters may be among them.

    Raises:
        ValueError: there is a file that the job does not ask for, which might overwrite another one.
    """
    wanted = {f"{clip.name}{suffix}": clip.parent for clip in job.clips.values() for suffix in (".png", job.suffix)}
    if job.posters:
        wanted |= {f"{key}.png": job.posters for key in keys}
    for name, content in made.items():
        if name not in wanted:
            raise ValueError(f"a worker sent a file that nobody asked for, {name!r}")
        with sealed(wanted[name] / name) as part:
            part.write_bytes(content)
