"""Pixels of any depth and layout become 8-bit RGB: one rule for files, PIL images and arrays.

1. `to_8_bits`: the rule for values, from one bit to floating point
2. `rgb_of`: PIL images of any mode
3. `image_of`: numpy arrays and torch tensors

Book: chapter 1 (finding a landmark again).
"""

import numpy as np
import torch
from PIL import Image

DEEP_MODES = ("I", "F")  # PIL modes that begin so have more than 8 bits per value: I;16, I, F ...
CHANNELS = (1, 3, 4)  # grey, RGB, RGB and transparency
LAYOUTS = "(H, W), (H, W, 1), (H, W, 3), (H, W, 4), (1, H, W) or (3, H, W)"

# ---- 1. values


def to_8_bits(values: np.ndarray, name: str) -> np.ndarray:
    """Scale the values of pixels to 0..255, rounded to the nearest whole number.

    ==================  =========================================================================
    type                0 and 255 stand for
    ==================  =========================================================================
    uint8               0 and 255: the values stay as they are
    bool                False and True
    uint16              0 and 65535
    other whole numbers 0 and 255 if no value lies beyond, else 0 and 65535 if no value lies beyond,
                        else the smallest and the largest value
    floating point      0 and 1; values beyond are refused, for nothing tells what they mean
    ==================  =========================================================================

    Args:
        values: an array of any shape, not empty.
        name: what an error calls the image.

    Returns:
        uint8, of the same shape.

    Raises:
        ValueError: floating-point values beyond 0..1 or not finite; values that are no numbers.

    Example:
        >>> to_8_bits(np.array([0, 257, 65535], np.uint16), "scan.png").tolist()
        [0, 1, 255]
        >>> to_8_bits(np.array([0, 0.2, 1]), "depth.tif").tolist()
        [0, 51, 255]
    """
    kind = values.dtype.kind
    if values.dtype == np.uint8:
        return values
    if kind == "b":
        return values.astype(np.uint8) * 255
    if kind not in "uif":
        raise ValueError(f"{name}: values of type {values.dtype}; expected numbers, such as uint8")

    # the range that the values have, and the range that they stand for
    lowest = values.min()
    highest = values.max()
    if kind == "f":
        if not (lowest >= 0 and highest <= 1):  # false for nan too
            raise ValueError(
                f"{name}: floating-point values from {lowest:.4g} to {highest:.4g}; expected 0 to "
                f"1: scale them, or convert them to uint8"
            )
        black = 0.0
        white = 1.0
    elif values.dtype.itemsize == 2 and kind == "u":
        black = 0.0
        white = 65535.0
    elif lowest >= 0 and highest <= 65535:
        black = 0.0
        white = 255.0 if highest <= 255 else 65535.0
    else:
        black = float(lowest)
        white = max(float(highest), black + 1)  # all of one value: black
    scaled = (values.astype(np.float64) - black) * (255 / (white - black))
    return np.rint(scaled).astype(np.uint8)


# ---- 2. PIL images


def rgb_of(image: Image.Image, name: str) -> Image.Image:
    """Convert a PIL image of any mode to RGB with 8 bits per value.

    Values of more bits are scaled as `to_8_bits` says; PIL itself would cut them off at 255.
    (Colour images with 16 bits per value are scaled by PIL when it decodes them.) Transparency is
    left away, as PIL does it.

    Args:
        image: the image.
        name: what an error calls it.

    Raises:
        ValueError: its values cannot be scaled, or its mode has no way to RGB.

    Example:
        >>> grey = Image.fromarray(np.full((2, 2), 51 * 257, np.uint16))
        >>> grey.mode, rgb_of(grey, "scan.png").getpixel((0, 0))
        ('I;16', (51, 51, 51))
    """
    if image.mode.startswith(DEEP_MODES):
        image = Image.fromarray(to_8_bits(np.asarray(image), name))
    return image.convert("RGB")


# ---- 3. arrays and tensors


def name_of_array(array: np.ndarray | torch.Tensor) -> str:
    """Return what an error calls an array: its type and shape, never its values.

    Example:
        >>> name_of_array(np.zeros((3, 3)))
        'array float64 (3, 3)'
    """
    word = "tensor" if isinstance(array, torch.Tensor) else "array"
    dtype = str(array.dtype).removeprefix("torch.")
    return f"{word} {dtype[:40]} {tuple(array.shape)}"


def image_of(array: np.ndarray | torch.Tensor) -> Image.Image:
    """Return an array as an 8-bit RGB image; the values are scaled as `to_8_bits` says.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), the last with transparency, which is left
            away; or channels first, (1, H, W) or (3, H, W). Colours are red, green, blue. Where a
            shape can be read both ways, numpy arrays have channels last and tensors first.

    Raises:
        ValueError: another shape, or values that cannot be scaled.

    Example:
        >>> image_of(torch.ones(3, 20, 30)).size
        (30, 20)
    """
    name = name_of_array(array)
    if isinstance(array, torch.Tensor):
        values = array.detach().cpu()
        if values.dtype == torch.bfloat16:  # which numpy does not have
            values = values.float()
        values = values.numpy()
        is_first = len(array.shape) == 3 and array.shape[0] in (1, 3)
    else:
        values = np.asarray(array)
        is_first = (
            values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[2] not in CHANNELS
        )
    if is_first:
        values = np.moveaxis(values, 0, -1)  # (C, H, W) -> (H, W, C)

    is_grey = values.ndim == 2
    has_channels = values.ndim == 3 and values.shape[2] in CHANNELS
    if not (is_grey or has_channels) or values.size == 0:
        raise ValueError(f"{name}: expected one image, {LAYOUTS}")
    pixels = to_8_bits(values, name)
    if has_channels and values.shape[2] == 1:
        pixels = pixels[:, :, 0]  # (H, W, 1) -> (H, W)
    return Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
