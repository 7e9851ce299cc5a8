"""Inference: the model gives probabilities, a rule chooses, and the past is kept."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, VGroup

from scenes.animations import (
    Flight,
    Travel,
    Visit,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    follow,
    grow,
    leave,
    move_ring,
    reshape,
    ring_around,
)
from scenes.chapters.c14_inference.cache_rows import MOST_ROWS, SHOWN_HEAD, CacheTriangle, KeptRows, beside
from scenes.chapters.c14_inference.draws import CutStrip, SampledDraws, Skyline, first_choice, limit
from scenes.chapters.c14_inference.hundred_cases import HundredCases
from scenes.chapters.c14_inference.writing import (
    HALF_SURE,
    BeamRace,
    BeamTree,
    WritingSteps,
    before_chips,
    in_order,
    winner,
)
from scenes.layout import STAGE, Room
from scenes.mobjects.next_tokens import PROMPTS, ModelPrompts, SampledTexts
from scenes.mobjects.region import Region
from scenes.mobjects.rounding import ROUNDING
from scenes.mobjects.sentences import is_short, spelled
from scenes.mobjects.text import Words
from scenes.mobjects.wording import named_head
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import Trace


class Inference(Chapter):
    """Greedy, beam, chance; and a cache, because old keys and values never change."""

    number = 14
    title = "Inference"
    needs = ("a decoder",)
    at_the_end = True
    looks_at = "decoder output"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run, real, beams = (trace.under(name) for name in ("decoding", "experiment.continuations", "experiment.beams"))
        writes = run["greedy.probs"].words("step")
        read = trace.full("probs").words("position")  # of all, also those out of sight
        before = len(read) - len(trace.about["output_tokens"]) - 1  # of a text that is gone on with, its last word
        reads = (read[before], *writes[:-1])
        parameters = trace["config.parameters"]
        whose = claim(bool(trace.about["config"]["encoder_layers"]), "our translator", "this model")
        region = Region(
            claim(
                trace.about["config"]["encoder_layers"] > 0,
                f"our translator: {parameters:,.0f} parameters",
                f"this model: {parameters:,.0f} parameters",
            )
        )
        shares = run["greedy.chosen_probs"]
        layer = min(SHOWN_HEAD[0], trace.about["config"]["decoder_layers"] - 1)
        head = trace.under(f"decoder.{layer}.self_attn", batch=0, head=SHOWN_HEAD[1], kv_head=0)
        kept = KeptRows(head["weights"], head["masked"], head["k"], head["v"], region.inside)
        chips = kept.chips_of(reads, region.inside)
        tree = BeamTree(run.under("beam"), STAGE.padded())
        probs = trace.full("probs").pick(batch=0, position=before)
        others = trace.full("tail_prob").pick(batch=0, position=before, rank=0)
        tracks = before_chips(writes[:MOST_ROWS], beside(chips, region.inside))
        logits = trace.full("logits").pick(batch=0, position=before)
        first = Skyline(logits, probs, others, region.below, tracks)
        steps = WritingSteps(reads, writes, shares, region.inside, tracks)
        yield from self.one_word(trace, before, region, first)
        yield from self.word_by_word(run, steps, first)
        if "open_cut" in real:
            model = ModelPrompts(real, region)
            yield from self.the_loser_overtakes(beams, model, steps)
        yield from self.several_beginnings(run, tree, writes)
        if "open_cut" in real:
            draws = SampledDraws(model, first_choice(trace, before), tree.first)
            cut = zip(PROMPTS, (False, True), strict=True)
            other, one = (CutStrip(model, name, draws, stands) for name, stands in cut)
            yield from self.a_real_model(model, draws, region.called(whose))
            yield from self.temperature(model, draws)
            yield from self.top_k(model, one, other)
            yield from self.top_p(model, one, other)
            yield from self.four_rules(model, one)
            left, right = region.inside.columns(2)
            bars = before_chips(writes[:MOST_ROWS], beside(chips, left))
            text = WritingSteps(reads, writes, shares, left, bars, chips)
            yield from self.what_chance_costs(run, trace, text, region.called("our translator"), one, right)
        yield from self.old_keys_and_values(run, kept, region.called(named_head(layer, SHOWN_HEAD[1])))
        source = trace["embed_src.sum"].words("position") if trace.about["config"]["encoder_layers"] else ()
        timed = trace.under("experiment.cache_cost")
        triangle = CacheTriangle(chips, source, run.under("cache"), timed, region.inside)
        yield from self.the_cache(kept, triangle, chips, timed)
        bars = before_chips(writes[:MOST_ROWS], triangle.side)
        close = WritingSteps(reads, writes, shares, region.inside, bars, chips)
        yield from self.who_chooses(close, triangle)

    def one_word(self, trace: Trace, before: int, region: Region, words: Skyline) -> Iterator[Step]:
        """The question, and the simplest answer."""
        read, chosen = trace.full("probs").label("position", before), trace.full("probs").label("vocab", words.best)
        start, written = in_order((read, chosen), region.line)
        asked = Words("?", "large number").move_to(written)
        large, (zero, floor) = words.question, words.lines
        source = trace["embed_src.sum"].words("position") if trace.about["config"]["encoder_layers"] else ()
        text = [Words(f"“{spelled(source)}”", "fact").end_in(region.line)] if source and is_short(source) else []
        lawn = VGroup(*words.bars[: words.place], *words.bars[words.place + 1 :])
        yield Step(
            "Who chooses the next word?",
            beat(
                "In training, teacher forcing gave the true words. Now nobody does.",
                appear(large),
                draw(zero, kind="slow"),
            ),
            beat(
                f"The decoder computes a logit for each of {trace['config.target_vocab']:,.0f} words;",
                (reshape(large, asked), fill(VGroup(*lawn, *words.note))),
                (grow(words.bars[words.place], DOWN), appear(words.logit)),
            ),
            beat(
                "softmax turns the logits into probabilities.",
                (leave(words.logit), reshape(words.bars, words.shares, "slow"), *exchange([zero], [floor], "slow")),
                (leave(floor), *exchange([words.bars[words.place], lawn], words.levels), follow(words.told)),
            ),
            beat(
                f"Greedy decoding takes the likeliest: “{chosen}”.",
                appear(ring_around(words.levels[0])),
                (leave(large), Travel(words.told[0][0], written, kind="row")),
            ),
            stage=[region, start, *text],
        )

    def word_by_word(self, run: Trace, picture: WritingSteps, first: Skyline) -> Iterator[Step]:
        """Autoregressive writing: each word is read next, until the end mark wins."""
        last, *earlier = run["greedy.end"].quantities()[::-1]
        ended = bool(abs(last - run["greedy.chosen_probs"].values[-1]) < ROUNDING)
        when = (
            f"{last:.2%} at the last step, at most {max(earlier):.2%} before."
            if earlier
            else f"here it comes at once, with {last:.2%}."
        )
        ends, shares = picture.state(run["greedy.end"], ".2%")
        (_, chosen, *read), rest = picture.turns()
        yield Step(
            "It reads what it has written",
            beat(
                "What it writes is read at the next step: the model is autoregressive.",
                (
                    appear(picture.tracks[0], rise=False),
                    follow(picture.names),
                    *exchange([first.levels[0]], [picture.bars[0]], "row"),
                    appear(picture.numbers[0]),
                ),
                chosen,
                *read,
                rest,
            ),
            beat(
                claim(
                    ended,
                    f"The end mark is a token like any other: {when}",
                    "The end mark was not chosen yet: here the text is cut off.",
                ),
                *(
                    [
                        leave(picture.numbers, picture.names[1], *picture.bars[:-1]),
                        exchange([*picture.writes[:-1]], [*picture.instead()], "row"),
                        (*map(grow, ends[:-1]), appear_in_turn([*shares], "slow")),
                    ]
                    if ended
                    else [appear(ring_around(picture.writes[-1]))]
                ),
            ),
            stage=[picture.reads[0], first.levels[0]],
        )

    def several_beginnings(self, run: Trace, picture: BeamTree, writes: tuple[Label, ...]) -> Iterator[Step]:
        """The real tree, grown step by step: streams as wide as each text is probable."""
        slow, *rest = [picture.grow(t, "row" if t == 0 else "rest") for t in range(len(picture.nodes))]
        later = [play for plays in rest[1:] for play in plays]
        parents = {picture.parent[node] for nodes in picture.nodes[1:2] for node in nodes}
        followed = run["beam.token"].label("node", int(min(parents, default=0)))
        told = f"Of all that could follow, the best all follow “{followed}”."
        best, score = run["beam.score"].quantity(int(run["beam.hypotheses"].values[0])), run["greedy.score"]
        verdict = claim(
            winner(run.under("beam")) == [str(label) for label in writes],
            claim(
                bool(run["greedy.chosen_probs"].values.min() > HALF_SURE),
                "They agree: no step was in doubt.",
                "They agree here.",
            ),
            claim(best > score, "Greedy missed a better one.", "The beam dropped the better one of greedy decoding."),
        )
        yield Step(
            "The same search in our model",
            beat(
                "Our own model: the higher, the likelier.",
                *([] if picture.whole else [appear(picture.more)]),
                *slow,
                *map(appear, picture.heights[:1]),
            ),
            *(beat(claim(len(parents) == 1, told, "All that could follow is tried."), *plays) for plays in rest[:1]),
            beat("The best are kept again, word by word.", *later),
            beat(
                f"The best sum is {best:.2f}; greedy decoding has {score:.2f}. {verdict}",
                draw(*picture.branch, kind="slow"),
                *map(appear, picture.heights[1:]),
                appear_in_turn([*picture.sums]),
            ),
            stage=[picture.root, picture.lanes[0]],
        )

    def the_loser_overtakes(self, beams: Trace, model: ModelPrompts, steps: WritingSteps) -> Iterator[Step]:
        """A text whose first token is not the likeliest, and whose sum is the best all the same."""
        picture = BeamRace(beams, model.card.line, model.card.below)
        asked = model.asked(beams["greedy_score"].label("sentence", int(beams["at"])), model.card.line)
        slow, fast = picture.named
        first, last = ([picture.rows[node] for node in nodes] for nodes in (picture.kept[1], picture.kept[-1]))
        ring = ring_around(first[0][-1], roomy=True)
        start, *before, ahead = map(picture.go_on, range(picture.overtaken))
        yield Step(
            "Beam search keeps several beginnings",
            beat(
                f"A language model doubts more. Greedy decoding takes “{slow}”, which leaves most: no way back.",
                (
                    appear(model.name, asked.begin_in(model.card.line), picture.name),
                    *exchange([steps.tracks[0]], [picture.track]),
                ),
                (grow(picture.rows[0][0]), appear(*picture.rows[0][1:])),
                *start,
                appear(ring),
            ),
            beat(
                f"“{fast}” leaves less, but beam search keeps the {beams['width']} best.",
                reshape(ring, ring_around(picture.rows[picture.best[1]][-1], roomy=True)),
                reshape(ring, ring_around(VGroup(*(row[-1] for row in first)), roomy=True)),
            ),
            beat("Each token shrinks its text:", leave(ring), *(play for plays in before for play in plays)),
            beat(
                f"after {picture.times[picture.overtaken]} tokens, “{fast}” is ahead!",
                *ahead,
                appear(ring := ring_around(last[0][-1], roomy=True)),
            ),
            beat(
                "Soon, strips are too short to see. Take logarithms: the product becomes a sum.",
                leave(ring),
                *picture.logarithms(),
            ),
            beat("All lines fall: a sum favours short texts.", *picture.end(), appear(*picture.ends)),
            stage=[steps.tracks[0]],
        )

    def a_real_model(self, model: ModelPrompts, draws: SampledDraws, ours: Words) -> Iterator[Step]:
        """Another model, said to be another one, at a token that leaves much open; and chance that chooses there."""
        listed, (most, *_, others) = draws.list, draws.rows[draws.one]
        ring, (best, *_, tail) = ring_around(model.prompt, roomy=True), draws.strips[draws.one]
        around = ring_around(best)
        yield Step(
            "A model with more to choose from",
            beat(
                "After this beginning, much is open:",
                leave(ours, draws.first),
                (appear(model.name, model.prompt, ring), reshape(draws.strip, draws.strips[draws.one])),
            ),
            beat(
                "the likeliest tokens, and all the others together.",
                (leave(ring), deal([*draws.strip], [*listed.bars]), appear_in_turn([*listed.names, listed.rest])),
                appear(*listed.numbers[:1]),
            ),
            beat(
                f"Greedy decoding would take “{draws.best}” every time. Sampling draws:",
                appear(around),
                (leave(around, listed.bars), appear(draws.axis)),
            ),
            beat("each random spot falls on one token,", *draws.fall()),
            beat(
                f"on “{draws.best}” with {most:.1%}, in the tail with {others:.1%}.",
                appear(ring := ring_around(best)),
                move_ring(ring, tail),
            ),
            stage=[ours, draws.edges, draws.strip, draws.first],
        )

    def temperature(self, model: ModelPrompts, draws: SampledDraws) -> Iterator[Step]:
        """Divide the logits: a continuous sweep, under draws that stay where they fell."""
        last = len(draws.temperatures) - 1
        yield Step(
            "Temperature: flatter or sharper",
            beat("A temperature divides all logits before the softmax.", appear(draws.knob)),
            beat("A high one flattens: the unlikely tokens gain.", draws.sweep(range(draws.one, last + 1), "slow")),
            beat("A low one sharpens:", draws.sweep(range(last, -1, -1), "slow")),
            beat(
                f"“{draws.best}” takes {draws.rows[0][0]:.1%}. Towards zero, it becomes greedy decoding.",
                appear(ring_around(draws.strips[0][0])),
            ),
            stage=[model.name, model.prompt, draws],
        )

    def top_k(self, model: ModelPrompts, one: CutStrip, other: CutStrip) -> Iterator[Step]:
        """Scissors after a fixed number of tokens."""
        both, k = (one, other), model.real["k"]
        tails = [ring_around(part.full[one.k :]) for part in both]
        cutters = [part.scissors(part.full[one.k - 1]) for part in both]
        yield Step(
            "Top-k: always the same number",
            beat(
                "A draw from the tail can derail a text, so cut it off.",
                (reshape(one.strip, one.full), appear(other.prompt, other.edges, other.strip)),
                appear(*one.words[0], *other.words[0]),
                draw(*tails, kind="row"),
            ),
            beat(
                f"Top-k keeps the {k} likeliest tokens",
                tuple(play for pair in cutters for play in pair.cut()),
                leave(*tails, *(part.strip[one.k :] for part in both)),
            ),
            beat(
                "and renormalizes: they add up to one.",
                leave(*cutters, *one.words[0], *other.words[0]),
                tuple(reshape(part.strip[: one.k], part.grown) for part in both),
                appear(*one.words[1], *other.words[1]),
            ),
            beat(
                f"Above, they had {one.held:share}; below, {other.held:share}. "
                + claim(bool(other.held > 1.5 * one.held), "One k does not fit all prompts.", "Here one k fits both."),
                *(appear(part.told) for part in both),
            ),
            stage=[model.name, one.prompt, one.edges, one.strip],
        )

    def top_p(self, model: ModelPrompts, one: CutStrip, other: CutStrip) -> Iterator[Step]:
        """Strips are cut where they hold enough."""
        p, both = model.real["p"], (one, other)
        line = limit(one, other, p)
        follows = claim(
            one.count > other.count, "The less certain, the more it keeps.", "Here it does not grow with the doubt."
        )
        yield Step(
            "Top-p: as many as it takes",
            beat(
                "Both uncut again, likeliest first.",
                tuple(reshape(part.strip[: one.k], part.full[: one.k]) for part in both),
                appear(*(piece for part in both for piece in (*part.strip[one.k :], *part.words[0])), rise=False),
            ),
            beat(
                f"Top-p, or nucleus sampling, keeps the fewest that hold {p:share}:",
                draw(line[0], kind="row"),
                appear(line[1]),
            ),
            beat(f"above, {one.count} tokens,", *one.keep()),
            beat(f"below, {other.count}. {follows}", *other.keep()),
            stage=[model.name, *(part for strip in both for part in (strip.prompt, strip.edges, strip.strip[: one.k]))],
        )

    def four_rules(self, model: ModelPrompts, one: CutStrip) -> Iterator[Step]:
        """The same prompt gone on with under each rule, by the same random numbers."""
        real = model.real
        titles = {
            "cold": f"temperature {real['cold']:.1f}",
            "hot": f"temperature {real['hot']:.1f}",
            "top_k": f"top-k, k = {real['k']}",
            "top_p": f"top-p, p = {real['p']:.1f}",
        }
        picture, places = SampledTexts(real, titles, one.draws.list.room), [*titles]
        yield Step(
            "One chance, four rules",
            beat(
                "The same random numbers: a low temperature goes on with what is likely;",
                appear(picture.titles),
                picture.written(places.index("cold")),
            ),
            beat(
                claim(
                    picture.tails["hot"] > 0,
                    "a high one draws from the tail: red is what top-p cuts off.",
                    "a high one might draw from the tail.",
                ),
                picture.written(places.index("hot")),
            ),
            beat(
                claim(
                    picture.tails["top_k"] == picture.tails["top_p"] == 0,
                    "Top-k and top-p let chance in, but not the tail.",
                    "Top-p lets chance in, but not the tail.",
                ),
                (picture.written(places.index("top_k")), picture.written(places.index("top_p"))),
            ),
            stage=[model.name, model.prompt, one.edges, one.strip, one.off, one.words[0]],
        )

    def what_chance_costs(
        self, run: Trace, trace: Trace, text: WritingSteps, ours: Words, last: CutStrip, room: Room
    ) -> Iterator[Step]:
        """The cost of sampling for the translator, and the part of it that is label smoothing."""
        found = trace.under("experiment.sampling")
        if "exact" not in found:
            return
        exact, sentences = found["exact"], found["sentences"]
        means = trace["experiment.sampling.exact.over_seeds"]
        choices = ("greedy", "sampled", "unsmoothed")
        greedy, sampled, without = (means.pick(choice=choice) for choice in choices)
        titles = ("greedy decoding", "sampled", "sampled, unsmoothed")
        shares = zip((greedy, sampled, without), titles, strict=True)
        note = f"right, of {sentences:,.0f} sentences, in %"
        first, second, third = (room.fit(HundredCases(*share, note)) for share in shares)
        emptied, filled = (
            [(leave(old.title, old.score), follow(new.title), reshape(first.dots, new.dots, "slow")), appear(new.score)]
            for old, new in ((first, second), (second, third))
        )
        by_seed = {choice: exact.pick(choice=choice) for choice in choices}
        costs = counts(by_seed["sampled"], by_seed["greedy"]) and bool(sampled < greedy)
        most = counts(by_seed["sampled"], by_seed["unsmoothed"]) and bool(without - sampled > (greedy - sampled) / 2)
        alone = trace.about["config"]["encoder_layers"] == 0
        taught = costs and not alone and bool(run["greedy.chosen_probs"].values.min() > HALF_SURE)
        before_it = [last.name, last.prompt, last.off, last.words[0], last.edges, last.strip[1:-1]]
        (full, numbers), rests = text.state(run["greedy.unsmoothed"], "share"), text.rests()
        first_line = exchange([last.strip[-1], last.strip[0]], [text.tracks[0], text.bars[0]])
        others = text.reads, text.writes, *text.tracks[1:], *text.bars[1:], text.numbers
        #: Of which sentence the bars are.
        source = trace["embed_src.sum"].words("position") if taught else ()
        if source and is_short(source):
            said = Words(f"“{spelled(source)}”", "fact").settle(text.head.centre)
            others = *others, said.begin_at(text.reads.get_left()[0])
        peel = leave(rests, text.numbers), reshape(text.bars, full), follow(numbers)
        yield Step(
            "What chance costs, and why",
            beat(
                f"Of {sentences:,.0f} sentences, greedy decoding gets {greedy:share} right, sampling {sampled:share}.",
                *([(leave(*before_it), *first_line, follow(VGroup(ours, *others)))] if taught else []),
                (appear(first.title, first.note, first.score), fill(first.dots, "row")),
                *emptied,
            ),
            beat(
                claim(
                    costs,
                    "Is that doubt? Label smoothing taught it to leave every word a little.",
                    "No difference that we can tell from chance.",
                ),
                *([appear_in_turn([*rests], "slow")] if taught else []),
            ),
            *([beat("Subtract it,", peel)] if taught else []),
            beat(
                claim(
                    costs,
                    ("and " if taught else "Subtract it, and ")
                    + f"{without:share} are right. "
                    + claim(most, "Most of the cost was the smoothing, not doubt.", "The rest is doubt."),
                    f"Without what label smoothing adds, it gets {without:share} right.",
                ),
                *filled,
            ),
            stage=[*before_it, last.strip] if taught else [ours],
        )

    def old_keys_and_values(self, run: Trace, picture: KeptRows, name: Words) -> Iterator[Step]:
        """Show that the causal mask keeps old keys and values from changing, so that they can be kept."""
        difference = run["cache.difference"]
        lines = [*zip(picture.chips, picture.seen, picture.keys, picture.values, strict=True)]
        several = bool(run["cache.rows_without"] > run["cache.rows_with"])
        yield Step(
            "Old keys and values never change",
            beat(
                "Each token read adds a key and a value.",
                appear(picture.names),
                *((appear(seen), deal([chip], [key], [value])) for chip, seen, key, value in lines[:1]),
            ),
            beat(
                "The causal mask lets none see a later one: the old ones cannot change.",
                *([fill(VGroup(VGroup(*line[1:]) for line in lines[1:]), "slow")] if len(lines) > 1 else []),
            ),
            beat(
                claim(
                    several,
                    claim(
                        bool(difference < ROUNDING),
                        "Computed anew at each step, they come out the same.",
                        f"Computed anew at each step, they move by at most {difference:.0e}.",
                    ),
                    "Here there is one step, and nothing old yet.",
                ),
                *(picture.computed_anew() if several else []),
            ),
            beat(
                "So keep them: the KV cache. Each query asks only once: none is kept.",
                draw(ring_around(VGroup(picture.keys, picture.values)), kind="slow"),
            ),
            stage=[name, picture.chips],
        )

    def the_cache(self, kept: KeptRows, picture: CacheTriangle, chips: VGroup, timed: Trace) -> Iterator[Step]:
        """The vectors computed at each step without and with a cache, and the memory that it takes."""
        (without, with_it), (own, *others) = picture.computed, picture.held
        ring = ring_around(picture.cached[0])
        memory = (
            f"The price is memory: {own:,.0f} numbers for what is written, {others[0]:,.0f} for what was read."
            if others
            else f"The price is memory: {own:,.0f} numbers, and more with each token."
        )
        seen = kept.open if kept.chips is chips else []
        yield Step(
            "The KV cache: only the newest token is computed",
            beat(
                f"Without it, each step computes all vectors again: {without:,.0f}, a triangle.",
                appear(picture.name),
                picture.compute(seen),
                appear(picture.names[0], picture.totals[0]),
            ),
            beat(
                f"With it, only the newest: {with_it:,.0f}.",
                exchange([*picture.again], [*picture.kept], "row"),
                appear(picture.names[1], picture.totals[1]),
            ),
            beat(
                f"Timed with random parameters, over {timed['longest']:.0f} words: "
                f"{timed['longest_speedup']:.1f} times as fast.",
                appear_in_turn([*picture.faster], "slow"),
            )
            if len(picture.faster)
            else None,
            beat(
                memory,
                (*exchange([*picture.newest], [*picture.rims]), appear(picture.own)),
                appear_in_turn([*picture.source]),
            ),
            beat(
                "It grows; an LSTM’s state never does.",
                appear(ring),
                *(move_ring(ring, column) for column in picture.cached[1:]),
            ),
            stage=[chips, *(cell for row in seen for cell in row)],
        )

    def who_chooses(self, picture: WritingSteps, triangle: CacheTriangle) -> Iterator[Step]:
        """Close: the loop once more, word by word, and a question to take away."""
        (bar, chosen, *read), rest = picture.turns(Flight)
        ring, around = ring_around(picture.tracks[0], "query"), ring_around(VGroup(triangle.kept, triangle.rims))
        yield Step(
            "Who chooses?",
            beat("The model gives probabilities;", bar),
            beat(
                "a rule outside chooses a token,",
                appear(ring, rule := Words("rule: the likeliest", "block", "query").settle(picture.head.centre)),
                chosen,
            ),
            beat("which is read next.", *read, (rest, Visit(ring, [*picture.tracks[1:]], "slow")) if rest else None),
            beat(
                "Your turn: would a cache work in the encoder?",
                draw(around, kind="row"),
                (leave(ring, around, rule, picture), *exchange([triangle.called], [triangle.elsewhere])),
            ),
            beat(
                "No: there, all tokens see a new one.",
                *triangle.anew(),
                (*exchange([*triangle.rims], [*triangle.newest]), appear(triangle.verdict)),
            ),
            stage=[picture.reads, triangle.kept, triangle.rims, triangle.called, picture.names],
        )
