"""Is the heart rate of a workout shifted by a constant, or late, against what its speed and grade explain?

    reference = fit_reference(runs of everybody, as_of)   how hearts answer, and how runners differ
    judge(run, history, reference) → Finding              one workout against the user's earlier ones
    judge_all(runs, reference) → list[Finding]            each workout of many against those before it

What speed and grade explain is linear in exponentially weighted powers of running (`_mixed_model.explained`),
with coefficients of a user's own: Gaussian around the population's, learnt from the earlier workouts. On top
of it every workout has a shift of its own, of a size that is known from workouts before: the spread between
workouts, beyond which a shift is no day's form any more. What is left has Student's t, so that a sensor's
faults count little.

* Lag: the likelihood of the record over shifts of what explains it, what is left being whitened as
  first-order autoregressive, profiled over the user's coefficients and with the offset left free: only
  changes of the effort speak.
* Offset: the location of what is left, moved by the lag that was found and not whitened, against the spread
  between workouts: the level speaks.

Nothing but workouts that had ended when this one began is learnt from. Of these, the ones that were found
late are moved; which of them are shifted is weighed anew each time, all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate._days import DAY_TERMS, day_posterior, over_users
from formguide.heartrate._mixed_model import (
    FOR_LAGS,
    FOR_SHIFTS,
    Fit,
    Known,
    Population,
    Record,
    fitted,
    known,
)
from formguide.heartrate.sequences import Floats, Recorded

EARLIEST, LATEST = -15, 60
"""Lags that are looked at, seconds."""

KEPT = 60
"""Of a user's earlier workouts so many are compared with, the last ones."""

FEWEST = 3
"""Earlier workouts without which nothing is found."""

OFFSET_Z, LAG_GAIN = 3.1, 28.0
"""What is found: an offset of so many standard errors; a lag whose log-likelihood is better than none's by so
much. Chosen on generated workouts of other seeds than those that are reported."""

FEWEST_USERS = 12
"""Users with `FEWEST` workouts from whom the population is learnt."""

_CHECKED_USERS, _LEARNT = 40, 20
_STEPS = (6, 2, 1)
_PRIOR_WORKOUTS = 6
_ROUNDS = 10


@dataclass(frozen=True)
class Reference:
    """How hearts answer to an effort, of workouts that had ended before `as_of`: as lags and as shifts are
    asked for."""

    lags: Population
    shifts: Population
    as_of: datetime | None = None


UNINFORMED = Reference(FOR_LAGS, FOR_SHIFTS)
"""Where there are not enough users to learn from."""


@dataclass(frozen=True)
class Remembered:
    """A judged workout as those after it learn from it: for lags, and for shifts."""

    lags: Record
    shifts: Record


@dataclass(frozen=True)
class Finding:
    """What was found in a workout, or None where there is nothing to compare.

    earlier_workouts: of the user, that it was compared with; offset_bpm: above 0 where the record is too
    high; lag_sec: above 0 where it is late; each with a standard error; lag_gain: log-likelihood of the best
    lag over that of none; found: none, offset, lag or both.
    """

    workout_id: str
    earlier_workouts: int
    offset_bpm: float | None
    offset_se_bpm: float | None
    lag_sec: float | None
    lag_se_sec: float | None
    lag_gain: float | None
    found: str

    @property
    def applied_offset_bpm(self) -> float:
        """What is to be taken off the heart rate; 0 unless it was found shifted."""
        return self.offset_bpm if self.offset_bpm is not None and self.found in ("offset", "both") else 0.0

    @property
    def applied_lag_sec(self) -> int:
        """By how many seconds the heart rate is to be moved forward; 0 unless it was found late."""
        return round(self.lag_sec) if self.lag_sec is not None and self.found in ("lag", "both") else 0


def fit_reference(runs: Sequence[Recorded], as_of: datetime | None = None, passes: int = 2) -> Reference:
    """How hearts answer, from everybody's workouts that had ended before a moment (None: all).

    By expectation and maximisation on the mixed linear model, weighing the points anew before each pass;
    `UNINFORMED` with fewer than `FEWEST_USERS` users who have three workouts.
    """
    ended = [run for run in runs if as_of is None or run.inputs.ended_at < as_of]
    by_user: dict[tuple[str, str], list[Record]] = {}
    for run in sorted(ended, key=in_order):
        own = by_user.setdefault((run.inputs.user_id, run.inputs.activity), [])
        record = Record.of(run, FOR_LAGS.keep, own)
        own += [] if record is None else [record]
    people = [own[-_LEARNT:] for _, own in sorted(by_user.items()) if len(own) >= FEWEST]
    if len(people) < FEWEST_USERS:
        return replace(UNINFORMED, as_of=as_of)
    for_lags = _learnt(people, FOR_LAGS, passes)[1]
    levels = [[record.with_lag(0, FOR_SHIFTS.keep) for record in own] for own in people]
    levels, for_shifts = _learnt(levels, FOR_SHIFTS, passes)
    return Reference(for_lags, replace(for_shifts, caution=_caution(levels, for_shifts)), as_of)


