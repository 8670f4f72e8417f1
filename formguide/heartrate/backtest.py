"""What would have been forecast, and how far off it would have been: every test run scored, as recorded.

    last_block(history, models, …)     the last 30 % of each user's runs, by what was known before the first
    walk_forward(history, models, …)   every run from the tenth, each by what was known when it began

both of users with at least ten runs, as rows of `BacktestScores`. Every run is forecast twice: given the
speed that was run, and given its route alone. Which runs those are is settled by their number and order,
whatever their heart rates say; those that say nothing cannot be scored, and no other run takes their place.

Rules of cleaning and corrections act on what is learnt from (`History.learnt`); what is scored
(`History.runs`) is what the sensor said. A forecaster is fitted to workouts, of anybody, that had ended
before the first run that it is asked about began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from formguide.heartrate import kinds, pace_plan
from formguide.heartrate.baselines import fit_global_mean, fit_user_mean
from formguide.heartrate.curves import Curve, Forecaster
from formguide.heartrate.forecast_tables import (
    AS_RECORDED,
    LAST_BLOCK,
    ROUTE_ONLY,
    SPEED_RUN,
    WALK_FORWARD,
    BacktestScores,
)
from formguide.heartrate.personal import fit_ode, fit_personal
from formguide.heartrate.ridge import fit_ridge
from formguide.heartrate.sequences import Floats, Recorded, by_user
from formguide.heartrate.tables import RUN
from formguide.schema import dtypes, empty

VERSION = "2"
"""Changes when the same runs would be scored otherwise."""

REAL, GENERATED = "real", "generated"

LEAST_RUNS = 10
LEAST_LEARNT = 7
"""So many runs that may be learnt from must have ended before a user's first run is scored."""
LAST_SHARE = 0.3
REFIT_USERS = 4
"""With more users than that, what users have in common is fitted once per user, at the first run scored."""

Learner = Callable[[Sequence[Recorded]], Forecaster]

MODELS: Mapping[str, Learner] = {
    "formguide": fit_personal,
    "ode": fit_ode,
    "ridge": fit_ridge,
    "user mean": fit_user_mean,
    "global mean": fit_global_mean,
}
"""The forecaster that ships and its baselines; each learns from the runs of a training set."""


@dataclass(frozen=True)
class History:
    """runs: all workouts, as they are scored; learnt: those that models may learn from, as they may (cleaned,
    perhaps corrected), in the same order."""

    runs: list[Recorded]
    learnt: list[Recorded]

    def tested(self) -> Iterator[tuple[str, list[Recorded], list[Recorded]]]:
        """Users with at least ten runs: all of their runs, and the workouts learnt from."""
        learnt = dict(by_user(self.learnt))
        for user, workouts in by_user(self.runs):
            runs = [run for run in workouts if is_run(run)]
            if len(runs) >= LEAST_RUNS:
                yield user, runs, learnt.get(user, [])

    def known(self, at: datetime) -> list[Recorded]:
        """What could be learnt from, of anybody, at a moment."""
        return [run for run in self.learnt if run.inputs.ended_at < at]


@dataclass(frozen=True)
class Told:
    """What the rows of a backtest are labelled with: whose workouts; which heart rate was learnt from; which
    is scored."""

    population: str = REAL
    training: str = AS_RECORDED
    scored: str = AS_RECORDED


def last_block(
    history: History, models: Mapping[str, Learner] = MODELS, told: Told | None = None
) -> pl.DataFrame:
    """The last 30 % of each user's runs; neither models nor histories know any of them."""
    rows: list[pl.DataFrame] = []
    for _, runs, learnt in history.tested():
        block = runs[int((1 - LAST_SHARE) * len(runs)) :]
        begins = block[0].inputs.started_at
        before = [run for run in learnt if run.inputs.ended_at < begins]
        if not is_known(before):
            continue
        fitted = {name: learn(history.known(begins)) for name, learn in models.items()}
        for run in filter(is_heard, block):
            rows += _scored(run, before, fitted, LAST_BLOCK, told or Told())
    return _table(rows)


