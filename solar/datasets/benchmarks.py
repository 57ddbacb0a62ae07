"""Benchmarks of retrieval on disk, in the published layout; mini and real ones are read alike.

A benchmark's folder holds `jpg/<name>.jpg` and `gnd_<benchmark>.pkl` (or `.json`), the ground
truth; a list of distractors holds `jpg/` and `<benchmark>.txt`, one file name per line.

Book: chapter 6 (the revisited protocol).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from ..files import atomic, load_pickle
from ..published import catalogue
from .names import entry_of, folder_of

PUBLISHED_BENCHMARKS = catalogue.of_kind("benchmark", "distractors")
REVISITED_LABELS = ("easy", "hard", "junk")  # Radenovic et al., 2018
ORIGINAL_LABELS = ("ok", "junk")  # the first Oxford and Paris benchmarks (Philbin et al.)


@dataclass(frozen=True)
class Benchmark:
    """A retrieval benchmark, or a list of distractors (then without queries).

    Attributes:
        name: the name that it was opened by.
        images: (N,) paths of the database, in the order of the ground truth.
        queries: (Q,) paths of the queries.
        boxes: (Q,) boxes (x0, y0, x1, y1) in pixels of the query, around the landmark.
        ground_truth: (Q,) dicts with 'bbx', 'easy', 'hard', 'junk' (indices into `images`); of the
            first Oxford and Paris benchmarks with 'bbx', 'ok', 'junk'.

    Example:
        >>> Benchmark("mine", images=[Path("a.jpg"), Path("b.jpg")])
        Benchmark('mine'): 2 images, 0 queries
    """

    name: str
    images: list[Path]
    queries: list[Path] = field(default_factory=list)
    boxes: list[tuple] = field(default_factory=list)
    ground_truth: list[dict] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Benchmark({self.name!r}): {len(self.images)} images, {len(self.queries)} queries"


def load_benchmark(name: str, root: str | Path | None = None) -> Benchmark:
    """Open a benchmark by name; a mini one is made on first use.

    Args:
        name: 'mini-revisitop', 'mini-validation', 'mini-distractors', 'roxford5k', 'rparis6k' or
            'revisitop1m'; or 'oxford5k', 'paris6k', the first labels for the images of 'roxford5k',
            'rparis6k'.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.

    Raises:
        ValueError: unknown name, or a ground truth that is not of the published structure.
        FileNotFoundError: a published dataset that is not there; says what to fetch and where to
            put it.

    Example:
        >>> load_benchmark("mini-oxford")
        Traceback (most recent call last):
        ValueError: unknown benchmark 'mini-oxford': expected one of mini-validation, ...
    """
    folder = folder_of(name, root, use="benchmark")
    jpg = folder / "jpg"
    truth = find_ground_truth(folder, name)
    listing = folder / f"{name}.txt"

    # a benchmark: images, queries and labels stand in its ground truth
    if jpg.is_dir() and truth is not None:
        images, queries, ground_truth = read_ground_truth(truth)
        return Benchmark(
            name=name,
            images=[jpg / f"{image}.jpg" for image in images],
            queries=[jpg / f"{query}.jpg" for query in queries],
            boxes=[query["bbx"] for query in ground_truth],
            ground_truth=ground_truth,
        )

    # distractors: a plain list of files
    if jpg.is_dir() and listing.is_file():
        lines = listing.read_text(encoding="utf-8").splitlines()
        return Benchmark(name, images=[jpg / line for line in lines if line.strip()])

    entry = entry_of(name)
    other = "the other file"
    if entry != name:  # the ground truths of the first benchmarks are not in the catalogue
        other = f"gnd_{name}.pkl (cmp.felk.cvut.cz/cnnimageretrieval/data/test/{name})"
    raise FileNotFoundError(
        f"{name}: not complete at {folder}; {catalogue.how_to_get(entry)}: "
        f"put the images into {jpg} and {other} into {folder}"
    )


def find_ground_truth(folder: Path, name: str) -> Path | None:
    """Return the ground truth of a benchmark in its folder, pickle before JSON, or None."""
    for suffix in ("pkl", "json"):
        path = folder / f"gnd_{name}.{suffix}"
        if path.is_file():
            return path
    return None


def read_ground_truth(path: str | Path) -> tuple[list[str], list[str], list[dict]]:
    """Read a ground truth, `gnd_*.pkl` (without running anything in it) or `gnd_*.json`.

    Args:
        path: the file, in the structure of Radenovic et al. (2018).

    Returns:
        images: N names, without '.jpg'.
        queries: Q names.
        ground_truth: Q dicts of plain numbers with 'bbx' and the labels, as in `Benchmark`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not of the published structure.
    """
    path = Path(path)
    content = _read_json(path) if path.suffix == ".json" else load_pickle(path)

    # plain lists of plain numbers, whatever arrays the file holds
    try:
        images = [str(name) for name in content["imlist"]]
        queries = [str(name) for name in content["qimlist"]]
        entries = list(content["gnd"])
        is_original = bool(entries) and "ok" in entries[0]
        labels = ORIGINAL_LABELS if is_original else REVISITED_LABELS
        ground_truth = [_plain_query(entry, labels) for entry in entries]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected a dict with imlist, qimlist and gnd, a list of bbx / easy / hard / "
            f"junk (bbx / ok / junk in the first benchmarks): {error!r}"
        ) from error

    # one box per query, and labels of images that exist
    has_boxes = all(len(query["bbx"]) == 4 for query in ground_truth)
    if len(queries) != len(ground_truth) or not has_boxes:
        raise ValueError(
            f"{path}: {len(queries)} queries and {len(ground_truth)} entries; expected a box of "
            f"four for each"
        )
    labelled = [i for query in ground_truth for label in labels for i in query[label]]
    if any(i < 0 or i >= len(images) for i in labelled):
        raise ValueError(f"{path}: it labels images beyond the {len(images)} in imlist")
    return images, queries, ground_truth


def _read_json(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from error


def _plain_query(entry: dict, labels: tuple[str, ...]) -> dict:
    """Return one query's box and labels as Python numbers."""
    query = {"bbx": tuple(float(v) for v in entry["bbx"])}
    for label in labels:
        query[label] = [int(i) for i in entry[label]]
    return query


def write_ground_truth(source: str | Path, path: str | Path) -> Path:
    """Convert a ground-truth pickle into JSON, for any language; `load_benchmark` reads it too.

    Args:
        source: `gnd_*.pkl` or `gnd_*.json`.
        path: the JSON file to write.

    Returns:
        `path`.

    Raises:
        FileNotFoundError, ValueError: as `read_ground_truth`.
    """
    images, queries, ground_truth = read_ground_truth(source)
    content = json.dumps(dict(imlist=images, qimlist=queries, gnd=ground_truth))
    with atomic(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
    return Path(path)
