"""The local network: SOSNet (Tian et al., 2019), and SOLAR's local descriptor (section 5.3).

SOLAR-local is SOSNet with attention blocks behind its layers 3, 4 and 5.

Book: chapter 11 (a local descriptor).
"""

import torch
import torch.nn.functional as F
from torch import nn

from .attention import BLOCKS, Pointwise, SecondOrderAttention, check_block

PATCH = 32  # height and width of a patch, pixels
DIM = 128  # length of a descriptor
REDUCTION = {3: 4, 4: 4, 5: 2}  # layer -> channels / reduced channels of its attention block


def _stages(width: int) -> list[list[nn.Module]]:
    """Make the modules of the seven layers; `width` is the number of channels of the first."""
    # input channels, output channels, kernel, stride of each convolution
    plan = [
        (1, width, 3, 1),  # (B, 1, 32, 32) -> (B, width, 32, 32)
        (width, width, 3, 1),
        (width, 2 * width, 3, 2),  # -> (B, 2 width, 16, 16)
        (2 * width, 2 * width, 3, 1),
        (2 * width, 4 * width, 3, 2),  # -> (B, 4 width, 8, 8)
        (4 * width, 4 * width, 3, 1),
        (4 * width, DIM, 8, 1),  # -> (B, 128, 1, 1)
    ]
    stages = []
    for inputs, outputs, kernel, stride in plan:
        padding = 1 if kernel == 3 else 0
        conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        nn.init.orthogonal_(conv.weight)
        stages.append([conv, nn.BatchNorm2d(outputs, affine=False, eps=1e-5), nn.ReLU()])

    # three exceptions: the patch's own mean and contrast are taken off first, the sixth layer drops
    # channels in training, and the last one has no ReLU
    stages[0].insert(0, nn.InstanceNorm2d(1, eps=1e-5))
    stages[5].append(nn.Dropout(0.1))
    stages[6].pop()
    return stages


def _attention(channels: int, reduction: int, block: str) -> SecondOrderAttention:
    """Make an attention block that starts as the layers do, with orthogonal weights."""
    attention = SecondOrderAttention(channels, reduction, block)
    for conv in attention.modules():
        if isinstance(conv, Pointwise) and conv is not attention.v:  # v starts at zero
            nn.init.orthogonal_(conv.weight)
    return attention


