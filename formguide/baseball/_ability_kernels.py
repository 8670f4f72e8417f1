"""One pass over the plate appearances in date order: decayed counts of every player, park and team.

All rows of a day are answered from what earlier days left behind before any of that day is counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

SPEED_BIN_MPH, SPEED_BINS = 4.0, 32
ANGLE_BIN_DEG, ANGLE_BINS = 6.0, 31
_GRID_PRIOR = 25.0


def decayed_counts(
    day: Any, entity: Any, counted: Any, entities: int, counts: Any, half_life_days: float
) -> Any:
    """Each row's entity's counts before that row's day, an older day weighing half per half-life.

    day: int64 (n), not decreasing; entity: int64 (n), −1 for none; counted: bool (n), rows that are only
    asked about are not; counts: float64 (n, m). Returns float64 (n, m).
    """
    # One type of array each: what polars lends may not be written to, and would be compiled for anew.
    day, entity = np.require(day, np.int64, ("C", "W")), np.require(entity, np.int64, ("C", "W"))
    counted, counts = np.require(counted, np.bool_, ("C", "W")), np.require(counts, np.float64, ("C", "W"))
    return _decayed_counts(day, entity, counted, entities, counts, half_life_days)


@njit(cache=True)
def _decayed_counts(
    day: Any, entity: Any, counted: Any, entities: int, counts: Any, half_life_days: float
) -> Any:
    rows, width = counts.shape
    held = np.zeros((entities, width))
    last = np.full(entities, -1, dtype=np.int64)
    found = np.zeros((rows, width))
    start = 0
    while start < rows:
        stop = start
        while stop < rows and day[stop] == day[start]:
            stop += 1
        for i in range(start, stop):
            e = entity[i]
            if e >= 0 and last[e] >= 0:
                weight = 0.5 ** ((day[start] - last[e]) / half_life_days)
                for j in range(width):
                    found[i, j] = held[e, j] * weight
        for i in range(start, stop):
            e = entity[i]
            if e < 0 or not counted[i]:
                continue
            if last[e] != day[start]:
                if last[e] >= 0:
                    weight = 0.5 ** ((day[start] - last[e]) / half_life_days)
                    for j in range(width):
                        held[e, j] *= weight
                last[e] = day[start]
            for j in range(width):
                held[e, j] += counts[i, j]
        start = stop
    return found


@njit(cache=True)
def expected_hits(day: Any, speed_mph: Any, angle_deg: Any, hit: Any) -> Any:
    """What a batted ball of that speed and angle had been worth before its day, in hits; NaN where one of
    them was not measured.

    A grid of hits and balls that grows day by day, each cell shrunk towards the grid's mean.
    """
    rows = len(day)
    balls = np.zeros((SPEED_BINS, ANGLE_BINS))
    hits = np.zeros((SPEED_BINS, ANGLE_BINS))
    all_balls, all_hits = 3.0, 1.0
    worth = np.full(rows, np.nan)
    start = 0
    while start < rows:
        stop = start
        while stop < rows and day[stop] == day[start]:
            stop += 1
        mean = all_hits / all_balls
        for i in range(start, stop):
            if np.isnan(speed_mph[i]) or np.isnan(angle_deg[i]):
                continue
            s, a = _cell(speed_mph[i], angle_deg[i])
            worth[i] = (hits[s, a] + _GRID_PRIOR * mean) / (balls[s, a] + _GRID_PRIOR)
        for i in range(start, stop):
            if np.isnan(speed_mph[i]) or np.isnan(angle_deg[i]):
                continue
            s, a = _cell(speed_mph[i], angle_deg[i])
            balls[s, a] += 1.0
            all_balls += 1.0
            if hit[i]:
                hits[s, a] += 1.0
                all_hits += 1.0
        start = stop
    return worth


@njit(cache=True)
def _cell(speed_mph: float, angle_deg: float) -> Any:
    s = int(speed_mph / SPEED_BIN_MPH)
    a = int((angle_deg + 90.0) / ANGLE_BIN_DEG)
    return min(max(s, 0), SPEED_BINS - 1), min(max(a, 0), ANGLE_BINS - 1)
