"""The networks that come with the package: weights (`.pth`) and their data sheets (`.json`)."""

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the shipped networks.

    Example:
        >>> names()[2:]
        ['mini-gem', 'mini-solar', 'mini-solar-local', 'mini-sosnet']
    """
    return sorted(path.stem for path in FOLDER.glob("*.pth"))
