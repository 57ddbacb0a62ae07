"""Rank agreement: do two images of one landmark return the same list?

It measures what the second-order loss promises. Any image may be a query; so a query and its
positive should see the database in the same order, also among the images that match neither.

Book: chapter 5 (losses).
"""

import numpy as np


def rank_agreement(q, p, database, ignore=None) -> np.ndarray:
    """Return Spearman's rank correlation of the lists that queries and their positives return.

    Row i of `q` and row i of `p` show one landmark. Each has a list: its similarities to the rows
    of the database. 1 means that both order the database in the same way, 0 that one order says
    nothing about the other, -1 that they are opposite. Equal similarities share the mean of their
    ranks.

    Equation: eq-spearman.

    Args:
        q: (Q, D) descriptors of queries, array or tensor.
        p: (Q, D) descriptors of their positives.
        database: (N, D) descriptors.
        ignore: (Q, N) bool, database rows that do not count for a query, such as those that show
            its landmark; None: all count.

    Returns:
        (Q,) float64. nan where fewer than two rows count, or where a list has no order because all
        its similarities are equal.

    Raises:
        ValueError: shapes that do not fit.

    Example:
        >>> database = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
        >>> q = np.array([[1.0, 0.0], [1.0, 0.0]])
        >>> p = np.array([[0.8, 0.6], [0.0, 1.0]])
        >>> rank_agreement(q, p, database)  # p sees the second row, the first, the third; and 3 2 1
        array([ 0.5, -1. ])
    """
    q = np.asarray(q)
    p = np.asarray(p)
    database = np.asarray(database)
    if ignore is None:
        ignore = np.zeros((len(q), len(database)), bool)
    ignore = np.asarray(ignore)
    if q.shape != p.shape or ignore.shape != (len(q), len(database)):
        raise ValueError(
            f"q {q.shape}, p {p.shape}, ignore {ignore.shape}: expected as many rows of p as of q, "
            f"and for `ignore` one row per query, with {len(database)} columns"
        )

    # two lists of similarities per query; only the rows that count
    agreement = []
    for ours, theirs, left_out in zip(q @ database.T, p @ database.T, ignore, strict=True):
        counts = ~left_out.astype(bool)  # (N,)
        agreement.append(_correlation(_ranks(ours[counts]), _ranks(theirs[counts])))
    return np.array(agreement, np.float64)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, from 1; equal values share the mean of their ranks."""
    _, number, counts = np.unique(values, return_inverse=True, return_counts=True)
    # the last rank of a run of `count` equal values, less half of how far it reaches back
    shared = np.cumsum(counts) - (counts - 1) / 2
    return shared[number]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the correlation of two rows of numbers; nan if one of them does not vary."""
    if len(a) < 2:
        return float("nan")
    # deviations from the mean
    a = a - a.mean()
    b = b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")
