"""The command `lecture clip`: single steps as files for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenes.cli.ordering import captioned, open_store, order_of, painted
from scenes.cli.telling import tell
from scenes.language import ENGLISH, catalogue

if TYPE_CHECKING:
    from scenes.production.facts import StepFacts

FORMATS = ("mp4", "webm", "gif", "avif", "png")
NARROWEST, WIDEST = 160, 3840


@click.command()
@click.argument("steps", nargs=-1, required=True, metavar="CHAPTER.STEP...")
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, default=["mp4"], show_default=True)
@click.option(
    "--width", type=click.IntRange(NARROWEST, WIDEST), help="In pixels; default: 1920, webm 1280, gif and avif 960."
)
@click.option("--fps", type=click.IntRange(1, 120), help="Frames a second; default: 60, webm 30, gif and avif 15.")
@captioned("burnt")
@painted
def clip(
    steps: tuple[str, ...],
    formats: tuple[str, ...],
    width: int | None,
    fps: int | None,
    **wishes: Any,
) -> None:
    """Steps as files for other tools.

    They are mp4, webm with a transparent background, gif, avif, or the last picture as png.

    \b
      lecture clip scores.1
      lecture clip attention.3 --format gif --width 960
      lecture clip heads.3 heads.5 --format webm --captions none

    CHAPTER.STEP is a chapter and the number of a step; those of a group are counted through its chapters.
    """
    from scenes.production.bar import Bar
    from scenes.production.belongings import take
    from scenes.production.files import ready
    from scenes.production.film import Part, join
    from scenes.production.studio import Studio
    from scenes.publishing.formats import FORMATS as KINDS
    from scenes.publishing.formats import told

    places = [_place(step) for step in steps]
    order = order_of(tuple(dict.fromkeys(name for name, _ in places)), quality="h", **wishes)
    folder = wishes["output"] or Path("renders") / "clips"
    ready(folder)
    named = _named(order)
    with Bar() as bar:
        studio = Studio(open_store(), bar)
        for kind in (KINDS[name] for name in dict.fromkeys(formats)):
            if order.captions == "track" and kind.name != "mp4":
                raise click.ClickException(f"{kind.name} has no track of captions: --captions burnt, or none")
            look = replace(order.look, **_size(width or kind.width), rate=fps or kind.rate, clear=kind.clear)
            order = replace(order, look=look)
            wanted = _wanted(places, studio.script(order))
            ending = f"{named}{_size_of(kind, width, fps)}.{kind.name}"
            take(folder, [f"{step.chapter}-{step.number:02d}-{ending}" for step in wanted])
            for step, drawn in studio.clips(order, wanted.__contains__, kind.drawn):
                target = folder / f"{step.chapter}-{step.number:02d}-{ending}"
                if order.captions == "track":
                    tag = catalogue(look.language).tag
                    join([Part(drawn, step.title)], step.cues, target, told(drawn), tag, shown=True)
                else:
                    kind.make(drawn, target, look.rate)
                tell(f"{target}  {look.width}x{look.height}, {target.stat().st_size / 1e6:.2f} MB")


def _place(step: str) -> tuple[str, int]:
    """Chapter and number in `scores.3`."""
    name, _, number = step.rpartition(".")
    if not name or not number.isdecimal():
        raise click.ClickException(f"which step of {step!r}? Write chapter and number, as in scores.3")
    return name, int(number)


def _wanted(places: Sequence[tuple[str, int]], steps: Sequence[StepFacts]) -> list[StepFacts]:
    """The steps at `places`.

    Raises:
        ValueError: a chapter or group has no such step; the line says how many it has.
    """
    from scenes.production.repertoire import chosen

    found = []
    for name, number in places:
        members = {entry.name for entry in chosen([name])}
        own = [step for step in steps if step.chapter in members]
        if not 1 <= number <= len(own):
            raise ValueError(f"there is no step {name}.{number}: {name} has steps 1 to {len(own)}")
        found.append(own[number - 1])
    return found


def _size(width: int) -> dict[str, int]:
    """An even width, and the height that belongs to it."""
    return {"width": width // 2 * 2, "height": round(width * 9 / 32) * 2}


def _named(order: Any) -> str:
    """The part of a clip's name that tells it from others of its step: all that was asked for and is not as usual."""
    look = order.look
    parts = ["" if look.theme == "dark" else look.theme, "" if look.language == ENGLISH else look.language]
    return "-".join([order.name, *filter(None, [*parts, order.shown])])


def _size_of(kind: Any, width: int | None, fps: int | None) -> str:
    """Width and rate, where they are not those of the format."""
    wide = f"-{width // 2 * 2}w" if width and width // 2 * 2 != kind.width else ""
    return wide + (f"-{fps}fps" if fps and fps != kind.rate else "")
