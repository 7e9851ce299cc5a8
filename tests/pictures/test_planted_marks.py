"""Each fault of a drawing that the review of truth planted is found: a mark is altered, the trace stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from manim import DOWN, LEFT, RIGHT, UP, Mobject, VGroup
from walking import trace_of

from scenes.animations import ring_around
from scenes.chapters.c09_positions.clocks import OffsetBars
from scenes.chapters.c12_decoder.bridge import CrossAttentionBridge
from scenes.chapters.c13_training.chapter import SCALES
from scenes.chapters.c13_training.learning import InitialScales
from scenes.chapters.c14_inference.hundred_cases import HundredCases
from scenes.chapters.c14_inference.writing import BeamTree
from scenes.chapters.c16_modern.blocks import ModelsToScale
from scenes.chapters.c19_arguing.trials import DotRows
from scenes.layout import STAGE
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.attention_grid import AttentionGrid, rooms
from scenes.mobjects.bars import ShareBar, bar_on
from scenes.mobjects.curves import Curves
from scenes.mobjects.marks import Ground, Hue, Stair, hand_over, marks_on, means, misdrawn
from scenes.mobjects.next_word import NextWord, PairTable
from scenes.mobjects.passage import strand, weigh
from scenes.mobjects.patterns import Pattern
from scenes.mobjects.plots import Plot
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import Box, rule, stroke
from scenes.mobjects.softmax_stages import SoftmaxStages
from scenes.mobjects.sorted_heads import SmallGrid
from scenes.mobjects.stacked import StackedRows
from scenes.mobjects.strips import Strip, StripRows
from scenes.mobjects.temperatures import Temperatures
from scenes.mobjects.tensors import Heatmap, TensorGrid
from scenes.mobjects.text import Words
from scenes.mobjects.value_plane import ValuePlane
from scenes.theme import at, drawn_in, palette, signed, units
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.trace import NamedTensor, Trace

LONG = "the animal did not cross the street because it was too tired"


@pytest.fixture(autouse=True)
def _dark():
    with drawn_in("dark"):
        yield


def trace() -> Trace:
    return trace_of("The car is red")


def weights() -> NamedTensor:
    """Query × key of the head whose rows differ most from its columns."""
    heads = trace()["encoder.0.self_attn.weights"].pick(batch=0)
    apart = np.abs(heads.values - heads.values.swapaxes(1, 2)).sum((1, 2))
    return heads[int(apart.argmax())]


def told(tensor: NamedTensor, change: Callable[[np.ndarray], np.ndarray]) -> NamedTensor:
    """The tensor with other values under its own name: what a figure would be drawn from by mistake."""
    return replace(tensor, values=change(tensor.values))


def most_even(shares: np.ndarray) -> tuple[int, ...]:
    """The place of the row whose shares are most even: in it an exchange can be seen."""
    return tuple(int(i) for i in np.unravel_index((shares**2).sum(-1).argmin(), shares.shape[:-1]))


def guesses() -> NamedTensor:
    """The probabilities of the step that is least sure of its word."""
    probs = trace()["probs"].pick(batch=0)
    return probs[most_even(probs.values)[0]]


def middling() -> Any:
    """The share that is nearest to a half."""
    shares = weights()
    return shares.quantity(*map(int, np.unravel_index(np.abs(shares.values - 0.5).argmin(), shares.shape)))


def arcs() -> Arcs:
    rows = trace()["encoder.0.self_attn.weights"].pick(batch=0)
    head, query = most_even(rows.values)
    return Arcs(rows.words("key"), query, rows.pick(head=head, query=query))


def bridge() -> CrossAttentionBridge:
    looks = trace()["decoder.1.cross_attn.weights"].pick(batch=0, query=slice(0, -1))
    looks = looks.pick(head=most_even(looks.values)[0])
    reads = trace()["probs"].words("position")
    memory = trace()["encoder.final_norm.out"].pick(batch=0)
    return CrossAttentionBridge(looks, reads[:-1], reads[1:], memory, ["layer 2"])


def panel() -> OffsetBars:
    rows = trace()["encoder.0.self_attn.weights"].pick(batch=0)
    head, query = most_even(rows.values)
    entries = rows.pick(head=head, query=query).quantities()
    return OffsetBars(entries, range(-1, len(entries) - 1), trace()["config.words"], STAGE, entries)


def dots() -> DotRows:
    run = trace().under("experiment.parts_removed")
    return DotRows(run, ["positions", "residual", "all heads but one"], STAGE, True)


def starts() -> VGroup:
    picture = InitialScales(trace().under("experiment.initial_scales"), SCALES, 0)
    return VGroup(picture.axis, *picture.marks)


def grid_of_weights() -> VGroup:
    return VGroup(TensorGrid(weights(), weights=True))


def plot() -> VGroup:
    run = trace().under("experiment.against_lstm")
    lengths, right = run["length"], run["by_length.over_seeds"]
    rows = {name: right.pick(model=name) for name in ("LSTM", "Transformer")}
    names = {"LSTM": ("LSTM", "residual"), "Transformer": ("Transformer", "weight")}
    return Curves(lengths, rows, names, {}, lengths.quantities()[::5], STAGE, "model")


def stairs() -> VGroup:
    """Steps of a sum, one below the other, and the line that they begin from."""
    ground = Ground()
    terms = trace()["encoder.0.resid_pre"].pick(batch=0, position=1, d_model=tuple(range(5))).quantities()
    line = means(rule(at(960, 200), at(960, 500), "ink3"), ground)
    bars = VGroup()
    for k, term in enumerate(terms):
        bar = Box(max(abs(float(term)) * 200, 2), 40, signed(float(np.sign(term)), 1.0))
        bar.move_to(at(960 + (sum(map(float, terms[:k])) + float(term) / 2) * 200, 220 + 60 * k))
        bars.add(means(bar, Stair(tuple(terms[: k + 1]), 0, 200, 40, ground, 2), Hue(term)))
    return VGroup(line, bars)


def signed_bars() -> VGroup:
    """The bars of a row of scores, on their zero line."""
    names = ("scores", "masked", "scores_minus_max", "exponentials", "weights")
    rows = [trace()[f"encoder.1.self_attn.{name}"].pick(batch=0, head=0, query=3) for name in names]
    stages = SoftmaxStages(rows, names, Ribbon(rows[0].words("key")), (0, 1, 2, 3), STAGE, (".1f",) * 5)
    return stages.stages[0].whole


def pattern_with_words() -> VGroup:
    pattern = Pattern(weights(), 80)
    return VGroup(pattern, pattern.row_words(), pattern.column_words())


def temperatures() -> VGroup:
    """The bars of the second temperature."""
    focus = focus_of(trace())
    head = focus.seen(trace())
    table = head["by_temperature"].pick(query=focus.query_token)
    ribbon = Ribbon(table.words("key"))
    return Temperatures(table, head["temperatures"].quantities(), ribbon, (0, 1, 2, 3), STAGE).states[1]


def two_models() -> ModelsToScale:
    """The largest part of the shipped model as a square in that of the whole."""
    whole, part = trace()["config.parameters"], trace()["parameters.by_kind"].largest()[1]
    return ModelsToScale(part, whole, *(VGroup(Words(text, "block")) for text in ("a part", "the whole")))


#: Figures as the lecture makes them, each with a part that is there to be scaled and copied.
FIGURES: dict[str, Callable[[], Mobject]] = {
    "share bar": lambda: ShareBar(weights().quantity(0, 0)),
    "signed bars": signed_bars,
    "stacked rows": lambda: StackedRows(weights(), STAGE.rows(len(weights()))),
    "strip": lambda: Strip(trace()["encoder.0.resid_pre"].pick(batch=0, position=1), 900, 50),
    "heatmap": lambda: Heatmap(trace()["encoder.0.resid_pre"].pick(batch=0), 900, 300),
    "grid": grid_of_weights,
    "pattern with its words": pattern_with_words,
    "arcs": arcs,
    "bridge": bridge,
    "beam tree": lambda: BeamTree(trace_of(LONG).under("decoding.beam")),
    "next words": lambda: NextWord(guesses(), STAGE),
    "temperatures": temperatures,
    "panel": panel,
    "dots": dots,
    "dots of three scales": starts,
    "a hundred cases": lambda: HundredCases(middling(), "cases", "of them"),
    "curves": plot,
    "staircase": stairs,
    "small grid": lambda: SmallGrid(weights(), 180),
}


def faults(*stage: Mobject, text: str = "The car is red") -> list[str]:
    return misdrawn(stage, trace_of(text))


def text_of(name: str) -> str:
    return LONG if name == "beam tree" else "The car is red"


def stretched(bar: Mobject, factor: float, side: int, edge: np.ndarray) -> None:
    """Make a bar `factor` times as long along `side` (0 across, 1 up), and leave its `edge` where it is."""
    bar.stretch(factor, side, about_edge=edge)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_true_as_it_is_made_and_when_it_is_moved_scaled_and_copied(name: str) -> None:
    figure, text = FIGURES[name](), text_of(name)
    assert marks_on([figure])
    assert faults(figure, text=text) == []
    assert faults(figure.copy(), text=text) == []
    small = figure.copy().scale(0.6).shift(RIGHT * 2 + UP)
    assert faults(small, text=text) == []
    assert faults(figure.scale(0.75).shift(LEFT), small, text=text) == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_fault_in_a_small_copy_beside_its_true_original_is_found(name: str) -> None:
    figure, text = FIGURES[name](), text_of(name)
    copied = figure.copy().scale(0.8).shift(RIGHT * 30)
    spoil(copied)
    assert faults(figure, copied, text=text) != []


def spoil(figure: Mobject) -> None:
    """Draw each mark of a figure otherwise: taller, thicker, of another fill, and somewhere else."""
    for mark in marks_on([figure]):
        for part in mark.get_family():
            if len(part.points):
                part.points = part.points * np.array([1.0, 1.6, 1.0]) + 0.3
                part.stroke_width = 2 * part.stroke_width + 1
                if part.get_fill_opacity() > 0:
                    part.set_fill("#123456", opacity=0.0, family=False)


def test_bars_that_were_squared_are_found() -> None:
    shares = guesses()
    assert faults(NextWord(told(shares, np.square), STAGE)) != []


def test_bars_by_rank_are_found() -> None:
    words = NextWord(guesses(), STAGE)
    for k, line in enumerate(words.lines):
        line[1].stretch_to_fit_width(units(STAGE.width / (k + 1)), about_edge=LEFT)
    assert len(faults(words)) >= 4


def test_temperature_bars_that_were_squared_are_found() -> None:
    panel = temperatures()
    for bar in panel:
        stretched(bar, bar.height / units(STAGE.height), 1, DOWN)
    assert faults(panel) != []


def test_bars_over_offsets_at_half_are_found() -> None:
    picture = panel()
    for bar in picture.bars:
        bar.scale(0.5)
    assert len(faults(picture)) >= 2


def test_a_dot_in_another_unit_than_its_neighbours_is_found() -> None:
    rows = dots()
    one = rows.seeds["positions"][0]
    (away,) = one.meanings
    one.shift(RIGHT * units((float(away.origin) - float(away.quantity)) * away.unit / 2))
    one.meanings = (replace(away, unit=away.unit / 2),)
    assert [fault for fault in faults(rows) if "by different units" in fault]


def test_dots_in_another_place_are_found() -> None:
    rows = dots()
    rows.seeds["positions"][0].shift(RIGHT * units(6))
    assert len(faults(rows)) == 1


def test_a_share_as_other_dots_of_a_hundred_is_found() -> None:
    share = middling()
    other = HundredCases(replaced(share, share / 2), "cases", "of them")
    assert faults(other) != []


def replaced(quantity: Any, value: float) -> Any:
    """Another value from the same source."""
    return type(quantity)(value, quantity.name, quantity.index)


def board(pairs: Callable[[NamedTensor], NamedTensor] = lambda scores: scores) -> AttentionGrid:
    """The grid of a head whose scores, or whose keys, are altered."""
    head = trace().under("encoder.0.self_attn", batch=0, head=0)
    scores = pairs(head["scores"])
    labels = scores.words("key")
    return AttentionGrid(head["q"], head["k"], scores, Ribbon(labels, rooms(labels)[1]), labels[-1])


@pytest.mark.parametrize("grid", [
    lambda change: TensorGrid(change(trace()["encoder.0.self_attn.scores"].pick(batch=0, head=0))),
    lambda change: VGroup(*board(change).cells.values()),
], ids=["grid", "grid of attention"])  # fmt: skip
def test_an_inverted_sign_of_colour_is_found(grid: Callable[[Any], Mobject]) -> None:
    assert faults(grid(lambda scores: scores)) == []
    assert faults(grid(lambda scores: told(scores, np.negative))) != []


def test_a_disc_as_wide_as_its_score_instead_of_as_large_is_found() -> None:
    grid = board()
    assert faults(*grid.cells.values()) == []
    cell = min(grid.cells.values(), key=lambda cell: abs(cell.quantity))
    cell.disc.scale(abs(cell.quantity / np.abs(grid.pairs.values).max()) ** 0.5)
    assert len(faults(*grid.cells.values())) == 1


def exchanged(parts: VGroup) -> None:
    """Let the first and the last part stand in each other's place."""
    first, last = parts[0].get_center(), parts[-1].get_center()
    parts[0].move_to(last)
    parts[-1].move_to(first)


