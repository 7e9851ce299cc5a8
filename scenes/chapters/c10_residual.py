"""Residual layers: Add keeps the word and a road for the gradient, Norm keeps the scale."""

from __future__ import annotations

from collections.abc import Iterator

from manim import LEFT, RIGHT, VGroup

from scenes.animations import appear, appear_in_turn, fill, follow, leave, ring_around, slide
from scenes.animations.branching import multiply, reshape
from scenes.animations.shading import Shades
from scenes.layout import at_floor, centred
from scenes.mobjects.norm_places import Wired
from scenes.mobjects.race import named_head
from scenes.mobjects.role_table import layer_name
from scenes.mobjects.rows import Answer
from scenes.mobjects.stations import Stations
from scenes.mobjects.stream import PlaceOrSum, Tributaries
from scenes.mobjects.text import Words
from scenes.mobjects.tokens import Token
from scenes.mobjects.trained import ByDepth, Deep, Trained
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.focus import Focus, focus_of, layers_of
from transformer_core.studies.measures.selection import argmax_angle
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.provenance import Phrase
from transformer_core.tracing.trace import Trace

#: A difference below this is rounding.
ROUNDING = 1e-6


class Residual(Chapter):
    """What is added stays, and what is normed keeps its size."""

    number = 10
    title = "Residual layers: Add, Norm"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002 - streams and norms are everywhere
        return "*.stream *.ln? *.final_norm"

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        yield from self.in_its_place(focus, trace)
        yield from self.tributaries(focus, trace)
        yield from self.a_road(trace)
        yield from self.without_add(trace)
        yield from self.stations(focus, trace)
        yield from self.before_or_after(trace)
        yield from self.is_norm_needed(trace)
        yield from self.nothing_added(focus, trace)

    def in_its_place(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The question of the chapter: put the answer in the row's place, or add it."""
        query_token, path = focus.query_token, focus.path
        part = trace.under(path, batch=0, position=query_token.position)
        row = trace[f"{focus.block}.resid_pre"].pick(batch=0, position=query_token.position)
        own = trace[f"{path}.weights"].pick(batch=0, head=focus.head, query=query_token, key=query_token.position)
        placed, added = part["left_if_replaced"], part["left_if_added"]
        picture = PlaceOrSum(row, part["out"], part["added"], (placed, added), query_token)
        verdict = (
            "The word is still there. |So it may look elsewhere."
            if added > max(placed, 0.5)
            else "Much is left either way. |Here it costs little to look elsewhere."
            if max(placed, added) > 0.5
            else "Little is left either way. |Here what is found outweighs the word."
        )
        yield Step(
            "In its place, or added?",
            say=f"Attention has an answer for “{query_token}”. Why add it? "
            f"{named_head(focus.layer, focus.head)} let “{query_token}” keep {own:share} of itself. |"
            f"In its place: cosine {placed:.2f} with the row. |"
            f"Add it: {added:.2f}. {verdict}",
            show=[
                [appear(picture.token, picture.row), appear(picture.names[0], picture.found)],
                [(appear(picture.line, picture.names[1]), *multiply(picture.found, [picture.placed])),
                 appear(picture.heading, picture.left[0])],
                [(appear(picture.names[2]), *multiply(picture.row, [picture.summed]),
                  *multiply(picture.found, [picture.summed])), appear(picture.left[1])],
                appear(ring_around(picture.summed)),
            ],
        )  # fmt: skip

    def tributaries(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The stream through the whole stack of the token that it turns most."""
        token, degrees = argmax_angle(trace, focus.stack)
        part = trace.under(focus.stack, batch=0, position=token.position)
        lengths, apart = part["contribution_norms"], part["residual_sums_difference"]
        last = part[f"{layers_of(trace)[-1]}.resid_post"]
        picture = Tributaries(lengths, part["residual_norms"], part["residual_sums"], last, token)
        most, length = lengths.pick(sublayer=tuple(range(1, len(lengths)))).largest()
        tally = (
            "Start plus all additions is the row that leaves" + (", but for rounding" if apart > 0 else ", exactly")
            if apart < ROUNDING
            else "Norms rescale it: another row leaves"
        )
        turned = (
            f"The {Phrase(focus.stack)} turns “{token}” most: by {degrees:.0f} degrees. "
            if trace["config.words"] > 1
            else f"The {Phrase(focus.stack)} turns “{token}” by {degrees:.0f} degrees. "
        )
        yield Step(
            "A stream with tributaries",
            say=f"{turned}Its stream is as wide as the row is long. |"
            "Every sublayer adds to it. "
            f"The most comes from {most}: length {length:.2f}. |{tally}.",
            show=[
                [appear(picture.token, picture.parts[0], picture.first), appear(picture.sum_name, picture.sum)],
                [
                    (
                        appear_in_turn([*picture.falls], "slow"),
                        appear_in_turn([*picture.parts[1:]], "slow"),
                        Shades(picture.sum, picture.fills, picture.full),
                    ),
                    appear(picture.numbers, picture.names),
                ],
                appear(picture.leaves, picture.leaves_name),
            ],
            stay=(),
        )

    def a_road(self, trace: Trace) -> Iterator[Step]:
        """Gradients before any training, by depth: four ways to build a stack."""
        picture = ByDepth(trace.under("experiment.gradient_by_depth"))
        lines, labels, ends = picture.lines, picture.labels, picture.ends
        centred(picture)
        grows = claim(ends["no norm"] > 1000, "explodes", claim(ends["no norm"] > 1, "grows", "shrinks"))
        stays = "stays near its size" if 0.1 < ends["pre-norm"] < 10 else "is"
        neither, both = ends["no norm, no Add"], ends["pre-norm"]
        yield Step(
            "A road for the gradient",
            say="Going back, x plus f of x has the slope of f, plus one. That one is a road. |"
            f"Untrained, {picture.deepest} layers deep: with neither Add nor Norm, "
            f"{neither:.0e} arrives at the first. |"
            f"Add alone: it {grows}. |With Norm it {stays}: {both:.2f}.",
            show=[
                appear(picture.plot),
                appear(lines["no norm, no Add"], labels["no norm, no Add"]),
                appear(lines["no norm"], labels["no norm"]),
                [appear(lines["pre-norm"], labels["pre-norm"]), appear(lines["pre-norm, no Add"],
                                                                       labels["pre-norm, no Add"])],
            ],
            stay=(),
        )  # fmt: skip

    def without_add(self, trace: Trace) -> Iterator[Step]:
        """Retrained without Add, and everything else the same."""
        run = trace.under("experiment.parts_removed")
        picture = Trained(run, {"nothing": ("with Add", "residual"), "residual": ("without", "warning")})
        centred(picture)
        lines, labels, mean = picture.lines, picture.labels, picture.mean
        worst = run["exact.over_seeds"].smallest()[0]
        rank = (
            "No other part that we took out cost as much."
            if worst == "residual"
            else f"Only “{worst}” cost more when we took it out."
        )
        yield Step(
            "Retrained without Add",
            say="Norm alone kept the gradient’s size, too. So is Add needed? Train without it: "
            f"same data, same {run['steps']:,.0f} steps. |"
            f"With Add {mean['nothing']:.0%} of new sentences come out right. |"
            f"Without: {mean['residual']:.0%}. |{rank}",
            show=[
                appear(picture.plot),
                [fill(lines["nothing"], "row"), appear(labels["nothing"])],
                [fill(lines["residual"], "row"), appear(labels["residual"])],
                None,
            ],
            stay=(),
        )

    def stations(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """One row through a layer norm."""
        path, query_token = f"{focus.block}.ln1", focus.query_token
        if f"{path}.mean" not in trace:
            return
        part = trace.under(path, batch=0, position=query_token.position)
        enters = trace[trace.parents[f"{path}.mean"][0]].pick(batch=0, position=query_token.position)
        rows = [enters, *(part[name] for name in ("centred", "normalized", "scaled_by_gain", "out"))]
        mean, variance, after, one = (part[name] for name in ("mean", "var", "mean_after", "var_after"))
        picture = Stations(rows, [mean, after, after], [variance, variance, one], query_token)
        bars, names = picture.states, picture.names
        yield Step(
            "Norm: one row through five stations",
            say=f"Norm takes one row, here “{query_token}”, {layer_name(focus.layer)}: "
            f"mean {mean:.2f}, variance {variance:.2f}. |"
            "Take the mean off every entry. |Divide by the root of the variance: "
            f"now the variance is {one:.2f}. |"
            "Then learned gains and shifts for each entry. Each row uses only itself.",
            show=[
                [appear(picture.token, picture.zero, names[0]), fill(bars[0], "row"),
                 appear(picture.mean, picture.mean_name, picture.facts[0])],
                (slide(bars[0], bars[1], "row"), reshape(picture.mean, picture.mean_home), appear(names[1]),
                 reshape(picture.mean_name, picture.name_home), leave(picture.facts[0]), follow(picture.facts[1])),
                (slide(bars[1], bars[2], "row"), appear(names[2]), leave(picture.facts[1]), follow(picture.facts[2])),
                [appear(picture.formula),
                 (slide(bars[2], bars[3], "row"), appear(names[3]),
                  leave(picture.facts[2], picture.mean, picture.mean_name)),
                 (appear(names[4]), slide(bars[3], bars[4], "row"))],
            ],
            stay=(),
        )  # fmt: skip

    def before_or_after(self, trace: Trace) -> Iterator[Step]:
        """Two places for the norm, and what deep models make of them in a few steps."""
        run = trace.under("experiment.depth_and_norm")
        pre, post = Wired("pre", 440), Wired("post", 760)
        exact = run["exact.over_seeds"]
        names = ("pre-norm, no warm-up", "post-norm, no warm-up")
        one, other = (exact.pick(model=name) for name in names)
        clear = run["exact.effect"].pick(model=names[1]) == 1
        verdict = "" if clear else "That may be chance."
        order = trace.about["config"]["norm_order"]
        own = {"pre": "Our sentence went through pre-norm.", "post": "Our sentence went through post-norm."}
        yield Step(
            "Before or after?",
            say=f"Where does Norm stand? On a branch, so that the stream runs free: pre-norm. |"
            f"Or on the stream itself: post-norm, as in the paper. |"
            f"{run['layers']} layers a side, no warm-up, only {run['steps']} steps: pre-norm gets {one:.0%} right, "
            f"post-norm {other:.0%}. {verdict}|{own.get(order, '')}",
            show=[
                [appear(pre.stream, pre.title), appear(pre.ways, pre.boxes, pre.plus)],
                [appear(post.stream, post.title), appear(post.ways, post.boxes, post.plus, post.norm)],
                appear(pre.result(one, "new sentences right"), post.result(other, "new sentences right")),
                appear(ring_around({"pre": pre, "post": post}[order].norm)) if order in own else None,
            ],
            stay=(),
        )

    def is_norm_needed(self, trace: Trace) -> Iterator[Step]:
        """Measure what the norm is worth, at two depths with all else alike."""
        run, deep = trace.under("experiment.parts_removed"), trace.under("experiment.depth_and_norm")
        picture = Trained(run, {"nothing": ("with Norm", "residual"), "norm": ("without", "warning")}, wide=700)
        lines, labels, mean = picture.lines, picture.labels, picture.mean
        clear = run["exact.effect"].pick(part="norm") == 1
        gain = mean["norm"] - mean["nothing"]
        verdict = ("A real gain without it" if gain > 0 else "A real loss") if clear else "Chance may explain it"
        exact, share = deep["exact"], deep["exact.over_seeds"]
        shallow = ("shallow, pre-norm, no warm-up", "shallow, no norm, no warm-up")
        far = ("pre-norm, no warm-up", "no norm, no warm-up")
        small, large = (tuple(share.pick(model=name) for name in names) for names in (shallow, far))
        sure = [counts(*(exact.pick(model=name) for name in names)) for names in (shallow, far)]
        few = Deep(
            f"{deep['steps']} steps, no warm-up",
            {
                f"{layers} layers a side, {name}": (pair[k], role)
                for layers, pair in ((deep["shallow_layers"], small), (deep["layers"], large))
                for k, (name, role) in enumerate((("with Norm", "residual"), ("without", "warning")))
            },
        )
        centred(VGroup(picture, few).arrange(RIGHT, buff=gap("part")))
        depth = claim(
            all(sure) and (small[0] > small[1]) != (large[0] > large[1]),
            "What Norm is worth depends on the depth.",
            "That depth decides, these trainings can’t tell.",
        )
        yield Step(
            "Is Norm needed here?",
            say=f"Is Norm needed? The small model, after {run['steps']:,.0f} steps: with Norm {mean['nothing']:.0%}, |"
            f"without {mean['norm']:.0%}. {verdict}, at this size. |"
            f"Only depth changed: {deep['shallow_layers']} layers, {small[0]:.0%} with it, {small[1]:.0%} without; "
            f"{deep['layers']} layers, {large[0]:.0%} and {large[1]:.0%}. |{depth}",
            show=[
                [appear(picture.plot), fill(lines["nothing"], "row"), appear(labels["nothing"])],
                [fill(lines["norm"], "row"), appear(labels["norm"])],
                [appear(few[0]), appear_in_turn([*few[1:]])],
                None,
            ],
            stay=(),
        )  # fmt: skip

    def nothing_added(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Close: the answer, and a question about zeros."""
        order = trace.about["config"]["norm_order"]
        picture = Wired(order, 560)
        token = Token(focus.query_token).next_to(picture.stream, LEFT, buff=gap("chip"))
        after = Words("?", "large number").next_to(picture.stream, RIGHT, buff=gap("chip"))
        centred(VGroup(picture, token, after))
        answer = at_floor(Answer("Add keeps the word and opens a road for the gradient; Norm keeps the scale."))
        zeros = ring_around(picture.boxes[-1])
        yield Step(
            "Add keeps, Norm tames",
            say="Add keeps the word, and a road for the gradient. Norm keeps the scale; "
            "what that is worth has to be measured at each depth. |"
            f"Your turn: this sublayer gives only zeros. What becomes of the row of “{focus.query_token}”?",
            show=[[appear(picture, token), appear(answer)], appear(zeros, after)],
            stay=(),
        )
