"""Whatever is typed, or lies in a file, comes to an answer or to one line. `fuzz.py` tries this in large numbers."""

import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz
import guarding
import hostile
from fuzzing_texts import check_cues, check_reading, written_elsewhere
from fuzzing_weights import PICKLE
from guarding import attempt, judged, limited_memory, watched
from safetensors_bent import apart, bend, put, together
from small_folders import WORDS, build

from scenes.chapters.c20_faq.shape_strip import STATES, ShapeStrip
from scenes.cli import main as cli
from scenes.production.files import on_one_line
from scenes.production.lecture_file import read as read_lecture
from scenes.production.mistakes import MistakesError
from scenes.stage.captions import split
from transformer_core.config import Config
from transformer_core.pretrained.model_registry import find_model, open_model
from transformer_core.studies.sentence.read import read
from transformer_core.text.subwords import Subwords
from transformer_core.text.vocabulary import SentenceError, Vocabulary, stored
from transformer_core.tracing.edit import edits_of

ANY = st.text(st.characters(exclude_categories=()), max_size=300)
TRIED = settings(derandomize=True, deadline=None, max_examples=60)
#: The sizes that a config states, by kind; what is not stored in a file is not bound by it.
SIZES = {
    "bert": (
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "intermediate_size",
        "num_attention_heads",
        "type_vocab_size",
    ),
    "gpt2": ("vocab_size", "n_embd", "n_layer", "n_head", "n_positions"),
    "marian": ("vocab_size", "d_model", "encoder_layers", "encoder_attention_heads", "max_position_embeddings"),
    "torch": ("source_vocab", "target_vocab", "d_model", "nhead", "num_encoder_layers", "max_positions"),
}
SMALL = {"texts": 60, "mobjects": 6, "lectures": 120, "weights": 120}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return build(tmp_path_factory.mktemp("models"))


@pytest.fixture
def folder(folders, tmp_path):
    """A copy of a folder to change."""

    def copy(kind):
        path = tmp_path / kind
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        for file in folders[kind].iterdir():
            (path / file.name).write_bytes(file.read_bytes())
        return path

    return copy


def refused(path, text="the old ship"):
    """The one line that a model is refused with, within 128 MiB."""
    with limited_memory(128 * 2**20), pytest.raises((ValueError, OSError)) as error:
        read(text, path)
    assert guarding.unlike_a_refusal(error.value) == ""
    return str(error.value)


def change(path, **options):
    file = path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | options))
    return path


# The same as `fuzz.py`, in small numbers.


@pytest.mark.parametrize("kind", SMALL)
def test_hostile_input_of_each_kind_comes_to_an_answer_or_a_line(kind, tmp_path):
    (tmp_path / "home").mkdir()
    found = fuzz.fuzz(kind, SMALL[kind], 7, tmp_path / "home", tmp_path / "saved", lambda *_: None)
    assert not found["failures"], found["failed"]
    assert not found["files_outside"]
    assert not found["connections"]
    assert found["answered"] > 0
    assert found["refused"] > 0


@TRIED
@given(ANY)
def test_any_text_stays_data_in_names_lines_titles_and_pages(text):
    written_elsewhere(text)


@TRIED
@given(ANY)
def test_any_text_on_captions_stays_a_text(text):
    check_cues(split(on_one_line(text)))


@TRIED
@given(ANY)
def test_any_text_is_read_or_refused_by_pieces_of_words(folders, text):
    for kind in ("bert", "gpt2", "marian"):
        check_reading(text, attempt(lambda kind=kind: Subwords(folders[kind], 64).read(text)))


@TRIED
@given(st.lists(st.sampled_from([*hostile.KNOWN, *hostile.SNIPPETS]), max_size=12).map(" ".join))
def test_any_mix_of_words_and_syntax_is_read_or_refused_by_whole_words(text):
    check_reading(text, attempt(lambda: WORDS.read(text)))
    attempt(lambda: WORDS.translation(text))


