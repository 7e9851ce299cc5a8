"""Questions on what goes in, what comes out, and what a probability tells."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.quiz.question import Question
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.tracing.trace import Trace


def questions(trace: Trace) -> Iterator[Question]:
    """Ask whether the encoder compresses, what the decoder reads, and whether likely is true."""
    memory = trace[decoder_rows_of(trace).named("embed_src.sum")]
    words, width = trace["config.words"], trace["config.d_model"]
    kept = bool(memory.size("position") == words)
    yield Question(
        "A sentence goes into the encoder, one vector for each token. How many vectors come out?",
        (
            ("As many as went in", kept),
            ("One, which holds the whole sentence", bool(words == 1)),
            ("Fewer, for the encoder compresses", not kept),
            ("One for each word of the translation", False),
        ),
        f"Because every box of the encoder gives back a vector of {width} numbers for each that it gets. "
        "Nothing gets shorter; each vector now knows its context.",
        "The encoder: understand",
    )
    cross = trace.parents["decoder.0.cross_attn.k"][0]
    reads = "decoder.0.self_attn.k" in trace and cross.startswith("encoder.")
    yield Question(
        "What does the decoder read when it writes the next word?",
        (
            ("Vectors of the encoder, and what is written so far", reads),
            ("Vectors of the encoder alone, for they hold the sentence", not reads),
            ("The words of the source, and no vectors", cross.startswith("embed_src.")),
            ("The whole translation, from the first word to the last", False),
        ),
        "Because each word that is written becomes an input, and cross-attention brings in the source.",
        "The decoder: generate",
    )
    answers = trace["experiment.next_token.water"]
    likeliest, most = answers.largest()
    right = next(word for word in answers.words("rank") if word.strip() == "oxygen")
    yield Question(
        f"A language model gives “{likeliest}” a higher probability than “{right}”. What does that tell?",
        (
            ("That it is likelier in texts like those it learned from", likeliest != right),
            ("That it is true, for most texts that it learned from are right", likeliest == right),
            ("That it has looked the answer up", False),
        ),
        f"Because it learned which words are likely, and nobody told it which are true: “{likeliest}”, with "
        f"{most:share}, "
        "is wrong.",
        "Likely is not the same as true",
    )
