"""Questions on chapters 1 to 4: meanings as vectors, the way through the model, LSTMs, and the boxes of the encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.studies.measures.attention_weights import softmax
from transformer_core.studies.measures.permutation import TURNED
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.trace import Trace

#: How far a score is raised.
RAISE = 1.0
#: What an LSTM makes of the long sentence that the film shows.
LONG_READER = "other.long.lstm.encoder"
#: Boxes whose part in `sensitive_pairs` is asked for.
BOXES = {"attention": "Attention", "norm": "The layer norm", "feed-forward": "The feed-forward network"}


def meaning(trace: Trace) -> Iterator[Question]:
    run = trace.under("experiment.meaning.lookup", query=0)
    scores, weights = run["scores"].values, run["weights"]
    raised = softmax(scores + RAISE * (np.arange(len(scores)) == 0))[1:] - softmax(scores)[1:]
    best, share = weights.largest()
    yield Question(
        "One score is raised, and softmax runs again. What happens to the weights of all others?",
        ("They all become smaller", bool((raised < 0).all())),
        ("They stay as they are, for their own scores stay", bool((raised == 0).all())),
        ("Only that of the next best becomes smaller", bool((raised < 0).sum() == 1)),
        ("They all become larger", bool((raised > 0).all())),
        because="Because all weights add up to one: what one gets, the others lose.",
        step="Softmax: scores become weights",
    )
    yield Question(
        "A dictionary is asked for a key that it does not have. What does a soft lookup give?",
        ("A weighted mixture of all values", bool((weights.values > 0).all() and share < 1)),
        ("The value of the most similar key, and no other", bool(share == 1)),
        ("Nothing, for the key is not there", bool((weights.values == 0).all())),
        because=f"Because softmax gives every key a weight. In the film, the best one, “{best}”, gets {share:share}.",
        step="A soft lookup in a dictionary",
    )
    names = [f"other.{sense}.embed_src.token" for sense in SENSES]
    if any(name not in trace for name in names):
        return
    words = [trace[name].words("position") for name in names]
    word = next(word for word in words[0] if word == "bank")
    first, second = (trace[name].pick(batch=0, position="bank").values for name in names)
    same = np.array_equal(first, second)
    yield Question(
        f"“{word}” stands in two sentences, with two meanings. What does the embedding table give?",
        ("The same vector for both", same),
        ("A vector for each meaning", not same),
        ("A vector that knows the words around it", False),
        because="Because the table knows only which token it is. What moves it to a meaning are the neighbours, by "
        "attention.",
        step="One “{0}”, two meanings",
    )


def basics(trace: Trace) -> Iterator[Question]:
    memory = trace[decoder_rows_of(trace).named("embed_src.sum")]
    words, width = trace["config.words"], trace["config.d_model"]
    kept = bool(memory.size("position") == words)
    yield Question(
        "A sentence goes into the encoder, one vector for each token. How many vectors come out?",
        ("As many as went in", kept),
        ("One, which holds the whole sentence", bool(words == 1)),
        ("Fewer, for the encoder compresses", not kept),
        ("One for each word of the translation", False),
        because=f"Because every box of the encoder gives back a vector of {width} numbers for each that it gets. "
        "Nothing gets shorter; each vector now knows its context.",
        step="The encoder: understand",
    )
    cross = trace.parents["decoder.0.cross_attn.k"][0]
    reads = "decoder.0.self_attn.k" in trace and cross.startswith("encoder.")
    yield Question(
        "What does the decoder read when it writes the next word?",
        ("Vectors of the encoder, and what is written so far", reads),
        ("Vectors of the encoder alone, for they hold the sentence", not reads),
        ("The words of the source, and no vectors", cross.startswith("embed_src.")),
        ("The whole translation, from the first word to the last", False),
        because="Because each word that is written becomes an input, and cross-attention brings in the source.",
        step="The decoder: generate",
    )
    answers = trace["experiment.next_token.water"]
    likeliest, most = answers.largest()
    right = next(word for word in answers.words("rank") if word.strip() == "oxygen")
    yield Question(
        f"A language model gives “{likeliest}” a higher probability than “{right}”. What does that tell?",
        ("That it is likelier in texts like those it learned from", likeliest != right),
        ("That it is true, for most texts that it learned from are right", likeliest == right),
        ("That it has looked the answer up", False),
        because=f"Because it learned which words are likely, and nobody told it which are true: “{likeliest}”, with "
        f"{most:share}, is wrong.",
        step="Likely is not the same as true",
    )
    if f"{LONG_READER}.cells" not in trace:
        return
    parts = trace[f"{LONG_READER}.memory_shares"].pick(batch=0)
    end = len(parts) - 1
    first, last = parts.quantity(end, 0), parts.quantity(end, end)
    equal = trace[f"{LONG_READER}.equal_shares"].quantity(end)
    yield Question(
        "A network reads a long sentence word by word, into one memory. What gets lost on the way?",
        ("Words that it read early", bool(first < equal < last)),
        ("Words that it read late, for the memory is full", bool(last < equal < first)),
        ("No word: all keep an equal part", bool(first == equal == last)),
        because=f"Because each word changes the memory. At the end {first:share} of it comes from the first word, and "
        f"{last:share} from the last; an equal share is {equal:share}.",
        step="How far apart are two words?",
        chapter="lstm",
    )


def lstm(trace: Trace) -> Iterator[Question]:
    hops = trace["other.long.lstm.encoder.recurrent_path_lengths"]
    far = hops.largest()[-1]
    yield Question(
        "Two words stand far apart. How does the first reach the second in an LSTM, and how by attention?",
        ("By an update for each word between; in one step", bool(far > 1)),
        ("In one step; in one step as well", bool(far == 1)),
        ("In one step; by a weight for each word between", False),
        because=f"Because an LSTM hands its memory on from word to word, in the film {far} times, and attention lets "
        "every token look at every other.",
        step="How far apart are two words?",
    )
    run = trace.under("experiment.against_lstm")
    bought = run["exact.share_of_gain"]
    yield Question(
        "The Transformer translates more new sentences rightly than the LSTM. Where does most of the gain come from?",
        ("From attention, which an LSTM can have as well", bool(bought > 1 / 2)),
        ("From all else that is new in a Transformer", bool(bought < 1 / 2)),
        ("From a larger number of parameters", False),
        because=f"Because with attention alone the LSTM makes {bought:share} of the way. The three are of about one "
        "size.",
        step="What does attention buy?",
    )
    block = f"{TURNED}.encoder.{trace.about['config']['encoder_layers'] - 1}.resid_post"
    if block not in trace:
        return
    most = trace[f"{block}.largest_exchange_change"]
    yield Question(
        "Two words change places. What happens to the vectors of attention without positions?",
        ("They change places with their words, and stay the same", bool(most < ROUNDING)),
        ("Every vector becomes another, for its neighbours have moved", bool(most >= ROUNDING)),
        ("Only the vectors of these two words become others", False),
        because=claim(
            bool(most < ROUNDING),
            "Because a weighted sum is the same in any order. An LSTM notices: it makes each state from the one "
            "before.",
            "Because positions are known here in another way.",
        ),
        step="Who notices the order?",
    )


def encoder(trace: Trace) -> Iterator[Question]:
    values = trace["encoder.0.self_attn.v"].values
    brings = bool((np.abs(values).sum(-1) > 0).all())
    yield Question(
        "A sentence has a single word. Which boxes of the encoder still do something?",
        ("All of them", brings),
        ("All but attention, for there is nothing to attend to", not brings),
        ("None but the embedding, and the position that is added to it", False),
        because="Because attention gives the word the whole weight: its output is the value of the word itself.",
        step="Where does one vector see another?",
    )
    part = trace.under("encoder.0", batch=0)
    entered, out, summed = (part[name].values for name in ("resid_pre", "self_attn.out", "resid_attn"))
    yield Question(
        "Attention has made an output for a token. What does a residual connection do with it?",
        ("It is added to the vector that went in", np.allclose(entered + out, summed)),
        ("It takes the place of the vector that went in", np.allclose(out, summed)),
        ("The mean of both goes on", np.allclose((entered + out) / 2, summed)),
        because="Because the next box reads the sum: the vector is still there, and attention changes it.",
        step="A residual connection: added, not replaced",
    )
    pairs = trace["encoder.0.sensitive_pairs"]
    yield Question(
        "The vector of one token is changed. In which box can this change the vector of another token?",
        *((text, bool(pairs.pick(part=name) > 0)) for name, text in BOXES.items() if name in pairs.labels["part"]),
        because="Because attention mixes vectors, and every other box works on each by itself.",
        step="Where does one vector see another?",
    )
