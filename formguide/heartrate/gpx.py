"""Workouts as GPX: each track is one, with heart rate, cadence and power in the extensions that Garmin and
others put into a point."""

from __future__ import annotations

from typing import Any

import numpy as np

from formguide.heartrate.clock import haversine_m
from formguide.heartrate.readings import Floats, Reading, Unreadable, activity_in_name, activity_of
from formguide.heartrate.xml_files import TIME, Points, local_name, number, tree

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

_ROUTE = "it is a route, no workout; formguide forecast heartrate can be asked about it"


def read(path: str, body: bytes) -> list[Reading]:
    """The workouts of a GPX file. Raises `Unreadable`."""
    root = tree(body)
    tracks = [track for track in root if local_name(track.tag) == "trk"]
    found = [track for track in tracks if any(local_name(element.tag) == "trkpt" for element in track.iter())]
    if not found:
        if any(local_name(element.tag) == "rtept" for element in root.iter()):
            raise Unreadable(f"no track has a point in it: {_ROUTE}")
        raise Unreadable("no track has a point in it: a route is no workout")
    if not any(_timed(track) for track in found):
        raise Unreadable(f"no point has a time: {_ROUTE}")
    return [
        _reading(path if len(found) == 1 else f"{path}:{number}", track)
        for number, track in enumerate(found, start=1)
    ]


def route_points(body: bytes) -> tuple[Floats, Floats] | None:
    """A planned way: metres since its start and altitude at each point (n,), of a file no point of which has
    a time; None if one has, since then it is a workout. Altitude is 0 throughout where none is given.

    Raises `Unreadable` where there is no point with coordinates.
    """
    points = [point for point in tree(body).iter() if local_name(point.tag) in ("trkpt", "rtept")]
    if any(local_name(element.tag) == "time" for point in points for element in point):
        return None
    rows = [(number(point.get("lat")), number(point.get("lon")), _elevation(point)) for point in points]
    known = np.array([row for row in rows if row[0] is not None and row[1] is not None], dtype=float)
    if len(known) < 2:
        raise Unreadable("no way of two points or more is in it")
    way = np.concatenate([[0.0], np.cumsum(haversine_m(known[:, 0], known[:, 1]))])
    there = np.isfinite(known[:, 2])
    altitude = np.interp(way, way[there], known[there, 2]) if there.any() else np.zeros(len(way))
    return way, altitude


def _timed(track: Any) -> bool:
    """Whether a point of a track says anything of a time, and be it one that cannot be read."""
    points = (point for point in track.iter() if local_name(point.tag) == "trkpt")
    return any(local_name(element.tag) == "time" for point in points for element in point.iter())


def _elevation(point: Any) -> float | None:
    return next((number(e.text) for e in point if local_name(e.tag) == "ele"), None)


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
