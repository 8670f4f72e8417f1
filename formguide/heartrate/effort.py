"""What running costs: joules to carry a kilogram a metre over a grade, and watts a kilogram at a speed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from formguide.heartrate.sequences import Floats

STEEPEST = 0.45
"""Grades beyond it were not measured, and are taken as it."""

_COST = (155.4, -30.4, -43.3, 46.3, 19.5, 3.6)
_SLOWEST_MPS = 0.5


def cost_of_running(grade: ArrayLike) -> Floats:
    """Metabolic cost of running, J/kg/m, over a grade (rise over distance): 3.6 on the level, least at -0.2.

    The polynomial of Minetti et al., J Appl Physiol 93, 2002, from -0.45 to 0.45.
    """
    slope = np.clip(np.asarray(grade, dtype=np.float64), -STEEPEST, STEEPEST)
    return np.asarray(np.polyval(_COST, slope))


def running_power(speed_mps: ArrayLike, climb_mps: ArrayLike) -> Floats:
    """Metabolic power above rest, W/kg, at a speed while rising by `climb_mps` metres a second.

    Below half a metre a second there is no grade to speak of, and the level's cost is taken.
    """
    speed, climb = np.asarray(speed_mps, dtype=np.float64), np.asarray(climb_mps, dtype=np.float64)
    moving = speed >= _SLOWEST_MPS
    grade = np.where(moving, climb / np.maximum(speed, _SLOWEST_MPS), 0.0)
    return np.asarray(cost_of_running(grade) * np.maximum(speed, 0.0))
