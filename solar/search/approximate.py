"""Beyond exact search: FAISS, which gives up some of the truth for time and memory. `pip install
solar[faiss]`.

flat   every descriptor as it is: exact, to the depth that is asked for
ivf    descriptors in cells around k-means centres; only the cells nearest to a query are searched
pq     product quantisation: a descriptor cut into pieces, each replaced by the number of its
nearest centre
"""

import numpy as np

from .store import Rows, rows_of

KINDS = ("flat", "ivf", "pq")


class Approximate:
    """A FAISS index of unit vectors, compared by their dot product.

    Args:
        rows: what to learn centres from, (N, D) array, Store or path; all of it is also added.
        kind: one of KINDS.
        cells: 'ivf': number of cells (about the root of N);  probes: of them, searched for a query.
        pieces: 'pq': bytes a descriptor takes, one of 256 centres a piece; divides D.
        sample: rows that the centres are learnt from, at most, evenly spaced.
        seed: of k-means.

    Raises:
        ModuleNotFoundError: FAISS is not installed.
        ValueError: unknown kind, or numbers that do not fit the data.
    """

    def __init__(self, rows, kind="flat", cells=64, probes=8, pieces=16, sample=50_000, seed=0):
        faiss, rows = _faiss(), rows_of(rows)
        (count, dim), needed = rows.shape, {"ivf": cells, "pq": 256}.get(kind, 0)
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}: expected one of {', '.join(KINDS)}")
        if count < needed:
            raise ValueError(f"{count} rows for {needed} centres: expected at least as many rows")
        if kind == "pq" and dim % pieces:
            raise ValueError(f"pieces={pieces} does not divide the {dim} numbers of a descriptor")
        product = faiss.METRIC_INNER_PRODUCT
        if kind == "flat":
            self.index = faiss.IndexFlatIP(dim)
        elif kind == "ivf":
            self.index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, cells, product)
            self.index.nprobe = probes
            self.index.cp.seed = seed
        else:
            self.index = faiss.IndexPQ(dim, pieces, 8, product)
            self.index.pq.cp.seed = seed
        if needed:
            self.index.train(_spaced(rows, sample))
        for chunk in rows.chunks():
            self.index.add(chunk)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """As `top_k`: indices (Q, k), -1 where no more was found, and scores (Q, k)."""
        scores, index = self.index.search(
            np.ascontiguousarray(queries, np.float32), min(k, self.index.ntotal)
        )
        return index, scores

    def nbytes(self) -> int:
        """What the index takes when it is written down."""
        return _faiss().serialize_index(self.index).nbytes


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """Share of the exact lists (Q, k) that is on the lists found (Q, any)."""
    return float(np.mean([np.isin(right, line).mean() for line, right in zip(found, exact)]))


def _spaced(rows: Rows, sample: int) -> np.ndarray:
    step = -(-len(rows) // sample)
    return np.concatenate([chunk[::step] for chunk in rows.chunks(8192 // step * step or step)])


def _faiss():
    try:
        import faiss
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "approximate search needs FAISS: pip install 'solar[faiss]'"
        ) from error
    return faiss
