"""The same network, faster to run: batch norms folded into convolutions, channels last, residuals
added in place.
"""

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.resnet import Bottleneck

from .attention import vectors


class InPlaceBottleneck(nn.Module):
    """A folded bottleneck that adds its residual to the shortcut where that lies in memory.

    The residual ends with a 1 x 1 convolution, which is a matrix product, and a product can be
    added to what is there: the block's widest map is held and written once, not twice. If the
        shortcut is the input itself, the input is
    overwritten. Shape: (B, C, H, W) -> (B, C', H', W').
    """

    def __init__(self, block: Bottleneck):
        super().__init__()
        self.narrow = nn.Sequential(block.conv1, nn.ReLU(True), block.conv2, nn.ReLU(True))
        self.shortcut = block.downsample or nn.Identity()
        self.widen = block.conv3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual = vectors(self.narrow(x))  # (B, N, c)
        out = self.shortcut(x).add_(self.widen.bias[:, None, None])  # (B, C', H', W')
        weight = self.widen.weight.flatten(1).T.expand(len(x), -1, -1)  # (B, c, C')
        vectors(out).baddbmm_(residual, weight)
        return out.relu_()


def folded(net: nn.Module) -> nn.Module:
    """A copy of `net` in evaluation mode, whose batch norms are part of the convolutions before
    them.

    A batch norm with fixed statistics is a scale and a shift of each channel, and so is a
    convolution's last step: one pass over the map less for each. Found are pairs that follow each
        other in a `Sequential`, and convN / bnN of a
    residual block. In channels-last order the vectors of the attention block need no copying.
    Descriptors differ by rounding (about 1e-7). The original is left as it is.
    """
    net = copy.deepcopy(net).eval()
    for module in list(net.modules()):
        names = [name for name, _ in module.named_children()]
        if isinstance(module, nn.Sequential):
            pairs = list(zip(names, names[1:]))
        else:
            pairs = [
                (name, name.replace("conv", "bn")) for name in names if name.startswith("conv")
            ]
        for first, second in pairs:
            conv, norm = getattr(module, first, None), getattr(module, second, None)
            if (
                isinstance(conv, nn.Conv2d)
                and type(norm) is nn.BatchNorm2d
                and norm.track_running_stats
            ):
                setattr(module, first, fuse_conv_bn_eval(conv, norm))
                setattr(module, second, nn.Identity())
    return net.to(memory_format=torch.channels_last)


def in_place(net: nn.Module) -> nn.Module:
    """`net`, a `folded` network, with blocks that add in place for its bottlenecks: faster on a
    CPU, by measure.
    """
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, Bottleneck):
                setattr(module, name, InPlaceBottleneck(child))
    return net
