"""The second-order attention block (SOLAR, section 3.2).

Every position of a feature map is compared with every other position, and gets a weighted sum of
all of them added to it. The layer stands here twice: `SecondOrderAttention.explicit` reads like the
equation, `SecondOrderAttention.forward` gives the same numbers with less memory and time.

Two more blocks have the same parameters and no attention. They are controls: what they gain too,
attention has not gained.

Book: chapter 2 (second-order attention).
"""

import torch
import torch.nn.functional as F
from torch import nn

# what A is: the attention of the paper, each position alone, or all positions alike
BLOCKS = ("soa", "identity", "even")


def check_block(block: str, known: tuple[str, ...] = BLOCKS) -> None:
    """Refuse an unknown kind of block.

    Args:
        block: the name to look at.
        known: the names that are allowed.

    Raises:
        ValueError: it is none of them.
    """
    if block not in known:
        raise ValueError(f"unknown block {block!r}: expected one of {', '.join(known)}")


def vectors(x: torch.Tensor) -> torch.Tensor:
    """View a map as its N = H W vectors, row by row: (B, C, H, W) -> (B, N, C), without a copy."""
    return x.flatten(2).transpose(1, 2)


def as_map(rows: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """View N = H W vectors as a map of `size` (H, W): (B, N, C) -> (B, C, H, W), without a copy."""
    return rows.transpose(1, 2).unflatten(2, size)


class Pointwise(nn.Conv2d):
    """A 1 x 1 convolution, computed as one matrix product over all positions of all images.

    The values and the names of the weights are those of `nn.Conv2d(inputs, outputs, 1)`. The
    vectors of the result lie one after the other in memory (channels last), which is the order that
    the matrix products of the attention want.

    Args:
        inputs: channels C of the input.
        outputs: channels C' of the output.

    Shape:
        (B, C, H, W) -> (B, C', H, W).
    """

    bias: nn.Parameter  # never None

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply all vectors of the map by the weight."""
        weight = self.weight.flatten(1)  # (C', C, 1, 1) -> (C', C)
        out = F.linear(vectors(x), weight, self.bias)  # (B, N, C) -> (B, N, C')
        return as_map(out, x.shape[2:])  # (B, C', H, W)


class SecondOrderAttention(nn.Module):
    """The second-order attention block (SOLAR, section 3.2).

    y = x + v(A h(x)),  A = softmax(q^T k / sqrt(c')),  q = ReLU(BN(f(x))),  k = ReLU(BN(g(x))).

    `f`, `g`, `h` and `v` are 1 x 1 convolutions, c' = channels / reduction. `v` starts at zero, so
    that a new block changes nothing. In the authors' training the batch norms are frozen before
    they have seen a batch: they only scale and shift.

    Two controls differ in A alone. With `block="identity"` A is the identity: y = x + v(h(x)), each
    position sees itself. With `block="even"` A is 1 / N everywhere: each position gets the mean of
    all values. All three have the same parameters by the same names, and start from the same
    numbers; `f` and `g` of a control are never used and get no gradient.

    Equation: eq-block, eq-soa, eq-arms.

    Args:
        channels: C, channels of the input and of the output.
        reduction: channels of the input per channel of q, k and h.
        block: one of `BLOCKS`: 'soa' (the paper's), 'identity' or 'even'.

    Shape:
        (B, C, H, W) -> (B, C, H, W).

    Raises:
        ValueError: an unknown kind of block.

    Example:
        >>> import torch
        >>> from solar import SecondOrderAttention
        >>> block = SecondOrderAttention(channels=8, reduction=2).eval()
        >>> x = torch.rand(1, 8, 3, 4)
        >>> torch.equal(block(x), x)  # a new block changes nothing
        True
        >>> block.maps(x).shape  # 12 positions look at 12 positions
        torch.Size([1, 12, 12])
    """

    def __init__(self, channels: int, reduction: int, block: str = "soa"):
        super().__init__()
        check_block(block)
        self.block = block
        self.reduced = channels // reduction  # c'
        to_queries = Pointwise(channels, self.reduced)
        to_keys = Pointwise(channels, self.reduced)
        self.f = _projection(to_queries)  # x -> queries
        self.g = _projection(to_keys)  # x -> keys
        self.h = Pointwise(channels, self.reduced)  # x -> values
        self.v = Pointwise(self.reduced, channels)  # weighted sums -> what is added to x

        # v starts at zero: what is added to x is nothing, until training says otherwise
        for conv in (to_queries, to_keys, self.h):
            nn.init.kaiming_normal_(conv.weight)
            nn.init.zeros_(conv.bias)
        nn.init.zeros_(self.v.weight)
        nn.init.zeros_(self.v.bias)

    def maps(self, x: torch.Tensor, at: torch.Tensor | None = None) -> torch.Tensor:
        """Return the attention maps A themselves.

        Args:
            x: feature maps (B, C, H, W).
            at: numbers (n,) of positions, row * W + column; None means all N = H W.

        Returns:
            (B, N, N); row i tells where position i looks, and sums to one. With `at` only the rows
            of those positions, (B, n, N), at a cost of n N instead of N N.
        """
        if self.block != "soa":
            return self._fixed_maps(x, at)
        q = self.f(x).flatten(2)  # (B, C, H, W) -> (B, c', N)
        k = self.g(x).flatten(2)  # (B, c', N)
        if at is not None:
            q = q[:, :, at]  # (B, c', n)

        # one logit for each pair of positions, then a softmax over the positions looked at; the
        # scale 1 / sqrt(c') keeps the logits in one range whatever c' is
        return (q.transpose(1, 2) @ k * self.reduced**-0.5).softmax(-1)

    def _fixed_maps(self, x: torch.Tensor, at: torch.Tensor | None) -> torch.Tensor:
        """Return the maps of a control, which are the same for every image: (B, n, N)."""
        positions = x.shape[2:].numel()  # N
        if self.block == "identity":
            rows = torch.eye(positions, dtype=x.dtype, device=x.device)  # (N, N)
        else:
            rows = x.new_full((positions, positions), 1 / positions)  # (N, N)
        if at is not None:
            rows = rows[at]  # (n, N)
        return rows.expand(len(x), -1, -1)  # (B, n, N), without a copy

    def explicit(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the layer as its equation reads, y = x + v(A h(x)), with the N x N maps.

        It is here to be read, and to test `forward` against.

        Args:
            x: feature maps (B, C, H, W).

        Returns:
            (B, C, H, W): what `forward` returns, up to rounding.
        """
        # h(x): a value for each position
        values = vectors(self.h(x))  # (B, C, H, W) -> (B, N, c')

        # A h(x): for each position the mean of all values, weighted by where it looks
        mixed = self.maps(x) @ values  # (B, N, N) @ (B, N, c') -> (B, N, c')

        # v(...): back to C channels, as a map again
        change = self.v(as_map(mixed, x.shape[2:]))  # (B, N, c') -> (B, C, H, W)

        # the input stays, and the change is added to it
        return x + change

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the same numbers as `explicit`, without ever holding A."""
        # A h(x)
        mixed = self._mixed(x)  # (B, C, H, W) -> (B, N, c')

        # x + v(...): a 1 x 1 convolution is a matrix product, and a product can be added to x in
        # one step, so that one (B, N, C) tensor is made and not two
        weight = self.v.weight.flatten(1).T.expand(len(x), -1, -1)  # (B, c', C)
        y = torch.baddbmm(vectors(x), mixed, weight).add_(self.v.bias)  # (B, N, C)
        return as_map(y, x.shape[2:])  # (B, C, H, W)

    def _mixed(self, x: torch.Tensor) -> torch.Tensor:
        """Compute A h(x) without A: (B, C, H, W) -> (B, N, c')."""
        # h(x): a value for each position
        values = vectors(self.h(x)).contiguous()  # (B, N, c')

        # the controls: each position keeps its own value, or all get the mean; no q, no k
        if self.block == "identity":
            return values
        if self.block == "even":
            return values.mean(1, keepdim=True).expand_as(values)  # (B, N, c'), without a copy

        # q, k and h(x) of each position, as one "head" of a transformer's attention; on a CPU the
        # fused kernel falls back to the N x N map unless its inputs are contiguous
        q = vectors(self.f(x)).contiguous()[:, None]  # (B, C, H, W) -> (B, 1, N, c')
        k = vectors(self.g(x)).contiguous()[:, None]  # (B, 1, N, c')

        # the kernel walks over the keys in blocks and keeps a running softmax, so that it needs
        # memory for N vectors instead of N x N weights; it divides by sqrt(c') itself
        return F.scaled_dot_product_attention(q, k, values[:, None])[:, 0]  # (B, N, c')


def _projection(conv: Pointwise) -> nn.Sequential:
    """Make f or g of their convolution: batch norm and ReLU follow."""
    return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU(True))
