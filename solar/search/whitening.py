"""Whitening: linear maps that even out the directions of descriptors.

A network of ours ends with such a map, trained with it. The two maps here are learnt from
descriptors of any origin, afterwards. Both are made in float64 from symmetric matrices (`eigh`:
real, orthogonal, ordered). The signs of the eigenvectors are fixed, and directions without any
spread are left out instead of being blown up.

Book: chapter 9 (the revisited protocol).
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..nets.pooling import l2n

MIN_EIGENVALUE = 1e-8  # an eigenvalue below this share of the largest is rounding, not data


@dataclass(frozen=True)
class Whitening:
    """The map x -> projection (x - mean), normalised.

    Attributes:
        mean: (D,), subtracted from each row.
        projection: (D', D), the direction of largest spread first.

    Example:
        >>> import numpy as np
        >>> whitening = Whitening(mean=np.zeros(2), projection=np.diag([1.0, 10.0]))
        >>> whitening(np.array([[0.6, 0.08]]))
        array([[0.5999994, 0.7999992]], dtype=float32)
    """

    mean: np.ndarray
    projection: np.ndarray

    def __call__(self, rows: np.ndarray, dim: int | None = None) -> np.ndarray:
        """Whiten descriptors.

        Args:
            rows: (N, D) descriptors.
            dim: directions to keep, the first ones; all if None.

        Returns:
            (N, dim) float32, rows of unit length; a row equal to `mean` gives zeros.
        """
        centred = np.asarray(rows, np.float64) - self.mean
        projected = centred @ self.projection[:dim].T  # (N, D) -> (N, D')
        return l2n(projected).astype(np.float32)

    def digest(self) -> str:
        """Return 16 letters that tell this map from others: of the checksum of its numbers."""
        numbers = np.vstack([self.mean, self.projection]).astype("<f8")
        return hashlib.sha256(numbers.tobytes()).hexdigest()[:16]


def pca_whitening(rows: np.ndarray) -> Whitening:
    """Give every direction the same variance (Jegou and Chum, 2012); no labels are needed.

    Args:
        rows: (N, D) descriptors.

    Returns:
        The map, with at most D directions.

    Raises:
        ValueError: fewer than two different rows.
    """
    rows = np.asarray(rows, np.float64)
    mean = rows.mean(0)
    # a rotation to the principal directions, then each divided by its deviation
    covariance = np.cov(rows - mean, rowvar=False, bias=True)
    covariance = covariance.reshape(rows.shape[1], -1)  # (D, D), also for D = 1
    variances, directions = _directions(covariance)
    return Whitening(mean, directions.T / np.sqrt(variances)[:, None])


def learnt_whitening(rows: np.ndarray, queries, positives) -> Whitening:
    """Learn a map from pairs that match.

    Mikolajczyk and Matas (2007); Radenovic et al. (2019), section 4.3. A first map makes the
    differences within pairs equally small in every direction, then a rotation brings what it gives
    to the principal directions of all rows.

    Args:
        rows: (N, D) descriptors.
        queries: (P,) indices of rows.
        positives: (P,) indices of rows; row queries[i] matches row positives[i].

    Returns:
        The map, with at most D directions.

    Raises:
        ValueError: no pairs, or none that differ.
    """
    rows = np.asarray(rows, np.float64)
    queries = np.asarray(queries, int)
    positives = np.asarray(positives, int)
    if len(queries) != len(positives) or not len(queries):
        raise ValueError(
            f"{len(queries)} queries and {len(positives)} positives; "
            "expected a positive for each query"
        )

    # 1. whiten the differences within pairs, which should not matter
    mean = rows[queries].mean(0)
    difference = rows[queries] - rows[positives]  # (P, D)
    variances, directions = _directions(difference.T @ difference / len(queries))
    within = directions.T / np.sqrt(variances)[:, None]  # (D', D)

    # 2. rotate to the principal directions of all rows, so that the first ones can be kept
    spread = (rows - mean) @ within.T  # (N, D')
    _, rotation = _directions(spread.T @ spread)
    return Whitening(mean, rotation.T @ within)


def _directions(symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues (K,), falling, and eigenvectors (D, K), those above rounding."""
    values, vectors = np.linalg.eigh((symmetric + symmetric.T) / 2)
    # `eigh` gives the smallest first
    values = values[::-1]
    vectors = vectors[:, ::-1]
    # a direction whose spread is rounding would be divided by almost nothing
    kept = values > max(values[0], 0) * MIN_EIGENVALUE
    if not kept.any():
        raise ValueError("all rows are the same: there is no direction to whiten")
    values = values[kept]
    vectors = vectors[:, kept]
    # an eigenvector has no sign of its own: its largest entry is made positive
    largest = np.abs(vectors).argmax(0)
    return values, vectors * np.sign(vectors[largest, np.arange(len(largest))])
