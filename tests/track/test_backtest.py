"""The walk over the last seasons: where it begins, what it is of, and that its models never see the block."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from formguide import schema
from formguide.asof import fingerprint
from formguide.track import backtest
from formguide.track.forecast_tables import BacktestForecasts
from formguide.track.peak_model import FORECASTERS, PeakSettings, fit, history
from formguide.track.peaks import season_peaks
from formguide.track.tables import INDOOR, OUTDOOR
from formguide.track.trees import TreeSettings
from tests.track.history_made import LAST_COLLEGE, LAST_ELITE, careers, made, wrong_from

QUICK = PeakSettings(folds=1, lstm_needs=10**6, trees=TreeSettings(rounds=10, learning_rate=0.1, seeds=1))

KEY = ["athlete_id", "gender", "event", "season", "label"]
KEPT = ("gender", "event", "family", "unit", "label", "complete")
BEGINS = {"openath": LAST_ELITE - 1, "tfrrs": LAST_COLLEGE - 1}


@pytest.fixture(scope="module")
def past() -> pl.DataFrame:
    return made(60, seed=21)


@pytest.fixture(scope="module")
def walked(past: pl.DataFrame) -> pl.DataFrame:
    return backtest.walk(past, settings=QUICK)


def test_blocks_are_the_last_two_years_of_each_world(past: pl.DataFrame, walked: pl.DataFrame) -> None:
    schema.check(walked, BacktestForecasts)
    for population, begins in BEGINS.items():
        assert backtest.first_test_season(past, population) == begins
        own = walked.filter(population=population)
        assert {*own["season"]} == {begins, begins + 1}
        assert {*own["fitted_on"]} == {date(begins - 1, 11, 1)}
        assert own["athlete_id"].str.starts_with(population).all()
    assert backtest.first_test_season(past.filter(pl.col("date") < date(2000, 1, 1)), "tfrrs") is None
    assert walked.equals(walked.sort(KEY))


def test_every_season_that_follows_one_is_scored_with_what_came(
    past: pl.DataFrame, walked: pl.DataFrame
) -> None:
    peaks = season_peaks(past).with_columns(pl.col("gender", "label").cast(pl.String))
    seen = {row[:5]: row[5:] for row in peaks.select(*KEY, "peak", "peak_date").iter_rows()}
    expected = {
        key
        for key in seen
        if key[3] >= BEGINS[key[0].split(":")[0]]
        and any(key[:3] == k[:3] and key[4] == k[4] and k[3] < key[3] for k in seen)
    }
    assert {*walked.select(KEY).iter_rows()} == expected
    for *key, peak, day in walked.select(*KEY, "peak", "peak_date").iter_rows():
        assert seen[tuple(key)] == (peak, day)


def test_forecasts_are_those_of_a_model_of_that_day(past: pl.DataFrame, walked: pl.DataFrame) -> None:
    model = fit(past, date(LAST_COLLEGE - 2, 11, 1), QUICK)
    windows = history(past, date(2030, 1, 1)).windows.filter(
        pl.col("athlete_id").str.starts_with("tfrrs") & (pl.col("season") >= LAST_COLLEGE - 1)
    )
    named = [*FORECASTERS, "low", "median", "high"]
    said = model.forecast(windows, past).with_columns(pl.col("gender", "label").cast(pl.String))
    ours = walked.filter(population="tfrrs").select(*KEY, *named)
    assert fingerprint(said.select(*KEY, *named).sort(KEY)) == fingerprint(ours)


@pytest.mark.slow
def test_the_first_season_can_be_chosen(past: pl.DataFrame) -> None:
    told: list[str] = []
    rows = backtest.walk(past, LAST_COLLEGE, QUICK, told.append)
    assert rows["season"].min() == LAST_COLLEGE
    assert {*rows["fitted_on"]} == {date(LAST_COLLEGE - 1, 11, 1)}
    assert len(told) == 2


def test_too_little_history_is_told_and_not_forecast(past: pl.DataFrame) -> None:
    told: list[str] = []
    rows = backtest.walk(past, 2011, QUICK, told.append)
    assert schema.check(rows, BacktestForecasts).is_empty()
    assert sum("a model needs" in line for line in told) == 2


@pytest.mark.parametrize("population", BEGINS)
def test_the_block_is_never_seen(past: pl.DataFrame, walked: pl.DataFrame, population: str) -> None:
    """With everything from the first test season's new year on made wrong, its forecasts, indoors and
    outdoors, are the same bytes: they are made on 1 November and 1 January."""
    begins = BEGINS[population]
    # Who does what stays, so that the same seasons are asked for. The other world's marks are as wrong.
    wrong = wrong_from(past, date(begins, 1, 1), begins, ("athlete_id", *KEPT))
    again = backtest.walk(wrong, begins, QUICK)
    ours, theirs = (
        frame.filter((pl.col("population") == population) & (pl.col("season") == begins))
        for frame in (walked, again)
    )
    both = ours.select(KEY).join(theirs.select(KEY), on=KEY)
    assert both.height > 0.6 * ours.height > 20
    ours, theirs = (frame.join(both, on=KEY, how="semi").sort(KEY) for frame in (ours, theirs))
    came = ["peak", "peak_date"]
    assert fingerprint(ours.drop(came)) == fingerprint(theirs.drop(came))
    same = (ours["peak"] == theirs["peak"]).sum()
    assert same < 0.1 * both.height, "what came was made wrong"
    assert {*theirs["label"]} == {INDOOR, OUTDOOR}


@pytest.mark.slow
def test_other_athletes_may_teach(past: pl.DataFrame) -> None:
    """Models fitted to some athletes are scored on others, whom they have never met."""
    taught = past.filter(pl.col("athlete_id").str.ends_with("0") | pl.col("athlete_id").str.ends_with("5"))
    others = past.join(taught, on="athlete_id", how="anti")
    few = PeakSettings(**{**vars(QUICK), "least_windows": 20})
    rows = backtest.walk(others, LAST_COLLEGE, few, taught_by=taught)
    assert not {*rows["athlete_id"]} & {*taught["athlete_id"]}
    model = fit(taught, date(LAST_COLLEGE - 1, 11, 1), few)
    windows = history(others, date(2030, 1, 1)).windows.filter(pl.col("season") >= LAST_COLLEGE)
    said = model.forecast(windows, others).with_columns(pl.col("gender", "label").cast(pl.String)).sort(KEY)
    assert fingerprint(said.select(*KEY, "median")) == fingerprint(rows.select(*KEY, "median"))


def test_a_team_is_the_one_of_then(past: pl.DataFrame) -> None:
    """Who changes college after the forecast is forecast under the old one's name."""
    marks: list[dict[str, Any]] = [
        {"athlete_id": "tfrrs:9000", "event": "Shot Put", "label": OUTDOOR, "date": date(year, 5, 1),
         "mark": 15.0 + year / 1000, "team": f"College of {year}"}
        for year in range(2012, LAST_COLLEGE + 1)
    ]  # fmt: skip
    rows = backtest.walk(pl.concat([past, careers(marks)]), LAST_COLLEGE, settings=QUICK)
    told = rows.filter(athlete_id="tfrrs:9000").select("season", "team").rows()
    assert told == [(LAST_COLLEGE, f"College of {LAST_COLLEGE - 1}")]
