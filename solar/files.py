"""Files that nobody can half-write or misread: where data live, atomic writing, checksums, pickles
that run nothing.
"""

import hashlib
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import platformdirs


def home() -> Path:
    """Folder of everything that is made or downloaded: $SOLAR_HOME, else the platform's cache
    folder.
    """
    chosen = os.environ.get("SOLAR_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("solar")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the place of `path` on success and vanishes on
    failure.

    Folders that are not there yet are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _PlainDtype:
    """Stands in for numpy.dtype in a pickle: numbers and strings only, and what a pickle says of
    its inside is not believed (numpy's own would let a pickle change an element's size, and so read
    memory that is not the array's).
    """

    def __init__(self, text, *_):
        self.dtype = np.dtype(text if isinstance(text, str) else "O")
        if self.dtype.kind not in "biufcSU" or self.dtype.fields or self.dtype.subdtype:
            raise pickle.UnpicklingError(f"it has an array of {text!r}, not of numbers or strings")

    def __setstate__(self, state):
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _PlainArray(np.ndarray):
    """Stands in for numpy.ndarray in a pickle; filled from bytes, whose number has to fit."""

    def __setstate__(self, state):
        _, shape, dtype, columns_first, content = state
        super().__setstate__((1, shape, dtype.dtype, bool(columns_first), bytes(content)))


def _reconstruct(*_):
    return _PlainArray((0,))


def _scalar(dtype, content):
    return np.frombuffer(content, dtype.dtype, 1)[0]


def _frombuffer(content, dtype, shape, order):
    return np.frombuffer(content, dtype.dtype).reshape(shape, order=order)


# what a pickled array or scalar asks for, by numpy 1 and by numpy 2, and what it gets
PLAIN_NUMPY = {
    "numpy.ndarray": _PlainArray,
    "numpy.dtype": _PlainDtype,
    **{f"numpy.{core}.multiarray._reconstruct": _reconstruct for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _frombuffer for core in ("core", "_core")},
}
_ALLOWED = PLAIN_NUMPY | {
    f"{place}.{kind.__name__}": kind
    for place in ("builtins", "__builtin__")
    for kind in (set, frozenset)
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return _ALLOWED[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def load_pickle(path: str | Path):
    """Read a pickle of plain containers, numbers, strings and numpy arrays; anything else is
    refused, and not run.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a pickle, cut off, or asking for anything beyond plain data.
    """
    try:
        with open(path, "rb") as file:
            return _PlainUnpickler(file).load()
    except FileNotFoundError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        message = (
            f"{path}: not a plain data pickle ({reason}); fetch the file again from a trusted place"
        )
        raise ValueError(message) from error
