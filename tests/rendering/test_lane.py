"""A lane does its calls in order, ahead of nobody, and tells of the first that fails."""

import threading

import numpy as np
import pytest

from scenes.rendering.clip import ClipWriter
from scenes.rendering.lane import DEPTH, CallQueue


def test_calls_are_done_in_their_order_in_another_thread():
    lane, done = CallQueue(), []
    for number in range(50):
        lane.do(lambda n: done.append((n, threading.current_thread().name)), number)
    lane.finish()
    assert done == [(number, "lane_0") for number in range(50)]


def test_not_more_calls_wait_than_there_is_room_for():
    lane, gate, started = CallQueue(), threading.Event(), []
    giver = threading.Thread(target=lambda: [lane.do(lambda: (started.append(1), gate.wait())) for _ in range(20)])
    giver.start()
    giver.join(timeout=0.3)
    assert giver.is_alive()
    assert len(lane._calls) <= DEPTH
    gate.set()
    giver.join()
    lane.finish()
    assert len(started) == 20


def test_the_first_error_is_raised_and_nothing_is_done_after_it():
    lane, done = CallQueue(), []

    def fail():
        raise ValueError("no room on the disk")

    lane.do(fail)
    lane.do(done.append, 1)
    with pytest.raises(ValueError, match="no room on the disk"):
        lane.finish()
    assert not done


def test_what_is_dropped_is_not_done():
    lane, gate, done = CallQueue(), threading.Event(), []
    lane.do(gate.wait)
    lane.do(done.append, 1)
    threading.Timer(0.1, gate.set).start()
    lane.drop()
    assert not done


def test_a_clip_whose_coding_fails_leaves_no_file(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(ClipWriter, "_put", fail)
    with pytest.raises(OSError, match="no space left"):
        write_shades(tmp_path / "clip.mp4", over=True)
    assert not list(tmp_path.iterdir())


def write_shades(path, over):
    """A clip of pictures that are drawn over one another, or of pictures that stay."""
    picture = np.zeros((90, 160, 4), np.uint8)
    with ClipWriter(path, (160, 90), 15) as clip:
        for shade in range(40):
            picture = picture if over else picture.copy()
            picture[:, :, :3] = shade * 6
            clip.write(picture)


def test_a_picture_that_is_drawn_over_while_it_waits_is_coded_as_it_was(tmp_path):
    for over in (False, True):
        write_shades(tmp_path / f"{over}.mp4", over)
    assert (tmp_path / "False.mp4").read_bytes() == (tmp_path / "True.mp4").read_bytes()
