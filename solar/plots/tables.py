"""Tables of the book: numbers as text, the same way in every chapter.

A cell of a table is text here, so that every number shows as many digits as it deserves: one digit
for percent, a plus sign for a difference, a 95 % interval in brackets.

Book: every chapter that compares methods; first in chapter 2 (second-order attention).
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from ..intervals import Interval


def percent(share: float, digits: int = 1, unit: str = "") -> str:
    """Return a share as text in percent.

    Args:
        share: a number from 0 to 1, such as mAP.
        digits: digits behind the point.
        unit: text behind the number, such as " %".

    Example:
        >>> percent(0.7105)
        '71.0'
        >>> percent(0.171, digits=0, unit=" %")
        '17 %'
    """
    return f"{100 * share:.{digits}f}{unit}"


def signed(value: float, digits: int = 1) -> str:
    """Return a difference as text, with its sign even if it is positive.

    Args:
        value: the difference, in the units that are shown.
        digits: digits behind the point.

    Example:
        >>> signed(1.23)
        '+1.2'
    """
    return f"{value:+.{digits}f}"


def brackets(low: float, high: float, digits: int = 1, plus: bool = True) -> str:
    """Return the two ends of an interval as text in brackets.

    Args:
        low: lower end, in the units that are shown.
        high: upper end.
        digits: digits behind the point.
        plus: write a plus sign before positive numbers, as differences have it.

    Example:
        >>> brackets(-0.3, 2.1)
        '[-0.3, +2.1]'
    """
    sign = "+" if plus else ""
    return f"[{low:{sign}.{digits}f}, {high:{sign}.{digits}f}]"


def with_interval(
    interval: Sequence[float],
    digits: int = 1,
    scale: float = 1,
    plus: bool = True,
    gap: str = "  ",
) -> str:
    """Return a mean and its interval as text.

    Args:
        interval: (mean, low, high), such as `solar.intervals.bootstrap` returns.
        digits: digits behind the point.
        scale: factor for all three numbers; 100 shows shares in percent.
        plus: write a plus sign before positive numbers, as differences have it.
        gap: text between the mean and its interval.

    Example:
        >>> with_interval((0.012, 0.003, 0.021), scale=100)
        '+1.2  [+0.3, +2.1]'
    """
    mean, low, high = interval
    sign = "+" if plus else ""
    ends = brackets(scale * low, scale * high, digits, plus)
    return f"{scale * mean:{sign}.{digits}f}{gap}{ends}"


def could_be_seen(
    intervals: Mapping[str, Interval], digits: int = 1, scale: float = 1, unit: str = ""
) -> str:
    """Return the power beside null results: what the intervals that contain zero could show.

    A true difference of this size is told from zero in four of five such experiments.

    Args:
        intervals: {what was compared: its 95 % interval}.
        digits: digits behind the point.
        scale: factor for all numbers; 100 shows shares in percent.
        unit: text behind the numbers.

    Example:
        >>> null = Interval(0.0, -0.014, 0.014)
        >>> found = Interval(0.02, 0.01, 0.03)
        >>> could_be_seen({"easy": null, "hard": found}, scale=100, unit=" points")
        'easy 2.0 points'
    """
    parts = []
    for name, interval in intervals.items():
        # only a null result needs its power
        if interval.low <= 0 <= interval.high:
            parts.append(f"{name} {scale * interval.detectable:.{digits}f}{unit}")
    return ", ".join(parts)


def table(
    rows: Sequence[Mapping] | Mapping[object, Mapping], index: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Make a table from its rows. Cells without a value stay empty.

    Args:
        rows: one {column: cell} per row, in a list; or {name of the row: {column: cell}}.
        index: column, or columns, that name the rows of a list.

    Example:
        >>> table([{"network": "mini-gem", "mAP": "71.7"}], index="network").loc["mini-gem", "mAP"]
        '71.7'
        >>> table({"wall": {"SOA4": 1, "SOA5": 2}, "sky": {"SOA5": 3}}).loc["sky", "SOA4"]
        ''
    """
    # a mapping of rows becomes columns first: turn it
    frame = pd.DataFrame(rows).T if isinstance(rows, Mapping) else pd.DataFrame(rows)
    if index is not None:
        frame = frame.set_index(index)
    # only columns with empty cells become text: the others keep their numbers
    for column in frame.columns[frame.isna().any()]:
        frame[column] = frame[column].astype(object).where(frame[column].notna(), "")
    return frame
