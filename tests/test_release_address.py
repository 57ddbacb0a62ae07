"""A release names its repository: what is relative here is found from the package index."""

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import release_address  # noqa: E402

HERE = "https://github.com/OWNER/NAME"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[a](LICENSE)", f"[a]({HERE}/blob/v1/LICENSE)"),
        ("![a](book/a.jpg)", f"![a]({HERE}/raw/v1/book/a.jpg)"),
        ("[a](https://x.org/b)", "[a](https://x.org/b)"),
        ("[a](#part)", "[a](#part)"),
        ("[![ci](../../ci.svg)](../../ci.yml)", f"[![ci]({HERE}/ci.svg)]({HERE}/ci.yml)"),
        ("[![b](https://x.org/b)](LICENSE)", f"[![b](https://x.org/b)]({HERE}/blob/v1/LICENSE)"),
    ],
)
def test_links_become_absolute(text, expected):
    assert release_address.absolute_links(text, HERE, "v1") == expected


@pytest.fixture
def released(tmp_path):
    """A folder with the files as a release has them."""
    for name in ("README.md", "pyproject.toml", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    assert release_address.main(f"{HERE}/", "v1", tmp_path) == 0
    return tmp_path


def test_every_link_of_the_readme_is_absolute_and_its_file_exists(released):
    text = (released / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^()\s]+)\)", text)
    assert len(targets) > 8
    assert all(target.startswith("https://") for target in targets)
    own = [target for target in targets if re.match(rf"{HERE}/(blob|raw)/v1/", target)]
    assert own
    assert all((ROOT / target.split("/v1/")[1]).is_file() for target in own)


def test_the_project_has_urls_and_the_citation_its_code(released):
    project = tomllib.loads((released / "pyproject.toml").read_text())["project"]
    assert set(project["urls"]) == {"Repository", "Issues", "Changelog", "Paper"}
    assert project["urls"]["Repository"] == HERE
    assert yaml.safe_load((released / "CITATION.cff").read_text())["repository-code"] == HERE


def test_the_release_runs_it_before_it_builds():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    runs = [step.get("run", "") for step in workflow["jobs"]["build"]["steps"]]
    written = next(i for i, line in enumerate(runs) if "release_address.py" in line)
    assert written < runs.index("make wheel")
