"""Training a global network: what learns, exact resume, a stop at a NaN loss, several processes."""

import functools
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import solar
from solar.cli import main
from solar.datasets import load_training
from solar.nets import checkpoints
from solar.training import global_task, objective
from solar.training.config import GLOBAL_PRESETS, LOCAL_PRESETS, TrainConfig
from solar.training.global_task import GlobalTask, train
from solar.training.held_out import first_landmarks, held_out_map
from solar.training.loop import run, state_of
from solar.training.losses import second_order_similarity
from solar.training.trunk_maps import CachedMaps
from solar.world import Recipe, write

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixteen landmarks with three images each, in GL18's layout."""
    root = tmp_path_factory.mktemp("t") / "world"
    return write(Recipe("train", 10_000, 16, 3), root, "tiny", workers=1, progress=False)


@pytest.fixture(scope="module")
def settings(folder, tmp_path_factory):
    """Settings of a small training from a random network."""
    torch.manual_seed(3)
    net = solar.GlobalNet("mini", soa="").eval()
    start = solar.save(net, tmp_path_factory.mktemp("s") / "start.pth")
    return dict(
        data=str(folder),
        start=str(start),
        epochs=3,
        queries_per_epoch=10,
        pool_size=30,
        negatives=3,
        batch_size=4,
        photos_per_landmark=3,
        image_size=96,
    )


@functools.cache
def _maps(items):
    task = GlobalTask(TrainConfig(**dict(items)), "cpu", progress=False)
    return dict(train_maps=task.train_maps, val_maps=task.val_maps)


def shared_maps(settings):
    """Return the trunk's maps, made once, as arguments of a task."""
    return _maps(tuple(settings.items()))


def make_task(settings, **changes):
    """Return a task on the CPU that makes its own maps."""
    return GlobalTask(TrainConfig(**settings | changes), "cpu", progress=False)


def task_with_shared_maps(settings, **changes):
    """Return a task on the CPU; the settings must leave the maps as they are."""
    config = TrainConfig(**settings | changes)
    return GlobalTask(config, "cpu", progress=False, **shared_maps(settings))


