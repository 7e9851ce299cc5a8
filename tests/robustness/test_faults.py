"""Disks without room, folders that take nothing, processes that die, files that were damaged, two at once.

Whatever happens, the command goes on or says why in one line; and what it makes afterwards is what it always makes.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_lecture import CHAPTER, FILM, LECTURE, goes_on, one_line

from scenes.production.belongings import LIST

NO_ROOM = "no space left on device; free some room and run it again, it goes on from there"


def test_an_output_without_room_is_one_line_and_later_the_same_film(disks, tiny, known):
    """Room for nothing, for the list and a part of a clip, for the clips, for pictures too, for all but the index."""
    kib = {path.relative_to(known.folder / "out"): -(-path.stat().st_size // 4096) * 4
           for path in (known.folder / "out").rglob("*.*")}  # fmt: skip
    clips, posters = (sum(size for path, size in kib.items() if path.parts[0] == k) for k in ("clips", "posters"))
    listed = kib[Path(LIST)]
    rooms = 0, listed + max(kib.values()) // 2, listed + clips, listed + clips + posters, sum(kib.values()) - 4
    said = disks(f"""
        for room in {" ".join(map(str, rooms))}; do
            disk out$room 1m; fill out$room $((1024 - room))
            render out$room; find out$room -name '*.part*'
            rm out$room/ballast; render out$room; cp out$room/tiny-480p15.mp4 film$room
        done""")
    refusals, later = said[0::4], said[2::4]
    assert said[1::4] == ["status 1"] * 5
    assert said[3::4] == ["status 0"] * 5
    assert all(line.startswith("lecture: out") and line.endswith(NO_ROOM) for line in refusals), refusals
    assert len({line.partition(": no space")[0].partition("/")[2] for line in refusals}) == 5
    assert all(line.endswith("0 of them drawn now") for line in later)
    assert {film.read_bytes() for film in tiny.folder.glob("film*")} == {known.film()}


def test_a_cache_that_is_full_in_mid_film_keeps_what_is_finished_and_goes_on_when_there_is_room(disks, tiny, known):
    tiny.redraw()
    said = disks("""
        mv cache filled; disk cache 24m; cp -a filled/. cache
        free=$(df --output=avail -k cache | tail -1); fill cache $((free - 112))
        render out; find cache -name '*.part*' -o -name '*partial*'
        rm cache/ballast; render out; cp -a cache/clips clips""")
    refusal, status, done, later = said
    assert (status, later) == ("status 1", "status 0")
    assert refusal.startswith(f"lecture: {tiny.cache}/clips/")
    assert refusal.endswith(NO_ROOM)
    assert done.endswith("1 of them drawn now")
    assert tiny.film() == known.film()


def test_a_clip_is_whole_or_not_there_wherever_its_disk_is_full(namespace, tmp_path):
    """The frames, the index at the end and the copy that brings it to the front: each write may be the one refused."""
    program = tmp_path / "program.py"
    program.write_text(CLIPS)
    command = [*namespace, sys.executable, str(program), str(tmp_path / "small")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "some refused, some whole, none damaged\n"


CLIPS = """
import subprocess, sys
from pathlib import Path
import numpy as np
from scenes.rendering.clip import ClipWriter

small = Path(sys.argv[1])
small.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", small], check=True)

def clip():
    noise = np.random.default_rng(0)
    with ClipWriter(small / "clip.mp4", (96, 54), 15) as writer:
        for _ in range(40):
            writer.write(noise.integers(0, 255, (54, 96, 3), np.uint8))

