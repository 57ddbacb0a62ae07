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
    found = []
    for weights_file in sorted(FOLDER.glob("*.pth")):
        sheet = json.loads(weights_file.with_suffix(".json").read_text(encoding="utf-8"))
        # the settings of global networks name the images' size, those of local ones do not
        uses = {"", "global" if "image_size" in sheet["config"] else "local"}
        if "global" in uses and sheet["config"].get("soa"):
            uses.add("attention")
        if use in uses:
            found.append(weights_file.stem)
    return found
