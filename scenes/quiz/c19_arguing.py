"""Questions on arguing with experiments."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from transformer_core.studies.measures.ablation_trainings import WHOLE
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import Trace

HEADS = "all heads but one"
#: By depth, a model with a norm and one without.
NORMS = {
    "shallow": ("shallow, pre-norm, no warm-up", "shallow, no norm, no warm-up"),
    "deep": ("pre-norm, no warm-up", "no norm, no warm-up"),
}


def questions(trace: Trace) -> Iterator[Question]:
    """Ask what one training shows, what else changed, and how far a verdict reaches."""
    run, deep = trace.under("experiment.parts_removed"), trace.under("experiment.depth_and_norm")
    whole, one = (run["exact"].pick(part=part) for part in (WHOLE, HEADS))
    first, other = one.quantity(0), whole.quantity(0)
    _, enough, *_ = run["exact.trainings_of_each"].quantities()
    low = whole.pick(seed=slice(int(enough))).smallest()[-1]
    turned = bool(other > first > low)
    yield Question(
        f"One training with all parts gets {other:.1%} right, one with a single head {first:.1%}. What does that show?",
        (
            ("Nothing yet: chance may turn it around", turned),
            ("That one head is not enough for this task", bool(low > first)),
            ("That one head is enough", bool(first > other)),
        ),
        f"Because the whole model gets {low:.1%} from another start. Several trainings of each tell how far chance "
        "reaches.",
        "Is one training enough?",
    )
    missing = run["parameters.missing"].pick(part="feed-forward")
    yield Question(
        "Without its feed-forward networks a model gets worse. What has to be asked before they are called needed?",
        (
            ("What else changed, such as its size", bool(missing > 0)),
            ("Nothing: all else stayed as it was", bool(missing == 0)),
            ("Whether its loss fell, too", False),
        ),
        f"Because {missing:share} of the parameters went with them. A fair rival would be as large.",
        "What else changed?",
    )
    better = {}
    for depth, pair in NORMS.items():
        with_, without = (deep["exact"].pick(model=name) for name in pair)
        gain = float(without.values.mean() - with_.values.mean())
        better[depth] = gain * counts(with_, without)
    turns = bool(better["shallow"] > 0 > better["deep"])
    yield Question(
        "A shallow model does better without Norm. Should every model be built so?",
        (
            ("No: try it at the size of yours", turns),
            ("Yes: what helps a small model helps a large one", bool(better["deep"] > 0)),
            ("No: Norm helps at every size", bool(min(better.values()) < 0) and not turns),
        ),
        "Because here a deep model needs what a shallow one is better off without. A verdict holds for a stated size.",
        "A verdict holds for one size",
    )
