"""Microphone: sound is taken until somebody says enough, and played back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenes.speech.sound import RATE

INSTEAD = "files of your own serve as well: lecture record --list says how they are called"
#: Nearly the largest sample that a microphone gives: louder sound was cut off.
FULL = 0.999


def microphone() -> Callable[[Callable[[], object]], np.ndarray]:
    """Return what records until a function returns, mono, at `RATE`.

    Raises:
        ValueError: there is no recorder or no microphone.
    """
    try:
        import sounddevice

        sounddevice.query_devices(kind="input")
    except ImportError:
        raise ValueError(f"no recorder is installed: pip install sounddevice brings one; {INSTEAD}") from None
    except OSError:
        raise ValueError(f"PortAudio is not here: apt-get install libportaudio2 brings it; {INSTEAD}") from None
    except (sounddevice.PortAudioError, ValueError):
        raise ValueError(f"there is no microphone; {INSTEAD}") from None

    def taken(enough: Callable[[], object]) -> np.ndarray:
        parts: list[np.ndarray] = [np.zeros(0, np.float32)]
        with sounddevice.InputStream(RATE, channels=1, callback=lambda new, *_: parts.append(new[:, 0].copy())):
            enough()
        return np.concatenate(parts)

    return taken


def play(samples: np.ndarray) -> None:
    """Play a sound, to its end."""
    import sounddevice

    sounddevice.play(samples, RATE)
    sounddevice.wait()
