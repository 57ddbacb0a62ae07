"""Published formats on disk; whether a dataset is mini or real makes no difference here."""

from .benchmarks import PUBLISHED, Benchmark, load_benchmark
from .training import TrainingIndex, load_training

__all__ = ["Benchmark", "PUBLISHED", "TrainingIndex", "load_benchmark", "load_training"]
