"""Results that took hours, kept with the package, so that a chapter can show them anywhere."""

import json
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"


def results(name: str) -> dict | list:
    """Return stored results, such as 'parts', 'last', 'evaluation' or 'local'.

    The script that made a file is named in the chapter that shows it.

    Args:
        name: what was measured.

    Raises:
        ValueError: unknown name.

    Example:
        >>> results("parts")["plan"]["primary"]["share"]
        '0.25'
    """
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in RESULTS.glob("*.json")))
        raise ValueError(f"unknown results {name!r}: expected one of {known}")
    return json.loads(path.read_text(encoding="utf-8"))
