"""Say which landmarks a mini dataset shows, and how often: its sizes and seeds stand only here."""

from dataclasses import dataclass

VERSION = 3  # raise it when rendered bytes change: caches are then made anew
IMAGE_SIZE = (256, 192)  # width and height in pixels
QUERY_SIZE = (384, 288)  # queries come from a better camera: cropping them costs little
OTHERS = 50_000  # the landmarks that nobody asks for have seeds from `Recipe.first` + OTHERS


@dataclass(frozen=True)
class Recipe:
    """Contents of one mini dataset.

    Example:
        >>> Recipe("train", first=0, landmarks=80, views=12) == DATASETS["mini-gl18"]
        True
    """

    kind: str  # "train", "benchmark", "distractors", "patches" or "photographs"
    first: int  # seed of the first landmark; the datasets share none
    landmarks: int  # how many landmarks
    views: int  # images of each landmark
    queries: int = 0  # query images of each landmark (benchmarks only)
    others: int = 0  # further landmarks in a benchmark's database, for which nobody asks
    other_views: int = 0  # images of each of these


@dataclass(frozen=True)
class Crowd(Recipe):
    """Contents of a mini dataset whose landmarks stand among other whole landmarks.

    The kind is "benchmark" or "train". The others have seeds from `first` + OTHERS on.
    """

    beside: int | None = None  # other landmarks in each image; None: 0, 1, 2 or 4
    pool: int = 128  # how many landmarks the others are drawn from


@dataclass(frozen=True)
class Relations(Recipe):
    """Contents of a mini dataset whose landmarks are five small buildings, painted alike.

    The kind is "benchmark" or "train"; `first` is even: twins have an even and the next odd seed.
    """


DATASETS = {
    # training images; mini-gl18-large begins with the landmarks of mini-gl18
    "mini-gl18": Recipe("train", 0, 80, 12),
    "mini-gl18-large": Recipe("train", 0, 600, 12),
    # landmarks of its own, on which a trained trunk is fine-tuned
    "mini-gl18-tuning": Recipe("train", 10_000, 600, 12),
    "mini-validation": Recipe("benchmark", 100_000, 18, 12, queries=2, others=20, other_views=4),
    "mini-revisitop": Recipe("benchmark", 200_000, 35, 16, queries=2, others=40, other_views=6),
    # 2,240 photographs, about ten minutes on one core: to compare networks that differ little
    "mini-ablation": Recipe("benchmark", 510_000, 320, 6, queries=1),
    "mini-distractors": Recipe("distractors", 300_000, 150, 4),
    # one landmark among 0, 1, 2 and 4 others: the same views of the same landmarks
    "mini-crowd-0": Crowd("benchmark", 600_000, 320, 3, queries=1, beside=0),
    "mini-crowd-1": Crowd("benchmark", 600_000, 320, 3, queries=1, beside=1),
    "mini-crowd-2": Crowd("benchmark", 600_000, 320, 3, queries=1, beside=2),
    "mini-crowd-4": Crowd("benchmark", 600_000, 320, 3, queries=1, beside=4),
    "mini-crowd-train": Crowd("train", 610_000, 250, 8, pool=2000),
    # landmarks that relations alone tell apart: which of twelve small buildings are painted alike
    "mini-relations": Relations("benchmark", 700_300, 320, 4, queries=1),
    "mini-relations-train": Relations("train", 700_000, 250, 8),
    # patches: to train local descriptors, to choose among them, to test them
    "mini-phototour": Recipe("patches", 400_000, 64, 4),
    "mini-phototour-validation": Recipe("patches", 410_000, 12, 4),
    "mini-phototour-test": Recipe("patches", 420_000, 18, 4),
    # patches of real photographs: `first` is a number in `photographs.PHOTOGRAPHS`
    "mini-photographs": Recipe("photographs", 0, 12, 12),
    "mini-photographs-validation": Recipe("photographs", 12, 4, 6),
    "mini-photographs-test": Recipe("photographs", 16, 3, 6),
}
PATCH_SETS = tuple(name for name, recipe in DATASETS.items() if recipe.kind == "patches")
# the datasets that the chapters of the book need
BOOK = ("mini-revisitop", "mini-validation", "mini-distractors", "mini-gl18", *PATCH_SETS)
