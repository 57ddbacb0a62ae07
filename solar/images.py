"""From a file to a tensor: decode, crop to a box, shrink, normalise."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision.io import ImageReadMode, decode_jpeg

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
MIN_SIDE = 16  # pixels: a shorter side leaves a network nothing to look at


def read_image(source: str | Path | Image.Image) -> Image.Image:
    """A picture as RGB.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is no picture, or is cut off.
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


def prepare(source, box=None, image_size: int | None = None) -> Image.Image:
    """Decode, crop to `box` (x0, y0, x1, y1 in pixels), then shrink.

    The whole picture's longer side is to have at most `image_size` pixels; a crop shrinks by the
    same factor, so that a stone on a query is as large as it would be on the whole picture (as the
    authors' loader does it). Nothing is ever enlarged.

    Raises:
        ValueError: unreadable, a box without area or outside the picture, or a side below 16
            pixels.
    """
    image = read_image(source)
    longest = max(image.size)
    if box is not None:
        x0, y0, x1, y1 = (float(v) for v in box)
        if not (x0 < x1 and y0 < y1):
            raise ValueError(
                f"{_name(source)}: box {(x0, y0, x1, y1)} has no area; expected x0 < x1 and y0 < y1"
            )
        if (
            x0 >= image.width
            or y0 >= image.height
            or x1 <= 0
            or y1 <= 0
            or max(x1 - x0, y1 - y0) > 2 * max(image.size)
        ):
            size = f"{image.width} x {image.height}"
            raise ValueError(
                f"{_name(source)}: box {(x0, y0, x1, y1)} lies outside the picture of {size} pixels"
            )
        image = image.crop((x0, y0, x1, y1))
    if image_size is not None:
        side = image_size * max(image.size) / longest
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    if min(image.size) < MIN_SIDE:
        size = f"{image.width} x {image.height}"
        raise ValueError(
            f"{_name(source)}: {size} pixels are left; expected {MIN_SIDE} or more a side"
        )
    return image


def square(path: str | Path, size: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """(size, size, 3) uint8: a square of the shorter side, anywhere (`rng`) or in the middle,
    resized to `size`.

    Unlike `prepare` it enlarges where it must (SOLAR trains so). Pixels stay bytes, cut before they
    are resized.

    Raises:
        FileNotFoundError, ValueError: no such file, or no picture.
    """
    pixels = _bytes_of(path)  # (3, H, W)
    side = min(pixels.shape[1:])
    top, left = (
        int(rng.integers(0, n - side + 1)) if rng else (n - side) // 2 for n in pixels.shape[1:]
    )
    part = pixels[None, :, top : top + side, left : left + side].contiguous(
        memory_format=torch.channels_last
    )
    part = F.interpolate(part, (size, size), mode="bicubic", antialias=True)
    return part[0].permute(1, 2, 0).numpy()  # (1, 3, size, size) -> (size, size, 3)


def _bytes_of(path) -> torch.Tensor:
    """(3, H, W) uint8. JPEGs are decoded by torchvision (see benchmarks/training.py), all others by
    Pillow.
    """
    try:
        with Image.open(
            path
        ) as image:  # reads the head only; refuses what is no picture, or far too large
            if image.format != "JPEG":
                return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
        return decode_jpeg(torch.from_numpy(np.fromfile(path, np.uint8)), ImageReadMode.RGB)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such image") from None
    except Exception as error:  # as in read_image; torchvision begins with the place in its source
        reason = str(error).partition(".cpp:")[2].partition(", ")[2] or error
        raise ValueError(
            f"{path}: not a readable image ({reason}); is the file complete?"
        ) from error


def _name(source) -> str:
    return (
        str(getattr(source, "filename", "") or "image")
        if isinstance(source, Image.Image)
        else str(source)
    )


def to_tensor(image: Image.Image, mean, std) -> torch.Tensor:
    """(3, H, W) float32: pixels / 255, minus `mean`, divided by `std` (three numbers each)."""
    pixels = torch.from_numpy(np.array(image, dtype=np.uint8)).permute(
        2, 0, 1
    )  # (H, W, 3) -> (3, H, W)
    mean, std = (torch.tensor(v, dtype=torch.float32).view(3, 1, 1) for v in (mean, std))
    return (pixels.float() / 255 - mean) / std
