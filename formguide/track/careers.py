"""Careers and tables of marks that others have collected, read into performances.

    read_openath     one athlete's career as Open Athletics keeps it (JSON): everything since the junior years
    read_qnolan      TFRRS athlete pages as a table without a header, indoors and outdoors apart
    read_lukejsd     TFRRS athlete pages as a table with one
    read_csv         any table with a header that names athlete, gender, event, mark and date

All hold whole careers as of the day on which they were collected. What is of that day and not of the
meet's (personal bests, height, weight, club, the class in which somebody was when the page was read) is not
read. A row that has no mark (did not start, no height), a relay or a cross-country race is counted and left
out; a row that cannot be read is set aside.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from formguide.records import Reject, set_aside
from formguide.track import events, marks
from formguide.track.rows import frame_of
from formguide.track.tables import INDOOR, OUTDOOR

__all__ = ["Reading", "read_csv", "read_lukejsd", "read_openath", "read_qnolan"]


@dataclass(frozen=True)
class Reading:
    """What a file said: `rows` as the Performances table, `rejects` that could not be read, and how many
    rows are no performance, by the reason (`left_out`)."""

    rows: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    left_out: Mapping[str, int] = field(default_factory=dict)


class _Wrong(ValueError):
    """A field of a row that cannot be read."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def read_openath(body: bytes, file: str) -> Reading:
    """One athlete's career, a JSON document with `gender`, `birthDate`, `tpAthleteId` and `results`."""
    try:
        career = json.loads(body)
        gender = events.gender_of(career["gender"])
        results = list(career["results"])
        athlete_id = f"openath:{career['tpAthleteId'] or career['otAthleteId']}"
        name = " ".join(part for part in (career.get("givenName"), career.get("familyName")) if part)
        born = _iso(career["birthDate"], "birthDate") if career.get("birthDate") else None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        return _unreadable(file, error, body)

    def row(result: dict[str, Any]) -> dict[str, Any] | str:
        label = _label(result["IndoorOutdoor"], "IndoorOutdoor")
        return _performance(
            source="openath",
            athlete_id=athlete_id,
            athlete=name or athlete_id,
            gender=gender,
            birth_date=born,
            label=label,
            date=_iso(result["date"], "date"),
            event=result["event"],
            mark=result["result"],
            wind=result["wind"],
            place=result["rank"],
            round={"Final": "F", "Prelim": "P"}.get(result["roundstage"], result["roundstage"]),
            meet=result["compName"] or f"{result['city']} ({result['venuecountry']})",
        )

    return _read(file, enumerate(results, start=1), row)


_QNOLAN = ("name", "team", "meet", "date", "athlete id", "team id", "class")


def read_qnolan(body: bytes, file: str) -> Reading:
    """A table without a header: name, team, meet, date, TFRRS id, team id, class, [wind,] event, mark.

    Which of the two seasons it is of, its name says (`athletes_indoor.csv`); the table of the outdoor season
    has a wind for every row, 0.0 where none was measured. All its athletes are men.
    """
    label = INDOOR if "indoor" in file.rsplit("/", 1)[-1].lower() else OUTDOOR
    names = [*_QNOLAN, *(["wind"] if label == OUTDOOR else []), "event", "mark"]

    def row(said: list[str]) -> dict[str, Any] | str:
        if len(said) != len(names):
            raise _Wrong("row", f"{len(said)} fields, not {len(names)}")
        fields = dict(zip(names, said, strict=True))
        event = fields["event"]
        wind = fields.get("wind", "")
        return _performance(
            source="qnolan",
            athlete_id=f"tfrrs:{fields['athlete id']}",
            athlete=fields["name"],
            gender="men",
            team=fields["team"],
            class_year=int(fields["class"]) if fields["class"] in ("1", "2", "3", "4", "5") else None,
            label=label,
            date=_us(fields["date"], "date"),
            event=event,
            mark=_to_hundredths(fields["mark"]),
            wind="" if not wind or float(wind) == 0.0 else wind,
            meet=fields["meet"],
        )

    return _read(file, _csv_rows(body, header=False), row)


