"""Inside a language model: heads, units and layers of a real one, taken apart with the tools of interpretability."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, UP, VGroup

from scenes.animations import (
    Count,
    Sweep,
    Travel,
    appear,
    appear_in_turn,
    dim,
    draw,
    exchange,
    fill,
    grow,
    leave,
    move_ring,
    pulses,
    ring_around,
)
from scenes.animations.branching import reshape
from scenes.chapters.c18_inside.climb import Climb
from scenes.chapters.c18_inside.looks import Looks, fan, named
from scenes.chapters.c18_inside.losses import Losses
from scenes.chapters.c18_inside.reading import Reading, Verdicts
from scenes.chapters.c18_inside.wall import ByName, Wall, grouped
from scenes.layout import STAGE
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.tracing.trace import Trace

HEADS, TOKENS, PRONOUN = "experiment.sinks_and_induction", "experiment.next_token", "experiment.pronoun"


class Inside(Chapter):
    """The tools that took a small translator apart, on a real language model."""

    number = 18
    title = "Inside a language model"
    recorded = "inside_prose"

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002
        return "decoder.*.self_attn"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run, heads = trace.under("experiment.inside_prose"), trace.under(HEADS)
        yield from self.all_heads(run, heads)
        yield from self.at_rest(run)
        yield from self.a_name_twice(run)
        yield from self.without_heads(run, heads)
        yield from self.through_the_layers(run, trace.under(TOKENS))
        yield from self.a_unit(run)
        yield from self.it(run, trace.under(PRONOUN))
        yield from self.the_last_word(run)
        yield from self.names(run, heads)

    def all_heads(self, run: Trace, heads: Trace) -> Iterator[Step]:
        """The question, and all patterns of one sentence: the map of the chapter."""
        weights = run["wall"]
        row, below = STAGE.split_rows(60, 24)
        ribbon, wall = Ribbon(weights.words("key"), row), Wall(weights, below)
        layer, head = (int(one) - 1 for one in run["best_heads"].pick(kind="induction").values)
        large, tile = wall.large(weights, layer, head, below), wall.layers[layer][head]
        others = VGroup(*(VGroup(*(grid for grid in column if grid is not tile)) for column in wall.layers))
        bars, thin = wall.bars(heads["sink"])
        yield Step(
            f"{run['heads']:.0f} heads read one sentence",
            beat("We took a small translator apart. Does that work on a real language model?", appear(large[1])),
            beat("One of its heads: each row is a token that attends.", appear(large[0][0]), fill(large[0][1], "slow")),
            beat(
                f"{run['in_a_layer']:.0f} heads in each of {run['layers']:.0f} layers:",
                (leave(large[1]), Travel(large[0], tile, kind="cut", leaving=True)),
                (Sweep(others, "tour"), appear(wall.names)),
            ),
            beat(
                "Many have a bright first column. Draw that as a bar, the mean over plain texts:",
                (leave(*wall.shown), reshape(thin, bars, "slow")),
            ),
            beat(f"{run['sink']:share} of all attention goes to the first token: to an attention sink."),
            stage=[ribbon],
        )

    def at_rest(self, run: Trace) -> Iterator[Step]:
        """The fan of a head at rest, and the short value of the token that it rests on."""
        weights = run["wall"]
        place = run["best_heads"].pick(kind="induction")
        layer, head = (int(one) - 1 for one in place.values)
        row = Looks(weights.words("key"), STAGE.rows(12, 0)[6], 300)
        arcs = fan(row, weights.pick(layer=layer, head=head))
        bars, ratio = row.lengths(run["values"], 190, 24), run["value_ratio"]
        source, source_year = run["sources"].label("part", 0), run["sources"].quantity(0)
        name = Words("length of the value", "aside", "value").begin_in(STAGE.rows(12, 0)[9])
        yield Step(
            "A head with nothing to say",
            beat(
                f"Why the first token? Head {place.quantity(1):.0f} of layer {place.quantity(0):.0f} gives it all.",
                draw(*(line for turn in arcs for line in turn), kind="slow"),
            ),
            beat("Softmax must give out one hundred per cent, even if nothing here fits its queries."),
            beat(
                "So it attends where that does least: to a value that is short.",
                appear(name),
                tuple(grow(bar, UP) for bar in bars),
            ),
            beat(
                f"In sinks it is {ratio:share} as long as the others: attention without effect. ({source}, {source_year:.0f})",
                appear(ring_around(VGroup(row.chips[0], bars[0]))),
            ),
            stage=[row],
        )

    def a_name_twice(self, run: Trace) -> Iterator[Step]:
        """An induction head at work in prose, and the previous-token head that makes it possible."""
        weights, likely = run["twice"], run["next"]
        induction, previous = weights.pick(choice="induction"), weights.pick(choice="previous")
        said, chance = likely.label("rank", 0), likely.quantity(0)
        line = STAGE.rows(12, 0)[5]
        last = len(induction) - 1
        name = induction.label("query", last)
        first = [str(word) for word in induction.words("key")].index(str(name))
        before, place = line.split_columns(-line.width / (last + 2), 12)
        row = Looks(induction.words("key"), before, 250)
        after = Looks([said], place).chips[0]
        resting, leaping = (row.arcs(induction[at], at) for at in (first, last))
        told = row.numbers(induction[last], last)
        earlier = row.arcs(previous[first + 1], first + 1, up=False, role="query")
        titles = [named(text, row, up) for text, up in (("induction head", True), ("previous-token head", False))]
        share, seen = induction.quantity(last, first + 1), previous.quantity(first + 1, first)
        earlier_layer = run["best_heads"].pick(kind="previous token", part="layer")
        ring, flow = ring_around(row.chips[first]), pulses([*leaping])
        yield Step(
            "A name returns, and the head wakes",
            beat(
                f"The same head, another text. At the first “{name}”, it rests.",
                (appear(ring), appear(titles[0])),
                draw(*resting, kind="row"),
            ),
            beat(
                f"At the second, it attends to what followed the first: {share:share} on “{induction.label('key', first + 1)}”.",
                (move_ring(ring, row.chips[last]), leave(*resting)),
                draw(*leaping, kind="row"),
                appear(told),
            ),
            beat(
                f"It finds it because a head of layer {earlier_layer:.0f} looks at the token before:",
                (appear(titles[1]), draw(*earlier, kind="row")),
                ambient=flow,
            ),
            beat(
                f"“{induction.label('key', first + 1)}” at “{name}”, {seen:share}: a previous-token head.",
                appear(row.numbers(previous[first + 1], first + 1, up=False)),
                ambient=flow,
            ),
            beat(
                f"And the model says “{said}”, {chance:share}: an induction head in prose.",
                Travel(row.chips[first + 1], after, kind="row"),
                ambient=flow,
            ),
            stage=[row],
        )

    def without_heads(self, run: Trace, heads: Trace) -> Iterator[Step]:
        """Ablation: the loss in repeated tokens without the best induction heads, and without others."""
        picture = Losses(heads)
        loss, removed, others = heads["loss"], heads["without_best"], heads["without_others"]
        most, ten = others.pick(amount=-1).values.max(), removed.quantity(len(removed) - 1)
        copies = claim(bool(loss.values[1] < loss.values[0] / 2), "it copies: the loss falls", "the loss hardly falls")
        holds = claim(
            bool(ten > 2 * most),
            "Without ten others, drawn by chance, it hardly does: red dots.",
            "Without ten others, drawn by chance, it rises as well: red dots.",
        )
        without = run["next_without_best"]
        columns = [VGroup(*part) for part in zip(picture.bars, picture.numbers, picture.names, strict=True)]
        yield Step(
            "Ablation: does the model need them?",
            beat(
                "Random tokens, written twice. The first time, it can only guess;",
                (grow(picture.bars[0], DOWN), appear(picture.numbers[0], picture.names[0])),
            ),
            beat(
                f"the second time, {copies} to {loss.quantity(1):.1f}.",
                (grow(picture.bars[1], DOWN), appear(picture.numbers[1], picture.names[1])),
            ),
            beat(
                "Ablate the best induction head, five, then ten: it rises nearly to guessing.",
                *((Travel(columns[k - 1], columns[k], kind="row"),) for k in range(2, len(columns))),
            ),
            beat(holds, *(appear(dots) for dots in picture.others)),
            beat(
                f"And “{run['next'].label('rank', 0)}” falls from {run['next'].quantity(0):share} to "
                f"{without.quantity(len(without) - 1):share}."
            ),
            stage=[picture.floor],
        )

    def through_the_layers(self, run: Trace, tokens: Trace) -> Iterator[Step]:
        """The logit lens in every layer, of one prompt and of ten."""
        ranks, decided = tokens["lens_rank"], tokens["decided"]
        prompt, said = ranks.label("sentence", 0), run["lens_likeliest"]
        picture = Climb(ranks[0], ranks.pick(sentence=slice(1, None)), said)
        asked = Words(f"{prompt} …", "stage word").begin_in(STAGE.split_rows(50)[0])
        rank = Words(f"rank {ranks.quantity(0, 0):,.0f}", "large number").end_in(STAGE.split_rows(50)[0])
        winner, chance = said.label("layer", len(said) - 1), said.quantity(len(said) - 1)
        middle, earliest = tokens["decided_median"], decided.quantity(int(decided.values.argmin()))
        early = ranks[0].values[: len(said) * 2 // 3]
        yield Step(
            "The logit lens, through every layer",
            beat(f"“{prompt}”: in which layer does it know?", appear(asked)),
            beat(
                "Read the stream after each layer, as if it were the last.",
                appear(picture.plot, picture.first),
            ),
            beat(
                claim(
                    bool(early.min() > 1000),
                    f"For most of the way, “{winner}” stands behind thousands of others,",
                    f"For most of the way, others stand before “{winner}”,",
                ),
                (
                    draw(picture.curve, kind="tour"),
                    appear_in_turn([*picture.tokens], "tour"),
                    Count(rank, ranks[0].quantities(), ",.0f", "tour", "rank "),
                ),
            ),
            beat(f"then it climbs, to {chance:share}.", appear(ring_around(picture.tokens[-1]))),
            beat(
                claim(
                    bool(float(middle) == len(said) - 1),
                    f"Ten prompts: half or more are decided only after layer {middle:.0f}, the last.",
                    f"Ten prompts: the middle one is decided after layer {middle:.0f}.",
                ),
                draw(*picture.others, kind="slow"),
            ),
            beat(f"The earliest is after layer {earliest:.0f}. Only a hint: layers were not trained for it."),
            stage=[],
        )

    def a_unit(self, run: Trace) -> Iterator[Step]:
        """One unit of all feed-forward layers, chosen by a measure and tried on new texts."""
        unit = run["unit"]
        picture = Reading([run["unit_text_0"], run["unit_text_1"]])
        yield Step(
            "A unit that wakes at words of time",
            beat(
                f"Does one of {run['units']:,.0f} units of the feed-forward layers stand for time?",
                Sweep(VGroup(*picture.lines), "slow"),
            ),
            beat(f"We searched with words of twelve texts; the best is in layer {unit.quantity(0):.0f}."),
            beat(
                "Here it reads two new texts, with other words of time. The bluer, the more active.", *picture.light()
            ),
            beat(
                f"Take one of these words and any other: in {run['unit_new']:share} of such pairs it is more active there.",
            ),
            beat(f"With words drawn by chance, the best of all units gets {run['unit_shuffled']:share}."),
            beat(f"It is not alone: {run['unit_tells']:.0f} pass. What most others say, nobody has told."),
            stage=[],
        )

    def it(self, run: Trace, pronoun: Trace) -> Iterator[Step]:
        """The attention of "it" is the same in two sentences that differ after it."""
        rows, looks = self.sentences(run)
        query = [str(word) for word in rows[0].words("key")].index("it")
        it, noun = rows[0].label("key", query), rows[0].largest()[0]
        arcs = [look.arcs(row, query, up) for look, row, up in zip(looks, rows, (True, False), strict=True)]
        told = [look.numbers(row, query, up) for look, row, up in zip(looks, rows, (True, False), strict=True)]
        later = [chip for look in looks for chip in look.chips[query + 1 :]]
        same = bool((pronoun["weights"].values == 0).all())
        yield Step(
            f"“{it}” cannot see what comes after it",
            beat(
                f"The most famous picture of attention: what does “{it}” stand for?",
                appear(looks[1]),
            ),
            beat(
                "Only the last word tells: the animal is tired, the street is wide.",
                *(appear(ring_around(look.chips[-1])) for look in looks),
            ),
            beat(f"But a language model is causal: at “{it}”, that word has not come yet.", dim(*later)),
            beat(
                f"So its attention is the same in both: {rows[0].largest()[1]:share} on “{noun}”,",
                tuple(draw(*part, kind="row") for part in arcs),
                tuple(appear(part) for part in told),
            ),
            beat(
                claim(
                    same,
                    f"and in all {run['heads']:.0f} heads and five such pairs, the difference is exactly zero.",
                    "and the difference is small in all heads.",
                ),
                reshape(arcs[1], looks[0].arcs(rows[1], query), "slow"),
            ),
            beat("The famous picture shows an encoder, which sees both sides."),
            stage=[looks[0]],
        )

    def sentences(self, run: Trace, name: str = "it") -> tuple[list, list[Looks]]:
        """The rows of a token in both sentences, and the sentences as two rows of chips."""
        rows = [run[f"{name}_{which}"] for which in ("first", "second")]
        places = STAGE.rows(12, 0)[3], STAGE.rows(12, 0)[7]
        return rows, [Looks(row.words("key"), place, 200) for row, place in zip(rows, places, strict=True)]

    def the_last_word(self, run: Trace) -> Iterator[Step]:
        """The last words look back differently; whether the model understands is another question."""
        rows, looks = self.sentences(run, "last")
        last = len(rows[0]) - 1
        arcs = [look.arcs(row, last, up) for look, row, up in zip(looks, rows, (True, False), strict=True)]
        told = [look.numbers(row, last, up) for look, row, up in zip(looks, rows, (True, False), strict=True)]
        words = [row.label("key", last) for row in rows]
        place = rows[1].position("key", "street")
        noun = rows[1].label("key", place)
        right, of = run["taken_in_all"], run["taken_of"]
        verdicts = Verdicts(run["taken_right"])
        yield Step(
            "The last word looks back",
            beat(
                "What carries the difference, then? The last word: it sees all that came before.",
                *(appear(ring_around(look.chips[-1])) for look in looks),
            ),
            beat(
                f"In one head, “{words[1]}” gives “{noun}” {rows[1].quantity(place):share}, “{words[0]}” {rows[0].quantity(place):share}.",
                tuple(draw(*part, kind="slow") for part in arcs),
                tuple(appear(part) for part in told),
            ),
            beat(
                "Does it understand? Put each noun in the place of “it”. Is the right one likelier?",
                leave(*looks, *(part for group in (*arcs, *told) for part in group)),
                appear(verdicts.names),
            ),
            beat(f"In {right:.0f} of {of:.0f} sentences: as by chance.", appear_in_turn([*verdicts.squares], "slow")),
            beat("So attention to the right noun is not yet the right answer."),
            stage=[*looks],
        )

    def names(self, run: Trace, heads: Trace) -> Iterator[Step]:
        """The heads that have a name by these measures, and those that have none; the answer."""
        count = {str(kind): run["named"].quantity(k) for k, kind in enumerate(run["named"].words("kind"))}
        groups, roles = grouped(heads, float(run["earned"]))
        wall = Wall(run["wall"])
        texts = [
            ("attention sinks", f"{count['sink']:.0f}, of them {run['resting']:.0f} induction heads"),
            ("previous-token heads", f"{count['previous token']:.0f}"),
            ("none of these names", f"{count['none of these']:.0f}"),
        ]
        picture = ByName(groups, roles, texts)
        placed = picture.on(wall)
        papers = [wall.layers[layer][head][0] for layer, head in picture.places]
        yield Step(
            "What has a name, and what has none",
            beat(
                "How many heads have one of these names, by more than half of their attention?",
                (leave(*wall.shown), *exchange(papers, [*placed], "row")),
            ),
            beat(
                f"Sinks: {count['sink']:.0f}. All {count['induction']:.0f} induction heads are among them: in plain prose, they rest.",
                (reshape(placed, picture.tiles, "slow"), leave(wall.names)),
                appear(picture.words[0]),
            ),
            beat(
                f"Previous-token heads: {count['previous token']:.0f}. The others, {count['none of these']:.0f}, have none of these names.",
                appear(picture.words[1]),
                appear(picture.words[2]),
            ),
            beat("So the tools work, and find the same parts; much stays unread."),
            beat("Your turn: in a text where nothing repeats, can you tell an induction head from a sink?"),
            stage=[wall],
        )
