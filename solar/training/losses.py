"""What training asks of descriptors: first order (triplet, contrastive) and second order (SOLAR,
section 3.3).

A batch holds B tuples: queries q (B, D), positives p (B, D), K negatives each n (B, K, D), rows of
unit length. d2 is the squared Euclidean distance. All gradients are finite everywhere, also where
two descriptors are the same.
"""

import torch


def squared_distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """d2 along the last dimension, (..., D) and (..., D) -> (...)."""
    return (a - b).square().sum(-1)


def triplet_loss(
    q: torch.Tensor, p: torch.Tensor, n: torch.Tensor, margin: float = 1.25
) -> torch.Tensor:
    """(1/B) sum_b sum_j max(0, d2(q_b, p_b) - d2(q_b, n_bj) + margin): the positive nearer than
    every negative.

    A mean over tuples: equal parts of a batch may be computed one after another, or on several
        devices, and averaged.
    """
    near, far = squared_distance(q, p)[:, None], squared_distance(q[:, None], n)  # (B, 1), (B, K)
    return (near - far + margin).clamp(min=0).sum(1).mean()


def contrastive_loss(
    q: torch.Tensor, p: torch.Tensor, n: torch.Tensor, margin: float = 0.7
) -> torch.Tensor:
    """(1/B) sum_b [d2(q_b, p_b) + sum_j max(0, margin - d(q_b, n_bj))^2] / 2, the loss of GeM
    (Radenovic et al., 2019).

    Also a mean over tuples.
    """
    far = torch.linalg.vector_norm(q[:, None] - n, dim=-1)  # (B, K)
    return (squared_distance(q, p) + (margin - far).clamp(min=0).square().sum(1)).mean() / 2


def second_order_loss(q: torch.Tensor, p: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
    """(1/B) sqrt( sum_b sum_j (d2(q_b, n_bj) - d2(p_b, n_bj))^2 ): query and positive see each
    negative equally far.

    For unit vectors it is 2 |<q - p, n>| / B. One root over the whole batch, so that the loss of a
    batch is **not** the
    mean over its parts: split in two equal parts, it would grow by about the root of two. The
        gradient at zero is zero.
    """
    difference = squared_distance(q[:, None], n) - squared_distance(p[:, None], n)  # (B, K)
    return torch.linalg.vector_norm(difference) / len(q)


def supervised_contrastive_loss(
    descriptors: torch.Tensor, labels: torch.Tensor, temperature: float = 0.1
) -> torch.Tensor:
    """Supervised contrastive loss (Khosla et al., 2020): descriptors (B, D), landmarks (B,) ->
    scalar.

    Every image should be more similar to its siblings in the batch than to all others: a softmax
    over similarities, so that all negatives count, the near ones most. Every landmark must have two
    or more images.
    """
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    logits = (descriptors @ descriptors.T / temperature).masked_fill(itself, -1e4)  # (B, B)
    siblings = (labels[:, None] == labels[None]) & ~itself
    return -(logits.log_softmax(1) * siblings).sum(1).div(siblings.sum(1)).mean()
