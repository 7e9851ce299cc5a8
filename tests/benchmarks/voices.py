"""The speed of the Spanish voices, and the words of theirs that a recogniser gets wrong.

    python tests/benchmarks/voices.py                     # speed
    python tests/benchmarks/voices.py --listener FOLDER   # and words, by a multilingual model of faster-whisper

Words that the recogniser writes as digits count as wrong: the rates compare voices, and are too high for each.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path

import click

from scenes.speech import sound
from scenes.speech.voices import voice

SENTENCES = (
    "El modelo lee la frase palabra por palabra y guarda cada número que calcula.",
    "Una consulta se compara con todas las claves, y cada comparación da una puntuación.",
    "La cabeza mira sobre todo al sustantivo, porque necesita su género.",
    "El decodificador escribe una palabra cada vez, de izquierda a derecha.",
    "Cada vector se normaliza antes de entrar en la siguiente capa.",
    "La suma de los pesos es uno, y el mayor es cero coma noventa y dos.",
    "Sin posiciones, el orden de las palabras no cambiaría nada.",
    "Quitamos una parte del modelo y lo entrenamos de nuevo, con tres semillas.",
    "El gradiente baja por la pendiente de la pérdida que se ha medido.",
    "El valor de cada palabra se estrecha según su peso, y juntos forman la salida.",
    "Dieciséis canales por sesenta y cuatro palabras hacen mil veinticuatro números.",
    "La última palabra del texto decide cuál será la siguiente.",
)


def main() -> None:
    """Print a line for each voice."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listener", type=Path)
    listener = parser.parse_args().listener
    for name in ("dora", "alex", "espeak-ng", "heart"):
        one = voice(name, "en" if name == "heart" else "es")
        texts = [re.sub(r"\w+", r"«\g<0>»", text) if name == "heart" else text for text in SENTENCES]
        begun = time.process_time()
        said = [one.say(text) for text in texts]
        taken, length = time.process_time() - begun, sum(len(samples) / rate for samples, rate in said)
        heard = f", {_heard(listener, said):.1%} of the words wrong" if listener else ""
        click.echo(f"{name}: {taken / length:.2f} seconds of CPU for a second of speech{heard}")


def _heard(folder: Path, said: list) -> float:
    from faster_whisper import WhisperModel

    model, wrong, words = WhisperModel(str(folder), device="cpu", compute_type="int8"), 0, 0
    with tempfile.TemporaryDirectory() as place:
        for text, (samples, rate) in zip(SENTENCES, said, strict=True):
            sound.keep(samples, rate, Path(place) / "said.flac")
            parts, _ = model.transcribe(f"{place}/said.flac", language="es", beam_size=5)
            wanted, heard = _words(text), _words(" ".join(part.text for part in parts))
            wrong, words = wrong + _distance(wanted, heard), words + len(wanted)
    return wrong / words


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d]+", text.lower())


def _distance(wanted: list[str], heard: list[str]) -> int:
    """The number of words that have to be put in, left out or changed."""
    row = [*range(len(heard) + 1)]
    for i, one in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


if __name__ == "__main__":
    main()
