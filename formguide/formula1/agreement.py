"""Do the sources agree? Every race that two of them share, compared field by field.

A difference of wording is no disagreement: Ergast's position of a retired car (f1db gives none), its
grid 0 for the pit lane, and durations that differ by less than the last digit written. What remains is
one row per difference: which race, which driver, which field, and what each of the two says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

import polars as pl

from formguide.formula1.calendar import Weekend
from formguide.formula1.records import Reading, Row

SCHEMA = {
    "season": pl.Int32(),
    "race_id": pl.String(),
    "table": pl.String(),
    "driver_id": pl.String(),
    "field": pl.String(),
    "source_a": pl.String(),
    "value_a": pl.String(),
    "source_b": pl.String(),
    "value_b": pl.String(),
}

_COMPARED = {
    "race_results": ("finish_order", "status", "constructor_id", "grid", "laps", "points"),
    "sprint_results": ("finish_order", "status", "constructor_id", "grid", "laps", "points"),
    "qualifying_results": ("position", "constructor_id", "q1_sec", "q2_sec", "q3_sec"),
    "pit_stops": ("lap", "duration_sec"),
    "fastest_laps": ("lap_time_sec",),
}
_CALENDAR = ("round", "race_date", "circuit_id")
_SMALLEST_DIFFERENCE_SEC = 0.0015


def disagreements(season: int, readings: Iterable[Reading]) -> pl.DataFrame:
    """One row per field on which two sources differ; `driver_id` is empty for the calendar.

    A field named `driver_id` means that one of the two does not list the driver at all, and `pit_lane_start`
    that one gives a place on the grid to a car which the other starts from the pit lane (Ergast often keeps
    the place that the car left empty).
    """
    rows: list[tuple[object, ...]] = []
    for a, b in combinations(readings, 2):
        for race_id, weekend in a.weekends.items():
            if race_id in b.weekends:
                rows += [
                    (season, race_id, "race_calendar", "", name, a.source, one, b.source, other)
                    for name, one, other in _calendar(weekend, b.weekends[race_id])
                ]
        for table, fields in _COMPARED.items():
            ours, theirs = _by_part(a.rows.get(table, [])), _by_part(b.rows.get(table, []))
            for part in ours.keys() & theirs.keys():
                for driver, name, one, other in _records(ours[part], theirs[part], fields):
                    rows.append((season, part[0], table, driver, name, a.source, one, b.source, other))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort(list(SCHEMA))


def _calendar(a: Weekend, b: Weekend) -> Iterator[tuple[str, str, str]]:
    for name in _CALENDAR:
        one, other = getattr(a, name), getattr(b, name)
        if one != other:
            yield name, str(one), str(other)


def _by_part(rows: list[Row]) -> dict[tuple[str, object], dict[tuple[str, object], Row]]:
    """Rows by race and session, and within it by driver (and stop)."""
    found: dict[tuple[str, object], dict[tuple[str, object], Row]] = {}
    for row in rows:
        found.setdefault((row["race_id"], row.get("session")), {})[(row["driver_id"], row.get("stop"))] = row
    return found


def _records(
    ours: dict[tuple[str, object], Row], theirs: dict[tuple[str, object], Row], fields: tuple[str, ...]
) -> Iterator[tuple[str, str, str | None, str | None]]:
    for key in ours.keys() | theirs.keys():
        driver, stop = key
        suffix = f" (stop {stop})" if stop is not None else ""
        one, other = ours.get(key), theirs.get(key)
        if one is None or other is None:
            listed = ["listed" if row is not None else None for row in (one, other)]
            yield driver, f"driver_id{suffix}", listed[0], listed[1]
            continue
        for name in fields:
            a, b = _value(one, name), _value(other, name)
            if _differ(a, b, one, other, name):
                named = "pit_lane_start" if name == "grid" and "pit lane" in (a, b) else name
                yield driver, named + suffix, _text(a), _text(b)


def _value(row: Row, name: str) -> object:
    if name == "grid":
        return "pit lane" if row["pit_lane_start"] else row["grid_position"]
    if name == "laps":
        return row["laps"] or 0
    return row.get(name)


def _differ(a: object, b: object, one: Row, other: Row, name: str) -> bool:
    if name == "finish_order" and one["position"] is None and other["position"] is None:
        # Who of the cars that were not classified comes first is a matter of each source's habit.
        return False
    if name in ("position", "grid") and (a is None or b is None):
        # A car without a time or a start has no place in one source and the last one in the other.
        return False
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) > _SMALLEST_DIFFERENCE_SEC
    return a != b


def _text(value: object) -> str | None:
    return None if value is None else str(value)
