"""Where data live, and files that are never half-written or misread.

1. `home`: the folder of everything that is made or downloaded
2. `atomic`: writing a file whole or not at all; `check_output`: never over an input
3. `sha256`: checksums
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from .text import in_one_line

# ---- 1. the folder of data


def home() -> Path:
    """Return the folder of everything that is made or downloaded.

    It is `$SOLAR_HOME` if that is set, else the platform's folder for caches.

    Example:
        >>> home().is_absolute()
        True
    """
    chosen = os.environ.get("SOLAR_HOME")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_cache_path("solar")


# ---- 2. writing


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which replaces `path` on success and goes on failure.

    So a reader sees the old file or the new one, never half of it, whatever interrupts the writer.
    Missing folders are made.

    Args:
        path: the file to write.

    Raises:
        OSError: the folder cannot be made or written to.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic(Path(folder) / "new" / "notes.txt") as temporary:
        ...         _ = temporary.write_text("whole")
        ...     print((Path(folder) / "new" / "notes.txt").read_text())
        whole
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # in the same folder: only within one file system is the replacement a single step; and short,
    # for the file's own name may be as long as the disk allows
    short = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]
    temporary = path.with_name(f".{os.getpid()}-{short}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_output(output: str | Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output that would take the place of one of the files it is made from.

    The disk tells, not the names: another spelling, a link to a file and a second name of it (a
    hard link) are the same file.

    Args:
        output: the file to write.
        inputs: the files that are read; what is no file on the disk is passed over.

    Raises:
        ValueError: `output` is one of `inputs`, or a folder.

    Example:
        >>> check_output("matches.png", ["a.jpg", "mini-solar"])
    """
    output = Path(output)
    if output.is_dir():
        raise ValueError(
            f"{in_one_line(output, 300)}: a folder; expected the name of a file to write"
        )
    for path in map(Path, inputs):
        if output.exists() and path.exists() and output.samefile(path):
            raise ValueError(
                f"{in_one_line(output, 300)}: is the input {in_one_line(path, 300)} itself; choose "
                f"another name for the output"
            )


# ---- 3. checksums


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Example:
        >>> sha256(os.devnull)[:12]
        'e3b0c44298fc'
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
