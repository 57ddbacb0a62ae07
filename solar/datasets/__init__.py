"""Published formats on disk; only here and in `world` is it known which datasets are mini.

============  =================================================================================
names         names of datasets: the folder of each, and what goes with a mini set
benchmarks    images, queries, boxes and ground truth of a retrieval benchmark, or of one's own
ground_truth  the file of a benchmark that says which images are right
gl18          the tables of GL18: which images can be used, and their parts 'train' and 'val'
index         images to learn from, with their landmarks
patches       patches for local descriptors, in the format of PhotoTour
============  =================================================================================
"""

from .benchmarks import PUBLISHED_BENCHMARKS, Benchmark, load_benchmark
from .gl18 import build_index
from .ground_truth import read_ground_truth, write_ground_truth
from .index import TrainingIndex, load_training
from .names import benchmarks_of, folder_of, image_size_of, is_name, names_of, test_patches_of
from .patches import Patches, load_patches

__all__ = [
    "PUBLISHED_BENCHMARKS",
    "Benchmark",
    "Patches",
    "TrainingIndex",
    "benchmarks_of",
    "build_index",
    "folder_of",
    "image_size_of",
    "is_name",
    "load_benchmark",
    "load_patches",
    "load_training",
    "names_of",
    "read_ground_truth",
    "test_patches_of",
    "write_ground_truth",
]
