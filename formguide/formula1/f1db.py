"""f1db: one folder per race (`seasons/2024/races/06-miami/`), one YAML file per session.

A session's file is a list in the order of the classification; `position` is a number or DNF, DNS, DSQ,
NC, DNP, EX, PL. Empty values and empty files (a cancelled session) are normal. `race.yml` announces the
race; after it was run its `laps` is the distance that was really covered and `scheduledLaps` appears
beside it.

A session's rows come from its own file and from `race.yml`, never from the file of another session: what
was known before a race must not depend on how it went.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from formguide.formula1.calendar import Weekend
from formguide.formula1.f1db_records import (
    Entry,
    FastestLapEntry,
    GridEntry,
    PitStopEntry,
    PracticeEntry,
    QualifyingEntry,
    RaceEntry,
    RaceFile,
    place_and_status,
)
from formguide.formula1.ids import Names, UnknownNameError
from formguide.formula1.records import Reading, Row, at, fingerprint, read_record
from formguide.formula1.yaml_tree import YamlError, read_yaml

SOURCE = "f1db"

_RACE_FILE = re.compile(r"seasons/(\d{4})/races/(?:(\d{1,2})-)?([^/]+)/([^/]+)\.ya?ml")


@dataclass(frozen=True)
class _Race:
    """One race's folder: where it is, what it is called, and its files."""

    season: int
    folder: str
    number: int | None
    name: str
    files: dict[str, str]


def seasons(path: str) -> list[int]:
    """The season that a path belongs to: [2024] for `seasons/2024/races/…/….yml`, else []."""
    match = _RACE_FILE.fullmatch(path)
    return [int(match.group(1))] if match else []


def read_season(season: int, files: Mapping[str, bytes], names: Names) -> Reading:
    """Everything that the tree's files (by path below its root) say about one season."""
    reading = Reading(SOURCE)
    chosen: dict[str, tuple[tuple[int, int, str], _Race, Weekend | None]] = {}
    for race in _races(season, files):
        weekend = _weekend(race, files, names, reading)
        if weekend is not None:
            race_id, round_number = weekend.race_id, weekend.round
        else:
            race_id, round_number = f"{season}-{race.name}", race.number or 0
        # Of a renumbered race one folder is a leftover: it is passed over whole.
        rank = (len(race.files), round_number, race.folder)
        if race_id in chosen:
            kept, dropped = (
                (race, chosen[race_id][1]) if rank > chosen[race_id][0] else (chosen[race_id][1], race)
            )
            why = "more files" if len(kept.files) != len(dropped.files) else "the later round"
            reading.notes.append(
                f"{race_id}: two folders, {kept.folder} ({why}) is read and {dropped.folder} is not"
            )
            if dropped is race:
                continue
        chosen[race_id] = (rank, race, weekend)
    rounds: dict[int, str] = {}
    for race_id, (_, race, weekend) in sorted(chosen.items()):
        number = weekend.round if weekend is not None else race.number
        if weekend is not None:
            reading.weekends[race_id] = weekend
        if number in rounds:
            reading.notes.append(f"{race_id} and {rounds[number]} are both round {number}")
        if number is not None:
            rounds[number] = race_id
        for file in sorted(race.files):
            _read_session(race, file, race_id, number or 0, files, names, reading)
    return reading


def _races(season: int, files: Mapping[str, bytes]) -> list[_Race]:
    """The season's race folders, in order."""
    found: dict[str, _Race] = {}
    for path in sorted(files):
        match = _RACE_FILE.fullmatch(path)
        if match is None or int(match.group(1)) != season:
            continue
        folder = path.rsplit("/", 1)[0]
        number = int(match.group(2)) if match.group(2) else None
        race = found.setdefault(folder, _Race(season, folder, number, match.group(3), {}))
        race.files[match.group(4)] = path
    return list(found.values())


def _load(path: str, body: bytes, reading: Reading) -> tuple[bool, Any]:
    """Whether the file could be read, and its content."""
    try:
        return True, read_yaml(body)
    except YamlError as error:
        reading.reject(f"{SOURCE}/{path}", None, None, str(error), body)
        return False, None


