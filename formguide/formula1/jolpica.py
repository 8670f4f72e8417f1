"""Jolpica (Ergast-compatible) response bodies: JSON in which every value is a string.

A body is known by what it holds, not by its name: races with results, qualifying, sprint or pit stops,
or a season's calendar. A listing longer than a page comes in several bodies, and a race may be split
between two of them: the pages are put together first. A race at the open end of an incomplete listing is
left for its next page. A starting grid is part of the result and comes no earlier (see `classification`);
qualifying has bodies of its own. Lap times and the lists of drivers, constructors and standings are
recognised and not read.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from formguide.formula1.calendar import Weekend, fill
from formguide.formula1.classification import add_pit_stops, add_qualifying, add_results
from formguide.formula1.ids import Names, UnknownNameError
from formguide.formula1.records import Reading, Row, TimeOfDay, at, fingerprint, read_record
from formguide.records import Record

SOURCE = "jolpica"

_LARGEST_FILE = 20_000_000
_GZIP = b"\x1f\x8b"
"""How a packed file begins: other sports keep theirs so, and Jolpica's bodies lie here as they were sent."""
_SECTIONS = ("Results", "SprintResults", "QualifyingResults", "PitStops")
_YEAR = re.compile(r"(?<!\d)(19[5-9]\d|20\d\d)(?!\d)")


class Session(Record):
    """When a session of the weekend starts."""

    date: dt.date
    time: TimeOfDay | None = None


class RaceRecord(Record):
    """A race of a `RaceTable`: its place in the calendar."""

    season: Annotated[int, Field(ge=1950, le=2100)]
    round: Annotated[int, Field(ge=1, le=60)]
    race_name: str
    date: dt.date
    time: TimeOfDay | None = None
    circuit: dict[str, Any] = Field(default_factory=dict, alias="Circuit")
    first_practice: Session | None = Field(None, alias="FirstPractice")
    second_practice: Session | None = Field(None, alias="SecondPractice")
    third_practice: Session | None = Field(None, alias="ThirdPractice")
    qualifying: Session | None = Field(None, alias="Qualifying")
    sprint_shootout: Session | None = Field(None, alias="SprintShootout")
    sprint_qualifying: Session | None = Field(None, alias="SprintQualifying")
    sprint: Session | None = Field(None, alias="Sprint")


@dataclass(frozen=True)
class _Body:
    """One response: its file, its listing (the request without its query), offset, the listing's length."""

    file: str
    listing: str
    offset: int
    total: int
    races: list[dict[str, Any]]


def seasons(path: str, body: bytes) -> list[int]:
    """The seasons that a body speaks of; if it cannot be read, the year in its name."""
    parsed, _ = _parse(path, body)
    if parsed is None:
        return [int(year) for year in _YEAR.findall(path)[:1]]
    return sorted({int(race["season"]) for race in parsed.races if str(race.get("season")).isdecimal()})


def is_foreign(path: str, body: bytes) -> bool:
    """Whether a JSON file is none of ours: packed, no MRData in it, or unreadable and no year in its name."""
    if body.startswith(_GZIP):
        return True
    if b'"MRData"' in body[:10_000]:
        return False
    parsed, problem = _parse(path, body)
    return bool(problem) if parsed is not None else not _YEAR.search(path)


