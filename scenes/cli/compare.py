"""The command `lecture compare`: one sentence through two models, or through one before and after a change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenes.cli.options import FILE, PLACE, VOICE, models_like, sized, takes
from scenes.cli.orders import CommandOptions, alone_in, called, open_store
from scenes.cli.output import console, plain, printable, save
from scenes.cli.render import filmed, pictured
from scenes.language import DEFAULT_TEXT
from scenes.production.belongings import take_trace
from scenes.production.files import distinct, sentence_name, shortened, slug
from scenes.production.pairs import ModelPair, PairStore, side_by_side
from transformer_core.pretrained.model_registry import DEFAULT_MODEL, UNTRAINED
from transformer_core.tracing.trace import Trace

if TYPE_CHECKING:
    from rich.table import Table

    from scenes.production.studio import Order

WHAT = "a tensor on its way, as render --edit does; may be given again."
#: What torch takes as a seed, and no more.
MOST_SEEDS = 2**63 - 1
FRESH = "Of untrained weights; default: the one that the model was trained from, or 0."
Row = tuple[str, str, str, str]
#: Of a long output so many letters are printed.
LONGEST = 60
#: What stands in the column of differences where there are none, and where there is nothing to hold against another.
SAME, NOTHING = "the same", "nothing to compare"


@click.command()
@click.argument("models", nargs=-1, metavar="[A] [B]", shell_complete=models_like)
@click.option("--text", default=DEFAULT_TEXT, help="The sentence that both read.")
@click.option("--edit-a", multiple=True, metavar="EDIT", help=f"Change in A alone {WHAT}")
@click.option("--edit-b", multiple=True, metavar="EDIT", help=f"Change in B alone {WHAT}")
@click.option("--target", default="", show_default=False, help="A translation for both, not their own ones.")
@click.option("--seed", type=click.IntRange(0, MOST_SEEDS), help=FRESH)
@click.option("--table", "only_table", is_flag=True, help="Print the differences, and draw nothing.")
@click.option("--stills", "only_stills", is_flag=True, help="Only the last picture of each step.")
@click.option("--trace", "saved", type=FILE, help="Save both passes: an .npz file.")
@takes(*sized(), *PLACE, *VOICE)
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
    store = PairStore(open_store().folder, pair)
    order = _order(pair, CommandOptions(**wishes))
    if saved:
        take_trace(saved)
    path, _ = store.trace(**order.reads())
    console().print(table(Trace.load(path)))
    if not only_table:
        with alone_in(order.output):
            (pictured if only_stills else filmed)(order, store)
    if saved:
        save(Trace.load(path), saved)  # without what the table has derived


def _pair(models: tuple[str, ...], wishes: dict[str, Any]) -> ModelPair:
    """Return the two models to compare, from the names on the command line and the options.

    Raises:
        ClickException: more than two models, less than two without an edit, only untrained ones, or an unused seed.
    """
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
    return ModelPair((first, models[1] if len(models) > 1 else first), edits, seed)


def _order(pair: ModelPair, options: CommandOptions) -> Order:
    """Return the order for the studio: the comparison, the sentence, the look, the folder and the voice."""
    look = options.look()
    sides = [called(model) if model else DEFAULT_MODEL.stem for model in pair.models]
    changes = [f"{side}-{distinct(line)}" for side, lines in zip("ab", pair.edits, strict=True) for line in lines]
    seed = [] if pair.seed is None else [slug(f"seed {pair.seed}")]
    target = [f"target-{sentence_name(options.target)}"] if options.target else []
    parts = ["compare", *sides, *changes, *seed, sentence_name(options.text), *target]
    label = "-".join(filter(None, [shortened("-".join(parts)), look.name]))
    return options.order(side_by_side(), label, look, options.output or Path("renders") / label)


def table(trace: Trace) -> Table:
    """Every row of `rows`, under who is A and who is B."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    told = [f"{letter.upper()}: {_called(trace, letter)}" for letter in "ab"]
    told += [f"the first that differs: {name}" for name in trace["diff.first"].labels["choice"]]
    made = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="",
        title="\n".join(escape(plain(line)) for line in told),
    )  # fmt: skip
    for column in ("", "A", "B", "difference"):
        made.add_column(column, overflow="fold", no_wrap=column in ("", "difference"))
    for row in rows(trace):
        made.add_row(*(escape(plain(text)) for text in row))
    return made


