"""The translator that the lecture is about: train it, measure it, save it with its card, and load it again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from transformer_core import pretrained as checkpoint
from transformer_core.files.atomic import ending, write
from transformer_core.files.tensors import unbroken
from transformer_core.model import Transformer
from transformer_core.pretrained.model_registry import DEFAULT_MODEL
from transformer_core.studies.translator import roles
from transformer_core.studies.translator.evaluate import alignment, by_length, exact, translate
from transformer_core.studies.translator.grammar import held_out_pairs, held_out_sentences, training_sentences
from transformer_core.studies.translator.grammar.lexicon import adjectives, english_words, nouns, spanish_words
from transformer_core.text.vocabulary import Vocabulary, sentence
from transformer_core.tracing.trace import NamedTensor, Trace
from transformer_core.training.batches import Corpus
from transformer_core.training.train import ANEW, Progress, Recipe, Run, Watch, one_thread
from transformer_core.versions import versions

#: The same training with as many cross-attention heads as the paper has: what its encoder leaves to the decoder.
FOUR_CROSS_HEADS = DEFAULT_MODEL.with_name("english-spanish-four-cross-heads.safetensors")
#: A shorter training with the norm where the paper has it, on the stream: what chapters make of the other order.
POST_NORM = DEFAULT_MODEL.with_name("english-spanish-post-norm.safetensors")

#: The sentences of the lecture, and what they have to become.
LECTURE = {
    "The car is red": "el coche es rojo",
    "The car is green": "el coche es verde",
    "The house is red": "la casa es roja",
    "the red car": "el coche rojo",
    "The bank is closed": "el banco está cerrado",
    "The bank is wide": "la orilla es ancha",
    "The animal did not cross the street because it was too tired": (
        "el animal no cruzó la calle porque estaba demasiado cansado"
    ),
    "The animal did not cross the street because it was too wide": (
        "el animal no cruzó la calle porque era demasiado ancha"
    ),
    "The girl buys the apple and eats it": "la niña compra la manzana y la come",
}

HELD_OUT_SEED = 40_000
#: So many steps are lost at most when a training is interrupted; to save takes as long as one or two of them.
SAVED_EVERY = 100
#: What the name of an interrupted training ends with.
STATE = ".state.safetensors"
#: The card as a page to read: what the translator is, how it was made, and how far it can be trusted.
_PAGE = Path(__file__).with_name("model_card.md").read_text(encoding="utf-8")


def vocabulary_of_grammar() -> Vocabulary:
    return Vocabulary.of(english_words(), spanish_words())


def training_corpus(sentences: int, seed: int, vocabulary: Vocabulary) -> Corpus:
    """`sentences` random training sentences as ids; none joins a held-out pair."""
    return Corpus.of(islice(training_sentences(seed), sentences), vocabulary)


def train(
    output: str | Path,
    steps: int = Recipe.steps,
    seed: int = Recipe.seed,
    *,
    progress: Progress | None = None,
    watch: Watch | None = None,
    measured_on: int = 10_000,
    **changes: Any,
) -> dict[str, Any]:
    """Train the translator, measure it and save it as the checkpoint `output`; returns its card.

    An interrupted training of `output` goes on, to the very weights it would have had.

    Beside the checkpoint come what was measured (.npz, .json) and the card (.card.json, .md).

    Args:
        progress: called with step, steps and the losses, every 50 steps.
        watch: called with step and model, before the first step and after every one.
        changes: other fields of the `Recipe`.

    Raises:
        ValueError: another process trains `output`, or an interrupted training of it went by another recipe or was
            damaged.
    """
    output, recipe = ending(output, ".safetensors"), Recipe(steps=steps, seed=seed, **changes)
    with _alone(output):
        card = _trained(output, recipe, progress, watch, measured_on)
        output.with_suffix(STATE).unlink(missing_ok=True)
    return card


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Have the files of `output` for one training: of two, the later would go on with the steps of the other."""
    output.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output.with_suffix(".lock"), timeout=0)
    try:
        with lock:
            try:
                yield
            finally:  # while it is held: who has opened it meanwhile sees that it is gone, and opens another one
                Path(lock.lock_file).unlink(missing_ok=True)
    except Timeout:
        raise ValueError(
            f"another training writes {output}: wait until it has ended, or choose another output"
        ) from None


def _trained(
    output: Path, recipe: Recipe, progress: Progress | None, watch: Watch | None, measured_on: int
) -> dict[str, Any]:
    state, vocabulary = output.with_suffix(STATE), vocabulary_of_grammar()
    if state.exists():
        unbroken(state, ANEW)  # damage is told before half a minute goes into the sentences
    with one_thread():
        run = Run(recipe, vocabulary, training_corpus(recipe.sentences, recipe.seed, vocabulary))
        if state.exists():
            run.load(state)
        while run.step < recipe.steps:
            run.go_on(run.step + SAVED_EVERY, progress, watch)
            run.save(state)
        return finish(output, run, vocabulary, measured_on)


def finish(output: Path, run: Run, vocabulary: Vocabulary, measured_on: int) -> dict[str, Any]:
    """Round the weights to half precision, measure the rounded model and save it: the figures are those of the file.

    Nothing that is saved tells how long it took, or when: the same recipe gives the same bytes, interrupted or not.
    """
    model = run.model.half().float().eval()
    table, query_tokens, card = measure(model, vocabulary, measured_on)
    card = {
        "name": output.stem,
        "task": "English to Spanish, sentences of a grammar that this project wrote",
        "command": command(run.recipe),
        "recipe": asdict(run.recipe),
        "config": model.config.as_dict(),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "words": {"english": len(english_words()), "spanish": len(spanish_words())},
        "training": training_facts(run),
        **card,
        "versions": versions("torch", "safetensors", "numpy"),
    }
    checkpoint.save(model, output, card | {"vocabulary": vocabulary.to_json()}, torch.float16)
    tensors = (table, query_tokens, *recorded(run), training_counts(run))
    about = {"command": card["command"], "seed": run.recipe.seed, "versions": card["versions"]}
    Trace({tensor.name: tensor for tensor in tensors}, about=about).save(output.with_suffix(".npz"))
    write(output.with_suffix(".card.json"), json.dumps(card, ensure_ascii=False, indent=1).encode())
    write(output.with_suffix(".md"), markdown(card, LECTURE).encode())
    return card


