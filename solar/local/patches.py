"""Cut out the patches of keypoints: upright, of one size, by one sampling call.

A keypoint is a row (x, y, size, angle): pixels, with a pixel's centre at whole numbers (as OpenCV
has it), and degrees clockwise from the x axis. Its window is a square `WINDOW` times as wide as
`size`, turned by `angle`.

Book: chapter 12 (matching two photographs).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from ..images import ImageSource, read_image
from ..nets.local_net import PATCH

WINDOW = 6.0  # width of a window / size of its keypoint: what SIFT's own descriptor covers

ImageLike = ImageSource  # a path, a PIL image, an array or a tensor


class OpenCVError(ValueError):
    """OpenCV cannot work on an image: one without width, or one too large for the memory."""


@contextmanager
def opencv(pixels: np.ndarray) -> Iterator[None]:
    """Turn an error of OpenCV, whose words tell a place in its source, into one plain line.

    Args:
        pixels: the image that is worked on, (H, W).

    Raises:
        OpenCVError: in place of `cv2.error`.
    """
    try:
        yield
    except cv2.error as error:
        reason = getattr(error, "err", "") or str(error).strip()
        if getattr(error, "code", 0) == cv2.Error.StsNoMem:
            reason = "it takes more memory than there is; shrink it"
        height, width = pixels.shape[:2]
        raise OpenCVError(
            f"OpenCV cannot work on this image of {width} x {height} pixels: {reason}"
        ) from error


def grey(image: ImageLike) -> np.ndarray:
    """Return an image as grey values, (H, W) uint8.

    A photograph is turned upright as its metadata say: places of keypoints are those that a viewer
    of images shows.

    Args:
        image: a path, a PIL image, or an array or tensor as `images.read_image` takes it, such as
            uint8 (H, W) grey or (H, W, 3) RGB. More bits per value are scaled to 8.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image, or an array of another kind.
        TypeError: none of these.

    Example:
        >>> import numpy as np
        >>> grey(np.full((2, 3, 3), 7, np.uint8)).shape
        (2, 3)
    """
    # grey values already: taken as they are
    is_array = isinstance(image, np.ndarray)
    if is_array and image.dtype == np.uint8 and image.ndim == 2 and image.size:
        return image

    pixels = np.asarray(read_image(image, upright=True))  # (H, W, 3) uint8 RGB
    with opencv(pixels):
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)  # (H, W)


def pyramid(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Halve an image again and again, and lay all levels below each other on one sheet.

    Args:
        image: grey values (H, W) uint8.

    Returns:
        sheet: (H', W) float32, the levels below each other.
        levels: (L, 3), first row, height and width of each level on the sheet. Pixel (x, y) of
            level l shows pixel (2^l x, 2^l y) of the image.
    """
    # blur and halve until there is hardly anything left
    pieces: list[np.ndarray] = [image.astype(np.float32)]
    with opencv(image):
        while min(pieces[-1].shape) >= 4:
            pieces.append(cv2.pyrDown(pieces[-1]))

    # one sheet, as wide as the image; the part beside the smaller levels stays black
    sheet = np.zeros((sum(len(piece) for piece in pieces), image.shape[1]), np.float32)
    levels = []
    top = 0
    for piece in pieces:
        height, width = piece.shape
        sheet[top : top + height, :width] = piece
        levels.append((top, height, width))
        top += height
    return sheet, np.array(levels)


