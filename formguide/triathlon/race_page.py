"""One race's results page, `default.tsv`: a line per start, tab-separated, with a header.

A line that cannot be read (other cells than the header has, a time that is none, an unknown status) is set
aside with its reason; the others go on. What can be read but cannot be is another matter: see `plausible`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from formguide.records import Reject, set_aside
from formguide.schema import dtypes
from formguide.triathlon.countries import alpha_3
from formguide.triathlon.divisions import division_of
from formguide.triathlon.tables import (
    DNF,
    DNS,
    DQ,
    FINISHED,
    FULL,
    HALF,
    OTHER,
    PRO,
    UNKNOWN,
    WEATHER,
    RaceRecords,
    as_table,
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
_NO_TIME = ("", "-", "--", "---", "0", "--:--", "--:--:--", "DNS", "DNF", "DQ", "DSQ", "NA", "N/A")
_STATUS = {"FIN": FINISHED, "FINISHED": FINISHED, "DNF": DNF, "DNS": DNS, "DQ": DQ, "DSQ": DQ, "": ""}
_GENDER = {"M": "M", "MALE": "M", "MEN": "M", "F": "F", "FEMALE": "F", "WOMEN": "F", "W": "F"}


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
    read = _parsed(_cells(lines, head), len(head))
    rejects = []
    for line in read.filter(~pl.col("readable")).iter_rows(named=True):
        field, reason = _what_is_wrong(line, len(head))
        rejects.append(set_aside(path, line["line"], field, reason, line["said"].encode()))
    return _record(read.filter("readable"), race, day), rejects


def count_lines(body: bytes) -> int:
    """How many starts a page has, read or not: its lines but the header and blank ones."""
    return sum(bool(line.strip()) for line in body.split(b"\n")[1:])


def _cells(lines: list[str], head: list[str]) -> pl.DataFrame:
    """The page's lines by its header's columns; blank lines are no starts. A last cell that is missing is
    empty: some pages end a line without its status."""
    frame = pl.DataFrame({"said": lines[1:]}, schema={"said": pl.String})
    frame = frame.with_columns(pl.col("said").str.strip_chars_end("\r"), line=pl.int_range(2, pl.len() + 2))
    frame = frame.filter(pl.col("said").str.strip_chars() != "").with_columns(
        cells=pl.col("said").str.split("\t")
    )
    cells = pl.col("cells")
    return frame.select(
        "said",
        "line",
        cells.list.len().alias("n_cells"),
        *(cells.list.get(head.index(name), null_on_oob=True).fill_null("").alias(name) for name in COLUMNS),
    ).with_columns(pl.col(COLUMNS).str.strip_chars())


def _parsed(raw: pl.DataFrame, expected: int) -> pl.DataFrame:
    """Times and status read; `readable` says whether a line can be."""
    read = raw.with_columns(
        *(_seconds(name).alias(column) for name, column in TIMES.items()),
        pl.col("Status")
        .str.to_uppercase()
        .replace_strict(_STATUS, default=None, return_dtype=pl.String)
        .alias("status"),
    )
    times = [pl.col(column).is_not_null() | pl.col(name).is_in(_NO_TIME) for name, column in TIMES.items()]
    whole = pl.col("n_cells").is_between(expected - 1, expected)
    return read.with_columns(
        # No leg takes no time at all: 0:00:00 is how some pages write that there is none.
        *(pl.when(pl.col(column) > 0).then(pl.col(column)) for column in TIMES.values()),
        readable=pl.all_horizontal(whole, pl.col("status").is_not_null(), *times),
    )


def _what_is_wrong(line: dict[str, Any], expected: int) -> tuple[str, str]:
    """The first field of a line that cannot be read, and why."""
    if not expected - 1 <= line["n_cells"] <= expected:
        return "cells", f"{line['n_cells']} cells, not {expected}"
    for name, column in TIMES.items():
        if line[column] is None and line[name] not in _NO_TIME:
            return name, f"{line[name]!r} is not a time (h:mm:ss)"
    return "Status", f"{line['Status']!r} is not a status"


def _seconds(name: str) -> pl.Expr:
    """A time (h:mm:ss) as seconds; null where it is none."""
    said = pl.col(name)
    digits = said.str.replace_all(":", "", literal=True).cast(pl.Int32, strict=False)
    hours, minutes, seconds = digits // 10000, digits // 100 % 100, digits % 100
    placed = (said.str.slice(-3, 1) == ":") & (said.str.slice(-6, 1) == ":") & (digits >= 0)
    holds = placed & said.str.len_bytes().is_between(7, 9) & (minutes < 60) & (seconds < 60)
    return pl.when(holds).then(hours * 3600 + minutes * 60 + seconds)


def _record(read: pl.DataFrame, race: Race, day: RaceDay) -> pl.DataFrame:
    place = pl.col("Overall_Rank").cast(pl.Int32, strict=False)
    of_rank = (
        pl.col("Overall_Rank").str.to_uppercase().replace_strict(_STATUS, default="", return_dtype=pl.String)
    )
    no_status = pl.when(pl.col("total_sec").is_not_null()).then(pl.lit(FINISHED)).otherwise(pl.lit(UNKNOWN))
    frame = read.join(_divisions(read), on="Division", how="left", maintain_order="left").select(
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
        pl.coalesce(
            pl.col("Gender").str.to_uppercase().replace_strict(_GENDER, default=None, return_dtype=pl.String),
            "division_gender",
        ).alias("gender"),
        _text("Division").alias("division"),
        "category",
        (pl.col("category") == PRO).alias("is_pro"),
        "age_group",
        "age_low",
        "age_high",
        pl.Series("country", [alpha_3(said) for said in read["Country"]], dtype=pl.String),
        pl.coalesce(_text("status"), pl.when(of_rank != "").then(of_rank), no_status).alias("status"),
        pl.when(place > 0).then(place).alias("overall_rank"),
        *TIMES.values(),
        *[pl.lit(day.weather.get(name)).alias(name) for name in WEATHER],
    )
    return as_table(frame, RaceRecords)


def _divisions(read: pl.DataFrame) -> pl.DataFrame:
    """The page's divisions, each with what it says."""
    said = read["Division"].unique(maintain_order=True).to_list()
    known = [division_of(text) for text in said]
    return pl.DataFrame(
        {
            "Division": pl.Series(said, dtype=pl.String),
            "category": pl.Series([each.category for each in known], dtype=pl.String),
            "division_gender": pl.Series([each.gender for each in known], dtype=pl.String),
            "age_group": pl.Series([each.age_group for each in known], dtype=pl.String),
            "age_low": pl.Series([each.age_low for each in known], dtype=pl.Int32),
            "age_high": pl.Series([each.age_high for each in known], dtype=pl.Int32),
        }
    )


def _text(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=dtypes(RaceRecords))
