"""An image becomes a vector.

============  ==================================================================================
attention     the second-order attention block, as its equation and fused
pooling       from a feature map to one vector: GeM, MAC, SPoC, R-MAC; L2 normalisation
trunks        the convolutional part: mini, ResNets, trunks of timm; ImageNet weights
global_net    trunk -> attention -> pooling -> whitening: one descriptor per image
local_net     SOSNet, with attention SOLAR's local descriptor: one descriptor per patch
checkpoints   weights on disk, in three published layouts
weight_files  what lies in a weights file, and why one is refused
heads         files without a trunk, which comes from an installed package
rebuild       a network made anew from what its file tells
fuse          the same network with fewer operations: batch norms folded into convolutions
layers        a network's layers as a table: channels in, out and in the middle
============  ==================================================================================

Book: chapters 1 (finding a landmark again), 2 (second-order attention) and 11 (a local descriptor).
"""

from .attention import SecondOrderAttention
from .checkpoints import check_global, check_local, load, load_global, load_local, save
from .global_net import GlobalNet
from .local_net import LocalNet
from .pooling import GeM, gem, l2n, mac, rmac, spoc

__all__ = [
    "GeM",
    "GlobalNet",
    "LocalNet",
    "SecondOrderAttention",
    "check_global",
    "check_local",
    "gem",
    "l2n",
    "load",
    "load_global",
    "load_local",
    "mac",
    "rmac",
    "save",
    "spoc",
]
