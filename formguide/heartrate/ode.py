"""A runner's heart as a differential equation: it relaxes towards what speed and grade ask of it.

    fit(runs, prior)            → Physiology      ten parameters of one runner, and the shift of each day
    simulate(theta, inputs)     → (n,)            the curve, each second from those before it
    population_prior(fits)      → Prior           what runners have in common, from many of them

The heart rate is `rest + fast + slow` with

    d fast / dt = ((1 - share) D - fast) / (tau_on where that rises, tau_off where it falls),  fast(0) = start
    d slow / dt = (share D - slow) / tau_slow,                                                 slow(0) = 0
    D = gain × (level + uphill × U + downhill × V) × (1 + drift × T (1 - exp(-t / T))),        T = 1.5 h

where `level`, U and V are the metabolic power of running (`effort`): what the speed costs on the level, what
is added uphill and what is saved (or added) downhill. On a grid of one second, with the demand constant
within each, the solution is exact. Two time constants are the fast and the slow component of oxygen uptake
(Whipp and Wasserman, J Appl Physiol 33, 1972); the drift is the cardiovascular one of long exercise (Coyle
and González-Alonso, Exerc Sport Sci Rev 29, 2001).

Parameters are fitted by Levenberg-Marquardt with analytic derivatives to all runs at once, each of which is
allowed a shift of its own (a day's form, heat, sleep, how the strap sits; Student's t), with Huber's weights
against sensors that stick, and with a prior: so one run is enough, and none gives the prior's own curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from formguide.heartrate import _ode_kernel as kernel
from formguide.heartrate.effort import cost_of_running
from formguide.heartrate.remembered import OfObjects
from formguide.heartrate.sequences import Floats, Inputs, Recorded

TAILS = 4.0
"""Degrees of freedom of the days' shifts: a strap that shows ten beats too many is one odd day, and moves the
others little."""

NAMES = (
    "rest_bpm",
    "log_gain",
    "uphill",
    "downhill",
    "log_tau_on",
    "log_tau_off",
    "slow_logit",
    "log_tau_slow",
    "drift_per_hour",
    "start_bpm",
)

GRADE_SEC = 20
"""The grade of a second is the rise over the last so many."""
ALTITUDE_SEC = 5.0
"""Time constant of smoothing the altitude."""
STEEPEST = 0.35
LEAST_WAY_M = 3.0
"""Over a shorter way there is no grade to speak of."""
FASTEST_MPS = 9.0
"""Whatever claims to be faster is a device's mistake."""

LEAST_BPM, MOST_BPM = 30.0, 230.0
"""Outside, nobody's heart was measured: such seconds are not learnt from."""
CEILING_BPM = 200.0
"""A curve rises above it only for somebody who has been seen above it."""

MOST_REMEMBERED = 256
"""Efforts of so many of the latest workouts are kept."""


@dataclass(frozen=True)
class Prior:
    """Normal prior of the ten parameters, in the order of `NAMES`."""

    mean: Floats
    sd: Floats


DEFAULT_PRIOR = Prior(
    mean=np.array([75.0, np.log(7.5), 1.0, 1.0, np.log(35.0), np.log(45.0), -1.4, np.log(240.0), 0.06, 15.0]),
    sd=np.array([15.0, 0.25, 0.35, 0.5, 0.4, 0.4, 1.0, 0.5, 0.07, 15.0]),
)
"""Adults who run, from textbook physiology: 75 beats where a straight line through running heart rates meets
no effort, some 148 at 2.7 m/s on the level, half-times of 25 to 30 s."""


@dataclass(frozen=True)
class OdeSettings:
    """How it is fitted.

    step_sec: every so many seconds one is fitted to; noise_bpm: where Huber's loss turns from squares to
    absolute values, over 1.5; independent_sec: residuals further apart count as independent; day_sd_bpm:
    spread of the days' shifts.
    """

    step_sec: int = 5
    noise_bpm: float = 3.0
    independent_sec: float = 60.0
    day_sd_bpm: float = 4.0
    iterations: int = 12


