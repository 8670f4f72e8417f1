"""One runner's own forecast: the differential equation fitted to the own runs, at the level of late.

    fit_personal(training)                  → Personal     what any runner is forecast with
    forecast_run(inputs, history, as_of)    → Curve        one run, from what was known at a moment

The curve is that of `ode`, fitted anew to the history whenever it is asked for; on it lies the level of the
last weeks (a random walk that the days' shifts are noisy readings of), around it the interval of `intervals`,
the wider the longer ago the last run was.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

import numpy as np

from formguide.heartrate import intervals, ode
from formguide.heartrate.curves import Curve
from formguide.heartrate.ode import DEFAULT_PRIOR, OdeSettings, Physiology, Prior
from formguide.heartrate.remembered import Memory, OfObjects
from formguide.heartrate.sequences import Floats, Inputs, Recorded, alike, by_user, ended_before
from formguide.heartrate.wandering import wander_variance

FORMGUIDE, ODE = "formguide", "ode"

VERSION = "4"
"""Changes when the same runs would give other forecasts."""

MOST_RUNS = 40
"""So many of the latest runs are learnt from: somebody of years ago was somebody else."""
MOST_WALKED = 12
"""So many of the latest runs are forecast again for the interval."""
DEFAULT = OdeSettings()
WALK = OdeSettings(step_sec=10, iterations=8)
"""Forecasts of earlier runs need not be fitted to the last beat."""

LEVEL_WALK_BPM = 0.5
"""How far the level wanders in a week, standard deviation."""
DAY_BPM = 4.0
"""How far a day lies from it."""
LEAST_BPM = 35.0

MOST_REMEMBERED = 4000
MOST_DIGESTS = 500

_fits = Memory[Physiology](MOST_REMEMBERED)
_errors = Memory[Floats](MOST_REMEMBERED)


@dataclass(frozen=True)
class State:
    """What is known of a runner at a moment.

    physiology: the parameters; level_bpm: the level of late, above them; units: half-width of the interval,
    in units of `intervals.scale_bpm`; runs: how many it comes from; wander: by how much the variance of the
    level grows in a week, beats²; weeks: since the last run.
    """

    physiology: Physiology
    level_bpm: float
    units: float
    runs: int
    wander: float
    weeks: float

    @property
    def wandered_bpm(self) -> float:
        """How far the level may have wandered since the last run, standard deviation."""
        return math.sqrt(self.wander * self.weeks)


@dataclass(frozen=True)
class Personal:
    """The forecaster: a prior, and how the differential equation is fitted.

    carries_level: whether the level of late is added; without it, it is the differential equation alone.
    """

    prior: Prior = DEFAULT_PRIOR
    settings: OdeSettings = DEFAULT
    carries_level: bool = True
    name: str = FORMGUIDE

    def curve(self, inputs: Inputs, history: Sequence[Recorded]) -> Curve:
        """One run. history: the runner's workouts that had ended when it began, in their order."""
        now = self.state(inputs.activity, inputs.started_at, history)
        middle = _curve(now.physiology, now.level_bpm, inputs)
        wide = now.units * intervals.scale_bpm(len(inputs), now.runs, now.wandered_bpm)
        return Curve(np.maximum(middle - wide, LEAST_BPM), middle, middle + wide)

    def state(self, activity: str, at: datetime, history: Sequence[Recorded]) -> State:
        """What is known of a runner at a moment. history: the workouts that had ended by then."""
        known = learnt_from(activity, history)
        keys = keys_of(self.prior, known)
        found, level = self._fitted(at, known, self.settings, keys[-1])
        units = intervals.half_width(self._met(known, keys))
        return State(found, level, units, len(known), *_wandering(found, known, at))

    def _fitted(
        self, at: datetime, known: Sequence[Recorded], settings: OdeSettings, key: str
    ) -> tuple[Physiology, float]:
        found = _fits.get(f"{key} {settings}", lambda: ode.fit(known, self.prior, settings))
        return found, level_of_late(found, known, at) if self.carries_level else 0.0

    def _met(self, known: Sequence[Recorded], keys: Sequence[str]) -> list[Floats]:
        """Errors of the latest runs, each forecast from those that had ended when it began, as
        `intervals.shares_within`."""

        def met(k: int) -> Floats:
            run, before = known[k], ended_before(known[:k], known[k])
            key = keys_of(self.prior, before)[-1]
            found, level = self._fitted(run.inputs.started_at, before, WALK, key)
            off = ode.measured(run) - _curve(found, level, run.inputs)
            wander, weeks = _wandering(found, before, run.inputs.started_at)
            return intervals.shares_within(intervals.units(off, len(before), math.sqrt(wander * weeks)))

        first = max(1, len(known) - MOST_WALKED)
        own = f"{keys[0]} {self.carries_level}"
        return [_errors.get(f"{own} {keys[k + 1]}", partial(met, k)) for k in range(first, len(known))]


