"""Recording one's own narration: a beat at a time, kept or taken again, gone on with, and without a microphone."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from scenes.cli import main as cli
from scenes.cli import orders, recording
from scenes.production.studio import Studio
from scenes.speech import sound
from scenes.speech.recordings import Recordings


@pytest.fixture
def studio(place, monkeypatch):
    """A place whose chapter is recorded; each take is a tone as long as the number of the take."""
    takes, played = [], []

    class Stream:
        def __init__(self, rate, channels, callback):
            assert (rate, channels) == (sound.RATE, 1)
            self.callback = callback

        def __enter__(self):
            takes.append(0.2 * np.sin(np.arange(sound.RATE * (len(takes) + 1) // 4) / 20))
            for start in range(0, len(takes[-1]), 4096):
                self.callback(takes[-1][start : start + 4096, None].astype(np.float32), 0, None, None)

        def __exit__(self, *_):
            return None

    fake = SimpleNamespace(
        InputStream=Stream, query_devices=lambda kind: kind, play=lambda samples, _: played.append(len(samples)),
        wait=lambda: None, PortAudioError=RuntimeError,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr(recording, "order_of", lambda *_, **__: place.order("counting"))
    monkeypatch.setattr(orders, "open_store", lambda: place.store)
    return SimpleNamespace(place=place, takes=takes, played=played, device=fake)


def recorded(studio, *answers, options=()):
    folder = studio.place.folder / "narration"
    words = ["record", "--output", str(folder), *options]
    return CliRunner().invoke(cli.lecture, words, input="".join(f"{answer}\n" for answer in answers)), folder


def test_a_beat_is_shown_recorded_played_and_kept_and_a_later_run_goes_on(studio):
    first, folder = recorded(studio, "", "", "k", "q")
    assert first.exit_code == 0, first.output
    assert "1 of 4: counting 1, One <b>, beat 1 of 2" in first.output
    assert "It begins." in first.output
    assert [path.name for path in folder.iterdir()] == ["counting-01-1.flac"]
    assert len(studio.played) == 1
    second, _ = recorded(studio, "", "", "a", "", "", "l", "k", "s", "q")
    assert "1 of 3: counting 1, One <b>, beat 2 of 2" in second.output
    assert {path.name for path in folder.iterdir()} == {"counting-01-1.flac", "counting-01-2.flac"}
    kept = sound.read(folder / "counting-01-2.flac")
    assert len(kept) / sound.RATE == pytest.approx(3 / 4, abs=0.05)  # the third take
    assert len(studio.played) == 4
    film = Studio(studio.place.store, studio.place.film("other") and studio.place.progress).film(
        studio.place.order("counting", recordings=Recordings(folder))
    )
    assert film.doubts == ()


def test_what_is_to_be_said_is_listed_with_the_names_of_files_without_a_microphone(studio, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    (studio.place.folder / "narration").mkdir()
    sound.keep(np.ones(4800, np.float32) / 2, sound.RATE, studio.place.folder / "narration" / "counting-02.flac")
    done, _ = recorded(studio, options=["--list"])
    lines = done.output.splitlines()
    assert [line.split()[0] for line in lines] == [f"counting-{name}.wav" for name in ("01-1", "01-2", "02-1", "03-1")]
    assert ["is there" in line for line in lines] == [False, False, True, False]


def test_nothing_heard_and_an_answer_that_is_none_are_told(studio, monkeypatch):
    monkeypatch.setattr(studio.device.InputStream, "__enter__", lambda self: self.callback(np.zeros((9, 1)), 0, 0, 0))
    done, folder = recorded(studio, "x", "", "", "q")
    assert "'x' is none of Enter, s, q" in done.output
    assert "nothing was heard" in done.output
    assert not list(folder.iterdir())


@pytest.mark.parametrize("what", ["library", "PortAudio", "microphone"])
def test_a_recorder_that_is_not_there_is_one_line_with_the_way_round(studio, monkeypatch, capsys, what):
    def missing(kind):  # noqa: ARG001 - as sounddevice calls it
        raise OSError if what == "PortAudio" else RuntimeError

    monkeypatch.setattr(studio.device, "query_devices", missing)
    if what == "library":
        monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SystemExit) as end:
        cli.main(["record", "counting"])
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("files of your own serve as well: lecture record --list says how they are called")
