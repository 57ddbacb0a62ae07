"""Published formats on disk; only here and in `world` is it known which datasets are mini.

==========  ===================================================================================
benchmarks  images, queries, boxes and ground truth of a retrieval benchmark
gl18        the tables of GL18
index       images to learn from, with their landmarks
patches     patches for local descriptors, in the format of PhotoTour
==========  ===================================================================================
"""

from .benchmarks import (
    PUBLISHED_BENCHMARKS,
    Benchmark,
    load_benchmark,
    read_ground_truth,
    write_ground_truth,
)
from .gl18 import build_index
from .index import TrainingIndex, load_training
from .patches import Patches, load_patches

__all__ = [
    "Benchmark",
    "PUBLISHED_BENCHMARKS",
    "Patches",
    "TrainingIndex",
    "build_index",
    "load_benchmark",
    "load_patches",
    "load_training",
    "read_ground_truth",
    "write_ground_truth",
]
