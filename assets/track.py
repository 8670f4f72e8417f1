"""Track and field as assets: source files → performances → season peaks, sequences and windows.

A season is a partition and a mark is a row; a file is read once per content, however many seasons it speaks
of. News takes the season chain in one run. What is made from it, by gender: `assets.track_models`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import pydantic

from assets import track_checks, track_shown
from assets.checks import fits, table_fits
from assets.events import Report, materialised, seasons_of
from assets.partitions import ONE_RUN, SEASONS, SEASONS_UP_TO
from assets.source_files import source_files_asset
from formguide.lake import Lake
from formguide.schema import Table
from formguide.track import incremental
from formguide.track.arrivals import SPORT, SourceFiles
from formguide.track.peaks import SeasonPeaks
from formguide.track.sequences import MARKS, SequenceKeys
from formguide.track.tables import Performances
from formguide.track.windows import SEASONS_BACK, Windows

LakeParam = dg.ResourceParam[Lake]
OF_THE_SPORT: dict[str, Any] = {"group_name": SPORT, "key_prefix": SPORT}
BY_SEASON: dict[str, Any] = {**OF_THE_SPORT, "partitions_def": SEASONS, "backfill_policy": ONE_RUN}
MEETS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=200), warn_window=timedelta(days=21))
"""From December to July there is a meet every week; the summer and the autumn have none."""


class SequenceConfig(dg.Config):
    """How a season's marks are kept in order."""

    marks: int = pydantic.Field(
        default=MARKS, ge=1, le=1024, description="How many marks of a season are kept, the last ones."
    )


class WindowConfig(dg.Config):
    """How far back a window looks."""

    seasons_back: int = pydantic.Field(
        default=SEASONS_BACK, ge=1, le=32, description="How many seasons of the event family it holds."
    )


source_files = source_files_asset(SourceFiles, incremental.make_source_files, BY_SEASON, MEETS)


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version=incremental.RESULTS_VERSION,
    description=Performances.description,
    # Who a name without an id is, the seasons before may tell.
    deps=[dg.AssetDep(source_files, partition_mapping=SEASONS_UP_TO)],
    check_specs=[*fits(Performances), *track_checks.PERFORMANCES],
)
def performances(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_performances(lake, seasons)
    shown = {season: track_shown.season(lake, season) for season in made}
    yield from materialised(context, made, metadata=shown, checks=track_checks.of_performances(lake, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version=incremental.SEASONS_VERSION,
    description=SeasonPeaks.description,
    deps=[performances],
    check_specs=[*fits(SeasonPeaks), track_checks.BEST],
)
def season_peaks(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_peaks(lake, seasons)
    yield from materialised(context, made, checks=track_checks.of_peaks(lake, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"numpy"},
    code_version=incremental.SEASONS_VERSION,
    description=SequenceKeys.description,
    deps=[performances],
    check_specs=fits(SequenceKeys),
)
def season_sequences(
    context: dg.AssetExecutionContext, lake: LakeParam, config: SequenceConfig
) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_sequences(lake, seasons, config.marks)
    yield from materialised(context, made, checks=table_fits(lake, SequenceKeys, seasons))


@dg.asset(
    **BY_SEASON,
    kinds={"polars"},
    code_version=incremental.SEASONS_VERSION,
    description=Windows.description,
    deps=[
        dg.AssetDep(season_peaks, partition_mapping=SEASONS_UP_TO),
        dg.AssetDep(season_sequences, partition_mapping=SEASONS_UP_TO),
    ],
    check_specs=[*fits(Windows), track_checks.EARLIER],
)
def windows(context: dg.AssetExecutionContext, lake: LakeParam, config: WindowConfig) -> Iterator[Report]:
    seasons = seasons_of(context)
    made = incremental.make_windows(lake, seasons, config.seasons_back)
    yield from materialised(context, made, checks=track_checks.of_windows(lake, seasons))


ASSETS = [source_files, performances, season_peaks, season_sequences, windows]
"""Every asset of the season."""

SEASON_CHAIN = dg.AssetSelection.assets(*ASSETS)
"""Everything that shares the season partitions: what one piece of news sets off, in one run."""

DECLARED: tuple[type[Table], ...] = (SourceFiles, Performances, SeasonPeaks, SequenceKeys, Windows)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
