"""Questions on reading word by word, and all at once."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.measures.permutation import TURNED
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask how far two words are apart, who notices the order, and what attention buys."""
    hops = trace["other.long.lstm.encoder.recurrent_path_lengths"]
    far = hops.largest()[-1]
    yield Question(
        "Two words stand far apart. How does the first reach the second in an LSTM, and how by attention?",
        (
            ("By an update for each word between; in one step", bool(far > 1)),
            ("In one step; in one step as well", bool(far == 1)),
            ("In one step; by a weight for each word between", False),
        ),
        f"Because an LSTM hands its memory on from word to word, in the film {far} times, "
        "and attention lets every token look at every other.",
        "How far apart are two words?",
    )
    run = trace.under("experiment.against_lstm")
    bought = run["exact.share_of_gain"]
    yield Question(
        "The Transformer translates more new sentences rightly than the LSTM. Where does most of the gain come from?",
        (
            ("From attention, which an LSTM can have as well", bool(bought > 1 / 2)),
            ("From all else that is new in a Transformer", bool(bought < 1 / 2)),
            ("From a larger number of parameters", False),
        ),
        f"Because with attention alone the LSTM makes {bought:share} of the way. The three are of about one size.",
        "What does attention buy?",
    )
    block = f"{TURNED}.encoder.{int(float(trace['config.encoder_layers'])) - 1}.resid_post"
    if block not in trace:
        return
    most = trace[f"{block}.largest_exchange_change"]
    yield Question(
        "Two words change places. What happens to the vectors of attention without positions?",
        (
            ("They change places with their words, and stay the same", bool(most < ROUNDING)),
            ("Every vector becomes another, for its neighbours have moved", bool(most >= ROUNDING)),
            ("Only the vectors of these two words become others", False),
        ),
        claim(
            bool(most < ROUNDING),
            "Because a weighted sum is the same in any order. An LSTM notices: it makes each state from the one "
            "before.",
            "Because positions are known here in another way.",
        ),
        "Who notices the order?",
    )
