"""The baselines by hand on small cases, and what the backtest makes of forecasts."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from formguide.formula1 import backtest, forecast
from formguide.formula1.backtest import RaceView
from formguide.formula1.baselines import BASELINES, Baselines, BaselineSettings
from formguide.formula1.forecast_tables import ForecastScorecard
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import Session, Weekend
from formguide.schema import check

NAMES = ("a", "b", "c", "d")
SETTINGS = ForecastSettings()


def _weekend(
    order: str, grid: str, points=(25.0, 18.0, 15.0, 12.0), season=2024, retired: str = ""
) -> Weekend:
    at = datetime(season, 3, 3, 15)
    n = len(order)
    out = np.array([d in retired for d in order])
    race = Session.of(
        "race", 0, at, list(order), list(order), list(order),
        started=np.ones(n, bool), finished=~out, retired=out, points=np.array(points[:n]),
    )  # fmt: skip
    places = np.arange(1.0, n + 1)
    start = Session.of("grid", 0, at, list(grid), list(grid), list(grid), grid=places)
    return Weekend(season, 1, f"{season}-x", "X", "x", None, None, at, at, at, False, (start, race))


def _view(grid: np.ndarray | None = None) -> RaceView:
    return RaceView(
        NAMES, NAMES, np.arange(1.0, 5) if grid is None else grid, "grid" if grid is None else "expected"
    )


def test_grid_frequencies_are_counted():
    memory = Baselines(BaselineSettings(smoothing_places=1e-6, pseudo_races=1e-9))
    for order in ("abcd", "bacd"):
        memory.learn(_weekend(order, "abcd"))
    places = memory.positions(_view(), "grid")
    assert places is not None
    np.testing.assert_allclose(places[:2, :2], 0.5, atol=1e-6)
    np.testing.assert_allclose(places[2:, 2:], np.eye(2), atol=1e-6)


def test_smoothing_gives_every_place_a_chance_and_keeps_sums():
    memory = Baselines()
    memory.learn(_weekend("abcd", "abcd"))
    for name in BASELINES:
        places = memory.positions(_view(), name)
        assert places is not None
        assert (places > 0).all()
        np.testing.assert_allclose(places.sum(axis=0), 1, atol=1e-5)
        np.testing.assert_allclose(places.sum(axis=1), 1, atol=1e-5)


def test_what_needs_a_grid_has_no_forecast_without_one():
    memory = Baselines()
    expected = _view(np.array([1.5, 2.0, 3.0, 3.5]))
    assert memory.positions(expected, "grid") is None
    assert memory.positions(expected, "grid_strength") is None
    assert memory.positions(expected, "elo") is not None


def test_the_standings_start_again_each_season_and_last_seasons_break_ties():
    memory = Baselines()
    memory.learn(_weekend("dcba", "abcd"))
    np.testing.assert_array_equal(memory.standings(NAMES), [4, 3, 2, 1])
    memory.open_season(2025)
    assert memory.points == {}
    np.testing.assert_array_equal(memory.standings(NAMES), [4, 3, 2, 1])
    memory.learn(_weekend("abcd", "abcd", season=2025))
    np.testing.assert_array_equal(memory.standings(NAMES), [1, 2, 3, 4])


def test_elo_moves_by_the_surprise_and_sums_to_zero():
    s = BaselineSettings()
    memory = Baselines(s)
    memory.learn(_weekend("ab", "ab"))
    # Two equals: the winner was given one half, so he gains half a step.
    assert memory.driver_elo["a"] == pytest.approx(s.elo_driver_step / 2)
    assert memory.team_elo["b"] == pytest.approx(-s.elo_team_step / 2)
    memory.learn(_weekend("dbca", "abcd"))
    assert sum(memory.driver_elo.values()) == pytest.approx(0.0)


def test_retired_cars_do_not_lose_elo():
    memory = Baselines()
    memory.learn(_weekend("abc", "abc", retired="c"))
    assert "c" not in memory.driver_elo


@pytest.fixture(scope="module")
def scored(weekends, run, tables):
    season = weekends[-1].season
    made = forecast.forecast_races(
        weekends, run.checkpoints, tables["race_conditions"], SETTINGS, seasons=[season - 1, season]
    ).table
    return made, backtest.race_scores(weekends, made, [season - 1, season]), season


def test_the_scorecard_is_as_declared_and_compares_on_the_same_races(scored, weekends):
    _, scores, season = scored
    card = check(backtest.scorecard(scores, is_sample=True), ForecastScorecard)
    assert set(card["model"]) == {"formguide", *BASELINES}
    row = card.filter(
        (pl.col("model") == "elo") & (pl.col("metric") == "spearman") & (pl.col("moment") == "on_grid")
        & (pl.col("seasons") == f"{season - 1}-{season}")
    ).row(0, named=True)  # fmt: skip
    part = scores.filter((pl.col("moment") == "on_grid") & (pl.col("metric") == "spearman"))
    wide = part.pivot("model", index="race_id", values="value")
    gap = (wide["formguide"] - wide["elo"]).to_numpy()
    assert row["n"] == len(gap) == sum(w.race is not None for w in weekends if w.season >= season - 1)
    assert row["difference"] == pytest.approx(gap.mean())
    assert row["difference_se"] == pytest.approx(gap.std(ddof=1) / np.sqrt(len(gap)))
    assert row["difference_t"] == pytest.approx(row["difference"] / row["difference_se"])


def test_the_winners_log_loss_is_the_one_in_the_table(scored, weekends):
    made, scores, _ = scored
    weekend = next(w for w in reversed(weekends) if w.race is not None)
    winner = weekend.race.drivers[0]
    p = made.filter(
        (pl.col("race_id") == weekend.race_id) & (pl.col("moment") == "on_grid")
        & (pl.col("scenario") == "mixed") & (pl.col("driver_id") == winner)
    )["p_win"][0]  # fmt: skip
    value = scores.filter(
        (pl.col("race_id") == weekend.race_id) & (pl.col("moment") == "on_grid")
        & (pl.col("metric") == "winner_log_loss") & (pl.col("model") == "formguide")
    )["value"][0]  # fmt: skip
    assert value == pytest.approx(-np.log(p), abs=1e-4)


def test_baselines_forecast_before_they_learn(scored, weekends):
    """Taking the last race away leaves every baseline's scores of the races before as they were."""
    made, scores, season = scored
    last = max(i for i, w in enumerate(weekends) if w.race is not None)
    shorter = [replace(w, sessions=()) if i == last else w for i, w in enumerate(weekends)]
    again = backtest.race_scores(shorter, made, [season - 1, season])
    rest = scores.filter(pl.col("race_id") != weekends[last].race_id)
    assert again.equals(rest)


def test_pit_values_of_the_sample_league_are_spread_out(scored, weekends):
    pit = backtest.pit_values(weekends, scored[0], "on_grid")
    assert len(pit) > 500
    assert 0.70 < np.mean((pit > 0.1) & (pit < 0.9)) < 0.90
