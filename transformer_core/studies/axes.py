"""The axes of what the lecture measures and compares, beside those of the core."""

import tomllib
from pathlib import Path

from transformer_core.tracing.named_tensor import AXES

STUDY_AXES: dict[str, str] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
#: Every axis that a tensor of this project may have, and what runs along it.
ALL_AXES = AXES | STUDY_AXES
