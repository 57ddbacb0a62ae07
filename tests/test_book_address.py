"""Where the book is published stands in its pages: heads, buttons, sitemap, 404 and first page."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

TOOLS = Path(__file__).resolve().parents[1] / "tools"
sys.path.insert(0, str(TOOLS))
import book_address  # noqa: E402
from build_book import build  # noqa: E402

REPOSITORY = "https://github.com/OWNER/NAME"
PAGES = "https://owner.github.io/NAME"
CONFIG = f"""\
title: A title
only_build_toc_files: true
execute: {{execute_notebooks: cache}}
sphinx:
  local_extensions: {{book_address: {TOOLS}}}
  config:
    html_static_path: [card.png]
    ogp_site_name: A title
    ogp_social_cards: {{enable: false}}
"""
CONTENTS = "format: jb-book\nroot: notebooks/one\nparts: [{chapters: [{file: two}]}]\n"


@pytest.fixture
def published(monkeypatch):
    monkeypatch.setenv("SOLAR_REPOSITORY", f"{REPOSITORY}/")
    monkeypatch.setenv("SOLAR_PAGES", f"{PAGES}/")


def settled(**present):
    """The options after the environment was read."""
    config = SimpleNamespace(html_theme_options=present)
    book_address.settle(None, config)
    return config


def test_a_book_that_is_read_from_a_folder_names_no_address(monkeypatch):
    monkeypatch.delenv("SOLAR_REPOSITORY", raising=False)
    monkeypatch.delenv("SOLAR_PAGES", raising=False)
    assert vars(settled(own=1)) == {"html_theme_options": {"own": 1}}


def test_the_addresses_become_options(published):
    config = settled(own=1)
    options = config.html_theme_options
    assert options["own"] == 1
    assert options["repository_url"] == REPOSITORY
    assert options["use_repository_button"] and options["use_issues_button"]
    assert {"binderhub_url", "colab_url"} <= set(options["launch_buttons"])
    assert config.html_baseurl == config.ogp_site_url == f"{PAGES}/"
    assert config.notfound_urls_prefix == "/NAME/"


@pytest.mark.slow
def test_a_published_page_can_be_found_and_shown_elsewhere(published, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text(CONTENTS)
    (tmp_path / "two.md").write_text("# Two\n")
    (tmp_path / "card.png").write_bytes(b"a picture")
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [new_markdown_cell("# One\n\nWhat the page is about, in words.")]
    path = tmp_path / "notebooks" / "one.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
    assert build(tmp_path)

    html = tmp_path / "_build" / "html"
    head = (html / "notebooks" / "one.html").read_text(encoding="utf-8")
    here = f"{PAGES}/notebooks/one.html"
    for words in (
        f'<link rel="canonical" href="{here}"',
        f'<meta property="og:url" content="{here}"',
        '<meta property="og:title" content="One"',
        f'<meta property="og:image" content="{PAGES}/_static/card.png"',
        '<meta name="description" content="What the page is about',
        f'href="{REPOSITORY}/issues/new',
        "https://colab.research.google.com/github/OWNER/NAME/blob/main/notebooks/one.ipynb",
        "https://mybinder.org/v2/gh/OWNER/NAME/main?urlpath=lab/tree/notebooks/one.ipynb",
    ):
        assert words in head, words
    assert f"<loc>{here}</loc>" in (html / "sitemap.xml").read_text()

    # whatever the address that is not there, its page finds the others
    lost = (html / "404.html").read_text(encoding="utf-8")
    assert 'href="/NAME/notebooks/one.html"' in lost
    assert not re.search(r'(href|src)="(\.\./|_static)', lost)
    assert "<title>A title</title>" in (html / "index.html").read_text(encoding="utf-8")
