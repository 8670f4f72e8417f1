"""The model of a season's peak: chosen on seasons it had not seen, kept in files, blind to the future."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from formguide import schema
from formguide.asof import fingerprint
from formguide.making import TooLittle
from formguide.scoring import clustered_paired
from formguide.track.features import population
from formguide.track.forecast import forecast_ahead, known_until, seasons_ahead
from formguide.track.forecast_tables import PeakForecasts
from formguide.track.lstm_settings import LstmSettings
from formguide.track.peak_model import FORECASTERS, MAY_SHIP, PeakModel, PeakSettings, fit, history
from formguide.track.peaks import season_peaks
from formguide.track.tables import INDOOR, OUTDOOR, season_start
from formguide.track.trees import TreeSettings
from tests.track.history_made import LAST_ELITE, careers, made, wrong_from

QUICK = PeakSettings(folds=1, lstm_needs=10**6, trees=TreeSettings(rounds=20, learning_rate=0.1, seeds=1))
"""Few trees, and no network."""
SMALL = LstmSettings(hid_season=4, hid_across=4, emb_label=2, max_epochs=2, patience=1)
NETWORK = replace(QUICK, lstm_needs=1, lstm=SMALL)

DAY = date(2016, 11, 1)


@pytest.fixture(scope="module")
def past() -> pl.DataFrame:
    return made(60, seed=11)


@pytest.fixture(scope="module")
def model(past: pl.DataFrame) -> PeakModel:
    return fit(past, DAY, QUICK)


@pytest.fixture(scope="module")
def networked(past: pl.DataFrame) -> PeakModel:
    return fit(past, DAY, NETWORK)


def unseen(model: PeakModel, performances: pl.DataFrame, season: int) -> pl.DataFrame:
    """What a model says of the windows of a season that came after it, with their peaks."""
    windows = history(performances, date(season + 2, 1, 1)).windows.filter(pl.col("season") == season)
    return model.forecast(windows, performances)


def column(rows: pl.DataFrame, name: str) -> NDArray[Any]:
    values: NDArray[Any] = np.asarray(rows[name].to_numpy())
    return values


def log_error(rows: pl.DataFrame, name: str) -> NDArray[Any]:
    error: NDArray[Any] = np.abs(100 * np.log(column(rows, name) / column(rows, "peak")))
    return error


# -- choosing --------------------------------------------------------------------------------------


def test_the_default_is_the_best_that_may_ship(model: PeakModel, networked: PeakModel) -> None:
    for each in (model, networked):
        error = dict(each.validation.select("forecaster", "mae_pct").iter_rows())
        assert list(error) == list(FORECASTERS)
        may_ship = [n for n in MAY_SHIP if each.forecasters.lstm or n not in ("lstm", "ensemble")]
        assert error[each.default] == min(error[name] for name in may_ship)
        assert "last" not in MAY_SHIP and "best" not in MAY_SHIP


@pytest.mark.slow
def test_validation_is_what_models_of_the_past_say_of_each_season(past: pl.DataFrame) -> None:
    """The validation errors of a model are those of models fitted a year earlier, in the open."""
    told = fit(past, DAY, replace(QUICK, folds=2)).validation
    errors = []
    for season in (2015, 2016):
        earlier = fit(past, season_start(season, INDOOR), QUICK)
        windows = history(past, DAY).windows.filter(pl.col("season") == season)
        rows = earlier.forecast(windows, past)
        errors.append({name: log_error(rows, name) for name in FORECASTERS})
    for name, mae in told.select("forecaster", "mae_pct").iter_rows():
        assert mae == pytest.approx(np.concatenate([e[name] for e in errors]).mean(), rel=1e-9), name
    assert told["n"].unique().to_list() == [sum(len(e["last"]) for e in errors)]
    assert told.select("first_season", "last_season").unique().rows() == [(2015, 2016)]


def test_too_little_is_said(past: pl.DataFrame) -> None:
    with pytest.raises(TooLittle, match="before 2011-01-01, and a model needs 60"):
        fit(past, date(2011, 1, 1), QUICK)
    with pytest.raises(TooLittle, match="no model can be tried"):
        fit(past, date(2012, 1, 1), replace(QUICK, least_windows=20))
    with pytest.raises(TooLittle, match="a toplist is none"):
        known_until(past.with_columns(complete=pl.lit(False)))


@pytest.mark.slow
def test_toplists_teach_nothing(past: pl.DataFrame, model: PeakModel) -> None:
    """Marks of a list that ends at its top N are neither history nor a level to compare with."""
    listed = made(10, seed=12).with_columns(
        complete=pl.lit(False), athlete_id=pl.concat_str(pl.lit("list:"), pl.col("athlete_id"))
    )
    both = pl.concat([past, listed])
    assert population(both).equals(population(past))
    assert fit(both, DAY, QUICK).to_files() == model.to_files()


# -- forecasts -------------------------------------------------------------------------------------


def test_planted_abilities_are_forecast_better_than_by_the_last_peak() -> None:
    performances = made(130, seed=13)
    grown = fit(performances, date(2015, 11, 1), QUICK)
    rows = pl.concat([unseen(grown, performances, season) for season in (2016, 2017)])
    athlete = rows["athlete_id"].to_numpy()
    for name in (grown.default, "linear", "regression"):
        pair = clustered_paired(log_error(rows, name), log_error(rows, "last"), athlete)
        assert pair.t < -5, name
        assert log_error(rows, name).mean() < 0.9 * log_error(rows, "last").mean(), name
    # Young athletes get better and old ones worse, as planted; the last peak knows nothing of it.
    better = np.where(column(rows, "unit") == "sec", -100.0, 100.0)
    gain = better * np.log(column(rows, "median") / column(rows, "last"))
    age = rows["age_years"].fill_null(np.nan).to_numpy()
    assert gain[age < 20.5].mean() > gain[age > 25.5].mean() + 0.8
    ends = np.sort([column(rows, "low"), column(rows, "high")], axis=0)
    inside = (ends[0] <= column(rows, "peak")) & (column(rows, "peak") <= ends[1])
    assert 0.72 < inside.mean() < 0.88


def test_what_a_forecast_says(model: PeakModel, past: pl.DataFrame) -> None:
    rows = unseen(model, past, 2017)
    better = np.where(column(rows, "unit") == "sec", -1.0, 1.0)
    for one, other in (("low", "median"), ("median", "high")):
        assert np.all(better * (column(rows, other) - column(rows, one)) >= 0)
    assert rows["median"].to_numpy() == pytest.approx(rows[model.default].to_numpy())
    assert rows["model"].unique().to_list() == [model.default]
    assert rows["last"].to_numpy() == pytest.approx(rows["last_peak"].to_numpy())
    near = np.abs(np.log(column(rows, "best_peak") / column(rows, "last_peak"))) < 0.1
    assert column(rows, "best")[near] == pytest.approx(column(rows, "best_peak")[near])
    blend = np.sqrt(rows["regression"].to_numpy() * rows["trees"].to_numpy())
    assert rows["blend"].to_numpy() == pytest.approx(blend), "the mean in log speed"


def test_without_a_network_the_regression_speaks_for_it(model: PeakModel, past: pl.DataFrame) -> None:
    rows = unseen(model, past, 2017)
    assert not model.forecasters.lstm
    assert rows["lstm"].to_numpy() == pytest.approx(rows["regression"].to_numpy())


def test_a_network_speaks_for_itself(networked: PeakModel, past: pl.DataFrame) -> None:
    rows = unseen(networked, past, 2017)
    assert list(networked.forecasters.lstm) == ["both"]
    three = np.cbrt(np.prod([rows[name].to_numpy() for name in ("regression", "trees", "lstm")], axis=0))
    assert rows["ensemble"].to_numpy() == pytest.approx(three)
    assert np.abs(np.log(column(rows, "lstm") / column(rows, "regression"))).mean() > 1e-4
    assert np.isfinite(rows["lstm"].to_numpy()).all()


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model", "networked"])
def test_files_hold_all_of_it(name: str, past: pl.DataFrame, request: pytest.FixtureRequest) -> None:
    of: PeakModel = request.getfixturevalue(name)
    files = of.to_files()
    again = PeakModel.of_files(files)
    assert again.to_files() == files
    assert (again.as_of, again.default, again.settings) == (of.as_of, of.default, of.settings)
    assert fingerprint(unseen(again, past, 2017)) == fingerprint(unseen(of, past, 2017))
    assert {f.rsplit(".", 1)[-1] for f in files} <= {"json", "parquet", "txt", "safetensors"}


def test_a_file_of_another_version_is_refused(model: PeakModel) -> None:
    files = model.to_files()
    meta = json.loads(files["meta.json"]) | {"version": "0"}
    with pytest.raises(ValueError, match=r"version 0, not .*: fit it again"):
        PeakModel.of_files(files | {"meta.json": json.dumps(meta).encode()})


def test_the_same_past_gives_the_same_bytes(past: pl.DataFrame, model: PeakModel) -> None:
    assert fit(past, DAY, QUICK).to_files() == model.to_files()
    assert fit(past, DAY, replace(QUICK, seed=5)).to_files() != model.to_files()


# -- the honesty rule ------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date(2015, 3, 9), DAY], ids=str)
def test_a_model_does_not_know_what_is_to_come(past: pl.DataFrame, day: date) -> None:
    wrong = wrong_from(past, day, seed=day.toordinal())
    ours, theirs = fit(past, day, QUICK), fit(wrong, day, QUICK)
    assert ours.to_files() == theirs.to_files()
    ahead = [forecast_ahead(each, marks) for each, marks in ((ours, past), (theirs, wrong))]
    assert ahead[0].height > 50
    assert fingerprint(ahead[0]) == fingerprint(ahead[1])


@pytest.mark.slow
def test_a_network_does_not_know_what_is_to_come(past: pl.DataFrame, networked: PeakModel) -> None:
    wrong = wrong_from(past, DAY, seed=3)
    theirs = fit(wrong, DAY, NETWORK)
    assert networked.to_files() == theirs.to_files()
    assert fingerprint(forecast_ahead(networked, past)) == fingerprint(forecast_ahead(theirs, wrong))


def test_a_wrong_yesterday_is_seen(past: pl.DataFrame, model: PeakModel) -> None:
    """So that the two above can fail."""
    wrong = wrong_from(past, date(2016, 5, 1), seed=1)
    assert fit(wrong, DAY, QUICK).to_files() != model.to_files()


# -- ahead -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "indoor", "outdoor"),
    [
        (date(2016, 1, 1), 2016, 2016),
        (date(2016, 3, 31), 2016, 2016),
        (date(2016, 4, 1), 2017, 2016),
        (date(2016, 10, 31), 2017, 2016),
        (date(2016, 11, 1), 2017, 2017),
        (date(2016, 12, 31), 2017, 2017),
    ],
    ids=str,
)
def test_the_seasons_that_are_not_over(day: date, indoor: int, outdoor: int) -> None:
    assert seasons_ahead(day) == {INDOOR: indoor, OUTDOOR: outdoor}


def test_whoever_was_there_lately_is_forecast(past: pl.DataFrame, model: PeakModel) -> None:
    rows = schema.check(forecast_ahead(model, past), PeakForecasts)
    known = past.filter(pl.col("date") < DAY)
    peaks = season_peaks(known)
    for label in (INDOOR, OUTDOOR):
        of_label = peaks.filter((pl.col("label") == label) & (pl.col("season") >= 2015))
        expected = {*of_label.select("athlete_id", "event").iter_rows()}
        asked = rows.filter(pl.col("label") == label)
        assert {*asked.select("athlete_id", "event").iter_rows()} == expected
        assert asked["season"].unique().to_list() == [2017]
    last = known.sort("date", "performance_id").group_by("athlete_id").agg(pl.col("team").last())
    team = dict(last.iter_rows())
    assert all(team[who] == told for who, told in rows.select("athlete_id", "team").iter_rows())
    assert rows["as_of"].unique().to_list() == [DAY]
    women = forecast_ahead(model, past, "women")
    assert fingerprint(women) == fingerprint(rows.filter(pl.col("gender") == "women"))
    assert 0 < women.height < rows.height


def test_nobody_to_forecast_is_an_empty_table(model: PeakModel, past: pl.DataFrame) -> None:
    nobody = schema.check(forecast_ahead(model, past, as_of=date(2005, 1, 1)), PeakForecasts)
    assert nobody.is_empty()
    retired = forecast_ahead(model, past, as_of=date(LAST_ELITE + 8, 1, 1))
    assert schema.check(retired, PeakForecasts).is_empty()


def test_an_event_that_nobody_has_done_before_is_forecast_too(model: PeakModel) -> None:
    """One athlete in an event of which the model knows nothing, of a group it has not met."""
    rows = [
        {
            "athlete_id": "w",
            "event": "20 km Race Walk",
            "label": OUTDOOR,
            "date": date(y, 5, 1),
            "mark": 5400.0,
        }
        for y in (2015, 2016)
    ]
    (told,) = forecast_ahead(model, careers(rows)).iter_rows(named=True)
    assert told["event_group"] == "walks/road"
    assert 5400 * 0.85 < told["high"] <= told["median"] <= told["low"] < 5400 * 1.15
