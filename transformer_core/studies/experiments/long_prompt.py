"""From a prompt to an answer: what a real language model does with a text of its own length, and with a chat.

A word is put together from letters, merge by merge, in the order of the tokenizer's table. One text of plain prose,
whose last word can be known only from its first sentence, is read twice: as it is, and with another name there.
Measured: the probabilities of the next token, where the last token looks (the mean over all heads, and the head that
looks most at the name), how likely the name stays without the heads that look most at it, how far the vectors of both
readings are apart in every layer, and how surprising each token was, -log2 of the probability that it had. Then chats:
an answer with the markers of the model's template and without, a name that was said in this chat or in none, and the
capitals of five countries and of five that were made up here.
Greedy decoding throughout.

Source: Sennrich et al. 2016 (byte pairs); Shannon 1951 (surprise of a text); Ouyang et al. 2022 (instruction tuning).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import LoadedModel
from transformer_core.studies.experiments.laboratory import Bench, Found, Piece, experiment, tensor, tensors
from transformer_core.studies.experiments.language_model import (
    TABLE,
    WEIGHTS,
    facts,
    ids_of,
    losses,
    next_probs,
    pieces_of,
    recorded,
    stacked,
    without,
)  # fmt: skip
from transformer_core.text.subwords import BYTE_SPACE, Subwords, spelled
from transformer_core.tracing.named_tensor import NamedTensor

#: A word that the tokenizer has whole, and one that it has not.
MERGED = (" lighthouse", " Popocatepetl")
#: The name in the first sentence, and the other one; both are a single token.
NAMES = ("Max", "Charlie")
#: Written for this project.
TEXT: str = TABLE["long"]["text"]
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
QUESTION = "What is the capital of {}?"
#: Countries with their capitals, and countries that do not exist.
CAPITALS = {"France": "Paris", "Italy": "Rome", "Japan": "Tokyo", "Norway": "Oslo", "Kenya": "Nairobi"}
INVENTED = ("Belmaria", "Tovania", "Narvonia", "Zeldoria", "Oskania")
#: A user who says a name and asks for it, and one who asks in a new chat; the answer begins alike.
TOLD = ("My name is Mary.", "Nice to meet you!", "What is my name?")
BEGUN, TOLD_NAME = "Your name is", " Mary"
END = "<|im_end|>"
#: What is written after a name, right or wrong, before it is asked for again.
ASKED_AGAIN = ". The dog was called"
#: How many of the heads that look most at the name are ablated.
OFF = (1, 8)
#: Tokens that are listed after the text and at one place of an answer, and those of an answer at most.
SHOWN, FEW, WRITTEN = 12, 5, 12


def chat(*turns: str) -> str:
    """A chat as the template of the model writes it, up to where the assistant answers."""
    roles = ("user", "assistant")
    said = [("system", SYSTEM), *((roles[at % 2], turn) for at, turn in enumerate(turns))]
    return "".join(f"<|im_start|>{role}\n{turn}{END}\n" for role, turn in said) + "<|im_start|>assistant\n"


def merges_of(tokenizer: Subwords) -> dict[tuple[str, str], int]:
    """The pairs that the tokenizer merges, each with its place in the table, from 1."""
    found = json.loads(tokenizer.process.data)["model"]["merges"]
    pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in found]
    return {(left, right): at for at, (left, right) in enumerate(pairs, 1)}


def merged(word: str, places: dict[tuple[str, str], int]) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The pieces of a word as nodes of a tree: first its letters, then every merge as (place, left, right)."""
    names = [*word.replace(" ", BYTE_SPACE)]
    made = [(0, -1, -1)] * len(names)
    row = list(range(len(names)))
    while True:
        found = [(places.get((names[a], names[b]), 0), at) for at, (a, b) in enumerate(pairwise(row))]
        best = min(((place, at) for place, at in found if place), default=None)
        if best is None:
            return names, made
        place, at = best
        made.append((place, row[at], row[at + 1]))
        names.append(names[row[at]] + names[row[at + 1]])
        row[at : at + 2] = [len(names) - 1]


def written(piece: str, marks: frozenset[str]) -> tuple[str, bool]:
    """A piece of the vocabulary as it stands in a text, and whether a space stands before it."""
    if piece in marks:
        return piece, False
    bare = piece.removeprefix(BYTE_SPACE)
    return spelled(bare).replace("[newline]", "↵") or "␣", bare != piece


def in_text(loaded: LoadedModel, ids: Sequence[int]) -> tuple[tuple[str, ...], np.ndarray]:
    """The pieces of a text without what marks a space, and which of them have one before."""
    tokenizer = loaded.tokenizer
    assert isinstance(tokenizer, Subwords)
    names, spaces = zip(*(written(tokenizer.pieces[i], tokenizer.marks) for i in ids), strict=True)
    return names, np.array(spaces, float)


