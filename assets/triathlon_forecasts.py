"""Triathlon as assets, what is made of the seasons: the posterior of each distance → forecasts → what
was issued → scores.

The posterior is of everything that the lake holds of a distance, and answers for races to come. The
forecasts of past years never lean on it: each is made from what was known before its own race, so they and
the posterior both follow the results, and neither the other.
"""

import warnings
from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets import triathlon_shown
from assets.checks import fits, key, read, result, spec, table_fits
from assets.events import Report, materialised, numbers
from assets.partitions import FOLLOWS, ONE_RUN, SEASONS
from assets.triathlon import race_results
from formguide.lake import Lake
from formguide.schema import Table
from formguide.triathlon import forecast_checks, issued, issuing
from formguide.triathlon.forecast_tables import TABLES as FORECAST_TABLES
from formguide.triathlon.forecast_tables import FinishTimeForecasts, ForecastLog, ForecastScorecard
from formguide.triathlon.tables import DISTANCES, SPORT

LakeParam = dg.ResourceParam[Lake]
OF_THE_SPORT: dict[str, Any] = {"group_name": SPORT, "key_prefix": SPORT, "backfill_policy": ONE_RUN}
BY_DISTANCE = dg.StaticPartitionsDefinition(list(DISTANCES))
BY_DISTANCE_AND_SEASON = dg.MultiPartitionsDefinition({"distance": BY_DISTANCE, "season": SEASONS})
"""Each distance's forecasts of each year: a race of one says nothing new of the other's past."""

with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)

    ITS_SEASON = dg.MultiToSingleDimensionPartitionMapping("season")
    """A distance's season leans on the season, whatever the distance."""

EACH_FOLLOWS = FOLLOWS.without(dg.AutomationCondition.in_latest_time_window())
"""A late result changes the forecasts of the years after it, not only those of the present one."""

POSTERIOR = key(SPORT, issuing.POSTERIOR)
DIAGNOSTICS = spec("chains_agree", POSTERIOR, forecast_checks.posterior_diagnostics)
IN_ORDER = spec(
    "intervals_in_order",
    key(SPORT, FinishTimeForecasts.name),
    forecast_checks.intervals_in_order,
    blocking=True,
)


@dg.asset(
    **OF_THE_SPORT,
    partitions_def=BY_DISTANCE,
    kinds={"numba", "arviz"},
    code_version=issuing.POSTERIOR_VERSION,
    description="The exact posterior of a distance over every row there is, as netCDF, with its diagnostics.",
    deps=[dg.AssetDep(race_results, partition_mapping=dg.AllPartitionMapping())],
    automation_condition=FOLLOWS,
    check_specs=[DIAGNOSTICS],
)
def finish_time_posterior(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    distances = sorted(context.partition_keys)
    made = issuing.make_posterior(lake, distances)
    shown = {distance: triathlon_shown.posterior(lake, distance) for distance in distances}
    finding = forecast_checks.posterior_diagnostics(lake, distances)
    yield from materialised(
        context, made, metadata=shown, checks=[result("chains_agree", POSTERIOR, finding, warn=True)]
    )


@dg.asset(
    **OF_THE_SPORT,
    partitions_def=BY_DISTANCE_AND_SEASON,
    kinds={"numba"},
    code_version=issuing.FORECASTS_VERSION,
    description=FinishTimeForecasts.description,
    deps=[dg.AssetDep(race_results, partition_mapping=ITS_SEASON)],
    automation_condition=EACH_FOLLOWS,
    check_specs=[*fits(FinishTimeForecasts), IN_ORDER],
)
def finish_time_forecasts(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    keys = {(distance_of(name), season_of(name)): name for name in sorted(context.partition_keys)}
    made = {keys[asked]: part for asked, part in issuing.make_forecasts(lake, keys).items()}
    partitions = [issued.partition(*asked) for asked in keys]
    finding = forecast_checks.intervals_in_order(read(lake, SPORT, FinishTimeForecasts.name, partitions))
    checks = [
        *table_fits(lake, FinishTimeForecasts, partitions),
        result("intervals_in_order", key(SPORT, FinishTimeForecasts.name), finding),
    ]
    yield from materialised(context, made, checks=checks)


@dg.asset(
    **OF_THE_SPORT,
    partitions_def=BY_DISTANCE_AND_SEASON,
    kinds={"polars"},
    code_version="1",
    description=ForecastLog.description,
    deps=[finish_time_forecasts],
    automation_condition=EACH_FOLLOWS,
)
def forecast_log(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    keys = {(distance_of(name), season_of(name)): name for name in sorted(context.partition_keys)}
    made = issued.log_forecasts(lake, keys, issuing.FORECASTS_VERSION)
    yield from materialised(context, {keys[asked]: part for asked, part in made.items()})


@dg.asset(
    group_name=SPORT,
    key_prefix=SPORT,
    kinds={"polars"},
    code_version=issuing.SCORECARD_VERSION,
    description=ForecastScorecard.description,
    deps=[race_results, finish_time_forecasts, forecast_log],
    automation_condition=FOLLOWS,
)
def forecast_scorecard(context: dg.AssetExecutionContext, lake: LakeParam) -> dg.MaterializeResult[Any]:
    made = issuing.make_scorecard(lake)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **triathlon_shown.scorecard(lake)},
    )


def distance_of(partition: str) -> str:
    """The distance of a partition `70.3|2019`."""
    return partition.partition("|")[0]


def season_of(partition: str) -> int:
    """The season of a partition `70.3|2019`."""
    return int(partition.partition("|")[2])


ASSETS = [finish_time_posterior, finish_time_forecasts, forecast_log, forecast_scorecard]
"""Every asset that follows the season."""

POSTERIORS = dg.AssetSelection.assets(finish_time_posterior)
FORECASTS = dg.AssetSelection.assets(finish_time_forecasts, forecast_log)
SCORECARD = dg.AssetSelection.assets(forecast_scorecard)

TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in FORECAST_TABLES}
"""What the warehouse holds of them."""
