"""A part of a long sentence that a picture has room for; numbers and measures stay those of the whole.

A chapter about a long sentence reads the trace through a window: `window.<name>` is the tensor `<name>`, cut to the
tokens in sight along every axis that the sentence runs along. What is derived is derived from the whole sentence first
and cut afterwards: a share is one of all tokens, also of those out of sight.

Of a decoder alone the window shows the beginning, where no row in sight looks at anything out of sight. A chapter on
writing reads `ending.<name>`, the end of what is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformer_core.named_tensor import NamedTensor
from transformer_core.trace import ENDING, WINDOW

if TYPE_CHECKING:
    from transformer_core.model import Transformer
    from transformer_core.trace import Trace
    from transformer_core.variants import Sentence

#: As many tokens as can be read side by side, at the smallest size, from the last row.
MOST = 10
#: A sentence of up to so many tokens is shown whole.
WHOLE = 13
#: What is written for a sentence that is shown whole has no more tokens than this, unless it goes on and on.
ENDLESS = 17
#: Where the words of the shuffled sentence stood before: the one tensor whose entries are places in the sentence.
ORDER = "other.shuffled.order"


def windows_of(model: Transformer, given: Sentence, told: bool = False) -> dict[str, list[int]]:
    """First and last token (exclusive) in sight, of each side whose sentence is longer than a picture; else nothing.

    "ending" is the window of the target for chapters on writing. Where roles are `told`, by places in the whole source,
    the source has no window; and the target has one only from where the model no longer stops.
    """
    found = {}
    if len(given.source) > WHOLE and not told:
        found["source"] = _around(*_asker(model, given), len(given.source))
    if len(given.target) > (ENDLESS if told else WHOLE):
        end = [len(given.target) - MOST, len(given.target)]
        found |= {"target": [0, MOST] if model.encoder is None else end, ENDING: end}
    return found


def _asker(model: Transformer, given: Sentence) -> tuple[int, int]:
    """The two tokens that the lecture follows: see `cast.cast_of`."""
    import torch

    from transformer_core.cast import cast_of
    from transformer_core.tap import record

    ids = torch.tensor([given.source_ids])
    points = ("q", "masked", "weights")
    with torch.no_grad(), record(only=[f"encoder.*.self_attn.{point}" for point in points]) as tape:
        model.encode(ids)
    trace = tape.trace(lambda _, axis: given.source if axis in ("query", "key") else None)
    trace.tensors["embed_src.ids"] = NamedTensor("embed_src.ids", ids.numpy(), ("batch", "position"))
    cast = cast_of(trace)
    return cast.asker.position, cast.favourite.position


def _around(asker: int, favourite: int, size: int) -> list[int]:
    """The stretch of `MOST` tokens with both in its middle."""
    middle = (asker + favourite + 1) // 2
    start = min(max(0, middle - MOST // 2), size - MOST)
    return [start, start + MOST]


def through_window(trace: Trace, name: str) -> NamedTensor:
    """The tensor called `name` without its prefix, cut to the tokens in sight; the whole one if nothing is cut."""
    prefix, _, plain = name.partition(".")
    if name in trace.tensors:
        return trace.tensors[name]
    whole = trace.full(plain)
    values, labels = whole.values, dict(whole.labels)
    for axis, (start, stop) in _cuts(trace, prefix, whole).items():
        values = values.take(range(start, stop), whole.axes.index(axis))
        labels[axis] = whole.labels[axis][start:stop]
        if plain == ORDER:
            values = values - start
    return whole if values is whole.values else NamedTensor(name, values, whole.axes, labels)


def in_full(trace: Trace, name: str, **picks: int | str) -> Any:
    """What `trace.in_full(name, **picks)` gives."""
    prefix, _, plain = f"{trace.prefix}{name}".partition(".")
    if prefix not in (WINDOW, ENDING):
        return trace[name].pick(**picks)
    seen, whole = trace.full(trace.prefix + name), trace.full(plain)
    starts = {axis: start for axis, (start, _) in _cuts(trace, prefix, whole).items()}
    fixed = {axis: at for axis, at in trace.picks.items() if axis in whole.axes and not isinstance(at, slice)} | picks
    return whole.pick(**{axis: seen.position(axis, at) + starts.get(axis, 0) for axis, at in fixed.items()})


def _cuts(trace: Trace, prefix: str, whole: NamedTensor) -> dict[str, tuple[int, int]]:
    """First and last token (exclusive) in sight, along each axis that a sentence with a window runs along."""
    windows = trace.about["windows"]
    sides = {"source": trace.about["tokens"], ENDING if prefix == ENDING else "target": trace.about["target_tokens"]}
    found = {}
    for axis, words in whole.labels.items():
        for side, sentence in sides.items():
            if side in windows and axis not in found and _same(words, sentence):
                found[axis] = (windows[side][0], windows[side][1])
    return found


def _same(words: tuple[str, ...], sentence: list[str]) -> bool:
    """Whether an axis runs along this sentence, in whatever order, or with another last word."""
    if len(words) != len(sentence):
        return False
    return [*words[:-1]] == [*sentence[:-1]] or sorted(words) == sorted(sentence)
