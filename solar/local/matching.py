"""Match two images of one thing: descriptors -> matches -> geometry.

`match_images` is the front door. The steps before and after matching lie in `solar.local.patches`,
`solar.local.keypoints` and `solar.local.geometry`; their names are found here too.

Book: chapter 12 (matching two photographs).
"""

from dataclasses import dataclass, field

import numpy as np
import torch

from ..nets.local_net import LocalNet
from .geometry import FEWEST, Geometry, verify_geometry
from .keypoints import (
    BATCH,
    DETECTORS,
    LocalFeatures,
    describe_keypoints,
    describe_patches,
    detect,
    detect_and_describe,
    root_sift,
)
from .patches import WINDOW, ImageLike, cut_patches, grey, pyramid, sampling_grid

__all__ = [
    "BATCH",
    "DETECTORS",
    "FEWEST",
    "WINDOW",
    "Geometry",
    "LocalFeatures",
    "Matching",
    "cut_patches",
    "describe_keypoints",
    "describe_patches",
    "detect",
    "detect_and_describe",
    "grey",
    "match",
    "match_images",
    "pyramid",
    "root_sift",
    "sampling_grid",
    "verified",
    "verify_geometry",
]

ROWS = 4096  # rows of similarities held at a time


# ---- matches ----


def match(
    a: np.ndarray | torch.Tensor,
    b: np.ndarray | torch.Tensor,
    ratio: float | None = 0.8,
    mutual: bool = True,
) -> np.ndarray:
    """Find the pairs of descriptors that belong together.

    Each row of `a` takes its nearest row of `b`, if it passes the tests that are asked for.

    Args:
        a: (N, D) descriptors of one image, rows of unit length.
        b: (N', D) descriptors of the other one.
        ratio: the nearest row must be nearer than `ratio` times the second nearest (Lowe, 2004);
            None leaves the test out.
        mutual: the row of `a` must in turn be the nearest to the row of `b`.

    Returns:
        (M, 2) numbers of rows, in `a` and in `b`.

    Raises:
        ValueError: a ratio outside 0..1, or descriptors of different length.

    Example:
        >>> import numpy as np
        >>> a = np.eye(3, dtype=np.float32)
        >>> match(a, a[[2, 0]]).tolist()  # row 0 is row 1 of the other, row 2 is its row 0
        [[0, 1], [2, 0]]
    """
    if ratio is not None and not 0 < ratio <= 1:
        raise ValueError(f"ratio={ratio}: expected a number in 0..1, or None")
    first = torch.as_tensor(a)
    second = torch.as_tensor(b)
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(
            f"descriptors {tuple(first.shape)} and {tuple(second.shape)}: "
            "expected rows of one length"
        )
    if len(first) == 0 or len(second) == 0:
        return np.zeros((0, 2), int)

    # the two nearest rows of b for each row of a, and the nearest row of a for each row of b
    similarities, neighbours, nearest_in_a = _nearest(first, second)  # (N, 2), (N, 2), (N',)
    nearest = neighbours[:, 0]  # (N,)
    good = torch.ones(len(first), dtype=torch.bool)

    # Lowe's test: a match that is hardly nearer than the next best is a guess; for unit vectors
    # the distance follows from the similarity, |a - b|^2 = 2 - 2 a.b
    if ratio is not None and len(second) > 1:
        distances = (2 - 2 * similarities.double()).clamp(min=0).sqrt()  # (N, 2)
        good &= distances[:, 0] < ratio * distances[:, 1]

    # the mutual check: from a to b and back must end where it began
    if mutual:
        good &= nearest_in_a[nearest] == torch.arange(len(first))

    # what has passed, as pairs of numbers
    numbers = torch.nonzero(good).ravel()  # (M,)
    return torch.stack([numbers, nearest[numbers]], 1).numpy()


