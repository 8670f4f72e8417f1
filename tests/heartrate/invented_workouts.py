"""Invented workouts as rows of the canonical tables, for whatever shows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from formguide.heartrate.tables import QualityFindings, Samples, Workouts, as_table


class Invented(NamedTuple):
    workouts: pl.DataFrame
    samples: pl.DataFrame
    findings: pl.DataFrame


def invented(
    n: int = 12, users: tuple[str, ...] = ("ana", "bo"), every_sec: int = 5, seed: int = 3
) -> Invented:
    """n workouts, one a day, of the users in turn, between 20 and 60 minutes: mostly runs, every fifth a
    ride, every seventh without a heart rate (and not usable), every third with half a minute that is out of
    range."""
    rng = np.random.default_rng(seed)
    rows, samples, found = [], [], []
    first = datetime(2021, 3, 1, 6, 30)
    for k in range(n):
        user, activity = users[k % len(users)], "ride" if k % 5 == 4 else "run"
        begun, long = first + timedelta(days=k), int(rng.integers(20, 61)) * 60
        name = f"{user}/{begun:%Y%m%dT%H%M%S}"
        t = np.arange(0, long + 1, every_sec)
        speed = np.clip((7.0 if activity == "ride" else 3.0) + np.sin(t / 200 + k), 0, None)
        altitude = 40 + 25 * np.sin(t / 600 + k / 3)
        heart = 120 + 8 * (speed - speed.mean()) + 25 * (1 - np.exp(-t / 90)) + rng.normal(0, 1, len(t))
        heart = np.where((t >= 300) & (t < 330) & (k % 3 == 0), 245.0, np.rint(heart))
        measured = k % 7 != 6
        rows.append(
            {
                "workout_id": name, "month": begun.year * 100 + begun.month, "user_id": user,
                "activity": activity, "gender": "F" if user == "ana" else None, "started_at": begun,
                "source": "invented", "path": f"{user}/{k}.csv", "format": "csv", "samples": len(t),
                "duration_sec": float(long), "distance_m": float(speed.sum() * every_sec),
                "ascent_m": float(np.clip(np.diff(altitude), 0, None).sum()),
                "mean_speed_mps": float(speed.mean()),
                "mean_heart_rate_bpm": float(heart.mean()) if measured else None,
                "max_heart_rate_bpm": float(heart.max()) if measured else None,
                "largest_gap_sec": float(every_sec), "speed_from": "device", "has_heart_rate": measured,
                "has_altitude": True, "has_cadence": False, "has_power": False,
                "quality": 1.0 if k % 3 else 1 - 30 / long,
                "failed_rules": None if measured else "no_heart_rate", "usable": measured,
            }
        )  # fmt: skip
        samples.append(
            pl.DataFrame({"t_sec": t, "speed_mps": speed, "altitude_m": altitude, "heart_rate_bpm": heart})
            .with_columns(
                workout_id=pl.lit(name),
                heart_rate_bpm=pl.when(measured).then("heart_rate_bpm"),
                distance_m=pl.col("speed_mps").cum_sum() * every_sec,
                cadence_rpm=pl.lit(None, pl.Float64),
                power_w=pl.lit(None, pl.Float64),
            )
        )  # fmt: skip
        if not measured:
            found.append((name, "no_heart_rate", 0, True, "no heart rate in 1 of its samples"))
        elif k % 3 == 0:
            found.append((name, "heart_rate_range", 30 // every_sec, False, "at 300 s: 245 bpm is above 230"))
    months = {row["workout_id"]: row["month"] for row in rows}
    findings = pl.DataFrame(
        [
            (workout, rule, months[workout], seconds, whole, example)
            for workout, rule, seconds, whole, example in found
        ],
        schema=["workout_id", "rule", "month", "seconds", "whole_workout", "example"],
        orient="row",
    )
    return Invented(
        as_table(pl.DataFrame(rows, infer_schema_length=None), Workouts),
        as_table(pl.concat(samples), Samples),
        as_table(findings, QualityFindings),
    )
