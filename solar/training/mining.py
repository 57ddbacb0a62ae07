"""Mining: which images an epoch learns from.

With the triplet loss, an epoch consists of tuples: a query, a positive and the hardest negatives
(`epoch_tuples`). Negatives are searched anew before every epoch, because the network, and with it
what is hard, has changed. With the supervised contrastive loss, it consists of siblings: several
images of each landmark of a batch (`epoch_siblings`).

Book: chapter 7 (training on GL18).
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
    """Find for each query the most similar pool images of other landmarks, one per landmark.

    Two maxima instead of a sort: first the best image of every landmark, then the best `count`
    landmarks. Of equally similar images of a landmark the first is taken.
    Source: SOLAR, section 4; Radenovic et al., 2019, section 3.3.

    Args:
        queries: (Q, D) descriptors.
        pool: (P, D) descriptors.
        query_landmarks: (Q,) label of each query.
        pool_landmarks: (P,) label of each pool image.
        count: negatives per query.
        chunk: queries that are compared at a time; the memory needed is chunk x P.

    Returns:
        (Q, count) indices of pool images, the most similar first.

    Raises:
        ValueError: the pool has too few landmarks.

    Example:
        >>> pool = torch.tensor([[1.0], [0.9], [0.8], [0.7]])
        >>> landmarks = np.array([4, 5, 5, 6])
        >>> hardest_negatives(pool[:1], pool, landmarks[:1], landmarks, count=2)
        array([[1, 3]])
    """
    # number the landmarks 0, 1, ...: `landmark` (P,) is the number of each pool image's landmark
    names, landmark_of_image = np.unique(pool_landmarks, return_inverse=True)
    if len(names) < count + 1:
        raise ValueError(
            f"the pool's {len(pool)} images show {len(names)} landmarks; {count} negatives of "
            f"different landmarks beside the query's own need {count + 1}: take a larger pool"
        )
    landmark = torch.from_numpy(landmark_of_image).to(pool.device)
    own = torch.from_numpy(_number_of(query_landmarks, names)).to(pool.device)  # (Q,)

    # chunk by chunk, so that the scores of all queries never lie in memory together
    image = torch.arange(len(pool), device=pool.device)  # (P,)
    negatives = []
    for some, own_landmark in zip(queries.split(chunk), own.split(chunk)):
        scores = some @ pool.T  # (q, P)

        # the best score of every landmark; a last column for "no landmark of the pool"
        column = landmark.expand_as(scores)  # (q, P)
        best = scores.new_full((len(some), len(names) + 1), -torch.inf)
        best = best.scatter_reduce(1, column, scores, "amax")  # (q, landmarks + 1)

        # the first image that reaches it: all others are numbered P, and the least number wins
        reaches = torch.where(scores == best.gather(1, column), image, len(pool))  # (q, P)
        first = reaches.new_full(best.shape, len(pool))
        first = first.scatter_reduce(1, column, reaches, "amin")  # (q, landmarks + 1)

        # the query's own landmark gives no negatives; of the others the best `count` do
        best = best.scatter(1, own_landmark[:, None], -torch.inf)
        negatives.append(first.gather(1, best.topk(count).indices).cpu())  # (q, count)
    return torch.cat(negatives).numpy()


def _number_of(labels: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Return the position of each label in the sorted `names`; len(names) if it is not there."""
    number = np.searchsorted(names, labels)
    absent = names[np.minimum(number, len(names) - 1)] != labels
    number[absent] = len(names)
    return number


