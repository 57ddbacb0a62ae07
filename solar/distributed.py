"""Several processes that work as one (`torchrun`): who does which share, and sums over all of them.

With one process every function here does nothing, so that no other module asks how many there are.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as differentiable


def rank() -> int:
    """The number of this process, 0 for the first or only one, which also writes and prints."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def barrier() -> None:
    """Until all processes are here."""
    if world_size() > 1:
        dist.barrier()


def my_share(n: int) -> torch.Tensor:
    """This process's share of n things: their numbers."""
    return torch.arange(rank(), n, world_size())


def all_gather_rows(share: torch.Tensor, numbers: torch.Tensor, n: int) -> torch.Tensor:
    """All n rows (n, ...) from each process's rows (len(numbers), ...), on every process.

    Gradients flow through it. Since each process computes the same loss from the whole, a row's
    gradient arrives `world_size()` times: `average_gradients` takes the mean and so leaves the
    loss's own gradient.
    """
    if world_size() == 1:
        return share
    rows = share.new_zeros(n, *share.shape[1:]).index_copy(0, numbers.to(share.device), share)
    return differentiable.all_reduce(rows) if torch.is_grad_enabled() else _summed(rows)


def _summed(tensor: torch.Tensor) -> torch.Tensor:
    dist.all_reduce(tensor)
    return tensor


def average_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes; one that a process did not compute
    counts as zero there.
    """
    if world_size() > 1:
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            _summed(parameter.grad).div_(world_size())


@contextmanager
def process_group(device: str | None = None) -> Iterator[str | None]:
    """Join the other processes if `torchrun` started this one; gives the device to use, a GPU of
    its own with CUDA.

    Gloo connects processes on CPUs, NCCL those on GPUs.
    """
    if "WORLD_SIZE" not in os.environ or dist.is_initialized():
        yield device
        return
    gpu = device in (None, "cuda") and torch.cuda.is_available()
    dist.init_process_group("nccl" if gpu else "gloo")
    if gpu:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    try:
        yield device
    finally:
        dist.destroy_process_group()


def pick_device(device: str | torch.device | None = None) -> torch.device:
    """Return the device asked for; if None the fastest there is: CUDA, Apple's MPS, or the CPU.

    Raises:
        ValueError: this machine has no such device.

    Example:
        >>> pick_device("cpu")
        device(type='cpu')
    """
    if device is None:
        device = _fastest()
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"device {str(device)!r} cannot be used here ({reason}); expected cpu, cuda or mps"
        ) from error


def _fastest() -> str:
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
