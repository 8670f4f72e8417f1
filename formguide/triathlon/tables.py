"""The canonical tables of triathlon: every start that a results page tells of, whatever came of it.

A season is a calendar year. A day is the unit of what was known when: a race without a date counts as after
every dated race of its year (`known_on` is then the year's last day), so that it never informs a forecast of
that year.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import dataframely as dy
import polars as pl

from formguide.columns import day, flag, number, text, whole
from formguide.schema import Table, dtypes

SPORT = "triathlon"

HALF, FULL, OTHER = "70.3", "140.6", "other"
DISTANCES = (HALF, FULL)
"""The distances that are forecast, in miles of swim, bike and run together."""

GENDERS = ("M", "F")

FINISHED, DNF, DNS, DQ, UNKNOWN = "FIN", "DNF", "DNS", "DQ", "UNKNOWN"
STATUSES = (FINISHED, DNF, DNS, DQ, UNKNOWN)

AGE_GROUP, PRO, PARA, RELAY, NO_CATEGORY = "age_group", "pro", "para", "relay", "other"
CATEGORIES = (AGE_GROUP, PRO, PARA, RELAY, NO_CATEGORY)

IDENTITIES = (
    "first",
    "contact",
    "name_without_id",
    "name_other_id",
    "split_gender",
    "split_age",
    "split_day",
)
"""By what a start was given to its athlete: see `identity`."""

LEGS = ("swim", "bike", "run")
SPLITS = ("swim_sec", "t1_sec", "bike_sec", "t2_sec", "run_sec")
"""The parts of a total, in their order."""


def known_from(year: int, race_on: date | None) -> date:
    """The day as of which a race's results are known: its own, or the year's last where nobody says."""
    return race_on or date(year, 12, 31)


def as_table(frame: pl.DataFrame, table: type[Table]) -> pl.DataFrame:
    """The frame's columns that the table declares, in its order and types."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in dtypes(table).items())


class _Start(Table):
    """What a results page says of one start."""

    sport: ClassVar[str] = SPORT

    result_id = text("Race and line of the race's file: ironman_cairns_2019:00017", key=True)
    year = whole("Year of the race, its season", least=1970, most=2200)
    race_id = text("Race, by the name of its folder")
    course = text("The race's name without its year: the same place in other years")
    distance = dy.Enum(
        [*DISTANCES, OTHER], nullable=False, metadata={"doc": "70.3 (half), 140.6 (full) or other, in miles"}
    )
    race_on = day("Day of the race, where the source has it", null=True)
    known_on = day("Day as of which the race is known: its own, or the last of its year")
    line = whole("Line of the race's file, the header being the first", least=1)
    contact_id = text("The source's own id of the athlete; not always one person", null=True)
    athlete = text("Name (a pseudonym) as the source writes it", null=True)
    gender = dy.Enum(list(GENDERS), nullable=True, metadata={"doc": "M or F"})
    division = text("Division as the source writes it", null=True)
    category = dy.Enum(
        list(CATEGORIES),
        nullable=False,
        metadata={"doc": "Age-group athlete, professional, para-athlete, relay team, or none of these"},
    )
    is_pro = flag("Professional")
    age_group = text("Age group in one spelling: 18-24, 25-29 … 80+", null=True)
    age_low = whole("Youngest age of the age group", null=True, most=120)
    age_high = whole("Oldest age of the age group; null where it has no end", null=True, most=120)
    country = text("Country, ISO 3166 alpha-3; null where the source does not name one", null=True)
    status = dy.Enum(
        list(STATUSES),
        nullable=False,
        metadata={
            "doc": "FIN, DNF (did not finish), DNS (did not start), DQ, or UNKNOWN; FIN where nothing is "
            "said of a start with a total"
        },
    )
    overall_rank = whole("Place over all, where the source has it", null=True, least=1)
    total_sec = whole("Total time, seconds", null=True)
    swim_sec = whole("Swim, seconds", null=True)
    t1_sec = whole("Swim to bike, seconds", null=True)
    bike_sec = whole("Bike, seconds", null=True)
    t2_sec = whole("Bike to run, seconds", null=True)
    run_sec = whole("Run, seconds", null=True)
    temp_min_c = number("Coldest of the race day, °C: known only afterwards", null=True)
    temp_max_c = number("Warmest of the race day, °C: known only afterwards", null=True)
    temp_mean_c = number("Mean from 6 to 18 h, °C: known only afterwards", null=True)
    humidity_pct = number("Mean relative humidity from 6 to 18 h, %: known only afterwards", null=True)
    dew_point_c = number("Mean dew point from 6 to 18 h, °C: known only afterwards", null=True)
    pressure_hpa = number("Mean pressure from 6 to 18 h, hPa: known only afterwards", null=True)
    wind_mps = number("Mean wind speed from 6 to 18 h, m/s: known only afterwards", null=True)
    rain_hours = whole("How many of the hours from 6 to 18 h it rained at: known only afterwards", null=True)


