"""Whitening after the fact: a linear map that evens out the descriptors' directions, learnt from
data once they exist.

A network of ours ends with such a map, trained with it; these two are for descriptors from
anywhere. Both are made in float64 from symmetric matrices (`eigh`: real, orthogonal, ordered), the
eigenvectors' signs are fixed, and directions without any spread are left out instead of being blown
up.
"""

from dataclasses import dataclass

import numpy as np

MIN_EIGENVALUE = 1e-8  # an eigenvalue below this share of the largest is rounding, not data


@dataclass(frozen=True)
class Whitening:
    """x -> projection (x - mean), normalised: rows (N, D) -> (N, D'), float32.

    Attributes:
        mean: (D,).  projection: (D', D), the direction of largest spread first.
    """

    mean: np.ndarray
    projection: np.ndarray

    def __call__(self, rows: np.ndarray, dim: int | None = None) -> np.ndarray:
        """Whiten, and keep the first `dim` directions."""
        rows = (np.asarray(rows, np.float64) - self.mean) @ self.projection[
            :dim
        ].T  # (N, D) -> (N, D')
        return (rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)).astype(np.float32)


def pca_whitening(rows: np.ndarray) -> Whitening:
    """Every direction gets the same variance (Jegou and Chum, 2012): no labels are needed.

    Raises:
        ValueError: fewer than two different rows.
    """
    rows = np.asarray(rows, np.float64)
    mean = rows.mean(0)
    values, vectors = _directions(
        np.cov(rows - mean, rowvar=False, bias=True).reshape(rows.shape[1], -1)
    )
    return Whitening(mean, vectors.T / np.sqrt(values)[:, None])


def learnt_whitening(rows: np.ndarray, queries, positives) -> Whitening:
    """From pairs that match (Mikolajczyk and Matas, 2007; Radenovic et al., 2019, section 4.3).

    First a map that makes the differences within pairs as small as each other in every direction,
    then a rotation of what it gives to the principal directions of all rows.

    Args:
        rows: (N, D) descriptors.  queries, positives: (P,) indices of rows; row queries[i] matches
            row positives[i].

    Raises:
        ValueError: no pairs, or none that differ.
    """
    rows, queries, positives = (
        np.asarray(rows, np.float64),
        np.asarray(queries, int),
        np.asarray(positives, int),
    )
    if len(queries) != len(positives) or not len(queries):
        raise ValueError(
            f"{len(queries)} queries and {len(positives)} positives; expected a positive for each query"
        )
    mean = rows[queries].mean(0)
    difference = rows[queries] - rows[positives]
    values, vectors = _directions(difference.T @ difference / len(queries))  # (D, D)
    within = vectors.T / np.sqrt(values)[:, None]
    spread = (rows - mean) @ within.T
    _, rotation = _directions(spread.T @ spread)
    return Whitening(mean, rotation.T @ within)


def _directions(symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (K,), falling, and eigenvectors (D, K), those above rounding; the largest entry
    of each is > 0.
    """
    values, vectors = np.linalg.eigh((symmetric + symmetric.T) / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > max(values[0], 0) * MIN_EIGENVALUE
    if not kept.any():
        raise ValueError("all rows are the same: there is no direction to whiten")
    values, vectors = values[kept], vectors[:, kept]
    largest = np.abs(vectors).argmax(0)
    return values, vectors * np.sign(vectors[largest, np.arange(len(largest))])
