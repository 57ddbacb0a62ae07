"""Where data live, and files that are never half-written or misread.

1. `home`: the folder of everything that is made or downloaded
2. `atomic`: writing a file whole or not at all; `check_output`: never over an input
3. `sha256`: checksums
4. `in_one_line`: what messages quote
5. `read_lines`: lists of names
6. `load_pickle`: reading pickles of plain data without running anything in them
"""

import codecs
import hashlib
import os
import pickle
import reprlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import platformdirs

# how a text file begins -> its encoding; UTF-32's mark begins as UTF-16's does
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

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
        raise ValueError(f"{output}: a folder; expected the name of a file to write")
    for path in map(Path, inputs):
        if output.exists() and path.exists() and output.samefile(path):
            raise ValueError(
                f"{output}: is the input {path} itself; choose another name for the output"
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


# ---- 4. messages


def in_one_line(words: object, most: int = 60) -> str:
    r"""Return words of strangers as one line of printable letters, for a message.

    Args:
        words: a text or a path; of anything else the beginning of its repr.
        most: letters that are quoted at most; the middle of a longer text is left away.

    Example:
        >>> in_one_line("two\nlines, with \u2028")
        'two\\nlines, with \\u2028'
        >>> in_one_line("x" * 1000, 12)
        'xxxx...xxxxx'
        >>> in_one_line([0] * 1000)
        '[0, 0, 0, 0, 0, 0, ...]'
    """
    # not the whole repr, which could be larger than memory
    text = str(words) if isinstance(words, str | PurePath) else reprlib.repr(words)
    if len(text) > most:
        left = most - 3
        text = f"{text[: left // 2]}...{text[len(text) - (left - left // 2) :]}"
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


# ---- 5. lists of names


def read_lines(path: str | Path) -> list[str]:
    r"""Read the lines of a text file that are not blank, whatever editor wrote it.

    The encoding is UTF-8 with or without a byte-order mark, or UTF-16 or UTF-32 with one. Bytes
    that are not UTF-8 are kept as Python keeps them in names of files (`surrogateescape`), so that
    a list can name any file there is. Lines end with `\n` or `\r\n` alone: names may hold the
    other characters that `str.splitlines` takes for ends.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a text file, or one of another encoding.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "list.txt").write_bytes("\ufeffa.jpg\r\n\r\né.jpg".encode())
        ...     read_lines(Path(folder, "list.txt"))
        ['a.jpg', 'é.jpg']
    """
    content = Path(path).read_bytes()
    try:
        for mark, encoding in BYTE_ORDER_MARKS.items():
            if content.startswith(mark):
                text = content.decode(encoding)
                break
        else:
            text = content.decode("utf-8", "surrogateescape")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{in_one_line(path, 300)}: it begins as {encoding}, and is not ({error.reason}); save "
            f"it as UTF-8"
        ) from None
    if "\0" in text:
        raise ValueError(
            f"{in_one_line(path, 300)}: not a text file, or UTF-16 without its byte-order mark; "
            f"expected one name per line, in UTF-8"
        )
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line for line in lines if line.strip()]


# ---- 6. pickles of plain data
#
# A pickle is a small program: it names functions and classes, and Python calls them. Published
# ground truths are pickles, so we read them with a list of the few names that plain data need.
# For numpy's, which would believe what the file says, there are stand-ins that check it.


class _PlainDtype:
    """Stand in for `numpy.dtype`: numbers and strings only.

    What a pickle says about the inside of a dtype is ignored. numpy would believe it: a file could
    enlarge an element, and so read memory that does not belong to the array.
    """

    def __init__(self, code, *_):
        self.dtype = np.dtype(code if isinstance(code, str) else "O")
        is_plain = self.dtype.kind in "biufcSU"
        if not is_plain or self.dtype.fields or self.dtype.subdtype:
            raise pickle.UnpicklingError(f"it has an array of {code!r}, not of numbers or strings")

    def __setstate__(self, state):
        byte_order = state[1]
        if byte_order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(byte_order)


class _PlainArray(np.ndarray):
    """Stand in for `numpy.ndarray`: filled from bytes, whose number has to fit the shape."""

    def __setstate__(self, state):
        _, shape, dtype, columns_first, content = state
        super().__setstate__((1, shape, dtype.dtype, bool(columns_first), bytes(content)))


def _reconstruct(*_):
    """Stand in for numpy's function that makes an empty array, to be filled by its state."""
    return _PlainArray((0,))


def _scalar(dtype, content):
    """Stand in for numpy's function that makes one number from its bytes."""
    return np.frombuffer(content, dtype.dtype, 1)[0]


def _frombuffer(content, dtype, shape, order):
    """Stand in for numpy's function that makes an array from its bytes."""
    return np.frombuffer(content, dtype.dtype).reshape(shape, order=order)


# name in a pickle -> what it gets; numpy 1 writes `numpy.core`, numpy 2 `numpy._core`
PLAIN_NUMPY = {
    "numpy.ndarray": _PlainArray,
    "numpy.dtype": _PlainDtype,
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _frombuffer,
    "numpy._core.numeric._frombuffer": _frombuffer,
}
# Python 2 wrote `__builtin__`
_PLAIN_BUILTINS = {
    "builtins.set": set,
    "builtins.frozenset": frozenset,
    "__builtin__.set": set,
    "__builtin__.frozenset": frozenset,
}
_ALLOWED = PLAIN_NUMPY | _PLAIN_BUILTINS


class _PlainUnpickler(pickle.Unpickler):
    """An unpickler that knows the allowed names and refuses all others."""

    def find_class(self, module, name):
        try:
            return _ALLOWED[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def load_pickle(path: str | Path) -> Any:
    """Read a pickle of plain containers, numbers, strings and numpy arrays.

    Anything else is refused and not run.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a pickle, cut off, or asking for anything beyond plain data.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "gnd.pkl"
        ...     _ = path.write_bytes(pickle.dumps({"easy": np.array([3, 5])}))
        ...     load_pickle(path)["easy"].tolist()
        [3, 5]
    """
    try:
        with Path(path).open("rb") as file:
            return _PlainUnpickler(file).load()
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged pickle can raise almost anything
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path}: not a plain data pickle ({reason}); fetch the file again from a trusted place"
        ) from error
