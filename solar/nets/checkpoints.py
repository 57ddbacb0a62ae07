"""Weights on disk: load a network by name or from a file, and save it.

A name is that of a network shipped with the package, or of a published one once it is fetched.
Three layouts of files are read:

- SOLAR's and ours: `state_dict` with the names `features.conv1.0 ...`, and `meta`;
- cnnimageretrieval's: the same with the names `features.0 ...`;
- bare state dicts of local networks: SOSNet's `layers.N`, SOLAR-local's `layerN`.

Our own files may leave the trunk out if an installed package has it: see `solar.nets.heads`.

`solar.nets.weight_files` reads a file and finds the network in it; `solar.nets.rebuild` makes the
network anew.

Book: chapter 13 (the published models).
"""

from pathlib import Path
from typing import cast

import torch

from .. import weights
from ..distributed import pick_device
from ..files import atomic, home, in_one_line
from ..published import catalogue
from .global_net import GlobalNet
from .heads import heads_of, trunk_note, with_trunk
from .local_net import LocalNet
from .rebuild import empty_global_net, empty_local_net, fill, meta_of, our_names
from .weight_files import FIRST_LOCAL_KEYS, MOST_NAME, read

PUBLISHED_WEIGHTS = catalogue.of_kind("weights")


def load(name: str | Path, device: str | torch.device = "cpu") -> GlobalNet | LocalNet:
    """Load a network with its weights, in evaluation mode.

    Nothing in the file is ever run.

    Args:
        name: a shipped network ('mini-gem'), a published one ('resnet101-solar-best',
            'sosnet-32x32-liberty'), or the path of a weights file, whatever its ending. Names go
            first: './mini-gem' is a file of that name in the current folder.
        device: where to put it.

    Returns:
        The network. A global one from cnnimageretrieval may bring learnt whitenings along, see
        `GlobalNet.whitenings`.

    Raises:
        FileNotFoundError: no such file; for a published one, the message says how to get it.
        ModuleNotFoundError: the file has no trunk, and the package with its weights is missing.
        ValueError: unknown name, a file of another layout, or one that does not fit its network.

    Example:
        >>> import solar
        >>> solar.load("mini-sosnet")
        LocalNet(soa='', width=16): 0.60 M parameters, 128-D descriptors
    """
    # complain about the device before anything is read
    device = pick_device(device)
    path = path_of(name)
    content = read(path)
    state = content["state_dict"]
    meta = content.get("meta", {})
    shown = in_one_line(path, MOST_NAME)

    # an empty network: a local one is told by the names of its weights, a global one by its meta
    first_key = next((key for key in FIRST_LOCAL_KEYS if key in state), None)
    if first_key:
        net = empty_local_net(meta, state, first_key, shown)
    else:
        state = our_names(state)
        net = empty_global_net(meta, state, shown)
        # heads alone: the trunk comes from an installed package
        if "trunk" in meta:
            state = with_trunk(net, state, meta["trunk"], shown)

    fill(net, state, shown)
    return net.eval().to(device)


def load_global(name: str | Path, device: str | torch.device = "cpu") -> GlobalNet:
    """Load a network that describes images, and refuse one that describes patches.

    Args:
        name: as in `load`.
        device: where to put it.

    Raises:
        FileNotFoundError: as in `load`.
        ValueError: as in `load`, or a local network.
    """
    net = load(name, device)
    check_global(net, name)
    return cast(GlobalNet, net)


def load_local(name: str | Path, device: str | torch.device = "cpu") -> LocalNet:
    """Load a network that describes patches, and refuse one that describes whole images.

    Args:
        name: as in `load`.
        device: where to put it.

    Raises:
        FileNotFoundError: as in `load`.
        ValueError: as in `load`, or a global network.
    """
    net = load(name, device)
    check_local(net, name)
    return cast(LocalNet, net)


def check_global(net: object, name: str | Path = "the network") -> None:
    """Refuse a local network where images are to be described; any other module passes.

    Args:
        net: the network.
        name: what the message calls it.

    Raises:
        ValueError: it is a `LocalNet`.
    """
    if isinstance(net, LocalNet):
        shown = in_one_line(str(name), MOST_NAME)
        raise ValueError(
            f"{shown}: a local network, which describes patches; expected a global one, which "
            "describes whole images, such as 'mini-solar'"
        )


