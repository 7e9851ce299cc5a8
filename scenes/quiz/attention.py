"""Questions on chapters 5 to 8: queries, keys and values, scores, their weights, and several heads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.focus import focus_of, mixed_focus, within_reach
from transformer_core.studies.measures.attention_weights import softmax
from transformer_core.tracing.trace import Trace

#: By how much two scores lead where they lead by far, and how near a share is to one.
LEAD, NEARLY = 20.0, 0.999


def qkv(trace: Trace) -> Iterator[Question]:
    focus = focus_of(trace)
    made_of = {trace.parents[f"{focus.path}.{letter}"][0] for letter in "qkv"}
    widths = sum(trace[f"{focus.path}.{letter}"].size("d_head") for letter in "qkv")
    yield Question(
        "What do the query, the key and the value of one token have in common?",
        ("The same vector goes into three matrices", len(made_of) == 1),
        ("They are three parts that the vector is cut into", len(made_of) == 3),
        ("Nothing: each token learns three vectors of its own", widths == 0),
        because=f"Because each is “{focus.query_token}” seen another way: what it looks for, what it is found by, and "
        "what it hands over.",
        step="How can one vector do three jobs?",
    )
    yield Question(
        "What of attention is learned in training, and then the same for every sentence?",
        ("The matrices that make queries, keys and values", f"parameters.{focus.path}.w_q" in trace),
        ("The queries, keys and values of each word", f"parameters.{focus.path}.q" in trace),
        ("The attention weights", f"parameters.{focus.path}.weights" in trace),
        because="Because queries, keys, values and weights are computed anew for each sentence, from its vectors.",
        step="How can one vector do three jobs?",
    )
    part = trace.under(focus.path, batch=0)
    if part["heads_per_key"] > 1 or trace.about["config"].get("rotary"):
        return
    q, k, scores = (part[name].values for name in ("q", "k", "scores"))
    exchanged = k @ q.swapaxes(-1, -2)
    transposed = np.allclose(exchanged, scores.swapaxes(-1, -2), atol=1e-4)
    yield Question(
        "The query matrix and the key matrix change places. What happens to the scores?",
        ("Each is there again, with query and key exchanged", transposed),
        ("They stay as they are", np.allclose(exchanged, scores, atol=1e-4)),
        ("None of them is there any more", not transposed),
        because="Because a dot product is the same in either order: the matrix of scores is transposed. But softmax "
        "takes rows, so the weights are others.",
        step="Your turn: W_Q and W_K change places",
        chapter="faq",
    )


def scores(trace: Trace) -> Iterator[Question]:
    focus = focus_of(trace)
    head = focus.seen(trace)
    q, k = (head[name].values for name in "qk")
    row = focus.query_token.position
    by_length = np.allclose(np.dot(100 * q[row], k[0]), 100 * np.dot(q[row], k[0]), rtol=1e-4)
    yield Question(
        "Can a score be high at a small cosine?",
        ("Yes, if query and key are long", by_length),
        ("No: a small cosine means a small score", not by_length),
        ("Yes, if the softmax makes it high", False),
        because="Because a score is both lengths times the cosine.",
        step="An angle, and two lengths",
    )
    rows, columns = head["scores"].axes
    yield Question(
        "A matrix of scores has a row for each query. What stands in one of its columns?",
        ("All scores of one key", (rows, columns) == ("query", "key")),
        ("All scores of one query", (rows, columns) == ("key", "query")),
        ("All entries of one key", columns == "d_head"),
        because="Because queries ask along the rows, and each column belongs to one key.",
        step="All pairs at once: one matrix product",
    )
    doubled = 2 * q[row] @ k.T
    plain = q[row] @ k.T
    yield Question(
        f"The query of “{focus.query_token}” is made twice as long. What happens to its scores?",
        ("Each becomes twice as far from zero", np.allclose(doubled, 2 * plain)),
        ("They stay as they are: only the direction counts", np.allclose(doubled, plain)),
        ("All of them grow, also negative ones", bool((doubled > plain).all() and (plain < 0).any())),
        ("The best one grows, and the others shrink", False),
        because="Because each product in the sum is doubled. So a longer query makes the softmax sharper.",
        step="The query of “{0}” meets every key",
    )


def weighting(trace: Trace) -> Iterator[Question]:
    focus = mixed_focus(trace)
    head, query = focus.seen(trace), focus.query_token
    keys = within_reach(head, query)
    scores = head["scaled"].pick(query=query, key=keys).values.astype(float)
    weights = softmax(scores)
    best, most = head["weights"].pick(query=query).largest()
    if len(keys) > 1:
        tied = scores.copy()
        tied[np.argsort(scores)[-2:]] = scores.max() + LEAD
        two = np.sort(softmax(tied))[-2:]
        yield Question(
            "Two equal scores lead by far. What are their weights?",
            ("About half each", bool(np.allclose(two, 1 / 2, atol=1 - NEARLY))),
            ("Nearly one each", bool((two > NEARLY).all())),
            ("Nearly one for the first, nearly nothing for the other", bool(two.max() > NEARLY)),
            ("That depends on how large the scores are", False),
            because="Because equal scores give equal weights, all weights add up to one, and next to nothing is left "
            "for the rest.",
            step="The whole formula, once",
        )
    raw = softmax(scores * float(head["sqrt_d_head"]))
    sharper = bool(raw.max() > weights.max())
    yield Question(
        f"The scores of “{query}” are not divided by the root of d_k. What happens to its weights?",
        ("The largest becomes larger still", sharper),
        ("They become more alike", bool(raw.max() < weights.max())),
        ("They stay as they are, for softmax divides by the sum anyway", bool(np.allclose(raw, weights, atol=1e-12))),
        because=claim(
            sharper,
            f"Because differences count, and they are larger then. Divided, “{best}” gets {most:share} of the "
            "attention.",
            "Because a single key gets the whole weight, whatever its score is.",
        ),
        step="Undivided, divided by d_k, or by its root?",
    )
    moved = softmax(scores + 10)
    same = bool(np.allclose(moved, weights))
    yield Question(
        "Ten is added to every score of a row. What happens to its weights?",
        ("They stay as they are", same),
        ("They all grow", bool((moved > weights).all()) and not same),
        ("The largest grows, the others shrink", bool(moved.max() > weights.max()) and not same),
        ("They become more alike", bool(moved.max() < weights.max()) and not same),
        because="Because only differences between scores matter to softmax, and those stay.",
        step="Softmax: the attention weights of “{0}”",
    )


def heads(trace: Trace) -> Iterator[Question]:
    focus = focus_of(trace)
    heads, d_head, width = trace["config.heads"], trace["config.d_head"], trace["config.d_model"]
    reached = trace[f"{focus.path}.sensitive_heads"].values
    yield Question(
        "What does one of several heads read of the vector of a token?",
        ("All of it", bool((reached == heads).all())),
        ("A slice of its own, as wide as its query", bool((reached == 1).all()) and heads > 1),
        ("Those entries that no other head reads", False),
        because=f"Because matrices are split, and no vector: each head makes a query of {d_head} numbers from all "
        f"{width}.",
        step="Does each head get a slice of the vector?",
    )
    sums = trace[f"{focus.path}.weights"].pick(batch=0).values.sum(-1)
    always = bool(np.allclose(sums, 1, atol=1e-4))
    yield Question(
        "A head finds no key that it has a use for. Can all its attention weights be zero?",
        ("No: some token must get them", always),
        ("Yes: then the head adds nothing to the stream", not always),
        ("Yes, if the scores are zero", not always),
        because="Because softmax makes them add up to one. So it may give them to a sink, a token whose value adds "
        "little.",
        step="Several heads, each with a softmax of its own",
    )
    yield Question(
        "W_Q is split for twice as many heads. Does it take more parameters?",
        ("No: each query is half as long", bool(heads * d_head == width)),
        ("Yes, twice as many", bool(heads * d_head == 2 * width)),
        ("Yes, for each head reads the whole vector", False),
        because="Because the pieces get shorter, and together they stay as wide.",
        step="Do more heads take more parameters?",
        chapter="faq",
    )
    if "decoder.0.cross_attn.k" not in trace:
        return
    queries, keys = (trace.parents[f"decoder.0.cross_attn.{letter}"][0].startswith("decoder.") for letter in "qk")
    yield Question(
        "Where do queries, keys and values come from in cross-attention?",
        ("Queries from the decoder, keys and values from the encoder", queries and not keys),
        ("Queries from the encoder, keys and values from the decoder", keys),
        ("All three from the encoder, for there is the source to be translated", not queries),
        because="Because the decoder asks, and the source answers. The formula is the same as in self-attention.",
        step="Self-attention or cross-attention?",
    )
