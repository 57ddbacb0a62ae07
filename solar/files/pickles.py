"""Pickles of plain data are read without running anything in them.

A pickle is a small program: it names functions and classes, and Python calls them. Published ground
truths are pickles, so we read them with a list of the few names that plain data need. For numpy's
and for those of old protocols, which would believe what the file says, there are stand-ins that
check it.

Book: chapter 13 (the published models).
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from .text import in_one_line

# ---- stand-ins for numpy


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
        super().__setstate__((1, shape, dtype.dtype, bool(columns_first), _raw(content)))


def _raw(content):
    """Return the bytes of an array; Python 2 wrote them as `str`, which is decoded on the way."""
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape")  # exactly the bytes in the file
    return bytes(content)


def _reconstruct(*_):
    """Stand in for numpy's function that makes an empty array, to be filled by its state."""
    return _PlainArray((0,))


def _scalar(dtype, content):
    """Stand in for numpy's function that makes one number from its bytes."""
    return np.frombuffer(_raw(content), dtype.dtype, 1)[0]


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

# ---- stand-ins for the rest
#
# The protocols 0, 1 and 2 have no codes of their own for bytes, sets and complex numbers: they call
# functions, of which the stand-ins do what plain data need. No stand-in takes a number as a size.


def _encode(text="", encoding="latin-1"):
    """Stand in for `_codecs.encode` and `bytes`: bytes, which old protocols write as Latin-1."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"it has bytes in {encoding!r}, not in latin-1")
    return text.encode("latin-1")


def _bytearray(content=b"", encoding="latin-1"):
    """Stand in for `bytearray`."""
    return bytearray(_encode(content, encoding) if isinstance(content, str) else bytes(content[:]))


def _complex(real, imaginary):
    """Stand in for `complex`."""
    return complex(real, imaginary)


def _dict(*_):
    """Stand in for `collections.defaultdict`: a plain dict, whatever makes its default values."""
    return {}


_PLAIN_PYTHON = {
    "builtins.set": set,
    "builtins.frozenset": frozenset,
    "builtins.bytes": _encode,
    "builtins.bytearray": _bytearray,
    "builtins.complex": _complex,
    # of what a defaultdict makes its values
    "builtins.list": list,
    "builtins.dict": dict,
    "builtins.int": int,
    "_codecs.encode": _encode,
    "collections.OrderedDict": OrderedDict,
    "collections.defaultdict": _dict,
}
_ALLOWED = PLAIN_NUMPY | _PLAIN_PYTHON


class _PlainUnpickler(pickle.Unpickler):
    """An unpickler that knows the allowed names and refuses all others."""

    def __init__(self, file):
        # a `str` of Python 2 is bytes: decoded as Python decodes names of files, by which no byte
        # is lost
        super().__init__(file, encoding="utf-8", errors="surrogateescape")

    def find_class(self, module, name):
        module = "builtins" if module == "__builtin__" else module  # Python 2's word
        try:
            return _ALLOWED[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def load_pickle(path: str | Path) -> Any:
    """Read a pickle of plain containers, numbers, strings and numpy arrays.

    Anything else is refused and not run. All protocols are read, and what Python 2 and numpy 1
    wrote too; `name_in` turns strings of Python 2 that are not UTF-8 into letters.

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
        reason = in_one_line(str(error) or type(error).__name__, 200)
        raise ValueError(
            f"{in_one_line(path, 300)}: not a plain data pickle ({reason}); fetch the file again "
            f"from a trusted place"
        ) from error
