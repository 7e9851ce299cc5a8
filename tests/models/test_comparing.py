"""Two passes in one trace: every difference against NumPy's own subtraction of two separate traces."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from scenes.cli.compare import rows
from scenes.stage.reading import beside, compare, read, shortened
from scenes.theme import LIMITS
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import UNTRAINED, open_model
from transformer_core.studies.sentence.compare import Side, seed_of
from transformer_core.studies.sentence.diff import (
    PLACES,
    likeness,
    likeness_apart,
    of_the_pass,
    rows_apart,
    shares_apart,
)
from transformer_core.studies.sentence.window import in_sight
from transformer_core.text.vocabulary import SentenceError
from transformer_core.tracing.trace import NamedTensor, Trace

TEXT = "The car is red"
EDIT = "encoder.1.self_attn.weights[head=2]=0"
SHIPPED, OTHER = "english-spanish", "english-spanish-post-norm"
SHIP = "the old ship sails home"


@pytest.fixture(scope="module")
def plain():
    return read(TEXT)


@pytest.fixture(scope="module")
def edited():
    return compare(TEXT, Side(None), Side(None, (EDIT,)))


def subtracted(pair):
    return [n for n in pair.tensors if n.startswith("diff.") and f"a.{n.removeprefix('diff.')}" in pair.tensors]


def test_each_pass_in_the_pair_is_the_pass_that_was_read_alone(plain, edited):
    alone = {"a": plain, "b": read(TEXT, edit=[EDIT])}
    for letter, trace in alone.items():
        names = of_the_pass(trace)
        assert len(names) > 100
        for name in names:
            here = edited.tensors[f"{letter}.{name}"]
            assert here.name == f"{letter}.{name}"
            assert np.array_equal(here.values, trace.tensors[name].values)
            assert here.labels == trace.tensors[name].labels


def test_a_difference_is_what_numpy_subtracts(plain, edited):
    other = read(TEXT, edit=[EDIT])
    names = subtracted(edited)
    assert {"diff.probs", "diff.encoder.1.resid_post", "diff.decoder.0.cross_attn.weights"} <= set(names)
    for name in names:
        point = name.removeprefix("diff.")
        if point.endswith(("likeness",)):
            continue
        assert np.array_equal(edited.tensors[name].values, other.tensors[point].values - plain.tensors[point].values)


def test_before_an_edit_nothing_differs_to_the_last_bit_and_the_first_that_does_is_named(edited):
    assert edited.tensors["diff.first"].labels["choice"] == ("encoder.1.self_attn.weights",)
    assert not edited.tensors["diff.encoder.0.resid_post"].values.any()
    assert edited["diff.equal_points"] < edited["diff.points"]
    assert float(edited["diff.parameters.share"]) == 1
    assert edited["diff.parameters.compared"] == edited["a.config.parameters"]


def test_the_head_that_was_switched_off_is_the_one_farthest_apart(edited):
    heads = edited["diff.encoder.heads"].values
    assert np.unravel_index(heads.argmax(), heads.shape) == (1, 2)
    assert heads[1, 2] == pytest.approx(1)
    assert np.allclose(np.delete(heads.ravel(), 6), 0)
    assert np.array_equal(
        edited["diff.encoder.attention"].values, edited["diff.encoder.1.self_attn.weights"].values[0, 2]
    )


def test_the_stream_moves_by_the_distance_of_its_rows_over_their_lengths(plain, edited):
    other = read(TEXT, edit=[EDIT])
    x, y = (trace.tensors["encoder.1.resid_post"].values[0] for trace in (plain, other))
    lengths = [np.sqrt((rows**2).sum(-1)) for rows in (x, y, y - x)]
    expected = lengths[2] / (lengths[0] + lengths[1])
    assert np.allclose(edited["diff.encoder.moved"].values[2], expected)
    assert np.allclose(edited["diff.encoder.distance"].values[2], np.mean(expected))


def test_two_that_are_the_same_differ_by_nothing_and_nothing_is_divided_by_nothing():
    with np.errstate(all="raise"):
        pair = compare("car", Side(None), Side(SHIPPED))
    assert float(pair["diff.equal_points"]) == float(pair["diff.points"])
    assert pair.tensors["diff.first"].labels["choice"] == ()
    for name in (*subtracted(pair), "diff.encoder.moved", "diff.encoder.heads", "diff.said"):
        assert not pair.tensors[name].values.any(), name


def test_untrained_weights_are_those_that_the_training_of_its_card_begins_with():
    pair = compare("car", Side(None), Side(UNTRAINED))
    trained = open_model(SHIPPED)
    seed = trained.facts["card"]["recipe"]["seed"]
    fresh = Transformer(trained.model.config, seed=seed).double().eval()
    ids = torch.tensor([trained.tokenizer.read("car").ids])
    assert float(pair["b.seed"]) == seed
    assert np.allclose(pair["b.encoder.final_norm.out"].values, fresh.encode(ids).detach().numpy())
    assert float(compare("car", Side(UNTRAINED), Side(None), seed=5)["a.seed"]) == 5


@pytest.mark.parametrize("seed", [-1, 2**63, 10**30, 1.5, True, "3", None])
def test_a_seed_in_a_card_that_is_none_is_as_if_no_card_told_one(seed):
    facts = {"model": "m", "card": {"recipe": {"seed": seed}}}
    assert seed_of(replace(open_model(SHIPPED), facts=facts)) == 0


def test_the_target_is_compared_as_far_as_both_have_written_the_same():
    pair = compare(TEXT, Side(None), Side(UNTRAINED))
    words = [pair.about[letter]["target_tokens"] for letter in "ab"]
    same = next(i for i, (one, other) in enumerate(zip(*words, strict=False)) if one != other)
    assert pair["diff.probs"].size("position") == same < min(map(len, words))
    expected = pair["b.probs"].values[0, :same] - pair["a.probs"].values[0, :same]
    assert np.array_equal(pair["diff.probs"].values[0], expected)
    assert np.allclose(pair["diff.said"].values, np.abs(expected).sum(-1) / 2)


def test_a_given_translation_is_compared_to_its_end():
    pair = compare(TEXT, Side(None), Side(UNTRAINED), target="el coche es rojo")
    assert pair["diff.said"].labels["position"] == ("<start>", "el", "coche", "es", "rojo")


def test_heads_of_two_trainings_are_held_against_the_one_most_like_each():
    pair = compare(TEXT, Side(None), Side(OTHER))
    assert not pair.about["same_places"]
    a, b = (
        np.concatenate([pair[f"{letter}.encoder.{layer}.self_attn.weights"].values[0] for layer in (0, 1)])
        for letter in "ab"
    )
    for head in range(8):
        apart = [np.abs(a[head] - other).sum(-1).mean() / 2 for other in b]
        layer, place = pair["diff.encoder.partners"].values[divmod(head, 4)]
        assert np.isclose(apart[layer * 4 + place], min(apart))
        assert np.isclose(pair["diff.encoder.heads"].values[divmod(head, 4)], min(apart))


def test_what_has_another_width_is_not_subtracted_but_how_alike_its_rows_are(folders):
    pair = compare(SHIP, Side(str(folders["marian"])), Side(str(folders["torch"])))
    assert pair.about["stack"] == "encoder"
    wide = beside(small(48), small(32))
    assert not [name for name in subtracted(wide) if name.endswith("resid_post")]
    first, second = (trace["encoder.0.resid_post"].values[0] for trace in (small(48), small(32)))
    assert np.allclose(wide["diff.encoder.moved"].values[-1], likeness_apart(first, second))
    assert "diff.encoder.0.self_attn.weights" in wide.tensors


def small(width):
    """A trace of one layer of an encoder alone, of random numbers."""
    random = np.random.default_rng(width)
    words = {"position": ("a", "b", "c"), "query": ("a", "b", "c"), "key": ("a", "b", "c")}
    weights = random.random((1, 2, 3, 3))
    made = {
        "encoder.0.resid_pre": (random.normal(size=(1, 3, width)), "batch position d_model"),
        "encoder.0.self_attn.q": (random.normal(size=(1, 2, 3, 4)), "batch head query d_head"),
        "encoder.0.self_attn.weights": (weights / weights.sum(-1, keepdims=True), "batch head query key"),
        "encoder.0.resid_post": (random.normal(size=(1, 3, width)), "batch position d_model"),
    }
    tensors = {
        name: NamedTensor(name, values, tuple(axes.split()), {a: words[a] for a in axes.split() if a in words})
        for name, (values, axes) in made.items()
    }
    facts = {"text": "a b c", "model": str(width), "kind": "", "tokens": ["a", "b", "c"], "target_tokens": [],
             "output": "", "output_tokens": [], "config": {"encoder_layers": 1, "decoder_layers": 0}}  # fmt: skip
    return Trace(tensors, {}, facts)


def test_what_is_cut_into_other_tokens_is_not_subtracted(folders):
    pair = compare(SHIP, Side(str(folders["bert"])), Side(str(folders["marian"])))
    assert pair.about["stack"] == ""
    assert not [name for name in subtracted(pair) if "encoder" in name]
    assert pair["a.read"].labels["position"] != pair["b.read"].labels["position"]


def test_in_the_table_nothing_is_said_to_differ_that_cannot_be_compared(folders):
    pair = compare("the cat sees", Side(str(folders["marian"])), Side(str(folders["gpt2"])))
    told = {row[0]: row[1:] for row in rows(pair)}
    wide = [f"{float(pair[f'{letter}.config.d_model']):.0f}" for letter in "ab"]
    assert wide[0] != wide[1]
    assert told["entries of a vector"] == (*wide, "nothing to compare")
    assert "tensors of the pass" not in told


def test_two_decoders_are_compared_in_their_decoders(folders):
    pair = compare("the cat sees", Side(str(folders["gpt2"])), Side(UNTRAINED))
    assert pair.about["stack"] == "decoder"
    prompt = len(pair["a.read"].labels["position"])
    assert pair["diff.decoder.attention"].shape[0] >= prompt


def test_every_parent_is_in_the_trace_and_nothing_but_a_name_is_kept_of_the_parameters(edited):
    assert {parent for parents in edited.parents.values() for parent in parents} <= set(edited.tensors)
    assert edited.parents["diff.probs"] == ("a.probs", "b.probs")
    assert not [name for name in edited.tensors if name.startswith(("a.parameters", "b.parameters"))]


def test_a_name_is_shown_in_letters_that_there_are_and_no_longer_than_there_is_room():
    trace = compare("car", Side(None), Side(None))
    assert trace["diff.names"].labels["choice"] == (SHIPPED, SHIPPED)
    assert shortened("a|b\x1b模型“") == "a·b····"
    assert shortened("n" * 40) == "n" * 33 + "…"


def test_two_untrained_ones_have_no_architecture():
    with pytest.raises(ValueError, match="one of the two has to be trained"):
        compare(TEXT, Side(UNTRAINED), Side(UNTRAINED))


def test_a_translation_is_given_to_translators_alone(folders):
    with pytest.raises(ValueError, match="writes none"):
        compare(SHIP, Side(str(folders["bert"])), Side(UNTRAINED), target="hola")


def test_a_word_that_one_of_them_does_not_know_is_told():
    with pytest.raises(SentenceError, match="zebra"):
        compare("The zebra is red", Side(None), Side(UNTRAINED))


def test_distances_are_nothing_for_the_same_and_one_at_most():
    row = np.array([3.0, 4.0])
    assert rows_apart(row, row) == 0
    assert rows_apart(row, -row) == 1
    assert rows_apart(row, 0 * row) == 1
    assert rows_apart(0 * row, 0 * row) == 0
    assert shares_apart(np.array([0.5, 0.5]), np.array([0.8, 0.2])) == pytest.approx(0.3)
    assert shares_apart(np.array([0.5, 0.5]), np.zeros(2)) == 1
    assert np.allclose(
        likeness(np.array([[1.0, 0], [0, 2], [3, 3]])), [[1, 0, 0.5**0.5], [0, 1, 0.5**0.5], [0.5**0.5] * 2 + [1]]
    )
    assert likeness_apart(np.array([[1.0, 0], [1, 0]]), np.array([[1.0, 0], [-1, 0]])).tolist() == [1, 1]


def test_of_a_long_sentence_the_pair_that_differs_most_is_in_sight():
    apart = np.zeros((30, 30))
    apart[20, 17] = 0.5
    apart[29, 2] = 0.9  # too far from each other for one picture
    start, stop = in_sight(apart, backwards=False, limits=LIMITS)
    assert {17, 20} <= set(range(start, stop))
    assert stop - start == 10
    assert in_sight(apart, backwards=True, limits=LIMITS) == (11, 21)
    assert in_sight(apart[:13, :13], backwards=False, limits=LIMITS) == (0, 13)


def test_ids_and_numbers_of_positions_are_not_compared_as_quantities(plain):
    whole = {name for name in of_the_pass(plain) if plain.tensors[name].values.dtype.kind != "f"}
    assert {name.rpartition(".")[2] for name in whole} == {"ids", "position_ids"}
    assert all(name.endswith(PLACES) for name in whole)
