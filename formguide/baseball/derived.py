"""What follows from a game's plays where a source gives nothing but plays: the game itself and line-ups."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

from formguide.baseball.batting_order import starting_nine
from formguide.baseball.doubleheaders import with_doubleheaders
from formguide.baseball.season_tables import as_table
from formguide.baseball.tables import Lineups

_KEY = ["game_pk", "at_bat_index"]


def games_of(plays: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """One row per game of which there is a plate appearance in `kept`, in the columns of `Games`.

    plays: every play in the columns of `PlateAppearances`, with home_team, away_team and day_night. The first
    pitcher to throw for a team is its starter. The games are over.
    """
    ordered = plays.join(kept, on="game_pk", how="semi").sort(_KEY)
    home, away = pl.col("is_home_batting"), ~pl.col("is_home_batting")
    at_home = pl.when(home).then("batting_team_id").otherwise("fielding_team_id")
    visiting = pl.when(home).then("fielding_team_id").otherwise("batting_team_id")
    games = ordered.group_by("game_pk", maintain_order=True).agg(
        pl.first("season", "game_date", "source", "fingerprint", "venue", "day_night"),
        pl.first("home_team", "away_team"),
        home_team_id=at_home.first(),
        away_team_id=visiting.first(),
        home_starter_id=pl.col("pitcher_id").filter(away).first(),
        away_starter_id=pl.col("pitcher_id").filter(home).first(),
    )
    return with_doubleheaders(games.with_columns(state=pl.lit("final")))


def lineups_of(plate_appearances: pl.DataFrame) -> pl.DataFrame:
    """The starters as they follow from the order of the batters, in the columns of `Lineups`."""
    nine = starting_nine(plate_appearances).with_columns(
        derived=pl.lit(value=True), team_id="batting_team_id"
    )
    # On which side a batter stands depends on the pitcher: that of one plate appearance is not his.
    return as_table(nine.drop("bat_side"), Lineups)


def with_fingerprint(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Adds to every row the hash of what its game's rows say in the columns, in order of `at_bat_index`."""
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in columns]
    lines = rows.select(*_KEY, line=pl.concat_str(texts, separator="\x1f"))
    games = lines.sort(_KEY).group_by("game_pk", maintain_order=True).agg(pl.col("line").str.join("\n"))
    marks = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in games["line"]]
    marked = games.select("game_pk", fingerprint=pl.Series(marks, dtype=pl.String))
    return rows.join(marked, on="game_pk", how="left", maintain_order="left")


def with_games(plate_appearances: pl.DataFrame, games: pl.DataFrame) -> pl.DataFrame:
    """The plate appearances with what their game says of the day: number, innings, park, weather, umpire."""
    shared = ["venue", "roof_type", "plate_umpire_id", "weather_condition", "temp_f", "wind_mph"]
    shared += ["wind_direction", "game_number", "game_date"]
    said = games.select("game_pk", *shared, seven_inning=pl.col("scheduled_innings") == 7)
    rest = plate_appearances.drop(*shared, "seven_inning")
    return rest.join(said, on="game_pk", how="inner", maintain_order="left")
