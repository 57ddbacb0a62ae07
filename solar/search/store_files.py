"""The files of a store, and how they are read and written: names, settings, states, numbers.

Book: chapter 10 (one million distractors).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

# what `rows.state` tells, one byte per row, while a store is being made (see `extract`)
STATES = "rows.state"
TODO = 0
DONE = 1
SKIPPED = 2  # its image could not be read
# settings that the meta of older stores does not tell, and what they were
OLDER_SETTINGS = {"upright": False, "whitening": None}


def empty_rows(
    path: Path, shape: tuple[int, int], dtype: np.dtype | type = np.float32
) -> np.ndarray:
    """Make a `.npy` of zeros, mapped for writing.

    On most file systems it takes no space until it is filled.
    """
    if shape[0]:
        return np.lib.format.open_memmap(path, "w+", dtype, shape)
    # a file without any numbers cannot be mapped
    with path.open("wb") as file:
        np.save(file, np.zeros(shape, dtype))
    return np.zeros(shape, dtype)


def line_of(name: str) -> str:
    r"""Return the line that stands for a name in `names.txt` and `skipped.txt`.

    It is the name, or, of a name that would be no line of UTF-8, a JSON string. A name may hold
    whatever a disk accepts: line breaks, and bytes that are no UTF-8.

    Example:
        >>> print(line_of("a.jpg"), line_of("two\nlines.jpg"))
        a.jpg "two\nlines.jpg"
    """
    is_line = not name.startswith('"') and "\n" not in name and "\r" not in name
    is_text = not any(
        "\ud800" <= letter <= "\udfff" for letter in name
    )  # else a byte, not a letter
    return name if is_line and is_text else json.dumps(name)


def name_of_line(line: str) -> str:
    """Return the name that a line stands for; the reverse of `line_of`.

    Example:
        >>> name_of_line("a.jpg"), name_of_line('"b.jpg"')
        ('a.jpg', 'b.jpg')
    """
    if not line.startswith('"'):
        return line
    # an older store may have a name that begins so
    try:
        name = json.loads(line)
    except ValueError:
        return line
    return name if isinstance(name, str) else line


def write_names(path: Path, names: Sequence[str]) -> None:
    """Write a list of names, one per line."""
    text = "".join(f"{line_of(name)}\n" for name in names)
    path.write_bytes(text.encode())  # as bytes: on no system does \n become \r\n


def read_names(path: Path) -> list[str]:
    """Return the names in a list on disk."""
    return names_in(path.read_bytes())


def names_in(listing: bytes) -> list[str]:
    """Return the names in the content of a list.

    Lines end with a newline only; other separators of lines may be part of a name.
    """
    # an older store may have been written in another encoding, or with \r\n
    text = listing.decode("utf-8", "surrogateescape")
    lines = text.removesuffix("\n").split("\n") if text else []
    return [name_of_line(line.removesuffix("\r")) for line in lines]


def write_meta(path: Path, meta: dict[str, Any]) -> None:
    """Write how the descriptors of a store were made."""
    path.write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


def read_meta(path: Path) -> dict[str, Any]:
    """Return how the descriptors of the store in a folder were made."""
    return json.loads((path / "meta.json").read_text(encoding="utf-8"))


def rows_to_do(path: Path) -> int:
    """Return how many rows of an unfinished store are still to be described."""
    try:
        states = np.load(path / STATES)
    except FileNotFoundError:  # finished
        return 0
    return int((states == TODO).sum())
