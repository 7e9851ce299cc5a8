"""A server for one folder, on this machine alone, that answers requests for a part of a file.

A browser that seeks in a film asks for bytes from the middle of it (RFC 9110, section 14). Python's own server
answers with the whole file, and the film starts again. A program on this machine, or a page from elsewhere in the same
browser, may ask for anything in any way: it gets files of the folder or a refusal (`test_serving.py`). Whoever is idle,
does not finish asking, or takes nothing of an answer, loses the connection to others who wait (`test_crowds.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader, RawIOBase
from pathlib import Path
from threading import BoundedSemaphore
from time import monotonic
from typing import Any, BinaryIO
from urllib.parse import quote

from scenes.publishing.policy import BEGINNING, header

LOOPBACK = "127.0.0.1"
#: Who may be asked for. A page from elsewhere whose name was made to mean this machine asks for its own name.
HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?", re.IGNORECASE)
ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
#: What is said with every answer. Other pages may not read what is here, nor show it as theirs.
ALWAYS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: Seconds that a connection that is closed has to leave its place.
GIVING_WAY = 0.05
KINDS = {".vtt": "text/vtt", ".srt": "application/x-subrip", ".js": "text/javascript", ".mp4": "video/mp4"}


def server(handler: Callable[..., FolderHandler], port: int) -> FolderServer:
    """A server on 127.0.0.1; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    return FolderServer((LOOPBACK, port), handler)


def folder_handler(folder: Path) -> Callable[..., FolderHandler]:
    """Answer with the files of `folder`."""
    return partial(FolderHandler, directory=str(folder.resolve()))


class FolderHandler(SimpleHTTPRequestHandler):
    """Files of a folder, whole or one range of bytes; nothing outside the folder, and nothing hidden."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **KINDS}
    server: FolderServer
    #: How long a request may take to be asked, and each piece of an answer to be taken.
    request_seconds, piece_seconds = 10.0, 30.0
    #: Whether the connection is closed after this answer, for others are waiting.
    parting = False

    def setup(self) -> None:
        super().setup()
        self.patience = _Patience(self.connection)
        self.rfile = BufferedReader(self.patience)

    def handle_one_request(self) -> None:
        self.patience.until = monotonic() + self.request_seconds
        self.server.idle[self.connection] = monotonic()
        super().handle_one_request()

    def finish(self) -> None:
        self.server.idle.pop(self.connection, None)
        super().finish()

    def send_head(self) -> Any:
        """Answer with the headers of what was asked for; what is returned is then sent."""
        self.begin_answer()
        if not self.is_for_here():
            return self.answer(HTTPStatus.FORBIDDEN)
        name = self.translate_path(self.path)
        try:
            path = self.inside(name)
            file = path.open("rb")
        except (ValueError, OSError):  # outside, or no name of a file, or one that may not be read
            return self.answer(HTTPStatus.NOT_FOUND)
        if Path(name).is_dir() and not name.endswith("/"):
            file.close()
            return self.answer(HTTPStatus.MOVED_PERMANENTLY, Location=f"{quote(Path(name).name, safe='')}/")
        return self._send_file(path, file)

    def begin_answer(self) -> None:
        """From here on the client waits for us: it is not idle, and has its time to take what it gets."""
        self.server.idle.pop(self.connection, None)
        self.parting = self.server.crowded
        self.close_connection |= self.parting
        self.connection.settimeout(self.piece_seconds)
        if "Content-Length" in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # whatever follows is no request

    def is_for_here(self) -> bool:
        """True if this machine was asked for by its own name."""
        hosts = self.headers.get_all("Host", [])
        return len(hosts) == 1 and bool(HOST.fullmatch(hosts[0].strip()))

    def inside(self, name: str) -> Path:
        """The file that `name` means; it is in the folder also after links are followed, and not hidden.

        Raises:
            ValueError: it is outside of the folder, or its name is none.
            OSError: it is not there, its name is too long, or it may not be looked at.
        """
        asked = Path(name)
        folder = asked.is_dir()
        if folder:
            asked /= "index.html"
        path = Path(os.path.realpath(asked))
        ways = [*asked.relative_to(self.directory).parts, *path.relative_to(self.directory).parts]
        there = path.is_file() and (folder or not name.endswith("/"))
        if not there or any(part.startswith(".") for part in ways):
            raise FileNotFoundError(name)
        return path

    def _send_file(self, path: Path, file: BinaryIO) -> Any:
        """The file, or the range of it that was asked for, if it is still the version that the client knows."""
        facts = os.fstat(file.fileno())
        tag, changed = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"', self.date_time_string(facts.st_mtime)
        if self.headers.get("If-None-Match") == tag:
            file.close()
            return self.answer(HTTPStatus.NOT_MODIFIED, ETag=tag)
        current = self.headers.get("If-Range", tag) in {tag, changed}
        part = self._range(facts.st_size) if current and self.command == "GET" else None
        if part is not None and not part:
            file.close()
            return self.answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{facts.st_size}")
        self.send_response(HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT)
        if part is not None:
            self.send_header("Content-Range", f"bytes {part.start}-{part.stop - 1}/{facts.st_size}")
        sent = range(facts.st_size) if part is None else part
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(sent)))
        self.send_header("Content-Security-Policy", header(path.suffix.lower(), file.read(BEGINNING)))
        self.send_header("Last-Modified", changed)
        self.send_header("ETag", tag)
        self.end_headers()
        file.seek(sent.start)
        return _Part(file, len(sent))

    def _range(self, size: int) -> range | None:
        """The bytes that were asked for: none if they are behind the end, None if the question makes no sense."""
        asked = ONE_RANGE.fullmatch(self.headers.get("Range", "").strip())
        first, last = asked.groups() if asked else ("", "")
        if not (first or last) or (first and last and int(last) < int(first)):
            return None
        start = int(first) if first else max(0, size - int(last))
        return range(start, min(int(last) + 1, size) if first and last else size)

    def answer(self, status: HTTPStatus, body: bytes = b"", **headers: str) -> None:
        """Answer with a status, and no content or a short one."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def copyfile(self, source: Any, outputfile: Any) -> None:
        shutil.copyfileobj(source, outputfile)
        if source.left:  # the file became shorter while it was sent: what comes next is no part of it
            self.close_connection = True

    def end_headers(self) -> None:
        if self.parting:
            self.send_header("Connection", "close")
        for name, value in ALWAYS.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        return "lecture"

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


