"""A workout in 192 bytes: its heart rate, speed and altitude at 64 places, each in one byte.

Enough to see what a workout was like, in thousands of them at once: a page of 10,000 is four
megabytes. A byte of 0 says that nothing was measured; heart rate is exact to one beat, speed to 1/254 of
the workout's highest, altitude to 1/254 of its own range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.heartrate.sequences import Floats

POINTS = 64
HEART_BELOW_BPM = 29
"""The byte 1 is 30 beats a minute, the byte 255 is 284."""

_CHANNELS = ("heart_rate_bpm", "speed_mps", "altitude_m")


@dataclass(frozen=True)
class Thumbnails:
    """Series of n workouts in the order of the frame they were made for.

    series (n, 3, POINTS): bytes of heart rate, speed and altitude; top_speed_mps (n,): what 255 of speed
    stands for; low_m, high_m (n,): what 1 and 255 of altitude stand for (0 where nobody measured it).
    """

    series: NDArray[np.uint8]
    top_speed_mps: Floats
    low_m: Floats
    high_m: Floats

    def __len__(self) -> int:
        return len(self.series)


def thumbnails(workouts: pl.DataFrame, samples: pl.DataFrame) -> Thumbnails:
    """Mean heart rate, speed and altitude in each 64th of a workout's time.

    workouts: rows of `tables.Workouts`, samples: of `tables.Samples` (of others as well). A workout without
    samples is all zeros.
    """
    place = workouts.select("workout_id", "duration_sec").with_row_index("row")
    means = (
        samples.lazy()
        .select("workout_id", "t_sec", *(pl.col(name).cast(pl.Float64) for name in _CHANNELS))
        .with_columns(pl.col(_CHANNELS).fill_nan(None))
        .join(place.lazy(), on="workout_id")
        .group_by(
            "row",
            point=(pl.col("t_sec") * POINTS / (pl.col("duration_sec") + 1)).floor().clip(0, POINTS - 1),
        )
        .agg(pl.col(_CHANNELS).mean())
        .collect()
    )
    values = np.full((len(workouts), 3, POINTS), np.nan)
    at = (means["row"].to_numpy(), means["point"].to_numpy().astype(int))
    for channel, name in enumerate(_CHANNELS):
        values[at[0], channel, at[1]] = means[name].to_numpy()
    return _in_bytes(values)


def joined(parts: list[Thumbnails]) -> Thumbnails:
    """Several, one after the other."""
    return Thumbnails(
        np.concatenate([part.series for part in parts]) if parts else np.zeros((0, 3, POINTS), np.uint8),
        *(
            np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0)
            for name in ("top_speed_mps", "low_m", "high_m")
        ),
    )


def _in_bytes(values: Floats) -> Thumbnails:
    heart, speed, altitude = values[:, 0], values[:, 1], values[:, 2]
    top = np.maximum(_over_time(np.fmax, speed), 0.1)
    low, high = _over_time(np.fmin, altitude), _over_time(np.fmax, altitude)
    scaled = np.stack(
        [
            np.rint(heart) - HEART_BELOW_BPM,
            1 + np.rint(254 * speed / top[:, None]),
            1 + np.rint(254 * (altitude - low[:, None]) / np.maximum(high - low, 1e-9)[:, None]),
        ],
        axis=1,
    )
    measured = np.isfinite(scaled)
    series = np.where(measured, np.clip(np.where(measured, scaled, 0), 1, 255), 0).astype(np.uint8)
    return Thumbnails(series, top, low, high)


def _over_time(extreme: np.ufunc, values: Floats) -> Floats:
    """The extreme over time, 0 where nothing was measured."""
    found = extreme.reduce(values, axis=1, initial=np.nan) if values.shape[1] else np.zeros(len(values))
    return np.asarray(np.nan_to_num(found, nan=0.0))
