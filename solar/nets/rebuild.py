"""Make a network anew from what its file tells: `meta`, and the names and shapes of the weights.

1. names of the weights
2. an empty network
3. fill it, strictly
4. the other way round: `meta` of a network

Book: chapter 13 (the published models).
"""

import re
from typing import Any

import numpy as np
import torch

from ..files import in_one_line
from .global_net import Features, GlobalNet
from .local_net import LocalNet
from .trunks import RESNETS, make_trunk
from .weight_files import whitenings_of, whitenings_to_meta

# cnnimageretrieval numbers the parts of a ResNet: number -> our name
SEQUENCE = {
    "0": "conv1.0",
    "1": "conv1.1",
    "4": "conv2_x.2",
    "5": "conv3_x",
    "6": "conv4_x",
    "7": "conv5_x",
}

# ---- 1. names of the weights


def our_names(state: dict) -> dict:
    """Translate the names of cnnimageretrieval; any other name stays as it is.

    Example:
        >>> list(our_names({"features.4.0.conv1.weight": 1, "pool.p": 2}))
        ['features.conv2_x.2.0.conv1.weight', 'pool.p']
    """
    return {_our_key(key): value for key, value in state.items()}


def _our_key(key: str) -> str:
    """Translate a key of cnnimageretrieval: features.4.0.conv1 is our features.conv2_x.2.0.conv1.

    Any other key stays as it is.
    """
    numbered = re.match(r"features\.(\d)\.", key)
    if numbered is None or numbered[1] not in SEQUENCE:
        return key
    return f"features.{SEQUENCE[numbered[1]]}." + key[numbered.end() :]


# ---- 2. an empty network


def empty_local_net(meta: dict, state: dict, first_key: str, path: str) -> LocalNet:
    """Make a local network by the names of its weights; `fill` puts the weights in.

    Args:
        meta: of the file: {} for a bare state dict, or its `block`.
        state: name -> tensor.
        first_key: the name of its first convolution.
        path: the file, as the message calls it.

    Raises:
        ValueError: the first convolution has another shape, or an unknown block.
    """
    soa = "".join(number for number in "345" if f"soa{number}.h.weight" in state)

    # (width, 1, 3, 3): a filter for each channel
    shape = tuple(getattr(state[first_key], "shape", ()))
    if len(shape) != 4 or shape[0] == 0:
        raise ValueError(f"{path}: {first_key} of shape {shape}; expected (width, 1, 3, 3)")
    try:
        return LocalNet(soa, width=shape[0], block=meta.get("block", "soa"))
    except ValueError as error:
        raise _not_known(path, error) from error


def empty_global_net(meta: dict, state: dict, path: str) -> GlobalNet:
    """Make a global network by what `meta` says; `fill` puts the weights in.

    What `meta` leaves out is told by the names and shapes of the weights, or is as in the paper.

    Args:
        meta: of the file.
        state: name -> tensor, by our names.
        path: the file, as the message calls it.

    Raises:
        ValueError: an unknown architecture, pooling or stage, a mean that is not three numbers, or
            whitenings of an unknown form.
    """
    # the parts that the names of the weights tell
    soa = "".join(number for number in "345" if f"features.soa{number}.h.weight" in state)
    if "soa" in meta:
        soa = str(meta.get("soa_layers", "")) if meta["soa"] else ""
    whitening = bool(meta.get("whitening", "whiten.weight" in state))

    try:
        net = GlobalNet(
            architecture=meta.get("architecture") or _architecture_of(state, soa),
            soa=soa,
            pool=meta.get("pooling", "gem"),
            whitening=whitening,
            regional=bool(meta.get("regional", False)),
            block=meta.get("block", "soa"),  # files without a word of it are the authors'
        )
        net.mean = _three_numbers(meta.get("mean", net.mean))
        net.std = _three_numbers(meta.get("std", net.std))
    except (TypeError, ValueError) as error:
        raise _not_known(path, error) from error

    try:
        net.whitenings = whitenings_of(meta)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = in_one_line(str(error))
        raise ValueError(
            f"{path}: the learnt whitenings in its meta, Lw, are not as cnnimageretrieval writes "
            f"them: {reason}; expected for each name 'ss' and 'ms' with m (D, 1), P (D', D)"
        ) from error
    return net