@dataclass(frozen=True)
class Physiology:
    """One runner: the parameters, and by how much each run they were fitted to lay above them.

    theta (10,), in the order of `NAMES`; day_shift_bpm (runs,), shrunk towards 0; highest_bpm: the highest
    heart rate seen, 0 if none.
    """

    theta: Floats
    day_shift_bpm: Floats = field(default_factory=lambda: np.zeros(0))
    highest_bpm: float = 0.0

    def named(self) -> dict[str, float]:
        """The parameters in words: beats, beats per W/kg, seconds, shares."""
        value = dict(zip(NAMES, self.theta.tolist(), strict=True))
        return {
            "rest_bpm": value["rest_bpm"],
            "gain_bpm_per_wkg": float(np.exp(value["log_gain"])),
            "uphill": value["uphill"],
            "downhill": value["downhill"],
            "tau_on_sec": float(np.exp(value["log_tau_on"])),
            "tau_off_sec": float(np.exp(value["log_tau_off"])),
            "slow_share": float(1 / (1 + np.exp(-value["slow_logit"]))),
            "tau_slow_sec": float(np.exp(value["log_tau_slow"])),
            "drift_per_hour": value["drift_per_hour"],
            "start_bpm": value["start_bpm"],
        }


@dataclass(frozen=True)
class Effort:
    """Metabolic power of each second, W/kg: on the level, added uphill, and added (mostly saved) downhill."""

    level: Floats
    uphill: Floats
    downhill: Floats


def effort(inputs: Inputs) -> Effort:
    """What each second costs, from its speed and from the grade of the seconds up to it."""
    return _efforts(inputs)


def _effort(inputs: Inputs) -> Effort:
    speed, grade = np.clip(inputs.speed_mps, 0.0, FASTEST_MPS), trailing_grade(inputs)
    extra = speed * (cost_of_running(grade) - cost_of_running(0.0))
    above = grade > 0
    return Effort(
        speed * float(cost_of_running(0.0)), np.where(above, extra, 0.0), np.where(above, 0.0, extra)
    )


_efforts = OfObjects(_effort, MOST_REMEMBERED)


def trailing_grade(inputs: Inputs) -> Floats:
    """Rise over way of the last `GRADE_SEC` seconds, 0 where hardly any way was made; (n,)."""
    altitude, way = smoothed(inputs.altitude_m, ALTITUDE_SEC), np.cumsum(inputs.speed_mps)
    back = np.maximum(np.arange(len(inputs)) - GRADE_SEC, 0)
    run = way - way[back]
    grade = (altitude - altitude[back]) / np.maximum(run, LEAST_WAY_M)
    return np.asarray(np.where(run > LEAST_WAY_M, np.clip(grade, -STEEPEST, STEEPEST), 0.0))


def smoothed(values: Floats, time_constant_sec: float, before: float | None = None) -> Floats:
    """Exponentially weighted mean of the seconds so far; before: what held until then, None: the first."""
    first = float(values[0]) if before is None else before
    return np.asarray(kernel.smoothed(values, float(np.exp(-1.0 / time_constant_sec)), first))


def simulate(physiology: Physiology, inputs: Inputs) -> Floats:
    """The heart rate at every second (n,), without a day's shift."""
    power = effort(inputs)
    curve = kernel.simulate(power.level, power.uphill, power.downhill, physiology.theta)
    return np.asarray(np.minimum(curve, ceiling(physiology)))


def ceiling(physiology: Physiology) -> float:
    """What the curve does not rise above."""
    return max(CEILING_BPM, physiology.highest_bpm)


def measured(run: Recorded) -> Floats:
    """The heart rate with seconds that cannot be a heart's as NaN."""
    said = run.heart_rate_bpm
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where((said < LEAST_BPM) | (said > MOST_BPM), np.nan, said))


def fit(
    runs: Sequence[Recorded], prior: Prior = DEFAULT_PRIOR, settings: OdeSettings | None = None
) -> Physiology:
    """One runner's parameters from the own runs; the prior's mean if there is none with a heart rate."""
    settings = settings or OdeSettings()
    heard = [(effort(run.inputs), measured(run)) for run in runs]
    problem = _Problem(
        [_Run(e, y[:: settings.step_sec]) for e, y in heard if np.isfinite(y).any()], prior, settings
    )
    theta, shift = problem.solve()
    shifts = np.zeros(len(runs))
    shifts[[bool(np.isfinite(y).any()) for _, y in heard]] = shift
    highest = max((float(np.nanmax(y)) for _, y in heard if np.isfinite(y).any()), default=0.0)
    return Physiology(theta, shifts, highest)


