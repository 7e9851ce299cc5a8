"""Inference: the model gives probabilities, a rule chooses, and the past is kept."""

from __future__ import annotations

from collections.abc import Iterator

from manim import UP, VGroup

from scenes.animations import Sweep, appear, appear_in_turn, fill, fly, ring_around
from scenes.layout import at_floor, centred
from scenes.mobjects.beam_tree import BeamTree, winner
from scenes.mobjects.cache_rows import ByTheClock, KeptRows, Staircases
from scenes.mobjects.diagrams import Block
from scenes.mobjects.greedy_line import Columns, Stopping
from scenes.mobjects.role_table import HundredCases, stacked
from scenes.mobjects.rows import Answer
from scenes.mobjects.rule_rows import Loop, RuleRows
from scenes.mobjects.tip_to_tail import facts_in_line
from scenes.mobjects.tokens import in_line
from scenes.mobjects.wording import counted
from scenes.stage.chapter import Chapter, Step, claim
from scenes.theme import gap
from transformer_core.studies.measures.significance import counts
from transformer_core.tracing.trace import Trace

FIRST = "decoder.0.self_attn"
#: A difference below this is rounding.
ROUNDING = 1e-6
#: More columns than this cannot be read; a model that does not stop writes more.
COLUMNS = 16
#: What is at most a sliver of a length of one.
SLIVER = 0.05


