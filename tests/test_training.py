"""Training: what learns and what does not, resuming to the bit, an honest stop at a loss that is no
number.
"""

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
from solar.training import global_task
from solar.training.config import GLOBAL_PRESETS, LOCAL_PRESETS, TrainConfig
from solar.training.global_task import GlobalTask, held_out_map, train
from solar.training.loop import run, state_of
from solar.training.trunk_maps import CachedMaps
from solar.world import Recipe, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(
        Recipe("train", 10_000, 16, 3),
        tmp_path_factory.mktemp("t") / "world",
        "tiny",
        workers=1,
        progress=False,
    )


@pytest.fixture(scope="module")
def settings(folder, tmp_path_factory):
    torch.manual_seed(3)
    start = solar.save(
        solar.GlobalNet("mini", soa="").eval(), tmp_path_factory.mktemp("s") / "start.pth"
    )
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
    return GlobalTask(TrainConfig(**dict(items)), "cpu", False).maps


def shared_maps(settings):
    """The trunk's maps, made once."""
    return _maps(tuple(settings.items()))


def weights(path):
    return checkpoints.read(path)["state_dict"]


def quick(monkeypatch):
    """Leave out the data sheet's benchmarks, which other tests cover."""
    monkeypatch.setattr(
        "solar.training.datasheet.percent", lambda *arguments: dict(easy=0.0, medium=0.0, hard=0.0)
    )


def test_the_index_holds_the_learning_part(folder):
    learn, held_out = load_training(folder), load_training(folder, split="val")
    assert (len(learn), len(held_out)) == (14 * 3, 2 * 3)
    assert not set(learn.landmarks) & set(held_out.landmarks)
    assert all(path.is_file() for path in [*learn.images, *held_out.images])


def one_epoch(task):
    """The task's steps of epoch 1 without the loop around them."""
    for batch in task.feed(task.batches(0)):
        task.optimizer.zero_grad()
        task.losses(batch)["loss"].backward()
        task.optimizer.step()


def test_cached_maps_give_the_networks_own_descriptors(folder, settings):
    task = GlobalTask(TrainConfig(**settings), "cpu", progress=False)
    torch.nn.init.normal_(task.net.features.soa5.v.weight, std=0.1)
    cached = task.describe(np.arange(len(task.index)))
    plain = solar.describe(task.net, task.index.images, image_size=96, scales=(1,))
    assert np.allclose(cached, plain, atol=2e-3)  # the maps are kept in half precision


def test_only_attention_p_and_whitening_move(settings):
    task = GlobalTask(TrainConfig(**settings), "cpu", progress=False)
    before = {k: v.clone() for k, v in task.net.state_dict().items()}
    one_epoch(task)
    moved = {k for k, v in task.net.state_dict().items() if not torch.equal(v, before[k])}
    assert {
        "pool.p",
        "whiten.weight",
        "whiten.bias",
        "features.soa5.v.weight",
        "features.soa4.v.bias",
    } <= moved
    assert all(".soa" in k or k.split(".")[0] in ("pool", "whiten") for k in moved)
    assert not any("running" in k for k in moved)
    in_optimizer = sum(p.numel() for group in task.optimizer.param_groups for p in group["params"])
    assert in_optimizer == sum(
        p.numel() for k, p in task.net.named_parameters() if not k.startswith("features.conv")
    )


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
            TrainConfig(**settings, seed=seed, output=str(tmp_path / f"{name}.pth"), lr=1e-2),
            "cpu",
            progress=False,
        )
    a, b, c = (weights(tmp_path / f"{name}.pth") for name in "abc")
    assert all(torch.equal(a[k], b[k]) for k in a) and not all(torch.equal(a[k], c[k]) for k in a)


KILLED = """
import sys, time, torch, solar.training.datasheet
from solar.cli import main
from solar.training.global_task import GlobalTask
torch.set_num_threads({threads})
solar.training.datasheet.percent = lambda *arguments: dict()
losses = GlobalTask.losses
GlobalTask.losses = lambda *arguments: time.sleep({pause}) or losses(*arguments)
sys.exit(main(["train", *sys.argv[1:]]))
"""


def options(settings):
    return [f"--{k.replace('_', '-')}={v}" for k, v in settings.items()]


