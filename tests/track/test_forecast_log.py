"""What was issued is put on record once, with what it was made from, and stays."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.track import forecast, issuing, peak_model
from formguide.track.forecast_tables import ForecastLog
from formguide.track.peak_model import PeakSettings
from formguide.track.tables import GENDERS, SPORT, Performances
from formguide.track.trees import TreeSettings
from tests.track.history_made import made

QUICK = PeakSettings(folds=1, lstm_needs=10**6, trees=TreeSettings(rounds=5, seeds=1), seed=7)
MONDAY, TUESDAY = datetime(2019, 1, 7, 9), datetime(2019, 1, 8, 9)


def put(lake: Lake, performances: pl.DataFrame) -> None:
    for (season,), rows in performances.group_by("season"):
        part = rows.sort("performance_id")
        name = f"season={season}"
        lake.write_table(SPORT, Performances.name, name, part, Performances, fingerprint(part))


def logged(lake: Lake) -> pl.DataFrame:
    return lake.read_table(SPORT, ForecastLog.name, None, ForecastLog)


@pytest.fixture(scope="module")
def made_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "lake"
    put(Lake(folder), made(40, seed=51).filter(pl.col("date") < date(2018, 6, 1)))
    issuing.make_models(Lake(folder), GENDERS, QUICK)
    issuing.make_forecasts(Lake(folder), GENDERS)
    return folder


@pytest.fixture
def lake(tmp_path: Path, made_lake: Path) -> Lake:
    return Lake(shutil.copytree(made_lake, tmp_path / "lake"))


def test_a_forecast_is_logged_once_as_it_was_issued(lake: Lake) -> None:
    first = issuing.log_forecasts(lake, GENDERS, MONDAY)
    log, issued = logged(lake), issuing.forecasts(lake)
    assert log.height == issued.height == sum(told.computed for told in first.values()) > 20
    said = log.select(issued.columns).sort(issued.columns)
    assert fingerprint(said) == fingerprint(issued.sort(issued.columns))
    assert {*log["made_at"]} == {MONDAY} and {*log["seed"]} == {7}
    issuing.log_forecasts(lake, GENDERS, TUESDAY)
    assert fingerprint(logged(lake)) == fingerprint(log)


def test_each_row_is_the_forecast_computed_again(lake: Lake) -> None:
    issuing.log_forecasts(lake, GENDERS, MONDAY)
    known = issuing.performances(lake)
    model = peak_model.fit(known, forecast.known_until(known), QUICK)
    again = pl.concat([forecast.forecast_ahead(model, known, gender) for gender in GENDERS])
    order = ["athlete_id", "event", "season", "label"]
    assert fingerprint(logged(lake).select(again.columns).sort(order)) == fingerprint(again.sort(order))


def test_new_marks_are_not_said_to_have_been_known(lake: Lake) -> None:
    """Marks that come between a forecast and its logging are none that the forecast was made from."""
    issuing.log_forecasts(lake, GENDERS, MONDAY)
    log = logged(lake)
    put(lake, made(40, seed=51))
    issuing.log_forecasts(lake, GENDERS, TUESDAY)
    assert fingerprint(logged(lake)) == fingerprint(log), "no forecast has been made of them"
    issuing.make_models(lake, GENDERS, replace(QUICK, seed=8))
    issuing.make_forecasts(lake, GENDERS)
    issuing.log_forecasts(lake, GENDERS, TUESDAY)
    later = logged(lake).filter(pl.col("made_at") == TUESDAY)
    assert later.height > 20 and {*later["seed"]} == {8}
    assert not {*later["data_version"]} & {*log["data_version"]}
    assert fingerprint(logged(lake).filter(pl.col("made_at") == MONDAY)) == fingerprint(log)


def test_nothing_issued_nothing_logged(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "empty")
    (told,) = issuing.log_forecasts(lake, ["women"], MONDAY).values()
    assert told.computed == 0 and logged(lake).is_empty()
