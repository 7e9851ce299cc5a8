"""The tokenizer in a GGUF file as a `tokenizer.json`, which `transformer_core.text.tokenizer` reads in its process.

A GGUF file holds pieces, merges or scores, and the name of the rules that cut a text before. The rules are those of the
original tokenizers, and so are the ids: where a reader of GGUF files differs from them, they count.

Source: Sennrich et al. 2016 (byte pairs); Kudo and Richardson 2018 (SentencePiece).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from reprlib import repr as short
from typing import Any, TypeGuard

#: The kinds of pieces that are found in a text as they stand, and whether they stand for no text.
ADDED = {3: True, 4: False}
UNKNOWN = 2
#: No piece of SentencePiece has more characters: each is taken apart at every one of them.
LONGEST_PIECE = 256
SPACE = "▁"
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#: What Llama 3 and Qwen 2 cut a text by; the first has digits by three, the second one by one.
CUTS = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def _bytes(by_gpt2: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": by_gpt2}


def _cut(digits: str) -> list[dict[str, Any]]:
    pattern = {"Regex": CUTS.replace("DIGITS", digits)}
    return [{"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}, _bytes(by_gpt2=False)]


GPT2 = [_bytes(by_gpt2=True)]
#: The rules before byte pairs, by the names that llama.cpp has for them.
RULES = {
    "gpt-2": GPT2,
    "default": GPT2,
    "smollm": [{"type": "Digits", "individual_digits": True}, *GPT2],
    "llama-bpe": _cut("{1,3}"),
    "llama3": _cut("{1,3}"),
    "llama-v3": _cut("{1,3}"),
    "qwen2": _cut(""),
    "deepseek-r1-qwen": _cut(""),
}
#: Those that begin a text with its mark where the file does not say so.
BEGUN = ("llama-bpe", "llama3", "llama-v3")


def tokenizer_json(facts: Mapping[str, Any]) -> bytes:
    """The bytes of the `tokenizer.json` of a file with these facts: byte pairs, or SentencePiece with scores.

    Raises:
        ValueError: the file has no tokenizer, one of another kind, or one that is not whole.
    """
    own = {key.removeprefix("tokenizer.ggml."): value for key, value in facts.items()}
    kind, tokens = own.get("model"), own.get("tokens")
    if not _texts(tokens):
        raise ValueError("it has no tokenizer")
    types = own.get("token_type", [1] * len(tokens))
    if not isinstance(types, list) or len(types) != len(tokens):
        raise ValueError("its tokenizer has other types than tokens")
    if kind not in {"gpt2", "llama"}:
        raise ValueError(f"its tokenizer is of kind {short(kind)}; known are gpt2 (byte pairs), llama (SentencePiece)")
    made = _byte_pairs(own, tokens) if kind == "gpt2" else _sentence_pieces(own, tokens, types)
    added = [
        {"id": at, "content": token, "special": ADDED[type_], "normalized": False}
        | dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
        for at, (token, type_) in enumerate(zip(tokens, types, strict=True))
        if type_ in ADDED
    ]
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None}
    return json.dumps(whole | made | {"post_processor": _marks(own, tokens)}, ensure_ascii=False).encode()


def _byte_pairs(own: Mapping[str, Any], tokens: list[str]) -> dict[str, Any]:
    rules, merges = own.get("pre", "default"), own.get("merges")
    if rules not in RULES:
        raise ValueError(f"its tokenizer cuts by the rules {short(rules)}; known are {', '.join(RULES)}")
    if not _texts(merges):
        raise ValueError("its tokenizer has no merges")
    whole = rules in BEGUN  # a word that is a piece is one, whatever the merges come to
    return {
        "model": _model(tokens, merges, ignore_merges=whole),
        # Of Qwen's tokenizers; llama.cpp leaves it out.
        "normalizer": {"type": "NFC"} if "qwen" in rules else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": RULES[rules]},
        "decoder": _bytes(by_gpt2=True),
    }


def _sentence_pieces(own: Mapping[str, Any], tokens: list[str], types: list[int]) -> dict[str, Any]:
    """Pairs in the order of scores: SentencePiece joins the two neighbours that make the piece of the highest one."""
    scores = own.get("scores")
    if not isinstance(scores, list) or len(scores) != len(tokens) or isinstance(scores[0], str):
        raise ValueError("its tokenizer has other scores than tokens")
    if max(map(len, tokens)) > LONGEST_PIECE:
        raise ValueError(f"its tokenizer has a piece of more than {LONGEST_PIECE} characters")
    known = {*tokens}
    halves = [
        (score, token[:cut], token[cut:])
        for token, score in zip(tokens, scores, strict=True)
        for cut in range(1, len(token))
        if token[:cut] in known and token[cut:] in known
    ]
    halves.sort(key=lambda half: (half[0], len(half[1])), reverse=True)
    unknown = next((token for token, type_ in zip(tokens, types, strict=True) if type_ == UNKNOWN), None)
    begins = "first" if own.get("add_space_prefix", True) else "never"
    joined = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": begins, "split": False}
    return {
        "model": _model(tokens, [half[1:] for half in halves], unk_token=unknown, fuse_unk=True, byte_fallback=True),
        "pre_tokenizer": joined,
        "decoder": joined,
    }


def _model(tokens: list[str], merges: Sequence[Any], **options: Any) -> dict[str, Any]:
    vocabulary = {token: at for at, token in enumerate(tokens)}
    return {"type": "BPE", "dropout": None, "vocab": vocabulary, "merges": merges} | options


def _marks(own: Mapping[str, Any], tokens: list[str]) -> dict[str, Any] | None:
    """The marks that surround a text, if the file says so, or its kind."""
    begun = own["model"] == "llama" or own.get("pre") in BEGUN
    before = _mark(own, tokens, "bos") if own.get("add_bos_token", begun) else {}
    after = _mark(own, tokens, "eos") if own.get("add_eos_token", False) else {}
    if not before and not after:
        return None
    single = [
        *({"SpecialToken": {"id": mark, "type_id": 0}} for mark in before),
        {"Sequence": {"id": "A", "type_id": 0}},
        *({"SpecialToken": {"id": mark, "type_id": 0}} for mark in after),
    ]
    pair = [*single, {"Sequence": {"id": "B", "type_id": 1}}]
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": before | after}


def _mark(own: Mapping[str, Any], tokens: list[str], name: str) -> dict[str, Any]:
    at = own.get(f"{name}_token_id")
    if not isinstance(at, int) or not 0 <= at < len(tokens):
        raise ValueError(f"its tokenizer has no {name}_token_id, which surrounds a text")
    return {tokens[at]: {"id": tokens[at], "ids": [at], "tokens": [tokens[at]]}}


def _texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)
