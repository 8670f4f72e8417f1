"""The workouts of a lake as arrays: as they are scored, and as they may be learnt from.

What is scored is the heart rate that the sensors said, of every workout, on speed and altitude as they are
cleaned: by rules that look at no heart rate. What is learnt from is cleaned altogether, comes from workouts
that models may learn from, and may be corrected for shifts and lags. Rules of the heart rate and corrections
act on the latter alone; scores against corrected heart rates are rows of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
    history = history_of(workouts, samples)
    return with_corrections(lake, history, months) if correct else history


def with_corrections(lake: Lake, history: History, months: Sequence[str] | None = None) -> History:
    """The same with what the lake found of each workout taken off."""
    return corrected_history(history, lake.read_table(SPORT, Corrections.name, months, Corrections))


def history_of(
    workouts: pl.DataFrame, samples: pl.DataFrame, corrections: pl.DataFrame | None = None
) -> History:
    """The same of rows of `Workouts`, `Samples` and `Corrections` (None: as recorded)."""
    cleaned = cleaning.clean(samples, workouts)
    # Both are in the order of workout and second.
    said = samples.sort("workout_id", "t_sec")["heart_rate_bpm"]
    runs = recorded(workouts, cleaned.with_columns(said))
    given = {run.inputs.workout_id: run.inputs for run in runs}
    learnt = [
        replace(run, inputs=given[run.inputs.workout_id])
        for run in recorded(workouts.filter(pl.col("usable")), cleaned)
    ]
    history = History(runs, learnt)
    return history if corrections is None else corrected_history(history, corrections)


def corrected_history(history: History, corrections: pl.DataFrame) -> History:
    """A history as recorded, with what was found of each workout taken off what is learnt from, and a second
    time beside what is scored."""
    return History(
        history.runs, as_corrected(history.learnt, corrections), as_corrected(history.runs, corrections)
    )


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