def markdown(card: Mapping[str, Any], expected: Mapping[str, str]) -> str:
    """The card as Markdown; `expected` holds what the lecture's sentences should become."""
    shares, said = card["training"]["share_by_length"], card["lecture"]
    lengths = [
        f"| {n} | {found['sentences']} | {found['exact']:.1%} | {shares.get(n, 0):.2%} |"
        for n, found in card["accuracy"]["by_length"].items()
    ]
    found_roles = [
        f"| {role} | {at['layer']} | {at['head']} | {at['score']:.3f} | {at['queries']} |"
        for role, at in card["roles"].items()
    ]
    lecture = [
        f"| {text} | {said[text]} | {'right' if said[text] == right else f'not {right}'} |"
        for text, right in expected.items()
    ]
    return _PAGE.format(
        card=card,
        versions=", ".join(f"{name} {number}" for name, number in card["versions"].items()),
        by_length="\n".join(lengths),
        roles="\n".join(found_roles),
        lecture="\n".join(lecture),
    )


def command(recipe: Recipe) -> str:
    """The command line that runs this training again."""
    plain = Recipe(steps=recipe.steps, seed=recipe.seed)
    changes = {
        f.name: getattr(recipe, f.name) for f in fields(recipe) if getattr(recipe, f.name) != getattr(plain, f.name)
    }
    if not changes:
        return f"lecture train --steps {recipe.steps} --seed {recipe.seed}"
    given = ", ".join(f"{name}={value!r}" for name, value in changes.items())
    code = f"train('model', steps={recipe.steps}, seed={recipe.seed}, {given})"
    return f'python -c "from transformer_core.studies.translator.train import train; {code}"'


def measure(
    model: Transformer, vocabulary: Vocabulary, sentences: int
) -> tuple[NamedTensor, NamedTensor, dict[str, Any]]:
    """Role scores, the number of cases behind each, and what the card says of the model on held-out sentences."""
    held_out = list(islice(held_out_sentences(HELD_OUT_SEED), sentences))
    table, query_tokens = roles.score(model, vocabulary, held_out)
    return (
        table,
        query_tokens,
        {
            "held_out_pairs": len(held_out_pairs()),
            "accuracy": by_length(held_out, exact(model, vocabulary, held_out)),
            "alignment": alignment(model, vocabulary, held_out),
            "roles": roles_of_card(table, query_tokens),
            "lecture": {text: say(model, vocabulary, text) for text in LECTURE},
        },
    )


def roles_of_card(table: NamedTensor, query_tokens: NamedTensor) -> dict[str, dict[str, float | int]]:
    """The best head of each role; for invariant adjectives, the head that serves the inflected ones."""
    best = roles.best_heads(table)
    for at, role in enumerate(roles.ROLES):
        best[role]["queries"] = int(query_tokens.values[at])
    head = best["adjective(inflected)->noun"]
    there = table.pick(role="adjective(invariant)->noun", layer=int(head["layer"]), head=int(head["head"]))
    best["adjective(invariant)->noun"]["score_of_inflected_head"] = float(there)
    return best


def training_facts(run: Run) -> dict[str, Any]:
    lengths = Counter(run.corpus.lengths.tolist())
    return {
        "sentences": len(run.corpus),
        "distinct": len({row.tobytes() for row in run.corpus.source}),
        "share_by_length": {n: round(lengths[n] / len(run.corpus), 5) for n in sorted(lengths)},
        "final_loss": run.history[-1]["loss"],
    }


def recorded(run: Run) -> Iterator[NamedTensor]:
    """The history of the training as tensors along "step"."""
    for key in ("step", "loss", "entropy", "gradient", "rate"):
        yield NamedTensor(f"training.{key}", np.array([facts[key] for facts in run.history]), ("step",))


def training_counts(run: Run) -> NamedTensor:
    """The number of training sentences that join each noun with each adjective."""
    counts = run.corpus.pairs
    names = tuple(dict.fromkeys(noun.singular for noun in nouns()))
    words = tuple(adjective.english for adjective in adjectives())
    table = np.array([[counts[noun, word] for word in words] for noun in names])
    return NamedTensor("training.pairs", table, ("noun", "adjective"), {"noun": names, "adjective": words})


def say(model: Transformer, vocabulary: Vocabulary, text: str) -> str:
    """The greedy translation of an English sentence."""
    return sentence(translate(model, vocabulary, [vocabulary.read(text).ids])[0])


def load_model(path: str | Path) -> tuple[Transformer, Vocabulary, dict[str, Any]]:
    """A trained translator in evaluation mode, its vocabulary and its card.

    Raises:
        ValueError: a checkpoint that was not written by `train`.
    """
    model, card = checkpoint.load(path)
    if "vocabulary" not in card:
        raise ValueError(f"{path} holds no vocabulary: it is no translator of this project")
    return model, Vocabulary.from_json(card.pop("vocabulary")), card


def load_default() -> tuple[Transformer, Vocabulary, dict[str, Any]]:
    """The translator that comes with the lecture."""
    return load_model(DEFAULT_MODEL)
