"""HTML in which a user's sentence is data: templates escape each text, and files become part of the document."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scenes.production.files import on_one_line
from scenes.publishing.policy import ASKING, one_file
from scenes.publishing.rendered import Rendered
from scenes.stage.captions import vtt
from scenes.theme import PALETTES, Palette

HERE = Path(__file__).resolve().parent
COLOUR = re.compile("#[0-9A-Fa-f]{6}")


def data_uri(kind: str, content: bytes) -> str:
    """The content of a file as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def texts(*names: str, folder: Path = HERE) -> list[str]:
    """The texts of scripts, styles and other files."""
    return [(folder / name).read_text(encoding="utf-8") for name in names]


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


def themes(lecture: Rendered) -> str:
    """The colours of both themes, one of them as the lecture has it; the machine says which is shown."""
    palettes = PALETTES | {lecture.theme: lecture.palette}
    dark, light = (f"{colours(palettes[name])};color-scheme:{name}" for name in ("dark", "light"))
    return (
        f":root{{{dark}}}@media(prefers-color-scheme:light){{:root:not([data-theme=dark]){{{light}}}}}"
        f":root[data-theme=light]{{{light}}}"
    )


def json_data(name: str, content: Any) -> str:
    """Data for a script: JSON that no parser of HTML finds an end or a comment in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def self_contained(
    template: str,
    lecture: Rendered,
    styles: Sequence[str],
    scripts: Sequence[str],
    also: Sequence[str] = (),
    served: bool = False,
    **values: Any,
) -> str:
    """A document that holds all it needs: its policy names `scripts`, and `also` those of windows that it opens.

    In styles and scripts, what would end their element is written otherwise. A `served` one may ask its server.
    """
    scripts = [code.replace("</script", r"<\/script") for code in scripts]
    styles = [sheet.replace("</style", r"<\/style") for sheet in styles]
    policy = one_file([*scripts, *also]) + (f"; {ASKING}" if served else "")
    return filled(template, lecture=lecture, styles=styles, scripts=scripts, policy=policy, **values)


def filled(name: str, **values: Any) -> str:
    """The template `name` with `values`: each is text, unless the template says that it is markup (`safe`)."""
    return TEMPLATES.get_template(name).render(values)


TEMPLATES = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
TEMPLATES.trim_blocks = TEMPLATES.lstrip_blocks = TEMPLATES.keep_trailing_newline = True
TEMPLATES.globals |= {"data_uri": data_uri, "json_data": json_data, "vtt": vtt}
TEMPLATES.filters["line"] = on_one_line
