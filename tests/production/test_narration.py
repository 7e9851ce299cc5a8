"""A voice: steps last as long as they are spoken, sound stands where it belongs, and nothing depends on it."""

import hashlib
import json
import subprocess
import sys
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.signal import correlate, resample_poly

from scenes.production.drawing import Job, sources_of, survey
from scenes.speech import sound
from scenes.speech.recordings import Recordings
from scenes.speech.voices import voice
from scenes.stage.captions import reading_seconds, shares_of, split

ROOT = Path(__file__).resolve().parents[2]
RATE = 15


@pytest.fixture(scope="module")
def heart():
    pytest.importorskip("hibari")
    return voice("heart", "en")


@pytest.fixture(scope="module")
def narrated(heart, new_place, tmp_path_factory):
    """A place where the film of both chapters has been made with a voice."""
    place = new_place(tmp_path_factory.mktemp("narrated"))
    place.made = place.film(voice=heart)
    return place


def index(place):
    return json.loads((place.folder / "out" / "steps.json").read_text())


def test_the_film_has_picture_sound_captions_and_chapter_marks(narrated):
    with av.open(str(narrated.made.film)) as film:
        names = [stream.name for stream in film.streams if stream.type in {"video", "audio", "subtitle"}]
        assert names == ["h264", "aac", "mov_text"]
        assert film.streams.audio[0].metadata["language"] == "eng"
        assert len(film.chapters()) == 4
        picture, heard = film.streams.video[0], film.streams.audio[0]
        assert picture.start_time == heard.start_time == 0
        seconds = [float(stream.duration * stream.time_base) for stream in (picture, heard)]
    assert seconds[1] == pytest.approx(seconds[0], abs=0.001)


def test_a_film_without_a_voice_has_no_sound(finished):
    with av.open(str(finished.made.film)) as film:
        assert not film.streams.audio
    assert index(finished)["voice"] is None


def test_each_beat_is_heard_where_it_begins_and_ends_before_the_next(narrated, heart):
    film = sound.read(narrated.made.film)
    steps = index(narrated)["steps"]
    for step in steps:
        ends = [beat["start"] for beat in step["beats"][1:]] + [step["duration"]]
        for beat, end in zip(step["beats"], ends, strict=True):
            samples, rate = heart.say(read_out(beat["text"]))
            said = sound.trimmed(samples, rate)
            assert len(said) / rate < end - beat["start"]
            place = sound.samples(step["start"] + beat["start"])
            heard = film[place : place + 2 * len(said)]
            clear = np.repeat(said, 2)[: len(heard)]  # half the rate of the film's
            lag = correlate(heard, clear, "full").argmax() - (len(clear) - 1)
            assert abs(lag) <= 4, (beat, lag)


def read_out(text):
    return text.replace("“car” gets 62%.", "Car gets sixty-two percent.")


def test_a_silence_at_a_beat_is_as_long_as_a_breath(narrated):
    film = sound.read(narrated.made.film)
    first = index(narrated)["steps"][0]
    start, second = (sound.samples(beat["start"]) for beat in first["beats"])
    loud = np.flatnonzero(np.abs(film[start : second + sound.RATE]) > 0.02) / sound.RATE
    gaps = np.diff(loud)
    assert 0.35 < gaps.max() < 0.8


def test_the_film_and_each_clip_are_at_minus_16_lufs_and_not_clipped(narrated):
    film = sound.read(narrated.made.film)
    assert sound.loudness(film) == pytest.approx(-16, abs=1)
    for step in index(narrated)["steps"]:
        clip = sound.read(narrated.folder / "out" / step["clip"])
        assert sound.loudness(clip) == pytest.approx(-16, abs=1)
        assert np.abs(clip).max() < 1
    assert np.abs(film).max() < 1


def test_a_clip_has_the_sound_of_its_step_in_the_film(narrated):
    film = sound.read(narrated.made.film)
    for step in index(narrated)["steps"]:
        clip = sound.read(narrated.folder / "out" / step["clip"])
        count = sound.samples(step["duration"])
        start = sound.samples(step["start"])
        part = film[start : start + count]
        assert len(clip) >= count
        # Each was coded once, and coding loses something.
        assert np.sqrt(np.mean((clip[: len(part)] - part) ** 2)) < 0.02 * np.sqrt(np.mean(part**2)) + 0.01


def test_captions_stand_while_their_words_are_spoken(narrated):
    for step in index(narrated)["steps"]:
        starts = [beat["start"] for beat in step["beats"]]
        assert [cue["start"] for cue in step["cues"]] == pytest.approx(starts)
        for cue in step["cues"]:
            text = " ".join(cue["lines"])
            assert len(text) / (cue["end"] - cue["start"]) <= 20