def copy_of(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(a, b):
    """Whether two state dicts are equal bit by bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def weights(path):
    return checkpoints.read(path)["state_dict"]


def without_benchmarks(monkeypatch):
    """Leave out the data sheet's benchmarks, which other tests cover."""
    scores = dict(easy=0.0, medium=0.0, hard=0.0)
    monkeypatch.setattr("solar.training.datasheet.percent", lambda *_: scores)


def one_epoch(task):
    """Take the task's steps of epoch 1 without the loop around them."""
    for batch in task.feed(task.batches(0)):
        task.optimizer.zero_grad()
        task.losses(batch)["loss"].backward()
        task.optimizer.step()


# ---- data and network ----------------------------------------------------------------------------


def test_train_and_val_have_different_landmarks(folder):
    train_index = load_training(folder)
    val_index = load_training(folder, split="val")
    assert (len(train_index), len(val_index)) == (14 * 3, 2 * 3)
    assert not set(train_index.landmarks) & set(val_index.landmarks)
    assert all(path.is_file() for path in [*train_index.images, *val_index.images])


def test_cached_maps_give_the_networks_own_descriptors(settings):
    task = make_task(settings)
    torch.nn.init.normal_(task.net.features.soa5.v.weight, std=0.1)
    cached = task.describe(np.arange(len(task.train_index)))
    plain = solar.describe(task.net, task.train_index.images, image_size=96, scales=(1,))
    assert np.allclose(cached, plain, atol=2e-3)  # the maps are kept in half precision


def test_only_attention_p_and_whitening_move(settings):
    task = make_task(settings, lr_p_factor=10.0)
    before = copy_of(task.net)
    one_epoch(task)
    after = task.net.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    heads = {"pool.p", "whiten.weight", "whiten.bias"}
    assert heads <= moved
    assert {"features.soa5.v.weight", "features.soa4.v.bias"} <= moved
    assert all(".soa" in name for name in moved - heads)
    assert not any("running" in name for name in moved)


def test_the_exponent_stays_as_it_is_unless_asked_for(settings):
    task = task_with_shared_maps(settings)
    before = task.net.pool.p.clone()
    one_epoch(task)
    assert [group["name"] for group in task.optimizer.param_groups] == ["rest"]
    assert not task.net.pool.p.requires_grad
    assert torch.equal(task.net.pool.p, before)


@pytest.mark.parametrize("block", ["identity", "even"])
def test_a_control_learns_all_but_its_attention(settings, block):
    """Same parameters and same start as with attention; f and g are not used."""
    start = copy_of(task_with_shared_maps(settings).net)
    task = task_with_shared_maps(settings, block=block, lr=1e-2)
    assert task.stage == "soa4"
    assert same(start, copy_of(task.net))
    one_epoch(task)
    after = task.net.state_dict()
    moved = {name for name in start if not torch.equal(start[name], after[name])}
    assert {"features.soa4.v.weight", "features.soa5.v.weight", "whiten.weight"} <= moved
    assert not any(".f." in name or ".g." in name for name in moved)


def test_without_blocks_the_whitening_learns(settings):
    task = make_task(settings, block="none")
    assert task.net.soa == ""
    start = solar.load(settings["start"]).state_dict()
    one_epoch(task)
    after = task.net.state_dict()
    moved = {name for name in start if not torch.equal(start[name], after[name])}
    assert moved == {"whiten.weight", "whiten.bias"}


def test_a_network_in_which_nothing_learns_is_refused(settings, tmp_path):
    net = solar.GlobalNet("mini", soa="", whitening=False)
    start = str(solar.save(net, tmp_path / "bare.pth"))
    with pytest.raises(ValueError, match="nothing learns: the network has neither attention nor"):
        make_task(settings, start=start, soa="")
    assert make_task(settings, start=start, soa="", lr_p_factor=1.0).net.pool.p.requires_grad


@pytest.mark.parametrize(
    ("soa", "stage", "shape"),
    [("45", "soa4", (96, 9, 12)), ("5", "soa5", (160, 5, 6)), ("", "head", (160, 5, 6))],
)
def test_maps_end_where_the_first_block_stands(settings, soa, stage, shape):
    task = make_task(settings, soa=soa)
    assert task.stage == stage
    assert task.train_maps.maps.shape == (42, *shape)
    cached = task.describe(np.arange(len(task.train_index)))
    plain = solar.describe(task.net, task.train_index.images, image_size=96, scales=(1,))
    assert np.allclose(cached, plain, atol=2e-3)


def test_a_step_starts_where_given_maps_end(settings):
    """Maps that were made for attention serve a network without it."""
    task = task_with_shared_maps(settings, soa="")
    own = make_task(settings, soa="")
    assert (task.stage, own.stage) == ("soa4", "head")
    rows = np.arange(6)
    assert torch.allclose(task.describe(rows), own.describe(rows), atol=2e-3)


def test_the_first_landmarks_alone_may_teach(settings, folder):
    task = make_task(settings, train_landmarks=5, soa="")
    every = load_training(folder).landmarks
    assert set(task.train_index.landmarks) == set(np.unique(every)[:5])
    assert len(task.train_maps) == 15
    assert len(task.val_index) == 6
    with pytest.raises(ValueError, match=r"train_landmarks=15: expected 0 .* up to 14"):
        make_task(settings, train_landmarks=15)


def test_boxes_and_pairs_of_the_first_landmarks_are_kept():
    landmarks = np.array([9, 4, 9, 4, 7])
    boxes = np.arange(20.0).reshape(5, 4)
    pairs = np.array([[0, 2], [3, 1], [4, 4]])
    names = list("abcde")
    part = first_landmarks(solar.datasets.TrainingIndex(names, landmarks, boxes, pairs), 2)
    assert part.images == ["b", "d", "e"]
    assert part.landmarks.tolist() == [4, 4, 7]
    assert part.boxes[:, 0].tolist() == [4, 12, 16]
    assert part.pairs.tolist() == [[1, 0], [2, 2]]


def test_the_optimizer_has_what_learns_and_nothing_else(settings):
    task = task_with_shared_maps(settings, lr_p_factor=10.0)
    groups = task.optimizer.param_groups
    in_optimizer = sum(p.numel() for group in groups for p in group["params"])
    named = task.net.named_parameters()
    assert in_optimizer == sum(p.numel() for n, p in named if not n.startswith("features.conv"))
    assert [group["name"] for group in groups] == ["rest", "p"]


def test_before_training_the_network_is_its_start(settings):
    task = make_task(settings)
    start = solar.load(settings["start"])
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(task.net(x), start(x), atol=1e-6)


def test_held_out_map_is_the_mean_over_queries():
    rows = torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    d = torch.nn.functional.normalize(rows)
    assert held_out_map(d, np.array([0, 0, 1, 1])) == 1
    assert held_out_map(d, np.array([0, 1, 0, 1])) == pytest.approx((1 / 6 + 1 / 4) / 2)


def test_an_image_without_a_sibling_is_no_query():
    d = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [0, 1]]))
    assert held_out_map(d, np.array([0, 0, 1])) == 1


