"""Carry out the order of a command that draws: a film with all its files, or the last picture of each step."""

from __future__ import annotations

from typing import Any

from scenes.cli.telling import counted, tell
from scenes.cli.translating import say_untold


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
