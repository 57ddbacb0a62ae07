"""Outputs of cells on a page: one row of heads, whole intervals, wide figures told."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from book_outputs import CELL, join_head_rows, mark_figures, mend_tables, width_of, with_class


def heads(html):
    """The words in the head of a table, row by row."""
    rows = BeautifulSoup(html, "html.parser").thead.find_all("tr")
    return [[cell.text for cell in row.find_all("th")] for row in rows]


def page_of(*children):
    """A page with some nodes."""
    return nodes.section("", *children)


def mended(frame):
    """What a page shows of a table."""
    page = page_of(nodes.raw("", f"<div>{frame.to_html()}</div>", format="html"))
    mend_tables(None, page, "notebooks/page")
    (raw,) = page.findall(nodes.raw)
    assert raw["format"] == "html"
    return raw.astext()


def test_the_name_of_an_index_joins_the_heads():
    frame = pd.DataFrame({"arm": ["none", "soa"], "easy": [1, 2], "hard": [3, 4]}).set_index("arm")
    assert heads(mended(frame)) == [["arm", "easy", "hard"]]


def test_two_names_join_the_heads_and_the_cells_stay():
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["form", "rate"])
    html = mended(pd.DataFrame({"medium": range(4)}, index=index))
    assert heads(html) == [["form", "rate", "medium"]]
    cells = BeautifulSoup(html, "html.parser").tbody.find_all("td")
    assert [cell.text for cell in cells] == ["0", "1", "2", "3"]


def test_heads_of_two_rows_keep_the_upper_one():
    columns = pd.MultiIndex.from_product([["easy", "hard"], ["AP", "P@1"]])
    frame = pd.DataFrame([[1, 2, 3, 4]], index=pd.Index([7], name="query"), columns=columns)
    rows = [["", "easy", "hard"], ["query", "AP", "P@1", "AP", "P@1"]]
    assert heads(mended(frame)) == rows


@pytest.mark.parametrize(
    "head",
    [
        "<thead><tr><th></th><th>a</th></tr></thead>",
        "<thead><tr><th>x</th><th>a</th></tr><tr><th>y</th><th></th></tr></thead>",
        '<thead><tr><th colspan="2">x</th></tr><tr><th>y</th><th>z</th></tr></thead>',
        '<thead><tr><th></th><th colspan="2">x</th></tr><tr><th>y</th><th></th></tr></thead>',
    ],
)
def test_other_heads_stay_as_they_are(head):
    assert join_head_rows(head) == head


def test_short_names_of_rows_stay_whole_and_long_ones_get_room():
    long = "mini-solar and another seed"
    html = mended(pd.DataFrame({"mAP": [1.5, 2.5]}, index=["soa - identity", long]))
    assert '<th class="whole">soa - identity</th>' in html
    assert f'<th class="words">{long}</th>' in html
    assert "<td>1.5</td>" in html


def test_an_interval_may_go_below_its_mean():
    html = mended(pd.DataFrame({"points": ["+1.2  [+0.3, +2.1]"]}))
    assert "<td>+1.2 [+0.3, +2.1]</td>" in html


def test_characters_are_counted_as_they_are_read():
    # with its entities the first text would have more than 24
    cells = ["+1.2&nbsp;&nbsp;[+0.3, +2.1]", "soa &lt;&lt;&lt;&lt; none"]
    for text in cells:
        found = CELL.sub(with_class, f"<td>{text}</td>")
        assert found == f"<td>{text}</td>"


def test_addresses_may_break_at_their_joints():
    found = CELL.sub(with_class, "<td>https://a.site.org/folder+more of 1.5</td>")
    address = "https://a.<wbr>site.<wbr>org/<wbr>folder+<wbr>more of 1.5"
    assert found == f'<td class="words">{address}</td>'


def test_a_name_of_several_rows_keeps_its_place():
    index = pd.MultiIndex.from_product([["soa - even"], ["easy", "hard"]], names=["a - b", "set"])
    html = mended(pd.DataFrame({"points": [1, 2]}, index=index))
    assert '<th class="whole" rowspan="2"' in html


def test_long_texts_of_a_table_get_room():
    text = "a sentence of more than a few words"
    assert f'<td class="words">{text}</td>' in mended(pd.DataFrame({"what": [text]}))


def test_other_output_stays_as_it_is():
    html = "<p>[1.0, 2.0]</p>"
    page = page_of(nodes.raw("", html, format="html"))
    mend_tables(None, page, "notebooks/page")
    assert page.astext() == html


def test_figures_tell_whether_they_are_wide(tmp_path):
    (tmp_path / "chart.svg").write_text('<svg xmlns="x" width="640.6" height="9"></svg>')
    asked = {"photo.jpg": "1001px", "kept.jpg": 704, "narrow.jpg": "500px", "percent.jpg": "50%"}
    images = [nodes.image(uri=name, width=width) for name, width in asked.items()]
    images += [nodes.image(uri="chart.svg"), nodes.image(uri="plain.jpg")]
    images += [nodes.image(uri="chart.svg", width="400px")]
    mark_figures(SimpleNamespace(srcdir=tmp_path), page_of(*images), "notebooks/page")
    found = [image["classes"] for image in images]
    assert found == [["very-wide"], ["wide"], [], [], ["wide"], [], ["wide"]]
    assert images[4]["width"] == "641px"
    assert "width" not in images[5]


def test_a_file_that_tells_no_width_has_none(tmp_path):
    (tmp_path / "free.svg").write_text('<svg viewBox="0 0 1 1"></svg>')
    assert width_of(tmp_path / "free.svg") is None
    assert width_of(tmp_path / "missing.svg") is None
