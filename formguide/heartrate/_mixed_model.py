"""How a heart answers to an effort, as the mixed linear model that `offsets` asks of shifts and lags.

A workout is a line of points (`Record`), whitened as first-order autoregressive noise; what explains them
is linear in the coefficients of a user, which are Gaussian around the population's, plus the workout's own
shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate.effort import running_power
from formguide.heartrate.features import weighted
from formguide.heartrate.sequences import Floats, Inputs, Recorded

STEP_SEC = 5
"""Seconds between two compared points of a workout."""

SLOW_DAYS = 60.0
"""Half of the variance of a workout's shift is form that lasts, forgotten with this constant."""

DEGREES = 4.0
"""Degrees of freedom of the innovations' t."""

_CONSTANTS = (8.0, 30.0, 90.0, 300.0, 900.0)
_FILL_SEC = 20.0
_FAR = 4.5
_SHIFTED = 1e4


@dataclass(frozen=True)
class Reference:
    """How hearts answer to an effort, of workouts that had ended before `as_of`.

    mean (p,), covariance (p, p): of users' coefficients; day_bpm: spread of a workout's own shift; noise_bpm:
    scale of the innovations of what is left; keep: how much of it is left after `STEP_SEC`; users: of how
    many; caution: what standard errors of offsets are multiplied by, so that those of the workouts learnt
    from were right.
    """

    mean: Floats
    covariance: Floats
    day_bpm: float
    noise_bpm: float
    keep: float
    users: int
    caution: float = 1.0
    as_of: datetime | None = None


_WIDE = {
    "constant": (80.0, 15.0),
    "30 s": (8.0, 3.0),
    "8 s less 30 s": (0.0, 3.0),
    "30 s less 90 s": (0.0, 4.0),
    "90 s less 5 min": (0.0, 4.0),
    "5 min less 15 min": (0.0, 4.0),
    "its square": (0.0, 3.0),
    "by the grade": (0.0, 3.0),
    "hours": (5.0, 10.0),
    "start, 40 s": (0.0, 15.0),
    "start, 150 s": (0.0, 15.0),
    "mean of the workout": (0.0, 2.0),
    "spread in the workout": (0.0, 2.0),
    "season": (0.0, 2.0),
    "hour": (0.0, 2.0),
}
"""What `explained` has, in its order: mean and spread of users' coefficients where nobody is known, by
physiology: some 8 beats a minute for each watt a kilogram."""

UNINFORMED = Reference(
    np.array([mean for mean, _ in _WIDE.values()]),
    np.diag([spread**2 for _, spread in _WIDE.values()]),
    day_bpm=4.0,
    noise_bpm=1.2,
    keep=0.95,
    users=0,
)
"""Where there are not enough users to learn from."""


def explained(inputs: Inputs) -> Floats:
    """What explains a heart rate second by second, (n, 15): the power of running, exponentially weighted over
    8 s to 15 min; its square; that of the grade alone; time, and how a start wears off; and for the whole
    workout its mean and spread, the time of the year and of the day (warmth)."""
    speed = np.maximum(inputs.speed_mps, 0.0)
    power = running_power(speed, _climb(inputs.altitude_m))
    by_grade = power - running_power(speed, np.zeros(len(speed)))
    fast, half, slow, slower, slowest = (weighted(power, tau) for tau in _CONSTANTS)
    t, at = inputs.t_sec, inputs.started_at
    season = np.cos(2 * np.pi * (at.timetuple().tm_yday - 200) / 365.25)
    hour = np.cos(2 * np.pi * (at.hour + at.minute / 60 - 15) / 24)
    columns = (
        np.ones(len(t)),
        half,
        fast - half,
        half - slow,
        slow - slower,
        slower - slowest,
        half**2 / 20.0,
        weighted(by_grade, 45.0),
        t / 3600.0,
        np.exp(-t / 40.0),
        np.exp(-t / 150.0),
        *(np.full(len(t), number) for number in (half.mean() - 9.0, half.std(), season, hour)),
    )
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Record:
    """A workout at some seconds `at` (m,).

    every (n, p): what explains it; heart (m,); gaps (m,): steps since the point before; plain (m, p + 1):
    what explains those seconds, and a constant for the workout's shift; rows (m, p + 1), heard (m,): plain
    and heart with the noise whitened, in innovations; weights (m,); shifted: it says nothing of the user's
    level; score: its shift in standard errors, by those before it.
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
    shifted: bool = False
    score: float = 0.0

    @classmethod
    def of(cls, run: Recorded, keep: float) -> Record | None:
        """Every fifth second with a heart rate near it; None with less than five minutes of them."""
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
            every=explained(run.inputs),
            at=at,
            heart=np.interp(at, known, run.heart_rate_bpm[known]),
            gaps=np.diff(at, prepend=at[0]) / STEP_SEC,
            plain=none,
            rows=none,
            heard=none,
            weights=np.ones(len(at)),
        )
        return made.with_lag(0, keep)

    def with_lag(self, lag: int, keep: float) -> Record:
        """The same with what explains it taken `lag` seconds earlier."""
        places = np.clip(self.at - lag, 0, len(self.every) - 1)
        plain = np.column_stack([self.every[places], np.ones(len(places))])
        rows, heard = whitened(plain, self.gaps, keep), whitened(self.heart[:, None], self.gaps, keep)[:, 0]
        return replace(self, plain=plain, rows=rows, heard=heard)

    def weighed(self, coefficients: Floats, reference: Reference) -> Record:
        """With the weights of the t around a fit (p + 1,), and less where the record itself is far off: a
        sensor that takes the steps for the heart is so for minutes, at whose ends alone an innovation tells.
        """
        left = (self.heard - self.rows @ coefficients) / reference.noise_bpm
        usual = _FAR * reference.noise_bpm / np.sqrt(1.0 - reference.keep**2)
        off = self.heart - self.plain @ coefficients
        far = np.square(usual / np.maximum(np.abs(off - np.median(off)), usual))
        return replace(self, weights=far * (DEGREES + 1.0) / (DEGREES + left**2))

    @cached_property
    def gram(self) -> Floats:
        """Weighted sums of squares of what explains, (p + 1, p + 1)."""
        return np.asarray(self.rows.T @ (self.rows * self.weights[:, None]))

    @cached_property
    def moment(self) -> Floats:
        """Weighted sums of products with the heart rate, (p + 1,)."""
        return np.asarray(self.rows.T @ (self.heard * self.weights))


def whitened(values: Floats, gaps: Floats, keep: float) -> Floats:
    """Innovations of unit scale of first-order autoregressive columns (m, c) seen at some steps."""
    kept = keep ** gaps[1:, None]
    spread = np.sqrt((1.0 - kept**2) / (1.0 - keep**2))
    first = values[:1] * np.sqrt(1.0 - keep**2)
    return np.vstack([first, (values[1:] - kept * values[:-1]) / spread])


@dataclass(frozen=True)
class Known:
    """What is known of a user before a workout: the coefficients and the workout's shift (p + 1,) with their
    covariance, and the shifts (k,) of the earlier workouts with their variances."""

    mean: Floats
    covariance: Floats
    shifts: Floats
    shift_variances: Floats

    def with_free_shift(self) -> Known:
        """The same with nothing known of the workout's shift."""
        covariance = self.covariance.copy()
        covariance[-1, -1] += _SHIFTED
        return replace(self, covariance=covariance)


