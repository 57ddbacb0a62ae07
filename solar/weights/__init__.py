"""The networks that come with the package: weights (`.pth`) and their data sheets (`.json`)."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent


def names(use: str = "") -> list[str]:
    """Return the names of the shipped networks.

    Args:
        use: 'global' for networks that describe photographs, 'local' for those that describe
            patches, 'attention' for global networks with attention blocks; '' for all.

    Example:
        >>> names()[2:]
        ['mini-gem', 'mini-solar', 'mini-solar-local', 'mini-sosnet']
        >>> names("attention")
        ['lite-solar', 'mini-solar']
    """
    shipped = sorted(path.stem for path in FOLDER.glob("*.pth"))
    return shipped if use == "" else [name for name in shipped if use in _uses(name)]


def _uses(name: str) -> set[str]:
    """Return what a network is used for, out of its data sheet."""
    sheet = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    # the settings of global networks name the images' size, those of local ones do not
    if "image_size" not in sheet["config"]:
        return {"local"}
    return {"global", "attention"} if sheet["config"].get("soa") else {"global"}
