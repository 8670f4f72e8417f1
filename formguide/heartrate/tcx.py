"""Workouts as TCX (Garmin's Training Center): each activity is one, with speed, watts and running cadence in
the activity extension of a track point. The calories of its laps are not read."""

from __future__ import annotations

from typing import Any

from formguide.heartrate.readings import Reading, Unreadable, activity_in_name, activity_of
from formguide.heartrate.xml_files import TIME, Points, local_name, tree

_FIELDS = {
    "Time": TIME,
    "LatitudeDegrees": "latitude",
    "LongitudeDegrees": "longitude",
    "AltitudeMeters": "altitude_m",
    "DistanceMeters": "distance_m",
    "Cadence": "cadence_rpm",
    "RunCadence": "cadence_rpm",
    "Speed": "speed_mps",
    "Watts": "power_w",
}


def read(path: str, body: bytes) -> list[Reading]:
    """The workouts of a TCX file. Raises `Unreadable`."""
    found = [
        (activity, points)
        for activity in tree(body).iter()
        if local_name(activity.tag) == "Activity"
        and (points := [point for point in activity.iter() if local_name(point.tag) == "Trackpoint"])
    ]
    if not found:
        raise Unreadable("no activity has a track point in it: a course is no workout")
    return [
        _reading(path if len(found) == 1 else f"{path}:{number}", activity.get("Sport"), points)
        for number, (activity, points) in enumerate(found, start=1)
    ]


def _reading(path: str, sport: str | None, elements: list[Any]) -> Reading:
    points = Points(path)
    for point in elements:
        points.begin()
        for element in point.iter():
            name = local_name(element.tag)
            if name == "HeartRateBpm":
                for value in element:
                    points.take("heart_rate_bpm", name, value.text)
            elif name in _FIELDS:
                points.take(_FIELDS[name], name, element.text)
    # "Other" is what Garmin writes for whatever is neither running nor biking: the speed says more.
    said = None if sport == "Other" else sport
    return points.reading("tcx", activity_of(said) or activity_in_name(path))
