"""Fetching from a server that misbehaves in every way.

In the end the file is complete and right, or one clear line says why not and nothing is lost.
"""

import hashlib
import json
import shutil

import pytest
from serving import BIG, entry, serving, tar_of

from conftest import reference
from solar.files import sha256
from solar.nets.checkpoints import PUBLISHED_WEIGHTS, path_of
from solar.published import http
from solar.published.catalogue import ENTRIES, OUTSIDE_DATA, File, how_to_get, read_catalogue
from solar.published.fetch import fetch, file_states
from solar.published.http import download

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out

SHA = "sha256:" + hashlib.sha256(BIG).hexdigest()


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "home"))
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(http, "WAIT", 0.01)
    monkeypatch.setattr(http, "TIMEOUT", (2, 1.0))
    monkeypatch.setattr(http, "CHUNK", 1 << 14)
    with serving() as server:
        server.files["big"] = BIG
        yield server


def get(server, tmp_path, *mirrors, recorded="", **facts):
    """Download `big.bin` from paths on the server (or full addresses), by default from `big`."""
    mirrors = mirrors or ("big",)
    urls = [m if m.startswith("http") else f"{server.url}/{m}" for m in mirrors]
    file = File("big.bin", tuple(urls), **facts)
    return download(file, tmp_path / "big.bin", recorded, progress=False)


def is_complete(tmp_path):
    """Whether `big.bin` is there, right, and alone: no part and no note is left."""
    names = {path.name for path in tmp_path.iterdir()}
    return (tmp_path / "big.bin").read_bytes() == BIG and names <= {"big.bin", "home"}


def test_a_download_without_trouble_is_recorded(server, tmp_path):
    facts = get(server, tmp_path, digest=SHA, size=len(BIG))
    assert facts == dict(url=f"{server.url}/big", size=len(BIG), sha256=SHA.removeprefix("sha256:"))
    assert is_complete(tmp_path)


def test_the_wait_between_attempts_can_be_chosen(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(http.time, "sleep", pauses.append)
    server.script["big"] = ["500", "500", "500"]
    file = File("big.bin", (f"{server.url}/big",))
    download(file, tmp_path / "big.bin", progress=False, wait=3)
    assert pauses == [3, 6, 12]


@pytest.mark.parametrize(
    "steps",
    [
        ["cut"],
        ["cut"] * 4,
        ["stall"],
        ["500"],
        ["503", "429", "408"],
        ["cut", "500", "stall", "502"],
        ["cut", "whole"],
        ["cut", "shifted"],
        ["cut", "cut", "416"],
        ["unsized"],
        ["cut", "unsized"],
        ["whole"],
    ],
)
def test_failures_that_pass(server, tmp_path, steps):
    server.script["big"] = list(steps)
    get(server, tmp_path, digest=SHA)
    assert is_complete(tmp_path)


def test_it_goes_on_where_it_broke_off(server, tmp_path):
    server.script["big"] = ["cut", "cut"]
    get(server, tmp_path)
    half = len(BIG) // 2
    ranges = [asked for _, asked, _ in server.requests]
    assert ranges == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]
    assert is_complete(tmp_path)


def test_a_new_version_in_between_is_not_glued_to_the_old(server, tmp_path):
    server.script["big"] = ["cut"]
    server.always["big"] = "changed"
    get(server, tmp_path)
    assert (tmp_path / "big.bin").read_bytes() == bytes(255 - b for b in BIG)


def test_without_versions_another_length_starts_anew(server, tmp_path):
    server.always["big"] = "untagged"
    get(server, tmp_path)
    (tmp_path / "big.bin").rename(tmp_path / "big.bin.part")
    note = dict(url=f"{server.url}/big", version="", total=len(BIG) + 1)
    (tmp_path / "big.bin.part").write_bytes(b"old" * 1000)
    (tmp_path / "big.bin.part.json").write_text(json.dumps(note))
    get(server, tmp_path)
    assert is_complete(tmp_path)


