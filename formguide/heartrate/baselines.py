"""What a heart-rate forecast has to beat without knowing how fast the run is: means, of runs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from formguide.heartrate.curves import Curve
from formguide.heartrate.ode import measured
from formguide.heartrate.sequences import Floats, Inputs, Recorded, alike

GLOBAL_MEAN, USER_MEAN = "global mean", "user mean"

NOBODY_BPM = 145.0
"""Where nobody has been heard yet: an adult's heart rate in an easy run."""
NOBODY_SPREAD_BPM = 18.0
"""10 % of the seconds of an unknown runner lie further below it, and 10 % further above."""


def flat(inputs: Inputs, heard: Floats) -> Curve:
    """One heart rate throughout: the mean of what was heard, between its 10 % and 90 % quantiles."""
    n = len(inputs)
    if not len(heard):
        low, middle, high = NOBODY_BPM - NOBODY_SPREAD_BPM, NOBODY_BPM, NOBODY_BPM + NOBODY_SPREAD_BPM
    else:
        middle = float(heard.mean())
        # A mean may lie outside its own quantiles where a strap slept for most of the time.
        low = min(float(np.quantile(heard, 0.1)), middle)
        high = max(float(np.quantile(heard, 0.9)), middle)
    return Curve(np.full(n, low), np.full(n, middle), np.full(n, high))


def heard_in(runs: Sequence[Recorded]) -> Floats:
    """Every measured heart rate of some runs, one after the other."""
    every = [measured(run) for run in runs]
    return np.concatenate([one[np.isfinite(one)] for one in every]) if every else np.zeros(0)


@dataclass(frozen=True)
class GlobalMean:
    """The mean of all seconds of the training set, whoever runs; heard: those seconds."""

    heard: Floats
    name: str = GLOBAL_MEAN

    def curve(self, inputs: Inputs, history: Sequence[Recorded]) -> Curve:
        """The same for everybody; the history is not asked."""
        return flat(inputs, self.heard)


@dataclass(frozen=True)
class UserMean:
    """The mean of all seconds of the user's own earlier runs; the global one where there is none."""

    heard: Floats
    name: str = USER_MEAN

    def curve(self, inputs: Inputs, history: Sequence[Recorded]) -> Curve:
        """The user's mean so far, in workouts of the same activity."""
        own = heard_in(alike(history, inputs.activity))
        return flat(inputs, own if len(own) else self.heard)


def fit_user_mean(training: Sequence[Recorded]) -> UserMean:
    """The mean of a runner, with that of the training set's runs for whoever has none."""
    return UserMean(heard_in(alike(training)))


def fit_global_mean(training: Sequence[Recorded]) -> GlobalMean:
    """The mean of the training set's runs."""
    return GlobalMean(heard_in(alike(training)))
