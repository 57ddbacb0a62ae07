"""Checks around a download: is there room for it, and are the bytes the published ones?

Book: chapter 13 (the published models).
"""

import errno
import hashlib
import shutil
from pathlib import Path

from .catalogue import File

CHUNK = 1 << 16  # bytes read at once


def verify_checksum(file: File, path: Path, recorded: str = "") -> str:
    """Return the SHA-256 of a file if its bytes are the expected ones.

    Args:
        file: size and checksum, where the catalogue knows them.
        path: the file on disk.
        recorded: SHA-256 of an earlier download; '' if there is none.

    Raises:
        ValueError: the bytes are not those of the catalogue, or not those of the earlier download.

    Example:
        >>> import os
        >>> verify_checksum(File("empty", mirrors=()), Path(os.devnull))[:12]
        'e3b0c44298fc'
    """
    # read once, for SHA-256 and for the algorithm of the catalogue (MD5 for some old files)
    algorithm, _, expected = (file.digest or "sha256:").partition(":")
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in {algorithm, "sha256"}}
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            for one in hashes.values():
                one.update(chunk)
    digests = {name: one.hexdigest() for name, one in hashes.items()}

    size = path.stat().st_size
    if file.size not in (None, size):
        raise ValueError(f"{size:,} bytes; the published file has {file.size:,}")
    if expected and digests[algorithm] != expected:
        raise ValueError(
            f"not the published bytes ({algorithm} {digests[algorithm][:12]}..., "
            f"not {expected[:12]}...)"
        )
    if recorded and digests["sha256"] != recorded:
        raise ValueError(
            f"not the bytes that came the first time (sha256 {digests['sha256'][:12]}..., "
            f"then {recorded[:12]}...): somebody changed the file; if you trust the change, take "
            f"its lines out of sources.json and fetch again"
        )
    return digests["sha256"]


def need_room(folder: Path, size: float, name: str) -> None:
    """Raise OSError unless the disk of a folder has room.

    Args:
        folder: an existing folder.
        size: bytes that are needed.
        name: what needs them, for the message.
    """
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OSError(
            errno.ENOSPC,
            f"{name} needs {size / 1e9:.2f} GB and the disk of {folder} has {free / 1e9:.2f} GB "
            f"left: make room, or move SOLAR_HOME (or --root) to a larger disk",
        )
