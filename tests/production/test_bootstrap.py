"""The bootstrap script: plain sh, one build, and an exact line where something is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "lecture"


def run(script: Path, *arguments: str, path: str, **environment: str):
    environment = {"PATH": path, "HOME": os.environ.get("HOME", "/"), **environment}
    return subprocess.run(
        ["/bin/sh", str(script), *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose .venv records what is asked of it instead of installing anything."""
    shutil.copy(SCRIPT, tmp_path / "lecture")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def tools(folder: Path, **scripts: str) -> str:
    """A folder for PATH with the plain tools of every system, and `scripts`."""
    folder.mkdir()
    for name in "sh cat cksum dirname grep id mkdir paste printf rm sed sleep tail".split():
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return str(folder)


FAKE_VENV = """
case "$*" in
"-c "*) exit 0 ;;
"-m venv "*) mkdir -p "$3/bin"; cat "$0" > "$3/bin/python"; cat "$0" > "$3/bin/lecture"
    for f in python lecture; do sh -c "chmod +x '$3/bin/$f'"; done; echo venv >> "$CALLS" ;;
*"pip install"*" -r "*|*"pip install"*" -c "*) echo "install ${*#*install }" >> "$CALLS"; exit ${PIP_STATUS:-0} ;;
*"pip install"*) echo "install ${*##* }" >> "$CALLS"; exit ${PIP_STATUS:-0} ;;
*) echo "run $*" >> "$CALLS" ;;
esac
"""


@pytest.fixture
def fake(checkout):
    """Runs the script with a Python that only takes notes; what it was asked to do."""
    path = tools(checkout / "tools", python3=FAKE_VENV, cc="exit 0", **{"pkg-config": "exit 0"})
    (checkout / "tools" / "chmod").symlink_to(shutil.which("chmod"))

    def call(*arguments: str, **environment: str):
        calls = checkout / "calls"
        calls.unlink(missing_ok=True)
        done = run(checkout / "lecture", *arguments, path=path, CALLS=str(calls), **environment)
        return done, calls.read_text().splitlines() if calls.exists() else []

    return call


