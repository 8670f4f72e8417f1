"""The policy and its evaluation in the lake: made once, made again when the backtest changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from formguide.baseball.forecast_tables import BacktestForecasts
from formguide.baseball.streak import exact, making
from formguide.baseball.streak.evaluation import PolicySettings
from formguide.baseball.streak.rules import Rules
from formguide.baseball.streak.strategies import STRATEGIES
from formguide.baseball.streak.tables import StreakBins, StreakEvaluation
from formguide.baseball.tables import Games
from formguide.lake import Lake, LakeError
from formguide.schema import dtypes

SMALL = PolicySettings(days=60, rules=Rules(20, 5, 8))


@pytest.fixture
def lake(tmp_path, backtest) -> Lake:
    """A lake with a backtest of three seasons."""
    made = Lake(tmp_path / "lake")
    for season, rows in backtest.partition_by("season", as_dict=True).items():
        write(made, int(season[0]), rows)
    return made


def write(lake: Lake, season: int, rows: pl.DataFrame) -> None:
    lake.write_table("baseball", "backtest_forecasts", str(season), rows, BacktestForecasts, "made up")


def test_a_policy_is_made_once(lake):
    made = making.make_policy(lake, SMALL)
    assert set(made) == {"streak_policy", "streak_bins"}
    assert all((m.computed, m.carried) == (1, 0) for m in made.values())
    before = lake.state()
    again = making.make_policy(lake, SMALL)
    assert all((m.computed, m.carried) == (0, 1) for m in again.values())
    assert {n: m.version for n, m in again.items()} == {n: m.version for n, m in made.items()}
    assert lake.state() == before
    assert made["streak_policy"].facts == again["streak_policy"].facts


def test_the_lakes_policy_is_the_one_that_was_made(lake):
    made = making.make_policy(lake, SMALL)
    policy = making.load_policy(lake)
    assert policy.rules == SMALL.rules and policy.days == 60
    assert exact.p_goal(policy) == pytest.approx(made["streak_policy"].facts["p_goal_in_sample"], rel=1e-9)


def test_news_in_the_backtest_makes_another_policy(lake, backtest):
    making.make_policy(lake, SMALL)
    before = making.load_policy(lake)
    changed = backtest.filter(pl.col("season") == 2003).with_columns(~pl.col("got_hit"))
    write(lake, 2003, changed)
    assert making.make_policy(lake, SMALL)["streak_policy"].computed == 1
    assert (making.load_policy(lake).bins.p_hit < before.bins.p_hit).any()
    assert making.make_policy(lake, replace(SMALL, bins=3))["streak_bins"].computed == 1
    some = making.make_policy(lake, SMALL, seasons=[2001, 2002])
    assert some["streak_policy"].facts["seasons"] == [2001, 2002]


def test_bins_as_a_table(lake):
    making.make_policy(lake, SMALL, is_sample=True)
    table = lake.read_table("baseball", "streak_bins", None, StreakBins)
    assert table.height == 10
    assert table["is_sample"].all()
    for phase in ("early", "late"):
        bins = table.filter(pl.col("phase") == phase).sort("quality")
        assert bins["share"].sum() == pytest.approx(1.0)
        assert bins["p_from"].to_list() == [0.0, *bins["p_to"].to_list()[:-1]]
        assert bins["p_to"].to_list()[-1] == 1.0
        assert (bins["p_from"][1:] <= bins["p_first"][1:]).all() and (bins["p_first"] < bins["p_to"]).all()
        # Towards what was forecast, from what happened.
        assert (bins["p_hit"].max() - bins["p_hit"].min()) < (
            bins["hit_rate"].max() - bins["hit_rate"].min()
        ) + 0.1


def test_the_evaluation(lake):
    made = making.make_evaluation(lake, SMALL, draws=40, simulated=300)
    table = lake.read_table("baseball", "streak_evaluation", None, StreakEvaluation)
    assert made.rows == table.height
    count = dict(table.group_by("question").len().iter_rows())
    assert count["in_sample"] == count["calibrated"] == count["as_forecast"] == 1 + len(STRATEGIES)
    assert count["held_out"] == 1 + len(STRATEGIES) + 3 and count["seed"] == 2
    held_out = table.filter((pl.col("question") == "held_out") & (pl.col("span") == "all"))
    assert (held_out["p_low"] <= held_out["p_goal"]).all() and (
        held_out["p_goal"] <= held_out["p_high"]
    ).all()
    of_season = table.filter((pl.col("question") == "held_out") & (pl.col("span") != "all"))
    best = held_out.row(by_predicate=pl.col("policy") == "optimal", named=True)
    assert of_season["p_goal"].mean() == pytest.approx(best["p_goal"])
    assert made.facts["held_out_p_goal"] == best["p_goal"]
    in_sample = table.filter(pl.col("question") == "in_sample")
    assert (
        in_sample.row(by_predicate=pl.col("policy") == "optimal", named=True)["p_goal"]
        == in_sample["p_goal"].max()
    )
    # What one batter a day names in a season of 60 days cannot be more than 60.
    single = held_out.row(by_predicate=pl.col("policy") == "always-single", named=True)
    assert 0 < single["mean_longest"] <= 20 and 40 < single["batters_named"] <= 60
    assert making.make_evaluation(lake, SMALL, draws=40, simulated=300).carried == 1


def test_a_few_weeks_are_evaluated_as_far_as_they_go(lake, backtest):
    few = backtest.filter(pl.col("game_date") > date(2003, 9, 10))
    for season in (2001, 2002):
        lake.delete("baseball", "backtest_forecasts", str(season))
    write(lake, 2003, few)
    assert making.make_policy(lake, SMALL)["streak_policy"].computed == 1
    making.make_evaluation(lake, SMALL, draws=40, simulated=300)
    table = lake.read_table("baseball", "streak_evaluation", None, StreakEvaluation)
    assert set(table["question"]) == {"in_sample", "what_if_forecast"}


def test_doubles_of_one_game_are_asked_about(lake, backtest):
    """A third batter, better than the second pick, in the first pick's game, who never hits when he does."""
    first = (
        backtest.sort("p_game_hit", descending=True)
        .group_by("seed", "game_date", maintain_order=True)
        .first()
    )
    mate = first.with_columns(
        batter_id=pl.lit(999, dtype=pl.Int64),
        p_game_hit=pl.col("p_game_hit") - 1e-9,
        got_hit=~pl.col("got_hit"),
    )
    for (season,), rows in (
        pl.concat([backtest, mate.select(backtest.columns)]).partition_by("season", as_dict=True).items()
    ):
        write(lake, int(season), rows)
    days, same_game = making.days_in(lake), making.days_in(lake, same_game=True)
    assert days.hit_both.mean() > 0.5
    assert same_game.hit_both.sum() == 0


