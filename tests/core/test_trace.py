"""A trace by hand: how it is read, derived from, saved and loaded."""

import json

import numpy as np
import pytest

from transformer_core.files.foreign import read_object
from transformer_core.studies import derived as registry
from transformer_core.studies import measures
from transformer_core.studies.derived import register
from transformer_core.tracing.named_tensor import NamedTensor
from transformer_core.tracing.renamed import _LAST, renamed
from transformer_core.tracing.trace import Trace

WORDS = ("the", "cat", "sleeps")


def tensor(name, shape=(1, 3), axes=("batch", "position"), **labels):
    return NamedTensor(name, np.arange(np.prod(shape), dtype=float).reshape(shape), axes, labels)


def by_hand(**about):
    names = ("embed.sum", "encoder.0.out", "encoder.0.attn.weights", "encoder.1.out", "encoder.10.out")
    tensors = {name: tensor(name, position=WORDS) for name in names}
    pairs = (2, 3, 3), ("head", "query", "key")
    tensors["encoder.0.attn.weights"] = tensor("encoder.0.attn.weights", *pairs, query=WORDS, key=WORDS)
    return Trace(tensors, {"encoder.0.out": ("embed.sum",), "encoder.1.out": ("encoder.0.out",)}, about)


@pytest.fixture
def registered(monkeypatch):
    """Return the register of derived tensors, with those of the measures; what a test adds is removed after it."""
    assert measures
    monkeypatch.setattr(registry, "_DERIVED", dict(registry._DERIVED))
    return registry._DERIVED


def test_a_part_of_the_model_has_its_own_names_in_the_order_of_execution():
    whole = by_hand()
    assert [*whole] == ["embed.sum", "encoder.0.out", "encoder.0.attn.weights", "encoder.1.out", "encoder.10.out"]
    assert [*whole.under("encoder.0")] == ["out", "attn.weights"]
    assert [*whole.under("encoder.1")] == ["out"]
    assert [*whole.under("encoder").under("0").under("attn")] == ["weights"]
    assert [len(part) for part in (whole, whole.under("encoder"), whole.under("decoder"))] == [5, 4, 0]
    assert whole.under("encoder.0")["out"].name == "encoder.0.out"
    assert whole.under("encoder.0").full("embed.sum").name == "embed.sum"
    assert "out" in whole.under("encoder.0")
    assert "sum" not in whole.under("encoder.0")
    assert "embed.sum" in whole


def test_a_view_takes_its_picks_along_the_axes_that_a_tensor_has():
    view = by_hand().under("encoder.0", head=1).under("attn", query="cat")
    assert view["weights"].axes == ("key",)
    assert view["weights"].values.tolist() == [12, 13, 14]
    assert by_hand().under(head=1)["encoder.0.out"].axes == ("batch", "position")
    # The last word on an axis counts.
    assert by_hand().under("encoder.0", head=0).under(head=1)["attn.weights"].values[0, 0] == 9


def test_a_view_shares_tensors_parents_and_facts():
    whole = by_hand(text="the cat sleeps")
    view = whole.under("encoder.0")
    assert view.tensors is whole.tensors
    assert view.parents is whole.parents
    assert view.about == {"text": "the cat sleeps"}


def test_what_a_trace_is_made_of_is_not_changed_by_it():
    tensors, parents, about = {"x": tensor("x")}, {"x": ()}, {"text": "x"}
    made = Trace(tensors, parents, about)
    made.tensors["y"], made.parents["y"], made.about["more"] = tensor("y"), (), 1
    assert ([*tensors], [*parents], [*about]) == (["x"], ["x"], ["text"])
    assert (Trace({}).parents, Trace({}).about) == ({}, {})


def test_a_name_that_leads_nowhere_is_told_with_what_stands_beside_it():
    with pytest.raises(
        KeyError, match=r"^\"no tensor 'encoder\.0\.wrong' in this trace; beside it: encoder\.0\.out\"$"
    ):
        by_hand()["encoder.0.wrong"]
    with pytest.raises(KeyError, match=r"^\"no tensor 'nowhere\.wrong' in this trace; beside it: nothing\"$"):
        by_hand().under("nowhere")["wrong"]


def test_no_more_than_eight_names_are_told():
    many = Trace({f"part.{i}": tensor(f"part.{i}") for i in range(12)})
    with pytest.raises(KeyError, match=r"beside it: part\.0, part\.1, .*part\.7\"$"):
        many["part.wrong"]


@pytest.mark.usefixtures("registered")
def test_what_follows_is_computed_once_when_it_is_first_read_and_of_the_whole():
    asked = []

    def doubled(whole, prefix):
        asked.append(prefix)
        out = whole[f"{prefix}.attn.weights"]
        return NamedTensor(f"{prefix}.doubled_by_test", 2 * out.values, out.axes, out.labels)

    register("doubled_by_test", doubled)
    whole = by_hand(text="kept")
    assert asked == []
    assert "doubled_by_test" not in [*whole.under("encoder.0")]
    assert whole.under("encoder.0", head=1)["doubled_by_test"].values[0, 0] == 18
    assert whole["encoder.0.doubled_by_test"].shape == (2, 3, 3)
    assert whole["encoder.0.doubled_by_test"] is whole.full("encoder.0.doubled_by_test")
    assert asked == ["encoder.0"]
    assert "doubled_by_test" in whole.under("encoder.0")


