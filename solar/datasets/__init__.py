"""Published formats on disk; whether a dataset is mini or real makes no difference here."""

from .benchmarks import PUBLISHED, Benchmark, load_benchmark, read_ground_truth, write_ground_truth
from .gl18 import build_index
from .patches import KINDS, Patches, Sequence, load_hpatches, load_patches, load_sequences
from .training import TrainingIndex, load_training

__all__ = [
    "KINDS", "Benchmark", "PUBLISHED", "Patches", "Sequence", "TrainingIndex", "build_index", "load_benchmark",
    "load_hpatches", "load_patches", "load_sequences", "load_training", "read_ground_truth", "write_ground_truth",
]  # fmt: skip
