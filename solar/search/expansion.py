"""Ask again with what was found: query expansion, and the same for the database beforehand."""

import numpy as np

from .ranking import top_k


def expand_queries(
    queries: np.ndarray, database: np.ndarray, count: int = 10, alpha: float = 3.0
) -> np.ndarray:
    """Alpha query expansion (Radenovic et al., 2019): a query plus its `count` best images, each
    times score^alpha.

    alpha = 0 is the average query expansion of Chum et al. (2007). Negative scores count as zero.

    Args:
        queries: (Q, D);  database: (N, D), rows of unit length.

    Returns:
        (Q, D) float32, rows of unit length.

    Raises:
        ValueError: `count` or `alpha` below zero.
    """
    if count < 0 or alpha < 0:
        raise ValueError(f"count={count}, alpha={alpha}: expected neither below zero")
    best, scores = top_k(queries, database, count)
    return _normalised(queries + _weighted(database, best, scores, alpha))


def augment_database(
    database: np.ndarray, count: int = 10, alpha: float = 3.0, chunk: int = 2048
) -> np.ndarray:
    """Database augmentation (Turcot and Lowe, 2009): every image plus its `count` nearest others,
    likewise weighted.

    It costs N^2 products once, `chunk` rows at a time, and nothing when a query comes. Returns (N,
    D) float32.
    """
    if count < 0 or alpha < 0:
        raise ValueError(f"count={count}, alpha={alpha}: expected neither below zero")
    out = np.empty(database.shape, np.float32)
    for start in range(0, len(database), chunk):
        rows = database[start : start + chunk]
        best, scores = top_k(rows, database, count + 1)
        own = best == np.arange(start, start + len(rows))[:, None]
        own[~own.any(1), -1] = (
            True  # an image that has `count` + 1 equals before it: leave out the last
        )
        others = (part[~own].reshape(len(rows), -1) for part in (best, scores))
        out[start : start + chunk] = _normalised(rows + _weighted(database, *others, alpha))
    return out


def _weighted(database, best, scores, alpha) -> np.ndarray:
    """Sum over the lists (Q, k) of score^alpha * row: (Q, D), a list at a time."""
    weights = np.maximum(scores, 0) ** alpha
    return (
        np.stack([w @ database[i] for w, i in zip(weights, best)])
        if len(best)
        else np.zeros((0, database.shape[1]))
    )


def _normalised(rows) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
