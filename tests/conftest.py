"""What every test has: one thread for torch, so that figures do not depend on the machine; and who runs beside whom."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
TESTS = Path(__file__).resolve().parent
#: These read what one walk through all chapters found: they stay in one process.
WALKERS = {"pictures", "languages"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    """Where several processes share the tests, a file is done by one of them, and so are all that walk chapters."""
    for item in items:
        path = item.path.relative_to(TESTS)
        group = "walkers" if path.parts[0] in WALKERS else path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
    done = yield
    # The longest begins first, also where the order was shuffled.
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in WALKERS)
    return done
