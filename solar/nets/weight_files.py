"""What lies in a weights file: read it without running anything, and find the network in it.

1. `read`: from a file to the weights and the `meta` of one network
2. torch's reader, and the reason in plain words if it refuses a file
3. wrappers: a network inside other dictionaries, or with longer names for its weights
4. learnt whitenings, which cnnimageretrieval keeps in `meta`

Book: chapter 13 (the published models).
"""

import re
import tarfile
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..files import PLAIN_NUMPY, in_one_line
from .trunks import FROM_TIMM

# cnnimageretrieval's `meta` has numpy arrays: the classes and functions that may build them
NUMPY: list[Callable | tuple[Callable, str]] = [
    (stand_in, name) for name, stand_in in PLAIN_NUMPY.items()
]

# the weight of the first convolution in SOSNet's and in SOLAR-local's files
FIRST_LOCAL_KEYS = ("layers.1.weight", "layer1.1.weight")
# and of all networks: SOLAR's and ours, cnnimageretrieval's, and the local ones
FIRST_KEYS = ("features.conv1.0.weight", "features.0.weight", *FIRST_LOCAL_KEYS)

# what training tools put into the names of weights: DataParallel, torch.compile, FSDP, ...
WRAPPERS = {
    "module",
    "_orig_mod",
    "_forward_module",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
}
COUNTER = "n_averaged"  # of torch's AveragedModel: beside the weights, but none of them

MOST_NAME = 300  # letters of a file's name in a message
MOST_HEADER = 100_000_000  # bytes of the header of a safetensors file, which its first 8 bytes tell

# learnt whitenings of a network: name -> 'ss' (one scale) or 'ms' (several) -> mean, projection
Whitenings = dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]


# ---- 1. from a file to one network


def read(path: str | Path) -> dict:
    """Read a weights file: tensors, numpy arrays and plain values; nothing in it is ever run.

    The network may lie inside other dictionaries (`model`, `ema`, ...), beside an optimizer's
    state, and the names of its weights may begin with `module.` or `_orig_mod.`: it is told by its
    first convolution.

    Args:
        path: the file.

    Returns:
        `state_dict`, and `meta` if the file has it; a bare state dict becomes `state_dict`.

    Raises:
        OSError: the file cannot be opened.
        ValueError: not a weights file, cut off, holding objects of other classes, no network that
            is known here, or several.
    """
    shown = in_one_line(Path(path), MOST_NAME)
    content = _torch_load(path, shown)
    network = _the_network(content, shown)
    if network.meta is None:
        return dict(state_dict=network.state)
    if not isinstance(network.meta, dict):
        raise ValueError(f"{shown}: meta is no dictionary; expected one, as `solar.save` writes it")
    return dict(state_dict=network.state, meta=network.meta)


# ---- 2. torch's reader


def _torch_load(path: str | Path, shown: str) -> Any:
    """Read a file by torch's safe reader; its refusals become errors in our words."""
    # a file that cannot be opened says so itself
    with Path(path).open("rb") as file:
        start = file.read(64)

    # torch's remarks on odd files are ignored: the errors below say enough
    try:
        with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals(NUMPY):
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes the reader raise almost anything
        reason = _refused_object(str(error)) or _other_format(Path(path), start)
        raise ValueError(f"{shown}: not a file of tensors and plain values: {reason}") from error


def _refused_object(words: str) -> str | None:
    """Say which object torch's reader has refused to build, if that is why it stopped."""
    refused = re.search(r"GLOBAL (\S+)", words)
    if refused:
        return (
            f"it holds {in_one_line(refused[1])}, which is refused, since building such objects "
            "can run code; where the file was made, save its state_dict and meta alone"
        )
    if "not of numbers or strings" in words:  # the stand-ins of solar.files
        return "it holds an array of objects; expected arrays of numbers"
    if "TorchScript" in words:
        return "it is a TorchScript program; where it was made, save its state_dict alone"
    return None


def _other_format(path: Path, start: bytes) -> str:
    """Say what a file is that torch's reader has not understood, by its first bytes."""
    if not start:
        return "the file is empty; fetch it again"
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return "it is a web page, perhaps of a download that failed; fetch the file again"
    if start.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS; `git lfs pull` fetches the file itself"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < MOST_HEADER:
        return "it is a safetensors file; write its tensors as a state dict with torch.save"
    if start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or tarfile.is_tarfile(path):
        return "it is a packed archive; unpack it first"
    if start.startswith((b"PK", b"\x80")):  # as torch's own files begin, new and old
        return "it is cut off or damaged, or torch.save has not written it; fetch it again"
    return "torch.save has not written it; expected a file such as net.pth"


# ---- 3. wrappers


@dataclass(frozen=True)
class _Network:
    """The weights of one network, as they lie in a file.

    Attributes:
        place: the keys that lead to it, as in 'model.backbone'; '' if nothing is around it.
        state: name -> tensor, without what leads to it.
        meta: the nearest `meta` beside or around it, or None.
    """

    place: str
    state: dict[str, Any]
    meta: Any