def read_season(season: int, files: Mapping[str, bytes], names: Names) -> Reading:
    """Everything that the bodies (by file name) say about one season."""
    reading = Reading(SOURCE)
    bodies = []
    laps = 0
    for path in sorted(files):
        if season not in seasons(path, files[path]):
            continue
        body, problem = _parse(path, files[path])
        if body is None:
            reading.reject(f"{SOURCE}/{path}", None, None, problem, files[path])
            continue
        laps += any("Laps" in race for race in body.races)
        bodies.append(body)
    if laps:
        reading.notes.append(f"{SOURCE}: {laps} bodies of lap times of {season} are recognised and not read")
    # The more particular request is the fresher one: a round's own results before those of the whole season.
    bodies.sort(
        key=lambda body: (len({str(r.get("round")) for r in body.races}) > 1, body.listing, body.offset)
    )
    sections: dict[tuple[str, str], list[tuple[str, int, Any]]] = {}
    origin: dict[tuple[str, str], str] = {}
    open_ends = _open_ends(bodies)
    for body in bodies:
        for race in body.races:
            if str(race.get("season")) != str(season):
                continue
            race_id = _weekend(season, race, body, names, reading)
            if race_id is None:
                continue
            for section in _SECTIONS:
                records = race.get(section) or []
                if not isinstance(records, list):
                    reading.reject(body.file, None, section, "a list of records was expected", race)
                    continue
                if not records:
                    continue
                if (body.file, str(race.get("round"))) in open_ends:
                    reading.notes.append(
                        f"{body.file}: the page ends within the {section} of {race_id}; "
                        f"{len(records)} records wait for the rest"
                    )
                    continue
                if origin.setdefault((race_id, section), body.listing) != body.listing:
                    continue
                target = sections.setdefault((race_id, section), [])
                target += [(body.file, index, record) for index, record in enumerate(records, start=1)]
    # Pit stops name nobody but by id: a newcomer's name has to be known from another record by then.
    for (race_id, section), items in sorted(sections.items(), key=lambda s: (s[0][1] == "PitStops", s[0])):
        _add(section, race_id, items, names, reading)
    return reading


def _parse(path: str, body: bytes) -> tuple[_Body | None, str]:
    """The body's races and paging, or why it cannot be read."""
    if len(body) > _LARGEST_FILE:
        return None, f"file of {len(body)} bytes; the limit is {_LARGEST_FILE}"
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return None, f"not UTF-8 (byte {error.start})"
    except json.JSONDecodeError as error:
        return None, f"malformed or truncated JSON, line {error.lineno}, column {error.colno}: {error.msg}"
    except RecursionError:
        return None, "nested too deeply"
    data = document.get("MRData") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        return _Body(f"{SOURCE}/{path}", path, 0, 0, []), "no MRData: not a Jolpica body"
    table = data.get("RaceTable")
    races = table.get("Races", []) if isinstance(table, dict) else []
    if not isinstance(races, list) or not all(isinstance(race, dict) for race in races):
        return None, "MRData.RaceTable.Races: a list of objects was expected"
    url = str(data.get("url") or path).partition("?")[0].rstrip("/").removesuffix(".json")
    texts = [str(data.get(key, "")) for key in ("offset", "total")]
    numbers = [int(text) if text.isdecimal() else 0 for text in texts]
    return _Body(f"{SOURCE}/{path}", url, numbers[0], numbers[1], races), ""


def _length(race: dict[str, Any]) -> int:
    return sum(len(race[key]) for key in _SECTIONS if isinstance(race.get(key), list))


def _open_ends(bodies: list[_Body]) -> set[tuple[str, str]]:
    """The (file, round) of races that may go on in a page which is not here."""
    pages: dict[str, list[_Body]] = {}
    for body in bodies:
        pages.setdefault(body.listing, []).append(body)
    found = set()
    for listing in pages.values():
        covered: set[int] = set()
        for body in listing:
            covered.update(range(body.offset, body.offset + sum(map(_length, body.races))))
        for body in listing:
            length = sum(map(_length, body.races))
            if length == 0:
                continue
            if body.offset > 0 and body.offset - 1 not in covered:
                found.add((body.file, str(body.races[0].get("round"))))
            end = body.offset + length
            if end < body.total and end not in covered:
                found.add((body.file, str(body.races[-1].get("round"))))
    return found


