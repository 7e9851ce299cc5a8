"""The way from a prompt to an answer, in a real language model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from manim import DOWN, RIGHT, VGroup

from scenes.animations import (
    Count,
    Morph,
    Play,
    RunOut,
    Sweep,
    Travel,
    appear,
    appear_in_turn,
    draw,
    exchange,
    follow,
    grow,
    leave,
    move_ring,
    pulses,
    reshape,
    ring_around,
    settle_in,
)
from scenes.chapters.c17_language_model.merging import ALONE, LONG, SHORT, MergeTree
from scenes.chapters.c17_language_model.page import (
    BIT,
    CLOSE,
    FIRST,
    SURE,
    WHOLE,
    LongText,
    NextToken,
    TextPage,
    TokenBars,
    VectorChanges,
    ablated,
    before,
    moved,
    quarter_of,
    slots,
    through_layers,
    told_on,
)
from scenes.chapters.c17_language_model.rounds import ForkingRoad, LayerColumns
from scenes.chapters.c17_language_model.talk import (
    ANSWERED,
    ASKED,
    BARRED,
    BEGIN,
    BESIDE,
    CHATS,
    FULL,
    LANES,
    LINE,
    NEW,
    READ,
    WINDOW,
    ChatMessage,
    ContextWindow,
    NameProbabilities,
    RecalledName,
    WrittenAnswer,
    between,
    in_a_row,
)
from scenes.layout import STAGE
from scenes.mobjects.pause import Pause
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import gap
from transformer_core.tracing.trace import NamedTensor, Trace


class LanguageModel(Chapter):
    """Tokens, one vector, a distribution, a choice, and again; a chat is a text as well."""

    number = 17
    title = "What a language model does with your words"
    recorded = "long_prompt"
    looks_at = "decoder.*.self_attn"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run = trace.under("experiment.long_prompt")
        tree, line = MergeTree(run.under("merge_0"), ALONE), LongText(run)
        yield from self.letters_become_tokens(run, tree)
        yield from self.what_comes_next(run, tree, line)
        yield from self.where_it_looks(run, line)
        lanes = VectorChanges(run["apart"], int(run["name"]))
        yield from self.another_word(run, line, lanes)
        yield from self.surprise(run, lanes)
        chat = TextPage(run["chat"], STAGE.split_columns(READ)[0], CLOSE, LINE)
        reply = TextPage(run["answer_0_spaces"], STAGE.split_rows(-BARRED)[1], CLOSE, BARRED)
        yield from self.a_chat(run, chat, reply)
        count, titles = int(run["real_count"]), ("countries that exist", "countries that we made up")
        kinds = zip((range(count), range(count, 2 * count)), titles, LANES.rows(2), strict=True)
        tracks = [NameProbabilities(run, *one) for one in kinds]
        yield from self.the_window(run, chat, tracks)
        yield from self.fluent(run, tracks)
        yield from self.an_error(run)
        yield from self.and_again(run)

    def asked(self, run: Trace, answering: bool = False) -> NamedTensor:
        """The question of the chat, alone or with the beginning of the turn that answers it."""
        text = run["chat"].words("position")
        begin, end, turn = (len(text) - text[::-1].index(last) for last in ("user", "?", BEGIN))
        places = (*range(begin + 1, end), *(range(turn - 1, len(text)) if answering else ()))
        found: NamedTensor = run["chat"].pick(position=places)
        return found

    def talk(self, run: Trace) -> tuple[ChatMessage, ChatMessage]:
        """A question and its answer, as the user sees them."""
        answer = run["answer_0_spaces"]
        question = ChatMessage(self.asked(run), ASKED, right=True)
        return question, ChatMessage(answer.pick(step=slice(len(answer) - 1)), ANSWERED)

    def letters_become_tokens(self, run: Trace, whole: MergeTree) -> Iterator[Step]:
        """Two words, merged by the table: one becomes a token, one stays in pieces."""
        question, answer = self.talk(run)
        way = between(question, answer)
        cut = in_a_row(self.asked(run).words("position"))
        rare, ring = MergeTree(run.under("merge_1"), LONG), ring_around(whole.tokens[0])
        first, last = whole.merges[0], whole.merges[-1]
        places, framed = run["merge_0.place"], VGroup(whole.all, ring)
        yield Step(
            "A prompt becomes tokens",
            beat("What happens between a question and its answer?", draw(way)),
            beat("First, the text is cut into tokens.", (leave(question.box, answer, way), moved(question.words, cut))),
            beat(
                "Byte-pair encoding begins with bytes, here one per letter, and merges pairs in the order of a table:",
                leave(*cut),
                appear_in_turn(whole.row),
                whole.merge(first, "row"),
            ),
            beat(
                f"“{places.label('node', first)}” is merge number {places.quantity(first)}, "
                f"the whole word, with its space, number {places.quantity(last):,.0f}.",
                whole.merging(whole.merges[1:], "tour"),
                appear(ring),
            ),
            beat(
                "A rare word stays in pieces:",
                settle_in(framed, framed.copy().shift(SHORT.centre - whole.all.get_center())),
                appear_in_turn(rare.row),
                rare.merging(rare.merges, "slow"),
            ),
            beat("no pair of these is in the table.", appear(*(ring_around(one) for one in rare.tokens))),
            stage=[question, answer],
        )

    def what_comes_next(self, run: Trace, tree: MergeTree, line: LongText) -> Iterator[Step]:
        """A text, its last vector, and the probability of every token."""
        name, best = run["name"], run["likely"].words("rank")[0]
        asked, read = (run["text_0"].label("position", int(place)) for place in (name, run["tokens"] - 1))
        page, vector, likely, tie = line.page, line.last, line.likely, line.page.tie(line.last)
        whole, parts = page.words[WHOLE], [*page.words[:WHOLE], *page.words[WHOLE + 1 :]]
        text = [str(label) for label in run["text_0"].words("position")]
        once = text.count(str(best)) == text[: text.index(".")].count(str(best)) == 1
        columns, foot = through_layers(run["last"])
        depths = run["depths"].quantities()
        count = Words(f"layer {depths[0]}", "large number").begin_in(foot)
        rings = [ring_around(one) for one in (page.words[-1], likely.bars[0], page.words[int(name)])]
        yield Step(
            "One vector says what comes next",
            beat(
                f"How does this text of {run['tokens']} tokens go on?",
                Travel(tree.roots[0], whole),
                Sweep(VGroup(*parts), "slow"),
            ),
            beat(
                f"Each token becomes a vector, and {run['layers']} layers work on it. This is that of “{read}”.",
                (leave(tree.all), draw(tie), appear(rings[0])),
                appear(columns[0], count, rise=False),
                (Sweep(columns[1:], "slow"), Count(count, depths, "", "slow", "layer ")),
            ),
            beat(
                f"From the last vector alone, each of {run['vocabulary']:,.0f} tokens gets a probability.",
                (leave(count, *columns[:-1]), *exchange([columns[-1]], [vector])),
                appear_in_turn([*likely.names]),
                (appear_in_turn([*likely.numbers]), *(grow(bar) for bar in likely.bars)),
                appear(likely.rest),
            ),
            beat(
                claim(
                    str(asked) == str(best) and once,
                    f"“{best}” is the likeliest. Only the first sentence says that name.",
                    f"“{best}” is the likeliest.",
                ),
                appear(rings[1]),
                appear(rings[2]),
                (leave(*rings, tie), *line.close_up()),
                appear(line.text.left_out, line.ring),
            ),
            stage=[tree.all],
        )

    def where_it_looks(self, run: Trace, line: LongText) -> Iterator[Step]:
        """Arcs of attention into the last token, as thick as their weights: the mean of all heads, and one head."""
        every, one = (run[name] for name in ("attention", "best_attention"))
        sink, taken = every.largest()
        layer, head = run["best_head"].quantities()
        name, given = one.largest()
        guess = line.guess
        (mean, shares, weights), (single, own, given_to) = (
            line.text.looks(row.pick(key=line.kept), role) for row, role in ((every, "residual"), (one, "weight"))
        )
        whole, less, least = run["looking_off"].quantities()
        *_, off = run["heads_off"].quantities()
        names = ("all heads", "without this head", f"without the {off} that look most")
        first, second, third = rows = ablated(zip(names, (whole, less, least), strict=True))
        yield Step(
            "Where does the last vector look?",
            beat(
                f"Attention lets “{run['text_0'].label('position', len(every) - 1)}” look back.",
                move_ring(line.ring, line.text.words[-1]),
            ),
            beat(
                f"In the mean of {run['heads']} heads, "
                + claim(
                    sink.position == 0,
                    f"the first token, “{sink}”, gets most, {taken:share}: a sink.",
                    f"“{sink}” gets most, {taken:share}.",
                ),
                (leave(line.vector), draw(*mean, kind="slow", back=True), appear(shares)),
                ambient=pulses([*mean], weights),
            ),
            beat(
                f"One head alone, number {head} of layer {layer}, gives “{name}” {given:share}.",
                leave(*mean, shares),
                (draw(*single, kind="row", back=True), appear(own)),
                ambient=pulses([*single], given_to),
            ),
            beat(
                "To look is not yet to cause: "
                + claim(
                    bool(less > whole),
                    f"without it, “{name}” is even likelier.",
                    f"without it, “{name}” is less likely.",
                ),
                (leave(*single, own), follow(VGroup(row[0] for row in rows))),
                (leave(guess.number), *exchange([guess.bar], [first[1]], "row"), appear(first[2])),
                (grow(second[1]), appear(second[2])),
            ),
            beat(
                claim(
                    bool(least < whole / 2 < less),
                    f"Without the {off} that look most, it falls to {least:share}: so others carry the name.",
                    f"Without the {off} that look most, it has {least:share}.",
                ),
                (grow(third[1]), appear(third[2])),
                appear(ring_around(third, roomy=True)),
            ),
        )

    def another_word(self, run: Trace, line: LongText, lanes: VectorChanges) -> Iterator[Step]:
        """Another name at the beginning: which vectors change, layer by layer, and what is said at the end."""
        place, count = int(run["name"]), int(run["tokens"])
        page, other, guess, now = line.text, line.other, line.guess, line.now
        was = before(page.words[line.place], other.words[line.place])
        said = before(VGroup(guess.words, guess.number), now.words)
        old, new = (run[f"text_{which}"].label("position", place) for which in range(2))
        apart, depths = run["apart"], run["depths"].quantities()
        kept, moves = (apart.values[:, :place] == 0).all(), (apart.values[-1, place:] > 0).all()
        read, (deepest, _) = apart.label("position", count - 1), apart.pick(position=count - 1).largest()
        depth = Words(f"layer {depths[0]}", "large number").end_in(lanes.head)
        legend = Words("brighter: its vector moves farther", "fact", "ink2").begin_in(lanes.head)
        ties = [lanes.tie(other.words[line.place], place), lanes.tie(other.words[-1], count - 1)]
        ring = lanes.around(deepest.position, count - 1)
        yield Step(
            "Change one word, and all that follows changes",
            beat(
                f"We intervene at the input: “{new}” in the place of “{old}”.",
                (moved([*page.parts, guess.words, guess.number], [*other.parts, *said]), appear(was)),
                (appear(lanes.paper), draw(ties[0])),
            ),
            beat(
                "How far does each vector move? At first, only that of the name.",
                appear(legend, depth),
                appear(lanes.floors[0], rise=False),
            ),
            beat(
                f"Through {run['layers']} layers, "
                + claim(
                    bool(kept and moves),
                    f"it spreads to all that follows; to “{read}” most in layer {deepest}. "
                    "Before it, nothing moves: the causal mask.",
                    "others move, too.",
                ),
                (Sweep(lanes.floors[1:], "tour"), Count(depth, depths[1:], "", "tour", "layer ")),
                (appear(ring), draw(ties[1])),
                appear(lanes.masked),
            ),
            beat(
                claim(
                    now.words[0].text == new,
                    f"And the end changes: now “{run['next_1'].words('step')[0]}” is the likeliest.",
                    "The end stays the same.",
                ),
                appear(now.words, now.number),
            ),
            stage=[page, guess.words, guess.number],
        )

    def surprise(self, run: Trace, lanes: VectorChanges) -> Iterator[Step]:
        """The surprise of the model at each token: a few of them closely, then a skyline of all."""
        surprise, probs = run["surprise"], run["guessed_probs"]
        most, bits = surprise.largest()
        least, few = surprise.smallest()
        page = TextPage(run["text_0"].pick(position=slice(least.position + 2)), FIRST, CLOSE)
        bars = page.bars(surprise.pick(position=slice(least.position + 1)), BIT)
        quarter = quarter_of(probs.pick(position=slice(least.position)))
        every = TokenBars(surprise)
        shown = quarter, most.position, least.position
        chances = [page.below(place + 1, probs.quantity(place), "weight") for place in shown]
        each = lanes.chances(probs)
        heights = [told_on(bars[place], surprise.quantity(place)) for place in shown]
        power = slots(run["perplexity"], f"two to the power of {run['loss']:.2f}: {run['perplexity']:.0f}")
        others = [bar for place, bar in enumerate(bars) if place != quarter]
        yield Step(
            "How surprising was each word?",
            beat(
                "The model had guessed each token. What probability had the true one?",
                (appear(each[0]), Sweep(each[1:], "slow")),
            ),
            beat(
                "Surprise is minus its logarithm, in bits: a half is one bit, a quarter two, "
                f"as for “{surprise.label('position', quarter)}”.",
                (leave(lanes.paper, each), *(Travel(each[k + 1], x) for k, x in zip(shown, chances, strict=True))),
                appear(page, floors := page.floors()),
                appear(asked := ring_around(chances[0])),
                (leave(asked), grow(bars[quarter], DOWN)),
                appear(heights[0]),
                appear(ring := ring_around(bars[quarter])),
            ),
            beat(
                f"“{most}” has {bits:.1f} bits, “{least}” {few:.1f}.",
                (leave(ring), *(grow(bar, DOWN) for bar in others), appear(*heights[1:])),
            ),
            beat(
                f"On average {run['loss']:.2f} bits, the cross-entropy:",
                leave(page, floors, *chances, *heights),
                (appear(every.floor), Morph(list(zip(bars, every.bars, strict=False)), "row")),
                Sweep(every.bars[len(bars) :], "row"),
                appear(every.level(run["loss"], f"mean: {run['loss']:.2f} bits")),
            ),
            beat(
                f"as if it chose among {run['perplexity']:.0f} equally likely tokens, its perplexity.",
                appear(power[0]),
                Sweep(power[1:], "row"),
            ),
            stage=[lanes.paper],
        )

    def a_chat(self, run: Trace, page: TextPage, reply: TextPage) -> Iterator[Step]:
        """A chat as its user sees it, as the model reads it, and its answer."""
        question, answer = self.talk(run)
        bars, way = reply.bars(run["answer_0"], SURE), between(question, answer)
        asked = self.asked(run).kept["position"]
        within, others = ([text for i, text in enumerate(page.words) if (i in asked) == own] for own in (True, False))
        end, ended = run["bare"].words("step")[0], run["answer_0"].quantity(len(bars) - 1)
        line = TextPage(self.asked(run), BESIDE, CLOSE, BARRED)
        bare = NextToken(line, run["bare"], SURE, "weight")
        legend = Words("bar: probability", "fact", "ink2").next_to(bars[-1], RIGHT, gap("chip"))
        yield Step(
            "A chat is a text as well",
            beat(
                "You see a question and an answer; the model reads one text.",
                draw(way),
                (leave(question.box, answer, way), moved(question.words, within, "row")),
            ),
            beat("Markers of a chat template say who speaks; they are tokens, too.", appear_in_turn(others, "slow")),
            beat(
                "Fine-tuned on such texts, it goes on as an assistant would,",
                appear(legend),
                *((appear(text), grow(bar, DOWN)) for text, bar in zip(reply.words[:-1], bars[:-1], strict=True)),
            ),
            beat("up to the end mark.", (appear(reply.words[-1], reply.told(ended)), grow(bars[-1], DOWN))),
            beat(
                claim(
                    end == reply.words[-1].text,
                    "Without the markers, it takes the question for a whole text, and ends it.",
                    "Without the markers, it goes on in another way.",
                ),
                appear_in_turn([*line.words]),
                (appear(bare.words), grow(bare.bar, DOWN), appear(bare.number)),
            ),
            stage=[question, answer],
        )

    def the_window(self, run: Trace, page: TextPage, tracks: Sequence[NameProbabilities]) -> Iterator[Step]:
        """All places for tokens, and what is known of another chat."""
        window = ContextWindow(run["places"], int(run["chat_tokens"]), WINDOW)
        page = TextPage(run["chat"], CHATS.split_columns(READ)[0], CLOSE, CHATS.height / (len(page.lines) + 1))
        reply = TextPage(run["answer_0_spaces"], page.next_line(), CLOSE, page.pitch)
        titles, recalled = ("in one chat", "in a new chat"), RecalledName(run, FULL)
        shares = here, new = [run["recalled"].quantity(which, 0) for which in range(2)]
        name = run["told_attention"].largest()[0]
        bars = [track.recalled(title, name, one) for track, title, one in zip(tracks, titles, shares, strict=True)]
        arc, told = recalled.look(run["told_attention"])
        yield Step(
            "The context window: all that it has",
            beat(f"There are places for {run['places']:,.0f} tokens: the context window."),
            beat(
                f"This chat takes {run['chat_tokens']}. Nothing else can be read.",
                (
                    moved([*page.words, *reply.words], window.cells, "row"),
                    appear(taken := window.taken(run["chat_tokens"])),
                ),
            ),
            beat(
                "A user says a name, and asks for it. We begin the answer:",
                (leave(window.cells, taken, *window.ground[1:]), reshape(window.field, recalled.field)),
                appear_in_turn([*recalled.said], "slow"),
            ),
            beat(
                claim(
                    run["recalled_first"].words("rank")[0] == name,
                    f"“{name}” is the likeliest, with {here:.2%}: a head looks back at it.",
                    f"“{name}” has {here:.2%}: a head looks back at it.",
                ),
                (appear(*(track.ground for track in tracks), *bars[0][:-1]), grow(bars[0][-1])),
                (draw(arc, back=True), appear(told)),
                ambient=pulses([arc]),
            ),
            beat(
                claim(
                    bool(new < here / 100),
                    f"In a new chat, {new:.2%}: its parameters are as before, and nothing else remembers.",
                    f"In a new chat, {new:.2%}.",
                ),
                leave(arc, told, *recalled.said[:-NEW]),
                (appear(*bars[1][:-1]), grow(bars[1][-1])),
            ),
            stage=[window.ground, page, reply],
        )

    def fluent(self, run: Trace, tracks: Sequence[NameProbabilities]) -> Iterator[Step]:
        """Capitals of countries that exist, and of countries that do not."""
        kinds = [track.places for track in tracks]
        answers = [WrittenAnswer(run, kind[0], room) for kind, room in zip(kinds, FULL.rows(2, 0), strict=True)]
        (best, share), (other, other_share) = (run[f"after_is_{kind[0]}"].largest() for kind in kinds)
        known, made_up = run["sure_of_names"].quantities()
        longest = max(answer.name for answer in answers)
        typed: list[Play] = [tuple(x for answer in answers for x in answer.types(place)) for place in range(longest)]
        said = run["answer_0"].label("step", answers[0].name - 1)
        right, named = (run[which].values[: int(run["real_count"])] for which in ("right", "named"))
        yield Step(
            "Fluent is not the same as true",
            beat("What is the capital? One country exists, and one we made up:", *typed),
            beat(
                claim(
                    bool(share > 2 * other_share),
                    f"After “{said}”, “{best}” has {share:.1%}, “{other}” {other_share:.1%}. Here it doubts.",
                    f"After “{said}”, “{best}” has {share:.1%}, “{other}” {other_share:.1%}.",
                ),
                *((grow(one.bar, DOWN), appear(one.words[one.name], one.number)) for one in answers),
                (
                    appear(*(part for one in tracks for part in (one.ground, one.title))),
                    *(Travel(one.bar, dot) for one, track in zip(answers, tracks, strict=True) for dot in track.first),
                ),
            ),
            beat(
                "It writes the likeliest all the same; that doubt does not show.",
                *(appear_in_turn(one.rest) for one in answers),
            ),
            beat(
                f"Of {run['real_count']} that exist, {run['right_count']} come out right.",
                appear_in_turn([*tracks[0].dots, *tracks[1].dots]),
            ),
            beat(
                claim(
                    bool((right == named).all()),
                    f"Those {run['right_count']} names had {known:.1%} in the mean, and made-up ones {made_up:.1%}.",
                    f"Names had {known:.1%} in the mean, and made-up ones {made_up:.1%}.",
                ),
                *(appear(one.mean) for one in tracks),
            ),
            stage=[one.floor for one in answers],
        )

    def an_error(self, run: Trace) -> Iterator[Step]:
        """Go on with the text from a wrong name as from the right one: written tokens stay."""
        told = run["named_again"]
        first = run["likely"].pick(rank=slice(len(told.words("rank"))))
        (right, error), shares = first.words("rank"), first.quantities()
        pause, (begun, kept, other) = Pause(), ForkingRoad.three(run)
        (was, _), (left, now) = (told.pick(choice=which).quantities() for which in range(2))
        yield Step(
            "What is written stays",
            beat(
                f"“{error}”, with {shares[1]:.1%}, could be drawn as well. Can it be taken back?",
                begun.fork(),
                (appear(pause, begun.others), RunOut(pause.bar)),
            ),
            beat(
                "No: it is read like any other token. Later, the name is asked for again:",
                leave(pause),
                *other.drawn(),
                kept.go_on(),
                tuple(appear_in_turn([*road.words[1:]]) for road in (kept, other)),
            ),
            beat(f"after “{right}”, “{right}” gets {was:.1%};", kept.fork()),
            beat(
                claim(
                    bool(now > left),
                    f"after “{error}”, “{error}” gets {now:.1%}, and “{right}” {left:.1%}. The error goes on.",
                    f"after “{error}”, “{error}” gets {now:.1%}, and “{right}” {left:.1%}.",
                ),
                other.fork(),
                appear(ring_around(other.names[1], roomy=True)),
            ),
            stage=[begun.ground, begun.words],
        )

    def and_again(self, run: Trace) -> Iterator[Step]:
        """Close: the loop from the text through all layers to a token, and again, up to the end mark."""
        loop = LayerColumns(run, self.asked(run, answering=True))
        first, second, *others = loop.turns()
        yield Step(
            "From a prompt to an answer",
            beat(
                "The text, with its markers, passes through all layers. "
                "The last vector gives probabilities, and a token is chosen:",
                appear(loop.layers),
                *first,
            ),
            beat("it is read with the rest, and so on,", *second),
            beat(
                claim(
                    loop.ended,
                    "until the end mark is chosen: the answer is written.",
                    "until as many tokens are written as are wanted.",
                ),
                *(play for turn in others for play in turn),
            ),
            stage=[loop.prompt, loop.dark],
        )
