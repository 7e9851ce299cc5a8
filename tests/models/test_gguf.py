"""GGUF files: tensors, facts and tokens as transformers reads them, or, of its mistakes, as the original has them."""

import re

import numpy as np
import pytest
import torch
import transformers
from gguf import GGMLQuantizationType, dequantize
from gguf_files import HEAD, QUANTISED, sentences, tensors, write
from tokenizers import Tokenizer, pre_tokenizers

from scenes.cli.models import describe
from transformer_core.decoding.sampling import greedy
from transformer_core.pretrained import gguf_file, load_gguf
from transformer_core.pretrained.gguf_file import GgufWeights
from transformer_core.pretrained.model_registry import find_model, known_models, open_model
from transformer_core.studies.experiments.language_model import PROMPTS, TEXTS
from transformer_core.text.gguf_tokenizer import tokenizer_json
from transformer_core.text.subwords import Subwords
from transformer_core.versions import installing


def theirs(path, **options):
    # Of Qwen 3, transformers 5.24 passes over the width of a head that the file states.
    head = {"head_dim": HEAD} if "qwen3" in path.name else {}
    return transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, **head, **options)


def their_tokens(path):
    return transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


def our_tokens(path):
    return Tokenizer.from_str(tokenizer_json(GgufWeights(path).header.facts).decode())


def refused(path, make=GgufWeights):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        make(path)
    assert str(path) in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("type_", QUANTISED)
@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_every_tensor_is_that_of_transformers_under_the_same_name(kind, type_, tmp_path):
    path = write(tmp_path / f"{kind}.gguf", kind, type_)
    model, ours = theirs(path, dtype=torch.float32), GgufWeights(path)
    state = model.state_dict()
    assert {*ours.tensors} == {*state}
    assert all(torch.equal(ours.take(name), value) for name, value in state.items())
    ours.finish(())
    stated = {name: value for name, value in ours.facts.items() if hasattr(model.config, name)}
    assert len(stated) >= 12
    assert stated == {name: getattr(model.config, name) for name in stated}
    assert ours.facts["rope_theta"] == model.config.rope_parameters["rope_theta"] == 50_000


def first_of_q4_k(block):
    """The first 16 of 256 numbers: scale · quant - offset, both in six bits, times two halves."""
    d, offset = block[:4].view(np.float16).astype(np.float32)
    return d * (block[4] & 63) * (block[16:32] & 15) - offset * (block[8] & 63)


def first_of_q6_k(block):
    """The first 16 of 256 numbers: scale · (quant - 32), a quant in four bits and two, times a half."""
    quants = (block[:16] & 15).astype(np.float32) + ((block[128:144] & 3) << 4) - 32
    return block[208:].view(np.float16).astype(np.float32) * block[192:193].view(np.int8) * quants


@pytest.mark.parametrize(("type_", "size", "halves", "first"),
                         [("Q4_K", 144, (0, 2), first_of_q4_k), ("Q6_K", 210, (208,), first_of_q6_k)])  # fmt: skip
def test_blocks_of_256_numbers_are_read_as_gguf_and_ggml_define_them(type_, size, halves, first, tmp_path):
    """Most files that people have are of these types, which gguf reads and does not write."""
    random = np.random.default_rng(2)
    blocks = random.integers(0, 256, (330, 2, size), np.uint8)
    for at in halves:
        blocks[..., at : at + 2] = random.normal(size=(330, 2, 1)).astype(np.float16).view(np.uint8)
    stored = blocks.reshape(330, -1)
    path = write(
        tmp_path / "a.gguf", "qwen2", type_, values={"token_embd.weight": stored}, sizes={"embedding_length": 512}
    )
    weights = GgufWeights(path)
    read = weights.take("model.embed_tokens.weight").numpy()
    assert np.array_equal(read, dequantize(stored, GGMLQuantizationType[type_]))
    by_hand = np.stack([first(block) for block in blocks.reshape(-1, size)])
    assert read.reshape(-1, 256)[:, :16] == pytest.approx(by_hand, rel=1e-6, abs=1e-6)
    assert weights.quantisation == f"{type_} (1 matrix)"


def test_what_is_quantised_is_said_and_what_is_not_is_not(tmp_path):
    assert GgufWeights(write(tmp_path / "a.gguf", type_="F32")).quantisation == ""
    said = GgufWeights(write(tmp_path / "b.gguf", type_="Q4_1")).quantisation
    assert said == "Q4_1 (16 matrices), F32 (5 vectors)"


