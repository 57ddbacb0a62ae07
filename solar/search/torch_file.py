"""Where the numbers of one tensor lie in a file of torch's, zip or old; its pickles are read and
nothing is run.
"""

import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of the old format
STORAGE_DTYPES = {"FloatStorage": np.float32, "HalfStorage": np.float16}


class _Kind:
    """Stands for torch's classes of storages, by name."""

    def __init__(self, name: str):
        self.dtype = np.dtype(STORAGE_DTYPES[name])


class _Unpickler(pickle.Unpickler):
    """Builds a description instead of a tensor; knows three names and refuses all others."""

    def find_class(self, module, name):
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: dict(
                storage, at=offset, shape=size, stride=stride
            )
        if module == "torch" and name in STORAGE_DTYPES:
            return _Kind(name)
        if (module, name) == ("collections", "OrderedDict"):
            return dict  # a tensor's backward hooks: none
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, identity):
        _, kind, key, _, count, *_ = identity
        return dict(dtype=kind.dtype, key=key, count=count)


def tensor_layout(path: Path) -> dict:
    """How descriptors lie in a published `.pt`: dtype, shape and offset of the array on disk, and
    whether images are its columns (always so in the published files, whose tensor is D x N).

    Raises:
        ValueError: not one tensor of two dimensions, float32 or float16, or cut off.
    """
    try:
        with open(path, "rb") as file:
            found, offset = _read_zip(file) if zipfile.is_zipfile(file) else _read_old(file)
        shape, stride, count = tuple(found["shape"]), tuple(found["stride"]), found["count"]
        dtype, offset = found["dtype"], offset + found["at"] * found["dtype"].itemsize
    except Exception as error:  # a broken file makes the readers raise almost anything
        message = f"{path}: not a complete torch file of one tensor ({error}); expected the published D x N descriptors"
        raise ValueError(message) from error
    if len(shape) != 2 or found["at"] + shape[0] * shape[1] > count:
        raise ValueError(
            f"{path}: holds a tensor of shape {shape}; expected D x N, one column an image"
        )
    size, needed = path.stat().st_size, offset + shape[0] * shape[1] * dtype.itemsize
    if size < needed:
        rows = f"row {max(size - offset, 0) // (shape[1] * dtype.itemsize)} of {shape[0]}"
        raise ValueError(
            f"{path}: cut off in {rows} of its matrix: {size} bytes, expected {needed}; fetch it again"
        )
    if stride == (shape[1], 1):
        return dict(dtype=dtype, shape=shape, offset=offset, columns=True)
    if stride == (1, shape[0]):  # a transposed view: images are rows on disk
        return dict(dtype=dtype, shape=shape[::-1], offset=offset, columns=False)
    raise ValueError(f"{path}: its tensor has strides {stride}; expected one without gaps")


def _read_zip(file) -> tuple[dict, int]:
    with zipfile.ZipFile(file) as archive:
        names = {name.split("/", 1)[-1]: name for name in archive.namelist()}
        with archive.open(names["data.pkl"]) as pickled:
            found = _Unpickler(pickled).load()
        info = archive.getinfo(names[f"data/{found['key']}"])
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError("its data are compressed")
    file.seek(
        info.header_offset + 26
    )  # the local header: 30 bytes, then a name and an extra field of these lengths
    return found, info.header_offset + 30 + sum(struct.unpack("<HH", file.read(4)))


def _read_old(file) -> tuple[dict, int]:
    file.seek(0)
    if file.peek(2)[:2] == b"PK":
        raise ValueError("a zip file that is cut off")
    if _Unpickler(file).load() != MAGIC:
        raise ValueError("no torch file")
    _Unpickler(file).load()  # version of the protocol
    if not _Unpickler(file).load()["little_endian"]:
        raise ValueError("it was written on a big-endian machine")
    found = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    if keys != [found["key"]]:
        raise ValueError(f"it holds {len(keys)} storages")
    (count,) = struct.unpack("<q", file.read(8))
    if count != found["count"]:
        raise ValueError(f"its storage has {count} numbers, its tensor asks for {found['count']}")
    return found, file.tell()