def softmax() -> tuple[Ribbon, VGroup, VGroup]:
    """Tokens, and below them the bars of their scores with their numbers."""
    row = trace()["encoder.1.self_attn.scores"].pick(batch=0, head=0, query=3)
    ribbon = Ribbon(row.words("key"))
    stage = SoftmaxStages([row], ("scores",), ribbon, (0, 1, 2, 3), ribbon.below(STAGE), (".1f",)).stages[0]
    return ribbon, stage.bars, stage.numbers


def keys_below() -> tuple[Ribbon, VGroup]:
    """Tokens, and their keys below them."""
    grid = board()
    return grid.ribbon, VGroup(*grid.keys)


@pytest.mark.parametrize("figure", [softmax, keys_below])
def test_what_stands_under_another_token_is_found(figure: Callable[[], tuple[Mobject, ...]]) -> None:
    stage = figure()
    assert faults(*stage) == []
    exchanged(stage[1])
    assert [one for one in faults(*stage) if "stands below" in one]


def test_numbers_on_the_bars_of_others_are_found() -> None:
    _, bars, numbers = softmax()
    exchanged(numbers)
    assert [one for one in faults(bars, numbers) if "is written on" in one]


def test_an_output_that_ends_elsewhere_than_the_sum_of_the_weighted_values_is_found() -> None:
    head = trace().under("encoder.1.self_attn", batch=0, head=0, query=3)
    values, weighted = head["value_plane"], head["weighted_value_plane"]
    plane = ValuePlane(values, weighted, trace()["encoder.1.self_attn.q"].label("query", 3), STAGE)
    assert faults(plane) == []
    plane.output[-1].shift(RIGHT * units(20))
    assert len(faults(plane)) == 1


