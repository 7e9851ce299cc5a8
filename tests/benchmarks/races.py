"""Races of the core: each function returns figures by name, ratios of processor times on one thread."""

import gc
import json
import os
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from anchors import Plain, TorchTransformer
from core_models import error, jig
from torch import Tensor, nn

from transformer_core.attention import causal_mask
from transformer_core.config import Config
from transformer_core.decoding.sampling import greedy
from transformer_core.model import Transformer
from transformer_core.pretrained import load_hugging_face, load_torch
from transformer_core.tracing.tap import record

WORDS, LENGTH, WRITTEN = 100, 16, 64
SIZES = {"d_model": 128, "d_ff": 512, "heads": 4, "max_positions": 128}
Figures = dict[str, float]


def race(seconds: float, **contestants: Callable[[], Any]) -> Figures:
    """The processor time of each contestant over that of `anchor`: they take turns, and the median round counts."""
    ratios: dict[str, list[float]] = {name: [] for name in contestants}
    for run in contestants.values():
        run()
    gc.collect()
    gc.disable()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(ratios["anchor"]) < 3:
        spent = {}
        for name, run in contestants.items():
            start = time.process_time()
            run()
            spent[name] = time.process_time() - start
        for name, taken in spent.items():
            ratios[name].append(taken / spent["anchor"])
    gc.enable()
    return {name: median(rounds) for name, rounds in ratios.items()}


def keep_memory() -> None:
    """Free one large tensor, as a process that has loaded a model has.

    glibc then keeps what a trace of 18 MB leaves behind; before, every pass would ask the system for it again, which
    costs more than the pass on some machines. It holds for all contestants.
    """
    torch.ones(7_500_000)


def full(model: Transformer, *inputs: Tensor | None) -> Tensor:
    """One pass with every point on the tape, and every point read."""
    with record() as tape:
        logits: Tensor = model(*inputs)
    for tensor in tape.values():
        assert tensor.numel()
    return logits


def build(encoder: int, decoder: int) -> tuple[Transformer, Plain]:
    layers = {"encoder_layers": encoder, "decoder_layers": decoder}
    model = Transformer(Config(WORDS, WORDS, norm_order="pre", dropout=0.0, **layers, **SIZES)).eval()
    return model, Plain(model)


def ids(batch: int) -> Tensor:
    return torch.randint(2, WORDS, (batch, LENGTH), generator=torch.Generator().manual_seed(batch))


def disturbed(tensor: Tensor) -> Tensor:
    """Not one shift for a whole row, which a softmax or a norm would not see; ids become the next ones."""
    if not tensor.is_floating_point():
        return (tensor + 1) % max(2, int(tensor.max()) + 1)
    noise = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(3), dtype=tensor.dtype)
    return tensor + noise.abs() + 0.1


@torch.no_grad()
def tracing(seconds: float, batch: int) -> Figures:
    """The encoder-decoder, two layers each, against the same maths without taps."""
    model, plain = build(2, 2)
    x, y = ids(batch), ids(batch).flip(-1)
    assert error(model(x, y), plain(x, y)) < 2e-6
    runs = race(seconds, anchor=lambda: plain(x, y), off=lambda: model(x, y), full=lambda: full(model, x, y))
    return {f"off_{batch}": runs["off"], f"full_{batch}": runs["full"]}


@torch.no_grad()
def lens(ready: Callable[[], float]) -> Figures:
    """A decoder of four layers: plain, ours, and a TransformerLens bridge of the same sizes.

    Once all is loaded, `ready` waits for its turn and says how many seconds a race may take.
    """
    from transformer_lens.model_bridge import TransformerBridge

    sizes = {"n_layers": 4, "d_model": 128, "d_head": 32, "n_heads": 4, "d_mlp": 512, "n_ctx": 128, "d_vocab": WORDS}
    bridge = TransformerBridge.boot_native(sizes | {"act_fn": "relu", "normalization_type": "LN", "seed": 0})
    bridge.eval()
    model, plain = build(0, 4)

    def runs(batch: int) -> Figures:
        y = ids(batch)
        contestants = {
            "anchor": lambda: plain(None, y),
            "alone_off": lambda: model(None, y),
            "alone_full": lambda: full(model, None, y),
            "lens_off": lambda: bridge(y),
            "lens_full": lambda: [*bridge.run_with_cache(y)[1].values()],
        }
        return {f"{name}_{batch}": figure for name, figure in race(seconds, **contestants).items()}

    seconds = ready()
    figures = runs(1) | runs(16)
    y = ids(1)
    plain_logits, seen = bridge.run_with_cache(y)
    live = 0
    points = [name for name, tensor in seen.items() if tensor.is_floating_point()]
    for name in points:
        hooks = [(name, lambda tensor, hook: disturbed(tensor))]  # noqa: ARG005 - TransformerLens passes it by name
        live += not torch.equal(plain_logits, bridge.run_with_hooks(y, fwd_hooks=hooks))
    return figures | {"lens_live": live / len(points)} | lens_of_the_real_model(seconds)


