"""The page of the package (book/api.md) names what exists, and leaves nothing public out."""

import importlib
import re
import types
from pathlib import Path

import pytest

import solar

PAGE = (Path(__file__).resolve().parents[1] / "book" / "api.md").read_text(encoding="utf-8")
TARGETS = re.findall(r"^\.\. auto(function|class):: (\S+)$", PAGE, re.MULTILINE)
MEMBERS = re.findall(r"^\.\. autoclass:: (\S+)\n   :members: (.*)$", PAGE, re.MULTILINE)


def resolve(target: str):
    """What a name of the page stands for; short names are those of `solar`."""
    if not target.startswith("solar."):
        return getattr(solar, target)
    module, name = target.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("kind", "target"), TARGETS, ids=[name for _, name in TARGETS])
def test_target_of_the_page_exists(kind, target):
    assert isinstance(resolve(target), type if kind == "class" else types.FunctionType)


@pytest.mark.parametrize(("target", "members"), MEMBERS, ids=[name for name, _ in MEMBERS])
def test_members_of_the_page_exist(target, members):
    for member in members.split(", "):
        assert hasattr(resolve(target), member), member


def test_every_public_name_is_on_the_page():
    names = {
        name for name in solar.__all__ if not isinstance(getattr(solar, name), types.ModuleType)
    }
    assert names <= {target for _, target in TARGETS}


def test_no_target_is_named_twice():
    assert len(TARGETS) == len(set(TARGETS))


def room_of(target: str) -> str:
    """The room under which the page names a target; a short name belongs where it is defined."""
    path = target if target.startswith("solar.") else resolve(target).__module__
    return path.split(".")[1]


def test_rooms_stand_in_the_order_of_the_package():
    rooms = re.findall(r"^\**(\w+)\**  +\w", solar.__doc__, re.MULTILINE)
    mentioned = list(dict.fromkeys(room_of(target) for _, target in TARGETS))
    assert mentioned == [room for room in rooms if room in mentioned]