@TRIED
@given(
    st.one_of(
        ANY, ANY.map(lambda text: f"encoder.0.self_attn.weights[{text}]=0"), ANY.map(lambda text: f"logits={text}")
    )
)
def test_any_edit_is_parsed_or_refused(folders, text):
    trace = _plain(folders)
    attempt(lambda: edits_of([text], trace))


_plains = {}


def _plain(folders):
    if "own" not in _plains:
        _plains["own"] = read("the cat sees", folders["own"] / "model.safetensors")
    return _plains["own"]


@TRIED
@given(ANY)
def test_what_is_told_on_the_terminal_is_one_printable_line(text):
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli.click, "echo", lambda line, **_: lines.append(line))
        cli._say(text * 20, 1)
    (line,) = lines
    assert line.isprintable()
    assert len(line) < 1100


# Long sentences.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 10_000, "never learned"),
        ("the car is red " * 700, "has 10500 characters: type one short sentence"),
        ("e" + "\u0315\u0301" * 5000, "has 10001 characters: type one short sentence"),
        ("a " * 5000, "has 5000 words, the model reads at most 40"),
    ],
)
def test_a_text_far_too_long_is_refused_by_what_is_the_limit(text, said, folders, tmp_path):
    with pytest.raises(SentenceError, match=said):
        WORDS.read(text)
    for kind in ("bert", "gpt2", "marian"):
        outcome = judged(lambda kind=kind: Subwords(folders[kind], 64).read(text), watched(tmp_path))
        assert outcome.failed == ""


def test_a_text_that_leaves_a_decoder_no_place_to_go_on_is_refused(folders):
    with pytest.raises(SentenceError, match="has 64 tokens, and leaves the model no place to go on"):
        read("zq" * 32, folders["gpt2"])
    assert len(read("zq" * 31 + "z", folders["gpt2"]).about["output_tokens"]) == 1


def test_a_word_of_any_length_is_shown_short(folders):
    for label in Subwords(folders["marian"], 64).read("日" * 500).labels:
        assert len(label) <= 24


def test_lengths_of_a_long_text_run_to_the_longest_in_few_states(folders):
    trace = read("and " * 20, folders["torch"])  # which writes as much as it may
    assert int(trace["config.lengths"].values[-1]) == 48
    strip = ShapeStrip(trace)
    for letter in "nm":
        states, quantities = strip.run(letter)
        lengths = [int(quantity) for quantity in quantities]
        assert len(states) == len(lengths) <= STATES + 5
        assert lengths == sorted(lengths)
        assert (lengths[0], lengths[-1]) == (strip.own[letter], 48)


# Models.


@pytest.mark.parametrize("name", ["model.pt", "model.bin", "model.pth", "model.ckpt", "model.pkl", "model.safetensors"])
def test_a_pickle_is_refused_by_any_name_with_why_and_how_to_convert_it(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(PICKLE)
    for ask in (lambda: find_model(name) and open_model(name), lambda: open_model(tmp_path / name)):
        with pytest.raises(
            ValueError, match=r"is a pickle, which may run any code .*convert it once with transformers"
        ):
            ask()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.ckpt", "weights.PTH"])
def test_a_folder_with_a_pickle_alone_is_refused_with_the_name_of_the_pickle(name, folder):
    path = folder("gpt2")
    (path / "model.safetensors").rename(path / name)
    assert f"{path / name} is a pickle" in refused(path)
    assert "GPT2LMHeadModel.from_pretrained(folder)" in refused(path)


def test_code_that_a_config_names_is_not_run(folder):
    path = change(folder("bert"), auto_map={"AutoModel": "evil.Model"}, trust_remote_code=True)
    (path / "evil.py").write_text("raise SystemExit('ran')\n")
    assert read("the old ship", path).about["tokens"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["bert", "gpt2", "marian", "torch", "own"])
def test_a_weight_that_is_no_finite_number_is_told_by_its_tensor(kind, value, folder):
    path = folder(kind)
    file = path / "model.safetensors"
    put(file, 3, value)
    line = refused(file if kind == "own" else path, "the cat sees")
    (strange,) = _not_finite(file)
    assert line.startswith(f"{strange} in {file} has ")
    assert "no finite number" in line


def _not_finite(file):
    from safetensors.torch import load_file

    return [name for name, tensor in load_file(file).items() if not tensor.isfinite().all()]


def test_weights_that_leave_what_a_float_can_hold_are_told_by_the_first_tensor_of_the_pass(folder):
    path = folder("own") / "model.safetensors"
    with pytest.raises(ValueError, match=r"encoder.0.self_attn.scores of this pass has no number at \[0, "):
        read("the cat sees", path, edit=["encoder.0.self_attn.q=1e300", "encoder.0.self_attn.k=1e300"])


@pytest.mark.parametrize("length", [2**20, 100_000_001, 2**40, 2**63, 2**64 - 1])
def test_the_length_of_a_header_allocates_nothing(length, folder):
    path = folder("gpt2")
    bend(path / "model.safetensors", ("length", 0, length))
    assert "is no .safetensors that can be read" in refused(path)


@pytest.mark.parametrize("way", ["shape", "offsets"])
@pytest.mark.parametrize("value", [10**12, 2**63, -1, "12", None])
def test_sizes_in_a_header_allocate_nothing(way, value, folder):
    path = folder("gpt2")
    bend(path / "model.safetensors", (way, 1, value))
    assert str(path) in refused(path)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "marian", "torch"])
