"""Find the numbers of the one tensor in a `.pt` file, zip or legacy, without running its pickle.

SOLAR's authors publish the descriptors of a million distractors as one tensor D x N of 8 GB, with
one image per column. `torch.load` would hold it all in memory, and a pickle can run any program.
Here the pickle is read by a reader that knows four names; it says at which byte the matrix begins,
and `Strip` reads some columns of it at a time.

Book: chapter 10 (one million distractors).
"""

import pickle
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of the legacy format
STORAGE_DTYPES = {"FloatStorage": np.float32, "HalfStorage": np.float16}
LOCAL_HEADER = 30  # bytes of a zip member's header, before its name and its extra field
# Images (columns) that are read at once. A column's numbers lie far apart, so that a strip takes a
# short read from each of the D lines of the matrix; shorter reads cost almost as much.
STRIP = 4096


@dataclass(frozen=True)
class Layout:
    """Where a matrix of descriptors lies in a file, as raw numbers."""

    file: Path
    dtype: np.dtype
    shape: tuple[int, int]  # of the matrix on disk
    offset: int  # the byte at which its numbers begin
    columns: bool = False  # one image per column, (D, N); else one per row, (N, D)

    @property
    def row_shape(self) -> tuple[int, int]:
        """Return (N, D), whichever way the matrix lies on disk."""
        first, second = self.shape
        return (second, first) if self.columns else (first, second)

    def byte_of(self, line: int, place: int = 0) -> int:
        """Return the byte at which element [line, place] of the matrix on disk begins."""
        return self.offset + (line * self.shape[1] + place) * self.dtype.itemsize


class Strip:
    """A buffer for some consecutive columns of a file with one image per column, turned into rows.

    A reader keeps one and hands it to `Store.read` again and again; each thread needs its own. It
    takes 2 * STRIP * D numbers of memory.

    Args:
        layout: of a file with `columns`.
    """

    def __init__(self, layout: Layout):
        dim = layout.shape[0]
        self.layout = layout
        # the strip holds the images first, first + 1, ..., stop - 1
        self.first = 0
        self.stop = 0
        self.columns = np.empty((dim, STRIP), layout.dtype)  # as on disk
        self.rows = np.empty((STRIP, dim), layout.dtype)  # the same, transposed

    def holds(self, image: int) -> bool:
        """Return whether the descriptor of an image is in the strip."""
        return self.first <= image < self.stop

    def rows_from(self, image: int) -> np.ndarray:
        """Return the descriptors of `image` and of all after it in the strip, (n, D)."""
        return self.rows[image - self.first : self.stop - self.first]

    def fill(self, first: int) -> None:
        """Read the columns first, first + 1, ..., STRIP of them or up to the last.

        Raises:
            ValueError: the file ends early.
        """
        count = min(STRIP, self.layout.shape[1] - first)
        # the strip is empty until all is read, should reading fail
        self.first = first
        self.stop = first
        # D short reads: `count` numbers from each line of the matrix
        with self.layout.file.open("rb", buffering=0) as file:
            for line, out in enumerate(self.columns[:, :count]):
                read_into(file, self.layout.byte_of(line, first), out)
        # (D, n) -> (n, D); torch transposes faster than numpy
        transposed = torch.from_numpy(self.columns[:, :count]).T
        torch.from_numpy(self.rows[:count]).copy_(transposed)
        self.stop = first + count


def read_into(file, offset: int, array: np.ndarray) -> None:
    """Fill a contiguous array with the bytes of an open file from `offset` on.

    Raises:
        ValueError: the file ends before the array is full.
    """
    if not array.size:
        return
    view = array.data.cast("B")
    done = 0
    file.seek(offset)
    # one read may give less than it was asked for
    while done < len(view):
        count = file.readinto(view[done:])
        if not count:
            where = f"ends early, at byte {offset + done}"
            raise ValueError(f"{file.name}: {where}; fetch or make it again")
        done += count


# ---- where the tensor lies -----------------------------------------------------------------------


