"""Patches of the same point from exact geometry: what others take from structure from motion, the
renderer knows.

SIFT finds keypoints in one photograph of a landmark. A grid of points on each keypoint's window is
carried over to the other photographs by depth and pose. If nearly all of it is seen there, and
moves like one flat piece (a window across a
depth edge does not: its near and far parts slide past each other), both windows show the same thing
and become patches. Every window then gets the small errors that a detector makes, in place, size
and angle.
"""

import cv2
import numpy as np

from .landmark import Landmark
from .photo import Photo, choose_view, photograph
from .truth import correspondences

PATCH = 64  # pixels: side of a patch, as in PhotoTour
WINDOW = (
    6  # a window is so many times as wide as its keypoint: SIFT's own descriptor covers as much
)
SIZE = (384, 288)  # width, height of the photographs
POINTS = 128  # of a landmark at most
APART = 6.0  # pixels between two points at least
GRID = np.stack(np.meshgrid(*2 * [np.linspace(-0.5, 0.5, 7)]), -1).reshape(
    -1, 2
)  # (49, 2) on a window of side 1
SEEN, BENT, STRETCHED, ZOOM = 0.9, 0.04, 1.8, 2.0  # share of the grid; of the side; ratios at most
PLACE, RESIZE, TURN = (
    0.025,
    0.06,
    0.09,
)  # a detector's errors: share of the side, of the size, radians
LIGHT = dict(day=0.4, evening=0.25, overcast=0.25, dusk=0.1)


def detect(photo: Photo) -> np.ndarray:
    """SIFT's keypoints, the strongest first: (n, 4) x, y, window's side in pixels, angle in
    radians.

    Pixel centres lie at half-integers. Values are rounded, so that they are the same on every
    machine.
    """
    grey = cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY)
    found = cv2.SIFT_create(600, contrastThreshold=0.03).detect(grey, None)
    found = sorted(found, key=lambda k: (-round(k.response, 4), k.pt))
    rows = [
        (k.pt[0] + 0.5, k.pt[1] + 0.5, k.size * WINDOW, np.radians(k.angle))
        for k in found
        if 3 < k.size < 16
    ]
    return np.round(np.array(rows).reshape(-1, 4), 2)


def grids(frames: np.ndarray) -> np.ndarray:
    """The grid laid on each window: frames (n, 4) -> pixels (n, 49, 2)."""
    x, y, side, angle = frames.T[:, :, None]  # (n, 1) each
    u, v = GRID[:, 0] * side, GRID[:, 1] * side  # (n, 49)
    return np.stack(
        [x + np.cos(angle) * u - np.sin(angle) * v, y + np.sin(angle) * u + np.cos(angle) * v], -1
    )