def test_held_out_images_are_cut_by_landmark(settings):
    task = make_task(settings, max_held_out_images=4)
    _, counts = np.unique(task.val_index.landmarks, return_counts=True)
    assert len(task.val_index) == 4
    assert sorted(counts) == [1, 3]


def test_attention_after_stage_3_learns_too(settings):
    task = make_task(settings, soa="35")
    one_epoch(task)
    assert task.net.features.soa3.v.weight.abs().max() > 0


def test_unknown_settings_are_refused(settings):
    with pytest.raises(ValueError, match="first_order='hope': expected 'triplet' or 'supcon'"):
        GlobalTask(TrainConfig(**settings, first_order="hope"), "cpu")
    with pytest.raises(ValueError, match="second_order='third': expected 'solar' or 'sosnet'"):
        GlobalTask(TrainConfig(**settings, second_order="third"), "cpu")
    with pytest.raises(ValueError, match="block='wall': expected 'soa' or 'identity'"):
        GlobalTask(TrainConfig(**settings, block="wall"), "cpu")
    with pytest.raises(ValueError, match="image_mode='round': expected 'cached' or 'whole'"):
        GlobalTask(TrainConfig(**settings, image_mode="round"), "cpu")


def test_a_local_network_is_no_start(settings):
    with pytest.raises(ValueError, match="mini-sosnet: a local network"):
        GlobalTask(TrainConfig(**settings | dict(start="mini-sosnet")), "cpu")


def test_a_start_without_gem_is_refused(settings, tmp_path):
    start = solar.save(solar.GlobalNet("mini", soa="", pool="mac"), tmp_path / "mac.pth")
    with pytest.raises(ValueError, match=r"mac\.pth: pools by mac; expected a network with GeM"):
        GlobalTask(TrainConfig(**settings | dict(start=str(start))), "cpu")


def test_a_batch_that_needs_too_many_landmarks_is_refused(settings):
    task = task_with_shared_maps(settings, batch_size=40)
    message = "14 landmarks have 3 photographs or more; a batch needs 40"
    with pytest.raises(ValueError, match=message):
        task.batches(0)


# ---- exact resume --------------------------------------------------------------------------------


def test_same_seed_same_weights_and_the_seed_matters(settings, tmp_path, monkeypatch):
    without_benchmarks(monkeypatch)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        output = str(tmp_path / f"{name}.pth")
        train(TrainConfig(**settings, seed=seed, output=output, lr=1e-2), "cpu", progress=False)
    assert same(weights(tmp_path / "a.pth"), weights(tmp_path / "b.pth"))
    assert not same(weights(tmp_path / "a.pth"), weights(tmp_path / "c.pth"))


KILLED = """
import sys, time, torch, solar.training.datasheet
from solar.cli import main
from solar.training.global_task import GlobalTask
torch.set_num_threads({threads})
solar.training.datasheet.percent = lambda *_: dict()
losses = GlobalTask.losses

def slowly(task, batch):
    time.sleep({pause})
    return losses(task, batch)

GlobalTask.losses = slowly
sys.exit(main(["train", *sys.argv[1:]]))
"""


def options(settings):
    return [f"--{k.replace('_', '-')}={v}" for k, v in settings.items()]


