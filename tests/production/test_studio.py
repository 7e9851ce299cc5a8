"""An order is done once, in parallel, whole or not at all, and a change draws again what it changes."""

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from scenes.production import crew
from scenes.production.cache_folder import opened
from scenes.production.crew import Crew
from scenes.production.drawing import Job, sources_of, survey
from scenes.production.facts import StepFacts
from scenes.production.look import CAPTIONS, Look
from scenes.production.studio import Studio, _runs
from transformer_core.studies import results
from transformer_core.tracing.trace import NamedTensor, Trace

LOOK = Look(96, 54, 15, "dark")


def contents(folder):
    """The bytes of every clip and poster, by name."""
    files = sorted([*folder.glob("clips/*"), *folder.glob("posters/*")])
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def index(place):
    return json.loads((place.folder / "out" / "steps.json").read_text())


def test_the_film_has_the_frames_of_all_steps(finished):
    steps = index(finished)["steps"]
    counted = []
    for step in steps:
        with av.open(str(finished.folder / "out" / step["clip"])) as clip:
            counted.append(clip.streams.video[0].frames)
    with av.open(str(finished.made.film)) as film:
        assert sum(1 for _ in film.decode(video=0)) == sum(counted)
    assert [round(step["duration"] * 15) for step in steps] == counted


def test_the_film_has_a_chapter_mark_for_each_step_and_the_captions(finished):
    with av.open(str(finished.made.film)) as film:
        assert film.metadata["title"] == "Counting; Other"
        assert [mark["metadata"]["title"] for mark in film.chapters()] == ["One <b>", "Two", "Three", "Alone"]
        captions = [bytes(p)[2:].decode() for p in film.demux(film.streams.subtitles[0]) if p.size > 2]
    assert captions == ["It begins.", "Here it is.", "“car” gets 62%.", "Done.", "One."]


@pytest.mark.parametrize("captions", CAPTIONS)
def test_captions_are_drawn_or_a_track_that_is_shown_or_nowhere(place, captions):
    """A track that is there beside captions in the picture is shown by no player unless it is asked for."""
    made = place.film("counting", captions=captions, look=replace(LOOK, bare=captions != "burnt"))
    (_, poster, *_) = (np.asarray(Image.open(made.folder / step["poster"])) for step in index(place)["steps"])
    assert (np.ptp(poster[-6:]) > 40) == (captions == "burnt")
    with av.open(str(made.film)) as film:
        tracks = [bool(one.disposition & Disposition.default) for one in film.streams.subtitles]
        assert sum(1 for _ in film.decode(video=0)) == round(made.seconds * LOOK.rate)
    assert tracks == {"burnt": [False], "track": [True], "none": []}[captions]
    texts = sorted(file.name for file in made.folder.iterdir() if file.suffix in {".srt", ".vtt"})
    assert index(place)["captions"] == texts == ([] if captions == "none" else ["film.srt", "film.vtt"])


def test_a_track_or_nothing_are_the_same_pictures_and_are_drawn_once(place):
    look = replace(LOOK, bare=True)
    assert place.film("counting", captions="track", look=look).drawn == 3
    assert place.film("counting", captions="none", look=look).drawn == 0


def test_every_caption_of_the_index_lies_within_its_step(finished):
    for step in index(finished)["steps"]:
        assert all(0 <= cue["start"] < cue["end"] <= step["duration"] + 1e-6 for cue in step["cues"])


def test_every_entry_of_the_index_is_an_entry_of_the_trace(finished):
    trace = Trace.load(finished.folder / "trace.npz")
    entries = [entry for step in index(finished)["steps"] for entry in step["shown"]]
    assert entries
    for entry in entries:
        if "axis" in entry:
            assert trace[entry["name"]].labels[entry["axis"]][entry["index"][0]] == entry["value"]
        else:
            assert trace[entry["name"]].values[tuple(entry["index"])] == entry["value"]


def test_each_step_has_a_poster_of_the_size_of_the_film_and_each_chapter_a_contact_sheet(finished):
    for step in index(finished)["steps"]:
        with Image.open(finished.folder / "out" / step["poster"]) as poster:
            assert poster.size == (96, 54)
            assert len(poster.getcolors(96 * 54)) > 1
    assert sorted(f.name for f in (finished.folder / "out").glob("contact-sheet-*")) == [
        "contact-sheet-counting.png",
        "contact-sheet-other.png",
    ]


