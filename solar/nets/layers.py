"""The layers of a network as a table: what goes in, what comes out, how many numbers are learnt.

Book: chapter 11 (a local descriptor) and chapter 13 (the published models).
"""

from dataclasses import dataclass

import torch
from torch import nn

from .attention import SecondOrderAttention
from .global_net import GlobalNet
from .local_net import PATCH, LocalNet


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Attributes:
        name: its name in the state dict.
        kind: 'attention', or 'layers' for everything else.
        inputs: channels that come in.
        outputs: channels that go out.
        middle: channels of queries, keys and values (c'), None for a layer without attention.
        size: height and width of the map that goes out, None for a vector.
        parameters: how many numbers of it are learnt.
    """

    name: str
    kind: str
    inputs: int
    outputs: int
    middle: int | None
    size: tuple[int, int] | None
    parameters: int


@torch.no_grad()
def layers_of(net: GlobalNet | LocalNet, x: torch.Tensor | None = None) -> list[Layer]:
    """Return the layers of a network in the order in which data flows.

    The numbers are those of a run. A ResNet's stage counts as one layer.

    Args:
        net: the network, in evaluation mode.
        x: a batch to run, (B, 3, H, W) images or (B, 1, 32, 32) patches; None means one of noise.

    Example:
        >>> import solar
        >>> for layer in layers_of(solar.LocalNet("345").eval()):
        ...     if layer.kind == "attention":
        ...         print(layer.name, layer.inputs, layer.outputs, layer.middle)
        soa3 64 64 16
        soa4 64 64 16
        soa5 128 128 64
    """
    if x is None:
        x = noise_for(net)
    layers = []

    # every layer reports what it is given and what it makes of it
    def report_as(name: str):
        def report(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
            attends = isinstance(module, SecondOrderAttention)
            is_map = output.ndim == 4
            layers.append(
                Layer(
                    name=name,
                    kind="attention" if attends else "layers",
                    inputs=inputs[0].shape[1],
                    outputs=output.shape[1],
                    middle=module.reduced if attends else None,
                    size=(output.shape[2], output.shape[3]) if is_map else None,
                    parameters=sum(weight.numel() for weight in module.parameters()),
                )
            )

        return report

    hooks = [module.register_forward_hook(report_as(name)) for name, module in _parts(net)]
    try:
        net(x)
    finally:
        for hook in hooks:
            hook.remove()
    return layers


def noise_for(net: GlobalNet | LocalNet, count: int = 1) -> torch.Tensor:
    """Return a batch of noise of the form that a network takes.

    Args:
        net: the network.
        count: images or patches.

    Returns:
        (count, 1, 32, 32) for a local network, (count, 3, 224, 224) for a global one.

    Example:
        >>> import solar
        >>> noise_for(solar.LocalNet("", width=4), 512).shape
        torch.Size([512, 1, 32, 32])
    """
    shape = (1, PATCH, PATCH) if isinstance(net, LocalNet) else (3, 224, 224)
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def _parts(net: GlobalNet | LocalNet) -> list[tuple[str, nn.Module]]:
    """Return the layers of a network by their names, each with its attention block behind it."""
    if isinstance(net, GlobalNet):
        parts = [(f"features.{name}", part) for name, part in net.features.named_children()]
        parts.append(("pool", net.pool))
        if net.whiten is not None:
            parts.append(("whiten", net.whiten))
        return parts
    # SOSNet is one sequence, of which the convolutions count
    if not net.soa:
        modules = net.layers.named_children()
        return [(f"layers.{name}", part) for name, part in modules if isinstance(part, nn.Conv2d)]
    return list(net.named_children())