@pytest.mark.processes
def test_a_killed_run_ends_at_the_same_weights(settings, tmp_path, monkeypatch):
    """Kill -9 in the middle of the second epoch."""
    without_benchmarks(monkeypatch)
    settings = settings | dict(queries_per_epoch=20, epochs=2, lr=1e-2)
    train(TrainConfig(**settings, output=str(tmp_path / "whole.pth")), "cpu", progress=False)

    # the same in a process of its own, killed after seven of its steps, five of which are an epoch
    code = KILLED.format(threads=torch.get_num_threads(), pause=0.15)
    command = [sys.executable, "-c", code, *options(settings), "--save-every", "1"]
    command += ["--output", tmp_path / "cut.pth"]
    state = tmp_path / "cut.state"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        time.sleep(0.02)
        if state.is_file() and torch.load(state)["state"]["total_steps"] >= 7:
            process.kill()
            break
    assert process.wait() == -9
    assert not (tmp_path / "cut.pth").exists()

    # the same command again
    subprocess.run(command, check=True, capture_output=True)
    assert same(weights(tmp_path / "whole.pth"), weights(tmp_path / "cut.pth"))
    # a kill in the middle of a write leaves a .tmp
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".tmp"}
    assert left == {"cut.json", "cut.pth", "whole.json", "whole.pth"}


class Killed(BaseException):
    """Stand-in for a kill: nothing catches it."""


def killed_at(function, call):
    """`function`, which is killed at its call number `call`."""
    calls = iter(range(10**6))

    def instead(*arguments, **options):
        if next(calls) == call:
            raise Killed
        return function(*arguments, **options)

    return instead


@pytest.fixture(scope="module")
def resumable(settings, tmp_path_factory):
    """Return a function that makes the task anew, and the result and state of an unbroken run."""
    changes = dict(first_order="triplet", epochs=2, sos_weight=10.0, lr=1e-2)
    path = tmp_path_factory.mktemp("whole") / "x.pth"

    def new_task():
        config = TrainConfig(**settings | changes)
        return GlobalTask(config, "cpu", progress=False, **shared_maps(settings))

    result = run(new_task(), path, 2, progress=False)
    return new_task, result, torch.load(state_of(path))


def without_seconds(result):
    return {key: value for key, value in result.items() if key != "seconds"}


@pytest.mark.parametrize(
    ("where", "call", "save_every"),
    [
        ("losses", 0, 0),
        ("losses", 4, 0),
        ("losses", 4, 1),
        ("losses", 5, 2),
        ("validate", 1, 2),
        ("batches", 1, 2),
        ("os.replace", 0, 1),
        ("os.replace", 3, 1),
        ("measure", 1, 1),
    ],
)
def test_a_run_goes_on_from_any_place(resumable, tmp_path, monkeypatch, where, call, save_every):
    new_task, unbroken, state = resumable
    task = new_task()
    with monkeypatch.context() as patch:
        holder = os if where.startswith("os.") else task
        name = where.split(".")[-1]
        patch.setattr(holder, name, killed_at(getattr(holder, name), call))
        with pytest.raises(Killed):
            run(task, tmp_path / "x.pth", 2, progress=False, save_every=save_every)

    result = run(new_task(), tmp_path / "x.pth", 2, progress=False, save_every=save_every)
    assert without_seconds(result) == without_seconds(unbroken)
    saved = torch.load(state_of(tmp_path / "x.pth"))
    assert same(saved["net"], state["net"])
    assert saved["state"]["best"]["epoch"] == state["state"]["best"]["epoch"]


@pytest.mark.parametrize("changes", [dict(soa="5"), dict(soa=""), dict(lr_p_factor=10.0)])
def test_a_run_goes_on_whatever_learns(settings, tmp_path, changes):
    """From maps after the last stage, with and without a learning exponent."""
    changes = changes | dict(epochs=2, lr=1e-2)
    make = functools.partial(make_task, settings, **changes)
    unbroken = run(make(), tmp_path / "whole.pth", 2, progress=False)
    task = make()
    task.losses = killed_at(task.losses, 3)
    with pytest.raises(Killed):
        run(task, tmp_path / "cut.pth", 2, progress=False, save_every=1)
    result = run(make(), tmp_path / "cut.pth", 2, progress=False, save_every=1)
    assert without_seconds(result) == without_seconds(unbroken)
    whole = torch.load(state_of(tmp_path / "whole.pth"))
    assert same(torch.load(state_of(tmp_path / "cut.pth"))["net"], whole["net"])


