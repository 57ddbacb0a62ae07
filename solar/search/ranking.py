"""Search in memory: similarities, the best few, and the ranks of given images in two ways.

**The plain way** to the rank of an image is to sort: `ranks_by_sorting`. It needs every score, and
sorts all of them to learn the ranks of a few.

**Counting.** The rank of an image is the number of images above it, so nothing need be sorted:
`ranks_by_counting`. The counts of pieces of a database add up, which `counting` uses.

Of two equal scores, the image of the smaller index stands above.

Book: chapter 1 (finding a landmark again) and chapter 10 (one million distractors).
"""

from collections.abc import Sequence

import numpy as np

from .rows import Rows

Indices = Sequence[int] | np.ndarray


def similarity(queries: np.ndarray, database: np.ndarray) -> np.ndarray:
    """Compare every query with every image by the dot product of their descriptors.

    Descriptors have unit length, so the dot product is the cosine of the angle between them.

    Args:
        queries: (Q, D) descriptors.
        database: (N, D) descriptors.

    Returns:
        (Q, N) similarities.

    Raises:
        ValueError: the descriptors differ in length.

    Example:
        >>> import numpy as np
        >>> similarity(np.array([[1.0, 0.0]]), np.array([[0.6, 0.8], [1.0, 0.0]]))
        array([[0.6, 1. ]])
    """
    if queries.ndim != 2 or database.ndim != 2 or queries.shape[1] != database.shape[1]:
        raise ValueError(
            f"descriptors are rows of one length: got {queries.shape} and {database.shape}"
        )
    return queries @ database.T  # (Q, D) @ (D, N) -> (Q, N)


def ranks_by_sorting(scores: np.ndarray, positives: Indices, junk: Indices = ()) -> np.ndarray:
    """Return the ranks of positives the plain way: sort, take out the junk, look where they stand.

    Args:
        scores: (N,) similarities of a query to all images.
        positives: (P,) indices of the images to look for.
        junk: indices of the images to leave out.

    Returns:
        (P,) zero-based ranks, ascending.

    Example:
        >>> ranks_by_sorting(np.array([0.5, 0.9, 0.8, 0.7]), positives=[0, 2], junk=[1])
        array([0, 2])
    """
    # a stable sort keeps equal scores in the order of their indices
    ranking = np.argsort(-scores, kind="stable")  # (N,) images, best first
    ranking = ranking[~np.isin(ranking, junk)]
    # where a positive stands in it is its rank
    return np.flatnonzero(np.isin(ranking, positives))


def ranks_by_counting(scores: np.ndarray, positives: Indices, junk: Indices = ()) -> np.ndarray:
    """Return the ranks of positives by counting: the images above each, less the junk above it.

    No sorting is needed, and counts add up over the pieces of a database. Of two equal scores, the
    image of the smaller index stands above.

    Equation: eq-rank.

    Args:
        scores: (N,) similarities of a query to all images.
        positives: (P,) indices of the images to look for.
        junk: indices of the images to leave out.

    Returns:
        (P,) zero-based ranks, ascending.

    Example:
        >>> ranks_by_counting(np.array([0.5, 0.9, 0.8, 0.7]), positives=[0, 2], junk=[1])
        array([0, 2])
    """
    # lists become sets: each image once, and junk is never a positive
    junk = np.unique(np.asarray(junk, int))
    positives = np.setdiff1d(np.asarray(positives, int), junk)
    everyone = np.arange(len(scores))
    # all images above each positive, and how many of them are junk: (P,) each
    above = standing_above(scores, everyone, scores[positives], positives)
    junk_above = standing_above(scores[junk], junk, scores[positives], positives)
    return np.sort(above - junk_above)


def standing_above(
    scores: np.ndarray, index: np.ndarray, my_scores: np.ndarray, my_index: np.ndarray
) -> np.ndarray:
    """Count how many of some images stand above each of some others.

    Args:
        scores: (n,) of the images that may stand above.
        index: (n,) their indices, which decide between equal scores.
        my_scores: (P,) of the images whose places are asked for.
        my_index: (P,) their indices.

    Returns:
        (P,) int.
    """
    # every one of the P images against every one of the n
    higher = scores[None] > my_scores[:, None]  # (P, n)
    equal_but_first = (scores[None] == my_scores[:, None]) & (index[None] < my_index[:, None])
    return (higher | equal_but_first).sum(1)


# ---- the best few --------------------------------------------------------------------------------


def top_k(
    queries: np.ndarray, database, k: int, chunk: int = 8192
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k most similar images of each query.

    Args:
        queries: (Q, D) descriptors.
        database: (N, D) array, or a Store.
        k: images per query.
        chunk: rows of the database that are compared at once.

    Returns:
        indices (Q, k) int, best first, and scores (Q, k). Equal scores stand in the database's
        order; images of a Store that could not be read come last. With fewer than k images, all.

    Raises:
        ValueError: the descriptors differ in length.

    Example:
        >>> import numpy as np
        >>> database = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
        >>> indices, scores = top_k(np.array([[0.0, 1.0]]), database, k=2)
        >>> indices
        array([[1, 2]])
        >>> scores
        array([[1. , 0.8]])
    """
    # a buffer for reading, and the best so far: nothing yet
    strip = database.new_strip() if isinstance(database, Rows) else None
    best = np.empty((len(queries), 0), int)
    scores = np.empty((len(queries), 0), queries.dtype)
    for start in range(0, max(len(database), 1), chunk):
        # 1. the scores of the next rows; an image that could not be read is never found
        stop = min(start + chunk, len(database))
        if isinstance(database, Rows):
            new = similarity(queries, database.read(start, stop, strip=strip))  # (Q, n)
            skipped = database.skipped
            new[:, skipped[(skipped >= start) & (skipped < stop)] - start] = -np.inf
        else:
            new = similarity(queries, database[start:stop])  # (Q, n)

        # 2. beside the best so far, by rising index: (Q, k + n)
        index = np.broadcast_to(np.arange(start, stop), new.shape)
        best = np.concatenate([best, index], 1)
        scores = np.concatenate([scores, new], 1)

        # 3. keep the k largest
        kept = np.empty((len(scores), min(k, scores.shape[1])), int)  # (Q, k)
        for q, line in enumerate(scores):
            kept[q] = _first_k(line, k)
        best = np.take_along_axis(best, kept, 1)
        scores = np.take_along_axis(scores, kept, 1)
    return best, scores


def _first_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Return where the k largest of `scores` (n,) are, falling; of equals, the earlier first."""
    if k == 0:
        return np.empty(0, int)
    candidates = np.arange(len(scores))
    if k < len(scores):
        # all that reach the k-th largest score: k of them, or more if some are equal
        least = np.partition(scores, -k)[-k]
        candidates = np.flatnonzero(scores >= least)
    # only these are sorted; a stable sort keeps equal scores in order
    order = np.argsort(-scores[candidates], kind="stable")
    return candidates[order[:k]]
