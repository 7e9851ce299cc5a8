"""The command `lecture language`: which languages there are, and what a catalogue lacks."""

from __future__ import annotations

import click

from scenes.cli.options import MODEL, chapters_like
from scenes.cli.orders import order_of, scripted
from scenes.cli.output import tell
from scenes.language import ENGLISH, languages
from scenes.language.catalogue import FOLDER

TRANSLATED = [one for one in languages() if one != ENGLISH]
#: Sentences that lead into most branches of the storyboards.
SENTENCES = (
    "The car is red",
    "the red car",
    "car",
    "the bank is closed",
    "the animal did not cross the street because it was too tired",
)


@click.command()
@click.argument("name", required=False, metavar="[NAME]", type=click.Choice(TRANSLATED))
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...", shell_complete=chapters_like)
@click.option("--missing", is_flag=True, help="List what the chapters say and the translation (a .po file) lacks.")
@click.option("--write", is_flag=True, help="Add it to the .po file, for a translator to fill in; implies --missing.")
@click.option("--text", "texts", multiple=True, default=SENTENCES, show_default=False, help="A sentence to read.")
@MODEL
def language(
    name: str | None, chapters: tuple[str, ...], missing: bool, write: bool, texts: tuple[str, ...], model: str | None
) -> None:
    """Languages, and what is translated.

    NAME is one of them, such as es; CHAPTER is a name or a number of `lecture list`, all without one.
    """
    import polib  # a core without pictures has this command, too, and nothing to translate

    from transformer_core.files.atomic import whole

    for code in [name] if name else languages():
        if code == ENGLISH:
            tell(f"{code}  what everything is written in")
        else:
            entries = polib.pofile(str(FOLDER / f"{code}.po"))
            tell(f"{code}  {len(entries.translated_entries())} of {len(entries)} entries translated")
    if not (missing or write):
        return
    if name is None:
        raise click.ClickException("of which language? For instance: lecture language es --missing")
    lacking = {
        template: polib.POEntry(msgid=template, comment=f"{step.chapter} {step.number}: {example}")
        for text in texts
        for step in scripted(order_of(chapters, text=text, model=model, language=name))
        for template, example in step.untold
    }
    for entry in lacking.values():
        tell(entry.comment, f"  {entry.msgid}")
    tell(f"{len(lacking)} missing, as far as {len(texts)} sentences lead")
    if write and lacking:
        catalogue = polib.pofile(str(FOLDER / f"{name}.po"))
        catalogue.extend([entry for template, entry in lacking.items() if not catalogue.find(template)])
        catalogue.wrapwidth = 118
        with whole(FOLDER / f"{name}.po") as part:
            catalogue.save(str(part))
