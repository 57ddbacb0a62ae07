"""The world of parts: feature maps in which only the relations of positions tell a landmark.

There are no photographs here. A map is drawn at once, as a trunk might have left it: 6 x 6
positions, and at each of them a *part* (what stands there: one of 64) in a *material* (what it is
made of: one of 8). A landmark is five parts. In an image of it they stand, several times over, on a
share of the positions, all in one material that changes from image to image. On the other positions
stands clutter: any part, each in a material of its own.

So the parts alone say what a landmark is, and the material alone says which parts belong together.
No position knows that by itself; two positions that are compared do.

Book: chapter 4 (when attention helps).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

SIDE = 6  # positions along a side of a map
POSITIONS = SIDE**2  # N
PARTS = 64  # different parts
PARTS_OF_LANDMARK = 5
MATERIALS = 8
PART_CHANNELS = 24  # of a position: the first ones say which part stands there
MATERIAL_CHANNELS = 8  # the others say what it is made of
CHANNELS = PART_CHANNELS + MATERIAL_CHANNELS  # C
MATERIAL_STRENGTH = 3.0  # length of a material's vector; that of a part's is 1
NOISE = 0.05  # standard deviation that is added to the channels of a part
GAIN = 3.0  # factor of all channels


class Vocabulary(NamedTuple):
    """What a position can show.

    Attributes:
        parts: (64, 24) vectors of unit length, none of them negative.
        materials: (8, 8) the same.
    """

    parts: Tensor
    materials: Tensor


@dataclass
class PartImages:
    """Images of the world of parts.

    Args:
        maps: (B, C, 6, 6) feature maps, none of them negative.
        parts: (B, N) number of the part at each position, row by row.
        materials: (B, N) number of its material.
        own: (B, N) bool, True where a part of the landmark was put; clutter elsewhere.
    """

    maps: Tensor
    parts: Tensor
    materials: Tensor
    own: Tensor


def vocabulary(seed: int = 7) -> Vocabulary:
    """Draw the vectors of all parts and of all materials.

    Args:
        seed: random seed; there is one vocabulary for each.

    Example:
        >>> vocabulary().parts.shape, vocabulary().materials.shape
        (torch.Size([64, 24]), torch.Size([8, 8]))
    """
    generator = torch.Generator().manual_seed(seed)
    parts = torch.randn(PARTS, PART_CHANNELS, generator=generator).relu()
    materials = torch.randn(MATERIALS, MATERIAL_CHANNELS, generator=generator).relu()
    return Vocabulary(
        torch.nn.functional.normalize(parts), torch.nn.functional.normalize(materials)
    )


def draw_landmarks(count: int, seed: int) -> Tensor:
    """Draw landmarks: five different parts for each.

    Args:
        count: number of landmarks L.
        seed: random seed; other seeds give other landmarks.

    Returns:
        (L, 5) numbers of parts.

    Example:
        >>> draw_landmarks(400, seed=1).shape
        torch.Size([400, 5])
    """
    generator = torch.Generator().manual_seed(seed)
    # five parts without repetition: the first five of all parts in random order
    order = torch.rand(count, PARTS, generator=generator).argsort(1)
    return order[:, :PARTS_OF_LANDMARK]


def draw_images(
    landmarks: Tensor, share: float, generator: torch.Generator, words: Vocabulary | None = None
) -> PartImages:
    """Draw one image of each landmark in a list.

    Args:
        landmarks: (B, 5) parts of the landmarks; name one twice for two images of it.
        share: part of the positions on which the landmark stands, 0 to 1. All of its five parts are
            always there, so that five positions are the least.
        generator: where chance comes from.
        words: the vocabulary; None means `vocabulary()`.

    Raises:
        ValueError: a share that is not between 0 and 1.

    Example:
        >>> landmark = draw_landmarks(1, seed=0)
        >>> images = draw_images(landmark, share=0.25, generator=torch.Generator().manual_seed(0))
        >>> images.maps.shape
        torch.Size([1, 32, 6, 6])
        >>> int(images.own.sum())  # a quarter of 36 positions
        9
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share {share} of the positions; expected a number from 0 to 1")
    words = words or vocabulary()
    count = len(landmarks)
    own_positions = max(PARTS_OF_LANDMARK, round(share * POSITIONS))

    # clutter everywhere: any part, in any material
    parts = torch.randint(PARTS, (count, POSITIONS), generator=generator)
    materials = torch.randint(MATERIALS, (count, POSITIONS), generator=generator)

    # the landmark over it: each of its parts once, then again some of them by chance
    repeats = torch.randint(PARTS_OF_LANDMARK, (count, own_positions), generator=generator)
    repeats[:, :PARTS_OF_LANDMARK] = torch.arange(PARTS_OF_LANDMARK)
    parts[:, :own_positions] = landmarks.gather(1, repeats)
    materials[:, :own_positions] = torch.randint(MATERIALS, (count, 1), generator=generator)
    own = (torch.arange(POSITIONS) < own_positions).expand(count, -1)

    # all positions in random order: where a part stands means nothing
    order = torch.rand(count, POSITIONS, generator=generator).argsort(1)
    parts = parts.gather(1, order)
    materials = materials.gather(1, order)
    own = own.gather(1, order)

    maps = maps_of(parts, materials, generator, words)
    return PartImages(maps, parts, materials, own)


def maps_of(
    parts: Tensor, materials: Tensor, generator: torch.Generator, words: Vocabulary | None = None
) -> Tensor:
    """Draw the maps in which these parts stand in these materials.

    Args:
        parts: (B, N) number of the part at each position, row by row.
        materials: (B, N) number of its material.
        generator: where the noise on the parts comes from.
        words: the vocabulary; None means `vocabulary()`.

    Returns:
        (B, C, 6, 6) feature maps, none of them negative.

    Example:
        >>> numbers = torch.zeros(1, 36, dtype=torch.long)
        >>> maps_of(numbers, numbers, torch.Generator().manual_seed(0)).shape
        torch.Size([1, 32, 6, 6])
    """
    words = words or vocabulary()
    # each part looks a little different wherever it stands; (B, N) -> (B, N, 24)
    noise = torch.randn(*parts.shape, PART_CHANNELS, generator=generator).abs()
    looks = words.parts[parts] + NOISE * noise

    # the material stands in channels of its own: (B, N) -> (B, N, 8)
    made_of = MATERIAL_STRENGTH * words.materials[materials]

    # one vector a position, then a map: (B, N, C) -> (B, C, 6, 6)
    rows = GAIN * torch.cat([looks, made_of], dim=2)
    return rows.transpose(1, 2).unflatten(2, (SIDE, SIDE))
