"""Ranks among any number of images, by counting: across chunks, stores, processes and machines.

The rank of an image is the number of images above it. The counts of the pieces of a database add
up, so that only one piece at a time need be in memory, and nobody needs all scores.

**The same bits, however the work is split.** A matrix product may round one and the same dot
product differently when the matrix has another shape, the row another place, or the library more
threads. A positive could then outrank itself. So every score comes out of a product of one shape:
queries (Q, D) times a *tile* of TILE rows, on one thread, where image i stands at row i % TILE of
its tile, i counted over the whole database with all distractors. Other rows of a tile do not touch
it. A tile is small enough to stay in the processor's cache while it is read, checked and
multiplied; a *piece* of several tiles is counted at once. The thresholds (scores of labelled
images) come from the same products, in a first pass over their pieces.

What calls what:

    count_together           processes share the pieces, and add their counts
      count_above            two passes over the pieces: thresholds, then counts
        Database.map         threads share the pieces
          Database.scores    one piece: read its tiles, multiply them with the queries

Book: chapter 10 (one million distractors).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

import numpy as np
import torch

from ..distributed import gather_values, rank, world_size
from .ranking import standing_above
from .rows import Rows
from .store import rows_of
from .torch_file import Strip

# A tile of 2048 numbers per row takes 4 MB, a piece of scores for 70 queries 1 MB.
TILE = 512  # rows of one matrix product
PIECE = 8  # tiles that are counted at once

Result = TypeVar("Result")


def count_together(
    queries: np.ndarray, parts: list, labelled: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Count as `count_above`, shared among the processes of `torchrun`; all get the sums.

    Args:
        queries: as in `count_above`.
        parts: as in `count_above`.
        labelled: as in `count_above`.

    Returns:
        As `count_above`.

    Raises:
        Exception: what any of the processes met, raised by all, so that none is left waiting.
    """
    # one process alone: nothing to share
    if world_size() == 1:
        return count_above(queries, parts, labelled)

    # 1. this process's pieces; an error is a result like any other, or the others would wait for
    # ever
    counts: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    error = None
    try:
        counts, scores = count_above(queries, parts, labelled, (rank(), world_size()))
    except Exception as met:
        error = met

    # 2. the results of all processes
    everyone = gather_values((counts, error))
    for _, met in everyone:
        if met is not None:
            raise met

    # 3. counts are integers: their sum is exact, in any order
    total = [np.zeros(len(index), np.int64) for index in labelled]
    for their_counts, _ in everyone:
        # (P,) of each query
        for q, count in enumerate(their_counts):
            total[q] += count
    return total, scores


