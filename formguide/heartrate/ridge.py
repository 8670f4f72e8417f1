"""The linear yardstick: ridge regression of heart rate on lagged speed, lagged grade and time.

Speed and grade enter as exponentially weighted means of the seconds so far, at six time constants each: that
is what a distributed lag costs in a dozen coefficients instead of hundreds. How strongly they are shrunk is
chosen within the training runs, each user's last by those before, and never by anything outside of them.

For a training set of several users the regression is fitted to all of them first, and a user's own runs then
pull it away from there; for a single user it is fitted to the own ones alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formguide.heartrate.baselines import NOBODY_SPREAD_BPM, flat, heard_in
from formguide.heartrate.curves import Curve
from formguide.heartrate.ode import CEILING_BPM, FASTEST_MPS, measured, smoothed, trailing_grade
from formguide.heartrate.remembered import OfObjects
from formguide.heartrate.sequences import Floats, Inputs, Recorded, alike, by_user

RIDGE = "ridge"

LAGS_SEC = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
START_SEC = (60.0, 180.0, 600.0)
STEP_SEC = 5
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Shares of the number of rows: what is added to the diagonal of the standardised features."""
DEFAULT_PENALTY = 1e-2
LEAST_USERS = 5
"""So many users make a population; fewer are each on their own."""
MOST_TUNED = 40
"""Workouts that the penalty is chosen on: the last of their users, spread over the training set."""
LEAST_BPM = 40.0
MOST_REMEMBERED = 256
"""Rows of so many of the latest workouts are kept."""


def design(inputs: Inputs) -> Floats:
    """The regressors of every second (n, 16), from the seconds up to it: lagged speed, grade, and time."""
    speed = np.clip(inputs.speed_mps, 0.0, FASTEST_MPS)
    grade, t = trailing_grade(inputs), inputs.t_sec
    lagged = [smoothed(of, lag, before=0.0) for of in (speed, grade) for lag in LAGS_SEC]
    return np.stack([*lagged, t / 3600.0, *(np.exp(-t / decay) for decay in START_SEC)], axis=1)


@dataclass(frozen=True)
class Line:
    """A fitted regression, in standardised features: mean, scale and slope (16,), level in beats a minute."""

    mean: Floats
    scale: Floats
    slope: Floats
    level: float

    def of(self, x: Floats) -> Floats:
        """Heart rate where the regressors are x (rows, 16)."""
        line = self.level + (x - self.mean) / self.scale @ self.slope
        return np.asarray(np.clip(line, LEAST_BPM, CEILING_BPM))


@dataclass(frozen=True)
class Rows:
    """What a regression is fitted to of a workout: every fifth second that has a heart rate."""

    x: Floats
    y: Floats


def rows_of(run: Recorded) -> Rows:
    """Every fifth second in which a heart rate was measured."""
    return _rows(run)


def _rows_of(run: Recorded) -> Rows:
    x, y = design(run.inputs)[::STEP_SEC], measured(run)[::STEP_SEC]
    return Rows(x[np.isfinite(y)], y[np.isfinite(y)])


_rows = OfObjects(_rows_of, MOST_REMEMBERED)


def fit_line(rows: Sequence[Rows], penalty: float, towards: Line | None = None) -> Line | None:
    """Ridge regression; `towards` itself if no heart rate was measured.

    towards: the regression that slopes are shrunk towards, and in whose scale (None: towards 0).
    """
    if not any(len(one.y) for one in rows):
        return towards
    x, y = np.concatenate([one.x for one in rows]), np.concatenate([one.y for one in rows])
    if towards is None:
        mean, scale, centre = x.mean(axis=0), x.std(axis=0) + 1e-9, np.zeros(x.shape[1])
    else:
        mean, scale, centre = towards.mean, towards.scale, towards.slope
    z = (x - mean) / scale
    level, middle = float(y.mean()), z.mean(axis=0)
    around = z - middle
    gram = around.T @ around + penalty * len(y) * np.eye(x.shape[1])
    slope = centre + np.linalg.solve(gram, around.T @ (y - level - around @ centre))
    return Line(mean, scale, slope, level - float(middle @ slope))


@dataclass(frozen=True)
class Ridge:
    """The regression as a forecaster; common: that of the population, where there is one.

    low_bpm, high_bpm: 10 % and 90 % quantiles of the errors met while walking forward through the training
    set.
    """

    penalty: float
    common: Line | None
    low_bpm: float
    high_bpm: float
    name: str = RIDGE

    def curve(self, inputs: Inputs, history: Sequence[Recorded]) -> Curve:
        """The regression fitted to the history's workouts of the same activity, or the common one."""
        own = alike(history, inputs.activity)
        line = fit_line([rows_of(run) for run in own], self.penalty, self.common)
        if line is None:
            return flat(inputs, heard_in(own))
        middle = line.of(design(inputs))
        return Curve(middle + min(self.low_bpm, 0.0), middle, middle + max(self.high_bpm, 0.0))


def fit_ridge(training: Sequence[Recorded]) -> Ridge:
    """Chooses the penalty by walking forward through the training set's runs, and fits the common regression.

    Where the users make a population, the penalty is chosen on every second of them, with the common
    regression of the others: on users whom it has not seen.
    """
    users = [[(run, rows_of(run)) for run in runs] for _, runs in by_user(alike(training))]
    users = [[(run, rows) for run, rows in runs if len(rows.y)] for runs in users]
    many = len(users) >= LEAST_USERS
    others = [rows for runs in users[::2] for _, rows in runs] if many else []
    tuned = _last_workouts(users[1::2] if many else users)
    if not tuned:
        return Ridge(DEFAULT_PENALTY, None, -NOBODY_SPREAD_BPM, NOBODY_SPREAD_BPM)
    met: dict[float, list[Floats]] = {}
    for penalty in PENALTIES:
        common = fit_line(others, penalty)
        lines = [(rows, fit_line(earlier, penalty, common)) for rows, earlier in tuned]
        met[penalty] = [rows.y - line.of(rows.x) for rows, line in lines if line is not None]
    scores = {penalty: float(np.mean([np.abs(e).mean() for e in of])) for penalty, of in met.items()}
    penalty = min(scores, key=lambda p: scores[p])
    low, high = np.quantile(np.concatenate(met[penalty]), [0.1, 0.9])
    common = fit_line([rows for runs in users for _, rows in runs], penalty) if many else None
    return Ridge(penalty, common, float(low), float(high))


def _last_workouts(users: list[list[tuple[Recorded, Rows]]]) -> list[tuple[Rows, list[Rows]]]:
    """The last workouts of users, each with those that had ended when it began: of the last 40 % of each that
    have any, `MOST_TUNED` in all."""
    found = []
    for runs in users:
        for run, rows in runs[max(1, round(0.6 * len(runs))) :]:
            begins = run.inputs.started_at
            earlier = [of for before, of in runs if before.inputs.ended_at < begins]
            found += [(rows, earlier)] if earlier else []
    return found[:: max(1, -(-len(found) // MOST_TUNED))]
