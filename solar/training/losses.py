"""What training asks of descriptors: first order (triplet, contrastive) and second order (SOLAR,
section 3.3).

A batch holds B tuples: queries q (B, D), positives p (B, D), K negatives each n (B, K, D), rows of
unit length. d2 is the squared Euclidean distance. All gradients are finite everywhere, also where
two descriptors are the same.
"""

import torch

DISTANCE_EPS = 1e-6  # under the root of a distance: it keeps the gradient finite


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


# ---- patches: SOSNet's two losses, which SOLAR's local part keeps --------------------------------


def distances(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Distances (B, B) between the rows of a and of b, for unit rows; DISTANCE_EPS under the root keeps the
    gradient finite.
    """
    return (2 - 2 * a @ b.T).clamp(min=0).add(DISTANCE_EPS).sqrt()


def hardest_in_batch(a: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    """For each pair the distance to its nearest negative, (B,): the least of d(a, a'), d(a, p'),
    d(p, a'), d(p, p').
    """
    itself = 10 * torch.eye(
        len(a), dtype=a.dtype, device=a.device
    )  # 10: farther than any two unit vectors
    ap = distances(a, p) + itself
    every = torch.stack([distances(a, a) + itself, distances(p, p) + itself, ap, ap.T])  # (4, B, B)
    return every.amin((0, 2))


def hardest_triplet_loss(a: torch.Tensor, p: torch.Tensor, margin: float = 1.0) -> torch.Tensor:
    """(1/B) sum_i max(0, margin + d(a_i, p_i) - hardest_i)^2: SOSNet's quadratic hinge with
    hardest-in-batch negatives.

    Raises:
        ValueError: a batch of one pair has no negatives.
    """
    if len(a) < 2:
        raise ValueError("a batch of one pair has no negatives: expected two pairs or more")
    near = (a - p).square().sum(1).add(DISTANCE_EPS).sqrt()  # (B,)
    return (margin + near - hardest_in_batch(a, p)).clamp(min=0).square().mean()


def neighbour_graph(a: torch.Tensor, p: torch.Tensor, k: int = 8) -> torch.Tensor:
    """(B, B) bool: j is among the k nearest anchors of a_i, or among the k nearest positives of
    p_i; never i itself.
    """
    itself = torch.eye(len(a), dtype=torch.bool, device=a.device)
    graph = torch.zeros_like(itself)
    for x in (a.detach(), p.detach()):
        near = (x @ x.T).masked_fill(itself, -10).topk(min(k, len(x) - 1), 1).indices  # (B, k)
        graph.scatter_(1, near, True)
    return graph


def second_order_similarity(a: torch.Tensor, p: torch.Tensor, k: int = 8) -> torch.Tensor:
    """(1/B) sum_i sqrt( sum_j (d(a_i, a_j) - d(p_i, p_j))^2 ) over the neighbours j of i in
    `neighbour_graph`.

    The differences to SOLAR's global term: plain distances instead of squared ones, neighbours
        instead of mined
    negatives, and a root for each anchor instead of one for the batch. The gradient is zero where
    all distances agree.
    """
    difference = (distances(a, a) - distances(p, p)) * neighbour_graph(a, p, k)  # (B, B)
    return torch.linalg.vector_norm(difference, dim=1).mean()
