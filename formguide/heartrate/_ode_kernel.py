"""Compiled core of `ode`: heart rate second by second, and how it changes with each parameter."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PARAMETERS = 10
REST, LOG_GAIN, UPHILL, DOWNHILL, LOG_ON, LOG_OFF, SLOW_LOGIT, LOG_SLOW, DRIFT, START = range(PARAMETERS)

MOST_POWER_WKG = 25.0
"""No more is asked of a heart: what a world record over 5,000 m takes."""
DRIFT_HOURS = 1.5
"""Time constant after which the drift levels off."""


@numba.njit(cache=True, error_model="numpy")
def smoothed(values: Floats, kept: float, before: float) -> Floats:
    """Exponentially weighted mean; kept: left of the past after a second; before: what held until then."""
    mean = np.empty(len(values))
    now = before
    for t in range(len(values)):
        now = kept * now + (1.0 - kept) * values[t]
        mean[t] = now
    return mean


@numba.njit(cache=True, error_model="numpy")
def demand(level: float, uphill: float, downhill: float, second: float, theta: Floats) -> float:
    """Beats above rest that a second asks for, from its metabolic power (W/kg) in three parts."""
    power = level + theta[UPHILL] * uphill + theta[DOWNHILL] * downhill
    power = min(max(power, 0.0), MOST_POWER_WKG)
    tired = DRIFT_HOURS * (1.0 - math.exp(-second / 3600.0 / DRIFT_HOURS))
    return float(math.exp(theta[LOG_GAIN]) * power * (1.0 + theta[DRIFT] * tired))


@numba.njit(cache=True, error_model="numpy")
def constants(theta: Floats) -> tuple[float, float, float, float]:
    """What is left of a distance after a second, rising, falling and slow, and the slow part's share."""
    rising = math.exp(-math.exp(-theta[LOG_ON]))
    falling = math.exp(-math.exp(-theta[LOG_OFF]))
    slow = math.exp(-math.exp(-theta[LOG_SLOW]))
    return rising, falling, slow, 1.0 / (1.0 + math.exp(-theta[SLOW_LOGIT]))


@numba.njit(cache=True, error_model="numpy")
def simulate(level: Floats, uphill: Floats, downhill: Floats, theta: Floats) -> Floats:
    """Heart rate at every second; that of second t is a function of the seconds before t."""
    n = len(level)
    heart_rate = np.empty(n)
    rising, falling, slow, share = constants(theta)
    fast_part, slow_part = theta[START], 0.0
    for t in range(n):
        heart_rate[t] = theta[REST] + fast_part + slow_part
        asked = demand(level[t], uphill[t], downhill[t], t, theta)
        fast, late = (1.0 - share) * asked, share * asked
        fast_part = fast + (fast_part - fast) * (rising if fast > fast_part else falling)
        slow_part = late + (slow_part - late) * slow
    return heart_rate


@numba.njit(cache=True, error_model="numpy")
def sensitivities(
    level: Floats, uphill: Floats, downhill: Floats, theta: Floats, step: int
) -> tuple[Floats, Floats]:
    """Heart rate at every `step`-th second (m,), and its derivatives by the parameters (m, PARAMETERS).

    The derivatives obey the recursion that the heart rate obeys, differentiated.
    """
    n = len(level)
    rows = (n + step - 1) // step
    heart_rate, slope = np.empty(rows), np.zeros((rows, PARAMETERS))
    rising, falling, slow, share = constants(theta)
    by_on, by_off = rising * math.exp(-theta[LOG_ON]), falling * math.exp(-theta[LOG_OFF])
    by_slow = slow * math.exp(-theta[LOG_SLOW])
    gain, mixed = math.exp(theta[LOG_GAIN]), share * (1.0 - share)
    fast_part, slow_part = theta[START], 0.0
    d_fast, d_slow, d_asked = np.zeros(PARAMETERS), np.zeros(PARAMETERS), np.zeros(PARAMETERS)
    d_fast[START] = 1.0
    for t in range(n):
        if t % step == 0:
            heart_rate[t // step] = theta[REST] + fast_part + slow_part
            for k in range(PARAMETERS):
                slope[t // step, k] = d_fast[k] + d_slow[k]
            slope[t // step, REST] = 1.0
        power = level[t] + theta[UPHILL] * uphill[t] + theta[DOWNHILL] * downhill[t]
        free = 0.0 < power < MOST_POWER_WKG
        power = min(max(power, 0.0), MOST_POWER_WKG)
        tired = DRIFT_HOURS * (1.0 - math.exp(-t / 3600.0 / DRIFT_HOURS))
        drifted = gain * (1.0 + theta[DRIFT] * tired)
        asked = drifted * power
        d_asked[LOG_GAIN] = asked
        d_asked[UPHILL] = drifted * uphill[t] if free else 0.0
        d_asked[DOWNHILL] = drifted * downhill[t] if free else 0.0
        d_asked[DRIFT] = gain * power * tired
        fast, late = (1.0 - share) * asked, share * asked
        rises = fast > fast_part
        kept = rising if rises else falling
        for k in range(PARAMETERS):
            d_fast[k] = (1.0 - kept) * (1.0 - share) * d_asked[k] + kept * d_fast[k]
            d_slow[k] = (1.0 - slow) * share * d_asked[k] + slow * d_slow[k]
        d_fast[SLOW_LOGIT] -= (1.0 - kept) * mixed * asked
        d_slow[SLOW_LOGIT] += (1.0 - slow) * mixed * asked
        d_fast[LOG_ON if rises else LOG_OFF] += (fast_part - fast) * (by_on if rises else by_off)
        d_slow[LOG_SLOW] += (slow_part - late) * by_slow
        fast_part = fast + (fast_part - fast) * kept
        slow_part = late + (slow_part - late) * slow
    return heart_rate, slope
