"""Who bats, in which place, and against which starting pitcher: as announced, or as far as one can tell.

One row per team, game and place in the batting order. Where line-ups are out they are `confirmed`; before
that a team is expected to send the nine of its last game (`projected`), against the announced starter
(`probable`) or, without one, the man whose turn it is in the rotation (`projected`). Umpire and weather are
told about when line-ups are: a projected game has no umpire, and the weather of the park's last game. The
side a batter takes and which hand a pitcher throws with is what they did last time before the date.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl

ROTATION = 5
LEAST_REST_DAYS = 4
MOST_REST_DAYS = 12

_OF_THE_GAME = (
    "season", "game_date", "game_pk", "game_number", "start_at", "venue", "plate_umpire_id",
    "weather_condition", "roof_type", "temp_f", "wind_mph", "wind_direction",
)  # fmt: skip
_WEATHER = ("weather_condition", "temp_f", "wind_mph", "wind_direction")


def confirmed(games: pl.DataFrame, lineups: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """The starters of the games whose line-ups are known, facing those who start or were announced.

    games, lineups: rows of those tables; history: plate appearances, of which each row here uses those of
    earlier dates.
    """
    sides = _sides(games).with_columns(
        pitcher_id=pl.coalesce("starter_id", "probable_id"),
        pitcher_status=pl.when(pl.col("starter_id").is_not_null())
        .then(pl.lit("confirmed"))
        .when(pl.col("probable_id").is_not_null())
        .then(pl.lit("probable"))
        .otherwise(pl.lit("unknown")),
    )
    sides = sides.join(_catchers(lineups), on=["game_pk", "opponent_id"], how="left")
    nine = lineups.select("game_pk", "team_id", "slot", "batter_id", "batter", listed_side="bat_side")
    rows = sides.join(nine, on=["game_pk", "team_id"]).with_columns(lineup_status=pl.lit("confirmed"))
    return _finished(rows, history)


def projected(
    games: pl.DataFrame, past_games: pl.DataFrame, past_lineups: pl.DataFrame, history: pl.DataFrame
) -> pl.DataFrame:
    """The starters to expect of games whose line-ups are not out: each team's last nine before the date.

    games: the games asked about; past_games, past_lineups, history: anything up to any date, of which only
    what is dated before a game enters its rows. A team without an earlier game is left out.
    """
    last = (
        past_lineups.select("game_date", "game_pk", "team_id")
        .unique()
        .sort("game_date", "game_pk")
        .group_by("team_id", "game_date", maintain_order=True)
        .last()
        .rename({"game_pk": "last_game_pk"})
        .sort("game_date")
    )
    sides = _as_last_time(_sides(games).sort("game_date", "game_pk", "team_id"), past_games)
    sides = sides.join_asof(
        last, on="game_date", by="team_id", strategy="backward", allow_exact_matches=False,
        check_sortedness=False,
    ).drop_nulls("last_game_pk")  # fmt: skip
    last_caught = last.rename({"team_id": "opponent_id", "last_game_pk": "caught_game_pk"})
    sides = sides.join_asof(
        last_caught, on="game_date", by="opponent_id", strategy="backward", allow_exact_matches=False,
        check_sortedness=False,
    ).join(
        _catchers(past_lineups).rename({"game_pk": "caught_game_pk"}),
        on=["caught_game_pk", "opponent_id"], how="left",
    )  # fmt: skip
    expected = _rotation(sides, past_games)
    sides = sides.join(expected, on=["game_pk", "team_id"], how="left").with_columns(
        pitcher_id=pl.coalesce("probable_id", "expected_id"),
        pitcher_status=pl.when(pl.col("probable_id").is_not_null())
        .then(pl.lit("probable"))
        .when(pl.col("expected_id").is_not_null())
        .then(pl.lit("projected"))
        .otherwise(pl.lit("unknown")),
    )
    nine = past_lineups.select(
        "team_id", "slot", "batter_id", "batter", last_game_pk="game_pk", listed_side="bat_side"
    )
    rows = sides.join(nine, on=["last_game_pk", "team_id"]).with_columns(lineup_status=pl.lit("projected"))
    return _finished(rows, history)


def queries(starters: pl.DataFrame, bullpen: bool = False) -> pl.DataFrame:
    """The plate appearances that these starters may have, as features and abilities are asked: against the
    starting pitcher, or (`bullpen`) against the relievers of the fielding team together."""
    nobody_id, nobody_hand = pl.lit(None, pl.Int64), pl.lit(None, pl.String)
    return starters.select(
        "game_date",
        "batter_id",
        "bat_side",
        (nobody_id if bullpen else pl.col("pitcher_id")).alias("pitcher_id"),
        (nobody_hand if bullpen else pl.col("pitch_hand")).alias("pitch_hand"),
        fielding_team_id="opponent_id",
        is_home_batting="is_home",
        venue="venue",
        catcher_id="catcher_id",
        plate_umpire_id="plate_umpire_id",
        weather_condition="weather_condition",
        roof_type="roof_type",
        temp_f="temp_f",
        wind_mph="wind_mph",
        wind_direction="wind_direction",
    )


def _sides(games: pl.DataFrame) -> pl.DataFrame:
    """Two rows per game, one per batting team; `starter_id` and `probable_id` are the other team's."""
    both = []
    for batting, fielding in (("home", "away"), ("away", "home")):
        both.append(
            games.select(
                *_OF_THE_GAME,
                is_home=pl.lit(batting == "home"),
                team_id=f"{batting}_team_id",
                opponent_id=f"{fielding}_team_id",
                starter_id=f"{fielding}_starter_id",
                probable_id=f"{fielding}_probable_id",
            )
        )
    return pl.concat(both)


