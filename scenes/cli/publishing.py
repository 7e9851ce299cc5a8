"""Commands that make something else of chapters than a film: slides, a page, questions; and a page for a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from scenes.cli.options import DRAWN, LANGUAGE, PAINTED, VOICE, captioned, in_formats, named, takes
from scenes.cli.orders import alone_in, at_work, open_store, order_of, scripted
from scenes.cli.output import counted, tell, warn
from scenes.language import catalogue
from scenes.production.belongings import only_ours, take
from scenes.production.store import whole_trace
from transformer_core.tracing.trace import Trace

if TYPE_CHECKING:
    from scenes.production.studio import Order
    from scenes.publishing.cards import QuizCard
    from scenes.publishing.rendered import Rendered
    from scenes.publishing.serving import FolderHandler

THERE = click.Path(path_type=Path, dir_okay=False, exists=True)
FORMATS = ("html", "pptx")
#: As `scenes.publishing.rendered` has them.
STOPS = ("beat", "step", "none")
#: Formats of a quiz, with the ends of their files.
QUIZZES = {"scorm": "scorm.zip", "anki": "anki.txt"}


@click.command()
@takes(*DRAWN, captioned("track"), *VOICE, in_formats(*FORMATS))
@click.option("--stops", type=click.Choice(STOPS), default=STOPS[0], help="Where clips wait for you; none: nowhere.")
@click.option("--loop", is_flag=True, help="With --stops none: begin again after the last step.")
@click.option("--into", type=THERE, help="Add the slides to a copy of this PowerPoint file.")
def slides(
    names: tuple[str, ...], formats: tuple[str, ...], stops: str, loop: bool, into: Path | None, **wishes: Any
) -> None:
    """Slides to present with: HTML and PowerPoint.

    One HTML file is for any browser. Both hold their clips, so that one file is all you carry. A clip plays to the end
    of a beat and stands; "next" goes on. What is said stands in the speaker notes (key S in the browser).
    """
    if loop and stops != "none":
        raise click.ClickException("--loop is for slides that go on by themselves: add --stops none")
    formats = formats or (("pptx",) if into else FORMATS)
    if into and "pptx" not in formats:
        raise click.ClickException("--into adds slides to a PowerPoint file: add --format pptx, or leave --into out")
    order = replace(order_of(names, **wishes), outputs=("slides",))
    with alone_in(order.output), published(order, formats, into, stops=stops, loop=loop), at_work() as studio:
        studio.film(order)


@click.command()
@takes(*DRAWN, captioned("burnt"), *VOICE)
def page(names: tuple[str, ...], **wishes: Any) -> None:
    """A page for a course, with the model to try.

    It has the film with its transcript, and the tensors behind each step. A folder of plain files: open index.html
    from a disk, put the folder on any server, or see `lecture serve`.
    """
    order = replace(order_of(names, **wishes), outputs=("page",))
    with alone_in(order.output), published(order), at_work() as studio:
        studio.film(order)


@contextmanager
def published(order: Order, formats: Sequence[str] = FORMATS, into: Path | None = None, **how: Any) -> Iterator[None]:
    """Make what an order asks for besides the film, of the film that the block makes.

    What would take the place of somebody else's files is refused before the block. `how` says where slides stop,
    and whether they begin again.
    """
    decks = {kind: order.output / f"{order.label}-slides.{kind}" for kind in formats if "slides" in order.outputs}
    if decks:
        take(order.output, [deck.name for deck in decks.values()])
    if "page" in order.outputs:
        only_ours(order.output / "page")
    if into:
        from scenes.publishing.deck import opened

        opened(into, decks["pptx"])
    yield
    for kind, deck in decks.items():
        _make_deck(order, kind, deck, into, **how)
    if "page" in order.outputs:
        _make_page(order)


def _make_deck(order: Order, kind: str, target: Path, into: Path | None, **how: Any) -> None:
    from scenes.publishing.live import live_model_called
    from scenes.publishing.rendered import Rendered

    lecture, model = Rendered.read(order.output), live_model_called(order.model)
    if kind == "html":
        from scenes.publishing.slides import write_slides

        write_slides(lecture, target, model, **how)
    else:
        from scenes.publishing.deck import write_deck

        write_deck(lecture, target, model, into, **how)
    _tell(target, [target], len(lecture.steps))


def _make_page(order: Order) -> None:
    from scenes.publishing.cards import cards_of
    from scenes.publishing.exhibits import told_apart
    from scenes.publishing.live import live_model_called, shipped_live_models
    from scenes.publishing.page import write_page
    from scenes.publishing.rendered import Rendered

    lecture, store = Rendered.read(order.output), open_store()
    others = order.others(store)
    steps = [step for chapter in lecture.chapters if chapter.name not in others for step in chapter.steps]
    trace = whole_trace(store.trace(**order.reads())[0], steps)
    cards = cards_of(order.entries, trace, lecture.steps, lecture.language, others, warn)
    lecture = told_apart(lecture, trace, others)
    models = live_model_called(order.model), shipped_live_models()
    written = write_page(lecture, trace, lecture.folder / "page", models[0], cards, models[1])
    _tell(written, written.parent.rglob("*"), len(lecture.steps))


def _tell(path: Path, files: Iterable[Path], steps: int) -> None:
    tell(f"{path}  {counted(steps, 'step')}, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")


@click.command()
@takes(named, in_formats(*QUIZZES), *PAINTED)
def quiz(names: tuple[str, ...], formats: tuple[str, ...], **wishes: Any) -> None:
    """Questions for a learning platform or for Anki.

    Their answers hold for the sentence. SCORM 1.2 is what Moodle, ILIAS, Canvas and other learning platforms take;
    the page in it works by itself, too. In Anki: File, Import. No film is needed for it. `lecture page` has the
    same questions beside its film.
    """
    from scenes.publishing.quiz import write_anki, write_scorm

    order = order_of(names, **wishes)
    writers = {"scorm": write_scorm, "anki": write_anki}
    targets = {kind: order.output / f"{order.label}-quiz-{QUIZZES[kind]}" for kind in formats or QUIZZES}
    with alone_in(order.output):
        take(order.output, [target.name for target in targets.values()])
        lecture, cards = _quiz(order)
        for kind, target in targets.items():
            writers[kind](lecture, cards, target)
            tell(f"{target}  {counted(len(cards), 'question')}, {target.stat().st_size / 1e6:.2f} MB")


def _quiz(order: Order) -> tuple[Rendered, list[QuizCard]]:
    """Describe the lecture of an order, and make its cards, from the storyboards of its chapters.

    Raises:
        ClickException: there is no question.
    """
    from scenes.production.origin import Origin
    from scenes.publishing.cards import cards_of
    from scenes.publishing.rendered import GENERAL, Rendered

    store, look, steps = open_store(), order.look, scripted(order)
    trace = Trace.load(store.trace(**order.reads())[0])
    cards = cards_of(order.entries, trace, steps, look.language, order.others(store), warn)
    if not cards:
        raise click.ClickException("these chapters have no question with one right answer for this sentence and model")
    told = catalogue(look.language)
    title = told.rule("slides", GENERAL) if len(order.entries) > 1 else told.text(order.entries[0].title)
    facts = {"made": str(Origin.of(trace.about)), "colours": dict(look.brand.colours)}
    return Rendered.without_film(order.text, look.theme, look.language, order.title or title, **facts), cards


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="0 takes a free one.")
@click.option("--model", metavar="NAME", help="A model to try, of any size: it runs here, and the page asks it.")
@click.option("--text", help="With --model: the text that it begins with.")
@click.option("--theme", type=click.Choice(["dark", "light"]), default="dark", help="With --model and no FOLDER.")
@LANGUAGE
def serve(folder: Path | None, port: int, model: str | None, text: str | None, theme: str, language: str) -> None:
    """Show a page to a browser on this machine.

    FOLDER holds it; without one, it is the page that was made last. With --model, show a page on which that model reads
    what is typed, and tells of any number where it comes from; with both, the page in FOLDER has that model beside
    those to try. Ctrl-C ends it.
    """
    from scenes.publishing.serving import folder_handler

    if folder is None and model is None:
        folder = _latest(Path("renders"))
    if folder and not (folder / "index.html").is_file():
        raise click.ClickException(f"there is no index.html in {folder}: lecture page makes one")
    if model is None:
        assert folder is not None
        _serve(folder_handler(folder), port, f"{folder}")
        return
    from scenes.publishing.model_service import course_handler, examples_of, model_handler
    from scenes.publishing.rendered import Rendered
    from transformer_core import open_model
    from transformer_core.live.running import RunningModel

    running = RunningModel(open_model(model))
    with TemporaryDirectory() as place:
        if folder:
            handler = course_handler(running, text or "", folder, Path(place))
            _serve(handler, port, f"{folder} with the model {model}")
        else:
            text = text or examples_of(running)[0]
            running.run(text)
            lecture = Rendered.without_film(text, theme, language)
            _serve(model_handler(running, lecture, Path(place)), port, f"the model {model}")


def _serve(handler: Callable[..., FolderHandler], port: int, what: str) -> None:
    from scenes.publishing.serving import server

    try:
        serving = server(handler, port)
    except OSError as error:
        line = f"port {port} cannot be had ({error.strerror}); --port 0 takes a free one"
        raise click.ClickException(line) from error
    with serving:
        try:
            tell(f"http://127.0.0.1:{serving.server_port}/  shows {what}; Ctrl-C ends")
            serving.serve_forever()
        except KeyboardInterrupt:
            tell("serving ended", err=True)


def _latest(folder: Path) -> Path:
    """The page in `folder` that was made last."""
    pages = sorted(folder.glob("*/page/index.html"), key=lambda path: path.stat().st_mtime)
    if not pages:
        raise click.ClickException(f"no page was made in {folder} yet: lecture page makes one, or name a folder")
    return pages[-1].parent