def check_local(net: object, name: str | Path = "the network") -> None:
    """Refuse a global network where patches are to be described; any other module passes.

    Args:
        net: the network.
        name: what the message calls it.

    Raises:
        ValueError: it is a `GlobalNet`.
    """
    if isinstance(net, GlobalNet):
        shown = in_one_line(str(name), MOST_NAME)
        raise ValueError(
            f"{shown}: a global network, which describes whole images; expected a local one, which "
            "describes patches, such as 'mini-solar-local'"
        )


def save(
    net: GlobalNet | LocalNet,
    path: str | Path,
    dtype: torch.dtype | None = None,
    heads_only: bool = False,
) -> Path:
    """Write a network in the authors' layout; `load` reads it.

    A global network is written as `state_dict` and `meta`, which tells how to build it again; a
    local one as its bare state dict (with a `meta` only if its blocks are not the paper's). The
    same weights give the same bytes.

    Args:
        net: the network.
        path: the file to write; it takes the place of an older one only when it is complete.
        dtype: torch.float16 halves the file (`load` gives float32 again); None keeps what the
            network has.
        heads_only: leave out the trunk, which must be that of `trunks.load_imagenet`, and write the
            rest as float16 unless `dtype` says otherwise. `load` takes the trunk from the installed
            package that has it.

    Returns:
        The path.

    Raises:
        ModuleNotFoundError: heads alone, and the package with the trunk's weights is missing.
        ValueError: heads alone, and the trunk is another one or has learnt.

    Example:
        >>> import tempfile
        >>> import solar
        >>> net = solar.LocalNet(soa="", width=4)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = solar.load(solar.save(net, f"{folder}/net.pth"))
        >>> (again.soa, again.width)
        ('', 4)
    """
    path = Path(path)
    meta = meta_of(net)
    tensors = net.state_dict()
    if heads_only:
        tensors = heads_of(cast(GlobalNet, net))
        meta["trunk"] = trunk_note()
        dtype = dtype or torch.float16

    # tensors on the CPU, so that the file can be read on any machine
    state = {}
    for key, value in tensors.items():
        tensor = value.cpu()
        if dtype is not None and tensor.is_floating_point():  # batches seen are counted in integers
            tensor = tensor.to(dtype)
        state[key] = tensor
    content = dict(meta=meta, state_dict=state) if meta else state

    # given a path, torch would write its name into the file: other bytes for each name
    with atomic(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)
    return path


def path_of(name: str | Path) -> Path:
    """Return the file of a shipped or published network, or `name` itself if it is a path.

    Args:
        name: as in `load`. A `Path` that exists is a file, even if it is called as a network is.

    Raises:
        FileNotFoundError: a published file that is not there yet (the message says where to put
            it), or no such path.
        ValueError: a folder, or neither a known name nor a path.
    """
    path = Path(name)
    if isinstance(name, Path) and path.is_file():
        return path

    # shipped with the package
    if str(name) in weights.names():
        return weights.FOLDER / f"{name}.pth"

    # published, in SOLAR_HOME once it is fetched
    if str(name) in PUBLISHED_WEIGHTS:
        path = home() / "weights" / f"{name}.pth"
        if not path.is_file():
            how = catalogue.how_to_get(str(name))
            raise FileNotFoundError(f"{name}: not fetched yet; {how} and put the file at {path}")
        return path

    # the disk tells whether it is a file, not the ending: model_best.pth.tar, net.ckpt, weights
    if path.is_file():
        return path
    if path.is_dir():
        raise ValueError(
            f"{in_one_line(path, MOST_NAME)}: a folder; expected a weights file, such as one in it"
        )
    if path.suffix or str(name) != path.name:  # it has an ending or a folder, as './net'
        raise FileNotFoundError(f"{in_one_line(path, MOST_NAME)}: no such weights file")

    known = ", ".join([*weights.names(), *PUBLISHED_WEIGHTS])
    raise ValueError(
        f"unknown network {in_one_line(str(name))!r}: expected one of {known}, "
        "or the path of a weights file"
    )
