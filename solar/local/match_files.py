"""Write matches into a file: a table to read anywhere, or NumPy arrays.

Book: chapter 12 (matching two photographs).
"""

from pathlib import Path

import numpy as np

from ..files import atomic
from .matching import Matching

ENDINGS = (".csv", ".npz")
HEADER = "x_a,y_a,x_b,y_b,inlier"


def check_ending(path: str | Path) -> None:
    """Refuse a file of matches whose name does not say which kind it is.

    Args:
        path: the file to write.

    Raises:
        ValueError: neither .csv nor .npz.

    Example:
        >>> check_ending("matches.csv")
        >>> check_ending("matches.txt")
        Traceback (most recent call last):
        ValueError: matches.txt: expected a name that ends in .csv or .npz
    """
    if Path(path).suffix.lower() not in ENDINGS:
        raise ValueError(f"{path}: expected a name that ends in {' or '.join(ENDINGS)}")


def write_matches(matching: Matching, path: str | Path) -> Path:
    """Write the matches of two images.

    A .csv file has one line per match: x and y in the first image, x and y in the second, in
    pixels, and 1 for an inlier of the geometry or 0. An .npz file has the arrays `a` and `b` (M, 2)
    with the same points, `inliers` (M,), `matches` (M, 2) with the numbers of the keypoints,
    `keypoints_a` (N, 4) and `keypoints_b` (N', 4), and `matrix`: the homography or fundamental
    matrix (3, 3), or (0, 3) where the matches agree on none.

    Args:
        matching: what `match_images` returned.
        path: the file, which ends in .csv or .npz.

    Returns:
        The path.

    Raises:
        ValueError: another ending.
        OSError: the file cannot be written.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from solar.local.matching import LocalFeatures, verified
        >>> features = LocalFeatures(np.array([[5.0, 7.5, 3.0, 0.0]]), np.eye(1))
        >>> matching = verified(features, features, np.array([[0, 0]]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(write_matches(matching, Path(folder) / "m.csv").read_text())
        x_a,y_a,x_b,y_b,inlier
        5.00,7.50,5.00,7.50,0
        <BLANKLINE>
    """
    check_ending(path)
    path = Path(path)
    a, b = matching.points  # (M, 2) each
    inliers = matching.geometry.inliers
    with atomic(path) as temporary:
        if path.suffix.lower() == ".csv":
            table = np.column_stack([a, b, inliers]).reshape(-1, 5)
            formats = ["%.2f"] * 4 + ["%d"]
            np.savetxt(temporary, table, formats, ",", header=HEADER, comments="")
            return path
        matrix = matching.geometry.matrix
        with temporary.open("wb") as file:  # by its name, NumPy would add an ending
            np.savez(
                file,
                a=a,
                b=b,
                inliers=inliers,
                matches=matching.matches,
                keypoints_a=matching.a.keypoints,
                keypoints_b=matching.b.keypoints,
                matrix=np.zeros((0, 3)) if matrix is None else matrix,
            )
    return path
