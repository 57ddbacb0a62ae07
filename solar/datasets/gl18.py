"""The training index of a folder in the layout of Google Landmarks v1 (GL18): who shows what, and
what can be used.

The folder holds `train.csv` (id, landmark_id), `boxes_split1.csv` and `boxes_split2.csv` (id, box:
y0 x0 y1 x1, shares of height and width) and `jpg/<id>.jpg`. Everything is done on whole columns: a
million rows take seconds.
"""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas
from tqdm import tqdm

from ..files import atomic
from ..images import read_image

INDEX, BOX = "index.csv", ["x0", "y0", "x1", "y1"]


def build_index(root: str | Path, decode: bool = False, progress: bool = True) -> dict[str, int]:
    """Write `<root>/index.csv`, a row for each image of train.csv, and return counts of what was
    found.

    Columns: id, landmark_id, part ('train' or 'val'), state ('good', 'missing' or 'broken': left
        out of training),
    and the box x0, y0, x1, y1 where one is known. The same files give the same bytes.

    Args:
        decode: read every image to its end (hours for a million); otherwise a JPEG counts as whole
            if it begins and ends as one, and only those that do not are decoded.

    Raises:
        FileNotFoundError, ValueError: a table or `jpg/` is missing, or a table has not the
            published columns.
    """
    root = Path(root)
    table, counts = read_tables(root)
    table["state"] = image_states(root / "jpg", table["id"].tolist(), decode, progress)
    with atomic(root / INDEX) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f")
    usable = table[table["state"] == "good"]
    siblings = usable.groupby("landmark_id")["id"].transform("size")
    learn = usable["part"] == "train"
    return dict(
        rows=len(table),
        **counts,
        missing=int((table["state"] == "missing").sum()),
        broken=int((table["state"] == "broken").sum()),
        images=int(learn.sum()),
        landmarks=int(usable["landmark_id"][learn].nunique()),
        queries=int((learn & (siblings > 1)).sum()),
        boxes=int(usable["x0"].notna().sum()),
        held_out=int((~learn).sum()),
    )


def read_tables(root: Path) -> tuple[pandas.DataFrame, dict[str, int]]:
    """The three tables as one, in the order of train.csv, and how many rows could not be used.

    A landmark that has boxes in split 2 and none in split 1 is held out, with all its images: it
    serves to choose with. All others are there to learn from. In the mini world every image has a
    box.
    """
    train = _read(root / "train.csv", ["id", "landmark_id"])
    train["landmark_id"] = pandas.to_numeric(train["landmark_id"], errors="coerce")
    nameless, repeated = train["landmark_id"].isna(), train["id"].duplicated()
    table = train[~nameless & ~repeated].astype({"landmark_id": np.int64}).reset_index(drop=True)
    splits = [_read(root / f"boxes_split{n}.csv", ["id", "box"]) for n in (1, 2)]
    in_split = [set(table["landmark_id"][table["id"].isin(split["id"])]) for split in splits]
    table["part"] = np.where(table["landmark_id"].isin(in_split[1] - in_split[0]), "val", "train")
    boxes = pandas.concat(splits).drop_duplicates("id").set_index("id")["box"]
    table[BOX] = boxes_of(boxes).reindex(table["id"]).to_numpy()
    strangers = int((~boxes.index.isin(table["id"])).sum())
    counts = dict(
        without_landmark=int(nameless.sum()),
        repeated=int(repeated.sum()),
        boxes_of_no_image=strangers,
    )
    return table, counts


def _read(path: Path, columns: list[str]) -> pandas.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such table; a training folder holds train.csv, boxes_split1.csv, boxes_split2.csv and jpg/"
        )
    try:
        return pandas.read_csv(path, usecols=columns, dtype=str)[columns]
    except ValueError as error:
        raise ValueError(f"{path}: expected the columns {', '.join(columns)} ({error})") from error


def boxes_of(column: pandas.Series) -> pandas.DataFrame:
    """'y0 x0 y1 x1' strings as columns x0, y0, x1, y1; one that is no box within the picture
    becomes nan.
    """
    found = pandas.DataFrame(np.nan, index=column.index, columns=BOX, dtype=np.float32)
    well = column.str.count(r"[0-9.]+").eq(4) & column.str.fullmatch(r"[0-9. ]+")
    if well.any():
        text = io.StringIO("\n".join(column[well]))
        y0, x0, y1, x1 = (
            pandas.read_csv(text, sep=r"\s+", header=None, dtype=np.float32).to_numpy().T
        )
        inside = (x0 < x1) & (y0 < y1) & (x1 <= 1) & (y1 <= 1)
        found.loc[well] = np.where(inside[:, None], np.stack([x0, y0, x1, y1], 1), np.nan)
    return found


def image_states(
    folder: Path, ids: list[str], decode: bool = False, progress: bool = True
) -> np.ndarray:
    """'good', 'missing' or 'broken' for each image `<folder>/<id>.jpg`."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; the images belong there, as <id>.jpg")
    with os.scandir(folder) as entries:
        present = {entry.name for entry in entries}
    state = np.array(
        ["good" if f"{name}.jpg" in present else "missing" for name in ids], dtype=object
    )
    there = np.flatnonzero(state == "good")
    parts = np.array_split(there, max(1, len(there) // 2000))

    def broken(part):
        return [i for i in part if not is_complete(f"{folder}/{ids[i]}.jpg", decode)]

    with (
        ThreadPoolExecutor() as pool,
        tqdm(
            total=len(there), desc="images", unit="image", disable=None if progress else True
        ) as bar,
    ):
        for part, bad in zip(parts, pool.map(broken, parts)):
            state[bad] = "broken"
            bar.update(len(part))
    return state


def is_complete(path: str, decode: bool = False) -> bool:
    """Whether a picture is complete, by the marks at a JPEG's beginning and end, or by decoding it."""
    if not decode:
        file = os.open(
            path, os.O_RDONLY | getattr(os, "O_BINARY", 0)
        )  # a million times: no file object around it
        try:
            start, size = os.read(file, 2), os.fstat(file).st_size
            os.lseek(file, max(0, size - 2), os.SEEK_SET)
            if (start, os.read(file, 2)) == (b"\xff\xd8", b"\xff\xd9"):
                return True
        finally:
            os.close(file)
    try:
        read_image(path)
    except ValueError:
        return False
    return True
