"""Local training: pairs that belong together, an exact schedule and resume, and a net that learns."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from solar import load
from solar.datasets import Patches
from solar.training.config import LocalConfig
from solar.training.local_task import LocalTask, train_local
from solar.training.loop import run

TINY = LocalConfig(data="tiny", held_out_set="tiny", width=2, batch_size=8, epochs=2, seed=3)


def toy(points=20, seed=0) -> Patches:
    """Blobs: each point is a smooth random picture, seen three times in other light."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(points, 6, 6))
    smooth = np.kron(coarse, np.ones((6, 6)))[:, 2:34, 2:34].repeat(3, 0)  # (3 * points, 32, 32)
    noisy = 128 + 40 * smooth + 8 * rng.normal(size=smooth.shape)
    numbers = np.repeat(np.arange(points), 3)
    matches = np.stack([3 * np.arange(points), 3 * np.arange(points) + 1], 1)
    others = np.stack([matches[:, 0], np.roll(matches[:, 1], 1)], 1)
    pairs, same = np.concatenate([matches, others]), np.arange(2 * points) < points
    return Patches(
        "toy", noisy.clip(0, 255).astype(np.uint8), numbers, np.zeros_like(numbers), pairs, same
    )


def task(config=TINY, **options):
    return LocalTask(config, "cpu", **dict(data=toy(), held_out=toy(seed=1)) | options)


def test_batches_pair_patches_of_one_point_and_depend_on_the_epoch_alone():
    t = task()
    batches = t.batches(0)
    assert len(batches) == 2 and batches[0]["rows"].shape == (8, 2)
    rows = torch.cat([b["rows"] for b in batches]).numpy()
    points = t.data.points[rows]
    assert (points[:, 0] == points[:, 1]).all() and (rows[:, 0] != rows[:, 1]).all()
    assert len(np.unique(points[:, 0])) == 16  # every point once
    again = task().batches(0)
    assert all(torch.equal(a[k], b[k]) for a, b in zip(batches, again) for k in ("rows", "turns"))
    assert not torch.equal(batches[0]["rows"], t.batches(1)[0]["rows"])


def test_both_patches_of_a_pair_are_turned_alike():
    t = task()
    rows = torch.arange(8).repeat(2, 1).T  # the same patch twice
    turns = torch.tensor([[bool(n & bit) for bit in (1, 2, 4)] for n in range(8)])
    pairs = t.pairs(dict(rows=rows, turns=turns))[:, :, 0].numpy()
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])
    for n, pair in enumerate(pairs):
        wanted = t.data.patches[n].astype(float)
        wanted = wanted[:, ::-1] if n & 1 else wanted
        wanted = wanted[::-1] if n & 2 else wanted
        np.testing.assert_array_equal(pair[0], wanted.T if n & 4 else wanted)


def test_the_rate_climbs_once_and_falls_to_nothing():
    t = task()
    rates = [t.lr_at(step, 50) for step in range(50)]
    top = int(np.argmax(rates))
    assert top == 10 and rates[top] == t.config.lr
    assert (
        (np.diff(rates[: top + 1]) > 0).all()
        and (np.diff(rates[top:]) < 0).all()
        and rates[-1] < 0.01 * max(rates)
    )
    t.losses(t.batches(0)[0] | dict(lr=0.123))
    assert t.optimizer.param_groups[0]["lr"] == 0.123


def test_losses_add_up():
    found = task().losses(task().batches(0)[0])
    assert set(found) == {"loss", "first", "second"}
    assert torch.isclose(found["loss"], found["first"] + TINY.sos_weight * found["second"])


@pytest.mark.parametrize("soa", ["", "345"])
def test_a_net_learns(soa, tmp_path):
    config = dataclasses.replace(TINY, soa=soa, width=4, epochs=6)
    t = task(config)
    found = run(t, tmp_path / "net.pth", config.epochs, config.seed, progress=False)
    losses = [entry["loss"] for entry in found["log"]]
    assert losses[-1] < 0.8 * losses[0] and found["validation"] >= found["start"]


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path):
    whole = task()
    run(whole, tmp_path / "whole.pth", 2, TINY.seed, progress=False)
    broken, calls = task(), []
    losses = broken.losses

    def dies(batch):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return losses(batch)

    broken.losses = dies
    with pytest.raises(KeyboardInterrupt):
        run(broken, tmp_path / "broken.pth", 2, TINY.seed, progress=False, save_every=1)
    again = task()
    run(again, tmp_path / "broken.pth", 2, TINY.seed, progress=False)
    for name, value in whole.net.state_dict().items():
        assert torch.equal(again.net.state_dict()[name], value), name


def test_weights_and_their_sheet_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "solar.training.local_task.load_patches", lambda name: toy(seed=name == "tiny")
    )
    config = dataclasses.replace(TINY, output=str(tmp_path / "net.pth"))
    sheet = train_local(config, "cpu", progress=False)
    assert json.loads((tmp_path / "net.json").read_text()) == sheet
    assert len(sheet["held_out"]) == 3 and 0 <= sheet["validation"] <= 100 and "test" not in sheet
    assert not (tmp_path / "net.state").exists() and load(tmp_path / "net.pth").width == 2


def test_too_few_points_are_named():
    with pytest.raises(ValueError, match="toy: 20 points have two patches or more; a batch of 64"):
        task(dataclasses.replace(TINY, batch_size=64))
    with pytest.raises(ValueError, match="two at least"):
        task(dataclasses.replace(TINY, batch_size=1))
