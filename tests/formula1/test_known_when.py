"""From which moment on something counts as known: what decides it, and what must not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from formguide.formula1 import issuing
from formguide.formula1.baselines import Baselines
from formguide.formula1.forecast import forecast_races
from formguide.formula1.forecast_tables import RaceForecasts
from formguide.formula1.issuing import issued, outlooks
from formguide.formula1.ml_layer import MlLayer
from formguide.formula1.results import build_season
from formguide.formula1.sample import write_sample
from formguide.formula1.settings import ForecastSettings, MlSettings
from formguide.formula1.strengths import StrengthsResult
from formguide.formula1.tables import RaceCalendar, RaceResults
from formguide.formula1.weekends import Session, Weekend
from formguide.lake import Lake

from .chain import run as run_chain
from .test_ergast import QUALIFYING, RACES, RESULT_COLUMNS, RESULTS, SAFETY, files
from .test_f1db import folder, race_yml, results_yml
from .test_results import tree

TIMES = (
    "freePractice1Date: 2024-05-24\nfreePractice1Time: 11:30\n"
    "qualifyingDate: 2024-05-25\nqualifyingTime: 14:00\n"
)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("freePractice1Date: 2024-05-24", "freePractice1Date: 2024-04-24", "practice_1 at 2024-04-24 11:30"),
        ("freePractice1Date: 2024-05-24", "freePractice1Date: 2023-05-24", "practice_1 at 2023-05-24 11:30"),
        ("qualifyingDate: 2024-05-25", "qualifyingDate: 2024-06-25", "qualifying at 2024-06-25 14:00"),
        ("qualifyingDate: 2024-05-25", "qualifyingDate: 2024-05-26", "qualifying at 2024-05-26 14:00"),
    ],
)
def test_a_mistyped_day_does_not_make_a_session_known_before_its_weekend_or_after_its_race(
    right: str, wrong: str, said: str
) -> None:
    given = folder({"race": race_yml(more=TIMES.replace(right, wrong)), "race-results": results_yml()})
    built = build_season(2024, {"f1db": given})
    row = built.tables["race_calendar"].row(0, named=True)
    race_at = datetime(2024, 5, 26, 13)
    assert row["race_at"] == race_at
    assert race_at - timedelta(days=3) < row["weekend_at"] < row["qualifying_at"] < race_at
    assert [note for note in built.notes if said in note and "2024-monaco" in note]


def test_a_sprint_whose_date_is_missing_still_comes_after_the_qualifying_of_its_format() -> None:
    races = RACES.replace("2023-05-26,11:30:00,2023-05-27,10:00:00", "\\N,\\N,\\N,\\N")
    races = races.replace("2023-05-27,14:30:00", "\\N,\\N")
    sprint = RESULTS.replace("\n1,1,", "\n1,2,").replace("\n2,1,", "\n2,2,").replace("\n3,1,", "\n3,2,")
    row = QUALIFYING.replace("1,1,2,2,33,1", "1,2,2,2,33,1").replace("2,1,1,1,44,2", "2,2,1,1,44,2")
    given = files(races=races, sprint_results=sprint, qualifying=row)
    tables = build_season(2023, {"ergast_csv": given}).tables
    calendar = tables["race_calendar"].filter(race_id="2023-monaco").row(0, named=True)
    assert calendar["has_sprint"]
    assert tables["qualifying_results"]["session_at"].unique().to_list() == [calendar["qualifying_at"]]
    assert calendar["qualifying_at"] < tables["sprint_results"]["session_at"][0] < calendar["race_at"]


def test_a_session_on_the_morning_of_its_race_is_no_mistake() -> None:
    more = TIMES.replace("2024-05-25\nqualifyingTime: 14:00", "2024-05-26\nqualifyingTime: 08:00")
    row = build_season(2024, {"f1db": folder({"race": race_yml(more=more)})}).tables["race_calendar"]
    assert row["qualifying_at"][0] == datetime(2024, 5, 26, 8)


def test_where_one_source_mistypes_a_day_another_is_asked() -> None:
    more = "sprintRaceLaps: 19\nsprintRaceDate: 2023-06-27\nsprintRaceTime: 14:30\n"
    text = race_yml(2, more=more).replace(b"2024-05-26", b"2023-05-28")
    given = {path.replace("2024", "2023"): body for path, body in folder({"race": text}).items()}
    calendar = build_season(2023, {"f1db": given, "ergast_csv": files()}).tables["race_calendar"]
    assert calendar.filter(race_id="2023-monaco")["sprint_at"][0] == datetime(2023, 5, 27, 14, 30)


NAMES = [
    *("Bahrain", "Australian", "Azerbaijan", "Miami", "Monaco", "Spanish", "Canadian", "Austrian", "British"),
    *("Hungarian", "Belgian", "Dutch", "Italian", "Singapore", "Japanese", "Qatar"),
]


def season_of(run: int, incidents: tuple[int, ...]) -> dict[str, bytes]:
    """Ergast's files of a 2023 of which `run` races were held, and which list incidents in some rounds."""
    names = [f"{name} Grand Prix" for name in NAMES]
    head = RACES.splitlines()[0]
    races = [
        f"{i},2023,{i},3,{name},{date(2023, 3, 5) + timedelta(weeks=i)},15:00:00,u" + ",\\N" * 10
        for i, name in enumerate(names, start=1)
    ]
    results = [
        f"{i},{i},2,2,33,1,1,1,1,25,57,1:30:00.000,5400000,40,2,1:33.000,200,1" for i in range(1, run + 1)
    ]
    listed = [f"2022 {names[0]},Debris,3,5,2", *(f"2023 {names[i - 1]},Debris,3,5,2" for i in incidents)]
    return files(
        races="\n".join([head, *races]) + "\n",
        results=RESULT_COLUMNS + "\n".join(results) + "\n",
        safety_cars="\n".join([SAFETY.splitlines()[0], *listed]) + "\n",
    )


