"""The figures of the book, one module per subject.

Most functions draw a whole figure with matplotlib; those whose first argument is `axis` draw into
an axis. Colours are safe for the colour-blind and never stand alone.

=========== =============================================================== =======
module      figures                                                         chapter
=========== =============================================================== =======
search      ranked lists, scores, feature maps, pooling                     1
attention   attention maps laid over images, what a layer does to the pool  2 and 3
explorer    shares of attention                                             3
helping     maps of parts, arms side by side, shares of the pool            4
losses      descriptors on a circle or a sphere, losses over them           5 and 6
agreement   two ranked lists, what a weight in a loss changes               5 and 6
training    tuples, curves over steps and epochs                            7
ablation    all runs, differences with intervals, single landmarks          8
protocol    the protocol's lists and precision, distractors, costs          9 and 10
tensorboard an evaluation for TensorBoard                                   9
local       patches, matches, error curves                                  11 and 12
geometry    epipolar lines, votes of RANSAC, matches of several methods     12
published   published scores                                                13
parity      differences over layers, how often images are drawn             14
tables      numbers as text                                                 all
basics      the palette, the page style, images, curves                     all
=========== =============================================================== =======
"""

from .ablation import (
    all_runs,
    arms,
    differences_between,
    distances_over_epochs,
    landmark_scatter,
    plan_words,
)
from .agreement import distance_curves, over_weight, rank_pairs, two_lists
from .attention import (
    attention_grid,
    attention_map,
    colour_bar,
    mark,
    middle_of,
    pool_change,
    to_grid,
)
from .basics import BOX, COLOURS, growth, label_of, show, style
from .explorer import shares
from .geometry import epipolar_lines, error_shares, side_by_side, votes
from .helping import (
    arm_curves,
    lists_of_networks,
    looks,
    parts_map,
    parts_maps,
    pool_shares,
    twins,
)
from .local import (
    distance_histograms,
    draw_matches,
    error_curves,
    interval_bars,
    nearest_patches,
    patch_attention,
    patch_rows,
    save_matches,
)
from .losses import (
    blind_spots,
    circle,
    histograms,
    loss_bars,
    losses_of,
    on_circle,
    sphere,
    surfaces,
)
from .parity import drawn, over_layers
from .protocol import (
    costs,
    each_query,
    falling_scores,
    precision_steps,
    protocol_lists,
    thumbnail_map,
)
from .published import million
from .search import channel_maps, ranked_lists, score_bars, score_over_exponent
from .tables import brackets, could_be_seen, percent, signed, table, with_interval
from .training import epoch_curves, step_curves, tuples, validation_curves

__all__ = [
    "BOX",
    "COLOURS",
    "all_runs",
    "arm_curves",
    "arms",
    "attention_grid",
    "attention_map",
    "blind_spots",
    "brackets",
    "channel_maps",
    "circle",
    "colour_bar",
    "costs",
    "could_be_seen",
    "differences_between",
    "distance_curves",
    "distance_histograms",
    "distances_over_epochs",
    "draw_matches",
    "drawn",
    "each_query",
    "epipolar_lines",
    "epoch_curves",
    "error_curves",
    "error_shares",
    "falling_scores",
    "growth",
    "histograms",
    "interval_bars",
    "label_of",
    "landmark_scatter",
    "lists_of_networks",
    "looks",
    "loss_bars",
    "losses_of",
    "mark",
    "middle_of",
    "million",
    "nearest_patches",
    "on_circle",
    "over_layers",
    "over_weight",
    "parts_map",
    "parts_maps",
    "patch_attention",
    "patch_rows",
    "percent",
    "plan_words",
    "pool_change",
    "pool_shares",
    "precision_steps",
    "protocol_lists",
    "rank_pairs",
    "ranked_lists",
    "save_matches",
    "score_bars",
    "score_over_exponent",
    "shares",
    "show",
    "side_by_side",
    "signed",
    "sphere",
    "step_curves",
    "style",
    "surfaces",
    "table",
    "thumbnail_map",
    "to_grid",
    "tuples",
    "twins",
    "two_lists",
    "validation_curves",
    "votes",
    "with_interval",
]
