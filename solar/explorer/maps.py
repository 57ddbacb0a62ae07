"""Where the positions of an image look: exact maps on request, and a small copy of all of them.

Book: chapter 3 (the SOA explorer).
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image

from ..images import to_tensor
from ..nets import GlobalNet, check_global

STRIP = 2**22  # numbers of a map that are held at once
DEEPEST = 60.0  # logarithms this far below a row's peak count as this far: e^-60 is nothing
SMALLEST = 1e-38  # weights below it count as this: a logarithm needs a positive number


class Maps:
    """The attention of one network in one image.

    The input of each attention block is computed once and kept; rows of the maps are computed when
    they are asked for.

    Args:
        net: a network with attention blocks; it is put into evaluation mode.
        image: an RGB image.

    Attributes:
        grids: layer -> (h, w), from the first block to the last.
        tau: layer -> the factor on the logits in the authors' drawing. It scales them by c'^(-3/4)
            where the network has c'^(-1/2), so tau = c'^(-1/4).

    Raises:
        ValueError: not a global network, or one without attention blocks.

    Example:
        >>> import solar
        >>> maps = Maps(solar.GlobalNet("mini"), Image.new("RGB", (64, 32)))
        >>> maps.grids
        {4: (4, 8), 5: (2, 4)}
        >>> maps.attends_to(5, [0]).shape
        (2, 4)
    """

    def __init__(self, net: GlobalNet, image: Image.Image):
        check_attention(net)
        layers = sorted(map(int, net.soa))

        # the image goes to the network's device, in its precision
        weight = next(net.eval().parameters())
        x = to_tensor(image, net.mean, net.std)[None]  # (1, 3, H, W)
        x = x.to(weight.device, weight.dtype)

        # what each block sees: (1, C, h, w)
        with torch.inference_mode():
            self._inputs = {
                layer: net.features.features_before(x, f"soa{layer}") for layer in layers
            }
        self._blocks = {layer: getattr(net.features, f"soa{layer}") for layer in layers}
        self.grids = {layer: tuple(seen.shape[2:]) for layer, seen in self._inputs.items()}
        self.tau = {layer: block.reduced**-0.25 for layer, block in self._blocks.items()}

    def strips(
        self, layer: int, at=None, drawing: bool = False
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Compute rows of a map strip by strip, so that N x N numbers are never held.

        Args:
            layer: the stage whose block is asked.
            at: flat positions r * w + c; all if None.
            drawing: use the authors' drawing temperature instead of the network's own.

        Yields:
            Flat positions (n,), and their rows (n, N), float32 on the CPU: where each looks.
        """
        height, width = self.grids[layer]
        seen = self._inputs[layer]
        if at is None:
            at = torch.arange(height * width)
        at = torch.as_tensor(at, dtype=torch.long)

        rows_per_strip = max(1, STRIP // (height * width))
        for positions in at.split(rows_per_strip):
            with torch.inference_mode():
                rows = self._blocks[layer].maps(seen, positions.to(seen.device))[0]  # (n, N)
                rows = rows.float().cpu()
            yield positions, self.softer(rows, layer) if drawing else rows

    def softer(self, rows: torch.Tensor, layer: int) -> torch.Tensor:
        """Bring rows to the authors' drawing temperature: softmax(tau log A) needs no logits.

        Args:
            rows: (n, N) rows at the network's own temperature.
            layer: the stage that they belong to.

        Returns:
            (n, N), rows that sum to one.
        """
        return (self.tau[layer] * rows.clamp_min(SMALLEST).log()).softmax(-1)

    def attends_to(self, layer: int, at, drawing: bool = False) -> np.ndarray:
        """Return where some positions look: the mean of their rows.

        Args:
            layer: the stage whose block is asked.
            at: flat positions.
            drawing: use the authors' drawing temperature.

        Returns:
            (h, w) float32 that sums to one.
        """
        total = sum(rows.double().sum(0) for _, rows in self.strips(layer, at, drawing))  # (N,)
        return (total / len(at)).float().view(self.grids[layer]).numpy()

    def attended_by(self, layer: int, at, drawing: bool = False) -> np.ndarray:
        """Return how much each position looks at some positions: the mean of their columns.

        Args:
            layer: the stage whose block is asked.
            at: flat positions.
            drawing: use the authors' drawing temperature.

        Returns:
            (h, w) float32.
        """
        at = torch.as_tensor(at, dtype=torch.long)
        parts = [rows[:, at].mean(1) for _, rows in self.strips(layer, drawing=drawing)]
        return torch.cat(parts).view(self.grids[layer]).numpy()


def check_attention(net: object, name: str = "the network") -> None:
    """Refuse what has no attention to explore.

    Args:
        net: a network.
        name: what the message calls it.

    Raises:
        ValueError: not a global network, or one without attention blocks.
    """
    check_global(net, name)
    if not isinstance(net, GlobalNet):
        raise ValueError(
            f"{name}: expected a GlobalNet, as solar.load('mini-solar') gives it, and not a value "
            f"of type {type(net).__name__}"
        )
    if not net.soa:
        raise ValueError(
            f"{name}: there is no attention to explore (soa={net.soa!r}); expected a network with "
            "attention, such as 'mini-solar'"
        )


def cell_of(pixel: float, cells: int, pixels: int) -> int:
    """Return the cell that holds a pixel, along one side of an image.

    Args:
        pixel: coordinate, 0 to `pixels`.
        cells: number of cells on this side.
        pixels: number of pixels on this side.

    Example:
        >>> cell_of(15.9, 16, 256), cell_of(16, 16, 256), cell_of(256, 16, 256)
        (0, 1, 15)
    """
    return min(int(pixel * cells / pixels), cells - 1)


def positions_in(
    place: list[float], grid: tuple[int, int], size: tuple[int, int], average: bool = True
) -> list[int]:
    """Return the flat positions on a grid that a place in an image stands for.

    Args:
        place: (row, column), or a box (top, left, bottom, right), in pixels.
        grid: (h, w), the number of positions.
        size: (height, width) of the image in pixels.
        average: a box stands for all positions whose middles it holds; otherwise, or if it holds
            none, for the one at its own middle.

    Returns:
        Positions r * w + c.

    Example:
        >>> positions_in([25, 15], (3, 4), (30, 40))
        [9]
        >>> positions_in([0, 0, 20, 20], (3, 4), (30, 40))
        [0, 1, 4, 5]
    """
    # along each side: the cells whose middles the box holds, and the cell at its own middle
    held = []
    own = []
    for side in (0, 1):
        first = place[:2][side]  # top or left
        last = place[-2:][side]  # bottom or right; the same as `first` where the place is a point
        cells = grid[side]
        pixels = size[side]
        held.append([i for i in range(cells) if first <= (i + 0.5) * pixels / cells < last])
        own.append([cell_of((first + last) / 2, cells, pixels)])

    rows, columns = held if average and all(held) else own
    return [r * grid[1] + c for r in rows for c in columns]


def pool_cells(maps: Maps, layer: int, step: int, drawing: bool = False) -> torch.Tensor:
    """Pool all attention of a layer to cells of `step` x `step` positions.

    A cell looks as its positions do on average, and is given the sum of what they are given: rows
    still sum to one.

    Args:
        maps: the attention of one image.
        layer: the stage whose block is asked.
        step: positions on each side of a cell; the last cells may be cut off.
        drawing: use the authors' drawing temperature.

    Returns:
        (M, M) with M = ceil(h / step) ceil(w / step), where row i is the attention of cell i.
    """
    # the cell of each position
    height, width = maps.grids[layer]
    columns = math.ceil(width / step)
    row_of_cell = torch.arange(height)[:, None] // step  # (h, 1)
    column_of_cell = torch.arange(width) // step  # (w,)
    cell = (row_of_cell * columns + column_of_cell).flatten()  # (N,)
    count = cell.bincount()  # (M,) positions of each cell

    # add up weights over the positions of a cell, then rows over the positions of a cell
    total = torch.zeros(len(count), len(count))
    for positions, rows in maps.strips(layer, drawing=drawing):
        gathered = torch.zeros(len(positions), len(count))
        gathered.index_add_(1, cell, rows)  # (n, N) -> (n, M)
        total.index_add_(0, cell[positions], gathered)  # (n, M) -> (M, M)
    return total / count[:, None]


def step_for(grid: tuple[int, int], budget: int) -> int:
    """Return the smallest step at which the maps of a layer fit into a budget of bytes.

    At step 1 one set of maps serves both temperatures; pooled maps need a set for each.

    Args:
        grid: (h, w), the number of positions.
        budget: bytes, one for each weight.

    Returns:
        Positions on each side of a cell.

    Example:
        >>> step_for((24, 32), 600_000), step_for((24, 32), 500_000)
        (1, 2)
    """
    height, width = grid
    if (height * width) ** 2 <= budget:
        return 1
    most_cells = max(1, math.isqrt(budget // 2))  # one cell is the least that can be shipped
    step = 2
    while math.ceil(height / step) * math.ceil(width / step) > most_cells:
        step += 1
    return step


def pack(rows: torch.Tensor) -> bytes:
    """Pack rows of positive weights into one byte per weight.

    Packed is how far the logarithm of each weight lies below that of its row's peak. First come n
    float32 numbers, the depth d of each row's lowest weight; then n x m codes v, one byte each, for
    weights of peak * exp(-d (v / 255)^2). Codes are finest near the peak: no weight is wrong by
    more than 1 % of it for d <= 30.

    Args:
        rows: (n, m) positive weights.

    Returns:
        n (m + 4) bytes.

    Example:
        >>> rows = torch.tensor([[0.5, 0.5], [0.75, 0.25]])
        >>> len(pack(rows))
        12
        >>> unpack(pack(rows), 2).round(3).tolist()
        [[0.5, 0.5], [0.75, 0.25]]
    """
    # depths below the peak of each row
    below = rows.amax(1, keepdim=True).log() - rows.clamp_min(SMALLEST).log()  # (n, m)
    below = below.clamp(0, DEEPEST)
    deepest = below.amax(1, keepdim=True)  # (n, 1)

    # as codes 0..255; in a row of equal weights all depths are 0, and so are the codes
    codes = (255 * (below / deepest.clamp_min(1e-9)).sqrt()).round()
    return deepest.numpy().astype("<f4").tobytes() + codes.numpy().astype(np.uint8).tobytes()


def unpack(packed: bytes, cells: int, tau: float = 1.0) -> np.ndarray:
    """Unpack what `pack` wrote, as explorer.js does it in a browser.

    Args:
        packed: bytes that begin with the maps.
        cells: number of rows, and of weights in a row.
        tau: factor on the logits; 1 leaves the rows as they were packed.

    Returns:
        (cells, cells) float64, rows that sum to one.
    """
    deepest = np.frombuffer(packed, "<f4", cells).astype(float)[:, None]  # (cells, 1)
    codes = np.frombuffer(packed, np.uint8, cells * cells, 4 * cells).reshape(cells, cells)
    weights = np.exp(-tau * deepest * (codes / 255) ** 2)
    return weights / weights.sum(1, keepdims=True)
