"""Held-out landmarks: images that nobody learns from choose the best epoch.

Book: chapter 7 (training on GL18).
"""

import numpy as np
import torch

from ..datasets import TrainingIndex
from ..search.protocol import average_precision
from ..search.ranking import ranks_by_counting


def first_landmarks(index: TrainingIndex, count: int) -> TrainingIndex:
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
