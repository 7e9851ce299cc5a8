"""The verdicts of the chapters on attention and the residual stream, by arithmetic of their own."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from walking import FRESH, QUICK, RANDOM, SENTENCES, chapters, findings, name_of, trace_of

from scenes.stage.chapter import Chapter
from scenes.stage.step import Record
from transformer_core.studies.focus import Focus, focus_of, mixed_focus
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.trace import Trace

CHAPTERS = {name_of(chapter): chapter for chapter in chapters()}
READ = [(text, None) for text in SENTENCES] + [(FRESH[0], RANDOM), (FRESH[1], RANDOM)]


def about(name: str) -> pytest.MarkDecorator:
    """A chapter about each sentence; the name comes first, so that the process that walks it does it."""
    chapter = CHAPTERS[name]
    return pytest.mark.parametrize(
        ("chapter", "text", "model"),
        [
            pytest.param(
                chapter,
                text,
                model,
                id=f"{chapter.__name__}-{text[:14]}{'-random' if model else ''}",
                marks=pytest.mark.slow if model or text not in QUICK else (),
            )
            for text, model in READ
        ],
    )


def told(chapter: type[Chapter], text: str, model: Path | None) -> list[Record]:
    return findings(chapter, text, "dark", model=model).records


def said(records: list[Record]) -> str:
    return " ".join(record.narration for record in records)


def of_head(trace: Trace, focus: Focus, name: str) -> np.ndarray:
    return np.asarray(trace[f"{focus.path}.{name}"].values[0, focus.head])


def weights_of(trace: Trace, focus: Focus) -> np.ndarray:
    """softmax(Q K^T / sqrt(d_k)) of the head in focus, from its queries and keys."""
    query, key = of_head(trace, focus, "q"), of_head(trace, focus, "k")
    scaled = query @ key.T / np.sqrt(query.shape[-1])
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


@about("scores")
def test_the_best_and_the_worst_match_are_the_largest_and_the_smallest_dot_product(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    trace = trace_of(text, model)
    focus = mixed_focus(trace)
    words, here = trace.about["tokens"], focus.query_token.position
    scores = of_head(trace, focus, "k") @ of_head(trace, focus, "q")[here]
    spoken = said(told(chapter, text, model))
    if len(words) == 1:
        assert "It meets only its own key" in spoken
    else:
        assert f"The best match is “{words[scores.argmax()]}” with " in spoken
        assert f"the worst “{words[scores.argmin()]}” with " in spoken


@about("weighting")
def test_most_of_an_output_is_said_to_come_from_a_token_only_where_its_part_is_over_a_half(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    trace = trace_of(text, model)
    focus = mixed_focus(trace)
    here = focus.query_token.position
    lengths = weights_of(trace, focus)[here] * np.linalg.norm(of_head(trace, focus, "v"), axis=-1)
    part, leader = lengths.max() / lengths.sum(), trace.about["tokens"][lengths.argmax()]
    spoken = said(told(chapter, text, model))
    assert (f"Most of it comes from “{leader}”." in spoken) == (part > 0.5)
    assert (f"the largest part comes from “{leader}”." in spoken) == (part <= 0.5)


@about("weighting")
def test_the_divisor_is_the_root_of_the_length_of_a_key(chapter: type[Chapter], text: str, model: Path | None) -> None:
    keys = of_head(trace_of(text, model), mixed_focus(trace_of(text, model)), "k")
    (root,) = re.findall(r"Divide by ([\d.]+), the root of d_k", said(told(chapter, text, model)))
    assert float(root) == pytest.approx(np.sqrt(keys.shape[-1]), abs=0.05)


@about("weighting")
def test_a_tie_is_said_to_leave_little_only_where_the_other_weights_are_small(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    focus = mixed_focus(trace_of(text, model))
    first, *others = np.sort(weights_of(trace_of(text, model), focus)[focus.query_token.position])[::-1]
    rest = sum(others[1:])
    little = len(others) > 1 and 2 * first / (2 * first + rest) > 0.95
    assert ("equal weights, and almost nothing is left." in said(told(chapter, text, model))) == little


@about("weighting")
def test_a_word_of_two_senses_is_followed_in_the_head_that_looks_most_at_the_deciding_word(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    """Of the first layer in which one gives it more than a half in both sentences, or else of all."""
    trace = trace_of(text, model)
    spoken = re.findall(r"In head (.) of the (\w+) layer, it attends to “", said(told(chapter, text, model)))
    for letter, layer in spoken:
        shares = np.array([
            np.min([
                trace[f"other.{sense}.encoder.{k}.self_attn.weights"].values[0, :, here["noun"], here["decides"]]
                for sense, here in ((sense, trace.about[sense]) for sense in SENSES)
            ], axis=0)
            for k in range(trace.about["config"]["encoder_layers"])
        ])  # fmt: skip
        sure = np.flatnonzero(shares.max(1) > 0.5)
        first = int(sure[0]) if len(sure) else int(shares.max(1).argmax())
        assert (layer, letter) == (("first", "second")[first], "ABCDEFGH"[shares[first].argmax()])
    assert spoken or model or text != "The car is red"


@about("weighting")
def test_the_verdict_on_the_bet_follows_both_attention_weights(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    trace = trace_of(text, model)
    focus = focus_of(trace)
    bet = [record for record in told(chapter, text, model) if record.title == "The bet: does it look, too?"]
    if not bet:
        assert "later we see why" not in said(told(chapter, text, model))
        return
    last = bet[0]
    swapped = str(last.narration).split(", with one form")[0].rpartition("“")[2].rstrip("”")
    words = list(trace.about["tokens"])
    words[focus.query_token.position] = swapped
    share, other = (
        weights_of(read, focus)[focus.query_token.position, focus.top_key.position]
        for read in (trace, trace_of(" ".join(words), model))
    )
    assert (". No, it " in last.narration) == (share > 0.5 > other)
    assert ("the two differ less" in last.narration) == (share > other and not share > 0.5 > other)
    assert ("Here it looks even more" in last.narration) == (share <= other)


@about("heads")
def test_a_value_is_called_short_only_where_another_is_more_than_twice_as_long(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    spoken = said(told(chapter, text, model))
    for short, other in re.findall(r"is short: ([\d.]+), against ([\d.]+) for", spoken):
        assert float(short) < float(other) / 2
    for length, other in re.findall(r"The value of “[^”]+” has length ([\d.]+), that of “[^”]+” ([\d.]+)", spoken):
        assert float(length) >= float(other) / 2
    if (text, model) == ("The car is red", None):
        assert "is short" in spoken


@about("heads")
def test_several_heads_are_said_to_try_a_role_only_where_a_rival_had_half_of_its_cases(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    spoken = said(told(chapter, text, model))
    for rival in re.findall(r"Its rival reached (\d+)%", spoken):
        assert ("several heads try" in spoken) == (float(rival) > 50)


@about("residual")
def test_no_other_part_is_said_to_cost_as_much_only_where_training_without_any_other_does_better(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    exact = trace_of(text, model)["experiment.parts_removed.exact"]
    means = dict(zip(exact.labels["part"], exact.values.mean(exact.axes.index("seed")), strict=True))
    single = [mean for part, mean in means.items() if " and " not in part and part not in ("residual", "nothing")]
    spoken = said(told(chapter, text, model))
    assert ("no other part left out cost as much" in spoken) == (means["residual"] < min(single))
    assert ("some other part left out cost even more" in spoken) == (means["residual"] >= min(single))


@about("residual")
def test_a_vector_that_is_replaced_and_one_that_is_added_to_turn_by_their_own_angles(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    trace = trace_of(text, model)
    focus, spoken = focus_of(trace), said(told(chapter, text, model))
    place, angles = focus.query_token.position, []
    before, out = (trace[name].values[0, place] for name in (f"{focus.block}.resid_pre", f"{focus.path}.out"))
    for after, words in (
        (out, r"If it takes the place of x, \D*"),
        (before + out, "If it is added, the vector turns by "),
    ):
        cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
        (angle,) = re.findall(rf"{words}(\d+)", spoken)
        angles.append(np.degrees(np.arccos(cosine)))
        assert float(angle) == pytest.approx(angles[-1], abs=0.51)
    assert ("little points along x" in spoken) == (angles[0] > 75)


@about("encoder")
def test_what_attention_adds_is_called_small_below_a_third_and_longer_than_the_vector_above_one(
    chapter: type[Chapter], text: str, model: Path | None
) -> None:
    trace = trace_of(text, model)
    place, spoken = focus_of(trace).query_token.position, said(told(chapter, text, model))
    before, out = (trace[f"encoder.0.{name}"].values[0, place] for name in ("resid_pre", "self_attn.out"))
    share = np.linalg.norm(out) / np.linalg.norm(before)
    verdict = "a small step." if share < 1 / 3 else "a real change." if share < 1 else "longer than the vector itself."
    assert f"as long as its vector: {verdict}" in spoken


@about("scores")
def test_a_noun_has_the_gender_of_its_article(chapter: type[Chapter], text: str, model: Path | None) -> None:
    found = re.findall(r"In Spanish, “(\w+)” is (\w+)\.", said(told(chapter, text, model)))
    trace = trace_of(text, model)
    for noun, gender in found:
        place = trace.about["tokens"].index(noun)
        gold = trace.about["gold"]
        spanish = next(i for i, places in enumerate(gold["alignment"]) if place in places)
        assert (
            gender
            == {"el": "masculine", "los": "masculine", "la": "feminine", "las": "feminine"}[gold["words"][spanish - 1]]
        )
    assert found or model or text != "The car is red"
