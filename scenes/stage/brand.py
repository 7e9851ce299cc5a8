"""Brand: what a lecture changes of a theme: colours, typefaces, a logo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from scenes.theme import Palette, drawn_in, shape


@dataclass(frozen=True)
class Asset:
    """A file that pictures depend on: told apart by what is in it, wherever it lies."""

    path: Path = field(compare=False, repr=False)
    content: str

    @classmethod
    def of(cls, path: Path) -> Self:
        with path.open("rb") as file:
            return cls(path, file_digest(file, lambda: blake2b(digest_size=16)).hexdigest())

    @property
    def name(self) -> str:
        """A file name that says what is in the file."""
        return self.content + self.path.suffix

    def moved(self, folder: Path) -> Asset:
        """The same file, lying in `folder` under its `name`."""
        return Asset(folder / self.name, self.content)


@dataclass(frozen=True)
class Brand:
    """Changes to a theme.

    Args:
        colours: tokens of the palette, each with what takes its place: "#RRGGBB", or one for each stop of a ramp.
        faces: families of the theme, upright or italic, each with the font file that takes its place.
        logo: a PNG that stands in the lower right corner of every picture.
    """

    colours: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    faces: tuple[tuple[str, bool, Asset], ...] = ()
    logo: Asset | None = None

    @property
    def assets(self) -> list[Asset]:
        """The files that pictures of this brand depend on."""
        return [*(asset for *_, asset in self.faces), *([self.logo] if self.logo else [])]

    def moved(self, folder: Path) -> Brand:
        """The same brand with its assets in `folder`, each under its name."""
        faces = tuple((family, italic, asset.moved(folder)) for family, italic, asset in self.faces)
        return Brand(self.colours, faces, self.logo and self.logo.moved(folder))

    @contextmanager
    def drawn(self, theme: str) -> Iterator[Palette]:
        """Draw in `theme` with the changes of this brand inside this block."""
        faces = {(family, italic): str(asset.path) for family, italic, asset in self.faces}
        with drawn_in(theme, faces, dict(self.colours)) as palette:
            yield palette

    def stamped(self, background: np.ndarray) -> np.ndarray:
        """`background`, RGBA of shape (height, width, 4), with the logo on it, as large as its room allows."""
        if self.logo is None:
            return background
        scale = background.shape[0] / shape().height
        left, top, width, height = shape().logo
        with Image.open(self.logo.path, formats=["PNG"]) as file:
            logo = file.convert("RGBA")
        share = min(width / logo.width, height / logo.height) * scale
        logo = logo.resize((max(1, round(logo.width * share)), max(1, round(logo.height * share))))
        # The corner that is shared with the frame stays where it is, whatever the shape of the logo.
        right, bottom = round((left + width) * scale), round((top + height) * scale)
        whole = Image.fromarray(background)
        whole.alpha_composite(logo, (right - logo.width, bottom - logo.height))
        return np.array(whole)


PLAIN = Brand()
