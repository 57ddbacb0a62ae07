"""Training a local network: pairs that belong together, an exact schedule, resume, learning."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from solar import load, save
from solar.datasets import Patches
from solar.training import local_task
from solar.training.config import LocalConfig
from solar.training.local_task import LocalTask, train_local
from solar.training.loop import run

TINY = LocalConfig(data="tiny", held_out_set="tiny", width=2, batch_size=8, epochs=2, seed=3)


def toy(points=20, seed=0) -> Patches:
    """Return blobs: each point is a smooth random image, seen three times in other light."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(points, 6, 6))
    smooth = np.kron(coarse, np.ones((6, 6)))[:, 2:34, 2:34].repeat(3, 0)  # (3 * points, 32, 32)
    noisy = 128 + 40 * smooth + 8 * rng.normal(size=smooth.shape)
    numbers = np.repeat(np.arange(points), 3)
    # pairs of one point, then as many of two points
    matches = np.stack([3 * np.arange(points), 3 * np.arange(points) + 1], 1)
    others = np.stack([matches[:, 0], np.roll(matches[:, 1], 1)], 1)
    return Patches(
        name="toy",
        patches=noisy.clip(0, 255).astype(np.uint8),
        points=numbers,
        photographs=np.zeros_like(numbers),
        pairs=np.concatenate([matches, others]),
        same=np.arange(2 * points) < points,
    )


def make_task(config=TINY):
    return LocalTask(config, "cpu", train_patches=toy(), val_patches=toy(seed=1))


# ---- batches -------------------------------------------------------------------------------------


def test_batches_pair_two_patches_of_each_point():
    task = make_task()
    batches = task.batches(0)
    assert [batch["patch_ids"].shape for batch in batches] == [(8, 2), (8, 2)]
    patch_ids = torch.cat([batch["patch_ids"] for batch in batches]).numpy()
    points = task.train_patches.points[patch_ids]
    assert (points[:, 0] == points[:, 1]).all()
    assert (patch_ids[:, 0] != patch_ids[:, 1]).all()
    assert len(np.unique(points[:, 0])) == 16  # no point twice


def test_batches_depend_on_seed_and_epoch_alone():
    batches = make_task().batches(0)
    for batch, again in zip(batches, make_task().batches(0), strict=True):
        assert torch.equal(batch["patch_ids"], again["patch_ids"])
        assert torch.equal(batch["turns"], again["turns"])
    other_epoch = make_task().batches(1)
    assert not torch.equal(batches[0]["patch_ids"], other_epoch[0]["patch_ids"])


def test_both_patches_of_a_pair_are_turned_alike():
    task = make_task()
    # the same patch twice, in all eight attitudes
    patch_ids = torch.arange(8).repeat(2, 1).T
    turns = torch.tensor([[bool(n & bit) for bit in (1, 2, 4)] for n in range(8)])
    pairs = task.pairs(dict(patch_ids=patch_ids, turns=turns))[:, :, 0].numpy()
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])
    for n in range(8):
        expected = task.train_patches.patches[n].astype(float)
        if n & 1:
            expected = expected[:, ::-1]
        if n & 2:
            expected = expected[::-1]
        if n & 4:
            expected = expected.T
        np.testing.assert_array_equal(pairs[n, 0], expected)


def test_the_learning_rate_rises_once_and_falls_to_nothing():
    task = make_task()
    rates = [task.lr_at(step, 50) for step in range(50)]
    top = int(np.argmax(rates))
    assert top == 10
    assert rates[top] == task.config.lr
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert rates[-1] < 0.01 * rates[top]


def test_a_step_takes_the_learning_rate_of_its_batch():
    task = make_task()
    task.losses(dict(task.batches(0)[0], lr=0.123))
    assert task.optimizer.param_groups[0]["lr"] == 0.123


@pytest.mark.parametrize(
    ("batch_size", "message"),
    [
        (64, "toy: 20 points have two patches or more; a batch of 64"),
        (1, "two at least"),
    ],
)
def test_too_few_points_are_counted(batch_size, message):
    with pytest.raises(ValueError, match=message):
        make_task(dataclasses.replace(TINY, batch_size=batch_size))


# ---- steps and runs ------------------------------------------------------------------------------


def test_losses_add_up():
    task = make_task()
    losses = task.losses(task.batches(0)[0])
    assert set(losses) == {"loss", "first", "second"}
    assert torch.isclose(losses["loss"], losses["first"] + TINY.sos_weight * losses["second"])


