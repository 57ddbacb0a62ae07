"""Weights on disk: load a network by name or from a file, and save it.

A name is that of a network shipped with the package, or of a published one once it is fetched.
Three layouts of files are read:

- SOLAR's and ours: `state_dict` with the names `features.conv1.0 ...`, and `meta`;
- cnnimageretrieval's: the same with the names `features.0 ...`;
- bare state dicts of local networks: SOSNet's `layers.N`, SOLAR-local's `layerN`.

Book: chapter 10 (the published models).
"""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import torch

from .. import weights
from ..distributed import pick_device
from ..files import PLAIN_NUMPY, atomic, home
from ..published import catalogue
from .global_net import GlobalNet
from .local_net import LocalNet

PUBLISHED_WEIGHTS = catalogue.of_kind("weights")

# cnnimageretrieval's `meta` has numpy arrays: the classes and functions that may build them
NUMPY: list[Callable | tuple[Callable, str]] = [
    (stand_in, name) for name, stand_in in PLAIN_NUMPY.items()
]

# the weight of the first convolution in SOSNet's and in SOLAR-local's files
FIRST_LOCAL_KEYS = ("layers.1.weight", "layer1.1.weight")

# cnnimageretrieval numbers the parts of a ResNet: number -> our name
SEQUENCE = {
    "0": "conv1.0",
    "1": "conv1.1",
    "4": "conv2_x.2",
    "5": "conv3_x",
    "6": "conv4_x",
    "7": "conv5_x",
}


