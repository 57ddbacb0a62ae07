"""What training asks of local descriptors: SOSNet's two losses (Tian et al., 2019), which SOLAR's
local part keeps.

A batch holds B pairs of patches, each pair of another point: anchors a (B, D) and positives p (B,
D), rows of unit length; every other pair gives negatives. d is the Euclidean distance, plain, not
squared. All gradients are finite.
"""

import torch

EPS = 1e-6


def distances(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Distances (B, B) between the rows of a and of b, for unit rows; EPS under the root keeps the
    gradient finite.
    """
    return (2 - 2 * a @ b.T).clamp(min=0).add(EPS).sqrt()


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
    near = (a - p).square().sum(1).add(EPS).sqrt()  # (B,)
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
