"""The command `lecture record`: a narration of one's own, beat by beat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scenes.cli.options import FOLDER, LANGUAGE, SENTENCE, TRUST, named, takes
from scenes.cli.orders import order_of, scripted
from scenes.cli.output import tell
from scenes.production.facts import StepFacts

KEEP, AGAIN, LISTEN, SKIP, QUIT = "kalsq"
ASKED = "k keeps it, a again, l listen, s skip, q quit"


@click.command()
@takes(named, *SENTENCE, LANGUAGE, TRUST)
@click.option("--output", type=FOLDER, default="narration")
@click.option("--list", "only_list", is_flag=True, help="Print what is to be said, and how a file of it is called.")
@click.option("--again", is_flag=True, help="Record what is recorded already, too.")
def record(names: tuple[str, ...], output: Path, only_list: bool, again: bool, **wishes: Any) -> None:
    """Record your own voice, a beat at a time.

    Read the line, record it, listen, keep it or try again. What is recorded stays, and an interrupted
    recording goes on where it stopped. `lecture render --voice FOLDER` speaks with it. Files that you record
    elsewhere serve as well, called chapter-step.wav or chapter-step-beat.wav.
    """
    from scenes.speech.microphone import microphone
    from scenes.speech.recordings import Recordings

    take = None if only_list else microphone()
    steps = scripted(order_of(names, **wishes))
    output.mkdir(parents=True, exist_ok=True) if take else None
    there = Recordings(output) if output.is_dir() else None
    beats = [(step, number) for step in steps for number, beat in enumerate(step.beats, 1) if beat]
    kept = {(s, n) for s, n in beats if there and (there.whole(s) or there.beat(s, n))}
    if take is None:
        for step, number in beats:
            done = "is there" if (step, number) in kept else ""
            tell(f"{_called(step, number)}.wav  {done:8}  {step.beats[number - 1]}")
        return
    left = [(s, n) for s, n in beats if again or (s, n) not in kept]
    for count, (step, number) in enumerate(left, 1):
        where = f"{step.chapter} {step.number}, {step.title}, beat {number} of {len(step.beats)}"
        tell("", f"{count} of {len(left)}: {where}")
        if not _recorded(step, number, take, output):
            break
    tell(f"{output}  {' '.join(['lecture render', *names])} --voice {output}{os.sep} speaks with it")


def _called(step: StepFacts, number: int) -> str:
    return f"{step.chapter}-{step.number:02d}-{number}"


def _recorded(step: StepFacts, number: int, take: Any, folder: Path) -> bool:
    """Record one beat until it is kept or skipped; False to stop."""
    from scenes.speech import sound
    from scenes.speech.microphone import FULL, play

    tell(f"  {step.beats[number - 1]}")
    while True:
        if (said := _asked("Enter records, s skips, q quits", ("", SKIP, QUIT))) != "":
            return said == SKIP
        samples = take(lambda: _asked("recording; Enter ends", ("",)))
        found = sound.trimmed(samples, sound.RATE)
        if not len(found):
            tell("nothing was heard: is the microphone on?")
            continue
        if abs(samples).max() >= FULL:
            tell("this was too loud for the microphone, and cut off: move away from it, or turn it down")
        play(found)
        while (said := _asked(ASKED, (KEEP, AGAIN, LISTEN, SKIP, QUIT))) == LISTEN:
            play(found)
        if said == KEEP:
            sound.keep(found, sound.RATE, folder / f"{_called(step, number)}.flac")
            return True
        if said != AGAIN:
            return said == SKIP


def _asked(question: str, answers: Sequence[str]) -> str:
    """Ask until one of `answers` is given, which may be nothing."""
    while (said := click.prompt(question, default="", show_default=False).strip().lower()) not in answers:
        tell(f"{said!r} is none of {', '.join(answer or 'Enter' for answer in answers)}")
    return str(said)
