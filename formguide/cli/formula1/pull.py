"""`formguide pull formula1`: fetch results from the live source into the inbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from formguide.cli.base import CommandError, LakeOption, err, open_lake, out
from formguide.fetch import Fetcher
from formguide.formula1 import pull as jolpica
from formguide.formula1.arrivals import SPORT


def pull(
    season: Annotated[int, typer.Option("--season", min=1950, max=2100, help="Which season.")] = ...,  # type: ignore[assignment]
    rounds: Annotated[
        list[int] | None, typer.Option("--round", min=1, help="Only this round; may be given several times.")
    ] = None,
    lake: LakeOption = None,
) -> None:
    """Fetch a season from Jolpica, the public Formula 1 API, into the lake's inbox.

    It asks at most 4 times a second and 500 times an hour, keeps what it has and goes on where it stopped.
    Then `formguide run`, or the sensor of a running UI, takes the files in.
    """
    place = open_lake(lake)
    fetcher = Fetcher.from_env(Path(str(place.root)) / "cache" / "http")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    screen = err()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(f"{season}", total=None)

        def tell(step: jolpica.PullStep) -> None:
            bar.update(task, completed=step.done, total=step.planned, description=step.what)

        report = jolpica.pull(fetcher, season, rounds, out=place.inbox(SPORT), progress=tell)
    console = out()
    console.print(
        f"{season}: {len(report.written)} files new or changed, {report.unchanged} unchanged, "
        f"{report.requests} requests; in {report.folder}",
        soft_wrap=True,
    )
    if report.to_come:
        console.print(f"Not run yet: round {', '.join(map(str, report.to_come))}")
    if report.waiting:
        console.print(f"No records yet: {', '.join(report.waiting)}")
    if not report.complete:
        first = (
            f"{report.failures[0].what}: {report.failures[0].reason}" if report.failures else report.left[0]
        )
        missing = len(report.failures) + len(report.left)
        raise CommandError(f"{missing} listings are missing, the first is {first}; pull again to go on")
    console.print(f"Next: formguide run {SPORT}" + (f" --lake {lake}" if lake else ""), soft_wrap=True)
