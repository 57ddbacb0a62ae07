"""One loop for every net: steps, exact resume, the best epoch kept, an honest stop, a log, one
process or several.

What is learnt from what is a *task* (`global_training.GlobalTask`, `local_training.LocalTask`).
Everything random depends on the seed, the epoch and the step alone, so that a run that was killed
goes on to the very same weights.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from .. import distributed
from ..files import atomic


class Task(Protocol):
    """What `run` needs to know of a task. A batch is made of tensors, numbers, strings, lists and
    dicts of them.

    More may be added. `config`, a dataclass: a state of another configuration is refused.
    `feed(batches)`, an iterator of what `losses` gets for each batch, to load ahead.
    `example(batch)`, a picture (H, W, 3) uint8 of a batch, for TensorBoard. `measure()`, more
    numbers to log after an epoch.
    """

    net: torch.nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Any  # its step() is called after each epoch; or None

    def batches(self, epoch: int) -> Sequence:
        """What the steps of an epoch are made from; depends on seed, epoch (from 0) and current
        weights alone.
        """

    def losses(self, batch) -> dict[str, Tensor]:
        """Scalars of one step: 'loss' is minimised, all are logged. Random draws: from torch, or
        from the batch.
        """

    def names(self, batch) -> list[str]:
        """The images of a batch, for the report of a loss that is no number."""

    def validate(self) -> float:
        """How good the net is on landmarks that nobody learns from; higher is better."""


@dataclass
class _Place:
    """Where a run stands: `step` steps of `batches` are done in `epoch`, with the values `found`."""

    epoch: int = 0
    step: int = 0
    batches: list | None = None
    found: list[dict] = field(default_factory=list)
    steps: int = 0  # of all epochs
    log: list[dict] = field(default_factory=list)
    best: dict = field(default_factory=dict)
    seconds: float = 0.0


def state_of(output: str | Path) -> Path:
    """Where the state of a run that is to write `output` is kept."""
    return Path(output).with_suffix(".state")


def run(
    task: Task,
    output: str | Path,
    epochs: int,
    seed: int = 0,
    progress: bool = True,
    board: str | Path | None = None,
    save_every: int = 0,
) -> dict:
    """Train; afterwards `task.net` holds the weights of the epoch that validated best (epoch 0 is
    the start).

    The state is kept in `state_of(output)` after every epoch, and also every `save_every` steps if
    that is not 0. Start the same run again after a kill, and it goes on from there, to the bit (on
    one kind of machine). The caller writes `output` and removes the state then.

    Args:
        board: folder for TensorBoard; None for none.

    Returns:
        'start' (validation before the first step), 'log' (one dict an epoch: the means of
        `task.losses` under their names, 'epoch' from 1, 'validation'), 'best_epoch', 'validation'
        (of the best), 'seconds' of processor time.

    Raises:
        FloatingPointError: a loss or gradient that is no number; the weights are those before this
            step, and the last kept state stays.
        ValueError: the state was kept by a run of another configuration.
    """
    kept = state_of(output)
    there = kept.is_file()
    distributed.barrier()
    place = _resume(task, kept) if there else _begin(task)
    clock = time.process_time() - place.seconds
    first, talk = distributed.rank() == 0, progress and distributed.rank() == 0
    writer = _writer(board, place.steps) if board is not None and first else None

    def keep():
        place.seconds = time.process_time() - clock
        if first:
            with atomic(kept) as temporary:
                torch.save(_state(task, place), temporary)

    if not there:
        keep()
        if talk:
            print(f"start: validation {place.best['validation']:.4f}", file=sys.stderr, flush=True)
    while place.epoch < epochs:
        if place.batches is None:
            place.batches = list(task.batches(place.epoch))
        if writer and place.step == 0 and hasattr(task, "example"):
            writer.add_image(
                "tuples", task.example(place.batches[0]), place.epoch + 1, dataformats="HWC"
            )
        title = f"epoch {place.epoch + 1}/{epochs}"
        bar = tqdm(
            place.batches, title, initial=place.step, unit="step", disable=None if talk else True
        )
        with bar:
            for batch in getattr(task, "feed", iter)(place.batches[place.step :]):
                place.found.append(_step(task, batch, place, seed, kept))
                _tell(task, place, bar, writer)
                if save_every and place.steps % save_every == 0:
                    keep()
        _close(task, place, writer)
        keep()
        if talk:
            print(_line(place.log[-1]), file=sys.stderr, flush=True)
    if writer:
        writer.close()
    task.net.load_state_dict(place.best["net"])
    facts = dict(
        best_epoch=place.best["epoch"], validation=place.best["validation"], seconds=place.seconds
    )
    return dict(start=place.best["start"], log=place.log, **facts)


def _step(task: Task, batch, place: _Place, seed: int, kept: Path) -> dict[str, float]:
    """One step of the optimizer; returns what `task.losses` says, and the norm of the gradient."""
    torch.manual_seed(
        int(np.random.SeedSequence([seed, place.epoch, place.step]).generate_state(1)[0])
    )
    losses = task.losses(batch)
    task.optimizer.zero_grad(set_to_none=True)
    losses["loss"].backward()
    parameters = [p for group in task.optimizer.param_groups for p in group["params"]]
    distributed.average_gradients(parameters)
    norms = [torch.linalg.vector_norm(p.grad) for p in parameters if p.grad is not None]
    values = {
        name: value.item()
        for name, value in (losses | dict(gradient=torch.stack(norms).norm())).items()
    }
    if not np.isfinite([values["loss"], values["gradient"]]).all():
        images = ", ".join(task.names(place.batches[place.step]))
        raise FloatingPointError(
            f"epoch {place.epoch + 1}, step {place.step + 1}: the loss is {values['loss']}, its gradient "
            f"{values['gradient']}, for the images {images}; the last good state is {kept}"
        )
    task.optimizer.step()
    place.step, place.steps = place.step + 1, place.steps + 1
    return values


def _tell(task: Task, place: _Place, bar: tqdm, writer) -> None:
    """The last step's values, on the progress bar and for TensorBoard."""
    bar.update()
    if not bar.disable:
        images = len(task.names(place.batches[place.step - 1]))
        rate = bar.format_dict["rate"] or (bar.n - bar.initial) / max(
            bar.format_dict["elapsed"], 1e-9
        )
        bar.set_postfix_str(
            f"loss {place.found[-1]['loss']:.4f}, {images * rate:.0f} images/s", refresh=False
        )
    if writer:
        for name, value in place.found[-1].items():
            writer.add_scalar(f"step/{name}", value, place.steps)
        for number, group in enumerate(task.optimizer.param_groups):
            writer.add_scalar(f"rate/{group.get('name', number)}", group["lr"], place.steps)


