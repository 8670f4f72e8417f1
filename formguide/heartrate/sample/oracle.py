"""How well the true model does that does not know a runner's parameters: the yardstick of a model.

    errors(population, users) → one row per workout: the error of the oracle for somebody new, with the
    runner's earlier workouts, and of the curve that the true parameters of runner and day give

    shifts(population) → one row per workout: its shift, as somebody tells it who knows the runner

The oracle knows how the sample is made: the equations, the prior of a runner's parameters, how noise and days
spread, how hard runners run, and of earlier workouts which seconds are the sensor's fault. It does not know
the parameters, the day's shift, its weather or the start. Like a forecast it sees of the workout itself only
the recorded inputs; what these say of the runner (the fit run fast) is part of what it knows.

Its posterior given the earlier workouts is Gaussian around the mode (Gauss and Newton's method on the vector
of standard normals, with the noise's covariance), its forecast the mean over draws from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.ndimage import uniform_filter1d
from scipy.stats import norm

from formguide.heartrate.sample import physiology
from formguide.heartrate.sample.physiology import STANDARD, WARM_FROM_C, WEATHER_SD, Day
from formguide.heartrate.sample.population import Population, generate
from formguide.heartrate.sequences import Floats, Recorded

EVERY_SEC = 20
"""Of earlier workouts every so many seconds are compared."""

DRAWS, NEW_DRAWS = 24, 120
_NUDGE = 1e-3
_STEPS, _SETTLED = 6, 0.03


def errors(
    population: Population, users: Iterable[str], seed: int = 0, pace: Pace | None = None
) -> pl.DataFrame:
    """The oracle's errors on every workout of some users, in beats a minute, over the seconds at which there
    is a measurement: as recorded, faults and all.

    Columns: user_id, workout_id, earlier (workouts of the user before it), seconds, and of `new`, `known` and
    `true` each the mae and rmse.
    """
    pace = pace or Pace.learnt()
    rows = []
    for user_id in users:
        user = population.users[user_id]
        runs = [run for run in population.runs if run.inputs.user_id == user_id]
        seen = _Seen.of(population, runs)
        rng = np.random.default_rng([seed, int.from_bytes(user_id.encode()[-8:], "big")])
        mode = np.zeros(len(STANDARD))
        for k, run in enumerate(runs):
            new = _Posterior.of(seen[:0], seen[k], pace, user.gender, np.zeros(len(STANDARD)))
            known = _Posterior.of(seen[:k], seen[k], pace, user.gender, mode)
            mode = known.mode
            forecasts = {
                "new": new.forecast(rng, seen[k], user.gender, NEW_DRAWS),
                "known": known.forecast(rng, seen[k], user.gender, DRAWS),
                "true": population.true_curve(run),
            }
            heard = np.isfinite(run.heart_rate_bpm)
            row = {
                "user_id": user_id,
                "workout_id": run.inputs.workout_id,
                "earlier": k,
                "seconds": int(heard.sum()),
            }
            for name, curve in forecasts.items():
                miss = (run.heart_rate_bpm - curve)[heard]
                row |= {f"mae_{name}": np.abs(miss).mean(), f"rmse_{name}": np.sqrt((miss**2).mean())}
            rows.append(row)
    return pl.DataFrame(rows)


def shifts(population: Population) -> pl.DataFrame:
    """What a record is shifted by (bpm), as somebody says who knows the runner's true parameters and which
    seconds are the sensor's fault, and not the day's form, weather and start: by generalised least squares.

    Columns: workout_id, earlier, offset (as it is), offset_found, offset_se; workouts that are not late.
    """
    rows = []
    for user_id, user in population.users.items():
        runs = [run for run in population.runs if run.inputs.user_id == user_id]
        for k, (run, seen) in enumerate(zip(runs, _Seen.of(population, runs), strict=True)):
            told = population.workouts[run.inputs.workout_id]
            if told.lag_sec:
                continue
            factor = _noise_factor(seen.at, physiology.usual_temp_c(run.inputs.started_at))
            miss = seen.heart - physiology.curves(seen.level, seen.grade, user.runner, seen.day)[0, seen.at]
            one, left = solve_triangular(factor, np.stack([np.ones(len(miss)), miss], axis=1), lower=True).T
            row = {
                "workout_id": told.workout_id,
                "earlier": k,
                "offset": told.offset_bpm,
                "offset_found": float(one @ left / (one @ one)),
                "offset_se": float(1.0 / np.sqrt(one @ one)),
            }
            rows.append(row)
    return pl.DataFrame(rows)


@dataclass(frozen=True)
class Pace:
    """What the pace of a workout says of the fitness: `weights` make a number of its `paces`, which is
    Gaussian around `at` + `slope` log VO2max with `sd`."""

    weights: Floats
    at: float
    slope: float
    sd: float

    @classmethod
    def learnt(cls, users: int = 150, workouts: int = 4, seed: int = 990_001) -> Pace:
        """From runners of another seed than any that is scored, whose VO2max is known."""
        made = generate(users, workouts, seed)
        told = np.array([_paces(*physiology.effort_of(run.inputs)) for run in made.runs])
        fitness = np.array(
            [
                math.log(made.users[run.inputs.user_id].runner.vo2max)
                + made.users[run.inputs.user_id].runner.trend
                * made.workouts[run.inputs.workout_id].day.days
                / 300.0
                for run in made.runs
            ]
        )
        weights = np.linalg.lstsq(told, fitness, rcond=None)[0]
        said = told @ weights
        slope, at = np.polyfit(fitness, said, 1)
        return cls(weights, float(at), float(slope), float(np.std(said - at - slope * fitness)))


@dataclass(frozen=True)
class _Seen:
    """A workout as the oracle sees it: what it asked of the runner (n,), the day as far as it is known, the
    compared seconds with their heart rate, and the factor that whitens their noise (None: not to be learnt
    from)."""

    level: Floats
    grade: Floats
    paces: Floats
    day: Day
    at: NDArray[np.int64]
    heart: Floats
    factor: Floats | None

    @classmethod
    def of(cls, population: Population, runs: Sequence[Recorded]) -> list[_Seen]:
        seen: list[_Seen] = []
        work: list[tuple[datetime, float]] = []
        for run in runs:
            told, inputs = population.workouts[run.inputs.workout_id], run.inputs
            level, grade = physiology.effort_of(inputs)
            usual = physiology.usual_temp_c(inputs.started_at)
            day = Day(
                temp_c=WARM_FROM_C + _above(usual, WARM_FROM_C),
                carried_kj_kg=physiology.carried(work, inputs.started_at),
                days=(inputs.started_at - runs[0].inputs.started_at).total_seconds() / 86400.0,
            )
            fine = np.flatnonzero(~population.faulty(run))
            at = fine[
                np.unique(np.searchsorted(fine, np.arange(0, len(inputs), EVERY_SEC)).clip(0, len(fine) - 1))
            ]
            planted = told.offset_bpm or told.lag_sec
            factor = None if planted else _noise_factor(at, usual)
            seen.append(cls(level, grade, _paces(level, grade), day, at, run.heart_rate_bpm[at], factor))
            work.append((inputs.ended_at, physiology.work_kj_kg(level, grade)))
        return seen


@dataclass(frozen=True)
class _Posterior:
    """Gaussian over a runner's standard normals: mode (12,), and the root of its covariance (12, 12)."""

    mode: Floats
    root: Floats

    @classmethod
    def of(cls, earlier: Sequence[_Seen], now: _Seen, pace: Pace, gender: str, start: Floats) -> _Posterior:
        mode = start.copy()
        learnt = [seen for seen in earlier if seen.factor is not None]
        paced = [*earlier, now]
        for _ in range(_STEPS if learnt else 2):
            nudged = np.vstack([mode, mode + _NUDGE * np.eye(len(mode))])
            found = _residuals(nudged, learnt, paced, pace, gender)
            slope = (found[1:] - found[0]) / _NUDGE
            step = np.linalg.solve(slope @ slope.T, slope @ found[0])
            mode = mode - step
            if np.abs(step).max() < _SETTLED:
                break
        precision = slope @ slope.T
        return cls(mode, np.linalg.inv(cholesky(precision)))

    def forecast(self, rng: np.random.Generator, now: _Seen, gender: str, draws: int) -> Floats:
        """The mean curve (n,) over draws, taken in opposite pairs."""
        normal = rng.normal(size=(draws // 2, len(self.mode)))
        standard = self.mode + np.vstack([normal, -normal]) @ self.root.T
        drawn = physiology.curves(now.level, now.grade, physiology.natural(standard, gender), now.day)
        return np.asarray(drawn.mean(0))


def _residuals(
    standard: Floats, learnt: Sequence[_Seen], paced: Sequence[_Seen], pace: Pace, gender: str
) -> Floats:
    """What is left of prior, paces and heart rates in units of their spread, (K, everything)."""
    runner = physiology.natural(standard, gender)
    parts = [standard]
    days = np.array([seen.day.days for seen in paced])
    fitness = np.log(runner.vo2max)[:, None] + np.outer(runner.trend, days / 300.0)
    said = np.array([seen.paces @ pace.weights for seen in paced])
    parts.append((said - pace.at - pace.slope * fitness) / pace.sd)
    for seen in learnt:
        miss = seen.heart - physiology.curves(seen.level, seen.grade, runner, seen.day)[:, seen.at]
        parts.append(solve_triangular(seen.factor, miss.T, lower=True).T)
    return np.concatenate(parts, axis=1)


def _noise_factor(at: NDArray[np.int64], usual_c: float) -> Floats:
    """Lower Cholesky factor of the covariance that noise, day, weather and start leave at some seconds; the
    figures are those of `sensors` and `physiology`."""
    apart = np.abs(at[:, None] - at[None, :])
    warmed = 1.0 - np.exp(-at / 600.0)
    begun = np.exp(-at / 35.0)
    weather = 0.5 * _above_sd(usual_c, WARM_FROM_C)
    covariance = (
        1.5**2 * np.exp(-apart / 20.0)
        + 1.3**2 * np.exp(-apart / 240.0)
        + (0.5**2 + 1 / 12) * np.eye(len(at))
        + physiology.SHIFT_SD**2
        + weather**2 * np.outer(warmed, warmed)
        + physiology.START_SD**2 * np.outer(begun, begun)
    )
    return np.asarray(cholesky(covariance, lower=True))


def _paces(level: Floats, grade: Floats) -> Floats:
    """What tells how hard a runner meant to run: oxygen asked for, at quantiles of 30 s, and hills."""
    asked = uniform_filter1d(level + grade, 30)
    moving = asked[level > 3.0]
    if len(moving) < 60:
        moving = asked
    ml = physiology.STANDING_ML + np.maximum(moving, 1.0) * 60.0 / physiology.JOULES_PER_ML
    quantiles = np.log(np.quantile(ml, [0.1, 0.5, 0.9, 0.98]))
    return np.array(
        [1.0, *quantiles, np.std(ml) / ml.mean(), np.abs(grade).mean() / level.mean(), len(level) / 3600.0]
    )


def _above(usual: float, limit: float) -> float:
    """Expected excess over a limit of what is Gaussian around the usual."""
    z = (usual - limit) / WEATHER_SD
    return float(WEATHER_SD * (norm.pdf(z) + z * norm.cdf(z)))


def _above_sd(usual: float, limit: float) -> float:
    """Standard deviation of that excess."""
    z = (usual - limit) / WEATHER_SD
    square = WEATHER_SD**2 * ((1 + z**2) * norm.cdf(z) + z * norm.pdf(z))
    return math.sqrt(max(square - _above(usual, limit) ** 2, 0.0))
