"""Re-ranking with global descriptors alone: the first images of a list speak for each other.

A search compares the query with each image by itself. Re-ranking looks at the first few images of
the list once more, and now at how alike they are among each other. SuperGlobal (Shao et al., 2023)
needs no local descriptors for that, only the vectors that are there already. What is done here is
what its authors' repository does, in `MDescAug.py` and `RerankwMDA.py` of `modules/reranking`.

Book: chapter 10 (one million distractors).
"""

import numpy as np


def rerank(
    queries: np.ndarray,
    database: np.ndarray,
    lists: np.ndarray,
    top: int = 400,
    neighbours: int = 9,
    beta: float = 0.15,
) -> np.ndarray:
    """Put the first images of ranked lists into a better order (SuperGlobal, Shao et al., 2023).

    Each of a query's first images is averaged with its nearest ones among them, see
    `refined_descriptors`. An image is then scored twice by its average: against the query, and
    against the largest numbers, one by one, of the averages that this first score puts on top. The
    mean of both scores decides. The averages are not normalised.

    It costs about top^2 products of descriptors for each query, however large the database is.

    Args:
        queries: (Q, D), rows of unit length.
        database: (N, D), rows of unit length, in memory or mapped from disk.
        lists: (Q, k) indices of images, best first, as `top_k` gives them.
        top: images of each list that are put into a new order; all others stay behind them as they
            are.
        neighbours: images that each of them is averaged with; one more stand for the query.
        beta: weight of a neighbour of similarity 1.

    Returns:
        (Q, k) the lists in their new order. Equal scores keep the order of the first score, and
        where that is equal, too, the order of `lists`.

    Raises:
        ValueError: sizes that do not fit, settings below zero, or an index that the database does
            not have.

    Example:
        >>> database = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.8, -0.6]])
        >>> query = np.array([[0.96, 0.28]])
        >>> rerank(query, database, [[0, 1, 2, 3]], neighbours=1, beta=1.0)
        array([[1, 2, 0, 3]])
    """
    lists = np.asarray(lists)
    _check(queries, database, lists, top, neighbours, beta)
    out = lists.copy()
    for line, query in zip(out, queries):
        # 1. the first images, averaged with each other
        first = line[:top].copy()  # (M,)
        refined = refined_descriptors(database[first], neighbours, beta)  # (M, D)

        # 2. how alike is each average to the query? A stable sort keeps equal ones in order
        to_query = refined @ query  # (M,)
        order = np.argsort(-to_query, kind="stable")

        # 3. the best of them make another query: in each place the largest number that one has
        expanded = refined[order[: neighbours + 1]].max(0, initial=-np.inf)  # (D,)
        scores = (to_query + refined @ expanded) / 2  # (M,)
        order = order[np.argsort(-scores[order], kind="stable")]
        line[:top] = first[order]
    return out


def refined_descriptors(
    descriptors: np.ndarray, neighbours: int = 9, beta: float = 0.15
) -> np.ndarray:
    """Average each descriptor with its nearest ones among the others (SuperGlobal).

    A descriptor itself has weight 1, a neighbour beta times its similarity; the weights are divided
    by their sum. A negative similarity counts as zero.

    Equation: eq-refine.

    Args:
        descriptors: (M, D), rows of unit length.
        neighbours: others that each is averaged with; with fewer others, all.
        beta: weight of a neighbour of similarity 1.

    Returns:
        (M, D), rows no longer than 1: they are not normalised again.

    Example:
        >>> refined_descriptors(np.array([[1.0, 0.0], [0.6, 0.8]]), neighbours=1, beta=0.5)
        array([[0.90769231, 0.18461538],
               [0.69230769, 0.61538462]])
    """
    # the nearest others of each: its own similarity stands behind all of them
    similar = descriptors @ descriptors.T  # (M, M)
    np.fill_diagonal(similar, -np.inf)
    count = max(min(neighbours, len(descriptors) - 1), 0)
    nearest = np.argsort(-similar, axis=1, kind="stable")[:, :count]  # (M, K)

    # a weighted mean, in which the descriptor itself has weight 1
    weights = beta * np.maximum(np.take_along_axis(similar, nearest, 1), 0)  # (M, K)
    sums = descriptors.copy()
    for k in range(count):
        sums += weights[:, k, None] * descriptors[nearest[:, k]]
    return sums / (1 + weights.sum(1, keepdims=True))


def _check(
    queries: np.ndarray,
    database: np.ndarray,
    lists: np.ndarray,
    top: int,
    neighbours: int,
    beta: float,
) -> None:
    """Raise ValueError for lists that do not belong to the descriptors, and strange settings."""
    if lists.ndim != 2 or len(lists) != len(queries):
        raise ValueError(
            f"lists of shape {lists.shape} for {len(queries)} queries; expected (Q, k)"
        )
    if queries.shape[1] != database.shape[1]:
        raise ValueError(
            f"descriptors are rows of one length: got {queries.shape} and {database.shape}"
        )
    if min(top, neighbours, beta) < 0:
        raise ValueError(
            f"top={top}, neighbours={neighbours}, beta={beta}: expected none below zero"
        )
    first = lists[:, :top]
    if first.size and not 0 <= first.min() <= first.max() < len(database):
        raise ValueError(
            f"lists name images {first.min()} to {first.max()}, the database has 0 to "
            f"{len(database) - 1}"
        )
