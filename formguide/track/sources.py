"""The readers of the sources' files, with an independent count of the rows that each file holds.

The count does not go through the reader: it is what the reader's own accounts have to add up to.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping

from formguide.track import careers, tfrrs
from formguide.track.careers import Reading
from formguide.track.folders import CAREERS, LUKEJSD, MARKS_CSV, PAGES, QNOLAN, unzipped
from formguide.track.pages import PageError
from formguide.track.readings import FileReading, Reader


def _one_by_one(source: str, read: Callable[[bytes, str], Reading], count: Callable[[bytes], int]) -> Reader:
    def reader(bodies: Mapping[str, bytes]) -> dict[str, FileReading]:
        return {
            path: _with_counts(read(body, f"{source}/{path}"), count, body) for path, body in bodies.items()
        }

    return reader


def _pages(bodies: Mapping[str, bytes]) -> dict[str, FileReading]:
    """Many pages are read in parallel processes; a packed one that is damaged is set aside as it came."""
    plain = {f"{PAGES}/{path}": unzipped(path, body) or body for path, body in bodies.items()}
    read = tfrrs.read_pages(plain)
    return {path: _with_counts(read[f"{PAGES}/{path}"], _rows, plain[f"{PAGES}/{path}"]) for path in bodies}


def _with_counts(said: Reading, count: Callable[[bytes], int], body: bytes) -> FileReading:
    """What a file says, with how many rows it holds and what became of them."""
    known = dict(sorted(said.left_out.items()))
    single = sum(reject.row is not None for reject in said.rejects)
    if said.rejects and not (single or known or said.rows.height):
        return FileReading(said.rows, list(said.rejects), [], {"rows": 0})  # the file as a whole is set aside
    counts = {"rows": count(body), "performances": said.rows.height, **known, "set aside": single}
    return FileReading(said.rows, list(said.rejects), [], counts)


def _rows(body: bytes) -> int:
    try:
        return tfrrs.count_rows(body, "page")
    except PageError:
        return 0


def _results(body: bytes) -> int:
    return len(json.loads(body)["results"])


def _lines(header: bool) -> Callable[[bytes], int]:
    def count(body: bytes) -> int:
        text = io.StringIO(body.decode("utf-8-sig", "replace"), newline="")
        return max(0, sum(1 for row in csv.reader(text) if row) - header)

    return count


READERS: Mapping[str, Reader] = {
    PAGES: _pages,
    CAREERS: _one_by_one(CAREERS, careers.read_openath, _results),
    QNOLAN: _one_by_one(QNOLAN, careers.read_qnolan, _lines(header=False)),
    LUKEJSD: _one_by_one(LUKEJSD, careers.read_lukejsd, _lines(header=True)),
    MARKS_CSV: _one_by_one(MARKS_CSV, careers.read_csv, _lines(header=True)),
}
"""Source → what reads its files."""
