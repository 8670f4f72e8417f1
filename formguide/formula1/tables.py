"""The canonical tables of Formula 1: what every source is read into, whatever it looked like.

Each record names its race (`race_id`, which a renumbered race keeps), the moment from which it may have
been known (`session_at`: a forecast as of a moment sees the rows whose session started before it), the
source it came from and a fingerprint of what that source said. Ids are f1db's. Durations are in seconds,
moments in naive UTC.
"""

from __future__ import annotations

from formguide.columns import day, flag, moment, number, text, whole
from formguide.schema import Table


class RaceRecord(Table):
    """The columns that every Formula 1 table starts with; not a table itself."""

    season = whole("Championship year", least=1950)
    round = whole("The race's place in the season's calendar, as its source numbers it today", least=1)
    race_id = text("Season and grand prix, e.g. 2024-monaco; a renumbered race keeps it", key=True)
    session_at = moment("When the session behind the record started (UTC); it is known only after that")
    source = text("Where the record was read: f1db, jolpica or ergast")
    fingerprint = text("Hash (16 hex digits of SHA-256) of what the source said")


class RaceCalendar(RaceRecord):
    """One row per race of a season, past or coming: an allow-list of what is known before the weekend."""

    sport = "formula1"
    name = "race_calendar"
    description = "The season's races: circuit, dates, scheduled distance; nothing that tells how one went."

    grand_prix_id = text("f1db grand prix id")
    race_name = text("Name of the grand prix")
    circuit_id = text("f1db circuit id")
    circuit_type = text("RACE (permanent), STREET or ROAD", null=True)
    course_km = number("Length of a lap, km", null=True, least=0.0)
    turns = whole("Number of turns", null=True)
    scheduled_laps = whole("Laps the race was scheduled over", null=True)
    race_date = day("Date of the race")
    race_at = moment("Start of the race (UTC); 14:00 where no source gives a time")
    qualifying_at = moment("Start of qualifying (UTC)")
    weekend_at = moment("Start of the weekend's first session (UTC)")
    has_sprint = flag("Whether the weekend has a sprint race")
    sprint_at = moment("Start of the sprint race (UTC)", null=True)
    sprint_qualifying_at = moment("Start of sprint qualifying (UTC); 2021 and 2022 had none", null=True)


class RaceResults(RaceRecord):
    """One row per driver entered in a race."""

    sport = "formula1"
    name = "race_results"
    description = "Race classification, the retired and disqualified included."

    driver_id = text("f1db driver id", key=True)
    constructor_id = text("f1db constructor id of the team raced for", null=False)
    car_number = whole("Number on the car", null=True)
    finish_order = whole("1..N: classified cars in order, then the others in the source's order", least=1)
    position = whole("Classified position; missing if not classified", null=True, least=1)
    position_text = text("The position, or DNF, DNS, DSQ, NC, DNP, DNQ, EX")
    status = text("finished (classified), retired, not_started, disqualified or not_classified")
    grid_position = whole("Place on the starting grid; missing for a pit-lane start", null=True, least=1)
    pit_lane_start = flag("Whether the car started from the pit lane")
    laps = whole("Laps completed", null=True)
    race_time_sec = number("Race time, seconds; only for cars on the lead lap", null=True, least=0.0)
    laps_behind = whole("Laps behind the winner; missing where the gap is given in time", null=True)
    time_penalty_sec = number("Time penalty included in the race time, seconds", null=True)
    reason_retired = text("Why the car retired, did not start or was disqualified", null=True)
    points = number("Championship points scored", least=0.0)


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

    session = text("race or sprint", key=True)
    driver_id = text("f1db driver id", key=True)
    constructor_id = text("f1db constructor id")
    grid_position = whole(
        "Place on the grid; missing for a pit-lane start; two cars may be given the same one",
        null=True,
        least=1,
    )
    pit_lane_start = flag("Whether the car starts from the pit lane")
    grid_penalty = text("Places lost by a penalty (a number), or SFB: started from the back", null=True)


