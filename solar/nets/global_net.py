"""The global network: trunk -> second-order attention -> pooling -> whitening -> one descriptor.

Book: chapters 1 (finding a landmark again) and 2 (second-order attention).
"""

import numpy as np
import torch
from torch import nn

from ..files import in_one_line
from .attention import BLOCKS, SecondOrderAttention, check_block
from .pooling import l2n, make_pool, whitened
from .trunks import Trunk, make_trunk

# the stages of the trunk in their order; soaN is the attention block behind stage N, if it has one
STAGES = ("conv1", "conv2_x", "conv3_x", "soa3", "conv4_x", "soa4", "conv5_x", "soa5")


class Features(nn.Module):
    """The trunk with its attention blocks.

    Args:
        trunk: as `trunks.make_trunk` makes it.
        soa: stages with an attention block behind them, among '3', '4', '5'.
        block: one of `attention.BLOCKS`.

    Shape:
        (B, 3, H, W) -> (B, C, H/s, W/s), with stride s = 32 (mini: 16).
    """

    def __init__(self, trunk: Trunk, soa: str, block: str = "soa"):
        super().__init__()
        for name, stage in trunk.stages.items():
            self.add_module(name, stage)
        for number, channels in trunk.widths.items():
            if str(number) in soa:
                attention = SecondOrderAttention(channels, trunk.reduction[number], block)
                self.add_module(f"soa{number}", attention)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run all stages: (B, 3, H, W) -> (B, C, H/s, W/s)."""
        return self._run(x, STAGES)

    def features_before(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """Run the stages before the stage called `name`: return its input.

        Args:
            x: images (B, 3, H, W).
            name: one of `STAGES`.
        """
        return self._run(x, STAGES[: STAGES.index(name)])

    def features_from(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """Run the stage called `name` and those after it: return the last feature maps.

        Args:
            x: the input of that stage, as `features_before` returns it.
            name: one of `STAGES`.
        """
        return self._run(x, STAGES[STAGES.index(name) :])

    def _run(self, x: torch.Tensor, names: tuple[str, ...]) -> torch.Tensor:
        """Apply the stages called `names`, one after the other."""
        for name in names:
            stage = getattr(self, name, None)
            if stage is not None:  # an attention block may be absent
                x = stage(x)
        return x


class GlobalNet(nn.Module):
    """The image retrieval network (SOLAR, section 3): one descriptor per image.

    Module names are those of the published state dict, so that published files load without a
    table of translations.

    Args:
        architecture: 'mini', a ResNet ('resnet18' ... 'resnet152'), 'efficientnet_lite0', or
            'timm:NAME' for another trunk of the library timm. Weights are random; nothing is ever
            downloaded (`trunks.load_imagenet` has trained ones for 'efficientnet_lite0').
        soa: stages with an attention block behind them, among '3', '4', '5': '45' is the paper's,
            '' means none.
        pool: one of `pooling.POOLINGS`.
        whitening: end with a linear map (its weights come from training or from a file).
        regional: pool overlapping squares of the map, whiten each, and add them up
            (`pooling.Regional`).
        block: what the attention blocks do: 'soa' is the paper's, 'identity' and 'even' are
            controls with as many parameters (see `SecondOrderAttention`), 'none' means no block at
            all, as soa='' does.

    Attributes:
        whitenings: learnt whitenings that a file of cnnimageretrieval has beside the weights. The
            network does not apply them: they are for its descriptors, afterwards. Name -> 'ss' for
            descriptors of one scale, 'ms' for those of several -> mean (D,), projection (D', D).

    Shape:
        (B, 3, H, W) -> (B, D), rows of unit length.

    Raises:
        ModuleNotFoundError: a trunk of timm is asked for, and timm is not installed.
        ValueError: unknown architecture, stage, pooling or block.

    Example:
        >>> import torch
        >>> from solar import GlobalNet
        >>> net = GlobalNet("mini", soa="45").eval()
        >>> net(torch.rand(2, 3, 64, 96)).shape
        torch.Size([2, 128])
    """

    def __init__(
        self,
        architecture: str = "resnet101",
        soa: str = "45",
        pool: str = "gem",
        whitening: bool = True,
        regional: bool = False,
        block: str = "soa",
    ):
        super().__init__()
        if set(soa) - set("345"):
            raise ValueError(
                f"soa={soa!r}: expected some of the stages '3', '4', '5', as in '45', or ''"
            )
        check_block(block, (*BLOCKS, "none"))

        # no block and no stage for one are the same
        if block == "none":
            soa = ""
        if not soa:
            block = "none"

        # how the network was built, for `save` and for printing
        self.architecture = architecture
        self.soa = soa
        self.block = block
        self.pooling = pool
        self.regional = regional

        # how images are normalised before they enter
        trunk = make_trunk(architecture)
        self.mean = trunk.mean
        self.std = trunk.std

        # what a file has beside the weights
        self.whitenings: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}

        # the parts, in the order in which data flows
        channels = trunk.widths[5]
        self.features = Features(trunk, soa, block)
        self.pool = make_pool(pool, channels, regional)
        self.whiten = nn.Linear(channels, trunk.dim) if whitening else None
        self.dim = trunk.dim if whitening else channels  # D, the length of a descriptor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Describe images: (B, 3, H, W) -> (B, D)."""
        maps = self.features(x)  # (B, 3, H, W) -> (B, C, h, w)
        return self.head(maps)  # (B, D)

    def head(self, x: torch.Tensor) -> torch.Tensor:
        """Pool and whiten feature maps: (B, C, h, w) -> (B, D), rows of unit length."""
        pooled = l2n(self.pool(x))  # (B, C, h, w) -> (B, C)
        if self.whiten is None:
            return pooled
        return whitened(self.whiten, pooled)  # (B, C) -> (B, D)

    @torch.no_grad()
    def attention(
        self, x: torch.Tensor, layer: int = 5, at: list[tuple[int, int]] | None = None
    ) -> torch.Tensor:
        """Return the attention maps of one block: where each position looks.

        Args:
            x: images (B, 3, H, W).
            layer: the stage before the block: 3, 4 or 5.
            at: positions (row, column) on the map; None means all.

        Returns:
            (B, h * w, h, w), one map per position, row by row; or (B, len(at), h, w). Each map sums
            to one.

        Raises:
            ValueError: there is no attention block after that stage, or a position lies outside the
                map.
        """
        if str(layer) not in tuple(self.soa):
            raise ValueError(f"no attention after stage {layer}: this network has soa={self.soa!r}")
        x = self.features.features_before(x, f"soa{layer}")  # (B, 3, H, W) -> (B, C, h, w)
        height, width = x.shape[2:]

        # positions as the numbers by which the block counts them: row by row
        numbers = None
        if at is not None:
            for row, column in at:
                if not (0 <= row < height and 0 <= column < width):
                    raise ValueError(
                        f"positions {at}: expected rows below {height} and columns below {width}"
                    )
            numbers = [row * width + column for row, column in at]
            numbers = torch.tensor(numbers, dtype=torch.long, device=x.device)

        block = getattr(self.features, f"soa{layer}")
        return block.maps(x, numbers).unflatten(-1, (height, width))  # (B, n, N) -> (B, n, h, w)

    def __repr__(self) -> str:
        size = sum(p.numel() for p in self.parameters()) / 1e6
        options = f"soa={self.soa!r}, pool={self.pooling!r}, whitening={self.whiten is not None}"
        if self.regional:
            options += ", regional=True"
        if self.block not in ("soa", "none"):
            options += f", block={self.block!r}"
        learnt = ""
        if self.whitenings:
            learnt = f", learnt whitening {in_one_line(', '.join(self.whitenings))}"
        return (
            f"GlobalNet({self.architecture!r}, {options}): "
            f"{size:.2f} M parameters, {self.dim}-D descriptors{learnt}"
        )
