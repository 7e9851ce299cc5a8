"""Questions that the chapters left open, each answered with a figure; then one vector's way from word to word."""

from __future__ import annotations

from collections.abc import Iterator

from scenes.animations import (
    Count,
    Dive,
    Morph,
    Rise,
    RunOut,
    Through,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    gather,
    hand_out,
    leave,
    multiply,
    ring_around,
)
from scenes.chapters.c01_meaning.opening import Opening
from scenes.chapters.c20_faq.cards import (
    FAILS,
    HOLDS,
    Cards,
    Claim,
    ClaimList,
    Small,
    Splits,
    out_of_zeros,
    passing,
    shares_of,
    two_bars,
)
from scenes.chapters.c20_faq.figures import NEARLY_ALL, PartsOfModels
from scenes.chapters.c20_faq.guessing import Spare, Swapped, both_sides
from scenes.chapters.c20_faq.shape_strip import ShapeStrip
from scenes.chapters.c20_faq.whole_model import SPOT, WholeModel
from scenes.mobjects.passage import rows_of
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.text import Words, number
from scenes.mobjects.widening import ACTIVATION_NAMES
from scenes.mobjects.wording import counted, strongest
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.decoder_rows import DecoderRows, decoder_rows_of
from transformer_core.studies.focus import Focus, best_head, focus_of
from transformer_core.studies.measures.questions import high_score_at_small_cosine
from transformer_core.tracing.provenance import Label, Phrase
from transformer_core.tracing.trace import Trace

FIRST, FFN = "encoder.0.self_attn", "encoder.0.ffn"
SPARE = "experiment.spare_heads"