class QualifyingResults(RaceRecord):
    """One row per driver and qualifying session."""

    sport = "formula1"
    name = "qualifying_results"
    description = "Qualifying and sprint qualifying: position and best time of each part."

    session = text("qualifying or sprint_qualifying", key=True)
    driver_id = text("f1db driver id", key=True)
    constructor_id = text("f1db constructor id")
    position = whole("Qualifying position; missing if none was given", null=True, least=1)
    position_text = text("The position, or NC, DSQ, EX, DNF, DNS")
    q1_sec = number("Best lap of the first part, seconds", null=True, least=0.0)
    q2_sec = number("Best lap of the second part, seconds", null=True, least=0.0)
    q3_sec = number("Best lap of the third part, seconds", null=True, least=0.0)
    laps = whole("Laps driven", null=True)


class PracticeResults(RaceRecord):
    """One row per driver and free practice session."""

    sport = "formula1"
    name = "practice_results"
    description = "Free practice: best lap and number of laps."

    session = whole("Free practice 1, 2 or 3", key=True, least=1)
    driver_id = text("f1db driver id", key=True)
    constructor_id = text("f1db constructor id")
    position = whole("Position by best lap", null=True, least=1)
    best_lap_sec = number("Best lap, seconds", null=True, least=0.0)
    laps = whole("Laps driven", null=True)


class PitStops(RaceRecord):
    """One row per pit stop of a race."""

    sport = "formula1"
    name = "pit_stops"
    description = "Pit stops of the race: lap and time from pit entry to exit."

    driver_id = text("f1db driver id", key=True)
    stop = whole("The driver's first stop, second, ...", key=True, least=1)
    constructor_id = text("f1db constructor id", null=True)
    lap = whole("Lap on which the car came in")
    duration_sec = number(
        "Seconds in the pit lane; under a red flag, as long as the flag", null=True, least=0.0
    )


class FastestLaps(RaceRecord):
    """One row per driver who set a timed lap in the race."""

    sport = "formula1"
    name = "fastest_laps"
    description = "Each driver's fastest lap of the race."

    driver_id = text("f1db driver id", key=True)
    constructor_id = text("f1db constructor id", null=True)
    position = whole("Rank by fastest lap", least=1)
    lap = whole("Lap on which it was set", null=True)
    lap_time_sec = number("The lap's time, seconds", least=0.0)


class RaceIncidents(RaceRecord):
    """One row per safety car, virtual safety car and red flag of a race, or one of kind none.

    A race without a row is one that no list covers; `none` says that the lists cover it and name nothing.
    """

    sport = "formula1"
    name = "race_incidents"
    description = "Safety cars, virtual safety cars and red flags, where somebody lists them."

    kind = text(
        "safety_car, virtual_safety_car, red_flag, or none: the lists cover the race and name nothing",
        key=True,
    )
    number = whole("1 for the race's first of its kind, 2 for its second, ...", key=True, least=1)
    start_lap = whole("Lap on which it began", null=True)
    end_lap = whole(
        "Lap on which it ended; missing if the race did too, or if the source does not say", null=True
    )
    full_laps = whole("Whole laps run under it", null=True)
    cause = text("What the source gives as its cause", null=True)
    rain = flag("Whether the cause names rain; missing where no cause is given", null=True)


class RaceConditions(RaceRecord):
    """One row per race that was run: wet or dry, inferred afterwards."""

    sport = "formula1"
    name = "race_conditions"
    description = "Whether the race was wet or neutralised, inferred from it after the event."

    circuit_id = text("f1db circuit id")
    wet_score = number("Evidence for a wet race, on the logit scale of its rule; 0 is the threshold")
    wet = flag("Whether the race is taken as wet: the list of known wet races decides, else the score")
    wet_listed = flag("What the list of known races says; missing for seasons it does not cover", null=True)
    safety_car = flag("Whether the safety car was out; missing where nobody lists the race", null=True)
    red_flag = flag("Whether the race was stopped; missing where nobody lists the race", null=True)
    scenario = text("dry, wet or safety_car (dry and neutralised by a safety car or red flag)")


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
