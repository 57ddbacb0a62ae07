"""Pack all textures of a landmark into one image, the atlas, so that one lookup serves all."""

import cv2
import numpy as np

ATLAS_WIDTH = 1536  # texels


def pack(textures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Place textures on the shelves of one image, the highest first.

    Args:
        textures: T arrays (h, w, 4) uint8, none wider than `ATLAS_WIDTH`.

    Returns:
        atlas (H, ATLAS_WIDTH, 4) uint8, and rects (T, 4) float32: x, y, width and height of each
        texture in it, texels.
    """
    x = 0
    y = 0
    shelf = 0  # height of the present shelf
    rects = np.zeros((len(textures), 4), np.float32)
    for i in sorted(range(len(textures)), key=lambda i: -textures[i].shape[0]):
        h, w = textures[i].shape[:2]
        # no room left: a new shelf below
        if x + w > ATLAS_WIDTH:
            x = 0
            y += shelf
            shelf = 0
        rects[i] = x, y, w, h
        x += w
        shelf = max(shelf, h)
    # the height is known now: copy
    atlas = np.zeros((y + shelf, ATLAS_WIDTH, 4), np.uint8)
    for (left, top, w, h), texture in zip(rects.astype(int), textures):
        atlas[top : top + h, left : left + w] = texture
    return atlas, rects


def mipmaps(atlas: np.ndarray, levels: int = 3) -> list[np.ndarray]:
    """Return the atlas at full, half, quarter ... size.

    Args:
        atlas: (H, W, 4) uint8.
        levels: how many sizes.
    """
    copies = [atlas]
    for k in range(1, levels):
        scale = 0.5**k
        copies.append(cv2.resize(atlas, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return copies
