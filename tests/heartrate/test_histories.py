"""Histories: what is scored and what is learnt from, and the scores against corrected heart rates."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from formguide.heartrate.backtest import MODELS, Told, last_block
from formguide.heartrate.forecast_tables import AS_RECORDED, CORRECTED, BacktestScores
from formguide.heartrate.histories import corrected_history, history_of
from formguide.heartrate.sequences import Recorded
from formguide.heartrate.tables import Samples, Workouts, as_table
from formguide.schema import check, dtypes
from tests.heartrate.workouts_made import some_users

FOUND = pl.DataFrame(
    {"found": ["offset", "lag"], "applied_offset_bpm": [20.0, 0.0], "applied_lag_sec": [0.0, 15.0]}
)


@pytest.fixture(scope="module")
def runs() -> list[Recorded]:
    return some_users(1, 10, 420)


def tables(runs: list[Recorded]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Runs as rows, their speed from a device."""
    head = [
        {
            "workout_id": run.inputs.workout_id,
            "user_id": run.inputs.user_id,
            "activity": "run",
            "started_at": run.inputs.started_at,
            "speed_from": "device",
            "usable": True,
        }
        for run in runs
    ]
    samples = pl.concat(
        pl.DataFrame(
            {
                "workout_id": run.inputs.workout_id,
                "t_sec": run.inputs.t_sec,
                "speed_mps": run.inputs.speed_mps,
                "altitude_m": run.inputs.altitude_m,
                "heart_rate_bpm": run.heart_rate_bpm,
            }
        )
        for run in runs
    )

    def full(frame: pl.DataFrame, table: type) -> pl.DataFrame:
        lacking = [pl.lit(None).alias(c) for c in dtypes(table) if c not in frame.columns]
        return as_table(frame.with_columns(lacking), table)

    return full(pl.DataFrame(head), Workouts), full(samples, Samples)


def test_what_is_scored_has_the_speed_that_is_cleaned_and_the_heart_rate_that_was_said(runs) -> None:
    workouts, samples = tables(runs[:2])
    bad = (pl.col("workout_id") == runs[1].inputs.workout_id) & pl.col("t_sec").is_between(100, 109)
    spoilt = samples.with_columns(
        speed_mps=pl.when(bad).then(60.0).otherwise("speed_mps"),
        altitude_m=pl.when(bad).then(20_000.0).otherwise("altitude_m"),
        heart_rate_bpm=pl.when(bad).then(0.0).otherwise("heart_rate_bpm"),
    )
    found = history_of(workouts, spoilt.sample(fraction=1.0, shuffle=True, seed=1))
    scored, learnt = found.runs[1], found.learnt[1]
    assert scored.inputs is learnt.inputs
    assert scored.inputs.speed_mps.max() < 10 and scored.inputs.altitude_m.max() < 1000
    assert (scored.heart_rate_bpm[100:110] == 0).all() and np.isnan(learnt.heart_rate_bpm[100:110]).all()
    assert np.array_equal(found.runs[0].heart_rate_bpm, runs[0].heart_rate_bpm)


def test_no_heart_rate_changes_the_speed_of_what_is_scored(runs) -> None:
    workouts, samples = tables(runs[:2])
    rng = np.random.default_rng(0)
    other = samples.with_columns(heart_rate_bpm=pl.Series(rng.uniform(-50, 300, samples.height)))
    silent = workouts.with_columns(usable=pl.lit(False))
    plain, made = history_of(workouts, samples), history_of(silent, other)
    for one, two in zip(plain.runs, made.runs, strict=True):
        assert one.inputs.speed_mps.tobytes() == two.inputs.speed_mps.tobytes()
        assert one.inputs.altitude_m.tobytes() == two.inputs.altitude_m.tobytes()
    assert not made.learnt


def test_corrected_heart_rates_are_scored_beside_those_recorded_from_the_same_curves(runs) -> None:
    names = [runs[8].inputs.workout_id, runs[9].inputs.workout_id]
    plain = history_of(*tables(runs))
    history = corrected_history(plain, FOUND.with_columns(workout_id=pl.Series(names)))
    assert history.runs is plain.runs
    models = {"user mean": MODELS["user mean"]}
    rows = check(last_block(history, models, Told(training=CORRECTED)), BacktestScores)
    assert set(rows["training"]) == {CORRECTED}
    assert set(last_block(plain, models)["scored"]) == {AS_RECORDED}
    keys = ["given", "model", "workout_id", "minute"]
    both = rows.filter(pl.col("scored") == AS_RECORDED).join(
        rows.filter(pl.col("scored") == CORRECTED), on=keys, suffix="_corrected"
    )
    off = both.with_columns(
        apart=(pl.col("error_sum_bpm_corrected") - pl.col("error_sum_bpm")) / pl.col("seconds"),
        same=pl.col("seconds") == pl.col("seconds_corrected"),
    )
    shifted, late = (off.filter(pl.col("workout_id") == name) for name in names)
    untouched = off.filter(~pl.col("workout_id").is_in(names))
    assert shifted.height and untouched.height and shifted["same"].all() and untouched["same"].all()
    assert np.allclose(shifted["apart"], 20.0) and np.allclose(untouched["apart"], 0.0)
    assert (late["apart"].abs() > 0).any()
    assert both["width_sum_bpm"].sum() == pytest.approx(
        rows.filter(pl.col("scored") == CORRECTED)["width_sum_bpm"].sum(), rel=0.05
    )