def test_a_second_run_draws_nothing_and_starts_no_process(place):
    place.film("counting")
    before = contents(place.folder / "out")
    assert place.film("counting").drawn == 0
    assert place.progress.begun == []
    assert contents(place.folder / "out") == before


def test_processes_get_ready_while_an_unknown_sentence_is_read(place, quiet, monkeypatch):
    ready, trace = [], place.store.trace

    def unknown(computing, **asked):
        computing()
        assert ready == [(1, 1)]
        return trace(**asked)

    monkeypatch.setattr(Crew, "prepare", lambda crew, count: ready.append((crew.size, count)))
    monkeypatch.setattr(Crew, "perform", lambda *_: [[]])
    place.store.trace = unknown
    Studio(place.store, quiet()).script(place.order("counting"))
    assert ready == [(1, 1)] * 2  # once more when there is work for them: a cluster then waits for a worker


def test_a_change_of_one_step_draws_that_step_alone(place):
    place.film("counting")
    before = contents(place.folder / "out")
    place.write("Here it is.", "There it is.")
    assert place.film("counting").drawn == 1
    changed = {name for name, digest in contents(place.folder / "out").items() if before[name] != digest}
    assert changed == {"counting-01.mp4", "counting-01.png"}


def test_a_change_that_later_steps_build_on_draws_them_too(place):
    """Saved at the same moment and as long as before, so that Python would take old bytecode for the new file's."""
    file = place.chapters / "c01_counting.py"
    moment = file.stat().st_mtime_ns
    place.film("counting")
    place.write("first = centred(number(shares.quantity(0)))", "first = centred(number(shares.quantity(2)))")
    os.utime(file, ns=(moment, moment))
    assert place.film("counting").drawn == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        query, share", "        # The largest share.\n        query, share"),
        ("shares.quantity(1)", 'shares.quantity(*{"key": 1}.values())'),
    ],
    ids=["a comment", "another way to write it"],
)
def test_what_changes_no_picture_draws_nothing_again(place, old, new):
    place.film("counting")
    place.write(old, new)
    assert place.film("counting").drawn == 0


