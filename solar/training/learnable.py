"""What learns in SOLAR's training: the network, its trainable parameters, the optimizer.

Book: chapter 7 (training on GL18).
"""

from typing import cast

import torch

from ..nets.checkpoints import load_global, path_of, read
from ..nets.global_net import GlobalNet
from ..nets.pooling import GeM
from .config import TrainConfig


def net_with_attention(config: TrainConfig) -> GlobalNet:
    """Return the start network with the attention blocks that `config` asks for.

    A new block changes nothing at first, because its last convolution is zero.

    Args:
        config: `start` is the network to start from, `soa` the stages that get a block, `block`
            what a block does.

    Raises:
        ValueError: the start is a local network, or does not pool by GeM.
    """
    # the same network, but with attention blocks after other stages
    start = load_global(config.start)
    if start.pooling != "gem":
        raise ValueError(
            f"{config.start}: pools by {start.pooling}; expected a network with GeM, whose "
            "exponent learns"
        )
    whitening = start.whiten is not None
    net = GlobalNet(start.architecture, config.soa, start.pooling, whitening, block=config.block)

    # weights of the start replace what was drawn at random; the new blocks keep theirs
    net.load_state_dict(net.state_dict() | start.state_dict())

    # images are normalised as the start was trained
    net.mean = start.mean
    net.std = start.std
    return net


def has_heads_only(start: str) -> bool:
    """Tell whether the file of a start network leaves out the trunk, as that of lite-gem does.

    Args:
        start: name or path of the network.
    """
    return "trunk" in read(path_of(start)).get("meta", {})


def exponent_of(net: GlobalNet) -> torch.nn.Parameter:
    """Return GeM's exponent p, one number or one per channel."""
    return cast(GeM, net.pool).p


def trainable_parameters(
    net: GlobalNet, learn_p: bool = True
) -> dict[str, list[torch.nn.Parameter]]:
    """Freeze a network except for its attention, its whitening and, if asked for, GeM's exponent.

    Args:
        net: the network; `requires_grad` of its parameters is set.
        learn_p: whether GeM's exponent learns.

    Returns:
        What learns: 'attention', 'whitening' and 'p', each a list of parameters.

    Raises:
        ValueError: nothing learns.

    Example:
        >>> parts = trainable_parameters(GlobalNet("mini", soa="5"))
        >>> {name: len(parameters) for name, parameters in parts.items()}
        {'attention': 12, 'whitening': 2, 'p': 1}
    """
    # attention blocks are the stages soa3, soa4 and soa5
    parts = dict(
        attention=[p for name, p in net.named_parameters() if ".soa" in name],
        whitening=list(net.whiten.parameters()) if net.whiten is not None else [],
        p=[exponent_of(net)] if learn_p else [],
    )

    # freeze everything, then free what learns
    net.requires_grad_(False)
    for parameters in parts.values():
        for parameter in parameters:
            parameter.requires_grad_(True)
    if not any(parts.values()):
        raise ValueError(
            "nothing learns: the network has neither attention nor whitening, and p stays as it "
            "is; set `soa` and `block`, or `lr_p_factor`"
        )
    return parts


def make_optimizer(net: GlobalNet, config: TrainConfig) -> torch.optim.Adam:
    """Return Adam for what learns: if GeM's exponent does, at its own rate, without weight decay.

    Args:
        net: the network; the rest of it is frozen.
        config: `lr`, `lr_p_factor` (0: the exponent does not learn) and `weight_decay`.

    Returns:
        The optimizer with groups of parameters named 'rest' and, if the exponent learns, 'p'.
    """
    # attention and whitening learn alike
    parts = trainable_parameters(net, learn_p=config.lr_p_factor > 0)
    groups = []
    rest = parts["attention"] + parts["whitening"]
    if rest:
        groups.append(dict(params=rest, weight_decay=config.weight_decay, name="rest"))

    # GeM's exponent is a single number: weight decay would pull it towards zero
    if parts["p"]:
        rate = config.lr * config.lr_p_factor
        groups.append(dict(params=parts["p"], lr=rate, weight_decay=0.0, name="p"))
    return torch.optim.Adam(groups, lr=config.lr)
