import pytest
import torch
from core_models import TARGETS, error, model, paddings, sentences

from transformer_core.decoding.sampling import before, begin, greedy, named, sample
from transformer_core.tracing.tap import record

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
    with pytest.raises(ValueError, match=r"^decoding needs a model with a decoder, in evaluation mode$"):
        greedy(model().train(), source, START, END)
    with pytest.raises(ValueError, match=r"^decoding needs a model with a decoder, "):
        greedy(model(decoder_layers=0), source, START, END)


def test_a_padded_source_is_answered_as_it_would_be_alone():
    watched = model(norm_order="pre", tied_output=False)
    source, _ = sentences()
    hidden, _ = paddings(source, source)
    together = greedy(watched, source, START, -1, 8, hidden)
    alone = [greedy(watched, source[row : row + 1, : 5 - row], START, -1, 8)[0] for row in range(3)]
    assert together == alone
    assert together != greedy(watched, source, START, -1, 8)


def test_ids_to_go_on_from_are_not_told_again():
    watched = model(encoder_layers=0, norm_order="pre")
    given = torch.tensor([[3, 4, 5], [6, 7, 8]])
    ids = greedy(watched, None, given, -1, 4)
    assert [len(row) for row in ids] == [4, 4]
    for row in range(2):
        forced = torch.cat([given[row], torch.tensor(ids[row])])[None]
        assert watched(None, forced[:, :-1])[0, 2:].argmax(-1).tolist() == ids[row]


def test_without_a_wish_a_cache_is_used_and_at_most_64_tokens_are_written():
    watched = model(max_positions=80)
    source, _ = sentences(batch=1)
    with record(only=["step.*.decoder.0.resid_pre"]) as tape:
        (ids,) = greedy(watched, source, START, -1)
    assert len(ids) == 64
    assert {tensor.shape[1] for tensor in tape.values()} == {1}
    assert len(sample(watched, source, START, -1).ids[0]) == 64


def test_each_step_is_told_under_its_number_and_no_other_is_computed():
    watched = model(norm_order="pre")
    source, _ = sentences(batch=1)
    with record(only=["step.*.probs"]) as tape:
        greedy(watched, source, START, -1, 3)
    assert [*tape] == ["step.0.probs", "step.1.probs", "step.2.probs"]
    assert all(tensor.shape == (1, 1, TARGETS) for tensor in tape.values())


def test_a_batch_is_written_until_its_last_sentence_has_ended():
    watched = model(norm_order="pre", tied_output=False)
    found = 0
    for seed in range(6):
        source, _ = sentences(seed=seed)
        free = greedy(watched, source, START, -1, 8)
        for end in {*free[0]}:
            lengths = [row.index(end) if end in row else 8 for row in free]
            with record(only=["step.*.logits"]) as tape:
                ids = greedy(watched, source, START, end, 8)
            assert [len(row) for row in ids] == lengths
            assert len(tape) == min(8, max(lengths) + 1)
            found += len({*lengths}) > 1 and max(lengths) < 7
    assert found > 0


def test_writing_leaves_no_gradients_and_begins_on_the_device_of_the_model():
    watched = model(norm_order="pre")
    source, _ = sentences()
    assert not sample(watched, source, START, -1, 2).probs.requires_grad
    with record(only=["step.1.logits"]) as tape:
        greedy(watched, source, START, -1, 2)
    assert not tape["step.1.logits"].requires_grad
    memory, target = begin(watched.to("meta"), source.to("meta"), START, None)
    assert memory.device.type == target.device.type == "meta"
    assert target.shape == (3, 1)


def test_what_comes_before_the_first_end_mark_is_the_sentence():
    assert before(2, [5, 2, 6, 2]) == [5]
    assert before(2, [2]) == []
    assert before(2, [5, 6]) == [5, 6]
    assert before(-1, [5, 6]) == [5, 6]


def test_a_tensor_is_named_along_as_many_axes_as_it_has():
    labels = {"step": ("a", "b"), "vocab": ("x", "y", "z")}
    values = {"probs": torch.ones(2, 3), "entropy": torch.ones(2), "score": torch.tensor(4.0)}
    found = named("here.", values, ("step", "vocab"), labels)
    assert {name: tensor.name for name, tensor in found.items()} == {name: name for name in found}
    assert {name: tensor.axes for name, tensor in found.items()} == {
        "here.probs": ("step", "vocab"),
        "here.entropy": ("step",),
        "here.score": (),
    }
    assert found["here.probs"].labels == labels
    assert found["here.entropy"].labels == {"step": ("a", "b")}
    assert found["here.score"].labels == {}
