"""Losses on descriptors: first order (triplet, contrastive) and second order (SOLAR, section 3.3).

First order compares distances with a margin: the positive should be nearer than the negatives.
Second order compares distances with each other: query and positive should see everything else
equally far.

The first part of the module is for images. A batch holds B tuples: queries q (B, D), positives
p (B, D), and K negatives each n (B, K, D). The second part is for patches. A batch holds B pairs:
anchors a (B, D) and positives p (B, D); every other pair of the batch gives negatives. All rows
have unit length, and d2 is the squared Euclidean distance. All gradients are finite everywhere,
also where two descriptors are the same.

Book: chapter 5 (losses) and chapter 11 (a local descriptor).
"""

import torch
from torch import Tensor

DISTANCE_EPS = 1e-6  # under the root of a distance: it keeps the gradient finite
FARTHER = 10.0  # more than the distance of any two unit vectors, which is 2 at most


# ---- images: first order -------------------------------------------------------------------------


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the squared Euclidean distance d2 along the last dimension.

    Args:
        a: (..., D) descriptors.
        b: (..., D) descriptors; all dimensions but the last may broadcast.

    Returns:
        (...) squared distances.

    Example:
        >>> squared_distance(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
        tensor(2.)
    """
    return (a - b).square().sum(-1)


def triplet_loss(q: Tensor, p: Tensor, n: Tensor, margin: float = 1.25) -> Tensor:
    """Return the triplet loss: each positive should be nearer than every negative, by a margin.

    (1/B) sum_b sum_j max(0, d2(q_b, p_b) - d2(q_b, n_bj) + margin)

    A mean over tuples: equal parts of a batch may be computed one after another, or on several
    devices, and averaged. Source: SOLAR, section 3.3.

    Equation: eq-triplet.

    Args:
        q: (B, D) queries.
        p: (B, D) positives.
        n: (B, K, D) negatives.
        margin: in units of a squared distance, which is between 0 and 4.

    Returns:
        A scalar.

    Example:
        >>> q = torch.tensor([[1.0, 0.0]])
        >>> p = torch.tensor([[1.0, 0.0]])
        >>> n = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]])  # the second negative is as near as p
        >>> triplet_loss(q, p, n, margin=1.25)
        tensor(1.2500)
    """
    near = squared_distance(q, p)[:, None]  # (B, 1)
    far = squared_distance(q[:, None], n)  # (B, K)
    return (near - far + margin).clamp(min=0).sum(1).mean()


def contrastive_loss(q: Tensor, p: Tensor, n: Tensor, margin: float = 0.7) -> Tensor:
    """Return the contrastive loss: positives to distance zero, negatives beyond a margin.

    (1/B) sum_b [ d2(q_b, p_b) + sum_j max(0, margin - d(q_b, n_bj))^2 ] / 2

    Also a mean over tuples. Source: the loss of GeM, Radenovic et al., 2019.
    Equation: eq-contrastive.

    Args:
        q: (B, D) queries.
        p: (B, D) positives.
        n: (B, K, D) negatives.
        margin: in units of a distance, which is between 0 and 2.

    Returns:
        A scalar.

    Example:
        >>> q = torch.tensor([[1.0, 0.0]])
        >>> p = torch.tensor([[0.0, 1.0]])
        >>> n = torch.tensor([[[-1.0, 0.0]]])  # at distance 2, beyond the margin
        >>> contrastive_loss(q, p, n)
        tensor(1.)
    """
    near = squared_distance(q, p)  # (B,)
    # the norm, not the root of d2: torch gives it the gradient zero where query and negative meet
    far = torch.linalg.vector_norm(q[:, None] - n, dim=-1)  # (B, K)
    too_near = (margin - far).clamp(min=0).square().sum(1)  # (B,)
    return (near + too_near).mean() / 2


def supervised_contrastive_loss(
    descriptors: Tensor, labels: Tensor, temperature: float = 0.1
) -> Tensor:
    """Return the supervised contrastive loss: siblings more similar than all others in the batch.

    A softmax over similarities, so that all negatives count, the near ones most.
    Source: Khosla et al., 2020.

    Args:
        descriptors: (B, D) rows of unit length.
        labels: (B,) the landmark of each row; every landmark needs two rows or more.
        temperature: the similarities are divided by it.

    Returns:
        A scalar.

    Example:
        >>> descriptors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
        >>> loss = supervised_contrastive_loss(descriptors, torch.tensor([7, 7, 8, 8]))
        >>> f"{loss:.4f}"
        '0.0001'
    """
    # similarities of all pairs; an image is not compared with itself
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)  # (B, B)
    logits = (descriptors @ descriptors.T / temperature).masked_fill(itself, -1e4)  # (B, B)

    # for each image the mean log probability of its siblings, with the sign changed
    siblings = (labels[:, None] == labels[None]) & ~itself  # (B, B)
    return -(logits.log_softmax(1) * siblings).sum(1).div(siblings.sum(1)).mean()


# ---- images: second order ------------------------------------------------------------------------


def second_order_loss(q: Tensor, p: Tensor, n: Tensor) -> Tensor:
    """Return the second-order loss: query and positive should see each negative equally far.

    (1/B) sqrt( sum_b sum_j (d2(q_b, n_bj) - d2(p_b, n_bj))^2 )

    For unit vectors it is 2 |<q - p, n>| / B. There is one root over the whole batch, so the loss
    of a batch is **not** the mean over its parts: split in two equal parts, it would grow by about
    the root of two. The gradient at zero is zero. Source: SOLAR, section 3.3.

    Equation: eq-sos, eq-identity.

    Args:
        q: (B, D) queries.
        p: (B, D) positives.
        n: (B, K, D) negatives.

    Returns:
        A scalar.

    Example:
        >>> q = torch.tensor([[1.0, 0.0]])
        >>> p = torch.tensor([[0.0, 1.0]])
        >>> n = torch.tensor([[[-1.0, 0.0]]])  # d2(q, n) = 4, d2(p, n) = 2
        >>> second_order_loss(q, p, n)
        tensor(2.)
    """
    difference = squared_distance(q[:, None], n) - squared_distance(p[:, None], n)  # (B, K)
    return torch.linalg.vector_norm(difference) / len(q)


# ---- patches: SOSNet's two losses ----------------------------------------------------------------


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Return the distances between all rows of a and all rows of b.

    DISTANCE_EPS under the root keeps the gradient finite.

    Args:
        a: (B, D) rows of unit length.
        b: (B, D) rows of unit length.

    Returns:
        (B, B) distances; entry (i, j) is that of a_i and b_j.

    Example:
        >>> rows = torch.eye(2)
        >>> distances(rows, rows).round(decimals=2)
        tensor([[0.0000, 1.4100],
                [1.4100, 0.0000]])
    """
    # for unit vectors d2 = 2 - 2 <a, b>; rounding may make it slightly negative
    return (2 - 2 * a @ b.T).clamp(min=0).add(DISTANCE_EPS).sqrt()


