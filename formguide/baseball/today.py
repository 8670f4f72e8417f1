"""Which day is next, and what the lake knows of its games: what a forecast at the terminal is asked about."""

from __future__ import annotations

from datetime import date

import polars as pl

from formguide.baseball.tables import Games, Lineups
from formguide.lake import Lake

SPORT = "baseball"
PLAYED = ("final", "live", "suspended")
"""States of a game that has begun."""


def next_date(lake: Lake) -> date | None:
    """The first date after the last that was played on which there is a game to come; None without one."""
    games = lake.read_table(SPORT, Games.name, None, Games)
    last = games.filter(pl.col("state").is_in(PLAYED))["game_date"].max()
    coming = games.filter(pl.col("state") == "preview")
    if isinstance(last, date):
        coming = coming.filter(pl.col("game_date") > last)
    found = coming["game_date"].min()
    return found if isinstance(found, date) else None


def last_date(lake: Lake) -> date | None:
    """The last date on which a game was played."""
    games = lake.read_table(SPORT, Games.name, None, Games)
    found = games.filter(pl.col("state") == "final")["game_date"].max()
    return found if isinstance(found, date) else None


def known_of(lake: Lake, game_date: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The day's games and announced line-ups (Games, Lineups) as the lake has them; either may be empty."""
    on_the_day = pl.col("game_date") == game_date
    season = [str(game_date.year)]
    games = lake.read_table(SPORT, Games.name, season, Games).filter(on_the_day)
    lineups = lake.read_table(SPORT, Lineups.name, season, Lineups).filter(on_the_day)
    return games, lineups
