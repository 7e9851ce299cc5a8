"""Recalling the first symbol of a sequence over a distance: transformer, LSTM and plain RNN of about one size.

Measured are the gradient of the loss at the first symbol before any training, and the number of steps until every
distance is solved, when each model has the best of three learning rates. The LSTM is run twice: as torch initialises
it, and with its forget gates opened by a bias of one (Jozefowicz et al. 2015), as usual in practice. Source of the
task: Hochreiter and Schmidhuber 1997, section 5.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_core.attention import STREAM
from transformer_core.config import Config
from transformer_core.model import Transformer
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor
from transformer_core.studies.experiments.translation import one_thread
from transformer_core.tracing.tap import record, tap_at

SYMBOLS = 8
DISTANCES = (1, 2, 5, 10, 20, 40, 70, 100)
MODELS = ("transformer", "LSTM", "LSTM, gates open", "RNN")
RATES = (1e-3, 3e-3, 1e-2)
LEARNED = 0.99


class Recurrent(nn.Module):
    """An embedding, one recurrent layer, and logits after every symbol; called like a decoder-only `Transformer`."""

    def __init__(self, layer: nn.LSTM | nn.RNN) -> None:
        super().__init__()
        self.table, self.layer = nn.Embedding(SYMBOLS, layer.input_size), layer
        self.output = nn.Linear(layer.hidden_size, SYMBOLS)

    def forward(self, _source: None, x: Tensor) -> Tensor:
        embedded = tap_at("embed_tgt")("scaled", self.table(x), STREAM)
        return self.output(self.layer(embedded)[0])


def model_called(name: str, seed: int) -> nn.Module:
    """Some 20,000 parameters each, the transformer in two layers."""
    torch.manual_seed(seed)
    if name == "transformer":
        sizes = {"d_model": 32, "d_ff": 64, "heads": 2, "encoder_layers": 0, "decoder_layers": 2}
        return Transformer(Config(target_vocab=SYMBOLS, norm_order="pre", dropout=0.0, **sizes), seed)  # type: ignore[arg-type]
    if name == "RNN":
        return Recurrent(nn.RNN(32, 116, batch_first=True))
    lstm = nn.LSTM(32, 52, batch_first=True)
    if name == "LSTM, gates open":
        with torch.no_grad():
            for which, bias in lstm.named_parameters():
                if which.startswith("bias"):
                    bias[52:104] = 0.5  # of input, forget, cell and output gate; the two biases are added
    return Recurrent(lstm)


def draw(distance: int, sequences: int, random: torch.Generator) -> Tensor:
    """Symbols by chance; the first is the answer, asked for `distance` symbols later."""
    return torch.randint(SYMBOLS, (sequences, distance + 1), generator=random)


def loss_of(model: nn.Module, x: Tensor) -> Tensor:
    return F.cross_entropy(model(None, x)[:, -1], x[:, 0])


def signal(name: str, seed: int, sequences: int = 16) -> Piece:
    """|dL/dx_0| before training, by distance, averaged over sequences; double precision, or it would read zero."""
    random, found = torch.Generator().manual_seed(seed), []
    model = model_called(name, seed).double()
    for distance in DISTANCES:
        with record(only=["embed_tgt.scaled"]) as tape:
            loss = loss_of(model, draw(distance, sequences, random))
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
        optimizer.zero_grad()
        loss_of(model, draw(distance, 32, random)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
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
    asked = [draw(distance, sequences, random) for distance in DISTANCES]
    return np.array([float((model(None, x)[:, -1].argmax(-1) == x[:, 0]).float().mean()) for x in asked])


@experiment("Who recalls the first symbol of a sequence, over which distance, and after how many steps?")
def run(bench: Bench, steps: int = 2000, seeds: int = 3, check: int = 50) -> Found:
    bench.expect(len(MODELS) * (1 + len(RATES) + seeds - 1))
    signals, runs, rates = [], [], []
    with one_thread():
        for name in MODELS:
            signals.append(bench.once(f"{name}: gradient", partial(signal, name, bench.seed)))
            trials = [
                bench.once(f"{name}: rate {rate}", partial(learn, name, rate, bench.seed, steps, check))
                for rate in RATES
            ]
            best = int(np.argmax([trial["curve"].mean() for trial in trials]))
            rates.append(RATES[best])
            more = [
                bench.once(f"{name}: seed {s}", partial(learn, name, RATES[best], s, steps, check))
                for s in range(bench.seed + 1, bench.seed + seeds)
            ]
            runs.append([trials[best], *more])
    by_model = {"model": MODELS}
    took = np.array([[piece["steps"] for piece in row] for row in runs])
    return {
        "gradient": tensor([piece["gradient"] for piece in signals], "model distance", distance=DISTANCES, **by_model),
        "parameters": tensor([piece["parameters"] for piece in signals], "model", **by_model),
        "distances": tensor(DISTANCES, "distance", distance=DISTANCES),
        "rate": tensor(rates, "model", **by_model),
        "checks": tensor(np.arange(check, steps + 1, check), "step"),
        "curve": tensor([[piece["curve"] for piece in row] for row in runs], "model seed step", **by_model),
        "steps": tensor(took, "model seed", **by_model),
        "steps_median": tensor(np.median(took, axis=1), "model", **by_model),
        "accuracy": tensor([[piece["by_distance"] for piece in row] for row in runs], "model seed distance",
                           distance=DISTANCES, **by_model),
        "accuracy_at_last": tensor([np.mean([piece["by_distance"].mean() for piece in row]) for row in runs], "model",
                                   **by_model),
        "chance": tensor(1 / SYMBOLS),
    }  # fmt: skip
