"""Formula, part two: scores become shares, and shares blend values."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import (
    Count,
    Through,
    appear,
    appear_in_turn,
    fill,
    follow,
    highlight,
    leave,
    reweigh,
)
from scenes.layout import at_floor, centred
from scenes.mobjects.formulas import Formula
from scenes.mobjects.journey import Journey, Parting
from scenes.mobjects.plots import Plot, SortedShares, walks
from scenes.mobjects.products import value_line
from scenes.mobjects.rows import Answer, Arcs
from scenes.mobjects.shapes import rule
from scenes.mobjects.softmax import Blend, SoftmaxTable, WeightBoard
from scenes.mobjects.temperatures import Temperatures, temperature_panels
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import DECODER, Focus, focus_of, swap_of, within_reach
from transformer_core.studies.measures.residual_path import SENSES
from transformer_core.tracing.trace import Trace


class Weighting(Chapter):
    """Scale, softmax, and the weighted sum of values."""

    number = 7
    title = "Formula, part two: shares and values"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return focus_of(trace).path

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.accidents_add_up(trace)
        yield from self.divide_by_the_root(trace)
        yield from self.shares_of_one(focus, trace)
        yield from self.every_row(focus, trace)
        yield from self.a_temperature(focus, trace)
        yield from self.slope_to_learn_from(trace)
        yield from self.weigh_the_values(focus, trace)
        yield from self.rows_move(focus, trace)
        yield from self.looks_when_it_must(focus, trace)

    def accidents_add_up(self, trace: Trace) -> Iterator[Step]:
        """Why sums of products grow: random walks."""
        run = trace.under("experiment.variance")
        paths, width = run["walks"], run["walk_steps"]
        reach = run["walk_reach"]
        plot = Plot((0, float(width)), (-float(reach), float(reach)), ("products added", "sum so far"))
        lines = walks(plot, paths)
        roots = run["walk_roots"].values
        above = plot.curve(range(len(roots)), roots, "query")
        below = plot.curve(range(len(roots)), -roots, "query")
        zero = rule(plot.point(0, 0), plot.point(float(width), 0), "ink", 2)
        law = Formula('op("Var")(q dot k) = d_k')
        law_note = Words("± root of the count", "aside", "query")
        centred(VGroup(plot, lines, above, below, zero))
        plot.label(law_note, float(width), float(roots[-1]))
        law.next_to(law_note, DOWN, buff=gap("part")).align_to(law_note, LEFT)
        centred(VGroup(plot, lines, above, below, zero, law, law_note))
        yield Step(
            "A score is a sum of many accidents",
            say="Scores can be any size. How do they become shares, and why the root? |"
            "Untrained entries are random. Each line adds up the products of one pair. |"
            "Each product adds one to the variance. |"
            "So a typical score grows like the root of the width.",
            show=[
                [appear(plot)],
                fill(lines, "slow"),
                appear(law),
                [appear(zero, above, below, law_note)],
            ],
        )

    def divide_by_the_root(self, trace: Trace) -> Iterator[Step]:
        """Three divisors at the largest width that was measured."""
        run = trace.under("experiment.variance", width=len(trace["experiment.variance.width"]) - 1)
        names = {"raw": "undivided", "root": "over the root of the width", "full": "over the width itself"}
        panels = VGroup(
            *(
                SortedShares(run["sorted_weights"].pick(choice=choice), run["largest_weight"].pick(choice=choice), name)
                for choice, name in names.items()
            )
        ).arrange(RIGHT, buff=gap("part"))
        raw, root, full = (run["largest_weight"].pick(choice=choice) for choice in names)
        sizes = VGroup(
            value_line("width", run["width"], "", "query"),
            value_line("variance of the raw scores", run["variance"], ",.0f"),
        ).arrange(RIGHT, buff=gap("part"))
        centred(VGroup(sizes, panels).arrange(DOWN, buff=gap("part")))
        yield Step(
            "Undivided, over the width, or over its root?",
            say=f"Measured at width {run['width']}: raw scores have variance {run['variance']:,.0f}. |"
            f"Undivided, the best of {run['keys']} random keys takes {raw:share}: almost a choice. |"
            f"Over the width itself it takes {full:share}: nearly equal shares. |"
            f"Over the root it takes {root:share}, much the same at every width above one.",
            show=[
                [appear(sizes), appear(panels[0])],
                None,
                appear(panels[2]),
                appear(panels[1]),
            ],
            stay=(),
        )

    def shares_of_one(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Softmax of the query token's row, column by column."""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        table = SoftmaxTable(head, query_token)
        centred(table)
        share = head["weights"].pick(query=query_token, key=top_key)
        own = head["weights"].pick(query=query_token, key=query_token.position)
        root = trace[f"{focus.path}.sqrt_d_head"]
        digits = 0 if root == round(root) else 1
        ahead = len(within_reach(head, query_token)) < len(table.tokens)
        raised = (
            "Take e to the gap to the best: nothing, for what lies ahead. |"
            if ahead
            else "Take the gap to the best, and raise e to it. |"
        )
        itself = f" and {own:share} to itself" if query_token.position != top_key.position else ""
        yield Step(
            f"Softmax: the shares of “{query_token}”",
            say=f"The real row of “{query_token}”, divided by {root:.{digits}f}, the root of the width. |"
            f"{raised}"
            "Divide by the sum: together they make one. |"
            f"“{query_token}” gives {share:share} to “{top_key}”{itself}.",
            show=[
                [appear(table.tokens, table.scores, table.heads[0]), appear(table.scaled, table.heads[1])],
                [
                    appear(table.leads, table.heads[2]),
                    (appear_in_turn([*table.raised]), appear(table.heads[3], table.raised_numbers)),
                    appear(table.raised_total, table.line),
                ],
                [
                    (appear_in_turn([*table.shares]), appear(table.heads[4], table.share_numbers)),
                    appear(table.share_total),
                ],
                highlight(table.shares[top_key.position])[1],
            ],
            stay=(),
        )

    def every_row(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """All rows of the head at once."""
        head, query_token = focus.seen(trace), focus.query_token
        board = WeightBoard(head)
        centred(board)
        row = board.grid.row(query_token)
        here = board.grid.tensor.position("query", query_token)
        rest = board.grid.others(row)
        strongest = head["weights"].largest()
        ahead = focus.stack == DECODER
        over = ", over what it may see" if ahead else ""
        told = (
            f"“{strongest[0]}” has only itself: {strongest[2]:share}."
            if ahead and within_reach(head, strongest[0]) == (strongest[1].position,)
            else f"The largest share here is “{strongest[0]}” to “{strongest[1]}”: {strongest[2]:share}."
        )
        yield Step(
            "Every row shares out one",
            say=f"The row of “{query_token}” goes back into its grid. |"
            + claim(
                len(rest) > 0,
                "Every other row gets its own softmax. No row knows of another. |",
                "With more rows, each gets its own softmax. |",
            )
            + f"Each row adds up to one{over}; columns need not. |{told}",
            show=[
                appear(board.query_tokens[here], row, board.answers),
                [appear(*(chip for i, chip in enumerate(board.query_tokens) if i != here)), fill(rest, "row")]
                if len(rest)
                else None,
                appear_in_turn([board.sum_name, *board.sums]),
                [highlight(board.grid.cell(strongest[0], strongest[1]))[1]],
            ],
            stay=(),
        )

    def a_temperature(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Divide the same row by T."""
        head, query_token = focus.seen(trace), focus.query_token
        states = Temperatures(head, query_token)
        one = states.at(1.0)
        label = Words(f"temperature {states.temperatures[one]:.2f}", "large number")
        group = VGroup(states, label.next_to(states, UP, buff=gap("grid")))
        centred(group)
        panels = centred(temperature_panels(head, query_token))
        hot = states.temperatures[one:]
        cold = states.temperatures[one - 1 :: -1]
        shown = states.states
        yield Step(
            "Dividing scores sets a temperature",
            say=f"To divide a row is to set its temperature. This is the row of “{query_token}” as it is. |"
            "Hotter: the shares draw level. |"
            "Colder: the winner takes all. |"
            "The root does this to raw scores, so that no row is frozen before it has learned.",
            show=[
                appear(states.floor, states.tokens, shown[one], label),
                (Through(shown[one], shown[one:]), Count(label, hot, ".2f", "slow", "temperature ")),
                (
                    Through(shown[one], shown[::-1]),
                    Count(label, [*reversed(hot), *cold], ".2f", "slow", "temperature "),
                ),
                (leave(shown[one], states.floor, states.tokens, label), appear(panels)),
            ],
            stay=(),
        )

    def slope_to_learn_from(self, trace: Trace) -> Iterator[Step]:
        """A spike has no slope."""
        run = trace.under("experiment.variance")
        widths, norms = run["width"].values, run["jacobian_norm"]
        plot = Plot(
            widths,
            (0, float(norms.values.max())),
            ("width, in powers of four", "slope of the softmax (norm of its Jacobian), random vectors"),
            logarithmic=(True, False),
        )
        raw, root = norms.pick(choice="raw"), norms.pick(choice="root")
        raw_line = VGroup(plot.curve(widths, raw.values, "ink3"), plot.dots(widths, raw.values, "ink3"))
        root_line = VGroup(plot.curve(widths, root.values, "weight"), plot.dots(widths, root.values, "weight"))
        centred(VGroup(plot, raw_line, root_line))
        ticks = plot.ticks(run["width"].quantities(), ",.0f")
        last = len(widths) - 1
        names = VGroup(
            plot.label(Words(f"undivided {raw.quantity(last):.2f}", "fact", "ink2"), widths[-1], raw.values[-1]),
            plot.label(
                Words(f"over the root {root.quantity(last):.2f}", "fact", "weight"), widths[-1], root.values[-1]
            ),
        )
        centred(VGroup(plot, raw_line, root_line, ticks, names))
        yield Step(
            "A spike leaves nothing to learn from",
            say="Why not let the winner take all from the start? A share near one hardly moves. |"
            f"Undivided, the slope sinks with the width, to {raw.quantity(last):.2f}. |"
            f"Over the root it stays near {root.quantity(last):.2f}. A head may grow sharp later, by learning to.",
            show=[
                appear(plot, ticks),
                [appear(raw_line, names[0])],
                [appear(root_line, names[1])],
            ],
            stay=(),
        )

    def weigh_the_values(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Value rows, lit by their shares, add up to one new row."""
        head, query_token = focus.seen(trace), focus.query_token
        blend = Blend(head, query_token)
        centred(blend)
        leader, pull = head.in_full("weighted_value_norm", query=query_token).largest()
        most = (
            f"“{query_token}” takes mostly what “{leader}” carries: {pull:share} of the length that is added up."
            if pull > 0.5
            else f"It is a blend, led by “{leader}” with {pull:share} of the length that is added up."
        )
        yield Step(
            "Shares blend the values",
            say="Each token also brings a value row: what it hands over. |"
            f"The shares of “{query_token}” weigh these rows. |"
            f"Scale each row by its share, and add. |{most}",
            show=[
                appear(blend.plain, blend.tokens, blend.value_tag, blend.headings[0]),
                [appear(blend.query_tokens, blend.bars, blend.numbers)],
                (*reweigh(blend.plain, blend.weighed), leave(blend.headings[0]), follow(blend.headings[1])),
                [appear(blend.line, blend.output, blend.output_name)],
            ],
            stay=(),
        )

    def rows_move(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """What the blends do to the rows: they move, and a word of two senses parts."""
        ways, shown = (trace[f"{focus.stack}.{name}"] for name in ("residual_path", "residual_path_explained"))
        parts = all(key in trace.about for key in SENSES) and trace["encoder.senses_start"] < 1e-6
        picture = Journey(ways.pick(batch=0), focus.query_token.position, 1040 if parts else 1810)
        told, show = "", []
        if parts:
            one, other = (trace[f"other.{key}.encoder.0.resid_pre"].pick(batch=0) for key in SENSES)
            word, first = (one.label("position", trace.about[SENSES[0]][place]) for place in ("noun", "decides"))
            second = other.label("position", trace.about[SENSES[1]]["decides"])
            apart = trace["encoder.senses_end"]
            pair = Parting(trace["encoder.senses_moved"], word, (first, second), apart, 1100, 1810)
            told = (
                f" |“{word}” with “{first}”, and with “{second}”: one start, two ends. |"
                f"They lie {apart:.2f} times as far apart as “{first}” moved it."
            )
            show = [[appear(pair.panel, pair.start), appear(pair.ways, pair.names)], appear(pair.gap, pair.apart)]
        yield Step(
            "Every row moves",
            say=f"Added to its row, such a blend moves “{focus.query_token}”. |"
            f"Every row moves: this plane shows {shown:share} of how they differ.{told}",
            show=[
                [appear(picture.panel, picture.starts), appear_in_turn(picture.legs, "slow"), appear(picture.chips)],
                None,
                *show,
            ],
            stay=(),
        )

    def looks_when_it_must(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Uncover the bet, and close."""
        head, query_token, top_key = focus.seen(trace), focus.query_token, focus.top_key
        formula = Formula(
            'op("Attention")(Q, K, V) = '
            'op("softmax") lr((frac({{ Q : query }} {{ K : key }}^T, sqrt(d_k)))) {{ V : value }}'
        )
        answer = at_floor(Answer("The root keeps scores teachable; shares then blend the values."))
        question = "Your turn: two equal scores lead by far. What shares?"
        weights = head["weights"].pick(query=query_token)
        swap = swap_of(trace, focus)
        here, best = (
            weights.position("key", query_token.position),
            head.in_full("weights", query=query_token).largest()[0],
        )
        known = Arcs(weights.words("key"), here, weights, low=not swap)
        if not swap:
            centred(VGroup(known, formula).arrange(DOWN, buff=gap("grid")), lower=-0.1)
            turned = " Q and K are rotated by their positions." if trace.about["config"].get("rotary") else ""
            yield Step(
                "The whole formula, once",
                say=f"Scores over the root, softmax, values.{turned} "
                f"In this head “{query_token}” looks most at “{best}”. |"
                f"The root keeps scores teachable; shares then blend the values. |{question}",
                show=[[appear(known), appear(formula)], appear(answer), None],
                stay=(),
            )
            return
        other = trace.under(f"other.swap.{focus.path}", batch=0, head=focus.head)["weights"].pick(
            query=swap["position"]
        )
        guess = Arcs(other.words("key"), swap["position"], other)
        asked = other.label("key", swap["position"])
        share, other_share = weights.pick(key=top_key.position), other.pick(key=top_key.position)
        centred(VGroup(known, guess).arrange(DOWN, buff=gap("part"), aligned_edge=LEFT), lower=-0.12)
        verdict = claim(
            bool(share > 0.5 > other_share),
            "It looks only when it must; nobody programmed this.",
            claim(
                bool(share > other_share),
                "Here the two differ less than one might bet.",
                "Here it looks even more, though it need not.",
            ),
        )
        yield Step(
            "The bet: does it look, too?",
            say=f"“{query_token}” gives “{top_key}” {share:share}: Spanish needs its gender. |"
            f"“{asked}”, with one form, gives it {other_share:share}. |{verdict} |"
            f"The root keeps scores teachable; shares blend the values. |{question}",
            show=[
                [appear(known)],
                [appear(guess.chips), (appear_in_turn([*guess.arcs]), appear(guess.marks))],
                None,
                appear(answer),
                None,
            ],
            stay=(),
        )
