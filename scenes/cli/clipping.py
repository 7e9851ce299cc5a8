"""The command `lecture clip`: steps as files for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenes.cli.options import CHAPTERS, PAINTED, captioned, chapters_like, takes
from scenes.cli.orders import alone_in, at_work, order_of
from scenes.cli.output import tell
from scenes.language import ENGLISH, catalogue
from scenes.production.belongings import take
from scenes.production.facts import StepFacts
from scenes.production.repertoire import cut, listed

if TYPE_CHECKING:
    from scenes.production.film import FilmClip
    from scenes.production.look import Look
    from scenes.production.studio import Order, Studio
    from scenes.publishing.formats import Format

FORMATS = ("mp4", "webm", "gif", "avif", "png", "svg", "lottie")
USUAL = "16:9"
SHAPES = (USUAL, "9:16", "1:1", "4:5")
NARROWEST, WIDEST = 160, 3840


def _even(_: click.Context, __: click.Parameter, width: int | None) -> int | None:
    if width is not None and width % 2:
        raise click.BadParameter(f"{width} is odd, and a video has pixels by twos: take {width - 1} or {width + 1}")
    return width


@click.command(epilog=CHAPTERS)
@click.argument("names", nargs=-1, required=True, metavar="CHAPTER[.STEP]...", shell_complete=chapters_like)
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, default=["mp4"])
@click.option("--shape", type=click.Choice(SHAPES), default=USUAL, help="Others are laid out anew, with larger type.")
@click.option("--join", is_flag=True, help="All steps in one file, instead of a file each.")
@click.option(
    "--width", type=click.IntRange(NARROWEST, WIDEST), callback=_even,
    help="In pixels, even; default: 1920, webm 1280, gif and avif 960, and 9/16 of it in other shapes.",
)  # fmt: skip
@click.option("--fps", type=click.IntRange(1, 120), help="Frames a second; default: 60, webm 30, gif and avif 15.")
@click.option(
    "--clear/--opaque", default=None,
    help="Without a background: usual for webm, possible for avif and png. On a light page take --theme light.",
)  # fmt: skip
@click.option("--at", type=click.FloatRange(0), metavar="SECONDS", help="Of a svg: a moment, not the last picture.")
@takes(captioned("burnt"), *PAINTED)
def clip(names: tuple[str, ...], formats: tuple[str, ...], join: bool, **wishes: Any) -> None:
    """Steps as files for other tools.

    They are mp4, webm with a transparent background, gif, avif, Lottie (as .json), or the last picture as png or svg.

    \b
      lecture clip scores.1
      lecture clip scores.2-4 heads.3 --shape 9:16
      lecture clip scores --join --format gif --width 960
      lecture clip my.toml.2 --format webm --captions none

    CHAPTER.STEP is one step; those of a group or a lecture file are counted through its chapters.
    """
    from scenes.publishing.formats import FORMATS as KINDS

    kinds = [KINDS[name] for name in dict.fromkeys(formats)]
    changes = {name: wishes.pop(name) for name in ("shape", "width", "fps", "clear", "at")}
    order = order_of(names, **wishes)
    orders = [(kind, replace(order, look=_look(order.look, kind, **changes))) for kind in kinds]
    for kind, asked in orders:
        _check(kind, asked, join)
    folder = wishes["output"] or Path("renders") / "clips"
    with alone_in(folder), at_work() as studio:
        for kind, asked in orders:
            _write(studio, asked, kind, names, folder, join)


def _look(
    look: Look, kind: Format, shape: str, width: int | None, fps: int | None, clear: bool | None, at: float | None
) -> Look:
    """The look in which steps are drawn for a format; what is None is as usual for it."""
    across, down = map(int, shape.split(":"))
    width, clear = width or _usual_width(kind, shape), kind.clear if clear is None else clear
    height = round(width * down / across / 2) * 2
    return replace(look, width=width, height=height, rate=fps or kind.rate, clear=clear, shape=shape, moment=at)


def _usual_width(kind: Format, shape: str) -> int:
    return kind.width if shape == USUAL else kind.width * 9 // 16


def _write(studio: Studio, order: Order, kind: Format, names: Sequence[str], folder: Path, join: bool) -> None:
    """Write a file of each step, or one of all."""
    from scenes.production.film import FilmClip

    looks, rate, moment = _looks(studio, order), order.look.rate, order.look.moment
    for step, _ in looks:
        if moment is not None and moment * rate >= step.frames:
            raise ValueError(f"{step.chapter}.{step.number} lasts {step.frames / rate:.1f} seconds: --at is less")
    clips: dict[str, Path] = {}
    for look, wanted in _by_look(looks):
        made = studio.clips(replace(order, look=look), wanted.__contains__, kind.drawn)
        clips |= {step.key: path for step, path in made}
    groups = [[step for step, _ in looks]] if join else [[step] for step, _ in looks]
    files = {f"{_name(order, kind, names, None if join else steps[0])}{kind.suffix}": steps for steps in groups}
    take(folder, files)
    for name, steps in files.items():
        parts = [FilmClip(clips[step.key], step.title) for step in steps]
        if order.captions == "track":
            _with_track(steps, parts, folder / name, order.look)
        else:
            kind.make(parts, folder / name, rate)
        size = f"{order.look.width}x{order.look.height}, {(folder / name).stat().st_size / 1e6:.2f} MB"
        tell(f"{folder / name}  {size}")


def _with_track(steps: Sequence[StepFacts], parts: Sequence[FilmClip], target: Path, look: Look) -> None:
    """A film of these steps with their captions as a track that players show."""
    from scenes.production.film import join, tags_of

    starts = accumulate((step.frames / look.rate for step in steps), initial=0.0)
    cues = [cue.later(start) for step, start in zip(steps, starts, strict=False) for cue in step.cues]
    join(parts, cues, target, tags_of(parts[0].clip), catalogue(look.language).tag, shown=True)


def _name(order: Order, kind: Format, names: Sequence[str], step: StepFacts | None) -> str:
    """The name of a file with one step, or with all of them: what was asked for and is not as usual is in it."""
    look = order.look
    lecture = next((Path(bare).stem for bare, *_ in map(cut, listed(names)) if bare.endswith(".toml")), "")
    theme = "" if look.theme == "dark" else look.theme
    language = "" if look.language == ENGLISH else look.language
    if step is None:
        parts = [order.label, order.name if lecture else ""]  # with theme and language in the label
    else:
        parts = [lecture, step.chapter, f"{step.number:02d}", order.name, theme, language, order.shown]
    parts += [
        "" if look.shape == USUAL else look.shape.replace(":", "x"),
        "" if look.clear == kind.clear else "clear" if look.clear else "opaque",
        "" if look.moment is None else f"{look.moment:g}s",
        "" if look.width == _usual_width(kind, look.shape) else f"{look.width}w",
        "" if look.rate == kind.rate else f"{look.rate}fps",
    ]
    return "-".join(filter(None, parts))


def _check(kind: Format, order: Order, join: bool) -> None:
    """Refuse what a format cannot do."""
    if order.look.clear and not kind.can_be_clear:
        raise click.ClickException(f"{kind.name} has no transparency; --format webm, avif, png, svg or lottie has")
    if order.look.moment is not None and kind.name != "svg":
        raise click.ClickException(f"--at is for a picture of lines: --format svg, not {kind.name}")
    if order.captions == "track" and kind.name != "mp4":
        raise click.ClickException(f"{kind.name} has no track of captions: --captions burnt, or none")
    if join and kind.name in {"png", "svg", "lottie"}:
        raise click.ClickException(f"{kind.name} is of one step: leave --join out, and each step has its own")


def _with_room(studio: Studio, order: Order) -> list[tuple[StepFacts, Look | None]]:
    """Each step with the look that it is drawn in: in a narrow frame, the largest type with which it has room, if any.

    In a wide frame, for which all is laid out, all have room.
    """
    if order.look.shape == USUAL:
        return [(step, order.look) for step in studio.script(order)]
    looks = [replace(order.look, fine=fine) for fine in (False, True)]
    scripts = [studio.script(replace(order, look=look)) for look in looks]
    return [
        next(((step, look) for step, look in zip(steps, looks, strict=True) if not step.faults), (steps[-1], None))
        for steps in zip(*scripts, strict=True)
    ]


def _looks(studio: Studio, order: Order) -> list[tuple[StepFacts, Look]]:
    """Each step with the look that it is drawn in.

    Raises:
        ValueError: a step has no room in this shape; the line says which, and what works.
    """
    found = _with_room(studio, order)
    there = [(step, look) for step, look in found if look]
    lost = [step for step, look in found if not look]
    if not lost:
        return there
    names = ", ".join(f"{step.chapter}.{step.number}" for step in lost)
    works = f"--shape {_others(studio, order, lost)} works"
    if there:
        works += f"; without {'it' if len(lost) == 1 else 'them'}: {_listed([step for step, _ in there])}"
    raise ValueError(f"{names}: no room in {order.look.shape} ({lost[0].faults[0]}). {works}")


def _others(studio: Studio, order: Order, lost: Sequence[StepFacts]) -> str:
    """The shapes in which all of the steps that are `lost` have room."""
    wanted, chapters = {(step.chapter, step.number) for step in lost}, {step.chapter for step in lost}
    order = replace(order, entries=[entry for entry in order.entries if entry.name in chapters], parts=())

    def has_room(shape: str) -> bool:
        there = _with_room(studio, replace(order, look=replace(order.look, shape=shape)))
        return wanted <= {(step.chapter, step.number) for step, look in there if look}

    return " or ".join(shape for shape in SHAPES if shape != order.look.shape and has_room(shape))


def _by_look(looks: Sequence[tuple[StepFacts, Look]]) -> list[tuple[Look, list[StepFacts]]]:
    """The looks, each with its steps."""
    return [(look, [step for step, own in looks if own == look]) for look in dict.fromkeys(own for _, own in looks)]


def _listed(steps: Sequence[StepFacts]) -> str:
    """Steps as the command takes them: `scores.1 scores.3-5`."""
    numbered = groupby(enumerate(steps), lambda one: (one[1].chapter, one[1].number - one[0]))
    runs = [(chapter, [step.number for _, step in run]) for (chapter, _), run in numbered]
    return " ".join(f"{name}.{run[0]}-{run[-1]}" if len(run) > 1 else f"{name}.{run[0]}" for name, run in runs)
