"""Questions that the chapters left open, each answered with a figure; then one vector's way from word to word."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from manim import VGroup

from scenes.animations import (
    Count,
    Dive,
    Flight,
    Rise,
    RunOut,
    Through,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    follow,
    grow,
    leave,
    reshape,
    ring_around,
    slide,
)
from scenes.chapters.c01_meaning.opening import Opening
from scenes.chapters.c20_faq.cards import (
    AIR,
    HALF,
    LINE,
    ROWS,
    CaseThreads,
    HeadSplits,
    MeasuredClaim,
    SplitMatrix,
    ZeroRow,
)
from scenes.chapters.c20_faq.figures import PartsOfModels
from scenes.chapters.c20_faq.guessing import SwappedScores, both_sides
from scenes.chapters.c20_faq.shape_strip import ShapeStrip
from scenes.chapters.c20_faq.spare_heads import SpareHeads
from scenes.layout import STAGE
from scenes.mobjects.passage import rows_of
from scenes.mobjects.pause import Pause
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.shapes import Box, frame
from scenes.mobjects.whole_model import WholeModel, into_a_number
from scenes.mobjects.widening import ACTIVATION_NAMES
from scenes.mobjects.wording import counted, named_head
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.studies.focus import Focus, best_head, focus_of
from transformer_core.studies.measures.feed_forward import OURS
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
        parts = yield from self.which_parts(trace)
        yield from self.zeros(parts, trace)
        matrix = yield from self.more_heads(parts, focus, trace)
        matrices = yield from self.swap(matrix, focus, trace)
        bars = yield from self.lengths(matrices, trace)
        yield from self.which_vectors_change(bars, trace)
        heads = yield from self.spare_heads(trace)
        yield from self.claims(heads, trace)
        yield from self.one_vector(focus, trace)

    def which_parts(self, trace: Trace) -> Generator[Step, None, PartsOfModels]:
        """Count the parts of a layer by kind, in this model and in a large one, and their shares of all parameters."""
        own, others = trace["parameters.shares_by_kind"], trace["parameters.published_shares"]
        big = others.words("model")[-1]
        layers, large = trace["parameters.layer_squares"], trace["parameters.published_squares"].pick(model=big)
        feed_forward = others.pick(model=big, part="feed-forward")
        kinds = ("attention", "feed-forward")
        names = ("encoder layer", "decoder layer", f"a layer of {big}", "this model", f"{big}")
        (reads, bends), (crosses, again), (narrow, wide) = (
            [row.pick(part=part) for part in kinds] for row in (*layers, large)
        )
        most, share = own.largest()
        picture = PartsOfModels(
            [*layers, large.pick(part=kinds)], [own, others.pick(model=big)], (str(most), kinds[1]), names
        )
        (encoder, decoder, layer), (model, large_model) = picture.layers, picture.models
        flown, come, told = large_model.filled(layer)
        yield Step(
            "Which part holds the most parameters?",
            beat(
                f"An encoder layer has {reads:.3g} squares of d × d in attention, and {bends:.3g} in feed-forward.",
                appear(model.name, model.asked),
                *encoder.built(),
                appear(encoder.side),
            ),
            beat(
                f"A decoder layer attends twice, also to the source: {crosses:.3g} and {again:.3g}.",
                *decoder.rebuilt(encoder),
            ),
            beat(
                claim(
                    most == kinds[0] and crosses > again,
                    f"So attention leads in this model: it has {share:share} of all parameters.",
                    f"In this model, the largest part belongs to {most}: {share:share}.",
                ),
                *model.filled(encoder, decoder),
            ),
            beat(
                f"A layer of {big} attends once, but its feed-forward network is wider: {narrow:.3g} and {wide:.3g}.",
                leave(encoder.side, *encoder.shown, *decoder.shown),
                appear(large_model.name, large_model.asked),
                *layer.built(),
            ),
            beat(
                f"There, {feed_forward:share} belong to the feed-forward layers.",
                flown,
                (*come, large_model.border(model)),
                told,
            ),
            stage=[],
        )
        return picture

    def more_heads(self, parts: PartsOfModels, focus: Focus, trace: Trace) -> Generator[Step, None, SplitMatrix]:
        """d_model, heads, d_head: W_Q, cut this way and that, beside all parameters."""
        width, heads, d_head = (trace[f"config.{name}"] for name in ("d_model", "heads", "d_head"))
        matrix = trace[f"parameters.{focus.path}.w_q"]
        picture = HeadSplits(matrix, trace["config.splits"], int(heads), parts.free)
        first, second, *more = map(picture.cut, range(len(picture.states)))
        attention = parts.models[0].segments["attention"]
        yield Step(
            "Do more heads take more parameters?",
            beat(
                "Cut the query matrix for more and more heads.",
                (Travel(attention, picture.matrix, kind="camera"), appear(picture.name)),
                first,
                second,
            ),
            beat("More heads attend to more places, but pieces get narrower.", *more),
            beat(
                f"So no: {counted(heads, 'head')} of {d_head} are {width} in all.",
                picture.ringed(picture.own),
                appear(ring_around(attention)),
            ),
            beat(
                "They take as many products; only the softmaxes are more.",
                *map(picture.ringed, (*range(len(picture.states)), picture.own)),
            ),
            stage=[parts.models[0].whole],
        )
        return picture.matrix

    def lengths(self, matrices: VGroup, trace: Trace) -> Generator[Step, None, VGroup]:
        """Lengths that come from the sentence, and widths that stay."""
        strip = ShapeStrip(trace)
        (source, lengths), (target, others) = (strip.run(letter) for letter in "nm")
        yield Step(
            "What changes when the sentence is longer?",
            beat(
                "Vectors, parameters, scores: what grows with the sentence?",
                appear(strip.names, strip.letters[0], strip.counters[0], strip.bars, strip.parameters),
            ),
            beat(
                "A longer source: one more vector for each word.",
                (Through(strip.bars, source, "slow"), Count(strip.counters[0], lengths, "", "slow")),
            ),
            beat("Encoder scores grow both ways: with the square.", appear(strip.outlines[0])),
            beat(
                "The target has a length of its own.",
                (leave(strip.outlines[0]), Through(strip.bars, [source[-1], target[0]], "row")),
                (appear(strip.letters[1], strip.counters[1]), *exchange([*strip.names], [*strip.crossing])),
                (Through(strip.bars, target, "slow"), Count(strip.counters[1], others, "", "slow")),
            ),
            beat(
                "But the widths stay: so the same matrices of parameters serve a sentence of any length.",
                appear(strip.outlines[1], strip.width),
                appear_in_turn([ring_around(strip.width), *(ring_around(square) for square, _ in matrices)], "slow"),
            ),
            stage=[matrices],
        )
        return strip.bars

    def swap(self, matrix: SplitMatrix, focus: Focus, trace: Trace) -> Generator[Step, None, VGroup]:
        """A task: the query and the key matrix change places."""
        part, query_token = focus.seen(trace), focus.query_token
        both = [trace[f"parameters.{focus.path}.{name}"] for name in ("w_q", "w_k")]
        picture = SwappedScores(part["scores"], part["swapped_scores"], both, trace["config.splits"])
        (_, called), keys = picture.matrices
        before, after = picture.before, picture.after
        first, share = part.in_full("weights", query=query_token.position).largest()
        then, other = part.in_full("swapped_weights", query=query_token.position).largest()
        again = str(first) == str(then)
        yield Step(
            "Your turn: W_Q and W_K change places",
            beat(
                f"{named_head(focus.layer, focus.head)}: what if W_Q and W_K change places?",
                (*exchange([matrix], [picture.matrices[0][0]], "camera"), appear(called, keys)),
                appear(before.cells, before.words, before.title),
                (appear(after.words, after.title, picture.pause), RunOut(picture.pause.bar)),
            ),
            beat(
                claim(
                    bool(trace[f"{focus.path}.swapped_difference"] < ROUNDING),
                    "Each score is there again, with query and key exchanged: the matrix is transposed.",
                    "They are not only transposed: it is another matrix.",
                ),
                (leave(picture.pause), *picture.swap()),
                (slide(picture.copies, picture.moved), draw(picture.line)),
                slide(picture.moved, picture.turned, "slow"),
                (leave(picture.line), appear(picture.dashes)),
            ),
            beat(
                claim(
                    first.position != then.position,
                    f"But rows go through the softmax, not columns: “{query_token}” attended to “{first}”, now to "
                    f"{'another ' * again}“{then}”.",
                    f"But rows go through the softmax, not columns: “{query_token}” gives “{then}” {other:share} now.",
                ),
                appear(*picture.rows(query_token)),
                appear(before.told(query_token, first, share)),
                appear(after.told(query_token, then, other)),
            ),
            stage=[matrix],
        )
        return picture.matrices

    def zeros(self, parts: PartsOfModels, trace: Trace) -> Iterator[Step]:
        """A task: is a feed-forward network linear that has no activation, but biases?"""
        if f"{FFN}.out" not in trace:
            return
        config, made = trace.about["config"], trace[f"{FFN}.from_zeros_norm"]
        activation = Phrase("gate" if config.get("gated", False) else ACTIVATION_NAMES[config["activation"]])
        biases = [trace[name] for name in (f"parameters.{FFN}.b1", f"{FFN}.from_zeros") if name in trace]
        picture, model = ZeroRow(biases, parts.free), parts.models[0]
        yield Step(
            "Your turn: where does zero go?",
            beat(
                f"Biases, but no {activation}: is the feed-forward network linear then?",
                (appear(ring_around(model.segments["feed-forward"])), appear(picture.name, picture.rows[0])),
            ),
            beat(
                "A linear map makes zeros of zeros. What comes out here?",
                (appear(picture.ways, picture.pause), RunOut(picture.pause.bar)),
            ),
            beat(
                claim(
                    bool(made > 0),
                    "No: each bias is added on the way,",
                    "Zeros, but only because all biases are zero here:",
                ),
                leave(picture.pause),
                *(Travel(before, after, kind="row") for before, after in picture.pairs[:1]),
            ),
            beat(
                claim(
                    bool(made > 0),
                    f"so out of zeros comes a vector of length {made:.2f}: affine, not linear.",
                    "in general, a bias is added on the way, and that is not linear.",
                ),
                *(Travel(before, after, kind="row") for before, after in picture.pairs[1:]),
                appear(picture.measured(made)),
            ),
            stage=[model.whole],
        )

    def which_vectors_change(self, bars: VGroup, trace: Trace) -> Iterator[Step]:
        """A task: a word comes; which vectors are still what they were?"""
        last = trace.about["config"]["encoder_layers"] - 1
        if f"other.shorter.encoder.{last}.resid_post" not in trace:
            return
        final = trace.about["config"]["decoder_layers"] - 1
        names = f"encoder.{last}.resid_post", f"decoder.{final}.resid_post"
        changed = f"{names[0]}.grown_change", f"{names[1]}.later_change"
        before = f"other.shorter.{names[0]}", f"other.later.{names[1]}"
        rows, earlier, changes = ([rows_of(trace, name) for name in some] for some in (names, before, changed))
        encoder, decoder = both_sides(rows, earlier, changes)
        word, read = rows[0].words("position")[-1], rows[1].words("position")[-1]
        still = bool((changes[1].values[:-1] == 0).all())
        moved = bool((changes[0].values > ROUNDING).all())
        wait, olds, (swung, *told) = Pause(), decoder.arrows[:-1], encoder.swing()
        yield Step(
            "Your turn: could an encoder have a KV cache?",
            beat(
                f"The last word is new: “{word}” in the encoder, “{read}” in the decoder.",
                (
                    leave(bars[len(olds) :]),
                    *exchange(bars[: len(olds)], olds, "row"),
                    follow(VGroup(encoder.title, decoder.title, encoder.arrows[:-1], *encoder.before, *decoder.before)),
                ),
                appear(*encoder.new, *decoder.new),
            ),
            beat("Which other vectors changed with it?", appear(wait), RunOut(wait.bar)),
            beat(claim(moved, "In the encoder, all of them:", "In the encoder some of them,"), (leave(wait), *swung)),
            beat(
                claim(
                    moved,
                    "every token attends to the new one. So no: keys of the next layer change.",
                    "because tokens attend to the new one.",
                ),
                *told,
                encoder.judge(),
            ),
            beat(
                claim(
                    still, "In the decoder only the new one, because of the causal mask:", "In the decoder others, too."
                ),
                *decoder.stop() if still else decoder.swing(),
            ),
            beat("the others can be kept.", decoder.judge()) if still else None,
            stage=[bars],
        )

    def spare_heads(self, trace: Trace) -> Generator[Step, None, SpareHeads | None]:
        """A task: heads that nobody misses, all at once."""
        run = trace.under(SPARE)
        if "right" not in run or trace.about.get("model") != OURS:  # of another model
            return None
        picture = SpareHeads(trace, run, STAGE)
        added, together, spare, worst = (run[name] for name in ("added_up", "together", "spare", "worst_alone"))
        yield Step(
            "Your turn: is a head useless if nobody misses it?",
            beat(
                f"On other sentences than before, {spare} of all {run['heads']} heads cost at most {worst:.1%} each.",
                (appear(picture.names), appear_in_turn([*picture.grids], "cell")),
                *picture.one_by_one(),
            ),
            beat(
                f"Now ablate these {spare} together: how many sentences are lost?",
                *picture.together(),
                (appear(picture.pause), RunOut(picture.pause.bar)),
            ),
            beat(
                claim(
                    bool(together > 2 * added),
                    f"Their losses add up to {added:.1%}; together, {together:.1%} are lost: some stood in for others.",
                    f"Their losses add up to {added:.1%}; together, {together:.1%} are lost: that some stand in for "
                    "others, this does not show.",
                ),
                leave(picture.pause),
                grow(picture.bars[1]),
                appear(picture.numbers[1]),
            ),
            stage=[],
        )
        return picture

    def claims(self, heads: SpareHeads | None, trace: Trace) -> Iterator[Step]:
        """Common claims about transformers, tested on this model."""
        found = claims_of(trace)
        if not found:
            return
        top, below = STAGE.split_rows(LINE, AIR) if heads else (STAGE, STAGE)
        rooms = below.rows(max(ROWS, len(found)), AIR), (heads.below if heads else STAGE).rows(len(found))
        tests = [CaseThreads(*one) for one in zip(found, *rooms, strict=False)]
        said, wait = [test.said for test in tests], tests[len(tests) // 2].pause
        opened, marks = [leave(wait), *(reshape(test.said, test.words) for test in tests)], [appear()] * len(found)
        if heads:
            line = top.fit(heads.grids.copy().arrange())
            rings = [ring_around(line[heads.parts.index(one.head)] if one.head else line) for one in found]
            opened += [leave(heads.names), reshape(heads.grids, line)]
            marks = [appear(rings[0]), *exchange(rings[:-1], rings[1:])]
        asked = appear(tests[0].unit, *(test.asked for test in tests))
        failed = [ring_around(test.verdict, roomy=True) for test in tests if not test.claim.holds]
        yield Step(
            "Claims about transformers, tested on this model",
            beat("Which of these claims hold here?", appear_in_turn(said), appear(wait), RunOut(wait.bar)),
            *(
                beat(
                    test.claim.told,
                    *([tuple(opened), asked] if test is tests[0] else []),
                    (ring, fill(test.threads, "slow")),
                    appear(test.ends, test.verdict, rise=False),
                )
                for test, ring in zip(tests, marks, strict=True)
            ),
            beat("A claim that fails is a result, too.", appear_in_turn(failed)) if failed else None,
            stage=[heads] if heads else [],
        )

    def one_vector(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close of the lecture: into its first picture, down to one number, and with its vector to a word."""
        token, decoded = focus.query_token, decoder_rows_of(trace)
        opening = Opening(trace["embed_src.sum"].words("position"), decoded.written)
        source, words = opening.source, [chip.label for chip in opening.source]
        wide, model = (WholeModel(trace, decoded, words, opening.inside, alone) for alone in (True, False))
        place, layers = source.place(token), model.layers["encoder"]
        (_, attention), *others = [one.follow("encoder", place, token.position) for one in (model, wide)][-1]
        start = trace["encoder.0.resid_pre"].pick(batch=0, position=token.position)
        opening.box.stretch_to_fit_width(source.width)  # in the end it shows all that is in it
        strip, box = model.enlarged(start), opening.box.copy()
        inward = Dive([opening.box], opening.box, opening.inside)
        entry, closer, one = into_a_number([strip], strip, start, opening.inside)
        begun, turned = wide.lying()
        yield Step(
            "Once more: one vector, from word to word",
            beat("What happens inside?", (leave(opening.output, opening.name_plate), inward)),
            beat(
                f"“{token}” is a vector of {trace['config.d_model']} numbers.",
                Travel(source.chips[place], strip, kind="row"),
            ),
            beat("This is one of them, the farthest from zero:", closer),
            beat(f"it is {entry:.2f}.", appear(one)),
            beat(
                "Together they set out.",
                leave(one),
                Rise(closer),
                reshape(strip, strip.copy().replace(begun, stretch=True), "camera"),
                appear(begun, rise=False),
                (leave(strip), turned, draw(*wide.streams["encoder"], kind="slow")),
                deal(source.chips, wide.chips[0]),
            ),
            beat("In this layer, attention adds a weighted sum of values,", *attention),
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
        yield from self.into_a_word(trace, token, opening, inward, box, [wide, model])

    def into_a_word(
        self, trace: Trace, token: Label, opening: Opening, inward: Dive, box: Box, models: list[WholeModel]
    ) -> Iterator[Step]:
        """The decoder looks at the vectors of the source, and writes; and out again, to the first picture."""
        (wide, model), source, decoded = models, opening.source, decoder_rows_of(trace)
        weights, came = decoded.mean_weights(trace), model.vectors[-1]
        moved = exchange(wide.passed(), model.passed(), "camera")
        row = int(weights.values[:, token.position].argmax())
        way, written, output = model.follow("decoder", row, row), decoded.writes[row], [*opening.output.copy()]
        asking = next(k for k, (part, _) in enumerate(way) if part[1:] == (decoded.layer, "cross_attn"))
        best, share = trace[f"{decoded.cross}.mean_weights"].pick(batch=0, query=row).largest()
        others = [chip for k, chip in enumerate(model.chips[2]) if k != row]
        probs = trace["probs"].pick(batch=0, position=row)
        entry = probs.words("vocab").index(str(written))
        last = model.vectors[-1]
        inside = [*model.whole(), came, last]
        bare = [part for part in inside if part not in model.chips]
        #: Where the words at both ends are once the model is as small as the box.
        whole = frame(opening.inside.width, opening.inside.height).move_to(opening.inside.centre)
        sides = (VGroup(chip.box.copy() for chip in side) for side in model.chips[::2])
        small = VGroup(whole, *sides).stretch_to_fit_width(box.width)
        _, begins, ends = small.stretch_to_fit_height(box.height).move_to(box)
        _, closer, one = into_a_number(inside, last, model.last, opening.inside)
        yield Step(
            "From the last vector to a word",
            beat(
                f"In the decoder, the vector of “{decoded.reads[row]}” has to become the next word.",
                (leave(wide.names, source), *moved),
                (draw(*model.streams["decoder"], kind="row"), appear(model.chips[1])),
                Travel(model.chips[1][row], model.vectors[0]),
            ),
            beat(
                "It attends to what is written so far, and to the source:",
                *(play for _, plays in way[:asking] for play in plays),
            ),
            beat(f"In this cross-attention, “{best}” gets {share:share}.", *way[asking][1]),
            beat(
                f"The last vector gives the next word: “{written}”, {probs.quantity(entry):share}.",
                *(play for _, plays in way[asking + 1 :] for play in plays),
                *model.decided(row, probs.quantity(entry), came),
            ),
            beat(
                "All other vectors go such a way, computed number by number:",
                model.rest(),
                appear_in_turn(others),
                closer,
                appear(one),
            ),
            beat(
                "this happens inside,",
                Rise(closer, one),
                (leave(*model.chips), Rise(inward, *bare, glass=True), appear(source)),
            ),
            beat(
                "when words go in, and words come out.",
                tuple(Flight(word, chip) for word, chip in zip(source.chips, begins, strict=True)),
                deal([*ends], output, kind="slow"),
                (leave(*bare), appear(opening.name_plate)),
            ),
        )


def claims_of(trace: Trace) -> list[MeasuredClaim]:
    """List claims of the notes, each with what was measured; what this model cannot test is left out."""
    found = []
    if "roles.score" in trace:
        line = trace["roles.role_threshold"]
        for looks, role, way in (
            ("A head attends from each determiner to its noun", "determiner->noun", "Determiner to noun"),
            ("A head attends from each noun to its adjective", "noun->adjective", "Noun to adjective"),
        ):
            place = best_head(trace, role)
            if place is not None:
                layer, head, share = place
                said = claim(
                    bool(share >= line),
                    f"{way}, in the best head: {share:share} of new cases. It holds.",
                    f"{way}, in the best head: only {share:share}. It fails, for this model.",
                )
                found.append(MeasuredClaim(looks, share, line, said, f"encoder.{layer}.self_attn {head}"))
        others = trace["roles.attention_to_others"]
        said = claim(
            bool(others > HALF),
            f"To others: {others:share} of words, over all heads. It holds.",
            f"To others: only {others:share} of words, over all heads. It fails.",
        )
        found.append(MeasuredClaim("Most words attend most to others", others, None, said, of="over all heads"))
    elif float(trace["config.words"]) > 1:
        others = trace[f"{FIRST}.share_from_other_tokens"]
        said = claim(
            bool(others > HALF),
            f"In the first attention, {others:share} comes from others: it holds.",
            f"In the first attention, only {others:share} comes from others: it fails.",
        )
        found.append(MeasuredClaim("Most of an output comes from other tokens", others, None, said, of=""))
    return found
