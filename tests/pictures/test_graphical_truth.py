"""A length, a thickness or an end of a line that means a number is read back from the drawing, and is that number."""

from __future__ import annotations

import numpy as np
import pytest
from walking import trace_of

from scenes.chapters.c05_qkv.figures import TokenPairs, VectorLengths
from scenes.chapters.c12_decoder.bridge import FAINT, CrossAttentionBridge
from scenes.chapters.c14_inference.writing import BeamTree
from scenes.layout import STAGE
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.bars import ShareBar
from scenes.mobjects.marks.judging import between, box_of
from scenes.mobjects.text import Words
from scenes.mobjects.widening import Widening
from scenes.theme import drawn_in, units
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.trace import NamedTensor

#: The model that is read, in which a beam search has kept and given up beginnings.
TEXT = "the animal did not cross the street because it was too tired"


@pytest.fixture(autouse=True)
def _dark():
    with drawn_in("dark"):
        yield


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))


def nearest(point: np.ndarray, among: list[np.ndarray]) -> int:
    return int(np.argmin([distance(point, one) for one in among]))


def test_the_length_of_a_bar_is_its_share_of_the_track() -> None:
    shares = trace_of("The car is red")["encoder.0.self_attn.weights"].pick(batch=0, head=1, query="red")
    for quantity in shares.quantities():
        bar = ShareBar(quantity)
        assert bar.bar.width / bar.track.width == pytest.approx(max(float(quantity), 2 / 340), abs=1e-6)
        assert bar.bar.get_left()[0] == pytest.approx(bar.track.get_left()[0])


def test_vectors_before_and_after_a_norm_are_as_wide_as_they_are_long() -> None:
    before = trace_of("The car is red")["encoder.1.ln1.normalized"].pick(batch=0)
    lengths = [
        NamedTensor(name, np.array(values), ("position",))
        for name, values in (("one", [3.0, 6.0, 1.5, 4.5]), ("other", [4.0, 4.0, 4.0, 4.0]))
    ]
    figure = VectorLengths([before, before], lengths, [Words(text, "fact") for text in ("one", "other")], STAGE)
    wide = np.array([[row.plate.width for row in rows] for rows in figure.stages])
    units_drawn = wide / np.array([tensor.values for tensor in lengths])
    assert units_drawn.shape == (2, 4)
    assert np.allclose(units_drawn, units_drawn[0, 0])
    left = [row.get_left()[0] for rows in figure.stages for row in rows]
    assert np.allclose(left, left[0])


def test_an_edge_of_the_beam_tree_leads_from_the_word_before_to_the_word_after() -> None:
    tree = trace_of(TEXT).under("decoding.beam")
    picture = BeamTree(tree)
    step, parent = tree["step"].values, tree["parent"].values
    words, checked = picture.words, 0
    for t, nodes in enumerate(picture.nodes, 1):
        for node in nodes:
            line = picture.edges[node]
            start, end = line.points[0], line.points[-1]
            assert nodes[nearest(end, [words[n].get_left() for n in nodes])] == node
            if t > 1:
                before = picture.nodes[t - 2]
                boxes = [box_of(picture.lanes.get(n, picture.words[n])) for n in before]
                assert before[int(np.argmin([between(box, (start, start)) for box in boxes]))] == parent[node]
                checked += 1
    assert checked > 5
    several = [len({int(parent[n]) for n in np.flatnonzero(step == t)}) for t in range(2, len(picture.nodes) + 1)]
    assert max(several) > 1  # or a wrong parent could not be seen


def test_arcs_lead_from_the_keys_to_their_query_and_are_as_thick_as_the_weights() -> None:
    weights = trace_of("The car is red")["encoder.0.self_attn.weights"].pick(batch=0)
    seen = (weights.values > 0.01).sum(-1)
    head, query = map(int, np.unravel_index(seen.argmax(), seen.shape))
    row = weights.pick(head=head, query=query)
    picture = Arcs(row.words("key"), query, row)
    tops = [chip.get_top() for chip in picture.chips]
    drawn = {nearest(arc.points[0], tops): arc for arc in picture.arcs}
    assert drawn.keys() == {j for j, weight in enumerate(row.values) if j != query and weight > 0.01}
    assert all(nearest(arc.points[-1], tops) == query for arc in picture.arcs)
    thick = {j: arc.get_stroke_width() for j, arc in drawn.items()}
    (low, *_, high) = sorted(thick, key=lambda j: float(row.values[j]))
    unit = (thick[high] - thick[low]) / float(row.values[high] - row.values[low])
    for j, width in thick.items():
        assert width - thick[low] == pytest.approx(unit * float(row.values[j] - row.values[low]), abs=1e-6)
    assert unit > 0


def test_curves_of_cross_attention_lead_from_the_source_word_to_the_word_that_is_written() -> None:
    trace = trace_of("The car is red")
    looks = trace["decoder.1.cross_attn.weights"].pick(batch=0, head=0, query=slice(0, -1))
    memory = trace["encoder.final_norm.out"].pick(batch=0)
    reads = trace["probs"].words("position")
    picture = CrossAttentionBridge(looks, reads[:-1], reads[1:], memory, ["layer 2"])
    above, below = ([chip.get_center() for chip in chips] for chips in (picture.source, picture.written))
    for row, curves in enumerate(picture.curves):
        ends = [(nearest(line.points[0], above), nearest(line.points[-1], below)) for line in curves]
        assert all(end == row for _, end in ends)
        weights = looks.values[row]
        assert [start for start, _ in ends] == [int(j) for j in np.argsort(weights) if weights[j] >= FAINT]
        widths = [line.get_stroke_width() for line in curves]
        assert widths == sorted(widths)


def test_bars_of_neurons_are_as_long_and_as_far_from_zero_as_their_values() -> None:
    part = trace_of("The car is red").under("encoder.1", batch=0)
    token = part["ffn.pre"].label("position", 3)
    names = ("ln2.out", "ffn.pre", "ffn.post", "ffn.out")
    rows = _, pre, post, _ = [part[name].pick(position=3) for name in names]
    picture = Widening(rows, (pre.quantity(0), pre.quantity(1)), 5, ["x"], token)
    scale = picture.unit
    assert 5 in picture.shown
    for bars, values in ((picture.before, pre.values), (picture.after, post.values)):
        for bar, value in zip(bars, values[picture.shown], strict=True):
            assert bar.height == pytest.approx(max(abs(value) * scale, units(1.5)), rel=1e-6)
            assert bar.get_y() == pytest.approx(picture.zero.get_y() + value * scale / 2, abs=1e-6)


def test_an_arrow_between_two_tokens_leads_from_the_query_to_the_key_of_its_score() -> None:
    trace = trace_of("The car is red")
    focus = focus_of(trace)
    for pairs in TokenPairs.both(focus.seen(trace), focus.query_token, focus.top_key):
        assert len(pairs.readings) == 2
        for query, way, key, shown in pairs.readings:
            (score,) = shown.spans
            assert score.source.index[-2:] == (query.label.position, key.label.position)
            assert (query.label.axis, key.label.axis) == ("query", "key")
            assert query.get_right()[0] < way.get_left()[0] < way.get_right()[0] < key.get_left()[0]
            assert nearest(way[1].points[0], [query.get_right(), key.get_left()]) == 1
