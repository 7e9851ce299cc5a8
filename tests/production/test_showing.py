"""`show` in a notebook: one step or a chapter inline, about a sentence or a trace of one's own."""

from types import SimpleNamespace

import pytest

from scenes import show
from scenes.cli.show import _film
from scenes.production.film import seconds
from scenes.production.store import Store
from transformer_core.studies.sentence.read import read


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LECTURE_CACHE", str(tmp_path_factory.getbasetemp() / "shown"))


def test_a_step_is_a_film_inline():
    shown = show("scores", step=2, quality="l", captions=False)
    assert shown.path.suffix == ".mp4"
    assert shown.title == "An angle, and two lengths"
    html = shown._repr_html_()
    assert html.startswith("<video controls")
    assert "data:video/mp4;base64," in html


def test_a_step_is_shown_in_another_language():
    assert show("scores.2", quality="l", captions=False, language="es").title == "Un ángulo y dos longitudes"


def test_another_trace_is_another_film():
    trace = read("The car is red")
    first = show("scores", step=2, trace=trace, quality="l", captions=False)
    assert show("scores", step=2, trace=trace, quality="l", captions=False).path == first.path
    changed = show("scores", step=2, trace=read("The house is red"), quality="l", captions=False)
    assert changed.path != first.path


def test_a_chapter_is_its_steps_in_one_film(tmp_path):
    steps = [show("scores", step=k, quality="l", captions=False) for k in (1, 2)]
    facts = [SimpleNamespace(key=f"{k}", title=step.title) for k, step in enumerate(steps)]
    film = _film([(fact, step.path) for fact, step in zip(facts, steps, strict=True)], Store(tmp_path), "Scores")
    assert seconds(film.path) == pytest.approx(film.seconds) == pytest.approx(sum(step.seconds for step in steps))


@pytest.mark.parametrize(
    ("wish", "line"),
    [
        ({"step": 70}, "there is no step 70: scores has steps 1 to 5"),
        ({"quality": "x"}, "no quality 'x': it is one of l, m, h, p, k"),
        ({"language": "fr"}, "no language 'fr': it is one of en, es"),
        ({"theme": "blue"}, "no theme 'blue': it is one of dark, light"),
    ],
)
def test_a_mistake_says_what_would_be_right(wish, line):
    with pytest.raises(ValueError, match=line):
        show("scores", **{"quality": "l", "captions": False, **wish})
