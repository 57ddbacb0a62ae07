"""OpenCV's image files under any name: its own reader crashes on paths that are not UTF-8."""

from pathlib import Path

import numpy as np


def imread(path: str | Path, flags: int) -> np.ndarray | None:
    """Read an image as `cv2.imread(path, flags)` does; None if it is no image.

    Args:
        path: an image file that exists.
        flags: one of OpenCV's `IMREAD_...`.

    Returns:
        (H, W) or (H, W, 3) pixels, colours in the order blue, green, red.
    """
    import cv2  # not at the top: nothing in `files` is heavy

    content = np.fromfile(path, np.uint8)
    return cv2.imdecode(content, flags) if len(content) else None


def imwrite(path: str | Path, image: np.ndarray) -> bool:
    """Write an image as `cv2.imwrite(path, image)` does; False for an ending it does not know.

    Args:
        path: the file to write; its ending chooses the format.
        image: (H, W) or (H, W, 3) uint8, colours in the order blue, green, red.
    """
    import cv2

    suffix = Path(path).suffix
    if not cv2.haveImageWriter(f"image{suffix}"):
        return False
    content = cv2.imencode(suffix, image)[1]
    Path(path).write_bytes(content.tobytes())
    return True
