"""Workouts as GPX: each track is one, with heart rate, cadence and power in the extensions that Garmin and
others put into a point."""

from __future__ import annotations

from typing import Any

from formguide.heartrate.readings import Reading, Unreadable, activity_in_name, activity_of
from formguide.heartrate.xml_files import TIME, Points, local_name, tree

_FIELDS = {
    "time": TIME,
    "ele": "altitude_m",
    "hr": "heart_rate_bpm",
    "heartrate": "heart_rate_bpm",
    "heart_rate": "heart_rate_bpm",
    "cad": "cadence_rpm",
    "cadence": "cadence_rpm",
    "runcadence": "cadence_rpm",
    "power": "power_w",
    "watts": "power_w",
    "powerinwatts": "power_w",
    "speed": "speed_mps",
    "distance": "distance_m",
}
"""What an element of a point holds, by its name without the namespace, in lower case."""


def read(path: str, body: bytes) -> list[Reading]:
    """The workouts of a GPX file. Raises `Unreadable`."""
    tracks = [track for track in tree(body) if local_name(track.tag) == "trk"]
    found = [track for track in tracks if any(local_name(element.tag) == "trkpt" for element in track.iter())]
    if not found:
        raise Unreadable("no track has a point in it: a route is no workout")
    return [
        _reading(path if len(found) == 1 else f"{path}:{number}", track)
        for number, track in enumerate(found, start=1)
    ]


def _reading(path: str, track: Any) -> Reading:
    points, kind = Points(path), None
    for element in track:
        name = local_name(element.tag)
        if name == "type":
            kind = element.text
        elif name == "trkseg":
            for point in element:
                if local_name(point.tag) == "trkpt":
                    _take(points, point)
    return points.reading("gpx", activity_of(kind) or activity_in_name(path))


def _take(points: Points, point: Any) -> None:
    points.begin()
    points.take("latitude", "lat", point.get("lat"))
    points.take("longitude", "lon", point.get("lon"))
    for element in point.iter():
        name = local_name(element.tag)
        channel = _FIELDS.get(name.lower())
        if channel is not None:
            points.take(channel, name, element.text)
