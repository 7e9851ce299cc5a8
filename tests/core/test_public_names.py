"""Public names of the packages: documented, with what they raise, and typed for whoever reads or checks."""

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path

import pytest

import transformer_core

PACKAGES = ("transformer_core", "transformer_core.interpret", "transformer_core.pretrained")
OFFERED = {
    f"{package}.{name}": getattr(importlib.import_module(package), name)
    for package in PACKAGES
    for name in importlib.import_module(package).__all__
}
every_name = pytest.mark.parametrize("name", [name for name, offered in OFFERED.items() if callable(offered)])


def functions(offered):
    """The function itself; of a class, its public methods and properties."""
    if not inspect.isclass(offered):
        return [inspect.unwrap(offered)]
    members = [value for name, value in vars(offered).items() if not name.startswith("_")]
    plain = [getattr(value, "fget", getattr(value, "__func__", value)) for value in members]
    return [inspect.unwrap(function) for function in plain if inspect.isfunction(function)]


def raised(offered):
    """The errors that the source of a function or a class raises by name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(offered))))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls}


@every_name
def test_every_public_name_has_a_docstring_and_so_have_its_methods(name):
    for documented in (OFFERED[name], *functions(OFFERED[name])):
        assert documented.__doc__, documented


@every_name
def test_every_error_that_is_raised_is_documented(name):
    offered = OFFERED[name]
    told = " ".join(documented.__doc__ for documented in (offered, *functions(offered)))
    assert all(error in told for error in raised(offered))


@every_name
def test_every_parameter_and_result_is_typed(name):
    for function in functions(OFFERED[name]):
        signature = inspect.signature(function)
        untyped = [one for one in signature.parameters.values() if one.annotation is inspect.Parameter.empty]
        assert {one.name for one in untyped} <= {"self", "cls"}, function
        assert signature.return_annotation is not inspect.Signature.empty, function


def test_a_type_checker_sees_the_names_that_are_loaded_late():
    tree = ast.parse(inspect.getsource(transformer_core))
    seen = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    pairs = {(name.name, node.module) for node in seen for name in node.names}
    assert pairs == {(name, f"transformer_core.{module}") for name, module in transformer_core._WITH_TORCH.items()}


def test_a_name_that_is_not_offered_is_no_attribute():
    with pytest.raises(AttributeError, match="has no 'transformer'"):
        _ = transformer_core.transformer


#: The rooms whose docstrings are held to say what a thing is or does. The studies are to follow.
ROOMS = ("tracing", "text", "files", "pretrained", "decoding", "training", "interpret")


def test_a_docstring_begins_with_what_a_thing_is_or_does():
    core = Path(transformer_core.__file__).parent
    indirect = re.compile(r"(What|One that|Whether|How|Why|Which|Where)\b")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    found = [
        f"{path.relative_to(core)}: {text.splitlines()[0]}"
        for path in [*core.glob("*.py"), *(file for room in ROOMS for file in (core / room).rglob("*.py"))]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, documented) and (text := ast.get_docstring(node)) and indirect.match(text)
    ]
    assert found == []
