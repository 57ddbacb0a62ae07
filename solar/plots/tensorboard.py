"""Results in TensorBoard: scores, ranked lists as pictures, and descriptors to walk around in (the
projector).
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps

from ..datasets import Benchmark
from ..images import read_image
from ..search.protocol import Report
from ..search.ranking import top_k

THUMB = 96  # pixels a side
COLOURS = {
    "query": "#F0E442",
    "easy": "#009E73",
    "hard": "#009E73",
    "junk": "#999999",
    "other": "#D55E00",
}


def board(
    folder: str | Path, bench: Benchmark, database, queries, report: Report, length: int = 10
) -> Path:
    """Write one evaluation for `tensorboard --logdir <folder>`.

    Scalars hold the means, Images a ranked list a query (worst AP first), the Projector every
    database and query descriptor with its thumbnail and the query for which it is easy or hard.

    Args:
        database: (N, D) descriptors of `bench.images`;  queries: (Q, D).  length: images a list.
    """
    from torch.utils.tensorboard import SummaryWriter  # slow to import

    ranking, _ = top_k(queries, database, length)
    protocol = "medium" if "medium" in report.ap else next(iter(report.ap))
    with SummaryWriter(str(folder)) as writer:
        for name, value in report.map.items():
            writer.add_scalar(f"mAP/{name}", 100 * value)
            for k, precision in report.mp[name].items():
                writer.add_scalar(f"mP@{k}/{name}", 100 * precision)
        for place, q in enumerate(np.argsort(report.ap[protocol])):
            strip = ranked_strip(bench, int(q), ranking[q])
            ap = 100 * report.ap[protocol][q]
            writer.add_image(
                f"rankings/{place:03} query {q}, AP {ap:.1f}", np.asarray(strip), dataformats="HWC"
            )
        thumbs = [_thumb(path) for path in bench.images]
        thumbs += [_thumb(path, box) for path, box in zip(bench.queries, bench.boxes)]
        pictures = (
            torch.from_numpy(np.stack([np.asarray(thumb) for thumb in thumbs])).permute(0, 3, 1, 2)
            / 255
        )
        labels = _labels(bench)
        writer.add_embedding(
            np.concatenate([database, queries]),
            labels,
            pictures,
            metadata_header=["image", "shows"],
        )
    return Path(folder)


def ranked_strip(bench: Benchmark, query: int, ranking) -> Image.Image:
    """A query, cropped to its box, and its best images, each in a frame of its label's colour."""
    truth = bench.ground_truth[query]
    pictures = [(bench.queries[query], bench.boxes[query], "query")]
    for i in ranking:
        label = next(
            (name for name, images in truth.items() if name in COLOURS and i in images), "other"
        )
        pictures.append((bench.images[i], None, label))
    strip = Image.new("RGB", (THUMB * len(pictures), THUMB), "white")
    for place, (path, box, label) in enumerate(pictures):
        thumb = _thumb(path, box)
        ImageDraw.Draw(thumb).rectangle(
            (0, 0, THUMB - 1, THUMB - 1), outline=COLOURS[label], width=4
        )
        strip.paste(thumb, (place * THUMB, 0))
    return strip


def _thumb(path, box=None) -> Image.Image:
    image = read_image(path)
    return ImageOps.pad(
        image.crop(tuple(map(int, box))) if box is not None else image,
        (THUMB, THUMB),
        color="white",
    )


def _labels(bench: Benchmark) -> list[list[str]]:
    """(image, what it shows): the first query that it is easy or hard for."""
    shows = {}
    for q, truth in enumerate(bench.ground_truth):
        for i in [*truth.get("easy", ()), *truth.get("hard", ()), *truth.get("ok", ())]:
            shows.setdefault(i, f"query {q}")
    images = [[path.name, shows.get(i, "-")] for i, path in enumerate(bench.images)]
    return images + [[path.name, f"query {q}"] for q, path in enumerate(bench.queries)]
