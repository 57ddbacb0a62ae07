"""Checks of the exercises on re-ranking, and five counters, four of which err.

Book: chapter 10 (one million distractors).
"""

from collections.abc import Callable

import numpy as np

from ..nets.pooling import l2n
from ..search.rerank import refined_descriptors
from .basics import judge, same
from .hunts import wrong_names

# what a counter of `counters` may do, with an experiment that gives it away
COUNTER_KINDS = {
    "right": "it passes the experiments of all four mistakes.",
    "ties above": "let a row score exactly as much as the threshold. Is it counted?",
    "last rows lost": "give one piece of one row, then of four, then of five. Is every row looked "
    "at?",
    "last piece alone": "cut one piece into two. Is the count the same?",
    "half precision": "let a row score a millionth more than the threshold. Is it counted?",
}
COUNTER_HIDDEN = (2, 4, 1, 0, 3)  # the kinds of A, B, ... by their numbers
TILE = 4  # rows that one of the counters multiplies at once


# ---- re-ranking ----------------------------------------------------------------------------------


def why_wrong_refined(function: Callable) -> str | None:
    """Return the first reason why `function` does not average descriptors, or None."""
    # seven descriptors that are alike, so that all similarities are positive
    rng = np.random.default_rng(0)
    rows = np.asarray(l2n(rng.standard_normal((7, 4)) + 1.2))  # (M, D)
    answer = np.asarray(function(rows.copy(), 2, 0.5), float)

    if answer.shape != rows.shape:
        return f"The shape is {answer.shape}; expected one average for each descriptor, (M, D)."
    reason = _other_average(answer, rows)
    if reason is not None:
        return reason
    if not same(answer, refined_descriptors(rows, 2, 0.5)):
        return "For [[1, 0], [0.6, 0.8]], 1 neighbour and beta 0.5 expect [[0.9077, 0.1846], ...]."

    # other settings, for a function that has some built in
    if not same(function(rows.copy(), 4, 0.15), refined_descriptors(rows, 4, 0.15)):
        return "With 4 neighbours and beta 0.15 it differs: are both used?"
    return None


def _other_average(answer: np.ndarray, rows: np.ndarray) -> str | None:
    """Return which other average of 2 neighbours with beta 0.5 an answer is, or None."""
    similar = rows @ rows.T  # (M, M)
    right = refined_descriptors(rows, 2, 0.5)
    own = np.eye(len(rows))
    order = np.argsort(-similar, axis=1)  # each one itself stands first
    near = _chosen(order[:, 1:3])  # (M, M): 1 for a neighbour
    with_itself = _chosen(order[:, :2])

    if same(answer, l2n(right)):
        return "Right directions; but the averages are not normalised again."
    if same(answer, own @ rows):
        return "Nothing has changed: add the neighbours."
    weights = {
        "The nearest one of all is the descriptor itself, which has weight 1: leave it out.": (
            own + 0.5 * with_itself * similar
        ),
        "These are the least similar ones: sort by falling similarity.": (
            own + 0.5 * _chosen(order[:, -2:]) * similar
        ),
        "A neighbour's weight is beta times its similarity.": own + 0.5 * near,
        "A neighbour counts less than the descriptor itself, by the factor beta.": (
            own + near * similar
        ),
        "Only the nearest ones are added, not all.": own + 0.5 * (1 - own) * similar,
        "The descriptor itself has weight 1; it is missing.": 0.5 * near * similar,
        "One neighbour too many.": own + 0.5 * _chosen(order[:, 1:4]) * similar,
        "One neighbour too few: the first of the order is the descriptor itself.": (
            own + 0.5 * _chosen(order[:, 1:2]) * similar
        ),
        "A neighbour's weight is beta times its similarity, not its square.": (
            own + 0.5 * near * similar**2
        ),
    }
    for hint, weight in weights.items():
        if same(answer, weight @ rows / weight.sum(1, keepdims=True)):
            return hint

    # the right weights, divided by something else
    weight = own + 0.5 * near * similar
    if same(answer, weight @ rows):
        return "Divide by the sum of the weights."
    if same(answer, weight @ rows / 3):
        return "Divide by the sum of the weights, not by their number."
    return None


def _chosen(columns: np.ndarray) -> np.ndarray:
    """Return a matrix (M, M) with ones at the columns (M, K) of each row."""
    matrix = np.zeros((len(columns), len(columns)))
    np.put_along_axis(matrix, columns, 1.0, axis=1)
    return matrix


