"""Everything there is, on one page: the assets, what they lean on and what sets them off."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets import (
    baseball,
    baseball_backtest,
    baseball_day,
    formula1,
    heartrate,
    heartrate_look,
    heartrate_models,
    track,
    track_models,
    triathlon,
    triathlon_forecasts,
    warehouse,
)
from resources import LakeResource, WatchedFolders, lake_root, watched_folders
from resources.publisher import day_resources
from resources.second_opinion import SecondOpinionResource
from sensors import SENSORS

ASSETS = dg.load_assets_from_modules(
    [
        formula1,
        baseball,
        baseball_backtest,
        baseball_day,
        track,
        track_models,
        triathlon,
        triathlon_forecasts,
        heartrate,
        heartrate_look,
        heartrate_models,
        warehouse,
    ]
)


def build_defs(
    overrides: Mapping[str, Any] | None = None, loggers: Mapping[str, dg.LoggerDefinition] | None = None
) -> dg.Definitions:
    """The platform. `overrides` replaces resources by name: a test's lake, a deployment's folders."""
    resources = {
        "lake": LakeResource(root=lake_root()),
        "watched": WatchedFolders(folders=watched_folders()),
        "second_opinion": SecondOpinionResource(),
        **day_resources(),
    }
    return dg.Definitions(
        assets=ASSETS,
        sensors=SENSORS,
        resources={**resources, **(overrides or {})},
        loggers=loggers,
        executor=dg.in_process_executor,
    )


defs = build_defs()
