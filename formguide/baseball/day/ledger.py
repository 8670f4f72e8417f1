"""The day's tables in the lake: one partition per date, rows by their key, one writer at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date

import polars as pl

from formguide import files, schema
from formguide.baseball.day.tables import SPORT, Picks, StreakRecord
from formguide.lake import Lake, LakeError
from formguide.schema import Table


def partition(day: date) -> str:
    """The lake's name for a date's partition."""
    return f"date={day.isoformat()}"


def dates(lake: Lake, table: type[Table]) -> list[date]:
    """The dates of which there is anything, in order."""
    return [
        date.fromisoformat(key.removeprefix("date="))
        for key in lake.partitions(SPORT, table.name)
        if key.startswith("date=")
    ]


@contextmanager
def writing(lake: Lake, what: str) -> Iterator[None]:
    """Holds the day's writing (`what`: a date, or the record) against every other process."""
    with files.locked(lake.root, f"{SPORT}.day.{what}"):
        yield


def read(lake: Lake, table: type[Table], days: Iterable[date] | None = None) -> pl.DataFrame:
    """The rows of some days, by default of all."""
    keys = sorted(partition(day) for day in (dates(lake, table) if days is None else days))
    frames = [frame for key in keys if (frame := _rows(lake, table, key)) is not None]
    return pl.concat(frames) if frames else schema.empty(table)


def put(lake: Lake, table: type[Table], day: date, rows: pl.DataFrame) -> None:
    """Makes these the day's rows. Raises LakeError if a pick that was locked would change."""
    frame = rows.select(list(schema.dtypes(table))).sort(schema.key_columns(table))
    before = _rows(lake, table, partition(day))
    if before is not None and frame.schema == before.schema and frame.equals(before):
        return  # as most of what a look finds out: to check and pack it would take most of the look
    if table is Picks and before is not None:
        before = before.filter(pl.col("status") == "locked")
        changed = before.join(frame, on=list(schema.dtypes(Picks)), how="anti", nulls_equal=True)
        if changed.height:
            raise LakeError(f"the locked pick {changed['batter'][0]} of {day} cannot be changed")
    lake.write_table(SPORT, table.name, partition(day), frame, table, made_from="")


def add(lake: Lake, table: type[Table], day: date, rows: pl.DataFrame) -> None:
    """Adds rows to the day's; those that are there already stay as they are."""
    held = read(lake, table, [day])
    new = rows.join(held, on=schema.key_columns(table), how="anti", nulls_equal=True)
    put(lake, table, day, pl.concat([held, new.select(held.columns)]))


def read_record(lake: Lake) -> pl.DataFrame:
    """The streak record."""
    found = _rows(lake, StreakRecord, None)
    return schema.empty(StreakRecord) if found is None else found


# -- inside ----------------------------------------------------------------------------------------


def _rows(lake: Lake, table: type[Table], key: str | None) -> pl.DataFrame | None:
    """A partition's rows; None if there is none. The plan looks at the same small tables every few seconds:
    what has the same hash is not read again."""
    manifest = lake.manifest(SPORT, table.name, key)
    if manifest is None:
        return None
    name = (str(lake.root), table.name, key, manifest.hash)
    if name not in _READ:
        frame = lake.read_table(SPORT, table.name, None if key is None else [key], table)
        now = lake.manifest(SPORT, table.name, key)
        if now is None or now.hash != manifest.hash:
            return frame  # written meanwhile: whose hash these rows have nobody knows
        while len(_READ) >= _KEPT:
            _READ.pop(next(iter(_READ)))
        _READ[name] = frame
    return _READ[name]


_KEPT = 256
_READ: dict[tuple[str, str, str | None, str], pl.DataFrame] = {}
"""Rows by place and hash."""
