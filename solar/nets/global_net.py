"""The global network of SOLAR: trunk -> second-order attention -> pooling -> whitening -> one
descriptor an image.
"""

import torch
import torchvision
from torch import nn
from torchvision.models.resnet import BasicBlock

from .attention import SecondOrderAttention
from .pooling import l2n, make_pool, whitened

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
MINI_WIDTHS, MINI_DIM = (16, 24, 48, 96, 160), 128
STAGES = ("conv1", "conv2_x", "conv3_x", "soa3", "conv4_x", "soa4", "conv5_x", "soa5")
REDUCTION = {3: 8, 4: 4, 5: 2}  # channels / reduced channels of the block after each stage
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _mini_stages() -> dict[str, nn.Module]:
    """A small residual trunk; conv4_x stays at stride 8, so SOA4 sees four times as many positions
    as SOA5.
    """

    def block(i, o, stride):
        shortcut = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))
        return BasicBlock(i, o, stride, shortcut)

    a, b, c, d, e = MINI_WIDTHS
    return {
        "conv1": nn.Sequential(nn.Conv2d(3, a, 5, 2, 2, bias=False), nn.BatchNorm2d(a)),  # stride 2
        "conv2_x": nn.Sequential(nn.ReLU(inplace=True), block(a, b, 2)),  # stride 4
        "conv3_x": block(b, c, 2),  # stride 8
        "conv4_x": block(c, d, 1),  # stride 8
        "conv5_x": block(d, e, 2),  # stride 16
    }


def _resnet_stages(architecture: str) -> dict[str, nn.Module]:
    resnet = getattr(torchvision.models, architecture)(weights=None)
    return {
        "conv1": nn.Sequential(resnet.conv1, resnet.bn1),
        "conv2_x": nn.Sequential(resnet.relu, resnet.maxpool, resnet.layer1),
        "conv3_x": resnet.layer2,
        "conv4_x": resnet.layer3,  # stride 16
        "conv5_x": resnet.layer4,  # stride 32
    }


def _widths(architecture: str) -> dict[int, int]:
    if architecture == "mini":
        return dict(zip((3, 4, 5), MINI_WIDTHS[2:]))
    wide = 1 if architecture in ("resnet18", "resnet34") else 4
    return {3: 128 * wide, 4: 256 * wide, 5: 512 * wide}


class Features(nn.Module):
    """The trunk with its attention blocks. Shape: (B, 3, H, W) -> (B, C, H / s, W / s), s = 32
    (mini: 16).
    """

    def __init__(self, architecture: str, soa: str):
        super().__init__()
        stages = _mini_stages() if architecture == "mini" else _resnet_stages(architecture)
        for name, stage in stages.items():
            self.add_module(name, stage)
        for layer, channels in _widths(architecture).items():
            if str(layer) in soa:
                self.add_module(f"soa{layer}", SecondOrderAttention(channels, REDUCTION[layer]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.features_from(x, "conv1")

    def features_before(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """What the stage called `name` sees, from a picture."""
        return self._run(x, STAGES[: STAGES.index(name)])

    def features_from(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """The last stage's output, from what the stage called `name` sees."""
        return self._run(x, STAGES[STAGES.index(name) :])

    def _run(self, x: torch.Tensor, stages) -> torch.Tensor:
        for stage in stages:
            x = getattr(self, stage)(x) if hasattr(self, stage) else x
        return x


class GlobalNet(nn.Module):
    """Image retrieval network (SOLAR, section 3). Shape: (B, 3, H, W) -> (B, D), rows of unit
    length.

    Args:
        architecture: 'mini' or a ResNet ('resnet18' ... 'resnet152'). Nothing is ever downloaded.
        soa: stages with an attention block, among '3', '4', '5': '45' is the paper's, '' none.
        pool: one of `pooling.POOLINGS`.
        whitening: end with a linear map (its weights come from training or from a file).
        regional: pool overlapping squares of the map, whiten each, and add them up
            (`pooling.Regional`).

    Module names are those of the published state dict, so published files load without translation.

    Raises:
        ValueError: unknown architecture, stage or pooling.
    """

    def __init__(
        self,
        architecture: str = "resnet101",
        soa: str = "45",
        pool: str = "gem",
        whitening: bool = True,
        regional: bool = False,
    ):
        super().__init__()
        if architecture not in ("mini", *RESNETS):
            raise ValueError(
                f"unknown architecture {architecture!r}: expected mini, {', '.join(RESNETS)}"
            )
        if set(soa) - set("345"):
            raise ValueError(
                f"soa={soa!r}: expected some of the stages '3', '4', '5', as in '45', or ''"
            )
        self.architecture, self.soa, self.pooling, self.regional = architecture, soa, pool, regional
        self.mean, self.std = IMAGENET_MEAN, IMAGENET_STD
        channels = _widths(architecture)[5]
        self.features = Features(architecture, soa)
        self.pool = make_pool(pool, channels, regional)
        self.whiten = (
            nn.Linear(channels, MINI_DIM if architecture == "mini" else channels)
            if whitening
            else None
        )
        self.dim = self.whiten.out_features if whitening else channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x))

    def head(self, x: torch.Tensor) -> torch.Tensor:
        """Pooling and whitening alone: (B, C, h, w) -> (B, D)."""
        x = l2n(self.pool(x))  # (B, C, h, w) -> (B, C)
        return x if self.whiten is None else whitened(self.whiten, x)  # (B, D)

    @torch.no_grad()
    def attention(
        self, x: torch.Tensor, layer: int = 5, at: list[tuple[int, int]] | None = None
    ) -> torch.Tensor:
        """Where positions look: (B, h * w, h, w), or (B, len(at), h, w) for the positions `at` =
        [(row, column), ...].

        Raises:
            ValueError: there is no attention block after that stage, or a position lies outside the
                map.
        """
        if str(layer) not in tuple(self.soa):
            raise ValueError(f"no attention after stage {layer}: this network has soa={self.soa!r}")
        x = self.features.features_before(x, f"soa{layer}")
        height, width = x.shape[2:]
        rows = None
        if at is not None:
            if any(not (0 <= r < height and 0 <= c < width) for r, c in at):
                raise ValueError(
                    f"positions {at}: expected rows below {height} and columns below {width}"
                )
            rows = torch.tensor([r * width + c for r, c in at], dtype=torch.long, device=x.device)
        return getattr(self.features, f"soa{layer}").maps(x, rows).unflatten(-1, (height, width))

    def __repr__(self) -> str:
        size = sum(p.numel() for p in self.parameters()) / 1e6
        regional = ", regional=True" if self.regional else ""
        return (
            f"GlobalNet({self.architecture!r}, soa={self.soa!r}, pool={self.pooling!r}, "
            f"whitening={self.whiten is not None}{regional}): {size:.2f} M parameters, {self.dim}-D descriptors"
        )