@pytest.mark.parametrize("pre", ["gpt-2", "smollm", "llama-bpe", "qwen2", None])
def test_small_tokenizers_cut_as_those_of_transformers(pre, tmp_path):
    # Of Llama 3, llama.cpp begins a text with its mark unless the file says no; transformers if it says yes.
    begun = (lambda writer: writer.add_add_bos_token(True)) if pre in {"llama-bpe", None} else None
    path = write(tmp_path / "small.gguf", pre=pre, change=begun)
    theirs, ours = their_tokens(path), our_tokens(path)
    for text in sentences():
        assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_of_qwen_an_accent_is_joined_with_its_letter_as_in_the_original(tmp_path):
    ours = our_tokens(write(tmp_path / "qwen.gguf", pre="qwen2"))
    assert ours.encode("cafe\u0301").ids == ours.encode("caf\u00e9").ids


def test_smollm2_cuts_two_hundred_sentences_as_its_original_does(smollm2):
    """transformers 5.24 passes over the rule of SmolLM2 that each digit stands alone: it is put in its place here."""
    theirs, ours = their_tokens(smollm2), our_tokens(smollm2)
    differ = [text for text in sentences() if ours.encode(text).ids != theirs(text)["input_ids"]]
    assert differ
    # Without the rule, a digit or a fraction takes the white space before it along.
    assert all(re.search(r"\s[\s\d½]", text) for text in differ)
    original = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    theirs.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(original)
    assert [text for text in sentences() if ours.encode(text).ids != theirs(text)["input_ids"]] == []


def test_smollm2_reads_a_text_without_a_mark_before_it(smollm2):
    weights = GgufWeights(smollm2)
    cut = Subwords(smollm2, 8192, rows=49_152, data=tokenizer_json(weights.header.facts))
    assert cut.read("The capital of France is").labels == ("The", "capital", "of", "France", "is")
    assert cut.read("12").labels == ("1", "2")
    assert weights.quantisation == "Q4_1 (210 matrices), Q8_0 (1 matrix), F32 (61 vectors)"
    assert sum(tensor.numbers for tensor in weights.tensors.values()) == 134_515_008


@pytest.mark.slow
def test_smollm2_gives_the_logits_of_transformers_for_twenty_prompts(smollm2):
    """The same file in both, in single precision; the largest difference over the largest logit."""
    ours, other, tokens = load_gguf(smollm2), theirs(smollm2, dtype=torch.float32), our_tokens(smollm2)
    prompts = [*PROMPTS.values(), *TEXTS][:20]
    assert len(prompts) == 20
    for text in prompts:
        ids = torch.tensor([tokens.encode(text).ids])
        with torch.no_grad():
            mine, expected = ours(None, ids), other(ids).logits
        assert float((mine - expected).abs().max() / expected.abs().max()) < 2e-5, text
    start = torch.tensor([tokens.encode(PROMPTS["paris"]).ids])
    written = greedy(ours, None, start, end=-1, longest=64)
    told = other.generate(start, attention_mask=torch.ones_like(start), max_new_tokens=64, do_sample=False,
                          eos_token_id=None, pad_token_id=0)  # fmt: skip
    assert written == told[:, start.shape[1] :].tolist()


def test_a_gguf_in_the_own_folder_is_a_model(tmp_path, monkeypatch):
    monkeypatch.setenv("LECTURE_MODELS", str(tmp_path))
    write(tmp_path / "tiny.gguf", type_="Q4_1", sizes={})
    opened = open_model("tiny")
    assert opened.facts == {"model": "tiny", "card": {}, "quantisation": "Q4_1 (16 matrices), F32 (5 vectors)"}
    assert {parameter.dtype for parameter in opened.model.parameters()} == {torch.float64}
    assert opened.tokenizer.read("the cat").ids


def test_a_gguf_is_found_by_name_and_described_without_the_package_that_reads_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LECTURE_MODELS", str(tmp_path))
    path = write(tmp_path / "tiny.gguf", change=lambda writer: writer.add_license("apache-2.0"))
    assert find_model("tiny") == find_model(str(path)) == path
    row = describe(next(model for model in known_models() if model.name == "tiny"))
    count = sum(value.size for value in tensors("llama").values())
    assert (row["kind"], row["parameters"], row["licence"]) == ("decoder, Llama kind", count, "Apache-2.0")
    monkeypatch.setattr(gguf_file, "find_spec", lambda _: None)
    assert f"the package gguf: {installing('models')}" in refused(path)


