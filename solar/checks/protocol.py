"""Checks of the exercises on the revisited protocol and on a million distractors.

Book: chapters 9 (the revisited protocol) and 10 (one million distractors).
"""

from collections.abc import Callable

import numpy as np

from ..search.protocol import precision_at
from ..search.ranking import ranks_by_counting
from .basics import judge, same


def why_wrong_ranks(function: Callable) -> str | None:
    """Return the first reason why `function` does not find the positives' ranks, or None."""
    # images 2 and 4 have equal scores, and so has image 7, which is junk
    scores = np.array([0.9, 0.1, 0.8, 0.7, 0.8, 0.95, 0.2, 0.8])
    positives = [3, 4, 6]
    junk = [0, 7]
    answer = function(scores, positives, junk)
    right = ranks_by_counting(scores, positives, junk)

    if np.shape(answer) != (3,):
        return f"One rank for each positive is expected: (3,), not {np.shape(answer)}."

    # the order is judged last: compare sorted ranks first
    ascending = np.sort(answer)
    above = [sum(scores > scores[i]) for i in positives]
    if same(ascending, right + 1):
        return "Ranks count from 0: the best image has rank 0."
    below = [sum(scores < scores[i]) for i in positives]
    if same(ascending, np.sort(below)):
        return "You count the images below: the best image, with the highest score, has rank 0."
    if same(ascending, np.sort(above)):
        return "Two things are missing: the junk, and the images with an equal score."
    if same(ascending, ranks_by_counting(scores, positives)):
        return "The junk still stands there: subtract the junk above each positive."
    if same(ascending, right) and not same(answer, right):
        return "The right ranks; sort them, as average precision walks down the list."
    if np.min(answer) < right.min():
        return "Images 2 and 4 have equal scores: the smaller index stands above."
    if not same(answer, right):
        return f"For this example expect {right.tolist()}."

    # three equal scores: image 0 stands above image 1, image 2 stands below it
    tied = function(np.array([0.5, 0.5, 0.5, 0.9]), [1], [])
    if not same(tied, [2]):
        return "Of equal scores only those of a smaller index stand above; larger ones do not."
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
    cases = [([0], 10), ([0, 2, 5], 5), ([0, 20], 10), ([3], 3)]
    answers = [function(ranks, k) for ranks, k in cases]
    right = [precision_at(ranks, k) for ranks, k in cases]

    # what each usual mistake gives for the four cases
    uncapped = []
    too_deep = []
    both = []
    recall = []
    for ranks, k in cases:
        among_k = sum(rank < k for rank in ranks)
        uncapped.append(among_k / k)
        within = sum(rank <= k for rank in ranks)
        too_deep.append(within / min(max(ranks) + 1, k))
        both.append(within / k)
        recall.append(among_k / len(ranks))

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
    # the intervals of five sets of queries: one may be right by luck
    ratios = []
    for seed in range(5):
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


def why_wrong_merged_counts(function: Callable) -> str | None:
    """Return the first reason why `function` does not merge the counts of shards, or None."""
    counts = np.array([[5, 0, 2], [7, 1, 0]])  # (S, P) = (2, 3)
    answer = np.asarray(function(counts))

    if answer.shape != (3,):
        return f"The shape is {answer.shape}: add over the shards, keep the positives: (3,)."
    if same(np.sort(answer), np.sort(counts.mean(0))):
        return "Means are for scores. Counts add."
    if same(np.sort(answer), np.sort(counts.max(0))):
        return "The largest count is only one shard's: add them."
    if same(answer, [12, 1, 2]):
        return "Right counts; sort them, as average precision expects ascending ranks."
    if not same(answer, [1, 2, 12]):
        return "For [[5, 0, 2], [7, 1, 0]] expect [1, 2, 12]."
    return None


def merged_counts(function: Callable) -> None:
    """Check the exercise on counts from several shards and print a verdict.

    Args:
        function: `function(counts)` gives the ascending ranks (P,) of the positives, from the
            counts (S, P) of the images above each positive in each of S shards.

    Example:
        >>> merged_counts(lambda counts: counts.mean(0))
        merged_counts: not yet. Means are for scores. Counts add.
    """
    judge("merged_counts", why_wrong_merged_counts, function)


def why_wrong_gigabytes(function: Callable) -> str | None:
    """Return the first reason why `function` is not the size of descriptors, or None."""
    answers = [function(1_000_000, 2048, 4), function(1_001_001, 2048, 2)]
    right = [8.192, 4.100100096]

    if same(answers, np.array(right) * 1e9 / 2**30):
        return "These are GiB, 2^30 bytes. Disks are sold in GB, 10^9."
    if same(answers, np.array(right) * 8):
        return "Bits: a byte has eight of them."
    if same(answers[0], right[0]) and not same(answers, right):
        return "The size of a number is not used."
    if not same(answers, right):
        return "A million float32 descriptors of 2048 numbers take 8.192 GB."
    return None


def gigabytes(function: Callable) -> None:
    """Check the exercise on the size of descriptors and print a verdict.

    Args:
        function: `function(images, length, bytes)` gives the size in GB (10^9 bytes) of one
            descriptor per image, each of `length` numbers of so many bytes.

    Example:
        >>> gigabytes(lambda images, length, size: images * length * size / 2**30)
        gigabytes: not yet. These are GiB, 2^30 bytes. Disks are sold in GB, 10^9.
    """
    judge("gigabytes", why_wrong_gigabytes, function)


def why_wrong_merged_lists(function: Callable) -> str | None:
    """Return the first reason why `function` does not merge two ranked lists, or None."""
    # images 4 and 2 have equal scores, in different lists
    indices_a = np.array([4, 0, 9])
    scores_a = np.array([0.9, 0.7, 0.2])
    indices_b = np.array([2, 11, 7])
    scores_b = np.array([0.9, 0.8, 0.1])
    answer = np.asarray(function(indices_a, scores_a, indices_b, scores_b, 4)).tolist()

    if answer == [4, 2, 11, 0]:
        return "Images 4 and 2 have equal scores: the smaller index first."
    if answer == [4, 0, 9, 2]:
        return "This is one list behind the other: sort by score."
    if answer == [7, 9, 0, 11]:
        return "The worst stand first: sort by falling score."
    if len(answer) != 4:
        return "Cut after k."
    if answer != [2, 4, 11, 0]:
        return "For this example expect [2, 4, 11, 0]."

    # the same tie the other way round: the smaller index is in the first list
    swapped = function(np.array([2, 0]), scores_a[:2], np.array([4, 11]), scores_b[:2], 3)
    if np.asarray(swapped).tolist() != [2, 4, 11]:
        return "Images 4 and 2 have equal scores: the smaller index first, in whichever list it is."
    return None


def merged_lists(function: Callable) -> None:
    """Check the exercise on merging two ranked lists and print a verdict.

    Args:
        function: `function(indices_a, scores_a, indices_b, scores_b, k)` gives the indices of the k
            best images of two lists, by falling score, equal scores by their index.

    Example:
        >>> merged_lists(lambda indices_a, scores_a, indices_b, scores_b, k: [7, 9, 0, 11])
        merged_lists: not yet. The worst stand first: sort by falling score.
    """
    judge("merged_lists", why_wrong_merged_lists, function)
