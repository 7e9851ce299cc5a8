"""The commands `lecture render` and `lecture stills`: a film with all its files, or the last picture of each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from scenes.cli.options import DRAWN, VOICE, captioned, takes
from scenes.cli.orders import alone_in, at_work, order_of, say_untold
from scenes.cli.output import counted, tell, warn
from scenes.cli.publishing import published
from scenes.production.crew import start_early

if TYPE_CHECKING:
    from scenes.production.store import Store
    from scenes.production.studio import Order


@click.command()
@takes(*DRAWN, captioned("burnt"), *VOICE)
def render(names: tuple[str, ...], **wishes: Any) -> None:
    """The film of chapters, and all its files.

    Beside the film lie its captions, a clip and a poster of each step, contact sheets, and an index of the numbers that
    are shown. Steps that were rendered before, and that nothing has changed since, are taken as they are.
    """
    if wishes["scheduler"] is None:
        start_early()
    order = order_of(names, **wishes)
    with alone_in(order.output), published(order):
        filmed(order)


@click.command()
@takes(*DRAWN, captioned("burnt"))
def stills(names: tuple[str, ...], **wishes: Any) -> None:
    """The last picture of each step, and contact sheets."""
    if wishes["scheduler"] is None:
        start_early()
    order = order_of(names, **wishes)
    with alone_in(order.output):
        pictured(order)


def filmed(order: Order, store: Store | None = None) -> None:
    """Render what is not there yet, deliver everything, and tell what came of it; stills, if nothing else is asked."""
    with at_work(store) as studio:
        made = studio.stills(order) if set(order.outputs) == {"stills"} else studio.film(order)
    say_untold(order.look.language, made.untold)
    if made.film is None:
        tell(f"{made.folder}  {counted(made.steps, 'still')}")
        return
    minutes, seconds = divmod(round(made.seconds), 60)
    tell(f"{made.film}  {minutes}:{seconds:02d}, {counted(made.steps, 'step')}, {made.drawn} of them drawn now")
    warn(*made.doubts)
    if made.left_to_manim:
        tell(f"drawn by Manim's own camera, slowly: {', '.join(made.left_to_manim)}", err=True)


def pictured(order: Order, store: Store | None = None) -> None:
    """The last picture of each step, and a contact sheet for each chapter."""
    with at_work(store) as studio:
        made = studio.stills(order)
    for sheet in sorted(made.folder.glob("contact-sheet-*.png")):
        tell(f"{sheet}")
    say_untold(order.look.language, made.untold)