def read_lukejsd(body: bytes, file: str) -> Reading:
    """A table with a header: Name, School, Meet_Name, Meet_End, Event, Mark, Place, Prelim/Final and more.

    It names no site's id: an athlete is a name at a school. It does not say which season a meet is of either:
    the meet's name does, else the event (nobody runs 60 m outdoors), else the day. `Grade` and `Year` are
    of the day on which the page was read and say nothing of the meet's. All its athletes are men.
    """

    def row(said: dict[str, str]) -> dict[str, Any] | str:
        day = _written(said["Meet_End"] or said["Meet_Start"], "Meet_End")
        event = said["Event"]
        return _performance(
            source="lukejsd",
            athlete_id=f"lukejsd:{said['Name']}, {said['School']}",
            identity_confidence=0.95,
            athlete=said["Name"],
            gender="men",
            team=said["School"],
            label=guessed_label(said["Meet_Name"], event, day),
            date=day,
            event=event,
            mark=said["Mark"],
            wind="",
            place=said["Place"],
            round=said["Prelim/Final"],
            meet=said["Meet_Name"],
        )

    return _read(file, _csv_rows(body, header=True), row)


_CSV_COLUMNS = {
    "athlete": ("athlete", "athletename", "name"),
    "gender": ("gender", "sex"),
    "event": ("event", "eventname"),
    "mark": ("mark", "performance", "result", "time"),
    "date": ("date", "meetdate", "meetstart"),
    "wind": ("wind", "windmps"),
    "label": ("label", "season", "seasonlabel", "seasontype"),
    "team": ("team", "school", "college"),
    "class": ("class", "classyear", "year", "yr", "grade"),
    "id": ("athleteid", "tfrrsid", "siteid", "id", "athleteurl", "url"),
    "place": ("place", "pl"),
    "round": ("round", "prelimfinal"),
    "meet": ("meet", "meetname"),
}
"""How the columns of a table of marks may be called, without capitals, spaces and signs."""

_CSV_NEEDED = ("athlete", "gender", "event", "mark", "date")


def read_csv(body: bytes, file: str) -> Reading:
    """A table with a header, as scrapers of TFRRS write it: athlete, gender, event, mark and date, and, where
    they are there, wind, season, team, class, the site's id (or the athlete page's address), place, round and
    meet, in any order and any of their usual names.

    Without the site's id an athlete is a name in a team. Where no season is named, the meet's name, the event
    and the day tell indoors from outdoors.
    """
    rows = list(_csv_rows(body, header=True))
    header = {re.sub(r"[^a-z]", "", name.lower()): name for _, row in rows[:1] for name in row if name}
    columns = {
        what: header[next(name for name in names if name in header)]
        for what, names in _CSV_COLUMNS.items()
        if any(name in header for name in names)
    }
    if missing := [what for what in _CSV_NEEDED if what not in columns]:
        reason = f"no column for {', '.join(missing)}"
        return Reading(frame_of([]), [set_aside(file, None, None, reason, body)])

    def row(said: dict[str, str]) -> dict[str, Any] | str:
        fields = {what: (said[name] or "").strip() for what, name in columns.items()}
        team, meet = fields.get("team") or None, fields.get("meet") or None
        day = _any_date(fields["date"], "date")
        try:
            gender = events.gender_of(fields["gender"])
        except ValueError as error:
            raise _Wrong("gender", str(error)) from error
        site_id = re.search(r"\d+", fields.get("id", ""))
        named = re.search(r"indoor|outdoor", fields.get("label", ""), re.IGNORECASE)
        in_class = re.fullmatch(r"(?:[A-Z]{2}-)?([1-8])", fields.get("class", ""))
        return _performance(
            source="csv",
            athlete_id=f"tfrrs:{site_id[0]}" if site_id else f"csv:{fields['athlete']}, {team or 'no team'}",
            identity_confidence=1.0 if site_id else 0.9 if team else 0.5,
            athlete=fields["athlete"],
            gender=gender,
            team=team,
            class_year=int(in_class[1]) if in_class else None,
            label=named[0].capitalize() if named else guessed_label(meet or "", fields["event"], day),
            date=day,
            event=fields["event"],
            mark=fields["mark"],
            wind=fields.get("wind", ""),
            place=fields.get("place", ""),
            round=fields.get("round") or None,
            meet=meet,
        )

    return _read(file, rows, row)


# -- inside ----------------------------------------------------------------------------------------


