"""Published formats on disk; whether a dataset is mini or real makes no difference here."""

from .benchmarks import (
    PUBLISHED_BENCHMARKS,
    Benchmark,
    load_benchmark,
    read_ground_truth,
    write_ground_truth,
)
from .gl18 import build_index
from .hpatches import (
    HPATCHES_KINDS,
    HPatchesTasks,
    Sequence,
    draw_hpatches_tasks,
    load_hpatches,
    load_hpatches_tasks,
    load_sequences,
)
from .index import TrainingIndex, load_training
from .patches import Patches, load_patches

__all__ = [
    "HPATCHES_KINDS",
    "Benchmark",
    "HPatchesTasks",
    "PUBLISHED_BENCHMARKS",
    "Patches",
    "Sequence",
    "TrainingIndex",
    "build_index",
    "draw_hpatches_tasks",
    "load_benchmark",
    "load_hpatches",
    "load_hpatches_tasks",
    "load_patches",
    "load_sequences",
    "load_training",
    "read_ground_truth",
    "write_ground_truth",
]
