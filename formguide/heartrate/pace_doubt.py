"""What not knowing the pace adds to a forecast: how far plans of past runs led from what was run.

    pace_doubt_bpm(history, activity)   → standard deviation, beats a minute

Each of the runner's latest runs is planned again, from its route and the runs before it; at each place a
heart of textbook physiology would have beaten so much faster or slower at the pace that was run. Nothing but
speed and altitude is asked of the past, so the doubt is the same whoever forecasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from formguide.heartrate import ode, pace_plan
from formguide.heartrate.ode import DEFAULT_PRIOR, Physiology
from formguide.heartrate.pace_plan import NoRoute
from formguide.heartrate.personal import keys_of
from formguide.heartrate.remembered import Memory
from formguide.heartrate.sequences import Recorded, alike, ended_before
from formguide.heartrate.tables import RUN

USUAL_BPM, USUAL_RUNS = 8.0, 2.0
"""What is usual, and so many runs it counts for: somebody unknown may jog or race."""

MOST_RUNS = 10
"""So many of the latest runs are planned again."""

_TEXTBOOK = Physiology(DEFAULT_PRIOR.mean)
_squares = Memory[float](4000)


def pace_doubt_bpm(history: Sequence[Recorded], activity: str = RUN) -> float:
    """The standard deviation of a planned run's heart rate around that of the pace that will be run.

    history: the runner's workouts that had ended when the plan is made, in their order.
    """
    known = alike(list(history), activity)
    keys = keys_of(DEFAULT_PRIOR, known)
    first = max(1, len(known) - MOST_RUNS)
    found = [_squares.get(keys[k + 1], partial(_led_astray, known, k)) for k in range(first, len(known))]
    square = np.array([value for value in found if np.isfinite(value)])
    return float(np.sqrt((USUAL_RUNS * USUAL_BPM**2 + square.sum()) / (USUAL_RUNS + len(square))))


def _led_astray(known: Sequence[Recorded], k: int) -> float:
    """Mean square of what the plan of a run, made from those that had ended when it began, was off by; NaN
    without a route."""
    inputs = known[k].inputs
    try:
        plan = pace_plan.planned(inputs, ended_before(known[:k], known[k]))
    except NoRoute:
        return float("nan")
    ran, planned = (ode.simulate(_TEXTBOOK, one) for one in (inputs, plan))
    there = np.interp(inputs.distance_m, plan.distance_m, planned)
    return float(np.mean((there - ran) ** 2))
