"""One race's results page, `default.tsv`: a line per start, tab-separated, with a header.

A line that cannot be read (other cells than the header has, a time that is none, an unknown status) is set aside
with its reason; the others go on. What can be read but cannot be is another matter: see `plausible`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from formguide.records import Reject, set_aside
from formguide.schema import dtypes
from formguide.triathlon.countries import alpha_3
from formguide.triathlon.tables import (
    AGE_GROUP,
    DNF,
    DNS,
    DQ,
    FINISHED,
    FULL,
    HALF,
    NO_CATEGORY,
    OTHER,
    PARA,
    PRO,
    RELAY,
    UNKNOWN,
    WEATHER,
    RaceRecords,
    known_from,
)
from formguide.triathlon.weather import RaceDay

FILE = "default.tsv"

TIMES = {
    "Total_Time": "total_sec",
    "Swim": "swim_sec",
    "T1": "t1_sec",
    "Bike": "bike_sec",
    "T2": "t2_sec",
    "Run": "run_sec",
}
COLUMNS = (
    "ContactId",
    "Overall_Rank",
    "Name",
    "Gender",
    "Division",
    "Div_Rank",
    *TIMES,
    "Country",
    "Status",
)

_PREFIXES = (("im703_", HALF), ("im703-", HALF), ("ironman_", FULL), ("ironman-", FULL))
_YEAR_AT_END = re.compile(r"[_-]?(\d{4})$")
_TIME = r"^(\d{1,3}):([0-5]\d):([0-5]\d)$"
_NO_TIME = ("", "-", "--", "---", "0", "--:--", "--:--:--", "DNS", "DNF", "DQ", "DSQ", "NA", "N/A")
_STATUS = {"FIN": FINISHED, "FINISHED": FINISHED, "DNF": DNF, "DNS": DNS, "DQ": DQ, "DSQ": DQ, "": ""}
_GENDER = {"M": "M", "MALE": "M", "MEN": "M", "F": "F", "FEMALE": "F", "WOMEN": "F", "W": "F"}
_AGES = r"(\d{2})\s*-\s*(\d{2})"
_OPEN_ENDED = r"(\d{2})\s*\+"


@dataclass(frozen=True)
class Race:
    """A race by the name of its folder: `im703_cairns_2019` is 70.3 miles in Cairns in 2019."""

    race_id: str
    course: str
    distance: str
    year: int


def race_of(year: int, folder: str) -> Race:
    """The race of a folder `<year>/<folder>`."""
    match = _YEAR_AT_END.search(folder)
    course = folder[: match.start()] if match and int(match.group(1)) == year else folder
    distance = next((name for prefix, name in _PREFIXES if folder.lower().startswith(prefix)), OTHER)
    return Race(folder, course or folder, distance, year)


def read_race(path: str, body: bytes, race: Race, day: RaceDay) -> tuple[pl.DataFrame, list[Reject]]:
    """The starts of a results page as `RaceRecords`, and what of it was set aside."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _none(), [set_aside(path, None, None, f"not UTF-8 ({error.reason})", body)]
    lines = text.split("\n")
    head = lines[0].rstrip("\r").split("\t")
    if missing := [name for name in COLUMNS if name not in head]:
        return _none(), [set_aside(path, 1, missing[0], "no such column in the header", body)]
    raw = _cells(lines, head)
    read = _parsed(raw)
    wrong = read.filter(pl.col("wrong").is_not_null())
    rejects = [
        set_aside(path, line, field, reason, said.encode())
        for line, field, reason, said in wrong.select("line", "field", "wrong", "said").iter_rows()
    ]
    good = read.filter(pl.col("wrong").is_null())
    return _record(good, race, day), rejects


def _cells(lines: list[str], head: list[str]) -> pl.DataFrame:
    """The page's lines by its header's columns; blank lines are no starts. A last cell that is missing is
    empty: some pages end a line without its status."""
    frame = pl.DataFrame({"said": lines[1:]}, schema={"said": pl.String})
    frame = frame.with_columns(pl.col("said").str.strip_chars_end("\r"), line=pl.int_range(2, pl.len() + 2))
    frame = frame.filter(pl.col("said").str.strip_chars() != "")
    cells = pl.col("said").str.split("\t")
    return frame.with_columns(
        n_cells=cells.list.len(),
        **{
            name: cells.list.get(head.index(name), null_on_oob=True).fill_null("").str.strip_chars()
            for name in COLUMNS
        },
    ).with_columns(expected=pl.lit(len(head)))


