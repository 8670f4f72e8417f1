"""Formula 1 as assets: source files → results → race conditions → strengths → forecasts → scores.

A season is a partition and a race is a row; what has not changed is carried over inside an asset, and its metadata says
how much of it was. All of the season chain can share one run, which is what the sensor asks for when files arrive.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets import checks
from assets.events import Report, materialised, seasons_of
from assets.partitions import ONE_RUN, SEASONS
from formguide.formula1 import incremental
from formguide.formula1.arrivals import SPORT, SourceFiles
from formguide.formula1.tables import SOURCE_TABLES
from formguide.lake import Lake
from resources import WatchedFolders

SEASON_ASSET: dict[str, Any] = {
    "partitions_def": SEASONS,
    "backfill_policy": ONE_RUN,
    "group_name": SPORT,
    "key_prefix": SPORT,
}


@dg.asset(**SEASON_ASSET, kinds={"python"}, code_version="1", description=SourceFiles.description)
def source_files(
    context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], watched: WatchedFolders
) -> Iterator[Report]:
    made = incremental.make_source_files(lake, seasons_of(context), watched.of(lake, SPORT))
    yield from materialised(context, made)


@dg.multi_asset(
    name="results",
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
    check_specs=checks.specs(*SOURCE_TABLES) + checks.RESULT_CHECKS,
    backfill_policy=ONE_RUN,
)
def results(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> Iterator[Report]:
    """The canonical tables of every source's files; a season whose files have not changed is not read again."""
    made = incremental.make_results(lake, seasons_of(context))
    for table in SOURCE_TABLES:
        found = checks.of_table(lake, table, seasons_of(context)) + checks.of_results(lake, table, seasons_of(context))
        yield from materialised(context, made[table.name], dg.AssetKey([SPORT, table.name]), checks=found)


SEASON_CHAIN = dg.AssetSelection.assets(source_files, results)
"""Everything that shares the season partitions: what one piece of news sets off, in one run."""
