"""Entries of the manifest on disk: what is there, what is missing, fetching and unpacking it, one
process at a time.
"""

import errno
import json
import sys
from contextlib import contextmanager
from pathlib import Path

import filelock

from ..files import atomic
from .archives import unpack
from .catalogue import Entry, File
from .http import download, need_room, part_of, verify_checksum

RECORD = "sources.json"  # beside the files: where each came from, its size and SHA-256
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def record_of(folder: Path) -> dict:
    """What was fetched into a folder: file or archive -> url, size, sha256, and `unpacked` for
    archives.

    Raises:
        ValueError: the record is damaged.
    """
    path = folder / RECORD
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise ValueError(
            f"{path}: damaged ({error}); delete it, and files are verified and recorded anew"
        ) from error


def _remember(folder: Path, name: str, **facts) -> None:
    record = record_of(folder)
    record[name] = record.get(name, {}) | facts
    with atomic(folder / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")


def file_states(entry: Entry, root: str | Path | None = None) -> list[tuple[list[File], str]]:
    """Each file, or the parts of each archive, of an entry, with a state: 'here', 'begun' or
    'absent'.

    An archive is here when its contents are: as recorded, or, if none was ever unpacked, because
        they were put there
    by hand (the entry's `proof`).
    """
    folder = entry.place(root)
    record = record_of(folder)
    ours = any(
        file.archive in record or (folder / file.path).is_file()
        for file in entry.files
        if file.archive
    )
    by_hand = bool(entry.proof) and not ours and next(folder.glob(entry.proof), None) is not None
    return [(group, _state(group, folder, record, by_hand)) for group in entry.groups()]


def _state(group: list[File], folder: Path, record: dict, by_hand: bool) -> str:
    first = group[0]
    begun = any(
        path.is_file()
        for file in group
        for path in (folder / file.path, part_of(folder / file.path))
    )
    if first.archive:
        if by_hand or "unpacked" in record.get(first.archive, {}):
            return "here"
        return "begun" if begun else "absent"
    path, size = folder / first.path, record.get(first.path, {}).get("size", first.size)
    if path.is_file() and size in (None, path.stat().st_size):
        return "here"
    return "begun" if begun else "absent"


def fetch(
    entry: Entry, root: str | Path | None = None, offline: bool = False, progress: bool = True
) -> Path:
    """Fetch and unpack what is missing of an entry, keep what is there, and return its folder.

    An archive is deleted once its contents are complete. One process at a time works on a folder,
    others wait.

    Args:
        root: folder that holds dataset folders (`$SOLAR_HOME/data` if None); weights and
            descriptors lie in SOLAR_HOME.
        offline: fetch nothing; unpack and check what was put there by hand.

    Raises:
        FileNotFoundError, ConnectionError: a file is not to be had; says what to do by hand and
            where to put it.
        ValueError: a file that is not the published one, a hostile or broken archive.
        OSError: no room on the disk, folder not writable.
    """
    folder = entry.place(root)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        todo = [(group, state) for group, state in file_states(entry, root) if state != "here"]
        if (
            not offline
            and len(todo) == len(entry.groups())
            and all(state == "absent" for _, state in todo)
        ):
            need_room(folder, entry.gigabytes * 1e9, entry.name)
        for group, _ in todo:
            for file in group:
                _bring(entry, file, folder, offline, progress)
            if group[0].archive:
                _open(entry, group, folder)
        for file in entry.files:  # archives that are unpacked; also those that a kill left here
            if "unpacked" in record_of(folder).get(file.archive, {}):
                (folder / file.path).unlink(missing_ok=True)
    return folder


def _bring(entry: Entry, file: File, folder: Path, offline: bool, progress: bool) -> None:
    path, record = folder / file.path, record_of(folder).get(file.path, {})
    recorded = record.get("sha256", "")
    if path.is_file():
        if record.get("size") == path.stat().st_size:
            return
        try:
            _remember(
                folder,
                file.path,
                url="put here by hand",
                size=path.stat().st_size,
                sha256=verify_checksum(file, path, recorded),
            )
        except ValueError as error:
            raise ValueError(f"{path}: {error}; move it away to fetch it anew") from error
        return
    by_hand = (
        f"by hand: take it from {entry.by_hand}, put it at {path}, and run the same command again"
    )
    if offline:
        raise FileNotFoundError(
            f"{file.path}: not here, and nothing is fetched with --offline; {by_hand}"
        )
    try:
        _remember(folder, file.path, **download(file, path, recorded, progress))
    except ConnectionError as error:
        raise ConnectionError(f"{file.path}: could not be fetched ({error}); {by_hand}") from error
    except OSError as error:
        if error.errno in FULL:
            message = f"{error.strerror or error}; what has come of {file.path} is kept, the same command goes on"
            raise OSError(error.errno, message) from error
        raise


def _open(entry: Entry, group: list[File], folder: Path) -> None:
    paths, first = [folder / file.path for file in group], group[0]
    size = sum(path.stat().st_size for path in paths)
    need_room(folder, size, f"unpacking {first.archive}")
    _remember(folder, first.archive, begun=True)
    count = unpack(
        paths, folder / first.into, first.keep, limit=max(1e8, 2 * entry.gigabytes * 1e9, 4 * size)
    )
    _remember(folder, first.archive, unpacked=count)


@contextmanager
def _alone(folder: Path):
    """Hold the folder's lock; it falls when the process ends, however it ends."""
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
