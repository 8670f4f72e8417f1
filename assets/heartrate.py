"""Heart rate as assets, the month: source files → workouts, samples, findings → corrections →
features → forecasts, log.

A month is a partition and a workout a row; news takes the month chain in one run. What forecasts were worth
is asked for: see `assets.heartrate_models`.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets import heartrate_checks, heartrate_shown
from assets.checks import fits, key, table_fits
from assets.events import Report, materialised, seasons_of
from assets.partitions import MONTHS, MONTHS_UP_TO, ONE_RUN
from assets.source_files import source_files_asset
from formguide.heartrate import corrections as correcting
from formguide.heartrate import feature_table, incremental, issuing
from formguide.heartrate.arrivals import SPORT, SourceFiles
from formguide.heartrate.feature_table import WorkoutFeatures
from formguide.heartrate.forecast_tables import ForecastLog, HeartRateForecasts
from formguide.heartrate.tables import Corrections, QualityFindings
from formguide.lake import Lake
from formguide.schema import Table
from resources.second_opinion import SecondOpinionResource

LakeParam = dg.ResourceParam[Lake]
BY_MONTH: dict[str, Any] = {
    "partitions_def": MONTHS,
    "backfill_policy": ONE_RUN,
    "group_name": SPORT,
    "key_prefix": SPORT,
}

source_files = source_files_asset(SourceFiles, incremental.make_source_files, BY_MONTH)


@dg.multi_asset(
    name=f"{SPORT}__results",
    specs=[
        dg.AssetSpec(
            [SPORT, table.name],
            deps=[source_files],
            description=table.description,
            group_name=SPORT,
            kinds={"polars"},
            code_version=incremental.RESULTS_VERSION,
            partitions_def=MONTHS,
        )
        for table in incremental.RESULT_TABLES
    ],
    check_specs=[*fits(*incremental.RESULT_TABLES), *heartrate_checks.RESULTS],
    backfill_policy=ONE_RUN,
)
def results(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    """The workouts of every format, second by second; a month whose files have not changed is not read
    again."""
    months = seasons_of(context)
    for name, made in incremental.make_results(lake, months).items():
        checks = heartrate_checks.of_results(lake, name, months)
        shown = {max(made): heartrate_shown.findings(lake)} if name == QualityFindings.name else None
        yield from materialised(context, made, key(SPORT, name), shown, checks)


WORKOUTS, SAMPLES = (dg.AssetKey([SPORT, table.name]) for table in incremental.RESULT_TABLES[:2])


UP_TO_THE_MONTH = [dg.AssetDep(asset, partition_mapping=MONTHS_UP_TO) for asset in (WORKOUTS, SAMPLES)]


@dg.asset(
    **BY_MONTH,
    kinds={"numpy"},
    code_version=correcting.VERSION,
    description=Corrections.description,
    deps=UP_TO_THE_MONTH,
    check_specs=fits(Corrections),
)
def corrections(
    context: dg.AssetExecutionContext, lake: LakeParam, second_opinion: SecondOpinionResource
) -> Iterator[Report]:
    months, asked = seasons_of(context), second_opinion.asked()
    made = correcting.make_corrections(lake, months, asked, asked.model if asked else "")
    yield from materialised(context, made, checks=table_fits(lake, Corrections, months))


@dg.asset(
    **BY_MONTH,
    kinds={"numpy"},
    code_version=feature_table.FEATURES_VERSION,
    description=WorkoutFeatures.description,
    deps=[WORKOUTS, SAMPLES, corrections],
    check_specs=fits(WorkoutFeatures),
)
def workout_features(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    months = seasons_of(context)
    made = feature_table.make_features(lake, months)
    yield from materialised(context, made, checks=table_fits(lake, WorkoutFeatures, months))


@dg.asset(
    **BY_MONTH,
    kinds={"numba"},
    code_version=issuing.FORECASTS_VERSION,
    description=HeartRateForecasts.description,
    deps=[*UP_TO_THE_MONTH, dg.AssetDep(corrections, partition_mapping=MONTHS_UP_TO)],
    check_specs=[*fits(HeartRateForecasts), heartrate_checks.IN_ORDER],
)
def heart_rate_forecasts(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    months = seasons_of(context)
    made = issuing.make_forecasts(lake, months)
    shown = {max(made): heartrate_shown.forecasts(lake)}
    checks = heartrate_checks.of_forecasts(lake, months)
    yield from materialised(context, made, metadata=shown, checks=checks)


@dg.asset(
    **BY_MONTH,
    kinds={"polars"},
    code_version="1",
    description=ForecastLog.description,
    deps=[heart_rate_forecasts],
)
def forecast_log(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    yield from materialised(context, issuing.log_forecasts(lake, seasons_of(context)))


ASSETS = [source_files, results, corrections, workout_features, heart_rate_forecasts, forecast_log]
"""Every asset of the month."""

SEASON_CHAIN = dg.AssetSelection.assets(*ASSETS)
"""Everything that shares the month partitions: what one piece of news sets off, in one run."""

DECLARED: tuple[type[Table], ...] = (
    SourceFiles,
    *incremental.RESULT_TABLES,
    Corrections,
    WorkoutFeatures,
    HeartRateForecasts,
    ForecastLog,
)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
