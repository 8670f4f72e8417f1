"""The features of every workout on a grid of seconds, with the heart rate beside them: what is learnt from.

A month's rows are a function of its own workouts, samples and corrections.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import polars as pl

from formguide import making
from formguide.asof import fingerprint
from formguide.columns import number, text, whole
from formguide.heartrate.features import DESCRIPTIONS, FEATURES, STEP_SEC, binned, on_grid
from formguide.heartrate.sequences import Floats, Recorded, recorded
from formguide.heartrate.tables import SPORT, Corrections, Samples, Workouts, as_table
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.schema import Table, empty

FEATURES_VERSION = "2"
"""Changes when the same samples would give other features."""


class WorkoutFeatures(Table):
    """The 14 features of a workout every five seconds, and what was measured there."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "workout_features"
    description: ClassVar[str] = (
        "The 14 features of every workout, each row from its own second and those before it, with the heart "
        "rate that was measured and the corrected one."
    )

    workout_id = text("The workout", key=True)
    t_sec = whole("Seconds since its start, every fifth", key=True)
    speed_mps = number(DESCRIPTIONS["speed_mps"])
    altitude_m = number(DESCRIPTIONS["altitude_m"])
    gender = number(DESCRIPTIONS["gender"])
    speed_lag_2_mps = number(DESCRIPTIONS["speed_lag_2_mps"])
    speed_lag_5_mps = number(DESCRIPTIONS["speed_lag_5_mps"])
    altitude_lag_30_m = number(DESCRIPTIONS["altitude_lag_30_m"])
    speed_derivative_mps2 = number(DESCRIPTIONS["speed_derivative_mps2"])
    altitude_derivative_mps = number(DESCRIPTIONS["altitude_derivative_mps"])
    rolling_speed_10_mps = number(DESCRIPTIONS["rolling_speed_10_mps"])
    rolling_speed_30_mps = number(DESCRIPTIONS["rolling_speed_30_mps"])
    cumulative_gain_m = number(DESCRIPTIONS["cumulative_gain_m"])
    time_since_start_sec = number(DESCRIPTIONS["time_since_start_sec"])
    load_wkg = number(DESCRIPTIONS["load_wkg"])
    time_since_stop_sec = number(DESCRIPTIONS["time_since_stop_sec"])
    cadence_rpm = number("Cadence at this second, steps of one leg or turns a minute", null=True)
    power_w = number("Power at this second, watts", null=True)
    heart_rate_bpm = number("Mean heart rate of the five seconds around this one, as measured", null=True)
    heart_rate_corrected_bpm = number("The same, less the shift and the lag that were found", null=True)


def feature_rows(runs: Sequence[Recorded], corrections: pl.DataFrame | None = None) -> pl.DataFrame:
    """Rows of `WorkoutFeatures`, in the order of the workouts.

    corrections: rows of `Corrections`; a workout that has none is taken as measured.
    """
    found: dict[str, tuple[float, float]] = {}
    if corrections is not None:
        wanted = corrections.select("workout_id", "applied_offset_bpm", "applied_lag_sec")
        found = {workout: (offset, lag) for workout, offset, lag in wanted.iter_rows()}
    frames = [_of_one(run, *found.get(run.inputs.workout_id, (0.0, 0.0))) for run in runs]
    return pl.concat(frames) if frames else empty(WorkoutFeatures)


def corrected(heart_rate_bpm: Floats, offset_bpm: float, lag_sec: float) -> Floats:
    """A measured heart rate at 1 Hz less its shift, and moved forward by its lag (whole seconds); NaN where
    nothing was measured, and at the end, which the lag leaves empty."""
    lag = round(lag_sec)
    moved = np.full(len(heart_rate_bpm), np.nan)
    if lag >= 0:
        moved[: len(moved) - lag] = heart_rate_bpm[lag:]
    else:
        moved[-lag:] = heart_rate_bpm[:lag]
    return np.asarray(moved - offset_bpm)


def make_features(lake: Lake, months: Iterable[int]) -> dict[int, Made]:
    """The features of the workouts of some months, those carried over of which nothing changed."""
    made = {}
    for month in months:
        made_from = features_from(lake, month)
        manifest = lake.manifest(SPORT, WorkoutFeatures.name, str(month))
        if manifest is not None and manifest.made_from == made_from:
            made[month] = carried_over(manifest)
            continue
        key = [str(month)]
        workouts = lake.read_table(SPORT, Workouts.name, key, Workouts)
        samples = lake.read_table(SPORT, Samples.name, key, Samples)
        corrections = lake.read_table(SPORT, Corrections.name, key, Corrections)
        frame = feature_rows(recorded(workouts, samples), corrections)
        facts = {
            "workouts": frame["workout_id"].n_unique(),
            "with_heart_rate": frame.drop_nulls("heart_rate_bpm")["workout_id"].n_unique(),
            "corrected": int((corrections["found"] != "none").sum()),
        }
        written = lake.write_table(
            SPORT, WorkoutFeatures.name, str(month), frame, WorkoutFeatures, made_from, facts
        )
        made[month] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def features_from(lake: Lake, month: int) -> str:
    """What a month's features would be made from now."""
    assets = (Workouts.name, Samples.name, Corrections.name)
    return fingerprint(FEATURES_VERSION, [making.version_of(lake, SPORT, asset, month) for asset in assets])


def _of_one(run: Recorded, offset_bpm: float, lag_sec: float) -> pl.DataFrame:
    made = on_grid(run.inputs)
    here = slice(None, None, STEP_SEC)
    optional = {
        name: np.full(len(made), np.nan) if values is None else values[here]
        for name, values in (("cadence_rpm", run.inputs.cadence_rpm), ("power_w", run.inputs.power_w))
    }
    columns = {
        "t_sec": run.inputs.t_sec[here],
        **{name: made[:, i] for i, name in enumerate(FEATURES)},
        **optional,
        "heart_rate_bpm": binned(run.heart_rate_bpm),
        "heart_rate_corrected_bpm": binned(corrected(run.heart_rate_bpm, offset_bpm, lag_sec)),
    }
    frame = pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None))
    return as_table(frame.with_columns(workout_id=pl.lit(run.inputs.workout_id)), WorkoutFeatures)
