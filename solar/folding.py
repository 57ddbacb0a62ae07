"""The same network, faster to run: batch norms folded into their convolutions, channels last in memory."""

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(net: nn.Module) -> nn.Module:
    """A copy of `net` in evaluation mode, whose batch norms are part of the convolutions before them.

    A batch norm with fixed statistics is a scale and a shift of each channel, and so is a convolution's last step: one
    pass over the map less for each. Found are pairs that follow each other in a `Sequential`, and convN / bnN of a
    residual block. In channels-last order the vectors of the attention block need no copying. Descriptors differ by
    rounding (about 1e-7). The original is left as it is.
    """
    net = copy.deepcopy(net).eval()
    for module in list(net.modules()):
        names = [name for name, _ in module.named_children()]
        if isinstance(module, nn.Sequential):
            pairs = list(zip(names, names[1:]))
        else:
            pairs = [(name, name.replace("conv", "bn")) for name in names if name.startswith("conv")]
        for first, second in pairs:
            conv, norm = getattr(module, first, None), getattr(module, second, None)
            if isinstance(conv, nn.Conv2d) and type(norm) is nn.BatchNorm2d and norm.track_running_stats:
                setattr(module, first, fuse_conv_bn_eval(conv, norm))
                setattr(module, second, nn.Identity())
    return net.to(memory_format=torch.channels_last)
