"""Pairs of images of which it is known where each shows what the other shows: warps and views.

A warp is a photograph under a known homography. A view is a photograph of a rendered landmark, from
elsewhere. Keypoints are found, and their patches cut, once for all descriptors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from solar.images.warping import warped
from solar.local.accuracy import Counts, Expected, count_right, under_homography
from solar.local.keypoints import describe_keypoints, detect
from solar.local.matching import match
from solar.local.patches import cut_patches
from solar.world import Landmark, Photo, choose_view, photograph
from solar.world.covisible import places_in
from solar.world.photographs import Photograph, read_photograph

FIRST_LANDMARK = 425_000  # of the views; no dataset shows these
VIEW_SIZE = (384, 288)
LONGEST = 480  # longer side of a photograph in pixels
KEYPOINTS = 400  # of an image, at most
THRESHOLD = 3.0  # pixels by which a right match may be off

# patches (N, 1, 32, 32) -> descriptors (N, D)
Describe = Callable[[np.ndarray], np.ndarray]


def warp_strength(number: int) -> float:
    """Return how strong a warp is: they get stronger one by one."""
    return 0.08 + 0.02 * number


def warp_of(image: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a warp of a photograph (H, W, 3), and the homography (3, 3) to it."""
    return warped(image, np.random.default_rng([number, 77]), warp_strength(number))


@lru_cache(maxsize=64)
def two_views(seed: int) -> list[Photo]:
    """Take two photographs of a landmark."""
    landmark = Landmark(seed)
    rng = np.random.default_rng([seed, 9])
    cameras = [choose_view(landmark, rng, VIEW_SIZE, freedom=0.3) for _ in range(2)]
    weathers = rng.choice(["day", "evening", "overcast"], 2)
    return [
        photograph(landmark, camera, str(weather), number, clutter=0.3)
        for number, (camera, weather) in enumerate(zip(cameras, weathers))
    ]


@dataclass(frozen=True)
class Points:
    """Keypoints of an image, and what describes them.

    Attributes:
        keypoints: (N, 4) x, y, size, angle.
        patches: (N, 1, 32, 32) float32, their windows.
        sift: (N, 128), their RootSIFT.
    """

    keypoints: np.ndarray
    patches: np.ndarray
    sift: np.ndarray


@dataclass(frozen=True)
class Pair:
    """Two images of a scene, by their numbers in its list of points.

    Attributes:
        a: number of the first image.
        b: number of the second.
        a_in_b: where the second shows the keypoints of the first.
        b_in_a: where the first shows the keypoints of the second.
    """

    a: int
    b: int
    a_in_b: Expected
    b_in_a: Expected


@dataclass(frozen=True)
class Scene:
    """A photograph or a landmark, with all pairs of its images.

    Attributes:
        name: of the photograph, or the seed of the landmark.
        points: of each image.
        pairs: of images.
    """

    name: str
    points: list[Points]
    pairs: list[Pair]


def points_of(image: np.ndarray) -> Points:
    """Find the keypoints of an image (H, W, 3) and cut their patches."""
    keypoints = detect(image, count=KEYPOINTS)
    patches = cut_patches(image, keypoints).numpy()
    return Points(keypoints, patches, describe_keypoints("sift", image, keypoints))


def scene_of_photograph(source: Photograph, warps: int) -> Scene:
    """Return a photograph and its warps: each is a pair with the photograph itself."""
    image = read_photograph(source, LONGEST)
    size = (image.shape[1], image.shape[0])
    points = [points_of(image)]
    pairs = []
    for number in range(warps):
        other, homography = warp_of(image, number)
        points.append(points_of(other))
        forth = under_homography(points[0].keypoints[:, :2], homography, size)
        back = under_homography(points[-1].keypoints[:, :2], np.linalg.inv(homography), size)
        pairs.append(Pair(0, number + 1, forth, back))
    return Scene(source.name, points, pairs)


def scene_of_landmark(seed: int) -> Scene:
    """Return a landmark and its two views."""
    one, two = two_views(seed)
    points = [points_of(photo.image) for photo in (one, two)]
    forth = Expected(*places_in(one, two, points[0].keypoints[:, :2]))
    back = Expected(*places_in(two, one, points[1].keypoints[:, :2]))
    return Scene(str(seed), points, [Pair(0, 1, forth, back)])


def count_scene(scene: Scene, describe: Describe | None) -> list[Counts]:
    """Count the right matches of mutual nearest neighbours on each pair of a scene.

    Args:
        scene: keypoints and patches.
        describe: a descriptor; None for RootSIFT.
    """
    if describe is None:
        descriptors = [points.sift for points in scene.points]
    else:
        descriptors = [describe(points.patches) for points in scene.points]
    counts = []
    for pair in scene.pairs:
        a = scene.points[pair.a].keypoints
        b = scene.points[pair.b].keypoints
        matches = match(descriptors[pair.a], descriptors[pair.b], ratio=None)
        counts.append(count_right(a, b, matches, pair.a_in_b, pair.b_in_a, THRESHOLD))
    return counts


def measure(scenes: Sequence[Scene], describe: Describe | None) -> dict[str, dict[str, float]]:
    """Return what a descriptor reaches on each scene, the mean over its pairs.

    Args:
        scenes: photographs or landmarks.
        describe: as in `count_scene`.

    Returns:
        'right' (matches of a pair), 'precision', 'recall' and 'matching_score' (0..1) -> name of
        the scene -> number.
    """
    table = {"right": {}, "precision": {}, "recall": {}, "matching_score": {}}
    for scene in scenes:
        counts = count_scene(scene, describe)
        for name, values in table.items():
            mean = float(np.mean([getattr(one, name) for one in counts]))
            values[scene.name] = round(mean, 4)
    return table
