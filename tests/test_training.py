"""Training: what learns and what does not, resuming to the bit, an honest stop at a loss that is no number."""

import subprocess
import sys
import time

import numpy as np
import pytest
import torch

import solar
from solar import checkpoints, global_training
from solar.datasets import load_training
from solar.frozen import FrozenTrunk
from solar.global_training import GlobalTask, TrainConfig, held_out_map, train
from solar.training import run, state_of
from solar.world import Recipe, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(
        Recipe("train", 10_000, 16, 3), tmp_path_factory.mktemp("t") / "world", "tiny", workers=1, progress=False
    )


@pytest.fixture(scope="module")
def settings(folder, tmp_path_factory):
    torch.manual_seed(3)
    start = solar.save(solar.GlobalNet("mini", soa="").eval(), tmp_path_factory.mktemp("s") / "start.pth")
    return dict(
        data=str(folder), start=str(start), epochs=3, queries=10, pool=30, negatives=3, batch=4, photos=3, image_size=96
    )


def weights(path):
    return checkpoints.read(path)["state_dict"]


def quick(monkeypatch):
    """Leave out the data sheet's benchmarks, which other tests cover."""
    monkeypatch.setattr("solar.sheets.percent", lambda *arguments: dict(easy=0.0, medium=0.0, hard=0.0))


def test_the_index_holds_the_learning_part(folder):
    learn, held_out = load_training(folder), load_training(folder, split=2)
    assert (len(learn), len(held_out)) == (14 * 3, 2 * 3)
    assert not set(learn.landmarks) & set(held_out.landmarks)
    assert all(path.is_file() for path in [*learn.images, *held_out.images])


def one_epoch(task):
    """The task's steps of epoch 1 without the loop around them."""
    for batch in task.batches(0):
        task.optimiser.zero_grad()
        task.losses(batch)["loss"].backward()
        task.optimiser.step()


def test_cached_maps_give_the_networks_own_descriptors(folder, settings):
    task = GlobalTask(TrainConfig(**settings), "cpu", progress=False)
    torch.nn.init.normal_(task.net.features.soa5.v.weight, std=0.1)
    cached = task.describe(task.maps[0], np.arange(len(task.index)))
    plain = solar.describe(task.net, task.index.images, image_size=96, scales=(1,))
    assert np.allclose(cached, plain, atol=2e-3)  # the maps are kept in half precision


def test_only_attention_p_and_whitening_move(settings):
    task = GlobalTask(TrainConfig(**settings), "cpu", progress=False)
    before = {k: v.clone() for k, v in task.net.state_dict().items()}
    one_epoch(task)
    moved = {k for k, v in task.net.state_dict().items() if not torch.equal(v, before[k])}
    assert {"pool.p", "whiten.weight", "whiten.bias", "features.soa5.v.weight", "features.soa4.v.bias"} <= moved
    assert all(".soa" in k or k.split(".")[0] in ("pool", "whiten") for k in moved)
    assert not any("running" in k for k in moved)
    in_optimiser = sum(p.numel() for group in task.optimiser.param_groups for p in group["params"])
    assert in_optimiser == sum(p.numel() for k, p in task.net.named_parameters() if not k.startswith("features.conv"))


def test_the_start_is_the_start(settings):
    task = GlobalTask(TrainConfig(**settings), "cpu", progress=False)
    start, x = solar.load(settings["start"]), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(task.net(x), start(x), atol=1e-6)


def test_held_out_map_is_the_mean_over_queries():
    d = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]]))
    assert held_out_map(d, np.array([0, 0, 1, 1])) == 1
    assert held_out_map(d, np.array([0, 1, 0, 1])) == pytest.approx((1 / 6 + 1 / 4) / 2)


def test_same_seed_same_weights_and_the_seed_matters(settings, tmp_path, monkeypatch):
    quick(monkeypatch)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(
            TrainConfig(**settings, seed=seed, output=str(tmp_path / f"{name}.pth"), rate=1e-2), "cpu", progress=False
        )
    a, b, c = (weights(tmp_path / f"{name}.pth") for name in "abc")
    assert all(torch.equal(a[k], b[k]) for k in a) and not all(torch.equal(a[k], c[k]) for k in a)


