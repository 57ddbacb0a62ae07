"""The monthly look at the published addresses: which answer, which have moved, which are dead."""

import sys
from pathlib import Path

import pytest
from serving import entry, serving

from solar.published.catalogue import File

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import check_links  # noqa: E402


@pytest.fixture
def server():
    with serving() as one:
        one.files = dict.fromkeys(("good", "new", "old", "away", "page"), b"bytes of a file")
        one.always = {
            "old": f"moved {one.url}/new",
            "away": f"{one.url}/new",
            "page": "html",
            "busy": "503",
        }
        yield one


def listed(server, *mirrors, name="f"):
    """An entry of one file, at addresses of the server."""
    return entry(File(name, tuple(f"{server.url}/{mirror}" for mirror in mirrors)), name="stand-in")


@pytest.mark.parametrize(
    "mirror, gives, words",
    [
        ("good", True, "answers"),
        ("old", True, "moved to {url}/new"),
        ("away", True, "answers"),  # elsewhere for now: the address stays right
        ("gone", False, "status 404"),
        ("busy", False, "status 503"),
        ("page", False, "a page (text/html; charset=utf-8)"),
    ],
)
def test_an_answer_is_told_in_words(mirror, gives, words, server):
    expected = (gives, words.format(url=server.url))
    assert check_links.ask(f"{server.url}/{mirror}") == expected


def test_a_server_that_is_not_there_is_named_by_its_error():
    with serving() as gone:
        url = f"{gone.url}/good"
    assert check_links.ask(url, seconds=2) == (False, "ConnectionError")


def test_a_file_is_lost_when_its_last_address_is(server, capsys):
    entries = [
        listed(server, "gone", "good", name="saved"),
        listed(server, "gone", "page", name="lost"),
        listed(server, "old", name="moved"),
    ]
    assert check_links.check(entries) == ["stand-in: lost"]

    # an address that two files share is asked once
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(set(lines)) == 4
    assert f"moved to {server.url}/new: {server.url}/old" in lines
    # and it is asked for one byte, not for the file
    assert all(bytes_asked == "bytes=0-0" for _, bytes_asked, _ in server.requests)


@pytest.mark.parametrize("mirror, code", [("good", 0), ("gone", 1)])
def test_the_exit_status_says_whether_something_is_lost(mirror, code, server, monkeypatch, capsys):
    monkeypatch.setattr(check_links, "ENTRIES", {"stand-in": listed(server, mirror)})
    assert check_links.main() == code
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == ("stand-in: f" if code else "every file has an address")
