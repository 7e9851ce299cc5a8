import pytest
import torch
from core_models import TARGETS, error, model, paddings, sentences

from transformer_core.decoding import greedy
from transformer_core.tap import record

START, END = 1, 2


def written(**choices):
    """Ten steps of the same model with and without cache, recorded; no token ends a sentence."""
    watched = model(cross_heads=1, tied_output=False, **choices)
    source, _ = sentences()
    hidden, _ = paddings(source, source)
    runs = []
    for cached in (True, False):
        with record() as tape:
            ids = greedy(watched, source, START, -1, 10, hidden, cached=cached)
        runs.append((ids, tape))
    return runs


@pytest.mark.parametrize("norm_order", ["pre", "post"])
@pytest.mark.parametrize("positions", ["interleaved", "learned"])
def test_a_cache_changes_neither_tokens_nor_logits(norm_order, positions):
    (ids, cached), (same_ids, uncached) = written(norm_order=norm_order, positions=positions)
    assert ids == same_ids
    assert len({*map(tuple, ids)}) > 1
    for step in range(10):
        for name in ("logits", "decoder.1.resid_post", "decoder.0.cross_attn.z"):
            at = -2 if name.endswith("z") else 1
            newest = uncached[f"step.{step}.{name}"].narrow(at, step, 1)
            assert error(cached[f"step.{step}.{name}"], newest) <= 1e-12
        k = "decoder.1.self_attn.k"
        assert error(cached[f"step.{step}.{k}"], uncached[f"step.{step}.{k}"]) <= 1e-12


def test_with_a_cache_a_step_reads_one_token_and_the_source_only_once():
    (_, cached), _ = written()
    assert cached["step.7.decoder.0.resid_pre"].shape[1] == 1
    assert cached["step.7.decoder.0.self_attn.weights"].shape[2:] == (1, 8)
    assert cached["step.7.decoder.0.cross_attn.k"] is cached["step.0.decoder.0.cross_attn.k"]
    assert "step.0.encoder.0.resid_pre" not in cached
    assert "encoder.0.resid_pre" in cached


def test_every_token_is_the_likeliest_after_those_before_it():
    watched = model(norm_order="pre")
    source, _ = sentences()
    ids = torch.tensor(greedy(watched, source, START, -1, 8))
    forced = torch.cat([torch.full((3, 1), START), ids], 1)
    assert torch.equal(watched(source, forced[:, :-1]).argmax(-1), ids)


def test_writing_ends_at_the_end_mark_and_does_not_tell_it():
    watched = model(norm_order="pre")
    source, _ = sentences()
    free = greedy(watched, source, START, -1, 8)
    end = free[0][3]
    for row, ended in zip(free, greedy(watched, source, START, end, 8), strict=True):
        assert ended == (row[: row.index(end)] if end in row else row)


def test_an_edit_of_the_probabilities_chooses_another_token():
    watched = model(norm_order="pre")
    source, _ = sentences(batch=1)
    (plain,) = greedy(watched, source, START, -1, 4)
    with record(edit={"step.1.probs": lambda probs: 1 - probs}):
        (edited,) = greedy(watched, source, START, -1, 4)
    assert edited[0] == plain[0]
    assert edited[1] != plain[1]


def test_an_edit_of_one_step_reaches_the_steps_after_it_through_the_cache():
    watched = model(norm_order="pre")
    source, _ = sentences(batch=1)
    # The token stays; what later tokens find of it in the cache does not.
    third = torch.eye(TARGETS, dtype=torch.float64)[3].view(1, 1, -1)
    keep = {f"step.{step}.probs": lambda _: third for step in range(3)}
    runs = []
    for edit in (keep, keep | {"step.1.decoder.0.resid_pre": lambda x: x.flip(-1)}):
        with record(edit=edit) as tape:
            greedy(watched, source, START, -1, 3)
        runs.append([tape[f"step.{step}.logits"] for step in range(3)])
    assert [torch.equal(a, b) for a, b in zip(*runs, strict=True)] == [True, False, False]


def test_a_decoder_alone_continues_from_its_start():
    (ids,) = greedy(model(encoder_layers=0, norm_order="pre"), None, START, -1, 6)
    (again,) = greedy(model(encoder_layers=0, norm_order="pre"), None, START, -1, 6, cached=False)
    assert ids == again
    assert len(ids) == 6


def test_a_model_in_training_or_without_a_decoder_does_not_write():
    source, _ = sentences()
    with pytest.raises(ValueError, match="evaluation mode"):
        greedy(model().train(), source, START, END)
    with pytest.raises(ValueError, match="with a decoder"):
        greedy(model(decoder_layers=0), source, START, END)
