"""Policy: what a document may load and run (content security policy, W3C, level 3).

Texts are escaped where they are written. This is the second lock: should one of them become markup after all, the
browser runs none of it, and asks nobody else for anything. It stands in the document, which has to be safe on any
server and on a disk, and `lecture serve` says it once more as a header, with what only a header can say.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

#: Of a folder. Files that lie beside the document are `'self'` on a server and `file:` on a disk.
BESIDE = "'self' file:"
FOLDER = (
    f"default-src 'none'; script-src {BESIDE}; style-src {BESIDE}; font-src data:; img-src {BESIDE} data:; "
    f"media-src {BESIDE} data:; base-uri 'none'; form-action 'none'"
)
#: Who may show a document inside of theirs. Only a header can say so.
FRAMED = "frame-ancestors 'self'"
#: A document may ask the server that it came from.
ASKING = "connect-src 'self'"
META = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([\x20-\x21\x23-\x7e]*)">')
#: The element stands at the beginning of a document: so many bytes are looked at.
BEGINNING = 4096


def one_file(scripts: Sequence[str]) -> str:
    """The policy of a document that holds all it needs: of scripts it runs `scripts`, inline, and no other.

    Styles may stand inline: reveal.js writes some when it prints. Frames are those of its speaker view.
    """
    own = " ".join(dict.fromkeys(map(fingerprint, scripts)))
    return (
        f"default-src 'none'; script-src {own}; style-src 'unsafe-inline'; font-src data:; img-src data:; "
        f"media-src data:; frame-src {BESIDE}; base-uri 'none'; form-action 'none'"
    )


def fingerprint(script: str) -> str:
    """Return the name that a policy gives to an inline script: the SHA-256 of its text, as UTF-8.

    >>> fingerprint("alert('Hello, world.');")
    "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def header(suffix: str, beginning: bytes) -> str:
    """The policy that a server says of a file: that of the document itself, or of a folder if it has none."""
    own = META.search(beginning) if suffix in {".html", ".htm"} else None
    return f"{own[1].decode('ascii') if own else FOLDER}; {FRAMED}"
