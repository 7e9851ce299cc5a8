"""A model behind the figure of a page, for models that are too large for a browser: `lecture serve --model`.

The page is one document, or that of a course, in which the model is one of several to choose from. It asks this server
for runs, tensors and entries (`transformer_core.live.running`). It is served as any folder is (`serving`): to this
machine alone. Beyond that a question needs the secret that stands in the document: a page from elsewhere in the same
browser can neither read that nor send it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path
from typing import Any

from scenes.production.files import write_text
from scenes.publishing.live import figure_document, offering
from scenes.publishing.rendered import Rendered
from scenes.publishing.serving import FolderHandler
from transformer_core.live.running import RunningModel
from transformer_core.text.vocabulary import SentenceError

#: Bytes of a question: a sentence and the changes of a learner are short.
LONGEST = 2**16
#: Makes a document, and says where it is.
Offer = Callable[[], Path] | None
SECRET = "X-Lecture-Token"  # noqa: S105 - the name of a header
#: Texts to begin with, by what the model does with them.
CONTINUED = (
    "The capital of Italy is", "The animal did not cross the street because it was too", "2 + 2 =",
    "Once upon a time there was a little", "The opposite of hot is",
)  # fmt: skip
READ = ("The bank of the river is wide", "The bank lends money", "The animal is tired because it ran")


def model_handler(model: RunningModel, lecture: Rendered, folder: Path) -> Callable[..., ModelHandler]:
    """Answer with the figure of `model`, whose document is written into `folder`."""
    facts = _facts(model)
    code = f"servedModel({json.dumps(facts, separators=(',', ':'))});\n"
    write_text(folder / "index.html", figure_document(lecture, code, served=True))
    return partial(ModelHandler, directory=str(folder.resolve()), model=model, secret=facts["token"])


def course_handler(model: RunningModel, text: str, page: Path, folder: Path) -> Callable[..., ModelHandler]:
    """Answer with the folder `page` of a course, which offers `model` among those to try.

    The model begins with `text`, if there is one. The document that offers it is written into `folder`, anew each time
    that it is asked for, and the page stays as it is.

    Raises:
        ValueError: the page has no place for a served model.
    """
    names = model.run(text or examples_of(model)[0])["names"]
    facts, page, written = {**_facts(model), "text": text, "names": names}, page.resolve(), folder / "index.html"

    def offer() -> Path:
        write_text(written, offering((page / "index.html").read_text(encoding="utf-8"), facts))
        return written

    offer()
    return partial(ModelHandler, directory=str(page), model=model, secret=facts["token"], offer=offer)


def _facts(model: RunningModel) -> dict[str, Any]:
    """The facts that a page needs of a model, with a new secret."""
    return {**model.facts(), "token": secrets.token_urlsafe(24), "examples": examples_of(model)}


def examples_of(model: RunningModel) -> tuple[str, ...]:
    """Texts to begin with."""
    return CONTINUED if model.model.encoder is None else READ


class ModelHandler(FolderHandler):
    """Files of a folder, and answers of a model to questions in JSON; with an `offer`, its file is the document."""

    def __init__(self, *arguments: Any, model: RunningModel, secret: str, offer: Offer = None, **settings: Any) -> None:
        self.secret, self.offer = secret, offer
        answers: list[Callable[..., Any]] = [model.run, model.tensors, model.ask, model.changes]
        self.answers = {f"/model/{answer.__name__}": answer for answer in answers}
        super().__init__(*arguments, **settings)

    def inside(self, name: str) -> Path:
        path = super().inside(name)
        return self.offer() if self.offer and path == Path(self.directory) / "index.html" else path

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        """Answer a question, or say in one line why not."""
        self.begin_answer()
        told_by, size = self.answers.get(self.path), self.headers.get("Content-Length", "")
        allowed = self.is_for_here() and compare_digest(self.headers.get(SECRET, "").encode(), self.secret.encode())
        if not allowed or self.headers.get_content_type() != "application/json":
            return self.answer(HTTPStatus.FORBIDDEN)
        if told_by is None:
            return self.answer(HTTPStatus.NOT_FOUND)
        if not (size.isascii() and size.isdecimal() and len(size) < 8 and int(size) <= LONGEST):
            return self.answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            given = json.loads(self.rfile.read(int(size)))
            told, status = told_by(**given), HTTPStatus.OK
        except SentenceError as error:  # of all that can be wrong, what a learner may type
            told, status = {"refused": str(error)}, HTTPStatus.OK
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            told, status = {"error": str(error.args[0] if error.args else error)}, HTTPStatus.UNPROCESSABLE_ENTITY
        return self.answer(status, json.dumps(told).encode(), Content_Type="application/json")
