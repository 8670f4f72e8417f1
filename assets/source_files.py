"""The asset at the head of every sport's chain: the files that came in, by season."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.checks import fits, table_fits
from assets.events import Report, materialised, seasons_of
from formguide.arrivals import SourceFiles
from formguide.lake import Lake
from formguide.making import Made
from resources import WatchedFolders

Maker = Callable[[Lake, Iterable[int], Iterable[str | Path]], dict[int, Made]]


def source_files_asset(
    table: type[SourceFiles],
    make: Maker,
    by_season: Mapping[str, Any],
    freshness: dg.FreshnessPolicy | None = None,
) -> dg.AssetsDefinition:
    """A sport's source files as an asset.

    table: its `SourceFiles`; make: takes the watched folders in and lists the seasons' files; by_season: what
    its season assets share (partitions, group, key prefix); freshness: when it is late.
    """

    def source_files(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], watched: WatchedFolders
    ) -> Iterator[Report]:
        seasons = seasons_of(context)
        made = make(lake, seasons, watched.of(lake, table.sport))
        yield from materialised(context, made, checks=table_fits(lake, table, seasons))

    of_the_sport: dg.AssetsDefinition = dg.asset(
        **by_season,
        name=table.name,
        kinds={"python"},
        code_version="1",
        description=table.description,
        check_specs=fits(table),
        freshness_policy=freshness,
    )(source_files)
    return of_the_sport
