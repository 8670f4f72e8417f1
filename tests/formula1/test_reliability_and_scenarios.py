"""Hazards and scenario chances as shrunken frequencies, and title odds where the answer is known."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from formguide.formula1 import title_odds
from formguide.formula1.reliability import Reliability
from formguide.formula1.scenarios import RaceHistory, climatology
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import Session, is_incident

SETTINGS = ForecastSettings()
START = datetime(2024, 3, 1, 15)


def _race(retired, incident, n=4):
    names = [f"d{i}" for i in range(n)]
    retired, incident = np.array(retired), np.array(incident)
    return Session.of(
        "race", 0, START, names, ["t0", "t0", "t1", "t1"], ["t0", "t0", "t1", "t1"],
        started=np.ones(n, bool), finished=~retired, retired=retired, incident=incident,
    )  # fmt: skip


def test_hazards_are_beta_means_of_discounted_counts():
    none = Reliability({}, {})
    race = _race([True, True, False, False], [True, False, False, False])
    after = none.after(race, half_life_races=1.0)
    after = after.after(race, half_life_races=1.0)
    # One accident and one start, half forgotten, and once more.
    assert after.drivers["d0"] == pytest.approx((1.5, 1.5))
    assert after.cars["t0"] == pytest.approx((1.5, 3.0))
    car, accident = after.hazards(["d0"], ["t0"], prior_starts=10.0)
    car_mean = after.field_cars[0] / after.field_cars[1]
    assert car[0] == pytest.approx((1.5 + 20 * car_mean) / (3.0 + 20))
    accident_mean = after.field_accidents[0] / after.field_accidents[1]
    assert accident[0] == pytest.approx((1.5 + 10 * accident_mean) / (1.5 + 10))


def test_a_stranger_has_the_fields_hazard():
    after = Reliability({}, {}).after(_race([True, False, False, False], [False] * 4), 20.0)
    car, accident = after.hazards(["nobody"], ["nowhere"], 5.0)
    assert car[0] == pytest.approx(after.field_cars[0] / after.field_cars[1])
    assert accident[0] == pytest.approx(after.field_accidents[0] / after.field_accidents[1])


@pytest.mark.parametrize(
    ("reason", "accident"),
    [
        ("Collision", True),
        ("Spun off", True),
        ("Accident damage", True),
        ("Engine", False),
        ("Gearbox", False),
        (None, False),
    ],
)
def test_reasons_are_put_down_to_driver_or_car(reason, accident):
    assert is_incident(reason) == accident


def _conditions(wet, neutral, circuit="x"):
    n = len(wet)
    return pl.DataFrame(
        {
            "race_id": [f"r{i}" for i in range(n)],
            "session_at": [START + timedelta(days=7 * i) for i in range(n)],
            "circuit_id": [circuit] * n,
            "wet": wet,
            "safety_car": neutral,
            "red_flag": [None] * n,
        },
        schema_overrides={"session_at": pl.Datetime("ms"), "safety_car": pl.Boolean, "red_flag": pl.Boolean},
    )


def test_chances_add_up_and_lean_towards_what_a_circuit_has_seen():
    often = climatology(_conditions([True] * 10, [None] * 10), "x", START, START + timedelta(days=400))
    never = climatology(_conditions([False] * 10, [True] * 10), "x", START, START + timedelta(days=400))
    for chances in (often, never):
        assert sum(chances.values()) == pytest.approx(1.0)
    assert often["wet"] > 0.6
    assert never["wet"] < 0.1
    assert never["safety_car"] > 0.6


def test_races_that_nobody_lists_say_nothing_about_safety_cars():
    as_of = START + timedelta(days=400)
    with_unknown = climatology(_conditions([False] * 10, [None] * 10), "x", START, as_of)
    prior = RaceHistory.of(_conditions([], [])).probabilities("x", START, as_of)
    dry = 1 - with_unknown["wet"]
    assert with_unknown["safety_car"] / dry == pytest.approx(prior["safety_car"] / (1 - prior["wet"]))


def test_a_given_chance_of_rain_replaces_the_climatology():
    chances = RaceHistory.of(_conditions([True] * 5, [None] * 5)).probabilities("x", START, START, p_wet=0.25)
    assert chances["wet"] == 0.25


@pytest.fixture(scope="module")
def odds(weekends, run, tables):
    season = weekends[-1].season - 1
    return title_odds.title_odds(
        weekends, run.checkpoints, tables["race_conditions"], season, SETTINGS, 1000
    )[0]


def test_title_odds_add_up_and_are_certain_of_nothing_impossible(odds):
    for _, rows in odds.group_by("after_round", "kind"):
        assert rows["p_title"].sum() == pytest.approx(1.0)
        assert (rows["expected_points"] >= rows["points_now"] - 1e-9).all()
    # With one race to go nobody more than a race (and a sprint) behind can be champion.
    last = odds.filter((pl.col("after_round") == odds["after_round"].max()) & (pl.col("kind") == "driver"))
    behind = last.filter(pl.col("points_now") < last["points_now"].max() - 34)
    assert (behind["p_title"] == 0).all()


def test_title_odds_know_the_standings(odds, tables, weekends):
    season = weekends[-1].season - 1
    rows = odds.filter((pl.col("after_round") == 10) & (pl.col("kind") == "driver"))
    until = [w.race_id for w in weekends if w.season == season and w.round <= 10]
    scored = (
        pl.concat(
            [tables[n].select("race_id", "driver_id", "points") for n in ("race_results", "sprint_results")]
        )
        .filter(pl.col("race_id").is_in(until))
        .group_by("driver_id")
        .agg(pl.col("points").sum())
    )
    joined = rows.join(scored, left_on="entity_id", right_on="driver_id")
    assert joined.height >= 20
    assert (joined["points_now"] - joined["points"]).abs().max() < 1e-9


def test_title_odds_are_carried_over_and_repeat(odds, weekends, run, tables):
    season = weekends[-1].season - 1
    again, computed, carried = title_odds.title_odds(
        weekends, run.checkpoints, tables["race_conditions"], season, SETTINGS, 1000, carried=odds
    )
    assert (computed, carried) == (0, odds["after_round"].n_unique())
    assert again.equals(odds)
    fresh = title_odds.title_odds(
        weekends, run.checkpoints, tables["race_conditions"], season, SETTINGS, 1000
    )
    assert fresh[0].equals(odds)
    other = title_odds.title_odds(
        weekends, run.checkpoints, tables["race_conditions"], season, SETTINGS, 1000, seed=2
    )
    assert not other[0].equals(odds)
