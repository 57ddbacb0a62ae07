"""Exercises that check themselves: give your function to the check of its name; a wrong one gets a
hint.
"""

from .basics import budget
from .evaluation import gigabytes, interval, merged_counts, merged_lists, precision, ranks
from .explorer import cell_of, share_on, softer
from .layers import attention, entropy, rows
from .local import corners, fpr95, hardest, matches, project, similarity
from .losses import second_order, second_order_gradient, weight_for_parts
from .published import genuine, hours, share
from .search import average_precision, gem, ranking
from .training import negatives, positive, travel

__all__ = [
    "attention",
    "average_precision",
    "budget",
    "cell_of",
    "corners",
    "entropy",
    "fpr95",
    "gem",
    "genuine",
    "gigabytes",
    "hardest",
    "hours",
    "interval",
    "matches",
    "merged_counts",
    "merged_lists",
    "negatives",
    "positive",
    "precision",
    "project",
    "ranking",
    "ranks",
    "rows",
    "second_order",
    "second_order_gradient",
    "share",
    "share_on",
    "similarity",
    "softer",
    "travel",
    "weight_for_parts",
]