def lens_of_the_real_model(seconds: float) -> Figures:
    """SmolLM2 under a bridge: everything kept over a plain pass of Hugging Face, of 32 tokens; and the time of
    Hugging Face over that of the bridge for 64 tokens written with a cache.

    `core.py` names its file, which the environment of TransformerLens has not.
    """
    path = Path(os.environ.get("SMOLLM2", ""))
    if not path.is_file():
        return {}
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoModelForCausalLM, AutoTokenizer

    how = {"gguf_file": path.name}
    theirs = AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **how).eval()
    tokens = AutoTokenizer.from_pretrained(path.parent, **how)
    facts = {name: value for name, value in theirs.config.to_dict().items() if name != "quantization_config"}
    with TemporaryDirectory() as folder:  # the bridge looks for a config before it takes a model
        text = json.dumps(facts | {"architectures": ["LlamaForCausalLM"]}, default=str)
        (Path(folder) / "config.json").write_text(text, encoding="utf-8")
        tokens.save_pretrained(folder)
        own = deepcopy(theirs)  # the bridge puts its hooks into the model that it is given
        bridge = TransformerBridge.boot_transformers(folder, hf_model=own, tokenizer=tokens, device="cpu")
    given = torch.randint(20, 49_152, (1, 32), generator=torch.Generator().manual_seed(0))
    runs = race(seconds, anchor=lambda: theirs(given), full=lambda: [*bridge.run_with_cache(given)[1].values()])
    start, how = given[:, :5], {"do_sample": False, "stop_at_eos": False, "return_type": "tokens", "verbose": False}
    write = race(seconds, anchor=lambda: bridge.generate(start, max_new_tokens=WRITTEN, **how),
                 hf=lambda: written_by(theirs, start))  # fmt: skip
    return {"lens_real_full": runs["full"], "lens_real_greedy": write["hf"]}


def training(seconds: float) -> Figures:
    """One step of AdamW on 64 sentences, against nn.Transformer between the same embeddings and output."""
    x, y = ids(64), ids(64).flip(-1)

    def stepping(model: nn.Module) -> Callable[[], None]:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

        def step() -> None:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x, y).flatten(0, 1), y.flatten()).backward()
            optimizer.step()

        return step

    figures: Figures = {}
    for name, dropout in (("train", 0.0), ("train_dropout", 0.1)):
        layers = {"encoder_layers": 2, "decoder_layers": 2, "final_norm": True, "dropout": dropout}
        config = Config(WORDS, WORDS, **layers, **SIZES)
        rivals = {"anchor": TorchTransformer(config), "ours": Transformer(config).train()}
        if dropout:
            rivals["alike"] = TorchTransformer(config, drop_weights=False)
        runs = race(seconds, **{key: stepping(model) for key, model in rivals.items()})
        figures[name] = runs["ours"]
        if dropout:
            figures[f"{name}_alike"] = runs["ours"] / runs["alike"]
    return figures


@torch.no_grad()
def decoding(seconds: float, batch: int) -> Figures:
    """Greedy decoding with a cache against `generate` of the same Marian model; both write 64 tokens, the same ones."""
    from transformers import GenerationConfig, MarianConfig, MarianMTModel

    marks = {"pad_token_id": 0, "decoder_start_token_id": 0}
    sizes = {"layers": 2, "attention_heads": 4, "ffn_dim": 512}
    sides = {f"{side}_{part}": size for side in ("encoder", "decoder") for part, size in sizes.items()}
    choices = {"activation_function": "relu", "scale_embedding": True, "max_position_embeddings": 128}
    theirs = MarianMTModel(MarianConfig(vocab_size=WORDS, d_model=128, **sides, **choices, **marks)).eval()
    jig(theirs.model.decoder.layers, 0.05)
    theirs.generation_config = GenerationConfig(max_new_tokens=WRITTEN, num_beams=1, do_sample=False, **marks)
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours = load_hugging_face(folder).eval()
    x = ids(batch)
    # No mark ends a sentence of ours, and theirs has none: each step of each row counts.
    assert greedy(ours, x, 0, -1, WRITTEN) == theirs.generate(x)[:, 1:].tolist()
    runs = race(seconds, anchor=lambda: greedy(ours, x, 0, -1, WRITTEN), theirs=lambda: theirs.generate(x))
    return {f"greedy_{batch}": runs["theirs"]}


