"""A workout as CSV, a row per second: the columns of FIT (`enhanced_speed`, `enhanced_altitude`) or plain
names, in any order, with any further columns beside them; parted by commas, semicolons or tabs.

A time without an offset is taken as UTC; a number as seconds (or milliseconds) since 1970.
"""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import polars as pl

from formguide.heartrate.readings import (
    NOTES_KEPT,
    Floats,
    Reading,
    Unreadable,
    activity_in_name,
    activity_of,
    gender_of,
    user_of,
)
from formguide.records import Reject, set_aside

TIME = "time"
_KMH = "speed_kmh"
_NAMES: dict[str, tuple[str, ...]] = {
    TIME: ("timestamp", "time", "datetime", "date_time", "time_utc", "utc", "date"),
    "heart_rate_bpm": ("heart_rate", "heart_rate_bpm", "heartrate", "hr", "bpm", "pulse"),
    "speed_mps": ("enhanced_speed", "speed_mps", "speed", "speed_m_s", "velocity", "velocity_smooth"),
    _KMH: ("speed_kmh", "speed_km_h"),
    "altitude_m": ("enhanced_altitude", "altitude_m", "altitude", "elevation_m", "elevation", "ele", "alt"),
    "distance_m": ("distance_m", "distance", "dist"),
    "cadence_rpm": ("cadence_rpm", "cadence", "cad", "run_cadence"),
    "power_w": ("power_w", "power", "watts"),
    "latitude": ("latitude", "lat", "position_lat"),
    "longitude": ("longitude", "lon", "lng", "long", "position_long"),
    "activity": ("activity", "sport", "activity_type", "type"),
    "gender": ("gender", "sex"),
    "temperature": ("temperature",),
}
"""What a column holds, and the names it goes by; of several the first counts."""

_SENSORS = (
    "heart_rate_bpm",
    "speed_mps",
    _KMH,
    "altitude_m",
    "distance_m",
    "cadence_rpm",
    "power_w",
    "latitude",
)
WANTED = (
    "wanted are a time (timestamp) and heart_rate, speed, distance, altitude, cadence, power or latitude "
    "and longitude"
)
"""Which columns a workout has, in words."""

_WRITTEN = r"^\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)\s*(Z|[+-]\d\d:?\d\d)?\s*$"
_SEMICIRCLES = 180 / 2**31


def columns_of(header: str) -> dict[str, str]:
    """What of `_NAMES` a header holds: meaning → the column's name as it is written."""
    names = next(csv.reader([header.strip()], delimiter=_separator(header)), [])
    written = {_plain(name): name for name in reversed(names)}
    return {
        meaning: written[name]
        for meaning, names in _NAMES.items()
        if (name := next((name for name in names if name in written), None)) is not None
    }


def is_workout(header: str) -> bool:
    """Whether a table with this header may be a workout: it has a time and a sensor, or a heart rate."""
    found = columns_of(header)
    return "heart_rate_bpm" in found or (TIME in found and any(name in found for name in _SENSORS[1:]))


def read(path: str, body: bytes) -> list[Reading]:
    """The workout of a table. Raises `Unreadable`."""
    frame, found = _table(body)
    if TIME not in found:
        raise Unreadable(f"no column of the time: {WANTED}", 1, "timestamp")
    if not any(name in found for name in _SENSORS):
        raise Unreadable(f"no column of what was measured: {WANTED}", 1)
    times, notes = _times(path, frame[found[TIME]])
    channels, latitude, longitude = dict[str, Floats](), None, None
    for meaning in (*_SENSORS, "longitude"):
        if meaning in found:
            values, wrong = _numbers(path, meaning, frame[found[meaning]])
            notes += wrong
            if np.isfinite(values).any():
                channels[meaning] = values
    if _KMH in channels:
        channels.setdefault("speed_mps", channels[_KMH] / 3.6)
        del channels[_KMH]
    latitude, longitude = (_degrees(channels.pop(name, None)) for name in ("latitude", "longitude"))
    notes += _no_power(path, channels, frame, found)
    if not np.isfinite(times).any():
        raise Unreadable("no row has a time that can be read", 2, found[TIME])
    activity = activity_of(_first(frame, found.get("activity"))) or activity_in_name(path)
    gender = gender_of(_first(frame, found.get("gender")))
    return [
        Reading(
            path,
            user_of(path),
            "csv",
            activity,
            gender,
            times,
            channels,
            latitude,
            longitude,
            _shortened(path, notes),
        )
    ]


def times_of(body: bytes) -> Floats:
    """The times of a table in seconds since 1970; none where it has no column of them."""
    try:
        frame, found = _table(body)
    except Unreadable:
        return np.array([])
    return _times("", frame[found[TIME]])[0] if TIME in found else np.array([])