def tensor_layout(path: Path) -> Layout:
    """Find where the descriptors of a published `.pt` lie.

    Args:
        path: file of one tensor, saved by any version of torch: D x N as the authors' (one image
            per column), or a transposed view of N x D.

    Raises:
        ValueError: not one tensor of two dimensions, float32 or float16, without gaps; or a file
            that is cut off.
    """
    # 1. what the pickle says of the tensor, and the byte at which the numbers of its storage begin
    try:
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                tensor, offset = _read_zip(file)
            else:
                tensor, offset = _read_legacy(file)
        dtype = tensor["dtype"]
        count = tensor["count"]
        shape = tuple(tensor["shape"])
        stride = tuple(tensor["stride"])
        skipped = tensor["at"]  # numbers of the storage before the tensor's first
    except Exception as error:  # a broken file makes the readers raise almost anything
        raise ValueError(
            f"{path}: not a complete torch file of one tensor ({error}); "
            "expected the published D x N descriptors"
        ) from error

    # 2. two dimensions, all of them within the storage and within the file
    if len(shape) != 2 or skipped + shape[0] * shape[1] > count:
        raise ValueError(
            f"{path}: holds a tensor of shape {shape}; expected D x N, one column per image"
        )
    offset += skipped * dtype.itemsize
    size = path.stat().st_size
    needed = offset + shape[0] * shape[1] * dtype.itemsize
    if size < needed:
        line = max(size - offset, 0) // (shape[1] * dtype.itemsize)
        raise ValueError(
            f"{path}: cut off in row {line} of {shape[0]} of its matrix: "
            f"{size} bytes, expected {needed}; fetch it again"
        )

    # 3. numbers one after the other: by lines of D x N, or, for a transposed view, by images
    if stride == (shape[1], 1):
        return Layout(path, dtype, shape, offset, columns=True)
    if stride == (1, shape[0]):
        return Layout(path, dtype, shape[::-1], offset)
    raise ValueError(f"{path}: its tensor has strides {stride}; expected one without gaps")


class _StorageType:
    """Stands for one of torch's storage classes."""

    def __init__(self, name: str):
        self.dtype = np.dtype(STORAGE_DTYPES[name])


def _describe_tensor(storage: dict, at: int, shape: tuple, stride: tuple, *_) -> dict:
    """Stand for torch's function that rebuilds a tensor: return a description instead."""
    return dict(storage, at=at, shape=shape, stride=stride)


class _Unpickler(pickle.Unpickler):
    """Builds the description of a tensor; knows four names and refuses all others."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _describe_tensor
        if module == "torch" and name in STORAGE_DTYPES:
            return _StorageType(name)
        if (module, name) == ("collections", "OrderedDict"):
            return dict  # of a tensor's backward hooks; it is empty
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> dict:
        _, storage, key, _, count, *_ = pid
        return dict(dtype=storage.dtype, key=key, count=count)


def _read_zip(file) -> tuple[dict, int]:
    """Return the tensor's description, and where its storage begins, of a zip file."""
    # `data.pkl` describes the tensor and names the member that holds its storage
    with zipfile.ZipFile(file) as archive:
        names = {name.split("/", 1)[-1]: name for name in archive.namelist()}
        with archive.open(names["data.pkl"]) as pickled:
            tensor = _Unpickler(pickled).load()
        info = archive.getinfo(names[f"data/{tensor['key']}"])
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError("its data are compressed")
    # the member's own header ends with the lengths of its name and of its extra field; its data
    # come after these
    file.seek(info.header_offset + LOCAL_HEADER - 4)
    name_length, extra_length = struct.unpack("<HH", file.read(4))
    return tensor, info.header_offset + LOCAL_HEADER + name_length + extra_length


def _read_legacy(file) -> tuple[dict, int]:
    """Return the tensor's description, and where its storage begins, of a file before torch 1.6."""
    file.seek(0)
    if file.peek(2)[:2] == b"PK":
        raise ValueError("a zip file that is cut off")
    # five pickles one after the other: a magic number, the version of the protocol, the system that
    # wrote it, the tensor, and the keys of the storages
    if _Unpickler(file).load() != MAGIC:
        raise ValueError("no torch file")
    _Unpickler(file).load()
    if not _Unpickler(file).load()["little_endian"]:
        raise ValueError("it was written on a big-endian machine")
    tensor = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    if keys != [tensor["key"]]:
        raise ValueError(f"it holds {len(keys)} storages")
    # then each storage: how many numbers it has, and the numbers
    (count,) = struct.unpack("<q", file.read(8))
    if count != tensor["count"]:
        raise ValueError(f"its storage has {count} numbers, its tensor asks for {tensor['count']}")
    return tensor, file.tell()
