"""How far a runner's level wanders while nobody looks: fitness, heat and seasons come between two runs.

    wander_variance(day_shift_bpm, weeks)   → beats² a week

The days' shifts of the runs so far are taken for noisy readings of a level that is a random walk. How fast it
walks few runs can tell, so that the answer is the mean over what they leave possible, of a prior that is what
generated runners' levels did.
"""

from __future__ import annotations

import numpy as np

from formguide.heartrate.ode import TAILS
from formguide.heartrate.sequences import Floats

USUAL_BPM, SPREAD = 0.3, 0.6
"""Standard deviation of what a level wanders in a week: that of most runners (the median), and by how much
runners differ (standard deviation of its logarithm): chosen on generated runners."""

_NO_LEVEL_BPM = 10.0
_WALKS = np.geomspace(0.05, 5.0, 31)
_DAYS = np.geomspace(1.0, 9.0, 13)
_PRIOR = -0.5 * (np.log(_WALKS / USUAL_BPM) / SPREAD) ** 2


def wander_variance(day_shift_bpm: Floats, weeks: Floats) -> float:
    """By how much the variance of a runner's level grows in a week.

    day_shift_bpm (runs,): by how much each run lay above the runner's mean, in their order; weeks (runs,):
    when each was. The posterior mean over a grid of walks and of spreads from day to day (equally likely on
    a scale of ratios), each with the likelihood of a Kalman filter; a day further off than usual teaches less
    (Student's t, as in the fit): a strap that sits badly is no change of the runner.
    """
    walk, day = (_WALKS**2)[:, None], (_DAYS**2)[None, :]
    level = np.zeros((len(_WALKS), len(_DAYS)))
    variance = np.full_like(level, _NO_LEVEL_BPM**2)
    likely = np.repeat(_PRIOR[:, None], len(_DAYS), axis=1)
    since = np.diff(weeks, prepend=weeks[:1])
    for shift, passed in zip(day_shift_bpm.tolist(), since.tolist(), strict=True):
        variance = variance + walk * passed
        total, off = variance + day, shift - level
        tail = TAILS + off**2 / total
        likely -= 0.5 * (np.log(total) + (TAILS + 1) * np.log(tail / TAILS))
        gain = variance / (variance + day / np.minimum(1.0, (TAILS + 1) / tail))
        level, variance = level + gain * off, variance * (1 - gain)
    weight = np.exp(likely - likely.max()).sum(axis=1)
    return float(weight @ _WALKS**2 / weight.sum())
