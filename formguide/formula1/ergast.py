r"""Ergast's CSV tables: one file per kind of record for all seasons, joined by numeric ids, `\N` for null.

Beside Ergast's own tables the folder may hold lists of safety cars, virtual safety cars and red flags,
which name their race as `2024 Monaco Grand Prix`. A starting grid is part of the result and is known only
once that is (see `classification`). Only the rows of the season asked for are looked at,
so that one bad row is reported with its season. A race's fingerprint is that of its own rows: a file of
all seasons changes with every race.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Container, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from formguide.formula1.calendar import Weekend
from formguide.formula1.classification import add_pit_stops, add_qualifying, add_results
from formguide.formula1.ids import Names, UnknownNameError
from formguide.formula1.records import Reading, Row, TimeOfDay, at, fingerprint, read_record
from formguide.records import Record

SOURCE = "ergast"
FOLDER = "ergast_csv"

_INCIDENTS = {
    "safety_cars.csv": "safety_car",
    "virtual_safety_cars.csv": "virtual_safety_car",
    "red_flags.csv": "red_flag",
}
FILES = (
    "races.csv",
    "drivers.csv",
    "constructors.csv",
    "circuits.csv",
    "status.csv",
    "results.csv",
    "qualifying.csv",
    "sprint_results.csv",
    "pit_stops.csv",
    *_INCIDENTS,
)
"""The files that are read; others of an Ergast dump (standings, lap times) are not."""

_LARGEST_FILE = 50_000_000

_LONGEST_SILENCE = 10
"""Races in a row without an incident; from 2014 to 2025 there were never more than five."""

Numbered = tuple[int, Row]


class RaceRecord(Record):
    """A row of `races.csv`."""

    race_id: str
    year: int
    round: Annotated[int, Field(ge=1, le=60)]
    circuit_id: str
    name: str
    date: dt.date
    time: TimeOfDay | None = None
    fp1_date: dt.date | None = Field(None, alias="fp1_date")
    fp1_time: TimeOfDay | None = Field(None, alias="fp1_time")
    fp2_date: dt.date | None = Field(None, alias="fp2_date")
    fp2_time: TimeOfDay | None = Field(None, alias="fp2_time")
    fp3_date: dt.date | None = Field(None, alias="fp3_date")
    fp3_time: TimeOfDay | None = Field(None, alias="fp3_time")
    quali_date: dt.date | None = Field(None, alias="quali_date")
    quali_time: TimeOfDay | None = Field(None, alias="quali_time")
    sprint_date: dt.date | None = Field(None, alias="sprint_date")
    sprint_time: TimeOfDay | None = Field(None, alias="sprint_time")


def _whole_number(value: object) -> object:
    # A column with gaps was written as decimals by whoever made the list: 39.0 is lap 39.
    return value.removesuffix(".0") if isinstance(value, str) else value


Lap = Annotated[int, BeforeValidator(_whole_number), Field(ge=0, le=500)]


class IncidentRecord(Record):
    """A row of one of the three incident lists."""

    race: str = Field(alias="Race")
    cause: str | None = Field(None, alias="Cause")
    incident: str | None = Field(None, alias="Incident")
    deployed: Lap | None = Field(None, alias="Deployed")
    retreated: Lap | None = Field(None, alias="Retreated")
    full_laps: Lap | None = Field(None, alias="FullLaps")
    lap: Lap | None = Field(None, alias="Lap")


def seasons(files: Mapping[str, bytes]) -> list[int]:
    """The seasons that the folder's `races.csv` lists."""
    rows, _ = _rows("races.csv", files)
    return sorted({int(row["year"]) for _, row in rows if (row.get("year") or "").isdecimal()})


