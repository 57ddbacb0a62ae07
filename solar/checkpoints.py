"""Weights on disk: shipped by name, published by name once fetched, or any file of the authors' layout."""

import pickle
from pathlib import Path

import torch

from .files import atomic, home
from .global_net import GlobalNet

SHIPPED = Path(__file__).parent / "weights"
PUBLISHED = {
    "resnet101-solar-best": "SOLAR, ResNet-101; its address is in download.sh of github.com/tonyngjichun/SOLAR",
}


def shipped() -> list[str]:
    """Names of the weights that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.pth"))


def path_of(name: str | Path) -> Path:
    """The file of a shipped or published network, or `name` itself if it is a path.

    Raises:
        FileNotFoundError: a published file that is not there yet (says where to put it), or no such path.
        ValueError: neither a known name nor a path.
    """
    if str(name) in shipped():
        return SHIPPED / f"{name}.pth"
    if str(name) in PUBLISHED:
        path = home() / "weights" / f"{name}.pth"
        if not path.is_file():
            raise FileNotFoundError(f"{name}: not fetched yet ({PUBLISHED[str(name)]}); put the file at {path}")
        return path
    path = Path(name)
    if path.suffix in (".pth", ".pt") or path.parent != Path("."):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such weights file")
        return path
    known = ", ".join([*shipped(), *PUBLISHED])
    raise ValueError(f"unknown network {str(name)!r}: expected one of {known}, or the path of a .pth file")


def read(path: str | Path) -> dict:
    """The dictionary in a weights file: tensors and plain values only, nothing in it is ever run.

    Raises:
        ValueError: not a weights file, cut off, or holding more than tensors and plain values.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        first = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path}: not a file of tensors and plain values ({first})") from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise ValueError(f"{path}: expected a dictionary with 'state_dict' and 'meta'")
    return content


def fill(net: torch.nn.Module, state: dict, path) -> None:
    """Load a state dict strictly.

    Raises:
        ValueError: names the missing and surplus keys, and the tensors of another shape.
    """
    own = net.state_dict()
    missing, surplus = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    shapes = [k for k in own.keys() & state.keys() if own[k].shape != state[k].shape]
    if missing or surplus or shapes:
        parts = [
            f"{word} {', '.join(keys[:4])}{' ...' if len(keys) > 4 else ''}"
            for word, keys in (("missing", missing), ("surplus", surplus), ("of another shape", sorted(shapes)))
            if keys
        ]
        raise ValueError(f"{path}: does not fit {net!r}: {'; '.join(parts)}")
    net.load_state_dict(state)


def load(name: str | Path, device: str | torch.device | None = None) -> GlobalNet:
    """A network with its weights, in evaluation mode.

    Args:
        name: shipped ('mini-gem'), published ('resnet101-solar-best') or a path.
        device: where to put it; the CPU if None.
    """
    path = path_of(name)
    content = read(path)
    meta = content.get("meta", {})
    soa = str(meta.get("soa_layers", "")) if meta.get("soa", False) else ""
    net = GlobalNet(
        meta.get("architecture", "resnet101"), soa, meta.get("pooling", "gem"), bool(meta.get("whitening", True))
    )
    fill(net, content["state_dict"], path)
    net.mean, net.std = (tuple(meta.get(k, getattr(net, k))) for k in ("mean", "std"))
    return net.eval().to(device or "cpu")


def save(net: GlobalNet, path: str | Path) -> Path:
    """Write a network in the authors' layout: `state_dict`, and `meta` with what is needed to build it again."""
    meta = dict(
        architecture=net.architecture, pooling=net.pooling, whitening=net.whiten is not None, soa=bool(net.soa),
        soa_layers=net.soa, outputdim=net.dim, local_whitening=False, regional=False,
        mean=list(net.mean), std=list(net.std),
    )  # fmt: skip
    with atomic(path) as temporary:
        torch.save(dict(meta=meta, state_dict={k: v.cpu() for k, v in net.state_dict().items()}), temporary)
    return Path(path)
