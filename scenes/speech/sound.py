"""Sound as arrays: mono, float32, 48,000 samples a second; read, levelled, written.

A film's steps are equally loud, by ITU-R BS.1770 as EBU R 128 uses it, so that a clip alone and the whole film are, and
a changed step changes no other. 48,000 samples a second are a whole number to a frame at 15, 30 and 60 frames a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.codec.context import Flags
from pyloudnorm import Meter
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import resample_poly

from transformer_core.files.atomic import whole

RATE = 48_000
#: Loudness units relative to full scale, and the highest peak between samples in dB; AAC may add a little to it.
LOUDNESS, CEILING = -16.0, -2.0
#: Half the time in which the limiter gives way to a peak.
YIELDING = 0.004
BIT_RATE = 96_000
#: The demuxer for each kind of file. One that is left to guess also reads lists of other files, wherever these lie.
FORMATS = {
    ".wav": "wav", ".flac": "flac", ".mp3": "mp3", ".m4a": "mp4", ".aac": "aac", ".ogg": "ogg", ".opus": "ogg",
}  # fmt: skip
#: What a file is read as, by its name: recordings, and films for their sound.
KINDS = FORMATS | {".mp4": "mp4"}
#: Seconds of a recording. To level a sound takes some 2 MB a second: a day of silence is a small file.
LONGEST = 600.0
#: Seconds of silence that are a pause between beats, and how much softer than loud speech silence is, in dB.
PAUSE, SILENCE = 0.3, 35.0


def samples(seconds: float) -> int:
    return round(seconds * RATE)


def recorded(path: Path) -> np.ndarray:
    """The sound of a recording of a user's, which is of one step.

    Raises:
        ValueError: it is longer than LONGEST, or as for `read`.
    """
    return read(path, LONGEST)


def read(path: Path, most: float = math.inf) -> np.ndarray:
    """The sound of a file, of at most `most` seconds. Its name says of what kind it is, and it is read as nothing else.

    Raises:
        ValueError: there is no sound in it, it cannot be read, it is longer, or it has samples that are no numbers.
    """
    parts: list[np.ndarray] = []
    try:
        with av.open(str(path.absolute()), format=KINDS[path.suffix.lower()]) as file:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            for given in _within(most, path, file):
                parts += [frame.to_ndarray().ravel() for frame in resampler.resample(given)]
            parts += [frame.to_ndarray().ravel() for frame in resampler.resample(None)]
    except (av.FFmpegError, IndexError, OSError) as error:
        raise ValueError(f"{path.name} cannot be read as sound") from error
    if not sum(map(len, parts)):
        raise ValueError(f"{path.name} has no sound in it")
    sound = np.concatenate(parts).astype(np.float32, copy=False)
    if not np.isfinite(sound).all():
        raise ValueError(f"{path.name} has samples that are not finite numbers (NaN or infinity): export it again")
    return sound


def _within(most: float, path: Path, file: Any) -> Iterator[Any]:
    """The frames of the sound in `file`. A header says early that it is too long; as it may lie, frames count, too."""
    seconds = 0.0
    told = (file.duration or 0) / av.time_base
    for frame in file.decode(audio=0):
        seconds += frame.samples / max(1, frame.sample_rate)
        if max(seconds, told) > most:
            raise ValueError(f"{path.name} is longer than {most / 60:g} minutes, the most that one step may be spoken")
        yield frame


def trimmed(sound: np.ndarray, rate: int) -> np.ndarray:
    """`sound` without the silence around it, but for a moment, in which it fades in and out."""
    floor, before, after = 0.003, 0.04, 0.08
    window = max(1, rate // 100)
    loud = np.flatnonzero(uniform_filter1d(sound.astype(np.float64) ** 2, window) > floor**2)
    if not len(loud):
        return sound[:0]
    start, end = max(0, loud[0] - round(before * rate)), min(len(sound), loud[-1] + round(after * rate))
    found = sound[start:end].copy()
    for edge, length in ((found, before / 2), (found[::-1], after / 2)):
        count = min(len(found), round(length * rate))
        edge[:count] *= np.linspace(0, 1, count, dtype=np.float32)
    return found


def pauses(sound: np.ndarray) -> list[tuple[int, int]]:
    """Begin and end of each silence inside `sound` that lasts for `PAUSE` at least, in samples."""
    window = RATE // 50
    power = np.sqrt(uniform_filter1d(sound.astype(np.float64) ** 2, window))
    floor = float(np.percentile(power, 95)) * 10 ** (-SILENCE / 20) if len(power) else 0.0
    edges = np.flatnonzero(np.diff((power <= floor).astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    inside = [(int(a), int(b)) for a, b in edges if a > 0 and b < len(sound)]
    return [(a, b) for a, b in inside if b - a >= PAUSE * RATE]


def loudness(sound: np.ndarray) -> float:
    """Integrated loudness in LUFS; minus infinity for silence, and for less than 0.4 seconds."""
    meter = Meter(RATE)
    return float(meter.integrated_loudness(sound.astype(np.float64))) if len(sound) > 0.4 * RATE else float("-inf")


def levelled(sound: np.ndarray) -> np.ndarray:
    """`sound` at LOUDNESS, with no peak above CEILING; silence stays silence."""
    for _ in range(3):  # the limiter takes a little of the loudness away
        now = loudness(sound)
        if np.isneginf(now):
            return sound
        sound = _limited(sound * 10 ** ((LOUDNESS - now) / 20))
    return sound


def _limited(sound: np.ndarray) -> np.ndarray:
    """Turn the sound down around its true peaks (ITU-R BS.1770, annex 2), smoothly, and nowhere else."""
    height = np.abs(resample_poly(sound, 4, 1)).reshape(-1, 4).max(axis=1)
    room = np.minimum(1, 10 ** (CEILING / 20) / np.maximum(height, 1e-9))
    width = 2 * round(YIELDING * RATE) + 1
    # The mean over a window of minima over windows of the same width is nowhere above what a peak in its middle asks.
    return (sound * uniform_filter1d(minimum_filter1d(room, width), width)).astype(np.float32)


def encode(sound: np.ndarray, path: Path) -> None:
    """Write `sound` to `path` (.m4a), whole, as AAC; what the encoder adds before it is marked, and players skip it."""
    _write(sound[None], path, "aac", "fltp", RATE, "mp4", bit_rate=BIT_RATE, options={"aac_coder": "fast"})


def keep(sound: np.ndarray, rate: int, path: Path) -> None:
    """Write `sound` to `path` (.flac), whole, losing nothing but what 16 bits cannot hold."""
    whole = np.clip(np.round(sound * 2**15), -(2**15), 2**15 - 1).astype(np.int16)
    _write(whole[None], path, "flac", "s16", rate, "flac")


def _write(sound: np.ndarray, path: Path, codec: str, kind: str, rate: int, container: str, **settings: Any) -> None:
    options = {"fflags": "+bitexact"}
    with whole(path) as part, av.open(str(part.absolute()), "w", format=container, options=options) as file:
        stream = cast("av.AudioStream", file.add_stream(codec, rate=rate, layout="mono", **settings))
        stream.codec_context.flags |= Flags.bitexact
        for start in range(0, sound.shape[1], rate):
            frame = av.AudioFrame.from_ndarray(sound[:, start : start + rate], format=kind, layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
