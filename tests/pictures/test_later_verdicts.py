"""The verdicts of chapters 9 to 14 and 16 follow the trace: where the fact is another one, so is the sentence."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from manim import tempconfig
from walking import RANDOM, SENTENCES, UNUSUAL, chapters, findings, name_of, trace_of, walk

from scenes.chapters.c08_heads.figures import FoundNouns
from scenes.layout import STAGE
from scenes.rendering import FastRenderer
from scenes.stage.chapter import TooLongError
from scenes.stage.notes import Note
from scenes.stage.step import Record
from transformer_core.studies.focus import focus_of
from transformer_core.tracing.trace import Trace

CHAPTERS = {name_of(chapter): chapter for chapter in chapters()}


def test_the_numbers_of_a_formula_are_listed_among_what_a_step_showed() -> None:
    record = findings(CHAPTERS["feed_forward"], SENTENCES[0], "dark").records[5]
    shown = {(span.source.name, span.source.index): span.shown for span in record.spans.values()}
    factors = "encoder.0.self_attn.factors"
    assert {index: text for (name, index), text in shown.items() if name.endswith(".factors")} == {
        (0,): "2",
        (1,): "−0.5",
    }, factors


def said(name: str, trace: Trace) -> str:
    """All that a chapter says of a trace, without playing anything."""
    with tempconfig({"media_dir": tempfile.gettempdir()}):
        scene = CHAPTERS[name](trace=trace, renderer=FastRenderer())
        return "\n".join(step.narration for step in scene.steps(trace.in_sight(scene.at_the_end)))


def changed(trace: Trace, **tensors: np.ndarray) -> Trace:
    """The trace with other values in some tensors; "__" stands for the dots of a name."""
    names = {name.replace("__", "."): np.asarray(values) for name, values in tensors.items()}
    new = {name: replace(trace.full(name), values=values) for name, values in names.items()}
    kept = {
        name: tensor
        for name, tensor in trace.tensors.items()
        if name.rpartition(".")[2] not in ("ablation_accuracy", "ablation_effect")
        and name.rpartition(".")[0] not in new  # derived from it
    }
    return Trace(kept | new, trace.parents, trace.about)


@pytest.mark.parametrize(
    ("above", "verdict"),
    [(-1.0, "Greedy missed a better one."), (1.0, "The beam dropped the better one of greedy decoding.")],
)
def test_greedy_missed_a_better_one_only_where_the_beam_scores_higher(above: float, verdict: str) -> None:
    trace = trace_of("The car is red")
    best = float(trace["decoding.beam.score"].values[int(trace["decoding.beam.hypotheses"].values[0])])
    other = changed(trace, decoding__greedy__score=np.array(best + above))
    probs = other.full("decoding.greedy.probs")
    labels = {**probs.labels, "step": (*probs.labels["step"][:-2], "verde", "<end>")}
    other.tensors[probs.name] = replace(probs, labels=labels)
    assert verdict in said("inference", other)
    assert "They agree: no step was in doubt." in said("inference", trace_of("The car is red"))


SAMPLING_VERDICTS = {"Most of the cost was the smoothing, not doubt.", "The rest is doubt."}


@pytest.mark.parametrize(
    ("sampled", "unsmoothed", "verdict"),
    [
        ((0.6, 0.61), (0.9, 0.91), {"Most of the cost was the smoothing, not doubt."}),
        ((0.6, 0.61), (0.65, 0.66), {"The rest is doubt."}),
        ((0.3, 0.9), (0.6, 1.0), {"The rest is doubt."}),  # no difference that counts
        ((0.2, 1.0), (0.9, 0.91), set()),
    ],
)
def test_label_smoothing_is_blamed_for_what_chance_costs_only_where_it_costs_most(
    sampled: tuple[float, float], unsmoothed: tuple[float, float], verdict: set[str]
) -> None:
    trace = trace_of("The car is red")
    exact = np.array([np.resize(scores, 5) for scores in (0.99, sampled, unsmoothed)])
    spoken = said("inference", changed(trace, experiment__sampling__exact=exact))
    assert {one for one in SAMPLING_VERDICTS if one in spoken} == verdict
    assert ("No difference that we can tell from chance." in spoken) == (not verdict)


def test_the_model_is_said_to_doubt_little_only_where_no_winner_has_less_than_half() -> None:
    for text, model in (("The car is red", None), ("The car is red", RANDOM)):
        trace = trace_of(text, model)
        sure = trace["decoding.greedy.chosen_probs"].values.min() > 0.5
        assert ("They agree: no step was in doubt." in said("inference", trace)) == sure


def test_an_lstm_is_said_to_follow_the_near_noun_only_where_it_writes_its_form_and_all_else_is_right() -> None:
    trace = trace_of("The car is red")
    assert "“cansado” is wrong: it agrees with “dog”." in said("lstm", trace)
    for fact, other in (("forms", {"woman": "cansada", "dog": "cansada"}), ("gold", trace.about["long"]["gold"][1:])):
        facts = trace.about | {"long": {**trace.about["long"], fact: other}}
        spoken = said("lstm", Trace(trace.tensors, trace.parents, facts))
        assert "it agrees with" not in spoken
        assert "The ringed words are wrong." in spoken


def test_a_word_is_said_to_look_at_a_state_only_where_this_has_over_half_of_its_weight() -> None:
    trace = trace_of("The car is red")
    assert "Now all is right. “la” looks at “woman”, which decides its form;" in said("lstm", trace)
    assert "“cansada” still at the last state: nobody told it where to look." in said("lstm", trace)
    weights = trace["other.long.lstm_with_attention.decoder.weights"].values
    for others, told in (
        (np.roll(weights, 1, axis=-1), "most from one state."),
        (np.full_like(weights, 1 / 2), "from the states that it needs."),
    ):
        spoken = said("lstm", changed(trace, other__long__lstm_with_attention__decoder__weights=others))
        assert f"Now all is right: each word takes {told}" in spoken
        assert "still at the last state" not in spoken


def test_a_new_sum_is_said_to_put_a_late_mask_right_only_where_the_weights_become_the_same() -> None:
    trace = trace_of("The car is red")
    assert "Dividing by the new sum repairs it; the mask needs no repair." in said("decoder", trace)
    apart = changed(trace, decoder__0__self_attn__divided_difference=np.array(0.1))
    assert "Divide by the new sum, and the weights are nearly right." in said("decoder", apart)


def test_a_quarter_of_the_usual_weights_is_said_to_be_chance_only_within_the_reach_of_it() -> None:
    trace = trace_of("The car is red")
    apart = trace["experiment.initial_scales.exact.effect"]
    assert not apart.pick(choice="quarter")
    assert "A quarter as large: too few dots to be sure." in said("training", trace)
    other = apart.values.copy()
    other[list(apart.labels["choice"]).index("quarter")] = 1
    surer = changed(trace, experiment__initial_scales__exact__effect=other)
    assert "A quarter as large: that is no chance." in said("training", surer)


def test_the_ball_is_said_to_climb_only_where_each_large_step_ends_higher() -> None:
    trace = trace_of("The car is red")
    losses = trace["experiment.descent.large_losses"].values
    for way in (np.sort(losses), np.sort(losses)[::-1]):
        spoken = said("training", changed(trace, experiment__descent__large_losses=way))
        assert ("the ball leaps over the valley, and climbs." in spoken) == (way[-1] > way[0])


def test_a_head_that_is_switched_off_is_judged_by_its_own_role() -> None:
    trace = trace_of("The car is red")
    before, after = (trace[f"experiment.heads_off.{name}"] for name in ("before", "encoder"))
    own = [*before.labels["choice"]].index("adjective(inflected)->noun")
    lost = before.values[:-1] - after.values[1, 1, :-1]
    spoken = said("interpretation", trace)
    assert f"loses only {lost[own]:.0%}, so the gender may have another way." in spoken
    assert "Into each of their words, theirs is the widest stream." in spoken
    spared = after.values.copy()
    spared[1, 1, own] = 0.5
    spared[0, 2] = before.values
    spoken = said("interpretation", changed(trace, experiment__heads_off__encoder=spared))
    assert "loses 50%." in spoken, "half may be a guess of the gender"
    assert "Into some of their words, theirs is not the widest." in spoken


def test_arcs_of_a_counted_case_are_those_of_the_two_best_heads_and_a_ring_is_around_its_noun() -> None:
    trace = trace_of(SENTENCES[0])
    picture = FoundNouns.of(trace, STAGE)
    assert picture is not None
    assert [float(one.shares[-1]) for one in picture.shares] == pytest.approx([1.0, 0.69], abs=0.01)
    run = trace.under("experiment.head_cases.determiner", model="english-spanish")
    case = picture.chips[0].label.name.rsplit("_", 1)[-1]
    noun = picture.chips[int(run["answers"].values[int(case)])].get_x()
    tops = [run[f"weights_{case}"].pick(**place).largest()[0].position for place in picture.places]
    ends = [one.strongest.points[0][0] for one in picture.arcs]
    assert ends == pytest.approx([picture.chips[top].get_x() for top in tops])
    assert picture.ring.get_x() == pytest.approx(noun)
    assert [end == pytest.approx(noun) for end in ends] == [True, False]
    assert [one.marks[-1].text for one in picture.arcs] == ["its noun", "another word"]
    mine, four = (
        Trace(trace.tensors, about={**trace.about, "model": name})
        for name in ("mine", "english-spanish-four-cross-heads")
    )
    assert FoundNouns.of(mine, STAGE) is None
    told = f"{FoundNouns.of(four, STAGE).shares[0].shares[-1]:share}"
    assert "over 99%" in told
    assert Note.measured_elsewhere(four, told) is None


def test_a_head_is_said_to_suffice_alone_only_where_no_other_moves_the_gender() -> None:
    trace = trace_of("The car is red")
    given, off = (trace[f"experiment.patching.car_{name}"].values for name in ("heads", "off"))
    assert np.unravel_index(given[1].argmax(), given[1].shape) == (1, 1)
    spoken = said("interpretation", trace)
    assert f"head B of the second layer alone gives “roja” {given[1, 1, 1]:.0%}." in spoken
    assert f"Without this head, “rojo” gets {off[0, 0, 1, 1]:.0%}." in spoken
    assert "After “la casa es”, “roja” wins: the Spanish words are enough." in spoken
    several, own = given.copy(), off.copy()
    several[1, 0, 0], own[:, 1] = 0.3, off[:, 0]
    spoken = said(
        "interpretation",
        changed(trace, experiment__patching__car_heads=several, experiment__patching__car_off=own),
    )
    assert "gives “roja” most" in spoken
    assert "the Spanish words are enough." not in spoken


def test_open_gates_are_said_to_let_more_of_the_gradient_through_only_where_they_do() -> None:
    trace = trace_of("The car is red")
    gradient = trace["experiment.recall.gradient"]
    assert gradient.axes == ("model", "distance")
    opened, usual = (gradient.labels["model"].index(name) for name in ("LSTM, gates open", "LSTM"))
    values = gradient.values.copy()
    assert values[opened, -1] > 1e9 * values[usual, -1]
    assert "Forget gates that start open let over a billion times as much through." in said("lstm", trace)
    values[opened] = values[usual]
    spoken = said("lstm", changed(trace, experiment__recall__gradient=values))
    assert "Forget gates that start open change it, too." in spoken


def test_all_vectors_are_said_to_change_with_a_word_only_where_each_does() -> None:
    trace = trace_of("The car is red")
    assert "In the encoder, all of them: every token attends to the new one." in said("faq", trace)
    moved = trace["encoder.1.resid_post.grown_change"].values.copy()
    moved[0, 0] = 0
    spoken = said("faq", changed(trace, encoder__1__resid_post__grown_change=moved))
    assert "In the encoder some of them, because tokens attend to the new one." in spoken


def test_other_heads_are_said_to_stand_in_only_where_all_together_cost_much_more() -> None:
    trace = trace_of("The car is red")
    singly, together = (float(trace[f"experiment.spare_heads.{name}"]) for name in ("added_up", "together"))
    assert f"Their losses add up to {singly:.1%}; together, {together:.1%} are lost: some stood in for others." in said(
        "faq", trace
    )
    assert together > 2 * singly
    alike = said("faq", changed(trace, experiment__spare_heads__together=np.array(singly)))
    assert "some stood in" not in alike
    assert f"together, {singly:.1%} are lost: that some stand in for others, this does not show." in alike


def test_a_head_is_said_to_add_little_only_where_the_value_of_its_sink_is_short() -> None:
    trace = trace_of("The car is red")
    name = f"other.swap.{focus_of(trace).path}.v_norm"
    norms = trace[name].values.copy()
    assert (
        "The value of “The” is short: 0.59, against 2.70 for “car”. Times its weight: 0.52, so the head adds"
        in " ".join(said("heads", trace).split())
    )
    norms[0, 1] = norms[0, 1, 1]
    long = said("heads", changed(trace, **{name.replace(".", "__"): norms}))
    assert "The value of “The” has length 2.70, that of “car” 2.70." in long
    assert "so the head adds little" not in long


def test_the_clearest_pattern_is_said_to_be_needed_most_only_where_it_is() -> None:
    trace = trace_of("The car is red")
    after = trace["experiment.heads_off.encoder"].values.copy()
    whole = [*trace["experiment.heads_off.before"].labels["choice"]].index("whole sentences")
    assert after[..., whole].argmin() == 5
    spoken = said("interpretation", trace)
    assert "99.7% are still right." in spoken
    assert f"Without head B of the second layer, {after[1, 1, whole]:.1%} are left." in spoken
    assert "The most needed goes by grammar, not place: “determiner to its noun”." in spoken
    after[0, 0, whole] = 0.1
    spoken = said("interpretation", changed(trace, experiment__heads_off__encoder=after))
    assert "Without the clearest pattern, only 10.0% are right." in spoken
    assert "Here, the clearest pattern is the most needed." in spoken


def test_one_vector_is_said_to_decide_only_where_no_other_has_a_part_in_it() -> None:
    trace = trace_of("The car is red")
    assert "at each depth, only one vector decides." in said("interpretation", trace)
    prob = trace["experiment.patching.car_prob"].values.copy()
    prob[1, 1, 2] = 0.3
    assert "several vectors have a part in it." in said(
        "interpretation", changed(trace, experiment__patching__car_prob=prob)
    )
    prob[1, 2] = prob[1, 0]
    assert "After the last layer, it is 81%." in said(
        "interpretation", changed(trace, experiment__patching__car_prob=prob)
    )


def test_a_wrong_word_is_said_to_mislead_what_follows_only_where_the_right_one_mends_it() -> None:
    trace = trace_of(SENTENCES[0])
    assert "Without it, “el casa es rojo” goes wrong at “el”: after “la”, “roja” follows." in said(
        "interpretation", trace
    )
    mended = trace["experiment.patching.car_mended"].values[::-1].copy()
    spoken = said("interpretation", changed(trace, experiment__patching__car_mended=mended))
    assert "goes wrong at" not in spoken
    assert "For “la casa es roja”, without it, “roja” gets 1%." in spoken


def test_other_inductions_are_said_to_have_a_second_head_only_where_each_has_two_stripes() -> None:
    trace = trace_of("The car is red")
    told = "there, a second head has the stripe, too."
    stripes, left = (trace[f"experiment.induction.{name}"].values for name in ("stripe_by_seed", "ablated_by_seed"))
    assert np.sort(stripes[1:, 1])[:, 0].min() > 0.5 > np.sort(stripes[0, 1])[0]
    assert min(left[1, 1, 0], left[2, 1, 1]) > left[0, 1, 0]
    assert told in said("interpretation", trace)
    lone = stripes.copy()
    lone[2, 1, 0] = 0.1
    assert told not in said("interpretation", changed(trace, experiment__induction__stripe_by_seed=lone))


def test_a_role_of_which_little_is_right_without_a_head_has_its_cell() -> None:
    words = {span.source.index for span in _step("interpretation", 3).spans.values()
             if span.source.name == "experiment.heads_off.ablation_effect"}  # fmt: skip
    kinds = trace_of(SENTENCES[0])["experiment.heads_off.before"].labels["choice"]
    shown = {kinds[index[0]] for index in words}
    assert {"adjective->referent", "adjective(inflected)->noun"} <= shown


def _step(name: str, number: int) -> Record:
    return findings(CHAPTERS[name], SENTENCES[0], "dark").records[number - 1]


@pytest.mark.parametrize(("text", "model"), [("because because because", None), ("The car is red", RANDOM)])
def test_queries_have_top_keys_of_their_own_only_if_no_two_have_the_same(text: str, model: Path | None) -> None:
    trace = trace_of(text, model)
    layer = trace.about.get("card", {}).get("alignment", {}).get("layer", 1)
    weights = trace[f"decoder.{layer}.cross_attn.weights"].values[0].mean(0)[:-1]
    first, last = trace.about.get("windows", {}).get("ending", (0, len(weights) + 1))
    places = weights[first : last - 1].argmax(-1)
    spoken = said("decoder", trace)
    assert len(places) > 1
    assert ("a token of its own" in spoken) == (len({*places}) == len(places))
    assert ("All attend most to the same token." in spoken) == (len({*places}) == 1)


def test_nothing_is_said_to_be_learned_or_trained_of_random_weights() -> None:
    trace = trace_of("The car is red", RANDOM)
    assert "learned" not in said("decoder", trace)
    assert "trained: “" not in said("training", trace)


def test_an_empty_translation_writes_the_end_mark_and_nothing_else() -> None:
    trace = trace_of("it")
    assert trace.about["output_tokens"] == []
    assert "About to write “<end>”" in said("decoder", trace)
    assert "here it comes at once" in said("inference", trace)


def test_a_token_that_looks_at_another_one_of_the_same_word_looks_elsewhere() -> None:
    trace = trace_of("the car the car")
    focus = focus_of(trace)
    weights = trace[f"{focus.path}.weights"].values[0, focus.head, focus.query_token.position]
    turned = trace[f"{focus.path}.swapped_weights"].values[0, focus.head, focus.query_token.position]
    assert ("attended to" not in said("faq", trace)) == (weights.argmax() == turned.argmax())


def test_a_translation_that_does_not_end_is_seen_through_a_window_and_a_whole_one_is_not() -> None:
    assert trace_of("because because because").about["windows"] == {"target": [13, 23], "ending": [13, 23]}
    assert trace_of(UNUSUAL[-1]).about["windows"] == {}


def test_a_sentence_too_long_for_a_picture_is_refused_also_if_its_translation_has_a_window() -> None:
    trace = trace_of("because " * 14)
    assert "ending" in trace.about["windows"]
    with pytest.raises(TooLongError, match="14 words"):
        walk(CHAPTERS["decoder"], "because " * 14, "dark", lambda _: None)


def test_one_head_is_said_to_cost_something_only_where_the_difference_counts_among_all() -> None:
    trace = trace_of("The car is red")
    spoken, exact = said("arguing", trace), trace["experiment.parts_removed.exact"]
    heads, whole = (list(exact.labels["part"]).index(part) for part in ("all heads but one", "nothing"))
    assert not trace["experiment.parts_removed.exact.effect"].values[heads]
    assert "Rare as one try, ours is not rare as the farthest of many." in spoken
    assert "We can’t tell it from chance, and that is a result, too." in spoken
    assert "Beside this one, one head is ahead." in spoken, "another seed turns the verdict around"
    worse = exact.values.copy()
    worse[heads] -= 0.05
    spoken = said("arguing", changed(trace, experiment__parts_removed__exact=worse))
    assert "Who knows what the next seed makes of it?" in spoken
    far = "We can’t tell it from chance, and that is a result, too."
    assert far in spoken, "of five trainings each, 2 of 252 ways are the least, which is not rare among eight tries"
    beyond = trace["experiment.parts_removed.exact.studies_beyond"].values * 0
    spoken = said("arguing", changed(trace, experiment__parts_removed__exact__studies_beyond=beyond))
    assert "So it costs something." in spoken
    assert far not in spoken
    worse[heads] = worse[whole]
    spoken = said("arguing", changed(trace, experiment__parts_removed__exact=worse))
    assert "we can’t tell it from chance." in spoken
    assert "Rare as one try" not in spoken


def test_the_best_beginnings_are_said_to_follow_one_word_only_where_they_do() -> None:
    trace = trace_of("The car is red")
    best, other = "Of all that could follow, the best all follow “el”.", "All that could follow is tried."
    assert best in said("inference", trace)
    parent = trace["decoding.beam.parent"].values.copy()
    parent[10] = 2  # the second best sum of two words
    spoken = said("inference", changed(trace, decoding__beam__parent=parent))
    assert best not in spoken
    assert other in spoken


def test_rows_are_said_to_look_for_the_word_that_is_written_next_only_where_each_does() -> None:
    trace = trace_of("The car is red")
    told = "Each row but the last looks for the word to be written next."
    assert told in said("heads", trace)
    weights = trace["decoder.1.cross_attn.weights"].values.copy()
    weights[:, :, 1] = weights[:, :, 3]  # the second row looks as the fourth one does
    spoken = said("heads", changed(trace, decoder__1__cross_attn__weights=weights))
    assert told not in spoken
    assert "Each row adds up to one." in spoken
