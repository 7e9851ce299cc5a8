"""Try it: the part of a page in which the model itself reads what a learner types, and every number can be asked.

It needs nothing of a film: its section, scripts and style make a page of their own, or a slide.
"""

from __future__ import annotations

import string
from collections.abc import Callable

from scenes.publishing.markup import HERE, escape
from scenes.publishing.wording import SPEAKING
from transformer_core.live.export import ENGINE

#: The scripts of the section, in the order in which they are read; the engine of the model comes first.
LIVE_SCRIPTS = (ENGINE.name, *SPEAKING)
LIVE_STYLE = "live.css"
#: What a model's words and numbers are written in, beside what the page says: the type has to have it.
LETTERS = string.ascii_letters + string.digits + string.punctuation + "áéíóúüñÁÉÍÓÚÜÑ¿¡→−·÷√∞×›…“”‘’Σ"
#: The file of a page with the model: a script of one call.
MODEL = "live/model.js"


def section(text: str, say: Callable[[str], str], hidden: bool = False) -> str:
    """The section that the scripts fill; what it begins with is `text`."""
    without = escape(say("This part needs scripts: the model runs in them."))
    return (
        f'<section id="try" class="live" tabindex="-1" aria-label="{escape(say("Try it"))}"'
        f' data-text="{escape(text)}"{" hidden" if hidden else ""}>'
        f'<p class="waiting">{escape(say("The model is being read."))}</p><noscript><p>{without}</p></noscript></section>'
    )


def live_script(name: str) -> str:
    """The text of one of `LIVE_SCRIPTS`."""
    return (ENGINE if name == ENGINE.name else HERE / name).read_text(encoding="utf-8")
