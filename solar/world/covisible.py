"""Which points of one photograph another one shows, and how its camera stands: for matchers.

Places are those of keypoints: centres of pixels are whole numbers. (The renderer has them at
halves.)

Book: chapter 12 (matching two photographs).
"""

import numpy as np

from .camera import Camera
from .photo import Photo
from .truth import correspondences


def places_in(a: Photo, b: Photo, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where one photograph shows what lies at points of another.

    Args:
        a: a photograph.
        b: another photograph of the same landmark.
        points: (N, 2) x and y of keypoints in `a`.

    Returns:
        places (N, 2) in `b`, and seen (N,) bool: both show the point, and it is on the landmark.

    Example:
        >>> import numpy as np
        >>> from solar.world import Landmark, choose_view, photograph
        >>> landmark = Landmark(0)
        >>> camera = choose_view(landmark, np.random.default_rng(1), (64, 48), freedom=0.0)
        >>> photo = photograph(landmark, camera, clutter=0)
        >>> places, seen = places_in(photo, photo, np.array([[32.0, 24.0], [0.0, 0.0]]))
        >>> seen.tolist(), bool(np.abs(places[0] - [32, 24]).max() < 1)
        ([True, False], True)
    """
    # the pixel that each point lies in
    size = np.array(a.camera.size)
    pixels = np.clip(np.round(points), 0, size - 1).astype(int).reshape(-1, 2)
    columns = pixels[:, 0]
    rows = pixels[:, 1]

    # where the surface point behind that pixel lies in `b`
    places, visible = correspondences(a, b, rows, columns)
    return places - 0.5, visible & a.own[rows, columns]


def intrinsics(camera: Camera) -> np.ndarray:
    """Return the intrinsic matrix (3, 3) of a camera, for places of keypoints.

    Args:
        camera: of a photograph.

    Example:
        >>> from solar.world import Camera
        >>> camera = Camera.looking_at((0, -10, 0), (0, 0, 0), 1.0, (64, 48))
        >>> intrinsics(camera)[:2, 2].tolist()  # the middle of the image
        [31.5, 23.5]
    """
    width, height = camera.size
    middle_x = width / 2 - 0.5
    middle_y = height / 2 - 0.5
    return np.array([[camera.focal, 0, middle_x], [0, camera.focal, middle_y], [0, 0, 1]])


def pose_between(a: Camera, b: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Return how camera b stands relative to camera a.

    Args:
        a: the first camera.
        b: the second camera.

    Returns:
        Rotation (3, 3) and translation (3,) in metres: a point x in the frame of `a` is
        `rotation @ x + translation` in the frame of `b`.

    Example:
        >>> from solar.world import Camera
        >>> camera = Camera.looking_at((0, -10, 0), (0, 0, 0), 1.0, (64, 48))
        >>> rotation, translation = pose_between(camera, camera)
        >>> rotation.round(9).trace().item(), translation.tolist()
        (3.0, [0.0, 0.0, 0.0])
    """
    return b.rotation @ a.rotation.T, b.rotation @ (a.position - b.position)