def walk_forward(
    history: History, models: Mapping[str, Learner] = MODELS, told: Told | None = None
) -> pl.DataFrame:
    """Every run of each user from the tenth, by the workouts that had ended when it began."""
    rows: list[pl.DataFrame] = []
    users = list(history.tested())
    for _, runs, learnt in users:
        fitted: dict[str, Forecaster] = {}
        for run in filter(is_heard, runs[LEAST_RUNS - 1 :]):
            begins = run.inputs.started_at
            before = [one for one in learnt if one.inputs.ended_at < begins]
            if not is_known(before):
                continue
            if not fitted or len(users) <= REFIT_USERS:
                fitted = {name: learn(history.known(begins)) for name, learn in models.items()}
            rows += _scored(run, before, fitted, WALK_FORWARD, told or Told())
    return _table(rows)


def is_run(workout: Recorded) -> bool:
    """Walks and rides are not scored, and no model of runs learns from them."""
    return workout.inputs.activity == RUN


def is_heard(workout: Recorded) -> bool:
    """Whether there is a heart rate to score against."""
    return bool(np.isfinite(workout.heart_rate_bpm).any())


def is_known(before: Sequence[Recorded]) -> bool:
    """Whether so much had been learnt of a user that the next run is scored."""
    return sum(map(is_run, before)) >= LEAST_LEARNT


def score(curve: Curve, measured_bpm: Floats) -> pl.DataFrame:
    """Sums of a curve's errors, minute by minute: the seven columns of `BacktestScores` from `minute` on.

    Seconds without a measured heart rate (NaN) are not counted; all others are, whatever they say.
    """
    heard = np.isfinite(measured_bpm)
    minute = (np.arange(len(measured_bpm)) // 60)[heard]
    said = measured_bpm[heard]
    error = curve.p50[heard] - said
    inside = (curve.p10[heard] <= said) & (said <= curve.p90[heard])
    sums = {
        "error_sum_bpm": error,
        "absolute_error_sum_bpm": np.abs(error),
        "squared_error_sum": error**2,
        "inside": inside.astype(float),
        "width_sum_bpm": (curve.p90 - curve.p10)[heard],
    }
    seconds = np.bincount(minute)
    there = np.flatnonzero(seconds)
    summed = {name: np.bincount(minute, weights=of)[there] for name, of in sums.items()}
    return pl.DataFrame({"minute": there, "seconds": seconds[there], **summed})


def curves_of(
    run: Recorded, history: Sequence[Recorded], fitted: Iterable[Forecaster]
) -> Iterator[tuple[str, str, Curve]]:
    """Each forecaster's curve of a run on its clock: given, the forecaster's name, the curve.

    Of the run's own inputs the route-only curve sees the route; its clock is asked only to compare: the
    forecast for where the runner was at each second. A run without a way (a treadmill's) has no route.
    """
    try:
        plan = pace_plan.planned(run.inputs, history)
    except pace_plan.NoRoute:
        plan = None
    way = run.inputs.distance_m
    for one in fitted:
        yield SPEED_RUN, one.name, one.curve(run.inputs, history)
        if plan is None:
            continue
        on_plan = pace_plan.widened(one.curve(plan, history))
        yield ROUTE_ONLY, one.name, pace_plan.at_distances(on_plan, plan, way)


def _scored(
    run: Recorded,
    history: Sequence[Recorded],
    fitted: Mapping[str, Forecaster],
    task: str,
    told: Told,
) -> Iterator[pl.DataFrame]:
    labels = {
        "task": task,
        "population": told.population,
        "training": told.training,
        "scored": told.scored,
        "workout_id": run.inputs.workout_id,
        "user_id": run.inputs.user_id,
        "kind": kinds.kind(run.inputs, history),
        "kind_by_heart_rate": kinds.kind_by_heart_rate(run, history),
        "earlier_workouts": len(history),
    }
    for given, model, curve in curves_of(run, history, fitted.values()):
        found = score(curve, run.heart_rate_bpm)
        yield found.with_columns(
            pl.lit(v).alias(k) for k, v in (labels | {"given": given, "model": model}).items()
        )


def _table(rows: list[pl.DataFrame]) -> pl.DataFrame:
    if not rows:
        return empty(BacktestScores)
    together = pl.concat(rows)
    return together.select(pl.col(c).cast(t) for c, t in dtypes(BacktestScores).items())
