"""What kind of workout it was: recovery, steady or intensive, against what the same runner did before.

`kind` goes by pace (grade counts as what it costs) and duration, which a forecast is given.
`kind_by_heart_rate` goes by the heart rate that came: hindsight, for a labelled breakdown and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from formguide.heartrate import ode
from formguide.heartrate.sequences import Floats, Inputs, Recorded

RECOVERY, STEADY, INTENSIVE, UNKNOWN = "recovery", "steady", "intensive", "unknown"
KINDS = (RECOVERY, STEADY, INTENSIVE, UNKNOWN)

LEAST_EARLIER = 3
MOST_EARLIER = 30
SLOWER, FASTER = 0.94, 1.06
"""Power against the median of earlier workouts: below, above."""
LONGER = 1.5
"""Whoever runs so much longer than the median does not recover."""
SURGES = 1.15
"""Half-minutes harder than the median by so much are hard; a quarter of a workout of them is intensive."""
HARD_SHARE = 0.25
WINDOW_SEC = 30
MOVING_MPS = 0.5

RECOVERY_SHARE, INTENSIVE_SHARE = 0.75, 0.85
"""Of the highest heart rate seen until then: mean below, mean above."""


def kind(inputs: Inputs, history: Sequence[Recorded]) -> str:
    """By pace and duration. history: the runner's earlier workouts; `UNKNOWN` with fewer than three."""
    earlier = [run.inputs for run in history if run.inputs.activity == inputs.activity][-MOST_EARLIER:]
    if len(earlier) < LEAST_EARLIER:
        return UNKNOWN
    usual = float(np.median([power_wkg(one) for one in earlier]))
    lasting = float(np.median([len(one) for one in earlier]))
    if usual <= 0:
        return UNKNOWN
    harder = power_wkg(inputs) / usual
    if harder > FASTER or _hard_share(inputs, SURGES * usual) > HARD_SHARE:
        return INTENSIVE
    if harder < SLOWER and len(inputs) <= LONGER * lasting:
        return RECOVERY
    return STEADY


def kind_by_heart_rate(run: Recorded, history: Sequence[Recorded]) -> str:
    """The kind by the mean of what was measured, as a share of the highest seen so far, this run included."""
    beats = ode.measured(run)
    if not np.isfinite(beats).any():
        return UNKNOWN
    seen = [ode.measured(one) for one in history] + [beats]
    # One second may be a spike; what one second in a hundred exceeded was a heart.
    highest = max(float(np.nanquantile(one, 0.99)) for one in seen if np.isfinite(one).any())
    share = float(np.nanmean(beats)) / highest
    return RECOVERY if share < RECOVERY_SHARE else INTENSIVE if share > INTENSIVE_SHARE else STEADY


def power_wkg(inputs: Inputs) -> float:
    """Mean metabolic power while moving, W/kg; 0 for somebody who never moved."""
    power = _power(inputs)
    moving = np.asarray(inputs.speed_mps) >= MOVING_MPS
    return float(power[moving].mean()) if moving.any() else 0.0


def _power(inputs: Inputs) -> Floats:
    cost = ode.effort(inputs)
    return np.asarray(np.maximum(cost.level + cost.uphill + cost.downhill, 0.0))


def _hard_share(inputs: Inputs, above_wkg: float) -> float:
    """Share of the half-minutes whose mean power lies above."""
    power = _power(inputs)
    windows = len(power) // WINDOW_SEC
    if not windows:
        return 0.0
    return float((power[: windows * WINDOW_SEC].reshape(windows, -1).mean(axis=1) > above_wkg).mean())
