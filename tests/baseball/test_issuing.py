"""From the sample league's documents to forecasts, scores and an audit in the lake."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from formguide import schema
from formguide.baseball import (
    baselines,
    forecast,
    incremental,
    issuing,
    model_file,
    scorecard,
    starters,
)
from formguide.baseball.forecast_tables import (
    BacktestForecasts,
    BatterForecasts,
    ForecastScorecard,
    SeedAudit,
)
from formguide.baseball.sample import write_sample
from formguide.baseball.tables import Lineups
from formguide.lake import Lake
from formguide.making import TooLittle

SEASONS = (2024, 2025)
DATES = 24


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root = tmp_path_factory.mktemp("issuing")
    write_sample(root / "league", dates=DATES, dates_played=DATES - 2)
    lake = Lake(root / "lake")
    incremental.make_source_files(lake, SEASONS, [root / "league"])
    incremental.make_results(lake, SEASONS)
    return lake


@pytest.fixture(scope="module")
def tables(lake):
    return incremental.season_tables(lake, SEASONS)


@pytest.fixture(scope="module")
def made(lake):
    said: list[str] = []
    return issuing.make_backtest(lake, [2025], seeds=2, progress=said.append), said


@pytest.fixture(scope="module")
def rows(lake, made):
    return lake.read_table("baseball", BacktestForecasts.name, ["2025"], BacktestForecasts)


def test_every_starter_of_every_game_is_forecast(rows, tables):
    played = tables["games"].filter((pl.col("season") == 2025) & (pl.col("state") == "final"))
    actual = rows.filter((pl.col("task") == "actual") & (pl.col("seed") == 1))
    assert actual.height == 18 * played.height
    assert set(actual["lineup_status"]) == {"confirmed"}
    assert set(rows.filter(pl.col("task") == "projected")["lineup_status"]) == {"projected"}
    assert set(rows["seed"]) == {1, 2}
    assert set(rows["seeds"]) == {2}
    schema.check(rows, BacktestForecasts)


def test_the_interval_holds_both_seeds(rows):
    inside = rows.filter(
        pl.col("p_game_hit").is_between(pl.col("p_game_hit_low") - 1e-12, pl.col("p_game_hit_high") + 1e-12)
    )
    assert inside.height == rows.height
    assert (rows["p_game_hit_high"] > rows["p_game_hit_low"]).mean() > 0.5


def test_the_outcome_is_what_happened(rows, tables):
    own = tables["plate_appearances"].group_by("game_pk", "batter_id").agg(hits=pl.col("is_hit").sum())
    both = rows.join(own, on=["game_pk", "batter_id"], how="left")
    assert both.select((pl.col("hits").is_null() == pl.col("got_hit").is_null()).all()).item()
    assert both.select(((pl.col("hits") > 0) == pl.col("got_hit")).all()).item()


def test_hindsight_is_the_product_over_what_he_took(rows):
    took = rows.drop_nulls("got_hit")
    wanted = 1 - (1 - took["p_hit_pa"]) ** took["plate_appearances_after"].cast(pl.Float64)
    assert np.allclose(took["p_game_hit_hindsight"], wanted)


def test_nothing_is_made_twice(lake, made):
    first, said = made
    again = issuing.make_backtest(lake, [2025], seeds=2)
    assert (again[2025].computed, again[2025].carried, again[2025].version) == (0, 1, first[2025].version)
    assert any("12 variants" in line for line in said)


def test_a_first_season_is_forecast_once_enough_is_known(lake):
    said: list[str] = []
    known = issuing.make_backtest(lake, [2024], progress=said.append)
    assert "not forecast" in said[1]
    rows = lake.read_table("baseball", BacktestForecasts.name, ["2024"], BacktestForecasts)
    assert known[2024].rows == rows.height
    lake.delete("baseball", BacktestForecasts.name, "2024")


def test_the_scorecard_names_its_baselines_and_hindsight(lake, rows):
    made = issuing.make_scorecard(lake)
    card = lake.read_table("baseball", ForecastScorecard.name, None, ForecastScorecard)
    assert made.rows == card.height
    assert set(card["model"]) == {"blend", *baselines.RULES, scorecard.HINDSIGHT}
    assert set(card["task"]) == {"actual", "projected"}
    assert card["is_sample"].all()
    one = card.filter(
        (pl.col("task") == "actual")
        & (pl.col("unit") == "game")
        & (pl.col("span") == "all")
        & (pl.col("metric") == "log_loss")
    )
    ours, slot = (one.filter(pl.col("model") == m).row(0, named=True) for m in ("blend", "slot"))
    assert slot["difference"] == pytest.approx(ours["value"] - slot["value"])
    mean = (
        rows.filter((pl.col("task") == "actual") & pl.col("got_hit").is_not_null())
        .group_by("game_pk", "batter_id")
        .agg(pl.col("p_slot").first(), pl.col("got_hit").first())
    )
    p = pl.when(pl.col("got_hit")).then("p_slot").otherwise(1 - pl.col("p_slot"))
    assert slot["value"] == pytest.approx(mean.select(-p.log().mean()).item())
    assert issuing.make_scorecard(lake).carried == 1


def test_a_date_counts_any_of_its_games(rows):
    twice = pl.concat([rows.filter((pl.col("task") == "actual") & (pl.col("seed") == 1)).head(2)] * 1)
    twice = twice.with_columns(
        batter_id=pl.lit(7, pl.Int64),
        game_pk=pl.Series([1, 2]),
        game_date=pl.lit(rows["game_date"][0]),
        p_game_hit=pl.Series([0.5, 0.6]),
        got_hit=pl.Series([False, True]),
    )
    day = scorecard._by_date(scorecard._over_seeds(twice))
    assert day.height == 1
    assert day["p_game_hit"][0] == pytest.approx(0.8)
    assert day["got_hit"][0]


def test_a_saved_scorecard_can_be_compared_with(lake, tmp_path, made):
    card = issuing.score(lake)
    scorecard.save(card, tmp_path / "kept.json")
    changed = card.with_columns(value=pl.col("value") + 0.25)
    told = scorecard.diff(changed, tmp_path / "kept.json")
    assert told.height == card.height
    assert told["change"].drop_nulls().to_numpy() == pytest.approx(0.25)
    (tmp_path / "other.json").write_text('{"a": 1}')
    with pytest.raises(ValueError, match="not a saved scorecard"):
        scorecard.diff(card, tmp_path / "other.json")


def test_the_day_is_forecast_with_projected_and_confirmed_nines(lake, tables):
    coming = tables["games"].filter(pl.col("state") == "preview")
    day = coming["game_date"].min()
    games = coming.filter(pl.col("game_date") == day)
    nobody = schema.empty(Lineups)
    expected = issuing.forecast_day(lake, day, games, nobody)
    schema.check(expected, BatterForecasts)
    assert expected.height == 18 * games.height
    assert set(expected["lineup_status"]) == {"projected"}
    assert set(expected["seeds"]) == {len(issuing.DAY_SEEDS)}
    # One team's nine come out: the same men, so only what is said of them changes.
    team = expected["team_id"][0]
    out = expected.filter(pl.col("team_id") == team).sort("slot")
    nine = pl.DataFrame(
        {name: [None] * 9 for name in schema.dtypes(Lineups)}, schema=schema.dtypes(Lineups)
    ).with_columns(
        season=pl.lit(2025, pl.Int32), game_pk=out["game_pk"], game_date=pl.lit(day), team_id=out["team_id"],
        slot=out["slot"], batter_id=out["batter_id"].reverse(), derived=pl.lit(False),
    )  # fmt: skip
    announced = issuing.forecast_day(lake, day, games, nine)
    confirmed = announced.filter(pl.col("team_id") == team).sort("slot")
    assert set(confirmed["lineup_status"]) == {"confirmed"}
    assert confirmed["batter_id"].to_list() == out["batter_id"].reverse().to_list()
    rest = pl.col("team_id") != team
    assert announced.filter(rest).equals(expected.filter(rest))
    assert lake.manifest("baseball", issuing.MODELS, "production") is not None
    shadow = issuing.forecast_day(lake, day, games, nobody, shadow=True)
    assert not shadow["p_game_hit"].equals(expected["p_game_hit"])


def test_models_come_back_from_their_files_as_they_were(tables):
    known = forecast.knowledge(*(tables[name] for name in ("games", "lineups", "plate_appearances")))
    last = known.plate_appearances["game_date"][-1]
    models = forecast.fit_models(known, last, [3])
    back = model_file.from_files(model_file.as_files(models))
    asked = known.past.rows((known.past.starters["game_date"] == last).to_numpy())
    assert forecast.forecast(back, asked)[3].equals(forecast.forecast(models, asked)[3])


def test_too_little_to_learn_from_is_said(tables):
    known = forecast.knowledge(*(tables[name] for name in ("games", "lineups", "plate_appearances")))
    first = known.plate_appearances["game_date"][0]
    with pytest.raises(TooLittle, match="plate appearances before"):
        forecast.fit_models(known, first + timedelta(days=2), [1])


def test_an_audit_of_one_seed(lake):
    made = issuing.make_seed_audit(lake, 7)
    table = lake.read_table("baseball", SeedAudit.name, ["seed=7"], SeedAudit)
    assert table.height == made.rows == 1
    assert table["seed"][0] == 7 and 0.4 < table["p_at_1"][0] < 1
    assert issuing.make_seed_audit(lake, 7).carried == 1


def test_the_projected_starter_is_the_one_whose_turn_it_is(tables):
    games = tables["games"]
    played = games.filter((pl.col("state") == "final") & (pl.col("season") == 2025))
    bare = played.with_columns(
        home_probable_id=pl.lit(None, pl.Int64), away_probable_id=pl.lit(None, pl.Int64)
    )
    told = starters.projected(bare, games, tables["lineups"], tables["plate_appearances"])
    starts = pl.concat(
        games.select("game_date", team=f"{s}_team_id", who=f"{s}_starter_id").drop_nulls()
        for s in ("home", "away")
    )
    some = told.filter(pl.col("pitcher_status") == "projected").unique(["game_pk", "team_id"])
    assert some.height > 20
    for day, opponent, who, number in some.select(
        "game_date", "opponent_id", "pitcher_id", "game_number"
    ).iter_rows():
        before = starts.filter((pl.col("team") == opponent) & (pl.col("game_date") < day))
        last = before.group_by("who").agg(pl.col("game_date").max()).sort("game_date", "who", descending=True)
        five = last.head(starters.ROTATION).sort("game_date", "who")
        rest = (pl.lit(day) - pl.col("game_date")).dt.total_days()
        rested = five.filter(rest.is_between(starters.LEAST_REST_DAYS, starters.MOST_REST_DAYS))
        assert rested["who"][number - 1] == who


def test_the_catcher_is_the_one_in_the_other_teams_nine(tables):
    known = forecast.knowledge(*(tables[name] for name in ("games", "lineups", "plate_appearances")))
    nine = tables["lineups"].filter(pl.col("position") == "C")
    behind = {
        (game, team): who for game, team, who in nine.select("game_pk", "team_id", "batter_id").iter_rows()
    }
    asked = known.past.starters.select("game_pk", "opponent_id", "catcher_id")
    assert asked["catcher_id"].null_count() == 0
    assert all(behind[game, team] == who for game, team, who in asked.iter_rows())
    assert known.past.features["pitcher_catcher_framing"].null_count() < known.past.starters.height
    played = tables["games"].filter((pl.col("season") == 2025) & (pl.col("state") == "final"))
    told = starters.projected(played, tables["games"], tables["lineups"], tables["plate_appearances"])
    caught = nine.select("game_date", "game_pk", "team_id", "batter_id").sort("game_date", "game_pk")
    for day, team, who in told.select("game_date", "opponent_id", "catcher_id").unique().iter_rows():
        before = caught.filter((pl.col("team_id") == team) & (pl.col("game_date") < day))
        assert before["batter_id"][-1] == who