def read(model: Transformer, ids: Tensor) -> Piece:
    """Weights of the last token of a reading, "layer head key", all vectors, probabilities, and surprise."""
    tape = recorded(model, ids, WEIGHTS, "decoder.*.resid_p*")
    return {
        "weights": stacked(tape, WEIGHTS)[:, :, -1],
        "stream": np.stack([tape["decoder.0.resid_pre"][0].numpy(), *stacked(tape, "decoder.*.resid_post")]),
        "probs": tape["logits"][0, -1].double().softmax(-1).numpy(),
        "surprise": losses(model, ids)[0].double().numpy() / np.log(2),
    }


def listed(loaded: LoadedModel, probs: Tensor, which: Sequence[int]) -> NamedTensor:
    """Some tokens with their probabilities."""
    return tensor(probs[[*which]].numpy(), "rank", rank=pieces_of(loaded, [*which]))


def taken_back(loaded: LoadedModel, ids: Tensor, names: Sequence[int]) -> Found:
    """The text with each of two tokens written, and the probabilities of both when the name is asked for again."""
    more = ids_of(loaded, ASKED_AGAIN)
    texts = [torch.cat([ids.new_tensor([[one]]), more], 1) for one in names]
    probs = [next_probs(loaded.model, torch.cat([ids, text], 1)) for text in texts]
    labels, spaces = in_text(loaded, texts[1][0].tolist())
    pieces = pieces_of(loaded, [*names])
    again = [[float(one[i]) for i in names] for one in probs]
    words = {"step": labels, "choice": pieces, "rank": pieces}
    return tensors("step", words, wrong=spaces) | tensors("choice rank", words, named_again=again)


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The distance of the vectors of two readings as a share of their length, "layer position"."""
    return np.linalg.norm(one - other, axis=-1) / np.linalg.norm(one, axis=-1)


def answered(loaded: LoadedModel, text: str, end: int, most: int = WRITTEN) -> Piece:
    """The likeliest token, and again, until the end mark or `most` tokens: ids, and the probability of each."""
    found: list[int] = []
    ids, shares = ids_of(loaded, text), []
    while len(found) < most and end not in found:
        probs = next_probs(loaded.model, ids)
        found.append(int(probs.argmax()))
        shares.append(float(probs.max()))
        ids = torch.cat([ids, ids.new_tensor([[found[-1]]])], 1)
    return {"ids": np.array(found), "probs": np.array(shares)}


@experiment("What does a real language model do with a prompt, from its letters to the answer of a chat?")
def long_prompt(bench: Bench) -> Found:
    loaded = facts(bench)
    model, config, tokenizer = loaded.model, loaded.model.config, loaded.tokenizer
    assert isinstance(tokenizer, Subwords)
    countries = (*CAPITALS, *INVENTED)
    bench.expect(1 + len(NAMES) + len(OFF) + len(countries))
    end = tokenizer.pieces.index(END)
    places = merges_of(tokenizer)
    ids = [ids_of(loaded, TEXT.format(name)) for name in NAMES]
    texts = [in_text(loaded, row[0].tolist()) for row in ids]
    seen = [bench.once(name, partial(read, model, row)) for name, row in zip(NAMES, ids, strict=True)]
    name = texts[0][0].index(NAMES[0])
    on_name = seen[0]["weights"][:, :, name]
    (layer, head), *_ = ranked = [(int(at) // config.heads, int(at) % config.heads) for at in (-on_name).argsort(None)]
    layers, first = ("input", *range(1, config.decoder_layers + 1)), seen[0]
    best = int(first["probs"].argmax())

    def ablated(count: int) -> Piece:
        return {"probs": without(ranked[:count], lambda: next_probs(model, ids[0])).numpy()[[best]]}

    shares = [first["probs"][best], *(bench.once(f"{count} off", partial(ablated, count))["probs"][0] for count in OFF)]
    words = {"layer": layers, "key": texts[0][0], "position": texts[0][0], "part": ("layer", "head")}
    words |= {"choice": ("all heads", *(f"best {count} off" for count in OFF))}
    likely = torch.from_numpy(first["probs"]).topk(SHOWN)
    found = (
        tensors(vocabulary=config.target_vocab, places=config.max_positions, layers=config.decoder_layers)
        | tensors(heads=on_name.size, name=name, tokens=len(texts[0][0]), others_count=config.target_vocab - SHOWN)
        | tensors("layer", words, depths=range(len(layers)))
        | tensors("layer d_model", words, last=first["stream"][:, -1])
        | tensors("key", words, attention=first["weights"].mean((0, 1)), best_attention=first["weights"][layer, head])
        | tensors("part", words, best_head=[layer + 1, head + 1])
        | tensors("choice", words, looking_off=shares, heads_off=(0, *OFF))
        | tensors("position", {"position": texts[0][0][1:]}, surprise=first["surprise"])
        | tensors(loss=first["surprise"].mean(), perplexity=2 ** first["surprise"].mean())
        | tensors("layer position", words, apart=apart(first["stream"], seen[1]["stream"]).astype(np.float32))
        | {"likely": listed(loaded, torch.from_numpy(first["probs"]), likely.indices.tolist())}
        | tensors(likely_others=1 - likely.values.sum().item())
        | taken_back(loaded, ids[0], likely.indices[:2].tolist())
    )
    for which, (names, spaces) in enumerate(texts):
        probs = seen[which]["probs"]
        best = int(probs.argmax())
        found |= tensors("position", {"position": names}, **{f"text_{which}": spaces})
        found |= tensors("step", {"step": in_text(loaded, [best])[0]}, **{f"next_{which}": probs[[best]]})
    for which, word in enumerate(MERGED):
        nodes, made = merged(word, places)
        labels = {"node": [one.replace(BYTE_SPACE, "␣") for one in nodes]}
        parts = zip(("place", "left", "right"), zip(*made, strict=True), strict=True)
        found |= tensors("node", labels, **{f"merge_{which}.{part}": numbers for part, numbers in parts})
    return found | chats(bench, loaded, end, countries)


def chats(bench: Bench, loaded: LoadedModel, end: int, countries: Sequence[str]) -> Found:
    """Answers in the template of the model: with its markers and without, a name said before, and ten capitals."""
    country = countries[0]
    tokenizer = loaded.tokenizer
    assert isinstance(tokenizer, Subwords)
    prompt = ids_of(loaded, chat(QUESTION.format(country)))[0].tolist()
    names, spaces = in_text(loaded, prompt)
    first = answered(loaded, chat(QUESTION.format(country)), end)
    bare = bench.once("bare", partial(answered, loaded, QUESTION.format(country), end))
    mary = int(ids_of(loaded, BEGUN + TOLD_NAME)[0, -1])
    asked = [ids_of(loaded, chat(*turns) + BEGUN) for turns in (TOLD, TOLD[-1:])]
    names_next = [next_probs(loaded.model, one) for one in asked]
    known = np.array([float(one[mary]) for one in names_next])
    told, told_spaces = in_text(loaded, asked[0][0].tolist())
    weights = read(loaded.model, asked[0])["weights"]
    on_mary = weights[:, :, told.index(TOLD_NAME.strip())]
    layer, head = np.unravel_index(int(on_mary.argmax()), on_mary.shape)
    words = {"key": told, "part": ("layer", "head"), "step": in_text(loaded, bare["ids"].tolist())[0]}
    words |= {"sentence": (f"{TOLD[0]} … {TOLD[-1]}", TOLD[-1]), "rank": (BEGUN + TOLD_NAME,)}
    found = (
        tensors("position", {"position": told}, told=told_spaces)
        | tensors("position", {"position": names}, chat=spaces)
        | tensors("part", words, told_head=[layer + 1, head + 1])
        | tensors("key", words, told_attention=weights[layer, head])
        | tensors("step", words, bare=bare["probs"])
        | tensors("sentence rank", words, recalled=known[:, None])
        | tensors(chat_tokens=len(names) + len(first["ids"]))
        | {"recalled_first": listed(loaded, names_next[0], names_next[0].topk(1).indices.tolist())}
    )
    right, sure, named = [], [], []
    for at, one in enumerate(countries):
        piece = bench.once(one, partial(answered, loaded, chat(QUESTION.format(one)), end))
        labels, spaces = in_text(loaded, piece["ids"].tolist())
        right.append(CAPITALS.get(one, END) in labels[:-1])
        sure.append(by_part(labels, piece["probs"]))
        named.append(is_name(labels))
        if one in (countries[0], INVENTED[0]):
            said = piece["ids"][: labels.index("is") + 1].tolist()
            start = ids_of(loaded, chat(QUESTION.format(one)))
            probs = next_probs(loaded.model, torch.cat([start, start.new_tensor([said])], 1))
            found[f"after_is_{at}"] = listed(loaded, probs, probs.topk(FEW).indices.tolist())
        found |= tensors("step", {"step": labels}, **{f"answer_{at}": piece["probs"], f"answer_{at}_spaces": spaces})
    words = {"sentence": tuple(countries), "kind": ("real", "invented"), "choice": ("up to is", "the next token")}
    of_names = np.split(np.where(named, np.array(sure)[:, 1], np.nan), 2)
    return (
        found
        | tensors("sentence", words, right=np.array(right, float), named=np.array(named, float))
        | tensors("kind choice", words, sure=[np.nanmean(half, 0) for half in np.split(np.array(sure), 2)])
        | tensors("kind", words, sure_of_names=[np.nanmean(half) for half in of_names])
        | tensors(right_count=sum(right), real_count=len(CAPITALS))
    )


def by_part(labels: Sequence[str], probs: np.ndarray) -> tuple[float, float]:
    """The mean probability of the tokens up to "is", and that of the token after it; neither where nothing "is"."""
    if "is" not in labels:
        return np.nan, np.nan
    said = labels.index("is") + 1
    return float(probs[:said].mean()), float(probs[said])


def is_name(labels: Sequence[str]) -> bool:
    """True if what follows "is" begins like a name."""
    return "is" in labels and labels[labels.index("is") + 1][0].isupper()
