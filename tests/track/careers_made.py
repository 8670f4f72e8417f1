"""Invented careers for the tests of track and field."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from formguide import schema
from formguide.track.tables import INDOOR, OUTDOOR, Performances, season_of

FAMILIES = {
    "60 Meters": ("sprints", "sec"),
    "100 Meters": ("sprints", "sec"),
    "200 Meters": ("sprints", "sec"),
    "800 Meters": ("middle", "sec"),
    "Long Jump": ("long jump", "m"),
    "Shot Put": ("shot put", "m"),
}
TYPICAL = {
    "60 Meters": 6.9,
    "100 Meters": 10.8,
    "200 Meters": 21.9,
    "800 Meters": 112.0,
    "Long Jump": 7.1,
    "Shot Put": 16.0,
}
_HOW_OFTEN = (0.25, 0.25, 0.2, 0.14, 0.11, 0.05)


def performances(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """`Performances` of the given rows: each needs athlete_id, event, date, label and mark."""
    full = []
    for number, row in enumerate(rows):
        family, unit = FAMILIES[row["event"]]
        full.append(
            {
                "performance_id": f"p{number:06d}",
                "season": season_of(row["date"], row["label"]),
                "identity_confidence": 1.0,
                "athlete": row["athlete_id"],
                "gender": "men",
                "family": family,
                "unit": unit,
                "mark_text": str(row["mark"]),
                "hand_timed": False,
                "converted": False,
                "altitude": False,
                "oversized_track": False,
                "source": "csv",
                "complete": True,
            }
            | row
        )
    columns = schema.dtypes(Performances)
    frame = pl.DataFrame(
        [{c: row.get(c) for c in columns} for row in full], schema_overrides=columns, infer_schema_length=None
    )
    return schema.check(frame.select(columns.keys()), Performances)


def some_careers(
    athletes: int = 12,
    seasons: int = 6,
    seed: int = 1,
    trend_percent: float = 0.0,
    noise_percent: float = 1.0,
) -> pl.DataFrame:
    """Random careers of several events, in and out of doors, with winds, gaps and marks around new year."""
    rng = np.random.default_rng(seed)
    events = list(TYPICAL)
    rows: list[dict[str, Any]] = []
    for athlete in range(athletes):
        mine = [events[k] for k in rng.choice(len(events), size=2, replace=False, p=_HOW_OFTEN)]
        ability, born = rng.normal(0, 3), date(1995, 1, 1) + timedelta(days=int(rng.integers(0, 2000)))
        for year in range(2010, 2010 + seasons):
            for label, first, days in (
                (INDOOR, date(year - 1, 11, 20), 110),
                (OUTDOOR, date(year, 3, 1), 270),
            ):
                if rng.random() < 0.15:
                    continue
                for event in mine:
                    better = ability + trend_percent * (year - 2010) + rng.normal(0, noise_percent)
                    for _ in range(int(rng.integers(1, 9))):
                        percent = better - abs(rng.normal(0, noise_percent))
                        unit = FAMILIES[event][1]
                        factor = np.exp((-percent if unit == "sec" else percent) / 100)
                        windy = label == OUTDOOR and event in ("100 Meters", "Long Jump")
                        wind = round(float(rng.normal(1.2, 1.5)), 1) if windy and rng.random() < 0.8 else None
                        rows.append(
                            {
                                "athlete_id": f"a{athlete:04d}",
                                "event": event,
                                "label": label,
                                "date": first + timedelta(days=int(rng.integers(0, days))),
                                "mark": round(float(TYPICAL[event] * factor), 2),
                                "wind_mps": wind,
                                "wind_legal": None if wind is None else wind <= 2.0,
                                "birth_date": born if athlete % 2 else None,
                                "class_year": min(1 + year - 2010, 4) if athlete % 3 == 0 else None,
                                "round": ["F", "P", None][int(rng.integers(0, 3))],
                            }
                        )
    return performances(rows)
