"""The canonical tables of Formula 1: what every source is read into, whatever it looked like.

Each record names its race (`race_id`, which a renumbered race keeps), the moment from which it may have
been known (`session_at`: a forecast as of a moment sees the rows whose session started before it), the
source it came from and a fingerprint of what that source said. Ids are f1db's. Durations are in seconds,
moments in naive UTC.
"""

from __future__ import annotations

import dataframely as dy

from formguide.schema import Table


def _text(doc: str, *, null: bool = False, key: bool = False) -> dy.String:
    return dy.String(primary_key=key, nullable=null, metadata={"doc": doc})


def _whole(doc: str, *, null: bool = False, key: bool = False, least: int | None = 0) -> dy.Int32:
    return dy.Int32(primary_key=key, nullable=null, min=least, metadata={"doc": doc})


def _number(doc: str, *, null: bool = False, least: float | None = None) -> dy.Float64:
    return dy.Float64(nullable=null, min=least, metadata={"doc": doc})


def _flag(doc: str, *, null: bool = False) -> dy.Bool:
    return dy.Bool(nullable=null, metadata={"doc": doc})


def _moment(doc: str, *, null: bool = False) -> dy.Datetime:
    return dy.Datetime(nullable=null, time_unit="ms", metadata={"doc": doc})


class RaceRecord(Table):
    """The columns that every Formula 1 table starts with; not a table itself."""

    season = _whole("Championship year", least=1950)
    round = _whole("The race's place in the season's calendar, as its source numbers it today", least=1)
    race_id = _text("Season and grand prix, e.g. 2024-monaco; a renumbered race keeps it", key=True)
    session_at = _moment("When the session behind the record started (UTC); it is known only after that")
    source = _text("Where the record was read: f1db, jolpica or ergast")
    fingerprint = _text("Hash (16 hex digits of SHA-256) of what the source said")


class RaceCalendar(RaceRecord):
    """One row per race of a season, past or coming: an allow-list of what is known before the weekend."""

    sport = "formula1"
    name = "race_calendar"
    description = "The season's races: circuit, dates, scheduled distance; nothing that tells how one went."

    grand_prix_id = _text("f1db grand prix id")
    race_name = _text("Name of the grand prix")
    circuit_id = _text("f1db circuit id")
    circuit_type = _text("RACE (permanent), STREET or ROAD", null=True)
    course_km = _number("Length of a lap, km", null=True, least=0.0)
    turns = _whole("Number of turns", null=True)
    scheduled_laps = _whole("Laps the race was scheduled over", null=True)
    race_date = dy.Date(metadata={"doc": "Date of the race"})
    race_at = _moment("Start of the race (UTC); 14:00 where no source gives a time")
    qualifying_at = _moment("Start of qualifying (UTC)")
    weekend_at = _moment("Start of the weekend's first session (UTC)")
    has_sprint = _flag("Whether the weekend has a sprint race")
    sprint_at = _moment("Start of the sprint race (UTC)", null=True)
    sprint_qualifying_at = _moment("Start of sprint qualifying (UTC); 2021 and 2022 had none", null=True)


class RaceResults(RaceRecord):
    """One row per driver entered in a race."""

    sport = "formula1"
    name = "race_results"
    description = "Race classification, the retired and disqualified included."

    driver_id = _text("f1db driver id", key=True)
    constructor_id = _text("f1db constructor id of the team raced for", null=False)
    car_number = _whole("Number on the car", null=True)
    finish_order = _whole("1..N: classified cars in order, then the others in the source's order", least=1)
    position = _whole("Classified position; missing if not classified", null=True, least=1)
    position_text = _text("The position, or DNF, DNS, DSQ, NC, DNP, DNQ, EX")
    status = _text("finished (classified), retired, not_started, disqualified or not_classified")
    grid_position = _whole("Place on the starting grid; missing for a pit-lane start", null=True, least=1)
    pit_lane_start = _flag("Whether the car started from the pit lane")
    laps = _whole("Laps completed", null=True)
    race_time_sec = _number("Race time, seconds; only for cars on the lead lap", null=True, least=0.0)
    laps_behind = _whole("Laps behind the winner; missing where the gap is given in time", null=True)
    time_penalty_sec = _number("Time penalty included in the race time, seconds", null=True)
    reason_retired = _text("Why the car retired, did not start or was disqualified", null=True)
    points = _number("Championship points scored", least=0.0)


class SprintResults(RaceResults):
    """One row per driver entered in a sprint race; columns as in the race results."""

    name = "sprint_results"
    description = "Sprint classification, the retired and disqualified included."


class StartingGrids(RaceRecord):
    """One row per car on the starting grid, as published about an hour before the start.

    f1db has the list itself, cars included that then did not start. Where f1db has none, the grid is taken
    from Jolpica's or Ergast's results: written down after the race, it names only cars that the result names.
    """

    sport = "formula1"
    name = "starting_grids"
    description = (
        "Starting grids of races and sprints, penalties applied. With source jolpica or ergast it comes from "
        "the result: only the cars that this names, one that withdrew without a place as a pit-lane start."
    )

    session = _text("race or sprint", key=True)
    driver_id = _text("f1db driver id", key=True)
    constructor_id = _text("f1db constructor id")
    grid_position = _whole(
        "Place on the grid; missing for a pit-lane start; two cars may be given the same one",
        null=True,
        least=1,
    )
    pit_lane_start = _flag("Whether the car starts from the pit lane")
    grid_penalty = _text("Places lost by a penalty (a number), or SFB: started from the back", null=True)