def rows(trace: Trace) -> Iterator[Row]:
    """Yield each quantity that is compared, with its value in A, its value in B, and the difference."""
    stack = trace.about["stack"]
    read = [tuple(trace[f"{letter}.read"].labels["position"]) for letter in "ab"]
    yield "parameters", *_both(trace, "config.parameters"), _equal(trace, "parameters.same", "parameters.compared")
    yield "tokens read", *_both(trace, "counted"), SAME if read[0] == read[1] else "different"
    wide = _both(trace, "config.d_model")
    if wide[0] != wide[1]:
        yield "entries of a vector", *wide, NOTHING
    if trace["diff.points"] or wide[0] == wide[1]:
        yield "tensors of the pass", "", "", _equal(trace, "equal_points", "points")
    if stack:
        yield from _of_the_stack(trace, stack)
    if "diff.said" in trace:
        yield _next_word(trace)
    written = [trace.about[letter]["output"] for letter in "ab"]
    if any(written):
        both = all(trace.about[letter]["config"]["decoder_layers"] for letter in "ab")
        same = "" if not both else SAME if written[0] == written[1] else "different"
        yield "written", _shortened(written[0]), _shortened(written[1]), same


def _of_the_stack(trace: Trace, stack: str) -> Iterator[Row]:
    distance, heads = trace[f"diff.{stack}.distance"].values, trace[f"diff.{stack}.heads"].values
    partners = trace[f"diff.{stack}.partners"].values
    yield f"rows entering {stack}.0", "", "", _apart(distance[0])
    for layer, row in enumerate(heads):
        head = int(row.argmax())
        there, other = (int(place) for place in partners[layer, head])
        partner = f"head={other}" if there == layer else f"{stack}.{there}, head={other}"
        if row[head]:
            yield f"farthest head, {stack}.{layer}", f"head={head}", partner, f"{row[head]:.1%} elsewhere"
        else:
            yield f"attention of {stack}.{layer}", "", "", SAME
        if len(distance) == len(heads) + 1:
            yield f"rows leaving {stack}.{layer}", "", "", _apart(distance[layer + 1])
    if len(distance) != len(heads) + 1:
        yield "rows leaving the end", "", "", _apart(distance[-1])


def _next_word(trace: Trace) -> Row:
    """The place at which the next words differ most."""
    said = trace["diff.said"]
    place = int(said.values.argmax())
    best = [trace[f"{letter}.probs"].pick(batch=0, position=place).largest() for letter in "ab"]
    first, second = (f"{word!s} {float(share):.1%}" for word, share in best)
    moved = f"{said.values[place]:.1%} elsewhere" if said.values[place] else SAME
    return f"next word after {_shortened(said.labels['position'][place], 12)}", first, second, moved


def _both(trace: Trace, name: str) -> tuple[str, str]:
    first, second = (f"{float(trace[f'{letter}.{name}']):,.0f}" for letter in "ab")
    return first, second


def _equal(trace: Trace, same: str, of: str) -> str:
    equal, compared = (float(trace[f"diff.{name}"]) for name in (same, of))
    if not compared:
        return NOTHING
    return "all the same" if equal == compared else f"{equal:,.0f} of {compared:,.0f} equal"


def _apart(distance: float) -> str:
    return f"{distance:.1%} apart" if distance else SAME


def _called(trace: Trace, letter: str) -> str:
    side = trace.about[letter]
    seed = f", seed {side['seed']}" if "seed" in side else ""
    return f"{side['model']}{', ' * bool(side['kind'])}{side['kind']}{seed}"


def _shortened(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
