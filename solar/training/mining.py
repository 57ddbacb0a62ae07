"""An epoch's tuples: a query, a positive, and the hardest negatives, which are sought anew before
every epoch.
"""

from collections.abc import Callable

import numpy as np
import torch


def hardest_negatives(
    queries: torch.Tensor,
    pool: torch.Tensor,
    query_landmarks: np.ndarray,
    pool_landmarks: np.ndarray,
    count: int = 5,
    chunk: int = 256,
) -> np.ndarray:
    """For each query, the most similar pool images of other landmarks, at most one a landmark, most
    similar first.

    Two maxima instead of a sort: the best image of every landmark, then the best `count` landmarks.
        `chunk` queries
    are compared at a time, so that memory is chunk x P. Of equally similar images of a landmark the
    first is taken.

    Args:
        queries (Q, D), pool (P, D): descriptors;  query_landmarks (Q,), pool_landmarks (P,): their
        labels.

    Returns:
        (Q, count) numbers of pool images.

    Raises:
        ValueError: the pool has too few landmarks.
    """
    names, landmark = np.unique(pool_landmarks, return_inverse=True)
    if len(names) < count + 1:
        raise ValueError(
            f"the pool's {len(pool)} images show {len(names)} landmarks; {count} negatives of different landmarks "
            f"beside the query's own need {count + 1}: take a larger pool"
        )
    own = np.searchsorted(names, query_landmarks)
    absent = (
        names[np.minimum(own, len(names) - 1)] != query_landmarks
    )  # queries whose landmark is not in the pool
    own[absent] = len(names)
    landmark, own = (
        torch.from_numpy(landmark).to(pool.device),
        torch.from_numpy(own).to(pool.device),
    )
    place = torch.arange(len(pool), device=pool.device)
    found = []
    for part, mine in zip(queries.split(chunk), own.split(chunk)):
        scores = part @ pool.T  # (q, P)
        group = landmark.expand_as(scores)
        best = scores.new_full((len(part), len(names) + 1), -torch.inf).scatter_reduce(
            1, group, scores, "amax"
        )
        first = torch.where(scores == best.gather(1, group), place, len(pool))
        image = first.new_full(best.shape, len(pool)).scatter_reduce(
            1, group, first, "amin"
        )  # (q, landmarks + 1)
        best = best.scatter(1, mine[:, None], -torch.inf)
        found.append(image.gather(1, best.topk(count).indices).cpu())
    return torch.cat(found).numpy()


def epoch_tuples(
    landmarks: np.ndarray,
    describe: Callable[[np.ndarray], torch.Tensor],
    rng: np.random.Generator,
    queries: int = 2000,
    pool: int = 20000,
    negatives: int = 5,
    pairs: np.ndarray | None = None,
) -> np.ndarray:
    """Draw queries and a pool, describe both, find the hardest negatives (SOLAR, section 4).

    Args:
        landmarks: (N,) label of every training image. Any image of a landmark with two or more can
            be a query; its positive is any other image of that landmark.
        pairs: (M, 2) queries and positives to draw from instead, where not every two images of a
            landmark overlap.
        describe: image numbers (n,) -> descriptors (n, D).

    Returns:
        (Q, 2 + negatives) image numbers: query, positive, negatives. Q and the pool are at most
        what there is.
    """
    if pairs is None:
        chosen, positives = _draw_pairs(landmarks, rng, queries)
    else:
        chosen, positives = pairs[rng.choice(len(pairs), min(queries, len(pairs)), replace=False)].T
    drawn = rng.choice(len(landmarks), min(pool, len(landmarks)), replace=False)
    found = hardest_negatives(
        describe(chosen), describe(drawn), landmarks[chosen], landmarks[drawn], count=negatives
    )  # (Q, K)
    return np.concatenate([chosen[:, None], positives[:, None], drawn[found]], 1)


def _draw_pairs(
    landmarks: np.ndarray, rng: np.random.Generator, queries: int
) -> tuple[np.ndarray, np.ndarray]:
    """Queries among all images that have a sibling, and for each any other image of its landmark,
    as likely as any.
    """
    order = np.argsort(landmarks, kind="stable")
    _, start, size = np.unique(landmarks[order], return_index=True, return_counts=True)
    group = np.empty(len(landmarks), int)
    group[order] = np.repeat(np.arange(len(size)), size)
    able = np.flatnonzero(size[group] > 1)
    chosen = rng.choice(able, min(queries, len(able)), replace=False)
    place = np.empty(len(landmarks), int)
    place[order] = np.arange(len(landmarks)) - np.repeat(
        start, size
    )  # an image's place among its landmark's
    other = rng.integers(
        1, size[group[chosen]]
    )  # steps to another image of the landmark, round and round
    return chosen, order[start[group[chosen]] + (place[chosen] + other) % size[group[chosen]]]
