"""Where the positions of a picture look: exact rows and columns on request, and a small copy of
them all to ship.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image

from ..images import to_tensor
from ..nets.global_net import GlobalNet

STRIP = 2**22  # numbers of a map that are held at once
DEEPEST = 60.0  # logarithms this far below a row's peak count as this far: e^-60 is nothing


class Maps:
    """The attention of one picture in one network. What each block sees is computed once, and kept.

    Args:
        net: a network with attention blocks; it is put into evaluation mode.  picture: RGB.

    Attributes:
        grids: {layer: (h, w)}, from the first block to the last.
        tau: {layer: by what the authors' drawing multiplies the logits}: they scale by c'^(-3/4)
            where the network has c'^(-1/2), so tau = c'^(-1/4).

    Raises:
        ValueError: not a global network, or one without attention blocks.
    """

    def __init__(self, net: GlobalNet, picture: Image.Image):
        if not isinstance(net, GlobalNet):
            raise ValueError(
                f"expected a GlobalNet, as solar.load('mini-solar') gives it, and not {net!r:.80}"
            )
        if not net.soa:
            raise ValueError(f"there is no attention to explore: this network has soa={net.soa!r}")
        weight = next(net.eval().parameters())
        x = to_tensor(picture, net.mean, net.std)[None].to(
            weight.device, weight.dtype
        )  # (1, 3, H, W)
        with torch.inference_mode():
            self._seen = {
                layer: net.features.features_before(x, f"soa{layer}")
                for layer in sorted(map(int, net.soa))
            }
        self._blocks = {layer: getattr(net.features, f"soa{layer}") for layer in self._seen}
        self.grids = {layer: tuple(seen.shape[2:]) for layer, seen in self._seen.items()}
        self.tau = {layer: block.reduced**-0.25 for layer, block in self._blocks.items()}

    def strips(
        self, layer: int, at=None, drawing: bool = False
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The rows of positions `at` (all if None), a strip at a time, so that N x N numbers are
        never held.

        Yields:
            flat positions (n,) and their rows (n, N), float32 on the CPU: where each looks.
        """
        height, width = self.grids[layer]
        at = torch.arange(height * width) if at is None else torch.as_tensor(at, dtype=torch.long)
        for some in at.split(max(1, STRIP // (height * width))):
            with torch.inference_mode():
                rows = (
                    self._blocks[layer]
                    .maps(self._seen[layer], some.to(self._seen[layer].device))[0]
                    .float()
                    .cpu()
                )
            yield some, self.softer(rows, layer) if drawing else rows

    def softer(self, rows: torch.Tensor, layer: int) -> torch.Tensor:
        """The same rows at the authors' drawing temperature: softmax(tau log A) needs no logits."""
        return (self.tau[layer] * rows.clamp_min(1e-38).log()).softmax(-1)

    def attends_to(self, layer: int, at, drawing: bool = False) -> np.ndarray:
        """Mean of the rows of flat positions `at`, (h, w): where they look. It sums to one."""
        total = sum(rows.double().sum(0) for _, rows in self.strips(layer, at, drawing))
        return (total / len(at)).float().view(self.grids[layer]).numpy()

    def attended_by(self, layer: int, at, drawing: bool = False) -> np.ndarray:
        """Mean of the columns of flat positions `at`, (h, w): how much each position looks at them."""
        at = torch.as_tensor(at, dtype=torch.long)
        column = torch.cat([rows[:, at].mean(1) for _, rows in self.strips(layer, drawing=drawing)])
        return column.view(self.grids[layer]).numpy()


def positions_in(
    place: list[float], grid: tuple[int, int], size: tuple[int, int], average: bool = True
) -> list[int]:
    """Flat positions on a `grid` (h, w) that a place stands for, on a picture of `size` (height,
    width) pixels.

    Args:
        place: (row, column), or a box (top, left, bottom, right), in pixels.
        average: a box stands for all positions whose middles it holds; otherwise, or if it holds
            none, for the one at its own middle.
    """
    spans = list(
        zip(place[:2], place[-2:])
    )  # (top, bottom), (left, right); a mere place has no extent
    held = [
        [i for i in range(n) if average and first <= (i + 0.5) * pixels / n < last]
        for (first, last), n, pixels in zip(spans, grid, size)
    ]
    if not all(held):
        held = [
            [min(int((a + b) / 2 * n / pixels), n - 1)]
            for (a, b), n, pixels in zip(spans, grid, size)
        ]
    rows, columns = held
    return [r * grid[1] + c for r in rows for c in columns]


def pool_cells(maps: Maps, layer: int, step: int, drawing: bool = False) -> torch.Tensor:
    """All attention of a layer between cells of `step` x `step` positions, (M, M) with M =
    ceil(h/step) ceil(w/step).

    A cell looks as its positions do on average, and is given the sum of what they are given: rows
    still sum to one.
    """
    height, width = maps.grids[layer]
    across = -(-width // step)
    cell = (
        torch.arange(height)[:, None] // step * across + torch.arange(width) // step
    ).flatten()  # (N,)
    count = cell.bincount()  # (M,) positions of each cell
    total = torch.zeros(len(count), len(count))
    for some, rows in maps.strips(layer, drawing=drawing):
        gathered = torch.zeros(len(some), len(count)).index_add_(1, cell, rows)  # (n, N) -> (n, M)
        total.index_add_(0, cell[some], gathered)
    return total / count[:, None]


def step_for(grid: tuple[int, int], budget: int) -> int:
    """How many positions a side one shipped cell stands for, so that a layer takes at most `budget`
    bytes.

    At step 1 one set of maps serves both temperatures; pooled maps need a set for each.
    """
    height, width = grid
    if (height * width) ** 2 <= budget:
        return 1
    cells = math.isqrt(budget // 2)
    return next(
        s for s in range(2, max(grid) + 1) if math.ceil(height / s) * math.ceil(width / s) <= cells
    )


def pack(rows: torch.Tensor) -> bytes:
    """Rows (n, m) of positive weights in n (m + 4) bytes: how far the logarithm of each lies below
    its row's peak.

    The bytes: n float32, the depth d of each row's lowest weight; then n x m codes v, for a weight
        of
    peak * exp(-d (v / 255)^2). Steps are finest near the peak: no weight is wrong by more than 1 %
    of it for d <= 30.
    """
    below = rows.amax(1, keepdim=True).log() - rows.clamp_min(1e-38).log()
    below = below.clamp(0, DEEPEST)
    deepest = below.amax(1, keepdim=True)  # (n, 1)
    codes = (255 * (below / deepest.clamp_min(1e-9)).sqrt()).round()
    return deepest.numpy().astype("<f4").tobytes() + codes.numpy().astype(np.uint8).tobytes()


def unpack(packed: bytes, cells: int, tau: float = 1.0) -> np.ndarray:
    """Rows (cells, cells) that sum to one, from what `pack` wrote: what explorer.js does in a
    browser.
    """
    deepest = np.frombuffer(packed, "<f4", cells).astype(float)[:, None]
    codes = np.frombuffer(packed, np.uint8, cells * cells, 4 * cells).reshape(cells, cells)
    weights = np.exp(-tau * deepest * (codes / 255) ** 2)
    return weights / weights.sum(1, keepdims=True)
