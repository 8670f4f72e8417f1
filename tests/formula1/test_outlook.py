"""The field of a race as it is believed to be: who shares a car with whom."""

import numpy as np
import polars as pl

from formguide.formula1 import forecast, strengths
from formguide.formula1.outlook import shared_and_own
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import build_weekends

SETTINGS = ForecastSettings()


def test_teammates_share_what_they_have_in_common():
    own, shared, everyone = np.array([0.5, 0.4, 0.3, 0.2]), np.array([0.6, 0.6, 0.1, 0.1]), 0.7
    same = np.array([[a == b for a in "xxyy"] for b in "xxyy"])
    cov = np.diag(own**2) + same * np.minimum.outer(shared, shared) ** 2 + everyone**2
    car, car_sd, own_sd = shared_and_own(cov, list("xxyy"))
    np.testing.assert_array_equal(car, [0, 0, 1, 1])
    np.testing.assert_allclose(car_sd, [0.6, 0.1])
    np.testing.assert_allclose(own_sd, own)


def test_a_third_driver_of_a_team_has_a_car_to_himself():
    car, car_sd, _ = shared_and_own(np.eye(5) + 1, ["x", "y", "x", "x", "y"])
    np.testing.assert_array_equal(car, [0, 1, 0, 2, 1])
    assert len(car_sd) == 3


def test_a_qualifying_with_three_cars_of_one_team_stops_no_forecast(tables, weekends):
    """One wrong team in one file: that race and all others are forecast."""
    run = [w for w in weekends if w.race is not None][:8]
    last = run[-1].race_id
    first = pl.col("driver_id") == run[-1].session("qualifying").drivers[0]
    other = run[-1].session("qualifying").constructors[-1]
    wrong = tables["qualifying_results"].with_columns(
        pl.when((pl.col("race_id") == last) & first)
        .then(pl.lit(other))
        .otherwise("constructor_id")
        .alias("constructor_id")
    )
    changed = build_weekends({**tables, "qualifying_results": wrong})[:8]
    points = strengths.run_forward(changed[:-1], SETTINGS).checkpoints
    table = forecast.forecast_races(changed, points, tables["race_conditions"], SETTINGS).table
    assert table.filter(race_id=last)["moment"].n_unique() == 4
