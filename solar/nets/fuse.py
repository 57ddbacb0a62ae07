"""The same network with fewer operations, for description.

Batch norms become part of the convolutions before them, maps are kept channels last, residual
blocks add in place, and a convolution that covers its map is one matrix product.

Book: chapters 10 (one million distractors) and 12 (matching two photographs).
"""

import copy
import itertools

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.resnet import Bottleneck

from .attention import vectors

# where timm has the blocks whose parts stand in the order in which they run
EFFICIENTNET_BLOCKS = "timm.models._efficientnet_blocks"
LAST_MAP = (8, 8)  # what the last convolution of a local network sees: all of its map


def folded(net: nn.Module) -> nn.Module:
    """Copy a network in evaluation mode, with its batch norms folded into convolutions.

    A batch norm with fixed statistics scales and shifts each channel. So does the last step of a
    convolution, so both can be one, and the map is passed over once less. Folded are pairs that
    follow each other in a `Sequential` or in a block of timm's EfficientNets, and the pairs convN /
    bnN of torchvision's residual blocks. Channels last, the vectors of the attention block need no
    copying.

    Args:
        net: any network; it is left as it is.

    Returns:
        The copy. Its descriptors differ from the original's by rounding (about 1e-7).
    """
    net = copy.deepcopy(net).eval()
    for module in list(net.modules()):
        for conv_name, norm_name in _pairs(module):
            conv = getattr(module, conv_name, None)
            norm = getattr(module, norm_name, None)
            if not isinstance(conv, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
                continue
            rest = _without_norm(norm)
            if rest is None:
                continue
            # the batch norm becomes part of the convolution; at most its activation is left
            setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(module, norm_name, rest)
    # torch's stubs do not know this argument
    return net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _without_norm(norm: nn.BatchNorm2d) -> nn.Module | None:
    """Return what is left of a batch norm once it is folded; None if it cannot be folded."""
    if not norm.track_running_stats:
        return None
    if type(norm) is nn.BatchNorm2d:
        return nn.Identity()
    # timm's batch norm with an activation in it
    if type(norm).__name__ == "BatchNormAct2d":
        return norm.get_submodule("act")
    return None


def _pairs(module: nn.Module) -> list[tuple[str, str]]:
    """List the names of children that may be a convolution and the batch norm after it."""
    names = [name for name, _ in module.named_children()]
    origin = type(module).__module__
    if isinstance(module, nn.Sequential) or origin == EFFICIENTNET_BLOCKS:
        return list(itertools.pairwise(names))
    # other blocks of timm may run their parts in another order
    if origin.startswith("timm."):
        return []
    return [(name, name.replace("conv", "bn")) for name in names if name.startswith("conv")]


def last_as_product(net: nn.Module) -> nn.Module:
    """Replace a local network's last convolution, which covers its map, by one matrix product.

    A kernel as large as the map has one place to be. So each map is one row of numbers, each kernel
    another, and all of them are multiplied at once, which is faster on a CPU.

    Args:
        net: a folded local network; it is changed.

    Returns:
        `net` itself.
    """
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d) and child.kernel_size == LAST_MAP:
                setattr(module, name, WholeMap(child))
    return net


class WholeMap(nn.Module):
    """A convolution whose kernel covers the whole map, as one matrix product.

    Args:
        conv: a convolution without padding.

    Shape:
        (B, C, h, w), as large as the kernel -> (B, C', 1, 1).
    """

    rows: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, conv: nn.Conv2d):
        super().__init__()
        # in the order of a map that is kept channels last, whose rows then need no copying
        rows = conv.weight.detach().permute(0, 2, 3, 1).flatten(1)  # (C', h w C)
        self.register_buffer("rows", rows.contiguous())
        self.register_buffer("bias", conv.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply each map by all kernels: (B, C, h, w) -> (B, C', 1, 1)."""
        maps = x.permute(0, 2, 3, 1).flatten(1)  # (B, h w C)
        return F.linear(maps, self.rows, self.bias)[:, :, None, None]


def in_place(net: nn.Module) -> nn.Module:
    """Replace the bottlenecks of a `folded` network by blocks that add in place (faster on a CPU).

    Args:
        net: a folded network; it is changed.

    Returns:
        `net` itself.
    """
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, Bottleneck):
                setattr(module, name, InPlaceBottleneck(child))
    return net


class InPlaceBottleneck(nn.Module):
    """A folded bottleneck that adds its residual to the shortcut where that lies in memory.

    The residual branch ends with a 1 x 1 convolution. That is a matrix product, and a product can
    be added to what is there: the block's widest map is held and written once instead of twice. If
    the shortcut is the input itself, the input is overwritten.

    Args:
        block: torchvision's bottleneck, already folded.

    Shape:
        (B, C, H, W) -> (B, C', H', W').
    """

    def __init__(self, block: Bottleneck):
        super().__init__()
        self.narrow = nn.Sequential(block.conv1, nn.ReLU(True), block.conv2, nn.ReLU(True))
        self.shortcut = block.downsample or nn.Identity()
        self.widen = block.conv3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the block: (B, C, H, W) -> (B, C', H', W')."""
        # the residual branch but for its last convolution
        residual = vectors(self.narrow(x))  # (B, C, H, W) -> (B, N, c)

        # the shortcut, which takes the bias of that convolution
        bias = torch.as_tensor(self.widen.bias)[:, None, None]  # (C', 1, 1)
        out = self.shortcut(x).add_(bias)  # (B, C', H', W')

        # the last convolution as a product, added to the shortcut in place
        weight = self.widen.weight.flatten(1).T.expand(len(x), -1, -1)  # (B, c, C')
        vectors(out).baddbmm_(residual, weight)
        return out.relu_()
