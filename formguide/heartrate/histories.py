"""The workouts of a lake as arrays: as they are scored, and as they may be learnt from.

What is scored is what the sensors said, of every workout. What is learnt from is cleaned, comes from workouts
that models may learn from, and may be corrected for shifts and lags. Rules and corrections act on the latter
alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from formguide.heartrate import cleaning
from formguide.heartrate.backtest import History
from formguide.heartrate.feature_table import corrected
from formguide.heartrate.sequences import Recorded, recorded
from formguide.heartrate.tables import SPORT, Corrections, Samples, Workouts
from formguide.lake import Lake


def read_history(lake: Lake, correct: bool = False, months: Sequence[str] | None = None) -> History:
    """The workouts of a lake (of some months of it, as "202103"), those learnt from corrected or not."""
    workouts = lake.read_table(SPORT, Workouts.name, months, Workouts)
    samples = lake.read_table(SPORT, Samples.name, months, Samples)
    corrections = lake.read_table(SPORT, Corrections.name, months, Corrections) if correct else None
    return history_of(workouts, samples, corrections)


def history_of(
    workouts: pl.DataFrame, samples: pl.DataFrame, corrections: pl.DataFrame | None = None
) -> History:
    """The same of rows of `Workouts`, `Samples` and `Corrections` (None: as recorded)."""
    usable = workouts.filter(pl.col("usable"))
    cleaned = cleaning.clean(samples.join(usable.select("workout_id"), on="workout_id", how="semi"), usable)
    learnt = recorded(usable, cleaned)
    if corrections is not None:
        learnt = as_corrected(learnt, corrections)
    return History(recorded(workouts, samples), learnt)


def as_corrected(runs: Sequence[Recorded], corrections: pl.DataFrame) -> list[Recorded]:
    """Workouts with what was found of each taken off its heart rate; those of which nothing was found as they
    are."""
    wanted = corrections.filter(pl.col("found") != "none")
    applied = {
        workout: (offset, lag)
        for workout, offset, lag in wanted.select(
            "workout_id", "applied_offset_bpm", "applied_lag_sec"
        ).iter_rows()
    }
    return [
        Recorded(run.inputs, corrected(run.heart_rate_bpm, *applied[run.inputs.workout_id]))
        if run.inputs.workout_id in applied
        else run
        for run in runs
    ]
