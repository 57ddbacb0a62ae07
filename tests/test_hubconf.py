"""`torch.hub` finds every public network under a name of Python."""

import importlib.util
import inspect
from pathlib import Path

import pytest
import torch

import solar
from solar import weights
from solar.nets.checkpoints import PUBLISHED_WEIGHTS

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = {name.replace("-", "_"): name for name in (*weights.names(), *PUBLISHED_WEIGHTS)}


def hubconf():
    spec = importlib.util.spec_from_file_location("hubconf", ROOT / "hubconf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_network_has_an_entry_with_a_docstring():
    functions = {
        name: function
        for name, function in inspect.getmembers(hubconf(), inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(functions) == set(ENTRIES)
    assert all(function.__doc__ for function in functions.values())


@pytest.mark.parametrize("entry", [name for name in ENTRIES if ENTRIES[name] in weights.names()])
def test_the_hub_loads_what_solar_loads(entry):
    net = torch.hub.load(str(ROOT), entry, source="local")
    expected = solar.load(ENTRIES[entry]).state_dict()
    assert list(net.state_dict()) == list(expected)
    assert all(torch.equal(value, expected[key]) for key, value in net.state_dict().items())


@pytest.mark.parametrize("entry", [name for name in ENTRIES if ENTRIES[name] in PUBLISHED_WEIGHTS])
def test_a_published_network_says_where_its_file_goes(entry, tmp_path, monkeypatch):
    monkeypatch.setenv("SOLAR_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="put the file at"):
        torch.hub.load(str(ROOT), entry, source="local")
