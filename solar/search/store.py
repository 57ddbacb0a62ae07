"""Descriptors on disk: a folder of ours, or the tensor that SOLAR's authors published; read in
pieces, never whole.

A folder holds `descriptors.npy` (N, D), float32 or float16, one image a row; `names.txt`, an image
a line; `meta.json`, how they were made; and `skipped.txt`, the images that could not be read (their
rows are zero and are never found).
"""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from threading import Lock, local

import numpy as np
import torch

from ..files import atomic
from .torch_file import tensor_layout

STATES = "rows.state"  # there while a store is being made: a byte a row
TODO, DONE, SKIPPED = 0, 1, 2
# images of a published file that are read at once: a shorter piece of every line costs almost as
# much
STRIP = 4096
TOLERANCE = 0.01  # how far from 1 a row's length may be; float16 costs 0.0005


class Rows:
    """Descriptors (N, D), float32, that are read piece by piece; this one reads from an array in
    memory.

    Attributes:
        shape: (N, D).  what: what an error calls them.  skipped: row numbers that hold no
            descriptor.
    """

    skipped: np.ndarray = np.zeros(0, int)

    def __init__(self, array, what: str = "row"):
        self.array, self.what = np.asarray(array), what
        if self.array.ndim != 2:
            raise ValueError(
                f"{what} descriptors are rows of one length: expected (N, D), got {self.array.shape}"
            )
        self.shape = self.array.shape

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        """Rows start ... stop - 1 as float32, written to `out` (stop - start, D) if given.

        Raises:
            ValueError: a row that is not finite, or on disk not of unit length; the message names
                it.
        """
        out = np.empty((stop - start, self.shape[1]), np.float32) if out is None else out
        self._copy(start, stop, out)
        square = np.einsum("nd,nd->n", out, out)  # (n,): nan or infinite where the row is
        bad = np.flatnonzero(~np.isfinite(square))
        if len(bad):
            raise ValueError(f"{self.what} descriptor {start + bad[0]} is not finite")
        self._check(start, square)
        return out

    def chunks(self, size: int = 8192) -> Iterator[np.ndarray]:
        """All rows in order, (size, D) float32 at a time (the last chunk is smaller)."""
        for start in range(0, len(self), size):
            yield self.read(start, min(start + size, len(self)))

    def _copy(self, start, stop, out) -> None:
        out[:] = self.array[start:stop]

    def _check(self, start, square) -> None:
        """Arrays in memory may have rows of any length: histograms, counts, whatever a chapter
        tries.
        """