def test_linear_scaling_is_stated_and_other_rules_are_refused(tmp_path):
    def scaled(kind):
        def change(writer):
            writer.add_string("llama.rope.scaling.type", kind)
            writer.add_float32("llama.rope.scaling.factor", 4.0)

        return write(tmp_path / f"{kind}.gguf", change=change)

    assert GgufWeights(scaled("linear")).facts["rope_scaling"] == {"rope_type": "linear", "factor": 4.0}
    assert "rope_scaling" not in GgufWeights(scaled("none")).facts
    assert "rope.scaling.type is 'yarn'" in refused(scaled("yarn"))


def test_the_divisors_of_llama_three_are_told_by_their_rule_and_any_others_refused(tmp_path):
    rule = {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    config = transformers.LlamaConfig(head_dim=64, rope_parameters={**rule, "rope_theta": 50_000.0})
    scaled, _ = transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    plain = 50_000.0 ** -(torch.arange(32) / 32)
    values = {"rope_freqs.weight": (plain / scaled).numpy().astype(np.float32)}
    head = {"rope.dimension_count": 64, "attention.key_length": 64, "attention.value_length": 64}
    named = {name: value for name, value in tensors("llama").items() if name == "token_embd.weight"}
    path = write(tmp_path / "a.gguf", values=named | values, sizes=head)
    assert GgufWeights(path).facts["rope_scaling"] == rule
    values["rope_freqs.weight"][3] = 7
    assert "another rule" in refused(write(tmp_path / "b.gguf", values=named | values, sizes=head))


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"expert_count": 8}, "mixture of experts"),
        ({"feed_forward_length": None}, "does not state feed_forward_length"),
        ({"rope.dimension_count": 8}, "rope.dimension_count is 8, and not the 16"),
        ({"attention.value_length": 8}, "attention.value_length is 8"),
    ],
)
def test_what_this_core_does_not_compute_is_refused(sizes, said, tmp_path):
    assert said in refused(write(tmp_path / "a.gguf", sizes=sizes))


def test_other_architectures_are_answered_with_the_known_ones(tmp_path):
    assert "'gemma3'; known are llama (Mistral, too), qwen2 and qwen3" in refused(write(tmp_path / "a.gguf", "gemma3"))


def test_a_part_of_a_model_is_answered_with_how_to_join_them(tmp_path):
    path = write(tmp_path / "a.gguf", change=lambda writer: writer.add_uint16("split.count", 3))
    assert "gguf-split --merge" in refused(path)


def test_a_mistral_is_known_by_its_window(tmp_path):
    facts = GgufWeights(write(tmp_path / "a.gguf", sizes={"attention.sliding_window": 32})).facts
    assert (facts["model_type"], facts["sliding_window"]) == ("mistral", 32)


def test_rules_that_are_not_known_are_refused(tmp_path):
    facts = GgufWeights(write(tmp_path / "a.gguf", pre="chatglm-bpe")).header.facts
    with pytest.raises(ValueError, match=r"the rules 'chatglm-bpe'; known are gpt-2, default, smollm"):
        tokenizer_json(facts)
    with pytest.raises(ValueError, match="has no tokenizer"):
        tokenizer_json({})


def test_the_limits_of_the_process_hold_for_a_hundred_and_fifty_thousand_pieces():
    """Make as many pieces as Qwen has: joined pairs of earlier pieces."""
    start = [chr(ord("a") + at) for at in range(26)]
    pieces, merges = list(start), []
    for left in range(6000):
        for right in range(26):
            if len(pieces) < 151_000:
                merges.append(f"{pieces[left]} {start[right]}")
                pieces.append(pieces[left] + start[right])
    own = {"model": "gpt2", "pre": "qwen2", "tokens": pieces, "merges": merges}
    data = tokenizer_json({f"tokenizer.ggml.{name}": value for name, value in own.items()})
    cut = Subwords("many.gguf", 64, data=data)
    assert len(cut.pieces) == 151_000
    assert cut.read("abcd").ids


@pytest.mark.parametrize(("wanted", "is_"), [(None, torch.float64), ("bfloat16", torch.bfloat16), (torch.float32,) * 2])
def test_the_numbers_of_a_model_are_of_the_type_that_is_asked_for(wanted, is_, folders):
    model = open_model(folders["gpt2"], wanted).model
    assert {parameter.dtype for parameter in model.parameters()} == {is_}


def test_above_fifty_million_numbers_they_are_in_single_precision(folders, monkeypatch):
    monkeypatch.setattr("transformer_core.pretrained.model_registry.MOST_IN_FLOAT64", 1000)
    assert next(open_model(folders["gpt2"]).model.parameters()).dtype == torch.float32
    for wrong in ("int8", "float", torch.int8, 3):
        with pytest.raises(ValueError, match="is none of float32, float64, bfloat16"):
            open_model(folders["gpt2"], wrong)
