"""Weights on disk: what is saved comes back; broken or hostile files run nothing."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

import solar
from solar import distributed, weights
from solar.files import atomic, load_pickle
from solar.nets import check_global, check_local, load_global, load_local
from solar.nets.weight_files import read

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return os.mkdir, (self.trace,)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return solar.GlobalNet("mini", soa="5").eval()


def test_what_is_saved_is_loaded(net, tmp_path):
    net.mean = (0.1, 0.2, 0.3)
    net.pool.p.data = torch.tensor([2.5])
    back = solar.load(solar.save(net, tmp_path / "n.pth"))
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(back(x), net(x))
    assert (back.soa, back.mean, back.std, back.training) == ("5", (0.1, 0.2, 0.3), net.std, False)
    assert [p.name for p in tmp_path.iterdir()] == ["n.pth"]


@pytest.mark.parametrize("block", ["soa", "identity", "even", "none"])
def test_a_file_remembers_its_blocks(block, tmp_path):
    torch.manual_seed(0)
    net = solar.GlobalNet("mini", soa="45", block=block).eval()
    local = solar.LocalNet("345", 4, block=block).eval()
    for name, parameter in [*net.named_parameters(), *local.named_parameters()]:
        if ".v.weight" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    net_again = solar.load(solar.save(net, tmp_path / "n.pth"))
    local_again = solar.load(solar.save(local, tmp_path / "l.pth", torch.float16))
    assert (net_again.block, net_again.soa) == (block, net.soa)
    assert (local_again.block, local_again.soa) == (block, local.soa)
    images = torch.randn(1, 3, 64, 64)
    patches = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(net_again(images), net(images))
        assert torch.allclose(local_again(patches), local(patches), atol=1e-2)


def test_only_a_control_is_written_down_as_one(tmp_path):
    """Files of the paper's networks keep the authors' words, and their bytes."""
    for block in ("soa", "none"):
        solar.save(solar.GlobalNet("mini", block=block), tmp_path / "n.pth")
        assert "block" not in torch.load(tmp_path / "n.pth", weights_only=True)["meta"]
    solar.save(solar.GlobalNet("mini", block="even"), tmp_path / "n.pth")
    assert torch.load(tmp_path / "n.pth", weights_only=True)["meta"]["block"] == "even"


@pytest.mark.parametrize("net_class", [solar.GlobalNet, solar.LocalNet])
def test_an_unknown_block_in_a_file_is_refused(net_class, tmp_path):
    state = solar.GlobalNet("mini").state_dict()
    meta = dict(architecture="mini", soa=True, soa_layers="45", block="max")
    if net_class is solar.LocalNet:
        state = solar.LocalNet("345", 4).state_dict()
        meta = dict(block=["even"])
    torch.save(dict(meta=meta, state_dict=state), tmp_path / "b.pth")
    with pytest.raises(ValueError, match=r"b\.pth: its meta asks for .*unknown block") as caught:
        solar.load(tmp_path / "b.pth")
    assert "soa, identity, even, none" in str(caught.value)


def test_the_same_weights_are_the_same_bytes(net, tmp_path):
    first = solar.save(net, tmp_path / "a.pth")
    second = solar.save(net, tmp_path / "another name.pth")
    assert first.read_bytes() == second.read_bytes()


def test_the_authors_layout_is_read(net, tmp_path):
    meta = dict(
        architecture="mini",
        pooling="gem",
        local_whitening=False,
        outputdim=128,
        whitening=True,
        regional=False,
        mean=[0.485, 0.456, 0.406],
        std=[0.229, 0.224, 0.225],
        soa=True,
        soa_layers="5",
    )
    torch.save(dict(epoch=3, meta=meta, state_dict=net.state_dict()), tmp_path / "a.pth")
    assert solar.load(tmp_path / "a.pth").soa == "5"
    torch.save(
        dict(meta=meta, state_dict=net.state_dict()),
        tmp_path / "b.pth",
        _use_new_zipfile_serialization=False,
    )
    assert solar.load(tmp_path / "b.pth").soa == "5"


def test_cnnimageretrievals_layout_is_read(tmp_path):
    """Its stages are numbered children of torchvision's ResNet; its meta may hold arrays."""
    torch.manual_seed(0)
    resnet = torchvision.models.resnet18(weights=None)
    features = torch.nn.Sequential(*list(resnet.children())[:-2])
    state = {f"features.{k}": v for k, v in features.state_dict().items()}
    state |= {
        "pool.p": torch.tensor([2.8]),
        "whiten.weight": torch.randn(512, 512),
        "whiten.bias": torch.randn(512),
    }
    lw = {"retrieval-SfM-120k": {"ss": {"m": np.ones((4, 1)), "P": np.eye(4, dtype=np.float32)}}}
    meta = dict(
        architecture="resnet18",
        pooling="gem",
        local_whitening=False,
        regional=False,
        whitening=True,
        mean=[0.485, 0.456, 0.406],
        std=[0.229, 0.224, 0.225],
        outputdim=512,
        Lw=lw,
    )
    for zipped in (True, False):
        torch.save(
            dict(meta=meta, state_dict=state),
            tmp_path / "g.pth",
            _use_new_zipfile_serialization=zipped,
        )
        net = solar.load(tmp_path / "g.pth")
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        expected = features.eval()(x).clamp(min=1e-6).pow(2.8).mean((2, 3)).pow(1 / 2.8)
        expected = torch.nn.functional.normalize(
            torch.nn.functional.normalize(expected) @ state["whiten.weight"].T
            + state["whiten.bias"]
        )
        assert torch.allclose(net(x), expected, atol=1e-5)
    assert net.soa == ""


