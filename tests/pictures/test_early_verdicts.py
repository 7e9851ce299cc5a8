"""The verdicts of chapters 1 to 8 follow the trace: where the fact is another one, so is the sentence."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import walking
from click.testing import CliRunner
from walking import SENTENCES, Picture, chapters, findings, name_of, trace_of, walk

from scenes.animations import Travel
from scenes.chapters.c02_basics.chapter import Basics
from scenes.chapters.c02_basics.machine import ClosedModel, TranslationTokens
from scenes.chapters.c02_basics.reading import TwoContexts
from scenes.chapters.c03_lstm import verdict_on
from scenes.chapters.c04_encoder import encoder_plan, sublayers
from scenes.chapters.c20_faq.cards import CaseThreads, MeasuredClaim
from scenes.cli.main import lecture
from scenes.layout import STAGE
from scenes.mobjects.attention_grid import board_of
from scenes.stage.reading import read
from scenes.stage.step import Record
from scenes.theme import PIXELS_PER_UNIT, at, drawn_in
from transformer_core.studies.focus import focus_of, swap_of
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.provenance import Label, Quantity
from transformer_core.tracing.trace import Trace

CHAPTERS = {name_of(chapter): chapter for chapter in chapters()}
POST_NORM = Path("english-spanish-post-norm")
LONG_WORDS = "these grandmothers crossed the famous bridge and the dangerous mouse followed the dog"


def told_of(trace: Trace, chapter: str, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Narrate a chapter about a changed trace."""
    records: list[Record] = []
    monkeypatch.setattr(walking, "trace_of", lambda *_: trace)
    walking.walk(CHAPTERS[chapter], "", "dark", lambda picture: records.append(picture.record))
    return records


@pytest.mark.parametrize("text", ["banks", "the car the car"])
def test_a_sentence_that_the_grammar_does_not_make_is_not_called_a_failure(text: str) -> None:
    record = findings(CHAPTERS["basics"], text, "dark").records[-2]
    assert record.title == "Outside its grammar"
    assert f"“{text}” gives “{' '.join(trace_of(text).about['output_tokens'])}”" in record.narration
    assert "fail" not in record.narration


def test_another_translation_than_that_of_the_grammar_is_called_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = read("the house is red", edit=["encoder.1.self_attn.weights=0"])
    assert list(trace.about["gold"]["words"]) == ["la", "casa", "es", "roja"] != trace.about["output_tokens"]
    record = told_of(trace, "basics", monkeypatch)[-2]
    assert record.title == "Where it fails"
    assert "“the house is red” gives “el casa es rojo”" in record.narration


def test_an_empty_translation_is_told_as_the_end_mark_that_comes_first() -> None:
    assert trace_of("it").about["output_tokens"] == []
    records = findings(CHAPTERS["basics"], "it", "dark").records
    (writing,) = (record.narration for record in records if record.title == "The decoder: generate")
    assert "Not a word comes out" in records[0].narration
    assert "becomes the next input" not in writing
    assert "“<end>” gets" in writing


@pytest.mark.parametrize(("text", "few"), [("The car is red", True), ("it", False)])
def test_the_head_that_is_followed_shares_its_attention_only_where_two_keys_or_three_have_it(
    text: str, few: bool
) -> None:
    told = " ".join(record.narration for record in findings(CHAPTERS["qkv"], text, "dark").records)
    head, layer = re.search(r"We follow head (\w) of the (\w+) layer", told).groups()  # type: ignore[union-attr]
    word, how = re.search(r"layer: .*?“([^”]+)” (.*?) ", told).groups()  # type: ignore[union-attr]
    name = f"encoder.{('first', 'second').index(layer)}.self_attn.weights"
    row = np.sort(trace_of(text)[name].pick(batch=0, head=ord(head) - ord("A"), query=word).values)[::-1]
    assert (row[0] < 0.9 and row[:3].sum() > 0.9) == few
    assert (how in ("shares", "mixes")) == few