class RaceRecords(_Start):
    """What the files of a season say, line by line, in one form."""

    name: ClassVar[str] = "race_records"
    description: ClassVar[str] = "Every line of every results page in one form, as the page says it."


class RaceResults(_Start):
    """Every start, with who it was and whether models may learn from it."""

    name: ClassVar[str] = "race_results"
    description: ClassVar[str] = (
        "Every start of every race: who it was, what came of it, and whether models may learn from it."
    )

    athlete_id = text("Who it was: the contact id where it is one person, mended where it is not")
    identity = dy.Enum(
        list(IDENTITIES),
        nullable=False,
        metadata={
            "doc": "By what the start was given to the athlete: first (begins there), contact (the source's "
            "id), name_… (name, gender, country and age under no id or another), split_… (the id was "
            "somebody else's)"
        },
    )
    implausible = flag("Something in the row cannot be")
    implausible_reason = text("What cannot be, in words", null=True)
    shortened_legs = text("Legs that the race did not hold in full: swim, or swim,bike,run", null=True)
    usable = flag(
        "Models may learn from its total: a plausible finish of an individual of known gender, pros "
        "included, in a race that was held in full"
    )
    usable_splits = flag(
        "Models may learn from its legs too: usable, all three there, and the parts fit the total"
    )


class AthleteProfiles(Table):
    """What was known of an athlete on the eve of each start."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "athlete_profiles"
    description: ClassVar[str] = (
        "Every start with what was known of its athlete on the eve: races so far, best, last, form, "
        "steadiness."
    )

    result_id = text("The start, as in race_results", key=True)
    year = whole("Year of the race, its season", least=1970, most=2200)
    race_id = text("Race")
    distance = dy.Enum([*DISTANCES, OTHER], nullable=False, metadata={"doc": "70.3, 140.6 or other"})
    known_on = day("Day as of which the race is known; the profile is older than it")
    athlete_id = text("Who it was")
    starts_before = whole("Starts before the eve, at any distance")
    dnfs_before = whole("Starts before the eve that did not come to a finish")
    races_before = whole("Finishes before the eve that models may learn from, at any distance")
    races_at_distance = whole("Such finishes at the race's distance")
    days_since = whole("Days since the last of them", null=True)
    mean_rel = number("Mean log total against the field of race and gender; −0.1 is 10 % faster", null=True)
    ewm_rel = number("The same, newer results weighing more", null=True)
    last_rel = number("The same of the last result", null=True)
    best_rel = number("The same of the best", null=True)
    rel_sd = number("Standard deviation of the same, from two results on", null=True, least=0)
    slope_per_year = number("Its trend per year, below 0 where the athlete improves", null=True)
    swim_share_rel = number("Mean share of the swim in the total, against the field's", null=True)
    bike_share_rel = number("Mean share of the bike in the total, against the field's", null=True)
    run_share_rel = number("Mean share of the run in the total, against the field's", null=True)
    best_total_sec = number("Best total at the distance so far, seconds", null=True)
    last_total_sec = number("Last total at the distance, seconds", null=True)
    consistency_cv = number(
        "Standard deviation of totals at the distance over their mean", null=True, least=0
    )
    best_swim_share = number("Share of the swim in the best total at the distance", null=True)
    best_bike_share = number("Share of the bike in the best total at the distance", null=True)
    best_run_share = number("Share of the run in the best total at the distance", null=True)


class AthleteClusters(Table):
    """Which kind of athlete somebody is, from what was known before a season."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "athlete_clusters"
    description: ClassVar[str] = (
        "Which kind of athlete everybody is who had raced before a season: by pace, legs and experience."
    )

    year = whole("The season before which it was known", key=True, least=1970, most=2200)
    athlete_id = text("Who it is", key=True)
    cluster = whole("The kind, the same number for the same kind in every season")
    races_before = whole("Finishes that it was told from", least=1)
    mean_rel = number("Mean log total against the field, shrunk by how few results there are")
    swim_share_rel = number("Share of the swim against the field's, shrunk")
    bike_share_rel = number("Share of the bike against the field's, shrunk")
    run_share_rel = number("Share of the run against the field's, shrunk")
    distance_to_centre = number("How far from the middle of its kind, in standard deviations", least=0)


SOURCE_TABLES: tuple[type[Table], ...] = (RaceRecords, RaceResults)
TABLES: tuple[type[Table], ...] = (*SOURCE_TABLES, AthleteProfiles, AthleteClusters)

WEATHER = (
    "temp_min_c",
    "temp_max_c",
    "temp_mean_c",
    "humidity_pct",
    "dew_point_c",
    "pressure_hpa",
    "wind_mps",
    "rain_hours",
)
"""The race day's own weather: never known on the eve."""
