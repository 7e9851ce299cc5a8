"""HTML in which a user's sentence is data: text is escaped, and files become part of the document."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scenes.publishing.policy import element
from scenes.theme import PALETTES, Palette
from transformer_core.files import ASSETS

HERE = Path(__file__).resolve().parent
KINDS = {".mp4": "video/mp4", ".png": "image/png", ".avif": "image/avif", ".jpg": "image/jpeg"}
COLOUR = re.compile("#[0-9A-Fa-f]{6}")

__all__ = [
    "ASSETS", "HERE", "Titled", "caption_track", "colours", "data_uri", "document", "escape", "filled", "inline_style",
    "json_data", "script_text", "themes",
]  # fmt: skip


class Titled(Protocol):
    """The facts of a lecture that the head of its document says."""

    @property
    def heading(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def palette(self) -> Palette: ...
    @property
    def made(self) -> str: ...


def data_uri(path: Path) -> str:
    """A file as an address that holds it."""
    return f"data:{KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def caption_track(language: str, label: str, text: str) -> str:
    """Captions of a video, in WebVTT."""
    data = base64.b64encode(text.encode()).decode()
    facts = f'srclang="{escape(language)}" label="{escape(label)}"'
    return f'<track kind="captions" {facts} src="data:text/vtt;base64,{data}">'


def colours(palette: Palette) -> str:
    """The palette as CSS variables: `--ink`, `--query` and so on.

    Raises:
        ValueError: one of them is no colour, and could be any CSS.
    """
    named = {name: value for name, value in vars(palette).items() if isinstance(value, str) and name != "name"}
    for name, value in named.items():
        if not COLOUR.fullmatch(value):
            raise ValueError(f"the colour {name} should be written as #RRGGBB: {value!r}")
    return ";".join(f"--{name}:{value}" for name, value in named.items())


def themes(palette: Palette, name: str) -> str:
    """The colours of both themes, of which `palette` is the one called `name`; the machine says which is shown."""
    palettes = PALETTES | {name: palette}
    dark, light = (f"{colours(palettes[name])};color-scheme:{name}" for name in ("dark", "light"))
    return (
        f":root{{{dark}}}@media(prefers-color-scheme:light){{:root:not([data-theme=dark]){{{light}}}}}"
        f":root[data-theme=light]{{{light}}}"
    )


def script_text(code: str) -> str:
    """`code` as it may stand in a script element: what would end it is written otherwise."""
    return code.replace("</script", r"<\/script")


def inline_style(code: str) -> str:
    return "<style>" + code.replace("</style", r"<\/style") + "</style>"


def json_data(name: str, content: Any) -> str:
    """Data for a script: JSON that no parser of HTML finds an end or a comment in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def document(lecture: Titled, head: str, body: str, policy: str) -> str:
    """A whole page about a lecture."""
    return filled("document.html", lecture=lecture, head=head, body=body, policy=element(policy))


def filled(name: str, **values: Any) -> str:
    """The template `name` with `values`: each is text, unless the template says that it is markup (`safe`)."""
    return _templates().get_template(name).render(values)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
