"""TFRRS pages to performances.

    read_page       a page's bytes → its performances, what was set aside, how many rows are none
    read_pages      many pages at once, in parallel processes
    counted         a page's rows by event, as they stand

`pages` says what stands on a page; here it is understood. A list ends at its top N and its gaps say nothing
(`complete` is false); a team's page and an athlete's hold everything. A team's page is of one season and does
not say of which: nobody runs 60 m outdoors or throws the discus indoors, and that tells it; by its own note
it leaves out wind-aided marks, which lists and athletes' pages have. The place on a list is no place in a
race and is not kept. An athlete's page tells each mark twice, at its meet with place and round and in its
event's history with the season it belongs to: the two are made one row. Its heading tells the class of the
day on which the page was read, which holds for the last season on it and no other.

For who puts the files together: `Reading.rows` are `Performances`; an athlete without a site's id has one
made from name, team and gender, which `identity.resolve` makes one over all pages.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from functools import lru_cache
from multiprocessing import get_context
from typing import Any

from formguide.records import Reject, set_aside
from formguide.track import events, identity, marks
from formguide.track.careers import Reading, guessed_label
from formguide.track.pages import (
    ATHLETE,
    HISTORY,
    LIST,
    TEAM,
    Page,
    PageError,
    count_rows,
    parse_page,
    sections,
)
from formguide.track.rows import frame_of
from formguide.track.tables import GENDERS, INDOOR, OUTDOOR, season_of

__all__ = ["Reading", "count_rows", "counted", "first_day", "read_page", "read_pages", "to_performances"]

SOURCE = "tfrrs"
IN_ITS_TABLE = "in a table set aside"
SAID_TWICE = "said twice"

_FIRST_SIGHT = 0.9
_LOST = "\ufffd"
_CLASSES = {"FR": 1, "SO": 2, "JR": 3, "SR": 4}
_TOO_MANY_WRONG = 5
"""From so many rows on, a table none of whose rows can be read has its columns mixed up."""


class _Wrong(ValueError):
    """A field of a row that cannot be read."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def read_page(body: bytes, file: str) -> Reading:
    """A page's performances. `file` is its path: for messages, and an athlete's id may stand in it.

    Never raises for what it finds: a page that is none is one reject without a row.
    """
    try:
        page = parse_page(body, file)
    except PageError as error:
        return Reading(frame_of([]), [set_aside(file, None, error.column, error.says, body)])
    return to_performances(page)


def to_performances(page: Page) -> Reading:
    """The performances among a page's rows; relays, starts without a mark and second tellings are counted and
    left out, rows and tables that cannot be read are set aside."""
    left_out: Counter[str] = Counter()
    rejects = list(page.rejects)
    if page.set_aside_rows:
        left_out[IN_ITS_TABLE] += page.set_aside_rows - sum(r.row is not None for r in page.rejects)
    gender = _gender_of(page)
    if page.kind == TEAM and page.label is None:
        page = replace(page, label=_label_of(page))
    found: list[dict[str, Any]] = []
    for _, section in sections(page):
        rows, wrong = _section(page, section, gender, left_out)
        found += rows
        if len(wrong) >= _TOO_MANY_WRONG and not rows and len({one.field for one in wrong}) == 1:
            left_out[IN_ITS_TABLE] += len(wrong) - 1
            first = wrong[0]
            reason = f"{first.reason}; so it is in all {len(wrong)} rows: another column stands there"
            wrong = [set_aside(first.file, first.row, first.field, reason, section)]
        rejects += wrong
    if page.kind == ATHLETE:
        found = _once(found, left_out)
        _class_of_last_season(found)
    for row in found:
        del row["part"]
    frame = frame_of(found)
    if twice := len(found) - frame.height:
        left_out[SAID_TWICE] += twice
    return Reading(frame, rejects, {reason: n for reason, n in sorted(left_out.items()) if n})


