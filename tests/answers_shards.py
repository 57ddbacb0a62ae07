"""Answers to the checks of chapter 10: counts, lists and sizes of a database in pieces."""

import numpy as np
from checking import Exercise


def merged(ia, sa, ib, sb, k, key=lambda score, image: (-score, image)):
    pairs = sorted(zip([*sa, *sb], [*ia, *ib]), key=lambda pair: key(*pair))
    return [image for _, image in pairs][:k]


def first_come(score, image):
    """Order by score alone: of equal ones, what comes first stays first."""
    return -score


def from_behind(ia, sa, ib, sb, k):
    """Merge by a rising sort, read from behind: of equal scores, the last comes first."""
    order = np.argsort(np.concatenate([sa, sb]), kind="stable")[::-1]
    return np.concatenate([ia, ib])[order][:k]


def places(ia, sa, ib, sb, k):
    indices = np.concatenate([ia, ib])
    return np.lexsort((indices, -np.concatenate([sa, sb])))[:k]


EXERCISES = {
    "merged_counts": Exercise(
        right=[lambda counts: np.sort(counts.sum(0))],
        start=lambda counts: counts.max(0),
        told="The largest count is only one shard's: add them.",
        wrong=[
            ("Means", lambda counts: counts.mean(0)),
            ("largest", lambda counts: np.sort(counts.max(0))),
            ("sort them", lambda counts: counts.sum(0)),
            ("shape", lambda counts: counts.sum(1)),
            ("places in the list", lambda counts: np.argsort(counts.sum(0))),
            ("Add first", lambda counts: np.sort(counts, 1).sum(0)),
            ("from 0", lambda counts: np.sort(counts.sum(0) + 1)),
            ("sort them", lambda counts: np.sort(counts.sum(0))[::-1]),
            ("not for three", lambda counts: np.sort(counts[0] + counts[1])),
            ("expect", lambda counts: np.sort(counts.min(0))),
        ],
    ),
    "gigabytes": Exercise(
        right=[lambda images, length, size: images * length * size / 1e9],
        start=lambda images, length, size: images * length * size / 2**30,
        told="These are GiB, 2^30 bytes. Disks are sold in GB, 10^9.",
        wrong=[
            ("GiB", lambda images, length, size: images * length * size / 1024**3),
            ("Bits", lambda images, length, size: 8 * images * length * size / 1e9),
            ("size of a number", lambda images, length, size: images * length * 4 / 1e9),
            ("8.192", lambda images, length, size: 1),
            ("megabytes", lambda images, length, size: images * length * size / 1e6),
            ("always 2048", lambda images, length, size: images * 2048 * size / 1e9),
            ("all three", lambda images, length, size: 1e6 * length * size / 1e9),
        ],
    ),
    "merged_lists": Exercise(
        right=[merged],
        start=lambda ia, sa, ib, sb, k: np.concatenate([ia, ib])[:k],
        told="This is one list behind the other: sort by score.",
        wrong=[
            ("equal scores", lambda *lists: merged(*lists, key=lambda s, i: (-s, -i))),
            ("whichever list", from_behind),
            ("whichever list", lambda ia, sa, ib, sb, k: merged(ib, sb, ia, sa, k, first_come)),
            ("behind the other", lambda ia, sa, ib, sb, k: [*ia, *ib][:k]),
            ("worst", lambda *lists: merged(*lists, key=lambda s, i: (s, -i))),
            ("Cut after", lambda ia, sa, ib, sb, k: merged(ia, sa, ib, sb, 9)),
            ("expect", lambda ia, sa, ib, sb, k: ia[[0, 0, 0, 0]]),
            ("These are scores", lambda ia, sa, ib, sb, k: np.sort([*sa, *sb])[::-1][:k]),
            ("places in the two lists", places),
            ("only equal scores by number", lambda *lists: np.sort(merged(*lists))),
            ("Right so far", lambda ia, sa, ib, sb, k: merged(ia, sa, ib, sb, k if k < 5 else 4)),
        ],
    ),
}
