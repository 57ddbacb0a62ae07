"""Patches on disk as PhotoTour (Brown et al., 2011) has them.

* `patches0000.bmp` ...: sheets of 16 x 16 patches of 64 x 64 pixels, in reading order, the last
filled up with black
* `info.txt`: a line a patch: number of its 3-D point, number of the photograph it was cut from
* `m50_N_N_0.txt`: N test pairs, half of them matches: patch, point, 0, patch, point, 0
"""

from pathlib import Path

import cv2
import numpy as np

from .patches import PATCH

SHEET = 16  # patches a side of a sheet
PAIRS = 10_000  # test pairs at most


def test_pairs(points: np.ndarray, rng) -> np.ndarray:
    """Pairs of patches, (N, 2) numbers, matches and others in turn; `points` (n,) is the point of
    every patch, rising.

    No match is drawn twice before every match was drawn once.
    """
    start, number = np.unique(points, return_index=True, return_counts=True)[1:]
    matches = np.array(
        [(s + i, s + j) for s, n in zip(start, number) for i in range(n) for j in range(i + 1, n)]
    )
    half = min(PAIRS // 2, len(matches))
    matches = matches[rng.permutation(len(matches))[:half]].reshape(-1, 2)
    others = (
        rng.integers(len(points), size=(4 * half + 16, 2))
        if len(start) > 1
        else np.zeros((0, 2), int)
    )
    others = others[points[others[:, 0]] != points[others[:, 1]]][:half]
    return np.stack([matches[: len(others)], others], 1).reshape(-1, 2)


def sheet(patches: np.ndarray) -> bytes:
    """Up to 256 patches (n, 64, 64) as one bitmap file."""
    full = np.zeros((SHEET**2, PATCH, PATCH), np.uint8)
    full[: len(patches)] = patches
    picture = (
        full.reshape(SHEET, SHEET, PATCH, PATCH)
        .swapaxes(1, 2)
        .reshape(SHEET * PATCH, SHEET * PATCH)
    )
    return cv2.imencode(".bmp", picture)[1].tobytes()


def phototour_files(records: list[dict], parts: Path) -> dict[str, bytes]:
    """All files of a set of patches, from its landmarks' records and the strips of patches in
    `parts`.
    """
    patches, info, points, photographs = [np.zeros((0, PATCH, PATCH), np.uint8)], [], 0, 0
    for record in records:
        if not record["points"]:
            continue
        strip = cv2.imread(str(parts / f"{record['landmark']}.png"), cv2.IMREAD_GRAYSCALE)
        patches.append(strip.reshape(-1, PATCH, PATCH))
        labels = np.array(record["points"])  # (n, 2)
        info.append(labels + (points, photographs))
        points, photographs = info[-1][:, 0].max() + 1, info[-1][:, 1].max() + 1
    patches, info = np.concatenate(patches), np.concatenate([np.zeros((0, 2), int), *info])
    pairs = test_pairs(info[:, 0], np.random.default_rng(len(patches)))
    lines = [f"{a} {info[a, 0]} 0 {b} {info[b, 0]} 0\n" for a, b in pairs]
    files = {
        f"patches{i:04d}.bmp": sheet(patches[256 * i : 256 * (i + 1)])
        for i in range(-(-len(patches) // 256))
    }
    return files | {
        "info.txt": "".join(f"{point} {photograph}\n" for point, photograph in info).encode(),
        f"m50_{len(pairs)}_{len(pairs)}_0.txt": "".join(lines).encode(),
    }
