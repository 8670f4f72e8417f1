"""`formguide pull track`: fetch TFRRS pages into the inbox."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from formguide.cli.base import CommandError, LakeOption, UsageError, err, open_lake, out
from formguide.fetch import Fetcher
from formguide.track import pull as tfrrs
from formguide.track.tables import SPORT

_SHOWN = 5
"""How many pages that failed are named."""


def pull(
    urls: Annotated[
        Path,
        typer.Option("--urls", help="A CSV with a column url (or one address a line) that names the pages."),
    ],
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, help="Ask for so many pages at most; those that are here don't count."
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="I/N", help="Only part I of N, so that N machines share the work."),
    ] = None,
    delay: Annotated[
        float | None,
        typer.Option(
            "--delay",
            min=0,
            help="Seconds from one page to the next.",
            show_default="what the host allows; no less, but for a server on this machine",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Ask once more for pages that are here: a season goes on.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Fetch TFRRS pages (teams' "all performances", performance lists, athletes) into the lake's inbox.

    One page at a time, politely: robots.txt, a pause, five seconds a page and no more, nothing but the pages
    themselves. It needs no browser, since the tables stand in the pages. A page that is here is not fetched
    again; a pull that was stopped goes on where it stopped. Then `formguide run track`, or the sensor of a
    running UI, takes the files in.
    """
    try:
        wanted = tfrrs.read_urls(urls)
        if shard is not None:
            wanted = _part(wanted, shard)
        place = open_lake(lake)
        fetcher = Fetcher.from_env(Path(str(place.root)) / "cache" / "http")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        screen = err()
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
            task = bar.add_task("pages", total=len(wanted))

            def tell(step: tfrrs.PullStep) -> None:
                bar.update(task, completed=step.done, description=step.url[-40:])

            report = tfrrs.pull(
                fetcher,
                wanted,
                out=place.inbox(SPORT),
                limit=limit,
                again=again,
                delay_sec=delay,
                progress=tell,
            )
    except tfrrs.PullError as error:
        raise CommandError(str(error)) from error
    out().print(
        f"{report.planned} pages: {len(report.written)} new or changed, "
        f"{report.kept + report.unchanged} as they were, {report.requests} requests; in {report.folder}",
        soft_wrap=True,
    )
    for failure in report.failures[:_SHOWN]:
        err().print(f"[yellow]{failure.url}[/yellow]: {failure.reason}", soft_wrap=True)
    if report.failures:
        more = f", {len(report.left)} were not tried" if report.left else ""
        raise CommandError(
            f"{len(report.failures)} of {report.planned} pages could not be had{more}: pull again for them"
        )
    if report.left:
        out().print(f"{len(report.left)} pages are left: pull again for them")
    out().print(f"Next: formguide run {SPORT}" + (f" --lake {lake}" if lake else ""), soft_wrap=True)


def _part(urls: list[str], shard: str) -> list[str]:
    try:
        return tfrrs.shard_of(urls, shard)
    except tfrrs.PullError as error:
        raise UsageError(f"--shard: {error}") from error
