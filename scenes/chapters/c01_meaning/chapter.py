"""Meaning: words become vectors, vectors have directions, and a soft lookup mixes them."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, LEFT, RIGHT

from scenes.animations import (
    Dive,
    Flight,
    Play,
    Swinging,
    Travel,
    Visit,
    Wipe,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    gather,
    grow,
    hand_out,
    leave,
    move_ring,
    pulses,
    reshape,
    ring_around,
)
from scenes.chapters.c01_meaning.blend import LookupSum
from scenes.chapters.c01_meaning.carried import CarriedStep
from scenes.chapters.c01_meaning.opening import Opening
from scenes.chapters.c01_meaning.unknown_ways import UnknownWays
from scenes.layout import STAGE
from scenes.mobjects.arcs import Arcs
from scenes.mobjects.bars import named_shares
from scenes.mobjects.coordinates import Coordinates
from scenes.mobjects.directions import CosineSpokes, Dial, WordSteps
from scenes.mobjects.formulas import LARGE, Formula
from scenes.mobjects.products import APART, RIGHT_ANGLE, SAME_WAY, PlaneOfTwo
from scenes.mobjects.region import Region
from scenes.mobjects.ribbon import Ribbon
from scenes.mobjects.soft_lookup import Slider, SoftTable
from scenes.mobjects.text import Words, number
from scenes.mobjects.whole_model import WholeModel
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.studies.decoder_rows import decoder_rows_of
from transformer_core.studies.focus import DECODER, Focus, embedding_of, focus_of, layers_of, sense_head
from transformer_core.studies.measures.stream import SENSES
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

#: The experiment on the embeddings of a language model, and the relation of which a step is copied.
MEANING, COPIED = "experiment.meaning", "capital"
#: Relations of which it was counted how often the mean step ends nearest to the right word, with their names.
ASKED_FOR = {COPIED: "nearest: the right capital", "comparative": "nearest: the right comparative"}
#: Its relations, in the order in which they are shown, and the names of both kinds of pairs.
RELATIONS = "plural", "past", "comparative", "capital", "gender"
REAL, CHANCE = "real pairs", "random pairs"
#: The sense of a Spanish word, for who knows no Spanish.
GLOSSES = {"banco": "(money)", "orilla": "(river)"}


class Meaning(Chapter):
    """Words as vectors, directions that mean something, and a lookup that mixes."""

    number = 1
    title = "Meaning"
    needs = ("self-attention",)

    def whereabouts(self, trace: Trace) -> str:
        return embedding_of(focus_of(trace).stack)

    def steps(self, trace: Trace) -> Iterator[Step]:
        focus = focus_of(trace)
        opening = Opening(vectors_of(trace, focus).words("position"), *what_comes_out(trace, focus))
        yield from self.from_outside(trace, focus, opening)
        yield from self.a_word_is_a_vector(trace, focus, opening)
        region = Region(f"embeddings of {trace[f'{MEANING}.model'].words('model')[0]}, a real language model")
        left, right = region.inside.golden_columns()
        cosine = Formula(
            "cos theta = ({{ a : query }} dot {{ b : key }}) / (abs({{ a : query }}) abs({{ b : key }}))", LARGE
        )
        dial, cosine = Dial.at_the_foot(left), right.fit(cosine)
        yield from self.directions(trace, region)
        yield from self.dot_product(trace, region, cosine)
        yield from self.king_and_queen(trace, region, cosine)
        yield from self.more_than_luck(trace, region, dial, cosine)
        lookup = trace.under(f"{MEANING}.lookup", query=0)
        query = trace[f"{MEANING}.lookup.scores"].words("query")[0]
        yield from self.softmax(lookup, query, region)
        right, left = region.inside.golden_columns(last=True)
        table = SoftTable(lookup["weights"], lookup["value_plane"].words("key"), query, left)
        yield from self.soft_lookup(lookup, region, table, LookupSum(lookup, query, right))
        yield from self.one_embedding(trace, focus, table)

    def from_outside(self, trace: Trace, focus: Focus, opening: Opening) -> Iterator[Step]:
        """The model at work, closed, a glimpse of what the lecture opens, and its question."""
        words, output = opening.source.chips, [*opening.output]
        told = "and the text goes on." if focus.stack == DECODER else "and another language comes out."
        told = told if opening.gives else "and nothing comes out: it ends at once."
        told = told if "probs" in trace else "and a vector comes out for each token."
        dive = Dive([opening.box, opening.name_plate], opening.box, opening.inside)
        inward: list[Play | None] = [(leave(*output), dive)]
        asking, flow = appear(opening.question), None
        if {"encoder.0.resid_pre", "decoder.0.resid_pre", "probs"} <= trace.keys() and opening.gives:
            model = WholeModel(trace, decoder_rows_of(trace), [chip.label for chip in words], opening.inside)
            read, reads, written = model.chips
            old, new = [*words, *output], [*read, *written]
            inward = [
                (dive, *(Travel(word, chip, leaving=True) for word, chip in zip(old, new, strict=True))),
                (appear(reads), draw(*model.streams.values()), model.rest()),
            ]
            asking, flow = None, model.flow()
        yield Step(
            "What happens inside?",
            beat("Somebody types a sentence.", appear_in_turn(words, "slow")),
            beat("It goes into a model,", appear(opening.box), gather(words, opening.name_plate)),
            beat(told, hand_out(output, opening.box, "slow")),
            beat("What happens inside?", *inward),
            beat("And how can a machine compute with meaning?", asking, ambient=flow),
            stage=(),
        )

    def a_word_is_a_vector(self, trace: Trace, focus: Focus, opening: Opening) -> Iterator[Step]:
        """An embedding as a strip of cells, and as an arrow."""
        vectors, token = vectors_of(trace, focus), focus.query_token
        here, picture = opening.source.place(token), Coordinates(vectors, token, STAGE, opening.inside.padded())
        chips, strips = picture.tokens, picture.strips
        others = [part for row in (chips, strips) for part in (*row[:here], *row[here + 1 :])]
        ring = ring_around(picture.vector.cells[0])
        whole = len(picture.vector.cells) == len(vectors.pick(position=token))
        yield Step(
            "A word becomes a vector",
            beat(
                f"A table turns each word, or token, into {trace['config.d_model']} numbers: "
                "a vector, called its embedding.",
                deal(chips, strips, kind="slow"),
            ),
            beat(
                claim(whole, "Each cell is one number", "Each cell shows the largest of a few numbers")
                + ": blue is positive, orange negative.",
                (
                    leave(opening.box, *others),
                    Travel(chips[here], picture.chip, leaving=True),
                    Travel(strips[here], picture.vector, leaving=True),
                ),
                picture.pull_out(),
            ),
            beat(
                f"The largest and the smallest number of “{token}”, as coordinates, make an arrow.",
                (appear(picture.names), draw(picture.axes), appear(picture.origin)),
                (draw(picture.own), appear(picture.chips[0])),
            ),
            beat(
                "Every token has its own.",
                *([(draw(picture.others, kind="slow"), appear(*picture.chips[1:]))] if len(picture.others) else []),
            ),
            beat(
                "All numbers together make an arrow, too, in a space that nobody can draw.",
                (leave(picture.leads, *picture.numbers, *picture.names), appear(ring)),
                Visit(ring, [*picture.vector.cells], "tour"),
            ),
            stage=[opening.box, *chips],
        )

    def directions(self, trace: Trace, region: Region) -> Iterator[Step]:
        """The step of one pair of words of a real language model, copied to others."""
        run = trace.under(MEANING)
        left, right = region.inside.golden_columns()
        words, own, distances = (run[f"{COPIED}_plane{name}"] for name in ("", ".copied_step", ".copy_distances"))
        picture = WordSteps(words, run[f"{COPIED}_steps"], own, distances, left)
        (country, capital), *_ = picture.words
        named = {name: run["named"].pick(kind=kind) for kind, name in ASKED_FOR.items()}
        above, below = right.golden_rows()
        shares = named_shares(named, above)
        capitals, comparatives = named.values()
        fan, mean, name = picture.by_itself("the capital of", below)
        rings = [ring_around(picture.first_names[k], "warning", roomy=True) for k in picture.astray]
        wrong = [(picture.words[k][0], picture.words[picture.nearest[k]][1]) for k in picture.astray]
        others = "".join(f", “{one}” to “{there}”" for one, there in wrong[1:])
        yield Step(
            "Can a direction mean something?",
            beat(
                "Embeddings of a language model, projected onto a plane.",
                (appear_in_turn([*picture.firsts], "slow"), appear_in_turn([*picture.first_names], "slow")),
            ),
            beat(
                f"An arrow leads from “{country}” to “{capital}”.",
                draw(picture.arrows[0], kind="row"),
                appear(picture.seconds[0], picture.second_names[0]),
                draw(*picture.arrows[1:], kind="row"),
                appear(*picture.seconds[1:], *picture.second_names[1:]),
            ),
            beat(
                "So a direction can mean something, such as “the capital of”.",
                tuple(Travel(a, b, kind="row") for a, b in zip(picture.arrows, fan, strict=True)),
                tuple(reshape(one, mean) for one in fan),
                (leave(*fan), appear(mean, name, rise=False)),
            ),
            beat(
                "Copy it to others. Where does it end?",
                leave(picture.arrows),
                tuple(Travel(mean, one, kind="slow") for one in picture.copies),
            ),
            beat("In this plane, which capital is nearest?", draw(*picture.snaps, kind="row")),
            beat(f"But “{wrong[0][0]}” ends nearest to “{wrong[0][1]}”{others}.", *map(appear, rings))
            if wrong
            else None,
            beat(
                f"In all dimensions, the other pairs’ mean step finds the right capital in {capitals:.0%}, "
                f"the right comparative in {comparatives:.0%}.",
                *((appear(words, bar.track), grow(bar.bar), appear(figure)) for words, bar, figure in shares),
            ),
            stage=[region],
        )

    def dot_product(self, trace: Trace, region: Region, angle: Formula) -> Iterator[Step]:
        """The dot product and the cosine, as geometry."""
        run = trace.under(f"{MEANING}.lookup")
        query, key = (run["scores"].words(axis)[0] for axis in ("query", "key"))
        room, facts_room = region.inside.golden_columns()
        plane = PlaneOfTwo(run, query, key, room, "dot product")
        dot, cosine = run["scores"].pick(query=query, key=key), run["cosine"].pick(query=query, key=key)
        product = facts_room.fit(Formula("{{ a : query }} dot {{ b : key }} = sum_i a_i b_i", LARGE))
        divided = plane.lengths[1], number(cosine, ".2f", "large number").next_to(angle, DOWN, gap("part"))
        swing = Swinging(plane, dot, run["turned_scores"].pick(query=query, key=key).quantities(), riding=False)
        upright = plane.lengths[0].copy().next_to(plane.wall, LEFT, buff=gap("chip"))
        own = plane.drop, plane.reach, plane.names[1], upright
        yield Step(
            "How alike are two directions?",
            beat(
                f"Do the vectors of “{query}” and “{key}” point the same way?",
                (draw(plane.query), appear(plane.origin, plane.names[0])),
                (draw(plane.key), appear(plane.names[1])),
            ),
            beat(f"See how far “{key}” reaches along “{query}”,", draw(plane.drop), appear(plane.reach)),
            beat(
                f"times the length of “{query}”: their dot product.",
                appear(plane.lengths[0]),
                swing.turn_up(),
                (Wipe(plane.area), appear(upright, plane.score, plane.called)),
            ),
            beat("The same: multiply entry by entry, add up.", appear(product)),
            beat("It is large when both point the same way.", (leave(*own), swing.to(SAME_WAY))),
            beat("It shrinks to zero at a right angle,", swing.to(RIGHT_ANGLE)),
            beat("negative when they point apart.", swing.to(APART)),
            beat(
                "Divided by both lengths, it is the cosine.",
                leave(product),
                (swing.back(), appear(angle)),
                (leave(swing.traces, plane.area), appear(*own, plane.outline, plane.angle, *divided)),
            ),
            stage=[region],
        )

    def king_and_queen(self, trace: Trace, region: Region, cosines: Formula) -> Iterator[Step]:
        """A step between two words, carried to a third; the nearest words follow it."""
        run = trace.under(MEANING)
        picture = CarriedStep(run, *region.inside.golden_columns())
        king, man, woman, queen = run["queen_plane"].words("vocab")
        (nearest, second), (cosine, close) = run["queen_cosine"].words("rank")[:2], run["queen_cosine"].quantities()[:2]
        first = run["queen_way"].pick(frame=0).largest()[0]
        ring = ring_around(picture.line_of(nearest)[0])
        yield Step(
            f"What is “{king}” minus “{man}” plus “{woman}”?",
            beat(
                f"These are the vectors of “{king}”, “{man}”, “{woman}” and “{queen}”, projected onto a plane.",
                (draw(*picture.three), appear(picture.origin)),
                appear(*picture.names[:-1]),
                (draw(picture.goal), appear(picture.names[-1])),
            ),
            beat(f"This step leads from “{man}” to “{woman}”.", draw(picture.step), appear(picture.said)),
            beat(f"Add the same step to “{king}”.", leave(cosines), Travel(picture.step, picture.carried, kind="row")),
            beat(f"At first, “{first}” itself is nearest, by cosine in all dimensions.", *picture.turn()),
            beat(
                f"The sum moves away from “{first}”, and in the end, of all tokens, none left out, "
                f"the nearest is “{nearest}”,",
                picture.lead(),
                (appear(picture.rest), appear(ring)),
            ),
            beat(
                claim(bool(cosine - close < 1 / 20), "but only just: ", "by cosine: ")
                + f"{cosine:.2f} against {close:.2f} for “{second}”.",
                move_ring(ring, picture.line_of(nearest), roomy=True),
                appear(ring_around(picture.line_of(second), roomy=True)),
            ),
            stage=[region, cosines],
        )

    def more_than_luck(self, trace: Trace, region: Region, dial: Dial, cosines: Formula) -> Iterator[Step]:
        """All pairs of all relations, against pairs by chance."""
        run = trace.under(MEANING)
        rows = {REAL: [run[f"{kind}_cosine"] for kind in RELATIONS], CHANCE: [run["chance_hundredths"]]}
        counts = f"{run['above_in_all']} of {run['pairs_in_all']}", f"{run['chance_share']:share}"
        room = region.inside.golden_columns()[1].golden_rows()[0]
        picture = CosineSpokes(dial, rows, run["chance"].quantity(0), counts, room)
        same = Words("the same way", "fact", "ink2").next_to(dial.unit, RIGHT)
        yield Step(
            "Are parallel steps more than luck?",
            beat(
                f"Pair words at random, {run['chance_pairs']:,.0f} times: each dot is a hundredth of them.",
                (appear(picture.names[1], picture.ends[1], same), fill(picture.lines[CHANCE], "slow")),
            ),
            beat(
                "Their steps have little in common: most cosines are small,",
                (leave(cosines), draw(picture.upright), appear(picture.ends[0])),
            ),
            beat(
                f"only {run['chance_share']:share} lie beyond this line.",
                (draw(picture.level), appear(picture.beyond)),
                appear(picture.counts[1]),
            ),
            beat(
                "Now real pairs: plurals, past forms, comparatives, capitals, male and female.",
                appear(picture.names[0]),
                fill(picture.lines[REAL], "slow"),
            ),
            beat(
                f"{run['above_in_all']} of {run['pairs_in_all']} lie beyond it: far more than luck.",
                appear(picture.counts[0]),
            ),
            stage=[region, cosines, dial.hub, dial.unit],
        )

    def softmax(self, run: Trace, query: Label, region: Region) -> Iterator[Step]:
        """Scores to weights; one is moved, and all answer."""
        slider = Slider(run["slider_scores"], run["slider_weights"], run["scores"], query, region.inside)
        moved = slider.chips[slider.moved].label
        yield Step(
            "Softmax: scores become weights",
            beat(
                f"Which countries are like “{query}”? These are the dot products: scores of any size.",
                (appear(slider.query, slider.chips), appear(slider.headings[0], slider.zeros[0])),
                (appear_in_turn([*slider.score_bars], "row"), appear(slider.numbers[0])),
            ),
            beat(
                "Softmax makes weights: all are positive, and add up to one.",
                appear(slider.headings[1], slider.zeros[1]),
                (deal(slider.score_bars, slider.weight_bars), appear(slider.numbers[1])),
                (deal(slider.weight_bars, slider.stack), appear(slider.whole_of_them)),
            ),
            beat(
                f"Raise the score of “{moved}”, and all weights answer: it takes from the others.",
                appear(slider.handle),
                slider.slide(slider.highest),
            ),
            beat("Lower it below zero:", slider.slide(slider.lowest)),
            beat("its weight is small, but never zero."),
            beat("It is a soft choice: the best gets the most, all others something.", slider.slide(slider.rest)),
            stage=[region],
        )

    def soft_lookup(self, run: Trace, region: Region, table: SoftTable, picture: LookupSum) -> Iterator[Step]:
        """A dictionary that is asked for what it does not have."""
        flow = pulses(table.ways, run["weights"].values.tolist(), "ink")
        best = run["likeness"].largest()[0]
        beside = [table.query.copy().next_to(key, RIGHT, buff=gap("line")) for key in table.keys]
        yield Step(
            "A soft lookup in a dictionary",
            beat(
                "A dictionary has a value for each key: a capital.",
                (draw(table.ways), appear_in_turn([*table.values])),
                (appear(picture.origin), deal(table.values, picture.whole)),
                appear(picture.chips),
            ),
            beat(
                f"The query “{table.query.label}” is not there.",
                Visit(table.query, [table.query, *beside, table.query], "cell"),
            ),
            beat(
                "Take from every value what the softmax gives its key: the attention weight.",
                (appear_in_turn([*table.bars], "slow"), appear(table.numbers)),
                ambient=flow,
            ),
            beat(
                "Each value, a vector, shrinks to its weight,",
                tuple(Flight(bar, line[-1]) for bar, line in zip(table.bars, picture.whole, strict=True)),
                (appear(picture.ghosts, rise=False), picture.shorten()),
            ),
            beat(
                "and they add up: the weighted sum.",
                (*exchange(picture.passed, picture.moved, "row"), picture.chain()),
                (draw(picture.output), appear(picture.heading)),
            ),
            beat(
                f"By cosine, “{best}” is nearest. The sum is a blend of what was there.",
                (leave(picture.chained), *picture.turn()),
                appear(picture.told[1], picture.numbers),
                appear(ring_around(picture.best, roomy=True)),
                ambient=pulses([picture.dial.unit[0]]),
            ),
            beat(
                "Query, keys, attention weights, values: the heart of the Transformer.",
                *(appear(ring_around(part, role)) for role, part in table.roles.items()),
            ),
            stage=[region, *table.keys, table.query],
        )

    def one_embedding(self, trace: Trace, focus: Focus, table: SoftTable) -> Iterator[Step]:
        """The question that attention answers: a word's meaning hangs on its neighbours, its embedding does not."""
        place = sense_head(trace, SENSES)
        if place is None:
            yield from self.whatever_the_sentence(trace, focus)
            return
        picture = UnknownWays(trace)
        word, rows, (one, other) = picture.word, picture.rows, picture.deciding
        first, second = picture.becomes
        start = picture.start[0]
        spots = [start.copy().move_to(row.chips[k].get_bottom()) for row, k in zip(rows, picture.nouns, strict=True)]
        flow = pulses([*table.ways, *(arc for row in rows for arc in row.arcs)], role="ink")
        told = zip(rows, picture.nouns, picture.becomes, strict=True) if picture.told else ()
        spelled = []
        for row, noun, form in told:
            spelled.append(row.spelled(noun, [f"{form}"]))
            if gloss := GLOSSES.get(str(form)):
                words = Words(gloss, "stage word", "ink2").next_to(spelled[-1], RIGHT, buff=gap("chip"))
                spelled.append(words.stand_on(spelled[-1].baseline))
        yield Step(
            f"One “{word}”, two meanings",
            beat(
                claim(
                    picture.told,
                    f"In one sentence, “{word}” becomes “{first}”, in another one “{second}”.",
                    f"In these sentences, “{word}” should mean two different things.",
                ),
                *(appear_in_turn([*row.chips]) for row in rows),
                appear(*spelled) if spelled else None,
            ),
            beat(
                "But the table has one embedding for both: the same point in every sentence.",
                (leave(table), appear(picture.start), *(Flight(spot, start, kind="slow") for spot in spots)),
            ),
            beat(
                f"“{one}” or “{other}” would have to move it to one meaning or the other.",
                *(
                    (draw(way[0]), appear(way[1], name), Travel(picture.start[0], way[2], kind="row"))
                    for way, name in zip(picture.ways, picture.names, strict=True)
                ),
            ),
            beat(
                "How can the neighbours do that? With a lookup: which of them matter, and what do they hand over?",
                draw(*(arc for row in rows for arc in row.arcs), kind="slow", back=True),
                leave(picture.start, picture.ways, *picture.names),
                appear(table),
                ambient=flow,
            ),
            beat("That is attention, and later chapters build it.", ambient=flow),
            stage=[table],
        )

    def whatever_the_sentence(self, trace: Trace, focus: Focus) -> Iterator[Step]:
        """The same question, of a model that has no word of two senses."""
        words = vectors_of(trace, focus).words("position")
        token = focus.query_token
        picture = Arcs(words, Ribbon(words).place(token))
        flow = pulses([*picture.arcs], role="ink")
        yield Step(
            "One embedding, whatever the sentence",
            beat(
                f"The table gives “{token}” the same embedding in every sentence.",
                appear_in_turn([*picture.chips]),
                appear(ring_around(picture.chips[picture.ribbon.place(token)])),
            ),
            beat("But what a word means is decided by its neighbours."),
            beat(
                claim(
                    len(words) > 1,
                    "How can they do that? With a lookup: which of them matter, and what do they hand over?",
                    "Here it has none. With some: which of them would matter, and what would they hand over?",
                ),
                *([draw(*picture.arcs, kind="slow", back=True)] if len(picture.arcs) else []),
                ambient=flow,
            ),
            beat("That is attention, and later chapters build it.", ambient=flow),
            stage=(),
        )


def vectors_of(trace: Trace, focus: Focus) -> NamedTensor:
    """The embeddings of the sentence, as they stand in the table."""
    found: NamedTensor = trace[f"{embedding_of(focus.stack)}.token"].pick(batch=0)
    return found


def what_comes_out(trace: Trace, focus: Focus) -> tuple[tuple[Label, ...], NamedTensor | None]:
    """The words that the model writes, or the vectors of one that writes none."""
    if "probs" not in trace:
        return (), trace[f"{focus.stack}.{layers_of(trace)[-1]}.resid_post"].pick(batch=0)
    words = trace["probs"].words("position")
    if focus.stack == DECODER:
        return tuple(word for word in words if word.position >= len(trace.about["tokens"])), None
    return words[1:], None
