"""The figures of the book, a room for each subject. Colours are safe for the colour-blind, and never stand alone."""

from .attention import attention_grid, attention_map, mark, to_grid
from .basics import BOX, growth, show, style
from .explorer import shares
from .local import draw_matches, error_curves, interval_bars, patch_attention, patch_rows, save_matches
from .losses import LiveCircle, blind_spots, circle, histograms, loss_bars, losses_of, on_circle, sphere, surfaces
from .search import COLOURS, channel_maps, label_of, ranked_lists, score_bars, score_over_exponent
from .training import validation_curves

__all__ = [
    "BOX", "COLOURS", "LiveCircle", "attention_grid", "attention_map", "blind_spots", "channel_maps", "circle",
    "draw_matches", "error_curves", "growth", "histograms", "interval_bars", "label_of", "loss_bars", "losses_of",
    "mark", "on_circle", "patch_attention", "patch_rows", "ranked_lists", "save_matches", "score_bars",
    "score_over_exponent", "shares", "show", "sphere", "style", "surfaces", "to_grid", "validation_curves",
]  # fmt: skip
