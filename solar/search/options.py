"""How images are described, and what is asked of the network that describes them.

Book: chapter 1 (finding a landmark again).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

import torch

from .whitening import Whitening

PAPER_SCALES = (1, 2**0.5, 2**-0.5)  # SOLAR, section 5


@dataclass(frozen=True)
class DescribeOptions:
    """How images are read and described.

    Raises:
        ValueError: a value that makes no sense.

    Example:
        >>> DescribeOptions(image_size=256, scales=(1,))
        DescribeOptions(image_size=256, scales=(1,), batch_size=16, workers=0, upright=False)
    """

    image_size: int | None = 1024  # most pixels of the longer side; None: images stay as they are
    scales: Sequence[float] = PAPER_SCALES  # the descriptor is the mean over these
    batch_size: int = 16  # images of one size that go through the network at once
    workers: int = 0  # processes that decode images; 0: this one does
    # whether images are turned as their metadata say, as every viewer does: right for a reader's
    # own photographs, wrong for benchmarks, whose boxes mean the pixels as they are stored
    upright: bool = False
    # a learnt map for the finished descriptors, applied after the mean over the scales
    whitening: Whitening | None = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        size = self.image_size
        if size is not None and size < 1:
            raise ValueError(f"image_size={size}: expected a positive number of pixels, or None")
        if not len(self.scales) or min(self.scales) <= 0:
            raise ValueError(f"scales={self.scales}: expected one or more positive numbers")
        if self.batch_size < 1:
            raise ValueError(f"batch_size={self.batch_size}: expected at least 1")
        if self.workers < 0:
            raise ValueError(f"workers={self.workers}: expected 0 or more processes")

    @property
    def whitening_digest(self) -> str | None:
        """Return what tells whitenings apart, for the meta of stores; None without one."""
        return None if self.whitening is None else self.whitening.digest()

    def changed(self, **changes: Any) -> "DescribeOptions":
        """Return a copy with some fields changed.

        Raises:
            TypeError: there is no such field.

        Example:
            >>> DescribeOptions().changed(image_size=256).image_size
            256
        """
        # a misspelt option is named, beside those there are
        names = [field.name for field in fields(self)]
        for name in changes:
            if name not in names:
                raise TypeError(
                    f"unknown option {name!r}: the options are {', '.join(names)} "
                    "(and the network's own device is used)"
                )
        return replace(self, **changes)


class Describer(Protocol):
    """What `describe` asks of a network: a `torch.nn.Module` that has these members."""

    @property
    def dim(self) -> int:
        """D, length of a descriptor."""
        ...

    @property
    def mean(self) -> Sequence[float]:
        """Mean of red, green and blue (0 to 1), subtracted from the pixels."""
        ...

    @property
    def std(self) -> Sequence[float]:
        """Deviation of red, green and blue, by which the pixels are divided."""
        ...

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (B, 3, H, W) to descriptors (B, D)."""
        ...

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """Yield the weights; the first one's device and precision are used."""
        ...
