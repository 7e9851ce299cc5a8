"""The `[theme]` of a lecture file: colours, typefaces and a logo, checked."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import fontpkg
import msgspec
from PIL import Image

from scenes.production.font_file import flaw
from scenes.production.mistakes import Wrong, file_beside, named, one_of
from scenes.stage.brand import Asset, Brand
from scenes.theme import PALETTES, READABLE, Palette, between, contrast

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
TEXT_ROLES = ("ink", "ink2", "ink3", "query", "key", "value", "residual", "weight", "warning", "focus")
GROUNDS = ("background", "surface")
FONT_FILES = (".ttf", ".otf")
LARGEST_LOGO = 4096


class ThemeTable(msgspec.Struct):
    """The keys of `[theme]`."""

    base: str = "dark"
    font: str = ""
    title_font: str = ""
    logo: str = ""
    colours: dict[str, Any] = {}


#: The family of the theme that each key takes the place of.
FAMILIES = {"font": "Inter", "title_font": "Source Serif 4"}


def branded(folder: Path, table: ThemeTable, wrong: Wrong) -> tuple[Brand, list[tuple[str, str]]]:
    """The brand that `table` asks for, and what is doubtful about it: pairs of a key and a line."""
    base = PALETTES.get(table.base, PALETTES["dark"])
    colours = _colours(base, table.colours, wrong)
    faces = [face for key in FAMILIES for face in _faces(folder, key, getattr(table, key), wrong)]
    brand = Brand(tuple(sorted(colours.items())), tuple(faces), _logo(folder, table.logo, wrong))
    return brand, _faint(replace(base, **colours), colours)


def _colours(base: Palette, given: dict[str, Any], wrong: Wrong) -> dict[str, Any]:
    tokens = [field.name for field in fields(Palette) if field.name != "name"]
    found: dict[str, Any] = {}
    for token, value in given.items():
        key = f"theme.colours.{token}"
        if token not in tokens:
            wrong(key, f"there is no such colour: {one_of(tokens, token)}")
            continue
        before = getattr(base, token)
        stops = [value] if isinstance(before, str) else value
        wanted = "a colour" if isinstance(before, str) else f"a list of {len(before)} colours"
        right = isinstance(stops, list) and len(stops) == (1 if isinstance(before, str) else len(before))
        if not right or not all(isinstance(stop, str) and COLOUR.fullmatch(stop) for stop in stops):
            wrong(key, f'{named(value)} should be {wanted}, written as "#RRGGBB", such as {_written(before)}')
        else:
            found[token] = value.upper() if isinstance(value, str) else tuple(stop.upper() for stop in value)
    return found


def _written(colour: str | tuple[str, ...]) -> str:
    return f'"{colour}"' if isinstance(colour, str) else f"[{', '.join(map(_written, colour))}]"


def _faint(palette: Palette, changed: dict[str, Any]) -> list[tuple[str, str]]:
    """Roles in which texts are set and that cannot be read well on what they stand on."""
    found = []
    for role, ground in product(TEXT_ROLES, GROUNDS):
        paper, ink = palette.role(ground), palette.role(role)
        key = role if role in changed else ground
        if key in changed and contrast(ink, paper) < READABLE:
            goal = max(("#FFFFFF", "#000000"), key=lambda end: contrast(end, paper))
            steps = (between(ink, goal, share / 20) for share in range(1, 21))
            better = next(colour for colour in steps if contrast(colour, paper) >= READABLE)
            doubt = f"{role} {ink} on {ground} {paper} has a contrast of {contrast(ink, paper):.1f}"
            found.append((f"theme.colours.{key}", f"{doubt}, and texts need {READABLE}: {role} {better} would do"))
    return found


def _faces(folder: Path, key: str, name: str, wrong: Wrong) -> list[tuple[str, bool, Asset]]:
    """The files that take the place of a family, upright and italic; where there is no italic, the upright one."""
    if not name:
        return []
    place = f"theme.{key}"
    if name.lower().endswith(FONT_FILES):
        path = file_beside(folder, name, place, wrong)
        if path is None:
            return []
        files = {"normal": path}
    else:
        try:
            family = fontpkg.family(name)
        except fontpkg.FamilyNotInstalled:
            there = [fontpkg.family(slug).name for slug in fontpkg.families()]
            line = f"is neither a .ttf or .otf file beside this one nor installed: {one_of(there, name)}"
            wrong(place, f"{named(name)} {line}")
            return []
        best_last = sorted(family.files, key=lambda file: (file.variable, -abs((file.weight or 400) - 400)))
        files = {file.style: file.path for file in best_last}
    upright = files.get("normal") or next(iter(files.values()))
    found = [(FAMILIES[key], False, upright), (FAMILIES[key], True, files.get("italic", upright))]
    for path in {path for *_, path in found}:
        if wrong_with_it := flaw(path, fontpkg.path(FAMILIES[key])):
            wrong(place, f"{named(name)} {wrong_with_it}")
            return []
    return [(family, italic, Asset.of(path)) for family, italic, path in found]


def _logo(folder: Path, name: str, wrong: Wrong) -> Asset | None:
    path = file_beside(folder, name, "theme.logo", wrong) if name else None
    if path is None:
        return None
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if max(image.size) <= LARGEST_LOGO:
                image.load()
                return Asset.of(path)
            line = f"is {image.width}x{image.height}: {LARGEST_LOGO} pixels a side are the most"
    except Image.DecompressionBombError:
        line = f"is larger than {LARGEST_LOGO} pixels a side"
    except (OSError, SyntaxError, ValueError):
        line = "is no PNG that can be read: save the logo as one, with a clear background"
    wrong("theme.logo", f"{named(name)} {line}")
    return None
