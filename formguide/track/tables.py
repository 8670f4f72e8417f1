"""The canonical tables of track and field: every mark that was measured, whatever page it was read from.

A season is a year and a label: "2024 Indoor", "2024 Outdoor". Indoor meets of November and December belong to
the next year's indoor season, as colleges count them; everything else to the year in which it was held.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import dataframely as dy

from formguide.schema import Table

SPORT = "track"

INDOOR, OUTDOOR = "Indoor", "Outdoor"
LABELS = (INDOOR, OUTDOOR)
"""The two seasons of a year, in their order."""

GENDERS = ("men", "women")

FIRST_INDOOR_MONTH = 11
"""An indoor meet from this month on belongs to the next year's season."""


def season_of(day: date, label: str) -> int:
    """The season (a year) to which a meet of a label on a day belongs."""
    return day.year + (1 if label == INDOOR and day.month >= FIRST_INDOOR_MONTH else 0)


def season_start(season: int, label: str) -> date:
    """The first day on which a meet can belong to a season: a forecast of the season is made as of then."""
    return date(season - 1, FIRST_INDOOR_MONTH, 1) if label == INDOOR else date(season, 1, 1)


class Performances(Table):
    """One row per mark that counts as a performance in an individual event, from any source."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "performances"
    description: ClassVar[str] = (
        "Every mark of every athlete in an individual event, in native units, with its flags."
    )

    performance_id = dy.String(
        nullable=False,
        primary_key=True,
        metadata={"doc": "Hash of athlete, event, date, meet, round and mark"},
    )
    season = dy.Int32(nullable=False, min=1890, max=2200, metadata={"doc": "Year of the season"})
    label = dy.Enum(list(LABELS), nullable=False, metadata={"doc": "Indoor or Outdoor"})
    date = dy.Date(nullable=False, metadata={"doc": "First day of the meet, or the day of the mark if known"})
    athlete_id = dy.String(
        nullable=False,
        metadata={
            "doc": "The site's id after the source's name (tfrrs:3423930), or one of name, team and class"
        },
    )
    identity_confidence = dy.Float64(
        nullable=False,
        min=0.0,
        max=1.0,
        metadata={"doc": "How sure it is that all marks of the id are one athlete's"},
    )
    athlete = dy.String(nullable=False, metadata={"doc": "Name as the source writes it"})
    gender = dy.Enum(list(GENDERS), nullable=False, metadata={"doc": "Whose competition it was"})
    team = dy.String(nullable=True, metadata={"doc": "Team on the day, if the source says"})
    class_year = dy.Int8(
        nullable=True, min=1, max=8, metadata={"doc": "1 freshman to 4 senior, as of the meet"}
    )
    birth_date = dy.Date(nullable=True, metadata={"doc": "Date of birth, if the source says"})
    event = dy.String(
        nullable=False, metadata={"doc": "Event, by its usual name: 800 Meters, 60 Hurdles, Shot Put"}
    )
    family = dy.String(
        nullable=False, metadata={"doc": "Event family: events whose marks speak of one another"}
    )
    mark = dy.Float64(nullable=False, min_exclusive=0.0, metadata={"doc": "Mark in `unit`"})
    unit = dy.Enum(["sec", "m", "points"], nullable=False, metadata={"doc": "Unit of the mark"})
    mark_text = dy.String(nullable=False, metadata={"doc": "Mark as the source writes it"})
    wind_mps = dy.Float64(
        nullable=True, min=-15.0, max=15.0, metadata={"doc": "Wind along the runway, metres per second"}
    )
    wind_legal = dy.Bool(nullable=True, metadata={"doc": "Wind at most +2.0 m/s; null where nobody says"})
    hand_timed = dy.Bool(nullable=False, metadata={"doc": "Timed by hand"})
    converted = dy.Bool(
        nullable=False, metadata={"doc": "Converted by the source from another track or distance"}
    )
    altitude = dy.Bool(nullable=False, metadata={"doc": "Set at altitude, as the source marks it"})
    oversized_track = dy.Bool(
        nullable=False, metadata={"doc": "Set on an oversized indoor track, as the source marks it"}
    )
    place = dy.Int32(nullable=True, min=1, metadata={"doc": "Place in the round"})
    round = dy.String(nullable=True, metadata={"doc": "F final, P preliminary, else as the source writes it"})
    meet = dy.String(nullable=True, metadata={"doc": "Meet"})
    source = dy.String(
        nullable=False, metadata={"doc": "Where the row was read: tfrrs, openath, qnolan, lukejsd, csv"}
    )
    complete = dy.Bool(
        nullable=False,
        metadata={
            "doc": "From a whole career; false on a list that ends at its top N, where gaps say nothing"
        },
    )
