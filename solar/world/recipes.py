"""Say which landmarks a mini dataset shows, and how often: its sizes and seeds stand only here."""

from dataclasses import dataclass

VERSION = 2  # raise it when rendered bytes change: caches are then made anew
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

    kind: str  # "train", "benchmark", "distractors" or "patches"
    first: int  # seed of the first landmark; the datasets share none
    landmarks: int  # how many landmarks
    views: int  # images of each landmark
    queries: int = 0  # query images of each landmark (benchmarks only)
    others: int = 0  # further landmarks in a benchmark's database, for which nobody asks
    other_views: int = 0  # images of each of these


DATASETS = {
    # training images; mini-gl18-large begins with the landmarks of mini-gl18
    "mini-gl18": Recipe("train", 0, 80, 12),
    "mini-gl18-large": Recipe("train", 0, 600, 12),
    # landmarks of its own, on which a trained trunk is fine-tuned
    "mini-gl18-tuning": Recipe("train", 10_000, 600, 12),
    "mini-validation": Recipe("benchmark", 100_000, 18, 12, queries=2, others=20, other_views=4),
    "mini-revisitop": Recipe("benchmark", 200_000, 35, 16, queries=2, others=40, other_views=6),
    "mini-distractors": Recipe("distractors", 300_000, 150, 4),
    # patches: to train local descriptors, to choose among them, to test them
    "mini-phototour": Recipe("patches", 400_000, 64, 4),
    "mini-phototour-validation": Recipe("patches", 410_000, 12, 4),
    "mini-phototour-test": Recipe("patches", 420_000, 18, 4),
}
PATCH_SETS = tuple(name for name, recipe in DATASETS.items() if recipe.kind == "patches")
# the datasets that the chapters of the book need
BOOK = ("mini-revisitop", "mini-validation", "mini-distractors", "mini-gl18", *PATCH_SETS)
