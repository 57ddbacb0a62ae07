"""Download one published file over HTTP: mirrors in order, retries, resume.

The bytes go to `<path>.part`. Beside it, `<path>.part.json` notes from which address and version
they came, so that an interrupted download is resumed, and bytes of two mirrors or two versions are
never joined. Only a file whose checksum is right takes its place.

Book: chapter 13 (the published models).
"""

import json
import os
import re
import time
from itertools import pairwise
from pathlib import Path

from ..files import atomic
from .catalogue import File
from .verify import need_room, verify_checksum

MAX_FAILURES = 5  # failures in a row, without a new byte, after which the next mirror is asked
WAIT = 2.0  # seconds before the second attempt, doubled before each further one
MAX_WAIT = 60.0  # seconds
TIMEOUT = (10, 60)  # seconds: connect timeout, read timeout
CHUNK = 1 << 16  # bytes: what an interruption of a transfer loses at most
BUSY = {408, 425, 429, 500, 502, 503, 504}  # statuses of servers that may answer later

# errors of requests and urllib3 by name, in words
WORDS = {
    "ConnectTimeout": "no answer",
    "ReadTimeout": "it went silent",
    "ReadTimeoutError": "it went silent",
    "ConnectionError": "no connection",
    "SSLError": "its certificate is not valid",
    "IncompleteRead": "it broke off",
    "ProtocolError": "it broke off",
    "TooManyRedirects": "it leads in a circle",
}


class MirrorFailed(Exception):
    """This mirror will not give the file; the next one may."""


class TransientError(Exception):
    """A failure that may pass.

    Attributes:
        after: seconds to wait before the next attempt, if the server says; else 0.
    """

    def __init__(self, message: str, after: float = 0):
        super().__init__(message)
        self.after = after


class StalePart(TransientError):
    """The bytes that are here are not the beginning of what the server has: start again."""


def download(
    file: File, path: Path, recorded: str = "", progress: bool = True, wait: float | None = None
) -> dict:
    """Download a file and return its record; an interrupted download is resumed.

    Args:
        file: addresses, and checksum and size where they are known.
        path: where the file goes.
        recorded: SHA-256 of an earlier download; other bytes are refused.
        progress: show a progress bar.
        wait: seconds before the second attempt, doubled before each further one; `WAIT` if None.

    Returns:
        url (of the mirror that gave it), size (in bytes) and sha256.

    Raises:
        ConnectionError: no mirror gave it; the message has the reason of each.
        OSError: no room on the disk, folder not writable; what has come so far is kept.
    """
    import requests

    if wait is None:
        wait = WAIT
    reasons = []
    with requests.Session() as session:
        for url in file.mirrors:
            try:
                _download_with_retries(session, url, file, path, progress, wait)
                return dict(url=url, **_accept(file, path, recorded))
            except MirrorFailed as reason:
                reasons.append(f"{url}: {reason}")
    raise ConnectionError("; ".join(reasons) or "no address of it is known")


def _download_with_retries(
    session, url: str, file: File, path: Path, progress: bool, wait: float
) -> None:
    """Ask one mirror until `path`.part is complete, or MAX_FAILURES in a row brought no byte."""
    part = part_of(path)
    farthest = 0  # bytes that the best attempt reached
    failures = 0
    while True:
        try:
            return _transfer(session, url, file, path, progress)
        except TransientError as failure:
            # an attempt that brought new bytes starts the count anew
            reached = _size_of(part)
            failures = 0 if reached > farthest else failures + 1
            farthest = max(farthest, reached)
            if failures >= MAX_FAILURES:
                raise MirrorFailed(f"{failure}, {failures} times in a row") from failure
            pause = max(failure.after, wait * 2 ** (failures - 1))
            time.sleep(min(MAX_WAIT, pause))


def part_of(path: Path) -> Path:
    """Return the path at which a file lies while it is downloaded."""
    return path.with_name(path.name + ".part")


def _note_of(path: Path) -> Path:
    """Return the path of the note that says whose bytes the part holds."""
    return path.with_name(path.name + ".part.json")