def read_pages(bodies: Mapping[str, bytes], workers: int | None = None) -> dict[str, Reading]:
    """`read_page` of many pages, by path, in as many processes as there are cores unless told otherwise.

    A few pages are read where they are: a process takes a second to start.
    """
    size = sum(len(body) for body in bodies.values())
    count = workers if workers is not None else min(os.cpu_count() or 1, size // _WORTH_A_PROCESS_BYTES + 1)
    names = list(bodies)
    if count <= 1 or len(names) < 2:
        return {name: read_page(bodies[name], name) for name in names}
    # Spawned and not forked: polars' threads do not survive a fork.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        readings = pool.map(read_page, [bodies[name] for name in names], names, chunksize=1)
        return dict(zip(names, readings, strict=True))


_WORTH_A_PROCESS_BYTES = 4_000_000


def counted(page: Page) -> dict[str, int]:
    """How many rows stand under each event of a page, relays included."""
    counts: Counter[str] = Counter()
    for name, rows in sections(page):
        counts[name] += len(rows)
    return dict(counts)


@lru_cache(maxsize=8192)
def first_day(text: str) -> date:
    """The first day of "Feb 28, 2020", "Feb 28-29, 2020", "Feb 28 - Mar 1, 2020" or "02/28 - 03/1, 2020".

    A meet over New Year bears the year in which it ends. Raises ValueError.
    """
    for pattern, month_of in ((_WRITTEN, _month), (_SLASHED, int)):
        match = pattern.fullmatch(text.strip())
        if match:
            month, year = month_of(match["month"]), int(match["year"])
            last = month_of(match["last"]) if match["last"] else month
            return date(year - 1 if last < month else year, month, int(match["day"]))
    raise ValueError(f"{text!r} is no date such as Feb 28, 2020")


_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WRITTEN = re.compile(
    r"(?P<month>[A-Z][a-z]{2,8})\.?\s+(?P<day>\d{1,2})"
    r"(?:\s*[-–]\s*(?:(?P<last>[A-Z][a-z]{2,8})\.?\s+)?\d{1,2})?,?\s+(?P<year>\d{4})",
    re.ASCII,
)
_SLASHED = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})\s*[-–]\s*(?P<last>\d{1,2})/\d{1,2},?\s+(?P<year>\d{4})", re.ASCII
)


def _month(name: str) -> int:
    if name[:3].lower() not in _NAMES:
        raise ValueError(f"{name!r} is no month")
    return _NAMES.index(name[:3].lower()) + 1


# -- a table's rows --------------------------------------------------------------------------------


def _section(
    page: Page, section: Iterable[dict[str, Any]], gender: str | None, left_out: Counter[str]
) -> tuple[list[dict[str, Any]], list[Reject]]:
    """The performances of one event on a page, and what could not be read of it."""
    found, wrong = [], []
    for row in section:
        try:
            performance = _performance(page, row, gender)
        except _Wrong as error:
            said = {name: value for name, value in row.items() if value is not None}
            wrong.append(set_aside(page.name, row["row"], error.name, f"{error}", said))
        else:
            if isinstance(performance, str):
                left_out[performance] += 1
            else:
                found.append(performance)
    return found, wrong


def _performance(page: Page, row: Mapping[str, Any], gender: str | None) -> dict[str, Any] | str:
    """A row of Performances; or, in a word, why it is none."""
    whose = events.gender_of(row["gender"]) if row["gender"] else gender
    try:
        event = events.find(row["event"] or "", whose, source=SOURCE)
    except events.UnknownEventError as error:
        raise _Wrong("event", str(error)) from error
    if not event.individual:
        return event.family
    if whose is None:
        raise _Wrong("gender", "neither the page nor its events say whether these are men or women")
    if not row["mark"]:
        return "no mark"
    text, conversion = _metric(row["mark"])
    try:
        mark = marks.parse(text, event, row["wind"])
        day = _day(row["date"])
    except marks.MarkError as error:
        raise _Wrong("mark" if "wind" not in str(error) else "wind", str(error)) from error
    name, team = row["athlete"] or "", row["team"]
    if not re.search(r"\w", name) or _LOST in name:
        raise _Wrong("athlete", f"{name!r} is no name" + (", its letters were lost" if _LOST in name else ""))
    if mark.value is None:
        return f"no mark ({mark.status})"
    label = (
        row["label"]
        or page.label
        or (INDOOR if mark.indoors else guessed_label(row["meet"] or "", event.name, day))
    )
    site_id = row["site_id"]
    return {
        "part": row["part"],
        "label": label or guessed_label(row["meet"] or "", event.name, day),
        "date": day,
        "athlete_id": f"{SOURCE}:{site_id}" if site_id else identity.named_id(name, team, whose),
        "identity_confidence": 1.0 if site_id else _FIRST_SIGHT,
        "athlete": name,
        "gender": whose,
        "team": team,
        "class_year": _class_year(row["class_year"]),
        "event": event.name,
        "family": event.family,
        "mark": mark.value,
        "unit": mark.unit,
        "mark_text": row["mark"],
        "wind_mps": mark.wind_mps,
        "wind_legal": mark.wind_legal,
        "hand_timed": mark.hand_timed,
        "converted": mark.converted or conversion,
        "altitude": mark.altitude,
        "oversized_track": mark.oversized_track,
        "place": _place(row["place"]) if page.kind == ATHLETE else None,
        "round": row["round"],
        "meet": row["meet"],
        "source": SOURCE,
        "complete": page.kind != LIST,
    }


