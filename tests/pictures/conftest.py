"""The walk through the lecture, for all tests of pictures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from walking import walk  # noqa: F401
