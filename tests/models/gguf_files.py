"""GGUF files for tests: small ones with random numbers and tokenizers, and sentences that tokenizers stumble over."""

import json

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, quantize
from small_models import CORPUS, byte_pairs
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

WIDTH, HEAD, HEADS, LAYERS = 64, 16, 4, 2
#: A width of 64 has rows of two blocks of 32.
QUANTISED = ("F32", "Q8_0", "Q4_1")
TEXTS = [
    "It's 12345.67 tokens, isn't it? I'd say they've 3/4 of 1,000,000!",
    "naïve café Ørsted Straße Привет 日本語 😀👍🏽 e\u00e9",
    "two  spaces   three    four \t tab\n\nnew\r\nlines \n ",
    "def f(x):\n    return x[0] ** 2  # 0x1F != 31\n",
    "  leading and trailing  ",
    "WE'LL SEE: DON'T-STOP... (yes) [no] {maybe} <tag> & 50% @home #1 $9.99 x² ½",
    "don’t “quote” — dash… 1st 2nd 3rd 2026-11-27T01:13:03Z user@example.org https://a.b/c?d=e&f=1",
]


def sentences(count=200):
    """Texts of such pieces in every order, the same each time."""
    random = np.random.default_rng(5)
    parts = [part for text in [*TEXTS, *CORPUS] for part in text.replace(" ", " |").split("|")]
    return [*TEXTS, *CORPUS, *("".join(random.choice(parts, random.integers(2, 30))) for _ in range(count))][:count]


def tensors(kind, seed=3):
    """Random numbers by the names of llama.cpp."""
    random = np.random.default_rng(seed)
    kv = HEADS // 2 * HEAD
    shapes = {"token_embd.weight": (330, WIDTH), "output_norm.weight": (WIDTH,), "output.weight": (330, WIDTH)}
    for layer in range(LAYERS):
        rows = {"attn_q": HEADS * HEAD, "attn_k": kv, "attn_v": kv}
        own = {f"{name}.weight": (count, WIDTH) for name, count in rows.items()}
        own |= {f"{name}.bias": (count,) for name, count in rows.items() if kind == "qwen2"}
        own |= {f"attn_{name}_norm.weight": (HEAD,) for name in "qk" if kind == "qwen3"}
        own |= {"attn_output.weight": (WIDTH, HEADS * HEAD), "ffn_gate.weight": (96, WIDTH)}
        own |= {"ffn_up.weight": (96, WIDTH), "ffn_down.weight": (WIDTH, 96)}
        own |= {"attn_norm.weight": (WIDTH,), "ffn_norm.weight": (WIDTH,)}
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in own.items()}
    return {name: random.standard_normal(shape, np.float32) for name, shape in shapes.items()}


def write(path, kind="llama", type_="F32", pre="gpt-2", values=None, change=None, sizes=None):
    """Write a file of a kind; `change` may state more, `sizes` states other ones. Bytes are blocks of `type_`."""
    writer = GGUFWriter(path, kind)
    own = {"block_count": LAYERS, "context_length": 64, "embedding_length": WIDTH, "feed_forward_length": 96}
    own |= {"attention.head_count": HEADS, "attention.head_count_kv": HEADS // 2, "rope.dimension_count": HEAD}
    own |= {"attention.key_length": HEAD, "attention.value_length": HEAD} | (sizes or {})
    for name, value in own.items():
        if value is not None:
            writer.add_uint32(f"{kind}.{name}", value)
    writer.add_float32(f"{kind}.rope.freq_base", 50_000.0)
    writer.add_float32(f"{kind}.attention.layer_norm_rms_epsilon", 1e-5)
    add_tokens(writer, pre)
    if change:
        change(writer)
    for name, value in (tensors(kind) if values is None else values).items():
        as_ = GGMLQuantizationType[type_ if value.ndim > 1 else "F32"]
        writer.add_tensor(name, value if value.dtype == np.uint8 else quantize(value, as_), raw_dtype=as_)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def add_tokens(writer, pre):
    """State the tokenizer of the small GPT-2, with other rules before it; or, for None, one of SentencePiece."""
    if pre is None:
        add_sentence_pieces(writer)
        return
    model = json.loads(byte_pairs().to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3] + [1] * (len(tokens) - 1))
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)


def add_sentence_pieces(writer):
    """State a tokenizer of SentencePiece: marks, bytes, and pieces with scores."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=71))
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * len(pieces))
    # Characters come before what is joined of them, and are joined last.
    writer.add_token_scores([0.0] * 259 + [-float(at) for at in range(len(pieces))])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
