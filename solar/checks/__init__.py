"""Exercises that check themselves: give your function to the check of its name; a wrong one gets a hint."""

from .basics import budget
from .layers import attention, entropy, rows
from .losses import second_order, second_order_gradient, weight_for_parts
from .search import average_precision, gem, ranking

__all__ = [
    "attention", "average_precision", "budget", "entropy", "gem", "ranking", "rows", "second_order",
    "second_order_gradient", "weight_for_parts",
]  # fmt: skip