@torch.no_grad()
def exactness() -> Figures:
    """The largest error against nn.Transformer, all parameters jigged; the share of points whose edit has an effect."""
    figures: Figures = {}
    layers = {"encoder_layers": 2, "decoder_layers": 2, "final_norm": True, "dropout": 0.0}
    config = Config(WORDS, WORDS, **layers, **SIZES)
    for name, dtype in (("error_64", torch.float64), ("error_32", torch.float32)):
        theirs = TorchTransformer(config).to(dtype).eval()
        jig(theirs.transformer, 0.05)
        ours = Transformer(config).to(dtype).eval()
        load_torch(ours, theirs.transformer)
        x = theirs.embed(theirs.source, ids(3))
        mask = causal_mask(LENGTH, LENGTH, dtype, x.device)
        written = ours.decoder(x, mask, ours.encoder(x))
        figures[name] = error(written, theirs.transformer(x, x, tgt_mask=mask.bias[0, 0], tgt_is_causal=True))
    model, _ = build(2, 2)
    with record() as tape:
        model(ids(1), ids(1))
    live = 0
    for name in tape:
        with record(edit={name: disturbed}) as edited:
            model(ids(1), ids(1))
        live += not torch.equal(tape["probs"], edited["probs"])
    return figures | {"live": live / len(tape), "points": len(tape)}


def smollm2() -> tuple[Transformer, Any, Tensor]:
    """The real model, theirs with the numbers of the same file, and the ids of a short text."""
    from transformers import AutoModelForCausalLM

    from transformer_core.pretrained.model_registry import find_model, open_model

    path = find_model("smollm2")
    loaded = open_model("smollm2", "float32")
    theirs = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    assert loaded.tokenizer is not None
    return loaded.model, theirs, torch.tensor([loaded.tokenizer.read("The capital of France is").ids])


def recorded(model: Transformer, ids: Tensor) -> None:
    """A full trace, as NumPy."""
    with record() as tape:
        model(None, ids)
    assert len(tape.trace()) > 900


@torch.no_grad()
def language_model(seconds: float) -> Figures:
    """SmolLM2-135M: the cost of a full trace of 32 and 512 tokens, its memory, and greedy decoding of 64 tokens."""
    model, theirs, start = smollm2()
    random = torch.Generator().manual_seed(0)
    figures: Figures = {}
    for length in (32, 512):
        given = torch.randint(20, 49_152, (1, length), generator=random)
        runs = race(seconds, anchor=lambda: model(None, given), full=lambda: recorded(model, given))  # noqa: B023
        figures[f"real_full_{length}"] = runs["full"]
    assert greedy(model, None, start, -1, WRITTEN) == written_by(theirs, start)
    ours = race(seconds, anchor=lambda: greedy(model, None, start, -1, WRITTEN), hf=lambda: written_by(theirs, start))
    return figures | {"real_greedy": ours["hf"]}


def written_by(theirs: Any, start: Tensor) -> list[list[int]]:
    """64 tokens of `generate`, with its cache."""
    how = {"max_new_tokens": WRITTEN, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    found: Tensor = theirs.generate(start, attention_mask=torch.ones_like(start), **how)
    return found[:, start.shape[1] :].tolist()


@torch.no_grad()
def language_model_memory(length: int = 512) -> Figures:
    """Memory at its highest while a full trace is made, above a plain pass, over the bytes of what is kept.

    To be measured in a process of its own, which has freed little that it could use again.
    """
    from transformer_core.pretrained.model_registry import open_model
    from transformer_core.tracing.tap import Deferred

    model = open_model("smollm2", "float32").model
    given = torch.randint(20, 49_152, (1, length), generator=torch.Generator().manual_seed(0))
    model(None, given)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest counts from here
    before = status("VmRSS")
    with record() as tape:
        model(None, given)
    trace = tape.trace()
    storages = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes()
                for value, *_ in tape.points.values() if not isinstance(value, Deferred)}  # fmt: skip
    assert len(trace) > 900
    return {"real_memory": (status("VmHWM") - before) / sum(storages.values())}


def status(name: str) -> int:
    """A figure of memory of this process, in bytes, from Linux."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
