"""Weights files of others: the network is found in them, or the reason is said in plain words."""

import argparse
import collections
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

import solar

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out


@pytest.fixture
def net():
    torch.manual_seed(0)
    return solar.GlobalNet("mini", soa="5").eval()


# ---- wrappers around state dicts

META = dict(architecture="mini", soa=True, soa_layers="5")


def prefixed(state, prefix):
    return {prefix + key: value for key, value in state.items()}


def inside(state, part, wrapper):
    """The names as they are when only one part of the network was wrapped."""
    return {key.replace(f"{part}.", f"{part}.{wrapper}.", 1): value for key, value in state.items()}


WRAPPED = {
    "DataParallel": lambda s: dict(meta=META, state_dict=prefixed(s, "module.")),
    "torch.compile": lambda s: dict(meta=META, state_dict=prefixed(s, "_orig_mod.")),
    "both": lambda s: dict(meta=META, state_dict=prefixed(s, "module._orig_mod.")),
    "one part": lambda s: dict(meta=META, state_dict=inside(s, "features", "module")),
    "a compiled part": lambda s: dict(meta=META, state_dict=inside(s, "whiten", "_orig_mod")),
    "Lightning": lambda s: dict(
        state_dict={**prefixed(s, "model."), "loss.weight": torch.ones(3)},
        hyper_parameters=dict(lr=1e-3),
    ),
    "average": lambda s: dict(ema=s, meta=META),
    "model_ema": lambda s: dict(model_ema=s, epoch=3),
    "ema_state_dict": lambda s: dict(meta=META, ema_state_dict=prefixed(s, "module.")),
    "AveragedModel": lambda s: dict(n_averaged=torch.tensor(3), **prefixed(s, "module.")),
    "model": lambda s: dict(model=s, meta=META, optimizer=dict(state={0: dict(step=1)})),
    "net": lambda s: dict(net=prefixed(s, "module."), best=0.5),
    "nested": lambda s: dict(checkpoint=dict(model=dict(state_dict=s, meta=META)), epoch=9),
    "model_state_dict": lambda s: dict(
        model_state_dict=s, optimizer_state_dict=dict(param_groups=[])
    ),
    "a list": lambda s: [prefixed(s, "module."), dict(param_groups=[])],
    "bare": lambda s: s,
    "state_dict without meta": lambda s: dict(state_dict=s),
}


@pytest.mark.parametrize("wrap", WRAPPED)
def test_a_wrapped_global_network_is_found(net, tmp_path, wrap):
    torch.save(WRAPPED[wrap](net.state_dict()), tmp_path / "w.pth")
    again = solar.load(tmp_path / "w.pth")
    assert (again.architecture, again.soa) == ("mini", "5")
    for key, value in net.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)


@pytest.mark.parametrize("soa", ["", "345"])
@pytest.mark.parametrize("wrap", WRAPPED)
def test_a_wrapped_local_network_is_found(tmp_path, wrap, soa):
    torch.manual_seed(0)
    local = solar.LocalNet(soa, 4).eval()
    torch.save(WRAPPED[wrap](local.state_dict()), tmp_path / "w.pth")
    again = solar.load(tmp_path / "w.pth")
    assert (again.soa, again.width) == (soa, 4)
    for key, value in local.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)


def test_real_wrappers_of_torch_are_read(net, tmp_path):
    average = torch.optim.swa_utils.AveragedModel(torch.nn.DataParallel(net))
    torch.save(average.state_dict(), tmp_path / "a.pth")
    assert solar.load(tmp_path / "a.pth").soa == "5"


def test_the_architecture_of_a_bare_state_dict_is_told_by_its_weights(tmp_path):
    resnet = solar.GlobalNet("resnet18", soa="4", whitening=False)
    torch.save(resnet.state_dict(), tmp_path / "r.pth")
    again = solar.load(tmp_path / "r.pth")
    assert (again.architecture, again.soa, again.whiten) == ("resnet18", "4", None)


def test_several_networks_are_refused_unless_one_is_in_the_usual_place(net, tmp_path):
    other = {key: value + 1 for key, value in net.state_dict().items()}
    torch.save(dict(model=net.state_dict(), model_ema=other), tmp_path / "two.pth")
    with pytest.raises(ValueError, match=r"two\.pth: holds several networks \(model, model_ema\)"):
        solar.load(tmp_path / "two.pth")
    pair = prefixed(net.state_dict(), "student.") | prefixed(other, "teacher.")
    torch.save(pair, tmp_path / "pair.pth")
    with pytest.raises(ValueError, match=r"several networks \(student, teacher\)"):
        solar.load(tmp_path / "pair.pth")
    usual = dict(state_dict=net.state_dict(), meta=META, ema_state_dict=other)
    torch.save(usual, tmp_path / "usual.pth")
    assert torch.equal(solar.load(tmp_path / "usual.pth").pool.p, net.pool.p)


def test_a_dictionary_that_holds_itself_ends_the_search(tmp_path):
    content = dict(a=[1])
    content["again"] = content
    torch.save(content, tmp_path / "loop.pth")
    with pytest.raises(ValueError, match=r"loop\.pth: expected a dictionary"):
        solar.load(tmp_path / "loop.pth")


