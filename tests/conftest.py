"""Setup of every test: one thread for torch, so that figures do not depend on the machine; and tests kept together."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
# What a command says depends on no clock: a line of progress comes every ten seconds.
os.environ.setdefault("LECTURE_QUIET", "1")
# Tests that a shell started in its background ignore interrupts, and so would the commands that they interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# What Hypothesis tries is the same each time, however slow the machine: what was green stays green.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.load_profile("suite")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
#: The tests here read what a walk through a chapter found, and name the chapter first: "...[Scores-The car is red]".
WALKS = "tests/pictures/"
#: Where the longest files are: they begin first, so that at the end no process waits for another.
LONGEST = (WALKS, "tests/models/", "tests/robustness/", "tests/production/")
#: Where browsers, disks, clusters, voices, kills, films, trainings, and verdicts on many sentences and models are
#: tried: all tests there are slow.
SLOW = tuple(
    f"tests/{room}test_{name}"
    for room, names in {
        "": "site",
        "core/": "compiling devices long_recordings training_experiments",
        "models/": "blocks_by_hand compared_pictures editing llama_chapters minilm",
        "experiments/": "inside_prose",
        "pictures/": "early_verdicts figures later_verdicts translations verdicts_of_a_language_model",
        "quiz/": "questions",
        "robustness/": "belongings damage faults inputs interruption long surroundings",
        "production/": "belongings bootstrap cluster comparing explaining narration notebook package promises recipes "
        "recording running showing voices watching windows",
        "production/publishing/": "attacks clips crowds engine firefox model notebook origin page quiz slides trying",
    }.items()
    for name in names.split()
)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes a minute or many; runs only with -m slow")


def pytest_collection_finish():
    """All modules and five thousand tests stay to the end: what is over need not be looked for among them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _cache_of_tests(tmp_path_factory):
    """A cache that is not the user's, for commands that are given none of their own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LECTURE_CACHE", str(tmp_path_factory.mktemp("cache-of-tests")))
        yield


@pytest.fixture(scope="session")
def surveyed(tmp_path_factory):
    """A cache with the storyboards of all chapters for the usual sentence, read once for all processes of the tests.

    `lecture trace` reads them for half a minute.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "surveyed"
    place.mkdir(exist_ok=True)
    with FileLock(place / "lock"):
        if not (place / "all.npz").exists():
            environment = {**os.environ, "LECTURE_CACHE": str(place / "cache"), "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-m", "scenes.cli.main", "trace", "--output", "all.npz"]
            subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
    return place / "cache"


def together(test: str) -> str:
    """Return the group of a test: tests of one file, or walks of one chapter, are run by one process."""
    file, _, name = test.partition("::")
    chapter = name.partition("[")[2].rstrip("]").partition("-")[0]
    return f"{WALKS}{chapter}" if file.startswith(WALKS) and chapter[:1].isupper() else file


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config, items):
    """The longest begin first, the walks before all others, also where the order is shuffled."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("slow") and "slow" not in config.option.markexpr:
            item.add_marker(pytest.mark.skip(reason="only with -m slow"))
    done = yield
    items.sort(
        key=lambda item: next((n for n, part in enumerate(LONGEST) if item.nodeid.startswith(part)), len(LONGEST))
    )
    return done


# A mark for a group would say the same, but with pytest 9.2 xdist 3.8 does not see it, and says nothing.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Share out what belongs together, in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    config.option.loadscope_reorder = False
    return Together(config, log)
