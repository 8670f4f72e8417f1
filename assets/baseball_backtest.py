"""Baseball as assets, the past: walk-forward forecasts, what they scored, what a streak player makes of them.

The backtest walks through a season day by day and takes minutes, so it is asked for, not set off by news;
what looks at all of its seasons together follows it. An audit does the same for one seed of the models after
the other.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pydantic

from assets import baseball_checks, baseball_shown
from assets.baseball import BY_SEASON, OF_THE_SPORT, LakeParam
from assets.checks import fits, key, table_fits
from assets.events import Report, materialised, numbers, seasons_of
from assets.partitions import FOLLOWS, SEASONS_UP_TO
from formguide.baseball import issuing
from formguide.baseball.arrivals import SPORT, holds_sample
from formguide.baseball.forecast_tables import BacktestForecasts, ForecastLog, ForecastScorecard, SeedAudit
from formguide.baseball.streak import making as streak
from formguide.baseball.streak.tables import StreakBins, StreakEvaluation
from formguide.baseball.tables import SOURCE_TABLES
from formguide.schema import Table

SEEDS = dg.StaticPartitionsDefinition([str(seed) for seed in range(1, 101)])
"""The seeds of an audit: each a run of its own, so that any executor can share them out."""

SEASONS_SO_FAR = [
    dg.AssetDep(key(SPORT, table.name), partition_mapping=SEASONS_UP_TO) for table in SOURCE_TABLES
]


STREAK_POLICY = {
    streak.POLICY: "What to do with a streak on every kind of day: pick nobody, one batter or two.",
    StreakBins.name: StreakBins.description,
}
"""What the policy is kept as."""


class BacktestConfig(dg.Config):
    """How a season is walked through."""

    seeds: int = pydantic.Field(
        default=1, ge=1, le=100, description="Blends with different seeds, each forecasting every day."
    )


@dg.asset(
    **BY_SEASON,
    kinds={"lightgbm"},
    code_version=issuing.VERSION,
    description=BacktestForecasts.description,
    deps=SEASONS_SO_FAR,
    check_specs=[*fits(BacktestForecasts), baseball_checks.PROBABILITIES],
)
def backtest_forecasts(
    context: dg.AssetExecutionContext, lake: LakeParam, config: BacktestConfig
) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = issuing.make_backtest(lake, seasons, seeds=config.seeds, progress=context.log.info)
    yield from materialised(context, made, checks=baseball_checks.of_backtest(lake, seasons))


@dg.asset(
    **OF_THE_SPORT,
    kinds={"polars"},
    code_version=issuing.SCORECARD_VERSION,
    description=ForecastScorecard.description,
    deps=[backtest_forecasts],
    check_specs=fits(ForecastScorecard),
    automation_condition=FOLLOWS,
)
def forecast_scorecard(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    made = issuing.make_scorecard(lake)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **baseball_shown.scorecard(lake)},
        check_results=table_fits(lake, ForecastScorecard, None),
    )


@dg.multi_asset(
    name=f"{SPORT}__streak_policy",
    specs=[
        dg.AssetSpec(
            [SPORT, name],
            deps=[backtest_forecasts],
            description=description,
            group_name=SPORT,
            kinds={"numba"},
            code_version=streak.VERSION,
            automation_condition=FOLLOWS,
        )
        for name, description in STREAK_POLICY.items()
    ],
    check_specs=fits(StreakBins),
)
def streak_policy(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    """The best way to play, for days as the backtest had them."""
    for name, made in streak.make_policy(lake, is_sample=holds_sample(lake)).items():
        of_bins = name == StreakBins.name
        yield dg.MaterializeResult(
            asset_key=key(SPORT, name),
            data_version=dg.DataVersion(made.version),
            metadata={**numbers(made), **(baseball_shown.streak_bins(lake) if of_bins else {})},
            check_results=table_fits(lake, StreakBins, None) if of_bins else [],
        )


@dg.asset(
    **OF_THE_SPORT,
    kinds={"numba"},
    code_version=streak.VERSION,
    description=StreakEvaluation.description,
    deps=[backtest_forecasts],
    check_specs=fits(StreakEvaluation),
    automation_condition=FOLLOWS,
)
def streak_evaluation(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    made = streak.make_evaluation(lake, is_sample=holds_sample(lake))
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **baseball_shown.streak_evaluation(lake)},
        check_results=table_fits(lake, StreakEvaluation, None),
    )


@dg.asset(
    **OF_THE_SPORT,
    partitions_def=SEEDS,
    kinds={"lightgbm", "numba"},
    code_version=issuing.VERSION,
    description=SeedAudit.description,
    deps=[
        dg.AssetDep(key(SPORT, table.name), partition_mapping=dg.AllPartitionMapping())
        for table in SOURCE_TABLES
    ],
)
def seed_audit(context: dg.AssetExecutionContext, lake: LakeParam) -> dg.MaterializeResult[Any]:
    made = issuing.make_seed_audit(lake, int(context.partition_key), progress=context.log.info)
    return dg.MaterializeResult(data_version=dg.DataVersion(made.version), metadata=numbers(made))


ASSETS = [backtest_forecasts, forecast_scorecard, streak_policy, streak_evaluation, seed_audit]
"""Every asset of the backtest."""

BACKTEST = dg.AssetSelection.assets(backtest_forecasts)
"""Walking through seasons: asked for, since it takes minutes."""

AUDIT = dg.AssetSelection.assets(seed_audit)
"""One seed of an audit, by its partition."""

OVER_ALL_SEASONS = dg.AssetSelection.assets(forecast_scorecard, streak_policy, streak_evaluation)
"""What looks at every season together and follows by its automation condition."""

DECLARED: tuple[type[Table], ...] = (
    BacktestForecasts,
    ForecastScorecard,
    ForecastLog,
    SeedAudit,
    StreakBins,
    StreakEvaluation,
)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them, and of what was issued."""
