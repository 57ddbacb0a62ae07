"""Checks of the exercises on a network that leaves Python, and on five ways to describe an image.

Book: chapter 13 (the published models).
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image

from ..nets.global_net import GlobalNet
from ..search.describe import describe
from .basics import judge
from .hunts import wrong_names

# what a describer of `describers` may do, with an experiment that gives it away
DESCRIBER_KINDS = {
    "right": "it gives what solar.describe gives, whatever the picture.",
    "red and blue exchanged": "give it a picture, and the same with red and blue exchanged. Which "
    "of the two does solar.describe describe so?",
    "mean and deviation forgotten": "set net.mean to zeros and net.std to ones in a copy of the "
    "network. Is this what it describes with?",
    "squashed to a square": "give it a picture that is a square. Is its descriptor right then?",
    "one scale": "compare it with solar.describe(..., scales=(1,)).",
}
DESCRIBER_HIDDEN = (1, 4, 2, 0, 3)  # the kinds of A, B, ... by their numbers
SIZE = 128  # longer side of an image, pixels
SIZES = ((64, 96), (80, 112), (112, 64))  # heights and widths that an exported program must take


# ---- out of Python -------------------------------------------------------------------------------


def why_wrong_exported(function: Callable) -> str | None:
    """Return the first reason why `function` does not export a network, or None."""
    torch.manual_seed(0)
    net = GlobalNet("mini").eval()
    program = function(net)
    if isinstance(program, GlobalNet):
        return "This is the network itself, which needs our Python code."
    if isinstance(program, torch.jit.ScriptModule):
        return "This is TorchScript, the older way. Use torch.export.export."
    if isinstance(program, torch.nn.Module):
        return "Return what torch.export.export gives; the check calls .module() itself."
    if not isinstance(program, torch.export.ExportedProgram):
        return f"Return what torch.export.export gives, not a {type(program).__name__}."

    # images of three shapes, portrait and landscape
    run = program.module()
    worst = 0.0
    for height, width in SIZES:
        x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(height))
        try:
            with torch.no_grad():
                difference = run(x) - net(x)
        except Exception:
            return (
                f"It refuses an image of {height} x {width} pixels: height and width must be free. "
                "See dynamic_shapes, for dimensions 2 and 3."
            )
        worst = max(worst, difference.abs().max().item())
    if worst > 1e-5:
        return (
            f"The descriptors differ by {worst:.1e}: was it the given network, in evaluation mode?"
        )
    return None


def exported(function: Callable) -> None:
    """Check the exercise on exporting a network and print a verdict.

    Args:
        function: `function(net)` takes a `GlobalNet` in evaluation mode and gives a
            `torch.export.ExportedProgram` that takes one image of any height and width.

    Example:
        >>> exported(lambda net: net)
        exported: not yet. This is the network itself, which needs our Python code.
    """
    judge("exported", why_wrong_exported, function)


# ---- a hunt --------------------------------------------------------------------------------------


def describers(net: GlobalNet) -> dict[str, Callable]:
    """Return five functions that claim to describe an image as was published; one of them does.

    Args:
        net: the network of all of them.

    Returns:
        'A' ... 'E' -> a function of an RGB image whose longer side has 128 pixels; it returns its
        descriptor (D,). The right one is `solar.describe` at the three scales of the paper.

    Example:
        >>> describers(GlobalNet("mini").eval())["A"](Image.new("RGB", (128, 96))).shape
        (128,)
    """
    bare = copy.copy(net)
    bare.mean = (0.0, 0.0, 0.0)
    bare.std = (1.0, 1.0, 1.0)

    def right(image):
        return describe(net, [image], image_size=SIZE)[0]

    def exchanged(image):
        return right(Image.fromarray(np.asarray(image)[:, :, ::-1].copy()))

    def not_normalised(image):
        return describe(bare, [image], image_size=SIZE)[0]

    def squashed(image):
        return right(image.resize((SIZE, SIZE)))

    def one_scale(image):
        return describe(net, [image], image_size=SIZE, scales=(1,))[0]

    # in the order of DESCRIBER_KINDS
    functions = (right, exchanged, not_normalised, squashed, one_scale)
    return {letter: functions[number] for letter, number in zip("ABCDE", DESCRIBER_HIDDEN)}


def why_wrong_which_describer(function: Callable) -> str | None:
    """Return the first reason why `function` does not name the `describers`, or None."""
    return wrong_names(function(), DESCRIBER_HIDDEN, DESCRIBER_KINDS)


def which_describer(function: Callable) -> None:
    """Check the bug hunt among the `describers` and print a verdict.

    Args:
        function: `function()` gives letter -> kind, one of `DESCRIBER_KINDS`.

    Example:
        >>> which_describer(lambda: {"A": "right"})
        which_describer: not yet. No word on B, C, D, E.
    """
    judge("which_describer", why_wrong_which_describer, function)