def test_a_killed_run_ends_at_the_same_weights(settings, tmp_path, monkeypatch):
    """kill -9 in the middle of the second epoch."""
    quick(monkeypatch)
    settings = settings | dict(queries_per_epoch=20, epochs=2, lr=1e-2)
    train(TrainConfig(**settings, output=str(tmp_path / "whole.pth")), "cpu", progress=False)
    code = KILLED.format(threads=torch.get_num_threads(), pause=0.15)
    command = [
        sys.executable,
        "-c",
        code,
        *options(settings),
        "--output",
        tmp_path / "cut.pth",
        "--save-every",
        "1",
    ]
    state = tmp_path / "cut.state"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        time.sleep(0.02)
        if (
            state.is_file() and torch.load(state, weights_only=True)["place"]["steps"] >= 7
        ):  # five an epoch
            process.kill()
            break
    assert process.wait() == -9 and not (tmp_path / "cut.pth").exists()
    subprocess.run(command, check=True, capture_output=True)
    wanted, found = weights(tmp_path / "whole.pth"), weights(tmp_path / "cut.pth")
    assert all(torch.equal(wanted[k], found[k]) for k in wanted)
    left = {
        p.name for p in tmp_path.iterdir() if p.suffix != ".tmp"
    }  # a kill in the middle of a write leaves that
    assert left == {"cut.json", "cut.pth", "whole.json", "whole.pth"}


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


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
    """`task()` makes one anew; what an unbroken run of it returns, and its state."""
    config = TrainConfig(
        **settings | dict(first_order="triplet", epochs=2, sos_weight=10.0, lr=1e-2)
    )
    folder = tmp_path_factory.mktemp("whole")

    def task():
        return GlobalTask(config, "cpu", progress=False, maps=shared_maps(settings))

    found = run(task(), folder / "x.pth", 2, progress=False)
    return task, found, torch.load(state_of(folder / "x.pth"), weights_only=True)


