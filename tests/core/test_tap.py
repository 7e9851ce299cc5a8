"""Taps and tapes by themselves, on tensors of one number."""

import threading

import pytest
import torch
from core_models import model, sentences

from transformer_core.tracing import tap
from transformer_core.tracing.tap import record, tap_at, under


def one(value=1.0):
    return torch.tensor([value])


def chain(first="a", path=""):
    """x -> x + 1 -> twice that, tapped as first, b and c."""
    at = tap_at(path)
    x = at(first, one(), "position")
    y = at("b", x + 1, "position", x)
    return at("c", 2 * y, "position", y)


def test_a_tap_that_nobody_listens_to_wants_nothing():
    assert tap_at("x").wants("out") is False
    assert tap_at("x").wants() is False


def test_what_only_a_reader_needs_is_computed_for_whoever_keeps_or_edits_it():
    def wanted(names, **wishes):
        found = []
        with pytest.raises(KeyError, match="no tensor of this pass"), record(**wishes):
            found.extend(tap_at("x").wants(name) for name in names)
        return found

    with record():
        assert tap_at("x").wants("in", "out")
    assert wanted(("in", "out", "off"), only=["x.out"]) == [False, True, False]
    assert wanted(("in", "out", "off"), only=["*.o*"]) == [False, True, True]
    assert wanted(("in", "out"), only=["y.out"], edit={"x.in": torch.clone}) == [True, False]


def test_recorders_are_counted_over_all_threads():
    assert tap._open == 0
    seen = []

    def elsewhere():
        with record():
            seen.append(tap._open)

    with record():
        assert tap._open == 1
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert tap._open == 1
    with pytest.raises(ZeroDivisionError), record():
        raise ZeroDivisionError
    assert seen == [2]
    assert tap._open == 0


def test_a_tape_is_a_mapping_of_what_it_keeps():
    for only, kept in ((None, ["a", "b", "c"]), (["c", "a"], ["a", "c"]), (["[bc]"], ["b", "c"])):
        with record(only=only) as tape:
            chain()
            assert [*tape] == kept
        assert [*tape] == [*tape.points] == kept
        assert len(tape) == len(kept)
        assert [tape.keeps(name) for name in "abc"] == [name in kept for name in "abc"]
    assert tape["c"].item() == 4


def test_parents_are_the_nearest_that_are_kept_and_an_unheard_tensor_is_no_parent():
    with record(only=["a", "c", "d"]) as tape:
        c = chain()
        tap_at("")("d", c + c, "position", c, one(), c)
    assert tape.parents == {"a": (), "c": ("a",), "d": ("c",)}


def test_all_names_that_no_tensor_has_are_told_in_one_line():
    with (
        pytest.raises(KeyError, match=r"^'no tensor of this pass is called k\*, wrong, z'$"),
        record(only=["z", "c", "k*"], edit={"wrong": torch.clone, "b": torch.clone}),
    ):
        chain()


def test_an_edit_is_heard_by_what_comes_after_it():
    with record(edit={"b": lambda b: b * 10}) as tape:
        assert chain().item() == 40
    assert {name: tensor.item() for name, tensor in tape.items()} == {"a": 1, "b": 20, "c": 40}


@pytest.mark.parametrize(
    ("edit", "made"),
    [(lambda b: b.double(), r"\(1,\) torch\.float64"), (lambda b: b[None], r"\(1, 1\) torch\.float32")],
)
def test_an_edit_must_keep_shape_and_type(edit, made):
    told = rf"^the edit of b made {made} of \(1,\) torch\.float32$"
    with pytest.raises(ValueError, match=told), record(edit={"b": edit}):
        chain()


def test_a_name_is_written_below_its_path_and_its_prefix():
    with record() as tape:
        with under("step.1"), under("again"):
            chain(path="encoder.0")
        with under(""):
            chain()
        chain(path="last")
    places = [("step.1.again.encoder.0.", "a"), ("", "a"), ("last.", "a")]
    assert [name for name in tape if name.endswith("a")] == [path + name for path, name in places]
    with under("unheard"):
        assert chain().item() == 4


def test_a_prefix_ends_with_its_block_also_when_that_fails():
    with record() as tape:
        with pytest.raises(ZeroDivisionError), under("deep"):
            raise ZeroDivisionError
        chain()
    assert [*tape] == ["a", "b", "c"]


def test_what_is_refused_is_told_in_one_line():
    with record():
        told = r"^a recorder is already active: close it before opening another$"
        with pytest.raises(RuntimeError, match=told), record():
            pass
        chain()
        with pytest.raises(ValueError, match=r"^a was written twice: use one record\(\) for one forward pass$"):
            chain()


def test_a_trace_of_a_tape_has_its_names_words_parents_and_facts_and_numbers_of_its_own():
    asked = []

    def labels(name, axis):
        asked.append((name, axis))
        return ("word",) if (name, axis) == ("b", "position") else None

    with record() as tape:
        chain()
        tap_at("")("pair", torch.zeros(1, 2, requires_grad=True), "query key")
    trace = tape.trace(labels, {"text": "x"})
    assert [tensor.name for tensor in trace.tensors.values()] == ["a", "b", "c", "pair"]
    assert [trace.full(name).axes for name in ("b", "pair")] == [("position",), ("query", "key")]
    assert {name: trace.full(name).labels for name in "abc"} == {"a": {}, "b": {"position": ("word",)}, "c": {}}
    assert asked == [("a", "position"), ("b", "position"), ("c", "position"), ("pair", "query"), ("pair", "key")]
    assert trace.parents == {"a": (), "b": ("a",), "c": ("b",), "pair": ()}
    assert trace.about == {"text": "x"}
    tape["c"].fill_(7)
    assert float(trace["c"].values[0]) == 4
    assert tape.trace().full("b").labels == {}


def test_one_name_is_kept_and_not_its_letters():
    with record(only="decoder.0.ffn.out") as tape:
        model()(*sentences())
    assert list(tape) == ["decoder.0.ffn.out"]


def test_an_edit_reaches_every_point_that_its_pattern_matches():
    with record(edit={"encoder.*.self_attn.weights": torch.zeros_like}) as tape:
        model()(*sentences())
    assert not any(tape[f"encoder.{layer}.self_attn.weights"].any() for layer in range(2))
    assert tape["decoder.0.self_attn.weights"].any()


def test_an_edit_by_name_goes_before_a_pattern():
    edits = {"encoder.*.ffn.out": torch.zeros_like, "encoder.1.ffn.out": torch.ones_like}
    with record(edit=edits) as tape:
        model()(*sentences())
    assert not tape["encoder.0.ffn.out"].any()
    assert bool((tape["encoder.1.ffn.out"] == 1).all())


def test_a_pattern_that_matches_nothing_is_refused():
    with (
        pytest.raises(KeyError, match=r"encoder\.\*\.ffn\.outt"),
        record(edit={"encoder.*.ffn.outt": torch.zeros_like}),
    ):
        model()(*sentences())
