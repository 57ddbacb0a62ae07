"""What this machine can do, which files are here and complete, and whether it computes right."""

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import distributed, weights
from .datasets import load_benchmark
from .files import home
from .nets import checkpoints
from .nets.attention import SecondOrderAttention
from .nets.global_net import GlobalNet
from .nets.local_net import LocalNet
from .nets.pooling import l2n
from .published.catalogue import ENTRIES, Entry
from .published.fetch import RECORD, file_states, record_of
from .published.verify import verify_checksum
from .search.protocol import average_precision
from .training.losses import contrastive_loss, second_order_loss
from .world import BOOK

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pandas",
    "pillow",
    "matplotlib",
    "anywidget",
    "requests",
)

# what the networks of the self-test give, computed in float64: the first four numbers of the
# descriptors, and the mean entropy of the attention relative to that of a uniform one
GLOBAL = [-0.122719, -0.142973, -0.057871, 0.079286]
LOCAL = [0.056599, -0.119860, 0.073407, 0.046783]
SPREAD = 0.808049


# ---- the machine ----


def versions() -> dict[str, str]:
    """Return the versions of Python, the system and the packages that matter."""
    # a package that is missing is told, not an error
    numbers = dict(
        python=platform.python_version(), system=f"{platform.system()} {platform.machine()}"
    )
    for name in PACKAGES:
        try:
            numbers[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            numbers[name] = "missing"
    return numbers


def device() -> dict:
    """Return the device that would be used, and what others there are."""
    gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    return dict(
        chosen=str(distributed.pick_device()),
        gpus=[dict(name=gpu.name, gigabytes=round(gpu.total_memory / 1e9, 1)) for gpu in gpus],
        threads=torch.get_num_threads(),
    )


def disk(folder: Path) -> dict:
    """Return how much room there is at a folder, and whether one can write there.

    Args:
        folder: it need not exist; then its nearest parent that does is asked.
    """
    # a folder that is not there yet would be made in its nearest parent
    folder = Path(folder)
    path = folder.absolute()
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    free = shutil.disk_usage(nearest).free / 1e9
    return dict(folder=str(folder), gigabytes_free=round(free, 1), writable=writable)


# ---- published files ----


def check(entry: Entry, root: str | Path | None = None, full: bool = False) -> dict:
    """Return the state of a published name: 'whole', 'partial', 'absent' or 'broken', and why.

    Args:
        entry: one of `solar.published.catalogue.ENTRIES`.
        root: folder that holds the folders of datasets; None means `data` in SOLAR_HOME.
        full: read every file and compare its checksum with the catalogue and the record; else
            names and sizes only.
    """
    result = dict(
        name=entry.name, state="whole", why="", enables=entry.enables, gigabytes=entry.gigabytes
    )
    try:
        states = file_states(entry, root)
        if all(state == "absent" for _, state in states):
            return result | dict(state="absent")

        # some files are here, some are not
        missing = [group[0].archive or group[0].path for group, state in states if state != "here"]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            return result | dict(state="partial", why=f"{missing[0]}{more} to fetch")

        # all are here: are they right?
        if full:
            _verify_checksums(entry, root)
        if entry.kind == "benchmark" or (entry.kind == "distractors" and full):
            _verify_images(entry, root)
    except (OSError, ValueError) as error:
        return result | dict(state="broken", why=str(error))
    return result


def _verify_checksums(entry: Entry, root: str | Path | None) -> None:
    """Read all files of an entry but its archives; the first wrong one is a ValueError."""
    folder = entry.place(root)
    for file in entry.files:
        if file.archive:  # its contents are checked when it is unpacked
            continue
        path = folder / file.path
        recorded = record_of(folder).get(file.path, {}).get("sha256", "")
        try:
            verify_checksum(file, path, recorded)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def _verify_images(entry: Entry, root: str | Path | None) -> None:
    """Look for all images of a benchmark; any missing one is a ValueError."""
    bench = load_benchmark(entry.name, root)
    paths = [*bench.images, *bench.queries]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(paths)} images are missing, the first is {missing[0]}; "
            f"take its archive out of {entry.place(root) / RECORD} and fetch again"
        )


# ---- the self-test ----


@torch.inference_mode()
def self_test(on: str | torch.device | None = None) -> list[dict]:
    """Compute numbers here and compare them with stored ones.

    Tested are losses and average precision with values from the literature, the attention layer and
    small networks with known weights, and the shipped weights.

    Args:
        on: the device to test; None means the fastest.

    Returns:
        One dict per test: `name`, `found`, `expected`, and `right` (bool).

    Example:
        >>> from solar import doctor
        >>> all(test["right"] for test in doctor.self_test("cpu"))
        True
    """
    on = distributed.pick_device(on)
    return [*_test_formulas(), *_test_attention(on), *_test_networks(on), *_test_weights()]


def _test(name: str, found: float | list, expected: float | list, tolerance: float) -> dict:
    """Compare a number, or a list of numbers, with what is expected."""
    right = bool(np.allclose(found, expected, rtol=0, atol=tolerance))
    return dict(name=name, found=found, expected=expected, right=right)


