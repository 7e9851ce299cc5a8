"""The open questions, each with its figure; the tasks of all chapters, each with its answer; and the whole way once."""

from __future__ import annotations

from collections.abc import Iterator

from manim import VGroup

from scenes.animations import (
    Count,
    Morph,
    Through,
    appear,
    appear_in_turn,
    flow,
    follow,
    leave,
    slide,
)
from scenes.animations.branching import multiply, reshape
from scenes.animations.waiting import RunOut
from scenes.layout import at_floor
from scenes.mobjects.areas import Areas
from scenes.mobjects.budgets import letter_of
from scenes.mobjects.cards import (
    Cards,
    Small,
    one_to_itself,
    out_of_zeros,
    passing,
    shares_of,
    terms,
    three_strips,
    tip_to_tail,
    two_bars,
)
from scenes.mobjects.claims import FAILS, HOLDS, OPEN, Claim, ClaimList
from scenes.mobjects.guessing import Spare, Swapped, both_sides
from scenes.mobjects.passage import rows_of
from scenes.mobjects.rows import Answer
from scenes.mobjects.shape_strip import ShapeStrip
from scenes.mobjects.shapes import dot
from scenes.mobjects.splits import Splits
from scenes.mobjects.whole_path import WholePath
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import LIMITS
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.studies.focus import Focus, best_head, focus_of
from transformer_core.studies.measures.questions import argmin_score_gradient, equal_scores_unequal_weights
from transformer_core.studies.measures.selection import argmax_ratio, argmax_terms
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import Trace

FIRST = "encoder.0.self_attn"
#: A difference below this part of the numbers that differ is rounding.
ROUNDING = 1e-6
SPARE = "experiment.spare_heads"
#: Two that get more than this together lead by far.
NEARLY_ALL = 0.9