def test_a_season_that_is_not_over_counts_the_dates_to_come(lake):
    last = making.days_in(lake).date.max()
    rows = [
        (1, last.astype(object) + timedelta(after), state)
        for after, state in ((0, "final"), (1, "preview"), (1, "preview"), (5, "preview"), (6, "cancelled"))
    ]
    games = pl.DataFrame(rows, schema=["home_team_id", "game_date", "state"], orient="row")
    games = games.with_columns(season=pl.lit(2003), game_pk=pl.int_range(1, 6))
    filled = [
        pl.col(name).cast(dtype)
        if name in games.columns
        else pl.lit("x" if dtype == pl.String else None if dtype.is_temporal() else 1).cast(dtype).alias(name)
        for name, dtype in dtypes(Games).items()
    ]
    lake.write_table("baseball", "games", "2003", games.select(filled), Games, "made up")
    days = making.days_in(lake)
    assert days.of_seasons([2003]).days_left.min() == 3
    assert days.of_seasons([2002]).days_left.min() == 1


def test_without_a_backtest(tmp_path):
    empty = Lake(tmp_path / "lake")
    for make in (making.make_policy, making.make_evaluation, making.days_in):
        with pytest.raises(making.NoForecastsError, match="formguide backtest baseball"):
            make(empty)
    with pytest.raises(LakeError):
        making.load_policy(empty)


def test_a_season_that_is_not_there(lake):
    with pytest.raises(making.NoForecastsError, match="2031"):
        making.days_in(lake, [2031])
