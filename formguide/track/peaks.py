"""Performances → each season's peak of each athlete and event.

A season's peak is its best mark that the wind did not help beyond the rule (+2.0 m/s); a mark whose wind
nobody tells counts as not helped. Only where every mark of the season was helped is the best of those the
peak, and `wind_aided` says so. The season's mean, spread, median and second best are over the marks of the
peak's kind.
"""

from __future__ import annotations

from typing import ClassVar

import dataframely as dy
import polars as pl

from formguide.schema import Table, dtypes
from formguide.track.tables import FIRST_INDOOR_MONTH, GENDERS, INDOOR, LABELS, SPORT

LEGAL_WIND_MPS = 2.0
"""World Athletics Technical Rules 17.11 and 18.8: beyond it a wind helps too much for a record."""

PEAK_KEY = ("athlete_id", "gender", "event", "season", "label")
_DAYS_IN_YEAR = 365.2425


class SeasonPeaks(Table):
    """One row per athlete, event and season in which there is a mark."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "season_peaks"
    description: ClassVar[str] = (
        "The best mark of every athlete in every event and season, and what was around it."
    )

    athlete_id = dy.String(nullable=False, primary_key=True, metadata={"doc": "Athlete"})
    gender = dy.Enum(list(GENDERS), nullable=False, primary_key=True, metadata={"doc": "Whose competition"})
    event = dy.String(nullable=False, primary_key=True, metadata={"doc": "Event"})
    season = dy.Int32(nullable=False, primary_key=True, metadata={"doc": "Year of the season"})
    label = dy.Enum(list(LABELS), nullable=False, primary_key=True, metadata={"doc": "Indoor or Outdoor"})
    family = dy.String(nullable=False, metadata={"doc": "Event family"})
    unit = dy.Enum(["sec", "m", "points"], nullable=False, metadata={"doc": "Unit of the marks"})
    peak = dy.Float64(nullable=False, min_exclusive=0.0, metadata={"doc": "Best mark in `unit`"})
    peak_date = dy.Date(nullable=False, metadata={"doc": "Day on which it was first reached"})
    wind_aided = dy.Bool(nullable=False, metadata={"doc": "Every mark of the season had too much wind"})
    second = dy.Float64(nullable=True, min_exclusive=0.0, metadata={"doc": "Second best mark"})
    n_marks = dy.Int32(nullable=False, min=1, metadata={"doc": "Marks in the season"})
    n_legal = dy.Int32(nullable=False, min=0, metadata={"doc": "Of them without too much wind"})
    mean = dy.Float64(nullable=False, min_exclusive=0.0, metadata={"doc": "Mean mark"})
    sd = dy.Float64(nullable=True, min=0.0, metadata={"doc": "Standard deviation; null of a single mark"})
    median = dy.Float64(nullable=False, min_exclusive=0.0, metadata={"doc": "Median mark"})
    first_date = dy.Date(nullable=False, metadata={"doc": "First mark of the season"})
    last_date = dy.Date(nullable=False, metadata={"doc": "Last mark of the season"})
    class_year = dy.Int8(nullable=True, min=1, max=8, metadata={"doc": "1 freshman to 4 senior, then"})
    age_years = dy.Float64(nullable=True, min=0.0, metadata={"doc": "Age on the day of the last mark"})
    birth_date = dy.Date(nullable=True, metadata={"doc": "Date of birth, if a source says"})
    complete = dy.Bool(
        nullable=False, metadata={"doc": "All marks are from whole careers, not from toplists"}
    )


def season_peaks(performances: pl.DataFrame) -> pl.DataFrame:
    """The `SeasonPeaks` of any `Performances`, one row per athlete, gender, event, season and label, in that
    order.

    A mark's season is that of its date and label. Takes what it is given: cut the performances by
    `asof.before` for the peaks as they stood on a day.
    """
    lower = pl.col("unit") == "sec"
    counted = pl.col("counted")
    frame = performances.with_columns(
        season=season_by_date(),
        legal=is_legal(),
        worth=pl.when(lower).then(-pl.col("mark")).otherwise(pl.col("mark")),
    )
    # Legal marks first, then the best first, then the earliest: what stands first in a season is its peak.
    frame = frame.sort(["legal", "worth", "date", "performance_id"], descending=[True, True, False, False])
    by_season = frame.group_by(PEAK_KEY).agg(
        pl.col("family", "unit").first(),
        pl.col("mark").first().alias("peak"),
        pl.col("date").first().alias("peak_date"),
        ~pl.col("legal").first().alias("any_legal"),
        pl.len().cast(pl.Int32).alias("n_marks"),
        pl.col("legal").sum().cast(pl.Int32).alias("n_legal"),
        pl.col("mark").filter(pl.col("legal")).alias("legal_marks"),
        pl.col("mark").alias("marks"),
        pl.col("date").min().alias("first_date"),
        pl.col("date").max().alias("last_date"),
        pl.col("class_year").max(),
        pl.col("birth_date").min(),
        pl.col("complete").all(),
    )
    marks = pl.when(pl.col("n_legal") > 0).then(pl.col("legal_marks")).otherwise(pl.col("marks"))
    age = (pl.col("last_date") - pl.col("birth_date")).dt.total_days() / _DAYS_IN_YEAR
    return (
        by_season.with_columns(counted=marks, wind_aided=pl.col("n_legal") == 0)
        .with_columns(
            second=counted.list.get(1, null_on_oob=True),
            mean=counted.list.mean(),
            sd=counted.list.std(),
            median=counted.list.median(),
            age_years=pl.when(age >= 0).then(age),
        )
        .select(dtypes(SeasonPeaks).keys())
        .sort(PEAK_KEY)
    )


def is_legal() -> pl.Expr:
    """Whether a performance's wind was within the rule, as far as anybody says: unknown counts as legal."""
    return pl.coalesce(pl.col("wind_legal"), pl.col("wind_mps") <= LEGAL_WIND_MPS, pl.lit(True))


def season_by_date() -> pl.Expr:
    """The season of each performance by its date and label, as `tables.season_of` gives it."""
    late_indoor = (pl.col("label") == INDOOR) & (pl.col("date").dt.month() >= FIRST_INDOOR_MONTH)
    return pl.col("date").dt.year() + late_indoor.cast(pl.Int32)