def _the_network(content: object, shown: str) -> _Network:
    """Choose the network of a file.

    Raises:
        ValueError: there is none that is known here, or several and none in the usual place.
    """
    networks = _networks_in(content)
    if len(networks) == 1:
        return networks[0]

    # an average, say, may lie beside the network itself; `state_dict` is the documented place
    for network in networks:
        if network.place in ("", "state_dict"):
            return network

    if networks:
        places = in_one_line(", ".join(network.place for network in networks))
        raise ValueError(
            f"{shown}: holds several networks ({places}); "
            "save the one that you want in a file of its own, under the key 'state_dict'"
        )
    raise ValueError(
        f"{shown}: expected a dictionary with 'state_dict' and 'meta', or a state dict alone, of a "
        f"global or local network; found {_described(content)}"
    )


def _networks_in(content: object) -> list[_Network]:
    """Find all networks in the content of a file, however deep they lie."""
    networks = []
    seen = set()  # a dictionary may lie in a file twice, or even in itself
    waiting = deque([("", content, None)])
    while waiting:
        place, item, meta = waiting.popleft()
        if not isinstance(item, dict | list | tuple) or id(item) in seen:
            continue
        seen.add(id(item))

        # in a dictionary, the nearest meta counts
        parts = enumerate(item)
        if isinstance(item, dict):
            meta = item.get("meta", meta)
            networks += _networks_of_names(place, item, meta)
            parts = item.items()
        waiting.extend((_joined(place, key), value, meta) for key, value in parts)
    return networks


def _networks_of_names(place: str, item: dict, meta: Any) -> list[_Network]:
    """Find the networks whose weights lie in one dictionary, under names like 'net.layers.1...'."""
    # the names without what training tools have put into them
    state = {_unwrapped(str(key)): value for key, value in item.items() if key != COUNTER}

    # what stands before the name of a first convolution stands before all names of its network;
    # other weights beside it, of a loss for example, are left out
    networks = []
    for key in state:
        for first in FIRST_KEYS:
            if key != first and not key.endswith(f".{first}"):
                continue
            prefix = key.removesuffix(first)  # '' or 'net.'
            own = {
                name.removeprefix(prefix): value
                for name, value in state.items()
                if name.startswith(prefix)
            }
            networks.append(_Network(_joined(place, prefix.rstrip(".")), own, meta))

    # other trunks of timm begin with other names, and heads alone with none: meta tells them
    if not networks and place == "state_dict" and _names_its_trunk(meta):
        networks.append(_Network(place, state, meta))
    return networks


def _names_its_trunk(meta: Any) -> bool:
    """Tell whether `meta` is that of heads alone, or of a network with a trunk of timm."""
    if not isinstance(meta, dict):
        return False
    return "trunk" in meta or str(meta.get("architecture")).startswith(FROM_TIMM)


def _unwrapped(key: str) -> str:
    """Return the name of a weight without the parts that training tools put in.

    Example:
        >>> _unwrapped("module.features._orig_mod.conv1.0.weight")
        'features.conv1.0.weight'
    """
    return ".".join(part for part in key.split(".") if part not in WRAPPERS)


def _joined(place: str, key: object) -> str:
    """Lead one key further."""
    return ".".join(part for part in (place, str(key)) if part)


def _described(content: object) -> str:
    """Say in a few words what a file holds that is no network of ours."""
    if not isinstance(content, dict):
        return f"a {type(content).__name__}"
    inner = content.get("state_dict", content)
    names = list(inner if isinstance(inner, dict) else content)
    if not names:
        return "an empty dictionary"
    more = ", ..." if len(names) > 4 else ""
    return ", ".join(in_one_line(name) for name in names[:4]) + more


# ---- 4. learnt whitenings


def whitenings_of(meta: dict) -> Whitenings:
    """Return the learnt whitenings of a network of cnnimageretrieval.

    Its `meta['Lw']` has for each training set, and for one scale (`ss`) and several (`ms`), the
    mean `m` (D, 1) and the projection `P` (D', D).

    Args:
        meta: of the file.

    Raises:
        ValueError: an entry of another form.

    Example:
        >>> lw = {"sfm": {"ms": {"m": np.zeros((2, 1)), "P": np.eye(2)}}}
        >>> mean, projection = whitenings_of({"Lw": lw})["sfm"]["ms"]
        >>> mean.shape, projection.shape
        ((2,), (2, 2))
    """
    whitenings: Whitenings = {}
    for name, entries in (meta.get("Lw") or {}).items():
        whitenings[str(name)] = {}
        for scales, entry in entries.items():
            # ones column -> row; the shapes must fit each other
            mean = np.asarray(entry["m"], np.float64).reshape(-1)  # (D,)
            projection = np.asarray(entry["P"], np.float64)  # (D', D)
            if projection.ndim != 2 or projection.shape[1] != len(mean):
                raise ValueError(
                    f"m of {len(mean)} numbers and P of shape {projection.shape} do not fit"
                )
            whitenings[str(name)][str(scales)] = (mean, projection)
    return whitenings


def whitenings_to_meta(whitenings: Whitenings) -> dict:
    """Return learnt whitenings as cnnimageretrieval's `meta['Lw']` has them."""
    lw: dict[str, dict] = {}
    for name, entries in whitenings.items():
        lw[name] = {}
        for scales, (mean, projection) in entries.items():
            lw[name][scales] = dict(m=mean[:, None], P=projection)  # (D, 1), (D', D)
    return lw
