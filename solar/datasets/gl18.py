"""The training index of a folder in the layout of Google Landmarks v1 (GL18).

The folder holds `train.csv` (id, landmark_id), `boxes_split1.csv` and `boxes_split2.csv` (id, box:
y0 x0 y1 x1 as shares of height and width) and `jpg/<id>.jpg`, or, as in GLDv2, `jpg/6/e/1/<id>.jpg`
in three folders named by the first letters of the id. The index joins the three tables,
says which images can be used, and splits the landmarks into two parts:

* 'val': landmarks that have a box in split 2 and none in split 1, with all their images;
* 'train': all other landmarks.

Everything is done on whole columns: a million rows take seconds.

Book: chapter 7 (training on GL18).
"""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas
from tqdm import tqdm

from ..files import atomic, in_one_line
from ..images import read_image

INDEX_FILE = "index.csv"
TABLE_FILES = ("train.csv", "boxes_split1.csv", "boxes_split2.csv")
PARTS = ("train", "val")
BOX_COLUMNS = ["x0", "y0", "x1", "y1"]
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"  # 1, 0.5, .5, 1e-3
FOUR_NUMBERS = rf" *{NUMBER}[ \t]+{NUMBER}[ \t]+{NUMBER}[ \t]+{NUMBER} *"
LETTERS = "0123456789abcdef"  # of ids in GLDv2
FILES_PER_JOB = 2000  # images that one thread looks at before it reports
JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"


def build_index(root: str | Path, decode: bool = False, progress: bool = True) -> dict[str, int]:
    """Write `<root>/index.csv`, one row per image of train.csv, and return counts.

    Columns: id, landmark_id, part ('train' or 'val'), the box x0, y0, x1, y1 as shares of width and
    height (empty where unknown), and state ('good', 'missing' or 'broken'; only good images are
    used). The same files give the same bytes.

    Args:
        root: a folder in GL18's layout.
        decode: decode every image (hours for a million). Otherwise a JPEG counts as complete if it
            begins and ends as one, and only those that do not are decoded.
        progress: show a progress bar.

    Returns:
        rows; without_landmark, repeated, boxes_of_no_image: rows of the tables that cannot be used;
        missing, broken: images; images, landmarks, queries (images with a sibling) of the part
        'train'; boxes: good images with a box; held_out: good images of the part 'val'.

    Raises:
        FileNotFoundError: a table or `jpg/` is missing.
        ValueError: a table does not have the published columns.
    """
    root = Path(root)

    # 1. join the tables, look at the files, write the index
    table, counts = read_tables(root)
    table["state"] = image_states(root / "jpg", table["id"].tolist(), decode, progress)
    with atomic(root / INDEX_FILE) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f")

    # 2. count; an image without a sibling in its landmark cannot be a query
    usable = table[table["state"] == "good"]
    siblings = usable.groupby("landmark_id")["id"].transform("size")
    in_train = usable["part"] == "train"
    return dict(
        rows=len(table),
        **counts,
        missing=int((table["state"] == "missing").sum()),
        broken=int((table["state"] == "broken").sum()),
        images=int(in_train.sum()),
        landmarks=int(usable["landmark_id"][in_train].nunique()),
        queries=int((in_train & (siblings > 1)).sum()),
        boxes=int(usable["x0"].notna().sum()),
        held_out=int((~in_train).sum()),
    )


def read_index(root: Path) -> pandas.DataFrame | None:
    """Return `<root>/index.csv` as a table, or None if there is no index that can be trusted.

    An index is not used when one of its tables is newer, or when an older version of this package
    wrote it (with other columns or other names of the parts).
    """
    index = root / INDEX_FILE
    if not index.is_file():
        return None

    # changed tables make the index out of date
    written = index.stat().st_mtime
    tables = [root / name for name in TABLE_FILES]
    if any(table.is_file() and table.stat().st_mtime > written for table in tables):
        return None

    types = {"id": str, "part": str, "state": str} | dict.fromkeys(BOX_COLUMNS, np.float32)
    table = pandas.read_csv(index, dtype=types)
    has_columns = {*types, "landmark_id"} <= set(table.columns)
    if not has_columns or not table["part"].isin(PARTS).all():
        return None
    return table


def read_tables(root: Path) -> tuple[pandas.DataFrame, dict[str, int]]:
    """Join the three tables in the order of train.csv.

    Returns:
        table: columns id, landmark_id, part, x0, y0, x1, y1 (in the mini world every image has a
            box).  counts: rows that could not be used, by reason.

    Raises:
        FileNotFoundError: a table is missing.
        ValueError: a table does not have the published columns.
    """
    # 1. images: drop rows without an id or a whole number of a landmark, and all but the first of
    # one id
    train = _read_table(root / "train.csv", ["id", "landmark_id"])
    train["landmark_id"] = pandas.to_numeric(train["landmark_id"], errors="coerce")
    is_whole = np.isfinite(train["landmark_id"]) & (train["landmark_id"] % 1 == 0)
    without_landmark = ~is_whole | train["id"].isna()
    repeated = train["id"].duplicated()
    table = train[~without_landmark & ~repeated].astype({"landmark_id": np.int64})
    table = table.reset_index(drop=True)

    # 2. parts: landmarks that only the second split has boxes of are for validation
    split1 = _read_table(root / "boxes_split1.csv", ["id", "box"])
    split2 = _read_table(root / "boxes_split2.csv", ["id", "box"])
    landmarks1 = set(table["landmark_id"][table["id"].isin(split1["id"])])
    landmarks2 = set(table["landmark_id"][table["id"].isin(split2["id"])])
    is_val = table["landmark_id"].isin(landmarks2 - landmarks1)
    table["part"] = np.where(is_val, "val", "train")

    # 3. boxes: the first one of each image, matched by id
    boxes = pandas.concat([split1, split2]).drop_duplicates("id").set_index("id")["box"]
    table[BOX_COLUMNS] = boxes_of(boxes).reindex(table["id"]).to_numpy()

    counts = dict(
        without_landmark=int(without_landmark.sum()),
        repeated=int(repeated.sum()),
        boxes_of_no_image=int((~boxes.index.isin(table["id"])).sum()),
    )
    return table, counts


