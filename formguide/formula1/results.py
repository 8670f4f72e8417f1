"""From files to results: what the sources say about a season, merged into the canonical tables.

Three sources are read (f1db, Jolpica, Ergast CSV). Per race and table the first that has it is taken, in
that order; the others fill in what it lacks and are compared with it (see `agreement`). Only incident
lists come from one place. A table is filled in from the same table of the other sources only; of these the
starting grids of Jolpica and Ergast are part of their results, and so come hours after f1db's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

import polars as pl

from formguide.formula1 import ergast, f1db, jolpica
from formguide.formula1.agreement import SCHEMA as DISAGREEMENTS
from formguide.formula1.agreement import disagreements
from formguide.formula1.calendar import (
    Weekend,
    calendar_row,
    fill,
    same_date,
    session_times,
    without_stray_times,
)
from formguide.formula1.folders import Files, read_folder, seasons_of, unplaced
from formguide.formula1.ids import Names, names_of_tree
from formguide.formula1.records import Reading, Row, fingerprint
from formguide.formula1.tables import SOURCE_TABLES, RaceCalendar
from formguide.records import Reject
from formguide.schema import Table, dtypes

__all__ = ["Files", "Reject", "SeasonTables", "build_season", "read_folder", "seasons_of", "unplaced"]

_READERS: dict[str, Callable[[int, Mapping[str, bytes], Names], Reading]] = {
    "f1db": f1db.read_season,
    "jolpica": jolpica.read_season,
    "ergast_csv": ergast.read_season,
}
"""The sources in order of preference."""

_ORDER = ("round", "race_id", "session", "kind", "lap", "number", "finish_order", "driver_id", "stop")


@dataclass(frozen=True)
class SeasonTables:
    """A season's canonical tables by name (all but race conditions), and what came up on the way."""

    season: int
    tables: dict[str, pl.DataFrame]
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    disagreements: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DISAGREEMENTS))


def build_season(season: int, files: Files) -> SeasonTables:
    """The season's tables from every source's files (source → path → bytes). Never raises for bad input."""
    names = names_of_tree(files.get("f1db", {}))
    readings = [read(season, files.get(source, {}), names) for source, read in _READERS.items()]
    rejects = [reject for reading in readings for reject in reading.rejects]
    notes = [note for reading in readings for note in reading.notes]
    weekends = _merge_weekends(readings, notes)
    tables = {}
    for table in SOURCE_TABLES:
        if table is RaceCalendar:
            rows = [calendar_row(weekend) for weekend in weekends.values()]
        else:
            rows = _merge_rows(table.name, readings, weekends, rejects)
        tables[table.name] = _frame(rows, table)
    run = tables["race_results"]["race_id"].unique()
    happened = (pl.col("kind") != "none") | pl.col("race_id").is_in(run.implode())
    tables["race_incidents"] = tables["race_incidents"].filter(happened)
    notes += _missing_sessions(tables)
    for (kind, text), taken in sorted(names.newcomers.items()):
        notes.append(f"newcomer: {kind} {text!r} is not known yet and is taken as {taken}")
    return SeasonTables(season, tables, rejects, notes, disagreements(season, readings))


