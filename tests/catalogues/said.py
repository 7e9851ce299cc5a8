"""Every text that a chapter or a mobject may say, read from its source: also in branches that are rarely taken."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scenes.language.sentences import PLACE, SEAM
from scenes.theme import TYPES

#: Two words in a row: less may be the name of a tensor, a role or a colour.
TEXT = re.compile(r"[^\W\d_]{2,}’?[^\W\d_]*,?:? [^\W\d_]")
#: What only a formula has, which is the same in all languages.
FORMULA = re.compile(r"\bdot (?:[b-z]\b|c_)|sqrt\(|sum_|\(sum |plus\.minus|tanh\(")

#: Names of data: labels by which a chapter picks from what was recorded, and patterns of parts of the model; a font.
DATA = frozenset(
    "all heads but one|all heads but one, and root|pre-norm, no warm-up|post-norm, no warm-up|no norm, no warm-up|"
    "shallow, pre-norm, no warm-up|shallow, no norm, no warm-up|pre-norm, no Add|no norm, no Add|"
    "with positions|like it|unlike it|first wrong|agrees with|embed_src encoder|decoder output|Source Serif 4|"
    "added positions|fixed shares".split("|")
)


def pieces(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of each piece of a sentence that stands in a file between two slots."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(part) for node in ast.walk(tree) for part in _silent(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            text = re.sub(r"\s*\|\s*", " |", re.sub(r"\s+", " ", node.value))
            for part in (part for sentence in SEAM.split(text) for part in PLACE.split(sentence)):
                piece = part.strip(" |")
                if TEXT.search(piece) and not FORMULA.search(piece) and piece not in TYPES and piece not in DATA:
                    yield node.lineno, piece


def _silent(node: ast.AST) -> Iterator[ast.AST]:
    """Texts inside `node` that are not said: docstrings, keys, comparisons, errors, formulas, names of tensors."""
    match node:
        case ast.Expr(value=ast.Constant() as text):
            yield text
        case ast.Raise() | ast.Call(func=ast.Name(id="Formula")):
            yield from ast.walk(node)
        case ast.Dict(keys=keys):
            yield from (key for key in keys if key)
        case ast.Compare(left=left, comparators=others):
            yield from (left, *others)
        case ast.keyword(arg="here", value=part):  # the part of the model that the small map lights
            yield from ast.walk(part)
        case ast.Subscript(slice=key):
            yield from ast.walk(key)
        case ast.Call(func=ast.Attribute(attr="pick" | "replace" | "under" | "split"), args=args, keywords=keywords):
            yield from args
            yield from (keyword.value for keyword in keywords)


def unsaid(paths: Iterable[Path], templates: Iterable[str]) -> list[str]:
    """The pieces in the files at `paths` that none of the `templates` has."""
    known = "\n".join(PLACE.sub("\0", template) for template in templates)
    return [f"{path.name}:{line}: {piece}" for path in paths for line, piece in pieces(path) if piece not in known]
