"""Small invented workouts: arrays whose heart rate follows speed and climb with a first-order lag."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from formguide.heartrate.effort import running_power
from formguide.heartrate.sequences import Inputs, Recorded
from formguide.heartrate.tables import SPORT, Samples, Workouts, as_table
from formguide.lake import Lake
from formguide.schema import Table, dtypes


def a_run(
    user: int = 0, number: int = 0, seconds: int = 600, seed: int | None = None, noise: float = 1.0
) -> Recorded:
    """One run of a user whose rest, gain and time constant are the user's own."""
    rng = np.random.default_rng([user, number, 7 if seed is None else seed])
    t = np.arange(float(seconds))
    paces = rng.uniform(1.8, 4.2, seconds // 90 + 1)
    speed = np.interp(t, 90.0 * np.arange(len(paces)), paces) + rng.normal(0, 0.05, seconds)
    if seconds > 300:
        speed[200 : 200 + int(rng.integers(10, 60))] = 0.0
    altitude = rng.uniform(0, 500) + 12 * np.sin(t / rng.uniform(60, 160)) + 0.01 * t
    own = np.random.default_rng([user, 3])
    rest, gain, tau = own.uniform(55, 75), own.uniform(5.0, 7.0), own.uniform(25, 55)
    demand = rest + gain * running_power(speed, np.gradient(altitude))
    heart = np.empty(seconds)
    now = rest + 10
    for i, wanted in enumerate(demand):
        now += (wanted - now) / tau
        heart[i] = now + 0.004 * i
    began = datetime(2021, 3, 1, 8) + timedelta(days=3 * number, minutes=user)
    inputs = Inputs(
        workout_id=f"u{user:03d}/{began:%Y%m%dT%H%M%S}",
        user_id=f"u{user:03d}",
        activity="run",
        gender="F" if user % 2 else "M",
        started_at=began,
        t_sec=t,
        speed_mps=speed,
        altitude_m=altitude,
    )
    return Recorded(inputs, heart + rng.normal(0, noise, seconds))


def some_users(users: int, workouts: int, seconds: int = 600) -> list[Recorded]:
    """The same for many users, of lengths that differ."""
    return [
        a_run(user, number, seconds - 37 * ((3 * user + 5 * number) % 7))
        for user in range(users)
        for number in range(workouts)
    ]


def with_future(run: Recorded, from_sec: int, seed: int) -> Inputs:
    """The run's inputs with every second from one on made wrong, and another length."""
    rng = np.random.default_rng(seed)
    more = int(rng.integers(1, 120))
    given = run.inputs
    return replace(
        given,
        t_sec=np.arange(float(from_sec + more)),
        speed_mps=np.concatenate([given.speed_mps[:from_sec], rng.uniform(0, 9, more)]),
        altitude_m=np.concatenate([given.altitude_m[:from_sec], rng.uniform(-90, 3000, more)]),
    )


def to_lake(lake: Lake, runs: list[Recorded]) -> None:
    """The runs as the lake holds them: every one usable, each in its month."""
    for month in sorted({_month(run) for run in runs}):
        here = [run for run in runs if _month(run) == month]
        workouts = [
            {
                "workout_id": run.inputs.workout_id,
                "month": month,
                "user_id": run.inputs.user_id,
                "activity": run.inputs.activity,
                "gender": run.inputs.gender,
                "started_at": run.inputs.started_at,
                "source": "made",
                "path": f"{run.inputs.workout_id}.csv",
                "format": "csv",
                "samples": len(run.inputs),
                "duration_sec": len(run.inputs) - 1.0,
                "largest_gap_sec": 1.0,
                "speed_from": "device",
                "has_heart_rate": True,
                "has_altitude": True,
                "has_cadence": False,
                "has_power": False,
                "quality": 1.0,
                "usable": True,
            }
            for run in here
        ]
        samples = [
            pl.DataFrame(
                {
                    "workout_id": [run.inputs.workout_id] * len(run.inputs),
                    "t_sec": run.inputs.t_sec,
                    "speed_mps": run.inputs.speed_mps,
                    "altitude_m": run.inputs.altitude_m,
                    "heart_rate_bpm": run.heart_rate_bpm,
                }
            ).with_columns(pl.col("heart_rate_bpm").fill_nan(None))
            for run in here
        ]
        write_rows(lake, month, pl.DataFrame(workouts), Workouts)
        write_rows(lake, month, pl.concat(samples), Samples)


def write_rows(lake: Lake, month: int, rows: pl.DataFrame, table: type[Table]) -> None:
    """Rows of a month's table, null in the columns that they lack."""
    lacking = [pl.lit(None).alias(c) for c in dtypes(table) if c not in rows.columns]
    full = as_table(rows.with_columns(lacking), table)
    lake.write_table(SPORT, table.name, str(month), full, table, "made")


def _month(run: Recorded) -> int:
    return run.inputs.started_at.year * 100 + run.inputs.started_at.month