def known(earlier: Sequence[Record], at: datetime, reference: Reference) -> Known:
    """What earlier workouts say of the user's coefficients, and of the shift of a workout at some moment."""
    p, k = len(reference.mean), len(earlier)
    days = np.array([(record.started_at - at).total_seconds() / 86400.0 for record in earlier] + [0.0])
    slow = np.exp(-np.abs(days[:, None] - days[None, :]) / SLOW_DAYS)
    apart = np.array([_SHIFTED * record.shifted for record in earlier] + [0.0])
    told, pulled = np.zeros((p + k + 1, p + k + 1)), np.zeros(p + k + 1)
    for j, record in enumerate(earlier):
        places = np.array([*range(p), p + j])
        told[places[:, None], places] += record.gram / reference.noise_bpm**2
        pulled[places] += record.moment / reference.noise_bpm**2
    prior = np.zeros_like(told)
    prior[:p, :p] = np.linalg.inv(reference.covariance)
    shifts = np.zeros(k)
    for _ in range(3 if k else 1):
        # A day that is far off is no day like the others: the t's weight widens its prior.
        wide = np.append((DEGREES + (shifts / reference.day_bpm) ** 2) / (DEGREES + 1.0), 1.0)
        own = 0.5 * np.maximum(wide, 1.0) + apart
        prior[p:, p:] = np.linalg.inv(reference.day_bpm**2 * (0.5 * slow + np.diag(own)))
        covariance = np.linalg.inv(prior + told)
        mean = covariance @ (pulled + prior[:, :p] @ reference.mean)
        shifts = np.asarray(mean[p : p + k])
    places = np.array([*range(p), p + k])
    variances = np.asarray(np.diag(covariance)[p : p + k])
    return Known(np.asarray(mean[places]), np.asarray(covariance[places[:, None], places]), shifts, variances)


@dataclass(frozen=True)
class Fit:
    """A workout's coefficients and shift (p + 1,), with their covariance, the workout as it was weighed, and
    the log-likelihood."""

    mean: Floats
    covariance: Floats
    record: Record
    value: float


def fitted(record: Record, before: Known, reference: Reference, begin: Floats) -> Fit:
    """The best coefficients and shift of a workout given what was known before, sought from `begin` on."""
    prior = np.linalg.inv(before.covariance)
    mean, variance = begin, reference.noise_bpm**2
    for _ in range(2):
        record = record.weighed(mean, reference)
        covariance = np.linalg.inv(prior + record.gram / variance)
        mean = np.asarray(covariance @ (prior @ before.mean + record.moment / variance))
    left = (record.heard - record.rows @ mean) / reference.noise_bpm
    away = mean - before.mean
    value = -0.5 * (DEGREES + 1) * np.log1p(left**2 / DEGREES).sum() - 0.5 * away @ prior @ away
    value += 0.5 * np.linalg.slogdet(covariance)[1]
    return Fit(mean, np.asarray(covariance), record, float(value))


def _climb(altitude_m: Floats) -> Floats:
    """Metres risen a second: the slope over 20 s of the altitude smoothed over 15 s."""
    # Imported where it is needed: whoever only reads the definitions does without.
    from scipy.ndimage import uniform_filter1d

    smooth = uniform_filter1d(np.pad(altitude_m, 10, mode="edge"), 15, mode="nearest")
    return np.asarray((smooth[20:] - smooth[:-20]) / 20.0)
