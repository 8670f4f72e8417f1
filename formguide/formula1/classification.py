"""What Jolpica and Ergast's CSV share: records of one meaning in two wrappings, and the rows they become.

Both give every car a position, the retired included; `positionText` says R (retired), W (withdrew, did
not start), D (disqualified), E (excluded), N (not classified) or F (did not qualify) where it was not
classified.

There is no file of the starting grid: it comes with the result, hours after it was published. Of a result
only what was fixed before the start goes into the grid: who in which car, and the place. Grid 0 is the pit
lane for a car that started and no place for one that withdrew; since only the race tells which, every 0 is
a pit-lane start on the grid (a car too many at the back costs a forecast less than one too few). What can't
be undone is that such a grid names the cars that the result names, and a place given up or taken after the
grid was published may be the later one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from formguide.formula1.f1db_records import Whole, place_and_status
from formguide.formula1.ids import Names, UnknownNameError
from formguide.formula1.records import Duration, Gap, Reading, Row, read_record
from formguide.records import Record

_TEXTS = {"R": "DNF", "W": "DNS", "D": "DSQ", "E": "EX", "N": "NC", "F": "DNQ"}
_CLASSIFIED = re.compile(r"finished|lapped|\+\d+ laps?", re.IGNORECASE)

PositionText = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]?|R|W|D|E|N|F)$")]
Place = Annotated[int, Field(ge=1, le=60)]

Item = tuple[str, int, Any, Any]
"""Where a record stands (file, number), what the source said, and its flattened fields."""


class Entry(Record):
    """A driver in a car: the source's ids, and the names that tell who a newcomer is."""

    driver_id: str
    driver_name: str | None = None
    constructor_id: str
    constructor_name: str | None = None


class ResultRecord(Entry):
    """One car's result of a race or sprint."""

    number: Whole | None = None
    grid: Whole | None = None
    position_order: Place
    position_text: PositionText
    points: Annotated[float, Field(ge=0, le=100)]
    laps: Whole | None = None
    time: Gap | None = None
    milliseconds: Annotated[int, Field(gt=0, lt=100_000_000)] | None = None
    status: str
    fastest_lap: Whole | None = None
    fastest_rank: Whole | None = None
    fastest_time: Duration | None = None


class GridRecord(Entry):
    """What a car's result says of the starting grid; `position_text` only for F, did not qualify."""

    grid: Whole | None = None
    position_text: Any = None


class QualifyingRecord(Entry):
    """One car's qualifying."""

    position: Place
    q1: Duration | None = None
    q2: Duration | None = None
    q3: Duration | None = None


class PitStopRecord(Record):
    """One pit stop."""

    driver_id: str
    driver_name: str | None = None
    stop: Annotated[int, Field(ge=1, le=100)]
    lap: Whole
    duration: Duration | None = None


def add_results(items: Sequence[Item], sprint: bool, common: Row, names: Names, reading: Reading) -> None:
    """Adds one race's results, and the starting grid and fastest laps that come with them."""
    _add_grid(items, "sprint" if sprint else "race", common, names, reading)
    table = "sprint_results" if sprint else "race_results"
    records = _read(ResultRecord, "position_order", items, (table, None), common, names, reading)
    winner = next((r for r, _, _ in records if r.position_order == 1), None)
    most_laps = max((r.laps or 0 for r, _, _ in records), default=0)
    timed = [r for r, _, _ in records if r.fastest_time is not None]
    timed.sort(key=lambda r: (r.fastest_time, r.driver_id))
    for record, driver, constructor in records:
        text = _TEXTS.get(record.position_text, record.position_text)
        position, status = place_and_status(text)
        started = status != "not_started"
        row = {**common, "driver_id": driver, "constructor_id": constructor}
        seconds = _race_time(record, winner)
        lapped = position is not None and seconds is None and (record.laps or 0) < most_laps
        reading.add(
            table,
            row
            | {
                "when": "sprint" if sprint else "race",
                "car_number": record.number,
                "grid_position": record.grid or None,
                "pit_lane_start": record.grid == 0 and started,
                "finish_order": record.position_order,
                "position": position,
                "position_text": text,
                "status": status,
                "laps": record.laps,
                "race_time_sec": seconds,
                "laps_behind": most_laps - (record.laps or 0) if lapped else None,
                "reason_retired": None if _CLASSIFIED.fullmatch(record.status) else record.status,
                "points": record.points,
            },
        )
        if not sprint and record.fastest_time is not None:
            lap = {"lap": record.fastest_lap, "lap_time_sec": record.fastest_time}
            rank = record.fastest_rank or timed.index(record) + 1
            reading.add("fastest_laps", row | lap | {"when": "race", "position": rank})


