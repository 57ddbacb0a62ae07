"""Held-out landmarks: images that nobody learns from choose the best epoch.

Also parts of a training set: its first images, its first landmarks.

Book: chapter 7 (training on GL18).
"""

import numpy as np
import torch

from ..datasets import TrainingIndex
from ..search.protocol import average_precision
from ..search.ranking import ranks_by_counting


def first_images(index: TrainingIndex, count: int) -> TrainingIndex:
    """Return at most `count` images, whole landmarks by their number as far as it goes.

    Args:
        index: images and their landmarks.
        count: number of images.
    """
    if len(index) <= count:
        return index
    # the first images in the order of their landmarks, put back into their own order
    by_landmark = np.argsort(index.landmarks, kind="stable")
    chosen = np.sort(by_landmark[:count])
    return TrainingIndex([index.images[i] for i in chosen], index.landmarks[chosen])


def first_landmarks(index: TrainingIndex, count: int) -> TrainingIndex:
    """Return all images of the first landmarks by their number, in the order of `index`.

    Args:
        index: images and their landmarks.
        count: number of landmarks; 0 for all.

    Raises:
        ValueError: the index has fewer landmarks, or `count` is negative.

    Example:
        >>> index = TrainingIndex(["a.jpg", "b.jpg", "c.jpg"], np.array([8, 5, 8]))
        >>> first_landmarks(index, 1).images
        ['b.jpg']
    """
    if count == 0:
        return index
    names = np.unique(index.landmarks)  # sorted
    if not 0 < count <= len(names):
        raise ValueError(
            f"train_landmarks={count}: expected 0 for all, or a number up to {len(names)}, as many "
            "landmarks as there are"
        )

    # the images of these landmarks
    is_chosen = np.isin(index.landmarks, names[:count])
    chosen = np.flatnonzero(is_chosen)
    boxes = index.boxes
    if boxes is not None:
        boxes = boxes[chosen]

    # pairs of which both images are kept, by their new numbers
    pairs = index.pairs
    if pairs is not None:
        pairs = np.searchsorted(chosen, pairs[is_chosen[pairs].all(1)])
    images = [index.images[i] for i in chosen.tolist()]
    return TrainingIndex(images, index.landmarks[chosen], boxes, pairs)


def held_out_map(descriptors: torch.Tensor, landmarks: np.ndarray) -> float:
    """Return the mean average precision when every image searches for its siblings.

    Each image is a query among all others; an image without a sibling asks nothing.

    Args:
        descriptors: (N, D) of images of held-out landmarks.
        landmarks: (N,) their labels.

    Returns:
        A number between 0 and 1.

    Example:
        >>> descriptors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
        >>> held_out_map(descriptors, np.array([7, 7, 8, 8]))
        1.0
    """
    # one query after another: every image against all images
    scores = (descriptors @ descriptors.T).cpu().numpy()  # (N, N)
    precisions = []
    for query, row in enumerate(scores):
        siblings = np.flatnonzero(landmarks == landmarks[query])
        siblings = siblings[siblings != query]
        if len(siblings):
            # the query itself is no answer: it is left out of the ranking
            ranks = ranks_by_counting(row, siblings, [query])
            precisions.append(average_precision(ranks))
    return float(np.mean(precisions))
