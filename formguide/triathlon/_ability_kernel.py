"""Compiled core of `ability`: one pass over the days, forecasts before results."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEATURES = 8
MEAN, VARIANCE, SAME, OTHER, LAG, LAST, BEST, OTHER_LAST = range(FEATURES)
YEAR = 365.25
MOST_YEARS = 6.0
"""A longer pause adds no more doubt."""
ROBUST = 2.5
"""A result further off than so many standard deviations teaches as much as one that is just so far off."""


@numba.njit(cache=True, error_model="numpy")
def walk(
    day: Ints,
    race: Ints,
    athlete: Ints,
    distance: Ints,
    relative: Floats,
    asked_day: Ints,
    asked_athlete: Ints,
    asked_distance: Ints,
    athletes: int,
    races: int,
    prior: Floats,
    drift: float,
    noise: Floats,
) -> tuple[Floats, Floats, Floats]:
    """What was known of athletes on the days asked, the level of each race, and what each result said.

    day … relative: results in order of day and race; relative is the log time less what is usual at the age.
    asked_…: questions in order of day; they see the results of earlier days. prior: variances of an unknown
    athlete's ability at the two distances, and their covariance; drift: share of it that a year adds; noise:
    variance of one result at each distance. Returns (questions, FEATURES), (races,), and (results, 2): each
    result's surprise and its variance, as foreseen before its day.
    """
    questions = len(asked_day)
    found = np.zeros((questions, FEATURES))
    levels = np.full(races, np.nan)
    surprise = np.zeros((len(day), 2))
    mean = np.zeros((athletes, 2))
    var = np.empty((athletes, 3))
    var[:, 0], var[:, 1], var[:, 2] = prior[0], prior[1], prior[2]
    last_day = np.full(athletes, -1, dtype=np.int64)
    count = np.zeros((athletes, 2), dtype=np.int64)
    last = np.zeros((athletes, 2))
    best = np.zeros((athletes, 2))
    i, asked, n = 0, 0, len(day)
    while i <= n:
        # Questions of this day come before its results.
        today = day[i] if i < n else np.int64(1 << 40)
        while asked < questions and asked_day[asked] <= today:
            a, k = asked_athlete[asked], asked_distance[asked]
            row = found[asked]
            row[LAG] = -1.0
            if a < 0:
                row[VARIANCE] = prior[k]
            else:
                added = 0.0
                if last_day[a] >= 0:
                    row[LAG] = (asked_day[asked] - last_day[a]) / YEAR
                    added = drift * min(row[LAG], MOST_YEARS) * prior[k]
                row[MEAN] = mean[a, k]
                row[VARIANCE] = var[a, k] + added
                row[SAME], row[OTHER] = count[a, k], count[a, 1 - k]
                row[LAST], row[BEST], row[OTHER_LAST] = last[a, k], best[a, k], last[a, 1 - k]
            asked += 1
        if i >= n:
            break
        end = i
        while end < n and day[end] == today:
            end += 1
        # What was expected of everybody before any result of the day.
        for t in range(i, end):
            a, k = athlete[t], distance[t]
            added = 0.0
            if last_day[a] >= 0:
                added = drift * min((today - last_day[a]) / YEAR, MOST_YEARS) * prior[k]
            surprise[t, 0] = relative[t] - mean[a, k]
            surprise[t, 1] = var[a, k] + added + noise[k]
        start = i
        while start < end:
            stop = start
            while stop < end and race[stop] == race[start]:
                stop += 1
            level = 0.0
            for turn in range(3):
                top, bottom = 0.0, 0.0
                for t in range(start, stop):
                    weight = 1.0 / surprise[t, 1]
                    if turn > 0:
                        z = abs(surprise[t, 0] - level) * np.sqrt(weight)
                        if z > ROBUST:
                            weight *= ROBUST / z
                    top += weight * surprise[t, 0]
                    bottom += weight
                level = top / bottom
            levels[race[start]] = level
            for t in range(start, stop):
                surprise[t, 0] -= level
            start = stop
        for t in range(i, end):
            a, k = athlete[t], distance[t]
            added = 0.0
            if last_day[a] >= 0:
                added = drift * min((today - last_day[a]) / YEAR, MOST_YEARS)
            v0, v1 = var[a, 0] + added * prior[0], var[a, 1] + added * prior[1]
            cov = var[a, 2] + added * prior[2]
            own = v0 if k == 0 else v1
            total = own + noise[k]
            z = abs(surprise[t, 0]) / np.sqrt(total)
            heard = 1.0 if z <= ROBUST else ROBUST / z
            gain0 = (v0 if k == 0 else cov) / total
            gain1 = (cov if k == 0 else v1) / total
            # A second result of the day starts from what the first one left.
            mean[a, 0] += gain0 * surprise[t, 0] * heard
            mean[a, 1] += gain1 * surprise[t, 0] * heard
            with_first = v0 if k == 0 else cov
            with_second = cov if k == 0 else v1
            var[a, 0] = v0 - gain0 * with_first
            var[a, 1] = v1 - gain1 * with_second
            var[a, 2] = cov - gain0 * with_second
            performance = relative[t] - levels[race[t]]
            best[a, k] = performance if count[a, k] == 0 else min(best[a, k], performance)
            last[a, k] = performance
            count[a, k] += 1
            last_day[a] = today
        i = end
    return found, levels, surprise
