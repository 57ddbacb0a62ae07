"""What this machine can do: versions, device, disk, which files are here and whole, and whether it
computes right.
"""

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path

import numpy as np
import torch

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
from .published.http import verify_checksum
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
GLOBAL = [
    -0.122719,
    -0.142973,
    -0.057871,
    0.079286,
]  # what the networks of `self_test` give, in float64
LOCAL = [0.056599, -0.119860, 0.073407, 0.046783]
SPREAD = 0.808049


def versions() -> dict[str, str]:
    """Of Python, the system and the packages that matter."""
    found = dict(
        python=platform.python_version(), system=f"{platform.system()} {platform.machine()}"
    )
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def device() -> dict:
    """The device that would be used, and what others there are."""
    gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    return dict(
        chosen=str(distributed.pick_device()),
        gpus=[dict(name=gpu.name, gigabytes=round(gpu.total_memory / 1e9, 1)) for gpu in gpus],
        threads=torch.get_num_threads(),
    )


def disk(folder: Path) -> dict:
    """Room at the folder, and whether one can write there."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    usable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    free = shutil.disk_usage(there).free / 1e9
    return dict(folder=str(folder), gigabytes_free=round(free, 1), writable=usable)


def check(entry: Entry, root=None, full: bool = False) -> dict:
    """The state of a published name: 'whole', 'partial', 'absent' or 'broken', and why.

    Args:
        full: read every file and compare its checksum with the manifest and the record; else sizes
            and names only.
    """
    found = dict(
        name=entry.name, state="whole", why="", enables=entry.enables, gigabytes=entry.gigabytes
    )
    try:
        each = file_states(entry, root)
        missing = [group[0].archive or group[0].path for group, state in each if state != "here"]
        if all(state == "absent" for _, state in each):
            return found | dict(state="absent")
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            return found | dict(state="partial", why=f"{missing[0]}{more} to fetch")
        _verify(entry, root, full)
    except (OSError, ValueError) as error:
        return found | dict(state="broken", why=str(error))
    return found


def _verify(entry: Entry, root, full: bool) -> None:
    folder = entry.place(root)
    for file in entry.files if full else ():
        if not file.archive:
            try:
                verify_checksum(
                    file, folder / file.path, record_of(folder).get(file.path, {}).get("sha256", "")
                )
            except ValueError as error:
                raise ValueError(f"{folder / file.path}: {error}") from error
    if entry.kind == "benchmark" or entry.kind == "distractors" and full:
        bench = load_benchmark(entry.name, root)
        lost = [path for path in (*bench.images, *bench.queries) if not path.is_file()]
        if lost:
            total = len(bench.images) + len(bench.queries)
            raise ValueError(
                f"{len(lost)} of {total} images are missing, the first is {lost[0]}; "
                f"take its archive out of {folder / RECORD} and fetch again"
            )


def _filled(net):
    """A network with weights that need no random numbers, the same on every machine."""
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            wave = torch.sin(0.7 * torch.arange(value.numel(), dtype=torch.float64) + len(name))
            scale = (2 / max(1, value[0].numel())) ** 0.5 if value.dim() > 1 else 0.1
            offset = (
                0
                if value.dim() > 1 or name.endswith(("bias", "mean"))
                else 3
                if name == "pool.p"
                else 1
            )
            value.copy_((offset + scale * wave).view(value.shape))
    return net.eval()


def _picture(channels: int, height: int, width: int) -> torch.Tensor:
    place = torch.arange(channels * height * width, dtype=torch.float64)
    return (
        torch.sin(0.37 * place)
        .add(torch.cos(0.011 * place))
        .float()
        .view(1, channels, height, width)
    )


@torch.inference_mode()
def self_test(on: str | torch.device | None = None) -> list[dict]:
    """Numbers computed here beside the stored ones: losses and AP from the literature, networks on
    the device used.
    """
    on = distributed.pick_device(on)
    x, y, z = (
        l2n(torch.tensor([v], dtype=torch.float32)) for v in ([1, 2, -2], [-1, 2, 0], [-5, 0, 3])
    )
    nets = GlobalNet("mini", "45"), LocalNet("345"), SecondOrderAttention(32, 4)
    net, local, soa = (_filled(one).to(on) for one in nets)
    before = 10 * _picture(32, 12, 16).to(on)
    maps = soa.maps(before)  # (1, N, N)
    values = soa.h(before).flatten(2).transpose(1, 2)  # (1, N, c')
    explicit = before + soa.v((maps @ values).transpose(1, 2).unflatten(2, before.shape[2:]))
    spread = (torch.special.entr(maps).sum(2).mean() / np.log(maps.shape[2])).item()
    rows = [
        ("second-order loss", second_order_loss(x, y, z[:, None]).item(), 2.0246215, 1e-5),
        (
            "contrastive loss",
            contrastive_loss(x, y, z[:, None], margin=0.7).item(),
            0.55278635,
            1e-5,
        ),
        ("average precision", average_precision([0, 2, 5]), 0.677778, 1e-6),
        ("spread of attention", spread, SPREAD, 1e-3),
        ("fused attention beside explicit", (soa(before) - explicit).abs().max().item(), 0.0, 1e-3),
        ("global network", net(_picture(3, 96, 128).to(on))[0, :4].cpu().tolist(), GLOBAL, 2e-3),
        ("local network", local(_picture(1, 32, 32).to(on))[0, :4].cpu().tolist(), LOCAL, 2e-3),
    ]
    for name in weights.names():
        sizes = [v.float().abs().sum().item() for v in checkpoints.load(name).state_dict().values()]
        rows.append((f"weights {name}", float(np.isfinite(sizes).all()), 1.0, 0.0))
    return [
        dict(
            name=name,
            found=found,
            expected=expected,
            right=bool(np.allclose(found, expected, rtol=0, atol=error)),
        )
        for name, found, expected, error in rows
    ]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:  # a folder that one may not look into
        return False


def examine(root=None, full: bool = False) -> dict:
    """Everything at once; `sound` is False if something is wrong rather than merely absent."""
    place = Path(root) if root is not None else home() / "data"
    mini = [
        dict(name=name, state="whole" if _is_file(place / name / "complete.json") else "absent")
        for name in BOOK
    ]
    found = dict(
        versions=versions(),
        device=device(),
        disk=disk(home()),
        mini=mini,
        published=[check(entry, root, full) for entry in ENTRIES.values()],
        self_test=self_test(),
    )
    sound = all(row["right"] for row in found["self_test"]) and found["disk"]["writable"]
    return found | dict(sound=sound and all(row["state"] != "broken" for row in found["published"]))
