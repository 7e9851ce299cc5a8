"""Nobody watching, the model compiles as one graph; somebody watching, the compiled model is heard like any other."""

import pytest
import torch
from core_models import error, model, paddings, sentences

from transformer_core.tracing.tap import record

pytestmark = [
    pytest.mark.filterwarnings("ignore:Dynamo detected a call to a `functools.lru_cache`"),
    pytest.mark.usefixtures("_unchecked"),
]


@pytest.fixture(autouse=True)
def _fresh_compiler():
    yield
    torch._dynamo.reset()


def small(**choices):
    """One layer a stack: tracing Python takes the compiler a second for each."""
    watched = model(encoder_layers=1, decoder_layers=1, norm_order="pre", **choices)
    source, target = sentences()
    return watched, (source, target, *paddings(source, target))


def test_a_step_of_training_without_a_recorder_is_one_graph_with_the_same_gradients():
    watched, inputs = small()
    gradients = []
    for step in (watched.train(), torch.compile(watched, backend="aot_eager", fullgraph=True)):
        watched.zero_grad()
        step(*inputs).logsumexp(-1).sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in watched.parameters()]))
    assert error(*gradients) <= 1e-12


def test_a_recorder_hears_a_compiled_model_and_edits_it():
    watched = model(encoder_layers=0, decoder_layers=1, positions="learned")
    inputs = (None, sentences()[1])
    compiled = torch.compile(watched, backend="eager")
    silent = compiled(*inputs)
    assert error(silent, watched(*inputs)) <= 1e-12
    with record(edit={"decoder.0.ffn.out": torch.zeros_like}) as tape:
        edited = compiled(*inputs)
    with record(edit={"decoder.0.ffn.out": torch.zeros_like}) as plain:
        watched(*inputs)
    assert list(tape) == list(plain)
    assert all(error(tape[name], plain[name]) <= 1e-12 for name in ("decoder.0.self_attn.weights", "logits"))
    assert error(edited, silent) > 1e-3
    assert torch.equal(compiled(*inputs), silent)
