"""The way from a prompt to an answer, in a real language model."""

from __future__ import annotations

from collections.abc import Iterator

from manim import DOWN, RIGHT, VGroup

from scenes.animations import (
    Count,
    Shades,
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
    MANY,
    ONE,
    PROSE,
    SURE,
    VECTOR,
    WHOLE,
    WHOLE_BAR,
    Next,
    Page,
    moved,
    standing,
    through_layers,
)
from scenes.chapters.c17_language_model.talk import (
    ANSWERED,
    ASKED,
    BESIDE,
    CHATS,
    COPULA,
    LARGE,
    WINDOW,
    Answers,
    Bubble,
    Places,
    Recalled,
    added,
    between,
    in_a_row,
)
from scenes.layout import STAGE
from scenes.mobjects.card import Card
from scenes.mobjects.next_tokens import NextTokens
from scenes.mobjects.strips import Strip
from scenes.mobjects.text import Words
from scenes.stage.chapter import Chapter, Step, beat, claim
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
        steps = range(len(run["then"]))
        vectors, lists = ([part(run, step) for step in steps] for part in (self.vector, self.likely))
        last, likely = vectors[0], lists[0]
        yield from self.letters_become_tokens(run, page)
        yield from self.what_comes_next(run, page, last, likely)
        yield from self.where_it_looks(run, page, last, likely)
        yield from self.another_word(run)
        yield from self.surprise(run)
        chat = Page(run["chat"], STAGE, LARGE)
        reply = Page(run["answer_0_spaces"], chat.next_line(), LARGE)
        yield from self.a_chat(run, chat, reply)
        yield from self.the_window(run, chat, reply)
        yield from self.fluent(run)
        yield from self.and_again(run, page, vectors, lists)

    def vector(self, run: Trace, step: int) -> VGroup:
        """The last vector while the text is gone on with, on end."""
        strip = Strip(run[f"then_last_{step}"], VECTOR.height, VECTOR.width)
        return standing(strip).move_to(VECTOR.centre)

    def likely(self, run: Trace, step: int) -> NextTokens:
        """The likeliest tokens while the text is gone on with."""
        others = run[f"then_others_{step}"], f"{run['others_count']:,.0f} others"
        return NextTokens(run[f"then_{step}"], LIST, others=others, whole=WHOLE_BAR)

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
                "Byte-pair encoding begins with letters, and merges pairs in the order of a table:",
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
                f"A rare word stays in pieces. The vocabulary has {run['vocabulary']:,.0f} tokens.",
                appear_in_turn(rare.row),
                rare.merging(rare.merges, "slow"),
                appear(*(ring_around(one) for one in rare.tokens)),
            ),
            stage=[question, answer],
        )

    def what_comes_next(self, run: Trace, page: Page, last: VGroup, likely: NextTokens) -> Iterator[Step]:
        """A text, its last vector, and the probability of every token."""
        name, best = run["name"], run["then_0"].words("rank")[0]
        asked = run["text_0"].label("position", int(name))
        whole, before, after = page.words[WHOLE], page.words[:WHOLE], page.words[WHOLE + 1 :]
        text = [str(label) for label in run["text_0"].words("position")]
        once = text.count(str(best)) == text[: text.index(".")].count(str(best)) == 1
        entering, fills = through_layers(run["last"])
        depths = run["depths"].quantities()
        count = Words(f"layer {depths[0]}", "large number").begin_in(LIST)
        yield Step(
            "One vector says what comes next",
            beat(f"How does this text of {run['tokens']} tokens go on?", Sweep(VGroup(*before, *after), "slow")),
            beat(
                f"Each token becomes a vector, and {run['layers']} layers work on it.",
                (Travel(page.words[-1], entering, kind="row"), appear(count)),
                (Shades(entering, fills), Count(count, depths, "", "slow", "layer ")),
            ),
            beat(
                "From the last vector alone, every token that there is gets a probability.",
                (leave(count), *exchange([entering], [last]), appear_in_turn([*likely.names])),
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
        """The streams of attention into the last vector: the mean of all heads, and one head."""
        weights, one = run["attention"], run["best_attention"]
        sink, taken = weights.words("key")[0], weights.quantity(0)
        layer, head = run["best_head"].quantities()
        name, given = one.largest()
        streams = page.streams(weights, last, "residual", MANY)
        flow = pulses([*streams], weights.values[1:])
        single = page.streams(one, last, "query", ONE)
        yield Step(
            "Where does the last vector look?",
            beat(
                "Attention brings it what it needs: streams as thick as their weights.",
                draw(*streams, kind="slow"),
                ambient=flow,
            ),
            beat(
                f"This is the mean of {run['heads']} heads, without the sink, “{sink}”, which takes {taken:share}.",
                appear(ring := ring_around(page.words[0])),
                ambient=flow,
            ),
            beat(
                f"A mean hides what one head does: in head {head} of layer {layer}, “{name}” gets {given:share}.",
                leave(*streams, ring),
                draw(*single, kind="row"),
                ambient=pulses([*single], one.values[1:]),
            ),
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
        depths = run["depths"].quantities()
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
            beat(f"{few:.1f} for “{least}”.", move_ring(ring, page.words[least.position + 1])),
            beat(
                f"On average {run['loss']:.2f} bits, the cross-entropy: as if {run['perplexity']:.0f} tokens were "
                "equally likely, its perplexity.",
                leave(ring, scale),
                draw(*page.levels(run["loss"], BIT), kind="slow"),
                appear(page.legend(f"mean: {run['loss']:.2f} bits", "query")),
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
                draw(way, kind="slow"),
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

    def the_window(self, run: Trace, page: Page, reply: Page) -> Iterator[Step]:
        """All places for tokens, and what is known of another chat."""
        window = Places(run["places"], run["chat_tokens"], run["fitting"], WINDOW)
        chances = run["recalled"]
        titles = zip(("in one chat", "in a new chat"), CHATS.columns(2), strict=True)
        chats = [Recalled(title, chances, place, room) for place, (title, room) in enumerate(titles)]
        here, new = chances.quantity(0, 0), chances.quantity(1, 0)
        yield Step(
            "The context window: all that it has",
            beat(f"There are places for {run['places']:,.0f} tokens: the context window."),
            beat(f"This chat takes {run['chat_tokens']}.", moved([*page.words, *reply.words], window.cells, "slow")),
            beat(f"{run['fitting']} such chats fit; nothing else can be read.", Sweep(window.more, "slow")),
            beat(
                claim(
                    bool(here < 0.5),
                    f"In one chat, it can look back, if weakly: the name gets {here:share}.",
                    f"In one chat, it can look back: the name gets {here:share}.",
                ),
                appear(chats[0].title, chats[0].said),
                (appear(chats[0].token, chats[0].number), grow(chats[0].bar)),
            ),
            beat(
                claim(
                    bool(new < here / 100),
                    f"In a new chat, {new:.2%}: its weights are as before, and nothing else remembers.",
                    f"In a new chat, {new:.2%}.",
                ),
                appear(chats[1].title, chats[1].said),
                (appear(chats[1].token, chats[1].number), grow(chats[1].bar)),
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
        sure = run["sure"]
        (sentence, name), (other_sentence, other_name) = sure.values
        right, words = run["right"], run["answer_0"].words("step")
        said = words[[*map(str, words)].index(COPULA)]
        rings = halves[0].found(right, run["capitals"])
        yield Step(
            "Fluent is not the same as true",
            beat(
                "What is the capital of each? It answers for countries that exist,",
                appear_in_turn([*halves[0].asked]),
                Sweep(VGroup(*halves[0].lines), "slow"),
            ),
            beat("and in the same way for countries that we made up.", Sweep(VGroup(*halves[1].lines), "slow")),
            beat(f"Of the first, {run['right_count']} of {run['real_count']} are right.", appear_in_turn(rings)),
            beat(
                "How sure was it? "
                + claim(
                    bool(abs(sentence - other_sentence) < 0.05),
                    f"Up to “{said}”, if it says that, equally sure: "
                    f"{sure.quantity(0, 0):share} and {sure.quantity(1, 0):share}.",
                    f"Up to “{said}”, {sure.quantity(0, 0):share} and {sure.quantity(1, 0):share}.",
                ),
                (leave(*rings), *(Sweep(half.bars, "slow") for half in halves)),
                appear(*(part for half in halves for part in (half.legend, half.means[0]))),
            ),
            beat(
                claim(
                    bool(name > 2 * other_name),
                    f"At the next token, {sure.quantity(0, 1):share} against {sure.quantity(1, 1):share}. "
                    "The text shows none of that doubt.",
                    f"At the next token, {sure.quantity(0, 1):share} and {sure.quantity(1, 1):share}.",
                ),
                tuple(Sweep(half.named, "slow") for half in halves),
                appear(*(half.means[1] for half in halves)),
            ),
            stage=[half.title for half in halves],
        )

    def and_again(self, run: Trace, page: Page, vectors: list[VGroup], lists: list[NextTokens]) -> Iterator[Step]:
        """Close: the loop, on the text that is written on, and what a chat program adds to it."""
        told = run["then"]
        last, likely = vectors[0], lists[0]
        written = page.going_on(told)
        streams = page.streams(run["attention"], last, "residual", MANY)
        dots = Words("…", "token", "query").next_to(written, RIGHT)
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
                (*exchange([vectors[step - 1]], [vectors[step]], "flow"), leave(lists[step - 1]), appear(lists[step])),
                gather([lists[step].bars[0]], written[step], "flow"),
            )
        ]
        yield Step(
            "From a prompt to an answer",
            beat(
                "Tokens, layers, the last vector, probabilities: one token is chosen,",
                draw(*streams, kind="row"),
                appear(ring := ring_around(likely.bars[0])),
                (leave(ring, streams), gather([likely.bars[0]], written[0])),
            ),
            beat("read, and all begins again, until the answer is written.", *again),
            beat(
                "ChatGPT does the same. It adds size, and human feedback: what people prefer becomes likelier.",
                leave(lists[-1]),
                appear_in_turn([*more], "slow"),
            ),
            beat(
                "Your turn: if a token that it has written is wrong, can it take it back?",
                appear(ring := ring_around(written[0])),
                move_ring(ring, written),
            ),
            beat("No: it stays, and each step attends to it.", move_ring(ring, VGroup(page.words, written))),
            beat(
                "Only what it writes next can correct it.",
                (leave(ring), appear(dots)),
                draw(ring_around(dots, roomy=True)),
            ),
            stage=[page, last, likely],
        )
