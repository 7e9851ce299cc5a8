"""Import path of the tests of the measures: they find the small trace beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