def read_season(season: int, files: Mapping[str, bytes], names: Names) -> Reading:
    """Everything that the CSV files (by name) say about one season."""
    reading = Reading(SOURCE)
    if not files:
        return reading
    tables: dict[str, list[Numbered]] = {}
    for name in FILES:
        tables[name], problem = _rows(name, files)
        if problem is not None:
            reading.reject(f"{FOLDER}/{name}", None, None, problem, files[name])
    if not tables["races.csv"]:
        reading.notes.append(f"{FOLDER}: no races.csv, without which the other files say nothing")
        return reading
    circuits = {row["circuitId"]: row for _, row in tables["circuits.csv"] if "circuitId" in row}
    sprints = {str(row.get("raceId")) for _, row in tables["sprint_results.csv"]}
    races = _weekends(season, tables["races.csv"], circuits, sprints, names, reading)
    drivers = {row["driverId"]: row for _, row in tables["drivers.csv"] if "driverId" in row}
    constructors = {
        row["constructorId"]: row for _, row in tables["constructors.csv"] if "constructorId" in row
    }
    status = {row["statusId"]: row.get("status") for _, row in tables["status.csv"] if "statusId" in row}
    for name in ("results.csv", "sprint_results.csv", "qualifying.csv", "pit_stops.csv"):
        by_race: dict[str, list[Numbered]] = {}
        for index, row in tables[name]:
            if row.get("raceId") in races:
                by_race.setdefault(row["raceId"], []).append((index, row))
        for race, rows in by_race.items():
            common = _common(races[race], rows)
            items = []
            for index, row in rows:
                fields = _joined(row, drivers, constructors, status)
                items.append((f"{FOLDER}/{name}", index, row, fields))
            if name == "qualifying.csv":
                add_qualifying(items, common, names, reading)
            elif name == "pit_stops.csv":
                add_pit_stops(items, common, names, reading)
            else:
                add_results(items, name == "sprint_results.csv", common, names, reading)
    _incidents(season, tables, names, reading)
    return reading


def _rows(name: str, files: Mapping[str, bytes]) -> tuple[list[Numbered], str | None]:
    """The file's rows with their line numbers, and what is wrong with it if it cannot be read."""
    body = files.get(name)
    if body is None:
        return [], None
    if len(body) > _LARGEST_FILE:
        return [], f"file of {len(body)} bytes; the limit is {_LARGEST_FILE}"
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], f"not UTF-8 (byte {error.start})"
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="beyond the header", strict=True)
        return [(reader.line_num, row) for row in reader], None
    except csv.Error as error:
        return [], f"malformed CSV, line {reader.line_num}: {error}"


def _weekends(
    season: int,
    rows: list[Numbered],
    circuits: Mapping[str, Row],
    sprints: Container[str],
    names: Names,
    reading: Reading,
) -> dict[str, Weekend]:
    """The season's races by Ergast's race id; the reading gets them by ours."""
    found: dict[str, Weekend] = {}
    for index, row in rows:
        if row.get("year") != str(season):
            continue
        file = f"{FOLDER}/races.csv"
        record = read_record(RaceRecord, row, reading, file, index)
        if record is None:
            continue
        circuit = circuits.get(record.circuit_id, {})
        try:
            grand_prix = names.resolve("grand prix", record.name, _short(record.name), season)
            circuit_id = names.resolve(
                "circuit", circuit.get("circuitRef") or record.circuit_id, circuit.get("name")
            )
        except UnknownNameError as error:
            reading.reject(
                file, index, "name" if error.kind == "grand prix" else "circuitId", str(error), row
            )
            continue
        # A sprint is announced with the season, but its date is not always written down: a plain weekend's
        # times would have it known before a qualifying that was held the day before.
        sprint = record.sprint_date is not None or record.race_id in sprints
        # A sprint weekend's second session was sprint qualifying from 2023 on; Ergast still calls it
        # practice 2.
        second = "sprint_qualifying" if sprint and season >= 2023 else "practice_2"
        sessions = {
            "race": at(record.date, record.time),
            "practice_1": at(record.fp1_date, record.fp1_time),
            second: at(record.fp2_date, record.fp2_time),
            "practice_3": at(record.fp3_date, record.fp3_time),
            "qualifying": at(record.quali_date, record.quali_time),
            "sprint": at(record.sprint_date, record.sprint_time),
        }
        weekend = Weekend(
            season=season,
            round=record.round,
            race_id=f"{season}-{grand_prix}",
            grand_prix_id=grand_prix,
            race_name=names.name_of("grand prix", grand_prix),
            source=SOURCE,
            fingerprint=fingerprint(row),
            race_date=record.date,
            circuit_id=circuit_id,
            has_sprint=sprint,
            sessions={name: moment for name, moment in sessions.items() if moment is not None},
        )
        if weekend.race_id in reading.weekends:
            reading.reject(file, index, "name", f"{weekend.race_id} is listed twice", row)
            continue
        found[record.race_id] = weekend
        reading.weekends[weekend.race_id] = weekend
    return found


