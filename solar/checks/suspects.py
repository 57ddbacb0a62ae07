"""Bug hunts among attention layers and attention maps: what they are must be found by experiments.

Book: chapter 2 (second-order attention) and chapter 3 (the SOA explorer).
"""

import copy
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image
from torch import Tensor

from ..images import to_tensor
from ..nets.attention import SecondOrderAttention
from ..nets.global_net import GlobalNet
from .basics import judge
from .hunts import wrong_names

# what a layer of `layer_suspects` may be, with an experiment that gives it away
LAYER_KINDS = {
    "right": "it passes all experiments, and row i is the softmax of q_i . k / sqrt(c').",
    "wrong axis": "does each row of its map sum to one?",
    "no residual": "how far is its output from its input? A trained layer changes the input by "
    "a part of it only.",
    "no scale": "take the logarithms of one row. Their range is that of the logits of this row: "
    "is it sqrt(c') times too large?",
    "f and g exchanged": "compute one row by hand. Is it the softmax of q_i . k, or of k_i . q?",
}
LAYER_HIDDEN = (3, 1, 4, 2, 0)  # the kinds of A, B, ... by their numbers

# the same for a map of `map_suspects`
MAP_KINDS = {
    "right": "it is the row of A, at the network's own temperature, and sums to one.",
    "a column": "does it sum to one? And does a place of which everybody takes notice have a "
    "large sum?",
    "drawing temperature": "it sums to one. Is its peak as high as that of net.attention?",
    "row and column exchanged": "ask for a place in the upper right corner. Whose map is it?",
    "stretched": "what are its least and its greatest value?",
}
MAP_HIDDEN = (2, 4, 0, 3, 1)


# ---- layers --------------------------------------------------------------------------------------


class _Suspect(SecondOrderAttention):
    """A layer with the weights of another one, and perhaps a mistake."""

    def __init__(self, layer: SecondOrderAttention, number: int):
        channels = layer.v.out_channels
        super().__init__(channels, channels // layer.reduced)
        self.load_state_dict(layer.state_dict())
        self.kind = list(LAYER_KINDS)[number]

    def maps(self, x: Tensor, at: Tensor | None = None) -> Tensor:
        q = self.f(x).flatten(2)  # (B, c', N)
        k = self.g(x).flatten(2)  # (B, c', N)
        logits = q.transpose(1, 2) @ k  # (B, N, N)
        if self.kind == "f and g exchanged":
            logits = logits.transpose(1, 2)
        if self.kind != "no scale":
            logits = logits * self.reduced**-0.5
        rows = logits.softmax(1 if self.kind == "wrong axis" else 2)
        return rows if at is None else rows[:, at]

    def forward(self, x: Tensor) -> Tensor:
        y = self.explicit(x)
        return y - x if self.kind == "no residual" else y


def layer_suspects(net: GlobalNet) -> dict[str, GlobalNet]:
    """Return five networks with the weights of `net`; the attention layers of four have a bug.

    Args:
        net: a network with attention blocks; it stays as it is.

    Returns:
        'A' ... 'E' -> a network in evaluation mode.

    Example:
        >>> from solar import GlobalNet
        >>> list(layer_suspects(GlobalNet("mini")))
        ['A', 'B', 'C', 'D', 'E']
    """
    suspects = {}
    for letter, number in zip("ABCDE", LAYER_HIDDEN):
        suspects[letter] = copy.deepcopy(net).eval()
        for stage in net.soa:
            layer = getattr(net.features, f"soa{stage}")
            setattr(suspects[letter].features, f"soa{stage}", _Suspect(layer, number).eval())
    return suspects


def why_wrong_which_layer(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `layer_suspects`, or None."""
    return wrong_names(function(), LAYER_HIDDEN, LAYER_KINDS)


def which_layer(function: Callable) -> None:
    """Check the bug hunt among the `layer_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `LAYER_KINDS`.

    Example:
        >>> which_layer(lambda: {"A": "right"})
        which_layer: not yet. No word on B, C, D, E.
    """
    judge("which_layer", why_wrong_which_layer, function)


# ---- maps ----------------------------------------------------------------------------------------


def _map_of(kind: str, net: GlobalNet, x: Tensor, place: tuple[float, float]) -> np.ndarray:
    """Return a map (h, w) of SOA5 for a pixel `place` = (row, column) of an image x."""
    height, width = x.shape[2:]
    if kind == "row and column exchanged":
        # the same pixel, read the other way round, and kept inside the image
        place = (min(place[1], height - 1), min(place[0], width - 1))
    A = net.attention(x, layer=5)[0]  # (N, h, w)
    h, w = A.shape[1:]
    number = int(place[0] * h / height) * w + int(place[1] * w / width)

    row = A[number]  # (h, w)
    if kind == "a column":
        row = A.flatten(1)[:, number].view(h, w)
    if kind == "drawing temperature":
        tau = net.features.soa5.reduced**-0.25
        row = (tau * row.clamp_min(1e-30).log()).flatten().softmax(0).view(h, w)
    if kind == "stretched":
        row = (row - row.min()) / (row.max() - row.min())
    return row.numpy()


def map_suspects(net: GlobalNet, image: Image.Image) -> dict[str, Callable]:
    """Return five functions that claim to say where a place of an image looks; one of them does.

    Args:
        net: a network with attention after stage 5; it is put into evaluation mode.
        image: an RGB image.

    Returns:
        'A' ... 'E' -> a function of a pixel (row, column) that gives a map (h, w) of SOA5.

    Example:
        >>> from solar import GlobalNet
        >>> suspects = map_suspects(GlobalNet("mini"), Image.new("RGB", (64, 32)))
        >>> suspects["A"]((0, 0)).shape
        (2, 4)
    """
    x = to_tensor(image, net.mean, net.std)[None]  # (1, 3, H, W)
    net = net.eval()
    kinds = list(MAP_KINDS)
    return {
        letter: partial(_map_of, kinds[number], net, x)
        for letter, number in zip("ABCDE", MAP_HIDDEN)
    }


def why_wrong_which_map(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `map_suspects`, or None."""
    return wrong_names(function(), MAP_HIDDEN, MAP_KINDS)


def which_map(function: Callable) -> None:
    """Check the bug hunt among the `map_suspects` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `MAP_KINDS`.

    Example:
        >>> which_map(lambda: {"A": "right"})
        which_map: not yet. No word on B, C, D, E.
    """
    judge("which_map", why_wrong_which_map, function)
