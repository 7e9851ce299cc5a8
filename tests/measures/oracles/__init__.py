"""Own arithmetic for every derived tensor: NumPy from what was recorded, and from nothing that is derived.

An oracle is written from the definition, not from the measure: no file here imports
`transformer_core.studies.measures`. It is a function of the recorded arrays `raw` that returns the values which
`trace["<place>.<name>"]` has to have:

    @oracle("q_norm", ATTENTION, "batch head query")
    def q_length(raw):
        return np.sqrt((raw["q"] ** 2).sum(-1))

`places` are patterns of the prefixes at which the tensor can be derived, `needs` what has to be recorded there: names
beside the prefix, full ones that begin with a slash, or facts that begin with "about.". Labels are part of the answer:
along "position", "query", "key" and "other" stand the tokens of that sentence, unless `labels` says otherwise; along
all other axes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

Labels = Mapping[str, tuple[str, ...] | None]

#: Where the same arithmetic is asked for: the pass itself, and one with another last word in the target.
ENCODER_ATTENTION = ("encoder.?.self_attn",)
DECODER_ATTENTION = ("decoder.?.self_attn", "other.later.decoder.0.self_attn")
CROSS_ATTENTION = ("decoder.?.cross_attn",)
SELF_ATTENTION = (*ENCODER_ATTENTION, *DECODER_ATTENTION)
ATTENTION = (*SELF_ATTENTION, *CROSS_ATTENTION)
#: Without the other pass: what reads parameters by the name of the place.
HERE = ("encoder.?.self_attn", "decoder.?.self_attn", "decoder.?.cross_attn")
FEED_FORWARD = ("encoder.?.ffn", "decoder.?.ffn")
NORMS = ("encoder.?.ln?", "decoder.?.ln?", "encoder.final_norm", "decoder.final_norm")
STACKS = ("encoder", "decoder")
EMBEDDINGS = ("embed_src", "embed_tgt")
#: Of one recorded tensor, whatever stands before it.
ROWS = ("encoder.?.resid_post", "decoder.?.resid_post")

STREAM = "batch position d_model"
PAIRS = "batch head query key"


@dataclass(frozen=True)
class Oracle:
    """The independent computation of one derived tensor, and the prefixes at which it exists."""

    name: str
    places: tuple[str, ...]
    axes: tuple[str, ...]
    answer: Callable[[Raw], Any]
    labels: Callable[[Raw], Labels]
    needs: tuple[str, ...]
    at_root: bool

    def prefixes(self, recorded: Recorded) -> list[str]:
        """Every prefix of this trace at which the tensor can be derived."""
        near = [at for at in recorded.prefixes if any(fnmatchcase(at, place) for place in self.places)]
        found = [""] * self.at_root + near
        return [at for at in found if all(Raw(recorded, at).has(name) for name in self.needs)]


ORACLES: dict[str, Oracle] = {}


def oracle(
    name: str, places: tuple[str, ...] | str, axes: str, labels: Callable[[Raw], Labels] = lambda _: {}, needs: str = ""
) -> Callable[[Callable[[Raw], Any]], Callable[[Raw], Any]]:
    """Register a function of the recorded arrays as what `<place>.<name>` has to be; "" is the root of a trace."""
    several = (places,) if isinstance(places, str) else places

    def register(function: Callable[[Raw], Any]) -> Callable[[Raw], Any]:
        assert name not in ORACLES, f"two oracles for {name}"
        made = Oracle(name, several, tuple(axes.split()), function, labels, tuple(needs.split()), "" in several)
        ORACLES[name] = made
        return function

    return register


class Recorded:
    """The records of one pass: arrays by their full names, frozen before anything was derived."""

    def __init__(
        self,
        arrays: Mapping[str, np.ndarray],
        labels: Mapping[str, Labels],
        about: Mapping[str, Any],
        followed: tuple[int, int],
    ) -> None:
        self.arrays, self.labels, self.about = dict(arrays), dict(labels), about
        #: Places of the token that asks and of its top key, as `focus_of` has them: who is followed is no arithmetic.
        self.followed = followed
        whole = {name[:at] for name in self.arrays for at, letter in enumerate(name) if letter == "."}
        self.prefixes = sorted(whole | set(self.arrays))


class Raw:
    """The recorded arrays, seen from one prefix: `raw["q"]` stands beside it, `raw["/logits"]` is a full name."""

    def __init__(self, recorded: Recorded, prefix: str) -> None:
        self.recorded, self.prefix, self.about = recorded, prefix, recorded.about
        self.config: Mapping[str, Any] = recorded.about.get("config", {})

    def full(self, name: str) -> str:
        if name.startswith("/"):
            return name[1:]
        return ".".join(part for part in (self.prefix, name) if part)

    def has(self, name: str) -> bool:
        if name.startswith("about."):
            return name[len("about.") :] in self.about
        return self.full(name) in self.recorded.arrays

    def __getitem__(self, name: str) -> np.ndarray:
        return self.recorded.arrays[self.full(name)]

    @property
    def itself(self) -> np.ndarray:
        """The recorded tensor that the prefix names."""
        return self.recorded.arrays[self.prefix]

    def words(self, name: str, axis: str) -> tuple[str, ...]:
        """The labels that were recorded along an axis."""
        return tuple(self.recorded.labels[self.full(name)][axis] or ())

    def at(self, prefix: str) -> Raw:
        """The same arrays, seen from another prefix."""
        return Raw(self.recorded, prefix)

    @property
    def root(self) -> str:
        """Of `other.later.decoder.0.ffn` it is "other.later."; of the pass itself nothing."""
        parts = self.prefix.split(".")
        return ".".join(parts[:2]) + "." if parts[0] == "other" else ""

    @property
    def path(self) -> str:
        """The prefix without its root."""
        return self.prefix.removeprefix(self.root)

    @property
    def block(self) -> str:
        return self.prefix.rpartition(".")[0]

    def parameter(self, name: str, of: str = "") -> np.ndarray:
        return self[f"/parameters.{of or self.path}.{name}"]

    def tokens(self, side: str) -> tuple[str, ...] | None:
        """The tokens that the model read as its "source" or "target"; None if the trace has none."""
        if not self.root:
            source, both = self.about.get("tokens"), self.about.get("target_tokens")
            alone = not self.about["config"]["encoder_layers"] if "config" in self.about else False
            return tuple(both if side == "target" or alone else source)
        embedding = {"source": "embed_src", "target": "embed_tgt"}[side]
        return self.at(self.root.rstrip(".")).words(f"{embedding}.sum", "position")

    def side(self, axis: str) -> str:
        """Tell whether an axis of a tensor at this prefix runs along the source or the target."""
        path = self.path.removeprefix("gradients.")
        if path.startswith("embed_src") or "encoder" in path or (axis in ("key", "other") and "cross_attn" in path):
            return "source"
        return "target" if self.config.get("decoder_layers") else "source"

    def usual_labels(self, axes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        tokens = {axis: self.tokens(self.side(axis)) for axis in axes if axis in ("position", "query", "key", "other")}
        return {axis: words for axis, words in tokens.items() if words}


def wanted(made: Oracle, recorded: Recorded, prefix: str) -> tuple[np.ndarray, dict[str, tuple[str, ...]]]:
    """The expected tensor: values, and labels along its axes."""
    raw = Raw(recorded, prefix)
    labels = {**raw.usual_labels(made.axes), **made.labels(raw)}
    return np.asarray(made.answer(raw)), {axis: tuple(words) for axis, words in labels.items() if words}


def load() -> None:
    """Read every file of oracles in this folder."""
    for path in sorted(Path(__file__).parent.glob("of_*.py")):
        import_module(f"{__name__}.{path.stem}")
