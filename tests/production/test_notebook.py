"""The notebook of the documentation runs as it is, and has films in it."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"


def outputs(notebook, kind):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [out["data"][kind] for cell in cells for out in cell.outputs if kind in out.get("data", {})]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    notebook = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)
    folder = tmp_path_factory.mktemp("notebook")
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()


def test_it_shows_two_steps_and_a_cell_of_manim_as_films(executed):
    films = [html for html in outputs(executed, "text/html") if "<video" in html]
    assert len(films) == 3
    assert all("data:video/mp4;base64," in film for film in films)


def test_what_it_says_is_what_was_kept(executed):
    kept = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)
    said = [[out.text for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs
             if out.output_type == "stream"] for notebook in (executed, kept)]  # fmt: skip
    assert said[0] == said[1]
    assert "la casa es roja -> el casa es rojo\n" in said[1]


def test_it_is_small_and_names_no_place_of_the_machine_that_ran_it():
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 1_500_000
    assert "/root/" not in text
    assert "/home/" not in text
