"""What moves the heart of a runner of the sample, and how runners differ.

Oxygen is asked for by speed and grade; the heart rate relaxes towards what that demand asks of it, faster up
than down. On top of this, which is all that a relaxation model knows, lie

* a slow component: beyond the threshold the demand itself keeps growing for some minutes,
* cardiac drift, in proportion to how hard and how long the run has been,
* the warmth of the day, of which no input tells more than the time of the year and of the day,
* the fatigue of the days before, and a fitness that changes over the months,
* the day's own shift.

A runner is a vector of standard normals (`STANDARD` names them), `natural` makes parameters of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from scipy.ndimage import uniform_filter1d

from formguide.heartrate.effort import running_power
from formguide.heartrate.sequences import Floats, Inputs

F = TypeVar("F", bound=Callable[..., Any])

JOULES_PER_ML = 20.9
"""Energy of a millilitre of oxygen."""

STANDING_ML = 5.0
"""Oxygen uptake of somebody who stands, ml/kg/min."""

LEVEL_COST = 3.6
"""Cost of running on the level, J/kg/m, as in `effort`."""

SHIFT_SD, START_SD, WEATHER_SD = 2.0, 8.0, 4.0
"""Spread of the day's own shift (bpm), of the heart rate at the start (bpm), of the weather (°C)."""

WARM_FROM_C = 15.0
FATIGUE_HOURS = 24.0
START_ABOVE_REST = 27.0

STANDARD = (
    "rest",
    "span",
    "fitness",
    "hill",
    "on",
    "off",
    "drift",
    "threshold",
    "slow",
    "warmth",
    "fatigue",
    "trend",
)
"""What each entry of a runner's vector of standard normals stands for."""


class Runner(NamedTuple):
    """The parameters of one runner, or arrays of them.

    rest_bpm: at rest; span_bpm: from there to the maximum; vo2max: ml/kg/min at the first workout; hill: what
    a grade costs more or less than Minetti's curve says (1: as it says); on_sec, off_sec: time constants of
    the heart rate, rising and falling; drift_bpm_h: cardiac drift in an hour at full effort; threshold: share
    of VO2max beyond which the slow component begins; slow: its size; warm_bpm_c: per degree above
    `WARM_FROM_C`; fatigue: bpm per kJ/kg of lately done work; trend: change of log VO2max in 300 days.
    """

    rest_bpm: Any
    span_bpm: Any
    vo2max: Any
    hill: Any
    on_sec: Any
    off_sec: Any
    drift_bpm_h: Any
    threshold: Any
    slow: Any
    warm_bpm_c: Any
    fatigue: Any
    trend: Any


@dataclass(frozen=True)
class Day:
    """What a workout's day adds. temp_c: air; carried_kj_kg: work of the days before that is still felt;
    days: since the runner's first workout; shift_bpm: the day's own; start_bpm: heart rate at the start,
    above what is usual."""

    temp_c: float
    carried_kj_kg: float
    days: float
    shift_bpm: float = 0.0
    start_bpm: float = 0.0


def natural(standard: Floats, gender: str | None) -> Runner:
    """The parameters of runners whose standard normals are the rows (…, 12) of an array."""
    z = np.moveaxis(np.asarray(standard, dtype=np.float64), -1, 0)
    woman = 1.0 if gender == "F" else 0.0
    return Runner(
        rest_bpm=58.0 + 3.0 * woman + 6.0 * z[0],
        span_bpm=130.0 - 3.0 * woman + 9.0 * z[1],
        vo2max=54.0 * np.exp(-0.10 * woman + 0.12 * z[2]),
        hill=np.exp(0.2 * z[3]),
        on_sec=28.0 * np.exp(0.25 * z[4]),
        off_sec=45.0 * np.exp(0.25 * z[5]),
        drift_bpm_h=14.0 * np.exp(0.4 * z[6]),
        threshold=0.82 + 0.035 * z[7],
        slow=0.6 * np.exp(0.3 * z[8]),
        warm_bpm_c=0.5 * np.exp(0.3 * z[9]),
        fatigue=0.2 * np.exp(0.3 * z[10]),
        trend=0.02 + 0.03 * z[11],
    )


def usual_temp_c(at: datetime) -> float:
    """What is usual at a moment of the year and the day, °C: all that a clock tells of the weather."""
    season = math.cos(2 * math.pi * (at.timetuple().tm_yday - 200) / 365.25)
    hour = math.cos(2 * math.pi * (at.hour + at.minute / 60 - 15) / 24)
    return 11.0 + 9.0 * season + 4.0 * hour


