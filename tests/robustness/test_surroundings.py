"""A system that lacks what one takes for granted: a home, UTF-8, fonts, a right clock, a terminal, a plain path."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tiny_lecture import LECTURE, ROOT, goes_on, one_line

from scenes.production.crew import in_one_line

#: As an old container has it: no locale, and Python told to believe it.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}


@pytest.fixture
def nobody():
    """The beginning of a command that is run by a user of whom the system knows no name and no home."""
    command = ("unshare", "--user", "--map-user=54321", "--map-group=54321")
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("users cannot be made up here: this needs user namespaces")
    return command


@pytest.mark.parametrize("home", ["", "not/there", "/proc/nothing"])
def test_a_home_is_not_needed(home, tiny, known):
    """An empty name, one below the folder of now, one that nobody can make."""
    tiny.redraw()
    goes_on(tiny.render(environment={"HOME": home}))
    assert tiny.film() == known.film()
    assert not (tiny.folder / "not").exists()


def test_a_user_without_a_name_and_a_home_gets_the_film(nobody, tiny, known):
    tiny.redraw()
    goes_on(tiny.render(around=nobody, unset=["HOME", "USER", "LOGNAME"]))
    assert tiny.film() == known.film()


def test_what_a_user_may_not_write_to_is_one_line(nobody, tiny):
    (tiny.folder / "locked").mkdir(mode=0o555)
    one_line(tiny.render("locked", around=nobody), "lecture: locked: permission denied")
    one_line(tiny.render("locked/new", around=nobody), "lecture: locked/new: permission denied")


def test_no_environment_but_a_path_is_enough(tiny, known):
    tiny.redraw()
    goes_on(tiny.render(unset=set(os.environ) - {"PATH"}))
    assert tiny.film() == known.film()


def test_a_system_of_ascii_alone_draws_and_names_what_has_more(tiny, known):
    tiny.redraw()
    goes_on(tiny.render("salída", environment=ASCII))
    assert tiny.film("salída") == known.film()
    unknown = tiny.lecture("script", "scores", "--text", "El coche está", environment=ASCII)
    one_line(unknown, "coche", "está")


@pytest.mark.parametrize(
    ("environment", "encoding", "red"),
    [(ASCII, "utf-8", "“red”"), ({"PYTHONIOENCODING": "ascii"}, "utf-8", "“red”"),
     ({"PYTHONIOENCODING": "latin-1"}, "latin-1", r"\u201cred\u201d")],
    ids=["a system of ASCII", "a stream of ASCII", "a stream of Latin-1"],
)  # fmt: skip
def test_spanish_is_said_into_any_stream(environment, encoding, red, tiny):
    """ASCII is what a system says that does not know: it gets UTF-8. Another encoding gets codes for what it lacks."""
    wishes = ("script", "scores", "--language", "es")
    said = tiny.lecture(*wishes, environment=environment, encoding=encoding)
    assert (said.returncode, said.stderr) == (0, "")
    assert red in said.stdout
    assert "¿Encaja la consulta" in said.stdout


def test_fonts_of_the_system_are_not_needed(tiny, known):
    empty = tiny.folder / "fonts.conf"
    empty.write_text("<fontconfig/>")
    tiny.redraw()
    goes_on(tiny.render(environment={"FONTCONFIG_FILE": str(empty), "FONTCONFIG_PATH": str(tiny.folder)}))
    assert tiny.film() == known.film()


def test_a_font_of_ours_that_is_missing_is_one_line(tiny):
    """An installation that was damaged: the package is there, its file is not."""
    (tiny.folder / "fontpkg_inter").mkdir()
    (tiny.folder / "fontpkg_inter" / "__init__.py").touch()
    tiny.redraw()
    places = f"{tiny.folder}:{tiny.environment['PYTHONPATH']}"
    one_line(tiny.render(environment={"PYTHONPATH": places}), "Inter[opsz,wght].ttf")


CLOCK = """
import time
real, first = time.time, time.time()
time.time = lambda: {ahead} + {pace} * (real() - first) + {start}
"""


CLOCKS = {
    "1970": {"start": 0, "ahead": 0, "pace": 1},
    "forty days ahead": {"start": "first", "ahead": 40 * 86400, "pace": 1},
    "backwards": {"start": "first", "ahead": 0, "pace": -86400 * 40},
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_wrong_clock_makes_the_same_film(clock, tiny, known):
    (tiny.folder / "sitecustomize.py").write_text(CLOCK.format(**CLOCKS[clock]))
    tiny.redraw()
    environment = {"PYTHONPATH": f"{tiny.folder}:{tiny.environment['PYTHONPATH']}"}
    goes_on(tiny.render(environment=environment))
    assert tiny.film() == known.film()
    goes_on(tiny.render())
    assert tiny.film() == known.film()


@pytest.mark.parametrize("year", [1970, 2100])
def test_files_of_another_time_are_the_same_files(year, tiny, known):
    moment = (year - 1970) * 365.25 * 86400
    for path in tiny.cache.rglob("*"):
        os.utime(path, (moment, moment))
    done = tiny.render()
    goes_on(done)
    assert done.stdout.endswith("0 of them drawn now\n")
    assert tiny.film() == known.film()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_is_said_into_a_closed_stream_gets_into_no_film(closed, tiny, known):
    tiny.redraw()
    command = f'exec "$0" -m scenes.cli.main render tiny.toml --trust --jobs 1 --output out {closed}'
    done = tiny.lecture(around=("sh", "-c", command))
    assert done.returncode == 0
    assert tiny.film() == known.film()


PRINTING = ("model", 'compare --table --edit-b "encoder.1.self_attn.weights[head=2]=0"', "list", "words", "models")


@pytest.mark.parametrize("command", [*PRINTING, "script tiny.toml --trust"])
def test_a_command_that_only_prints_says_that_there_is_nowhere_to_print_to(command, tiny):
    done = tiny.lecture(around=("sh", "-c", f'exec "$0" -m scenes.cli.main {command} >&-'))
    one_line(done, "lecture: standard output is closed, and this command does nothing but print")


@pytest.mark.parametrize("command", ["list", "model", "script scores"])
def test_a_current_folder_that_was_removed_is_one_line(command, tiny):
    script = f'mkdir gone; cd gone; rmdir ../gone; exec "$0" -m scenes.cli.begin {command}'
    one_line(
        tiny.lecture(around=("sh", "-c", script)), "lecture: the current folder was removed: change to one that is"
    )


@pytest.mark.parametrize("mib", [58, 300, 540, 1023])
def test_too_little_memory_is_one_line_and_not_the_words_of_a_library(mib, tiny):
    script = f'ulimit -v {mib * 1024}; exec "$0" -m scenes.cli.begin model'
    line = f"lecture: ulimit -v leaves {mib} MiB of memory, and at least 1024 are needed, for films more"
    one_line(tiny.lecture(around=("sh", "-c", script)), line)


def test_a_library_that_finds_no_room_in_memory_is_told_as_a_lack_of_memory():
    error = ImportError("libtorch_cpu.so: failed to map segment from shared object")
    assert in_one_line(error) == in_one_line(OSError(errno.ENOMEM, "Cannot allocate memory"))
    assert in_one_line(error) == in_one_line(MemoryError())


def test_a_reader_who_has_seen_enough_hears_no_complaint(tiny):
    for arguments in ("list", "words", "script tiny.toml --trust", "--help"):
        command = f'"$0" -m scenes.cli.main {arguments} | head -n 1 >&2'
        done = tiny.lecture(around=("sh", "-c", command))
        assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_stream_without_room_is_one_line(tiny):
    for arguments in (("list",), ("words",), ("script", "tiny.toml", "--trust")):
        with Path("/dev/full").open("w") as full:
            one_line(tiny.lecture(*arguments, stdout=full), "no space left on device")
            assert tiny.lecture(*arguments, stdout=full, stderr=full).returncode == 1


TRICKY = "two\nlines", "日本語 ñ 🚗", "a: b", "-q"
PATHS = (*TRICKY, "with spaces", "with 'one' and \"two\"", "%d %s", "deep/" * 12 + "x" * 200)


@pytest.mark.parametrize("name", [*PATHS], ids=lambda name: name[:12].strip())
def test_any_path_can_be_an_output(name, tiny, known):
    done = tiny.render(name)
    goes_on(done)
    assert tiny.film(name) == known.film()


CURSED = "o\x1b[2J\n\u202eut"
SAYING = {
    "render": ("render", "tiny.toml", "--trust", "--jobs=1", f"--output={CURSED}"),
    "stills": ("stills", "tiny.toml", "--trust", "--jobs=1", f"--output={CURSED}"),
    "slides": ("slides", "tiny.toml", "--trust", "--jobs=1", f"--output={CURSED}"),
    "page": ("page", "tiny.toml", "--trust", "--jobs=1", f"--output={CURSED}"),
    "clip": ("clip", "scores.1", "--format=png", "--width=160", f"--output={CURSED}"),
    "trace": ("trace", f"--output={CURSED}.npz"),
    "script": ("script", "tiny.toml", "--trust"),
    "compare": ("compare", "--edit-b=encoder.1.self_attn.weights[head=2]=0", "--table", f"--trace={CURSED}.npz"),
    "new": ("new", f"{CURSED}.toml"),
}


@pytest.mark.parametrize("name", [*SAYING])
def test_a_name_or_a_text_of_a_user_cannot_move_the_cursor(name, tiny, request):
    """Also when all goes well. Sentences, titles and narration may come from files of others."""
    if name == "trace":
        shutil.copytree(request.getfixturevalue("surveyed"), tiny.cache, dirs_exist_ok=True)
    said = "It begins.\\u202e"
    (tiny.folder / "tiny.toml").write_text(f'{LECTURE}sentence = "the red\\n car"\n')
    tiny.write('"One", beat("It begins."', f'"One{said}", beat("{said}"')
    done = tiny.lecture(*SAYING[name])
    assert done.returncode == 0, done.stderr
    assert done.stdout
    for text in (done.stdout, done.stderr):
        assert not [char for char in text.replace("\n", "") if char < " " or char in "\x7f\x9b\u202e"], text
        assert "\nut" not in text


def test_a_path_that_the_system_does_not_take_is_one_line(tiny):
    one_line(tiny.render("x" * 300), "file name too long")
    one_line(tiny.render("deep/" * 2000), "file name too long")
    (tiny.folder / "renders").write_text("mine")
    one_line(tiny.lecture("render", "tiny.toml", "--trust"), "not a directory")
    caches = {"XDG_CACHE_HOME": str(tiny.folder / "renders")}
    one_line(tiny.lecture("script", "scores", unset=["LECTURE_CACHE"], environment=caches), "not a directory")
    one_line(tiny.render(environment={"LECTURE_CACHE": "renders"}), "not a directory")
    assert (tiny.folder / "renders").read_text() == "mine"


@pytest.mark.parametrize("temporary", ["not/there", "a file", "locked"])
def test_a_folder_for_what_passes_is_found_elsewhere(temporary, tiny, known):
    (tiny.folder / "a file").touch()
    (tiny.folder / "locked").mkdir(mode=0o555)
    tiny.redraw()
    goes_on(tiny.render(environment={"TMPDIR": temporary}))
    assert tiny.film() == known.film()


def test_no_folder_for_what_passes_is_one_line(disks, tiny):
    """Neither the usual places nor the folder of now take files; the cache and the output do."""
    tiny.redraw()
    said = disks("""
        mount --bind "$PWD" /mnt; cd /mnt; export LECTURE_CACHE=/mnt/cache
        mkdir out; mount --bind cache cache; mount --bind out out
        for place in /tmp /var/tmp /usr/tmp; do
            [ ! -d $place ] || { mount --rbind $place $place; mount -o remount,bind,ro $place; }
        done
        mount -o remount,bind,ro /mnt; render out""")
    assert said[-1] == "status 1"
    assert len(said) == 2
    assert said[0].startswith("lecture: no usable temporary directory found")


@pytest.mark.parametrize("disk", ["disk .venv 1m ro", "disk .venv 64k; fill .venv 64"], ids=["read-only", "full"])
def test_a_checkout_that_takes_nothing_is_one_line(disk, disks, tiny):
    for name in ("lecture", "pyproject.toml"):
        shutil.copy(ROOT / name, tiny.folder / name)
    said = disks(f"{disk}; status=0; ./lecture list 2>&1 || status=$?; echo $status")
    assert said == [f"lecture: {tiny.folder}/.venv takes no files: is the disk full, or read-only?", "73"]
