"""Vectors become a ranked list and a score.

==========  ===================================================================================
describe    images -> descriptors, in memory
extract     images -> descriptors, on disk: resumable, shared out among processes
store       descriptors on disk, read in pieces
torch_file  where the numbers of a published `.pt` lie, found without running its pickle
ranking     similarities, ranked lists, ranks by counting
protocol    the revisited protocol: AP, mAP, mean precision; describe and evaluate in one call
whitening   linear maps that even out the directions of descriptors
expansion   query expansion and database augmentation
==========  ===================================================================================
"""

from .describe import describe
from .expansion import augment_database, expand_queries
from .extract import extract
from .protocol import Report, average_precision, evaluate, evaluate_lists, score
from .ranking import count_above, ranks_by_counting, similarity, top_k
from .store import Store
from .whitening import Whitening, learnt_whitening, pca_whitening

__all__ = [
    "Report",
    "Store",
    "Whitening",
    "augment_database",
    "average_precision",
    "count_above",
    "describe",
    "evaluate",
    "evaluate_lists",
    "expand_queries",
    "extract",
    "learnt_whitening",
    "pca_whitening",
    "ranks_by_counting",
    "score",
    "similarity",
    "top_k",
]
