"""The local network: SOSNet (Tian et al., 2019), and with attention blocks SOLAR's local descriptor
(section 5.3).
"""

import torch
import torch.nn.functional as F
from torch import nn

from .attention import SecondOrderAttention

PATCH = 32  # pixels: side of a patch
REDUCTION = {3: 4, 4: 4, 5: 2}


def _stages(width: int) -> list[list[nn.Module]]:
    """The seven layers. Input channels, output channels, kernel, stride of each convolution; (B, C,
    side, side).
    """
    a, b, c = width, 2 * width, 4 * width
    plan = [
        (1, a, 3, 1),  # 32 x 32
        (a, a, 3, 1),
        (a, b, 3, 2),  # 16 x 16
        (b, b, 3, 1),
        (b, c, 3, 2),  # 8 x 8
        (c, c, 3, 1),
        (c, 128, 8, 1),  # 1 x 1
    ]
    stages = []
    for i, o, kernel, stride in plan:
        conv = nn.Conv2d(i, o, kernel, stride, padding=kernel // 3 % 2, bias=False)
        nn.init.orthogonal_(conv.weight)
        stages.append([conv, nn.BatchNorm2d(o, affine=False, eps=1e-5), nn.ReLU()])
    stages[0].insert(0, nn.InstanceNorm2d(1, eps=1e-5))
    stages[5].append(nn.Dropout(0.1))
    stages[6].pop()  # no ReLU at the end
    return stages


class LocalNet(nn.Module):
    """Patch descriptor. Shape: (B, 1, 32, 32) grey patches -> (B, 128), rows of unit length.

    Args:
        soa: layers with an attention block behind them, among '3', '4', '5'; '' is SOSNet itself.
        width: channels of the first layer; the published networks have 32.

    Module names are those of the published state dicts: `layers.N` for SOSNet, `layerN` and `soaN`
    for SOLAR-local.

    Raises:
        ValueError: unknown layer.
    """

    dim = 128

    def __init__(self, soa: str = "345", width: int = 32):
        super().__init__()
        if set(soa) - set("345"):
            raise ValueError(
                f"soa={soa!r}: expected some of the layers '3', '4', '5', as in '345', or ''"
            )
        self.soa, self.width = soa, width
        stages = _stages(width)
        if not soa:
            self.layers = nn.Sequential(*(module for stage in stages for module in stage))
            return
        for number, stage in enumerate(stages, 1):
            self.add_module(f"layer{number}", nn.Sequential(*stage))
        for layer, channels in {3: 2 * width, 4: 2 * width, 5: 4 * width}.items():
            if str(layer) in soa:
                block = SecondOrderAttention(channels, REDUCTION[layer])
                for conv in (block.f[0], block.g[0], block.h):
                    nn.init.orthogonal_(conv.weight)
                self.add_module(f"soa{layer}", block)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = (
            self.features_before(x, "") if self.soa else self.layers(x)
        )  # (B, 1, 32, 32) -> (B, 128, 1, 1)
        return F.normalize(x.flatten(1).float() + 1e-10)

    def features_before(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """The input that the block called `name` ('soa3', 'soa4', 'soa5') sees; the last output if
        there is none.
        """
        for number in range(1, 8):
            x = getattr(self, f"layer{number}")(x)
            if f"soa{number}" == name:
                return x
            x = getattr(self, f"soa{number}")(x) if str(number) in self.soa else x
        return x

    @torch.no_grad()
    def attention(self, x: torch.Tensor, layer: int = 5) -> torch.Tensor:
        """Where positions of a patch look: (B, h * w, h, w); h = w = 16 after layers 3 and 4, 8
        after layer 5.

        Raises:
            ValueError: there is no attention block after that layer.
        """
        if str(layer) not in tuple(self.soa):
            raise ValueError(f"no attention after layer {layer}: this network has soa={self.soa!r}")
        x = self.features_before(x, f"soa{layer}")
        return getattr(self, f"soa{layer}").maps(x).unflatten(-1, x.shape[2:])

    def __repr__(self) -> str:
        size = sum(p.numel() for p in self.parameters()) / 1e6
        return f"LocalNet(soa={self.soa!r}, width={self.width}): {size:.2f} M parameters, 128-D descriptors"