def count_above(
    queries: np.ndarray, parts: list, labelled: list[np.ndarray], share: tuple[int, int] = (0, 1)
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Count, for each query and each of its labelled images, the images that stand above it.

    It takes the memory of a few pieces and of queries x labelled numbers, however large the
    database is.

    Equation: eq-pieces.

    Args:
        queries: (Q, D) descriptors.
        parts: arrays (N, D), Stores or paths; the database is all of them, one after the other.
        labelled: for each query, indices (P,) of images in that database.
        share: (i, n) counts every n-th piece only, beginning with piece i; the counts of all i add
            up.

    Returns:
        counts: for each query (P,) int.
        scores: for each query (P,) float32, those of the labelled images (never only a share).

    Raises:
        ValueError: descriptors of different lengths, not finite, or on disk not of unit length;
            names the row.
    """
    database = Database(queries, parts)
    labelled = [np.asarray(index, int) for index in labelled]
    # labelled for any query, in rising order; the empty array is for no query at all
    all_labelled = np.unique(np.concatenate([np.zeros(0, int), *labelled]))
    last = int(all_labelled.max(initial=-1))

    # First pass: the scores of the labelled images, which are the thresholds of the second. Only
    # the pieces that hold labelled images are read. Pieces write different places of `thresholds`,
    # so threads do not meet.
    thresholds = [np.full(len(index), np.nan, np.float32) for index in labelled]

    def note_thresholds(first: int, scores: np.ndarray) -> None:
        for line, index, mine in zip(scores, labelled, thresholds):
            # which of the query's labelled images are in this piece, and their scores
            inside = (first <= index) & (index < first + len(line))
            mine[inside] = line[index[inside] - first]

    with_labels = set((all_labelled // (TILE * PIECE)).tolist())
    pieces = [piece for piece in database.pieces() if piece.number in with_labels]
    # the results are in `thresholds`; the loop only waits, and raises what a thread met
    for _ in database.map(note_thresholds, pieces):
        pass

    # Second pass: how many scores of each piece lie above the thresholds.
    def count_piece(first: int, scores: np.ndarray) -> list[np.ndarray]:
        # behind the last labelled image no equal score has a smaller index
        may_tie = first <= last
        return [
            _count_line(line, index, threshold, first, may_tie)
            for line, index, threshold in zip(scores, labelled, thresholds)
        ]

    counts = [np.zeros(len(index), np.int64) for index in labelled]
    this, processes = share
    pieces = [piece for piece in database.pieces() if piece.number % processes == this]
    # integers are added up here, on one thread, in the order of the pieces
    for piece_counts in database.map(count_piece, pieces):
        for q, count in enumerate(piece_counts):
            counts[q] += count
    return counts, thresholds


def _count_line(
    scores: np.ndarray, labelled: np.ndarray, thresholds: np.ndarray, first: int, may_tie: bool
) -> np.ndarray:
    """Count the images of a piece that stand above each labelled image of a query, (P,).

    Args:
        scores: (n,) of the images first, first + 1, ...
        labelled: (P,) indices.
        thresholds: (P,) their scores.
        first: index of the piece's first image.
        may_tie: False behind the last labelled image, where no equal score has a smaller index.
    """
    # a piece fits the cache: sorting it costs less than comparing it with every threshold
    ordered = np.sort(scores)
    # strictly higher scores stand behind the last place where a threshold could be put: (P,)
    above = len(scores) - np.searchsorted(ordered, thresholds, "right")
    if may_tie:
        # equal scores decide by their index: only where there are some, each pair is compared
        at_least_equal = len(scores) - np.searchsorted(ordered, thresholds, "left")
        tied = at_least_equal > above
        index = first + np.arange(len(scores))
        above[tied] = standing_above(scores, index, thresholds[tied], labelled[tied])
    return above


# ---- pieces of a database and their scores -------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """Some consecutive images of one part of a database."""

    number: int  # parts may cut a piece: both halves have its number
    first: int  # index of the first image in the whole database
    part: Rows
    start: int  # the same image's row in its part
    stop: int


class Buffers:
    """The memory that one thread works in, piece after piece."""

    def __init__(self, dim: int):
        self.tile = torch.zeros(TILE, dim)  # torch aligns its memory
        self.part: Rows | None = None
        self.strip: Strip | None = None

    def strip_of(self, part: Rows) -> Strip | None:
        """Return the buffer that reading a part wants, the one of before if it is the same part."""
        if part is not self.part:
            self.part = part
            self.strip = part.new_strip()
        return self.strip


class Database:
    """All images of several parts, and their scores for some queries, a piece at a time.

    Args:
        queries: (Q, D) descriptors.
        parts: arrays (N, D), Stores or paths.

    Raises:
        ValueError: the descriptors differ in length.
    """

    def __init__(self, queries: np.ndarray, parts: list):
        self.queries = torch.tensor(np.asarray(queries, np.float32))  # torch aligns its memory
        self.parts = [rows_of(part) for part in parts]
        for part in self.parts:
            if self.queries.ndim != 2 or part.shape[1] != self.queries.shape[1]:
                raise ValueError(
                    "descriptors are rows of one length: got queries of shape "
                    f"{tuple(self.queries.shape)}, {part.what} descriptors of {part.shape}"
                )

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces in order.

        A piece begins at a multiple of TILE * PIECE of the whole database, or with a part.
        """
        size = TILE * PIECE
        base = 0  # index of the part's first image
        for part in self.parts:
            first = base
            end = base + len(part)
            while first < end:
                number = first // size
                stop = min((number + 1) * size, end)
                yield Piece(number, first, part, first - base, stop - base)
                first = stop
            base = end

    def map(
        self, function: Callable[[int, np.ndarray], Result], pieces: list[Piece]
    ) -> Iterator[Result]:
        """Yield function(first, scores) of each piece, in order.

        Threads call it, several at once. `scores` (Q, n) are those of the images first, first + 1,
        ...
        """
        # 1. memory for each thread, made once and used for one piece after the other
        threads = torch.get_num_threads()
        free: SimpleQueue[Buffers] = SimpleQueue()
        for _ in range(threads):
            free.put(Buffers(self.queries.shape[1]))

        # 2. what a thread does with a piece
        def work(piece: Piece) -> Result:
            buffers = free.get()
            try:
                return function(piece.first, self.scores(piece, buffers))
            finally:
                free.put(buffers)

        # 3. each thread multiplies alone: a product that is shared out may be rounded differently
        try:
            with ThreadPoolExecutor(
                threads, initializer=torch.set_num_threads, initargs=(1,)
            ) as pool:
                yield from pool.map(work, pieces)
        finally:
            torch.set_num_threads(threads)  # threads born later would inherit the 1

    def scores(self, piece: Piece, buffers: Buffers) -> np.ndarray:
        """Return the scores (Q, n) of a piece's images, tile by tile."""
        part = piece.part
        tile = buffers.tile  # (TILE, D)
        strip = buffers.strip_of(part)
        scores = np.empty((len(self.queries), piece.stop - piece.start), np.float32)  # (Q, n)
        start = piece.start
        while start < piece.stop:
            # image i stands at row i % TILE of its tile; the tile's other rows may be anything
            row = (piece.first + start - piece.start) % TILE
            count = min(TILE - row, piece.stop - start)
            # read straight into the tile, multiply all of it, keep the columns that were read
            part.read(start, start + count, tile.numpy()[row : row + count], strip)
            product = self.queries @ tile.T  # (Q, D) @ (D, TILE) -> (Q, TILE)
            column = start - piece.start
            scores[:, column : column + count] = product.numpy()[:, row : row + count]
            start += count
        # an image that could not be read is never found
        missing = part.skipped[(part.skipped >= piece.start) & (part.skipped < piece.stop)]
        scores[:, missing - piece.start] = -np.inf
        return scores