@pytest.mark.parametrize(
    "part, steps", [(BIG, []), (BIG + b"more", []), (BIG[:-1], []), (b"", []), (BIG[:9], ["416"])]
)
def test_whatever_a_kill_has_left(server, tmp_path, part, steps):
    (tmp_path / "big.bin.part").write_bytes(part)
    tag = f'"{hashlib.sha256(BIG).hexdigest()[:8]}"'
    note = dict(url=f"{server.url}/big", version=tag, total=len(BIG))
    (tmp_path / "big.bin.part.json").write_text(json.dumps(note))
    server.script["big"] = steps
    get(server, tmp_path, digest=SHA)
    assert is_complete(tmp_path)


@pytest.mark.parametrize("note", [None, "", "{", "[]", '{"url": 3}'])
def test_a_damaged_note_beside_the_part(server, tmp_path, note):
    (tmp_path / "big.bin.part").write_bytes(b"other" * 99)
    if note is not None:
        (tmp_path / "big.bin.part.json").write_text(note)
    get(server, tmp_path, digest=SHA)
    assert is_complete(tmp_path)


@pytest.mark.parametrize("word", ["404", "403", "410", "html", "wrong"])
def test_the_next_mirror_takes_over(server, tmp_path, word):
    server.files["bad"] = BIG
    server.always["bad"] = word
    facts = get(server, tmp_path, "bad", "http://127.0.0.1:9/dead", "big", digest=SHA)
    assert facts["url"].endswith("/big")
    assert is_complete(tmp_path)
    if word in ("404", "html", "wrong"):
        assert sum(path == "bad" for path, *_ in server.requests) == 1  # no use to try again


def test_half_from_one_mirror_is_not_glued_to_half_from_another(server, tmp_path):
    server.files["bad"] = bytes(255 - b for b in BIG)
    server.script["bad"] = ["cut"] + ["500"] * 9
    get(server, tmp_path, "bad", "big")
    assert is_complete(tmp_path)


REFUSED = {
    "500": "error 500, 5 times in a row",
    "404": "error 404",
    "stall": "went silent, 5 times",
    "html": "a web page",
    "wrong": "not the published bytes",
    "cut": "broke off",
    "https://127.0.0.1:9/": "no connection",
    "http://127.0.0.1:9/": "no connection",
    "http:": "leads in a circle",
}


@pytest.mark.parametrize("word", REFUSED)
def test_an_end_to_trying(server, tmp_path, word):
    server.always["big"] = word
    if word in ("cut", "stall"):
        server.files["big"] = BIG[:1]  # half of it is nothing: no progress, ever
    with pytest.raises(ConnectionError) as caught:
        get(server, tmp_path, digest=SHA)
    assert REFUSED[word] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "big.bin").exists()
    assert len(server.requests) <= 31  # what a circle takes


def test_progress_that_starts_over_each_time_comes_to_an_end_too(server, tmp_path):
    class Forgetful(list):
        def pop(self, *_):
            return "cut"

    server.script["big"] = Forgetful("x")
    server.files["big"] = BIG[:2]  # a byte, and then nothing new
    with pytest.raises(ConnectionError, match="broke off"):
        get(server, tmp_path)


def test_https_does_not_lead_to_http(tmp_path):
    class Hop:
        url, status_code, headers = "https://a/", 302, {}

    class Answer:
        url, status_code, headers, history = "http://b/", 200, {}, [Hop]

    with pytest.raises(http.MirrorFailed, match="from https to plain http"):
        http._check_response(Answer, File("x", ()), 0, None)


def test_a_redirect_is_followed(server, tmp_path):
    server.files["moved"] = b""
    server.always["moved"] = f"{server.url}/big"
    get(server, tmp_path, "moved")
    assert is_complete(tmp_path)


def test_a_wrong_size_is_seen_before_anything_is_fetched(server, tmp_path):
    with pytest.raises(ConnectionError, match="512,000 bytes; expected 7"):
        get(server, tmp_path, size=7)
    server.always["big"] = "unsized"
    with pytest.raises(ConnectionError, match="512,000 bytes; the published file has 7"):
        get(server, tmp_path, size=7)


def test_a_file_without_a_known_address(tmp_path):
    with pytest.raises(ConnectionError, match="no address of it is known"):
        download(File("x", ()), tmp_path / "x")


