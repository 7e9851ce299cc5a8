"""Windows, as far as it can be held without one: no call that it lacks, and a bootstrap that PowerShell can read."""

import ast
import re
import threading
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

from scenes.production import files
from transformer_core.files import atomic
from transformer_core.files.atomic import abandoned, unfinished

ROOT = Path(__file__).resolve().parents[2]
#: Names that Python has on POSIX alone, as it is imported or called.
MISSING = re.compile(
    r"(os\.(fork|forkpty|getuid|geteuid|getgid|getegid|getpgid|killpg|setsid|mkfifo|nice|chown|uname|sysconf|kill)"
    r"|signal\.(pthread_\w+|setitimer|alarm|pause|SIG(KILL|ALRM|PROF|HUP|USR1|USR2|CHLD|PIPE|QUIT))"
    r"|resource_tracker\.\w+|resource\.(RLIMIT_|[gs]etr)\w+|resource|(fcntl|pwd|grp|termios|pty|tty)(\.\w+)?)"
)
#: os.kill with SIGTERM is there, and ends a process of ours; `lives` is asked on POSIX alone, as a test below holds.
ALLOWED = {"crew.py: os.kill(os.getpid(), signal.SIGTERM)", "atomic.py: os.kill(process, 0)"}
CODE = [path for folder in ("scenes", "transformer_core") for path in (ROOT / folder).rglob("*.py")]


def unguarded(path):
    """Calls and imports that Windows lacks, in functions and modules that do not ask for the platform."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    def walk(node, asks):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.If | ast.Assign | ast.AnnAssign):
            # A module as a whole does not answer for its functions.
            inside = [] if isinstance(node, ast.Module) else [node]
            asks = asks or any("sys.platform" in ast.unparse(one) or "os.name" in ast.unparse(one) for one in inside)
        names = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Call | ast.Attribute):
            names = [ast.unparse(node.func if isinstance(node, ast.Call) else node)]
        if not asks:
            for name in names:
                if MISSING.fullmatch(name):
                    yield f"{path.name}: {ast.unparse(node)}"
        for child in ast.iter_child_nodes(node):
            yield from walk(child, asks)

    return set(walk(tree, asks=False))


def test_no_call_that_windows_lacks_is_made_without_asking_for_the_platform():
    found = set().union(*(unguarded(path) for path in CODE))
    assert {line for line in found if not any(line in allowed for allowed in ALLOWED)} == set()


@pytest.mark.parametrize(
    "code", ["import fcntl", "from signal import pthread_kill", "def f():\n    return os.geteuid()"], ids=range(3)
)
def test_a_call_that_windows_lacks_is_found(code, tmp_path):
    file = tmp_path / "code.py"
    file.write_text(code)
    assert unguarded(file)


def test_no_path_of_the_code_is_that_of_one_system():
    found = [
        f"{path.name}: {node.value}"
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.match(r"/(tmp|usr|etc|home|dev|var|bin)/?", node.value)
    ]
    assert found == []


def test_no_command_goes_through_a_shell():
    assert [path.name for path in CODE if re.search(r"shell=True|os\.system|os\.popen", path.read_text("utf-8"))] == []


def test_on_windows_a_folder_is_locked_by_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(files.sys, "platform", "win32")
    waited, entered = threading.Event(), []

    def second():
        with files.alone(tmp_path, waited.set):
            entered.append("second")

    with files.alone(tmp_path):
        other = threading.Thread(target=second)
        other.start()
        assert waited.wait(60)
        entered.append("first")
    other.join(60)
    assert entered == ["first", "second"]


def test_on_windows_no_process_is_asked_for_and_a_file_is_kept_for_a_day(tmp_path, monkeypatch):
    part = unfinished(tmp_path / "film.mp4")
    part.touch()
    monkeypatch.setattr(atomic.sys, "platform", "win32")
    monkeypatch.setattr(atomic, "lives", lambda _: pytest.fail("os.kill would end it"))
    assert not abandoned(part)


def test_powershell_can_read_the_bootstrap():
    script = (ROOT / "lecture.ps1").read_bytes()
    tree = Parser(Language(tree_sitter_powershell.language())).parse(script)
    assert not tree.root_node.has_error
    assert Parser(Language(tree_sitter_powershell.language())).parse(script + b"\nif (").root_node.has_error


def test_both_bootstraps_install_the_same():
    posix, powershell = ((ROOT / name).read_text(encoding="utf-8") for name in ("lecture", "lecture.ps1"))
    extras = re.compile(r"\[drawing[\w,]*\]")
    assert set(extras.findall(posix)) == set(extras.findall(powershell))
