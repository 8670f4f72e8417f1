"""The backtest and its scorecard: scores against their definitions, errors by race, the lake's round trip."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from formguide import schema, scoring
from formguide.lake import Lake
from formguide.triathlon import backtest, baselines, forecast_checks, issuing, pictures, scorecard
from formguide.triathlon.forecast_tables import FinishTimeForecasts, ForecastScorecard
from formguide.triathlon.starts import finishes, starts
from formguide.triathlon.tables import RaceResults
from tests.triathlon.leagues import small


@pytest.fixture(scope="module")
def scores() -> pl.DataFrame:
    return backtest.walk_forward(small(), [2017], ["70.3"])


@pytest.fixture(scope="module")
def card(scores) -> pl.DataFrame:
    return scorecard.scorecard(scores, is_sample=True)


def value(card, model, metric, population="all", by="all", column="value"):
    found = card.filter(
        (pl.col("model") == model)
        & (pl.col("metric") == metric)
        & (pl.col("population") == population)
        & (pl.col("by") == by)
    )
    return found[column][0]


def test_rules_without_anything_to_learn_from_do_not_learn_from_what_is_scored():
    """Nobody who returns is learnt from: the rule says what was usual, whatever those scored will take."""
    frame = finishes(small()).filter(pl.col("distance").cast(pl.String) == "70.3")
    first = min(frame["year"].to_list())
    learnt = frame.filter(pl.col("year") == first).unique("athlete_id", maintain_order=True)
    scored = frame.filter(
        (pl.col("year") == first + 1) & pl.col("athlete_id").is_in(learnt["athlete_id"].to_list())
    )
    said = []
    for slower in (0, 3600):
        later = scored.with_columns(pl.col("total_sec") + slower).unique("athlete_id", maintain_order=True)
        history = starts(pl.concat([learnt, later]))
        mine = np.arange(len(history)) < learnt.height
        said.append(baselines.rules(history, mine, ~mine)[baselines.LINEAR].point)
    assert len(said[0]) > 10
    np.testing.assert_array_equal(said[1], said[0])


def test_every_model_is_scored_on_the_same_starts(scores):
    counts = scores.group_by("model").len()
    assert counts["len"].n_unique() == 1
    assert counts.height == 7
    keys = [part.select("race_id", "total_min").rows() for part in scores.partition_by("model")]
    assert all(k == keys[0] for k in keys)


def test_metrics_are_what_they_are_called(scores, card):
    ours = scores.filter(pl.col("model") == backtest.OURS)
    assert value(card, backtest.OURS, "mae_min") == pytest.approx(ours["error_min"].mean())
    total = ours["total_min"].to_numpy()
    r2 = 1 - ours["squared_min2"].mean() / total.var()
    assert value(card, backtest.OURS, "r2") == pytest.approx(r2)
    assert value(card, backtest.OURS, "coverage_90") == pytest.approx(
        ((ours["pit"] - 0.5).abs() <= 0.45).mean()
    )
    expected = scoring.clustered_paired(
        ours["crps_min"].to_numpy(),
        scores.filter(pl.col("model") == "last race")["crps_min"].to_numpy(),
        ours["race_id"].to_numpy(),
    )
    assert value(card, "last race", "crps_min", column="difference") == pytest.approx(expected.difference)
    assert value(card, "last race", "crps_min", column="difference_t") == pytest.approx(expected.t)
    pit = card.filter(
        pl.col("metric").str.starts_with("pit_") & (pl.col("population") == "all") & (pl.col("by") == "all")
    )
    assert pit["value"].sum() == pytest.approx(1)
    assert (card["is_sample"]).all()


def test_ours_is_better_than_the_honest_rules_here(card):
    for model in ("last race", "linear: gender, age, best", "course mean"):
        assert value(card, model, "crps_min", column="difference") < 0


def test_the_influence_on_r_squared_gives_the_jackknifes_error():
    rng = np.random.default_rng(0)
    race = np.repeat(np.arange(40), 25)
    total = 300 + rng.normal(0, 40, 1000) + rng.normal(0, 15, 40)[race]
    squared = (rng.normal(0, 25, 1000) + rng.normal(0, 8, 40)[race]) ** 2
    frame = pl.DataFrame({"total_min": total, "squared_min2": squared})
    _, influence = scorecard.r_squared(frame)
    error = scoring.clustered_mean(influence, race).standard_error
    left_out = np.array([scorecard.r_squared(frame.filter(pl.Series(race != r)))[0] for r in range(40)])
    jackknife = np.sqrt(39 / 40 * ((left_out - left_out.mean()) ** 2).sum())
    assert error == pytest.approx(jackknife, rel=0.1)
    assert influence.mean() == pytest.approx(0, abs=1e-12)


def test_a_crps_of_quantiles_is_that_of_the_normal():
    from scipy.special import ndtri

    levels = baselines.LEVELS
    about = pl.DataFrame({c: [None] for c in list(backtest.SCORES)[:8]})
    found = backtest._scored(
        about,
        "m",
        np.array([6000.0]),
        np.array([6000.0]),
        6000 + 600 * ndtri(levels)[None, :],
        np.array([0.5]),
    )
    # A normal forecast of sd 10 min that is exactly right: 10 (sqrt(2) - 1) / sqrt(pi).
    assert found["crps_min"][0] == pytest.approx(10 * (np.sqrt(2) - 1) / np.sqrt(np.pi), rel=0.02)


def test_posterior_forecasts_and_scorecard_in_the_lake(tmp_path):
    results = small()
    lake = Lake(tmp_path)
    for (year,), frame in results.partition_by("year", as_dict=True).items():
        lake.write_table(
            "triathlon",
            "race_results",
            str(year),
            frame.select(list(schema.dtypes(RaceResults))),
            RaceResults,
            "x",
        )
    wanted = [("70.3", 2017), ("140.6", 2015)]
    made = issuing.make_forecasts(lake, wanted)
    assert {key: m.computed for key, m in made.items()} == dict.fromkeys(wanted, 1)
    assert made["140.6", 2015].rows == 0
    assert {m.carried for m in issuing.make_forecasts(lake, wanted).values()} == {1}
    held = lake.read_table("triathlon", FinishTimeForecasts.name, ["70.3_2017"], FinishTimeForecasts)
    assert held.height == made["70.3", 2017].rows > 100
    # A later season does not change an earlier one's forecasts.
    state = lake.manifest("triathlon", FinishTimeForecasts.name, "70.3_2017")
    lake.delete("triathlon", "race_results", "2018")
    assert issuing.make_forecasts(lake, wanted[:1])["70.3", 2017].carried == 1
    assert lake.manifest("triathlon", FinishTimeForecasts.name, "70.3_2017") == state
    png = pictures.predictive_check_png(lake, "70.3")
    assert png is not None and png.startswith(b"\x89PNG")
    assert pictures.calibration_png(lake) is None and pictures.effects_png(lake, "70.3") is None

    scored = issuing.make_scorecard(lake, split=2016, seasons=[2017], distances=["70.3"])
    assert scored.computed == 1
    assert issuing.make_scorecard(lake, split=2016, seasons=[2017], distances=["70.3"]).carried == 1
    table = lake.read_table("triathlon", ForecastScorecard.name, None, ForecastScorecard)
    assert set(table["task"]) == {backtest.ONCE, backtest.WALK}
    drawn = pictures.calibration_png(lake)
    assert drawn is not None and drawn == pictures.calibration_png(lake)


@pytest.mark.slow
def test_the_leagues_posterior_converges(tmp_path):
    lake = Lake(tmp_path)
    for (year,), frame in small().partition_by("year", as_dict=True).items():
        lake.write_table(
            "triathlon",
            "race_results",
            str(year),
            frame.select(list(schema.dtypes(RaceResults))),
            RaceResults,
            "x",
        )
    made = issuing.make_posterior(lake, ["70.3"])
    assert made["70.3"].facts["scales_by"] in ("importance", "nuts")
    finding = forecast_checks.posterior_diagnostics(lake, ["70.3", "140.6"])
    assert finding.passed, finding.rows
    found = issuing.read_posterior(lake, "70.3")
    assert issuing.read_diagnostics(lake, "70.3").equals(found.diagnostics())
    assert finding.said == f"70.3: {found.converged().said}"
    assert abs(float(found.mean("intercept")) - 9.95) < 0.3
    assert issuing.read_forecaster(lake, "70.3").pace.distance == "70.3"
    png = pictures.effects_png(lake, "70.3")
    assert png is not None and png.startswith(b"\x89PNG")