def _table(body: bytes) -> tuple[pl.DataFrame, dict[str, str]]:
    header = body.split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    found, separator = columns_of(header), _separator(header)
    if not found:
        raise Unreadable(f"no column that is known: {WANTED}", 1)
    try:
        frame = pl.read_csv(
            io.BytesIO(body),
            infer_schema=False,
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
            separator=separator,
            columns=list(found.values()),
        )
    except pl.exceptions.PolarsError as error:
        raise Unreadable(f"no table can be read: {' '.join(str(error).split())[:200]}", 1) from error
    if frame.is_empty():
        raise Unreadable("a header without rows", 2)
    if separator == ";":
        # Where a semicolon parts the columns, a comma parts the decimals.
        frame = frame.with_columns(pl.all().str.replace(r"^\s*(-?\d+),(\d+)\s*$", "$1.$2"))
    return frame, found


def _separator(header: str) -> str:
    """What parts the columns: a comma, unless a semicolon or a tab is more frequent."""
    return max(",;\t", key=header.count)


def _first(frame: pl.DataFrame, column: str | None) -> str | None:
    """What a column says first."""
    said = None if column is None else frame[column].drop_nulls().first()
    return said if isinstance(said, str) else None


def _plain(name: str) -> str:
    """Heart Rate (bpm) → heart_rate_bpm."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _times(path: str, column: pl.Series) -> tuple[Floats, list[Reject]]:
    """Seconds since 1970, NaN where a row has none that can be read, each such row with its reason."""
    number = column.cast(pl.Float64, strict=False)
    if number.is_not_null().any():
        seconds = number.to_numpy().astype(float)
        seconds = np.where(np.abs(seconds) > 1e11, seconds / 1000, seconds)
    else:
        parts = pl.DataFrame({"said": column}).select(
            day=pl.col("said").str.extract(_WRITTEN, 1),
            clock=pl.col("said").str.extract(_WRITTEN, 2),
            offset=pl.col("said").str.extract(_WRITTEN, 3).str.replace(":", "", literal=True),
        )
        moment = (pl.col("day") + "T" + pl.col("clock")).str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.f", time_unit="ms", strict=False
        )
        hours = pl.col("offset").str.slice(1, 2).cast(pl.Float64, strict=False)
        minutes = pl.col("offset").str.slice(3, 2).cast(pl.Float64, strict=False)
        sign = pl.when(pl.col("offset").str.starts_with("-")).then(-1.0).otherwise(1.0)
        away = (sign * (hours * 3600 + minutes * 60)).fill_null(0.0)
        seconds = (
            parts.select(moment.dt.epoch("ms").cast(pl.Float64) / 1000 - away)
            .to_series()
            .to_numpy()
            .astype(float)
        )
    wrong = np.flatnonzero(~np.isfinite(seconds))
    return seconds, [_cell(path, int(row), "timestamp", column[int(row)], "a time") for row in wrong]


def _numbers(path: str, meaning: str, column: pl.Series) -> tuple[Floats, list[Reject]]:
    """The numbers of a column, NaN where a row has none, and the cells that say something else."""
    numbers = column.cast(pl.Float64, strict=False)
    wrong = (
        numbers.is_null()
        & column.is_not_null()
        & ~column.str.to_lowercase().is_in(["", "nan", "none", "null", "na"])
    ).arg_true()
    values = numbers.to_numpy().astype(float)
    values = np.where(np.isfinite(values), values, np.nan)
    return values, [_cell(path, int(row), meaning, column[int(row)], "a number") for row in wrong]


def _cell(path: str, row: int, meaning: str, said: str | None, wanted: str) -> Reject:
    # The header is row 1, as an editor counts.
    return set_aside(path, row + 2, meaning, f"{said!r} is not {wanted}", (said or "").encode())


def _degrees(values: Floats | None) -> Floats | None:
    """Degrees; FIT's own unit, the semicircle, is told by its size."""
    if values is None:
        return None
    return values * _SEMICIRCLES if np.nanmax(np.abs(values)) > 360 else values


def _no_power(
    path: str, channels: dict[str, Floats], frame: pl.DataFrame, found: dict[str, str]
) -> list[Reject]:
    """Takes away a power that is the temperature's column filled sideways, as some converters leave it."""
    if "power_w" not in channels or "temperature" not in found:
        return []
    temperature, _ = _numbers(path, "temperature", frame[found["temperature"]])
    if not np.array_equal(channels["power_w"], temperature, equal_nan=True):
        return []
    del channels["power_w"]
    return [set_aside(path, None, "power", "repeats the temperature in every row and is not read", b"")]


def _shortened(path: str, notes: list[Reject]) -> list[Reject]:
    """The first of what is wrong, and how much more there is."""
    more = len(notes) - NOTES_KEPT
    if more <= 0:
        return notes
    return [*notes[:NOTES_KEPT], set_aside(path, None, None, f"{more} more cells could not be read", b"")]