def _parsed(raw: pl.DataFrame) -> pl.DataFrame:
    """Times and status read; `wrong` says why a line cannot be, and `field` where."""
    times = [_seconds(name).alias(column) for name, column in TIMES.items()]
    read = raw.with_columns(*times, said_status=pl.col("Status").str.to_uppercase())
    n, expected = pl.col("n_cells"), pl.col("expected")
    wrong = pl.when((n > expected) | (n < expected - 1)).then(pl.format("{} cells, not {}", n, expected))
    field = pl.when((n > expected) | (n < expected - 1)).then(pl.lit("cells"))
    for name in TIMES:
        bad = ~pl.col(name).str.to_uppercase().is_in(_NO_TIME) & ~pl.col(name).str.contains(_TIME)
        wrong = wrong.when(bad).then(pl.format("'{}' is not a time (h:mm:ss)", pl.col(name)))
        field = field.when(bad).then(pl.lit(name))
    bad_status = ~pl.col("said_status").is_in(list(_STATUS))
    wrong = wrong.when(bad_status).then(pl.format("'{}' is not a status", pl.col("Status")))
    field = field.when(bad_status).then(pl.lit("Status"))
    return read.with_columns(wrong=wrong.otherwise(None), field=field.otherwise(None))


def _seconds(name: str) -> pl.Expr:
    """A time as seconds; null where there is none, and no leg takes no time at all."""
    part = [pl.col(name).str.extract(_TIME, group).cast(pl.Int32) for group in (1, 2, 3)]
    total = part[0] * 3600 + part[1] * 60 + part[2]
    return pl.when(total > 0).then(total)


def _record(read: pl.DataFrame, race: Race, day: RaceDay) -> pl.DataFrame:
    division = pl.col("Division").str.to_uppercase()
    low = pl.coalesce(division.str.extract(_AGES, 1), division.str.extract(_OPEN_ENDED, 1)).cast(pl.Int32)
    high = division.str.extract(_AGES, 2).cast(pl.Int32)
    gender = pl.col("Gender").str.to_uppercase().replace_strict(_GENDER, default=None, return_dtype=pl.String)
    of_division = division.str.extract(r"^([MFW])(?:[AELNO\d\s]|PRO|PC|HC|RELAY|$)", 1).replace("W", "F")
    rank = pl.col("Overall_Rank").str.to_uppercase()
    place = rank.cast(pl.Int32, strict=False)
    status = pl.col("said_status").replace_strict(_STATUS, return_dtype=pl.String)
    of_rank = rank.replace_strict(_STATUS, default="", return_dtype=pl.String)
    typed = dtypes(RaceRecords)
    frame = read.select(
        pl.format("{}:{}", pl.lit(race.race_id), pl.col("line").cast(pl.String).str.zfill(5)).alias(
            "result_id"
        ),
        pl.lit(race.year).alias("year"),
        pl.lit(race.race_id).alias("race_id"),
        pl.lit(race.course).alias("course"),
        pl.lit(race.distance).alias("distance"),
        pl.lit(day.race_on).alias("race_on"),
        pl.lit(known_from(race.year, day.race_on)).alias("known_on"),
        "line",
        _text("ContactId").alias("contact_id"),
        _text("Name").alias("athlete"),
        pl.coalesce(gender, of_division).alias("gender"),
        _text("Division").alias("division"),
        _category(division, low).alias("category"),
        division.str.contains("PRO").alias("is_pro"),
        pl.when(high.is_not_null())
        .then(pl.format("{}-{}", low, high))
        .when(low.is_not_null())
        .then(pl.format("{}+", low))
        .alias("age_group"),
        low.alias("age_low"),
        high.alias("age_high"),
        pl.Series("country", [alpha_3(said) for said in read["Country"]], dtype=pl.String),
        pl.when(status != "")
        .then(status)
        .when(of_rank != "")
        .then(of_rank)
        .when(pl.col("total_sec").is_not_null())
        .then(pl.lit(FINISHED))
        .otherwise(pl.lit(UNKNOWN))
        .alias("status"),
        pl.when(place > 0).then(place).alias("overall_rank"),
        *TIMES.values(),
        *[pl.lit(day.weather.get(name)).alias(name) for name in typed if name in WEATHER],
    )
    return frame.cast(dict(typed)).select(list(typed))


def _category(division: pl.Expr, low: pl.Expr) -> pl.Expr:
    """Whose competition a division is."""
    return (
        pl.when(division.str.contains("RELAY|TEAM"))
        .then(pl.lit(RELAY))
        .when(division.str.contains("PRO"))
        .then(pl.lit(PRO))
        .when(division.str.contains(r"^[MF]?(?:PC|HC|AFD|PTVI|PT\d)"))
        .then(pl.lit(PARA))
        .when(low.is_not_null())
        .then(pl.lit(AGE_GROUP))
        .otherwise(pl.lit(NO_CATEGORY))
    )


def _text(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=dtypes(RaceRecords))
