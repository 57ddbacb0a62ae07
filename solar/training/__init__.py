"""How the networks learn.

=============  ================================================================================
losses         first order (triplet, contrastive) and second order, for images and for patches
mining         an epoch's tuples: a query, a positive, the hardest negatives
config         the settings of each training, with the named recipes
loop           one loop for all: steps, exact resume, the best epoch kept
global_task    SOLAR: attention, GeM's exponent and whitening on a frozen trunk
local_task     SOSNet and SOLAR's local network, from patches
pretrain_task  the small trunk of the book, from scratch
trunk_maps     feature maps of the frozen trunk, cached in memory or computed for every crop
datasheet      what a weights file was made from, and how good it is
ablation       the results of an ablation, read back
=============  ================================================================================
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["ablation", "losses", "mining"],
    submod_attrs={
        "config": [
            "GLOBAL_PRESETS",
            "LOCAL_PRESETS",
            "LocalConfig",
            "PretrainConfig",
            "TrainConfig",
        ],
        "global_task": ["GlobalTask", "train"],
        "local_task": ["LocalTask", "train_local"],
        "loop": ["run"],
        "losses": [
            "contrastive_loss",
            "second_order_loss",
            "supervised_contrastive_loss",
            "triplet_loss",
        ],
        "mining": ["epoch_tuples", "hardest_negatives"],
        "pretrain_task": ["pretrain"],
    },
)
