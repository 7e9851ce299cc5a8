"""An edit is a line that is parsed: it changes what it names and nothing else; what is wrong is told in one line."""

import re
import time

import numpy as np
import pytest
import torch

from scenes.stage.notes import UNEDITED
from scenes.stage.reading import read
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.edit import LINE, edits_of
from transformer_core.tracing.tap import record

TEXT = "The car is red"
WEIGHTS = "encoder.1.self_attn.weights"


@pytest.fixture(scope="module")
def plain():
    return read(TEXT)


def edited(*lines, text=TEXT, model=None):
    return read(text, model, edit=lines)


def test_one_head_is_set_to_zero_and_no_other(plain):
    after, before = edited(f"{WEIGHTS}[head=2]=0")[WEIGHTS].values, plain[WEIGHTS].values
    assert not after[:, 2].any()
    assert np.array_equal(np.delete(after, 2, 1), np.delete(before, 2, 1))


def test_a_pattern_edits_each_tensor_whose_name_it_matches():
    after = edited("encoder.*.self_attn.weights[head=2] = 0")
    for layer in range(2):
        point = f"encoder.{layer}.self_attn.weights"
        assert not after[point].values[:, 2].any()
        assert after[point].values[:, 1].any()


def test_a_line_may_name_its_tensor_as_transformer_lens_does():
    ours, theirs = edited(f"{WEIGHTS}[head=2]=0"), edited("encoder_blocks.1.attn.hook_pattern[head=2]=0")
    assert np.array_equal(ours["probs"].values, theirs["probs"].values)


def test_a_token_is_named_by_its_word_or_its_place(plain):
    by_word, by_place = edited(f"{WEIGHTS}[query=red,head=0]*=0.5"), edited(f"{WEIGHTS}[head=0, query=3] *= 0.5")
    assert np.array_equal(by_word[WEIGHTS].values, by_place[WEIGHTS].values)
    assert np.allclose(by_word[WEIGHTS].values[0, 0, 3], plain[WEIGHTS].values[0, 0, 3] / 2)


def test_the_mean_is_over_all_tokens_of_the_whole_tensor(plain):
    after = edited("encoder.0.ffn.out[position=red]=mean")["encoder.0.ffn.out"].values[0, 3]
    assert np.allclose(after, plain["encoder.0.ffn.out"].values[0].mean(0))


def test_an_edit_reaches_the_output_as_the_same_edit_by_hand_does():
    trace = edited("encoder.1.ffn.out=0", "decoder.0.ffn.out*=2")
    from transformer_core.studies.translator.train import load_default

    model = load_default()[0].double()
    by_hand = {"encoder.1.ffn.out": torch.zeros_like, "decoder.0.ffn.out": lambda x: 2 * x}
    ids = [torch.from_numpy(trace[f"embed_{side}.ids"].values) for side in ("src", "tgt")]
    with torch.no_grad(), record(edit=by_hand) as tape:
        model(*ids)
    assert np.allclose(tape["probs"].numpy(), trace["probs"].values)
    assert [str(row.largest()[0]) for row in trace["probs"].pick(batch=0)][:-1] == trace.about["output_tokens"]


def test_the_pass_without_the_edit_and_the_effect_are_kept(plain):
    trace = edited(f"{WEIGHTS}=0")
    assert np.allclose(trace["other.unedited.probs"].values, plain["probs"].values)
    assert trace.about["unedited_output"] == plain.about["output"]
    moved = 0.5 * np.abs(trace["probs"].values - trace["other.unedited.probs"].values)[0, 0].sum()
    assert float(trace["edit_effect"]) >= moved > 0
    assert list(trace["edits"].words("choice")) == [f"{WEIGHTS}=0"]


def test_an_encoder_alone_is_edited_too(folders):
    trace = edited("encoder.0.self_attn.z[head=1]=0", text="the old ship", model=folders["bert"])
    assert 0 < float(trace["edit_effect"]) < 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("encoder.1.self_attn.wights=0", "near are encoder.1.self_attn.weights"),
        (f"{WEIGHTS}[heads=2]=0", "has no axis 'heads': it has batch, head, query, key"),
        (f"{WEIGHTS}[2]=0", "'2' names no place: write an axis and a place along it"),
        (f"{WEIGHTS}[head=7]=0", "has 4 entries along head, none at 7"),
        (f"{WEIGHTS}[query=blue]=0", "it has The, car, is, red"),
        (f"{WEIGHTS}=open('x')", "is neither a number nor mean"),
        (f"{WEIGHTS}=nan", "no finite number"),
        (f"{WEIGHTS}*=mean", "is neither a number nor mean"),
        ("parameters.encoder.1.self_attn.w_q=0", "no tensor of this pass"),
        ("x", "is no edit"),
        ("", "is no edit"),
        ("a" + 90_000 * " " + "b", "an edit has at most 1000 characters, this one 90002: a "),
        ("a" + 900 * " " + "b", "is no edit"),
        (f"{WEIGHTS}[" + 900 * ",", "is no edit"),
    ],
)
def test_a_wrong_line_is_told_with_what_would_be_right(line, said):
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        edited(line)
    assert "\n" not in str(error.value)


