"""Query expansion, and the same for the database beforehand: search again with the images found.

Book: chapter 9 (the revisited protocol).
"""

import numpy as np

from ..nets.pooling import l2n
from .ranking import top_k


def expand_queries(
    queries: np.ndarray, database: np.ndarray, count: int = 10, alpha: float = 3.0
) -> np.ndarray:
    """Add to each query its best images, weighted by score^alpha (Radenovic et al., 2019).

    With alpha = 0 it is the average query expansion of Chum et al. (2007). Negative scores count as
    zero.

    Args:
        queries: (Q, D), rows of unit length.
        database: (N, D), rows of unit length.
        count: images per query.
        alpha: exponent of the scores.

    Returns:
        (Q, D) float32, rows of unit length; zeros stay zeros.

    Raises:
        ValueError: `count` or `alpha` below zero.

    Example:
        >>> import numpy as np
        >>> expand_queries(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0], [0.6, 0.8]]), 1, alpha=0)
        array([[0.8944267 , 0.44721335]], dtype=float32)
    """
    _check(count, alpha)
    # search once, add what was found to the query, and normalise; the caller searches again
    best, scores = top_k(queries, database, count)  # (Q, count) each
    expanded = queries + _weighted_sums(database, best, scores, alpha)
    return l2n(expanded).astype(np.float32)


def augment_database(
    database: np.ndarray, count: int = 10, alpha: float = 3.0, chunk: int = 2048
) -> np.ndarray:
    """Add to each image its nearest others, weighted likewise (Turcot and Lowe, 2009).

    It costs N^2 products once, and nothing when a query comes.

    Args:
        database: (N, D), rows of unit length.
        count: other images per image.
        alpha: exponent of the scores.
        chunk: images that are compared with all others at once.

    Returns:
        (N, D) float32, rows of unit length; zeros stay zeros.

    Raises:
        ValueError: `count` or `alpha` below zero.
    """
    _check(count, alpha)
    out = np.empty(database.shape, np.float32)
    # `chunk` rows at a time: all N x N scores would not fit
    for start in range(0, len(database), chunk):
        rows = database[start : start + chunk]  # (n, D)
        best, scores = top_k(rows, database, count + 1)  # (n, count + 1)

        # leave out the image itself, usually the first on its list; if `count` + 1 images equal to
        # it stand before it, it is not there, and the last is left out
        own = best == np.arange(start, start + len(rows))[:, None]
        own[~own.any(1), -1] = True
        others = best[~own].reshape(len(rows), -1)  # (n, count)
        other_scores = scores[~own].reshape(len(rows), -1)
        augmented = rows + _weighted_sums(database, others, other_scores, alpha)
        out[start : start + chunk] = l2n(augmented)
    return out


def _check(count: int, alpha: float) -> None:
    """Raise ValueError for a negative number of images or a negative exponent."""
    if count < 0 or alpha < 0:
        raise ValueError(f"count={count}, alpha={alpha}: expected neither below zero")


def _weighted_sums(
    database: np.ndarray, best: np.ndarray, scores: np.ndarray, alpha: float
) -> np.ndarray:
    """Return for each list of images (Q, k) the sum of score^alpha times the descriptor, (Q, D)."""
    weights = np.maximum(scores, 0) ** alpha  # (Q, k)
    # list by list: the descriptors of all lists at once could be many times the database
    sums = [weight @ database[images] for weight, images in zip(weights, best)]
    return np.stack(sums) if sums else np.zeros((0, database.shape[1]))
