"""The tiny lecture, undisturbed and to be spoiled, and disks that can be as small as one likes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from tiny_lecture import Tiny

#: What makes a process with file systems of its own: as root, and where an ordinary user may.
NAMESPACES = (("unshare", "--mount"), ("unshare", "--mount", "--map-root-user"))
#: For scripts: a disk of so many bytes at a place, all of it but so many KiB filled; and the command, with its status.
WORDS = """
disk() { mkdir -p "$1"; mount -t tmpfs -o "size=$2,${3-rw}" none "$1"; }
fill() { dd if=/dev/zero of="$1/ballast" bs=1024 count="$2" 2>/dev/null; }
lecture() { status=0; "$PYTHON" -m scenes.cli.main "$@" 2>&1 || status=$?; echo "status $status"; }
render() { lecture render tiny.toml --trust --jobs 1 --output "$@"; }
"""


@pytest.fixture(scope="session")
def known(tmp_path_factory):
    """The tiny lecture as it is rendered when nothing is wrong."""
    tiny = Tiny(tmp_path_factory.mktemp("known"))
    done = tiny.render()
    assert done.returncode == 0, done.stderr
    return tiny


@pytest.fixture
def tiny(known, tmp_path):
    """The tiny lecture with a cache of its own that has everything, to be spoiled."""
    shutil.copytree(known.cache, tmp_path / "cache")
    return Tiny(tmp_path)


@pytest.fixture(scope="session")
def namespace():
    """The beginning of a command that has file systems of its own."""
    for command in NAMESPACES:
        trial = [*command, "mount", "-t", "tmpfs", "none", "/mnt"]
        if shutil.which("unshare") and not subprocess.run(trial, capture_output=True, check=False).returncode:
            return command
    return pytest.skip("nobody may mount here: this needs root, or namespaces for everyone")


@pytest.fixture
def disks(namespace, tiny):
    """Runs a shell script in the folder of the tiny lecture, with disks as `WORDS` makes them; the lines it prints."""

    def run(script: str) -> list[str]:
        environment = {**tiny.environment, "PYTHON": sys.executable}
        command = [*namespace, "sh", "-euc", WORDS + script]
        done = subprocess.run(
            command, cwd=tiny.folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout.splitlines()

    return run