def test_an_inverted_sign_of_a_strip_and_of_a_heatmap_is_found() -> None:
    rows = trace()["encoder.0.resid_pre"].pick(batch=0)
    assert len(faults(Strip(told(rows[1], np.negative), 900, 50))) > 10
    assert faults(Heatmap(told(rows, np.negative), 900, 300)) != []


def test_a_heatmap_of_the_rows_in_reverse_is_found() -> None:
    rows = trace()["encoder.0.resid_pre"].pick(batch=0)
    assert faults(Heatmap(told(rows, np.flipud), 900, 300)) != []


def test_bars_on_the_other_side_of_zero_are_found() -> None:
    picture = signed_bars()
    zero, bars, *_ = picture
    for bar in bars:
        bar.set_y(2 * zero.get_y() - bar.get_y())
    assert len([fault for fault in faults(picture) if "other side" in fault]) >= 3


def test_arcs_from_the_wrong_token_are_found() -> None:
    wrong = arcs()
    for arc in wrong.arcs:
        arc.points[0] = next(chip for chip in wrong.chips if abs(chip.get_x() - arc.points[0][0]) > 1).get_top()
    assert any("ends at" in fault for fault in faults(wrong))


@pytest.mark.parametrize(("figure", "most"), [(arcs, 16), (bridge, 24)])
def test_thickness_the_other_way_round_is_found(figure: Callable[[], Any], most: float) -> None:
    """A whole share is drawn as thin as none, and the other way round."""
    picture = figure()
    lines = [mark for mark in marks_on([picture]) if len(mark.points) == 4]
    for line in lines:
        line.stroke_width = stroke(2 + most) - line.stroke_width
    assert len([fault for fault in faults(picture) if "thick" in fault]) == len(lines) > 0


