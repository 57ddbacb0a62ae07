"""A reader of positions: which shape, and which colour, does a position of the maps show?

It learns on pictures of training landmarks, whose shapes and colours the renderer knows. Then it is
frozen, and what it says is what a block gets.
"""

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from solar.world.relations import what_is_seen
from solar.world.shapes import COLOURS, SHAPES

CELL = 16  # pixels of a position, down and across
FILLS = 0.3  # share of a position's pixels from which on it shows a building
HIDDEN = 256  # channels between the two layers
STEPS = 2000
BATCH = (384, 128)  # positions of a step: on buildings, and beside them
RATE = 2e-3
STRENGTH = 3.0  # probabilities are multiplied by this, as in the world of parts


class Labels:
    """What the positions of pictures show.

    Attributes:
        shapes: (N, h, w) number of the shape; that behind the last one where there is none.
        colours: (N, h, w) number of the colour, likewise.
        own: (N, h, w) bool, whether the shape is one of the landmark's.
    """

    def __init__(self, shapes: np.ndarray, colours: np.ndarray, own: np.ndarray):
        self.shapes = torch.from_numpy(shapes)
        self.colours = torch.from_numpy(colours)
        self.own = torch.from_numpy(own)


def labels_of(images: list[Path]) -> Labels:
    """Render pictures again, and tell what their positions show.

    Args:
        images: files whose names tell landmark and number.
    """
    pictures = []
    for image in images:
        seed, number = re.search(r"place(\d+)_(\d+)", Path(image).stem).groups()
        seen = what_is_seen(int(seed), int(number))
        pictures.append(position_labels(seen.shapes, seen.colours, seen.own))
    shapes, colours, own = zip(*pictures)
    return Labels(np.stack(shapes), np.stack(colours), np.stack(own))


def position_labels(shapes: np.ndarray, colours: np.ndarray, own: np.ndarray) -> tuple:
    """Turn pixels (H, W) into positions (h, w): the building that fills most of each, if any."""
    rows = shapes.shape[0] // CELL
    columns = shapes.shape[1] // CELL

    def cells(pixels: np.ndarray) -> np.ndarray:
        grid = pixels.reshape(rows, CELL, columns, CELL).swapaxes(1, 2)
        return grid.reshape(rows, columns, CELL * CELL)

    # how many pixels of each position show each shape
    of_pixels = cells(shapes)  # (h, w, pixels)
    numbers = np.arange(len(SHAPES))
    counts = (of_pixels[..., None] == numbers).sum(2)  # (h, w, shapes)
    best = counts.argmax(2)
    filled = counts.max(2) >= FILLS * CELL * CELL
    shows = (of_pixels == best[..., None]) & filled[..., None]  # its pixels

    shape = np.where(filled, best, len(SHAPES))
    colour = np.where(shows, cells(colours), -1).max(2)
    colour = np.where(filled, colour, len(COLOURS))
    return shape, colour, (shows & cells(own)).any(2)


class Reader(nn.Module):
    """Two 1 x 1 layers behind the maps; each position is read for itself.

    Args:
        channels: of the maps.

    Shape:
        (n, C, h, w) -> (n, 32, h, w), probabilities of 20 shapes and 12 colours times `STRENGTH`.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))
        outputs = len(SHAPES) + 1 + len(COLOURS) + 1
        self.layers = nn.Sequential(
            nn.Linear(channels, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs)
        )

    def logits(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Score positions (n, C): shapes (n, 21) and colours (n, 13), the last of each: none."""
        scores = self.layers((positions - self.mean) / self.std)
        return scores[..., : len(SHAPES) + 1], scores[..., len(SHAPES) + 1 :]

    def forward(self, maps: Tensor) -> Tensor:
        """Read maps (n, C, h, w)."""
        shapes, colours = self.logits(maps.float().permute(0, 2, 3, 1))
        # what is said of no building is left out
        read = [shapes.softmax(-1)[..., :-1], colours.softmax(-1)[..., :-1]]
        return STRENGTH * torch.cat(read, -1).permute(0, 3, 1, 2).contiguous()


def learn_reader(maps: Tensor, labels: Labels, seed: int) -> Reader:
    """Train a reader.

    Args:
        maps: (N, C, h, w) of the pictures.
        labels: of the same pictures.
        seed: of the start and of the draws.
    """
    positions = maps.float().permute(0, 2, 3, 1).flatten(0, 2)  # (N h w, C)
    shapes = labels.shapes.flatten()
    colours = labels.colours.flatten()
    buildings = torch.nonzero(shapes < len(SHAPES))[:, 0]
    others = torch.nonzero(shapes == len(SHAPES))[:, 0]

    torch.manual_seed(seed)
    reader = Reader(positions.shape[1])
    reader.mean.copy_(positions.mean(0))
    reader.std.copy_(positions.std(0).clamp(min=1e-6))
    optimizer = torch.optim.Adam(reader.parameters(), lr=RATE)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(STEPS):
        # positions on buildings, and fewer beside them
        drawn = []
        for some, count in zip((buildings, others), BATCH):
            drawn.append(some[torch.randint(len(some), (count,), generator=generator)])
        batch = torch.cat(drawn)
        of_shapes, of_colours = reader.logits(positions[batch])
        loss = nn.functional.cross_entropy(of_shapes, shapes[batch])
        loss = loss + nn.functional.cross_entropy(of_colours, colours[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return reader.eval()


@torch.no_grad()
def accuracy(reader: Reader, maps: Tensor, labels: Labels) -> dict[str, float]:
    """Return in percent how many positions on buildings are read right, and how many beside."""
    of_shapes, of_colours = reader.logits(maps.float().permute(0, 2, 3, 1))
    on = labels.shapes < len(SHAPES)  # (N, h, w)
    shapes = of_shapes.argmax(-1)
    colours = of_colours.argmax(-1)
    right = dict(
        shape=(shapes == labels.shapes)[on],
        colour=(colours == labels.colours)[on],
        nothing=(shapes == labels.shapes)[~on],
    )
    return {name: round(100 * values.float().mean().item(), 1) for name, values in right.items()}
