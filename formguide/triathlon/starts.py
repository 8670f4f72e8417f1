"""Starts as the models see them: who, where, when it was known, and how long it took on a log scale.

A forecast of a race knows what was known on the eve: every result dated before the race's day. A race without
a date is forecast from what was known before its year began, and is itself known at the year's end, so that
neither it nor a race of its year informs the other the wrong way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.triathlon.tables import DISTANCES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AGES = ("18-24", *(f"{low}-{low + 4}" for low in range(25, 75, 5)), "75+")
"""Age groups of the models: the few athletes of 75 and more are one."""

FASTEST_SEC, SLOWEST_SEC = 3600, 61200
"""Totals outside are no finish of either distance (as in the reference)."""


def age_band(age_group: pl.Expr | str = "age_group") -> pl.Expr:
    """Place in `AGES` of an age group in its one spelling; null for none."""
    column = pl.col(age_group) if isinstance(age_group, str) else age_group
    low = column.str.extract(r"^(\d+)").cast(pl.Int64, strict=False)
    return (
        pl.when(low >= 75)
        .then(len(AGES) - 1)
        .when(low < 25)
        .then(0)
        .otherwise((low - 20) // 5)
        .cast(pl.Int64)
    )


@dataclass(frozen=True, eq=False)
class Starts:
    """Starts as arrays of one length, in the order of the frame they come from.

    frame: their rows. day: day of the result's becoming known, as days since 1970; eve: day of the race,
    before which all that is used for it must be dated (1 January where the race has no date). distance: 0
    for 70.3, 1 for 140.6; female: 0 or 1; age: place in `AGES`; y: natural log of the total in seconds, NaN
    where there is none. race, athlete, course, country: codes into `races`, `athletes`, `courses`,
    `countries` ("" for none).
    """

    frame: pl.DataFrame
    day: Ints
    eve: Ints
    year: Ints
    distance: Ints
    female: Ints
    age: Ints
    y: Floats
    race: Ints
    athlete: Ints
    course: Ints
    country: Ints
    races: tuple[str, ...]
    athletes: tuple[str, ...]
    courses: tuple[str, ...]
    countries: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.y)


def finishes(results: pl.DataFrame) -> pl.DataFrame:
    """The rows of `race_results` that models learn from: usable finishes of age-group athletes over the two
    distances, of known gender and age group."""
    return results.filter(
        pl.col("usable")
        & ~pl.col("is_pro")
        & pl.col("distance").cast(pl.String).is_in(list(DISTANCES))
        & pl.col("gender").is_not_null()
        & age_band().is_not_null()
        & (pl.col("total_sec") > FASTEST_SEC)
        & (pl.col("total_sec") < SLOWEST_SEC)
    ).sort("known_on", "race_id", "result_id")


def eve_of(race_on: pl.Expr | str = "race_on", year: str = "year") -> pl.Expr:
    """The day before which everything must be dated that a forecast of a race uses."""
    column = pl.col(race_on) if isinstance(race_on, str) else race_on
    return pl.coalesce(column, pl.date(pl.col(year), 1, 1))


def starts(frame: pl.DataFrame) -> Starts:
    """Rows of `race_results`, or rows to be forecast (total_sec null), as arrays.

    Needs race_id, course, distance, year, race_on, known_on, athlete_id, gender, age_group, country,
    total_sec.
    """
    coded = {}
    names = {}
    for column in ("race_id", "athlete_id", "course", "country"):
        values = frame[column].cast(pl.String).fill_null("").to_numpy()
        found, code = np.unique(values.astype(str), return_inverse=True)
        names[column], coded[column] = tuple(str(v) for v in found), code.astype(np.int64)
    numbers = frame.select(
        day=pl.col("known_on").cast(pl.Int32).cast(pl.Int64),
        eve=eve_of().cast(pl.Int32).cast(pl.Int64),
        year=pl.col("year").cast(pl.Int64),
        distance=(pl.col("distance").cast(pl.String) == DISTANCES[1]).cast(pl.Int64),
        female=(pl.col("gender").cast(pl.String) == "F").cast(pl.Int64),
        age=age_band(),
        y=pl.col("total_sec").cast(pl.Float64).log().fill_null(float("nan")),
    )
    columns = {name: numbers[name].to_numpy() for name in numbers.columns}
    return Starts(
        frame=frame,
        **columns,
        race=coded["race_id"],
        athlete=coded["athlete_id"],
        course=coded["course"],
        country=coded["country"],
        races=names["race_id"],
        athletes=names["athlete_id"],
        courses=names["course"],
        countries=names["country"],
    )


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days
