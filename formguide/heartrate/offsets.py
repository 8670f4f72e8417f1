"""Is the heart rate of a workout shifted by a constant, or late, against what its speed and grade explain?

    reference = fit_reference(runs of everybody, as_of)   how hearts answer, and how runners differ
    judge(run, history, reference) → Finding              one workout against the user's earlier ones
    judge_all(runs, reference) → list[Finding]            each workout of many against those before it

What speed and grade explain is linear in exponentially weighted powers of running (`_mixed_model.explained`),
with coefficients of a user's own: Gaussian around the population's, learnt from the earlier workouts. On top
of it every workout has a shift of its own, of a size that is known from workouts before: the spread between
workouts, beyond which a shift is no day's form any more. What is left is first-order autoregressive with
innovations of Student's t, so that a sensor's faults count little.

* Offset: the location of what is left, by the weights of the t, against the spread between workouts.
* Lag: the likelihood of the record over shifts of what explains it, profiled over the user's coefficients and
  with the offset left free, so that only changes of the effort speak.

Nothing but workouts that had ended when this one began is learnt from; earlier workouts that were found late
are moved, and those that were found shifted say nothing of the user's level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate._mixed_model import UNINFORMED, Fit, Known, Record, Reference, fitted, known
from formguide.heartrate.sequences import Floats, Recorded

__all__ = ["UNINFORMED", "Finding", "Record", "Reference", "fit_reference", "judge", "judge_all"]

EARLIEST, LATEST = -15, 60
"""Lags that are looked at, seconds."""

KEPT = 60
"""Of a user's earlier workouts so many are compared with, the last ones."""

FEWEST = 3
"""Earlier workouts without which nothing is found."""

OFFSET_Z, LAG_GAIN = 3.9, 20.0
"""What is found: an offset of so many standard errors; a lag whose log-likelihood is better than none's by so
much. Chosen on generated workouts of other seeds than those that are reported."""

FEWEST_USERS = 12
"""Users with `FEWEST` workouts from whom the population is learnt."""

_CHECKED_USERS, _LEARNT = 40, 20
_STEPS = (6, 2, 1)
_PRIOR_WORKOUTS = 6


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


def fit_reference(runs: Sequence[Recorded], as_of: datetime | None = None, passes: int = 8) -> Reference:
    """How hearts answer, from everybody's workouts that had ended before a moment (None: all).

    By expectation and maximisation on the mixed linear model; `UNINFORMED` with fewer than `FEWEST_USERS`
    users who have three workouts.
    """
    ended = [run for run in runs if as_of is None or run.inputs.ended_at < as_of]
    by_user: dict[tuple[str, str], list[Recorded]] = {}
    for run in sorted(ended, key=in_order):
        by_user.setdefault((run.inputs.user_id, run.inputs.activity), []).append(run)
    people = [
        [record for run in own[-_LEARNT:] if (record := Record.of(run, UNINFORMED.keep)) is not None]
        for _, own in sorted(by_user.items())
    ]
    people = [own for own in people if len(own) >= FEWEST]
    if len(people) < FEWEST_USERS:
        return replace(UNINFORMED, as_of=as_of)
    reference = UNINFORMED
    for _ in range(passes):
        people, reference = _improved(people, reference)
    return replace(reference, as_of=as_of, caution=_caution(people, reference))


def judge(run: Recorded, history: Sequence[Recorded], reference: Reference = UNINFORMED) -> Finding:
    """What is found in a workout, given the user's others (those that had not ended when it began, and those
    of another activity, are left out)."""
    own = [other for other in history if other.inputs.user_id == run.inputs.user_id]
    before = [other for other in own if other.inputs.ended_at < run.inputs.started_at]
    return judge_all([*before, run], reference)[-1]


def judge_all(runs: Sequence[Recorded], reference: Reference = UNINFORMED) -> list[Finding]:
    """What is found in each of many workouts, given those of its user that had ended when it began."""
    seen: dict[tuple[str, str], list[Record]] = {}
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
    run: Recorded, others: Sequence[Record], reference: Reference, lag_sec: int, shifted: bool
) -> Record | None:
    """A judged workout as those after it learn from it: moved if it was found late, silent of the user's
    level if it was found shifted, its points weighed by a fit that knows the workouts before it. None where
    there is too little of it."""
    record = Record.of(run, reference.keep)
    if record is None:
        return None
    expected = known(_ended(run, others), record.started_at, reference)
    before = expected.with_free_shift()
    fit = fitted(record.with_lag(lag_sec, reference.keep), before, reference, before.mean)
    offset, spread = _offset(fit, expected, reference)
    return replace(fit.record, shifted=shifted, score=offset / spread)


