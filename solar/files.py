"""Where data live, and files that are never half-written or misread.

1. `home`: the folder of everything that is made or downloaded
2. `atomic`: writing a file whole or not at all; `check_output`: never over an input
3. `sha256`: checksums
4. `load_pickle`: reading pickles of plain data without running anything in them
"""

import hashlib
import os
import pickle
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

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
    # in the same folder: only within one file system is the replacement a single step
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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


# ---- 4. pickles of plain data
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
