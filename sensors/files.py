"""News in files: what appears, changes or goes in a sport's inbox and in the folders that somebody named.

A tick looks at names, sizes and times only. Once a folder has moved and gone quiet again its files are
read, and what they say is compared with what the lake's seasons were made from; only seasons that differ
are asked for, in one run from the earliest of them on, since every later season leans on it. The run's key
is made of the content and of when the lake last took in those seasons: a restart, or a second look, asks for
nothing twice, while a file that is changed back and forth is news each time.
"""

import json
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import dagster as dg

from assets.partitions import SEASONS, season_range
from formguide.arrivals import Arrivals
from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.watch import DEBOUNCE_SEC, folder_state
from resources import WatchedFolders

LOOK_EVERY_SEC = 5


def files_sensor(
    arrivals: Arrivals,
    files: str,
    chain: dg.AssetSelection,
    partitions: dg.TimeWindowPartitionsDefinition = SEASONS,
) -> dg.SensorDefinition:
    """The sensor of a sport's files.

    files: what they are, in words; chain: the assets that share the season, which one run makes again;
    partitions: the seasons of the sport.
    """

    @dg.sensor(
        name=f"{arrivals.sport}_files",
        target=chain,
        minimum_interval_seconds=LOOK_EVERY_SEC,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Watches the inbox and the named folders for {files}.",
    )
    def news(
        context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake], watched: WatchedFolders
    ) -> dg.SensorResult | dg.SkipReason:
        return _look(arrivals, partitions, context.cursor, lake, watched.of(lake, arrivals.sport))

    return news


def _look(
    arrivals: Arrivals,
    partitions: dg.TimeWindowPartitionsDefinition,
    cursor: str | None,
    lake: Lake,
    folders: Sequence[Path],
) -> dg.SensorResult | dg.SkipReason:
    seen: dict[str, str] = json.loads(cursor) if cursor else {}
    states = {str(folder): folder_state(folder) for folder in folders}
    moved = {name for name, state in states.items() if seen.get(name) != state.digest}
    if not moved:
        return dg.SkipReason(f"nothing moved in {', '.join(str(folder) for folder in folders)}")
    busy = [name for name in moved if not states[name].quiet(time.time())]
    if busy:
        return dg.SkipReason(
            f"files are arriving in {', '.join(sorted(busy))}: waiting for {DEBOUNCE_SEC:g} quiet s"
        )
    now = json.dumps({name: state.digest for name, state in states.items()}, sort_keys=True)
    changed = arrivals.changed_seasons(lake, arrivals.holdings(lake, folders))
    seasons = set(partitions.get_partition_keys())
    wanted = {str(season): made for season, made in changed.items() if str(season) in seasons}
    if not wanted:
        return dg.SensorResult(skip_reason="what moved says what the lake knows already", cursor=now)
    return dg.SensorResult(run_requests=[_request(arrivals, seasons, lake, wanted)], cursor=now)


def _request(
    arrivals: Arrivals, seasons: AbstractSet[str], lake: Lake, wanted: Mapping[str, str]
) -> dg.RunRequest:
    """One run from the earliest changed season to the last one that there is anything of."""
    sport, source_files = arrivals.sport, arrivals.table.name
    known = [season for season in lake.partitions(sport, source_files) if season in seasons]
    taken_in = [
        (
            season,
            made,
            manifest.written_at if (manifest := lake.manifest(sport, source_files, season)) else "",
        )
        for season, made in sorted(wanted.items())
    ]
    first, last = min(wanted), max([*wanted, *known])
    return dg.RunRequest(
        run_key=f"{sport}-{first}-{fingerprint(taken_in)}",
        partition_key=first if first == last else None,
        tags={
            **({} if first == last else season_range([first, last])),
            "formguide/changed_seasons": ",".join(sorted(wanted)),
        },
    )
