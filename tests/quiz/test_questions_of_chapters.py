"""Questions of every chapter about several sentences: one answer is right, and each number has its source."""

import ast
import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from truth import Written, wrong_in_text
from walking import RANDOM, SENTENCES, UNUSUAL, trace_of

from scenes.language import catalogue, spoken_in, translated
from scenes.production import fingerprint
from scenes.production.drawing import sources_of
from scenes.production.repertoire import repertoire
from scenes.publishing.cards import asked_by, cards_of, chosen, shuffled
from scenes.quiz.question import Question
from transformer_core.studies.results import examined
from transformer_core.tracing.provenance import parse, plain

ENTRIES = repertoire()
#: A question, an answer and a reason fit a telephone; longer ones are read twice.
LONGEST = {"text": 180, "answer": 72, "because": 200}
#: What chapters leave to the learner, behind "Your turn:", and the card that asks the same.
TURNS = {
    "what could get lost on the way?": "basics-q4",
    "with a single word, which boxes still compute?": "encoder-q1",
    "heads share keys and values. What does that save?": "modern-q2",
    "would it matter if W_Q and W_K changed places?": "qkv-q3",
    "would it matter if W_Q and W_K, with their biases, changed places?": "qkv-q3",
    "W_Q and W_K change places": "qkv-q3",
    "can a score be high at a small cosine?": "scores-q1",
    "if “{0}” scored “{1}” as high as “{2}”, how much would each get?": "weighting-q1",
    "two equal scores lead by far. Their weights?": "weighting-q1",
    "split W_Q for twice as many heads. Does it take more parameters?": "heads-q3",
    "words trade places, positions stay. What changes?": "positions-q1",
    "{0} writes only zeros. What becomes of “{1}”?": "residual-q1",
    "take out {0}, but keep the biases.": "feed_forward-q3",
    "is it linear, then? Ask where the others go.": "feed_forward-q3",
    "where does zero go?": "feed_forward-q3",
    "would a cache work in the encoder?": "inference-q3",
    "could an encoder have a KV cache?": "inference-q3",
    "without a head nothing changes. Is the head useless?": "interpretation-q1",
    "is a head useless if nobody misses it?": "interpretation-q1",
    "without an encoder, how could such a model translate?": "modern-q4",
    "how do you tell a sink from an induction head at rest?": "inside-q2",
    "should every model be built with one head?": "arguing-q3",
}
every_sentence = pytest.mark.parametrize("sentence", SENTENCES)


@cache
def asked(sentence, model=None):
    """Every question with its name, the chapter that asks it, and the trace that it is asked of."""
    trace = trace_of(sentence, model)
    found = []
    for entry in ENTRIES:
        recorded = entry.load().recorded
        seen = examined(recorded) if recorded else trace
        found += [(name, entry, question, seen) for name, question in asked_by(entry, trace)]
    return found


def texts(question):
    return [question.text, *(answer for answer, _ in question.choices), question.because]


@every_sentence
def test_every_chapter_asks_two_to_four_questions_that_have_one_right_answer(sentence):
    counts = Counter(entry.name for _, entry, question, _ in asked(sentence) if question.right is not None)
    assert {entry.name: 2 <= counts[entry.name] <= 4 for entry in ENTRIES} == {entry.name: True for entry in ENTRIES}


def test_the_right_answers_are_those_that_somebody_who_knows_has_read():
    """A predicate may be wrong as well: of the sentence of the lecture each answer was read, and written down."""
    read = json.loads((Path(__file__).parent / "answers.json").read_text(encoding="utf-8"))
    assert {name: plain(question.choices[question.right][0]) for name, _, question, _ in asked(SENTENCES[0])} == read


@every_sentence
def test_answers_are_three_or_four_that_differ_and_the_reason_says_because(sentence):
    for name, _, question, _ in asked(sentence):
        answers = [plain(answer) for answer, _ in question.choices]
        assert len({*answers}) == len(answers), name
        assert len(answers) in {3, 4}, name
        assert plain(question.text).endswith("?"), name
        assert plain(question.because).startswith("Because "), name
        assert plain(question.because).endswith("."), name