def _add_grid(items: Sequence[Item], session: str, common: Row, names: Names, reading: Reading) -> None:
    """Adds the starting grid that a race's results carry. How anybody finished does not touch it."""
    # What is wrong with a record is said once, where its result is read; a record whose result cannot be read
    # may still tell its place on the grid.
    quiet = Reading(reading.source)
    part = ("starting_grids", session)
    when = "sprint_grid" if session == "sprint" else "grid"
    for record, driver, constructor in _read(GridRecord, None, items, part, common, names, quiet):
        if record.grid is None or record.position_text == "F":
            continue
        row = {**common, "driver_id": driver, "constructor_id": constructor, "session": session, "when": when}
        place = {"grid_position": record.grid or None, "pit_lane_start": record.grid == 0}
        reading.add("starting_grids", row | place)
    reading.short |= quiet.short


def _race_time(record: ResultRecord, winner: ResultRecord | None) -> float | None:
    """Seconds: the milliseconds given, else the winner's time and the gap to it."""
    if record.milliseconds is not None:
        return record.milliseconds / 1000
    if record.time is None or record.time[0] is None:
        return None
    if record is winner:
        return record.time[0]
    first = _race_time(winner, winner) if winner is not None else None
    return first + record.time[0] if first is not None else None


def add_qualifying(items: Iterable[Item], common: Row, names: Names, reading: Reading) -> None:
    """Adds one race's qualifying."""
    part = ("qualifying_results", "qualifying")
    records = _read(QualifyingRecord, "position", items, part, common, names, reading)
    for record, driver, constructor in records:
        row = {**common, "session": "qualifying", "when": "qualifying", "driver_id": driver}
        times = {"q1_sec": record.q1, "q2_sec": record.q2, "q3_sec": record.q3}
        place = {"position": record.position, "position_text": str(record.position)}
        reading.add("qualifying_results", row | times | place | {"constructor_id": constructor})


def add_pit_stops(items: Iterable[Item], common: Row, names: Names, reading: Reading) -> None:
    """Adds one race's pit stops."""
    seen = set()
    for file, index, raw, fields in items:
        record = read_record(PitStopRecord, fields, reading, file, index)
        if record is None:
            continue
        try:
            driver = names.resolve("driver", record.driver_id, record.driver_name, common["season"])
        except UnknownNameError as error:
            reading.reject(file, index, "driverId", str(error), raw)
            continue
        if (driver, record.stop) in seen:
            reading.reject(file, index, "stop", f"stop {record.stop} of {driver} is given twice", raw)
            continue
        seen.add((driver, record.stop))
        row = {**common, "driver_id": driver, "when": "race"}
        reading.add(
            "pit_stops", row | {"stop": record.stop, "lap": record.lap, "duration_sec": record.duration}
        )


def _read(
    model: Any,
    place_field: str | None,
    items: Iterable[Item],
    part: tuple[str, str | None],
    common: Row,
    names: Names,
    reading: Reading,
) -> list[tuple[Any, str, str]]:
    """The records that can be read, each with its driver and constructor; the rest is set aside.

    Set aside are also the later of two records of one driver, and of two in one position (if there is a
    `place_field`).
    """
    records = []
    rejected = len(reading.rejects)
    drivers: dict[str, int] = {}
    places: dict[int, int] = {}
    for file, index, raw, fields in items:
        record = read_record(model, fields, reading, file, index)
        if record is None:
            continue
        try:
            driver = names.resolve("driver", record.driver_id, record.driver_name, common["season"])
            constructor = names.resolve(
                "constructor", record.constructor_id, record.constructor_name, common["season"]
            )
        except UnknownNameError as error:
            reading.reject(file, index, f"{error.kind}Id", str(error), raw)
            continue
        place = getattr(record, place_field) if place_field is not None else None
        if driver in drivers:
            reading.reject(
                file, index, "driverId", f"{driver} is also record {drivers[driver]}, which is kept", raw
            )
        elif place in places:
            reason = f"position {place} is also that of record {places[place]}, which is kept"
            reading.reject(file, index, "position", reason, raw)
        else:
            drivers[driver] = index
            if place is not None:
                places[place] = index
            records.append((record, driver, constructor))
    if len(reading.rejects) > rejected:
        reading.short.add((common["race_id"], *part))
    return records
