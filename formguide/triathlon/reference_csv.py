"""The reference system's own table of results, `athlete_race.csv`: a row per finish, in its column names.

    athlete_hash, event_distance, event_year, total_sec          needed
    gender, age_group, is_pro, country, status                   taken where they are there
    event_name, event_date, swim_sec, t1_sec, bike_sec, …        taken where they are there

Without a name the finishes of a distance and year are one race, and without a date it counts from the last
day of its year. Its `athlete_profile.csv` and `cluster_assignments.csv` are made of all of an athlete's
races, later ones too: they are no source of anything that is forecast, and only the reference's own model
reads them.
"""

from __future__ import annotations

import csv
import io

import polars as pl
from polars.exceptions import PolarsError

from formguide.records import Reject, set_aside
from formguide.schema import dtypes
from formguide.triathlon.countries import alpha_3
from formguide.triathlon.divisions import division_of
from formguide.triathlon.tables import (
    AGE_GROUP,
    DISTANCES,
    FINISHED,
    NO_CATEGORY,
    OTHER,
    PRO,
    SPLITS,
    STATUSES,
    UNKNOWN,
    RaceRecords,
    as_table,
)

FILE = "athlete_race.csv"

NEEDED = ("athlete_hash", "event_distance", "event_year", "total_sec")
_TAKEN = ("gender", "age_group", "is_pro", "country", "status", "event_name", "event_date", *SPLITS)


def seasons(body: bytes) -> list[int]:
    """The years that a file speaks of; none if it cannot be read."""
    try:
        said = pl.read_csv(io.BytesIO(body), columns=["event_year"], infer_schema=False)
    except PolarsError:
        return []
    years = said["event_year"].cast(pl.Float64, strict=False).cast(pl.Int32, strict=False).drop_nulls()
    return sorted(set(years.to_list()))


def count_rows(body: bytes, season: int) -> int:
    """How many rows of a file are of a season, counted in its text."""
    rows = csv.DictReader(io.StringIO(body.decode("utf-8", "replace")))
    return sum(str(row.get("event_year", "")).removesuffix(".0") == str(season) for row in rows)


def read_season(path: str, body: bytes, season: int) -> tuple[pl.DataFrame, list[Reject]]:
    """A season's finishes of a file as `RaceRecords`, and the rows of it that were set aside."""
    try:
        raw = pl.read_csv(io.BytesIO(body), infer_schema=False)
    except PolarsError as error:
        return _none(), [set_aside(path, None, None, f"no CSV: {error}".splitlines()[0], body)]
    if missing := [name for name in NEEDED if name not in raw.columns]:
        return _none(), [set_aside(path, 1, missing[0], "no such column in the header", body)]
    raw = raw.with_columns(
        pl.int_range(2, pl.len() + 2).alias("line"),
        *(pl.lit(None, pl.String).alias(name) for name in _TAKEN if name not in raw.columns),
    )
    mine = raw.filter(_whole("event_year") == season)
    rejects = []
    readable = pl.lit(True)
    for name in ("total_sec", *SPLITS):
        bad = pl.col(name).is_not_null() & (pl.col(name) != "") & _whole(name).is_null()
        for row in mine.filter(bad).iter_rows(named=True):
            reason = f"{row[name]!r} is no number of seconds"
            rejects.append(set_aside(path, row["line"], name, reason, {k: v for k, v in row.items() if v}))
        readable &= ~bad
    return _record(mine.filter(readable), season), rejects


def _record(rows: pl.DataFrame, season: int) -> pl.DataFrame:
    name = pl.col("event_name").str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "_").str.strip_chars("_")
    distance = (
        pl.when(pl.col("event_distance").is_in(DISTANCES)).then("event_distance").otherwise(pl.lit(OTHER))
    )
    course = pl.coalesce(pl.when(name != "").then(name), pl.format("reference_{}", "event_distance"))
    on = pl.col("event_date").str.head(10).str.to_date("%Y-%m-%d", strict=False)
    on = pl.when(on.dt.year() == season).then(on)
    pro = pl.col("is_pro").str.to_lowercase().is_in(["true", "1", "yes"]).fill_null(False)
    gender = pl.col("gender").str.to_uppercase().str.head(1)
    status = pl.col("status").str.to_uppercase()
    ages = [division_of(said or "") for said in rows["age_group"]]
    total = _whole("total_sec")
    frame = rows.with_columns(
        course.alias("course"),
        on.alias("race_on"),
        pl.Series("age_group", [age.age_group for age in ages], dtype=pl.String),
        pl.Series("age_low", [age.age_low for age in ages], dtype=pl.Int32),
        pl.Series("age_high", [age.age_high for age in ages], dtype=pl.Int32),
        pl.Series("country", [alpha_3(said or "") for said in rows["country"]], dtype=pl.String),
    )
    race = pl.format("{}_{}", "course", pl.lit(season))
    found = frame.select(
        pl.format("{}:{}", race, pl.col("line").cast(pl.String).str.zfill(8)).alias("result_id"),
        pl.lit(season).alias("year"),
        race.alias("race_id"),
        "course",
        distance.alias("distance"),
        "race_on",
        pl.coalesce("race_on", pl.date(season, 12, 31)).alias("known_on"),
        "line",
        pl.when(pl.col("athlete_hash") != "").then("athlete_hash").alias("contact_id"),
        pl.lit(None, pl.String).alias("athlete"),
        pl.when(gender.is_in(["M", "F"])).then(gender).alias("gender"),
        pl.col("age_group").alias("division"),
        pl.when(pro)
        .then(pl.lit(PRO))
        .when(pl.col("age_low").is_not_null())
        .then(pl.lit(AGE_GROUP))
        .otherwise(pl.lit(NO_CATEGORY))
        .alias("category"),
        pro.alias("is_pro"),
        "age_group",
        "age_low",
        "age_high",
        "country",
        pl.when(status.is_in(STATUSES))
        .then(status)
        .when(total.is_not_null())
        .then(pl.lit(FINISHED))
        .otherwise(pl.lit(UNKNOWN))
        .alias("status"),
        total.alias("total_sec"),
        *(pl.when(_whole(split) > 0).then(_whole(split)).alias(split) for split in SPLITS),
    )
    empty = [name for name in dtypes(RaceRecords) if name not in found.columns]
    return as_table(found.with_columns(pl.lit(None).alias(name) for name in empty), RaceRecords)


def _whole(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False).round().cast(pl.Int32, strict=False)


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=dtypes(RaceRecords))
