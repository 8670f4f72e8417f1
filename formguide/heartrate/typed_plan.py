"""A run as somebody would jot it down, stretch by stretch, as speed and altitude of every second.

10 min 6:30             ten minutes at 6:30 a kilometre
2 km 5:10 up 3 %        two kilometres, uphill
400 m 4:00
90 s rest               standing
"""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np

from formguide.heartrate.sequences import Floats, Inputs
from formguide.heartrate.tables import RUN

EXAMPLE = "10 min 6:30\n1 km 5:00\n3 min 7:00\n1 km 5:00 up 3 %\n10 min 6:30"
MOST_MINUTES = 600
QUICKEST_SEC, SLOWEST_SEC = 120, 1800
STEEPEST = 0.45

_SECONDS, _METRES = {"s": 1.0, "min": 60.0, "h": 3600.0}, {"m": 1.0, "km": 1000.0}
_LINE = re.compile(
    r"(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>min|km|m|s|h)"
    r"\s+(?:(?P<min>\d{1,2}):(?P<sec>[0-5]\d)(?:\s*(?:/|min/)?\s*km)?|(?P<rest>rest))"
    r"(?:\s+(?P<way>up|down)\s+(?P<grade>\d+(?:\.\d+)?)\s*%)?",
    re.IGNORECASE,
)


class PlanError(ValueError):
    """A typed plan cannot be read; the message is one line that names the line."""


def read_plan(text: str) -> tuple[Floats, Floats]:
    """Speed (m/s) and altitude (m) at every second of a plan, a line a stretch. Raises PlanError."""
    speeds, climbs = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            seconds, speed, grade = _stretch(line.strip(), f"line {number}")
            speeds.append(np.full(seconds, speed))
            climbs.append(np.full(seconds, speed * grade))
            if sum(map(len, speeds)) > 60 * MOST_MINUTES:
                raise PlanError(f"the plan takes longer than {MOST_MINUTES} minutes")
    if not sum(map(len, speeds)):
        raise PlanError("the plan is empty")
    climb = np.concatenate(climbs)
    return np.concatenate(speeds), np.cumsum(climb) - climb[0]


def inputs_of(text: str) -> Inputs:
    """The same as a run that is to come. Raises PlanError."""
    speed, altitude = read_plan(text)
    clock = np.arange(float(len(speed)))
    return Inputs("plan", "plan", RUN, None, datetime(2000, 1, 1), clock, speed, altitude)


def _stretch(line: str, where: str) -> tuple[int, float, float]:
    """Seconds, speed and grade of one line."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise PlanError(f"{where}: {line!r} is not like '10 min 5:30', '2 km 5:10 up 3 %' or '90 s rest'")
    amount, unit = float(found["amount"]), found["unit"].lower()
    pace = 0 if found["rest"] else 60 * int(found["min"]) + int(found["sec"])
    if (pace and not QUICKEST_SEC <= pace <= SLOWEST_SEC) or (not pace and not found["rest"]):
        raise PlanError(f"{where}: {found['min']}:{found['sec']} a kilometre is not a runner's pace")
    if unit in _METRES and not pace:
        raise PlanError(
            f"{where}: nobody covers {found['amount']} {unit} at rest: say how long, as '1 min rest'"
        )
    grade = float(found["grade"] or 0) / 100 * (-1 if (found["way"] or "").lower() == "down" else 1)
    if abs(grade) > STEEPEST:
        raise PlanError(f"{where}: nobody runs over a grade of {found['grade']} %")
    seconds = amount * _METRES[unit] * pace / 1000 if unit in _METRES else amount * _SECONDS[unit]
    if seconds > 60 * MOST_MINUTES:
        raise PlanError(f"{where}: it takes longer than {MOST_MINUTES} minutes")
    return round(seconds), 1000 / pace if pace else 0.0, grade