def population_prior(fits: Sequence[Physiology], least: int = 8) -> Prior:
    """Median and spread of many runners' parameters; the default prior where there are fewer than `least`.

    The spread is the standard deviation by the median absolute deviation, and at least a quarter of the
    default's: runners to come may differ from those who came.
    """
    if len(fits) < least:
        return DEFAULT_PRIOR
    thetas = np.stack([one.theta for one in fits])
    middle = np.median(thetas, axis=0)
    spread = 1.4826 * np.median(np.abs(thetas - middle), axis=0)
    return Prior(middle, np.maximum(spread, 0.25 * DEFAULT_PRIOR.sd))


@dataclass(frozen=True)
class _Run:
    effort: Effort
    heart_rate: Floats


class _Problem:
    """Penalised least squares over the parameters and one shift a run, the latter eliminated."""

    def __init__(self, runs: list[_Run], prior: Prior, settings: OdeSettings) -> None:
        self.runs, self.prior, self.settings = runs, prior, settings
        # So many rows say as much as one that is independent of the others.
        self.rows = max(1.0, settings.independent_sec / settings.step_sec)
        self.corner = 1.5 * settings.noise_bpm

    def solve(self) -> tuple[Floats, Floats]:
        theta, shift = self.prior.mean.copy(), np.zeros(len(self.runs))
        if not self.runs:
            return theta, shift
        damping = 1e-3
        found = self._linearised(theta)
        cost = self._cost(theta, shift, found[0])
        for _ in range(self.settings.iterations):
            gained = 0.0
            matrix, vector, shifts = self._normal_equations(theta, shift, found)
            for _ in range(6):
                step = np.linalg.solve(matrix + damping * np.diag(np.diag(matrix)), vector)
                new_shift = shift + np.array([(own - cross @ step) / total for cross, total, own in shifts])
                new = self._linearised(theta + step)
                new_cost = self._cost(theta + step, new_shift, new[0])
                if new_cost < cost:
                    gained = cost - new_cost
                    theta, shift, found, cost = theta + step, new_shift, new, new_cost
                    damping = max(damping / 5, 1e-6)
                    break
                damping *= 5
            if gained < 1e-5 * cost:
                break
        return theta, shift

    def _linearised(self, theta: Floats) -> tuple[list[Floats], list[Floats]]:
        residuals, slopes = [], []
        for run in self.runs:
            e = run.effort
            curve, slope = kernel.sensitivities(e.level, e.uphill, e.downhill, theta, self.settings.step_sec)
            residuals.append(run.heart_rate - curve)
            slopes.append(slope)
        return residuals, slopes

    def _cost(self, theta: Floats, shift: Floats, residuals: list[Floats]) -> float:
        off = (theta - self.prior.mean) / self.prior.sd
        total = float(off @ off)
        total += (TAILS + 1) * float(np.log1p(shift**2 / (TAILS * self.settings.day_sd_bpm**2)).sum())
        for own, residual in zip(shift, residuals, strict=True):
            size = np.abs(residual - own)[np.isfinite(residual)]
            huber = np.where(size < self.corner, size**2, self.corner * (2 * size - self.corner))
            total += float(huber.sum()) / (self.settings.noise_bpm**2 * self.rows)
        return total

    def _normal_equations(
        self, theta: Floats, shift: Floats, found: tuple[list[Floats], list[Floats]]
    ) -> tuple[Floats, Floats, list[tuple[Floats, float, float]]]:
        matrix = np.diag(1 / self.prior.sd**2)
        vector = (self.prior.mean - theta) / self.prior.sd**2
        shifts = []
        for own, residual, slope in zip(shift, *found, strict=True):
            heard = np.isfinite(residual)
            off, by = (residual - own)[heard], slope[heard]
            weight = np.minimum(1.0, self.corner / np.maximum(np.abs(off), 1e-9))
            weight = weight / (self.settings.noise_bpm**2 * self.rows)
            weighted = by * weight[:, None]
            cross = weighted.sum(axis=0)
            kept = (TAILS + 1) / (TAILS * self.settings.day_sd_bpm**2 + own**2)
            total = float(weight.sum()) + kept
            level = float(weight @ off) - own * kept
            matrix = matrix + weighted.T @ by - np.outer(cross, cross) / total
            vector = vector + weighted.T @ off - cross * level / total
            shifts.append((cross, total, level))
        return matrix, vector, shifts
