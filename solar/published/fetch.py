"""Entries of the catalogue on disk: what is there, what is missing; download and unpack it.

Beside the files, `sources.json` records where each came from. One process at a time works on a
folder, others wait.

Book: chapter 13 (the published models).
"""

import errno
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..files import atomic
from .archives import unpack
from .catalogue import Entry, File
from .http import download, part_of
from .verify import need_room, verify_checksum

RECORD = "sources.json"  # where each file came from, its size and SHA-256
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def record_of(folder: Path) -> dict:
    """Return what was fetched into a folder.

    Returns:
        file or archive -> its facts: url, size and sha256 of files, `unpacked` of archives (number
        of files).

    Raises:
        ValueError: the record is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path}: damaged ({error}); delete it, and files are verified and recorded anew"
        ) from error


def _add_to_record(folder: Path, name: str, **facts) -> None:
    """Add facts about a file or archive to the record of its folder."""
    record = record_of(folder)
    record[name] = record.get(name, {}) | facts
    with atomic(folder / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")


def file_states(entry: Entry, root: str | Path | None = None) -> list[tuple[list[File], str]]:
    """Return what is on disk of an entry.

    An archive is here when its contents are: they were unpacked, as the record says, or, if none
    of the entry's archives ever came here, they were put there by hand (the entry's `proof`).

    Args:
        entry: an entry of the catalogue.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.

    Returns:
        (files, state) for each file, or for the parts of each archive together; the state is
        'here', 'begun' or 'absent'.
    """
    folder = entry.place(root)
    record = record_of(folder)

    # contents without an archive or a record of one: somebody put them there
    archives = [file for file in entry.files if file.archive]
    came_here = any(file.archive in record or (folder / file.path).is_file() for file in archives)
    has_contents = bool(entry.proof) and next(folder.glob(entry.proof), None) is not None
    by_hand = has_contents and not came_here
    return [(group, _state_of(group, folder, record, by_hand)) for group in entry.groups()]


def _state_of(group: list[File], folder: Path, record: dict, by_hand: bool) -> str:
    """Return 'here', 'begun' or 'absent' for one file or the parts of one archive."""
    first = group[0]
    if first.archive:
        is_here = by_hand or "unpacked" in record.get(first.archive, {})
    else:
        # a file is here if its size is the recorded, else the published one, where one is known
        path = folder / first.path
        size = record.get(first.path, {}).get("size", first.size)
        is_here = path.is_file() and size in (None, path.stat().st_size)
    if is_here:
        return "here"

    paths = [folder / file.path for file in group]
    has_begun = any(path.is_file() or part_of(path).is_file() for path in paths)
    return "begun" if has_begun else "absent"


def fetch(
    entry: Entry, root: str | Path | None = None, offline: bool = False, progress: bool = True
) -> Path:
    """Download and unpack what is missing of an entry, and return its folder.

    What is there is kept. An archive is deleted once its contents are complete.

    Args:
        entry: an entry of the catalogue, `ENTRIES[name]`.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None. Weights and
            descriptors lie in `$SOLAR_HOME`.
        offline: download nothing; unpack and verify what was put there by hand.
        progress: show progress bars.

    Raises:
        FileNotFoundError, ConnectionError: a file could not be downloaded; says what to do by hand
            and where to put it.
        ValueError: a file that is not the published one, a hostile or broken archive.
        OSError: no room on the disk, folder not writable.
    """
    folder = entry.place(root)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        states = file_states(entry, root)
        missing = [group for group, state in states if state != "here"]

        # before the first byte: is there room for all of it?
        nothing_here = all(state == "absent" for _, state in states)
        if nothing_here and not offline:
            need_room(folder, entry.gigabytes * 1e9, entry.name)

        # file by file, archive by archive
        for group in missing:
            for file in group:
                _fetch_file(entry, file, folder, offline, progress)
            if group[0].archive:
                _unpack_group(entry, group, folder)

        # delete unpacked archives, also those that a kill left here
        record = record_of(folder)
        for file in entry.files:
            if "unpacked" in record.get(file.archive, {}):
                (folder / file.path).unlink(missing_ok=True)
    return folder


def _fetch_file(entry: Entry, file: File, folder: Path, offline: bool, progress: bool) -> None:
    """Download one file and record it; one that lies there is verified and recorded instead."""
    path = folder / file.path
    record = record_of(folder).get(file.path, {})
    recorded = record.get("sha256", "")
    if path.is_file():
        if record.get("size") != path.stat().st_size:
            _accept_by_hand(file, folder, recorded)
        return

    by_hand = (
        f"by hand: take it from {entry.by_hand}, put it at {path}, and run the same command again"
    )
    if offline:
        raise FileNotFoundError(
            f"{file.path}: not here, and nothing is fetched with --offline; {by_hand}"
        )
    try:
        facts = download(file, path, recorded, progress)
        _add_to_record(folder, file.path, **facts)
    except ConnectionError as error:
        raise ConnectionError(f"{file.path}: could not be fetched ({error}); {by_hand}") from error
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise OSError(
            error.errno,
            f"{error.strerror or error}; what has come of {file.path} is kept, the same command "
            f"goes on",
        ) from error


def _accept_by_hand(file: File, folder: Path, recorded: str) -> None:
    """Verify and record a file that somebody put in its place."""
    path = folder / file.path
    try:
        digest = verify_checksum(file, path, recorded)
    except ValueError as error:
        raise ValueError(f"{path}: {error}; move it away to fetch it anew") from error
    size = path.stat().st_size
    _add_to_record(folder, file.path, url="put here by hand", size=size, sha256=digest)


def _unpack_group(entry: Entry, group: list[File], folder: Path) -> None:
    """Unpack the parts of one archive and record how many files came out."""
    first = group[0]
    paths = [folder / file.path for file in group]
    size = sum(path.stat().st_size for path in paths)
    need_room(folder, size, f"unpacking {first.archive}")

    # contents far larger than announced are a trap that fills the disk
    limit = max(1e8, 2 * entry.gigabytes * 1e9, 4 * size)
    _add_to_record(folder, first.archive, begun=True)
    count = unpack(paths, folder / first.into, first.keep, limit)
    _add_to_record(folder, first.archive, unpacked=count)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system frees when the process ends, however it ends."""
    import filelock

    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        print(f"solar: another process is fetching into {folder}; waiting for it", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
