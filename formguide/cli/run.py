"""`formguide run`: from files to forecasts, once, with the headline at the end."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from formguide.cli.base import (
    WATCH,
    CommandError,
    LakeOption,
    LogFileOption,
    SeasonsOption,
    Sport,
    UsageError,
    VerboseOption,
    err,
    keep_log,
    open_lake,
    out,
    parse_seasons,
)
from formguide.cli.platform import platform
from formguide.cli.sports import NothingThere, house_of, keep_apart, seasons_at_hand
from formguide.lake import Lake
from formguide.watch import named_folders


def run(
    sport: Annotated[
        Sport | None,
        typer.Argument(help="Which sport.", show_choices=True, show_default="every sport there are files of"),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Use the sample league: some seasons of a made-up championship.")
    ] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Take in this folder of result files first (or its folder of the sport's name).",
        ),
    ] = None,
    seasons: SeasonsOption = None,
    lake: LakeOption = None,
    verbose: VerboseOption = False,
    log_file: LogFileOption = None,
) -> None:
    """Make everything: read the files, follow what they say of each runner, forecast, score, build the
    warehouse.

    What has not changed since the last time is carried over. Without --sample or --from it takes in what
    lies in the lake's inboxes (LAKE/inbox/formula1, LAKE/inbox/baseball, …) and what was pulled.
    """
    if sample and source is not None:
        raise UsageError("--sample and --from are two different sources: choose one")
    if source is not None and source.expanduser().is_file():
        raise CommandError(
            f"--from {source}: that is a file; name the folder it is in: --from {source.parent}"
        )
    if source is not None and not source.expanduser().is_dir():
        raise CommandError(f"--from {source}: there is no such folder")
    place, console, chosen = open_lake(lake), err(), parse_seasons(seasons)
    keep_log(place, verbose, log_file)
    folders: dict[str, list[Path]] = {}
    wanted: dict[str, list[int]] = {}
    nothing: list[NothingThere] = []
    for one in [sport] if sport else list(Sport):
        looked_into = _folders(one, place, sample, source)
        if sport is None and source is not None and not house_of(one).takes(looked_into[0]):
            continue
        keep_apart(one, place, [f for f in looked_into if sample or source is not None])
        try:
            wanted[one] = seasons_at_hand(one, place, looked_into, chosen)
            folders[one] = looked_into
        except NothingThere as error:
            nothing.append(error)
    if not wanted:
        raise nothing[0] if sport else CommandError(_of_no_sport(place, source))
    with platform(place, lake, folders, console) as assets:
        for name, found in wanted.items():
            console.print(f"[bold]{name}[/bold], seasons {found[0]} to {found[-1]}, into {place.root}")
            house_of(name).make(assets, place, found)
        console.print("[bold]all seasons together[/bold]")
        assets.summaries(place, wanted)
    headlines(out(), place, list(wanted))
    next_steps(out(), place, list(wanted), lake)


def headlines(console: Console, lake: Lake, sports: Sequence[str]) -> None:
    """What came of each sport; the sample league says that it is one."""
    for name in sports:
        house = house_of(name)
        house.headline(console, lake)
        if house.arrivals.holds_sample(lake):
            console.print(
                "This is the sample league, made up by Formguide: its scores say nothing of the real sport.\n"
            )


def next_steps(console: Console, lake: Lake, sports: Sequence[str], chosen: Path | None) -> None:
    """A few commands to try next."""
    where = f" --lake {chosen}" if chosen is not None else ""
    # As this shell would find it: `make run` has not put it on the path.
    started, off_path = Path(sys.argv[0]), shutil.which("formguide") is None
    command = os.path.relpath(started) if off_path and started.name == "formguide" else "formguide"
    console.print("Try next:")
    for step in [*(step for name in sports for step in house_of(name).next_steps(lake)), "ui"]:
        console.print(f"  {command} {step}{where}", soft_wrap=True, markup=False)


def _folders(sport: str, lake: Lake, sample: bool, source: Path | None) -> list[Path]:
    """The folders that a sport reads beside its inbox."""
    if sample:
        folder = Path(str(lake.root)) / "cache" / "sample-league" / sport
        house_of(sport).write_sample(folder)
        return [folder]
    if source is not None:
        own = source.expanduser() / sport
        return [own if own.is_dir() else source.expanduser()]
    named = [entry for entry in os.environ.get(WATCH, "").split(os.pathsep) if entry]
    return named_folders(named, sport)


def _of_no_sport(lake: Lake, source: Path | None) -> str:
    """That there is nothing to read, and what to do about it."""
    where = source if source is not None else Path(str(lake.root)) / "inbox"
    kinds = " or ".join(house_of(sport).files for sport in Sport)
    hints = ", or ".join(house_of(sport).hint for sport in Sport)
    return f"no {kinds} in {where}: try formguide run --sample, run --from PATH, or {hints}"