# ---- entries

PICTURES = {f"top/{name}.jpg": name.encode() * 5000 for name in "abc"}


@pytest.fixture
def gallery(server):
    server.files |= {"list.csv": b"a,b\n", "pictures.tgz": tar_of(PICTURES)}
    listing = File("list.csv", (f"{server.url}/list.csv",))
    mirrors = (f"{server.url}/pictures.tgz",)
    archive = File("pictures.tgz", mirrors, archive="pictures.tgz", into="jpg", keep=1)
    return entry(listing, archive, name="gallery", proof="jpg/*.jpg")


def names(folder):
    """All files below a folder, without its lock."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return sorted(str(path.relative_to(folder)) for path in files)


GALLERY = ["jpg/a.jpg", "jpg/b.jpg", "jpg/c.jpg", "list.csv", "sources.json"]


def test_an_entry_is_fetched_unpacked_and_kept(server, gallery, tmp_path):
    assert [state for _, state in file_states(gallery)] == ["absent", "absent"]
    folder = fetch(gallery, progress=False)
    assert folder == tmp_path / "home" / "data" / "gallery"
    assert names(folder) == GALLERY
    assert [state for _, state in file_states(gallery)] == ["here", "here"]
    record = json.loads((folder / "sources.json").read_text())
    assert record["list.csv"]["sha256"] == sha256(folder / "list.csv")
    assert record["pictures.tgz"]["unpacked"] == 3
    asked = len(server.requests)
    fetch(gallery, progress=False)
    assert len(server.requests) == asked  # all of it is here


def test_another_root(gallery, tmp_path):
    disk = tmp_path / "éléphant disk"
    assert fetch(gallery, disk, progress=False) == disk / "gallery"
    assert names(disk / "gallery") == GALLERY


def test_a_later_change_is_refused_and_explained(server, gallery):
    folder = fetch(gallery, progress=False)
    (folder / "list.csv").unlink()
    server.files["list.csv"] = b"c,d\n"
    words = r"not the bytes that came the first time.*sources\.json"
    with pytest.raises(ConnectionError, match=words):
        fetch(gallery, progress=False)
    assert not (folder / "list.csv").exists()
    server.files["list.csv"] = b"a,b\n"
    assert names(fetch(gallery, progress=False)) == GALLERY


def test_contents_put_there_by_hand_are_kept(server, gallery, tmp_path):
    place = gallery.place()
    (place / "jpg").mkdir(parents=True)
    (place / "jpg" / "mine.jpg").write_bytes(b"mine")
    fetch(gallery, progress=False)
    assert names(place) == ["jpg/mine.jpg", "list.csv", "sources.json"]
    assert [path for path, *_ in server.requests] == ["list.csv"]


def test_an_archive_put_there_by_hand_is_unpacked_offline(server, gallery):
    place = gallery.place()
    place.mkdir(parents=True)
    for name in ("list.csv", "pictures.tgz"):
        (place / name).write_bytes(server.files[name])
    assert names(fetch(gallery, offline=True, progress=False)) == GALLERY
    assert server.requests == []


def test_offline_says_what_is_missing_and_where_to_put_it(server, gallery):
    with pytest.raises(FileNotFoundError) as caught:
        fetch(gallery, offline=True)
    assert "the attic of example.org" in str(caught.value)
    assert str(gallery.place() / "list.csv") in str(caught.value)


def test_a_dead_mirror_says_what_to_do_by_hand(server, gallery):
    server.files.clear()
    with pytest.raises(ConnectionError) as caught:
        fetch(gallery, progress=False)
    message = str(caught.value)
    assert "error 404" in message
    assert "by hand: take it from the attic of example.org" in message
    assert f"put it at {gallery.place() / 'list.csv'}" in message
    assert "run the same command again" in message


def test_a_file_by_hand_that_is_not_the_published_one(server, tmp_path):
    fake = entry(File("big", (), digest=SHA), name="fake")
    fake.place().mkdir(parents=True)
    (fake.place() / "big").write_bytes(b"other")
    # at first sight; the digest is compared when it is fetched or checked
    assert file_states(fake)[0][1] == "here"
    sized = entry(File("big", (), digest=SHA, size=len(BIG)), name="fake")
    words = "big: 5 bytes; the published file has 512,000; move it away"
    with pytest.raises(ValueError, match=words):
        fetch(sized, progress=False)


def test_a_hostile_archive_is_refused_and_leaves_no_contents(server, gallery):
    server.files["pictures.tgz"] = tar_of({"good.jpg": b"x", "../../evil.jpg": b"x"})
    with pytest.raises(ValueError, match=r"refused.*would not stay"):
        fetch(gallery, progress=False)
    assert names(gallery.place()) == ["list.csv", "pictures.tgz", "sources.json"]
    assert [state for _, state in file_states(gallery)] == ["here", "begun"]


def test_parts_of_an_archive(server, tmp_path):
    whole = tar_of(PICTURES)
    server.files |= {"x.partaa": whole[:200], "x.partab": whole[200:]}
    options = dict(archive="X.tar.gz", into="jpg", keep=1)
    parts = [File(f"X.part{p}", (f"{server.url}/x.part{p}",), **options) for p in ("aa", "ab")]
    folder = fetch(entry(*parts, name="parts"), progress=False)
    assert names(folder) == ["jpg/a.jpg", "jpg/b.jpg", "jpg/c.jpg", "sources.json"]


def test_too_little_room_is_said_before_anything_is_fetched(server, gallery, monkeypatch):
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(OSError, match=r"gallery needs 0\.01 GB.*make room"):
        fetch(gallery, progress=False)
    assert server.requests == []


# ---- the catalogue itself


def test_numbered_files_and_parts_of_archives_are_listed():
    gl18 = ENTRIES["gl18"]
    assert len(gl18.files) == 25
    assert len(gl18.groups()) == 4
    assert gl18.files[3].path == "GL18_TRAIN.partaa"
    assert gl18.files[24].path == "GL18_TRAIN.partav"
    distractors = ENTRIES["revisitop1m"]
    assert len(distractors.files) == 101
    assert distractors.files[100].path == "revisitop1m.100.tar.gz"
    assert distractors.files[100].mirrors[0].endswith("/revisitop1m.100.tar.gz")


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_tells_all_that_a_reader_wants_to_know(name):
    one = ENTRIES[name]
    assert all([one.what, one.enables, one.licence, one.by_hand])
    assert one.gigabytes > 0
    assert any(file.archive for file in one.files) == bool(one.proof)
    for file in one.files:
        assert file.mirrors
        assert all(url.startswith(("https://", "http://")) for url in file.mirrors)
        algorithm, _, digest = file.digest.partition(":")
        assert (algorithm, len(digest)) in {("", 0), ("sha256", 64), ("md5", 32)}
        assert "/" not in file.path


def test_no_two_files_have_one_place():
    paths = [one.place("r") / file.path for one in ENTRIES.values() for file in one.files]
    assert len(set(paths)) == len(paths)


def test_the_published_ground_truth_is_the_one_in_the_catalogue():
    file = ENTRIES["roxford5k"].files[0]
    path = reference("revisitop/gnd_roxford5k.pkl")
    assert file.digest == f"sha256:{sha256(path)}"
    assert file.size == path.stat().st_size


def test_weights_lie_where_they_are_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    for name in PUBLISHED_WEIGHTS:
        path = ENTRIES[name].place() / ENTRIES[name].files[0].path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
        assert path_of(name) == path
        assert name in how_to_get(name)
        assert ENTRIES[name].kind == "weights"
    assert "weights" in OUTSIDE_DATA


OWN_CATALOGUE = """\
[x]
kind = "patches"
what = "w"
enables = "e"
licence = "l"
gigabytes = 1
by_hand = "b"
files = [{ path = "f", mirrors = ["http://a/f"] }]
"""


def test_a_catalogue_of_ones_own(tmp_path):
    (tmp_path / "own.toml").write_text(OWN_CATALOGUE)
    own = read_catalogue(tmp_path / "own.toml")["x"]
    assert own.folder == "x"
    assert own.files == (File("f", ("http://a/f",)),)
