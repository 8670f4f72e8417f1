"""Triathlon as assets, the season: source files → records → results → profiles and kinds of athletes.

A season is a partition and a start a row; news takes the season chain in one run. What is made of it (the
posterior of each distance, the forecasts, the scorecard) follows by its automation condition: see
`assets.triathlon_forecasts`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from assets import triathlon_checks
from assets.checks import fits, key, table_fits
from assets.events import Report, materialised, seasons_of
from assets.partitions import ONE_RUN, SEASON_BEFORE, SEASONS, SEASONS_BEFORE, SEASONS_UP_TO
from assets.source_files import source_files_asset
from formguide.lake import Lake
from formguide.schema import Table
from formguide.triathlon import clusters, incremental, profiles
from formguide.triathlon.arrivals import SPORT, SourceFiles
from formguide.triathlon.tables import TABLES as SEASON_TABLES
from formguide.triathlon.tables import AthleteClusters, AthleteProfiles, RaceRecords, RaceResults

LakeParam = dg.ResourceParam[Lake]
BY_SEASON: dict[str, Any] = {
    "partitions_def": SEASONS,
    "backfill_policy": ONE_RUN,
    "group_name": SPORT,
    "key_prefix": SPORT,
}
RACE_MONTHS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=240), warn_window=timedelta(days=90))
"""There is a race somewhere in every month of the year; the circuit once rested for half a year."""

source_files = source_files_asset(SourceFiles, incremental.make_source_files, BY_SEASON, RACE_MONTHS)


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version=incremental.RECORDS_VERSION,
    description=RaceRecords.description,
    deps=[source_files],
    check_specs=[*fits(RaceRecords), triathlon_checks.NOTHING_LOST],
)
def race_records(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_records(lake, seasons)
    yield from materialised(context, made, checks=triathlon_checks.of_records(lake, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version=incremental.RESULTS_VERSION,
    description=RaceResults.description,
    deps=[dg.AssetDep(race_records, partition_mapping=SEASONS_UP_TO)],
    check_specs=[*fits(RaceResults), *triathlon_checks.OF_RESULTS],
)
def race_results(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_results(lake, seasons)
    yield from materialised(context, made, checks=triathlon_checks.of_results(lake, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"numba"},
    code_version=profiles.VERSION,
    description=AthleteProfiles.description,
    deps=[dg.AssetDep(race_results, partition_mapping=SEASONS_UP_TO)],
    check_specs=[*fits(AthleteProfiles), triathlon_checks.EVE],
)
def athlete_profiles(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = profiles.make_profiles(lake, seasons)
    yield from materialised(context, made, checks=triathlon_checks.of_profiles(lake, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"numpy"},
    code_version=clusters.VERSION,
    description=AthleteClusters.description,
    deps=[
        dg.AssetDep(race_results, partition_mapping=SEASONS_BEFORE),
        dg.AssetDep(key(SPORT, AthleteClusters.name), partition_mapping=SEASON_BEFORE),
    ],
    check_specs=fits(AthleteClusters),
)
def athlete_clusters(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = clusters.make_clusters(lake, seasons)
    yield from materialised(context, made, checks=table_fits(lake, AthleteClusters, seasons))


ASSETS = [source_files, race_records, race_results, athlete_profiles, athlete_clusters]
"""Every asset of the season."""

SEASON_CHAIN = dg.AssetSelection.assets(*ASSETS)
"""Everything that shares the season partitions: what one piece of news sets off, in one run."""

DECLARED: tuple[type[Table], ...] = (SourceFiles, *SEASON_TABLES)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
