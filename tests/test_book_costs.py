"""Costs of notebooks are held against recorded shares and peaks, whatever the machine's speed."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
import book_costs
import kernel_cost
from book_costs import BUDGETS, check, costs, over_budget, record
from build_book import ROOT, notebooks_of

RECORDED = {"one": dict(share=200.0, memory=1000)}


def cost(seconds=20.0, memory=1000.0, reference=0.1):
    """What a build measured of one notebook."""
    return {"one": dict(seconds=seconds, memory=memory, reference=reference)}


def test_what_is_recorded_is_within_its_budget():
    assert over_budget(cost(), RECORDED) == []


def test_a_slower_machine_changes_nothing():
    assert over_budget(cost(seconds=200.0, reference=1.0), RECORDED) == []


def test_a_slower_notebook_is_told():
    assert over_budget(cost(seconds=49.9), RECORDED) == []
    (line,) = over_budget(cost(seconds=50.1), RECORDED)
    assert "one took 50 s" in line and "recorded are 200 times" in line and "--record" in line
    # as slow on the clock, but on a machine that is slower altogether
    assert over_budget(cost(seconds=50.1, reference=0.25), RECORDED) == []


def test_more_memory_is_told():
    assert over_budget(cost(memory=1499.0), RECORDED) == []
    (line,) = over_budget(cost(memory=1501.0), RECORDED)
    assert "one held 1501 MiB" in line and "recorded are 1000 MiB" in line
    assert over_budget(cost(memory=None), RECORDED) == []  # a system that does not tell


def test_a_notebook_without_a_budget_is_told():
    (line,) = over_budget(cost(), {})
    assert "one has no budget" in line


def test_what_was_recorded_is_read_again(tmp_path, monkeypatch):
    file = tmp_path / "budgets.json"
    monkeypatch.setattr(book_costs, "costs", lambda root: cost(seconds=51.0))
    assert len(check(tmp_path, file)) == 1  # no file yet
    file.write_text(json.dumps({**RECORDED, "two": dict(share=7.0, memory=8)}))
    assert len(check(tmp_path, file)) == 1
    record(cost(seconds=51.0), file)
    assert check(tmp_path, file) == []
    recorded = json.loads(file.read_text())
    assert recorded["one"] == dict(share=510.0, memory=1000)
    assert recorded["two"] == dict(share=7.0, memory=8)


def test_unknown_memory_is_not_recorded(tmp_path):
    with pytest.raises(ValueError, match="memory of one is not known"):
        record(cost(memory=None), tmp_path / "budgets.json")


def test_without_a_build_there_are_no_costs(tmp_path):
    assert costs(tmp_path) == {}


def test_every_notebook_of_the_book_has_a_budget():
    recorded = json.loads(BUDGETS.read_text())
    assert recorded.keys() == {path.stem for path in notebooks_of(ROOT)}


def test_a_process_tells_what_it_used(capsys):
    kernel_cost.main()
    told = json.loads(capsys.readouterr().out)
    assert told["seconds"] > 0 and told["reference"] > 0
    assert told["memory"] is None or told["memory"] > 10