def _not_known(path: str, error: Exception) -> ValueError:
    """Return the refusal of a file whose meta asks for a network that cannot be built."""
    reason = in_one_line(str(error), 160)
    return ValueError(f"{path}: its meta asks for a network that is not known here: {reason}")


def _architecture_of(state: dict, soa: str) -> str:
    """Find the trunk that has the names and shapes of these weights; the paper's if none has."""
    given = {
        key: getattr(value, "shape", None)
        for key, value in state.items()
        if key.startswith("features.")
    }
    for architecture in ("mini", *RESNETS):
        with torch.device("meta"):  # shapes alone: no memory, no random numbers
            features = Features(make_trunk(architecture), soa)
        own = {f"features.{key}": value.shape for key, value in features.state_dict().items()}
        if own == given:
            return architecture
    return "resnet101"


def _three_numbers(values: object) -> tuple[float, ...]:
    """Return a mean or standard deviation of colours as three numbers."""
    numbers = np.asarray(values, np.float64).ravel()
    if numbers.shape != (3,) or not np.isfinite(numbers).all():
        raise ValueError("expected three numbers each as mean and std, one per colour")
    return tuple(float(number) for number in numbers)


# ---- 3. fill it


def fill(net: torch.nn.Module, state: dict, path: str) -> None:
    """Load a state dict into a network, strictly.

    Args:
        net: the network.
        state: name -> tensor.
        path: the file it comes from, as the message calls it.

    Raises:
        ValueError: names the missing and surplus keys, and the tensors of another shape.
    """
    # compare the names of the tensors, and the shapes of those that are in both
    own = net.state_dict()
    missing = sorted(own.keys() - state.keys())
    surplus = sorted(state.keys() - own.keys())
    common = sorted(own.keys() & state.keys())
    not_numbers = [key for key in common if _is_special(state[key])]
    other_shape = [
        key
        for key in common
        if key not in not_numbers and own[key].shape != getattr(state[key], "shape", None)
    ]

    # say all that is wrong at once
    reasons = []
    if missing:
        reasons.append(f"missing {_first_four(missing)}")
    if surplus:
        reasons.append(f"surplus {_first_four(surplus)}")
    if other_shape:
        reasons.append(f"of another shape {_first_four(other_shape)}")
    if not_numbers:
        reasons.append(f"quantised, sparse, complex or empty {_first_four(not_numbers)}")
    if reasons:
        raise ValueError(f"{path}: does not fit {net!r}: {'; '.join(reasons)}")

    net.load_state_dict(state)


def _is_special(value: object) -> bool:
    """Tell whether a tensor is one whose numbers do not lie in it one by one, as real numbers."""
    if not isinstance(value, torch.Tensor):
        return False
    is_odd = value.is_nested or value.is_quantized or value.is_complex() or value.is_meta
    return is_odd or value.layout != torch.strided


def _first_four(keys: list[str]) -> str:
    """List at most four keys in words."""
    more = " ..." if len(keys) > 4 else ""
    return ", ".join(in_one_line(key) for key in keys[:4]) + more


# ---- 4. meta


def meta_of(net: GlobalNet | LocalNet) -> dict:
    """Describe a network in the authors' words; a local one tells only a block of another kind."""
    # the authors know one block: a file of theirs has no word for it
    controls = {}
    if net.block not in ("soa", "none"):
        controls["block"] = net.block
    if isinstance(net, LocalNet):
        return controls

    meta: dict[str, Any] = dict(
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
        **controls,
    )
    if net.whitenings:
        meta["Lw"] = whitenings_to_meta(net.whitenings)
    return meta