def carry_over(a: Photo, b: Photo, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows of `a` as `b` sees them.

    Returns:
        frames (n, 4) in `b`;  seen (n,) bool: nearly all of it is on the landmark and visible in
        both, and neither far larger, smaller nor slanted;  bent (n,): how far the grid is from
        moving as one flat piece, as a share of the side (root mean square).
    """
    width, height = a.camera.size
    pixels = grids(frames)  # (n, 49, 2)
    inside = ((pixels >= 0) & (pixels < (width, height))).all(-1)
    columns, rows = np.moveaxis(np.where(inside[..., None], pixels, 0).astype(int), -1, 0)
    there, visible = correspondences(a, b, rows.ravel(), columns.ravel())
    there, visible = (
        there.reshape(pixels.shape),
        visible.reshape(inside.shape) & inside & a.own[rows, columns],
    )
    here, _ = a.camera.project(
        a.points[rows, columns]
    )  # where those surface points lie exactly, (n, 49, 2)
    ones = np.ones((*inside.shape, 1))
    design = (
        np.concatenate([here - frames[:, None, :2], ones], -1) * visible[..., None]
    )  # (n, 49, 3)
    target = np.where(visible[..., None], there, 0)
    affine = np.linalg.pinv(design) @ target  # (n, 3, 2): the best flat motion of each window
    linear = affine[:, :2].swapaxes(1, 2)  # (n, 2, 2)
    values = np.maximum(np.linalg.svd(linear, compute_uv=False), 1e-9)  # (n, 2), the larger first
    zoom = np.sqrt(values.prod(1))
    turned = (
        linear @ np.stack([np.cos(frames[:, 3]), np.sin(frames[:, 3])], -1)[..., None]
    )  # (n, 2, 1)
    found = np.column_stack(
        [affine[:, 2], frames[:, 2] * zoom, np.arctan2(turned[:, 1, 0], turned[:, 0, 0])]
    )
    error = (np.square(design @ affine - target).sum((1, 2)) / np.maximum(visible.sum(1), 1)) ** 0.5
    seen = (
        (visible.mean(1) >= SEEN)
        & (values[:, 0] < STRETCHED * values[:, 1])
        & (np.abs(np.log(zoom)) < np.log(ZOOM))
    )
    return found, seen, error / found[:, 2].clip(1e-9)


def points_of(photos: list[Photo]) -> list[dict[int, np.ndarray]]:
    """Points of the landmark that two photographs or more show: {number of the photograph: frame
    (4,)} for each.
    """
    found: list[dict[int, np.ndarray]] = []
    for i, photo in enumerate(photos):
        taken = [point[i][:2] for point in found if i in point]
        frames = detect(photo)
        others = {j: carry_over(photo, b, frames) for j, b in enumerate(photos) if j != i}
        for n, frame in enumerate(frames):
            point = {j: f[n] for j, (f, seen, bent) in others.items() if seen[n] and bent[n] < BENT}
            if point and all(np.hypot(*(frame[:2] - t)) >= APART for t in taken):
                found.append({i: frame, **point})
                taken.append(frame[:2])
    return found


def shaken(frame: np.ndarray, rng) -> np.ndarray:
    """A frame (4,) with a detector's errors."""
    place, size, turn = (
        rng.normal(0, PLACE, 2) * frame[2],
        np.exp(rng.normal(0, RESIZE)),
        rng.normal(0, TURN),
    )
    return np.array([*(frame[:2] + place), frame[2] * size, frame[3] + turn])


def cut_out(grey: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The window `frame` (4,) of a grey picture (H, W), upright: (64, 64) uint8."""
    x, y, side, angle = frame
    step = side / PATCH
    if step > 1:
        grey = cv2.GaussianBlur(grey, (0, 0), 0.5 * (step**2 - 1) ** 0.5 + 0.1)
    c, s, middle = step * np.cos(angle), step * np.sin(angle), (PATCH - 1) / 2
    there = np.array([[c, -s, x - 0.5 - (c - s) * middle], [s, c, y - 0.5 - (s + c) * middle]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(grey, there, (PATCH, PATCH), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def landmark_patches(seed: int, views: int) -> tuple[np.ndarray, np.ndarray]:
    """Patches of one landmark.

    Returns:
        patches (N, 64, 64) uint8;  labels (N, 2): number of the point, number of the photograph.
    """
    landmark, photos = Landmark(seed), []
    for view in range(views):
        rng = np.random.default_rng([seed, view, 5])
        camera = choose_view(landmark, rng, SIZE, freedom=rng.uniform(0.2, 0.7))
        weather = str(rng.choice(list(LIGHT), p=list(LIGHT.values())))
        photos.append(photograph(landmark, camera, weather, view, clutter=0.3))
    greys = [cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY) for photo in photos]
    rng, points = np.random.default_rng([seed, 6]), points_of(photos)
    chosen = sorted(rng.permutation(len(points))[:POINTS])
    labels = np.array(
        [(n, j) for n, i in enumerate(chosen) for j in sorted(points[i])], int
    ).reshape(-1, 2)
    patches = [cut_out(greys[j], shaken(points[chosen[n]][j], rng)) for n, j in labels]
    return np.array(patches, np.uint8).reshape(-1, PATCH, PATCH), labels
