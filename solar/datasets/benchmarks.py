"""Benchmarks on disk, in the published layout; whether one is mini or real makes no difference here."""

from dataclasses import dataclass, field
from pathlib import Path

from ..files import home, load_pickle
from ..world import DATASETS, make

MINI = [name for name, recipe in DATASETS.items() if recipe.kind in ("benchmark", "distractors")]
PUBLISHED = {
    "roxford5k": "the images oxbuild_images-v1.tgz (robots.ox.ac.uk/~vgg/data) and the ground truth "
    "http://cmp.felk.cvut.cz/revisitop/data/datasets/roxford5k/gnd_roxford5k.pkl",
    "rparis6k": "the images paris_1-v1.tgz and paris_2-v1.tgz (robots.ox.ac.uk/~vgg/data) and the ground truth "
    "http://cmp.felk.cvut.cz/revisitop/data/datasets/rparis6k/gnd_rparis6k.pkl",
    "revisitop1m": "the list and tarballs at http://ptak.felk.cvut.cz/revisitop/revisitop1m/",
}


@dataclass(frozen=True)
class Benchmark:
    """A retrieval benchmark, or a list of distractors (then without queries).

    Attributes:
        images: paths of the database, in the ground truth's order.
        queries: paths of the queries; boxes: (x0, y0, x1, y1) in pixels of each.
        ground_truth: one dict a query with 'bbx', 'easy', 'hard', 'junk' (indices into `images`).
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
        name: 'mini-revisitop', 'mini-validation', 'mini-distractors', 'roxford5k', 'rparis6k' or 'revisitop1m'.
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.

    Raises:
        ValueError: unknown name, or a ground truth that is not of the published structure.
        FileNotFoundError: a published dataset that is not there; says what to fetch and where to put it.
    """
    root = Path(root) if root is not None else home() / "data"
    folder = root / name
    if name in MINI:
        folder = make(name, root)
    elif name not in PUBLISHED:
        raise ValueError(f"unknown benchmark {name!r}: expected one of {', '.join([*MINI, *PUBLISHED])}")
    truth, listing = folder / f"gnd_{name}.pkl", folder / f"{name}.txt"
    if (folder / "jpg").is_dir() and truth.is_file():
        return _with_ground_truth(name, folder, truth)
    if (folder / "jpg").is_dir() and listing.is_file():
        return Benchmark(name, [folder / "jpg" / line for line in listing.read_text().splitlines() if line.strip()])
    raise FileNotFoundError(
        f"{name}: not complete at {folder}; fetch {PUBLISHED.get(name, name)}, "
        f"put the images into {folder / 'jpg'} and the other file into {folder}"
    )


def _with_ground_truth(name: str, folder: Path, truth: Path) -> Benchmark:
    content = load_pickle(truth)
    try:
        images, queries, gnd = (list(content[key]) for key in ("imlist", "qimlist", "gnd"))
        boxes = [tuple(float(v) for v in query["bbx"]) for query in gnd]
        clean = [
            dict(bbx=box, **{k: [int(i) for i in query[k]] for k in ("easy", "hard", "junk")})
            for box, query in zip(boxes, gnd)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{truth}: expected a dict with imlist, qimlist and gnd, a list of bbx / easy / hard / junk ({error!r})"
        ) from error
    if len(queries) != len(clean) or any(len(box) != 4 for box in boxes):
        raise ValueError(f"{truth}: {len(queries)} queries and {len(clean)} entries; expected a box of four for each")
    if any(not 0 <= i < len(images) for query in clean for k in ("easy", "hard", "junk") for i in query[k]):
        raise ValueError(f"{truth}: it labels images beyond the {len(images)} in imlist")

    def path(image):
        return folder / "jpg" / f"{image}.jpg"

    return Benchmark(name, [path(i) for i in images], [path(q) for q in queries], boxes, clean)