def carried(work: Sequence[tuple[datetime, float]], at: datetime) -> float:
    """Work that is still felt at a moment, kJ/kg, of (end of a workout, its work in kJ/kg) before it."""
    hours = [((at - end).total_seconds() / 3600.0, done) for end, done in work]
    return sum(done * math.exp(-since / FATIGUE_HOURS) for since, done in hours if since > 0)


def effort_of(inputs: Inputs) -> tuple[Floats, Floats]:
    """What the inputs of a workout ask of a runner second by second, W/kg: on the level, and by the grade.

    The climb is the slope of the altitude over 20 s, smoothed, since a barometer writes in steps.
    """
    smooth = uniform_filter1d(inputs.altitude_m, 15, mode="nearest")
    ahead = np.concatenate([smooth[10:], np.full(min(10, len(smooth)), smooth[-1])])
    behind = np.concatenate([np.full(min(10, len(smooth)), smooth[0]), smooth[:-10]])
    power = running_power(inputs.speed_mps, (ahead[: len(smooth)] - behind[: len(smooth)]) / 20.0)
    level = LEVEL_COST * np.maximum(inputs.speed_mps, 0.0)
    return level, power - level


def work_kj_kg(level: Floats, grade: Floats) -> float:
    """The work of a workout whose every second asks for so many W/kg."""
    return float((level + grade).sum() / 1000.0)


def curves(level: Floats, grade: Floats, runner: Runner, day: Day | Sequence[Day]) -> Floats:
    """The heart rate of runners over one workout, (K, n) bpm, without a sensor's noise.

    level, grade (n,): W/kg as from `effort_of`; runner: parameters (K,) each; day: one, or one for
    each runner.
    """
    draws = max(np.size(values) for values in runner)
    days = [day] * draws if isinstance(day, Day) else list(day)
    temp, load, since, shift, start = (
        np.array([getattr(one, name) for one in days], dtype=np.float64)
        for name in ("temp_c", "carried_kj_kg", "days", "shift_bpm", "start_bpm")
    )
    columns = (
        runner.rest_bpm,
        runner.span_bpm,
        runner.vo2max * np.exp(runner.trend * since / 300.0),
        runner.hill,
        runner.on_sec,
        runner.off_sec,
        runner.drift_bpm_h,
        runner.threshold,
        runner.slow,
        runner.warm_bpm_c * np.maximum(temp - WARM_FROM_C, 0.0),
        shift + runner.fatigue * load,
        runner.rest_bpm + START_ABOVE_REST + start,
    )
    table = np.stack([np.broadcast_to(np.asarray(column, dtype=np.float64), draws) for column in columns], 1)
    out = np.empty((draws, len(level)))
    _relax(np.ascontiguousarray(level), np.ascontiguousarray(grade), np.ascontiguousarray(table), out)
    return out


def compiled(function: F) -> F:
    """``numba.njit`` with an on-disk cache, keeping the type of the function."""
    return cast(F, numba.njit(cache=True, error_model="numpy")(function))


@compiled
def _relax(level: Floats, grade: Floats, table: Floats, out: Floats) -> None:
    per_joule = 60.0 / JOULES_PER_ML
    for k in range(table.shape[0]):
        rest, span, vo2max, hill, on, off, drift, threshold, slow, warm, shift, heart = table[k]
        up, down = 1.0 - math.exp(-1.0 / on), 1.0 - math.exp(-1.0 / off)
        growing = 1.0 - math.exp(-1.0 / 150.0)
        late = drifted = 0.0
        for t in range(level.shape[0]):
            asked = max(level[t] + hill * grade[t], 0.0)
            share = (STANDING_ML + asked * per_joule) / vo2max
            late += growing * (slow * max(share - threshold, 0.0) - late)
            drifted += drift / 3600.0 * min(share, 1.0)
            effort = share + late
            # A soft ceiling: nobody's heart passes the maximum, and few come to it in a straight line.
            effort -= 0.05 * math.log1p(math.exp((effort - 1.0) / 0.05))
            warmed = warm * (1.0 - math.exp(-t / 600.0))
            wanted = rest + span * effort + drifted + warmed + shift
            heart += (up if wanted > heart else down) * (wanted - heart)
            out[k, t] = heart
