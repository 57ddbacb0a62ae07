"""Pretraining: folding, augmentation, and runs that depend on the seed alone and can be resumed."""

import json

import numpy as np
import pytest
import torch

from solar import load
from solar.nets.global_net import GlobalNet
from solar.training import datasheet, pretrain_task
from solar.training.augment import augment, draw_views
from solar.training.config import PretrainConfig
from solar.training.loop import run
from solar.training.pretrain_task import PretrainTask, Trunk, draw_batch, pretrain, read_images
from solar.world import Recipe, write

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight landmarks with three images each, the last of them held out."""
    root = tmp_path_factory.mktemp("g") / "g"
    return write(Recipe("train", 0, 8, 3), root, "g", workers=1, progress=False)


@pytest.fixture
def config(folder, tmp_path):
    return PretrainConfig(
        data=str(folder),
        output=str(tmp_path / "net.pth"),
        epochs=2,
        large_epochs=1,
        small_size=(32, 48),
        large_size=(48, 64),
        landmarks_per_batch=4,
        photos_per_landmark=2,
        seed=1,
    )


def same(a, b):
    """Whether two state dicts are equal bit by bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# ---- network and images --------------------------------------------------------------------------


def test_the_folded_network_is_the_same_function():
    torch.manual_seed(0)
    trunk = Trunk(GlobalNet("mini", soa=""))
    images = torch.randn(8, 3, 64, 80)
    for _ in range(3):
        trunk.train()(images)
    trunk.eval()
    torch.testing.assert_close(trunk.fold()(images), trunk(images), atol=1e-5, rtol=0)


def view(images, mirror, seed):
    generator = torch.Generator().manual_seed(seed)
    return augment(images, draw_views(torch.tensor(mirror), generator), (48, 64))


def test_augmented_images_follow_the_seed_and_keep_the_landmark_in_sight():
    images = torch.zeros(2, 3, 96, 128, dtype=torch.uint8)
    images[:, :, 40:56, 56:72] = 255
    seen = view(images, [False, True], seed=0)
    assert seen.shape == (2, 3, 48, 64)
    assert torch.equal(seen, view(images, [False, True], seed=0))
    assert not torch.equal(seen, view(images, [False, True], seed=1))
    # the bright spot is still there
    assert (seen.amax((1, 2, 3)) > seen.mean((1, 2, 3)) + 0.5).all()


def test_a_mirrored_image_is_mirrored():
    """Left and right change places; crop and light stay, since they are drawn alike."""
    images = torch.zeros(1, 3, 96, 128, dtype=torch.uint8)
    images[..., 64:] = 255
    plain = view(images, [False], seed=0).mean((0, 1, 2))  # (64,) over columns
    mirrored = view(images, [True], seed=0).mean((0, 1, 2))
    assert plain[-1] > plain[0]
    assert mirrored[-1] < mirrored[0]


def test_images_are_read_and_grouped_by_landmark(folder):
    images, groups = read_images(folder)
    assert images.shape == (21, 3, 192, 256)
    assert [len(group) for group in groups] == [3] * 7


def test_a_batch_has_siblings_beside_each_other_mirrored_alike(config):
    groups = [np.array([0, 1, 2]), np.array([3, 4, 5]), np.array([6, 7]), np.array([8, 9])]
    image_ids, mirror = draw_batch(groups, config, np.random.default_rng(0))
    rows = image_ids.reshape(4, 2)
    assert all(row[0] != row[1] for row in rows)
    assert {next(g for g in range(4) if set(row) <= set(groups[g])) for row in rows} == {0, 1, 2, 3}
    assert (mirror[::2] == mirror[1::2]).all()


# ---- runs ----------------------------------------------------------------------------------------


def test_an_epoch_depends_on_its_number_alone(config):
    task = PretrainTask(config)
    task.batches(0)
    batches = task.batches(1)
    for batch, again in zip(batches, PretrainTask(config).batches(1), strict=True):
        assert batch["image_ids"] == again["image_ids"]
        assert same(batch["views"], again["views"])
    assert [batch["size"] for batch in batches] == [[48, 64], [48, 64]]  # the last epoch is large
    assert task.batches(0)[0]["size"] == [32, 48]


def run_to_the_end(config, path, **options):
    task = PretrainTask(config)
    run(task, path, config.epochs, config.seed, progress=False, keep="last", **options)
    return task.net.state_dict()


@pytest.mark.parametrize("failing_step", [1, 3])
def test_an_interrupted_run_goes_on_to_the_same_weights(config, tmp_path, failing_step):
    """Also within an epoch, whose random views are saved with its batches."""
    whole = run_to_the_end(config, tmp_path / "whole.pth")
    task = PretrainTask(config)
    steps = []
    task.after_step = steps.append
    losses = task.losses

    def interrupted_losses(batch):
        if len(steps) == failing_step:
            raise KeyboardInterrupt
        return losses(batch)

    task.losses = interrupted_losses
    options = dict(progress=False, keep="last", save_every=1)
    with pytest.raises(KeyboardInterrupt):
        run(task, tmp_path / "cut.pth", config.epochs, config.seed, **options)
    assert same(run_to_the_end(config, tmp_path / "cut.pth", save_every=1), whole)


def test_the_learning_rate_changes_with_every_step(config, tmp_path):
    task = PretrainTask(config)
    rates = [task.optimizer.param_groups[0]["lr"]]
    task.after_step = lambda _: rates.append(task.optimizer.param_groups[0]["lr"])
    run(task, tmp_path / "x.pth", config.epochs, config.seed, progress=False, keep="last")
    assert len(set(rates)) == 5  # the start, and four steps
    assert max(rates) > 0.5 * config.lr


def test_the_validation_benchmark_is_scored_every_fourth_epoch_and_last(config, monkeypatch):
    monkeypatch.setattr(pretrain_task, "benchmarks_of", lambda data: dict(validation="bench"))
    monkeypatch.setattr(
        pretrain_task, "percent", lambda net, benchmark, image_size: {benchmark: image_size}
    )
    config.epochs = 10
    task = PretrainTask(config)
    scored = {epoch: task.measure(epoch) for epoch in range(1, 11)}
    assert [epoch for epoch, scores in scored.items() if scores] == [4, 8, 10]
    assert scored[4] == {"validation_bench": 256}


def test_own_data_has_no_validation_benchmark(config):
    assert PretrainTask(config).measure(4) == {}


def test_pretraining_writes_the_folded_last_epoch_and_its_sheet(config, tmp_path, monkeypatch):
    monkeypatch.setattr(datasheet, "benchmarks_of", lambda data: dict(test="bench"))
    monkeypatch.setattr(datasheet, "percent", lambda *_: dict(medium=1.0))
    last = run_to_the_end(config, tmp_path / "other.pth")
    sheet = pretrain(config, progress=False)

    trunk = Trunk(GlobalNet("mini", soa=""))
    trunk.load_state_dict(last)
    assert same(load(config.output).state_dict(), trunk.fold().state_dict())
    assert not (tmp_path / "net.state").exists()
    assert json.loads((tmp_path / "net.json").read_text()) == json.loads(json.dumps(sheet))
    names = "name sha256 bytes config threads photographs landmarks cpu_seconds parameters test"
    assert list(sheet) == names.split()
    assert (sheet["photographs"], sheet["landmarks"]) == (21, 7)


def test_too_few_images_for_a_batch_are_counted(config):
    config.landmarks_per_batch = 16
    with pytest.raises(ValueError, match="21 images to learn from; a batch needs 32"):
        PretrainTask(config)
