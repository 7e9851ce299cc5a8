"""Pairs of models of every kind that `lecture compare` may meet, and what a strict viewer finds in their pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import transformers
import walking
from small_models import sentence_pieces, word_pieces
from truth import Written, lies, wrong_in_step

from scenes.chapters.compared.side_by_side import SideBySide
from scenes.language import catalogue
from scenes.layout import faults, texts_on
from scenes.mobjects.marks import misdrawn
from scenes.stage.reading import compare
from transformer_core.pretrained.model_registry import UNTRAINED
from transformer_core.studies.sentence.compare import Side

HEAD = "encoder.1.self_attn.weights[head=2]=0"
LONG = "the animal did not cross the street because it was too tired"
SHIP = "the old ship sails home"
STORM = "the old ship sails home before the storm and the cat sees the other cat and the cat sleeps"
SHIPPED, POST_NORM = "english-spanish", "english-spanish-post-norm"
EDITS = (HEAD, "encoder.0.ffn.out=0", "decoder.1.cross_attn.z*=0.5")
MORE = ("decoder.1.cross_attn.weights[head=0, query=<start>, key=car]*=0.000001",)

#: By name: the sentence, A and B (a name in capitals is one of the small folders), and a given translation.
PAIRS = {
    "trained and untrained": ("The car is red", Side(None), Side(UNTRAINED), ""),
    "untrained and trained, a given translation": ("car", Side(UNTRAINED), Side(None), "coche"),
    "before and after an ablation": ("The car is red", Side(None), Side(None, (HEAD,)), ""),
    "one change and several": (LONG, Side(None, (HEAD,)), Side(None, EDITS), ""),
    "a change in both, one of them untrained": ("car", Side(None, (HEAD,)), Side(UNTRAINED, (*EDITS, *MORE)), ""),
    "two checkpoints, pre-norm and post-norm": (LONG, Side(None), Side(POST_NORM), ""),
    "two checkpoints, one and four heads that read the source": (
        "the red car", Side(SHIPPED), Side("english-spanish-four-cross-heads"), ""),
    "the same": ("car", Side(None), Side(None), ""),
    "the same, in a sentence": ("The car is red", Side(None), Side(SHIPPED), ""),
    "two encoders of other widths and depths": (SHIP, Side("BERT"), Side("SMALLER"), ""),
    "an encoder, trained and not, a long sentence": (STORM, Side("BERT"), Side(UNTRAINED), ""),
    "an encoder and itself": (SHIP, Side("BERT"), Side("BERT"), ""),
    "two that cut words differently": (SHIP, Side("BERT"), Side("MARIAN"), ""),
    "two encoders that cut words differently": (SHIP, Side("BERT"), Side("PIECES"), ""),
    "two decoders": ("the cat sees the other cat", Side("GPT2"), Side(UNTRAINED), ""),
    "a decoder and an encoder": (SHIP, Side("GPT2"), Side("BERT"), ""),
    "two translators of pieces": (SHIP, Side("MARIAN"), Side("TORCH"), ""),
}  # fmt: skip


def smaller_bert(folder, tokenizer):
    """An encoder of other sizes than the small BERT."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        config = transformers.BertConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=3, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=64)  # fmt: skip
        transformers.BertModel(config).eval().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@dataclass
class Found:
    """Faults that a walk found, and what was said and shown."""

    wrong: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    untold: set[str] = field(default_factory=set)
    words: list[int] = field(default_factory=list)


_pairs, _walked = {}, {}


def pair_of(name, folders, home):
    """The joined trace of a pair; read once."""
    if name not in _pairs:
        text, *sides, target = PAIRS[name]
        places = {kind.upper(): str(path) for kind, path in folders.items()}
        for called, tokens in {"SMALLER": word_pieces, "PIECES": sentence_pieces}.items():
            if any(side.model == called for side in sides):
                places[called] = str(smaller_bert(home / called.lower(), tokens()))
        first, second = (Side(places.get(side.model, side.model), side.edits) for side in sides)
        _pairs[name] = compare(text, first, second, target=target)
    return _pairs[name]


def found_in(trace, theme, language):
    """Walk the chapter on a pair; once, for several tests."""
    key = id(trace), theme, language
    if key not in _walked:
        _walked[key] = _walk(trace, theme, language)
    return _walked[key]


def _walk(trace, theme, language):
    found = Found()
    written = Written.by(catalogue(language))

    def look(picture):
        here = f"step {picture.record.number}: "
        wrong = [*lies(picture.stage, picture.trace, written), *faults(picture.stage)]
        wrong += misdrawn(picture.stage, picture.trace)
        wrong += wrong_in_step(picture.step.heading, picture.step.beats, picture.trace, written)
        found.wrong += [here + one for one in wrong]
        found.texts += [text.text for text in texts_on(picture.stage)]
        found.said.append(picture.record.narration)
        found.titles.append(picture.record.title)
        found.words.append(len(picture.record.narration.split(" ")))

    before, walking.trace_of = walking.trace_of, lambda *_: trace
    try:
        scene = walking.walk(SideBySide, "", theme, look, language)
    finally:
        walking.trace_of = before
    heard = {one for record in scene.records for one in record.heard}
    found.untold = {one.template for one in heard if catalogue("es").find(one.template) is None}
    return found
