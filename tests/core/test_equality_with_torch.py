"""nn.Transformer as an oracle: with its weights, this model computes the same, inside as well as at the end."""

import copy

import pytest
import torch
import torch.nn.functional as F
from core_models import config, error, jig, sentences
from torch import nn

from transformer_core.attention import MultiHeadAttention, mask_of
from transformer_core.layers import Layer
from transformer_core.model import Transformer, padding_mask, target_mask
from transformer_core.pretrained import load_torch
from transformer_core.tracing.tap import record

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")

GATE = {torch.float64: 1e-12, torch.float32: 2e-6}
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "silu": F.silu, "gelu-tanh": lambda x: F.gelu(x, approximate="tanh")}


def pair(norm_order="post", activation="relu", dtype=torch.float64):
    """A jigged nn.Transformer, and ours with its weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)  # its weights, and so the error in float32, are the same in whatever order tests run
        theirs = nn.Transformer(
            16, 4, 2, 2, 24, dropout=0.0, activation=ACTIVATIONS[activation], batch_first=True,
            norm_first=norm_order == "pre",
        ).to(dtype)  # fmt: skip
    jig(theirs)
    ours = Transformer(config(norm_order=norm_order, activation=activation, final_norm=True)).to(dtype)
    load_torch(ours, theirs)
    return ours, theirs


def inputs(dtype=torch.float64):
    random = torch.Generator().manual_seed(4)
    x = torch.randn(3, 5, 16, generator=random, dtype=dtype)
    y = torch.randn(3, 6, 16, generator=random, dtype=dtype)
    hidden_x = torch.arange(5) >= torch.tensor([[5], [4], [2]])
    hidden_y = torch.arange(6) >= torch.tensor([[6], [3], [5]])
    return x, y, hidden_x, hidden_y


def run_ours(model, x, y, hidden_x, hidden_y):
    source_mask = padding_mask(hidden_x, x.dtype)
    memory = model.encoder(x, source_mask)
    return model.decoder(y, target_mask(6, 6, hidden_y, y), memory, source_mask)


def run_theirs(model, x, y, hidden_x, hidden_y):
    later = torch.ones(6, 6, dtype=torch.bool).triu(1)
    return model(
        x,
        y,
        tgt_mask=later,
        src_key_padding_mask=hidden_x,
        tgt_key_padding_mask=hidden_y,
        memory_key_padding_mask=hidden_x,
    )


@pytest.mark.parametrize("dtype", GATE, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_outputs_equal_those_of_nn_transformer_under_all_masks(norm_order, activation, dtype):
    ours, theirs = pair(norm_order, activation, dtype)
    given = inputs(dtype)
    assert error(run_ours(ours, *given), run_theirs(theirs, *given)) <= GATE[dtype]


@pytest.mark.parametrize("dtype", GATE, ids=str)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_gradients_equal_those_of_nn_transformer(norm_order, activation, dtype):
    ours, theirs = pair(norm_order, activation, dtype)
    given = inputs(dtype)
    direction = torch.randn(3, 6, 16, generator=torch.Generator().manual_seed(5), dtype=dtype)
    (run_ours(ours, *given) * direction).sum().backward()
    (run_theirs(theirs, *given) * direction).sum().backward()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(parameter.grad)
    expected = copy.deepcopy(ours)
    load_torch(expected, theirs)
    theirs_by_name = dict(expected.named_parameters())
    found = {name: p.grad for name, p in ours.named_parameters() if name.startswith(("encoder", "decoder"))}
    every = [torch.cat([grad.flatten() for grad in side]) for side in (found.values(), map(theirs_by_name.get, found))]
    assert error(*every) <= GATE[dtype]
    # In float32 the small gradients of a parameter are what is left of larger sums: there only the whole is told.
    for name in found if dtype == torch.float64 else ():
        assert error(found[name], theirs_by_name[name]) <= 1e-12, name


def watched(theirs, given):
    """The intermediates of nn.Transformer by our names, caught by hooks."""
    seen = {}

    def heads(x, at, attention):
        w, b = attention.in_proj_weight.chunk(3)[at], attention.in_proj_bias.chunk(3)[at]
        return F.linear(x, w, b).unflatten(2, (attention.num_heads, -1)).transpose(1, 2)

    def ask_for_weights(_module, args, kwargs):
        return args, {**kwargs, "need_weights": True, "average_attn_weights": False}

    def keep_attention(path):
        def keep(module, args, _kwargs, output):
            for at, letter in enumerate("qkv"):
                seen[f"{path}.{letter}"] = heads(args[at], at, module)
            seen[f"{path}.out"], seen[f"{path}.weights"] = output

        return keep

    def keep_norm(entering, path):
        def keep(_module, args, output):
            seen[entering], seen[f"{path}.out"] = args[0], output

        return keep

    def keep_ffn(path):
        def keep(_module, args, output):
            seen[f"{path}.ffn.post"], seen[f"{path}.ffn.out"] = args[0], output

        return keep

    for name, stack in (("encoder", theirs.encoder), ("decoder", theirs.decoder)):
        for i, layer in enumerate(stack.layers):
            path = f"{name}.{i}"
            attentions = {"self_attn": layer.self_attn, "cross_attn": getattr(layer, "multihead_attn", None)}
            for part, attention in attentions.items():
                if attention is not None:
                    attention.register_forward_pre_hook(ask_for_weights, with_kwargs=True)
                    attention.register_forward_hook(keep_attention(f"{path}.{part}"), with_kwargs=True)
            sums = ["resid_attn", *["resid_cross"] * (name == "decoder"), "resid_ffn"]
            entering = ["resid_pre", *sums[:-1]] if layer.norm_first else sums
            for number, point in enumerate(entering, 1):
                norm = getattr(layer, f"norm{number}")
                norm.register_forward_hook(keep_norm(f"{path}.{point}", f"{path}.ln{number}"))
            layer.linear1.register_forward_hook(
                lambda _module, _given, out, path=path: seen.update({f"{path}.ffn.pre": out})
            )
            layer.linear2.register_forward_hook(keep_ffn(path))
            layer.register_forward_hook(
                lambda _module, _given, out, path=path: seen.update({f"{path}.resid_post": out})
            )
        stack.norm.register_forward_hook(
            lambda _module, _given, out, name=name: seen.update({f"{name}.final_norm.out": out})
        )
    run_theirs(theirs, *given)
    return seen


@pytest.mark.parametrize("dtype", GATE, ids=str)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_every_intermediate_equals_the_one_that_hooks_find_in_nn_transformer(norm_order, activation, dtype):
    ours, theirs = pair(norm_order, activation, dtype)
    given = inputs(dtype)
    seen = watched(theirs, given)
    with record() as tape:
        run_ours(ours, *given)
    assert len(seen) == 2 * (5 + 3 + 2 * 2 + 1) + 2 * (10 + 3 + 3 * 2 + 1) + 2
    for name, expected in seen.items():
        assert error(tape[name], expected) <= GATE[dtype], name


@pytest.mark.parametrize("dtype", GATE, ids=str)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("norm_order", ["pre", "post"])
@pytest.mark.parametrize("kind", [nn.TransformerEncoderLayer, nn.TransformerDecoderLayer])
def test_a_single_layer_equals_the_layer_of_torch(kind, norm_order, activation, dtype):
    choices = {"dropout": 0.0, "batch_first": True, "norm_first": norm_order == "pre", "activation": activation}
    theirs = jig(kind(16, 4, 24, **choices).to(dtype))
    chosen = config(norm_order=norm_order, activation=activation)
    ours = Layer(chosen, "layer", cross=kind is nn.TransformerDecoderLayer).to(dtype)
    load_torch(ours, theirs)
    x, y, hidden_x, hidden_y = inputs(dtype)
    mask_x = padding_mask(hidden_x, dtype)
    if ours.cross_attn is None:
        assert error(ours(x, mask_x), theirs(x, src_key_padding_mask=hidden_x)) <= GATE[dtype]
    else:
        later = torch.ones(6, 6, dtype=torch.bool).triu(1)
        paddings = {"tgt_key_padding_mask": hidden_y, "memory_key_padding_mask": hidden_x}
        out = ours(y, target_mask(6, 6, hidden_y, y), x, mask_x)
        assert error(out, theirs(y, x, later, **paddings)) <= GATE[dtype]


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_cross_attention_may_have_its_own_number_of_heads(heads):
    theirs = jig(nn.MultiheadAttention(16, heads, batch_first=True).double())
    ours = MultiHeadAttention(config(), heads, "attention", cross=True).double()
    load_torch(ours, theirs)
    x, y, hidden_x, _ = inputs()
    with record() as tape:
        out = ours(y, x, mask_of(hidden_x[:, None, None], x.dtype))
    expected, weights = theirs(y, x, x, key_padding_mask=hidden_x, average_attn_weights=False)
    assert error(out, expected) <= 1e-12
    assert error(tape["attention.weights"], weights) <= 1e-12


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="norm_order is pre here and post there"):
        load_torch(Layer(config(norm_order="pre"), "layer", cross=False), nn.TransformerEncoderLayer(16, 4, 24))
    with pytest.raises(ValueError, match="heads is 4 here and 2 there"):
        load_torch(MultiHeadAttention(config(), 4, "attention"), nn.MultiheadAttention(16, 2))
    with pytest.raises(ValueError, match="one of the two stacks has a final norm"):
        load_torch(Transformer(config(norm_order="post")), nn.Transformer(16, 4, 2, 2, 24, batch_first=True))
    with pytest.raises(TypeError, match="Linear"):
        load_torch(nn.Linear(2, 2), nn.Linear(2, 2))


def test_a_mask_of_torch_says_true_where_there_is_no_token():
    ours, theirs = pair()
    x, y, hidden_x, hidden_y = inputs()
    expected = run_theirs(theirs, x, y, hidden_x, hidden_y)
    assert error(run_ours(ours, x, y, ~hidden_x, hidden_y), expected) > 1e-3


@pytest.mark.parametrize("mistake", ["gelu-tanh", "q, k, v by head", "final norms left out"])
def test_the_oracle_sees_a_mistake(mistake):
    ours, theirs = pair(activation="gelu")
    given = inputs()
    if mistake == "gelu-tanh":
        wrong = Transformer(config(activation="gelu-tanh", final_norm=True)).double()
        wrong.load_state_dict(ours.state_dict())
    else:
        wrong = ours
        fused = wrong.encoder.layers[0].self_attn.w_qkv
        with torch.no_grad():
            if mistake == "q, k, v by head":
                fused.copy_(fused.view(4, 3, 4, -1).transpose(0, 1).reshape(fused.shape))
            else:
                wrong.encoder.final_norm = wrong.decoder.final_norm = nn.Identity()
    # Not more than float32 would blur: what is asked in float64 is worth asking.
    assert error(run_ours(wrong, *given), run_theirs(theirs, *given)) > 1e-9


def test_only_the_traced_key_shows_that_its_bias_was_dropped():
    ours, theirs = pair()
    given = inputs()
    with torch.no_grad():
        ours.encoder.layers[0].self_attn.b_qkv[16:32] = 0
    with record() as tape:
        assert error(run_ours(ours, *given), run_theirs(theirs, *given)) <= 1e-12
    name = "encoder.0.self_attn.k"
    assert error(tape[name], watched(theirs, given)[name]) > 1e-2


def test_the_whole_model_is_embedding_stacks_and_output():
    ours, theirs = pair()
    jig(ours.embed_src), jig(ours.embed_tgt)
    source, target = sentences()
    hidden = run_theirs(theirs, ours.embed_src(source), ours.embed_tgt(target), None, None)
    assert error(ours(source, target), hidden @ ours.embed_tgt.table.T) <= 1e-12
