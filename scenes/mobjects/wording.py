"""Numbers in words, names of heads, layers and roles, and which tensors and entries a chapter speaks of."""

from __future__ import annotations

from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Label, Phrase, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

#: What entries are called beside their numbers and along the axis of a plot, and of which tensors, by the ends of their
#: names.
ENTRIES = {
    "change of its attention score": ("descent.nudge",),
    "cosine": ("cosine",),
    "cosine with the mean of the others": (
        "plural_cosine", "past_cosine", "gender_cosine", "comparative_cosine", "capital_cosine", "chance_hundredths",
    ),
    "dot product": ("lookup.scores",),
    "distance moved against the gradient": ("place_along", "small_places", "large_places"),
    "first symbols recalled, all distances": ("recall.curve",),
    "first number": ("modern_blocks.gate_before",),
    "gate": ("modern_blocks.gate",),
    "gradient at the first layer, in powers of ten": ("gradient_by_depth.first",),
    "layers": ("gradient_by_depth.depths",),
    "what softmax reads, against all others": ("curve_leads", "one_leads", "tangent_leads"),
    "length of the key": ("k_norm",),
    "length of the query": ("q_norm",),
    "log-odds": ("nudged_log_odds",),
    "loss": ("training.loss", "checkpoint_losses", "nudged_loss"),
    "mean loss of the batch": ("loss_along", "small_losses", "large_losses"),
    "megabytes, at two bytes a number": ("modern_blocks.cache",),
    "milliseconds": ("attention_cost.milliseconds", "cache_cost.milliseconds"),
    "new sentences right": (
        "by_length.over_seeds", "emergence.exact", "failures.exact", "size_and_data.exact.over_seeds",
    ),
    "new sentences that come out right": (
        "positions_compared.curve", "parts_removed.curve", "parts_removed.curve.over_seeds",
    ),
    "probability of the right word": ("emergence.probs", "descent.probs"),
    "products added": ("walk_steps", "walk_counts"),
    "right": ("emergence.learned",),
    "right letters in the second copy": ("induction.accuracy", "induction.one_layer", "ablated_by_seed"),
    "score": ("cross_attn.scaled", "cross_attn.scores", "cross_attn.nudged_scores"),
    "sentences in training": ("size_and_data.amount",),
    "share": ("cross_attn.weights", "descent.probs", "checkpoint_true_probs"),
    "share of adjectives with the largest weight on their noun": ("emergence.roles.score",),
    "step of the training": ("induction.steps",),
    "step, log scale": ("emergence.step", "descent.step"),
    "steps of training": ("recall.checks", "parts_removed.step"),
    "sum of log-probabilities": ("beams.score",),
    "sum so far": ("walks",),
    "symbols back": ("recall.distances",),
    "the main other direction": ("probe.spots/1",),
    "tokens": ("beams.step",),
    "tokens in the cache": ("modern_blocks.lengths",),
    "training step": ("training.step", "positions_compared.step"),
    "weight": ("nudged_weights", "curve_weights", "one_weights", "tangent_weights"),
    "what the probe says": ("probe.spots/0",),
    "words in the sentence": ("against_lstm.length", "failures.length"),
    "words in the sequence": ("attention_cost.lengths", "attention_cost.overtaken"),
    "words written": ("cache_cost.lengths",),
}  # fmt: skip
_ENTRIES = {end: words for words, ends in ENTRIES.items() for end in ends}
LETTERS = {"query": "Q", "key": "K", "value": "V"}
#: How a role of the grammar is called on screen.
CALLED = {
    "determiner->noun": "determiner to its noun",
    "copula->adjective": "“to be” to its adjective",
    "adjective(inflected)->noun": "adjective with a gender to its noun",
    "adjective(invariant)->noun": "adjective without a gender to its noun",
    "adjective->referent": "adjective to a noun further off",
    "ambiguous noun->deciding word": "ambiguous noun to the deciding word",
    "pronoun(it/them)->antecedent": "pronoun to its noun",
    "noun->adjective": "noun to its adjective",
    "previous token": "any word to the one before",
    "next token": "any word to the one after",
    "self": "any word to itself",
    "everything else": "words without a role",
}
UNITS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth",
)  # fmt: skip
ORDINALS = (
    *UNITS,
    *(
        name
        for ten in ("twent", "thirt", "fort", "fift")
        for name in (f"{ten}ieth", *(f"{ten}y-{one}" for one in UNITS[:9]))
    ),
)


def entering(trace: Trace, focus: Focus) -> NamedTensor:
    """The vectors that the queries of this attention are made of, as the trace says: position × d_model."""
    return trace[trace.parents[f"{focus.path}.q"][0]].pick(batch=0)


def counted(quantity: Quantity, noun: str) -> str:
    """ "1 row", "4 rows"."""
    return f"{quantity} {noun}" if float(quantity) == 1 else f"{quantity} {noun}s"


def strongest(vector: NamedTensor) -> Label:
    """The place of the entry with the largest absolute value."""
    label: Label = max(vector.largest(), vector.smallest(), key=lambda found: abs(found[-1]))[0]
    return label


def letter_of(head: int) -> Phrase:
    """A head's name in pictures: A for the first, as the trace counts them."""
    return Phrase(chr(ord("A") + head))


def head_name(layer: int, head: int) -> str:
    """ "head B of the second layer"."""
    return f"head {letter_of(head)} of the {layer_name(layer)}"


def named_head(layer: int, head: int) -> str:
    """ "Head B of the second layer", at the beginning of a sentence."""
    return f"Head {letter_of(head)} of the {layer_name(layer)}"


def layer_name(layer: int) -> Phrase:
    """ "second layer"."""
    return Phrase(f"{ORDINALS[layer]} layer")


def role_name(role: str) -> Phrase:
    """Return the name of a role inside a sentence, without quotation marks."""
    return Phrase(CALLED[role].replace("“", "").replace("”", ""))


def is_called(source: Quantity, words: str) -> bool:
    """True if these words are a name of the tensor's entries: a probability is a share, too, beside other shares."""
    return any(f".{source.name}".endswith(f".{end}") for end in ENTRIES.get(words, ()))


def entry_name(source: NamedTensor | Quantity) -> str:
    """The words for these entries, beside a number or along an axis, in English; "" if there are none.

    Where the entries at each place of the last axis are another thing, the place belongs to the name: "spots/0".
    """
    last = source.index[-1:] if isinstance(source, Quantity) else source.origin[-1:]
    parts = source.name.split(".")
    ends = [".".join(parts[k:]) for k in range(len(parts))]
    return next((_ENTRIES[name] for end in ends for name in (end, f"{end}/{[*last, ''][0]}") if name in _ENTRIES), "")


def spanish_of(trace: Trace, token: Label) -> list[str]:
    """Return the words that translate a token by the grammar, or none."""
    gold = trace.about.get("gold", {"words": (), "alignment": ()})
    pairs = zip(gold["words"], gold["alignment"], strict=True)
    return [word for word, places in pairs if token.position in places]
