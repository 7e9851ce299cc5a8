"""Questions on chapters 13 to 16: training, choosing words, what a model shows of itself, and today's blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenes.mobjects.next_tokens import PROMPTS
from scenes.mobjects.rounding import ROUNDING
from scenes.quiz.question import Question
from scenes.stage.step import claim
from transformer_core.studies.measures.attention_weights import softmax
from transformer_core.tracing.trace import Trace

#: How far the push on a score may lie from weight times decrease of the loss.
NEAR = 1e-4
#: A temperature near zero.
COLD = 0.01


def training(trace: Trace) -> Iterator[Question]:
    early = trace.under("experiment.descent")
    if "word_loss" not in early:
        return
    place = int(early["place"])
    probs = early["probs"].pick(batch=0, position=place)
    target = early["probs"].words("position")[place + 1]
    right, loss = probs.pick(vocab=str(target)), early["word_loss"]
    logarithm = bool(np.isclose(-np.log(float(right)), float(loss), rtol=1e-3))
    yield Question(
        "The probability of the right word becomes larger, but another one is still likelier. What does the loss do?",
        ("It falls", logarithm),
        ("It stays, for the guess is as wrong as before", False),
        ("It rises", not logarithm),
        because=f"Because the loss is minus the logarithm of that probability. At {right:.4f}, it is {loss:.2f}.",
        step="How wrong is a guess? Cross-entropy",
    )
    large = early["large_losses"].values
    climbs = bool((large[1:] > large[:-1]).all())
    yield Question(
        "The learning rate is much too large. What does the loss do?",
        ("It rises: each step leaps over the valley", climbs),
        ("It falls faster: each step leads further down", bool((large[1:] < large[:-1]).all())),
        ("It stays: the steps point nowhere", bool((large[1:] == large[:-1]).all())),
        because="Because the gradient tells which way is down only here, and not how far the slope goes on.",
        step="Gradient descent: a step downhill",
    )
    slopes = early.under("gradients.decoder.1.cross_attn")
    formula = bool(slopes["score_gradient_difference"] < NEAR)
    yield Question(
        "In training, when does the score of a key get no push at all?",
        ("When its attention weight is zero", formula),
        ("When the score is zero", False),
        ("When the right word is the likeliest already", bool(loss == 0)),
        because="Because the push is the weight times how much that value would lower the loss: zero times anything "
        "is zero.",
        step="Attention goes where it helps",
    )


def inference(trace: Trace) -> Iterator[Question]:
    real = trace.under("experiment.continuations")
    certain, open_ = PROMPTS
    probs = np.sort(trace["experiment.next_token.walk"].values)
    cold = softmax(np.log(probs) / COLD)
    yield Question(
        "A temperature near zero divides all logits. Which rule does sampling then come down to?",
        ("Greedy decoding: the likeliest word", bool(cold[-1] > 1 - COLD)),
        ("A fair draw among all words", bool(np.ptp(cold) < COLD)),
        ("Beam search: several beginnings at once", False),
        because="Because differences between logits grow, and softmax gives nearly everything to the largest.",
        step="Temperature: flatter or sharper",
    )
    few, many = (real[f"{name}_kept"].pick(choice="top_p") for name in (certain, open_))
    yield Question(
        "Of one text the next word is nearly certain, of another one hardly. Of which does top-p keep more words?",
        ("Of the uncertain one", bool(many > few)),
        ("Of the certain one", bool(many < few)),
        ("Of both as many", bool(many == few)),
        because=f"Because it keeps as many as it takes to hold a given share: in the film {few} and {many}.",
        step="Top-p: as many as it takes",
    )
    last = trace.about["config"]["encoder_layers"] - 1
    if f"other.shorter.encoder.{last}.resid_post" in trace:
        changes = trace[f"encoder.{last}.resid_post.grown_change"].values
        all_, some = bool((changes > ROUNDING).all()), bool((changes > ROUNDING).any())
        yield Question(
            "A KV cache saves work in the decoder. Would it work in the encoder, if a word is added to the source?",
            ("No: the others change with it", some),
            ("Yes: old keys and values stay as they are there, too", not some),
            ("Yes, but only as long as the text is short", False),
            because=claim(
                all_,
                "Because in an encoder every token attends to every other, also to the new one.",
                "Because in an encoder tokens attend to the new one as well.",
            ),
            step="Your turn: could an encoder have a KV cache?",
            chapter="faq",
        )


def interpretation(trace: Trace) -> Iterator[Question]:
    spare = trace.under("experiment.spare_heads")
    added, together = spare["added_up"], spare["together"]
    fill_in = bool(together > 2 * added)
    yield Question(
        "One head is switched off, and the output stays right. Is the head useless?",
        ("That is open: others may fill in", fill_in),
        ("Yes: the model has just shown that it is", not fill_in),
        ("No: every head is needed", bool(spare["spare"] == 0)),
        because=f"Because heads fill in for each other. Those that nobody misses cost {added:.1%} one by one, and "
        f"{together:.1%} together.",
        step="Your turn: is a head useless if nobody misses it?",
        chapter="faq",
    )
    run = trace.under("experiment.patching")
    prob, donor = run["car_prob"].pick(choice=1), run["car_donor_rows"]
    first, last = (prob[layer].largest()[0] for layer in (0, len(prob) - 1))
    given = donor.label("position", first.position)
    yield Question(
        f"“{given}” takes the place of “{first}”, and the form of an adjective must change. After the last layer of "
        "the encoder, the vector of which word has to be copied?",
        *((f"That of “{word}”", word.position == last.position) for word in prob.words("position")),
        because=f"Because by then attention has brought the gender there. At the input it is that of “{first}”.",
        step="Activation patching: transplant a vector",
    )
    told = trace["experiment.probe.told"].pick(choice="inflected")
    read, guessed = told.quantity(-1), trace["experiment.probe.majority"].pick(choice="inflected")
    yield Question(
        f"A linear probe reads the gender of a noun from the vector of its adjective, {read:share} right. What does "
        "that show?",
        ("That it can be read there", bool(read > 2 * guessed - guessed**2)),
        ("That the model uses it for the translation", False),
        ("That a head attends to the noun", False),
        because="Because what can be read need not be used: only an intervention shows what is.",
        step="A linear probe: can the gender be read?",
    )


def modern(trace: Trace) -> Iterator[Question]:
    run = trace.under("experiment.modern_blocks")
    scores = run["scores"].values
    steady = all(np.allclose(line, line[0], atol=1e-3) for line in map(scores.diagonal, range(-3, 4)))
    yield Question(
        "RoPE turns queries and keys by their positions. Why not the values as well?",
        ("What a word brings is the same anywhere", steady),
        ("Values are shared by heads, and cannot be turned", False),
        ("Values have positions added already", False),
        because="Because a score then depends on the distance alone, and the weights are all that needs to know it.",
        step="Only the distance counts",
    )
    every, shared = (run["cache"].pick(choice=choice).largest()[-1] for choice in ("every", "shared"))
    queries, keys = run["heads"].quantities()
    yield Question(
        f"{queries} heads share {keys} sets of keys and values. What does that save?",
        ("Memory for the cache", bool(shared < every)),
        ("Queries that are computed", bool(queries == keys)),
        ("Attention weights that are computed", False),
        because=f"Because for each token only the shared ones are kept: {shared:.0f} megabytes, not {every:.0f}. Each "
        "query still has attention weights of its own.",
        step="Queries share keys and values",
    )
    share = run["mean_share"]
    yield Question(
        "What of layer norm does RMSNorm leave out?",
        ("Subtracting the mean", bool(run["mean"] != 0)),
        ("Dividing by the size", False),
        ("Multiplying by a learned gain", False),
        because=f"Because the mean is small anyway: typically {share:.0%} of the root mean square.",
        step="RMSNorm only divides",
    )
    apart, place = trace["experiment.long_prompt.apart"].values, int(trace["experiment.long_prompt.name"])
    reaches = bool((apart[-1, place + 1 :] > 0).all())
    yield Question(
        "A language model has no encoder, and no cross-attention. How could it translate?",
        ("It goes on from the sentence as from any text", reaches),
        ("Not at all: it cannot look at a sentence to translate", not reaches),
        ("By a second decoder, for the other language", False),
        because="Because each token attends to all before it: the translation stands behind the sentence, in one text.",
        step="Every part was changed, and the idea stayed",
    )