class FAQ(Chapter):
    """Answers to what the chapters asked, and one vector's way from word to word."""

    number = 20
    title = "Questions and answers"
    needs = ("cross-attention",)

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.which_parts(trace)
        yield from self.more_heads(focus, trace)
        yield from self.lengths(trace)
        yield from self.swap(focus, trace)
        yield from self.short_answers(focus, trace)
        yield from self.which_vectors_change(trace)
        yield from self.spare_heads(trace)
        yield from self.claims(trace)
        yield from self.one_vector(focus, trace)

    def which_parts(self, trace: Trace) -> Iterator[Step]:
        """The parts of the same three models, as parts of one."""
        own, others = trace["parameters.shares_by_kind"], trace["parameters.published_shares"]
        little, big = others.words("model")
        squares = trace["parameters.published_squares"].pick(model=big)
        names = [Words(name, "block") for name in ("this model", f"{little}", f"{big}")]
        picture = PartsOfModels([own, *others], names, squares)
        own_bar, *bars = picture.bars
        most, share = own.largest()
        feed_forward = others.pick(model=big, part="feed-forward")
        wide, narrow = squares.quantities()
        yield Step(
            "Which part holds the most parameters?",
            beat(
                f"In this model, the largest part belongs to {most}: {share:share}.",
                appear(picture.legend),
                (appear(picture.names[0]), appear_in_turn([*own_bar])),
            ),
            beat(
                f"In {big}, {feed_forward:share} belong to the feed-forward layers.",
                *((appear(name), appear_in_turn([*bar])) for name, bar in zip(picture.names[1:], bars, strict=True)),
            ),
            beat(
                f"Because a layer of it has {wide:.0f} d × d numbers there, but {narrow:.0f} d × d in attention.",
                *(appear(formula) for formula in picture.formulas),
            ),
            stage=[],
        )

    def more_heads(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """d_model, heads, d_head: one row of W_Q, cut this way and that."""
        width, heads, d_head = (trace[f"config.{name}"] for name in ("d_model", "heads", "d_head"))
        matrix = trace[f"parameters.{focus.path}.w_q"]
        picture = Splits(matrix.pick(d_model=0), trace["config.splits"], int(heads))
        cuts = [
            (*multiply(picture.whole, [line], "rest"), appear(left, right))
            for line, left, right in zip(picture.lines, picture.lefts, picture.rights, strict=True)
        ]
        yield Step(
            "Do more heads take more parameters?",
            beat(
                "Take one row of the query matrix, and cut it for more and more heads.",
                appear(picture.whole_name, *picture.whole),
                *cuts[:2],
            ),
            beat(
                "More heads can attend to more places, but the pieces get shorter: together they stay as long.",
                *cuts[2:],
            ),
            beat(f"So no: {counted(heads, 'head')} of {d_head} are {width} in all.", appear(picture.ring)),
            stage=[],
        )

    def lengths(self, trace: Trace) -> Iterator[Step]:
        """Lengths that come from the sentence, and widths that stay."""
        strip = ShapeStrip(trace)
        up, back = [], []
        for letter, counter in zip("nm", strip.counters, strict=True):
            bars, states, lengths = strip.run(letter)
            up.append((Through(bars, states, "slow"), Count(counter, lengths, "", "slow")))
            back.append((Through(bars, states[::-1], "row"), Count(counter, lengths[::-1], "", "row")))
        square = ring_around(strip.squares)
        yield Step(
            "What changes when the sentence is longer?",
            beat(
                "Every matrix on the way, from the vectors of the words to the logits.",
                (appear(strip.letters, *strip.counters, strip.tracks, strip.bars, strip.cut)),
                (appear_in_turn([*strip.names]), appear_in_turn([*strip.labels])),
                draw(*strip.ways, strip.road, kind="row"),
            ),
            beat("A longer source: one more vector for each word.", up[0]),
            beat("Scores grow both ways, so with the square.", appear(square, strip.outline)),
            beat("The target has a length of its own.", (leave(square, strip.outline), *back[0]), up[1]),
            beat(
                "But the widths stay: so the same matrices of parameters serve a sentence of any length.",
                back[1],
                appear_in_turn([ring_around(width) for width in strip.widths], "slow"),
            ),
            stage=[],
        )

    def swap(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """A task: the query and the key matrix change places."""
        part, query_token = focus.seen(trace), focus.query_token
        picture = Swapped(part["scores"], part["swapped_scores"])
        before, after = picture.before, picture.after
        first, share = part.in_full("weights", query=query_token.position).largest()
        then, other = part.in_full("swapped_weights", query=query_token.position).largest()
        again = str(first) == str(then)
        yield Step(
            "Your turn: W_Q and W_K change places",
            beat(
                "What happens to the scores if the query matrix and the key matrix change places?",
                appear(before.cells, before.words, before.title),
                (appear(after.words, after.title, picture.pause), RunOut(picture.pause.bar)),
            ),
            beat(
                claim(
                    bool(trace[f"{focus.path}.swapped_difference"] < ROUNDING),
                    "Each score is there again, with query and key exchanged: the matrix is transposed.",
                    "They are not only transposed: it is another matrix.",
                ),
                (leave(picture.pause), Morph(picture.pairs, "slow")),
                appear(picture.dashes),
            ),
            beat(
                claim(
                    first.position != then.position,
                    f"But rows go through the softmax, not columns: “{query_token}” attended to “{first}”, now to "
                    f"{'another ' * again}“{then}”.",
                    f"But rows go through the softmax, not columns: “{query_token}” gives “{then}” {other:share} now.",
                ),
                appear(before.told(query_token, first, share)),
                appear(after.told(query_token, then, other)),
            ),
            stage=[],
        )

    def short_answers(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Short answers to what the chapters asked at their ends."""
        query_token = focus.query_token
        answers, beats = [], []
        pairs = high_score_at_small_cosine(trace)
        if pairs:
            seen, told = [], []
            for layer, head, query, key in pairs:
                part = trace.under(f"encoder.{layer}.self_attn", batch=0, head=head)
                pair = {"query": query.position, "key": key.position}
                seen.append(part["cosine"].pick(**pair))
                told.append(part["scores"].pick(**pair))
            answers.append(
                Small(
                    "Can a score be high |at a small cosine?",
                    two_bars(told, [f"cosine {cosine:.2f}" for cosine in seen]),
                    ("yes", "if the vectors are long"),
                )
            )
            beats.append("Can a score be high at a small cosine? Yes, if query and key are long.")
        tied = trace.under(focus.path, batch=0, head=focus.head)["tied_weights"].pick(query=query_token.position)
        if len(tied) > 1:
            _, share = tied.largest()
            far = claim(bool(2 * share > NEARLY_ALL), "lead by far", "lead")
            answers.append(Small("Two equal scores: |which weights?", shares_of(tied), (f"{share:.1%}", "for each")))
            beats.append(f"Two equal scores {far}: each gets {share:.1%}, for equal scores give equal weights.")
        row = trace["encoder.0.resid_pre"].pick(batch=0, position=query_token.position)
        post = trace.about["config"]["norm_order"] == "post"
        answers.append(
            Small(
                "A sublayer that |gives only zeros?",
                passing(row),
                ("the vector passes", "a norm comes after" if post else "as it was"),
            )
        )
        beats.append(
            "A sublayer gives only zeros: the vector passes, for a sublayer adds to it"
            + (", and a norm comes after." if post else ".")
        )
        if f"{FFN}.out" in trace:
            config, made = trace.about["config"], trace["encoder.0.ffn.from_zeros_norm"]
            activation = Phrase("gate" if config.get("gated", False) else ACTIVATION_NAMES[config["activation"]])
            answers.append(
                Small(
                    f"Biases, but no {activation}: |linear?",
                    out_of_zeros(trace["encoder.0.ffn.from_zeros"]),
                    (f"length {made:.2f}", claim(bool(made > 0), "made of zeros", "zeros stay zeros")),
                )
            )
            beats.append(
                claim(
                    bool(made > 0),
                    f"Biases, but no {activation}: not linear, for it makes something of zeros.",
                    f"Biases, but no {activation}: not linear in general; here all biases are zero.",
                )
            )
        cards = Cards(answers)
        plays = [[appear(ask), appear(one), appear(told)] for ask, one, told in cards.columns]
        for line, play in zip(cards.lines, plays[1:], strict=True):
            play[0] = (appear(line), play[0])
        yield Step(
            "Your turn: short answers", *(beat(said, *play) for said, play in zip(beats, plays, strict=True)), stage=[]
        )

    def which_vectors_change(self, trace: Trace) -> Iterator[Step]:
        """A task: a word comes; which vectors are still what they were?"""
        last = trace.about["config"]["encoder_layers"] - 1
        if f"other.shorter.encoder.{last}.resid_post" not in trace:
            return
        final = trace.about["config"]["decoder_layers"] - 1
        names = f"encoder.{last}.resid_post", f"decoder.{final}.resid_post"
        changed = f"{names[0]}.grown_change", f"{names[1]}.later_change"
        rows, changes = ([rows_of(trace, name) for name in some] for some in (names, changed))
        encoder, decoder = both_sides(rows, changes)
        word, read = rows[0].words("position")[-1], rows[1].words("position")[-1]
        still = bool((changes[1].values[:-1] == 0).all())
        moved = bool((changes[0].values > ROUNDING).all())
        yield Step(
            "Your turn: could an encoder have a KV cache?",
            beat(
                f"The last word is new: “{word}” in the encoder, “{read}” in the decoder.",
                appear(*(part for side in (encoder, decoder) for part in (side.title, *side.before))),
                *(appear(*side.new) for side in (encoder, decoder)),
            ),
            beat(
                "Which other vectors changed with it?",
                appear(encoder.head, decoder.head, encoder.pause, decoder.pause),
                (RunOut(encoder.pause.bar), RunOut(decoder.pause.bar)),
            ),
            beat(
                claim(
                    moved,
                    "In the encoder, all of them: every token attends to the new one. So it can have no cache.",
                    "In the encoder some of them, because tokens attend to the new one.",
                ),
                leave(encoder.pause, decoder.pause),
                (appear_in_turn([*encoder.bars], "slow"), appear_in_turn([*encoder.numbers], "slow")),
            ),
            beat(
                claim(
                    still,
                    "In the decoder only the new one, because of the causal mask:",
                    "In the decoder others, too.",
                ),
                (appear_in_turn([*decoder.bars], "slow"), appear_in_turn([*decoder.numbers], "slow")),
            ),
            beat(
                "the others can be kept in a cache.",
                appear_in_turn([ring_around(chip, "residual") for chip in decoder.chips[:-1]], "slow"),
            )
            if still
            else None,
            stage=[],
        )

    def spare_heads(self, trace: Trace) -> Iterator[Step]:
        """A task: heads that nobody misses, all at once."""
        run = trace.under(SPARE)
        heads = sum(len(trace[name]) for name in trace if name.startswith("parameters.") and name.endswith(".w_q"))
        if "roles.score" not in trace or "right" not in run or run["heads"] != heads:  # of another model
            return
        picture = Spare(run)
        before, after = run["right"].quantities()
        added, together = run["added_up"], run["together"]
        yield Step(
            "Your turn: is a head useless if nobody misses it?",
            beat(
                f"Ablate one head at a time: {run['spare']} of {run['heads']} cost next to nothing.",
                (appear(picture.names, picture.bars[0]), appear_in_turn([*picture.tiles])),
                picture.one_by_one(),
            ),
            beat(
                "Now ablate all of them, on other sentences. How many still come out right?",
                appear(picture.pause),
                (leave(*picture.off), appear(picture.dark, picture.legend), RunOut(picture.pause.bar)),
            ),
            beat(
                f"From {before:share} right to {after:share}. "
                + claim(
                    bool(together > 2 * added),
                    f"Singly they cost {added:.1%}, together {together:.1%}: some had stood in for others.",
                    f"Singly they cost {added:.1%}, together {together:.1%}: that they fill in for each other, this "
                    "does not show.",
                ),
                (leave(picture.pause), appear(picture.bars[1])),
                *(appear(bar) for bar in picture.lost),
            ),
            stage=[],
        )

    def claims(self, trace: Trace) -> Iterator[Step]:
        """Common claims about transformers, tested on this model."""
        found = claims_of(trace)
        picture = ClaimList(found)
        texts, figures, verdicts = zip(*picture.lines, strict=True)
        failed = [
            ring_around(line[-1], roomy=True)
            for one, line in zip(found, picture.lines, strict=True)
            if one.verdict == FAILS
        ]
        yield Step(
            "Claims about transformers, tested on this model",
            beat("This is often said of transformers.", appear(picture.rules), appear_in_turn(texts, "slow")),
            beat("Which of them hold here?", appear(picture.pause), RunOut(picture.pause.bar)),
            beat("This was measured.", leave(picture.pause), appear_in_turn(figures, "slow")),
            beat("A tick: it holds. A cross: it fails, for this model.", appear_in_turn(verdicts, "slow")),
            beat("A claim that fails is a result, too.", appear_in_turn(failed)),
            stage=[],
        )

    def one_vector(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close of the lecture: into its first picture, down to one number, and with its vector to a word."""
        token, decoded = focus.query_token, decoder_rows_of(trace)
        opening = Opening(trace["embed_src.sum"].words("position"), decoded.written)
        source, words = opening.source, [chip.label for chip in opening.source]
        model = WholeModel(trace, decoded, words, opening.inside)
        place, layers = source.place(token), model.layers["encoder"]
        (_, attention), *others = model.follow("encoder", place, token.position)
        start = trace["encoder.0.resid_pre"].pick(batch=0, position=token.position)
        strip, entry = model.enlarged(start), strongest(start).position
        inward = Dive([opening.box, opening.name_plate], opening.box, opening.inside)
        closer = Dive([strip], strip.cells.of(entry), SPOT)
        one = number(start.quantity(entry), ".2f", "chapter").settle(SPOT.centre)
        yield Step(
            "Once more: one vector, from word to word",
            beat("What happens inside?", (leave(opening.output), inward)),
            beat(
                f"“{token}” is a vector of {trace['config.d_model']} numbers.",
                Travel(source.chips[place], strip, kind="row"),
            ),
            beat(f"This is one of them: {start.quantity(entry):.2f}.", closer, appear(one)),
            beat(
                "Together they set out.",
                leave(one),
                Rise(closer),
                (
                    Travel(strip, model.vectors[0], kind="camera", leaving=True),
                    deal(source.chips, model.chips[0]),
                    draw(*model.streams["encoder"], kind="camera"),
                ),
            ),
            beat("Attention adds values of other words,", *attention),
            beat(
                "the feed-forward network a vector of its own.",
                *(play for part, plays in others if part[1:] == (0, "ffn") for play in plays),
            )
            if f"{FFN}.out" in trace
            else None,
            beat(
                claim(layers > 1, "And so on, layer after layer.", "That was the only layer."),
                *(play for part, plays in others if part[1] for play in plays),
            ),
            stage=[opening],
        )
        yield from self.into_a_word(trace, decoded, token, opening, inward, model)

    def into_a_word(
        self, trace: Trace, decoded: DecoderRows, token: Label, opening: Opening, inward: Dive, model: WholeModel
    ) -> Iterator[Step]:
        """The decoder looks at the vectors of the source, and writes; and out again, to the first picture."""
        weights, came = decoded.mean_weights(trace), model.vectors[-1]
        row = int(weights.values[:, token.position].argmax())
        way, written, output = model.follow("decoder", row, row), decoded.writes[row], [*opening.output.copy()]
        asking = next(k for k, (part, _) in enumerate(way) if part[1:] == (decoded.layer, "cross_attn"))
        best, share = trace[f"{decoded.cross}.mean_weights"].pick(batch=0, query=row).largest()
        others = [chip for k, chip in enumerate(model.chips[2]) if k != row]
        yield Step(
            "From the last vector to a word",
            beat(
                f"In the decoder, the vector of “{decoded.reads[row]}” has to become the next word.",
                (draw(*model.streams["decoder"], kind="row"), appear(model.chips[1])),
                Travel(model.chips[1][row], model.vectors[0]),
                *(play for _, plays in way[:asking] for play in plays),
            ),
            beat(f"In cross-attention it attends to the source: “{best}” gets {share:share}.", *way[asking][1]),
            beat(
                f"The last vector gives the next word: “{written}”.",
                *(play for _, plays in way[asking + 1 :] for play in plays),
                Travel(model.vectors[-1], model.chips[2][row], kind="row", leaving=True),
            ),
            beat(
                "All other vectors go such a way,",
                *model.rest(),
                appear_in_turn(others),
                ambient=model.flow(),
            ),
            beat(
                "and all of it is numbers, like that first one:",
                ambient=model.flow(),
            ),
            beat("this happens inside,", Rise(inward, *model.whole(), came)),
            beat(
                "when words go in, and words come out.",
                gather(opening.source.chips, opening.name_plate),
                hand_out(output, opening.box, "slow"),
            ),
        )


def claims_of(trace: Trace) -> list[Claim]:
    """List the claims of the notes, each with its figure and its verdict; what this model cannot test is left out."""
    words, found = trace["config.words"], []
    line = trace["roles.role_threshold"] if "roles.score" in trace else None
    for text, role in (
        ("A determiner attends to its noun", "determiner->noun"),
        ("A noun attends to its adjective", "noun->adjective"),
    ):
        place = best_head(trace, role)
        if place is not None and line is not None:
            found.append(Claim(text, f"{place[-1]:share} of new cases", HOLDS if place[-1] >= line else FAILS))
    if "roles.score" in trace:
        own = trace["roles.mean_self_attention"]
        told, verdict = f"{own:share} to themselves", HOLDS if own < 0.5 else FAILS
        found.append(Claim("Most tokens attend most to others", told, verdict))
    if float(words) > 1:
        moved = trace[f"other.shuffled.{FIRST}.out.permutation_difference"]
        told = "the same outputs" if moved < ROUNDING else f"outputs differ by {moved:.0e}"
        found.append(Claim("Without positions, attention knows no order", told, HOLDS if moved < ROUNDING else FAILS))
        others = trace[f"{FIRST}.share_from_other_tokens"]
        told, verdict = f"{others:share} of it", HOLDS if others > 0.5 else FAILS
        found.append(Claim("Most of an output comes from other tokens", told, verdict))
    run = trace.under("experiment.variance")
    if "variance" in run:
        width, variance = (run[name].quantity(len(run["width"]) - 1) for name in ("width", "variance"))
        told, fits = f"variance {variance:,.0f} at width {width:.0f}", abs(variance / width - 1) < 0.05
        found.append(Claim("The variance of scores grows with d_k", told, HOLDS if fits else FAILS))
    return found
