"""Archived days and tables of pitches small enough to check by hand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import polars as pl

TEAMS = {"home": "Boston Red Sox", "away": "New York Yankees"}

Row = dict[str, Any]


def archived(index: int, batter: int, event: str = "field_out", *, home: bool = False, **more: Any) -> Row:
    """A play as an archived day has it."""
    batting, fielding = ("home", "away") if home else ("away", "home")
    return {
        "record_type": "pitch",
        "game_pk": 7001,
        "game_date": "2023-05-01",
        "season": "2023",
        "at_bat_index": index,
        "game_type": "R",
        "venue": "Fenway Park",
        "batting_team": TEAMS[batting],
        "fielding_team": TEAMS[fielding],
        "home_away_batting": batting,
        "day_night": "night",
        "batter": f"Player {batter}",
        "batter_id": batter,
        "bat_side": "R",
        "pitcher": "A pitcher",
        "pitcher_id": 1250 if home else 1150,
        "pitch_hand": "L",
        "event_type": event,
        "rbi": 0,
        "men_on_base": "Empty",
        "total_outs": 1.0,
        "pitch_type": "Sinker",
        "pitch_call": "In play, out(s)",
        "speed_mph": 93.5,
        "spin_rate": 2100.0,
        "break_vertical": -12.0,
        "break_horizontal": 5.0,
        "launch_speed": 88.0,
        "launch_angle": 10.0,
        "total_distance": 150.0,
        "trajectory": "ground_ball",
        "hardness": "medium",
    } | more


def half(first: int, batters: Sequence[int], *, home: bool = False, **more: Any) -> list[Row]:
    return [archived(first + i, batter, home=home, **more) for i, batter in enumerate(batters)]


def parquet(rows: Sequence[Row] | pl.DataFrame) -> bytes:
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def thrown(at_bat: int, number: int, batter: int | None = 1201, event: str | None = None, **more: Any) -> Row:
    """A pitch as Savant's small table has it."""
    return {
        "game_pk": 7001,
        "game_date": "2023-05-01",
        "game_type": "R",
        "home_team": "BOS",
        "away_team": "NYY",
        "pitcher": 1150,
        "batter": batter,
        "p_throws": "L",
        "stand": "R",
        "events": event,
        "bb_type": None,
        "inning": 1,
        "inning_topbot": "Top",
        "at_bat_number": at_bat,
        "pitch_number": number,
    } | more
