"""Formula 1 as assets: source files → results → race conditions → strengths → forecasts → scores.

A season is a partition and a race is a row; what has not changed is carried over inside an asset, and its
metadata says how much of it was. All of the season chain can share one run, which is what the sensor asks
for when files arrive.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from assets import checks, shown
from assets.events import Report, materialised, numbers, seasons_of
from assets.partitions import FOLLOWS, ONE_RUN, SEASON_AND_BEFORE, SEASON_BEFORE, SEASONS, SEASONS_UP_TO
from formguide.formula1 import forecast, incremental, issuing, title_odds
from formguide.formula1 import strengths as strength_model
from formguide.formula1.arrivals import SPORT, SourceFiles
from formguide.formula1.forecast_tables import (
    ForecastLog,
    ForecastScorecard,
    RaceForecasts,
    SeasonForecasts,
    Strengths,
)
from formguide.formula1.tables import SOURCE_TABLES, RaceConditions
from formguide.lake import Lake
from resources import WatchedFolders

LakeParam = dg.ResourceParam[Lake]
BY_SEASON: dict[str, Any] = {
    "partitions_def": SEASONS,
    "backfill_policy": ONE_RUN,
    "group_name": SPORT,
    "key_prefix": SPORT,
}
RACE_WEEKS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=130), warn_window=timedelta(days=24))
"""Three weeks is the longest gap between races of a season, and the winter lasts four months."""


@dg.asset(
    **BY_SEASON,
    kinds={"python"},
    code_version="1",
    description=SourceFiles.description,
    check_specs=checks.fits(SourceFiles),
    freshness_policy=RACE_WEEKS,
)
def source_files(
    context: dg.AssetExecutionContext, lake: LakeParam, watched: WatchedFolders
) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_source_files(lake, seasons, watched.of(lake, SPORT))
    yield from materialised(context, made, checks=checks.table_fits(lake, SourceFiles, seasons))


@dg.multi_asset(
    name="results",
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
    check_specs=[*checks.fits(*SOURCE_TABLES), *checks.RESULTS],
    backfill_policy=ONE_RUN,
)
def results(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    """The canonical tables of every source's files; a season whose files have not changed is not read
    again."""
    seasons = seasons_of(context)
    for name, made in incremental.make_results(lake, seasons).items():
        yield from materialised(
            context, made, checks.key(name), checks=checks.of_results(lake, name, seasons)
        )


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version=incremental.CONDITIONS_VERSION,
    description=RaceConditions.description,
    deps=[
        dg.AssetDep(checks.key(name), partition_mapping=SEASONS_UP_TO)
        for name in incremental.CONDITION_INPUTS
    ],
    check_specs=[*checks.fits(RaceConditions), checks.WET_RULE],
)
def race_conditions(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_conditions(lake, seasons)
    yield from materialised(context, made, checks=checks.of_conditions(lake, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"numpy"},
    code_version=strength_model.VERSION,
    description=Strengths.description,
    deps=[
        *(checks.key(name) for name in incremental.STRENGTH_INPUTS),
        dg.AssetDep(checks.key("strengths"), partition_mapping=SEASON_BEFORE),
    ],
    check_specs=checks.fits(Strengths),
)
def strengths(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_strengths(lake, seasons)
    shown_by_season = {season: shown.strengths(lake, season) for season in seasons}
    yield from materialised(
        context, made, metadata=shown_by_season, checks=checks.table_fits(lake, Strengths, seasons)
    )


@dg.asset(
    **BY_SEASON,
    kinds={"numba"},
    code_version=forecast.VERSION,
    description=RaceForecasts.description,
    deps=[
        *(checks.key(name) for name in incremental.STRENGTH_INPUTS if name != RaceConditions.name),
        dg.AssetDep(race_conditions, partition_mapping=SEASONS_UP_TO),
        dg.AssetDep(strengths, partition_mapping=SEASON_AND_BEFORE),
    ],
    check_specs=[*checks.fits(RaceForecasts), checks.PROBABILITIES],
)
def race_forecasts(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = issuing.make_race_forecasts(lake, seasons)
    yield from materialised(
        context, made, metadata=shown.next_race(lake, seasons), checks=checks.of_forecasts(lake, seasons)
    )


@dg.asset(
    **BY_SEASON,
    kinds={"numba"},
    code_version=title_odds.VERSION,
    description=SeasonForecasts.description,
    deps=[
        *(checks.key(name) for name in incremental.STRENGTH_INPUTS if name != RaceConditions.name),
        dg.AssetDep(race_conditions, partition_mapping=SEASONS_UP_TO),
        dg.AssetDep(strengths, partition_mapping=SEASON_AND_BEFORE),
    ],
    check_specs=checks.fits(SeasonForecasts),
)
def season_forecasts(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = issuing.make_season_forecasts(lake, seasons)
    yield from materialised(
        context,
        made,
        metadata=shown.title_odds(lake, seasons),
        checks=checks.table_fits(lake, SeasonForecasts, seasons),
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
        *(checks.key(name) for name in incremental.STRENGTH_INPUTS),
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
    deps=[checks.key("race_results"), race_forecasts],
    automation_condition=FOLLOWS,
)
def forecast_scorecard(context: dg.AssetExecutionContext, lake: LakeParam) -> dg.MaterializeResult[Any]:
    made = issuing.make_scorecard(lake)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made.version), metadata={**numbers(made), **shown.scorecard(lake)}
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
