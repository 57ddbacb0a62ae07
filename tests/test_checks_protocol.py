"""Checks of chapters 9 and 10: ranks, precision, intervals; counts, sizes and lists of shards."""

import numpy as np
from checking import Exercise

from solar import ranks_by_counting
from solar.intervals import paired_bootstrap
from solar.search.protocol import precision_at


def strict(scores, positives, junk):
    """Ranks that leave equal scores out."""
    return sorted(sum(scores > scores[i]) - sum(scores[junk] > scores[i]) for i in positives)


def above(scores, positives, junk):
    return sorted(sum(scores > scores[i]) for i in positives)


def behind(scores, positives, junk):
    """Ranks that count all equal scores, those of larger indices too."""
    junk = np.array(junk, int)
    return sorted(sum(scores >= scores[i]) - 1 - sum(scores[junk] >= scores[i]) for i in positives)


def bootstrap(difference, low=2.5, high=97.5, draws=4000, seed=0):
    rng = np.random.default_rng(seed)
    means = rng.choice(difference, (draws, len(difference))).mean(1)
    return np.percentile(means, [low, high])


def relative_to_mean(a, b):
    rng = np.random.default_rng(0)
    chosen = rng.integers(0, len(a), (4000, len(a)))
    return np.percentile(a[chosen].mean(1) / b[chosen].mean(1) - 1, [2.5, 97.5])


def drawn_apart(a, b):
    rng = np.random.default_rng(0)
    means = rng.choice(a, (4000, len(a))).mean(1) - rng.choice(b, (4000, len(b))).mean(1)
    return np.percentile(means, [2.5, 97.5])


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


EXERCISES = {
    "ranks": Exercise(
        right=[ranks_by_counting],
        start=above,
        told="Two things are missing: the junk, and the images with an equal score.",
        wrong=[
            ("One rank for each", lambda s, p, j: 3),
            ("count from 0", lambda s, p, j: ranks_by_counting(s, p, j) + 1),
            ("junk still stands", lambda s, p, j: ranks_by_counting(s, p)),
            ("Two things", lambda s, p, j: above(s, p, j)[::-1]),
            ("smaller index", strict),
            ("sort them", lambda s, p, j: ranks_by_counting(s, p, j)[::-1]),
            ("images below", lambda s, p, j: sorted(sum(s < s[i]) for i in p)),
            ("larger ones do not", behind),
            ("expect [2, 3, 4]", lambda s, p, j: [7, 7, 7]),
        ],
    ),
    "precision": Exercise(
        right=[precision_at],
        start=lambda r, k: sum(rank < k for rank in r) / k,
        told="The oddity is missing: k is at most the last positive's place in the list, counted "
        "from 1.",
        wrong=[
            ("oddity is missing", lambda r, k: sum(np.array(r) < k) / k),
            ("one too deep", lambda r, k: sum(np.array(r) <= k) / min(max(r) + 1, k)),
            ("Two mistakes", lambda r, k: sum(np.array(r) <= k) / k),
            ("recall", lambda r, k: sum(np.array(r) < k) / len(r)),
            ("expect", lambda r, k: 7),
        ],
    ),
    "interval": Exercise(
        right=[lambda a, b: bootstrap(a - b), lambda a, b: bootstrap(a - b, draws=1000, seed=3)],
        start=drawn_apart,
        told="You draw queries for A and for B apart. Draw once, and score both on the same draw.",
        wrong=[
            ("Two numbers", lambda a, b: [*bootstrap(a - b), 0.0]),
            ("lower end", lambda a, b: bootstrap(a - b)[::-1]),
            ("apart", drawn_apart),
            ("single queries", lambda a, b: np.percentile(a - b, [2.5, 97.5])),
            ("90 %", lambda a, b: bootstrap(a - b, 5, 95)),
            ("The sign: it is A minus B", lambda a, b: bootstrap(b - a)),
            ("not divided by B", lambda a, b: bootstrap((a - b) / b)),
            ("not divided by B", relative_to_mean),
            ("draw 1,000 times or more", lambda a, b: bootstrap(a - b, draws=20)),
            ("with repetition", lambda a, b: (0, 1)),
        ],
    ),
    "merged_counts": Exercise(
        right=[lambda counts: np.sort(counts.sum(0))],
        start=lambda counts: counts.max(0),
        told="The largest count is only one shard's: add them.",
        wrong=[
            ("Means", lambda counts: counts.mean(0)),
            ("largest", lambda counts: np.sort(counts.max(0))),
            ("sort them", lambda counts: counts.sum(0)),
            ("shape", lambda counts: counts.sum(1)),
            ("expect", lambda counts: np.arange(3)),
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
        ],
    ),
}


def test_the_package_passes_its_own_exercise():
    rng = np.random.default_rng(3)
    a = rng.random(100)
    b = rng.random(100)
    low, high = bootstrap(a - b)
    package = paired_bootstrap(a, b)
    assert abs(package["low"] - low) < 0.01
    assert abs(package["high"] - high) < 0.01
