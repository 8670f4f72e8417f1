"""Heart rate as assets, what forecasts were worth: the backtest → the scorecard.

The backtest forecasts every run of the last block again, and is asked for; its scorecard follows it.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets import heartrate_shown
from assets.checks import fits, table_fits
from assets.events import Report, numbers
from assets.heartrate import heart_rate_forecasts
from assets.partitions import FOLLOWS
from formguide.heartrate import issuing, scorecard
from formguide.heartrate.arrivals import SPORT
from formguide.heartrate.forecast_tables import BacktestScores, ForecastScorecard
from formguide.lake import Lake
from formguide.schema import Table

LakeParam = dg.ResourceParam[Lake]
OF_THE_SPORT: dict[str, Any] = {"group_name": SPORT, "key_prefix": SPORT}
ALL_MONTHS = [dg.AssetDep(heart_rate_forecasts, partition_mapping=dg.AllPartitionMapping())]


@dg.asset(
    **OF_THE_SPORT,
    kinds={"numba"},
    code_version=issuing.SCORES_VERSION,
    description=BacktestScores.description,
    deps=ALL_MONTHS,
    check_specs=fits(BacktestScores),
)
def backtest_scores(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    made = issuing.make_scores(lake, context.log.info)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata=numbers(made),
        check_results=table_fits(lake, BacktestScores, None),
    )


@dg.asset(
    **OF_THE_SPORT,
    kinds={"polars"},
    code_version=scorecard.VERSION,
    description=ForecastScorecard.description,
    deps=[backtest_scores],
    check_specs=fits(ForecastScorecard),
    automation_condition=FOLLOWS,
)
def forecast_scorecard(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    made = issuing.make_scorecard(lake)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **heartrate_shown.scorecard(lake)},
        check_results=table_fits(lake, ForecastScorecard, None),
    )


ASSETS = [backtest_scores, forecast_scorecard]
"""Every asset that looks at all months together."""

BACKTEST = dg.AssetSelection.assets(backtest_scores)
"""Forecasting past runs again: asked for."""

OVER_ALL_MONTHS = dg.AssetSelection.assets(forecast_scorecard)
"""What follows the backtest by its automation condition."""

DECLARED: tuple[type[Table], ...] = (BacktestScores, ForecastScorecard)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