def judge_after(run: Recorded, others: Sequence[Record], reference: Reference) -> Finding:
    """What is found in a workout given what is remembered of the same user's of the same activity: the last
    `KEPT` that had ended when it began."""
    earlier = _ended(run, others)
    record = Record.of(run, reference.keep)
    if record is None:
        return Finding(run.inputs.workout_id, len(earlier), None, None, None, None, None, "none")
    expected = known(earlier, record.started_at, reference)
    fits = _over_lags(record, expected.with_free_shift(), reference)
    best = max(fits, key=lambda lag: fits[lag].value)
    gain = fits[best].value - fits[0].value
    lag, lag_se = _peak(fits)
    enough = len(earlier) >= FEWEST
    late = enough and gain > LAG_GAIN
    offset, spread = _offset(fits[best if late else 0], expected, reference)
    offset_se = spread * _own_caution(earlier)
    shifted = enough and abs(offset) > OFFSET_Z * offset_se
    found = ("both" if late else "offset") if shifted else ("lag" if late else "none")
    return Finding(run.inputs.workout_id, len(earlier), offset, offset_se, lag, lag_se, gain, found)


def _ended(run: Recorded, others: Sequence[Record]) -> list[Record]:
    return [record for record in others if record.ended_at < run.inputs.started_at][-KEPT:]


def _own_caution(earlier: Sequence[Record]) -> float:
    """By how much a user's own shifts were larger or smaller than their standard errors said, leaning on 1 as
    on `_PRIOR_WORKOUTS` workouts; a large one counts as one of three."""
    squares = [min(record.score**2, 9.0) for record in earlier[FEWEST:] if not record.shifted]
    return float(np.sqrt((_PRIOR_WORKOUTS + sum(squares)) / (_PRIOR_WORKOUTS + len(squares))))


def _over_lags(record: Record, before: Known, reference: Reference) -> dict[int, Fit]:
    """Fits at lags from `EARLIEST` to `LATEST`: every sixth, and every one around the best."""
    fits: dict[int, Fit] = {}
    best, reach = 0, LATEST - EARLIEST
    for step in _STEPS:
        for lag in range(best - reach // step * step, best + reach + 1, step):
            if EARLIEST <= lag <= LATEST and lag not in fits:
                near = min(fits, key=lambda other: abs(other - lag)) if fits else None
                begin = before.mean if near is None else fits[near].mean
                fits[lag] = fitted(record.with_lag(lag, reference.keep), before, reference, begin)
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


def _offset(fit: Fit, expected: Known, reference: Reference) -> tuple[float, float]:
    """What a fit says of a shift, less what the days before let expect of it, and its standard error."""
    spread = np.sqrt(fit.covariance[-1, -1] + expected.covariance[-1, -1])
    return float(fit.mean[-1] - expected.mean[-1]), float(spread * reference.caution)


# -- everybody -------------------------------------------------------------------------------------


def _improved(people: list[list[Record]], reference: Reference) -> tuple[list[list[Record]], Reference]:
    """One pass of expectation and maximisation."""
    means, covariances, shifts, again = [], [], [], []
    left: list[Floats] = []
    for own in people:
        told = known(own, own[-1].ended_at, reference)
        means.append(told.mean[:-1])
        covariances.append(told.covariance[:-1, :-1])
        shifts.append(told.shifts**2 + told.shift_variances)
        fits = [np.append(told.mean[:-1], shift) for shift in told.shifts]
        again.append([record.weighed(fit, reference) for record, fit in zip(own, fits, strict=True)])
        left += [np.abs(record.heard - record.rows @ fit) for record, fit in zip(own, fits, strict=True)]
    mean = np.mean(means, axis=0)
    away = np.array(means) - mean
    covariance = np.mean(covariances, axis=0) + away.T @ away / len(means)
    improved = replace(
        reference,
        mean=mean,
        covariance=covariance + 1e-6 * np.eye(len(mean)),
        day_bpm=_spread(np.concatenate(shifts), reference.day_bpm),
        noise_bpm=float(np.median(np.concatenate(left)) / 0.741),  # the median of |t| with 4 degrees
        users=len(people),
    )
    return again, improved


def _spread(squares: Floats, before: float) -> float:
    """Scale of the shifts between workouts, from their expected squares: of a t, so that the few that are no
    day's form count little."""
    weights = 5.0 / (4.0 + squares / before**2)
    return float(np.sqrt((weights * squares).mean()))


def _caution(people: list[list[Record]], reference: Reference) -> float:
    """By how much offsets of workouts, each given those before it, are larger than their standard errors."""
    scores = []
    for own in people[:_CHECKED_USERS]:
        for k in range(FEWEST, len(own)):
            expected = known(own[:k], own[k].started_at, reference)
            fit = fitted(own[k], expected.with_free_shift(), reference, expected.mean)
            offset, spread = _offset(fit, expected, reference)
            scores.append(abs(offset) / spread)
    return float(np.median(scores) / 0.6745) if scores else 1.0
