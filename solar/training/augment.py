"""Random views of images for pretraining: crop, tilt, stretch, mirror and light.

What is random is drawn first (`draw_views`) and applied later (`augment`), so that a batch can be
saved with its views, and a resumed run sees the same.

Book: chapter 7 (training on GL18).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..nets.trunks import IMAGENET_MEAN, IMAGENET_STD


def draw_views(mirror: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw how each image of a batch is seen: which part of it, how tilted, in which light.

    Args:
        mirror: (B,) bool, which images are mirrored.
        generator: random generator.

    Returns:
        'affine' (B, 2, 3), from places in the result to places in the image (as `affine_grid` of
        torch has them); 'contrast' (B, 1, 1, 1), 'colour' (B, 3, 1, 1), 'brightness' (B, 1, 1, 1);
        'grey' (B, 1, 1, 1), 1 for images without colour, otherwise 0.
    """
    count = len(mirror)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    # a crop that keeps 55 to 105 % of the image's side, a little tilted and stretched
    zoom = uniform(count) * 0.5 + 0.55
    angle = normal(count) * 0.05
    stretch = torch.exp(normal(count) * 0.06)
    # its centre, anywhere in the room that the crop leaves
    room = (1 - zoom).clamp(min=0)
    x = (uniform(count) * 2 - 1) * room
    y = (uniform(count) * 2 - 1) * room

    # all of that as one affine map
    flip = 1 - 2 * mirror.float()
    cos = angle.cos()
    sin = angle.sin()
    first_row = torch.stack([flip * zoom * stretch * cos, -zoom * sin, x], 1)  # (B, 3)
    second_row = torch.stack([flip * zoom * sin, zoom / stretch * cos, y], 1)
    affine = torch.stack([first_row, second_row], 1)  # (B, 2, 3)

    # light: contrast, the colour of the light, brightness; one image in five is grey
    return dict(
        affine=affine,
        contrast=1 + 0.25 * normal(count, 1, 1, 1),
        colour=1 + 0.12 * normal(count, 3, 1, 1),
        brightness=0.25 * normal(count, 1, 1, 1),
        grey=(uniform(count, 1, 1, 1) < 0.2).float(),
    )


def augment(images: Tensor, views: dict[str, Tensor], size: tuple[int, int]) -> Tensor:
    """Show images as `draw_views` says: cut, tilted and stretched by one resampling, then lit.

    Args:
        images: (B, 3, H, W) uint8.
        views: see `draw_views`.
        size: height and width of the result in pixels.

    Returns:
        (B, 3, h, w) float32, normalised.
    """
    # normalise
    mean = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
    pixels = (images.float() / 255 - mean) / std  # (B, 3, H, W)

    # resample
    height, width = size
    shape = [len(images), 3, height, width]
    grid = F.affine_grid(views["affine"], shape, align_corners=False)  # (B, h, w, 2)
    pixels = F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)

    # light
    pixels = pixels * views["contrast"] * views["colour"] + views["brightness"]
    grey = views["grey"]
    return pixels * (1 - grey) + grey * pixels.mean(1, keepdim=True)
