"""The names that tensors had until release 2, for traces that were saved under them. To be removed in release 3."""

import re
import tomllib
from pathlib import Path

_NAMES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_LAST, _BEFORE = _NAMES["last"], _NAMES["beginning"]
_BEGINNING = re.compile("|".join(rf"(?<![^.]){re.escape(old)}" for old in _BEFORE))


def renamed(name: str) -> str:
    """Today's name of a tensor that was saved as `name`.

    >>> renamed("other.unplaced.encoder.0.self_attn.looks")
    'other.no_positions.encoder.0.self_attn.mean_weights'
    """
    prefix, dot, last = _BEGINNING.sub(lambda found: _BEFORE[found[0]], name).rpartition(".")
    return f"{prefix}{dot}{_LAST.get(last, last)}"
