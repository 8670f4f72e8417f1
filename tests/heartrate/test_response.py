"""The population's answer to work: against a dense computation, and planted users found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from formguide.heartrate import response
from formguide.heartrate._days import DAY_TERMS
from formguide.heartrate.features import binned
from formguide.heartrate.response import STEP_SEC, TERMS, Response, terms
from formguide.heartrate.sequences import Recorded
from tests.heartrate.workouts_made import a_run, with_future

D = len(TERMS)


def _planted(users: int, workouts: int, seed: int = 5) -> tuple[list[Recorded], dict[str, np.ndarray]]:
    """Workouts that are exactly what the model says: a user's β, a day's level, noise."""
    rng = np.random.default_rng(seed)
    mean = np.zeros(D)
    mean[[0, 4, 5]] = 70.0, 25.0, 40.0
    runs, truth = [], {}
    for user in range(users):
        beta = mean.copy()
        beta[[0, 5]] += rng.normal(0, [8.0, 6.0])
        for number in range(workouts):
            run = a_run(user, number, 500)
            rate = terms(run.inputs) @ beta + rng.normal(0, 3.0) + rng.normal(0, 2.0, 500)
            runs.append(Recorded(run.inputs, rate))
        truth[runs[-1].inputs.user_id] = beta
    return runs, truth


def test_a_posterior_is_that_of_the_dense_normal_model() -> None:
    runs = [a_run(0, number, 300) for number in range(3)]
    rng = np.random.default_rng(1)
    root = rng.normal(size=(D, D))
    made = Response(rng.normal(0, 3, D), root @ root.T / 4 + np.eye(D), np.diag([9.0, 16.0, 4.0]), 30.0)
    summaries = [response._raw(run, []) for run in runs]
    weight, right = np.linalg.inv(made.spread), np.linalg.inv(made.spread) @ made.mean
    for run in runs:
        X = terms(run.inputs)[::STEP_SEC]
        R = made.noise * np.eye(len(X)) + X[:, :DAY_TERMS] @ made.day @ X[:, :DAY_TERMS].T
        weight = weight + X.T @ np.linalg.solve(R, X)
        right = right + X.T @ np.linalg.solve(R, binned(run.heart_rate_bpm, STEP_SEC))
    # Without the tails, which only weigh the workouts: a huge number of degrees of freedom.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(response, "_TAILS", 1e12)
        user = made.posterior(summaries)
    assert user.covariance == pytest.approx(np.linalg.inv(weight), rel=1e-6, abs=1e-9)
    assert user.mean == pytest.approx(np.linalg.solve(weight, right), rel=1e-6, abs=1e-6)


def test_planted_users_are_found_from_their_first_workouts() -> None:
    runs, truth = _planted(24, 4)
    train, new = (
        [r for r in runs if r.inputs.user_id < "u018"],
        [r for r in runs if r.inputs.user_id >= "u018"],
    )
    made = response.fit(train)
    errors = {0: [], 3: []}  # type: ignore[var-annotated]
    for user in sorted({run.inputs.user_id for run in new}):
        own = [run for run in new if run.inputs.user_id == user]
        expected = terms(own[3].inputs)[::STEP_SEC] @ truth[user]
        for known, found in errors.items():
            told = [made.summary(run) for run in own[:known]]
            curve = made.curve(own[3].inputs, made.posterior(told))[::STEP_SEC]
            found.append(np.abs(curve - expected).mean())
    assert np.mean(errors[3]) < 0.5 * np.mean(errors[0]) and np.mean(errors[3]) < 4.0
    assert made.day[0, 0] ** 0.5 == pytest.approx(3.0, abs=1.5)


def test_spikes_and_a_shifted_day_count_for_little() -> None:
    runs, _ = _planted(14, 5)
    made = response.fit(runs[:-5])
    own = runs[-5:]
    spoilt = own[1].heart_rate_bpm.copy()
    spoilt[40:60] = 215.0
    shifted = [
        own[0],
        Recorded(own[1].inputs, spoilt),
        own[2],
        Recorded(own[3].inputs, own[3].heart_rate_bpm + 30),
    ]
    clean, dirty = (
        made.curve(own[4].inputs, made.posterior([made.summary(run) for run in past]))
        for past in (own[:4], shifted)
    )
    assert np.abs(clean - dirty).mean() < 3.0, "a mean of four would have moved by 7.5"


def test_terms_are_causal_and_know_the_days_before() -> None:
    run = a_run(2, 1, 400)
    for seed in range(3):
        assert terms(with_future(run, 150, seed))[:150].tobytes() == terms(run.inputs)[:150].tobytes()
    began = datetime(2021, 3, 1, 8)
    summary = replace(response._raw(run, []), began=began, ended=began + timedelta(hours=1), work_kj_kg=40.0)
    day_later = began + timedelta(hours=25)
    assert response.carried(day_later, [summary]) == pytest.approx(40 * np.exp(-1))
    assert response.days_since_first(day_later, [summary]) == pytest.approx(25 / 24)


def test_a_user_as_numbers_and_the_arrays_kept() -> None:
    runs, _ = _planted(6, 2)
    made = response.fit(runs, rounds=3)
    nobody = made.embedding(made.posterior([]))
    known = made.embedding(made.posterior([made.summary(runs[0])]))
    assert nobody.shape == (13,) and known[11] == pytest.approx(np.log(2))
    assert known[10] < nobody[10], "a workout makes the level surer"
    again = Response.from_arrays(made.to_arrays())
    assert again.embedding(again.posterior([])).tobytes() == nobody.tobytes()
    with pytest.raises(ValueError, match="terms"):
        Response.from_arrays(made.to_arrays() | {"mean": np.zeros(3)})
