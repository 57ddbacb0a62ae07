"""From an image file to a tensor: decode, crop to a box, shrink, normalise.

Book: chapter 1 (finding a landmark again).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")  # of files that count as images in a folder
MIN_SIDE = 16  # pixels: a network sees nothing in an image with a shorter side

ImageSource = str | Path | Image.Image


def read_image(source: ImageSource) -> Image.Image:
    """Read an image as RGB.

    Args:
        source: a path, or a PIL image of any mode.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not an image, or is cut off.

    Example:
        >>> read_image(Image.new("L", (40, 30))).mode
        'RGB'
    """
    if isinstance(source, Image.Image):
        return source.convert("RGB")
    try:
        with Image.open(source) as image:
            return image.convert("RGB")
    except FileNotFoundError:
        raise FileNotFoundError(f"{source}: no such image") from None
    except Exception as error:  # decoders of broken files raise almost anything
        raise ValueError(
            f"{source}: not a readable image ({error}); is the file complete?"
        ) from error


def prepare(
    source: ImageSource, box: Sequence[float] | None = None, image_size: int | None = None
) -> Image.Image:
    """Read an image, crop it to a box, then shrink it.

    The longer side of the *whole* image is shrunk to `image_size` pixels; a crop shrinks by the
    same factor, so that a stone on a query is as large as it would be on the whole image (as the
    authors' loader does it). Nothing is ever enlarged.

    Args:
        source: a path, or a PIL image.
        box: (x0, y0, x1, y1) in pixels of the image as it is stored; the whole image if None.
        image_size: the longer side at most, in pixels; as it is stored if None.

    Returns:
        an RGB image.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image, a box without area or outside the image, or fewer than 16 pixels
            left on a side.

    Example:
        >>> image = Image.new("RGB", (400, 200))
        >>> prepare(image, image_size=100).size
        (100, 50)
        >>> prepare(image, box=(0, 0, 200, 100), image_size=100).size
        (50, 25)
    """
    image = read_image(source)
    longer_side = max(image.size)  # of the whole image, before the crop
    if box is not None:
        image = _crop(image, box, _name_of(source))

    # the crop's share of the whole image's size
    if image_size is not None:
        side = image_size * max(image.size) / longer_side
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    if min(image.size) < MIN_SIDE:
        raise ValueError(
            f"{_name_of(source)}: {image.width} x {image.height} pixels are left; expected "
            f"{MIN_SIDE} or more a side"
        )
    return image


def _crop(image: Image.Image, box: Sequence[float], name: str) -> Image.Image:
    """Cut a box out of an image; the part of it that lies outside becomes black."""
    corners = tuple(float(v) for v in box)
    x0, y0, x1, y1 = corners
    if not (x0 < x1 and y0 < y1):
        raise ValueError(f"{name}: box {corners} has no area; expected x0 < x1 and y0 < y1")
    is_beside = x0 >= image.width or y0 >= image.height or x1 <= 0 or y1 <= 0
    is_huge = max(x1 - x0, y1 - y0) > 2 * max(image.size)  # its crop could fill the memory
    if is_beside or is_huge:
        raise ValueError(
            f"{name}: box {corners} lies outside the image of {image.width} x {image.height} pixels"
        )
    return image.crop((x0, y0, x1, y1))


def square(path: str | Path, size: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """Read a square part of an image file, resized to `size`.

    The square is as large as the shorter side. Unlike `prepare` this enlarges small images, as the
    authors do in training. Pixels stay bytes and are cut before they are resized.

    Args:
        path: the image file.
        size: side of the result in pixels.
        rng: chooses where the square lies; it lies in the middle if None.

    Returns:
        (size, size, 3) uint8.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an image.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (40, 30)).save(f"{folder}/a.png")
        ...     square(f"{folder}/a.png", 64).shape
        (64, 64, 3)
    """
    pixels = _read_bytes(path)  # (3, H, W)

    # where the square begins
    height, width = pixels.shape[1:]
    side = min(height, width)
    if rng is None:
        top = (height - side) // 2
        left = (width - side) // 2
    else:
        top = int(rng.integers(0, height - side + 1))
        left = int(rng.integers(0, width - side + 1))

    # cut and resize with channels last in memory; (1, 3, side, side) -> (1, 3, size, size)
    part = pixels[None, :, top : top + side, left : left + side]
    part = part.contiguous(memory_format=torch.channels_last)
    part = F.interpolate(part, (size, size), mode="bicubic", antialias=True)
    return part[0].permute(1, 2, 0).numpy()  # (size, size, 3)


def _read_bytes(path: str | Path) -> torch.Tensor:
    """Read an image file as (3, H, W) uint8: JPEGs by torchvision, all others by Pillow.

    `benchmarks/training.py` shows what that saves.
    """
    try:
        # Pillow reads only the head here, and refuses what is not an image or far too large
        with Image.open(path) as image:
            if image.format != "JPEG":
                pixels = torch.from_numpy(np.array(image.convert("RGB")))  # (H, W, 3)
                return pixels.permute(2, 0, 1)
        content = torch.from_numpy(np.fromfile(path, np.uint8))
        return decode_jpeg(content, ImageReadMode.RGB)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such image") from None
    except Exception as error:  # as in read_image
        # torchvision's messages begin with a position in its source, "....cpp:123, words"
        reason = str(error).partition(".cpp:")[2].partition(", ")[2] or error
        raise ValueError(
            f"{path}: not a readable image ({reason}); is the file complete?"
        ) from error


def _name_of(source: ImageSource) -> str:
    """Return what an error message calls an image: its file, if it came from one."""
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "") or "image")
    return str(source)


def to_tensor(image: Image.Image, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Convert an RGB image to the normalised tensor that networks take.

    Args:
        image: an RGB image of H x W pixels.
        mean: three numbers, the mean of each colour (of pixels in 0..1).
        std: three numbers, the standard deviation of each colour.

    Returns:
        (3, H, W) float32: pixels / 255, minus `mean`, divided by `std`.

    Example:
        >>> image = Image.new("RGB", (3, 2), (255, 0, 51))
        >>> to_tensor(image, mean=(0.5, 0.5, 0.5), std=(0.5, 0.25, 1))[:, 0, 0]
        tensor([ 1.0000, -2.0000, -0.3000])
    """
    pixels = torch.from_numpy(np.array(image, dtype=np.uint8))  # (H, W, 3)
    pixels = pixels.permute(2, 0, 1).float() / 255  # (3, H, W)
    # one number per colour, (3,) -> (3, 1, 1), for all pixels
    means = torch.tensor(mean, dtype=torch.float32).view(3, 1, 1)
    stds = torch.tensor(std, dtype=torch.float32).view(3, 1, 1)
    return (pixels - means) / stds
