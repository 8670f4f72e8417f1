"""Formula 1 as assets: source files → results → race conditions → strengths → forecasts → scores.

A season is a partition and a race is a row; what has not changed is carried over inside an asset, and its
metadata says how much of it was. All of the season chain can share one run, which is what the sensor asks
for when files arrive.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from assets import formula1_checks, formula1_shown
from assets.checks import fits, key, table_fits
from assets.events import Report, materialised, numbers, seasons_of
from assets.partitions import FOLLOWS, ONE_RUN, SEASON_AND_BEFORE, SEASON_BEFORE, SEASONS, SEASONS_UP_TO
from assets.source_files import source_files_asset
from formguide.formula1 import forecast, incremental, issuing, title_odds
from formguide.formula1 import strengths as strength_model
from formguide.formula1.arrivals import SPORT, SourceFiles
from formguide.formula1.forecast_tables import TABLES as FORECAST_TABLES
from formguide.formula1.forecast_tables import (
    ForecastLog,
    ForecastScorecard,
    RaceForecasts,
    SeasonForecasts,
    Strengths,
)
from formguide.formula1.tables import SOURCE_TABLES, RaceConditions
from formguide.formula1.tables import TABLES as SOURCE_AND_INFERRED
from formguide.lake import Lake
from formguide.schema import Table

LakeParam = dg.ResourceParam[Lake]
BY_SEASON: dict[str, Any] = {
    "partitions_def": SEASONS,
    "backfill_policy": ONE_RUN,
    "group_name": SPORT,
    "key_prefix": SPORT,
}
RACE_WEEKS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=130), warn_window=timedelta(days=24))
"""Three weeks is the longest gap between races of a season, and the winter lasts four months."""

source_files = source_files_asset(SourceFiles, incremental.make_source_files, BY_SEASON, RACE_WEEKS)


@dg.multi_asset(
    name=f"{SPORT}__results",
    specs=[
        dg.AssetSpec(
            [SPORT, name],
            deps=[source_files],
            description=description,
            group_name=SPORT,
            kinds={"polars"},
            code_version=incremental.RESULTS_VERSION,
            partitions_def=SEASONS,
        )
        for name, description in incremental.RESULT_ASSETS.items()
    ],
    check_specs=[*fits(*SOURCE_TABLES), *formula1_checks.RESULTS],
    backfill_policy=ONE_RUN,
)
def results(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    """The canonical tables of every source's files; a season whose files have not changed is not read
    again."""
    seasons = seasons_of(context)
    for name, made in incremental.make_results(lake, seasons).items():
        yield from materialised(
            context, made, key(SPORT, name), checks=formula1_checks.of_results(lake, name, seasons)
        )


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version=incremental.CONDITIONS_VERSION,
    description=RaceConditions.description,
    deps=[
        dg.AssetDep(key(SPORT, name), partition_mapping=SEASONS_UP_TO)
        for name in incremental.CONDITION_INPUTS
    ],
    check_specs=[*fits(RaceConditions), formula1_checks.WET_RULE],
)
def race_conditions(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_conditions(lake, seasons)
    yield from materialised(context, made, checks=formula1_checks.of_conditions(lake, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"numpy"},
    code_version=strength_model.VERSION,
    description=Strengths.description,
    deps=[
        *(key(SPORT, name) for name in incremental.STRENGTH_INPUTS),
        dg.AssetDep(key(SPORT, "strengths"), partition_mapping=SEASON_BEFORE),
    ],
    check_specs=fits(Strengths),
)
def strengths(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_strengths(lake, seasons)
    shown_by_season = {season: formula1_shown.strengths(lake, season) for season in seasons}
    yield from materialised(
        context, made, metadata=shown_by_season, checks=table_fits(lake, Strengths, seasons)
    )


@dg.asset(
    **BY_SEASON,
    kinds={"numba"},
    code_version=forecast.VERSION,
    description=RaceForecasts.description,
    deps=[
        *(key(SPORT, name) for name in incremental.STRENGTH_INPUTS if name != RaceConditions.name),
        dg.AssetDep(race_conditions, partition_mapping=SEASONS_UP_TO),
        dg.AssetDep(strengths, partition_mapping=SEASON_AND_BEFORE),
    ],
    check_specs=[*fits(RaceForecasts), formula1_checks.PROBABILITIES],
)
def race_forecasts(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = issuing.make_race_forecasts(lake, seasons)
    yield from materialised(
        context,
        made,
        metadata=formula1_shown.next_race(lake, seasons),
        checks=formula1_checks.of_forecasts(lake, seasons),
    )


@dg.asset(
    **BY_SEASON,
    kinds={"numba"},
    code_version=title_odds.VERSION,
    description=SeasonForecasts.description,
    deps=[
        *(key(SPORT, name) for name in incremental.STRENGTH_INPUTS if name != RaceConditions.name),
        dg.AssetDep(race_conditions, partition_mapping=SEASONS_UP_TO),
        dg.AssetDep(strengths, partition_mapping=SEASON_AND_BEFORE),
    ],
    check_specs=fits(SeasonForecasts),
)
def season_forecasts(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = issuing.make_season_forecasts(lake, seasons)
    yield from materialised(
        context,
        made,
        metadata=formula1_shown.title_odds(lake, seasons),
        checks=table_fits(lake, SeasonForecasts, seasons),
    )


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version="1",
    description=ForecastLog.description,
    deps=[race_forecasts],
)
def forecast_log(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    yield from materialised(context, issuing.log_forecasts(lake, seasons_of(context)))


@dg.asset(
    **BY_SEASON,
    kinds={"lightgbm"},
    code_version=forecast.VERSION,
    description="The race forecasts with the ML layer on top, made on demand: the scorecard compares them.",
    deps=[
        *(key(SPORT, name) for name in incremental.STRENGTH_INPUTS),
        dg.AssetDep(race_conditions, partition_mapping=SEASONS_UP_TO),
        dg.AssetDep(strengths, partition_mapping=SEASONS_UP_TO),
    ],
)
def race_forecasts_with_ml(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    yield from materialised(context, issuing.make_ml_forecasts(lake, seasons_of(context)))


@dg.asset(
    key_prefix=SPORT,
    group_name=SPORT,
    kinds={"polars"},
    code_version=issuing.SCORECARD_VERSION,
    description=ForecastScorecard.description,
    deps=[key(SPORT, "race_results"), race_forecasts],
    automation_condition=FOLLOWS,
)
def forecast_scorecard(context: dg.AssetExecutionContext, lake: LakeParam) -> dg.MaterializeResult[Any]:
    made = issuing.make_scorecard(lake)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **formula1_shown.scorecard(lake)},
    )


SEASON_ASSETS = [
    source_files,
    results,
    race_conditions,
    strengths,
    race_forecasts,
    season_forecasts,
    forecast_log,
]
SEASON_CHAIN = dg.AssetSelection.assets(*SEASON_ASSETS)
"""Everything that shares the season partitions: what one piece of news sets off, in one run."""

ALL = [*SEASON_ASSETS, race_forecasts_with_ml, forecast_scorecard]
"""Every asset of the sport."""

DECLARED: tuple[type[Table], ...] = (SourceFiles, *SOURCE_AND_INFERRED.values(), *FORECAST_TABLES.values())
TABLES: dict[tuple[str, str], type[Table] | None] = {
    **{(table.sport, table.name): table for table in DECLARED},
    (SPORT, incremental.DISAGREEMENTS): None,
    (SPORT, issuing.ML_FORECASTS): RaceForecasts,
}
"""What the warehouse holds of them."""

OVER_ALL_SEASONS = dg.AssetSelection.assets(forecast_scorecard)
"""What looks at every season together and follows by its automation condition."""
