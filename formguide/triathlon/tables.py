"""The canonical tables of triathlon: every start that a results page tells of, whatever came of it.

A season is a calendar year. A day is the unit of what was known when: a race without a date counts as after
every dated race of its year (`known_on` is then the year's last day), so that it never informs a forecast of
that year.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import dataframely as dy

from formguide.columns import day, flag, number, text, whole
from formguide.schema import Table

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
            "doc": "By what the start was given to the athlete: first (begins there), contact (the source's id), "
            "name_… (name, gender, country and age under no id or another), split_… (the id was somebody else's)"
        },
    )
    implausible = flag("Something in the row cannot be")
    implausible_reason = text("What cannot be, in words", null=True)
    shortened_legs = text("Legs that the race did not hold in full: swim, or swim,bike,run", null=True)
    usable = flag(
        "Models may learn from its total: a plausible finish of an individual of known gender, pros included, in a "
        "race that was held in full"
    )
    usable_splits = flag("Models may learn from its legs too: usable, and the parts fit the total")


SOURCE_TABLES: tuple[type[Table], ...] = (RaceRecords, RaceResults)

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