@pytest.mark.parametrize(
    "where, call, save_every",
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
    task, wanted, state = resumable
    cut = task()
    with monkeypatch.context() as patch:
        holder, name = (os if where.startswith("os.") else cut), where.split(".")[-1]
        patch.setattr(holder, name, killed_at(getattr(holder, name), call))
        with pytest.raises(Killed):
            run(cut, tmp_path / "x.pth", 2, progress=False, save_every=save_every)
    found = run(task(), tmp_path / "x.pth", 2, progress=False, save_every=save_every)
    assert {k: found[k] for k in found if k != "seconds"} == {
        k: wanted[k] for k in wanted if k != "seconds"
    }
    kept = torch.load(state_of(tmp_path / "x.pth"), weights_only=True)
    assert all(torch.equal(kept["net"][k], state["net"][k]) for k in state["net"])
    assert kept["place"]["best"]["epoch"] == state["place"]["best"]["epoch"]


def test_two_processes_train_like_one(settings, tmp_path, monkeypatch):
    """The last batch is a single tuple: one of the processes has nothing to describe."""
    quick(monkeypatch)
    settings = settings | dict(
        first_order="triplet", queries_per_epoch=9, epochs=1, sos_weight=10.0
    )
    train(TrainConfig(**settings, output=str(tmp_path / "one.pth")), "cpu", progress=False)
    (tmp_path / "killed.py").write_text(KILLED.format(threads=1, pause=0))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    given = [option.replace("--start=", "--begin-with=") for option in options(settings)]
    command += [tmp_path / "killed.py", *given, "--output", tmp_path / "two.pth", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("one", "two"))
    assert one["held_out"] == two["held_out"]
    wanted, found = weights(tmp_path / "one.pth"), weights(tmp_path / "two.pth")
    start = solar.load(settings["start"]).state_dict()
    assert (wanted["whiten.weight"] - start["whiten.weight"]).abs().max() > 1e-3
    for name in wanted:
        assert torch.allclose(wanted[name], found[name], atol=2e-5), name


def test_chunks_change_nothing(settings):
    """Neither the loss nor its gradient, also of second order, whose root is over the whole batch."""
    gradients = []
    for chunk in (0, 7):
        task = GlobalTask(
            TrainConfig(**settings, first_order="triplet", sos_weight=10.0, chunk_size=chunk),
            "cpu",
            False,
            shared_maps(settings),
        )
        torch.nn.init.normal_(
            task.net.features.soa5.v.weight, std=0.1, generator=torch.Generator().manual_seed(0)
        )
        torch.nn.init.normal_(
            task.net.features.soa4.v.weight, std=0.1, generator=torch.Generator().manual_seed(1)
        )
        losses = task.losses(next(task.feed(task.batches(0))))
        losses["loss"].backward()
        gradients.append(
            [
                losses["second"].detach(),
                *(p.grad for p in task.net.parameters() if p.grad is not None),
            ]
        )
    assert len(gradients[0]) > 20
    for a, b in zip(*gradients, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-6 + 1e-4 * a.abs().max())


def test_cached_and_fresh_maps_train_the_same_where_crops_are_fixed(settings, tmp_path):
    found = {}
    for pictures, workers in (("cached", 0), ("whole", 2)):
        config = TrainConfig(
            **settings | dict(first_order="triplet", epochs=1, image_mode=pictures)
        )
        task = GlobalTask(config, "cpu", False, workers=workers)
        if pictures == "cached":
            task.maps = tuple(
                CachedMaps(task.net, task.stage, index, 96, "cpu", False, torch.float32)
                for index in (task.index, task.held_out)
            )
        found[pictures] = (
            run(task, tmp_path / f"{pictures}.pth", 1, progress=False)["log"][0],
            task.net.state_dict(),
        )
    for name, value in found["cached"][0].items():
        assert value == pytest.approx(found["whole"][0][name], rel=1e-4), name
    assert all(
        torch.allclose(v, found["whole"][1][k], atol=1e-4) for k, v in found["cached"][1].items()
    )


def test_squares_are_drawn_anew_and_follow_the_seed(settings, tmp_path):
    config = TrainConfig(
        **settings
        | dict(first_order="triplet", epochs=1, image_mode="square", image_size=64, mining_size=48)
    )
    task = GlobalTask(config, "cpu", False, workers=1)
    one, two = task.batches(0)[:1], task.batches(1)[:1]
    maps = [next(task.feed(batch))["maps"] for batch in (one, one, two)]
    assert maps[0].shape == (20, 96, 8, 8) and torch.equal(maps[0], maps[1])
    again = [dict(one[0], seed=one[0]["seed"] + 1)]
    assert not torch.equal(maps[0], next(task.feed(again))["maps"])
    assert next(task.maps[0].stream(np.arange(3), 0)).shape == (
        3,
        96,
        6,
        6,
    )  # mining sees smaller ones
    middle = [next(task.maps[1].stream(np.arange(3))) for _ in range(2)]
    assert middle[0].shape == (3, 96, 8, 8) and torch.equal(
        *middle
    )  # held-out images: always the middle
    assert np.isfinite(run(task, tmp_path / "x.pth", 1, progress=False)["validation"])


def test_a_missing_picture_is_named(settings, tmp_path):
    task = GlobalTask(
        TrainConfig(**settings | dict(image_mode="square", image_size=64)), "cpu", False, workers=1
    )
    task.index.images.names[int(task.batches(0)[0]["rows"][0, 0])] = "gone.jpg"
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg: no such image"):
        run(task, tmp_path / "x.pth", 1, progress=False)


def test_tensorboard_gets_losses_rates_and_tuples(settings, tmp_path):
    task = GlobalTask(
        TrainConfig(**settings, first_order="triplet"), "cpu", False, shared_maps(settings)
    )
    run(task, tmp_path / "x.pth", 2, progress=False, board=tmp_path / "board")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "board"))
    events.Reload()
    names = {"loss", "first", "second", "negatives", "p", "gradient"}
    wanted = {*(f"step/{n}" for n in names), "rate/rest", "rate/p", "epoch/validation"}
    assert set(events.Tags()["scalars"]) == wanted and events.Tags()["images"] == ["tuples"]
    assert [e.step for e in events.Scalars("step/second")] == [1, 2, 3, 4, 5, 6]
    rates = [e.value for e in events.Scalars("rate/p")]
    assert rates[0] == pytest.approx(1e-2) and rates[5] == pytest.approx(1e-2 * np.exp(-0.15))


def test_the_presets_are_the_recipes():
    paper, mini = GLOBAL_PRESETS["paper"], GLOBAL_PRESETS["mini"]
    assert mini == TrainConfig()
    assert (paper.soa, paper.first_order, paper.margin, paper.sos_weight, paper.negatives) == (
        "45",
        "triplet",
        1.25,
        10,
        5,
    )
    assert (paper.queries_per_epoch, paper.pool_size, paper.batch_size, paper.epochs) == (2000, 20_000, 8, 100)
    assert (paper.image_mode, paper.image_size, paper.mining_size) == ("square", 1024, 341)
    assert (paper.lr, paper.lr_p_factor, paper.lr_decay, paper.weight_decay) == (1e-6, 100, 0.01, 1e-6)