def _short(name: str) -> str:
    return name.removesuffix(" Grand Prix")


def _common(weekend: Weekend, rows: list[Numbered]) -> Row:
    return {
        "season": weekend.season,
        "round": weekend.round,
        "race_id": weekend.race_id,
        "source": SOURCE,
        "fingerprint": fingerprint([row for _, row in rows]),
    }


def _joined(
    row: Row, drivers: Mapping[str, Row], constructors: Mapping[str, Row], status: Mapping[str, Any]
) -> Row:
    """A row with its ids replaced by what they refer to, in the fields that the record models know."""
    driver = drivers.get(row.get("driverId", ""), {})
    constructor = constructors.get(row.get("constructorId", ""), {})
    return {
        **row,
        "driverId": driver.get("driverRef"),
        "driverName": " ".join(name for key in ("forename", "surname") if (name := driver.get(key))) or None,
        "constructorId": constructor.get("constructorRef"),
        "constructorName": constructor.get("name"),
        "status": status.get(row.get("statusId", "")),
        "fastestRank": row.get("rank"),
        "fastestTime": row.get("fastestLapTime"),
    }


def _covered(listed: Container[str], tables: Mapping[str, list[Numbered]], reading: Reading) -> set[str]:
    """The races that the lists of incidents speak of once they are run, be it by not naming them.

    That must not be learnt from a later race which they name: it would tell what was not known yet. So a race
    counts with its result (another source's, if the folder has no results at all), until the lists have been
    silent for so long that they must have ended.
    """
    run = {row["race_id"] for row in reading.rows.get("race_results", [])}
    covered, silent = set(), 0
    for race_id in sorted(reading.weekends, key=lambda race_id: reading.weekends[race_id].round):
        silent = 0 if race_id in listed else silent + 1
        if silent <= _LONGEST_SILENCE and (race_id in run or not tables["results.csv"]):
            covered.add(race_id)
    return covered


def _incidents(season: int, tables: Mapping[str, list[Numbered]], names: Names, reading: Reading) -> None:
    """The season's incidents, and a row of kind `none` for the races that the lists cover and do not name."""
    listed: dict[str, dict[str, list[IncidentRecord]]] = {}
    years: set[str] = set()
    for name, kind in _INCIDENTS.items():
        for index, row in tables[name]:
            year, _, race = str(row.get("Race") or "").partition(" ")
            years.add(year)
            if year != str(season):
                continue
            record = read_record(IncidentRecord, row, reading, f"{FOLDER}/{name}", index)
            if record is None:
                continue
            grand_prix = names.look_up("grand prix", race, season)
            race_id = f"{season}-{grand_prix}"
            if race_id not in reading.weekends:
                reading.reject(
                    f"{FOLDER}/{name}", index, "Race", f"no race of {season} is called {race!r}", row
                )
                continue
            listed.setdefault(race_id, {}).setdefault(kind, []).append(record)
    covered = _covered(listed, tables, reading) if {str(season), str(season - 1)} & years else set()
    for race_id, weekend in reading.weekends.items():
        kinds = listed.get(race_id, {})
        if not kinds and race_id not in covered:
            continue
        common = {
            "season": season,
            "round": weekend.round,
            "race_id": race_id,
            "source": SOURCE,
            "when": "race",
        }
        common["fingerprint"] = fingerprint(
            {kind: [r.model_dump() for r in rows] for kind, rows in kinds.items()}
        )
        if not kinds:
            reading.add("race_incidents", common | {"kind": "none", "number": 1})
        for kind, records in kinds.items():
            records.sort(
                key=lambda r: (r.deployed if r.deployed is not None else r.lap or 0, r.retreated or 0)
            )
            for number, record in enumerate(records, start=1):
                cause = record.incident or record.cause
                reading.add(
                    "race_incidents",
                    common
                    | {
                        "kind": kind,
                        "number": number,
                        "start_lap": record.deployed if record.deployed is not None else record.lap,
                        "end_lap": record.retreated,
                        "full_laps": record.full_laps,
                        "cause": cause,
                        "rain": None if cause is None else "rain" in cause.lower(),
                    },
                )