class FAQ(Chapter):
    """Where every number comes from, what the notes got right, and what you can predict now."""

    number = 17
    title = "FAQ and tasks"
    needs = ("cross-attention",)

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.where_from(trace)
        yield from self.more_heads(focus, trace)
        yield from self.all_these_numbers(trace)
        yield from self.so_confusing(focus, trace)
        yield from self.claims(trace)
        yield from self.swap(focus, trace)
        yield from self.shares(focus, trace)
        yield from self.which_rows_move(trace)
        yield from self.rows(focus, trace)
        yield from self.spare_heads(trace)
        yield from self.once_more(focus, trace)

    def where_from(self, trace: Trace) -> Iterator[Step]:
        """The question of the chapter; lengths that run, and widths that stay."""
        strip = ShapeStrip(trace)
        runs = []
        for letter, counter in zip("nm", strip.counters, strict=True):
            bars, states, quantities = strip.run(letter)
            runs.append((Through(bars, states, "slow"), Count(counter, quantities, "", "slow")))
        yield Step(
            "Where does every number come from?",
            say="Can you say, for every number, where it comes from? |"
            "A longer source: rows come, scores grow both ways, no width moves. |"
            "The target has a length of its own. |"
            "Only n and m come from the sentence.",
            show=[
                [
                    appear(strip.letters, *strip.counters),
                    (appear_in_turn([*strip.names]), appear(strip.tracks, strip.bars, strip.cut)),
                    appear(strip.ways, strip.road, strip.labels),
                ],
                runs[0],
                runs[1],
                None,
            ],
        )

    def more_heads(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """d_model, heads, d_head: one row of W_Q, cut this way and that."""
        width, heads, d_head = (trace[f"config.{name}"] for name in ("d_model", "heads", "d_head"))
        matrix = trace[f"parameters.{focus.path}.w_q"]
        picture = Splits(matrix.pick(d_model=0), trace["config.splits"], int(heads))
        cuts = [
            (*multiply(picture.whole, [line], "rest"), follow(VGroup(left, right)))
            for line, left, right in zip(picture.lines, picture.lefts, picture.rights, strict=True)
        ]
        yield Step(
            "Do more heads take more parameters?",
            say="Chapter eight asked: do more heads take more parameters? |"
            "Cut one row of the query matrix for more and more heads: |"
            "the pieces get shorter, their sum stays. |"
            f"No: {counted(heads, 'head')} of {d_head}, {width} in all. Is one enough? Measure, at your size.",
            show=[appear(picture.whole, picture.whole_name), cuts[:2], cuts[2:], appear(picture.ring)],
            stay=(),
        )

    def all_these_numbers(self, trace: Trace) -> Iterator[Step]:
        """Parameters as area, by layer and by kind."""
        layers, kinds = Areas(trace, by_kind=False), Areas(trace, by_kind=True)
        shares = trace["parameters.shares_by_kind"]
        names = shares.words("part")
        told = ", ".join(f"{Phrase(name)} {shares.quantity(k):share}" for k, name in enumerate(names[:3]))
        place = [str(name) for name in names].index("attention")
        verdict = claim(
            place == 0,
            "Attention is the largest, at this size.",
            "The one we talk of most is not the largest.",
        )
        yield Step(
            "Where are all these numbers?",
            say=f"All {trace['config.parameters']:,.0f} learned numbers as areas, layer by layer. |"
            "Now the same areas by what they are for: |"
            f"{told}. |{verdict}",
            show=[
                [
                    appear(layers.names),
                    (appear_in_turn([*layers.blocks]), appear(layers.numbers)),
                    appear(layers.inside),
                ],
                (
                    leave(layers.names, layers.numbers, layers.inside),
                    slide(layers.blocks, kinds.blocks, "row"),
                    follow(VGroup(kinds.names, kinds.numbers)),
                ),
                None,
                None,
            ],
            stay=(),
        )

    def so_confusing(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Four questions about positions, with a small real picture each."""
        if "embed_src.positional" not in trace:
            return
        query_token = focus.query_token
        plain = trace.under(f"other.no_positions.{FIRST}", batch=0)
        parts = plain["weighted_v"].pick(query=query_token.position)
        head, entry = argmax_terms(parts, decimals=2)  # the one that chapter four adds up
        order = [int(i) for i in trace["other.shuffled.order"].values]
        values = parts.pick(head=head, d_head=entry).quantities()
        stairs, again = terms(values, order)
        total = plain["z"].pick(head=head, query=query_token.position, d_head=entry)
        rows = [
            trace[f"embed_src.{name}"].pick(batch=0, position=query_token.position)
            for name in ("scaled", "positional", "sum")
        ]
        answers = [
            Small("Can’t we trace |the order?", stairs, (f"{total:.2f}", "in any order"), [(stairs[2], again)]),
            Small("Why not tell |the place?", three_strips(rows, "+="), ("it is told", "inside the row")),
        ]
        beats = [
            "Can’t we trace the order? A sum has none. |",
            "Why not tell the place? It is told, inside the row. |",
        ]
        run = trace.under("experiment.direction")
        if "asymmetry" in run and trace.about["config"]["positions"] in ("interleaved", "halves"):
            where, step, contrast = argmax_ratio(run["asymmetry"], run["asymmetry_spread"])
            both = [run[name].pick(head=where, distance=step) for name in ("before", "behind")]
            answers.append(
                Small(
                    "Before |or behind?",
                    two_bars(both, ("before", "behind"), ".1f"),
                    (f"head {letter_of(where)}", "tells them apart" if contrast > 1 else "hardly tells"),
                )
            )
            beats.append(
                "Before or behind? A learned matrix tells. |"
                if contrast > 1
                else "Before or behind? No head here tells. |"
            )
        plane = trace["embed_src.sum_plane"].pick(batch=0, position=query_token.position)
        found = trace.under("experiment.word_from_sum")
        told = (f"{found['recovered']:share}", "found again") if "recovered" in found else ("the sum", "keeps its word")
        answers.append(Small("Is the word |spoilt?", tip_to_tail(plane), told))
        beats.append(
            f"Is the word spoilt? It is found again in {found['recovered']:share}."
            if "recovered" in found
            else "Is the word spoilt? The vectors were trained inside such sums."
        )
        cards = Cards(answers)
        shows = [[appear(cards.asks[k]), appear(cards.pictures[k]), appear(cards.told[k])] for k in range(len(answers))]
        if len(order) > 1:
            shows[0].insert(2, reshape(stairs[2], again))
        shows[-1].insert(0, appear(cards.lines))
        yield Step("So confusing? Four answers", say="".join(beats), show=shows, stay=())

    def claims(self, trace: Trace) -> Iterator[Step]:
        """Claims of the notes, one by one."""
        found = claims_of(trace)
        picture = ClaimList(found)
        lines = [[appear(text)] for text in picture.texts]
        figures = iter(picture.figures)
        for one, line, verdict in zip(found, lines, picture.verdicts, strict=True):
            line.append((appear(next(figures)), appear(verdict)) if one.figure else appear(verdict))
        half = (len(lines) + 1) // 2
        yield Step(
            "What the notes claim, and what holds",
            say="The notes make claims; each meets the tensors. |"
            "A tick: it holds. A cross: it fails. |"
            "A wrong guess isn’t wasted: it says what to measure.",
            show=[
                [appear(picture.rules), *(one for line in lines[:half] for one in line)],
                [one for line in lines[half:] for one in line],
                None,
            ],
            stay=(),
        )

    def swap(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """A task: the query and the key matrix change places."""
        part, query_token = focus.seen(trace), focus.query_token
        picture = Swapped(part["scores"], part["swapped_scores"])
        before, after = picture.before, picture.after
        first, share = part.in_full("weights", query=query_token.position).largest()
        then, other = part.in_full("swapped_weights", query=query_token.position).largest()
        difference = trace[f"{focus.path}.swapped_difference"]
        turned = (
            "None is lost: the grid turns over, rows read as columns. |"
            if difference < ROUNDING
            else "The grid is another one. |"
        )
        again = str(first) == str(then)
        looks = claim(
            first.position != then.position,
            f"“{query_token}” looked at “{first}”; now it looks at {'another ' * again}“{then}”.",
            f"“{query_token}” looks at “{first}” both times, now with {other:share}.",
        )
        yield Step(
            "Swap the query and the key matrix",
            say="Chapter five asked: does swapping the query and key matrix ruin the scores? |"
            f"Your guess? |{turned}{looks}",
            show=[
                [appear(before.cells, before.words, before.title), appear(after.words, after.title, picture.pause)],
                RunOut(picture.pause.bar),
                (leave(picture.pause), Morph(picture.pairs, "row")),
                [
                    appear(before.told(query_token, first, share), picture.dashes),
                    appear(after.told(query_token, then, other)),
                ],
            ],
            stay=(),
        )

    def shares(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Short answers about scores and shares."""
        answers, beats = [], []
        pairs = equal_scores_unequal_weights(trace)
        if pairs:
            seen, told = [], []
            for layer, head, query, key in pairs:
                part = trace.under(f"encoder.{layer}.self_attn", batch=0, head=head)
                at_ = {"query": query.position, "key": key.position}
                lengths = part["q_norm"].pick(query=query.position), part["k_norm"].pick(key=key.position)
                seen.append((lengths, part["cosine"].pick(**at_)))
                told.append(part["scores"].pick(**at_))
            answers.append(
                Small(
                    "Can a score be high |at a small cosine?",
                    two_bars(told, [f"cosine {cosine:.2f}" for _, cosine in seen], ".1f"),
                    ("yes", "if the vectors are long"),
                )
            )
            beats.append("A high score at a small cosine? Yes, if the vectors are long. |")
        path = trace.under(focus.path, batch=0, head=focus.head)
        tied = path["tied_weights"].pick(query=focus.query_token.position)
        if len(tied) > 1:
            _, share = tied.largest()
            far = claim(bool(2 * share > NEARLY_ALL), "lead by far", "lead")
            answers.append(Small(f"Two equal scores |{far}?", shares_of(tied, 2, ".1%"), (f"{share:.1%}", "for each")))
            beats.append(f"Two equal scores {far}? Each gets {share:.1%}. |")
        own = trace.under("decoder.0.self_attn", batch=0)
        rows = own["weights"].words("query")
        row = max(len(rows) - 2, 0)
        reads = rows[row]
        difference = trace["decoder.0.self_attn.divided_difference"]
        kept = own["post_softmax_mask_sums"].pick(head=0, query=row)
        answers.append(
            Small(
                "Zeros after the softmax, |then divided?",
                two_bars([kept, own["weight_sums"].pick(head=0, query=row)], ("left", "divided"), ".2f"),
                (
                    "the same shares" if difference < ROUNDING else f"{difference:.0e} apart",
                    f"head {letter_of(0)}, row of “{reads}”",
                ),
            )
        )
        same = claim(bool(difference < ROUNDING), "The same shares.", f"Shares that differ by up to {difference:.0e}.")
        beats.append(f"Zeros after the softmax, then divide? {same}")
        cards = Cards(answers)
        yield Step("Scores and shares: short answers", say="".join(beats), show=in_turn(cards), stay=())

    def which_rows_move(self, trace: Trace) -> Iterator[Step]:
        """A task: a word comes; which rows are still what they were?"""
        last = int(float(trace["config.encoder_layers"])) - 1
        if f"other.shorter.encoder.{last}.resid_post" not in trace:
            return
        final = int(float(trace["config.decoder_layers"])) - 1
        names = f"encoder.{last}.resid_post", f"decoder.{final}.resid_post"
        rows = [rows_of(trace, name) for name in names]
        changes = [
            rows_of(trace, f"{name}.{kind}_change") for name, kind in zip(names, ("grown", "later"), strict=True)
        ]
        encoder, decoder = both_sides(rows, changes, ["encoder", "decoder"])
        word, read = rows[0].words("position")[-1], rows[1].words("position")[-1]
        still = bool((changes[1].values[:-1] == 0).all())
        moved = bool((changes[0].values > ROUNDING).all())
        kept = claim(
            still and moved,
            "So a decoder keeps its rows; an encoder once its source is whole.",
            "Where rows move, they are computed anew.",
        )
        yield Step(
            "Which rows move?",
            say="Chapter thirteen asked: could an encoder keep rows? |"
            f"The last word comes, “{word}”; in the decoder, “{read}”. Which rows move? |"
            f"In the encoder {'every one' if moved else 'some'}; |"
            f"in the decoder {'only the new one' if still else 'others, too'}. {kept}",
            show=[
                [
                    appear(encoder.title, encoder.chips, encoder.rows),
                    appear(decoder.title, decoder.chips, decoder.rows),
                ],
                [
                    appear(encoder.ring, decoder.ring, encoder.head, decoder.head, encoder.pause, decoder.pause),
                    (RunOut(encoder.pause.bar), RunOut(decoder.pause.bar)),
                ],
                (leave(encoder.pause), appear_in_turn([*encoder.bars]), appear_in_turn([*encoder.numbers])),
                (leave(decoder.pause), appear_in_turn([*decoder.bars]), appear_in_turn([*decoder.numbers])),
            ],
            stay=(),
        )

    def rows(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Short answers about rows."""
        query_token = focus.query_token
        alone = trace[f"{FIRST}.alone_weights"].pick(batch=0, head=0, query=query_token.position)
        row = trace["encoder.0.resid_pre"].pick(batch=0, position=query_token.position)
        post = trace.about["config"]["norm_order"] == "post"
        answers = [
            Small(
                "A single word? |Which boxes work?",
                one_to_itself(query_token, alone),
                ("all of them", "it attends to itself"),
            ),
            Small(
                "A sublayer that |gives only zeros?",
                passing(row),
                ("the row passes", "a norm comes after" if post else "as it was"),
            ),
        ]
        beats = [
            f"A single word? Every box works; it gives itself {alone:share}. |",
            f"A sublayer of zeros? The row passes{', to the next norm' if post else ' as it was'}. |",
        ]
        if "encoder.0.ffn.out" in trace:
            length = trace["encoder.0.ffn.from_zeros_norm"]
            answers.append(
                Small(
                    "Lines stay straight: |linear?",
                    out_of_zeros(trace["encoder.0.ffn.from_zeros"]),
                    (f"length {length:.2f}", "made of zeros"),
                )
            )
            beats.append("Biases on, ReLU off? Zeros don’t stay zeros: not linear. |")
        slopes = f"gradients.{focus.path}"
        if f"{slopes}.scaled" in trace and float(trace["config.words"]) > 1:
            push = trace[f"{slopes}.score_gradient"].pick(batch=0, head=focus.head, query=query_token.position)
            weights = focus.seen(trace)["weights"].pick(query=query_token.position)
            share, least, key = argmin_score_gradient(push, weights)
            answers.append(
                Small(
                    "When does a score |get no push?",
                    shares_of(weights, 1),
                    (f"{least:.0e}", f"on “{key}”: {share:share}"),
                )
            )
            beats.append("No push? No share, or nothing new to bring.")
        cards = Cards(answers)
        yield Step("Rows: short answers", say="".join(beats).removesuffix(" |"), show=in_turn(cards), stay=())

    def spare_heads(self, trace: Trace) -> Iterator[Step]:
        """A task: heads that nobody misses, all at once."""
        run = trace.under(SPARE)
        heads = sum(len(trace[name]) for name in trace if name.startswith("parameters.") and name.endswith(".w_q"))
        if "roles.score" not in trace or "right" not in run or run["heads"] != heads:  # of another model
            return
        picture = Spare(run["alone"], {k for k, off in enumerate(run["which"].values) if off}, run["right"])
        before, after = run["right"].quantities()
        added, together = run["added_up"], run["together"]
        lost = f"Singly: {added:.1%} lost. Together: {together:.1%}."
        verdict = claim(
            together > 2 * added,
            f"{lost} They filled in for each other.",
            f"{lost} That they fill in for each other, this does not show.",
        )
        yield Step(
            "Heads that nobody misses",
            say="Chapter fourteen asked: is a head useless if nobody misses it? |"
            f"Alone, {run['spare']} of {run['heads']} cost next to nothing on some sentences. "
            "Now, on others, all go. |"
            f"From {before:share} right to {after:share}. |{verdict}",
            show=[
                [appear(picture.names), appear_in_turn([*picture.tiles])],
                [
                    appear(picture.bars[0], picture.pause),
                    (leave(*picture.off), appear(picture.dark, picture.legend), RunOut(picture.pause.bar)),
                ],
                (leave(picture.pause), follow(picture.bars[1])),
                None,
            ],
            stay=(),
        )

    def once_more(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close of the lecture: the whole way in one move, the answer, and a last question."""
        decoded = decoder_rows_of(trace)
        last = int(float(trace["config.encoder_layers"])) - 1
        final = "encoder.final_norm.out"
        memory = rows_of(trace, final if final in trace else f"encoder.{last}.resid_post")
        told = tuple(range(min(len(decoded.written), LIMITS.whole)))
        looks, weights = decoded.mean_weights(trace).pick(query=told), focus.seen(trace)["weights"]
        written = int(looks.values[:, focus.query_token.position].argmax()) if len(looks) else 0
        share = weights.pick(query=focus.query_token.position, key=focus.top_key.position)
        picture = WholePath(
            trace["embed_src.sum"].words("position"),
            decoded.written[: len(told)],
            trace["embed_src.ids"].pick(batch=0),
            rows_of(trace, "embed_src.sum"),
            memory,
            weights,
            looks,
            (focus.query_token.position, focus.top_key.position, written),
        )
        dots = VGroup(*(dot(way.points[0]) for way in picture.ways))
        answer = at_floor(Answer("Every number comes from the sentence, the settings, or training: each can be shown."))
        yield Step(
            "Once more, from words to words",
            say=f"Words with a place. In one head “{focus.query_token}” gives “{focus.top_key}” {share:share}; |"
            f"all heads make its row, and the decoder writes “{decoded.written[written]}”. |"
            "Every number came from the sentence, the settings, or training. |"
            "Your turn: which claim here can your own sentence refute?",
            show=[
                appear_in_turn(picture.in_order, "slow"),
                [
                    (appear(dots), *(flow(one, way, "slow") for one, way in zip(dots, picture.ways, strict=True))),
                    appear(picture.ring),
                ],
                appear(answer),
                None,
            ],
            stay=(),
        )


def in_turn(cards: Cards) -> list[list[object]]:
    """One card a beat: what is asked, the picture, the figure."""
    beats: list[list[object]] = [
        [appear(asks), appear(picture), appear(told)]
        for asks, picture, told in zip(cards.asks, cards.pictures, cards.told, strict=True)
    ]
    for line, beat in zip(cards.lines, beats[1:], strict=True):
        beat[0] = (appear(line), beat[0])
    return beats


def claims_of(trace: Trace) -> list[Claim]:
    """What the notes claim, each with its figure and its verdict; what this model cannot tell is left out."""
    words = trace["config.words"]
    rows = counted(words, "row")
    found = [Claim("The encoder compresses: fewer rows", f"{rows} in, {rows} out", FAILS)]
    line = trace["roles.role_threshold"] if "roles.score" in trace else None
    for text, role in (
        ("A determiner looks for its noun", "determiner->noun"),
        ("A noun looks for its adjective", "noun->adjective"),
    ):
        place = best_head(trace, role)
        if place is not None and line is not None:
            found.append(Claim(text, f"{place[-1]:share} of new cases", HOLDS if place[-1] >= line else FAILS))
    if "roles.score" in trace:
        own = trace["roles.mean_self_attention"]
        found.append(
            Claim(
                "Most tokens look little at themselves", f"{own:share} look there most", HOLDS if own < 0.5 else FAILS
            )
        )
    if float(words) > 1:
        moved = trace[f"other.shuffled.{FIRST}.out.permutation_difference"]
        found.append(
            Claim(
                "Without places, attention knows no order",
                f"rows differ by {moved:.0e}" if moved > 0 else "the same rows",
                HOLDS if moved < ROUNDING else FAILS,
            )
        )
        others = trace[f"{FIRST}.share_from_other_tokens"]
        found.append(
            Claim(
                "Attention moves a token by the others", f"they bring {others:share}", HOLDS if others > 0.5 else FAILS
            )
        )
    run = trace.under("experiment.variance")
    if "variance" in run:
        width, variance = (run[name].quantity(len(run["width"]) - 1) for name in ("width", "variance"))
        fits = abs(variance / width - 1) < 0.05
        found.append(
            Claim(
                "Scores grow with the width: divide by its root",
                f"variance {variance:,.0f} at width {width:.0f}",
                HOLDS if fits else FAILS,
            )
        )
    found.append(Claim("A value carries meaning and grammar", "", OPEN))
    return found
