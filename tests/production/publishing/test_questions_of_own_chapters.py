"""Questions of a user's own chapter, as `docs/add-a-chapter.md` has them: on the page, in a package, and for Anki."""

import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_how_to import block

from scenes.cli.main import main
from scenes.production.drawing import sources_of
from scenes.production.repertoire import entries_in
from scenes.publishing.cards import cards_of
from scenes.stage.reading import read

#: The question of the page, and its answer for "The car is red": its head looks at "car", two tokens before "red".
ASKED, ANSWER = "Which token gets most of the attention of “red”?", "Another one"


def write_chapter(folder: Path) -> Path:
    for name, kind, at in (("mine.py", "py", 0), ("mine_quiz.py", "py", 1), ("mine.toml", "toml", 0)):
        (folder / name).write_text(block("add-a-chapter", kind, at), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of the page, and what its commands made of them."""
    place = write_chapter(tmp_path_factory.mktemp("own"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("LECTURE_CACHE", str(place / "cache"))
        for command in ("quiz", "page"):
            small = ["-ql"] if command == "page" else []
            with pytest.raises(SystemExit) as ended:
                main([command, "mine.toml", "--trust", "--output", command, *small])
            assert not ended.value.code
    return place


@pytest.mark.slow
def test_the_questions_of_the_page_come_to_the_page_and_to_both_formats(folder, look, tmp_path):
    page = look(folder / "page" / "page" / "index.html")
    card = page.locator("#transcript .card")
    assert card.locator("legend").text_content().endswith(ASKED)
    assert page.locator("#quiz-before").get_by_role("button").first.is_visible()
    card.get_by_text(ANSWER).click()
    card.get_by_role("button", name="Check").click()
    assert card.locator("[role=status]").text_content().startswith("Right")
    assert "“car” gets 99% of it" in card.text_content()
    assert card.get_by_role("link").get_attribute("href") == "#mine-1"

    (note,) = [line for line in next(folder.glob("quiz/*.txt")).read_text("utf-8").splitlines() if ASKED in line]
    assert f"<b>{ANSWER}</b>" in note
    with zipfile.ZipFile(next(folder.glob("quiz/*.zip"))) as archive:
        archive.extractall(tmp_path)
    package = look(tmp_path / "index.html")
    assert ASKED in package.locator("body").text_content()


@pytest.fixture(scope="module")
def seen():
    return read("The car is red")


#: A film that has the chapter, and not the step that its question names.
OTHER_FILM = (SimpleNamespace(chapter="mine", number=1, title="Another step"),)


@pytest.mark.parametrize(
    ("written", "instead", "film", "reason"),
    [
        ("apart not in {0, 1}", "apart > 5", (), "0 of its answers are right by this trace"),
        ("apart == 1", "apart > 1", (), "2 of its answers are right by this trace"),
        ("apart == 1", "apart == 1", OTHER_FILM, "no step of mine is called 'Where “{0}” looks'"),
    ],
)
def test_a_question_that_cannot_be_asked_is_told_with_the_reason(tmp_path, seen, written, instead, film, reason):
    file, told = write_chapter(tmp_path) / "mine_quiz.py", []
    file.write_text(file.read_text("utf-8").replace(written, instead), "utf-8")
    assert cards_of(entries_in(tmp_path / "mine.py"), seen, film, "en", doubt=told.append) == []
    assert told == [f"mine-q1 is left out: {reason}"]


def test_a_chapter_without_questions_has_no_cards_and_one_without_its_function_is_refused(tmp_path, seen):
    chapters = entries_in(write_chapter(tmp_path) / "mine.py")
    file = tmp_path / "mine_quiz.py"
    file.write_text(file.read_text("utf-8").replace("def mine", "def yours"), "utf-8")
    with pytest.raises(ValueError, match=r"mine_quiz.py has no function mine, which would ask about the chapter mine"):
        cards_of(chapters, seen, [], "en")
    file.unlink()
    assert cards_of(chapters, seen, [], "en") == []


def test_an_answer_in_a_chapter_that_is_nowhere_is_refused(tmp_path, seen):
    file = write_chapter(tmp_path) / "mine_quiz.py"
    file.write_text(file.read_text("utf-8").replace("step=", 'chapter="scored", step='), "utf-8")
    with pytest.raises(ValueError, match="mine-q1 is answered in a chapter 'scored', and there is none"):
        cards_of(entries_in(tmp_path / "mine.py"), seen, [], "en")


def test_the_questions_of_a_folder_lie_beside_it(tmp_path, seen):
    (write_chapter(tmp_path) / "mine").mkdir()
    shutil.move(tmp_path / "mine.py", tmp_path / "mine" / "chapter.py")
    (card,) = cards_of(entries_in(tmp_path / "mine" / "chapter.py"), seen, [], "en")
    assert (card.name, card.text, card.answer) == ("mine-q1", ASKED, ANSWER)


def test_a_word_of_an_own_question_draws_no_film_anew(tmp_path):
    (entry,) = entries_in(write_chapter(tmp_path) / "mine.py")
    key = sources_of(entry)
    (tmp_path / "mine_quiz.py").write_text("# another word", "utf-8")
    assert sources_of(entry) == key
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text("utf-8") + "\nMORE = 1\n", "utf-8")
    assert sources_of(entry) != key
