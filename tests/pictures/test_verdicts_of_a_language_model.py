"""The verdicts of the chapters on a real language model, by arithmetic of their own over what was recorded."""

from __future__ import annotations

import numpy as np
import pytest
from walking import SENTENCES, chapters, findings, name_of

from transformer_core.tracing.trace import Trace

CHAPTERS = {name_of(chapter): chapter for chapter in chapters()}


def recorded(name: str) -> np.ndarray:
    """The values of a recorded tensor."""
    values: np.ndarray = Trace({}).full(f"experiment.{name}").values
    return values


def told(name: str, number: int) -> str:
    """The narration of a step."""
    return findings(CHAPTERS[name], SENTENCES[0], "dark").records[number - 1].narration


def verdicts() -> list[tuple[str, int, str, bool]]:
    """Chapters with the number of a step, a sentence that it may say, and the truth of it."""
    scores, apart, name = (recorded(n) for n in ("modern_blocks.scores", "long_prompt.apart", "long_prompt.name"))
    still, moved = scores[10, 7] - scores[4, 1], scores[10, 1] - scores[4, 1]
    recalled, again = recorded("long_prompt.recalled")[:, 0], recorded("long_prompt.named_again")
    right, named = (recorded(f"long_prompt.{kind}")[:5] for kind in ("right", "named"))
    known, made_up = (recorded(f"long_prompt.after_is_{which}")[0] for which in (0, 5))
    copied, *_, ten, without_others = recorded("inside_prose.copied")
    unnamed = np.logical_and.reduce(
        [recorded(f"sinks_and_induction.{kind}") <= 0.5 for kind in ("sink", "previous", "induction")]
    )
    off = recorded("long_prompt.looking_off")
    cache = 2 * 30 * 576 * 2 * 8192 / 1e6
    return [
        ("modern", 3, "No difference to be seen", recorded("modern_blocks.difference") < 0.05),
        ("modern", 5, "and so does the score", abs(still) < 1e-4 < abs(moved)),
        ("modern", 8, "more than all its parameters", cache > recorded("modern_blocks.weights_size")),
        ("language_model", 3, "the first token, “Anna”, gets most", recorded("long_prompt.attention").argmax() == 0),
        ("language_model", 3, "is even likelier", off[1] > off[0]),
        ("language_model", 3, "so others carry the name", off[2] < off[0] / 2 < off[1]),
        ("language_model", 4, "nothing moves", (apart[:, :name] == 0).all() and (apart[-1, name:] > 0).all()),
        ("language_model", 7, "nothing else remembers", recalled[1] < recalled[0] / 100),
        ("language_model", 8, " names had", ((right == 1) == (named == 1)).all()),
        ("language_model", 9, "The error goes on", again[1, 1] > again[1, 0]),
        ("language_model", 8, "Here it doubts", known > 2 * made_up),
        ("inside", 3, "In a layer below", np.diff(recorded("inside_prose.best_heads")[:, 0])[0] < 0),
        ("inside", 4, "hardly any", ten < copied / 10),
        ("inside", 4, "it goes on copying", without_others > copied / 2),
        ("inside", 5, "wins only after the last", (recorded("next_token.lens_rank")[0, :-1] > 1).all()),
        ("inside", 7, "the difference is exactly zero", (recorded("pronoun.weights") == 0).all()),
        ("inside", 9, "Half of the heads stay unread", unnamed.sum() > unnamed.size / 2),
    ]


@pytest.mark.parametrize(("name", "number", "sentence", "holds"), verdicts())
def test_a_verdict_on_the_language_model_is_said_where_it_holds(
    name: str, number: int, sentence: str, holds: bool
) -> None:
    assert (sentence in told(name, number)) == bool(holds)


def test_the_likeliest_names_are_said_with_their_own_probabilities() -> None:
    answers = [Trace({}).full(f"experiment.long_prompt.after_is_{which}") for which in (0, 5)]
    (best, known), (other, made_up) = ((one.labels[one.axes[0]][0], one.values[0]) for one in answers)
    assert f"“{best.strip('· ')}” has {known:.1%}, “{other.strip('· ')}” {made_up:.1%}." in told("language_model", 8)
