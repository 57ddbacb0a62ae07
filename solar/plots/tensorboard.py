"""Results in TensorBoard: scores, ranked lists as images, and descriptors in the projector.

Book: chapter 9 (the revisited protocol).
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps

from ..datasets import Benchmark
from ..files import optional
from ..images import read_image
from ..search import Report, top_k
from .basics import COLOURS, label_of

THUMB = 96  # pixels on each side of a thumbnail


def board(
    folder: str | Path, bench: Benchmark, database, queries, report: Report, length: int = 10
) -> Path:
    """Write one evaluation for `tensorboard --logdir FOLDER`.

    Scalars hold the means. Images hold one ranked list per query, worst AP first. The Projector
    holds every database and query descriptor, with its thumbnail and the query for which it is easy
    or hard.

    Args:
        folder: where TensorBoard's files go; it is made if it does not exist.
        bench: the benchmark.
        database: (N, D) descriptors of `bench.images`.
        queries: (Q, D) descriptors of `bench.queries`.
        report: the scores of these descriptors.
        length: images in a list.

    Returns:
        The folder.
    """
    # it takes a second to import
    tensorboard = optional("torch.utils.tensorboard", "tensorboard", "TensorBoard's log")
    ranking, _ = top_k(queries, database, length)  # (Q, length)
    with tensorboard.SummaryWriter(str(folder)) as writer:
        _write_means(writer, report)
        _write_lists(writer, bench, ranking, report)

        # descriptors, each with a thumbnail (3, THUMB, THUMB) and two words
        thumbs = [_thumb(path) for path in bench.images]
        thumbs += [_thumb(path, box) for path, box in zip(bench.queries, bench.boxes)]
        pixels = np.stack([np.asarray(thumb) for thumb in thumbs])  # (N + Q, THUMB, THUMB, 3)
        writer.add_embedding(
            np.concatenate([database, queries]),
            _words(bench),
            torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255,
            metadata_header=["image", "shows"],
        )
    return Path(folder)


def _write_means(writer, report: Report) -> None:
    """Write mAP and mean precision of every protocol, in percent."""
    for protocol, value in report.map.items():
        writer.add_scalar(f"mAP/{protocol}", 100 * value)
        for k, precision in report.mp[protocol].items():
            writer.add_scalar(f"mP@{k}/{protocol}", 100 * precision)


def _write_lists(writer, bench: Benchmark, ranking: np.ndarray, report: Report) -> None:
    """Write the ranked list of every query, worst AP first."""
    protocol = "medium" if "medium" in report.ap else next(iter(report.ap))
    for position, q in enumerate(np.argsort(report.ap[protocol])):
        strip = ranked_strip(bench, int(q), ranking[q])
        ap = 100 * report.ap[protocol][q]
        name = f"rankings/{position:03} query {q}, AP {ap:.1f}"
        writer.add_image(name, np.asarray(strip), dataformats="HWC")


def ranked_strip(bench: Benchmark, query: int, ranking) -> Image.Image:
    """Draw a query and its best images in a row of thumbnails.

    Args:
        bench: the benchmark.
        query: number of the query; its thumbnail is cropped to its box.
        ranking: (k,) numbers of database images, best first.

    Returns:
        An image of (k + 1) thumbnails, each in a frame of its label's colour.
    """
    truth = bench.ground_truth[query]
    thumbs = [_thumb(bench.queries[query], bench.boxes[query])]
    labels = ["query"]
    for image in ranking:
        thumbs.append(_thumb(bench.images[image]))
        labels.append(label_of(truth, int(image)))

    # frame each thumbnail and paste it beside the one before
    strip = Image.new("RGB", (THUMB * len(thumbs), THUMB), "white")
    for position, (thumb, label) in enumerate(zip(thumbs, labels)):
        frame = (0, 0, THUMB - 1, THUMB - 1)
        ImageDraw.Draw(thumb).rectangle(frame, outline=COLOURS[label], width=4)
        strip.paste(thumb, (position * THUMB, 0))
    return strip


def _thumb(path, box=None) -> Image.Image:
    """Return a square thumbnail of an image, or of its box, on white paper."""
    image = read_image(path)
    if box is not None:
        image = image.crop(tuple(map(int, box)))
    return ImageOps.pad(image, (THUMB, THUMB), color="white")


def _words(bench: Benchmark) -> list[list[str]]:
    """Return [name, what it shows] of every image and query; the first query with it counts."""
    shows = {}
    for q, truth in enumerate(bench.ground_truth):
        for label in ("easy", "hard", "ok"):
            for image in truth.get(label, ()):
                shows.setdefault(image, f"query {q}")
    images = [[path.name, shows.get(i, "-")] for i, path in enumerate(bench.images)]
    queries = [[path.name, f"query {q}"] for q, path in enumerate(bench.queries)]
    return images + queries
