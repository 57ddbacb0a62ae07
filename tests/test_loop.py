"""The training loop with the smallest task: what is kept, logged, scheduled and refused."""

import pytest
import torch

from solar.training.loop import run
from solar.training.task import Task


def same(a, b):
    """Whether two state dicts are equal bit by bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class Slope(Task):
    """The smallest task: one number learns to be 2."""

    def __init__(self):
        self.net = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(self.net.weight)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)

    def batches(self, epoch):
        return [torch.tensor([[1.0]]), torch.tensor([[2.0]])]

    def losses(self, batch):
        return dict(loss=(self.net(batch) - 2 * batch).square().mean())

    def names(self, batch):
        return [str(batch)]


def test_the_best_epoch_is_kept_and_ties_go_to_the_earlier(tmp_path):
    task = Slope()
    values = iter([0.1, 0.4, 0.7, 0.7, 0.2])
    task.validate = lambda: next(values)
    result = run(task, tmp_path / "x.pth", 4, progress=False)
    two_epochs = Slope()
    run(two_epochs, tmp_path / "y.pth", 2, progress=False, keep="last")
    assert (result["start"], result["best_epoch"], result["validation"]) == (0.1, 2, 0.7)
    assert [entry["validation"] for entry in result["log"]] == [0.4, 0.7, 0.7, 0.2]
    assert same(task.net.state_dict(), two_epochs.net.state_dict())


def test_the_last_epoch_is_kept_without_validation(tmp_path):
    task = Slope()  # it has no `validate`
    result = run(task, tmp_path / "x.pth", 3, progress=False, keep="last")
    assert result["best_epoch"] == 3
    assert set(result) == {"log", "best_epoch", "seconds"}
    assert "validation" not in result["log"][-1]
    assert task.net.weight.item() == pytest.approx(2, abs=0.02)


def test_unknown_words_for_what_to_keep_are_refused(tmp_path):
    with pytest.raises(ValueError, match="keep='first': expected 'best' or 'last'"):
        run(Slope(), tmp_path / "x.pth", 1, keep="first")


def test_a_state_that_keeps_another_epoch_is_refused(tmp_path):
    run(Slope(), tmp_path / "x.pth", 1, progress=False, keep="last")
    task = Slope()
    task.validate = lambda: 0.0
    with pytest.raises(ValueError, match="another configuration"):
        run(task, tmp_path / "x.pth", 2, progress=False)


def test_a_task_is_told_the_values_of_every_step(tmp_path):
    task = Slope()
    steps = []
    task.after_step = steps.append
    result = run(task, tmp_path / "x.pth", 2, progress=False, keep="last")
    assert len(steps) == 4
    assert set(steps[0]) == {"loss", "gradient"}
    assert result["log"][0]["loss"] == (steps[0]["loss"] + steps[1]["loss"]) / 2


@pytest.mark.parametrize("per_step", [False, True])
def test_a_schedule_advances_after_each_epoch_or_each_step(per_step, tmp_path):
    task = Slope()
    task.schedule = torch.optim.lr_scheduler.ExponentialLR(task.optimizer, 0.5)
    task.schedule_per_step = per_step
    run(task, tmp_path / "x.pth", 2, progress=False, keep="last")
    advanced = 4 if per_step else 2
    assert task.optimizer.param_groups[0]["lr"] == 0.1 * 0.5**advanced


def test_progress_is_a_line_per_epoch(tmp_path, capsys):
    task = Slope()
    task.validate = lambda: 0.25
    run(task, tmp_path / "x.pth", 2)
    lines = [line for line in capsys.readouterr().err.splitlines() if "step" not in line]
    assert lines[0] == "start: validation 0.2500"
    assert lines[1].startswith("epoch 1, loss 7.12, gradient 8.4, validation 0.25")
    assert len(lines) == 3
