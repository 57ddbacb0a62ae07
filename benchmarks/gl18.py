"""The training index of a million images in GL18's layout: seconds and peak memory.

The images are links to small JPEGs. Run it as `python benchmarks/gl18.py`; it makes its folder (a
million names) in a temporary place and removes it.
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

LINKS_PER_FILE = 30_000  # a file system allows so many links to one file, and not many more
IMAGES_PER_LANDMARK = 70


def make_folder(root: Path, rows: int) -> None:
    """Write tables and images: one image in ten has a box, one in a hundred is missing."""
    rng = np.random.default_rng(0)
    names = [f"{number:016x}" for number in rng.permutation(rows)]
    landmarks = rng.integers(0, rows // IMAGES_PER_LANDMARK, rows)

    # train.csv
    lines = [
        f'{name},"http://example.org/{name}.jpg",{landmark}\n'
        for name, landmark in zip(names, landmarks)
    ]
    (root / "train.csv").write_text("id,url,landmark_id\n" + "".join(lines))

    # boxes_split1.csv and boxes_split2.csv
    first = names[: rows // 15]
    second = names[rows // 15 : rows // 10]
    for split, part in ((1, first), (2, second)):
        boxes = "".join(f"{name},0.1 0.2 0.8 0.9\n" for name in part)
        (root / f"boxes_split{split}.csv").write_text("id,box\n" + boxes)

    # jpg/
    (root / "jpg").mkdir()
    for number, name in enumerate(names):
        if number % LINKS_PER_FILE == 0:
            source = root / f"source{number}.jpg"
            Image.new("RGB", (64, 48)).save(source)
        if number % 100:
            os.link(source, root / "jpg" / f"{name}.jpg")


def peak_gib() -> float:
    """Return the most memory that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Print what each step takes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="images (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_folder(root, arguments.rows)
        before = peak_gib()
        for step in (build_index, load_training):
            start = time.perf_counter()
            cpu_start = time.process_time()
            result = step(root)
            seconds = time.perf_counter() - start
            cpu_seconds = time.process_time() - cpu_start
            print(
                f"{step.__name__}: {seconds:.1f} s ({cpu_seconds:.1f} s of processor), "
                f"at most {peak_gib():.2f} GiB, {before:.2f} before it"
            )
            summary = result if isinstance(result, dict) else f"{len(result):,} images"
            print(f"  {summary}", flush=True)


if __name__ == "__main__":
    main()
