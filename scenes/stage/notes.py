"""Notes beside the picture: that a model was edited, or that figures were measured with another model."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scenes.language import Told, translated
from scenes.layout import STAGE
from scenes.mobjects.beside import SIDES, ComparedPair
from scenes.mobjects.sorted_heads import pattern_name
from scenes.mobjects.text import Words
from scenes.mobjects.wording import layer_name, letter_of
from scenes.stage.step import Step
from scenes.theme import at, shape, units
from transformer_core.studies import results
from transformer_core.studies.focus import focus_of
from transformer_core.studies.measures.feed_forward import OURS
from transformer_core.studies.measures.patterns import pattern_of
from transformer_core.tracing.provenance import parse
from transformer_core.tracing.trace import Trace

#: Experiments with random vectors or stacks of layers, which don't speak of the small translator.
OF_NO_MODEL = ("boundary", "variance", "gradient_by_depth")
#: How the names of those tensors begin that an edit of the pass does not reach: other sentences, decoding step by step,
#: other models, trainings, and what was measured over many sentences.
UNEDITED = ("other.", "decoding.", "lstm.", "lstm_with_attention.", "training.", "roles.", results.PREFIX)
RIGHT_END = 1480.0
#: Px of a note beside the longest title of a chapter.
ROOM = 870.0


class Note(Words):
    """A line beside the title of the chapter."""

    def __init__(self, text: str, role: str) -> None:
        super().__init__(text, "kicker", role)
        if shape().narrow:
            self.stand_on(at(0, shape().note)[1]).begin_at(at(STAGE.left, 0)[0])
        else:
            self.stand_on(at(0, shape().kicker)[1]).end_at(at(RIGHT_END, 0)[0])

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, trace: Trace, here: str, room: float = ROOM) -> Note | None:
        """Return the note for a whole chapter, most important first; `here` is the part of the model that it looks at.

        The reason for which a head was chosen is given as fully as `room`, in px, allows.
        """
        if "diff.names" in trace:
            return cls._of_two(ComparedPair(trace), room)
        if {"question", "quantisation"} <= trace.about.keys():
            bits = trace["experiment.continuations.bits"]
            return cls(f"{bits.words('model')[0]}, weights in {bits.quantity(0):.0f} bits", "ink2")
        if "edits" in trace:
            return cls(_fitting(_edited(trace), room), "warning")
        if "given" in trace.about:
            return cls("This translation was given: the model’s own is another one.", "warning")
        seen = ""
        if windows := trace.about.get("windows"):
            of = trace["config.words" if "source" in windows else "config.target_words"]
            seen = f"{trace['config.in_sight']} of {of} tokens in sight"
        if not trace.about.get("in_grammar", True):
            strange = "The model never learned sentences like this one."
            return cls(Told(" · ".join(translated(part) for part in (strange, seen) if part)), "warning")
        lines = [" · ".join(part for part in (why, seen) if part) for why in _chosen(trace, here)]
        line = _fitting([*lines, seen], room)
        return cls(line, "ink2") if line else None

    @classmethod
    def _of_two(cls, two: ComparedPair, room: float) -> Note | None:
        """Return the note that names A and B, as fully as there is room; None if there is too little."""
        seen = [two.seen] if two.seen else []
        named = [[f"{sign}: {name(side)}" for side, sign in SIDES.items()] + seen for name in (two.called, two.name)]
        lines = [Told(" · ".join(map(translated, parts))) for parts in (*named, seen)]
        line = next((line for line in lines if Words(line, "kicker").width <= units(room)), "")
        return cls(line, "ink2") if line else None

    @classmethod
    def measured_elsewhere(cls, trace: Trace, *texts: str) -> Note | None:
        """Return a note if a text states figures of an experiment that was done with another model, else None."""
        if trace.about.get("model", OURS) == OURS:
            return None
        names = {span.source.name for text in texts for span in parse(text)[1]}
        experiments = {name.split(".")[1] for name in names if name.startswith(results.PREFIX)}
        if any("model" not in results.card(name)["about"] for name in experiments.difference(OF_NO_MODEL)):
            return cls("measured with the lecture’s small translator, not with this model", "warning")
        return None

    @classmethod
    def not_edited(cls, trace: Trace, step: Step) -> Note | None:
        """Return a note if a step about an edited model shows tensors that the edit does not change, else None."""
        if "edits" in trace and _unedited(trace, step.sources):
            return cls("not edited here: other sentences, word-by-word writing, experiments", "warning")
        return None


def _unedited(trace: Trace, names: Collection[str]) -> bool:
    """Return True if any of these tensors (not those on the edit itself) comes from one computed without the edit."""
    waiting, seen = [name for name in names if not name.startswith("edit")], set[str]()
    while waiting:
        name = waiting.pop()
        if name.startswith(UNEDITED):
            return True
        if name not in seen:
            seen.add(name)
            waiting += trace.parents.get(name, ())
    return False


def _fitting(lines: Sequence[str], room: float) -> str:
    """The first of these lines that has room; else the last."""
    return next((line for line in lines if Words(line, "kicker").width <= units(room)), lines[-1])


def _edited(trace: Trace) -> list[str]:
    """Return texts on the edit and its effect: in full, then ever shorter."""
    edits, effect = trace["edits"], trace["edit_effect"]
    first, more = edits.label("choice", 0), edits.quantity(-1)
    said = f"edited: {first}, and {more:.0f} more" if more > 0 else f"edited: {first}"
    found = [f"{said} · the output moves by {effect:share}", f"edited: the output moves by {effect:share}"]
    before, after = trace["edit_outputs"].words("choice") if "edit_outputs" in trace else ("", "")
    if before and after:
        became = f"the output stays: “{after}”" if before == after else f"“{before}” became “{after}”"
        moved = f"{became}, moved by {effect:share}"
        found = [f"{said} · {moved}", found[0], f"edited: {moved}", f"edited: {became}", found[1]]
    return found


def _chosen(trace: Trace, here: str) -> list[str]:
    """Return texts on why this head is shown, in full, then ever shorter; none if a role of the grammar chose it."""
    if not here.endswith(".self_attn") or trace.about.get("model", OURS) == OURS:
        return []
    focus = focus_of(trace)
    if focus.role or here != focus.path:
        return []
    name = f"{layer_name(focus.layer)}, head {letter_of(focus.head)}"
    if focus.pattern is not None:
        pattern, score, chance = focus.pattern, focus.score, focus.chance
    elif shown := pattern_of(trace, focus.path, focus.head):
        pattern, score, chance = shown.name, shown.score, shown.chance
    else:
        return [f"{name}: the largest share", name]
    told = f"{name}: {pattern_name(pattern)} gets {score:share}"
    return [f"{told}, by chance {chance:share}", told, name]
