"""Checks of the exercises on the revisited protocol.

Book: chapter 9 (the revisited protocol).
"""

from collections.abc import Callable

import numpy as np

from ..search.protocol import precision_at
from ..search.ranking import ranks_by_counting
from .basics import hint_of, judge, same


def why_wrong_ranks(function: Callable) -> str | None:
    """Return the first reason why `function` does not find the positives' ranks, or None."""
    # images 2 and 4 have equal scores, and so has image 7, which is junk
    scores = np.array([0.9, 0.1, 0.8, 0.7, 0.8, 0.95, 0.2, 0.8])
    positives = [3, 4, 6]
    junk = [0, 7]
    answer = np.asarray(function(scores, positives, junk))
    right = ranks_by_counting(scores, positives, junk)

    if np.shape(answer) != (3,):
        return f"One rank for each positive is expected: (3,), not {np.shape(answer)}."

    # the order is judged last: compare sorted ranks first
    ascending = np.sort(answer)
    above = np.sort([sum(scores > scores[i]) for i in positives])
    below = "You count the images below: the best image, with the highest score, has rank 0."
    others = "The other positives stand in the list, too: only junk is taken out."
    hint = hint_of(
        ascending,
        (
            ("Ranks count from 0: the best image has rank 0.", right + 1),
            (below, np.sort([sum(scores < scores[i]) for i in positives])),
            (below, ranks_by_counting(-scores, positives, junk)),
            (below, ranks_by_counting(-scores, positives)),
            (others, right - np.arange(3)),
            (others, above - [1, 2, 3]),
            ("Two things are missing: the junk, and the images with an equal score.", above),
            (
                "The junk still stands there: subtract the junk above each positive.",
                ranks_by_counting(scores, positives),
            ),
        ),
    )
    if hint:
        return hint
    if same(ascending, right) and not same(answer, right):
        return "The right ranks; sort them, as average precision walks down the list."
    if np.min(answer) < right.min():
        return "Images 2 and 4 have equal scores: the smaller index stands above."
    if not same(answer, right):
        return f"For this example expect {right.tolist()}."

    # four equal scores: image 0 stands above image 1, images 2 and 3 stand below it
    tied = function(np.array([0.5, 0.5, 0.5, 0.5, 0.9]), [1], [])
    if not same(tied, [2]):
        return "Of equal scores only those of a smaller index stand above; larger ones do not."
    return _why_not_always(function)


def _why_not_always(function: Callable) -> str | None:
    """Return a small list with ties, drawn at random, for which the ranks are wrong, or None."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = rng.integers(0, 4, 9) / 4
        images = rng.permutation(9).tolist()
        positives = images[:3]
        junk = images[3:5]
        expected = ranks_by_counting(scores, positives, junk)
        if not same(function(scores, positives, junk), expected):
            return (
                f"Right so far. For the scores {scores.tolist()}, positives {positives} and junk "
                f"{junk} expect {expected.tolist()}."
            )
    return None


def ranks(function: Callable) -> None:
    """Check the exercise on ranks without junk and print a verdict.

    Args:
        function: `function(scores, positives, junk)` gives the zero-based, ascending ranks of the
            positives after the junk is taken out of the list. `scores` (N,) are the similarities
            of all images, the other two are image numbers.

    Example:
        >>> ranks(lambda scores, positives, junk: 3)
        ranks: not yet. One rank for each positive is expected: (3,), not ().
    """
    judge("ranks", why_wrong_ranks, function)


def why_wrong_precision(function: Callable) -> str | None:
    """Return the first reason why `function` is not the protocol's precision at k, or None."""
    cases = [([0], 10), ([0, 2, 5], 5), ([0, 20], 10), ([3], 3), ([1, 4, 7], 5)]
    answers = [function(ranks, k) for ranks, k in cases]
    right = [precision_at(ranks, k) for ranks, k in cases]

    # what each usual mistake gives for the four cases
    uncapped = []
    too_deep = []
    both = []
    recall = []
    too_shallow = []
    by_number = []
    for ranks, k in cases:
        among_k = sum(rank < k for rank in ranks)
        uncapped.append(among_k / k)
        within = sum(rank <= k for rank in ranks)
        too_deep.append(within / min(max(ranks) + 1, k))
        both.append(within / k)
        recall.append(among_k / len(ranks))
        last = min(max(ranks) + 1, k)
        too_shallow.append(sum(rank + 1 < k for rank in ranks) / last)
        fewer = min(len(ranks), k)
        by_number.append(sum(rank < fewer for rank in ranks) / fewer)

    if same(answers, uncapped):
        return (
            "The oddity is missing: k is at most the last positive's place in the list, counted "
            "from 1."
        )
    if same(answers, too_deep):
        return "Rank k is place k + 1, one too deep: ranks count from 0."
    if same(answers, both):
        return (
            "Two mistakes: ranks count from 0, so that rank k is one too deep; and k is at most "
            "the last positive's place in the list."
        )
    if same(answers, recall):
        return "This is recall: divide by k (capped), not by the number of positives."
    if same(answers, too_shallow):
        return "One place too few: rank k - 1 is place k, and counts."
    if same(answers, by_number):
        return "k is at most the last positive's place, not the number of positives."
    if same(answers, np.multiply(right, 100)):
        return "A share from 0 to 1, not percent."
    if not same(answers, right):
        return f"For {cases} expect {right}."
    return None


