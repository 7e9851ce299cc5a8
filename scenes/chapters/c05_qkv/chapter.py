"""Queries, keys and values: three learned views of one vector."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, LEFT, RIGHT, VGroup

from scenes.animations import (
    Dive,
    Rise,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    gather,
    leave,
    meet,
    move_ring,
    pulses,
    recast,
    ring_around,
    through,
)
from scenes.chapters.c05_qkv.figures import (
    ASKED,
    OVER,
    WIDER,
    QueryArcs,
    SwappedMatrices,
    ThreeRoles,
    TokenPairs,
    VectorLengths,
    length_of_stream,
    reading,
)
from scenes.layout import STAGE
from scenes.mobjects.deck import Deck
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.matrix_product import MatrixProduct, ThreeProjections
from scenes.mobjects.operation import making_of
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.shapes import drop
from scenes.mobjects.text import Words
from scenes.mobjects.wording import LETTERS, counted, entering, head_name, letter_of, strongest
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, EARNED, Focus, focus_of, mixed_focus, on_a_few
from transformer_core.tracing.provenance import Phrase, Quantity
from transformer_core.tracing.trace import Trace


class QKV(Chapter):
    """Queries, keys and values: a vector has three jobs, and gets a matrix for each."""

    number = 5
    title = "Queries, keys and values"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return mixed_focus(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = mixed_focus(trace)
        x = entering(trace, focus)
        ribbon = Ribbon(x.words("position"))
        head, weights = focus.seen(trace), trace.under(f"parameters.{focus.path}", **focus.places(trace))
        product = MatrixProduct(x, weights["w_q"], head["q"], "query", ribbon.below(STAGE))
        yield from self.three_jobs(focus, trace, ribbon)
        yield from self.what_enters(focus, trace, ribbon)
        symbol = product.corner.fit(Formula("{{ W_Q : query }}", LARGE))
        yield from self.one_cell(focus, trace, ribbon, product, symbol)
        yield from self.one_row(focus, trace, ribbon, product, symbol)
        parts = [(role, weights[f"w_{letter.lower()}"], head[letter.lower()]) for role, letter in LETTERS.items()]
        board = ThreeProjections(x, parts, STAGE)
        yield from self.key_and_value(focus, trace, ribbon, board)
        yield from self.not_mutual(focus, trace, board)
        yield from self.three_views(focus, trace, ribbon.place(focus.query_token), board)

    def three_jobs(self, focus: Focus, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """The question of the chapter."""
        x, query_token = entering(trace, focus).pick(position=focus.query_token), focus.query_token
        roles = ThreeRoles(x, dict.fromkeys(LETTERS, x), ribbon.below(STAGE), coloured=False)
        chip = ribbon.chips[ribbon.place(query_token)]
        clear, here = clear_role(trace), QueryArcs(trace, focus)
        first = QueryArcs(trace, clear, ASKED[clear.role]) if clear else here
        example = (
            [
                beat(
                    f"In {head_name(clear.layer, clear.head)}, “{query_token}” asks: {Phrase(first.asked)}",
                    *first.asking(),
                ),
                beat(f"{share_of(trace, clear):share} of its attention goes to “{clear.top_key}”.", *first.look()),
            ]
            if clear
            else []
        )
        met = dict(zip(("query", "key"), [*(here.tags or [here.tag])[:1], *here.found[:1]], strict=False))
        waiting = {role: roles.tags[role].copy() for role in met}
        query, key, value = roles.opening(waiting)
        yield Step(
            "How can one vector do three jobs?",
            *example,
            beat(
                followed(focus, trace),
                (
                    leave(first.heading, first.question, *first.arcs, *first.marks, *first.found),
                    appear(here.heading, here.question),
                    *exchange([first.tags[0]], [here.tag], "row"),
                )
                if clear
                else Travel(here.asker, VGroup(here.tag, here.question), kind="row"),
                *here.look(keys=True),
            ),
            beat(
                f"“{query_token}” enters as a vector of {trace['config.d_model']} numbers.",
                (
                    leave(here.heading, *here.arcs, *here.marks, *here.tags[1:], *here.found[1:]),
                    *exchange([*first.chips, *met.values()], [*ribbon.chips, *waiting.values()]),
                ),
                (
                    ribbon.mark({ribbon.place(query_token): "residual"}),
                    Travel(chip, roles.whole, kind="row"),
                    draw(drop(chip, roles.whole, "residual")),
                ),
            ),
            beat("It has to say what it looks for,", query),
            beat("what it can be found by,", key),
            beat("and what it hands over.", value),
            stage=[first.heading, *first.chips],
        )

    def what_enters(self, focus: Focus, trace: Trace, ribbon: Ribbon) -> Iterator[Step]:
        """The X of the formula, read off the trace."""
        x, stream = entering(trace, focus), trace[f"{focus.block}.resid_pre"].pick(batch=0)
        words, width = trace["config.words"], trace["config.d_model"]
        normed, rms = stream.name != x.name, trace.about["config"].get("norm") == "rms"
        norm = trace.under(x.name.rpartition(".")[0], batch=0)
        stages, lengths = [stream], [length_of_stream(trace, focus)]
        headings = [Words("residual stream", "title", "residual")]
        if normed:
            stages += [norm["normalized"], x]
            lengths += [norm["normalized_length"], norm["out_length"]]
            headings += [Words("normed", "title"), Words("with its gain" if rms else "with gain and shift", "title")]
        headings.append(Words(f"X: {words} × {width}", "title"))
        picture = VectorLengths(stages, lengths, headings, ribbon.below(STAGE))
        spans = [one.values.max() - one.values.min() for one in lengths]
        told = "Each entry is weighed by its learned gain", "Each entry gets its learned gain and shift"
        learned = claim(rms, *told) + claim(bool(0 < spans[-1] < spans[0]), ": lengths differ again, but less.", ".")
        yield Step(
            "What exactly enters?",
            beat(
                "Between its layers, a model keeps one vector for each token: the residual stream.",
                deal(ribbon.chips, picture.stages[0], kind="slow"),
                appear(headings[0], picture.figures[0]),
            ),
            beat(
                f"Before attention reads it, a {claim(rms, '', 'layer ')}norm brings all vectors to one length."
                if normed
                else "In this model, attention reads it as it is.",
                *(picture.changes[0] if normed else ()),
            ),
            beat(learned, *picture.changes[1]) if normed else None,
            beat(
                f"What attention reads is called X: {counted(words, 'vector')} of {width} numbers.",
                leave(headings[-2], picture.figures[-1][-1]),
                appear(headings[-1]),
                appear_in_turn([ring_around(vector) for vector in picture.stages[-1]]),
            ),
            stage=[ribbon, *picture.names],
        )

    def one_cell(
        self, focus: Focus, trace: Trace, ribbon: Ribbon, product: MatrixProduct, symbol: Formula
    ) -> Iterator[Step]:
        """A single entry of the query, computed slowly."""
        head, query_token = focus.seen(trace), focus.query_token
        entry_place = strongest(head["q"].pick(query=query_token)).position
        own: dict[str, int | str] = {"query": query_token, "d_head": entry_place}
        entry = trace.explain(f"{focus.path}.q", head=focus.head, **own)
        place = ribbon.place(query_token), entry_place
        cell, room = product.hollow[place], ribbon.below(STAGE)
        inside = making_of(
            entry,
            room.padded(),
            {entering(trace, focus).name.rpartition(".")[2]: Formula("x")},
            products=head["q_terms"].pick(**own),
            sums=head["q_partial_sums"].pick(**own),
        )
        row, column = product.factors(place)
        taken = product.lifted(column)
        come, first, rest, last = inside.plays([row, taken])
        columns = [taken if one is column else one for one in product.columns]
        dive = Dive([*product.names, *product.rows, *columns, product.empty, symbol], cell, room)
        bias = f"parameters.{focus.path}.b_q" in trace
        yield Step(
            "One number of the query, slowly",
            beat(
                f"A matrix, W_Q, turns each vector of {trace['config.d_model']} numbers into a query of "
                f"{trace['config.d_head']}, a width called d_k. Training finds its numbers.",
                (appear(symbol), appear_in_turn(product.columns, "slow"), appear(product.empty)),
            ),
            beat(
                f"Take the vector of “{query_token}” and one column of the matrix.",
                Travel(column, taken, kind="row", leaving=True),
                (dive, *come[0]),
                *come[1:],
            ),
            beat("Multiply entry by entry, and add up.", *first, *rest),
            beat(
                claim(
                    bias,
                    f"With its bias, this sum is one number of the query: {entry.quantity:.2f}.",
                    f"This sum is one number of the query: {entry.quantity:.2f}.",
                ),
                *last,
                (Rise(dive, inside), Travel(inside.result, product.cells[place], OVER, leaving=True)),
                Travel(taken, column, OVER, leaving=True),
            ),
            stage=[ribbon, *product.names, *product.rows],
        )

    def one_row(
        self, focus: Focus, trace: Trace, ribbon: Ribbon, product: MatrixProduct, symbol: Formula
    ) -> Iterator[Step]:
        """One row quickly, then the rest: X W_Q = Q."""
        here = ribbon.place(focus.query_token)
        entry_place = strongest(focus.seen(trace)["q"].pick(query=focus.query_token)).position
        plus = " + b_Q" if f"parameters.{focus.path}.b_q" in trace else ""
        formula = Formula(f"X {{{{ W_Q : query }}}}{plus} = {{{{ Q : query }}}}", LARGE)
        product.corner.fit(formula)
        heads, rest = trace["config.heads"], product.others(here)
        letters = [letter_of(head) for head in range(trace.about["config"]["heads"])]
        deck = Deck([f"head {letter}" for letter in letters], focus.head, product.corner, "query", "W_Q")
        yield Step(
            "One row quickly, then the rest",
            beat(
                "The other columns give the other numbers of this query.",
                meet(product, [place for place in product.row(here) if place != (here, entry_place)], "slow"),
            ),
            beat(
                claim(
                    len(rest) > 0,
                    "All vectors meet the same matrix, at the same time.",
                    "More vectors would meet the same matrix.",
                ),
                leave(symbol),
                appear(formula),
                meet(product, rest, "slow", at_once=True),
            ),
            beat(
                f"Each of {counted(heads, 'head')} has such a matrix of its own.",
                leave(formula),
                appear_in_turn([*deck.plates], "slow"),
            ),
            beat(
                f"This is the one of {head_name(focus.layer, focus.head)}.",
                (
                    leave(*deck.plates[:-1]),
                    Travel(deck.plates[-1], ring_around(VGroup(*product.columns), "query"), leaving=True),
                ),
                appear(formula),
            ),
        )

    def key_and_value(self, focus: Focus, trace: Trace, ribbon: Ribbon, board: ThreeProjections) -> Iterator[Step]:
        """The same vectors, other matrices."""
        together = trace[f"{focus.path}.heads_per_key"]
        shared = f" Here {together} heads share both." if together > 1 else ""
        noun = ribbon.place((clear_role(trace) or focus).top_key)
        rings = {role: ring_around(VGroup(*board.made[role]), role) for role in ("key", "value")}
        count, bias = focus.seen(trace)["head_parameters"], f"parameters.{focus.path}.b_q" in trace
        total = Words(f"{count:,.0f}", "large number").scale(WIDER)
        named = VGroup(total, Words(f"parameters of head {letter_of(focus.head)}, so far", "block", "ink2"))
        board.corner.fit(named.arrange(DOWN, buff=gap("line")), most=WIDER)
        yield Step(
            "Key and value: the same vectors, other matrices",
            beat(
                "A second matrix, W_K, makes the keys: what each token can be found by.",
                appear(board.matrices["key"], board.symbols["key"]),
                *through(board.x, board.matrices["key"], board.made["key"]),
            ),
            beat(
                f"A third one, W_V, makes the values: what each hands over.{shared}",
                appear(board.matrices["value"], board.symbols["value"]),
                *through(board.x, board.matrices["value"], board.made["value"]),
            ),
            beat(
                f"Three matrices{claim(bias, ' and their biases', '')}: so far, head {letter_of(focus.head)} has "
                f"{count:,.0f} parameters.",
                gather([*board.matrices.values()], total, "slow"),
                appear(named[1]),
            ),
            beat("For what a token is found by need not be what it hands over.", *map(draw, rings.values())),
            beat(
                "A word may be found as a noun, and hand over a gender.",
                *(move_ring(ring, board.made[role][noun], role) for role, ring in rings.items()),
            ),
            stage=board.queries,
        )

    def not_mutual(self, focus: Focus, trace: Trace, board: ThreeProjections) -> Iterator[Step]:
        """Show why queries and keys have a matrix each: with one for both, every match would be mutual."""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        pair, standing = (head, query_token, top_key), board.queries
        mirrored, real = TokenPairs.both(*pair, board)
        # The queries go to the place of the vectors, and the keys come at their right, where they stood before.
        queries, keys = ([board.symbols[role], board.matrices[role], *board.made[role]] for role in ("query", "key"))
        symbol, *aside = VGroup(*queries).copy()
        VGroup(*aside).stretch_to_fit_width(board.x[0].width).set_x(board.x[0].get_x())
        symbol.align_to(aside[0], LEFT)
        come = VGroup(*keys).copy().set_x(queries[-1].get_x())
        made = [(leave(*board.x), *exchange(queries, [symbol, *aside], "row")), appear(come)]
        if mirrored.small or real.small:  # they need the whole stage
            (mirrored, real), standing, made = TokenPairs.both(*pair), [], []
        axis, rings = mirrored.axis, VGroup(ring_around(cell) for cell in mirrored.pair)
        own = VGroup(ring_around(cell) for cell in mirrored.itself)
        alone = head["scores_if_keys_were_queries"]
        itself = claim(
            all(row.largest()[0].position == i for i, row in enumerate(alone)),
            "and here each token would match itself best.",
            "and a token would match itself with the square of its length.",
        )
        first, second = real.told(ahead=focus.stack == DECODER)
        yield Step(
            "Why not one matrix for both?",
            beat(
                "If keys were queries, every query would meet every query. A large blue disc is a good match.",
                appear(mirrored.heading),
                appear_in_turn(mirrored.half, "slow"),
            ),
            beat(
                "Every match would be mutual, like in a mirror,",
                (draw(axis[0], kind="row"), appear(axis[1])),
                mirrored.reflect(),
                appear(rings, mirrored.called, mirrored.readings),
            ),
            beat(itself, leave(rings), appear(own)),
            beat(
                "Now with keys of their own.",
                leave(own, mirrored.heading, axis),
                *made,
                (*exchange(mirrored.columns, real.columns, "slow"), appear(real.heading)),
                recast([*mirrored.grid.cells.values()], [*real.grid.cells.values()], "slow"),
            ),
            beat(
                first,
                appear(real.called),
                *(appear(ring, line) for ring, line in zip(rings, real.readings, strict=True)),
            ),
            beat(second, (draw(axis[0], kind="slow"), appear(axis[1])), appear(ring_around(real.called, roomy=True))),
            stage=[*standing, mirrored.rows, mirrored.columns],
        )

    def three_views(self, focus: Focus, trace: Trace, here: int, board: ThreeProjections) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        head, query_token = focus.seen(trace), focus.query_token
        x = entering(trace, focus).pick(position=query_token)
        views = {role: head[letter.lower()][here] for role, letter in LETTERS.items()}
        one_for_all, top_key = trace[f"{focus.path}.heads_per_key"] == 1, focus.top_key
        pair = [(query_token, top_key), (top_key, query_token)]
        mutual = one_for_all and top_key.position != query_token.position
        readings = VGroup(reading(head["scores"], *way) for way in pair if mutual).arrange(RIGHT, buff=gap("part") * 2)
        biased = f"parameters.{focus.path}.b_q" in trace
        roles = ThreeRoles(x, views, board.right, coloured=True, below=readings, biased=biased)
        flow, called = pulses(roles.ways, role="residual"), board.names[here].copy()
        called.next_to(roles.whole, LEFT, buff=gap("chip"))
        question = claim(
            biased,
            "Your turn: would it matter if W_Q and W_K, with their biases, changed places?",
            "Your turn: would it matter if W_Q and W_K changed places?",
        )
        question = question if one_for_all else "Your turn: heads share keys and values. What does that save?"
        symbols = [ring_around(panel[1][-1], role) for role, panel in roles.panels.items()]
        answers, hidden = [], claim(focus.stack == DECODER, ", which a mask will hide", "")
        if mutual:
            turned = SwappedMatrices(roles, readings)
            score = head["scores"].pick(query=query_token, key=top_key)
            answers = [
                beat(
                    f"It would: the {score:.2f} from “{query_token}” to “{top_key}” "
                    f"would lead from “{top_key}” to “{query_token}”{hidden}.",
                    appear(*readings),
                    turned.scores(),
                    ambient=flow,
                ),
                beat("So each goes back to its place: queries ask, and keys answer.", *turned.back(), ambient=flow),
            ]
        yield Step(
            "Three views of one vector",
            beat(
                "So one vector does three jobs, through three matrices.",
                (Travel(board.x[here], roles.whole, kind="row"), Travel(board.names[here], called, kind="row")),
                *roles.opening(),
            ),
            beat(
                "Where each is used gives it its role; training fills the matrices.",
                appear_in_turn(symbols, "slow"),
                ambient=flow,
            ),
            beat(question, leave(*symbols), *(turned.matrices() if mutual else ()), ambient=flow),
            *answers,
            stage=[*board.names, *board.x],
        )


def share_of(trace: Trace, focus: Focus) -> Quantity:
    """Return the attention weight that the query token gives to the top key."""
    weight: Quantity = focus.seen(trace)["weights"].pick(query=focus.query_token, key=focus.top_key)
    return weight


def clear_role(trace: Trace) -> Focus | None:
    """Return the head in which the query token does what a role says, with nearly all of its attention; else None."""
    focus = focus_of(trace)
    return focus if focus.role in ASKED and share_of(trace, focus) > EARNED else None


def followed(focus: Focus, trace: Trace) -> str:
    """Return the sentence that names the head which the lecture follows, and what it was chosen for."""
    where = head_name(focus.layer, focus.head)
    return claim(
        on_a_few(trace, focus),
        claim(
            bool(focus.role),
            f"We follow {where}: there “{focus.query_token}” shares its attention among a few tokens: we see them mix.",
            f"We follow {where}: what it asks, we don’t know, but “{focus.query_token}” mixes a few tokens there.",
        ),
        f"We follow {where}: there “{focus.query_token}” makes a good example.",
    )