def judge(run: Recorded, history: Sequence[Recorded], reference: Reference = UNINFORMED) -> Finding:
    """What is found in a workout, given the user's others (those that had not ended when it began, and those
    of another activity, are left out)."""
    own = [other for other in history if other.inputs.user_id == run.inputs.user_id]
    before = [other for other in own if other.inputs.ended_at < run.inputs.started_at]
    return judge_all([*before, run], reference)[-1]


def judge_all(runs: Sequence[Recorded], reference: Reference = UNINFORMED) -> list[Finding]:
    """What is found in each of many workouts, given those of its user that had ended when it began."""
    seen: dict[tuple[str, str], list[Remembered]] = {}
    found: dict[int, Finding] = {}
    for k in sorted(range(len(runs)), key=lambda k: in_order(runs[k])):
        run = runs[k]
        own = seen.setdefault((run.inputs.user_id, run.inputs.activity), [])
        found[k] = judge_after(run, own, reference)
        lag, shifted = found[k].applied_lag_sec, bool(found[k].applied_offset_bpm)
        record = remembered(run, own, reference, lag, shifted)
        if record is not None:
            own.append(record)
    return [found[k] for k in range(len(runs))]


def in_order(run: Recorded) -> tuple[datetime, str]:
    """The order in which workouts are judged: of their start."""
    return run.inputs.started_at, run.inputs.workout_id


def remembered(
    run: Recorded, others: Sequence[Remembered], reference: Reference, lag_sec: int, shifted: bool
) -> Remembered | None:
    """A judged workout as those after it learn from it: moved if it was found late, its points weighed by a
    fit that knows the workouts before it. None where there is too little of it."""
    earlier = _ended(run, others)
    record = Record.of(run, reference.lags.keep, [own.lags for own in earlier])
    if record is None:
        return None
    expected = known([own.lags for own in earlier], record.started_at, reference.lags)
    late = _fit(record, lag_sec, expected, reference.lags)
    expected = known([own.shifts for own in earlier], record.started_at, reference.shifts)
    level = _fit(record, lag_sec, expected, reference.shifts)
    offset, spread = _offset(level, expected, reference.shifts)
    return Remembered(late.record, replace(level.record, shifted=shifted, score=offset / spread))


def judge_after(run: Recorded, others: Sequence[Remembered], reference: Reference) -> Finding:
    """What is found in a workout given what is remembered of the same user's of the same activity: the last
    `KEPT` that had ended when it began."""
    earlier = _ended(run, others)
    record = Record.of(run, reference.lags.keep, [own.lags for own in earlier])
    if record is None:
        return Finding(run.inputs.workout_id, len(earlier), None, None, None, None, None, "none")
    expected = known([own.lags for own in earlier], record.started_at, reference.lags)
    fits = _over_lags(record, expected.with_free_shift(reference.lags.day), reference.lags)
    best = max(fits, key=lambda lag: fits[lag].value)
    gain = fits[best].value - fits[0].value
    lag, lag_se = _peak(fits)
    enough = len(earlier) >= FEWEST
    late = enough and gain > LAG_GAIN
    levels = [own.shifts for own in earlier]
    expected = known(levels, record.started_at, reference.shifts)
    fit = _fit(record, best if late else 0, expected, reference.shifts)
    offset, spread = _offset(fit, expected, reference.shifts)
    offset_se = spread * _own_caution(levels)
    shifted = enough and abs(offset) > OFFSET_Z * offset_se
    found = ("both" if late else "offset") if shifted else ("lag" if late else "none")
    return Finding(run.inputs.workout_id, len(earlier), offset, offset_se, lag, lag_se, gain, found)


def _ended(run: Recorded, others: Sequence[Remembered]) -> list[Remembered]:
    return [own for own in others if own.lags.ended_at < run.inputs.started_at][-KEPT:]


def _fit(record: Record, lag: int, expected: Known, population: Population) -> Fit:
    """A workout at a lag, given what was known before, its shift left free."""
    before = expected.with_free_shift(population.day)
    return fitted(record.with_lag(lag, population.keep), before, population, before.mean)


def _own_caution(earlier: Sequence[Record]) -> float:
    """By how much a user's own shifts were larger or smaller than their standard errors said, leaning on 1 as
    on `_PRIOR_WORKOUTS` workouts; a large one counts as one of three."""
    squares = [min(record.score**2, 9.0) for record in earlier[FEWEST:] if not record.shifted]
    return float(np.sqrt((_PRIOR_WORKOUTS + sum(squares)) / (_PRIOR_WORKOUTS + len(squares))))


