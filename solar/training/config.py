"""The settings of each training, with the recipes that have a name.

Each dataclass is also the list of options of a command: `image_size` is `--image-size`. This module
imports nothing heavy, so that `solar train --help` answers at once.

Book: chapter 7 (training on GL18) and chapter 11 (a local descriptor).
"""

from dataclasses import dataclass


@dataclass
class TrainConfig:
    """Settings of `solar train` for a global network; the defaults are the recipe of `mini-solar`.

    Source: SOLAR, section 4, for `GLOBAL_PRESETS["paper"]`.

    Example:
        >>> TrainConfig(epochs=3).sos_weight
        2.0
    """

    data: str = "mini-gl18-tuning"  # training set: a name, a folder in GL18's layout, or a pickle
    start: str = "mini-gem"  # network to start from
    output: str = "mini-solar.pth"  # file to write the weights to
    train_landmarks: int = 0  # so many landmarks, the first by their number, teach; 0: all
    soa: str = "45"  # stages that get an attention block
    # where a block looks: 'soa': everywhere, by learnt weights; the controls 'identity': only at
    # the position itself, 'even': everywhere alike; 'none': no blocks
    block: str = "soa"
    first_order: str = "supcon"  # 'triplet' (the paper's) or 'supcon' (supervised contrastive)
    # 'solar': distances of query and positive to `negatives` hard negatives; 'sosnet': distances
    # among the queries and among the positives of a batch, to `negatives` nearest neighbours
    second_order: str = "solar"
    sos_weight: float = 2.0  # lambda, the weight of the second-order loss
    margin: float = 1.25  # of the triplet loss
    epochs: int = 20
    queries_per_epoch: int = 640  # tuples (triplet), or landmarks of all steps (supcon)
    pool_size: int = 2500  # images among which hard negatives are mined (triplet)
    negatives: int = 5  # per query
    batch_size: int = 16  # tuples (triplet) or landmarks (supcon) per step
    photos_per_landmark: int = 4  # in a batch (supcon)
    lr: float = 3e-3  # learning rate of Adam for attention and whitening
    lr_p_factor: float = 0.0  # GeM's exponent p learns this many times as fast; 0: not at all
    lr_decay: float = 0.15  # the learning rate is multiplied by e^-lr_decay after each epoch
    weight_decay: float = 1e-6  # of attention and whitening; p has none
    image_size: int = 256  # longer side of an image, or side of a square crop, in pixels
    seed: int = 0  # of everything random
    # 'cached': whole images, whose maps stay in memory; 'whole': whole images, read at every step;
    # 'square': random squares, cut anew at every step
    image_mode: str = "cached"
    mining_size: int = 0  # size of the images during mining in pixels; 0: image_size
    # images per forward and backward pass, to save memory: each pass is then computed twice, and
    # the gradient is still that of the whole batch; 0: the whole batch at once
    chunk_size: int = 0
    max_held_out_images: int = 2000  # so many held-out images, at most, choose the best epoch
    test_benchmark: str = ""  # a benchmark to score after each epoch, never used to choose


# 'lite' learns on a trunk that knows real photographs
GLOBAL_PRESETS = {
    "mini": TrainConfig(),
    "lite": TrainConfig(
        start="lite-gem", output="lite-solar.pth", epochs=4, sos_weight=0.5, lr_decay=0.3
    ),
    "paper": TrainConfig(
        data="gl18",
        start="gl18-tl-resnet101-gem-w",
        output="resnet101-solar.pth",
        soa="45",
        first_order="triplet",
        sos_weight=10.0,
        margin=1.25,
        epochs=100,
        queries_per_epoch=2000,
        pool_size=20_000,
        negatives=5,
        batch_size=8,
        lr=1e-6,
        lr_p_factor=100.0,
        lr_decay=0.01,
        weight_decay=1e-6,
        image_size=1024,
        image_mode="square",
        mining_size=341,
    ),
}