class _Patience(RawIOBase):
    """Reader of a connection until a deadline: with a limit for each byte alone, a client could stay for hours."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.until = connection, 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class FolderServer(ThreadingHTTPServer):
    """A thread a connection, and no more than `most` at once; who comes then waits, for a while.

    Meanwhile connections give way that nobody uses: the one that has asked for nothing for longest is closed, and each
    other one after its answer. A browser keeps connections for later, and opens another one when it needs it.
    """

    daemon_threads = True
    request_queue_size = 256
    most, wait_seconds, idle_seconds = 256, 10.0, 1.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.places = BoundedSemaphore(self.most)
        #: Whose next request has not come yet, since when; who waits longest comes first.
        self.idle: dict[socket.socket, float] = {}
        self.crowded = False

    def process_request(self, request: Any, client_address: Any) -> None:
        until = monotonic() + self.wait_seconds
        while not self.places.acquire(timeout=GIVING_WAY if self.crowded else 0):
            self.crowded = True
            self._make_room()
            if monotonic() > until:
                self.crowded = False
                self.shutdown_request(request)
                return
        self.crowded = False
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the machine has no further thread
            self.places.release()
            raise

    def _make_room(self) -> None:
        """Close the connection that has been idle for longest; its thread then leaves its place."""
        for connection, since in list(self.idle.items()):
            if monotonic() - since > self.idle_seconds:
                self.idle.pop(connection, None)
                with suppress(OSError):  # it was closed just now
                    connection.shutdown(socket.SHUT_RDWR)
            return

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that seeks drops the answer that it was reading, and a slow one is dropped: that is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
