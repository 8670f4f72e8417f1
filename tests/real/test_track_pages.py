"""The saved TFRRS pages, whole: every row of every event, counted three ways."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import lxml.html
import pytest

from formguide.schema import check
from formguide.track import marks, tfrrs
from formguide.track.pages import Page, parse_page
from formguide.track.tables import Performances

COUNTS = Path(__file__).parent / "track_page_counts.csv"
"""How many rows each saved page has of each event: a row per event, a column per page."""


def _expected() -> dict[str, dict[str, int]]:
    with COUNTS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pages = [name for name in rows[0] if name != "event"]
    return {page: {r["event"]: int(r[page]) for r in rows if r[page]} for page in pages}


EXPECTED = _expected()


def _by_xpath(body: bytes) -> dict[str, int]:
    """Rows by event, counted in lxml's own tree: an event's rows are those that it is the last heading of."""
    tree = lxml.html.fromstring(body)
    counts: Counter[str] = Counter()
    rows = "//table[@id='myTable']/tbody/tr | //div[starts-with(@class, 'performance-list-row')]"
    for row in tree.xpath(rows):
        heading = row.xpath("preceding::h3[1]")[0].text_content()
        counts[" ".join(heading.split())] += 1
    return dict(counts)


@pytest.fixture(scope="module")
def pages(real_data: Callable[[str], Path]) -> dict[str, bytes]:
    found = sorted(real_data("track").glob("tfrrs_html/*.html"))
    return {path.stem: path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def parsed(pages: dict[str, bytes]) -> Callable[[str], Page]:
    """A saved page, read once."""
    return cache(lambda name: parse_page(pages[name], f"{name}.html"))


FEW = ("MIACIndoor2017", "MIACOutdoor2023", "NATSOutdoor2015")
"""Both seasons, both layouts."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in EXPECTED]
)
def test_every_row_of_every_event(pages: dict[str, bytes], parsed: Callable[[str], Page], name: str) -> None:
    body, page = pages[name], parsed(name)
    counts = tfrrs.counted(page)
    assert counts == EXPECTED[name]
    assert not page.rejects and not page.notes
    assert page.rows.height == tfrrs.count_rows(body, name) == sum(counts.values())
    # lxml takes seconds to look back from each row of the larger pages, so there only the number is counted.
    text = body.decode()
    in_source = len(re.findall(r'<td class="text-right">|class="performance-list-row', text))
    assert in_source == page.rows.height
    assert page.label == ("Indoor" if "Indoor" in name else "Outdoor")

    reading = tfrrs.to_performances(page)
    check(reading.rows, Performances)
    assert not reading.rejects
    relays = sum(n for event, n in counts.items() if "Relay" in event)
    assert reading.left_out == {"relays": relays}
    assert reading.rows.height == page.rows.height - relays
    assert set(reading.rows["season"]) == {int(name[-4:])}


def test_the_table_of_counts_is_what_another_library_counts(pages: dict[str, bytes]) -> None:
    assert set(pages) == set(EXPECTED)
    for name, body in pages.items():
        assert _by_xpath(body) == EXPECTED[name], name


def test_feet_and_inches_beside_a_mark_agree_with_it(parsed: Callable[[str], Page]) -> None:
    """Every conversion that a page prints beside a metric mark, read by itself, is that mark to within an
    inch, which is how the site cuts off what is thrown far."""
    for name in ("MIACOutdoor2023", "NATSOutdoor2015"):
        rows = parsed(name).rows.drop_nulls("conv")
        assert rows.height > 400
        for mark, conv in rows.select("mark", "conv").iter_rows():
            metric, imperial = marks.parse(mark).value, marks.parse(conv).value
            assert metric is not None and imperial is not None
            assert abs(metric - imperial) < marks.INCH_M + 0.005, (name, mark, conv)


def test_flags_are_those_of_the_page(parsed: Callable[[str], Page]) -> None:
    rows = tfrrs.to_performances(parsed("MIACIndoor2017")).rows
    from_55 = rows.filter(rows["mark_text"].str.contains("(55)", literal=True))
    assert from_55.height > 20 and from_55["converted"].all()
    assert rows.filter("oversized_track").height == rows["mark_text"].str.contains("#").sum() > 3
    listed = tfrrs.to_performances(parsed("NATSOutdoor2015")).rows
    assert listed["athlete_id"].str.starts_with("tfrrs:").all(), "that layout links to the athletes"
    assert listed["wind_legal"].null_count() < listed.height
