"""From a feature map to one vector: (B, C, H, W) -> (B, C), and the L2 normalisation of vectors.

Pooling is computed in float32 whatever the input is: in half precision 1e-6 ** 3 is zero.

Book: chapter 1 (finding a landmark again).
"""

from collections.abc import Callable
from typing import overload

import numpy as np
import torch
from torch import nn

EPS = 1e-6  # floor of activations (GeM) and of norms, as in the authors' code
POOLINGS = ("gem", "gemmp", "mac", "spoc", "rmac")
MAX_OVERLAP = 0.4  # of neighbouring squares of R-MAC, as a share of their area

Square = tuple[int, int, int, int]  # row, column, height, width


@overload
def l2n(x: torch.Tensor) -> torch.Tensor: ...
@overload
def l2n(x: np.ndarray) -> np.ndarray: ...
def l2n(x):
    """Scale vectors to unit length: x / (|x| + 1e-6) along dimension 1.

    The small number keeps a zero vector zero instead of nan. It is the normalisation of the
    authors' code; all descriptors of the package end with it.

    Args:
        x: vectors, a tensor or an array; usually rows (N, D). Maps (N, D, H, W) are normalised at
            each position.

    Returns:
        The same kind, shape and (for floating-point input) type as `x`.

    Example:
        >>> import torch
        >>> from solar import l2n
        >>> l2n(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    if isinstance(x, torch.Tensor):
        norms = x.norm(dim=1, keepdim=True)  # (N, 1)
    else:
        norms = np.linalg.norm(x, axis=1, keepdims=True)  # (N, 1)
    return x / (norms + EPS)


def mac(x: torch.Tensor) -> torch.Tensor:
    """Return the maximum activation of each channel (Razavian et al., 2016).

    Equation: eq-poolings.

    Args:
        x: feature maps (B, C, H, W).

    Returns:
        (B, C) float32.

    Example:
        >>> import torch
        >>> from solar import mac
        >>> mac(torch.arange(8.0).view(1, 2, 2, 2))
        tensor([[3., 7.]])
    """
    return x.float().amax((2, 3))


def spoc(x: torch.Tensor) -> torch.Tensor:
    """Return the mean of each channel (Babenko and Lempitsky, 2015).

    Equation: eq-poolings.

    Args:
        x: feature maps (B, C, H, W).

    Returns:
        (B, C) float32.

    Example:
        >>> import torch
        >>> from solar import spoc
        >>> spoc(torch.arange(8.0).view(1, 2, 2, 2))
        tensor([[1.5000, 5.5000]])
    """
    return x.float().mean((2, 3))


def gem(x: torch.Tensor, p: float | torch.Tensor = 3.0) -> torch.Tensor:
    """Return the generalised mean of each channel, (mean of x^p)^(1/p) (Radenovic et al., 2019).

    p = 1 is the mean (SPoC); p -> infinity is the maximum (MAC). Activations below 1e-6 count as
    1e-6.

    Equation: eq-poolings, eq-gem.

    Args:
        x: feature maps (B, C, H, W).
        p: the exponent: a number, or a tensor (1,) for all channels or (C,) with one per channel.

    Returns:
        (B, C) float32.

    Example:
        >>> import torch
        >>> from solar import gem
        >>> gem(torch.tensor([[[[1.0, 2.0]]]]), p=3.0)  # ((1 + 8) / 2) ** (1 / 3)
        tensor([[1.6510]])
    """
    # an exponent for each channel, or one for all
    p = torch.as_tensor(p, dtype=torch.float32, device=x.device).view(1, -1, 1, 1)  # (1, C, 1, 1)

    # (mean of x^p)^(1/p), never of a negative number
    powers = x.float().clamp(min=EPS).pow(p)  # (B, C, H, W)
    means = powers.mean((2, 3))  # (B, C, H, W) -> (B, C)
    return means.pow(1 / p.flatten(1))


def regions(height: int, width: int, levels: int = 3) -> list[Square]:
    """List the squares of R-MAC on a map (Tolias et al., 2016, section 3.2).

    Level l has squares of side 2 min(height, width) / (l + 1). Along the longer side so many of
    them stand in a row that neighbours overlap by about 40 %.

    Args:
        height: rows of the map.
        width: columns of the map.
        levels: number of sizes of squares.

    Returns:
        Squares (row, column, height, width).
    """
    short = min(height, width)
    long = max(height, width)

    # how many more squares the longer side has than the shorter one: between one and six, such
    # that the overlap of two neighbours is nearest to 40 %
    extra = 0
    if long > short:
        steps = torch.arange(2, 8, dtype=torch.float32)  # squares on the longer side at level 1
        overlap = (short**2 - short * (long - short) / (steps - 1)) / short**2
        extra = int((overlap - MAX_OVERLAP).abs().argmin()) + 1
    extra_rows = extra if height > width else 0
    extra_columns = extra if width > height else 0

    # a grid of squares for each level
    squares = []
    for level in range(1, levels + 1):
        side = 2 * short // (level + 1)
        if side == 0:  # the map is too small for this level
            break
        rows = _starts(height, side, level + extra_rows)
        columns = _starts(width, side, level + extra_columns)
        squares += [(row, column, side, side) for row in rows for column in columns]
    return squares


def _starts(length: int, side: int, count: int) -> list[int]:
    """Spread `count` windows evenly over a line; return where each begins."""
    if count == 1:
        return [(length - side) // 2]
    return [int(i * (length - side) / (count - 1)) for i in range(count)]


def rmac(x: torch.Tensor, levels: int = 3) -> torch.Tensor:
    """Sum the normalised maxima of the whole map and of overlapping squares (Tolias et al., 2016).

    Args:
        x: feature maps (B, C, H, W).
        levels: number of sizes of squares (see `regions`).

    Returns:
        (B, C) float32, not normalised.

    Example:
        >>> import torch
        >>> from solar import rmac
        >>> rmac(torch.ones(1, 4, 1, 1))  # the map and the one square on it: 0.5 + 0.5
        tensor([[1.0000, 1.0000, 1.0000, 1.0000]])
    """
    height, width = x.shape[2:]

    # the whole map counts as one more region
    total = l2n(mac(x))  # (B, C)
    for r, c, h, w in regions(height, width, levels):
        square = x[:, :, r : r + h, c : c + w]  # (B, C, h, w)
        total = total + l2n(mac(square))
    return total


class GeM(nn.Module):
    """GeM pooling with a learnt exponent (Radenovic et al., 2019).

    Args:
        p: the exponent at the start.
        channels: 1 for one exponent that all channels share, C for one per channel.

    Shape:
        (B, C, H, W) -> (B, C), float32 also under autocast.

    Example:
        >>> import torch
        >>> from solar import GeM
        >>> pool = GeM(p=3.0)
        >>> pool(torch.ones(2, 5, 4, 4)).shape, pool.p.shape
        (torch.Size([2, 5]), torch.Size([1]))
    """

    def __init__(self, p: float = 3.0, channels: int = 1):
        super().__init__()
        self.p = nn.Parameter(torch.full((channels,), float(p)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pool each channel with its exponent: (B, C, H, W) -> (B, C)."""
        # autocast would compute the powers in half precision, where 1e-6 ** 3 is zero
        with torch.autocast(x.device.type, enabled=False):
            return gem(x, self.p)


