"""The commands `lecture render` and `lecture stills`: a film with all its files, or the last picture of each step."""

from __future__ import annotations

from typing import Any

import click

from scenes.cli.language import say_untold
from scenes.cli.options import alone_in, captioned, drawn, open_store, order_of
from scenes.cli.output import counted, tell
from scenes.cli.publishing import published
from scenes.cli.speaking import heard


@click.command()
@drawn
@captioned("burnt")
@heard
def render(names: tuple[str, ...], **wishes: Any) -> None:
    """The film of chapters, and all its files.

    Beside the film lie its captions, a clip and a poster of each step, contact sheets, and an index of the numbers that
    are shown. Steps that were rendered before, and that nothing has changed since, are taken as they are.
    """
    order = order_of(names, **wishes)
    with alone_in(order.output), published(order):
        filmed(order, open_store())


@click.command()
@drawn
@captioned("burnt")
def stills(names: tuple[str, ...], **wishes: Any) -> None:
    """The last picture of each step, and contact sheets."""
    order = order_of(names, **wishes)
    with alone_in(order.output):
        pictured(order, open_store())


def filmed(order: Any, store: Any) -> None:
    """Render what is not there yet, deliver everything, and tell what came of it; stills, if nothing else is asked."""
    from scenes.production.bar import Bar
    from scenes.production.studio import Studio

    with Bar() as bar:
        studio = Studio(store, bar)
        made = studio.stills(order) if set(order.outputs) == {"stills"} else studio.film(order)
    say_untold(order.look.language, made.untold)
    if made.film is None:
        tell(f"{made.folder}  {counted(made.steps, 'still')}")
        return
    minutes, seconds = divmod(round(made.seconds), 60)
    tell(f"{made.film}  {minutes}:{seconds:02d}, {counted(made.steps, 'step')}, {made.drawn} of them drawn now")
    for doubt in made.doubts:
        tell(f"lecture: {doubt}", err=True)
    if made.left_to_manim:
        tell(f"drawn by Manim's own camera, slowly: {', '.join(made.left_to_manim)}", err=True)


def pictured(order: Any, store: Any) -> None:
    """The last picture of each step, and a contact sheet for each chapter."""
    from scenes.production.bar import Bar
    from scenes.production.studio import Studio

    with Bar() as bar:
        made = Studio(store, bar).stills(order)
    for sheet in sorted(made.folder.glob("contact-sheet-*.png")):
        tell(f"{sheet}")
    say_untold(order.look.language, made.untold)
