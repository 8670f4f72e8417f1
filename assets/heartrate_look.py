"""Heart rate as assets, to look at: all workouts on a page, what rules found, how features go together."""

from typing import Any

import dagster as dg

from assets import heartrate_shown
from assets.events import numbers
from assets.heartrate import corrections, results, workout_features
from assets.partitions import FOLLOWS
from formguide.heartrate import exploration as looking
from formguide.heartrate.arrivals import SPORT
from formguide.lake import Lake


@dg.asset(
    name=looking.NAME,
    group_name=SPORT,
    key_prefix=SPORT,
    kinds={"jinja"},
    code_version=looking.VERSION,
    description="Every workout on a page, what the rules of cleaning found, how features go together.",
    deps=[
        dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping())
        for asset in (*results.keys, corrections, workout_features)
    ],
    automation_condition=FOLLOWS,
)
def exploration(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> dg.MaterializeResult[Any]:
    made = looking.make_exploration(lake)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **heartrate_shown.exploration(lake)},
    )


ASSETS = [exploration]
"""Every asset to look at."""

EXPLORATION = dg.AssetSelection.assets(exploration)
"""What follows the months by its automation condition."""