@pytest.mark.parametrize("value", [10**12, -1, "12", None, 1.5, True, [1], 0])
def test_sizes_in_a_config_allocate_nothing_and_are_told_by_their_file(kind, value, folder):
    for name in SIZES[kind]:
        path = change(folder(kind), **{name: value})
        assert "config.json" in refused(path), name


def test_a_folder_is_made_of_files(folder):
    path = folder("gpt2")
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        kept = (path / name).read_bytes()
        for make in (lambda file: file.symlink_to("/dev/zero"), os.mkfifo, lambda file: file.mkdir()):
            (path / name).unlink()
            make(path / name)
            assert "is no file" in refused(path)
            (path / name).rmdir() if (path / name).is_dir() else (path / name).unlink()
            (path / name).write_bytes(kept)
    assert read("the cat", path)


def test_what_was_measured_of_a_checkpoint_is_a_file(folder):
    path = folder("own") / "model.npz"
    path.unlink()
    os.mkfifo(path)
    assert f"{path} is no file" in refused(path.with_suffix(".safetensors"))


@pytest.mark.parametrize("name", ["decoder_start_token_id", "eos_token_id"])
def test_a_translator_has_marks_with_which_a_translation_begins_and_ends(name, folder):
    path = folder("marian")
    facts = json.loads((path / "config.json").read_text())
    for options in ({name: None}, {name: 10**6}, {name: "</s>"}):
        (path / "config.json").write_text(json.dumps(facts | options))
        assert name in refused(path)


@pytest.mark.parametrize("place", ["..", "../x.safetensors", "/etc/passwd", "a\0b", "", 3, None])
def test_an_index_stays_in_its_folder(place, folder):
    path = folder("gpt2")
    (path / "model.safetensors").unlink()
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"wte.weight": place}}))
    assert "points out of its folder" in refused(path) or "does not say which file" in refused(path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "vocabulary.json", "model.safetensors.index.json"])
def test_json_that_lies_deep_or_is_none_is_told_by_its_file(name, folder):
    path = folder("gpt2")
    if "index" in name:
        (path / "model.safetensors").unlink()
    for text in (b"[" * 10_000, b"{" * 10_000, b'{"a": "\xff"}', b"[1]", b"{", b"9" * 10_000, b""):
        (path / name).write_bytes(text)
        assert str(path / name) in refused(path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"source": ["a"], "target": ["a"], "longest": 9}, "is no list of words that begins with <pad>"),
        ({"source": "abc", "target": [], "longest": 9}, "source in the vocabulary is no list"),
        ({"source": ["<pad>", "<start>", "<end>", "a\ue000b"]}, "word 3 of source in the vocabulary cannot be shown"),
        ({"source": [*"abcd"], "target": [*"abcd"], "longest": "9"}, "does not say how long"),
    ],
)
def test_a_vocabulary_has_words_that_can_be_shown(words, said):
    with pytest.raises(ValueError, match=said):
        Vocabulary.from_json(json.dumps(words))


