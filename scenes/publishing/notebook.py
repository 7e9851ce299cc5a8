"""The figure that answers, in a cell of a notebook: `from transformer_lecture import ask`.

It is the one of the page and of the slides, as a widget of anywidget, which Jupyter, VS Code, Colab and marimo show.
Where scripts do not run, such as in a notebook that is only looked at, stands a picture of the attention weights.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import parse_qs

from scenes.publishing.live import figure_document, live_model_called
from scenes.publishing.markup import texts
from scenes.publishing.rendered import Rendered
from scenes.publishing.still import still
from scenes.theme import PALETTES
from transformer_core.versions import installing


def ask(
    text: str = "The car is red",
    *,
    model: str | None = None,
    asked: str = "",
    theme: str = "dark",
    language: str = "en",
    height: int = 760,
) -> Any:
    """The figure in which the model reads what is typed, and every number can be asked where it comes from.

    The model runs in the browser. What was typed and asked last comes back: `figure.text`, and `figure.asked`, such as
    "encoder.1.self_attn.weights[head=1,query=3,key=1]"; `figure.address` has the knobs, too.

    Args:
        text: the sentence that it begins with.
        model: a name or path, as `lecture render --model` takes it; one that translates words.
        asked: the entry that it begins with.
        theme: "dark" or "light".
        language: of its words, "en" or "es".
        height: of the figure, in px.

    Raises:
        ModuleNotFoundError: anywidget is not installed.
        SentenceError: the model cannot read the text.
        ValueError: no such model or theme, or a model that no page can run.
    """
    if theme not in PALETTES:
        raise ValueError(f"no theme {theme!r}: it is one of {', '.join(PALETTES)}")
    found = live_model_called(model)
    if found is None:
        raise ValueError(f"{model} does not run in a page: that takes a translator of whole words")
    lecture = Rendered.without_film(text, theme, language)
    return _figure()(
        document=figure_document(lecture, found.script, asked),
        title=lecture.say(lecture.title),
        height=height,
        address=f"#text={text}&ask={asked}",
        still=still(text, found.path, lecture.palette),
    )


@cache
def _figure() -> type:
    """The class of the widget, made when one is asked for: the lecture does not need anywidget."""
    try:
        import anywidget
        import traitlets
    except ModuleNotFoundError as error:
        line = f"a notebook shows this by anywidget, which is not installed: {installing('notebook')}"
        raise ModuleNotFoundError(line, name=error.name) from None

    class Figure(anywidget.AnyWidget):
        """The figure in a cell; a picture stands beside it for who runs no scripts."""

        (_esm,) = texts("notebook.js")
        document = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        address = traitlets.Unicode().tag(sync=True)
        height = traitlets.Int().tag(sync=True)
        still = traitlets.Unicode()

        @property
        def text(self) -> str:
            """The sentence that was read last."""
            return self._fact("text")

        @property
        def asked(self) -> str:
            """The entry that was asked last; "" if none is."""
            return self._fact("ask")

        def _fact(self, name: str) -> str:
            return parse_qs(self.address.removeprefix("#"), separator="&").get(name, [""])[0]

        def __repr__(self) -> str:
            return f"Figure({self.text!r})"

        def _repr_mimebundle_(self, **kwargs: Any) -> Any:
            data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
            return data | {"image/svg+xml": self.still}, metadata

    return Figure