def _weekend(race: _Race, files: Mapping[str, bytes], names: Names, reading: Reading) -> Weekend | None:
    path = race.files.get("race")
    if path is None:
        return None
    file = f"{SOURCE}/{path}"
    readable, raw = _load(path, files[path], reading)
    record = read_record(RaceFile, raw, reading, file, None) if readable else None
    if record is None:
        return None
    if not race.season - 1 <= record.date.year <= race.season:
        reading.reject(file, None, "date", f"{record.date} is not in the season {race.season}", raw)
        return None
    try:
        grand_prix = names.resolve("grand prix", record.grand_prix_id)
        circuit = names.resolve("circuit", record.circuit_id)
    except UnknownNameError as error:
        field = "grandPrixId" if error.kind == "grand prix" else "circuitId"
        reading.reject(file, None, field, str(error), raw)
        return None
    sessions = {
        "race": at(record.date, record.time),
        "practice_1": at(record.free_practice1_date, record.free_practice1_time),
        "practice_2": at(record.free_practice2_date, record.free_practice2_time),
        "practice_3": at(record.free_practice3_date, record.free_practice3_time),
        "qualifying": at(record.qualifying_date, record.qualifying_time),
        "sprint_qualifying": at(record.sprint_qualifying_date, record.sprint_qualifying_time),
        "sprint": at(record.sprint_race_date, record.sprint_race_time),
    }
    return Weekend(
        season=race.season,
        round=record.round,
        race_id=f"{race.season}-{grand_prix}",
        grand_prix_id=grand_prix,
        race_name=names.name_of("grand prix", grand_prix),
        source=SOURCE,
        fingerprint=fingerprint(files[path]),
        race_date=record.date,
        circuit_id=circuit,
        circuit_type=record.circuit_type,
        course_km=record.course_length,
        turns=record.turns,
        scheduled_laps=record.scheduled_laps or record.laps,
        has_sprint=bool(
            record.sprint_race_laps
            or record.sprint_race_date
            or record.sprint_qualifying_format
            or record.qualifying_format == "SPRINT_RACE"
        ),
        sessions={name: moment for name, moment in sessions.items() if moment is not None},
    )


@dataclass(frozen=True)
class _Session:
    """What a file name stands for: its table, its model, its session, and how a record becomes a row."""

    table: str
    model: type[Entry]
    when: str
    row: Callable[[Any, Row], Row]
    session: str | int | None = None
    key: Callable[[Any, str], object] = lambda entry, driver: driver
    one_per_place: bool = True


def _read_session(
    race: _Race,
    name: str,
    race_id: str,
    number: int,
    files: Mapping[str, bytes],
    names: Names,
    reading: Reading,
) -> None:
    if name == "race":
        return
    path = race.files[name]
    session = _SESSIONS.get(name)
    if session is None:
        reading.notes.append(f"{SOURCE}/{path}: no session of this name is read")
        return
    readable, raw = _load(path, files[path], reading)
    if not readable:
        return
    file = f"{SOURCE}/{path}"
    if raw is None or raw == []:
        reading.notes.append(f"{file}: empty, the session was cancelled or has not been run")
        return
    if not isinstance(raw, list):
        reading.reject(file, None, None, "a list of records was expected", files[path])
        return
    common: Row = {
        "season": race.season,
        "round": number,
        "race_id": race_id,
        "when": session.when,
        "source": SOURCE,
        "fingerprint": fingerprint(files[path]),
    }
    rejected = len(reading.rejects)
    entries: list[_Entered] = []
    for index, item in enumerate(raw, start=1):
        entry = read_record(session.model, item, reading, file, index)
        if entry is None:
            continue
        try:
            driver = names.resolve("driver", entry.driver_id)
            constructor = names.resolve("constructor", entry.constructor_id)
        except UnknownNameError as error:
            reading.reject(file, index, f"{error.kind}Id", str(error), item)
            continue
        entries.append(_Entered(index, item, entry, driver, constructor))
    for entered, field, reason in _clashes(entries, session):
        reading.reject(file, entered.index, field, reason, entered.raw)
        entries.remove(entered)
    if not session.one_per_place:
        reading.notes += [f"{file}: {shared}; both cars stay" for shared in _shared_places(entries)]
    if len(reading.rejects) > rejected:
        reading.short.add((race_id, session.table, session.session))
    order = 0
    for entered in entries:
        entry, driver, constructor = entered.entry, entered.driver, entered.constructor
        place = str(getattr(entry, "position", ""))
        order = max(order + 1, int(place) if place.isdecimal() else 0)
        row = {**common, "driver_id": driver, "constructor_id": constructor, "finish_order": order}
        if session.session is not None:
            row["session"] = session.session
        reading.add(session.table, session.row(entry, row))


@dataclass(frozen=True)
class _Entered:
    """A readable record: its number, what the file said, and who it is."""

    index: int
    raw: object
    entry: Entry
    driver: str
    constructor: str


def _clashes(entries: list[_Entered], session: _Session) -> list[tuple[_Entered, str, str]]:
    """The records to set aside because another is the same driver's or has the same position, and why.

    Of two the later goes, but a place gives way to a disqualification (which is decided after the
    classification).
    """
    clashes = []
    by_driver: dict[object, _Entered] = {}
    for entered in entries:
        key = session.key(entered.entry, entered.driver)
        first = by_driver.setdefault(key, entered)
        if first is not entered:
            loser, winner = (
                (first, entered) if _disqualified(entered) and _placed(first) else (entered, first)
            )
            by_driver[key] = winner
            clashes.append(
                (loser, "driverId", f"{entered.driver} is also record {winner.index}, which is kept")
            )
    if session.one_per_place:
        for first, entered, place in _same_place(by_driver.values()):
            reason = f"position {place} is also that of record {first.index}, which is kept"
            clashes.append((entered, "position", reason))
    return clashes