def _read_note(note: Path) -> dict:
    """Return url, version and total of the part, or {} if there is no readable note."""
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _size_of(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it is absent."""
    return path.stat().st_size if path.is_file() else 0


def _transfer(session, url: str, file: File, path: Path, progress: bool) -> None:
    """Send one request for all that is missing, and append the answer to the part."""
    from requests.exceptions import (
        InvalidSchema,
        InvalidURL,
        RequestException,
        SSLError,
        TooManyRedirects,
    )
    from urllib3.exceptions import HTTPError

    # 1. ask for the rest if the part came from this address; If-Range asks for the rest of the
    #    same version, or for the whole of a new one
    part = part_of(path)
    note = _note_of(path)
    noted = _read_note(note)
    have = _size_of(part) if noted.get("url") == url else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": "solar-book (requests)"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if noted.get("version"):
            headers["If-Range"] = noted["version"]

    try:
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            # 2. judge the answer by its head, and note whose bytes are coming
            start, total = _check_response(response, file, have, noted.get("total"))
            content = dict(url=url, version=_version_of(response), total=total)
            with atomic(note) as temporary:
                temporary.write_text(json.dumps(content), encoding="utf-8")

            # 3. receive the body
            _receive(response, part, start, total, path.name, progress)
    except StalePart:
        part.unlink()
        raise
    except (InvalidSchema, InvalidURL, SSLError, TooManyRedirects) as error:
        raise MirrorFailed(_in_words(error)) from error  # no further attempt can mend these
    except (RequestException, HTTPError) as error:
        raise TransientError(_in_words(error)) from error


def _in_words(error: Exception) -> str:
    """Return a few words for an error of requests or urllib3."""
    name = type(error).__name__
    return WORDS.get(name, name)


def _version_of(response) -> str:
    """Return what identifies these very bytes: a strong ETag or a date; '' if there is neither."""
    version = response.headers.get("ETag", response.headers.get("Last-Modified", ""))
    return "" if version.startswith("W/") else version


def _check_response(
    response, file: File, have: int, noted_total: int | None
) -> tuple[int, int | None]:
    """Judge an answer by its head.

    Args:
        response: the answer, its body not yet read.
        file: what the catalogue knows of the file.
        have: bytes that are here, and were left out of the request.
        noted_total: size of the whole file as an earlier answer stated it, or None.

    Returns:
        start: where the body begins in the file.  total: size of the whole file in bytes, None if
        the server does not say.

    Raises:
        MirrorFailed, TransientError, StalePart: it is not (the rest of) the file.
    """
    addresses = [*(hop.url for hop in response.history), response.url]
    for before, after in pairwise(addresses):
        if before.startswith("https:") and after.startswith("http:"):
            raise MirrorFailed("it leads from https to plain http")

    # Content-Range is "bytes FIRST-LAST/TOTAL", or "bytes */TOTAL" if the request was beyond it
    status = response.status_code
    headers = response.headers
    answered = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", headers.get("Content-Range", ""))
    if status == 416:
        if answered and int(answered[2]) == have:
            return have, have  # the whole file is here already
        raise StalePart("it has less than what came before")
    _refuse_errors(status, headers, file)

    # 206: the rest of the file. It has to begin where the part ends, and to be of the same file
    if status == 206:
        if not answered or not answered[1]:
            raise StalePart("it does not go on where it broke off")
        first = int(answered[1])
        total = int(answered[2])
        if first != have or noted_total not in (None, total):
            raise StalePart("it does not go on where it broke off")
        _compare_size(total, file)
        return have, total

    # 200: the whole file, from its beginning
    length = headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    _compare_size(total, file)
    return 0, total


def _refuse_errors(status: int, headers, file: File) -> None:
    """Raise unless an answer brings a file: an error may pass or not, or be a page for people."""
    if status in BUSY:
        after = headers.get("Retry-After", "")
        raise TransientError(f"error {status}", float(after) if after.isdigit() else 0)
    if status not in (200, 206):
        raise MirrorFailed(f"error {status}")
    is_page = headers.get("Content-Type", "").startswith("text/html")
    if is_page and not file.path.endswith(".html"):
        raise MirrorFailed("it sent a web page instead of the file")


def _compare_size(total: int | None, file: File) -> None:
    """Raise MirrorFailed if the announced size is not the published one."""
    if total is not None and file.size is not None and total != file.size:
        raise MirrorFailed(f"it has {total:,} bytes; expected {file.size:,}")


def _receive(
    response, part: Path, start: int, total: int | None, name: str, progress: bool
) -> None:
    """Write the body of an answer into the part, from byte `start`."""
    from tqdm import tqdm

    if total is not None:
        need_room(part.parent, total - start, name)
    hidden = None if progress else True
    bar = tqdm(total=total, initial=start, desc=name, unit="B", unit_scale=True, disable=hidden)
    with part.open("ab") as file, bar:
        file.truncate(start)
        if response.status_code == 416:  # nothing is missing
            return
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            file.write(chunk)
            bar.update(len(chunk))
        # on the disk before anything is said about it
        file.flush()
        os.fsync(file.fileno())
        have = file.tell()
    if total is not None and have != total:
        raise TransientError(f"it broke off at {have:,} of {total:,} bytes")


def _accept(file: File, path: Path, recorded: str) -> dict:
    """Verify the part, move it to its place and return its size and SHA-256."""
    part = part_of(path)
    note = _note_of(path)
    try:
        facts = dict(size=part.stat().st_size, sha256=verify_checksum(file, part, recorded))
    except ValueError as error:
        part.unlink(missing_ok=True)
        note.unlink(missing_ok=True)
        raise MirrorFailed(str(error)) from error
    part.replace(path)
    note.unlink(missing_ok=True)
    return facts
