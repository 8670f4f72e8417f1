"""`formguide forecast baseball`: who gets a hit on a day, asked and answered at the terminal."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Annotated

import polars as pl
import typer

from formguide.baseball import today
from formguide.baseball.tables import Games
from formguide.cli.base import (
    CommandError,
    LakeOption,
    LogFileOption,
    VerboseOption,
    err,
    keep_log,
    open_lake,
    out,
)
from formguide.cli.baseball import screen
from formguide.lake import Lake
from formguide.making import TooLittle
from formguide.show import format_rows

SHOWN = 15


def forecast(
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="Which day.",
            show_default="the next one with games to come",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per batter and game, the surest hit first.")
    ] = False,
    top: Annotated[
        int | None,
        typer.Option("--top", min=1, help="Only so many.", show_default=f"{SHOWN}; with --json all"),
    ] = None,
    lake: LakeOption = None,
    verbose: VerboseOption = False,
    log_file: LogFileOption = None,
) -> None:
    """Who gets a hit: every starter of a day, confirmed or projected, the surest first.

    The forecast knows what was played before that day, and of the day itself what the lake has been told:
    its games, announced starters and line-ups. A line-up that is not announced is projected and marked so.
    """
    place = open_lake(lake)
    keep_log(place, verbose, log_file)
    asked = day.date() if day is not None else next_or_last(place)
    rows = forecasts_of(place, asked)
    if as_json:
        sys.stdout.write(format_rows(rows.head(top) if top else rows, "json"))
        return
    console = out()
    screen.batters(console, f"Who gets a hit on {asked}", rows.head(top or SHOWN), team_names(place, asked))
    console.print(screen.why(rows), soft_wrap=True)


def next_or_last(lake: Lake) -> date:
    """The next date with games to come, else the last that was played. Raises `CommandError` without one."""
    found = today.next_date(lake) or today.last_date(lake)
    if found is None:
        raise CommandError("the lake holds no games: formguide run baseball --sample, or --from PATH")
    return found


def forecasts_of(lake: Lake, game_date: date) -> pl.DataFrame:
    """The day's forecasts, the surest hit first. Raises `CommandError` on a day without games, or with too
    little before it to learn from."""
    games, _ = today.known_of(lake, game_date)
    if games.is_empty():
        raise CommandError(f"the lake knows of no game on {game_date}: {_held(lake)}")
    with err().status(f"[dim]learning from everything before {game_date} …[/dim]"):
        try:
            rows = today.make_forecasts(lake, game_date)
        except TooLittle as why:
            raise CommandError(f"nobody can be forecast on {game_date} yet: {why}") from why
    if rows.is_empty():
        raise CommandError(f"nobody can be forecast on {game_date}: no game of it is still to be played")
    return screen.best_first(rows)


def team_names(lake: Lake, game_date: date) -> dict[int, str]:
    """The teams that play on a day, by id."""
    games, _ = today.known_of(lake, game_date)
    sides = [games.select(id=f"{side}_team_id", name=f"{side}_team") for side in ("home", "away")]
    return dict(pl.concat(sides).iter_rows())


def _held(lake: Lake) -> str:
    games = lake.read_table(today.SPORT, Games.name, None, Games)
    if games.is_empty():
        return "formguide run baseball --sample, or --from PATH"
    dates = games["game_date"].sort()
    return f"it has games from {dates[0]} to {dates[-1]}"
