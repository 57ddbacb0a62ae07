"""The kinds of values that a reader or Python may set; each refuses others in one short line."""

import contextlib
import math
import numbers
import operator

import traitlets as t

from ..files import in_one_line


class _Told:
    """A trait that names itself, a short piece of the value, and what it expects."""

    name: str

    def validate(self, obj, value):
        """Return the value as the trait keeps it, or refuse it."""
        try:
            return super().validate(obj, value)
        except (t.TraitError, TypeError, ValueError):  # arrays cannot be compared with a word
            given = in_one_line(value)
            raise t.TraitError(f"{self.name} = {given}: expected {self.info()}") from None


class Place(_Told, t.List):
    """A pixel or a box: two or four numbers, as a list, a tuple, an array or a tensor."""

    info_text = "(row, column) or (top, left, bottom, right)"

    def validate(self, obj, value):
        """Return the numbers as a list."""
        with contextlib.suppress(TypeError, ValueError):  # no numbers: refused by what follows
            if len(value) in (2, 4):
                value = [float(number) for number in value]
        return super().validate(obj, value)

    def validate_elements(self, obj, value):
        """Refuse any other count of numbers, and what is no number."""
        if len(value) not in (2, 4) or not all(isinstance(number, float) for number in value):
            self.error(obj, value)
        return value


class Choice(_Told, t.Enum):
    """One of some words."""

    def info(self) -> str:
        """Return the words."""
        return "one of " + ", ".join(map(repr, self.values))


class Within(_Told, t.Float):
    """A number within bounds, of Python's or of numpy's; `nan` is within none."""

    def __init__(self, default_value: float, low: float, high: float, unit: str = ""):
        super().__init__(default_value, min=low, max=high)
        self.unit = unit

    def validate(self, obj, value):
        """Return it as Python's."""
        if isinstance(value, numbers.Real):
            value = float(value)
        value = super().validate(obj, value)
        if math.isnan(value):  # which is neither below nor above a bound
            raise t.TraitError(f"{self.name} = {value}: expected {self.info()}")
        return value

    def info(self) -> str:
        """Return the bounds."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"a number of {self.min:g} to {self.max:g}{unit}"


class Share(Within):
    """A number of 0 to 1."""

    def __init__(self, default_value: float):
        super().__init__(default_value, 0, 1)


class Number(_Told, t.Int):
    """A whole number, of Python's or of numpy's."""

    info_text = "a whole number"

    def validate(self, obj, value):
        """Return it as Python's."""
        with contextlib.suppress(TypeError):  # not whole: the check that follows refuses it
            value = operator.index(value)
        return super().validate(obj, value)


class Name(_Told, t.Unicode):
    """A text."""

    info_text = "a name"


class Flag(_Told, t.Bool):
    """Yes or no."""

    info_text = "True or False"