def test_a_killed_run_ends_at_the_same_weights(settings, tmp_path, monkeypatch):
    quick(monkeypatch)
    config = TrainConfig(**settings, output=str(tmp_path / "whole.pth"), rate=1e-2)
    whole = train(config, "cpu", progress=False)
    options = [f"--{k.replace('_', '-')}={v}" for k, v in settings.items()]
    code = (
        f"import sys, torch, solar.sheets; torch.set_num_threads({torch.get_num_threads()})\n"
        "solar.sheets.percent = lambda *a: {}; from solar.cli import main; main(['train', *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", code, *options, "--output", str(tmp_path / "cut.pth"), "--rate", "0.01"]
    for epochs in (1, 2):  # kill it as soon as so many epochs are kept
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in process.stdout:
            if line.startswith(f"epoch {epochs}"):
                deadline = time.time() + 60
                while not (tmp_path / "cut.state").is_file() and time.time() < deadline:
                    time.sleep(0.01)
                process.kill()
                break
        process.wait()
        assert process.returncode == -9 and not (tmp_path / "cut.pth").exists()
    subprocess.run(command, check=True, capture_output=True)
    wanted, found = weights(tmp_path / "whole.pth"), weights(tmp_path / "cut.pth")
    assert all(torch.equal(wanted[k], found[k]) for k in wanted)
    left = {p.name for p in tmp_path.iterdir() if p.suffix != ".tmp"}  # a kill in the middle of a write leaves that
    assert left == {"cut.json", "cut.pth", "whole.json", "whole.pth"}
    assert whole["best_epoch"] <= 3


def test_a_state_of_another_configuration_is_refused(settings, tmp_path):
    config = TrainConfig(**settings, output=str(tmp_path / "x.pth"))
    run(GlobalTask(config, "cpu", progress=False), config.output, 0, progress=False)
    other = TrainConfig(**settings, output=str(tmp_path / "x.pth"), margin=1.0)
    with pytest.raises(ValueError, match=r"x\.state: belongs to a run of another configuration"):
        train(other, "cpu", progress=False)


def test_a_loss_that_is_no_number_stops_and_names_the_images(settings, tmp_path, monkeypatch):
    task = GlobalTask(TrainConfig(**settings), "cpu", progress=False)
    monkeypatch.setattr(global_training, "second_order_loss", lambda q, p, n: q.sum() * float("nan"))
    before = {k: v.clone() for k, v in task.net.state_dict().items()}
    with pytest.raises(FloatingPointError, match=r"epoch 1, step 1: the loss is nan, .* the images .*\.jpg"):
        run(task, tmp_path / "x.pth", 1, progress=False)
    assert all(torch.equal(v, before[k]) for k, v in task.net.state_dict().items())
    kept = torch.load(state_of(tmp_path / "x.pth"), weights_only=True)["net"]
    assert all(torch.equal(v, before[k]) for k, v in kept.items())


def test_images_of_two_sizes_are_refused(folder, settings, tmp_path):
    index = load_training(folder)
    odd = tmp_path / "odd.jpg"
    solar.images.read_image(index.images[0]).resize((100, 100)).save(odd)
    two = solar.datasets.TrainingIndex([index.images[0], odd], np.zeros(2))
    with pytest.raises(ValueError, match="of another size"):
        FrozenTrunk(solar.load(settings["start"]), "soa4", two, 96, "cpu")


def test_attention_after_stage_3_learns_too(settings):
    task = GlobalTask(TrainConfig(**settings, soa="35"), "cpu", progress=False)
    one_epoch(task)
    assert task.net.features.soa3.v.weight.abs().max() > 0


def test_mined_triplets_train_too(settings, tmp_path):
    task = GlobalTask(TrainConfig(**settings, first="triplet", sos=10.0), "cpu", progress=False)
    assert [batch.shape for batch in task.batches(0)] == [(4, 5), (4, 5), (2, 5)]
    found = run(task, tmp_path / "x.pth", 1, progress=False)
    assert np.isfinite(list(found["log"][0].values())).all()
    assert 0 < found["log"][0]["negatives"] < 2 and found["log"][0]["loss"] == pytest.approx(
        found["log"][0]["first"] + 10 * found["log"][0]["second"], rel=1e-5
    )


def test_wrong_wishes_are_refused(settings):
    with pytest.raises(ValueError, match="expected 'triplet' or 'batch'"):
        GlobalTask(TrainConfig(**settings, first="hope"), "cpu")
    task = GlobalTask(TrainConfig(**settings | dict(batch=40)), "cpu", progress=False)
    with pytest.raises(ValueError, match="14 landmarks have 3 photographs or more; a batch needs 40"):
        task.batches(0)


def test_landmarks_of_one_image_ask_nothing():
    d = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [0, 1]]))
    assert held_out_map(d, np.array([0, 0, 1])) == 1
