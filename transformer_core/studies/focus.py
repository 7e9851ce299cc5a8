"""The focus of a lecture: one head, a query token, and its top key. NumPy alone.

A head plays a role only if its score over held-out sentences earns it (`EARNED`). Without such a role for this
sentence, the head is followed that shows a link between tokens most clearly
(`transformer_core.studies.head_patterns.LINKS`), in the pair with the largest weight; and where no head shows one
clearly, the largest weight of all off the diagonal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from transformer_core.studies.head_patterns import CLEAR, LINKS
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: The roles that a lecture likes to follow, best liked first.
LIKED = (
    "adjective(inflected)->noun",
    "adjective->referent",
    "ambiguous noun->deciding word",
    "copula->adjective",
    "determiner->noun",
    "pronoun(it/them)->antecedent",
)
#: The role of an adjective that Spanish inflects.
INFLECTED = LIKED[0]
#: The share of held-out sentences from which a head's largest weight counts as a role.
EARNED = 0.90
#: So many keys are a few.
FEW = 3
#: Two tokens that are followed stand nearer than this, in a sentence of any length.
NEAR = 10
ENCODER, DECODER = "encoder", "decoder"


@dataclass(frozen=True)
class Focus:
    """One head, a query token, its top key, and the reason for this head: the role that it plays, or a pattern.

    `role` is "" if none is played here, and `pattern` is None unless one has chosen the head. `score` is the share of
    held-out sentences that have the role, or the part of its attention that the head gives to the pattern; `chance` is
    what the pattern would get of a head that looks at all keys alike. `stack` is the one that the lecture follows: the
    encoder of a model that has one, else its decoder.
    """

    layer: int
    head: int
    query_token: Label
    top_key: Label
    role: str = ""
    score: Quantity | None = None
    stack: str = ENCODER
    pattern: Label | None = None
    chance: Quantity | None = None

    @property
    def block(self) -> str:
        return f"{self.stack}.{self.layer}"

    @property
    def path(self) -> str:
        return f"{self.block}.self_attn"

    def seen(self, trace: Trace) -> Trace:
        """The tensors of this head, first sentence of the batch."""
        return trace.under(self.path, batch=0, **self.places(trace))

    def places(self, trace: Trace) -> dict[str, int]:
        """The place of this head along "head", and where heads share keys and values along "kv_head"."""
        name = f"{self.path}.k"
        if name not in trace or "kv_head" not in (keys := trace[name]).axes:
            return {"head": self.head}
        heads = trace[f"{self.path}.q"].size("head")
        return {"head": self.head, "kv_head": self.head // (heads // keys.size("kv_head"))}


def stack_of(trace: Trace) -> str:
    """The stack whose self-attention the lecture follows: the encoder, or the decoder of a model without one.

    Raises:
        ValueError: a trace of neither.
    """
    for stack in (ENCODER, DECODER):
        if f"{stack}.0.self_attn.q" in trace:
            return stack
    raise ValueError("this trace has no self-attention: the chapters on it need one")


def layers_of(trace: Trace, stack: str = "") -> list[int]:
    """The layers that the trace holds of a stack; of the one that the lecture follows if none is named."""
    stack = stack or stack_of(trace)
    return [layer for layer in range(64) if f"{stack}.{layer}.self_attn.q" in trace]


def embedding_of(stack: str) -> str:
    """The name of the embedding that a stack reads."""
    return "embed_src" if stack == ENCODER else "embed_tgt"


def first_in_sight(trace: Trace, stack: str) -> int:
    """The place of the first token that the window of attention shows of what a stack reads."""
    side = "source" if stack == ENCODER else "target"
    return int(trace.about.get("windows", {}).get(side, (0, 0))[0])


def within_reach(head: Trace, query_token: Label) -> tuple[int, ...]:
    """The keys that the mask leaves to a query: all of them in an encoder, those up to itself in a decoder."""
    return tuple(int(key) for key in np.flatnonzero(np.isfinite(head["masked"].pick(query=query_token).values)))


def focus_of(trace: Trace, roles: tuple[str, ...] = LIKED) -> Focus:
    """Choose layer, head, query token and top key for this sentence.

    Args:
        trace: a lecture's trace; `about["roles"]` lists, for each role of the grammar, the pairs (query token, answer).
        roles: the roles to choose from, best liked first.
    """
    found = []
    for role in roles:
        for query_token, answer in trace.about.get("roles", {}).get(role, ()):
            place = best_head(trace, role)
            if place is None or float(place[2]) < EARNED:
                continue
            layer, head, score = place
            weights = trace[f"{ENCODER}.{layer}.self_attn.weights"].pick(batch=0, head=head)
            if int(np.argmax(weights.values[query_token])) == answer != query_token:
                tokens = weights.label("query", query_token), weights.label("key", answer)
                found.append((float(weights.values[query_token, answer]), Focus(layer, head, *tokens, role, score)))
        if found:
            break
    if found:
        return max(found, key=lambda item: item[0])[1]
    return _clearest(trace) or _most_attentive(trace)


#: Two vectors that lie nearer than this are the same.
SAME = 1e-6
#: Bits of a row that shows a weighted sum best: its attention lies on two or three keys.
MIXED = 1.1
#: Rows that are no farther from that show a sum, too.
NEARLY = 0.6


def mixed_focus(trace: Trace) -> Focus:
    """Choose the head in which the query token of `focus_of` spreads its attention over two or three keys.

    Most rows of a trained head lie almost wholly on one key, and the weighted sum of one value is a copy of it. Of all
    heads of the stack, the one is taken whose row -sum_j w_j log2 w_j is nearest to 1.1 bits. Of the rows between half
    a bit and 1.7 bits, those come first that tell more: they look most at another token, which in a decoder is not
    the first of the text, where heads look that find nothing; and before all, those that also give most of their
    attention to tokens in sight.
    """
    focus = focus_of(trace)
    found = []
    whole = trace[f"{focus.stack}.0.self_attn.weights"].pick(batch=0, head=0)
    sink = focus.stack == DECODER and (first_in_sight(trace, DECODER) == 0 or _in_sight(trace, DECODER, whole))
    for layer in layers_of(trace, focus.stack):
        rows = trace[f"{focus.stack}.{layer}.self_attn.weights"].pick(batch=0, query=focus.query_token)
        bits = -(rows.values * np.log2(np.maximum(rows.values, 1e-12))).sum(-1)
        for head, off in enumerate(np.abs(bits - MIXED)):
            top_key = rows.pick(head=head).largest()[0]
            told = off <= NEARLY and str(top_key) != str(focus.query_token) and not (sink and top_key.position == 0)
            dull = 2 - told - (told and float(rows.values[head].sum()) > 0.5)
            found.append((dull, float(off), Focus(layer, head, focus.query_token, top_key, stack=focus.stack)))
    return min(found, key=lambda one: one[:2])[2]


def on_a_few(trace: Trace, focus: Focus) -> bool:
    """True where the query token gives nine tenths of its attention to three keys, and not to one."""
    row = np.sort(focus.seen(trace)["weights"].pick(query=focus.query_token).values)
    return bool(row[-1] < EARNED < row[-FEW:].sum())


def sense_head(trace: Trace, senses: Sequence[str]) -> tuple[int, int] | None:
    """Layer and head in which a word of two senses attends to the word that decides, in both of its sentences.

    Of the first layer in which one gives it more than half of its weight in both, since there the hint comes in, or
    else of all layers, the head with the largest of the smaller of the two weights; None where the trace has no such
    sentences, or where the word does not start as one vector in both.
    """
    if not all(sense in trace.about for sense in senses) or trace[f"{stack_of(trace)}.senses_start"] > SAME:
        return None
    best: tuple[float, tuple[int, int]] | None = None
    for layer in layers_of(trace):
        weights = []
        for sense in senses:
            place = trace.about[sense]
            pair = trace[f"other.{sense}.{stack_of(trace)}.{layer}.self_attn.weights"].pick(batch=0)
            weights.append(pair.pick(query=place["noun"], key=place["decides"]).values)
        both = np.minimum(*weights)
        if best is None or both.max() > best[0]:
            best = float(both.max()), (layer, int(both.argmax()))
        if best[0] > 0.5:
            break
    return best[1] if best else None


def swap_of(trace: Trace, focus: Focus) -> Mapping[str, Any] | None:
    """The sentence with another adjective in the place of the query token
    (`transformer_core.studies.sentence.minimal_pairs`).

    None where there is none, or where in this head the adjective looks most at another token than the noun that it
    agrees with, as in an edited model.
    """
    swap: Mapping[str, Any] | None = trace.about.get("swap")
    if not swap or swap["position"] != focus.query_token.position:
        return None
    row: NamedTensor = focus.seen(trace)["weights"].pick(query=focus.query_token)
    agrees = [focus.query_token.position, focus.top_key.position] in trace.about["roles"].get(INFLECTED, ())
    return swap if agrees and int(row.values.argmax()) == focus.top_key.position else None


def best_head(trace: Trace, role: str) -> tuple[int, int, Quantity] | None:
    """Layer, head and score of the head that has `role` most clearly, or None if the trace has no such score."""
    if "roles.score" not in trace:
        return None
    table: NamedTensor = trace["roles.score"]
    if role not in table.labels.get("role", ()):
        return None
    layer, head, score = table.pick(role=role).largest()
    return layer.position, head.position, score


def _clearest(trace: Trace) -> Focus | None:
    """The head that shows a link most clearly, and in it the pair of this link with the largest weight.

    Only pairs that may be followed count, and of them those in which the key is what the query looks at most. None
    where no head shows a link clearly in such a pair.
    """
    stack = stack_of(trace)
    best: tuple[float, Focus] | None = None
    for layer in layers_of(trace, stack):
        part = trace.under(f"{stack}.{layer}.self_attn", batch=0)
        clearness, answers, tops, weights = (
            part[name] for name in ("pattern_clearness", "pattern_keys", "is_top_key", "weights")
        )
        pairs = _pairs(weights.labels.get("query", ()), weights.shape[1], stack, _in_sight(trace, stack, weights))
        for name in LINKS:
            link = clearness.position("role", name)
            shown = tops.values * answers.values[link] * pairs
            clear = np.where(shown.any((1, 2)), clearness.values[:, link], 0.0)
            head = int(clear.argmax())
            if clear[head] >= CLEAR and (best is None or clear[head] > best[0]):
                most = np.where(shown[head], weights.values[head], -1.0)
                query_token, answer = (int(i) for i in np.unravel_index(int(most.argmax()), most.shape))
                tokens = weights.label("query", query_token), weights.label("key", answer)
                score, chance = part["pattern_scores"].quantity(head, link), part["pattern_chances"].quantity(link)
                found = Focus(layer, head, *tokens, "", score, stack, clearness.label("role", link), chance)
                best = float(clear[head]), found
    return best[1] if best else None


def _in_sight(trace: Trace, stack: str, weights: NamedTensor) -> tuple[int, int] | None:
    """The stretch of a long sentence that a picture has room for, if `weights` are not cut to it."""
    start, stop = trace.about.get("windows", {}).get("source" if stack == ENCODER else "target", (0, 0))
    return (start, stop) if 0 < stop - start < weights.shape[1] else None


def _most_attentive(trace: Trace) -> Focus:
    """The largest weight that a token gives to another one, over all layers and heads.

    Of a long sentence, both stand where a picture has room for them (`transformer_core.tracing.window`), whether the
    trace is seen whole or through its window.
    """
    stack = stack_of(trace)
    weights = {at: trace[f"{stack}.{at}.self_attn.weights"].pick(batch=0) for at in layers_of(trace, stack)}
    return most_attentive(weights, stack, _in_sight(trace, stack, weights[0]))


def most_attentive(
    weights: Mapping[int, NamedTensor], stack: str = ENCODER, within: tuple[int, int] | None = None
) -> Focus:
    """The largest weight "head query key" that a token gives to another one, over all layers.

    Marks such as [CLS], which heads look at when they find nothing, and pieces of words are left out where words are
    left. In a decoder the first token takes the part of such a mark (Xiao et al. 2024, "attention sinks"), and a top
    key always stands before its query token. And so are tokens so far apart that no picture has room for both, or that
    are not `within` what is in sight.
    """
    best: tuple[float, Focus] | None = None
    for layer, shares in weights.items():
        pairs = _pairs(shares.labels.get("query", ()), shares.shape[1], stack, within)
        away = np.where(pairs, shares.values, -1.0)
        head, query_token, answer = (int(i) for i in np.unravel_index(int(away.argmax()), away.shape))
        if best is None or away.max() > best[0]:
            focus = Focus(layer, head, shares.label("query", query_token), shares.label("key", answer), stack=stack)
            best = float(away.max()), focus
    assert best is not None
    return best[1]


def _pairs(words: Sequence[str], size: int, stack: str, within: tuple[int, int] | None) -> np.ndarray:
    """The pairs (query, key) that may be followed: two whole words, near each other; any two tokens without such."""
    places = np.arange(size)
    start, stop = within or (0, size)
    seen = (start <= places) & (places < stop)
    apart = ~np.eye(size, dtype=bool) & seen & seen[:, None]
    if stack == DECODER:
        apart &= places < places[:, None]
    word = whole_words(words, size)
    near = np.abs(places[:, None] - places) < NEAR
    pairs = apart & near & word & word[:, None]
    told = pairs & (places > 0) if stack == DECODER else pairs
    return next((some for some in (told, pairs, apart) if some.any()), np.eye(size, dtype=bool))


def whole_words(tokens: Sequence[str], size: int) -> np.ndarray:
    """True for each whole word: no mark such as [CLS], no piece; True for all if there are none, or no names."""
    words = np.array([text[:1].isalpha() for text in tokens] or [True] * size)
    return words if words.any() else np.ones(size, dtype=bool)
