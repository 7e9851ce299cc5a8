"""Several heads, each with a softmax of its own; and attention to another sequence."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from manim import Mobject, VGroup

from scenes.animations import (
    Flight,
    Through,
    Visit,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    follow,
    leave,
    move_ring,
    pulses,
    ring_around,
    slide,
)
from scenes.chapters.c08_heads.figures import (
    AttentionSink,
    AttentionWiring,
    FoundNouns,
    HeadBars,
    HeadDeck,
    JoinedHeads,
    RoleInTraining,
    SplitHeads,
    SwappedAdjective,
    cases_of,
)
from scenes.layout import Room
from scenes.mobjects.attention_grid import rooms
from scenes.mobjects.patterns import Patterns
from scenes.mobjects.region import Region
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.sorted_heads import SortedHeads
from scenes.mobjects.text import Words
from scenes.mobjects.weighted_sum import WeightedSum
from scenes.mobjects.wording import counted, head_name, layer_name, letter_of, named_head
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.decoder_rows import gold_alignment
from transformer_core.studies.focus import (
    DECODER,
    INFLECTED,
    Focus,
    best_head,
    focus_of,
    layers_of,
    mixed_focus,
    stack_of,
    within_reach,
)
from transformer_core.tracing.trace import Trace

#: Adjectives that Spanish inflects and that it does not.
ADJECTIVES = {
    "inflected": "adjectives with a gender: rojo, roja",
    "invariant": "adjectives with one form: verde",
}
#: What a query may be guessed to look for.
GUESSES = "determiner->noun", "noun->adjective"


class Heads(Chapter):
    """Several rows of attention weights for one token, what they add up to, and attention to another sequence."""

    number = 8
    title = "Several heads; self and cross"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return f"{mixed_focus(trace).path} *.cross_attn"

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = mixed_focus(trace)
        words, split = focus.seen(trace)["weights"].words("key"), SplitHeads(trace, focus)
        side, columns = rooms(words)
        ribbon = Ribbon(words, columns)
        blend = WeightedSum.of(trace, focus, ribbon, side)
        region = Region("measured on sentences that the model has not seen")
        yield from self.one_row(focus, trace, ribbon, side, blend)
        yield from self.side_by_side(focus, trace, ribbon, blend)
        yield from self.no_slices(focus, trace, split)
        yield from self.joined(focus, trace)
        yield from self.sorted_by_pattern(trace)
        bars = yield from self.names_are_earned(trace, region)
        race = yield from self.one_takes_it(trace, region, bars)
        yield from self.only_when_needed(focus_of(trace), trace, race)
        yield from self.a_sink(focus_of(trace), trace)
        if "decoder.0.cross_attn.q" in trace:
            yield from self.self_or_cross(trace)
        yield from self.several_looks(focus, trace, split)

    def one_row(self, focus: Focus, trace: Trace, ribbon: Ribbon, side: Room, picture: WeightedSum) -> Iterator[Step]:
        """The question of the chapter: two tokens want one row of weights, and what it brings is one sum."""
        query_token, head = focus.query_token, focus.seen(trace)
        raised = head["raised_weights"].pick(query=query_token)
        (top_key, most), (second, last) = (raised.pick(step=step).largest() for step in (0, len(raised) - 1))
        states, fight, back = [WeightedSum.of(trace, focus, ribbon, side, step=i) for i in range(len(raised))], [], ()
        if last > 0.5 and second.position != top_key.position:
            told = f"Give “{second}” more: what one token gets, the others lose."
            fight, back = [beat(told, picture.pass_by(states, "slow"))], picture.pass_by(states[::-1], "row")
        yield Step(
            "Is one set of weights enough?",
            beat(
                claim(
                    len(within_reach(head, query_token)) > 1,
                    f"In {head_name(focus.layer, focus.head)}, “{query_token}” gives “{top_key}” {most:share}.",
                    f"“{top_key}” gets {most:share}, since no other token is there.",
                ),
                ribbon.mark({ribbon.place(query_token): "query"}),
                picture.weigh(),
            ),
            beat("What comes out is one vector, mixed by this one set of weights.", *picture.pour()),
            *fight,
            beat(f"But “{query_token}” may need another mixture, too.", back, appear(ring_around(picture.output))),
            stage=[ribbon, picture.values, picture.tiles, picture.numbers],
        )

    def side_by_side(self, focus: Focus, trace: Trace, ribbon: Ribbon, blend: WeightedSum) -> Iterator[Step]:
        """The set piece: each head has a row of its own for the same token, and each row belongs to a whole grid."""
        query_token, heads, other = focus.query_token, trace["config.heads"], focus_of(trace)
        layers = [layer for layer in layers_of(trace) if layer != focus.layer][:1]
        picture, *others = (Patterns.of(trace, focus, layer) for layer in (focus.layer, *layers))
        deck, here = HeadDeck(picture, focus.head), picture.grids[0].weights.position("query", query_token)
        head = other.head if other.layer == focus.layer else focus.head
        top_key, most = picture.rows.pick(head=head).largest()
        yield Step(
            "Several heads, each with a softmax of its own",
            beat(
                f"Then one head is not enough. This layer has {counted(heads, 'head')}: multi-head attention.",
                (leave(ribbon, blend.numbers), *deck.lay(blend.tiles, here)),
                *deck.fill(here),
            ),
            beat(
                "Rows belong to queries, columns to keys; the larger the square, the larger the weight.",
                *([appear_in_turn([*part], "row") for part in deck.words] or deck.open()),
            ),
            beat(
                f"In each, “{query_token}” has a row of its own that adds up to one: "
                f"head {letter_of(head)} gives “{top_key}” {most:share}, whatever the others do.",
                *(deck.open() if len(deck.words) else []),
                appear_in_turn([ring_around(band) for band in picture.bands]),
                appear_in_turn([*picture.top_keys], "slow"),
            ),
            *(
                beat(
                    f"The {layer_name(after.layer)} has other heads, with other patterns.",
                    (leave(picture.top_keys, picture.tag), *picture.turn_into(after)),
                    (appear(after.tag), appear_in_turn([*after.top_keys])),
                )
                for after in others
            ),
            stage=[ribbon, blend.tiles, blend.numbers],
        )

    def no_slices(self, focus: Focus, trace: Trace, picture: SplitHeads) -> Iterator[Step]:
        """Every head reads the whole vector; it is the matrix that is split."""
        width, d_head, heads = trace["config.d_model"], trace["config.d_head"], trace["config.heads"]
        reached = trace[f"{focus.path}.sensitive_heads"].pick(d_model=picture.entry)
        yield Step(
            "Does each head get a slice of the vector?",
            beat(
                f"Is the vector of “{focus.query_token}” cut into slices, one for each head?",
                appear_in_turn([*picture.slices]),
                deal([*picture.slices], picture.parts),
            ),
            beat(
                f"No: every head reads all {width} numbers, and its own part of W_Q makes a query of {d_head}.",
                (leave(picture.slices, picture.parts), appear(picture.whole)),
                (appear_in_turn([*picture.matrices]), appear(picture.matrix_name)),
                (leave(picture.whole), *(Flight(picture.x, matrix, kind="row") for matrix in picture.matrices)),
                (deal([*picture.matrices], picture.queries), appear(picture.query_name)),
            ),
            beat(
                f"Change one number: {picture.numbers[0]:.2f} becomes {picture.numbers[1]:.2f}.",
                (appear(picture.ring, picture.kept_name), deal([*picture.queries], picture.kept)),
                (*exchange(picture.turned[:1], picture.turned[1:]), appear(picture.met)),
                picture.meet(),
            ),
            beat(
                claim(
                    bool(reached == heads),
                    "All queries change: no head has its own slice; only matrices are split.",
                    f"Queries that change: {reached} of {heads}. The matrix of any other has only zeros there.",
                ),
                exchange([*picture.queries], [*picture.changed]),
                (leave(picture.met), appear(picture.whole)),
            ),
            stage=[picture.token, picture.x, picture.plates],
        )

    def joined(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """Concat and W_O: each head writes, and what they write adds up."""
        picture, query_token = JoinedHeads(trace, focus), focus.query_token
        heads, d_head, width = trace["config.heads"], trace["config.d_head"], trace["config.d_model"]
        longest, length = picture.norms.largest()
        yield Step(
            "Concatenate, then multiply by W_O",
            beat(
                f"Each head has made an output for “{query_token}”, of {counted(d_head, 'number')}.",
                appear_in_turn([*picture.pieces]),
            ),
            beat(f"Concatenated, {heads} times {d_head} numbers are one vector again.", picture.join()),
            beat(
                f"One more matrix, W_O, multiplies it, and makes {width} numbers of it.",
                appear(picture.matrix_name),
                appear_in_turn([*picture.whole]),
            ),
            beat(
                "That is a sum over heads: each meets its own rows of W_O, and what they write is added up.",
                (leave(picture.concat_name), *picture.split()),
                (deal([*picture.blocks], picture.written), appear(picture.written_name)),
                *picture.add_up(),
                appear(picture.sum_name),
            ),
            beat(
                f"Head {letter_of(longest.position)} writes most here: length {length:.2f}.",
                appear(picture.lengths, picture.length_name),
                appear(ring_around(picture.written[longest.position])),
            ),
            stage=[picture.plates, picture.z_name],
        )

    def sorted_by_pattern(self, trace: Trace) -> Iterator[Step]:
        """Every head of a stack whose heads have earned no roles, sorted by the pattern that it shows here."""
        if trace["config.words"] < 2 or "roles.score" in trace:
            return
        picture, stack = SortedHeads(trace), stack_of(trace)
        clear, heads = trace[f"{stack}.clear_heads"], trace[f"{stack}.all_heads"]
        told, place = picture.told(trace)
        yield Step(
            "Sorted by what they do",
            beat("What does each head do with this sentence?"),
            beat(
                "Sort them by the pattern that gets most attention on average, beyond chance. "
                f"{clear} of {heads} {claim(float(clear) == 1, 'shows', 'show')} one clearly.",
                (leave(picture.layer_names, picture.letters), slide(picture.grids, picture.sorted, "slow")),
                appear(picture.names, rise=False),
            ),
            beat(told, appear(ring_around(picture.sorted[place]))),
            stage=[picture.layer_names, picture.letters, picture.grids],
        )

    def names_are_earned(self, trace: Trace, region: Region) -> Generator[Step, None, HeadBars | None]:
        """A role is a score over many sentences, not one pretty picture; two guesses are among them."""
        if not all(best_head(trace, role) for role in GUESSES):
            return None
        earned, roles = trace["roles.role_threshold"], (GUESSES[0], INFLECTED, GUESSES[1])
        scores = [trace["roles.score"].pick(role=role) for role in roles]
        bests, found = [int(each.values.argmax()) for each in scores], FoundNouns.of(trace, region.inside)
        named = [i for i in range(len(roles)) if scores[i].largest()[-1] >= earned]
        # In the last line, a job stands before it is the name of a head.
        crowded = any(2 * bests[i] < scores[i].values.size for i in named)
        picture = HeadBars(scores[0], earned, region.inside, max(2, len(named) + crowded))
        states, jobs = [picture.state(each) for each in scores], [picture.job(role) for role in roles]
        first, second, third = map(picture.numbers, scores)
        rings = [ring_around(bars[best]) for bars, best in zip(states, bests, strict=True)]
        names = {i: picture.title(roles[i], bests[i], line) for line, i in enumerate(named)}
        called = [
            (appear(ring), *(exchange([job], [names[i]]) if i in names else [leave(job)] if i < 2 else []))
            for i, (ring, job) in enumerate(zip(rings, jobs, strict=True))
        ]
        opening = [beat("In how many new cases does each head find the word that grammar names?", appear(jobs[0]))]
        key = region.called("share of cases with the largest weight on that word").end_in(region.head)
        cells: list[Mobject] = []
        if found:
            cells, (best, rival) = [picture.bar(**place) for place in found.places], found.shares
            run = trace.under("experiment.head_cases.determiner")
            told = region.called(f"largest weight on the noun: share of {run['cases']:,.0f} cases").end_in(region.head)
            opening = [
                beat(
                    "By grammar, a determiner belongs to its noun. Does a head attend most to it?",
                    # Not while plates cross their places.
                    appear(region, told, found.ring, best.heading, rival.heading),
                    *((draw(*one.arcs, back=True), appear(one.marks)) for one in found.arcs),
                ),
                beat(
                    f"In {run['cases']:,.0f} new cases, the best head does so in {best.shares[-1]:share}, "
                    f"another in {rival.shares[-1]:share}.",
                    (*best.count(), *rival.count()),
                ),
            ]
        yield Step(
            "A head earns its name",
            *opening,
            beat(
                "So for every head, and for other words.",
                (
                    leave(found, told),
                    follow(VGroup(picture.axes, key)),
                    *exchange([share.bar[0] for share in found.shares], cells, "row"),
                )
                if found
                else appear(picture.axes, key),
                (
                    appear(picture.letters, picture.layers, jobs[0]),
                    appear_in_turn([bar for bar in picture.bars if bar not in cells], "row"),
                    appear(first),
                ),
            ),
            beat(
                f"From {earned:.0%} on, it has earned a name.",
                appear(picture.line),
                called[0],
                (leave(first, rings[0]), follow(jobs[1]), Through(picture.bars, states[:2], "row")),
                (appear(second), *called[1]),
            ),
            beat(
                claim(
                    bool(scores[2].largest()[-1] >= earned),
                    f"A noun attends to its adjective in {scores[2].largest()[-1]:share}.",
                    f"A noun attends to its adjective only in {scores[2].largest()[-1]:share}.",
                ),
                (leave(second, rings[1]), follow(jobs[2]), Through(picture.bars, states[1:], "row")),
                (appear(third), *called[2]),
            ),
            stage=[found.plates, *(one[1:] for one in found.shares), found.chips] if found else [region],
        )
        return picture

    def one_takes_it(
        self, trace: Trace, region: Region, bars: HeadBars | None
    ) -> Generator[Step, None, RoleInTraining | None]:
        """The scores of several heads for one role over the training: one of them keeps it."""
        picture = RoleInTraining.of(trace, INFLECTED, bars) if bars else None
        if not (bars and picture):
            return None
        peak, last, seeds = picture.peak, picture.last, trace.under("experiment.heads_over_seeds")
        tried = bool(peak > 0.5)
        key = Words("share of adjectives with the largest weight on their noun", *Region.NAMED).end_in(region.head)
        tries, takes, goes_on = picture.run()
        disc = picture.comes_first(picture.scores[-1])
        others = picture.others(seeds) if "score" in seeds else [appear(picture.ring)]
        yield Step(
            claim(tried, "Several try, one takes it", "One head takes it"),
            beat(
                "Nobody tells a head what to become.",
                (picture.go_to(picture.states[0]), appear(bars.job(INFLECTED), key, picture.told)),
            ),
            beat(
                claim(
                    tried,
                    "Watch one role through the training: several heads try.",
                    "Watch one role through the training: who takes it?",
                ),
                tries,
            ),
            beat(
                f"{named_head(*picture.best)} keeps it from step {picture.step:,.0f} on.",
                takes,
                appear(picture.first, disc),
            ),
            beat(
                claim(
                    last < peak - 0.05,
                    f"Its rival reached {peak:share}, then fell back.",
                    f"Its rival has {last:share}, too.",
                ),
                (appear(picture.summit), *goes_on),
            ),
            beat(
                f"In {seeds['tried']} other, shorter trainings, "
                f"{counted(seeds['places'].pick(role=INFLECTED), 'different head')} came first: chance decides."
                if "tried" in seeds
                else "Which one takes it, only the training tells.",
                *others,
            ),
            stage=[region, *bars],
        )
        return picture

    def only_when_needed(self, focus: Focus, trace: Trace, race: RoleInTraining | None) -> Iterator[Step]:
        """The pair of the chapters before, then over all cases: same English grammar, other need.

        The bar of the winner of the `race` becomes the share of the first cases.
        """
        place = best_head(trace, INFLECTED)
        if place is None or not all(cases_of(trace, kind) for kind in ADJECTIVES):
            return
        picture = SwappedAdjective(trace, focus, place[:2], ADJECTIVES)
        panels, (before, after) = picture.panels, picture.arcs
        score, other = (panel.shares[-1] for panel in panels)
        seeds = trace.under("experiment.heads_over_seeds")
        held = f": in {seeds['held']} of {seeds['tried']} trainings, a head tells them apart" if "held" in seeds else ""
        needed = bool(score - other > 0.5)
        shown = [appear_in_turn([ring_around(panel.number, roomy=True) for panel in panels], "slow")]
        if held:
            rows = (seeds["adjectives"].pick(choice=kind).quantities() for kind in ADJECTIVES)
            others = (panel.others(row) for panel, row in zip(panels, rows, strict=True))
            shown = [appear(picture.trained), *(appear_in_turn([*each], "row") for each in others)]
        fades, turns = race.turn_into(panels[0]) if race else (None, ())
        yield Step(
            claim(needed, "It looks only when it needs to", "Does it attend only when it needs to?"),
            beat(
                "Some adjectives have a gender in Spanish, so the noun decides their form: "
                f"{head_name(*place[:2])} attends to it in {score:share} of new cases.",
                *(
                    [
                        (race.go_to(race.states[-1]), appear(race.ring, race.named[1])),
                        (fades, follow(VGroup(panels[0].track, *after.chips, *picture.heads))),
                        turns,
                        appear(*before.chips, panels[0].heading, panels[0].number, picture.measured[0]),
                    ]
                    if race
                    else [appear(panels[0], picture.measured[0]), panels[0].count()]
                ),
                (draw(*before.arcs, back=True), appear(before.marks, picture.forms[0])),
            ),
            beat(
                f"Others have one form. There, with the same English grammar, it does so in {other:share}.",
                (draw(*after.arcs, back=True), appear(after.marks, picture.forms[1])),
                appear(panels[1], picture.measured[1]),
                panels[1].count(),
                ambient=pulses(after.arcs, after.drawn_weights),
            ),
            beat(
                claim(
                    needed,
                    f"Nobody programmed this{held}.",
                    claim(
                        bool(abs(score - other) < 0.05),
                        "This model hardly tells the two apart.",
                        "This model tells the two apart only in part.",
                    ),
                ),
                *shown,
                ambient=pulses([*before.arcs, *after.arcs], [*before.drawn_weights, *after.drawn_weights]),
            ),
            stage=[*race.picture, race.named[0]] if race else [*before.chips, *after.chips, *picture.heads],
        )

    def a_sink(self, focus: Focus, trace: Trace) -> Iterator[Step]:
        """The attention sink: it gets the weight of a query that has no need of the head."""
        picture = AttentionSink.of(trace, focus)
        if picture is None:
            return
        sink, noun, arcs, (bars, left) = picture.sink, picture.noun, picture.arcs, picture.stages
        norm, other, most = picture.norm, picture.other_norm, picture.before
        little = norm < other / 2
        flow = pulses(arcs.arcs, arcs.drawn_weights)
        yield Step(
            "An attention sink",
            beat(
                f"“{picture.query_token}” does not need “{noun}”. But its weights must add up to one: "
                f"{picture.weight:share} goes to “{sink}”.",
                appear(ring := ring_around(arcs.chips[noun.position])),
                move_ring(ring, arcs.chips[sink.position]),
                ambient=flow,
            ),
            beat(
                claim(
                    bool(little),
                    f"The value of “{sink}” is short: {norm:.2f}, against {other:.2f} for “{noun}”.",
                    f"The value of “{sink}” has length {norm:.2f}, that of “{noun}” {other:.2f}.",
                ),
                (
                    leave(ring),
                    appear(bars.name, bars.zero),
                    appear_in_turn([VGroup(*pair) for pair in zip(bars.bars, bars.numbers, strict=True)]),
                ),
                ambient=flow,
            ),
            beat(
                f"Times its weight: {picture.arriving:.2f}" + claim(bool(little), ", so the head adds little.", "."),
                appear(picture.outlines, rise=False),
                (leave(bars.numbers, bars.name), *exchange([bars.zero, *bars.bars], [left.zero, *left.bars], "row")),
                appear(left.name, left.numbers),
                ambient=flow,
            ),
            beat(
                "That is an attention sink: it takes the weight for which a head has no use.",
                appear(ring_around(arcs.chips[sink.position])),
                ambient=flow,
            ),
            *(
                [
                    beat(
                        f"Could it carry the gender of “{noun}”? "
                        + claim(
                            most < 0.05,
                            f"Hardly: before this layer, “{sink}” gave “{noun}” at most {most:.1%}.",
                            f"Perhaps: before this layer, “{sink}” gave “{noun}” {most:.1%}.",
                        ),
                        draw(picture.given[0], back=True),
                        appear(picture.given[1]),
                        ambient=flow,
                    ),
                ]
                if most is not None
                else []
            ),
            stage=[arcs, picture.head],
        )

    def self_or_cross(self, trace: Trace) -> Iterator[Step]:
        """Show which sequence supplies the queries, and which the keys and values, in self- and in cross-attention."""
        layer = layers_of(trace, DECODER)[-1]
        own, cross = f"{DECODER}.{layer}.self_attn", f"{DECODER}.{layer}.cross_attn"
        rows, columns = trace[f"{cross}.query_count"], trace[f"{cross}.key_count"]
        picture = AttentionWiring(trace, own, cross, (f"{rows} × {rows}", f"{rows} × {columns}"))
        # Behind the last word nothing is left to write but the end.
        bands = [picture.after.pattern.band(i) for i in range(max(1, len(picture.after.pattern.lines) - 1))]
        found = zip(picture.after.pattern.weights, gold := gold_alignment(trace), strict=False)
        seen = bool(gold) and all(int(row.values.argmax()) in places for row, places in found)
        told = "Each row but the last looks for the word to be written next."
        yield Step(
            "Self-attention or cross-attention?",
            beat(
                "Where do queries, keys and values come from? In self-attention, all from one sequence: "
                f"here, {counted(rows, 'vector')} of the decoder, where none sees later ones.",
                (draw(*picture.inner), appear(*picture.tags.values())),
                appear(picture.before),
                ambient=pulses(picture.inner),
            ),
            beat(
                "In cross-attention, queries still come from the decoder, but keys and values from the encoder.",
                (leave(picture.before), appear(picture.upper, picture.upper_name)),
                *picture.replug(),
                ambient=pulses(picture.outer),
            ),
            beat(
                f"So each of {counted(rows, 'target token')} attends to {counted(columns, 'source token')}.",
                appear(ring := ring_around(picture.box)),
                ambient=pulses(picture.outer),
            ),
            beat(
                claim(seen, told, "Each row adds up to one."),
                (appear(picture.after), leave(ring)),
                Visit(ring_around(bands[0]), bands, "cell"),
                ambient=pulses(picture.outer),
            ),
            stage=[picture.lower, picture.lower_name, picture.box, picture.formula],
        )

    def several_looks(self, focus: Focus, trace: Trace, picture: SplitHeads) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        together = trace[f"{focus.path}.heads_per_key"]
        weights = trace[f"{focus.path}.weights"].pick(batch=0, query=focus.query_token.position)
        leading = [row.largest() for row in weights]
        full = {key: share for key, share in leading if share > 0.9 and key != focus.query_token}
        (first, most), (second, more) = [*full.items(), *leading, *leading][:2]
        told = picture.told([f"“{key}” {share:share}" for key, share in leading])
        yield Step(
            "Several heads, several ways to attend",
            beat(
                claim(
                    len(full) > 1,
                    f"So “{focus.query_token}” gives “{first}” {most:share} in one head, and “{second}” {more:share} "
                    "in another: each has a softmax of its own.",
                    "So a token can attend to several others in full, because each head has a softmax of its own.",
                )
                if together == 1
                else f"So each head has queries and a softmax of its own; {together} heads share keys and values.",
                tuple(Flight(picture.x, matrix, kind="row") for matrix in picture.matrices),
                (
                    deal([*picture.matrices], picture.queries),
                    appear_in_turn([picture.told_name, *told] if told else []),
                ),
            ),
            beat(
                "Your turn: split W_Q for twice as many heads. Does it take more parameters?",
                # A half has weights of its own, which nobody has computed, and another letter.
                leave(*told, *(plate[1] for plate in picture.plates), *([picture.told_name] if told else [])),
                appear_in_turn([*picture.halve()], "slow"),
            ),
            beat(
                "No: W_Q keeps its columns; they only form more groups.",
                appear(ring_around(picture.matrix_name, roomy=True)),
            ),
            stage=[picture.token, picture.x, picture.plates, picture.matrices, picture.matrix_name],
        )
