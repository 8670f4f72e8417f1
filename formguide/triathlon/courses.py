"""How fast a course is, as far as its earlier races tell: its level, and its usual warmth.

A race's level is its course's, which wanders as years pass (roads, dates and rules change), and a shock of
the day. What is known of the course on an eve follows from the levels of its earlier races by a scalar
Kalman filter; a new course is one of all courses. The four constants (mean and spread of courses, shock,
drift) are those under which the levels before a date were most likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

YEAR = 365.25
NOT_IN_FULL = 0.3
"""A race so far (in log time) from what its course should be was not held in full; nothing is learnt of
it."""


@dataclass(frozen=True)
class CourseConstants:
    """mean, spread: of the levels of courses; shock: standard deviation of a race about its course; drift:
    that of a course's change in a year; all in log time."""

    mean: float
    spread: float
    shock: float
    drift: float


@dataclass(frozen=True, eq=False)
class RaceLevels:
    """Races that have been, in order of day: course (a code), day known, level (log time beyond what its
    field should have taken), and the variance with which the level is known. gaps (races, classes): how much
    longer athletes of each class of experience take than the model says, as of the end of that day."""

    course: Ints
    day: Ints
    level: Floats
    variance: Floats
    gaps: Floats

    def gaps_before(self, day: Ints) -> Floats:
        """The classes' gaps as the races before each day have shown them, (n, classes); 0 before the
        first."""
        order = np.argsort(self.day, kind="stable")
        states = np.vstack([np.zeros((1, self.gaps.shape[1])), self.gaps[order]])
        found: Floats = states[np.searchsorted(self.day[order], day, side="left")]
        return found


def known_of(
    constants: CourseConstants, past: RaceLevels, course: Ints, day: Ints
) -> tuple[Floats, Floats, Ints]:
    """Mean and variance of the level of a race on each course (−1 for a new one) and eve asked, the shock of
    the day included, and how many earlier races of the course there were. Only races before the day
    count."""
    mean, variance = np.empty(len(course)), np.empty(len(course))
    races = np.zeros(len(course), dtype=np.int64)
    order = np.argsort(past.day, kind="stable")
    seen: dict[tuple[int, int], tuple[float, float, int]] = {}
    for i, key in enumerate(zip(course.tolist(), day.tolist(), strict=True)):
        if key not in seen:
            there = order[(past.course[order] == key[0]) & (past.day[order] < key[1])]
            seen[key] = _walk(constants, past, there, key[1])
        mean[i], variance[i], races[i] = seen[key]
    return mean, variance, races


def _walk(constants: CourseConstants, past: RaceLevels, there: Ints, day: int) -> tuple[float, float, int]:
    m, v = constants.mean, constants.spread**2
    since = None
    for r in there.tolist():
        if since is not None:
            v += constants.drift**2 * (past.day[r] - since) / YEAR
        if abs(past.level[r] - m) > NOT_IN_FULL:
            continue
        gain = v / (v + constants.shock**2 + past.variance[r])
        m, v, since = m + gain * (past.level[r] - m), (1 - gain) * v, past.day[r]
    if since is not None:
        v += constants.drift**2 * (day - since) / YEAR
    return float(m), float(v + constants.shock**2), len(there)


def fit(past: RaceLevels) -> CourseConstants:
    """The constants that fit the levels of some races, with weak priors that a handful of races cannot upset:
    log-normal about 0.05 (spread), 0.03 (shock) and 0.01 (drift), each a factor of 2 wide."""
    from scipy import optimize

    centre = np.log([0.05, 0.03, 0.01])
    order = np.argsort(past.day, kind="stable")
    courses = [order[past.course[order] == c] for c in np.unique(past.course)]
    overall = float(np.mean([np.median(past.level[c]) for c in courses])) if courses else 0.0

    def surprise(theta: Floats) -> float:
        constants = CourseConstants(float(theta[3]), *(float(v) for v in np.exp(theta[:3])))
        total = 0.5 * float((((theta[:3] - centre) / np.log(2)) ** 2).sum())
        for there in courses:
            m, v, since = constants.mean, constants.spread**2, None
            for r in there.tolist():
                if since is not None:
                    v += constants.drift**2 * (past.day[r] - since) / YEAR
                if abs(past.level[r] - m) > NOT_IN_FULL:
                    continue
                s = v + constants.shock**2 + past.variance[r]
                total += 0.5 * (np.log(s) + (past.level[r] - m) ** 2 / s)
                gain = v / s
                m, v, since = m + gain * (past.level[r] - m), (1 - gain) * v, past.day[r]
        return total

    best = optimize.minimize(
        surprise, np.array([*centre, overall]), method="Nelder-Mead", options={"maxfev": 400}
    )
    spread, shock, drift = (float(v) for v in np.exp(best.x[:3]))
    return CourseConstants(float(best.x[3]), spread, shock, drift)


def usual_warmth(past_course: Ints, past_day: Ints, past_max_c: Floats, course: Ints, day: Ints) -> Floats:
    """Mean of the maxima (°C) of a course's races before each day asked; NaN where none is known."""
    found = np.full(len(course), np.nan)
    measured = ~np.isnan(past_max_c)
    seen: dict[tuple[int, int], float] = {}
    for i, key in enumerate(zip(course.tolist(), day.tolist(), strict=True)):
        if key not in seen:
            there = measured & (past_course == key[0]) & (past_day < key[1])
            seen[key] = float(past_max_c[there].mean()) if there.any() else float("nan")
        found[i] = seen[key]
    return found