@pytest.mark.parametrize("language", ["en", "es"])
@every_sentence
def test_every_number_and_token_of_a_question_has_its_source_and_every_text_its_translation(sentence, language):
    wrong = []
    with spoken_in(language) as voice:
        for name, _, question, trace in asked(sentence):
            for text in texts(question):
                wrong += [
                    f"{name}: {fault}"
                    for fault in wrong_in_text(*parse(translated(text)), trace, Written.by(voice.catalogue))
                ]
        wrong += [f"not translated: {heard.template}" for heard in voice.take() if not heard.became]
    assert wrong == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_questions_answers_and_reasons_are_short(language):
    with spoken_in(language):
        for name, _, question, _ in asked(SENTENCES[0]):
            said = [plain(translated(text)) for text in texts(question)]
            assert len(said[0]) <= LONGEST["text"], name
            assert max(map(len, said[1:-1])) <= LONGEST["answer"], name
            assert len(said[-1]) <= LONGEST["because"], name


@every_sentence
def test_the_step_that_answers_is_one_of_its_chapter(sentence):
    files = {entry.name: entry.path for entry in ENTRIES}
    for name, entry, question, _ in asked(sentence):
        assert question.step in titles(files[question.chapter or entry.name]), name


@cache
def titles(path):
    """Every text of a chapter as a template: "“{0}” gives ..."."""
    found, nodes = set(), [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    pieces = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
            found.add(node.value)
        if isinstance(node, ast.JoinedStr):
            numbers = iter(range(len(node.values)))
            parts = [part.value if isinstance(part, ast.Constant) else f"{{{next(numbers)}}}" for part in node.values]
            found.add("".join(parts))
    return found


def test_whatever_a_chapter_leaves_to_the_learner_is_asked_by_a_card():
    left = {text.split("Your turn: ")[1] for entry in ENTRIES for text in titles(entry.path) if "Your turn" in text}
    assert left == TURNS.keys()
    assert {*TURNS.values()} <= {name for name, *_, question, _ in asked(SENTENCES[0]) if question.right is not None}


def film_of(entries, left_out=()):
    """The steps of a film, as far as cards look at them: those that questions name."""
    steps = []
    for entry in entries:
        for question in (q for _, e, q, _ in asked(SENTENCES[0]) if (q.chapter or e.name) == entry.name):
            if question.step not in left_out:
                steps.append(SimpleNamespace(chapter=entry.name, number=len(steps) + 1, title=question.step))
    return steps


def test_what_is_right_is_betrayed_neither_by_its_length_nor_by_its_place():
    cards = cards_of(ENTRIES, trace_of(SENTENCES[0]), film_of(ENTRIES), "en")
    longest = [len(card.answer) > max(len(c) for c in card.choices if c != card.answer) for card in cards]
    assert sum(longest) < len(cards) / 4
    places = Counter(card.right for card in cards)
    assert all(places[place] > len(cards) / 6 for place in range(3))


def test_for_a_single_word_another_answer_is_right():
    """With one key there is nothing to divide: its weight is one, and the reason says so."""
    (question,) = [q for _, _, q, _ in asked("car") if "not divided by the root" in plain(q.text)]
    assert plain(question.choices[question.right][0]).startswith("They stay as they are")
    assert plain(question.because) == "Because a single key gets the whole weight, whatever its score is."
    (question,) = [q for _, _, q, _ in asked("the red car") if "not divided by the root" in plain(q.text)]
    assert plain(question.choices[question.right][0]) == "The largest becomes larger still"


def test_a_question_with_two_right_answers_is_left_out():
    """A word goes in and a vector comes out: as many as went in, and also one for the whole sentence."""
    names = {name: question.right for name, _, question, _ in asked("car") if "How many vectors" in question.text}
    assert [*names.values()] == [None]
    cards = cards_of(ENTRIES, trace_of("car"), film_of(ENTRIES), "en")
    assert not {*names} & {card.name for card in cards}
    assert {*names} <= {card.name for card in cards_of(ENTRIES, trace_of(SENTENCES[0]), film_of(ENTRIES), "en")}


def test_the_answer_follows_the_numbers_and_not_the_book():
    """Softmax by hand: undivided scores of the traced row are sharper, and ten more on each changes nothing."""
    trace = trace_of(SENTENCES[0])
    row = trace["encoder.1.self_attn.scores"].pick(batch=0, head=0, query="red").values.astype(float)
    divided, raw, moved = (np.exp(r - r.max()) / np.exp(r - r.max()).sum() for r in (row / 4, row, row / 4 + 10))
    by_text = {plain(q.text): plain(q.choices[q.right][0]) for _, _, q, _ in asked(SENTENCES[0])}
    assert raw.max() > divided.max()
    assert by_text["The scores of “red” are not divided by the root of d_k. What happens to its weights?"] == (
        "The largest becomes larger still"
    )
    assert np.allclose(moved, divided)
    assert by_text["Ten is added to every score of a row. What happens to its weights?"] == "They stay as they are"


@pytest.mark.parametrize("sentence", UNUSUAL)
def test_whatever_is_typed_is_asked_about_truly(sentence):
    wrong = [f for _, _, q, seen in asked(sentence) for t in texts(q) for f in wrong_in_text(*parse(t), seen)]
    assert wrong == []
    assert sum(question.right is not None for _, _, question, _ in asked(sentence)) > 40


def test_a_model_of_random_weights_is_asked_about_truly():
    found = asked("The car is red", RANDOM)
    assert [f for _, _, q, seen in found for t in texts(q) for f in wrong_in_text(*parse(t), seen)] == []
    assert sum(question.right is not None for _, _, question, _ in found) > 40


def test_a_card_says_where_the_film_answers_and_is_left_out_if_the_film_does_not():
    trace, scores = trace_of(SENTENCES[0]), [entry for entry in ENTRIES if entry.name == "scores"]
    cards = cards_of(scores, trace, film_of(scores), "en")
    assert [card.place[0] for card in cards] == ["scores"] * 3
    title = "All pairs at once: one matrix product"
    fewer = cards_of(scores, trace, film_of(scores, {title}), "en")
    assert {card.name for card in cards} - {card.name for card in fewer} == {c.name for c in cards if c.step == title}


def test_a_step_is_found_by_its_title_in_the_language_of_the_film():
    scores = [entry for entry in ENTRIES if entry.name == "scores"]
    title = catalogue("es").text("The query of “{0}” meets every key").replace("{0}", "red")
    film = [SimpleNamespace(chapter="scores", number=3, title=title)]
    (card,) = cards_of(scores, trace_of(SENTENCES[0]), film, "es")
    assert (card.place, card.step) == (("scores", 3), title)
    assert card.text == "La consulta de “red” se hace el doble de larga. ¿Qué les pasa a sus puntuaciones?"


def test_in_another_language_every_question_finds_its_step():
    """A title of two sentences is translated sentence by sentence."""
    spanish = catalogue("es")
    film = film_of(ENTRIES)
    for step in film:
        told = " ".join(spanish.find(one) for one in re.split(r"(?<=\?) (?=[A-Z])", step.title))
        step.title = told.replace("{0}", "agua")
    cards = [
        cards_of(ENTRIES, trace_of(SENTENCES[0]), steps, code)
        for steps, code in ((film_of(ENTRIES), "en"), (film, "es"))
    ]
    assert [(card.name, card.place) for card in cards[0]] == [(card.name, card.place) for card in cards[1]]
    assert len(cards[0]) > 55


def test_a_chapter_of_ones_own_is_not_asked_about_as_ours_of_the_same_name(tmp_path):
    ours = next(entry for entry in ENTRIES if entry.name == "scores")
    mine = replace(ours, title="My scores", path=tmp_path / "scores.py")
    assert cards_of([mine], trace_of(SENTENCES[0]), film_of(ENTRIES), "en") == []
    assert cards_of([ours], trace_of(SENTENCES[0]), film_of(ENTRIES), "en")


def test_a_quiz_before_and_after_has_the_same_questions_of_all_chapters_in_another_order():
    cards = cards_of(ENTRIES, trace_of(SENTENCES[0]), film_of(ENTRIES), "en")
    some = chosen(cards)
    assert [card.chapter for card in some] == [entry.name for entry in ENTRIES]
    before, after = (shuffled(some, name) for name in ("before", "after"))
    assert before != after
    assert {card.name for card in before} == {card.name for card in after} == {card.name for card in some}
    two = [card for card in cards if card.chapter in {"scores", "weighting"}]
    assert len(chosen(two)) == len(two)


def test_a_word_of_a_question_draws_no_film_anew(monkeypatch):
    """The key of a clip has the code of the stage in it, and none of the questions."""
    read, key = fingerprint.content, sources_of(ENTRIES[5])
    monkeypatch.setattr(
        fingerprint, "content", lambda path: read(path) + f"# {here}" * (Path(path).parent.name == here)
    )
    here = "quiz"
    assert sources_of(ENTRIES[5]) == key
    here = "stage"
    assert sources_of(ENTRIES[5]) != key


def test_whether_an_answer_is_right_is_a_truth_value():
    with pytest.raises(TypeError, match=re.escape("hangs on True or False, not on 0.5: Half of it")):
        Question("How much?", ("Half of it", 0.5), because="Because.", step="A step")
