"""Search: similarity, the best few, and the ranks of given images by counting instead of sorting."""

import numpy as np


def similarity(queries: np.ndarray, database: np.ndarray) -> np.ndarray:
    """Dot products (Q, N) of descriptors (Q, D) and (N, D): cosines, as the rows have unit length.

    Raises:
        ValueError: the descriptors differ in length.
    """
    if queries.ndim != 2 or database.ndim != 2 or queries.shape[1] != database.shape[1]:
        raise ValueError(f"descriptors are rows of one length: got {queries.shape} and {database.shape}")
    return queries @ database.T


def top_k(queries: np.ndarray, database: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k most similar images of each query, best first; equal scores stand in the database's order.

    Returns:
        indices (Q, k) int, scores (Q, k).
    """
    scores = similarity(queries, database)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return best, np.take_along_axis(scores, best, 1)


def ranks_by_counting(scores: np.ndarray, positives, junk=()) -> np.ndarray:
    """Zero-based ranks of `positives` in the list that `scores` (N,) would sort into, with `junk` taken out.

    The rank of an image is the number of images above it, less the junk above it: no sorting is needed, and counts
    add up over pieces of a database. The tie rule: of two equal scores, the smaller index stands above.

    Returns:
        (P,) int, ascending.
    """
    positives, junk = np.asarray(positives, int), np.asarray(junk, int)
    mine = scores[positives][:, None]  # (P, 1)

    def above(index: np.ndarray) -> np.ndarray:
        other = scores[index][None]  # (1, n)
        return ((other > mine) | ((other == mine) & (index[None] < positives[:, None]))).sum(1)  # (P,)

    return np.sort(above(np.arange(len(scores))) - above(junk))
