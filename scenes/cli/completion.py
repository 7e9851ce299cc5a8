"""Completion of the names of chapters and models in a shell."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def chapters_like(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Chapters and groups that begin so, each with its subject, after a comma, too; else the shell completes a path."""
    from scenes.production.repertoire import GROUPS, repertoire

    before, comma, last = begun.rpartition(",")
    known = {entry.name: entry.about for entry in repertoire()} | {name: ", ".join(of) for name, of in GROUPS.items()}
    found = {name: about for name, about in known.items() if name.startswith(last.lower())}
    return _completed({f"{before}{comma}{name}": about for name, about in found.items()}, begun)


def models_like(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Models at hand that begin so; else the shell completes a path."""
    from transformer_core.pretrained.model_registry import known_models

    known = {one.name: one.origin for one in known_models()}
    return _completed({name: about for name, about in known.items() if name.startswith(begun)}, begun)


def _completed(found: dict[str, str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(name, help=about) for name, about in found.items()] or [CompletionItem(begun, type="file")]
