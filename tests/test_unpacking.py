"""Archives from strangers: contents land in their places; hostile ones are refused whole."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from serving import tar_of, zip_of

from solar.published.archives import safe_name, unpack


def files_in(folder):
    """Name -> bytes of all files below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


GOOD = {"top/a.jpg": b"A", "top/deep/b.jpg": b"BB", "./c.jpg": b"", "top/é ü.jpg": b"D" * 70_000}


@pytest.mark.parametrize("pack", [tar_of, lambda m: tar_of(m, zipped=False), zip_of])
@pytest.mark.parametrize(
    "keep, names",
    [
        (0, ["top/a.jpg", "top/deep/b.jpg", "c.jpg", "top/é ü.jpg"]),
        (1, ["a.jpg", "b.jpg", "c.jpg", "é ü.jpg"]),
        (2, ["top/a.jpg", "deep/b.jpg", "c.jpg", "top/é ü.jpg"]),
    ],
)
def test_contents_land_in_their_places(tmp_path, pack, keep, names):
    (tmp_path / "archive").write_bytes(pack(GOOD))
    assert unpack(tmp_path / "archive", tmp_path / "out", keep) == 4
    assert files_in(tmp_path / "out") == dict(zip(names, GOOD.values()))


def test_parts_are_joined(tmp_path):
    whole = tar_of(GOOD)
    parts = [tmp_path / f"x.parta{letter}" for letter in "abc"]
    for part, content in zip(parts, (whole[:100], whole[100:110], whole[110:])):
        part.write_bytes(content)
    assert unpack(parts, tmp_path / "out", 1) == 4
    assert len(files_in(tmp_path / "out")) == 4
    with pytest.raises(ValueError, match="broken archive"):
        unpack(parts[:2], tmp_path / "less")


def test_what_is_there_stays_and_the_same_name_is_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("old.jpg", "a.jpg"):
        (tmp_path / "out" / name).write_bytes(b"old")
    (tmp_path / "archive").write_bytes(tar_of({"a.jpg": b"new"}))
    unpack(tmp_path / "archive", tmp_path / "out")
    assert files_in(tmp_path / "out") == {"old.jpg": b"old", "a.jpg": b"new"}


def test_a_staging_folder_left_by_a_kill_is_no_hindrance(tmp_path):
    left = tmp_path / "out" / ".unpacking-archive"
    left.mkdir(parents=True)
    (left / "half.jpg").write_bytes(b"half")
    (tmp_path / "archive").write_bytes(tar_of({"a.jpg": b"new"}))
    unpack(tmp_path / "archive", tmp_path / "out")
    assert files_in(tmp_path / "out") == {"a.jpg": b"new"}


def test_modes_and_clocks_of_strangers_are_not_taken_over(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("a.jpg")
        member.mode, member.mtime, member.uid = 0o6777, 2**40, 12345
        tar.addfile(member)
    (tmp_path / "archive").write_bytes(out.getvalue())
    unpack(tmp_path / "archive", tmp_path / "out")
    status = (tmp_path / "out" / "a.jpg").stat()
    own = tmp_path / "own.jpg"
    own.write_bytes(b"")
    assert status.st_mode == own.stat().st_mode
    assert not status.st_mode & 0o7111  # neither run nor run as somebody else
    assert status.st_mtime < 2**40
    assert status.st_uid != 12345


def with_damaged_header():
    """A tar archive whose second header is noise."""
    whole = tar_of({"a": X, "b": X}, zipped=False)
    return whole[:1024] + b"\xff" * 512 + whole[1536:]


def with_damaged_content():
    """A zip archive in which a member's bytes do not fit its checksum."""
    return zip_of({"a": b"secret" + bytes(300)}).replace(b"secret", b"sECRet", 1)


X = b"x"
HOSTILE = {
    "climbs": tar_of({"good.jpg": X, "../evil.jpg": X}),
    "climbs later": tar_of({"a/../../evil.jpg": X}),
    "absolute": tar_of({"/tmp/solar-evil.jpg": X}),
    "backslash": tar_of({"..\\evil.jpg": X}),
    "drive": tar_of({"C:/evil.jpg": X}),
    "newline": tar_of({"a\nb.jpg": X}),
    "symbolic link": tar_of({"good.jpg": X, "link": tarfile.SYMTYPE}),
    "hard link": tar_of({"link": tarfile.LNKTYPE}),
    "device": tar_of({"device": tarfile.CHRTYPE}),
    "block device": tar_of({"device": tarfile.BLKTYPE}),
    "pipe": tar_of({"pipe": tarfile.FIFOTYPE}),
    "twice": tar_of({"a/x.jpg": X, "b/x.jpg": b"y"}),
    "zip climbs": zip_of({"good.jpg": X, "../evil.jpg": X}),
    "zip absolute": zip_of({"/tmp/solar-evil.jpg": X}),
    "zip link": zip_of({"link": "/etc/passwd"}, mode=0o120777),
    "zip device": zip_of({"device": ""}, mode=0o020666),
    "bomb": tar_of({"zeros": bytes(3_000_000)}),
    "zip bomb": zip_of({"zeros": bytes(3_000_000)}),
    "no archive": b"<html>sorry</html>" * 100,
    "empty": b"",
    "cut off": tar_of({"a.jpg": X, "b.jpg": bytes(range(256)) * 900})[:-400],
    "cut off tar": tar_of({"a.jpg": X, "b.jpg": X * 9000}, zipped=False)[:3000],
    "no end": tar_of({"a.jpg": X, "b.jpg": X}, zipped=False)[:2048],
    "damaged header": with_damaged_header(),
    "damaged zip": with_damaged_content(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_archives_leave_nothing(tmp_path, name):
    (tmp_path / "archive").write_bytes(HOSTILE[name])
    keep = 1 if name == "twice" else 0
    words = r"archive: (refused|a broken archive).*nothing was unpacked"
    with pytest.raises(ValueError, match=words):
        unpack(tmp_path / "archive", tmp_path / "in" / "out", keep, limit=2e6)
    assert files_in(tmp_path).keys() == {"archive"}
    assert not Path("/tmp/solar-evil.jpg").exists()


def test_a_sparse_member_that_claims_a_huge_size_is_refused(tmp_path):
    member = tarfile.TarInfo("hole")
    member.size = 1 << 40
    (tmp_path / "archive").write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(20_480))
    with pytest.raises(ValueError, match="exceed"):
        unpack(tmp_path / "archive", tmp_path / "out", limit=1e9)


def test_an_encrypted_member_is_refused(tmp_path):
    content = bytearray(zip_of({"a": b"secret"}))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag in both headers
        content[content.index(sign) + place] |= 1
    (tmp_path / "archive").write_bytes(content)
    assert zipfile.is_zipfile(tmp_path / "archive")
    with pytest.raises(ValueError, match="encrypted"):
        unpack(tmp_path / "archive", tmp_path / "out")


@pytest.mark.parametrize("name", ["", "/", "..", "a/..", "/a", "a\\b", "c:x", "a\0b", "./.."])
def test_names_that_would_leave_the_folder_are_refused(name):
    with pytest.raises(ValueError, match="would not stay"):
        safe_name(name)
