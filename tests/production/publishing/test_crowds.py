"""Crowds: many who ask at once, some who never finish, and some who leave in the middle."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from scenes.publishing.serving import FolderHandler, FolderServer

ROOT = Path(__file__).resolve().parents[3]
FILM = os.urandom(1 << 20)
LARGE = 64 << 20


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.html").write_text("<p>here")
    (tmp_path / "film.mp4").write_bytes(FILM)
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate(LARGE)
    return tmp_path


def ask(address, path="/", **headers):
    with closing(http.client.HTTPConnection(*address, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def raw(address, text=b""):
    connection = socket.create_connection(address, timeout=60)
    connection.sendall(text)
    return connection


def test_two_hundred_ask_for_ranges_at_once_and_each_gets_its_own(folder, serving):
    together = threading.Barrier(200)

    def one(number):
        with closing(http.client.HTTPConnection(*served.server_address, timeout=60)) as connection:
            connection.connect()
            together.wait()
            found = []
            for start in (number * 5000, number * 3000 + 7):
                connection.request("GET", "/film.mp4", headers={"Range": f"bytes={start}-{start + 9999}"})
                answer = connection.getresponse()
                found.append((answer.status, answer.read() == FILM[start : start + 10_000]))
            return found

    with serving(folder) as served, ThreadPoolExecutor(200) as crowd:
        assert list(crowd.map(one, range(200))) == [[(206, True)] * 2] * 200


@pytest.mark.parametrize("beginning", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"])
def test_those_who_never_finish_asking_are_sent_away_and_others_are_answered(folder, serving, monkeypatch, beginning):
    monkeypatch.setattr(FolderHandler, "request_seconds", 0.3)
    monkeypatch.setattr(FolderServer, "most", 8)
    with serving(folder) as served, ExitStack() as held:
        slow = [held.enter_context(closing(raw(served.server_address, beginning))) for _ in range(8)]
        dripping = threading.Event()

        def drip():  # a byte now and then: the time between two is never long
            while not dripping.wait(0.02):
                for one in slow:
                    try:
                        one.sendall(b"x")
                    except OSError:
                        return

        dripper = threading.Thread(target=drip)
        dripper.start()
        assert ask(served.server_address)[0] == 200
        dripping.set()
        dripper.join()
        assert threading.active_count() < 20


def test_one_who_does_not_take_an_answer_is_dropped(folder, serving, monkeypatch):
    monkeypatch.setattr(FolderHandler, "piece_seconds", 0.2)
    monkeypatch.setattr(FolderServer, "most", 1)
    asking = b"GET /large.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with serving(folder) as served, closing(raw(served.server_address, asking)) as idle:
        assert ask(served.server_address)[0] == 200
        received = 0
        with pytest.raises((ConnectionError, EOFError)):  # noqa: PT012 - it ends somewhere in between
            while data := idle.recv(1 << 20):
                received += len(data)
            raise EOFError
        assert received < LARGE


def test_beyond_the_most_at_once_one_is_turned_away_and_the_server_goes_on(folder, serving, monkeypatch):
    monkeypatch.setattr(FolderServer, "most", 1)
    monkeypatch.setattr(FolderServer, "wait_seconds", 0.1)
    with serving(folder) as served:
        with closing(raw(served.server_address, b"GET")), closing(raw(served.server_address)) as second:
            assert second.recv(1) == b""
        assert ask(served.server_address)[0] == 200


def test_those_who_keep_all_connections_for_later_give_way_to_one_who_asks(folder, serving, monkeypatch):
    monkeypatch.setattr(FolderServer, "most", 32)
    monkeypatch.setattr(FolderServer, "idle_seconds", 0.3)
    with serving(folder) as served, ExitStack() as held:
        kept = [held.enter_context(closing(http.client.HTTPConnection(*served.server_address))) for _ in range(32)]
        for one in kept:
            one.request("GET", "/")
            assert one.getresponse().read() == b"<p>here"
        begun = time.monotonic()
        found = [ask(served.server_address)[0] for _ in range(10)]
        assert found == [200] * 10
        assert time.monotonic() - begun < 5  # an idle one would be sent away after ten seconds
        assert kept[0].sock.recv(1) == b""  # who was idle for longest gave way
        kept[-1].request("GET", "/film.mp4")
        assert kept[-1].getresponse().read() == FILM  # and no more than there had to


def test_those_who_ask_again_and_again_on_all_connections_give_way_after_an_answer(folder, serving, monkeypatch):
    monkeypatch.setattr(FolderServer, "most", 8)
    ended = threading.Event()

    def pinging():  # it is never idle for long, and comes again when it was sent away
        while not ended.is_set():
            with suppress(OSError, http.client.HTTPException), closing(http.client.HTTPConnection(*address)) as one:
                while not ended.wait(0.02):
                    one.request("GET", "/")
                    answer = one.getresponse()
                    answer.read()
                    if answer.will_close:
                        break

    with serving(folder) as served, ThreadPoolExecutor(8) as crowd:
        address = served.server_address
        for _ in range(8):
            crowd.submit(pinging)
        try:
            time.sleep(0.3)
            begun = time.monotonic()
            assert [ask(address)[0] for _ in range(10)] == [200] * 10
            assert time.monotonic() - begun < 8
        finally:
            ended.set()


def test_two_hundred_and_fifty_six_who_stay_hold_up_nobody(folder, serving):
    """Fill every place of the server, with its seconds as they are, and ask once more."""
    with serving(folder) as served, ExitStack() as held:
        for _ in range(FolderServer.most):
            one = held.enter_context(closing(http.client.HTTPConnection(*served.server_address)))
            one.request("GET", "/")
            one.getresponse().read()
        begun = time.monotonic()
        assert ask(served.server_address) == (200, b"<p>here")
        assert time.monotonic() - begun < 4


def test_those_who_leave_in_the_middle_are_no_error(folder, serving, capfd):
    asking = b"GET /large.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=100-\r\n\r\n"
    with serving(folder) as served:
        for _ in range(20):
            with closing(raw(served.server_address, asking)) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset, not an end
                assert one.recv(100).startswith(b"HTTP/1.1 206")
        assert ask(served.server_address, "/film.mp4") == (200, FILM)
    assert capfd.readouterr().err == ""


def test_what_follows_a_request_as_its_content_is_no_request(folder, serving):
    asking = (
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 48\r\n\r\n"
        b"GET /film.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    )
    with serving(folder) as served, closing(raw(served.server_address, asking)) as one:
        answer = b"".join(iter(lambda: one.recv(1 << 16), b""))
    assert answer.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    "text",
    [
        b"\0\xff\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\xff: \xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\r\n" * 9,
    ],
)
def test_what_is_no_request_gets_no_file_and_does_no_harm(folder, serving, text, capfd):
    with serving(folder) as served:
        with closing(raw(served.server_address, text)) as one:
            one.shutdown(socket.SHUT_WR)
            assert b"here" not in b"".join(iter(lambda: one.recv(1 << 16), b""))
        assert ask(served.server_address)[0] == 200
    assert capfd.readouterr().err == ""


def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection(folder, serving):
    asking = b"GET /large.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with serving(folder) as served, closing(raw(served.server_address, asking)) as one:
        assert one.recv(10)
        os.truncate(folder / "large.mp4", 1 << 20)
        rest = sum(map(len, iter(lambda: one.recv(1 << 20), b"")))
    assert rest < LARGE


def test_ctrl_c_ends_it_with_one_line_also_while_somebody_is_answered(folder):
    command = [sys.executable, "-m", "scenes.cli.main", "serve", str(folder), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as serving:
        line = serving.stdout.readline()
        port = int(line.split(":")[2].split("/")[0])
        with closing(raw(("127.0.0.1", port), b"GET /large.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")) as one:
            assert one.recv(100).startswith(b"HTTP/1.1 200")
            serving.send_signal(signal.SIGINT)
            assert serving.wait(60) == 0
        assert serving.stderr.read() == "serving ended\n"
        assert serving.stdout.read() == ""