def refined(function: Callable) -> None:
    """Check the exercise on averaging the first images of a list and print a verdict.

    Args:
        function: `function(descriptors, neighbours, beta)` takes rows of unit length (M, D), and
            gives for each the mean of itself, weight 1, and its nearest others, each with weight
            beta times its similarity: (M, D), not normalised.

    Example:
        >>> refined(lambda descriptors, neighbours, beta: descriptors)
        refined: not yet. Nothing has changed: add the neighbours.
    """
    judge("refined", why_wrong_refined, function)


def why_wrong_ceiling(function: Callable) -> str | None:
    """Return the first reason why `function` does not re-rank perfectly, or None."""
    ranks = np.array([3, 7, 20, 40])
    answer = np.asarray(function(ranks, 10))

    if answer.shape != (4,):
        return f"The shape is {answer.shape}: every positive keeps a rank, also the deep ones."
    if same(answer, ranks):
        return "Nothing has changed: in the best order the positives of the front stand first."
    if same(answer, [0, 1, 2, 3]):
        return "Positives behind the depth cannot be reached: they stay where they are."
    if same(answer, [1, 2, 20, 40]):
        return "Ranks count from zero."
    if same(answer, [0, 1, 18, 38]):
        return "Nothing leaves the front, so whatever is behind it keeps its rank."
    if same(answer, [8, 9, 20, 40]):
        return "This is the worst order of the front; wanted is the best."
    if not same(answer, [0, 1, 20, 40]):
        return "For the ranks [3, 7, 20, 40] and depth 10 expect [0, 1, 20, 40]."
    if not same(function(np.array([3, 7, 20, 40]), 5), [0, 7, 20, 40]):
        return "Right for the depth 10 only: is `depth` used?"
    # the edge: the first ten images have the ranks 0 to 9
    if not same(function(np.array([2, 9, 10]), 10), [0, 1, 10]):
        return "The first ten images have the ranks 0 to 9: where does 10 belong?"
    return None


def ceiling(function: Callable) -> None:
    """Check the exercise on the best that re-ranking can do and print a verdict.

    Args:
        function: `function(ranks, depth)` gives the ascending ranks (P,) that the positives with
            the zero-based, ascending ranks (P,) would have, if the first `depth` images were put
            into the best order.

    Example:
        >>> ceiling(lambda ranks, depth: ranks)
        ceiling: not yet. Nothing has changed: in the best order the positives of the front stand \
first.
    """
    judge("ceiling", why_wrong_ceiling, function)


# ---- a hunt --------------------------------------------------------------------------------------


def counters() -> dict[str, Callable]:
    """Return five functions that claim to count piece by piece; one of them does.

    Returns:
        'A' ... 'E' -> a function of queries (Q, D), a list of pieces (n, D), and for each query its
        thresholds (P,). It returns for each query how many rows of all pieces score above each
        threshold, (P,).

    Example:
        >>> count = counters()["D"]
        >>> count(np.array([[1.0]]), [np.array([[0.5], [0.7]])], [np.array([0.6])])
        [array([1])]
    """

    def right(scores, limits):
        return (scores[None] > limits[:, None]).sum(1)

    def ties_above(scores, limits):
        return (scores[None] >= limits[:, None]).sum(1)

    def whole_tiles(scores, limits):
        # at least one tile, so that small experiments are counted
        whole = max(len(scores) // TILE, 1) * TILE
        return right(scores[:whole], limits)

    def rounded(scores, limits):
        return right(scores.astype(np.float16), limits.astype(np.float16))

    def counter(count: Callable, adds: bool = True) -> Callable:
        def counted(queries, pieces, thresholds):
            totals = [np.zeros(len(limits), int) for limits in thresholds]
            for piece in pieces:
                for q, limits in enumerate(thresholds):
                    above = count(queries[q] @ piece.T, limits)
                    totals[q] = totals[q] + above if adds else above
            return totals

        return counted

    # in the order of COUNTER_KINDS
    functions = (
        counter(right),
        counter(ties_above),
        counter(whole_tiles),
        counter(right, adds=False),
        counter(rounded),
    )
    return {letter: functions[number] for letter, number in zip("ABCDE", COUNTER_HIDDEN)}


def why_wrong_which_counter(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `counters`, or None."""
    return wrong_names(function(), COUNTER_HIDDEN, COUNTER_KINDS)


def which_counter(function: Callable) -> None:
    """Check the bug hunt among the `counters` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `COUNTER_KINDS`.

    Example:
        >>> which_counter(lambda: {"A": "right"})
        which_counter: not yet. No word on B, C, D, E.
    """
    judge("which_counter", why_wrong_which_counter, function)
