"""What the tests of the measures share: they find the small trace beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