def test_the_scripts_are_posix_sh():
    scripts = [SCRIPT, *(ROOT / ".ci" / name for name in ("run", "relock", "audit"))]
    for script in scripts:
        assert script.read_text().startswith("#!/bin/sh\n")
        assert subprocess.run(["/bin/sh", "-n", script], check=False).returncode == 0
        assert os.access(script, os.X_OK)
    checker = shutil.which("shellcheck") or Path(sys.executable).with_name("shellcheck")
    command = [checker, "-x", *scripts, ROOT / ".ci" / "tools"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_first_run_builds_and_the_second_only_runs(fake, checkout):
    _, calls = fake("list")
    assert calls == ["venv", f"install {checkout}[drawing,models]", "run list"]
    done, calls = fake("list")
    assert calls == ["run list"]
    assert done.stderr == ""


def test_the_tools_of_the_tests_are_installed_when_first_needed(fake, checkout):
    fake("list")
    _, calls = fake("test")
    assert calls == [f"install {checkout}[drawing,models,dev]", "run test"]
    assert fake("test")[1] == ["run test"]


@pytest.mark.parametrize(("status", "then"), [(0, []), (1, ["install {}[drawing,models]"])])
def test_uv_installs_where_it_is_there_and_pip_where_it_fails(status, then, fake, checkout):
    (checkout / "tools" / "uv").write_text(f'#!/bin/sh\necho "uv ${{*##* }}" >> "$CALLS"\nexit {status}\n')
    (checkout / "tools" / "uv").chmod(0o755)
    _, calls = fake("list")
    pip = [line.format(checkout) for line in then]
    assert calls == ["venv", f"uv {checkout}[drawing,models]", *pip, "run list"]


def test_the_help_of_the_tests_installs_no_more_than_any_other(fake, checkout):
    done, calls = fake("test", "--help")
    assert calls == ["venv", f"install {checkout}[drawing,models]", "run test --help"]
    assert "browser" not in done.stderr
    assert fake("test", "-h")[1] == ["run test -h"]


def test_without_a_browser_the_tests_run_and_say_what_is_skipped(fake):
    done, calls = fake("test")
    assert calls[-1] == "run test"
    assert "without Chromium, the tests that look at slides and pages in a browser are skipped" in done.stderr


def test_root_with_apt_brings_the_tests_a_browser_and_nobody_else_gets_one(fake, checkout):
    notes = checkout / "notes"
    for name, text in {"apt-get": f'echo "$*" >> {notes}', "id": "echo 0"}.items():
        (checkout / "tools" / name).unlink(missing_ok=True)
        (checkout / "tools" / name).write_text(f"#!/bin/sh\n{text}\n")
        (checkout / "tools" / name).chmod(0o755)
    fake("list")
    assert not notes.exists()
    done, calls = fake("test")
    assert "chromium" in notes.read_text()
    assert calls[-1] == "run test"
    assert "skipped" not in done.stderr


def test_a_changed_pyproject_brings_the_environment_up_to_date(fake, checkout):
    fake("list")
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert fake("list")[1] == [f"install {checkout}[drawing,models]", "run list"]


def test_of_a_lock_exactly_what_it_lists_is_installed_by_its_hashes_and_then_the_project(fake, checkout):
    lock = checkout / "lock"
    lock.mkdir()
    for name in ("requirements.txt", "constraints.txt"):
        (lock / name).write_text("")
    wanted = [f"install --no-compile --no-deps --require-hashes -r {lock}/requirements.txt"]
    wanted += [f"install --no-compile --no-build-isolation -c {lock}/constraints.txt -e {checkout}[drawing,models,dev]"]
    _, calls = fake("test", LECTURE_LOCK=str(lock))
    assert [line.replace("--disable-pip-version-check --progress-bar off ", "") for line in calls[1:-1]] == wanted
    assert (calls[0], calls[-1]) == ("venv", "run test")
    assert fake("test", LECTURE_LOCK=str(lock))[1] == ["run test"]
    (lock / "requirements.txt").write_text("changed")
    assert len(fake("test", LECTURE_LOCK=str(lock))[1]) == 3


def test_ci_installs_the_lock():
    text = (ROOT / ".ci" / "run").read_text()
    assert 'export LECTURE_LOCK="$PWD/.ci/lock"' in text
    assert "pip" not in text


def test_an_installation_that_failed_is_redone_from_nothing(fake, checkout):
    done, calls = fake("list", PIP_STATUS="1")
    assert done.returncode == 69
    assert "the installation failed" in done.stderr
    assert calls == ["venv", f"install {checkout}[drawing,models]"]
    assert fake("list")[1] == ["venv", f"install {checkout}[drawing,models]", "run list"]


def test_a_moved_checkout_is_installed_at_its_new_place(fake, checkout):
    fake("list")
    stamp = checkout / ".venv" / "stamp"
    stamp.write_text(stamp.read_text().replace(str(checkout), "/elsewhere"))
    assert fake("list")[1] == [f"install {checkout}[drawing,models]", "run list"]


def test_what_is_missing_is_named_with_the_line_that_brings_it(checkout):
    path = tools(checkout / "tools", **{"apt-get": "exit 1", "id": "echo 1000"})
    done = run(checkout / "lecture", "list", path=path)
    assert done.returncode == 69
    assert "missing: Python 3.11 or newer" in done.stderr
    assert "  sudo apt-get install -y --no-install-recommends python3-venv python3-dev gcc " in done.stderr


def test_root_with_apt_installs_what_is_missing_by_itself(checkout):
    notes = checkout / "notes"
    apt = f'echo "$*" >> {notes}; printf "#!/bin/sh\\nexit 0\\n" > {checkout}/tools/cc; chmod +x {checkout}/tools/cc'
    scripts = {"apt-get": apt, "id": "echo 0", "pkg-config": "exit 0", "python3": FAKE_VENV}
    path = tools(checkout / "tools", **scripts)
    (checkout / "tools" / "chmod").symlink_to(shutil.which("chmod"))
    done = run(checkout / "lecture", "list", path=path, CALLS=str(checkout / "calls"))
    assert done.returncode == 0, done.stderr
    assert "install -y --no-install-recommends python3-venv" in notes.read_text()


def test_root_with_apt_waits_while_another_program_is_installing(checkout):
    notes, lock = checkout / "notes", checkout / "lock"
    lock.touch()
    refusal = f'rm {lock}; echo "E: Could not get lock"; exit 100'
    apt = f'echo "$*" >> {notes}; [ "$1" = update ] && [ -e {lock} ] || exit 0; {refusal}'
    path = tools(checkout / "tools", **{"apt-get": apt, "id": "echo 0"})
    (checkout / "tools" / "sleep").unlink()
    (checkout / "tools" / "sleep").write_text(f"#!/bin/sh\necho waited >> {notes}\n")
    (checkout / "tools" / "sleep").chmod(0o755)
    done = run(checkout / "lecture", "list", path=path)
    assert "another program is installing something: waiting for it" in done.stderr
    first, waited, again, install = notes.read_text().splitlines()
    assert (first, waited, again) == ("update -qq", "waited", "update -qq")
    assert install.startswith("install -y --no-install-recommends python3-venv")


def test_an_environment_that_belongs_to_another_checkout_is_left_alone(fake, checkout, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / ".venv"
    other.mkdir()
    (other / "stamp").write_text("of another checkout")
    (checkout / ".venv").symlink_to(other)
    done, calls = fake("--help")
    assert (done.returncode, calls) == (73, [])
    assert done.stderr == (
        f"lecture: {checkout}/.venv is a link to what was built for another checkout: remove the link, and run again\n"
    )
    assert [file.name for file in other.iterdir()] == ["stamp"]
