"""Whoever edits a tensor changes all that is made of it, and only that."""

import pytest
import torch
from core_models import model, sentences
from model_shapes import ENDS, SHAPES, given, shapes

from transformer_core.decoding.sampling import greedy
from transformer_core.tracing.tap import record


@shapes
def test_an_edit_that_returns_the_same_numbers_changes_no_bit(shape):
    watched, inputs = model(**SHAPES[shape]), given(shape)
    with record() as plain:
        watched(*inputs)
    with record(edit=dict.fromkeys(plain, torch.clone)) as edited:
        watched(*inputs)
    assert [*plain] == [*edited]
    assert all(torch.equal(plain[name], edited[name]) for name in plain)


def test_an_edit_that_returns_the_same_numbers_changes_no_step_of_decoding():
    watched, (source, _) = model(norm_order="pre"), sentences()
    with record() as plain:
        written = greedy(watched, source, 1, -1, 4)
    with record(edit=dict.fromkeys(plain, torch.clone)) as edited:
        assert greedy(watched, source, 1, -1, 4) == written
    assert all(torch.equal(plain[name], edited[name]) for name in plain)


def descendants(parents, name):
    found = {name}
    for child, made_of in parents.items():
        if found & {*made_of}:
            found.add(child)
    return found


@shapes
def test_an_edit_of_any_point_changes_what_is_made_of_it_and_nothing_else(shape):
    watched, inputs = model(**SHAPES[shape]), given(shape)
    random = torch.Generator().manual_seed(3)

    def disturb(tensor):
        if not tensor.is_floating_point():
            return (tensor + 1) % 3  # another id, type or position, which every table has
        # Not one shift for a whole row: softmax and layer norm do not see it.
        return tensor + torch.randn(tensor.shape, generator=random, dtype=tensor.dtype).abs() + 0.1

    with torch.no_grad(), record() as plain:
        watched(*inputs)
    for name in plain:
        with torch.no_grad(), record(edit={name: disturb}) as edited:
            watched(*inputs)
        changed = {other for other in plain if not torch.equal(plain[other], edited[other])}
        assert changed == descendants(plain.parents, name), name
        if name in ENDS:
            assert changed == {name}
        else:
            assert changed > {name}, name
            assert "logits" in changed or name == "pooler.pre", name


def test_a_shift_of_a_whole_row_of_scores_is_one_that_softmax_ignores():
    watched = model(norm_order="pre")
    with record() as plain:
        watched(*given(""))
    for point in ("scores", "scaled", "masked"):
        name = f"encoder.0.self_attn.{point}"
        with record(edit={name: lambda x: x + torch.arange(x.shape[-2], dtype=x.dtype)[:, None]}) as moved:
            watched(*given(""))
        assert not torch.equal(moved[name], plain[name])
        assert torch.allclose(moved["encoder.0.self_attn.weights"], plain["encoder.0.self_attn.weights"], atol=1e-14)
        assert torch.allclose(moved["logits"], plain["logits"], atol=1e-12)


def test_an_edit_acts_on_a_point_that_is_not_kept():
    watched = model()
    with record(only=["logits"], edit={"encoder.0.ln1.mean": torch.zeros_like}) as tape:
        edited = watched(*given(""))
    assert [*tape] == ["logits"]
    assert not torch.equal(edited, watched(*given("")))


def test_an_edit_must_keep_the_shape():
    with pytest.raises(ValueError, match="the edit of logits made"), record(edit={"logits": lambda x: x[:1]}):
        model()(*given(""))


def test_an_edit_may_write_in_place_without_touching_the_past():
    watched = model()
    with record(edit={"encoder.0.resid_pre": torch.Tensor.zero_}) as tape:
        watched(*given(""))
    assert tape["embed_src.sum"].abs().min() > 0
    assert tape["encoder.0.resid_pre"].abs().max() == 0
