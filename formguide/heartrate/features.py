"""The 14 features of a workout, second by second, each of that second and those before it.

    features(inputs)  → (n, 14) at 1 Hz, in the order of `FEATURES`
    on_grid(inputs)   → the same at every fifth second, which is what networks are fed
    binned(values)    → a measurement on that grid

They take `Inputs`, which hold no heart rate. Lags and windows are seconds, whatever the device recorded at;
before the start a workout is taken to have stood as it began. Where a device was silent for up to 15 seconds,
the seconds between are `Inputs`' own interpolation (`sequences.filled`), which knows the next measured one.

The last three are what a heart remembers longer than a window: how long it has been going (cardiac drift),
how much was asked of it lately (an exponentially weighted load, which is what oxygen uptake and warmth
follow), and how long ago it could recover.
"""

from __future__ import annotations

import numpy as np

from formguide.heartrate.effort import running_power
from formguide.heartrate.sequences import Floats, Inputs

STEP_SEC = 5
"""Seconds between two rows of the grid."""

LOAD_SEC = 300.0
"""Time constant of the exponentially weighted load, seconds."""

STOPPED_MPS = 0.5
"""Whoever moved slower than this on the mean of ten seconds stood."""

DESCRIPTIONS: dict[str, str] = {
    "speed_mps": "Speed, m/s",
    "altitude_m": "Altitude above that of the start, metres",
    "gender": "1 male, -1 female, 0 where nobody says",
    "speed_lag_2_mps": "Speed 2 s ago, m/s",
    "speed_lag_5_mps": "Speed 5 s ago, m/s",
    "altitude_lag_30_m": "Altitude 30 s ago above that of the start, metres",
    "speed_derivative_mps2": "Change of speed over the last 5 s, m/s²",
    "altitude_derivative_mps": "Change of altitude over the last 10 s, m/s",
    "rolling_speed_10_mps": "Mean speed of the last 10 s, m/s",
    "rolling_speed_30_mps": "Mean speed of the last 30 s, m/s",
    "cumulative_gain_m": "Metres climbed since the start, on the mean altitude of 30 s",
    "time_since_start_sec": "Seconds since the start",
    "load_wkg": "Metabolic power of running at this speed and grade, exponentially weighted over 5 min, W/kg",
    "time_since_stop_sec": "Seconds since standing, or since the start",
}

FEATURES: tuple[str, ...] = tuple(DESCRIPTIONS)
"""3 base, 3 lags, 2 derivatives, 2 rolling, 1 cumulative, 3 temporal."""

ABLATIONS: dict[int, tuple[str, ...]] = {3: FEATURES[:3], 11: FEATURES[:11], 14: FEATURES}
"""What the network is fed when the worth of the features is asked for."""

_GENDER = {"M": 1.0, "F": -1.0}


def features(inputs: Inputs) -> Floats:
    """The features of a workout at every second, (n, 14), in the order of `FEATURES`; nothing is NaN.

    Row t is a function of seconds 0 to t: whatever comes after them changes no bit of it.
    """
    speed = np.asarray(inputs.speed_mps, dtype=np.float64)
    altitude = np.asarray(inputs.altitude_m, dtype=np.float64) - inputs.altitude_m[0]
    n = len(speed)
    t = np.arange(n, dtype=np.float64)
    smooth = trailing_mean(altitude, 30)
    climb = (altitude - lagged(altitude, 10)) / 10
    rolling = trailing_mean(speed, 10)
    columns = (
        speed,
        altitude,
        np.full(n, _GENDER.get(inputs.gender or "", 0.0)),
        lagged(speed, 2),
        lagged(speed, 5),
        lagged(altitude, 30),
        (speed - lagged(speed, 5)) / 5,
        climb,
        rolling,
        trailing_mean(speed, 30),
        np.cumsum(np.maximum(np.diff(smooth, prepend=smooth[:1]), 0.0)),
        t,
        weighted(running_power(rolling, climb), LOAD_SEC),
        t - np.maximum.accumulate(np.where(rolling < STOPPED_MPS, t, 0.0)),
    )
    return np.stack(columns, axis=1)


def on_grid(inputs: Inputs, step_sec: int = STEP_SEC) -> Floats:
    """The features at seconds 0, step, 2 step …, (⌈n / step⌉, 14)."""
    return features(inputs)[::step_sec]


def binned(values: Floats, step_sec: int = STEP_SEC) -> Floats:
    """A measurement (n,) at 1 Hz on the grid, (⌈n / step⌉,): the mean of the seconds nearest to each grid
    point that have one, NaN where none has.

    It looks half a step ahead, so it is for what is learnt from, never for what is forecast with.
    """
    n = len(values)
    rows = -(-n // step_sec)
    place = np.minimum((np.arange(n) + step_sec // 2) // step_sec, rows - 1)
    known = np.isfinite(values)
    total = np.bincount(place[known], weights=values[known], minlength=rows)
    count = np.bincount(place[known], minlength=rows)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def lagged(values: Floats, seconds: int) -> Floats:
    """What a series was some seconds ago; what it began as before that."""
    held = np.full(min(seconds, len(values)), values[0])
    return np.concatenate([held, values[: max(len(values) - seconds, 0)]])


def trailing_mean(values: Floats, seconds: int) -> Floats:
    """The mean of the last so many seconds, this one included; of fewer at the beginning."""
    total = np.cumsum(values)
    window = total.copy()
    window[seconds:] -= total[:-seconds]
    return window / np.minimum(np.arange(1, len(values) + 1), seconds)


def weighted(values: Floats, seconds: float) -> Floats:
    """Exponentially weighted sum of a series that was 0 before its start, with weights that sum to 1.

    y(t) = y(t-1) + (1 - exp(-1 / seconds)) (x(t) - y(t-1)).
    """
    from scipy.signal import lfilter

    keep = float(np.exp(-1.0 / seconds))
    return np.asarray(lfilter([1.0 - keep], [1.0, -keep], values))
