"""Cut patches that show the same point in several photographs, from exact geometry.

Others take such patches from structure from motion; the renderer knows the geometry.

1. SIFT finds keypoints in one photograph of a landmark. Each has a frame (x, y, side of its window
   in pixels, angle in radians).
2. A grid of 7 x 7 points on the window is transferred to the other photographs by depth and pose.
3. If nearly all of the grid is seen there, and it moves like one flat piece, both windows show the
   same thing and become patches. A window across a depth edge does not: its near and far parts
   slide past each other.
4. Every window gets the small errors that a detector makes, in place, size and angle.

Book: chapter 11 (a local descriptor).
"""

import cv2
import numpy as np

from .formats import PATCH_SIDE
from .landmark import Landmark
from .photo import Photo, choose_view, photograph
from .truth import correspondences

SIZE = (384, 288)  # width and height of the photographs in pixels
# day, evening ...: how often; never so dark that SIFT finds nothing
WEATHER_ODDS = dict(day=0.4, evening=0.25, overcast=0.25, dusk=0.1)

# keypoints
KEYPOINTS = 600  # of one photograph at most
SMALLEST = 3  # diameter of a keypoint in pixels, both excluded
LARGEST = 16
WINDOW = 6  # side of the window over diameter of the keypoint: as much as SIFT's descriptor covers
GRID_SIDE = np.linspace(-0.5, 0.5, 7)
GRID = np.stack(np.meshgrid(GRID_SIDE, GRID_SIDE), -1).reshape(-1, 2)  # (49, 2), window of side 1

# when two windows show the same thing
MIN_SEEN = 0.9  # share of the grid that is seen in both photographs
MAX_BENDING = 0.04  # distance of the grid from a flat piece, as a share of the window's side
MAX_STRETCH = 1.8  # ratio of the scales along and across
MAX_ZOOM = 2.0  # ratio of the sizes

# which points become patches
MAX_POINTS = 128  # of one landmark
MIN_DISTANCE = 6.0  # pixels between two points

# standard deviations of the errors of a detector
PLACE_ERROR = 0.025  # share of the window's side
SIZE_ERROR = 0.06  # of the logarithm of the size
ANGLE_ERROR = 0.09  # radians


def detect_frames(photo: Photo) -> np.ndarray:
    """Detect keypoints by SIFT.

    Args:
        photo: a photograph.

    Returns:
        frames (n, 4), the strongest keypoint first: x, y, side of the window in pixels, angle in
        radians. Pixel centres lie at half-integers. Values are rounded to two digits, so that they
        are the same on every machine.
    """
    grey = cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY)
    keypoints = cv2.SIFT_create(KEYPOINTS, contrastThreshold=0.03).detect(grey, None)
    # equal responses are put in order by their place
    keypoints = sorted(keypoints, key=lambda k: (-round(k.response, 4), k.pt))
    frames = []
    for keypoint in keypoints:
        if SMALLEST < keypoint.size < LARGEST:
            x, y = keypoint.pt
            side = keypoint.size * WINDOW
            frames.append((x + 0.5, y + 0.5, side, np.radians(keypoint.angle)))
    return np.round(np.array(frames).reshape(-1, 4), 2)


def grids(frames: np.ndarray) -> np.ndarray:
    """Lay the grid on windows.

    Args:
        frames: (n, 4) x, y, side in pixels, angle in radians.

    Returns:
        (n, 49, 2) x, y of the grid points in pixels, row by row.

    Example:
        >>> grids(np.array([[10.0, 20.0, 6.0, 0.0]]))[0, :2].tolist()  # the first two of 49
        [[7.0, 17.0], [8.0, 17.0]]
    """
    x, y, side, angle = frames.T[:, :, None]  # (n, 1) each
    u = GRID[:, 0] * side  # (n, 49), along and across the window
    v = GRID[:, 1] * side
    # turn by the angle, move to the middle
    return np.stack(
        [x + np.cos(angle) * u - np.sin(angle) * v, y + np.sin(angle) * u + np.cos(angle) * v], -1
    )