def test_a_state_from_before_a_setting_existed_is_read(settings, tmp_path):
    """What it does not name had the value that is now the default."""
    make = functools.partial(task_with_shared_maps, settings)
    run(make(), tmp_path / "x.pth", 1, progress=False)
    content = torch.load(state_of(tmp_path / "x.pth"))
    for name in ("block", "second_order", "train_landmarks"):
        del content["config"][name]
    torch.save(content, state_of(tmp_path / "x.pth"))
    assert len(run(make(), tmp_path / "x.pth", 2, progress=False)["log"]) == 2
    with pytest.raises(ValueError, match="another configuration"):
        run(make(second_order="sosnet"), tmp_path / "x.pth", 2, progress=False)


def test_a_state_of_another_configuration_is_refused(settings, tmp_path):
    config = TrainConfig(**settings, output=str(tmp_path / "x.pth"))
    run(GlobalTask(config, "cpu", progress=False), config.output, 0, progress=False)
    other = TrainConfig(**settings, output=str(tmp_path / "x.pth"), margin=1.0)
    with pytest.raises(ValueError, match=r"x\.state: belongs to a run of another configuration"):
        train(other, "cpu", progress=False)


def test_a_loss_that_is_no_number_stops_and_names_the_images(settings, tmp_path, monkeypatch):
    task = make_task(settings)
    monkeypatch.setattr(objective, "second_order_loss", lambda q, p, n: q.sum() * float("nan"))
    before = copy_of(task.net)
    message = r"epoch 1, step 1: the loss is nan, .* the images .*\.jpg"
    with pytest.raises(FloatingPointError, match=message):
        run(task, tmp_path / "x.pth", 1, progress=False)
    assert same(task.net.state_dict(), before)
    assert same(torch.load(state_of(tmp_path / "x.pth"))["net"], before)


# ---- several processes, chunks, image modes ------------------------------------------------------


