"""Which files are images: suffixes, and all images in a folder.

Book: chapter 10 (one million distractors).
"""

import importlib.util
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ..files import in_one_line

# AVIF: from Pillow 11.3, where it was built with it
HAS_AVIF = importlib.util.find_spec("PIL._avif") is not None

# endings of files that are read as images, in small letters
SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".mpo",
    ".png",
    ".webp",
    ".bmp",
    ".dib",
    ".gif",
    ".tif",
    ".tiff",
    ".jp2",
    ".ppm",
    ".pgm",
    ".pbm",
    ".pnm",
    ".tga",
    *([".avif"] if HAS_AVIF else []),
)
# images too, but nothing here decodes them: of phones, of cameras (raw), with a high range
UNREADABLE_SUFFIXES = (
    *([] if HAS_AVIF else [".avif"]),
    ".heic",
    ".heif",
    ".hif",
    ".jxl",
    ".svg",
    ".dng",
    ".cr2",
    ".cr3",
    ".nef",
    ".arw",
    ".orf",
    ".raf",
    ".rw2",
    ".exr",
    ".hdr",
)

# what macOS leaves beside the files of others: no images, whatever their names say
LITTER_FOLDER = "__MACOSX"
LITTER_FILE = ".DS_Store"
LITTER_START = "._"

# what is left out, beside suffixes
LITTER = "macOS litter"
NO_SUFFIX = "without a suffix"
SEEN_BEFORE = "linked folders seen before"
CLOSED = "folders that cannot be opened"
NO_FILE = "neither files nor folders"


def is_litter(name: str) -> bool:
    """Return whether a file or folder is one of those that macOS adds to disks and archives.

    Example:
        >>> is_litter("._a.jpg"), is_litter("a.jpg")
        (True, False)
    """
    return name in (LITTER_FOLDER, LITTER_FILE) or name.startswith(LITTER_START)


def find_images(folder: str | Path) -> tuple[list[Path], Counter[str]]:
    """Find all images in a folder and below it, and count what is left out.

    Links are followed. Each folder is entered once, by its own name rather than by a link, so that
    links in a circle come to an end.

    Args:
        folder: the folder.

    Returns:
        paths: the images, by suffix, as `folder` / name, in the order of their names.
        left_out: how many files are no images that can be read, by suffix (in small letters), and
            how many other things were passed over; `words_of` writes it as a line.

    Raises:
        FileNotFoundError: no such folder.
        NotADirectoryError: it is a file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("b.JPG", "a.tif", "phone.heic"):
        ...         Path(folder, name).touch()
        ...     paths, left_out = find_images(folder)
        >>> [path.name for path in paths], dict(left_out)
        (['a.tif', 'b.JPG'], {'.heic': 1})
    """
    folder = Path(folder)
    os.scandir(folder).close()  # raises if there is no such folder
    names: list[str] = []
    left_out: Counter[str] = Counter()
    entered: set[tuple[int, int]] = set()
    folders = [""]  # to enter, relative to `folder`
    links: list[str] = []  # the same, by a link: when no folder is left
    while folders or links:
        inside = folders.pop() if folders else links.pop(0)

        # once each; the disk's number of a folder is the same by whatever name
        try:
            facts = (folder / inside).stat()
            with os.scandir(folder / inside) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
        except PermissionError:
            left_out[CLOSED] += 1
            continue
        number = (facts.st_dev, facts.st_ino)
        if number in entered:
            left_out[SEEN_BEFORE] += 1
            continue
        entered.add(number)

        # folders to enter later, images, and all the rest
        for entry in here:
            name = os.path.join(inside, entry.name)  # noqa: PTH118 (a million times)
            kind = _kind_of(entry)
            if kind == "folder":
                (links if entry.is_symlink() else folders).append(name)
            elif kind == "image":
                names.append(name)
            else:
                left_out[kind] += 1
    return [folder / name for name in sorted(names)], left_out


def _kind_of(entry: os.DirEntry) -> str:
    """Return 'folder', 'image', or the word by which `left_out` counts it."""
    if is_litter(entry.name):
        return LITTER
    # a link that leads nowhere (or in a circle) is told by its name; reading it says what is wrong
    try:
        if entry.is_dir():
            return "folder"
        is_file = entry.is_file() or not Path(entry.path).exists()
    except OSError:
        is_file = True
    if not is_file:
        return NO_FILE  # a pipe, for instance, which one could wait for in vain
    suffix = Path(entry.name).suffix.lower()
    if suffix in SUFFIXES:
        return "image"
    return suffix or NO_SUFFIX


def words_of(left_out: Mapping[str, int], most: int = 6) -> str:
    """Return what `find_images` left out as one line, images that cannot be read first.

    Args:
        left_out: kind -> count.
        most: how many kinds are named, beside images that cannot be read.

    Example:
        >>> words_of({".txt": 2, ".heic": 3})
        '3 .heic (not readable here: convert to JPEG or PNG), 2 .txt'
    """
    # the reader's own photographs first, then what there is most of
    unreadable = sorted(kind for kind in left_out if kind in UNREADABLE_SUFFIXES)
    others = sorted(left_out.keys() - set(unreadable), key=lambda kind: (-left_out[kind], kind))
    hint = "(not readable here: convert to JPEG or PNG)"
    parts = [f"{left_out[kind]} {kind} {hint}" for kind in unreadable]
    parts += [f"{left_out[kind]} {in_one_line(kind, 30)}" for kind in others[:most]]
    if len(others) > most:
        parts.append(f"{sum(left_out[kind] for kind in others[most:])} others")
    return ", ".join(parts)
