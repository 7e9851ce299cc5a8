"""Experiments on what the parts of a layer compute: what is linear, and what the feed-forward layer is for."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import rankdata
from torch import Tensor

from transformer_core.config import Config
from transformer_core.layers import FeedForward
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.studies.experiments.snapshots import log_spaced
from transformer_core.studies.experiments.translation import encoder_traces, held_out, rows_at, translator
from transformer_core.studies.focus import EARNED
from transformer_core.studies.measures.linearity import FACTORS
from transformer_core.studies.translator.grammar.lexicon import kinds
from transformer_core.training.train import descend

#: What is tested, and the measure of it, below `encoder.<layer>`.
TESTS = {
    "fixed shares": "self_attn.fixed_weights_gap",
    "attention": "self_attn.attention_gap",
    "two matrices": "ffn.two_matrices_gap",
    "with biases": "ffn.biases_gap",
    "feed-forward": "ffn.feed_forward_gap",
    "norm": "ln1.norm_gap",
}


@experiment("Which parts of the model are linear: f(ax + by) = a f(x) + b f(y)?")
def linearity(_bench: Bench, sentences: int = 200) -> Found:
    """f(a x + b y) against a f(x) + b f(y), for each sublayer of the lecture's model, on rows of held-out sentences.

    The same test that the trace makes of the viewer's sentence (`transformer_core.studies.measures.linearity`), over
    many of them: the gap of the two sides over the largest entry, biases off. A part that is linear fails on no
    sentence.
    """
    model = translator(torch.float64)
    layers = range(model.config.encoder_layers)
    pairs = [pair for pair in held_out(sentences) if len(pair.source) > 1]
    gaps = [
        [[float(trace[f"encoder.{layer}.{measure}"]) for layer in layers] for measure in TESTS.values()]
        for trace in encoder_traces(model, pairs)
    ]
    gap = np.array(gaps)
    spread = {"gap": np.median(gap, 0), "smallest": gap.min(0), "largest": gap.max(0)}
    return (
        tensors("choice layer", {"choice": TESTS}, **spread)
        | tensors("choice", {"choice": ("a", "b")}, factors=FACTORS)
        | tensors(sentences=len(gap))
    )


def areas(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    """P(value of a member > value of another), "... kind", for each column of "sample ..." and of `members`, "sample
    kind"; ties count as a half."""
    inside = members.sum(0)
    sums = rankdata(values, axis=0).T @ members
    return np.asarray((sums - inside * (inside + 1) / 2) / (inside * (len(values) - inside)))


@experiment("Which words wake a unit of the feed-forward layer, and how many units have a simple name?")
def neurons(_bench: Bench, sentences: int = 1000) -> Found:
    """Selectivity of the units of the feed-forward layer: how well each tells words of one kind from all others.

    For every unit of the encoder and every kind of words: the share of pairs (a word of the kind, another word) in
    which the unit is stronger for the first. It is the area under the ROC curve, ties counted as a half (Hanley and
    McNeil 1982). The kind with the largest area is the unit's best name, if that is large enough to be a name at all.
    """
    model, pairs = translator(), held_out(sentences)
    points = [f"encoder.{layer}.ffn.post" for layer in range(model.config.encoder_layers)]
    units = np.stack([*rows_at(model, pairs, points).values()])  # "layer sample d_ff"
    words = [word for pair in pairs for word in pair.source]
    members = np.array([[word in kind for kind in kinds().values()] for word in words], dtype=float)
    area = np.array([areas(layer, members) for layer in units])
    awake, best = (units > 0).mean(1), area.max(-1)
    return (
        tensors("layer d_ff kind", {"kind": kinds()}, area=area.astype(np.float32))
        | tensors("layer d_ff", best=best, best_kind=area.argmax(-1), awake=awake)
        | tensors(unnamed=(best < EARNED).mean(), words=len(words), sentences=sentences)
    )


HIDDEN = 8
EDGE, CELLS = 2.0, 41
SPREAD = 0.3


def clouds(points: int, seed: int) -> tuple[Tensor, Tensor]:
    """`points` around each corner (1, 1), (-1, -1) of kind 0, and (1, -1), (-1, 1) of kind 1."""
    random = torch.Generator().manual_seed(seed)
    corners = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]).repeat(points, 1)
    return corners + SPREAD * torch.randn(corners.shape, generator=random), torch.tensor([0, 0, 1, 1]).repeat(points)


