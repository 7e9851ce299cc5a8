"""Attention head by head, as the paper writes it: sums over single numbers, of the model nothing but its weights."""

import math

import pytest
import torch
from core_models import SOURCES, TARGETS, config, error, model, sentences

from transformer_core.attention import MultiHeadAttention, attention, causal, causal_mask, mask_of
from transformer_core.tracing.tap import record, tap_at


def by_sums(q, k, v, hidden, root):
    """One head of one sentence: lists of rows, one number at a time."""
    found = []
    for i, asks in enumerate(q):
        seen = [j for j in range(len(k)) if not hidden[i][j]]
        raised = {j: math.exp(sum(a * b for a, b in zip(asks, k[j], strict=True)) / root) for j in seen}
        total = sum(raised.values())
        found.append([sum(raised[j] * v[j][d] for j in seen) / total if seen else 0.0 for d in range(len(v[0]))])
    return found


def layer(cross=False, heads=4, **choices):
    attn = MultiHeadAttention(config(**choices), heads, "a", cross=cross).double().eval()
    with torch.no_grad():
        for seed, parameter in enumerate(attn.parameters()):
            parameter.copy_(rows(1, 1, 20 + seed, parameter.numel()).view_as(parameter) / 3)
    return attn


def rows(batch, positions, seed, width=16):
    return torch.randn(batch, positions, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def matrices(attn):
    """W_Q, W_K, W_V and their biases, transposed as the paper multiplies."""
    if attn.cross:
        weights, biases = torch.cat([attn.w_q, attn.w_kv]), torch.cat([attn.b_q, attn.b_kv])
    else:
        weights, biases = attn.w_qkv, attn.b_qkv
    return [weight.T for weight in weights.chunk(3)], biases.chunk(3)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize(("heads", "cross"), [(4, False), (2, True), (1, True)])
def test_every_head_reads_its_own_columns_and_the_last_matrix_mixes_them(heads, cross, scale):
    attn = layer(cross, heads, attention_scale=scale)
    x, memory = rows(2, 3, 5), rows(2, 4, 6)
    source = memory if cross else x
    hidden = torch.zeros(2, 3, source.shape[1], dtype=torch.bool)
    hidden[0, 1, 2] = hidden[1, :, 0] = hidden[1, 2] = True
    out = attn(x, memory if cross else None, mask_of(hidden[:, None], x.dtype))
    (w_q, w_k, w_v), (b_q, b_k, b_v) = matrices(attn)
    width = 16 // heads
    for sentence in range(2):
        q, k, v = x[sentence] @ w_q + b_q, source[sentence] @ w_k + b_k, source[sentence] @ w_v + b_v
        concat = []
        for head in range(heads):
            own = slice(head * width, (head + 1) * width)
            parts = (part[:, own].tolist() for part in (q, k, v))
            concat.append(by_sums(*parts, hidden[sentence].tolist(), math.sqrt(width) if scale else 1))
        expected = torch.tensor(concat, dtype=torch.float64).transpose(0, 1).flatten(1) @ attn.w_o.T + attn.b_o
        assert error(out[sentence], expected) <= 1e-13


def test_a_head_that_is_edited_moves_the_output_by_what_it_says_otherwise():
    attn, x = layer(), rows(2, 3, 7)
    with record() as plain:
        attn(x)

    def silenced(heads):
        return heads * torch.tensor([1.0, 1.0, 0.0, 1.0]).double()[:, None, None]

    with record(edit={"a.head_out": silenced}) as edited:
        out = attn(x)
    assert error(out, plain["a.out"] - plain["a.head_out"][:, 2]) <= 1e-13
    assert torch.equal(edited["a.concat"], plain["a.concat"])
    assert edited.parents["a.out"] == ("a.head_out", "a.concat")


def test_what_each_head_adds_is_cut_from_the_last_matrix():
    attn, x = layer(heads=2), rows(2, 3, 8)
    with record() as tape:
        attn(x)
    for head in range(2):
        own = slice(8 * head, 8 * head + 8)
        assert error(tape["a.head_out"][:, head], tape["a.concat"][..., own] @ attn.w_o[:, own].T) <= 1e-13
    assert tape.points["a.head_out"][1].split() == ["batch", "head", "query", "d_model"]
    assert [tuple(part.shape) for part in attn.w_o_by_head()] == [(8, 16), (8, 16)]


def test_the_single_heads_are_there_for_whoever_asks_for_them_and_change_nothing_else():
    attn = layer()
    with record() as plain:
        attn(rows(1, 3, 9))
    for asked in (["a.head_out"], ["a.out", "a.concat"]):
        with record(only=asked) as tape:
            attn(rows(1, 3, 9))
        assert {*tape} == {*asked}
        assert all(torch.equal(tape[name], plain[name]) for name in asked)
        assert all(tape.points[name][1] == plain.points[name][1] for name in asked)
    assert tape.parents == {"a.concat": (), "a.out": ("a.concat",)}


def test_without_a_recorder_nothing_is_computed_for_the_single_heads(monkeypatch):
    attn = layer()
    monkeypatch.setattr(attn, "out_by_head", None)
    attn(rows(1, 3, 9))
    with record(only=["a.weights"]):
        attn(rows(1, 3, 9))


def test_every_point_says_what_runs_along_it_and_what_it_was_made_of():
    axes = {
        "q": "batch head query d_head",
        "k": "batch head key d_head",
        "v": "batch head key d_head",
        "scores": "batch head query key",
        "scaled": "batch head query key",
        "masked": "batch head query key",
        "weights": "batch head query key",
        "z": "batch head query d_head",
        "concat": "batch position d_model",
        "head_out": "batch head query d_model",
        "out": "batch position d_model",
    }
    with record() as tape:
        model(encoder_layers=1, decoder_layers=1)(*sentences())
    found = {name: axes for name, (_, axes, _) in tape.points.items() if name.startswith("decoder.0.cross_attn.")}
    assert found == {f"decoder.0.cross_attn.{point}": words for point, words in axes.items()}
    made_of = {"scores": "q k", "scaled": "scores", "masked": "scaled", "weights": "masked", "z": "weights v"}
    made_of |= {"concat": "z", "head_out": "z", "out": "head_out concat"}
    for point, parents in made_of.items():
        expected = tuple(f"decoder.0.cross_attn.{parent}" for parent in parents.split())
        assert tape.parents[f"decoder.0.cross_attn.{point}"] == expected
    for point, parent in {"q": "decoder.0.ln1.out", "k": "encoder.0.resid_post", "v": "encoder.0.resid_post"}.items():
        assert tape.parents[f"decoder.0.cross_attn.{point}"] == (parent,)


def test_a_cache_grows_by_the_new_tokens_and_keeps_the_memory_once():
    attn, x = layer(), rows(2, 5, 10)
    whole, cache = attn(x, mask=causal_mask(5, 5, x.dtype, x.device)), {}
    first = attn(x[:, :2], mask=causal_mask(2, 2, x.dtype, x.device), cache=cache)
    assert [tuple(part.shape) for part in cache["a"]] == [(2, 4, 2, 4)] * 2
    rest = attn(x[:, 2:], mask=causal_mask(3, 5, x.dtype, x.device), cache=cache)
    assert [tuple(part.shape) for part in cache["a"]] == [(2, 4, 5, 4)] * 2
    assert error(torch.cat([first, rest], 1), whole) <= 1e-13
    reader, memory, kept = layer(cross=True), rows(2, 4, 11), {}
    once = reader(x, memory, cache=kept)
    held = kept["a"]
    # Whatever is handed over now: the memory is not read again.
    assert torch.equal(reader(x, memory + 1, cache=kept), once)
    assert kept["a"] is held
    assert not torch.equal(reader(x, memory + 1), once)


def test_a_mask_is_minus_infinity_where_a_key_is_hidden_and_nothing_elsewhere():
    hidden = torch.tensor([[[[False, True], [False, False]]]])
    mask = mask_of(hidden, torch.float64)
    assert mask.bias.dtype == torch.float64
    assert mask.bias.tolist() == [[[[0.0, -math.inf], [0.0, 0.0]]]]
    assert mask.blind is None
    assert mask_of(hidden | torch.tensor([[True], [False]]), torch.float32).blind.tolist() == [[[[True], [False]]]]
    scores = torch.ones(1, 1, 2, 2)
    assert torch.equal(mask_of(hidden, torch.float32)(scores), scores + mask.bias.float())


def test_the_shares_of_a_blind_query_are_nothing_and_those_of_others_are_as_ever():
    hidden = torch.tensor([[True, True], [False, True], [False, False]])
    scores = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    mask = mask_of(hidden[None, None], torch.float32)
    shares = mask.softmax(mask(scores[None, None]))[0, 0]
    assert shares[:2].tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert shares[2].tolist() == pytest.approx([1 / (1 + math.e**2), 1 / (1 + math.e**-2)])


def test_a_compiled_pass_takes_every_query_for_one_that_may_be_blind(monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    mask = mask_of(torch.zeros(1, 1, 2, 3, dtype=torch.bool), torch.float32)
    assert mask.blind.tolist() == [[[[False], [False]]]]
    assert torch.allclose(mask.softmax(mask(torch.zeros(1, 1, 2, 3))), torch.full((2, 3), 1 / 3))


def test_a_mask_is_made_where_its_scores_are(monkeypatch):
    nowhere = torch.device("meta")
    assert causal(2, 3, nowhere).device == nowhere  # imports the compiler, which must see itself as it is
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)  # which looks into no tensor
    assert mask_of(causal(2, 3, nowhere)[None, None], torch.float32).bias.device == nowhere
    assert causal_mask(2, 3, torch.float32, nowhere).bias.device == nowhere


def test_the_mask_of_later_keys_is_made_once_for_each_length():
    cpu = torch.device("cpu")
    mask = causal_mask(3, 5, torch.float64, cpu)
    assert mask is causal_mask(3, 5, torch.float64, cpu)
    assert mask.bias.shape == (1, 1, 3, 5)
    assert mask.bias.dtype == torch.float64
    assert mask.bias[0, 0].isinf().tolist() == [[False] * (3 + i) + [True] * (2 - i) for i in range(3)]
    assert causal_mask(3, 5, torch.float32, cpu).bias.dtype == torch.float32


def test_attention_without_a_mask_is_that_with_a_mask_that_hides_nothing():
    q, k, v = (rows(2, 3, seed, 8)[:, None] for seed in (1, 2, 3))
    nothing = mask_of(torch.zeros(1, 1, 3, 3, dtype=torch.bool), q.dtype)
    assert torch.equal(attention(q, k, v, None, 8, tap_at("a")), attention(q, k, v, nothing, 8, tap_at("a")))


def test_a_layer_starts_with_biases_of_nothing_and_the_paper_s_shapes():
    shapes = {"w_qkv": (48, 16), "b_qkv": (48,), "w_o": (16, 16), "b_o": (16,)}
    own, cross = MultiHeadAttention(config(), 4, "a"), MultiHeadAttention(config(), 4, "a", cross=True)
    assert {name: tuple(p.shape) for name, p in own.named_parameters()} == shapes
    assert {name: tuple(p.shape) for name, p in cross.named_parameters()} == {
        "w_q": (16, 16), "b_q": (16,), "w_kv": (32, 16), "b_kv": (32,), "w_o": (16, 16), "b_o": (16,),
    }  # fmt: skip
    assert all(not p.any() for attn in (own, cross) for name, p in attn.named_parameters() if name.startswith("b_"))
    assert (own.path, own.heads, own.cross, cross.cross) == ("a", 4, False, True)
    assert (own.d_k, MultiHeadAttention(config(attention_scale=False), 4, "a").d_k) == (4, 1)


def test_words_of_another_sentence_of_the_batch_are_never_read():
    watched = model()
    source, target = sentences()
    before = watched(source, target)
    source[2], target[2] = (source[2] + 1) % SOURCES, (target[2] + 1) % TARGETS
    after = watched(source, target)
    assert torch.equal(before[:2], after[:2])
    assert not torch.equal(before[2], after[2])
