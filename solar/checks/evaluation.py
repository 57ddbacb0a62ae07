"""Checks of the chapters on the protocol and on a million distractors."""

import numpy as np

from ..search.protocol import precision_at
from ..search.ranking import ranks_by_counting
from .basics import judge, same


def ranks(function) -> None:
    """Check `function(scores, positives, junk)`: zero-based ranks of the positives without the
    junk. A verdict.
    """
    scores = np.array([0.9, 0.1, 0.8, 0.7, 0.8, 0.95, 0.2, 0.8])
    positives, junk = [3, 4, 6], [0, 7]
    found, right = function(scores, positives, junk), ranks_by_counting(scores, positives, junk)
    hints = [
        (
            lambda: np.shape(found) != (3,),
            f"One rank for each positive is expected: (3,), not {np.shape(found)}.",
        ),
        (
            lambda: same(np.sort(found), right + [1, 1, 1]),
            "Ranks count from 0: the best image has rank 0.",
        ),
        (
            lambda: same(np.sort(found), np.sort([sum(scores > scores[i]) for i in positives])),
            "Two things are missing: the junk, and the images with an equal score.",
        ),
        (
            lambda: same(np.sort(found), ranks_by_counting(scores, positives)),
            "The junk still stands there: subtract the junk above each positive.",
        ),
        (
            lambda: same(np.sort(found), right) and not same(found, right),
            "The right ranks; sort them, as average precision walks down the list.",
        ),
        (
            lambda: np.min(found) < right.min(),
            "Images 2 and 4 have equal scores: the smaller index stands above.",
        ),
    ]
    judge("ranks", same(found, right), hints, f"For this example expect {right.tolist()}.")


def precision(function) -> None:
    """Check `function(ranks, k)`: the protocol's precision at k of zero-based, ascending ranks.
    Prints a verdict.
    """
    cases = [([0], 10), ([0, 2, 5], 5), ([0, 20], 10), ([3], 3)]
    found, right = [function(*case) for case in cases], [precision_at(*case) for case in cases]
    hints = [
        (
            lambda: same(found, [sum(r < k for r in ranks) / k for ranks, k in cases]),
            "The oddity is missing: k is at most the last positive's place in the list, counted from 1.",
        ),
        (
            lambda: same(
                found, [sum(r <= k for r in ranks) / min(max(ranks) + 1, k) for ranks, k in cases]
            ),
            "Rank k is place k + 1, one too deep: ranks count from 0.",
        ),
        (
            lambda: same(found, [sum(r < k for r in ranks) / len(ranks) for ranks, k in cases]),
            "This is recall: divide by k (capped), not by the number of positives.",
        ),
    ]
    judge("precision", same(found, right), hints, f"For {cases} expect {right}.")


def interval(function) -> None:
    """Check `function(a, b)`: (low, high), the 95 % interval of the mean of a - b over resampled
    queries.
    """
    rng = np.random.default_rng(0)
    easy = rng.random(200)
    a, b = easy + 0.02 + 0.05 * rng.standard_normal(200), easy
    low, high = map(float, function(a, b))
    half = 1.96 * (a - b).std() / np.sqrt(200)
    apart = 1.96 * np.sqrt((a.var() + b.var()) / 200)
    centre, width = (low + high) / 2, (high - low) / 2
    hints = [
        (lambda: low > high, "The lower end comes first."),
        (
            lambda: abs(width / apart - 1) < 0.15,
            "You draw queries for A and for B apart. Draw once, and score both on the same draw.",
        ),
        (
            lambda: abs(width / (half * np.sqrt(200)) - 1) < 0.15,
            "This is the spread of single queries; wanted is that of the mean over as many draws as there are queries.",
        ),
        (
            lambda: abs(width / half - 0.84) < 0.05,
            "This is a 90 % interval: cut 2.5 % off at each end.",
        ),
        (lambda: abs(centre + (a - b).mean()) < half / 2, "The sign: it is A minus B."),
    ]
    right = abs(width / half - 1) < 0.12 and abs(centre - (a - b).mean()) < half / 3
    judge(
        "interval",
        right,
        [] if right else hints,
        "Draw queries with repetition, take means, then percentiles.",
    )


def merged_counts(function) -> None:
    """Check `function(counts)`: counts (S, P) of images above each positive in S shards -> ranks
    (P,), sorted.
    """
    counts = np.array([[5, 0, 2], [7, 1, 0]])
    found = np.asarray(function(counts))
    hints = [
        (
            lambda: found.shape != (3,),
            f"The shape is {found.shape}: add over the shards, keep the positives: (3,).",
        ),
        (
            lambda: same(np.sort(found), np.sort(counts.mean(0))),
            "Means are for scores. Counts add.",
        ),
        (
            lambda: same(np.sort(found), np.sort(counts.max(0))),
            "The largest count is only one shard's: add them.",
        ),
        (
            lambda: same(found, [12, 1, 2]),
            "Right counts; sort them, as average precision expects ascending ranks.",
        ),
    ]
    judge(
        "merged_counts",
        same(found, [1, 2, 12]),
        hints,
        "For [[5, 0, 2], [7, 1, 0]] expect [1, 2, 12].",
    )


def gigabytes(function) -> None:
    """Check `function(images, length, bytes)`: size of the descriptors in GB (10^9 bytes). Prints a
    verdict.
    """
    found = [function(1_000_000, 2048, 4), function(1_001_001, 2048, 2)]
    right = [8.192, 4.100100096]
    hints = [
        (
            lambda: same(found, np.array(right) * 1e9 / 2**30),
            "These are GiB, 2^30 bytes. Disks are sold in GB, 10^9.",
        ),
        (lambda: same(found, np.array(right) * 8), "Bits: a byte has eight of them."),
        (
            lambda: same(found[0], right[0]) and not same(found, right),
            "The size of a number is not used.",
        ),
    ]
    judge(
        "gigabytes",
        same(found, right),
        hints,
        "A million float32 descriptors of 2048 numbers take 8.192 GB.",
    )


def merged_lists(function) -> None:
    """Check `function(indices_a, scores_a, indices_b, scores_b, k)`: the k best of two lists, equal
    scores by index.
    """
    a, b = ([4, 0, 9], [0.9, 0.7, 0.2]), ([2, 11, 7], [0.9, 0.8, 0.1])
    found = np.asarray(function(*map(np.array, (*a, *b)), 4)).tolist()
    hints = [
        (
            lambda: found == [4, 2, 11, 0],
            "Images 4 and 2 have equal scores: the smaller index first.",
        ),
        (lambda: found == [4, 0, 9, 2], "This is one list behind the other: sort by score."),
        (lambda: found == [7, 9, 0, 11], "The worst stand first: sort by falling score."),
        (lambda: len(found) != 4, "Cut after k."),
    ]
    judge("merged_lists", found == [2, 4, 11, 0], hints, "For this example expect [2, 4, 11, 0].")
