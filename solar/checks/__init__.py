"""Exercises that check themselves: give your function to the check of its name.

A check calls your function on a small case and prints one line: "correct.", or "not yet." and a
hint for the mistake that was recognised.

========= ====================================================== =========
module    exercises                                              chapter
========= ====================================================== =========
search    gem, ranking, average_precision                        1
attention attention, rows, entropy                               2
explorer  cell_of, share_on, softer                              3
helping   even_share, own_share, overtaking, paired_gain         4
losses    second_order, second_order_gradient                    5
traps     weight_for_parts, active_share                         6
hunts     which_loss, which_trap                                 5 and 6
search_   which_head, which_scorer                               1 and 9
hunts
block_    which_block                                            4
hunts
training_ which_trainer                                          7
hunts
suspects  which_layer, which_map                                 2 and 3
training  negatives, positive, travel                            7
ablation  credit, crossed, power, which_laboratory               8
protocol  ranks, precision, interval                             9
shards    merged_counts, gigabytes, merged_lists                 10
distrac-  refined, ceiling, which_counter                        10
tors
local     hardest, similarity                                    11
patch_    fpr95, resampled                                       11
scores
matching  project, corners, matches, epipolar, auc               12
local_    which_negatives, which_matcher                         11 and 12
hunts
published hours, share, genuine                                  13
describ-  exported, which_describer                              13
ers
parity    roundings, first_different, which_port                 14
basics    budget: what a notebook has cost so far                all
========= ====================================================== =========
"""

from .ablation import credit, crossed, power, which_laboratory
from .attention import attention, entropy, rows
from .basics import budget
from .block_hunts import which_block
from .describers import exported, which_describer
from .distractors import ceiling, refined, which_counter
from .explorer import cell_of, share_on, softer
from .helping import even_share, overtaking, own_share, paired_gain
from .hunts import which_loss, which_trap
from .local import hardest, similarity
from .local_hunts import which_matcher, which_negatives
from .losses import second_order, second_order_gradient
from .matching import auc, corners, epipolar, matches, project
from .parity import first_different, roundings, which_port
from .patch_scores import fpr95, resampled
from .protocol import interval, precision, ranks
from .published import genuine, hours, share
from .search import average_precision, gem, ranking
from .search_hunts import which_head, which_scorer
from .shards import gigabytes, merged_counts, merged_lists
from .suspects import which_layer, which_map
from .training import negatives, positive, travel
from .training_hunts import which_trainer
from .traps import active_share, weight_for_parts

__all__ = [
    "active_share",
    "attention",
    "auc",
    "average_precision",
    "budget",
    "ceiling",
    "cell_of",
    "corners",
    "credit",
    "crossed",
    "entropy",
    "epipolar",
    "even_share",
    "exported",
    "first_different",
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
    "overtaking",
    "own_share",
    "paired_gain",
    "positive",
    "power",
    "precision",
    "project",
    "ranking",
    "ranks",
    "refined",
    "resampled",
    "roundings",
    "rows",
    "second_order",
    "second_order_gradient",
    "share",
    "share_on",
    "similarity",
    "softer",
    "travel",
    "weight_for_parts",
    "which_block",
    "which_counter",
    "which_describer",
    "which_head",
    "which_laboratory",
    "which_layer",
    "which_loss",
    "which_map",
    "which_matcher",
    "which_negatives",
    "which_port",
    "which_scorer",
    "which_trainer",
    "which_trap",
]