def _weekend(season: int, race: Row, body: _Body, names: Names, reading: Reading) -> str | None:
    """The race's id, its weekend noted (or filled in from this body); None if it was set aside."""
    record = read_record(RaceRecord, race, reading, body.file, None)
    if record is None:
        return None
    circuit = record.circuit
    try:
        name = record.race_name
        grand_prix = names.resolve("grand prix", name, name.removesuffix(" Grand Prix"), season)
        circuit_name = circuit.get("circuitName")
        circuit_id = names.resolve("circuit", str(circuit.get("circuitId") or circuit_name), circuit_name)
    except UnknownNameError as error:
        reading.reject(
            body.file, None, "raceName" if error.kind == "grand prix" else "Circuit", str(error), race
        )
        return None
    sessions = {
        "practice_1": record.first_practice,
        "practice_2": record.second_practice,
        "practice_3": record.third_practice,
        "qualifying": record.qualifying,
        "sprint_qualifying": record.sprint_qualifying or record.sprint_shootout,
        "sprint": record.sprint,
    }
    moments = {
        key: at(session.date, session.time) for key, session in sessions.items() if session is not None
    }
    moments["race"] = at(record.date, record.time)
    announced = {key: race.get(key) for key in ("season", "round", "raceName", "Circuit", "date", "time")}
    weekend = Weekend(
        season=season,
        round=record.round,
        race_id=f"{season}-{grand_prix}",
        grand_prix_id=grand_prix,
        race_name=names.name_of("grand prix", grand_prix),
        source=SOURCE,
        fingerprint=fingerprint(announced),
        race_date=record.date,
        circuit_id=circuit_id,
        # A sprint is announced with the season: that it has a result tells the calendar nothing new.
        has_sprint=record.sprint is not None or "SprintResults" in race,
        sessions={key: moment for key, moment in moments.items() if moment is not None},
    )
    known = reading.weekends.get(weekend.race_id)
    reading.weekends[weekend.race_id] = fill(known, weekend) if known is not None else weekend
    return weekend.race_id


def _add(
    section: str, race_id: str, items: list[tuple[str, int, Any]], names: Names, reading: Reading
) -> None:
    weekend = reading.weekends[race_id]
    once: dict[str, tuple[str, int, Any]] = {}
    for file, index, record in items:
        once.setdefault(json.dumps(record, sort_keys=True), (file, index, record))
    common: Row = {
        "season": weekend.season,
        "round": weekend.round,
        "race_id": race_id,
        "source": SOURCE,
        "fingerprint": fingerprint([record for _, _, record in once.values()]),
    }
    flat = [(file, index, record, _flat(record)) for file, index, record in once.values()]
    if section == "PitStops":
        add_pit_stops(flat, common, names, reading)
    elif section == "QualifyingResults":
        add_qualifying(flat, common, names, reading)
    else:
        add_results(flat, section == "SprintResults", common, names, reading)


def _flat(record: Any) -> Any:
    """A nested record as the flat fields that the record models know."""
    if not isinstance(record, dict):
        return record

    def part(holder: Any, key: str) -> dict[str, Any]:
        value = holder.get(key)
        return value if isinstance(value, dict) else {}

    driver, constructor = part(record, "Driver"), part(record, "Constructor")
    time, fastest = part(record, "Time"), part(record, "FastestLap")
    flat = {
        **record,
        "driverId": driver.get("driverId") or record.get("driverId"),
        "driverName": f"{driver.get('givenName', '')} {driver.get('familyName', '')}".strip() or None,
        "constructorId": constructor.get("constructorId"),
        "constructorName": constructor.get("name"),
        "positionOrder": record.get("position"),
        "milliseconds": time.get("millis"),
        "fastestLap": fastest.get("lap"),
        "fastestRank": fastest.get("rank"),
        "fastestTime": part(fastest, "Time").get("time"),
        "q1": record.get("Q1"),
        "q2": record.get("Q2"),
        "q3": record.get("Q3"),
    }
    flat["time"] = time.get("time")
    return flat
