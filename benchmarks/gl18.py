"""The training index of a million images in GL18's layout: seconds and memory; images are links to
small JPEGs.

Run it as `python benchmarks/gl18.py`; it makes its folder in a temporary place (a million names)
and removes it.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from solar.datasets import build_index, load_training


def make(root: Path, rows: int, landmarks: int) -> None:
    """Tables of `rows` images of `landmarks`, one in ten with a box, and a hundredth of the images
    missing.
    """
    rng = np.random.default_rng(0)
    (root / "jpg").mkdir()
    names = [f"{number:016x}" for number in rng.permutation(rows)]
    shown = rng.integers(0, landmarks, rows)
    lines = (
        f'{name},"http://example.org/{name}.jpg",{landmark}\n'
        for name, landmark in zip(names, shown)
    )
    (root / "train.csv").write_text("id,url,landmark_id\n" + "".join(lines))
    for split, part in ((1, names[: rows // 15]), (2, names[rows // 15 : rows // 10])):
        boxes = "".join(f"{name},0.1 0.2 0.8 0.9\n" for name in part)
        (root / f"boxes_split{split}.csv").write_text("id,box\n" + boxes)
    source = root / "source.jpg"
    for number, name in enumerate(names):
        if number % 30_000 == 0:  # a file takes so many links, and not many more
            source = root / f"source{number}.jpg"
            Image.new("RGB", (64, 48)).save(source)
        if number % 100:
            os.link(source, root / "jpg" / f"{name}.jpg")


def main() -> None:
    """Print what each part takes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="images (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root, arguments.rows, arguments.rows // 70)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        for name, part in (("build_index", build_index), ("load_training", load_training)):
            start, cpu = time.perf_counter(), time.process_time()
            found = part(root)
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(
                f"{name}: {wall:.1f} s ({cpu:.1f} s of processor), at most {peak:.2f} GiB, {before:.2f} before it"
            )
            print(f"  {found if isinstance(found, dict) else f'{len(found):,} images'}", flush=True)


if __name__ == "__main__":
    main()