def fit_personal(training: Sequence[Recorded], settings: OdeSettings | None = None) -> Personal:
    """The forecaster for whoever comes: its prior is what the training set's runners have in common, or
    textbook physiology where they are fewer than eight."""
    return Personal(prior_of(training), settings or DEFAULT)


def fit_ode(training: Sequence[Recorded], settings: OdeSettings | None = None) -> Personal:
    """The differential equation alone, a baseline: no level is carried on."""
    return Personal(prior_of(training), settings or DEFAULT, carries_level=False, name=ODE)


def prior_of(training: Sequence[Recorded], least: int = 8) -> Prior:
    """What the runners of a training set have in common, by their runs."""
    known = [[run for run in runs if _heard(run)][-MOST_RUNS:] for _, runs in by_user(alike(training))]
    return ode.population_prior([_by_itself(runs) for runs in known if runs], least)


def _by_itself(known: Sequence[Recorded]) -> Physiology:
    """One runner's fit around textbook physiology."""
    key = keys_of(DEFAULT_PRIOR, known)[-1]
    return _fits.get(f"{key} {WALK}", lambda: ode.fit(known, DEFAULT_PRIOR, WALK))


def forecast_run(
    inputs: Inputs,
    history: Sequence[Recorded],
    as_of: datetime | None = None,
    forecaster: Personal | None = None,
) -> Curve:
    """The heart rate of one run, from the runner's own workouts that had ended before `as_of`.

    inputs: the run's speed and altitude, or a plan (`pace_plan.plan`); as_of: UTC; None: when the run begins.
    """
    moment = as_of or inputs.started_at
    known = [run for run in history if run.inputs.ended_at < moment]
    return (forecaster or Personal()).curve(inputs, known)


def learnt_from(activity: str, history: Sequence[Recorded]) -> list[Recorded]:
    """The workouts that a forecast learns from: of the same activity, with a heart rate, the latest."""
    alike = (run for run in reversed(history) if run.inputs.activity == activity and _heard(run))
    return list(islice(alike, MOST_RUNS))[::-1]


def level_of_late(found: Physiology, known: Sequence[Recorded], at: datetime) -> float:
    """By how much the runner lies above the own mean at a moment, beats a minute.

    A Kalman filter over the days' shifts; the level wanders with the time between them, and a shift further
    off than usual teaches less (Student's t, as in the fit).
    """
    level, variance, last = 0.0, 0.5, known[0].inputs.started_at if known else at
    for shift, run in zip(found.day_shift_bpm.tolist(), known, strict=True):
        variance += _wandered(last, run.inputs.started_at)
        last = run.inputs.started_at
        off = shift - level
        trust = min(1.0, (ode.TAILS + 1) / (ode.TAILS + off**2 / (variance + DAY_BPM**2)))
        gain = variance / (variance + DAY_BPM**2 / trust)
        level, variance = level + gain * off, variance * (1 - gain)
    return level


def _wandering(found: Physiology, known: Sequence[Recorded], at: datetime) -> tuple[float, float]:
    """By how much the variance of a runner's level grows in a week, and the weeks since the last run; of
    somebody unknown, of whom the interval says so anyway, nothing."""
    if not known:
        return 0.0, 0.0
    weeks = [(at - run.inputs.started_at).total_seconds() / (7 * 86400.0) for run in known]
    return wander_variance(found.day_shift_bpm, -np.array(weeks)), max(weeks[-1], 0.0)


def _curve(found: Physiology, level_bpm: float, inputs: Inputs) -> Floats:
    curve = ode.simulate(found, inputs) + level_bpm
    return np.asarray(np.clip(curve, LEAST_BPM + 1.0, ode.ceiling(found)))


def _wandered(since: datetime, until: datetime) -> float:
    return LEVEL_WALK_BPM**2 * max((until - since).total_seconds(), 0.0) / (7 * 86400.0)


def _heard(run: Recorded) -> bool:
    return bool(np.isfinite(ode.measured(run)).any())


def keys_of(prior: Prior, known: Sequence[Recorded]) -> list[str]:
    """A digest of the prior and of each beginning of a history: none of its runs, the first, …, all."""
    chain = hashlib.blake2b(prior.mean.tobytes() + prior.sd.tobytes(), digest_size=16)
    keys = [chain.hexdigest()]
    for run in known:
        chain.update(_digest(run))
        keys.append(chain.hexdigest())
    return keys


def _digested(run: Recorded) -> bytes:
    """Everything of a run that a forecast looks at."""
    digest = hashlib.blake2b(
        f"{run.inputs.started_at.isoformat()} {len(run.inputs)}".encode(), digest_size=16
    )
    for values in (run.inputs.speed_mps, run.inputs.altitude_m, run.heart_rate_bpm):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()


_digest = OfObjects(_digested, MOST_DIGESTS)
