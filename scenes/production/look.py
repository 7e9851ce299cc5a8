"""Look: what a picture depends on besides the step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scenes.language import ENGLISH
from scenes.stage.brand import PLAIN, Brand
from scenes.theme import PIXELS_PER_UNIT, SHAPES, shaped

#: Width, height and frames a second by the letter that Manim's `-q` uses.
QUALITIES = {
    "l": (854, 480, 15),
    "m": (1280, 720, 30),
    "h": (1920, 1080, 60),
    "p": (2560, 1440, 60),
    "k": (3840, 2160, 60),
}
#: Captions stand in the picture, or in a track that a player shows over a picture without any, or nowhere; and what
#: names of files say of them.
SHOWN = {"burnt": "", "track": "clean", "none": "bare"}
CAPTIONS = tuple(SHOWN)


@dataclass(frozen=True)
class Look:
    """Size in pixels, frames a second, the theme and what is changed of it, the language, and what is left away.

    `clear` leaves the background away, `bare` the captions. In a `shape` other than 16:9 type is larger; where it is
    `fine`, it is as small as can be read. `moment` is the second whose picture is wanted of an SVG, not the last.
    """

    width: int
    height: int
    rate: int
    theme: str
    brand: Brand = PLAIN
    language: str = ENGLISH
    clear: bool = False
    bare: bool = False
    shape: str = "16:9"
    fine: bool = False
    moment: float | None = None

    @property
    def name(self) -> str:
        """For a folder: what is not the default, as in `480p15-light-es`; empty for the default look."""
        size = "" if (self.width, self.height, self.rate) == QUALITIES["h"] else f"{self.height}p{self.rate}"
        theme, language = "" if self.theme == "dark" else self.theme, "" if self.language == ENGLISH else self.language
        return "-".join(filter(None, [size, theme, language]))

    @contextmanager
    def applied(self, folder: Path) -> Iterator[None]:
        """Let Manim draw in this look, and put whatever it writes by the way in `folder`.

        What a `manim.cfg` of the user or of a folder says is for other scenes: a height of the frame, say, would cut
        the picture off.
        """
        from manim import config, tempconfig

        shape = SHAPES[self.shape][self.fine]
        wanted = {
            "verbosity": "ERROR",
            "pixel_width": self.width,
            "pixel_height": self.height,
            "frame_height": shape.height / PIXELS_PER_UNIT,
            "frame_width": shape.width / PIXELS_PER_UNIT,
            "frame_rate": self.rate,
            "media_dir": str(folder),
            "progress_bar": "none",
            "disable_caching": True,
            "dry_run": True,
            "background_opacity": 0.0 if self.clear else 1.0,
        }
        os.environ["LECTURE_THEME"], os.environ["LECTURE_LANGUAGE"] = self.theme, self.language
        with tempconfig({}), shaped(shape):
            config.update(_untouched())
            config.update(wanted)
            yield


@cache
def _untouched() -> Any:
    """Manim's configuration as it comes."""
    from manim._config.utils import ManimConfig, config_file_paths

    parser = ConfigParser()
    parser.read(config_file_paths()[0], encoding="utf-8")
    return ManimConfig().digest_parser(parser)