def test_a_second_run_speaks_and_draws_nothing_and_another_one_gives_the_same_bytes(
    narrated, heart, new_place, tmp_path, monkeypatch
):
    def files(place):
        found = [*place.folder.glob("out/**/*.mp4")]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    again = new_place(tmp_path)
    again.film(voice=heart)
    assert files(again) == files(narrated)
    monkeypatch.setattr(type(heart), "say", lambda *_: pytest.fail("it speaks again"))
    monkeypatch.setattr(sound, "encode", lambda *_: pytest.fail("it encodes again"))
    assert again.film(voice=heart).drawn == 0


def test_a_changed_beat_is_spoken_and_drawn_again_alone(heart, place, monkeypatch):
    place.film("counting", voice=heart)
    place.write("Here it is.", "There you can see that it is.")
    said, say = [], type(heart).say
    monkeypatch.setattr(type(heart), "say", lambda self, text: said.append(text) or say(self, text))
    assert place.film("counting", voice=heart).drawn == 1
    assert said == ["There you can see that it is."]


def tone(seconds: float, pitch: float = 440) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * sound.RATE)) / sound.RATE)).astype(np.float32)


def record(path: Path, seconds: float) -> Path:
    """A tone in the kind of file that the name of `path` says."""
    path.parent.mkdir(exist_ok=True)
    codecs = {".wav": "pcm_s16le", ".mp3": "mp3", ".flac": "flac", ".m4a": "aac"}
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codecs[path.suffix], rate=sound.RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray((tone(seconds)[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = sound.RATE, 0
        for made in av.AudioResampler(stream.format.name, "mono", sound.RATE).resample(frame):
            file.mux(stream.encode(made))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("kind", ["wav", "mp3", "flac", "m4a"])
def test_recordings_of_every_kind_are_read(tmp_path, kind):
    found = sound.read(record(tmp_path / f"scores-01.{kind}", 1.5))
    assert len(found) == pytest.approx(1.5 * sound.RATE, rel=0.05)
    assert np.argmax(np.abs(np.fft.rfft(found[: sound.RATE]))) == pytest.approx(440, abs=2)


def test_a_recording_takes_the_place_of_the_voice_in_its_step_and_its_beats_share_its_length(narrated, heart, place):
    record(place.folder / "narration" / "counting-01.wav", 7.0)
    record(place.folder / "narration" / "counting-02.mp3", 5.0)
    place.film("counting", voice=heart, recordings=Recordings(place.folder / "narration"))
    first, second, third = index(place)["steps"]
    assert first["duration"] >= first["beats"][0]["start"] + 7.0
    assert second["duration"] >= 5.0
    assert third["duration"] == index(narrated)["steps"][2]["duration"]
    assert index(place)["voice"] == "recordings and heart"
    begin, middle = (beat["start"] for beat in first["beats"])
    shares = (middle - begin, first["cues"][-1]["end"] - middle)
    assert shares[0] / sum(shares) == pytest.approx(2 / 5, abs=0.02)  # two words and three
    clip = sound.read(place.folder / "out" / first["clip"])
    heard = np.flatnonzero(np.abs(clip) > 0.05) / sound.RATE
    assert (heard[0], heard[-1]) == pytest.approx((begin, begin + 7.0), abs=0.05)
    assert sound.loudness(clip) == pytest.approx(-16, abs=1)


def test_recordings_alone_leave_the_other_steps_silent_and_as_they_were(finished, place):
    record(place.folder / "narration" / "counting-03.wav", 4.0)
    made = place.film("counting", recordings=Recordings(place.folder / "narration"))
    durations = [step["duration"] for step in index(place)["steps"]]
    assert durations[:2] == [step["duration"] for step in index(finished)["steps"]][:2]
    assert durations[2] >= 4.0
    film = sound.read(made.film)
    assert np.abs(film[: sound.samples(sum(durations[:2]) - 0.05)]).max() < 1e-3


def test_recordings_that_cannot_be_meant_are_told(place, tmp_path):
    folder = tmp_path / "narration"
    record(folder / "counting-09.wav", 1)
    record(folder / "intro.wav", 1)
    (told,) = place.film("counting", recordings=Recordings(folder)).doubts
    assert "intro.wav, counting-09.wav" in told
    (folder / "counting-01.mp3").write_bytes(b"no sound")
    with pytest.raises(ValueError, match=r"counting-01\.mp3 cannot be read as sound"):
        place.film("counting", recordings=Recordings(folder))
    record(folder / "counting-09.mp3", 1)
    with pytest.raises(ValueError, match="two recordings of one step"):
        Recordings(folder)
    record(folder / "other-01-1.wav", 1)
    record(folder / "other-01.wav", 1)
    (folder / "counting-09.mp3").unlink()
    with pytest.raises(ValueError, match=r"two recordings of one step in .*: other-01-1.wav, other-01.wav"):
        Recordings(folder)
    with pytest.raises(ValueError, match="is no folder of recordings"):
        Recordings(tmp_path / "nowhere")


def talk(folder: Path, name: str, *parts: tuple[float, float]) -> Path:
    """A recording of tones of so many seconds, each with a silence of so many seconds behind it."""
    tones = [np.concatenate([tone(long), np.zeros(sound.samples(quiet), np.float32)]) for long, quiet in parts]
    folder.mkdir(exist_ok=True)
    sound.keep(np.concatenate(tones), sound.RATE, folder / name)
    return folder / name


def onsets(samples: np.ndarray) -> list[float]:
    """When something begins to be heard, in seconds."""
    loud = np.abs(samples) > 0.02
    quiet = np.convolve(loud, np.ones(sound.RATE // 10))[: len(loud)] == 0
    return [at / sound.RATE for at in np.flatnonzero(quiet[:-1] & loud[1:])]


def test_the_beats_of_a_recorded_step_begin_where_it_pauses(place):
    """Of three pauses the one is taken where a beat is expected; both beats are heard where their captions come."""
    talk(place.folder / "narration", "counting-01.flac", (0.6, 0.4), (3.0, 0.8), (2.5, 0.31), (0.5, 0))
    made = place.film("counting", recordings=Recordings(place.folder / "narration"))
    first = index(place)["steps"][0]
    begin, middle = (beat["start"] for beat in first["beats"])
    assert middle - begin == pytest.approx(0.6 + 0.4 + 3.0 + 0.4, abs=0.2)  # in the middle of the longest pause
    heard = onsets(sound.read(place.folder / "out" / first["clip"]))
    assert heard == pytest.approx([begin, begin + 1.0, middle + 0.4, middle + 0.4 + 2.81], abs=0.25)
    assert made.doubts == ()


def test_a_recording_with_fewer_pauses_than_beats_is_told_and_shared(place):
    talk(place.folder / "narration", "counting-01.flac", (5.0, 0))
    made = place.film("counting", recordings=Recordings(place.folder / "narration"))
    (line,) = made.doubts
    assert line.startswith("counting-01.flac has 0 pauses for 2 beats, which share its time")
    assert line.endswith("as in counting-01-2.flac")


def test_a_recording_of_a_beat_takes_the_place_of_that_beat_alone(place):
    talk(place.folder / "narration", "counting-01-2.flac", (3.0, 0))
    made = place.film("counting", recordings=Recordings(place.folder / "narration"))
    first, second, _ = index(place)["steps"]
    begin, middle = (beat["start"] for beat in first["beats"])
    heard = onsets(sound.read(place.folder / "out" / first["clip"]))
    assert heard == pytest.approx([middle], abs=0.1)
    assert middle - begin >= reading_seconds("It begins.") - 0.01
    assert not onsets(sound.read(made.film))[1:]
    assert second["duration"] > 0
    assert made.doubts == ()


def hold(path: Path, samples: np.ndarray, codec="pcm_f32le", kind="flt", rate=sound.RATE) -> Path:
    """A file of just these samples, piece by piece."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        for start in range(0, len(samples), 1 << 20):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + (1 << 20)], format=kind, layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


#: Reads a recording with little memory; prints what is wrong with it, and how much memory it took in MiB.
READING = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from pathlib import Path
from scenes.speech import sound
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    sound.recorded(Path(sys.argv[1]))
except ValueError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before >> 10)
"""


@pytest.mark.parametrize("lying", [False, True], ids=["as its header says", "though its header is silent"])
def test_a_recording_of_hours_in_a_small_file_is_refused_before_it_is_memory(tmp_path, lying):
    path = hold(tmp_path / "scores-01.flac", np.zeros(3 * 3600 * 100, np.int16), "flac", "s16", 100)
    assert path.stat().st_size < 100_000
    if lying:  # how many samples there are: the last 36 bits of the eight from byte 18 on; 0 is "unknown"
        content = bytearray(path.read_bytes())
        content[21] &= 0xF0
        content[22:26] = bytes(4)
        path.write_bytes(content)
        with av.open(str(path)) as file:
            assert not file.duration
    done = subprocess.run(
        [sys.executable, "-c", READING, path], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    line, memory = done.stdout.splitlines()
    assert line == "scores-01.flac is longer than 10 minutes, the most that one step may be spoken"
    assert int(memory) < 600


def test_a_sound_of_one_sample_a_second_is_as_long_as_it_lasts(tmp_path):
    content = bytearray(hold(tmp_path / "slow.wav", np.zeros(4000, np.int16), "pcm_s16le", "s16").read_bytes())
    content[24:32] = (1).to_bytes(4, "little") + (2).to_bytes(4, "little")  # rate, and bytes a second
    (tmp_path / "slow.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"^slow\.wav is longer than 10 minutes"):
        sound.recorded(tmp_path / "slow.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_recording_with_a_sample_that_is_no_number_is_refused(tmp_path, value):
    samples = tone(1)
    samples[1000] = value
    with pytest.raises(
        ValueError, match=r"^odd\.wav has samples that are not finite numbers \(NaN or infinity\): export"
    ):
        sound.recorded(hold(tmp_path / "odd.wav", samples))


def test_sound_is_levelled_without_a_peak_and_silence_stays_silence():
    noise = np.random.default_rng(0).normal(0, 0.02, 3 * sound.RATE).astype(np.float32)
    noise[sound.RATE] = 0.9  # a click
    level = sound.levelled(noise)
    assert sound.loudness(level) == pytest.approx(-16, abs=0.1)
    assert 20 * np.log10(np.abs(resample_poly(level, 4, 1)).max()) < -1.9  # between samples, too
    assert not sound.levelled(np.zeros(sound.RATE, np.float32)).any()


def test_encoded_sound_begins_with_its_first_sample(tmp_path):
    given = tone(1.234)
    sound.encode(given, tmp_path / "a.m4a")
    found = sound.read(tmp_path / "a.m4a")[: len(given)]
    assert correlate(found, given, "full").argmax() == len(given) - 1


def test_silence_around_speech_is_cut_to_a_moment():
    silence = np.zeros(sound.RATE, np.float32)
    found = sound.trimmed(np.concatenate([silence, tone(1), silence]), sound.RATE)
    assert len(found) / sound.RATE == pytest.approx(1.12, abs=0.03)
    assert found[0] == 0
    assert len(sound.trimmed(silence, sound.RATE)) == 0


def test_an_interruption_leaves_whole_sounds_or_none(heart, place, monkeypatch):
    whole = sound.whole

    @contextmanager
    def interrupted(path):
        with whole(path) as part:
            yield part
            if path.suffix == ".m4a":
                raise KeyboardInterrupt

    monkeypatch.setattr(sound, "whole", interrupted)
    with pytest.raises(KeyboardInterrupt):
        place.film("counting", voice=heart)
    assert not [path for path in place.store.folder.rglob("*") if ".part" in path.name]
    assert not list(place.store.folder.glob("sounds/*.m4a"))
    assert not list(place.folder.glob("out/*.mp4"))
    monkeypatch.undo()
    assert place.film("counting", voice=heart).drawn == 0


LONG = '''
from manim import Rotate
from scenes.animations import appear
from scenes.mobjects.text import number
from scenes.stage.chapter import Chapter, Step, beat

class Long(Chapter):
    """Cards that change while it plays."""
    number = 3
    title = "Long"

    def steps(self, trace):
        one = number(trace["shares"].quantity(0, 0))
        turns = [appear(one), *(Rotate(one, 1, run_time=2) for _ in range(4))]
        said = "A row for each query, a column for each key. Each score is the dot product of the two."
        yield Step("L", beat(said, *turns))
'''


def test_a_card_comes_when_its_words_are_spoken_also_while_pictures_move(place):
    (place.chapters / "c03_long.py").write_text(LONG)
    (entry,) = place.order("long").entries

    def cues(*seconds):
        speech = {1: seconds} if seconds else {}
        job = Job(entry, place.folder / "trace.npz", "tiny", place.order().look, sources_of(entry), speech=speech)
        (step,) = survey(job, lambda *_: None)
        return [cue.start - step.starts[0] for cue in step.cues], step.frames / RATE - step.starts[0]

    (_, silent), _ = cues()
    (_, spoken), length = cues(8.0)
    cards = split("A row for each query, a column for each key. Each score is the dot product of the two.")
    read, share = reading_seconds(" ".join(cards[0])), shares_of(cards)[0]
    assert read <= silent < read + 2.1
    assert 8.0 * share <= spoken < 8.0 * share + 2.1  # after the play during which its turn comes
    assert length >= 8.4