def test_the_command_takes_a_preset_and_changes_it(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(
        "solar.training.global_task.train",
        lambda config, *rest, **options: asked.append((config, options)),
    )
    command = [
        "train",
        "--lr",
        "2e-6",
        "--preset",
        "paper",
        "--save-every",
        "7",
        "--board",
        "b",
        "--workers",
        "3",
    ]
    assert main(command) == 0 and main(["train", "--epochs", "3"]) == 0
    assert asked[0][0] == replace(GLOBAL_PRESETS["paper"], lr=2e-6) and asked[1][0] == TrainConfig(
        epochs=3
    )
    assert asked[0][1] == dict(board="b", save_every=7, workers=3)
    monkeypatch.undo()
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    assert main(["train", "--preset", "paper", "--start", "mini-gem"]) == 2
    assert "gl18: no such training data; `solar data gl18` says" in capsys.readouterr().err


def test_what_is_held_out_is_a_number_there_and_a_name_here(monkeypatch, capsys):
    asked = []
    for module, name in (("global_task", "train"), ("local_task", "train_local")):
        monkeypatch.setattr(
            f"solar.training.{module}.{name}", lambda config, *rest, **options: asked.append(config)
        )
    assert (
        main(["train", "--max-held-out-images", "50"]) == 0
        and main(["train", "--preset", "sosnet", "--held-out-set", "mine"]) == 0
    )
    assert asked[0] == TrainConfig(max_held_out_images=50) and asked[1] == replace(
        LOCAL_PRESETS["sosnet"], held_out_set="mine"
    )
    assert main(["train", "--max-held-out-images", "mine"]) == 2
    assert "--max-held-out-images 'mine': expected int" in capsys.readouterr().err


def test_the_test_benchmark_is_looked_at_only_if_wished(settings, monkeypatch):
    task = GlobalTask(TrainConfig(**settings), "cpu", False, shared_maps(settings))
    assert task.measure() == {}
    monkeypatch.setattr(global_task, "load_benchmark", lambda name: name)
    monkeypatch.setattr(
        global_task,
        "score",
        lambda net, bench, image_size: SimpleNamespace(map={bench: image_size}),
    )
    task.config.test_benchmark = "there"
    assert task.measure() == {"test_there": 96}


def test_held_out_images_are_cut_by_landmark(settings):
    task = GlobalTask(TrainConfig(**settings, max_held_out_images=4), "cpu", False)
    assert len(task.held_out) == 4 and sorted(
        np.unique(task.held_out.landmarks, return_counts=True)[1]
    ) == [1, 3]


def test_a_state_of_another_configuration_is_refused(settings, tmp_path):
    config = TrainConfig(**settings, output=str(tmp_path / "x.pth"))
    run(GlobalTask(config, "cpu", progress=False), config.output, 0, progress=False)
    other = TrainConfig(**settings, output=str(tmp_path / "x.pth"), margin=1.0)
    with pytest.raises(ValueError, match=r"x\.state: belongs to a run of another configuration"):
        train(other, "cpu", progress=False)


def test_a_loss_that_is_no_number_stops_and_names_the_images(settings, tmp_path, monkeypatch):
    task = GlobalTask(TrainConfig(**settings), "cpu", progress=False)
    monkeypatch.setattr(global_task, "second_order_loss", lambda q, p, n: q.sum() * float("nan"))
    before = {k: v.clone() for k, v in task.net.state_dict().items()}
    with pytest.raises(
        FloatingPointError, match=r"epoch 1, step 1: the loss is nan, .* the images .*\.jpg"
    ):
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
        CachedMaps(solar.load(settings["start"]), "soa4", two, 96, "cpu")


def test_attention_after_stage_3_learns_too(settings):
    task = GlobalTask(TrainConfig(**settings, soa="35"), "cpu", progress=False)
    one_epoch(task)
    assert task.net.features.soa3.v.weight.abs().max() > 0


def test_mined_triplets_train_too(settings, tmp_path):
    task = GlobalTask(
        TrainConfig(**settings, first_order="triplet", sos_weight=10.0), "cpu", progress=False
    )
    assert [batch["rows"].shape for batch in task.batches(0)] == [(4, 5), (4, 5), (2, 5)]
    found = run(task, tmp_path / "x.pth", 1, progress=False)
    assert np.isfinite(list(found["log"][0].values())).all()
    assert 0 < found["log"][0]["negatives"] < 2 and found["log"][0]["loss"] == pytest.approx(
        found["log"][0]["first"] + 10 * found["log"][0]["second"], rel=1e-5
    )


def test_wrong_wishes_are_refused(settings):
    with pytest.raises(ValueError, match="expected 'triplet' or 'batch'"):
        GlobalTask(TrainConfig(**settings, first_order="hope"), "cpu")
    task = GlobalTask(TrainConfig(**settings | dict(batch_size=40)), "cpu", progress=False)
    with pytest.raises(
        ValueError, match="14 landmarks have 3 photographs or more; a batch needs 40"
    ):
        task.batches(0)


def test_landmarks_of_one_image_ask_nothing():
    d = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.1], [0, 1]]))
    assert held_out_map(d, np.array([0, 0, 1])) == 1
