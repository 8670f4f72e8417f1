"""A workout as FIT, the format in which watches record: its `record` messages are the points.

Of a file that ends too early, or whose checksum is wrong, what was read up to there is kept, and named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import fitdecode
import numpy as np

from formguide.heartrate.readings import Floats, Reading, Unreadable, activity_of, gender_of, user_of
from formguide.heartrate.tables import OTHER
from formguide.records import set_aside

_EARLIEST = 946684800.0
"""2000-01-01: a device that does not know the date counts from 1989."""

_FIELDS: dict[str, tuple[str, ...]] = {
    "speed_mps": ("enhanced_speed", "speed"),
    "altitude_m": ("enhanced_altitude", "altitude"),
    "distance_m": ("distance",),
    "heart_rate_bpm": ("heart_rate",),
    "cadence_rpm": ("cadence",),
    "power_w": ("power",),
    "latitude": ("position_lat",),
    "longitude": ("position_long",),
}
_SEMICIRCLES = 180 / 2**31


def read(path: str, body: bytes) -> list[Reading]:
    """The workout of a FIT file. Raises `Unreadable`."""
    points: dict[str, list[float]] = {name: [] for name in ("time", *_FIELDS)}
    sports, gender, notes = list[str](), None, []
    try:
        for message in _messages(body):
            if message.name == "record":
                _add(points, message)
            elif message.name == "session":
                sports.append(str(message.get_value("sport", fallback="") or ""))
            elif message.name == "user_profile":
                gender = gender_of(str(message.get_value("gender", fallback="") or ""))
    except fitdecode.FitError as error:
        if not points["time"]:
            raise Unreadable(f"no FIT file can be read: {_one_line(error)}") from error
        said = f"ends too early or is damaged, {len(points['time'])} points were read: {_one_line(error)}"
        notes.append(set_aside(path, len(points["time"]), None, said, b""))
    if not points["time"]:
        raise Unreadable("no record message: there is no point in it")
    found = {activity for sport in sports if (activity := activity_of(sport)) is not None}
    activity = found.pop() if len(found) == 1 else OTHER if found else None
    values = {name: np.array(column) for name, column in points.items()}
    channels = {name: values[name] for name in _FIELDS if np.isfinite(values[name]).any()}
    latitude, longitude = (channels.pop(name, None) for name in ("latitude", "longitude"))
    return [
        Reading(
            path,
            user_of(path),
            "fit",
            activity,
            gender,
            values["time"],
            channels,
            None if latitude is None else latitude * _SEMICIRCLES,
            None if longitude is None else longitude * _SEMICIRCLES,
            notes,
        )
    ]


def first_time(body: bytes) -> Floats:
    """The time of the first point that has a date, seconds since 1970; nothing of the rest is read."""
    try:
        for message in _messages(body):
            if message.name == "record":
                moment = _seconds(message.get_value("timestamp", fallback=None))
                if moment >= _EARLIEST:
                    return np.array([moment])
    except fitdecode.FitError:
        return np.array([])
    return np.array([])


def _messages(body: bytes) -> Iterator[Any]:
    with fitdecode.FitReader(
        body, check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.IGNORE
    ) as frames:
        for frame in frames:
            if frame.frame_type == fitdecode.FIT_FRAME_DATA:
                yield frame


def _add(points: dict[str, list[float]], message: Any) -> None:
    said = {field.name: field.value for field in message.fields}
    points["time"].append(_seconds(said.get("timestamp")))
    for name, fields in _FIELDS.items():
        value = next((said[f] for f in fields if isinstance(said.get(f), int | float)), np.nan)
        points[name].append(float(value))
    fraction = said.get("fractional_cadence")
    if isinstance(fraction, int | float):
        points["cadence_rpm"][-1] += float(fraction)


def _seconds(moment: object) -> float:
    """Seconds since 1970; NaN where a device does not know the date and counts from when it woke."""
    return moment.timestamp() if isinstance(moment, datetime) else np.nan


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