def _read(file: str, said: Iterable[tuple[int, Any]], row: Any) -> Reading:
    found, rejects, left_out = [], [], Counter[str]()
    for number, one in said:
        try:
            performance = row(one)
        except _Wrong as error:
            rejects.append(set_aside(file, number, error.name, str(error), one))
        except (LookupError, TypeError, ValueError) as error:
            rejects.append(set_aside(file, number, None, f"{type(error).__name__}: {error}", one))
        else:
            if isinstance(performance, str):
                left_out[performance] += 1
            else:
                found.append(performance)
    frame = frame_of(found)
    if twice := len(found) - frame.height:
        left_out["said twice"] = twice
    return Reading(frame, rejects, dict(left_out))


def _unreadable(file: str, error: Exception, body: bytes) -> Reading:
    reason = f"not a career: {type(error).__name__} {error}"
    return Reading(frame_of([]), [set_aside(file, None, None, reason, body)])


def _performance(
    *, source: str, event: str, mark: str, wind: str, place: str = "", gender: str, **known: Any
) -> dict[str, Any] | str:
    """A row of Performances; or, in a word, why it is none."""
    try:
        found = events.find(event, gender, source=source)
    except events.UnknownEventError as error:
        raise _Wrong("event", str(error)) from error
    if not found.individual:
        return found.family
    if not mark.strip():
        return "no mark"
    try:
        read = marks.parse(mark, found, wind=wind or None)
    except ValueError as error:
        raise _Wrong("mark", str(error)) from error
    if read.value is None:
        return f"no mark ({read.status})"
    return {
        "source": source,
        "gender": gender,
        "event": found.name,
        "family": found.family,
        "mark": read.value,
        "unit": read.unit,
        "mark_text": mark,
        "wind_mps": read.wind_mps,
        "wind_legal": read.wind_legal,
        "hand_timed": read.hand_timed,
        "converted": read.converted,
        "altitude": read.altitude,
        "oversized_track": read.oversized_track,
        "place": int(place) if place.strip().isdigit() and int(place) > 0 else None,
        "complete": True,
        **known,
    }


def _csv_rows(body: bytes, header: bool) -> Iterator[tuple[int, Any]]:
    text = io.StringIO(body.decode("utf-8-sig", "replace"), newline="")
    if header:
        yield from enumerate(csv.DictReader(text), start=2)
    else:
        yield from ((number, row) for number, row in enumerate(csv.reader(text), start=1) if row)


def _iso(said: str, name: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise _Wrong(name, f"{said!r} is no date") from error


def _us(said: str, name: str) -> date:
    match = re.fullmatch(r"(\d\d?)/(\d\d?)/(\d{4})", said.strip())
    if match is None:
        raise _Wrong(name, f"{said!r} is no date such as 02/28/2015")
    try:
        return date(int(match[3]), int(match[1]), int(match[2]))
    except ValueError as error:
        raise _Wrong(name, f"{said!r}: {error}") from error


def _written(said: str, name: str) -> date:
    try:
        return datetime.strptime(said.strip(), "%b %d, %Y").date()
    except ValueError as error:
        raise _Wrong(name, f"{said!r} is no date such as Mar 1, 2020") from error


def _any_date(said: str, name: str) -> date:
    """2020-03-01, 03/01/2020 or Mar 1, 2020."""
    if re.match(r"\d{4}-", said):
        return _iso(said[:10], name)
    return _us(said, name) if "/" in said else _written(said, name)


def _to_hundredths(said: str) -> str:
    """6.6899999999999995 was 6.69 before somebody counted in binary."""
    return f"{float(said):.2f}" if re.fullmatch(r"\d+\.\d+", said) else said


def _label(said: str, name: str) -> str:
    if said not in (INDOOR, OUTDOOR):
        raise _Wrong(name, f"{said!r} is neither Indoor nor Outdoor")
    return said


_INDOORS_ONLY = re.compile(r"(?:55|60)(?:H|m|\b)|WT|Weight|600|500\b", re.IGNORECASE)
_LAST_INDOOR_DAY = (3, 16)
"""After it no college meet is indoors: the NCAA's championships end by then."""


def guessed_label(meet: str, event: str, day: date) -> str:
    if "indoor" in meet.lower():
        return INDOOR
    if "outdoor" in meet.lower():
        return OUTDOOR
    if _INDOORS_ONLY.match(event):
        return INDOOR
    early = (day.month, day.day) <= _LAST_INDOOR_DAY
    return INDOOR if early or day.month >= 11 else OUTDOOR