def epoch_tuples(
    landmarks: np.ndarray,
    describe: Callable[[np.ndarray], torch.Tensor],
    rng: np.random.Generator,
    queries: int = 2000,
    pool: int = 20000,
    negatives: int = 5,
    pairs: np.ndarray | None = None,
) -> np.ndarray:
    """Draw queries, positives and a pool; describe queries and pool; find the hardest negatives.

    Source: SOLAR, section 4.

    Args:
        landmarks: (N,) label of every training image. Any image of a landmark with two or more can
            be a query; its positive is any other image of that landmark.
        describe: function from image indices (n,) to descriptors (n, D).
        rng: random generator.
        queries: number of queries Q, at most as many as there are.
        pool: number of images among which negatives are searched, at most N.
        negatives: number of negatives per query.
        pairs: (M, 2) queries and positives to draw from instead, where not every two images of a
            landmark overlap.

    Returns:
        (Q, 2 + negatives) image indices: query, positive, negatives.

    Raises:
        ValueError: the pool shows too few landmarks.

    Example:
        >>> landmarks = np.array([1, 1, 2, 2])
        >>> descriptors = torch.eye(4)
        >>> rng = np.random.default_rng(0)
        >>> tuples = epoch_tuples(landmarks, lambda i: descriptors[i], rng, negatives=1)
        >>> sorted(tuples[:, 0].tolist())  # every image has a sibling, so all are queries
        [0, 1, 2, 3]
    """
    # a query and a positive for each tuple
    if pairs is None:
        chosen, positives = _draw_pairs(landmarks, rng, queries)
    else:
        drawn = rng.choice(len(pairs), min(queries, len(pairs)), replace=False)
        chosen, positives = pairs[drawn].T  # (Q,), (Q,)

    # a pool of images, and the hardest negatives in it
    pool_images = rng.choice(len(landmarks), min(pool, len(landmarks)), replace=False)  # (P,)
    hardest = hardest_negatives(
        describe(chosen),
        describe(pool_images),
        landmarks[chosen],
        landmarks[pool_images],
        count=negatives,
    )  # (Q, K) indices into the pool

    # one row per tuple
    return np.concatenate([chosen[:, None], positives[:, None], pool_images[hardest]], 1)


def epoch_siblings(
    landmarks: np.ndarray, rng: np.random.Generator, steps: int, batch: int, siblings: int
) -> np.ndarray:
    """Draw landmarks and several images of each; the landmarks of one step are different ones.

    Args:
        landmarks: (N,) label of every training image.
        rng: random generator.
        steps: number of steps.
        batch: landmarks per step.
        siblings: images per landmark.

    Returns:
        (steps * batch, siblings) image indices, one landmark per row.

    Raises:
        ValueError: fewer than `batch` landmarks have enough images.

    Example:
        >>> landmarks = np.array([1, 1, 2, 3, 3])
        >>> rows = epoch_siblings(landmarks, np.random.default_rng(0), steps=1, batch=2, siblings=2)
        >>> sorted(landmarks[rows[:, 0]].tolist())  # landmark 2 has one image only
        [1, 3]
    """
    # the images of each landmark, of those landmarks that have enough
    groups = [np.flatnonzero(landmarks == name) for name in np.unique(landmarks)]
    groups = [group for group in groups if len(group) >= siblings]
    if len(groups) < batch:
        raise ValueError(
            f"{len(groups)} landmarks have {siblings} photographs or more; a batch needs {batch}: "
            "make `batch_size` or `photos_per_landmark` smaller"
        )
    # the landmarks of all steps first, then their images: the order in which numbers are drawn
    chosen = [rng.choice(len(groups), batch, replace=False) for _ in range(steps)]
    rows = [rng.choice(groups[g], siblings, replace=False) for g in np.concatenate(chosen)]
    return np.array(rows)


def _draw_pairs(
    landmarks: np.ndarray, rng: np.random.Generator, queries: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw queries, and for each any other image of its landmark, all equally likely."""
    # sort the images by landmark: landmark number g owns a run of `size[g]` images in `order`,
    # which begins at `start[g]`
    order = np.argsort(landmarks, kind="stable")
    _, start, size = np.unique(landmarks[order], return_index=True, return_counts=True)

    # for each image the number of its landmark, and its place in its landmark's run
    group = np.empty(len(landmarks), int)
    group[order] = np.repeat(np.arange(len(size)), size)
    place = np.empty(len(landmarks), int)
    place[order] = np.arange(len(landmarks)) - np.repeat(start, size)

    # queries: images that have a sibling
    with_sibling = np.flatnonzero(size[group] > 1)
    chosen = rng.choice(with_sibling, min(queries, len(with_sibling)), replace=False)

    # positives: go 1 ... size - 1 steps from the query's place, and from the end of the run on to
    # its beginning; so every image of the landmark but the query is reached, by one number of steps
    group = group[chosen]
    steps = rng.integers(1, size[group])
    positive_place = (place[chosen] + steps) % size[group]
    return chosen, order[start[group] + positive_place]