def _over_lags(record: Record, before: Known, population: Population) -> dict[int, Fit]:
    """Fits at lags from `EARLIEST` to `LATEST`: every sixth, and every one around the best."""
    fits: dict[int, Fit] = {}
    best, reach = 0, LATEST - EARLIEST
    for step in _STEPS:
        for lag in range(best - reach // step * step, best + reach + 1, step):
            if EARLIEST <= lag <= LATEST and lag not in fits:
                near = min(fits, key=lambda other: abs(other - lag)) if fits else None
                begin = before.mean if near is None else fits[near].mean
                fits[lag] = fitted(record.with_lag(lag, population.keep), before, population, begin)
        best, reach = max(fits, key=lambda lag: fits[lag].value), step
    return fits


def _peak(fits: dict[int, Fit]) -> tuple[float, float]:
    """Mean and spread of the lag over its likelihood; lags that were skipped lie between two others."""
    looked = np.array(sorted(fits))
    values = np.array([fits[int(lag)].value for lag in looked])
    lags: NDArray[np.int64] = np.arange(EARLIEST, LATEST + 1)
    weights = np.exp(np.interp(lags, looked, values) - values.max())
    weights = weights / weights.sum()
    mean = float(weights @ lags)
    return mean, float(np.sqrt(max(float(weights @ (lags - mean) ** 2), 1.0 / 12.0)))


def _offset(fit: Fit, expected: Known, population: Population) -> tuple[float, float]:
    """What a fit says of a shift, less what the days before let expect of it, and its standard error."""
    spread = np.sqrt(fit.covariance[-1, -1] + expected.covariance[-1, -1])
    return float(fit.mean[-1] - expected.mean[-1]), float(spread * population.caution)


# -- everybody -------------------------------------------------------------------------------------


def _learnt(
    people: list[list[Record]], population: Population, passes: int
) -> tuple[list[list[Record]], Population]:
    """A population by its users' workouts, and these as they are weighed by it."""
    for _ in range(passes):
        for _ in range(_ROUNDS):
            population, fits = _improved(people, population)
        pairs = [list(zip(own, found, strict=True)) for own, found in zip(people, fits, strict=True)]
        left = [np.abs(record.heard - record.rows @ fit) for own in pairs for record, fit in own]
        people = [[record.weighed(fit, population) for record, fit in own] for own in pairs]
        # The median of |t| with four degrees of freedom is .741.
        population = replace(
            population, noise_bpm=float(np.median(np.concatenate(left)) / 0.741), users=len(people)
        )
    return people, population


def _improved(people: list[list[Record]], population: Population) -> tuple[Population, list[list[Floats]]]:
    """One round of expectation and maximisation; and what fits each workout, its day's part included."""
    means, covariances, squares, weights, days = [], [], [], [], []
    fits: list[list[Floats]] = []
    for own in people:
        told = known(own, own[-1].ended_at, population)
        means.append(told.mean[:-1])
        covariances.append(told.covariance[:-1, :-1])
        squares.append(np.minimum(told.shifts**2 + told.shift_variances, (6.0 * population.day_bpm) ** 2))
        weights.append(1.0 - told.odd)
        fits.append([])
        for record, shift in zip(own, told.shifts, strict=True):
            fit = np.append(told.mean[:-1], shift)
            added, covariance = day_posterior(record.cross, fit, population.day, population.variance)
            days.append(np.outer(added, added) + covariance)
            fit[:DAY_TERMS] += added
            fits[-1].append(fit)
    mean, covariance = over_users(means, covariances)
    usual = np.average(np.concatenate(squares), weights=np.concatenate(weights))
    improved = replace(
        population,
        mean=mean,
        covariance=covariance + 1e-6 * np.eye(len(mean)),
        day=np.mean(days, axis=0) + 1e-6 * np.eye(DAY_TERMS),
        day_bpm=float(np.sqrt(usual)),
    )
    return improved, fits


def _caution(people: list[list[Record]], population: Population) -> float:
    """By how much offsets of workouts, each given those before it, are larger than their standard errors."""
    scores = []
    for own in people[:_CHECKED_USERS]:
        for k in range(FEWEST, len(own)):
            before = [record for record in own[:k] if record.ended_at < own[k].started_at]
            expected = known(before, own[k].started_at, population)
            offset, spread = _offset(_fit(own[k], 0, expected, population), expected, population)
            scores.append(abs(offset) / spread)
    return float(np.median(scores) / 0.6745) if scores else 1.0
