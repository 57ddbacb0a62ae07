"""The figures of the book, a room for each subject. Colours are safe for the colour-blind, and
never stand alone.
"""

from .attention import attention_grid, attention_map, mark, to_grid
from .basics import BOX, growth, show, style
from .protocol import (
    costs,
    each_query,
    falling_scores,
    precision_steps,
    protocol_lists,
    thumbnail_map,
)
from .explorer import shares
from .local import (
    draw_matches,
    error_curves,
    interval_bars,
    patch_attention,
    patch_rows,
    save_matches,
)
from .losses import (
    LiveCircle,
    blind_spots,
    circle,
    histograms,
    loss_bars,
    losses_of,
    on_circle,
    sphere,
    surfaces,
)
from .published import million
from .search import COLOURS, channel_maps, label_of, ranked_lists, score_bars, score_over_exponent
from .tables import brackets, percent, signed, table, with_interval
from .training import epoch_curves, step_curves, tuples, validation_curves

__all__ = [
    "BOX",
    "COLOURS",
    "LiveCircle",
    "attention_grid",
    "attention_map",
    "blind_spots",
    "brackets",
    "channel_maps",
    "circle",
    "costs",
    "draw_matches",
    "each_query",
    "epoch_curves",
    "error_curves",
    "falling_scores",
    "growth",
    "histograms",
    "interval_bars",
    "label_of",
    "loss_bars",
    "losses_of",
    "mark",
    "million",
    "on_circle",
    "patch_attention",
    "patch_rows",
    "percent",
    "precision_steps",
    "protocol_lists",
    "ranked_lists",
    "save_matches",
    "score_bars",
    "score_over_exponent",
    "shares",
    "show",
    "signed",
    "sphere",
    "step_curves",
    "style",
    "surfaces",
    "table",
    "thumbnail_map",
    "to_grid",
    "tuples",
    "validation_curves",
    "with_interval",
]