def _transfer_grids(
    a: Photo, b: Photo, frames: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where the grids (n, 49, 2) lie in `a`, where in `b`, and what both see (n, 49)."""
    width, height = a.camera.size
    pixels = grids(frames)
    inside = ((pixels >= 0) & (pixels < (width, height))).all(-1)
    # the surface point behind each pixel of the grid, and its place in `b`
    whole = np.where(inside[..., None], pixels, 0).astype(int)
    columns = whole[..., 0]
    rows = whole[..., 1]
    there, visible = correspondences(a, b, rows.ravel(), columns.ravel())
    there = there.reshape(pixels.shape)
    visible = visible.reshape(inside.shape) & inside & a.own[rows, columns]
    # where those surface points lie exactly in `a`: within a pixel of the grid
    here, _ = a.camera.project(a.points[rows, columns])
    return here, there, visible


def transfer_frames(
    a: Photo, b: Photo, frames: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Transfer windows from one photograph to another of the same landmark.

    Args:
        a: the photograph in which the windows were detected.
        b: the other photograph.
        frames: (n, 4) windows of `a`: x, y, side in pixels, angle in radians.

    Returns:
        frames (n, 4) in `b`; seen (n,) bool: nearly all of the window is on the landmark and
        visible in both, and it is neither far larger, smaller nor slanted in `b`; bending (n,): how
        far the grid is from moving as one flat piece (root mean square, as a share of the side).
    """
    here, there, visible = _transfer_grids(a, b, frames)
    # least squares: the affine map of each window, from offsets to its middle in `a` to pixels in
    # `b`; points that are not visible weigh nothing
    ones = np.ones((*visible.shape, 1))
    offsets = np.concatenate([here - frames[:, None, :2], ones], -1)
    design = offsets * visible[..., None]  # (n, 49, 3)
    target = np.where(visible[..., None], there, 0)  # (n, 49, 2)
    affine = np.linalg.pinv(design) @ target  # (n, 3, 2)
    # its linear part (n, 2, 2) has two scales (n, 2), the larger first
    linear = affine[:, :2].swapaxes(1, 2)
    scales = np.maximum(np.linalg.svd(linear, compute_uv=False), 1e-9)
    zoom = np.sqrt(scales.prod(1))
    # the window in `b`: where its middle goes, its size, and where its direction points, (n, 2, 1)
    direction = np.stack([np.cos(frames[:, 3]), np.sin(frames[:, 3])], -1)[..., None]
    turned = linear @ direction
    angle = np.arctan2(turned[:, 1, 0], turned[:, 0, 0])
    frames_there = np.column_stack([affine[:, 2], frames[:, 2] * zoom, angle])
    # what the affine map leaves, in pixels of `b`
    squares = np.square(design @ affine - target).sum((1, 2))
    error = (squares / np.maximum(visible.sum(1), 1)) ** 0.5
    bending = error / frames_there[:, 2].clip(1e-9)
    seen = (
        (visible.mean(1) >= MIN_SEEN)
        & (scales[:, 0] < MAX_STRETCH * scales[:, 1])
        & (np.abs(np.log(zoom)) < np.log(MAX_ZOOM))
    )
    return frames_there, seen, bending


def find_points(photos: list[Photo]) -> list[dict[int, np.ndarray]]:
    """Find points of a landmark that two photographs or more show.

    Args:
        photos: photographs of one landmark.

    Returns:
        One dictionary per point: {number of the photograph: frame (4,)}.
    """
    points: list[dict[int, np.ndarray]] = []
    for i, photo in enumerate(photos):
        # places (2,) in this photograph that points from earlier ones have taken already
        taken = [point[i][:2] for point in points if i in point]
        frames = detect_frames(photo)
        transferred = {
            j: transfer_frames(photo, other, frames) for j, other in enumerate(photos) if j != i
        }
        for n, frame in enumerate(frames):
            # the photographs that show the same thing
            point = {
                j: frames_there[n]
                for j, (frames_there, seen, bending) in transferred.items()
                if seen[n] and bending[n] < MAX_BENDING
            }
            if point and _is_apart(frame[:2], taken):
                points.append({i: frame, **point})
                taken.append(frame[:2])
    return points


def _is_apart(place: np.ndarray, taken: list[np.ndarray]) -> bool:
    """Tell whether `place` (2,) keeps the least distance from all places in `taken`."""
    return all(np.hypot(place[0] - x, place[1] - y) >= MIN_DISTANCE for x, y in taken)


def perturb(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a frame with the random errors that a detector makes.

    Args:
        frame: (4,) x, y, side in pixels, angle in radians.
        rng: draws the errors in place, size and angle.
    """
    shift = rng.normal(0, PLACE_ERROR, 2) * frame[2]
    factor = np.exp(rng.normal(0, SIZE_ERROR))
    turn = rng.normal(0, ANGLE_ERROR)
    return np.array([*(frame[:2] + shift), frame[2] * factor, frame[3] + turn])


def cut_patch(grey: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Cut a window out of an image, upright.

    Args:
        grey: (H, W) uint8 image.
        frame: (4,) x, y, side in pixels, angle in radians.

    Returns:
        (64, 64) uint8 patch.
    """
    x, y, side, angle = frame
    step = side / PATCH_SIDE  # pixels of the image per pixel of the patch
    # blur before sampling at a larger step, against aliasing
    if step > 1:
        grey = cv2.GaussianBlur(grey, (0, 0), 0.5 * (step**2 - 1) ** 0.5 + 0.1)
    # patch -> image: turn and scale around the middle; OpenCV's pixel centres are whole numbers
    c = step * np.cos(angle)
    s = step * np.sin(angle)
    middle = (PATCH_SIDE - 1) / 2
    there = np.array([[c, -s, x - 0.5 - (c - s) * middle], [s, c, y - 0.5 - (s + c) * middle]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (PATCH_SIDE, PATCH_SIDE)
    return cv2.warpAffine(grey, there, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _take_photos(seed: int, views: int) -> list[Photo]:
    """Return `views` photographs of landmark `seed`, little in the way."""
    landmark = Landmark(seed)
    photos = []
    for view in range(views):
        rng = np.random.default_rng([seed, view, 5])
        camera = choose_view(landmark, rng, SIZE, freedom=rng.uniform(0.2, 0.7))
        weather = str(rng.choice(list(WEATHER_ODDS), p=list(WEATHER_ODDS.values())))
        photos.append(photograph(landmark, camera, weather, view, clutter=0.3))
    return photos


def landmark_patches(seed: int, views: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the patches of one landmark.

    Args:
        seed: of the landmark.
        views: how many photographs to take.

    Returns:
        patches (N, 64, 64) uint8, and labels (N, 2): number of the point, number of the photograph.
    """
    photos = _take_photos(seed, views)
    greys = [cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY) for photo in photos]
    points = find_points(photos)
    # draw which points are kept; they stay in order
    rng = np.random.default_rng([seed, 6])
    chosen = sorted(rng.permutation(len(points))[:MAX_POINTS])
    labels = []
    patches = []
    for n, i in enumerate(chosen):
        for j in sorted(points[i]):
            labels.append((n, j))
            patches.append(cut_patch(greys[j], perturb(points[i][j], rng)))
    return (
        np.array(patches, np.uint8).reshape(-1, PATCH_SIDE, PATCH_SIDE),
        np.array(labels, int).reshape(-1, 2),
    )
