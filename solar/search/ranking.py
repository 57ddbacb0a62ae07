"""Search: similarity, the best few, and the ranks of given images by counting instead of sorting,
however many rows.

**Counting.** An image's rank is the number of images above it, so nothing need be sorted, and
counts of pieces add up: over chunks, stores, processes and machines. **Ties:** of two equal scores,
the smaller index stands above.

**The same bits, however the work is split.** A matrix product may round one and the same dot
product differently when the matrix has another shape, the row another place, or the library more
threads. A positive could then outrank itself. So every score comes out of a product of one shape:
queries (Q, D) times a *tile* of TILE rows, on one thread, where image i stands at row i % TILE of
its tile, i counted over the whole database with all distractors. Other rows of a tile do not touch
it. A tile is small enough to stay in the processor's cache while it is read, checked and
multiplied; a *piece* of several tiles is counted at once. The thresholds (scores of labelled
images) come from the same products, in a first pass over their pieces.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import distributed

from .store import Rows, rows_of

TILE = 512
PIECE = 8  # tiles that are counted at once


def similarity(queries: np.ndarray, database: np.ndarray) -> np.ndarray:
    """Dot products (Q, N) of descriptors (Q, D) and (N, D): cosines, as the rows have unit length.

    Raises:
        ValueError: the descriptors differ in length.
    """
    if queries.ndim != 2 or database.ndim != 2 or queries.shape[1] != database.shape[1]:
        raise ValueError(
            f"descriptors are rows of one length: got {queries.shape} and {database.shape}"
        )
    return queries @ database.T


def top_k(
    queries: np.ndarray, database, k: int, chunk: int = 8192
) -> tuple[np.ndarray, np.ndarray]:
    """The k most similar images of each query, best first; equal scores stand in the database's
    order.

    Args:
        database: (N, D) array, or a Store; only `chunk` rows of it are looked at at once.

    Returns:
        indices (Q, k) int, scores (Q, k).
    """
    best, scores = np.empty((len(queries), 0), int), np.empty((len(queries), 0), queries.dtype)
    for first in range(0, max(len(database), 1), chunk):
        stop = min(first + chunk, len(database))
        rows = database.read(first, stop) if isinstance(database, Rows) else database[first:stop]
        new = similarity(queries, rows)  # (Q, n)
        if isinstance(database, Rows):
            new[:, [i - first for i in database.skipped if first <= i < stop]] = -np.inf
        index = np.broadcast_to(np.arange(first, stop), new.shape)
        best, scores = (
            np.concatenate([best, index], 1),
            np.concatenate([scores, new], 1),
        )  # (Q, k + n), by rising index
        kept = (
            np.stack([_first_k(line, k) for line in scores])
            if len(scores)
            else np.empty((0, k), int)
        )
        best, scores = np.take_along_axis(best, kept, 1), np.take_along_axis(scores, kept, 1)
    return best, scores


def _first_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Places of the k largest of `scores` (n,), falling; of equals, the earlier first."""
    if k < len(scores):
        among = (
            np.flatnonzero(scores >= np.partition(scores, -k)[-k]) if k else np.empty(0, int)
        )  # k, or more if equal
    else:
        among = np.arange(len(scores))
    return among[np.argsort(-scores[among], kind="stable")[:k]]


def ranks_by_counting(scores: np.ndarray, positives, junk=()) -> np.ndarray:
    """Zero-based ranks of `positives` in the list that `scores` (N,) would sort into, with `junk`
    taken out.

    The rank of an image is the number of images above it, less the junk above it: no sorting is
    needed, and counts add up over pieces of a database. The tie rule: of two equal scores, the
    smaller index stands above.

    Returns:
        (P,) int, ascending.
    """
    positives, junk = np.asarray(positives, int), np.asarray(junk, int)
    above = standing_above(scores, np.arange(len(scores)), scores[positives], positives)
    return np.sort(above - standing_above(scores[junk], junk, scores[positives], positives))


def standing_above(
    others: np.ndarray, index: np.ndarray, mine: np.ndarray, place: np.ndarray
) -> np.ndarray:
    """How many of `others` (n,) at `index` (n,) stand above each of `mine` (P,) at `place` (P,):
    (P,) int.
    """
    others, mine = others[None], mine[:, None]
    return ((others > mine) | ((others == mine) & (index[None] < place[:, None]))).sum(1)


