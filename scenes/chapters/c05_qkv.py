"""Q, K, V: three learned views of one row."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, RIGHT, VGroup

from scenes.animations import appear, appear_in_turn, fill, fly, leave, ring_around
from scenes.layout import at_floor, centred
from scenes.mobjects.budgets import letter_of
from scenes.mobjects.formulas import Formula
from scenes.mobjects.one_cell import OneCell
from scenes.mobjects.projection import LETTERS, Meeting, alike, column_scan, counted, entering, refit, strongest
from scenes.mobjects.role_table import layer_name, role_name
from scenes.mobjects.rows import Answer
from scenes.mobjects.sorted_heads import pattern_name
from scenes.mobjects.three_jobs import Entering, ThreeJobs
from scenes.mobjects.two_ways import Guess, Pairs, Turned, both_guesses, only_rounding
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, Focus, best_head, focus_of
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import Trace


class QKV(Chapter):
    """One row is asked to do three jobs, and gets a matrix for each."""

    number = 5
    title = "Q, K, V"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return focus_of(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.three_jobs(focus, trace)
        yield from self.what_enters(focus, trace)
        yield from self.one_cell(focus, trace)
        yield from self.one_row(focus, trace)
        yield from self.key_and_value(focus, trace)
        yield from self.not_mutual(focus, trace)
        yield from self.no_meaning_of_its_own(focus, trace)
        yield from self.guesses(trace)
        yield from self.three_views(focus, trace)

    def three_jobs(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The question of the chapter."""
        jobs = ThreeJobs(entering(trace, focus).pick(position=focus.query_token), focus.query_token)
        yield Step(
            "How can one row do three jobs?",
            say=f"Inside the model, “{focus.query_token}” is one row of {trace['config.d_model']} numbers. |"
            "It must ask: what am I looking for? |It must be found: what can I be matched by? |"
            "And it must hand something over. How can one row do all three?",
            show=[
                appear(jobs.chip, jobs.strip),
                appear(jobs.jobs["query"]),
                appear(jobs.jobs["key"]),
                appear(jobs.jobs["value"]),
            ],
        )

    def what_enters(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The X of the formula, read off the trace."""
        x, stream = entering(trace, focus), trace[f"{focus.block}.resid_pre"].pick(batch=0)
        words, width = trace["config.words"], trace["config.d_model"]
        picture = Entering(stream, x, focus.query_token, f"{words} × {width}")
        normed = len(picture.way) > 0
        reads = (
            "Attention reads each row after the norm, not before. |"
            if normed
            else "In this model, attention reads the stream as it is. |"
        )
        skipped = (
            "A diagram that skips the norm shows other numbers."
            if normed
            else "In other models a norm comes first, and the numbers are others."
        )
        yield Step(
            "What exactly enters?",
            say=f"First, the small print. {reads}"
            f"The X of the formula: {counted(words, 'row')} of {width} numbers. |{skipped}",
            show=[
                [appear(picture.before, picture.heads), *([appear(picture.way), appear(picture.x)] if normed else [])],
                [appear(picture.letter, picture.size), appear(ring_around(picture.x.row(focus.query_token)))],
                None,
            ],
            stay=(),
        )

    def one_cell(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """One cell, slowly."""
        head, query_token = focus.seen(trace), focus.query_token
        entry = strongest(head["q"].pick(query=query_token)).position
        weights = trace.under(f"parameters.{focus.path}", **focus.places(trace))
        bias = weights["b_q"].pick(d_head=entry) if "b_q" in weights else None
        x = entering(trace, focus).pick(position=query_token)
        picture = OneCell(
            head, x, weights["w_q"].pick(d_head=entry), query_token, entry, bias, f"{trace['config.d_head']} entries"
        )
        value, total = head["q"].pick(query=query_token, d_head=entry), picture.sums.pick(d_model=-1)
        added = f", and the bias adds {bias:{picture.spec}}" if bias is not None else ""
        yield Step(
            "One number of the query, slowly",
            say=f"Take the row of “{query_token}”, and one column of the query matrix. |"
            "Multiply entry by entry: each product moves the sum. |"
            f"All {trace['config.d_model']} products make {total:{picture.spec}}{added}. |"
            f"{value:{picture.spec}} is one number of the query. Equal signs push up, unequal ones down.",
            show=[picture.opening(), picture.first_terms(), picture.all_terms(), picture.landing()],
            stay=(),
        )

    def one_row(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """One row quickly, then the rest: X W_Q = Q."""
        words, width = trace["config.words"], trace["config.d_model"]
        heads, d_head = trace["config.heads"], trace["config.d_head"]
        board = self.board = Meeting.of_heads(trace, focus)
        mine = board.views[focus.head]
        ring, tag = ring_around(board.x.lines[board.here], "query"), board.tag_beside("query")
        first, scan = column_scan(board)
        across = f"{width}" if heads * d_head == width else f"{heads}·{d_head}"
        sizes = [
            board.size_under(board.x, f"{words} × {width}"),
            board.size_over(f"{width} × {across}"),
            board.size_under(board.made, f"{words} × {across}"),
        ]
        plus = " + b" if f"parameters.{focus.path}.b_q" in trace else ""
        formula = Formula(f"X {{{{ W_Q : query }}}}{plus} = {{{{ Q : query }}}}").move_to(board.corner)
        cut = (
            f"{counted(heads, 'head')} of {d_head} columns each. {followed(focus)}"
            if len(board.views) > 1
            else f"One head takes all {d_head} columns."
        )
        outline = VGroup(ring_around(mine.matrix, "query"), ring_around(mine.rows, "query"))
        yield Step(
            "One row quickly, then the rest",
            say=f"The other columns give the other entries. |Every row uses the same matrix, all at once. |{cut}",
            show=[
                [
                    appear(board.entering, board.matrices, *sizes[:-1]),
                    appear(ring, first, tag),
                    (scan, fill(board.row, "row")),
                ],
                [(leave(ring, first), appear(board.other_rows, sizes[-1])), appear(formula)],
                appear(outline),
            ],
            stay=(),
        )

    def key_and_value(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The same row, other matrices."""
        query_token, wide = focus.query_token, self.board
        board = Meeting.of_roles(trace, focus)
        mine, (query, key, value) = wide.views[focus.head], board.views
        names, tags, rings = board.names(), board.tags(), board.rings()
        cosine = focus.seen(trace)["cosine"].pick(query=query_token, key=query_token.position)
        line = board.in_corner(f"“{query_token}”: query and key", "cosine", cosine)
        verdict = "here the two are almost alike." if alike(cosine) else "asking isn’t answering."
        together = trace[f"{focus.path}.heads_per_key"]
        shared = f"; {together} heads share both" if together > 1 else ""
        yield Step(
            "Key and value: the same row, other matrices",
            say="Two more matrices read the same rows. |"
            f"The key matrix makes what a row can be matched by, |the value matrix what it hands over{shared}. |"
            f"Query and key of “{query_token}” have a cosine of {cosine:.2f}: {verdict}",
            show=[
                [(refit(wide.entering, board.entering), refit(mine, query)), appear(names[0], tags[0])],
                [appear(key.matrix, names[1]), (fly(board.x, key.rows, "row"), appear(tags[1]))],
                [appear(value.matrix, names[2]), (fly(board.x, value.rows, "row"), appear(tags[2]))],
                appear(rings, line),
            ],
            stay=[wide.entering, mine],
        )

    def not_mutual(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Why not one matrix for both?"""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        words = trace["config.words"]
        mirrored, real = Pairs.both(head, query_token, top_key, f"{words} × {words}")
        centred(VGroup(mirrored, real).arrange(RIGHT, buff=gap("part")))
        rings = VGroup(*(ring_around(cell) for cell in mirrored.pair))
        later = VGroup(*(ring_around(cell) for cell in real.pair))
        yield Step(
            "Why not one matrix for both?",
            say="Soon every query will be matched with every key. If keys were queries, |"
            f"the matches would be their own mirror. |{real.told(ahead=focus.stack == DECODER)}",
            show=[
                appear(mirrored.heading, mirrored.rows, mirrored.columns, mirrored.half, mirrored.size),
                [appear(mirrored.axis), mirrored.reflect(), appear(rings, mirrored.readings)],
                [
                    appear(real.heading, real.rows, real.columns, real.grid, real.size),
                    appear(later, real.readings),
                ],
                None,
            ],
            stay=(),
        )

    def no_meaning_of_its_own(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Who told this matrix to be the query?"""
        change = trace[f"{focus.path}.rotated_scores_difference"]
        picture = Turned(
            focus.seen(trace), focus.query_token, focus.top_key, f"one rotation, all {trace['config.d_head']} entries"
        )
        before, after = picture.scores
        facts = at_floor(picture.fact(change))
        turned = trace.about["config"].get("rotary")
        turn = (
            "Queries and keys are rotated by their positions. Rotate all by one angle more: every entry changes, |"
            if turned
            else "Turn all queries and keys by one rotation: every entry changes, |"
        )
        kept = "and no score does, but for rounding. |" if only_rounding(change) else "and here the scores move too. |"
        yield Step(
            "Who told this matrix to be the query?",
            say="Nobody did. A matrix gets its role from where it is plugged in. |"
            f"{turn}{kept}"
            + claim(
                only_rounding(change),
                "To the scores, no single entry means anything.",
                "Here the place of an entry means something.",
            ),
            show=[
                [appear(picture.chips_of(after=False), picture.before), appear(before)],
                picture.turning(),
                [appear(after), appear(facts)],
                None,
            ],
            stay=(),
        )

    def guesses(self, trace: Trace) -> Iterator[Step]:
        """What the notes guess, and what was measured."""
        nouns, adjectives = best_head(trace, "determiner->noun"), best_head(trace, "noun->adjective")
        if nouns is None or adjectives is None:
            return
        first, second = nouns[-1], adjectives[-1]
        line = trace["roles.role_threshold"]
        cards = VGroup(
            Guess("A determiner looks for its noun", first, line),
            Guess("A noun looks for its adjective", second, line),
        ).arrange(DOWN, buff=gap("part"))
        centred(cards)
        yield Step(
            "Two guesses, measured",
            say="The notes guess: a determiner looks for its noun, a noun for its adjective. |"
            f"How often does the best head’s largest share lie there? {first:share} and {second:share} of new cases. |"
            f"{both_guesses(first, second, line)}",
            show=[
                appear_in_turn([card.text for card in cards]),
                appear_in_turn([VGroup(card.bar, card.line, card.mark) for card in cards]),
                appear(*(card.verdict for card in cards)),
            ],
            stay=(),
        )

    def three_views(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        head, query_token = focus.seen(trace), focus.query_token
        views = {role: head[letter.lower()][query_token.position] for role, letter in LETTERS.items()}
        picture = ThreeJobs(entering(trace, focus).pick(position=query_token), query_token, views)
        question = (
            "Your turn: heads share keys and values. What does that save?"
            if trace[f"{focus.path}.heads_per_key"] > 1
            else "Your turn: would swapping the query and the key matrix ruin the scores?"
        )
        answer = at_floor(Answer("Three learned views of one row: the formula gives the roles, training fills them."))
        yield Step(
            "Three views of one row",
            say="So one row does three jobs through three matrices. |"
            f"The formula gives them their roles, and training fills them. |{question}",
            show=[
                [appear(picture.chip, picture.strip), appear_in_turn([*picture.jobs.values()])],
                appear(answer),
                None,
            ],
            stay=(),
        )


def followed(focus: Focus) -> str:
    """Which head the lecture follows, and the measure that has chosen it."""
    head = f"We follow head {letter_of(focus.head)} of the {layer_name(focus.layer)}"
    if focus.role:
        return f"{head}: “{role_name(focus.role)}”, in {focus.score:share} of new cases."
    if focus.pattern:
        name = pattern_name(focus.pattern)
        return f"{head}, the clearest link: “{name}” gets {focus.score:share}, by chance {focus.chance:share}."
    if focus.query_token.position == focus.top_key.position:
        return f"{head}."
    kind = Phrase(claim(focus.query_token[:1].isalpha(), "words", "tokens"))
    query, key = focus.query_token, focus.top_key
    return f"{head}: of the links between {kind} near each other, “{query}” to “{key}” is the strongest."
