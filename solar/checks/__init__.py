"""Exercises that check themselves: give your function to the check of its name; a wrong one gets a hint."""

from .basics import budget
from .layers import attention, entropy, rows
from .search import average_precision, gem, ranking

__all__ = ["attention", "average_precision", "budget", "entropy", "gem", "ranking", "rows"]
