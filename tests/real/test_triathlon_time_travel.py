"""Time travel through the real races: everything on or after a day made wrong, and nothing before it
changes.

What is made wrong is what the pages said, before anything was made of it: who it was, what was flagged,
which races were shortened, what was known on the eve and what was forecast are all made again from the
wrong future.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from formguide.asof import fingerprint, scramble
from formguide.triathlon import folders, forecast
from formguide.triathlon.clusters import athlete_clusters
from formguide.triathlon.profiles import athlete_profiles
from formguide.triathlon.results import read_season, results_of

DAYS = [date(2010, 5, 2), date(2013, 1, 1), date(2014, 6, 8)]
LAST_SEASON = 2014


@pytest.fixture(scope="module")
def records(real_data):
    """What the pages of the first twelve years say."""
    files = folders.read_folder(real_data("triathlon"))[folders.RACES]
    found = []
    for season, names in folders.seasons_of({folders.RACES: files}).items():
        if season <= LAST_SEASON:
            tree = {path: files[path] for path in (name.partition("/")[2] for name in names)}
            found.append(read_season(season, {folders.RACES: tree}).records)
    return pl.concat(found)


@pytest.fixture(scope="module")
def made(records):
    """Results and profiles of the true records."""
    results = results_of(records).table
    return results, athlete_profiles(results)


def elsewhere(records: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The records with everything from a day on made wrong. A race keeps the year of its day."""
    wrong = scramble(records, as_of, seed=7, column="known_on")
    later = pl.col("known_on") >= as_of
    return wrong.with_columns(
        pl.when(later).then(pl.col("known_on").dt.year()).otherwise("year").cast(pl.Int32).alias("year"),
        pl.when(later & pl.col("race_on").is_not_null())
        .then("known_on")
        .otherwise("race_on")
        .alias("race_on"),
    )


@pytest.mark.parametrize("as_of", DAYS)
def test_results_and_profiles_before_a_day_do_not_know_it(records, made, as_of):
    results, profiles = made
    wrong = elsewhere(records, as_of)
    assert wrong.filter(pl.col("known_on") >= as_of).height > 1000
    results_then = results_of(wrong).table
    before = pl.col("known_on") < as_of
    assert results.filter(before).height > 1000
    assert fingerprint(results_then.filter(before)) == fingerprint(results.filter(before))
    profiles_then = athlete_profiles(results_then)
    assert fingerprint(profiles_then.filter(before)) == fingerprint(profiles.filter(before))


@pytest.mark.parametrize("as_of", DAYS)
def test_a_profile_of_the_day_itself_is_what_earlier_days_left(records, made, as_of):
    """The starts of the day are kept, and everything else about that day and later ones is made wrong."""
    results, profiles = made
    results_then = scramble(results, as_of, seed=3, column="known_on", keep=["result_id"])
    asked = results.filter(pl.col("known_on") == as_of)
    again = athlete_profiles(pl.concat([results_then.filter(pl.col("known_on") < as_of), asked]))
    ours = profiles.join(asked.select("result_id"), on="result_id", how="semi")
    then = again.join(asked.select("result_id"), on="result_id", how="semi")
    assert then.equals(ours)


@pytest.mark.parametrize("season", [2011, 2014])
def test_kinds_of_athletes_are_what_earlier_seasons_left(made, season):
    results, _ = made
    wrong = scramble(results, date(season, 1, 1), seed=5, column="known_on")
    ours, then = athlete_clusters(results, season), athlete_clusters(wrong, season)
    assert ours.table.height > 1000
    assert fingerprint(then.table) == fingerprint(ours.table)


@pytest.mark.slow
def test_forecasts_before_a_day_do_not_know_it(records):
    as_of = date(2009, 5, 10)
    some = records.filter(pl.col("year") <= 2009)
    wrong = elsewhere(some, as_of)
    asked = [("140.6", 2009)]
    before = pl.col("race_on") < as_of  # a race without a date may have been on any day of the year
    (ours,) = forecast.forecast_seasons(results_of(some).table, asked).values()
    (then,) = forecast.forecast_seasons(results_of(wrong).table, asked).values()
    assert ours.filter(before).height > 1000
    assert fingerprint(then.filter(before)) == fingerprint(ours.filter(before))


UNDATED_OF = 2013


@pytest.fixture(scope="module")
def undated_alone(records):
    """Records up to a season, and again with every dated race of that season made wrong."""
    some = records.filter(pl.col("year") <= UNDATED_OF)
    dated = (pl.col("year") == UNDATED_OF) & pl.col("race_on").is_not_null()
    wrong = elsewhere(some.filter(dated), date(UNDATED_OF, 1, 1))
    wrong = wrong.filter(pl.col("known_on") <= date(UNDATED_OF, 12, 31))
    return results_of(some).table, results_of(pl.concat([some.filter(~dated), wrong])).table


def asked_without_a_date(results: pl.DataFrame) -> pl.DataFrame:
    return results.filter((pl.col("year") == UNDATED_OF) & pl.col("race_on").is_null())


def test_whose_a_start_without_a_date_is_does_not_know_its_year(undated_alone):
    (ours, then), said = undated_alone, ["result_id", "athlete_id", "identity"]
    assert asked_without_a_date(ours).height > 1000
    assert fingerprint(asked_without_a_date(then).select(said)) == fingerprint(
        asked_without_a_date(ours).select(said)
    )


@pytest.mark.slow
def test_forecasts_of_races_without_a_date_do_not_know_their_year(undated_alone):
    asked = [("70.3", UNDATED_OF)]
    ours, then = (
        next(iter(forecast.forecast_seasons(results, asked).values()))
        .filter(pl.col("race_on").is_null())
        .drop("pit")  # what came of it
        for results in undated_alone
    )
    assert ours.height > 300
    assert fingerprint(then) == fingerprint(ours)