@pytest.mark.parametrize("kind", ["own", "gpt2", "index"])
def test_a_header_of_hundreds_of_thousands_of_tensors_is_refused_before_it_is_read(kind, folder):
    path = folder("gpt2" if kind == "index" else kind)
    weights = path / "model.safetensors"
    names = [f"x{number}" for number in range(600_000)]
    if kind == "index":
        weights.unlink()
        weights = path / "model.safetensors.index.json"
        weights.write_text(json.dumps({"weight_map": {name: f"{name}.safetensors" for name in names}}))
    else:
        header, numbers = apart(weights)
        empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
        together(weights, json.dumps(header | dict.fromkeys(names, empty)), numbers)
    start = time.process_time()
    line = refused(weights if kind == "own" else path)
    assert str(weights) in line
    assert "are the most" in line
    assert time.process_time() - start < 2
    if kind == "own":
        with pytest.raises(ValueError, match="are the most that are read"):
            stored(weights)


def test_a_config_of_many_megabytes_is_refused_before_it_is_parsed(folder):
    path = folder("gpt2")
    (path / "config.json").write_bytes(b'{"a": [' + b"[]," * 8_000_000 + b"[]]}")
    start = time.process_time()
    assert "config.json has 24000011 bytes: 16777216 are the most" in refused(path)
    assert time.process_time() - start < 1


def test_words_and_rows_are_as_many(folder):
    path = folder("own") / "model.safetensors"
    header, numbers = apart(path)
    about = json.loads(header["__metadata__"]["about"])
    words = json.loads(about["vocabulary"])
    words["target"].append("demasiado")
    about["vocabulary"] = json.dumps(words)
    header["__metadata__"]["about"] = json.dumps(about)
    together(path, json.dumps(header), numbers)
    assert "target words, the model rows for" in refused(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("heads", 0), ("d_model", 0), ("encoder_layers", 2.0), ("norm_eps", float("nan")), ("pooler", 1)],
)
def test_a_config_holds_what_its_fields_say(field, value):
    with pytest.raises(ValueError, match=f"^{field} "):
        Config(**({"source_vocab": 5, "target_vocab": 5} | {field: value}))


# Lecture files.


def test_many_mistakes_are_told_up_to_a_number(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("\n".join(f"k{i} = 1" for i in range(5000)))
    with pytest.raises(MistakesError) as error:
        read_lecture(path)
    assert len(error.value.lines) == 51
    assert error.value.lines[-1].endswith("and perhaps more: mend these first")


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()])
def test_a_lecture_file_is_a_file(make, tmp_path):
    make(tmp_path / "my.toml")
    with pytest.raises(ValueError, match="is no file"):
        read_lecture(tmp_path / "my.toml")


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_model_of_a_lecture_file_that_never_ends_is_none(make, tmp_path):
    make(tmp_path / "endless")
    (tmp_path / "my.toml").write_text('model = "endless"\n')
    outcome = judged(lambda: attempt(lambda: read_lecture(tmp_path / "my.toml")), watched(tmp_path))
    assert (outcome.answered, outcome.failed) == (False, "")
    with pytest.raises(ValueError, match=rf"^{tmp_path / 'endless'} is no file$"):
        stored(tmp_path / "endless")


@pytest.mark.parametrize("key", ["output", "narration", "theme.logo", "theme.font"])
@pytest.mark.parametrize(
    "value", ["../x", "/etc/passwd", "link/x.png", "a/../../x", "C:\\x", "x" * 300, "a\\u0000b.ttf"]
)
def test_no_path_in_a_lecture_file_leaves_its_folder(key, value, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/tmp")
    path = tmp_path / "in" / "my.toml"
    path.write_text(f"{key} = '{value}'" if "\\u" not in value else f'{key} = "{value}"')
    with pytest.raises(MistakesError) as error:
        read_lecture(path)
    (line,) = error.value.lines
    assert line.startswith(f"my.toml:1: {key}: ")
