"""Two photographs of one thing: keypoints -> upright patches -> descriptors -> matches -> geometry.

A keypoint is a row (x, y, size, angle): pixels, a pixel's centre at whole numbers (as OpenCV has
it), and degrees clockwise from the x axis. Its window is a square `WINDOW` times as wide as `size`,
turned by `angle`.
"""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from ..images import read_image
from ..nets.fuse import folded
from ..nets.local_net import PATCH

WINDOW = 6.0  # a window is so many times as wide as its keypoint: what SIFT's own descriptor covers
CUT = 4096  # patches cut out at a time
BATCH = 128  # patches described at a time: their feature maps fit a processor's cache
DETECTORS = ("sift", "orb")
FEWEST = {"homography": 4, "fundamental": 8}


def grey(image: str | Path | Image.Image | np.ndarray) -> np.ndarray:
    """A picture as (H, W) uint8; arrays are (H, W) or (H, W, 3) RGB already.

    Raises:
        FileNotFoundError, ValueError: no such file, not a picture, or an array of another kind.
    """
    pixels = image if isinstance(image, np.ndarray) else np.asarray(read_image(image))
    if (
        pixels.dtype != np.uint8
        or pixels.ndim not in (2, 3)
        or pixels.shape[2:] not in ((), (3,))
        or not pixels.size
    ):
        raise ValueError(
            f"an array {pixels.dtype} {pixels.shape}: expected a picture, uint8 (H, W) or (H, W, 3)"
        )
    return pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def detect(image, detector: str = "sift", count: int = 2000) -> np.ndarray:
    """The `count` strongest keypoints of a picture, (N, 4) float32 x, y, size, angle; (0, 4) where
    there is nothing.

    Raises:
        ValueError: unknown detector, or `count` below one.
    """
    if detector not in DETECTORS or count < 1:
        raise ValueError(
            f"detector={detector!r}, count={count}: expected 'sift' or 'orb', and one keypoint or more"
        )
    make = cv2.SIFT_create if detector == "sift" else cv2.ORB_create
    found = make(nfeatures=count).detect(grey(image), None)
    found = sorted(found, key=lambda k: (-k.response, k.pt, k.angle))[
        :count
    ]  # SIFT returns more where some tie
    size = (
        1.0 if detector == "sift" else 0.25
    )  # ORB's size is that of its whole window, about four times SIFT's
    return np.array([(*k.pt, k.size * size, k.angle) for k in found], np.float32).reshape(-1, 4)


