"""Time travel through a runner's workouts: everything later made wrong, and no forecast changes.

Between workouts what counts is when one had ended, within a workout the second. What is made wrong is what
the sensors said, before anything was made of it: cleaning, histories, fits, plans and intervals are all made
again from the wrong future.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from formguide.asof import scramble
from formguide.heartrate import backtest, folders, kinds, pace_plan, results, scorecard
from formguide.heartrate.histories import history_of
from formguide.heartrate.personal import Personal, fit_ode, forecast_run
from formguide.heartrate.readers import WORKOUTS
from formguide.heartrate.ridge import fit_ridge
from formguide.heartrate.sequences import recorded

pytestmark = pytest.mark.real

MONTHS = (202103, 202104, 202105, 202106)
CUTS = [2, 18]
"""Before the forecast of the third run and of the nineteenth."""


@pytest.fixture(scope="module")
def tables(real_data):
    """Workouts and samples of the 28 runs, as the files say."""
    files = folders.read_folder(real_data("heartrate"))[WORKOUTS]
    own = {path: files[path] for path in files if path.startswith("rikluost/")}
    months = [results.read_month(month, {WORKOUTS: own}) for month in MONTHS]
    return pl.concat([m.workouts for m in months]).sort("started_at"), pl.concat([m.samples for m in months])


def wrong_from(tables, cut: int, seed: int):
    """The tables with every workout wrong that had not ended when the cut-th began."""
    workouts, samples = tables
    as_of = workouts["started_at"][cut]
    ended = pl.col("started_at") + pl.duration(seconds="duration_sec")
    workouts = workouts.with_columns(ended_at=ended)
    joined = samples.join(workouts.select("workout_id", "ended_at"), on="workout_id", maintain_order="left")
    made = scramble(joined, as_of, seed, "ended_at", keep=("workout_id", "t_sec"))
    rng = np.random.default_rng(seed)
    later = pl.Series(rng.random(workouts.height) < 0.5)
    future = pl.col("ended_at") >= as_of
    flipped = pl.when(future & later).then(~pl.col("usable")).otherwise("usable").alias("usable")
    workouts = workouts.with_columns(flipped).filter(~future | pl.Series(rng.random(workouts.height) > 0.2))
    return workouts.drop("ended_at"), made.drop("ended_at")


def bytes_of(curve):
    return b"".join(values.tobytes() for values in (curve.p10, curve.p50, curve.p90))


def said(inputs, history):
    """Everything that is forecast of a run from a history."""
    known = history.known(inputs.started_at)
    plan = pace_plan.planned(inputs, known)
    return {
        "formguide": bytes_of(forecast_run(inputs, history.learnt)),
        "ode": bytes_of(fit_ode(known).curve(inputs, known)),
        "ridge": bytes_of(fit_ridge(known).curve(inputs, known)),
        "plan": plan.speed_mps.tobytes(),
        "route only": bytes_of(Personal().curve(plan, known)),
        "kind": kinds.kind(inputs, known),
        "known": [run.inputs.workout_id for run in known],
    }


@pytest.mark.parametrize("cut", CUTS)
def test_a_forecast_knows_no_later_workout(tables, cut):
    inputs = recorded(*tables)[cut].inputs
    true, made = history_of(*tables), history_of(*wrong_from(tables, cut, seed=cut))
    assert said(inputs, made) == said(inputs, true)
    later = [run.heart_rate_bpm.tobytes() for run in made.runs[cut:]]
    assert later and not set(later) & {run.heart_rate_bpm.tobytes() for run in true.runs}


def test_a_second_knows_no_later_one_and_no_heart_rate(tables):
    history = history_of(*tables)
    run = history.runs[12]
    own = Personal()
    true = own.curve(run.inputs, history.known(run.inputs.started_at))
    silent = replace(run, heart_rate_bpm=np.full(len(run.inputs), 60.0))
    others = [silent if one.inputs.workout_id == run.inputs.workout_id else one for one in history.learnt]
    assert bytes_of(forecast_run(run.inputs, others)) == bytes_of(true)
    rng = np.random.default_rng(7)
    for second in (1, 600, 1500):
        later = run.inputs.t_sec >= second
        wrong = replace(
            run.inputs,
            speed_mps=np.where(later, rng.permutation(run.inputs.speed_mps) + 1, run.inputs.speed_mps),
            altitude_m=np.where(later, rng.permutation(run.inputs.altitude_m), run.inputs.altitude_m),
        )
        made = own.curve(wrong, history.known(run.inputs.started_at))
        for name in ("p10", "p50", "p90"):
            before, now = getattr(true, name), getattr(made, name)
            assert before[: second + 1].tobytes() == now[: second + 1].tobytes()
            assert before[second + 1 :].tobytes() != now[second + 1 :].tobytes()


def test_what_a_backtest_walked_through_stays(tables):
    models = {name: backtest.MODELS[name] for name in ("formguide", "user mean")}
    cut = 12
    some = tables[0].head(15), tables[1].join(tables[0].head(15), on="workout_id", how="semi")
    true = backtest.walk_forward(history_of(*some), models)
    made = backtest.walk_forward(history_of(*wrong_from(some, cut, seed=3)), models)
    walked = recorded(*some)[9:cut]
    known = pl.col("workout_id").is_in([run.inputs.workout_id for run in walked])
    # How many there are decides whether a user is scored at all; of those that are, the past is the past.
    assert true.filter(known)["workout_id"].n_unique() == len(walked)
    assert made.filter(known).equals(true.filter(known))
    assert not made.filter(~known).equals(true.filter(~known))


def test_runs_before_the_last_block_are_forecast_as_well_as_is_claimed(tables):
    """The tenth run to the nineteenth, each by those before it: below 4 beats, and at least 0.3 better than
    ridge. The last nine are the backtest's alone: no test passes or fails by them."""
    some = tables[0].head(19), tables[1].join(tables[0].head(19), on="workout_id", how="semi")
    models = {name: backtest.MODELS[name] for name in ("formguide", "ridge")}
    card = scorecard.scorecard(backtest.walk_forward(history_of(*some), models), is_sample=False)
    whole = card.filter((pl.col("by") == "all") & (pl.col("metric") == "mae_bpm"))
    row = whole.filter((pl.col("model") == "formguide") & (pl.col("given") == "speed that was run")).row(
        0, named=True
    )
    assert (row["n_workouts"], row["n_users"]) == (10, 1)
    assert row["value"] <= 4.0
    assert row["difference"] >= 0.3
