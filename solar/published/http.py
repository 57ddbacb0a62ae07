"""One published file over HTTP: mirrors in order, resumed, verified, and put in place in one step."""

import errno
import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from ..files import atomic
from .catalogue import File

TRIES, WAIT, TIMEOUT = (
    5,
    2.0,
    (10, 60),
)  # failures tries a mirror; seconds before the second; to connect, to hear a byte
BUSY = {408, 425, 429, 500, 502, 503, 504}
FATAL = (
    requests.exceptions.SSLError,
    requests.exceptions.TooManyRedirects,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
)
CHUNK = 1 << 16  # bytes: what a break in a transfer loses at most


class MirrorFailed(Exception):
    """This mirror will not give the file; the next one may."""


class TransientError(Exception):
    """A failure that may pass; `after` seconds if the server says."""

    def __init__(self, message: str, after: float = 0):
        super().__init__(message)
        self.after = after


class StalePart(TransientError):
    """What is here does not go with what the server has: from the start again."""


def download(file: File, path: Path, recorded: str = "", progress: bool = True) -> dict:
    """Fetch `file` to `path` and return its record: url, size, sha256. What a kill left in
    `path`.part is gone on with.

    Args:
        recorded: the SHA-256 of an earlier download; other bytes are refused.

    Raises:
        ConnectionError: no mirror gave it; the message has the reason of each.
        OSError: no room on the disk, folder not writable; what has come so far is kept.
    """
    reasons = []
    with requests.Session() as session:
        for url in file.mirrors:
            try:
                _download_with_retries(session, url, file, path, progress)
                return dict(url=url, **_accept(file, path, recorded))
            except MirrorFailed as reason:
                reasons.append(f"{url}: {reason}")
    raise ConnectionError("; ".join(reasons) or "no address of it is known")


def _download_with_retries(session, url: str, file: File, path: Path, progress: bool) -> None:
    """Try until the file is whole; give up after TRIES in a row that brought nothing new."""
    part, farthest, failures = part_of(path), 0, 0
    while True:
        try:
            return _transfer(session, url, file, path, progress)
        except TransientError as failure:
            reached = part.stat().st_size if part.is_file() else 0
            failures = 0 if reached > farthest else failures + 1
            farthest = max(farthest, reached)
            if failures >= TRIES:
                raise MirrorFailed(f"{failure}, {failures} times in a row") from failure
            time.sleep(min(60, max(failure.after, WAIT * 2 ** (failures - 1))))


def part_of(path: Path) -> Path:
    """Where a file lies while it is fetched."""
    return path.with_name(path.name + ".part")


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".part.json")  # whose bytes the part holds


def _read_note(note: Path) -> dict:
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _transfer(session, url: str, file: File, path: Path, progress: bool) -> None:
    """One request, for all that is missing."""
    part, note = part_of(path), _note(path)
    kept = _read_note(note)
    have = part.stat().st_size if part.is_file() and kept.get("url") == url else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": "solar-book (requests)"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if kept.get("version"):
            headers["If-Range"] = kept[
                "version"
            ]  # the rest of the same version, or all of the new one
    try:
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            start, total = _judge(response, file, have, kept.get("total"))
            version = response.headers.get("ETag", response.headers.get("Last-Modified", ""))
            if version.startswith("W/"):
                version = ""
            with atomic(note) as temporary:
                temporary.write_text(json.dumps(dict(url=url, version=version, total=total)))
            _receive(response, part, start, total, path.name, progress)
    except StalePart:
        part.unlink()
        raise
    except FATAL as error:
        raise MirrorFailed(_plainly(error)) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise TransientError(_plainly(error)) from error


def _plainly(error: Exception) -> str:
    words = dict(
        ConnectTimeout="no answer",
        ReadTimeout="it went silent",
        ReadTimeoutError="it went silent",
        ConnectionError="no connection",
        SSLError="its certificate is not valid",
        IncompleteRead="it broke off",
        ProtocolError="it broke off",
        TooManyRedirects="it leads in a circle",
    )
    return words.get(type(error).__name__, type(error).__name__)