def count_above(
    queries: np.ndarray, parts: list, labelled: list[np.ndarray], share: tuple[int, int] = (0, 1)
):
    """For each query and each of its labelled images, how many images of a whole database stand
    above it.

    Args:
        queries: (Q, D).
        parts: arrays (N, D), Stores or paths; the database is all of them, one after the other.
        labelled: for each query, indices (P,) of images in that database.
        share: (i, n) counts every n-th piece only, beginning with piece i; the counts of all i add
            up.

    Returns:
        counts: a list of (P,) int; scores: a list of (P,) float32, those of the labelled images
            (never only a share).

    Memory: a few pieces, and queries x labelled numbers.

    Raises:
        ValueError: descriptors of different lengths, not finite, or on disk not of unit length;
            names the row.
    """
    tiles = Tiles(queries, parts)
    labelled = [np.asarray(index, int) for index in labelled]
    thresholds = [np.full(len(index), np.nan, np.float32) for index in labelled]
    here = np.unique(np.concatenate([np.zeros(0, int), *labelled]))

    def note(
        first: int, scores: np.ndarray
    ) -> None:  # (Q, n); pieces touch different places, so threads do not meet
        for line, index, mine in zip(scores, labelled, thresholds):
            inside = (first <= index) & (index < first + len(line))
            mine[inside] = line[index[inside] - first]

    tiles.visit(note, only=set((here // (TILE * PIECE)).tolist()))
    counts = [np.zeros(len(index), np.int64) for index in labelled]
    last, lock = int(here.max(initial=-1)), threading.Lock()

    def count(first: int, scores: np.ndarray) -> None:
        found = [
            _count_piece(*each, first, first <= last) for each in zip(scores, labelled, thresholds)
        ]
        with lock:
            for total, more in zip(counts, found):
                total += more

    tiles.visit(count, share)
    return counts, thresholds


def count_together(queries: np.ndarray, parts: list, labelled: list[np.ndarray]):
    """As `count_above`; under torchrun every process counts its share of the pieces and all get the
    sums.

    Raises:
        ValueError, OSError: what any of the processes met, raised by all, so that none is left
            waiting.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return count_above(queries, parts, labelled)
    share, mine = (distributed.get_rank(), distributed.get_world_size()), None
    try:
        mine = count_above(queries, parts, labelled, share)
        error = None
    except (ValueError, OSError) as met:
        error = met
    everyone: list = [None] * share[1]
    distributed.all_gather_object(everyone, (mine and mine[0], error))
    for _, met in everyone:
        if met is not None:
            raise met
    return [sum(each) for each in zip(*(counts for counts, _ in everyone))], mine[1]


def _count_piece(scores, labelled, thresholds, first: int, ties: bool) -> np.ndarray:
    """How many `scores` (n,) of images `first`, `first` + 1, ... stand above each of the labelled
    images: (P,).
    """
    ordered = np.sort(
        scores
    )  # a piece fits the cache: sorting it costs less than comparing it with every threshold
    above = len(scores) - np.searchsorted(ordered, thresholds, "right")
    if ties:  # behind the last labelled image, no equal score has a smaller index
        equal = len(scores) - np.searchsorted(ordered, thresholds, "left") > above
        index = first + np.arange(len(scores))
        above[equal] = standing_above(scores, index, thresholds[equal], labelled[equal])
    return above


class Tiles:
    """The scores of all images of a database for `queries` (Q, D), a piece at a time; see the top
    of this module.
    """

    def __init__(self, queries: np.ndarray, parts: list):
        self.queries = torch.tensor(np.asarray(queries, np.float32))  # torch aligns its memory
        self.parts = [rows_of(part) for part in parts]
        for part in self.parts:
            if self.queries.ndim != 2 or part.shape[1] != self.queries.shape[1]:
                found = f"queries of shape {tuple(self.queries.shape)}, {part.what} descriptors of {part.shape}"
                raise ValueError(f"descriptors are rows of one length: got {found}")
        self.local = threading.local()  # each thread's own tile

    def pieces(self) -> Iterator[tuple[int, Rows, int, int]]:
        """(first, part, start, stop): rows start to stop of a part are images first, first + 1,
        ..., of one piece.
        """
        base, size = 0, TILE * PIECE
        for part in self.parts:
            first, end = base, base + len(part)
            while first < end:
                stop = min((first // size + 1) * size, end)
                yield first, part, first - base, stop - base
                first = stop
            base = end

    def visit(
        self, function: Callable, share: tuple[int, int] = (0, 1), only: set[int] | None = None
    ) -> None:
        """Call `function(first, scores)` for each piece, with the scores (Q, n) of images first,
        first + 1, ...

        Threads call it, several at once and in no order. `share` and `only` choose pieces.
        """
        numbered = ((piece[0] // (TILE * PIECE), piece) for piece in self.pieces())
        chosen = [
            piece
            for i, piece in numbered
            if i % share[1] == share[0] and (only is None or i in only)
        ]
        threads = torch.get_num_threads()
        try:
            with ThreadPoolExecutor(
                threads, initializer=torch.set_num_threads, initargs=(1,)
            ) as pool:
                for _ in pool.map(lambda piece: function(piece[0], self._scores(*piece)), chosen):
                    pass
        finally:
            torch.set_num_threads(threads)  # threads born later would inherit the 1

    def _scores(self, first: int, part: Rows, start: int, stop: int) -> np.ndarray:
        if not hasattr(self.local, "tile"):
            self.local.tile = torch.zeros(TILE, self.queries.shape[1])
        tile, scores = self.local.tile, np.empty((len(self.queries), stop - start), np.float32)
        edges = [start, *range(start + TILE - first % TILE, stop, TILE), stop]
        for begin, end in zip(edges, edges[1:]):
            row = (first + begin - start) % TILE
            here = slice(row, row + end - begin)  # rows of the tile beside these may be anything
            part.read(begin, end, out=tile.numpy()[here])
            scores[:, begin - start : end - start] = (self.queries @ tile.T).numpy()[
                :, here
            ]  # (Q, TILE) -> (Q, n)
        missing = part.skipped[(part.skipped >= start) & (part.skipped < stop)]
        scores[:, missing - start] = -np.inf  # an image that could not be read is never found
        return scores
