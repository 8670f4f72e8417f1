"""Workouts as the lines of a FitRec file: one object a line, as JSON or as Python writes a dict, an array per
sensor.

J. Ni, L. Muhlstein, J. McAuley, "Modeling Heart Rate and Activity Data for Personalized Fitness
Recommendation", WWW 2019: Endomondo's workouts of 500 points; timestamps in seconds since 1970, speed in km/h
where the device gave one, altitude in metres, latitude and longitude in degrees.

A line needs a user and times. Of a sensor, what is no number is set aside, or all of it where its length is
not that of the times: no sensor, least of all the heart rate, decides whether a workout counts.
"""

from __future__ import annotations

import ast
import json
from typing import Any

import numpy as np

from formguide.heartrate.readings import NOTES_KEPT, Floats, Reading, Unreadable, activity_of, gender_of
from formguide.records import Reject, set_aside

_ARRAYS = {
    "heart_rate": "heart_rate_bpm",
    "altitude": "altitude_m",
    "speed": "speed_mps",
    "distance": "distance_m",
    "cadence": "cadence_rpm",
    "power": "power_w",
    "latitude": "latitude",
    "longitude": "longitude",
}
_KMH = 3.6
USER = "endomondo-{}"
"""The id of a user, from the site's number."""


def read_line(path: str, line: bytes) -> Reading:
    """The workout of a line; path: the file and the line. Raises `Unreadable`."""
    said = parsed(line)
    user = said.get("userId")
    if not isinstance(user, int | str):
        raise Unreadable("is missing", field="userId")
    times, notes = _array(path, said, "timestamp")
    if notes:
        raise Unreadable(notes[0].reason, notes[0].row, "timestamp")
    if times is None:
        raise Unreadable("is missing", field="timestamp")
    channels = {}
    for name, channel in _ARRAYS.items():
        values, wrong = _array(path, said, name)
        if values is not None and len(values) != len(times):
            reason = f"has {len(values)} values for {len(times)} timestamps"
            values, wrong = None, [set_aside(path, None, name, reason, b"")]
        notes += wrong
        if values is not None and np.isfinite(values).any():
            channels[channel] = values
    if "speed_mps" in channels:
        channels["speed_mps"] = channels["speed_mps"] / _KMH
    latitude, longitude = channels.pop("latitude", None), channels.pop("longitude", None)
    return Reading(
        path,
        USER.format(user),
        "fitrec",
        activity_of(_text(said.get("sport"))),
        gender_of(_text(said.get("gender"))),
        times,
        channels,
        latitude,
        longitude,
        notes,
    )


def parsed(line: bytes) -> dict[str, Any]:
    """The object of a line. Nothing is ever evaluated: what is no JSON is taken as a literal of Python, or
    refused. Raises `Unreadable`."""
    try:
        text = line.decode()
        said = _as_json(text)
        if said is None:
            said = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise Unreadable(f"neither JSON nor a Python dict: {' '.join(str(error).split())[:120]}") from error
    if not isinstance(said, dict):
        raise Unreadable(f"a {type(said).__name__} where an object was expected")
    return said


def _as_json(text: str) -> Any:
    """A line as JSON, if it is some; a dict whose texts are all in single quotes and hold no others becomes
    JSON by changing the quotes, which is twenty times faster than reading it as Python."""
    plain = '"' not in text and "\\" not in text
    try:
        return json.loads(text.replace("'", '"') if plain else text)
    except json.JSONDecodeError:
        return None


def _array(path: str, said: dict[str, Any], name: str) -> tuple[Floats | None, list[Reject]]:
    """An array of numbers, NaN for what is null or no number, None where there is none; and what of it is set
    aside, by its place (from 1)."""
    values = said.get(name)
    if values is None or values == []:
        return None, []
    if not isinstance(values, list):
        return None, [set_aside(path, None, name, f"{str(values)[:40]!r} is not an array", b"")]
    notes: list[Reject] = []
    try:
        found = np.array(values, dtype=float)
    except (ValueError, TypeError, OverflowError):
        found = np.empty(0)
    if found.shape != (len(values),):
        found = np.full(len(values), np.nan)
        for place, value in enumerate(values):
            try:
                found[place] = np.nan if value is None else float(value)
            except (ValueError, TypeError, OverflowError):
                written = repr(value)[:60]
                reason = f"{written} is not a number"
                notes.append(set_aside(path, place + 1, name, reason, written.encode()))
    if (more := len(notes) - NOTES_KEPT) > 0:
        notes[NOTES_KEPT:] = [set_aside(path, None, name, f"{more} more could not be read", b"")]
    return np.where(np.isfinite(found), found, np.nan), notes


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