def test_curves_from_the_next_word_are_found() -> None:
    picture = bridge()
    for line in (line for row in picture.curves for line in row):
        tops = [value.get_x() for value in picture.values]
        start = int(np.argmin([abs(x - line.points[0][0]) for x in tops]))
        line.points[0][0] = tops[(start + 1) % len(tops)]
    assert any("ends at" in fault for fault in faults(picture))


def test_edges_from_the_wrong_parent_are_found() -> None:
    tree = trace_of(LONG).under("decoding.beam")
    step, parent = tree["step"].values, tree["parent"].values
    wrong = parent.copy()
    for node in np.flatnonzero(step > 1):
        siblings = np.flatnonzero(step == step[node] - 1)
        wrong[node] = siblings[(list(siblings).index(parent[node]) + 1) % len(siblings)]
    picture = BeamTree(Altered(tree, "parent", wrong))
    assert len(faults(picture, text=LONG)) > 5


class Altered(dict):
    """A view of a trace in which one tensor has other values under its own name."""

    def __init__(self, view: Trace, name: str, values: np.ndarray) -> None:
        names = ("token", "step", "score", "score.text_probs", "kept", "finished", "best", "hypotheses")
        super().__init__({key: view[key] for key in names})
        self[name] = replace(view[name], values=values)


