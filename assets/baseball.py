"""Baseball as assets, the season: source files → results → features.

A season is a partition, a game or a plate appearance a row; a game whose document has not changed is not read
again. News takes the season chain in one run. What is made from it: `assets.baseball_backtest` walks through
past seasons and scores, `assets.baseball_day` lives through the present day.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from assets import baseball_checks
from assets.checks import fits, key, table_fits
from assets.events import Report, materialised, seasons_of
from assets.partitions import ONE_RUN, SEASONS, SEASONS_UP_TO
from assets.source_files import source_files_asset
from formguide.baseball import feature_table, incremental
from formguide.baseball.arrivals import SPORT, SourceFiles
from formguide.baseball.feature_table import Features
from formguide.baseball.tables import SOURCE_TABLES
from formguide.lake import Lake
from formguide.schema import Table

LakeParam = dg.ResourceParam[Lake]
OF_THE_SPORT: dict[str, Any] = {"group_name": SPORT, "key_prefix": SPORT}
BY_SEASON: dict[str, Any] = {**OF_THE_SPORT, "partitions_def": SEASONS, "backfill_policy": ONE_RUN}
GAME_DAYS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=190), warn_window=timedelta(days=6))
"""Four days without a game is the longest gap of a season, and the winter lasts six months."""

source_files = source_files_asset(SourceFiles, incremental.make_source_files, BY_SEASON, GAME_DAYS)


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
            partitions_def=SEASONS,
        )
        for table in SOURCE_TABLES
    ],
    check_specs=[*fits(*SOURCE_TABLES), *baseball_checks.RESULTS],
    backfill_policy=ONE_RUN,
)
def results(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    """The canonical tables of every source's files; a season whose files have not changed is not read
    again."""
    seasons = seasons_of(context)
    for name, made in incremental.make_results(lake, seasons).items():
        checks = baseball_checks.of_results(lake, name, seasons)
        yield from materialised(context, made, key(SPORT, name), checks=checks)


@dg.asset(
    **BY_SEASON,
    kinds={"numba"},
    code_version=feature_table.VERSION,
    description=Features.description,
    deps=[dg.AssetDep(key(SPORT, "plate_appearances"), partition_mapping=SEASONS_UP_TO)],
    check_specs=fits(Features),
)
def features(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = feature_table.make_features(lake, seasons)
    yield from materialised(context, made, checks=table_fits(lake, Features, seasons))


ASSETS = [source_files, results, features]
"""Every asset of the season."""

SEASON_CHAIN = dg.AssetSelection.assets(*ASSETS)
"""Everything that shares the season partitions: what one piece of news sets off, in one run."""

DECLARED: tuple[type[Table], ...] = (SourceFiles, *SOURCE_TABLES, Features)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
