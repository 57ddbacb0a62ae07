"""Descriptors that are read piece by piece, wherever they lie.

What ranks and evaluates reads a `Rows`: an array in memory, or a `Store` on disk (`store`).

Book: chapter 10 (one million distractors).
"""

from collections.abc import Iterator

import numpy as np

from .torch_file import Strip


class Rows:
    """Descriptors (N, D) that are read piece by piece as float32; these lie in an array in memory.

    Args:
        array: (N, D) numbers.
        what: what an error calls the descriptors, for instance 'query'.

    Attributes:
        shape: (N, D).
        skipped: numbers of the rows that hold no descriptor.

    Raises:
        ValueError: the array does not have two dimensions.
    """

    skipped: np.ndarray = np.zeros(0, int)
    shape: tuple[int, ...]

    def __init__(self, array, what: str = "row"):
        self.array = np.asarray(array)
        self.what = what
        self.shape = self.array.shape
        if self.array.ndim != 2:
            raise ValueError(
                f"{what} descriptors are rows of one length: expected (N, D), got {self.shape}"
            )

    def __len__(self) -> int:
        return self.shape[0]

    def read(
        self, start: int, stop: int, out: np.ndarray | None = None, strip: Strip | None = None
    ) -> np.ndarray:
        """Return the rows start ... stop - 1 as float32, all checked.

        Args:
            start: first row.
            stop: the row after the last.
            out: (stop - start, D) float32, where to write them; a new array if None.
            strip: buffer of `new_strip`, for a reader that calls again and again.

        Returns:
            (stop - start, D) float32.

        Raises:
            ValueError: a row that is not finite, or on disk not of unit length; the message names
                the row.
        """
        # 1. the numbers, from memory or disk
        if out is None:
            out = np.empty((stop - start, self.shape[1]), np.float32)
        self._copy(start, stop, out, strip)
        # 2. are they descriptors? The squared length tells: it is nan or infinite where a number of
        # the row is
        squared_length = np.einsum("nd,nd->n", out, out)  # (n,)
        bad = np.flatnonzero(~np.isfinite(squared_length))
        if len(bad):
            raise ValueError(f"{self.what} descriptor {start + bad[0]} is not finite")
        self._check_length(start, squared_length)
        return out

    def new_strip(self) -> Strip | None:
        """Return a buffer for repeated calls of `read`, or None if reading needs none."""
        return None  # an array lies there already

    def chunks(self, size: int = 8192) -> Iterator[np.ndarray]:
        """Yield all rows in order, (size, D) float32 at a time; the last chunk is smaller."""
        # one buffer serves all chunks
        strip = self.new_strip()
        for start in range(0, len(self), size):
            yield self.read(start, min(start + size, len(self)), strip=strip)

    def _copy(self, start: int, stop: int, out: np.ndarray, strip: Strip | None) -> None:
        out[:] = self.array[start:stop]  # of any type -> float32

    def _check_length(self, start: int, squared_length: np.ndarray) -> None:
        """Accept rows of any length: histograms, counts, whatever a reader of the book tries."""
