"""Checks of the exercises on parity: units of rounding, bisecting, ports of a network.

Book: chapter 14 (parity).
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..nets.global_net import STAGES, GlobalNet
from ..nets.pooling import l2n
from .basics import judge, same
from .hunts import wrong_names

EPS = float(np.finfo(np.float32).eps)  # one step of a float32 number between 1 and 2

# ---- a difference in units of rounding -----------------------------------------------------------


def why_wrong_roundings(function: Callable) -> str | None:
    """Return the first reason why `function` is not a difference in roundings, or None."""
    # the largest difference, 3, is a negative one, and stands where b is small
    a = np.array([[7.0, -7.5], [1.0, -1.0]])
    b = np.array([[5.0, -8.0], [1.0, 2.0]])
    answer = function(a, b)

    right = 3 / 8 / EPS
    if np.shape(answer) != ():
        return f"The shape is {tuple(np.shape(answer))}; asked is one number for the whole map."
    for hint, value in (
        ("This is the difference itself. In which unit is it asked?", 3),
        ("This is a share of the largest number; a rounding is still to be divided by.", 3 / 8),
        ("Without the size of the numbers, a map times a thousand would differ more.", 3 / EPS),
        ("Differences of both signs count: take the size of each before the largest.", 2 / 8 / EPS),
        ("A mean hides one wrong number among a million: take the largest.", 5.5 / 4 / 8 / EPS),
        (
            "Each difference is divided by its own number: one near zero makes it as large as you "
            "like. Divide by the largest number of `b`.",
            3 / 2 / EPS,
        ),
        ("The largest number of `b` may be a negative one.", 3 / 5 / EPS),
        ("Divide by the largest number of `b`, not of `a`.", 3 / 7.5 / EPS),
        ("This is in roundings of float64; the maps come from float32.", right * EPS * 2**52),
        (
            "Twice too much: the step between 1 and 2 is 2 ** -23, np.finfo(np.float32).eps.",
            2 * right,
        ),
    ):
        if np.allclose(answer, value, rtol=1e-4):
            return hint
    if not np.allclose(answer, right, rtol=1e-4):
        return "The largest |a - b|, divided by the largest |b| and by np.finfo(np.float32).eps."
    if not same(function(b, b), 0):
        return "Two equal maps differ by no rounding."

    # half a rounding of 6, no power of two; then a map `a` with larger numbers than `b`
    six = np.array([6.0, 1.0])
    if not np.allclose(function(six + np.array([3 * EPS, 0]), six), 0.5, rtol=1e-4):
        return (
            "Right for a map whose largest number is 8, wrong for 6 and half a rounding: divide by "
            "the number itself, and round nothing."
        )
    if not np.allclose(function(2 * six, six), 1 / EPS, rtol=1e-4):
        return "Divide by the largest number of `b`, also where `a` has larger ones."
    return None


def roundings(function: Callable) -> None:
    """Check the exercise on units of rounding and print a verdict.

    Args:
        function: `function(a, b)` gives the largest difference of two arrays of one shape, in steps
            of a float32 number as large as the largest of `b`.

    Example:
        >>> roundings(lambda a, b: abs(a - b).max())
        roundings: not yet. This is the difference itself. In which unit is it asked?
    """
    judge("roundings", why_wrong_roundings, function)


# ---- the first layer that differs ----------------------------------------------------------------


LAYERS = 1000  # of the network that `first_different` is tried on


def _asked(function: Callable, first: int) -> tuple[int, int]:
    """Return the answer for a network whose layer `first` is wrong, and the number of questions."""
    asked = []

    def differs(layer: int) -> bool:
        asked.append(layer)
        if not 0 <= layer < LAYERS:
            raise IndexError(f"there is no layer {layer}")
        return layer >= first

    return function(differs, LAYERS), len(asked)


def why_wrong_first_different(function: Callable) -> str | None:
    """Return the first reason why `function` does not find the first wrong layer, or None."""
    # wherever the first wrong layer is
    hints = {
        399: "This is the last layer that agrees; asked is the first that differs.",
        401: "One too far: this layer differs because the one before it does.",
        600: "This is how many layers differ; asked is the number of the first one.",
    }
    answer, questions = _asked(function, 400)
    most = questions
    if answer != 400:
        return hints.get(answer, "Layer i differs, layer i - 1 does not: that is the first one.")

    # in front, at the end, nowhere, and somewhere else
    for first, hint in (
        (0, "If layer 0 differs already, the answer is 0."),
        (LAYERS - 1, "The last layer alone may be wrong."),
        (LAYERS, "If no layer differs, the answer is `count`."),
        (737, "Layer i differs, layer i - 1 does not: that is the first one."),
    ):
        answer, questions = _asked(function, first)
        most = max(most, questions)
        if answer != first:
            return hint
    if most > 11:
        return (
            f"Right, with {most} questions for {LAYERS} layers. Halve what is left with each: ten "
            "or eleven are enough."
        )
    return None


def first_different(function: Callable) -> None:
    """Check the exercise on bisecting and print a verdict.

    Args:
        function: `function(differs, count)` gives the number of the first of `count` layers that
            differs, or `count` if none does. `differs(i)` tells whether the outputs of layer i
            differ; behind the first one all do.

    Example:
        >>> first_different(lambda differs, count: sum(not differs(i) for i in range(count)))
        first_different: not yet. Right, with 1000 questions for 1000 layers. Halve what is left ...
    """
    judge("first_different", why_wrong_first_different, function)


# ---- ports of a network --------------------------------------------------------------------------

# what a function of `ports` may be, with an experiment that gives it away
PORT_KINDS = {
    "none": "each stage, given the same input, gives what the network gives, up to rounding.",
    "eps": "give each stage of the trunk the same input as the network's. One of them is off by "
    "far more than rounding.",
    "temperature": "give soa4 and soa5 a map of which all positions are alike: every attention is "
    "even there, and nothing is wrong. Then give them another map.",
    "ReLU on values": "give soa4 and soa5 a map of which all positions are alike. Attention plays "
    "no part there; is the output still another one?",
    "exponent": "give 'pool' a map that is constant: no exponent changes its mean. Then give it "
    "another map.",
}
PORT_HIDDEN = (4, 2, 0, 3, 1)  # the kinds of A, B, ... by their numbers
PARTS = (*STAGES, "pool", "whiten")

Port = Callable[[str, Tensor], Tensor]


def ports(net: GlobalNet) -> dict[str, Port]:
    """Return five programs that claim to compute what a network computes; one of them does.

    Args:
        net: a mini network with attention after stages 4 and 5; it stays as it is.

    Returns:
        'A' ... 'E' -> a function of the name of a part and its input, which gives its output. The
        parts are the stages 'conv1' ... 'soa5', 'pool', and 'whiten', the linear layer; the last
        two end with the L2 normalisation.

    Example:
        >>> from solar import GlobalNet
        >>> some = ports(GlobalNet("mini"))
        >>> list(some), some["A"]("conv1", torch.rand(1, 3, 32, 32)).shape
        (['A', 'B', 'C', 'D', 'E'], torch.Size([1, 16, 16, 16]))
    """
    kinds = list(PORT_KINDS)
    return {letter: _port(net, kinds[number]) for letter, number in zip("ABCDE", PORT_HIDDEN)}


def _port(net: GlobalNet, kind: str) -> Port:
    """Return a copy of a network, as a function of a part and its input, perhaps with a fault."""
    net = copy.deepcopy(net).eval()
    soa4 = net.features.soa4
    if kind == "eps":
        net.features.conv3_x.bn2.eps = 1e-3
    if kind == "temperature":
        # q = ReLU(BN(...)) is as many times as large, and so are the logits
        norm = soa4.f[1]
        norm.weight.data *= soa4.reduced**-0.25
        norm.bias.data *= soa4.reduced**-0.25
    if kind == "ReLU on values":
        soa4.h = torch.nn.Sequential(soa4.h, torch.nn.ReLU())
    if kind == "exponent":
        net.pool.p.data.fill_(3.0)

    @torch.no_grad()
    def run(part: str, x: Tensor) -> Tensor:
        if part not in PARTS:
            raise ValueError(f"no part {part!r}: expected one of {', '.join(PARTS)}")
        if part in STAGES:
            return getattr(net.features, part)(x.clone())
        return l2n(getattr(net, part)(x))

    return run


def why_wrong_which_port(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `ports`, or None."""
    return wrong_names(function(), PORT_HIDDEN, PORT_KINDS)


def which_port(function: Callable) -> None:
    """Check the bug hunt among the `ports` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `PORT_KINDS`.

    Example:
        >>> which_port(lambda: {"A": "none"})
        which_port: not yet. No word on B, C, D, E.
    """
    judge("which_port", why_wrong_which_port, function)
