"""Inference: the model gives probabilities, a rule chooses, and the past is kept."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, VGroup

from scenes.animations import (
    Count,
    Flight,
    Sweep,
    Through,
    Travel,
    appear,
    appear_in_turn,
    deal,
    draw,
    exchange,
    fill,
    grow,
    leave,
    pulses,
    ring_around,
)
from scenes.layout import STAGE
from scenes.mobjects.beam_tree import BeamTree, winner
from scenes.mobjects.cache_rows import ByTheClock, KeptRows, Staircases
from scenes.mobjects.card import Card
from scenes.mobjects.greedy_line import Columns, in_order
from scenes.mobjects.learning import Loop
from scenes.mobjects.next_tokens import Knob, NextTokens, Texts
from scenes.mobjects.role_table import HundredCases
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.provenance import Label
from transformer_core.tracing.trace import NamedTensor, Trace

FIRST = "decoder.0.self_attn"
#: A difference below this is rounding.
ROUNDING = 1e-6
#: More columns than this cannot be read; a model that does not stop writes more.
COLUMNS = 16
#: So many words of a small model, and so many tokens of each prompt where two stand side by side.
LISTED, HALF = 8, 10


class Inference(Chapter):
    """Greedy, beam, chance; and a cache, because old keys and values never change."""

    number = 14
    title = "Inference"
    needs = ("a decoder",)
    at_the_end = True
    mapped = False

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002
        return "decoder output"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run, real = trace.under("decoding"), trace.under("experiment.continuations")
        writes = run["greedy.probs"].words("step")
        read = trace.full("probs").words("position")  # of all, also those out of sight
        before = len(read) - len(trace.about["output_tokens"]) - 1  # of a text that is gone on with, its last word
        reads = (read[before], *writes[:-1])
        columns = Columns(
            reads[:COLUMNS], writes[:COLUMNS], run["greedy.chosen_probs"].pick(step=slice(0, COLUMNS)), STAGE
        )
        tree = BeamTree(run.under("beam"))
        yield from self.one_word(trace, before)
        yield from self.word_by_word(run, columns, writes)
        yield from self.several_beginnings(run, tree)
        yield from self.the_best_sum(run, tree, writes)
        if "open_cut" in real:
            card = Card(f"{real['bits'].label('model', 0)}, {real['bits'].quantity(0)} bits a weight")
            tokens = self.likeliest(real, card)
            yield from self.a_real_model(run, real, card, tokens)
            yield from self.temperature(real, card, tokens)
            lists = self.two_prompts(real, card)
            yield from self.top_k(real, card, lists)
            yield from self.top_p(real, card, lists)
            yield from self.three_texts(real)
        yield from self.what_chance_costs(run, trace, columns)
        yield from self.old_keys_and_values(run, trace)
        yield from self.the_cache(run, real, writes)
        yield from self.by_the_clock(trace)
        yield from self.who_chooses()

    def one_word(self, trace: Trace, before: int) -> Iterator[Step]:
        """The question, and the simplest answer."""
        logits, probs = (trace.full(name).pick(batch=0, position=before) for name in ("logits", "probs"))
        order = sorted(range(len(probs)), key=probs.values.__getitem__, reverse=True)
        best = tuple(order[:LISTED])
        above, below = STAGE.split_rows(64, 28)
        tokens = NextTokens(probs.pick(vocab=best), below)
        scores = tokens.values(logits.pick(vocab=best))
        chosen = probs.label("vocab", order[0])
        line = in_order((trace.full("probs").label("position", before), chosen), above)
        words = trace["config.target_vocab"]
        yield Step(
            "Who chooses the next word?",
            beat("In training, the true words were given. Now nobody gives them.", appear(ring_around(line[0]))),
            beat(
                f"From what it has read, the decoder computes a logit for each of {words:,} words.",
                appear_in_turn([*tokens.names]),
                deal([line[0]] * len(scores), scores),
            ),
            beat(
                "Softmax turns the logits into probabilities.",
                exchange([*scores], [*tokens.numbers]),
                tuple(grow(bar) for bar in tokens.bars),
            ),
            beat(
                f"Which word do we take? Greedy decoding takes the likeliest: “{chosen}”.",
                appear(ring_around(tokens.bars[0])),
                Travel(tokens.names[0], line[1], kind="row"),
            ),
            stage=[line[0]],
        )

    def word_by_word(self, run: Trace, picture: Columns, writes: tuple[Label, ...]) -> Iterator[Step]:
        """What was written is read next, until the end mark wins."""
        winners = run["greedy.chosen_probs"].pick(step=slice(0, COLUMNS))
        weakest, least = winners.smallest()
        found = f"“{weakest}”, with {least:.1%}"
        told = claim(
            len(writes) <= COLUMNS,
            claim(len(winners) == 1, f"The only winner is {found}.", f"The weakest winner is {found}; none has less."),
            f"Of the steps in sight, the weakest winner is {found}.",
        )
        last, *earlier = run["greedy.end"].quantities()[::-1]
        ended = len(writes) <= COLUMNS and bool(last > 0)
        when = (
            f"{last:share} at the last step, at most {max(earlier):.2%} before."
            if earlier
            else f"here it comes at once, with {last:share}."
        )
        ring = ring_around(picture.bars[-1])
        done = [
            VGroup(*part) for part in zip(picture.tracks, picture.bars, picture.numbers, picture.writes, strict=True)
        ]
        slowly = []
        for t in range(min(2, len(done) - 1)):
            slowly += [
                (grow(picture.bars[t], DOWN), appear(picture.tracks[t], picture.numbers[t], rise=False)),
                Travel(picture.bars[t], picture.writes[t]),
                Travel(picture.writes[t], picture.reads[t + 1], kind="flow"),
            ]
        first = min(2, len(done) - 1)
        rest = [VGroup(part, *picture.reads[t + 1 : t + 2]) for t, part in enumerate(done)][first:]
        yield Step(
            "It reads what it has written",
            beat(
                "Each word that is written is read at the next step: the model is autoregressive.",
                *slowly,
                Sweep(VGroup(*rest), "slow" if len(rest) > 2 else "row"),
            ),
            beat(told, appear(ring_around(picture.bars[weakest.position]))),
            beat(
                f"The end mark is a token like any other: {when}"
                if ended
                else "Here the end mark has not won yet: the text is cut off.",
                appear(ring),
            ),
            stage=[picture.reads[0], picture.names],
        )

    def several_beginnings(self, run: Trace, picture: BeamTree) -> Iterator[Step]:
        """The real tree, grown step by step."""
        width = run["beam.beam_width"]
        slow, *rest = [picture.grow(t, "row" if t == 0 else "rest") for t in range(len(picture.nodes))]
        flow = pulses(*picture.flowing())
        yield Step(
            "Beam search keeps several beginnings",
            beat(
                "Greedy decoding never takes a word back, and may regret it. Beam search tries several words,",
                *([] if picture.whole else [appear(picture.more)]),
                slow[0],
            ),
            beat(f"and keeps the best {width} beginnings.", slow[1]),
            beat(
                "Each of them goes on, and again only the best survive; the others are given up.",
                *(play for plays in rest for play in plays),
                ambient=flow,
            ),
            stage=[picture.root],
        )

    def the_best_sum(self, run: Trace, picture: BeamTree, writes: tuple[Label, ...]) -> Iterator[Step]:
        """Which branch wins, and what a sum favours."""
        tree = run.under("beam")
        best = tree["score"].quantity(int(tree["hypotheses"].values[0]))
        score = run["greedy.score"]
        verdict = claim(
            winner(tree) == [str(label) for label in writes],
            "They agree here.",
            claim(best > score, "Greedy missed a better one.", "The beam gave up greedy’s better one."),
        )
        changed = claim(
            winner(tree) == winner(run.under("normalised")),
            "here that changes nothing.",
            "here that chooses another sentence.",
        )
        flow = pulses([*picture.branch])
        rings = [ring_around(picture.scores[node]) for node in picture.winners[-1:]]
        yield Step(
            "The largest sum wins",
            beat("A branch counts by the sum of its log-probabilities: nearer to zero is better."),
            beat(
                f"The best has {best:.2f}; greedy decoding had {score:.2f}. {verdict}",
                *(draw(edge, kind="rest") for edge in picture.branch),
                *(appear(ring) for ring in rings),
                ambient=flow,
            ),
            beat("Each word lowers the sum, so a beam likes short sentences.", ambient=flow),
            beat(f"The usual remedy is to divide by the length; {changed}", ambient=flow),
        )

    @staticmethod
    def prompt(real: Trace, place: int) -> Words:
        """A prompt that waits for its next token."""
        return Words(f"{real['prompts'].label('sentence', place)} …", "stage word")

    @staticmethod
    def at_one(real: Trace, name: str) -> tuple[int, NamedTensor]:
        """Where the temperature is one, and the probabilities there."""
        one = [float(t) for t in real["temperatures"].quantities()].index(1.0)
        return one, real[f"{name}_by_temperature"].pick(temperature=one)

    def likeliest(self, real: Trace, card: Card) -> NextTokens:
        """The list of the open prompt, with what all other tokens have."""
        one, probs = self.at_one(real, "open")
        _, below = card.inside.split_rows(64, 24)
        others = real["open_others"].quantity(one), f"{real['others_count']:,} others"
        return NextTokens(probs, below, 2, others, numbers=HALF // 2)

    def a_real_model(self, run: Trace, real: Trace, card: Card, tokens: NextTokens) -> Iterator[Step]:
        """Another model, said to be another one, at a token that leaves much open."""
        above, _ = card.inside.split_rows(64, 24)
        prompt = self.prompt(real, 0).settle(above.centre)
        prompt.begin_at(card.words.get_left()[0])
        one, probs = self.at_one(real, "open")
        best, most = probs.largest()
        others = real["open_others"].quantity(one)
        model = real["bits"].label("model", 0)
        doubt = claim(
            bool(run["greedy.chosen_probs"].values.min() > 0.5),
            "Our small model is hardly in doubt, so we change to a larger one: ",
            "To see more of a choice, we change to a larger model: ",
        )
        half = len(probs) // 2
        yield Step(
            "A language model with more to choose from",
            beat(f"{doubt}{model}, a language model.", appear(prompt)),
            beat(
                f"These are the {real['shown']} tokens that it finds likeliest next.",
                (appear_in_turn([*tokens.names[:half]]), appear_in_turn([*tokens.bars[:half]])),
                appear(tokens.numbers),
                (appear_in_turn([*tokens.names[half:]]), appear_in_turn([*tokens.bars[half:-1]])),
            ),
            beat(f"“{best}” leads with {most:share}.", appear(ring_around(tokens.bars[0]))),
            beat(
                f"But {others:share} lie with all the others: a long tail of unlikely tokens.",
                appear(tokens.rest),
                grow(tokens.bars[-1]),
            ),
            stage=[card],
        )

    def temperature(self, real: Trace, card: Card, tokens: NextTokens) -> Iterator[Step]:
        """Divide the logits: a continuous sweep."""
        above, _ = card.inside.split_rows(64, 24)
        _, rail = above.columns(2)
        one, _ = self.at_one(real, "open")
        temperatures, table, others = (
            real["temperatures"].quantities(),
            real["open_by_temperature"],
            real["open_others"].quantities(),
        )
        knob = Knob(temperatures, one, rail)
        states = [tokens.state(table[i], others[i]) for i in range(len(temperatures))]
        best, coldest = table.label("rank", 0), table.quantity(0, 0)

        def sweep(places: range, kind: str) -> tuple[object, ...]:
            return (
                Through(tokens.bars, [states[i] for i in places], kind),
                Through(VGroup(knob.handle), [knob.states[i] for i in places], kind),
                Count(knob.label, [temperatures[i] for i in places], ".1f", kind, "temperature "),
                *(
                    Count(text, [table.quantity(i, place) for i in places], ".1%", kind)
                    for place, text in enumerate(tokens.numbers)
                ),
                Count(tokens.rest[1], [others[i] for i in places], ".1%", kind),
            )

        last = len(temperatures) - 1
        yield Step(
            "Temperature: flatter or sharper",
            beat("Before the softmax, divide all logits by a temperature.", appear(knob)),
            beat(
                "A high temperature shrinks their differences: the unlikely tokens gain.",
                sweep(range(one, last + 1), "slow"),
            ),
            beat(
                f"A low one stretches them: “{best}” takes {coldest:share}.",
                sweep(range(last, -1, -1), "tour"),
            ),
            beat(
                "Close to zero, only the likeliest is left: greedy decoding again.",
                sweep(range(one + 1), "slow"),
            ),
        )

    def two_prompts(self, real: Trace, card: Card) -> list[NextTokens]:
        """The lists of a prompt that leaves little open, and of the one that leaves much."""
        rooms = card.inside.split_rows(64, 24)[1].columns(2)
        parts = [self.at_one(real, name)[1].pick(rank=slice(0, HALF)) for name in ("closed", "open")]
        return [NextTokens(probs, room) for probs, room in zip(parts, rooms, strict=True)]

    def heads_of(self, real: Trace, card: Card) -> list[Words]:
        rooms = card.inside.split_rows(64, 24)[0].columns(2)
        return [self.prompt(real, 1 - side).settle(room.centre) for side, room in enumerate(rooms)]

    def top_k(self, real: Trace, card: Card, lists: list[NextTokens]) -> Iterator[Step]:
        """Scissors after a fixed number of tokens."""
        k, heads = int(real["k"]), self.heads_of(real, card)
        held = [real[f"{name}_running"].quantity(k - 1) for name in ("closed", "open")]
        scissors = [one.scissors(k) for one in lists]
        kept = [
            one.state(real[f"{name}_cut"].pick(choice="top_k", rank=slice(0, k)))
            for one, name in zip(lists, ("closed", "open"), strict=True)
        ]
        upper = [VGroup(*one.bars[:k]) for one in lists]
        yield Step(
            "Top-k: always the same number",
            beat("Drawn from the tail, a text soon derails. So cut the tail off before a token is drawn."),
            beat(
                f"Top-k keeps the {real['k']} likeliest tokens,",
                *(tuple(play for one in scissors for play in one.cut()),),
                leave(
                    *(part for one in lists for part in one.below(k)),
                    *(part for one in lists for part in one.numbers[:k]),
                ),
            ),
            beat(
                "and scales them up, so that they add up to one.",
                tuple(Through(bars, [bars.copy(), state]) for bars, state in zip(upper, kept, strict=True)),
            ),
            beat(
                f"But the number fits no prompt: on the left, they held {held[0]:share}, on the right {held[1]:share}."
            ),
            stage=[card, *heads, *(part for one in lists for part in (one.names, one.numbers, one.bars))],
        )

    def top_p(self, real: Trace, card: Card, lists: list[NextTokens]) -> Iterator[Step]:
        """Bars end to end, until they hold enough."""
        lists, heads, p = self.two_prompts(real, card), self.heads_of(real, card), real["p"]
        parts = [self.at_one(real, name)[1].pick(rank=slice(0, HALF)) for name in ("closed", "open")]
        stairs = [one.stairs(probs) for one, probs in zip(lists, parts, strict=True)]
        limits = [one.limit(p) for one in lists]
        kept = [real[f"{name}_kept"].pick(choice="top_p") for name in ("closed", "open")]
        scissors = lists[0].scissors(min(int(kept[0]), HALF))
        yield Step(
            "Top-p: as many as it takes",
            beat(
                "Set the bars end to end instead, from the likeliest down.",
                *(
                    (appear(line), *exchange([*one.bars], [*bars], "slow"))
                    for one, (bars, line) in zip(lists, stairs, strict=True)
                ),
            ),
            beat(
                f"Top-p, or nucleus sampling, keeps the fewest tokens that together hold {p:share}.",
                *(draw(limit, kind="row") for limit in limits),
            ),
            beat(f"On the left, these are {kept[0]};", scissors.cut()),
            beat(f"on the right {kept[1]}: the cut follows the doubt of the model."),
            stage=[card, *heads, *(part for one in lists for part in (one.names, one.bars))],
        )

    def three_texts(self, real: Trace) -> Iterator[Step]:
        """The same prompt gone on with, three times under each rule."""
        k, p = real["k"], real["p"]
        names = {
            "cold": f"temperature {real['cold']:.1f}",
            "hot": f"temperature {real['hot']:.1f}",
            "top_k": f"top-k, with k = {k}",
            "top_p": f"top-p, with p = {p:.1f}",
        }
        above, below = STAGE.split_rows(56, 20)
        prompt = self.prompt(real, 0).settle(above.centre)
        rooms = [room for row in below.rows(2, 32) for room in row.columns(2, 32)]
        cards = {name: Card(title, room) for (name, title), room in zip(names.items(), rooms, strict=True)}
        draws = int(real["draws"])
        texts = {
            name: Texts([real[f"{name}_text_{i}"] for i in range(draws)], card.inside) for name, card in cards.items()
        }

        def written(name: str, kind: str = "slow") -> tuple[object, ...]:
            return tuple(appear_in_turn([*line], kind) for line in texts[name].lines)

        yield Step(
            "Three texts under each rule",
            beat("The same prompt, gone on with token by token. A low temperature stays on the beaten track.",
                 appear(cards["cold"]), written("cold")),
            beat("A high one draws from the tail, and derails.", appear(cards["hot"]), written("hot")),
            beat("Top-k and top-p draw without the tail.", appear(cards["top_k"], cards["top_p"]),
                 (*written("top_k"), *written("top_p"))),
            beat("Your turn: which rule for a poem, and which for a recipe?"),
            stage=[prompt],
        )  # fmt: skip

    def what_chance_costs(self, run: Trace, trace: Trace, columns: Columns) -> Iterator[Step]:
        """What drawing words costs the translator, and which part of that is label smoothing."""
        found = trace.under("experiment.sampling")
        if "exact" not in found:
            return
        exact, sentences = found["exact"], found["sentences"]
        means = trace["experiment.sampling.exact.over_seeds"]
        choices = ("greedy", "sampled", "without smoothing")
        greedy, sampled, without = (means.pick(choice=choice) for choice in choices)
        bars, numbers = columns.state(run["greedy.running_prob"].pick(step=slice(0, COLUMNS)))
        whole = bars[-1]
        titles = ("greedy decoding", "words drawn", "without smoothing")
        rooms = STAGE.columns(3)
        panels = [
            room.fit(HundredCases(share, title, "sentences right, of a hundred", across=10), 1.2)
            for share, title, room in zip((greedy, sampled, without), titles, rooms, strict=True)
        ]
        costs = counts(exact.pick(choice="sampled"), exact.pick(choice="greedy")) and bool(sampled < greedy)
        most = costs and bool(without - sampled > (greedy - sampled) / 2)
        drawn = run["greedy.running_prob"].quantities()[-1]
        back = claim(trace.about["config"]["encoder_layers"] > 0, "Back to our translator.", "Back to our small model.")
        yield Step(
            "What chance costs, and why",
            beat(
                f"{back} Chances multiply: drawn word by word, this text comes out in {drawn:share} of all tries.",
                (Through(columns.bars, [columns.bars.copy(), bars]), *exchange([*columns.numbers], [*numbers])),
                appear(ring_around(whole)),
            ),
            beat(
                f"Of {sentences:,.0f} new sentences, greedy decoding gets {greedy:share} right; drawing, {sampled:share}.",
                leave(*columns.get_family(), *numbers),
                (fill(panels[0].dots, "row"), appear(panels[0].title, panels[0].note, panels[0].score)),
                (fill(panels[1].dots, "row"), appear(panels[1].title, panels[1].note, panels[1].score)),
            ),
            beat(
                claim(
                    costs,
                    "But is the model in doubt? Label smoothing trained it to leave every word a little.",
                    "No difference that we can tell from chance.",
                )
            ),
            beat(
                f"Without that part, drawing gets {without:share} right: "
                + claim(most, "most of the cost was not doubt.", "the rest of the cost is doubt."),
                (fill(panels[2].dots, "row"), appear(panels[2].title, panels[2].note, panels[2].score)),
            ),
            stage=[columns],
        )

    def old_keys_and_values(self, run: Trace, trace: Trace) -> Iterator[Step]:
        """The mask pays again."""
        head = trace.under(FIRST, batch=0, head=0, kv_head=0)
        picture = KeptRows(head["k"], head["v"])
        difference = run["cache.difference"]
        lines = [*zip(picture.chips, picture.keys, picture.values, strict=True)]
        several = bool(run["cache.rows_without"] > run["cache.rows_with"])
        again = [tuple(Flight(chip, strip, kind="rest") for strip in (key, value)) for chip, key, value in lines[:-1]]
        yield Step(
            "Old keys and values never change",
            beat(
                "Each token that is read adds a key and a value in every head. Here is one head.",
                appear(picture.names, *picture.chips[:1]),
                deal([picture.chips[0]], [picture.keys[0]], [picture.values[0]]),
            ),
            beat(
                "The causal mask lets no token see a later one. So a new token cannot change the old ones.",
                *((appear(chip), deal([chip], [key], [value])) for chip, key, value in lines[1:4]),
                *([fill(VGroup(*(VGroup(*line) for line in lines[4:])), "row")] if len(lines) > 4 else []),
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
                *([tuple(play for plays in again for play in plays)] if several and again else []),
            ),
            beat("So keep them: this is the KV cache.", appear(ring_around(VGroup(picture.keys, picture.values)))),
            stage=[],
            here="decoder.*.self_attn",
        )

    def the_cache(self, run: Trace, real: Trace, writes: tuple[Label, ...]) -> Iterator[Step]:
        """A triangle, or its edge; and the memory that it takes."""
        without, kept = run["cache.rows_without"], run["cache.rows_with"]
        own, source = run["cache.own_numbers"], run["cache.source_numbers"]
        picture = Staircases(writes, (without, kept))
        memory = (
            f"The price is memory: {own:,.0f} numbers for the tokens written, {source:,.0f} for the sentence read."
            if source > 0
            else f"The price is memory: {own:,.0f} numbers, and more with each token."
        )
        yield Step(
            "The KV cache: a triangle becomes its edge",
            beat(
                f"Without a cache, each step computes all vectors again: a triangle, {without} in all.",
                appear(picture.titles[0], picture.note),
                Sweep(VGroup(*picture.steps[0]), "slow"),
                appear(picture.totals[0]),
            ),
            beat(
                f"With it, only the newest: {kept}.",
                (Sweep(VGroup(*picture.steps[1]), "slow"), appear(picture.titles[1], picture.kept)),
                appear(picture.totals[1]),
            ),
            beat(memory),
            beat(
                f"In {real['bits'].label('model', 0)}, each token costs {real['cached_a_token']:,} numbers; "
                "an LSTM’s state never grows."
                if "cached_a_token" in real
                else "It grows with each token; an LSTM’s state never grows."
            ),
            stage=[],
            here="decoder.*.self_attn",
        )

    def by_the_clock(self, trace: Trace) -> Iterator[Step]:
        """What it saves, by the clock."""
        run = trace.under("experiment.cache_cost")
        if "milliseconds" not in run:
            return
        times, lengths = run["milliseconds"], run["lengths"]
        picture = ByTheClock(times, lengths)
        STAGE.fit(picture)
        longest, speedups = run["longest"], run["speedup"]
        gains = [float(gain) for gain in speedups.quantities()]
        least = gains.index(min(gains))
        grows = claim(
            gains[least:] == sorted(gains[least:]), "From there on it grows.", "It does not grow with every length."
        )
        yield Step(
            "What the cache saves, by the clock",
            beat(
                f"Timed with random weights of the translator’s size: to write {longest:.0f} words,",
                draw(picture.curves[0], kind="slow"),
                appear(picture.marks[0], picture.marks[1]),
            ),
            beat(
                f"the cache is {run['longest_speedup']:.1f} times as fast.",
                draw(picture.curves[1], kind="slow"),
                appear(picture.marks[2], picture.marks[3]),
            ),
            beat(
                f"Of the lengths measured, {lengths.quantity(least):.0f} words gain least: "
                f"{speedups.quantity(least):.1f} times. {grows}"
            ),
            stage=[picture.plot, picture.ticks],
            here="decoder.*.self_attn",
        )

    def who_chooses(self) -> Iterator[Step]:
        """Close: the answer, and a question to take away."""
        loop = Loop(("decoder: logits", "softmax: probabilities", "a rule: one token", "read next, past kept"))
        STAGE.fit(loop)
        flow = pulses([way[0] for way in loop.ways], role="ink")
        yield Step(
            "Who chooses?",
            beat(
                "The model gives probabilities;",
                appear_in_turn([*loop.boxes[1:2]]),
                draw(loop.ways[0]),
                ambient=flow,
            ),
            beat("a rule outside of it chooses a token,", draw(loop.ways[1]), appear(loop.boxes[2]), ambient=flow),
            beat(
                "which is read next. The causal mask lets us keep the past.",
                draw(loop.ways[2]),
                appear(loop.boxes[3]),
                draw(loop.ways[3]),
                ambient=flow,
            ),
            beat("It works. Do we know how? That comes next.", ambient=flow),
            beat("Your turn: would a KV cache work in the encoder?", ambient=flow),
            stage=[loop.boxes[0]],
        )