@pytest.mark.slow
@pytest.mark.parametrize("soa", ["", "345"])
def test_a_network_learns(soa, tmp_path):
    config = dataclasses.replace(TINY, soa=soa, width=4, epochs=6)
    task = make_task(config)
    result = run(task, tmp_path / "net.pth", config.epochs, config.seed, progress=False)
    losses = [entry["loss"] for entry in result["log"]]
    assert losses[-1] < 0.8 * losses[0]
    assert result["validation"] >= result["start"]


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path):
    whole = make_task()
    run(whole, tmp_path / "whole.pth", 2, TINY.seed, progress=False, keep="last")

    # interrupted at its fourth step, the second of the second epoch
    cut = make_task()
    losses = cut.losses
    steps = []

    def interrupted_losses(batch):
        steps.append(batch)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return losses(batch)

    cut.losses = interrupted_losses
    options = dict(progress=False, save_every=1, keep="last")
    with pytest.raises(KeyboardInterrupt):
        run(cut, tmp_path / "cut.pth", 2, TINY.seed, **options)

    again = make_task()
    run(again, tmp_path / "cut.pth", 2, TINY.seed, **options)
    state = again.net.state_dict()
    for name, value in whole.net.state_dict().items():
        assert torch.equal(state[name], value), name


@pytest.fixture
def sheet(tmp_path, monkeypatch):
    """Return the data sheet of a training that wrote `net.pth` into `tmp_path`."""
    monkeypatch.setattr(local_task, "load_patches", lambda name: toy(seed=len(name)))
    monkeypatch.setattr(local_task, "test_patches_of", {"tiny": None, "mini": "mini-test"}.get)
    config = dataclasses.replace(TINY, data="mini", output=str(tmp_path / "net.pth"))
    return train_local(config, "cpu", progress=False)


def test_weights_and_their_sheet_are_written(sheet, tmp_path):
    assert json.loads((tmp_path / "net.json").read_text()) == sheet
    assert load(tmp_path / "net.pth").width == 2
    assert not (tmp_path / "net.state").exists()


def test_the_sheet_tells_all_and_in_order(sheet):
    first = "name sha256 bytes config threads patches points best_epoch held_out"
    assert list(sheet) == [*first.split(), "cpu_seconds", "parameters", "validation", "test"]
    assert len(sheet["held_out"]) == 3  # the start, and two epochs
    assert 0 <= sheet["validation"] <= 100


def test_without_test_patches_the_sheet_has_no_test(tmp_path, monkeypatch):
    monkeypatch.setattr(local_task, "load_patches", lambda name: toy())
    config = dataclasses.replace(TINY, epochs=1, output=str(tmp_path / "net.pth"))
    assert "test" not in train_local(config, "cpu", progress=False)


def test_the_last_epoch_is_kept_without_a_choice(tmp_path, monkeypatch):
    monkeypatch.setattr(local_task, "load_patches", lambda name: toy())
    output = tmp_path / "net.pth"
    config = dataclasses.replace(TINY, keep="last", output=str(output))
    sheet = train_local(config, "cpu", progress=False)
    assert (sheet["best_epoch"], sheet["held_out"]) == (TINY.epochs, [])
    # the weights are those of the loop's last step
    task = make_task(config)
    task.val_patches = toy()
    run(task, tmp_path / "other.pth", config.epochs, config.seed, progress=False, keep="last")
    weights = load(output).state_dict()
    for name, value in task.net.state_dict().items():
        assert torch.allclose(weights[name].float(), value.float(), atol=2e-3), name


# ---- controls ------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", ["soa", "identity", "even"])
def test_the_kind_of_block_reaches_the_network(block):
    config = dataclasses.replace(TINY, soa="345", block=block)
    net = make_task(config).net
    assert net.block == block
    # the same start for all kinds
    plain = make_task(dataclasses.replace(TINY, soa="345")).net
    for one, two in zip(net.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(one, two)


def test_no_blocks_by_either_name():
    none = make_task(dataclasses.replace(TINY, soa="345", block="none")).net
    assert repr(none) == repr(make_task().net)


def test_a_control_without_layers_is_refused():
    with pytest.raises(ValueError, match="block='identity', but no layer has a block"):
        make_task(dataclasses.replace(TINY, block="identity"))


@pytest.mark.parametrize("block", ["soa", "identity", "even"])
def test_new_blocks_in_a_trained_network_change_nothing_at_first(block, tmp_path):
    start = make_task().net
    for _, buffer in start.named_buffers():
        buffer.data = torch.rand_like(buffer.float()).to(buffer.dtype) + buffer
    path = save(start.eval(), tmp_path / "start.pth")
    config = dataclasses.replace(TINY, start=str(path), soa="345", block=block)
    net = make_task(config).net.eval()
    assert (net.soa, net.block) == ("345", block)
    patches = torch.from_numpy(toy().patches)[:, None].float()
    with torch.no_grad():
        assert torch.allclose(net(patches), start(patches), atol=1e-6)
    # a start that has blocks keeps its own
    path = save(net, tmp_path / "blocks.pth")
    again = make_task(dataclasses.replace(TINY, start=str(path), soa="3")).net
    assert again.soa == "345"
