"""The readers of the sources' files, with an independent count of the rows that each file holds.

The count does not go through the reader: it is what the reader's own accounts have to add up to.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping

from formguide.track import careers
from formguide.track.careers import Reading
from formguide.track.folders import CAREERS, LUKEJSD, MARKS_CSV, QNOLAN
from formguide.track.readings import FileReading, Reader


def _counted(source: str, read: Callable[[bytes, str], Reading], count: Callable[[bytes], int]) -> Reader:
    def reader(path: str, body: bytes) -> FileReading:
        said = read(body, f"{source}/{path}")
        whole = any(reject.row is None for reject in said.rejects)
        counts = {
            "rows": 0 if whole else count(body),
            "performances": said.rows.height,
            **dict(sorted(said.left_out.items())),
            "set aside": 0 if whole else len(said.rejects),
        }
        return FileReading(said.rows, list(said.rejects), [], counts)

    return reader


def _results(body: bytes) -> int:
    return len(json.loads(body)["results"])


def _lines(header: bool) -> Callable[[bytes], int]:
    def count(body: bytes) -> int:
        text = io.StringIO(body.decode("utf-8-sig", "replace"), newline="")
        return max(0, sum(1 for row in csv.reader(text) if row) - header)

    return count


READERS: Mapping[str, Reader] = {
    CAREERS: _counted(CAREERS, careers.read_openath, _results),
    QNOLAN: _counted(QNOLAN, careers.read_qnolan, _lines(header=False)),
    LUKEJSD: _counted(LUKEJSD, careers.read_lukejsd, _lines(header=True)),
    MARKS_CSV: _counted(MARKS_CSV, careers.read_csv, _lines(header=True)),
}
"""Source → what reads its files."""
