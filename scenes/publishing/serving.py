"""A server for one folder, on this machine alone, that answers requests for a part of a file.

A browser that seeks in a film asks for bytes from the middle of it (RFC 9110, section 14). Python's own server
answers with the whole file, and the film starts again.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

LOOPBACK = "127.0.0.1"
#: Who may be asked for. A page from elsewhere whose name was made to mean this machine asks for its own name.
NAMES = (LOOPBACK, "localhost")
ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server for `folder` on 127.0.0.1; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    return _Server((LOOPBACK, port), partial(RangeHandler, directory=str(folder.resolve())))


class RangeHandler(SimpleHTTPRequestHandler):
    """Files of a folder, whole or one range of bytes; nothing outside the folder, and no hidden file."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".vtt": "text/vtt", ".srt": "application/x-subrip"}

    def send_head(self) -> Any:
        """Answer with the headers of what was asked for; what is returned is then sent."""
        host = self.headers.get("Host", LOOPBACK)
        if host.partition(":")[0] not in NAMES:
            return self._refuse(HTTPStatus.FORBIDDEN)
        path = self._inside(self.translate_path(self.path))
        if path is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        asked = ONE_RANGE.fullmatch(self.headers.get("Range", "").strip())
        if self.command != "GET" or not path.is_file() or not asked or self._changed(path):
            return super().send_head()
        return self._part(path, *asked.groups())

    def _inside(self, name: str) -> Path | None:
        """The file that `name` means, or None; it is in the folder also after links are followed, and not hidden."""
        try:
            path = Path(name).resolve()
            path = path / "index.html" if path.is_dir() else path
            inside = path.resolve().relative_to(self.directory)
        except ValueError:  # outside, or no name of a file
            return None
        return Path(name) if path.is_file() and not any(part.startswith(".") for part in inside.parts) else None

    def _changed(self, path: Path) -> bool:
        """Whether the asker has a part of another version of the file."""
        known = self.headers.get("If-Range")
        return known is not None and known != self.date_time_string(path.stat().st_mtime)

    def _part(self, path: Path, first: str, last: str) -> Any:
        """The bytes of `path` from `first` to `last`, or its last `last` bytes; a senseless range is ignored."""
        size = path.stat().st_size
        if not (first or last) or (first and last and int(last) < int(first)):
            return super().send_head()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if start > end:
            return self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"bytes */{size}")
        file = path.open("rb")
        file.seek(start)
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.send_header("Content-Length", str(end - start + 1))
        self.send_header("Last-Modified", self.date_time_string(path.stat().st_mtime))
        self.end_headers()
        return _Part(file, end - start + 1)

    def _refuse(self, status: HTTPStatus, content_range: str = "") -> None:
        self.send_response(status)
        if content_range:
            self.send_header("Content-Range", content_range)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def end_headers(self) -> None:
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing is told of requests."""


class _Part:
    """The next `left` bytes of a file, as a file."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self.file, self.left, self.close = file, left, file.close

    def read(self, most: int) -> bytes:
        data = self.file.read(min(most, self.left))
        self.left -= len(data)
        return data


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that seeks drops the answer that it was reading: that is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
