"""A decoder of the Llama kind has the chapters on attention and on writing, told as it computes."""

import numpy as np
import pytest
import torch
import transformers
from scenes_of import EVERY_DECODER_CHAPTER, found_in, read_once
from small_models import byte_pairs
from test_decoders import SENTENCES

from scenes.chapters.c05_qkv.chapter import QKV
from scenes.chapters.c06_scores import Scores
from scenes.chapters.c07_weighting.chapter import Weighting
from scenes.chapters.c08_heads.chapter import Heads
from scenes.chapters.c09_positions.chapter import Positions
from scenes.chapters.c11_feed_forward.chapter import FeedForward
from scenes.chapters.c12_decoder.chapter import Decoder
from scenes.chapters.c14_inference.chapter import Inference
from scenes.mobjects.sorted_heads import SortedHeads
from scenes.stage.requirements import lacks
from scenes.theme import LIMITS, drawn_in
from transformer_core.pretrained.model_registry import open_model
from transformer_core.studies.experiments.language_model import TEXTS
from transformer_core.studies.focus import mixed_focus
from transformer_core.studies.measures.feed_forward import entering
from transformer_core.studies.measures.linearity import attending, feeding
from transformer_core.studies.measures.sheets import mapped, maps, moving, two

#: What adds no positions has no chapter on them.
CHAPTERS = [chapter for chapter in EVERY_DECODER_CHAPTER if chapter is not Positions]
#: What turns queries and keys, so that a window in a long text can put it wrong; the others say nothing of places.
ON_PLACES = (QKV, Scores, Weighting, Heads)
#: Of the real model 32 tokens to go on with, in the language that takes more room; and 3, where what is written is more
#: than what was given.
PROMPTS = {
    "short": "Cats and dogs",
    "long": "The old ship sails home before the storm, and the cat that sleeps on the deck of the ship dreams of the "
    "harbour where the captain and his friends live",
}
LOOKS = {"short": ("light", "en"), "long": ("dark", "es")}
ON_PROMPTS = [*(("long", chapter) for chapter in CHAPTERS), ("short", QKV), ("short", Decoder), ("short", Inference)]

every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.__name__)
WALKED = [
    *(pytest.param(("middle", "light"), chapter, id=f"middle light-{chapter.__name__}") for chapter in CHAPTERS),
    *(pytest.param(("long", "dark"), one, id=f"long dark-{one.__name__}") for one in ON_PLACES),
]


@pytest.fixture(scope="module")
def given(request, folders):
    return read_once(SENTENCES[request.param], folders["llama"]), request.param[1]


@pytest.fixture(scope="module")
def trace(folders):
    return read_once(SENTENCES["middle", "light"], folders["llama"])


@pytest.mark.parametrize(("given", "chapter"), WALKED, indirect=["given"], scope="module")
def test_every_chapter_on_such_a_decoder_is_true_and_readable(chapter, given):
    found = found_in(chapter, *given)
    assert found.wrong == []


@every_chapter
@pytest.mark.parametrize("given", [("middle", "light")], indirect=True, ids=" ".join, scope="module")
def test_every_chapter_holds_in_the_other_theme_and_in_spanish(chapter, given):
    found = found_in(chapter, given[0], "light" if given[1] == "dark" else "dark", "es")
    assert found.wrong == []


def test_the_chapter_on_positions_is_not_for_it(trace):
    assert lacks(trace, Positions.needs) == "added positions"
    with pytest.raises(ValueError, match="needs added positions, and this model has none"):
        found_in(Positions, trace, "dark")


@pytest.mark.parametrize(
    ("chapter", "sentence"),
    [
        (QKV, "3 heads share both"),
        (Scores, "Each is rotated by its position first."),
        (Weighting, "Queries times keys give the scores, rotated by their positions,"),
        (Heads, "3 heads share keys and values."),
        (FeedForward, "A SiLU gate multiplies them"),
        (FeedForward, "This FFN has no biases: zero goes to zero."),
    ],
)
def test_it_is_said_how_it_computes(chapter, sentence, trace):
    assert any(sentence in record.narration for record in found_in(chapter, trace, "light").records)


def test_no_formula_adds_a_bias(trace):
    for chapter in (QKV, FeedForward):
        found = found_in(chapter, trace, "light")
        assert any("W" in text for text in found.texts)
        assert [text for text in found.texts if "+ b" in text] == []


def test_what_meets_makes_the_scores(trace):
    part = trace.under("decoder.1.self_attn")
    scores = part["scores"].values
    largest = np.abs(scores).max()
    assert np.abs(part["terms"].values.sum(-1) - scores).max() < 1e-5 * largest
    lengths = part["q_norm"].values[..., None] * part["k_norm"].values[:, :, None]
    assert np.abs(part["cosine"].values * lengths - scores).max() < 1e-5 * largest
    assert np.abs(part["weighted_v"].values.sum(3) - part["z"].values).max() < 1e-5 * np.abs(part["z"].values).max()
    assert np.abs(part["swapped_scores"].values - scores.swapaxes(-1, -2)).max() < 1e-4 * largest
    assert part["heads_per_key"] == 3


