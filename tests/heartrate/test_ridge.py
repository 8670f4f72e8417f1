"""The yardsticks: means, and ridge regression on lagged speed and grade."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from formguide.heartrate import baselines, ode, ridge
from formguide.heartrate.sequences import Recorded
from tests.heartrate.hearts import THETA, beating, inputs_of, runs_of


def test_the_regression_is_that_of_the_textbook():
    """Against least squares on rows with the penalty written as further rows."""
    rows = [ridge.rows_of(run) for run in runs_of(3)]
    line = ridge.fit_line(rows, 0.05)
    assert line is not None
    x, y = np.concatenate([r.x for r in rows]), np.concatenate([r.y for r in rows])
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    size = np.sqrt(0.05 * len(y))
    more = np.vstack([np.c_[np.ones(len(y)), z], np.c_[np.zeros(z.shape[1]), size * np.eye(z.shape[1])]])
    by_rows = np.linalg.lstsq(more, np.r_[y, np.zeros(z.shape[1])], rcond=None)[0]
    assert np.allclose(line.slope, by_rows[1:], atol=1e-6)
    assert np.allclose(line.of(x), np.clip(np.c_[np.ones(len(y)), z] @ by_rows, 40, 200), atol=1e-5)


def test_regressors_are_lagged_means_of_what_was():
    inputs = inputs_of(1, seconds=200)
    design = ridge.design(inputs)
    kept = np.exp(-1 / 30.0)
    slow = 0.0
    for t in range(200):
        slow = kept * slow + (1 - kept) * inputs.speed_mps[t]
    assert design[-1, 2] == pytest.approx(slow)
    wrong = replace(inputs, speed_mps=np.where(inputs.t_sec >= 100, 7.0, inputs.speed_mps))
    assert ridge.design(wrong)[:100].tobytes() == design[:100].tobytes()
    assert not np.allclose(ridge.design(wrong)[100:], design[100:])


def test_a_heart_that_is_linear_is_learnt():
    runs = []
    for k in range(4):
        inputs = inputs_of(k)
        speed = ode.smoothed(inputs.speed_mps, 30.0, before=0.0)
        runs.append(Recorded(inputs, 80 + 20 * speed + np.random.default_rng(k).normal(0, 1, len(inputs))))
    fitted = ridge.fit_ridge(runs[:3])
    curve = fitted.curve(runs[3].inputs, runs[:3])
    assert np.abs(curve.p50 - runs[3].heart_rate_bpm).mean() < 1.0
    assert 0.7 < np.mean((curve.p10 <= runs[3].heart_rate_bpm) & (runs[3].heart_rate_bpm <= curve.p90)) < 0.9


def test_a_population_speaks_for_whoever_is_new_and_own_runs_correct_it():
    rng = np.random.default_rng(1)
    training = []
    for user in range(6):
        theta = THETA + np.r_[rng.normal(0, 8), np.zeros(9)]
        training += [beating(inputs_of(k, user=f"u{user}", seed=user), theta) for k in range(3)]
    fitted = ridge.fit_ridge(training)
    other = THETA + np.r_[25.0, np.zeros(9)]
    held = beating(inputs_of(9, seed=99), other)
    own = [beating(inputs_of(k, seed=99), other) for k in range(2)]

    def error(history: list[Recorded]) -> float:
        return float(np.abs(fitted.curve(held.inputs, history).p50 - held.heart_rate_bpm).mean())

    assert 15 < error([]) < 35
    assert error(own) < 4


def test_the_penalty_is_chosen_on_forecasts_from_what_had_ended():
    runs = runs_of(4, seconds=600)
    begins = runs[3].inputs.started_at - timedelta(seconds=60)
    lasting = replace(runs[2], inputs=replace(runs[2].inputs, started_at=begins))
    of = [(run, ridge.rows_of(run)) for run in (*runs[:2], lasting, runs[3])]
    tuned = ridge._last_workouts([of])
    assert [rows for rows, _ in tuned] == [rows for _, rows in of[2:]]
    assert [len(earlier) for _, earlier in tuned] == [2, 2]
    assert ridge._last_workouts([of[2:]]) == []
    assert ridge.fit_ridge([lasting, runs[3]]).penalty == ridge.DEFAULT_PENALTY


def test_whoever_has_nobody_gets_a_mean():
    alone = ridge.fit_ridge([])
    curve = alone.curve(inputs_of(0), [])
    assert set(curve.p50.tolist()) == {baselines.NOBODY_BPM}
    assert (curve.p10 < curve.p50).all() and (curve.p50 < curve.p90).all()


def test_means_are_of_seconds_that_a_heart_beat_in():
    run = runs_of(1)[0]
    broken = replace(run, heart_rate_bpm=np.r_[np.zeros(500), np.full(500, 150.0), np.full(500, np.nan)])
    heard = baselines.heard_in([broken])
    assert heard.tolist() == [150.0] * 500
    of_all = baselines.GlobalMean(np.array([100.0, 120.0]))
    assert of_all.curve(run.inputs, [broken]).p50[7] == 110.0
    own = baselines.UserMean(np.array([100.0, 120.0]))
    assert own.curve(run.inputs, [broken]).p50[7] == 150.0
    assert own.curve(run.inputs, []).p50[7] == 110.0
