"""Make the picture of the welcome page and of the README, and the card that is shown with links.

    python tools/teaser.py

Two networks describe the benchmark `mini-validation`: `mini-gem`, and `mini-solar`, which has the
same trunk with attention blocks and further training behind it. Two queries are chosen by rule and
not by eye: the one whose average precision (medium) rises most from the first network to the
second, and the one where it falls most. For each query there is its list in both networks, and
between the lists the share of each position in the pool: what the descriptor is made of.
"""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image

import solar
from solar import plots
from solar.files import sha256
from solar.images import prepare, to_tensor
from solar.plots import attention
from solar.search import DescribeOptions

FOLDER = Path(__file__).resolve().parents[1] / "book" / "images"
BENCHMARK = "mini-validation"
NETWORKS = {"without attention": "mini-gem", "with attention": "mini-solar"}
SIZE = 256  # of the longer side of an image
LENGTH = 4  # results of each list
PROTOCOL = "medium"
CARD = (1200, 630)  # pixels of the card
INK = "#1f2328"
LETTERS = 18  # points: where a telephone shows the picture 350 pixels wide, letters of 11 pixels
TICK = "\N{CHECK MARK}"
CROSS = "\N{BALLOT X}"


def made_by() -> str:
    """Say by which weights the picture is made; it stands in the file, and a test reads it."""
    folder = Path(solar.__file__).parent / "weights"
    sums = [f"{name} {sha256(folder / f'{name}.pth')}" for name in NETWORKS.values()]
    return "; ".join(sums)


def pool_shares(net, image) -> np.ndarray:
    """Return the share of each position in GeM's sum, the channels counting alike: (h, w).

    Args:
        net: a `GlobalNet`.
        image: a PIL image.
    """
    x = to_tensor(image, net.mean, net.std)[None]  # (1, 3, H, W)
    with torch.no_grad():
        maps = net.features(x)[0]  # (C, h, w)
    strength = maps.clamp(min=1e-6).pow(net.pool.p.item())  # (C, h, w)
    return (strength / strength.sum((1, 2), keepdim=True)).mean(0).numpy()


def measured(benchmark) -> dict[str, dict]:
    """Describe and score the benchmark with each network.

    Returns:
        name -> 'net', 'ranking' (Q, N) and 'ap' (Q,).
    """
    options = DescribeOptions(image_size=SIZE, scales=(1,))
    found = {}
    for title, name in NETWORKS.items():
        net = solar.load(name)
        database = solar.describe(net, benchmark.images, options=options)  # (N, D)
        queries = solar.describe(
            net, benchmark.queries, boxes=benchmark.boxes, options=options
        )  # (Q, D)
        report = solar.evaluate(benchmark.ground_truth, database=database, queries=queries)
        ranking, _ = solar.top_k(queries, database, len(database))
        found[title] = dict(net=net, ranking=ranking, ap=report.ap[PROTOCOL])
    return found


def chosen(found: dict[str, dict]) -> dict[str, int]:
    """Return the queries that are drawn: where the score rises most, and where it falls most."""
    before, after = (each["ap"] for each in found.values())
    change = after - before
    return {
        "gains most": int(np.nanargmax(change)),
        "loses most": int(np.nanargmin(change)),
    }


def draw_row(axes, benchmark, query: int, title: str, one: dict) -> None:
    """Draw one network's line: the map of shares, and the first results.

    Args:
        axes: of the map and of the results.
        benchmark: with images and ground truth.
        query: its number.
        title: which network this is.
        one: what `measured` found for it.
    """
    # the network sees the query's box alone
    crop = prepare(benchmark.queries[query], benchmark.boxes[query], SIZE)
    shares = pool_shares(one["net"], crop)
    attention.attention_map(axes[0], crop, shares)

    # ignored images fall out of the list, as the protocol asks
    truth = benchmark.ground_truth[query]
    labels = {int(i): plots.label_of(truth, int(i)) for i in one["ranking"][query]}
    counted = [image for image, label in labels.items() if label != "junk"]
    for axis, image in zip(axes[1:], counted[:LENGTH]):
        colour = plots.COLOURS[labels[image]]
        plots.show(axis, benchmark.images[image], "", colour)
        tell(axis, labels[image] != "other", colour)

    # one heading for the line, which begins above the map
    words = f"{title}: AP {100 * one['ap'][query]:.0f}"
    top = axes[0].get_subplotspec().get_position(axes[0].figure)
    axes[0].figure.text(top.x0, top.y1 + 0.012, words, fontsize=LETTERS, color=INK)


