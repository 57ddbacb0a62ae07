"""The figures of the book, a room for each subject. Colours are safe for the colour-blind, and never stand alone."""

from .attention import attention_grid, attention_map, mark, to_grid
from .basics import BOX, growth, show, style
from .search import COLOURS, channel_maps, label_of, ranked_lists, score_bars, score_over_exponent
from .training import validation_curves

__all__ = [
    "BOX", "COLOURS", "attention_grid", "attention_map", "channel_maps", "growth", "label_of", "mark", "ranked_lists",
    "score_bars", "score_over_exponent", "show", "style", "to_grid", "validation_curves",
]  # fmt: skip
