"""Files that nobody can half-write or misread: where data live, atomic writing, checksums, pickles that run nothing."""

import hashlib
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

NUMPY_NAMES = {  # what a pickled numpy array or scalar asks for, by numpy 1 and by numpy 2
    ("numpy", "ndarray"), ("numpy", "dtype"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
}  # fmt: skip
_ALLOWED = NUMPY_NAMES | {("builtins", "set"), ("builtins", "frozenset")}


def home() -> Path:
    """Folder of everything that is made or downloaded: $SOLAR_HOME, else the platform's cache folder."""
    chosen = os.environ.get("SOLAR_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("solar")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it takes the place of `path` on success and vanishes on failure."""
    path = Path(path)
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


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def load_pickle(path: str | Path):
    """Read a pickle of plain containers, numbers, strings and numpy arrays; anything else is refused, and not run.

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
        message = f"{path}: not a plain data pickle ({error}); fetch the file again from a trusted place"
        raise ValueError(message) from error
