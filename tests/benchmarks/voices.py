"""How fast the Spanish voices speak, and how much of it an English recogniser hears.

    python tests/benchmarks/voices.py                     # speed
    python tests/benchmarks/voices.py --listener FOLDER   # and consonants, by a model of faster-whisper in FOLDER

A recogniser of Spanish was not to be had; an English one writes what it hears in English spelling. So both texts are
cut down to consonants that are spelt alike: what these have in common compares voices, no more.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
import unicodedata
from difflib import SequenceMatcher
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
ALIKE = "qu:k ce:se ci:si c:k v:b z:s th:s ll:y h: j:y g:k d:t rr:r ck:k".split()


def main() -> None:
    """Print a line for each voice."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listener", type=Path)
    listener = parser.parse_args().listener
    for name in ("dora", "alex", "espeak-ng", "heart"):
        one = voice(name, "en" if name == "heart" else "es")
        texts = [re.sub(r"\w+", r"«\g<0>»", text) if name == "heart" else text for text in SENTENCES]
        begun = time.perf_counter()
        said = [one.say(text) for text in texts]
        taken, length = time.perf_counter() - begun, sum(len(samples) / rate for samples, rate in said)
        heard = f", {_heard(listener, said):.0%} of the consonants heard" if listener else ""
        click.echo(f"{name}: {taken / length:.2f} seconds for a second of speech{heard}")


def _heard(folder: Path, said: list) -> float:
    from faster_whisper import WhisperModel

    model, shares = WhisperModel(str(folder), device="cpu", compute_type="int8"), []
    settings = {"language": "en", "temperature": 0.0, "condition_on_previous_text": False}
    with tempfile.TemporaryDirectory() as place:
        for text, (samples, rate) in zip(SENTENCES, said, strict=True):
            sound.keep(samples, rate, Path(place) / "said.flac")
            parts, _ = model.transcribe(f"{place}/said.flac", **settings)
            heard = _consonants(" ".join(part.text for part in parts))
            shares.append(SequenceMatcher(None, _consonants(text), heard, autojunk=False).ratio())
    return sum(shares) / len(shares)


def _consonants(text: str) -> str:
    plain = "".join(char for char in unicodedata.normalize("NFD", text.lower()) if char.isalpha())
    for pair in ALIKE:
        plain = plain.replace(*pair.split(":"))
    return re.sub("[aeiouwy]+", "", plain)


if __name__ == "__main__":
    main()