def incidents_of(given: dict[str, bytes]) -> list[tuple[int, str]]:
    frame = build_season(2023, {"ergast_csv": given}).tables["race_incidents"]
    return list(frame.select("round", "kind").iter_rows())


def test_that_a_race_had_no_safety_car_is_not_learnt_from_a_later_race() -> None:
    whole = incidents_of(season_of(16, (3, 6)))
    for run in range(1, 17):
        until = incidents_of(season_of(run, tuple(i for i in (3, 6) if i <= run)))
        assert until == [row for row in whole if row[0] <= run], run
    assert whole[:4] == [(1, "none"), (2, "none"), (3, "safety_car"), (4, "none")]


def test_lists_without_results_speak_of_the_races_whose_result_another_source_has() -> None:
    lists = season_of(0, (3,))
    del lists["results.csv"]
    built = build_season(2023, {"f1db": tree(), "ergast_csv": lists}).tables["race_incidents"]
    assert built.select("race_id", "kind").rows() == [
        ("2023-bahrain", "none"),
        ("2023-azerbaijan", "safety_car"),
    ]


def test_lists_that_have_been_silent_for_long_have_ended() -> None:
    assert incidents_of(season_of(16, (3,)))[-1] == (13, "none")
    lists = season_of(16, ())
    lists["safety_cars.csv"] = lists["safety_cars.csv"].replace(b"2022 ", b"2021 ")
    assert incidents_of(lists) == []


def test_a_tie_in_the_standings_is_not_broken_by_the_race_that_is_learnt_from() -> None:
    """Before the first race nobody has points, so the standings tell nothing about its winner."""
    table = np.zeros_like(Baselines().standing_counts)
    for order in permutations("abcd"):
        at = datetime(2024, 3, 3, 15)
        flags = {"started": np.ones(4, bool), "finished": np.ones(4, bool)}
        race = Session.of("race", 0, at, order, order, order, points=np.zeros(4), **flags)
        memory = Baselines()
        memory.learn(Weekend(2024, 1, "2024-x", "X", "x", None, None, at, at, at, False, (race,)))
        table += memory.standing_counts
    np.testing.assert_array_equal(table[:4, :4], 6)


def test_the_ml_layer_asked_as_of_a_day_has_not_learnt_of_later_races(
    weekends: list[Weekend], run: StrengthsResult
) -> None:
    settings = ForecastSettings(ml=MlSettings(min_races=20, refit_every_races=2, rounds=10))
    seen = [o for o in outlooks(weekends, run.checkpoints, settings) if o.moment == "before_weekend"]
    day = seen[30].as_of
    then, now = MlLayer(settings), MlLayer(settings)
    then.learn(seen[:30])
    now.learn(seen)
    assert np.abs(then.adjust(seen[40]) - now.adjust(seen[40])).max() > 0
    now = MlLayer(settings)
    now.learn(seen)
    now.forget(day)
    np.testing.assert_array_equal(then.adjust(seen[40]), now.adjust(seen[40]))


def test_what_is_issued_after_the_start_of_a_race_says_so(
    tables: dict[str, pl.DataFrame], weekends: list[Weekend], run: StrengthsResult, tmp_path: Path
) -> None:
    """The result may come days later, or not at all: the race goes on being forecast, on record."""
    lake, coming = Lake(tmp_path), weekends[30]
    made = forecast_races(
        weekends[:31],
        run.checkpoints[:30],
        tables["race_conditions"],
        ForecastSettings(),
        only=coming.race_id,
    ).table
    key = str(coming.season)
    lake.write_table("formula1", "race_forecasts", key, made, RaceForecasts, "x")
    calendar = tables["race_calendar"].filter(season=coming.season)
    lake.write_table("formula1", "race_calendar", key, calendar, RaceCalendar, "x")
    lake.write_table("formula1", "race_results", key, tables["race_results"].head(0), RaceResults, "x")
    for late, in_time in ((-timedelta(seconds=1), True), (timedelta(0), False), (timedelta(days=400), False)):
        rows = issued(lake, coming.season, coming.race_at + late)
        assert rows["moment"].n_unique() == 4
        assert rows["issued_before_race"].unique().to_list() == [in_time]


def test_forecasts_with_the_ml_layer_of_an_earlier_state_are_not_scored(tmp_path: Path) -> None:
    write_sample(tmp_path / "league", seed=5, seasons=2, races=4, rounds_run=4, first_season=2023)
    lake, seasons = Lake(tmp_path / "lake"), [2023, 2024]

    def models() -> set[str]:
        return set(issuing.scorecard(lake, [2024])["model"])

    run_chain(lake, seasons, tmp_path / "league")
    assert "formguide+ml" not in models()
    issuing.make_ml_forecasts(lake, seasons)
    assert "formguide+ml" in models()
    assert issuing.make_scorecard(lake).computed == 1
    (result,) = tmp_path.glob("league/f1db/seasons/2024/races/02-*/race-results.yml")
    result.write_text(result.read_text().replace("position: 1\n", "position: DSQ\n"))
    run_chain(lake, seasons, tmp_path / "league")
    assert "formguide+ml" not in models()
    assert issuing.make_scorecard(lake).computed == 1
    issuing.make_ml_forecasts(lake, seasons)
    assert "formguide+ml" in models()
    assert issuing.make_scorecard(lake).computed == 1
