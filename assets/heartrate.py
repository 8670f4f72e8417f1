"""Heart rate as assets, the month: source files → workouts, samples, what the rules of cleaning find.

A month is a partition and a workout a row; news takes the month chain in one run.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets import heartrate_checks
from assets.checks import fits, key
from assets.events import Report, materialised, seasons_of
from assets.partitions import MONTHS, ONE_RUN
from assets.source_files import source_files_asset
from formguide.heartrate import incremental
from formguide.heartrate.arrivals import SPORT, SourceFiles
from formguide.lake import Lake
from formguide.schema import Table

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
        yield from materialised(context, made, key(SPORT, name), checks=checks)


ASSETS = [source_files, results]
"""Every asset of the month."""

SEASON_CHAIN = dg.AssetSelection.assets(*ASSETS)
"""Everything that shares the month partitions: what one piece of news sets off, in one run."""

DECLARED: tuple[type[Table], ...] = (SourceFiles, *incremental.RESULT_TABLES)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