@pytest.mark.parametrize(
    "content, words",
    [
        (torch.zeros(3), "found a Tensor"),
        ([1], "found a list"),
        ({}, "found an empty dictionary"),
        (dict(epoch=3, best=0.5), "found epoch, best"),
        (dict(state_dict={"conv1.weight": 1, "fc.bias": 2}), "found conv1.weight, fc.bias"),
        ({"a" * 5000: 1}, "found aaaaaaaaaa"),
    ],
)
def test_a_file_without_a_network_of_ours_says_what_it_holds(tmp_path, content, words):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(ValueError, match=r"x\.pth: expected a dictionary") as caught:
        solar.load(tmp_path / "x.pth")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


# ---- refusals in our words


def one_line(error) -> str:
    """The words of a refusal: one line, none of torch's advice, no colours of a terminal."""
    words = str(error.value)
    assert "\n" not in words
    assert "\x1b" not in words
    assert "can still be loaded" not in words
    assert "weights_only" not in words
    return words


REFUSED = {
    "argparse.Namespace": argparse.Namespace(lr=1e-6),
    "pathlib.": Path("data"),
    "collections.deque": collections.deque([1]),
    "numpy.random": np.random.default_rng(0),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", REFUSED)
def test_an_object_that_is_refused_is_named(net, tmp_path, name, zipped):
    content = dict(state_dict=net.state_dict(), meta=META, args=REFUSED[name])
    torch.save(content, tmp_path / "o.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r"o\.pth: not a file of tensors") as caught:
        solar.load(tmp_path / "o.pth")
    words = one_line(caught)
    assert f"it holds {name}" in words
    assert "can run code" in words


def test_a_whole_network_that_was_pickled_is_named(net, tmp_path):
    torch.save(net, tmp_path / "o.pth")
    with pytest.raises(ValueError, match=r"holds solar\.nets\.global_net\.GlobalNet") as caught:
        solar.load(tmp_path / "o.pth")
    assert "save its state_dict" in one_line(caught)


def test_arrays_of_objects_are_refused_in_our_words(tmp_path):
    torch.save(dict(state_dict={}, meta=dict(x=np.array([None]))), tmp_path / "o.pth")
    with pytest.raises(ValueError, match="array of objects") as caught:
        solar.load(tmp_path / "o.pth")
    one_line(caught)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_program_is_refused_in_our_words(tmp_path):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)), tmp_path / "s.pt")
    with pytest.raises(ValueError, match="TorchScript program") as caught:
        solar.load(tmp_path / "s.pt")
    one_line(caught)


def packed(net, path):
    """A tar archive with a weights file in it."""
    content = solar.save(net, path.with_name("inside.pth")).read_bytes()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("inside.pth")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><title>Google Drive</title></html>", "a web page"),
        (b"\xef\xbb\xbf\r\n<html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "a pointer of Git LFS"),
        (b"\x40\0\0\0\0\0\0\0" + b'{"a":{"dtype":"F32"}}', "a safetensors file"),
        (b'{"error": "quota exceeded"}', "torch.save has not written it"),
        (b"PK\x03\x04" + bytes(50), "cut off or damaged"),
    ],
)
def test_a_file_of_another_kind_is_recognised(tmp_path, content, words):
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.pth: ") as caught:
        solar.load(tmp_path / "x.pth")
    assert words in one_line(caught)


def test_a_packed_archive_is_recognised(net, tmp_path):
    path = tmp_path / "model.pth.tar"
    path.write_bytes(packed(net, path))
    with pytest.raises(ValueError, match="a packed archive; unpack it first") as caught:
        solar.load(path)
    one_line(caught)


@pytest.mark.parametrize(
    "change",
    [
        dict(architecture=["resnet18"]),
        dict(architecture="x" * 10_000),
        dict(mean=None),
        dict(std=[1, 2]),
        dict(mean=[0.1, float("nan"), 0.2]),
        dict(pooling=3),
        dict(soa_layers="9"),
    ],
)
def test_meta_that_makes_no_sense_is_refused_in_one_line(net, tmp_path, change):
    content = dict(state_dict=net.state_dict(), meta={**META, **change})
    torch.save(content, tmp_path / "m.pth")
    with pytest.raises(ValueError, match=r"m\.pth: its meta asks for") as caught:
        solar.load(tmp_path / "m.pth")
    assert len(one_line(caught)) < 400


SPECIAL = {
    "quantised": lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8),
    "sparse": lambda t: t.to_sparse(),
    "complex": lambda t: t.to(torch.complex64),
    "without numbers": lambda t: t.to("meta"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SPECIAL)
def test_tensors_without_plain_numbers_are_named(net, tmp_path, kind):
    state = net.state_dict()
    state["whiten.weight"] = SPECIAL[kind](state["whiten.weight"])
    torch.save(dict(state_dict=state, meta=META), tmp_path / "q.pth")
    with pytest.raises(ValueError, match=r"q\.pth: ") as caught:
        solar.load(tmp_path / "q.pth")
    assert one_line(caught).endswith("complex or empty whiten.weight")


@pytest.mark.parametrize(
    "content", [b"", b"<html>", None, dict(model={"a": 1}), dict(state_dict=3)]
)
def test_a_name_with_a_line_break_stays_on_one_line(tmp_path, content):
    path = tmp_path / "two\nlines\u2028.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match="lines") as caught:
        solar.load(path)
    one_line(caught)