def test_computed_anew_sublayers_give_what_they_gave(trace):
    attention, ffn = "decoder.1.self_attn", trace.under("decoder.1.ffn")
    assert ffn["per_position_difference"].values.max() < 1e-5
    assert trace[f"{attention}.fixed_weights_gap"] < 1e-5 < trace[f"{attention}.attention_gap"]
    assert ffn["two_matrices_gap"] < 1e-5 < ffn["feed_forward_gap"]
    sums = trace[f"{attention}.head_sums"].values
    assert np.abs(sums[:, -1] - trace[f"{attention}.out"].values).max() < 1e-5 * np.abs(sums).max()


@pytest.fixture(scope="module")
def qwen(tmp_path_factory):
    """Queries and keys that are normed before they are turned, and heads that are wider than d_model / heads."""
    home, tokens = tmp_path_factory.mktemp("qwen3"), byte_pairs()
    config = transformers.Qwen3Config(
        vocab_size=tokens.get_vocab_size(), hidden_size=48, num_hidden_layers=2, num_attention_heads=6,
        num_key_value_heads=2, head_dim=16, intermediate_size=96, max_position_embeddings=64, bos_token_id=0,
        eos_token_id=0)  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(11)
        transformers.Qwen3ForCausalLM(config).eval().save_pretrained(home)
    tokens.save(str(home / "tokenizer.json"))
    return read_once(SENTENCES["middle", "light"], home)


@pytest.mark.parametrize("kind", ["trace", "qwen"])
def test_rows_sent_through_a_sublayer_again_come_out_the_same(kind, request):
    trace = request.getfixturevalue(kind)
    for path, made, point in (("self_attn", attending, "q"), ("ffn", feeding, "pre")):
        out = trace[f"decoder.1.{path}.out"].values
        again = made(trace, f"decoder.1.{path}")(entering(trace, f"decoder.1.{path}", point))
        assert np.abs(again - out).max() < 1e-5 * np.abs(out).max()


def test_what_all_neurons_move_together_is_what_the_gate_makes_of_two_matrices(trace):
    path, ways = "decoder.1.ffn", np.array([(2.0, -0.5), (0.3, 1.0)])
    rows, sent = two(trace, path), maps(trace, path)
    flat, gated = (mapped(sent[name], rows, ways) for name in ("two_matrices", "feed_forward"))
    assert np.abs(flat + moving(trace, path, rows, ways).sum(0) - gated).max() < 1e-5 * np.abs(gated).max()


@pytest.mark.parametrize("chapter", [QKV, Scores], ids=lambda chapter: chapter.__name__)
def test_normed_queries_and_wide_heads_are_told_of(chapter, qwen):
    for language in ("en", "es"):
        found = found_in(chapter, qwen, "dark", language)
        assert found.wrong == []


def of_about(tokens, model):
    """The beginning of the texts of the experiments, as many words as so many tokens hold."""
    tokenizer, words = open_model(model).tokenizer, " ".join(TEXTS).split()
    fitting = [k for k in range(1, tokens + 1) if len(tokenizer.read(" ".join(words[:k])).ids) <= tokens]
    return " ".join(words[: fitting[-1]])


@pytest.mark.parametrize(
    ("tokens", "chapter", "theme", "language"),
    [
        (200, Scores, "dark", "es"),
        (200, Weighting, "light", "es"),
        (200, Inference, "dark", "en"),
    ],
)
def test_chapters_on_smollm2_are_true_and_readable_for_200_tokens(tokens, chapter, theme, language, smollm2):
    found = found_in(chapter, read_once(of_about(tokens, smollm2), smollm2), theme, language)
    assert found.wrong == []


def test_what_is_followed_of_200_tokens_of_smollm2_looks_at_another_one_in_sight(smollm2):
    trace = read_once(of_about(200, smollm2), smollm2)
    for seen in (trace.in_sight(), trace.in_sight(at_the_end=True)):
        focus = mixed_focus(seen)
        row = focus.seen(seen)["weights"].pick(query=focus.query_token)
        assert focus.top_key.position < focus.query_token.position
        assert float(row.values.sum()) > 0.5


def test_the_small_patterns_of_200_tokens_show_those_in_sight(smollm2):
    trace = read_once(of_about(200, smollm2), smollm2)
    with drawn_in("dark"):
        picture = SortedHeads(trace.in_sight())
    assert {len(weights.words("key")) for weights in picture.weights} == {LIMITS.shown}
    assert all(len(grid[1].points) for grid in picture.sorted)


@pytest.mark.parametrize(("length", "chapter"), ON_PROMPTS, ids=lambda one: one if one in PROMPTS else one.__name__)
def test_every_chapter_on_smollm2_is_true_and_readable(length, chapter, smollm2):
    found = found_in(chapter, read_once(PROMPTS[length], smollm2), *LOOKS[length])
    assert found.wrong == []