@pytest.mark.parametrize("soa", ["", "345", "4"])
def test_bare_local_files_are_told_apart_by_their_names(tmp_path, soa):
    net = solar.LocalNet(soa, width=4).eval()
    torch.save(net.state_dict(), tmp_path / "l.pth")
    back = solar.load(tmp_path / "l.pth")
    x = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        assert (back.soa, back.width) == (soa, 4)
        assert torch.equal(back(x), net(x))


def test_regional_networks_come_back(tmp_path):
    net = solar.GlobalNet("mini", soa="", pool="mac", regional=True, whitening=False).eval()
    back = solar.load(solar.save(net, tmp_path / "r.pth"))
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(back(x), net(x))


def test_float16_files_are_computed_in_float32(net, tmp_path):
    state = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    torch.save(
        dict(meta=dict(architecture="mini", soa=True, soa_layers="5"), state_dict=state),
        tmp_path / "h.pth",
    )
    assert {p.dtype for p in solar.load(tmp_path / "h.pth").parameters()} == {torch.float32}


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_file_runs_nothing(tmp_path, zipped):
    content = dict(state_dict={}, meta=Hostile(tmp_path / "trace"))
    torch.save(content, tmp_path / "bad.pth", _use_new_zipfile_serialization=zipped)
    (tmp_path / "raw.pth").write_bytes(pickle.dumps(content))
    for name in ("bad.pth", "raw.pth"):
        with pytest.raises(ValueError, match=name) as caught:
            solar.load(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "trace").exists()


def test_missing_surplus_and_misshapen_tensors_are_named(net, tmp_path):
    state = net.state_dict()
    del state["pool.p"]
    state |= {
        "extra.weight": torch.zeros(1),
        "whiten.bias": torch.zeros(3),
        "features.conv1.0.weight": "text",
    }
    meta = dict(architecture="mini", soa=True, soa_layers="5")
    torch.save(dict(meta=meta, state_dict=state), tmp_path / "odd.pth")
    with pytest.raises(ValueError, match=r"odd\.pth: ") as caught:
        solar.load(tmp_path / "odd.pth")
    assert "missing pool.p; surplus extra.weight; of another shape " in str(caught.value)
    assert str(caught.value).endswith("features.conv1.0.weight, whiten.bias")


@pytest.mark.parametrize(
    "content",
    [
        None,
        [1, 2],
        {},
        {"state_dict": 3},
        {"state_dict": {}, "meta": [1]},
        {"state_dict": {}, "meta": {"architecture": "vgg"}},
    ],
)
def test_files_of_another_layout_are_refused(tmp_path, content):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(ValueError, match=r"x\.pth"):
        solar.load(tmp_path / "x.pth")


def test_damaged_files_are_refused(net, tmp_path):
    whole = solar.save(net, tmp_path / "n.pth").read_bytes()
    for content in (
        b"",
        b"hello",
        whole[:100],
        whole[: len(whole) // 2],
        pickle.dumps(3),
        b"\x80\x02" + bytes(200),
    ):
        (tmp_path / "x.pth").write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.pth") as caught:
            solar.load(tmp_path / "x.pth")
        assert "\n" not in str(caught.value)


def test_names_and_paths_that_are_not_there_are_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=r"unknown network 'nosuch'.*resnet101-solar-best"):
        solar.load("nosuch")
    words = r"resnet101-solar-best: not fetched yet.*put the file at .*weights"
    with pytest.raises(FileNotFoundError, match=words):
        solar.load("resnet101-solar-best")
    with pytest.raises(FileNotFoundError, match="no such weights file"):
        solar.load(tmp_path / "absent.pth")
    for name in weights.names():
        assert solar.load(name).training is False