def whitened(linear: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    """Whiten descriptors by a linear map, then normalise: (B, C) -> (B, D).

    The map is computed in the precision of its weights, the norm in float32.

    Equation: eq-head.
    """
    return l2n(linear(x.to(linear.weight.dtype)).float())


class Regional(nn.Module):
    """Pool the squares of R-MAC one by one, whiten and normalise each, and add them up.

    It is the option `regional` of cnnimageretrieval, whose parameter names it keeps. The whole map
    counts as one more square.

    Args:
        rpool: the pooling of one square, (B, C, h, w) -> (B, C).
        channels: C.

    Shape:
        (B, C, H, W) -> (B, C).
    """

    def __init__(self, rpool: nn.Module, channels: int):
        super().__init__()
        self.rpool = rpool
        self.whiten = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sum the whitened descriptors of all squares: (B, C, H, W) -> (B, C)."""
        height, width = x.shape[2:]
        # one whitened descriptor for the whole map and for each square
        vectors = []
        for r, c, h, w in [(0, 0, height, width), *regions(height, width)]:
            pooled = l2n(self.rpool(x[:, :, r : r + h, c : c + w]))  # (B, C, h, w) -> (B, C)
            vectors.append(whitened(self.whiten, pooled))
        return torch.stack(vectors).sum(0)  # (R, B, C) -> (B, C)


class Pool(nn.Module):
    """A pooling function without parameters, as a module: (B, C, H, W) -> (B, C)."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]):
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the function: (B, C, H, W) -> (B, C)."""
        return self.function(x)


def make_pool(name: str, channels: int, regional: bool = False) -> nn.Module:
    """Make the pooling module called `name`.

    Args:
        name: one of `POOLINGS`; 'gemmp' is GeM with one exponent per channel.
        channels: C, the channels of the maps.
        regional: apply it to the squares of R-MAC (see `Regional`).

    Raises:
        ValueError: unknown name.
    """
    if name not in POOLINGS:
        raise ValueError(f"unknown pooling {name!r}: expected one of {', '.join(POOLINGS)}")
    if name == "gem":
        pool = GeM()
    elif name == "gemmp":
        pool = GeM(channels=channels)
    else:
        functions = {"mac": mac, "spoc": spoc, "rmac": rmac}
        pool = Pool(functions[name])
    return Regional(pool, channels) if regional else pool