class QualifyingResults(RaceRecord):
    """One row per driver and qualifying session."""

    sport = "formula1"
    name = "qualifying_results"
    description = "Qualifying and sprint qualifying: position and best time of each part."

    session = _text("qualifying or sprint_qualifying", key=True)
    driver_id = _text("f1db driver id", key=True)
    constructor_id = _text("f1db constructor id")
    position = _whole("Qualifying position; missing if none was given", null=True, least=1)
    position_text = _text("The position, or NC, DSQ, EX, DNF, DNS")
    q1_sec = _number("Best lap of the first part, seconds", null=True, least=0.0)
    q2_sec = _number("Best lap of the second part, seconds", null=True, least=0.0)
    q3_sec = _number("Best lap of the third part, seconds", null=True, least=0.0)
    laps = _whole("Laps driven", null=True)


class PracticeResults(RaceRecord):
    """One row per driver and free practice session."""

    sport = "formula1"
    name = "practice_results"
    description = "Free practice: best lap and number of laps."

    session = _whole("Free practice 1, 2 or 3", key=True, least=1)
    driver_id = _text("f1db driver id", key=True)
    constructor_id = _text("f1db constructor id")
    position = _whole("Position by best lap", null=True, least=1)
    best_lap_sec = _number("Best lap, seconds", null=True, least=0.0)
    laps = _whole("Laps driven", null=True)


class PitStops(RaceRecord):
    """One row per pit stop of a race."""

    sport = "formula1"
    name = "pit_stops"
    description = "Pit stops of the race: lap and time from pit entry to exit."

    driver_id = _text("f1db driver id", key=True)
    stop = _whole("The driver's first stop, second, ...", key=True, least=1)
    constructor_id = _text("f1db constructor id", null=True)
    lap = _whole("Lap on which the car came in")
    duration_sec = _number(
        "Seconds in the pit lane; under a red flag, as long as the flag", null=True, least=0.0
    )


class FastestLaps(RaceRecord):
    """One row per driver who set a timed lap in the race."""

    sport = "formula1"
    name = "fastest_laps"
    description = "Each driver's fastest lap of the race."

    driver_id = _text("f1db driver id", key=True)
    constructor_id = _text("f1db constructor id", null=True)
    position = _whole("Rank by fastest lap", least=1)
    lap = _whole("Lap on which it was set", null=True)
    lap_time_sec = _number("The lap's time, seconds", least=0.0)


class RaceIncidents(RaceRecord):
    """One row per safety car, virtual safety car and red flag of a race, or one of kind none.

    A race without a row is one that no list covers; `none` says that the lists cover it and name nothing.
    """

    sport = "formula1"
    name = "race_incidents"
    description = "Safety cars, virtual safety cars and red flags, where somebody lists them."

    kind = _text(
        "safety_car, virtual_safety_car, red_flag, or none: the lists cover the race and name nothing",
        key=True,
    )
    number = _whole("1 for the race's first of its kind, 2 for its second, ...", key=True, least=1)
    start_lap = _whole("Lap on which it began", null=True)
    end_lap = _whole(
        "Lap on which it ended; missing if the race did too, or if the source does not say", null=True
    )
    full_laps = _whole("Whole laps run under it", null=True)
    cause = _text("What the source gives as its cause", null=True)
    rain = _flag("Whether the cause names rain; missing where no cause is given", null=True)


class RaceConditions(RaceRecord):
    """One row per race that was run: wet or dry, inferred afterwards."""

    sport = "formula1"
    name = "race_conditions"
    description = "Whether the race was wet or neutralised, inferred from it after the event."

    circuit_id = _text("f1db circuit id")
    wet_score = _number("Evidence for a wet race, on the logit scale of its rule; 0 is the threshold")
    wet = _flag("Whether the race is taken as wet: the list of known wet races decides, else the score")
    wet_listed = _flag("What the list of known races says; missing for seasons it does not cover", null=True)
    safety_car = _flag("Whether the safety car was out; missing where nobody lists the race", null=True)
    red_flag = _flag("Whether the race was stopped; missing where nobody lists the race", null=True)
    scenario = _text("dry, wet or safety_car (dry and neutralised by a safety car or red flag)")


SOURCE_TABLES: tuple[type[Table], ...] = (
    RaceCalendar,
    RaceResults,
    StartingGrids,
    QualifyingResults,
    PracticeResults,
    SprintResults,
    PitStops,
    FastestLaps,
    RaceIncidents,
)
"""The tables that the readers fill; race conditions are inferred from them."""

_EVERY: tuple[type[Table], ...] = (*SOURCE_TABLES, RaceConditions)

TABLES: dict[str, type[Table]] = {table.name: table for table in _EVERY}
"""Every canonical table by its asset name."""
