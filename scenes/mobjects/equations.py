"""The equation of an operation as a formula, or as a line of text where it is a sentence."""

from __future__ import annotations

import math
import re

from manim import VMobject

from scenes.mobjects.formulas import Formula
from scenes.mobjects.operands import SUBSCRIPTS, wrapped
from scenes.theme import units
from transformer_core.tracing.explain import Entry
from transformer_core.tracing.operations import ALL
from transformer_core.tracing.provenance import MINUS

#: A plus alone is so much larger than other formulas.
PLUS = 1.6
#: Formulas of equations that are no plain products.
FORMULAS = {
    "token · √d_model": '"token" dot sqrt(d_"model")',
    "scores / √d_k": '"scores" / sqrt(d_k)',
    "mean of x over d_model": '"mean" = (sum x) / d_"model"',
    "mean of (x - mean)² over d_model": '"var" = (sum (x - "mean")²) / d_"model"',
    "mean of x² over a row": '(sum x²) / d_"model"',
    "(x - mean) / √(var + ε)": '(x - "mean") / sqrt("var" + epsilon)',
    "x / √(mean_square + ε)": 'x / sqrt("mean square" + epsilon)',
    "q cos(mθ) ± q' sin(mθ)": "q cos(m theta) plus.minus q' sin(m theta)",
    "k cos(mθ) ± k' sin(mθ)": "k cos(m theta) plus.minus k' sin(m theta)",
    "q · k": "q dot k",
    "Σ over key of weights · v": 'z = sum_"key" "weights" dot v',
    "Σ over key of weights · k": 'z = sum_"key" "weights" dot k',
    "Σ over head of head_out + b_O": '"out" = sum_"head" "head out" + b_O',
    "Σ over head of head_out": '"out" = sum_"head" "head out"',
    "the sum of its parents": "+",
    "normalized · gain": '"normalized" dot "gain"',
    "normalized · gain + bias": '"normalized" dot "gain" + "bias"',
    "sin or cos of position / 10000^(2i / d_model)": "sin(m theta) \\ cos(m theta)",
    "c = f · c of the word before + i · g": 'c = f dot c_"before" + i dot g',
    "h = o · tanh(c)": "h = o dot tanh(c)",
    "activation(pre)": '"activation"("pre")',
    "softmax over key of masked": '"weight" = e^"score" / (sum_"key" e^"score")',
    "softmax over key of scores": '"weight" = e^"score" / (sum_"key" e^"score")',
    "softmax over vocab of logits": '"prob" = e^"logit" / (sum_"vocab" e^"logit")',
}
PLAIN = re.compile(r"[A-Za-z0-9_=+·() ]+")
PROSE = re.compile(r"[a-z]{2,} [a-z]{2,}")
SYMBOL = re.compile(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?")
FUNCTIONS = frozenset({"tanh", "cos", "sin"})


def equation_of(entry: Entry, wide: float, size: float = 46, high: float = math.inf) -> VMobject | None:
    """The equation of an entry, at most `wide` px across and `high` px high; None where nothing was computed.

    A bias that the model has not stands in no equation.
    """
    operation = entry.operation
    if operation is None or operation.kind == "constant":
        return None
    text = operation.equation
    if operation.terms != ALL and not {*operation.products[-1]} <= entry.parents.keys():
        text = text.rpartition(" + ")[0] or text
    if text in FORMULAS:
        return _within(Formula(FORMULAS[text], size * (PLUS if FORMULAS[text] == "+" else 1)), wide, high)
    if PLAIN.fullmatch(text) and not PROSE.search(text) and re.search("[=+·(]| [A-Z]", text):
        return _within(Formula(_typst(text), size), wide, high)
    text = text.replace("-∞", f"{MINUS}∞")
    text = text.translate(SUBSCRIPTS) if re.search(r"_\d", text) else text
    return wrapped(operation.kind if len(text) == 1 or re.search(r"\d", text) else text, "block", "ink", wide)


def _within(formula: Formula, wide: float, high: float) -> Formula:
    factor = min(units(wide) / formula.width, units(high) / formula.height, 1.0)
    return formula.scale(factor) if factor < 1 else formula


def _typst(equation: str) -> str:
    """Typst source of a product or sum of symbols.

    >>> _typst("i = sigmoid(x W_i + b_i)")
    'i = "sigmoid"(x W_i + b_i)'
    """

    def symbol(match: re.Match[str]) -> str:
        base, _, below = match[0].partition("_")
        if below.isdecimal():
            return f"{base}{below.translate(SUBSCRIPTS)}"
        base = base if len(base) == 1 or base in FUNCTIONS else f'"{base}"'
        return f'{base}_"{below}"' if len(below) > 1 else f"{base}_{below}" if below else base

    return SYMBOL.sub(symbol, equation.replace("·", "dot ").replace("dot  ", "dot ")).replace('"dot"', "dot")