def test_a_ring_on_another_cell_is_found() -> None:
    table = pair_table()
    assert faults(table) == []
    table.ring.move_to(next(iter(table.others)))
    assert any("ring" in fault for fault in faults(table))


def test_a_ring_that_was_drawn_around_another_cell_is_found() -> None:
    table = pair_table()
    elsewhere = ring_around(table.others[0])
    assert any("ring" in fault for fault in faults(table.grid, means(elsewhere, *table.ring.meanings)))


def pair_table() -> PairTable:
    table = trace()["training.pairs"]
    return PairTable(table, table.label("noun", 2), table.label("adjective", 1))


def test_a_transposed_pattern_is_found() -> None:
    assert faults(Pattern(told(weights(), np.transpose), 80)) != []


def test_a_transposed_small_grid_is_found() -> None:
    assert faults(SmallGrid(weights(), 180)) == []
    assert faults(SmallGrid(told(weights(), np.transpose), 180)) != []


def test_strands_that_lead_the_other_way_are_found() -> None:
    looks = weights()
    rows = trace()["encoder.0.resid_pre"].pick(batch=0)
    size = len(looks)
    sides = [StripRows(rows, range(size), 400, 80).move_to(at(x, 540)) for x in (400, 1400)]
    heights = [[float(side.lines[i].get_y()) for i in range(size)] for side in sides]
    left, right = sides[0].get_right()[0] + units(8), sides[1].get_left()[0] - units(8)
    for turned in (False, True):
        lines = VGroup()
        for (i, j), share in np.ndenumerate(looks.values):
            low, high = (i, j) if turned else (j, i)
            ends = [np.array([x, y[k], 0]) for x, y, k in zip((left, right), heights, (low, high), strict=True)]
            lines.add(weigh(strand(*ends, float(share), 0.02), looks.quantity(i, j), 0.02))
        assert any("ends at" in fault for fault in faults(*sides, lines)) == turned


def test_a_bar_in_another_unit_than_its_neighbour_on_one_line_is_found() -> None:
    norms = trace()["encoder.1.self_attn.v_norm"].pick(batch=0, head=0)
    zero, line = Ground(), rule(at(0, 0), at(0, 600), "ink3", 2)
    one, other = (bar_on(at(0, 100 + 200 * n), zero, norms.quantity(n), "width", 90.0, 40) for n in range(2))
    assert faults(VGroup(means(line, zero), one, other)) == []
    longer = bar_on(at(0, 500), zero, norms.quantity(2), "width", 108.0, 40)
    assert faults(VGroup(line, one, other, longer)) == [
        "marks are measured from one line along axis 0 by different units: [90.0, 108.0] px"
    ]


def test_a_step_that_begins_elsewhere_is_found() -> None:
    picture = stairs()
    picture[1][2].shift(RIGHT * units(20))
    assert len(faults(picture)) == 1


def test_an_area_that_was_drawn_too_large_is_found() -> None:
    picture = two_models()
    stretched(picture.small, 1.1, 1, DOWN)
    assert faults(picture) != []


def test_squares_with_the_fourth_power_as_area_are_found() -> None:
    assert faults(Pattern(told(weights(), lambda values: values**4), 80)) != []


def test_row_words_in_reverse_are_found() -> None:
    picture = pattern_with_words()
    words = picture[1]
    for text, height in zip(words, [word.get_y() for word in words][::-1], strict=True):
        text.set_y(height)
    assert len(faults(picture)) >= 2


def test_column_words_in_reverse_are_found() -> None:
    picture = pattern_with_words()
    words = picture[2]
    for text, x in zip(words, [word.get_x() for word in words][::-1], strict=True):
        text.set_x(x)
    assert len(faults(picture)) >= 2


def test_names_of_axes_that_were_swapped_are_found() -> None:
    run = trace().under("experiment.parts_removed")
    axes = Plot(run["step"], run["curve"])
    across, up = axes.names
    places = across.get_center(), up.get_center()
    across.move_to(places[1])
    up.move_to(places[0])
    assert len(faults(axes)) == 2


