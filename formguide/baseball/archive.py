"""The archived days: Parquet files with one row per play of a day, carrying the play's last pitch.

A file `<season>/<date>.parquet` holds the plate appearances (`record_type` "pitch") and what happened on
the bases (`baserunning`, not read). Of the plays about one in five hundred is no plate appearance: the
inning ended on the bases while somebody was at bat. Postseason games are in the files and left out. Inning,
place in the order, starters and line-ups are not in the rows; they follow from the order of the batters
(see `batting_order`). `men_on_base`, `total_outs` and `is_out` tell of the state after the play and are not
taken over.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from formguide import schema
from formguide.baseball import events
from formguide.baseball.batting_order import with_order
from formguide.baseball.derived import games_of, lineups_of, with_fingerprint, with_games
from formguide.baseball.season_tables import SeasonTables, as_table, empty_season
from formguide.baseball.tables import Games, PlateAppearances
from formguide.baseball.teams import team_ids
from formguide.records import Reject, set_aside

SOURCE = "archive"
FOLDER = "plate_appearances"

_TEXT, _WHOLE, _NUMBER = pl.String(), pl.Int64(), pl.Float64()
_COLUMNS: dict[str, pl.DataType] = {
    **dict.fromkeys(("game_date", "season", "venue", "batting_team", "fielding_team"), _TEXT),
    **dict.fromkeys(("home_away_batting", "day_night", "batter", "bat_side", "pitcher", "pitch_hand"), _TEXT),
    **dict.fromkeys(("event_type", "pitch_type", "pitch_call", "trajectory", "hardness"), _TEXT),
    **dict.fromkeys(("game_pk", "at_bat_index", "batter_id", "pitcher_id", "rbi"), _WHOLE),
    **dict.fromkeys(("speed_mph", "spin_rate", "break_vertical", "break_horizontal"), _NUMBER),
    **dict.fromkeys(("launch_speed", "launch_angle", "total_distance"), _NUMBER),
}
_KEY = ["game_pk", "at_bat_index"]


def read_folder(path: str | Path, season: int) -> SeasonTables:
    """A season's tables from a folder that holds `plate_appearances/<season>/<date>.parquet`.

    Raises `FileNotFoundError` if it does not.
    """
    folder = Path(path) / FOLDER / str(season)
    found = sorted(folder.glob("*.parquet"))
    if not found:
        raise FileNotFoundError(f"no archived day of {season} in {folder}")
    return read_season(season, {f"{season}/{file.name}": file.read_bytes() for file in found})


def read_season(season: int, files: Mapping[str, bytes]) -> SeasonTables:
    """A season's tables from its archived days (path → bytes). Never raises for bad input.

    A game that is in several files (it was suspended, or archived again) is one game, on the earliest date;
    of a play that is in several the last file's counts.
    """
    rejects: list[Reject] = []
    days = [day for path in sorted(files) if (day := _read_day(path, files[path], rejects)) is not None]
    if not days:
        return replace(empty_season(season), rejects=rejects)
    rows = pl.concat(days)
    notes = _other_seasons(rows, season)
    rows = rows.filter(pl.col("season") == str(season))
    rows = _without_strays(rows, rejects).unique(_KEY, keep="last", maintain_order=True)
    rows = with_fingerprint(rows, list(_COLUMNS)).with_columns(pl.col("game_date").min().over("game_pk"))
    plays = _plays(rows)
    unknown = plays.filter(pl.col("is_pa").is_null())
    for row in unknown.select("file", *_COLUMNS).iter_rows(named=True):
        reason = f"{row['event_type']!r} is no event that is known"
        rejects.append(set_aside(row["file"], row["at_bat_index"], "event_type", reason, row))
    plays = with_order(plays)
    kept, bad = schema.split(plays.filter("is_pa"), PlateAppearances)
    rejects += _refused(bad)
    games, bad = schema.split(games_of(plays, kept), Games)
    rejects += _refused(bad)
    kept = as_table(with_games(kept, games), PlateAppearances)
    notes += _gaps(plays)
    return SeasonTables(season, as_table(games, Games), lineups_of(kept), kept, rejects, notes)


def _read_day(path: str, body: bytes, rejects: list[Reject]) -> pl.DataFrame | None:
    """The regular-season plays of a file, every column in the type it should have; what does not fit is
    null."""
    try:
        day = pl.read_parquet(io.BytesIO(body))
    except (pl.exceptions.PolarsError, OSError) as error:
        rejects.append(set_aside(path, None, None, f"not a Parquet file: {str(error)[:200]}", body))
        return None
    absent = [name for name in ("record_type", "game_type", *_COLUMNS) if name not in day.columns]
    if absent:
        rejects.append(set_aside(path, None, absent[0], f"no column {', '.join(absent)}", body))
        return None
    regular = (pl.col("record_type").cast(pl.String) == "pitch") & (
        pl.col("game_type").cast(pl.String) == "R"
    )
    columns = [pl.col(name).cast(kind, strict=False) for name, kind in _COLUMNS.items()]
    return day.filter(regular).select(*columns, file=pl.lit(f"{FOLDER}/{path}"))


def _other_seasons(rows: pl.DataFrame, season: int) -> list[str]:
    others = rows.filter(pl.col("season") != str(season)).group_by("file").len().sort("file")
    return [f"{file}: {count} plays of another season than {season}" for file, count in others.iter_rows()]


def _without_strays(rows: pl.DataFrame, rejects: list[Reject]) -> pl.DataFrame:
    """Sets aside plays of which nobody can say where they belong."""
    placed = pl.all_horizontal(pl.col(*_KEY, "game_date").is_not_null())
    for row in rows.filter(~placed).iter_rows(named=True):
        lacking = next(name for name in (*_KEY, "game_date") if row[name] is None)
        rejects.append(set_aside(row["file"], None, lacking, "a play without its place", row))
    return rows.filter(placed)


def _plays(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in the canonical columns, those that are no plate appearance included (`is_pa`)."""
    event, home = pl.col("event_type"), pl.col("home_away_batting") == "home"
    known = {name: events.is_plate_appearance(name) for name in rows["event_type"].drop_nulls().unique()}
    codes = {name: events.pitch_code(name) for name in rows["pitch_type"].drop_nulls().unique()}
    calls = {name: events.call_of(name) for name in rows["pitch_call"].drop_nulls().unique()}
    return rows.with_columns(
        pl.col("season").cast(pl.Int32, strict=False),
        pl.col("game_date").str.to_date(strict=False),
        pl.col("trajectory").replace("", None),
        source=pl.lit(SOURCE),
        game_number=pl.lit(1, pl.Int32),
        seven_inning=pl.lit(value=False),
        home_team=pl.when(home).then("batting_team").otherwise("fielding_team"),
        away_team=pl.when(home).then("fielding_team").otherwise("batting_team"),
        is_home_batting=pl.col("home_away_batting").replace_strict(
            {"home": True, "away": False}, default=None, return_dtype=pl.Boolean
        ),
        batting_team_id=_mapped("batting_team", team_ids(), pl.Int64()),
        fielding_team_id=_mapped("fielding_team", team_ids(), pl.Int64()),
        event=event,
        is_pa=_mapped("event_type", known, pl.Boolean()),
        is_hit=event.is_in(sorted(events.HITS)),
        last_pitch_type=_mapped("pitch_type", codes, pl.String()),
        last_pitch_call=_mapped("pitch_call", calls, pl.String()),
        last_pitch_speed_mph=pl.col("speed_mph"),
        last_pitch_spin_rpm=pl.col("spin_rate"),
        last_pitch_break_in=(pl.col("break_vertical") ** 2 + pl.col("break_horizontal") ** 2).sqrt(),
        launch_speed_mph=pl.col("launch_speed"),
        launch_angle_deg=pl.col("launch_angle"),
        hit_distance_ft=pl.col("total_distance"),
        runs_batted_in_after=pl.col("rbi"),
    )


def _mapped(column: str, to: Mapping[str, object], dtype: pl.DataType) -> pl.Expr:
    return pl.col(column).replace_strict(dict(to), default=None, return_dtype=dtype)


def _refused(bad: pl.DataFrame) -> list[Reject]:
    """Rows that do not fit the table, each with the reason."""
    rows = bad.iter_rows(named=True)
    return [set_aside(f"{FOLDER}/{row['game_date']}", None, None, row["reason"], row) for row in rows]


def _gaps(plays: pl.DataFrame) -> list[str]:
    games = plays.group_by("game_pk", "game_date").agg(
        plays=pl.len(), expected=pl.col("at_bat_index").max() + 1
    )
    short = games.filter(pl.col("plays") != pl.col("expected")).sort("game_pk")
    return [
        f"{row['game_date']}, game {row['game_pk']}: {row['plays']} of {row['expected']} plays are there"
        for row in short.iter_rows(named=True)
    ]