def test_the_trace_of_an_empty_translation_is_saved_with_all_that_chapters_derive(tmp_path: Path) -> None:
    file = tmp_path / "empty.npz"
    done = CliRunner().invoke(lecture, ["trace", "--text", "it", "--output", str(file)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "probs" in np.load(file)
    assert json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def test_a_translation_that_never_ends_is_counted_and_not_quoted_in_full() -> None:
    told = findings(CHAPTERS["basics"], "because because because", "dark").records[-2].narration
    assert f"gives {len(trace_of('because because because').about['output_tokens'])} words" in told


@pytest.mark.parametrize(("text", "going"), [("The car is red", ["car", "red"]), ("the car the car", ["car"])])
def test_a_word_that_goes_into_the_table_stays_in_its_sentence(text: str, going: list[str]) -> None:
    with drawn_in("dark"):
        trace = trace_of(text)
        words = TranslationTokens(trace)
        machine = ClosedModel(words.source, words.output)
        (step,) = Basics.never_seen(cast(Basics, None), trace, machine)
    first = [play for play in step.parts[0].plays[0] if isinstance(play, Travel)]
    assert sorted(str(play.source.label) for play in first) == going
    assert all(play.source in [*machine.source] and not play.leaving for play in first)


def test_two_contexts_are_joined_at_the_entries_that_have_another_sign_and_only_there() -> None:
    with drawn_in("dark"):
        trace = trace_of("The car is red")
        memory, token = TranslationTokens(trace).memory, TwoContexts.word_of(trace)
        assert token == "bank"
        picture = TwoContexts(trace, token, memory.name)
    rows = [trace[f"other.{sense}.{memory.name}"].pick(batch=0, position=1).values for sense in SENSES]
    turned = [k for k, pair in enumerate(zip(*rows, strict=True)) if pair[0] * pair[1] < 0]
    assert 0 < len(turned) < len(rows[0])
    places = [cell.get_x() for cell in picture.after[0].cells]
    assert [link.get_x() for link in picture.links] == pytest.approx([places[k] for k in turned])


def test_without_a_word_of_two_senses_the_change_of_a_vector_is_ringed(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = trace_of("The car is red").under()
    trace.about = {key: fact for key, fact in trace.about.items() if key not in SENSES}
    (told,) = (one.narration for one in told_of(trace, "basics", monkeypatch) if one.title == "The encoder: understand")
    assert "each vector now knows its context" in told
    assert "bank" not in told


@pytest.mark.parametrize("layer", [0, 3, 5])
def test_the_plan_of_a_deep_encoder_has_the_attention_that_is_followed(
    layer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = trace_of("The car is red").under()
    trace.about = {**trace.about, "config": {**trace.about["config"], "encoder_layers": 6}}
    focus = replace(focus_of(trace), layer=layer)
    monkeypatch.setattr(encoder_plan, "focus_of", lambda _: focus)
    with drawn_in("dark"):
        plan, opened = encoder_plan.EncoderPlan(trace), encoder_plan.EncoderPlan(trace, focus.path)
    assert plan.boxes.keys() > {"encoder.0.self_attn", "encoder.0.ffn", focus.path}
    assert not plan.whole
    for picture in (plan, opened):
        assert all(a.get_right()[0] < b.get_left()[0] for a, b in pairwise(picture.parts))
        assert picture.boxes["encoder.final_norm"].get_right()[0] == pytest.approx(at(STAGE.right, 0)[0])
    assert opened.boxes[focus.path].width > STAGE.width / 2 / PIXELS_PER_UNIT
    assert [chip.get_y() for chip in opened.chips] == [chip.get_y() for chip in plan.chips]


def test_what_leaves_a_gate_of_the_encoder_is_what_enters_the_next() -> None:
    """The vectors of the sentence stand on stage at the end of a step and at the beginning of the one that follows."""
    seen: list[tuple[str, list[int], list[int]]] = []

    def look(picture: walking.Picture) -> None:
        seen.append((picture.step.title, streams(picture.step.stage or ()), streams(picture.stage)))

    walking.walk(CHAPTERS["encoder"], "The car is red", "dark", look)
    inside = seen[1:-1]
    assert len(inside) > 5
    assert all(here == [0, 1, 2, 3] for _, _, here in inside)
    assert all(come == [0, 1, 2, 3] for _, come, _ in inside[1:])


def streams(stage: Any) -> list[int]:
    """The lines on which a vector of the residual stream stands."""
    keys = (getattr(part, "key", ()) for mobject in stage for part in mobject.get_family())
    return sorted(key[1] for key in keys if key and key[0] == "stream")


def test_nothing_is_said_to_be_learned_of_random_weights() -> None:
    for name in ("basics", "encoder", "qkv"):
        records = findings(CHAPTERS[name], "The car is red", "dark", model=walking.RANDOM).records
        assert "learned numbers" not in " ".join(record.narration for record in records)


def test_a_bet_is_made_only_where_the_adjective_looks_most_at_its_noun() -> None:
    trace = trace_of("The car is red")
    focus = focus_of(trace)
    assert swap_of(trace, focus) is not None
    weights = focus.seen(trace)["weights"]
    another = weights.label("key", (int(np.argmin(weights.pick(query=focus.query_token).values))))
    assert swap_of(trace, replace(focus, top_key=another)) is None


@pytest.mark.parametrize(
    ("gold", "verdict"),
    [
        (["el", "coche", "es", "rojo"], "This time all is right."),
        (["el", "coche", "es", "rojo", "hoy"], "Some words are missing."),
        (["el", "coche", "es", "verde"], "The ringed words are wrong."),
    ],
)
def test_an_lstm_is_right_only_word_for_word(gold: list[str], verdict: str) -> None:
    assert verdict_on(["el", "coche", "es", "rojo"], gold) == verdict


def test_a_word_survives_an_update_for_each_word_up_to_the_one_that_needs_it() -> None:
    records, words = (
        findings(CHAPTERS["lstm"], "The car is red", "dark").records,
        trace_of("The car is red").about["long"]["text"].split(),
    )
    told = " ".join(record.narration for record in records)
    (updates, far), *_ = re.findall(r"(\d+) updates leave less and less of “(\w+)”", told)
    assert int(updates) == len(words) - 1 - words.index(far)


def boxes_of(parts: Any) -> list[tuple[float, float, float, float]]:
    return [(p.get_left()[0], p.get_right()[0], p.get_bottom()[1], p.get_top()[1]) for p in parts]


def test_names_of_thirteen_columns_stand_clear_of_each_other() -> None:
    trace = trace_of(LONG_WORDS)
    chips = boxes_of(board_of(trace, focus_of(trace)).ribbon)
    assert len(chips) == 13
    for i, (left, right, low, high) in enumerate(chips):
        for other in chips[i + 1 :]:
            assert min(right, other[1]) <= max(left, other[0]) or min(high, other[3]) <= max(low, other[2])


def test_rows_of_thirteen_queries_have_chips_as_high_as_their_rows() -> None:
    trace = trace_of(LONG_WORDS)
    chips = boxes_of(board_of(trace, focus_of(trace)).query_names)
    for upper, lower in pairwise(chips):
        assert upper[2] >= lower[3]


def test_when_two_words_change_places_each_strip_is_that_of_the_word_below_it_and_of_its_own_model() -> None:
    trace, seen = trace_of(SENTENCES[0]), dict[str, list[float]]()

    def look(picture: Picture) -> None:
        if picture.record.title != "Who notices the order?":
            return
        parts = [part for root in picture.stage for part in root.get_family()]
        chips = [part for part in parts if isinstance(getattr(part, "label", None), Label)]
        titles = {part.text: part.get_y() for part in parts if getattr(part, "text", "") in ("attention", "LSTM")}
        for part in parts:
            for entry in (entry for meaning in getattr(part, "meanings", ()) for entry in meaning.entries(part)):
                middle = (entry.low + entry.high) / 2
                word = min(chips, key=lambda chip: abs(chip.get_x() - middle[0])).label
                source = trace.full(entry.quantity.name)
                assert source.labels["position"][entry.quantity.index[source.axes.index("position")]] == word
                seen.setdefault(entry.quantity.name, []).append(middle[1])
        for name, heights in seen.items():
            own, other = (titles[title] for title in ("LSTM", "attention")[:: 1 if "lstm" in name else -1])
            assert abs(np.mean(heights) - own) < abs(np.mean(heights) - other)

    walk(CHAPTERS["lstm"], SENTENCES[0], "dark", look)
    assert len(seen) == 2, "the change of each model"


@pytest.mark.parametrize(
    ("share", "needed", "holds"), [(0.6, None, True), (0.4, None, False), (0.6, 0.7, False), (0.6, 0.6, True)]
)
def test_a_claim_is_stamped_by_the_share_that_it_needs_and_its_tick_stands_there(
    share: float, needed: float | None, holds: bool
) -> None:
    shares = [Quantity(value, "shares", (i,)) for i, value in enumerate((share, needed or 0.5))]
    claim = MeasuredClaim("a claim", shares[0], shares[1] if needed else None, "said")
    assert claim.holds == holds
    with drawn_in("dark"):
        _, track, goal, _ = CaseThreads(claim, STAGE, STAGE).asked
    assert (goal.get_x() - track.get_left()[0]) / track.width == pytest.approx(float(shares[1]), abs=0.01)


@pytest.mark.parametrize("model", [None, POST_NORM])
def test_what_is_blanked_before_a_box_of_the_encoder_is_what_the_box_reads(model: Path | None) -> None:
    trace = trace_of("The car is red", model).under()
    reads = {"ln1": "mean", "self_attn": "q", "ln2": "mean", "ffn": "pre"}
    with drawn_in("dark"):
        passing = sublayers.LayerPass(
            encoder_plan.EncoderPlan(trace, "encoder.1", behind=True), trace, "encoder.1.self_attn"
        )
    pairs = [*zip(passing.stops, passing.columns, strict=False)][1:]
    found = {part.rpartition(".")[2]: before[0].key[1] for (part, _), before in pairs if part}
    assert len(found) == len(reads) - 1
    assert found == {own: trace.parents[f"encoder.1.{own}.{reads[own]}"][0] for own in found}
    assert all(
        a[0].get_right()[0] < b[0].get_left()[0] for a, b in pairwise(passing.columns) if a[0].get_y() == b[0].get_y()
    )
