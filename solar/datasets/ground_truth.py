"""Ground truths of benchmarks: read, checked query by query, and written as JSON.

Book: chapter 9 (the revisited protocol).
"""

import itertools
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..files import atomic, check_output, in_one_line, load_pickle, name_in

REVISITED_LABELS = ("easy", "hard", "junk")  # Radenovic et al., 2018
ORIGINAL_LABELS = ("ok", "junk")  # the first Oxford and Paris benchmarks (Philbin et al.)
SUFFIXES = (".pkl", ".json")


def find_ground_truth(folder: Path, name: str) -> Path | None:
    """Return the ground truth of a benchmark in its folder, pickle before JSON, or None."""
    for suffix in SUFFIXES:
        path = folder / f"gnd_{name}{suffix}"
        if path.is_file():
            return path
    return None


def read_ground_truth(path: str | Path) -> tuple[list[str], list[str], list[dict]]:
    """Read a ground truth, `gnd_*.pkl` (without running anything in it) or `gnd_*.json`.

    The labels of a query are sets: an image that is listed twice under one label counts once.

    Args:
        path: the file, in the structure of Radenovic et al. (2018).

    Returns:
        images: N names, without '.jpg' in the published files.
        queries: Q names.
        ground_truth: Q dicts of plain numbers with 'bbx' and the labels, as in `Benchmark`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not of the published structure, or an image with two labels of one query.
    """
    path = Path(path)
    name = in_one_line(path, 300)
    content = _read_json(path) if path.suffix == ".json" else load_pickle(path)

    # 1. plain lists of plain numbers, whatever arrays the file holds
    try:
        images = [name_in(image) for image in content["imlist"]]
        queries = [name_in(query) for query in content["qimlist"]]
        entries = list(content["gnd"])
        is_original = bool(entries) and "ok" in entries[0]
        labels = ORIGINAL_LABELS if is_original else REVISITED_LABELS
        ground_truth = [_plain_query(entry, labels) for entry in entries]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = in_one_line(f"{type(error).__name__}: {error}", 200)
        raise ValueError(
            f"{name}: expected a dict with imlist, qimlist and gnd, a list of bbx / easy / hard / "
            f"junk (bbx / ok / junk in the first benchmarks): {reason}"
        ) from error

    # 2. one box per query
    has_boxes = all(len(query["bbx"]) == 4 for query in ground_truth)
    if len(queries) != len(ground_truth) or not has_boxes:
        raise ValueError(
            f"{name}: {len(queries)} queries and {len(ground_truth)} entries; expected a box of "
            f"four for each"
        )

    # 3. labels of images that exist, and one label per image and query
    labelled = [i for query in ground_truth for label in labels for i in query[label]]
    if any(i < 0 or i >= len(images) for i in labelled):
        raise ValueError(f"{name}: it labels images beyond the {len(images)} in imlist")
    for number, query in enumerate(ground_truth):
        for first, second in itertools.combinations(labels, 2):
            both = set(query[first]) & set(query[second])
            if both:
                raise ValueError(
                    f"{name}: query {number} ({in_one_line(queries[number])}): image {min(both)} "
                    f"({in_one_line(images[min(both)])}) is in {first} and in {second}; expected "
                    f"one label per image"
                )
    return images, queries, ground_truth


def _read_json(path: Path):
    """Read a JSON file, with or without a byte-order mark."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{in_one_line(path, 300)}: not JSON ({in_one_line(str(error), 200)})"
        ) from error


def _plain_query(entry: dict, labels: tuple[str, ...]) -> dict:
    """Return one query's box and labels as Python numbers."""
    box = tuple(float(v) for v in entry["bbx"])
    if not all(math.isfinite(v) for v in box):
        raise ValueError(f"a box {box}")
    query: dict = {"bbx": box}
    for label in labels:
        query[label] = _numbers_of_images(entry[label])
    return query


def _numbers_of_images(values: Iterable) -> list[int]:
    """Return whole numbers, each once, in the order in which they first come."""
    numbers = []
    for value in values:
        number = int(value)
        # not 1.5, '1', or an array of True and False, one per image
        if isinstance(value, bool | np.bool_) or number != value:
            raise ValueError(f"a label {in_one_line(value)}; expected numbers of images")
        numbers.append(number)
    return list(dict.fromkeys(numbers))


def write_ground_truth(source: str | Path, path: str | Path) -> Path:
    """Convert a ground-truth pickle into JSON, for any language; `load_benchmark` reads it too.

    Args:
        source: `gnd_*.pkl` or `gnd_*.json`.
        path: the JSON file to write.

    Returns:
        `path`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: as `read_ground_truth`; or `path` is `source` itself, or a folder.
    """
    check_output(path, [source])
    images, queries, ground_truth = read_ground_truth(source)
    content = json.dumps(dict(imlist=images, qimlist=queries, gnd=ground_truth))
    with atomic(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return Path(path)
