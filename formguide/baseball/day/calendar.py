"""How much of the season is left."""

from __future__ import annotations

from datetime import date

import polars as pl

from formguide.baseball.day.settings import DaySettings
from formguide.baseball.day.tables import SPORT
from formguide.baseball.tables import Games
from formguide.lake import Lake


def days_left(lake: Lake, settings: DaySettings, game_date: date) -> int:
    """Days with games from this one on, itself included: of the schedule where it reaches beyond the day,
    else of the calendar up to the season's usual end."""
    games = lake.read_table(SPORT, Games.name, [str(game_date.year)], Games)
    later = games.filter(pl.col("game_date") > game_date)["game_date"].n_unique()
    if later:
        return later + 1
    return max(0, (date(game_date.year, *settings.season_ends) - game_date).days) + 1
