"""Two games of the same teams on one day: which is the first, and how long they were to be.

Sources that do not say so are numbered by their order: a day game comes before a night game, otherwise the
lower of MLB's numbers goes first (right in four of five doubleheaders of 2022 to 2024).
"""

from __future__ import annotations

from datetime import date

import polars as pl

SEVEN_INNINGS = (date(2020, 8, 1), date(2021, 12, 31))
"""From when until when the league scheduled both games of a doubleheader over seven innings."""


def with_doubleheaders(games: pl.DataFrame) -> pl.DataFrame:
    """Sets `game_number`, `doubleheader` and `scheduled_innings` from which games share a day and teams.

    games: game_pk, game_date, home_team_id, away_team_id, day_night; either team may be the home team of
    the second game.
    """
    teams = ["game_date", pl.min_horizontal(_SIDES).alias("low_"), pl.max_horizontal(_SIDES).alias("high_")]
    ordered = games.sort(
        pl.col("day_night").cast(pl.String).fill_null("night"), "game_pk", maintain_order=True
    )
    twice = pl.len().over(teams) > 1
    short = twice & pl.col("game_date").is_between(*SEVEN_INNINGS)
    return ordered.with_columns(
        game_number=pl.int_range(1, pl.len() + 1).over(teams).cast(pl.Int32),
        doubleheader=twice,
        scheduled_innings=pl.when(short).then(7).otherwise(9).cast(pl.Int32),
    ).sort("game_date", "game_pk")


_SIDES = ["home_team_id", "away_team_id"]
