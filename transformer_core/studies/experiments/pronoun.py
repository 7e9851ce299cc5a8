"""The "it" of a causal language model, and the word after it that says what it stands for.

Five pairs of sentences are the same but for their last word, which says what "it" is: "The animal didn't cross the
street because it was too tired", or "too wide". A causal model reads "it" before that word. Measured: the largest
difference between the two runs in any weight of the row of "it", and between the vectors of "it"; the difference
between the last rows, where the words differ; and which head of "it" looks at the noun. The encoder of the lecture's
translator, which sees both sides, is held against it with the first pair.
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.language_model import PAIRS, facts, ids_of
from transformer_core.studies.experiments.shipped import translator
from transformer_core.studies.experiments.translation import vocabulary
from transformer_core.tracing.tap import Tape, record

WEIGHTS, STREAM = "{}.*.self_attn.weights", "{}.*.resid_post"


def rows_of_it(tape: Tape, stack: str, it: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights of "it" on `width` tokens, "layer head key", its vectors and the last ones, "layer d_model"."""
    layers = range(sum(name.endswith("resid_post") for name in tape))
    weights = [tape[f"{stack}.{layer}.self_attn.weights"][0, :, it, :width].numpy() for layer in layers]
    stream = [tape[f"{stack}.{layer}.resid_post"][0].numpy() for layer in layers]
    return np.stack(weights), np.stack([rows[it] for rows in stream]), np.stack([rows[-1] for rows in stream])


def compared(loaded: LoadedModel, key: str) -> Piece:
    """The differences between the two sentences of a pair, and the weights of "it" on the noun, "layer head"."""
    text, *words, noun = PAIRS[key]
    assert loaded.tokenizer is not None
    ids = [ids_of(loaded, text.format(word)) for word in words]
    pieces = [loaded.tokenizer.source[i] for i in ids[0][0].tolist()]
    it, place = len(pieces) - 1 - pieces[::-1].index("it"), pieces.index(noun.strip())
    seen = []
    for each in ids:
        patterns = [WEIGHTS.format("decoder"), STREAM.format("decoder")]
        with torch.inference_mode(), record(only=patterns) as tape:
            loaded.model(None, each)
        seen.append(rows_of_it(tape, "decoder", it, it + 1))
    return differences(seen) | {"noun": seen[0][0][:, :, place]}


def differences(seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Piece:
    """The largest difference in weights of "it", in its vectors, and in the last vectors over their largest entry."""
    (weights, vectors, last), (other_weights, other_vectors, other_last) = seen
    return {
        "weights": np.abs(weights - other_weights).max(),
        "vectors": np.abs(vectors - other_vectors).max(),
        "last": np.abs(last[-1] - other_last[-1]).max() / np.abs(last[-1]).max(),
    }


def in_an_encoder(key: str = "animal") -> Piece:
    """The same differences in the encoder of the lecture's translator."""
    text, *words, _noun = PAIRS[key]
    model, seen = translator(torch.float64), []
    for word in words:
        reading = vocabulary().read(text.format(word).replace("didn't", "did not"))
        it = reading.labels.index("it")
        with torch.no_grad(), record(only=[WEIGHTS.format("encoder"), STREAM.format("encoder")]) as tape:
            model.encode(torch.tensor([reading.ids]))
        seen.append(rows_of_it(tape, "encoder", it, len(reading.ids)))
    return differences(seen)


@experiment('What can the "it" of a causal language model know of the word that comes after it?')
def run(bench: Bench) -> Found:
    loaded = facts(bench)
    config = loaded.model.config
    bench.expect(len(PAIRS) + 1)
    found = bench.each("{}", PAIRS, lambda key: compared(loaded, key))
    encoder = bench.once("encoder", in_an_encoder)
    pairs = {"pair": tuple(PAIRS)}
    best = found["noun"].reshape(len(PAIRS), -1)
    heads = [f"{at // config.heads}.{at % config.heads}" for at in best.argmax(1).tolist()]
    return {
        "weights": tensor(found["weights"], "pair", **pairs),
        "vectors": tensor(found["vectors"], "pair", **pairs),
        "last": tensor(found["last"], "pair", **pairs),
        "noun": tensor(found["noun"], "pair layer head", **pairs),
        "noun_best": tensor(best.max(1), "pair", pair=[f"{key}: head {head}" for key, head in
                                                       zip(PAIRS, heads, strict=True)]),
        "encoder_weights": tensor(encoder["weights"]),
        "encoder_vectors": tensor(encoder["vectors"]),
    }  # fmt: skip
