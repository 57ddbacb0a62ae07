"""Exercises that check themselves: give your function to the check of its name.

A check calls your function on a small case and prints one line: "correct.", or "not yet." and a
hint for the mistake that was recognised.

========= ====================================================== =========
module    exercises                                              chapter
========= ====================================================== =========
search    gem, ranking, average_precision                        1
attention attention, rows, entropy                               2
explorer  cell_of, share_on, softer                              3
losses    second_order, second_order_gradient, weight_for_parts  4
training  negatives, positive, travel                            5
protocol  ranks, precision, interval, merged_counts, gigabytes,  6 and 7
          merged_lists
local     hardest, similarity, fpr95, corners, matches, project  8 and 9
published hours, share, genuine                                  10
basics    budget: what a notebook has cost so far                all
========= ====================================================== =========
"""

from .attention import attention, entropy, rows
from .basics import budget
from .explorer import cell_of, share_on, softer
from .local import corners, fpr95, hardest, matches, project, similarity
from .losses import second_order, second_order_gradient, weight_for_parts
from .protocol import gigabytes, interval, merged_counts, merged_lists, precision, ranks
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