@pytest.mark.usefixtures("registered")
def test_a_derivation_may_read_the_facts_and_what_is_derived_elsewhere():
    def first(whole, prefix):
        return NamedTensor(f"{prefix}.first_by_test", np.array(len(whole.about["text"])), ())

    def second(whole, prefix):
        return NamedTensor(f"{prefix}.second_by_test", np.array(whole["encoder.0.first_by_test"] + 1), ())

    register("first_by_test", first)
    register("second_by_test", second)
    whole = by_hand(text="four")
    assert float(whole["embed.second_by_test"]) == 5
    assert "encoder.0.first_by_test" in whole
    assert "embed.second_by_test" in whole


def test_a_name_is_derived_in_one_file_only(registered):
    def named(function, module):
        function.__module__ = module
        return function

    register("owned_by_test", named(lambda *_: 1, "transformer_core.studies.measures.one"))
    again = named(lambda *_: 2, "transformer_core.studies.measures.one")
    register("owned_by_test", again)  # read anew
    assert registered["owned_by_test"] is again
    told = r"^measures\.two would derive 'owned_by_test' anew: transformer_core\.studies\.measures\.one does it$"
    with pytest.raises(ValueError, match=told):
        register("owned_by_test", named(lambda *_: 3, "measures.two"))
    assert registered["owned_by_test"] is again


def test_what_an_experiment_found_is_read_when_it_is_asked_for():
    whole = by_hand()
    names = [*whole]
    assert "experiment.variance.width" in whole
    assert "experiment.variance.no_such" not in whole
    assert [*whole] == names
    assert whole["experiment.variance.width"].size("width") > 1
    assert [*whole] == [*names, "experiment.variance.width"]
    assert whole.under("experiment.variance")["width"] is whole["experiment.variance.width"]


def test_a_window_cuts_to_the_words_in_sight_and_is_read_under_its_own_names():
    whole = by_hand(tokens=[*WORDS], target_tokens=[], windows={"source": [1, 3]})
    seen = whole.in_sight()
    assert seen["encoder.0.out"].values.tolist() == [[1, 2]]
    assert seen["encoder.0.out"].labels == {"position": ("cat", "sleeps")}
    assert seen["encoder.0.out"].name == "window.encoder.0.out"
    assert seen["encoder.0.out"] is whole["window.encoder.0.out"]
    assert "encoder.1.out" in seen
    assert "encoder.2.out" not in seen
    assert "window.encoder.0.out" in whole.tensors
    assert whole["encoder.0.out"].shape == (1, 3)


def test_the_beginning_and_the_end_of_a_long_target_have_each_a_window():
    words = ("<start>", "el", "gato")
    whole = by_hand(tokens=[*WORDS], target_tokens=[*words], windows={"target": [0, 2], "ending": [1, 3]})
    whole.tensors["decoder.0.out"] = tensor("decoder.0.out", position=words)
    begun, ended = whole.in_sight()["decoder.0.out"], whole.in_sight(at_the_end=True)["decoder.0.out"]
    assert (begun.name, begun.values.tolist()) == ("window.decoder.0.out", [[0, 1]])
    assert (ended.name, ended.values.tolist()) == ("ending.decoder.0.out", [[1, 2]])
    assert ended.labels == {"position": ("el", "gato")}
    assert "decoder.0.out" in whole.in_sight(at_the_end=True)
    assert "encoder.1.out" in whole.in_sight(at_the_end=True)
    assert "decoder.1.out" not in whole.in_sight(at_the_end=True)
    assert whole.in_sight(at_the_end=True)["encoder.0.out"].shape == (1, 3)


def test_without_windows_everything_is_in_sight():
    for whole in (by_hand(), by_hand(windows={})):
        assert whole.in_sight() is whole


def test_what_was_saved_is_loaded_to_the_last_bit(tmp_path):
    whole = by_hand(text="the cat", sizes=[1, 2])
    path = whole.save(tmp_path / "deep" / "er" / "trace.txt")
    assert path == tmp_path / "deep" / "er" / "trace.txt.npz"
    assert sorted(file.name for file in path.parent.iterdir()) == ["trace.txt.json", "trace.txt.npz"]
    for given in (path, str(path), path.with_suffix(""), path.with_suffix(".json")):
        again = Trace.load(given)
        assert [*again] == [*whole]
        assert again.parents == whole.parents == {"encoder.0.out": ("embed.sum",), "encoder.1.out": ("encoder.0.out",)}
        assert again.about == {"text": "the cat", "sizes": [1, 2]}
        for name in whole:
            assert again[name].name == name
            assert again[name].values.tobytes() == whole[name].values.tobytes()
            assert again[name].axes == whole[name].axes
            assert again[name].labels == whole[name].labels
    assert Trace.facts(path) == Trace.facts(path.with_suffix(".json")) == whole.about


