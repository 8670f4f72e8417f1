"""The partitions that assets share: the season is the unit of history, in heart rate the month of a workout.

One definition for all assets of a chain, so that they can share a run; a race, a game or a workout is a row,
not a partition.
"""

import warnings
from collections.abc import Iterable

import dagster as dg

from formguide.arrivals import FIRST_SEASON

SEASONS = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1 *", start=str(FIRST_SEASON), fmt="%Y", end_offset=2
)
"""Calendar years up to the next one (`end_offset=2`: the year that is still running, and the one after it, of
which an indoor season begins in November)."""

MONTHS = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 * *", start=f"{FIRST_SEASON}01", fmt="%Y%m", end_offset=2
)
"""Calendar months (202103) up to the next one: where a month ends, it is the next one elsewhere already."""

# Dagster calls it beta that a backfill is one run: nobody wants that said once for every asset.
warnings.filterwarnings("ignore", message=".*backfill_policy.*", category=dg.BetaWarning)

with warnings.catch_warnings():
    # So is a first season that has no season before it to lean on.
    warnings.simplefilter("ignore", dg.BetaWarning)

    SEASON_BEFORE = dg.TimeWindowPartitionMapping(
        start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True
    )
    """Each season leans on the one before it; the first on none."""

    SEASON_AND_BEFORE = dg.TimeWindowPartitionMapping(
        start_offset=-1, end_offset=0, allow_nonexistent_upstream_partitions=True
    )
    """Each season leans on itself and on the one before it."""

    SEASONS_UP_TO = dg.TimeWindowPartitionMapping(
        start_offset=-90, end_offset=0, allow_nonexistent_upstream_partitions=True
    )
    """Each season leans on itself and on every season before it."""

    MONTHS_UP_TO = dg.TimeWindowPartitionMapping(
        start_offset=-1080, end_offset=0, allow_nonexistent_upstream_partitions=True
    )
    """Each month leans on itself and on every month before it."""

    SEASONS_BEFORE = dg.TimeWindowPartitionMapping(
        start_offset=-90, end_offset=-1, allow_nonexistent_upstream_partitions=True
    )
    """Each season leans on every season before it, and not on itself."""

    ONE_RUN = dg.BackfillPolicy.single_run()
    """A backfill is one run over its whole range: assets read `context.partition_keys`."""


FOLLOWS = dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
"""Made when anything upstream was made; what was never made is left out, not waited for."""


def season_range(seasons: Iterable[int | str]) -> dict[str, str]:
    """Run tags that select the partitions from the first to the last of some seasons."""
    keys = sorted(str(season) for season in seasons)
    return partition_range(keys[0], keys[-1])


def partition_range(first: str, last: str) -> dict[str, str]:
    """Run tags that select the partitions from one key to another, in the order of their definition."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