def _test_formulas() -> list[dict]:
    """Test losses and average precision by hand-made cases."""
    anchor = l2n(torch.tensor([[1.0, 2.0, -2.0]]))  # (1, 3)
    positive = l2n(torch.tensor([[-1.0, 2.0, 0.0]]))
    negative = l2n(torch.tensor([[-5.0, 0.0, 3.0]]))[:, None]  # (1, 1, 3)
    second_order = second_order_loss(anchor, positive, negative).item()
    contrastive = contrastive_loss(anchor, positive, negative, margin=0.7).item()
    return [
        _test("second-order loss", second_order, 2.0246215, 1e-5),
        _test("contrastive loss", contrastive, 0.55278635, 1e-5),
        _test("average precision", average_precision([0, 2, 5]), 0.677778, 1e-6),
    ]


def _test_attention(on: torch.device) -> list[dict]:
    """Test the attention maps by their spread, and the fused layer by the explicit one."""
    soa = _filled(SecondOrderAttention(32, 4)).to(on)
    x = 10 * _waves(32, 12, 16).to(on)  # (1, 32, 12, 16)

    # entropy of each row, relative to that of a row that looks everywhere alike
    maps = soa.maps(x)  # (1, N, N)
    entropy = torch.special.entr(maps).sum(2).mean()
    spread = (entropy / np.log(maps.shape[2])).item()

    # two ways to one result
    difference = (soa(x) - soa.explicit(x)).abs().max().item()
    return [
        _test("spread of attention", spread, SPREAD, 1e-3),
        _test("fused attention beside explicit", difference, 0.0, 1e-3),
    ]


def _test_networks(on: torch.device) -> list[dict]:
    """Test a whole network of each kind by the first numbers of a descriptor."""
    # an image and a patch that are the same everywhere
    net = _filled(GlobalNet("mini", "45")).to(on)
    local = _filled(LocalNet("345")).to(on)
    descriptor = net(_waves(3, 96, 128).to(on))[0, :4].cpu().tolist()
    local_descriptor = local(_waves(1, 32, 32).to(on))[0, :4].cpu().tolist()
    return [
        _test("global network", descriptor, GLOBAL, 2e-3),
        _test("local network", local_descriptor, LOCAL, 2e-3),
    ]


def _test_weights() -> list[dict]:
    """Test that all shipped weights can be read and are finite."""
    tests = []
    for name in weights.names():
        state = checkpoints.load(name).state_dict()
        sizes = [value.float().abs().sum().item() for value in state.values()]
        tests.append(_test(f"weights {name}", float(np.isfinite(sizes).all()), 1.0, 0.0))
    return tests


def _filled(net: nn.Module) -> nn.Module:
    """Fill a network with weights that need no random numbers, the same on every machine."""
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            wave = torch.sin(0.7 * torch.arange(value.numel(), dtype=torch.float64) + len(name))
            if value.dim() > 1:
                numbers = (2 / max(1, value[0].numel())) ** 0.5 * wave  # convolutions and maps
            else:
                numbers = _offset(name) + 0.1 * wave
            value.copy_(numbers.view(value.shape))
    return net.eval()


def _offset(name: str) -> float:
    """Return the number about which the entries of a one-dimensional weight lie."""
    if name.endswith(("bias", "mean")):
        return 0.0
    if name == "pool.p":
        return 3.0
    return 1.0  # scales and variances


def _waves(channels: int, height: int, width: int) -> torch.Tensor:
    """Make an image without random numbers, (1, channels, height, width)."""
    position = torch.arange(channels * height * width, dtype=torch.float64)
    values = torch.sin(0.37 * position) + torch.cos(0.011 * position)
    return values.float().view(1, channels, height, width)


# ---- everything ----


def examine(root: str | Path | None = None, full: bool = False) -> dict:
    """Examine everything at once.

    Args:
        root: folder that holds the folders of datasets; None means `data` in SOLAR_HOME.
        full: read all published files and compare their checksums.

    Returns:
        `versions`, `device`, `disk`, `mini` and `published` (the state of each dataset),
        `self_test`, and `sound`: False if something is wrong, rather than merely absent.
    """
    # everything but the verdict
    data = Path(root) if root is not None else home() / "data"
    report = dict(
        versions=versions(),
        device=device(),
        disk=disk(home()),
        mini=[_state_of_mini(data / name) for name in BOOK],
        published=[check(entry, root, full) for entry in ENTRIES.values()],
        self_test=self_test(),
    )
    # absent files are no fault
    computes_right = all(test["right"] for test in report["self_test"])
    is_broken = any(row["state"] == "broken" for row in report["published"])
    sound = computes_right and report["disk"]["writable"] and not is_broken
    return report | dict(sound=sound)


def _state_of_mini(folder: Path) -> dict:
    """Return the state of a mini dataset: 'whole' or 'absent'."""
    try:
        is_complete = (folder / "complete.json").is_file()
    except PermissionError:  # a folder that one may not look into
        is_complete = False
    return dict(name=folder.name, state="whole" if is_complete else "absent")
