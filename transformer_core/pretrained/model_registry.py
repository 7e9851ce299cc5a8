"""The models that can be shown, by name or by path. They are opened offline, and nothing in them is executed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import prod
from pathlib import Path
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from transformer_core.files import ASSETS
from transformer_core.files.atomic import ending
from transformer_core.files.foreign import is_pickle, read_object, refusal
from transformer_core.files.gguf_header import read_gguf_header
from transformer_core.files.tensors import check_header
from transformer_core.pretrained.model_packages import PACKAGES
from transformer_core.text.gguf_tokenizer import tokenizer_json
from transformer_core.text.subwords import Subwords
from transformer_core.text.vocabulary import Vocabulary
from transformer_core.tracing.trace import NamedTensor, Trace

if TYPE_CHECKING:  # torch takes a second to import, and a list of models needs none of it
    import torch

    from transformer_core.model import Transformer
    from transformer_core.pretrained.gguf_file import GgufWeights

SHIPPED = ASSETS / "models"
#: The translator that the lecture shows.
DEFAULT_MODEL = SHIPPED / "english-spanish.safetensors"
#: In a comparison: the architecture of the other model, as its training would begin.
UNTRAINED = "untrained"
#: Files that hold a model: a checkpoint of this project, or a model of llama.cpp.
SUFFIXES = (".safetensors", ".gguf")
#: Models up to so many numbers are computed with in float64, larger ones in float32.
MOST_IN_FLOAT64 = 50_000_000
DTYPES = ("float32", "float64", "bfloat16")
#: Where folders of models are looked for, unless the variable LECTURE_MODELS names another place.
HOME = Path("~/.lecture/models")


#: Turns a text into ids: by the words of this project, or by pieces of words.
Tokenizer = Vocabulary | Subwords


@dataclass(frozen=True)
class KnownModel:
    """A model that can be opened: its name, where it lies, and how it came there."""

    name: str
    path: Path
    origin: str


@dataclass(frozen=True)
class LoadedModel:
    """A model and what reads for it; facts for a trace, and tensors that were measured of it before."""

    model: Transformer
    tokenizer: Tokenizer | None
    facts: dict[str, Any] = field(default_factory=dict)
    measured: Mapping[str, NamedTensor] = field(default_factory=dict)


def known_models() -> list[KnownModel]:
    """The models of the project, those of installed packages, and the folders and checkpoints in `models_home()`."""
    return [*_shipped(), *_packaged(), *_own()]


def models_home() -> Path:
    """The folder that is looked through for models."""
    return Path(os.environ.get("LECTURE_MODELS") or HOME).expanduser()


def _shipped() -> Iterator[KnownModel]:
    for path in sorted(SHIPPED.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            if "config" in (file.metadata() or {}):  # an LSTM has none: no chapter can be told by it alone
                yield KnownModel(path.stem, path, "comes with the lecture")


def _packaged() -> Iterator[KnownModel]:
    for name, package in PACKAGES.items():
        if package.path is not None:
            yield KnownModel(name, package.path, f"package {package.distribution}")


def _own() -> Iterator[KnownModel]:
    home = models_home()
    for path in sorted(home.glob("*")) if home.is_dir() else ():
        if (path / "config.json").exists() or path.suffix in SUFFIXES:
            yield KnownModel(path.stem if path.is_file() else path.name, path, f"in {home}")


def find_model(name: str) -> Path:
    """The path of the model called `name`, or `name` itself if it is a path.

    Raises:
        ValueError: neither a name nor a path; the line names what there is.
    """
    path = Path(name)
    with suppress(RuntimeError):  # nobody is called so here
        path = path.expanduser()
    known = {model.name: model.path for model in known_models()}
    if name in known and not path.exists():
        return known[name]
    if path.is_dir() or (path.suffix in SUFFIXES and path.exists()):
        return path
    if is_pickle(path):
        raise ValueError(refusal(path))
    if path.name and ending(path, ".safetensors").exists():
        return ending(path, ".safetensors")
    if name in PACKAGES:
        raise ValueError(
            f"the model {name} is not installed; this brings it, {PACKAGES[name].megabytes} MB: "
            f"lecture models install {name}"
        )
    if path.exists():
        raise ValueError(f"{path} is neither a folder of Hugging Face, a checkpoint in .safetensors nor a .gguf")
    if path.name != name:
        raise ValueError(f"nothing lies at {path}: give a folder of Hugging Face, a .safetensors, a .gguf, or a "
                         f"name of these: {', '.join(known)}")  # fmt: skip
    near = get_close_matches(name, known, 1)
    meant = f'; did you mean "{near[0]}"?' if near else ""
    raise ValueError(f'no model "{name}": there are {", ".join(known)}, or a path{meant}')


def open_model(name: str | os.PathLike[str], dtype: str | torch.dtype | None = None) -> LoadedModel:
    """The model called `name`, or at that path; `dtype` is float32, float64, bfloat16, or one of torch.

    Without a `dtype`, models up to 50 million numbers are in float64, so that sums on screen add up to the last digit
    shown, and larger ones in float32.

    Raises:
        ValueError: no such model, a kind that is not known, or tokens that cannot be read.
    """
    from transformer_core.pretrained import load, load_gguf, load_hugging_face

    path = find_model(os.fspath(name))
    precision = _precision(path, dtype)
    called = next((model.name for model in known_models() if model.path == path), path.stem)
    if path.is_dir():
        model = load_hugging_face(path, precision)
        return LoadedModel(model, _reader(path, model), {"model": called, "card": {}})
    if path.suffix == ".gguf":
        from transformer_core.pretrained.gguf_file import GgufWeights

        weights = GgufWeights(path)
        model = load_gguf(weights, precision)
        facts = {"model": called, "card": {}}
        facts |= {"quantisation": weights.quantisation} if weights.quantisation else {}
        return LoadedModel(model, _gguf_reader(weights, model), facts)
    model, card = load(path, precision)
    words = card.pop("vocabulary", None)
    beside = path.with_suffix(".npz")
    measured = Trace.load(beside).tensors if beside.exists() else {}
    tokenizer = Vocabulary.from_json(words, f"the vocabulary in {path}") if isinstance(words, str) and words else None
    if tokenizer is not None:
        _check_words(tokenizer, model, path)
    return LoadedModel(model, tokenizer, {"model": called, "card": card}, measured)


def _precision(path: Path, wanted: str | torch.dtype | None) -> torch.dtype:
    """The type of the numbers that the model at `path` is computed with."""
    import torch

    if wanted is None:
        return torch.float64 if numbers_in(path) <= MOST_IN_FLOAT64 else torch.float32
    found = getattr(torch, wanted) if wanted in DTYPES and isinstance(wanted, str) else wanted
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ValueError(f"the dtype {short(wanted)} is none of {', '.join(DTYPES)}")
    return found


def _reader(folder: Path, model: Transformer) -> Tokenizer:
    """The tokens of a folder: those of its tokenizer, or words of a `vocabulary.json`."""
    from transformer_core.pretrained.hugging_face import facts_of

    own = folder / "vocabulary.json"
    if own.exists():
        words = Vocabulary.from_json(json.dumps(read_object(own)), own)
        _check_words(words, model, own)
        return words
    return _pieces(folder, facts_of(folder), model, folder / "config.json")


def _gguf_reader(weights: GgufWeights, model: Transformer) -> Tokenizer:
    """The tokens of a GGUF file."""
    path = weights.folder
    try:
        data = tokenizer_json(weights.header.facts)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return _pieces(path, weights.facts, model, path, data)


def _pieces(
    path: Path, facts: dict[str, Any], model: Transformer, stated: Path, data: bytes | None = None
) -> Tokenizer:
    """Pieces of words by the tokenizer of the folder or file at `path`, of which `facts` are `stated` elsewhere."""
    known = max(model.config.source_vocab, model.config.target_vocab)
    start = _mark(facts, known, stated, "decoder_start_token_id", "start", "bos_token_id")
    end = _mark(facts, known, stated, "eos_token_id", "end")
    if model.encoder is not None and model.decoder is not None:
        if start < 0:
            raise ValueError(f"{stated} names no decoder_start_token_id, with which a translation begins")
        if end < 0:
            raise ValueError(f"{stated} names no eos_token_id, with which a translation ends")
    tokenizer = Subwords(path, model.config.max_positions, start, end, known, data)
    if len(tokenizer.pieces) > known:
        raise ValueError(f"{path}: the tokenizer has {len(tokenizer.pieces)} tokens, the model rows for {known}")
    return tokenizer


def _mark(facts: dict[str, Any], known: int, stated: Path, *names: str) -> int:
    """The id of a mark, by the first of these names that the config has; -1 for none."""
    name = next((name for name in names if name in facts), "")
    at = facts.get(name)
    if isinstance(at, list) and at:  # some models end in several ways
        at = at[0]
    if at is None:
        return -1
    if not isinstance(at, int) or isinstance(at, bool) or not -1 <= at < known:
        raise ValueError(f"{stated}: {name} {short(at)} is none of the {known} tokens of this model")
    return at


def _check_words(words: Vocabulary, model: Transformer, where: Path) -> None:
    """Every id that the model reads or writes has a word, and every word a row."""
    config = model.config
    pairs = [("source", len(words.source), config.source_vocab or config.target_vocab)]
    pairs += [("target", len(words.target), config.target_vocab)] if config.target_vocab else []
    for side, there, rows in pairs:
        if there != rows:
            raise ValueError(f"{where} has {there} {side} words, the model rows for {rows}")


def numbers_in(path: Path) -> int:
    """The count of numbers in the model at `path`, a folder, a checkpoint or a GGUF file; no weight is read.

    A broken file has none: who opens it is told why.
    """
    with suppress(OSError, ValueError, SafetensorError):
        if path.suffix == ".gguf" and not path.is_dir():
            return sum(tensor.numbers for tensor in read_gguf_header(path).tensors.values())
        return sum(map(_numbers, sorted(path.glob("*.safetensors")) if path.is_dir() else [path]))
    return 0


def _numbers(path: Path) -> int:
    check_header(path)
    with safe_open(path, framework="numpy") as file:
        return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118 (no mapping)
