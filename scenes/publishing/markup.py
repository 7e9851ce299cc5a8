"""HTML in which a user's sentence is data: text is escaped, and files become part of the document."""

from __future__ import annotations

import base64
import json
from html import escape
from pathlib import Path
from typing import Any

from scenes.theme import PALETTES, Palette

HERE = Path(__file__).resolve().parent
ASSETS = HERE.parents[1] / "assets"
KINDS = {".mp4": "video/mp4", ".png": "image/png", ".avif": "image/avif", ".jpg": "image/jpeg"}

__all__ = ["ASSETS", "HERE", "colours", "data_uri", "document", "escape", "inline_script", "inline_style", "json_data"]


def data_uri(path: Path) -> str:
    """A file as an address that holds it."""
    return f"data:{KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def colours(palette: Palette) -> str:
    """The palette as CSS variables: `--ink`, `--query` and so on."""
    named = {name: value for name, value in vars(palette).items() if isinstance(value, str) and value.startswith("#")}
    return ";".join(f"--{name}:{value}" for name, value in named.items())


def inline_script(code: str) -> str:
    """`code` as a script element; what would end it is written otherwise."""
    return "<script>" + code.replace("</script", r"<\/script") + "</script>"


def inline_style(code: str) -> str:
    return "<style>" + code.replace("</style", r"<\/style") + "</style>"


def json_data(name: str, content: Any) -> str:
    """Data for a script: JSON that no parser of HTML finds an end or a comment in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def document(title: str, head: str, body: str, *, language: str, theme: str, made: str = "") -> str:
    """A whole page; `made` says what it was made of and by."""
    background = PALETTES[theme].background
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="theme-color" content="{background}">\n<link rel="icon" href="data:,">\n'
        f'<meta name="provenance" content="{escape(made)}">\n'
        f"<title>{escape(title)}</title>\n{head}\n</head>\n{body}\n</html>\n"
    )
