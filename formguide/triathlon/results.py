"""Files → the records of a season → results: who it was, and whether models may learn from it.

A season's records are a function of its own files. Its results lean on every season up to it: who somebody is
and whether a race was shortened are decided by what was known before, never by what came after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from formguide.records import Reject
from formguide.schema import dtypes
from formguide.triathlon import folders, race_page, reference_csv, weather
from formguide.triathlon.identity import identify
from formguide.triathlon.plausible import with_reasons
from formguide.triathlon.shortened import shortened_legs
from formguide.triathlon.tables import FINISHED, LEGS, PARA, RELAY, RaceRecords, RaceResults, as_table


@dataclass(frozen=True)
class SeasonRecords:
    """A season as its files say it, in the order in which it became known; `lines`: how many lines of starts
    there were; `undated`: races without a date."""

    records: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    undated: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Results:
    """Every season's results, and how often each decision of identity was made."""

    table: pl.DataFrame
    identities: dict[str, int]


def read_season(season: int, files: Mapping[str, Mapping[str, bytes]]) -> SeasonRecords:
    """The records of a season from its files by source and path."""
    tree = files.get(folders.RACES, {})
    frames, rejects, undated, lines = [], list[Reject](), list[str](), 0
    for path in sorted(path for path in tree if path.endswith(f"/{race_page.FILE}")):
        year, folder, _ = path.split("/")
        day, refused = weather.RaceDay(), list[Reject]()
        beside = f"{year}/{folder}/{weather.FILE}"
        if beside in tree:
            day, refused = weather.read_weather(beside, tree[beside], int(year))
        race = race_page.race_of(int(year), folder)
        frame, wrong = race_page.read_race(path, tree[path], race, day)
        frames.append(frame)
        rejects += [*refused, *wrong]
        whole_page = any(reject.row is None or reject.row == 1 for reject in wrong)
        lines += race_page.count_lines(tree[path]) if whole_page else frame.height + len(wrong)
        if day.race_on is None:
            undated.append(folder)
    for path, body in files.get(folders.REFERENCE, {}).items():
        frame, wrong = reference_csv.read_season(path, body, season)
        frames.append(frame)
        rejects += wrong
        lines += frame.height + sum(reject.row is not None and reject.row > 1 for reject in wrong)
    records = pl.concat(frames) if frames else pl.DataFrame(schema=dtypes(RaceRecords))
    return SeasonRecords(records.sort("known_on", "race_id", "line"), rejects, lines, undated)


def results_of(records: pl.DataFrame) -> Results:
    """The results of every season from their records (`RaceRecords` of all seasons up to the last)."""
    known = identify(records)
    frame = known.records
    frame = frame.join(shortened_legs(frame), on="race_id", how="left", maintain_order="left")
    frame = with_reasons(frame).with_columns(_usable().alias("usable"))
    frame = frame.with_columns(
        (pl.col("usable") & pl.col("splits_hold") & _whole_legs()).alias("usable_splits")
    )
    return Results(as_table(frame, RaceResults), known.counts)


def read_results(folder: str | Path) -> pl.DataFrame:
    """The results of a folder laid out like the source, without a lake: every season that it holds."""
    files = folders.read_folder(folder)
    records = []
    for season, names in folders.seasons_of(files).items():
        mine: dict[str, dict[str, bytes]] = {}
        for source, path in (name.split("/", 1) for name in names):
            mine.setdefault(source, {})[path] = files[source][path]
        records.append(read_season(season, mine).records)
    return results_of(pl.concat(records)).table


def _usable() -> pl.Expr:
    return (
        (pl.col("status") == FINISHED)
        & pl.col("total_holds")
        & pl.col("shortened_legs").is_null()
        & pl.col("gender").is_not_null()
        & ~pl.col("category").is_in([RELAY, PARA])
    )


def _whole_legs() -> pl.Expr:
    return pl.all_horizontal(pl.col(f"{leg}_sec").is_not_null() for leg in LEGS)