def load(name: str | Path, device: str | torch.device = "cpu") -> GlobalNet | LocalNet:
    """Load a network with its weights, in evaluation mode.

    Nothing in the file is ever run.

    Args:
        name: a shipped network ('mini-gem'), a published one ('resnet101-solar-best',
            'sosnet-32x32-liberty'), or the path of a weights file.
        device: where to put it.

    Raises:
        FileNotFoundError: no such file; for a published one, the message says how to get it.
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

    # an empty network: a local one is told by the names of its weights, a global one by its meta
    first_key = next((key for key in FIRST_LOCAL_KEYS if key in state), None)
    if first_key:
        net = _local_net(state, first_key)
    else:
        net = _global_net(content.get("meta", {}), path)
        state = {_our_key(key): value for key, value in state.items()}

    fill(net, state, path)
    return net.eval().to(device)


def save(net: GlobalNet | LocalNet, path: str | Path, dtype: torch.dtype | None = None) -> Path:
    """Write a network in the authors' layout; `load` reads it.

    A global network is written as `state_dict` and `meta`, which tells how to build it again; a
    local one as its bare state dict. The same weights give the same bytes.

    Args:
        net: the network.
        path: the file to write; it takes the place of an older one only when it is complete.
        dtype: torch.float16 halves the file (`load` gives float32 again); None keeps what the
            network has.

    Returns:
        The path.

    Example:
        >>> import tempfile
        >>> import solar
        >>> net = solar.LocalNet(soa="", width=4)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = solar.load(solar.save(net, f"{folder}/net.pth"))
        >>> (again.soa, again.width)
        ('', 4)
    """
    # tensors on the CPU, so that the file can be read on any machine
    path = Path(path)
    state = {}
    for key, value in net.state_dict().items():
        tensor = value.cpu()
        if dtype is not None and tensor.is_floating_point():  # batches seen are counted in integers
            tensor = tensor.to(dtype)
        state[key] = tensor
    content = state if isinstance(net, LocalNet) else dict(meta=_meta(net), state_dict=state)

    # given a path, torch would write its name into the file: other bytes for each name
    with atomic(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)
    return path


def path_of(name: str | Path) -> Path:
    """Return the file of a shipped or published network, or `name` itself if it is a path.

    Args:
        name: as in `load`.

    Raises:
        FileNotFoundError: a published file that is not there yet (the message says where to put
            it), or no such path.
        ValueError: neither a known name nor a path.
    """
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

    # a path has the ending of a weights file, or a folder
    path = Path(name)
    if path.suffix in (".pth", ".pt") or path.parent != Path():
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such weights file")
        return path

    known = ", ".join([*weights.names(), *PUBLISHED_WEIGHTS])
    raise ValueError(
        f"unknown network {str(name)!r}: expected one of {known}, or the path of a .pth file"
    )


def read(path: str | Path) -> dict:
    """Read a weights file: tensors, numpy arrays and plain values; nothing in it is ever run.

    Args:
        path: the file.

    Returns:
        `state_dict`, and `meta` if the file has it; a bare state dict becomes `state_dict`.

    Raises:
        ValueError: not a weights file, cut off, or holding anything else.
    """
    # torch's remarks on odd files are ignored: the errors below say enough
    try:
        with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals(NUMPY):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken file makes the reader raise almost anything
        reason = _first_line(error)
        raise ValueError(f"{path}: not a file of tensors and plain values ({reason})") from error

    if _is_state_dict(content):
        return dict(state_dict=content)
    if not _has_parts(content):
        raise ValueError(
            f"{path}: expected a dictionary with 'state_dict' and 'meta', or a state dict alone"
        )
    return content


def _first_line(error: Exception) -> str:
    """Return what an error says in one line of at most 160 characters."""
    words = str(error).strip() or type(error).__name__
    return words.splitlines()[0][:160]


def _is_state_dict(content: object) -> bool:
    """Tell whether the content of a file is a dictionary of tensors alone."""
    if not isinstance(content, dict) or not content:
        return False
    return all(isinstance(value, torch.Tensor) for value in content.values())


def _has_parts(content: object) -> bool:
    """Tell whether the content of a file has a dictionary `state_dict`, and `meta` if at all."""
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
        return False
    return isinstance(content.get("meta", {}), dict)


def fill(net: torch.nn.Module, state: dict, path: str | Path) -> None:
    """Load a state dict into a network, strictly.

    Args:
        net: the network.
        state: name -> tensor.
        path: the file it comes from, for the message.

    Raises:
        ValueError: names the missing and surplus keys, and the tensors of another shape.
    """
    # compare the names of the tensors, and the shapes of those that are in both
    own = net.state_dict()
    missing = sorted(own.keys() - state.keys())
    surplus = sorted(state.keys() - own.keys())
    common = own.keys() & state.keys()
    other_shape = sorted(
        key for key in common if own[key].shape != getattr(state[key], "shape", None)
    )

    # say all that is wrong at once
    reasons = []
    if missing:
        reasons.append(f"missing {_first_four(missing)}")
    if surplus:
        reasons.append(f"surplus {_first_four(surplus)}")
    if other_shape:
        reasons.append(f"of another shape {_first_four(other_shape)}")
    if reasons:
        raise ValueError(f"{path}: does not fit {net!r}: {'; '.join(reasons)}")

    net.load_state_dict(state)


def _first_four(keys: list[str]) -> str:
    """List at most four keys in words."""
    more = " ..." if len(keys) > 4 else ""
    return ", ".join(keys[:4]) + more


def _local_net(state: dict, first_key: str) -> LocalNet:
    """Make an empty local network for a bare state dict."""
    soa = "".join(number for number in "345" if f"soa{number}.h.weight" in state)
    width = len(state[first_key])  # (width, 1, 3, 3): a filter for each channel
    return LocalNet(soa, width)


def _global_net(meta: dict, path: Path) -> GlobalNet:
    """Make an empty global network by what `meta` says; what it leaves out is as in the paper."""
    soa = str(meta.get("soa_layers", "")) if meta.get("soa", False) else ""
    try:
        net = GlobalNet(
            architecture=meta.get("architecture", "resnet101"),
            soa=soa,
            pool=meta.get("pooling", "gem"),
            whitening=bool(meta.get("whitening", True)),
            regional=bool(meta.get("regional", False)),
        )
    except ValueError as error:
        raise ValueError(
            f"{path}: its meta asks for a network that is not known here: {error}"
        ) from error
    net.mean = tuple(float(value) for value in meta.get("mean", net.mean))
    net.std = tuple(float(value) for value in meta.get("std", net.std))
    return net


def _our_key(key: str) -> str:
    """Translate a key of cnnimageretrieval: features.4.0.conv1 is our features.conv2_x.2.0.conv1.

    Any other key stays as it is.
    """
    numbered = re.match(r"features\.(\d)\.", key)
    if numbered is None or numbered[1] not in SEQUENCE:
        return key
    return f"features.{SEQUENCE[numbered[1]]}." + key[numbered.end() :]


def _meta(net: GlobalNet) -> dict:
    """Describe a global network in the authors' words."""
    return dict(
        architecture=net.architecture,
        pooling=net.pooling,
        whitening=net.whiten is not None,
        soa=bool(net.soa),
        soa_layers=net.soa,
        outputdim=net.dim,
        local_whitening=False,
        regional=net.regional,
        mean=list(net.mean),
        std=list(net.std),
    )
