"""TFRRS pages to performances: how many rows a second on one core, and beside the ordinary ways to read them.

    python -m bench.track_pages [pages]

The saved pages where they are there (../shared/data, or FORMGUIDE_REAL_DATA), else pages of the sample
league. "The rows" are the texts of every cell of every row, which all ways have to agree on; "end to end" is
from a page's bytes to a checked frame of performances: events found, marks understood, days read, ids made.
The pages have to be read with BeautifulSoup over lxml, so the first comparison is with that library used as
its documentation does. lxml's own tree is faster than any of it and stands here for the record.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench._timing import check, interleaved  # isort: skip  (one thread, set before NumPy starts)

import lxml.html
from bs4 import BeautifulSoup, Tag

from formguide.schema import check as fits
from formguide.track import tfrrs
from formguide.track.pages import RAW, parse_page
from formguide.track.tables import Performances

PAGES = 2
GOAL = 1500.0
ROUNDS = 3
Rows = list[list[str]]
_CELLS = [
    name for name in RAW if name in ("athlete", "class_year", "team", "mark", "conv", "wind", "meet", "date")
]
_ROW = "table#myTable tbody tr, div.performance-list-row"


def soup_rows(body: bytes, parser: str) -> Rows:
    """The usual way: the whole page as a soup, then its rows and their cells' texts."""
    soup = BeautifulSoup(body, parser)
    found = []
    for row in soup.select(_ROW):
        cells = row.find_all(["td", "div"], recursive=False)
        found.append([" ".join(c.get_text(" ", strip=True).split()) for c in cells if isinstance(c, Tag)])
    return found


def lxml_rows(body: bytes) -> Rows:
    """The same off lxml's own tree."""
    tree = lxml.html.fromstring(body.decode())
    rows = tree.xpath("//table[@id='myTable']/tbody/tr | //div[starts-with(@class, 'performance-list-row')]")
    return [[" ".join(" ".join(cell.itertext()).split()) for cell in row] for row in rows]


def our_rows(body: bytes) -> Rows:
    """The texts of every row as `parse_page` has them, empty cells left out, in any order."""
    return [[text for text in row if text] for row in parse_page(body, "page").rows.select(_CELLS).rows()]


def same(ours: Rows, theirs: Rows) -> bool:
    """Whether rows tell the same: what we name is in theirs, and theirs has nothing else but place and
    relays' members."""
    return len(ours) == len(theirs) and all(set(a) <= set(b) for a, b in zip(ours, theirs, strict=True))


def bodies(wanted: int) -> tuple[dict[str, bytes], str]:
    """Pages, the largest first of each layout, and what they are."""
    data = Path(os.environ.get("FORMGUIDE_REAL_DATA") or Path(__file__).parents[2] / "shared" / "data")
    found = sorted((data / "track" / "tfrrs_html").glob("*.html"), key=lambda p: (-p.stat().st_size, p.name))
    if found:
        return {path.name: path.read_bytes() for path in found[:wanted]}, "saved pages"
    from formguide.track.sample import make_league
    from formguide.track.sample.site import pages

    lists = {p: t.encode() for p, t in pages(make_league()).items() if not p.startswith("athletes")}
    return dict(sorted(lists.items())[:wanted]), "pages of the sample league"


def main(wanted: int) -> None:
    pages, what = bodies(wanted)
    rows = sum(tfrrs.count_rows(body, name) for name, body in pages.items())
    print(f"{len(pages)} {what}, {rows:,} rows, {sum(map(len, pages.values())) / 1e6:.1f} MB")
    for name, body in pages.items():
        ours = our_rows(body)
        for parser in ("lxml", "html.parser"):
            check(f"{name}: the same rows as BeautifulSoup on {parser}", same(ours, soup_rows(body, parser)))
        check(f"{name}: the same rows as lxml's own tree", same(ours, lxml_rows(body)))

    def over_all(read: Callable[[bytes], object]) -> Callable[[], None]:
        def call() -> None:
            for body in pages.values():
                read(body)

        return call

    seconds = interleaved(
        {
            "the rows": over_all(our_rows),
            "end to end": over_all(lambda body: fits(tfrrs.read_page(body, "page").rows, Performances)),
            "BeautifulSoup on lxml": over_all(lambda body: soup_rows(body, "lxml")),
            "BeautifulSoup on html.parser": over_all(lambda body: soup_rows(body, "html.parser")),
            "lxml's own tree": over_all(lxml_rows),
        },
        rounds=ROUNDS,
    )
    for name, spent in seconds.items():
        print(
            f"  {name:30} {rows / spent:10,.0f} rows a second, {spent / seconds['the rows']:5.2f} x the rows"
        )
    rate = rows / seconds["end to end"]
    enough = "yes" if rate >= GOAL else "NO"
    print(f"end to end {rate:,.0f} rows a second on one core; {GOAL:,.0f} are wanted: {enough}")

    many = {f"{n}/{name}": body for n in range(4) for name, body in pages.items()}
    for workers in (1, 2):
        begun = time.perf_counter()
        tfrrs.read_pages(many, workers=workers)
        spent = time.perf_counter() - begun
        how_many = f"{workers} process{'es' if workers > 1 else ''}"
        print(f"a rebuild of {len(many)} pages in {how_many}: {spent:.1f} s by the clock")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES)
