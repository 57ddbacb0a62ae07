"""A start without training: an ImageNet trunk, GeM with p = 3, and a whitening by PCA: `lite-gem`.

The trunk has learnt from photographs of a thousand kinds of things, none of them named landmarks.
Its pooled maps are compared better once the directions in which they all vary most no longer drown
the others. So the whitening is set from the pooled maps themselves; no labels are needed.

Book: chapter 4 (when attention helps) and chapter 7 (training on GL18).
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from ..datasets import load_training
from ..nets.checkpoints import load_global, save
from ..nets.global_net import GlobalNet
from ..nets.trunks import load_imagenet
from ..search.describe import describe
from ..search.whitening import pca_whitening
from .config import StartConfig
from .datasheet import write_sheet


def shrunk_pca(rows: np.ndarray, dim: int, shrink: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Return a whitening by PCA that does not blow up directions of little spread.

    Each principal direction is divided by its standard deviation plus `shrink` times the mean one.
    With shrink = 0 it is PCA whitening; the larger `shrink`, the nearer it is to a plain rotation.

    Args:
        rows: (N, C) descriptors.
        dim: D, the number of directions to keep, those of largest spread.
        shrink: share of the mean standard deviation, of the kept directions.

    Returns:
        A weight (D, C) and a bias (D,), such that W x + b is the whitened x, before it is
        normalised.

    Raises:
        ValueError: the rows vary in fewer than `dim` directions.

    Example:
        >>> rows = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> weight, bias = shrunk_pca(rows, dim=2, shrink=0.0)
        >>> (rows @ weight.T + bias).std(0).round(2)
        array([1., 1.])
    """
    whitening = pca_whitening(rows)
    projection = whitening.projection[:dim]  # (D, C): directions, each divided by its deviation
    if len(projection) < dim:
        raise ValueError(
            f"{len(rows)} images vary in {len(projection)} directions; a whitening to {dim} "
            f"dimensions needs {dim + 1} different images or more"
        )

    # a direction has length one, so the length of each row tells its deviation
    deviations = 1 / np.linalg.norm(projection, axis=1, keepdims=True)  # (D, 1)
    weight = projection * deviations / (deviations + shrink * deviations.mean())
    return weight, -weight @ whitening.mean


def start_network(
    images: Sequence,
    image_size: int = 256,
    shrink: float = 0.1,
    architecture: str = "efficientnet_lite0",
    progress: bool = True,
) -> GlobalNet:
    """Return a network with ImageNet's trunk, without attention, its whitening set by PCA.

    Args:
        images: N images, as `search.describe` takes them, more than the whitening has dimensions.
        image_size: their longer side in pixels.
        shrink: see `shrunk_pca`.
        architecture: of the trunk.
        progress: whether to show a progress bar.

    Returns:
        The network in evaluation mode. GeM's exponent is 3.

    Raises:
        ValueError: too few images, or one that cannot be read.
        ModuleNotFoundError: the package with the ImageNet weights is not installed.
    """
    net = load_imagenet(GlobalNet(architecture, soa="")).eval()

    # the same trunk without whitening: its descriptors are what enters the whitening
    bare = GlobalNet(architecture, soa="", whitening=False).eval()
    bare.features = net.features
    pooled = describe(bare, images, image_size=image_size, scales=(1,), progress=progress)  # (N, C)

    # the whitening: what the pooled maps themselves say
    weight, bias = shrunk_pca(pooled, net.dim, shrink)
    whiten = cast(nn.Linear, net.whiten)
    with torch.no_grad():
        whiten.weight.copy_(torch.from_numpy(weight))
        whiten.bias.copy_(torch.from_numpy(bias))
    return net


def make_start(config: StartConfig, progress: bool = True) -> dict:
    """Make a start network; write its weights and their data sheet.

    Args:
        config: the settings; `config.output` is the file to write.
        progress: whether to show a progress bar.

    Returns:
        The data sheet.

    Raises:
        ValueError, FileNotFoundError, ModuleNotFoundError: see `start_network` and
            `datasets.load_training`.
    """
    began = time.process_time()
    images = load_training(config.data).images[:: config.every]
    net = start_network(images, config.image_size, config.shrink, config.architecture, progress)

    # the heads alone, since the trunk comes with an installed package; then the sheet of this file
    output = Path(config.output)
    save(net, output, heads_only=True)
    seconds = round(time.process_time() - began)
    net = load_global(output)
    return write_sheet(net, output, config, photographs=len(images), cpu_seconds=seconds)
