"""Steps and chapters in a notebook: `from transformer_lecture import show`."""

from __future__ import annotations

import base64
import sys
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from scenes.cli.orders import open_store, order_of
from scenes.language import DEFAULT_TEXT, ENGLISH, languages
from scenes.production.facts import StepFacts
from scenes.production.fingerprint import hashed
from scenes.production.store import Store
from scenes.theme import PALETTES
from transformer_core.tracing.trace import Trace

WIDEST = 960


@dataclass(frozen=True)
class ShownFilm:
    """A step or a chapter as a film that a notebook plays inline; `path` is the file (.mp4)."""

    path: Path
    title: str
    seconds: float

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.path.read_bytes()).decode()
        look = f'aria-label="{escape(self.title)}" style="max-width: min(100%, {WIDEST}px)"'
        return f'<video controls {look} src="data:video/mp4;base64,{data}"></video>'

    def __repr__(self) -> str:
        return f"{self.title} ({self.seconds:.0f} s)"


class _Given(Store):
    """A store whose trace is the one that was handed in."""

    def __init__(self, folder: Path, given: Trace) -> None:
        super().__init__(folder)
        self.given = given

    def trace(self, *_: Any, **__: Any) -> tuple[Path, str]:
        tensors = (f"{name} {tensor.values.tobytes()!r}" for name, tensor in sorted(self.given.tensors.items()))
        content = hashed(*tensors)
        return self.saved(content, lambda: self.given), content


class _Line:
    """Progress as one line of a notebook that is written again and again; elsewhere, nobody looks."""

    def __init__(self) -> None:
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        self.line: Any = None
        if getattr(shell, "kernel", None) is not None:
            from IPython import display

            shown = {"text/plain": "…"}
            self.line = display.display(shown, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self.what, self.done, self.wanted = "", 0, 0

    def begin(self, what: str, frames: int, steps: int) -> None:  # noqa: ARG002 - steps are counted
        self.what, self.done, self.wanted = what, 0, steps
        self.advance(0, 0)

    def advance(self, frames: int, steps: int) -> None:  # noqa: ARG002 - as above
        self.done += steps
        count = f": {self.done} of {self.wanted}" if self.wanted else ""
        if self.line is not None:
            self.line.update({"text/plain": f"{self.what}{count}"}, raw=True)


def show(
    chapter: str,
    step: int | None = None,
    *,
    text: str = DEFAULT_TEXT,
    trace: Trace | None = None,
    model: str | None = None,
    theme: str = "dark",
    quality: str = "m",
    language: str = ENGLISH,
    captions: bool = True,
    jobs: int = 1,
) -> ShownFilm:
    """Render a chapter, or one step of it, and play it inline.

    Args:
        chapter: its name or number, as `lecture list` has it; with steps after a dot, those.
        step: the number of one step; the whole chapter if None.
        text: the sentence.
        trace: what the chapter reads instead, such as a trace with an edit (`scenes.stage.reading.read`).
        model: a name or path, as `lecture render --model` takes it.
        theme: "dark" or "light".
        quality: "l", "m", "h", "p" or "k", as Manim has them.
        language: of captions and pictures, "en" or "es".
        captions: whether what is said stands at the foot.
        jobs: processes that draw.

    Raises:
        ValueError: no such chapter, step, theme, language or quality; the line says what there is.
    """
    from scenes.production.look import QUALITIES
    from scenes.production.studio import Studio

    known = {"quality": [*QUALITIES], "theme": [*PALETTES], "language": languages()}
    for what, value in {"quality": quality, "theme": theme, "language": language}.items():
        if value not in known[what]:
            raise ValueError(f"no {what} {value!r}: it is one of {', '.join(known[what])}")
    store = open_store()
    if trace is not None:
        store, text = _Given(store.folder, trace), str(trace.about.get("text", text))
    order = order_of((chapter,), text=text, model=model, theme=theme, quality=quality, language=language, jobs=jobs)
    order = replace(order, look=replace(order.look, bare=not captions))
    studio = Studio(store, _Line())
    drawn = studio.clips(order, lambda facts: step is None or facts.number == step, ".mp4")
    if not drawn:
        raise ValueError(f"there is no step {step}: {chapter} has steps 1 to {len(studio.script(order))}")
    return _film(drawn, store, order.entries[0].title)


def _film(drawn: list[tuple[StepFacts, Path]], store: Store, title: str) -> ShownFilm:
    from scenes.production.film import FilmClip, join, seconds

    if len(drawn) == 1:
        facts, clip = drawn[0]
        return ShownFilm(clip, facts.title, seconds(clip))
    parts = [FilmClip(clip, facts.title) for facts, clip in drawn]
    key = hashed(*(facts.key for facts, _ in drawn))
    target = store.kept("films", key, ".mp4", lambda path: join(parts, [], path, {"title": title}, "und"))
    return ShownFilm(target, title, seconds(target))
