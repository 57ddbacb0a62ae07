"""Benchmarks of retrieval on disk, in the published layout; mini and real ones are read alike.

A benchmark's folder holds `jpg/<name>.jpg` and `gnd_<benchmark>.pkl` (or `.json`), the ground
truth; a list of distractors holds `jpg/` and `<benchmark>.txt`, one file name per line. Own
benchmarks have a ground truth of the same structure anywhere, and a folder of images of any format.

Book: chapter 9 (the revisited protocol).
"""

from dataclasses import dataclass, field
from pathlib import Path

from ..files import in_one_line, name_in, read_lines
from ..images import SUFFIXES as IMAGE_SUFFIXES
from ..images import find_images, words_of
from ..published import catalogue
from .ground_truth import SUFFIXES, find_ground_truth, read_ground_truth
from .names import entry_of, folder_of, is_name

PUBLISHED_BENCHMARKS = catalogue.of_kind("benchmark", "distractors")


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


def load_benchmark(
    name: str | Path, root: str | Path | None = None, images: str | Path | None = None
) -> Benchmark:
    """Open a benchmark by name, or an own one by its ground truth; a mini one is made on first use.

    Args:
        name: 'mini-revisitop', 'mini-validation', 'mini-distractors', 'roxford5k', 'rparis6k' or
            'revisitop1m'; or 'oxford5k', 'paris6k', the first labels for the images of 'roxford5k',
            'rparis6k'; or the path of a ground truth of one's own, a pickle or JSON file in the
            structure of Radenovic et al. (2018).
        root: the folder that holds dataset folders; `$SOLAR_HOME/data` if None.
        images: the folder of an own benchmark's images and queries, of any format, whose names in
            the ground truth may end without a suffix; `jpg/` beside the ground truth if None.

    Raises:
        ValueError: unknown name, or a ground truth that is not of the published structure.
        FileNotFoundError: a published dataset that is not there (says what to fetch and where to
            put it), no such ground truth, or images that the folder does not hold.

    Example:
        >>> load_benchmark("mini-oxford")
        Traceback (most recent call last):
        ValueError: unknown benchmark 'mini-oxford': expected one of mini-validation, ...
    """
    is_own = not is_name(name) and Path(name).suffix in SUFFIXES
    if is_own:
        return _own_benchmark(Path(name), images)
    if images is not None:
        raise ValueError(
            f"{in_one_line(str(name))}: its images are known; a folder of images goes with the "
            f"path of a ground truth (.pkl or .json)"
        )
    name = str(name)
    folder = folder_of(name, root, use="benchmark")
    jpg = folder / "jpg"
    truth = find_ground_truth(folder, name)
    listing = folder / f"{name}.txt"

    # a benchmark: images, queries and labels stand in its ground truth
    if jpg.is_dir() and truth is not None:
        names, queries, ground_truth = read_ground_truth(truth)
        return Benchmark(
            name=name,
            images=[jpg / f"{image}.jpg" for image in names],
            queries=[jpg / f"{query}.jpg" for query in queries],
            boxes=[query["bbx"] for query in ground_truth],
            ground_truth=ground_truth,
        )

    # distractors: a plain list of files
    if jpg.is_dir() and listing.is_file():
        return Benchmark(name, images=[jpg / line for line in read_lines(listing)])

    entry = entry_of(name)
    other = "the other file"
    if entry != name:  # the ground truths of the first benchmarks are not in the catalogue
        other = f"gnd_{name}.pkl (cmp.felk.cvut.cz/cnnimageretrieval/data/test/{name})"
    raise FileNotFoundError(
        f"{name}: not complete at {folder}; {catalogue.how_to_get(entry)}: "
        f"put the images into {jpg} and {other} into {folder}"
    )


def _own_benchmark(truth: Path, folder: str | Path | None) -> Benchmark:
    """Open a ground truth of one's own, with the images and queries of a folder."""
    folder = truth.parent / "jpg" if folder is None else Path(folder)
    if not truth.is_file():
        raise FileNotFoundError(f"{in_one_line(truth, 300)}: no such ground truth")
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{in_one_line(folder, 300)}: no such folder; say where the images are: images=FOLDER "
            f"(--images FOLDER)"
        )
    images, queries, ground_truth = read_ground_truth(truth)
    paths = _find_named(folder, [*images, *queries])
    return Benchmark(
        name=truth.stem.removeprefix("gnd_"),
        images=paths[: len(images)],
        queries=paths[len(images) :],
        boxes=[query["bbx"] for query in ground_truth],
        ground_truth=ground_truth,
    )


def _find_named(folder: Path, names: list[str]) -> list[Path]:
    """Find images in a folder by their names, with or without a suffix.

    Raises:
        FileNotFoundError: some are not there.
        ValueError: two images have one name.
    """
    # names as a ground truth spells them: 'sub/a.jpg', or 'sub/a'
    paths, left_out = find_images(folder)
    whole: dict[str, Path] = {}
    without_suffix: dict[str, list[Path]] = {}
    for path in paths:
        name = name_in(path.relative_to(folder).as_posix())
        whole[name] = path
        without_suffix.setdefault(name.removesuffix(path.suffix), []).append(path)

    found = []
    missing = []
    for name in names:
        same = [whole[name]] if name in whole else without_suffix.get(name, [])
        if not same and Path(name).suffix.lower() in IMAGE_SUFFIXES:  # another spelling: a.JPG
            same = without_suffix.get(name.removesuffix(Path(name).suffix), [])
        if len(same) > 1:
            endings = ", ".join(path.suffix for path in same)
            raise ValueError(
                f"{in_one_line(folder, 300)}: several images are called {in_one_line(name)} "
                f"({endings}); write the suffix into the ground truth, or keep one"
            )
        if same:
            found += same
        else:
            missing.append(name)
    if missing:
        examples = ", ".join(in_one_line(name) for name in missing[:3])
        beside = f" (it also holds {words_of(left_out)})" if left_out else ""
        raise FileNotFoundError(
            f"{in_one_line(folder, 300)}: {len(missing)} of {len(names)} images are not there, "
            f"such as {examples}{beside}"
        )
    return found
