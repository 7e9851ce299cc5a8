"""The blocks of a language model of today beside those of 2017: recorded vectors of one sentence, and sizes.

The stream of one token, by layer norm and by RMSNorm, and how small the mean of a vector is in twelve texts. A query
and a key, each of which is turned by its position, at eleven positions, and their score for every pair of positions.
Units of a gated feed-forward layer: those that add most, and those whose gate is nearly shut though their number is
large; and the vector that the whole layer adds to the stream. Queries of all heads over the keys and values that they
share. Bytes of the KV cache, in numbers of two bytes.

Sources: Zhang and Sennrich 2019 (RMSNorm); Su et al. 2021 (rotary positions); Shazeer 2020 (SwiGLU); Ainslie et al.
2023 (grouped-query attention). Of GPT-3 its published sizes: Brown et al. 2020, table 2.1 and section 2.1 (96 layers,
d_model 12,288, a context of 2,048 tokens, 175 thousand million parameters).
"""

from __future__ import annotations

import numpy as np
import torch

from transformer_core.attention import rotate
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.language_model import PROMPTS, TEXTS, facts, ids_of, pieces_of, recorded
from transformer_core.studies.measures.sizes import PUBLISHED, published, published_total
from transformer_core.studies.translator.train import load_default

TEXT = PROMPTS["paris"]
#: The token whose stream is normed, and the layer; the head that is followed, its query, and its key.
NORMED, STREAM_LAYER = 3, 1
LAYER, HEAD, QUERY, KEY = 13, 8, 4, 1
#: So many positions, and so many entries of a vector are drawn.
POSITIONS, ENTRIES = 11, 96
#: The layer whose gated units are looked at, how many of each kind, and what a gate that is nearly shut comes from.
GATED_LAYER, UNITS, SHUT = 20, 5, -2.5
GATES = "gate_before", "relu", "gate", "number", "product", "shut"
#: Bytes of a number, and in how many equal parts of the context the cache is looked at.
BYTES, PARTS = 2, 8
MEGABYTE, GIGABYTE, MILLION = 1e6, 1e9, 1e6
#: When each block was published, by whom.
YEARS = {
    "Vaswani et al.": 2017,
    "Zhang and Sennrich": 2019,
    "Su et al.": 2021,
    "Shazeer": 2020,
    "Ainslie et al.": 2023,
    "Brown et al.": 2020,
}


def normed(x: np.ndarray) -> Piece:
    """A vector, less its mean, divided by its standard deviation, and divided by its root mean square; no gain."""
    spread, size = x.std(), np.sqrt(np.square(x).mean())
    by_layer, by_rms = (x - x.mean()) / spread, x / size
    cosine = by_layer @ by_rms / (np.linalg.norm(by_layer) * np.linalg.norm(by_rms))
    return {
        "stream": x, "centred": x - x.mean(), "layer_normed": by_layer, "rms_normed": by_rms,
        "mean": x.mean(), "spread": spread, "root_mean_square": size, "likeness": cosine,
        "difference": np.abs(by_layer - by_rms).max(),
    }  # fmt: skip


def mean_shares(loaded: LoadedModel, text: str) -> Piece:
    """The mean of every vector that a norm reads, over its root mean square, without sign: the median of a text."""
    tape = recorded(loaded.model, ids_of(loaded, text), "decoder.*.resid_pre", "decoder.*.resid_attn")
    rows = [tensor[0].numpy() for name, tensor in tape.items() if name != "logits"]
    shares = [np.abs(row.mean(-1)) / np.sqrt(np.square(row).mean(-1)) for row in rows]
    return {"share": np.median(np.concatenate(shares))}


def turned(loaded: LoadedModel, q: np.ndarray, k: np.ndarray, positions: int = POSITIONS) -> Piece:
    """A query and a key at every position: directions of their hands, what each pair adds, and their scores.

    A hand leads up by the first entry of its pair and right by the second, so that it turns clockwise; the hands are
    "position pair component", of length one. `adds` is "offset pair": of a key so many tokens before its query.
    """
    rotary = loaded.model.config.rotary
    assert rotary is not None
    width = len(q)
    first, second = zip(*((i, other) for i, other in enumerate(rotary.partners(width)) if i < other), strict=True)
    vectors = torch.as_tensor(np.stack([q, k]), dtype=torch.float64)[None, :, None].expand(-1, -1, positions, -1)
    rows = rotate(vectors, slice(0, positions), positions, rotary)[0].numpy()
    hands = [np.stack([row[:, second], row[:, first]], -1) for row in rows]
    products = (hands[0][:, None] * hands[1][None]).sum(-1)
    queries, keys = rows
    return {
        "query_hands": hands[0] / np.linalg.norm(hands[0], axis=-1, keepdims=True),
        "key_hands": hands[1] / np.linalg.norm(hands[1], axis=-1, keepdims=True),
        "adds": products[:, 0],
        "scores": queries @ keys.T,
        "turns": np.degrees(rotary.frequencies(width)),
    }


