"""Pictures: chapters, the mobjects they are made of, and the way from steps to files.

They need Manim and more, which an installation of the core alone does not have: whoever imports them there reads how to
get it.
"""

import sys
from importlib.abc import MetaPathFinder

DRAWING = ("manim", "av", "PIL", "fontTools", "fontpkg", "msgspec", "pptx", "uharfbuzz")


class _WithoutManim(MetaPathFinder):
    """Asked last, when nobody else has found a module."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in DRAWING:
            from transformer_core.versions import installing

            line = f"pictures are drawn with Manim, which is not installed: {installing('drawing')}"
            raise ModuleNotFoundError(line, name=fullname)


sys.meta_path.append(_WithoutManim())


def __getattr__(name: str) -> object:
    """`show` and `ask` for notebooks, loaded when they are asked for."""
    if name == "show":
        from scenes.cli.show import show

        return show
    if name == "ask":
        from scenes.publishing.notebook import ask

        return ask
    raise AttributeError(f"module 'scenes' has no attribute {name!r}")