@dataclass
class LocalConfig:
    """Settings of `solar train` for a local network; the defaults are those of `mini-local`.

    Source: the losses of SOSNet (Tian et al., 2019) and the blocks of SOLAR, section 5.3.

    Example:
        >>> LocalConfig(soa="345").width
        16
    """

    # patches to learn from, and patches that choose the best epoch; several sets are joined by '+'
    data: str = "mini-phototour+mini-photographs"
    held_out_set: str = "mini-phototour-validation+mini-photographs-validation"
    output: str = "mini-sosnet.pth"  # file to write the weights to
    start: str = ""  # network to start from; '': random weights
    soa: str = ""  # layers that get an attention block, in a start without blocks too
    block: str = "soa"  # what these blocks do: 'soa' (the paper's), 'identity', 'even' or 'none'
    width: int = 16  # channels of the first layer; SOSNet has 32
    margin: float = 1.0  # of the triplet loss
    sos_weight: float = 0.3  # weight of the second-order similarity
    neighbours: int = 8  # nearest neighbours in the second-order similarity
    epochs: int = 10
    batch_size: int = 128  # pairs of patches per step
    # highest learning rate of AdamW: it rises during the first fifth of all steps and then falls to
    # zero (one cycle)
    lr: float = 1e-2
    weight_decay: float = 0.0
    keep: str = "best"  # whose weights are kept: those of the 'best' epoch, or of the 'last'
    seed: int = 0  # of everything random


# 'mini-local' learns from scratch, without blocks: `mini-sosnet`. 'mini-local-tuned' goes on from
# it for one epoch, with new blocks: `mini-solar-local`.
# 'sosnet' and 'solar-local' have the full width, a whole scene of PhotoTour to learn from, and
# batches as large as those of the literature
LOCAL_PRESETS = {
    "mini-local": LocalConfig(keep="last"),
    "mini-local-tuned": LocalConfig(
        start="mini-sosnet.pth",
        output="mini-solar-local.pth",
        soa="345",
        epochs=1,
        lr=3e-3,
        keep="last",
    ),
    "sosnet": LocalConfig(
        data="liberty",
        held_out_set="notredame",
        output="sosnet.pth",
        width=32,
        epochs=100,
        batch_size=512,
    ),
    "solar-local": LocalConfig(
        data="liberty",
        held_out_set="notredame",
        output="solar-local.pth",
        soa="345",
        width=32,
        epochs=100,
        batch_size=512,
    ),
}


@dataclass
class PretrainConfig:
    """Settings of `solar pretrain`; the defaults are the recipe of `mini-gem`.

    Example:
        >>> PretrainConfig().landmarks_per_batch
        16
    """

    data: str = "mini-gl18-large"  # training set, by name
    output: str = "mini-gem.pth"  # file to write the weights to
    epochs: int = 40
    large_epochs: int = 16  # the last epochs, which see images of `large_size`
    small_size: tuple[int, int] = (96, 128)  # height and width in pixels
    large_size: tuple[int, int] = (144, 192)
    landmarks_per_batch: int = 16
    photos_per_landmark: int = 4  # in a batch
    lr: float = 4e-3  # highest learning rate of AdamW (one cycle)
    weight_decay: float = 0.02
    temperature: float = 0.1  # of the supervised contrastive loss
    seed: int = 0
    image_size: int = 256  # longer side of the images that are scored, in pixels


@dataclass
class StartConfig:
    """Settings of `solar pretrain --preset lite`; the defaults are the recipe of `lite-gem`.

    Nothing is trained: the trunk has learnt from ImageNet, the whitening is set by PCA.

    Example:
        >>> StartConfig().architecture
        'efficientnet_lite0'
    """

    data: str = "mini-gl18-tuning"  # training set, by name, whose images the whitening is made from
    output: str = "lite-gem.pth"  # file to write the weights to
    architecture: str = "efficientnet_lite0"  # of the trunk
    every: int = 2  # the whitening is made from every second image, every third, ...
    shrink: float = 0.1  # share of the mean deviation that is added to each direction's own
    image_size: int = 256  # longer side of the images in pixels


PRETRAIN_PRESETS = {"mini": PretrainConfig(), "lite": StartConfig()}
