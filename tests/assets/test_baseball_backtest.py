"""What is made of past seasons: forecasts day by day, scores, the streak's policy, an audit of seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets import baseball, baseball_backtest, launch
from formguide.baseball.arrivals import SPORT
from formguide.baseball.forecast_tables import BacktestForecasts, ForecastScorecard, SeedAudit
from formguide.baseball.sample import write_sample
from formguide.baseball.streak.making import POLICY
from tests.assets.conftest import House

SEASONS = (2024, 2025)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two short seasons, the second walked through with two seeds."""
    root = tmp_path_factory.mktemp("walked")
    write_sample(root / "files", dates=10, dates_played=8, first_season=SEASONS[0])
    with dg.DagsterInstance.ephemeral() as instance:
        house = House(root / "lake", root / "files", instance)
        house.run(SEASONS, baseball.SEASON_CHAIN)
        walk(house)
        house.run((), baseball_backtest.OVER_ALL_SEASONS)
        yield house


def walk(house: House, seeds: int = 2) -> dict[str, dict[str, Any]]:
    """The backtest of the second season; what was said of it."""
    config = {"baseball__backtest_forecasts": {"seeds": seeds}}
    return launch.materialise(
        house.definitions, baseball_backtest.BACKTEST, house.instance, (2025,), config=config
    )


def test_every_day_is_forecast_by_every_seed_and_in_both_tasks(walked):
    rows = walked.lake.read_table(SPORT, BacktestForecasts.name, None, BacktestForecasts)
    assert set(rows["seed"]) == {1, 2}
    assert set(rows["task"]) == {"actual", "projected"}
    assert set(rows["season"]) == {2025}
    games = walked.lake.read_table(SPORT, "games", ["2025"]).filter(pl.col("state") == "final")
    assert set(rows["game_date"]) == set(games["game_date"])
    assert (rows["as_of"] == rows["game_date"]).all()


def test_its_checks_pass_and_a_second_walk_changes_nothing(walked):
    key = dg.AssetKey([SPORT, BacktestForecasts.name])
    for name in ("fits_declaration", "probabilities_in_range"):
        records = walked.instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(key, name), limit=1
        )
        assert records[0].event is not None
        evaluation = records[0].event.dagster_event.asset_check_evaluation_data
        assert evaluation.passed, name
    before = walked.lake.state()
    assert walk(walked)["backtest_forecasts"]["computed"] == 0
    assert walked.lake.state() == before


def test_the_scorecard_is_marked_as_the_samples_and_names_hindsight(walked):
    card = walked.lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    assert card["is_sample"].all()
    assert any("not available before the game" in model for model in card["model"].unique())
    assert set(card["unit"]) == {"game", "date"}


def test_a_policy_follows_and_what_it_comes_to(walked):
    assert walked.lake.manifest(SPORT, POLICY, None).kind == "bytes"
    bins = walked.lake.read_table(SPORT, "streak_bins")
    for phase in bins.partition_by("phase"):
        assert phase["share"].sum() == pytest.approx(1)
    evaluation = walked.lake.read_table(SPORT, "streak_evaluation")
    assert "in_sample" in set(evaluation["question"]), "a fortnight is too short to hold days out"
    assert evaluation["is_sample"].all()


def test_an_audit_is_a_run_per_seed(walked):
    audit = dg.AssetSelection.assets([SPORT, "seed_audit"])
    for seed in ("3", "4"):
        said = launch.materialise(walked.definitions, audit, walked.instance, partition=seed)
        assert said["seed_audit"]["computed"] == 1
    rows = walked.lake.read_table(SPORT, SeedAudit.name, None, SeedAudit)
    assert sorted(set(rows["seed"])) == [3, 4]
    again = launch.materialise(walked.definitions, audit, walked.instance, partition="3")
    assert again["seed_audit"]["computed"] == 0
