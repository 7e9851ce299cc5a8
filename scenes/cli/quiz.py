"""The command `lecture quiz`: the questions of the chapters, for a learning platform or for Anki."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenes.cli.options import alone_in, named, open_store, order_of, painted, scripted
from scenes.cli.output import tell
from scenes.language import catalogue

if TYPE_CHECKING:
    from scenes.publishing.cards import Card
    from scenes.publishing.rendered import Rendered

#: Formats, with the ends of their files.
FORMATS = {"scorm": "scorm.zip", "anki": "anki.txt"}


@click.command()
@named
@click.option("--format", "formats", type=click.Choice([*FORMATS]), multiple=True, help="One of them; default: both.")
@painted
def quiz(names: tuple[str, ...], formats: tuple[str, ...], **wishes: Any) -> None:
    """Questions for a learning platform or for Anki.

    Their answers hold for the sentence. SCORM 1.2 is what Moodle, ILIAS, Canvas and other learning platforms take;
    the page in it works by itself, too. In Anki: File, Import. No film is needed for it. `lecture page` has the
    same questions beside its film.
    """
    from scenes.production.belongings import take

    order = order_of(names, quality="h", **wishes)
    targets = {kind: order.output / f"{order.label}-quiz-{FORMATS[kind]}" for kind in formats or FORMATS}
    with alone_in(order.output):
        take(order.output, [target.name for target in targets.values()])
        lecture, cards = _quiz(order)
        for kind, target in targets.items():
            _writers()[kind](lecture, cards, target)
            tell(f"{target}  {len(cards)} questions, {target.stat().st_size / 1e6:.2f} MB")


def _writers() -> dict[str, Callable[[Rendered, Sequence[Card], Path], Path]]:
    from scenes.publishing.quiz import write_anki, write_scorm

    return {"scorm": write_scorm, "anki": write_anki}


def _quiz(order: Any) -> tuple[Rendered, list[Card]]:
    """What an order says of its lecture, and the cards, from the storyboards of its chapters.

    Raises:
        ClickException: there is no question.
    """
    from scenes.production.origin import Origin
    from scenes.production.tracing import others_of
    from scenes.publishing.cards import cards_of
    from scenes.publishing.rendered import GENERAL, Rendered
    from transformer_core.tracing.trace import Trace

    store, look, steps = open_store(), order.look, scripted(order)
    trace = Trace.load(store.trace(order.text, order.model, **order.asked)[0])
    cards = cards_of(order.entries, trace, steps, look.language, others_of(order, store))
    if not cards:
        raise click.ClickException("these chapters have no question with one right answer for this sentence and model")
    told = catalogue(look.language)
    several = len(order.entries) > 1
    title = order.title or (told.rule("slides", GENERAL) if several else told.text(order.entries[0].title))
    facts = {"made": str(Origin.of(trace.about)), "colours": dict(look.brand.colours)}
    return Rendered.without_film(order.text, look.theme, look.language, title, **facts), cards
