"""A transcript says what the film says, when, as text and as Markdown that shows a text as it is."""

import json
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scenes.production.transcript import transcript

TEXT = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=40).filter(str.strip)


def shown(markdown):
    """The blocks that a reader of Markdown sees: the tag of each, and its text."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    blocks = [(before.tag, token) for before, token in pairwise(tokens) if token.type == "inline"]
    assert len(blocks) == sum(token.type.endswith("_open") for token in tokens)
    assert all(child.type in {"text", "text_special"} for _, block in blocks for child in block.children)
    return [(tag, "".join(child.content for child in block.children)) for tag, block in blocks]


def index_of(*texts):
    title, author, text, chapter, step, said = texts
    return {
        "title": title, "author": author, "text": text, "made": "by *hand*",
        "chapters": [{"name": "one", "number": 3, "title": chapter, "start": 0.0, "steps": 1}],
        "steps": [{"chapter": "one", "title": step, "narration": said, "start": 61.5}],
    }  # fmt: skip


def lines(*texts):
    title, author, text, chapter, step, said = (" ".join(text.split()) for text in texts)
    return [title, author, f"“{text}”", f"3. {chapter} (0:00)", step, said]


@given(st.tuples(*[TEXT] * 6))
@example(("# a", "*b*", "<b>c</b>", "[d](e)", "- f", "1. g | h ~~i~~ &amp; `j` \\"))
@example(("=", "---", "+ a", "12) b", "> c", "![d](e)"))
def test_markdown_shows_every_text_as_it_is(texts):
    *heads, step, said = lines(*texts)
    expected = zip(("h1", "p", "p", "h2", "h3", "p", "p"), (*heads, f"1:01 {step}", said, "by *hand*"), strict=True)
    assert shown(transcript(index_of(*texts), ".md")) == list(expected)


@given(st.tuples(*[TEXT] * 6))
def test_a_text_has_the_same_in_lines(texts):
    *heads, step, said = lines(*texts)
    assert transcript(index_of(*texts), ".txt").rstrip("\n").split("\n\n") == [
        *heads,
        f"1:01  {step}",
        said,
        "by *hand*",
    ]


def test_a_film_has_its_transcripts_beside_it(finished):
    folder = finished.folder / "out"
    index = json.loads((folder / "steps.json").read_text())
    assert index["transcripts"] == ["film-transcript.md", "film-transcript.txt"]
    found = shown((folder / "film-transcript.md").read_text())
    assert [text for tag, text in found if tag == "h2"] == ["1. Counting (0:00)", "2. Other (0:08)"]
    assert [text.partition(" ")[2] for tag, text in found if tag == "h3"] == ["One <b>", "Two", "Three", "Alone"]
    said = [text for tag, text in found if tag == "p"]
    assert said == [*(step["narration"] for step in index["steps"]), index["made"]]
    assert found[0] == ("h1", "“The car is red”")