def hardest_in_batch(a: Tensor, p: Tensor) -> Tensor:
    """Return for each pair the distance to its nearest negative in the batch.

    The least of d(a_i, a_j), d(a_i, p_j), d(p_i, a_j) and d(p_i, p_j) over all other pairs j: of
    4 (B - 1) distances, as in SOSNet.

    Args:
        a: (B, D) anchors.
        p: (B, D) positives.

    Returns:
        (B,) distances.
    """
    # a pair is not its own negative: its entries on the diagonal are moved far away
    itself = FARTHER * torch.eye(len(a), dtype=a.dtype, device=a.device)
    ap = distances(a, p) + itself
    aa = distances(a, a) + itself
    pp = distances(p, p) + itself
    every = torch.stack([aa, pp, ap, ap.T])  # (4, B, B)
    return every.amin((0, 2))


def hardest_triplet_loss(a: Tensor, p: Tensor, margin: float = 1.0) -> Tensor:
    """Return SOSNet's triplet loss: a quadratic hinge with the hardest negative in the batch.

    (1/B) sum_i max(0, margin + d(a_i, p_i) - hardest_i)^2

    HardNet (Mishchuk et al., 2017) has a plain hinge, and looks for the negative among the
    2 (B - 1) distances d(a_i, p_j) and d(p_i, a_j).
    Source: SOSNet, Tian et al., 2019. Whether SOLAR's local network was trained so is not known.
    Equation: eq-hardest.

    Args:
        a: (B, D) anchors.
        p: (B, D) positives, of the same points.
        margin: in units of a distance.

    Returns:
        A scalar.

    Raises:
        ValueError: a batch of one pair has no negatives.

    Example:
        >>> a = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
        >>> hardest_triplet_loss(a, a)  # positives at distance 0, negatives at distance 2
        tensor(0.)
    """
    if len(a) < 2:
        raise ValueError("a batch of one pair has no negatives: expected two pairs or more")
    near = (a - p).square().sum(1).add(DISTANCE_EPS).sqrt()  # (B,)
    return (margin + near - hardest_in_batch(a, p)).clamp(min=0).square().mean()


def neighbour_graph(a: Tensor, p: Tensor, k: int = 8) -> Tensor:
    """Return which pairs are neighbours, in the space of the anchors or in that of the positives.

    Args:
        a: (B, D) anchors.
        p: (B, D) positives.
        k: number of nearest neighbours.

    Returns:
        (B, B) bool: j is among the k nearest anchors of a_i, or among the k nearest positives of
        p_i; never i itself.
    """
    itself = torch.eye(len(a), dtype=torch.bool, device=a.device)
    graph = torch.zeros_like(itself)
    k = min(k, len(a) - 1)
    for x in (a.detach(), p.detach()):
        similarity = (x @ x.T).masked_fill(itself, -FARTHER)  # (B, B)
        graph.scatter_(1, similarity.topk(k, 1).indices, True)
    return graph


def second_order_similarity(a: Tensor, p: Tensor, k: int = 8) -> Tensor:
    """Return SOSNet's second-order term: anchors and positives keep the same mutual distances.

    (1/B) sum_i sqrt( sum_j (d(a_i, a_j) - d(p_i, p_j))^2 ) over the neighbours j of i

    Three differences to SOLAR's global term: plain distances instead of squared ones, neighbours
    (`neighbour_graph`) instead of mined negatives, and a root for each anchor instead of one for
    the batch. The gradient is zero where all distances agree.
    Source: SOSNet, Tian et al., 2019. Whether SOLAR's local network was trained so is not known.
    Equation: eq-sos-local.

    Args:
        a: (B, D) anchors.
        p: (B, D) positives, of the same points.
        k: number of nearest neighbours.

    Returns:
        A scalar.

    Example:
        >>> a = torch.eye(3)
        >>> second_order_similarity(a, a[[1, 2, 0]])  # other points, but the same distances
        tensor(0.)
    """
    difference = distances(a, a) - distances(p, p)  # (B, B)
    difference = difference * neighbour_graph(a, p, k)
    return torch.linalg.vector_norm(difference, dim=1).mean()
