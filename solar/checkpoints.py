"""Weights on disk: shipped by name, published by name once fetched, or any file of the authors' layout."""

import warnings
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
        with warnings.catch_warnings(action="ignore"):  # torch's remarks on odd files: the error below says enough
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken file makes the reader raise almost anything
        raise ValueError(f"{path}: not a file of tensors and plain values ({_first_line(error)})") from error
    parts = [content.get(key, {}) for key in ("state_dict", "meta")] if isinstance(content, dict) else [None]
    if not all(isinstance(part, dict) for part in parts) or "state_dict" not in content:
        raise ValueError(f"{path}: expected a dictionary with 'state_dict' and 'meta'")
    return content


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]


def pick_device(device: str | torch.device | None) -> torch.device:
    """The device asked for; the CPU if None.

    Raises:
        ValueError: no such device on this machine.
    """
    try:
        return torch.empty(0, device=device or "cpu").device
    except (RuntimeError, AssertionError) as error:
        message = f"device {str(device)!r} is not to be had here ({_first_line(error)}); expected cpu, cuda or mps"
        raise ValueError(message) from error


def fill(net: torch.nn.Module, state: dict, path) -> None:
    """Load a state dict strictly.

    Raises:
        ValueError: names the missing and surplus keys, and the tensors of another shape.
    """
    own = net.state_dict()
    missing, surplus = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    shapes = [k for k in own.keys() & state.keys() if own[k].shape != getattr(state[k], "shape", None)]
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
    device, path = pick_device(device), path_of(name)
    content = read(path)
    meta = content.get("meta", {})
    soa = str(meta.get("soa_layers", "")) if meta.get("soa", False) else ""
    architecture, pool = meta.get("architecture", "resnet101"), meta.get("pooling", "gem")
    try:
        net = GlobalNet(architecture, soa, pool, bool(meta.get("whitening", True)))
    except ValueError as error:
        raise ValueError(f"{path}: its meta asks for a network that is not known here: {error}") from error
    fill(net, content["state_dict"], path)
    net.mean, net.std = (tuple(meta.get(k, getattr(net, k))) for k in ("mean", "std"))
    return net.eval().to(device)


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
