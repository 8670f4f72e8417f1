"""From files to results: what the sources say about a season, merged into the canonical tables.

Three sources are read (f1db, Jolpica, Ergast CSV). Per race and table the first that has it is taken, in that order; the
others fill in what it lacks and are compared with it (see `agreement`). Only incident lists come from one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from formguide.formula1 import f1db
from formguide.formula1.calendar import Weekend, calendar_row, fill, session_times
from formguide.formula1.ids import Names, names_of_tree
from formguide.formula1.records import Reading, Reject, Row
from formguide.formula1.tables import SOURCE_TABLES, RaceCalendar, RaceRecord
from formguide.schema import dtypes

Files = Mapping[str, Mapping[str, bytes]]

_READERS: dict[str, Callable[[int, Mapping[str, bytes], Names], Reading]] = {
    "f1db": f1db.read_season,
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
    disagreements: pl.DataFrame = field(default_factory=pl.DataFrame)


def build_season(season: int, files: Files) -> SeasonTables:
    """The season's tables from every source's files (source → path → bytes). Never raises for bad input."""
    names = names_of_tree(files.get("f1db", {}))
    readings = [read(season, files.get(source, {}), names) for source, read in _READERS.items()]
    rejects = [reject for reading in readings for reject in reading.rejects]
    notes = [note for reading in readings for note in reading.notes]
    weekends = _merge_weekends(readings)
    tables = {}
    for table in SOURCE_TABLES:
        if table is RaceCalendar:
            rows = [calendar_row(weekend) for weekend in weekends.values()]
        else:
            rows = _merge_rows(table.name, readings, weekends, rejects)
        tables[table.name] = _frame(rows, table)
    for (kind, text), taken in sorted(names.newcomers.items()):
        notes.append(f"newcomer: {kind} {text!r} is not known yet and is taken as {taken}")
    return SeasonTables(season, tables, rejects, notes)


def _merge_weekends(readings: Iterable[Reading]) -> dict[str, Weekend]:
    weekends: dict[str, Weekend] = {}
    for reading in readings:
        for race_id, weekend in reading.weekends.items():
            weekends[race_id] = fill(weekends[race_id], weekend) if race_id in weekends else weekend
    return weekends


def _merge_rows(
    table: str, readings: Iterable[Reading], weekends: Mapping[str, Weekend], rejects: list[Reject]
) -> list[Row]:
    """The rows of the first source that has the race's table (or that session of it), dated by the calendar."""
    taken: dict[tuple[object, object], str] = {}
    times = {race_id: session_times(weekend) for race_id, weekend in weekends.items()}
    undated: dict[tuple[str, str], list[Row]] = {}
    merged = []
    for reading in readings:
        for row in reading.rows.get(table, []):
            part = (row["race_id"], row.get("session"))
            if taken.setdefault(part, reading.source) != reading.source:
                continue
            if row["race_id"] not in times:
                undated.setdefault((reading.source, str(row["race_id"])), []).append(row)
                continue
            weekend = weekends[row["race_id"]]
            merged.append({**row, "round": weekend.round, "session_at": times[row["race_id"]][row["when"]]})
    for (source, race_id), rows in undated.items():
        reason = f"{len(rows)} records of {race_id} in {table}, but no source says when the race is"
        rejects.append(Reject(source, None, "race_id", reason, repr(rows).encode()))
    return merged


def _frame(rows: list[Row], table: type[RaceRecord]) -> pl.DataFrame:
    declared = dtypes(table)
    columns = {name: [row.get(name) for row in rows] for name in declared}
    extra = [key for key in _ORDER if key not in declared and key == "finish_order"]
    order = {key: [row.get(key) for row in rows] for key in extra}
    frame = pl.DataFrame(columns | order, schema=declared | {key: pl.Int32() for key in extra}, strict=True)
    by = [key for key in _ORDER if key in frame.columns]
    return frame.sort(by, nulls_last=True).select(list(declared))


def read_folder(path: str | Path) -> dict[str, dict[str, bytes]]:
    """The files of a folder laid out as f1db's tree: source → path → bytes."""
    root = Path(path)
    tree = root / "f1db" if (root / "f1db").is_dir() else root
    found = {p.relative_to(tree).as_posix(): p.read_bytes() for p in sorted(tree.rglob("*.yml"))}
    return {"f1db": {name: body for name, body in found.items()}}


def seasons_of(files: Files) -> dict[int, list[str]]:
    """Which seasons the files speak of, and which files (as `source/path`) speak of each."""
    found: dict[int, list[str]] = {}
    for path in sorted(files.get("f1db", {})):
        for season in f1db.seasons(path):
            found.setdefault(season, []).append(f"f1db/{path}")
    return dict(sorted(found.items()))
