"""`formguide pull baseball`: fetch games from the league's API into the inbox."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from formguide.baseball import pull as stats_api
from formguide.baseball.today import SPORT
from formguide.cli.base import CommandError, LakeOption, UsageError, err, open_lake, out
from formguide.fetch import Fetcher


def pull(
    start: Annotated[datetime, typer.Option("--start", formats=["%Y-%m-%d"], help="The first date.")],
    end: Annotated[
        datetime | None,
        typer.Option("--end", formats=["%Y-%m-%d"], help="The last date.", show_default="today"),
    ] = None,
    again: Annotated[
        list[int] | None,
        typer.Option(
            "--again", min=1, help="Ask once more for this game (MLB's number) although it is final."
        ),
    ] = None,
    everything_again: Annotated[
        bool,
        typer.Option("--everything-again", help="Ask once more for every game: scorers correct their calls."),
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Fetch the regular-season games of some dates from MLB's Stats API into the lake's inbox.

    One schedule per date, then one document per game, each kept as it came. It asks politely, never fetches
    a game twice that is over, and goes on where it stopped. Then `formguide run baseball`, or the sensor of
    a running UI, takes the files in. Copyright MLB Advanced Media, L.P.; for individual, non-commercial use.
    """
    first, last = start.date(), end.date() if end is not None else datetime.now(UTC).date()
    if last < first:
        raise UsageError(f"--end {last} is before --start {first}")
    place = open_lake(lake)
    fetcher = Fetcher.from_env(Path(str(place.root)) / "cache" / "http")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    screen = err()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(f"{first} to {last}", total=None)

        def tell(step: stats_api.PullStep) -> None:
            bar.update(task, completed=step.done, total=step.planned, description=step.what)

        report = stats_api.pull(
            fetcher, first, last, out=place.inbox(SPORT), again=everything_again or again or (), progress=tell
        )
    console = out()
    console.print(
        f"{first} to {last}: {report.final} final games, {len(report.written)} files new or changed, "
        f"{report.kept + report.unchanged} as they were, {report.requests} requests; in {report.folder}",
        soft_wrap=True,
    )
    for what, games in (
        ("Still to come", report.to_come),
        ("Under way", report.under_way),
        ("Not played", report.not_played),
    ):
        if games:
            console.print(f"{what}: {len(games)} games")
    if not report.complete:
        failed = [f"{failure.what}: {failure.reason}" for failure in report.failures]
        missing = [*failed, *report.left]
        raise CommandError(f"{len(missing)} documents are missing, the first is {missing[0]}; pull again")
    console.print(f"Next: formguide run {SPORT}" + (f" --lake {lake}" if lake else ""), soft_wrap=True)