class Store(Rows):
    """Descriptors in a folder, or in a published `.pt` (one image a column); `Store.open(path)`
    tells them apart.

    Attributes:
        path, shape (N, D), dtype;  names: (N,) or None;  meta: how they were made (empty for a
        `.pt`).
    """

    def __init__(self, path: Path, layout: dict, meta=None):
        self.path, self.meta = path, meta or {}
        self._lay, self.dtype = layout, np.dtype(layout["dtype"])
        self.columns = layout.pop("columns")  # (D, N) on disk
        self.shape = layout["shape"][::-1] if self.columns else layout["shape"]
        self.what = f"{path}:"
        self._kept, self._reading = local(), Lock()

    def __repr__(self) -> str:
        return (
            f"Store({self.path.name!r}): {len(self)} descriptors of {self.shape[1]}, {self.dtype}"
        )

    @cached_property
    def names(self) -> list[str] | None:
        """What the rows are called, read when first asked for: a million strings take 60 MB. None
        for a `.pt`.
        """
        return None if self.path.is_file() else read_names(self.path / "names.txt")

    @classmethod
    def open(cls, path: str | Path) -> "Store":
        """Open a store or a published file; only its head is read.

        Raises:
            FileNotFoundError: nothing there.
            ValueError: unfinished, cut off, of another shape, or no store at all.
        """
        path = Path(path)
        if path.is_file():
            return cls(path, tensor_layout(path))
        if not (path / "descriptors.npy").is_file():
            raise FileNotFoundError(
                f"{path}: no store of descriptors here; `solar extract` makes one"
            )
        todo = _todo(path)
        if todo:
            raise ValueError(
                f"{path}: {todo} rows are still to be described; run the same `solar extract` again"
            )
        try:
            rows = np.load(path / "descriptors.npy", mmap_mode="r")
            named, meta = (
                (path / "names.txt").read_bytes().count(b"\n"),
                json.loads((path / "meta.json").read_text()),
            )
        except (ValueError, OSError) as error:
            raise ValueError(
                f"{path}: not a complete store ({error}); make it again with `solar extract`"
            ) from error
        if rows.ndim != 2 or rows.dtype not in (np.float32, np.float16) or rows.shape[0] != named:
            found = f"descriptors.npy is {rows.dtype} {rows.shape}, names.txt has {named} lines"
            raise ValueError(f"{path}: {found}; expected float32 or float16 (N, D), and N lines")
        layout = dict(
            dtype=rows.dtype,
            shape=rows.shape,
            offset=rows.offset,
            columns=False,
            file=path / "descriptors.npy",
        )
        store = cls(path, layout, meta)
        if (path / "skipped.txt").exists():
            skipped = set(read_names(path / "skipped.txt"))
            store.skipped = np.array(
                [i for i, name in enumerate(store.names) if name in skipped], int
            )
        return store

    @classmethod
    def write(
        cls, path: str | Path, rows, names=None, meta: dict | None = None, dtype=np.float32
    ) -> "Store":
        """Write rows (N, D), an array or a `Rows` of any size, as a store; a store that is there is
        refused.

        Raises:
            FileExistsError: there is a store already.
            ValueError: rows that are not finite, or other than N names.
        """
        path, rows = Path(path), rows if isinstance(rows, Rows) else Rows(rows)
        names = [str(i) for i in range(len(rows))] if names is None else [str(n) for n in names]
        if (path / "descriptors.npy").exists():
            raise FileExistsError(f"{path}: there is a store already; choose another folder")
        if len(names) != len(rows):
            raise ValueError(f"{path}: {len(names)} names for {len(rows)} rows")
        path.mkdir(parents=True, exist_ok=True)
        (path / "names.txt").write_text("".join(f"{name}\n" for name in names))
        (path / "meta.json").write_text(json.dumps(meta or {}, indent=2) + "\n")
        with atomic(path / "descriptors.npy") as temporary:
            at = 0
            out = empty_rows(temporary, rows.shape, dtype)
            for chunk in rows.chunks():
                out[at : at + len(chunk)] = chunk
                at += len(chunk)
            del out
        return cls.open(path)

    def _copy(self, start, stop, out) -> None:
        # read, not mapped: the pages of a map count as this process's memory, all 8 GB of a million
        # descriptors
        if self.columns:
            while start < stop:
                rows = self._strip_from(start)[: stop - start]
                out[: len(rows)] = rows
                start, out = start + len(rows), out[len(rows) :]
            return
        piece = (
            out
            if self.dtype == np.float32 and out.flags.c_contiguous
            else np.empty(out.shape, self.dtype)
        )
        with open(self._lay.get("file", self.path), "rb", buffering=0) as file:
            _fill(file, self._lay["offset"] + start * self.shape[1] * self.dtype.itemsize, piece)
        if piece is not out:
            out[:] = piece

    def _strip_from(self, row: int) -> np.ndarray:
        """Images row, row + 1, ... of a file with an image a column, as rows: as many as the strip
        has that holds them.

        Each thread keeps the last strip it read. Only one reads at a time: a strip takes thousands
        of short reads, a piece of every line of the matrix.
        """
        kept = self._kept
        if not hasattr(kept, "rows"):
            kept.first, kept.stop = 0, 0
            kept.piece = np.empty((self.shape[1], STRIP), self.dtype)
            kept.rows = np.empty((STRIP, self.shape[1]), self.dtype)
        if not kept.first <= row < kept.stop:
            kept.first, kept.stop = row, row  # nothing, should reading fail
            length = min(STRIP, len(self) - row)
            with self._reading, open(self.path, "rb", buffering=0) as file:
                for d, line in enumerate(kept.piece[:, :length]):
                    _fill(
                        file,
                        self._lay["offset"] + (d * len(self) + row) * self.dtype.itemsize,
                        line,
                    )
            strip = torch.from_numpy(
                kept.piece[:, :length]
            ).T  # (D, n) -> (n, D); torch does it faster than numpy
            torch.from_numpy(kept.rows[:length]).copy_(strip)
            kept.stop = row + length
        return kept.rows[row - kept.first : kept.stop - kept.first]

    def _check(self, start, square) -> None:
        bad = np.flatnonzero(np.abs(np.sqrt(square) - 1) > TOLERANCE)
        bad = bad[~np.isin(start + bad, self.skipped)]
        if len(bad):
            row = start + int(bad[0])
            name = f" ({self.names[row]})" if self.names else ""
            length = np.sqrt(square[bad[0]])
            raise ValueError(
                f"{self.path}: row {row}{name} has length {length:.4g}; expected rows of unit length"
            )


def _fill(file, offset: int, array: np.ndarray) -> None:
    """Read an array's bytes from `offset` on."""
    view, got = memoryview(array).cast("B") if array.size else memoryview(b""), 0
    file.seek(offset)
    while got < len(view):
        more = file.readinto(view[got:])
        if not more:
            raise ValueError(
                f"{file.name}: ends early, at byte {offset + got}; fetch or make it again"
            )
        got += more


def rows_of(source, what: str = "row") -> Rows:
    """`source` as something to read from: a Store, the path of one or of a published `.pt`, or an
    array (N, D).
    """
    if isinstance(source, Rows):
        return source
    return Store.open(source) if isinstance(source, (str, Path)) else Rows(source, what)


def empty_rows(path: Path, shape: tuple[int, int], dtype=np.float32) -> np.ndarray:
    """A new `.npy` of zeros, mapped for writing; on most file systems it takes no room until it is
    filled.
    """
    return (
        np.lib.format.open_memmap(path, "w+", dtype, shape)
        if shape[0]
        else _no_rows(path, shape, dtype)
    )


def _no_rows(path: Path, shape, dtype) -> np.ndarray:
    with open(path, "wb") as file:  # a file of no bytes of data cannot be mapped
        np.save(file, np.zeros(shape, dtype))
    return np.zeros(shape, dtype)


def read_names(path: Path) -> list[str]:
    """The lines of a list."""
    return path.read_text().splitlines()


def _todo(path: Path) -> int:
    try:
        return int((np.load(path / STATES) == TODO).sum())
    except FileNotFoundError:  # finished
        return 0
