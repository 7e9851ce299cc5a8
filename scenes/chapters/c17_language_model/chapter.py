"""The way from a prompt to an answer, in a real language model."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, VGroup

from scenes.animations import (
    Count,
    Sweep,
    Through,
    Travel,
    appear,
    appear_in_turn,
    draw,
    exchange,
    gather,
    grow,
    leave,
    move_ring,
    pulses,
    ring_around,
)
from scenes.chapters.c17_language_model.merging import LONG, SHORT, Merges
from scenes.chapters.c17_language_model.page import (
    APART,
    BIT,
    LIST,
    PROSE,
    SEEN,
    SURE,
    VECTOR,
    WHOLE,
    WHOLE_BAR,
    Next,
    Page,
    moved,
    standing,
    strongest,
    through_layers,
)
from scenes.chapters.c17_language_model.talk import (
    ANSWERED,
    ASKED,
    BESIDE,
    CHATS,
    COPULA,
    LARGE,
    TURNS,
    WINDOW,
    Answers,
    Bubble,
    Places,
    Recalled,
    added,
    between,
    compared,
    in_a_row,
)
from scenes.layout import STAGE
from scenes.mobjects.card import Card
from scenes.mobjects.next_tokens import NextTokens, likeliest
from scenes.mobjects.strips import Strip
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
from scenes.theme import palette
from transformer_core.tracing.trace import Trace


class LanguageModel(Chapter):
    """Tokens, one vector, a distribution, a choice, and again; a chat is a text as well."""

    number = 17
    title = "What a language model does with your words"
    recorded = "long_prompt"
    looks_at = "decoder.*.self_attn"

    def steps(self, trace: Trace) -> Iterator[Step]:
        run = trace.under("experiment.long_prompt")
        page = Page(run["text_0"], PROSE, pitch=PROSE.height / 9)
        vector, likely = self.vector(run), self.likely(run, "then", "_0")
        last = VGroup(vector, page.tie(vector))
        yield from self.letters_become_tokens(run, page)
        yield from self.what_comes_next(run, page, last, likely)
        yield from self.where_it_looks(run, page, last, likely)
        yield from self.another_word(run)
        yield from self.surprise(run)
        chat = Page(run["chat"], STAGE, LARGE)
        reply = Page(run["answer_0_spaces"], chat.next_line(), LARGE)
        yield from self.a_chat(run, chat, reply)
        yield from self.the_window(run, chat)
        yield from self.fluent(run)
        yield from self.and_again(run, page, last, likely)

    def vector(self, run: Trace, step: int = 0) -> VGroup:
        """The last vector while the text is gone on with, on end."""
        strip = Strip(run[f"then_last_{step}"], VECTOR.height, VECTOR.width)
        return standing(strip).move_to(VECTOR.centre)

    def likely(self, run: Trace, name: str, step: str = "") -> NextTokens:
        """The likeliest tokens at one of the ends of the text."""
        others = run[f"{name}_others{step}"], f"{run['others_count']:,.0f} others"
        return NextTokens(run[name + step], LIST, others=others, whole=WHOLE_BAR)

    def talk(self, run: Trace) -> tuple[Bubble, Bubble]:
        """A question and its answer, as the user sees them."""
        asked, answer = run["chat"].words("position"), run["answer_0_spaces"]
        begin = len(asked) - asked[::-1].index("user") + 1
        end = len(asked) - asked[::-1].index("?")
        question = Bubble(run["chat"].pick(position=slice(begin, end)), ASKED, right=True)
        return question, Bubble(answer.pick(step=slice(len(answer) - 1)), ANSWERED)

    def letters_become_tokens(self, run: Trace, page: Page) -> Iterator[Step]:
        """Two words, merged by the table: one becomes a token, one stays in pieces."""
        question, answer = self.talk(run)
        way = between(question, answer)
        cut = in_a_row(run["chat"].words("position"), question)
        whole, rare = (Merges(run.under(f"merge_{which}"), room) for which, room in enumerate((SHORT, LONG)))
        whole.roots[0].key = page.words[WHOLE].key = ("the word",)
        first, last = whole.merges[0], whole.merges[-1]
        places = run["merge_0.place"]
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
                appear(ring_around(whole.tokens[0])),
            ),
            beat(
                "A rare word stays in pieces: no pair of them is in the table.",
                appear_in_turn(rare.row),
                rare.merging(rare.merges, "tour"),
                appear(*(ring_around(one) for one in rare.tokens)),
            ),
            stage=[question, answer],
        )

    def what_comes_next(self, run: Trace, page: Page, last: VGroup, likely: NextTokens) -> Iterator[Step]:
        """A text, its last vector, and the probability of every token."""
        name, best = run["name"], run["then_0"].words("rank")[0]
        asked, read = (run["text_0"].label("position", int(place)) for place in (name, run["tokens"] - 1))
        whole, before, after = page.words[WHOLE], page.words[:WHOLE], page.words[WHOLE + 1 :]
        text = [str(label) for label in run["text_0"].words("position")]
        once = text.count(str(best)) == text[: text.index(".")].count(str(best)) == 1
        columns, foot = through_layers(run["last"])
        depths = run["depths"].quantities()
        count = Words(f"layer {depths[0]}", "large number").begin_in(foot)
        vector, tie = last
        yield Step(
            "One vector says what comes next",
            beat(f"How does this text of {run['tokens']} tokens go on?", Sweep(VGroup(*before, *after), "slow")),
            beat(
                f"Each token becomes a vector, and {run['layers']} layers work on it. This is that of “{read}”.",
                (Travel(page.words[-1], columns[0], kind="row"), draw(tie), appear(count)),
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
                appear(ring_around(likely.bars[0])),
                appear(ring_around(page.words[int(name)])),
            ),
            stage=[whole],
        )

    def where_it_looks(self, run: Trace, page: Page, last: VGroup, likely: NextTokens) -> Iterator[Step]:
        """Streams of attention into the last vector, and their weights: the mean of all heads, and one head."""
        every, one = (run[name] for name in ("attention", "best_attention"))
        seen = [weights.pick(key=likeliest(weights, SEEN)) for weights in (every, one)]
        sink, taken = every.largest()
        layer, head = run["best_head"].quantities()
        name, given = one.largest()
        read = run["text_0"].label("position", len(every) - 1)
        mean, single = (
            page.streams(strongest(weights), last[0], role)
            for weights, role in zip((every, one), ("residual", "query"), strict=True)
        )
        flow = pulses([*single], strongest(one).quantities())
        titled = f"{run['unseen']} others"
        lists = [
            NextTokens(weights, LIST, others=(run[f"{kind}_others"], titled), whole=WHOLE_BAR)
            for weights, kind in zip(seen, ("attention", "best"), strict=True)
        ]
        yield Step(
            "Where does the last vector look?",
            beat(f"Attention lets “{read}” look back.", leave(likely), appear(ring_around(page.words[-1]))),
            beat(
                f"In the mean of {run['heads']} heads, “{sink}” gets most, {taken:share}: it is the sink.",
                (draw(*mean, kind="slow"), appear(lists[0])),
                appear(ring := ring_around(page.words[sink.position])),
                ambient=pulses([*mean], strongest(every).quantities()),
            ),
            beat(
                "A mean hides what one head does. "
                f"Of all, head {head} of layer {layer} looks most at “{name}”: {given:share}.",
                (leave(*mean, lists[0]), move_ring(ring, page.words[name.position])),
                (draw(*single, kind="row"), appear(lists[1])),
                ambient=flow,
            ),
            beat("To look is not yet to cause: that takes an intervention.", ambient=flow),
            stage=[page, last, likely],
        )

    def another_word(self, run: Trace) -> Iterator[Step]:
        """Another name at the beginning: which vectors change, layer by layer, and what is said at the end."""
        page, other = (Page(run[f"text_{which}"], STAGE, "stage word", own="wide") for which in range(2))
        said, now = (Next(one, run[f"next_{which}"], SURE) for which, one in enumerate((page, other)))
        apart, place = run["apart"], int(run["name"])
        old, new = (run[f"text_{which}"].label("position", place) for which in range(2))
        states = [other.bars(row, APART, "residual") for row in apart]
        bars = states[0].copy()
        kept, moves = (apart.values[:, :place] == 0).all(), (apart.values[-1, place:] > 0).all()
        ring, first = ring_around(page.words[place]), apart.quantity(0, place)
        depths, (far, length) = run["depths"].quantities(), run["grown"].quantities()
        count = other.legend(f"layer {depths[0]}", above=True)
        legend = other.measure(first, APART, f"{first:.1f} times the length of the vector", "residual")
        yield Step(
            "Change one word, and all that follows changes",
            beat(
                f"Call the dog “{new}” instead of “{old}”.",
                appear(ring),
                (leave(ring, said), moved(page.words, other.words)),
            ),
            beat(
                "How far does each vector move? At the input, that of the name alone.",
                (appear(other.floors(), legend, count), *(grow(bar, DOWN) for bar in bars)),
            ),
            beat(
                f"Through {run['layers']} layers, "
                + claim(
                    bool(kept and moves),
                    "it spreads to all that follows. Before it, nothing moves: the causal mask.",
                    "others move, too.",
                ),
                (Through(bars, states, "tour"), Count(count, depths, "", "tour", "layer ")),
            ),
            beat(
                claim(
                    bool(length > far > 1),
                    "Its own bar falls: the vector moves further, but its length grows even more.",
                    "Each bar is a share of the length of a vector.",
                ),
                appear(ring_around(bars[place])),
            ),
            beat(
                claim(
                    now.words[0].text == new,
                    f"And the end changes: now “{run['next_1'].words('step')[0]}” is the likeliest.",
                    "The end stays the same.",
                ),
                (leave(legend, count), appear(now.words)),
                (grow(now.bar, DOWN), appear(now.number)),
            ),
            stage=[page, said],
        )

    def surprise(self, run: Trace) -> Iterator[Step]:
        """The surprise of the model at each token: a skyline."""
        page, surprise = Page(run["text_0"], STAGE, "stage word", own="wide"), run["surprise"]
        bars = page.bars(surprise, BIT)
        most, bits = surprise.largest()
        least, few = surprise.smallest()
        ring, half = ring_around(bars[most.position]), len(bars) // 2
        scale = page.measure(bits, BIT, f"{bits:.0f} bits of surprise")
        yield Step(
            "How surprising was each word?",
            beat(
                "At each position, the model had guessed the next token. How surprised was it?",
                appear(page.floors(), scale),
                Sweep(bars[:half], "slow"),
            ),
            beat(
                f"Surprise is minus the logarithm of the probability, here in bits: {bits:.0f} for “{most}”,",
                (appear(ring), Sweep(bars[half:], "slow")),
            ),
            beat(
                f"{few:.1f} for “{least}”.",
                leave(ring),
                appear(ring := ring_around(page.words[least.position + 1], roomy=True)),
            ),
            beat(
                f"On average {run['loss']:.2f} bits, the cross-entropy:",
                leave(ring, scale),
                draw(*page.levels(run["loss"], BIT), kind="slow"),
                appear(page.legend(f"mean: {run['loss']:.2f} bits", "query")),
            ),
            beat(
                f"as if it chose among {run['perplexity']:.0f} equally likely tokens, its perplexity.",
                appear_in_turn([*page.slots(run["perplexity"])], "slow"),
            ),
            stage=[page],
        )

    def a_chat(self, run: Trace, page: Page, reply: Page) -> Iterator[Step]:
        """A chat as its user sees it, as the model reads it, and its answer."""
        question, answer = self.talk(run)
        bars, way = reply.bars(run["answer_0"], SURE), between(question, answer)
        asked, where = ([text.text for text in part.words] for part in (question, page))
        begin = next(i for i in range(len(where)) if where[i : i + len(asked)] == asked)
        within = page.words[begin : begin + len(asked)]
        others = [text for i, text in enumerate(page.words) if not begin <= i < begin + len(asked)]
        end, ended = run["bare"].words("step")[0], run["answer_0"].quantity(len(bars) - 1)
        card = Card("the question alone", BESIDE)
        line = Page(run["chat"].pick(position=slice(begin, begin + len(asked))), card.inside, LARGE)
        bare = Next(line, run["bare"], SURE)
        yield Step(
            "A chat is a text as well",
            beat(
                "You see a question and an answer; the model reads one text.",
                draw(way),
                (leave(question.box, answer, way), moved(question.words, within, "row")),
            ),
            beat("Markers of a chat template say who speaks; they are tokens, too.", appear_in_turn(others, "slow")),
            beat(
                "Fine-tuned on such texts, it goes on as an assistant would, with the likeliest token each time,",
                appear(reply.legend("bar: probability")),
                *((appear(text), grow(bar, DOWN)) for text, bar in zip(reply.words[:-1], bars[:-1], strict=True)),
            ),
            beat(
                f"up to the end mark, with {ended:share}.",
                (appear(reply.words[-1], reply.told(ended)), grow(bars[-1], DOWN)),
            ),
            beat(
                claim(
                    end == reply.words[-1].text,
                    "Without the markers, it takes the question for a whole text, and ends it.",
                    "Without the markers, it goes on in another way.",
                ),
                appear(card),
                appear_in_turn([*line.words]),
                (appear(bare.words), grow(bare.bar, DOWN), appear(bare.number)),
            ),
            stage=[question, answer],
        )

    def the_window(self, run: Trace, page: Page) -> Iterator[Step]:
        """All places for tokens, and what is known of another chat."""
        window = Places(run["places"], int(run["chat_tokens"]), WINDOW)
        lines = len(page.lines) + 1
        page = Page(run["chat"], CHATS, LARGE, CHATS.height / lines)
        reply = Page(run["answer_0_spaces"], page.next_line(), LARGE, page.pitch)
        titles = zip(("in one chat", "in a new chat"), TURNS, CHATS.columns(2), strict=True)
        chats = [Recalled(title, run, which, turns, room) for which, (title, turns, room) in enumerate(titles)]
        here, new = (run["recalled"].quantity(which, 0) for which in range(2))
        name = run["told_attention"].largest()[0]
        layer, head = run["told_head"].quantities()
        arc, told = chats[0].look(run["told_attention"])
        yield Step(
            "The context window: all that it has",
            beat(f"There are places for {run['places']:,.0f} tokens: the context window."),
            beat(
                f"This chat takes {run['chat_tokens']}. Nothing else can be read.",
                moved([*page.words, *reply.words], window.cells, "slow"),
            ),
            beat(
                "A user says a name, and asks for it. We begin the answer:",
                leave(window.field, window.grid, window.cells),
                appear(chats[0].title, chats[0].window.all),
                appear_in_turn([*chats[0].said]),
            ),
            beat(
                claim(
                    chats[0].list.names[0].text == name,
                    f"“{name}” is the likeliest, with {here:.2%}: head {head} of layer {layer} looks back at it.",
                    f"“{name}” has {here:.2%}: head {head} of layer {layer} looks back at it.",
                ),
                (appear(chats[0].list), draw(arc), appear(told)),
                ambient=pulses([arc]),
            ),
            beat(
                claim(
                    bool(new < here / 100),
                    f"In a new chat, {new:.2%}: its weights are as before, and nothing else remembers.",
                    f"In a new chat, {new:.2%}.",
                ),
                appear(chats[1].title, chats[1].window.all, *chats[1].said),
                appear(chats[1].list),
            ),
            stage=[window.field, window.grid, page, reply],
        )

    def fluent(self, run: Trace) -> Iterator[Step]:
        """Capitals of countries that exist, and of countries that do not."""
        count = int(run["real_count"])
        titles = ("countries that exist", "countries that we made up")
        halves = [
            Answers(run, range(side * count, (side + 1) * count), title, room)
            for side, (title, room) in enumerate(zip(titles, STAGE.columns(2), strict=True))
        ]
        begins = [run[f"after_is_{side * count}"] for side in range(2)]
        (best, share), (other, other_share) = (probs.largest() for probs in begins)
        known, made_up = run["sure_of_names"].quantities()
        right, words = run["right"], run["answer_0"].words("step")
        said = words[[*map(str, words)].index(COPULA)]
        wrong, false = right.pick(sentence=slice(count)).smallest()
        means = f"the means are {known:.1%} and {made_up:.1%}."
        rings = halves[0].found(right, run["capitals"])
        yield Step(
            "Fluent is not the same as true",
            beat(
                "What is the capital? One country exists, and one we made up:",
                appear(*(half.asked[0] for half in halves)),
                *(
                    tuple(play for half in halves for play in half.types(place))
                    for place in range(max(half.name for half in halves))
                ),
            ),
            beat(
                claim(
                    bool(share > 2 * other_share),
                    f"After “{said}”, “{best}” has {share:.1%}, “{other}” {other_share:.1%}. Here it doubts.",
                    f"After “{said}”, “{best}” has {share:.1%}, “{other}” {other_share:.1%}.",
                ),
                appear_in_turn([half.list for half in halves]),
            ),
            beat(
                "It writes the likeliest all the same: the text shows none of that doubt.",
                tuple(gather([half.list.bars[0]], half.lines[0][half.name]) for half in halves),
                (
                    *(grow(half.named[0][0], DOWN) for half in halves),
                    appear(*(half.named[0][1] for half in halves)),
                    appear_in_turn([text for half in halves for text in half.lines[0][half.name + 1 :]]),
                ),
            ),
            beat(
                f"Of {run['real_count']} that exist, {run['right_count']} come out right, “{wrong}” does not.",
                leave(*(half.list for half in halves)),
                appear_in_turn([part for half in halves for part in half.rest]),
                appear_in_turn(rings),
            ),
            beat(
                claim(
                    not (false or run["named"].values[wrong.position]),
                    f"Only names after “{said}” count, so not “{wrong}”, which failed: {means}",
                    f"Only names after “{said}” count: {means}",
                ),
                leave(*rings),
                tuple(
                    play for half in halves for bar, told in half.named[1:] for play in (grow(bar, DOWN), appear(told))
                ),
                appear(*(half.mean for half in halves)),
            ),
            stage=[half.title for half in halves],
        )

    def and_again(self, run: Trace, page: Page, last: VGroup, likely: NextTokens) -> Iterator[Step]:
        """Close: the loop, on the text that is written on, and what a chat program adds to it."""
        told = run["then"]
        written, wrong = page.going_on(told), page.going_on(run["wrong"])
        vectors = [last[0], *(self.vector(run, step) for step in range(1, len(told)))]
        lists = [likely, *(self.likely(run, "then", f"_{step}") for step in range(1, len(told)))]
        ties = [last[1], *(page.tie(*pair) for pair in zip(vectors[1:], written, strict=False))]
        streams = page.streams(strongest(run["attention"]), vectors[0], "residual")
        wrong[0].set_fill(palette().warning)
        drawn, then = self.likely(run, "then", "_0"), self.likely(run, "wrong_next")
        named = run["named_again"]
        right, error = named.words("rank")
        low, (was, _), (left, now) = run["then_0"].quantity(1), *(named.pick(choice=i).quantities() for i in range(2))
        before = then.state(named.pick(choice=0, rank=(error.position, right.position))).set_fill(palette().ink3)
        had = compared(then, was, f"with “{right}”")
        more = added(
            "what ChatGPT adds",
            (
                ("more parameters,", "more text"),
                ("people choose the better", "of two answers,", "and it becomes likelier"),
            ),
        )
        again = [
            play
            for step in range(1, len(told))
            for play in (
                (
                    *exchange([vectors[step - 1]], [vectors[step]], "flow"),
                    draw(ties[step], kind="flow"),
                    leave(lists[step - 1]),
                    appear(lists[step]),
                ),
                (leave(ties[step]), gather([lists[step].bars[0]], written[step], "flow")),
            )
        ]
        yield Step(
            "From a prompt to an answer",
            beat(
                "Tokens, layers, the last vector, probabilities: one token is chosen,",
                draw(*streams, kind="row"),
                appear(ring := ring_around(likely.bars[0])),
                (leave(ring, streams, ties[0]), gather([likely.bars[0]], written[0])),
            ),
            beat("read, and all begins again, until the answer is written.", *again),
            beat(
                "ChatGPT does the same. It adds size, and human feedback: what people prefer becomes likelier.",
                leave(lists[-1], vectors[-1]),
                appear_in_turn([*more], "slow"),
            ),
            beat(
                f"Your turn: “{error}”, with {low:.1%}, could be drawn. Can it be taken back?",
                leave(more, written),
                appear(drawn),
                appear(ring := ring_around(drawn.bars[1])),
                gather([drawn.bars[1]], wrong[0]),
            ),
            beat(
                "No: it conditions all that follows. We begin another sentence:",
                leave(drawn, ring),
                appear_in_turn([*wrong[1:]], "slow"),
            ),
            beat(
                f"now “{error}” gets {now:.1%}, “{right}” {left:.1%}; with “{right}” written, {was:.1%}.",
                appear(*then.names, *then.numbers, *then.rest),
                (appear(before, had), *(grow(bar) for bar in then.bars)),
            ),
            stage=[page, last, likely],
        )
