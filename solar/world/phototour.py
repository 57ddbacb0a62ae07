"""Write patches in the format of PhotoTour (Brown, Hua and Winder, 2011).

* `patches0000.bmp` ...: sheets of 16 x 16 patches of 64 x 64 pixels, in reading order; the last one
  is filled up with black
* `info.txt`: one line per patch: number of its 3-D point, number of the photograph
* `m50_N_N_0.txt`: N test pairs, half of them matches: patch, point, 0, patch, point, 0

Book: chapter 11 (a local descriptor).
"""

from pathlib import Path

import cv2
import numpy as np

from ..files import imread
from .formats import INFO_FILE, PATCH_SIDE, PATCHES_PER_SHEET, SHEET_PIXELS, SHEET_SIDE

MAX_PAIRS = 10_000  # test pairs


def draw_test_pairs(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw pairs of patches, half of them matches.

    Args:
        points: (n,) number of the point that each patch shows, rising.
        rng: draws the pairs.

    Returns:
        (N, 2) numbers of patches; matches and other pairs take turns. No match is drawn twice.

    Example:
        >>> pairs = draw_test_pairs(np.array([0, 0, 1, 1]), np.random.default_rng(0))
        >>> pairs.shape
        (4, 2)
    """
    # all matches: two patches of one point; its patches stand side by side
    _, starts, counts = np.unique(points, return_index=True, return_counts=True)
    matches = []
    for start, count in zip(starts, counts):
        for i in range(count):
            matches += [(start + i, start + j) for j in range(i + 1, count)]
    matches = np.array(matches, int).reshape(-1, 2)
    half = min(MAX_PAIRS // 2, len(matches))
    matches = matches[rng.permutation(len(matches))[:half]]
    # other pairs: drawn at random, more than needed, without those that happen to match
    if len(starts) > 1:
        others = rng.integers(len(points), size=(4 * half + 16, 2))
    else:
        others = np.zeros((0, 2), int)
    others = others[points[others[:, 0]] != points[others[:, 1]]][:half]
    # (half, 2, 2) -> (2 half, 2): in turns
    return np.stack([matches[: len(others)], others], 1).reshape(-1, 2)


def sheet(patches: np.ndarray) -> bytes:
    """Return one sheet of patches as a bitmap file.

    Args:
        patches: (n, 64, 64) uint8, at most 256; the rest of the sheet is black.
    """
    full = np.zeros((PATCHES_PER_SHEET, PATCH_SIDE, PATCH_SIDE), np.uint8)
    full[: len(patches)] = patches
    # (256, 64, 64) -> (16, 16, 64, 64): row and column of the patch, row and column in the patch
    # -> (1024, 1024)
    image = full.reshape(SHEET_SIDE, SHEET_SIDE, PATCH_SIDE, PATCH_SIDE).swapaxes(1, 2)
    image = image.reshape(SHEET_PIXELS, SHEET_PIXELS)
    return cv2.imencode(".bmp", image)[1].tobytes()


def _collect(records: list[dict], parts: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return all patches (N, 64, 64) and their labels (N, 2), numbered over all landmarks."""
    patches = [np.zeros((0, PATCH_SIDE, PATCH_SIDE), np.uint8)]
    labels = [np.zeros((0, 2), int)]
    first = np.zeros(2, int)  # first free numbers of a point and a photograph
    for record in records:
        if not record["points"]:
            continue
        strip = imread(parts / f"{record['landmark']}.png", cv2.IMREAD_GRAYSCALE)
        patches.append(strip.reshape(-1, PATCH_SIDE, PATCH_SIDE))
        labels.append(np.array(record["points"]) + first)
        first = labels[-1].max(0) + 1
    return np.concatenate(patches), np.concatenate(labels)


def phototour_files(records: list[dict], parts: Path) -> dict[str, bytes]:
    """Return all files of a set of patches.

    Args:
        records: one per landmark; "points" lists (point, photograph) of each patch.
        parts: folder with the patches of each landmark, one tall PNG file per landmark.

    Returns:
        {file name: content}.
    """
    patches, info = _collect(records, parts)
    files = {}
    for number, start in enumerate(range(0, len(patches), PATCHES_PER_SHEET)):
        files[f"patches{number:04d}.bmp"] = sheet(patches[start : start + PATCHES_PER_SHEET])
    lines = [f"{point} {photo}\n" for point, photo in info]
    files[INFO_FILE] = "".join(lines).encode()
    # test pairs; the seed is the number of patches
    pairs = draw_test_pairs(info[:, 0], np.random.default_rng(len(patches)))
    lines = [f"{a} {info[a, 0]} 0 {b} {info[b, 0]} 0\n" for a, b in pairs]
    files[f"m50_{len(pairs)}_{len(pairs)}_0.txt"] = "".join(lines).encode()
    return files
