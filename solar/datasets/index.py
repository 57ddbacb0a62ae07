"""Images to learn from, with their landmarks: folders in GL18's layout, and pickles of the field.

The mini world is written in GL18's layout too, so that one reader serves both.

Book: chapter 7 (training on GL18).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import in_one_line, load_pickle, name_in
from .gl18 import BOX_COLUMNS, PARTS, image_names, image_states, read_index, read_tables
from .names import folder_of


class Paths(Sequence):
    """A list of paths `<folder>/<name>` that keeps the names only, which saves memory.

    Example:
        >>> Paths(Path("jpg"), ["a.jpg", "b.jpg"])[1].as_posix()
        'jpg/b.jpg'
    """

    def __init__(self, folder: Path, names: list[str]):
        self.folder = folder
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self.folder / name for name in self.names[i]]
        return self.folder / self.names[i]


@dataclass(frozen=True)
class TrainingIndex:
    """Images to learn from.

    Attributes:
        images: (N,) paths.
        landmarks: (N,) int, the landmark that each image shows.
        boxes: (N, 4) float32 x0, y0, x1, y1 as shares of width and height, nan where unknown; or
            None.
        pairs: (M, 2) image numbers that may be query and positive; None: any two images of one
            landmark may.
    """

    images: Sequence[Path]
    landmarks: np.ndarray
    boxes: np.ndarray | None = None
    pairs: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)


def load_training(
    source: str | Path, split: str = "train", root: str | Path | None = None
) -> TrainingIndex:
    """Open a training set by name or path; a mini one is made on first use.

    Args:
        source: a name ('mini-gl18', 'gl18'); a folder in GL18's layout, whose `index.csv` is read
            if `solar data gl18` wrote one that is newer than the tables; or `db_gl18.pkl` or
            `retrieval-SfM-120k.pkl`, beside their images.
        split: 'train' for the images to learn from, or 'val' for images of other landmarks, by
            which the best epoch is chosen. `datasets.gl18` says how GL18 is split.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.

    Raises:
        FileNotFoundError: no such training data, or a table is missing.
        ValueError: unknown name or split, a table or pickle that is not as published, or no image
            that can be used.

    Example:
        >>> load_training("mini-gl18", split="test")
        Traceback (most recent call last):
        ValueError: split='test': expected 'train' or 'val'
    """
    if split not in PARTS:
        raise ValueError(f"split={in_one_line(repr(split))}: expected 'train' or 'val'")

    path = folder_of(source, root, use="training")
    if not path.exists():
        raise FileNotFoundError(
            f"{source}: no such training data; `solar data gl18` says what to fetch and where to "
            f"put it"
        )
    if path.suffix == ".pkl":
        return _from_pickle(path, split)
    return _from_folder(path, split)


def _from_folder(folder: Path, split: str) -> TrainingIndex:
    """Read a folder in GL18's layout, from its index or, without one, from its tables."""
    table = read_index(folder)
    if table is None:
        table, _ = read_tables(folder)
        table["state"] = image_states(folder / "jpg", table["id"].tolist(), progress=False)

    chosen = table[(table["part"] == split) & (table["state"] == "good")]
    if chosen.empty:
        raise ValueError(
            f"{folder}: none of its {len(table)} images can be used ({split}); is jpg/ filled?"
        )
    jpg = folder / "jpg"
    return TrainingIndex(
        images=Paths(jpg, image_names(jpg, chosen["id"].tolist())),
        landmarks=chosen["landmark_id"].to_numpy(np.int64),
        boxes=chosen[BOX_COLUMNS].to_numpy(),
    )


def _from_pickle(path: Path, split: str) -> TrainingIndex:
    """Read a database of cnnimageretrieval or of the authors, beside its images.

    It has 'train' and 'val', each with cids, cluster, qidxs and pidxs. SfM-120k's pairs are kept:
    two images of one building need not show the same side. GL18's pairs and boxes are not: in the
    authors' file each query has one fixed positive, and boxes and images do not line up.
    """
    content = load_pickle(path)
    try:
        part = content[split]
        cids = [name_in(cid) for cid in part["cids"]]
        landmarks = np.asarray(part["cluster"], np.int64)
        queries = np.asarray(part["qidxs"], np.int64)
        positives = np.asarray(part["pidxs"], np.int64)
        pairs = np.stack([queries, positives], axis=1)  # (M, 2)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = in_one_line(f"{type(error).__name__}: {error}", 200)
        raise ValueError(
            f"{path}: expected train and val with cids, cluster, qidxs, pidxs ({reason})"
        ) from error

    # one landmark per image, and pairs of images that exist
    is_beyond = (pairs < 0) | (pairs >= len(cids))
    if len(landmarks) != len(cids) or is_beyond.any():
        raise ValueError(
            f"{path}: {len(cids)} images, {len(landmarks)} clusters, or pairs beyond them"
        )

    if "sfm" in path.stem.lower():
        images = Paths(path.parent / "ims", [_sfm_path(cid) for cid in cids])
        return TrainingIndex(images, landmarks, pairs=pairs)
    jpg = path.parent / "jpg"
    return TrainingIndex(Paths(jpg, image_names(jpg, cids)), landmarks)


def _sfm_path(cid: str) -> str:
    """Return where SfM-120k keeps an image: in three folders named by the end of its name."""
    return f"{cid[-2:]}/{cid[-4:-2]}/{cid[-6:-4]}/{cid}"
