"""The second-order attention block (SOLAR, section 3.2): each position is re-weighted by how it
relates to all.
"""

import torch
import torch.nn.functional as F
from torch import nn


class Pointwise(nn.Conv2d):
    """A 1 x 1 convolution, computed as what it is: one matrix product over all positions of all
    images.

    Same values and same keys as `nn.Conv2d(inputs, outputs, 1)`; the result's vectors lie one after
    the other in memory (channels last), as the products of the attention want them. Shape: (B, C,
    H, W) -> (B, C', H, W).
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.linear(vectors(x), self.weight.flatten(1), self.bias)  # (B, N, C) -> (B, N, C')
        return out.transpose(1, 2).unflatten(2, x.shape[2:])


def vectors(x: torch.Tensor) -> torch.Tensor:
    """A map as its N = H W vectors: (B, C, H, W) -> (B, N, C), without copying."""
    return x.flatten(2).transpose(1, 2)


class SecondOrderAttention(nn.Module):
    """y = x + v(A h(x)),  A = softmax(q^T k / sqrt(c')),  q = ReLU(BN(f(x))),  k = ReLU(BN(g(x))).

    `f`, `g`, `h`, `v` are 1 x 1 convolutions; c' = channels / reduction. `v` starts at zero, so the
    block starts as the identity. In the authors' training the batch norms are frozen before they
    have seen a batch: they only scale and shift. Shape: (B, C, H, W) -> (B, C, H, W).
    """

    def __init__(self, channels: int, reduction: int):
        super().__init__()
        self.reduced = channels // reduction

        def projection():
            return nn.Sequential(
                Pointwise(channels, self.reduced), nn.BatchNorm2d(self.reduced), nn.ReLU(True)
            )

        self.f, self.g = projection(), projection()
        self.h = Pointwise(channels, self.reduced)
        self.v = Pointwise(self.reduced, channels)
        for conv in (self.f[0], self.g[0], self.h):
            nn.init.kaiming_normal_(conv.weight)
            nn.init.zeros_(conv.bias)
        nn.init.zeros_(self.v.weight)
        nn.init.zeros_(self.v.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # scaled_dot_product_attention computes the same softmax, yet never holds the N x N matrix;
        # on a CPU it falls
        # back to the explicit way unless its inputs are contiguous
        q, k, v = (
            vectors(p(x)).contiguous()[:, None] for p in (self.f, self.g, self.h)
        )  # (B, 1, N, c')
        out = F.scaled_dot_product_attention(q, k, v)[:, 0]  # (B, N, c')
        del q, k, v
        weight = self.v.weight.flatten(1).T.expand(len(x), -1, -1)  # (B, c', C)
        y = torch.baddbmm(vectors(x), out, weight).add_(
            self.v.bias
        )  # x + v(out) with one (B, N, C) to hold, not two
        return y.transpose(1, 2).unflatten(2, x.shape[2:])

    def maps(self, x: torch.Tensor, at: torch.Tensor | None = None) -> torch.Tensor:
        """The attention itself: (B, N, N), row i = where position i looks; rows sum to one.

        `at` (n,) flat positions gives those rows only, (B, n, N), at a cost of n * N instead of N *
        N.
        """
        q, k = self.f(x).flatten(2), self.g(x).flatten(2)  # (B, c', N)
        q = q if at is None else q[:, :, at]
        return (q.transpose(1, 2) @ k * self.reduced**-0.5).softmax(-1)
