"""Orders for the studio, made of options of the command line and of a lecture file; and the studio at work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from scenes.cli.options import PROCESSES
from scenes.cli.output import tell, warn
from scenes.cli.speaking import speakers
from scenes.language import ENGLISH
from scenes.production.cache_folder import cache_folder, opened
from scenes.production.facts import StepFacts
from scenes.production.files import alone, distinct, fingerprinted, sentence_name, shortened
from scenes.production.repertoire import ChapterEntry, Selection, cut, listed, parts, repertoire
from scenes.production.store import Store
from scenes.stage.requirements import lacks
from transformer_core.pretrained.model_registry import SUFFIXES, UNTRAINED, find_model, known_models
from transformer_core.tracing.trace import Trace

if TYPE_CHECKING:
    from scenes.production.lecture_file import Lecture
    from scenes.production.look import Look
    from scenes.production.studio import Order, Studio
    from scenes.stage.brand import Brand

#: Settings of Manim for the scenes of a folder.
UNREAD = "manim.cfg"


@dataclass(frozen=True)
class CommandOptions:
    """Values of options, as far as a command has them or a lecture file does; else what is usual."""

    text: str
    model: str | None = None
    edits: Sequence[str] = ()
    target: str = ""
    beams: int = 1
    quality: str = "h"
    fps: int | None = None
    theme: str = "dark"
    language: str = ENGLISH
    captions: str = "burnt"
    output: Path | None = None
    jobs: int = PROCESSES
    scheduler: str | None = None
    voice: Sequence[str] = ()
    voice_command: str | None = None

    def look(self, brand: Brand | None = None) -> Look:
        """The look of what is drawn, with the brand of a lecture file."""
        from scenes.production.look import CAPTIONS, QUALITIES, Look

        bare = self.captions != CAPTIONS[0]
        look = Look(*QUALITIES[self.quality], self.theme, language=self.language, bare=bare)
        return replace(look, rate=self.fps or look.rate, brand=brand or look.brand)

    def order(self, entries: Sequence[ChapterEntry], label: str, look: Look, folder: Path, **more: Any) -> Order:
        """The order for `entries`, with who speaks, if anybody should."""
        from scenes.production.studio import Order

        heard = speakers(self.voice, self.language, self.voice_command) if self.voice or self.voice_command else {}
        return Order(
            entries, self.text, label, look, folder, self.jobs, self.model, self.scheduler, edits=tuple(self.edits),
            target=self.target, beams=self.beams, captions=self.captions, **heard, **more,
        )  # fmt: skip


def order_of(names: Sequence[str], trust: bool = False, preview: bool = False, **given: Any) -> Order:
    """Return the order for the studio: options of the command line come before values of a lecture file in `names`.

    With `preview`, quality and folder are not those of the file, which are meant for its film. A voice of the file
    speaks where a command has the option.
    """
    from scenes.production.look import SHOWN

    lecture, asked_for = _asked_for(names, trust)
    kept = {"voice"} - {*given} | ({"quality", "output"} if preview else set())
    options = CommandOptions(**given | (_unasked(lecture, kept) if lecture else {}))
    look = options.look(lecture.brand if lecture else None)
    changed = [*([called(options.model)] if options.model else []), *map(distinct, options.edits)]
    read = "-".join([sentence_name(options.text), *changed])
    name = _named(lecture, asked_for) if lecture else f"{_named(None, asked_for)}-{read}"
    label = "-".join(filter(None, [shortened(name), look.name, SHOWN[options.captions]]))
    folder = options.output or Path("renders") / label
    if lecture and name != lecture.name and folder == lecture.output:  # a part of it goes beside its film
        folder = folder.with_name(label)
    steps = tuple(asked_for) if any(part.first for part in asked_for) else ()
    order = options.order(_entries(lecture, asked_for), label, look, folder, name=shortened(read), parts=steps)
    if options.model is not None:
        order = replace(order, entries=_served(order.entries, _about(order)))
    if options.edits:
        _say_effect(_about(order))
    return lecture.ordered(order) if lecture else order


def _asked_for(names: Sequence[str], trust: bool) -> tuple[Lecture | None, list[Selection]]:
    """The lecture of the file among `names`, and the parts that are asked for; what is doubtful in it is told.

    A file without steps, beside other names, gives these its look, and is no part itself.
    """
    written = [(name, *cut(name)) for name in listed(names)]
    files = {file for _, file, *_ in written if file.endswith(".toml")}
    if len(files) > 1:
        raise click.ClickException(f"one lecture file at a time, not {', '.join(sorted(files))}")
    if not files:
        return None, parts(names)
    from scenes.production.lecture_file import read

    lecture = read(Path(files.pop()), trust)
    warn(*lecture.warnings)
    found = []
    for name, bare, first, last in written:
        if not bare.endswith(".toml"):
            found += parts([name])
        elif first or len(written) == 1:
            found.append(Selection(lecture.name, tuple(lecture.entries), first, last))
    return lecture, found


def _unasked(lecture: Lecture, kept: set[str]) -> dict[str, Any]:
    """Return the values of a lecture file, except `kept` ones and those whose option is given on the command line."""
    asked = {*kept}
    if context := click.get_current_context(silent=True):
        asked |= {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if "text" in asked:
        asked.add("target")  # which translates the sentence of the file
    return {name: value for name, value in lecture.options.items() if name not in asked}


def _named(lecture: Lecture | None, asked_for: Sequence[Selection]) -> str:
    """A file name part for what is asked for; chapters that a lecture file gives its look stand behind its name."""
    labels = list(dict.fromkeys(part.label for part in asked_for))
    is_of_file = lecture and any(part.entries == tuple(lecture.entries) for part in asked_for)
    return "-".join(labels if is_of_file or not lecture else [lecture.name, *labels]) or "lecture"


def _entries(lecture: Lecture | None, asked_for: Sequence[Selection]) -> Sequence[ChapterEntry]:
    """The chapters of all parts: in the order of the lecture file, or by their numbers; all of them for no part."""
    wanted = {entry for part in asked_for for entry in part.entries}
    if lecture and wanted <= {*lecture.entries}:
        return [entry for entry in lecture.entries if entry in wanted]
    return sorted(wanted, key=lambda entry: (entry.number, entry.name)) or repertoire()


def called(model: str) -> str:
    """A file name part for a model: its name if it is at hand, else that of its file, with a hash of its path.

    Raises:
        ValueError: there is no such model.
    """
    if model == UNTRAINED:
        return model
    path = find_model(model)
    if any(one.name == model and one.path == path for one in known_models()):
        return distinct(model)
    bare = path.stem if path.suffix in SUFFIXES else path.name
    return fingerprinted(bare, str(path.resolve()))


def _about(order: Order) -> dict[str, Any]:
    """The facts of the trace that an order reads; who draws gets ready while it is computed."""
    from scenes.production.crew import start_early

    count = 0 if order.scheduler else min(order.jobs, len(order.entries))
    return open_store().about(**order.reads(), computing=lambda: start_early(count))


def _served(entries: Sequence[ChapterEntry], about: dict[str, Any]) -> list[ChapterEntry]:
    """The chapters of `entries` that the model of a trace with these facts can serve; the others are told in one line.

    Raises:
        ClickException: it can serve none.
    """
    facts = Trace({}, about=about)
    lacking = {entry.name: "" if entry.model else lacks(facts, entry.needs) for entry in entries}
    able = [entry for entry in entries if not lacking[entry.name]]
    reasons: dict[str, list[str]] = {}
    for name, need in lacking.items():
        if need:
            reasons.setdefault(need.removeprefix("an ").removeprefix("a "), []).append(name)
    told = "; ".join(f"{', '.join(names)} (it has no {need})" for need, names in reasons.items())
    if not able:
        raise click.ClickException(f"the model {about['model']} cannot serve {told}")
    if told:
        tell(f"left out, for the model {about['model']} cannot serve them: {told}", err=True)
    return able


def _say_effect(about: dict[str, Any]) -> None:
    """Print to standard error what the edits of a model change: its output, or the last rows of the encoder."""
    before, after = about["unedited_output"], about["output"]
    if not before and not after:
        tell(f"the last rows of the encoder move by {about['edit_effect']:.1%} of their length", err=True)
    elif before == after:
        tell(f"the output stays: {after}", err=True)
    else:
        tell(f"the output changes from: {before}, to: {after}", err=True)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have `folder` for one command: what else would write there waits, and says so. It is seen to take files first."""
    if Path(UNREAD).is_file():
        warn(f"{UNREAD} is for other scenes and is not read; -q, --fps and --theme choose")
    with alone(folder, lambda: warn(f"waits for another command that writes to {folder}")):
        yield


def open_store() -> Store:
    """Open the store: in the cache of the user, or in the folder that LECTURE_CACHE names."""
    return Store(opened(cache_folder()))


@contextmanager
def at_work(store: Store | None = None) -> Iterator[Studio]:
    """A studio that shows how far it is, with what `store` has, by default that of the user."""
    from scenes.production.bar import Bar
    from scenes.production.studio import Studio

    with Bar() as bar:
        yield Studio(open_store() if store is None else store, bar)


def scripted(order: Order) -> list[StepFacts]:
    """The facts of each step of an order, with what is said in it; nothing is drawn."""
    with at_work() as studio:
        return studio.script(order)


def say_untold(language: str, untold: Sequence[str]) -> None:
    """Tell in a line which texts were shown in English for want of a translation."""
    if untold:
        named = "; ".join(untold[:3]) + (f"; and {len(untold) - 3} more" if len(untold) > 3 else "")
        tell(f"no entry in {language}.po, left in English: {named}", err=True)