def sampling_grid(
    keypoints: np.ndarray, levels: np.ndarray, sheet: tuple[int, int], side: int
) -> torch.Tensor:
    """Tell where on the pyramid's sheet each pixel of each patch lies.

    A window is read from the level whose pixels are about as large as the patch's. Beyond the
    border of a level its last pixel goes on, so that no patch sees the level laid beside it.

    Args:
        keypoints: (N, 4) rows x, y, size, angle.
        levels: (L, 3) of `pyramid`.
        sheet: height and width of the sheet, pixels.
        side: height and width of a patch, pixels.

    Returns:
        (N, side, side, 2) places (x, y) in the -1..1 of `torch.nn.functional.grid_sample`.
    """
    columns = torch.from_numpy(np.asarray(keypoints, np.float64)).T  # (4, N)
    x, y, size, angle = columns  # (N,) each

    # the level of each keypoint: there, one pixel of the patch is about one pixel of the level
    step = size * WINDOW / side  # pixels of the image per pixel of the patch
    level = step.log2().round().clamp(0, len(levels) - 1).long()
    top, height, width = torch.from_numpy(levels).T[:, level]  # (N,) each

    # the patch's own grid about its centre, turned and scaled: (N, side) pixels of the image
    ticks = torch.arange(side) - (side - 1) / 2
    cosine = torch.outer(torch.cos(angle.deg2rad()) * step, ticks)
    sine = torch.outer(torch.sin(angle.deg2rad()) * step, ticks)

    # pixels of the image per unit of grid_sample, which counts from -1 (the first pixel's centre of
    # the sheet) to 1 (the last one's)
    unit_x = 2 * 0.5**level / max(sheet[1] - 1, 1)
    unit_y = 2 * 0.5**level / max(sheet[0] - 1, 1)
    first_y = top * 2 / max(sheet[0] - 1, 1) - 1  # the level begins at row `top`

    # the pixel (u, v) of a patch lies in column x + cosine u - sine v, row y + sine u + cosine v: a
    # part that depends on u alone and one that depends on v alone are added once for all pixels
    grid = torch.empty(len(x), side, side, 2)
    of_u = (x[:, None] + cosine) * unit_x[:, None] - 1  # (N, side)
    of_v = -sine * unit_x[:, None]
    torch.add(of_u.float()[:, None, :], of_v.float()[:, :, None], out=grid[..., 0])
    of_u = (y[:, None] + sine) * unit_y[:, None] + first_y[:, None]
    of_v = cosine * unit_y[:, None]
    torch.add(of_u.float()[:, None, :], of_v.float()[:, :, None], out=grid[..., 1])

    # beyond the border of a level its last pixel goes on
    right = (width - 1) * 2 / max(sheet[1] - 1, 1) - 1
    bottom = (top + height - 1) * 2 / max(sheet[0] - 1, 1) - 1
    grid[..., 0].clamp_(min=torch.tensor(-1.0), max=right.float()[:, None, None])
    grid[..., 1].clamp_(min=first_y.float()[:, None, None], max=bottom.float()[:, None, None])
    return grid  # (N, side, side, 2)


def cut_patches(
    image: ImageLike,
    keypoints: np.ndarray,
    side: int = PATCH,
    device: str | torch.device = "cpu",
) -> torch.Tensor:
    """Cut out the patches of all keypoints, upright and of one size, by one sampling call.

    Args:
        image: as in `grey`.
        keypoints: (N, 4) rows x, y, size, angle. They may lie on the border or outside: the last
            pixels of the image go on there.
        side: height and width of a patch, pixels.
        device: where the patches are cut and returned.

    Returns:
        (N, 1, side, side) float32 grey values, 0..255.

    Raises:
        ValueError: keypoints of another shape, numbers that are not finite, or sizes that are not
            positive.

    Example:
        >>> import numpy as np
        >>> image = np.full((64, 64), 7, np.uint8)
        >>> patches = cut_patches(image, np.array([[30.0, 20.0, 4.0, 90.0]]))
        >>> patches.shape, patches.unique()
        (torch.Size([1, 1, 32, 32]), tensor([7.]))
    """
    # a size of zero has no window, and nan would be sampled without a complaint
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.ndim != 2 or keypoints.shape[1] != 4:
        raise ValueError(f"keypoints {keypoints.shape}: expected (N, 4), rows of x, y, size, angle")
    if not np.isfinite(keypoints).all() or (keypoints[:, 2] <= 0).any():
        raise ValueError("keypoints: expected finite numbers, and sizes above zero")

    # all levels of the image, and where each patch's pixels lie on them
    sheet, levels = pyramid(grey(image))
    grid = sampling_grid(keypoints, levels, sheet.shape, side).to(device)  # (N, side, side, 2)

    # the one sheet is seen N times: nothing is copied, and all cores sample
    source = torch.from_numpy(sheet).to(device).expand(len(grid), 1, -1, -1)  # (N, 1, H', W)
    return F.grid_sample(source, grid, mode="bilinear", align_corners=True)
