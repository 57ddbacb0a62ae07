"""Train a small network in a world whose images are drawn while it learns.

The network is all that SOLAR puts behind a trunk: an attention block, GeM, one linear layer. It
learns from maps that a function draws, so that this module knows nothing of any world; chapter 4
gives it the world of parts (`solar.world.parts`).

Book: chapter 4 (when attention helps).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ..nets.attention import SecondOrderAttention
from ..nets.pooling import GeM, l2n
from ..search.protocol import average_precision
from ..search.ranking import ranks_by_counting
from .losses import supervised_contrastive_loss

Draw = Callable[[Tensor, float, torch.Generator], Tensor]
Measure = Callable[[int], object]

LANDMARKS_PER_STEP = 24
IMAGES_PER_LANDMARK = 4
# the share of the map that landmarks fill, step by step, over and over: most steps are cluttered
SHARES = (0.25, 0.4, 0.25, 0.6, 0.25, 0.4, 0.25, 0.9)
WARM_UP = 0.1  # part of the steps over which the rate rises
COOL_DOWN = 0.3  # part of the steps over which it falls
FLOOR = 1e-6  # least rate


class PartsNet(nn.Module):
    """A block, GeM with exponent 3 and a linear layer: from a feature map to a descriptor.

    Args:
        channels: C of the maps.
        block: 'soa', 'identity' or 'even' (see `SecondOrderAttention`), or 'none'.
        dim: D, numbers of a descriptor.

    Shape:
        (B, C, H, W) -> (B, D), rows of unit length.

    Example:
        >>> PartsNet(channels=32, block="soa")(torch.rand(2, 32, 6, 6)).shape
        torch.Size([2, 64])
    """

    def __init__(self, channels: int, block: str = "soa", dim: int = 64):
        super().__init__()
        self.soa: nn.Module = nn.Identity()
        if block != "none":
            self.soa = SecondOrderAttention(channels, reduction=1, block=block)
        self.pool = GeM()
        self.whiten = nn.Linear(channels, dim)

        # GeM's exponent stays, and the batch norms of the block only scale and shift
        self.pool.requires_grad_(False)
        self.soa.eval()

    def train(self, mode: bool = True) -> "PartsNet":
        """Switch between training and evaluation; the batch norms of the block stay frozen."""
        super().train(mode)
        self.soa.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Describe maps."""
        pooled = self.pool(self.soa(x)).flatten(1)  # (B, C, H, W) -> (B, C)
        return l2n(self.whiten(l2n(pooled)))  # (B, D)


def rate_at(done: float) -> float:
    """Return the learning rate, as a share of the full one.

    Args:
        done: part of the training that is over, 0 to 1.

    Example:
        >>> rate_at(0.05), rate_at(0.5), rate_at(1.0)
        (0.5, 1.0, 0.0)
    """
    return min(1.0, done / WARM_UP, (1.0 - done) / COOL_DOWN)


def learn(
    net: nn.Module,
    landmarks: Tensor,
    draw: Draw,
    seed: int,
    steps: int = 600,
    rate: float = 4e-3,
    measure: Measure | None = None,
) -> list[float]:
    """Train a network on images that are drawn for each step: 24 landmarks, four images each.

    The loss is the supervised contrastive one, the optimizer Adam. All chance comes from `seed`, so
    that networks with one seed see the same images in the same order.

    Args:
        net: from maps to descriptors; it is changed, and left in evaluation mode.
        landmarks: (L, ...) what `draw` needs to know of each landmark.
        draw: `draw(landmarks, share, generator)` gives one map per row of its landmarks.
        seed: of the images.
        steps: number of steps.
        rate: full learning rate; it rises over the first tenth and falls over the last third.
        measure: called with the number of steps done after each of them, or None.

    Returns:
        The loss of each step.

    Raises:
        ValueError: fewer landmarks than a step needs.

    Example:
        >>> def draw(landmarks, share, generator):
        ...     return torch.rand(len(landmarks), 32, 6, 6, generator=generator)
        >>> losses = learn(PartsNet(32), torch.arange(30), draw, seed=0, steps=2)
        >>> len(losses)
        2
    """
    if len(landmarks) < LANDMARKS_PER_STEP:
        raise ValueError(
            f"{len(landmarks)} landmarks; expected {LANDMARKS_PER_STEP} or more for one step"
        )
    generator = torch.Generator().manual_seed(seed)
    learnt = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(learnt, lr=rate)
    labels = torch.arange(LANDMARKS_PER_STEP).repeat_interleave(IMAGES_PER_LANDMARK)  # (B,)

    losses = []
    net.train()
    for step in range(steps):
        # the rate of this step
        for group in optimizer.param_groups:
            group["lr"] = rate * rate_at((step + 0.5) / steps) + FLOOR

        # other landmarks, in images that fill the map more or less
        chosen = torch.randperm(len(landmarks), generator=generator)[:LANDMARKS_PER_STEP]
        wanted = landmarks[chosen].repeat_interleave(IMAGES_PER_LANDMARK, 0)  # (B, ...)
        maps = draw(wanted, SHARES[step % len(SHARES)], generator)  # (B, C, H, W)

        # siblings nearer than strangers
        loss = supervised_contrastive_loss(net(maps), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if measure is not None:
            measure(step + 1)
    net.eval()
    return losses


def precisions(descriptors: Tensor, labels: np.ndarray) -> np.ndarray:
    """Return the average precision of each image that searches for its siblings among all others.

    Args:
        descriptors: (N, D) rows of unit length.
        labels: (N,) the landmark of each row; every landmark needs two rows or more.

    Returns:
        (N,) numbers from 0 to 1; their mean is `held_out_map`.

    Example:
        >>> descriptors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
        >>> precisions(descriptors, np.array([7, 7, 8, 8]))
        array([1., 1., 1., 1.])
    """
    scores = (descriptors @ descriptors.T).numpy()  # (N, N)
    values = np.zeros(len(labels))
    for query, row in enumerate(scores):
        siblings = np.flatnonzero(labels == labels[query])
        siblings = siblings[siblings != query]
        # the query itself is no answer: it is left out of the ranking
        values[query] = average_precision(ranks_by_counting(row, siblings, [query]))
    return values


@torch.no_grad()
def landmark_precisions(net: nn.Module, maps: Tensor, images: int) -> np.ndarray:
    """Return the mean average precision of the images of each landmark.

    Args:
        net: from maps to descriptors.
        maps: (L * images, C, H, W), the images of a landmark beside each other.
        images: images of each landmark, two or more.

    Returns:
        (L,) numbers from 0 to 1.

    Example:
        >>> landmark_precisions(PartsNet(32).eval(), torch.rand(4, 32, 6, 6), images=2).shape
        (2,)
    """
    labels = np.arange(len(maps)) // images
    values = precisions(net(maps), labels)  # (L * images,)
    return values.reshape(-1, images).mean(1)
