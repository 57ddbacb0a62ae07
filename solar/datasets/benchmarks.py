"""Benchmarks on disk, in the published layout; whether one is mini or real makes no difference
here.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from ..files import atomic, home, load_pickle
from ..published import catalogue
from ..world import DATASETS, make

MINI = [name for name, recipe in DATASETS.items() if recipe.kind in ("benchmark", "distractors")]
PUBLISHED_BENCHMARKS = catalogue.of_kind("benchmark", "distractors")
FIRST = {
    "oxford5k": "roxford5k",
    "paris6k": "rparis6k",
}  # the first benchmarks, and whose images they share
LABELS = (("easy", "hard", "junk"), ("ok", "junk"))  # of the revisited, and of the first


@dataclass(frozen=True)
class Benchmark:
    """A retrieval benchmark, or a list of distractors (then without queries).

    Attributes:
        images: paths of the database, in the ground truth's order.
        queries: paths of the queries; boxes: (x0, y0, x1, y1) in pixels of each.
        ground_truth: one dict a query with 'bbx', 'easy', 'hard', 'junk' (indices into `images`);
            of the first Oxford and Paris benchmarks with 'bbx', 'ok', 'junk'.
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
    """
    root = Path(root) if root is not None else home() / "data"
    fetched = FIRST.get(name, name)
    folder = root / fetched
    if name in MINI:
        folder = make(name, root)
    elif fetched not in PUBLISHED_BENCHMARKS:
        raise ValueError(
            f"unknown benchmark {name!r}: expected one of {', '.join([*MINI, *PUBLISHED_BENCHMARKS, *FIRST])}"
        )
    truths, listing = (
        [folder / f"gnd_{name}.{kind}" for kind in ("pkl", "json")],
        folder / f"{name}.txt",
    )
    truth = next((path for path in truths if path.is_file()), None)
    if (folder / "jpg").is_dir() and truth:
        images, queries, gnd = read_ground_truth(truth)
        paths = [
            [folder / "jpg" / f"{image}.jpg" for image in names] for names in (images, queries)
        ]
        return Benchmark(name, *paths, [query["bbx"] for query in gnd], gnd)
    if (folder / "jpg").is_dir() and listing.is_file():
        lines = listing.read_text(encoding="utf-8").splitlines()
        return Benchmark(name, [folder / "jpg" / line for line in lines if line.strip()])
    first = f"gnd_{name}.pkl (cmp.felk.cvut.cz/cnnimageretrieval/data/test/{name})"
    other = first if name in FIRST else "the other file"
    raise FileNotFoundError(
        f"{name}: not complete at {folder}; {catalogue.how_to_get(fetched)}: "
        f"put the images into {folder / 'jpg'} and {other} into {folder}"
    )


def read_ground_truth(path: str | Path) -> tuple[list[str], list[str], list[dict]]:
    """Names of images and of queries, and the labels, of a gnd_*.pkl (nothing in it is run) or a
    gnd_*.json.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not of the published structure.
    """
    truth = Path(path)
    if truth.suffix == ".json":
        try:
            content = json.loads(truth.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{truth}: not JSON ({error})") from error
    else:
        content = load_pickle(truth)
    try:
        images, queries, gnd = (list(content[key]) for key in ("imlist", "qimlist", "gnd"))
        boxes = [tuple(float(v) for v in query["bbx"]) for query in gnd]
        labels = LABELS["ok" in gnd[0]] if gnd else LABELS[0]
        clean = [
            dict(bbx=box, **{k: [int(i) for i in query[k]] for k in labels})
            for box, query in zip(boxes, gnd)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{truth}: expected a dict with imlist, qimlist and gnd, a list of bbx / easy / hard / junk "
            f"(bbx / ok / junk in the first benchmarks): {error!r}"
        ) from error
    if len(queries) != len(clean) or any(len(box) != 4 for box in boxes):
        raise ValueError(
            f"{truth}: {len(queries)} queries and {len(clean)} entries; expected a box of four for each"
        )
    if any(not 0 <= i < len(images) for query in clean for k in labels for i in query[k]):
        raise ValueError(f"{truth}: it labels images beyond the {len(images)} in imlist")

    return [str(i) for i in images], [str(q) for q in queries], clean


def write_ground_truth(source: str | Path, path: str | Path) -> Path:
    """Convert a ground-truth pickle into JSON that any language reads, and that `load_benchmark`
    reads as well.
    """
    images, queries, gnd = read_ground_truth(source)
    with atomic(path) as temporary:
        temporary.write_text(
            json.dumps(dict(imlist=images, qimlist=queries, gnd=gnd)), encoding="utf-8"
        )
    return Path(path)
