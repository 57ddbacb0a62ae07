"""The authors' training options (book/paper-and-code.md): the table is whole, ours exist."""

import re
from pathlib import Path

import pytest

from solar.cli import parser
from solar.training.config import GLOBAL_PRESETS

PAGE = Path(__file__).resolve().parents[1] / "book" / "paper-and-code.md"
# the options of solar_global/examples/train.py of the authors' repository
AUTHORS = [
    "training-dataset",
    "base-path",
    "no-val",
    "test-datasets",
    "test-whiten",
    "test-freq",
    "arch",
    "pool",
    "p",
    "local-whitening",
    "regional",
    "whitening",
    "not-pretrained",
    "pretrained-type",
    "loss",
    "loss-margin",
    "lambda",
    "soa",
    "soa-layers",
    "unfreeze-last",
    "sos",
    "image-size",
    "neg-num",
    "query-size",
    "pool-size",
    "val_query-size",
    "val_pool-size",
    "gpu-id",
    "workers",
    "epochs",
    "batch-size",
    "update-every",
    "flatten-desc",
    "optimizer",
    "lr",
    "lr-decay",
    "momentum",
    "weight-decay",
    "print-freq",
    "resume",
]


def rows():
    """The rows of the table: authors' option, default, ours, remark."""
    text = PAGE.read_text(encoding="utf-8").split("## The options of the authors'")[1]
    lines = re.findall(r"^\|( `.*)\|$", text.split("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def options_of(command: str) -> set[str]:
    """The options of a command of ours."""
    choices = next(action.choices for action in parser()._actions if action.choices)
    return set(choices[command]._option_string_actions)


def test_every_option_of_the_authors_is_named_once():
    named = [re.findall(r"`--([\w-]+)`", row[0])[:1] for row in rows()]
    named = [name for names in named for name in names]
    assert sorted(named) == sorted(AUTHORS)
    assert rows()[0][0] == "`EXPORT_DIR`"
    text = PAGE.read_text(encoding="utf-8")
    assert f"one argument and {len(AUTHORS)} options" in text


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_our_options_exist(row):
    assert len(row) == 4
    ours = re.findall(r"`(--[\w-]+)`", row[2])
    assert ours or row[2] == "none"
    known = (
        options_of("evaluate") if "`solar evaluate`: training" in row[3] else options_of("train")
    )
    assert set(ours) <= known
    # options in the remarks are of `solar train`; whatever has no counterpart has a reason
    assert set(re.findall(r"`(--[\w-]+)`", row[3])) <= options_of("train")
    assert ours or row[3]


@pytest.mark.parametrize(
    "option, value",
    [("loss-margin", 1.25), ("lambda", 10.0), ("batch-size", 8)],
)
def test_the_papers_values_are_those_of_the_preset(option, value):
    (row,) = (row for row in rows() if f"`--{option}`" in row[0])
    (ours,) = re.findall(r"`--([\w-]+)`", row[2])
    assert getattr(GLOBAL_PRESETS["paper"], ours.replace("-", "_")) == value
    assert f"{value:g}" in row[3]