class LocalNet(nn.Module):
    """The patch descriptor: SOSNet, or with attention blocks SOLAR-local (SOLAR, section 5.3).

    Module names are those of the published state dicts: `layers.N` for SOSNet, `layerN` and `soaN`
    for SOLAR-local.

    Args:
        soa: layers with an attention block behind them, among '3', '4', '5'; '' is SOSNet itself.
        width: channels of the first layer; the published networks have 32.
        block: what the attention blocks do: 'soa' is the paper's, 'identity' and 'even' are
            controls with as many parameters (see `SecondOrderAttention`), 'none' means no block at
            all, as soa='' does.

    Shape:
        (B, 1, 32, 32) grey patches, in 0..255 or 0..1 -> (B, 128), rows of unit length.

    Raises:
        ValueError: unknown layer or block.

    Example:
        >>> import torch
        >>> from solar import LocalNet
        >>> net = LocalNet(soa="345").eval()
        >>> net
        LocalNet(soa='345', width=32): 1.38 M parameters, 128-D descriptors
        >>> net(torch.rand(5, 1, 32, 32)).shape
        torch.Size([5, 128])
    """

    dim = DIM

    def __init__(self, soa: str = "345", width: int = 32, block: str = "soa"):
        super().__init__()
        if set(soa) - set("345"):
            raise ValueError(
                f"soa={soa!r}: expected some of the layers '3', '4', '5', as in '345', or ''"
            )
        check_block(block, (*BLOCKS, "none"))

        # no block and no layer for one are the same
        if block == "none":
            soa = ""
        if not soa:
            block = "none"
        self.soa = soa
        self.block = block
        self.width = width
        stages = _stages(width)

        # SOSNet's published names: one sequence of all modules
        if not soa:
            self.layers = nn.Sequential()
            for stage in stages:
                self.layers.extend(stage)
            return

        # SOLAR-local's published names: one sequence per layer, and the attention blocks
        for number, stage in enumerate(stages, 1):
            self.add_module(f"layer{number}", nn.Sequential(*stage))
        for number, channels in {3: 2 * width, 4: 2 * width, 5: 4 * width}.items():
            if str(number) in soa:
                attention = _attention(channels, REDUCTION[number], block)
                self.add_module(f"soa{number}", attention)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Describe patches: (B, 1, 32, 32) -> (B, 128)."""
        # all layers: (B, 1, 32, 32) -> (B, 128, 1, 1)
        x = self.features_before(x, "") if self.soa else self.layers(x)

        # the authors' normalisation: the small number makes a blank patch a row of unit length too
        return F.normalize(x.flatten(1).float() + 1e-10)  # (B, 128)

    def features_before(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """Run the layers before an attention block: return its input.

        Args:
            x: patches (B, 1, 32, 32).
            name: 'soa3', 'soa4' or 'soa5'; any other name runs all layers.

        Returns:
            (B, C, h, w), or the output of the last layer, (B, 128, 1, 1).
        """
        # layer by layer, with its attention block behind it if it has one
        for number in range(1, 8):
            x = getattr(self, f"layer{number}")(x)
            if f"soa{number}" == name:
                return x
            if str(number) in self.soa:
                x = getattr(self, f"soa{number}")(x)  # attention keeps the shape
        return x

    @torch.no_grad()
    def attention(self, x: torch.Tensor, layer: int = 5) -> torch.Tensor:
        """Return the attention maps of one block: where each position of a patch looks.

        Args:
            x: patches (B, 1, 32, 32).
            layer: the layer before the block: 3, 4 or 5.

        Returns:
            (B, h * w, h, w), one map per position, row by row; h = w = 16 after layers 3 and 4, 8
            after layer 5. Each map sums to one.

        Raises:
            ValueError: there is no attention block after that layer.
        """
        if str(layer) not in tuple(self.soa):
            raise ValueError(f"no attention after layer {layer}: this network has soa={self.soa!r}")
        x = self.features_before(x, f"soa{layer}")  # (B, 1, 32, 32) -> (B, C, h, w)
        attention = getattr(self, f"soa{layer}")
        return attention.maps(x).unflatten(-1, x.shape[2:])  # (B, N, N) -> (B, N, h, w)

    def __repr__(self) -> str:
        size = sum(p.numel() for p in self.parameters()) / 1e6
        options = f"soa={self.soa!r}, width={self.width}"
        if self.block not in ("soa", "none"):
            options += f", block={self.block!r}"
        return f"LocalNet({options}): {size:.2f} M parameters, {self.dim}-D descriptors"


def with_attention(net: LocalNet, soa: str, block: str = "soa") -> LocalNet:
    """Put attention blocks into a network that has none; at first they change nothing.

    A new block adds zero to its input, so the new network gives the descriptors of `net`.

    Args:
        net: a network without attention blocks.
        soa: layers that get one, as in `LocalNet`.
        block: what the blocks do, as in `LocalNet`.

    Raises:
        ValueError: `net` has blocks, or as in `LocalNet`.

    Example:
        >>> import torch
        >>> net = LocalNet("", width=4).eval()
        >>> patches = torch.rand(2, 1, 32, 32)
        >>> attentive = with_attention(net, "345").eval()
        >>> torch.allclose(attentive(patches), net(patches), atol=1e-6)
        True
    """
    if net.soa:
        raise ValueError(f"{net}: expected a network without attention blocks")
    new = LocalNet(soa, net.width, block)
    if not new.soa:
        new.load_state_dict(net.state_dict())
        return new

    # the layers hold the same modules in the same order, and only their names differ
    modules = []
    for number in range(1, 8):
        modules.extend(getattr(new, f"layer{number}"))
    for module, source in zip(modules, net.layers, strict=True):
        module.load_state_dict(source.state_dict())
    return new