@pytest.mark.parametrize("device", ["nosuch", "cuda:99"])
def test_an_impossible_device_is_refused(device):
    with pytest.raises(ValueError, match=f"device '{device}' cannot be used here"):
        distributed.pick_device(device)


def test_the_fastest_device_is_picked_when_none_is_asked(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert distributed.pick_device().type == "cpu"
    asked = []
    monkeypatch.setattr(
        torch, "empty", lambda size, device: asked.append(device) or torch.zeros(size)
    )
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    distributed.pick_device()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    distributed.pick_device()
    assert asked == ["mps", "cuda"]


@pytest.mark.processes
def test_nothing_touches_a_device_at_import():
    code = (
        "import torch; torch.cuda.is_available = lambda: 1 / 0; "
        "import solar; solar.load('mini-gem')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")

    def fail_half_way():
        with atomic(path) as temporary:
            Path(temporary).write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
def test_plain_pickles_are_read(tmp_path, protocol):
    content = dict(a=[1, 2.5, "x", None, True], b=np.arange(4.0), c=np.float64(2), d={3}, e=(b"y",))
    (tmp_path / "p").write_bytes(pickle.dumps(content, protocol))
    back = load_pickle(tmp_path / "p")
    assert np.array_equal(back.pop("b"), content.pop("b"))
    assert back == content


@pytest.mark.parametrize(
    "content",
    [b"", b"text", pickle.dumps([1] * 99)[:-20], pickle.dumps(Path("x")), pickle.dumps(print)],
)
def test_other_pickles_are_refused(tmp_path, content):
    (tmp_path / "p.pkl").write_bytes(content)
    with pytest.raises(ValueError, match=r"p\.pkl: not a plain data pickle"):
        load_pickle(tmp_path / "p.pkl")


def test_a_hostile_pickle_runs_nothing(tmp_path):
    (tmp_path / "p.pkl").write_bytes(pickle.dumps([Hostile(tmp_path / "trace")]))
    with pytest.raises(ValueError, match="mkdir"):
        load_pickle(tmp_path / "p.pkl")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("soa", ["", "345"])
@pytest.mark.parametrize("dtype", [None, torch.float16])
def test_local_networks_are_saved_as_published(soa, dtype, tmp_path):
    torch.manual_seed(0)
    net = solar.LocalNet(soa, 8).eval()
    path = solar.save(net, tmp_path / "local.pth", dtype)
    content = torch.load(path, weights_only=True)
    assert list(content) == list(net.state_dict())  # a bare state dict, as the published ones
    again = solar.load(path)
    x = torch.rand(4, 1, 32, 32)
    assert (again.soa, again.width) == (soa, 8)
    assert {p.dtype for p in again.parameters()} == {torch.float32}
    with torch.no_grad():
        assert torch.allclose(again(x), net(x), atol=1e-6 if dtype is None else 1e-2)
    if dtype is torch.float16:
        assert path.stat().st_size < 0.6 * solar.save(net, tmp_path / "whole.pth").stat().st_size


# ---- a file that exists is a path


@pytest.mark.parametrize("name", ["model_best.pth.tar", "net.ckpt", "net.bin", "weights", "a.b c"])
def test_a_file_that_exists_is_a_path_whatever_its_ending(net, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    solar.save(net, name)
    for spelling in (name, f"./{name}", Path(name), tmp_path / name, str(tmp_path / name)):
        assert solar.load(spelling).soa == "5"


def test_names_go_before_files_and_a_dot_leads_to_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    solar.save(solar.LocalNet("", 4), "mini-gem")
    assert isinstance(solar.load("mini-gem"), solar.GlobalNet)
    assert isinstance(solar.load("./mini-gem"), solar.LocalNet)
    assert isinstance(solar.load(Path("mini-gem")), solar.LocalNet)
    assert isinstance(solar.load(Path("mini-sosnet")), solar.LocalNet)  # no such file: the name


def test_published_names_go_before_files_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path / "home"))
    solar.save(solar.LocalNet("", 4), "sosnet-32x32-liberty")
    with pytest.raises(FileNotFoundError, match="not fetched yet"):
        solar.load("sosnet-32x32-liberty")
    assert solar.load("./sosnet-32x32-liberty").width == 4


@pytest.mark.parametrize("name", ["gone.pth.tar", "gone.ckpt", "folder/gone", "./gone"])
def test_a_path_without_a_file_is_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"gone.*: no such weights file"):
        solar.load(name)


