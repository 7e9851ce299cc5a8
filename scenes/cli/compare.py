"""The command `lecture compare`: one sentence through two models, or through one before and after a change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from scenes.cli.completion import models_like
from scenes.cli.models import called
from scenes.cli.options import DEFAULT_TEXT, alone_in, open_store, placed, sized
from scenes.cli.output import printable, tell
from scenes.cli.render import filmed, pictured
from scenes.cli.speaking import heard, speakers

WHAT = "a tensor on its way, as render --edit does; may be given again."
#: What torch takes as a seed, and no more.
MOST_SEEDS = 2**63 - 1
FRESH = "Of untrained weights; default: the one that the model was trained from, or 0."


@click.command()
@click.argument("models", nargs=-1, metavar="[A] [B]", shell_complete=models_like)
@click.option("--text", default=DEFAULT_TEXT, show_default=True, help="The sentence that both read.")
@click.option("--edit-a", multiple=True, metavar="EDIT", help=f"Change in A alone {WHAT}")
@click.option("--edit-b", multiple=True, metavar="EDIT", help=f"Change in B alone {WHAT}")
@click.option("--target", default="", help="A translation that both are given in the place of their own.")
@click.option("--seed", type=click.IntRange(0, MOST_SEEDS), help=FRESH)
@click.option("--table", "only_table", is_flag=True, help="Print the differences, and draw nothing.")
@click.option("--stills", "only_stills", is_flag=True, help="Only the last picture of each step.")
@click.option(
    "--trace", "saved", type=click.Path(path_type=Path, dir_okay=False), help="Save both passes: an .npz file."
)
@sized
@placed
@heard
def compare(models: tuple[str, ...], only_table: bool, only_stills: bool, saved: Path | None, **wishes: Any) -> None:
    """The same steps for two models, and the difference.

    Each of A and B is a name of `lecture models` or a path. "untrained" is the architecture of the other with the
    weights that its training would begin with. Without B, A is compared with itself: before and after an edit.

    \b
      lecture compare english-spanish untrained
      lecture compare english-spanish --edit-b "encoder.1.self_attn.weights[head=2]=0"
      lecture compare model-a.safetensors model-b.safetensors --text "the red car"
    """
    if only_table and not saved:
        printable()
    pair = _pair(models, wishes)
    store = _store(pair)
    order = _order(pair, **wishes)
    if saved:
        from scenes.production.belongings import take_trace

        take_trace(saved)
    _tell(store, order)
    if not only_table:
        with alone_in(order.output):
            (pictured if only_stills else filmed)(order, store)
    if saved:
        _save(store, order, saved)


def _pair(models: tuple[str, ...], wishes: dict[str, Any]) -> Any:
    """Return the two models to compare, from the names on the command line and the options.

    Raises:
        ClickException: more than two models, less than two without an edit, only untrained ones, or an unused seed.
    """
    from scenes.production.pairs import Pair
    from transformer_core.pretrained.model_registry import UNTRAINED

    edits = tuple(wishes.pop("edit_a")), tuple(wishes.pop("edit_b"))
    seed = wishes.pop("seed")
    if len(models) > 2:
        raise click.ClickException(f"two models are compared, not {len(models)}: {', '.join(models)}")
    if len(models) < 2 and not any(edits):
        raise click.ClickException('compare it with what? Name a second model, "untrained", or give --edit-b')
    if models.count(UNTRAINED) == len(models) > 0:
        raise click.ClickException("which architecture should be untrained? Name a trained model beside it")
    if seed is not None and UNTRAINED not in models:
        raise click.ClickException("--seed is that of untrained weights, and neither of the two is untrained")
    first = models[0] if models else None
    return Pair((first, models[1] if len(models) > 1 else first), edits, seed)


def _store(pair: Any) -> Any:
    from scenes.production.pairs import Pairs

    return Pairs(open_store().folder, pair)


def _order(pair: Any, **wishes: Any) -> Any:
    """Return the order for the studio: the comparison, the sentence, the look, the folder and the voice."""
    from scenes.production.files import distinct, sentence_name, shortened, slug
    from scenes.production.look import Look
    from scenes.production.pairs import side_by_side
    from scenes.production.studio import Order

    look = Look.of(wishes["quality"], wishes["theme"], language=wishes["language"])
    sides = [called(model) if model else "english-spanish" for model in pair.models]
    changes = [f"{side}-{distinct(line)}" for side, lines in zip("ab", pair.edits, strict=True) for line in lines]
    seed = [] if pair.seed is None else [slug(f"seed {pair.seed}")]
    target = [f"target-{sentence_name(wishes['target'])}"] if wishes["target"] else []
    parts = ["compare", *sides, *changes, *seed, sentence_name(wishes["text"]), *target]
    label = "-".join(filter(None, [shortened("-".join(parts)), look.name]))
    output = wishes["output"] or Path("renders") / label
    order = Order(
        side_by_side(), wishes["text"], label, look, output, wishes["jobs"],
        scheduler=wishes["scheduler"], target=wishes["target"],
    )  # fmt: skip
    return replace(order, **speakers(wishes["voice"], look.language)) if wishes["voice"] else order


def _tell(store: Any, order: Any) -> None:
    """The differences as a table."""
    from scenes.cli.compare_table import table
    from scenes.cli.model import console
    from transformer_core.tracing.trace import Trace

    console().print(table(Trace.load(store.trace(order.text, None, **order.asked)[0])))


def _save(store: Any, order: Any, path: Path) -> None:
    """Both passes and the difference, as one file."""
    from transformer_core.tracing.trace import Trace

    trace = Trace.load(store.trace(order.text, None, **order.asked)[0])
    saved = trace.save(path)
    tell(f"{saved}  {len(trace)} tensors; axes, labels and parents in {saved.with_suffix('.json').name}")
