"""A model on another device computes there, and what it hands out in NumPy comes back by itself.

No graphics card is needed: `elsewhere` refuses what such a card refuses. It knows nothing of the speed of one, nor of
what a card computes otherwise; see docs/gpu.md.
"""

import copy
from itertools import islice

import numpy as np
import pytest
import torch
from core_models import TARGETS, model, sentences
from elsewhere import DEVICE, Remote, elsewhere, sent
from model_shapes import SHAPES

from transformer_core import beam, greedy, read, record, sample
from transformer_core.interpret import head_ablation, head_off, logit_attribution, logit_lens, patching
from transformer_core.studies.translator import evaluate, roles
from transformer_core.studies.translator.grammar import held_out_sentences
from transformer_core.studies.translator.train import load_default


def test_the_device_of_the_tests_refuses_what_a_card_refuses():
    with elsewhere():
        there = torch.ones(2, 2, device=DEVICE)
        assert isinstance(there + 1, Remote)
        with pytest.raises(RuntimeError, match="same device"):
            there + torch.ones(2, 2)
        with pytest.raises((TypeError, RuntimeError)):
            there.numpy()
        assert there.cpu().numpy().tolist() == there.tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_pass_and_its_trace_are_the_same_on_another_device(shape):
    here = model(**SHAPES[shape])
    given = [
        None if stack is None else ids for stack, ids in zip((here.encoder, here.decoder), sentences(), strict=True)
    ]
    with record() as tape:
        here(*given)
    with elsewhere():
        there = sent(copy.deepcopy(here))
        with record() as other:
            there(*(None if ids is None else Remote(ids) for ids in given))
        found = other.trace()
    wanted = tape.trace()
    assert list(found) == list(wanted)
    assert all(np.array_equal(found[name].values, wanted[name].values, equal_nan=True) for name in wanted)


def both(**shape):
    """The same model here and elsewhere, with a source and a target for it."""
    here = model(**shape)
    return here, sent(copy.deepcopy(here)), sentences(batch=2)


def measure(logits):
    return (logits[0, -1, 0] - logits[0, -1, 1]).item()


def same(one, other):
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name].values, other[name].values) for name in one)


@pytest.mark.parametrize("shape", ["pre-norm", "Llama"])
def test_what_is_written_on_another_device_is_the_same(shape):
    here, there, (source, target) = both(**SHAPES[shape])
    alone = here.encoder is None
    given = (None, target) if alone else (source, 0)
    with elsewhere():
        moved = (None, Remote(target)) if alone else (Remote(source), 0)
        assert greedy(there, *moved, 1, 4) == greedy(here, *given, 1, 4)
        trees = beam(there, *moved, 1, 3, 4)
        assert [tree.ids() for tree in trees] == [tree.ids() for tree in beam(here, *given, 1, 3, 4)]
        assert trees[0].tensors([str(token) for token in range(TARGETS)])
        drawn = sample(there, *moved, 1, 4, top_p=0.9).ids
    assert all(0 <= token < TARGETS for row in drawn for token in row)


def test_interpretation_on_another_device_is_the_same():
    here, there, (source, target) = both(**SHAPES["pre-norm"], encoder_layers=1, decoder_layers=1)
    with elsewhere():
        moved = (Remote(source), Remote(target))
        donor = (source.flip(0), target)
        same(logit_lens(there, moved, moved[1]), logit_lens(here, (source, target), target))
        for instead in ("zero", "mean"):
            same(
                head_ablation(there, moved, measure, instead),
                head_ablation(here, (source, target), measure, instead),
            )
        same(
            patching(there, moved, tuple(map(Remote, donor)), measure),
            patching(here, (source, target), donor, measure),
        )
        one, other = logit_attribution(there, moved, moved[1]), logit_attribution(here, (source, target), target)
        assert np.array_equal(one.values, other.values)
        with head_off(there, "encoder.0.self_attn", 1):
            there(*moved)


def test_a_translator_on_another_device_is_read_and_measured_as_here():
    model, vocabulary, _ = load_default()
    pairs = list(islice(held_out_sentences(1), 8))
    wanted = read("The car is red", model, vocabulary)
    scores, translations = roles.score(model, vocabulary, pairs)[0], evaluate.exact(model, vocabulary, pairs)
    alignment = evaluate.alignment(model, vocabulary, pairs)
    with elsewhere():
        there = sent(copy.deepcopy(model))
        assert np.array_equal(roles.score(there, vocabulary, pairs)[0].values, scores.values)
        assert evaluate.exact(there, vocabulary, pairs) == translations
        assert evaluate.alignment(there, vocabulary, pairs) == alignment
        found = read("The car is red", there, vocabulary)
    assert found.about["output"] == wanted.about["output"]
    same(found.tensors, wanted.tensors)


@pytest.mark.parametrize("shape", ["pre-norm", "Llama"])
def test_a_gradient_on_another_device_is_the_same(shape):
    here, there, (source, target) = both(**SHAPES[shape])
    given = (None if here.encoder is None else source, target)
    here(*given).logsumexp(-1).sum().backward()
    with elsewhere():
        there(*(None if ids is None else Remote(ids) for ids in given)).logsumexp(-1).sum().backward()
        torch.optim.SGD(there.parameters(), 0.1).step()
    torch.optim.SGD(here.parameters(), 0.1).step()
    for one, other in zip(here.parameters(), there.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad.cpu())
        assert torch.equal(one, other.cpu())
