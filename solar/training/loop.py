"""One training loop for every task: steps, exact resume, the best or the last epoch kept.

What is learnt, and from what, is a `Task`: `global_task.GlobalTask`, `local_task.LocalTask`,
`pretrain_task.PretrainTask`. The loop itself is `run`, one screen long.

Every random draw depends on the seed, the epoch and the step alone. So a run that was killed and is
started again ends at exactly the weights of an unbroken run. The same code trains with one process
or with several (`torchrun`).

Book: chapter 7 (training on GL18).
"""

import time
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .. import distributed
from ..files import atomic
from .reporting import Reporter
from .task import Task


@dataclass
class TrainingState:
    """Where a run stands; all but `clock` is written to the state file."""

    keep: str = "best"  # which epoch's weights are kept in the end: 'best' or 'last'
    epoch: int = 0  # finished epochs
    step: int = 0  # finished steps of the current epoch
    batches: list = field(default_factory=list)  # of the current epoch; none before it begins
    values: list[dict] = field(default_factory=list)  # what each step of this epoch measured
    total_steps: int = 0  # finished steps of all epochs
    log: list[dict] = field(default_factory=list)  # one dict per finished epoch
    best: dict = field(default_factory=dict)  # 'start', 'epoch', 'validation' and 'net'
    seconds: float = 0.0  # processor time, that of earlier processes included
    clock: float = field(default_factory=time.process_time)  # when `seconds` was last updated

    def count_time(self) -> None:
        """Add the processor time since the last call to `seconds`."""
        now = time.process_time()
        self.seconds += now - self.clock
        self.clock = now


def state_of(output: str | Path) -> Path:
    """Return the state file of a run that is to write `output`.

    Example:
        >>> state_of("runs/net.pth").name
        'net.state'
    """
    return Path(output).with_suffix(".state")


def run(
    task: Task,
    output: str | Path,
    epochs: int,
    seed: int = 0,
    progress: bool = True,
    board: str | Path | None = None,
    save_every: int = 0,
    keep: str = "best",
) -> dict:
    """Train a task; afterwards `task.net` holds the weights of the epoch that is kept.

    The state is saved in `state_of(output)` after each epoch. Start the same run again after an
    interruption, and it continues from there to the same weights, bit for bit on one kind of
    machine. The caller writes `output` itself, and then removes the state file.

    Args:
        task: what is learnt.
        output: file that the caller will write; only its name is used here.
        epochs: number of epochs.
        seed: random seed.
        progress: whether to show a progress bar and one line per epoch.
        board: folder for TensorBoard; None for none.
        save_every: save the state also after every so many steps; 0: only after each epoch.
        keep: 'best': validate before the first epoch (epoch 0) and after each epoch, and keep the
            epoch with the highest value. 'last': keep the last epoch, without validation.

    Returns:
        'log': one dict per epoch, with 'epoch' (from 1), the mean of each of `task.losses`, what
        `task.measure` returned, and 'validation';  'best_epoch': the epoch that is kept;
        'seconds': processor time. With keep='best' also 'start', the validation before the first
        step, and 'validation', that of the kept epoch.

    Raises:
        FloatingPointError: a NaN or infinite loss or gradient. The weights are those before this
            step, and the last saved state remains.
        ValueError: the state file belongs to a run with another configuration.

    Example:
        >>> import tempfile
        >>> class Doubling(Task):
        ...     def __init__(self):
        ...         self.net = torch.nn.Linear(1, 1, bias=False)
        ...         torch.nn.init.zeros_(self.net.weight)
        ...         self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        ...     def batches(self, epoch):
        ...         return [torch.tensor([[1.0]]), torch.tensor([[2.0]])]
        ...     def losses(self, batch):
        ...         return dict(loss=(self.net(batch) - 2 * batch).square().mean())
        ...     def validate(self):
        ...         return -abs(self.net.weight.item() - 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result = run(Doubling(), f"{folder}/net.pth", epochs=4, progress=False)
        >>> result["best_epoch"], f"{result['start']:.2f}", f"{result['validation']:.2f}"
        (4, '-2.00', '-0.00')
    """
    if keep not in ("best", "last"):
        raise ValueError(f"keep={keep!r}: expected 'best' or 'last'")

    # everything that a later process needs is in one file
    state_file = state_of(output)

    # continue an interrupted run, or begin. All processes look before the first one writes.
    resumed = state_file.is_file()
    distributed.barrier()
    state = _resume(task, state_file, keep) if resumed else _begin(task, keep)

    with Reporter(progress, board, state.total_steps) as reporter:
        # a new run: epoch 0 is the start
        if not resumed:
            _save(task, state, state_file)
            reporter.start(state)

        while state.epoch < epochs:
            # a new epoch begins: mine tuples or shuffle
            if not state.batches:
                state.batches = list(task.batches(state.epoch))
            reporter.begin_epoch(task, state, epochs)

            # the steps that this epoch still has to do
            for batch in task.feed(state.batches[state.step :]):
                values = _step(task, batch, state, seed, state_file)
                task.after_step(values)
                reporter.step(task, state)
                if save_every and state.total_steps % save_every == 0:
                    _save(task, state, state_file)

            # the epoch is done: means, validation, the best so far
            measured = _close_epoch(task, state)
            reporter.end_epoch(state, measured)
            _save(task, state, state_file)

    # the result: the weights of the kept epoch, and how the run went
    if keep == "last":
        return dict(log=state.log, best_epoch=state.epoch, seconds=state.seconds)
    task.net.load_state_dict(state.best["net"])
    return dict(
        start=state.best["start"],
        log=state.log,
        best_epoch=state.best["epoch"],
        validation=state.best["validation"],
        seconds=state.seconds,
    )