_WITH_FEET = re.compile(r"(?P<metric>\d+(?:\.\d+)?m)\s+\d+(?:'|-)\s*\d*(?:\.\d+)?\"?(?P<behind>.*)")


def _metric(text: str) -> tuple[str, bool]:
    """A mark without the feet and inches beside it: 6.85m 22' 5.75" (1.3) is 6.85m (1.3)."""
    match = _WITH_FEET.fullmatch(text)
    return (f"{match['metric']}{match['behind']}", False) if match else (text, False)


def _day(text: str | None) -> date:
    try:
        return first_day(text or "")
    except ValueError as error:
        raise _Wrong("date", str(error)) from error


@lru_cache(maxsize=256)
def _class_year(text: str | None) -> int | None:
    """1 to 8, from SR-4, FR, RED SHIRT-3; None where it says nothing."""
    if not text:
        return None
    number = re.search(r"[1-8]$", text.strip())
    return int(number[0]) if number else _CLASSES.get(text.strip().upper()[:2])


def _place(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else None


# -- an athlete's page -----------------------------------------------------------------------------


def _gender_of(page: Page) -> str | None:
    """Whose page it is, where only the events tell: nobody but men run 110 m hurdles."""
    if page.kind != ATHLETE or page.rows["gender"].is_not_null().any():
        return None
    told = Counter(_ONLY[name] for name in page.rows["event"] if name in _ONLY)
    return next(iter(told)) if len(told) == 1 else None


_MEN, _WOMEN = GENDERS
_ONLY = {
    "110H": _MEN, "110 Hurdles": _MEN, "Dec": _MEN, "Decathlon": _MEN,
    "100H": _WOMEN, "100 Hurdles": _WOMEN, "Pent": _WOMEN, "Pen": _WOMEN, "Pentathlon": _WOMEN,
}  # fmt: skip


_INDOORS = frozenset({"55 Meters", "60 Meters", "55 Hurdles", "60 Hurdles", "Weight Throw"})
_OUTDOORS = frozenset({"100 Meters", "100 Hurdles", "110 Hurdles", "400 Hurdles", "3000 Steeplechase"}) | {
    *("10,000 Meters", "4 x 100 Relay", "Discus", "Hammer", "Javelin", "Decathlon")
}
"""Events that college meets have indoors only, and outdoors only."""


def _label_of(page: Page) -> str | None:
    """Which season a team's page is of, where its events tell: those of one of the two are on it."""
    told = set(page.rows["event"].unique())
    indoors, outdoors = bool(told & _INDOORS), bool(told & _OUTDOORS)
    return None if indoors == outdoors else INDOOR if indoors else OUTDOOR


def _once(rows: list[dict[str, Any]], left_out: Counter[str]) -> list[dict[str, Any]]:
    """An athlete's marks once each: the meet's telling, with the label that the history gives it."""
    labels: dict[tuple[Any, ...], str] = {}
    meets: dict[tuple[str, date], str] = {}
    for row in rows:
        if row["part"] == HISTORY:
            labels[_mark_key(row)] = meets[row["meet"], row["date"]] = row["label"]
    told, found = set(), []
    for row in rows:
        if row["part"] != HISTORY:
            known = labels.get(_mark_key(row)) or meets.get((row["meet"], row["date"]))
            row["label"] = known or row["label"]
            told.add(_mark_key(row))
            found.append(row)
    for row in rows:
        if row["part"] == HISTORY:
            if _mark_key(row) in told:
                left_out[SAID_TWICE] += 1
            else:
                found.append(row)
    return found


def _mark_key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["event"], row["date"], row["mark"]


def _class_of_last_season(rows: Iterable[dict[str, Any]]) -> None:
    """Keeps the class on the page's head for the last season on it."""
    seasons = [(season_of(row["date"], row["label"]), row["label"] == OUTDOOR) for row in rows]
    for row, season in zip(rows, seasons, strict=True):
        if season[0] != max(seasons)[0]:
            row["class_year"] = None
