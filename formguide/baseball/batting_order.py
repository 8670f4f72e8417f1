"""What the order of the batters gives away: slots, starters, substitutes, innings.

Nine places bat in turn, whoever fills them, so the k-th plate appearance of a team belongs to place
k mod 9. The first to bat in a place is taken for its starter (one who is replaced before he ever bats is
not seen), everybody else there for a substitute. The half inning changes with the team at bat. All of this
holds as far as no play is missing; behind a gap it is null.
"""

from __future__ import annotations

import polars as pl

PLACES = 9


def with_order(plays: pl.DataFrame) -> pl.DataFrame:
    """Adds `slot`, `is_starter`, `inning` and `pitcher_is_starter` to the plays of some games.

    plays: game_pk, at_bat_index, is_home_batting, batter_id, pitcher_id and is_pa (whether the play is a
    plate appearance), every play of the game. Sorted by game and place in it.
    """
    game, team = "game_pk", ["game_pk", "is_home_batting"]
    ordered = plays.sort(game, "at_bat_index")
    whole = (pl.col("at_bat_index") == pl.int_range(pl.len())).cum_min().over(game)
    turned = (pl.col("is_home_batting") != pl.col("is_home_batting").shift(1)).fill_null(value=False)
    ordered = ordered.with_columns(
        whole_=whole,
        turn_=pl.col("is_pa").cast(pl.Int32).cum_sum().over(team) - 1,
        half_=turned.cast(pl.Int32).cum_sum().over(game) + (pl.col("is_home_batting").first().over(game)),
        pitcher_is_starter=pl.col("pitcher_id") == pl.col("pitcher_id").first().over(team),
    )
    ordered = ordered.with_columns(
        slot=pl.when(pl.col("whole_") & pl.col("is_pa")).then(pl.col("turn_") % PLACES + 1),
        inning=pl.when("whole_").then(pl.col("half_") // 2 + 1),
    )
    first = pl.col("batter_id").first().over([*team, "slot"])
    return ordered.with_columns(
        is_starter=pl.when(pl.col("slot").is_not_null()).then(pl.col("batter_id") == first)
    ).drop("whole_", "turn_", "half_")


def starting_nine(plate_appearances: pl.DataFrame) -> pl.DataFrame:
    """The starters as far as they are known: the first to bat in each place, one row each."""
    known = plate_appearances.filter(pl.col("slot").is_not_null())
    return known.unique(["game_pk", "is_home_batting", "slot"], keep="first", maintain_order=True)


def out_of_turn(plate_appearances: pl.DataFrame) -> pl.DataFrame:
    """Batters who seem to bat in two places of one game: a play is missing, doubled or another's.

    Independent of the numbers the source gives its plays. One row per game, team and batter.
    """
    team = ["game_pk", "batting_team_id"]
    turns = plate_appearances.sort("game_pk", "at_bat_index").with_columns(
        place=pl.int_range(pl.len()).over(team) % PLACES + 1
    )
    places = turns.group_by(*team, "batter_id", "batter").agg(places=pl.col("place").unique().sort())
    return places.filter(pl.col("places").list.len() > 1).sort("game_pk", "batting_team_id", "batter_id")