def tell(axis, right: bool, colour: str) -> None:
    """Say in a corner of a result whether it is right, as not all readers tell the frames apart."""
    axis.text(
        0.0,
        0.0,
        TICK if right else CROSS,
        transform=axis.transAxes,
        fontsize=LETTERS,
        weight="bold",
        color="white",
        va="bottom",
        bbox=dict(facecolor=colour, edgecolor="none", pad=1.5),
    )


def draw(benchmark, found: dict[str, dict], queries: dict[str, int]) -> plt.Figure:
    """Draw two lines for each query: without attention, and with it."""
    figure = plt.figure(figsize=(8, 1.33 * 2 * len(queries)))
    grid = figure.add_gridspec(
        2 * len(queries),
        LENGTH + 2,
        width_ratios=[1.5] + [1] * (LENGTH + 1),
        left=0.01,
        right=0.99,
        top=0.94,
        bottom=0.01,
        wspace=0.08,
        hspace=0.42,
    )
    for number, (words, query) in enumerate(queries.items()):
        # the query stands beside both of its lines
        beside = figure.add_subplot(grid[2 * number : 2 * number + 2, 0])
        plots.show(beside, benchmark.queries[query], words, box=benchmark.boxes[query])
        beside.title.set(color=INK, fontsize=LETTERS)
        for row, (title, one) in enumerate(found.items(), start=2 * number):
            axes = [figure.add_subplot(grid[row, column + 1]) for column in range(LENGTH + 1)]
            draw_row(axes, benchmark, query, title, one)
    return figure


def card(benchmark, found: dict[str, dict], query: int) -> plt.Figure:
    """Draw the card: a title, a query, where its pool lies, and what is found."""
    figure = plt.figure(figsize=(CARD[0] / 100, CARD[1] / 100), dpi=100)
    figure.text(0.05, 0.84, "SOLAR, the book", fontsize=46, weight="bold", color=INK)
    words = "Find a photographed landmark again: second-order loss and attention,\n"
    words += "taken apart, rebuilt and measured in notebooks that run on a laptop"
    figure.text(0.05, 0.69, words, fontsize=20, color=INK, linespacing=1.4)
    one = list(found.values())[-1]
    axes = figure.subplots(1, 4)
    figure.subplots_adjust(left=0.05, right=0.95, top=0.56, bottom=0.08, wspace=0.06)
    plots.show(axes[0], benchmark.queries[query], box=benchmark.boxes[query])
    axes[0].set_title("a query", fontsize=16, color=INK)
    crop = prepare(benchmark.queries[query], benchmark.boxes[query], SIZE)
    attention.attention_map(axes[1], crop, pool_shares(one["net"], crop))
    axes[1].set_title("its pool", fontsize=16, color=INK)
    for axis, image in zip(axes[2:], one["ranking"][query]):
        label = plots.label_of(benchmark.ground_truth[query], int(image))
        plots.show(axis, benchmark.images[image], "", plots.COLOURS[label])
        axis.set_title("found", fontsize=16, color=INK)
    return figure


def main() -> int:
    """Write both pictures and print what they show."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="(%(default)s)")
    folder = parser.parse_args().folder
    plots.style()
    benchmark = solar.load_benchmark(BENCHMARK)
    found = measured(benchmark)
    queries = chosen(found)
    for words, query in queries.items():
        scores = [f"{title} {100 * one['ap'][query]:.1f}" for title, one in found.items()]
        print(f"query that {words}: number {query}, AP {PROTOCOL} {', '.join(scores)}")
    for title, one in found.items():
        print(f"{title}: mAP {PROTOCOL} {100 * np.nanmean(one['ap']):.1f} on {BENCHMARK}")

    figure = draw(benchmark, found, queries)
    writing = {"quality": 85, "optimize": True, "comment": made_by()}
    figure.savefig(folder / "teaser.jpg", dpi=180, pil_kwargs=writing)
    figure = card(benchmark, found, next(iter(queries.values())))
    # the whole figure, so that the card has exactly its size
    with plt.rc_context({"savefig.bbox": "standard"}):
        figure.savefig(folder / "card.png", dpi=100)
    # a card of few colours is a third of the size
    with Image.open(folder / "card.png") as image:
        small = image.convert("RGB").quantize(256)
    small.save(folder / "card.png", optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