def _missing_sessions(tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """What a race that was run lacks: its qualifying, its grid, its sprint."""
    calendar, run = tables["race_calendar"], set(tables["race_results"]["race_id"])
    sprints = set(calendar.filter("has_sprint")["race_id"])
    parts = {
        "qualifying": (run, tables["qualifying_results"].filter(session="qualifying")),
        "starting grid": (run, tables["starting_grids"].filter(session="race")),
        "sprint": (run & sprints, tables["sprint_results"]),
    }
    return [
        f"{race_id}: has a result but no {name}"
        for name, (expected, found) in parts.items()
        for race_id in sorted(expected - set(found["race_id"]))
    ]


def _merge_weekends(readings: Iterable[Reading], notes: list[str]) -> dict[str, Weekend]:
    offered: dict[str, list[Weekend]] = {}
    for reading in readings:
        for race_id, weekend in reading.weekends.items():
            dated, strays = without_stray_times(weekend)
            offered.setdefault(race_id, []).append(dated)
            notes += strays
    merged = {}
    for race_id, said in offered.items():
        # Two sources' times may each be possible and not together.
        merged[race_id], strays = without_stray_times(reduce(fill, _outvoted(said, notes)))
        notes += strays
    return merged


def _outvoted(said: list[Weekend], notes: list[str]) -> list[Weekend]:
    """What the sources say of a weekend; if the others agree on another date, the first one's gives way.

    Its times go with it.
    """
    first, *others = said
    if len(others) < 2 or len({other.race_date for other in others}) > 1 or same_date(first, others[0]):
        return said
    date = others[0].race_date
    sources = " and ".join(other.source for other in others)
    notes.append(
        f"{first.race_id}: {first.source} dates the race {first.race_date}, {sources} {date}, which is taken"
    )
    mark = fingerprint([weekend.fingerprint for weekend in said])
    return [replace(first, race_date=date, sessions={}, fingerprint=mark), *others]


def _merge_rows(
    table: str, readings: Iterable[Reading], weekends: Mapping[str, Weekend], rejects: list[Reject]
) -> list[Row]:
    """The rows of the first source that has the race's table (or that session of it), dated by the calendar.

    Where that source set records aside, the drivers whom it then lacks come from the next that has them.
    """
    chosen: dict[tuple[str, object], list[Row]] = {}
    short: set[tuple[str, object]] = set()
    for reading in readings:
        offered: dict[tuple[str, object], list[Row]] = {}
        for row in reading.rows.get(table, []):
            offered.setdefault((row["race_id"], row.get("session")), []).append(row)
        for part, rows in offered.items():
            if part not in chosen:
                chosen[part] = rows
            elif part in short:
                chosen[part] = chosen[part] + _missing(chosen[part], rows, table != "starting_grids")
        short |= {(race_id, session) for race_id, name, session in reading.short if name == table}
    merged: list[Row] = []
    for (race_id, _), rows in chosen.items():
        weekend = weekends.get(race_id)
        if weekend is None:
            reason = f"{len(rows)} records of {race_id} in {table}, but no source says when the race is"
            payload = json.dumps(rows, default=str).encode()
            rejects.append(Reject(str(rows[0]["source"]), None, "race_id", reason, payload))
            continue
        times = session_times(weekend)
        dated = [{**row, "round": weekend.round, "session_at": times[row["when"]]} for row in rows]
        merged += _in_order(dated) if table in ("race_results", "sprint_results") else dated
    return merged


def _missing(rows: list[Row], more: list[Row], one_per_place: bool) -> list[Row]:
    """Those of the other rows whose driver is missing from the first and, if it matters, whose place is free.

    On a grid it does not: a car that withdrew may still hold the place to which another moved up.
    """
    drivers = {row["driver_id"] for row in rows}
    places = {row.get("position") for row in rows} - {None} if one_per_place else set()
    return [row for row in more if row["driver_id"] not in drivers and row.get("position") not in places]


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows whose finish orders all differ, even if one that came from another source has taken a place."""
    last = 0
    ordered = []
    for row in sorted(rows, key=lambda row: (row["finish_order"], row["position"] is None)):
        last = max(last + 1, row["finish_order"])
        ordered.append({**row, "finish_order": last})
    return ordered


def _frame(rows: list[Row], table: type[Table]) -> pl.DataFrame:
    declared = dtypes(table)
    columns = {name: [row.get(name) for row in rows] for name in declared}
    extra = [key for key in _ORDER if key not in declared and key == "finish_order"]
    order = {key: [row.get(key) for row in rows] for key in extra}
    frame = pl.DataFrame(columns | order, schema=declared | {key: pl.Int32() for key in extra}, strict=True)
    by = [key for key in _ORDER if key in frame.columns]
    return frame.sort(by, nulls_last=True).select(list(declared))
