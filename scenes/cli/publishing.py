"""The commands that make something else of a rendered lecture. They render first what is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from scenes.cli.options import alone_in, captioned, drawn, open_store, order_of, spoken
from scenes.cli.output import tell
from scenes.cli.speaking import heard

if TYPE_CHECKING:
    from scenes.publishing.rendered import Rendered


FORMATS = ("html", "pptx")
#: As `scenes.publishing.rendered` has them.
STOPS = ("beat", "step", "none")


@click.command()
@drawn
@captioned("track")
@heard
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True, help="One of them; default: both.")
@click.option(
    "--stops",
    type=click.Choice(STOPS),
    default=STOPS[0],
    show_default=True,
    help="Where clips wait for you; none: all goes on by itself.",
)
@click.option("--loop", is_flag=True, help="With --stops none: begin again after the last step.")
@click.option(
    "--into", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Add the slides to a copy of this PowerPoint file.",
)  # fmt: skip
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
    order = order_of(names, **wishes)
    with alone_in(order.output):
        _may_make(replace(order, outputs=("slides",)), formats)
        if into:
            from scenes.publishing.deck import opened

            opened(into, order.output / _slides(order.label, "pptx"))
        _make_slides(order, _made(order), formats, stops, loop, into)


def _may_make(order: Any, formats: Sequence[str] = FORMATS) -> None:
    """Refuse, before any work, what would take the place of somebody else's files."""
    from scenes.production.belongings import only_ours, take

    if "slides" in order.outputs:
        take(order.output, [_slides(order.label, kind) for kind in formats])
    if "page" in order.outputs:
        only_ours(order.output / "page")


def _slides(label: str, kind: str) -> str:
    return f"{label}-slides.{kind}"


def _make_slides(
    order: Any,
    lecture: Rendered,
    formats: Sequence[str] = FORMATS,
    stops: str = STOPS[0],
    loop: bool = False,
    into: Path | None = None,
) -> None:
    for kind in formats:
        target = lecture.folder / _slides(lecture.label, kind)
        if kind == "html":
            from scenes.publishing.live import live_model_called
            from scenes.publishing.slides import write_slides

            write_slides(lecture, target, live_model_called(order.model), stops, loop)
        else:
            from scenes.publishing.deck import write_deck

            write_deck(lecture, target, stops, loop, into)
        _tell(target, lecture)


@click.command()
@drawn
@captioned("burnt")
@heard
def page(names: tuple[str, ...], **wishes: Any) -> None:
    """A page for a course, with the model to try.

    It has the film with its transcript, and the tensors behind each step. A folder of plain files: open index.html
    from a disk, put the folder on any server, or see `lecture serve`.
    """
    order = order_of(names, **wishes)
    with alone_in(order.output):
        _may_make(replace(order, outputs=("page",)))
        _make_page(order, _made(order))


def _make_page(order: Any, lecture: Rendered) -> None:
    from scenes.production.tracing import others_of, whole_trace
    from scenes.publishing.cards import cards_of
    from scenes.publishing.exhibits import told_apart
    from scenes.publishing.live import live_model_called
    from scenes.publishing.page import write_page

    store = open_store()
    others = others_of(order, store)
    steps = [step for chapter in lecture.chapters if chapter.name not in others for step in chapter.steps]
    trace = whole_trace(store.trace(order.text, order.model, **order.asked)[0], steps)
    cards = cards_of(lecture.chapters, trace, lecture.steps, lecture.language, others)
    lecture = told_apart(lecture, trace, others)
    written = write_page(lecture, trace, lecture.folder / "page", live_model_called(order.model), cards)
    _tell(written, lecture)


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--model", metavar="NAME", help="A model to try, of any size: it runs here, and the page asks it.")
@click.option("--text", help="With --model: the text that it begins with.")
@click.option("--theme", type=click.Choice(["dark", "light"]), default="dark", show_default=True, help="With --model.")
@spoken
def serve(folder: Path | None, port: int, model: str | None, **wishes: Any) -> None:
    """Show a page to a browser on this machine.

    FOLDER holds it; without one, it is the page that was made last. With --model, show a page on which that model reads
    what is typed, and tells of any number where it comes from. Ctrl-C ends it.
    """
    from scenes.publishing.serving import server

    if model is not None:
        if folder:
            raise click.ClickException("a folder is shown, or a model: name one of them")
        with TemporaryDirectory() as place:
            _serve(partial(_model_server, model, Path(place), **wishes), port, f"the model {model}")
        return
    shown = folder or _latest(Path("renders"))
    if not (shown / "index.html").is_file():
        raise click.ClickException(f"there is no index.html in {shown}: lecture page makes one")
    _serve(partial(server, shown), port, str(shown))


def _model_server(
    name: str, place: Path, port: int, text: str | None, theme: str, language: str
) -> ThreadingHTTPServer:
    from scenes.publishing.model_service import examples_of, model_server
    from scenes.publishing.rendered import Rendered
    from transformer_core import open_model
    from transformer_core.live.running import RunningModel

    model = RunningModel(open_model(name))
    text = text or examples_of(model)[0]
    model.run(text)
    return model_server(model, Rendered.without_film(text, theme, language), place, port)


def _serve(opened: Callable[[int], ThreadingHTTPServer], port: int, what: str) -> None:
    try:
        serving = opened(port)
    except OSError as error:
        raise click.ClickException(
            f"port {port} cannot be had ({error.strerror}); --port 0 takes a free one"
        ) from error
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


@contextmanager
def published(order: Any) -> Iterator[None]:
    """Make what an order asks for besides the film, of the film that the block makes."""
    from scenes.publishing.rendered import Rendered

    _may_make(order)
    yield
    if "slides" in order.outputs:
        _make_slides(order, Rendered.read(order.output))
    if "page" in order.outputs:
        _make_page(order, Rendered.read(order.output))


def _made(order: Any) -> Rendered:
    """The lecture that was asked for, rendered where it was not."""
    from scenes.production.bar import Bar
    from scenes.production.studio import Studio
    from scenes.publishing.rendered import Rendered

    with Bar() as bar:
        made = Studio(open_store(), bar).film(order)
    return Rendered.read(made.folder)


def _tell(path: Path, lecture: Rendered) -> None:
    files = path.parent.rglob("*") if path.name == "index.html" else [path]
    count = len(lecture.steps)
    told = f"{count} step{'' if count == 1 else 's'}"
    tell(f"{path}  {told}, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
