"""Images to learn from, in the layout of Google Landmarks v1 (GL18); the mini world has the very same."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas


@dataclass(frozen=True)
class TrainingIndex:
    """Images to learn from.

    Attributes:
        images: (N,) paths.  landmarks: (N,) int, the landmark that each shows.
    """

    images: list[Path]
    landmarks: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def load_training(folder: str | Path, split: int = 1) -> TrainingIndex:
    """The images of a folder in GL18's layout that are listed in `boxes_split<split>.csv`, in the order of train.csv.

    In the mini world, split 1 is there to learn from, and split 2 holds other landmarks, to choose with.

    Raises:
        FileNotFoundError: a table is missing.
        ValueError: a table without the columns of the published ones.
    """
    folder, tables = Path(folder), {}
    for name, columns in (("train", ["id", "landmark_id"]), (f"boxes_split{split}", ["id", "box"])):
        path = folder / f"{name}.csv"
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such table; a training folder holds train.csv, boxes_split1.csv, jpg/")
        try:
            tables[name] = pandas.read_csv(path, usecols=columns, dtype={"id": str, "box": str})
        except ValueError as error:
            raise ValueError(f"{path}: expected the columns {', '.join(columns)} ({error})") from error
    rows = tables["train"][tables["train"]["id"].isin(tables[f"boxes_split{split}"]["id"])]
    return TrainingIndex([folder / "jpg" / f"{i}.jpg" for i in rows["id"]], rows["landmark_id"].to_numpy(np.int64))