def _step(task: Task, batch, state: TrainingState, seed: int, state_file: Path) -> dict[str, float]:
    """Take one step of the optimizer; return the losses and the norm of the gradient."""
    # all draws of a step follow from (seed, epoch, step), so that a resumed run draws the same
    sequence = np.random.SeedSequence([seed, state.epoch, state.step])
    torch.manual_seed(int(sequence.generate_state(1)[0]))

    # forward and backward; with several processes, all get the mean of their gradients
    losses = task.losses(batch)
    task.optimizer.zero_grad(set_to_none=True)
    losses["loss"].backward()
    parameters = [p for group in task.optimizer.param_groups for p in group["params"]]
    distributed.average_gradients(parameters)

    # stop before the weights are spoilt
    values = {name: value.item() for name, value in losses.items()}
    values["gradient"] = _norm_of_gradients(parameters)
    if not np.isfinite([values["loss"], values["gradient"]]).all():
        images = ", ".join(task.names(state.batches[state.step]))
        raise FloatingPointError(
            f"epoch {state.epoch + 1}, step {state.step + 1}: the loss is {values['loss']}, its "
            f"gradient {values['gradient']}, for the images {images}; the last good state is "
            f"{state_file}"
        )

    # update the weights and, if it changes from step to step, the learning rate
    task.optimizer.step()
    if task.schedule is not None and task.schedule_per_step:
        task.schedule.step()
    state.step += 1
    state.total_steps += 1
    state.values.append(values)
    return values


def _norm_of_gradients(parameters: list[torch.nn.Parameter]) -> float:
    """Return the Euclidean norm of all gradients together."""
    norms = [torch.linalg.vector_norm(p.grad) for p in parameters if p.grad is not None]
    return torch.stack(norms).norm().item()


def _close_epoch(task: Task, state: TrainingState) -> dict[str, float]:
    """End an epoch: schedule, means, validation, the best so far; return what was measured."""
    if task.schedule is not None and not task.schedule_per_step:
        task.schedule.step()

    # measure the network as it is now, and remember it if it is the best so far
    state.epoch += 1
    measured = task.measure(state.epoch)
    if state.keep == "best":
        measured = dict(measured, validation=task.validate())
        if measured["validation"] > state.best["validation"]:
            state.best["epoch"] = state.epoch
            state.best["validation"] = measured["validation"]
            state.best["net"] = _weights(task)

    # the log: means over the steps of the epoch, then the measurements
    names = list(state.values[0])
    means = {name: float(np.mean([values[name] for values in state.values])) for name in names}
    state.log.append(dict(epoch=state.epoch, **means, **measured))

    # the next epoch begins empty
    state.step = 0
    state.batches = []
    state.values = []
    return measured


def _begin(task: Task, keep: str) -> TrainingState:
    """Return the state before the first step; with keep='best' the start is the best so far."""
    if keep == "last":
        return TrainingState(keep)
    # epoch 0: the network before the first step
    start = task.validate()
    best = dict(epoch=0, start=start, validation=start, net=_weights(task))
    return TrainingState(keep, best=best)


def _weights(task: Task) -> dict[str, Tensor]:
    """Return a copy of the network's weights."""
    return {name: value.clone() for name, value in task.net.state_dict().items()}


def _config(task: Task) -> dict:
    """Return the settings of a task, which must be the same when a run is resumed."""
    return asdict(task.config) if task.config is not None else {}


def _defaults(task: Task) -> dict:
    """Return those settings of a task that have a default, at their defaults."""
    if task.config is None:
        return {}
    return {field.name: field.default for field in fields(task.config) if field.default != MISSING}


def _save(task: Task, state: TrainingState, state_file: Path) -> None:
    """Write everything that a later process needs to continue; the first process does."""
    state.count_time()
    if not distributed.is_first():
        return

    # the network as it is now, everything the optimizer remembers, and where the run stands
    fields = {name: value for name, value in vars(state).items() if name != "clock"}
    content = dict(
        net=task.net.state_dict(),
        optimizer=task.optimizer.state_dict(),
        schedule=task.schedule.state_dict() if task.schedule is not None else None,
        config=_config(task),
        state=fields,
    )
    # the old file is replaced as a whole: a kill at any moment leaves one that is complete
    with atomic(state_file) as temporary:
        torch.save(content, temporary)


def _resume(task: Task, state_file: Path, keep: str) -> TrainingState:
    """Load the state file into the task; return where the run stands."""
    content = torch.load(state_file, map_location="cpu", weights_only=True)
    # a setting that the file does not know yet had the value that is now its default
    settings = _defaults(task) | content["config"]
    if settings != _config(task) or content["state"]["keep"] != keep:
        raise ValueError(
            f"{state_file}: belongs to a run of another configuration; remove it, or write to "
            "another output"
        )

    # weights, momenta, learning rates: as they were after the last saved step
    task.net.load_state_dict(content["net"])
    task.optimizer.load_state_dict(content["optimizer"])
    if task.schedule is not None:
        task.schedule.load_state_dict(content["schedule"])
    return TrainingState(**content["state"])
