"""A changed package changes the pages, a failing cell fails the build again and again, a second
build does nothing.
"""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from book_costs import costs
from build_book import build, digest, notebooks_of, seconds

pytestmark = pytest.mark.slow  # some seconds each: `make fast` leaves them out


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one page on a package of one constant."""
    (tmp_path / "solar").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "solar" / "__init__.py").write_text("ANSWER = 'old answer'\n")
    (tmp_path / "_config.yml").write_text(
        "title: t\nexecute: {execute_notebooks: cache}\nonly_build_toc_files: true\n"
    )
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: notebooks/one\n")
    write(tmp_path, "import solar\nprint(solar.ANSWER)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def write(root, source, name="one"):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [new_markdown_cell(f"# {name}"), new_code_cell(source)]
    notebook = new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, root / "notebooks" / f"{name}.ipynb")


def page(root):
    return (root / "_build" / "html" / "notebooks" / "one.html").read_text()


def test_a_changed_constant_changes_the_page(book):
    assert build(book) and "old answer" in page(book)
    assert seconds(book)["one"] > 0
    assert costs(book)["one"].keys() == {"seconds", "memory", "reference"}
    assert "runpy" not in page(book)  # the measuring cell is gone
    assert not build(book)
    (book / "solar" / "__init__.py").write_text("ANSWER = 'new answer'\n")
    assert build(book) and "new answer" in page(book)


def test_each_notebook_runs_once_and_all_are_found(book):
    count = "open('runs.txt', 'a').write('{}\\n');"
    write(book, count.format("one"), "one")
    write(book, count.format("two"), "two")
    contents = "format: jb-book\nroot: notebooks/one\n"
    contents += "parts:\n  - chapters:\n      - file: notebooks/two\n"
    (book / "_toc.yml").write_text(contents)
    assert [path.stem for path in notebooks_of(book)] == ["one", "two"]
    assert build(book)
    assert sorted((book / "notebooks" / "runs.txt").read_text().split()) == ["one", "two"]


def test_a_failing_cell_fails_every_build(book):
    write(book, "raise SystemError('broken on purpose')")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a cell failed"):
            build(book)


def test_the_digest_sees_names_and_bytes(tmp_path):
    (tmp_path / "a").write_text("1")
    before = digest(tmp_path, "*")
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = digest(tmp_path, "*")
    (tmp_path / "b").write_text("2")
    assert len({before, renamed, digest(tmp_path, "*")}) == 3