def _judge(response, file: File, have: int, before: int | None) -> tuple[int, int | None]:
    """Where the body begins and how long the whole file is (None if the server does not say); or an
    exception.
    """
    hops = [*(r.url for r in response.history), response.url]
    if any(a.startswith("https:") and b.startswith("http:") for a, b in zip(hops, hops[1:])):
        raise MirrorFailed("it leads from https to plain http")
    status, sent = response.status_code, response.headers
    total = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", sent.get("Content-Range", ""))
    if status == 416 and total and int(total[2]) == have:
        return have, have
    if status == 416:
        raise StalePart("it has less than what came before")
    if status in BUSY:
        after = sent.get("Retry-After", "")
        raise TransientError(f"error {status}", float(after) if after.isdigit() else 0)
    if status not in (200, 206):
        raise MirrorFailed(f"error {status}")
    if sent.get("Content-Type", "").startswith("text/html") and not file.path.endswith(".html"):
        raise MirrorFailed("it sent a web page instead of the file")
    if status == 206 and not (
        total and total[1] and int(total[1]) == have and before in (None, int(total[2]))
    ):
        raise StalePart("it does not go on where it broke off")
    length = sent.get("Content-Length", "")
    whole = int(total[2]) if status == 206 else int(length) if length.isdigit() else None
    if file.size is not None and whole not in (None, file.size):
        raise MirrorFailed(f"it has {whole:,} bytes; expected {file.size:,}")
    return (have if status == 206 else 0), whole


def _receive(
    response, part: Path, start: int, total: int | None, name: str, progress: bool
) -> None:
    if total is not None:
        need_room(part.parent, total - start, name)
    with (
        open(part, "ab") as file,
        tqdm(
            total=total,
            initial=start,
            desc=name,
            unit="B",
            unit_scale=True,
            disable=None if progress else True,
        ) as bar,
    ):
        file.truncate(start)
        if response.status_code == 416:  # it is all here already
            return
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            file.write(chunk)
            bar.update(len(chunk))
        file.flush()
        os.fsync(file.fileno())
        have = file.tell()
    if total is not None and have != total:
        raise TransientError(f"it broke off at {have:,} of {total:,} bytes")


def _accept(file: File, path: Path, recorded: str) -> dict:
    """Verify what has come and put it in place."""
    part = part_of(path)
    try:
        found = dict(size=part.stat().st_size, sha256=verify_checksum(file, part, recorded))
    except ValueError as error:
        for leftover in (part, _note(path)):
            leftover.unlink(missing_ok=True)
        raise MirrorFailed(str(error)) from error
    os.replace(part, path)
    _note(path).unlink(missing_ok=True)
    return found


def verify_checksum(file: File, path: Path, recorded: str = "") -> str:
    """The SHA-256 of a file, once it agrees with the manifest and with what an earlier download
    recorded.

    Raises:
        ValueError: it does not.
    """
    algorithm, _, expected = (file.digest or "sha256:").partition(":")
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in {algorithm, "sha256"}}
    with open(path, "rb") as content:
        while chunk := content.read(CHUNK):
            for digest in sums.values():
                digest.update(chunk)
    found = {name: digest.hexdigest() for name, digest in sums.items()}
    if file.size not in (None, path.stat().st_size):
        raise ValueError(f"{path.stat().st_size:,} bytes; the published file has {file.size:,}")
    if expected and found[algorithm] != expected:
        raise ValueError(
            f"not the published bytes ({algorithm} {found[algorithm][:12]}..., not {expected[:12]}...)"
        )
    if recorded and found["sha256"] != recorded:
        raise ValueError(
            f"not the bytes that came the first time (sha256 {found['sha256'][:12]}..., then {recorded[:12]}...): "
            f"somebody changed the file; if you trust the change, take its lines out of sources.json and fetch again"
        )
    return found["sha256"]


def need_room(folder: Path, size: float, name: str) -> None:
    """Raise OSError unless the disk of `folder` has `size` bytes to spare."""
    free = shutil.disk_usage(folder).free
    if size > free:
        message = f"{name} needs {size / 1e9:.2f} GB and the disk of {folder} has {free / 1e9:.2f} GB left"
        raise OSError(
            errno.ENOSPC, f"{message}: make room, or move SOLAR_HOME (or --root) to a larger disk"
        )
