"""Which seasons there is something to make of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from formguide.cli.base import CommandError
from formguide.formula1 import arrivals
from formguide.formula1.arrivals import SPORT
from formguide.lake import Lake

FIRST_SEASON = 2014
"""The first season that there is a partition for."""


def seasons_at_hand(lake: Lake, folders: Sequence[Path], chosen: set[int] | None = None) -> list[int]:
    """The seasons that the folders, the inbox and the raw store speak of, and that were asked for, in order.

    Raises `CommandError` where there are none.
    """
    held = arrivals.holdings(lake, [lake.inbox(SPORT), *folders])
    made = {int(season) for season in lake.partitions(SPORT, arrivals.SourceFiles.name)}
    known = sorted(season for season in held.seasons.keys() | made if season >= FIRST_SEASON)
    if not known:
        where = folders[0] if folders else lake.inbox(SPORT)
        raise CommandError(
            f"no race-weekend files in {where}: try formguide run --sample, run --from PATH, "
            "or pull formula1 --season 2025"
        )
    wanted = [season for season in known if chosen is None or season in chosen]
    if not wanted:
        raise CommandError(f"--seasons: there are files of {known[0]} to {known[-1]} only")
    return wanted
