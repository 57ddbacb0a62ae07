"""What the training loop needs to know of a task.

Book: chapter 7 (training on GL18).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Task:
    """What `run` needs to know: a network, an optimizer, batches and losses.

    A subclass sets `net` and `optimizer`, and defines `batches`, `losses` and `names`; also
    `validate` if the best epoch is kept. Everything else has a default. A batch consists of
    tensors, numbers, strings, and lists and dicts of these, so that it can be saved.

    Attributes:
        net: the network that learns.
        optimizer: its parameter groups are what is learnt.
        schedule: a learning-rate schedule of torch, or None.
        schedule_per_step: whether `schedule` advances after each step; otherwise after each epoch.
        config: a dataclass of settings, or None. A run is resumed only with the same settings.
    """

    net: torch.nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Any = None
    schedule_per_step: bool = False
    config: Any = None

    def batches(self, epoch: int) -> Sequence:
        """Return what the steps of an epoch (from 0) are made from, one batch per step.

        It may depend on the seed, the epoch and the current weights, and on nothing else.
        """
        raise NotImplementedError

    def feed(self, batches: Sequence) -> Iterator:
        """Yield what `losses` gets for each batch; a task may load data ahead here."""
        yield from batches

    def losses(self, batch) -> dict[str, Tensor]:
        """Return scalars of one step: 'loss' is minimised, all are logged.

        Random draws come from torch's generator, which the loop seeds, or from the batch.
        """
        raise NotImplementedError

    def names(self, batch) -> list[str]:
        """Return the names of a batch's images, for the report of a NaN or infinite loss."""
        raise NotImplementedError

    def validate(self) -> float:
        """Return how good the network is on data that it does not learn from; higher is better."""
        raise NotImplementedError

    def after_step(self, values: dict[str, float]) -> None:
        """Receive what a step measured: its losses, and 'gradient', the norm of the gradient."""

    def measure(self, epoch: int) -> dict[str, float]:
        """Return more numbers to log after `epoch` finished epochs."""
        return {}

    def example(self, batch) -> np.ndarray | None:
        """Return an image (H, W, 3) uint8 of a batch for TensorBoard, or None."""
        return None
