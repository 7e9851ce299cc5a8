"""One golden picture a chapter: what a viewer saw when somebody last looked and was content.

    python tests/pictures/golden.py [CHAPTER ...]

draws them anew, all by default; look at the difference before committing it. A picture is the fullest step of the
chapter about the lecture's sentence, in the dark theme, small, drawn by the path that stills take: every text with the
fonts that come as packages, none with the system's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).with_name("golden")
SIZE = 480, 270
#: Side of the squares in which two pictures are compared, in px, and the distance that no square may reach. Measured on
#: all chapters: edges that are smoothed otherwise (drawn at two or four times the size, and reduced) give up to 6.5, a
#: text that moved by two pixels over 8 in nine cases of ten (the rest is the map's smallest), another colour over 10.
TILE, FAR = 5, 8.0


def path_of(name: str) -> Path:
    """Where the golden picture of a chapter lies; its name ends with the number of the step.

    Raises:
        FileNotFoundError: the chapter has none.
    """
    found = sorted(FOLDER.glob(f"{name}-[0-9][0-9].png"))
    if not found:
        raise FileNotFoundError(f"no golden picture of {name}: python tests/pictures/golden.py {name}")
    return found[0]


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """How far two pictures are apart, in levels of 255: of the tile that differs most, the mean over its pixels.

    A pixel differs by what it lies outside of the range of the other picture's pixels around it. So an edge that
    another build of Cairo smooths otherwise counts next to nothing, and one that moved by two pixels counts in full.
    """
    apart = np.maximum(_outside(first, second), _outside(second, first)).max(-1)
    high, wide = (size // TILE for size in apart.shape)
    tiles = apart[: high * TILE, : wide * TILE].reshape(high, TILE, wide, TILE)
    return float(tiles.mean((1, 3)).max())


def _outside(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """By how much each entry of `one` lies outside of the range of the 3 x 3 entries of `other` around it."""
    padded = np.pad(other.astype(float), ((1, 1), (1, 1), (0, 0)), mode="edge")
    high, wide = one.shape[:2]
    around = np.stack([padded[i : i + high, j : j + wide] for i in range(3) for j in range(3)])
    return np.maximum(0, np.maximum(one - around.max(0), around.min(0) - one))


def fullest(stills: dict[int, np.ndarray]) -> int:
    """The step on which most stands: whose pixels are farthest from the background, in all."""
    return max(stills, key=lambda step: float(np.abs(stills[step].astype(float) - stills[step][0, 0]).sum()))


def opened(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def save(name: str, step: int, picture: np.ndarray) -> Path:
    """Keep a picture as the golden one of a chapter, in place of the one before."""
    FOLDER.mkdir(exist_ok=True)
    path, old = FOLDER / f"{name}-{step:02d}.png", [*FOLDER.glob(f"{name}-[0-9][0-9].png")]
    part = path.with_suffix(".part")
    Image.fromarray(picture).save(part, "PNG", optimize=True)
    for other in old:
        other.unlink()
    return part.replace(path)


if __name__ == "__main__":
    from walking import SENTENCES, chapters, findings, name_of

    known = {name_of(chapter): chapter for chapter in chapters()}
    if unknown := {*sys.argv[1:]} - {*known}:
        sys.exit(f"no chapter {', '.join(unknown)}; there are: {', '.join(known)}")
    for name in sys.argv[1:] or known:
        stills = findings(known[name], SENTENCES[0], "dark").stills
        print(save(name, fullest(stills), stills[fullest(stills)]))  # noqa: T201
