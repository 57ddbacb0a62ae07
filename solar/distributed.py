"""Several processes that work as one, started by `torchrun`; and the device to compute on.

This is the only module that knows how many processes there are. With one process every function
here does nothing or returns its argument, so that the code that calls them reads the same.

Work that needs no messages between processes (`solar extract`) takes its share from the environment
alone: `torchrun_share`. All other functions need `process_group` around them to see more than one
process.

Book: chapter 7 (training on GL18) and chapter 10 (one million distractors).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as differentiable

from .files import in_one_line

# what torchrun tells each process: numbers, and where the processes meet
NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT")
TORCHRUN = (*NUMBERS, "MASTER_ADDR")

# ---- who am I, and how many are we ---------------------------------------------------------------


def torchrun_share() -> tuple[int, int]:
    """Return (number of this process, number of processes) from the environment.

    `torchrun` sets them. No process group is needed. Without torchrun it is (0, 1).

    Raises:
        ValueError: as `from_torchrun`.

    Example:
        >>> torchrun_share()
        (0, 1)
    """
    numbers = from_torchrun()
    return (0, 1) if numbers is None else (numbers["RANK"], numbers["WORLD_SIZE"])


def from_torchrun() -> dict[str, int] | None:
    """Return the numbers that torchrun gave to this process; None if torchrun did not start it.

    Clusters and notebooks leave some variables of the same names in the environment. So they are
    believed together or not at all: without `RANK` and `LOCAL_RANK` this process has no number, and
    works alone.

    Returns:
        'RANK', 'WORLD_SIZE', 'LOCAL_RANK' and 'MASTER_PORT'.

    Raises:
        ValueError: this process has a number, and other variables are missing or make no sense.
    """
    given = {name: os.environ[name] for name in TORCHRUN if os.environ.get(name)}
    if "RANK" not in given and "LOCAL_RANK" not in given:
        return None
    advice = "start it with torchrun, or unset RANK, LOCAL_RANK and WORLD_SIZE"

    # all of them, and whole numbers
    missing = [name for name in TORCHRUN if name not in given]
    if missing:
        there = ", ".join(f"{name}={in_one_line(value, 20)}" for name, value in given.items())
        raise ValueError(
            f"the environment has {there} but not {', '.join(missing)}, which torchrun sets "
            f"together: {advice}"
        )
    for name in NUMBERS:
        if not (given[name].isascii() and given[name].isdigit()):
            raise ValueError(
                f"the environment has {name}={in_one_line(given[name], 20)}; expected a whole "
                f"number, as torchrun sets it: {advice}"
            )

    # that fit together
    numbers = {name: int(given[name]) for name in NUMBERS}
    if numbers["RANK"] >= numbers["WORLD_SIZE"]:
        raise ValueError(
            f"the environment has RANK={numbers['RANK']} and WORLD_SIZE={numbers['WORLD_SIZE']}; "
            f"expected a smaller RANK: {advice}"
        )
    return numbers


def rank() -> int:
    """Return the number of this process in its group; 0 is the first, which writes and prints."""
    return dist.get_rank() if _has_group() else 0


def world_size() -> int:
    """Return the number of processes in the group; 1 without a group."""
    return dist.get_world_size() if _has_group() else 1


def is_first() -> bool:
    """Return whether this process writes and prints: the first of the group, or the only one."""
    return rank() == 0


def _has_group() -> bool:
    return dist.is_available() and dist.is_initialized()


@contextmanager
def process_group(device: str | None = None) -> Iterator[str | None]:
    """Join the other processes if `torchrun` started this one, and leave them at the end.

    Gloo connects processes on CPUs, NCCL those on GPUs. Without torchrun, or inside another group,
    nothing happens.

    Args:
        device: 'cpu', 'cuda', 'mps' or None for the fastest.

    Raises:
        ValueError: as `from_torchrun`.

    Yields:
        The device to use: `device`, or with CUDA under torchrun a GPU of this process's own.
    """
    if dist.is_initialized() or from_torchrun() is None:
        yield device
        return
    on_gpu = device in (None, "cuda") and torch.cuda.is_available()
    dist.init_process_group("nccl" if on_gpu else "gloo")
    if on_gpu:
        device = str(_own_gpu("cuda"))
        torch.cuda.set_device(device)
    try:
        yield device
    finally:
        dist.destroy_process_group()


# ---- messages between processes ------------------------------------------------------------------


def barrier() -> None:
    """Wait until all processes have come to this line."""
    if world_size() > 1:
        dist.barrier()


def from_first(value: Any) -> Any:
    """Return the value of the first process, on every process.

    Args:
        value: any object that can be pickled; what the other processes pass is ignored.

    Example:
        >>> from_first("seed 7")
        'seed 7'
    """
    if world_size() == 1:
        return value
    box = [value if is_first() else None]
    dist.broadcast_object_list(box)
    return box[0]


def gather_values(value: Any) -> list:
    """Return the values of all processes in the order of their numbers, on every process.

    Args:
        value: any object that can be pickled.

    Example:
        >>> gather_values(3)
        [3]
    """
    if world_size() == 1:
        return [value]
    values: list = [None] * world_size()
    dist.all_gather_object(values, value)
    return values


def my_share(n: int) -> torch.Tensor:
    """Return which of n items this process works on: every `world_size()`-th, from `rank()` on.

    Args:
        n: number of items.

    Returns:
        (n / world_size,) int64 indices, rounded up or down.

    Example:
        >>> my_share(3)
        tensor([0, 1, 2])
    """
    return torch.arange(rank(), n, world_size())


def all_gather_rows(share: torch.Tensor, numbers: torch.Tensor, n: int) -> torch.Tensor:
    """Put the rows that the processes computed together, on every process.

    Gradients flow through it. Since each process computes the same loss from all rows, a row's
    gradient arrives `world_size()` times: `average_gradients` takes the mean and so leaves the
    loss's own gradient.

    Args:
        share: (len(numbers), ...) rows of this process.
        numbers: which of the n rows these are, see `my_share`.
        n: number of rows of all processes.

    Returns:
        (n, ...) all rows in order.
    """
    if world_size() == 1:
        return share
    # each process has its own rows and zeros elsewhere; the sum over processes has every row once
    rows = share.new_zeros(n, *share.shape[1:])  # (n, ...)
    rows = rows.index_copy(0, numbers.to(share.device), share)
    return differentiable.all_reduce(rows) if torch.is_grad_enabled() else _sum_in_place(rows)


def average_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes.

    Args:
        parameters: the same on every process. A gradient that a process did not compute counts as
            zero there.
    """
    if world_size() == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        _sum_in_place(parameter.grad).div_(world_size())


