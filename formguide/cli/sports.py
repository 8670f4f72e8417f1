"""The sports of the command: what `formguide run` asks of each, and how a sport is named in the others.

A sport brings a package of its name beside this module (`formguide.cli.formula1`, …) with a module `house`,
whose `HOUSE` answers the questions of `SportHouse`. What is the same for all knows only their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from formguide.arrivals import FIRST_SEASON, NOT_READ, Arrivals, Holdings
from formguide.cli.base import CommandError
from formguide.lake import Lake

_SEEN_SHOWN = 3


class NothingThere(CommandError):
    """A sport finds no files of its own."""


class Runs(Protocol):
    """What runs assets: see `formguide.cli.platform.Platform`."""

    def materialise(
        self,
        selection: Any,
        seasons: Sequence[int] = (),
        partition: str | None = None,
        config: Mapping[str, Any] | None = None,
        up_to: str | None = None,
    ) -> dict[str, dict[str, Any]]:
        """Runs assets, over a range of seasons or one other partition if given, or all from it `up_to` a
        second; config: settings by step."""
        ...

    def season_chain(self, sport: str, seasons: Sequence[int]) -> dict[str, dict[str, Any]]:
        """Runs everything of a sport that shares the seasons."""
        ...


class SportHouse(Protocol):
    """What `formguide run` asks of a sport."""

    titles: Mapping[str, str]
    """The steps of a run in words, by the name that Dagster gives them."""
    files: str
    """What lies in this sport's folders, in words."""
    hint: str
    """How to come by such files, as a command without the word formguide."""
    arrivals: Arrivals
    """How its files come in."""

    def takes(self, folder: Path) -> bool:
        """Whether a folder has files of this sport."""
        ...

    def write_sample(self, folder: Path) -> None:
        """Writes the sample league of the sport as files."""
        ...

    def over_all_seasons(self, lake: Lake) -> Any:
        """The assets that look at every season together, or None while there is nothing to look at."""
        ...

    def make(self, platform: Runs, lake: Lake, seasons: Sequence[int]) -> None:
        """Takes some seasons from the files to the forecasts."""
        ...

    def headline(self, console: Console, lake: Lake) -> None:
        """What came of it, for people."""
        ...

    def next_steps(self, lake: Lake) -> list[str]:
        """Commands to try next, without the word formguide."""
        ...


def house_of(sport: str) -> SportHouse:
    """What answers for a sport."""
    house: SportHouse = import_module(f"formguide.cli.{sport}.house").HOUSE
    return house


def seasons_at_hand(
    sport: str, lake: Lake, folders: Sequence[Path], chosen: set[int] | None = None
) -> list[int]:
    """The seasons of a sport that there are files of and that were asked for, in order.

    Raises `NothingThere` where there are no files, and `CommandError` where none is of a season asked for.
    """
    house = house_of(sport)
    arrivals = house.arrivals
    made = {int(season) for season in lake.partitions(sport, arrivals.table.name)}
    held = arrivals.holdings(lake, [lake.inbox(sport), *folders])
    known = sorted(season for season in {*held.seasons, *made} if season >= FIRST_SEASON)
    if not known:
        where = folders[0] if folders else lake.inbox(sport)
        raise NothingThere(
            f"no {house.files} in {where}{_seen(held)}: try formguide run --sample, run --from PATH, or "
            f"{house.hint}"
        )
    # Where a season is a month (202103), a year means all of its months.
    wanted = [season for season in known if chosen is None or season in chosen or season // 100 in chosen]
    if not wanted:
        raise CommandError(f"--seasons: there are files of {known[0]} to {known[-1]} only")
    return wanted


def _seen(held: Holdings) -> str:
    """Which files are there all the same, the first few, and why nothing comes of them."""
    noted = {line.partition(": ")[0] for line in held.passed_over}
    undated = sorted({name.partition("/")[2] for tree in held.folders.values() for name in tree} - noted)
    lines = [*held.passed_over, *(f"{path}: nothing in it can be read and dated" for path in undated)]
    lines.sort(key=lambda line: line.endswith(NOT_READ))
    more = f", and {len(lines) - _SEEN_SHOWN} more" if len(lines) > _SEEN_SHOWN else ""
    return f" ({'; '.join(lines[:_SEEN_SHOWN])}{more})" if lines else ""


def keep_apart(sport: str, lake: Lake, folders: Sequence[Path]) -> None:
    """Raises `CommandError` before real seasons and the made-up league of a sport would share a lake."""
    arrivals = house_of(sport).arrivals
    coming = [arrivals.is_sample_folder(folder) for folder in folders]
    if any(coming) and arrivals.holds_real_data(lake) and not arrivals.holds_sample(lake):
        raise CommandError(
            f"{lake.root} holds real seasons: give the sample league a lake of its own with --lake PATH"
        )
    if coming and not all(coming) and arrivals.holds_sample(lake):
        raise CommandError(
            f"{lake.root} holds the sample league: give your data a lake of its own with --lake PATH"
        )