@pytest.mark.processes
def test_two_processes_train_like_one(settings, tmp_path, monkeypatch):
    """The last batch is a single tuple: one of the processes has nothing to describe."""
    without_benchmarks(monkeypatch)
    changes = dict(first_order="triplet", queries_per_epoch=9, epochs=1, sos_weight=10.0)
    settings = settings | changes
    train(TrainConfig(**settings, output=str(tmp_path / "one.pth")), "cpu", progress=False)

    (tmp_path / "killed.py").write_text(KILLED.format(threads=1, pause=0))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    given = [option.replace("--start=", "--begin-with=") for option in options(settings)]
    command += [tmp_path / "killed.py", *given, "--output", tmp_path / "two.pth", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    sheet_of_one = json.loads((tmp_path / "one.json").read_text())
    sheet_of_two = json.loads((tmp_path / "two.json").read_text())
    assert sheet_of_one["held_out"] == sheet_of_two["held_out"]
    one = weights(tmp_path / "one.pth")
    two = weights(tmp_path / "two.pth")
    start = solar.load(settings["start"]).state_dict()
    assert (one["whiten.weight"] - start["whiten.weight"]).abs().max() > 1e-3
    for name in one:
        assert torch.allclose(one[name], two[name], atol=2e-5), name


def test_chunks_change_neither_loss_nor_gradient(settings):
    """Also of second order, whose root is over the whole batch."""
    found = []
    for chunk_size in (0, 7):
        changes = dict(first_order="triplet", sos_weight=10.0, chunk_size=chunk_size)
        task = task_with_shared_maps(settings, **changes)
        for seed, block in enumerate((task.net.features.soa5, task.net.features.soa4)):
            generator = torch.Generator().manual_seed(seed)
            torch.nn.init.normal_(block.v.weight, std=0.1, generator=generator)
        losses = task.losses(next(task.feed(task.batches(0))))
        losses["loss"].backward()
        gradients = [p.grad for p in task.net.parameters() if p.grad is not None]
        found.append([losses["second"].detach(), *gradients])
    assert len(found[0]) > 20
    for a, b in zip(*found, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-6 + 1e-4 * a.abs().max())


def test_cached_and_computed_maps_train_the_same_where_images_are_whole(settings, tmp_path):
    found = {}
    for image_mode, workers in (("cached", 0), ("whole", 2)):
        changes = dict(first_order="triplet", epochs=1, image_mode=image_mode)
        config = TrainConfig(**settings | changes)
        task = GlobalTask(config, "cpu", progress=False, workers=workers)
        if image_mode == "cached":  # in full precision here
            common = dict(image_size=96, device="cpu", progress=False, dtype=torch.float32)
            task.train_maps = CachedMaps(task.net, task.stage, task.train_index, **common)
            task.val_maps = CachedMaps(task.net, task.stage, task.val_index, **common)
        result = run(task, tmp_path / f"{image_mode}.pth", 1, progress=False)
        found[image_mode] = (result["log"][0], task.net.state_dict())
    log, state = found["cached"]
    other_log, other_state = found["whole"]
    for name, value in log.items():
        assert value == pytest.approx(other_log[name], rel=1e-4), name
    for name, value in state.items():
        assert torch.allclose(value, other_state[name], atol=1e-4), name


@pytest.fixture
def squares(settings):
    """A task with random squares, smaller ones for mining."""
    changes = dict(first_order="triplet", epochs=1, image_mode="square", image_size=64)
    config = TrainConfig(**settings | changes, mining_size=48)
    return GlobalTask(config, "cpu", progress=False, workers=1)


def test_squares_are_cut_anew_and_follow_the_seed(squares):
    first = squares.batches(0)[:1]
    maps = next(squares.feed(first))["maps"]
    assert maps.shape == (20, 96, 8, 8)
    assert torch.equal(maps, next(squares.feed(first))["maps"])
    other_seed = [dict(first[0], seed=first[0]["seed"] + 1)]
    assert not torch.equal(maps, next(squares.feed(other_seed))["maps"])


def test_mining_sees_smaller_squares_and_validation_the_middle(squares):
    mined = next(squares.train_maps.stream(np.arange(3), 0))
    assert mined.shape == (3, 96, 6, 6)
    middle = next(squares.val_maps.stream(np.arange(3)))
    again = next(squares.val_maps.stream(np.arange(3)))
    assert middle.shape == (3, 96, 8, 8)
    assert torch.equal(middle, again)


def test_squares_train(squares, tmp_path):
    assert np.isfinite(run(squares, tmp_path / "x.pth", 1, progress=False)["validation"])


def test_a_missing_image_is_named(settings, tmp_path):
    changes = dict(image_mode="square", image_size=64)
    task = GlobalTask(TrainConfig(**settings | changes), "cpu", progress=False, workers=1)
    first = int(task.batches(0)[0]["image_ids"][0, 0])
    task.train_index.images.names[first] = "gone.jpg"
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg: no such image"):
        run(task, tmp_path / "x.pth", 1, progress=False)


def test_images_of_two_sizes_are_refused(folder, settings, tmp_path):
    index = load_training(folder)
    odd = tmp_path / "odd.jpg"
    solar.images.read_image(index.images[0]).resize((100, 100)).save(odd)
    two = solar.datasets.TrainingIndex([index.images[0], odd], np.zeros(2))
    with pytest.raises(ValueError, match="of another size"):
        CachedMaps(solar.load(settings["start"]), "soa4", two, 96, "cpu")


def test_mined_triplets_train_too(settings, tmp_path):
    task = task_with_shared_maps(settings, first_order="triplet", sos_weight=10.0)
    shapes = [batch["image_ids"].shape for batch in task.batches(0)]
    assert shapes == [(4, 5), (4, 5), (2, 5)]
    log = run(task, tmp_path / "x.pth", 1, progress=False)["log"][0]
    assert np.isfinite(list(log.values())).all()
    assert 0 < log["negatives"] < 2
    assert log["loss"] == pytest.approx(log["first"] + 10 * log["second"], rel=1e-5)


@pytest.mark.parametrize("first_order", ["triplet", "supcon"])
def test_sosnets_second_order_compares_queries_and_positives(settings, first_order):
    task = task_with_shared_maps(
        settings, first_order=first_order, second_order="sosnet", sos_weight=0.5
    )
    batch = next(task.feed(task.batches(0)))
    d = task.describe_maps(batch["maps"]).unflatten(0, batch["image_ids"].shape)
    expected = second_order_similarity(d[:, 0], d[:, 1], k=3)
    values = task.losses(batch)
    assert values["second"].item() == pytest.approx(expected.item(), rel=1e-6)
    assert values["loss"].item() == pytest.approx(
        values["first"].item() + 0.5 * expected.item(), rel=1e-6
    )


def test_distances_of_positives_and_negatives_are_watched():
    """Query at 0, positive at a right angle, negative opposite."""
    q = [1.0, 0, 0]
    d = torch.tensor([[q, [0, 1, 0], [-1, 0, 0]]] * 2)
    config = TrainConfig(first_order="triplet")
    values = objective.both_orders(d, np.array([[1, 1, 2]] * 2), config)
    assert values["positives"].item() == pytest.approx(2**0.5)
    assert values["negatives"].item() == pytest.approx(2)


# ---- reports -------------------------------------------------------------------------------------


def test_tensorboard_gets_losses_rates_and_tuples(settings, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    task = task_with_shared_maps(settings, first_order="triplet", lr=1e-3, lr_p_factor=10.0)
    run(task, tmp_path / "x.pth", 2, progress=False, board=tmp_path / "board")
    events = EventAccumulator(str(tmp_path / "board"))
    events.Reload()
    losses = ("loss", "first", "second", "positives", "negatives", "p", "gradient")
    names = {*(f"step/{name}" for name in losses), "rate/rest", "rate/p", "epoch/validation"}
    assert set(events.Tags()["scalars"]) == names
    assert events.Tags()["images"] == ["tuples"]
    assert [event.step for event in events.Scalars("step/second")] == [1, 2, 3, 4, 5, 6]
    rates = [event.value for event in events.Scalars("rate/p")]
    assert rates[0] == pytest.approx(1e-2)
    assert rates[5] == pytest.approx(1e-2 * np.exp(-0.15))


def test_the_test_benchmark_is_scored_only_if_asked_for(settings, monkeypatch):
    task = task_with_shared_maps(settings)
    assert task.measure(1) == {}

    def score(net, benchmark, image_size):
        return SimpleNamespace(map={benchmark: image_size})

    monkeypatch.setattr(global_task, "load_benchmark", lambda name: name)
    monkeypatch.setattr(global_task, "score", score)
    task.config.test_benchmark = "there"
    assert task.measure(1) == {"test_there": 96}


# ---- presets and the command ---------------------------------------------------------------------


def test_the_mini_preset_is_the_default():
    assert GLOBAL_PRESETS["mini"] == TrainConfig()


def test_the_paper_preset_has_the_papers_numbers():
    paper = vars(GLOBAL_PRESETS["paper"])
    numbers = dict(
        soa="45",
        first_order="triplet",
        margin=1.25,
        sos_weight=10,
        negatives=5,
        queries_per_epoch=2000,
        pool_size=20_000,
        batch_size=8,
        epochs=100,
        image_mode="square",
        image_size=1024,
        mining_size=341,
        lr=1e-6,
        lr_p_factor=100,
        lr_decay=0.01,
        weight_decay=1e-6,
    )
    assert {name: paper[name] for name in numbers} == numbers


def test_the_command_takes_a_preset_and_changes_it(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "solar.training.global_task.train",
        lambda config, *_, **options: asked.append((config, options)),
    )
    command = ["train", "--lr", "2e-6", "--preset", "paper", "--save-every", "7", "--board", "b"]
    assert main([*command, "--workers", "3"]) == 0
    assert main(["train", "--epochs", "3"]) == 0
    assert asked[0][0] == replace(GLOBAL_PRESETS["paper"], lr=2e-6)
    assert asked[0][1] == dict(board="b", save_every=7, workers=3)
    assert asked[1][0] == TrainConfig(epochs=3)


def test_the_command_says_where_gl18_belongs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    assert main(["train", "--preset", "paper", "--start", "mini-gem"]) == 2
    assert "gl18: no such training data; `solar data gl18` says" in capsys.readouterr().err


def test_each_kind_of_network_has_its_own_held_out_option(monkeypatch, capsys):
    """A number of images for a global network, a set by name for a local one."""
    asked = []
    for function in ("global_task.train", "local_task.train_local"):
        monkeypatch.setattr(
            f"solar.training.{function}", lambda config, *_, **options: asked.append(config)
        )
    assert main(["train", "--max-held-out-images", "50"]) == 0
    assert main(["train", "--preset", "sosnet", "--held-out-set", "mine"]) == 0
    assert asked[0] == TrainConfig(max_held_out_images=50)
    assert asked[1] == replace(LOCAL_PRESETS["sosnet"], held_out_set="mine")
    with pytest.raises(SystemExit):
        main(["train", "--max-held-out-images", "mine"])
    assert "--max-held-out-images: invalid int value: 'mine'" in capsys.readouterr().err
