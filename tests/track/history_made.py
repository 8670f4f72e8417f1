"""A made-up past with abilities that are known: careers that rise, peak and fall, elite and college.

Each athlete has an ability that grows towards the mid-twenties and falls after, a little luck per season, and
marks that fall short of the season's best. Elite careers (openath) say when somebody was born and end two
years after the college ones (tfrrs), which say the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from formguide import asof, schema
from formguide.track import events
from formguide.track.rows import frame_of
from formguide.track.tables import INDOOR, OUTDOOR, Performances

PAIRS = {
    "60 Meters": ("200 Meters", 6.9, 22.0),
    "800 Meters": ("1500 Meters", 112.0, 232.0),
    "3000 Meters": ("5000 Meters", 505.0, 870.0),
    "Long Jump": ("Triple Jump", 7.1, 14.8),
    "Shot Put": ("Discus", 16.0, 50.0),
}
"""An event, another of the same people, and what is usual in both: all of them indoors and outdoors."""

FIRST, LAST_ELITE, LAST_COLLEGE = 2010, 2018, 2016
"""Seasons: the first, and the last of either world."""


def careers(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """`Performances` of rows that say at least athlete_id, event, label, date and mark."""
    full = []
    for number, row in enumerate(rows):
        event = events.find(row["event"], row.get("gender", "men"))
        full.append(
            {
                "gender": "men",
                "athlete": f"Ada {row['athlete_id']}",
                "event": event.name,
                "family": event.family,
                "unit": event.unit,
                "mark_text": f"{row['mark']}",
                "hand_timed": False,
                "converted": False,
                "altitude": False,
                "oversized_track": False,
                "meet": f"Meeting {number}",
                "source": "csv",
                "complete": True,
                **{name: value for name, value in row.items() if name != "event"},
            }
        )
    return schema.check(frame_of(full), Performances)


def ability(age: float, peak_age: float = 25.5) -> float:
    """Percent of log speed, 0 at the best age."""
    return -0.12 * (age - peak_age) ** 2 if age < peak_age else -0.03 * (age - peak_age) ** 2


def made(athletes: int = 120, seed: int = 1, luck: float = 1.0) -> pl.DataFrame:
    """Careers of so many athletes, half of them of either world and a third of them women.

    luck: standard deviation of a season's luck, percent.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(athletes):
        elite, woman = number % 2 == 0, number % 3 == 0
        event = list(PAIRS)[number % len(PAIRS)]
        other, *typical = PAIRS[event]
        last = LAST_ELITE if elite else LAST_COLLEGE
        first = int(rng.integers(FIRST, last - 3))
        talent, age = rng.normal(0, 3) - 10 * woman, float(rng.uniform(17.5, 22.0))
        for year in range(first, min(last, first + 7) + 1):
            for label in (INDOOR, OUTDOOR):
                if rng.random() < 0.1:
                    continue
                at = age + (year - first) + (0.3 if label == OUTDOOR else 0.0)
                season = talent + ability(at) + rng.normal(0, luck)
                begins = date(year, 1, 5) if label == INDOOR else date(year, 4, 5)
                for of, usual in zip((event, other), typical, strict=True):
                    rows += _marks(
                        rng, number, elite, woman, of, usual, label, begins, season, at, year - first
                    )
    return careers(rows)


def _marks(
    rng: np.random.Generator, number: int, elite: bool, woman: bool, event: str, usual: float, label: str,
    begins: date, season: float, age: float, since: int,
) -> Iterable[dict[str, Any]]:  # fmt: skip
    found = events.find(event)
    for _ in range(int(rng.integers(1, 5))):
        percent = season - rng.exponential(1.0)
        day = begins + timedelta(days=int(rng.integers(0, 60 if label == INDOOR else 120)))
        blows = found.wind_matters and label == OUTDOOR
        wind = round(float(rng.normal(0.7, 1.2)), 1) if blows else None
        yield {
            "athlete_id": f"{'openath' if elite else 'tfrrs'}:{number}",
            "gender": "women" if woman else "men",
            "event": event,
            "label": label,
            "date": day,
            "mark": round(usual * float(np.exp(percent / (-100 if found.lower_is_better else 100))), 3),
            "wind_mps": wind,
            "wind_legal": None if wind is None else wind <= 2.0,
            "birth_date": day - timedelta(days=round(365.25 * age)) if elite else None,
            "class_year": None if elite else min(1 + since, 5),
            "team": None if elite else f"Team {number % 7} of {day.year}",
        }


def wrong_from(performances: pl.DataFrame, day: date, seed: int, keep: Sequence[str] = ()) -> pl.DataFrame:
    """The performances with all that is dated on a day or later made wrong, and `Performances` still but for
    ids that come twice. keep: columns that stay as they are."""
    wrong = asof.scramble(performances, day, seed, "date", keep)
    later = pl.col("date") >= day
    return wrong.with_columns(
        mark=pl.when(later).then(pl.col("mark").abs() + 0.01).otherwise(pl.col("mark")),
        class_year=pl.col("class_year").clip(1, 8),
        identity_confidence=pl.col("identity_confidence").clip(0, 1),
        wind_mps=pl.col("wind_mps").clip(-15, 15),
    )
