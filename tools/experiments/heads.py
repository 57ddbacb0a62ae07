"""A small network on maps or vectors that are kept: it learns by both losses, batch after batch."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from solar.nets.pooling import l2n, whitened
from solar.training.config import TrainConfig
from solar.training.imagenet_start import shrunk_pca
from solar.training.mining import epoch_siblings
from solar.training.objective import both_orders
from solar.training.task import Task


class HeadTask(Task):
    """Training of a network that takes what is kept and returns descriptors.

    Args:
        net: inputs (n, ...) -> descriptors (n, D); all of it learns but what needs no gradient.
        inputs: indexed by image numbers (n,), they give what the network takes.
        landmarks: (N,) the landmark of each image.
        config: settings of the losses, the batches and the optimizer.
    """

    def __init__(self, net: nn.Module, inputs, landmarks: np.ndarray, config: TrainConfig):
        self.net = net
        self.inputs = inputs
        self.landmarks = landmarks
        self.config = config
        learns = [p for p in net.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(learns, lr=config.lr, weight_decay=config.weight_decay)
        decay = math.exp(-config.lr_decay)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, decay)

    def batches(self, epoch: int) -> list[Tensor]:
        """Return the image numbers (B, k) of each step: k images of each of B landmarks."""
        config = self.config
        rng = np.random.default_rng([config.seed, epoch])
        steps = config.queries_per_epoch // config.batch_size
        rows = epoch_siblings(
            self.landmarks, rng, steps, config.batch_size, config.photos_per_landmark
        )
        return list(torch.from_numpy(rows).split(config.batch_size))

    def losses(self, batch: Tensor) -> dict[str, Tensor]:
        d = self.net(self.inputs[batch.ravel()])  # (B * k, D)
        d = d.unflatten(0, batch.shape)  # (B, k, D)
        return both_orders(d, self.landmarks[batch.numpy()], self.config)

    def names(self, batch: Tensor) -> list[str]:
        return [str(i) for i in batch.ravel().tolist()]


class Whiten(nn.Module):
    """Whitening alone: pooled vectors (n, C) -> descriptors (n, D).

    Args:
        linear: the map at the start; a copy of it learns.
    """

    def __init__(self, linear: nn.Linear):
        super().__init__()
        self.linear = nn.Linear(linear.in_features, linear.out_features)
        self.linear.load_state_dict(linear.state_dict())

    def forward(self, pooled: Tensor) -> Tensor:
        """Whiten: (n, C) -> (n, D), rows of unit length."""
        return whitened(self.linear, pooled)


def pca_linear(pooled: Tensor) -> nn.Linear:
    """Return the whitening by PCA of pooled vectors (N, C) as a linear map to C dimensions.

    Of fewer than C + 1 images, to N - 1: they vary in no more.
    """
    channels = pooled.shape[1]
    dim = min(channels, len(pooled) - 1)
    weight, bias = shrunk_pca(l2n(pooled).numpy(), dim)
    linear = nn.Linear(channels, dim)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(weight))
        linear.bias.copy_(torch.from_numpy(bias))
    return linear
