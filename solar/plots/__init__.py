"""The figures of the book, a room for each subject. Colours are safe for the colour-blind, and never stand alone."""

from .attention import attention_grid, attention_map, mark, to_grid
from .basics import BOX, growth, show, style
from .local import draw_matches, error_curves, interval_bars, patch_attention, patch_rows, save_matches
from .search import COLOURS, channel_maps, label_of, ranked_lists, score_bars, score_over_exponent
from .training import validation_curves

__all__ = [
    "BOX", "COLOURS", "attention_grid", "attention_map", "channel_maps", "draw_matches", "error_curves", "growth",
    "interval_bars", "label_of", "mark", "patch_attention", "patch_rows", "ranked_lists", "save_matches", "score_bars",
    "score_over_exponent", "show", "style", "to_grid", "validation_curves",
]  # fmt: skip