def average_buffers(module: torch.nn.Module) -> None:
    """Replace the floating-point buffers of a module by their means over all processes.

    Each process's batch norms have seen its own share of the batches; afterwards all agree.
    """
    if world_size() == 1:
        return
    for buffer in module.buffers():
        if buffer.is_floating_point():
            _sum_in_place(buffer).div_(world_size())


def _sum_in_place(tensor: torch.Tensor) -> torch.Tensor:
    dist.all_reduce(tensor)
    return tensor


# ---- devices -------------------------------------------------------------------------------------


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """Return the device asked for; if None the fastest there is: CUDA, Apple's MPS, or the CPU.

    Under torchrun, "cuda" is a GPU of this process's own.

    Args:
        device: 'cpu', 'cuda', 'cuda:1', 'mps', or None.

    Raises:
        ValueError: this machine has no such device.

    Example:
        >>> pick_device("cpu")
        device(type='cpu')
    """
    if device is None:
        device = _fastest()
    device = _own_gpu(device)
    try:
        # a name may be well formed and the device absent: only an allocation tells
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"device {str(device)!r} cannot be used here ({reason}); expected cpu, cuda or mps"
        ) from error


def _own_gpu(device: str | torch.device) -> str | torch.device:
    """Return the GPU that torchrun gave to this process, if just "cuda" is asked for."""
    if str(device) != "cuda":
        return device
    numbers = from_torchrun()
    return device if numbers is None else f"cuda:{numbers['LOCAL_RANK']}"


def _fastest() -> str:
    """Return the name of the fastest kind of device here."""
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
