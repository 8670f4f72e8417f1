"""What is known afterwards changes no forecast: everything on or after a day made wrong, the same bytes."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from formguide import asof
from formguide.triathlon import ability, asked, baselines, forecast, model_file, splits, starts
from tests.triathlon.leagues import small

# Every column that says when or which race may be moved about with the rest; the schema stays.
AS_OF = (date(2017, 1, 1), date(2017, 9, 10), date(2018, 5, 20))


def scrambled(results: pl.DataFrame, as_of: date) -> pl.DataFrame:
    return asof.scramble(results, as_of, seed=3, column="known_on")


@pytest.fixture(scope="module")
def results() -> pl.DataFrame:
    return small()


@pytest.fixture(scope="module")
def fitted(results):
    return forecast.fit_before(results, "70.3", date(2017, 1, 1))


def rows_of_a_day(results: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Starters of the first race on or after a day, as they would be entered for that day."""
    there = results.filter((pl.col("race_on") >= as_of) & (pl.col("distance").cast(pl.String) == "70.3"))
    race = there.sort("race_on", "race_id")["race_id"][0]
    return forecast.starters(results, "70.3", there.filter(pl.col("race_id") == race)["year"][0]).filter(
        pl.col("race_id") == race
    )


def test_the_model_knows_nothing_of_later_days(results):
    as_of = AS_OF[0]
    one = forecast.fit(results, "70.3", as_of, draws=20, chains=2)
    two = forecast.fit(scrambled(results, as_of), "70.3", as_of, draws=20, chains=2)
    assert model_file.to_json(one) == model_file.to_json(two)
    assert one.posterior is not None and two.posterior is not None
    assert one.posterior.to_netcdf() == two.posterior.to_netcdf()


@pytest.mark.parametrize("as_of", AS_OF)
def test_forecasts_of_a_race_know_nothing_of_its_day_or_later(results, fitted, as_of):
    rows = rows_of_a_day(results, as_of)
    day = rows["race_on"][0]
    rows = rows.with_columns(total_sec=pl.lit(None, dtype=pl.Int32), usable=pl.lit(False))
    wrong = scrambled(results, day)
    assert not wrong.equals(results)
    one = forecast.forecast(fitted, forecast.known_of(fitted, results), rows)
    two = forecast.forecast(fitted, forecast.known_of(fitted, wrong), rows)
    assert asof.fingerprint(one) == asof.fingerprint(two)


@pytest.mark.parametrize("as_of", AS_OF)
def test_what_the_eve_knows_of_athletes_and_parts(results, fitted, as_of):
    rows = rows_of_a_day(results, as_of)
    day = rows["race_on"][0]
    found = []
    for table in (results, scrambled(results, day)):
        known = starts.finishes(table)
        history, asked_rows = starts.starts(known), starts.starts(rows)
        features, _ = ability.as_of(fitted.pace.ability, history, ability.asked_of(history, asked_rows))
        seen = splits.seen(known, rows, "70.3")
        found.append((features.tobytes(), seen.course.tobytes(), seen.own.tobytes()))
    assert found[0] == found[1]


def test_a_race_without_a_date_is_forecast_from_before_its_year(results, fitted):
    row = rows_of_a_day(results, AS_OF[2]).head(3)
    year = int(row["year"][0])
    undated = row.with_columns(race_on=pl.lit(None, dtype=pl.Date), known_on=pl.date(pl.col("year"), 12, 31))
    wrong = scrambled(results, date(year, 1, 1))
    one = forecast.forecast(fitted, forecast.known_of(fitted, results), undated)
    two = forecast.forecast(fitted, forecast.known_of(fitted, wrong), undated)
    assert one["as_of"].to_list() == [date(year, 1, 1)] * 3
    assert one.drop("pit").equals(two.drop("pit"))


def test_honest_rules_know_nothing_of_later_days_and_the_leaking_one_does(results):
    """A later career best moves the reference's hindsight, and no rule's forecast of an earlier race."""
    frame = starts.finishes(results).filter(pl.col("distance").cast(pl.String) == "70.3")
    split = date(2017, 1, 1)
    learnt = (frame["known_on"] < split).to_numpy()
    next_race = frame.filter(frame["known_on"] >= split)["known_on"].min()
    assert isinstance(next_race, date)
    scored = (frame["known_on"] == next_race).to_numpy()
    later = pl.col("known_on") > next_race
    moved = frame.with_columns(
        pl.when(later).then(pl.col("total_sec") - 4000).otherwise("total_sec").alias("total_sec")
    )
    one = baselines.rules(starts.starts(frame), learnt, scored)
    two = baselines.rules(starts.starts(moved.cast({"total_sec": pl.Int32})), learnt, scored)
    for name in baselines.HONEST:
        np.testing.assert_array_equal(one[name].quantiles, two[name].quantiles)
    assert not np.allclose(one[baselines.LEAKING].point, two[baselines.LEAKING].point)


def test_an_answer_knows_nothing_of_its_day_or_later(results, fitted):
    day = date(2018, 6, 1)
    course = str(results.filter(pl.col("distance").cast(pl.String) == "70.3")["course"].mode()[0])
    question = asked.Question("70.3", course, "F", "37", on=day)
    one, two = (asked.answer(fitted, table, question) for table in (results, scrambled(results, day)))
    assert one.total == two.total
    np.testing.assert_array_equal(one.parts, two.parts)
    assert one.ahead_of == two.ahead_of


def test_the_day_before_does_count(results, fitted):
    """The test above could pass for a forecast that knows nothing at all."""
    rows = rows_of_a_day(results, AS_OF[2])
    day = rows["race_on"][0]
    wrong = scrambled(results, day - timedelta(days=400))
    one = forecast.forecast(fitted, forecast.known_of(fitted, results), rows)
    two = forecast.forecast(fitted, forecast.known_of(fitted, wrong), rows)
    assert not one["p50_sec"].equals(two["p50_sec"])
