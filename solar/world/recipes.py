"""Which landmarks a mini dataset photographs, and how: the only place where its sizes and seeds are
written.
"""

from dataclasses import dataclass

VERSION = 2  # raise it when rendered bytes change: caches are then made anew
IMAGE_SIZE = (256, 192)  # width and height in pixels
QUERY_SIZE = (384, 288)  # queries come from a better camera: cropping them costs little


@dataclass(frozen=True)
class Recipe:
    """Contents of one dataset.

    kind: 'train', 'benchmark', 'distractors' or 'patches'.  first: seed of the first landmark;
        datasets share none.
    landmarks, views: how many, and images of each.  queries: query images of each (benchmarks).
    others: landmarks nobody asks for, with `other_views` images each, mixed into a benchmark's
        database.
    """

    kind: str
    first: int
    landmarks: int
    views: int
    queries: int = 0
    others: int = 0
    other_views: int = 0


DATASETS = {
    "mini-gl18": Recipe("train", 0, 80, 12),
    "mini-gl18-large": Recipe("train", 0, 600, 12),  # begins with the very landmarks of mini-gl18
    "mini-gl18-tuning": Recipe(
        "train", 10_000, 600, 12
    ),  # others again: what a trained trunk is fine-tuned on
    "mini-validation": Recipe("benchmark", 100_000, 18, 12, queries=2, others=20, other_views=4),
    "mini-revisitop": Recipe("benchmark", 200_000, 35, 16, queries=2, others=40, other_views=6),
    "mini-distractors": Recipe("distractors", 300_000, 150, 4),
    "mini-phototour": Recipe("patches", 400_000, 64, 4),  # to learn local descriptors from
    "mini-phototour-validation": Recipe("patches", 410_000, 12, 4),  # to choose with
    "mini-phototour-test": Recipe("patches", 420_000, 18, 4),
}
PATCHES = tuple(name for name, recipe in DATASETS.items() if recipe.kind == "patches")
BOOK = ("mini-revisitop", "mini-validation", "mini-distractors", "mini-gl18", *PATCHES)
