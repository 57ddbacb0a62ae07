"""Weights on disk: shipped by name, published by name once fetched, or any file of a layout that
the field uses.

Three layouts are read: SOLAR's and ours (`state_dict` with `features.conv1.0 ...`, `meta`),
cnnimageretrieval's (the same with `features.0 ...`), and bare state dicts of local networks
(SOSNet's `layers.N`, SOLAR-local's `layerN`).
"""

import re
import warnings
from pathlib import Path

import torch

from .. import weights
from ..distributed import pick_device
from ..files import PLAIN_NUMPY, atomic, home
from ..published import catalogue
from .global_net import GlobalNet
from .local_net import LocalNet

PUBLISHED_WEIGHTS = catalogue.of_kind("weights")
NUMPY = [
    (stand_in, name) for name, stand_in in PLAIN_NUMPY.items()
]  # cnnimageretrieval's meta has numpy arrays
SEQUENCE = {
    "0": "conv1.0",
    "1": "conv1.1",
    "4": "conv2_x.2",
    "5": "conv3_x",
    "6": "conv4_x",
    "7": "conv5_x",
}


def path_of(name: str | Path) -> Path:
    """The file of a shipped or published network, or `name` itself if it is a path.

    Raises:
        FileNotFoundError: a published file that is not there yet (says where to put it), or no such
            path.
        ValueError: neither a known name nor a path.
    """
    if str(name) in weights.names():
        return weights.FOLDER / f"{name}.pth"
    if str(name) in PUBLISHED_WEIGHTS:
        path = home() / "weights" / f"{name}.pth"
        if not path.is_file():
            how = catalogue.how_to_get(str(name))
            raise FileNotFoundError(f"{name}: not fetched yet; {how} and put the file at {path}")
        return path
    path = Path(name)
    if path.suffix in (".pth", ".pt") or path.parent != Path("."):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such weights file")
        return path
    known = ", ".join([*weights.names(), *PUBLISHED_WEIGHTS])
    raise ValueError(
        f"unknown network {str(name)!r}: expected one of {known}, or the path of a .pth file"
    )


def read(path: str | Path) -> dict:
    """The dictionary in a weights file: tensors, numpy arrays and plain values only; nothing in it
    is ever run.

    Raises:
        ValueError: not a weights file, cut off, or holding anything else.
    """
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # torch's remarks on odd files: the error below says enough
            with torch.serialization.safe_globals(NUMPY):
                content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken file makes the reader raise almost anything
        raise ValueError(
            f"{path}: not a file of tensors and plain values ({_first_line(error)})"
        ) from error
    if (
        isinstance(content, dict)
        and content
        and all(isinstance(v, torch.Tensor) for v in content.values())
    ):
        content = dict(state_dict=content)  # a bare state dict
    parts = (
        [content.get(key, {}) for key in ("state_dict", "meta")]
        if isinstance(content, dict)
        else [None]
    )
    if not all(isinstance(part, dict) for part in parts) or "state_dict" not in content:
        raise ValueError(
            f"{path}: expected a dictionary with 'state_dict' and 'meta', or a state dict alone"
        )
    return content


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]


def fill(net: torch.nn.Module, state: dict, path) -> None:
    """Load a state dict strictly.

    Raises:
        ValueError: names the missing and surplus keys, and the tensors of another shape.
    """
    own = net.state_dict()
    missing, surplus = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    shapes = [
        k for k in own.keys() & state.keys() if own[k].shape != getattr(state[k], "shape", None)
    ]
    if missing or surplus or shapes:
        parts = [
            f"{word} {', '.join(keys[:4])}{' ...' if len(keys) > 4 else ''}"
            for word, keys in (
                ("missing", missing),
                ("surplus", surplus),
                ("of another shape", sorted(shapes)),
            )
            if keys
        ]
        raise ValueError(f"{path}: does not fit {net!r}: {'; '.join(parts)}")
    net.load_state_dict(state)


def load(name: str | Path, device: str | torch.device = "cpu") -> GlobalNet | LocalNet:
    """A network with its weights, in evaluation mode, on the CPU unless asked otherwise.

    Args:
        name: shipped ('mini-gem'), published ('resnet101-solar-best', 'sosnet-32x32-liberty') or a
            path.
        device: where to put it; `describe` chooses a faster one by itself.

    Raises:
        FileNotFoundError, ValueError: no such file or network, a file of another layout, or one
            that does not fit.
    """
    device, path = pick_device(device), path_of(name)
    content = read(path)
    state = content["state_dict"]
    local = next((key for key in ("layers.1.weight", "layer1.1.weight") if key in state), None)
    if local:
        soa = "".join(n for n in "345" if f"soa{n}.h.weight" in state)
        net = LocalNet(soa, len(state[local]))
    else:
        net = _global_net(content.get("meta", {}), path)
        state = {_our_key(key): value for key, value in state.items()}
    fill(net, state, path)
    return net.eval().to(device)


def _global_net(meta: dict, path) -> GlobalNet:
    soa = str(meta.get("soa_layers", "")) if meta.get("soa", False) else ""
    options = dict(
        whitening=bool(meta.get("whitening", True)), regional=bool(meta.get("regional", False))
    )
    try:
        net = GlobalNet(
            meta.get("architecture", "resnet101"), soa, meta.get("pooling", "gem"), **options
        )
    except ValueError as error:
        raise ValueError(
            f"{path}: its meta asks for a network that is not known here: {error}"
        ) from error
    net.mean, net.std = (
        tuple(float(v) for v in meta.get(k, getattr(net, k))) for k in ("mean", "std")
    )
    return net


def _our_key(key: str) -> str:
    """cnnimageretrieval numbers the stages of a ResNet: features.4.0.conv1.weight is our
    features.conv2_x.2.0 ...
    """
    found = re.match(r"features\.(\d)\.", key)
    return (
        key.replace(found[0], f"features.{SEQUENCE[found[1]]}.", 1)
        if found and found[1] in SEQUENCE
        else key
    )


def save(net: GlobalNet | LocalNet, path: str | Path, dtype: torch.dtype | None = None) -> Path:
    """Write a network in the authors' layout: `state_dict`, and `meta` with what builds it again; a
    local net's alone.

    Args:
        dtype: torch.float16 halves the file; `load` gives float32 again. None keeps what the
            network has.
    """
    state = {key: value.cpu() for key, value in net.state_dict().items()}
    state = {
        key: value.to(dtype or value.dtype) if value.is_floating_point() else value
        for key, value in state.items()
    }
    content = state if isinstance(net, LocalNet) else dict(meta=_meta(net), state_dict=state)
    with atomic(path) as temporary, open(temporary, "wb") as file:
        torch.save(
            content, file
        )  # given a path, torch would write its name into the file: other bytes each time
    return Path(path)


def _meta(net: GlobalNet) -> dict:
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
