"""A workout as arrays on one clock of seconds: what a forecast may know of it, and what was measured.

`Inputs` has no heart rate, nor anything that a watch computes from one (calories, training effect): a
function that forecasts takes `Inputs` and so cannot see what it forecasts. `Recorded` puts the heart rate
beside it, to learn from and to score against.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.heartrate.tables import RUN

Floats = NDArray[np.float64]

MOST_BETWEEN_SEC = 15.0
"""Between two measured seconds no further apart than this, speed and altitude are interpolated: sites that
keep 500 points of a workout keep them every few seconds, and stairs through them would be a worse speed."""


@dataclass(frozen=True)
class Inputs:
    """What is known of a workout when its heart rate is forecast, second by second.

    t_sec (n,): 0, 1, 2 … without gaps; speed_mps (n,): m/s, never NaN; altitude_m (n,): metres, never NaN (0
    throughout where nobody measured it); cadence_rpm, power_w (n,) or None; started_at: UTC. Seconds that
    nobody measured are `filled`.
    """

    workout_id: str
    user_id: str
    activity: str
    gender: str | None
    started_at: datetime
    t_sec: Floats
    speed_mps: Floats
    altitude_m: Floats
    cadence_rpm: Floats | None = None
    power_w: Floats | None = None

    def __len__(self) -> int:
        return len(self.t_sec)

    @property
    def distance_m(self) -> Floats:
        """Metres since the start, by the speed."""
        return np.asarray(np.cumsum(self.speed_mps) - self.speed_mps[0])

    @property
    def ended_at(self) -> datetime:
        """When the workout ended, and its heart rate was known; UTC."""
        return self.started_at + timedelta(seconds=float(self.t_sec[-1]))


@dataclass(frozen=True)
class Recorded:
    """A workout with what was measured: heart_rate_bpm (n,), NaN in seconds without a measurement."""

    inputs: Inputs
    heart_rate_bpm: Floats


def recorded(
    workouts: pl.DataFrame, samples: pl.DataFrame, heart_rate: str = "heart_rate_bpm"
) -> list[Recorded]:
    """Workouts as arrays, in the order of their start (and id).

    workouts, samples: rows of `tables.Workouts` and of `tables.Samples` (any further columns); heart_rate:
    the column that holds it. Seconds that nobody measured get speed, altitude, cadence and power as `filled`
    has them; heart rate is not filled: those seconds are NaN. Workouts without samples are left out.
    """
    wanted = ["t_sec", "speed_mps", "altitude_m", "cadence_rpm", "power_w", heart_rate]
    found = (
        samples.select("workout_id", *wanted)
        .sort("workout_id", "t_sec")
        .partition_by("workout_id", as_dict=True)
    )
    ordered = workouts.sort("started_at", "workout_id").iter_rows(named=True)
    return [
        _of_one(row, found[(row["workout_id"],)].select(wanted).to_numpy().T.astype(float))
        for row in ordered
        if (row["workout_id"],) in found
    ]


def of_user(runs: list[Recorded], user_id: str, before: datetime | None = None) -> list[Recorded]:
    """A user's workouts that had ended before a moment (None: all), in their order."""
    return [
        run
        for run in runs
        if run.inputs.user_id == user_id and (before is None or run.inputs.ended_at < before)
    ]


def by_user(runs: list[Recorded]) -> Iterator[tuple[str, list[Recorded]]]:
    """Each user with the own workouts, in the order of the users' ids."""
    for user in sorted({run.inputs.user_id for run in runs}):
        yield user, of_user(runs, user)


def ended_before(runs: Sequence[Recorded], later: Recorded) -> list[Recorded]:
    """The workouts that had ended when another one began."""
    return [run for run in runs if run.inputs.ended_at < later.inputs.started_at]


def alike(runs: Sequence[Recorded], activity: str = RUN) -> list[Recorded]:
    """The workouts of an activity: a ride's heart rate says nothing of what a run asks."""
    return [run for run in runs if run.inputs.activity == activity]


def _of_one(workout: dict[str, object], columns: Floats) -> Recorded:
    t, speed, altitude, cadence, power, heart_rate = columns
    clock = np.arange(0.0, t[-1] + 1.0)
    place = t.astype(int)
    measured = np.full(len(clock), np.nan)
    measured[place] = heart_rate
    inputs = Inputs(
        workout_id=str(workout["workout_id"]),
        user_id=str(workout["user_id"]),
        activity=str(workout["activity"]),
        gender=None if workout["gender"] is None else str(workout["gender"]),
        started_at=workout["started_at"],  # type: ignore[arg-type]
        t_sec=clock,
        speed_mps=filled(clock, t, speed),
        altitude_m=filled(clock, t, altitude),
        cadence_rpm=filled(clock, t, cadence) if np.isfinite(cadence).any() else None,
        power_w=filled(clock, t, power) if np.isfinite(power).any() else None,
    )
    return Recorded(inputs, measured)


def filled(clock: Floats, t_sec: Floats, values: Floats) -> Floats:
    """Values at every second of a clock (n,), from those at some seconds (m,), in order; NaN is not known.

    Between two seconds at most `MOST_BETWEEN_SEC` apart they lie on the line; over longer gaps the last known
    value holds, so that nobody speeds up before it was seen. A second therefore looks ahead by fewer than
    `MOST_BETWEEN_SEC`, and where nothing is known yet to the first known value; 0 where nothing ever is.
    """
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(clock))
    t, held = t_sec[known], values[known]
    last = np.maximum(np.searchsorted(t, clock, side="right") - 1, 0)
    gap = t[np.minimum(last + 1, len(t) - 1)] - t[last]
    return np.asarray(np.where(gap <= MOST_BETWEEN_SEC, np.interp(clock, t, held), held[last]))