def _close(task: Task, place: _Place, writer) -> None:
    """End an epoch: schedule, means, validation, the best so far."""
    if task.schedule is not None:
        task.schedule.step()
    means = {
        name: float(np.mean([values[name] for values in place.found])) for name in place.found[0]
    }
    place.epoch += 1
    more = task.measure() if hasattr(task, "measure") else {}
    place.log.append(dict(epoch=place.epoch, **means, **more, validation=task.validate()))
    place.step, place.batches, place.found = 0, None, []
    if place.log[-1]["validation"] > place.best["validation"]:
        place.best |= dict(
            epoch=place.epoch, validation=place.log[-1]["validation"], net=_weights(task)
        )
    if writer:
        for name in ("validation", *more):
            writer.add_scalar(f"epoch/{name}", place.log[-1][name], place.epoch)
        writer.flush()


def _begin(task: Task) -> _Place:
    start = task.validate()
    return _Place(best=dict(epoch=0, start=start, validation=start, net=_weights(task)))


def _weights(task: Task) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in task.net.state_dict().items()}


def _config(task: Task) -> dict:
    return asdict(task.config) if hasattr(task, "config") else {}


def _state(task: Task, place: _Place) -> dict:
    """Everything that a later process needs to go on."""
    schedule = task.schedule.state_dict() if task.schedule is not None else None
    kept = dict(net=task.net.state_dict(), optimizer=task.optimizer.state_dict(), schedule=schedule)
    return dict(kept, config=_config(task), place=vars(place))


def _resume(task: Task, kept: Path) -> _Place:
    state = torch.load(kept, map_location="cpu", weights_only=True)
    if state["config"] != _config(task):
        raise ValueError(
            f"{kept}: belongs to a run of another configuration; remove it, or write to another output"
        )
    task.net.load_state_dict(state["net"])
    task.optimizer.load_state_dict(state["optimizer"])
    if task.schedule is not None:
        task.schedule.load_state_dict(state["schedule"])
    return _Place(**state["place"])


def _writer(board: str | Path, steps: int):
    """TensorBoard's writer; what was noted after the state was kept is dropped."""
    from torch.utils.tensorboard import SummaryWriter  # takes a second to import

    return SummaryWriter(str(board), purge_step=steps + 1)


def _line(entry: dict) -> str:
    """An epoch in a line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in entry.items())
