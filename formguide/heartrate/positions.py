"""Where workouts were: for whom asks for it, into a file of his own.

Coordinates tell where somebody lives. They become speed and distance when a workout is read and are in no
table of the lake, so that no query, no report and no export can hand them on; only the files themselves, as
the lake keeps them, have them still. From there they are read again here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from formguide.heartrate import readers
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.clock import clocked, coordinates
from formguide.heartrate.readings import Reading, Unreadable
from formguide.heartrate.tables import SPORT, Workouts
from formguide.lake import Lake

SCHEMA: dict[str, type[pl.DataType]] = {
    "workout_id": pl.String,
    "t_sec": pl.Int32,
    "latitude_deg": pl.Float64,
    "longitude_deg": pl.Float64,
}
"""Workout, second since its start, and where it was: degrees, WGS 84 as the device had it."""


def positions(lake: Lake, user_id: str | None = None) -> pl.DataFrame:
    """Where the lake's workouts were (of one user, or of all), a row per second that has coordinates, in the
    order of workout and second; columns as `SCHEMA`."""
    frames = [pl.DataFrame(schema=SCHEMA)]
    for month in lake.partitions(SPORT, Workouts.name):
        table = lake.read_table(SPORT, Workouts.name, [month], Workouts)
        wanted = table if user_id is None else table.filter(user_id=user_id)
        kept = {(source, path) for source, path in wanted.select("source", "path").iter_rows()}
        if kept:
            frames += _of_month(kept, ARRIVALS.season_reader(lake, int(month)))
    return pl.concat(frames).sort("workout_id", "t_sec")


def _of_month(kept: set[tuple[str, str]], files: Mapping[str, Mapping[str, bytes]]) -> Iterator[pl.DataFrame]:
    for source, bodies in files.items():
        for path in bodies:
            for found in readers.read(source, path, bodies[path]):
                if isinstance(found, Reading) and (source, found.path) in kept:
                    yield from _of_one(found)


def _of_one(reading: Reading) -> Iterator[pl.DataFrame]:
    try:
        workout = clocked(reading)
    except Unreadable:
        return
    where = coordinates(reading, workout.rows)
    if where is None:
        return
    known = np.isfinite(where[0]) & np.isfinite(where[1])
    yield pl.DataFrame(
        {
            "workout_id": [workout.workout_id] * int(known.sum()),
            "t_sec": workout.t_sec[known],
            "latitude_deg": where[0][known],
            "longitude_deg": where[1][known],
        },
        schema=SCHEMA,
    )