def test_a_line_is_parsed_in_time_in_proportion_to_its_length(plain):
    """The one that went wrong took 94 s for 90,000 spaces; each of these stops at another place of the pattern."""
    shapes = "a{}b", "{}a{}", "a{}[b]{}c", "a[b]{}c", "a={}b{}c", "a[{}", "a.{}*", "{}="
    start = time.process_time()
    for shape in shapes:
        for filling in " ", "\t\n", "a", ".", ",", "*", "[", "]":
            line = shape.replace("{}", 100_000 * filling)
            LINE.fullmatch(line)
            with pytest.raises(ValueError, match="an edit has at most 1000 characters") as error:
                edits_of([line], plain)
            assert len(str(error.value)) < 200
    assert time.process_time() - start < 3


def test_one_tensor_is_edited_once():
    with pytest.raises(ValueError, match="edited twice"):
        edited(f"{WEIGHTS}=0", f"{WEIGHTS}[head=1]=0")


def test_an_edit_is_on_screen_in_every_chapter(folders):
    from scenes_of import EVERY_ENCODER_CHAPTER, found_in

    trace = edited("encoder.0.self_attn.z[head=1]=0", text="the old ship", model=folders["bert"])
    for chapter in EVERY_ENCODER_CHAPTER[:3]:
        found = found_in(chapter, trace, "dark")
        assert found.wrong == []
        assert any(text.startswith("edited: encoder.0.self_attn.z[head=1]=0") for text in found.texts)


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_is_written_before_and_after_an_edit_is_on_screen(language):
    from scenes_of import EVERY_CHAPTER, found_in

    basics, scores = (chapter for chapter in EVERY_CHAPTER if chapter.__name__ in ("Basics", "Scores"))
    two = edited("decoder.0.cross_attn.z=0", "decoder.1.cross_attn.z*=0")
    for chapter in (basics, scores):
        found = found_in(chapter, two, "dark", language)
        assert found.wrong == []
        (note,) = {text for text in found.texts if text.startswith(("edited: ", "editado: "))}
        outputs = "el coche es rojo" in note and "¿" in note
        assert outputs or (chapter is scores and "decoder.0.cross_attn.z=0" in note and "%" in note)


@pytest.mark.parametrize("name", ["Basics", "Weighting", "Decoder", "Inference"])
def test_a_step_about_what_is_not_edited_says_so(name):
    """Other sentences, decoding and experiments: the note that tells the edit and its effect makes room for another."""
    from scenes_of import EVERY_CHAPTER, found_in

    (chapter,) = (chapter for chapter in EVERY_CHAPTER if chapter.__name__ == name)
    found = found_in(chapter, edited("decoder.0.cross_attn.z=0"), "dark")
    told = {}
    for one in found.records:
        names = {source for source, *_ in one.spans}
        told[any(source.startswith(UNEDITED) for source in names), "edit_effect" in names] = one.title
    assert told.keys() == {(False, True), (True, False)} or told.keys() == {(True, False)}, told
    assert "not edited here: other sentences, word-by-word writing, experiments" in found.texts


def test_who_asks_in_an_edited_model_is_not_said_to_have_a_gender():
    """Without its head, the adjective no longer asks: the bet on another adjective in its place is left out."""
    from scenes_of import EVERY_CHAPTER, found_in

    trace = edited(f"{WEIGHTS}[head=1]=0")
    assert str(focus_of(trace).query_token) != "red"
    scores = next(chapter for chapter in EVERY_CHAPTER if chapter.__name__ == "Scores")
    found = found_in(scores, trace, "light")
    assert found.wrong == []
    assert not any("gender" in record.narration for record in found.records)


@pytest.mark.parametrize("line", ["embed_src.ids[position=red]=999", "embed_src.ids=mean", "embed_tgt.position_ids*=2"])
def test_an_edit_of_what_is_read_is_refused_for_it_is_no_number_of_the_model(line):
    with pytest.raises(ValueError, match="no tensor of this pass is called embed_"):
        read("The car is red", edit=[line])
