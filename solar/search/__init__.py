"""Vectors become a ranked list and a score.

=========== ===================================================================================
describe    images -> descriptors, in memory
options     how images are described, and by what
extract     images -> descriptors, on disk: resumable, shared among processes
store       descriptors on disk, read in pieces
store_files the files of a store
rows        what all readers of descriptors have in common, in memory or on disk
workers     results of worker processes, in order, whatever happens to these
torch_file  where the numbers of a published `.pt` lie, found without running its pickle
ranking     similarities, ranked lists, ranks by sorting and by counting
counting    ranks among any number of images, across chunks, processes and machines
labels      the labels of a ground truth, and what they count as
protocol    the revisited protocol: AP, mAP, mean precision; describe and evaluate in one call
report      the scores as a table, data frames and JSON
whitening   linear maps that even out the directions of descriptors
expansion   query expansion and database augmentation
rerank      the first images of a list in a better order, by descriptors alone
=========== ===================================================================================

Book: chapters 1 (finding a landmark again), 9 (the revisited protocol) and 10 (one million
distractors).
"""

from .counting import count_above
from .describe import describe
from .expansion import augment_database, expand_queries
from .extract import extract
from .labels import PROTOCOLS
from .options import PAPER_SCALES, DescribeOptions, Describer
from .protocol import average_precision, evaluate, evaluate_lists, precision_at, score
from .ranking import ranks_by_counting, ranks_by_sorting, similarity, top_k
from .report import Report
from .rerank import refined_descriptors, rerank
from .store import Store
from .whitening import Whitening, learnt_whitening, pca_whitening

__all__ = [
    "PAPER_SCALES",
    "PROTOCOLS",
    "DescribeOptions",
    "Describer",
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
    "precision_at",
    "ranks_by_counting",
    "ranks_by_sorting",
    "refined_descriptors",
    "rerank",
    "score",
    "similarity",
    "top_k",
]
