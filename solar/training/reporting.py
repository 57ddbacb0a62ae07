"""Tell how a training run goes: a progress bar, one line per epoch, TensorBoard.

Book: chapter 7 (training on GL18).
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from .. import distributed
from ..files import optional

if TYPE_CHECKING:
    from .loop import TrainingState
    from .task import Task


class Reporter:
    """Report a run of `loop.run`; only the first process does.

    Args:
        progress: whether to show a progress bar and one line per epoch on the standard error.
        board: folder for TensorBoard; None for none.
        total_steps: steps that were done before. TensorBoard drops what was noted after them by a
            process that was killed.
    """

    def __init__(self, progress: bool, board: str | Path | None, total_steps: int):
        self.talks = progress and distributed.is_first()
        self.writer = None
        self.bar = tqdm(disable=True)  # until the first epoch begins

        # steps after the last saved state are dropped: they are about to be done again
        if board is not None and distributed.is_first():
            # it takes a second to import
            tensorboard = optional("torch.utils.tensorboard", "tensorboard", "TensorBoard's log")
            self.writer = tensorboard.SummaryWriter(str(board), purge_step=total_steps + 1)

    def __enter__(self) -> "Reporter":
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()
        if self.writer is not None:
            self.writer.close()

    def start(self, state: "TrainingState") -> None:
        """Say how good the network is before the first step."""
        if state.best:
            self._say(f"start: validation {state.best['validation']:.4f}")

    def begin_epoch(self, task: "Task", state: "TrainingState", epochs: int) -> None:
        """Open a progress bar; show an example of the first batch on TensorBoard."""
        # a resumed epoch begins where it was interrupted
        self.bar = tqdm(
            desc=f"epoch {state.epoch + 1}/{epochs}",
            total=len(state.batches),
            initial=state.step,
            unit="step",
            disable=None if self.talks else True,
        )

        # the images of the first batch, once per epoch
        if self.writer is None or state.step > 0:
            return
        image = task.example(state.batches[0])  # (H, W, 3)
        if image is not None:
            self.writer.add_image("tuples", image, state.epoch + 1, dataformats="HWC")

    def step(self, task: "Task", state: "TrainingState") -> None:
        """Show the values of the last step."""
        values = state.values[-1]
        bar = self.bar
        bar.update()
        if not bar.disable:
            # images per second: tqdm's own estimate, or the mean before it has one
            images = len(task.names(state.batches[state.step - 1]))
            steps_here = bar.n - bar.initial
            rate = bar.format_dict["rate"] or steps_here / max(bar.format_dict["elapsed"], 1e-9)
            words = f"loss {values['loss']:.4f}, {images * rate:.0f} images/s"
            bar.set_postfix_str(words, refresh=False)

        # losses, and the learning rate of each group of parameters
        if self.writer is not None:
            for name, value in values.items():
                self.writer.add_scalar(f"step/{name}", value, state.total_steps)
            for number, group in enumerate(task.optimizer.param_groups):
                name = group.get("name", number)
                self.writer.add_scalar(f"rate/{name}", group["lr"], state.total_steps)

    def end_epoch(self, state: "TrainingState", measured: dict[str, float]) -> None:
        """Close the bar; show the log of the epoch.

        On TensorBoard only what was `measured` after it appears: each step of the losses is there.
        """
        # all names and means of the log on one line
        self.bar.close()
        entry = state.log[-1]
        self._say(", ".join(f"{name} {value:.4g}" for name, value in entry.items()))
        if self.writer is None:
            return
        # validation and benchmarks as curves over epochs
        for name, value in measured.items():
            self.writer.add_scalar(f"epoch/{name}", value, state.epoch)
        self.writer.flush()

    def _say(self, words: str) -> None:
        if self.talks:
            print(words, file=sys.stderr, flush=True)
