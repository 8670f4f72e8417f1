"""How a heart answers to an effort, as the mixed linear model that `offsets` asks of shifts and lags.

A workout is a line of points (`Record`); what explains them is linear in the coefficients of a user, which
are Gaussian around the population's. A few of them (`DAY_TERMS`) differ from day to day as well, and every
workout has a shift of its own: of a day's form as a rule, now and then of a sensor (two normal distributions,
a narrow one and a wide, rare one).

What is left is taken in two ways. For lags it is first-order autoregressive and whitened, so that changes
of the effort speak; for shifts it is not, so that what speaks is the level, and neighbouring points count as
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate._days import DAY_TERMS, precision, still_felt
from formguide.heartrate.effort import running_power
from formguide.heartrate.features import weighted
from formguide.heartrate.sequences import Floats, Inputs, Recorded

STEP_SEC = 5
"""Seconds between two compared points of a workout."""

SLOW_DAYS, SLOW = 60.0, 0.2
"""This share of the variance of a day's form lasts, and is forgotten with this constant."""

RARE, RARE_BPM = 0.08, 15.0
"""So many workouts are shifted by more than a day's form, with this spread."""

DEGREES = 4.0
"""Degrees of freedom of the innovations' t."""

_CONSTANTS = (8.0, 30.0, 90.0, 300.0, 900.0)
_FILL_SEC = 20.0
_WARM_SEC = 600.0
_FAR = 4.5
_FREE = 1e4
_SETTLED = 5


@dataclass(frozen=True)
class Population:
    """How hearts answer to an effort.

    mean (p,), covariance (p, p): of users' coefficients; day (q, q): covariance of what `DAY_TERMS` adds to
    them; day_bpm: spread of a workout's own shift; noise_bpm: scale of the innovations of what is left; keep:
    how much of it is left after `STEP_SEC`; alike: so many points say what one says; users: of how many;
    caution: what standard errors of offsets are multiplied by, so that those of the workouts learnt from were
    right.
    """

    mean: Floats
    covariance: Floats
    day: Floats
    day_bpm: float
    noise_bpm: float
    keep: float
    alike: float
    users: int
    caution: float = 1.0

    @property
    def variance(self) -> float:
        """Of a point, as far as it says something of its own."""
        return self.alike * self.noise_bpm**2


_WIDE = {
    "hours": (5.0, 10.0),
    "start, 40 s": (0.0, 15.0),
    "warming up": (0.0, 5.0),
    "constant": (80.0, 15.0),
    "30 s": (8.0, 3.0),
    "8 s less 30 s": (0.0, 3.0),
    "30 s less 90 s": (0.0, 4.0),
    "90 s less 5 min": (0.0, 4.0),
    "5 min less 15 min": (0.0, 4.0),
    "its square": (0.0, 3.0),
    "by the grade": (0.0, 3.0),
    "start, 150 s": (0.0, 15.0),
    "mean of the workout": (0.0, 2.0),
    "spread in the workout": (0.0, 2.0),
    "work of the days before": (0.0, 3.0),
    "work so far": (0.0, 5.0),
    "season": (0.0, 2.0),
    "hour": (0.0, 2.0),
    "summer": (0.0, 2.0),
    "hour by season": (0.0, 2.0),
}
"""What `explained` has, in its order: mean and spread of users' coefficients where nobody is known, by
physiology: some 8 beats a minute for each watt a kilogram. The first `DAY_TERMS` differ from day to day as
well: drift, the heart rate at the start, weather."""

FOR_LAGS = Population(
    np.array([mean for mean, _ in _WIDE.values()]),
    np.diag([spread**2 for _, spread in _WIDE.values()]),
    np.diag([3.0**2, 8.0**2, 2.0**2]),
    day_bpm=4.0,
    noise_bpm=1.2,
    keep=0.95,
    alike=1.0,
    users=0,
)
"""Where there are not enough users to learn from: what is left is whitened."""

FOR_SHIFTS = replace(FOR_LAGS, noise_bpm=3.0, keep=0.0, alike=24.0)
"""The same with the level of what is left: what two minutes say counts once."""


