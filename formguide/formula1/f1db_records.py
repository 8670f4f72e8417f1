"""The records of f1db's files, one model per kind of file, and the text a position may be.

Names are f1db's own in snake case. What a model does not name is not read: the calendar's list is an
allow-list on purpose.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from formguide.formula1.records import Duration, Gap, TimeOfDay
from formguide.records import Record

Position = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]?|DNF|DNS|DSQ|NC|DNP|EX|DNQ|DNPQ)$")]
GridPosition = Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]?|PL)$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
Whole = Annotated[int, Field(ge=0, le=10_000)]


class RaceFile(Record):
    """The fields of `race.yml` that are known before the race; no other is read."""

    round: Annotated[int, Field(ge=1, le=60)]
    date: dt.date
    time: TimeOfDay | None = None
    grand_prix_id: Id
    qualifying_format: str | None = None
    sprint_qualifying_format: str | None = None
    circuit_id: Id
    circuit_type: Literal["RACE", "STREET", "ROAD"] | None = None
    course_length: Annotated[float, Field(gt=0, le=30)] | None = None
    turns: Whole | None = None
    laps: Whole | None = None
    scheduled_laps: Whole | None = None
    sprint_race_laps: Whole | None = None
    free_practice1_date: dt.date | None = Field(None, alias="freePractice1Date")
    free_practice1_time: TimeOfDay | None = Field(None, alias="freePractice1Time")
    free_practice2_date: dt.date | None = Field(None, alias="freePractice2Date")
    free_practice2_time: TimeOfDay | None = Field(None, alias="freePractice2Time")
    free_practice3_date: dt.date | None = Field(None, alias="freePractice3Date")
    free_practice3_time: TimeOfDay | None = Field(None, alias="freePractice3Time")
    qualifying_date: dt.date | None = None
    qualifying_time: TimeOfDay | None = None
    sprint_qualifying_date: dt.date | None = None
    sprint_qualifying_time: TimeOfDay | None = None
    sprint_race_date: dt.date | None = None
    sprint_race_time: TimeOfDay | None = None


class Entry(Record):
    """What every session's records share."""

    driver_id: Id
    constructor_id: Id
    driver_number: Whole | None = None


class RaceEntry(Entry):
    """A record of `race-results.yml` or `sprint-race-results.yml`."""

    position: Position
    laps: Whole | None = None
    time: Duration | None = None
    time_penalty: Duration | None = None
    gap: Gap | None = None
    reason_retired: str | None = None
    points: Annotated[float, Field(ge=0, le=100)] = 0.0
    grid_position: GridPosition | None = None


class GridEntry(Entry):
    """A record of `starting-grid-positions.yml`."""

    position: GridPosition
    grid_penalty: str | None = None


class QualifyingEntry(Entry):
    """A record of `qualifying-results.yml` or `sprint-qualifying-results.yml`."""

    position: Position
    q1: Duration | None = None
    q2: Duration | None = None
    q3: Duration | None = None
    laps: Whole | None = None


class PracticeEntry(Entry):
    """A record of `free-practice-N-results.yml`."""

    position: Position
    time: Duration | None = None
    laps: Whole | None = None


class PitStopEntry(Entry):
    """A record of `pit-stops.yml`."""

    stop: Annotated[int, Field(ge=1, le=100)]
    lap: Whole
    time: Duration | None = None


class FastestLapEntry(Entry):
    """A record of `fastest-laps.yml`."""

    position: Annotated[int, Field(ge=1, le=60)]
    lap: Whole | None = None
    time: Duration


def place_and_status(text: str) -> tuple[int | None, str]:
    """A classified position (if any) and the status that a position's text stands for."""
    if text.isdecimal():
        return int(text), "finished"
    status = {"DNF": "retired", "DSQ": "disqualified", "EX": "disqualified", "NC": "not_classified"}
    return None, status.get(text, "not_started")
