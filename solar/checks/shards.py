"""Checks of the exercises on counts, lists and sizes of a database in pieces.

Book: chapter 10 (one million distractors).
"""

from collections.abc import Callable

import numpy as np

from .basics import judge, same


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
    if same(answer, np.sort(counts, 1).sum(0)):
        return "Add first, then sort: a column belongs to one positive."
    if same(np.sort(answer), [2, 3, 13]):
        return "Ranks count from 0: an image with nothing above it has rank 0."
    if same(answer, [1, 2, 0]):
        return "These are places in the list; the counts themselves are the ranks."
    if same(np.sort(answer), [1, 2, 12]) and not same(answer, [1, 2, 12]):
        return "Right counts; sort them, as average precision expects ascending ranks."
    if not same(answer, [1, 2, 12]):
        return "For [[5, 0, 2], [7, 1, 0]] expect [1, 2, 12]."
    if not same(function(np.array([[1, 0], [1, 0], [1, 4]])), [3, 4]):
        return "Right for two shards, but not for three."
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
    answers = [function(1_000_000, 2048, 4), function(1_001_001, 2048, 2), function(5000, 512, 4)]
    right = [8.192, 4.100100096, 0.01024]

    if same(answers, np.array(right) * 1e9 / 2**30):
        return "These are GiB, 2^30 bytes. Disks are sold in GB, 10^9."
    if same(answers, np.array(right) * 8):
        return "Bits: a byte has eight of them."
    if same(answers, np.array(right) * 1000):
        return "These are megabytes: a GB has 10^9 bytes."
    if same(answers[:2], [right[0], 2 * right[1]]):
        return "The size of a number is not used."
    if same(answers[:2], right[:2]) and not same(answers, right):
        return "The length of a descriptor is not always 2048."
    if same(answers[0], right[0]) and not same(answers, right):
        return "Are all three arguments used?"
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

    if same(answer, [0.9, 0.9, 0.8, 0.7]):
        return "These are scores; expected the numbers of the images."
    if answer == [3, 0, 4, 1]:
        return "These are places in the two lists; expected the numbers that stand there."
    if answer == [0, 2, 4, 11]:
        return "The right images; by falling score, and only equal scores by number."
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
    return _why_not_always(function)


def _why_not_always(function: Callable) -> str | None:
    """Return two short lists with ties, drawn at random, that are merged wrongly, or None."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        images = rng.permutation(12)[:8]
        scores = rng.integers(0, 4, 8) / 4

        # each list is sorted, by falling score and rising number
        lists = []
        for part in (slice(0, 4), slice(4, 8)):
            order = np.lexsort((images[part], -scores[part]))
            lists += [images[part][order], scores[part][order]]
        expected = images[np.lexsort((images, -scores))][:5].tolist()
        if np.asarray(function(*lists, 5)).tolist() != expected:
            words = " and ".join(str(values.tolist()) for values in lists)
            return f"Right so far. For {words}, the best five are {expected}."
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
