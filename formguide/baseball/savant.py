"""Baseball Savant's tables of pitches: a Parquet file of 21 columns, or a CSV of 89.

One row per pitch; a missing value in the CSV is the literal text `null`. `at_bat_number` counts from 1, so
it is `at_bat_index` + 1. Plays in which no pitch was thrown are not there. What a table has no column for is
null: the small one tells neither type, call nor speed of a pitch. Savant does not name the park, and
`player_name` is the batter's or the pitcher's, depending on what was asked for: it is not read.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from formguide import schema
from formguide.baseball import events
from formguide.baseball.batting_order import with_order
from formguide.baseball.derived import games_of, lineups_of, with_fingerprint, with_games
from formguide.baseball.season_tables import SeasonTables, as_table, empty_season
from formguide.baseball.tables import PITCH_TYPES, Games, PlateAppearances
from formguide.baseball.teams import team_ids, team_name
from formguide.records import Reject, set_aside

SOURCE = "savant"

_TEXT, _WHOLE, _NUMBER = pl.String(), pl.Int64(), pl.Float64()
_NEEDED: dict[str, pl.DataType] = {
    **dict.fromkeys(("game_pk", "at_bat_number", "pitch_number", "batter", "pitcher", "inning"), _WHOLE),
    **dict.fromkeys(("game_type", "stand", "p_throws", "home_team", "away_team", "inning_topbot"), _TEXT),
    "events": _TEXT,
}
_OPTIONAL: dict[str, pl.DataType] = {
    **dict.fromkeys(("description", "pitch_type", "bb_type"), _TEXT),
    **dict.fromkeys(("balls", "strikes", "fielder_2"), _WHOLE),
    **dict.fromkeys(("release_speed", "release_spin_rate", "release_extension", "pfx_x", "pfx_z"), _NUMBER),
    **dict.fromkeys(("launch_speed", "launch_angle", "hit_distance_sc"), _NUMBER),
}
_CALLS = {
    "ball": "ball",
    "blocked_ball": "ball",
    "pitchout": "ball",
    "called_strike": "called_strike",
    "swinging_strike": "swinging_strike",
    "swinging_strike_blocked": "swinging_strike",
    "swinging_pitchout": "swinging_strike",
    "missed_bunt": "swinging_strike",
    "foul_tip": "swinging_strike",
    "bunt_foul_tip": "swinging_strike",
    "foul": "foul",
    "foul_bunt": "foul",
    "foul_pitchout": "foul",
    "hit_by_pitch": "hit_by_pitch",
    "hit_into_play": "in_play",
    "hit_into_play_no_out": "in_play",
    "hit_into_play_score": "in_play",
    "automatic_ball": "ball",
    "intent_ball": "ball",
    "automatic_strike": "called_strike",
}
_AUTOMATIC = ("automatic_ball", "intent_ball", "automatic_strike")
_COUNTED_CALLS = {
    "ball": "called_balls",
    "called_strike": "called_strikes",
    "swinging_strike": "swinging_strikes",
    "foul": "fouls",
    "in_play": "in_play",
}
_INCHES = 12.0
_KEY = ["game_pk", "at_bat_index"]
_PITCH = ["game_pk", "at_bat_number", "pitch_number"]


def seasons(body: bytes, path: str) -> list[int]:
    """The seasons that a table has pitches of; none if it cannot be read."""
    try:
        table = _raw(path, body)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return []
    if "game_date" not in table.columns:
        return []
    return sorted(int(year) for year in _days(table).dt.year().drop_nulls().unique())


def read_pitches(season: int, files: Mapping[str, bytes]) -> SeasonTables:
    """A season's tables as far as pitch tables (path → bytes) tell of it. Never raises for bad input.

    A pitch that two files have counts once, as the last file has it.
    """
    rejects: list[Reject] = []
    tables = [t for path in sorted(files) if (t := _read(season, path, files[path], rejects)) is not None]
    pitches = pl.concat(tables, how="vertical") if tables else None
    if pitches is None or pitches.is_empty():
        return replace(empty_season(season), rejects=rejects)
    pitches = pitches.unique(_PITCH, keep="last", maintain_order=True).sort(_PITCH)
    plays = _added_up(pitches)
    kept, bad = schema.split(plays.filter("is_pa"), PlateAppearances)
    for row in bad.iter_rows(named=True):
        rejects.append(set_aside(f"pitches/{row['game_date']}", None, None, row["reason"], row))
    games = as_table(games_of(plays, kept), Games)
    kept = as_table(with_games(kept, games), PlateAppearances)
    return SeasonTables(season, games, lineups_of(kept), kept, rejects)


def _raw(path: str, body: bytes) -> pl.DataFrame:
    if path.endswith(".csv"):
        return pl.read_csv(
            io.BytesIO(body), infer_schema_length=0, null_values=["null", ""], truncate_ragged_lines=True
        )
    return pl.read_parquet(io.BytesIO(body))


def _days(table: pl.DataFrame) -> pl.Series:
    day = table["game_date"]
    return day.str.slice(0, 10).str.to_date(strict=False) if day.dtype == pl.String else day.cast(pl.Date)


def _read(season: int, path: str, body: bytes, rejects: list[Reject]) -> pl.DataFrame | None:
    try:
        table = _raw(path, body)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        rejects.append(set_aside(path, None, None, f"not a table of pitches: {str(error)[:200]}", body))
        return None
    absent = [name for name in ("game_date", *_NEEDED) if name not in table.columns]
    if absent:
        rejects.append(set_aside(path, None, absent[0], f"no column {', '.join(absent)}", body))
        return None
    typed = table.select(
        _days(table),
        *(pl.col(name).cast(kind, strict=False) for name, kind in _NEEDED.items()),
        *(
            (pl.col(name) if name in table.columns else pl.lit(None)).cast(kind, strict=False).alias(name)
            for name, kind in _OPTIONAL.items()
        ),
    ).filter((pl.col("game_type") == "R") & (pl.col("game_date").dt.year() == season))
    placed = pl.all_horizontal(
        pl.col("game_pk", "at_bat_number", "pitch_number", "batter", "pitcher", "inning").is_not_null()
    )
    for row in typed.filter(~placed).iter_rows(named=True):
        rejects.append(set_aside(path, None, None, "a pitch without its place or its players", row))
    return typed.filter(placed)


def _added_up(pitches: pl.DataFrame) -> pl.DataFrame:
    """Pitches in order, as plate appearances."""
    written = pitches["pitch_type"].drop_nulls().unique()
    codes = {name: events.pitch_code(name) for name in written}
    called = pitches["description"].null_count() < pitches.height
    typed = pitches["pitch_type"].null_count() < pitches.height
    rows = pitches.with_columns(
        at_bat_index=pl.col("at_bat_number") - 1,
        call=pl.col("description").replace_strict(_CALLS, default=None, return_dtype=pl.String),
        thrown=~pl.col("description").is_in(list(_AUTOMATIC)).fill_null(value=False),
        code=pl.col("pitch_type").replace_strict(codes, default=None, return_dtype=pl.String),
        drop=(pl.col("pfx_x") ** 2 + pl.col("pfx_z") ** 2).sqrt() * _INCHES,
    )
    thrown, last = pl.col("thrown"), pl.col("call").last()
    # A bunt fouled off with two strikes is the third.
    bunted = (last == "foul") & pl.col("events").last().str.starts_with("strikeout")
    strike = last.is_in(["called_strike", "swinging_strike"]) | bunted
    in_play = last == "in_play"
    counts = {to: ((pl.col("call") == call) & thrown).sum() for call, to in _COUNTED_CALLS.items()}
    types = {f"pitches_{code}": (pl.col("code") == code.upper()).sum() for code in PITCH_TYPES}
    at_bats = rows.group_by(_KEY, maintain_order=True).agg(
        pl.last("game_date", "inning", "home_team", "away_team", "inning_topbot"),
        batter_id=pl.col("batter").last(),
        pitcher_id=pl.col("pitcher").last(),
        bat_side=pl.col("stand").last(),
        pitch_hand=pl.col("p_throws").last(),
        catcher_id=pl.col("fielder_2").last(),
        event=pl.col("events").last(),
        pitches=thrown.sum(),
        **(counts if called else {}),
        **(types if typed else {}),
        balls=(pl.col("balls").last() + (last == "ball")).clip(upper_bound=4),
        strikes=(pl.col("strikes").last() + strike).clip(upper_bound=3),
        pitch_speed_mean_mph=pl.col("release_speed").filter(thrown).mean(),
        spin_rate_mean_rpm=pl.col("release_spin_rate").filter(thrown).mean(),
        extension_mean_ft=pl.col("release_extension").filter(thrown).mean(),
        break_mean_in=pl.col("drop").filter(thrown).mean(),
        last_pitch_type=pl.col("code").last(),
        last_pitch_call=last,
        last_pitch_speed_mph=pl.col("release_speed").last(),
        last_pitch_spin_rpm=pl.col("release_spin_rate").last(),
        launch_speed_mph=pl.when(in_play).then(pl.col("launch_speed").last()),
        launch_angle_deg=pl.when(in_play).then(pl.col("launch_angle").last()),
        hit_distance_ft=pl.when(in_play).then(pl.col("hit_distance_sc").last()),
        trajectory=pl.col("bb_type").last(),
    )
    return _placed(at_bats, called)


def _placed(at_bats: pl.DataFrame, called: bool) -> pl.DataFrame:
    """Every play with teams, order and fingerprint, and whether it is a plate appearance (`is_pa`)."""
    event = pl.col("event")
    home_bats = pl.col("inning_topbot").str.to_lowercase().str.starts_with("bot")
    ids = team_ids()

    names = {team: team_name(team) for team in set(ids.values())}
    sides = {
        f"{side}_team_id": pl.col(f"{side}_team").replace_strict(ids, default=None, return_dtype=_WHOLE)
        for side in ("home", "away")
    }
    at_bats = at_bats.with_columns(**sides)
    plays = at_bats.with_columns(
        is_home_batting=home_bats,
        is_pa=event.is_in(sorted(events.PLATE_APPEARANCES)).fill_null(value=False),
        is_hit=event.is_in(sorted(events.HITS)),
        home_team=pl.col("home_team_id").replace_strict(names, default=None, return_dtype=_TEXT),
        away_team=pl.col("away_team_id").replace_strict(names, default=None, return_dtype=_TEXT),
        batting_team_id=pl.when(home_bats).then("home_team_id").otherwise("away_team_id"),
        fielding_team_id=pl.when(home_bats).then("away_team_id").otherwise("home_team_id"),
        # Without calls, pitches cannot be told from balls that were given for an intentional walk.
        pitches=pl.col("pitches") if called else pl.when(event != "intent_walk").then(pl.col("pitches")),
    )
    told = plays.drop("inning")
    ordered = with_order(told).drop("inning").join(plays.select(*_KEY, "inning"), on=_KEY, how="left")
    return with_fingerprint(ordered, list(at_bats.columns)).with_columns(
        season=pl.col("game_date").dt.year(),
        source=pl.lit(SOURCE),
        game_number=pl.lit(1),
        seven_inning=pl.lit(value=False),
        venue=pl.lit(None, _TEXT),
        day_night=pl.lit(None, _TEXT),
    )
