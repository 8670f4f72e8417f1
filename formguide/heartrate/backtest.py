"""What would have been forecast, and how far off it would have been: every test run scored, as recorded.

    last_block(history, models, …)     the last 30 % of each user's runs, by what was known before the first
    walk_forward(history, models, …)   every run from the tenth, each by what was known when it began

both of users with at least ten runs, as rows of `BacktestScores`. Every run is forecast twice: given the
speed that was run, and given its route alone. Which runs those are is settled by their number and order,
whatever their heart rates say; those that say nothing cannot be scored, and no other run takes their place.

Rules of the heart rate and corrections act on what is learnt from (`History.learnt`); what is scored
(`History.runs`) is what the sensor said. Where what is learnt from is corrected, the same curves are scored
against corrected heart rates too, as rows of their own: what was found of a run is hindsight. A forecaster
is fitted to workouts, of anybody, that had ended before the first run that it is asked about began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.heartrate import kinds, pace_plan
from formguide.heartrate.baselines import fit_global_mean, fit_user_mean
from formguide.heartrate.curves import Curve, Forecaster
from formguide.heartrate.forecast_tables import (
    AS_RECORDED,
    CORRECTED,
    LAST_BLOCK,
    ROUTE_ONLY,
    SPEED_RUN,
    WALK_FORWARD,
    BacktestScores,
)
from formguide.heartrate.pace_doubt import pace_doubt_bpm
from formguide.heartrate.personal import fit_ode, fit_personal
from formguide.heartrate.ridge import fit_ridge
from formguide.heartrate.sequences import Floats, Recorded, alike, by_user
from formguide.heartrate.tables import RUN
from formguide.schema import dtypes, empty

VERSION = "4"
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
    perhaps corrected), in the same order; corrected: all workouts again, with what was found of shifts and
    lags taken off, for scores that say so (None: there are none)."""

    runs: list[Recorded]
    learnt: list[Recorded]
    corrected: list[Recorded] | None = None

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
    is scored, where nothing else is said."""

    population: str = REAL
    training: str = AS_RECORDED
    scored: str = AS_RECORDED


def last_block(
    history: History, models: Mapping[str, Learner] = MODELS, told: Told | None = None
) -> pl.DataFrame:
    """The last 30 % of each user's runs; neither models nor histories know any of them."""
    rows: list[pl.DataFrame] = []
    corrected = _corrected(history)
    for _, runs, learnt in history.tested():
        block = runs[int((1 - LAST_SHARE) * len(runs)) :]
        begins = block[0].inputs.started_at
        before = [run for run in learnt if run.inputs.ended_at < begins]
        if not is_known(before):
            continue
        fitted = {name: learn(history.known(begins)) for name, learn in models.items()}
        for run in filter(is_heard, block):
            rows.append(_scored(run, before, fitted, LAST_BLOCK, told or Told(), corrected))
    return _table(rows)


def walk_forward(
    history: History, models: Mapping[str, Learner] = MODELS, told: Told | None = None
) -> pl.DataFrame:
    """Every run of each user from the tenth, by the workouts that had ended when it began."""
    rows: list[pl.DataFrame] = []
    corrected = _corrected(history)
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
            rows.append(_scored(run, before, fitted, WALK_FORWARD, told or Told(), corrected))
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
    return pl.DataFrame(_sums(curve, measured_bpm))


def _sums(curve: Curve, measured_bpm: Floats) -> dict[str, NDArray[Any]]:
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
    return {"minute": there, "seconds": seconds[there], **summed}


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
    way, doubt = run.inputs.distance_m, pace_doubt_bpm(history, run.inputs.activity)
    for one in fitted:
        yield SPEED_RUN, one.name, one.curve(run.inputs, history)
        if plan is None:
            continue
        on_plan = pace_plan.widened(one.curve(plan, history), doubt)
        yield ROUTE_ONLY, one.name, pace_plan.at_distances(on_plan, plan, way)


def _scored(
    run: Recorded,
    history: Sequence[Recorded],
    fitted: Mapping[str, Forecaster],
    task: str,
    told: Told,
    corrected: Mapping[str, Floats],
) -> pl.DataFrame:
    about = {
        "task": task,
        "population": told.population,
        "training": told.training,
        "workout_id": run.inputs.workout_id,
        "user_id": run.inputs.user_id,
        "kind": kinds.kind(run.inputs, history),
        "kind_by_heart_rate": kinds.kind_by_heart_rate(run, history),
        "earlier_workouts": len(alike(history, run.inputs.activity)),
    }
    measured = {told.scored: run.heart_rate_bpm}
    if run.inputs.workout_id in corrected:
        measured[CORRECTED] = corrected[run.inputs.workout_id]
    labels: list[tuple[str, str, str]] = []
    sums: list[dict[str, NDArray[Any]]] = []
    for given, model, curve in curves_of(run, history, fitted.values()):
        for scored, beats in measured.items():
            found = _sums(curve, beats)
            sums.append(found)
            labels += [(given, model, scored)] * len(found["minute"])
    columns = {name: np.concatenate([one[name] for one in sums]) for name in sums[0]}
    which = dict(zip(("given", "model", "scored"), zip(*labels, strict=True), strict=True))
    return pl.DataFrame(which | columns).with_columns(
        pl.lit(value).alias(name) for name, value in about.items()
    )


def _corrected(history: History) -> dict[str, Floats]:
    """By workout its heart rate without what was found of shifts and lags."""
    return {run.inputs.workout_id: run.heart_rate_bpm for run in history.corrected or ()}


def _table(rows: list[pl.DataFrame]) -> pl.DataFrame:
    if not rows:
        return empty(BacktestScores)
    together = pl.concat(rows)
    return together.select(pl.col(c).cast(t) for c, t in dtypes(BacktestScores).items())
