"""The learned numbers of a model as named tensors, each turned the way the paper multiplies: x W."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from transformer_core.attention import MultiHeadAttention
from transformer_core.embedding import Embedding
from transformer_core.layers import FeedForward
from transformer_core.model import Transformer
from transformer_core.norms import LayerNorm, RMSNorm
from transformer_core.output import Pooler, Transform
from transformer_core.tracing.tap import Labels, to_numpy
from transformer_core.tracing.trace import NamedTensor, Trace

#: Which parameters of its module each tensor was made with.
MADE_WITH = {
    "token": ("table",),
    "positional": ("positions",),
    "token_type": ("types",),
    "q": ("w_q", "b_q"),
    "k": ("w_k", "b_k"),
    "v": ("w_v", "b_v"),
    "head_out": ("w_o",),
    "out": ("w_o", "b_o", "w2", "b2", "gain", "bias"),
    "gate_pre": ("w_gate", "b_gate"),
    "pre": ("w1", "b1", "w_t", "b_t", "w_p", "b_p"),
    "logits": ("output.w", "output.b"),
}
#: Of a model of more numbers than this the parameters are not copied.
MOST_COPIED = 2**24
#: One step of decoding in the name of a tensor.
STEP = re.compile(r"^step\.\d+\.")


def parameters(model: Transformer, labels: Labels) -> dict[str, NamedTensor]:
    """`parameters.<module>.<name>`: `w_q` "head d_model d_head", `w_o` "head d_head d_model", `w1` "d_model d_ff", ...

    Tied output weights appear twice, as the `table` of the embedding and as `output.w`, "d_model vocab". All
    are copies; those of a large model share their memory with it.
    """
    large = sum(tensor.numel() for tensor in model.parameters()) > MOST_COPIED
    named = {}
    for name, tensor, axes in every_parameter(model):
        words = {axis: tokens for axis in axes.split() if (tokens := labels(name, axis)) is not None}
        full, values = f"parameters.{name}", to_numpy(tensor)
        named[full] = NamedTensor(full, values if large else values.copy(), tuple(axes.split()), words)
    return named


def add_parameters(trace: Trace, model: Transformer, labels: Labels, passes: Iterable[str] = ()) -> Trace:
    """Add the parameters of `model` to a trace of it, as parents of what they made, and its sizes as `about["config"]`.

    `passes` are the prefixes of further passes in the same trace, such as `other.unedited`.
    """
    learned = parameters(model, labels)
    for name in tuple(trace.parents):
        prefix = next((prefix for prefix in passes if prefix and name.startswith(f"{prefix}.")), "")
        point = STEP.sub("", name.removeprefix(prefix).removeprefix("."))
        trace.parents[name] += made_with(point, learned)
    trace.tensors |= learned
    table = "parameters.embed_tgt.table" if model.decoder is not None else "parameters.embed_src.table"
    if model.config.tied_output and "parameters.output.w" in learned:
        trace.parents["parameters.output.w"] = (table,)
    trace.about.setdefault("config", model.config.as_dict())
    return trace


def made_with(name: str, known: dict[str, NamedTensor]) -> tuple[str, ...]:
    """The parameters that the tensor `name` was made with, of those in `known`."""
    path, _, point = name.rpartition(".")
    wanted = (f"parameters.{path}.{part}" if path else f"parameters.{part}" for part in MADE_WITH.get(point, ()))
    return tuple(full for full in wanted if full in known)


def every_parameter(model: Transformer) -> Iterator[tuple[str, Tensor, str]]:
    """Name, tensor and axes of every learned tensor, as `parameters` turns and names them; views, not copies."""
    for module in model.modules():
        for name, tensor, axes in _of(module):
            yield f"{module.path}.{name}", tensor, axes
    embedding = model.embed_src if model.embed_tgt is None else model.embed_tgt
    if model.output is None:
        return
    if model.output.w is not None:
        yield "output.w", model.output.w.T, "d_model vocab"
    elif embedding is not None:
        yield "output.w", embedding.table.T, "d_model vocab"
    if model.output.b is not None:
        yield "output.b", model.output.b, "vocab"


def _of(module: nn.Module) -> Iterator[tuple[str, Tensor, str]]:
    match module:
        case Embedding():
            yield "table", module.table, "vocab d_model"
            if module.learned is not None:
                yield "positions", module.learned, "position d_model"
            if module.types is not None:
                yield "types", module.types, "token_type d_model"
        case MultiHeadAttention():
            yield from _of_attention(module)
        case FeedForward():
            names = ("_gate", "1") if module.gated else ("1",)
            for name, weight in zip(names, module.w1.chunk(len(names)), strict=True):
                yield f"w{name}", weight.T, "d_model d_ff"
            if module.b1 is not None:
                for name, bias in zip(names, module.b1.chunk(len(names)), strict=True):
                    yield f"b{name}", bias, "d_ff"
            yield "w2", module.w2.T, "d_ff d_model"
            if module.b2 is not None:
                yield "b2", module.b2, "d_model"
        case Transform():
            yield "w_t", module.w_t.T, "d_model d_out"
            yield "b_t", module.b_t, "d_out"
        case Pooler():
            yield "w_p", module.w_p.T, "d_model d_out"
            yield "b_p", module.b_p, "d_out"
        case LayerNorm():
            yield "gain", module.gain, "d_model"
            yield "bias", module.bias, "d_model"
        case RMSNorm():
            yield "gain", module.gain, module.axes.rpartition(" ")[2]


def _of_attention(module: MultiHeadAttention) -> Iterator[tuple[str, Tensor, str]]:
    parts = [heads * module.d_head for heads in (module.heads, module.kv_heads, module.kv_heads)]
    if module.cross:
        weights: tuple[Tensor, ...] = (module.w_q, *module.w_kv.chunk(2))
        biases = () if module.b_q is None or module.b_kv is None else (module.b_q, *module.b_kv.chunk(2))
    else:
        weights = torch.split(module.w_qkv, parts)
        biases = () if module.b_qkv is None else torch.split(module.b_qkv, parts)
    axes = ("head", *[module.key_axes.split()[1]] * 2)
    for at, (letter, head) in enumerate(zip("qkv", axes, strict=True)):
        yield f"w_{letter}", weights[at].view(-1, module.d_head, weights[at].shape[1]).mT, f"{head} d_model d_head"
        if biases:
            yield f"b_{letter}", biases[at].view(-1, module.d_head), f"{head} d_head"
    yield "w_o", module.w_o_by_head(), "head d_head d_model"
    if module.b_o is not None:
        yield "b_o", module.b_o, "d_model"
