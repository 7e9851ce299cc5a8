import pytest
import torch
from core_models import SOURCES, TARGETS, model, paddings, sentences

from transformer_core.attention import attention, causal, mask_of
from transformer_core.tracing.tap import record, tap_at


def test_attention_of_two_words_by_hand():
    q = torch.tensor([[[[2.0, 0.0]]]])
    k = torch.tensor([[[[1.0, 0.0], [0.0, 5.0]]]])
    v = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    shares = torch.tensor([2 / 2**0.5, 0.0]).softmax(0)
    z = attention(q, k, v, None, 2, tap_at("attention"))
    assert torch.allclose(z.flatten(), shares)


def test_without_scaling_the_scores_meet_the_softmax_as_they_are():
    with record() as tape:
        model(attention_scale=False)(*sentences())
    assert torch.equal(tape["encoder.0.self_attn.scaled"], tape["encoder.0.self_attn.scores"])


def test_a_masked_key_receives_no_attention():
    source, target = sentences()
    hidden_source, hidden_target = paddings(source, target)
    with record() as tape:
        model()(source, target, hidden_source, hidden_target)
    for name, hidden in (
        ("encoder.0.self_attn", hidden_source),
        ("decoder.1.self_attn", hidden_target),
        ("decoder.1.cross_attn", hidden_source),
    ):
        weights = tape[f"{name}.weights"]
        assert weights[hidden[:, None, None, :].expand_as(weights)].eq(0).all()
        assert torch.allclose(weights.sum(-1), torch.ones(()).double())


def test_no_query_attends_to_a_later_token():
    with record() as tape:
        model()(*sentences())
    assert tape["decoder.0.self_attn.weights"].triu(1).eq(0).all()
    assert tape["decoder.0.self_attn.masked"][..., 0, 1:].eq(-torch.inf).all()
    assert tape["encoder.0.self_attn.weights"].triu(1).gt(0).any()


def test_a_later_target_token_changes_no_earlier_row():
    watched = model(norm_order="pre")
    source, target = sentences()
    before = watched(source, target)
    target[:, 4:] = (target[:, 4:] + 1) % TARGETS
    after = watched(source, target)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.equal(before[:, 4:], after[:, 4:])


def test_words_under_the_padding_change_nothing():
    watched = model()
    source, target = sentences()
    hidden, _ = paddings(source, target)
    before = watched(source, target, hidden)
    after = watched((source + hidden) % SOURCES, target, hidden)
    assert torch.equal(before, after)


def test_a_padded_sentence_reads_as_it_would_alone():
    watched = model()
    source, target = sentences()
    hidden = paddings(source, target)
    together = watched(source, target, *hidden)
    for row in range(3):
        alone = watched(source[row : row + 1, : 5 - row], target[row : row + 1, : 6 - row])
        assert torch.allclose(together[row : row + 1, : 6 - row], alone, rtol=0, atol=1e-12)


def test_a_query_that_may_see_nothing_attends_to_nothing():
    layer = model().encoder.layers[0].self_attn
    x = torch.randn(2, 3, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    hidden = torch.tensor([[True, True, True], [False, False, True]])
    with record() as tape:
        out = layer(x, mask=mask_of(hidden[:, None, None], x.dtype))
    assert tape["encoder.0.self_attn.weights"][0].eq(0).all()
    assert tape["encoder.0.self_attn.masked"][0].eq(-torch.inf).all()
    assert torch.equal(out[0], layer.b_o.expand(3, -1))
    out.sum().backward()
    assert x.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())


@pytest.mark.parametrize(("queries", "keys"), [(4, 4), (1, 4), (2, 5)])
def test_the_last_query_of_a_causal_mask_stands_at_the_last_key(queries, keys):
    hidden = causal(queries, keys)
    assert hidden.shape == (queries, keys)
    assert not hidden[-1].any()
    assert hidden.sum().item() == queries * (queries - 1) // 2
