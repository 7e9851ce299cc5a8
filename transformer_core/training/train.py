"""Training: drawn sentences, teacher forcing, and steps that an interruption does not change by one bit.

A state that is read back is checked before anything of it is used, so that a training never goes on from what it cannot
have come to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from reprlib import repr as short
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from transformer_core.config import Config
from transformer_core.files.tensors import metadata, unbroken, write_tensors
from transformer_core.model import Transformer
from transformer_core.text.vocabulary import PAD, Vocabulary
from transformer_core.tracing.tap import Tape, record
from transformer_core.training.batches import Corpus
from transformer_core.versions import versions

Progress = Callable[[int, int, dict[str, float]], None]
Watch = Callable[[int, Transformer], None]

WEIGHTS = "encoder.*.self_attn.weights"
#: The random numbers of each step have a seed of their own, made of both, which torch takes up to 2^63.
MOST_STEPS, MOST_SEEDS = 1_000_000, 2**32 - 1
#: So many steps lie between two lines of the history.
TOLD_EVERY = 50
#: The figures of a line, beside its step.
FIGURES = ("loss", "entropy", "gradient", "rate")
#: The moments of AdamW that belong to each parameter.
MOMENTS = ("exp_avg", "exp_avg_sq")
ANEW = "remove it, and the training begins anew"
State = tuple[int, list[dict[str, float]], dict[str, Tensor]]


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on besides the code: the same recipe gives the same weights on the same machine."""

    steps: int = 8000
    seed: int = 1
    sentences: int = 250_000
    batch: int = 64
    peak_rate: float = 4e-3
    warm_up: int = 200
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    smoothing: float = 0.1
    #: Weight of the entropy of encoder attention in the loss, reached over the first half: sharp patterns read well.
    entropy_penalty: float = 0.005
    cross_heads: int = 1
    sizes: dict[str, Any] = field(
        default_factory=lambda: {
            "d_model": 64,
            "d_ff": 128,
            "heads": 4,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "norm_order": "pre",
            "final_norm": True,
            "max_positions": 64,
            "dropout": 0.05,
        }
    )

    def __post_init__(self) -> None:
        for name, most in (("steps", MOST_STEPS), ("seed", MOST_SEEDS)):
            value, least = getattr(self, name), int(name == "steps")
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} {value!r} of a training is no whole number from {least} to {most}")

    def config(self, vocabulary: Vocabulary) -> Config:
        return Config(
            source_vocab=len(vocabulary.source),
            target_vocab=len(vocabulary.target),
            cross_heads=self.cross_heads,
            **self.sizes,
        )

    def rate(self, step: int) -> float:
        """The learning rate of a step: linear warm-up, then half a cosine down to zero. Loshchilov and Hutter 2017."""
        if step < self.warm_up:
            return self.peak_rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.peak_rate * 0.5 * (1 + math.cos(math.pi * done))

    def optimizer(self, model: nn.Module) -> torch.optim.AdamW:
        """AdamW, with weight decay on matrices alone: not on biases and gains. Loshchilov and Hutter 2019."""
        matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
        vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
        decaying = {"params": matrices, "weight_decay": self.weight_decay}
        groups = [decaying, {"params": vectors, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=self.peak_rate, betas=self.betas, fused=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread: matrices this small lose more to handing over than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def loss_of(
    model: nn.Module, source: Int[Tensor, "batch key"], target: Int[Tensor, "batch query"], smoothing: float
) -> Float[Tensor, ""]:
    """-log p(next word | words before it, source), averaged over words, in nats: teacher forcing.

    Label smoothing keeps a share for all other words. Szegedy et al. 2016; Vaswani et al. 2017, section 5.4.
    """
    read, next_words = target[:, :-1], target[:, 1:]
    logits = model(source, read, source == PAD, read == PAD)
    return F.cross_entropy(logits.flatten(0, 1), next_words.flatten(), ignore_index=PAD, label_smoothing=smoothing)


def descend(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, clip: float = math.inf) -> Tensor:
    """Take one step down the gradient of `loss`, cut to length `clip`; returns the length that it had."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return norm


def entropy(tape: Tape, source: Int[Tensor, "batch position"]) -> Float[Tensor, ""]:
    """-Σ_key w log w of every head and real query of the encoder, averaged, in nats: 0 if each looks at one word."""
    real = (source != PAD)[:, None, :].float()
    # A weight of exactly 0, at padding, has a log whose gradient is infinite: the clamp cuts it off.
    rows = [
        -(weights * weights.clamp_min(1e-9).log()).sum(-1)
        for name, weights in tape.items()
        if name.startswith("encoder")
    ]
    return torch.stack([(row * real).sum() / (real.sum() * row.shape[1]) for row in rows]).mean()


class Run:
    """One training: weights, moments and the number of the step, which is all that is needed to go on."""

    def __init__(self, recipe: Recipe, vocabulary: Vocabulary, corpus: Corpus) -> None:
        self.recipe, self.corpus = recipe, corpus
        self.model = Transformer(recipe.config(vocabulary), seed=recipe.seed)
        self.optimizer = recipe.optimizer(self.model)
        self.step = 0
        self.history: list[dict[str, float]] = []

    def go_on(self, until: int | None = None, progress: Progress | None = None, watch: Watch | None = None) -> None:
        """Train up to step `until` (all of the recipe's if None); `watch` sees the model before the first and after
        every step, `progress` the loss."""
        until = self.recipe.steps if until is None else min(until, self.recipe.steps)
        batches = self.corpus.batches(self.recipe.batch, self.recipe.seed, self.step)
        self.model.train()
        if watch and self.step == 0:
            watch(0, self.model)
        with torch.random.fork_rng(devices=[]):
            for source, target in islice(batches, until - self.step):
                facts = self.take_step(source, target)
                if self.step % TOLD_EVERY == 0 or self.step == self.recipe.steps:
                    self.history.append({"step": self.step, **facts})
                    if progress:
                        progress(self.step, self.recipe.steps, facts)
                if watch:
                    watch(self.step, self.model)
        self.model.eval()

    def take_step(self, source: Int[Tensor, "batch key"], target: Int[Tensor, "batch query"]) -> dict[str, float]:
        """One step of AdamW. The random numbers of dropout come from seed and step, so that any step can be redone."""
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.step)
        source, target = source.to(self.model.device), target.to(self.model.device)
        with record(only=[WEIGHTS]) as tape:
            loss = loss_of(self.model, source, target, self.recipe.smoothing)
        blur = entropy(tape, source)
        ramp = min(1.0, self.step / max(1, self.recipe.steps // 2))
        if not loss.isfinite():
            raise ValueError(
                f"the loss of step {self.step + 1} is no finite number, the weights have left what a float can hold: "
                f"begin anew with a smaller peak_rate than {self.recipe.peak_rate}"
            )
        norm = descend(self.model, self.optimizer, loss + self.recipe.entropy_penalty * ramp * blur, self.recipe.clip)
        self.step += 1
        return {
            "loss": loss.item(),
            "entropy": blur.item(),
            "gradient": norm.item(),
            "rate": self.recipe.rate(self.step - 1),
        }

    def save(self, path: Path) -> None:
        """Write all that `load` needs to go on to one safetensors file."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for at, parameter in enumerate(self.model.parameters()):
            state = self.optimizer.state.get(parameter, {})
            tensors |= {f"adam.{at}.{name}": torch.as_tensor(value) for name, value in state.items()}
        facts = {
            "step": self.step,
            "history": self.history,
            "recipe": asdict(self.recipe),
            "versions": versions("torch"),
        }
        write_tensors(path, tensors, {name: json.dumps(fact) for name, fact in facts.items()})

    def load(self, path: Path) -> None:
        """Go back to what `save` wrote; what is refused has changed nothing.

        Raises:
            ValueError: the file is of another training, damaged, or holds what this training cannot have come to.
        """
        step, history, tensors = read_state(path, asdict(self.recipe), self.model)
        self.model.load_state_dict({n[len("model.") :]: t for n, t in tensors.items() if n.startswith("model.")})
        for at, parameter in enumerate(self.model.parameters() if step else ()):
            state = {name: tensors[f"adam.{at}.{name}"].to(parameter.device) for name in (*MOMENTS, "step")}
            self.optimizer.state[parameter] = state
        self.step, self.history = step, history


def read_state(path: Path, recipe: Mapping[str, Any], model: nn.Module) -> State:
    """Step, history and tensors (`model.*`, `adam.*`) of the state at `path`, of a training of `model` by `recipe`.

    Raises:
        ValueError: the file is of another training, damaged, or holds what this training cannot have come to.
    """
    data = unbroken(path, ANEW)
    try:
        facts = {name: json.loads(fact) for name, fact in metadata(data).items()}
        differ = _differences(facts, recipe)
        if not differ:
            step, history = _progress(facts, recipe["steps"])
            tensors = load(data)
            _check(tensors, step, model)
            return step, history, tensors
    except (ValueError, LookupError, TypeError, AttributeError, SafetensorError) as error:
        raise ValueError(f"{path} is no state of a training: {error}; {ANEW}") from error
    raise ValueError(
        f"{path} is of another training, with {', '.join(differ)}: go on with that one as it was begun, choose another "
        "output, or remove the file to begin anew"
    )


def _differences(facts: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    """List what another training was begun with; another torch may differ in the last bits of a sum."""
    theirs = facts["recipe"] | {"torch": facts["versions"]["torch"]}
    ours = json.loads(json.dumps(recipe)) | {"torch": versions("torch")["torch"]}
    return [f"{name} {theirs.get(name)} instead of {ours[name]}" for name in ours if theirs.get(name) != ours[name]]


def _progress(facts: Mapping[str, Any], steps: int) -> tuple[int, list[dict[str, float]]]:
    """The step and the history, if a training of so many steps can have come to them."""
    step, history = facts["step"], facts["history"]
    if type(step) is not int or not 0 <= step <= steps:
        raise ValueError(f"its step is {short(step)}, and not from 0 to {steps}")
    told = [at for at in range(1, step + 1) if at % TOLD_EVERY == 0 or at == steps]
    known = [line["step"] for line in history] == told
    if not known or not all(math.isfinite(line[figure]) for line in history for figure in FIGURES):
        raise ValueError(f"its history is none of {step} steps")
    return step, history


def _check(tensors: Mapping[str, Tensor], step: int, model: nn.Module) -> None:
    """Hold the tensors against the model."""
    wanted = {f"model.{name}": value for name, value in model.state_dict().items()}
    for at, parameter in enumerate(model.parameters() if step else ()):
        wanted |= {f"adam.{at}.{name}": parameter for name in MOMENTS} | {f"adam.{at}.step": torch.tensor(0.0)}
    if wanted.keys() != tensors.keys():
        raise ValueError(f"it lacks, or has too many, {short(sorted(wanted.keys() ^ tensors.keys()))}")
    for name, like in wanted.items():
        tensor = tensors[name]
        if tensor.shape != like.shape or tensor.dtype != like.dtype or not tensor.isfinite().all():
            raise ValueError(f"{name} is not {list(like.shape)} finite numbers of {like.dtype}")
        if name.endswith(".step") and tensor != step:
            raise ValueError(f"{name} is {tensor.item():.0f}, and the step {step}")