def gated(before: np.ndarray, gate: np.ndarray, number: np.ndarray, units: int = UNITS) -> Piece:
    """Those units whose product is largest, and those with the largest numbers behind gates that are nearly shut."""
    product = gate * number
    shut = np.flatnonzero(before < SHUT)
    open_ = np.argsort(-np.abs(product))[:units]
    closed = shut[np.argsort(-np.abs(number[shut]))[:units]]
    chosen = np.sort(np.concatenate([open_, closed]))
    return {
        "units": chosen, "gate_before": before[chosen], "gate": gate[chosen], "number": number[chosen],
        "product": product[chosen], "relu": np.maximum(before[chosen], 0),
        "shut": (before < SHUT)[chosen].astype(float),
    }  # fmt: skip


def cache_bytes(layers: int, width: int, tokens: np.ndarray | int) -> np.ndarray:
    """Bytes of the keys and the values of all layers: `width` numbers each for every token."""
    return np.asarray(2 * layers * width * BYTES * np.asarray(tokens, dtype=float))


@experiment("How do the blocks of a language model of today differ from those of 2017?")
def modern_blocks(bench: Bench) -> Found:
    loaded = facts(bench)
    config = loaded.model.config
    path = f"decoder.{LAYER}"
    units_at = f"decoder.{GATED_LAYER}.ffn"
    points = f"{path}.self_attn.*", f"{units_at}.*", f"decoder.{STREAM_LAYER}.resid_pre"
    seen = recorded(loaded.model, ids_of(loaded, TEXT), *points).trace()
    tokens = [piece.lstrip("·") for piece in pieces_of(loaded, ids_of(loaded, TEXT)[0].tolist())]
    head = {name: seen[f"{path}.self_attn.{name}"].values[0] for name in ("q", "k", "v", "scores")}
    shared = HEAD // (config.heads // config.kv_heads)
    query, key = head["q"][HEAD, QUERY], head["k"][shared, KEY]
    norm = normed(seen[f"decoder.{STREAM_LAYER}.resid_pre"].values[0, NORMED].astype(float))
    clock = turned(loaded, query, key)
    ffn = gated(*(seen[f"{units_at}.{name}"].values[0, QUERY] for name in ("gate_pre", "gate", "pre")))
    share = bench.each("text {}", range(len(TEXTS)), lambda at: mean_shares(loaded, TEXTS[at]))["share"]
    ours, _, _ = load_default()
    lengths = np.arange(PARTS + 1) * config.max_positions // PARTS
    layers, d_head = config.decoder_layers, config.d_head
    own = {name: heads * d_head for name, heads in (("every", config.heads), ("shared", config.kv_heads))}
    large, context = PUBLISHED["GPT-3"], 2048
    vector = {
        name: norm[name].astype(np.float32)[:ENTRIES] for name in ("stream", "centred", "layer_normed", "rms_normed")
    }
    others = np.asarray(published_total(np.asarray(published())), dtype=float)
    totals = np.array([sum(p.numel() for p in ours.parameters()), *others.tolist()])
    added = seen[f"{units_at}.out"].values[0, QUERY].astype(np.float32)[:ENTRIES]
    stacks = [ours.config.encoder_layers, ours.config.decoder_layers, layers]
    numbers = sum(p.numel() for p in loaded.model.parameters())
    kept = [cache_bytes(layers, width, lengths) / MEGABYTE for width in own.values()]
    hands = {name: clock[name] for name in ("query_hands", "key_hands")}
    words = {"position": tokens, "d_ff": ffn["units"], "choice": own}
    words |= {"model": ("our translator", *PUBLISHED)}
    large_parts = {"part": ("layers", "d_model", "context")}
    return (
        tensors("position", words, tokens=np.arange(len(tokens)))
        | tensors("part", {"part": YEARS}, years=[*YEARS.values()])
        | tensors("position", positions=np.arange(POSITIONS))
        | tensors("part", {"part": ("encoder", "decoder", "SmolLM2")}, layers=stacks)
        | tensors("d_model", added=added, **vector)
        | tensors(**{name: norm[name] for name in ("mean", "spread", "root_mean_square", "likeness", "difference")})
        | tensors(width=config.d_model, drawn=ENTRIES, mean_share=np.median(share))
        | tensors("sentence", mean_share_by_text=share)
        | tensors("d_head", query=query, key=key)
        | tensors("position pair component", {"component": ("across", "up")}, **hands)
        | tensors("offset pair", adds=clock["adds"])
        | tensors("query key", scores=clock["scores"])
        | tensors("pair", turns=clock["turns"])
        | tensors(score=head["scores"][HEAD, QUERY, KEY], d_ff=config.d_ff)
        | tensors("d_ff", words, **{name: ffn[name] for name in GATES})
        | tensors("head d_head", queries=head["q"][:, QUERY])
        | tensors("kv_head d_head", shared_keys=head["k"][:, QUERY], shared_values=head["v"][:, QUERY])
        | tensors("choice", {"choice": ("queries", "keys and values")}, heads=[config.heads, config.kv_heads])
        | tensors("length", lengths=lengths)
        | tensors("choice length", words, cache=kept)
        | tensors("part", large_parts, large_sizes=np.array([large[0], large[1], context]))
        | tensors(large_cache=cache_bytes(large[0], large[4], context) / GIGABYTE)
        | tensors(large_token=cache_bytes(large[0], large[4], 1) / MEGABYTE, weights_size=numbers * BYTES / MEGABYTE)
        | tensors("model", words, parameters=totals, millions=totals / MILLION)
    )
