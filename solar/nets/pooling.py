"""From a feature map to one vector: (B, C, H, W) -> (B, C). In float32 always: 1e-6 ** 3 is zero in
half precision.
"""

import torch
from torch import nn

EPS = 1e-6


def l2n(x: torch.Tensor) -> torch.Tensor:
    """x / (|x| + 1e-6) along dimension 1, as the authors normalise."""
    return x / (x.norm(dim=1, keepdim=True) + EPS)


def mac(x: torch.Tensor) -> torch.Tensor:
    """Maximum activation of each channel (Razavian et al., 2016)."""
    return x.float().amax((2, 3))


def spoc(x: torch.Tensor) -> torch.Tensor:
    """Mean of each channel (Babenko and Lempitsky, 2015)."""
    return x.float().mean((2, 3))


def gem(x: torch.Tensor, p=3.0) -> torch.Tensor:
    """Generalised mean (Radenovic et al., 2019): p = 1 is SPoC, p -> infinity is MAC. `p`: a number
    or (1,) or (C,).
    """
    p = torch.as_tensor(p, dtype=torch.float32, device=x.device).view(1, -1, 1, 1)
    return x.float().clamp(min=EPS).pow(p).mean((2, 3)).pow(1 / p.flatten(1))


def regions(height: int, width: int, levels: int = 3) -> list[tuple[int, int, int, int]]:
    """R-MAC's squares (row, column, height, width): level l has sides 2 min(H, W) / (l + 1), 40 %
    overlap.
    """
    side, long = min(height, width), max(height, width)
    steps = torch.arange(2, 8, dtype=torch.float32)
    extra = 0
    if long > side:
        overlap = (side**2 - side * (long - side) / (steps - 1)) / side**2
        extra = int((overlap - 0.4).abs().argmin()) + 1
    found = []
    for level in range(1, levels + 1):
        wl = 2 * side // (level + 1)
        if wl == 0:
            break
        rows = _starts(height, wl, level + (extra if height > width else 0))
        columns = _starts(width, wl, level + (extra if width > height else 0))
        found += [(r, c, wl, wl) for r in rows for c in columns]
    return found


def _starts(length: int, window: int, count: int) -> list[int]:
    if count == 1:
        return [(length - window) // 2]
    return [int(i * (length - window) / (count - 1)) for i in range(count)]


def rmac(x: torch.Tensor, levels: int = 3) -> torch.Tensor:
    """Sum of the normalised maxima of the whole map and of overlapping squares (Tolias et al.,
    2016).
    """
    total = l2n(mac(x))
    for r, c, h, w in regions(*x.shape[2:], levels):
        total = total + l2n(mac(x[:, :, r : r + h, c : c + w]))
    return total


class GeM(nn.Module):
    """GeM with a learnt exponent p, one for all channels or one each (`channels`)."""

    def __init__(self, p: float = 3.0, channels: int = 1):
        super().__init__()
        self.p = nn.Parameter(torch.full((channels,), float(p)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return gem(x, self.p)


def whitened(linear: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    """A linear map of descriptors (B, C), normalised: the map in the weights' precision, the norm
    in float32.
    """
    return l2n(linear(x.to(linear.weight.dtype)).float())


class Regional(nn.Module):
    """R-MAC's regions (and the whole map), each pooled by `rpool`, whitened and normalised; their
    sum.

    It is cnnimageretrieval's `regional` option, whose parameter names it keeps. (B, C, H, W) -> (B,
    C).
    """

    def __init__(self, rpool: nn.Module, channels: int):
        super().__init__()
        self.rpool, self.whiten = rpool, nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        squares = [(0, 0, *x.shape[2:]), *regions(*x.shape[2:])]
        pooled = [l2n(self.rpool(x[:, :, r : r + h, c : c + w])) for r, c, h, w in squares]
        return torch.stack([whitened(self.whiten, v) for v in pooled]).sum(0)


class Pool(nn.Module):
    """A pooling function without parameters, as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


POOLINGS = ("gem", "gemmp", "mac", "spoc", "rmac")


def make_pool(name: str, channels: int, regional: bool = False) -> nn.Module:
    """The pooling module called `name`, perhaps applied to regions; 'gemmp' is GeM with a p for
    each of `channels`.
    """
    if name not in POOLINGS:
        raise ValueError(f"unknown pooling {name!r}: expected one of {', '.join(POOLINGS)}")
    if name in ("gem", "gemmp"):
        pool = GeM(channels=channels if name == "gemmp" else 1)
    else:
        pool = Pool(dict(mac=mac, spoc=spoc, rmac=rmac)[name])
    return Regional(pool, channels) if regional else pool
