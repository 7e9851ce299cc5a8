import numpy as np
import pytest
from small import traced

from transformer_core.tracing.trace import Trace

KEYS, QUERIES, PAIRS = "batch head key d_head", "batch head query d_head", "batch head query key"
PATH = "encoder.0.self_attn"


def attention(found):
    # Shares 1/4 and 3/4 of the values (4, 0) and (0, 4): the mix is (1, 3). The loss rises along the first entry.
    return traced(
        {
            f"{PATH}.weights": (PAIRS, [[[[0.25, 0.75]]]]),
            f"{PATH}.v": (KEYS, [[[[4, 0], [0, 4]]]]),
            f"{PATH}.z": (QUERIES, [[[[1, 3]]]]),
            f"gradients.{PATH}.z": (QUERIES, [[[[2, 0]]]]),
            f"gradients.{PATH}.scaled": (PAIRS, [[[found]]]),
        }
    ).under(f"gradients.{PATH}", batch=0, head=0, query=0)


def test_a_wrong_formula_would_be_seen():
    assert attention([3.0, -1.5])["score_gradient_difference"] == pytest.approx(0.5)


def test_each_link_of_the_chain_is_what_a_nudge_of_the_score_found_and_together_they_are_its_gradient():
    run = Trace({}).under("experiment.descent")
    place, middle = int(run["place"]), len(run["nudge"]) // 2
    found = run.under("gradients.decoder.1.cross_attn", batch=0, head=0, query=place)
    around = slice(middle - 1, middle + 2, 2)
    for key in range(len(run["nudged_loss"])):
        weights, leads = run["nudged_weights"].values[key, around, key], run["nudged_log_odds"].values[key, around]
        scores, losses = run["nudge"].values[around], run["nudged_loss"].values[key, around]
        way, gain, last = (
            found["score_to_weight"].values[key],
            found["weight_to_log_odds"].values[key],
            run["log_odds_to_loss"],
        )
        assert np.diff(weights) / np.diff(scores) == pytest.approx(way, rel=0.01)
        assert np.diff(leads) / np.diff(weights) == pytest.approx(gain, rel=0.02, abs=0.01)
        assert np.diff(losses) / np.diff(leads) == pytest.approx(float(last), rel=0.001)
        assert way * gain * last == pytest.approx(found["scaled"].values[key], rel=1e-5, abs=1e-8)