def _shared_places(entries: list[_Entered]) -> list[str]:
    """Who has a place with somebody else, in words."""
    return [
        f"records {one.index} ({one.driver}) and {other.index} ({other.driver}) are both on place {place}"
        for one, other, place in _same_place(entries)
    ]


def _same_place(entries: Iterable[_Entered]) -> Iterator[tuple[_Entered, _Entered, str]]:
    """Each record whose place an earlier one has: that one, itself and the place."""
    by_place: dict[str, _Entered] = {}
    for entered in entries:
        if _placed(entered):
            place = str(getattr(entered.entry, "position", ""))
            first = by_place.setdefault(place, entered)
            if first is not entered:
                yield first, entered, place


def _placed(entered: _Entered) -> bool:
    return str(getattr(entered.entry, "position", "")).isdecimal()


def _disqualified(entered: _Entered) -> bool:
    return str(getattr(entered.entry, "position", "")) in ("DSQ", "EX")


def _race_row(entry: RaceEntry, row: Row) -> Row:
    position, status = place_and_status(entry.position)
    return row | {
        "car_number": entry.driver_number,
        "position": position,
        "position_text": entry.position,
        "status": status,
        "grid_position": int(entry.grid_position)
        if entry.grid_position and entry.grid_position != "PL"
        else None,
        "pit_lane_start": entry.grid_position == "PL",
        "laps": entry.laps,
        "race_time_sec": entry.time,
        "laps_behind": entry.gap[1] if entry.gap is not None else None,
        "time_penalty_sec": entry.time_penalty,
        "reason_retired": entry.reason_retired,
        "points": entry.points,
    }


def _grid_row(entry: GridEntry, row: Row) -> Row:
    from_pit_lane = entry.position == "PL"
    return row | {
        "grid_position": None if from_pit_lane else int(entry.position),
        "pit_lane_start": from_pit_lane,
        "grid_penalty": entry.grid_penalty,
    }


def _qualifying_row(entry: QualifyingEntry, row: Row) -> Row:
    times = {"q1_sec": entry.q1, "q2_sec": entry.q2, "q3_sec": entry.q3}
    position = place_and_status(entry.position)[0]
    return row | times | {"position": position, "position_text": entry.position, "laps": entry.laps}


def _practice_row(entry: PracticeEntry, row: Row) -> Row:
    position = place_and_status(entry.position)[0]
    return row | {"position": position, "best_lap_sec": entry.time, "laps": entry.laps}


def _pit_stop_row(entry: PitStopEntry, row: Row) -> Row:
    return row | {"stop": entry.stop, "lap": entry.lap, "duration_sec": entry.time}


def _fastest_lap_row(entry: FastestLapEntry, row: Row) -> Row:
    return row | {"position": entry.position, "lap": entry.lap, "lap_time_sec": entry.time}


def _practice(number: int) -> _Session:
    return _Session("practice_results", PracticeEntry, f"practice_{number}", _practice_row, number)


def _grid(session: str, when: str) -> _Session:
    # Two cars on one place: one of them withdrew and the next has moved up (Spain 2025). Which one, only the
    # race would tell, and a grid is used before the race: both stay. A car too many costs a forecast little,
    # a starter whom it leaves out costs it everything about him.
    return _Session("starting_grids", GridEntry, when, _grid_row, session, one_per_place=False)


_SESSIONS: dict[str, _Session] = {
    "free-practice-1-results": _practice(1),
    "free-practice-2-results": _practice(2),
    "free-practice-3-results": _practice(3),
    "qualifying-results": _Session(
        "qualifying_results", QualifyingEntry, "qualifying", _qualifying_row, "qualifying"
    ),
    "sprint-qualifying-results": _Session(
        "qualifying_results", QualifyingEntry, "sprint_qualifying", _qualifying_row, "sprint_qualifying"
    ),
    "sprint-starting-grid-positions": _grid("sprint", "sprint_grid"),
    "starting-grid-positions": _grid("race", "grid"),
    "sprint-race-results": _Session("sprint_results", RaceEntry, "sprint", _race_row),
    "race-results": _Session("race_results", RaceEntry, "race", _race_row),
    "pit-stops": _Session(
        "pit_stops", PitStopEntry, "race", _pit_stop_row, key=lambda entry, driver: (driver, entry.stop)
    ),
    "fastest-laps": _Session("fastest_laps", FastestLapEntry, "race", _fastest_lap_row),
}
