"""Experiments on small models of sequences of symbols: induction and recall."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_core.attention import STREAM
from transformer_core.config import Config
from transformer_core.interpret import head_ablation, head_scores, measured
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensors
from transformer_core.tracing.tap import record, tap_at
from transformer_core.training.train import descend

SYMBOLS, LONGEST, SHORTEST = 32, 20, 8
PROBE = 12
RATE, WARM_UP = 4e-3, 100
WEIGHTS = "decoder.*.self_attn.weights"


def decoder(seed: int, layers: int = 2) -> Transformer:
    """A decoder with two heads a layer. Its positions are learned: by sinusoids it gets there too, but later."""
    config = Config(
        target_vocab=SYMBOLS,
        d_model=64,
        d_ff=128,
        heads=2,
        encoder_layers=0,
        decoder_layers=layers,
        norm_order="pre",
        positions="learned",
        max_positions=2 * LONGEST,
        dropout=0.0,
    )
    return Transformer(config, seed)


def draw(sequences: int, length: int, random: torch.Generator) -> Tensor:
    """`sequences` permutations of `length` symbols, each written twice: "batch position"."""
    once = torch.rand(sequences, SYMBOLS, generator=random).argsort(1)[:, :length]
    return torch.cat([once, once], 1)


@torch.no_grad()
def examined(model: Transformer, seed: int, sequences: int = 100) -> Piece:
    """Accuracy on the second copies, and of each head, "layer head", the stripe score and that of the token before."""
    x = draw(sequences, LONGEST, torch.Generator().manual_seed(seed))
    with record(only=[WEIGHTS, "logits"]) as tape:
        model(None, x[:, :-1])
    scores = head_scores(tape.trace(), period=LONGEST)
    return {
        "accuracy": np.array(right(tape["logits"], x)),
        "stripe": scores["heads.induction"].values,
        "previous": scores["heads.previous_token"].values,
    }


def right(logits: Tensor, x: Tensor) -> float:
    """The share of the second copy, its first symbol left out, that is foretold."""
    length = x.shape[1] // 2
    return float((logits[:, length:].argmax(-1) == x[:, length + 1 :]).float().mean())


def without_a_head(model: Transformer, seed: int, sequences: int = 100) -> np.ndarray:
    """Accuracy when the output of one head is its mean over sequences and places: "layer head"."""
    x = draw(sequences, LONGEST, torch.Generator().manual_seed(seed))
    asked = model, (None, x[:, :-1]), lambda logits: right(logits, x)
    return measured(*asked) + head_ablation(*asked, "mean")["ablation.decoder.self_attn"].values


def trained(seed: int, steps: int, frames: tuple[int, ...], layers: int = 2) -> Piece:
    """Train on the second copies alone, and examine the model at the steps `frames`."""
    model, random = decoder(seed, layers), torch.Generator().manual_seed(seed)
    probe = draw(1, PROBE, torch.Generator().manual_seed(seed + 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    warm_up = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / WARM_UP, total_iters=WARM_UP)
    seen: list[Piece] = []
    for step in range(steps + 1):
        if step in frames:
            with record(only=[WEIGHTS]) as tape, torch.no_grad():
                model(None, probe)
            weights = torch.stack([layer[0] for layer in tape.values()])
            seen.append(examined(model, seed + 2) | {"weights": weights.numpy().astype(np.float16)})
        length = int(torch.randint(SHORTEST, LONGEST + 1, (), generator=random))
        x = draw(32, length, random)
        logits = model(None, x[:, :-1])[:, length:]
        loss = F.cross_entropy(logits.flatten(0, 1), x[:, length + 1 :].flatten())
        descend(model, optimizer, loss, clip=1.0)
        warm_up.step()
    ablated = without_a_head(model, seed + 2)
    found = {name: np.stack([one[name] for one in seen]) for name in seen[0]}
    return found | {"ablated": ablated, "probe": probe[0].numpy()}


@experiment("When does a decoder learn to continue a repeated sequence, and which head does it?")
def induction(bench: Bench, steps: int = 1800, seeds: int = 3, every: int = 50) -> Found:
    """Induction: a decoder alone learns to continue a random sequence that repeats.

    Each sequence is a permutation of symbols, of a length that changes from batch to batch, written twice: no fixed
    distance helps, only finding the earlier copy of a symbol and looking at what came after. A head that does so has a
    stripe: from position i of the second copy to the place behind the first copy of the same symbol. Measured: accuracy
    on the second copy and stripe scores through training, and what it costs to replace a head's output by its mean.
    Source: Elhage et al. 2021; Olsson et al. 2022.
    """
    frames = tuple(range(0, steps + 1, every))
    bench.expect(seeds + 1)
    runs = bench.each("seed {}", range(seeds), lambda seed: trained(bench.seed + seed, steps, frames))
    shallow = bench.once("one layer", lambda: trained(bench.seed, steps, frames, layers=1))
    first = {name: values[0] for name, values in runs.items()}
    curve = first["accuracy"]
    # The steepest part: the two looks, four apart, between which most is learned.
    apart = min(4, len(curve) - 1)
    rise = int(np.argmax(curve[apart:] - curve[:-apart]))
    last = first["stripe"][-1]
    layer, head = np.unravel_index(int(last.argmax()), last.shape)
    symbols = [symbol(number) for number in first["probe"]]
    words = {"query": symbols, "key": symbols, "choice": ("before", "after")}
    around, stripe = [rise, rise + apart], runs["stripe"][:, -1]
    return (
        tensors("frame", steps=frames, accuracy=curve, one_layer=shallow["accuracy"])
        | tensors("choice", words, rise_steps=[frames[at] for at in around], rise=curve[around])
        | tensors("frame layer head", stripe=first["stripe"], previous=first["previous"])
        | tensors("choice", {"choice": ("layer", "head")}, best_head=[layer, head])
        | tensors("layer head", ablated=first["ablated"])
        | tensors("seed layer head", ablated_by_seed=runs["ablated"], stripe_by_seed=stripe)
        | tensors("frame layer head query key", words, weights=first["weights"])
        | tensors(chance=1 / SYMBOLS)
    )


def symbol(number: int) -> str:
    """A letter for each symbol: A to Z, then Greek ones that look like none of these."""
    return chr(ord("A") + number) if number < 26 else "ΓΛΔΞΣΩ"[number - 26]


RECALLED = 8
DISTANCES = (1, 2, 5, 10, 20, 40, 70, 100)
MODELS = ("transformer", "LSTM", "LSTM, gates open", "RNN")
RATES = (1e-3, 3e-3, 1e-2)
LEARNED = 0.99


class Recurrent(nn.Module):
    """An embedding, one recurrent layer, and logits after every symbol; called like a decoder-only `Transformer`."""

    def __init__(self, layer: nn.LSTM | nn.RNN) -> None:
        super().__init__()
        self.table, self.layer = nn.Embedding(RECALLED, layer.input_size), layer
        self.output = nn.Linear(layer.hidden_size, RECALLED)

    def forward(self, _source: None, x: Tensor) -> Tensor:
        embedded = tap_at("embed_tgt")("scaled", self.table(x), STREAM)
        return self.output(self.layer(embedded)[0])


def model_called(name: str, seed: int) -> nn.Module:
    """Some 20,000 parameters each, the transformer in two layers."""
    torch.manual_seed(seed)
    if name == "transformer":
        sizes = {"d_model": 32, "d_ff": 64, "heads": 2, "encoder_layers": 0, "decoder_layers": 2}
        return Transformer(Config(target_vocab=RECALLED, norm_order="pre", dropout=0.0, **sizes), seed)  # type: ignore[arg-type]
    if name == "RNN":
        return Recurrent(nn.RNN(32, 116, batch_first=True))
    lstm = nn.LSTM(32, 52, batch_first=True)
    if name == "LSTM, gates open":
        with torch.no_grad():
            for which, bias in lstm.named_parameters():
                if which.startswith("bias"):
                    bias[52:104] = 0.5  # of input, forget, cell and output gate; the two biases are added
    return Recurrent(lstm)


def draw_recall(distance: int, sequences: int, random: torch.Generator) -> Tensor:
    """Symbols by chance; the first is the answer, asked for `distance` symbols later."""
    return torch.randint(RECALLED, (sequences, distance + 1), generator=random)


def loss_of(model: nn.Module, x: Tensor) -> Tensor:
    return F.cross_entropy(model(None, x)[:, -1], x[:, 0])


def signal(name: str, seed: int, sequences: int = 16) -> Piece:
    """|dL/dx_0| before training, by distance, averaged over sequences; double precision, or it would read zero."""
    random, found = torch.Generator().manual_seed(seed), []
    model = model_called(name, seed).double()
    for distance in DISTANCES:
        with record(only=["embed_tgt.scaled"]) as tape:
            loss = loss_of(model, draw_recall(distance, sequences, random))
        (slope,) = torch.autograd.grad(loss, tape["embed_tgt.scaled"])
        found.append(float(slope[:, 0].norm(dim=-1).mean()) * sequences)
    return {"gradient": np.array(found), "parameters": np.array(sum(p.numel() for p in model.parameters()))}


def learn(name: str, rate: float, seed: int, steps: int, check: int = 50) -> Piece:
    """Train on distances by chance from 1 to the longest; accuracy over all `DISTANCES`, every `check` steps.

    `steps` is the first check at which no distance is below `LEARNED`, where training ends; infinite if there is none.
    """
    random, model = torch.Generator().manual_seed(seed), model_called(name, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    curve, learned, by_distance = [], np.inf, np.zeros(len(DISTANCES))
    for step in range(1, steps + 1):
        distance = int(torch.randint(1, DISTANCES[-1] + 1, (), generator=random))
        descend(model, optimizer, loss_of(model, draw_recall(distance, 32, random)), clip=1.0)
        if step % check == 0:
            by_distance = accuracy(model, random)
            curve.append(by_distance.mean())
            if by_distance.min() >= LEARNED:
                learned = step
                break
    curve += [curve[-1]] * (steps // check - len(curve))
    return {"curve": np.array(curve), "steps": np.array(learned), "by_distance": by_distance}


@torch.no_grad()
def accuracy(model: nn.Module, random: torch.Generator, sequences: int = 128) -> np.ndarray:
    asked = [draw_recall(distance, sequences, random) for distance in DISTANCES]
    return np.array([float((model(None, x)[:, -1].argmax(-1) == x[:, 0]).float().mean()) for x in asked])


@experiment("Who recalls the first symbol of a sequence, over which distance, and after how many steps?")
def recall(bench: Bench, steps: int = 2000, seeds: int = 3, check: int = 50) -> Found:
    """Recalling the first symbol of a sequence over a distance: transformer, LSTM and plain RNN of about one size.

    Measured are the gradient of the loss at the first symbol before any training, and the number of steps until every
    distance is solved, when each model has the best of three learning rates. The LSTM is run twice: as torch
    initialises it, and with its forget gates opened by a bias of one (Jozefowicz et al. 2015), as usual in practice.
    Source of the task: Hochreiter and Schmidhuber 1997, section 5.
    """
    bench.expect(len(MODELS) * (1 + len(RATES) + seeds - 1))
    signals, runs, rates = [], [], []
    for name in MODELS:
        signals.append(bench.once(f"{name}: gradient", partial(signal, name, bench.seed)))
        trials = [
            bench.once(f"{name}: rate {rate}", partial(learn, name, rate, bench.seed, steps, check)) for rate in RATES
        ]
        best = int(np.argmax([trial["curve"].mean() for trial in trials]))
        rates.append(RATES[best])
        more = [
            bench.once(f"{name}: seed {s}", partial(learn, name, RATES[best], s, steps, check))
            for s in range(bench.seed + 1, bench.seed + seeds)
        ]
        runs.append([trials[best], *more])
    words = {"model": MODELS, "distance": DISTANCES}
    curve, took, right = (
        np.array([[piece[fact] for piece in row] for row in runs]) for fact in ("curve", "steps", "by_distance")
    )
    gradient, parameters = ([piece[fact] for piece in signals] for fact in ("gradient", "parameters"))
    return (
        tensors("model distance", words, gradient=gradient)
        | tensors("distance", words, distances=DISTANCES)
        | tensors("model", words, parameters=parameters, rate=rates)
        | tensors("model", words, steps_median=np.median(took, axis=1))
        | tensors("step", checks=np.arange(check, steps + 1, check))
        | tensors("model seed step", words, curve=curve)
        | tensors("model seed", words, steps=took)
        | tensors("model seed distance", words, accuracy=right)
        | tensors(chance=1 / RECALLED)
    )
