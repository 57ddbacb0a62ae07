"""Images to learn from: GL18's layout, which the mini world has too, and the pickles that the field
passes around.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas

from ..files import load_pickle
from .gl18 import BOX, INDEX, image_states, read_tables


class Paths(Sequence):
    """`<folder>/<name>`: a million names take less memory than as many paths."""

    def __init__(self, folder: Path, names: list[str]):
        self.folder, self.names = folder, names

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i):
        return (
            [self.folder / name for name in self.names[i]]
            if isinstance(i, slice)
            else self.folder / self.names[i]
        )


@dataclass(frozen=True)
class TrainingIndex:
    """Images to learn from.

    Attributes:
        images: (N,) paths.  landmarks: (N,) int, the landmark that each shows.
        boxes: (N, 4) float32 x0, y0, x1, y1 as shares of width and height, nan where unknown; or
            None.
        pairs: (M, 2) numbers of images that may be query and positive; None: any two of one
            landmark may.
    """

    images: Sequence[Path]
    landmarks: np.ndarray
    boxes: np.ndarray | None = None
    pairs: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)


def load_training(source: str | Path, split: str = "train") -> TrainingIndex:
    """The images to learn from (split 'train'), or those of other landmarks, to choose with (split
    'val').

    Args:
        source: a folder in GL18's layout, whose `index.csv` is read if `solar data gl18` wrote one
            that is newer than the tables; or `db_gl18.pkl` or `retrieval-SfM-120k.pkl`, beside
            their images.

    Raises:
        FileNotFoundError: a table is missing.
        ValueError: a table or pickle that is not as published, or nothing left to use.
    """
    if split not in ("train", "val"):
        raise ValueError(f"split={split!r}: expected 'train' or 'val'")
    source = Path(source)
    if source.suffix == ".pkl":
        return _from_pickle(source, split)
    tables, index = (
        [source / f"{n}.csv" for n in ("train", "boxes_split1", "boxes_split2")],
        source / INDEX,
    )
    if index.is_file() and all(
        not t.is_file() or t.stat().st_mtime <= index.stat().st_mtime for t in tables
    ):
        table = pandas.read_csv(
            index, dtype={"id": str, "part": str, "state": str} | dict.fromkeys(BOX, np.float32)
        )
    else:
        table, _ = read_tables(source)
        table["state"] = image_states(source / "jpg", table["id"].tolist(), progress=False)
    rows = table[(table["part"] == split) & (table["state"] == "good")]
    if rows.empty:
        raise ValueError(
            f"{source}: none of its {len(table)} images can be used ({split}); is jpg/ filled?"
        )
    names = (rows["id"] + ".jpg").tolist()
    return TrainingIndex(
        Paths(source / "jpg", names), rows["landmark_id"].to_numpy(np.int64), rows[BOX].to_numpy()
    )


def _from_pickle(path: Path, split: str) -> TrainingIndex:
    """cnnimageretrieval's and the authors' databases: 'train' and 'val' with cids, cluster, qidxs,
    pidxs.

    SfM-120k's pairs are kept: two images of one building need not share a stone. GL18's are not,
    nor are its boxes: in the authors' file each query has one positive for ever, and boxes and
        images do not line up.
    """
    content = load_pickle(path)
    try:
        part = content[split]
        cids, landmarks = [str(cid) for cid in part["cids"]], np.asarray(part["cluster"], np.int64)
        pairs = np.stack([np.asarray(part[k], np.int64) for k in ("qidxs", "pidxs")], 1)
        fits = len(landmarks) == len(cids) and (
            not len(pairs) or 0 <= pairs.min() <= pairs.max() < len(cids)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected train and val with cids, cluster, qidxs, pidxs ({error!r})"
        ) from error
    if not fits:
        raise ValueError(
            f"{path}: {len(cids)} images, {len(landmarks)} clusters, or pairs beyond them"
        )
    if "sfm" in path.stem.lower():
        return TrainingIndex(
            Paths(path.parent / "ims", [_nested(cid) for cid in cids]), landmarks, pairs=pairs
        )
    return TrainingIndex(Paths(path.parent / "jpg", [f"{cid}.jpg" for cid in cids]), landmarks)


def _nested(cid: str) -> str:
    """Where SfM-120k keeps an image: three folders deep, after the last six characters of its name."""
    return f"{cid[-2:]}/{cid[-4:-2]}/{cid[-6:-4]}/{cid}"
