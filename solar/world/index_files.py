"""Write the files that list the images of a dataset, in the published formats."""

import csv
import io
import pickle
from collections.abc import Iterable
from pathlib import Path

from .phototour import phototour_files
from .recipes import IMAGE_SIZE, Recipe

VALIDATION_EVERY = 8  # every eighth landmark of a training set is held out for validation


def _table(header: tuple[str, ...], rows: Iterable[tuple]) -> bytes:
    """Return a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _training_files(records: list[dict]) -> dict[str, bytes]:
    """Return the files of GL18: all images, boxes to train on, boxes of held-out landmarks."""
    width, height = IMAGE_SIZE
    images = []
    train_boxes = []
    validation_boxes = []
    for number, record in enumerate(records):
        held_out = number % VALIDATION_EVERY == VALIDATION_EVERY - 1
        boxes = validation_boxes if held_out else train_boxes
        for name, (x0, y0, x1, y1) in zip(record["images"], record["boxes"]):
            images.append((name, "", record["landmark"]))
            # y before x, as shares of the image
            box = f"{y0 / height:.6f} {x0 / width:.6f} {y1 / height:.6f} {x1 / width:.6f}"
            boxes.append((name, box))
    return {
        "train.csv": _table(("id", "url", "landmark_id"), images),
        "boxes_split1.csv": _table(("id", "box"), train_boxes),
        "boxes_split2.csv": _table(("id", "box"), validation_boxes),
    }


def _benchmark_files(records: list[dict], name: str) -> dict[str, bytes]:
    """Return the ground-truth pickle, structured as the published gnd_roxford5k.pkl."""
    # images are named by their number in the list of all
    images = [image for record in records for image in record["images"]]
    index = {image: i for i, image in enumerate(images)}
    queries = []
    ground_truth = []
    for record in records:
        for query in record["queries"]:
            queries.append(query["name"])
            # one list per label; images of other landmarks are in none
            lists = {"easy": [], "hard": [], "junk": []}
            for image, label in zip(record["images"], query["labels"]):
                lists[label].append(index[image])
            ground_truth.append(dict(bbx=list(query["box"]), **lists))
    content = dict(gnd=ground_truth, imlist=images, qimlist=queries)
    return {f"gnd_{name}.pkl": pickle.dumps(content, protocol=3)}


def _list_file(records: list[dict], name: str) -> dict[str, bytes]:
    """Return a text file with one image per line."""
    lines = [f"{image}.jpg\n" for record in records for image in record["images"]]
    return {f"{name}.txt": "".join(lines).encode()}


def index_files(name: str, recipe: Recipe, records: list[dict], parts: Path) -> dict[str, bytes]:
    """Return the files that list the images of a dataset.

    Args:
        name: of the dataset.
        recipe: its contents.
        records: what is known about each landmark, see `jobs.run`.
        parts: folder with the patches of each landmark (sets of patches only).

    Returns:
        {file name: content}.
    """
    if recipe.kind == "train":
        return _training_files(records)
    if recipe.kind in ("patches", "photographs"):
        return phototour_files(records, parts)
    if recipe.kind == "benchmark":
        return _benchmark_files(records, name)
    return _list_file(records, name)
