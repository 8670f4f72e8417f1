"""The canonical tables of heart rate: workouts, what their sensors said second by second, and what is made of
them.

A partition is the calendar month in which a workout began, written 202103. Between workouts the moment of the
start is the unit of what was known when, within one it is the second.
"""

from __future__ import annotations

from typing import ClassVar

import dataframely as dy
import polars as pl

from formguide.columns import flag, moment, number, text, whole
from formguide.schema import Table, dtypes

SPORT = "heartrate"

RUN, WALK, RIDE, OTHER = "run", "walk", "ride", "other"
SPORTS = (RUN, WALK, RIDE, OTHER)

GENDERS = ("M", "F")

FORMATS = ("fitrec", "fit", "tcx", "gpx", "csv")

DEVICE, GPS, DISTANCE, NONE = "device", "gps", "distance", "none"
SPEED_FROM = (DEVICE, GPS, DISTANCE, NONE)
"""Where a workout's speed comes from: the device, its coordinates, its distance, or nowhere."""


def as_table(frame: pl.DataFrame, table: type[Table]) -> pl.DataFrame:
    """The frame's columns that the table declares, in its order and types."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in dtypes(table).items())


def _month() -> dy.Int32:
    return whole("Month in which the workout began, as 202103", least=190001, most=999912)


class Workouts(Table):
    """One workout of one user."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "workouts"
    description: ClassVar[str] = (
        "One row per workout: whose it was, when, how long, and how good its record is."
    )

    workout_id = text("User and start: rikluost/20210324T214055", key=True)
    month = _month()
    user_id = text("Whose workout it was: the folder of the file, or the source's own id of the user")
    activity = dy.Enum(list(SPORTS), nullable=False, metadata={"doc": "run, walk, ride or other"})
    gender = dy.Enum(list(GENDERS), nullable=True, metadata={"doc": "M or F, where the source says it"})
    started_at = moment("Start, UTC")
    source = text("Where the file comes from")
    path = text("The file, below its source, with the line where a file holds many workouts")
    format = dy.Enum(list(FORMATS), nullable=False, metadata={"doc": "Format of the file"})
    samples = whole("Seconds of which something is said", least=1)
    duration_sec = number("From the first sample to the last, seconds", least=0)
    distance_m = number("Distance, metres", null=True, least=0)
    ascent_m = number("Sum of what was climbed, metres", null=True, least=0)
    mean_speed_mps = number("Mean speed, m/s", null=True, least=0)
    mean_heart_rate_bpm = number("Mean heart rate, beats a minute", null=True)
    max_heart_rate_bpm = number("Highest heart rate, beats a minute", null=True)
    largest_gap_sec = number("Longest time between two samples, seconds", least=0)
    speed_from = dy.Enum(list(SPEED_FROM), nullable=False, metadata={"doc": "Where the speed comes from"})
    has_heart_rate = flag("There is a heart rate in it")
    has_altitude = flag("There is an altitude in it")
    has_cadence = flag("There is a cadence in it")
    has_power = flag("There is a power in it")
    quality = number("Share of its seconds that no rule objects to", least=0, most=1)
    failed_rules = text("Rules of cleaning that the workout breaks as a whole, by comma", null=True)
    usable = flag("Models may learn from it: no rule is broken by the workout as a whole")


class Samples(Table):
    """What the sensors of a workout said at one second."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "samples"
    description: ClassVar[str] = "What the sensors said, second by second, as they said it; no coordinates."

    workout_id = text("The workout", key=True)
    t_sec = whole("Seconds since its start", key=True)
    speed_mps = number("Speed, m/s: the device's, else from distance or coordinates", null=True)
    altitude_m = number("Altitude, metres", null=True)
    distance_m = number("Distance since the start, metres", null=True)
    heart_rate_bpm = number("Heart rate, beats a minute", null=True)
    cadence_rpm = number("Cadence, steps of one leg or turns of the pedals a minute", null=True)
    power_w = number("Power, watts", null=True)


class QualityFindings(Table):
    """What a rule of cleaning found in a workout."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "quality_findings"
    description: ClassVar[str] = (
        "What each rule of cleaning found in each workout: how often, and where first."
    )

    workout_id = text("The workout", key=True)
    rule = text("The rule", key=True)
    month = _month()
    seconds = whole("Samples that the rule objects to; 0 where it objects to the workout as a whole")
    whole_workout = flag("The rule objects to the workout as a whole: models do not learn from it")
    example = text("What it found first, in words: at 312 s: 247 bpm is above 230")


class Corrections(Table):
    """Whether a workout's heart rate is shifted or late against what its speed and grade explain."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "corrections"
    description: ClassVar[str] = (
        "Whether a workout's heart rate is shifted or lags, how sure that is, and what was corrected."
    )

    workout_id = text("The workout", key=True)
    month = _month()
    user_id = text("Whose workout it was")
    started_at = moment("Start, UTC")
    earlier_workouts = whole("Earlier workouts of the user that it was compared with")
    offset_bpm = number("Estimated shift, beats a minute; above 0 where the record is too high", null=True)
    offset_se_bpm = number("Its standard error", null=True, least=0)
    lag_sec = number("Estimated lag, seconds; above 0 where the record is late", null=True)
    lag_se_sec = number("Its standard error", null=True, least=0)
    found = dy.Enum(
        ["none", "offset", "lag", "both"], nullable=False, metadata={"doc": "What was found, if anything"}
    )
    applied_offset_bpm = number("What is taken off the heart rate, beats a minute")
    applied_lag_sec = number("By how much the heart rate is moved forward, seconds")
    provenance = dy.Enum(
        ["none", "estimator", "estimator_and_second_opinion"],
        nullable=False,
        metadata={"doc": "Who said so: the statistical estimator alone, or a language model as well"},
    )
    second_opinion = text("What the language model said, where it was asked", null=True)