def test_the_names_of_axes_are_those_of_what_is_drawn_over_them() -> None:
    run = trace().under("experiment.parts_removed")
    steps, curve = run["step"], run["curve"].pick(part="nothing")[0]
    for x, y, right in ((steps, curve, 0), (curve, steps, 2)):
        axes = Plot(x, y, (steps.values, (0, 1)))
        assert len(faults(axes, axes.curve(steps, curve))) == right


def test_ticks_that_were_displaced_are_found() -> None:
    steps = trace()["experiment.parts_removed.step"]
    axes = Plot(steps, steps, ([0, *steps.values], [0, 1]))
    ticks = axes.ticks(steps.quantities())
    assert faults(axes, ticks) == []
    for part in (0, 1):
        others = axes.ticks(steps.quantities())
        for tick in others:
            tick[part].shift(RIGHT * units(14))
        assert len(faults(axes, others)) == len(steps), "a stem, and its number"


def test_a_curve_one_step_late_is_found() -> None:
    run = trace().under("experiment.parts_removed")
    steps, curve = run["step"], run["curve"].pick(part="nothing")[0]
    axes = Plot(steps, curve, ([0, *steps.values], [0, 1]))
    assert faults(axes, axes.curve(steps, curve)) == []
    assert faults(axes, axes.curve(steps, told(curve, lambda values: np.roll(values, 1)))) != []


def test_a_tangent_of_the_other_sign_or_beside_its_point_is_found() -> None:
    run = trace().under("experiment.variance")
    leads, curve, slope = run["curve_leads"], run["curve_weights"], run["one_slopes"].pick(choice="root")
    axes, (x, y) = Plot(leads, curve), (leads.quantity(0), curve.quantity(0))
    assert faults(axes, axes.tangent(x, y, slope, 1)) == []
    assert faults(axes, axes.tangent(x, y, slope, 1).flip(UP)) != []
    assert faults(axes, axes.tangent(x, y, slope, 1).shift(UP * units(9))) != []


def test_two_curves_that_were_exchanged_are_found() -> None:
    picture = plot()
    first, second = picture.labels.values()
    colours = first.get_fill_color(), second.get_fill_color()
    first.set_fill(colours[1])
    second.set_fill(colours[0])
    assert any("in the colour of" in fault for fault in faults(picture))


def test_a_curve_that_is_called_as_another_is_found() -> None:
    picture = plot()
    picture.labels["LSTM"].rewrite("Transformer, overall:")
    assert any("is called" in fault for fault in faults(picture))


def test_a_shape_that_took_on_another_look_is_judged_by_it() -> None:
    one, other = (ShareBar(weights().quantity(1, j)) for j in range(2))
    one.bar.points = other.bar.points.copy()
    assert faults(one) != []
    hand_over(one, other)
    assert faults(one) == []


def plates() -> list[Box]:
    """Three plates side by side, with the gap of a grid between them."""
    row = VGroup(*(Box(120, 60, palette().surface) for _ in range(3))).arrange(RIGHT, buff=units(8))
    return [*row]


def test_a_ring_close_around_a_plate_or_a_column_of_a_wide_one_is_true() -> None:
    left, middle, right = plates()
    wide = Box(800, 200, palette().surface)
    assert misdrawn([wide, left, middle, right, ring_around(middle)], trace()) == []
    column = VGroup(left, middle.shift(UP * 2), right.shift(DOWN * 2)).arrange(DOWN, buff=units(80))
    assert misdrawn([wide, column, ring_around(column)], trace()) == []


def test_a_ring_around_nothing_is_found() -> None:
    ring = ring_around(plates()[1])
    assert misdrawn([ring], trace()) == ["a ring is around nothing"]
    assert misdrawn([ring], trace(), moving={1}) == [], "what it goes around may be on its way"


def test_a_ring_under_what_it_goes_around_is_found() -> None:
    middle = plates()[1]
    assert misdrawn([ring_around(middle).set_z_index(0), middle], trace()) == ["a ring lies under what it goes around"]


def test_a_ring_that_cuts_into_a_neighbour_is_found() -> None:
    left, middle, right = plates()
    ring = ring_around(middle).shift(RIGHT * units(10))
    assert misdrawn([left, middle, right, ring], trace()) == ["a ring cuts 9 px into what stands beside it"]