clip()
whole = (small / "clip.mp4").read_bytes()
refused = []
for room in range(4, 2 * len(whole) // 1024 + 8, 4):
    for old in small.iterdir():
        old.unlink()
    (small / "ballast").write_bytes(bytes((512 - room) * 1024))
    try:
        clip()
    except OSError as error:
        assert error.filename == str(small / "clip.mp4"), error
        assert [path.name for path in small.iterdir()] == ["ballast"]
        refused.append(room)
    else:
        assert (small / "clip.mp4").read_bytes() == whole, room
assert refused and refused[-1] < room
print("some refused, some whole, none damaged")
"""


@pytest.mark.parametrize("name", ["render", "stills", "slides", "page"])
def test_a_folder_that_takes_nothing_is_one_line_before_any_work(name, disks):
    said = disks(f"""
        disk locked 1m ro; rm -r cache
        lecture {name} tiny.toml --trust --output locked; lecture {name} tiny.toml --trust --output locked/new
        ls cache 2>/dev/null || true""")
    assert said == [
        *("lecture: locked: read-only file system", "status 1"),
        *("lecture: locked/new: read-only file system", "status 1"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        "clip scores.1 --output locked",
        "trace --output locked/all.npz",
        "train --output locked/new/mine.safetensors",
        "new locked/my.toml",
        "experiments run variance --output locked",
    ],
    ids=lambda arguments: arguments.partition(" ")[0],
)
def test_no_command_works_for_a_place_that_takes_nothing(arguments, disks):
    refusal, status = disks(f"disk locked 1m ro; lecture {arguments}")
    assert status == "status 1"
    assert refusal.startswith("lecture: locked")
    assert refusal.endswith(": read-only file system")


def test_a_cache_that_cannot_be_written_to_serves_what_it_has(disks, tiny, known):
    said = disks("""
        mount --bind cache cache; mount -o remount,bind,ro cache; render out
        umount cache; rm -r cache/clips; mount --bind cache cache; mount -o remount,bind,ro cache; render other""")
    assert said == [
        *(f"out/{FILM}  0:06, 2 steps, 0 of them drawn now", "status 0"),
        *(f"lecture: {next(tiny.cache.glob('clips'), tiny.cache / 'clips')}: read-only file system", "status 1"),
    ]
    assert tiny.film() == known.film()


@pytest.mark.parametrize("kind", ["html", "pptx", "page"])
def test_slides_and_pages_without_room_are_one_line_and_nothing_half_written(kind, disks):
    name = "page tiny.toml" if kind == "page" else f"slides tiny.toml --format {kind}"
    said = disks(f"""
        disk out 1m; fill out $((1024 - 316)); lecture {name} --trust --jobs 1 --output out
        find out -name '*.part*'; find out -path '*slides*' -o -path '*page*'""")
    assert said[-1] == "status 1"
    assert said[0].startswith("lecture: out/")
    assert said[0].endswith(NO_ROOM)
    assert len(said) == 2


DEATHS = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "without memory": "bytearray(1 << 60)",
    "aborted": "os.abort()",
}


@pytest.mark.parametrize("how", [*DEATHS])
def test_what_a_process_died_over_is_done_again(how, tiny, known):
    tiny.write("        weights =", _dying(DEATHS[how], tiny.folder / "died") + "        weights =")
    goes_on(tiny.render(wishes=("--jobs", "2")))
    assert (tiny.folder / "died").exists()
    assert tiny.film() == known.film()


@pytest.mark.parametrize("how", [*DEATHS])
def test_what_kills_every_process_is_one_line(how, tiny):
    tiny.write("        weights =", f"        import os, signal\n        {DEATHS[how]}\n        weights =")
    one_line(tiny.render(), "a drawing process died 2 times over the same steps; is there enough memory?")
    assert not tiny.unfinished()


def _dying(death: str, mark: Path) -> str:
    """Code of a chapter that a process dies of, once."""
    lines = [
        "import os, signal",
        f"mark = {str(mark)!r}",
        "if not os.path.exists(mark):",
        "    open(mark, 'x').close()",
    ]
    return "".join(f"        {line}\n" for line in [*lines, f"    {death}", "del os, signal, mark"])


def test_two_at_once_in_one_folder_both_end_whole(tiny, known):
    """They draw the same chapter and others; the index is that of the one that ended last."""
    tiny.redraw()
    (tiny.folder / "other.toml").write_text(LECTURE.replace("tiny.py", "other.py"))
    (tiny.folder / "other.py").write_text(CHAPTER.replace("Tiny", "Other"))
    command = [sys.executable, "-m", "scenes.cli.main", "render", "--trust", "--jobs", "1", "--output", "out"]
    runs = [
        subprocess.Popen([*command, file], cwd=tiny.folder, env=tiny.environment, stderr=subprocess.PIPE, text=True)
        for file in ("tiny.toml", "other.toml")
    ]
    for run in runs:
        _, said = run.communicate(timeout=300)
        assert run.returncode == 0, said
        assert said in {"", "lecture: waits for another command that writes to out\n"}
    assert tiny.film() == known.film()
    assert len((tiny.folder / "out" / "other-480p15.mp4").read_bytes()) > 0
    assert not tiny.unfinished()
