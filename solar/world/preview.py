"""Draw a contact sheet: many images of a mini dataset in one."""

from pathlib import Path

import cv2
import numpy as np

from ..files import imread, imwrite
from .recipes import IMAGE_SIZE
from .writing import records


def contact_sheet(
    folder: str | Path, path: str | Path, rows: int = 8, columns: int = 8, width: int = 192
) -> Path:
    """Draw some images of a finished mini dataset into an image file.

    Args:
        folder: of the dataset. Of a set of patches, its first sheet is drawn.
        path: the image file, .png or .jpg.
        rows: landmarks to show, one per row, evenly spread over the dataset.
        columns: images to show of each.
        width: of each image in pixels.

    Returns:
        `path`.

    Raises:
        FileNotFoundError: there is no mini dataset in `folder`.
        OSError: the image file could not be written.
    """
    folder = Path(folder)
    patches = folder / "patches0000.bmp"
    if patches.is_file():
        return _save(path, imread(patches, cv2.IMREAD_COLOR))
    # every so many landmarks, of those that have images
    with_images = [record for record in records(folder) if record["images"]]
    step = max(1, len(with_images) // rows)
    size = (width, width * IMAGE_SIZE[1] // IMAGE_SIZE[0])
    sheet = []
    for record in with_images[::step][:rows]:
        line = []
        for name in record["images"][:columns]:
            image = imread(folder / "jpg" / f"{name}.jpg", cv2.IMREAD_COLOR)
            line.append(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        # black where a landmark has fewer images
        line += [np.zeros_like(line[0])] * (columns - len(line))
        sheet.append(np.hstack(line))
    return _save(path, np.vstack(sheet))


def _save(path: str | Path, image: np.ndarray) -> Path:
    """Write an image file and return its path."""
    if not imwrite(path, image):
        raise OSError(
            f"{path}: the contact sheet could not be written; give a name that ends in .png or .jpg"
        )
    return Path(path)
