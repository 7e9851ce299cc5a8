"""Serving: one folder on this machine alone, in parts where parts are asked for."""

import http.client
import threading
from contextlib import closing

import pytest

from scenes.publishing.serving import server

FILM = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder.parent / f"{folder.name}-secret.txt").write_text("secret")
    (folder / "index.html").write_text("<p>here")
    (folder / "film.mp4").write_bytes(FILM)
    (folder / ".hidden").write_text("secret")
    (folder / "clips").mkdir()
    (folder / "way out").symlink_to(folder.parent)
    with server(folder, 0) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def ask(place):
    def asked(path, method="GET", **headers):
        with closing(http.client.HTTPConnection(*place[1].server_address, timeout=5)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers

    return asked


def test_a_folder_is_its_index_and_a_file_comes_whole(ask):
    assert ask("/")[:2] == (200, b"<p>here")
    status, body, headers = ask("/film.mp4")
    assert (status, body) == (200, FILM)
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-299", 100, 299),
        ("bytes=10000-", 10000, len(FILM) - 1),
        ("bytes=-24", len(FILM) - 24, len(FILM) - 1),
        ("bytes=-99999999", 0, len(FILM) - 1),
        ("bytes=10000-99999999", 10000, len(FILM) - 1),
    ],
)
def test_a_range_is_answered_with_just_those_bytes(ask, asked, start, end):
    status, body, headers = ask("/film.mp4", Range=asked)
    assert (status, body) == (206, FILM[start : end + 1])
    assert headers["Content-Range"] == f"bytes {start}-{end}/{len(FILM)}"
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("asked", [f"bytes={len(FILM)}-", "bytes=-0", "bytes=99999999-99999999"])
def test_a_range_behind_the_end_cannot_be_satisfied(ask, asked):
    status, body, headers = ask("/film.mp4", Range=asked)
    assert (status, body, headers["Content-Range"]) == (416, b"", f"bytes */{len(FILM)}")


@pytest.mark.parametrize(
    "asked", ["bytes=9-3", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=²-", f"bytes={'9' * 5000}-"]
)
def test_a_range_that_makes_no_sense_or_is_several_is_ignored(ask, asked):
    assert ask("/film.mp4", Range=asked.encode())[:2] == (200, FILM)


def test_a_part_of_another_version_is_not_mixed_in(ask):
    known = ask("/film.mp4", Range="bytes=0-9")[2]["Last-Modified"]
    assert ask("/film.mp4", Range="bytes=0-9", If_Range=known)[0] == 206
    assert ask("/film.mp4", Range="bytes=0-9", If_Range="Mon, 01 Jan 2001 00:00:00 GMT")[:2] == (200, FILM)


def test_headers_alone_are_those_of_the_whole(ask):
    status, body, headers = ask("/film.mp4", method="HEAD", Range="bytes=0-9")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(FILM)))


@pytest.mark.parametrize("start", ["../", "..%2f", "%2e%2e/", "clips/../../", "way%20out/", "/", "..%5c", "....//"])
def test_no_path_leaves_the_folder(ask, place, start):
    secret = f"{place[0].name}-secret.txt"
    for headers in ({}, {"Range": "bytes=0-3"}):
        status, body, _ = ask(f"/{start}{secret}", **headers)
        assert (status, body) == (404, b"")


@pytest.mark.parametrize("path", ["/.hidden", "/clips/", "/nowhere", "/film.mp4%00", "/clips/../.hidden", "/film.mp4/"])
def test_what_is_hidden_or_is_no_file_is_not_there(ask, path):
    assert ask(path)[0] == 404


def test_a_name_from_elsewhere_is_refused(ask):
    assert ask("/", Host="evil.example:8000")[:2] == (403, b"")
    assert ask("/", Host="localhost:8000")[0] == 200


def test_it_listens_on_this_machine_alone(place):
    assert place[1].server_address[0] == "127.0.0.1"
