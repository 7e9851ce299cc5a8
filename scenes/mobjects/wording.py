"""Numbers in words, names of heads, layers and roles, and which tensors and entries a chapter speaks of."""

from __future__ import annotations

from transformer_core.studies.focus import Focus
from transformer_core.tracing.provenance import Label, Phrase, Quantity
from transformer_core.tracing.trace import NamedTensor, Trace

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


ALIKE = 0.9


def alike(cosine: Quantity) -> bool:
    """True if two vectors point almost the same way."""
    return cosine > ALIKE


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


def training_name(training: int) -> Phrase:
    """ "second training"."""
    return Phrase(f"{ORDINALS[training]} training")


def role_name(role: str) -> Phrase:
    """Return the name of a role inside a sentence, without quotation marks."""
    return Phrase(CALLED[role].replace("“", "").replace("”", ""))
