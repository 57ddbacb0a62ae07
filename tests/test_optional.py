"""Libraries that only some work needs are asked for when that work begins."""

import sys

import pytest

from solar.files import optional
from solar.intervals import over_seeds


def test_a_missing_library_is_named_with_the_way_to_get_it():
    with pytest.raises(ModuleNotFoundError, match="it needs a library: pip install the-package"):
        optional("no_such_module", "the-package", "it")


def test_intervals_over_seeds_say_what_they_need(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(ModuleNotFoundError, match="pip install scipy"):
        over_seeds([1.0, 2.0])
