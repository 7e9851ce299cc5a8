"""The commands that make something else of a rendered lecture. They render first what is not there yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenes.ordering import drawn, open_store, order_of
from scenes.speaking import heard

if TYPE_CHECKING:
    from scenes.publishing.rendered import Rendered


@click.command()
@drawn
@heard
@click.option(
    "--format", "formats", type=click.Choice(["html", "pptx"]), multiple=True, help="One of them; default: both."
)
def slides(names: tuple[str, ...], formats: tuple[str, ...], **wishes: Any) -> None:
    """Slides to present with: one HTML file for any browser, and a PowerPoint file; a slide a step.

    Both hold their clips, so that one file is all you carry. A clip plays once and stands; "next" goes on. What is said
    stands in the speaker notes (key S in the browser).
    """
    lecture = _rendered(names, wishes)
    for kind in formats or ("html", "pptx"):
        target = lecture.folder / f"{lecture.label}-slides.{kind}"
        if kind == "html":
            from scenes.publishing.slides import write_slides

            write_slides(lecture, target)
        else:
            from scenes.publishing.deck import write_deck

            write_deck(lecture, target)
        _tell(target, f"{len(lecture.steps)} steps")


def _rendered(names: tuple[str, ...], wishes: dict[str, Any]) -> Rendered:
    """The lecture that was asked for, rendered where it was not."""
    from scenes.production.bar import Bar
    from scenes.production.studio import Studio
    from scenes.publishing.rendered import Rendered

    order = order_of(names, **wishes)
    with Bar() as bar:
        made = Studio(open_store(), bar).film(order)
    return Rendered.read(made.folder)


def _tell(path: Path, what: str) -> None:
    click.echo(f"{path}  {what}, {path.stat().st_size / 1e6:.1f} MB")
