"""Several processes that work as one: shares, messages, gradients; and the device of each."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from solar import distributed

# What each of two processes does; it writes what it found to `<folder>/<rank>.pt`.
PROGRAM = """
import sys
import torch
from solar import distributed

with distributed.process_group("cpu") as device:
    rank = distributed.rank()
    share = distributed.my_share(5)  # of five rows

    # all rows, and their gradient through a loss that both processes compute from all of them
    x = torch.arange(5.0).requires_grad_()
    rows = distributed.all_gather_rows(x[share].square(), share, 5)
    rows.sum().backward()
    unused = torch.nn.Parameter(torch.zeros(2))
    if rank == 0:
        unused.grad = torch.ones(2)
    distributed.average_gradients([x, unused])

    norm = torch.nn.BatchNorm1d(2)
    norm.running_mean.fill_(rank)
    distributed.average_buffers(norm)

    found = dict(
        device=device,
        size=distributed.world_size(),
        first=distributed.is_first(),
        from_environment=distributed.torchrun_share(),
        share=share,
        rows=rows.detach(),
        gradient=x.grad,
        unused=unused.grad,
        mean=norm.running_mean,
        batches=norm.num_batches_tracked,
        heard=distributed.from_first({"said by": rank}),
        gathered=distributed.gather_values("ab"[rank]),
    )
    distributed.barrier()
torch.save(found, f"{sys.argv[1]}/{rank}.pt")
"""


# as torchrun sets them for the last of four processes
TORCHRUN = dict(
    RANK="3", LOCAL_RANK="3", WORLD_SIZE="4", MASTER_ADDR="localhost", MASTER_PORT="29500"
)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What two processes found."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    done = subprocess.run(
        [*command, folder / "program.py", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


def test_one_process_alone_gets_back_what_it_gives():
    rows = torch.rand(3, 2)
    assert (distributed.rank(), distributed.world_size(), distributed.is_first()) == (0, 1, True)
    assert distributed.my_share(3).tolist() == [0, 1, 2]
    assert distributed.all_gather_rows(rows, torch.arange(3), 3) is rows
    assert distributed.from_first(7) == 7
    assert distributed.gather_values(7) == [7]
    distributed.barrier()


def test_one_process_alone_leaves_gradients_and_buffers_as_they_are():
    parameter = torch.nn.Parameter(torch.zeros(2))
    norm = torch.nn.BatchNorm1d(2)
    distributed.average_gradients([parameter])
    distributed.average_buffers(norm)
    assert parameter.grad is None
    assert torch.equal(norm.running_var, torch.ones(2))


@pytest.mark.processes
def test_two_processes_know_who_they_are(two):
    assert [found["size"] for found in two] == [2, 2]
    assert [found["first"] for found in two] == [True, False]
    assert [found["from_environment"] for found in two] == [(0, 2), (1, 2)]
    assert [found["device"] for found in two] == ["cpu", "cpu"]
    assert [found["share"].tolist() for found in two] == [[0, 2, 4], [1, 3]]


@pytest.mark.processes
def test_rows_of_all_processes_are_put_together_with_their_gradient(two):
    for found in two:
        assert found["rows"].tolist() == [0, 1, 4, 9, 16]
        assert found["gradient"].tolist() == [0, 2, 4, 6, 8]  # of the sum of squares
        assert found["unused"].tolist() == [0.5, 0.5]  # none counts as zero


@pytest.mark.processes
def test_buffers_are_averaged_and_counters_left_alone(two):
    for found in two:
        assert found["mean"].tolist() == [0.5, 0.5]
        assert found["batches"] == 0


@pytest.mark.processes
def test_messages_reach_all_processes(two):
    for found in two:
        assert found["heard"] == {"said by": 0}
        assert found["gathered"] == ["a", "b"]


@pytest.mark.parametrize(("asked", "given"), [(None, "cuda:3"), ("cuda", "cuda:3"), ("cpu", "cpu")])
def test_under_torchrun_each_process_has_its_own_gpu(asked, given, monkeypatch):
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "empty", lambda *_, device: SimpleNamespace(device=device))
    assert distributed.pick_device(asked) == given


# ---- variables that others leave in the environment ----------------------------------------------


def in_environment(monkeypatch, **variables):
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "left",
    [
        {},
        dict(WORLD_SIZE="4"),  # clusters, notebooks
        dict(WORLD_SIZE="four"),
        dict(MASTER_ADDR="10.0.0.1", MASTER_PORT="29500", WORLD_SIZE="2"),
        dict(WORLD_SIZE="4", RANK=""),
    ],
)
def test_a_process_without_a_number_works_alone(monkeypatch, left):
    in_environment(monkeypatch, **left)
    assert distributed.torchrun_share() == (0, 1)
    with distributed.process_group("cpu") as device:
        assert device == "cpu"
        assert distributed.world_size() == 1


def test_all_variables_of_torchrun_are_believed(monkeypatch):
    in_environment(monkeypatch, **TORCHRUN)
    assert distributed.torchrun_share() == (3, 4)
    assert distributed.from_torchrun()["LOCAL_RANK"] == 3


@pytest.mark.parametrize(
    "changed, message",
    [
        (dict(WORLD_SIZE=None), "not WORLD_SIZE, which torchrun sets together"),
        (dict(RANK=None), "not RANK"),
        (dict(MASTER_ADDR=None, MASTER_PORT=None), "not MASTER_PORT, MASTER_ADDR"),
        (dict(RANK="first"), "RANK=first; expected a whole number"),
        (dict(WORLD_SIZE="-1"), "WORLD_SIZE=-1; expected a whole number"),
        (dict(RANK="4"), "RANK=4 and WORLD_SIZE=4; expected a smaller RANK"),
    ],
)
def test_some_variables_of_torchrun_are_refused(monkeypatch, changed, message):
    variables = {name: value for name, value in (TORCHRUN | changed).items() if value is not None}
    in_environment(monkeypatch, **variables)
    with pytest.raises(ValueError, match=message) as caught:
        distributed.torchrun_share()
    assert "start it with torchrun, or unset" in str(caught.value)
    with pytest.raises(ValueError, match=message), distributed.process_group("cpu"):
        pass
