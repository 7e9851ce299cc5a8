"""Lets the tests of this room find `frames` and `lectures` beside them, and the scenes of the benchmarks."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parent / "benchmarks"))
