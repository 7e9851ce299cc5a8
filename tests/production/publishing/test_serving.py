"""Serving: one folder on this machine alone, in parts where parts are asked for."""

import http.client
import os
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenes.publishing.policy import FOLDER, FRAMED

FILM = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def place(tmp_path_factory, serving):
    folder = tmp_path_factory.mktemp("served")
    secret = folder.parent / f"{folder.name}-secret.txt"
    secret.write_text("secret")
    (folder / "index.html").write_text("<p>here")
    (folder / "film.mp4").write_bytes(FILM)
    (folder / ".hidden").write_text("secret")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    (folder / "clips").mkdir()
    (folder / "more").mkdir()
    (folder / "more" / "index.html").write_text("<p>more")
    (folder / "own.html").write_text(
        """<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'">"""
    )
    links = {
        "way out": folder.parent,
        "secret.txt": secret,
        "relative.txt": f"../{secret.name}",
        "twice.txt": folder / "secret.txt",
        "seen.txt": folder / ".hidden",
        "loop": folder / "loop",
        "again.mp4": folder / "film.mp4",
        ".film": folder / "film.mp4",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    with serving(folder) as served:
        yield folder, served


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


@pytest.mark.parametrize(
    "start",
    [
        "../", "..%2f", "%2e%2e/", "%2E%2E%2F", "clips/../../", "way%20out/", "/", "//", "..%5c", "....//", ".%2e/",
        "%252e%252e/", "..;/", "%c0%ae%c0%ae/", "..%00/", "clips/..%2f..%2f", "x?/../", "way%20out/../",
        "film.mp4/../../",
    ],
)  # fmt: skip
def test_no_path_leaves_the_folder(ask, place, start):
    secret = f"{place[0].name}-secret.txt"
    for headers in ({}, {"Range": "bytes=0-3"}):
        status, body, _ = ask(f"/{start}{secret}", **headers)
        assert (status, body) == (404, b"")
    assert ask(f"http://127.0.0.1/{start}{secret}")[0] == 404


PIECES = st.sampled_from(
    ["..", ".", "", "%2e", "%2f", "/", "\\", "way%20out", ".git", "config", ".hidden", "clips", "film.mp4", "%00",
     "secret.txt", "loop", "~", "%ff", "%ed%a0%80", ":", "*", "seen.txt", "etc", "passwd", "?", "#"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(pieces=st.lists(PIECES, max_size=8), between=st.sampled_from(["/", "%2f", ""]))
def test_whatever_is_asked_for_nothing_secret_comes(ask, place, pieces, between):
    path = "/" + between.join(pieces)
    for asked in (path, f"{path}/{place[0].name}-secret.txt"):
        status, body, _ = ask(asked)
        assert status in {200, 301, 404}
        assert b"secret" not in body


@pytest.mark.parametrize(
    "name", ["secret.txt", "relative.txt", "twice.txt", "seen.txt", "loop", ".film", ".git/config"]
)
def test_a_link_leads_nowhere_that_could_not_be_asked_for_itself(ask, name):
    assert ask(f"/{name}")[:2] == (404, b"")


def test_a_link_inside_of_the_folder_is_followed(ask):
    assert ask("/again.mp4", Range="bytes=5-6")[:2] == (206, FILM[5:7])


@pytest.mark.parametrize(
    "path",
    [
        "/.hidden", "/clips/", "/clips", "/nowhere", "/film.mp4%00", "/clips/../.hidden", "/film.mp4/", "/film.mp4%20",
        "/%ff", "/%ed%a0%80", f"/{'x' * 300}", f"/{'x/' * 3000}",
    ],
)  # fmt: skip
def test_what_is_hidden_or_is_no_file_is_not_there(ask, path, capfd):
    assert ask(path)[0] == 404
    assert capfd.readouterr().err == ""


def test_a_folder_is_never_listed_and_one_with_an_index_is_asked_for_with_its_slash(ask):
    assert ask("/more/")[:2] == (200, b"<p>more")
    status, body, headers = ask("/more")
    assert (status, body, headers["Location"]) == (301, b"", "more/")


def test_a_name_or_a_head_without_an_end_is_refused(ask):
    assert ask(f"/{'x' * 70_000}")[0] == 414
    assert ask("/", **{f"X{number}": "x" for number in range(200)})[0] == 431
    assert ask("/")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "<script>"])
def test_nothing_but_reading_is_understood(ask, method):
    status, body, _ = ask("/film.mp4", method=method)
    assert status == 501
    assert b"<script>" not in body


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/", "GET", {}, 200), ("/film.mp4", "GET", {"Range": "bytes=0-1"}, 206), ("/film.mp4", "HEAD", {}, 200),
        ("/film.mp4", "GET", {"Range": "bytes=99999999-"}, 416), ("/nowhere", "GET", {}, 404),
        ("/more", "GET", {}, 301), ("/", "GET", {"Host": "evil.example"}, 403), ("/", "POST", {}, 501),
    ],
)  # fmt: skip
def test_every_answer_keeps_other_pages_out(ask, path, method, headers, status):
    found, _, told = ask(path, method=method, **headers)
    assert found == status
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Referrer-Policy"] == "no-referrer"
    assert told["Cross-Origin-Resource-Policy"] == told["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Python" not in told["Server"]


def test_a_document_comes_with_its_policy_and_one_without_gets_the_strict_one(ask):
    assert ask("/")[2]["Content-Security-Policy"] == f"{FOLDER}; {FRAMED}"
    assert ask("/film.mp4")[2]["Content-Security-Policy"] == f"{FOLDER}; {FRAMED}"
    assert ask("/own.html")[2]["Content-Security-Policy"] == f"default-src 'none'; {FRAMED}"


@pytest.mark.parametrize("name", ["evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::1]"])
def test_a_name_from_elsewhere_is_refused(ask, name):
    assert ask("/", Host=name)[:2] == (403, b"")


@pytest.mark.parametrize("name", ["127.0.0.1", "127.0.0.1:8000", "localhost:8000", "LOCALHOST"])
def test_this_machine_goes_by_two_names(ask, name):
    assert ask("/", Host=name)[0] == 200


def test_what_is_known_already_is_not_sent_again(ask):
    known = ask("/film.mp4")[2]["ETag"]
    assert ask("/film.mp4", If_None_Match=known)[:2] == (304, b"")
    assert ask("/film.mp4", If_None_Match='"other"')[0] == 200


def test_a_file_that_changed_within_its_second_is_another_version(ask, place):
    file = place[0] / "changing.txt"
    file.write_text("before")
    known = ask("/changing.txt")[2]["ETag"]
    moment = file.stat().st_mtime_ns
    file.write_text("behind")
    os.utime(file, ns=(moment, moment + 1))
    assert ask("/changing.txt", Range="bytes=0-1", If_Range=known)[:2] == (200, b"behind")


def test_it_listens_on_this_machine_alone(place):
    assert place[1].server_address[0] == "127.0.0.1"