class Inference(Chapter):
    """Greedy, beam, chance; and a cache, because old rows never change."""

    number = 14
    title = "Inference"
    needs = ("a decoder",)
    at_the_end = True

    def whereabouts(self, trace: Trace) -> str:  # noqa: ARG002
        return "decoder output"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run = trace.under("decoding")
        self.writes = run["greedy.probs"].words("step")
        read = trace.full("probs").words("position")  # of all, also those out of sight
        before = len(read) - len(trace.about["output_tokens"]) - 1  # of a text that is gone on with, its last word
        self.reads = (read[before], *self.writes[:-1])
        yield from self.greedy(run)
        yield from self.beam(run)
        yield from self.four_rules(run)
        yield from self.chance(run, trace)
        yield from self.when_to_stop(run)
        yield from self.old_rows(run, trace)
        yield from self.the_cache(run)
        yield from self.on_long_texts(trace)
        yield from self.who_chooses()

    def greedy(self, run: Trace) -> Iterator[Step]:
        """The question, and the simplest answer."""
        winners = run["greedy.chosen_probs"].pick(step=slice(0, COLUMNS))
        picture = Columns(self.reads[:COLUMNS], self.writes[:COLUMNS], winners)
        names = picture.names("writes", "reads")
        centred(VGroup(picture, names))
        weakest, least = winners.smallest()
        found = f"“{weakest}”, with {least:.1%}"
        told = claim(
            len(self.writes) <= COLUMNS,
            claim(len(winners) == 1, f"The only winner is {found}.", f"The weakest winner is {found}; none has less."),
            f"Of the steps in sight, the weakest winner is {found}.",
        )
        ring = ring_around(picture.bars[weakest.position])
        first, *later = picture.reads
        done = [VGroup(*part) for part in zip(picture.bars, picture.numbers, picture.writes, strict=True)]
        slowly = [
            [appear(part), fly(chip, read)] for part, chip, read in zip(done[:2], picture.writes, later, strict=False)
        ]
        rest = [VGroup(part, *later[t : t + 1]) for t, part in enumerate(done)][len(slowly) :]
        moves = [move for pair in slowly for move in pair]
        yield Step(
            "Nobody supplies the true words now",
            say="Nobody supplies the true words now. How do we choose? |"
            "Greedy: take the likeliest word, write it, and read it as the next input. |"
            f"{told}",
            show=[
                appear(picture.floor, first, names),
                [*moves, Sweep(VGroup(*rest), "slow" if len(rest) > 3 else "cell")],
                appear(ring),
            ],
        )

    def beam(self, run: Trace) -> Iterator[Step]:
        """Several beginnings at once, in the real tree."""
        tree = run.under("beam")
        picture = BeamTree(tree)
        best = tree["score"].quantity(int(tree["hypotheses"].values[0]))
        score, width = run["greedy.score"], tree["beam_width"]
        same = winner(tree) == [str(label) for label in self.writes]
        verdict = claim(
            same,
            "They agree here.",
            claim(best > score, "Greedy missed a better one.", "The beam gave up greedy’s better one."),
        )
        first, *later = picture.columns
        yield Step(
            "Beam search keeps a few beginnings",
            say="Greedy may regret a word. Beam search tries several ways on, |"
            f"keeps the best {width}, gives up the rest, and goes on. |"
            "It compares sums of log-probabilities: nearer to zero is better. |"
            f"Its best has {best:.2f}; greedy had {score:.2f}. {verdict}",
            show=[
                [appear(first), *([] if picture.whole else [appear(picture.more)])],
                [appear(column) for column in later],
                None,
                appear_in_turn([*picture.branch]),
            ],
            stay=(),
        )

    def four_rules(self, run: Trace) -> Iterator[Step]:
        """One step's probabilities, reshaped and cut."""
        rules = run.under("rules")
        temperature, k, p = rules["temperature"], rules["k"], rules["p"]

        low, high = (f"temperature {temperature.quantity(i):{spec}}" for i, spec in ((1, ".1f"), (2, ".0f")))
        names = ("as they are", low, high, f"top-k, {k:.0f}", f"top-p, {p:.1f}")
        picture = RuleRows(rules["probs"], rules["remaining_probability"], rules["kept"], names)
        row = rules["probs"][0].quantities()
        order = sorted(range(len(row)), key=row.__getitem__, reverse=True)
        best, second = (rules["probs"].label("vocab", i) for i in order[:2])
        share, next_share = (row[i] for i in order[:2])
        others = claim(next_share <= SLIVER, "each other word a sliver", f"the next, “{second}”, {next_share:.1%}")
        kept = rules["kept"].quantity(4)
        one, two, three, four, five = picture.lines
        fewest = "the best alone" if kept == 1 else f"{kept:.0f} words"
        yield Step(
            "One step, as it is, and four rules",
            say=f"All words share a length of one. Where the model was least sure, “{best}” has {share:.1%}, "
            f"{others}. |A low temperature sharpens, a high one flattens. |"
            f"Top-k keeps {k:.0f} words; |top-p the fewest that hold {p:.0%}: {fewest}.",
            show=[
                [appear(one, picture.heads)],
                [appear(two), appear(three)],
                appear(four),
                appear(five),
            ],
            stay=(),
        )

    def chance(self, run: Trace, trace: Trace) -> Iterator[Step]:
        """What drawing words costs where few answers are right."""
        found = trace.under("experiment.sampling")
        if "exact" not in found:
            return
        exact, sentences = found["exact"], found["sentences"]
        greedy, sampled = (exact.pick(choice=choice) for choice in ("greedy", "sampled"))
        means = trace["experiment.sampling.exact.over_seeds"]
        shares = [means.pick(choice=choice) for choice in ("greedy", "sampled")]
        panels = stacked(
            [
                HundredCases(shares[0], "The likeliest word each time", "sentences right, of a hundred"),
                HundredCases(shares[1], "Words drawn by their probabilities", "sentences right, of a hundred"),
            ],
            54,
        )
        centred(panels)
        whole = run["greedy.sentence_prob"]
        smoothed = trace.about.get("card", {}).get("recipe", {}).get("smoothing", 0) > 0
        verdict = claim(
            counts(sampled, greedy) and bool(shares[1] < shares[0]),
            claim(
                smoothed,
                "Chance costs: this model was trained to leave every word a little.",
                "Chance costs where few answers are right.",
            ),
            "No difference that we can tell from chance.",
        )
        yield Step(
            "What chance costs",
            say=f"Chances multiply. Drawn word by word, our sentence would come out in {whole:share} of all tries. |"
            f"Over {sentences:,.0f} new sentences, greedy is right in {shares[0]:share}, |"
            f"drawing in {shares[1]:share}. {verdict}",
            show=[
                appear(panels[0].title, panels[0].note),
                [fill(panels[0].dots, "row"), appear(panels[0].score)],
                [appear(panels[1].title, panels[1].note), fill(panels[1].dots, "row"), appear(panels[1].score)],
            ],
            stay=(),
        )

    def when_to_stop(self, run: Trace) -> Iterator[Step]:
        """The end mark is a word; and sums favour short sentences."""
        end = run["greedy.end"]
        if len(end) > COLUMNS:
            return
        picture = Stopping(self.reads, self.writes, end, run["greedy.running_score"], run["greedy.mean_score"])
        centred(picture)
        last, *before = end.quantities()[::-1]
        told = (
            f"{last:share} at the last step, before at most {max(before):.2%}"
            if before
            else f"here it comes at once, with {last:share}"
        )
        same = winner(run.under("beam")) == winner(run.under("normalised"))
        agree = "here that changes nothing." if same else "here that chooses another sentence."
        yield Step(
            "When to stop",
            say=f"The end is a word like any other: {told}. |"
            "Each word lowers the sum of log-probabilities: a beam likes short sentences. |"
            f"The usual remedy: divide by the length; {agree}",
            show=[
                [
                    appear(picture.floor, picture.reads),
                    appear_in_turn([*picture.bars]),
                    appear(picture.numbers, picture.writes),
                ],
                appear_in_turn([*picture.lines[0]]),
                appear_in_turn([*picture.lines[1]]),
            ],
            stay=(),
        )

    def old_rows(self, run: Trace, trace: Trace) -> Iterator[Step]:
        """The mask pays again."""
        head = trace.under(FIRST, batch=0, head=0, kv_head=0)
        picture = KeptRows(head["k"], head["v"])
        difference = run["cache.difference"]
        moved = (
            "zero, but for rounding"
            if 0 < difference < ROUNDING
            else f"{difference:.0e}"
            if difference > 0
            else "nothing at all"
        )
        shown = f"{difference:.0e}" if difference > 0 else "none"
        told = claim(
            bool(run["cache.rows_without"] > run["cache.rows_with"]),
            f"Computed anew at each step, the old ones moved by {moved}. |So keep them.",
            "Here there is one step, and no old row yet. |Later ones would be kept.",
        )
        fact = facts_in_line((shown, "the largest change of an old key or value"))
        first, *later = picture.lines
        yield Step(
            "Old rows never change",
            say="Each new word adds a row: a key and a value. |"
            "The mask pays again: a row sees nothing later, so no new word can change it. |"
            f"{told}",
            show=[
                appear(first, picture.names),
                [appear(line) for line in later] if len(later) <= 5 else appear_in_turn(later, "slow"),
                appear(fact),
                None,
            ],
            stay=(),
            here="decoder.*.self_attn",
        )

    def the_cache(self, run: Trace) -> Iterator[Step]:
        """A triangle, or its edge."""
        without, kept = run["cache.rows_without"], run["cache.rows_with"]
        picture = Staircases(self.writes, (without, kept))
        saved = without > kept
        yield Step(
            "The cache: a triangle becomes its edge",
            say="Without keeping, each step computes all rows again: a triangle, "
            f"{counted(without, 'row')}. |With keys and values kept, only the new row: {kept:.0f}. |"
            + (
                f"The price is memory: {run['cache.numbers']:,.0f} numbers here, and more with each word. "
                "A chain’s state never grows."
                if saved
                else "One step has nothing to save."
            ),
            show=[
                [appear(picture.titles[0], picture.note), fill(picture.computed[0], "slow"), appear(picture.totals[0])],
                [appear(picture.titles[1], picture.kept), fill(picture.computed[1], "slow"), appear(picture.totals[1])],
                None,
            ],
            stay=(),
            here="decoder.*.self_attn",
        )

    def on_long_texts(self, trace: Trace) -> Iterator[Step]:
        """What it saves, by the clock."""
        run = trace.under("experiment.cache_cost")
        if "milliseconds" not in run:
            return
        times, lengths = run["milliseconds"], run["lengths"]
        without, cached = (times.pick(choice=choice) for choice in ("without", "with"))
        picture = ByTheClock(times, lengths)
        centred(picture)
        last = len(lengths) - 1
        speed, longest, speedups = run["longest_speedup"], run["longest"], run["speedup"]
        gains = [float(gain) for gain in speedups.quantities()]
        least = gains.index(min(gains))
        grows = claim(
            gains[least:] == sorted(gains[least:]), "From there on it grows.", "It does not grow with every length."
        )
        yield Step(
            "What it saves, by the clock",
            say=f"Measured on random weights of this size: {longest:.0f} words take {without.quantity(last):,.0f} "
            f"milliseconds without a cache, {cached.quantity(last):,.0f} with: |{speed:.1f} times as fast. |"
            f"Of the lengths measured, {lengths.quantity(least):.0f} words gain least: "
            f"{speedups.quantity(least):.1f} times. {grows}",
            show=[
                [appear(picture.plot, picture.ticks), appear_in_turn([*picture.curves]), appear(picture.marks)],
                None,
                None,
            ],
            stay=(),
            here="decoder.*.self_attn",
        )

    def who_chooses(self) -> Iterator[Step]:
        """Close."""
        boxes = [
            Block("Decoder", "gives probabilities", 400, 150),
            Block("Rule", "chooses a word", 400, 150),
            Block("One word", "written", 320, 150),
        ]
        loop = Loop(boxes)
        line = in_line(self.writes[:COLUMNS], 1500).next_to(boxes[1], UP, buff=gap("part"))
        answer = at_floor(Answer("The model gives probabilities, a rule chooses, and the mask lets us keep the past."))
        yield Step(
            "Who chooses?",
            say="Word by word: the model gives probabilities; a rule outside it chooses. |"
            "The mask lets us keep the past. |It works. Do we know why? That comes next. |"
            "Your turn: would a cache work in the encoder?",
            show=[
                [
                    appear(boxes[0]),
                    appear(loop.ways[0], boxes[1]),
                    appear(loop.ways[1], boxes[2]),
                    appear_in_turn([*line]),
                ],
                appear(loop.back, loop.note),
                appear(answer),
                None,
            ],
            stay=(),
        )
