"""Inside a language model: heads, units and layers of a real one, taken apart with the tools of interpretability."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, LEFT, RIGHT, UP, VGroup

from scenes.animations import (
    Along,
    Sweep,
    Travel,
    Visit,
    Wipe,
    appear,
    appear_in_turn,
    deal,
    dim,
    draw,
    exchange,
    fill,
    grow,
    leave,
    light,
    move_ring,
    pulses,
    reshape,
    ring_around,
)
from scenes.chapters.c18_inside.looks import OVER, UNDER, MirroredPair, PronounReadings, fan, in_the_middle, with_next
from scenes.chapters.c18_inside.measured import CopiedTokens, LikelierTokens, SentenceVerdicts, UnitOnText
from scenes.chapters.c18_inside.wall import HeadsByName, HeadWall, grouped
from scenes.mobjects.region import Region
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.tracing.trace import NamedTensor, Trace

HEADS, TOKENS, PRONOUN = "experiment.sinks_and_induction", "experiment.next_token", "experiment.pronoun"


class Inside(Chapter):
    """The tools that took a small translator apart, on a real language model."""

    number = 18
    title = "Inside a language model"
    recorded = "inside_prose"
    looks_at = "decoder.*.self_attn"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run, heads = trace.under("experiment.inside_prose"), trace.under(HEADS)
        wall, depths = HeadWall(run, heads), trace["experiment.long_prompt.depths"]
        yield from self.all_heads(run, wall)
        yield from self.at_rest(run, wall)
        yield from self.a_name_twice(run, wall)
        yield from self.without_heads(run, wall)
        yield from self.through_the_layers(run, trace.under(TOKENS), depths, wall)
        yield from self.a_unit(run, wall)
        yield from self.it(run, trace.under(PRONOUN), wall)
        yield from self.the_last_word(run, wall)
        yield from self.names(run, heads, wall)

    def all_heads(self, run: Trace, wall: HeadWall) -> Iterator[Step]:
        """The question, and all patterns of one sentence: the map of the chapter, which stays at its foot."""
        layer, head = place_of(run["best_heads"].pick(kind="induction"))
        (pattern, words, small), tile = wall.large(layer, head), wall.layers[layer][head]
        others = VGroup(VGroup(grid for grid in column if grid is not tile) for column in wall.layers)
        bands = [pattern.band(row) for row in range(len(pattern.lines))]
        mean, ring = wall.mean(run["sink"]), ring_around(bands[0])
        named = (
            Words(f"mean of all {run['heads']:.0f} bars", "block").next_to(mean.track, UP).align_to(mean.track, LEFT)
        )
        source, year = run["sources"].words("part")[0], run["sources"].quantity(0)
        yield Step(
            f"{run['heads']:.0f} heads read one sentence",
            beat(
                "We took a small translator apart. Does it work on a real language model?", fill(pattern.lines, "slow")
            ),
            beat("One head: each row is a token that attends.", appear(ring), Visit(ring, bands, "slow")),
            beat(
                f"There are {run['heads']:.0f} of them, in {run['layers']:.0f} layers.",
                (leave(words, ring, pattern), appear(small, rise=False)),
                Travel(small, tile, kind="cut", leaving=True),
                (Sweep(others, "tour"), appear(wall.names)),
            ),
            beat(
                f"Many first columns are bright. As bars, over {run['texts']:.0f} texts:",
                (leave(*wall.shown), appear(wall.told), reshape(wall.thin, wall.bars, "slow")),
            ),
            beat(
                f"{run['sink']:share} of all attention goes to the first token: "
                f"an attention sink ({source}, {year:.0f}).",
                wall.flatten(),
                appear(mean.track, named),
                grow(mean.bar),
                appear(mean.number),
            ),
            stage=[pattern.cells, words],
        )

    def at_rest(self, run: Trace, wall: HeadWall) -> Iterator[Step]:
        """The fan of a head at rest, and the short value of the token that it rests on."""
        place = run["best_heads"].pick(kind="induction")
        layer, number = place_of(place)
        row = in_the_middle(run["wall"].words("key"), wall.above.inside)
        arcs = fan(row, run["wall"].pick(layer=layer, head=number))
        lines = [line for turn in arcs for line in turn]
        (bars, lengths), ratio = row.lengths(run["values"]), run["value_ratio"]
        name = Words("length of the value", "aside", "value").begin_in(wall.above.inside.rows(len(bars), 0)[-1])
        over = Words(f"over all sinks: {ratio:share} of that of others", "aside", "value")
        over.end_in(wall.above.inside.rows(len(bars), 0)[-1])
        flow = pulses(lines, role="background")
        yield Step(
            "A head with nothing to say",
            beat(
                f"Head {place.quantity(1):.0f} of layer {place.quantity(0):.0f} gives the first token almost all. Why?",
                appear(wall.head),
                draw(*lines, kind="slow", back=True),
            ),
            beat("Softmax must give out a hundred per cent, even where no key fits.", ambient=flow),
            beat(
                f"So the head attends to a token whose value is short: here {run['values'].quantity(0):.1f} long,",
                (appear(name), *(grow(bar, UP) for bar in bars)),
                appear(*lengths[:2]),
                appear(ring_around(VGroup(row.chips[0], bars[0], lengths[0]))),
                ambient=flow,
            ),
            beat(
                f"over all sinks {ratio:share} of the length of others. So it adds little.", appear(over), ambient=flow
            ),
            stage=[wall.ground, row],
        )

    def a_name_twice(self, run: Trace, wall: HeadWall) -> Iterator[Step]:
        """An induction head at work in prose, and the previous-token head that makes it possible."""
        weights, likely = run["twice"], run["next"]
        induction, previous = weights.pick(choice="induction"), weights.pick(choice="previous")
        said, chance, last = likely.words("rank")[0], likely.quantity(0), len(induction) - 1
        name = induction.label("query", last)
        first = induction.words("query").index(str(name))
        follower = induction.label("key", first + 1)
        row, after = with_next(induction.words("key"), said, wall.above.inside)
        resting, leaping = (row.arcs(induction[at], at) for at in (first, last))
        back = row.arcs(previous[first + 1], first + 1, up=False, role="query")
        marks, title = row.marks(previous), row.named("previous-token head")
        (earlier,) = wall.lit([place_of(run["best_heads"].pick(kind="previous token"))], "query")
        mark = marks.pop(first + 1)
        asks = row.following(first, "query", "?").next_to(mark, DOWN).match_x(row.chips[last])
        sketch = Words("marks: a sketch", "aside", "key").end_in(wall.above.head)
        share, seen = induction.quantity(last, first + 1), previous.quantity(first + 1, first)
        told = row.number(seen, first, first + 1, up=False)
        after_it, before = run["best_heads"].pick(part="layer").values
        ring, gap = ring_around(row.chips[first]), after.box.copy()
        likelihood = Words(f"{chance:share}", "large number")
        yield Step(
            "A name returns, and the head wakes",
            beat(
                f"Another text: at the first “{name}”, the same head rests.",
                appear(ring),
                draw(*resting, kind="row", back=True),
            ),
            beat(
                "The name returns: what comes next?", (move_ring(ring, row.chips[last]), leave(*resting)), appear(gap)
            ),
            beat(
                claim(
                    bool(before < after_it),
                    f"In a layer below, a previous-token head looked from “{follower}” back: "
                    f"that can mark it as what follows “{name}”.",
                    f"A previous-token head looks from “{follower}” back.",
                ),
                draw(*back, kind="row", back=True),
                appear(told, title, earlier),
                (leave(*back, told), Travel(row.chips[first], mark, UNDER), appear(sketch)),
                appear_in_turn([*marks.values()]),
            ),
            beat(
                f"Now “{name}” can ask for that mark, and gives {share:share} to “{follower}”.",
                (appear(asks), leave(title)),
                Along(asks, row.below(asks, reversed(range(first + 1, last + 1))), "slow"),
                draw(*leaping, kind="row", back=True),
                appear(row.number(share, first + 1, last)),
            ),
            beat(
                f"And the model says “{said}”, {chance:share}: an induction head in prose.",
                (Travel(row.chips[first + 1], after, OVER, "row"), leave(gap), appear(likelihood.next_to(after, DOWN))),
                ambient=pulses([*leaping]),
            ),
            stage=[wall.plain, *wall.head, row],
        )

    def without_heads(self, run: Trace, wall: HeadWall) -> Iterator[Step]:
        """Ablation: what the model says for repeated tokens without the best induction heads, and without others."""
        part = wall.above.called(f"{run['sequences']:.0f} sequences; here is a part of one")
        others = wall.lit([place_of(place) for place in run["others_off"]], "ink")
        picture = CopiedTokens(run, wall.best, others, wall.above.inside)
        lit, one_off, few_off, many_off, others_off = picture.turns()
        whole, one, few, many, others = run["copied"].quantities()
        *_, fewer, more, drawn = run["heads_off"].quantities()
        yield Step(
            "Ablation: does the model need these heads?",
            beat(
                "Random tokens, written twice. The first time, none can be foreseen.",
                appear(picture.names[0]),
                appear_in_turn([*picture.first], "slow"),
            ),
            beat(
                f"The second time, it copies {whole:.0f} of {run['copied_of']:.0f}. "
                "Lines are the attention of the best induction head.",
                appear(picture.names[1]),
                (draw(*picture.lines, kind="slow"), deal([*picture.first], [*picture.said[0]], kind="slow")),
                appear(picture.lights, picture.of, rise=False),
                lit,
                ambient=pulses([*picture.lines]),
            ),
            beat(
                f"Ablate this one head, and it copies {one:.0f}.",
                appear(picture.ghost, *wall.best[1:], rise=False),
                (leave(*picture.lines), *one_off),
            ),
            beat(
                claim(
                    bool(many < whole / 10),
                    f"Without {fewer:.0f}, and without {more:.0f}, hardly any.",
                    f"Without {fewer:.0f}, {few:.0f}; without {more:.0f}, {many:.0f}.",
                ),
                few_off,
                many_off,
            ),
            beat(
                claim(
                    bool(others > whole / 2),
                    f"Ablate {drawn:.0f} other heads, drawn by chance, and it goes on copying: {others:.0f}.",
                    f"Ablate {drawn:.0f} other heads, drawn by chance, and it suffers as well: {others:.0f}.",
                ),
                (leave(wall.counted), appear(picture.drawn.move_to(wall.counted), *picture.others)),
                others_off,
            ),
            stage=[wall.plain, wall.best[0], part],
        )

    def through_the_layers(self, run: Trace, tokens: Trace, depths: NamedTensor, wall: HeadWall) -> Iterator[Step]:
        """The logit lens in every layer, of one prompt and of ten."""
        ranks, decided, said = tokens["lens_rank"], tokens["decided"], run["lens_likeliest"]
        prompt, last = ranks.words("sentence")[0], len(said) - 1
        picture, (_, earliest) = LikelierTokens(ranks, decided, said, depths, wall.above.inside), decided.smallest()
        asked = wall.above.called(f"{prompt} … (without chat markers)")
        every = wall.above.called("ten prompts: first from the dot on")
        rank = Words(f"rank {ranks.quantity(0, 0):,.0f}", "large number").end_in(wall.above.head)
        layer = Words("input", "large number").settle(wall.above.head.centre)
        winner, chance = said.label("step", last), said.quantity(last)
        most = bool((decided.values == last).sum() > len(decided) / 2)
        begun, going, climbing = picture.passing(rank, layer, wall)
        yield Step(
            "The logit lens, through every layer",
            beat(
                f"“{prompt}”: where is that decided?",
                appear(picture.dots, rise=False),
                appear(rank, layer, picture.winner, picture.ahead),
            ),
            beat("The logit lens reads each layer as if it were the last.", begun),
            beat(
                claim(
                    bool((ranks[0].values > 2000).sum() > last / 2),
                    f"In most layers, “{winner}” stands behind thousands of tokens.",
                    f"In most layers, other tokens stand before “{winner}”.",
                ),
                going,
            ),
            beat(
                claim(
                    bool(decided.values[0] == last),
                    f"It climbs, and wins only after the last: {chance:share}.",
                    f"It climbs, to {chance:share}.",
                ),
                climbing,
                (*exchange([picture.winner], [picture.through]), appear(picture.chance)),
            ),
            beat(
                claim(
                    most,
                    f"So do most of ten prompts; the earliest stays first from layer {earliest:.0f} on.",
                    f"Of ten prompts, the earliest is decided after layer {earliest:.0f}.",
                ),
                leave(picture.door, picture.chance, layer, rank, asked),
                (*exchange([picture.through], [picture.own]), appear(every)),
                draw(*picture.lines, kind="row"),
                appear_in_turn([*picture.ends]),
                (appear(picture.soonest), reshape(wall.here, wall.around(int(earliest)))),
            ),
            stage=[wall.plain, asked, picture.door],
        )

    def a_unit(self, run: Trace, wall: HeadWall) -> Iterator[Step]:
        """A unit of all feed-forward layers, chosen by a measure and tried on new texts."""
        unit, shuffled, region = run["unit"], run["unit_shuffled"], Region("")
        picture = UnitOnText([run["unit_text_0"], run["unit_text_1"]], region.inside)
        masks = [run["of_time_0"], run["of_time_1"]]
        rings = [[ring_around(chip) for chip in chips] for chips in picture.where(masks)]
        head = region.head.columns(3)
        share = Words(f"time words: {run['unit_new']:share}", "large number").settle(head[1].centre)
        chance = Words(f"chance words: {shuffled:share}", "large number").end_in(head[2])
        yield Step(
            "A neuron that wakes at time words",
            beat(
                f"Is one of the {run['units']:,.0f} feed-forward neurons about time?",
                Sweep(VGroup(*picture.texts[0]), "slow"),
            ),
            beat(
                "We took the best at telling seven time words from others.",
                leave(wall.plain),
                Sweep(VGroup(*picture.texts[1]), "slow"),
            ),
            beat("Now it reads new texts, with new time words. Blue is active, orange below zero.", *picture.light()),
            beat(
                f"In {run['unit_new']:share} of pairs, a time word wakes it more than another word.",
                appear_in_turn([*rings[0], *rings[1]], "slow"),
                appear(share),
            ),
            beat(
                f"For seven words drawn by chance, the best neuron reaches {shuffled:share}.",
                leave(*rings[0], *rings[1]),
                appear(chance),
            ),
            stage=[wall.plain, region.called(f"neuron {unit.quantity(1):.0f} of layer {unit.quantity(0):.0f}")],
        )

    @staticmethod
    def pair(run: Trace, which: str, wall: HeadWall) -> MirroredPair:
        """Two sentences, and what "it" or their last word attends to."""
        rows = [run[f"{which}_{one}"] for one in ("first", "second")]
        words = rows[0].words("key")
        return MirroredPair(rows, words.index("it") if which == "it" else len(words) - 1, wall.above.inside)

    def it(self, run: Trace, pronoun: Trace, wall: HeadWall) -> Iterator[Step]:
        """The attention of "it" is the same in two sentences that differ after it."""
        pair = self.pair(run, "it", wall)
        it, (noun, share) = pair.above.chips[pair.query].label, pair.rows[0].largest()
        same = Words(f"difference: {pronoun['weights'].largest()[-1]:.2g}", "block")
        hidden, told = pair.frontier("not yet read"), pair.told(noun.position)
        tired, wide = (chip.label for chip in pair.ends)
        asking = [look.chips[pair.query] for look in pair.both]
        ends, rings = ([ring_around(chip) for chip in chips] for chips in (pair.ends, asking))
        yield Step(
            f"“{it}” cannot see what comes after it",
            beat(
                f"The famous picture of attention: is “{it}” the animal, or the street?",
                Travel(pair.above, pair.below, kind="row"),
            ),
            beat(f"Only the last word tells: “{tired}” or “{wide}”.", appear(*ends)),
            beat(
                f"But a language model is causal: at “{it}”, the last word is not yet read.",
                Wipe(*pair.read, kind="slow"),
                appear(*rings),
                (draw(hidden[0]), appear(hidden[1]), dim(*pair.later), leave(*ends)),
            ),
            beat(
                f"So “{it}” attends alike in both: here {share:share} to “{noun}”.",
                (leave(*pair.read), draw(*pair.lines, kind="row", back=True)),
                appear(*told),
                ambient=pulses(pair.lines),
            ),
            beat(
                claim(
                    bool((pronoun["weights"].values == 0).all()),
                    f"In all {run['heads']:.0f} heads, in five such pairs, the difference is exactly zero.",
                    "In all heads, the difference is small.",
                ),
                appear(same.next_to(VGroup(*told), RIGHT, buff=told[0].width)),
                appear(ring_around(wall.field)),
            ),
            beat(
                "The famous picture shows an encoder, which sees both sides.",
                (leave(hidden), light(*pair.later)),
                draw(*ends),
                appear(pair.both_ways("encoder: a sketch")),
            ),
            stage=[wall.plain, pair.above],
        )

    def the_last_word(self, run: Trace, wall: HeadWall) -> Iterator[Step]:
        """The last words look back differently; whether the model understands is another question."""
        pair = self.pair(run, "last", wall)
        words, noun, told = pair.rows[0].words("key"), pair.noun, pair.told(pair.noun.position)
        less, share = (row.quantity(noun.position) for row in pair.rows)
        tired, wide = (chip.label for chip in pair.ends)
        it = words[words.index("it")]
        ends = [ring_around(chip) for chip in pair.ends]
        rings = [ring_around(look.chips[noun.position]) for look in pair.both]
        right, of, region = run["taken_in_all"], run["taken_of"], Region("")
        source, year = run["sources"].words("part")[1], run["sources"].quantity(1)
        verdicts = SentenceVerdicts(run["taken_by_pair"], run["taken_right"], region.inside)
        heading = wall.above.called(f"of {run['heads']:.0f} heads, the one whose attention to a noun changes most")
        asked = wall.above.called(f"filled: the right noun is likelier ({source}, {year:.0f})")
        (changing,) = wall.lit([place_of(run["look_heads"].pick(row="last"))], "weight")
        losses = run["noun_losses"]
        race, (first, second) = PronounReadings(pair, losses, region.inside), losses.words("choice")
        read, (loss, larger) = losses.words("position")[-1], losses.pick(position=-1).quantities()
        scored = wall.above.called("loss of the word that is read")
        *reading, last = race.read()
        *before, parted = abs(losses.values[0] - losses.values[1])
        alike = bool(10 * max(before) < parted)
        yield Step(
            "The last word looks back",
            beat(
                "The last word can tell: it sees all before it.",
                appear(*ends, changing),
                draw(*pair.lines, kind="slow", back=True),
            ),
            beat(
                f"In this head, “{wide}” gives “{noun}” {share:share}, “{tired}” {less:share}.",
                appear(*told, *rings),
                ambient=pulses(pair.lines),
            ),
            beat(
                f"Does it understand? Put each noun in the place of “{it}”.",
                leave(*pair.lines, *told, *rings, heading, *ends, changing, wall.plain),
                *race.begin(),
            ),
            beat(
                claim(alike, "Their losses are nearly equal:", "Each next word has a loss:"), appear(scored), *reading
            ),
            beat(f"at “{read}” they part, {loss:.1f} with “{first}”, {larger:.1f} with “{second}”.", last),
            beat(
                f"Smaller means likelier: its answer is “{losses.pick(position=-1).smallest()[0]}”.",
                (appear(race.ring), dim(*race.other.chips)),
            ),
            beat(
                f"Of {of:.0f} such sentences, {right:.0f} come out right"
                + claim(bool(abs(right / of - 0.5) < 0.15), ", as by chance. A look is not yet an answer.", "."),
                leave(race, scored),
                appear(asked, verdicts.names),
                Travel(race.likelier.chips[-1], verdicts.squares[0], kind="cut", leaving=True),
                appear_in_turn([*verdicts.squares[1:]], "tour"),
            ),
            stage=[wall.plain, heading, *pair.both],
        )

    def names(self, run: Trace, heads: Trace, wall: HeadWall) -> Iterator[Step]:
        """The heads that have a name by these measures, and those that have none; the answer."""
        kinds = run["named"]
        sinks, previous, induction, none = (kinds.quantity(k) for k in range(len(kinds)))
        groups, roles = grouped(heads, float(run["earned"]))
        resting, region = run["resting"], Region("")
        picture = HeadsByName(groups, roles, (sinks, previous, none, resting), region.inside)
        placed = picture.on(wall)
        counted = region.called("a name: more than half of a head’s attention goes where it says")
        first, second, third = picture.words
        yield Step(
            "What has a name, and what has none",
            beat("How many heads have such a name?", exchange(wall.cells(picture.places), [*placed], "slow")),
            beat(
                claim(
                    bool(resting == induction),
                    f"{sinks:.0f} are sinks, {induction:.0f} clear induction heads among them, "
                    "resting till a token returns.",
                    f"{sinks:.0f} are sinks, and {induction:.0f} induction heads.",
                ),
                (leave(wall.names, wall.counted), reshape(placed, picture.tiles, "slow")),
                appear(first, counted),
                appear(picture.resting),
            ),
            beat(
                f"{previous:.0f} look at the token before; {none:.0f} have none of these names.",
                appear(second),
                appear(third),
            ),
            beat(
                claim(
                    bool(none > float(run["heads"]) / 2),
                    "So the tools work. Half of the heads stay unread.",
                    "So the tools work. Many heads stay unread.",
                ),
                draw(ring_around(VGroup(*picture.unnamed)), kind="slow"),
            ),
            beat("Your turn: how do you tell a sink from an induction head at rest?", picture.at_rest(placed)),
            beat("Repeat a token: only induction heads look elsewhere.", picture.at_rest(placed, awake=True)),
            stage=[wall.plain],
        )


def place_of(place: NamedTensor) -> tuple[int, int]:
    """Layer and head, counted from zero, of a head whose numbers are counted from one."""
    layer, head = (int(one) - 1 for one in place.values)
    return layer, head
