"""Descriptors on disk, read in pieces and never whole.

A store is a folder: `descriptors.npy` (N, D), float32 or float16, one image per row; `names.txt`,
one image per line (see `store_files.line_of`); `meta.json`, how the descriptors were made; and
`skipped.txt`, the images that could not be read (their rows are zero and are never found). The
tensor that SOLAR's authors publish for a million distractors can be read as well, in the file where
it lies.

Book: chapter 10 (one million distractors).
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ..files import atomic
from .rows import Rows
from .store_files import (
    empty_rows,
    names_in,
    read_meta,
    read_names,
    rows_to_do,
    write_meta,
    write_names,
)
from .torch_file import Layout, Strip, read_into, tensor_layout

TOLERANCE = 0.01  # how far from 1 the length of a row may be; float16 costs 0.0005


class Store(Rows):
    """Descriptors on disk: a folder, or the `.pt` that SOLAR's authors published.

    `Store.open` opens one and `Store.write` makes one; `solar extract` makes one from images.

    Args:
        path: the folder or file.
        layout: where the numbers lie.
        meta: how the descriptors were made; empty for a `.pt`.
        listing: the content of `names.txt`; None for a `.pt`.

    Attributes:
        shape: (N, D).
        dtype: of the numbers on disk, float32 or float16.
        names: what the rows are called, N of them; None for a `.pt`.
        skipped: numbers of the rows whose image could not be read.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> folder = tempfile.mkdtemp()
        >>> store = Store.write(f"{folder}/three", np.eye(3), names=["x", "y", "z"])
        >>> store
        Store('three'): 3 descriptors of 3, float32
        >>> store.read(1, 3)
        array([[0., 1., 0.],
               [0., 0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        meta: dict[str, Any] | None = None,
        listing: bytes | None = None,
    ):
        self.path = path
        self.listing = listing
        self.layout = layout
        self.meta = meta or {}
        self.dtype = np.dtype(layout.dtype)
        self.shape = layout.row_shape
        self.what = f"{path}:"
        self._one_reader = Lock()

    def __repr__(self) -> str:
        count, dim = self.shape
        return f"Store({self.path.name!r}): {count} descriptors of {dim}, {self.dtype}"

    @cached_property
    def names(self) -> list[str] | None:
        """What the rows are called; None for a `.pt`.

        The strings are made when they are first asked for: a million take 60 MB.
        """
        return None if self.listing is None else names_in(self.listing)

    @classmethod
    def open(cls, path: str | Path) -> "Store":
        """Open a store or a published file; only its head is read.

        Args:
            path: folder of a store, or a `.pt` with one tensor D x N.

        Raises:
            FileNotFoundError: nothing is there.
            ValueError: unfinished, cut off, of another shape, or no store at all.
        """
        # a file: the published form
        path = Path(path)
        if path.is_file():
            return cls(path, tensor_layout(path))

        # a folder: is it there, and is it finished?
        numbers = path / "descriptors.npy"
        if not numbers.is_file():
            raise FileNotFoundError(
                f"{path}: no store of descriptors here; `solar extract` makes one"
            )
        todo = rows_to_do(path)
        if todo:
            raise ValueError(
                f"{path}: {todo} rows are still to be described; run the same `solar extract` again"
            )

        # do its files belong together?
        try:
            array = np.load(numbers, mmap_mode="r")
            listing = (path / "names.txt").read_bytes()
            meta = read_meta(path)
        except (ValueError, OSError) as error:
            raise ValueError(
                f"{path}: not a complete store ({error}); make it again with `solar extract`"
            ) from error
        name_count = listing.count(b"\n")
        right_type = array.ndim == 2 and array.dtype in (np.float32, np.float16)
        if not right_type or len(array) != name_count:
            raise ValueError(
                f"{path}: descriptors.npy is {array.dtype} {array.shape}, "
                f"names.txt has {name_count} lines; expected float32 or float16 (N, D), and N lines"
            )

        # only where the numbers lie is kept of the array
        layout = Layout(numbers, np.dtype(array.dtype), array.shape, array.offset)
        store = cls(path, layout, meta, listing)
        # rows of unreadable images are zero; readers must know which they are
        if (path / "skipped.txt").exists():
            skipped_names = set(read_names(path / "skipped.txt"))
            names = store.names or []
            skipped = [i for i, name in enumerate(names) if name in skipped_names]
            store.skipped = np.array(skipped, int)
        return store

    @classmethod
    def write(
        cls,
        path: str | Path,
        rows,
        names: Sequence[object] | None = None,
        meta: dict[str, Any] | None = None,
        dtype=np.float32,
    ) -> "Store":
        """Write descriptors as a store, chunk by chunk.

        Args:
            path: folder to make.
            rows: (N, D), an array or a `Rows` (such as a Store) of any size.
            names: what the rows are called; their numbers if None.
            meta: how the descriptors were made, for `meta.json`.
            dtype: np.float32, or np.float16 for half the space.

        Returns:
            The new store.

        Raises:
            FileExistsError: there is a store already.
            ValueError: rows that are not finite, or another number of names than of rows.
        """
        # an array or a store, and a name for each row
        path = Path(path)
        if not isinstance(rows, Rows):
            rows = Rows(rows)
        names = [str(name) for name in (range(len(rows)) if names is None else names)]
        if (path / "descriptors.npy").exists():
            raise FileExistsError(f"{path}: there is a store already; choose another folder")
        if len(names) != len(rows):
            raise ValueError(f"{path}: {len(names)} names for {len(rows)} rows")

        # the descriptors come last: a folder without them is no store
        path.mkdir(parents=True, exist_ok=True)
        write_names(path / "names.txt", names)
        write_meta(path / "meta.json", meta or {})
        with atomic(path / "descriptors.npy") as temporary:
            out = empty_rows(temporary, (len(rows), rows.shape[1]), dtype)
            # of any number of rows, only a chunk is in memory
            start = 0
            for chunk in rows.chunks():
                out[start : start + len(chunk)] = chunk
                start += len(chunk)
            del out  # closes the map, before the file gets its name
        return cls.open(path)

    def new_strip(self) -> Strip | None:
        """Return a buffer for repeated calls of `read`, or None if reading needs none."""
        return Strip(self.layout) if self.layout.columns else None

    def _copy(self, start: int, stop: int, out: np.ndarray, strip: Strip | None) -> None:
        # Files are read, not mapped: the pages of a map count as this process's memory, all 8 GB
        # of a million descriptors.
        if self.layout.columns:
            self._copy_columns(start, stop, out, strip or Strip(self.layout))
            return
        # one image per row: all that is wanted lies together; straight into `out` if its memory has
        # the file's form
        same_form = self.dtype == np.float32 and out.flags.c_contiguous
        piece = out if same_form else np.empty(out.shape, self.dtype)
        with self.layout.file.open("rb", buffering=0) as file:
            read_into(file, self.layout.byte_of(start), piece)
        if not same_form:
            out[:] = piece

    def _copy_columns(self, start: int, stop: int, out: np.ndarray, strip: Strip) -> None:
        """Copy from a file with one image per column: from the strip, which moves on as needed."""
        done = 0
        while start + done < stop:
            image = start + done
            if not strip.holds(image):
                # thousands of short reads: one thread at a time, or they would disturb each other
                with self._one_reader:
                    strip.fill(image)
            # all that is wanted and in the strip, (n, D); float16 becomes float32
            rows = strip.rows_from(image)[: stop - image]
            out[done : done + len(rows)] = rows
            done += len(rows)

    def _check_length(self, start: int, squared_length: np.ndarray) -> None:
        """Raise ValueError unless all rows, but for those of skipped images, have unit length."""
        # the zero rows of skipped images are as they should be
        lengths = np.sqrt(squared_length)
        bad = np.flatnonzero(np.abs(lengths - 1) > TOLERANCE)
        bad = bad[~np.isin(start + bad, self.skipped)]
        if len(bad):
            row = start + int(bad[0])
            name = f" ({self.names[row]})" if self.names else ""
            raise ValueError(
                f"{self.path}: row {row}{name} has length {lengths[bad[0]]:.4g}; "
                "expected rows of unit length"
            )


def rows_of(source, what: str = "row") -> Rows:
    """Return `source` as something to read from.

    Args:
        source: an array (N, D), a Store, or the path of a store or of a published `.pt`.
        what: what an error calls the descriptors of an array.
    """
    if isinstance(source, Rows):
        return source
    # a path, or an array
    if isinstance(source, (str, Path)):
        return Store.open(source)
    return Rows(source, what)
