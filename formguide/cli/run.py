"""`formguide run`: from files to forecasts, once, with the headline at the end."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from formguide.cli import screen
from formguide.cli.base import (
    WATCH,
    CommandError,
    LakeOption,
    LogFileOption,
    SeasonsOption,
    Sport,
    SportArgument,
    UsageError,
    VerboseOption,
    err,
    keep_apart,
    keep_log,
    open_lake,
    out,
    parse_seasons,
)
from formguide.cli.platform import platform
from formguide.cli.seasons import seasons_at_hand
from formguide.formula1 import arrivals
from formguide.formula1.sample import write_sample
from formguide.lake import Lake


def run(
    sport: SportArgument = Sport.formula1,
    sample: Annotated[
        bool, typer.Option("--sample", help="Use the sample league: four seasons of a made-up championship.")
    ] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Take in this folder of race-weekend files (f1db YAML, Jolpica JSON, Ergast CSV) first.",
        ),
    ] = None,
    seasons: SeasonsOption = None,
    lake: LakeOption = None,
    verbose: VerboseOption = False,
    log_file: LogFileOption = None,
) -> None:
    """Make everything: read the files, follow the strengths, forecast every race, score it, build the
    warehouse.

    What has not changed since the last time is carried over. Without --sample or --from it takes in what
    lies in the lake's inbox (LAKE/inbox/formula1) and what was pulled.
    """
    if sample and source is not None:
        raise UsageError("--sample and --from are two different sources: choose one")
    place, console = open_lake(lake), err()
    keep_log(place, verbose, log_file)
    folders = _folders(place, sample, source)
    keep_apart(place, [folder for folder in folders if sample or source is not None])
    wanted = seasons_at_hand(place, folders, parse_seasons(seasons))
    console.print(f"[bold]{sport}[/bold], seasons {wanted[0]} to {wanted[-1]}, into {place.root}")
    with platform(place, lake, folders, console) as assets:
        assets.season_chain(wanted)
        assets.summaries()
    headline(out(), place)
    next_steps(out(), place, lake)


def headline(console: Console, lake: Lake) -> None:
    """The next race's forecast, the title odds and the scorecard."""
    if not screen.next_race(console, lake):
        console.print(
            "No race can be forecast yet: there is no race in these files that comes after one that was run."
        )
    screen.title_odds(console, lake)
    screen.scorecard(console, lake)
    if arrivals.holds_sample(lake):
        console.print(
            "This is the sample league, made up by Formguide: its scores say nothing of the real sport.\n"
        )


def next_steps(console: Console, lake: Lake, chosen: Path | None) -> None:
    """Three commands to try next."""
    where = f" --lake {chosen}" if chosen is not None else ""
    # As this shell would find it: `make run` has not put it on the path.
    started, off_path = Path(sys.argv[0]), shutil.which("formguide") is None
    command = os.path.relpath(started) if off_path and started.name == "formguide" else "formguide"
    query = "SELECT race_id, moment, driver_id, p_win FROM formula1.forecast_log ORDER BY p_win DESC LIMIT 10"
    console.print("Try next:")
    console.print(f"  {command} forecast formula1 --p-wet 0.9{where}", soft_wrap=True)
    console.print(f'  {command} sql "{query}"{where}', soft_wrap=True)
    console.print(f"  {command} ui{where}", soft_wrap=True)


def _folders(lake: Lake, sample: bool, source: Path | None) -> list[Path]:
    if sample:
        folder = Path(str(lake.root)) / "cache" / "sample-league"
        write_sample(folder)
        return [folder]
    if source is not None:
        if not source.expanduser().is_dir():
            raise CommandError(f"--from {source}: there is no such folder")
        return [source.expanduser()]
    return [Path(folder) for folder in os.environ.get(WATCH, "").split(os.pathsep) if folder]
