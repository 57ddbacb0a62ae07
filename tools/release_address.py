"""Write the address of the repository into what the package index shows of a release.

    python tools/release_address.py https://github.com/OWNER/NAME v0.2.0

The files here name no address, so that every copy of the repository is as good as the first one.
On the package index, a relative link or picture leads nowhere: the workflow `release` runs this
before it builds, and nobody else does. Only the standard library is used.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# ](TARGET) of a link or a picture; a picture has ! before its words
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\]\([^()]*\))*)\]\(([^()\s]+)\)")
ELSEWHERE = ("http://", "https://", "mailto:", "#")
UP = "../../"  # from the README's page up to the repository's own
URLS = """\
[project.urls]
Repository = "{repository}"
Issues = "{repository}/issues"
Changelog = "{repository}/blob/{revision}/CHANGELOG.md"
"""


def absolute(target: str, is_picture: bool, repository: str, revision: str) -> str:
    """Return the address that a link of the README leads to.

    Args:
        target: what stands between the parentheses.
        is_picture: is it to be shown, not opened?
        repository: the address of the repository.
        revision: a tag or a branch.
    """
    if target.startswith(ELSEWHERE):
        return target
    if target.startswith(UP):
        return f"{repository}/{target.removeprefix(UP)}"
    return f"{repository}/{'raw' if is_picture else 'blob'}/{revision}/{target}"


def absolute_links(text: str, repository: str, revision: str) -> str:
    """Return Markdown whose links and pictures are found from anywhere.

    Args:
        text: of the README.
        repository: the address of the repository.
        revision: a tag or a branch.
    """

    def replace(found: re.Match) -> str:
        """Rewrite a link, and the picture in its words if there is one."""
        mark, words, target = found.groups()
        inside = LINK.sub(replace, words)
        address = absolute(target, bool(mark), repository, revision)
        return f"{mark}[{inside}]({address})"

    return LINK.sub(replace, text)


def with_urls(text: str, repository: str, revision: str) -> str:
    """Return pyproject.toml with the repository's addresses among its URLs.

    Args:
        text: of pyproject.toml.
        repository: the address of the repository.
        revision: a tag or a branch.
    """
    return text.replace(
        "[project.urls]\n", URLS.format(repository=repository, revision=revision), 1
    )


def with_code(text: str, repository: str) -> str:
    """Return CITATION.cff with the address of the code.

    Args:
        text: of CITATION.cff.
        repository: the address of the repository.
    """
    return text.replace("license: MIT\n", f'license: MIT\nrepository-code: "{repository}"\n', 1)


def main(repository: str, revision: str, root: Path = ROOT) -> int:
    """Rewrite README.md, pyproject.toml and CITATION.cff in `root`."""
    repository = repository.rstrip("/")
    changes = {
        "README.md": lambda text: absolute_links(text, repository, revision),
        "pyproject.toml": lambda text: with_urls(text, repository, revision),
        "CITATION.cff": lambda text: with_code(text, repository),
    }
    for name, change in changes.items():
        path = root / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
