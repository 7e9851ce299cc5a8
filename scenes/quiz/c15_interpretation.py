"""Questions on what patterns, probes and interventions can tell."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what it means that nothing changes, whether a pattern is a need, and which vector decides."""
    spare = trace.under("experiment.spare_heads")
    added, together = spare["added_up"], spare["together"]
    fill_in = bool(together > 2 * added)
    yield Question(
        "One head is switched off, and the output stays right. Is the head useless?",
        (
            ("That is open: others may fill in", fill_in),
            ("Yes: the model has just shown that it is", not fill_in),
            ("No: every head is needed", bool(spare["spare"] == 0)),
        ),
        f"Because heads fill in for each other. Those that nobody misses cost {added:.1%} one by one, and "
        f"{together:.1%} "
        "together.",
        "Your turn: is a head useless if nobody misses it?",
        chapter="faq",
    )
    run = trace.under("experiment.patching")
    prob, donor = run["car_prob"].pick(choice=1), run["car_donor_rows"]
    first, last = (prob[layer].largest()[0] for layer in (0, len(prob) - 1))
    given = donor.label("position", first.position)
    yield Question(
        f"“{given}” takes the place of “{first}”, and the form of an adjective must change. After the last layer of "
        "the "
        "encoder, the vector of which word has to be copied?",
        tuple((f"That of “{word}”", word.position == last.position) for word in prob.words("position")),
        f"Because by then attention has brought the gender there. At the input it is that of “{first}”.",
        "Activation patching: transplant a vector",
    )
    told = trace["experiment.probe.told"].pick(choice="inflected")
    read, guessed = told.quantity(len(told) - 1), trace["experiment.probe.majority"].pick(choice="inflected")
    yield Question(
        f"A linear probe reads the gender of a noun from the vector of its adjective, {read:share} right. What does "
        "that "
        "show?",
        (
            ("That it can be read there", bool(read > 2 * guessed - guessed**2)),
            ("That the model uses it for the translation", False),
            ("That a head attends to the noun", False),
        ),
        "Because what can be read need not be used: only an intervention shows what is.",
        "A linear probe: can the gender be read?",
    )