def test_facts_are_read_without_the_tensors(tmp_path):
    path = by_hand(text="¿Dónde está?").save(tmp_path / "trace")
    path.unlink()
    assert Trace.facts(path) == {"text": "¿Dónde está?"}


def test_the_card_can_be_read_by_people_and_by_other_programs(tmp_path):
    path = by_hand(text="el gato está aquí").save(tmp_path / "trace")
    written = path.with_suffix(".json").read_text(encoding="utf-8")
    assert "está aquí" in written
    assert len(written.splitlines()) > 20
    card = json.loads(written)
    assert set(card) == {"names", "about", "tensors"}
    assert card["tensors"]["encoder.0.attn.weights"] == {
        "axes": ["head", "query", "key"],
        "shape": [2, 3, 3],
        "labels": {"query": [*WORDS], "key": [*WORDS]},
    }
    assert card["tensors"]["encoder.1.out"]["parents"] == ["encoder.0.out"]
    with np.load(path) as arrays:
        assert {*arrays.files} == {*card["tensors"]}


def test_a_compressed_trace_is_smaller_and_the_same(tmp_path):
    flat = Trace({"x": NamedTensor("x", np.zeros((200, 200)), ("query", "key"))})
    plain, small = flat.save(tmp_path / "plain"), flat.save(tmp_path / "small", compressed=True)
    assert small.stat().st_size < plain.stat().st_size / 20
    assert np.array_equal(Trace.load(small)["x"].values, flat["x"].values)


@pytest.mark.parametrize("culprit", ["savez", "dumps"])
def test_an_interruption_while_saving_leaves_the_old_numbers_and_no_scraps(tmp_path, monkeypatch, culprit):
    path = by_hand(text="old").save(tmp_path / "trace")
    before = path.read_bytes()

    def interrupted(*_arguments, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(np if culprit == "savez" else json, culprit, interrupted)
    with pytest.raises(KeyboardInterrupt):
        by_hand(text="new").save(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["trace.json", "trace.npz"]
    assert path.read_bytes() == before
    assert Trace.facts(path) == {"text": "old"}


def test_what_would_have_to_be_executed_is_neither_written_nor_read(tmp_path):
    planted = Trace({"x": NamedTensor("x", np.array([{"a": 1}], dtype=object), ("batch",))})
    with pytest.raises(ValueError, match="pickle"):
        planted.save(tmp_path / "planted")
    assert list(tmp_path.iterdir()) == []
    path = by_hand().save(tmp_path / "trace")
    np.savez(path, **{"embed.sum": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(ValueError, match=r"trace\.npz is damaged and cannot be read"):
        Trace.load(path)


@pytest.mark.parametrize("card", [{"tensors": []}, {"tensors": {"embed.sum": {"axes": [], "labels": []}}}, {}])
def test_a_card_of_another_form_is_damage(card, tmp_path):
    path = by_hand().save(tmp_path / "trace")
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ValueError, match=r"trace\.npz is damaged and cannot be read"):
        Trace.load(path)


def test_a_card_may_have_any_length(tmp_path, monkeypatch):
    path = by_hand(text="kept").save(tmp_path / "trace")
    monkeypatch.setattr(read_object, "__defaults__", (10,))  # what other files of JSON may have at most
    assert Trace.load(path).about == {"text": "kept"}


def test_a_trace_that_was_saved_under_the_old_names_loads_under_those_of_today(tmp_path):
    old = (
        "other.unplaced.encoder.0.looks",
        "apart.encoder.distance",
        "encoder.0.stream_lengths",
        "encoder.0.self_attn.q",
    )
    saved = Trace({name: tensor(name) for name in old}, {old[0]: (old[3],)}).save(tmp_path / "old")
    card = saved.with_suffix(".json")
    facts = json.loads(card.read_text())
    del facts["names"]  # which no release before the second wrote
    card.write_text(json.dumps(facts))
    loaded = Trace.load(saved)
    assert [*loaded] == ["other.no_positions.encoder.0.mean_weights", "diff.encoder.distance",
                         "encoder.0.residual_norms", "encoder.0.self_attn.q"]  # fmt: skip
    assert loaded.parents == {"other.no_positions.encoder.0.mean_weights": ("encoder.0.self_attn.q",)}
    assert all(loaded[name].name == name for name in loaded)


def test_each_old_name_leads_to_one_that_there_is():
    """By hand for what stands before a name; its last part is a measure of today, or a count of queries."""
    before = {
        "other.unplaced.encoder.0.out": "other.no_positions.encoder.0.out",
        "other.turned.lstm.encoder.states": "other.exchanged.lstm.encoder.states",
        "attending_lstm.decoder.logits": "lstm_with_attention.decoder.logits",
        "apart.probs": "diff.probs",
        "card.apart.probs": "card.diff.probs",
        "heads_apart.probs": "heads_apart.probs",
    }
    assert {old: renamed(old) for old in before} == before
    assert measures
    assert {*_LAST.values()} - {"queries"} <= {*registry._DERIVED}
