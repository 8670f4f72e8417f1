"""What was known of a player after each of their game-dates: rolling means, careers, pitch types.

A rolling feature is a mean of per-date rates over a player's last N game-dates: the difference of two running
sums. Sums in floating point would collect rounding errors, and a feature would depend on dates long gone. So
rates are held as whole multiples of 2⁻⁴⁰, and the sums are exact (a running sum that overflows wraps around,
and its differences stay exact): a feature is a function of its window and of nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from formguide.baseball._feature_columns import Column
from formguide.baseball._feature_kernels import GameDates, entropies, sums

SCALE = 2.0**40
"""A rate is held as a whole number of 1/SCALE: rounding moves it by less than 5e-13."""

LARGEST = 2.0**17
"""A per-date mean beyond this, in whatever unit, is no reading: thirty of them must fit into a sum."""


class Rate(NamedTuple):
    """A rate of each game-date, in whole numbers of 1/SCALE, 0 where there is none, and where there is one.
    Both are running sums, from a 0 in front."""

    running: np.ndarray
    dated: np.ndarray


def rate(dates: GameDates, above: Column, below: Column | None) -> Rate:
    """What is above over what is below the line, both summed over a date; below: None for the number of
    those above."""
    total, count = daily(dates, above)
    if below is not None:
        count, _ = daily(dates, below)
    there = (count > 0.0) & (np.abs(total) <= LARGEST * count)
    whole = np.zeros(total.size, np.int64)
    whole[there] = np.floor(total[there] / count[there] * SCALE + 0.5).astype(np.int64)
    return Rate(running(whole), running(there))


def daily(dates: GameDates, column: Column) -> tuple[np.ndarray, np.ndarray]:
    """The sum of a column's values on each game-date, and how many there are."""
    if column.values.size == 0:
        return np.zeros(dates.day.size), np.zeros(dates.day.size)
    return sums(dates.of_row, column.values, column.valid, column.shift, dates.day.size)


def kinds(dates: GameDates, code: np.ndarray, several: int) -> np.ndarray:
    """How many of each kind (codes from 0, negative for none) a game-date has."""
    n = dates.day.size
    place = np.where(code < 0, n * several, dates.of_row.astype(np.int64) * several + code)
    return np.bincount(place, minlength=n * several)[: n * several].reshape(n, several)


def rolling_mean(dates: GameDates, rate: Rate, window: int, least: int) -> np.ndarray:
    """The mean of the rates of each game-date and of those before it, `window` in all; NaN where fewer than
    `least` have one."""
    count = over_last(dates, rate.dated, window)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = over_last(dates, rate.running, window) / (count * SCALE)
    mean[count < least] = np.nan
    return np.asarray(mean)


def share(dates: GameDates, above: np.ndarray, below: np.ndarray, least: int) -> np.ndarray:
    """What is above over what is below, both of each game-date, over a player's dates so far; NaN where less
    than `least` is below."""
    among = over_last(dates, running(below))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = over_last(dates, running(above)) / among
    found[among < least] = np.nan
    return np.asarray(found)


def entropy(dates: GameDates, counts: np.ndarray, window: int, least: int) -> np.ndarray:
    """Entropy in bits of the pitch types (a column each) of the last `window` game-dates; NaN where fewer
    than `least` of them have a pitch."""
    found = entropies(over_last(dates, running(counts), window))
    found[over_last(dates, running(np.any(counts, axis=1)), window) < least] = np.nan
    return np.asarray(found)


def running(counts: np.ndarray) -> np.ndarray:
    """Sums of whole numbers along the first axis, from a 0 in front."""
    sums = np.zeros((counts.shape[0] + 1, *counts.shape[1:]), np.int64)
    np.cumsum(counts, axis=0, dtype=np.int64, out=sums[1:])
    return sums


def over_last(dates: GameDates, running: np.ndarray, window: int | None = None) -> np.ndarray:
    """Sums over each game-date and those of the same player before it, `window` in all (None: all of
    them)."""
    begin = dates.begin
    if window is not None:
        begin = np.maximum(begin, np.arange(1 - window, dates.day.size + 1 - window))
    return np.asarray(running[1:] - running[begin])


def answers(known: np.ndarray, at: np.ndarray, out: np.ndarray) -> None:
    """What was known after the game-dates `at`, NaN for one beyond the last."""
    np.take(np.append(known, np.nan), at, out=out, mode="clip")