def explained(inputs: Inputs, felt_kj_kg: float = 0.0) -> Floats:
    """What explains a heart rate second by second, (n, 20): the power of running, exponentially weighted over
    8 s to 15 min; its square; that of the grade alone; time, and how a start wears off; mean and spread of
    the whole workout; work, of the days before (`felt_kj_kg`) and so far; and how warmth comes through, by
    the time of the year and of the day."""
    power, by_grade = _powers(inputs)
    fast, half, slow, slower, slowest = (weighted(power, tau) for tau in _CONSTANTS)
    t, at = inputs.t_sec, inputs.started_at
    season = np.cos(2 * np.pi * (at.timetuple().tm_yday - 200) / 365.25)
    hour = np.cos(2 * np.pi * (at.hour + at.minute / 60 - 15) / 24)
    warm = 1.0 - np.exp(-t / _WARM_SEC)
    columns = (
        t / 3600.0,
        np.exp(-t / 40.0),
        warm,
        np.ones(len(t)),
        half,
        fast - half,
        half - slow,
        slow - slower,
        slower - slowest,
        half**2 / 20.0,
        weighted(by_grade, 45.0),
        np.exp(-t / 150.0),
        *(np.full(len(t), number) for number in (half.mean() - 9.0, half.std(), felt_kj_kg / 10.0)),
        np.cumsum(power) / 36000.0,
        *(warm * number for number in (season, hour, season * max(season, 0.0), season * hour)),
    )
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Record:
    """A workout at some seconds `at` (m,).

    every (n, p): what explains it; heart (m,); gaps (m,): steps since the point before; plain (m, p + 1):
    what explains those seconds, and a constant for the workout's shift; rows (m, p + 1), heard (m,): plain
    and heart with the noise whitened, in innovations; weights (m,); work_kj_kg: what it took; shifted: it
    was found so; score: its shift in standard errors, by those before it.
    """

    workout_id: str
    started_at: datetime
    ended_at: datetime
    every: Floats
    at: NDArray[np.int64]
    heart: Floats
    gaps: Floats
    plain: Floats
    rows: Floats
    heard: Floats
    weights: Floats
    work_kj_kg: float
    shifted: bool = False
    score: float = 0.0

    @classmethod
    def of(cls, run: Recorded, keep: float, earlier: Sequence[Record] = ()) -> Record | None:
        """Every fifth second with a heart rate near it; None with less than five minutes of them.

        earlier: the user's workouts before it, whose work may still be felt."""
        known = np.flatnonzero(np.isfinite(run.heart_rate_bpm))
        grid = np.arange(0, len(run.inputs), STEP_SEC)
        if not len(known):
            return None
        after = np.minimum(np.searchsorted(known, grid), len(known) - 1)
        before = np.maximum(after - 1, 0)
        between = (known[before] < grid) & (grid < known[after])
        near = (known[after] == grid) | (between & (known[after] - known[before] <= _FILL_SEC))
        at = grid[near]
        if len(at) * STEP_SEC < 300:
            return None
        none = np.empty(0)
        made = cls(
            workout_id=run.inputs.workout_id,
            started_at=run.inputs.started_at,
            ended_at=run.inputs.ended_at,
            every=explained(
                run.inputs,
                still_felt(run.inputs.started_at, [(own.ended_at, own.work_kj_kg) for own in earlier]),
            ),
            at=at,
            heart=np.interp(at, known, run.heart_rate_bpm[known]),
            gaps=np.diff(at, prepend=at[0]) / STEP_SEC,
            plain=none,
            rows=none,
            heard=none,
            weights=np.ones(len(at)),
            work_kj_kg=float(_powers(run.inputs)[0].sum() / 1000.0),
        )
        return made.with_lag(0, keep)

    def with_lag(self, lag: int, keep: float) -> Record:
        """The same with what explains it taken `lag` seconds earlier."""
        places = np.clip(self.at - lag, 0, len(self.every) - 1)
        plain = np.column_stack([self.every[places], np.ones(len(places))])
        rows, heard = whitened(plain, self.gaps, keep), whitened(self.heart[:, None], self.gaps, keep)[:, 0]
        return replace(self, plain=plain, rows=rows, heard=heard)

    def weighed(self, coefficients: Floats, population: Population) -> Record:
        """With the weights of the t around a fit (p + 1,), and less where the record itself is far off: a
        sensor that takes the steps for the heart is so for minutes, at whose ends alone an innovation tells.
        """
        left = (self.heard - self.rows @ coefficients) / population.noise_bpm
        usual = _FAR * population.noise_bpm / np.sqrt(1.0 - population.keep**2)
        off = self.heart - self.plain @ coefficients
        far = np.square(usual / np.maximum(np.abs(off - np.median(off)), usual))
        return replace(self, weights=far * (DEGREES + 1.0) / (DEGREES + left**2))

    @cached_property
    def cross(self) -> Floats:
        """Weighted sums of products of what explains and the heart rate, (p + 2, p + 2)."""
        both = np.column_stack([self.rows, self.heard])
        return np.asarray(both.T @ (both * self.weights[:, None]))


def whitened(values: Floats, gaps: Floats, keep: float) -> Floats:
    """Innovations of unit scale of first-order autoregressive columns (m, c) seen at some steps."""
    kept = keep ** gaps[1:, None]
    spread = np.sqrt((1.0 - kept**2) / (1.0 - keep**2))
    first = values[:1] * np.sqrt(1.0 - keep**2)
    return np.vstack([first, (values[1:] - kept * values[:-1]) / spread])


