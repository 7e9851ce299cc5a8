"""The axes of what the lecture measures and compares, beside those of the core."""

from transformer_core.tracing.named_tensor import AXES

STUDY_AXES = {
    "d_state": "one entry of the state of an LSTM",
    "d_before": "one entry of the state of an LSTM, a step earlier",
    "role": "one grammatical role that a head may have",
    "checkpoint": "one of the steps of a training at which it was looked at",
    "temperature": "one temperature of a softmax",
    "width": "one width d_k",
    "bin": "one bin of a histogram",
    "edge": "one edge of a bin, or of a piece of text",
    "component": "one principal component",
    "sample": "one random draw",
    "noun": "one noun of the grammar",
    "adjective": "one adjective of the grammar",
    "seed": "one training of several that differ in their seed alone",
    "trainings": "how many of these trainings are taken, in their order",
    "length": "one number of tokens in a sequence",
    "model": "one model of several that are compared",
    "amount": "one number of training sentences",
    "other": "a further key, seen from a pair of a query and a key",
    "pair": "one pair of entries of a position, the hand of a clock",
    "sublayer": "what a stream starts with, and one sublayer that adds to it",
    "distance": "how many tokens lie between two",
    "depth": "the number of layers of a stack",
    "norm": "one place of the layer norm",
    "kind": "one kind of words",
    "scale": "one factor that initial weights are multiplied by",
    "row": "one row of a picture, from below",
    "column": "one column of a picture",
    "frame": "one moment of several that are kept",
    "nudge": "one amount that is added to a score",
    "offset": "by how many tokens the key stands behind the query; before it, below zero",
}
#: Every axis that a tensor of this project may have, and what runs along it.
ALL_AXES = AXES | STUDY_AXES
