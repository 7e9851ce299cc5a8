"""The command `lecture language`: which languages there are, and what a catalogue lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenes.cli.completion import chapters_like
from scenes.cli.options import UNSEEN, order_of, scripted
from scenes.cli.output import tell
from scenes.language import ENGLISH, languages
from scenes.language.catalogue import FOLDER
from scenes.production.files import whole

if TYPE_CHECKING:  # a core without pictures has this command, too, and nothing to translate
    import polib

#: Sentences that lead into most branches of the storyboards.
SENTENCES = (
    "The car is red",
    "the red car",
    "car",
    "the bank is closed",
    "the animal did not cross the street because it was too tired",
)


def say_untold(language: str, untold: Sequence[str]) -> None:
    """One line on what was shown in English for want of a translation."""
    if untold:
        named = "; ".join(untold[:3]) + (f"; and {len(untold) - 3} more" if len(untold) > 3 else "")
        tell(f"no entry in {language}.po, left in English: {named}", err=True)


@click.command()
@click.argument(
    "name", required=False, metavar="[NAME]", type=click.Choice([one for one in languages() if one != ENGLISH])
)
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...", shell_complete=chapters_like)
@click.option("--missing", is_flag=True, help="List what the chapters say and the catalogue lacks.")
@click.option("--write", is_flag=True, help="Add it to the catalogue, for a translator to fill in; implies --missing.")
@click.option("--text", "texts", multiple=True, default=SENTENCES, help="A sentence to walk the chapters with.")
@click.option("--model", default=None, help="A checkpoint other than the one of the project.")
def language(
    name: str | None,
    chapters: tuple[str, ...],
    missing: bool,
    write: bool,
    texts: tuple[str, ...],
    model: str | None,
) -> None:
    """Languages, and what is translated.

    NAME is one of them, such as es; CHAPTER is a name or a number of `lecture list`, all without one.
    """
    import polib

    for code in [name] if name else languages():
        entries = [] if code == ENGLISH else polib.pofile(str(FOLDER / f"{code}.po"))
        tell(f"{code}  {'what everything is written in' if code == ENGLISH else _told(entries)}")
    if not (missing or write):
        return
    if name is None:
        raise click.ClickException("of which language? For instance: lecture language es --missing")
    lacking = dict(_lacking(name, chapters, texts, model))
    for entry in lacking.values():
        tell(entry.comment, f"  {entry.msgid}")
    tell(f"{len(lacking)} missing, as far as {len(texts)} sentences lead")
    if write and lacking:
        catalogue = polib.pofile(str(FOLDER / f"{name}.po"))
        for template, entry in lacking.items():
            if not catalogue.find(template):
                catalogue.append(entry)
        save(catalogue, FOLDER / f"{name}.po")


def _told(entries: Any) -> str:
    done = [entry for entry in entries if entry.translated()]
    return f"{len(done)} of {len(entries)} entries translated"


def _lacking(
    code: str, chapters: tuple[str, ...], texts: Sequence[str], model: str | None
) -> Iterator[tuple[str, polib.POEntry]]:
    """Yield each template that chapters about `texts` say and the catalogue lacks, with an empty entry for it."""
    import polib

    for text in texts:
        for step in scripted(order_of(chapters, text=text, model=model, language=code, **UNSEEN)):
            for template, example in step.untold:
                comment = f"{step.chapter} {step.number}: {example}"
                yield template, polib.POEntry(msgid=template, comment=comment)


def save(catalogue: polib.POFile, path: Path) -> None:
    """Write a catalogue, whole or not at all."""
    catalogue.wrapwidth = 118
    with whole(path) as part:
        catalogue.save(str(part))