@dataclass(frozen=True)
class Known:
    """What is known of a user before a workout: the coefficients and the workout's shift (p + 1,) with their
    covariance, and the shifts (k,) of the earlier workouts with their variances, and with the probability
    (k,) that each is no day's form."""

    mean: Floats
    covariance: Floats
    shifts: Floats
    shift_variances: Floats
    odd: Floats

    def with_free_shift(self, day: Floats) -> Known:
        """Of the coefficients of one day, with nothing known of the workout's shift."""
        covariance = self.covariance.copy()
        covariance[-1, -1] += _FREE
        covariance[:DAY_TERMS, :DAY_TERMS] += day
        return replace(self, covariance=covariance)


def known(earlier: Sequence[Record], at: datetime, population: Population) -> Known:
    """What earlier workouts say of the user's coefficients, and of the shift of a workout at some moment."""
    p, k = len(population.mean), len(earlier)
    days = np.array([(record.started_at - at).total_seconds() / 86400.0 for record in earlier] + [0.0])
    slow = np.exp(-np.abs(days[:, None] - days[None, :]) / SLOW_DAYS)
    told, pulled = np.zeros((p + k + 1, p + k + 1)), np.zeros(p + k + 1)
    for j, record in enumerate(earlier):
        places = np.array([*range(p), p + j])
        both = precision(record.cross, population.day, population.variance)
        told[places[:, None], places] += both[:-1, :-1]
        pulled[places] += both[:-1, -1]
    prior = np.zeros_like(told)
    prior[:p, :p] = np.linalg.inv(population.covariance)
    usual, rare = population.day_bpm**2, population.day_bpm**2 + RARE_BPM**2
    odd = np.full(k, RARE)
    shifts = variances = np.zeros(k)
    for _ in range(_SETTLED if k else 1):
        sure = (1.0 - odd) / ((1.0 - SLOW) * usual) + odd / (rare - SLOW * usual)
        own = np.append(1.0 / sure, (1.0 - SLOW) * usual)
        prior[p:, p:] = np.linalg.inv(SLOW * usual * slow + np.diag(own))
        covariance = np.linalg.inv(prior + told)
        mean = covariance @ (pulled + prior[:, :p] @ population.mean)
        shifts, variances = np.asarray(mean[p : p + k]), np.asarray(np.diag(covariance)[p : p + k])
        odd = _odds(shifts, usual, rare)
    places = np.array([*range(p), p + k])
    of_coefficients = np.asarray(covariance[places[:, None], places])
    return Known(np.asarray(mean[places]), of_coefficients, shifts, variances, odd)


def _odds(shifts: Floats, usual: float, rare: float) -> Floats:
    """The probability that shifts are of the rare kind, by the variances of both."""
    for_usual = np.log(1.0 - RARE) - 0.5 * (np.log(usual) + shifts**2 / usual)
    for_rare = np.log(RARE) - 0.5 * (np.log(rare) + shifts**2 / rare)
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(for_usual - for_rare, -50.0, 50.0))))


@dataclass(frozen=True)
class Fit:
    """A workout's coefficients and shift (p + 1,), with their covariance, the workout as it was weighed, and
    the log-likelihood."""

    mean: Floats
    covariance: Floats
    record: Record
    value: float


def fitted(record: Record, before: Known, population: Population, begin: Floats) -> Fit:
    """The best coefficients and shift of a workout given what was known before, sought from `begin` on."""
    prior = np.linalg.inv(before.covariance)
    mean = begin
    for _ in range(2):
        record = record.weighed(mean, population)
        covariance = np.linalg.inv(prior + record.cross[:-1, :-1] / population.variance)
        mean = np.asarray(covariance @ (prior @ before.mean + record.cross[:-1, -1] / population.variance))
    left = (record.heard - record.rows @ mean) / population.noise_bpm
    away = mean - before.mean
    value = -0.5 * (DEGREES + 1) * np.log1p(left**2 / DEGREES).sum() / population.alike
    value += 0.5 * (np.linalg.slogdet(covariance)[1] - away @ prior @ away)
    return Fit(mean, np.asarray(covariance), record, float(value))


def _powers(inputs: Inputs) -> tuple[Floats, Floats]:
    """Metabolic power of running second by second, W/kg, and what of it is for the grade."""
    speed = np.maximum(inputs.speed_mps, 0.0)
    power = running_power(speed, _climb(inputs.altitude_m))
    return power, power - running_power(speed, np.zeros(len(speed)))


def _climb(altitude_m: Floats) -> Floats:
    """Metres risen a second: the slope over 20 s of the altitude smoothed over 15 s."""
    # Imported where it is needed: whoever only reads the definitions does without.
    from scipy.ndimage import uniform_filter1d

    smooth = uniform_filter1d(np.pad(altitude_m, 10, mode="edge"), 15, mode="nearest")
    return np.asarray((smooth[20:] - smooth[:-20]) / 20.0)