def _catchers(lineups: pl.DataFrame) -> pl.DataFrame:
    """Who catches for the fielding team, where its line-up names positions."""
    return (
        lineups.filter(pl.col("position") == "C")
        .select("game_pk", opponent_id="team_id", catcher_id="batter_id")
        .unique(["game_pk", "opponent_id"], keep="first", maintain_order=True)
    )


def _as_last_time(sides: pl.DataFrame, past_games: pl.DataFrame) -> pl.DataFrame:
    """The sides without what is told late: no umpire, and the weather of the last game before in the park."""
    last = (
        past_games.drop_nulls(["venue", "weather_condition"])
        .sort("game_date", "game_pk")
        .unique(["game_date", "venue"], keep="last", maintain_order=True)
        .select("game_date", "venue", *_WEATHER)
    )
    nobody = pl.lit(None, pl.Int64).alias("plate_umpire_id")
    return (
        sides.drop(_WEATHER)
        .with_columns(nobody)
        .join_asof(
            last, on="game_date", by="venue", strategy="backward", allow_exact_matches=False,
            check_sortedness=False,
        )
    )  # fmt: skip


def _rotation(sides: pl.DataFrame, past_games: pl.DataFrame) -> pl.DataFrame:
    """Whose turn it is: of the fielding team's last five starters the one who has rested longest, if he has
    rested enough; for the second game of a day the next one."""
    starts: dict[int, dict[int, date]] = defaultdict(dict)
    told = (
        pl.concat(
            past_games.select("game_date", "game_pk", team=f"{side}_team_id", starter=f"{side}_starter_id")
            for side in ("home", "away")
        )
        .drop_nulls("starter")
        .sort("game_date", "game_pk")
    )
    past = list(told.select("game_date", "team", "starter").iter_rows())
    asked = sides.select("game_date", "game_number", "game_pk", "team_id", "opponent_id").sort(
        "game_date", "game_pk", "team_id"
    )
    found: dict[str, list[int | None]] = {"game_pk": [], "team_id": [], "expected_id": []}
    i = 0
    for day, number, game, team, opponent in asked.iter_rows():
        while i < len(past) and past[i][0] < day:
            starts[past[i][1]][past[i][2]] = past[i][0]
            i += 1
        last_five = sorted(((at, who) for who, at in starts[opponent].items()), reverse=True)[:ROTATION]
        rested = sorted(
            (at, who) for at, who in last_five if LEAST_REST_DAYS <= (day - at).days <= MOST_REST_DAYS
        )
        turn = number - 1
        found["game_pk"].append(game)
        found["team_id"].append(team)
        found["expected_id"].append(rested[turn][1] if turn < len(rested) else None)
    return pl.DataFrame(found, schema={"game_pk": pl.Int64, "team_id": pl.Int64, "expected_id": pl.Int64})


def _finished(rows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """With names, hands and sides as last seen before the date, in one order."""
    rows = rows.sort("game_date", "game_pk", "team_id", "slot")
    seen = history.select("game_date", "game_pk", "at_bat_index", "batter_id", "bat_side", "pitcher_id",
                          "pitcher", "pitch_hand").sort("game_date", "game_pk", "at_bat_index")  # fmt: skip
    hands = seen.select("game_date", "pitcher_id", "pitcher", "pitch_hand").unique(
        ["game_date", "pitcher_id"], keep="last", maintain_order=True
    )
    against = seen.select("game_date", "batter_id", "pitch_hand", last_side="bat_side").unique(
        ["game_date", "batter_id", "pitch_hand"], keep="last", maintain_order=True
    )
    any_side = seen.select("game_date", "batter_id", any_side="bat_side").unique(
        ["game_date", "batter_id"], keep="last", maintain_order=True
    )
    for known, by in (
        (hands, ["pitcher_id"]),
        (against, ["batter_id", "pitch_hand"]),
        (any_side, ["batter_id"]),
    ):
        rows = rows.sort("game_date", maintain_order=True).join_asof(
            known, on="game_date", by=by, strategy="backward", allow_exact_matches=False,
            check_sortedness=False,
        )  # fmt: skip
    other = pl.when(pl.col("pitch_hand") == "L").then(pl.lit("R")).otherwise(pl.lit("L"))
    one_sided = pl.col("listed_side").is_in(["L", "R"])
    side = pl.coalesce(
        "last_side",
        pl.when(one_sided).then("listed_side").when(pl.col("listed_side") == "S").then(other),
        "any_side",
        pl.lit("R"),
    )
    return rows.with_columns(bat_side=side).select(
        *_OF_THE_GAME, "team_id", "opponent_id", "is_home", "slot", "batter_id", "batter", "bat_side",
        "pitcher_id", "pitcher", "pitch_hand", "pitcher_status", "catcher_id", "lineup_status",
    ).sort("game_date", "game_pk", "team_id", "slot")  # fmt: skip