def test_a_changed_result_of_an_experiment_draws_again_what_reads_it(place, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    name = "experiment.counting.value"
    place.write("shares.quantity(1)", f'trace["{name}"]')
    order, keys = place.order("counting"), []
    for value in (1.0, 1.0, 2.0):
        Trace({name: NamedTensor(name, np.array(value), ())}).save(tmp_path / "results" / "counting")
        job = Job(order.entries[0], place.folder / "trace.npz", "tiny", order.look, sources_of(order.entries[0]))
        keys.append([step.key for step in survey(job, lambda *_: None)])
    assert keys[0] == keys[1]
    assert [old == new for old, new in zip(keys[1], keys[2], strict=True)] == [True, True, False]


def test_two_processes_make_the_same_bytes_as_one(finished, place):
    place.film(jobs=2)
    assert contents(place.folder / "out") == contents(finished.folder / "out")


def test_a_step_drawn_after_skipped_ones_is_the_same_as_in_a_whole_run(place):
    place.film("counting")
    before = contents(place.folder / "out")
    last = json.loads(next(place.store.folder.glob("surveys/*.json")).read_text())[-1]
    place.store.clip(last["key"]).with_suffix(".mp4").unlink()
    assert place.film("counting").drawn == 1
    assert contents(place.folder / "out") == before


def test_stills_are_the_posters_of_the_film_without_a_clip(finished, place):
    place.stills()
    assert not list((place.folder / "out").glob("**/*.mp4"))
    for poster in (place.folder / "out" / "posters").iterdir():
        assert poster.read_bytes() == (finished.folder / "out" / "posters" / poster.name).read_bytes()


def test_a_failing_step_is_one_line_and_leaves_no_half_file(place):
    place.write("        last = number", '        raise ValueError("no such\\nword")\n        last = number')
    with pytest.raises(RuntimeError, match=r"^no such word$"):
        place.film("counting")
    assert not [f for f in place.folder.rglob("*") if ".part" in f.name]


def test_progress_counts_every_frame_and_every_step(place):
    place.film("other")
    (_, survey), (_, total) = [(what, frames or steps) for what, frames, steps in place.progress.begun]
    assert (place.progress.frames, place.progress.steps) == (total, survey + 1)


def test_clips_of_an_earlier_film_that_this_one_has_not_are_removed(place):
    place.film()
    place.film("counting")
    assert not (place.folder / "out" / "clips" / "other-01.mp4").exists()
    assert (place.folder / "out" / "clips" / "counting-01.mp4").exists()


def test_a_drawing_process_never_imports_torch():
    code = (
        "import sys, scenes.production.drawing, scenes.stage.chapter, scenes.rendering; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def facts(chapter, number, length):
    return StepFacts(chapter, number, "", "", (), (), length, f"{chapter}{number}")


def test_runs_are_of_like_length_and_cross_no_chapter():
    steps = [facts("a", n, 100) for n in range(1, 9)] + [facts("b", 1, 300)]
    runs = _runs(steps, 4)
    assert sorted([[(s.chapter, s.number) for s in run] for run in runs]) == [
        [("a", 1), ("a", 2), ("a", 3)],
        [("a", 4), ("a", 5), ("a", 6)],
        [("a", 7), ("a", 8)],
        [("b", 1)],
    ]


def test_what_only_manims_own_camera_can_draw_is_told(place):
    drawing = "from manim import Cube\n        self.add(Cube())\n        query, share"
    place.write("query, share", drawing)
    assert place.film("counting").left_to_manim == ("a Square",)  # a face of the cube


def test_what_is_used_is_not_forgotten_however_old_it_is(place):
    opened(place.store.folder)
    place.film("counting")
    month_ago = time.time() - 31 * 86400
    for path in place.store.folder.glob("*/*"):
        os.utime(path, (month_ago, month_ago))
    unused = place.store.folder / "clips" / f"{'0' * 32}.mp4"
    unused.touch()
    os.utime(unused, (month_ago, month_ago))
    assert place.film("counting").drawn == 0
    assert not unused.exists()


RECORDED = '''
from scenes.animations import appear
from scenes.layout import centred
from scenes.mobjects.text import number
from scenes.stage.chapter import Chapter, Step, beat

class Recorded(Chapter):
    """A number of an experiment."""
    number = 3
    title = "Recorded"
    recorded = "variance"

    def steps(self, trace):
        yield Step("One", beat("One.", appear(centred(number(trace["READ"].quantity(0))))))
'''


def test_a_recorded_chapter_reads_no_sentence_and_is_drawn_once_for_all(place):
    path = place.chapters / "c03_recorded.py"
    path.write_text(RECORDED.replace("READ", "experiment.variance.width"))
    assert place.film("recorded").drawn == 1
    other = NamedTensor("shares", np.ones((1, 1)), ("query", "key"), {"query": ("a",), "key": ("b",)})
    saved = Trace({"shares": other}).save(place.folder / "other.npz")
    place.store.trace = lambda *_, **__: (saved, "other")
    assert place.film("recorded").drawn == 0
    path.write_text(RECORDED.replace("READ", "shares"))
    with pytest.raises(Exception, match="no tensor 'shares'"):
        place.film("recorded")


def test_a_crew_takes_processes_that_were_started_while_a_model_was_read():
    crew.start_early(1)
    ((line, process),) = crew._early
    with Crew(1, lambda *_: None) as here:
        here.prepare(1)
        assert here.processes == {line: process}
    assert not crew._early
    assert not process.is_alive()


@pytest.mark.parametrize("signal_is_lost", [False, True])
def test_processes_that_were_started_early_end_when_nobody_needs_them(signal_is_lost, monkeypatch):
    crew.start_early()
    ((line, process),) = crew._early
    if signal_is_lost:  # a library that is being imported catches what the signal raises
        monkeypatch.setattr(process, "terminate", lambda: None)
    crew.dismiss_early()
    assert not crew._early
    assert line.closed
    assert not process.is_alive()