def layer_of(hidden: int, seed: int) -> FeedForward:
    """The model's feed-forward layer over a plane, with normally distributed weights."""
    layer = FeedForward(
        Config(source_vocab=1, d_model=2, d_ff=hidden, heads=1, encoder_layers=1, decoder_layers=0), "ffn"
    )
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(generator=random)
    return layer


def plane() -> Tensor:
    """The points of a square grid, row by row from below: "row column 2"."""
    line = torch.linspace(-EDGE, EDGE, CELLS)
    return torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)


def best_line(x: Tensor, kinds: Tensor, tried: int = 180) -> Piece:
    """Of so many directions and all places between the points, the straight line that parts most points rightly."""
    angles = torch.linspace(0, torch.pi, tried + 1)[:-1]
    along = x @ torch.stack([angles.cos(), angles.sin()])
    cuts = along.sort(dim=0).values
    share = ((along > cuts[:, None]) == kinds.bool()[:, None]).float().mean(1)
    share = torch.maximum(share, 1 - share)
    place, way = divmod(int(share.argmax()), tried)
    line = torch.stack([angles[way].cos(), angles[way].sin(), cuts[place, way]])
    return {"accuracy": share.max().numpy(), "line": line.numpy()}


def trained(seed: int, steps: int, frames: tuple[int, ...], points: int, hidden: int = HIDDEN) -> Piece:
    """Frames of the plane, creases (w_1, w_2, b of each unit) and accuracy on new points while the layer learns."""
    layer, (x, kinds), (new, new_kinds) = layer_of(hidden, seed), clouds(points, seed), clouds(points, seed + 1000)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    seen: list[tuple[np.ndarray, np.ndarray, float]] = []
    for step in range(steps + 1):
        if step in frames:
            with torch.no_grad():
                scores = layer(plane()).diff(dim=-1)[..., 0].numpy()
                assert layer.b1 is not None
                creases = torch.cat([layer.w1, layer.b1[:, None]], dim=1).numpy()
                right = (layer(new).argmax(-1) == new_kinds).float().mean()
                seen.append((scores, creases, float(right)))
        descend(layer, optimizer, F.cross_entropy(layer(x), kinds))
    planes, creases, accuracy = (np.array(part) for part in zip(*seen, strict=True))
    return {"planes": planes.astype(np.float16), "creases": creases, "accuracy": accuracy}


@experiment("Which boundary can a line not draw, and a small feed-forward layer can?")
def boundary(bench: Bench, steps: int = 1000, seeds: int = 5, points: int = 50, looks: int = 20) -> Found:
    """The exclusive-or problem: four clouds of points, classified by a small feed-forward layer, but by no straight
    line.

    The layer is that of the model, d_model 2: its two outputs are the scores of the two kinds. Against it stands the
    best of many straight lines. At log-spaced steps the difference of the scores over the plane is kept, and the crease
    of each hidden unit, w . x + b = 0. Source of the problem: Minsky and Papert 1969, chapter 11 (exclusive or).
    """
    frames = log_spaced(steps, looks)
    bench.expect(1 + seeds)
    line = bench.once("line", lambda: best_line(*clouds(points, bench.seed)))
    runs = bench.each("seed {}", range(seeds), lambda seed: trained(bench.seed + seed, steps, frames, points))
    x, kinds = clouds(points, bench.seed)
    ends = runs["accuracy"][:, -1]
    best = {name: values[ends.argmax()] for name, values in runs.items()}
    return (
        tensors("sample component", points=x.numpy())
        | tensors("sample", kinds=kinds.numpy())
        | tensors("component", {"component": ("x", "y", "offset")}, line=line["line"])
        | tensors("frame", steps=frames, accuracy=best["accuracy"])
        | tensors("frame row column", planes=best["planes"])
        | tensors("frame d_ff component", {"component": ("x", "y", "bias")}, creases=best["creases"])
        | tensors(line_accuracy=line["accuracy"], accuracy_last=best["accuracy"][-1], hidden=HIDDEN, edge=EDGE)
    )