def _read_table(path: Path, columns: list[str]) -> pandas.DataFrame:
    """Read some columns of a CSV file as strings."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such table; a training folder holds {', '.join(TABLE_FILES)} and jpg/"
        )
    try:
        return pandas.read_csv(path, usecols=columns, dtype=str)[columns]
    except ValueError as error:
        reason = in_one_line(str(error), 200)
        raise ValueError(f"{path}: expected the columns {', '.join(columns)} ({reason})") from error


def boxes_of(column: pandas.Series) -> pandas.DataFrame:
    """Parse 'y0 x0 y1 x1' strings into float32 columns x0, y0, x1, y1.

    A string that is not four numbers, or not a box within the image, becomes nan.

    Example:
        >>> boxes_of(pandas.Series(["0.25 0.125 0.5 0.75", "no box"])).to_numpy().tolist()
        [[0.125, 0.25, 0.75, 0.5], [nan, nan, nan, nan]]
    """
    boxes = pandas.DataFrame(np.nan, index=column.index, columns=BOX_COLUMNS, dtype=np.float32)
    has_four = column.str.fullmatch(FOUR_NUMBERS).eq(True)  # not of an empty cell
    if not has_four.any():
        return boxes

    # parse all well-formed strings at once: (n, 4), in the published order
    text = io.StringIO("\n".join(column[has_four].str.strip()))
    numbers = pandas.read_csv(text, sep=r"\s+", header=None, dtype=np.float32).to_numpy()
    y0, x0, y1, x1 = numbers.T

    # keep those that have an area and lie within the image
    is_inside = (x0 >= 0) & (x0 < x1) & (x1 <= 1) & (y0 >= 0) & (y0 < y1) & (y1 <= 1)
    ours = np.stack([x0, y0, x1, y1], axis=1)
    boxes.loc[has_four] = np.where(is_inside[:, None], ours, np.nan)
    return boxes


def image_names(folder: Path, ids: list[str]) -> list[str]:
    """Return the file of each image, relative to the folder `jpg`: of GL18 or nested as in GLDv2.

    Args:
        folder: the folder `jpg`.
        ids: names of images, without '.jpg'.

    Example:
        >>> image_names(Path("jpg"), ["6e1f00"])
        ['6e1f00.jpg']
    """
    if not _is_nested(folder):
        return [f"{name}.jpg" for name in ids]
    return [f"{name[:1]}/{name[1:2]}/{name[2:3]}/{name}.jpg" for name in ids]


def _is_nested(folder: Path) -> bool:
    """Return whether images lie in folders named by the first letters of their ids."""
    if not any((folder / letter).is_dir() for letter in LETTERS):
        return False
    # a stray folder beside the images of GL18 nests nothing
    return next(folder.glob("*.jpg"), None) is None


def _present_in(folder: Path) -> set[str]:
    """Return the names of all files in the folder `jpg`, relative to it."""
    if not _is_nested(folder):
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    present = set()
    for here, _, names in os.walk(folder, followlinks=True):
        inside = Path(here).relative_to(folder).as_posix()
        present.update(f"{inside}/{name}" for name in names)
    return present


def image_states(
    folder: Path, ids: list[str], decode: bool = False, progress: bool = True
) -> np.ndarray:
    """Return 'good', 'missing' or 'broken' for each image of a folder `jpg`.

    Args:
        folder: where the images lie.
        ids: N names of images, without '.jpg'.
        decode: decode every image instead of looking at its first and last bytes.
        progress: show a progress bar.

    Returns:
        (N,) array of str.

    Raises:
        FileNotFoundError: no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; the images belong there, as <id>.jpg")

    # 1. which are there: one listing of the folder instead of a million questions
    names = image_names(folder, ids)
    present = _present_in(folder)
    is_present = np.array([name in present for name in names], dtype=bool)
    states = np.where(is_present, "good", "missing").astype(object)

    # 2. which of them are complete: threads, for most of the time is spent in waiting for the disk
    numbers = np.flatnonzero(is_present)
    jobs = np.array_split(numbers, max(1, len(numbers) // FILES_PER_JOB))

    def find_broken(job: np.ndarray) -> list[int]:
        return [i for i in job if not is_complete(f"{folder}/{names[i]}", decode)]

    hidden = None if progress else True
    bar = tqdm(total=len(numbers), desc="images", unit="image", disable=hidden)
    with ThreadPoolExecutor() as pool, bar:
        for job, broken in zip(jobs, pool.map(find_broken, jobs)):
            states[broken] = "broken"
            bar.update(len(job))
    return states


def is_complete(path: str, decode: bool = False) -> bool:
    """Return whether an image is complete, by a JPEG's first and last bytes, or by decoding it."""
    if not decode and _is_framed_as_jpeg(path):
        return True
    try:
        read_image(path)
    except ValueError:
        return False
    return True


def _is_framed_as_jpeg(path: str) -> bool:
    """Return whether a file begins and ends with the marks of a JPEG."""
    # plain descriptors without a file object around them: this runs a million times
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        start = os.read(file, 2)
        size = os.fstat(file).st_size
        os.lseek(file, max(0, size - 2), os.SEEK_SET)
        end = os.read(file, 2)
    finally:
        os.close(file)
    return start == JPEG_START and end == JPEG_END
