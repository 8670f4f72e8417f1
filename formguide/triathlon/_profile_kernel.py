"""One pass over every athlete's starts: what was known of the athlete on the eve of each.

A row's answer is the state before the row's own day. A race without a date may have been on any day of its
year, so its rows are answered as of New Year's Day, and count from the year's last day on.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

STARTS, DNFS, RACES, LAST_DAY = 0, 1, 2, 3
REL_SUM, REL_SQUARES, REL_EWM, REL_LAST, REL_BEST = 4, 5, 6, 7, 8
T_SUM, T_SQUARES, T_REL = 9, 10, 11
SHARES_N, SHARE_SWIM, SHARE_BIKE, SHARE_RUN = 12, 13, 14, 15
OF_DISTANCE = 16
"""From here on, for each distance: races, best total, last total, sum and sum of squares of totals, and the
shares of swim, bike and run in the best race."""
D_RACES, D_BEST, D_LAST, D_SUM, D_SQUARES, D_SWIM, D_BIKE, D_RUN = range(8)
PER_DISTANCE = 8
STATE = OF_DISTANCE + 2 * PER_DISTANCE

DAY, NEW_YEAR, YEAR, DISTANCE, DATED, COUNTS, DID_NOT_FINISH, STARTED = range(8)
TOTAL, RELATIVE, SHARES, RELATIVE_SHARES = 0, 1, 2, 5
"""Columns of a start's whole numbers and of its measures: side by side, as one athlete's rows lie apart."""

ANSWERS = 20
DAYS_PER_YEAR = 365.25

_SAME_SEASON = 0.02
"""Years squared: results that lie within some weeks say nothing of a trend over years."""


@numba.njit(cache=True, error_model="numpy")
def number_alike(keys: Any) -> tuple[Any, Any]:
    """A number from 0 for each of some uint64 keys (n,), the same for the same, and the row where each number
    was given first. The keys must be hashes: their low bits are where they are looked up."""
    size = 2
    while size < 2 * keys.shape[0]:
        size *= 2
    place = np.full(size, -1, np.int64)
    number = np.empty(keys.shape[0], np.int64)
    first = np.empty(keys.shape[0], np.int64)
    last = np.uint64(size - 1)
    given = 0
    for i in range(keys.shape[0]):
        at = keys[i] & last
        while place[at] >= 0 and keys[first[place[at]]] != keys[i]:
            at = (at + np.uint64(1)) & last
        if place[at] < 0:
            place[at] = given
            first[given] = i
            given += 1
        number[i] = place[at]
    return number, first[:given]


@numba.njit(cache=True, error_model="numpy")
def order_by_athlete(athlete: Any, athletes: int) -> tuple[Any, Any]:
    """The rows of each athlete together, each athlete's in their order: row numbers, and where each athlete
    begins."""
    start = np.zeros(athletes + 1, np.int64)
    for code in athlete:
        start[code + 1] += 1
    for a in range(athletes):
        start[a + 1] += start[a]
    filled = start[:-1].copy()
    rows = np.empty(athlete.shape[0], np.int64)
    for i in range(athlete.shape[0]):
        a = athlete[i]
        rows[filled[a]] = i
        filled[a] += 1
    return rows, start


@numba.njit(cache=True, error_model="numpy")
def eve_profiles(
    rows: Any,
    start: Any,
    whole: Any,
    measures: Any,
    ewm_weight: float,
) -> Any:
    """float64 (ANSWERS, n), NaN where nothing is known yet; what they are is named in `profiles`.

    rows, start: from `order_by_athlete`, days not decreasing. whole: int32 (n, 8), day since 1970 as of which
    a row counts, first day of its year, year, distance (0, 1, or −1 for another), and whether it has a date,
    is a finish that is learnt from, came to no finish, was a start. measures: float64 (n, 8), seconds, log
    total against the field's, shares of the total (three, NaN unknown), the same against the field's (three).
    ewm_weight: of the newest result.
    """
    out = np.empty((rows.shape[0], ANSWERS))
    now = np.zeros(STATE)
    january = np.zeros(STATE)
    for a in range(start.shape[0] - 1):
        if start[a] == start[a + 1]:
            continue
        _forget(now)
        this_year = -1
        i = start[a]
        every_race_dated = True
        for k in range(i, start[a + 1]):
            every_race_dated = every_race_dated and whole[rows[k], DATED] != 0
        while i < start[a + 1]:
            j = i
            while j < start[a + 1] and whole[rows[j], DAY] == whole[rows[i], DAY]:
                j += 1
            if not every_race_dated and whole[rows[i], YEAR] != this_year:
                this_year = whole[rows[i], YEAR]
                january[:] = now
            for k in range(i, j):
                r = rows[k]
                if whole[r, DATED]:
                    _answer(out[r], now, whole[r, DAY], whole[r, DISTANCE])
                else:
                    _answer(out[r], january, whole[r, NEW_YEAR], whole[r, DISTANCE])
            for k in range(i, j):
                r = rows[k]
                if whole[r, STARTED]:
                    now[STARTS] += 1
                if whole[r, DID_NOT_FINISH]:
                    now[DNFS] += 1
                if whole[r, COUNTS]:
                    _count(now, whole[r, DAY], whole[r, DISTANCE], measures[r], ewm_weight)
            i = j
    by_answer = np.empty((ANSWERS, out.shape[0]))
    for r in range(out.shape[0]):
        for k in range(ANSWERS):
            by_answer[k, r] = out[r, k]
    return by_answer


@numba.njit(cache=True, error_model="numpy")
def _forget(state: Any) -> None:
    state[:] = 0.0
    state[REL_BEST] = np.inf
    for d in range(2):
        state[OF_DISTANCE + d * PER_DISTANCE + D_BEST] = np.inf
        for share in (D_SWIM, D_BIKE, D_RUN):
            state[OF_DISTANCE + d * PER_DISTANCE + share] = np.nan


@numba.njit(cache=True, error_model="numpy")
def _count(state: Any, day: int, distance: int, measures: Any, ewm_weight: float) -> None:
    """Adds one finish."""
    years = day / DAYS_PER_YEAR
    total, relative = measures[TOTAL], measures[RELATIVE]
    if state[RACES] == 0:
        state[REL_EWM] = relative
    else:
        state[REL_EWM] += ewm_weight * (relative - state[REL_EWM])
    state[RACES] += 1
    state[LAST_DAY] = day
    state[REL_SUM] += relative
    state[REL_SQUARES] += relative * relative
    state[REL_LAST] = relative
    state[REL_BEST] = min(state[REL_BEST], relative)
    state[T_SUM] += years
    state[T_SQUARES] += years * years
    state[T_REL] += years * relative
    if not np.isnan(measures[RELATIVE_SHARES]):
        state[SHARES_N] += 1
        for leg in range(3):
            state[SHARE_SWIM + leg] += measures[RELATIVE_SHARES + leg]
    if distance >= 0:
        of = state[OF_DISTANCE + distance * PER_DISTANCE : OF_DISTANCE + (distance + 1) * PER_DISTANCE]
        of[D_RACES] += 1
        of[D_LAST] = total
        of[D_SUM] += total
        of[D_SQUARES] += total * total
        if total < of[D_BEST]:
            of[D_BEST] = total
            for leg in range(3):
                of[D_SWIM + leg] = measures[SHARES + leg]


@numba.njit(cache=True, error_model="numpy")
def _answer(out: Any, state: Any, day: int, distance: int) -> None:
    """What the state says as of a day, for a race of a distance."""
    out[:] = np.nan
    n = state[RACES]
    out[0] = state[STARTS]
    out[1] = state[DNFS]
    out[2] = n
    out[3] = 0.0
    if n > 0:
        mean = state[REL_SUM] / n
        out[4] = day - state[LAST_DAY]
        out[5] = mean
        out[6] = state[REL_EWM]
        out[7] = state[REL_LAST]
        out[8] = state[REL_BEST]
        if n > 1:
            out[9] = np.sqrt(max(state[REL_SQUARES] - n * mean * mean, 0.0) / (n - 1))
            spread = state[T_SQUARES] - state[T_SUM] * state[T_SUM] / n
            if spread > _SAME_SEASON:
                out[10] = (state[T_REL] - state[T_SUM] * mean) / spread
    if state[SHARES_N] > 0:
        for leg in range(3):
            out[11 + leg] = state[SHARE_SWIM + leg] / state[SHARES_N]
    if distance >= 0:
        of = state[OF_DISTANCE + distance * PER_DISTANCE : OF_DISTANCE + (distance + 1) * PER_DISTANCE]
        out[3] = of[D_RACES]
        if of[D_RACES] > 0:
            out[14] = of[D_BEST]
            out[15] = of[D_LAST]
            for leg in range(3):
                out[17 + leg] = of[D_SWIM + leg]
        if of[D_RACES] > 1:
            mean = of[D_SUM] / of[D_RACES]
            out[16] = np.sqrt(max(of[D_SQUARES] / of[D_RACES] - mean * mean, 0.0)) / mean
