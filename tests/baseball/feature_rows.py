"""Plate appearances by hand: as many columns as a test is about, the rest plain or null."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from formguide import schema
from formguide.baseball.features import feature_frame
from formguide.baseball.tables import PlateAppearances

FIRST = date(2023, 4, 1)
PLAIN: dict[str, Any] = {
    "season": 2023,
    "game_pk": 1,
    "source": "feed",
    "fingerprint": "0" * 16,
    "game_number": 1,
    "seven_inning": False,
    "venue": "Long Meadow",
    "is_home_batting": True,
    "batting_team_id": 1,
    "fielding_team_id": 2,
    "batter_id": 10,
    "batter": "B",
    "bat_side": "R",
    "pitcher_id": 20,
    "pitcher": "P",
    "pitch_hand": "R",
    "pitcher_is_starter": True,
    "event": "field_out",
    "is_hit": False,
}


def on(day: int, times: int = 1, hits: int = 0, **columns: Any) -> list[dict[str, Any]]:
    """Plate appearances on the day-th date, of which the first `hits` are hits."""
    return [
        {**PLAIN, "game_date": FIRST + timedelta(days=day), "is_hit": k < hits, **columns}
        for k in range(times)
    ]


def frame(*parts: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows as a frame of the table PlateAppearances, numbered in their order."""
    rows = [row for part in parts for row in part]
    types = schema.dtypes(PlateAppearances)
    table = pl.DataFrame(
        [{name: row.get(name) for name in types} | {"at_bat_index": k} for k, row in enumerate(rows)],
        schema=types,
    )
    return schema.check(table, PlateAppearances)


def ask(day: int, **columns: Any) -> pl.DataFrame:
    """One query about the day-th date."""
    plain = {c: PLAIN[c] for c in ("batter_id", "pitcher_id", "pitch_hand", "fielding_team_id", "venue")}
    return pl.DataFrame([{**plain, "game_date": FIRST + timedelta(days=day), "bat_side": "R", **columns}])


def told(rows: pl.DataFrame, query: pl.DataFrame, name: str, **how: Any) -> float | None:
    """The feature `name` of the one query."""
    value: float | None = feature_frame(rows, query, **how)[name].item()
    return value
