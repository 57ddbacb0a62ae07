"""`solar net`: what a network is made of, and what it makes of a batch.

Book: chapter 11 (a local descriptor) and chapter 13 (the published models).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from .. import weights
from . import EXAMPLES

if TYPE_CHECKING:
    from ..nets.layers import Layer

DESCRIPTION = """\
Print the layers of a network with their channels: in, out, and in the middle of an attention block.
Then describe a batch of noise, and print the shape of what comes out."""
EPILOG = """\
examples:
  solar net mini-solar
  solar net local-solar-345-liberty          (once `solar data` has fetched it)
  solar net mini-solar-local --count 512 --json"""
COLUMNS = f"{'layer':20} {'in':>6} {'out':>6} {'mid':>6} {'map':>11} {'parameters':>12}"


def add(commands: argparse._SubParsersAction) -> None:
    """Describe the command and its options."""
    parser = commands.add_parser(
        "net",
        help="print the layers of a network and the shape of its descriptors",
        formatter_class=EXAMPLES,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    names = ", ".join(weights.names())
    parser.add_argument(
        "name",
        help=f"the name of a shipped network ({names}) or of a published one, or a file of weights",
    )
    parser.add_argument(
        "--count",
        type=int,
        help="images or patches of the batch (default: 512 patches, 2 images)",
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON for a script")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load the network, run a batch, print the table."""
    import torch

    from ..nets import LocalNet, load
    from ..nets.layers import layers_of, noise_for

    # 1. a batch of noise; 512 patches are the batch of the authors' example
    net = load(arguments.name)
    is_local = isinstance(net, LocalNet)
    count = arguments.count
    if count is None:
        count = 512 if is_local else 2
    if count < 1:
        raise ValueError(f"--count {count}: expected one or more")
    batch = noise_for(net, count)

    # 2. the layers, from a run of one of them, and the descriptors of all
    layers = layers_of(net, batch[:1])
    with torch.inference_mode():
        shape = tuple(net(batch).shape)

    # 3. print
    if arguments.json:
        content = dict(
            network=arguments.name,
            layers=[asdict(layer) for layer in layers],
            batch=tuple(batch.shape),
            descriptors=shape,
        )
        print(json.dumps(content, indent=2))
        return 0
    print(net)
    print(COLUMNS)
    for layer in layers:
        print(_line(layer))
    print(f"batch {tuple(batch.shape)} -> descriptors {shape}")
    return 0


def _line(layer: Layer) -> str:
    """Return a layer as a line of the table."""
    middle = "" if layer.middle is None else str(layer.middle)
    size = "" if layer.size is None else f"{layer.size[0]} x {layer.size[1]}"
    return (
        f"{layer.name:20} {layer.inputs:6} {layer.outputs:6} {middle:>6} {size:>11} "
        f"{layer.parameters:12,}"
    )
