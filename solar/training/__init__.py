"""How the networks learn.

=============  ===================================================================================
losses         first order (triplet, contrastive) and second order, for images and for patches
objective      both orders over one batch, what a step minimises
agreement      whether two images of one landmark return the same list
mining         which images an epoch learns from: tuples with hard negatives, or siblings
config         the settings of each training, with the recipes that have a name
loop           one loop for all: steps, exact resume, the best or the last epoch kept
task           what the loop needs to know of a task
global_task    SOLAR: attention, GeM's exponent and whitening on a frozen trunk
local_task     SOSNet and SOLAR's local network, from patches
pretrain_task  the small trunk of the book, from scratch
imagenet_start a start without training: ImageNet's trunk, its whitening set by PCA
augment        random views of images for pretraining
learnable      what learns in SOLAR's training, and its optimizer
trunk_maps     feature maps of the frozen trunk, cached in memory or computed for every crop
held_out       images that choose the best epoch, and parts of a training set
reporting      progress bar, one line per epoch, TensorBoard
datasheet      what a weights file was made from, and how good it is
parts          a block, GeM and a linear layer, trained on maps that are drawn as they learn
contrasts      differences between arms: intervals, several at once, slopes, power
=============  ===================================================================================

To read it in an evening: `losses`, `objective`, `loop`, `task`, `global_task`.

Book: chapter 5 (losses), chapter 7 (training on GL18) and chapter 11 (a local descriptor).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["contrasts", "losses", "mining"],
    submod_attrs={
        "agreement": ["rank_agreement"],
        "config": [
            "GLOBAL_PRESETS",
            "LOCAL_PRESETS",
            "LocalConfig",
            "PretrainConfig",
            "StartConfig",
            "TrainConfig",
        ],
        "global_task": ["GlobalTask", "train"],
        "imagenet_start": ["make_start", "start_network"],
        "local_task": ["LocalTask", "train_local"],
        "loop": ["run"],
        "losses": [
            "contrastive_loss",
            "hardest_triplet_loss",
            "second_order_loss",
            "second_order_similarity",
            "supervised_contrastive_loss",
            "triplet_loss",
        ],
        "mining": ["epoch_siblings", "epoch_tuples", "hardest_negatives"],
        "pretrain_task": ["PretrainTask", "pretrain"],
        "task": ["Task"],
    },
)
