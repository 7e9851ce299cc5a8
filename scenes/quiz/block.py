"""Questions on chapters 9 to 12: order, Add and Norm, the feed-forward network, and the decoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.decoder_rows import FIRST, argmax_leak
from transformer_core.studies.focus import embedding_of, focus_of
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import Trace


def positions(trace: Trace) -> Iterator[Question]:
    focus = focus_of(trace)
    first, embedding = f"{focus.stack}.0.self_attn", trace.under(embedding_of(focus.stack))
    if trace["config.words"] > 1:
        same = bool(trace[f"other.shuffled.{first}.out.permutation_difference"] < ROUNDING)
        yield Question(
            "Without positions, what differs between “the red car” and “red the car”?",
            ("Only the order of the vectors", same),
            ("The vectors of the words, too", not same),
            ("Nothing at all", False),
            because=claim(
                same,
                "Because attention adds up values, and a sum is the same in any order.",
                "Because under a causal mask each word adds up only the earlier ones, and these are others now.",
            ),
            step="A sum has no order",
        )
    largest = embedding["largest_entry"].pick(batch=0, position=focus.query_token.position)
    numbers, wave = embedding["position_numbers"], embedding["position_table"].values
    last = numbers.quantity(-1)
    yield Question(
        "Why is a position not simply added to the embedding as its number?",
        ("A large number would drown the word", bool(last > 2 * largest)),
        ("A dot product would not notice it", False),
        ("Positions have to be learned, and numbers can’t be", False),
        because=f"Because the entries of “{focus.query_token}” are at most {largest:.1f} in size, and numbers of "
        f"positions grow with the text: here up to {last}.",
        step="Why not just add the number?",
    )
    products = wave @ wave.T
    apart = [np.ptp(np.diagonal(products, step)) for step in range(len(wave))]
    turns = bool(max(apart) < ROUNDING * len(wave[0]) * 100)
    yield Question(
        "Two positions are turned into sinusoidal encodings. What does their dot product tell?",
        ("How far apart they are", turns),
        ("Where in the sentence the first of them is", not turns),
        ("Which of them comes first", not np.allclose(products, products.T)),
        because="Because a step turns all hands by the same angles, wherever it begins. Which comes first, matrices "
        "have to learn.",
        step="A step is a turn",
    )


def residual(trace: Trace) -> Iterator[Question]:
    focus = focus_of(trace)
    post = bool(trace.about["config"]["norm_order"] == "post")
    yield Question(
        "A sublayer writes only zeros. What becomes of the vector that went into it?",
        ("It goes on as it was", not post),
        ("It goes on, and then through a norm", post),
        ("It becomes zero as well", False),
        ("It becomes half as long, for the mean of both goes on", False),
        because=claim(
            post,
            "Because a sublayer adds to the vector, and here a norm follows the sum.",
            "Because a sublayer adds to the vector, and zeros add nothing.",
        ),
        step="Add keeps, Norm tames",
    )
    run = trace.under("experiment.parts_removed")
    whole, without = (run["exact"].pick(part=part) for part in ("nothing", "residual"))
    mean = run["exact.over_seeds"].pick(part="residual")
    worse = counts(without, whole) and bool(without.values.mean() < whole.values.mean())
    yield Question(
        "A model has Norm and no Add, so its gradient neither vanishes nor explodes. Does it learn to translate?",
        ("No: its vectors become alike", worse),
        ("Yes: a tame gradient is all that it needs", not worse),
        ("Yes, for Norm does the same as Add", not worse),
        because="Because attention mixes all vectors until they are nearly one, and nothing carries each along. It "
        f"got {mean:share} of new sentences right.",
        step="Can training make up for Add?",
    )
    norm = trace.under(f"{focus.block}.ln1")
    alone = any("position" in norm[part].axes for part in ("mean", "mean_square", "scale") if part in norm)
    yield Question(
        "A norm brings a vector to one size. Which other vectors does it look at?",
        ("At none", alone),
        ("At those of the same sentence", not alone),
        ("At those of all sentences in training", False),
        because="Because it takes what it needs from the entries of that one vector.",
        step=claim("mean" in norm, "Layer norm, step by step", "RMSNorm, step by step"),
    )


def feed_forward(trace: Trace) -> Iterator[Question]:
    focus = focus_of(trace)
    part = trace.under(f"{focus.block}.ffn", batch=0)
    apart = part["per_position_difference"].values.max()
    alone = bool(apart < 100 * ROUNDING)
    yield Question(
        "The same vector enters the feed-forward network twice, among other neighbours each time. What comes out?",
        ("Twice the same", alone),
        ("Another vector, for its neighbours are others", not alone),
        ("The same up to its length", False),
        because="Because the network takes each vector by itself. What a vector knows of its neighbours, attention "
        "put there.",
        step="The same network for every vector",
    )
    gaps = trace["experiment.linearity.gap"]
    frozen, whole = (gaps.pick(choice=choice).values.max() for choice in ("fixed shares", "attention"))
    yield Question(
        "Is attention linear?",
        ("Its sum is, its weights are not", bool(frozen < 1e-4 < whole)),
        ("Yes: it is made of matrix products alone", bool(whole < 1e-4)),
        ("No: not even its weighted sum is", bool(frozen > 1e-4)),
        because="Because queries and keys are made of the vectors that are weighed: who changes a vector changes its "
        "weight, too.",
        step="Attention as a whole: not linear",
    )
    if "encoder.0.ffn.out" not in trace:
        return
    made = trace["encoder.0.ffn.from_zeros_norm"]
    yield Question(
        "The activation is taken out of a feed-forward network, its biases stay. Is it linear then?",
        ("No: it makes something of zeros", bool(made > 0)),
        ("Yes: two matrices are one matrix", bool(made == 0)),
        ("Yes, for positive inputs", False),
        because=claim(
            bool(made > 0),
            f"Because a linear map sends zeros to zeros, and this makes a vector of length {made:.2f} of them.",
            "Because here all biases are zero.",
        ),
        step="Your turn: where does zero go?",
        chapter="faq",
    )


def decoder(trace: Trace) -> Iterator[Question]:
    weights = trace[f"{FIRST}.weights"].pick(batch=0).values
    hidden = not np.triu(weights, 1).any()
    yield Question(
        "In training, the decoder reads the right translation. Why can’t it just copy the next word?",
        ("A mask hides all that comes later", hidden),
        ("It reads each word only after it has guessed it", False),
        ("It does copy, and learns to translate afterwards", not hidden),
        ("The words that it reads are in random order", False),
        because="Because scores of later keys are minus infinity, and softmax makes a weight of zero of that.",
        step="A causal mask before the softmax",
    )
    if trace[f"{FIRST}.weights"].size("query") > 1:
        head, query = argmax_leak(trace)
        part = trace.under(FIRST, batch=0, head=head)
        total = part["post_softmax_mask_sums"].pick(query=query.position)
        leak = trace[f"{FIRST}.post_softmax_mask_leak"].values.max()
        leaks = bool(leak > ROUNDING)
        yield Question(
            "Later weights are set to zero after the softmax instead of before. What is wrong with that?",
            ("The others still depend on the later words", leaks),
            ("Nothing: zero is zero", not leaks),
            ("The later words still get some of the attention", False),
            because=f"Because softmax has divided by a sum over all keys. In one head, the weights of “{query}” then "
            f"add up to {total:.3f}.",
            step="Why not set zeros afterwards?",
        )
    probs, vocab = trace["probs"], trace["config.target_vocab"]
    yield Question(
        "One vector leaves the decoder. How many probabilities are made of it?",
        ("One for each word of the vocabulary", bool(probs.size("vocab") == vocab)),
        ("One for each word of the sentence", bool(probs.size("vocab") == probs.size("position"))),
        ("One: that of the next word", bool(probs.size("vocab") == 1)),
        because=f"Because its dot product with each of {vocab:,.0f} word vectors is a logit, and softmax makes "
        "probabilities of all of them.",
        step="From vector to word",
    )
