"""What a step of SOLAR's training minimises: both orders over one batch of descriptors.

A batch has one row per query. With the triplet loss a row is a query, its positive and mined
negatives; with the supervised contrastive loss it is several images of one landmark, and the
negatives are searched in the batch itself.

Book: chapter 5 (losses) and chapter 7 (training on GL18).
"""

import numpy as np
import torch
from torch import Tensor

from .config import TrainConfig
from .losses import (
    second_order_loss,
    second_order_similarity,
    squared_distance,
    supervised_contrastive_loss,
    triplet_loss,
)
from .mining import hardest_negatives


def both_orders(d: Tensor, landmarks: np.ndarray, config: TrainConfig) -> dict[str, Tensor]:
    """Return the losses of a batch, and the distances that tell learning from collapse.

    Args:
        d: (B, k, D) descriptors, rows of images as `GlobalTask.image_ids` draws them.
        landmarks: (B, k) the landmark of each image.
        config: `first_order`, `second_order`, `sos_weight`, `margin` and `negatives`.

    Returns:
        'loss', 'first' and 'second'; 'positives' and 'negatives', the mean distance of queries to
        their positives and to their negatives. When a network learns, the first falls below the
        second; when its descriptors collapse, both go to zero.

    Example:
        >>> d = torch.eye(4).view(2, 2, 4)  # two landmarks with two images each, all different
        >>> config = TrainConfig(negatives=1)
        >>> values = both_orders(d, np.array([[7, 7], [8, 8]]), config)
        >>> f"{values['positives']:.2f} {values['negatives']:.2f} {values['second']:.2f}"
        '1.41 1.41 0.00'
    """
    # both orders look at queries q (B, D), positives p (B, D), negatives n (B, K, D)
    q = d[:, 0]
    p = d[:, 1]
    if config.first_order == "triplet":
        n = d[:, 2:]
        first = triplet_loss(q, p, n, config.margin)
    else:
        first = _contrast(d, landmarks)
        n = _hardest_in_batch(d, landmarks, config.negatives)

    # second order: to the negatives, or among neighbours
    if config.second_order == "solar":
        second = second_order_loss(q, p, n)
    else:
        second = second_order_similarity(q, p, config.negatives)

    # what is minimised, and what is worth watching
    values = dict(loss=first + config.sos_weight * second, first=first, second=second)
    values["positives"] = squared_distance(q, p).detach().sqrt().mean()
    values["negatives"] = squared_distance(q[:, None], n).detach().sqrt().mean()
    return values


def _contrast(d: Tensor, landmarks: np.ndarray) -> Tensor:
    """Return the supervised contrastive loss of all images (B, k, D) of a batch."""
    labels = torch.from_numpy(landmarks.ravel()).to(d.device)  # (B * k,)
    return supervised_contrastive_loss(d.flatten(0, 1), labels)


def _hardest_in_batch(d: Tensor, landmarks: np.ndarray, count: int) -> Tensor:
    """Return negatives (B, K, D) of each row's first image: the hardest in the batch."""
    every = d.flatten(0, 1)  # (B * k, D)
    # mining compares numbers only: no gradient passes through the choice
    hardest = hardest_negatives(
        d[:, 0].detach(), every.detach(), landmarks[:, 0], landmarks.ravel(), count
    )
    return every[torch.from_numpy(hardest).to(d.device)]