def precision(function: Callable) -> None:
    """Check the exercise on precision at k and print a verdict.

    Args:
        function: `function(ranks, k)` gives the protocol's precision at k of the zero-based,
            ascending ranks of the positives.

    Example:
        >>> precision(lambda ranks, k: sum(rank < k for rank in ranks) / len(ranks))
        precision: not yet. This is recall: divide by k (capped), not by the number of positives.
    """
    judge("precision", why_wrong_precision, function)


def _queries(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of two methods on 200 queries; A is better by 0.02 in the mean."""
    rng = np.random.default_rng(seed)
    easy = 0.2 + 0.8 * rng.random(200)  # some queries are easy for both, and some are not
    return easy + 0.02 + 0.05 * rng.standard_normal(200), easy


def _normal_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the mean of values (Q,) and half the width of its 95 % interval, both normal."""
    return float(values.mean()), float(1.96 * values.std() / np.sqrt(len(values)))


def why_wrong_interval(function: Callable) -> str | None:
    """Return the first reason why `function` is not a paired bootstrap interval, or None."""
    # the intervals of twelve sets of queries: one may be right by luck
    ratios = []
    for seed in range(12):
        a, b = _queries(seed)
        interval = np.asarray(function(a, b), float)
        if interval.shape != (2,):
            return f"Two numbers are expected, the lower and the upper end, not {interval.shape}."
        low = float(interval[0])
        high = float(interval[1])
        mean, half = _normal_interval(a - b)
        is_centred = abs((low + high) / 2 - mean) < half / 3
        ratios.append((high - low) / 2 / half if is_centred else np.nan)
    if all(abs(ratio - 1) < 0.12 for ratio in ratios):
        return None

    # wrong: all sets together, or the last one, tell how
    if all(abs(ratio - 0.84) < 0.07 for ratio in ratios):
        return "This is a 90 % interval: cut 2.5 % off at each end."
    if all(abs(ratio - 1.31) < 0.2 for ratio in ratios):
        return "This is wider, as a 99 % interval is: cut 2.5 % off at each end."
    if all(abs(ratio - 0.51) < 0.07 for ratio in ratios):
        return "This is one standard error on each side, which covers 68 %."
    if 0 <= high - low < 1e-4:
        return (
            "No width: draw with repetition, and give percentiles from 0 to 100, here 2.5 and 97.5."
        )
    why = _why_no_interval(low, high, a, b)
    if why is None and abs(np.mean(ratios) - 0.95) < 0.2:
        return "It jumps from case to case: draw 1,000 times or more."
    return why or "Draw queries with repetition, take means, then percentiles."


def _why_no_interval(low: float, high: float, a: np.ndarray, b: np.ndarray) -> str | None:
    """Return the usual mistake that gives these bounds for scores a and b, or None."""
    centre = (low + high) / 2
    width = (high - low) / 2
    mean, half = _normal_interval(a - b)
    apart = 1.96 * np.sqrt((a.var() + b.var()) / len(a))
    # relative differences: query by query, and of the means
    relative = [
        _normal_interval((a - b) / b),
        _normal_interval((a - a.mean() / b.mean() * b) / b.mean() + a.mean() / b.mean() - 1),
    ]

    if low > high:
        return "The lower end comes first."
    for middle, reach in relative:
        if abs(width / reach - 1) < 0.15 and abs(centre - middle) < reach / 3:
            return "This is a relative difference: it is A minus B, not divided by B."
    if abs(width / apart - 1) < 0.15:
        return "You draw queries for A and for B apart. Draw once, and score both on the same draw."
    if abs(width / (half * np.sqrt(len(a))) - 1) < 0.15:
        return (
            "This is the spread of single queries; wanted is that of the mean over as many draws "
            "as there are queries."
        )
    if abs(centre + mean) < half / 2:
        return "The sign: it is A minus B."
    return None


def interval(function: Callable) -> None:
    """Check the exercise on the bootstrap and print a verdict.

    Args:
        function: `function(a, b)` gives (low, high), the 95 % interval of the mean of a - b over
            resampled queries, for scores a and b (Q,) of the same queries.

    Example:
        >>> interval(lambda a, b: (1.0, 0.0))
        interval: not yet. The lower end comes first.
    """
    judge("interval", why_wrong_interval, function)
