"""Write constraints.txt, which pip and conda read, from uv.lock, which holds the same versions.

    uv lock && python tools/constraints.py

`make lock` does both. uv's own export gives each line a long condition on the system; a constraint
needs none, as it installs nothing by itself.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = """\
# Every version the book was built and tested with, written from uv.lock by `make lock`.
#   pip install -c constraints.txt -e ".[book,test]"
# opencv-python-headless stands in for opencv-python on machines without libGL: tools/set_up.py.
"""


def constraints(lock: str) -> str:
    """Return the text of constraints.txt.

    Args:
        lock: the text of uv.lock.

    Raises:
        ValueError: a package has two versions; a constraint can name one only.
    """
    versions = {}
    for package in tomllib.loads(lock)["package"]:
        if "registry" not in package["source"]:
            continue  # this project
        name = package["name"]
        if name in versions:
            raise ValueError(
                f"uv.lock: {name} has the versions {versions[name]} and {package['version']}; "
                'expected one: see fork-strategy in pyproject.toml, section "tool.uv"'
            )
        versions[name] = package["version"]
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    return HEAD + "".join(lines)


def main() -> int:
    """Write the file beside the lock."""
    text = constraints((ROOT / "uv.lock").read_text(encoding="utf-8"))
    (ROOT / "constraints.txt").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