def test_a_folder_is_no_weights_file(tmp_path):
    with pytest.raises(ValueError, match="a folder; expected a weights file"):
        solar.load(tmp_path)


# ---- a local network where a global one belongs, and the reverse


def test_the_wrong_kind_of_network_is_refused_by_name(net, tmp_path):
    assert isinstance(load_global("mini-gem"), solar.GlobalNet)
    assert isinstance(load_local("mini-sosnet"), solar.LocalNet)
    with pytest.raises(ValueError, match=r"^mini-sosnet: a local network, which describes patches"):
        load_global("mini-sosnet")
    with pytest.raises(ValueError, match=r"^mini-gem: a global network, which describes whole"):
        load_local("mini-gem")
    path = solar.save(net, tmp_path / "n.ckpt")
    with pytest.raises(ValueError, match=r"n\.ckpt: a global network"):
        load_local(path)


def test_networks_of_others_pass_the_check():
    check_global(torch.nn.Flatten())
    check_local(torch.nn.Flatten())
    with pytest.raises(ValueError, match="the network: a local network"):
        check_global(solar.LocalNet("", 4))
    with pytest.raises(ValueError, match="the network: a global network"):
        check_local(solar.GlobalNet("mini"))


META = dict(architecture="mini", soa=True, soa_layers="5")


# ---- learnt whitenings in meta


def lw(dim, scales=("ss", "ms"), number=float):
    rng = np.random.default_rng(0)
    return {
        s: dict(m=rng.random((dim, 1)).astype(number), P=rng.random((dim, dim)).astype(number))
        for s in scales
    }


def test_learnt_whitenings_are_kept_and_named(net, tmp_path):
    given = {"retrieval-SfM-120k": lw(128), "retrieval-SfM-30k": lw(128, ["ms"], np.float32)}
    content = dict(state_dict=net.state_dict(), meta={**META, "Lw": given})
    torch.save(content, tmp_path / "w.pth")
    again = solar.load(tmp_path / "w.pth")
    assert list(again.whitenings) == ["retrieval-SfM-120k", "retrieval-SfM-30k"]
    assert list(again.whitenings["retrieval-SfM-30k"]) == ["ms"]
    mean, projection = again.whitenings["retrieval-SfM-120k"]["ss"]
    assert np.array_equal(mean, given["retrieval-SfM-120k"]["ss"]["m"].ravel())
    assert np.array_equal(projection, given["retrieval-SfM-120k"]["ss"]["P"])
    assert repr(again).endswith("learnt whitening retrieval-SfM-120k, retrieval-SfM-30k")
    # they do not change what the network itself computes
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(again(x), net(x))


def test_learnt_whitenings_are_saved_in_the_authors_form(net, tmp_path):
    content = dict(state_dict=net.state_dict(), meta={**META, "Lw": {"sfm": lw(128)}})
    torch.save(content, tmp_path / "w.pth")
    saved = solar.save(solar.load(tmp_path / "w.pth"), tmp_path / "again.pth")
    entry = read(saved)["meta"]["Lw"]["sfm"]["ms"]
    assert entry["m"].shape == (128, 1)
    assert np.array_equal(entry["P"], lw(128)["ms"]["P"])
    assert list(solar.load(saved).whitenings) == ["sfm"]


@pytest.mark.parametrize("given", [None, {}])
def test_a_file_without_learnt_whitenings_has_none(net, tmp_path, given):
    torch.save(dict(state_dict=net.state_dict(), meta={**META, "Lw": given}), tmp_path / "w.pth")
    again = solar.load(tmp_path / "w.pth")
    assert again.whitenings == {}
    assert "whitening retrieval" not in repr(again)


@pytest.mark.parametrize(
    "given",
    [
        [1],
        {"sfm": 3},
        {"sfm": {"ms": {"m": np.ones((2, 1))}}},
        {"sfm": {"ms": {"m": np.ones((2, 1)), "P": np.eye(3)}}},
        {"sfm": {"ms": {"m": "text", "P": np.eye(3)}}},
    ],
)
def test_learnt_whitenings_of_another_form_are_refused(net, tmp_path, given):
    torch.save(dict(state_dict=net.state_dict(), meta={**META, "Lw": given}), tmp_path / "w.pth")
    with pytest.raises(ValueError, match=r"w\.pth: the learnt whitenings") as caught:
        solar.load(tmp_path / "w.pth")
    assert "\n" not in str(caught.value)


# ---- an output that is an input


def test_saving_over_the_file_it_came_from_is_right(net, tmp_path):
    path = solar.save(net, tmp_path / "n.pth")
    before = path.read_bytes()
    solar.save(solar.load(path), path)
    assert path.read_bytes() == before