def pyramid(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Halve a picture again and again, and lay all levels on one sheet.

    Args:
        picture: (H, W) uint8.

    Returns:
        sheet (H', W) float32, the levels below each other;  levels (L, 3): first row, height, width
        of each. Pixel (x, y) of level l shows pixel (2^l x, 2^l y) of the picture.
    """
    levels, pieces, top = [], [picture.astype(np.float32)], 0
    while min(pieces[-1].shape) >= 4:
        pieces.append(cv2.pyrDown(pieces[-1]))
    sheet = np.zeros((sum(len(piece) for piece in pieces), picture.shape[1]), np.float32)
    for piece in pieces:
        height, width = piece.shape
        sheet[top : top + height, :width] = piece
        levels.append((top, height, width))
        top += height
    return sheet, np.array(levels)


def sampling_grid(
    keypoints: np.ndarray, levels: np.ndarray, sheet: tuple[int, int], side: int
) -> torch.Tensor:
    """Where on the pyramid's sheet each pixel of each patch lies: (N, side, side, 2) in
    `grid_sample`'s -1..1.

    A window is read from the level whose pixels are about as large as the patch's. Beyond its
    border a level's last pixel goes on, so that no patch sees the level laid beside it.
    """
    x, y, size, angle = torch.from_numpy(np.asarray(keypoints, np.float32)).T[
        :, :, None, None
    ]  # (N, 1, 1) each
    step = size * WINDOW / side  # picture pixels a patch pixel
    level = step.log2().round().clamp(0, len(levels) - 1).long()
    top, height, width = torch.from_numpy(levels).T[:, level]
    v, u = torch.meshgrid(
        *2 * [torch.arange(side) - (side - 1) / 2], indexing="ij"
    )  # (side, side): rows, columns
    c, s = torch.cos(angle.deg2rad()) * step, torch.sin(angle.deg2rad()) * step
    shrink = 0.5**level
    column = ((x + c * u - s * v) * shrink).clamp(min=0).minimum(width - 1)
    row = ((y + s * u + c * v) * shrink).clamp(min=0).minimum(height - 1) + top
    return torch.stack(
        [column * 2 / max(sheet[1] - 1, 1) - 1, row * 2 / max(sheet[0] - 1, 1) - 1], -1
    )


def cut_patches(image, keypoints: np.ndarray, side: int = PATCH, device="cpu") -> torch.Tensor:
    """The patches of keypoints (N, 4), upright and of one size, by one sampling call: (N, 1, side,
    side), 0..255.

    Keypoints may lie on the border or outside: the picture's last pixels go on there.

    Raises:
        ValueError: keypoints of another shape, numbers that are not finite, sizes that are not
            positive.
    """
    keypoints = np.asarray(keypoints, np.float32)
    if keypoints.ndim != 2 or keypoints.shape[1] != 4:
        raise ValueError(f"keypoints {keypoints.shape}: expected (N, 4), rows of x, y, size, angle")
    if not np.isfinite(keypoints).all() or (keypoints[:, 2] <= 0).any():
        raise ValueError("keypoints: expected finite numbers, and sizes above zero")
    sheet, levels = pyramid(grey(image))
    return _sample(torch.from_numpy(sheet).to(device), keypoints, levels, side)


def _sample(
    sheet: torch.Tensor, keypoints: np.ndarray, levels: np.ndarray, side: int
) -> torch.Tensor:
    grid = sampling_grid(keypoints, levels, tuple(sheet.shape), side).to(sheet.device)
    source = sheet.expand(
        len(grid), 1, -1, -1
    )  # one sheet, seen N times: nothing is copied, all cores sample
    return F.grid_sample(source, grid, mode="bilinear", align_corners=True)


@torch.inference_mode()
def describe_patches(net, patches: torch.Tensor | np.ndarray) -> np.ndarray:
    """Descriptors (N, D) float32 of patches (N, 1, 32, 32) or (N, 32, 32), grey values in 0..255 or
    0..1 alike.
    """
    patches = torch.as_tensor(patches)
    patches = patches[:, None] if patches.ndim == 3 else patches
    device = next(net.parameters()).device
    net = folded(net)
    parts = (
        [net(part.to(device).float()).float().cpu() for part in patches.split(BATCH)]
        if len(patches)
        else []
    )
    return torch.cat([torch.zeros(0, net.dim), *parts]).numpy()


def root_sift(descriptors: np.ndarray) -> np.ndarray:
    """RootSIFT (Arandjelovic and Zisserman, 2012) of SIFT's histograms (N, 128): rows of unit
    length.
    """
    descriptors = np.asarray(descriptors, np.float32).reshape(-1, 128)
    return np.sqrt(descriptors / np.maximum(descriptors.sum(1, keepdims=True), 1e-9))


def describe_keypoints(net, image, keypoints: np.ndarray) -> np.ndarray:
    """Descriptors (N, D) of a picture's keypoints (N, 4).

    Args:
        net: a `LocalNet`; or 'sift' for RootSIFT on the same windows.
    """
    if isinstance(net, str):
        if net != "sift":
            raise ValueError(f"descriptor {net!r}: expected a local network or 'sift'")
        return _sift(grey(image), keypoints)
    starts = range(0, len(keypoints), CUT)
    parts = [
        describe_patches(net, cut_patches(image, keypoints[start : start + CUT]))
        for start in starts
    ]
    return np.concatenate([np.zeros((0, net.dim), np.float32), *parts])


def _sift(picture: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """RootSIFT at keypoints (N, 4): SIFT's octave and layer follow from the size, 3.2 x 2^(octave +
    layer / 3).
    """
    found = []
    for number, (x, y, size, angle) in enumerate(np.asarray(keypoints, float)):
        step = round(3 * np.log2(size / 3.2))  # octave * 3 + layer, layer one of 1, 2, 3
        layer = (step - 1) % 3 + 1
        octave = max((step - layer) // 3, -1)
        found.append(cv2.KeyPoint(x, y, size, angle, 0, octave & 255 | layer << 8, number))
    kept, histograms = cv2.SIFT_create().compute(picture, found) if found else ((), None)
    rows = np.zeros((len(found), 128), np.float32)
    if len(kept):
        rows[[k.class_id for k in kept]] = root_sift(histograms)
    return rows


@dataclass(frozen=True)
class LocalFeatures:
    """What is known of a picture: keypoints (N, 4) and their descriptors (N, D)."""

    keypoints: np.ndarray
    descriptors: np.ndarray

    def __len__(self) -> int:
        return len(self.keypoints)


def detect_and_describe(net, image, detector: str = "sift", count: int = 2000) -> LocalFeatures:
    """Detect and describe; `net` as in `describe_keypoints`."""
    picture = grey(image)
    keypoints = detect(picture, detector, count)
    return LocalFeatures(keypoints, describe_keypoints(net, picture, keypoints))


def match(
    a: np.ndarray, b: np.ndarray, ratio: float | None = 0.8, mutual: bool = True
) -> np.ndarray:
    """Pairs of rows that belong together, (M, 2) numbers in a (N, D) and in b (N', D), rows of unit
    length.

    Each row of a takes its nearest row of b, if that is nearer than `ratio` times the second
    nearest (Lowe, 2004; None asks for no such thing), and, with `mutual`, if the row of a is in
    turn the nearest to the one of b.

    Raises:
        ValueError: a ratio outside 0..1, or descriptors of different length.
    """
    if ratio is not None and not 0 < ratio <= 1:
        raise ValueError(f"ratio={ratio}: expected a number in 0..1, or None")
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(
            f"descriptors {tuple(a.shape)} and {tuple(b.shape)}: expected rows of one length"
        )
    if not len(a) or not len(b):
        return np.zeros((0, 2), int)
    best, order, back = _nearest(a, b)
    good = torch.ones(len(a), dtype=torch.bool)
    if ratio is not None and len(b) > 1:
        near, second = (2 - 2 * best.double()).clamp(min=0).sqrt().T
        good &= near < ratio * second
    if mutual:
        good &= back[order[:, 0]] == torch.arange(len(a))
    rows = torch.nonzero(good).ravel()
    return torch.stack([rows, order[rows, 0]], 1).numpy()


def _nearest(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each row of a its two most similar rows of b (similarities, numbers), for each of b its
    one in a.
    """
    parts, back_best, back, start = (
        [],
        torch.full((len(b),), -9.0),
        torch.zeros(len(b), dtype=torch.long),
        0,
    )
    for part in a.split(4096):  # never all N x N' similarities at once
        similar = part @ b.T
        parts.append(similar.topk(min(2, len(b)), 1))
        value, row = similar.max(0)
        better = value > back_best
        back_best, back = (
            torch.where(better, value, back_best),
            torch.where(better, row + start, back),
        )
        start += len(part)
    return torch.cat([p.values for p in parts]), torch.cat([p.indices for p in parts]), back


@dataclass(frozen=True)
class Geometry:
    """What a set of matches agrees on: matrix (3, 3), or None if nothing; inliers (M,) bool."""

    matrix: np.ndarray | None
    inliers: np.ndarray


def verify_geometry(
    a: np.ndarray, b: np.ndarray, model: str = "homography", threshold: float = 3.0
) -> Geometry:
    """The homography or fundamental matrix that most of the matched points a, b (M, 2) agree on, by
    USAC_MAGSAC.

    Args:
        threshold: pixels by which an inlier may be off.

    Raises:
        ValueError: unknown model, or other shapes.
    """
    if model not in FEWEST:
        raise ValueError(f"model={model!r}: expected 'homography' or 'fundamental'")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.shape[1:] != (2,):
        raise ValueError(f"points {a.shape} and {b.shape}: expected (M, 2) twice")
    nothing = Geometry(None, np.zeros(len(a), bool))
    if len(a) < FEWEST[model]:
        return nothing
    find = cv2.findHomography if model == "homography" else cv2.findFundamentalMat
    try:
        options = dict(ransacReprojThreshold=threshold, maxIters=10_000, confidence=0.9999)
        matrix, mask = find(a, b, method=cv2.USAC_MAGSAC, **options)
    except cv2.error:  # points on one spot or one line: no model
        return nothing
    if matrix is None or matrix.shape != (3, 3):
        return nothing
    return Geometry(matrix, mask.ravel().astype(bool))


@dataclass(frozen=True)
class Matching:
    """Two pictures matched.

    Attributes:
        a, b: their features.  matches: (M, 2) numbers of keypoints.  geometry: what the matches
            agree on.
    """

    a: LocalFeatures
    b: LocalFeatures
    matches: np.ndarray
    geometry: Geometry = field(repr=False)

    @property
    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Matched places (M, 2) in both pictures."""
        return self.a.keypoints[self.matches[:, 0], :2], self.b.keypoints[self.matches[:, 1], :2]


def match_images(
    net,
    a,
    b,
    detector: str = "sift",
    count: int = 2000,
    ratio: float | None = 0.8,
    model: str = "homography",
) -> Matching:
    """Detect, describe, match by ratio and mutual check, verify; arguments as in the functions that
    do it.
    """
    first, second = (detect_and_describe(net, image, detector, count) for image in (a, b))
    matches = match(first.descriptors, second.descriptors, ratio)
    points = first.keypoints[matches[:, 0], :2], second.keypoints[matches[:, 1], :2]
    return Matching(first, second, matches, verify_geometry(*points, model))
