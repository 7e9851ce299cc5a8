"""Questions on chapters 17 to 20: a language model from outside and inside, arguing with experiments, and sizes."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from transformer_core.studies.measures.ablation_trainings import WHOLE
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import Trace

HEADS = "all heads but one"
#: By depth, a model with a norm and one without.
NORMS = {
    "shallow": ("shallow, pre-norm, no warm-up", "shallow, no norm, no warm-up"),
    "deep": ("pre-norm, no warm-up", "no norm, no warm-up"),
}
#: Axes along which there is an entry for each token.
LENGTHS = {"position", "query", "key"}


def language_model(trace: Trace) -> Iterator[Question]:
    run = trace.under("experiment.long_prompt")
    apart, place = run["apart"].values, int(run["name"])
    before, after = bool((apart[:, :place] == 0).all()), bool((apart[-1, place:] > 0).all())
    yield Question(
        "One word in the middle of a long prompt is changed. Which vectors of a language model change?",
        ("That of the word and those after it", before and after),
        ("That of the word alone", before and not after),
        ("All vectors", not before and after),
        ("Those before it", not before and not after),
        because="Because of the causal mask: each token attends to those before it, and to none after it.",
        step="Change one word, and all that follows changes",
    )
    here, new = run["recalled"].quantities()
    yield Question(
        "You told a language model your name, and begin a new chat. What does it still know of the first one?",
        ("Nothing: it knows its context window", bool(new < here / 100)),
        ("What was important, for that it has learned", bool(new > here / 2)),
        ("All of it, until it is switched off", bool(new == here)),
        because=f"Because its parameters are as before. In the same chat it gives the name {here:share}, in a new one "
        f"{new:.2%}.",
        step="The context window: all that it has",
    )
    yield Question(
        "A language model has written a wrong token. Can greedy decoding take it back?",
        ("No: the text goes on from it", before),
        ("Yes: with the next token it corrects the one before", not before),
        ("Yes, if its probability was low", False),
        because="Because the next token is chosen, and what stands is not looked at again. A beam search keeps others "
        "for a while.",
        step="What is written stays",
    )


def inside(trace: Trace) -> Iterator[Question]:
    run = trace.under("experiment.inside_prose")
    ratio, sink = run["value_ratio"], run["sink"]
    yield Question(
        "In many heads most attention goes to the first token, which has nothing to say. Why?",
        ("Weights must go somewhere, and its value is short", bool(ratio < 1 / 2)),
        ("It is the most important word of a text", bool(ratio > 1)),
        ("It is the only one that the causal mask leaves to them", bool(sink == 1)),
        because=f"Because softmax must give out a hundred per cent, and values of sinks are {ratio:share} as long as "
        "others.",
        step="A head with nothing to say",
    )
    _, _, induction, _ = run["named"].quantities()
    resting = run["resting"]
    yield Question(
        "Two heads rest on the first token. How do you find out which of them is an induction head?",
        ("With a text in which a token returns", bool(resting > 0)),
        ("By their attention weights in any other text", bool(resting == 0)),
        ("It is always the one in the higher layer", False),
        because=f"Because it wakes only where there is something to copy. Here {resting:.0f} of {induction:.0f} "
        "induction heads rest until then.",
        step="A name returns, and the head wakes",
    )
    same = bool((trace["experiment.pronoun.weights"].values == 0).all())
    word = next(word for word in run["it_first"].words("key") if word.strip() == "it")
    yield Question(
        f"The last word of a sentence decides what “{word}” means. Does a language model see that at “{word}”?",
        ("No: it has not read the last word yet", same),
        ("Yes: there attention goes to the right noun", not same),
        ("Yes, but only in the last layer", False),
        because="Because it reads from left to right, and later words are masked. At the last word it can look back.",
        step="“{0}” cannot see what comes after it",
    )


def arguing(trace: Trace) -> Iterator[Question]:
    run, deep = trace.under("experiment.parts_removed"), trace.under("experiment.depth_and_norm")
    whole, one = (run["exact"].pick(part=part) for part in (WHOLE, HEADS))
    first, other = one.quantity(0), whole.quantity(0)
    _, enough, *_ = run["exact.trainings_of_each"].quantities()
    low = whole.pick(seed=slice(int(enough))).smallest()[-1]
    turned = bool(other > first > low)
    yield Question(
        f"One training with all parts gets {other:.1%} right, one with a single head {first:.1%}. What does that show?",
        ("Nothing yet: chance may turn it around", turned),
        ("That one head is not enough for this task", bool(low > first)),
        ("That one head is enough", bool(first > other)),
        because=f"Because the whole model gets {low:.1%} from another start. Several trainings of each tell how far "
        "chance reaches.",
        step="Is one training enough?",
    )
    missing = run["parameters.missing"].pick(part="feed-forward")
    yield Question(
        "Without its feed-forward networks a model gets worse. What has to be asked before they are called needed?",
        ("What else changed, such as its size", bool(missing > 0)),
        ("Nothing: all else stayed as it was", bool(missing == 0)),
        ("Whether its loss fell, too", False),
        because=f"Because {missing:share} of the parameters went with them. A fair rival would be as large.",
        step="What else changed?",
    )
    better = {}
    for depth, pair in NORMS.items():
        with_, without = (deep["exact"].pick(model=name) for name in pair)
        gain = float(without.values.mean() - with_.values.mean())
        better[depth] = gain * counts(with_, without)
    turns = bool(better["shallow"] > 0 > better["deep"])
    yield Question(
        "A shallow model does better without Norm. Should every model be built so?",
        ("No: try it at the size of yours", turns),
        ("Yes: what helps a small model helps a large one", bool(better["deep"] > 0)),
        ("No: Norm helps at every size", bool(min(better.values()) < 0) and not turns),
        because="Because here a deep model needs what a shallow one is better off without. A verdict holds for a "
        "stated size.",
        step="A verdict holds for one size",
    )


def faq(trace: Trace) -> Iterator[Question]:
    learned = [trace[name].axes for name in trace if name.startswith("parameters.encoder.")]
    grows = any(LENGTHS & {*axes} for axes in learned)
    yield Question(
        "A sentence is twice as long. Which matrices of parameters become larger?",
        ("None", not grows),
        ("Those of queries, keys and values", grows),
        ("That of the feed-forward network", False),
        ("All of them", False),
        because="Because lengths come from the sentence, widths are settings, and a matrix of parameters has only "
        "widths.",
        step="What changes when the sentence is longer?",
    )
    pairs, words = trace["config.score_count"], trace["config.words"]
    square = bool(pairs == words * words)
    yield Question(
        "A sentence is twice as long. How many scores has a head of the encoder then?",
        ("Four times as many", square),
        ("Twice as many", bool(pairs == 2 * words) and not square),
        ("As many as before", False),
        ("Eight times as many", False),
        because=f"Because every query meets every key: here {pairs} scores in each head.",
        step="What changes when the sentence is longer?",
    )
    others = trace["parameters.published_shares"]
    big = others.words("model")[-1]
    shares = others.pick(model=big)
    most, share = shares.largest()
    parts = {
        "feed-forward": "In feed-forward networks",
        "attention": "In attention",
        "embeddings": "In embeddings of words",
    }
    yield Question(
        f"Where does {big} have most of its parameters?",
        *((text, part == most) for part, text in parts.items()),
        because=f"Because a layer of a feed-forward network is wide: together they hold {share:share}. In a small "
        "model like this one, it can be otherwise.",
        step="Which part holds the most parameters?",
    )
