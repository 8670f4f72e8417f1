"""Every format's reader, by what a file is; and which months a file speaks of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np

from formguide.heartrate import csv_files, fit_files, fitrec, gpx, line_index, tcx, xml_files
from formguide.heartrate.clock import FIRST_SEC, LAST_SEC
from formguide.heartrate.readings import (
    Floats,
    Reading,
    Unreadable,
    ending,
    looks_like,
    unpacked,
    unpacked_so_far,
)
from formguide.records import Reject, set_aside

VERSION = "2"
"""Changes when the same files would be read as something else."""

_READERS: dict[str, Callable[[str, bytes], list[Reading]]] = {
    "csv": csv_files.read,
    "fit": fit_files.read,
    "gpx": gpx.read,
    "tcx": tcx.read,
}
_TIMES: dict[str, Callable[[bytes], Floats]] = {
    "csv": csv_files.times_of,
    "fit": fit_files.first_time,
    "gpx": xml_files.times_of,
    "tcx": xml_files.times_of,
}
ENDINGS = tuple(_READERS)
"""The endings of files that hold a workout or few (with .gz behind them or without)."""

WORKOUTS, FITREC = "workouts", "fitrec"
SOURCES = (WORKOUTS, FITREC)
"""Where workouts come from: files of their own, and lines of a file of many."""

NOT_WORKOUTS = "not_workouts"
"""Where files are kept, by their beginnings, that have the name of a workout and hold none."""

ZIPPED = "a zip archive is not read: unpack it first (only .gz is read as it is)"
"""What is said of a zip archive."""

_KNOWN: OrderedDict[bytes, tuple[int, ...]] = OrderedDict()
_MOST_KNOWN = 200_000


def read(source: str, path: str, body: bytes) -> Iterator[Reading | Reject]:
    """The workouts of a file, or what is set aside of it."""
    if source == FITREC:
        yield from _lines(path, body)
        return
    kind = ending(path)
    try:
        if kind == "zip":
            raise Unreadable(ZIPPED)
        plain, cut = _plain(path, body)
        if source == NOT_WORKOUTS and kind.startswith("json"):
            raise Unreadable("no workout a line, as FitRec has them: that is the only JSON that is read")
        _require(kind, plain)
        for reading in _READERS[kind](path, plain):
            said = f"{cut}; {len(reading.time_sec):,} points of it are read"
            notes = [set_aside(path, None, None, said, b"")] if cut else []
            yield replace(reading, notes=[*notes, *reading.notes])
    except Unreadable as error:
        yield error.reject(path, body)


def _lines(path: str, body: bytes) -> Iterator[Reading | Reject]:
    """The workouts of one of `line_index.Parts`, each named by the file and its line there."""
    file = path.rpartition("/")[0]
    if line_index.says_what_is_wrong(path):
        yield set_aside(file, None, None, body.decode(), body)
        return
    for number, line in line_index.lines_of_part(body):
        try:
            yield fitrec.read_line(f"{file}:{number}", line)
        except Unreadable as error:
            yield error.reject(f"{file}:{number}", line)


def names_in(source: str, path: str, body: bytes) -> list[str]:
    """What a file's workouts, or what is set aside of it, are named by: the file, or each of its lines."""
    if source != FITREC:
        return [path]
    file = path.rpartition("/")[0]
    return [f"{file}:{number}" for number, _ in line_index.lines_of_part(body)]


def months_of(source: str, path: str, files: Mapping[str, bytes]) -> tuple[int, ...]:
    """The months in which a workout of one of a source's files may have begun, as 202103; none where no date
    can be read.

    A month too many does no harm: it finds no workout in the file.
    """
    if source == FITREC:
        month = line_index.month_of_part(path)
        return (month,) if month else ()
    body = files[path]
    key = sha256(path.encode() + b"\0" + body).digest()
    if key not in _KNOWN:
        days = np.unique(times_in(path, body) // 86400) * 86400
        found = {datetime.fromtimestamp(float(day), UTC) for day in days}
        _KNOWN[key] = tuple(sorted({day.year * 100 + day.month for day in found}))
        if len(_KNOWN) > _MOST_KNOWN:
            _KNOWN.popitem(last=False)
    return _KNOWN[key]


def times_in(path: str, body: bytes) -> Floats:
    """The moments of a file's points (n,), seconds since 1970, of a FIT file the first alone; none where no
    date can be read. Much quicker than reading it."""
    try:
        times = _TIMES[ending(path)](_plain(path, body)[0])
    except Unreadable:
        return np.array([])
    return times[np.isfinite(times) & (times >= FIRST_SEC) & (times < LAST_SEC)]


def _plain(path: str, body: bytes) -> tuple[bytes, str | None]:
    """A file's bytes without the gzip around them. Of a gzip that breaks off what comes before (of a
    table the whole rows), and what is wrong; XML that breaks off is none. Raises `Unreadable`."""
    if ending(path) in ("gpx", "tcx"):
        return unpacked(path, body), None
    plain, cut = unpacked_so_far(path, body)
    if cut is not None and ending(path) == "csv":
        plain = plain[: plain.rfind(b"\n") + 1]
        if plain.count(b"\n") < 2:
            raise Unreadable(cut)
    return plain, cut


def _require(kind: str, body: bytes) -> None:
    """Raises `Unreadable` where a file is not what its name says, or is of no format that is read."""
    is_a = looks_like(body)
    if "zip" in (kind, is_a):
        raise Unreadable(ZIPPED)
    known = ", ".join(name.upper() for name in ENDINGS)
    if kind not in ENDINGS:
        raise Unreadable(f"its name says {kind.upper()}, which is not read here ({known} are)")
    if is_a == "text" and kind == "fit":
        raise Unreadable("no FIT file can be read: it does not begin as one, or breaks off before it has")
    if is_a != {"csv": "text"}.get(kind, kind):
        raise Unreadable(f"its name says {kind.upper()}, but it is {is_a.upper()} ({known} are read)")
