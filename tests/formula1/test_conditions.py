"""Wet races: the list, the measures of the rule, and that a race is judged by its own records alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from formguide.formula1.conditions import known_races, race_conditions
from formguide.formula1.ids import known_names
from formguide.formula1.tables import TABLES, RaceConditions
from formguide.schema import check, dtypes

INPUTS = (
    "race_calendar",
    "race_results",
    "qualifying_results",
    "fastest_laps",
    "pit_stops",
    "race_incidents",
)
CARS = [f"driver-{i:02}" for i in range(20)]


@dataclass
class Run:
    """A race that can be made wet in each of the ways that the rule looks for."""

    race_id: str = "2030-monaco"
    grand_prix_id: str = "monaco"
    race_date: date = date(2030, 5, 26)
    average: float = 83.0
    best: float = 80.0
    qualifying: float = 76.0
    slowest_best: float = 82.0
    stop_laps: list[int] = field(default_factory=lambda: [10 + 2 * i for i in range(20)])
    stoppage: float | None = None
    incidents: list[dict[str, Any]] = field(default_factory=list)

    def frames(self) -> dict[str, list[dict[str, Any]]]:
        at = datetime.combine(self.race_date, datetime.min.time()).replace(hour=14)
        common = {"season": self.race_date.year, "round": 7, "race_id": self.race_id, "session_at": at}
        common |= {"source": "f1db", "fingerprint": "0" * 16}
        bests = [self.best + 0.05 * i for i in range(19)] + [self.slowest_best]
        calendar = {
            "grand_prix_id": self.grand_prix_id,
            "race_name": "M",
            "circuit_id": "monaco",
            "has_sprint": False,
        }
        calendar |= {"race_date": self.race_date, "race_at": at, "qualifying_at": at, "weekend_at": at}
        stops = [
            {"driver_id": car, "stop": 1, "lap": lap, "duration_sec": 24.0}
            for car, lap in zip(CARS, self.stop_laps, strict=False)
        ]
        if self.stoppage is not None:
            stops.append({"driver_id": CARS[0], "stop": 2, "lap": 30, "duration_sec": self.stoppage})
        results = [
            {
                "driver_id": car,
                "constructor_id": "c",
                "finish_order": i + 1,
                "position": i + 1,
                "position_text": str(i + 1),
                "status": "finished",
                "pit_lane_start": False,
                "laps": 60,
                "points": 0.0,
                "race_time_sec": 60 * self.average if i == 0 else None,
            }
            for i, car in enumerate(CARS)
        ]
        quali = [
            {"driver_id": CARS[0], "session": "qualifying", "position_text": "1", "q3_sec": self.qualifying}
        ]
        laps = [
            {"driver_id": car, "position": i + 1, "lap_time_sec": t}
            for i, (car, t) in enumerate(zip(CARS, bests, strict=True))
        ]
        rows: dict[str, list[dict[str, Any]]] = {
            "race_calendar": [calendar],
            "race_results": results,
            "qualifying_results": [q | {"constructor_id": "c"} for q in quali],
            "fastest_laps": laps,
            "pit_stops": stops,
            "race_incidents": self.incidents,
        }
        return {name: [common | row for row in found] for name, found in rows.items()}


def judged(*runs: Run) -> pl.DataFrame:
    frames = []
    for name in INPUTS:
        rows = [row for run in runs for row in run.frames()[name]]
        schema = dtypes(TABLES[name])
        frames.append(pl.DataFrame([{c: row.get(c) for c in schema} for row in rows], schema=schema))
    return race_conditions(*frames)


def one(run: Run) -> dict[str, Any]:
    return judged(run).row(0, named=True)


def safety_car(start: int, end: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "safety_car",
        "number": 1,
        "start_lap": start,
        "end_lap": end,
        "full_laps": end - start,
    } | more


def test_an_ordinary_race_is_dry() -> None:
    row = one(Run())
    assert row["wet_score"] < -2
    assert (row["wet"], row["wet_listed"], row["scenario"]) == (False, None, "dry")
    assert (row["safety_car"], row["red_flag"]) == (None, None)
    check(judged(Run()), RaceConditions)


@pytest.mark.parametrize(
    "marks",
    [
        {"average": 90.0},
        {"best": 88.0, "average": 91.0},
        {"slowest_best": 92.0},
        {"stop_laps": [20] * 20},
        {"incidents": [safety_car(5, 7, cause="Rain", rain=True)]},
    ],
)
def test_each_mark_of_rain_raises_the_score(marks: dict[str, Any]) -> None:
    assert one(Run(**marks))["wet_score"] > one(Run())["wet_score"] + 0.5


def test_a_race_with_several_marks_is_wet() -> None:
    row = one(Run(average=91.0, slowest_best=93.0, stop_laps=[20] * 20))
    assert row["wet_score"] > 0
    assert (row["wet"], row["scenario"]) == (True, "wet")


def test_neutralised_laps_and_stoppages_are_no_rain() -> None:
    calm = one(Run())["wet_score"]
    queued = Run(average=86.0, incidents=[safety_car(20, 26)])
    assert one(queued)["wet_score"] < calm + 0.2
    assert one(Run(stop_laps=[20] * 20, incidents=[safety_car(20, 23)]))["wet_score"] < calm + 0.2
    assert one(Run(average=83.0 + 30.0, stoppage=1800.0))["wet_score"] == pytest.approx(calm, abs=1e-9)
    unexplained = one(Run(average=113.0))["wet_score"]
    assert unexplained < one(Run(average=95.0))["wet_score"]


def test_scenarios() -> None:
    flag = {"kind": "red_flag", "number": 1, "start_lap": 3}
    none = {"kind": "none", "number": 1}
    virtual = {"kind": "virtual_safety_car", "number": 1, "start_lap": 3, "end_lap": 4, "full_laps": 2}
    for incidents, car, red, scenario in [
        ([none], False, False, "dry"),
        ([virtual], False, False, "dry"),
        ([safety_car(5, 8)], True, False, "safety_car"),
        ([flag], False, True, "safety_car"),
    ]:
        row = one(Run(incidents=incidents))
        assert (row["safety_car"], row["red_flag"], row["scenario"]) == (car, red, scenario)


def test_the_list_decides_where_it_speaks() -> None:
    wet = Run("2022-monaco", race_date=date(2022, 5, 29))
    dry = Run(
        "2021-monaco", race_date=date(2021, 5, 23), average=91.0, slowest_best=93.0, stop_laps=[20] * 20
    )
    other_league = Run("2022-fable", "fable", date(2022, 5, 29))
    rows = {row["race_id"]: row for row in judged(wet, dry, other_league).iter_rows(named=True)}
    assert (rows["2022-monaco"]["wet"], rows["2022-monaco"]["wet_listed"]) == (True, True)
    assert rows["2022-monaco"]["wet_score"] < 0
    assert (rows["2021-monaco"]["wet"], rows["2021-monaco"]["wet_listed"]) == (False, False)
    assert rows["2021-monaco"]["wet_score"] > 0
    assert rows["2022-fable"]["wet_listed"] is None


def test_the_list_names_races_by_ids_that_exist() -> None:
    known = known_races()
    for race_id in known.wet:
        season, _, grand_prix = race_id.partition("-")
        assert known.first.year <= int(season) <= known.last.year
        assert grand_prix in known_names().entities["grand prix"]


def test_a_race_is_judged_by_its_own_records() -> None:
    first = Run("2030-monaco", race_date=date(2030, 5, 26))
    calm = Run("2031-monaco", race_date=date(2031, 5, 25))
    wild = Run(
        "2031-monaco",
        "monaco",
        date(2031, 5, 25),
        110.0,
        90.0,
        76.0,
        120.0,
        [5] * 20,
        None,
        [safety_car(1, 9)],
    )
    for later in (calm, wild):
        assert judged(first, later).filter(race_id="2030-monaco").equals(judged(first))


def test_a_race_without_laps_stops_or_incidents_has_a_score_all_the_same() -> None:
    frames = {name: pl.DataFrame(schema=dtypes(TABLES[name])) for name in INPUTS}
    assert race_conditions(*frames.values()).is_empty()
    rows = Run().frames()
    for name in ("race_calendar", "race_results"):
        schema = dtypes(TABLES[name])
        frames[name] = pl.DataFrame([{c: row.get(c) for c in schema} for row in rows[name]], schema=schema)
    check(race_conditions(*frames.values()), RaceConditions)
