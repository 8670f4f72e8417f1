"""How far off a curve may be: conformal intervals from the errors of earlier forecasts of the same runner.

Errors are measured in units of a scale that says what is usual after so much history, so long after its last
run (`wandering`) and at that minute of a run. Each earlier run that was forecast from the runs before it
gives a distribution of such errors; runs count equally, and a few invented ones that behave as usual keep the
quantile in its place while there is little to go by. With more and more history the interval is the runner's
own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from formguide.heartrate.sequences import Floats

LEVEL = 0.8
DAY_BPM = 3.0
"""From day to day."""
SHAPE_BPM = 3.0
"""From minute to minute."""
START_BPM = 6.0
START_SEC = 150.0
"""Added at the start, when nobody knows how warm somebody is; its time constant."""
NEW_BPM = 12.0
"""Added for somebody of whom nothing is known; its square falls as 1 / (1 + `LEARNT` × runs)."""
LEARNT = 8.0
USUAL_RUNS = 6.0
"""Invented runs with normal errors of the usual scale."""

_GRID = np.linspace(0.1, 6.0, 591)
_USUAL = np.array([math.erf(x / math.sqrt(2.0)) for x in _GRID])


def scale_bpm(seconds: int, runs: int, wandered_bpm: float = 0.0, first: int = 0) -> Floats:
    """Usual standard deviation of the error after so many runs, at each of some seconds of a run (seconds,).

    wandered_bpm: how far the level has wandered since the last of them, standard deviation; first: the second
    that they begin with.
    """
    t = first + np.arange(float(seconds))
    start = START_BPM**2 * np.exp(-t / START_SEC)
    steady = DAY_BPM**2 + SHAPE_BPM**2 + wandered_bpm**2 + NEW_BPM**2 / (1.0 + LEARNT * runs)
    return np.asarray(np.sqrt(steady + start))


def units(error_bpm: Floats, runs: int, wandered_bpm: float = 0.0) -> Floats:
    """Sizes of a forecast's errors (n,) in units of the usual scale; NaN where nothing was measured."""
    return np.asarray(np.abs(error_bpm) / scale_bpm(len(error_bpm), runs, wandered_bpm))


def shares_within(units_of_run: Floats) -> Floats:
    """Share of a run's errors within each of a grid of half-widths; empty if nothing was measured."""
    heard = np.sort(units_of_run[np.isfinite(units_of_run)])
    return np.searchsorted(heard, _GRID, side="right") / len(heard) if len(heard) else np.zeros(0)


def half_width(earlier: Sequence[Floats], level: float = LEVEL) -> float:
    """How many units hold a share `level` of errors: earlier are the `shares_within` of earlier runs."""
    shares = [one for one in earlier if len(one)]
    together = (USUAL_RUNS * _USUAL + np.sum(shares, axis=0)) / (USUAL_RUNS + len(shares))
    # The run to come is one more of its kind: conformal prediction asks for a little more than the share.
    wanted = min(level * (1 + 1 / (USUAL_RUNS + len(shares))), 0.98)
    return float(_GRID[min(int(np.searchsorted(together, wanted)), len(_GRID) - 1)])