def _nearest(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find neighbours both ways.

    Returns:
        The two largest similarities of each row of `a`, (N, 2) (or (N, 1) if `b` has one row); the
        numbers of those rows of `b`; and for each row of `b` the number of its nearest row of `a`,
        (N',).
    """
    similarities = []
    neighbours = []
    best = torch.full((len(b),), -9.0)  # below any similarity
    nearest_in_a = torch.zeros(len(b), dtype=torch.long)

    # never all N x N' similarities at once
    for start in range(0, len(a), ROWS):
        similar = a[start : start + ROWS] @ b.T  # (n, N')

        # from a to b: this part's rows are complete
        top = similar.topk(min(2, len(b)), 1)
        similarities.append(top.values)
        neighbours.append(top.indices)

        # from b to a: keep the best of all parts seen so far
        value, row = similar.max(0)  # (N',)
        better = value > best
        best = torch.where(better, value, best)
        nearest_in_a = torch.where(better, row + start, nearest_in_a)

    return torch.cat(similarities), torch.cat(neighbours), nearest_in_a


# ---- the front door ----


@dataclass(frozen=True)
class Matching:
    """Two images matched.

    Attributes:
        a: features of the first image, N keypoints.
        b: features of the second image, N' keypoints.
        matches: (M, 2) numbers of keypoints, in `a` and in `b`.
        geometry: what the matches agree on.
    """

    a: LocalFeatures
    b: LocalFeatures
    matches: np.ndarray
    geometry: Geometry = field(repr=False)

    @property
    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the matched points (M, 2), x and y in pixels, of both images."""
        return _matched_points(self.a, self.b, self.matches)


def match_images(
    net: LocalNet | str,
    a: ImageLike,
    b: ImageLike,
    detector: str = "sift",
    count: int = 2000,
    ratio: float | None = 0.8,
    model: str = "homography",
    threshold: float = 3.0,
) -> Matching:
    """Match two images: detect, describe, match, verify.

    Args:
        net: what describes the keypoints: a `LocalNet`, as `solar.load("mini-solar-local")` gives
            one, or 'sift' for RootSIFT.
        a: the first image: a path, a PIL image, or an array uint8 (H, W) grey or (H, W, 3) RGB.
            Photographs are turned upright as their metadata say.
        b: the second image, of any size of its own.
        detector: what finds the keypoints, 'sift', 'orb' or 'brisk'.
        count: the largest number of keypoints per image.
        ratio: largest distance to the nearest descriptor / distance to the second nearest; None
            leaves the test out. Matches are mutual in any case.
        model: what the matches should agree on: 'homography' for a plane or a camera that only
            turned, 'fundamental' for anything else that does not move.
        threshold: pixels by which an inlier may be off.

    Returns:
        The features of both images (`.a`, `.b`: keypoints (N, 4), descriptors (N, D)), `.matches`
        (M, 2), `.points` (their places, (M, 2) in each image), and `.geometry` (`.matrix` (3, 3) or
        None, `.inliers` (M,) bool).

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file or array that is no image, or one that OpenCV cannot work on; an unknown
            detector, descriptor or model; a global network; a ratio outside 0..1; `count` below
            one.

    Example:
        >>> import numpy as np
        >>> from solar.local import match_images
        >>> blocks = np.random.default_rng(0).integers(0, 255, (16, 16))
        >>> image = np.kron(blocks, np.ones((12, 12))).astype(np.uint8)  # (192, 192)
        >>> matching = match_images("sift", image[:, :160], image[:, 10:170])
        >>> first, second = matching.points
        >>> np.median(first - second, axis=0).round().tolist()  # moved by ten pixels
        [10.0, 0.0]
    """
    # keypoints and descriptors of each image
    first = detect_and_describe(net, a, detector, count)
    second = detect_and_describe(net, b, detector, count)

    # pairs of descriptors that belong together
    matches = match(first.descriptors, second.descriptors, ratio)  # (M, 2)

    # the matches that one geometry explains
    return verified(first, second, matches, model, threshold)


def verified(
    a: LocalFeatures,
    b: LocalFeatures,
    matches: np.ndarray,
    model: str = "homography",
    threshold: float = 3.0,
) -> Matching:
    """Verify matches, wherever they come from.

    Args:
        a: features of the first image.
        b: features of the second image.
        matches: (M, 2) numbers of keypoints, in `a` and in `b`.
        model: 'homography' or 'fundamental'.
        threshold: pixels by which an inlier may be off.

    Example:
        >>> import numpy as np
        >>> features = LocalFeatures(np.ones((2, 4)), np.eye(2))
        >>> verified(features, features, np.array([[0, 0]])).geometry.matrix is None  # too few
        True
    """
    first_points, second_points = _matched_points(a, b, matches)  # (M, 2) each
    geometry = verify_geometry(first_points, second_points, model, threshold)
    return Matching(a, b, matches, geometry)


def _matched_points(
    a: LocalFeatures, b: LocalFeatures, matches: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (M, 2) of matched keypoints in both images."""
    return a.keypoints[matches[:, 0], :2], b.keypoints[matches[:, 1], :2]
