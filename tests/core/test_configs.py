import subprocess
import sys
from copy import deepcopy

import pytest
import torch
from core_models import TARGETS, config, model, sentences

from transformer_core.config import Config
from transformer_core.model import Transformer


@pytest.mark.parametrize(
    ("choices", "complaint"),
    [
        ({"heads": 3}, "does not divide into 3 heads"),
        ({"cross_heads": 5}, "does not divide into 5 cross_heads"),
        ({"norm_order": "middle"}, "norm_order 'middle' is none of post, pre, none"),
        ({"activation": "tanh"}, "activation 'tanh' is none of"),
        ({"positions": "rotary"}, "positions 'rotary' is none of"),
        ({"encoder_layers": 0, "decoder_layers": 0}, "at least one layer"),
        ({"source_vocab": 0}, "source vocabulary"),
        ({"target_vocab": 0}, "target vocabulary"),
        ({"dropout": 1.0}, "dropout"),
        ({"shared_embedding": True}, "shared by an encoder and a decoder of the same vocabulary"),
        ({"shared_embedding": True, "encoder_layers": 0}, "shared by an encoder and a decoder"),
        ({"token_types": 2, "encoder_layers": 0}, "token types are told to an encoder"),
        ({"pooler": True}, "a model of an encoder alone"),
        ({"output_layer": "none"}, "a model of an encoder alone"),
        ({"output_layer": "softmax"}, "output_layer 'softmax' is none of linear, transformed, none"),
    ],
)
def test_choices_that_do_not_fit_together_are_refused(choices, complaint):
    with pytest.raises(ValueError, match=complaint):
        config(**choices)


def test_a_config_survives_json_and_refuses_unknown_fields():
    assert Config.from_dict(config(norm_order="pre").as_dict()) == config(norm_order="pre")
    with pytest.raises(ValueError, match="unknown config fields: depth"):
        Config.from_dict({"depth": 3})


def test_pre_norm_ends_with_a_norm_and_post_norm_does_not_unless_asked():
    assert config(norm_order="pre").final_norm
    assert not config(norm_order="post").final_norm
    assert config(norm_order="post", final_norm=True).final_norm
    assert not config(norm_order="pre", final_norm=False).final_norm


def test_a_stack_without_layers_is_not_built():
    source, target = sentences()
    encoder, decoder = model(decoder_layers=0), model(encoder_layers=0)
    assert encoder.decoder is None
    assert decoder.encoder is None
    assert encoder(source).shape == (3, 5, 11)
    assert decoder(None, target).shape == (3, 6, 13)
    assert not any("cross_attn" in name for name, _ in decoder.named_parameters())


def test_a_model_says_which_input_it_lacks():
    source, target = sentences()
    with pytest.raises(ValueError, match="source ids"):
        model()(None, target)
    with pytest.raises(ValueError, match="target ids"):
        model()(source)
    with pytest.raises(ValueError, match="no token types"):
        model()(source, target, source_types=torch.zeros_like(source))
    with pytest.raises(ValueError, match="reads a memory"):
        model().decode(target)


def test_a_seed_settles_the_weights_and_leaves_other_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first, second, other = (Transformer(config(), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first.embed_src.table, second.embed_src.table)
    assert not torch.equal(first.embed_src.table, other.embed_src.table)


def test_no_weight_is_left_without_a_start():
    fresh = Transformer(config(positions="learned", tied_output=False, output_bias=True))
    for name, parameter in fresh.named_parameters():
        assert parameter.isfinite().all()
        if parameter.dim() > 1:
            assert 0.05 < parameter.std() < 0.6, name


def test_dropout_acts_in_training_alone():
    trained = Transformer(config(dropout=0.5))
    assert not torch.equal(trained.train()(*sentences()), trained(*sentences()))
    assert torch.equal(trained.eval()(*sentences()), trained(*sentences()))


def test_a_shared_embedding_is_one_parameter_that_both_sides_train():
    shared = model(source_vocab=TARGETS, shared_embedding=True)
    source, target = sentences()
    assert shared.embed_src.table is shared.embed_tgt.table
    assert [name for name, _ in shared.named_parameters() if name.endswith("table")] == ["embed_src.table"]
    assert [name for name in shared.state_dict() if name.endswith("table")] == ["embed_src.table"]
    shared(source, target).square().mean().backward()
    apart = model(source_vocab=TARGETS)
    state = shared.state_dict()
    apart.load_state_dict(state | {"embed_tgt.table": state["embed_src.table"]})
    apart(source, target).square().mean().backward()
    both = apart.embed_src.table.grad + apart.embed_tgt.table.grad
    assert torch.allclose(shared.embed_src.table.grad, both, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("copy", [deepcopy, lambda model: model.double(), lambda model: model.to("cpu")])
def test_a_shared_embedding_stays_shared(copy):
    again = copy(model(source_vocab=TARGETS, shared_embedding=True))
    assert again.embed_src.table is again.embed_tgt.table


def test_an_encoder_without_an_output_layer_returns_its_last_rows():
    bare = model(decoder_layers=0, output_layer="none")
    source, _ = sentences()
    assert torch.equal(bare(source), bare.encode(source))


def test_importing_the_package_imports_no_torch():
    code = "import sys, transformer_core; transformer_core.Trace; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_can_be_had():
    import transformer_core

    assert all(getattr(transformer_core, name) for name in transformer_core.__all__)
    with pytest.raises(AttributeError, match="no 'nothing'"):
        _ = transformer_core.nothing
